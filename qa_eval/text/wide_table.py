"""The leaderboard on a terminal: one line for each model, with as many columns as fit.

Columns are added in the order of their importance: rank, model, the metric that sorts and its interval, the
next few metrics, the interval of the rank, the difference to the first model, then all others. A column is
shown whole or left out; only names are shortened. `draw_every_column` leaves nothing out and draws several
tables under each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from qa_eval.text.short_names import short_names
from qa_eval.text.terminal import clean

DIM = "dim"
BOLD = "bold"

_GAP = 2
_LEAST_NAME = 16
"""Smallest width of a name, in characters, while the most important columns are added."""
_AMPLE_NAME = 40
"""Smallest width of a name that needs it, in characters, while further columns are added."""
_SHARED = "models between two dotted lines share a rank: these items do not separate them"
_ALL_SHARED = "all ranked models share a rank: these items do not separate them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number with its interval, both as text; empty if there is none."""

    value: str = ""
    interval: str = ""
    best: bool = False
    """Whether no ranked model has a better number. The best number is bold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column with one metric."""

    label: str
    """Heading, which may be broken at its spaces but not at its no-break spaces."""
    group: str = ""
    """Title of its table, if every column is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """A row with one model."""

    name: str
    cells: tuple[Cell, ...]
    """Cells, one for each column; empty for a model that failed."""
    rank: str = ""
    rank_interval: str = ""
    difference: Cell = Cell()
    """Difference to the first row."""
    counts: tuple[str, ...] = ()
    """Counts, one for each heading in the board's `counts`."""
    brief: bool = False
    """Whether intervals are left out of the row."""
    failure: str = ""
    """Reason why there are no numbers; empty if there are."""

    @property
    def rank_text(self) -> str:
        """Rank with its interval, if it has one; a dash for a row outside the ranking."""
        return f"{self.rank} ({self.rank_interval})" if self.rank_interval else self.rank or "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A leaderboard as text, before its layout."""

    title: str
    columns: tuple[Column, ...]
    """Columns: first the one that sorts, then the others by importance."""
    rows: tuple[BoardRow, ...]
    references: tuple[BoardRow, ...] = ()
    """Rows that are not ranked, shown under a line of their own."""
    first_columns: int = 5
    """Number of columns that are added before anything else. Notes name those that do not fit."""
    next_columns: int = 0
    """Number of columns after these that a note names, too, if they do not fit."""
    counts: tuple[str, ...] = ()
    """Headings of the counts."""
    rank_label: str = "rank"
    difference_label: str = "Δ\u00a0to\u00a0first"
    verdict: str = ""
    """Sentence with the main result, shown under the title."""
    caption: tuple[str, ...] = ()
    """Sentences under the table. Each starts a new line and is wrapped."""
    notes: tuple[str, ...] = ()
    """Sentences that a reader must not miss, shown in yellow above the caption."""

    @property
    def all_rows(self) -> tuple[BoardRow, ...]:
        return self.rows + self.references


def draw_board(board: Board, width: int) -> list[Text]:
    """The lines of a table with as many columns as fit, with its title and caption.

    No line is wider than `width`, unless a single number does not fit.
    """
    layout = _fitted(board, width)
    named = board.columns[: board.first_columns + board.next_columns]
    missing = [column.label for n, column in enumerate(named) if n not in layout.metrics]
    left_out = [f"no room at this width for: {', '.join(missing)}"] if missing else []
    return [*_head(board, width), *layout.draw(), *_foot(board, width, left_out)]


def draw_every_column(board: Board, width: int) -> list[Text]:
    """The lines of tables with every column and all intervals. The width decides the number of tables."""
    groups = [
        (title, [partial(_Layout.with_metrics, places=[n], spread=True) for n in columns])
        for title, columns in groupby(range(len(board.columns)), key=lambda n: board.columns[n].group)
    ]
    differences = (
        [partial(replace, difference=True)] if any(r.difference.value for r in board.all_rows) else []
    )
    counts = [partial(_Layout.with_count, place=n) for n in range(len(board.counts))]
    groups.append(("Ranks and counts", [*differences, *counts]))
    empty = _Layout(board=board, width=width, names=_LEAST_NAME, rank_intervals=True)
    lines = _head(board, width)
    for title, additions in groups:
        for layout in _packed(empty, additions):
            lines += [*([Text(title, BOLD)] if title else []), *layout.draw(), Text()]
    return [*lines[:-1], *_foot(board, width, [])]


def _packed(empty: _Layout, additions: Iterable[Callable[[_Layout], _Layout]]) -> Iterator[_Layout]:
    """The layouts that hold the additions in their order, each with as many as fit."""
    layout = empty
    for add in additions:
        wider = add(layout)
        if layout is not empty and not wider.fits:
            yield layout
            wider = add(empty)
        layout = wider
    if layout is not empty:
        yield layout


def _head(board: Board, width: int) -> list[Text]:
    verdict = list(_wrapped(board.verdict, width, BOLD)) if board.verdict else []
    return [Text(clean(board.title), DIM if verdict else BOLD), *verdict, Text()]


