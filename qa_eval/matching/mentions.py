"""Where an answer in words mentions the claims of a fact, and values of the same kind that belong to none."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_eval.matching.dates import read_date
from qa_eval.matching.quantities import read_quantities
from qa_eval.matching.running_text import FUNCTION_WORDS, RunningText, Sentence, breaks_clause, skeleton, stem
from qa_eval.matching.sought_claims import Mention, Sought, SoughtWording, stands_for
from qa_eval.matching.source_differences import SOURCE
from qa_eval.matching.spelling import folded_same_length, is_negator, vocabulary
from qa_eval.matching.units import MEASURE_KINDS, MEASURES
from qa_eval.matching.value_mentions import date_mentions, quantity_mentions
from qa_eval.records import NUMERIC_TYPES
from qa_eval.text.lazy_patterns import lazy_pattern


def mentions(text: RunningText, wanted: Sought) -> list[Mention]:
    """Every mention of a claim, and every other value of the asked kind, in the order of the text.

    Values are read by the typed match. Words are found in any order within one sentence. A mention whose
    words
    all belong to a longer mention of another claim is left out.
    """
    found: list[Mention] = []
    if wanted.answer_type in NUMERIC_TYPES:
        found += quantity_mentions(text, wanted)
    elif wanted.answer_type == "date":
        found += date_mentions(text, wanted)
    elif wanted.measured is not None:
        found += [m for m in quantity_mentions(text, wanted.measured) if m.claim or _is_measure(text, m)]
    told = {m.claim for m in found if m.claim}
    for mention in _worded(text, wanted):
        typed = wanted.answer_type in NUMERIC_TYPES or wanted.answer_type == "date"
        if typed and (mention.claim in told or not _unreadable(mention.detail, wanted.answer_type)):
            continue
        found.append(mention)
    lists = list(_listed(text, wanted))
    found = [m for m in found if not any(m.words < one.words for one in lists)] + lists
    return sorted(_longest(_ends_of(found)), key=lambda m: (m.first, m.end))


def _is_measure(text: RunningText, mention: Mention) -> bool:
    """Whether a value of a brief text has a unit of measure behind it."""
    units = [word.text for word in text.words[mention.first : mention.end + 1]]
    return len(text.words) <= _BRIEF and any(
        MEASURES.get(unit, ("", 0))[0] in MEASURE_KINDS for unit in units
    )


_BRIEF = 25
"""Words of a text in which a measure that is no claim is another answer to a question that names may answer
too."""
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


def _unreadable(wording: str, answer_type: str) -> bool:
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


@dataclass(frozen=True, slots=True)
class _Scope:
    """The words within which a wording has to be said: a sentence, a clause, or the lines of a list."""

    first: int
    end: int
    length: int
    """Words without signs."""
    places: dict[str, list[int]]
    """Key -> the words that have it or stand for it."""
    joined: dict[str, int]

    def at(self, key: str) -> list[int]:
        return self.places.get(key) or [self.joined[key]]


def _worded(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    """Mentions by the content words of a wording, within one sentence or clause, or over the lines of a
    list.
    """
    seen: set[tuple[str, frozenset[int]]] = set()
    for sentence in text.sentences:
        scope = _scope(text, wanted, sentence.first, sentence.end)
        for part in [scope, *(_clauses(text, wanted, scope) if scope.length > _SHORT else ())]:
            looked: set[int] = set()
            for key in [*part.places, *part.joined]:
                for index in wanted.keys.get(key, ()):
                    if index not in looked:
                        looked.add(index)
                        for mention in _says(text, wanted, wanted.wordings[index], part):
                            if (mention.claim, mention.words) not in seen:
                                seen.add((mention.claim, mention.words))
                                yield mention


def _listed(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    """Claims that are lists, where an answer gives their members in lines of their own."""
    wordings = [wording for wording in wanted.wordings if len(wording.members) > 1]
    first: int | None = None
    for number in range(len(text.sentences) + 1 if wordings else 0):
        item = number < len(text.sentences) and _is_item(text, text.sentences[number])
        if item and first is None:
            first = number
        elif not item and first is not None:
            low, high = text.sentences[first].first, text.sentences[number - 1].end
            lines = folded_same_length(text.text[text.words[low].start : text.words[high - 1].end])
            if number - first > 1 and not _SOURCED.search(lines):
                scope = _scope(text, wanted, low, high)
                for wording in wordings:
                    if _mostly_told(text, scope, wording, [k for k in wording.core if k in scope.places]):
                        yield from _says(text, wanted, wording, scope, enough=True)
            first = None


_SOURCED = lazy_pattern(rf"\[\d|\b{SOURCE}\b|\baccording\b")


def _is_item(text: RunningText, sentence: Sentence) -> bool:
    """Whether a sentence is a line of a list or of a table."""
    first = text.words[sentence.first]
    if first.kind == "number" and sentence.end - sentence.first > 1:
        return text.words[sentence.first + 1].text in (".", ")")
    return first.text in ("-", "*", "•", "|")


def _clauses(text: RunningText, wanted: Sought, sentence: _Scope) -> Iterator[_Scope]:
    first = sentence.first
    for i in range(sentence.first, sentence.end + 1):
        if i == sentence.end or breaks_clause(text.words[i]) or text.words[i].text in _CLAUSE_OPENERS:
            if i - first > 1:
                yield _scope(text, wanted, first, i)
            first = i + 1


_CLAUSE_OPENERS = vocabulary("that which who where when and hence")


def _scope(text: RunningText, wanted: Sought, first: int, end: int) -> _Scope:
    person = wanted.answer_type == "person"
    capitals = person and any(word.upper for word in text.words)
    places: dict[str, list[int]] = defaultdict(list)
    previous, length = -1, 0
    for i in range(first, end):
        word = text.words[i]
        if word.kind == "symbol":
            continue
        length += 1
        if person and capitals and word.kind == "word" and not word.upper and word.text not in _PARTICLES:
            continue
        key = skeleton(word.text.removesuffix("'s")) if person and word.kind == "word" else word.key
        places[key].append(i)
        if (other := stands_for(key, wanted)) is not None:
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
    return _Scope(first, end, length, places, _joins(text, first, end, wanted))


def _joins(text: RunningText, first: int, end: int, wanted: Sought) -> dict[str, int]:
    """Keys that a wording writes as two words and the sentence as one: "air" and "strike" of "airstrikes"."""
    found: dict[str, int] = {}
    for i in range(first, end):
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
    text: RunningText, wanted: Sought, wording: SoughtWording, scope: _Scope, *, enough: bool = False
) -> Iterator[Mention]:
    """The places at which a scope says a wording; `enough`: whatever of it is said."""
    present = [key for key in wording.core if key in scope.places or key in scope.joined]
    missing = 0 if enough else len(wording.core) - len(present)
    if (
        missing
        and wanted.answer_type == "text"
        and scope.length <= _SHORT
        and (
            (_stands_in(text, scope) and _told_by_content(wording, present))
            or _mostly_told(text, scope, wording, present)
        )
    ):
        missing = 0
    if missing and (_told_apart(scope, wording, present) or _quantified(text, scope, wording)):
        missing = 0
    allowed = 0.0 if len(wording.core) < 5 else 0.25 if len(wording.core) < 8 else 0.4
    if missing > len(wording.core) * allowed or (missing and not wording.told & set(present)):
        return
    if missing and wording.numbers - set(present):
        return
    told = [key for key in present if key in wording.told] or present
    rarest = min(told, key=lambda key: (len(scope.at(key)), key))
    for anchor in scope.at(rarest)[:_MOST_PLACES]:
        nearest = {key: _nearest(scope.at(key), anchor) for key in present}
        words = frozenset(nearest.values())
        if wording.whole <= wanted.question and _names_the_asked(text, min(words), scope, wanted):
            continue
        if wording.denied and not _denied_nearby(text, words, scope):
            continue
        if (
            wanted.answer_type == "person"
            and len(words) == 1
            and _is_of_another_name(text, min(words), scope, wording)
        ):
            continue
        keyed = [nearest[key] for key in told]
        number = text.sentence_at(min(keyed))
        yield Mention(wording.claim, number, min(keyed), max(keyed) + 1, words, "words", wording.text)


def _names_the_asked(text: RunningText, i: int, scope: _Scope, wanted: Sought) -> bool:
    """Whether the word at i belongs to a name in the question: "Skunk" of "Scout Skunk"."""
    before = text.words[i - 1] if i > scope.first else None
    return before is not None and before.upper and before.content and before.key in wanted.question


_TITLES = vocabulary(
    "president minister general king queen prince mr mrs ms dr sir sheikh professor prof premier"
)


_PARTICLES = vocabulary("al el de da di del van von der den bin ibn ben abu")


def _is_of_another_name(text: RunningText, i: int, sentence: _Scope, wording: SoughtWording) -> bool:
    """Whether the word at i ends a longer name: "Putin" of "Lyudmila Putin", "Assad" of "Hafez al-Assad"."""
    while i > sentence.first and text.words[i - 1].text in _PARTICLES:
        i -= 1
    before = text.words[i - 1] if i > sentence.first else None
    if before is None or before.kind != "word" or not before.upper or before.text in FUNCTION_WORDS:
        return False
    own = skeleton(before.text) in wording.whole
    return not own and before.text not in _TITLES and text.words[i].start - before.end == 1


_PRONOUNS = frozenset({"they", "it", "he", "she", "them", "these"})


def _stands_in(text: RunningText, sentence: _Scope) -> bool:
    """Whether a pronoun near the beginning of a sentence may stand for words that a wording has."""
    return any(
        text.words[i].text in _PRONOUNS for i in range(sentence.first, min(sentence.first + 3, sentence.end))
    )


_RELATIONS = frozenset(stem(word) for word in vocabulary("before after prior during near around against"))
"""Words that tell nothing by themselves."""


def _told_by_content(wording: SoughtWording, present: Sequence[str]) -> bool:
    """Whether what is said of a wording tells it from the other claims, and is a good part of it."""
    told = (wording.told & set(present)) - _RELATIONS
    return bool(told) and not wording.numbers - set(present) and 3 * len(present) >= len(wording.core)


def _mostly_told(text: RunningText, sentence: _Scope, wording: SoughtWording, present: Sequence[str]) -> bool:
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


def _told_apart(sentence: _Scope, wording: SoughtWording, present: Sequence[str]) -> bool:
    """Whether most of what only this one of several long claims has is said, in two words or more."""
    told = wording.told & set(present)
    return (
        all(member & told for member in wording.members if member & wording.told)
        and len(wording.core) >= _LONG_WORDING
        and wording.told < wording.core
        and len(told) >= 2
        and 2 * len(told) >= len(wording.told)
        and not wording.numbers - set(present)
        and sentence.length <= 2 * _SHORT
    )


def _quantified(text: RunningText, scope: _Scope, wording: SoughtWording) -> bool:
    """Whether the quantifier that a wording begins with stands before another of its words: "some of the
    houses".
    """
    amounts = scope.places.get(wording.quantifier, ()) if wording.quantifier in wording.told else ()
    if any(_stands_alone(text, scope, i) for i in amounts[:_MOST_PLACES]):
        return True
    others = [
        i for key in wording.core - {wording.quantifier} for i in scope.places.get(key, ())[:_MOST_PLACES]
    ]
    return any(0 < i - amount <= _OF for amount in amounts[:_MOST_PLACES] for i in others)


def _stands_alone(text: RunningText, scope: _Scope, i: int) -> bool:
    """Whether the word at i has a sign, or the end of its scope, on both sides."""
    before = text.words[i - 1].kind == "symbol" if i > scope.first else True
    return before and (i + 1 >= scope.end or text.words[i + 1].kind == "symbol")


_OF = 4
"""Words from a quantifier to what it is of, at most."""
_LONG_WORDING = 5
"""Content words of a wording of which an answer may leave out what other claims have too."""
_SHORT = 14
"""Words of a sentence or clause that is short."""

_MOST_PLACES = 4
"""Places of one wording in one sentence that are looked at."""


def _nearest(places: Sequence[int], anchor: int) -> int:
    at = bisect_left(places, anchor)
    return min(places[max(0, at - 1) : at + 1], key=lambda i: abs(i - anchor))


def _denied_nearby(text: RunningText, words: frozenset[int], sentence: _Scope) -> bool:
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
