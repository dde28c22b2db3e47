"""Checks of questions against each other, across all files: ids used twice, facts asked twice."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_eval.data.checks.question_checks import wordings, words
from qa_eval.data.corpus_files import Authored
from qa_eval.records import Finding
from qa_eval.text.phrases import quote

MAX_COMPARED = 2_000_000
"""Pairs of questions that are looked at because they share a rare word: a few seconds."""
NEAR_DUPLICATE = 0.8
"""Share of words two questions have in common (Jaccard) from which one looks like the other asked again."""


def check_ids_unique(authored: Sequence[Authored]) -> Iterator[Finding]:
    """An id that an earlier question has."""
    seen: dict[str, Authored] = {}
    for one in authored:
        first = seen.setdefault(one.question.id, one)
        if first is not one:
            message = f"{quote(one.question.id)} is already the id of {first.place}; rename or delete one"
            yield one.finding("duplicate-id", "id", message)


@dataclass(frozen=True, slots=True)
class _Asked:
    authored: Authored
    field: str
    words: tuple[str, ...]
    distinct: frozenset[str]


def near_duplicates(authored: Sequence[Authored]) -> Iterator[tuple[str, Finding]]:
    """(other fact, finding) for pairs of facts whose questions or paraphrases have (nearly) the same words.

    The same words in the same order are an error; a Jaccard similarity of at least `NEAR_DUPLICATE` is a
    warning, because two facts can differ in one word that matters. One finding a pair of facts, of its most
    similar wordings, at the later of the two.
    """
    asked = [
        _Asked(one, field, tuple(found), frozenset(found))
        for one in authored
        for field, text in wordings(one.question)
        if (found := words(text))
    ]
    best: dict[tuple[int, int], tuple[float, _Asked, _Asked]] = {}
    similar = _SimilarPairs(asked)
    for first, second, similarity in similar:
        pair = (id(first.authored), id(second.authored))
        if pair not in best or similarity > best[pair][0]:
            best[pair] = (similarity, first, second)
    for similarity, first, second in best.values():
        one, other = second.authored, first.authored
        place = f"{first.field} of {quote(other.question.id)} ({other.place})"
        if similarity > 1:
            message = f"has the same words as {place}; join the facts, or ask for something else"
            yield other.question.id, one.finding("near-duplicate", second.field, message)
        else:
            shared = len(first.distinct & second.distinct)
            message = (
                f"shares {shared} of {len(first.distinct | second.distinct)} words with {place}; "
                "join the facts, ask in other words, or exempt it in exemptions.toml with the reason"
            )
            finding = one.finding("near-duplicate", second.field, message, severity="warning")
            yield other.question.id, finding
    if similar.stopped is not None:
        message = (
            f"too many questions of the set share their words: after {MAX_COMPARED:,} comparisons, questions "
            "from this one on are compared with none; ask less alike, or split the set"
        )
        yield "", similar.stopped.authored.finding("near-duplicate", similar.stopped.field, message)


_Places = defaultdict[tuple[int, int], list[_Asked]]
"""The questions that have a word, by how many words they have and at which place, in order of rarity."""


class _SimilarPairs:
    """Pairs of different facts that are similar enough, with their similarity (2 for the same sequence).

    The same sequence is found by its hash, and only the first that has it is compared further. Two sets of
    Jaccard similarity t share one of the first n - ceil(t n) + 1 words of either, when words are ordered from
    rare to frequent (prefix filtering: Chaudhuri, Ganti and Kaushik, 2006), and the place of the first word
    they share bounds how many more they can share (positional filtering: Xiao, Wang, Lin and Yu, 2008). So
    thousands of questions of one pattern stay quick. Where very many are similar the search stops.
    """

    def __init__(self, asked: Sequence[_Asked]) -> None:
        self.asked = asked
        self.stopped: _Asked | None = None
        """The one at which too many pairs had been compared."""

    def __iter__(self) -> Iterator[tuple[_Asked, _Asked, float]]:
        frequency = Counter(word for one in self.asked for word in one.distinct)
        same: dict[tuple[str, ...], _Asked] = {}
        having: defaultdict[str, _Places] = defaultdict(lambda: defaultdict(list))
        left = MAX_COMPARED
        for one in self.asked:
            first = same.setdefault(one.words, one)
            if first is not one:
                if _are_two(first, one):
                    yield first, one, 2.0
                continue
            size = len(one.distinct)
            ordered = sorted(one.distinct, key=lambda word: (frequency[word], word))
            prefix = ordered[: size - math.ceil(NEAR_DUPLICATE * size - 1e-9) + 1]
            candidates: dict[int, _Asked] = {}
            for place, word in enumerate(prefix):
                for (their_size, their_place), others in having[word].items():
                    shared = min(size - place, their_size - their_place)
                    if shared >= NEAR_DUPLICATE * (size + their_size - shared) - 1e-9:
                        left -= len(others)
                        candidates.update((id(other), other) for other in others)
                if left < 0:
                    self.stopped = one
                    return
            for place, word in enumerate(prefix):
                having[word][size, place].append(one)
            for other in candidates.values():
                similarity = len(one.distinct & other.distinct) / len(one.distinct | other.distinct)
                if similarity >= NEAR_DUPLICATE and _are_two(one, other):
                    yield other, one, similarity


def _are_two(one: _Asked, other: _Asked) -> bool:
    """Whether they belong to facts of their own: a duplicate id is reported as such."""
    return one.authored is not other.authored and one.authored.question.id != other.authored.question.id
