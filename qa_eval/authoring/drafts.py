"""From answers as text to a question: where the articles state them, which articles are silent, and the ids.

The functions are pure. They leave to a person what a person must decide: which places really state an answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from qa_eval.authoring.canonical_lines import arrange
from qa_eval.data.checks.question_checks import find_wording, kebab_case, words
from qa_eval.errors import QaEvalError
from qa_eval.matching.answer_types import ExpressionType
from qa_eval.matching.typed import match
from qa_eval.models.expressions import find_expressions
from qa_eval.records import AnswerType, Article, Claim, Evidence, Question, Relation, Span
from qa_eval.text.phrases import free_name, quote, suggestion

_EXPRESSIONS: dict[AnswerType, ExpressionType] = {
    "number": "number", "duration": "duration", "percent": "percent", "age": "age", "money": "money",
    "date": "date",
}  # fmt: skip
"""Answer types whose values have a shape by which they can be found in a text."""
ID_WORDS = 5
_SMALL = frozenset(
    words(
        "what who whom whose which when where why how many much did do does was were is are of in on at "
        "by to for from and or that it its his her their with had has have after before"
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place in an article that may state an answer."""

    article: str
    span: Span
    """Place in the article."""
    text: str
    rule: str
    """Rule: `wording` if the words occur there, else the rule of `match` by which the value is equal."""

    @property
    def name(self) -> str:
        """`ARTICLE:START`, as `--skip` takes it."""
        return f"{self.article}:{self.span.start}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One answer with its accepted wordings and the places chosen for it."""

    wordings: tuple[str, ...]
    hits: tuple[Hit, ...]


def find_hits(wordings: Sequence[str], articles: Sequence[Article], answer_type: AnswerType) -> list[Hit]:
    """Every place that has one of the wordings, or a number or date of the same value, in reading order.

    Of places that overlap, only the longest is returned.
    """
    found: list[Hit] = []
    for article in articles:
        spans = {span: "wording" for wording in wordings for span in find_wording(wording, article.text)}
        for span, rule in _same_values(wordings, article.text, answer_type):
            spans.setdefault(span, rule)
        last = -1
        for span, rule in sorted(spans.items(), key=lambda found: (found[0].start, -found[0].end)):
            if span.start >= last:
                place = replace(span, article=article.id)
                found.append(Hit(article=article.id, span=place, text=span.text(article.text), rule=rule))
                last = span.end
    return found


def _same_values(wordings: Sequence[str], text: str, answer_type: AnswerType) -> Iterator[tuple[Span, str]]:
    kind = _EXPRESSIONS.get(answer_type)
    for span in find_expressions(kind, text) if kind is not None else ():
        for wording in wordings:
            judged = match(span.text(text), wording, answer_type, strict=True)
            if judged.makes_claim:
                yield span, judged.rule
                break


def inside_longer(hit: Hit, others: Sequence[Hit]) -> bool:
    """Whether the place is part of a longer place of another answer, such as "400" in "over 400"."""
    return any(hit.span in other.span and hit.span != other.span for other in others)


def draft_question(
    question: str,
    answer_type: AnswerType,
    category: str,
    answers: Sequence[Draft],
    articles: Sequence[Article],
    *,
    taken: Collection[str] = (),
    id: str | None = None,
    paraphrases: Sequence[str] = (),
    relation: Relation | None = None,
    partial: Sequence[str] = (),
    scope: tuple[str, ...] | str | None = None,
    note: str = "",
) -> Question:
    """The question as a record. An article is silent if it has no place and is not in `partial`.

    `articles` are the articles in scope.

    Wordings that occur in no place become aliases. An answer without any place still becomes a claim, which
    the checks then refuse.
    """
    claims: list[Claim] = []
    for answer in answers:
        evidence = tuple(Evidence(article=h.article, text=h.text, start=h.span.start) for h in answer.hits)
        said = {e.text.casefold() for e in evidence}
        others = [w for w in answer.wordings if w.casefold() not in said] if evidence else []
        name = claim_id(answer.wordings[0], [c.id for c in claims])
        claims.append(Claim(id=name, evidence=evidence, aliases=tuple(dict.fromkeys(others))))
    answering = {e.article for c in claims for e in c.evidence}
    record = Question(
        id=id or question_id(question, taken),
        question=question,
        category=category,
        answer_type=answer_type,
        claims=tuple(claims),
        paraphrases=tuple(paraphrases),
        relation=relation,
        silent=tuple(a.id for a in articles if a.id not in answering and a.id not in partial),
        partial=tuple(partial),
        scope=scope,
        note=note,
    )
    texts: Mapping[str, str] = {a.id: a.text for a in articles}
    return arrange(record, texts)


def chosen_scope(
    names: Sequence[str], articles: Sequence[Article]
) -> tuple[tuple[str, ...] | str | None, tuple[Article, ...]]:
    """The scope that names of articles, or one topic of them, make, and the articles in it.

    No name is no scope. Raises QaEvalError for a name that is neither.

    >>> articles = [Article(id="a", text="", topic="rain"), Article(id="b", text="", topic="snow")]
    >>> scope, inside = chosen_scope(["snow"], articles)
    >>> scope, [article.id for article in inside]
    ('snow', ['b'])
    """
    ids = [article.id for article in articles]
    topics = sorted({article.topic for article in articles if article.topic is not None})
    if not names:
        return None, tuple(articles)
    if len(names) == 1 and names[0] in topics:
        return names[0], tuple(article for article in articles if article.topic == names[0])
    for name in names:
        if name not in ids:
            what = "no article or topic" if len(names) == 1 else "no article"
            raise QaEvalError(f"scope: {what} is called {quote(name)}{suggestion(name, [*ids, *topics])}")
    return tuple(names), tuple(article for article in articles if article.id in names)


def question_id(question: str, taken: Collection[str]) -> str:
    """A kebab-case id made of the distinctive words of a question. No other question has it.

    >>> question_id("How many militants died in the battle?", ["militants-died-battle"])
    'militants-died-battle-2'
    """
    telling = [w for w in words(question) if w not in _SMALL] or words(question)
    return free_name(kebab_case(" ".join(telling[:ID_WORDS])) or "fact", taken)


def claim_id(wording: str, taken: Collection[str]) -> str:
    """A short id of an answer. Letters of other scripts stay as they are.

    >>> claim_id("Over 400", []), claim_id("четыреста", [])
    ('over-400', 'четыреста')
    """
    plain = kebab_case(wording) if wording.isascii() else "-".join(wording.split())
    plain = "".join(c for c in plain if c not in "@~*")[:40].strip("-")
    return free_name(plain or "claim", taken)
