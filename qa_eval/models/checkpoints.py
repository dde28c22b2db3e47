"""Checkpoints on disk: which files make one up, what can be known of it without loading it.

A checkpoint is a folder; one on the hub is a folder once its files are fetched. Only safetensors weights are
ever fetched or read: pickle files run code when they are opened. Nothing here imports torch.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from qa_eval.errors import ModelError
from qa_eval.paths import irregular, open_input, read_input, user_path
from qa_eval.provenance import sha256_files, sha256_json

EMBEDDED = Path(__file__).resolve().parent.parent / "embedded"
"""The folder of the model that ships with the package."""

_INDEX = "model.safetensors.index.json"
_PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "tf_model.h5", "flax_model.msgpack")
_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.model",
)
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_HUB_FILES = (
    "config.json",
    "model.safetensors",
    _INDEX,
    "model-*-of-*.safetensors",
    "README.md",
    *_TOKENIZER_FILES,
)
_MAX_HEADER = 100_000_000
_hashes: dict[tuple[str, int, int], str] = {}


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a configuration, safetensors weights and a tokenizer. Made by `local_checkpoint`."""

    folder: Path
    name: str
    """What people call it, for messages."""
    revision: str | None
    """The commit of a hub checkpoint."""
    config: Mapping[str, Any]
    weight_files: tuple[Path, ...]
    """One, or the shards in order of name."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """The front matter of its README.md; empty where there is none."""

    @cached_property
    def tensors(self) -> dict[str, Mapping[str, Any]]:
        """Names, dtypes and shapes of all weights, from the files' headers alone."""
        found: dict[str, Mapping[str, Any]] = {}
        for path in self.weight_files:
            found |= _header(path)
        return found

    @property
    def parameters(self) -> int:
        """How many numbers the weights hold; integer buffers (positions) are no parameters."""
        return sum(math.prod(t["shape"]) for t in self.tensors.values() if "F" in str(t["dtype"]))

    @property
    def weights_sha256(self) -> str:
        """Over the bytes of the weight files."""
        if len(self.weight_files) == 1:
            return _sha256(self.weight_files[0])
        return sha256_json([[p.name, _sha256(p)] for p in self.weight_files])

    def files_sha256(self, *, code: bool) -> str:
        """Over configuration and tokenizer files, and with `code` the Python files that would run."""
        names = ("config.json", *_TOKENIZER_FILES, *(("*.py",) if code else ()))
        paths = {path for name in names for path in self.folder.glob(name) if path.is_file()}
        return sha256_json([[p.name, _sha256(p)] for p in sorted(paths)])

    @property
    def license(self) -> str | None:
        found = self.card.get("license")
        return found if isinstance(found, str) and found else None

    @property
    def declared_unanswerable(self) -> bool | None:
        """Whether the card says that unanswerable questions were part of the training; None: it does not say.

        `qa_eval: {unanswerable: true|false}` says it outright; naming SQuAD 2.0 (`squad_v2`) among the
        `datasets`, or in the model index, says yes. Weights cannot tell: every such head has a [CLS] logit.
        """
        own = self.card.get("qa_eval")
        if isinstance(own, Mapping) and isinstance(own.get("unanswerable"), bool):
            return bool(own["unanswerable"])
        return True if any(_is_squad_v2(name) for name in _named_datasets(self.card)) else None


def embedded_checkpoint() -> Checkpoint:
    """The model that ships with the package, a folder like any other."""
    return local_checkpoint(EMBEDDED, name="embedded")


def find_checkpoint(name: str, revision: str | None, *, code: bool) -> Checkpoint:
    """A folder if there is one of that name, else a hub checkpoint (fetched if it is not cached).

    Raises `ModelError` as `local_checkpoint` and `hub_checkpoint` do, and for a revision of a folder.
    """
    folder = user_path(name)
    a_path = name.startswith(("~", ".")) or folder.is_absolute() or name.count("/") != 1
    if not a_path and not folder.is_dir():
        return hub_checkpoint(name, revision, code=code)
    if revision is not None:
        raise ModelError(f"{name} is a local folder, which has no revision {revision!r}")
    return local_checkpoint(folder, name=name)


def hub_checkpoint(name: str, revision: str | None, *, code: bool) -> Checkpoint:
    """Fetches what is needed of a hub repository (or finds it in the hub's cache), never pickle files.

    Raises `ModelError` when there is no such repository or revision, when the hub cannot be reached and the
    files are not cached, and for everything `local_checkpoint` refuses.
    """
    import huggingface_hub
    from huggingface_hub import errors

    full = f"{name}@{revision}" if revision else name
    try:
        path = huggingface_hub.snapshot_download(
            name, revision=revision, allow_patterns=[*_HUB_FILES, *(("*.py",) if code else ())]
        )
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{name} has no revision {revision!r} on the hub") from error
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{name} is gated: ask for access on its page, then log in (hf auth login)"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(f"there is no {name} on the hub, or it is private") from error
    except errors.HFValidationError as error:
        raise ModelError(f"{name!r} is no folder here and no hub name (ORG/NAME)") from error
    except Exception as error:  # the hub's client fails in many ways, most of them "not reachable"
        raise ModelError(
            f"{full} is no folder here, is not in the local cache, and the hub cannot be reached "
            f"({type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else '-'})"
        ) from error
    return local_checkpoint(Path(path), name=full, revision=Path(path).name)


