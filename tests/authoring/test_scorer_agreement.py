"""Agreement of scorers with people's labels: the files, the numbers, the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from qa_eval.authoring.agreement.labelled_answers import read_labelled_answers
from qa_eval.authoring.agreement.scorer_agreement import FOLDS, READING, agreements, cohens_kappa, groups
from qa_eval.errors import InputError
from tests.support.command_line import done
from tests.support.places import ROOT

CLAIMS = [{"id": "90", "wordings": ["90"]}, {"id": "94", "wordings": ["94"]}]
OWN = {
    "fact": "losses",
    "question": "How many sailors drowned?",
    "claims": CLAIMS,
    "answer": "Not 90 but 94 sailors drowned.",
    "asserted": ["94"],
    "verdict": "partial",
    "abstains": False,
    "acknowledges_disagreement": False,
}
WIKI = {
    "question": "When was the bridge opened?",
    "gt_answer_1": "1931",
    "gt_answer_2": "1932",
    **dict(zip(
        (f"answer{n}" for n in range(5)),
        ("1930", "It opened in 1931.", "In 1931.", "1931 or 1932.", "1932."), strict=True)),
    **dict(zip(
        (f"label{n}" for n in range(5)),
        ("Incorrect", "Correct", "Incorrect", "Correct", "Partially correct"), strict=True)),
}  # fmt: skip


def written(folder: Path, *rows: object) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    return path


def test_labels_of_wikicontradict_are_read_as_they_are(tmp_path: Path) -> None:
    read = read_labelled_answers(written(tmp_path, WIKI))
    assert [(a.passage, a.label) for a in read.answers] == [
        ("1", "Correct"),
        ("2", "Incorrect"),
        (None, "Correct"),
        (None, "Partially correct"),
    ]
    assert read.counts == {"without a passage": 1}
    assert {a.question.answer_type for a in read.answers} == {"date"}
    found = {(one.task, one.scorer): one for one in agreements(read.answers, resamples=99)}
    assert found["one passage", READING].accuracy.value == 1
    assert found["both passages", READING].accuracy.value == 1
    assert found["both passages", READING].confusion == {
        "Correct": {"Correct": 1},
        "Partially correct": {"Partially correct": 1},
    }


def test_labels_of_ones_own(tmp_path: Path) -> None:
    doubtful = OWN | {"note": "doubtful: what is a sailor?"}
    read = read_labelled_answers(written(tmp_path, OWN, doubtful))
    assert (len(read.answers), read.counts) == (1, {"doubtful": 1})
    found = {(one.task, one.scorer): one for one in agreements(read.answers, resamples=99)}
    assert found["asserted claims", READING].accuracy.value == 1
    assert found["asserted claims", "containment"].accuracy.value == 0  # it finds the rejected 90 too
    assert found["verdict", READING].confusion == {"partial": {"partial": 1}}
    assert {task for task, _ in found} == {"asserted claims", "verdict", "refusals", "acknowledgement"}


WRONG = [
    ([1], "", "is no object"),
    (OWN | {"asserted": ["95"]}, "asserted", "'95' is no claim"),
    (OWN | {"claims": []}, "claims", "has to be a list of claims"),
    (OWN | {"claims": [{"id": "90"}]}, "claims[0].wordings", "has to be a list of texts"),
    ({k: v for k, v in OWN.items() if k != "answer"}, "answer", "is missing"),
    (OWN | {"abstains": "no"}, "abstains", "neither true nor false"),
    (OWN | {"answer_type": "numbr"}, "answer_type", "is no type of answer"),
    (WIKI | {"label3": "correct"}, "label3", "is no label"),
]


@pytest.mark.parametrize(("row", "field", "message"), WRONG)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, row: object, field: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_labelled_answers(written(tmp_path, OWN, row))
    (finding,) = caught.value.findings
    assert (finding.line, finding.field) == (2, field)
    assert message in finding.message


def test_cohens_kappa_under_weights() -> None:
    one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    assert cohens_kappa(one, other, np.array([[1.0, 1, 1, 1], [1, 0, 1, 1]])).tolist() == [0.5, 1.0]
    assert cohens_kappa(one * 0, one * 0, np.ones((1, 4))).size == 0


def test_the_command(tmp_path: Path) -> None:
    path = written(tmp_path, OWN, WIKI)
    printed = done("metrics", "validate", path, "--resamples", 99, "--mistakes").output
    assert "one passage: 2 answers, 1 question" in printed
    assert "read_answer" in printed
    assert "all content words" in printed
    value = json.loads(done("metrics", "validate", path, "--resamples", 99, "--json").output)
    assert {one["task"] for one in value["agreements"]} >= {"one passage", "verdict"}


def test_answers_by_part_and_by_fold(tmp_path: Path) -> None:
    rows = [OWN | {"fact": f"fact {n}", "part": "old" if n < 4 else "new"} for n in range(7)]
    answers = read_labelled_answers(written(tmp_path, *rows, OWN | {"fact": "fact 0"})).answers
    assert {name: len(found) for name, found in groups(answers, "part").items()} == {
        "old": 4,
        "new": 3,
        "no part": 1,
    }
    folds = groups(answers, "fold")
    assert list(folds) == [f"fold {n}" for n in range(1, FOLDS + 1)]
    assert [answer.question.id for answer in folds["fold 1"]] == ["fact 0", "fact 5", "fact 0"]
    path = written(tmp_path, *rows)
    printed = done("metrics", "validate", path, "--resamples", 9, "--by", "part").output
    assert re.search(r"old +4 +4 +100", printed)
    assert "containment" not in printed
    value = json.loads(done("metrics", "validate", path, "--resamples", 9, "--by", "fold", "--json").output)
    assert list(value["groups"]) == [f"fold {n}" for n in range(1, FOLDS + 1)]
    assert "agreements" not in value


ANSWERS = ROOT / "docs" / "trust" / "agreement" / "answers-in-words.jsonl"


def test_the_documented_labelled_answers_are_read_as_the_page_says() -> None:
    answers = read_labelled_answers(ANSWERS).answers
    assert len(answers) == 1657
    found = {
        (one.task, one.scorer): one for one in agreements(answers, resamples=9) if one.scorer == "read_answer"
    }
    assert found["asserted claims", "read_answer"].accuracy.value >= 0.94
    kappa = found["verdict", "read_answer"].kappa
    assert kappa is not None
    assert kappa.value >= 0.88
    for task, precision, recall in (("refusals", 0.98, 0.96), ("acknowledgement", 0.97, 0.94)):
        one = found[task, "read_answer"]
        assert one.precision is not None
        assert one.precision.value >= precision
        assert one.recall is not None
        assert one.recall.value >= recall
