"""A text with its golds and answers marked in place, overlaps included."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

MOST_TEXT = 100_000
"""Characters of one text that are shown."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a text, half-open, that is a gold or an answer."""

    start: int
    end: int
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


def segments(text: str, spans: Iterable[Span]) -> list[Segment]:
    """The text cut at every boundary of every span; spans that do not lie in it are left out.

    >>> parts = segments("over 400 dead", [Span(0, 8, True, "a"), Span(5, 13, False, "b")])
    >>> [(p.text, p.gold, p.said) for p in parts]
    [('over ', True, False), ('400', True, True), (' dead', False, True)]
    """
    whole = text[:MOST_TEXT]
    kept = [s for s in spans if 0 <= s.start < s.end <= len(whole)]
    cuts = sorted({0, len(whole), *(s.start for s in kept), *(s.end for s in kept)})
    found = []
    for start, end in pairwise(cuts):
        over = [s for s in kept if s.start <= start and end <= s.end]
        found.append(
            Segment(
                text=whole[start:end],
                start=start,
                gold=any(s.gold for s in over),
                said=any(not s.gold for s in over),
                notes=tuple(dict.fromkeys(s.note for s in over)),
            )
        )
    return found


def excerpts(text: str, spans: Iterable[Span]) -> list[list[Segment]]:
    r"""The lines of a text that a span lies in, neighbours together, each stretch cut as by `segments`.

    >>> found = excerpts("one\ntwo\nthree\nfour", [Span(0, 1, True, "a"), Span(9, 12, False, "b")])
    >>> [[(p.text, p.start) for p in stretch] for stretch in found]
    [[('o', 0), ('ne', 1)], [('t', 8), ('hre', 9), ('e', 12)]]
    """
    kept = [s for s in spans if 0 <= s.start < s.end <= min(len(text), MOST_TEXT)]
    stretches: list[tuple[int, int]] = []
    for span in sorted(kept, key=lambda span: span.start):
        start = text.rfind("\n", 0, span.start) + 1
        end = text.find("\n", span.end)
        end = len(text) if end < 0 else end
        if stretches and start <= stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    found = []
    for start, end in stretches:
        inside = [replace(s, start=s.start - start, end=s.end - start) for s in kept]
        found.append([replace(p, start=p.start + start) for p in segments(text[start:end], inside)])
    return found


def names(some: Sequence[str], most: int = 4) -> str:
    """A few names, and how many more there are.

    >>> names(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    rest = len(some) - most
    return ", ".join(some[:most]) + (f" and {rest} more" if rest > 0 else "")
