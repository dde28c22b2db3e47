"""Checks of one question on its own: ids, words, flags, and answers that leak into the question."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations, islice

from qa_eval.data.corpus_files import Authored
from qa_eval.data.corpus_schema import KEBAB_CASE
from qa_eval.matching.normal_form import normalize
from qa_eval.matching.spelling import UNSPACED, occurrences
from qa_eval.records import RELATIONS, Finding, Question, Span
from qa_eval.text.phrases import count, join_field, quote

BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make text display in another order than it is stored in."""
MEANINGS = {
    "@": "separates fact and article in item ids",
    "~": "numbers paraphrases in item ids",
    "*": "stands for all articles in item ids",
}


def check_question(authored: Authored) -> Iterator[Finding]:
    """Yields every finding about a question that needs neither its articles nor the other questions."""
    yield from _check_names(authored)
    yield from _check_texts(authored)
    yield from _check_contested(authored)
    yield from _check_paraphrases(authored)
    yield from _check_leaks(authored)


def reserved_character(id: str) -> str | None:
    """Why a character of this id is not allowed in an id; None if all are allowed.

    >>> reserved_character("a@b")
    '"a@b" holds "@", which separates fact and article in item ids; leave it out'
    """
    for character, meaning in MEANINGS.items():
        if character in id:
            return f'{quote(id)} holds "{character}", which {meaning}; leave it out'
    return None


