"""The checks of paths, numbers and text that every command line passes before a command runs."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click

from qa_eval.files.paths import user_path


class UserPath(click.Path):
    """A path on the command line or in a configuration file; `~` is the home folder."""

    def __init__(self, *, file_okay: bool = True) -> None:
        super().__init__(file_okay=file_okay, path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:  # noqa: ANN401
        """The path.

        Raises BadParameter for an empty name, which `Path` would read as the current folder, and whatever
        `user_path` raises.
        """
        if not os.fspath(value):
            raise click.BadParameter("the name of the file or folder is empty.", ctx=ctx, param=param)
        return super().convert(user_path(value), param, ctx)


PATH = UserPath()


class FiniteNumber(click.types.FloatParamType):
    """A finite number as the value of a flag."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """The number. Raises BadParameter for a value that is not a finite number."""
        return _finite(super().convert(value, param, ctx), param, ctx)


class FiniteRange(click.FloatRange):
    """A finite number within bounds as the value of a flag."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401
        """The number. Raises BadParameter for a value that is not a finite number within the bounds."""
        return _finite(super().convert(value, param, ctx), param, ctx)


def _finite(number: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
    if not math.isfinite(number):
        raise click.BadParameter(f"{number} is not a finite number.", ctx=ctx, param=param)
    return number


FINITE = FiniteNumber()


def check_text(param: click.Parameter, ctx: click.Context) -> None:
    """Raises BadParameter for text that is not valid Unicode. Paths may hold any bytes."""
    given = ctx.params.get(param.name or "")
    for value in given if isinstance(given, tuple) else (given,):
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            raise click.BadParameter(f"{value!r} is not UTF-8.", ctx=ctx, param=param)
