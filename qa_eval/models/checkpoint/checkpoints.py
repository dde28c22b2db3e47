"""Checkpoints on disk: their files, and what is known about them before they are loaded.

A checkpoint is a folder. A checkpoint on the hub is fetched into a folder. Only safetensors weights are read.
Pickle files can run code when they are opened, so they are neither fetched nor read unless `convert` asks for
their tensors (see `qa_eval.models.checkpoint.conversion`). This module does not import torch.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from qa_eval.errors import ModelError
from qa_eval.files.hashes import sha256_files, sha256_json
from qa_eval.files.paths import irregular
from qa_eval.models.checkpoint.cards import Card, read_card
from qa_eval.models.checkpoint.configuration_files import read_configuration
from qa_eval.models.checkpoint.tensor_files import Header, Tensor, read_header, refuse_pointers

EMBEDDED = Path(__file__).resolve().parents[1] / "embedded"
"""Folder of the model that is part of the package."""

_SINGLE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PICKLE = "pytorch_model.bin"
_PICKLE_INDEX = "pytorch_model.bin.index.json"
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
_WRITING_FILES = ("generation_config.json", "chat_template.jinja", "*.spm")
"""Further files of models that write: settings of generation, chat template, tokenizers in two parts."""
_VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
_BYTES = ("ByT5Tokenizer",)
"""Classes of tokenizers whose tokens are bytes, so that they need no vocabulary."""
_HUB_FILES = (
    "config.json",
    _SINGLE,
    _INDEX,
    "model-*-of-*.safetensors",
    "README.md",
    *_TOKENIZER_FILES,
    *_WRITING_FILES,
)
_HUB_PICKLES = ("pytorch_model*.bin", _PICKLE_INDEX)
_SNAPSHOT = re.compile(r"models--[^/]+")
"""Name of a repository's folder in the hub's cache, where files of snapshots are links to blobs."""
_SHOWN = 200
"""Greatest number of characters of a path in a message."""
_hashes: dict[tuple[str, int, int], str] = {}
"""Hashes of files by (path, size, time of the last change)."""


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a configuration, safetensors weights and a tokenizer. `local_checkpoint` makes it."""

    folder: Path
    """Folder of the checkpoint."""
    name: str
    """Name of the checkpoint in messages."""
    revision: str | None
    """Commit of a hub checkpoint; None for a local folder."""
    config: Mapping[str, Any]
    """Content of config.json."""
    weight_files: tuple[Path, ...]
    """Safetensors files with the weights: one file, or the shards in order of name."""
    card: Card = Card()  # noqa: RUF009 - frozen
    """Declarations of the model card."""

    @cached_property
    def headers(self) -> tuple[Header, ...]:
        """Headers of the weight files. Raises `ModelError` for a damaged file."""
        return tuple(read_header(path) for path in self.weight_files)

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Types and shapes of all weights, by name. Raises `ModelError` for a damaged file."""
        return {name: tensor for header in self.headers for name, tensor in header.tensors.items()}

    @property
    def own_tokens(self) -> dict[str, int]:
        """Ids of the tokens in tokenizer.json, by token; empty if the file cannot be read."""
        path = self.folder / "tokenizer.json"
        try:
            table = read_configuration(path, self.name)
            vocabulary = table["model"]["vocab"]
            if isinstance(vocabulary, list):  # pieces with their scores
                vocabulary = {str(piece[0]): number for number, piece in enumerate(vocabulary)}
            added = {str(entry["content"]): int(entry["id"]) for entry in table["added_tokens"]}
        except (ModelError, LookupError, TypeError, ValueError):
            return {}
        return {**vocabulary, **added}

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weight files' bytes."""
        if len(self.weight_files) == 1:
            return _sha256(self.weight_files[0])
        return sha256_json([[p.name, _sha256(p)] for p in self.weight_files])

    def files_sha256(self, *, code: bool, writes: bool = False) -> str:
        """SHA-256 of configuration and tokenizer files, and with `code` also of the Python files.

        For a model that `writes`, settings of generation and chat templates count too.
        """
        more = (*(("*.py",) if code else ()), *(_WRITING_FILES if writes else ()))
        names = ("config.json", *_TOKENIZER_FILES, *more)
        paths = {path for name in names for path in self.folder.glob(name) if path.is_file()}
        return sha256_json([[p.name, _sha256(p)] for p in sorted(paths)])


def embedded_checkpoint() -> Checkpoint:
    """The checkpoint that is part of the package."""
    return local_checkpoint(EMBEDDED, name="embedded")


def find_checkpoint(name: str, revision: str | None, *, code: bool, convert: bool = False) -> Checkpoint:
    """The checkpoint in a folder of that name, or else on the hub. It is fetched if it is not in the cache.

    With `code`, the Python files of a hub checkpoint are fetched too. With `convert`, pickled weights are
    used if there are no others. Raises `ModelError` as `local_checkpoint` and `hub_checkpoint` do, and also
    for a revision of a local folder and for a name that cannot be a path.
    """
    folder, is_there = _local_path(name)
    a_path = name.startswith(("~", ".")) or folder.is_absolute() or name.count("/") != 1
    if not a_path and not is_there:
        return hub_checkpoint(name, revision, code=code, convert=convert)
    if revision is not None:
        raise ModelError(f"{name} is a local folder, which has no revision {revision!r}")
    return local_checkpoint(folder, name=name, convert=convert)


