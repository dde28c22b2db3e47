"""Where an answer in words mentions the claims of a fact, and values of the same kind that belong to none."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

from qa_eval.matching.dates import read_date
from qa_eval.matching.quantities import read_quantities
from qa_eval.matching.running_text import FUNCTION_WORDS, RunningText, Sentence, skeleton, stem
from qa_eval.matching.sought_claims import NUMERIC, Mention, Sought, SoughtWording
from qa_eval.matching.spelling import is_negator, vocabulary
from qa_eval.matching.value_mentions import date_mentions, quantity_mentions
from qa_eval.records import AnswerType


def mentions(text: RunningText, wanted: Sought) -> list[Mention]:
    """Every mention of a claim, and every other value of the asked kind, in the order of the text.

    Values are read by the typed match. Words are found in any order within one sentence. A mention whose
    words
    all belong to a longer mention of another claim is left out.
    """
    found: list[Mention] = []
    if wanted.answer_type in NUMERIC:
        found += quantity_mentions(text, wanted)
    elif wanted.answer_type == "date":
        found += date_mentions(text, wanted)
    elif wanted.measured is not None:
        found += [m for m in quantity_mentions(text, wanted.measured) if m.claim]
    told = {m.claim for m in found if m.claim}
    for mention in _worded(text, wanted):
        typed = wanted.answer_type in NUMERIC or wanted.answer_type == "date"
        if typed and (mention.claim in told or not _unreadable(mention.detail, wanted.answer_type)):
            continue
        found.append(mention)
    return sorted(_longest(_ends_of(found)), key=lambda m: (m.first, m.end))


_KEPT = 20
"""Mentions of one claim that are kept from the beginning of the text, and as many from its end."""


def _ends_of(found: Sequence[Mention]) -> list[Mention]:
    """The mentions without those in the middle of very many of one claim: a text that repeats itself says
    no more.
    """
    by_claim: dict[str, list[Mention]] = defaultdict(list)
    for mention in sorted(found, key=lambda m: (m.first, m.end)):
        by_claim[mention.claim].append(mention)
    return [
        mention
        for each in by_claim.values()
        for mention in (each if len(each) <= 2 * _KEPT else [*each[:_KEPT], *each[-_KEPT:]])
    ]


def _unreadable(wording: str, answer_type: AnswerType) -> bool:
    """True for a wording that the typed match cannot read, and that words alone can tell."""
    if answer_type == "date":
        date = read_date(wording)
        return isinstance(date, str) or set(date.fields) == {"day"}
    read = read_quantities(wording)
    return not read.found or bool(read.unread)


def _longest(found: Sequence[Mention]) -> Iterator[Mention]:
    by_sentence: dict[int, list[Mention]] = defaultdict(list)
    for mention in found:
        by_sentence[mention.sentence].append(mention)
    for group in by_sentence.values():
        for mention in group:
            if not any(mention.words < other.words for other in group):
                yield mention


def _worded(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    """Mentions by the content words of a wording, within one sentence."""
    person = wanted.answer_type == "person"
    for number, sentence in enumerate(text.sentences):
        places: dict[str, list[int]] = defaultdict(list)
        previous = -1
        for i in range(sentence.first, sentence.end):
            word = text.words[i]
            if word.kind == "symbol":
                continue
            key = skeleton(word.text.removesuffix("'s")) if person and word.kind == "word" else word.key
            places[key].append(i)
            if (other := wanted.related.get(key)) is not None:
                places[other].append(i)
            if word.kind == "word" and word.text.startswith(("un", "re")) and len(word.text) > 4:
                places[stem(word.text[2:])].append(i)
            if previous >= 0 and word.kind == "word" and previous == i - 1:
                before = text.words[previous]
                if before.kind == "word":
                    whole = before.text + word.text
                    named = text.text[before.end : word.start] == "-" or (before.upper and word.upper)
                    places[skeleton(whole) if person and named else stem(whole)].append(previous)
            previous = i
        joined = _joins(text, sentence, wanted)
        seen: set[tuple[str, frozenset[int]]] = set()
        looked: set[int] = set()
        for key in [*places, *joined]:
            for index in wanted.keys.get(key, ()):
                if index in looked:
                    continue
                looked.add(index)
                for mention in _says(
                    text,
                    wanted.wordings[index],
                    places,
                    joined,
                    number=number,
                    sentence=sentence,
                    answer_type=wanted.answer_type,
                ):
                    if (mention.claim, mention.words) not in seen:
                        seen.add((mention.claim, mention.words))
                        yield mention


def _joins(text: RunningText, sentence: Sentence, wanted: Sought) -> dict[str, int]:
    """Keys that a wording writes as two words and the sentence as one: "air" and "strike" of "airstrikes"."""
    found: dict[str, int] = {}
    for i in range(sentence.first, sentence.end):
        word = text.words[i]
        if word.kind != "word" or not 7 <= len(word.text) <= _LONGEST_JOINED:
            continue
        for cut in range(3, len(word.text) - 2):
            head, tail = word.text[:cut], stem(word.text[cut:])
            if head in wanted.vocabulary and tail in wanted.vocabulary:
                found[head] = found[tail] = i
    return found


_LONGEST_JOINED = 40
"""Letters of a word that may be two."""


def _says(
    text: RunningText,
    wording: SoughtWording,
    places: dict[str, list[int]],
    joined: dict[str, int],
    *,
    number: int,
    sentence: Sentence,
    answer_type: AnswerType,
) -> Iterator[Mention]:
    present = [key for key in wording.core if key in places or key in joined]
    missing = len(wording.core) - len(present)
    if (
        missing
        and answer_type == "text"
        and sentence.end - sentence.first <= _SHORT_SENTENCE
        and (
            (_stands_in(text, sentence) and _told_by_content(wording, present))
            or _mostly_told(text, sentence, wording, present)
        )
    ):
        missing = 0
    if missing and _told_apart(text, sentence, wording, present):
        missing = 0
    allowed = 0.0 if len(wording.core) < 5 else 0.25 if len(wording.core) < 8 else 0.4
    if missing > len(wording.core) * allowed or (missing and not wording.told & set(present)):
        return
    if missing and wording.numbers - set(present):
        return
    told = [key for key in present if key in wording.told] or present
    rarest = min(told, key=lambda key: (len(_at(places, joined, key)), key))
    for anchor in _at(places, joined, rarest)[:_MOST_PLACES]:
        nearest = {key: _nearest(_at(places, joined, key), anchor) for key in present}
        words = frozenset(nearest.values())
        if wording.denied and not _denied_nearby(text, words, sentence):
            continue
        if answer_type == "person" and len(words) == 1 and _is_of_another_name(text, min(words), sentence):
            continue
        keyed = [nearest[key] for key in told]
        yield Mention(wording.claim, number, min(keyed), max(keyed) + 1, words, "words", wording.text)


_TITLES = vocabulary(
    "president minister general king queen prince mr mrs ms dr sir sheikh professor prof premier"
)


_PARTICLES = vocabulary("al el de da di del van von der den bin ibn ben abu")


def _is_of_another_name(text: RunningText, i: int, sentence: Sentence) -> bool:
    """Whether the word at i ends a longer name: "Putin" of "Lyudmila Putin", "Assad" of "Hafez al-Assad"."""
    while i > sentence.first and text.words[i - 1].text in _PARTICLES:
        i -= 1
    before = text.words[i - 1] if i > sentence.first else None
    if before is None or before.kind != "word" or not before.upper or before.text in FUNCTION_WORDS:
        return False
    return before.text not in _TITLES and text.words[i].start - before.end == 1


_PRONOUNS = frozenset({"they", "it", "he", "she", "them", "these"})


def _stands_in(text: RunningText, sentence: Sentence) -> bool:
    """Whether a pronoun near the beginning of a sentence may stand for words that a wording has."""
    return any(
        text.words[i].text in _PRONOUNS for i in range(sentence.first, min(sentence.first + 3, sentence.end))
    )


def _told_by_content(wording: SoughtWording, present: Sequence[str]) -> bool:
    """Whether what is said of a wording tells it from the other claims, and is a good part of it."""
    told = wording.told & set(present)
    return bool(told) and not wording.numbers - set(present) and 3 * len(present) >= len(wording.core)


def _mostly_told(
    text: RunningText, sentence: Sentence, wording: SoughtWording, present: Sequence[str]
) -> bool:
    """Whether most of a wording is said, in two words or more, and tells it from other claims.

    Half is enough of a list, each member of which has to be there. A name of the wording may be left out, but
    not replaced by another name.
    """
    said = set(present)
    lists = len(wording.members) > 1
    if len(present) < 2 or 2 * len(present) < len(wording.core) + (not lists):
        return False
    if not all(member & said for member in wording.members):
        return False
    if not wording.told & said or wording.numbers - said:
        return False
    if not (wording.names & wording.core) - said:
        return True
    return not any(
        word.upper and word.content and word.key not in wording.core
        for word in text.words[sentence.first + 1 : sentence.end]
    )


def _told_apart(
    text: RunningText, sentence: Sentence, wording: SoughtWording, present: Sequence[str]
) -> bool:
    """Whether most of what only this one of several long claims has is said, in two words or more."""
    told = wording.told & set(present)
    return (
        all(member & told for member in wording.members if member & wording.told)
        and len(wording.core) >= _LONG_WORDING
        and wording.told < wording.core
        and len(told) >= 2
        and 2 * len(told) >= len(wording.told)
        and not wording.numbers - set(present)
        and sentence.end - sentence.first <= 2 * _SHORT_SENTENCE
    )


_LONG_WORDING = 5
"""Content words of a wording of which an answer may leave out what other claims have too."""
_SHORT_SENTENCE = 14

_MOST_PLACES = 4
"""Places of one wording in one sentence that are looked at."""


def _nearest(places: Sequence[int], anchor: int) -> int:
    at = bisect_left(places, anchor)
    return min(places[max(0, at - 1) : at + 1], key=lambda i: abs(i - anchor))


def _at(places: dict[str, list[int]], joined: dict[str, int], key: str) -> list[int]:
    return places.get(key) or [joined[key]]


def _denied_nearby(text: RunningText, words: frozenset[int], sentence: Sentence) -> bool:
    low = max(sentence.first, min(words) - 6)
    return any(
        is_negator(text.words[i].text) or (text.words[i].text.startswith("un") and i in words)
        for i in range(low, max(words) + 1)
    )


def contents(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The keys of the content words of a text, all of them where it has none ("No"); and of all words.

    >>> contents("The dead fighters")[0] == contents("dead fighters")[0]
    True
    """
    words = [word for word in RunningText(text).words if word.kind != "symbol"]
    every = frozenset(word.key for word in words)
    return frozenset(word.key for word in words if word.content) or every, every
