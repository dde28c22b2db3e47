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
"""Greatest number of pairs of questions that are compared because they share a rare word. It takes a few
seconds."""
NEAR_DUPLICATE = 0.8
"""Jaccard similarity of their words from which two questions look like one question asked twice."""


def check_ids_unique(authored: Sequence[Authored]) -> Iterator[Finding]:
    """Yields a finding for each id that an earlier question has."""
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
    """Yields (other fact, finding) for pairs of facts whose questions or paraphrases have (nearly) the same
    words.

    The same words in the same order are an error. A Jaccard similarity of at least `NEAR_DUPLICATE` is a
    warning, because two facts can differ in one word that matters. Each pair of facts has one finding, for
    its most similar wordings, at the later of the two facts.
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
            f"too many questions of the set share their words: after {MAX_COMPARED:,} comparisons, this "
            "question and those after it are not compared; use fewer words in common, or split the set"
        )
        yield "", similar.stopped.authored.finding("near-duplicate", similar.stopped.field, message)


_Places = defaultdict[tuple[int, int], list[_Asked]]
"""Questions that have a word, by their number of words and the word's place among them, in order of rarity.
"""


class _SimilarPairs:
    """Pairs of different facts that are similar enough, with their similarity (2 for the same sequence of
    words).

    Equal sequences are found by their hash, and only the first of them is compared further. Words are ordered
    from rare to frequent. Two sets of Jaccard similarity t then share one of the first n - ceil(t n) + 1
    words of either (prefix filtering: Chaudhuri, Ganti and Kaushik, 2006). The place of the first shared word
    bounds how many more they can share (positional filtering: Xiao, Wang, Lin and Yu, 2008). The search
    therefore stays quick for thousands of questions of one pattern. It stops if very many questions are
    similar.
    """

    def __init__(self, asked: Sequence[_Asked]) -> None:
        self.asked = asked
        self.stopped: _Asked | None = None
        """Question at which too many pairs had been compared; None if there was none."""

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
    """Whether they belong to facts with different ids. Another check reports facts with the same id."""
    return one.authored is not other.authored and one.authored.question.id != other.authored.question.id
