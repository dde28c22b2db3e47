"""What an answer to a question of a public set is worth, and how such scores are summed by context."""

from __future__ import annotations

import random
from itertools import groupby, product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import qa_eval as qa
from qa_eval.matching.answer_types import asked_type
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.example_scores import oracle_answer, score_example
from qa_eval.metrics.rules.squad import SQUAD_V1, SQUAD_V2, Rules
from qa_eval.metrics.score_table import IntArray, ScoreTable, add_scores, tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.summary import summarize_tables
from qa_eval.metrics.thresholds import fit_thresholds, fold_of, threshold_case
from qa_eval.models.replay import Replay
from qa_eval.records import (
    Answer,
    AnswerType,
    Candidate,
    Example,
    Instance,
    ItemId,
    ModelInfo,
    Prediction,
)
from qa_eval.stats.intervals import Term

ITEM = ItemId(fact="q", article="c0")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many people live there?", "number"),
        ("how MANY of them?", "number"),
        ("For how many years did it last?", "duration"),
        ("How many more days passed?", "duration"),
        ("How old was she?", "age"),
        ("At what age did she marry?", "age"),
        ("What percentage of voters came?", "percent"),
        ("How much money was spent?", "money"),
        ("How many euros was it?", "money"),
        ("When did it end?", "date"),
        ("In what year was it?", "date"),
        ("Which decade was that?", "date"),
        # Its words could ask for more than one type.
        ("How much did it weigh?", None),
        ("How long is the river?", None),
        ("Who won?", None),
        ("Where is it?", None),
        ("What was the name of the yearbook?", None),
        ("Somewhen or whenever?", None),
        ("And WHEN did it end?", "date"),
        ("Said who, when?", "date"),
        ("A how-many question?", None),
        ("Wie viele Menschen leben dort?", None),
        ("", None),
    ],
)
def test_a_type_is_told_only_by_words_that_ask_for_nothing_else(
    question: str, expected: AnswerType | None
) -> None:
    assert asked_type(question) == expected


def scored(
    text: str | None,
    golds: tuple[str, ...],
    type: AnswerType | None = None,
    rules: Rules = SQUAD_V2,
    **more: Any,
) -> ItemScore:
    answer = Answer(item=str(ITEM), text=text or "", missing=text is None, **more)
    return score_example(ITEM, golds, type, answer, rules)


def with_answer(em: float, f1: float, **more: float) -> dict[str, float]:
    return {"em": em, "f1": f1, "has_answer_em": em, "has_answer_f1": f1, **more}


def without(right: float, **more: float) -> dict[str, float]:
    return {"em": right, "f1": right, "no_answer_recall": right, **more}


NONE, VETO, MISSING = (False, 0, "none"), (False, 0, "veto"), (False, 0, "missing")
NULL, ABSTAINED, ANSWERED = (True, 5, "null"), (False, 0, "abstained"), (False, 0, "answered")


@pytest.mark.parametrize(
    ("text", "golds", "type", "expected", "rule"),
    [
        ("400 men", ("400", "some 400"), None, with_answer(0, 2 / 3), NONE),
        ("the 400", ("400",), None, with_answer(1, 1), (True, 4, "squad-em")),
        ("400 men", ("417", "400"), "number", with_answer(0, 2 / 3, match=1), (True, 2, "number")),
        ("417", ("400",), "number", with_answer(0, 0, match=0), VETO),
        ("", ("400",), "number", with_answer(0, 0, match=0), ABSTAINED),
        ("", (), None, without(1), NULL),
        ("", (), "date", without(1, match=1), NULL),
        ("400", (), "number", without(0, match=0), ANSWERED),
        ("the", (), None, without(1), NULL),
        (None, ("400",), "number", with_answer(0, 0, match=0), MISSING),
        (None, (), None, without(0), MISSING),
    ],
)
def test_what_an_answer_is_worth(
    text: str | None,
    golds: tuple[str, ...],
    type: AnswerType | None,
    expected: dict[str, float],
    rule: tuple[bool, int, str],
) -> None:
    found = scored(text, golds, type)
    assert found.scores == pytest.approx(expected)
    assert (found.match.ok, found.match.level, found.match.rule) == rule
    assert found.correct == (expected["em"] == 1)
    assert found.answerable == bool(golds)
    assert found.golds == golds
    assert (found.contested, found.matched_claim, found.category) == (False, None, "")


