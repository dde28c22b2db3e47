"""Answers to questions of yes or no, in words."""

from __future__ import annotations

from collections.abc import Mapping

from qa_eval.matching.mentions import Mention, Sought
from qa_eval.matching.running_text import RunningText, Sentence, stem
from qa_eval.matching.spelling import is_negator, text_key, vocabulary
from qa_eval.records import Question

_YES = vocabulary("yes yeah yep")
_NO = vocabulary("no nope")
_UNCERTAIN = vocabulary("can may might sometimes could possibly")
_PARTLY = vocabulary("all every always only just")
_TURNS = vocabulary("however but nevertheless nonetheless yet although though conversely")


def polar_claims(question: Question) -> Mapping[str, str]:
    """Claim by polarity, `yes` and `no`; empty unless each claim has the wording "Yes" or "No".

    A claim that says more ("Yes, in 1980") has the polarity of its first word.
    """
    found: dict[str, str] = {}
    for claim in question.claims:
        heads = {(text_key(wording).split() or [""])[0] for wording in claim.wordings}
        said = {"yes"} & heads or {"no"} & heads
        whole = {text_key(wording) for wording in claim.wordings} & {"yes", "no"}
        if not said or not whole:
            return {}
        found.setdefault(min(said), claim.id)
    return found


def read_polarity(text: RunningText, wanted: Sought, claims: Mapping[str, str]) -> list[Mention]:
    """What the text answers: the polarity that it says, and that of later statements that turn it.

    "Yes" and "No" count at the beginning of a sentence and after "answer". Without them a sentence counts if
    it has the words of the question; it is a denial if something in it is denied.
    """
    found: list[Mention] = []

    def note(polarity: str, sentence: int, first: int, rule: str) -> None:
        if polarity in claims and all(m.claim != claims[polarity] for m in found):
            found.append(Mention(claims[polarity], sentence, first, first + 1, frozenset([first]), rule))

    for number, sentence in enumerate(text.sentences):
        words = text.words[sentence.first : sentence.end]
        if sentence.asks:
            continue
        said = False
        for offset, word in enumerate(words):
            if word.text in _YES | _NO and _answers(text, sentence, sentence.first + offset):
                note("yes" if word.text in _YES else "no", number, sentence.first + offset, "yes or no")
                said = True
        if said:
            continue
        _statement(text, number, sentence, wanted, note, first=not found)
        if len(found) > 1:
            break
    return found


def _answers(text: RunningText, sentence: Sentence, i: int) -> bool:
    words = text.words
    content = [w for w in words[sentence.first : i] if w.kind != "symbol"]
    after = words[i + 1].text if i + 1 < sentence.end else "."
    if not content:
        return after in (",", ".", ";", ":", "!", "-", "—", '"', "'", ")", "(") or len(text.words) == i + 1
    before = words[i - 1].text
    quoted = before in ('"', "'", ":", "*", "(")
    led = content[-1].text in ("answer", "is", "both", "and", "or", "either", "answers", "says", "say", "therefore")
    return (quoted or led) and after in (",", ".", ";", '"', "'", "and", "or", "!", "according", "-", ")", "*", "both")


def _statement(text, number, sentence, wanted, note, *, first):  # type: ignore[no-untyped-def]
    words = text.words[sentence.first : sentence.end]
    keys = {w.key for w in words if w.content}
    keys |= {stem(w.text[2:]) for w in words if w.text.startswith("un") and len(w.text) > 4}
    asked = wanted.question
    share = len(keys & asked) / len(asked) if asked else 0.0
    numbers = {k for k in asked if k.startswith("#")}
    turns = any(w.text in _TURNS for w in words[:2])
    if share < (0.5 if first else 0.6) or not numbers <= keys and not first:
        return
    negated = any(is_negator(w.text) and words[j + 1].text not in _PARTLY for j, w in enumerate(words[:-1]))
    modal = any(w.text in _UNCERTAIN for w in words)
    at = sentence.first
    both = any(w.text in ("or",) for w in words) and (
        any(w.text.startswith("un") and len(w.text) > 4 and stem(w.text[2:]) in asked for w in words)
        or any(words[j].text == "or" and any(is_negator(x.text) for x in words[j + 1 : j + 4]) for j in range(len(words)))
        or any(w.text == "either" for w in words)
    )
    if both or (negated and any(w.text == "necessarily" for w in words)):
        note("yes", number, at, "both ways")
        note("no", number, at, "both ways")
    elif first:
        note("no" if negated else "yes", number, at, "statement")
    elif turns or modal:
        note("no" if negated else "yes", number, at, "turned statement")
