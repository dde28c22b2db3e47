"""The headers of safetensors files, and files that are not what their name says.

Only headers are read, so a large file takes no longer than a small one. This module does not import torch.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_eval.errors import ModelError

ALIASES = "qa_eval_aliases"
"""Key of a converted file's metadata that lists the tensors that only repeat another one under a second
name."""
_MOST_HEADER_BYTES = 100_000_000
"""Greatest size of a header, as in the safetensors library."""
_LFS = (
    b"version https://git-lfs.github.com/spec/",
    b"version http://git-media.io/",
    b"version https://hawser.",
)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor in a file, as the header describes it."""

    dtype: str
    """Type of the values, in the spelling of safetensors: `F32`, `BF16`, `I64`, …"""
    shape: tuple[int, ...]
    """Shape of the tensor."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a safetensors file."""

    tensors: dict[str, Tensor]
    """Tensors by name."""
    metadata: dict[str, str]
    """Metadata of the file, by key."""


def refuse_pointers(paths: Iterable[Path], name: str) -> None:
    """Raises ModelError if any of the files are git-lfs pointers, and names them."""
    pointers = sorted({path.name for path in paths if path.is_file() and is_pointer(path)})
    if pointers:
        files = f"{', '.join(pointers)} is a git-lfs pointer, not the file itself"
        if len(pointers) > 1:
            files = f"{', '.join(pointers)} are git-lfs pointers, not the files themselves"
        raise ModelError(f"{name}: {files}; run `git lfs pull` in its folder")


def is_pointer(path: Path) -> bool:
    """Whether a file is a git-lfs pointer; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(max(map(len, _LFS))).startswith(_LFS)
    except OSError:
        return False  # the reader of the file reports why it cannot be read


def read_header(path: Path) -> Header:
    """The header of a safetensors file, after a check that the file is whole.

    Raises ModelError for a file that cannot be read, is cut short, is not a safetensors file, or has a header
    that does not fit its bytes.
    """
    from safetensors import SafetensorError, safe_open

    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(8)
            if size < 8:
                raise ModelError(f"{path} is cut short: it has {size} bytes, fewer than any safetensors file")
            (length,) = struct.unpack("<Q", start)
            if length > _MOST_HEADER_BYTES:
                raise ModelError(f"{path} is not a readable safetensors file: {_by_its_start(start)}")
            if 8 + length > size:
                raise ModelError(_cut_short(path, size, 8 + length))
            record = json.loads(file.read(length))
        metadata = record.pop("__metadata__", None) or {}
        tensors = {str(name): _tensor(entry) for name, entry in record.items()}
        ends = [int(entry["data_offsets"][1]) for entry in record.values()]
        if (whole := 8 + length + max(ends, default=0)) > size:
            raise ModelError(_cut_short(path, size, whole))
        with safe_open(path, framework="numpy"):
            pass  # opening it checks that shapes, types and offsets fit together
    except (OSError, ValueError, LookupError, TypeError, AttributeError, SafetensorError) as error:
        raise ModelError(f"{path} is not a readable safetensors file: {error}") from error
    except RecursionError as error:
        raise ModelError(
            f"{path} is not a readable safetensors file: its header is nested too deeply"
        ) from error
    return Header(tensors, {str(key): str(value) for key, value in metadata.items()})


def _tensor(entry: Any) -> Tensor:  # noqa: ANN401
    return Tensor(str(entry["dtype"]), tuple(int(size) for size in entry["shape"]))


def _cut_short(path: Path, size: int, whole: int) -> str:
    return (
        f"{path} is cut short: it has {size:,} of the {whole:,} bytes that its header lists; fetch or save "
        "it again"
    )


def _by_its_start(start: bytes) -> str:
    if start.startswith((b"PK", b"\x80")):
        return "it is a PyTorch file (a pickle) under another name"
    if start.lstrip().lower().startswith((b"<!doc", b"<html")):
        return "it is a web page"
    return "its header would be too long"
