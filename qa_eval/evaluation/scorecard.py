"""`score`: answers that any system gave, scored by the official rules against golds or a public data set.

Every number is a fraction in [0, 1], apart from what the official script prints, under its keys: that is in
percent, as there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from qa_eval import __version__
from qa_eval.data.answers.answer_shapes import shown
from qa_eval.data.dataset import PublicDataset, open_dataset
from qa_eval.data.given_golds import dataset_of_golds
from qa_eval.errors import QaEvalError, UnknownNameError
from qa_eval.evaluation.given_answers import GivenAnswers, Predictions, Probabilities, given_answers
from qa_eval.metrics.listings import entry
from qa_eval.metrics.official_scores import (
    BestThreshold,
    Earned,
    best_thresholds,
    official_report,
    official_scores,
    score_answers,
)
from qa_eval.metrics.rules.squad import RULES, Rules
from qa_eval.records import Estimate, Example
from qa_eval.runs.data_frames import data_frame
from qa_eval.runs.options import checked_option, finite
from qa_eval.text.figures import interval_text, percent
from qa_eval.text.notebook_tables import notebook_table
from qa_eval.text.phrases import count, quote, shorten, suggestion, unlike

if TYPE_CHECKING:
    import pandas as pd

Golds = str | PathLike[str] | PublicDataset | Mapping[Any, Any] | Iterable[Any]
"""A data set, as a spec or opened; or golds by question id, as rows, or by position."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scorecard:
    """Official scores of somebody's predictions, with what was done to get them.

    `card.f1` is a value, `card["f1"]` the same with its interval; so for every key of the official script.

    >>> import qa_eval as qa
    >>> card = qa.score({"q1": "Paris", "q2": "Rome"}, {"q1": "in Paris", "q2": "Rome"})
    >>> card.em, card["f1"].value == card.f1, card.to_pandas()["metric"].tolist()
    (0.5, True, ['exact_match', 'f1'])
    """

    dataset: str
    """Its spec."""
    rules: str
    scores: Mapping[str, Estimate]
    """By the official script's keys, as fractions with intervals clustered by context."""
    best: tuple[BestThreshold, ...]
    """The best no-answer thresholds; none without no-answer probabilities."""
    counts: Mapping[str, int]
    """questions, contexts, answered (by a text), abstained (by an empty one), and the lengths of the lists
    below."""
    missing: tuple[str, ...]
    """Ids of questions without a prediction, in the order of the data set."""
    extra: tuple[str, ...]
    """Ids of predictions for no question, in the order of the file."""
    duplicates: tuple[str, ...]
    """Ids that came again, with the same answer."""
    failed: tuple[str, ...]
    """Ids of rows that hold an error; their questions are among the missing."""
    notes: tuple[str, ...]
    """What a reader of the numbers should know, a sentence each."""
    sha256: Mapping[str, str]
    """Of the files `predictions` and `na_probs`, as far as there were any; of the data set's `questions` with
    their golds and of its `contexts`, whatever their order."""

    @property
    def estimates(self) -> dict[str, Estimate]:
        """`scores`, and under `best_exact` and `best_f1` those of the best thresholds, if there are any."""
        return {**self.scores, **{f"best_{b.metric}": b.score for b in self.best}}

    def __getitem__(self, metric: str) -> Estimate:
        """The estimate of a metric, named by its id (such as `em`) or by a key of the official script.

        Raises UnknownNameError, a KeyError, naming the metrics that there are.
        """
        if not isinstance(metric, str):
            raise QaEvalError(unlike("metric", metric, "the name of one, such as 'f1'"))
        found = self.estimates
        key = next((key for key in (metric, *entry(metric).official) if key in found), None)
        if key is None:
            raise UnknownNameError(f"there is no metric {quote(metric)}{suggestion(metric, ['em', *found])}")
        return found[key]

    @property
    def em(self) -> float:
        """Exact match, a fraction in [0, 1]."""
        return self["em"].value

    @property
    def f1(self) -> float:
        """F1, a fraction in [0, 1]."""
        return self["f1"].value

    def __getattr__(self, name: str) -> float:
        """The value of any metric of `estimates`, a fraction in [0, 1]. Raises AttributeError."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name].value
        except UnknownNameError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self.estimates})

    def to_pandas(self) -> pd.DataFrame:
        """One row for each metric: metric, value, low, high, method, n, clusters. Values are fractions.

        Raises QaEvalError where pandas is not installed.
        """
        columns = ("metric", "value", "low", "high", "method", "n", "clusters")
        return data_frame(columns, ({"metric": key, **asdict(e)} for key, e in self.estimates.items()))

    def __repr__(self) -> str:
        numbers = ", ".join(f"{_label(key)} {percent(e.value)}" for key, e in self.estimates.items())
        apart = [
            f"{len(ids)} {name}"
            for name in ("missing", "extra", "duplicates", "failed")
            if (ids := getattr(self, name))
        ]
        return f"<Scorecard: {numbers}; percent, {', '.join([self._asked(), *apart])}>"

    def _repr_html_(self) -> str:
        rows = [
            (_label(key), percent(e.value), interval_text(e.low, e.high) or "–", f"{e.n:,}")
            for key, e in self.estimates.items()
        ]
        head = ("metric", "percent", "95 % interval", "questions")
        return notebook_table(self._asked(), head, rows, notes=self.notes)

    def _asked(self) -> str:
        return f"{count(self.counts['questions'], 'question')} of {shorten(self.dataset)} by {self.rules}"

    def official(self) -> dict[str, float | int]:
        """What the official script prints: its keys in its order, in percent."""
        return official_report(self.scores, self.best, RULES[self.rules], missing=len(self.missing))

    def as_json(self) -> dict[str, Any]:
        """`official`, and everything else under `qa_eval`.

        `qa_eval.official` names the keys that are the official script's, and their unit, which is percent.
        Everything under `qa_eval.scores` is a fraction.
        """
        official = self.official()
        added = {
            "dataset": self.dataset,
            "rules": self.rules,
            "official": {"keys": list(official), "unit": "percent"},
            "scores": {key: asdict(estimate) for key, estimate in self.estimates.items()},
            "counts": dict(self.counts),
            "missing": self.missing,
            "extra": self.extra,
            "duplicates": self.duplicates,
            "failed": self.failed,
            "notes": self.notes,
            "sha256": dict(self.sha256),
            "version": __version__,
        }
        return official | {"qa_eval": added}


def _label(key: str) -> str:
    """An official key for people.

    >>> _label("HasAns_exact"), _label("best_f1"), _label("exact_match")
    ('HasAns EM', 'best F1', 'EM')
    """
    part, _, metric = key.rpartition("_") if key != "exact_match" else ("", "", key)
    name = "F1" if metric == "f1" else "EM"
    return f"{part} {name}".strip()


def score(
    predictions: Predictions,
    golds: Golds,
    *,
    rules: str | None = None,
    split: str | None = None,
    na_probs: Probabilities | None = None,
    na_threshold: float = 1.0,
    resamples: int = 9999,
    seed: int = 0,
) -> Scorecard:
    """Scores answers by the rules of an official script, with an interval for each number.

    * `predictions`: answers by question id, rows with `id` and `prediction`, or a file of either in any
      shape that `qa-eval score` reads. `""` and None are no answer;
    * `golds`: golds by question id (a text, or a list of which the best counts; an empty list where no answer
      is right), or rows with `id` and `answers`; a list of texts for predictions, and a list of golds, are
      paired by position. Or a public data set, as a spec such as `squad:FILE`, `mrqa:FILE`, `jsonl:FILE` or
      `hub:NAME`, or opened; it is read twice, as a stream;
    * `rules`: the name of an official script, such as `squad-v2.0`, `mrqa` or `mlqa-de`; by default that of
      the published set that the data set names, else SQuAD's;
    * `split`: of a data set of the hub;
    * `na_probs`: no-answer probabilities by question id, or a file of them; answers whose probability is
      above `na_threshold` are refused, and the best thresholds are searched;
    * `resamples`, `seed`: of the intervals, which are clustered by context, or by question where there is
      none.

    A question without a prediction scores 0 and stays in the denominator.

    Raises QaEvalError for unknown rules, for rules or probabilities that do not fit the data set, and for
    what is wrong in predictions or golds, with every finding.

    >>> import qa_eval as qa
    >>> golds = {"q1": ["400", "over 400"], "q2": []}
    >>> scores = qa.score({"q1": "400", "q2": ""}, golds, rules="squad-v2.0")
    >>> scores.f1, scores["f1"].n, scores.official()["f1"]
    (1.0, 2, 100.0)
    >>> qa.score(["Paris"], ["in old Paris"])
    <Scorecard: EM 0.0, F1 50.0; percent, 1 question of golds by squad-v1.1>
    """
    na_threshold = finite("na_threshold", na_threshold)
    resamples, seed = checked_option("resamples", resamples), checked_option("seed", seed)
    rules = checked_option("rules", rules)
    predictions, golds = _paired(predictions, golds)
    if isinstance(golds, str | PathLike):
        opened = open_dataset(str(golds), split=split).with_rules(rules)
    elif split is not None:
        raise QaEvalError(f"split: {split!r} is of a data set of the hub, and golds is none")
    elif isinstance(golds, PublicDataset):
        opened = golds if rules is None else golds.with_rules(rules)
    else:
        opened = dataset_of_golds(golds, rules=rules)
    census = opened.check()
    if not census.labelled:
        raise QaEvalError(
            f"{opened.spec}: the answers are not given, so predictions cannot be scored; `qa-eval run` asks "
            "the questions, and `qa-eval export --format squad-predictions` writes what was answered"
        )
    chosen = RULES[opened.rules]
    if na_probs is not None and not chosen.unanswerable:
        raise QaEvalError(f"no-answer probabilities: {chosen.name} has no unanswerable questions")
    given = given_answers(predictions, na_probs, chosen)
    try:
        earned = score_answers(
            ((_known_id(example, given), example.golds, example.context_id) for example in opened),
            given.texts,
            chosen,
            given.no_answer,
        )
    except ValueError as error:
        raise QaEvalError(f"{opened.spec}: {error}") from error
    scores = official_scores(earned, chosen, threshold=na_threshold, resamples=resamples, seed=seed)
    searched = chosen.unanswerable and bool(given.no_answer)
    best = best_thresholds(earned, resamples=resamples, seed=seed) if searched else []
    notes = _notes(earned, given, chosen, best, threshold=na_threshold)
    return Scorecard(
        dataset=opened.spec,
        rules=chosen.name,
        scores=scores,
        best=tuple(best),
        counts=_counts(earned, given),
        missing=earned.missing,
        extra=earned.extra,
        duplicates=tuple(given.duplicates),
        failed=tuple(given.failed),
        notes=(*census.warnings(opened.rules), *opened.notes(), *notes),
        sha256=given.sha256 | {"questions": census.questions_sha256, "contexts": census.contexts_sha256},
    )


def _paired(predictions: Any, golds: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Both by question id, where both are lists of texts: the id is the place in the list.

    Raises QaEvalError where only the golds are such a list, and where the two are of different length.
    """
    if not isinstance(golds, list | tuple) or any(isinstance(entry, Mapping) for entry in golds):
        return predictions, golds
    if not isinstance(predictions, list | tuple) or any(isinstance(entry, Mapping) for entry in predictions):
        raise QaEvalError(
            "golds: a list without ids goes with a list of predictions in the same order; "
            "give both by question id, as dicts or as rows with an id"
        )
    if len(predictions) != len(golds):
        raise QaEvalError(f"predictions: there are {len(predictions)}, and {len(golds)} golds")
    return {str(n): p for n, p in enumerate(predictions)}, {str(n): g for n, g in enumerate(golds)}


