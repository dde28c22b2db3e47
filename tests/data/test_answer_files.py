"""Files of answers: told apart by their shape, read as a stream, every problem with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.data.answers.answer_files import AnswerEntry, AnswerFile
from qa_eval.data.answers.answer_shapes import FILE_FIELDS, ROW_FIELDS
from qa_eval.errors import InputError


def read(tmp_path: Path, name: str, text: str) -> tuple[list[AnswerEntry], list[str]]:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    file = AnswerFile(path)
    entries = list(file.entries())
    return entries, [str(f).removeprefix(f"{path}:") for f in file.findings.listed()]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("a.json", '{"a": "x", "b": ["y"]}', [(1, "a", "x"), (1, "b", ["y"])], id="object"),
        pytest.param(
            "a.json", '\n{\n"a" :\n"x"\n,"a": "y"\r\n}\n', [(3, "a", "x"), (5, "a", "y")], id="lines"
        ),
        pytest.param("a.json", "{}", [], id="empty object"),
        pytest.param("a.json", "[ ]", [], id="empty list"),
        pytest.param(
            "a.json",
            '[{"id": "a"},\n{"id": "b"}]',
            [(1, None, {"id": "a"}), (2, None, {"id": "b"})],
            id="list",
        ),
        pytest.param(
            "a.json",
            '{"id": "a", "prediction": "x"}',
            [(1, None, {"id": "a", "prediction": "x"})],
            id="one row",
        ),
        pytest.param("a.json", '{"a": 1}\n{"b": 2}', [(1, None, {"a": 1}), (2, None, {"b": 2})], id="rows"),
        pytest.param("a.jsonl", '{"a": 1}\n\n', [(1, None, {"a": 1})], id="a row by the file's name"),
        pytest.param(
            "a.jsonl", '{"a": "\u2028"}\n', [(1, None, {"a": "\u2028"})], id="a separator in a text"
        ),
    ],
)
def test_shapes_are_told_apart(tmp_path: Path, name: str, text: str, expected: list[Any]) -> None:
    assert read(tmp_path, name, text) == (expected, [])


@pytest.mark.parametrize(
    ("name", "text", "read_before", "problem"),
    [
        pytest.param(
            "a.json", "nope", 0, "1: is neither a JSON object from ids to answers nor", id="neither"
        ),
        pytest.param("a.json", '{"a": "x"', 1, "1:10: not valid JSON: Expecting ',' delimiter", id="cut"),
        pytest.param("a.json", '{"a": "x",\n "b": "y', 1, "2:7: not valid JSON: Unterminated", id="cut text"),
        pytest.param(
            "a.json", '{"a": "x",\n}', 1, "2:1: not valid JSON: Expecting property name", id="comma"
        ),
        pytest.param(
            "a.json",
            '{"a": "x"\n "b": "y"}',
            1,
            "2:2: not valid JSON: Expecting ',' delimiter",
            id="no comma",
        ),
        pytest.param("a.json", '{"a" "x"}', 0, "1:6: not valid JSON: Expecting ':' delimiter", id="no colon"),
        pytest.param(
            "a.json", "{3: 4}", 0, "1:2: not valid JSON: Expecting property name", id="number as key"
        ),
        pytest.param("a.json", '{"a":\n"x"}\n,', 1, "3:1: not valid JSON: Extra data", id="more"),
        pytest.param("a.json", '{"a": "x",\n"b": NaN}', 1, "2:6: b: NaN is not a number JSON has", id="NaN"),
        pytest.param(
            "a.json", '{"a":\n{"k": 1, "k": 2}}', 0, "2:15: a.k: the key is there twice", id="key twice"
        ),
        pytest.param("a.json", '{"a": ' + "[" * 100_000 + "]}", 0, "1:7: nested too deeply", id="deep"),
        pytest.param(
            "a.json", '{"a": ' + "[" * 600 + "NaN" + "]" * 600 + "}", 0, "1:23: a[0]", id="NaN at some depth"
        ),
        pytest.param("a.jsonl", "[" * 100_000 + "\n{}", 1, "1: nested too deeply", id="deep line"),
        pytest.param("a.jsonl", '{"a": 1} {}\n{}', 1, "1:10: not valid JSON: Extra data", id="two on a line"),
        pytest.param(
            "a.json", "[1,\n{}]", 1, "1: is 1; each row should be a JSON object", id="number in a list"
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, read_before: int, problem: str
) -> None:
    entries, problems = read(tmp_path, name, text)
    assert len(entries) == read_before
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_of_very_many_mistakes_the_first_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("[]\n" * 1234, "utf-8")
    file = AnswerFile(path)
    assert list(file.entries()) == []
    with pytest.raises(InputError) as caught:
        file.close()
    assert len(caught.value.findings) == 1001
    assert str(caught.value.findings[-1]) == f"{path}: and 234 more errors like these"


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": "x",\n"b": "\xff"}')
    file = AnswerFile(path)
    assert list(file.entries()) == [(1, "a", "x")]
    with pytest.raises(InputError, match=r"a\.json:2:7: not UTF-8 \(0xff\)"):
        file.close()


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.lists(st.integers(), max_size=3)),
    st.booleans(),
)
def test_every_object_comes_back_whole(
    tmp_path_factory: pytest.TempPathFactory, answers: dict[str, Any], indented: bool
) -> None:
    text = json.dumps(answers, indent=2 if indented else None)
    entries, problems = read(tmp_path_factory.mktemp("answers"), "a.json", text)
    if not any(key.casefold() in ROW_FIELDS or key in FILE_FIELDS for key in answers):
        assert {e.id: e.value for e in entries} == answers
    assert problems == []
