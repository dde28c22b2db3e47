"""Checks of a question against the articles: each article is named once, and every span is where it should
be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from qa_eval.data.checks.question_checks import find_wording
from qa_eval.data.corpus_files import ArticleFolder, Authored
from qa_eval.matching.spelling import occurs
from qa_eval.records import Article, Evidence, Finding, is_in_scope
from qa_eval.text.phrases import count, enumerate_words, quote, suggestion

FIRST_CJK = 0x2E80
"""First code point of the scripts that have no spaces. Two adjacent letters from here on are not a cut word.
"""
SHOWN_PLACES = 3
MOST_PLACES = 10
"""Greatest number of occurrences of a wording in a silent article that are counted."""
MAX_SIMILAR = 100_000
"""Greatest length of an article, in characters, in which a wrong text is also searched for regardless of case
and quotation marks."""


def check_against_articles(
    authored: Authored, folder: ArticleFolder, articles: Mapping[str, Article]
) -> Iterator[Finding]:
    """Yields a finding for each unknown article, for each article that is listed in no place or in two, and
    for each offset at which the article has another text.

    `articles` are the articles of the folder, by id.
    """
    yield from _check_known(authored, folder)
    yield from _check_scope(authored, folder, articles)
    yield from _check_coverage(authored, folder, articles)
    for field, evidence in _spans(authored):
        article = articles.get(evidence.article)
        if article is not None:
            yield from _check_span(authored, field, evidence, article)


def _spans(authored: Authored) -> Iterator[tuple[str, Evidence]]:
    for index, claim in enumerate(authored.question.claims):
        for number, evidence in enumerate(claim.evidence):
            yield f"claims[{index}].evidence[{number}]", evidence


def _mentions(authored: Authored) -> Iterator[tuple[str, str]]:
    """Yields (field, article id) for every field that names an article."""
    for field, evidence in _spans(authored):
        yield f"{field}.article", evidence.article
    for index, article in enumerate(authored.question.silent):
        yield f"silent[{index}]", article
    for index, article in enumerate(authored.question.partial):
        yield f"partial[{index}]", article


def _check_known(authored: Authored, folder: ArticleFolder) -> Iterator[Finding]:
    if not folder.complete:  # The id may be in the line that could not be read.
        return
    for field, article in _mentions(authored):
        if article not in folder.ids:
            message = f"unknown article {quote(article)}{suggestion(article, folder.ids)}"
            yield authored.finding("article", field, message)


def _check_scope(
    authored: Authored, folder: ArticleFolder, articles: Mapping[str, Article]
) -> Iterator[Finding]:
    """A scope that names no article or one twice, and articles that are named outside of it."""
    scope = authored.question.scope
    if scope is None or not folder.complete:
        return
    if isinstance(scope, str):
        topics = sorted({article.topic for article in articles.values() if article.topic is not None})
        if scope not in topics:
            message = f"no article has the topic {quote(scope)}{suggestion(scope, topics)}"
            yield authored.finding("scope", "scope", message)
            return
    elif not scope:
        yield authored.finding("scope", "scope", "names no article; leave it out to ask all of them")
        return
    else:
        for index, article in enumerate(scope):
            if article not in folder.ids:
                message = f"unknown article {quote(article)}{suggestion(article, folder.ids)}"
                yield authored.finding("article", f"scope[{index}]", message)
            elif article in scope[:index]:
                message = f"article {quote(article)} is there twice; delete one"
                yield authored.finding("scope", f"scope[{index}]", message)
    for field, id in _mentions(authored):
        if id in articles and not is_in_scope(authored.question, id, articles[id].topic):
            message = f"article {quote(id)} is outside of the scope; add it there, or leave it out here"
            yield authored.finding("scope", field, message)


def _check_coverage(
    authored: Authored, folder: ArticleFolder, articles: Mapping[str, Article]
) -> Iterator[Finding]:
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
        topic = articles[article].topic if article in articles else None
        if article not in places and is_in_scope(authored.question, article, topic):
            message = (
                f"article {quote(article)} is in no evidence and neither in silent nor in partial; "
                "read it and name it in one of them"
            )
            yield authored.finding("coverage", "silent", message)


def _check_span(authored: Authored, field: str, evidence: Evidence, article: Article) -> Iterator[Finding]:
    text, start, end = article.text, evidence.start, evidence.end
    if not evidence.text:
        return  # `check_claims` reports empty wordings.
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
    """Where the evidence really is: at which offsets, or in other case or quotation marks, or nowhere."""
    exact = list(islice(_places(evidence.text, text), SHOWN_PLACES + 1))
    if exact:
        said = min(max(evidence.start, 0), len(text))
        around = (text.rfind(evidence.text, 0, said + len(evidence.text)), text.find(evidence.text, said))
        nearest = min((s for s in around if s >= 0), key=lambda s: abs(s - said))
        shown = [str(s) for s in exact[:SHOWN_PLACES]] + (["…"] if len(exact) > SHOWN_PLACES else [])
        where = ", ".join(shown) if len(exact) > SHOWN_PLACES else enumerate_words(shown)
        return f"found at {where}; did you mean start {nearest}?"
    similar = occurs(evidence.text, text) if len(text) <= MAX_SIMILAR else []
    if similar:
        closest = min(similar, key=lambda span: abs(span.start - evidence.start))
        return f"at {closest.start} it has {quote(closest.text(text))}; did you mean that?"
    return "it is nowhere in the article; copy the text exactly"


def _places(part: str, text: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _cuts(text: str, at: int) -> bool:
    """Whether a span that starts or ends at this offset cuts a word or a number in two."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if before.isalnum() and after.isalnum():
        return ord(before) < FIRST_CJK and ord(after) < FIRST_CJK
    if before in ",." and after.isdigit():
        return text[at - 2 : at - 1].isdigit()
    return after in ",." and before.isdigit() and text[at + 1 : at + 2].isdigit()


