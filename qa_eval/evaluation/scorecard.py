"""`score`: the answers of any system, scored by official rules against golds or a public data set.

Numbers are fractions in [0, 1]. Only the keys of the official script have percentages, as in its output.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qa_eval import __version__
from qa_eval.data.answers.answer_shapes import shown
from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import Dataset, PublicDataset, open_dataset
from qa_eval.data.given_golds import dataset_of_golds
from qa_eval.errors import QaEvalError, UnknownNameError
from qa_eval.evaluation.claim_scores import FactGolds
from qa_eval.evaluation.given_answers import (
    GivenAnswers,
    Predictions,
    Probabilities,
    given_answers,
    run_of_part,
)
from qa_eval.files.paths import user_path
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
from qa_eval.records import Estimate, Example, Track
from qa_eval.runs.data_frames import data_frame
from qa_eval.runs.options import checked_option, finite
from qa_eval.text.figures import interval_text, percent
from qa_eval.text.notebook_tables import notebook_table
from qa_eval.text.phrases import count, quote, shorten, show_path, suggestion, unlike

if TYPE_CHECKING:
    import pandas as pd

Golds = str | PathLike[str] | Dataset | Mapping[Any, Any] | Iterable[Any]
"""Gold answers: a data set as a spec or opened, or golds by question id, as rows, or by position."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scorecard:
    """Official scores of a system's predictions, and a record of how they were computed.

    `card.f1` is a value, and `card["f1"]` is the same value with its interval. Every metric id and every key
    of the official script works in this way.

    Example:
        >>> import qa_eval as qa
        >>> card = qa.score({"q1": "Paris", "q2": "Rome"}, {"q1": "in Paris", "q2": "Rome"})
        >>> card.em, card["f1"].value == card.f1, card.to_pandas()["metric"].tolist()
        (0.5, True, ['exact_match', 'f1'])
    """

    dataset: str
    """Spec of the data set."""
    rules: str
    """Name of the rules."""
    scores: Mapping[str, Estimate]
    """Scores by the keys of the official script, as fractions. Their intervals are clustered by context."""
    best: tuple[BestThreshold, ...]
    """Best no-answer thresholds; empty without no-answer probabilities."""
    counts: Mapping[str, int]
    """Numbers by name: questions, contexts, answered (with a text), abstained (with an empty text), missing,
    extra, duplicates, failed."""
    missing: tuple[str, ...]
    """Ids of questions without a prediction, in the order of the data set."""
    extra: tuple[str, ...]
    """Ids of predictions that belong to no question, in the order of the file."""
    duplicates: tuple[str, ...]
    """Ids that occurred again with the same answer."""
    failed: tuple[str, ...]
    """Ids of rows that hold an error. Their questions are in `missing` too."""
    notes: tuple[str, ...]
    """Notes that a reader of the numbers needs, a sentence each."""
    tracks: Mapping[Track, Mapping[str, Estimate]] = field(default_factory=dict)
    """For facts with claims: track -> metric id -> value. Empty for other data."""
    sha256: Mapping[str, str]
    """SHA-256 of the files `predictions` and `na_probs`, if files were given, and of the data set's
    `questions` (with their golds) and `contexts`. The order of questions does not matter."""

    @property
    def estimates(self) -> dict[str, Estimate]:
        """All scores by key: `scores`, and those of the best thresholds as `best_exact` and `best_f1`."""
        return {**self.scores, **{f"best_{b.metric}": b.score for b in self.best}}

    def __getitem__(self, metric: str) -> Estimate:
        """The estimate of a metric.

        Args:
            metric: Id of the metric, such as `em`, or a key of the official script.

        Returns:
            The value with its interval.

        Raises:
            UnknownNameError: A KeyError. There is no such metric. The message lists the metrics.
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
        """Exact match, as a fraction in [0, 1]."""
        return self["em"].value

    @property
    def f1(self) -> float:
        """F1, as a fraction in [0, 1]."""
        return self["f1"].value

    def __getattr__(self, name: str) -> float:
        """The value of a metric, as a fraction in [0, 1]. Raises AttributeError for an unknown metric."""
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name].value
        except UnknownNameError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self.estimates})

    def to_pandas(self) -> pd.DataFrame:
        """The scores as a data frame.

        Returns:
            One row for each metric, with the columns metric, value, low, high, method, n and clusters. Values
            are
                fractions.

        Raises:
            QaEvalError: pandas is not installed.
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
        """The output of the official script.

        Returns:
            Values in percent by the keys of the official script, in its order.
        """
        return official_report(self.scores, self.best, RULES[self.rules], missing=len(self.missing))

    def as_json(self) -> dict[str, Any]:
        """The scorecard as values for JSON.

        Returns:
            The keys of `official`, and everything else under `qa_eval`. There, `official` lists the keys of
                the official script and their unit, which is percent, and `scores` holds fractions.
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
            **({"tracks": _plain_tracks(self.tracks)} if self.tracks else {}),
            "version": __version__,
        }
        return official | {"qa_eval": added}


def _plain_tracks(tracks: Mapping[Track, Mapping[str, Estimate]]) -> dict[str, dict[str, Any]]:
    return {track: {id: asdict(e) for id, e in metrics.items()} for track, metrics in tracks.items()}


def _label(key: str) -> str:
    """The label of an official key for people.

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
    """Scores a system's answers by the rules of an official script, with an interval for each number.

    A question without a prediction scores 0 and stays in the denominator.

    Args:
        predictions: Answers by question id, rows with `id` and `prediction`, or a file of either in any shape
            that `qa_eval.data.answers.answer_shapes` lists. `""` and None mean no answer. If `golds` is a
            list without ids, predictions are a list of texts in the same order. For facts with their own
            passages (`claims:FILE` and the like), they are answers by `FACT@PASSAGE`, and by `FACT@*` for all
            passages at once; `tracks` of the result then has every metric of claims. A row may
            then give several answers (`answers`), and the passages that the system saw (`shown`).
        golds: Gold answers by question id, as rows with `id` and `answers`, or as a list in the order of the
            predictions. The golds of a question are a text, or a list of texts of which the best counts; an
            empty list means that the right answer is no answer. Or a public data set: a spec as for
            `open_dataset`, or an opened one, which is read twice, as a stream.
        rules: A key of `RULES`. By default, the rules of the published set that the data set names, or
            SQuAD's (see `qa_eval.data.published_sets`).
        split: Split of a data set on the hub.
        na_probs: No-answer probabilities by question id, or a file of them. With them, the best thresholds
            are searched too.
        na_threshold: Greatest no-answer probability of an answer that counts. If the probability is greater,
            the prediction is no answer.
        resamples: Number of resamples of each interval. Intervals are clustered by context, or by question if
            there are no contexts.
        seed: Seed of the resampling.

    Returns:
        The scores, with everything that a reader of them needs to know.

    Raises:
        InputError: The predictions or golds have mistakes. The message lists all of them.
        QaEvalError: The rules are unknown, or the rules or the probabilities do not fit the data set.

    Example:
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
    opened: Dataset
    if isinstance(golds, str | PathLike):
        opened = open_dataset(str(golds), split=split).with_rules(rules)
    elif split is not None:
        raise QaEvalError(f"split: {split!r}: works only if golds is the spec of a data set")
    elif isinstance(golds, Dataset):
        opened = golds if rules is None else golds.with_rules(rules)
    else:
        opened = dataset_of_golds(golds, rules=rules)
    census = opened.check()
    if not census.labelled:
        raise QaEvalError(
            f"{opened.spec}: has no gold answers, so predictions cannot be scored. `qa-eval run` asks the "
            "questions, and `qa-eval export --format squad-predictions` writes the answers"
        )
    chosen = RULES[opened.rules]
    if na_probs is not None and not chosen.unanswerable:
        raise QaEvalError(f"no-answer probabilities: {chosen.name} has no unanswerable questions")
    source = FactGolds(opened) if isinstance(opened, ClaimSet) else _ExampleGolds(opened)
    given = given_answers(predictions, na_probs, chosen, several=source.several)
    questions, texts = source.asked(given)
    try:
        earned = score_answers(questions, texts, chosen, given.no_answer)
    except ValueError as error:
        raise QaEvalError(f"{opened.spec}: {error}") from error
    scores = official_scores(earned, chosen, threshold=na_threshold, resamples=resamples, seed=seed)
    searched = chosen.unanswerable and bool(given.no_answer)
    best = best_thresholds(earned, resamples=resamples, seed=seed) if searched else []
    unasked = None
    if earned.missing and isinstance(predictions, str | PathLike):
        can_run = isinstance(golds, str | PathLike | Dataset) and source.limited_by_question
        unasked = _unasked(user_path(predictions, "predictions"), earned, can_run=can_run)
    notes = _notes(earned, given, chosen, best, threshold=na_threshold, unasked=unasked)
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
        tracks=source.tracks(given, resamples=resamples, seed=seed),
        notes=(*source.warnings(), *opened.notes(), *notes),
        sha256=given.sha256 | {"questions": census.questions_sha256, "contexts": census.contexts_sha256},
    )


def _paired(predictions: Any, golds: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Predictions and golds. If both are lists without ids, they become mappings by position.

    Raises QaEvalError if only the golds are such a list, and if the lists have different lengths.
    """
    if not isinstance(golds, list | tuple) or any(isinstance(entry, Mapping) for entry in golds):
        return predictions, golds
    if not isinstance(predictions, list | tuple) or any(isinstance(entry, Mapping) for entry in predictions):
        raise QaEvalError(
            "golds: a list without ids needs a list of predictions in the same order; "
            "otherwise give both by question id, as dicts or as rows with an id"
        )
    if len(predictions) != len(golds):
        raise QaEvalError(f"predictions: there are {len(predictions):,}, but {count(len(golds), 'gold')}")
    return {str(n): p for n, p in enumerate(predictions)}, {str(n): g for n, g in enumerate(golds)}


