"""The content of all pages: the models, and the answer of each model to every question.

Files of answers are read one line at a time, and only what the pages show is kept in memory. If there are
more questions than pages, the files are read twice. The first pass finds which answers are right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from qa_eval.data.article_labels import article_labels
from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.content_hashes import gold_sha256
from qa_eval.data.dataset import Dataset
from qa_eval.files.hashes import combine_sha256, sha256_text
from qa_eval.metrics.decisions import abstains
from qa_eval.metrics.listings import answer_scores
from qa_eval.metrics.reasons import WORDS_RULE, deciding_rule, why
from qa_eval.metrics.worded_scores import source_names
from qa_eval.models.protocol import spec_labels
from qa_eval.records import Corpus, Example, ItemId, Match, Question, Span
from qa_eval.runs.common_items import Side, common_answers
from qa_eval.runs.data_kinds import data_kind
from qa_eval.runs.leaderboard.merged_runs import Merged, run_names, run_of
from qa_eval.runs.rows import closed_book_answer
from qa_eval.runs.run_folder import slugs
from qa_eval.runs.schema import Leaderboard, PredictionRow, Row
from qa_eval.runs.store import Run
from qa_eval.text.terminal import clean

MOST_QUESTIONS = 2000
"""Largest number of questions with a page. Questions on which the models differ come first."""
CANDIDATES = 5
"""Number of candidates from the n-best that are kept for each answer."""
_MANY, _FEW_CANDIDATES = 10, 3
"""Number of models above which fewer candidates are kept, and the number of candidates then."""

Outcome = Literal["own", "leak", "other", "none", "failed"]
"""Kind of an answer: `own` makes a claim of the article itself (on data without claims: is right), `leak`
makes another source's claim, `other` makes no claim, `none` is no answer, `failed` has no prediction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportModel:
    """A row of the leaderboard with the run that it comes from."""

    number: int
    slug: str
    row: Row
    run: Run
    label: str
    """Spec of the model, without what does not distinguish the rows (`spec_labels`)."""
    run_name: str
    """Name of the run; empty if all rows come from one run."""
    confidence: NDArray[np.float64]
    """Confidences of the answers to canonical reading items, or pooled items if there are no reading items.

    Answers without a confidence are left out."""
    correct: NDArray[np.bool_]
    """Whether each answer in `confidence` is right."""

    @property
    def name(self) -> str:
        """Label of the model, with the name of the run if two rows have the same spec."""
        return f"{self.label} · {self.run_name}" if self.run_name else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCandidate:
    """A candidate from the n-best of an answer."""

    text: str
    article: str | None
    score: float
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAnswer:
    """The answer of one model to one item, with its verdict and scores."""

    model: int
    text: str
    span: Span | None
    source: str | None
    """Article that the answer comes from."""
    right: bool
    outcome: Outcome
    claims: tuple[str, ...]
    """Ids of the claims that the answer makes. A span makes one at most."""
    why: str
    """Sentence that says why the answer is right or wrong."""
    match: Match
    """Rule that decided the verdict."""
    scores: Mapping[str, float]
    score: float | None
    null_score: float | None
    threshold: float | None
    no_answer_probability: float | None
    confidence: float | None
    """Confidence of the model that its answer is right, also if it gave no answer."""
    n_best: tuple[ShownCandidate, ...]
    truncated: bool
    error: str | None
    aligned: Span | None = None
    """Place of the words of an answer without a span."""
    in_words: bool = False
    """Whether the answer was read as an answer in words. What it asserts then decides the verdict."""
    acknowledges: bool = False
    """Whether the answer in words says or shows that sources differ."""
    closed_book: tuple[str | None] | None = None
    """Answer to the question without any passage, as the only part; the part is None if the prompt failed.
    None if it was not asked."""
    reordered: tuple[str | None, ...] | None = None
    """Answers with the passages in other orders. None if it was not asked so, or in place of one that
    failed."""

    @property
    def level(self) -> int | None:
        """Level of the rule; None for the rule of answers in words, which has no levels."""
        return None if self.match.rule == WORDS_RULE else self.match.level


@dataclass(slots=True, kw_only=True)
class Item:
    """A question about one text, or about all texts, with the answers of all models."""

    id: ItemId
    golds: tuple[str, ...]
    context_sha256: str
    texts: Mapping[str, str] = field(default_factory=dict)
    """Map from article to its text; empty unless all texts of the item are available and unchanged."""
    starts: tuple[int | None, ...] = ()
    """Start offsets of the golds, on public data sets."""
    answers: list[ShownAnswer] = field(default_factory=list)

    @property
    def right(self) -> int:
        return sum(said.right for said in self.answers)

    @property
    def anchor(self) -> str:
        """Permanent id of the item on its page."""
        return anchor(self.id)


