"""Pooled answers to facts with their own passages, from models that answer some facts in another form.

Whether bare texts of single passages make pooled answers is a property of the model. The same facts about
shared articles have a single part, so they are the reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import open_dataset
from qa_eval.data.items import item_ids
from qa_eval.evaluation.verification import verify
from qa_eval.records import TRACKS, Corpus, Question
from qa_eval.runs.store import Run
from tests.support.command_line import done

FACTS = 12
OPTIONS = qa.RunOptions(resamples=99, limit=FACTS)
FACTS_OF_A_PART = 3
"""Few enough that the answers that decide are in another part than others."""

Row = dict[str, object]
Answering = Callable[[Question, str, int], Row | None]
"""Question, article and number of the fact -> fields of the answer; None for no answer."""


def _gold(question: Question, article: str) -> str:
    golds = question.any_golds if article == "*" else question.own_golds(article)
    return golds[0] if golds else ""


def _text(question: Question, article: str, _: int) -> Row | None:
    return None if article == "*" else {"prediction": _gold(question, article)}


def _texts_and_some_pooled(question: Question, article: str, number: int) -> Row | None:
    if article == "*":
        return {"prediction": _gold(question, article)} if number % 6 == 4 else None
    return _text(question, article, number)


def _pooled_only(question: Question, article: str, number: int) -> Row | None:
    return _texts_and_some_pooled(question, article, number) if article == "*" else None


def _texts_and_some_spans(question: Question, article: str, number: int) -> Row | None:
    text = _text(question, article, number)
    if number % 5 != 3 or text is None or not text["prediction"]:
        return text
    return {"n_best": [{"text": text["prediction"], "score": 2.0}]}


def _texts_and_silence(question: Question, article: str, number: int) -> Row | None:
    return _text(question, article, number) if number % 4 else {"prediction": ""} if article != "*" else None


def _silence(_: Question, article: str, __: int) -> Row | None:
    return {"prediction": ""} if article != "*" else None


CASES: dict[str, tuple[Answering, bool]] = {
    "texts alone": (_text, False),
    "texts, and pooled answers to some facts": (_texts_and_some_pooled, True),
    "pooled answers to some facts alone": (_pooled_only, True),
    "texts, and spans of some facts": (_texts_and_some_spans, True),
    "texts, and silence on some facts": (_texts_and_silence, False),
    "silence": (_silence, True),
}
"""Name -> answers, and whether the pooled track has scores."""


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The curated set as facts with their own passages."""
    file = tmp_path_factory.mktemp("claims") / "curated.jsonl"
    done("export", "--format", "claims", "--out", file)
    return f"claims:{file}"


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Answering, bool]:
    return CASES[request.param]


@pytest.fixture
def answers(case: tuple[Answering, bool], curated: Corpus, tmp_path: Path) -> Path:
    numbers = {question.id: number for number, question in enumerate(curated.questions)}
    rows = []
    for item in item_ids(curated, tracks=TRACKS):
        found = case[0](curated.question(item.fact), item.article, numbers[item.fact])
        if found is not None:
            rows.append({"id": str(item), **found})
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_a_fact_without_an_answer_counts_as_in_the_curated_set(
    answers: Path,
    case: tuple[Answering, bool],
    claims: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.claim_facts.PART", 6 * FACTS_OF_A_PART)
    model = f"predictions:{answers}"
    expected = _values(qa.evaluate(model, options=OPTIONS), model)
    found = qa.evaluate(model, dataset=claims, out=tmp_path / "runs", options=OPTIONS)
    assert _values(found, model) == expected
    pooled = found.leaderboard.row(model).metrics.get("pooled", {})
    assert bool(pooled) == case[1]
    if pooled:
        assert pooled["em_any"].n == FACTS
    assert found.path is not None
    assert verify(found.path) == []
    missing = sum(row.missing for row in found.predictions(model) if row.track == "pooled")
    told = missing if pooled else 0
    assert found.leaderboard.row(model).counts.pooled_missing == told
    shown = done("leaderboard", found.path, columns=200).output
    assert (f"{told} pooled item{'s' * (told > 1)} missing" in shown) == bool(told)


def _values(run: Run, model: str) -> dict[tuple[str, str], tuple[float, int]]:
    metrics = run.leaderboard.row(model).metrics
    return {
        (track, id): (round(estimate.value, 9), estimate.n)
        for track, of_track in metrics.items()
        for id, estimate in of_track.items()
    }


@pytest.mark.parametrize("case", [CASES["texts, and pooled answers to some facts"]])
def test_score_counts_them_too(answers: Path, case: tuple[Answering, bool], claims: str) -> None:
    del case  # which the answers are made from
    dataset = open_dataset(claims)
    assert isinstance(dataset, ClaimSet)
    model = f"predictions:{answers}"
    whole = OPTIONS.updated({"limit": None})
    ran = qa.evaluate(model, dataset=dataset, options=whole).leaderboard.row(model).metrics["pooled"]
    scored = qa.score(answers, dataset, resamples=99).tracks["pooled"]
    assert {id: (e.value, e.n) for id, e in scored.items()} == {id: (e.value, e.n) for id, e in ran.items()}
    assert scored["em_any"].n == len(list(dataset))
