"""Files that may be compressed with gzip, and kinds of file that hold no text to read."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import IO, BinaryIO, cast

from qa_eval.files.strict_json import MARKED, WIDE

UNREADABLE = (EOFError, zlib.error, OSError)
"""Errors that may be raised while a file is read, compressed or not."""
KINDS_NOT_READ = {
    b"\xef\xbb\xbf": MARKED,
    b"\xff\xfe": WIDE,
    b"\xfe\xff": WIDE,
    b"BZh": "is compressed with bzip2; decompress it, or use gzip instead",
    b"\xfd7zXZ": "is compressed with xz; decompress it, or use gzip instead",
    b"\x28\xb5\x2f\xfd": "is compressed with zstd; decompress it, or use gzip instead",
    b"version https://git-lfs": "is a Git LFS pointer, not the file itself; fetch it with `git lfs pull`",
}
"""Kinds of file that cannot be read, by their first bytes: what the file is, and what to do about it."""
GZIP = b"\x1f\x8b"
"""First bytes of a gzip file."""
_BLOCK = 1 << 17
"""Number of bytes that are decompressed at a time. Lines are read from them."""


def unpacked(file: BinaryIO) -> IO[bytes]:
    """A file object that gives the decompressed bytes of a gzip file; any other file is returned as it is.

    The first bytes decide, not the file's name. Reading from it may raise any of `UNREADABLE`.
    """
    packed = file.read(2) == GZIP
    file.seek(0)
    return cast(IO[bytes], io.BufferedReader(gzip.GzipFile(fileobj=file), _BLOCK)) if packed else file


def pack(source: IO[bytes], target: IO[bytes]) -> None:
    """Writes all that is left of a file packed by gzip; equal bytes give equal bytes, on one build of zlib.

    The filter suits rows of numbers: these files get some percent smaller by it.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    while block := source.read(1 << 20):
        target.write(packer.compress(block))
    target.write(packer.flush())


def unreadable(error: Exception) -> str:
    """A message that says what is wrong with a file that raised one of `UNREADABLE`."""
    if isinstance(error, EOFError):
        return "ends too early: the gzip file is cut off; fetch it again"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return f"is a damaged gzip file ({error}); fetch it again"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"
