"""Extractive question-answering checkpoints of transformers, computed by torch.

The embedded model, local folders and hub checkpoints take the same way. A `Checkpoint` on disk is examined
without loading its weights: tokenizer, architecture, head and positions. The result is a `SpanReader` whose
forward pass is torch's.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from transformers.models.auto import modeling_auto

from qa_eval.errors import ModelError, SpecError, first_line
from qa_eval.files.hashes import sha256_json
from qa_eval.models.checkpoint.architectures import (
    ONE_AT_A_TIME,
    SEGMENTED,
    UNPADDED,
    UNSUPPORTED,
    wrong_config,
    wrong_setting,
)
from qa_eval.models.checkpoint.block_sparse import BlockSparse
from qa_eval.models.checkpoint.built_tokenizers import text_tokenizer
from qa_eval.models.checkpoint.checkpoints import Checkpoint
from qa_eval.models.checkpoint.tokenizer_files import TextTokenizer
from qa_eval.models.checkpoint.weights import (
    check_vocabulary,
    embedding_rows,
    empty_model,
    load_model,
    parameters,
)
from qa_eval.models.declarations import declaring_spec
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.reader import READING_VERSION, Floats, OutOfMemoryError, SpanModel, SpanReader
from qa_eval.models.reading.windows import Template, Windower, WindowError
from qa_eval.models.torch_settings import (
    backend_name,
    batch_tokens,
    chosen_device,
    chosen_dtype,
    fixed_sums,
    quiet,
)
from qa_eval.records import Declaration, Decoding, ModelInfo, Runtime

_OPTIONS = ("unanswerable",)
"""Options of a spec."""
_TWO_SIDED = ("xlnet",)
"""Types that transformers lists as generators although every position sees all others when they read."""
_LENGTHS = (
    "max_position_embeddings",
    "max_encoder_position_embeddings",
    "max_decoder_position_embeddings",
    "n_positions",
    "max_seq_len",
)
_MOST_WORKERS = 8
"""Greatest number of workers. More would wait, because one thread at a time runs Python's part of a forward
pass.
"""
_OPSET = 23
"""Version of ONNX's operators: the first that has attention as one operator."""
_UNMASKED = "qa_eval_unmasked"
"""Name under which transformers finds the attention that graphs are made with."""
_NO_LIMIT = 1_000_000
"""Length from which a limit counts as none. Tokenizers without a limit report 1e30, and no table of positions
is this long."""


def examine(spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime) -> SpanModel:
    """The model of a checkpoint, checked as far as possible without loading its weights.

    Raises `ModelError`, with the reason, for a checkpoint that cannot be used, and `SpecError` for unknown
    options.
    """
    unanswerable, declaration = _unanswerable(spec, checkpoint)
    device, dtype = chosen_device(runtime), chosen_dtype(runtime)
    with quiet():
        config = _config(checkpoint, runtime)
        skeleton = empty_model(checkpoint, config, runtime)
        knows_types = _knows_types(skeleton)
        tokenizer = text_tokenizer(checkpoint, config, runtime, types=knows_types)
    check_vocabulary(checkpoint, tokenizer.backend_tokenizer, embedding_rows(skeleton))
    decoding = _fitted(checkpoint, decoding, _positions(skeleton, config, tokenizer))
    try:
        windower = Windower(
            tokenizer.backend_tokenizer,
            max_length=decoding.max_length,
            doc_stride=decoding.doc_stride,
            null_id=None if _is_causal(config) else tokenizer.cls_token_id,
        )
    except WindowError as error:
        raise ModelError(f"{checkpoint.name}: {error}") from error
    if knows_types:
        _check_types(checkpoint, config, windower.template)
    apart = not runtime.deterministic and device.type == "cpu" and config.model_type not in ONE_AT_A_TIME
    reader = SpanReader(
        windower,
        decoding,
        lambda: TorchForward(
            lambda: load_model(checkpoint, skeleton, config, dtype), runtime, device, takes_types=knows_types
        ),
        null=unanswerable,
        pad_id=tokenizer.pad_token_id or 0,
        batch_tokens=runtime.batch_tokens
        or batch_tokens(device, dtype, config, parameters=parameters(skeleton), length=decoding.max_length),
        alone=runtime.deterministic,
        pad=config.model_type not in UNPADDED,
        workers=_workers() if apart else None,
    )
    has_null = unanswerable and windower.has_null
    info = _info(
        spec,
        checkpoint,
        runtime,
        device,
        dtype,
        parameters=parameters(skeleton),
        has_null=has_null,
        note=tokenizer.note,
    )
    return SpanModel(replace(info, declaration=declaration if windower.has_null else None), decoding, reader)


