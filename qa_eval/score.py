"""`qa-eval score`: predictions that anybody made, scored by the official rules of any data set.

What the official script prints stands at the top of the result, under its keys and in percent; everything
that we add, intervals first, stands apart under `qa_eval`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from qa_eval import __version__
from qa_eval.answer_files import AnswerFile, FieldError, number_in, shown
from qa_eval.corpus.phrasing import count
from qa_eval.errors import QaEvalError
from qa_eval.metrics.squad import RULES, Rules
from qa_eval.provenance import sha256_files
from qa_eval.public import PublicDataset, open_dataset
from qa_eval.records import Estimate, ItemId
from qa_eval.scoring.official import (
    BestThreshold,
    Earned,
    best_thresholds,
    official_report,
    official_scores,
    score_answers,
)


@dataclass(slots=True, kw_only=True)
class GivenAnswers:
    """What somebody's system said."""

    texts: dict[str, str] = field(default_factory=dict)
    """The answer by question id; empty for no answer."""
    no_answer: dict[str, float] = field(default_factory=dict)
    """The no-answer probability, of those that have one."""
    duplicates: list[str] = field(default_factory=list)
    """Ids that came again, with the same answer."""
    failed: list[str] = field(default_factory=list)
    """Ids of rows that hold an error instead of an answer."""
    from_n_best: bool = False
    """Whether answers were chosen from n-best lists."""
    sha256: dict[str, str] = field(default_factory=dict)
    """Of the files `predictions` and `na_probs`, as far as there were any."""


def read_answers(path: Path, rules: Rules) -> GivenAnswers:
    """Reads a predictions file: `{id: text}`, `{id: n-best list}`, or rows with `id` and `prediction`.

    A row may have a `no_answer_probability`; those of `evaluate` (with `prediction_text`) and those of
    `qa-eval run` (with `item`) are read too. Of an n-best list the answer is what the scripts that write such
    lists answer: the first text that is not empty, unless the rules know unanswerable questions and the empty
    text has the greater score (the sum of its logits, else its `score`, else its probability).

    An id may come again with the same answer. Raises InputError with every finding, among them answers of
    another type, and ids that come again with another answer: nobody can tell which was meant.
    """
    file = AnswerFile(path)
    given = GivenAnswers()
    for line, key, value in file.entries():
        try:
            if key is None:
                _add(given, *_row(value))
            elif isinstance(value, list):
                given.from_n_best = True
                _add(given, key, _chosen(key, value, rules), None)
            elif isinstance(value, str):
                _add(given, key, value, None)
            else:
                raise FieldError(key, f"the answer is {shown(value)}; it should be a text or an n-best list")
        except FieldError as error:
            file.find(line, error.field, str(error), "type")
    file.close()
    return given


def read_probabilities(path: Path) -> dict[str, float]:
    """Reads `{id: number}`: no-answer probabilities, or log odds as `null_odds.json` holds them.

    Raises InputError with every finding.
    """
    file = AnswerFile(path)
    found: dict[str, float] = {}
    for line, id, value in file.entries():
        if id is None or isinstance(value, bool) or not isinstance(value, int | float):
            message = f"is {shown(value)}; it should be a number under the question's id"
            file.find(line, id or "", message, "type")
        elif found.setdefault(id, value) != value:
            file.find(line, id, f"is there twice, as {found[id]} and {value}", "duplicate-id")
    file.close()
    return found


def _add(given: GivenAnswers, id: str, text: str | None, probability: float | None) -> None:
    if text is None:
        given.failed.append(id)
        return
    if id in given.texts:
        before = given.texts[id]
        if text != before:
            raise FieldError(
                "id", f"{id!r} is there twice, with the answers {shown(before)} and {shown(text)}"
            )
        if probability != given.no_answer.get(id):
            raise FieldError("id", f"{id!r} is there twice, with different no-answer probabilities")
        given.duplicates.append(id)
        return
    given.texts[id] = text
    if probability is not None:
        given.no_answer[id] = probability


def _row(row: Mapping[str, Any]) -> tuple[str, str | None, float | None]:
    """Id, answer (None for an error) and no-answer probability."""
    name = "item" if "item" in row else "id"
    id = row.get(name)
    if not isinstance(id, str):
        raise FieldError(name, f"is {shown(id)}; it should be the question's id")
    if name == "item":
        try:
            id = unquote(ItemId.parse(id).fact)  # what `Example.item` wrote
        except ValueError as error:
            raise FieldError(name, str(error)) from error
    probability = number_in(row, "no_answer_probability")
    if row.get("error") is not None:
        return id, None, probability
    answer = "prediction_text" if "prediction_text" in row else "prediction"
    text = row.get(answer)
    if not isinstance(text, str):
        raise FieldError(answer, f"is {shown(text)}; it should be a text (empty for no answer)")
    return id, text, probability


def _chosen(id: str, listed: Sequence[object], rules: Rules) -> str:
    texts: list[str] = []
    scores: list[float | None] = []
    for number, entry in enumerate(listed):
        where = f"{id}[{number}]"
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            raise FieldError(where, f"is {shown(entry)}; it should be an object with a text")
        texts.append(entry["text"])
        scores.append(_score_of(entry, where))
    best = next((place for place, text in enumerate(texts) if text), None)
    if best is None:
        return ""
    if "" not in texts or not rules.unanswerable:
        return texts[best]
    null = texts.index("")
    best_score, null_score = scores[best], scores[null]
    if best_score is None or null_score is None:
        return "" if null < best else texts[best]
    return "" if null_score > best_score else texts[best]


