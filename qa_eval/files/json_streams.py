"""Strict JSON that is read as a stream: JSON Lines, or one document piece by piece.

Only the current value is in memory, whatever the size of the file. Problems inside a value are in its
`Parsed`. If a text is not JSON, `JsonDocument` raises `NotJsonError`, and `json_lines` gives the error in
place of the line's value.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Iterator
from itertools import count
from typing import IO, Any, cast

import jsonlines

from qa_eval.files.json_columns import find_columns
from qa_eval.files.strict_json import NotJsonError, Parsed, not_utf8, parse_at, parse_json, place_in

MAX_VALUE_BYTES = 1 << 25
"""Greatest size of a line, or of one value of a document. A paragraph of MRQA with its tokens has a few
hundred kB, so a larger value means a file of another kind."""
_CHUNK = 1 << 18
"""Number of bytes of a document that are read at once."""
_MARK = re.compile(r"[ \t\n\r]*([^ \t\n\r]?)")
_KEY = re.compile(r'"([^"\\\x00-\x1f]*)"[ \t\n\r]*:[ \t\n\r]*(?=[^ \t\n\r])')
"""Key without escapes, with everything up to its value."""
_NEXT_KEY = re.compile(rf"[ \t\n\r]*,[ \t\n\r]*(?P<key>{_KEY.pattern})")
_BLANK = ("", " ", "\t", "\n", "\r")
_CUT_NUMBER = re.compile(r"(?:\.?[eE]?[+-]?)\Z")
"""Characters that may follow the readable part of a number whose rest is not read yet."""
_LONGEST_TOKEN = 16
"""Greatest distance, in characters, between the end of a cut text and the place where a parser stops, except
within a string."""


# ------------------------------------------------------------------------------------------ lines


class BoundedLines:
    """The lines of a file with their line ends, within limits of size.

    A line of more than `most` bytes is given as an empty line and recorded in `too_long`. After more than
    `whole` bytes no further line is given, and `exceeded` is true.
    """

    def __init__(self, file: IO[bytes], most: int, whole: int = sys.maxsize) -> None:
        self.too_long: dict[int, str] = {}
        """Message about each line that is too long, by the number of the line, from 1."""
        self.exceeded = False
        """Whether the file has more than `whole` bytes."""
        self._file = file
        self._most = most
        self._left = whole

    def __iter__(self) -> Iterator[bytes]:
        read, most = self._file.readline, self._most
        for number in count(1):
            line = read(min(most, self._left) + 1)
            self._left -= len(line)
            if len(line) > most and not line.endswith(b"\n"):
                self.too_long[number] = self._pass_over(len(line))
                line = b""
            elif self._left < 0:
                self.exceeded = True
                return
            elif not line:
                return
            yield line
            if self.exceeded:
                return

    def _pass_over(self, size: int) -> str:
        """Reads on to the end of a line of which `size` bytes were read. Returns a message about the line."""
        at_least = "at least "
        while self._left >= 0:
            line = self._file.readline(min(self._most, self._left) + 1)
            self._left -= len(line)
            size += len(line)
            if not line or line.endswith(b"\n"):
                size -= bool(line)
                at_least = ""
                break
        self.exceeded = self._left < 0
        return f"the line has {at_least}{size:,} bytes; at most {self._most:,} are read"


def json_lines(
    file: IO[bytes], *, foreign: bool = False, known: Callable[[bytes], Any] | None = None
) -> Iterator[tuple[int, Parsed | NotJsonError]]:
    """(number, value) of each line that is not blank, or (number, error) if the line is not JSON.

    Lines are counted from 1. `foreign` is passed to `parse_json`. `known` may read the value of a line in a
    form that it knows; for any other line it returns None. Errors of reading the file are raised.
    """

    def loads(line: str | bytes) -> Parsed:
        text = str(line)
        parsed = parse_json(text, foreign=foreign)
        return _located(parsed, text, slice(0, None), 1, 0) if parsed.problems else parsed

    lines = BoundedLines(file, MAX_VALUE_BYTES)
    for number, line in enumerate(lines, 1):
        if known is not None and (value := known(line)) is not None:
            yield number, Parsed(value)
        elif number in lines.too_long:
            yield number, NotJsonError(lines.too_long.pop(number))
        else:
            try:
                yield number, cast(Parsed, jsonlines.Reader([line], loads=loads).read())
            except jsonlines.InvalidLineError as error:
                cause = error.__cause__
                if isinstance(cause, UnicodeDecodeError):
                    yield number, not_utf8(cause)
                elif isinstance(cause, NotJsonError) and error.line.strip():
                    yield number, cause


def _located(parsed: Parsed, text: str, part: slice, line: int, column: int) -> Parsed:
    """The value with a line and a column for each of its problems.

    `part` is the part of the text that spells the value. The text begins in line `line` of the file, after
    `column` characters of that line.
    """
    columns = find_columns(text[part], [problem.field for problem in parsed.problems])
    found = []
    for problem in parsed.problems:
        below, place = place_in(text, part.start + columns.get(problem.field, 1) - 1)
        place += column if below == 1 else 0
        found.append(problem._replace(line=line + below - 1, column=place))
    return parsed._replace(problems=tuple(found))


# ------------------------------------------------------------------------------------------ documents


class JsonDocument:
    """A JSON document that is read piece by piece, as the caller asks for it.

    `mark` tells what comes next. If it is an object, `members` gives its keys. If it is a list, `entries`
    gives its indices. The caller must read the value of each key or index before it asks for the next one:
    whole, by `value`, or again in pieces. After the last value, `close` checks that nothing follows.

    >>> import io
    >>> document = JsonDocument(io.BytesIO(b'{"a": [1, {"b": 2}], "c": "d"}'))
    >>> document.mark()
    '{'
    >>> for key in document.members():
    ...     if document.mark() == "[":
    ...         print(key, [document.value().value for _ in document.entries()])
    ...     else:
    ...         print(key, document.value().value)
    a [1, {'b': 2}]
    c d
    >>> document.close()

    Every method raises NotJsonError, with the line and column in the file, if the text is not JSON. Errors of
    reading the file are raised as they are.
    """

    def __init__(self, file: IO[bytes], *, foreign: bool = False) -> None:
        self.line = 1
        """Number of the line in which the last given key or entry begins."""
        self._file = file
        self._foreign = foreign
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text = ""
        """Part of the document that is in memory."""
        self._at = 0
        """Offset in the text of the next token."""
        self._counted = 0
        """Offset in the text up to which lines are counted."""
        self._lines = 1
        """Number of the line at offset `_counted`."""
        self._column = 0
        """Number of characters that precede the text in its first line."""
        self._ended = False
        """Whether the end of the file was reached."""
        self._wrong: NotJsonError | None = None
        """Error in the bytes that follow the text; None if there is none."""

    def mark(self) -> str:
        """The first character of the next token, after white space; empty at the end of the file."""
        while True:
            found = _MARK.match(self._text, self._at)
            assert found is not None
            self._at = found.start(1)
            if found[1] or not self._read_on():
                return found[1]

    def members(self) -> Iterator[str]:
        """The keys of the next value, an object, in order. A key that occurs twice is given twice."""
        self._at += 1
        mark = self.mark()
        while mark != "}":
            self.line = self._count()
            yield self._key(mark)
            while (found := _NEXT_KEY.match(self._text, self._at)) is not None:
                self._at = found.start("key")
                self.line = self._count()
                self._at = found.end()
                yield found[2]
            mark = self.mark()
            if mark == ",":
                self._at += 1
                mark = self.mark()
                mark = mark if mark != "}" else ","  # no key begins with a comma, so `_key` refuses "{…,}"
            elif mark != "}":
                raise self._error("not valid JSON: Expecting ',' delimiter")
        self._at += 1

    def _key(self, mark: str) -> str:
        """The next key. Moves to its value."""
        if (found := _KEY.match(self._text, self._at)) is not None:
            self._at = found.end()
            return found[1]
        if mark != '"':
            raise self._error("not valid JSON: Expecting property name enclosed in double quotes")
        parsed = self.value()
        if parsed.problems:
            raise self._error(f"the key {parsed.problems[0].message}")
        if self.mark() != ":":
            raise self._error("not valid JSON: Expecting ':' delimiter")
        self._at += 1
        self.mark()
        return str(parsed.value)

    def entries(self) -> Iterator[int]:
        """The indices of the next value, a list, from 0."""
        self._at += 1
        mark = self.mark()
        if mark == "]":
            self._at += 1
            return
        for number in count():
            self.line = self._count()
            yield number
            mark = self.mark()
            if mark not in (",", "]"):
                raise self._error("not valid JSON: Expecting ',' delimiter")
            self._at += 1
            if mark == "]":
                return
            self.mark()

    def value(self) -> Parsed:
        """The whole next value. Each problem in it has its line and column."""
        if self._text[self._at : self._at + 1] in _BLANK:
            self.mark()
        while True:
            try:
                parsed, end = parse_at(self._text, self._at, foreign=self._foreign)
            except NotJsonError as error:
                if not (self._is_cut(error) and self._read_on()):
                    raise self._error(str(error), error.position) from None
                continue
            # A number at the end of the text, such as "1" or "1.", may go on in the rest of the file.
            if end < len(self._text) - 3 or not (_CUT_NUMBER.match(self._text, end) and self._read_on()):
                break
        if parsed.problems:
            parsed = _located(parsed, self._text, slice(self._at, end), self._first_line(), self._column)
        self._at = end
        return parsed

    def close(self) -> None:
        """Raises NotJsonError if anything follows the last value."""
        if self.mark():
            raise self._error("not valid JSON: Extra data")

    # ----------------------------------------------------------------------------- inside

    def _is_cut(self, error: NotJsonError) -> bool:
        """Whether the error may only mean that the end of the value is not read yet."""
        if error.position is None:
            return False
        if error.position < len(self._text) - _LONGEST_TOKEN and "Unterminated string" not in str(error):
            return False
        if len(self._text) - self._at > MAX_VALUE_BYTES:
            raise self._error(f"a value has more than {MAX_VALUE_BYTES:,} characters; no more are read")
        return True

    def _read_on(self) -> bool:
        """Reads more of the file and drops the text before `_at`. Returns False at the end of the file."""
        if self._wrong is not None:
            raise self._wrong
        if self._ended:
            return False
        data = self._file.read(max(_CHUNK, len(self._text) - self._at))
        wrong = ""
        try:
            more = self._decode(data, not data)
        except UnicodeDecodeError as error:
            more = error.object[: error.start].decode("utf-8")
            wrong = f"not UTF-8 (0x{error.object[error.start]:02x}); save as UTF-8"
        if not data and not wrong:
            self._ended = True
            return False
        self._column = self._column_of(self._at)
        self._count()
        self._text, self._at, self._counted = self._text[self._at :] + more, 0, 0
        if wrong:
            self._wrong = self._error(wrong, len(self._text))
        return True

    def _count(self) -> int:
        """The number of the line in which the next token is."""
        self._lines += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines

    def _first_line(self) -> int:
        """The number of the line in which the text begins."""
        return self._lines - self._text.count("\n", 0, self._counted)

    def _column_of(self, position: int) -> int:
        """The number of characters before a position in its line."""
        newline = self._text.rfind("\n", 0, position)
        return position - newline - 1 if newline >= 0 else self._column + position

    def _error(self, message: str, position: int | None = None) -> NotJsonError:
        """An error with its place in the file: the position, or the next token if no position is given."""
        position = self._at if position is None else position
        error = NotJsonError(message, position, self._text)
        error.line += self._first_line() - 1
        error.column = self._column_of(position) + 1
        return error
