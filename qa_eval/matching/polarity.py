"""Answers to questions of yes or no, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from qa_eval.matching.running_text import RunningText, Word, stem
from qa_eval.matching.sought_claims import Mention, Sought
from qa_eval.matching.source_differences import contradiction_named
from qa_eval.matching.spelling import folded_same_length, is_negator, text_key, vocabulary
from qa_eval.records import Question

_YES = vocabulary("yes yeah yep")
_NO = vocabulary("no nope")
_HEADS = {"yes": "yes", "no": "no", "not": "no"}
_MODAL = vocabulary("can may might sometimes could possibly")
_TURNS = vocabulary(
    "however but nevertheless nonetheless yet although though conversely while whereas another second other"
)
_BREAKS = vocabulary("but while whereas although though however")
_PARTLY = vocabulary("all every always only just")
_LEADING = vocabulary(
    "answer is both and or either answers says say said therefore suggests states indicates implies"
)
_AUXILIARY = re.compile(
    r"^\W*(?:[^,]{0,120}, )?(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should"
    r"|may|might|must)(?:n't)?\b",
    re.IGNORECASE,
)
_FINAL_POLARITY = re.compile(
    r"\b(?:therefore|thus|hence|so|overall|in conclusion)\b[^.!?\n]{0,40}"
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

    def note(polarity: str, sentence: int, first: int, rule: str) -> None:
        if polarity in claims and all(m.claim != claims[polarity] for m in found):
            found.append(Mention(claims[polarity], sentence, first, first + 1, frozenset([first]), rule))

    for number, first, end in _clauses(text):
        said = False
        for i in range(first, end):
            if text.words[i].text in _YES | _NO and _answers(text, first, i, end):
                note("yes" if text.words[i].text in _YES else "no", number, i, "yes or no")
                said = True
        if not said:
            for polarity, rule in _statement(text.words[first:end], wanted, first=not found):
                note(polarity, number, first, rule)
        if len(found) > 1:
            return found
    named = contradiction_named(folded_same_length(text.text[:4000]))
    if named is not None:
        at = next((i for i, w in enumerate(text.words) if w.start >= named[0]), 0)
        for polarity in ("yes", "no"):
            note(polarity, text.sentence_at(at), at, "says that the sources contradict each other")
    return found


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
    content = [w for w in words[first:i] if w.kind != "symbol"]
    after = words[i + 1].text if i + 1 < end else "."
    if not content:
        return (
            after in (",", ".", ";", ":", "!", "-", "—", '"', "'", ")", "(", "*") or len(text.words) == i + 1
        )
    quoted = words[i - 1].text in ('"', "'", ":", "*", "(", ",")
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


def _either(words: list[Word], asked: frozenset[str]) -> bool:
    """True for "hinged or unhinged", "may or may not" and "either … or"."""
    if all(w.text != "or" for w in words):
        return False
    if any(w.text == "either" or (w.text.startswith("un") and stem(w.text[2:]) in asked) for w in words):
        return True
    return any(
        w.text == "or" and any(is_negator(x.text) for x in words[j + 1 : j + 4]) for j, w in enumerate(words)
    )
