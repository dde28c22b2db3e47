"""Files that may be compressed with gzip, and kinds of file that hold no text to read."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
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
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 17
"""Number of bytes that are decompressed at a time. Lines are read from them."""
_READ = 1 << 16
"""Number of bytes of a file that are read at a time, to be decompressed in blocks."""
_UNPACKED = 1 << 20
"""Greatest size of a decompressed block, in bytes."""


def unpacked(file: BinaryIO) -> IO[bytes]:
    """A file object that gives the decompressed bytes of a gzip file; any other file is returned as it is.

    The first bytes decide, not the file's name. Reading from it may raise any of `UNREADABLE`.
    """
    packed = file.read(2) == _GZIP
    file.seek(0)
    return cast(IO[bytes], io.BufferedReader(gzip.GzipFile(fileobj=file), _BLOCK)) if packed else file


def unpacked_blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yields the bytes of a file, decompressed if they are compressed. It is faster than reading `unpacked`.

    May raise any of `UNREADABLE`. Raises EOFError for a gzip file that is cut off or has anything after its
    end, such as a second part.
    """
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    block = file.read(_READ)
    packed = block.startswith(_GZIP)
    while block and not unpacker.eof:
        yield unpacker.decompress(block, _UNPACKED) if packed else block
        block = unpacker.unconsumed_tail or file.read(_READ)
    if packed and (block or unpacker.unused_data or not unpacker.eof):
        raise EOFError


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
