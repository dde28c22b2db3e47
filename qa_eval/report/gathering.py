"""What the pages are made of: models, and what each said of every question, kept small.

Files of answers are read twice, a line at a time: once for who was right where, once for the answers to the
questions that get a page. A thousand questions of fifty models therefore fit in memory, whatever the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from qa_eval.judging import stored_score
from qa_eval.leaderboard import Merged, run_names, run_of
from qa_eval.pairing import Side, common_answers
from qa_eval.provenance import gold_sha256, sha256_text
from qa_eval.public import PublicDataset
from qa_eval.records import Corpus, Example, ItemId, Question
from qa_eval.results_schema import Leaderboard, PredictionRow, Row, ScoredRow
from qa_eval.scoring import abstains
from qa_eval.store import Run, slugs

MOST_QUESTIONS = 2000
"""Questions with a page of their own; of more, those on which the models differ come first."""
CANDIDATES = 5
"""Of the n-best, kept of each answer; 3 where many models answer."""
_MANY = 10

Outcome = Literal["own", "leak", "other", "none", "failed"]
"""Where an answer fell. `own`: a claim of the article itself (without claims: right); `leak`: another
source's claim; `other`: an answer that makes no claim; `none`: no answer; `failed`: no prediction."""


Names = Mapping[str, str]
"""A run's own name of an item -> the name that it is shown under; items without are left out."""

