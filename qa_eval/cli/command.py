"""The behaviour that all commands share: sections of the help, near matches, `--config`, exit codes.

0    done
1    a check, comparison or verification failed, a model failed, or the program has a defect
2    the call or its input is wrong, or a file cannot be read or written
130  interrupted

`qa_eval.cli.failures` writes the message of every failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click

from qa_eval.cli.argument_types import check_text
from qa_eval.cli.configuration import config_option
from qa_eval.cli.failures import explain
from qa_eval.text.phrases import choices

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
"""A function that becomes a command."""

CONTEXT_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class SectionedOption(click.Option):
    """An option that the help lists under a heading."""

    def __init__(self, *args: Any, section: str = "Options", **attributes: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **attributes)
        self.section = section


def option(
    *declarations: str,
    section: str = "Options",
    **attributes: Any,  # noqa: ANN401
) -> Callable[[Decorated], Decorated]:
    """`click.option`, listed under the heading `section` of the help."""
    return click.option(*declarations, cls=SectionedOption, section=section, **attributes)


def note(message: str) -> None:
    """Prints a line for people on stderr: what is read, what happened, or what to do next."""
    from qa_eval.text.terminal import clean

    click.echo(clean(message), err=True)


class Command(click.Command):
    """A command with `--config` and sections in its help."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        examples: Sequence[tuple[str, str]] = (),
        **attributes: Any,  # noqa: ANN401
    ) -> None:
        attributes["context_settings"] = CONTEXT_SETTINGS | (attributes.get("context_settings") or {})
        super().__init__(*args, **attributes)
        self.examples = tuple(examples)
        """Pairs of a command line and what it does, for the end of the help."""
        self.params.append(config_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        for param in self.params:
            check_text(param, ctx)
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            # click also gives a record without a text for each argument, which the usage line shows already.
            if (record := param.get_help_record(ctx)) is not None and record[1]:
                sections.setdefault(getattr(param, "section", "Other"), []).append(record)
        if "Other" in sections:
            sections["Other"] = sections.pop("Other")
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                for line, meaning in self.examples:
                    pad = " " * formatter.current_indent
                    formatter.write(f"{pad}{line}\n{pad}    {meaning}\n")
        super().format_epilog(ctx, formatter)


class ImportedCommands(MutableMapping[str, click.Command]):
    """The commands of a group by name. The module of a command is imported when the command is asked for."""

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        """Takes the place of each command by name, as MODULE:NAME. The module is in the package."""
        self._package = package
        self._commands: dict[str, str | click.Command] = dict(places)

    def __getitem__(self, name: str) -> click.Command:
        found = self._commands[name]
        if isinstance(found, str):
            module, _, attribute = found.partition(":")
            found = getattr(import_module(f"{self._package}.{module}"), attribute)
            assert isinstance(found, click.Command)
            self._commands[name] = found
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


class CommandGroup(click.Group):
    """A group of commands, which answers a mistyped name with the names that are near to it."""

    command_class = Command
    group_class = type

    def __init__(self, *args: Any, **attributes: Any) -> None:  # noqa: ANN401
        attributes["context_settings"] = CONTEXT_SETTINGS | (attributes.get("context_settings") or {})
        super().__init__(*args, **attributes)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order of use, not in alphabetical order

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            ctx.fail(f"No such command '{name}'; {self.hint(name)}")
        return super().resolve_command(ctx, args)

    def hint(self, name: str) -> str:
        """What a user who typed another name than that of a command may mean."""
        return choices(name, self.commands)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Runs a command line. In standalone mode, which is the default, it ends the process."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except Exception as error:  # `explain` has a message for every exception
            lines, code = explain(error)
            click.echo("\n".join(lines), err=True, nl=bool(lines))
        sys.exit(code if isinstance(code, int) else 0)
