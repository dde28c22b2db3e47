"""Published contested sets, read as they are: RAMDocs, QACC and WikiContradict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import open_dataset
from qa_eval.errors import InputError, SpecError


def lines(folder: Path, kind: str, *rows: Mapping[str, Any]) -> ClaimSet:
    path = folder / "set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = open_dataset(f"{kind}:{path}")
    assert isinstance(found, ClaimSet)
    return found


def remarks(found: ClaimSet) -> dict[str, int]:
    return {check: number for check, number, _ in found.check().remarks}


# ------------------------------------------------------------------------------------------ RAMDocs

BOW: dict[str, Any] = {
    "question": "What is the population of Broken Bow?",
    "documents": [
        {"text": "There were 3,559 people.", "type": "correct", "answer": "3,559 People"},
        {"text": "There are 10,000 people.", "type": "misinfo", "answer": "10,000 people"},
        {"text": "It is in Nebraska.", "type": "noise", "answer": "unknown"},
    ],
    "disambig_entity": ["Broken Bow, Nebraska"],
    "gold_answers": ["3,559 people", "3,600 people"],
    "wrong_answers": ["10,000 people"],
}


def test_ramdocs_documents_state_claims_or_are_silent(tmp_path: Path) -> None:
    found = lines(tmp_path, "ramdocs", BOW)
    (fact,) = found
    question = fact.question
    assert question.id == "ramdocs-1"
    assert [(c.id, c.status, sorted(c.articles)) for c in question.claims] == [
        ("3-559-people", "true", ["d1"]),
        ("10-000-people", "misinformation", ["d2"]),
    ]
    assert question.silent == ("d3",)
    assert remarks(found) == {"dropped-claim": 1}


def test_ramdocs_answers_that_no_list_has_are_claims_by_the_type_of_their_document(tmp_path: Path) -> None:
    row = BOW | {"gold_answers": [], "wrong_answers": []}
    (fact,) = lines(tmp_path, "ramdocs", row)
    assert [c.status for c in fact.question.claims] == ["true", "misinformation"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"question": 3}, "1: question: must be text: the question"),
        ({"documents": "none"}, '1: documents: must be a list, found the text "none"'),
        ({"gold_answers": [1]}, "1: gold_answers: must be a list of texts"),
        ({"documents": [1]}, "1: documents[0]: must be an object, found the number 1"),
        (
            {"documents": [{"text": "x", "type": "noisy", "answer": ""}]},
            '1: documents[0].type: unknown type "noisy"; did you mean "noise"?',
        ),
    ],
)
def test_ramdocs_of_another_shape_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as refused:
        lines(tmp_path, "ramdocs", BOW | changes).check()
    assert expected in str(refused.value)


# ------------------------------------------------------------------------------------------ QACC

POLL: dict[str, Any] = {
    "annotation_task_id": 7,
    "firstAnswer": "every Monday",
    "firstContext": "['A', 'C']",
    "secondAnswerExist": "A",
    "secondAnswer": "Sunday",
    "secondContext": "['B']",
    "thirdAnswer": "EVERY MONDAY",
    "thirdContext": "['D']",
    "correctAnswer": "every Monday",
    "reasons": "['B', 'C']",
    "explanation": "Context A says so.",
    "question": "When is the poll released?",
    "contexts": ["It comes every Monday.", "On Sunday, as ever.", "Mondays.", "Every Monday!", "Who knows."],
    "sources": ["a.example", "b.example", "a.example", "", "c.example"],
    "split": "dev",
}


def qacc(folder: Path, *rows: Mapping[str, Any], split: str | None = None) -> ClaimSet:
    path = folder / "qacc.json"
    path.write_text(json.dumps(list(rows)), encoding="utf-8")  # with NaN, as the set is published
    found = open_dataset(f"qacc:{path}", split=split)
    assert isinstance(found, ClaimSet)
    return found


def test_qacc_snippets_support_answers_or_are_partial(tmp_path: Path) -> None:
    (fact,) = qacc(tmp_path, POLL)
    question = fact.question
    assert question.id == "dev-7"
    assert [(c.id, sorted(c.articles)) for c in question.claims] == [
        ("every-monday", ["a", "c", "d"]),
        ("sunday", ["b"]),
    ]
    assert question.partial == ("e",)
    assert question.silent == ()
    assert question.resolution == "every-monday"
    assert question.note == "preferred: every Monday; reasons: B, C; Context A says so."
    assert [p.publisher for p in fact.passages] == ["a.example", "b.example", "a.example", None, "c.example"]
    assert [e.start for e in question.claims[0].evidence_in("c")] == [-1]
    assert question.category == "dev"


@pytest.mark.parametrize("empty", [float("nan"), "", None])
def test_qacc_cells_without_a_value_are_missing(tmp_path: Path, empty: object) -> None:
    gone = dict.fromkeys(
        ("secondAnswer", "secondContext", "thirdAnswer", "thirdContext", "correctAnswer"), empty
    )
    (fact,) = qacc(tmp_path, POLL | gone)
    assert [c.id for c in fact.question.claims] == ["every-monday"]
    assert fact.question.resolution is None


def test_qacc_ids_that_come_twice_get_ids_of_their_own(tmp_path: Path) -> None:
    found = qacc(tmp_path, POLL, POLL | {"annotation_task_id": "7"}, POLL | {"split": "test"})
    assert [fact.question.id for fact in found] == ["dev-7", "dev-7-2", "test-7"]
    assert remarks(found)["repeated-id"] == 1


def test_qacc_has_splits(tmp_path: Path) -> None:
    rows = POLL, POLL | {"split": "test"}
    assert [f.question.id for f in qacc(tmp_path, *rows, split="test")] == ["test-7"]
    with pytest.raises(SpecError, match=r"--split train: no question of .* has it"):
        qacc(tmp_path, *rows, split="train").check()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"question": ""}, "[0].question: must be text"),
        ({"annotation_task_id": 1.5}, "[0].annotation_task_id: must be a text or a whole number"),
        ({"sources": ["a.example"]}, "[0].sources: has 1, but contexts has 5"),
        ({"contexts": "x"}, "[0].contexts: must be a list of texts"),
        ({"firstContext": "[A]"}, "[0].firstContext: must be a list of letters of contexts, as text"),
        ({"firstContext": "['Z']"}, '[0].firstContext: "Z" is the letter of no context; there are 5'),
    ],
)
def test_qacc_of_another_shape_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as refused:
        qacc(tmp_path, POLL | changes).check()
    assert expected in str(refused.value)


def test_qacc_that_is_no_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "qacc.json"
    for text, expected in (('{"a": 1}', "must be a JSON list of questions"), ("[{]", "not valid JSON")):
        path.write_text(text)
        with pytest.raises(InputError, match=expected):
            open_dataset(f"qacc:{path}").check()


# ------------------------------------------------------------------------------------------ WikiContradict

LOTUS: dict[str, Any] = {
    "question": "Which compound is in the lotus?",
    "context1_self_contained": "Apomorphine is said to be in the lotus.",
    "context2_self_contained": "The lotus contains aporphine.",
    "answer1": "Apomorphine",
    "answer2": "Aporphine.",
    "contradiction_type": "Implicit (reasoning required)",
}
SINGLE: dict[str, Any] = {
    "question": "Did the grooves form at once?",
    "context1_self_contained": "Some grooves are younger.",
    "context2_self_contained": "One rock made all grooves.",
    "answer1": "No.",
    "answer2": "Yes, one rock did.",
    "contradiction_type": "Explicit",
}


def test_wikicontradict_passages_contradict_each_other(tmp_path: Path) -> None:
    (fact,) = lines(tmp_path, "wikicontradict", LOTUS)
    question = fact.question
    assert (question.id, question.relation) == ("wikicontradict-1", "contradiction")
    assert question.category == "implicit-reasoning-required"
    assert [question.own_golds(p) for p in ("p1", "p2")] == [("Apomorphine",), ("aporphine",)]
    assert question.silent == ()


def test_wikicontradict_has_questions_that_yes_or_no_answers(tmp_path: Path) -> None:
    found = lines(tmp_path, "wikicontradict", LOTUS, SINGLE)
    fact = list(found)[1]
    assert fact.question.answer_type == "yes-no"
    assert [c.polarity for c in fact.question.claims] == ["no", "yes"]
    assert [f.question.id for f in found.chosen()] == ["wikicontradict-1"]
    assert remarks(found)["yes-no"] == 1


def test_wikicontradict_with_one_text_in_both_places_is_one_passage(tmp_path: Path) -> None:
    same = LOTUS | {"context2_self_contained": LOTUS["context1_self_contained"]}
    found = lines(tmp_path, "wikicontradict", same)
    (fact,) = found
    assert len(fact.passages) == 1
    assert remarks(found)["one-text"] == 1


def test_wikicontradict_of_another_shape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1: answer2: must be text"):
        lines(tmp_path, "wikicontradict", LOTUS | {"answer2": ""}).check()
