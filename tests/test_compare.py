"""`qa-eval compare` on small runs in which every wrong answer is told, so that all numbers follow by hand.

Town N counted 100 + N dead, say articles a and b; c is silent. So each fact is three items, and a model
that is wrong on one item of each of k facts of n has EM (3n - k) / 3n. A wrong answer outscores the right
ones, so the pooled answer of a fact is wrong as soon as one of its readings names a wrong number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from qa_eval import compare_runs, evaluate
from qa_eval.cli import cli
from qa_eval.compare import (
    Comparison,
    MetricDifference,
    Pair,
    compare_all,
    regression_gate,
    render_comparison_json,
    render_comparison_markdown,
)
from qa_eval.errors import QaEvalError
from qa_eval.provenance import articles_sha256, questions_sha256, sha256_text
from qa_eval.records import (
    Article,
    Candidate,
    Claim,
    Corpus,
    Decoding,
    Evidence,
    Instance,
    ModelInfo,
    Prediction,
    Question,
)
from qa_eval.stats import benjamini_hochberg, holm
from qa_eval.store import Run


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_EVAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("qa_eval.run.RESAMPLES", 99)


def towns(count: int, *, question: str = "How many dead did town {} count?") -> Corpus:
    """So many facts over two articles that tell and one that does not."""
    told = " ".join(f"Town {n} counted {100 + n} dead." for n in range(1, count + 1))
    texts = {"a": told, "b": f"It was a long war. {told}", "c": "Farmers hope for rain this year."}
    questions = tuple(
        Question(
            id=f"t{n}",
            question=question.format(n),
            category="dead",
            answer_type="number",
            claims=(
                Claim(
                    id="it",
                    evidence=tuple(
                        Evidence(article=x, text=str(100 + n), start=texts[x].index(str(100 + n)))
                        for x in "ab"
                    ),
                ),
            ),
            silent=("c",),
        )
        for n in range(1, count + 1)
    )
    articles = tuple(Article(id=x, text=text, sha256=sha256_text(text)) for x, text in texts.items())
    return Corpus(
        questions=questions,
        articles=articles,
        questions_sha256=questions_sha256(questions),
        articles_sha256=articles_sha256(articles),
    )


@dataclass
class Told:
    """Right on everything but the items it is told to be wrong on, where it says `says`."""

    name: str
    wrong: frozenset[str]
    says: str = "war"
    decoding: Decoding | None = None

    @property
    def info(self) -> ModelInfo:
        fingerprint = sha256_text(f"{self.name} {sorted(self.wrong)} {self.says}")
        return ModelInfo(spec=f"test:{self.name}", kind="test", name=self.name, fingerprint=fingerprint)

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        for instance in instances:
            text, score = str(100 + int(instance.item.partition("@")[0][1:])), 5.0
            if instance.item in self.wrong:
                text, score = self.says, 9.0
            elif instance.article == "c":
                text = ""
            found = (Candidate(text=text, article=instance.article, score=score),) if text else ()
            yield Prediction(item=instance.item, n_best=found, null_score=0.0 if text else 50.0)


def told(name: str, *wrong: str, **more: Any) -> Told:
    return Told(name, frozenset(wrong), **more)


def first(count: int, article: str = "a") -> tuple[str, ...]:
    """The items of the first facts on one article."""
    return tuple(f"t{n}@{article}" for n in range(1, count + 1))


def run(*models: Told, facts: int = 8, **options: Any) -> Run:
    chosen: dict[str, Any] = {"corpus": towns(facts), "out": None, "references": False} | options
    return evaluate(models, **chosen)


def compared(base: Sequence[str], new: Sequence[str], *, facts: int = 8, **options: Any) -> Pair:
    """Two models by EM, if no other metric is told."""
    board = run(told("base", *base), told("new", *new), facts=facts)
    chosen: dict[str, Any] = {"metrics": ["em"], "resamples": 199} | options
    return compare_runs(board, model="test:new", against="test:base", **chosen).pairs[0]


def named(pair: Pair, name: str) -> MetricDifference:
    found = [d for d in (*pair.primary, *pair.exploratory) if d.name == name and not d.slice]
    assert len(found) == 1
    return found[0]


# ------------------------------------------------------------------------------------------ the numbers


def enumerated(differences: Sequence[float]) -> float:
    """Two-sided p by writing down every pattern of signs."""
    seen = abs(sum(differences))
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    return sum(s >= seen - 1e-12 for s in sums) / len(sums)


@pytest.mark.parametrize(
    ("base", "new", "values", "counts", "p", "verdict"),
    [
        pytest.param(first(7), (), (17 / 24, 1.0), (7, 17, 0), 2 / 128, "better", id="seven facts won"),
        pytest.param((), first(7), (1.0, 17 / 24), (0, 17, 7), 2 / 128, "worse", id="seven facts lost"),
        pytest.param(first(5), (), (19 / 24, 1.0), (5, 19, 0), 2 / 32, "undecided", id="five facts won"),
        pytest.param(
            first(6), ("t7@a",), (18 / 24, 23 / 24), (6, 17, 1), 16 / 128, "undecided", id="six to one"
        ),
        pytest.param(
            (*first(3), *first(3, "b")), (), (18 / 24, 1.0), (6, 18, 0), 2 / 8, "undecided",
            id="six items of three facts are three clusters",
        ),
    ],
)  # fmt: skip
def test_values_counts_and_p_of_worked_examples(
    base: Sequence[str],
    new: Sequence[str],
    values: tuple[float, float],
    counts: tuple[int, int, int],
    p: float,
    verdict: str,
) -> None:
    pair = compared(base, new)
    (d,) = pair.primary
    assert (d.base, d.new) == pytest.approx(values)
    assert d.difference == pytest.approx(values[1] - values[0])
    assert (d.wins, d.ties, d.losses) == counts
    assert (d.n, d.clusters, d.test, d.correction) == (24, 8, "sign-flip", "none")
    assert d.p == pytest.approx(p)
    by_fact = [sum(f"t{n}@{x}" in base for x in "abc") - sum(f"t{n}@{x}" in new for x in "abc")
               for n in range(1, 9)]  # fmt: skip
    assert d.p == pytest.approx(enumerated(by_fact))
    assert pair.verdict == d.verdict == verdict
    assert d.low <= d.difference <= d.high
    assert d.low < d.high


@pytest.mark.parametrize(("won", "lost"), [(7, 0), (6, 1), (5, 3), (0, 4), (1, 1)])
def test_right_or_wrong_on_the_pooled_track_is_mcnemars_exact_test(won: int, lost: int) -> None:
    pair = compared(
        first(won), [f"t{n}@a" for n in range(won + 1, won + lost + 1)], metrics=["pooled.em_any"]
    )
    (d,) = pair.primary
    assert d.test == "mcnemar"
    assert (d.wins, d.ties, d.losses) == (won, 8 - won - lost, lost)
    assert d.p == pytest.approx(binomtest(lost, won + lost).pvalue)


def test_the_exploratory_p_are_corrected_together_by_benjamini_and_hochberg() -> None:
    pair = compared(first(7), ())
    tested = [d for d in pair.exploratory if d.p is not None]
    assert len(tested) > 10
    expected = benjamini_hochberg([d.p for d in tested if d.p is not None])
    assert [d.p_adjusted for d in tested] == pytest.approx(expected.tolist())
    assert {d.correction for d in tested} == {"benjamini-hochberg"}


def test_several_models_are_corrected_by_holm_without_those_whose_answers_are_the_same() -> None:
    # p are 2/128, 2/64 and none: Holm makes 2 * 2/128 and, once more, 2/64.
    board = run(told("base"), told("seven", *first(7)), told("six", *first(6)), told("equal"))
    found = compare_runs(board, against="test:base", metrics=["em"], resamples=199)
    by_name = {pair.new.model: pair for pair in found.pairs}
    primary = {name: pair.primary[0] for name, pair in by_name.items()}
    assert primary["test:seven"].p_adjusted == pytest.approx(4 / 128)
    assert primary["test:six"].p_adjusted == pytest.approx(4 / 128)
    assert holm([2 / 128, 2 / 64]).tolist() == pytest.approx([4 / 128, 4 / 128])
    assert by_name["test:equal"].verdict == "same"
    assert {d.correction for n, d in primary.items() if n != "test:equal"} == {"holm"}


def test_article_values_and_the_range_without_each_article() -> None:
    # Seven of eight are wrong on a: without a nothing differs, without b or c 7 of 16 do.
    pair = compared(first(7), ())
    assert [(x.article, x.base, x.new, x.n) for x in pair.articles] == [
        ("a", 1 / 8, 1.0, 8),
        ("b", 1.0, 1.0, 8),
        ("c", 1.0, 1.0, 8),
    ]
    assert pair.leave_one_article_out == pytest.approx((0.0, 7 / 16))


def test_the_range_without_articles_counts_no_articles_where_the_metric_is_defined_on_none() -> None:
    # Balanced F1 needs both kinds of items, and each article has one kind: only the range can be given.
    board = run(told("base", *first(7)), told("new"))
    found = compare_runs(board, model="test:new", against="test:base", resamples=99)
    assert found.pairs[0].articles == ()
    assert found.pairs[0].leave_one_article_out is not None
    text = render_comparison_markdown(found)
    assert "Without any one article" in text
    assert "0 articles" not in text


def test_what_was_fixed_broken_and_answered_otherwise_with_answers_and_golds() -> None:
    board = run(told("base", "t1@a", "t2@a"), told("new", "t2@a", "t3@c", says="rain"), track="reading")
    pair = compare_runs(board, model="test:new", against="test:base", resamples=99).pairs[0]
    assert [(c.kind, c.item, c.golds, c.base.prediction, c.new.prediction) for c in pair.changes] == [
        ("fixed", "t1@a", ("101",), "war", "101"),
        ("broken", "t3@c", (), "", "rain"),
        ("changed", "t2@a", ("102",), "war", "rain"),
    ]
    assert [(c.base.right, c.new.right) for c in pair.changes] == [
        (False, True),
        (True, False),
        (False, False),
    ]
    assert all(c.base.rule and c.new.rule for c in pair.changes)


# ------------------------------------------------------------------------------------------ extremes


@pytest.mark.parametrize("facts", [1, 2, 8])
@pytest.mark.parametrize(
    ("base", "new"),
    [
        pytest.param((), (), id="all right"),
        pytest.param(first(8), first(8), id="equally wrong"),
        pytest.param((*first(8), *first(8, "b"), *first(8, "c")), (), id="all wrong and all right"),
    ],
)
def test_no_extreme_gives_nan_or_an_interval_without_width(
    facts: int, base: Sequence[str], new: Sequence[str]
) -> None:
    board = run(told("base", *base), told("new", *new), facts=facts)
    found = compare_runs(board, model="test:new", against="test:base", resamples=99)
    pair = found.pairs[0]
    assert all(d.low < d.high and d.low <= d.difference <= d.high for d in (*pair.primary, *pair.exploratory))
    text = render_comparison_json(found)
    json.loads(text, parse_constant=pytest.fail)
    assert "smallest difference" in render_comparison_markdown(found)
    assert pair.verdict == "same" if base == new else pair.verdict in ("better", "undecided")
    if base == new:
        assert pair.changes == ()
        assert {d.p for d in pair.primary} == {1.0}


def test_equal_calls_give_equal_json() -> None:
    board = run(told("base", *first(5)), told("new", "t7@b"))

    def once(seed: int) -> str:
        return render_comparison_json(
            compare_runs(board, model="test:new", against="test:base", resamples=99, seed=seed)
        )

    assert once(1) == once(1)
    assert once(1) != once(2)


# ------------------------------------------------------------------------------------------ what is refused


def changed(board: Run, **fields: str) -> Run:
    return replace(board, leaderboard=board.leaderboard.model_copy(update=fields))


@pytest.mark.parametrize(
    ("field", "other"), [("rules", "mrqa"), ("scorer_version", "0")], ids=["rules", "scorer"]
)
def test_other_rules_or_scorer_are_refused_naming_field_and_both_values(field: str, other: str) -> None:
    board = changed(run(told("m")), name="one")
    mine = getattr(board.leaderboard, field)
    with pytest.raises(
        QaEvalError, match=re.escape(f"{field}: {mine} in one · test:m, {other} in other · test:m")
    ):
        compare_runs(board, changed(board, **{field: other, "name": "other"}))


@pytest.mark.parametrize(
    ("field", "options", "values"),
    [
        pytest.param("track", {"track": "reading"}, ("both", "reading"), id="track"),
        pytest.param("decoding", {"decoding": Decoding(n_best=3)}, ("n_best=20", "n_best=3"), id="decoding"),
    ],
)
def test_other_settings_are_refused_unless_they_are_allowed(
    field: str, options: dict[str, Any], values: tuple[str, str]
) -> None:
    one = run(told("m", decoding=Decoding()))
    other = run(told("m", decoding=options.get("decoding", Decoding())), **options)
    with pytest.raises(QaEvalError) as caught:
        compare_runs(one, other)
    message = str(caught.value)
    assert f"--allow-different {field}" in message
    assert all(value in message for value in values)
    found = compare_runs(one, other, allow_different=[field], resamples=99).pairs[0]
    assert field in found.differing
    assert found.items["reading"] == 24


def test_edited_facts_are_told_and_left_out() -> None:
    one, other = towns(8), towns(8, question="How many died in town {}?")
    mixed = replace(one, questions=(*one.questions[:6], *other.questions[6:]))
    mixed = replace(mixed, questions_sha256=questions_sha256(mixed.questions))
    new = run(told("m"), corpus=mixed)
    pair = compare_runs(run(told("m"), corpus=one), new, resamples=99).pairs[0]
    assert (pair.items, pair.facts) == ({"pooled": 6, "reading": 18}, 6)
    assert len(pair.edited) == 8
    assert {e.parts for e in pair.edited} == {("question",)}
    with pytest.raises(QaEvalError, match="no item in common; 32 items have another question"):
        compare_runs(run(told("m"), corpus=one), run(told("m"), corpus=other))


# ------------------------------------------------------------------------------------------ all pairs


def test_all_pairs_are_corrected_together_and_equal_models_share_ranks() -> None:
    board = run(told("good"), told("twin"), told("bad", *first(8), *first(8, "b")))
    found = compare_all([board], metric="em", resamples=199)
    assert [(s.side.model, s.value) for s in found.standings] == [
        ("test:good", 1.0),
        ("test:twin", 1.0),
        ("test:bad", pytest.approx(1 / 3)),
    ]
    assert [s.rank for s in found.standings] == [1, 1, 3]
    assert [s.rank_interval for s in found.standings] == [(1, 2), (1, 2), (3, 3)]
    # Eight facts that all pull one way: 2 of 256 patterns are as extreme.
    assert [d.p_adjusted for d in found.differences] == pytest.approx([1.0, 2 / 256, 2 / 256])
    assert json.loads(render_comparison_json(found))["metric"] == "reading.em"


# ------------------------------------------------------------------------------------------ the check


@pytest.mark.parametrize(
    ("lost", "tolerance", "failed"),
    [
        pytest.param(7, None, True, id="significant"),
        pytest.param(5, None, False, id="not significant"),
        pytest.param(1, 0.04, True, id="one of 24 is more than 4 points"),
        pytest.param(1, 0.05, False, id="and less than 5"),
        pytest.param(7, 0.5, False, id="significant and within the tolerance"),
        pytest.param(0, 0.0, False, id="no drop"),
    ],
)
def test_the_check_fails_with_exit_code_one_and_a_reason(
    tmp_path: Path, lost: int, tolerance: float | None, failed: bool
) -> None:
    for name, wrong in (("base", ()), ("new", first(lost))):
        run(told("m", *wrong), out=tmp_path, name=name)
    command = ["compare", str(tmp_path / "base"), str(tmp_path / "new"), "--metric", "em", "--format", "json"]
    command += ["--fail-on-regression"] + ([] if tolerance is None else ["--tolerance", str(tolerance)])
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == int(failed), result.output
    gate = json.loads(result.stdout)["gate"]
    assert gate["failed"] is failed
    assert gate["rule"] == ("significant" if tolerance is None else "tolerance")
    assert len(gate["reasons"]) == 1
    assert gate["reasons"][0].startswith("test:m: ")


def test_a_gain_never_fails_the_check() -> None:
    board = run(told("base", *first(7)), told("new"))
    found: Comparison = compare_runs(
        board, model="test:new", against="test:base", metrics=["em"], resamples=99
    )
    assert not regression_gate(found).failed
    assert not regression_gate(found, 0.0).failed


# ------------------------------------------------------------------------------------------ markdown


def test_markdown_is_short_enough_for_a_comment_and_hostile_answers_stay_text() -> None:
    hostile = "<img src=x onerror=alert(1)> | </details> @everyone `x` [a](javascript:b)\x1b[31m" + "y" * 5000
    facts = 40
    wrong = [*first(facts), *first(facts, "b"), *first(facts, "c")]
    board = run(told("base"), told("new", *wrong, says=hostile), facts=facts)
    found = compare_runs(board, model="test:new", against="test:base", resamples=99)
    text = render_comparison_markdown(found, items=1000)
    assert len(text) <= 60_000
    plain = text.replace("\\<", "")
    assert "<img" not in plain
    assert plain.count("<details>") == plain.count("</details>") >= 2
    assert "\x1b" not in text
    assert " more: `--format json` has all" in text
