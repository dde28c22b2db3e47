"""Extractive question-answering checkpoints of transformers, computed by torch.

Local folders and hub checkpoints take the same way. A `Checkpoint` on disk is examined without loading its
weights: tokenizer, architecture, head and positions. The result is a `SpanReader` whose forward pass is
torch's. `qa_eval.models.bert` computes the embedded model.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
import warnings
from collections.abc import Sequence
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

from qa_eval.errors import ModelError, first_line
from qa_eval.models.checkpoint.architectures import (
    FLOAT32_ONLY,
    SEGMENTED,
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
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.reader import Floats, SpanModel
from qa_eval.models.reading.windows import Template
from qa_eval.models.torch_models import TorchForward, fitted, span_model, unanswerable_of, windower_of
from qa_eval.models.torch_settings import chosen_device, chosen_dtype, quiet, with_own_dtype
from qa_eval.records import Decoding, Runtime

_TWO_SIDED = ("xlnet",)
"""Types that transformers lists as generators although every position sees all others when they read."""
_LENGTHS = (
    "max_position_embeddings",
    "max_encoder_position_embeddings",
    "max_decoder_position_embeddings",
    "n_positions",
    "max_seq_len",
)
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
    declared = unanswerable_of(spec, checkpoint)  # first, because it checks the options of the spec
    runtime = with_own_dtype(spec, runtime)
    device, dtype = chosen_device(runtime), chosen_dtype(runtime)
    with quiet():
        config = _config(checkpoint, runtime)
        if dtype != torch.float32 and config.model_type in FLOAT32_ONLY:
            raise ModelError(
                f"{checkpoint.name} is of type {config.model_type!r}, which transformers computes in float32 "
                f"only, not in {runtime.dtype}"
            )
        skeleton = empty_model(checkpoint, config, runtime)
        knows_types = _knows_types(skeleton)
        tokenizer = text_tokenizer(checkpoint, config, runtime, types=knows_types)
    check_vocabulary(checkpoint, tokenizer.backend_tokenizer, embedding_rows(skeleton))
    decoding = fitted(checkpoint, decoding, _positions(skeleton, config, tokenizer))
    windower = windower_of(checkpoint, tokenizer, decoding, null=not _is_causal(config))
    if knows_types:
        _check_types(checkpoint, config, windower.template)

    def load() -> TransformersForward:
        with quiet():
            model = load_model(checkpoint, skeleton, config, dtype)
        return TransformersForward(model, runtime, device, takes_types=knows_types)

    return span_model(
        spec,
        checkpoint,
        decoding,
        runtime,
        load,
        declared=declared,
        config=config,
        tokenizer=tokenizer,
        windower=windower,
        parameters=parameters(skeleton),
    )


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


# -------------------------------------------------------------------------------------- the forward pass


class TransformersForward(TorchForward):
    """A loaded model of transformers as a `Forward`."""

    def __init__(
        self, model: PreTrainedModel, runtime: Runtime, device: torch.device, *, takes_types: bool
    ) -> None:
        whole: Any = model
        if getattr(whole.config, "use_cache", False):
            whole.config.use_cache = False  # the cache serves a next token, which reading does not have
        self._whole = whole.to(device).eval()
        self._sparse = BlockSparse.of(self._whole)
        super().__init__(self._whole, runtime, device, takes_types=takes_types)

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        if self._sparse is not None:
            self._sparse.fit(ids.shape[1])
        return super().__call__(ids, mask, types)

    def export(self, path: Path) -> None:
        """Writes the model as an ONNX graph. Errors of torch are raised. The model cannot be used afterwards.

        The graph takes batches of any size and length. All windows of a batch must have the same length,
        because the graph has no padding mask.
        """
        names = ["input_ids", *(("token_type_ids",) if self._takes_types else ())]
        # Each input needs a tensor of its own, because one tensor given twice would become one input.
        example = tuple(torch.zeros(2, 16, dtype=torch.long) + n for n, _ in enumerate(names))
        if self._whole.config._attn_implementation == "sdpa":
            AttentionInterface.register(_UNMASKED, sdpa_attention_forward)
            AttentionMaskInterface.register(_UNMASKED, _unpadded_mask)
            self._whole.set_attn_implementation(_UNMASKED)
        before = logging.root.manager.disable
        logging.disable(logging.CRITICAL)  # the exception says the same
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), quiet():
                warnings.simplefilter("ignore")
                program: Any = torch.onnx.export(
                    _LogitsOnly(self._whole, names).eval(),
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
