"""Errors about names that a user gives for something in a run: a model, a metric, a slice, an item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qa_eval.errors import UnknownNameError
from qa_eval.text.phrases import choices, means_several


def not_in_run(
    name: str, known: Iterable[str], *, argument: str = "", place: str = "this run", listed: int | None = None
) -> UnknownNameError:
    """The error of a name that is not in a run. It has near names, or the known ones.

    `argument` is the argument that has the name. The command line calls it by its flag. `place` is the name
    of the run. `listed` limits the number of known names.

    >>> error = not_in_run("embeded", ["embedded"], argument="model")
    >>> print(error)
    model embeded: not in this run; did you mean embedded?
    >>> print(error.on_command_line)
    --model embeded: not in this run; did you mean embedded?
    """
    return _error(name, f"not in {place}; {choices(name, known, listed=listed)}", argument)


def check_meaning(
    name: str, meant: Sequence[str], known: Iterable[str], *, argument: str = "", place: str = "this run"
) -> None:
    """Raises UnknownNameError unless the name means exactly one thing.

    `meant` are all names that the given one may mean. The other arguments are those of `not_in_run`.
    """
    if not meant:
        raise not_in_run(name, known, argument=argument, place=place)
    if len(meant) > 1:
        raise _error(name, means_several(meant), argument)


def _error(name: str, problem: str, argument: str) -> UnknownNameError:
    return UnknownNameError.naming(
        lambda called: f"{called(argument)} {name}: {problem}" if argument else f"{name}: {problem}"
    )