def test_a_failed_answer_is_worth_nothing_and_has_no_confidence() -> None:
    found = scored("", (), error="broken", confidence=0.9)
    assert found.scores == {"em": 0, "f1": 0, "no_answer_recall": 0}
    assert (found.match.rule, found.scored_confidence, found.answered) == ("error", None, False)


def test_rules_without_unanswerable_questions_know_no_such_scores() -> None:
    assert scored("sky", ("sky",), rules=SQUAD_V1).scores == {"em": 1, "f1": 1}
    assert scored("", ("sky",), rules=SQUAD_V1).scores == {"em": 0, "f1": 0}


@pytest.mark.parametrize(
    ("golds", "starts", "rules", "text", "start"),
    [
        pytest.param(("sky", "the sky"), (4, 0), SQUAD_V2, "sky", 4, id="the first"),
        pytest.param(("The", "sky"), (0, 4), SQUAD_V2, "sky", 4, id="one that the rules keep"),
        pytest.param(("The", "sky"), (0, None), SQUAD_V1, "sky", None, id="one with an F1"),
        pytest.param((), (), SQUAD_V2, "", None, id="none"),
    ],
)
def test_the_oracle_says_the_gold_that_earns_most(
    golds: tuple[str, ...], starts: tuple[int | None, ...], rules: Rules, text: str, start: int | None
) -> None:
    example = Example(id="q", question="?", context="The sky.", context_id="c0", golds=golds, starts=starts)
    answer = oracle_answer(example, rules)
    assert answer.text == text
    assert (answer.candidate.start if answer.candidate else None) == start
    assert rules.score(answer.text, golds) == (1.0, 1.0)


# ------------------------------------------------------------------------------------------ summing


def item_scores(number: int) -> list[ItemScore]:
    rng = random.Random(3)
    found = []
    for n in range(number):
        golds = ("sky",) if rng.random() < 0.6 else ()
        answer = Answer(
            item="", text=rng.choice(["", "sky", "blue sky", "sea"]), confidence=rng.random(),
            score=rng.random(), null_score=rng.random(),
        )  # fmt: skip
        item = ItemId(fact=f"q{n}", article=f"c{n % 7}")
        found.append(score_example(item, golds, "number" if n % 5 == 0 else None, answer, SQUAD_V2))
    return found


def test_scores_added_some_at_a_time_are_those_of_all_at_once() -> None:
    scores = item_scores(60)
    whole = summarize_tables(tables_of(scores, "context"), resamples=99)
    tables: dict[Any, ScoreTable] = {}
    for start in range(0, 60, 9):
        add_scores(tables, scores[start : start + 9], "context")
    parts = summarize_tables(tables, resamples=99)
    assert parts.counts == whole.counts
    assert parts.metrics["reading"].keys() == whole.metrics["reading"].keys()
    for id, estimate in whole.metrics["reading"].items():
        other = parts.metrics["reading"][id]
        assert (other.value, other.low, other.high) == pytest.approx(
            (estimate.value, estimate.low, estimate.high)
        )
        assert (other.n, other.clusters) == (estimate.n, estimate.clusters)


def test_facts_added_one_by_one_fill_the_same_columns_as_all_at_once(committed: qa.Run) -> None:
    scores = sorted(committed.scored("embedded"), key=lambda s: s.fact)
    parts: dict[Any, ScoreTable] = {}
    for _, fact in groupby(scores, key=lambda s: s.fact):
        add_scores(parts, list(fact))
    for track, whole in tables_of(scores).items():
        part = parts[track]
        assert (part.counts, part.clusters, part.slices()) == (whole.counts, whole.clusters, whole.slices())
        for metric, name in product(METRICS, ["", *whole.slices()]):
            one, other = part.units(metric, name), whole.units(metric, name)
            assert (one is None) == (other is None)
            for mine, theirs in zip(_columns(one), _columns(other), strict=True):
                assert np.array_equal(mine, theirs), (metric, name)
            ranked = zip(part.ranked(metric) or (), whole.ranked(metric) or (), strict=True)
            assert all(np.array_equal(mine, theirs) for mine, theirs in ranked)


def _columns(units: tuple[list[Term], IntArray] | None) -> list[NDArray[Any]]:
    if units is None:
        return []
    terms, clusters = units
    return [clusters, *(column for term in terms for column in (term.numerator, term.denominator))]


