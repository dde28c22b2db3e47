"""Prompts: files that turn a question and its passages into messages, and a text into an answer.

A prompt file is TOML:

| key | meaning |
|---|---|
| `name`, `version` | name and version, for people |
| `mode` | `one` passage, `all` passages at once, or `none` |
| `messages` | list of messages, each with `role` (system, user, assistant) and `content` |
| `passage` | form of each passage, if the mode is `all` |
| `answer` | regular expression whose first group is the answer (the last match counts); else the whole text |
| `no_answer` | words that the prompt asks for if there is no answer; an answer of only one is empty |

In a content, `{question}` is the question, `{passage}` the passage (mode `one`) and `{passages}` all passages
(mode `all`). In the form of a passage, `{number}`, `{source}` and `{text}` are its parts. Other braces stay.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from qa_eval.errors import SpecError
from qa_eval.files.hashes import sha256_json
from qa_eval.files.paths import user_path
from qa_eval.models.generation.generator import Message, Prompt, Role
from qa_eval.records import Instance, Mode
from qa_eval.text.phrases import brief, choices, enumerate_words, show_path

BUILT_IN: Mapping[Mode, str] = {"one": "one_passage", "all": "all_passages", "none": "no_passage"}
"""Mode -> name of the prompt file of the package."""
_NEEDED: Mapping[Mode, tuple[str, ...]] = {
    "one": ("question", "passage"),
    "all": ("question", "passages"),
    "none": ("question",),
}
_KEYS = ("name", "version", "mode", "messages", "passage", "answer", "no_answer")
_PLACE = re.compile(r"\{(question|passages?|number|source|text)\}")
_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_MARKS = (('"', '"'), ("“", "”"), ("'", "'"), ("`", "`"), ("**", "**"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptFile:
    """One prompt: the form of its messages, and the rule that finds the answer in a text."""

    name: str
    """Name of the prompt, for people."""
    version: int
    """Version of the prompt, for people."""
    mode: Mode
    """Passages that the prompt shows."""
    messages: tuple[Message, ...]
    """Messages with their placeholders."""
    passage: str = "{text}"
    """Form of each of several passages."""
    answer: str | None = None
    """Regular expression that finds the answer; None for the whole text."""
    no_answer: tuple[str, ...] = ()
    """Words that mean that there is no answer."""

    @property
    def sha256(self) -> str:
        """SHA-256 of everything that affects messages or answers. The name and the version do not."""
        parts = [[m.role, m.content] for m in self.messages]
        return sha256_json([self.mode, parts, self.passage, self.answer, list(self.no_answer)])

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.sha256[:8]})"

    def prompt(self, instance: Instance) -> Prompt:
        """The messages for an instance of the prompt's mode. The texts of the instance are never read as
        placeholders.
        """
        shown = "\n\n".join(
            _filled(self.passage, {"number": str(number), "source": p.source, "text": p.text})
            for number, p in enumerate(instance.passages, 1)
        )
        values = {"question": instance.question, "passage": instance.context, "passages": shown}
        return Prompt(tuple(Message(m.role, _filled(m.content, values)) for m in self.messages))

    def scored_answer(self, text: str) -> str:
        """The answer in a text; empty if the text says that there is none in the words of the prompt.

        A thought in `<think>` at the beginning, white space, and one pair of quotation marks around the
        answer are left out.

        >>> prompt = built_in_prompt("one")
        >>> prompt.scored_answer('"417"'), prompt.scored_answer("Unanswerable.")
        ('417', '')
        """
        text = _THOUGHT.sub("", text)
        if self.answer is not None:
            found = list(re.finditer(self.answer, text))
            text = (found[-1][1] if found[-1].re.groups else found[-1][0]) or "" if found else text
        text = text.strip()
        for opening, closing in _MARKS:
            inner = text[len(opening) : -len(closing)]
            if text.startswith(opening) and text.endswith(closing) and inner.strip() and opening not in inner:
                text = inner.strip()
        plain = text.rstrip(".! ").casefold()
        return "" if plain in {word.casefold() for word in self.no_answer} else text


def _filled(form: str, values: Mapping[str, str]) -> str:
    """The form with its placeholders replaced, in one pass. Placeholders without a value stay."""
    return _PLACE.sub(lambda found: values.get(found[1], found[0]), form)


@cache
def built_in_prompt(mode: Mode) -> PromptFile:
    """The prompt of the package for a mode."""
    name = f"{BUILT_IN[mode]}.toml"
    text = (resources.files("qa_eval.models.generation") / "prompts" / name).read_text(encoding="utf-8")
    return _parsed(text, name)


def load_prompt(path: str | Path) -> PromptFile:
    """The prompt in a file. Raises SpecError, which names the file and the key, for mistakes."""
    file = user_path(path, "prompt")
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SpecError(f"{show_path(file)}: the prompt cannot be read: {reason}") from None
    return _parsed(text, show_path(file))


def _parsed(text: str, path: str) -> PromptFile:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"{path}: is not TOML: {error}") from None
    for key in found:
        if key not in _KEYS:
            raise SpecError(f"{path}: {key}: a prompt has no such key; {choices(key, _KEYS)}")
    mode: Mode | None = next((mode for mode in get_args(Mode) if mode == found.get("mode")), None)
    if mode is None:
        raise SpecError(f"{path}: mode: {brief(found.get('mode'))} is none of {', '.join(get_args(Mode))}")
    prompt = PromptFile(
        name=_text(path, found, "name", Path(path).stem),
        version=_whole(path, found.get("version", 1)),
        mode=mode,
        messages=_messages(path, found.get("messages")),
        passage=_text(path, found, "passage", "{text}").strip("\n"),
        answer=_pattern(path, found.get("answer")),
        no_answer=_words(path, found.get("no_answer", [])),
    )
    everything = "".join(m.content for m in prompt.messages)
    missing = [f"{{{name}}}" for name in _NEEDED[prompt.mode] if f"{{{name}}}" not in everything]
    if missing:
        raise SpecError(f"{path}: messages: no content has {enumerate_words(missing, 'or')}")
    if prompt.mode == "all" and "{text}" not in prompt.passage:
        raise SpecError(f"{path}: passage: {brief(prompt.passage)} has no {{text}}")
    return prompt


def _messages(path: str, found: object) -> tuple[Message, ...]:
    if not isinstance(found, list) or not found:
        raise SpecError(f"{path}: messages: {brief(found)} is not a list of messages")
    messages = []
    for number, one in enumerate(found):
        where = f"messages[{number}]"
        if not isinstance(one, dict) or one.keys() != {"role", "content"}:
            raise SpecError(f"{path}: {where}: {brief(one)} is not a message with role and content")
        if one["role"] not in get_args(Role):
            raise SpecError(
                f"{path}: {where}.role: {brief(one['role'])} is none of {', '.join(get_args(Role))}"
            )
        if not isinstance(one["content"], str):
            raise SpecError(f"{path}: {where}.content: {brief(one['content'])} is not a text")
        messages.append(Message(one["role"], one["content"].strip("\n")))
    return tuple(messages)


def _text(path: str, found: Mapping[str, Any], key: str, default: str) -> str:
    value = found.get(key, default)
    if not isinstance(value, str):
        raise SpecError(f"{path}: {key}: {brief(value)} is not a text")
    return value


def _whole(path: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SpecError(f"{path}: version: {brief(value)} is not a whole number")
    return value


def _pattern(path: str, value: object) -> str | None:
    if value is None:
        return None
    try:
        re.compile(str(value))
    except re.error as error:
        raise SpecError(f"{path}: answer: {brief(value)} is not a regular expression: {error}") from None
    return str(value)


def _words(path: str, value: object) -> tuple[str, ...]:
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str)
        or not all(isinstance(w, str) for w in value)
    ):
        raise SpecError(f"{path}: no_answer: {brief(value)} is not a list of texts")
    return tuple(value)
