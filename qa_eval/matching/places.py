"""Where an answer stands: offsets are believed only where the article says what the answer says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from qa_eval.matching.spelling import occurs
from qa_eval.records import Article, Candidate, Span


def place_of(
    candidate: Candidate | None, articles: Mapping[str, Article], *, default: str | None = None
) -> Span | None:
    """The span of a candidate, if the text of one of `articles` (by id) at its offsets is its text.

    A candidate that names no article is looked up in `default`. Without offsets, with offsets of an article
    not among `articles`, or where something else stands at them, there is no place. Never raises.
    """
    if candidate is None:
        return None
    if candidate.article is None:
        candidate = replace(candidate, article=default)
    span = candidate.span
    article = articles.get(span.article) if span is not None and span.article is not None else None
    if span is None or article is None or span.start < 0 or span.text(article.text) != candidate.text:
        return None
    return span


def found_places(text: str, articles: Iterable[Article]) -> list[Span]:
    """Every place at which an article has the text, as whole words; case, quotes and blanks do not count."""
    bare = text.strip(" .,;:!?\"'“”‘’")
    return [
        replace(span, article=article.id)
        for article in articles
        for span in occurs(text, article.text) or occurs(bare, article.text)
    ]
