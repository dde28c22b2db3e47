"""`qa_eval.score` on plain values, and the scorecard at a Python prompt."""

from __future__ import annotations

import copy
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qa_eval as qa
from qa_eval.data.dataset import open_dataset

GOLDS = {"q1": ["400", "over 400"], "q2": [], "q3": "Palmyra"}
ANSWERS = {"q1": "over 400 militants", "q2": "", "q3": "Homs"}


@pytest.mark.parametrize(
    ("predictions", "golds"),
    [
        pytest.param(ANSWERS, GOLDS, id="by id"),
        pytest.param(ANSWERS | {"q2": None}, GOLDS, id="None is no answer"),
        pytest.param(
            [{"id": id, "prediction_text": text} for id, text in ANSWERS.items()],
            [{"id": id, "answers": golds} for id, golds in GOLDS.items()],
            id="rows",
        ),
        pytest.param(
            ANSWERS,
            [{"id": id, "answers": {"text": list(golds), "answer_start": [0] * len(golds)}}
             for id, golds in {**GOLDS, "q3": ["Palmyra"]}.items()],
            id="golds as the datasets library has them",
        ),
        pytest.param(list(ANSWERS.values()), list(GOLDS.values()), id="by position"),
        pytest.param(
            ANSWERS, {"q1": np.array(["400", "over 400"]), "q2": np.array([]), "q3": ("Palmyra",)}, id="NumPy"
        ),
        pytest.param(ANSWERS, GOLDS | {"q2": ["  "]}, id="a blank gold is none"),
    ],
)  # fmt: skip
def test_every_shape_gives_the_same_scores(predictions: Any, golds: Any) -> None:
    card = qa.score(predictions, golds)
    assert card.rules == "squad-v2.0", "one question has no answer"
    assert card.em == card["em"].value == card["exact"].value == pytest.approx(1 / 3)
    assert card.f1 == card["f1"].value == pytest.approx((0.8 + 1 + 0) / 3)
    assert card.HasAns_f1 == pytest.approx(0.4)
    assert (card["NoAns_f1"].value, card["NoAns_f1"].n) == (1.0, 1)
    assert card.official()["f1"] == pytest.approx(60.0)
    assert [note for note in card.notes if "null" not in note] == []


def test_rules_follow_the_golds_unless_they_are_named() -> None:
    assert qa.score(["x"], ["x"]).rules == "squad-v1.1"
    assert qa.score(["x"], ["x"], rules="squad-v2.0").rules == "squad-v2.0"
    assert qa.score(["x"], ["x"])["em"] == qa.score(["x"], ["x"])["exact_match"]


def test_questions_are_clusters_unless_rows_have_contexts() -> None:
    rows: list[dict[str, Any]] = [{"id": str(n), "answers": [str(n)]} for n in range(40)]
    answers = {str(n): str(n if n % 3 else 0) for n in range(40)}
    alone = qa.score(answers, rows)["f1"]
    together = qa.score(answers, [row | {"context": f"text {n % 10}"} for n, row in enumerate(rows)])["f1"]
    assert (alone.clusters, together.clusters) == (40, 10)
    assert alone.low is not None
    assert alone.high is not None
    assert 0 < alone.low < alone.value < alone.high < 1
    assert qa.score(answers, rows, seed=1, resamples=99)["f1"].low != alone.low


