"""JSON documents of questions on texts, read as a stream with one paragraph or row in memory at a time.

    {"version": "v2.0", "data": [{"title": …, "paragraphs": [{"context": …, "qas": [
        {"id": …, "question": …, "answers": [{"text": …, "answer_start": …}], "is_impossible": …}]}]}]}

This is SQuAD's own format. `data` may also hold paragraphs, or rows, which have the context next to the
question. Each of these may also be the document itself, or an entry of a list that is the document.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from itertools import islice
from typing import IO, Any

from qa_eval.data.dataset_options import ID_NAMES, Read, Where
from qa_eval.data.examples import Examples
from qa_eval.data.published_sets import Version
from qa_eval.files.compression import UNREADABLE, unreadable
from qa_eval.files.json_streams import JsonDocument
from qa_eval.files.strict_json import NotJsonError, Parsed, describe
from qa_eval.records import Finding
from qa_eval.text.phrases import quote

_Handler = Callable[[Where], Read]
"""Function that reads the next value of the document. It takes the value's place."""
_ROW = frozenset({"question", "context", "answers", *ID_NAMES})
"""Keys by which a row is recognized."""


def read_document(file: IO[bytes], where: Where, examples: Examples) -> Read:
    """Yields the examples of a document and a finding for everything that is wrong with it."""
    document = _Document(JsonDocument(file), examples)
    try:
        yield from document.read(where)
    except NotJsonError as error:
        message = str(error)
        if message.endswith("Extra data"):
            message += "; a file of several objects has one on each line"
        if document.last:
            message += f" (after {document.last})"
        place = Where(path=where.path, line=error.line)
        yield place.finding("json", message, column=error.column)
    except UNREADABLE as error:
        yield where.finding("file", unreadable(error))


class _Document:
    """A document that is being read."""

    def __init__(self, document: JsonDocument, examples: Examples) -> None:
        self.document = document
        self.examples = examples
        self.row = _ROW | set(examples.intake.columns.values())
        self.last = ""
        """Field of the last paragraph or row that was read completely."""

    def read(self, where: Where) -> Read:
        mark = self.document.mark()
        if mark == "[":
            yield from self._entries(where, self._entry)
        elif mark == "{":
            handlers = {"data": self._data, "version": self._version}
            yield from self._members(where, handlers, {"data": "the articles"})
        else:
            yield from self._unlike('must be an object with "data", or a list of rows;', where)
        self.document.close()

    def _data(self, where: Where) -> Read:
        """Reads a list of entries, or one entry."""
        return self._entry(where) if self.document.mark() == "{" else self._entries(where, self._entry)

    def _entry(self, where: Where) -> Read:
        """Reads an article, a paragraph or a row."""
        needed = {"paragraphs": "the texts with their questions"}
        if self.document.mark() == "{":
            return self._members(where, {}, needed)
        return self._unlike(f"must be an object with {', '.join(map(quote, needed))},", where)

    def _paragraphs(self, where: Where) -> Read:
        return self._entries(where, self._paragraph)

    def _paragraph(self, where: Where) -> Read:
        found = yield from self._whole(where)
        if found.usable:
            yield from self.examples.of_paragraph(found.value, where)
        self.last = where.field

    def _version(self, where: Where) -> Read:
        found = yield from self._whole(where)
        if found.usable:
            yield Version(found.value)

    def _entries(self, where: Where, handler: _Handler) -> Read:
        """Reads a list, each entry with the handler."""
        if self.document.mark() != "[":
            yield from self._unlike("must be a list,", where)
            return
        for number in self.document.entries():
            yield from handler(where.inside(number))

    def _members(self, where: Where, handlers: Mapping[str, _Handler], needed: Mapping[str, str]) -> Read:
        """Reads an object.

        Keys with a handler, and `paragraphs`, are streamed. An object without them is read as a whole, as a
        paragraph or row. If it is neither, the keys of `needed` are reported as missing, with what they
        should hold.
        """
        keys = set()
        streamed, usable = False, True
        kept: dict[str, Any] = {}
        for key in self.document.members():
            place = where.inside(key)
            if key in keys:
                there = Where(path=place.path, line=self.document.line, parts=place.parts)
                yield there.finding("json", "the key is there twice; keep one")
            keys.add(key)
            handler = handlers.get(key)
            if key == "paragraphs" and "question" not in keys:
                handler = self._paragraphs
            if handler is not None:
                streamed |= key != "version"
                yield from handler(place)
            else:
                found = yield from self._whole(place)
                kept[key] = found.value
                usable &= found.usable
            if streamed:
                kept.clear()
        if usable and not streamed:
            yield from self._single(kept, where, needed)

    def _single(self, part: Mapping[str, Any], where: Where, needed: Mapping[str, str]) -> Read:
        """Yields the examples of a paragraph or a row. If it is neither, yields a finding about what is
        missing.
        """
        if "qas" in part or self.row & part.keys():
            yield from self.examples.of_entry(part, where)
            self.last = where.field
        elif part and not where.parts and all(isinstance(one, str) for one in islice(part.values(), 9)):
            message = "holds a text under each key, as a file of answers does; a data set has questions"
            yield where.finding("shape", message)
        else:
            for key, what in needed.items():
                yield where.inside(key).finding("shape", f"is missing ({what})")

    def _unlike(self, expected: str, where: Where) -> Read:
        """Yields a finding about a value of the wrong kind."""
        found = yield from self._whole(where)
        if found.usable:
            yield where.finding("shape", f"{expected} found {describe(found.value)}")

    def _whole(self, where: Where) -> Generator[Finding, None, Parsed]:
        """Returns the value in memory, after yielding what is wrong inside it."""
        parsed = self.document.value()
        yield from where.problems(parsed)
        return parsed
