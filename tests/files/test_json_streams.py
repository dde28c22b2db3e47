"""JSON read as a stream: lines of any length, and documents piece by piece, wherever readings end."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.files.json_streams import BoundedLines, JsonDocument, json_lines
from qa_eval.files.strict_json import NotJsonError
from tests.files.test_strict_json import VALUES


class Piecemeal(io.BytesIO):
    """A file that gives so many bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self.size = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.size)


def in_pieces(document: JsonDocument) -> Any:
    mark = document.mark()
    if mark == "{":
        return {key: in_pieces(document) for key in document.members()}
    if mark == "[":
        return [in_pieces(document) for _ in document.entries()]
    return document.value().value


def read(data: bytes, size: int, *, whole: bool) -> Any:
    """The value, or what is wrong with its place."""
    document = JsonDocument(Piecemeal(data, size))
    try:
        value = document.value().value if whole else in_pieces(document)
        document.close()
    except NotJsonError as error:
        return str(error), error.line, error.column
    return value


@given(VALUES, st.booleans(), st.sampled_from([None, 1]), st.integers(1, 12))
def test_a_document_is_its_value_wherever_readings_end(
    value: Any, ascii_only: bool, indent: int | None, size: int
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    data = text.encode("utf-8", "surrogatepass")
    for whole in (True, False):
        assert read(data, size, whole=whole) == json.loads(text)


@given(VALUES, st.data(), st.integers(1, 12))
def test_a_document_that_is_cut_breaks_where_the_standard_library_says(
    value: Any, data: st.DataObject, size: int
) -> None:
    text = json.dumps({"a": value}, indent=1)
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(cut)
    error = caught.value
    expected = f"not valid JSON: {error.msg}", error.lineno, error.colno
    assert read(cut.encode(), size, whole=True) == expected
    assert read(cut.encode(), size, whole=False) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"a": 1,\n}', ("Expecting property name enclosed in double quotes", 2, 1), id="comma"),
        pytest.param('{"a": 1 "b": 2}', ("Expecting ',' delimiter", 1, 9), id="no comma"),
        pytest.param('{"a" 1}', ("Expecting ':' delimiter", 1, 6), id="no colon"),
        pytest.param("{3: 4}", ("Expecting property name enclosed in double quotes", 1, 2), id="no text"),
        pytest.param("[1,\n]", ("Expecting value", 2, 1), id="no entry"),
        pytest.param("[1\n2]", ("Expecting ',' delimiter", 2, 1), id="no comma in a list"),
        pytest.param('{"a": 1}\n {}', ("Extra data", 2, 2), id="two documents"),
        pytest.param("", ("Expecting value", 1, 1), id="nothing"),
    ],
)
@pytest.mark.parametrize("size", [1, 100])
def test_a_mistake_in_a_document_has_its_place(text: str, expected: tuple[str, int, int], size: int) -> None:
    message, line, column = expected
    assert read(text.encode(), size, whole=False) == (f"not valid JSON: {message}", line, column)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_what_comes_before_bytes_that_are_no_text_is_read(size: int) -> None:
    document = JsonDocument(Piecemeal('["é",\n "b", "'.encode() + b'\xff"]', size))
    assert document.mark() == "["
    entries = document.entries()
    for expected in ("é", "b"):
        next(entries)
        assert document.value().value == expected
    next(entries)
    with pytest.raises(NotJsonError, match=r"not UTF-8 \(0xff\)") as caught:
        document.value()
    assert (caught.value.line, caught.value.column) == (2, 8)


@pytest.mark.parametrize("size", [1, 5, 100])
def test_problems_inside_a_value_have_their_place_in_the_file(size: int) -> None:
    document = JsonDocument(Piecemeal(b'{"x": 1,\n "y": {"a": [\n  NaN], "a": 2}}', size))
    assert document.mark() == "{"
    found = {key: (document.line, document.value().problems) for key in document.members()}
    assert found["x"] == (1, ())
    line, problems = found["y"]
    assert line == 2
    assert [(p.field, p.line, p.column) for p in problems] == [("a", 3, 14)]


def test_a_value_of_too_many_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_eval.files.json_streams.MAX_VALUE_BYTES", 100)
    document = JsonDocument(Piecemeal(b'["' + b"x" * 1000 + b'"]', 50))
    assert document.mark() == "["
    next(document.entries())
    with pytest.raises(NotJsonError, match="a value has more than 100 characters; no more are read"):
        document.value()


def test_lines_are_read_by_number_and_none_hides_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_eval.files.json_streams.MAX_VALUE_BYTES", 20)
    lines = [b'{"a": 1}', b" ", b"{", b"null", b'"' + b"x" * 30 + b'"', b"[\xff]", b'{"a": NaN}', b"2"]
    found = list(json_lines(io.BytesIO(b"\n".join(lines))))
    assert [number for number, _ in found] == [1, 3, 4, 5, 6, 7, 8]
    assert [one if isinstance(one, NotJsonError) else one.value for _, one in found[::6]] == [{"a": 1}, 2]
    wrong = {number: str(one) for number, one in found if isinstance(one, NotJsonError)}
    assert wrong == {
        3: "not valid JSON: Expecting property name enclosed in double quotes",
        5: "the line has 32 bytes; at most 20 are read",
        6: "not UTF-8 at byte 2 of the line (0xff); save as UTF-8",
    }
    (nan,) = [one.problems for number, one in found if number == 7 and not isinstance(one, NotJsonError)]
    assert [(problem.field, problem.line, problem.column) for problem in nan] == [("a", 1, 7)]


@given(st.lists(st.binary(max_size=12)), st.integers(1, 8), st.integers(0, 80))
def test_of_lines_no_more_is_given_than_may_be_read(parts: list[bytes], most: int, whole: int) -> None:
    data = b"\n".join(part.replace(b"\n", b"") for part in parts)
    lines = BoundedLines(io.BytesIO(data), most, whole)
    given_lines = list(lines)
    right = data.splitlines(keepends=True) if b"\r" not in data else io.BytesIO(data).readlines()
    assert lines.exceeded == (len(data) > whole)
    for number, (line, there) in enumerate(zip(given_lines, right, strict=False), 1):
        if number in lines.too_long:
            assert line == b""
            assert len(there.rstrip(b"\n")) > most or lines.exceeded
        else:
            assert line == there
    assert sum(map(len, given_lines)) <= whole
    if not lines.exceeded:
        assert len(given_lines) == len(right)