_AnswerT = TypeVar("_AnswerT", bound=ScoredRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A row of the leaderboard with the run it is from."""

    number: int
    slug: str
    row: Row
    run: Run
    run_name: str
    """Empty where all rows are of one run."""
    confidence: NDArray[np.float64]
    """Of the canonical reading items (pooled ones, if alone) that have one."""
    correct: NDArray[np.bool_]
    """Whether those answers are right."""
    names: Names | None
    """None where all its items are shown, under their own names."""

    @property
    def name(self) -> str:
        """The spec, and the run where that is needed to tell two rows apart."""
        return f"{self.row.model.spec} · {self.run_name}" if self.run_name else self.row.model.spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One of the n-best."""

    text: str
    article: str | None
    score: float
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one model answered to one item, and what that is worth."""

    model: int
    text: str
    span: tuple[int, int] | None
    source: str | None
    """The article that the answer is from."""
    right: bool
    outcome: Outcome
    claim: str | None
    rule: str
    level: int
    detail: str
    scores: Mapping[str, float]
    score: float | None
    null_score: float | None
    threshold: float | None
    no_answer_probability: float | None
    n_best: tuple[Candidate, ...]
    truncated: bool
    error: str | None


@dataclass(slots=True, kw_only=True)
class Item:
    """One question asked of one text, with all answers."""

    id: ItemId
    golds: tuple[str, ...]
    context_sha256: str
    text: str | None = None
    """The text that was read, if it is at hand and unchanged; None on the pooled track."""
    starts: tuple[int | None, ...] = ()
    """Of golds on public data sets."""
    answers: list[Said] = field(default_factory=list)

    @property
    def right(self) -> int:
        return sum(said.right for said in self.answers)


@dataclass(slots=True, kw_only=True)
class Fact:
    """A question with its items."""

    id: str
    slug: str
    words: str
    category: str
    answer_type: str
    contested: bool
    relation: str | None
    question: Question | None
    """As authored, if it is at hand and its golds are those of the run."""
    items: list[Item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that the pages show."""

    board: Leaderboard
    """Of one run, or merged."""
    merged: Merged | None
    runs: tuple[Run, ...]
    """Oldest first."""
    models: tuple[Model, ...]
    """In the order of the leaderboard."""
    facts: tuple[Fact, ...]
    corpus: Corpus | None
    lengths: Mapping[str, int]
    """Article or context -> its characters, where the texts are at hand."""
    asked: int
    """Questions in all; `facts` may be fewer."""
    notes: tuple[str, ...]

    @property
    def public(self) -> bool:
        return self.board.data.kind == "public"


def gather(
    runs: Sequence[Run],
    merged: Merged | None,
    data: Corpus | PublicDataset | None,
    *,
    most: int = MOST_QUESTIONS,
    common: bool = False,
) -> Evidence:
    """Reads the answers of all runs. `data`: the texts; None where not at hand.

    `common`: of runs that did not ask the same, the items that all models of `merged` were asked.
    Raises InputError for files of answers that cannot be read.
    """
    board = merged.board if merged is not None else runs[0].leaderboard
    by_name = dict(zip(run_names(runs), runs, strict=True))
    rows = [(row, by_name[run_of(row)] if merged is not None else runs[0]) for row in board.rows]
    shown = _common(rows) if common else [None] * len(rows)
    right, models = _first_reading(rows, shown, several=merged is not None)
    order, notes = _chosen(right, most)
    places = {fact: n for n, fact in enumerate(order)}
    corpus = data if isinstance(data, Corpus) else None
    facts = _second_reading(models, places, corpus)
    lengths = _add_texts(facts, data)
    changed = sum(fact.question is None for fact in facts) if corpus is not None else 0
    if changed:
        notes.append(f"{changed} questions have changed since the run: what they were is shown without texts")
    return Evidence(
        board=board,
        merged=merged,
        runs=tuple(runs),
        models=models,
        facts=facts,
        corpus=corpus,
        lengths=lengths,
        asked=len(right),
        notes=tuple(notes),
    )


def _common(rows: Sequence[tuple[Row, Run]]) -> list[Names | None]:
    """Of each row the items that all of them were asked."""
    answers = common_answers([Side(run=run, row=row) for row, run in rows])
    return [{answer.item: name for name, answer in found.items()} for found in answers]


def _named(answers: Iterable[_AnswerT], names: Names | None) -> Iterator[_AnswerT]:
    """The answers to the items that have a name, under that name."""
    if names is None:
        yield from answers
        return
    for answer in answers:
        name = names.get(answer.item)
        if name is not None:
            item = ItemId.parse(name)
            yield answer.model_copy(update={"item": name, "fact": item.fact, "article": item.article})


def _first_reading(
    rows: Sequence[tuple[Row, Run]], shown: Sequence[Names | None], *, several: bool
) -> tuple[dict[str, list[bool]], tuple[Model, ...]]:
    """Fact -> whether each answer to each of its items is right; and the models."""
    right: dict[str, list[bool]] = {}
    models = []
    specs = [row.model.spec for row, _ in rows]
    # The run is named where two rows are of one model.
    told = [run_of(row) if several and specs.count(row.model.spec) > 1 else "" for row, _ in rows]
    labels = slugs([f"{spec} {name}" if name else spec for spec, name in zip(specs, told, strict=True)])
    for number, ((row, run), names, name, slug) in enumerate(zip(rows, shown, told, labels, strict=True)):
        data = run.leaderboard.data
        track = "reading" if data.items.reading else "pooled"
        confidence, correct = [], []
        for answer in _named(run.scored(row), names):
            score = stored_score(answer, by_em=data.kind == "public")
            right.setdefault(answer.fact, []).append(answer.right)
            if answer.track == track and not score.item.paraphrase and score.confidence is not None:
                confidence.append(score.confidence)
                correct.append(score.correct)
        models.append(
            Model(
                number=number,
                slug=slug,
                row=row,
                run=run,
                run_name=name,
                confidence=np.array(confidence, dtype=np.float64),
                correct=np.array(correct, dtype=np.bool_),
                names=names,
            )
        )
    return right, tuple(models)


def _chosen(right: Mapping[str, Sequence[bool]], most: int) -> tuple[list[str], list[str]]:
    """The facts that get a page, in the order asked."""
    if len(right) <= most:
        return list(right), []

    def telling(fact: str) -> int:
        return 0 if any(right[fact]) and not all(right[fact]) else 1 if not any(right[fact]) else 2

    kept = set(sorted(right, key=telling)[:most])
    note = (
        f"{most} of {len(right)} questions have a page: those on which the models differ, then those that "
        "none answered right. All numbers are of all questions."
    )
    return [fact for fact in right if fact in kept], [note]


def _second_reading(
    models: Sequence[Model], places: Mapping[str, int], corpus: Corpus | None
) -> tuple[Fact, ...]:
    questions = {q.id: (q, gold_sha256(q)) for q in corpus.questions} if corpus is not None else {}
    answering = sum(model.row.predictions is not None for model in models)
    candidates = CANDIDATES if answering <= _MANY else 3
    facts: dict[str, Fact] = {}
    items: dict[str, Item] = {}
    names = dict(zip(places, slugs(list(places)), strict=True))
    for model in models:
        for answer in _named(model.run.stream(model.row), model.names):
            if answer.fact not in places:
                continue
            question, golds = questions.get(answer.fact, (None, ""))
            if question is not None and golds != answer.gold_sha256:
                question = None
            fact = facts.get(answer.fact)
            if fact is None:
                fact = facts[answer.fact] = _fact(answer, names[answer.fact], question)
            item = items.get(answer.item)
            if item is None:
                item = items[answer.item] = Item(
                    id=ItemId.parse(answer.item),
                    golds=tuple(answer.golds),
                    context_sha256=answer.context_sha256,
                )
                fact.items.append(item)
            item.answers.append(_said(model.number, answer, question, candidates))
    return tuple(facts[fact] for fact in places if fact in facts)


def _fact(answer: PredictionRow, slug: str, question: Question | None) -> Fact:
    return Fact(
        id=answer.fact,
        slug=slug,
        words=question.question if question is not None else answer.question,
        category=question.category if question is not None else answer.category,
        answer_type=question.answer_type if question is not None else answer.answer_type,
        contested=question.contested if question is not None else answer.contested,
        relation=question.relation if question is not None else answer.relation,
        question=question,
        items=[],
    )


def _said(model: int, answer: PredictionRow, question: Question | None, candidates: int) -> Said:
    return Said(
        model=model,
        text=answer.prediction,
        span=answer.span,
        source=answer.source_article,
        right=answer.right,
        outcome=_outcome(answer, question),
        claim=answer.matched_claim,
        rule=answer.match.rule,
        level=answer.match.level,
        detail=answer.match.detail,
        scores={k: v for k, v in answer.scores.items() if k in ("em", "f1", "em_any", "f1_any")},
        score=answer.score,
        null_score=answer.null_score,
        threshold=answer.threshold,
        no_answer_probability=answer.no_answer_probability,
        n_best=tuple(
            Candidate(text=c.text, article=c.article, score=c.score, probability=c.probability)
            for c in answer.n_best[:candidates]
        ),
        truncated=answer.truncated,
        error=answer.error or ("the model gave no prediction" if answer.missing else None),
    )


def _outcome(answer: PredictionRow, question: Question | None) -> Outcome:
    if answer.missing or answer.error is not None:
        return "failed"
    if abstains(answer.prediction):
        return "none"
    if question is None:
        return "own" if answer.match.ok else "other"
    if answer.matched_claim is None:
        # A wording that names two of the article's claims is credited without being one of them.
        return "own" if answer.match.ok else "other"
    own = question.claims if answer.track == "pooled" else question.own_claims(answer.article)
    return "own" if any(claim.id == answer.matched_claim for claim in own) else "leak"


def _add_texts(facts: Iterable[Fact], data: Corpus | PublicDataset | None) -> dict[str, int]:
    """Puts its text to every item of which it is at hand. Returns the lengths of all texts."""
    if data is None:
        return {}
    if isinstance(data, Corpus):
        texts = {a.id: (a.text, sha256_text(a.text)) for a in data.articles}
        for item in (item for fact in facts for item in fact.items):
            text, digest = texts.get(item.id.article, (None, ""))
            item.text = text if digest == item.context_sha256 else None
        return {a.id: len(a.text) for a in data.articles}
    items = {str(item.id): (fact, item) for fact in facts for item in fact.items}
    lengths = {}
    for example in data:
        lengths[example.context_id] = len(example.context)
        if (found := items.get(str(example.item))) is not None:
            _add_example(*found, example)
    return lengths


def _add_example(fact: Fact, item: Item, example: Example) -> None:
    if sha256_text(example.context) == item.context_sha256:
        item.text = example.context
        item.starts = example.starts if item.golds == example.golds else ()
    fact.words = fact.words or example.question