def _known_id(example: Example, given: GivenAnswers) -> str:
    """The id under which the question is answered: its own, or that of its item."""
    if example.id in given.texts or (item := str(example.item)) not in given.texts:
        return example.id
    return item


def _counts(earned: Earned, given: GivenAnswers) -> dict[str, int]:
    return {
        "questions": earned.exact.size,
        "contexts": int(earned.cluster.max()) + 1,
        "answered": int((earned.predicted & ~earned.empty).sum()),
        "abstained": int(earned.empty.sum()),
        "missing": len(earned.missing),
        "extra": len(earned.extra),
        "duplicates": len(given.duplicates),
        "failed": len(given.failed),
    }


def _notes(
    earned: Earned,
    given: GivenAnswers,
    rules: Rules,
    best: Sequence[BestThreshold],
    *,
    threshold: float,
) -> Iterator[str]:
    if given.from_n_best:
        empty = ", or none where the empty text ranks above it" if rules.unanswerable else ""
        yield f"n-best lists: the answer is the first text that is not empty{empty}"
    if given.nulls:
        yield f"{count(given.nulls, 'answer')} null: read as no answer"
    if given.failed:
        yield f"{count(len(given.failed), 'row')} with an error in place of an answer: missing"
    if given.texts and not earned.predicted.any():
        first = next(iter(given.texts))
        yield f"no prediction is of a question of the data set: its ids differ from {shown(first)}"
    if missing := len(earned.missing):
        official = ", where the official script drops it and then stops" if rules.unanswerable else ""
        what = f"{missing} of {count(earned.exact.size, 'question')} without a prediction"
        yield f"{what}: each scores 0 and stays in the denominator{official}"
    if earned.extra:
        yield f"{count(len(earned.extra), 'prediction')} for no question of the data set: passed over"
    if given.duplicates:
        yield f"{count(len(given.duplicates), 'id')} there again with the same answer: counted once"
    if given.no_answer and rules.unanswerable:
        yield from _notes_on_thresholds(earned, best, threshold)
    elif given.no_answer:
        yield f"no-answer probabilities: passed over, {rules.name} has no unanswerable questions"


def _notes_on_thresholds(earned: Earned, best: Sequence[BestThreshold], threshold: float) -> Iterator[str]:
    if refused := int((earned.predicted & (earned.no_answer > threshold)).sum()):
        yield f"{count(refused, 'answer')} with a no-answer probability above {threshold:g}: no answer"
    if unknown := int((earned.predicted & np.isneginf(earned.no_answer)).sum()):
        what = f"{count(unknown, 'answer')} without a no-answer probability"
        yield f"{what}: given under every threshold; the official script stops there"
    for found in best:
        official = (
            f"best_{found.metric}: the official search says {100 * found.official_score:.4f} "
            f"at {found.official_threshold:.6g}"
        )
        if found.official_score > found.score.value + 1e-9:
            yield f"{official}, inside a tie, where no threshold can stand"
        elif found.official_threshold != found.threshold:
            yield f"{official}, a threshold that does not reach it"
