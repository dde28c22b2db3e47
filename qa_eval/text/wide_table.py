"""The leaderboard on a terminal: one table in the richest shape that fits its width.

    beside   one line a row: every value with its interval beside it, counts in columns of their own
    stacked  two lines a row: intervals under the values, counts under the name
    cards    three lines a row: the name over the values over the intervals; columns that still do not fit
             are left out, least important first, and named under the table

Numbers are never wrapped or cut; a name may be shortened with an ellipsis.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from qa_eval.text.terminal import clean

Shape = Literal["beside", "stacked", "cards"]

_SHORT_NAME = 26
"""Columns that a name has at least before a leaner shape is taken."""

DIM = "dim"
BOLD = "bold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number with its interval, both already text; empty where there is none."""

    value: str = ""
    interval: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One metric."""

    label: str
    """May be broken at its spaces, not at no-break ones."""
    priority: int = 0
    """The column of the highest number is left out first where there is no room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One model."""

    name: str
    cells: tuple[Cell, ...]
    """One for each column."""
    rank: str = ""
    rank_interval: str = ""
    difference: Cell = Cell()
    """To the first row."""
    counts: tuple[str, ...] = ()
    """One for each of the board's `counts`."""
    tally: str = ""
    """The counts in words, for shapes without columns for them."""
    brief: bool = False
    """Without interval and counts, where those would stand on a line of their own."""
    failure: str = ""
    """Why there are no numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A leaderboard, ready to be laid out."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[BoardRow, ...]
    references: tuple[BoardRow, ...] = ()
    """Shown under a line of their own; not ranked."""
    counts: tuple[str, ...] = ()
    """Headings of the counts."""
    rank_label: str = "rank"
    difference_label: str = "Δ\u00a0to\u00a0first"
    caption: tuple[str, ...] = ()
    """Sentences; each starts a line of its own and is wrapped."""
    notes: tuple[str, ...] = field(default=())
    """What a reader must not miss; shown in yellow above the caption."""

    @property
    def all_rows(self) -> tuple[BoardRow, ...]:
        return self.rows + self.references


def draw_board(board: Board, width: int) -> list[Text]:
    """The lines of the table, none wider than that (but where a single number would not fit)."""
    layout = _fit(board, width)
    lines: list[Text] = [Text(clean(board.title), BOLD), Text()]
    lines += layout.header()
    lines.append(Text("─" * layout.width, DIM))
    for row in board.rows:
        lines += layout.row(row)
    if board.references:
        lines += [Text(), Text("references, unranked", DIM)] if board.rows else []
        for row in board.references:
            lines += layout.row(row)
    lines.append(Text())
    for note in chain(board.notes, layout.notes()):
        lines += _wrapped(note, width, "yellow")
    for sentence in board.caption:
        lines += _wrapped(sentence, width, DIM)
    return lines


def _wrapped(sentence: str, width: int, style: str, indent: str = "") -> Iterator[Text]:
    """Lines by display width, the following ones indented; a word longer than the width stands alone."""
    line, bare = indent, True
    for word in clean(sentence).split(" "):
        if not bare and cell_len(line) + 1 + cell_len(word) > width:
            yield Text(line, style)
            line, bare = indent + "  ", True
        line += word if bare else f" {word}"
        bare = False
    yield Text(line, style)


# ------------------------------------------------------------------------------------------ layout


@dataclass(frozen=True, slots=True)
class _Layout:
    board: Board
    shape: Shape
    columns: tuple[int, ...]
    """Indices of the board's columns that are shown."""
    gap: int
    name_width: int
    board_width: int
    """Columns there are; the layout may need fewer."""

    @property
    def spread(self) -> bool:
        """True if an interval stands on the line of its value."""
        return self.shape == "beside"

    @property
    def rank_width(self) -> int:
        rows = self.board.all_rows
        if not any(r.rank for r in rows):
            return 0
        if self.shape == "beside":
            return _widest([self.board.rank_label, *(_beside(r.rank, r.rank_interval) for r in rows)])
        return _widest(
            [
                *([self.board.rank_label] if self.shape == "stacked" else []),
                *chain.from_iterable((r.rank, r.rank_interval) for r in rows),
            ]
        )

    def cell_widths(self, cells: Sequence[Cell]) -> tuple[int, int]:
        """Width of the values, and of the intervals, of one column."""
        return _widest([c.value for c in cells]), _widest([c.interval for c in cells])

    def column_width(self, label: str, cells: Sequence[Cell]) -> int:
        value, interval = self.cell_widths(cells)
        content = value + (interval + 1 if interval else 0) if self.spread else max(value, interval)
        return max(content, _widest(_header_lines(label, content)), 1)

    def metric_cells(self, index: int) -> list[Cell]:
        """The cells that the column must hold, as they are shown."""
        return [
            Cell(value=r.cells[index].value) if r.brief and not self.spread else r.cells[index]
            for r in self.board.all_rows
            if r.cells
        ]

    @property
    def differences(self) -> list[Cell]:
        return [r.difference for r in self.board.all_rows if r.difference.value]

    def fields(self) -> list[tuple[str, int]]:
        """Label and width of every column right of the name."""
        found = []
        for i in self.columns:
            label = self.board.columns[i].label
            found.append((label, self.column_width(label, self.metric_cells(i))))
        if self.shape != "cards" and self.differences:
            label = self.board.difference_label
            found.append((label, self.column_width(label, self.differences)))
        if self.shape == "beside":
            for i, label in enumerate(self.board.counts):
                found.append(
                    (
                        label,
                        _widest(
                            [
                                *_header_lines(label, 0),
                                *(r.counts[i] for r in self.board.all_rows if r.counts),
                            ]
                        ),
                    )
                )
        return found

    @property
    def left(self) -> int:
        """Where the first field begins."""
        rank = self.rank_width
        if self.shape == "cards":
            return rank
        return (rank + self.gap if rank else 0) + self.name_width

    @property
    def width(self) -> int:
        return self.left + sum(width + self.gap for _, width in self.fields())

    # -------------------------------------------------------------------------------------- drawing

    def header(self) -> list[Text]:
        """The headings, as many lines as the tallest needs, resting on the rule."""
        fields = [(_header_lines(label, width), width) for label, width in self.fields()]
        height = max((len(lines) for lines, _ in fields), default=1)
        result = []
        for n in range(height):
            last = n == height - 1
            rank = self.board.rank_label if last and self.rank_width and self.shape != "cards" else ""
            model = "model" if last and self.shape != "cards" else ""
            line = self._start(rank, model) if self.shape != "cards" else " " * self.rank_width
            for lines, width in fields:
                k = n - (height - len(lines))
                line += " " * self.gap + (lines[k] if k >= 0 else "").rjust(width)
            result.append(Text(line.rstrip(), BOLD))
        return result

    def _start(self, rank: str, name: str) -> str:
        head = rank.rjust(self.rank_width) + " " * self.gap if self.rank_width else ""
        return head + set_cell_size(shortened(name, self.name_width), self.name_width)

    def row(self, row: BoardRow) -> list[Text]:
        """The row's lines."""
        if self.shape == "cards":
            return self._card(row)
        rank = row.rank
        if self.spread:  # ranks stand under each other, each followed by its interval
            rank = _beside(row.rank, row.rank_interval).ljust(self.rank_width)
        first = Text(self._start(rank, clean(row.name)), BOLD if row.rank == "1" else "")
        if row.failure:
            return self._failed(row, rank)
        second = Text(
            self._start("" if self.spread else row.rank_interval, "" if self.spread else row.tally), DIM
        )
        self._fill(first, second, self._row_cells(row))
        if self.spread:
            counts = self.fields()[len(self.fields()) - len(row.counts) :]
            for (_, width), count in zip(counts, row.counts, strict=True):
                first.append(" " * self.gap + count.rjust(width))
        first.rstrip()
        second.rstrip()
        return [first] if row.brief or self.spread or not second.plain.strip() else [first, second]

    def _failed(self, row: BoardRow, rank: str) -> list[Text]:
        """On the name's line if there is room, else under it."""
        reason, indent = clean(row.failure), " " * (self.rank_width + self.gap if self.rank_width else 0)
        line = Text(self._start(rank, clean(row.name)))
        if line.cell_len + self.gap + cell_len(reason) <= self.board_width:
            return [line.append(" " * self.gap + reason, "red")]
        line.rstrip()
        return [line, *_wrapped(row.failure, self.board_width, "red", indent)]

    def _row_cells(self, row: BoardRow) -> list[Cell]:
        cells = [row.cells[i] for i in self.columns]
        return cells + ([row.difference] if self.shape != "cards" and self.differences else [])

    def _fill(self, first: Text, second: Text, cells: Sequence[Cell]) -> None:
        columns = [self.metric_cells(i) for i in self.columns] + [self.differences]
        for cell, (_, width), column in zip(cells, self.fields(), columns, strict=False):
            if self.spread:
                interval = self.cell_widths(column)[1]
                room = width - (interval + 1 if interval else 0)
                first.append(" " * self.gap + cell.value.rjust(room))
                if interval:
                    first.append(" " + cell.interval.ljust(interval), DIM)
            else:
                first.append(" " * self.gap + cell.value.rjust(width))
                second.append(" " * self.gap + cell.interval.rjust(width), DIM)

    def _card(self, row: BoardRow) -> list[Text]:
        rank = row.rank.rjust(self.rank_width) + " " * self.gap if self.rank_width else ""
        indent = " " * cell_len(rank)
        name = shortened(clean(row.name), max(self.board_width - len(indent), 8))
        head = Text(rank + name, BOLD)
        if row.failure:
            return [head, *_wrapped(row.failure, self.board_width, "red", indent)]
        lines = [head]
        if not row.brief:
            change = f"Δ {row.difference.value} ({row.difference.interval})" if row.difference.value else ""
            aside = " · ".join(part for part in (change, row.tally) if part)
            room = max(self.width, min(self.board_width, 80)) - cell_len(rank + name)
            if cell_len(aside) + 2 <= room:
                head.append(aside.rjust(room), DIM)
            else:
                lines += _wrapped(aside, self.board_width, DIM, indent)
        values = Text(" " * self.rank_width)
        intervals = Text(row.rank_interval.rjust(self.rank_width), DIM)
        self._fill(values, intervals, self._row_cells(row))
        intervals.rstrip()
        return [*lines, values] if row.brief or not intervals.plain else [*lines, values, intervals]

    def notes(self) -> list[str]:
        """What this layout had to leave out."""
        hidden = [c.label for i, c in enumerate(self.board.columns) if i not in self.columns]
        if not hidden:
            return []
        return [f"no room at this width for: {', '.join(hidden)} (--format csv has every column)"]


