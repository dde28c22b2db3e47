"""Measures a change of the questions: the models' answers to new facts, and the change of every number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from qa_eval.authoring.impact.past_sets import Past
from qa_eval.authoring.impact.set_changes import ArticleChanges, FactChange, article_changes, fact_changes
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.score_table import ScoreTable, tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import TRACKS, Corpus, Estimate, ItemId, Question, Track
from qa_eval.runs.ranking import UNRANKED
from qa_eval.runs.schema import PredictionRow, Row
from qa_eval.runs.store import Run
from qa_eval.stats.contrasts import contrast
from qa_eval.stats.intervals import Term

Tables = tuple[Mapping[Track, ScoreTable], Mapping[Track, ScoreTable]]
"""Score tables by track, before and after the change."""
_NOTHING = 1e-12
"""Largest difference that counts as zero. Smaller values are rounding errors."""
Verdict = Literal["right", "leak", "wrong", "failed"]
Spread = Literal["all right", "all wrong", "alike", "split"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """One model's answer in one article."""

    model: str
    text: str
    """Text of the answer; empty for no answer."""
    verdict: Verdict
    """Verdict of the typed match. `leak` is the claim of another source. If the article is silent, no answer
    is right."""
    claim: str | None
    """Id of the claim that the answer makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleAnswers:
    """The models' answers in one article."""

    article: str
    golds: tuple[str, ...]
    """Right answers; empty if the article is silent."""
    answers: tuple[GivenAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactImpact:
    """The models' answers to a new or edited fact."""

    id: str
    category: str
    answer_type: str
    relation: str | None
    """Relation of the claims. None if the sources agree."""
    articles: tuple[ArticleAnswers, ...]
    spread: Spread | None
    """Spread over the articles that answer: every model is right in all, every model is wrong in all, or all
    are right and wrong in the same articles; otherwise `split`, and the fact distinguishes the models. None
    with fewer than two models."""
    heuristics: tuple[str, ...]
    """Baselines that are right in every article that answers. If there is one, the fact requires no reading.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One number of one model, before and after the change."""

    model: str
    track: Track
    metric: str
    before: Estimate | None
    """Estimate before the change; None if it was undefined."""
    after: Estimate | None
    difference: Estimate | None
    """After minus before. It has no bounds if no choice of facts would change the number. None for ranking
    metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """A change of the questions and its effects."""

    ref: str
    commit: str
    facts_before: int
    facts_after: int
    changes: tuple[FactChange, ...]
    articles: ArticleChanges
    models: tuple[str, ...] = ()
    """Models that answered, in the order of the leaderboard."""
    failed: Mapping[str, str]
    """Reason why a model has no answers, by model."""
    facts: tuple[FactImpact, ...] = ()
    """New and edited facts."""
    movements: tuple[Movement, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.changes or self.articles)


def find_changes(past: Past, new: Corpus) -> Impact:
    """The changes alone, before any model is asked."""
    base = past.corpus
    return Impact(
        ref=past.ref,
        commit=past.commit,
        facts_before=len(base.questions) if base is not None else 0,
        facts_after=len(new.questions),
        changes=fact_changes(base.questions if base is not None else (), new.questions),
        articles=article_changes(base, new)
        if base is not None
        else ArticleChanges(added=tuple(article.id for article in new.articles)),
        failed={},
    )


def measure_impact(changes: Impact, new: Corpus, base_run: Run | None, new_run: Run) -> Impact:
    """The changes with their effects, from runs of the same models over both versions of the set.

    Intervals of the differences resample the facts of both versions together, so that a fact in both versions
    changes both numbers. Without a base run (the set is new), no number moves.
    """
    rows = [row for row in new_run.leaderboard.rows if row.status == "ok"]
    said = {row.model.spec: list(new_run.scored(row)) for row in rows}
    questions = {question.id: question for question in new.questions}
    touched = [questions[c.id] for c in changes.changes if c.kind != "removed"]
    renamed = {c.renamed_from: c.id for c in changes.changes if c.renamed_from is not None}
    movements: list[Movement] = []
    if base_run is not None:
        for row in rows:
            before = next((r for r in base_run.leaderboard.rows if r.model.spec == row.model.spec), None)
            if before is not None and before.status == "ok":
                scored = _scores(base_run.scored(before), renamed), _scores(said[row.model.spec], {})
                movements += _movements(before, row, *scored)
    runs = [run for run in (base_run, new_run) if run is not None]
    return replace(
        changes,
        models=tuple(row.model.spec for row in rows),
        failed={
            row.model.spec: row.error or "the run stored no reason"
            for run in runs
            for row in run.leaderboard.rows
            if row.status != "ok"
        },
        facts=tuple(_fact(question, new, said) for question in touched),
        movements=tuple(movements),
    )


# ------------------------------------------------------------------------------------------ answers


def _fact(question: Question, corpus: Corpus, said: Mapping[str, Sequence[PredictionRow]]) -> FactImpact:
    given: dict[str, dict[str, PredictionRow]] = {
        model: {row.article: row for row in rows if row.fact == question.id and row.track == "reading"}
        for model, rows in said.items()
    }
    articles = []
    for article in corpus.in_scope(question):
        if article.id in question.partial:
            continue
        golds = question.own_golds(article.id)
        answers = tuple(
            _answer(model, rows[article.id], bool(golds))
            for model, rows in given.items()
            if article.id in rows
        )
        articles.append(ArticleAnswers(article=article.id, golds=golds, answers=answers))
    right = {
        model: [
            a.verdict == "right"
            for entry in articles
            if entry.golds
            for a in entry.answers
            if a.model == model
        ]
        for model in said
        if model not in UNRANKED
    }
    return FactImpact(
        id=question.id,
        category=question.category,
        answer_type=question.answer_type,
        relation=question.relation,
        articles=tuple(articles),
        spread=_spread(list(right.values())),
        heuristics=tuple(m for m, r in right.items() if m.startswith("baseline:") and r and all(r)),
    )


def _answer(model: str, row: PredictionRow, answerable: bool) -> GivenAnswer:
    verdict: Verdict = "wrong"
    if row.error is not None or row.missing:
        verdict = "failed"
    elif row.right:
        verdict = "right"
    elif answerable and row.scores.get("leak"):
        verdict = "leak"
    return GivenAnswer(model=model, text=row.prediction, verdict=verdict, claim=row.matched_claim)


def _spread(right: Sequence[Sequence[bool]]) -> Spread | None:
    if len(right) < 2:
        return None
    if any(one != right[0] for one in right):
        return "split"
    return "all right" if all(right[0]) else "alike" if any(right[0]) else "all wrong"


# ------------------------------------------------------------------------------------------ numbers


def _scores(rows: Iterable[PredictionRow], renamed: Mapping[str, str]) -> list[ItemScore]:
    """The scores of the answers, under the current ids of their facts."""
    return [_renamed(row, renamed[row.fact]) if row.fact in renamed else row for row in rows]


def _renamed(row: PredictionRow, fact: str) -> PredictionRow:
    return replace(row, item=str(replace(ItemId.parse(row.item), fact=fact)), fact=fact)


def _movements(
    before: Row, after: Row, base: Sequence[ItemScore], new: Sequence[ItemScore]
) -> Iterator[Movement]:
    """Yields every metric that is defined before or after, in the order of the table of metrics."""
    tables = tables_of(base), tables_of(new)
    shown: list[tuple[Track, str]] = [
        (track, metric)
        for track in TRACKS
        for metric in METRICS
        if before.metric(track, metric) is not None or after.metric(track, metric) is not None
    ]
    both = {key: terms for key in shown if (terms := _terms(tables, *key)) is not None}
    differences = {key: _difference(*terms) for key, terms in both.items()}
    for track, metric in shown:
        yield Movement(
            model=after.model.spec,
            track=track,
            metric=metric,
            before=before.metric(track, metric),
            after=after.metric(track, metric),
            difference=differences.get((track, metric)),
        )


def _difference(before: Sequence[Term], after: Sequence[Term]) -> Estimate:
    """After minus before, with its interval. The method is `none` if no fact changes the metric.

    In that case an interval would allow for facts that were never seen, and these have no part in the effect
    of an edit.
    """
    found = contrast(after, before)
    if max(np.abs(found.contributions).max(), abs(found.value)) < _NOTHING:
        return Estimate(value=0.0, low=None, high=None, method="none", n=0, clusters=found.clusters)
    low, high, method = found.interval(None, significant=True)
    return Estimate(value=found.value, low=low, high=high, method=method, n=0, clusters=found.clusters)


def _terms(tables: Tables, track: Track, metric: str) -> tuple[list[Term], list[Term]] | None:
    """The metric's terms before and after, over the facts of both versions; None if one version has none."""
    if any(track not in table for table in tables):
        return None
    pair = [(table[track].terms(metric), table[track].clusters) for table in tables]
    names = sorted({name for _, clusters in pair for name in clusters})
    spread = []
    for found, clusters in pair:
        if found is None:
            return None
        places = np.searchsorted(names, clusters)
        spread.append([_spread_out(term, places, len(names)) for term in found[0]])
    return spread[0], spread[1]


def _spread_out(term: Term, places: np.ndarray, size: int) -> Term:
    columns = []
    for values in (term.numerator, term.denominator):
        column = np.zeros(size)
        column[places] = values
        columns.append(column)
    return Term(weight=term.weight, numerator=columns[0], denominator=columns[1])
