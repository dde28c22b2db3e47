"""`qa-eval score`: predictions that anybody made, scored by the official rules of any data set.

What the official script prints stands at the top of the result, under its keys and in percent; everything
that we add, intervals first, stands apart under `qa_eval`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from qa_eval import __version__
from qa_eval.data.answers.answer_files import AnswerFile
from qa_eval.data.answers.answer_shapes import (
    FieldError,
    GivenRow,
    id_text,
    keyed_answer,
    number_in,
    plain,
    row_answers,
    shown,
)
from qa_eval.data.dataset import PublicDataset, open_dataset
from qa_eval.errors import QaEvalError
from qa_eval.files.findings import Findings
from qa_eval.files.hashes import sha256_files
from qa_eval.metrics.official_scores import (
    BestThreshold,
    Earned,
    best_thresholds,
    official_report,
    official_scores,
    score_answers,
)
from qa_eval.metrics.rules.squad import RULES, Rules
from qa_eval.records import Estimate, Example, Finding, ItemId
from qa_eval.text.phrases import count


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
    nulls: int = 0
    """Answers that are null, and read as no answer."""
    sha256: dict[str, str] = field(default_factory=dict)
    """Of the files `predictions` and `na_probs`, as far as there were any."""


def read_answers(path: Path, rules: Rules) -> GivenAnswers:
    """Reads a predictions file, in any of the shapes that `qa_eval.data.answers.answer_shapes` lists.

    Of an n-best list the answer is what the tools that write such lists answer: the first text that is not
    empty, unless the rules know unanswerable questions and the empty text ranks above it (by its score in the
    lists of run_squad, by its place in others). Ids of items of public data sets become the question's own.

    An id may come again with the same answer. Raises InputError with every finding, among them answers of
    another type, and ids that come again with another answer: nobody can tell which was meant.
    """
    file = AnswerFile(path)
    given = GivenAnswers()
    for line, row in file.answers():
        try:
            _add(given, row, rules)
        except FieldError as error:
            file.find(line, error.field, str(error), "type")
    file.close()
    return given


def take_answers(predictions: Mapping[Any, Any] | Iterable[Mapping[str, Any]], rules: Rules) -> GivenAnswers:
    """`read_answers` of answers in memory, by id or as rows; scalars and arrays of NumPy may be in them.

    Raises InputError with every finding.
    """
    items = getattr(predictions, "items", None)  # of a mapping, or of a Series of pandas
    keyed = items is not None
    given = GivenAnswers()
    findings = Findings()
    for number, entry in enumerate(items() if items is not None else predictions):
        try:
            for row in [keyed_answer(*map(plain, entry))] if keyed else _rows_in(plain(entry)):
                _add(given, row, rules)
        except FieldError as error:
            field = error.field if keyed else f"[{number}].{error.field}".strip(".")
            findings.add(_in_memory("predictions", field, str(error)))
    findings.close()
    return given


def _rows_in(row: object) -> Iterator[GivenRow]:
    if not isinstance(row, dict):
        raise FieldError("", f"is {shown(row)}; it should be a dict with id and prediction")
    return row_answers(row)


def _in_memory(what: str, field: str, message: str) -> Finding:
    return Finding(severity="error", path=what, line=None, field=field, message=message, check="type")


def read_probabilities(path: Path) -> dict[str, float]:
    """Reads `{id: number}`: no-answer probabilities, or log odds as `null_odds.json` holds them.

    Rows with `id` and `no_answer_probability` are read too. Raises InputError with every finding.
    """
    file = AnswerFile(path)
    found: dict[str, float] = {}
    for line, id, value in file.entries():
        try:
            _add_probability(found, *((id, value) if id is not None else _probability_row(value)))
        except FieldError as error:
            file.find(line, error.field, str(error), "type")
    file.close()
    return found


def take_probabilities(na_probs: Mapping[Any, Any]) -> dict[str, float]:
    """`read_probabilities` of a mapping in memory. Raises InputError with every finding."""
    found: dict[str, float] = {}
    findings = Findings()
    for key, value in na_probs.items():
        try:
            _add_probability(found, id_text(plain(key), "id"), plain(value))
        except FieldError as error:
            findings.add(_in_memory("na_probs", error.field, str(error)))
    findings.close()
    return found


def _probability_row(row: dict[str, Any]) -> tuple[str, Any]:
    if "no_answer_probability" not in row or "id" not in row:
        raise FieldError("", f"is {shown(row)}; it should have an id and a no_answer_probability")
    return id_text(row["id"], "id"), row["no_answer_probability"]


def _add_probability(found: dict[str, float], id: str, value: object) -> None:
    number = number_in({id: value}, id)
    if number is None:
        raise FieldError(id, f"is {shown(value)}; it should be a number under the question's id")
    if found.setdefault(id, number) != number:
        raise FieldError(id, f"is there twice, as {found[id]} and {number}")


def _add(given: GivenAnswers, row: GivenRow, rules: Rules) -> None:
    id = _question_id(row)
    if row.answer is None:
        given.failed.append(id)
        return
    text = row.answer.decided(unanswerable=rules.unanswerable)
    if id in given.texts:
        before, hint = given.texts[id], f"; {row.hint}" if row.hint else ""
        if text != before:
            raise FieldError(
                "id", f"{id!r} is there twice, with the answers {shown(before)} and {shown(text)}{hint}"
            )
        if row.no_answer_probability != given.no_answer.get(id):
            raise FieldError("id", f"{id!r} is there twice, with different no-answer probabilities{hint}")
        given.duplicates.append(id)
        return
    given.texts[id] = text
    given.nulls += row.answer.is_null
    given.from_n_best |= row.answer.text is None
    if row.no_answer_probability is not None:
        given.no_answer[id] = row.no_answer_probability


_CONTEXT_ID = re.compile(r"c[0-9a-f]{12}")


def _question_id(row: GivenRow) -> str:
    """The question's own id, of an item of a public data set; the item's id where there are articles."""
    if not row.is_item:
        return row.id
    item = ItemId.parse(row.id)
    return unquote(item.fact) if _CONTEXT_ID.fullmatch(item.article) else row.id  # what `Example.item` wrote


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
    predictions: str | PathLike[str] | Mapping[Any, Any] | Iterable[Mapping[str, Any]],
    dataset: str | PublicDataset,
    *,
    split: str | None = None,
    rules: str | None = None,
    na_probs: str | PathLike[str] | Mapping[Any, Any] | None = None,
    na_threshold: float = 1.0,
    resamples: int = 9999,
    seed: int = 0,
) -> Scorecard:
    """Scores predictions of anybody against a public data set, by the rules of its official script.

    `predictions` is a file (see `read_answers`), or what such a file may hold, in memory: a mapping from
    question ids to answers, or rows. `dataset` is a spec as for `open_dataset`, or an opened data set.
    `rules` is a key of `RULES`; by default those of the set that the data set names, else SQuAD's (see
    `qa_eval.data.published_sets`). `na_probs` maps ids to no-answer probabilities, in memory or in a file;
    answers whose probability is above `na_threshold` are refused, and the best thresholds are searched. The
    data set is read twice, as a stream: to check it, and to score.

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


def _known_id(example: Example, given: GivenAnswers) -> str:
    """The id under which the question is answered: its own, or that of its item."""
    if example.id in given.texts or (item := str(example.item)) not in given.texts:
        return example.id
    return item


def _given(
    predictions: str | PathLike[str] | Mapping[Any, Any] | Iterable[Mapping[str, Any]],
    na_probs: str | PathLike[str] | Mapping[Any, Any] | None,
    rules: Rules,
) -> GivenAnswers:
    if isinstance(predictions, str | PathLike):
        given = read_answers(Path(predictions), rules)
        given.sha256["predictions"] = sha256_files([Path(predictions)])
    elif isinstance(predictions, Iterable):
        given = take_answers(predictions, rules)
    else:
        raise QaEvalError(f"predictions: {shown(predictions)} is neither a file nor answers by id nor rows")
    if isinstance(na_probs, str | PathLike):
        given.no_answer = read_probabilities(Path(na_probs))
        given.sha256["na_probs"] = sha256_files([Path(na_probs)])
    elif na_probs is not None:
        given.no_answer = take_probabilities(na_probs)
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