def test_a_data_set_is_golds_as_a_spec_or_opened(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    row = {"id": "q3", "question": "Where?", "context": "In Palmyra.", "answers": ["Palmyra"]}
    file.write_text(json.dumps(row))
    spec = f"jsonl:{file}"
    cards = [qa.score({"q3": "in Palmyra"}, golds) for golds in (spec, open_dataset(spec))]
    assert [card.f1 for card in cards] == pytest.approx([2 / 3] * 2)
    assert [card.dataset for card in cards] == [spec] * 2


@pytest.mark.parametrize(
    ("predictions", "golds", "options", "message"),
    [
        pytest.param({"q": "x"}, 5, {}, "golds: 5 is neither a data set", id="a number"),
        pytest.param(
            {"q": "x"},
            {"q": 5},
            {},
            "golds: q: must be a text, a list of texts or an object, found the number 5",
            id="no text",
        ),
        pytest.param(
            {"q": "x"}, {"q": ["x", 5]}, {}, r"golds: q\[1\]: must be an object", id="one is no text"
        ),
        pytest.param({"q": "x"}, [{"id": "q"}], {}, r"golds: \[0\]\.answers: is missing", id="no answers"),
        pytest.param(
            {"q": "x"},
            [{"id": "q", "answers": []}] * 2,
            {},
            r"golds: \[1\]\.id: 'q' is there twice",
            id="twice",
        ),
        pytest.param({"q": "x"}, {}, {}, "golds: holds no question", id="none"),
        pytest.param(["x"], ["x", "y"], {}, "predictions: there are 1, but 2 golds", id="of other length"),
        pytest.param(
            {"q": "x"}, ["x"], {}, "golds: a list without ids needs a list", id="by id and by place"
        ),
        pytest.param({"q": "x"}, {"q": "x"}, {"split": "dev"}, "split: 'dev': works only if", id="a split"),
        pytest.param(
            {"q": "x"}, {"q": []}, {"rules": "mrqa"}, "mrqa has no unanswerable questions", id="rules"
        ),
        pytest.param({"q": "x"}, "squad.json", {}, "no data set is called", id="no spec"),
        pytest.param({"q": "x"}, {"q": None}, {}, "golds: q: must be a text, a list of texts", id="None"),
        pytest.param("a\0b", {"q": "x"}, {}, "a path cannot hold a null character", id="no path"),
        pytest.param(
            {"q": "x"}, {"q": "x"}, {"rules": []}, r"rules: \[\] is none of squad-v1.1", id="no rules"
        ),
        pytest.param({"q": "x"}, {"q": "x"}, {"resamples": 0}, "resamples: 0 is less than 1", id="resamples"),
        pytest.param({"q": "x"}, {"q": "x"}, {"seed": -1}, "seed: -1 is less than 0", id="seed"),
        pytest.param(
            {"q": "x"}, {"q": []}, {"na_probs": 5}, "na_probs: 5 is an int; it", id="no probabilities"
        ),
        *(
            pytest.param({"q": "x"}, {"q": []}, {"na_threshold": value}, message, id=f"threshold {value}")
            for value, message in (
                ("x", "na_threshold: 'x' is a str; it should be a finite number"),
                (None, "na_threshold: is None; it should be a finite number"),
                (float("nan"), "na_threshold: nan is not a finite number"),
                (True, "na_threshold: True is a bool; it should be a finite number"),
            )
        ),
        pytest.param(5, {"q": "x"}, {}, "predictions: is 5; give a file", id="predictions"),
    ],
)
def test_what_is_wrong_is_named(predictions: Any, golds: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(qa.QaEvalError, match=message):
        qa.score(predictions, golds, **options)


def test_an_unknown_metric_names_those_there_are() -> None:
    card = qa.score(ANSWERS, GOLDS)
    with pytest.raises(
        KeyError, match=r'^there is no metric "has_f1"; did you mean "HasAns_f1"\?$'
    ) as caught:
        card["has_f1"]
    assert isinstance(caught.value, qa.QaEvalError)
    with pytest.raises(
        qa.QaEvalError, match=r"^metric: 3 is an int; it should be the name of one, such as 'f1'$"
    ):
        card[3]  # type: ignore[index]
    with pytest.raises(AttributeError, match=r'there is no metric "HasAnsf1"; did you mean "HasAns_f1"\?'):
        card.HasAnsf1  # noqa: B018
    assert {"f1", "em", "HasAns_exact", "to_pandas"} <= set(dir(card))
    assert not hasattr(card, "_ipython_display_")


def test_a_scorecard_says_which_ids_did_not_match() -> None:
    card = qa.score({"a": "x"}, {"b": "x"})
    assert repr(card).endswith("1 question of golds by squad-v1.1, 1 missing, 1 extra>")


def test_a_scorecard_can_be_copied_and_pickled() -> None:
    card = qa.score(ANSWERS, GOLDS)
    assert copy.copy(card) == pickle.loads(pickle.dumps(card)) == card


def test_a_scorecard_prints_as_one_line_in_percent() -> None:
    card = qa.score(ANSWERS, GOLDS)
    assert repr(card) == (
        "<Scorecard: EM 33.3, F1 60.0, HasAns EM 0.0, HasAns F1 40.0, NoAns EM 100.0, NoAns F1 100.0; "
        "percent, 3 questions of golds by squad-v2.0>"
    )


def test_a_scorecard_is_a_table_in_a_notebook_and_a_data_frame() -> None:
    card = qa.score(ANSWERS | {"<b>": "x"}, GOLDS, na_probs={"q1": 0.1, "q2": 0.9, "q3": 0.2})
    html = card._repr_html_()
    assert "<td" in html
    assert "60.0" in html
    frame = card.to_pandas()
    assert list(frame.columns) == ["metric", "value", "low", "high", "method", "n", "clusters"]
    assert dict(zip(frame["metric"], frame["value"], strict=True))["best_f1"] == card.best_f1


def test_without_pandas_a_data_frame_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        qa.QaEvalError, match=r"needs pandas, which cannot be imported .*: pip install pandas"
    ):
        qa.score(ANSWERS, GOLDS).to_pandas()