@dataclass(frozen=True, slots=True)
class _ExampleGolds:
    """A public data set, as `score` needs it."""

    dataset: PublicDataset
    several: bool = False
    limited_by_question: bool = True

    def asked(
        self, given: GivenAnswers
    ) -> tuple[Iterator[tuple[str, Sequence[str], str]], Mapping[str, str]]:
        """Id, golds and context of every question, and the answers."""
        return ((_known_id(e, given), e.golds, e.context_id) for e in self.dataset), given.texts

    def tracks(self, given: GivenAnswers, *, resamples: int, seed: int) -> dict[Track, dict[str, Estimate]]:
        """The metrics of facts with claims: none."""
        return {}

    def warnings(self) -> Iterator[str]:
        """Lines about what was tolerated in the data set."""
        return self.dataset.check().warnings(self.dataset.rules)


def _known_id(example: Example, given: GivenAnswers) -> str:
    """The id under which the question has an answer: its own id, or the id of its item."""
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
    unasked: str | None,
) -> Iterator[str]:
    if given.from_n_best:
        empty = ", or none where the empty text ranks above it" if rules.unanswerable else ""
        yield f"n-best lists: the answer is the first text that is not empty{empty}"
    if given.nulls:
        yield f"{count(given.nulls, 'answer')} null: read as no answer"
    if given.failed:
        yield f"{count(len(given.failed), 'row')} with an error instead of an answer: counted as missing"
    if given.texts and not earned.predicted.any():
        first = next(iter(given.texts))
        yield f"no prediction belongs to a question of the data set: its ids differ from {shown(first)}"
    if missing := len(earned.missing):
        official = ", where the official script drops it and then stops" if rules.unanswerable else ""
        what = f"{missing:,} of {count(earned.exact.size, 'question')} without a prediction"
        yield f"{what}: each scores 0 and stays in the denominator{official}"
        if unasked is not None:
            yield unasked
    if earned.extra:
        yield f"{count(len(earned.extra), 'prediction')} for no question of the data set: ignored"
    if given.duplicates:
        yield f"{count(len(given.duplicates), 'id')} repeated with the same answer: counted once"
    if given.no_answer and rules.unanswerable:
        yield from _notes_on_thresholds(earned, best, threshold)
    elif given.no_answer:
        yield f"no-answer probabilities: ignored, because {rules.name} has no unanswerable questions"