def _info(
    spec: ModelSpec,
    checkpoint: Checkpoint,
    runtime: Runtime,
    device: torch.device,
    dtype: torch.dtype,
    *,
    parameters: int,
    has_null: bool,
    note: str | None,
) -> ModelInfo:
    weights = checkpoint.weights_sha256
    files = checkpoint.files_sha256(code=runtime.trust_remote_code)
    return ModelInfo(
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
        license=checkpoint.card.license,
        backend=backend_name(device, dtype),
        tokenizer_note=note,
    )


# ------------------------------------------------------------------------------------------ the options


def _unanswerable(spec: ModelSpec, checkpoint: Checkpoint) -> tuple[bool, Declaration]:
    """Whether the model was trained with unanswerable questions, and the place that declares it.

    The spec's option comes before the card. Without a declaration the result is False. Raises `ModelError` if
    the card, which would decide, cannot be read.
    """
    for key, _ in spec.options:
        if key not in _OPTIONS:
            raise SpecError(f"{spec}: no option is called {key!r}; the options are {', '.join(_OPTIONS)}")
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


# --------------------------------------------------------------------------------- the checkpoint


def _config(checkpoint: Checkpoint, runtime: Runtime) -> PreTrainedConfig:
    """The configuration. Raises `ModelError` if its architecture has no question-answering head."""
    if wrong := wrong_config(checkpoint.config, len(checkpoint.tensors)):
        raise ModelError(f"{checkpoint.name}: config.json: {wrong}")
    kind = checkpoint.config.get("model_type")
    remote = "AutoModelForQuestionAnswering" in (checkpoint.config.get("auto_map") or {})
    known = kind in transformers.CONFIG_MAPPING
    if not remote and kind in UNSUPPORTED:
        raise ModelError(f"{checkpoint.name} is of type {kind!r}: {UNSUPPORTED[kind]}")
    if (
        not runtime.trust_remote_code
        and remote
        and kind not in modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES
    ):
        raise ModelError(
            f"{checkpoint.name} brings its own code; read it, then allow it to run with --trust-remote-code"
        )
    if kind is None and not remote:
        raise ModelError(f"{checkpoint.name}: config.json has no model_type, so its architecture is unknown")
    if not known and not remote:
        raise ModelError(
            f"{checkpoint.name}: transformers {transformers.__version__} does not know model type {kind!r}"
        )
    try:
        config: PreTrainedConfig = transformers.AutoConfig.from_pretrained(
            checkpoint.folder, trust_remote_code=runtime.trust_remote_code, local_files_only=True
        )
    except Exception as error:  # a wrong configuration may raise anything
        raise ModelError(f"{checkpoint.name}: config.json cannot be used: {first_line(error)}") from error
    if not remote and type(config) not in transformers.MODEL_FOR_QUESTION_ANSWERING_MAPPING:
        raise ModelError(
            f"{checkpoint.name} is of type {kind!r}, which has no question-answering head in transformers"
        )
    if wrong := wrong_setting(config.to_dict()):
        raise ModelError(f"{checkpoint.name} is of type {kind!r}: {wrong}")
    return config


def _is_causal(config: PreTrainedConfig) -> bool:
    """Whether a position sees only the ones before it, so that the first cannot represent "no answer"."""
    kind = config.model_type
    if getattr(config, "is_encoder_decoder", False):
        return False
    if getattr(config, "is_decoder", False) or getattr(config, "causal", False):
        return True
    return (
        kind in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
        and kind not in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
        and kind not in _TWO_SIDED
    )


def _knows_types(skeleton: PreTrainedModel) -> bool:
    """Whether the model takes token types and distinguishes more than one.

    The model decides, not the tokenizer's class. A model with a single type is given no types: it reads every
    token as type 0, whatever the tokenizer's template says.
    """
    config = skeleton.config
    if "token_type_ids" not in inspect.signature(type(skeleton).forward).parameters:
        return False
    return config.model_type in SEGMENTED or (getattr(config, "type_vocab_size", None) or 0) > 1


def _check_types(checkpoint: Checkpoint, config: PreTrainedConfig, template: Template) -> None:
    """Raises `ModelError` if the template has a token type that the model's table lacks.

    The model cannot have been trained with such a template.
    """
    known, highest = getattr(config, "type_vocab_size", None) or 0, max(template.types)
    if config.model_type not in SEGMENTED and highest >= known:
        raise ModelError(
            f"{checkpoint.name}: its tokenizer gives token type {highest}, but the model knows only 0 to "
            f"{known - 1} (type_vocab_size {known} in config.json)"
        )