def _score_of(entry: Mapping[str, Any], where: str) -> float | None:
    for name in ("logit", "log_prob"):
        start, end = (number_in(entry, f"{side}_{name}", where) for side in ("start", "end"))
        if start is not None and end is not None:
            return start + end
    score = number_in(entry, "score", where)
    return score if score is not None else number_in(entry, "probability", where)


# ------------------------------------------------------------------------------------------ scoring


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """Official scores of somebody's predictions, with what was done to get them."""

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

    def official(self) -> dict[str, float | int]:
        """What the official script prints: its keys in its order, in percent."""
        return official_report(self.scores, self.best, RULES[self.rules], missing=len(self.missing))

    def as_json(self) -> dict[str, Any]:
        """`official`, and everything else under `qa_eval`; intervals are in percent like the scores."""
        estimates = dict(self.scores) | {f"best_{b.metric}": b.score for b in self.best}
        added = {
            "dataset": self.dataset,
            "rules": self.rules,
            "intervals": {key: _interval(estimate) for key, estimate in estimates.items()},
            "counts": dict(self.counts),
            "missing": self.missing,
            "extra": self.extra,
            "duplicates": self.duplicates,
            "failed": self.failed,
            "notes": self.notes,
            "sha256": dict(self.sha256),
            "version": __version__,
        }
        return self.official() | {"qa_eval": added}


def _interval(estimate: Estimate) -> dict[str, Any]:
    low, high = estimate.low, estimate.high
    return {
        "low": None if low is None else 100 * low,
        "high": None if high is None else 100 * high,
        "method": estimate.method,
        "n": estimate.n,
        "clusters": estimate.clusters,
    }


def score_predictions(
    predictions: str | Path | Mapping[str, str],
    dataset: str | PublicDataset,
    *,
    split: str | None = None,
    rules: str | None = None,
    na_probs: str | Path | Mapping[str, float] | None = None,
    na_threshold: float = 1.0,
    resamples: int = 9999,
    seed: int = 0,
) -> Scorecard:
    """Scores predictions of anybody against a public data set, by the rules of its official script.

    `predictions` is a file (see `read_answers`) or a mapping from question ids to answers. `dataset` is a
    spec as for `open_dataset`, or an opened data set. `rules` is a key of `RULES`; by default those of the
    set that the data set names, else SQuAD's (see `qa_eval.public.origin`). `na_probs` maps ids to no-answer
    probabilities, in memory or in a JSON file; answers whose probability is above `na_threshold` are refused,
    and the best thresholds are searched. The data set is read twice, as a stream: to check it, and to score.

    Raises QaEvalError for unknown rules, for rules or probabilities that do not fit the data set, and for
    files that are wrong, with every finding.

    >>> import json, tempfile
    >>> row = {"id": "q1", "question": "Where?", "context": "In old Paris."}
    >>> row["answers"] = {"text": ["old Paris", "Paris"], "answer_start": [3, 7]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "tiny.jsonl"
    ...     _ = file.write_text(json.dumps(row))
    ...     card = score_predictions({"q1": "Paris", "q2": "Rome"}, f"jsonl:{file}")
    >>> card.official(), card.extra
    ({'exact_match': 100.0, 'f1': 100.0}, ('q2',))
    """
    opened = open_dataset(dataset, split=split) if isinstance(dataset, str) else dataset
    if rules is not None:
        opened = opened.with_rules(rules)
    census = opened.check()
    if not census.labelled:
        raise QaEvalError(
            f"{opened.spec}: the answers are not given, so predictions cannot be scored; `qa-eval run` asks "
            "the questions, and `qa-eval export --format squad-predictions` writes what was answered"
        )
    chosen = RULES[opened.rules]
    if na_probs is not None and not chosen.unanswerable:
        raise QaEvalError(f"no-answer probabilities: {chosen.name} has no unanswerable questions")
    given = _given(predictions, na_probs, chosen)
    try:
        earned = score_answers(
            ((example.id, example.golds, example.context_id) for example in opened),
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
        notes=(*census.warnings(), *opened.notes(), *notes),
        sha256=given.sha256 | {"questions": census.questions_sha256, "contexts": census.contexts_sha256},
    )


def _given(
    predictions: str | Path | Mapping[str, str],
    na_probs: str | Path | Mapping[str, float] | None,
    rules: Rules,
) -> GivenAnswers:
    if isinstance(predictions, Mapping):
        given = GivenAnswers(texts=dict(predictions))
    else:
        given = read_answers(Path(predictions), rules)
        given.sha256["predictions"] = sha256_files([Path(predictions)])
    if isinstance(na_probs, Mapping):
        given.no_answer = dict(na_probs)
    elif na_probs is not None:
        given.no_answer = read_probabilities(Path(na_probs))
        given.sha256["na_probs"] = sha256_files([Path(na_probs)])
    return given


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
        empty = ", or none where the empty text scores higher" if rules.unanswerable else ""
        yield f"n-best lists: the answer is the first text that is not empty{empty}"
    if given.failed:
        yield f"{count(len(given.failed), 'row')} with an error in place of an answer: missing"
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