def _unasked(path: Path, earned: Earned, *, can_run: bool) -> str | None:
    """A sentence about questions that were perhaps never asked, and about how to score without them.

    None if nothing suggests that there are such questions. `can_run`: a run can ask only the first of these
    questions. Golds in memory cannot be run.
    """
    if (run := run_of_part(path)) is not None:
        options, status = run.leaderboard.options, run.leaderboard.status
        flags = [f"--{n} {v}" for n in ("limit", "sample") if (v := getattr(options, n)) is not None]
        folder = shlex.quote(show_path(run.path)) if run.path is not None else ""
        return (
            f"the file belongs to a run that did not ask every question ({' '.join(flags) or status}): "
            f"`qa-eval leaderboard {folder}` shows the scores on those that it asked"
        )
    first = int(earned.predicted.sum())
    if not (can_run and first and earned.predicted[:first].all()):
        return None
    return (
        f"only the first {count(first, 'question')} of the data set "
        f"{'has' if first == 1 else 'have'} a prediction, as after `run --limit {first}`: "
        f"`run -m predictions:FILE --limit {first}` with the same data set and options scores these alone"
    )


def _notes_on_thresholds(earned: Earned, best: Sequence[BestThreshold], threshold: float) -> Iterator[str]:
    if refused := int((earned.predicted & (earned.no_answer > threshold)).sum()):
        what = f"{count(refused, 'answer')} with a no-answer probability above {threshold:g}"
        yield f"{what}: read as no answer"
    if unknown := int((earned.predicted & np.isneginf(earned.no_answer)).sum()):
        what = f"{count(unknown, 'answer')} without a no-answer probability"
        yield f"{what}: counted as answered at every threshold; the official script stops there"
    for found in best:
        official = (
            f"best_{found.metric}: the official search reports {100 * found.official_score:.4f} "
            f"at {found.official_threshold:.6g}"
        )
        if found.official_score > found.score.value + 1e-9:
            yield f"{official}, which splits a tie; no threshold can do that"
        elif found.official_threshold != found.threshold:
            yield f"{official}, a threshold that does not reach this score"
