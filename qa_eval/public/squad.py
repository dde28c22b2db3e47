"""SQuAD's own files, v1.1 and v2.0: read as a stream, one paragraph in memory at a time.

    {"version": "v2.0", "data": [{"title": …, "paragraphs": [{"context": …, "qas": [
        {"id": …, "question": …, "answers": [{"text": …, "answer_start": …}], "is_impossible": …}]}]}]}

JSON is parsed by `ijson`, whose fastest parser replaces half of a surrogate pair by a question mark.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ijson import JSONError, basic_parse

from qa_eval.corpus.json_lines import MAX_DEPTH, describe
from qa_eval.corpus.phrasing import quote, show_path
from qa_eval.public.examples import Ids, Read, Where, from_squad
from qa_eval.public.files import UNREADABLE, broken, opened
from qa_eval.public.origin import Version
from qa_eval.records import Finding

_WHAT = 'a JSON object with "version" and "data"'
_Handler = Callable[[str, Any, Where], Read]
"""Reads the value that begins with that event and its value, at that place."""


def read_squad(path: Path) -> Read:
    """The examples of a file, with everything that is wrong with it. Raises InputError as `opened` does."""
    where = Where(path=show_path(path))
    with opened(path, _WHAT) as file:
        document = _Document(basic_parse(file, use_float=True))
        try:
            yield from document.read(where)
        except JSONError as error:
            after = f", after {document.last}" if document.last else ""
            yield where.finding("json", f"is not valid JSON{after}: {_reason(error)}")
        except UNREADABLE as error:
            yield where.finding("file", broken(error))


class _Document:
    """The parser's events on their way to examples."""

    def __init__(self, events: Iterator[tuple[str, Any]]) -> None:
        self.events = events
        self.ids: Ids = set()
        self.last = ""
        """The field of the last paragraph that was read whole."""

    def read(self, where: Where) -> Read:
        event, value = next(self.events)
        handlers = {"data": self._articles, "version": self._version}
        yield from self._members(event, value, where, handlers, {"data": "the articles"})
        for _ in self.events:  # an error of the parser's, if anything follows
            pass

    def _articles(self, event: str, value: object, where: Where) -> Read:
        return self._entries(event, value, where, self._article)

    def _article(self, event: str, value: object, where: Where) -> Read:
        def paragraphs(event: str, value: object, where: Where) -> Read:
            return self._entries(event, value, where, self._paragraph)

        needed = {"paragraphs": "the texts with their questions"}
        return self._members(event, value, where, {"paragraphs": paragraphs}, needed)

    def _paragraph(self, event: str, value: object, where: Where) -> Read:
        found = yield from self._whole(event, value, where)
        if not isinstance(found, dict):
            yield where.finding("shape", f"must be an object, found {describe(found)}")
            return
        yield from from_squad(found, where, self.ids)
        self.last = where.field

    def _version(self, event: str, value: object, where: Where) -> Read:
        yield Version((yield from self._whole(event, value, where)))

    def _other(self, event: str, value: object, where: Where) -> Read:
        yield from self._whole(event, value, where)

    def _entries(self, event: str, value: object, where: Where, handler: _Handler) -> Read:
        """A list, each entry read by the handler."""
        if event != "start_array":
            found = yield from self._whole(event, value, where)
            yield where.finding("shape", f"must be a list, found {describe(found)}")
            return
        for number in count():
            first, start = next(self.events)
            if first == "end_array":
                return
            yield from handler(first, start, where.inside(number))

    def _members(
        self,
        event: str,
        value: object,
        where: Where,
        handlers: Mapping[str, _Handler],
        needed: Mapping[str, str],
    ) -> Read:
        """An object, each member read by its handler; `needed` keys with what they hold."""
        if event != "start_map":
            found = yield from self._whole(event, value, where)
            expected = f"an object with {', '.join(map(quote, needed))}"
            yield where.finding("shape", f"must be {expected}, found {describe(found)}")
            return
        keys = set()
        for first, key in self.events:
            if first == "end_map":
                break
            if key in keys:
                yield where.inside(key).finding("json", "the key is there twice; keep one")
            keys.add(key)
            yield from handlers.get(key, self._other)(*next(self.events), where.inside(key))
        for key, what in needed.items():
            if key not in keys:
                yield where.inside(key).finding("shape", f"is missing ({what})")

    def _whole(self, event: str, value: object, where: Where) -> Generator[Finding, None, Any]:
        """The value in memory; yields what is wrong inside it."""
        problems: list[tuple[tuple[str | int, ...], str]] = []
        found = self._value(event, value, (), problems)
        for path, message in problems:
            yield where.inside(*path).finding("json", message)
        return found

    def _value(
        self,
        event: str,
        value: Any,  # noqa: ANN401
        path: tuple[str | int, ...],
        problems: list[tuple[tuple[str | int, ...], str]],
    ) -> Any:  # noqa: ANN401
        if event not in ("start_map", "start_array"):
            return value
        if len(path) >= MAX_DEPTH:
            problems.append((path, f"nested too deeply; at most {MAX_DEPTH} levels are read"))
            self._pass_over()
            return None
        if event == "start_array":
            entries: list[Any] = []
            for first, start in self.events:
                if first == "end_array":
                    break
                entries.append(self._value(first, start, (*path, len(entries)), problems))
            return entries
        members: dict[str, Any] = {}
        for first, key in self.events:
            if first == "end_map":
                break
            if key in members:
                problems.append(((*path, key), "the key is there twice; keep one"))
            members[key] = self._value(*next(self.events), (*path, key), problems)
        return members

    def _pass_over(self) -> None:
        """Reads on to the end of the list or object that has begun."""
        depth = 1
        while depth:
            event, _ = next(self.events)
            depth += event.startswith("start_")
            depth -= event.startswith("end_")


def _reason(error: JSONError) -> str:
    """The parser's message on one line: what is wrong, and the text where it stopped."""
    text = str(error)
    if text.startswith(("b'", 'b"')):
        text = ast.literal_eval(text).decode("utf-8", "replace")
    first, *drawing = text.splitlines()
    reason = first.rstrip(".")
    if len(drawing) >= 2 and "^" in drawing[1]:
        at = drawing[1].index("^")
        seen = drawing[0][max(0, at - 20) : at + 20].strip()
        reason += f" in {quote(seen)}" if seen else ""
    return reason