def _around(text: str, start: int, end: int) -> str:
    """The span, extended to whole words."""
    while _cuts(text, start):
        start -= 1
    while _cuts(text, end):
        end += 1
    return text[start:end]


def silent_occurrences(
    authored: Sequence[Authored], articles: Mapping[str, Article]
) -> Iterator[tuple[str, Finding]]:
    """Yields (article, finding) for each silent article in which some wording of a claim nevertheless occurs.

    Often the article is rightly silent, because the words mean something else there. The author then exempts
    the finding and gives the reason. Articles are searched one after the other, so that each is indexed once.
    """
    silent: defaultdict[str, list[tuple[int, Authored]]] = defaultdict(list)
    for one in authored:
        answering = one.question.answering
        for index, id in enumerate(one.question.silent):
            # Other findings report articles that are unreadable or listed in two places.
            if id in articles and id not in answering:
                silent[id].append((index, one))
    for id, asked in silent.items():
        for index, one in asked:
            places = list(_occurrences(one, articles[id].text))
            if places:
                shown = places[:SHOWN_PLACES]
                rest = f" and {len(places) - SHOWN_PLACES} more" if len(places) > SHOWN_PLACES else ""
                message = (
                    f"article {quote(id)} is listed as silent but has {', '.join(shown)}{rest}; "
                    "give it evidence, or exempt it in exemptions.toml with the reason"
                )
                field = f"silent[{index}]"
                yield id, one.finding("silent-occurrence", field, message, severity="warning")


def _occurrences(authored: Authored, text: str) -> Iterator[str]:
    """Yields, for each wording of the claims that occurs in the text, a phrase that says where."""
    for claim in authored.question.claims:
        for wording in claim.wordings:
            found = find_wording(wording, text, MOST_PLACES + 1)
            if found:
                at_least = "at least " if len(found) > MOST_PLACES else ""
                more = f" and {at_least}{count(len(found) - 1, 'more place')}" if len(found) > 1 else ""
                yield f"{quote(wording)} at {found[0].start}{more}"
