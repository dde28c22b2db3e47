"""`score` on answers in words: several answers, the passages shown, claims marked as false, yes and no."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import qa_eval as qa
from qa_eval.errors import InputError, QaEvalError
from qa_eval.runs.options import RunOptions
from tests.support.command_line import call, done
from tests.support.fake_models import four_facts
from tests.support.passage_sets import BROKEN_BOW, town, write_facts

BURNT: dict[str, Any] = {
    "id": "burnt",
    "question": "Did the mill burn?",
    "answer_type": "yes-no",
    "passages": [{"id": "p1", "text": "Fire took the mill."}, {"id": "p2", "text": "The mill never burnt."}],
    "claims": [
        {"id": "it-did", "answers": ["Yes"], "passages": ["p1"], "polarity": "yes"},
        {"id": "it-did-not", "answers": ["No"], "passages": ["p2"], "polarity": "no"},
    ],
}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    facts = [BROKEN_BOW, BURNT, *(town(number) for number in range(9))]
    return write_facts(tmp_path_factory.mktemp("facts") / "facts.jsonl", facts)


def pooled(spec: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The pooled metrics as sums over the facts."""
    found = qa.score([dict(row) for row in rows], spec, resamples=99).tracks["pooled"]
    return {id: round(estimate.value * estimate.n, 6) for id, estimate in found.items()}


POOLED: list[tuple[dict[str, Any], dict[str, float]]] = [
    (
        {"answer": "The sources differ: 3,559 or 10,000."},
        {"all_claims": 1, "complete_and_clean": 0, "no_false": 0},
    ),
    ({"answer": "There were 3,559 people."}, {"claim_recall": 0.5, "no_false": 1}),
    ({"answer": "Not 10,000 but 3,559."}, {"claim_recall": 0.5, "no_false": 1}),
    ({"answers": ["3,559 people", "about 10,000"]}, {"claim_recall": 1, "em_any": 1, "match_any": 1}),
    ({"answers": ["3,559 people"]}, {"claim_recall": 0.5, "em_any": 1}),
    ({"answers": []}, {"claim_recall": 0, "em_any": 0}),
]


@pytest.mark.parametrize(("row", "expected"), POOLED)
def test_pooled_answers(spec: str, row: dict[str, Any], expected: dict[str, float]) -> None:
    found = pooled(spec, [{"id": "broken-bow@*", **row}])
    assert {id: found[id] for id in expected} == expected


@pytest.mark.parametrize(("shown", "right"), [(["d1", "d2"], 16), (["d2", "d1"], 0), (["d3", "d1", "d2"], 0)])
def test_a_number_in_brackets_is_the_place_among_the_passages_shown(
    spec: str, shown: list[str], right: int
) -> None:
    names = {"d1": "a", "d2": "b", "d3": "c"}
    rows: list[dict[str, Any]] = [
        {"id": "broken-bow@*", "answer": "3,559 [1] or 10,000 [2].", "shown": shown}
    ]
    for n in range(7):
        answer = f"{n + 20} wells [1] or {n + 50} wells [2]."
        rows.append({"id": f"town-{n}@*", "answer": answer, "shown": [names[id] for id in shown]})
    found = qa.score(rows, spec, resamples=99).tracks["pooled"]["attribution_accuracy"]
    # With a third passage before them, [2] names the passage of the other claim, and [1] one of none.
    assert round(found.value * 16) == right


def test_yes_and_no_are_asked_of_a_system_that_answers_them(spec: str) -> None:
    rows = [
        {"id": "burnt@p1", "answer": "Yes, fire took it."},
        {"id": "burnt@p2", "answer": "Yes, it burnt down."},
        {
            "id": "burnt@*",
            "answer": "The sources contradict each other: one says that it burnt, one that it did not.",
        },
    ]
    card = qa.score(rows, spec, resamples=99)
    reading, found = card.tracks["reading"]["asserts_own"], pooled(spec, rows)
    assert round(reading.value * reading.n) == 1
    assert (found["all_claims"], found["acknowledged"]) == (1, 1)


