"""Files and folders that appear whole or not at all.

A new file or folder has a hidden name next to its final place until it is complete. If the program is killed,
the final place holds either the old file or folder or the new one.
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
    """Writes a whole file and returns the SHA-256 of its bytes.

    The data go to a temporary file, are flushed to the disk, and are then moved to `path`. A reader therefore
    sees either the old file or the new one. Raises RunFolderError if the file cannot be written.
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
    """A new hidden name next to `path`, for a file that will be moved there.

    The name is short, so that it is not too long for the file system where the name of `path` is not.
    """
    return path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.tmp")


@contextmanager
def telling_failure(path: Path) -> Iterator[None]:
    """Turns an OSError inside the block into a RunFolderError that names the file."""
    try:
        yield
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be written: {error.strerror}") from None


def flush_folder(path: Path) -> None:
    """Flushes a folder to the disk, so that a move into it survives a power cut.

    Does nothing on systems that cannot flush folders, such as Windows.
    """
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
    """Replaces folder `old` by folder `new`. If that fails half-way, both folders still exist.

    Raises RunFolderError, which names both.
    """
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
    """A new hidden name next to a folder: for the folder that will replace it, or for the one it replaced."""
    return path.with_name(f".{path.name}.{state}-{secrets.token_hex(4)}")


def hidden_folders(path: Path, state: Literal["new", "old"]) -> list[Path]:
    """The folders next to `path` that have names by `hidden_name`, the newest first."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.{state}(-[0-9a-f]{{8}})?")
    found = [p for p in path.parent.glob(".*") if pattern.fullmatch(p.name) and p.is_dir()]
    return sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)
