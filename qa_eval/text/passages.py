"""Passages of a long text around the places that matter, with those places marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console
from rich.text import Text

from qa_eval.records import Span
from qa_eval.text.terminal import clean

AROUND = 110
"""Characters shown on each side of a marked place, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place to show. It is bracketed as well as coloured, so that it can be seen without colour."""

    span: Span
    opening: str
    closing: str
    style: str


def draw_passages(text: str, marks: Iterable[Mark], width: int, indent: str = "") -> list[Text]:
    """The passages that hold the marks, in the text's order, wrapped; an ellipsis stands for text left out.

    Marks outside the text are ignored; without any mark the text's beginning is shown.
    """
    inside = [m for m in marks if 0 <= m.span.start < m.span.end <= len(text)]
    lines: list[Text] = []
    for start, end in _windows(text, inside):
        passage = _marked(text, start, end, inside)
        passage = Text.assemble("… " if start > 0 else "", passage, " …" if end < len(text) else "")
        lines += wrap_text(passage, width, indent)
    return lines


def wrap_text(text: Text, width: int, indent: str = "", hanging: str = "") -> list[Text]:
    """The text in lines of at most that width, each indented, all but the first by `hanging` too."""
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    wrapped = text.wrap(console, max(width - len(indent) - len(hanging), 20))
    for line in wrapped:
        line.rstrip()
    return [Text.assemble(indent, hanging if n else "", line) for n, line in enumerate(wrapped)]


def _windows(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """Stretches around the marks: whole words, no further than their paragraph, touching ones joined."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((m.span.start, m.span.end) for m in marks) or [(0, 0)]:
        low, high = _left(text, start), _right(text, end)
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def _left(text: str, at: int) -> int:
    low = max(0, at - AROUND)
    paragraph = text.rfind("\n", low, at)
    if paragraph >= 0:
        return paragraph + 1
    space = text.find(" ", low, at)
    return low if low == 0 or space < 0 else space + 1


def _right(text: str, at: int) -> int:
    high = min(len(text), at + AROUND)
    paragraph = text.find("\n", at, high)
    if paragraph >= 0:
        return paragraph
    space = text.rfind(" ", at, high)
    return high if high == len(text) or space < 0 else space


def _marked(text: str, start: int, end: int, marks: Sequence[Mark]) -> Text:
    within = [m for m in marks if start <= m.span.start and m.span.end <= end]
    cuts = sorted({start, end, *(m.span.start for m in within), *(m.span.end for m in within)})
    result = Text()
    for low, high in pairwise(cuts):
        # Longer marks open first and close last.
        for mark in sorted((m for m in within if m.span.start == low), key=lambda m: -m.span.end):
            result.append(mark.opening, mark.style)
        styles = [m.style for m in within if m.span.start <= low and high <= m.span.end]
        result.append(clean(text[low:high].replace("\n", " ")), " ".join(dict.fromkeys(styles)))
        for mark in sorted((m for m in reversed(within) if m.span.end == high), key=lambda m: -m.span.start):
            result.append(mark.closing, mark.style)
    return result
