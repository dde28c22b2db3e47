"""A chosen view as a terminal table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qa_eval.leaderboard.choosing import Line, View
from qa_eval.leaderboard.wording import caption, notes, tally
from qa_eval.provenance import canonical_json
from qa_eval.render import (
    Board,
    BoardRow,
    Cell,
    Column,
    clean,
    interval_text,
    label,
    markdown_row,
    markdown_text,
    percent,
    safe_json,
    shortened,
    signed,
)
from qa_eval.scoring import METRICS

if TYPE_CHECKING:
    from qa_eval.results_schema import DifferenceRow, EstimateRow, Row

_KEPT_LONGEST = ("balanced_f1", "f1", "em", "coverage_at_3", "contrast_consistency", "f1_any", "em_any")
"""Where a terminal is too narrow, columns go from the end of this list; all others before them."""

_RUN_WIDTH = 16
"""Columns of a run's name beside the model's."""

COUNTS = ("items", "answered", "abstained", "missing", "errors", "truncated", "unasked", "cached")


# ------------------------------------------------------------------------------------------ the terminal's


def board_of(view: View) -> Board:
    """The view as the terminal draws it."""
    names = ", ".join(dict.fromkeys(board.name for board in view.leaderboards))
    return Board(
        title=names + (f" · {view.selection.slice}" if view.selection.slice else ""),
        columns=tuple(Column(label=label(metric), priority=_priority(metric)) for _, metric in view.columns),
        rows=tuple(_board_row(view, line) for line in view.lines if not line.unranked),
        references=tuple(_board_row(view, line) for line in view.lines if line.unranked),
        rank_label="run" if view.several else "rank",
        counts=("answered", "abstained", "errors") if view.counted else (),
        caption=tuple(caption(view)),
        notes=tuple(notes(view)),
    )


def _priority(metric: str) -> int:
    return _KEPT_LONGEST.index(metric) if metric in _KEPT_LONGEST else len(_KEPT_LONGEST)


def _name(line: Line) -> str:
    mark = " †" if line.row.model.no_null_head else ""
    return f"{line.row.model.spec}{mark}"


def _board_row(view: View, line: Line) -> BoardRow:
    row, counts = line.row, line.row.counts
    rank = str(row.rank) if view.ranked and row.rank is not None else ""
    if view.several:
        rank = shortened(clean(line.run), _RUN_WIDTH)
    if row.status == "error":
        return BoardRow(
            name=_name(line), rank=rank, cells=(), failure=f"failed: {row.error or 'no reason was kept'}"
        )
    return BoardRow(
        name=_name(line),
        cells=tuple(_cell(view.estimate(line, column)) for column in view.columns),
        rank=rank,
        rank_interval=_rank_interval(row) if view.ranked else "",
        difference=_difference(row.versus_first) if view.ranked else Cell(),
        counts=(str(counts.answered), str(counts.abstained), str(counts.errors)) if view.counted else (),
        tally=tally(counts) if view.counted else "",
        brief=row.is_reference,
    )


def _cell(estimate: EstimateRow | None) -> Cell:
    if estimate is None:
        return Cell(value="–")
    return Cell(value=percent(estimate.value), interval=interval_text(estimate.low, estimate.high))


def _difference(difference: DifferenceRow | None) -> Cell:
    if difference is None:
        return Cell()
    low, high = difference.low, difference.high
    interval = "" if low is None or high is None else f"{signed(low)}…{signed(high)}"
    return Cell(value=signed(difference.value), interval=interval)


def _rank_interval(row: Row) -> str:
    low, high = row.rank_interval or (row.rank, row.rank)
    return "" if low == high else f"{low}–{high}"


# ------------------------------------------------------------------------------------------ Markdown


def render_markdown(view: View) -> str:
    """A Markdown table with its caption: percent, each value followed by its interval.

    Equal views give equal text.
    """
    board = board_of(view)
    head = [*(["rank"] if view.ranked else []), "model", *(["run"] if view.several else [])]
    head += [label(metric) for _, metric in view.columns]
    head += [*(["Δ to first"] if view.ranked else []), *board.counts]
    align = ["---" if title in ("model", "run") else "---:" for title in head]
    lines = [markdown_row(head), markdown_row(align)]
    for line, row in zip(view.lines, board.all_rows, strict=True):
        cells = [_rank_text(row)] if view.ranked else []
        cells += [markdown_text(line.row.model.spec + (" †" if line.row.model.no_null_head else ""))]
        cells += [markdown_text(line.run)] if view.several else []
        if row.failure:
            cells += [markdown_text(row.failure)] + [""] * (len(head) - len(cells) - 1)
        else:
            cells += [_with_interval(cell) for cell in row.cells]
            cells += [_with_interval(row.difference)] if view.ranked else []
            cells += row.counts
        lines.append(markdown_row(cells))
    sentences = [markdown_text(sentence) for sentence in (*board.notes, *board.caption)]
    return "\n".join(lines) + "\n\n" + "  \n".join(sentences) + "\n"


def _rank_text(row: BoardRow) -> str:
    return f"{row.rank} ({row.rank_interval})" if row.rank_interval else row.rank or "–"


def _with_interval(cell: Cell) -> str:
    return f"{cell.value} ({cell.interval})" if cell.interval else cell.value


# ------------------------------------------------------------------------------------------ CSV


def render_csv(view: View) -> str:
    """One line a model, fractions unrounded, every metric and not only those a table shows.

    Columns: `run`, `rank`, `rank_low`, `rank_high`, `model`, `kind`, `status`, then for each metric `METRIC`,
    `METRIC_low`, `METRIC_high` (those of the pooled track as `pooled.METRIC`, unless it alone was chosen),
    `versus_first` with its bounds and p, and the counts. A value that is not defined is empty. Ranks and
    differences are those of the row's own run.
    """
    columns = _csv_columns(view)
    head = ["run", "rank", "rank_low", "rank_high", "model", "kind", "status"]
    for name, _ in columns:
        head += [name, f"{name}_low", f"{name}_high"]
    head += ["versus_first", "versus_first_low", "versus_first_high", "versus_first_p", *COUNTS]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    for line in view.lines:
        row = line.row
        low, high = row.rank_interval or (row.rank, row.rank)
        cells: list[Any] = [
            clean(line.run),
            row.rank,
            low,
            high,
            clean(row.model.spec),
            clean(row.model.kind),
            row.status,
        ]
        for _, column in columns:
            estimate = view.estimate(line, column)
            cells += [estimate.value, estimate.low, estimate.high] if estimate else [None] * 3
        versus = row.versus_first
        cells += [versus.value, versus.low, versus.high, versus.p] if versus else [None] * 4
        cells += [getattr(row.counts, name) for name in COUNTS]
        writer.writerow(cells)
    return out.getvalue()


def _csv_columns(view: View) -> list[tuple[str, tuple[str, str]]]:
    """(name, (track, metric)) of every metric that some row has, in the order of the table of metrics."""
    chosen = view.selection
    tracks = [chosen.track] if chosen.track is not None else ["reading", "pooled"]
    if chosen.slice is not None:
        tracks = [view.columns[0][0]] if view.columns else tracks[:1]
    order = {metric: n for n, metric in enumerate(METRICS)}
    found = []
    for track in tracks:
        present = {metric for line in view.lines for metric in line.metrics(track, chosen.slice)}
        prefix = "pooled." if track == "pooled" and len(tracks) > 1 else ""
        ordered = sorted(present, key=lambda metric: (order.get(metric, len(order)), metric))
        found += [(prefix + metric, (track, metric)) for metric in ordered]
    return found


# ------------------------------------------------------------------------------------------ JSON


def render_json(view: View) -> str:
    """The leaderboard document itself, its rows in the view's order; cut to the chosen track and slice.

    Of several runs: `schema_version`, `runs` (each document without its rows), `rows` (each with its `run`).
    """
    rows = [_json_row(view, line) for line in view.lines]
    documents = [board.model_dump(mode="json", exclude={"rows"}) for board in view.leaderboards]
    whole: Mapping[str, Any]
    if view.several:
        whole = {"schema_version": view.first.schema_version, "runs": documents, "rows": rows}
    else:
        whole = {**documents[0], "rows": rows}
    return safe_json(canonical_json(whole, indent=1)) + "\n"


def _json_row(view: View, line: Line) -> dict[str, Any]:
    row: dict[str, Any] = line.row.model_dump(mode="json")
    chosen = view.selection
    if chosen.slice is not None:
        row["metrics"] = {}
        row["slices"] = {name: metrics for name, metrics in row["slices"].items() if name == chosen.slice}
    elif chosen.track is not None:
        row["metrics"] = {
            track: metrics for track, metrics in row["metrics"].items() if track == chosen.track
        }
    return row | ({"run": line.run} if view.several else {})
