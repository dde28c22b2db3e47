"""Paths that people name, and the files behind them.

A path may be of a user that does not exist, a pipe that nobody writes to, or a device without end. What
cannot be read raises OSError, as a file does that is not there; the caller's message names the file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from qa_eval.errors import QaEvalError
from qa_eval.text.phrases import quote, unlike


def user_path(text: object, name: str = "path") -> Path:
    """The path, with `~` or `~user` at its beginning replaced by that home folder.

    `name` is that of the argument which holds it. Raises QaEvalError for what is no path, for a user that
    does not exist, and for a character that no path holds.

    >>> user_path("runs/first").as_posix()
    'runs/first'
    """
    named = os.fspath(text) if isinstance(text, str | os.PathLike) else None
    if not isinstance(named, str):
        raise QaEvalError(unlike(name, text, "a path, as a text or a Path"))
    if "\0" in named:
        raise QaEvalError(f"{named}: no path holds a null character")
    try:
        os.fsencode(named)
    except UnicodeEncodeError:
        raise QaEvalError(
            f"{name}: {quote(named)} holds half of a surrogate pair, which no path does"
        ) from None
    try:
        return Path(named).expanduser()
    except RuntimeError:  # what pathlib raises where it finds no home folder
        user = Path(named).parts[0].removeprefix("~")
        missing = f"there is no user {user!r} on this machine" if user else "this user has no home folder"
        raise QaEvalError(f"{named}: {missing}; ./{named} names a file that begins with ~") from None


def real_path(path: Path) -> Path:
    """The absolute path without links; a link that leads to itself stays as it is, where pathlib raises."""
    return Path(os.path.realpath(path))


def open_input(path: Path) -> BinaryIO:
    """Opens a file to be read.

    Raises OSError as `open` does, and at once for what is no regular file: a pipe may be waited for without
    end, a device may have no end.
    """
    if (problem := irregular(path)) is not None:
        raise OSError(errno.EINVAL, problem, os.fspath(path))
    return path.open("rb")


def read_input(path: Path) -> bytes:
    """The bytes of a file, opened as by `open_input`."""
    with open_input(path) as file:
        return file.read()


def irregular(path: Path) -> str | None:
    """What a path names that is neither a file nor a folder, and what to do; None for those and for nothing.

    Raises OSError for a path that cannot be looked at, and for one that is not there.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    if stat.S_ISFIFO(mode):
        return "it is a pipe, not a file; write what comes through it to a file, and name that"
    kind = "a socket" if stat.S_ISSOCK(mode) else "a device"
    return f"it is {kind}, not a file"


def cache_folder() -> Path:
    """Where the global cache is: `QA_EVAL_CACHE` if set, else the platform's cache folder for this user.

    Raises QaEvalError as `user_path` does.
    """
    override = os.environ.get("QA_EVAL_CACHE")
    if override:
        return user_path(override)
    from platformdirs import user_cache_path

    return user_cache_path("qa-eval", appauthor=False)
