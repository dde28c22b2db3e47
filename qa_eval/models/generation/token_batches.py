"""Batches of prompts for a local language model, and what happens to each prompt.

Memory is needed for the tokens of a prompt and for those of its answer, so a batch holds at most a given
number of both, with padding. This module does not import torch: a `Writer` computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from qa_eval.models.generation.generator import Generation, Prompt, PromptRefusedError, Sampling
from qa_eval.models.generation.prompt_texts import PromptTexts
from qa_eval.models.reading.reader import OutOfMemoryError


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens that a model wrote for one prompt."""

    ids: tuple[int, ...]
    """Ids of the tokens, with the end token if there is one."""
    logprobs: tuple[float, ...]
    """Natural logarithms of the tokens' probabilities, without temperature."""
    margins: tuple[float, ...]
    """Differences between the logarithms of the best and the second-best token at each step."""
    text: str
    """Text of the tokens without special tokens, up to the first stop text."""
    ended: bool
    """Whether an end token or a stop text ended the text, rather than the limit of tokens."""
    words: tuple[bool, ...]
    """Whether each token is part of the text, and not a special token."""

    @property
    def mean_logprob(self) -> float | None:
        """Mean log-probability of the text's tokens, of all tokens if it has no text; None without tokens."""
        chosen = [value for value, word in zip(self.logprobs, self.words, strict=True) if word]
        values = chosen or self.logprobs
        return sum(values) / len(values) if values else None


class Writer(Protocol):
    """A loaded language model. `batching` says which prompts may share a batch."""

    @property
    def pads(self) -> bool:
        """Whether prompts of different lengths may be in a batch."""

    @property
    def alone(self) -> bool:
        """Whether every prompt is a batch of its own."""

    def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Written]:
        """The texts for a batch of prompts, which are token ids.

        Raises `OutOfMemoryError` if a smaller batch may succeed. Any other exception means that the batch
        failed.
        """


@dataclass(frozen=True, slots=True)
class Limits:
    """Greatest numbers of tokens of a model; None where there is no limit."""

    total: int | None = None
    """Limit of a prompt and its answer together."""
    prompt: int | None = None
    """Limit of a prompt, for a model that reads it with an encoder."""
    answer: int | None = None
    """Limit of an answer, for a model that reads the prompt with an encoder."""

    def problem(self, tokens: int, answer: int) -> str | None:
        """The reason why a prompt does not fit; None if it fits. `tokens` is the number of its tokens, and
        `answer` the greatest number of tokens of its answer.

        >>> Limits(total=4096).problem(5012, 128)
        'the prompt has 5,012 tokens and the answer may have 128; the model takes 4,096 together'
        """
        for limit, asked, what in (
            (self.total, tokens + answer, " together"),
            (self.prompt, tokens, " in a prompt"),
            (self.answer, answer, " in an answer"),
        ):
            if limit is not None and asked > limit:
                return (
                    f"the prompt has {tokens:,} tokens and the answer may have {answer:,}; the model takes "
                    f"{limit:,}{what}"
                )
        return None


