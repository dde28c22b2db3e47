"""A text with its golds and answers marked in place, overlaps included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qa_eval.records import Span

MOST_TEXT = 100_000
"""Characters of one text that are shown."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A stretch of a text that is a gold or an answer."""

    span: Span
    gold: bool
    note: str
    """What a reader is told of it: the claim, or who answered with it."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text under the same marks; the pieces of a text join to it again."""

    text: str
    start: int
    gold: bool
    said: bool
    notes: tuple[str, ...]


def segments(text: str, marked: Iterable[Marked]) -> list[Segment]:
    """The text cut at every boundary of every mark; marks that do not lie in it are left out.

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


def excerpts(text: str, marked: Iterable[Marked]) -> list[list[Segment]]:
    r"""The lines of a text that a mark lies in, neighbours together, each stretch cut as by `segments`.

    >>> marked = [Marked(Span(0, 1), True, "a"), Marked(Span(9, 12), False, "b")]
    >>> found = excerpts("one\ntwo\nthree\nfour", marked)
    >>> [[(p.text, p.start) for p in stretch] for stretch in found]
    [[('o', 0), ('ne', 1)], [('t', 8), ('hre', 9), ('e', 12)]]
    """
    kept = [m for m in marked if 0 <= m.span.start < m.span.end <= min(len(text), MOST_TEXT)]
    stretches: list[tuple[int, int]] = []
    for span in sorted((m.span for m in kept), key=lambda span: span.start):
        start = text.rfind("\n", 0, span.start) + 1
        end = text.find("\n", span.end)
        end = len(text) if end < 0 else end
        if stretches and start <= stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    found = []
    for start, end in stretches:
        inside = [replace(m, span=Span(m.span.start - start, m.span.end - start)) for m in kept]
        found.append([replace(p, start=p.start + start) for p in segments(text[start:end], inside)])
    return found


def names(some: Sequence[str], most: int = 4) -> str:
    """A few names, and how many more there are.

    >>> names(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    rest = len(some) - most
    return ", ".join(some[:most]) + (f" and {rest} more" if rest > 0 else "")