def local_checkpoint(folder: Path, *, name: str | None = None, revision: str | None = None) -> Checkpoint:
    """Looks at a folder without loading anything.

    Raises `ModelError` where the folder, its config.json or its safetensors weights are missing or cannot be
    read; where there are only pickle weights or only an adapter, the message says so.
    """
    name = name or str(folder)
    if not folder.exists():
        raise ModelError(f"{name}: there is no such folder")
    if not folder.is_dir():
        raise ModelError(f"{name} is a file; name the folder that holds config.json and the weights")
    _refuse_irregular(folder, name)
    config_path = folder / "config.json"
    if not config_path.is_file():
        adapter = " (this is an adapter; merge it into its base model first)"
        hint = adapter if (folder / "adapter_config.json").is_file() else ""
        raise ModelError(f"{name} has no config.json, so it is no transformers checkpoint{hint}")
    # Without any, the library makes up a tokenizer that knows no words, and says nothing.
    if not any(path for pattern in _VOCABULARIES for path in folder.glob(pattern)):
        raise ModelError(f"{name} has no tokenizer: there is none of {', '.join(_VOCABULARIES)}")
    return Checkpoint(
        folder=folder,
        name=name,
        revision=revision,
        config=_json_object(config_path, name),
        weight_files=_weight_files(folder, name),
        card=_card(folder / "README.md", name),
    )


def _refuse_irregular(folder: Path, name: str) -> None:
    """Raises ModelError for a pipe, device or folder in the place of a file: libraries wait or miss it."""
    for path in sorted({path for pattern in _HUB_FILES for path in folder.glob(pattern)}):
        if path.name == "README.md":  # which nothing waits for
            continue
        try:
            problem = "it is a folder" if path.is_dir() else irregular(path)
        except OSError as error:
            problem = error.strerror
        if problem is not None:
            raise ModelError(f"{name}: {path.name} cannot be read: {problem}")


def _weight_files(folder: Path, name: str) -> tuple[Path, ...]:
    if (single := folder / "model.safetensors").is_file():
        return (single,)
    if (index := folder / _INDEX).is_file():
        shards = _json_object(index, name).get("weight_map")
        if not isinstance(shards, dict) or not all(isinstance(v, str) for v in shards.values()):
            raise ModelError(f"{name}: {_INDEX} has no weight_map from names to files")
        paths = tuple(folder / file for file in sorted(set(shards.values())))
        if missing := [p.name for p in paths if not p.is_file()]:
            raise ModelError(f"{name}: {_INDEX} names {', '.join(missing)}, which is not there")
        return paths
    if pickles := sorted(p.name for pattern in _PICKLES for p in folder.glob(pattern)):
        raise ModelError(
            f"{name} has only {', '.join(pickles)}; such files can run code when they are opened. Convert it "
            "(model.save_pretrained writes safetensors) and try again"
        )
    raise ModelError(f"{name} has no weights: neither model.safetensors nor {_INDEX} is there")


def _header(path: Path) -> dict[str, Mapping[str, Any]]:
    """The header of a safetensors file: eight bytes of length, then JSON."""
    try:
        with open_input(path) as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _MAX_HEADER:
                raise ValueError("its header would be too long")
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        return {str(key): {"dtype": value["dtype"], "shape": value["shape"]} for key, value in header.items()}
    except (
        OSError,
        ValueError,
        RecursionError,
        struct.error,
        KeyError,
        TypeError,
        AttributeError,
        MemoryError,
    ) as error:
        raise ModelError(f"{path} is no readable safetensors file: {error}") from error


def _json_object(path: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads(read_input(path).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{name}: {path.name} cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{name}: {path.name} holds no JSON object")
    return value


def _card(path: Path, name: str) -> dict[str, Any]:
    if not path.is_file():
        return {}
    from huggingface_hub.repocard import metadata_load

    try:
        return metadata_load(path) or {}
    except Exception as error:  # the YAML of strangers
        raise ModelError(f"{name}: the front matter of README.md cannot be read: {error}") from error


def _named_datasets(card: Mapping[str, Any]) -> list[str]:
    """Every name under which the card speaks of a data set; wrong shapes are passed over."""
    listed = card.get("datasets")
    found: list[Any] = list(listed) if isinstance(listed, list) else [listed]
    for model in _dicts(card.get("model-index")):
        for result in _dicts(model.get("results")):
            for dataset in _dicts([result.get("dataset")]):
                found += [dataset.get("name"), dataset.get("type")]
    return [name for name in found if isinstance(name, str)]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _is_squad_v2(name: str) -> bool:
    """Whether a data set's name is SQuAD 2.0's, with or without an organization before it.

    >>> _is_squad_v2("rajpurkar/squad_v2"), _is_squad_v2("squad")
    (True, False)
    """
    return name.rpartition("/")[2].strip().lower().replace("-", "_") == "squad_v2"


def _sha256(path: Path) -> str:
    """Of a file's bytes; a file unchanged in size and time is not read again by this process."""
    status = path.stat()
    key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
    if key not in _hashes:
        _hashes[key] = sha256_files([path])
    return _hashes[key]