class BatchedGenerator:
    """A `TextGenerator` that answers batches of prompts with a model on this machine.

    The weights are loaded when they are first needed.
    """

    def __init__(
        self, texts: PromptTexts, limits: Limits, load: Callable[[], Writer], *, batch_tokens: int
    ) -> None:
        """Makes a generator.

        Args:
            texts: Turns prompts into tokens.
            limits: Greatest numbers of tokens.
            load: Loads the model.
            batch_tokens: Greatest number of tokens of the prompts and answers of a batch, with padding.
        """
        self._texts = texts
        self._limits = limits
        self._load = load
        self._writer: Writer | None = None
        self._budget = max(batch_tokens, 1)

    @property
    def context_tokens(self) -> int | None:
        """Greatest number of tokens of a prompt, with its answer unless an encoder reads it."""
        return self._limits.total if self._limits.prompt is None else self._limits.prompt

    def rendered(self, prompt: Prompt) -> str:
        """The text that the model is given for a prompt, with the marks of its chat template."""
        return self._texts.text(prompt)

    def count_tokens(self, prompt: Prompt) -> int:
        """The number of tokens of the prompt, with those of the chat template."""
        return len(self._texts.ids(prompt))

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling
    ) -> Iterator[tuple[int, Generation | Exception]]:
        """Yields (index, text or exception) for each prompt, the shortest prompts first.

        Raises:
            ModelError: The weights do not load, or the chat template cannot be applied.
        """
        queue: list[tuple[int, list[int]]] = []
        for index, prompt in enumerate(prompts):
            ids = self._texts.ids(prompt)
            if not ids:
                yield index, ValueError("the prompt has no tokens")
            elif problem := self._limits.problem(len(ids), sampling.max_tokens):
                yield index, PromptRefusedError(problem)
            else:
                queue.append((index, ids))
        queue.sort(key=lambda entry: len(entry[1]))
        at = 0
        while at < len(queue):
            to = at + 1
            # The budget is read again each time because it shrinks when memory runs out.
            while to < len(queue) and self._joins(queue[at][1], queue[to][1], to - at, sampling):
                to += 1
            yield from self._answers(queue[at:to], sampling)
            at = to

    def encoded(self, prompt: Prompt) -> list[int]:
        """The ids of the tokens that the model is given for a prompt."""
        return self._texts.ids(prompt)

    def decoded(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""
        return self._texts.tokens.decode(ids)

    def writer(self) -> Writer:
        """The model, loaded if necessary. Errors of loading are raised."""
        if self._writer is None:
            self._writer = self._load()
        return self._writer

    def close(self) -> None:
        """Releases the weights. The next use loads them again."""
        self._writer = None

    def _joins(self, first: list[int], ids: list[int], others: int, sampling: Sampling) -> bool:
        """Whether a prompt may join a batch that begins with `first` and holds `others` prompts."""
        writer = self.writer()
        if writer.alone or not (writer.pads or len(first) == len(ids)):
            return False
        return (len(ids) + sampling.max_tokens) * (others + 1) <= self._budget

    def _answers(
        self, batch: list[tuple[int, list[int]]], sampling: Sampling
    ) -> Iterator[tuple[int, Generation | Exception]]:
        """The texts of a batch. A batch that fails is halved and tried again."""
        writer = self.writer()
        try:
            found = writer.write([ids for _, ids in batch], sampling)
        except Exception as error:  # one failing prompt must not fail the others
            if len(batch) > 1:
                half = len(batch) // 2
                if isinstance(error, OutOfMemoryError):
                    longest = max(len(ids) for _, ids in batch) + sampling.max_tokens
                    self._budget = min(self._budget, half * longest)
                failed = None
            else:
                index, ids = batch[0]
                reason = "out of memory" if isinstance(error, OutOfMemoryError) else type(error).__name__
                failed = RuntimeError(
                    f"the model fails on a prompt of {len(ids):,} tokens: {reason}: {error}"
                )
        else:
            for (index, ids), written in zip(batch, found, strict=True):
                yield index, generation_of(written, len(ids))
            return
        if failed is not None:
            yield index, failed
            return
        yield from self._answers(batch[:half], sampling)
        yield from self._answers(batch[half:], sampling)


def generation_of(written: Written, tokens_in: int) -> Generation | Exception:
    """The text that a model wrote, or an exception if it computed no probabilities."""
    if not all(value > float("-inf") for value in written.logprobs):  # also false for NaN
        return ValueError("the model computed probabilities that are not numbers")
    return Generation(
        text=written.text,
        tokens_in=tokens_in,
        tokens_out=len(written.ids),
        mean_logprob=written.mean_logprob,
        finish="stop" if written.ended else "length",
    )