def _positions(skeleton: PreTrainedModel, config: PreTrainedConfig, tokenizer: TextTokenizer) -> int | None:
    """The length of the longest input of the model, in tokens; None if no limit is known.

    It is the least of the limits in the configuration, the table of positions and the tokenizer. Models of
    the RoBERTa family count positions from just after their padding index, so the rows up to it are never
    used.
    """
    limits: list[int | None] = [tokenizer.model_max_length]
    for key in _LENGTHS:
        value = getattr(config, key, None)
        limits.append(value if isinstance(value, int) else None)
    for name, module in skeleton.named_modules():
        padding, table = getattr(module, "padding_idx", None), getattr(module, "weight", None)
        if name.endswith("position_embeddings") and padding is not None and table is not None:
            limits.append(len(table) - padding - 1)
    known = [int(limit) for limit in limits if limit is not None and 0 < limit < _NO_LIMIT]
    return min(known) if known else None


def _fitted(checkpoint: Checkpoint, decoding: Decoding, positions: int | None) -> Decoding:
    """The decoding options in effect. Windows are at most as long as the model has positions."""
    if positions is None or positions >= decoding.max_length:
        return decoding
    if positions <= decoding.doc_stride:
        raise ModelError(
            f"{checkpoint.name} reads at most {positions} tokens at once, which is not more than the overlap "
            f"of windows (doc_stride {decoding.doc_stride}); give a smaller --doc-stride"
        )
    return replace(decoding, max_length=positions)


# -------------------------------------------------------------------------------------- the forward pass


class TorchForward:
    """A loaded model of transformers as a `Forward`."""

    def __init__(
        self,
        load: Callable[[], PreTrainedModel],
        runtime: Runtime,
        device: torch.device,
        *,
        takes_types: bool,
    ) -> None:
        self._device = device
        self._takes_types = takes_types
        self._deterministic = runtime.deterministic
        with quiet():
            model: Any = load()
        if getattr(model.config, "use_cache", False):
            model.config.use_cache = False  # the cache serves a next token, which reading does not have
        self._model = model.to(device).eval()
        self._sparse = BlockSparse.of(self._model)

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        inputs = {"input_ids": ids, "attention_mask": mask} | (
            {"token_type_ids": types} if self._takes_types else {}
        )
        tensors = {name: torch.from_numpy(array).to(self._device) for name, array in inputs.items()}
        if self._sparse is not None:
            self._sparse.fit(ids.shape[1])
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

    def export(self, path: Path) -> None:
        """Writes the model as an ONNX graph. Errors of torch are raised. The model cannot be used afterwards.

        The graph takes batches of any size and length. All windows of a batch must have the same length,
        because the graph has no padding mask.
        """
        names = ["input_ids", *(("token_type_ids",) if self._takes_types else ())]
        # Each input needs a tensor of its own, because one tensor given twice would become one input.
        example = tuple(torch.zeros(2, 16, dtype=torch.long) + n for n, _ in enumerate(names))
        if self._model.config._attn_implementation == "sdpa":
            AttentionInterface.register(_UNMASKED, sdpa_attention_forward)
            AttentionMaskInterface.register(_UNMASKED, _unpadded_mask)
            self._model.set_attn_implementation(_UNMASKED)
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)  # the exception says the same
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), quiet():
                warnings.simplefilter("ignore")
                program: Any = torch.onnx.export(
                    _LogitsOnly(self._model, names).eval(),
                    example,
                    dynamo=True,
                    verbose=False,
                    opset_version=_OPSET,
                    input_names=names,
                    output_names=["start_logits", "end_logits"],
                    dynamic_shapes=(tuple({0: "batch", 1: "sequence"} for _ in names),),
                )
                program.save(str(path))
        finally:
            logging.disable(before)


class _LogitsOnly(torch.nn.Module):
    """A model that takes tensors and returns two tensors, so that a graph can be made of it."""

    def __init__(self, model: Any, names: Sequence[str]) -> None:  # noqa: ANN401
        super().__init__()
        self.model = model
        self.names = tuple(names)

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        given = dict(zip(self.names, inputs, strict=True))
        output = self.model(attention_mask=torch.ones_like(inputs[0]), **given)
        return output.start_logits, output.end_logits


def _unpadded_mask(*shape: Any, **options: Any) -> Any:  # noqa: ANN401
    """The mask of windows without padding; None if every position may see every other.

    transformers would make a mask even so while a graph is made, because it cannot look at the mask's values.
    """
    if options.get("allow_is_bidirectional_skip") and options.get("local_size") is None:
        return None
    return sdpa_mask(*shape, **options | {"attention_mask": None})


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
