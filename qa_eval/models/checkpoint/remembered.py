"""Results of examining checkpoints, kept so that a run whose answers are all in the cache loads nothing.

Examining a checkpoint, to find its identity and its decoding options, needs torch and transformers. Importing
them takes longer than such a whole run. The results are kept in the cache folder under a key of everything
that they depend on. They only identify a model: if a question has no answer in the cache, the checkpoint is
examined again.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import qa_eval
from qa_eval.errors import ModelError
from qa_eval.files.hashes import sha256_json
from qa_eval.files.paths import cache_folder
from qa_eval.models.checkpoint.checkpoints import Checkpoint
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.reader import READING_VERSION, SpanModel, SpanReader
from qa_eval.records import Decoding, Instance, ModelInfo, Prediction, Runtime

_EXAMINING = 3
"""Version of examining, which is part of the key. It must rise when examining finds or refuses more."""
_LIBRARIES = (
    "torch",
    "transformers",
    "tokenizers",
    "sentencepiece",
    "protobuf",
    "onnxruntime",
    "onnx",
    "onnxscript",
)


class RememberedModel:
    """A model that was examined earlier. It is examined again when it has to answer."""

    def __init__(self, info: ModelInfo, decoding: Decoding, examine: Callable[[], SpanModel]) -> None:
        self.info = info
        self.decoding: Decoding | None = decoding
        self._examine = examine
        self._model: SpanModel | None = None

    @property
    def reader(self) -> SpanReader:
        """Reader of the model. Raises as examining does."""
        return self._examined().reader

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """As `SpanModel.predict`. Raises `ModelError` also if the machine has changed in between."""
        return self._examined().predict(instances)

    def unload(self) -> None:
        """As `SpanModel.unload`."""
        if self._model is not None:
            self._model.unload()

    def _examined(self) -> SpanModel:
        if self._model is None:
            model = self._examine()
            if (model.info, model.decoding) != (self.info, self.decoding):
                raise ModelError(
                    f"{self.info.spec} has backend {model.info.backend} now, but had {self.info.backend} "
                    "when it was last examined; run the command again"
                )
            self._model = model
        return self._model


def remembered(
    spec: ModelSpec,
    checkpoint: Checkpoint,
    decoding: Decoding,
    runtime: Runtime,
    examine: Callable[[ModelSpec, Checkpoint, Decoding, Runtime], SpanModel],
) -> SpanModel | RememberedModel:
    """The model, from the kept result or else examined now. A new result is kept.

    Errors of `examine` are raised. A result that cannot be read or written is ignored.
    """
    path = cache_folder() / "checkpoints" / f"{_key(spec, checkpoint, decoding, runtime)}.json"

    def examine_and_keep() -> SpanModel:
        model = examine(spec, checkpoint, decoding, runtime)
        _keep(path, model)
        return model

    if (known := _read(path)) is not None:
        return RememberedModel(*known, examine_and_keep)
    return examine_and_keep()


def _key(spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime) -> str:
    return sha256_json(
        {
            "spec": str(spec),
            "checkpoint": [checkpoint.name, checkpoint.revision, checkpoint.weights_sha256],
            "files": checkpoint.files_sha256(code=runtime.trust_remote_code),
            "card": asdict(checkpoint.card),
            "decoding": asdict(decoding),
            "runtime": asdict(runtime),
            # The device that `auto` chooses depends on the machine and on the visible devices.
            "machine": [platform.node(), os.environ.get("CUDA_VISIBLE_DEVICES")],
            "versions": [qa_eval.__version__, READING_VERSION, _EXAMINING, *map(_version, _LIBRARIES)],
        }
    )[:32]


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _read(path: Path) -> tuple[ModelInfo, Decoding] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["sha256"] != sha256_json([found["info"], found["decoding"]]):
            return None
        return ModelInfo(**found["info"]), Decoding(**found["decoding"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _keep(path: Path, model: SpanModel) -> None:
    if model.decoding is None:
        return
    info, decoding = asdict(model.info), asdict(model.decoding)
    text = json.dumps({"info": info, "decoding": decoding, "sha256": sha256_json([info, decoding])})
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            made.write_text(text, "utf-8")
            made.replace(path)
