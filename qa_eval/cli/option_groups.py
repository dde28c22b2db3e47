"""The flags that several commands share: those of a run, which `RunOptions` declares, and those of data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click

from qa_eval.cli.argument_types import FINITE, PATH, FiniteRange, UserPath
from qa_eval.cli.command import Decorated, SectionedOption, option
from qa_eval.runs.options import RunOption, RunOptions, Threshold, run_options


class Decorator(Protocol):
    """A decorator that adds flags to the function of a command."""

    def __call__(self, command: Decorated, /) -> Decorated: ...


# ------------------------------------------------------------------------------------------ flags of a run


class RunFlag(SectionedOption):
    """The flag for one field of `RunOptions`."""

    def __init__(self, *args: Any, declared: RunOption, **attributes: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **attributes)
        self.field = declared.name
        self.switches_off = _switches_off(declared)

    def chosen(self, value: object) -> object:
        """The value of the field for this value of the flag."""
        return not value if self.switches_off else value


def run_flags(*names: str, section: str | None = None) -> Decorator:
    """A decorator that adds the flags for these fields of `RunOptions`, in this order.

    The help lists them under `section`, or each under the heading that its field declares.
    """
    declared = [run_options()[name] for name in names]

    def decorated(command: Decorated) -> Decorated:
        for one in reversed(declared):
            command = _flag(one, section or one.flag.section)(command)
        return command

    return decorated


def given_options(ctx: click.Context) -> RunOptions:
    """The options that the flags of a call set. An option without a flag in this command has its default."""
    flags = [param for param in ctx.command.params if isinstance(param, RunFlag)]
    return RunOptions().updated({flag.field: flag.chosen(ctx.params[flag.name or ""]) for flag in flags})


def _flag(declared: RunOption, section: str) -> Decorator:
    flag = declared.flag
    name = flag.name or declared.name.replace("_", "-")
    parameter = name.replace("-", "_") if _switches_off(declared) else declared.name
    default = declared.default if flag.without is None else flag.without
    of_kind: dict[str, Any] = {
        "type": _type_of(declared),
        "default": default,
        "show_default": default is not None,
    }
    if declared.kind is bool:
        of_kind = {"is_flag": True}
    elif declared.kind is tuple:
        of_kind = {"multiple": True}
    return click.option(
        f"--{name}",
        parameter,
        cls=RunFlag,
        declared=declared,
        section=section,
        metavar=flag.metavar,
        help=flag.help,
        **of_kind,
    )


def _switches_off(declared: RunOption) -> bool:
    return declared.kind is bool and declared.default is True


def _type_of(declared: RunOption) -> click.ParamType[Any] | Callable[[Any], Any]:
    flag = declared.flag
    if choices := declared.choices or flag.choices:
        return click.Choice(choices)
    if declared.kind == Threshold:
        return _threshold
    if declared.kind is Path:
        return UserPath(file_okay=False)
    least = flag.least if flag.above is None else flag.above
    bounds = {"min": least, "max": flag.most, "min_open": flag.above is not None}
    bounded = least is not None or flag.most is not None
    if declared.kind is int:
        return click.IntRange(**bounds) if bounded else click.INT  # type: ignore[arg-type]  # they are whole
    if declared.kind is float:
        return FiniteRange(**bounds) if bounded else FINITE  # type: ignore[arg-type]
    return click.STRING


def _threshold(text: str | float) -> Threshold:
    if text == "cross-fit":
        return "cross-fit"
    try:
        return FINITE.convert(text, None, None)
    except click.BadParameter:
        raise click.BadParameter(f"{text!r} is neither a number nor 'cross-fit'.") from None


# ------------------------------------------------------------------------------------------ flags of the data


def data_options(command: Decorated) -> Decorated:
    """Adds the flags `--questions` and `--articles`, for commands that ask questions."""
    return data_options_of("the curated questions", "the curated articles")(command)


def run_data_options(command: Decorated) -> Decorated:
    """Adds the flags that say where the questions and texts of a stored run are now."""
    command = option(
        "--dataset",
        metavar="SPEC",
        section="Data",
        help="Public data set of the run, if it has moved: squad:FILE, mrqa:FILE, jsonl:FILE or hub:NAME.  "
        "[default: where it was during the run]",
    )(run_flags("split")(command))
    return data_options_of("those of the run", "those of the run")(command)


def data_options_of(questions: str, articles: str) -> Decorator:
    """A decorator that adds the flags `--questions` and `--articles`, whose help names these defaults."""

    def decorated(command: Decorated) -> Decorated:
        command = option(
            "--articles",
            type=PATH,
            metavar="DIR",
            section="Data",
            help=f"Folder of the articles.  [default: {articles}]",
        )(command)
        return option(
            "--questions",
            type=PATH,
            multiple=True,
            metavar="PATH",
            section="Data",
            help=f"File or folder of questions; may be repeated.  [default: {questions}]",
        )(command)

    return decorated


def dataset_options(command: Decorated) -> Decorated:
    """Adds the flags `--dataset` and `--split`."""
    return _dataset_options(command, "dataset", several=False)


def datasets_options(command: Decorated) -> Decorated:
    """Adds the flags `--dataset`, which may be repeated, and `--split`."""
    return _dataset_options(command, "datasets", several=True)


def _dataset_options(command: Decorated, name: str, *, several: bool) -> Decorated:
    return option(
        "--dataset",
        name,
        metavar="SPEC",
        multiple=several,
        section="Data",
        help="Data set to use in place of questions: squad:FILE, mrqa:FILE, jsonl:FILE or hub:NAME, or facts "
        "with their own passages: claims:FILE, ramdocs:FILE, qacc:FILE or wikicontradict:FILE."
        + ("  May be repeated; each data set is a run of its own." if several else ""),
    )(run_flags("split")(command))


def quantize_option(command: Decorated) -> Decorated:
    """Adds the flag `--quantize`."""
    return option(
        "--quantize",
        type=click.Choice(["int8"]),
        section="Models",
        help="For each onnx: model, also use a version of it with 8-bit products.  [default: do not]",
    )(command)
