"""`compare`, `compare_all` and `qa-eval compare`, on answers whose differences are counted by hand."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from scipy import stats

from qa_eval import evaluate
from qa_eval.comparisons.all_pairs import MOST_MODELS, compare_all
from qa_eval.comparisons.changed_items import telling_changes
from qa_eval.comparisons.comparison import compare
from qa_eval.comparisons.comparison_formats import render_comparison_json, render_comparison_markdown
from qa_eval.comparisons.comparison_table import draw_comparison
from qa_eval.comparisons.differences import Comparison, ItemChange, MetricDifference, SideAnswer
from qa_eval.comparisons.regression_gate import regression_gate
from qa_eval.comparisons.sentences import all_pairs_notes, verdict_sentence
from qa_eval.data.content_hashes import articles_sha256, questions_sha256
from qa_eval.data.dataset import open_dataset
from qa_eval.errors import QaEvalError
from qa_eval.files.hashes import sha256_text
from qa_eval.records import Candidate, Corpus, Decoding, Instance, ItemId, ModelInfo, Prediction
from qa_eval.runs.common_items import Edited
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run
from qa_eval.text.markdown import COMMENT_CHARACTERS
from tests.support.command_line import call
from tests.support.fake_models import FakeModel, four_facts
from tests.support.public_files import TWO_ARTICLES, write
from tests.support.small_corpus import wells

Kind = Literal["fixed", "broken", "changed"]
RIGHT = {
    "dead@a": "180",
    "dead@b": "194",
    "began@a": "Monday",
    "began@b": "Monday",
    "absent@b": "Rami Karim",
    "closed@c": "A bridge",
}
"""All that the articles answer: 6 of 11 items; of the others the right answer is none."""


@dataclass
class Scripted:
    """Says what it was told for each item, by what its text says; nothing of all others."""

    name: str
    says: Mapping[str, str]
    decoding: Decoding | None = field(default_factory=Decoding)

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(
            spec=f"test:{self.name}", kind="test", name=self.name, fingerprint=sha256_text(self.name)
        )

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        for instance in instances:
            text = self.says.get(instance.item, "")
            start = instance.context.find(text)
            said = () if not text else (
                Candidate(
                    text=text,
                    article=instance.article,
                    start=start if start >= 0 else None,
                    end=start + len(text) if start >= 0 else None,
                    score=1.0,
                ),
            )  # fmt: skip
            yield Prediction(
                item=instance.item,
                n_best=said,
                null_score=0.0 if text else 2.0,
                windows=1,
                tokens=1,
            )


def one_fact() -> Corpus:
    """The contested one of the four facts."""
    corpus = four_facts()
    questions = corpus.questions[:1]
    return replace(corpus, questions=questions, questions_sha256=questions_sha256(questions))


def counted(n: int = 8, right: int | None = None) -> dict[str, str]:
    """Right on the first so many towns, wrong on the rest."""
    return {
        f"town-{i}@a": str(i + 20 if i < (n if right is None else right) else (i + 1) % n + 20)
        for i in range(n)
    }


def asked(*models: Scripted, corpus: Corpus | None = None, **options: Any) -> Run:
    chosen = RunOptions(track="reading", cache=False, references=False).updated(options)
    return evaluate(list(models), corpus=corpus or four_facts(), options=chosen)


def compared(base: Mapping[str, str], new: Mapping[str, str], **options: Any) -> Comparison:
    run = asked(Scripted("base", base), Scripted("new", new), corpus=options.pop("corpus", None))
    return compare(run, model="test:new", against="test:base", resamples=999, **options)


def metric(found: Comparison, name: str, slice_name: str = "") -> MetricDifference:
    (pair,) = found.pairs
    (difference,) = [
        d for d in (*pair.primary, *pair.exploratory) if (d.metric, d.slice) == (name, slice_name)
    ]
    return difference


# ------------------------------------------------------------------------------------------ what is paired


def test_a_fact_whose_question_was_edited_is_listed_and_not_compared() -> None:
    one = asked(Scripted("m", RIGHT))
    two = asked(Scripted("m", RIGHT), corpus=four_facts(dead="How many of the soldiers died?"))
    (pair,) = compare(one, two, resamples=99).pairs
    assert pair.edited == tuple(Edited(item=f"dead@{a}", parts=("question",)) for a in "abc")
    assert (pair.items, pair.facts, pair.added, pair.removed) == ({"reading": 8}, 3, (), ())


def test_a_text_that_was_edited_is_named_and_an_item_that_is_asked_no_more_is_removed() -> None:
    before = four_facts()
    shorter = tuple(
        replace(q, claims=tuple(replace(c, evidence=c.evidence[:1]) for c in q.claims), partial=("b",))
        if q.id == "began"
        else q
        for q in before.questions
    )
    text = before.articles[2].text + " It rained."
    articles = (*before.articles[:2], replace(before.articles[2], text=text, sha256=sha256_text(text)))
    after = replace(
        before,
        questions=shorter,
        articles=articles,
        questions_sha256=questions_sha256(shorter),
        articles_sha256=articles_sha256(articles),
    )
    (pair,) = compare(
        asked(Scripted("m", RIGHT)), asked(Scripted("m", RIGHT), corpus=after), resamples=99
    ).pairs
    # "Monday" of article b is no gold any more: that is another fact wherever it is asked.
    assert {e.item: e.parts for e in pair.edited} == {
        "dead@c": ("context",),
        "began@a": ("golds",),
        "began@c": ("context", "golds"),
        "closed@c": ("context",),
    }
    assert pair.removed == ("began@b",)
    assert pair.items == {"reading": 6}


def test_items_pair_by_content_whatever_the_fact_is_called_and_wherever_it_stands() -> None:
    corpus = four_facts()
    renamed = tuple(replace(q, id=f"new-{q.id}") for q in reversed(corpus.questions))
    other = replace(corpus, questions=renamed, questions_sha256=questions_sha256(renamed))
    says = {f"new-{item}": text for item, text in RIGHT.items()}
    (pair,) = compare(
        asked(Scripted("m", RIGHT)), asked(Scripted("m", says), corpus=other), resamples=99
    ).pairs
    assert (pair.items, pair.edited, pair.added, pair.removed) == ({"reading": 11}, (), (), ())
    assert pair.verdict == "same"


def test_added_and_removed_items_are_listed() -> None:
    corpus = four_facts()
    fewer = corpus.questions[:3]
    other = replace(corpus, questions=fewer, questions_sha256=questions_sha256(fewer))
    whole, part = asked(Scripted("m", RIGHT)), asked(Scripted("m", RIGHT), corpus=other)
    (removed,) = compare(whole, part, resamples=99).pairs
    assert (set(removed.removed), removed.added) == ({"closed@a", "closed@b", "closed@c"}, ())
    (added,) = compare(part, whole, resamples=99).pairs
    assert (set(added.added), added.removed) == ({"closed@a", "closed@b", "closed@c"}, ())


def test_edited_items_are_named_where_several_models_are_compared() -> None:
    models = [Scripted("m", RIGHT), Scripted("n", {})]
    found = compare(
        asked(*models), asked(*models, corpus=four_facts(dead="How many of the soldiers died?")), resamples=99
    )
    assert len(found.pairs) == 2
    text = "\n".join(line.plain for line in draw_comparison(found, 200))
    for shown in (text, render_comparison_markdown(found)):
        assert "edited, not compared: dead@a (question), dead@b (question), dead@c (question)" in shown


def test_runs_without_a_common_item_are_refused() -> None:
    with pytest.raises(QaEvalError, match="no item in common"):
        compare(asked(Scripted("m", {})), asked(Scripted("m", {}), corpus=wells()), resamples=99)


# ------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"rules": "squad-v1.1"}, "rules: squad-v2.0 in one · test:m, squad-v1.1 in", id="rules"),
        pytest.param({"scorer_version": "0"}, "scorer_version: ", id="scorer"),
    ],
)
def test_runs_that_were_scored_otherwise_are_refused_naming_the_field(
    change: dict[str, str], message: str
) -> None:
    run = asked(Scripted("m", RIGHT), name="one")
    other = replace(run, leaderboard=run.leaderboard.model_copy(update=change))
    with pytest.raises(QaEvalError) as caught:
        compare(run, other, resamples=99)
    assert message in str(caught.value)


def test_other_decoding_is_refused_until_it_is_allowed() -> None:
    one = asked(Scripted("m", RIGHT, Decoding()), name="one")
    two = asked(Scripted("m", RIGHT, Decoding(max_length=256)), name="two")
    with pytest.raises(QaEvalError) as caught:
        compare(one, two, resamples=99)
    assert "decoding: max_length=384" in str(caught.value)
    assert "max_length=256" in str(caught.value)
    assert "(allow_different decoding)" in str(caught.value)
    (pair,) = compare(one, two, allow_different=["decoding"], resamples=99).pairs
    assert list(pair.differing) == ["decoding"]


def test_other_tracks_are_refused_until_they_are_allowed() -> None:
    one, two = asked(Scripted("m", RIGHT)), asked(Scripted("m", RIGHT), track="both")
    with pytest.raises(QaEvalError, match=r"track: reading in .*both in .*allow_different track"):
        compare(one, two, resamples=99)
    (pair,) = compare(one, two, allow_different=["track"], resamples=99).pairs
    assert pair.items == {"reading": 11}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"model": "test:nw", "against": "test:base"}, "did you mean test:new", id="model"),
        pytest.param({}, "one run: name two models", id="one run, no models"),
        pytest.param({"model": "test:new"}, "name what test:new is compared with", id="half named"),
        pytest.param(
            {"model": "test:new", "against": "test:base", "metrics": ["f2"]},
            "metrics f2: unknown",
            id="metric",
        ),
        pytest.param(
            {"model": "test:new", "against": "test:base", "metrics": ["no_answer_auroc"]},
            "it ranks items",
            id="rank metric",
        ),
        pytest.param(
            {"model": "test:new", "against": "test:base", "slice": "contestd"},
            "did you mean contested",
            id="slice",
        ),
    ],
)
def test_what_is_not_there_is_refused_by_name(options: dict[str, Any], message: str) -> None:
    run = asked(Scripted("base", {}), Scripted("new", RIGHT), Scripted("third", {}))
    with pytest.raises(QaEvalError, match=message):
        compare(run, resamples=99, **options)


def test_the_only_two_models_of_a_run_need_no_names() -> None:
    run = asked(Scripted("worse", {}), Scripted("better", RIGHT))
    (pair,) = compare(run, resamples=99).pairs
    assert (pair.base.model, pair.new.model) == ("test:worse", "test:better")


# ------------------------------------------------------------------------------------------ the numbers


def test_values_and_differences_are_those_counted_by_hand() -> None:
    # Abstaining is right on 5 of 11 items; the other model on all.
    found = compared({}, RIGHT, metrics=["em"])
    em = metric(found, "em")
    assert [em.base, em.new] == pytest.approx([5 / 11, 1.0])
    assert em.difference == pytest.approx(6 / 11)
    assert (em.wins, em.ties, em.losses, em.n, em.clusters) == (6, 5, 0, 11, 4)
    # Four facts, each better: of the 16 ways to flip their signs two are as far from 0.
    assert em.p == pytest.approx(2 / 16)
    assert em.test == "sign-flip"
    # Four facts are too few for an interval.
    assert (em.low, em.high, em.method) == (None, None, "too-few")
    balanced = metric(found, "balanced_f1")
    assert (balanced.base, balanced.new) == (0.5, 1.0)


def test_article_values_and_the_range_without_each_are_those_counted_by_hand() -> None:
    (pair,) = compared({}, RIGHT, metrics=["em"]).pairs
    values = {a.article: [a.base, a.new, a.n] for a in pair.articles}
    assert values["a"] == pytest.approx([2 / 4, 1, 4])
    assert values["b"] == pytest.approx([1 / 4, 1, 4])
    assert values["c"] == pytest.approx([2 / 3, 1, 3])
    assert pair.leave_one_article_out is not None
    assert list(pair.leave_one_article_out) == pytest.approx([3 / 7, 5 / 8])


def test_a_slice_is_measured_alone() -> None:
    found = compared({}, RIGHT, metrics=["em"], slice="contested")
    em = metric(found, "em", "contested")  # dead@a and dead@b
    assert (em.base, em.new, em.n, em.clusters) == (0.0, 1.0, 2, 1)
    assert found.pairs[0].items == {"reading": 2}


def test_fixed_broken_and_otherwise_changed_items_are_told_with_both_answers_and_the_rule() -> None:
    base = {"dead@a": "180", "dead@b": "180", "began@a": "empty"}
    new = {"dead@a": "soldiers", "dead@b": "194", "began@a": "museum"}
    (pair,) = compared(base, new).pairs
    told = {c.item: (c.kind, c.base.prediction, c.new.prediction, c.golds) for c in pair.changes}
    assert told == {
        "dead@a": ("broken", "180", "soldiers", ("180",)),
        "dead@b": ("fixed", "180", "194", ("194",)),
        "began@a": ("changed", "empty", "museum", ("Monday",)),
    }
    assert [c.kind for c in pair.changes] == ["fixed", "broken", "changed"]
    fixed = pair.changes[0]
    assert (fixed.question, fixed.new.rule, fixed.new.right) == ("How many soldiers died?", "raw", True)
    assert fixed.base.em == 0.0
    assert fixed.base.why == "180 and 194 are different numbers. The answer is another source's claim."


def test_what_answers_in_words_assert_decides_what_is_fixed(tmp_path: Path) -> None:
    said = {
        "base": {"dead@*": "Unclear numbers [1][2] are given.", "dead@a": "There were 194 dead [1]."},
        "new": {"dead@*": "The sources differ: 180 [1] or 194 [2].", "dead@a": "It left 180 dead [1]."},
    }
    for name, answers in said.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(answers), "utf-8")
    specs = [f"predictions:{tmp_path / name}.json" for name in said]
    run = evaluate(specs, corpus=four_facts(), options=RunOptions(resamples=99, cache=False))
    (pair,) = compare(run, model=specs[1], against=specs[0]).pairs
    told = {c.item: (c.kind, c.base.why, c.new.why, c.new.rule) for c in pair.changes}
    assert told["dead@*"] == (
        "fixed",
        "The answer asserts no claim of any source.",
        "The answer asserts every claim of the sources: “180” and “194”. "
        "It says or shows that sources differ.",
        "asserts",
    )
    assert told["dead@a"][:2] == ("fixed", "The answer asserts “194”, another source's claim.")


def change(item: str, kind: Kind, base: str, new: str, f1: tuple[float, float]) -> ItemChange:
    sides = [
        SideAnswer(
            prediction=said,
            right=(kind == "fixed") == (side == 1),
            rule="none",
            level=0,
            detail="",
            why="",
            em=0.0,
            f1=f1[side],
        )
        for side, said in enumerate((base, new))
    ]
    return ItemChange(item=item, kind=kind, question="", golds=(), base=sides[0], new=sides[1])


def test_the_telling_changes_have_both_kinds_and_one_of_each_fact_first() -> None:
    fixed = [
        change("one@a", "fixed", "", "x", (0.0, 1.0)),
        change("two@a", "fixed", "y", "x", (0.5, 1.0)),
        change("two@b", "fixed", "y", "x", (0.0, 1.0)),
        change("three@a", "fixed", "y", "x", (0.4, 1.0)),
        change("four@a", "fixed", "y", "x", (0.8, 1.0)),
        change("five@a", "fixed", "", "x", (0.8, 1.0)),
    ]
    broken = [
        change("six@a", "broken", "y", "x", (1.0, 0.9)),
        change("six@b", "broken", "y", "x", (1.0, 0.0)),
    ]
    kept = change("seven@a", "changed", "y", "x", (0.0, 0.0))

    def items(*changes: ItemChange, most: int = 5) -> list[str]:
        return [c.item for c in telling_changes(changes, most)]

    assert items(*fixed, *broken, kept) == ["two@b", "three@a", "four@a", "one@a", "six@b"]
    assert items(*broken, most=1) == ["six@b"]
    assert items(*fixed[:1], *broken) == ["six@b", "six@a", "one@a"]
    assert items(kept) == items() == []


def test_on_the_pooled_track_right_and_wrong_answers_are_held_by_mcnemar() -> None:
    corpus = wells(9)
    base, new = counted(9, right=1), counted(9, right=7)
    run = asked(Scripted("base", base), Scripted("new", new), corpus=corpus, track="pooled")
    found = compare(run, model="test:new", against="test:base", metrics=["em_any"], resamples=999)
    em = metric(found, "em_any")
    assert (em.test, em.wins, em.losses) == ("mcnemar", 6, 0)
    assert em.p == pytest.approx(stats.binomtest(6, 6).pvalue)


# ------------------------------------------------------------------------------------------ verdicts


def drawn(found: Comparison, width: int = 200, **options: Any) -> str:
    return "\n".join(line.plain for line in draw_comparison(found, width, **options))


def test_first_come_the_verdict_the_headline_metrics_and_the_items_that_tell_most() -> None:
    found = compared({**RIGHT, "dead@a": "194"}, {**RIGHT, "closed@c": ""}, metrics=["f1"])
    lines = drawn(found, labels={"a": "The Times", "c": "Reuters"}).split("\n")
    assert lines[:2] == ["test:base → test:new", verdict_sentence(found.pairs[0], found.pairs[0].primary[0])]
    headline = [line.split("  ")[0] for line in lines[lines.index("") :]]
    at = next(n for n, line in enumerate(headline) if line == "metric")
    assert headline[at : at + 6] == ["metric", "F1", "EM", "F1-any", "match", ""]
    at = lines.index("what tells most  of 1 fixed, 1 broken, 0 otherwise changed")
    told = "\n".join(lines[at + 1 :])
    for part in (
        "dead@The Times",
        "base  “194”  wrong: 194 and 180 are different numbers.",
        "new   “180”  right",
        "closed@Reuters",
        "new   no answer  wrong: The article answers this, and the model gave no answer.",
    ):
        assert part in told
    assert "--all shows every metric" in told
    assert "rule " not in told


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        pytest.param({}, 5, id="five"),
        pytest.param({"items": 2}, 2, id="two"),
        pytest.param({"items": 0}, 0, id="none"),
        pytest.param({"every": True}, 6, id="all"),
        pytest.param({"every": True, "items": 1}, 1, id="of each kind one"),
    ],
)
def test_as_many_items_are_shown_as_wanted(options: dict[str, Any], shown: int) -> None:
    found = compared({}, RIGHT, metrics=["f1"])
    assert drawn(found, **options).count("base  no answer") == shown


def test_everything_has_the_slices_by_the_names_of_articles_and_the_rules() -> None:
    text = drawn(compared({}, RIGHT, metrics=["f1"]), every=True, labels={"a": "The Times"})
    assert "article:The Times" in text
    assert "exploratory" in text
    assert "(rule raw)" in text


@pytest.mark.parametrize(
    ("base", "new", "verdict", "sentence"),
    [
        pytest.param(2, 8, "better", "Better: F1 25.0 → 100.0, +75.0 points", id="better"),
        pytest.param(8, 2, "worse", "Worse: F1 100.0 → 25.0, −75.0 points", id="worse"),
        pytest.param(6, 8, "undecided", "Cannot tell at this size: F1 75.0 → 100.0", id="cannot tell"),
        pytest.param(5, 5, "same", "The same: all 8 answers are equal.", id="same"),
    ],
)
def test_the_verdict_is_a_sentence_and_what_can_be_shown_stands_beside_it(
    base: int, new: int, verdict: str, sentence: str
) -> None:
    # The sign-flip of six facts that all moved one way has p = 2/64; of two, 2/4.
    found = compared(counted(right=base), counted(right=new), corpus=wells(), metrics=["f1"])
    (pair,) = found.pairs
    assert pair.verdict == verdict
    assert sentence in drawn(found)
    for shown in (drawn(found, every=True), render_comparison_markdown(found).replace("**", "")):
        assert sentence in shown
        # Where half of eight facts differ, a difference would have to be larger than any that is possible.
        assert "could be shown" in shown
        assert "other questions about these articles" in shown


@pytest.mark.parametrize(
    ("base", "new", "corpus"),
    [
        pytest.param(counted(), counted(), wells(), id="all right"),
        pytest.param({}, {}, wells(), id="all wrong"),
        pytest.param({}, counted(), wells(), id="all wrong, then all right"),
        pytest.param({}, counted(1), wells(1), id="one item"),
        pytest.param(counted(1), counted(1), wells(1), id="one item, the same"),
        pytest.param({}, RIGHT, one_fact(), id="one cluster of three items"),
        pytest.param(RIGHT, RIGHT, one_fact(), id="one cluster, the same"),
        pytest.param(RIGHT, RIGHT, four_facts(), id="identical"),
    ],
)
def test_degenerate_data_give_finite_numbers_and_intervals_with_a_width(
    base: dict[str, str], new: dict[str, str], corpus: Corpus
) -> None:
    found = compared(base, new, corpus=corpus)
    json.loads(render_comparison_json(found), parse_constant=pytest.fail)
    (pair,) = found.pairs
    for d in (*pair.primary, *pair.exploratory):
        assert math.isfinite(d.difference)
        if d.clusters < 8:
            assert (d.low, d.high, d.method) == (None, None, "too-few"), d
        else:
            assert d.low is not None
            assert d.high is not None
            assert d.low < d.high, d
        assert d.p is None or 0 < d.p <= 1
    if base == new:
        assert (pair.verdict, pair.primary[0].p, pair.changes) == ("same", 1.0, ())


def test_equal_calls_give_equal_bytes() -> None:
    run = asked(Scripted("base", {}), Scripted("new", RIGHT))
    one, two, other = (
        render_comparison_json(compare(run, model="test:new", against="test:base", resamples=999, seed=seed))
        for seed in (3, 3, 4)
    )
    assert one == two != other


# ------------------------------------------------------------------------------------------ multiplicity


def test_several_models_against_one_are_corrected_by_holm() -> None:
    run = asked(
        Scripted("base", counted(right=0)),
        Scripted("six", counted(right=6)),
        Scripted("eight", counted(right=8)),
        corpus=wells(),
    )
    found = compare(run, against="test:base", metrics=["em"], resamples=999)
    p = {pair.new.model: pair.primary[0] for pair in found.pairs}
    assert {name: d.p for name, d in p.items()} == {"test:six": 2 / 64, "test:eight": 2 / 256}
    assert {name: d.p_adjusted for name, d in p.items()} == {"test:six": 2 / 64, "test:eight": 4 / 256}
    assert {d.correction for d in p.values()} == {"holm"}


def test_other_metrics_and_slices_are_exploratory_and_corrected_by_benjamini_and_hochberg() -> None:
    (pair,) = compared({}, counted(), corpus=wells(), metrics=["em"]).pairs
    tested = [d for d in pair.exploratory if d.p is not None]
    assert len(tested) > 5
    expected = stats.false_discovery_control([d.p for d in tested if d.p is not None], method="bh")
    assert [d.p_adjusted for d in tested] == pytest.approx(expected.tolist())
    assert {d.correction for d in tested} == {"benjamini-hochberg"}


def test_all_pairs_share_ranks_where_they_cannot_be_told_apart() -> None:
    run = asked(
        Scripted("none", counted(right=0)),
        Scripted("seven", counted(right=7)),
        Scripted("all", counted(right=8)),
        corpus=wells(),
    )
    found = compare_all([run], metric="em", resamples=999)
    standings = {s.side.model: (s.rank, s.rank_interval) for s in found.standings}
    assert standings == {"test:all": (1, (1, 2)), "test:seven": (1, (1, 2)), "test:none": (3, (3, 3))}
    assert found.metric == "reading.em"
    assert all(0 < d.p_adjusted <= 1 for d in found.differences)


# ------------------------------------------------------------------------------------------ the check


@pytest.mark.parametrize(
    ("right", "tolerance", "failed", "reason"),
    [
        pytest.param(2, None, True, "significantly worse (p = ", id="a significant drop"),
        pytest.param(7, None, False, "not significantly worse", id="a drop by chance"),
        pytest.param(7, 0.2, False, "within the tolerance of 20", id="a drop within the tolerance"),
        pytest.param(7, 0.1, True, "more than the tolerance of 10", id="a drop beyond the tolerance"),
        pytest.param(8, None, False, "0.0 points, not significantly worse", id="no drop"),
    ],
)
def test_a_regression_is_a_significant_drop_or_one_beyond_the_tolerance(
    right: int, tolerance: float | None, failed: bool, reason: str
) -> None:
    found = compared(counted(), counted(right=right), corpus=wells(), metrics=["em"])
    gate = regression_gate(found, tolerance)
    assert gate.failed is failed
    assert any(reason in sentence for sentence in gate.reasons)
    assert json.loads(render_comparison_json(found, gate))["gate"]["failed"] is failed


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    for name, right in (("good", 8), ("bad", 1)):
        asked(Scripted("m", counted(right=right)), corpus=wells(), out=out, name=name)
    return out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(["good", "bad"], 0, id="told only"),
        pytest.param(["good", "bad", "--fail-on-regression"], 1, id="worse"),
        pytest.param(["bad", "good", "--fail-on-regression"], 0, id="better"),
        pytest.param(["good", "bad", "--fail-on-regression", "--tolerance", "0.95"], 0, id="tolerated"),
        pytest.param(["good", "bad", "--tolerance", "0.5"], 2, id="a tolerance without the check"),
        pytest.param(["good", "nowhere"], 2, id="no such run"),
    ],
)
def test_the_exit_code_is_1_only_for_a_regression(folders: Path, arguments: list[str], code: int) -> None:
    paths = [str(folders / a) if a in ("good", "bad", "nowhere") else a for a in arguments]
    done = call("compare", *paths)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output


def test_json_from_the_command_says_why_the_check_failed(folders: Path) -> None:
    paths = [str(folders / name) for name in ("good", "bad")]
    done = call("compare", *paths, "--fail-on-regression", "--format", "json")
    gate = json.loads(done.stdout)["gate"]
    assert (gate["failed"], gate["rule"]) == (True, "significant")
    assert "significantly worse" in gate["reasons"][0]


# ------------------------------------------------------------------------------------------ Markdown


def test_markdown_fits_a_comment_folds_the_items_and_escapes_what_models_say() -> None:
    hostile = "</details><script>alert(1)</script> | `x` @everyone " + "long " * 20_000
    found = compared({}, dict.fromkeys(RIGHT, hostile))
    text = render_comparison_markdown(found, items=1000)
    assert len(text) <= COMMENT_CHARACTERS
    assert "<script>" not in text
    assert text.count("<details>") == text.count("</details>") > 0
    cut = [line for line in text.splitlines() if "…" in line]
    assert cut
    assert all(line.count("“") == line.count("”") for line in cut), (
        "a quotation that is cut ends all the same"
    )


def test_items_in_markdown_are_limited_and_the_rest_is_counted() -> None:
    found = compared({}, counted(), corpus=wells())
    assert "town-7@a" in render_comparison_markdown(found, items=10)
    few = render_comparison_markdown(found, items=2)
    assert "town-1@a" in few
    assert "town-7@a" not in few
    assert ItemId.parse("town-1@a").fact in few


def test_a_name_in_an_answer_calls_nobody_to_the_page() -> None:
    found = compared({}, dict.fromkeys(RIGHT, "@octocat &lt;"))
    text = render_comparison_markdown(found)
    assert "@<!-- -->octocat \\&lt;" in text
    assert "dead@a" in text  # an item's name calls nobody


@pytest.fixture(scope="module")
def crowd() -> Run:
    """As many models as are compared with each other, none better than another, of long names."""
    names = [f"{'long-name-' * 15}{number:02}" for number in range(MOST_MODELS)]
    return asked(*(Scripted(name, counted(right=n % 3)) for n, name in enumerate(names)), corpus=wells())


def test_all_pairs_of_many_models_fit_a_comment_and_say_what_is_left_out(crowd: Run) -> None:
    found = compare_all([crowd], metric="em", resamples=99)
    assert len(found.differences) == 50 * 49 // 2
    text = render_comparison_markdown(found)
    assert len(text) <= COMMENT_CHARACTERS
    # Five of those that cannot be told from the first are named, and all others are counted.
    assert "and 44 more |" in text
    assert "80 % power" in text


def test_many_models_against_one_fit_a_comment_and_say_what_is_left_out(crowd: Run) -> None:
    first = crowd.leaderboard.rows[0].model.spec
    found = compare(crowd, against=first, metrics=["em", "f1", "match", "has_answer_f1"], resamples=99)
    gate = regression_gate(found, 0.01)
    text = render_comparison_markdown(found, gate=gate)
    assert len(text) <= COMMENT_CHARACTERS
    assert re.search(r"and \d+ more: `--format json` has all", text)
    assert "No difference in" in text
    assert sum(line.startswith("test:") for line in text.splitlines()) <= 20


def test_more_models_than_can_be_compared_with_each_other_are_refused(crowd: Run) -> None:
    with pytest.raises(QaEvalError, match="these runs have 100 models, but 2 to 50 can be compared"):
        compare_all([crowd, crowd])


# ------------------------------------------------------------------------------------------ clusters


def test_on_a_public_data_set_contexts_are_what_is_flipped(tmp_path: Path) -> None:
    file = write(tmp_path / "sky.json", TWO_ARTICLES)
    run = evaluate(["baseline:abstain", FakeModel()], dataset=open_dataset(f"squad:{file}"))
    found = compare(run, model="test:fake", against="baseline:abstain", resamples=99)
    (pair,) = found.pairs
    assert (pair.primary[0].name, pair.cluster, pair.clusters, pair.facts) == ("reading.f1", "context", 2, 4)
    text = "\n".join(line.plain for line in draw_comparison(found, 200))
    assert "4 reading items of 2 contexts, paired by content" in text
    assert "other contexts like these" in text
    assert pair.articles == ()


def test_all_pairs_on_a_slice_count_the_items_of_the_slice() -> None:
    run = asked(Scripted("base", {}), Scripted("new", RIGHT))
    found = compare_all([run], metric="em", slice="contested", resamples=99)
    assert (found.items, found.facts, found.clusters) == (2, 1, 1)
    assert [(s.side.model, s.value) for s in found.standings] == [("test:new", 1.0), ("test:base", 0.0)]
    assert next(all_pairs_notes(found)) == "2 items of 1 fact that all 2 models answered; 1 pair"


def test_where_interval_and_p_disagree_it_is_said_which_of_them_counts() -> None:
    note = "where interval and p disagree the verdict follows p"
    # Three of 30 facts: three flips have p = 2/8, and the interval of the same flips holds 0.
    few = compared(counted(30, right=20), counted(30, right=23), corpus=wells(30), metrics=["em"])
    (em,) = few.pairs[0].primary
    assert (em.p, em.verdict) == (0.25, "undecided")
    assert em.low is not None
    assert em.low <= 0
    many = compared(counted(right=0), counted(right=8), corpus=wells(), metrics=["em"])
    # Six flips have p = 2/64 alone, and twice that among two models. Intervals are not corrected.
    run = asked(
        Scripted("base", counted(right=0)),
        Scripted("six", counted(right=6)),
        Scripted("too", counted(right=6)),
        corpus=wells(),
    )
    corrected = compare(run, against="test:base", metrics=["em"], resamples=999)
    for found, disagree in ((few, False), (many, False), (corrected, True)):
        text = "\n".join(line.plain for line in draw_comparison(found, 400))
        assert (note in text) is disagree


@pytest.mark.parametrize("slice_", [None, "contested"])
def test_a_comparison_of_what_a_short_table_shows_shows_the_same_table(slice_: str | None) -> None:
    run = asked(Scripted("base", counted(right=1)), Scripted("new", counted(right=8)), corpus=wells())
    options: dict[str, Any] = {"model": "test:new", "against": "test:base", "resamples": 199}
    if slice_ is not None:
        options["slice"] = slice_ if slice_ in run["test:new"].row.slices else "settled"
    whole, short = compare(run, **options), compare(run, **options, everything=False)
    (all_of_it,), (part,) = whole.pairs, short.pairs
    assert part.primary == all_of_it.primary
    assert part.changes == all_of_it.changes
    assert 0 < len(part.exploratory) < len(all_of_it.exploratory)
    assert {d.correction for d in part.exploratory} == {"none"}
    tables = [[line.plain for line in draw_comparison(found, 200)] for found in (whole, short)]
    assert tables[0] == tables[1]
