"""A finding says where in its line it is: the column at which the value of its field begins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.authoring.check import annotation, finding_line
from qa_eval.data.checks.check_report import check_questions
from qa_eval.files import json_columns
from qa_eval.files.json_columns import find_columns, with_columns
from qa_eval.records import Finding
from qa_eval.text.phrases import join_field
from tests.support.small_corpus import FALL, LOSSES, fact, write_corpus

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def written(value: Any, path: str, at: int, places: dict[str, int]) -> str:
    """The value as JSON text that begins at column `at`, written piece by piece; notes where each part is."""
    places[path] = at
    if not isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = "{ " if isinstance(value, dict) else "[ "
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for number, (key, part) in enumerate(parts):
        text += " ,\t" if number else ""
        text += f"{json.dumps(key)} :" if isinstance(value, dict) else ""
        text += written(part, join_field(path, key), at + len(text), places)
    return text + ("}" if isinstance(value, dict) else "]")


@given(st.dictionaries(st.text('ab.[0\\"{', max_size=4), VALUES, max_size=4))
def test_every_value_of_a_line_is_found_where_it_was_written(value: dict[str, Any]) -> None:
    places: dict[str, int] = {}
    text = written(value, "", 1, places)
    assert json.loads(text) == value
    found = find_columns(text, places)
    for field, column in found.items():  # two keys may be shown alike: then the last one counts
        assert places[field] == column, field
    assert found.keys() == places.keys()


LINE = '{"id": "x", "claims": [{"id": "c", "evidence": []}], "silent": ["a", "b"]}'


@pytest.mark.parametrize(
    ("field", "here"),
    [
        pytest.param("id", '"x"', id="a value"),
        pytest.param("silent[1]", '"b"', id="an entry of a list"),
        pytest.param("claims[0].id", '"c"', id="inside"),
        pytest.param("claims[0].evidence", "[]", id="an empty list"),
        pytest.param("claims[0].evidence[0].start", "[]", id="what is missing, in what would hold it"),
        pytest.param("claims[0].group", '{"id": "c"', id="a missing key"),
        pytest.param("note", '{"id": "x"', id="a missing key of the line"),
    ],
)
def test_a_column_is_where_the_value_begins_or_its_holder(field: str, here: str) -> None:
    assert find_columns(LINE, [field]) == {field: LINE.index(here) + 1}


def test_of_a_key_that_is_there_twice_the_last_counts() -> None:
    assert find_columns('{"a": 1, "a": 2}', ["a"]) == {"a": 15}


def test_columns_count_characters_not_bytes(tmp_path: Path) -> None:
    write_corpus(tmp_path, [{"é": "ü", **fact(FALL, id="A")}], complete=False)
    found = check_questions([tmp_path / "questions"], tmp_path / "seeds").findings
    assert [(f.field, f.column) for f in found] == [("é", 7), ("id", 18)]


def test_a_finding_is_placed_in_the_terminal_in_annotations_and_where_json_breaks(tmp_path: Path) -> None:
    row = fact(LOSSES, relation=..., note=...)
    row["claims"][1]["evidence"][0]["start"] = 27
    questions, seeds = write_corpus(tmp_path, [row], complete=False)
    path = questions / "facts.jsonl"
    text = path.read_text("utf-8")
    path.write_text(text + '{"id": }\n', "utf-8")
    wrong, broken, missing = sorted(check_questions([path], seeds).errors, key=lambda f: -(f.column or 0))
    at = text.index('"start": 27') + len('"start": ') + 1
    assert finding_line(wrong).startswith(f"{path}:1:{at}: claims[1].evidence[0].start: the article has")
    assert f"line=1,col={at},title=offset" in annotation(wrong)
    assert (missing.field, missing.column) == ("relation", 1)
    assert (broken.line, broken.column) == (2, 8)


def test_the_search_for_columns_is_bounded_over_all_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_columns, "MAX_SEARCHED", 20)
    lines = {("f", number): '{"id": "abc"}' for number in (1, 2)}
    found = [Finding(severity="error", path="f", line=number, field="id", message="odd") for number in (1, 2)]
    assert [f.column for f in with_columns(found, lines)] == [8, None]
