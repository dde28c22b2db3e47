"""What must hold of every item of a run, held against the committed one, which must be of the present set."""

from __future__ import annotations

import json

import pytest

from qa_eval.evaluation.verification import verify
from qa_eval.matching.normal_form import normalize
from qa_eval.records import Corpus, ItemId
from qa_eval.runs.schema import PredictionRow, Row
from qa_eval.runs.store import Run
from tests.support.places import BASELINE


def stored(committed: Run) -> list[tuple[Row, PredictionRow]]:
    return [
        (row, prediction)
        for row in committed.leaderboard.rows
        if row.predictions is not None
        for prediction in committed.predictions(row)
    ]


def test_match_and_leak_exclude_each_other_and_add_up_to_lenient(committed: Run, curated: Corpus) -> None:
    answerable = 0
    for row, p in stored(committed):
        item, s = ItemId.parse(p.item), p.scores
        assert all(0.0 <= v <= 1.0 for v in s.values()), (row.model.spec, p.item)
        if item.track == "pooled":
            continue
        own = {c.id for c in curated.question(item.fact).own_claims(item.article)}
        if not own:
            assert "lenient" not in s
            assert "leak" not in s
            assert s["match"] == s["no_answer_recall"] == float(normalize(p.prediction) == ""), p.item
            continue
        answerable += 1
        leaks = s["match"] == 0.0 and p.matched_claim is not None and p.matched_claim not in own
        assert s["lenient"] == s["match"] + leaks, (row.model.spec, p.item)
        assert s.get("leak", float(leaks)) == float(leaks), (row.model.spec, p.item)
        assert s["em"] <= s["em_any"]
        assert s["f1"] <= s["f1_any"]
        assert s["em"] <= s["f1"]
    assert answerable > 1000


def test_the_oracle_has_everything_in_every_headline_column(committed: Run) -> None:
    (oracle,) = [r for r in committed.leaderboard.rows if r.model.spec == "reference:oracle"]
    reading, pooled = oracle.metrics["reading"], oracle.metrics["pooled"]
    for name in ("balanced_f1", "em", "f1", "em_any", "f1_any", "contrast_consistency", "match"):
        assert reading[name].value == 1.0, name
    assert "leak" not in reading, "it only copies"
    assert pooled["coverage_at_3"].value == 1.0


def test_every_number_of_the_committed_run_comes_out_again() -> None:
    assert verify(BASELINE) == []


def test_the_committed_run_is_canonical_json() -> None:
    text = (BASELINE / "leaderboard.json").read_text("utf-8")
    value = json.loads(text, parse_constant=pytest.fail)
    assert json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n" == text
