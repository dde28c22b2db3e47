"""What an answer in words says about a contested fact: which claims it asserts, and why.

`read_answer` reads a text sentence by sentence, without a model. Every decision has its rule and its
characters.
`docs/reference/free-text.md` states the rules, how well they agree with people, and what they get wrong.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qa_eval.matching.answer_sources import Attribution, attributed, beside_a_source, second_source
from qa_eval.matching.mentions import mentions
from qa_eval.matching.polarity import polar_claims, read_polarity
from qa_eval.matching.refusals import refusal
from qa_eval.matching.rejections import other_parts, rejections
from qa_eval.matching.running_text import RunningText
from qa_eval.matching.sought_claims import Mention, Sought, sought
from qa_eval.matching.source_differences import another_source, disagreement
from qa_eval.matching.spelling import folded_same_length
from qa_eval.records import Abridged, Question, ReadingVerdict

LONGEST = 50_000
"""Characters of an answer that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPart:
    """Characters of an answer, and what they were read as."""

    start: int
    end: int
    """Just past the last character."""
    rule: str
    detail: str = ""
    claim: str = ""
    """Id of the claim; empty where it is none."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnswerReading(Abridged):
    """What a text says about a fact."""

    asserted: tuple[AnswerPart, ...] = ()
    """The claims that it gives as its answer, one passage each, in the order of the text."""
    rejected: tuple[AnswerPart, ...] = ()
    """Claims that it mentions and denies, or replaces by another."""
    other_values: tuple[AnswerPart, ...] = ()
    """Answers that belong to no claim."""
    abstains: AnswerPart | None = None
    """The words that say that there is no answer; for an empty text a passage without characters."""
    acknowledges: AnswerPart | None = None
    """The words that say or show that sources differ."""
    attributions: tuple[Attribution, ...] = ()
    """Which source it names for which claim."""
    verdict: ReadingVerdict = "wrong"

    @property
    def claims(self) -> tuple[str, ...]:
        """Ids of the asserted claims."""
        return tuple(passage.claim for passage in self.asserted)


def read_answer(text: str, question: Question, shown: Sequence[str] = ()) -> AnswerReading:
    """What the text asserts, rejects and withholds, each with its rule and its characters.

    * `shown`: names of the passages that the model saw, in their order; "[2]" and "the second article" are
    then
      resolved to them.

    Defined for any text; never raises. Time is linear in the text's length up to `LONGEST` characters; of a
    longer text
    only so many are read.
    """
    if not any(char.isalnum() for char in text):
        return AnswerReading(abstains=AnswerPart(start=0, end=0, rule="empty"), verdict="abstains")
    running = RunningText(text[:LONGEST])
    wanted = sought(question)
    polar = polar_claims(question)
    found: list[Mention]
    denied: list[Mention] = []
    if polar:
        found = read_polarity(running, wanted, polar)
    else:
        found, denied = rejections(running, mentions(running, wanted), wanted)
    if _is_about_other_things(running, found, denied, wanted):
        whole = AnswerPart(start=0, end=len(running.text), rule="a long text about other things")
        return AnswerReading(other_values=(whole,), verdict="wrong")
    refused = _refusal(running, found, wanted)
    if refused is not None:
        found = []
    others = [m for m in found if not m.claim] + (
        [] if polar or refused else other_parts(running, found, denied, wanted)
    )
    claims = [m for m in found if m.claim]
    sources = attributed(running, claims, denied, shown)
    return _reading(
        running,
        question,
        claims=claims,
        denied=denied,
        others=others,
        refused=refused,
        sources=sources,
        wanted=wanted,
    )


def _reading(
    running: RunningText,
    question: Question,
    *,
    claims: Sequence[Mention],
    denied: Sequence[Mention],
    others: Sequence[Mention],
    refused: AnswerPart | None,
    sources: Sequence[Attribution],
    wanted: Sought,
) -> AnswerReading:
    asserted = _first_of_each(running, claims)
    made = {p.claim for p in asserted}
    rejected = tuple(
        p for p in _first_of_each(running, [m for m in denied if m.claim]) if p.claim not in made
    )
    other = tuple(_passage(running, m) for m in others)
    acknowledges = _acknowledges(running, claims=claims, denied=denied, others=others, wanted=wanted)
    if acknowledges is not None and acknowledges.rule == _SECOND and not other and len(question.claims) == 1:
        other = (replace(acknowledges, rule="what another source says of a fact with one claim"),)
    if not asserted and not other and refused is None:
        other = (AnswerPart(start=0, end=len(running.text), rule="no claim"),)
    verdict: ReadingVerdict
    if refused is not None:
        verdict = "abstains"
    elif other:
        verdict = "mixed" if asserted else "wrong"
    else:
        verdict = "complete" if len(made) == len(question.claims) else "partial"
    return AnswerReading(
        asserted=asserted,
        rejected=rejected,
        other_values=() if refused is not None else other,
        abstains=refused,
        acknowledges=acknowledges,
        attributions=tuple(sources),
        verdict=verdict,
    )


def _passage(running: RunningText, mention: Mention) -> AnswerPart:
    # Words of a wording may lie apart; a value is marked with its bound.
    first = mention.first if mention.rule == "words" else min(mention.words, default=mention.first)
    return AnswerPart(
        start=running.words[first].start,
        end=running.words[mention.end - 1].end,
        rule=mention.rule,
        detail=mention.detail,
        claim=mention.claim,
    )


def _first_of_each(running: RunningText, found: Sequence[Mention]) -> tuple[AnswerPart, ...]:
    first: dict[str, Mention] = {}
    for mention in found:
        first.setdefault(mention.claim, mention)
    return tuple(_passage(running, mention) for mention in first.values())


def _refusal(running: RunningText, found: Sequence[Mention], wanted: Sought) -> AnswerPart | None:
    """The words by which the text gives no answer; None if it gives one."""
    if any(m.claim for m in found):
        return None
    for sentence in running.sentences:
        words = running.words[sentence.first : min(sentence.end, sentence.first + _LONGEST_SENTENCE)]
        said = None if sentence.asks else refusal(words, wanted.question)
        if said is not None:
            rule, first, end = said
            return AnswerPart(start=words[first].start, end=words[end - 1].end, rule=rule)
    return None


_LONGEST_SENTENCE = 400
"""Words of a sentence in which a refusal is looked for."""
_LONG, _ABOUT = 10, 0.4
"""Sentences above which a text has to be about the question, and the share of them that have to be."""


def _is_about_other_things(
    running: RunningText, found: Sequence[Mention], denied: Sequence[Mention], wanted: Sought
) -> bool:
    """True for a long text most of which has nothing to do with the question, such as a copy of a passage.

    A sentence has to do with it if it mentions a claim or a value of the asked kind, or has at least half
    of the
    question's content words.
    """
    if len(running.sentences) <= _LONG:
        return False
    about = {m.sentence for m in (*found, *denied)}
    for number, sentence in enumerate(running.sentences):
        if number not in about:
            keys = {w.key for w in running.words[sentence.first : sentence.end]}
            if wanted.question and len(keys & wanted.question) >= 0.5 * len(wanted.question):
                about.add(number)
    return len(about) < _ABOUT * len(running.sentences)


def _acknowledges(
    running: RunningText,
    *,
    claims: Sequence[Mention],
    denied: Sequence[Mention],
    others: Sequence[Mention],
    wanted: Sought,
) -> AnswerPart | None:
    """The words that say that sources differ, or that give differing values to different sources."""
    spoken = {m.claim for m in (*claims, *denied) if m.claim}
    several = len(spoken) + bool(others) >= 2
    for sentence in running.sentences[:200]:
        start, end = running.characters(sentence)
        said = disagreement(folded_same_length(running.text[start : min(end, start + 2000)]), several=several)
        if said is not None:
            return AnswerPart(start=start + said[0], end=start + said[1], rule="says that sources differ")
    folded = folded_same_length(running.text[:_LONGEST_PAIR])
    alike = _ALIKE.search(folded) is not None
    if not several and (not spoken or alike):
        return None
    values = [*claims, *denied, *others]
    second = another_source(folded, set_apart=not several) or (
        beside_a_source(running, [*claims, *others], denied, wanted.question)
        if several
        else second_source(running, values, wanted.question)
    )
    if second is not None:
        return AnswerPart(start=second[0], end=second[1], rule=_SECOND)
    return None


_SECOND = "names another source"
_ALIKE = re.compile(r"\b(?:same|also|too|likewise|similarly|confirm\w*|agree\w*|both|as well)\b")
"""Words by which a second source tells no other value."""
_LONGEST_PAIR = 4000
"""Characters at the beginning of a text in which a second source is looked for."""


__all__ = ["AnswerPart", "AnswerReading", "read_answer"]
