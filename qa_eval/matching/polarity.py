"""Answers to questions of yes or no, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from qa_eval.matching.refusals import refusal
from qa_eval.matching.running_text import RunningText, Word, stem
from qa_eval.matching.sought_claims import Mention, Sought
from qa_eval.matching.source_differences import SOURCE, contradiction_named
from qa_eval.matching.spelling import folded_same_length, is_negator, text_key, vocabulary
from qa_eval.records import Question
from qa_eval.text.lazy_patterns import lazy_pattern

_YES = vocabulary("yes yeah yep")
_NO = vocabulary("no nope")
_HEADS = {"yes": "yes", "no": "no", "not": "no"}
_QUALIFYING = vocabulary(
    """generally strictly speaking technically usually mostly probably possibly officially apparently broadly
    arguably basically essentially formally legally in principle short well practice theory often largely"""
)
"""Words before a "yes" or "no" that leave it an answer: "generally no"."""
_MODAL = vocabulary("can may might sometimes could possibly")
_TURNS = vocabulary(
    "however but nevertheless nonetheless yet although though conversely while whereas another second other"
)
_BREAKS = vocabulary("but while whereas although though however")
_PARTLY = vocabulary("all every always only just")
_LEADING = vocabulary(
    "answer is both and or either answers says say said therefore suggests states indicates implies"
)
_AUXILIARY = lazy_pattern(
    r"^\W*(?:[^,]{0,120}, )?(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should"
    r"|may|might|must)(?:n't)?\b",
    re.IGNORECASE,
)
_FINAL_POLARITY = lazy_pattern(
    r"\b(?:therefore|thus|hence|so|overall|in conclusion)\b"
    r"(?!\W{0,3}in (?:those|that|this|these|such|some) )[^.!?\n]{0,40}"
    r"\banswer(?: is)?\s*:?\s*[\"'*]*(yes|no)\b"
    r"(?!\W{0,3}(?:and|or|but)\b)(?![^\n]*\b(?:however|nevertheless)\b)"
)
"""A conclusion that names yes or no as the answer, with nothing that turns it behind."""
_FIRST, _TURNED, _LATER = 0.5, 0.35, 0.6
"""Shares of the question's words that a clause needs to count: the first statement, one that turns, any
other.
"""


def polar_claims(question: Question) -> Mapping[str, str]:
    """Claim by polarity, `yes` and `no`; empty where the claims are no answers of yes or no.

    They are if the data give the polarity of every claim, or if every claim has a wording that is "Yes" or
    "No", or, to a question that begins with a verb such as "Did", one that begins so.
    """
    found: dict[str, str] = {}
    asks = _AUXILIARY.match(question.question) is not None
    for claim in question.claims:
        keys = [text_key(wording).split() for wording in claim.wordings]
        said = {_HEADS[key[0]] for key in keys if key and key[0] in _HEADS and (asks or len(key) == 1)}
        polarity = claim.polarity or (said.pop() if len(said) == 1 else None)
        if polarity is None:
            return {}
        found.setdefault(polarity, claim.id)
    return found


def read_polarity(text: RunningText, wanted: Sought, claims: Mapping[str, str]) -> list[Mention]:
    """What the text answers: the polarity that it says, and that of later clauses that turn it.

    "Yes" and "No" count at the beginning of a sentence and behind words such as "answer". Other clauses
    count if they have the words of the question; they deny if something in them is denied. A text that says
    that the sources contradict each other on a question of yes or no reports both.
    """
    found: list[Mention] = []
    final = _FINAL_POLARITY.search(folded_same_length(text.text))
    if final is not None and final[1] in claims:
        at = next(i for i, word in enumerate(text.words) if word.start >= final.start(1))
        words = frozenset([at])
        return [Mention(claims[final[1]], text.sentence_at(at), at, at + 1, words, "the final answer")]

    for polarity, sentence, first, rule in _polarities(text, wanted, found):
        if polarity in claims and all(m.claim != claims[polarity] for m in found):
            found.append(Mention(claims[polarity], sentence, first, first + 1, frozenset([first]), rule))
        if len(found) > 1:
            break
    return found


def _polarities(
    text: RunningText, wanted: Sought, found: Sequence[Mention]
) -> Iterator[tuple[str, int, int, str]]:
    """(polarity, sentence, word, rule) in the order of their weight. `found` are the claims so far."""
    for number, first, end in _clauses(text):
        said = [
            i for i in range(first, end) if text.words[i].text in _YES | _NO and _answers(text, first, i, end)
        ]
        for i in said:
            yield "yes" if text.words[i].text in _YES else "no", number, i, "yes or no"
        if not said and not _tells_nothing(text, number, wanted):
            for polarity, rule in _statement(text.words[first:end], wanted, first=not found):
                yield polarity, number, first, rule
    if not found:
        yield from _of_the_end(text, wanted)
    both = "yes", "no"
    if len(found) == 1 and (turned := _contrast(text, found[0])) is not None:
        yield from ((polarity, *turned, "another source, in contrast") for polarity in both)
    named = contradiction_named(folded_same_length(text.text[:4000]))
    if named is not None:
        at = next((i for i, w in enumerate(text.words) if w.start >= named[0]), 0)
        rule = "says that the sources contradict each other"
        yield from ((polarity, text.sentence_at(at), at, rule) for polarity in both)


def _tells_nothing(text: RunningText, number: int, wanted: Sought) -> bool:
    """Whether a sentence with the words of the question refuses to answer it.

    "He did not die there, as the text states" does not, though it has a denial and a word of telling.
    """
    sentence = text.sentences[number]
    words = text.words[sentence.first : sentence.end]
    if refusal(words, wanted.question, rules=_TELLING_NOTHING) is not None:
        return True
    untold = refusal(words, wanted.question, rules=("it is not told",))
    return untold is not None and any(w.text in _WHETHER for w in words[untold[2] : untold[2] + 4])


_WHETHER = vocabulary("if whether how when where who whom what which why")
_TELLING_NOTHING = ("there is no word of it", "nothing is told", "I cannot tell")
"""Rules of refusals. A statement with a denial, such as "he did not die there", fits none of them."""


def _clauses(text: RunningText) -> Iterator[tuple[int, int, int]]:
    """(sentence, first word, word after the last) of each clause of a statement."""
    for number, sentence in enumerate(text.sentences):
        if sentence.asks:
            continue
        first = sentence.first
        for i in range(sentence.first + 1, sentence.end):
            word, before = text.words[i], text.words[i - 1].text
            if (word.text in _BREAKS and before in (",", ";")) or before == ";":
                yield number, first, i
                first = i
        yield number, first, sentence.end


def _answers(text: RunningText, first: int, i: int, end: int) -> bool:
    """Whether a "yes" or "no" is an answer, rather than a word of the clause."""
    words = text.words
    content = [w for w in words[first:i] if w.kind != "symbol" and w.text not in _QUALIFYING]
    after = words[i + 1].text if i + 1 < end else "."
    if not content:
        return (
            after in (",", ".", ";", ":", "!", "-", "—", '"', "'", ")", "(", "*") or len(text.words) == i + 1
        )
    quoted = words[i - 1].text in ('"', "'", ":", "*", "(", ",", "→", ">", "=")
    led = content[-1].text in _LEADING
    behind = after in (",", ".", ";", '"', "'", "and", "or", "!", "according", "-", ")", "*", "both", "(")
    return (quoted or led) and behind


def _statement(words: list[Word], wanted: Sought, *, first: bool) -> Iterator[tuple[str, str]]:
    """(polarity, rule) of a clause that answers the question in its words."""
    asked = wanted.question
    keys = {w.key for w in words if w.content}
    keys |= {stem(w.text[2:]) for w in words if w.text.startswith("un") and len(w.text) > 4}
    turns = any(w.text in _TURNS for w in words[:4])
    share = len(keys & asked) / len(asked) if asked else 0.0
    numbers = {key for key in asked if key.startswith("#")}
    if share < (_FIRST if first else _TURNED if turns else _LATER):
        return
    if not first and not numbers <= keys:
        return
    denied = any(is_negator(w.text) and words[j + 1].text not in _PARTLY for j, w in enumerate(words[:-1]))
    modal = any(w.text in _MODAL for w in words)
    if _either(words, asked) or (denied and any(w.text == "necessarily" for w in words)):
        yield "yes", "both ways"
        yield "no", "both ways"
    elif first:
        yield "no" if denied else "yes", "statement"
    elif turns or modal:
        yield "no" if denied else "yes", "statement that turns"


def _of_the_end(text: RunningText, wanted: Sought) -> Iterator[tuple[str, int, int, str]]:
    """The polarities of clauses with the end of the question: "not a penitentiary" of "Was it an actual
    penitentiary?" A text that refuses has none.
    """
    if any(refusal(text.words[s.first : s.end], wanted.question) for s in text.sentences):
        return
    for number, first, end in _clauses(text):
        words = text.words[first:end]
        for j, word in enumerate(words):
            if word.key in wanted.end and word.content:
                before = {w.text for w in words[max(0, j - 4) : j]}
                denied = any(map(is_negator, before)) or {"rather", "than"} <= before or "instead" in before
                yield "no" if denied else "yes", number, first, "the end of the question"


def _contrast(text: RunningText, answer: Mention) -> tuple[int, int] | None:
    """(sentence, first word) of a clause behind an answer in which another source says otherwise."""
    for number, first, end in _clauses(text):
        if number < answer.sentence or first <= answer.first:
            continue
        before = folded_same_length(text.text[: text.words[first].start][-_FAR:])
        words = text.words[first:end]
        said = folded_same_length(text.text[words[0].start : words[-1].end])
        turned = _TURN.search(said) and (_SET_AGAINST.search(said) or _OTHER_SOURCE.search(said))
        opposed = _OPPOSED.match(said) and _ONE_SOURCE.search(before) and not _ALIKE.search(said)
        if (turned or opposed) and refusal(words) is None:
            return number, first
    return None


_SET_AGAINST = lazy_pattern(r"\b(?:(?:by|in) contrast|conversely|on the other hand|on the contrary)\b")
_TURN = lazy_pattern(rf"\b(?:however|but|whereas|while|though|although)\b|{_SET_AGAINST.pattern}")
_FAR = 600
"""Characters before a clause in which the one source is named."""
_ONE_SOURCE = lazy_pattern(
    rf"\b(?:one|the first|first)(?: of the)? {SOURCE}\b|\bone (?:says?|states?|gives?|has|indicates?)\b"
)
_OPPOSED = lazy_pattern(r"\W*(?:the (?:other|second)|another)\b")
_ALIKE = lazy_pattern(r"\b(?:also|too|same|likewise|similarly|agree\w*|confirm\w*)\b")
_OTHER_SOURCE = lazy_pattern(
    rf"\b(?:another|other|second|first|one|third|different) (?:{SOURCE}|one)\b|\[\d\]"
    r"|\bthe (?:first|second|other)(?:,| \w+s\b)"
)


def _either(words: list[Word], asked: frozenset[str]) -> bool:
    """True for "hinged or unhinged", "may or may not" and "either … or"."""
    if all(w.text != "or" for w in words):
        return False
    if any(w.text == "either" or (w.text.startswith("un") and stem(w.text[2:]) in asked) for w in words):
        return True
    return any(
        w.text == "or" and any(is_negator(x.text) for x in words[j + 1 : j + 4]) for j, w in enumerate(words)
    )
