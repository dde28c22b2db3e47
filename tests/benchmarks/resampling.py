"""How fast intervals and paired tests are: 10,000 items, 2,000 clusters, 10,000 resamples, all ratio metrics.

    python -m tests.benchmarks.resampling [FACTS]

Each is measured together, as a summary or a comparison asks for it; one metric at a time; and as a plain loop
over resamples, of which a hundredth is run and multiplied. Scores are made up. Kept draws are dropped before
every round, and ratios are of medians in one run.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.score_table import ScoreTable, tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import Match
from qa_eval.stats import draws
from qa_eval.stats.intervals import Term, ratio_estimate, ratio_estimates
from qa_eval.stats.significance import paired_difference, paired_tests

FACTS, ARTICLES, RESAMPLES = 2_000, 5, 10_000
ROUNDS = 3

Metrics = dict[str, list[Term]]


def made_up(seed: int, skill: float, facts: int) -> list[ItemScore]:
    """Facts of five articles each, two of them silent; a quarter is contested."""
    rng = np.random.default_rng(seed)
    scores = []
    for number in range(facts):
        hard = rng.normal(0, 0.2)
        for article in range(ARTICLES):
            answerable, contested = article < 3, number % 4 == 0
            right = bool(rng.random() < skill + hard)
            f1 = 1.0 if right else float(rng.choice([0.0, 0.0, 0.4, 2 / 3]))
            own = {"em": float(right), "f1": f1, "em_any": float(right), "f1_any": f1, "match": float(right)}
            if answerable:
                own |= {"has_answer_em": float(right), "has_answer_f1": f1, "lenient": float(right)}
                own |= {"leak": float(not right), "leak_leakable": float(not right)} if contested else {}
            else:
                own |= {"no_answer_recall": float(right), "no_answer_leak": 0.0}
            scores.append(
                ItemScore(
                    item=f"f{number:05}@a{article}",
                    fact=f"f{number:05}",
                    article=f"a{article}",
                    track="reading",
                    category="made-up",
                    contested=contested,
                    relation="update" if contested else None,
                    golds=("x",) if answerable else (),
                    prediction="x" if answerable == right else "",
                    match=Match(ok=right, level=5 if right else 0, rule="raw"),
                    scores=own,
                    confidence=float(rng.random()),
                )
            )
    return scores


def ratio_metrics(table: ScoreTable) -> Metrics:
    """The terms of every metric that is a ratio of sums."""
    return {id: found[0] for id in METRICS if (found := table.terms(id)) is not None}


def plain_intervals(metrics: Metrics, facts: int) -> None:
    """Resamples one by one; 1 of 100."""
    rng = np.random.default_rng(0)
    for terms in metrics.values():
        values = []
        for _ in range(RESAMPLES // 100):
            drawn = rng.integers(0, facts, facts)
            values.append(
                sum(t.weight * t.numerator[drawn].sum() / t.denominator[drawn].sum() for t in terms)
            )
        np.quantile(values, [0.025, 0.975])


def plain_tests(base: Metrics, new: Metrics, facts: int) -> None:
    """Sign flips one by one; 1 of 100."""
    rng = np.random.default_rng(0)
    for id in base:
        pairs = list(zip(new[id], base[id], strict=True))
        both = [
            t.weight * (t.numerator / t.denominator.sum() - b.numerator / b.denominator.sum())
            for t, b in pairs
        ]
        difference = np.sum(both, axis=0)
        flips = [abs((rng.choice([-1.0, 1.0], facts) * difference).sum()) for _ in range(RESAMPLES // 100)]
        np.mean(np.array(flips) >= abs(difference.sum()))


def seconds(call: Callable[[], object]) -> float:
    """The median of some rounds, each without kept draws."""
    times = []
    for _ in range(ROUNDS):
        draws._small_counts.cache_clear()
        draws._large_counts.cache_clear()
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times)


def report(what: str, together: float, alone: float, plain: float) -> None:
    """One line: seconds together, and how many times longer the other ways take."""
    ratios = f"one at a time x {alone / together:>5.1f}   plain loop x {plain / together:>6.1f}"
    print(f"{what:<34}{together:>7.2f} s   {ratios}")


def main() -> None:
    """Prints the measurements."""
    facts = int(sys.argv[1]) if sys.argv[1:] else FACTS
    base, new = (tables_of(made_up(seed, skill, facts))["reading"] for seed, skill in ((0, 0.6), (1, 0.62)))
    ours, theirs = ratio_metrics(new), ratio_metrics(base)
    arranged = seconds(lambda: tables_of(made_up(0, 0.6, facts))) - seconds(lambda: made_up(0, 0.6, facts))
    print(
        f"{facts * ARTICLES:,} items, {facts:,} clusters, {len(ours)} ratio metrics, {RESAMPLES:,} resamples"
    )
    print(f"{'items arranged by cluster':<34}{arranged:>7.2f} s")
    report(
        "intervals of one model",
        seconds(lambda: ratio_estimates([(terms, 1) for terms in ours.values()], resamples=RESAMPLES)),
        seconds(lambda: [_alone(terms) for terms in ours.values()]),
        100 * seconds(lambda: plain_intervals(ours, facts)),
    )
    pairs = [(ours[id], theirs[id]) for id in ours]
    report(
        "differences of two: interval and p",
        seconds(lambda: paired_tests(pairs, resamples=RESAMPLES)),
        seconds(lambda: [_alone(*pair) for pair in pairs]),
        100
        * (seconds(lambda: plain_intervals(ours, facts)) + seconds(lambda: plain_tests(theirs, ours, facts))),
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


def _alone(terms: list[Term], other: list[Term] | None = None) -> object:
    draws._small_counts.cache_clear()
    draws._large_counts.cache_clear()
    if other is None:
        return ratio_estimate(terms, n=1, resamples=RESAMPLES)
    return paired_difference(terms, other, resamples=RESAMPLES)


if __name__ == "__main__":
    main()