@dataclass(slots=True, kw_only=True)
class Fact:
    """A question with its items."""

    id: str
    slug: str
    """Stem of the file name of the question's page."""
    words: str
    category: str
    answer_type: str
    contested: bool
    relation: str | None
    question: Question | None
    """Authored question, if it is available and has the same golds as the run."""
    items: list[Item]
    sources: Mapping[str, str] = field(default_factory=dict)
    """Map from each article that was asked to what an answer may call it; empty without the articles."""
    publishers: Mapping[str, str] = field(default_factory=dict)
    """Map from passage to its publisher, for a fact with its own passages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """The content of all pages."""

    board: Leaderboard
    """Leaderboard of one run, or of all runs merged."""
    merged: Merged | None
    runs: tuple[Run, ...]
    """Runs, oldest first."""
    models: tuple[ReportModel, ...]
    """Models in the order of the leaderboard."""
    facts: tuple[Fact, ...]
    corpus: Corpus | None
    lengths: Mapping[str, int]
    """Map from article or context to its number of characters; empty if the texts are not available."""
    asked: int
    """Number of all questions. `facts` may hold fewer."""
    notes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the run, or names of all runs."""
        return ", ".join(dict.fromkeys(run.leaderboard.name for run in self.runs))

    @property
    def article_names(self) -> Mapping[str, str]:
        """Map from article to its short name; empty if the run stores none and there are no texts."""
        stored = self.board.data.article_labels
        return stored or article_labels(self.corpus.articles if self.corpus is not None else ())

    @property
    def public(self) -> bool:
        return not data_kind(self.board.data).has_claims

    @property
    def scored(self) -> bool:
        """Whether answers are scored. They are not if the data set has no answers."""
        return self.board.scored


def anchor(item: object) -> str:
    """The permanent id of an item on its page: the item's id, with special characters percent-encoded.

    >>> anchor("recaptured-city~2@000_825e"), anchor("a b@c0")
    ('recaptured-city~2@000_825e', 'a%20b@c0')
    """
    return quote(clean(str(item)), safe="@~*")


