"""What a text generator is to the rest of the package: prompts go in, texts come out.

A `TextGenerator` is a server or a local language model. It knows nothing of questions, items, prompt files or
scores. This module imports no machine-learning library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]
"""Speaker of a message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Role
    """Speaker of the message."""
    content: str
    """Text of the message."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """The messages that are sent, exactly and in this order."""

    messages: tuple[Message, ...]
    """Messages of the prompt; at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Choices of generation that can change a text. They are part of a model's signature."""

    max_tokens: int = 256
    """Greatest number of tokens in an answer."""
    temperature: float = 0.0
    """Temperature; 0 for the most probable token at each step."""
    seed: int = 0
    """Seed of random choices, which only a temperature above 0 makes."""
    stop: tuple[str, ...] = ()
    """Texts before which generation ends. The text of the answer does not include them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One text that a generator wrote."""

    text: str
    """Text as it came, without special tokens."""
    tokens_in: int | None = None
    """Number of tokens of the prompt; None if it is not known."""
    tokens_out: int | None = None
    """Number of generated tokens; None if it is not known."""
    mean_logprob: float | None = None
    """Mean natural logarithm of the probabilities of the generated tokens; None if it is not known."""
    finish: str = "stop"
    """Reason why the text ends: `stop` (an end token or a stop text) or `length` (the limit of tokens)."""
    truncated: bool = False
    """Whether the generator read only a part of the prompt."""
    seconds: float | None = None
    """Time from the request to the whole text, in seconds; None if texts were generated together."""


class PromptFailedError(Exception):
    """One prompt cannot be answered."""


class PromptRefusedError(PromptFailedError):
    """A prompt has no answer for a reason of its own: it is too long, or its answer is withheld.

    This says nothing about the generator. Any number of such prompts ends no run.
    """


class TextGenerator(Protocol):
    """A server or a local language model."""

    @property
    def context_tokens(self) -> int | None:
        """Greatest number of tokens of a prompt and its answer together; None if it is not known."""

    def count_tokens(self, prompt: Prompt) -> int | None:
        """The number of tokens of the prompt as it is sent; None if it cannot be counted here."""

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling
    ) -> Iterator[tuple[int, Generation | Exception]]:
        """Yields (index of the prompt, its text) for each prompt, in any order, each as soon as it is known.

        A prompt that cannot be answered gets an exception in place of its text, and one that is too long a
        `PromptRefusedError`. The message names the reason and the length.

        Raises:
            ModelError: The generator cannot answer any prompt.
        """

    def close(self) -> None:
        """Releases what the generator holds, such as weights or connections. The next use loads it again."""
