"""Language models as a `Model`: prompts are made from instances, and answers are found in the texts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from qa_eval.errors import SpecError
from qa_eval.files.hashes import sha256_json
from qa_eval.models.generation.generator import (
    Generation,
    Prompt,
    PromptRefusedError,
    Sampling,
    TextGenerator,
)
from qa_eval.models.generation.prompt_files import PromptFile, built_in_prompt, load_prompt
from qa_eval.models.protocol import ModelSpec
from qa_eval.records import Decoding, Instance, Mode, ModelInfo, Prediction
from qa_eval.text.phrases import brief, escaped

PROMPT_OPTIONS: Mapping[Mode, str] = {"one": "prompt", "all": "prompt_all", "none": "prompt_none"}
"""Mode -> option of a spec that names a prompt file in place of the package's."""
WRITING_OPTIONS = (*PROMPT_OPTIONS.values(), "max_tokens", "temperature", "seed", "stop")
"""Options of the spec of every kind of language model."""
_VERSION = "1"
"""Version of this module. It rises when the same text would give another answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a language model is asked: the prompts, and the choices of generation."""

    prompts: Mapping[Mode, PromptFile] = field(
        default_factory=lambda: {mode: built_in_prompt(mode) for mode in get_args(Mode)}
    )
    """Mode -> prompt."""
    sampling: Sampling = field(default_factory=Sampling)
    """Choices of generation."""

    @classmethod
    def of(cls, spec: ModelSpec, *, others: Sequence[str] = ()) -> Writing:
        """The options `WRITING_OPTIONS` of a spec. `others` are the further options that its kind has.

        Raises SpecError for an unknown option, an invalid value, and a prompt file with mistakes.
        """
        spec.refuse_options_besides((*WRITING_OPTIONS, *others))
        prompts = {mode: _prompt(spec, mode, option) for mode, option in PROMPT_OPTIONS.items()}
        default = Sampling()
        stop = spec.option("stop")
        if stop == "":
            raise SpecError(f"{spec}: stop: is empty; give the text before which an answer ends")
        return cls(
            prompts=prompts,
            sampling=Sampling(
                max_tokens=int(number_option(spec, "max_tokens", default.max_tokens, least=1, whole=True)),
                temperature=number_option(spec, "temperature", default.temperature, least=0),
                seed=int(number_option(spec, "seed", default.seed, least=0, whole=True)),
                stop=() if stop is None else (stop.replace("\\n", "\n"),),
            ),
        )

    @property
    def sha256(self) -> str:
        """SHA-256 of everything that affects messages, texts or answers."""
        s = self.sampling
        return sha256_json(
            {
                "version": _VERSION,
                "prompts": {mode: prompt.sha256 for mode, prompt in self.prompts.items()},
                "sampling": [s.max_tokens, s.temperature, s.seed, list(s.stop)],
            }
        )


def _prompt(spec: ModelSpec, mode: Mode, option: str) -> PromptFile:
    path = spec.option(option)
    if path is None:
        return built_in_prompt(mode)
    prompt = load_prompt(path)
    if prompt.mode != mode:
        right = PROMPT_OPTIONS[prompt.mode]
        raise SpecError(
            f"{path}: mode: {prompt.mode!r}: such a prompt is named by the option {right}=, not {option}="
        )
    return prompt


def number_option(spec: ModelSpec, key: str, default: float, *, least: float, whole: bool = False) -> float:
    """The number that a spec gives for an option, or the default. Raises SpecError for any other text."""
    text = spec.option(key)
    if text is None:
        return default
    try:
        number = float(int(text)) if whole else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < least:
        wanted = "a whole number" if whole else "a number"
        raise SpecError(f"{spec}: {key}: {brief(text)} is not {wanted} of at least {least:g}")
    return number


@dataclass(slots=True, kw_only=True, eq=False)
class WrittenAnswers:
    """A text generator as a `Model`.

    A language model answers pooled items directly: all passages are in one prompt.
    """

    generator: TextGenerator
    """Generator of the texts."""
    writing: Writing
    """Prompts and choices of generation."""
    identify: Callable[[], ModelInfo]
    """Function that returns the identity of the generator. It may ask a server, and is called once."""
    decoding: Decoding | None = None
    """Decoding options; None, because there are no windows."""
    answers_directly: bool = True
    """Whether pooled items are asked with all passages at once, and a question may be asked without any."""
    hands_over_at_once: bool = True
    """Whether each answer is kept as soon as it is known, because it may be slow or cost money."""
    _info: ModelInfo | None = None

    @property
    def info(self) -> ModelInfo:
        """Identity of the model. Prompts and choices of generation are part of its fingerprint."""
        if self._info is None:
            found = self.identify()
            fingerprint = found.fingerprint and sha256_json([found.fingerprint, self.writing.sha256])
            s = self.writing.sampling
            self._info = replace(
                found,
                fingerprint=fingerprint,
                prompts={prompt.mode: str(prompt) for prompt in self.writing.prompts.values()},
                sampling=f"{s.max_tokens} tokens at most, temperature {s.temperature:g}, seed {s.seed}"
                + "".join(f", stop {stop!r}" for stop in s.stop),
            )
        return self._info

    def prompt(self, instance: Instance) -> Prompt:
        """The messages that are sent for an instance."""
        return self.writing.prompts[instance.mode].prompt(instance)

    def count_tokens(self, instance: Instance) -> int | None:
        """The number of tokens of the instance's prompt; None if it cannot be counted."""
        return self.generator.count_tokens(self.prompt(instance))

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """One prediction for each instance, in the order in which the generator finishes."""
        prompts = [self.prompt(instance) for instance in instances]
        for number, found in self.generator.generate(prompts, self.writing.sampling):
            instance = instances[number]
            if isinstance(found, Exception):
                of_item = isinstance(found, PromptRefusedError)
                yield Prediction(item=instance.item, error=escaped(str(found)), error_of_item=of_item)
            else:
                yield self._prediction(instance, found)

    def unload(self) -> None:
        """Releases weights and connections."""
        self.generator.close()

    def _prediction(self, instance: Instance, found: Generation) -> Prediction:
        raw = escaped(found.text)
        text = self.writing.prompts[instance.mode].scored_answer(raw)
        sure = None if found.mean_logprob is None else min(1.0, math.exp(found.mean_logprob))
        return Prediction(
            item=instance.item,
            text=text,
            raw=raw if raw != text else None,
            confidence=sure,
            tokens=(found.tokens_in or 0) + (found.tokens_out or 0),
            tokens_out=found.tokens_out,
            seconds=found.seconds,
            truncated=found.truncated,
            unfinished=found.finish == "length",
        )
