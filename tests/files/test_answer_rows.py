"""Rows of answers read in one step: the values of the strict reader, or nothing."""

from __future__ import annotations

import gzip
import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.files import answer_rows
from qa_eval.files.strict_json import NotJsonError, parse_json
from qa_eval.records import Candidate, NBest, field_names

CANDIDATE = '{"article":"a","end":3,"probability":0.5,"score":1.5,"start":0,"text":"400"}'
ROW = f'{{"item":"f@a","match":{{"ok":true}},"n_best":[{CANDIDATE}],"prediction":"400","span":[0,3]}}'


NAMES = field_names(Candidate)


def read_strictly(line: str) -> dict[str, Any] | None:
    """The row, where the strict reader finds nothing wrong; else None."""
    try:
        parsed = parse_json(line, foreign=True)
    except NotJsonError:
        return None
    return parsed.value if isinstance(parsed.value, dict) and not parsed.problems else None


def spelled(row: dict[str, Any]) -> str:
    """A text that tells values and types apart. Columns are spelled as the candidates that they are."""
    listed = row.get("n_best")
    if isinstance(listed, NBest):
        listed = [dict(zip(NAMES, one, strict=True)) for one in zip(*listed.columns, strict=True)]
    if isinstance(listed, list):
        listed = [candidate(one) if isinstance(one, dict) else one for one in listed]
    return repr({**row, "n_best": listed})


def candidate(one: dict[str, Any]) -> list[tuple[str, Any]]:
    """The sorted fields of a candidate. Columns hold whole numbers as floats."""
    floats = {name: float(one[name]) for name in ("score", "probability") if type(one.get(name)) is int}
    return sorted({**one, **floats}.items(), key=itemgetter(0))


def strict_row(line: str) -> dict[str, Any] | None:
    """The row of a line, read in one step."""
    return answer_rows.strict_row(line.encode("utf-8", "surrogatepass"))


def check(line: str) -> None:
    found = strict_row(line)
    if found is not None:
        strictly = read_strictly(line)
        assert strictly is not None
        assert [*found] == [*strictly]
        assert spelled(found) == spelled(strictly)


def test_a_row_as_this_program_writes_it_is_read_with_columns() -> None:
    row = strict_row(ROW)
    assert row is not None
    best = Candidate(text="400", article="a", start=0, end=3, score=1.5, probability=0.5)
    assert row == {
        "item": "f@a", "match": {"ok": True}, "n_best": (best,), "prediction": "400", "span": [0, 3]
    }  # fmt: skip
    assert isinstance(row["n_best"], NBest)


def test_every_line_of_the_committed_run_is_read_in_one_step(committed_lines: list[str]) -> None:
    assert committed_lines
    for line in committed_lines:
        assert strict_row(line) is not None
        check(line)


@pytest.fixture(scope="module")
def committed_lines() -> list[str]:
    files = sorted((Path(__file__).parents[2] / "results" / "baseline" / "predictions").glob("*.jsonl.gz"))
    return [line for file in files for line in gzip.decompress(file.read_bytes()).decode().splitlines()][::17]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(ROW.replace('"span"', '"item"'), id="key twice"),
        pytest.param(ROW.replace('"ok":true', '"ok":true,"ok":true'), id="key of an object twice"),
        pytest.param(ROW.replace('"end":3', '"end":3,"end":3'), id="key of a candidate twice"),
        pytest.param(ROW.replace('"end":3', '"end":3,"\\u0065nd":3'), id="key twice, once escaped"),
        pytest.param(
            ROW.replace('"400"}', '"\\u00224\\u0022"}').replace('"end":3', '"end":3,"end":3'),
            id="key twice, and quotes in hex",
        ),
        pytest.param(ROW.replace("1.5", "NaN"), id="NaN"),
        pytest.param(ROW.replace("1.5", "1e999"), id="a great number"),
        pytest.param(ROW.replace("[0,3]", f"[0,{'9' * 5000}]"), id="a long number"),
        pytest.param(ROW.replace('"400"', '"\\ud800"'), id="half a surrogate pair"),
        pytest.param(ROW.replace('"400"', '"4\0"'), id="a control character"),
        pytest.param(ROW.replace("[0,3]", "[" * 20 + "]" * 20), id="deep"),
        pytest.param(ROW.replace("[0,3]", f"[{CANDIDATE}]"), id="candidates elsewhere"),
        pytest.param(ROW.replace('"prediction"', '"answer"'), id="no prediction"),
        pytest.param(ROW.replace('"start":0', '"start":null'), id="one offset"),
        pytest.param(ROW.replace('"start":0', '"start":0.0'), id="an offset with a point"),
        pytest.param(ROW.replace('"end":3', '"end":3,"note":""'), id="a further field"),
        pytest.param(ROW.replace('"end":3,', ""), id="a field less"),
        pytest.param(ROW.replace("0.5", "1.5"), id="no probability"),
        pytest.param(f"{ROW} {ROW}", id="two rows"),
        pytest.param(f"[{ROW}]", id="a list"),
        pytest.param("", id="nothing"),
    ],
)
def test_whatever_the_strict_reader_has_to_look_at_is_left_to_it(line: str) -> None:
    assert strict_row(line) is None


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(ROW.replace('"400"', r'"\"4\"\\"'), id="quotes in a text"),
        pytest.param(ROW.replace(",", " ,\t").replace(":", " : "), id="white space"),
        pytest.param(ROW.replace("1.5", "1").replace("0.5", "1"), id="whole numbers"),
        pytest.param(ROW.replace("1.5", "-0"), id="zero"),
        pytest.param(ROW.replace("[0,3]", f"{2**70}"), id="more than 64 bits"),
        pytest.param(ROW.replace("[0,3]", '[null,true,1e5,"é\\u00e9\\ud83d\\ude00"]'), id="a list"),
        pytest.param(ROW.replace(f"[{CANDIDATE}]", "[]"), id="no candidates"),
        pytest.param(ROW.replace(f"[{CANDIDATE}]", '["400"]'), id="texts"),
    ],
)
def test_other_spellings_of_a_sound_row_are_read_too(line: str) -> None:
    assert strict_row(line) is not None
    check(line)


