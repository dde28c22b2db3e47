"""Conversion of pickled weights (`pytorch_model.bin`) to safetensors files without running code.

`torch.load(weights_only=True)` builds tensors and plain containers, and refuses a file that names anything
else. The copy is kept in the cache folder under the hash of the original. From then on, the copy is hashed
and read.
"""

from __future__ import annotations

import contextlib
import json
import re
import struct
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

from qa_eval.errors import ModelError, first_line
from qa_eval.files.paths import cache_folder
from qa_eval.models.checkpoint.tensor_files import ALIASES, read_header

_FORBIDDEN = re.compile(r"(?:GLOBAL|global:?|REDUCE to|BUILD for|class|function) ([\w.]+\.[\w.]+)")
"""Part of torch's message that names the function that a pickle would have called."""
_ORIGINAL = "qa_eval_original_sha256"
"""Key of a copy's metadata that holds the hash of the original."""


def safetensors_copy(path: Path, sha256: str, name: str) -> Path:
    """The safetensors copy of a pickle file with that hash. It is made if it does not exist.

    `name` is the checkpoint's name in messages. Raises `ModelError` if the file cannot be read or holds
    anything but named tensors, and if the copy cannot be written.
    """
    copy = cache_folder() / "weights" / f"{sha256}.safetensors"
    with contextlib.suppress(ModelError):
        if read_header(copy).metadata.get(_ORIGINAL) == sha256:
            return copy
    tensors, aliases = _unshared(_tensors(path, name))
    metadata = {"format": "pt", _ORIGINAL: sha256, ALIASES: json.dumps(aliases)}
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
            made = Path(folder) / copy.name
            save_file(tensors, made, metadata)
            _sort_metadata(made)
            made.replace(copy)
    except OSError as error:
        raise ModelError(
            f"{name}: no copy of {path.name} can be written to {copy.parent}: {error}"
        ) from error
    except Exception as error:  # the format does not know every type of tensor
        raise ModelError(f"{name}: {path.name} cannot be converted: {first_line(error)}") from error
    return copy


def _sort_metadata(path: Path) -> None:
    """Sorts the metadata of a safetensors file, whose order differs from process to process.

    Equal weights then have equal bytes, so a copy has the same hash on every machine.
    """
    with path.open("r+b") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        metadata = dict(sorted(header.pop("__metadata__").items()))
        text = json.dumps({"__metadata__": metadata, **header}, separators=(",", ":"), ensure_ascii=False)
        sorted_header = text.encode("utf-8").ljust(length)
        assert len(sorted_header) == length
        file.seek(8)
        file.write(sorted_header)


def _tensors(path: Path, name: str) -> dict[str, torch.Tensor]:
    """The tensors of a pickle file, read without running code. Raises `ModelError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the error says the same
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch refuses the file, or it is damaged or of another kind
        raise ModelError(f"{name}: {path.name} cannot be converted: {_refusal(error)}") from error
    if not isinstance(found, Mapping) or not found:
        what = f"it holds no named tensors, but a {type(found).__name__}"
        raise ModelError(f"{name}: {path.name} cannot be converted: {what}")
    tensors: dict[str, torch.Tensor] = {}
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            kind = type(value).__name__ if isinstance(key, str) else f"{type(key).__name__} with a value"
            raise ModelError(
                f"{name}: {path.name} cannot be converted: its entry {str(key)[:80]!r} is a {kind}, not a "
                "named tensor; save only the model's state dict"
            )
        tensors[key] = value.detach()
    return tensors


def _unshared(tensors: Mapping[str, torch.Tensor]) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The tensors, each with memory of its own, and the names of those that shared an earlier one's memory.

    A safetensors file cannot express that two names share memory.
    """
    found: dict[str, torch.Tensor] = {}
    seen: set[tuple[object, ...]] = set()
    aliases = []
    for name, tensor in tensors.items():
        if tensor.layout is not torch.strided:
            found[name] = tensor  # saving it will raise an error with the reason
            continue
        where = (
            tensor.untyped_storage().data_ptr(),
            tensor.storage_offset(),
            tensor.shape,
            tensor.stride(),
            tensor.dtype,
        )
        if where in seen and tensor.numel():
            aliases.append(name)
        seen.add(where)
        found[name] = tensor.clone(memory_format=torch.contiguous_format)
    return found, aliases


def _refusal(error: Exception) -> str:
    """The reason why torch refuses a file, without torch's advice to open the file anyway."""
    if found := _FORBIDDEN.search(str(error)):
        return f"it holds more than tensors, and opening it would run code ({found[1]}); nothing was run"
    if "weights_only" in str(error):
        return "it is damaged, or it holds more than tensors and opening it would run code; nothing was run"
    return f"it is damaged or not a file of PyTorch ({type(error).__name__}: {first_line(error)})"
