"""Checks of a question against the articles: each named once, every span where it is said to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qa_eval.corpus.phrasing import count, enumerate_words, quote, suggestion
from qa_eval.corpus.question_checks import find_wording
from qa_eval.corpus.reading import ArticleFolder, Authored
from qa_eval.metrics.typed import occurs
from qa_eval.records import Article, Evidence, Finding

FIRST_CJK = 0x2E80
"""From here on scripts are written without spaces, and a letter beside a letter is no cut word."""
SHOWN_PLACES = 3


def check_against_articles(authored: Authored, folder: ArticleFolder) -> Iterator[Finding]:
    """Unknown articles, articles listed in none or two places, and offsets that are not what they say."""
    yield from _check_known(authored, folder)
    yield from _check_coverage(authored, folder)
    articles = {a.id: a for a in folder.articles}
    for field, evidence in _spans(authored):
        article = articles.get(evidence.article)
        if article is not None:
            yield from _check_span(authored, field, evidence, article)


def _spans(authored: Authored) -> Iterator[tuple[str, Evidence]]:
    for index, claim in enumerate(authored.question.claims):
        for number, evidence in enumerate(claim.evidence):
            yield f"claims[{index}].evidence[{number}]", evidence


def _mentions(authored: Authored) -> Iterator[tuple[str, str]]:
    """(field, article id) of every place that names an article."""
    for field, evidence in _spans(authored):
        yield f"{field}.article", evidence.article
    for index, article in enumerate(authored.question.silent):
        yield f"silent[{index}]", article
    for index, article in enumerate(authored.question.partial):
        yield f"partial[{index}]", article


def _check_known(authored: Authored, folder: ArticleFolder) -> Iterator[Finding]:
    if not folder.complete:  # the id may stand in the line that could not be read
        return
    for field, article in _mentions(authored):
        if article not in folder.ids:
            message = f"unknown article {quote(article)}{suggestion(article, folder.ids)}"
            yield authored.finding("article", field, message)


def _check_coverage(authored: Authored, folder: ArticleFolder) -> Iterator[Finding]:
    places: dict[str, str] = {}
    for field, evidence in _spans(authored):
        places.setdefault(evidence.article, field)
    for field, article in _mentions(authored):
        if field.startswith("claims["):
            continue
        if article in places:
            message = f"article {quote(article)} is already in {places[article]}; keep the right place"
            yield authored.finding("coverage", field, message)
        places.setdefault(article, field)
    for article in folder.ids:
        if article not in places:
            message = (
                f"article {quote(article)} is in no evidence and neither in silent nor in partial; "
                "read it and name it in one of them"
            )
            yield authored.finding("coverage", "silent", message)


def _check_span(authored: Authored, field: str, evidence: Evidence, article: Article) -> Iterator[Finding]:
    text, start, end = article.text, evidence.start, evidence.end
    if not evidence.text:
        return  # said already: a wording that leaves nothing
    if start >= 0 and text[start:end] == evidence.text:
        if _cuts(text, start) or _cuts(text, end):
            whole = quote(_around(text, start, end))
            message = f"{quote(evidence.text)} cuts a word or number: the article has {whole}"
            yield authored.finding("cut-word", f"{field}.text", message, severity="warning")
        return
    if start < 0:
        found = f"{start} is before the article's start"
    elif start >= len(text):
        found = f"{start} is past the article's end ({len(text):,} characters)"
    else:
        found = f"the article has {quote(text[start:end])} there, not {quote(evidence.text)}"
    yield authored.finding("offset", f"{field}.start", f"{found}; {_whereabouts(evidence, text)}")


def _whereabouts(evidence: Evidence, text: str) -> str:
    """Where the evidence really is: exactly, or in other case or quotation marks, or nowhere."""
    exact = []
    at = text.find(evidence.text)
    while at >= 0:
        exact.append(at)
        at = text.find(evidence.text, at + 1)
    if exact:
        nearest = min(exact, key=lambda s: abs(s - evidence.start))
        shown = [str(s) for s in exact[:SHOWN_PLACES]] + (["…"] if len(exact) > SHOWN_PLACES else [])
        where = ", ".join(shown) if len(exact) > SHOWN_PLACES else enumerate_words(shown)
        return f"found at {where}; did you mean start {nearest}?"
    similar = occurs(evidence.text, text)
    if similar:
        start, end = min(similar, key=lambda span: abs(span[0] - evidence.start))
        return f"at {start} it has {quote(text[start:end])}; did you mean that?"
    return "it is nowhere in the article; copy the text exactly"


def _cuts(text: str, at: int) -> bool:
    """True if a span that starts or ends here cuts a word or a number in two."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if before.isalnum() and after.isalnum():
        return ord(before) < FIRST_CJK and ord(after) < FIRST_CJK
    if before in ",." and after.isdigit():
        return text[at - 2 : at - 1].isdigit()
    return after in ",." and before.isdigit() and text[at + 1 : at + 2].isdigit()


def _around(text: str, start: int, end: int) -> str:
    """The span with the rest of the words it cuts."""
    while _cuts(text, start):
        start -= 1
    while _cuts(text, end):
        end += 1
    return text[start:end]


def silent_occurrences(authored: Authored, articles: Mapping[str, Article]) -> Iterator[tuple[str, Finding]]:
    """(article, finding) for each silent article in which some wording of some claim nevertheless occurs.

    Often right (the word stands there for something else), and then exempted with the reason.
    """
    for index, id in enumerate(authored.question.silent):
        if id not in articles or id in authored.question.answering:
            continue  # unreadable, or listed in two places: said already
        text = articles[id].text
        places = []
        for claim in authored.question.claims:
            for wording in claim.wordings:
                found = find_wording(wording, text)
                if found:
                    more = f" and {count(len(found) - 1, 'more place')}" if len(found) > 1 else ""
                    places.append(f"{quote(wording)} at {found[0][0]}{more}")
        if places:
            shown = places[:SHOWN_PLACES]
            rest = f" and {len(places) - SHOWN_PLACES} more" if len(places) > SHOWN_PLACES else ""
            message = (
                f"article {quote(id)} is listed as silent but has {', '.join(shown)}{rest}; "
                "give it evidence, or exempt it in exemptions.toml with the reason"
            )
            yield (
                id,
                authored.finding("silent-occurrence", f"silent[{index}]", message, severity="warning"),
            )
