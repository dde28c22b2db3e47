"""The files of an export, as named texts or bytes, and how they are written to disk."""

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
    """Path below the target folder, with forward slashes."""
    data: str | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A run or a question set in another format. The first output is the main one."""

    outputs: tuple[Output, ...]
    """Files of the export: at least one, and exactly one unless the format is a folder."""
    folder: bool = False
    """Flag: the format is a folder of files with fixed names."""
    notes: tuple[str, ...] = ()
    """Sentences about what was left out."""


def write_export(export: Export, out: Path, *, overwrite: bool = False) -> list[Path]:
    """Writes the files and returns their paths, with the path of the first output last. Each file is written
    atomically.

    If the format is a folder, `out` is that folder. Otherwise `out` is a file, or an existing folder into
    which the file is written under its own name. The first output is written last, so if it exists, all
    others do.

    Raises QaEvalError, before anything is written, for files that exist (unless `overwrite`), and for a path
    that leads out of the folder by a link. Raises RunFolderError if a file cannot be written.
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
            raise QaEvalError(f"{path}: exists already; --overwrite replaces it")
    for path, data in places.items():
        write_atomically(path, data)
    return list(places)