def gather(
    runs: Sequence[Run],
    merged: Merged | None,
    data: Corpus | Dataset | None,
    *,
    most: int = MOST_QUESTIONS,
    common: bool = False,
) -> ReportContent:
    """Reads the answers of all runs, and returns the content of all pages.

    `data` holds the texts; None if they are not available. `common` keeps only the items that all models of
    `merged` have, for runs on different items. Raises InputError for files of answers that cannot be read.
    """
    board = merged.board if merged is not None else runs[0].leaderboard
    by_name = dict(zip(run_names(runs), runs, strict=True))
    rows = [(row, by_name[run_of(row)] if merged is not None else runs[0]) for row in board.rows]
    shown = _common(rows) if common else [None] * len(rows)
    asked = [_Asked(row=row, run=run, names=names) for (row, run), names in zip(rows, shown, strict=True)]
    kept = _most_telling(asked, most) if board.data.facts > most else None
    corpus = data if isinstance(data, Corpus) else None
    questions = _questions_of(data, kept)
    labels = board.data.article_labels or article_labels(corpus.articles if corpus is not None else ())
    models, facts = _read(asked, kept, questions, labels, several=merged is not None)
    lengths = _add_texts(facts, data)
    notes = []
    if kept is not None:
        notes.append(
            f"{len(kept)} of {board.data.facts} questions have a page: first those on which models differ, "
            "then those that no model answered right. All scores cover all questions."
        )
    if alone := [run.leaderboard.name for run in runs if run.is_alone]:
        notes.append(f"the answers are not stored with {', '.join(alone)}: only its numbers are shown")
    changed = sum(fact.question is None for fact in facts) if questions else 0
    if changed:
        notes.append(f"{changed} questions have changed since the run; they are shown without texts")
    return ReportContent(
        board=board,
        merged=merged,
        runs=tuple(runs),
        models=models,
        facts=facts,
        corpus=corpus,
        lengths=lengths,
        asked=board.data.facts,
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A row, with the choice of its items that are shown."""

    row: Row
    run: Run
    names: Mapping[str, str] | None
    """Map from the run's name of an item to the name that is shown; None to show all items as they are."""

    def scored(self) -> Iterator[PredictionRow]:
        """The answers without their candidates, which is much faster to read."""
        if self.run.is_alone:
            return iter(())
        return map(self._named, filter(self._is_shown, self.run.scored(self.row)))

    def answers(self) -> Iterator[PredictionRow]:
        if self.run.is_alone:
            return iter(())
        return map(self._named, filter(self._is_shown, self.run.stream(self.row)))

    def _is_shown(self, answer: PredictionRow) -> bool:
        return self.names is None or answer.item in self.names

    def _named(self, answer: PredictionRow) -> PredictionRow:
        if self.names is None or self.names[answer.item] == answer.item:
            return answer
        item = ItemId.parse(self.names[answer.item])
        return replace(answer, item=str(item), fact=item.fact, article=item.article)


def _common(rows: Sequence[tuple[Row, Run]]) -> list[Mapping[str, str] | None]:
    """For each row, the items that all rows have."""
    answers = common_answers([Side(run=run, row=row) for row, run in rows])
    return [{answer.item: name for name, answer in found.items()} for found in answers]


def _most_telling(asked: Sequence[_Asked], most: int) -> frozenset[str]:
    """The facts that get a page: first those with right and wrong answers, then the rest, all wrong first."""
    right: dict[str, list[bool]] = {}
    for one in asked:
        for answer in one.scored():
            right.setdefault(answer.fact, []).append(answer.right)

    def telling(fact: str) -> int:
        return 0 if any(right[fact]) and not all(right[fact]) else 1 if not any(right[fact]) else 2

    return frozenset(sorted(right, key=telling)[:most])


def _read(
    asked: Sequence[_Asked],
    kept: frozenset[str] | None,
    known: Iterable[Question],
    labels: Mapping[str, str],
    *,
    several: bool,
) -> tuple[tuple[ReportModel, ...], tuple[Fact, ...]]:
    """All models, and the facts that are kept, in the order of the run."""
    questions = {q.id: (q, gold_sha256(q)) for q in known}
    answering = sum(one.row.predictions is not None for one in asked)
    candidates = CANDIDATES if answering <= _MANY else _FEW_CANDIDATES
    facts: dict[str, Fact] = {}
    items: dict[str, Item] = {}
    models = []
    names = spec_labels(one.row.model.spec for one in asked)
    for number, (one, name, slug) in enumerate(_labelled(asked, several=several)):
        data = one.run.leaderboard.data
        track = "reading" if data.items.reading else "pooled"
        confidence, correct = [], []
        for answer in one.answers():
            believed = answer.scored_confidence
            if answer.track == track and not answer.paraphrase and believed is not None:
                confidence.append(believed)
                correct.append(answer.correct)
            if kept is not None and answer.fact not in kept:
                continue
            question, golds = questions.get(answer.fact, (None, ""))
            if question is not None and golds != answer.gold_sha256:
                question = None
            fact = facts.get(answer.fact)
            if fact is None:
                fact = facts[answer.fact] = _fact(answer, question)
            item = items.get(answer.item)
            if item is None:
                item = items[answer.item] = Item(
                    id=ItemId.parse(answer.item), golds=answer.golds, context_sha256=answer.context_sha256
                )
                fact.items.append(item)
            item.answers.append(_said(number, answer, question, candidates, labels))
        models.append(
            ReportModel(
                number=number,
                slug=slug,
                row=one.row,
                run=one.run,
                label=names[one.row.model.spec],
                run_name=name,
                confidence=np.array(confidence, dtype=np.float64),
                correct=np.array(correct, dtype=np.bool_),
            )
        )
    for fact, slug in zip(facts.values(), slugs(list(facts)), strict=True):
        fact.slug = slug
    return tuple(models), tuple(facts.values())


def _questions_of(data: Corpus | Dataset | None, kept: frozenset[str] | None) -> Sequence[Question]:
    """The questions with claims that are shown; none of a data set without claims."""
    if isinstance(data, Corpus):
        return data.questions
    return () if data is None else data.authored(kept)


def _labelled(asked: Sequence[_Asked], *, several: bool) -> Iterator[tuple[_Asked, str, str]]:
    """Each row with the name of its run, if two rows have the same model, and its file name."""
    specs = [one.row.model.spec for one in asked]
    runs = [run_of(one.row) if several and specs.count(one.row.model.spec) > 1 else "" for one in asked]
    named = [f"{spec} {name}" if name else spec for spec, name in zip(specs, runs, strict=True)]
    return zip(asked, runs, slugs(named), strict=True)


def _fact(answer: PredictionRow, question: Question | None) -> Fact:
    return Fact(
        id=answer.fact,
        slug="",
        words=question.question if question is not None else answer.question,
        category=question.category if question is not None else answer.category,
        answer_type=question.answer_type if question is not None else answer.answer_type,
        contested=question.contested if question is not None else answer.contested,
        relation=question.relation if question is not None else answer.relation,
        question=question,
        items=[],
    )


def _said(
    model: int,
    answer: PredictionRow,
    question: Question | None,
    candidates: int,
    labels: Mapping[str, str],
) -> ShownAnswer:
    return ShownAnswer(
        model=model,
        text=answer.prediction,
        span=None if answer.span is None else Span(*answer.span),
        aligned=None if answer.aligned is None else Span(*answer.aligned[1:], answer.aligned[0]),
        source=answer.source_article,
        right=answer.right,
        outcome=_outcome(answer, question),
        claims=answer.claims,
        why=why(answer, _makers(answer, question, labels)),
        match=deciding_rule(answer),
        scores=answer_scores(answer.scores),
        score=answer.score,
        null_score=answer.null_score,
        threshold=answer.threshold,
        no_answer_probability=answer.no_answer_probability,
        confidence=answer.scored_confidence,
        n_best=tuple(
            ShownCandidate(text=c.text, article=c.article, score=c.score, probability=c.probability)
            for c in answer.n_best[:candidates]
        ),
        truncated=answer.truncated,
        in_words=answer.verdict is not None,
        acknowledges=answer.verdict is not None and answer.scores.get("acknowledged") == 1,
        closed_book=closed_book_answer(answer),
        reordered=answer.reordered,
        error=answer.error or ("the model gave no prediction" if answer.missing else None),
    )


def _makers(answer: PredictionRow, question: Question | None, labels: Mapping[str, str]) -> list[str]:
    """The labels of the articles that make a claim of the answer."""
    if question is None:
        return []
    made = {a for claim in question.claims if claim.id in answer.claims for a in claim.articles}
    return [label for article, label in labels.items() if article in made]


def _outcome(answer: PredictionRow, question: Question | None) -> Outcome:
    if answer.missing or answer.error is not None:
        return "failed"
    if abstains(answer.prediction) or answer.verdict == "abstains":
        return "none"
    if question is None or not answer.claims:
        # A span that names two of the article's claims is right, although it matches neither claim.
        return "own" if answer.right else "other"
    own = question.claims if answer.track == "pooled" else question.own_claims(answer.article)
    return "own" if {claim.id for claim in own}.issuperset(answer.claims) else "leak"


def _add_texts(facts: Iterable[Fact], data: Corpus | Dataset | None) -> dict[str, int]:
    """Adds the texts to all items whose texts are available, and returns the lengths of all texts."""
    if data is None:
        return {}
    if isinstance(data, ClaimSet):
        shown = {fact.id: fact for fact in facts}
        for passages in data:
            if (one := shown.get(passages.question.id)) is not None:
                _add_texts([one], passages.corpus)
                one.publishers = {p.id: p.publisher for p in passages.passages if p.publisher}
        return {}
    if isinstance(data, Corpus):
        texts = {a.id: a.text for a in data.articles}
        hashes = {id: sha256_text(text) for id, text in texts.items()}
        for fact, item in ((one, item) for one in facts for item in one.items):
            if fact.question is not None and not fact.sources:
                fact.sources = {a.id: source_names(a) for a in data.in_scope(fact.question)}
            if item.id.track == "pooled":
                asked = data.in_scope(fact.question) if fact.question is not None else data.articles
                same = item.context_sha256 == combine_sha256({a.id: hashes[a.id] for a in asked})
                item.texts = {a.id: a.text for a in asked} if same else {}
            elif item.context_sha256 == hashes.get(item.id.article):
                item.texts = {item.id.article: texts[item.id.article]}
        return {id: len(text) for id, text in texts.items()}
    items = {str(item.id): (fact, item) for fact in facts for item in fact.items}
    lengths = {}
    for example in data:
        lengths[example.context_id] = len(example.context)
        if (found := items.get(str(example.item))) is not None:
            _add_example(*found, example)
    return lengths


def _add_example(fact: Fact, item: Item, example: Example) -> None:
    if sha256_text(example.context) == item.context_sha256:
        item.texts = {item.id.article: example.context}
        item.starts = example.starts if item.golds == example.golds else ()
    fact.words = fact.words or example.question
