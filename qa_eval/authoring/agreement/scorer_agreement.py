"""How far the scorers of answers agree with people, with intervals clustered by question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa_eval.authoring.agreement.labelled_answers import LabelledAnswer
from qa_eval.matching.answer_reading import AnswerReading, read_answer
from qa_eval.matching.mentions import contents
from qa_eval.matching.normal_form import normalize
from qa_eval.matching.typed import match_any
from qa_eval.metrics.rules.squad import SQUAD_V2
from qa_eval.records import Estimate, Question
from qa_eval.stats.intervals import Term, ratio_estimate, rowwise_estimate
from qa_eval.stats.small_samples import FEWEST_CLUSTERS

READING = "read_answer"
"""The name of the scorer that reads answers in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAgreement:
    """One scorer against people, on one task."""

    task: str
    scorer: str
    positive: str
    """The label of which precision and recall are; empty for none."""
    n: int
    clusters: int
    accuracy: Estimate
    precision: Estimate | None
    """None where the scorer never says the positive label."""
    recall: Estimate | None
    kappa: Estimate | None
    """Cohen's kappa; None where all labels are alike."""
    confusion: dict[str, dict[str, int]]
    """Label of people -> label of the scorer -> answers."""

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        if self.precision is None or self.recall is None:
            return None
        total = self.precision.value + self.recall.value
        return 2 * self.precision.value * self.recall.value / total if total else 0.0


@dataclass(frozen=True, slots=True)
class _Judged:
    cluster: str
    human: str
    said: str


Scorer = Callable[[LabelledAnswer], frozenset[str]]
"""The claims that a scorer finds in an answer."""


def agreements(
    answers: Sequence[LabelledAnswer], *, resamples: int = 9999, seed: int = 0, reader_only: bool = False
) -> list[TaskAgreement]:
    """Every scorer on every task for which the answers have labels; with `reader_only`, the reader alone.

    Tasks of labels by passage: `one passage` (Correct, or not) and `both passages` (three labels). Tasks of
    labels
    by claim: `asserted claims` (the set is right), `verdict`, `refusals` and `acknowledgement`.
    """
    readings = [read_answer(answer.answer, answer.question) for answer in answers]
    found: list[TaskAgreement] = []
    for task, positive, judge in _TASKS:
        for name in (READING, *(() if reader_only else _SCORERS)):
            judged = [
                _Judged(answer.question.id, *labels)
                for answer, reading in zip(answers, readings, strict=True)
                if (labels := judge(answer, reading, name)) is not None
            ]
            if judged:
                found.append(
                    _agreement(
                        judged, task=task, scorer=name, positive=positive, resamples=resamples, seed=seed
                    )
                )
    return found


FOLDS = 5
"""Parts of the questions of which each is left out in turn."""


def groups(answers: Sequence[LabelledAnswer], by: Literal["part", "fold"]) -> dict[str, list[LabelledAnswer]]:
    """The answers by the part of their file, or by the fold of their question.

    The questions, in the order of their ids, are dealt out to `FOLDS` folds. All answers to one question are
    therefore in one fold.
    """
    ids = sorted({answer.question.id for answer in answers})
    fold = {id: f"fold {n % FOLDS + 1}" for n, id in enumerate(ids)}
    found: dict[str, list[LabelledAnswer]] = {}
    for answer in answers:
        name = fold[answer.question.id] if by == "fold" else answer.part or "no part"
        found.setdefault(name, []).append(answer)
    return dict(sorted(found.items())) if by == "fold" else found


# ------------------------------------------------------------------------------------------ scorers


def _containment(answer: LabelledAnswer) -> frozenset[str]:
    text = f" {normalize(answer.answer)} "
    return _claims(answer.question, lambda wording: f" {normalize(wording)} " in text)


def _content_words(answer: LabelledAnswer) -> frozenset[str]:
    _, words = contents(answer.answer)
    return _claims(answer.question, lambda wording: bool(found := contents(wording)[0]) and found <= words)


def _token_f1(answer: LabelledAnswer) -> frozenset[str]:
    return _claims(answer.question, lambda wording: SQUAD_V2.score(answer.answer, [wording])[1] >= 0.5)


def _exact(answer: LabelledAnswer) -> frozenset[str]:
    return _claims(answer.question, lambda wording: SQUAD_V2.score(answer.answer, [wording])[0] == 1)


def _typed(answer: LabelledAnswer) -> frozenset[str]:
    question = answer.question
    return frozenset(
        claim.id
        for claim in question.claims
        if match_any(answer.answer, claim.wordings, question.answer_type, strict=False).ok
    )


def _claims(question: Question, says: Callable[[str], bool]) -> frozenset[str]:
    return frozenset(claim.id for claim in question.claims if any(map(says, claim.wordings)))


_SCORERS: dict[str, Scorer] = {
    "containment": _containment,
    "all content words": _content_words,
    "token F1 ≥ 50": _token_f1,
    "exact": _exact,
    "typed": _typed,
}


def _found(answer: LabelledAnswer, reading: AnswerReading, scorer: str) -> frozenset[str]:
    return frozenset(reading.claims) if scorer == READING else _SCORERS[scorer](answer)


# ------------------------------------------------------------------------------------------ tasks


def _one_passage(answer: LabelledAnswer, reading: AnswerReading, scorer: str) -> tuple[str, str] | None:
    if answer.passage is None or answer.label is None:
        return None
    claims = _found(answer, reading, scorer)
    right = claims == {answer.passage} if scorer == READING else answer.passage in claims
    return ("Correct" if answer.label == "Correct" else "not"), ("Correct" if right else "not")


