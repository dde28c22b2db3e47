"""JSON documents of questions on texts: read as a stream, one paragraph or row in memory at a time.

    {"version": "v2.0", "data": [{"title": …, "paragraphs": [{"context": …, "qas": [
        {"id": …, "question": …, "answers": [{"text": …, "answer_start": …}], "is_impossible": …}]}]}]}

That is SQuAD's own format. `data` may also hold paragraphs, or rows, which have their context next to their
question; and each of these may be the document itself, or an entry of a list that is the document.

JSON is parsed by `ijson`, from a file that refuses what `ijson` reads wrongly (see `GuardedFile`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count, islice
from typing import IO, Any

from ijson import JSONError, basic_parse

from qa_eval.data.dataset_files import GuardedFile, HalfCharacterError, LongNumberError, broken
from qa_eval.data.dataset_options import ID_NAMES, Read, Where
from qa_eval.data.examples import Examples
from qa_eval.data.published_sets import Version
from qa_eval.files.compression import UNREADABLE
from qa_eval.files.strict_json import MAX_DEPTH, describe
from qa_eval.records import Finding
from qa_eval.text.phrases import quote

_Handler = Callable[[str, Any, Where], Read]
"""Reads the value that begins with that event and its value, at that place."""
_ROW = frozenset({"question", "context", "answers", *ID_NAMES})
"""Keys by which a row is known."""


def read_document(file: IO[bytes], where: Where, examples: Examples) -> Read:
    """The examples of a document, with everything that is wrong with it."""
    document = _Document(basic_parse(GuardedFile(file), use_float=False), examples)
    try:
        yield from document.read(where)
    except JSONError as error:
        after = f", after {document.last}" if document.last else ""
        reason = _reason(error)
        if "trailing garbage" in reason:
            reason += "; a file of several objects has each on a line of its own"
        yield where.finding("json", f"is not valid JSON{after}: {reason}")
    except HalfCharacterError as error:
        after = f", after {document.last}" if document.last else ""
        yield replace(where, line=error.line).finding("encoding", f"{error}{after}")
    except LongNumberError as error:
        yield where.finding("json", str(error))
    except UNREADABLE as error:
        yield where.finding("file", broken(error))


class _Document:
    """The parser's events on their way to examples."""

    def __init__(self, events: Iterator[tuple[str, Any]], examples: Examples) -> None:
        self.events = events
        self.examples = examples
        self.row = _ROW | set(examples.intake.columns.values())
        self.last = ""
        """The field of the last paragraph or row that was read whole."""

    def read(self, where: Where) -> Read:
        event, value = next(self.events)
        if event == "start_array":
            yield from self._entries(event, value, where, self._entry)
        elif event == "start_map":
            handlers = {"data": self._data, "version": self._version}
            yield from self._members(where, handlers, {"data": "the articles"})
        else:
            expected = 'must be an object with "data", or a list of rows'
            yield where.finding("shape", f"{expected}; found {describe(value)}")
        for _ in self.events:  # an error of the parser's, if anything follows
            pass

    def _data(self, event: str, value: object, where: Where) -> Read:
        """A list of entries, or one of them."""
        if event == "start_map":
            return self._entry(event, value, where)
        return self._entries(event, value, where, self._entry)

    def _entry(self, event: str, value: object, where: Where) -> Read:
        """An article, a paragraph or a row."""
        needed = {"paragraphs": "the texts with their questions"}
        if event == "start_map":
            return self._members(where, {}, needed)
        return self._no_object(event, value, where, needed)

    def _paragraphs(self, event: str, value: object, where: Where) -> Read:
        return self._entries(event, value, where, self._paragraph)

    def _paragraph(self, event: str, value: object, where: Where) -> Read:
        found = yield from self._whole(event, value, where)
        yield from self.examples.of_paragraph(found, where)
        self.last = where.field

    def _version(self, event: str, value: object, where: Where) -> Read:
        yield Version((yield from self._whole(event, value, where)))

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

    def _members(self, where: Where, handlers: Mapping[str, _Handler], needed: Mapping[str, str]) -> Read:
        """An object: what has a handler and `paragraphs` as a stream, else the whole as a paragraph or row.

        `needed`: a key with what it holds, reported as missing where the object is none of these.
        """
        keys = set()
        streamed = False
        kept: dict[str, Any] = {}
        for first, key in self.events:
            if first == "end_map":
                break
            place = where.inside(key)
            if key in keys:
                yield place.finding("json", "the key is there twice; keep one")
            keys.add(key)
            handler = handlers.get(key)
            if key == "paragraphs" and "question" not in keys:
                handler = self._paragraphs
            if handler is not None:
                streamed |= key != "version"
                yield from handler(*next(self.events), place)
            else:
                kept[key] = yield from self._whole(*next(self.events), place)
            if streamed:
                kept.clear()
        if not streamed:
            yield from self._single(kept, where, needed)

    def _single(self, part: Mapping[str, Any], where: Where, needed: Mapping[str, str]) -> Read:
        """A paragraph or a row; otherwise says what is missing."""
        if "qas" in part or self.row & part.keys():
            yield from self.examples.of_entry(part, where)
            self.last = where.field
        elif part and not where.parts and all(isinstance(one, str) for one in islice(part.values(), 9)):
            message = "holds a text under each key, as a file of answers does; a data set has questions"
            yield where.finding("shape", message)
        else:
            for key, what in needed.items():
                yield where.inside(key).finding("shape", f"is missing ({what})")

    def _no_object(self, event: str, value: object, where: Where, needed: Mapping[str, str]) -> Read:
        found = yield from self._whole(event, value, where)
        expected = f"an object with {', '.join(map(quote, needed))}"
        yield where.finding("shape", f"must be {expected}, found {describe(found)}")

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
            return float(value) if isinstance(value, Decimal) else value
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
