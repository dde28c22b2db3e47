"""From messages to the tokens of a local language model: chat templates, or plain text without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from qa_eval.errors import ModelError, first_line
from qa_eval.models.generation.generator import Message, Prompt

ANSWER_CUE = "Answer:"
"""Words at the end of a plain prompt that a model continues, and before earlier answers in it."""
FIXED_DATE = "26 July 2024"
"""Date for chat templates that name the current day. Otherwise a prompt would change every day."""
_CLOCK = "strftime_now"
_FIXED_CLOCK = "{%- macro " + _CLOCK + "(format) -%}" + FIXED_DATE + "{%- endmacro %}"


class TextTokens(Protocol):
    """A tokenizer, from whatever library."""

    def encode(self, text: str, *, special: bool) -> list[int]:
        """The ids of a text, with the special tokens that the tokenizer adds to a text if `special`."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens."""


Template = Callable[[list[dict[str, str]]], str]
"""Function that puts messages (dicts with `role` and `content`) into one text with a chat template."""


@dataclass(frozen=True, slots=True)
class PromptTexts:
    """The way from a prompt to the tokens that a model is given."""

    name: str
    """Name of the checkpoint in messages."""
    tokens: TextTokens
    """Tokenizer of the model."""
    template: Template | None
    """Chat template; None for plain text."""
    continues: bool
    """Whether the model continues the text of the prompt, rather than reading it with an encoder."""

    def text(self, prompt: Prompt) -> str:
        """The text of a prompt as the model is given it.

        Some chat templates know no system messages: they raise an exception or leave the message out. The
        text of the system message then stands at the beginning of the first message of the user.

        Raises:
            ModelError: The chat template cannot be applied.
        """
        if self.template is None:
            return _plain(prompt.messages, cue=self.continues)
        if prompt.messages[0].role != "system":
            return self._templated(prompt.messages)
        try:
            text = self._templated(prompt.messages)
            if prompt.messages[0].content.strip() in text:
                return text
        except ModelError:
            if len(prompt.messages) == 1:
                raise
        return self._templated(_without_system(prompt.messages))

    def ids(self, prompt: Prompt) -> list[int]:
        """The tokens of a prompt as the model is given them. Raises `ModelError` as `text` does."""
        text = self.text(prompt)
        if self.template is not None:
            return self.tokens.encode(text, special=False)  # the template has the special tokens
        ids = self.tokens.encode(text, special=True)
        if not self.continues:
            return ids
        # Some tokenizers end every text with an end token, after which a model would begin another text.
        return ids[: len(ids) - _length_of_end(self.tokens, text, ids)]

    def _templated(self, messages: Sequence[Message]) -> str:
        assert self.template is not None
        try:
            return self.template([{"role": m.role, "content": m.content} for m in messages])
        except Exception as error:  # templates are programs of other people
            raise ModelError(
                f"{self.name}: its chat template cannot be applied: {first_line(error)}"
            ) from error


def with_fixed_date(template: str) -> str:
    """A chat template in which the current day is always the same.

    >>> with_fixed_date("{{ messages[0].content }}")
    '{{ messages[0].content }}'
    """
    return _FIXED_CLOCK + template if _CLOCK in template else template


def _plain(messages: Sequence[Message], *, cue: bool) -> str:
    r"""The messages as one text, with a blank line between them.

    >>> _plain([Message("system", "Be short."), Message("user", "Who?")], cue=True)
    'Be short.\n\nWho?\n\nAnswer:'
    """
    parts = [f"{ANSWER_CUE} {m.content}" if m.role == "assistant" else m.content for m in messages]
    return "\n\n".join([*parts, *([ANSWER_CUE] if cue else [])])


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """The messages after the first, which is put before the text of the next one."""
    system, *others = messages
    if not others or others[0].role != "user":
        return [Message("user", system.content), *others]
    return [Message("user", f"{system.content}\n\n{others[0].content}"), *others[1:]]


def _length_of_end(tokens: TextTokens, text: str, ids: Sequence[int]) -> int:
    """The number of special tokens that the tokenizer puts after a text."""
    bare = tokens.encode(text, special=False)
    for before in range(len(ids) - len(bare) + 1):
        if list(ids[before : before + len(bare)]) == bare:
            return len(ids) - len(bare) - before
    return 0