def _foot(board: Board, width: int, left_out: Sequence[str]) -> list[Text]:
    lines = [Text()]
    for note in (*board.notes, *left_out):
        lines += _wrapped(note, width, "yellow")
    shared = [_SHARED] if _shares_a_rank(board) else []
    if shared and len({row.rank for row in board.rows if row.rank}) == 1:
        shared = [_ALL_SHARED]
    for sentence in (*shared, *board.caption):
        lines += _wrapped(sentence, width, DIM)
    return lines


def _shares_a_rank(board: Board) -> bool:
    ranks = [row.rank for row in board.rows if row.rank]
    return len(set(ranks)) < len(ranks)


def _wrapped(sentence: str, width: int, style: str, indent: str = "") -> Iterator[Text]:
    """The sentence in lines of that display width, the second and later ones indented."""
    line, bare = indent, True
    for word in clean(sentence).split(" "):
        if not bare and cell_len(line) + 1 + cell_len(word) > width:
            yield Text(line, style)
            line, bare = indent + "  ", True
        line += word if bare else f" {word}"
        bare = False
    yield Text(line, style)


# ------------------------------------------------------------------------------------------ layout


@dataclass(frozen=True)
class _Field:
    """A column to the right of the name: its heading, and one cell for each row."""

    label: str
    cells: tuple[Cell, ...]

    @cached_property
    def value_width(self) -> int:
        return _widest(cell.value for cell in self.cells)

    @cached_property
    def interval_width(self) -> int:
        return _widest(cell.interval for cell in self.cells)

    @cached_property
    def content_width(self) -> int:
        return self.value_width + (self.interval_width + 1 if self.interval_width else 0)

    @cached_property
    def heading(self) -> list[str]:
        """Lines of the heading: one line if the label fits over the content, else one for each word."""
        return [self.label] if cell_len(self.label) <= self.content_width else self.label.split(" ")

    @cached_property
    def width(self) -> int:
        return max(self.content_width, _widest(self.heading), 1)

    def draw(self, n: int, dim: bool) -> Text:
        """The cell of one row, as wide as the column."""
        cell = self.cells[n]
        room = self.width - (self.interval_width + 1 if self.interval_width else 0)
        text = Text(" " * _GAP + " " * (room - cell_len(cell.value)))
        text.append(cell.value, BOLD if cell.best else DIM if dim else "")
        if self.interval_width:
            text.append(" " + set_cell_size(cell.interval, self.interval_width), DIM)
        return text


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """A choice of columns to draw."""

    board: Board
    width: int
    """Width of the terminal, in characters."""
    names: int
    """Smallest width of the name, in characters."""
    metrics: tuple[int, ...] = ()
    """Indices of the metrics in the board's columns."""
    spread: frozenset[int] = frozenset()
    """Indices of the metrics that are shown with their intervals."""
    rank_intervals: bool = False
    difference: bool = False
    counts: tuple[int, ...] = ()
    """Indices of the counts that are shown."""

    def with_metrics(self, places: Sequence[int], *, spread: bool) -> _Layout:
        """The layout with these metrics added; `spread` adds their intervals too."""
        intervals = self.spread | frozenset(places) if spread else self.spread
        return replace(self, metrics=tuple(sorted({*self.metrics, *places})), spread=intervals)

    def with_count(self, place: int) -> _Layout:
        """The layout with this count added."""
        return replace(self, counts=(*self.counts, place))

    @cached_property
    def fields(self) -> list[_Field]:
        """Columns to the right of the name: metrics, the difference to the first model, and counts."""
        rows, found = self.board.all_rows, [*map(self._metric, self.metrics)]
        if self.difference and any(row.difference.value for row in rows):
            found.append(_Field(self.board.difference_label, tuple(row.difference for row in rows)))
        for n in self.counts:
            cells = tuple(Cell(value=row.counts[n]) if row.counts else Cell() for row in rows)
            found.append(_Field(self.board.counts[n], cells))
        return found

    def _metric(self, n: int) -> _Field:
        cells = [row.cells[n] if row.cells else Cell() for row in self.board.all_rows]
        if n not in self.spread:
            cells = [replace(cell, interval="") for cell in cells]
        bare = [
            replace(c, interval="") if row.brief else c
            for c, row in zip(cells, self.board.all_rows, strict=True)
        ]
        return _Field(self.board.columns[n].label, tuple(bare))

    def rank(self, row: BoardRow) -> str:
        """The rank, with its interval if intervals of ranks are shown."""
        if self.rank_intervals and row.rank_interval:
            return f"{row.rank.rjust(self._ranks)} ({row.rank_interval})"
        return row.rank.rjust(self._ranks) if row.rank else ""

    @cached_property
    def _ranks(self) -> int:
        """Width of the ranks without their intervals."""
        return _widest(row.rank for row in self.board.all_rows)

    @cached_property
    def _widest_rank(self) -> int:
        """Width of the ranks as they are shown."""
        return _widest(map(self.rank, self.board.all_rows))

    @cached_property
    def rank_width(self) -> int:
        """Width of the ranks and the gap after them; 0 if there are no ranks."""
        if not self._ranks:
            return 0
        return max(cell_len(self.board.rank_label), self._widest_rank) + _GAP

    @cached_property
    def longest_name(self) -> int:
        return _widest(["model", *(clean(r.name) for r in self.board.all_rows if not r.failure)])

    @cached_property
    def rest(self) -> int:
        """Width of all columns except the name."""
        return self.rank_width + sum(_GAP + field.width for field in self.fields)

    @property
    def fits(self) -> bool:
        return self.rest + min(self.names, self.longest_name) <= self.width

    @property
    def name_width(self) -> int:
        """Width of the name: what the other columns leave, and no more than the longest name needs."""
        return max(min(self.longest_name, self.width - self.rest), min(self.longest_name, 8))

    # -------------------------------------------------------------------------------------- drawing

    def draw(self) -> list[Text]:
        """The lines of the table: headings, ranked rows with a dotted line between groups, unranked rows."""
        board, fields = self.board, self.fields
        full = self.rest + self.name_width
        lines = [*self._headings(fields), Text("─" * full, DIM)]
        drawn = [self._row(n, row, fields, dim=n >= len(board.rows)) for n, row in enumerate(board.all_rows)]
        dotted = _shares_a_rank(board)
        for n, row in enumerate(board.rows):
            if dotted and n and row.rank != board.rows[n - 1].rank:
                lines.append(Text("┄" * full, DIM))
            lines += drawn[n]
        if board.references:
            lines += [Text(), Text("not ranked", DIM)] if board.rows else []
            for reference in drawn[len(board.rows) :]:
                lines += reference
        return lines

    def _headings(self, fields: Sequence[_Field]) -> Iterator[Text]:
        """The lines of the headings, aligned at the bottom."""
        height = max((len(field.heading) for field in fields), default=1)
        for n in range(height):
            last = n == height - 1
            line = self._start(
                self.board.rank_label if last and self.rank_width else "", "model" if last else ""
            )
            for field in fields:
                k = n - (height - len(field.heading))
                line += " " * _GAP + (field.heading[k] if k >= 0 else "").rjust(field.width)
            yield Text(line.rstrip(), BOLD)

    @cached_property
    def _names(self) -> list[str]:
        return short_names((row.name for row in self.board.all_rows), self.name_width)

    def _start(self, rank: str, name: str) -> str:
        head = set_cell_size(rank, self.rank_width) if self.rank_width else ""
        return head + set_cell_size(name, self.name_width)

    def _row(self, n: int, row: BoardRow, fields: Sequence[_Field], *, dim: bool) -> list[Text]:
        start = self._start(self._centred(self.rank(row)), self._names[n])
        if row.failure:
            return self._failed(row, start)
        line = Text.assemble((start, BOLD if row.rank == "1" else DIM if dim else ""))
        for field in fields:
            line.append_text(field.draw(n, dim))
        line.rstrip()
        return [line]

    def _centred(self, rank: str) -> str:
        """The rank, indented to end under its heading if there is room."""
        return " " * max(0, self.rank_width - _GAP - self._widest_rank) + rank

    def _failed(self, row: BoardRow, start: str) -> list[Text]:
        """The lines of a failed model, with the reason next to the name or under it."""
        reason, line = clean(row.failure), Text(start)
        if line.cell_len + _GAP + cell_len(reason) <= self.width:
            return [line.append(" " * _GAP + reason, "red")]
        line.rstrip()
        return [line, *_wrapped(row.failure, self.width, "red", " " * self.rank_width)]


def _fitted(board: Board, width: int) -> _Layout:
    """The layout with the columns that fit, added by importance."""
    first = list(range(min(board.first_columns, len(board.columns))))
    layout = _Layout(board=board, width=width, names=_LEAST_NAME).with_metrics(first[:1], spread=False)
    needed = [layout.with_metrics(first[:1], spread=True)]
    for n in first[1:]:
        needed.append(needed[-1].with_metrics([n], spread=False))
    for wider in needed:
        if wider.fits:
            layout = wider
    layout = replace(layout, names=_AMPLE_NAME)
    for change in _extras(board, first):
        wider = change(layout)
        if not wider.fits:
            break
        layout = wider
    return layout


def _extras(board: Board, first: Sequence[int]) -> Iterator[Callable[[_Layout], _Layout]]:
    """The additions that a wider terminal shows, most important first."""
    every = range(len(board.columns))
    yield partial(replace, rank_intervals=True)
    yield partial(replace, difference=True)
    for n in every[len(first) :]:
        yield partial(_Layout.with_metrics, places=[n], spread=False)
    yield partial(replace, counts=tuple(range(len(board.counts))))
    for n in every[1:]:
        yield partial(_Layout.with_metrics, places=[n], spread=True)


def _widest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)
