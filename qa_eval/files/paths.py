"""Paths that people name, and the files behind them.

A path may name the home folder of a user that does not exist, a pipe that nobody writes to, or an endless
device. A file that cannot be read raises OSError, as a missing file does, and the caller's message names the
file.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from qa_eval.errors import QaEvalError
from qa_eval.text.phrases import quote, unlike

_BUFFER = 1 << 16
"""Number of bytes that are read from a file at once. A row of predictions has several thousand."""


def user_path(text: object, name: str = "path") -> Path:
    """The path, in which a leading `~` or `~user` is replaced by the home folder.

    `name` is the argument that holds the path. Raises QaEvalError if the value is no path, if the user does
    not exist, or if the path holds a character that no path can hold.

    >>> user_path("runs/first").as_posix()
    'runs/first'
    """
    named = os.fspath(text) if isinstance(text, str | os.PathLike) else None
    if not isinstance(named, str):
        raise QaEvalError(unlike(name, text, "a path, as a text or a Path"))
    if "\0" in named:
        raise QaEvalError(f"{named}: a path cannot hold a null character")
    try:
        os.fsencode(named)
    except UnicodeEncodeError:
        raise QaEvalError(
            f"{name}: {quote(named)} holds half of a surrogate pair, which no path does"
        ) from None
    try:
        return Path(named).expanduser()
    except RuntimeError:  # pathlib found no home folder
        user = Path(named).parts[0].removeprefix("~")
        missing = f"there is no user {user!r} on this machine" if user else "this user has no home folder"
        raise QaEvalError(f"{named}: {missing}; to name a file that begins with ~, write ./{named}") from None


def real_path(path: Path) -> Path:
    """The absolute path without links. A link to itself stays as it is; `Path.resolve` would raise."""
    return Path(os.path.realpath(path))


def open_input(path: Path) -> BinaryIO:
    """Opens a file for reading.

    Raises OSError as `open` does. It also raises OSError at once for anything but a regular file, because a
    pipe may never deliver and a device may never end.
    """
    if (problem := irregular(path)) is not None:
        raise OSError(errno.EINVAL, problem, os.fspath(path))
    return path.open("rb", _BUFFER)


def read_input(path: Path) -> bytes:
    """The bytes of a file. Raises OSError as `open_input` does."""
    with open_input(path) as file:
        return file.read()


def irregular(path: Path) -> str | None:
    """A message if the path names something other than a file or a folder, with what to do; else None.

    Raises OSError if the path does not exist or cannot be examined.
    """
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    if stat.S_ISFIFO(mode):
        return "it is a pipe, not a file; write its output to a file, and name that file"
    kind = "a socket" if stat.S_ISSOCK(mode) else "a device"
    return f"it is {kind}, not a file"


def cache_folder() -> Path:
    """The folder of the global cache: `QA_EVAL_CACHE` if set, else the platform's cache folder for this user.

    Raises QaEvalError as `user_path` does.
    """
    override = os.environ.get("QA_EVAL_CACHE")
    if override:
        return user_path(override)
    from platformdirs import user_cache_path

    return user_cache_path("qa-eval", appauthor=False)