def test_of_a_key_that_is_there_twice_the_last_value_counts() -> None:
    row = answer_rows.row_with_candidates(ROW.replace('"span":[0,3]', '"item":"g@a"').encode())
    assert row is not None
    assert row["item"] == "g@a"


KEYS = st.sampled_from(["n_best", "prediction", "item", "match", *NAMES, r"\u0074ext", r"t\"", r"x\u0022"])
SCALARS = st.sampled_from(
    ["null", "true", "0", "-0", "-0.0", "3", "0.25", "1E2", "1e-999", "1e999", "-1e400", "NaN", "Infinity",
     "01", "1.", "1" * 25, "2" * 5000, '""', '"400"', r'"\""', r'"\u0022"', r'"\\u0022"', r'"\ud800"',
     r'"\ud83d\ude00"', '"é"', '"\u2028"', '"\0"', '"\t"', r'"\/"', r'"\x"', '"']
) | st.text(max_size=4).map(json.dumps) | st.floats(allow_nan=False).map(repr)  # fmt: skip
SPACES = st.sampled_from(["", "", "", " ", "\t", "\n", "\x0b", "\ufeff"])


def joined(parts: st.SearchStrategy[list[str]], opening: str, closing: str) -> st.SearchStrategy[str]:
    return st.tuples(parts, SPACES).map(lambda one: f"{opening}{f',{one[1]}'.join(one[0])}{closing}")


def objects(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return joined(st.lists(st.tuples(KEYS, values).map(lambda p: f'"{p[0]}":{p[1]}'), max_size=5), "{", "}")


CANDIDATES = st.builds(
    lambda values, more: (
        "{" + ",".join([f'"{n}":{v}' for n, v in zip(NAMES, values, strict=True)] + more) + "}"
    ),
    st.tuples(st.sampled_from(['"400"', r'"\""', '""']), *[SCALARS | st.sampled_from(["1", "null"])] * 5),
    st.just([]) | st.tuples(KEYS, SCALARS).map(lambda p: [f'"{p[0]}":{p[1]}']),
)
SOUND = st.sampled_from([CANDIDATE, CANDIDATE.replace("400", r"\"4\""), CANDIDATE.replace("1.5", "1")])
VALUES = st.recursive(
    SCALARS,
    lambda inside: joined(st.lists(inside | CANDIDATES | SOUND, max_size=3), "[", "]") | objects(inside),
    max_leaves=6,
)
LINES = st.tuples(SPACES, objects(VALUES | joined(st.lists(SOUND, max_size=3), "[", "]")), SPACES).map(
    "".join
)


@given(LINES)
def test_both_readers_read_the_same(line: str) -> None:
    check(line)


@given(
    st.lists(
        st.tuples(st.integers(0, len(ROW)), st.integers(0, 12), KEYS | VALUES | SPACES | st.text(max_size=2)),
        min_size=1,
        max_size=3,
    )
)
def test_both_readers_read_a_changed_row_the_same(changes: list[tuple[int, int, str]]) -> None:
    line = ROW
    for place, dropped, added in changes:
        line = line[:place] + added + line[place + dropped :]
    check(line)


@given(
    st.integers(0, 40), st.integers(0, 40), st.sampled_from(['"item":"x"', '"end":3', r'"\u0069tem":"\""'])
)
def test_a_key_that_is_put_anywhere_is_not_overlooked(first: int, place: int, pair: str) -> None:
    members = ROW.split(",")
    members.insert(min(place, len(members)), pair)
    members.insert(min(first, len(members)), '"note":"\\u0022"' if first % 2 else '"note":""')
    check(",".join(members))
