"""A leaderboard in few lines, for the Python prompt and the notebook."""

from __future__ import annotations

from qa_eval.metrics.listings import label
from qa_eval.runs.leaderboard.board_formats import board_of
from qa_eval.runs.leaderboard.views import View, leaderboard_view
from qa_eval.runs.schema import Leaderboard
from qa_eval.text.grid import draw_grid
from qa_eval.text.notebook_tables import NotebookCell, notebook_table
from qa_eval.text.phrases import count, shorten
from qa_eval.text.short_names import short_names
from qa_eval.text.terminal import clean
from qa_eval.text.wide_table import Board, BoardRow, Cell

_LINES, _CHARACTERS, _WIDTH = 20, 2_000, 100
_LONGEST_NAME = 40
_REMARKS = 3
"""Most models that are named because they failed or left items out."""
_MOST_ROWS = 50
"""Most rows that a notebook shows."""
_WHERE = "to_pandas() has all"


def board_text(board: Leaderboard) -> str:
    """At most 20 lines and 2,000 characters: rank, model, and the metrics in percent.

    The interval of the first metric is next to it. Columns that do not fit in 100 characters are left out,
    and so are rows beyond the last line.
    """
    view = leaderboard_view(board)
    drawn = board_of(view)
    for shown in range(min(len(drawn.all_rows), _LINES - 5), -1, -1):
        lines = _lines(view, drawn, shown)
        if len(lines) <= _LINES and sum(len(line) + 1 for line in lines) <= _CHARACTERS:
            break
    return "\n".join(lines)


def _lines(view: View, drawn: Board, shown: int) -> list[str]:
    title = f"{shorten(clean(view.board.name), _LONGEST_NAME)}: " if view.board.name else ""
    head = ("rank", "model", *_headings(drawn))
    names = short_names((row.name for row in drawn.all_rows[:shown]), _LONGEST_NAME)
    rows = [_cells(row, name, len(head)) for row, name in zip(drawn.all_rows[:shown], names, strict=True)]
    lines = [title + shorten(clean(_asked(view)), _WIDTH - len(title))]
    lines += [line.plain for line in draw_grid(head, rows, _WIDTH, left=2)] if rows else []
    if left := len(drawn.all_rows) - shown:
        lines.append(f"and {count(left, 'more row')}: {_WHERE}")
    return lines + _remarks(view)


def _remarks(view: View) -> list[str]:
    """Sentences on the models that failed, with the reason, and on those that left items out."""
    said = []
    names = short_names((row.model.spec for row in view.board.rows), _LONGEST_NAME)
    for row, name in zip(view.board.rows, names, strict=True):
        counts = row.counts
        if row.status == "error":
            said.append(f"{name} failed: {row.error}")
        elif counts.missing or counts.errors:
            parts = [f"{counts.missing:,} missing"] * bool(counts.missing)
            parts += [count(counts.errors, "error")] * bool(counts.errors)
            said.append(f"{name}: {' and '.join(parts)} of {count(counts.items, 'item')}")
    more = [f"and {len(said) - _REMARKS} more of these"] if len(said) > _REMARKS else []
    return [shorten(clean(line), _WIDTH) for line in [*said[:_REMARKS], *more]]


def _asked(view: View) -> str:
    """The number of questions and items, and the progress of an unfinished run."""
    board = view.board
    items = board.data.items
    asked = [
        count(n, f"{track} item") for track, n in (("reading", items.reading), ("pooled", items.pooled)) if n
    ]
    state = "" if board.status == "complete" else f"; status {board.status}"
    percent = "; percent" if board.scored else "; nothing is scored"
    return f"{count(board.data.facts, 'question')}, {' and '.join(asked) or 'no items'}{percent}{state}"


def _headings(drawn: Board) -> list[str]:
    """Headings of the columns. The first one is followed by its interval."""
    labels = [column.label for column in drawn.columns]
    return [*labels[:1], *(["95 % interval"] if labels else []), *labels[1:]]


def _cells(row: BoardRow, name: str, width: int) -> list[str]:
    cells = [row.rank_text, name]
    if row.failure:
        cells.append("failed")
    elif row.cells:
        first, *rest = row.cells
        cells += [first.value, first.interval, *(cell.value for cell in rest)]
    return cells + [""] * (width - len(cells))


def board_html(board: Leaderboard) -> str:
    """The leaderboard as an HTML table: the metrics with their intervals, and the notes."""
    view = leaderboard_view(board)
    drawn = board_of(view)
    head = ["rank", "model", *(label(metric) for _, metric in view.columns), *drawn.counts]
    rows = []
    for row in drawn.all_rows[:_MOST_ROWS]:
        name, failure = shorten(row.name, 80), shorten(row.failure, 200)
        cells: list[NotebookCell] = [row.rank_text, (name, failure) if failure else name]
        cells += [] if failure else [*map(_with_interval, row.cells), *row.counts]
        rows.append(cells + [""] * (len(head) - len(cells)))
    more = len(drawn.all_rows) - _MOST_ROWS
    left_out = [f"and {count(more, 'more row')}: {_WHERE}"] if more > 0 else []
    title = f"{board.name}: {_asked(view)}" if board.name else _asked(view)
    return notebook_table(title, head, rows, left=2, notes=[*left_out, *drawn.notes, *drawn.caption])


def _with_interval(cell: Cell) -> NotebookCell:
    return (cell.value, cell.interval) if cell.interval else cell.value
