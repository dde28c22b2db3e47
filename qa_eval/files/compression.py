"""Files that may be packed by gzip, and the kinds of file that hold no text to read."""

from __future__ import annotations

import gzip
import zlib
from typing import IO, BinaryIO, cast

from qa_eval.files.strict_json import MARKED, WIDE

UNREADABLE = (EOFError, zlib.error, OSError)
"""What reading a file may raise half-way, packed ones included."""
KINDS_NOT_READ = {
    b"\xef\xbb\xbf": MARKED,
    b"\xff\xfe": WIDE,
    b"\xfe\xff": WIDE,
    b"BZh": "is packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "is packed by xz; unpack it, or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "is packed by zstd; unpack it, or pack it by gzip",
    b"version https://git-lfs": "is a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`",
}
"""How such a file begins -> what it is and what to do."""
_GZIP = b"\x1f\x8b"


def unpacked(file: BinaryIO) -> IO[bytes]:
    """What reads an opened file: its bytes unpacked if they are packed by gzip, else the file itself.

    The file's name does not matter. Reading on may raise `UNREADABLE`.
    """
    packed = file.read(2) == _GZIP
    file.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file)) if packed else file


def unreadable(error: Exception) -> str:
    """What is wrong with a file that raised one of `UNREADABLE`."""
    if isinstance(error, EOFError):
        return "ends too early: the gzip file is cut off; fetch it again"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"is packed by gzip, and damaged ({error}); fetch it again"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