def kebab_case(text: str) -> str:
    """The nearest kebab-case id.

    >>> kebab_case("Governement_Losses (2)")
    'governement-losses-2'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _check_names(authored: Authored) -> Iterator[Finding]:
    question = authored.question
    for field, name in (("id", question.id), ("category", question.category)):
        problem = reserved_character(name)
        if problem is None and not re.fullmatch(KEBAB_CASE, name):
            fixed = kebab_case(name)
            problem = f"{quote(name)} is not kebab-case" + (f"; write {quote(fixed)}" if fixed else "")
        if problem:
            yield authored.finding("id", field, problem)


def authored_texts(question: Question) -> Iterator[tuple[str, str]]:
    """Yields (field, text) for every text that the author words freely.

    Evidence is left out, because its words are the article's.
    """
    yield "question", question.question
    for index, paraphrase in enumerate(question.paraphrases):
        yield join_field("paraphrases", index), paraphrase
    for index, claim in enumerate(question.claims):
        at = join_field("claims", index)
        yield join_field(at, "id"), claim.id
        if claim.group:
            yield join_field(at, "group"), claim.group
        for number, alias in enumerate(claim.aliases):
            yield join_field(join_field(at, "aliases"), number), alias
        for number, evidence in enumerate(claim.evidence):
            if evidence.speaker is not None:
                yield f"{at}.evidence[{number}].speaker", evidence.speaker
    if question.note:
        yield "note", question.note


def _check_texts(authored: Authored) -> Iterator[Finding]:
    for field, text in authored_texts(authored.question):
        # Python calls none of these characters printable, and nearly every text is.
        bad = [] if text.isprintable() else [c for c in text if _is_bad(c)]
        if not text.strip():
            yield authored.finding("text", field, f"{quote(text)} is blank; write it, or leave it out")
        elif bad:
            kind = "a text-direction" if bad[0] in BIDI_CONTROLS else "a control"
            message = f"{quote(text)} holds {kind} character, U+{ord(bad[0]):04X}; leave it out"
            yield authored.finding("text", field, message)
        elif text != text.strip():
            yield authored.finding("text", field, f"{quote(text)} starts or ends with a space; remove it")


def _is_bad(char: str) -> bool:
    return char in BIDI_CONTROLS or unicodedata.category(char) in ("Cc", "Zl", "Zp")


def _check_contested(authored: Authored) -> Iterator[Finding]:
    question = authored.question
    number = len(question.claims)
    if authored.contested != question.contested:
        said, right = ("true", "false") if authored.contested else ("false", "true")
        message = (
            f"is {said}, but there {'is' if number == 1 else 'are'} {count(number, 'claim')}; write {right}"
        )
        other = "add the claim of the source that disagrees" if authored.contested else "join the claims"
        yield authored.finding("contested", "contested", f"{message}, or {other}")
    if question.contested and question.relation is None:
        options = ", ".join(RELATIONS)
        message = f"is missing; say why the {count(number, 'claim')} differ, one of {options}"
        yield authored.finding("relation", "relation", message)
    if not question.contested and question.relation is not None:
        message = f"is {quote(question.relation)}, but nothing is contested; leave it out"
        yield authored.finding("relation", "relation", message)


def words(text: str) -> list[str]:
    """The words by which two questions are compared: case-folded, without a, an, the.

    In a script without spaces, each letter is a word.

    >>> words("What did the Army say, “exactly”?")
    ['what', 'did', 'army', 'say', 'exactly']
    """
    found = re.findall(rf"[^\W{UNSPACED}]+|[{UNSPACED}]", unicodedata.normalize("NFKC", text).casefold())
    return [w for w in found if w not in ("a", "an", "the")]


def words_apart(first: list[str], second: list[str]) -> int:
    """The number of words to insert, delete or replace to turn one into the other: 0, 1, or 2 for more.

    >>> words_apart("who took the city".split(), "who lost the old city".split())
    2
    """
    shorter = min(len(first), len(second))
    start = next((n for n in range(shorter) if first[n] != second[n]), shorter)
    end = next((n for n in range(shorter - start) if first[-1 - n] != second[-1 - n]), shorter - start)
    return min(2, max(len(first), len(second)) - start - end)


def wordings(question: Question) -> Iterator[tuple[str, str]]:
    """Yields (field, text) for the question and its paraphrases."""
    yield "question", question.question
    for index, paraphrase in enumerate(question.paraphrases):
        yield join_field("paraphrases", index), paraphrase


def _check_paraphrases(authored: Authored) -> Iterator[Finding]:
    asked = [(field, words(text)) for field, text in wordings(authored.question)]
    for (field, first), (later, second) in combinations(asked, 2):
        apart = words_apart(first, second)
        if apart == 0:
            message = f"has the same words as {field}; ask it in other words, or leave it out"
            yield authored.finding("paraphrase", later, message)
        elif apart == 1:
            message = f"differs from {field} in a single word; ask it in other words"
            yield authored.finding("paraphrase", later, message, severity="warning")


def find_wording(wording: str, text: str, most: int | None = None) -> list[Span]:
    """The spans at which a wording occurs in a text, at most `most` of them.

    A short wording in capitals matches only in capitals ("US" is not "us"). For such a wording, at most ten
    times `most` places are examined. A wording that is empty once normalized occurs nowhere; another check
    reports it.
    """
    if not normalize(wording):
        return []
    found = occurrences(wording, text)
    if stands_in_capitals(wording):
        looked_at = islice(found, most and 10 * most)
        found = (span for span in looked_at if span.text(text) == wording)
    return list(islice(found, most))


def stands_in_capitals(wording: str) -> bool:
    """Whether the wording is matched only in its own case: at most three characters, all in capitals."""
    return len(wording) <= 3 and wording.isupper()


def _check_leaks(authored: Authored) -> Iterator[Finding]:
    asked = list(wordings(authored.question))
    # A search in all texts together first, because almost no wording is in any of them.
    together = "\n".join(text for _, text in asked)
    suspected = [[w for w in c.wordings if find_wording(w, together)] for c in authored.question.claims]
    for field, text in asked:
        for index, some in enumerate(suspected):
            said = [w for w in some if find_wording(w, text)]
            if said:
                answer = quote(max(said, key=len))
                message = f"gives its answer away: {answer} of claims[{index}] is in it; ask without it"
                yield authored.finding("leak", field, message)