def test_contexts_are_what_is_resampled_and_no_slices() -> None:
    scores = item_scores(60)
    (table,) = tables_of(scores, "context").values()
    assert table.clusters == tuple(f"c{n}" for n in range(7))
    assert table.slices() == ["settled", "silent"]
    found = table.terms("f1")
    assert found is not None
    (term,), n = found
    assert n == 60
    for cluster, numerator, denominator in zip(table.clusters, term.numerator, term.denominator, strict=True):
        mine = [s for s in scores if s.article == cluster]
        assert numerator == pytest.approx(sum(s.scores["f1"] for s in mine))
        assert denominator == len(mine)
    (by_fact,) = tables_of(scores).values()
    assert len(by_fact.clusters) == 60
    assert "article:c0" in by_fact.slices()


def test_a_ranking_metric_of_very_many_clusters_takes_bounded_memory_and_time() -> None:
    rng = random.Random(5)
    answers = [Answer(item="", text=rng.choice(["sky", "sea"]), confidence=rng.random()) for _ in range(2500)]
    scores = [
        score_example(ItemId(fact=f"q{n}", article=f"c{n}"), ("sky",), None, answer, SQUAD_V2)
        for n, answer in enumerate(answers)
    ]
    auroc = summarize_tables(tables_of(scores, "context"), resamples=50).metrics["reading"]["auroc"]
    # A jackknife would be 2,500 rows of 2,500 weights; the interval is a percentile one instead.
    assert (auroc.clusters, auroc.method) == (2500, "percentile")
    assert auroc.low is not None
    assert auroc.high is not None
    assert auroc.low < auroc.value < auroc.high


# ------------------------------------------------------------------------------------------ thresholds


def said(best: float, null: float, text: str = "sky") -> Prediction:
    return Prediction(item="", n_best=(Candidate(text=text, score=best),), null_score=null)


def test_a_threshold_fitted_by_f1_counts_every_question_alike() -> None:
    # By F1, answering the nine right ones outweighs the one silent question that is answered too; by balanced
    # F1 the silent one is half of everything.
    right = [(said(0.0, 1.0 + n / 100), ("sky",)) for n in range(9)]
    cases = {
        context: [threshold_case(context, golds, p) for p, golds in [*right, (said(0.0, 0.5), ())]]
        for context in "abcdefghij"
    }
    every = [case for some in cases.values() for case in some]
    by_f1 = fit_thresholds(every, cases, "f1")
    # All margins are 0.5 (silent) or 1.00 to 1.08 (right), so the best cut by F1 lies above all of them,
    assert set(by_f1.values()) == {1.08 + 1.0}
    # and by balanced F1 answering everything (9/9 of one half) ties with answering nothing (1 of the other).
    balanced = fit_thresholds(every, cases)
    assert set(balanced.values()) == {0.5 - 1.0}
    assert fold_of(cases).keys() == by_f1.keys()


def test_worth_follows_the_rules_of_the_set() -> None:
    prediction = said(1.0, 0.0, "the")
    assert threshold_case("c", ("a",), prediction, SQUAD_V1).answered == 0.0
    assert threshold_case("c", ("a",), prediction, SQUAD_V2).answered == 1.0


# ------------------------------------------------------------------------------------------ replaying


def test_stored_answers_are_found_by_item_or_by_the_questions_own_id() -> None:
    model = Replay(
        ModelInfo(spec="predictions:x", kind="predictions", name="x"),
        {"q@1": Prediction(item="q@1", text="own id"), "q2@c0": Prediction(item="q2@c0", text="item")},
        answers_pooled=False,
    )
    asked = [
        Instance(item="q%401@c0", question="?", context="", question_id="q@1"),
        Instance(item="q2@c0", question="?", context="", question_id="q2"),
        Instance(item="q3@c0", question="?", context="", question_id="q3"),
        Instance(item="q4@a", question="?", context=""),
    ]
    assert [(p.item, p.text) for p in model.predict(asked)] == [("q%401@c0", "own id"), ("q2@c0", "item")]


def test_a_curated_fact_is_not_answered_by_an_id_without_its_article() -> None:
    model = Replay(
        ModelInfo(spec="predictions:x", kind="predictions", name="x"),
        {"q": Prediction(item="q", text="of no article")},
        answers_pooled=False,
    )
    assert list(model.predict([Instance(item="q@a", question="?", context="")])) == []
