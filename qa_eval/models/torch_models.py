"""Extractive question answering by torch: the forward pass, and the model around it.

This module does not import transformers, so that the embedded model starts quickly.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from qa_eval.errors import ModelError, SpecError, first_line
from qa_eval.files.hashes import sha256_json
from qa_eval.models.checkpoint.architectures import ONE_AT_A_TIME, UNPADDED
from qa_eval.models.checkpoint.checkpoints import Checkpoint
from qa_eval.models.checkpoint.tokenizer_files import TextTokenizer
from qa_eval.models.declarations import declaring_spec
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.reader import READING_VERSION, Floats, OutOfMemoryError, SpanModel, SpanReader
from qa_eval.models.reading.windows import Windower, WindowError
from qa_eval.models.torch_settings import (
    DTYPE_OPTION,
    backend_name,
    batch_tokens,
    chosen_device,
    chosen_dtype,
    fixed_sums,
)
from qa_eval.records import Declaration, Decoding, ModelInfo, Runtime

_OPTIONS = ("unanswerable", DTYPE_OPTION)
"""Options of a spec."""
_MOST_WORKERS = 8
"""Greatest number of workers. More would wait, because one thread at a time runs Python's part of a forward
pass.
"""


def unanswerable_of(spec: ModelSpec, checkpoint: Checkpoint) -> tuple[bool, Declaration]:
    """Whether the model was trained with unanswerable questions, and the place that declares it.

    The spec's option comes before the card. Without a declaration the result is False. Raises `SpecError` for
    unknown options, and `ModelError` if the card, which would decide, cannot be read.
    """
    spec.refuse_options_besides(_OPTIONS)
    given = spec.option("unanswerable")
    if given is None:
        if (problem := checkpoint.card.problem) is not None:
            raise ModelError(
                f"{checkpoint.name}: {problem}. The card would declare whether the model was trained with "
                f"unanswerable questions; if it was, write {declaring_spec(spec)}, otherwise =false"
            )
        declared = checkpoint.card.unanswerable
        return declared is True, "undeclared" if declared is None else "card"
    if given not in {"true", "false"}:
        raise SpecError(f"{spec}: unanswerable must be true or false, not {given!r}")
    return given == "true", "option"


def fitted(checkpoint: Checkpoint, decoding: Decoding, positions: int | None) -> Decoding:
    """The decoding options in effect. Windows are at most as long as the model has positions.

    Raises `ModelError` if the overlap of windows is not shorter than that.
    """
    if positions is None or positions >= decoding.max_length:
        return decoding
    if positions <= decoding.doc_stride:
        raise ModelError(
            f"{checkpoint.name} reads at most {positions} tokens at once, which is not more than the overlap "
            f"of windows (doc_stride {decoding.doc_stride}); give a smaller --doc-stride"
        )
    return replace(decoding, max_length=positions)


def windower_of(
    checkpoint: Checkpoint, tokenizer: TextTokenizer, decoding: Decoding, *, null: bool
) -> Windower:
    """What cuts texts into windows. `null`: whether the first token can represent "no answer".

    Raises `ModelError` if the tokenizer cannot make windows.
    """
    try:
        return Windower(
            tokenizer.backend_tokenizer,
            max_length=decoding.max_length,
            doc_stride=decoding.doc_stride,
            null_id=tokenizer.cls_token_id if null else None,
        )
    except WindowError as error:
        raise ModelError(f"{checkpoint.name}: {error}") from error


def span_model(
    spec: ModelSpec,
    checkpoint: Checkpoint,
    decoding: Decoding,
    runtime: Runtime,
    load: Callable[[], TorchForward],
    *,
    declared: tuple[bool, Declaration],
    config: Any,  # noqa: ANN401
    tokenizer: TextTokenizer,
    windower: Windower,
    parameters: int,
) -> SpanModel:
    """The model of a checkpoint that was examined.

    Args:
        spec: Name of the model.
        checkpoint: Files of the model.
        decoding: Decoding options in effect.
        runtime: Choices of how to compute.
        load: Loads the forward pass.
        declared: What `unanswerable_of` gives.
        config: Configuration of the model, with an attribute `model_type`.
        tokenizer: Tokenizer of the model.
        windower: Cuts texts into windows.
        parameters: Number of the model's parameters.
    """
    unanswerable, declaration = declared
    device, dtype = chosen_device(runtime), chosen_dtype(runtime)
    kind = config.model_type
    apart = not runtime.deterministic and device.type == "cpu" and kind not in ONE_AT_A_TIME
    reader = SpanReader(
        windower,
        decoding,
        load,
        null=unanswerable,
        pad_id=tokenizer.pad_token_id or 0,
        batch_tokens=runtime.batch_tokens
        or batch_tokens(device, dtype, config, parameters=parameters, length=decoding.max_length),
        alone=runtime.deterministic,
        pad=kind not in UNPADDED,
        workers=_workers() if apart else None,
    )
    has_null = unanswerable and windower.has_null
    weights = checkpoint.weights_sha256
    files = checkpoint.files_sha256(code=runtime.trust_remote_code)
    info = ModelInfo(
        spec=str(spec),
        kind=spec.kind,
        name=spec.name,
        revision=checkpoint.revision,
        weights_sha256=weights,
        fingerprint=sha256_json(
            {"weights": weights, "files": files, "null": has_null, "reading": READING_VERSION}
        ),
        parameters=parameters,
        no_null_head=not has_null,
        declaration=declaration if windower.has_null else None,
        license=checkpoint.card.license,
        backend=backend_name(device, dtype),
        tokenizer_note=tokenizer.note,
    )
    return SpanModel(info, decoding, reader)


class TorchForward:
    """A loaded model as a `Forward`.

    The model takes `input_ids`, `attention_mask` and perhaps `token_type_ids`. Its result has `start_logits`
    and `end_logits`.
    """

    def __init__(
        self, model: Callable[..., Any], runtime: Runtime, device: torch.device, *, takes_types: bool
    ) -> None:
        """Takes a model that is on the device."""
        self._model = model
        self._device = device
        self._takes_types = takes_types
        self._deterministic = runtime.deterministic

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        inputs = {"input_ids": ids, "attention_mask": mask} | (
            {"token_type_ids": types} if self._takes_types else {}
        )
        tensors = {name: torch.from_numpy(array).to(self._device) for name, array in inputs.items()}
        try:
            with torch.inference_mode(), fixed_sums() if self._deterministic else contextlib.nullcontext():
                output = self._model(**tensors)
                both = torch.stack([output.start_logits, output.end_logits]).float().cpu().numpy()
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise OutOfMemoryError(first_line(error)) from error
        if both.shape[1:] != ids.shape:
            raise RuntimeError(f"the model gives logits of shape {both.shape[1:]} for input {ids.shape}")
        return both[0], both[1]


def _workers() -> Callable[[], contextlib.AbstractContextManager[Executor]] | None:
    """Threads, each with cores of its own, for different windows; None if there is a single core.

    Threads that share the sums of one window would wait for each other at every layer, most of all on a busy
    machine.
    """
    cores = torch.get_num_threads()
    count = min(cores, _MOST_WORKERS)
    if count == 1:
        return None

    @contextlib.contextmanager
    def pool() -> Iterator[Executor]:
        # The number of threads is set for the calling thread, but in some libraries also for the process.
        before = torch.get_num_threads()
        threads = ThreadPoolExecutor(count, "qa-eval", torch.set_num_threads, (cores // count,))
        try:
            yield threads
        finally:
            threads.shutdown(cancel_futures=True)
            torch.set_num_threads(before)

    return pool