def _local_path(name: str) -> tuple[Path, bool]:
    """The path of that name, and whether it exists. Raises `ModelError` if it cannot be looked up."""
    shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
    try:
        path = Path(name).expanduser()
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path, False
    except OSError as error:
        raise ModelError(f"{shown!r} cannot be looked up: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{shown!r} cannot be a path: {error}") from error
    except RuntimeError as error:
        raise ModelError(f"{shown!r}: there is no such user") from error
    return path, True


def hub_checkpoint(name: str, revision: str | None, *, code: bool, convert: bool = False) -> Checkpoint:
    """The checkpoint in a hub repository. Its files are fetched, or found in the hub's cache.

    Pickle files are fetched only with `convert`, and only if there are no safetensors weights. Raises
    `ModelError` if the repository or the revision does not exist, if the hub cannot be reached and the files
    are not cached, and for everything that `local_checkpoint` refuses.
    """
    full = f"{name}@{revision}" if revision else name
    patterns = [*_HUB_FILES, *(("*.py",) if code else ())]
    path = hub_files(name, revision, patterns)
    if convert and not (path / _SINGLE).is_file() and not (path / _INDEX).is_file():
        path = hub_files(name, revision, [*patterns, *_HUB_PICKLES])
    return local_checkpoint(path, name=full, revision=path.name, repository=name, convert=convert)


def hub_files(name: str, revision: str | None, patterns: list[str]) -> Path:
    """The folder with the files of a hub repository that match the patterns. Raises `ModelError`."""
    import huggingface_hub
    from huggingface_hub import errors

    full = f"{name}@{revision}" if revision else name
    try:
        return Path(huggingface_hub.snapshot_download(name, revision=revision, allow_patterns=patterns))
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{name} has no revision {revision!r} on the hub") from error
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{name} is gated; ask for access on its page, then log in (hf auth login)"
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(f"there is no {name} on the hub, or it is private") from error
    except errors.HFValidationError as error:
        raise ModelError(f"{name!r} is neither a folder here nor a hub name (ORG/NAME)") from error
    except Exception as error:  # the hub's client has many errors; most mean that it cannot be reached
        raise ModelError(
            f"{full} is neither a folder here nor in the local cache, and the hub cannot be reached "
            f"({type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else '-'})"
        ) from error


def local_checkpoint(
    folder: Path,
    *,
    name: str | None = None,
    revision: str | None = None,
    repository: str | None = None,
    convert: bool = False,
) -> Checkpoint:
    """The checkpoint in a folder. Nothing is loaded. `repository` is its name on the hub, if it has one.

    Raises `ModelError` if the folder, its config.json or its weights are missing or cannot be read, and for
    git-lfs pointers. Pickled weights, if there are no others, are converted with `convert`. Without it, the
    message of the `ModelError` says what can be done.
    """
    name = name or str(folder)
    if not folder.exists():
        advice = "" if {"/", os.sep} & {*name} else "; a checkpoint on the hub is named ORG/NAME"
        raise ModelError(f"{name}: there is no such folder{advice}")
    if not folder.is_dir():
        raise ModelError(file_hint(folder, name))
    refuse_pointers(
        (path for pattern in ("config.json", *_TOKENIZER_FILES) for path in folder.glob(pattern)), name
    )
    _refuse_irregular(folder, name)
    config_path = folder / "config.json"
    if not config_path.is_file():
        adapter = " (this is an adapter; merge it into its base model first)"
        hint = adapter if (folder / "adapter_config.json").is_file() else ""
        if files := sorted(path.name for path in folder.glob("*.gguf")):
            hint = f"; to read a GGUF file, name the file: causal:{name.rstrip('/')}/{files[0]}"
        raise ModelError(f"{name} has no config.json, so it is not a transformers checkpoint{hint}")
    # Without a vocabulary, transformers silently makes a tokenizer that knows no words.
    if not any(path for pattern in _VOCABULARIES for path in folder.glob(pattern)) and not _reads_bytes(
        folder, name
    ):
        raise ModelError(f"{name} has no tokenizer: it needs one of {', '.join(_VOCABULARIES)}")
    return Checkpoint(
        folder=folder,
        name=name,
        revision=revision,
        config=read_configuration(config_path, name),
        weight_files=_weight_files(folder, name, repository, convert=convert),
        card=read_card(folder / "README.md"),
    )


def _reads_bytes(folder: Path, name: str) -> bool:
    """Whether the tokens of a checkpoint are bytes. Raises `ModelError` if its settings cannot be read."""
    path = folder / "tokenizer_config.json"
    return path.is_file() and read_configuration(path, name).get("tokenizer_class") in _BYTES


