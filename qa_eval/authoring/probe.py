"""Asks a model a question of each article and groups its answers into draft claims.

More than one draft claim is a hint that the sources disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_eval.authoring.drafts import Draft, Hit, claim_id, draft_question
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.matching.typed import same_claim
from qa_eval.metrics.decisions import abstains, decide
from qa_eval.models.protocol import Model
from qa_eval.records import Answer, AnswerType, Article, Candidate, Instance, Prediction, Question, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbedAnswer:
    """A text that a model finds in an article, and the draft claim that it would make."""

    text: str
    claim: str
    start: int | None
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A model's reply for one article."""

    article: str
    answer: Answer
    """Answer; its text is empty if the model abstains."""
    claim: str | None
    """Id of the draft claim that the answer makes. None if the model abstains."""
    others: tuple[ProbedAnswer, ...]
    """Next best texts, one for each further claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """All replies, and the question that they would make."""

    replies: tuple[Reply, ...]
    """Replies, in the order of the articles."""
    draft: Question | None
    """Draft made of the answers alone, without the next best texts. None if the model abstains on every
    article."""


class _Claims:
    """Texts grouped by the claim they make. Two texts make one claim if they `match` strictly in either
    direction.
    """

    def __init__(self, answer_type: AnswerType) -> None:
        self.answer_type = answer_type
        self.texts: dict[str, list[str]] = {}
        """Distinct texts of each claim, by its id."""

    def join(self, text: str) -> str | None:
        """The id of the claim that the text makes; None for a text that abstains."""
        if abstains(text):
            return None
        for name, group in self.texts.items():
            if any(same_claim(text, other, self.answer_type) for other in group):
                if text not in group:
                    group.append(text)
                return name
        name = claim_id(text, self.texts)
        self.texts[name] = [text]
        return name


def probe_question(
    question: str,
    answer_type: AnswerType,
    category: str,
    articles: Sequence[Article],
    model: Model,
    *,
    n_best: int = 3,
    threshold: float = 0.0,
    scope: tuple[str, ...] | str | None = None,
) -> Probe:
    """Asks a model the question of every article. Raises ModelFailedError if the model cannot answer at all.

    For each article up to `n_best` texts are kept, including the answer. They make different claims, at
    places that do not overlap. `articles` are those in `scope`, which the draft gets.
    The draft is only a draft: a person still has to read the articles.
    """
    asked = [
        Instance(item=f"probe@{a.id}", question=question, context=a.text, article=a.id) for a in articles
    ]
    given = {p.item: p for some in LocalEngine().predict(model, asked) for p in some}
    decided = {
        one.article: decide(
            given.get(one.item, Prediction(item=one.item, error="no answer")), threshold=threshold
        )
        for one in asked
    }
    claims = _Claims(answer_type)
    made = {article: claims.join(answer.text) for article, answer in decided.items()}
    drafted = {name: tuple(texts) for name, texts in claims.texts.items()}
    replies = [
        Reply(
            article=article,
            answer=answer,
            claim=made[article],
            others=tuple(_others(answer, made[article], claims, n_best)),
        )
        for article, answer in decided.items()
    ]
    drafts = [Draft(wordings=texts, hits=tuple(_hits(replies, name))) for name, texts in drafted.items()]
    draft = draft_question(question, answer_type, category, drafts, articles, scope=scope) if drafts else None
    return Probe(replies=tuple(replies), draft=draft)


def _others(answer: Answer, made: str | None, claims: _Claims, n_best: int) -> Iterator[ProbedAnswer]:
    """Yields the best text of each further claim, in the model's order. Their places do not overlap."""
    seen = {made}
    kept = [answer.candidate] if answer.candidate is not None else []
    for one in answer.n_best:
        if len(seen) - (made is None) >= n_best:
            return
        if any(_overlap(one, other) for other in kept):
            continue
        name = claims.join(one.text)
        if name is not None and name not in seen:
            seen.add(name)
            kept.append(one)
            yield ProbedAnswer(text=one.text, claim=name, start=one.start, probability=one.probability)


def _overlap(one: Candidate, other: Candidate) -> bool:
    spans = [Span(c.start, c.end) for c in (one, other) if c.start is not None and c.end is not None]
    return len(spans) == 2 and spans[0].overlaps(spans[1])


def _hits(replies: Sequence[Reply], claim: str) -> list[Hit]:
    answers = [(r.article, r.answer.candidate) for r in replies if r.claim == claim]
    return [
        Hit(article=article, span=Span(chosen.start, chosen.end, article), text=chosen.text, rule="model")
        for article, chosen in answers
        if isinstance(chosen, Candidate) and chosen.start is not None and chosen.end is not None
    ]
