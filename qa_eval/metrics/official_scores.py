"""The numbers of the official scripts for a whole data set, with intervals.

The scores of the questions are kept in compact columns, so that a million questions take tens of megabytes.
Values equal those of the official scripts, except in three cases in which the scripts are wrong:

* A question without a prediction scores 0 and stays in the denominator. SQuAD 2.0's script drops it from the
  overall numbers and then stops with a KeyError.
* The search for the best no-answer threshold tries only what a threshold can do: answers with equal
  probabilities are given or refused together. The official search stops inside ties, so it can report a score
  that no threshold reaches.
* A prediction without a no-answer probability is answered under every threshold. The script stops there.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_eval.metrics.rules.squad import Rules
from qa_eval.records import Estimate
from qa_eval.stats.draws import FloatArray
from qa_eval.stats.intervals import Term, ratio_estimates

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """The scores of every question of a data set. Each column has one entry for each question."""

    exact: BoolArray
    f1: FloatArray
    answerable: BoolArray
    """Whether the question has a gold, even one that normalizes to an empty text."""
    empty: BoolArray
    """Whether the prediction is the empty text, before any normalizing."""
    no_answer: FloatArray
    """No-answer probability. Where there is none, it is -inf, which no threshold refuses."""
    cluster: NDArray[np.int32]
    """Number of the question's context, from 0 in the order of the contexts' names, as in a run's
    intervals."""
    predicted: BoolArray
    """Whether there is a prediction, empty or not."""
    missing: tuple[str, ...]
    """Ids of questions without a prediction."""
    extra: tuple[str, ...]
    """Ids of predictions without a question."""


def score_answers(
    questions: Iterable[tuple[str, Sequence[str], Hashable]],
    predictions: Mapping[str, str],
    rules: Rules,
    no_answer: Mapping[str, float] | None = None,
) -> Earned:
    """Scores every question, given as (id, golds, context), in one pass that keeps none of the texts.

    A context may be any hashable value whose `str` is unique. Raises ValueError if there are no questions, if
    an id with a prediction occurs twice, or if questions have no golds although the rules have no
    unanswerable questions. The message has the number of these questions and names one.
    """
    left = dict(predictions)
    probabilities = {} if no_answer is None else no_answer
    exact, answerable, empty, predicted = array("b"), array("b"), array("b"), array("b")
    f1, refusal, cluster = array("d"), array("d"), array("i")
    contexts: dict[Hashable, int] = {}
    missing: list[str] = []
    goldless: list[str] = []
    for id, golds, context in questions:
        text = left.pop(id, None)
        em = overlap = 0.0
        if not (golds or rules.unanswerable):
            goldless.append(id)
        elif text is not None:
            em, overlap = rules.score(text, golds)
        elif id in predictions:
            raise ValueError(f"the question {id!r} is there twice")
        else:
            missing.append(id)
        exact.append(em == 1.0)
        f1.append(overlap)
        answerable.append(bool(golds))
        empty.append(text == "")
        predicted.append(text is not None)
        refusal.append(probabilities.get(id, -np.inf))
        cluster.append(contexts.setdefault(context, len(contexts)))
    if not exact:
        raise ValueError("there are no questions")
    if goldless:
        raise ValueError(
            f"{len(goldless)} of {len(exact)} questions have no gold, such as {goldless[0]!r}; "
            f"{rules.name} has no unanswerable questions, squad-v2.0 has"
        )
    places = np.empty(len(contexts), dtype=np.int32)
    places[[contexts[name] for name in sorted(contexts, key=str)]] = np.arange(len(contexts))
    return Earned(
        exact=np.frombuffer(exact, dtype=np.bool_),
        f1=np.frombuffer(f1, dtype=np.float64),
        answerable=np.frombuffer(answerable, dtype=np.bool_),
        empty=np.frombuffer(empty, dtype=np.bool_),
        no_answer=np.frombuffer(refusal, dtype=np.float64),
        cluster=places[np.frombuffer(cluster, dtype=np.int32)],
        predicted=np.frombuffer(predicted, dtype=np.bool_),
        missing=tuple(missing),
        extra=tuple(left),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BestThreshold:
    """The no-answer threshold under which these very answers score best: an oracle, not a fair setting."""

    metric: str
    """Metric: `exact` or `f1`."""
    threshold: float
    """Least threshold that reaches the score. Answers with a greater no-answer probability are refused."""
    score: Estimate
    """Score under that threshold. The interval takes the threshold as given."""
    official_score: float
    """Score that the official search reports, in the order of the data set, as a fraction."""
    official_threshold: float


def official_scores(
    earned: Earned, rules: Rules, *, threshold: float = 1.0, resamples: int = 9999, seed: int = 0
) -> dict[str, Estimate]:
    """The official script's scores by its keys, as fractions, each with an interval clustered by context.

    `exact_match` and `f1`, or under rules with unanswerable questions `exact`, `f1` and, where there are
    such questions, the same with `HasAns_` and `NoAns_`. Answers with a no-answer probability above
    `threshold` are refused first.
    """
    if not rules.unanswerable:
        every = np.ones_like(earned.answerable)
        asked = {"exact_match": (earned.exact, every), "f1": (earned.f1, every)}
    else:
        exact, f1 = (_decided(earned, worth, threshold) for worth in (earned.exact, earned.f1))
        members = {
            "": np.ones_like(earned.answerable),
            "HasAns_": earned.answerable,
            "NoAns_": ~earned.answerable,
        }
        asked = {
            f"{prefix}{name}": (worth, member)
            for prefix, member in members.items()
            if member.any()
            for name, worth in (("exact", exact), ("f1", f1))
        }
    requests = [_mean(earned, worth, member) for worth, member in asked.values()]
    return dict(zip(asked, ratio_estimates(requests, resamples=resamples, seed=seed), strict=True))


def best_thresholds(earned: Earned, *, resamples: int = 9999, seed: int = 0) -> list[BestThreshold]:
    """The best threshold by exact match and by F1, for answers with no-answer probabilities.

    As in the official search, and unlike in `official_scores`, any text that is not empty is wrong where
    there is no answer, even one that normalizes to nothing, like "The". A threshold that refuses every answer
    is named 0.0, as that search does, where 0.0 is below all probabilities, else 1 less than the least.
    """
    every = np.ones_like(earned.answerable)
    columns = {"exact": earned.exact, "f1": earned.f1}
    worths = {
        name: np.where(earned.answerable, worth, earned.empty).astype(np.float64)
        for name, worth in columns.items()
    }
    cuts = {name: _best_cut(earned, worth) for name, worth in worths.items()}
    requests = [_mean(earned, _decided(earned, worths[name], cut), every) for name, (cut, _) in cuts.items()]
    estimates = ratio_estimates(requests, resamples=resamples, seed=seed)
    return [
        BestThreshold(
            metric=name,
            threshold=cut,
            score=estimate,
            official_score=official_score,
            official_threshold=official_cut,
        )
        for (name, (cut, (official_score, official_cut))), estimate in zip(
            cuts.items(), estimates, strict=True
        )
    ]


def official_report(
    scores: Mapping[str, Estimate], best: Iterable[BestThreshold], rules: Rules, *, missing: int
) -> dict[str, float | int]:
    """The report of the official script: its keys in its order, with scores in percent.

    `missing` is the number of questions without a prediction. CMRC's keys are followed by `exact_match` and
    `f1`, which all rules without unanswerable questions have.
    """
    found: dict[str, float | int] = {}
    if rules.keys == "cmrc":
        exact, f1 = 100 * scores["exact_match"].value, 100 * scores["f1"].value
        found |= {"AVERAGE": (exact + f1) * 0.5, "F1": f1, "EM": exact}
        found |= {"TOTAL": scores["f1"].n, "SKIP": missing}
    for key, estimate in scores.items():
        found[key] = 100 * estimate.value
        if rules.unanswerable and key.endswith("f1"):
            found[key.removesuffix("f1") + "total"] = estimate.n
    for threshold in best:
        found[f"best_{threshold.metric}"] = 100 * threshold.score.value
        found[f"best_{threshold.metric}_thresh"] = threshold.threshold
    return found


# ------------------------------------------------------------------------------------------ inside


def _decided(earned: Earned, worth: NDArray[Any], threshold: float) -> FloatArray:
    """The scores after answers above the threshold are refused."""
    refused = earned.predicted & (earned.no_answer > threshold)
    return np.where(refused, ~earned.answerable, worth).astype(np.float64)


def _mean(earned: Earned, worth: NDArray[Any], member: BoolArray) -> tuple[list[Term], int]:
    count = int(earned.cluster.max()) + 1
    numerator, denominator = (
        np.bincount(earned.cluster, weights=w, minlength=count).astype(np.float64)
        for w in (worth * member, member)
    )
    return [Term(weight=1.0, numerator=numerator, denominator=denominator)], int(member.sum())


def _best_cut(earned: Earned, worth: FloatArray) -> tuple[float, tuple[float, float]]:
    """The least threshold that reaches the greatest sum; score and threshold of the official search."""
    movable = earned.predicted & np.isfinite(earned.no_answer)
    order = np.flatnonzero(movable)[np.argsort(earned.no_answer[movable], kind="stable")]
    at = earned.no_answer[order]
    # The sum when all are refused and after each that is answered; one by one, as in the official search, so
    # that what is equal there is equal here to the last bit.
    start = float(np.count_nonzero(movable & ~earned.answerable)) + float(worth[~movable].sum())
    sums = np.cumsum(np.append(start, (worth - ~earned.answerable)[order]))
    # A threshold can stand before all answers, and after the last of those with equal probability.
    possible = np.ones_like(sums, dtype=np.bool_)
    possible[1:-1] = at[1:] != at[:-1]
    place, official = int(np.argmax(np.where(possible, sums, -np.inf))), int(np.argmax(sums))
    refusing_all = 0.0 if at.size == 0 or at[0] > 0 else float(at[0]) - 1.0
    return (
        float(at[place - 1]) if place else refusing_all,
        (float(sums[official]) / worth.size, float(at[official - 1]) if official else 0.0),
    )