def test_a_track_without_answers_is_left_out(spec: str) -> None:
    only_pooled = qa.score([{"id": "broken-bow@*", "answer": "3,559"}], spec, resamples=99)
    assert set(only_pooled.tracks) == {"pooled"}
    assert (only_pooled.counts["questions"], only_pooled.counts["answered"]) == (10, 1)
    only_reading = qa.score([{"id": "broken-bow@d1", "answer": "3,559"}], spec, resamples=99)
    assert set(only_reading.tracks) == {"reading"}


WRONG: list[tuple[list[dict[str, Any]], str]] = [
    ([{"id": "broken-bow@*", "answer": "x", "shown": "d1"}], 'shown: is "d1"; it should be a list of ids'),
    ([{"id": "broken-bow@*", "answer": "x", "shown": [1]}], "shown: is [1]; it should be a list of ids"),
    ([{"id": "broken-bow@*", "answer": "x", "shown": ["d9"]}], "broken-bow@*: shown: there is no passage"),
    (
        [{"id": "broken-bow@*", "answers": ["a"]}, {"id": "broken-bow@*", "answers": ["a", "b"]}],
        "'broken-bow@*' is there twice, with different answers",
    ),
]


@pytest.mark.parametrize(("rows", "message"), WRONG)
def test_mistakes_name_the_field(spec: str, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises((InputError, QaEvalError)) as caught:
        qa.score(rows, spec)
    assert message in str(caught.value)


def test_other_data_takes_one_answer_and_has_no_passages() -> None:
    golds = {"q": ["Paris"]}
    assert qa.score([{"id": "q", "answer": "Paris", "shown": 3}], golds).em == 1.0
    with pytest.raises(InputError, match="only one answer can be scored"):
        qa.score([{"id": "q", "answers": ["Paris", "Rome"]}], golds)


SAID = {
    "dead@a": "About 180 soldiers died.",
    "dead@b": "Not 180 but 194 soldiers died.",
    "dead@c": "The passage does not say.",
    "dead@*": "The sources differ: 180 [1] or 194 [2].",
    "began@a": "It began on Tuesday.",
    "absent@b": "I cannot tell.",
    "closed@c": "A bridge was closed.",
}
FORMS: dict[str, Callable[[Mapping[str, str]], str]] = {
    "answers.jsonl": lambda said: "".join(json.dumps({"id": i, "answer": t}) + "\n" for i, t in said.items()),
    "samples_qa.jsonl": lambda said: "".join(  # lm-evaluation-harness
        json.dumps({"doc_id": n, "doc": {"id": i}, "resps": [[t]], "filtered_resps": [t], "target": "x"})
        + "\n"
        for n, (i, t) in enumerate(said.items())
    ),
    "log.json": lambda said: json.dumps(  # Inspect
        {
            "version": 2,
            "status": "success",
            "eval": {"task": "qa", "model": "m"},
            "samples": [
                {"id": i, "epoch": 1, "input": "?", "target": "x", "output": {"completion": t}}
                for i, t in said.items()
            ],
        }
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_answers_of_other_programs_are_read_as_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(FORMS[name](SAID), encoding="utf-8")
    spec = f"predictions:{path}"
    run = qa.evaluate(spec, corpus=four_facts(), progress=False, options=RunOptions(resamples=99))
    rows = {answer.item: answer for answer in run[spec].items()}
    asserted = {item: row.scores["asserts_own"] for item, row in rows.items() if "asserts_own" in row.scores}
    assert asserted == {
        "dead@a": 1, "dead@b": 1, "began@a": 0, "began@b": 0, "absent@b": 0, "closed@c": 1,
    }  # fmt: skip
    assert rows["dead@c"].scores["abstention"] == 1
    assert rows["dead@*"].scores["complete_and_clean"] == 1
    assert run.leaderboard.sort == "reading.balanced_asserts"


def test_from_the_command_line(spec: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    rows: list[dict[str, Any]] = [
        {"id": "broken-bow@*", "answers": ["3,559", "10,000"], "shown": ["d2", "d1"]}
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    printed = done("score", file, "--dataset", spec).stdout
    assert "claim recall" in printed
    assert "balanced asserts" not in printed
    rows[0]["shown"] = "d1"
    file.write_text(json.dumps(rows[0]), encoding="utf-8")
    refused = call("score", file, "--dataset", spec)
    assert refused.exit_code == 2
    assert "answers.jsonl:1: shown: is" in refused.stderr
