"""GGUF files, the format of llama.cpp, as far as transformers reads them.

One file holds the configuration, the tokenizer, the chat template and the weights. The weights often have few
bits. transformers turns them into full numbers, so answers may differ a little from those of llama.cpp.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel

from qa_eval.errors import ModelError, first_line
from qa_eval.files.hashes import sha256_files, sha256_json
from qa_eval.files.paths import irregular
from qa_eval.models.checkpoint.cards import Card, read_card
from qa_eval.models.checkpoint.checkpoints import hub_files
from qa_eval.models.generation.language_checkpoints import Parts, own_tokens, template_of, wrong_kind
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.torch_settings import quiet

_LIBRARIES = ("gguf", "accelerate")
"""Libraries of the extra `generative`, with which transformers reads the files."""
_MAGIC = b"GGUF"


def gguf_parts(spec: ModelSpec) -> Parts:
    """The parts of a GGUF file, of this machine or of a hub repository (`ORG/NAME/FILE.gguf`).

    Raises `ModelError` if the file does not exist or cannot be read, if transformers does not know its
    architecture, and if a library of the extra `generative` is missing.
    """
    if spec.kind != "causal":
        raise ModelError(f"{spec.name}: GGUF files are read as causal models only; write causal:{spec.name}")
    if missing := [name for name in _LIBRARIES if importlib.util.find_spec(name) is None]:
        raise ModelError(
            f"{spec.name}: reading GGUF files needs {' and '.join(missing)}; install the extra: "
            "pip install 'qa-eval[generative]'"
        )
    path, revision, card = _found(spec)
    name = spec.name

    def read(what: str, read_it: Callable[..., Any]) -> Any:  # noqa: ANN401
        try:
            # The bar of this reader is not one that transformers can switch off.
            with contextlib.redirect_stderr(io.StringIO()):
                return read_it(path.parent, gguf_file=path.name, local_files_only=True)
        except Exception as error:  # a damaged or unknown file may raise anything
            raise ModelError(f"{name}: its {what} cannot be read: {first_line(error)}") from error

    with quiet():
        config = read("configuration", transformers.AutoConfig.from_pretrained)
        if wrong := wrong_kind(spec, config, ()):
            raise ModelError(f"{name} {wrong}")
        built = read("tokenizer", transformers.AutoTokenizer.from_pretrained)
        model_class: Any = transformers.AutoModelForCausalLM
        with torch.device("meta"):
            skeleton = model_class.from_config(config)

    def load(dtype: torch.dtype) -> PreTrainedModel:
        def from_file(*place: Any, **options: Any) -> Any:  # noqa: ANN401
            return model_class.from_pretrained(
                *place, **options, config=config, dtype=dtype, output_loading_info=True
            )

        model, report = read("weights", from_file)
        if missing := sorted(report["missing_keys"]):
            raise ModelError(
                f"{name} is incomplete: it lacks {len(missing)} tensors of {type(model).__name__}, such as "
                f"{missing[0]}"
            )
        loaded: PreTrainedModel = model
        return loaded

    digest = sha256_files([path])
    return Parts(
        name=name,
        given={},
        generation={},
        config=config,
        skeleton=skeleton,
        load=load,
        built=built,
        tokens=own_tokens(built),
        longest=None,
        template=template_of(name, built),
        note="the weights of the GGUF file are turned into full numbers",
        revision=revision,
        weights_sha256=digest,
        files_sha256=sha256_json([digest]),
        license=card.license,
    )


def _found(spec: ModelSpec) -> tuple[Path, str | None, Card]:
    """The file, its commit on the hub, and the card next to it."""
    name = spec.name
    path, revision = Path(name).expanduser(), None
    parts = name.split("/")
    if not path.exists() and len(parts) == 3 and parts[0] not in {"", ".", "..", "~"}:
        folder = hub_files(f"{parts[0]}/{parts[1]}", spec.revision, [parts[2], "README.md"])
        path, revision = folder / parts[2], folder.name
        if not path.is_file():
            raise ModelError(f"{parts[0]}/{parts[1]} has no file {parts[2]} on the hub")
    elif spec.revision is not None:
        raise ModelError(f"{name} is a local file, which has no revision {spec.revision!r}")
    if not path.exists():
        raise ModelError(f"{name}: there is no such file")
    problem = "it is a folder" if path.is_dir() else irregular(path)
    if problem is None:
        try:
            with path.open("rb") as file:
                start = file.read(4)
        except OSError as error:
            problem = error.strerror
        else:
            problem = None if start == _MAGIC else f"it does not begin with GGUF but with {start!r}"
    if problem is not None:
        raise ModelError(f"{name} cannot be read: {problem}")
    return path, revision, read_card(path.parent / "README.md")
