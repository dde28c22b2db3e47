"""What a model answers in each article, grouped into draft claims: where the sources may disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_eval.engines.local import LocalEngine
from qa_eval.metrics.typed import same_claim
from qa_eval.models import Model
from qa_eval.questions.drafting import Draft, Hit, draft_question
from qa_eval.records import Answer, AnswerType, Article, Instance, Prediction, Question
from qa_eval.scoring import decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model says of one article."""

    article: str
    answer: Answer
    """Decided at threshold 0; its text is empty where the model abstains."""
    group: int | None
    """Which draft claim it makes, from 0; None where the model abstains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """All replies, and the question they would make."""

    replies: tuple[Reply, ...]
    """In the order of the articles."""
    claims: tuple[tuple[str, ...], ...]
    """The distinct texts of each draft claim."""
    draft: Question | None
    """None where the model abstains on every article."""


def probe_question(
    question: str, answer_type: AnswerType, category: str, articles: Sequence[Article], model: Model
) -> Probe:
    """Asks a model the question of every article. Raises ModelFailedError where it cannot answer at all.

    Answers that match strictly, in either direction, at level 2 or above are one draft claim. It is a draft:
    a person still has to read the articles.
    """
    asked = [
        Instance(item=f"probe@{a.id}", question=question, context=a.text, article=a.id) for a in articles
    ]
    said: dict[str, Prediction] = {}
    LocalEngine().predict(model, asked, lambda found: said.update({p.item: p for p in found}))
    decided = {
        a.id: decide(said.get(f"probe@{a.id}", Prediction(item=f"probe@{a.id}", error="no answer")))
        for a in articles
    }
    groups: list[list[str]] = []
    replies = [
        Reply(article=id, answer=answer, group=_join(groups, answer.text, answer_type))
        for id, answer in decided.items()
    ]
    drafts = [
        Draft(wordings=tuple(texts), hits=tuple(_hits(replies, number)))
        for number, texts in enumerate(groups)
    ]
    draft = draft_question(question, answer_type, category, drafts, articles) if drafts else None
    return Probe(replies=tuple(replies), claims=tuple(map(tuple, groups)), draft=draft)


def _join(groups: list[list[str]], text: str, answer_type: AnswerType) -> int | None:
    if not text:
        return None
    for number, group in enumerate(groups):
        if any(same_claim(text, other, answer_type) for other in group):
            if text not in group:
                group.append(text)
            return number
    groups.append([text])
    return len(groups) - 1


def _hits(replies: Sequence[Reply], number: int) -> list[Hit]:
    found = []
    for reply in replies:
        span = reply.answer.candidate
        if reply.group == number and span is not None and span.start is not None and span.end is not None:
            found.append(
                Hit(article=reply.article, start=span.start, end=span.end, text=span.text, rule="model")
            )
    return found
