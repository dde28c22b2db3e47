"""Whole rows read without pydantic: the same records, or nothing."""

from __future__ import annotations

import gzip
import json
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest

from qa_eval.files.hashes import canonical_json
from qa_eval.files.strict_json import stored_object
from qa_eval.records import Candidate, Match, NBest, field_names
from qa_eval.runs.prediction_lines import parse_prediction, render_prediction
from qa_eval.runs.schema import PredictionRow
from qa_eval.runs.whole_rows import whole_row

COMMITTED = Path(__file__).parents[2] / "results" / "baseline" / "predictions"
ROW = PredictionRow(
    item="f@a", fact="f", article="a", track="reading", prediction="400", span=(0, 3), score=1.5,
    no_answer_probability=0.25, golds=("400",), match=Match(ok=True, rule="identical", level=5),
    scores={"em": 1.0}, question_sha256="", context_sha256="", gold_sha256="",
    n_best=NBest.of([Candidate(text="400", article="a", start=0, end=3, score=1.5, probability=0.5)]),
    raw="400.", marks=("m",), reordered=("400", None),
)  # fmt: skip
ODD: tuple[Any, ...] = (
    None, True, 0, 1, -1, 0.0, 0.5, 1.0, 2.5, 10**30, "", "400", "reading", [], ["400"], [0, 3],
    [0.0, 3.0], [None], {}, {"em": 1}, {"em": None}, [{}],
)  # fmt: skip


def check(line: bytes) -> PredictionRow | None:
    """The row of a line, compared with what pydantic makes of the line."""
    found = whole_row(line)
    if found is not None:
        expected = parse_prediction(stored_object(line))
        assert found == expected
        for part, there in zip(found.parts().values(), expected.parts().values(), strict=True):
            assert type(part) is type(there) or isinstance(part, NBest)
        assert render_prediction(found) == render_prediction(expected)
    return found


def test_every_line_of_the_committed_run_is_read() -> None:
    for file in sorted(COMMITTED.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines()[::17]:
            assert check(line) is not None


def test_a_row_is_read_with_its_candidates_as_columns() -> None:
    found = check(render_prediction(ROW))
    assert found == ROW
    assert isinstance(found.n_best, NBest)


def test_fields_of_a_newer_program_are_left_to_pydantic() -> None:
    for place in (("mood",), ("match", "mood"), ("n_best", 0, "mood")):
        assert whole_row(canonical_json(changed(place, "good")).encode()) is None


PLACES: list[tuple[Any, ...]] = [
    *((name,) for name in field_names(PredictionRow)),
    *(("match", name) for name in field_names(Match)),
    *(("n_best", 0, name) for name in field_names(Candidate)),
]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: ".".join(map(str, place)))
def test_an_odd_value_is_read_as_by_pydantic_or_left_to_it(place: tuple[Any, ...]) -> None:
    for odd in ODD:
        check(canonical_json(changed(place, odd)).encode())
    left_out = changed(place, None)
    del reached(left_out, place)[place[-1]]
    check(canonical_json(left_out).encode())


def changed(place: tuple[Any, ...], value: object) -> dict[str, Any]:
    """The row as JSON, with another value in one place."""
    row: dict[str, Any] = json.loads(render_prediction(ROW))
    reached(row, place)[place[-1]] = value
    return row


def reached(row: dict[str, Any], place: tuple[Any, ...]) -> Any:
    """The object in which a place is."""
    return reduce(getitem, place[:-1], row)
