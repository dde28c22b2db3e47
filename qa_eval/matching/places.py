"""Where an answer stands: offsets are believed only where the article says what the answer says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from qa_eval.matching.spelling import occurs
from qa_eval.records import Article, Candidate


class Place(TypedDict):
    """A span of an article, as the keyword arguments of `claim_of`; all None for an answer without one."""

    article: str | None
    start: int | None
    end: int | None


NOWHERE = Place(article=None, start=None, end=None)


def place_of(
    candidate: Candidate | None, articles: Mapping[str, Article], *, default: str | None = None
) -> Place:
    """The span of a candidate, if the text of one of `articles` (by id) at its offsets is its text.

    A candidate that names no article is looked up in `default`. Without offsets, with offsets of an article
    not among `articles`, or where something else stands at them, there is no place. Never raises.
    """
    if candidate is None or candidate.start is None or candidate.end is None:
        return NOWHERE
    name = candidate.article if candidate.article is not None else default
    article = articles.get(name) if name is not None else None
    if article is None or not 0 <= candidate.start < candidate.end:
        return NOWHERE
    if article.text[candidate.start : candidate.end] != candidate.text:
        return NOWHERE
    return Place(article=article.id, start=candidate.start, end=candidate.end)


def found_places(text: str, articles: Iterable[Article]) -> list[Place]:
    """Every place at which an article has the text, as whole words; case, quotes and blanks do not count."""
    bare = text.strip(" .,;:!?\"'“”‘’")
    return [
        Place(article=article.id, start=start, end=end)
        for article in articles
        for start, end in occurs(text, article.text) or occurs(bare, article.text)
    ]