def _fit(board: Board, width: int) -> _Layout:
    every = tuple(range(len(board.columns)))
    names = _widest(["model", *(clean(r.name) for r in board.all_rows if not r.failure)])
    tallies = _widest([r.tally for r in board.all_rows if not r.brief])
    shapes: list[_Layout] = [
        _Layout(board, "beside", every, 2, names, width),
        _Layout(board, "beside", every, 2, min(names, _SHORT_NAME), width),
        _Layout(board, "stacked", every, 2, max(names, tallies), width),
        _Layout(board, "stacked", every, 2, max(min(names, _SHORT_NAME), tallies), width),
        _Layout(board, "stacked", every, 1, max(min(names, _SHORT_NAME), tallies), width),
        _Layout(board, "cards", every, 2, 0, width),
        _Layout(board, "cards", every, 1, 0, width),
    ]
    for layout in shapes:
        if layout.width <= width:
            return layout
    kept = list(every)
    while len(kept) > 1:
        kept.remove(max(kept, key=lambda i: (board.columns[i].priority, i)))
        for gap in (2, 1):
            layout = _Layout(board, "cards", tuple(kept), gap, 0, width)
            if layout.width <= width:
                return layout
    return _Layout(board, "cards", tuple(kept), 1, 0, width)


def _header_lines(label: str, width: int) -> list[str]:
    """The label on one line if it fits over the content, else broken at its spaces."""
    return [label] if cell_len(label) <= width else label.split(" ")


def _beside(value: str, interval: str) -> str:
    return f"{value} {interval}".strip()


def _widest(texts: Sequence[str]) -> int:
    return max((cell_len(t) for t in texts), default=0)


def shortened(text: str, width: int) -> str:
    """The text, or as much of it as fits that display width with an ellipsis."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)).rstrip() + "…"
