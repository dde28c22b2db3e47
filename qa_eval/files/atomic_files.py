"""Files and folders that appear whole or not at all.

What is written lies beside its place, under a hidden name, until it is complete. A program that is killed
leaves the old file or folder, or the new one.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from qa_eval.errors import RunFolderError


def write_atomically(path: Path, text: str | bytes) -> str:
    """Writes a whole file: beside its place, flushed to the disk, then moved there. Returns its SHA-256.

    Whoever reads sees the old file or the new one. Raises RunFolderError if it cannot be written.
    """
    data = text.encode("utf-8") if isinstance(text, str) else text
    temporary = beside(path)
    with telling_failure(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)
    return hashlib.sha256(data).hexdigest()


def beside(path: Path) -> Path:
    """A new name for a file that will be moved to `path`; no longer than any name that `path` may have."""
    return path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.tmp")


@contextmanager
def telling_failure(path: Path) -> Iterator[None]:
    """Raises RunFolderError, naming the file, for an OSError inside."""
    try:
        yield
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be written: {error.strerror}") from None


def flush_folder(path: Path) -> None:
    """Makes a move itself survive a power cut; where folders cannot be flushed (Windows) nothing is lost."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def replace_folder(new: Path, old: Path) -> None:
    """Puts folder `new` in the place of `old`. Should that fail half-way, both are still there by name."""
    aside = hidden_name(old, "old")
    try:
        with suppress(FileNotFoundError):
            old.rename(aside)
        new.rename(old)
    except OSError as error:
        if not old.exists() and aside.exists():
            aside.rename(old)
        raise RunFolderError(
            f"{old}: cannot be replaced: {error.strerror}; the new run is in {new}"
        ) from None
    for leftover in hidden_folders(old, "old"):
        shutil.rmtree(leftover, ignore_errors=True)


def hidden_name(path: Path, state: Literal["new", "old"]) -> Path:
    """A new name next to a folder: for what will replace it, or for what was replaced."""
    return path.with_name(f".{path.name}.{state}-{secrets.token_hex(4)}")


def hidden_folders(path: Path, state: Literal["new", "old"]) -> list[Path]:
    """The folders that `hidden_name` named for a folder, the newest first."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.{state}(-[0-9a-f]{{8}})?")
    found = [p for p in path.parent.glob(".*") if pattern.fullmatch(p.name) and p.is_dir()]
    return sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)
