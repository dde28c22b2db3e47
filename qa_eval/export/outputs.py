"""What an export consists of: named texts or bytes, and how they reach the disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_eval.errors import QaEvalError
from qa_eval.store import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One file of an export."""

    name: str
    """Its path below the folder it goes to, with forward slashes."""
    data: str | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A run or a question set in another format. The first output is the one to look at."""

    outputs: tuple[Output, ...]
    folder: bool = False
    """Whether the format is a folder of files, whose names are part of it."""
    notes: tuple[str, ...] = ()
    """What was left out, a sentence each."""


def write_export(export: Export, out: Path, *, overwrite: bool = False) -> list[Path]:
    """Writes the files, each whole or not at all, and returns their paths, the first output's last.

    `out` is the folder of a format that is one; otherwise a file, or a folder that exists already, into which
    the file goes under its own name. Whoever finds the first output finds all others.

    Raises QaEvalError, before anything is written, for files that exist without `overwrite`, and for a path
    that leads out of the folder by a link; RunFolderError for what cannot be written.
    """
    if export.folder or out.is_dir():
        places = [(out / output.name, output) for output in export.outputs]
    else:
        places = [(out, output) for output in export.outputs]
    _refuse_escapes([path for path, _ in places], out if export.folder or out.is_dir() else out.parent)
    _refuse_existing([path for path, _ in places], overwrite=overwrite)
    for path, output in reversed(places):
        write_atomically(path, output.data)
    return [path for path, _ in reversed(places)]


def _refuse_escapes(paths: Sequence[Path], folder: Path) -> None:
    root = folder.resolve()
    for path in paths:
        if not path.parent.resolve().is_relative_to(root):
            raise QaEvalError(f"{path}: a link leads out of {folder}; nothing was written")


def _refuse_existing(paths: Sequence[Path], *, overwrite: bool) -> None:
    for path in paths:
        if path.is_dir():
            raise QaEvalError(f"{path}: is a folder; nothing was written")
        if path.exists() and not overwrite:
            raise QaEvalError(f"{path}: is there already; --overwrite replaces it")
