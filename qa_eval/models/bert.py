"""The embedded model: BERT with a head for extractive question answering, in torch alone.

transformers has this architecture too, but importing it takes longer than all other parts of a start. The
operations here are those of transformers in the same order, so that logits are equal to the last bit. A test
compares them, and everything else about the model, with what `qa_eval.models.huggingface` makes of the same
files. All other checkpoints are computed by transformers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import SimpleNamespace
from typing import NamedTuple

import torch
from safetensors.torch import load_file
from torch.nn import functional

from qa_eval.models.checkpoint.checkpoints import Checkpoint
from qa_eval.models.checkpoint.tokenizer_files import Settings, TextTokenizer, read_tokenizer
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.reader import SpanModel
from qa_eval.models.torch_models import TorchForward, fitted, span_model, unanswerable_of, windower_of
from qa_eval.models.torch_settings import chosen_device, chosen_dtype, with_own_dtype
from qa_eval.records import Decoding, Runtime


def examine(spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime) -> SpanModel:
    """The model of the embedded checkpoint. Its weights are loaded when it is first asked.

    Raises `ModelError` for a device, a number format or decoding options that it cannot use, and `SpecError`
    for unknown options.
    """
    declared = unanswerable_of(spec, checkpoint)  # first, because it checks the options of the spec
    runtime = with_own_dtype(spec, runtime)
    device, dtype = chosen_device(runtime), chosen_dtype(runtime)
    config = SimpleNamespace(**checkpoint.config)
    tokenizer = _tokenizer(checkpoint)
    decoding = fitted(checkpoint, decoding, config.max_position_embeddings)

    def load() -> TorchForward:
        weights = load_file(checkpoint.weight_files[0], device=str(device))
        model = Bert({name: weight.to(dtype) for name, weight in weights.items()}, config)
        return TorchForward(model, runtime, device, takes_types=True)

    return span_model(
        spec,
        checkpoint,
        decoding,
        runtime,
        load,
        declared=declared,
        config=config,
        tokenizer=tokenizer,
        windower=windower_of(checkpoint, tokenizer, decoding, null=True),
        parameters=sum(math.prod(tensor.shape) for tensor in checkpoint.tensors.values()),
    )


def _tokenizer(checkpoint: Checkpoint) -> TextTokenizer:
    settings = Settings.of(checkpoint.folder, checkpoint.name)
    tokenizer = read_tokenizer(checkpoint.folder, checkpoint.name, settings, "Bert")
    assert tokenizer is not None
    cls, pad = (tokenizer.token_to_id(settings.token(role) or "") for role in ("cls_token", "pad_token"))
    return TextTokenizer(tokenizer, cls, pad, settings.max_length)


class Logits(NamedTuple):
    """The logits of a batch, each of shape (batch, length)."""

    start_logits: torch.Tensor
    end_logits: torch.Tensor


class Bert:
    """The forward pass of BERT."""

    def __init__(self, weights: Mapping[str, torch.Tensor], config: SimpleNamespace) -> None:
        """Takes the weights by their names in a checkpoint, and the configuration of config.json."""
        self._weights = weights
        self._layers: int = config.num_hidden_layers
        self._heads: int = config.num_attention_heads
        self._epsilon: float = config.layer_norm_eps

    def __call__(
        self, *, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> Logits:
        """The logits of a batch. The arguments have the shape (batch, length)."""
        hidden = self._embedded(input_ids, token_type_ids)
        mask = _mask(attention_mask)
        for number in range(self._layers):
            layer = f"bert.encoder.layer.{number}"
            attended = self._attention(f"{layer}.attention.self", hidden, mask)
            attended = self._linear(f"{layer}.attention.output.dense", attended)
            hidden = self._norm(f"{layer}.attention.output.LayerNorm", attended + hidden)
            inner = functional.gelu(self._linear(f"{layer}.intermediate.dense", hidden))
            hidden = self._norm(
                f"{layer}.output.LayerNorm", self._linear(f"{layer}.output.dense", inner) + hidden
            )
        start, end = self._linear("qa_outputs", hidden).unbind(-1)
        return Logits(start, end)

    def _embedded(self, ids: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(ids.shape[1], device=ids.device)[None, :]
        words = functional.embedding(ids, self._weight("bert.embeddings.word_embeddings"))
        hidden = words + functional.embedding(types, self._weight("bert.embeddings.token_type_embeddings"))
        hidden = hidden + functional.embedding(positions, self._weight("bert.embeddings.position_embeddings"))
        return self._norm("bert.embeddings.LayerNorm", hidden)

    def _attention(self, name: str, hidden: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        batch, length, _ = hidden.shape
        query, key, value = (
            self._linear(f"{name}.{part}", hidden).view(batch, length, self._heads, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return attended.transpose(1, 2).reshape(batch, length, -1)

    def _linear(self, name: str, hidden: torch.Tensor) -> torch.Tensor:
        return functional.linear(hidden, self._weight(name), self._weights[f"{name}.bias"])

    def _norm(self, name: str, hidden: torch.Tensor) -> torch.Tensor:
        weight = self._weight(name)
        return functional.layer_norm(
            hidden, weight.shape, weight, self._weights[f"{name}.bias"], self._epsilon
        )

    def _weight(self, name: str) -> torch.Tensor:
        return self._weights[f"{name}.weight"]


def _mask(attention_mask: torch.Tensor) -> torch.Tensor | None:
    """Which positions see which: (batch, 1, length, length). None if there is no padding."""
    if attention_mask.all():
        return None
    length = attention_mask.shape[1]
    return attention_mask.bool()[:, None, None, :].expand(-1, 1, length, length)
