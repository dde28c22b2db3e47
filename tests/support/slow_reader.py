"""An extractive reader as plain as can be: the library's tokenizer and model, a window at a time, all spans.

It shares no code with the package: windows are those of the tokenizer itself, spans are found by loops.
"""

from __future__ import annotations

import copy
import inspect
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from qa_eval.records import Decoding, Instance


@dataclass(frozen=True)
class SlowAnswer:
    """What it finds in one text."""

    spans: dict[tuple[int, int], float]
    """Characters of each span -> its greatest score in any window."""
    null_score: float | None
    """Of the CLS token, the least of all windows; None where windows have none."""
    windows: int

    def best(self, n: int) -> list[float]:
        return sorted(self.spans.values(), reverse=True)[:n]


def knows_types(config: Any) -> bool:
    """Whether a model was trained with the token types of its tokenizer's template, by its configuration.

    It has a table of several, or compares them without a table.
    """
    if config.model_type in ("funnel", "xlnet"):
        return True
    return (getattr(config, "type_vocab_size", None) or 0) > 1


class SlowReader:
    """A folder read with library calls alone."""

    def __init__(self, folder: Path) -> None:
        auto: Any = transformers.AutoModelForQuestionAnswering
        fast: Any = transformers.PreTrainedTokenizerFast  # which takes tokenizer.json as it is
        self.tokenizer: Any = fast.from_pretrained(folder)
        self.model = auto.from_pretrained(folder).eval()
        takes = inspect.signature(type(self.model).forward).parameters
        inputs = ["input_ids", "attention_mask"]
        if knows_types(self.model.config):
            inputs.append("token_type_ids")
        self.names = [name for name in inputs if name in takes]

    def logits(self, inputs: dict[str, list[int]]) -> tuple[list[float], list[float]]:
        """Of one window, by a model that has read nothing before."""
        tensors = {name: torch.tensor([values]) for name, values in inputs.items()}
        with torch.no_grad():
            output = copy.deepcopy(self.model)(**tensors)
        return output.start_logits[0].tolist(), output.end_logits[0].tolist()

    def read(self, instance: Instance, decoding: Decoding) -> SlowAnswer:
        windows = self.tokenizer(
            instance.question,
            instance.context,
            truncation="only_second",
            max_length=decoding.max_length,
            stride=decoding.doc_stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_token_type_ids=True,
        )
        spans: dict[tuple[int, int], float] = {}
        nulls = []
        for number, ids in enumerate(windows["input_ids"]):
            start_logits, end_logits = self.logits({name: windows[name][number] for name in self.names})
            if self.tokenizer.cls_token_id in ids:
                place = ids.index(self.tokenizer.cls_token_id)
                nulls.append(start_logits[place] + end_logits[place])
            offsets = windows["offset_mapping"][number]
            context = [k for k, part in enumerate(windows.sequence_ids(number)) if part == 1]
            for i in context:
                for j in range(i, min(i + decoding.max_answer_tokens, context[-1] + 1)):
                    low, high = offsets[i][0], offsets[j][1]
                    text = instance.context[low:high]
                    if text.strip():
                        span = low + len(text) - len(text.lstrip()), high - len(text) + len(text.rstrip())
                        spans[span] = max(start_logits[i] + end_logits[j], spans.get(span, -math.inf))
        return SlowAnswer(spans, min(nulls, default=None), len(windows["input_ids"]))
