"""Files that may be compressed with gzip, and kinds of file that hold no text to read."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, BinaryIO, Protocol, cast

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
_PACKED_BLOCK, _LARGE_BLOCK = 1 << 16, 1 << 19
"""Numbers of packed and of other bytes that a thread handles at a time: so many that other threads seldom
wait for it."""
_MEMBER = 16 + zlib.MAX_WBITS
"""Setting of zlib for the members of a gzip file."""


def unpacked(file: BinaryIO) -> IO[bytes]:
    """A file object that gives the decompressed bytes of a gzip file; any other file is returned as it is.

    The first bytes decide, not the file's name. Reading from it may raise any of `UNREADABLE`.
    """
    packed = file.read(2) == _GZIP
    file.seek(0)
    return cast(IO[bytes], io.BufferedReader(gzip.GzipFile(fileobj=file), _BLOCK)) if packed else file


class Digest(Protocol):
    """A hash that is computed while bytes come, as those of hashlib are."""

    def update(self, data: bytes, /) -> None:
        """Takes further bytes."""


def unpacked_lines(file: BinaryIO, digest: Digest) -> Iterator[bytes]:
    """Yields the lines of a file, decompressed if it is a gzip file. `digest` takes all bytes.

    A thread unpacks and hashes the next lines while the caller works with the present ones. May raise any of
    `UNREADABLE`.
    """
    blocks = _blocks(file, digest)
    begun: list[bytes] = []  # the parts of a line whose end has not come
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = thread.submit(next, blocks, None)
            begun.append(block)
            if b"\n" in block:
                lines = io.BytesIO(b"".join(begun)).readlines()
                begun = [] if lines[-1].endswith(b"\n") else [lines.pop()]
                yield from lines
    if begun:
        yield b"".join(begun)


def _blocks(file: BinaryIO, digest: Digest) -> Iterator[bytes]:
    """The bytes of a file, decompressed if it is a gzip file. Other threads run while a block is unpacked."""
    packed = file.read(2) == _GZIP
    file.seek(0)
    for block in _inflated(file) if packed else iter(lambda: file.read(_LARGE_BLOCK), b""):
        digest.update(block)
        yield block


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """The content of a gzip file, which may have several members, and zeros after the last one."""
    member, packed = zlib.decompressobj(_MEMBER), b""
    while packed := packed or file.read(_PACKED_BLOCK):
        if member.eof and not (packed := packed.lstrip(b"\0")):
            continue
        if member.eof:
            member = zlib.decompressobj(_MEMBER)
        yield member.decompress(packed, _LARGE_BLOCK)
        packed = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise EOFError


def pack(source: IO[bytes], target: IO[bytes]) -> None:
    """Writes all that is left of a file packed by gzip; equal bytes give equal bytes, on one build of zlib.

    The filter suits rows of numbers: these files get some percent smaller by it.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, _MEMBER, 9, zlib.Z_FILTERED)
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
