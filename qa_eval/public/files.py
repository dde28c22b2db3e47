"""The bytes of a data set's file, unpacked where they are packed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from qa_eval.corpus.phrasing import show_path
from qa_eval.errors import InputError
from qa_eval.paths import open_input
from qa_eval.public.examples import Where

_GZIP = b"\x1f\x8b"
_MARKS = {
    b"\xef\xbb\xbf": "starts with a byte-order mark; save it as UTF-8 without one",
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
    b"PK\x03\x04": "is a zip archive; unpack it and name the file inside",
    b"BZh": "is packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "is packed by xz; unpack it, or pack it by gzip",
    b"PAR1": "is a Parquet file; name the folder it lies in as hub:FOLDER",
}
"""How files begin that are of another kind."""

UNREADABLE = (EOFError, zlib.error, OSError)
"""What reading packed bytes may raise half-way."""


@contextmanager
def opened(path: Path, what: str) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked if it is gzip, whatever it is called.

    Raises InputError where there is no such file, it cannot be read, is empty, is called `.gz` without being
    gzip, or is of some other kind; `what` says what it should hold. Reading on may raise `UNREADABLE`.
    """
    where = Where(path=show_path(path))
    try:
        raw = open_input(path)
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else f"{error.strerror}"
        raise InputError([where.finding("file", reason)]) from None
    with raw:
        packed = raw.read(2) == _GZIP
        raw.seek(0)
        if not packed and path.suffix == ".gz":
            raise InputError([where.finding("file", "is called .gz, but is not packed by gzip; rename it")])
        with gzip.GzipFile(fileobj=raw) if packed else raw as file:
            try:
                head = file.read(8)
                file.seek(0)
            except UNREADABLE as error:
                raise InputError([where.finding("file", broken(error))]) from None
            if not head:
                raise InputError([where.finding("file", f"is empty; it should hold {what}")])
            for mark, message in _MARKS.items():
                if head.startswith(mark):
                    raise InputError([where.finding("file", message)])
            yield cast(IO[bytes], file)


def broken(error: Exception) -> str:
    """What went wrong while reading, for people."""
    if isinstance(error, EOFError):
        return "ends too early: the gzip file is cut off; fetch it again"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"is damaged: {error}; fetch it again"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