def _refuse_irregular(folder: Path, name: str) -> None:
    """Raises ModelError for a pipe, a device or a folder with a file's name, which libraries handle badly."""
    for path in sorted({path for pattern in _HUB_FILES for path in folder.glob(pattern)}):
        if path.name == "README.md":  # a card that cannot be read is no error
            continue
        try:
            problem = "it is a folder" if path.is_dir() else irregular(path)
        except OSError as error:
            problem = error.strerror
        if problem is not None:
            raise ModelError(f"{name}: {path.name} cannot be read: {problem}")


def file_hint(path: Path, name: str) -> str:
    """An error message for a file that is given as a model. It says what to write instead."""
    if path.suffix == ".gguf":
        return f"{name} is a GGUF file; write -m causal:{name}"
    if (path.parent / "config.json").is_file():
        parent = name.rstrip("/").rpartition("/")[0] or ("/" if path.is_absolute() else ".")
        spelling = parent if "/" in parent or parent in {".", "~"} else f"./{parent}"
        return f"{name} is a file of a checkpoint; name the checkpoint's folder: -m {spelling}"
    if path.suffix in {".json", ".jsonl", ".csv", ".tsv", ".gz"}:
        return (
            f"{name} is a file, and a checkpoint is a folder with config.json and weights; if it holds "
            f"predictions, write -m predictions:{name}"
        )
    return f"{name} is a file; name the folder that holds config.json and the weights"


# ------------------------------------------------------------------------------------------ weights


def _weight_files(folder: Path, name: str, repository: str | None, *, convert: bool) -> tuple[Path, ...]:
    if found := _whole_or_shards(folder, name, _SINGLE, _INDEX):
        refuse_pointers(found, name)
        return found
    if convert and (found := _whole_or_shards(folder, name, _PICKLE, _PICKLE_INDEX)):
        refuse_pointers(found, name)
        return tuple(_converted(path, name) for path in found)
    pickles = sorted({p.name for pattern in _PICKLES for p in folder.glob(pattern)})
    refuse_pointers((folder / file for file in pickles), name)
    raise ModelError(_no_weights(name, repository, pickles))


def _whole_or_shards(folder: Path, name: str, single: str, index: str) -> tuple[Path, ...]:
    """The single file, or the files that the index names; empty if there is neither.

    Raises `ModelError` for an index that cannot be used.
    """
    if (path := folder / single).is_file():
        return (path,)
    if not (path := folder / index).is_file():
        return ()
    refuse_pointers([path], name)
    shards = read_configuration(path, name).get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(isinstance(v, str) for v in shards.values()):
        raise ModelError(f"{name}: {index} has no weight_map from names to files")
    files = sorted(set(shards.values()))
    for file in files:
        if not _is_inside(folder, file):
            raise ModelError(
                f"{name}: {index} names {file[:_SHOWN]!r}, which is not in the checkpoint's folder"
            )
    if missing := [file for file in files if not (folder / file).is_file()]:
        raise ModelError(f"{name}: {index} names {', '.join(missing)}, which does not exist")
    return tuple(folder / file for file in files)


def _is_inside(folder: Path, file: str) -> bool:
    """Whether a file that an index names is in the folder, after links are followed.

    In the hub's cache every file is a link from the snapshot's folder to a blob of the same repository.
    """
    posix, windows = PurePosixPath(file), PureWindowsPath(file)
    if posix.is_absolute() or windows.drive or windows.root or ".." in (*posix.parts, *windows.parts):
        return False
    root = folder.resolve()
    roots = [root]
    if root.parent.name == "snapshots" and _SNAPSHOT.fullmatch(root.parent.parent.name):
        roots.append(root.parent.parent / "blobs")
    try:
        target = (folder / file).resolve()
        target.exists()  # raises for a name that is too long
    except (OSError, ValueError, RuntimeError):  # a circle of links, or not a path
        return False
    return any(target.is_relative_to(allowed) for allowed in roots)


def _converted(path: Path, name: str) -> Path:
    from qa_eval.models.checkpoint.conversion import safetensors_copy

    return safetensors_copy(path, _sha256(path), name)


def _no_weights(name: str, repository: str | None, pickles: list[str]) -> str:
    """A message that says why there are no weights to read, and what can be done."""
    revision = f"hf:{repository or 'ORG/NAME'}@refs/pr/N"
    ways = (
        f"name a revision that has safetensors, which a pull request often adds ({revision}), or give "
        "--convert-weights, which reads only the tensors and keeps a safetensors copy in the cache folder"
    )
    only = f"{name} has only {', '.join(pickles)}; such files can run code when they are opened"
    if any(re.fullmatch(r"pytorch_model.*\.bin", file) for file in pickles):
        return f"{only}. Either {ways}"
    if pickles:
        return f"{only}. Convert it (model.save_pretrained writes safetensors) and try again"
    missing = f"{name} has no weights: it has neither {_SINGLE} nor {_INDEX}"
    return f"{missing}. If the repository has {_PICKLE}, {ways}" if repository else missing


def _sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes. A process reads a file again only if its size or time has changed.

    Raises `ModelError` for a file that cannot be read.
    """
    try:
        status = path.stat()
        key = (str(path.resolve()), status.st_size, status.st_mtime_ns)
        if key not in _hashes:
            _hashes[key] = sha256_files([path])
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    return _hashes[key]