def _both_passages(answer: LabelledAnswer, reading: AnswerReading, scorer: str) -> tuple[str, str] | None:
    if answer.passage is not None or answer.label is None:
        return None
    claims = _found(answer, reading, scorer)
    number = min(2, len(claims))
    if scorer == READING and number == 2 and reading.other_values:
        number = 1  # the answer also has a value of neither side
    said = ("Incorrect", "Partially correct", "Correct")[number]
    return answer.label, said


def _asserted(answer: LabelledAnswer, reading: AnswerReading, scorer: str) -> tuple[str, str] | None:
    if answer.asserted is None:
        return None
    same = _found(answer, reading, scorer) == answer.asserted
    return "right", ("right" if same else "wrong")


def _verdict(answer: LabelledAnswer, reading: AnswerReading, scorer: str) -> tuple[str, str] | None:
    if answer.verdict is None:
        return None
    if scorer == READING:
        return answer.verdict, reading.verdict
    claims = _found(answer, reading, scorer)
    every = len(claims) == len(answer.question.claims)
    return answer.verdict, ("complete" if every else "partial" if claims else "wrong")


def _refusals(answer: LabelledAnswer, reading: AnswerReading, scorer: str) -> tuple[str, str] | None:
    if answer.abstains is None or scorer != READING:
        return None
    return _yes(answer.abstains), _yes(reading.abstains is not None)


def _acknowledged(answer: LabelledAnswer, reading: AnswerReading, scorer: str) -> tuple[str, str] | None:
    if answer.acknowledges is None or scorer != READING:
        return None
    return _yes(answer.acknowledges), _yes(reading.acknowledges is not None)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


_TASKS = (
    ("one passage", "Correct", _one_passage),
    ("both passages", "Correct", _both_passages),
    ("asserted claims", "", _asserted),
    ("verdict", "", _verdict),
    ("refusals", "yes", _refusals),
    ("acknowledgement", "yes", _acknowledged),
)


# ------------------------------------------------------------------------------------------ agreement


def _agreement(
    judged: Sequence[_Judged], *, task: str, scorer: str, positive: str, resamples: int, seed: int
) -> TaskAgreement:
    clusters = list(dict.fromkeys(j.cluster for j in judged))

    def share(counts: Callable[[_Judged], bool], among: Callable[[_Judged], bool]) -> Estimate | None:
        above, below = (dict.fromkeys(clusters, 0.0) for _ in range(2))
        for j in judged:
            if among(j):
                below[j.cluster] += 1
                above[j.cluster] += counts(j)
        total = sum(below.values())
        if not total:
            return None
        term = Term(
            weight=1.0,
            numerator=np.array([above[c] for c in clusters]),
            denominator=np.array([below[c] for c in clusters]),
        )
        return ratio_estimate([term], n=int(total), resamples=resamples, seed=seed)

    same = share(lambda j: j.human == j.said, lambda j: True)
    assert same is not None
    confusion: dict[str, Counter[str]] = {}
    for j in judged:
        confusion.setdefault(j.human, Counter())[j.said] += 1
    return TaskAgreement(
        task=task,
        scorer=scorer,
        positive=positive,
        n=len(judged),
        clusters=len(clusters),
        accuracy=same,
        precision=share(lambda j: j.human == positive, lambda j: j.said == positive) if positive else None,
        recall=share(lambda j: j.said == positive, lambda j: j.human == positive) if positive else None,
        kappa=_kappa(judged, resamples, seed) if task != "asserted claims" else None,
        confusion={human: dict(said) for human, said in confusion.items()},
    )


def _kappa(judged: Sequence[_Judged], resamples: int, seed: int) -> Estimate | None:
    labels = {label: n for n, label in enumerate(dict.fromkeys(x for j in judged for x in (j.human, j.said)))}
    human = np.array([labels[j.human] for j in judged])
    said = np.array([labels[j.said] for j in judged])
    value = cohens_kappa(human, said, np.ones((1, len(judged))))
    if not value.size:
        return None
    names = list(dict.fromkeys(j.cluster for j in judged))
    clusters = np.array([names.index(j.cluster) for j in judged])
    if len(names) < FEWEST_CLUSTERS:
        return Estimate(value=float(value[0]), method="too-few", n=len(judged), clusters=len(names))
    return rowwise_estimate(
        lambda weights: cohens_kappa(human, said, weights),
        float(value[0]),
        clusters,
        len(judged),
        resamples=min(resamples, 1999),
        seed=seed,
        lower=-1.0,
    )


def cohens_kappa(
    one: NDArray[np.int_], other: NDArray[np.int_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Cohen's kappa of two labellings (numbers from 0) under each row of weights of the items.

    Rows where it is not defined, since all labels are alike, are left out.

    >>> cohens_kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), np.ones((1, 4)))
    array([0.5])
    """
    total = weights.sum(axis=1)
    observed = weights @ (one == other).astype(float)
    expected = np.zeros(len(weights))
    for label in range(int(max(one.max(), other.max())) + 1):
        expected += (weights @ (one == label)) * (weights @ (other == label))
    with np.errstate(divide="ignore", invalid="ignore"):
        observed, expected = observed / total, expected / total**2
        kappa = (observed - expected) / (1 - expected)
    found: NDArray[np.float64] = kappa[np.isfinite(kappa)]
    return found


def mistakes(answers: Sequence[LabelledAnswer]) -> Iterator[tuple[LabelledAnswer, AnswerReading, str, str]]:
    """The answers on which the reader and people differ: with what it read, the task, and what was said."""
    for answer in answers:
        reading = read_answer(answer.answer, answer.question)
        for task, _, judge in _TASKS:
            labels = judge(answer, reading, READING)
            if labels is not None and labels[0] != labels[1]:
                yield answer, reading, task, f"{labels[0]}, read as {labels[1]}"
