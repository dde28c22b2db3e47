"""Writing a report to disk: the whole report or nothing, and without deleting any file of others."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from qa_eval.errors import QaEvalError, RunFolderError
from qa_eval.files.atomic_files import replace_folder, write_atomically
from qa_eval.files.hashes import canonical_json
from qa_eval.files.paths import read_input, real_path, user_path

MARKER = "report.json"
"""Name of the file that lists the files of a report. A folder with only these files may be replaced."""
_FORMAT = "qa-eval report"


def write_site(files: Mapping[str, str | bytes], out: Path, *, about: Mapping[str, object]) -> Path:
    """Writes the files, whose names are paths below `out`, and returns the page to open.

    `out` may be new, empty or an earlier report, which stays until the new one is complete. Raises
    QaEvalError for a folder that holds anything else, and RunFolderError if a file cannot be written.
    """
    out = real_path(user_path(out))
    _refuse_others(out)
    marker = {"format": _FORMAT, "files": sorted(files), **about}
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".new", dir=out.parent))
        try:
            new.chmod(0o755)
            for name, data in files.items():
                path = new / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
            (new / MARKER).write_text(canonical_json(marker, indent=1) + "\n", encoding="utf-8")
            if out.exists():
                replace_folder(new, out)
            else:
                new.rename(out)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    except OSError as error:
        raise RunFolderError(f"{out}: cannot be written: {error.strerror}") from None
    return out / "index.html"


_RELOADED = 5
"""Seconds after which the browser reloads a page of a run that is not finished."""


def reloading_pages(files: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """The files of a site, with pages that the browser reloads every few seconds.

    >>> reloading_pages({"index.html": "<head><title>…</title></head>", "report.css": "a"})
    {'index.html': '<head><meta http-equiv="refresh" content="5"><title>…</title></head>', 'report.css': 'a'}
    """
    tag = f'<head><meta http-equiv="refresh" content="{_RELOADED}">'
    return {
        name: data.replace("<head>", tag, 1) if isinstance(data, str) and name.endswith(".html") else data
        for name, data in files.items()
    }


def _refuse_others(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise QaEvalError(f"{out}: is a file; --out names a folder")
    present = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    if not present:
        return
    others = sorted(present - _files_of_report(out) - {MARKER})
    if others:
        raise QaEvalError(
            f"{out}: holds files that are not part of a report ({', '.join(others[:3])}"
            f"{', …' if len(others) > 3 else ''}); choose a new or empty folder with --out"
        )


def _files_of_report(out: Path) -> set[str]:
    try:
        marker = json.loads(read_input(out / MARKER).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return set()
    if not isinstance(marker, dict) or marker.get("format") != _FORMAT:
        return set()
    return {name for name in marker.get("files", []) if isinstance(name, str)}


def write_charts(files: Mapping[str, bytes], out: Path) -> list[Path]:
    """Writes charts into a folder, and replaces earlier files of the same names.

    Raises QaEvalError if `out` is a file, and RunFolderError if a chart cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise QaEvalError(f"{out}: is a file; --charts names a folder")
    places = [out / name for name in files]
    for path, data in zip(places, files.values(), strict=True):
        if path.is_dir() or path.is_symlink():
            raise QaEvalError(f"{path}: is a folder or a link; charts are plain files")
        write_atomically(path, data)
    return places
