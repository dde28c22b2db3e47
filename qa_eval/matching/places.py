"""The place of an answer. Offsets count only if the article has the answer's text there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from qa_eval.matching.spelling import occurs
from qa_eval.records import Article, Candidate, Span


def place_of(
    candidate: Candidate | None, articles: Mapping[str, Article], *, default: str | None = None
) -> Span | None:
    """The span of a candidate, if the text of one of `articles` (by id) at its offsets is its text.

    If the candidate names no article, the article is `default`. The result is None without offsets, for an
    article that is not among `articles`, and if the article has another text at the offsets. Never raises an
    error.
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


def aligned_place(text: str, articles: Iterable[Article]) -> Span | None:
    """The place of a passage that has the words of an answer: exactly, or else without regard to case, quotes
    and white space. It is the first one in the first article that has one; None if there is none.

    >>> article = Article(id="a", text="It fell on Sunday. On sunday!")
    >>> aligned_place("sunday", [article]), aligned_place("SUNDAY.", [article])
    (Span(start=22, end=28, article='a'), Span(start=11, end=18, article='a'))
    """
    if not any(c.isalnum() for c in text):
        return None
    several = {article.id: article for article in articles}
    found = found_places(text, several.values())
    exact = [place for place in found if place.text(several[place.article or ""].text) == text]
    return next(iter(exact or found), None)


def found_places(text: str, articles: Iterable[Article]) -> list[Span]:
    """Every place at which an article has the text, as whole words. Case, quotes and white space do not
    matter.
    """
    return [
        replace(span, article=article.id) for article in articles for span in _places_in(article.text, text)
    ]


@lru_cache(maxsize=256)
def _places_in(passage: str, text: str) -> tuple[Span, ...]:
    """The places of one text in one passage.

    Results are kept, because an answer in words is looked for by its claim, its attribution and its
    alignment.
    """
    return tuple(occurs(text, passage) or occurs(text.strip(" .,;:!?\"'“”‘’"), passage))
