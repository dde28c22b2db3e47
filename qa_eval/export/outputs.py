"""What an export consists of: named texts or bytes, and how they reach the disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qa_eval.errors import QaEvalError
from qa_eval.files.atomic_files import write_atomically
from qa_eval.files.paths import irregular, real_path


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
    """At least one; exactly one unless the format is a folder."""
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
    inside = export.folder or out.is_dir()
    places = {(out / output.name if inside else out): output.data for output in reversed(export.outputs)}
    for path in places:
        if inside and not real_path(path.parent).is_relative_to(real_path(out)):
            raise QaEvalError(f"{path}: a link leads out of {out}; nothing was written")
        if path.is_dir():
            raise QaEvalError(f"{path}: is a folder; nothing was written")
        if path.exists() and (problem := irregular(path)) is not None:
            raise QaEvalError(f"{path}: cannot be written: {problem.partition(';')[0]}")
        if os.path.lexists(path) and not overwrite:
            raise QaEvalError(f"{path}: is there already; --overwrite replaces it")
    for path, data in places.items():
        write_atomically(path, data)
    return list(places)
