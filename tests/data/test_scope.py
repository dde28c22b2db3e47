"""Questions that are asked of some of the articles only: checks, items, pooled contexts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import qa_eval as qa
from qa_eval.authoring.agreement.annotations import compare_annotations
from qa_eval.authoring.check import finding_line
from qa_eval.authoring.drafts import chosen_scope
from qa_eval.authoring.probe import probe_question
from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.corpus import load_corpus
from qa_eval.data.items import instances, item_ids
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.verification import verify
from qa_eval.models.registry import resolve
from qa_eval.records import Corpus, Decoding, ItemId, Runtime
from qa_eval.runs.rows import item_hashes
from tests.support.small_corpus import ARTICLES, FALL, LOSSES, fact, unplaced, write_corpus, write_lines

TOPICS = {"alpha": "war", "beta": "war", "gamma": "weather"}
SCOPED = fact(LOSSES, scope=["alpha", "beta"], silent=[])
BY_TOPIC = fact(LOSSES, scope="war", silent=[])


def scoped_set(folder: Path, *rows: dict[str, Any]) -> tuple[Path, Path]:
    """A set whose articles have topics."""
    questions, seeds = write_corpus(folder, list(rows), complete=False)
    manifest = seeds / "articles.jsonl"
    lines = [json.loads(line) for line in manifest.read_text("utf-8").splitlines()]
    write_lines(manifest, [line | {"topic": TOPICS[line["id"]]} for line in lines])
    return questions, seeds


def loaded(folder: Path, *rows: dict[str, Any]) -> Corpus:
    return load_corpus(*scoped_set(folder, *rows))


@pytest.mark.parametrize("row", [SCOPED, BY_TOPIC], ids=["ids", "topic"])
def test_items_and_instances_are_of_the_articles_in_scope(tmp_path: Path, row: dict[str, Any]) -> None:
    corpus = loaded(tmp_path, row, FALL)
    items = [str(item) for item in item_ids(corpus, tracks=["reading", "pooled"])]
    assert items == [
        "militant-losses@alpha",
        "militant-losses@beta",
        "fall-of-town@alpha",
        "fall-of-town@beta",
        "fall-of-town@gamma",
        "militant-losses@*",
        "fall-of-town@*",
    ]
    pooled = [ItemId(fact="militant-losses", article="*")]
    assert [i.article for i in instances(corpus, pooled)] == ["alpha", "beta"]


def test_a_pooled_context_is_what_is_in_scope(tmp_path: Path) -> None:
    whole = loaded(tmp_path / "whole", LOSSES, FALL)
    scoped = loaded(tmp_path / "scoped", SCOPED, FALL)
    asked = [ItemId(fact=id, article="*") for id in ("militant-losses", "fall-of-town")]
    before, after = item_hashes(whole, asked), item_hashes(scoped, asked)
    assert before[asked[1]] == after[asked[1]]  # the hash of a question without a scope stays
    assert before[asked[0]].context_sha256 != after[asked[0]].context_sha256
    assert before[asked[0]].question_sha256 == after[asked[0]].question_sha256


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "ids": (SCOPED, []),
    "topic": (BY_TOPIC, []),
    "no such topic": (
        fact(LOSSES, scope="peace"),
        ['1: scope: no article has the topic "peace"; there are: "war", "weather"'],
    ),
    "no such article": (
        fact(LOSSES, scope=["alpha", "beta", "gamma", "delta"]),
        ['1: scope[3]: unknown article "delta"; did you mean "beta"?'],
    ),
    "twice": (
        fact(SCOPED, scope=["alpha", "beta", "alpha"]),
        ['1: scope[2]: article "alpha" is there twice; delete one'],
    ),
    "a number": (fact(LOSSES, scope=5), ["1: scope: must be text or a list, found the number 5"]),
    "lists in a list": (fact(LOSSES, scope=[["alpha"]]), ["1: scope[0]: must be text, found a list"]),
    "a very long topic": (
        fact(LOSSES, scope="t" * 300),
        ["1: scope: has 300 characters; at most 200 are taken"],
    ),
    "nothing": (fact(LOSSES, scope=[]), ["1: scope: names no article; leave it out to ask all of them"]),
    "named outside": (
        fact(LOSSES, scope=["alpha", "beta"]),
        ['1: silent[0]: article "gamma" is outside of the scope; add it there, or leave it out here'],
    ),
    "not covered": (
        fact(LOSSES, scope=["alpha", "beta", "gamma"], silent=[]),
        [
            '1: silent: article "gamma" is in no evidence and neither in silent nor in partial; read it and '
            "name it in one of them"
        ],
    ),
}


@pytest.mark.parametrize(("row", "expected"), CASES.values(), ids=CASES.keys())
def test_every_problem_of_a_scope_is_told(tmp_path: Path, row: dict[str, Any], expected: list[str]) -> None:
    questions, seeds = scoped_set(tmp_path, row)
    found = [
        finding_line(unplaced(f)).removeprefix(f"{questions.as_posix()}/facts.jsonl:")
        for f in check_questions([questions], seeds).findings
    ]
    assert [line for line in found if "warning" not in line] == expected


def test_a_run_asks_and_verifies_a_scope(tmp_path: Path) -> None:
    questions, seeds = scoped_set(tmp_path, SCOPED, FALL)
    run = qa.evaluate(
        "baseline:first-of-type",
        questions=questions,
        articles=seeds,
        out=tmp_path / "runs",
        options=qa.RunOptions(track="both", resamples=99),
    )
    assert run.leaderboard.data.items.reading == 5
    assert run.leaderboard.data.items.pooled == 2
    assert run.path is not None
    assert verify(run.path) == []


def test_a_draft_and_a_probe_keep_to_the_scope(tmp_path: Path) -> None:
    corpus = loaded(tmp_path, SCOPED)
    scope, inside = chosen_scope(["war"], corpus.articles)
    model = resolve("baseline:first-of-type", Decoding(), Runtime())
    probe = probe_question("How many militants died?", "number", "death-toll", inside, model, scope=scope)
    assert [reply.article for reply in probe.replies] == ["alpha", "beta"]
    assert probe.draft is not None
    assert probe.draft.scope == "war"
    assert "gamma" not in probe.draft.silent
    with pytest.raises(QaEvalError, match='no article or topic is called "wars"'):
        chosen_scope(["wars"], corpus.articles)


def test_authors_agree_on_what_both_have_in_scope(tmp_path: Path) -> None:
    whole, scoped = loaded(tmp_path / "a", LOSSES), loaded(tmp_path / "b", SCOPED)
    found = compare_annotations(whole, scoped, resamples=99)
    assert found.readings == len(ARTICLES) - 1
    assert [(d.kind, d.a, d.b) for d in found.differences] == [("scope", "all articles", "alpha, beta")]
