"""Attention that is sparse in long texts only, and must not depend on the texts before."""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedModel


class BlockSparse:
    """The attention of the BigBird family, which is sparse in long windows only.

    transformers switches to full attention at the first short window and never back, so answers would depend
    on earlier windows. This class gives every window the attention that it would have as the first one.
    """

    def __init__(self, part: torch.nn.Module) -> None:
        self._part: Any = part
        config: Any = part.config
        self._enough = (5 + 2 * config.num_random_blocks) * config.block_size

    @classmethod
    def of(cls, model: torch.nn.Module) -> BlockSparse | None:
        """The switch for the model's attention; None for a model whose attention is not sparse."""
        for part in model.modules():
            if hasattr(part, "set_attention_type") and isinstance(part, PreTrainedModel):
                return cls(part) if part.config.attention_type == "block_sparse" else None
        return None

    def fit(self, length: int) -> None:
        """Sets the attention for windows of this many tokens."""
        self._part.set_attention_type("block_sparse" if length > self._enough else "original_full")
