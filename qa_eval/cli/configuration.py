"""`--config FILE.toml`: the flags of a command, kept in a file.

A key is a flag's long name, with `-` or `_`; the command line wins over the file. Paths are relative to the
current folder, exactly as on the command line.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.errors import QaEvalError
from qa_eval.files.paths import read_input
from qa_eval.text.phrases import choices


class ConfigError(click.ClickException):
    """A configuration file that cannot be used; the message names the file and the key."""

    exit_code = 2

    def __init__(self, path: Path, message: str) -> None:
        from qa_eval.text.terminal import clean

        super().__init__(clean(f"{path}: {message}"))


def config_option() -> click.Option:
    """The `--config` option that each command has."""
    return click.Option(
        ["--config"],
        type=PATH,
        metavar="FILE.toml",
        is_eager=True,  # it sets the defaults of all others
        expose_value=False,
        callback=_apply,
        help="Flags from a TOML file; the command line wins.",
    )


def _apply(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.default_map = load_flags(path, ctx)


def load_flags(path: Path, ctx: click.Context) -> dict[str, Any]:
    """The file's flags by parameter name, each checked as the command line would check it.

    Raises ConfigError for a file that cannot be read, is not TOML, has a key that is no flag of the command
    (naming the nearest ones), has one flag twice, or a value that the flag does not take.
    """
    flags = {
        flag.removeprefix("--"): param
        for param in ctx.command.params
        if isinstance(param, click.Option) and param.expose_value
        for flag in param.opts
        if flag.startswith("--")
    }
    found: dict[str, Any] = {}
    for key, value in _read_toml(path).items():
        name = key.replace("_", "-")
        if isinstance(value, dict):
            raise ConfigError(path, f"{key}: a table; flags stand at the top of the file")
        if (flag := flags.get(name)) is None:
            hint = choices(name, sorted(flags))
            raise ConfigError(path, f"{key}: no such flag of '{ctx.command_path}'; {hint}")
        assert flag.name is not None
        if flag.name in found:
            raise ConfigError(path, f"{key}: given twice")
        found[flag.name] = _checked(path, key, value, flag, ctx)
    return found


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(read_input(path).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(path, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(path, f"not UTF-8: byte {error.start}") from None
    except RecursionError:
        raise ConfigError(path, "not valid TOML: nested too deeply") from None
    except ValueError as error:  # also the interpreter's own, of a number of too many digits
        raise ConfigError(path, f"not valid TOML: {error}") from None


def _checked(path: Path, key: str, value: object, flag: click.Option, ctx: click.Context) -> object:
    if flag.is_flag != isinstance(value, bool):
        wanted = "true or false" if flag.is_flag else "a value, not true or false"
        raise ConfigError(
            path, f"{key}: takes {wanted}, not {value!r}" if flag.is_flag else f"{key}: takes {wanted}"
        )
    if isinstance(value, list) and not flag.multiple:
        raise ConfigError(path, f"{key}: takes one value, not a list")
    if flag.multiple and not isinstance(value, list):
        value = [value]
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, str | int | float):
            raise ConfigError(path, f"{key}: takes text or a number, not {one}")
        if isinstance(one, float) and isinstance(flag.type, type(click.INT)):
            raise ConfigError(path, f"{key}: takes a whole number, not {one}")
    try:
        flag.type_cast_value(ctx, value)
    except click.BadParameter as error:
        raise ConfigError(path, f"{key}: {error.message}") from None
    except QaEvalError as error:
        raise ConfigError(path, f"{key}: {error}") from None
    return value
