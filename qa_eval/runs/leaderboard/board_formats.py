"""A chosen view as a terminal table, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qa_eval.data.article_labels import slice_label
from qa_eval.files.hashes import canonical_json
from qa_eval.metrics.listings import column_label, entry, label
from qa_eval.metrics.parts import FAMILIES
from qa_eval.runs.leaderboard.captions import caption, label_in, leading_sentence, name_in, notes
from qa_eval.runs.leaderboard.views import View, ViewLine
from qa_eval.runs.ranking import competes
from qa_eval.text.figures import interval_text, percent, signed
from qa_eval.text.markdown import markdown_row, markdown_text
from qa_eval.text.phrases import count
from qa_eval.text.terminal import clean, safe_json
from qa_eval.text.wide_table import Board, BoardRow, Cell, Column

if TYPE_CHECKING:
    from qa_eval.records import Difference, Estimate
    from qa_eval.runs.schema import Row

_RUNS_NAMED = 4
"""Most runs that the title names."""

COUNTS = ("items", "answered", "abstained", "missing", "errors", "truncated", "unasked", "cached")


# ------------------------------------------------------------------------------------------ the terminal's


def board_of(view: View, columns: Sequence[tuple[str, str]] | None = None) -> Board:
    """The view for the terminal, with these columns or else with its own."""
    shown = view.columns if columns is None else columns
    best = {column: _best(view, column) for column in shown}
    return Board(
        title=_title(view)
        + (
            f" · {slice_label(view.selection.slice, view.board.data.article_labels)}"
            if view.selection.slice
            else ""
        ),
        columns=tuple(_column(view, column) for column in shown),
        rows=tuple(_board_row(view, line, best) for line in view.lines if not line.unranked),
        references=tuple(_board_row(view, line, best) for line in view.lines if line.unranked),
        first_columns=len(view.brief_columns),
        next_columns=len(view.first_columns) - len(view.brief_columns),
        counts=("answered", "abstained", "errors") if view.counted else (),
        caption=tuple(caption(view)),
        notes=tuple(notes(view)),
    )


def terminal_board(view: View, *, every: bool = False) -> Board:
    """The board for the terminal: the leading sentence, then the table with the most important columns.

    With `every`, it has all metrics, by family.
    """
    columns = list(view.every_column) if every else [*view.first_columns, *view.columns]
    if every:
        families = list(FAMILIES)
        columns.sort(key=lambda column: families.index(entry(column[1]).family))
    board = board_of(view, list(dict.fromkeys(columns)))
    return replace(board, verdict=leading_sentence(view), notes=(*trouble(view), *board.notes))


def trouble(view: View) -> Iterator[str]:
    """The models with failures or truncated texts, and the numbers of both."""
    for line in view.lines if view.selection.slice is None else ():
        counts = line.row.counts
        kinds = {
            "missing": counts.missing,
            "failed": counts.errors,
            "with a text not seen whole": counts.truncated,
        }
        kinds = kinds if view.counted else {}
        found = [f"{n:,} {kind}" for kind, n in kinds.items() if n]
        parts = [f"of {count(counts.items, 'item')} {', '.join(found)}"] if found else []
        if counts.pooled_missing:
            parts.append(f"{count(counts.pooled_missing, 'pooled item')} missing")
        if counts.pooled_errors:
            parts.append(f"{count(counts.pooled_errors, 'pooled item')} failed")
        if counts.paraphrase_errors:
            parts.append(f"{count(counts.paraphrase_errors, 'item')} in other wordings failed")
        if counts.failed_prompts:
            prompts = count(counts.failed_prompts, "prompt")
            parts.append(f"{prompts} without passages or in another order failed")
        if parts:
            yield f"{name_in(view, line)}: {'; '.join(parts)}"


def _column(view: View, column: tuple[str, str]) -> Column:
    track, metric = column
    both = {track for track, _ in view.every_column} == {"reading", "pooled"}
    name = column_label(track, metric) if both and track in entry(metric).tracks[1:] else label(metric)
    return Column(label=name, group=FAMILIES[entry(metric).family])


def _best(view: View, column: tuple[str, str]) -> float | None:
    """The best value among the competing models. None if fewer than two have a value."""
    values = [
        e.value
        for line in view.lines
        if competes(line.row) and (e := view.estimate(line, column)) is not None
    ]
    if len(values) < 2:
        return None
    return max(values) if entry(column[1]).higher_is_better else min(values)


def _title(view: View) -> str:
    if view.merged is None:
        return view.board.name
    names = list(dict.fromkeys(board.name for board in view.merged.boards))
    more = f" and {len(names) - _RUNS_NAMED} more" if len(names) > _RUNS_NAMED else ""
    return ", ".join(names[:_RUNS_NAMED]) + more


def _name(view: View, line: ViewLine) -> str:
    """The spec, with the run if another row has the same spec."""
    return name_in(view, line) + (" †" if line.row.model.no_null_head else "")


def _board_row(view: View, line: ViewLine, best: Mapping[tuple[str, str], float | None]) -> BoardRow:
    row, counts = line.row, line.row.counts
    rank = str(row.rank) if view.ranked and row.rank is not None else ""
    if row.status == "error":
        failure = f"failed: {row.error or 'no reason was kept'}"
        return BoardRow(name=_name(view, line), rank=rank, cells=(), failure=failure)
    return BoardRow(
        name=_name(view, line),
        cells=tuple(
            _cell(
                estimate, column[1], best=estimate is not None and competes(row) and estimate.value == value
            )
            for column, value in best.items()
            for estimate in (view.estimate(line, column),)
        ),
        rank=rank,
        rank_interval=_rank_interval(row) if view.ranked else "",
        difference=_difference(row.versus_first) if view.ranked else Cell(),
        counts=(str(counts.answered), str(counts.abstained), str(counts.errors)) if view.counted else (),
        brief=row.is_reference,
    )


def _cell(estimate: Estimate | None, metric: str, *, best: bool) -> Cell:
    if estimate is None:
        return Cell(value="–")
    n = f" (n {estimate.n})" if entry(metric).n_matters else ""
    interval = interval_text(estimate.low, estimate.high)
    return Cell(value=percent(estimate.value) + n, interval=interval, best=best)


def _difference(difference: Difference | None) -> Cell:
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
    """A Markdown table with its caption. Values are in percent, each followed by its interval.

    Equal views give equal text.
    """
    board = board_of(view)
    head = [*(["rank"] if view.ranked else []), "model", *(["run"] if view.merged is not None else [])]
    head += [label(metric) for _, metric in view.columns]
    head += [*(["Δ to first"] if view.ranked else []), *board.counts]
    align = ["---" if title in ("model", "run") else "---:" for title in head]
    lines = [markdown_row(head), markdown_row(align)]
    for line, row in zip(view.lines, board.all_rows, strict=True):
        cells = [row.rank_text] if view.ranked else []
        cells += [markdown_text(label_in(view, line) + (" †" if line.row.model.no_null_head else ""))]
        cells += [markdown_text(line.run)] if view.merged is not None else []
        if row.failure:
            cells += [markdown_text(row.failure)] + [""] * (len(head) - len(cells) - 1)
        else:
            cells += [_with_interval(cell) for cell in row.cells]
            cells += [_with_interval(row.difference)] if view.ranked else []
            cells += row.counts
        lines.append(markdown_row(cells))
    about = (*trouble(view), *board.notes, *board.caption)
    sentences = [markdown_text(sentence) for sentence in about]
    return "\n".join(lines) + "\n\n" + "  \n".join(sentences) + "\n"


def _with_interval(cell: Cell) -> str:
    return f"{cell.value} ({cell.interval})" if cell.interval else cell.value


# ------------------------------------------------------------------------------------------ CSV


def render_csv(view: View) -> str:
    """A CSV table with one line for each model and every metric, as unrounded fractions.

    Columns: `run`, `rank`, `rank_low`, `rank_high`, `model`, `kind`, `status`, then for each metric `METRIC`,
    `METRIC_low`, `METRIC_high` (those of the pooled track as `pooled.METRIC`, unless it alone was chosen),
    `versus_first` with its bounds and p, and the counts. If a language model is among the rows, the numbers
    of pooled items and of further prompts that failed, the tokens read and written, the answers that end at
    the greatest number of tokens, the percentiles of the time of an answer and the cost follow. A value that
    is not defined is empty.
    """
    columns = _csv_columns(view)
    head = ["run", "rank", "rank_low", "rank_high", "model", "kind", "status"]
    for name, _ in columns:
        head += [name, f"{name}_low", f"{name}_high"]
    head += ["versus_first", "versus_first_low", "versus_first_high", "versus_first_p", *COUNTS]
    written = any(
        line.row.performance.tokens_out is not None
        or line.row.counts.pooled_errors
        or line.row.counts.failed_prompts
        for line in view.lines
    )
    head += _WRITTEN if written else ()
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
        cells += _written_cells(row) if written else ()
        writer.writerow(cells)
    return out.getvalue()


_FAILED = ("pooled_errors", "failed_prompts")
_WRITTEN = (
    *_FAILED,
    *("tokens_in", "tokens_out", "unfinished", "latency_p50", "latency_p90", "latency_p99", "cost"),
)
"""Columns of language models."""


def _written_cells(row: Row) -> list[float | None]:
    p, latency = row.performance, row.performance.latency or {}
    unfinished = None if p.tokens_out is None else p.unfinished or 0
    return [
        *(getattr(row.counts, name) for name in _FAILED),
        p.tokens_in,
        p.tokens_out,
        unfinished,
        *(latency.get(name) for name in ("p50", "p90", "p99")),
        p.cost,
    ]


def _csv_columns(view: View) -> list[tuple[str, tuple[str, str]]]:
    """(name, (track, metric)) of every metric that some row has, in the order of the catalog."""
    both = view.selection.track is None and view.selection.slice is None
    return [
        (f"pooled.{metric}" if track == "pooled" and both else metric, (track, metric))
        for track, metric in view.every_column
    ]


# ------------------------------------------------------------------------------------------ JSON


def render_json(view: View) -> str:
    """The leaderboard document, cut to the chosen track and slice, with its rows in the order of the view.

    Checksums cover a whole file. Anything less than a whole file has none.

    For several runs, the object holds `runs` (each document without its rows), `rows` (each with its `run`),
    and the results of merging: `data`, `sort`, `ranked`, `minimum_detectable_difference` and `notes`.
    """
    rows = [_json_row(view, line) for line in view.lines]
    document = view.board.model_dump(mode="json", exclude={"rows"})
    whole: Mapping[str, Any] = {**document, "rows": rows}
    if view.merged is not None:
        anew = ("schema_version", "data", "sort", "minimum_detectable_difference")
        whole = {
            **{name: document[name] for name in anew},
            "ranked": view.merged.ranked,
            "notes": list(view.merged.notes),
            "runs": [b.model_dump(mode="json", exclude={"rows", "checksums"}) for b in view.merged.boards],
            "rows": rows,
        }
    return safe_json(canonical_json(whole, indent=1)) + "\n"


def _json_row(view: View, line: ViewLine) -> dict[str, Any]:
    row: dict[str, Any] = line.row.model_dump(mode="json")
    chosen = view.selection
    if view.merged is not None or chosen.slice is not None or chosen.track is not None:
        del row["checksums"]
    if chosen.slice is not None:
        row["metrics"] = {}
        row["slices"] = {name: metrics for name, metrics in row["slices"].items() if name == chosen.slice}
    elif chosen.track is not None:
        row["metrics"] = {
            track: metrics for track, metrics in row["metrics"].items() if track == chosen.track
        }
    return row
