"""Passages of a long text around marked places.

Marks are not nested. If marks of two kinds overlap, the shared part has brackets of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console
from rich.text import Text

from qa_eval.records import Span
from qa_eval.text.terminal import clean

AROUND = 110
"""Largest number of characters shown on each side of a marked place."""


OVERLAP = ("⟪", "⟫")
"""Brackets of text that is in marks of two kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place to show. It has brackets as well as a colour, so that readers can see it without colour."""

    span: Span
    opening: str
    closing: str
    style: str


def draw_passages(text: str, marks: Iterable[Mark], width: int, indent: str = "") -> list[Text]:
    """The lines of the passages that hold the marks, wrapped and in the order of the text.

    An ellipsis replaces text that is left out. Marks outside the text are ignored. Without any mark, the
    passage is the beginning of the text.
    """
    inside = [m for m in marks if 0 <= m.span.start < m.span.end <= len(text)]
    lines: list[Text] = []
    for start, end in _windows(text, inside):
        passage = _marked(text, start, end, inside)
        passage = Text.assemble("… " if start > 0 else "", passage, " …" if end < len(text) else "")
        lines += wrap_text(passage, width, indent)
    return lines


def wrap_text(text: Text, width: int, indent: str = "", hanging: str = "") -> list[Text]:
    """The text in lines of at most `width`. All begin with `indent`, later ones also with `hanging`."""
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    room = width - len(indent)
    lines = list(text.wrap(console, max(room, 20)))
    if hanging and len(lines) > 1:
        rest = text[len(lines[0]) :]
        rest = rest[len(rest) - len(rest.plain.lstrip(" ")) :]
        lines = [lines[0], *rest.wrap(console, max(room - len(hanging), 20))]
    for line in lines:
        line.rstrip()
    return [Text.assemble(indent, hanging if n else "", line) for n, line in enumerate(lines)]


def _windows(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """The ranges around the marks: whole words within one paragraph. Ranges that touch are joined."""
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
    result = Text()
    for low, high, covering in _runs(start, end, marks):
        kinds = {(mark.opening, mark.closing): mark.style for mark in covering}
        opening, closing = next(iter(kinds)) if len(kinds) == 1 else OVERLAP if kinds else ("", "")
        style = " ".join(dict.fromkeys(kinds.values()))
        words = clean(text[low:high].replace("\n", " "))
        bare = words.strip(" ") if kinds else words
        before, after = words[: words.find(bare)], words[words.find(bare) + len(bare) :]
        result.append(before)
        result.append(f"{opening}{bare}{closing}" if bare else "", style)
        result.append(after)
    return result


def _runs(start: int, end: int, marks: Sequence[Mark]) -> list[tuple[int, int, list[Mark]]]:
    """The parts of a passage that are in marks of the same kinds, each with its marks."""
    within = [m for m in marks if start <= m.span.start and m.span.end <= end]
    cuts = sorted({start, end, *(m.span.start for m in within), *(m.span.end for m in within)})
    found: list[tuple[int, int, list[Mark]]] = []
    for low, high in pairwise(cuts):
        covering = [m for m in within if m.span.start <= low and high <= m.span.end]
        if found and {m.opening for m in found[-1][2]} == {m.opening for m in covering}:
            found[-1] = (found[-1][0], high, found[-1][2])
        else:
            found.append((low, high, covering))
    return found
