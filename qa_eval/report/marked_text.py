"""A text with its golds and answers marked, which may overlap."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qa_eval.records import Span

MOST_TEXT = 100_000
"""Largest number of characters shown of one text."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A span of a text that is a gold or an answer."""

    span: Span
    gold: bool
    note: str
    """Note for the reader: the claim, or the models that gave the answer."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text that has the same marks throughout. The pieces of a text join to the whole text."""

    text: str
    start: int
    gold: bool
    said: bool
    notes: tuple[str, ...]


def segments(text: str, marked: Iterable[Marked]) -> list[Segment]:
    """The text cut at every end of a mark. Marks outside the text are left out.

    >>> marked = [Marked(Span(0, 8), True, "a"), Marked(Span(5, 13), False, "b")]
    >>> parts = segments("over 400 dead", marked)
    >>> [(p.text, p.gold, p.said) for p in parts]
    [('over ', True, False), ('400', True, True), (' dead', False, True)]
    """
    whole = text[:MOST_TEXT]
    kept = [m for m in marked if 0 <= m.span.start < m.span.end <= len(whole)]
    cuts = sorted({0, len(whole), *(m.span.start for m in kept), *(m.span.end for m in kept)})
    found = []
    for start, end in pairwise(cuts):
        over = [m for m in kept if m.span.start <= start and end <= m.span.end]
        found.append(
            Segment(
                text=whole[start:end],
                start=start,
                gold=any(m.gold for m in over),
                said=any(not m.gold for m in over),
                notes=tuple(dict.fromkeys(m.note for m in over)),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive lines of a text that all have marks, or all have none."""

    parts: Sequence[Segment]
    marked: bool
    lines: int
    """Number of lines that are not blank."""


def passages(text: str, marked: Iterable[Marked]) -> list[Passage]:
    r"""The passages of a text: lines with marks and lines without marks, in turns.

    Together they are the whole text, except for blank lines at the end of each passage.

    >>> marked = [Marked(Span(0, 1), True, "a"), Marked(Span(9, 12), False, "b")]
    >>> found = passages("one\ntwo\nthree\nfour", marked)
    >>> [(p.marked, [s.text for s in p.parts]) for p in found]
    [(True, ['o', 'ne']), (False, ['two']), (True, ['t', 'hre', 'e']), (False, ['four'])]
    """
    whole = text[:MOST_TEXT]
    kept = [m for m in marked if 0 <= m.span.start < m.span.end <= len(whole)]
    found: list[tuple[int, int, bool]] = []
    start = 0
    for line in whole.splitlines(keepends=True):
        end = start + len(line)
        over = any(m.span.start < end and start < m.span.end for m in kept)
        if found and (found[-1][2] == over or not line.strip()):
            found[-1] = (found[-1][0], end, found[-1][2])
        else:
            found.append((start, end, over))
        start = end
    return [
        _passage(whole, kept, *place) for place in found if place[2] or whole[place[0] : place[1]].strip()
    ]


def _passage(text: str, marked: Sequence[Marked], start: int, end: int, over: bool) -> Passage:
    words = text[start:end].rstrip()
    inside = [
        replace(m, span=Span(max(0, m.span.start - start), min(len(words), m.span.end - start)))
        for m in marked
        if m.span.start < start + len(words) and start < m.span.end
    ]
    parts = [replace(p, start=p.start + start) for p in segments(words, inside)]
    return Passage(parts, over, sum(bool(line.strip()) for line in words.split("\n")))


def names(some: Sequence[str], most: int = 4) -> str:
    """The names, or their number if there are more than `most`.

    >>> names(["a", "b", "c"]), names(["a", "b", "c"], most=2)
    ('a, b, c', '3 models')
    """
    return ", ".join(some) if len(some) <= most else f"{len(some)} models"
