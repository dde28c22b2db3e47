"""Language models of transformers, computed by torch.

transformers runs the steps, because it knows how each architecture keeps its past. Which token is next is
decided here: the most probable one, or with a temperature a random one that depends only on the seed and the
prompt. The checkpoint's own settings of sampling, beams and penalties have no effect.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
import transformers
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedModel,
    StoppingCriteria,
    StoppingCriteriaList,
)

from qa_eval.errors import first_line
from qa_eval.models.checkpoint.architectures import UNPADDED
from qa_eval.models.checkpoint.block_sparse import BlockSparse
from qa_eval.models.generation.generation_settings import GenerationSettings
from qa_eval.models.generation.generator import Sampling
from qa_eval.models.generation.prompt_texts import TextTokens
from qa_eval.models.generation.token_batches import Written
from qa_eval.models.reading.reader import OutOfMemoryError
from qa_eval.models.torch_settings import fixed_sums, quiet
from qa_eval.records import Runtime

_GenerationConfig: Any = transformers.GenerationConfig  # it has no types

_PROBE = (5, 5, 23)
"""Lengths of the prompts that find out which prompts may share a batch."""
_PROBE_STEPS = 2
"""Number of tokens that are generated for each of them."""
_SAME = {torch.float32: 1e-3}
"""Greatest difference of log-probabilities that counts as rounding, by number format."""
_SAME_HALF = 0.3
"""The same for number formats of 16 bits."""


class TorchWriter:
    """A loaded model of transformers as a `Writer`.

    Padding and other prompts in a batch must not change a text. Not every architecture keeps this: some see
    the padding, and some share a capacity among all tokens of a batch. Three short prompts show it when the
    model is loaded. Such a model gets batches of equal lengths, or single prompts.
    """

    def __init__(
        self,
        load: Callable[[], PreTrainedModel],
        settings: GenerationSettings,
        tokens: TextTokens,
        runtime: Runtime,
        device: torch.device,
    ) -> None:
        with quiet():
            model: Any = load()
        self._model = model.to(device).eval()
        self._device = device
        self._settings = settings
        self._tokens = tokens
        self._deterministic = runtime.deterministic
        self._reads_first = bool(model.config.is_encoder_decoder)
        self._sparse = BlockSparse.of(self._model)
        # transformers fills in what a call leaves open from here.
        self._model.generation_config = _GenerationConfig()
        self.alone = True
        self.pads = False
        if not self._deterministic:
            self._find_batching()
            # Their blocks see padding only in longer texts than the short prompts.
            self.pads = self.pads and model.config.model_type not in UNPADDED

    def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> list[Written]:
        """The texts for a batch of prompts, as `Writer` describes."""
        chooser = _Chooser(prompts, sampling)
        stops = _Stops(self._tokens, sampling.stop, 1 if self._reads_first else max(map(len, prompts)))
        rows = self._generated(prompts, sampling.max_tokens, chooser, stops)
        return [self._written(row, number, chooser, stops, sampling) for number, row in enumerate(rows)]

    def _generated(
        self,
        prompts: Sequence[Sequence[int]],
        max_tokens: int,
        chooser: LogitsProcessor,
        stops: StoppingCriteria | None = None,
    ) -> list[list[int]]:
        """The ids that the model writes for each prompt, with padding after the end of a text."""
        ids, mask = self._padded(prompts)
        if self._sparse is not None:
            self._sparse.fit(ids.shape[1])
        config = _GenerationConfig(
            do_sample=False,
            num_beams=1,
            max_new_tokens=max_tokens,
            use_cache=True,
            **self._settings.kept(),
        )
        given = [stops] if stops is not None else []
        try:
            with (
                torch.inference_mode(),
                quiet(),
                fixed_sums() if self._deterministic else contextlib.nullcontext(),
            ):
                output = self._model.generate(
                    input_ids=ids,
                    attention_mask=mask,
                    generation_config=config,
                    logits_processor=LogitsProcessorList([chooser]),
                    stopping_criteria=StoppingCriteriaList(given),
                )
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise OutOfMemoryError(first_line(error)) from error
        except RuntimeError as error:
            if "DefaultCPUAllocator" in str(error):  # the CPU has no exception of its own
                raise OutOfMemoryError(first_line(error)) from error
            raise
        start = 1 if self._reads_first else ids.shape[1]
        rows: list[list[int]] = output[:, start:].tolist()
        return rows

    def _padded(self, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and mask of a batch. Padding is before a prompt that is continued, after one that is read."""
        longest = max(map(len, prompts))
        ids = torch.full((len(prompts), longest), self._settings.pad, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, prompt in enumerate(prompts):
            here = slice(0, len(prompt)) if self._reads_first else slice(longest - len(prompt), longest)
            ids[row, here] = torch.tensor(prompt)
            mask[row, here] = 1
        return ids.to(self._device), mask.to(self._device)

    def _written(
        self, row: list[int], number: int, chooser: _Chooser, stops: _Stops, sampling: Sampling
    ) -> Written:
        """What a row of the output is: its tokens up to the first end token or stop text."""
        ends = self._settings.ends
        length = next((at + 1 for at, token in enumerate(row) if token in ends), len(row))
        ended = length <= len(row) and row[length - 1] in ends if row else False
        if (stopped := stops.lengths.get(number)) is not None and stopped <= length:
            length, ended = stopped, True
        ids = tuple(row[:length])
        text = self._tokens.decode([token for token in ids if token not in ends])
        cut = min((at for stop in sampling.stop if (at := text.find(stop)) >= 0), default=None)
        return Written(
            ids=ids,
            logprobs=tuple(chooser.logprobs(number, ids)),
            margins=tuple(chooser.margins(number, length)),
            text=text if cut is None else text[:cut],
            ended=ended or cut is not None,
            words=tuple(token not in ends and token not in self._settings.structure for token in ids),
        )

    # ------------------------------------------------------------------------------ what may share a batch

    def _find_batching(self) -> None:
        """Finds out whether prompts of equal or of different lengths may share a batch."""
        random = torch.Generator().manual_seed(0)
        table: Any = self._model.get_input_embeddings()
        special = {self._settings.pad, *self._settings.ends}
        rows = len(table.weight)
        usable = torch.tensor([n for n in range(min(rows, 5000)) if n not in special] or [0])
        prompts = [usable[torch.randint(len(usable), (n,), generator=random)].tolist() for n in _PROBE]
        try:
            short, other, long = prompts
            alone = [self._probabilities([prompt])[0] for prompt in (short, long)]
            self.alone = not self._same(alone[:1], self._probabilities([short, other])[:1])
            self.pads = not self.alone and self._same(alone, self._probabilities([short, long]))
        except OutOfMemoryError:
            raise
        except Exception:  # a model that takes no batch at all
            self.alone, self.pads = True, False

    def _probabilities(self, prompts: Sequence[Sequence[int]]) -> list[torch.Tensor]:
        """The log-probabilities of the first tokens after each prompt, the same tokens for every prompt."""
        recorder = _Recorder(len(prompts), self._settings.ends)
        self._generated(prompts, _PROBE_STEPS, recorder)
        return list(torch.stack(recorder.steps, dim=1))

    def _same(self, one: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> bool:
        most = _SAME.get(self._model.dtype, _SAME_HALF)
        return all(torch.allclose(a, b, rtol=0, atol=most) for a, b in zip(one, other, strict=True))


class _Chooser(LogitsProcessor):
    """Chooses the next token of every row, and keeps the probabilities of the choices."""

    def __init__(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> None:
        self._temperature = sampling.temperature
        self._randoms = [_random(prompt, sampling.seed) for prompt in prompts] if self._temperature else []
        self._steps: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of which the chosen token's is the greatest."""
        sums = torch.logsumexp(scores, dim=-1)
        best = torch.topk(scores, min(2, scores.shape[-1]), dim=-1).values
        if self._temperature:
            noise = torch.stack([_gumbel(random, scores.shape[-1]) for random in self._randoms])
            chosen = torch.argmax(scores / self._temperature + noise.to(scores.device), dim=-1, keepdim=True)
            value = scores.gather(1, chosen)[:, 0]
            scores = torch.full_like(scores, float("-inf")).scatter_(1, chosen, 0.0)
        else:
            value = best[:, 0]
        self._steps.append(((value - sums).cpu(), (best[:, 0] - best[:, -1]).cpu()))
        return scores

    def logprobs(self, row: int, ids: Sequence[int]) -> list[float]:
        """The log-probabilities of the tokens of a row."""
        return [float(step[0][row]) for step in self._steps[: len(ids)]]

    def margins(self, row: int, length: int) -> list[float]:
        """The differences between the best and the second-best token of a row at each step."""
        return [float(step[1][row]) for step in self._steps[:length]]


class _Recorder(LogitsProcessor):
    """Keeps all log-probabilities of each step, and makes every row go on with the same tokens."""

    def __init__(self, rows: int, ends: Sequence[int]) -> None:
        self._rows = rows
        self._ends = ends
        self.steps: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores that choose the same token for every row."""
        self.steps.append(torch.log_softmax(scores, dim=-1).cpu())
        token = next(n for n in range(len(self.steps), scores.shape[-1]) if n not in self._ends)
        chosen = torch.full_like(scores, float("-inf"))
        chosen[:, token] = 0.0
        return chosen


class _Stops(StoppingCriteria):
    """Ends the rows whose text has a stop text."""

    def __init__(self, tokens: TextTokens, stop: Sequence[str], start: int) -> None:
        self._tokens = tokens
        self._stop = tuple(stop)
        self._start = start
        self.lengths: dict[int, int] = {}
        """Number of tokens up to the first stop text, by row."""

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:  # noqa: ANN401
        """Whether each row has ended."""
        if self._stop:
            for row, ids in enumerate(input_ids[:, self._start :].tolist()):
                if row not in self.lengths and any(stop in self._tokens.decode(ids) for stop in self._stop):
                    self.lengths[row] = len(ids)
        done = [row in self.lengths for row in range(len(input_ids))]
        return torch.tensor(done, dtype=torch.bool, device=input_ids.device)


def _random(prompt: Sequence[int], seed: int) -> torch.Generator:
    """Random numbers that depend only on the seed and the prompt, not on the batch."""
    digest = hashlib.sha256(repr((seed, list(prompt))).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def _gumbel(random: torch.Generator, size: int) -> torch.Tensor:
    """Noise with which the greatest sum of score and noise is a random choice by the scores."""
    uniform = torch.rand(size, generator=random, dtype=torch.float64).clamp_(min=1e-300)
    return -torch.log((-torch.log(uniform)).clamp_(min=1e-300)).float()
