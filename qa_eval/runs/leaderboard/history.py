"""One model over many runs, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.text import Text

from qa_eval.metrics.listings import label
from qa_eval.runs.leaderboard.record_tables import render_records
from qa_eval.runs.schema import Leaderboard, Row
from qa_eval.runs.unknown_names import check_meaning, not_in_run
from qa_eval.text.figures import interval_text, percent, signed
from qa_eval.text.grid import draw_grid

_REMARK = (
    "Δ to the run before, where both asked the same and were scored alike; "
    "`qa-eval compare` tells whether it is real"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The model in one run."""

    run: str
    created_at: str
    version: str
    """Version of the program."""
    commit: str | None
    data: str
    """Hash over all items of the run."""
    signature: str
    status: str
    metric: str
    """Metric, as `TRACK.METRIC`."""
    value: float | None
    low: float | None
    high: float | None
    change: float | None
    """Difference from the previous run. None for the first run, and if data, rules or scorer differ."""


def history_of(boards: Sequence[Leaderboard], model: str, metric: str | None = None) -> list[Point]:
    """The runs of a model, given by its spec or name, oldest first.

    Without a `metric`, each run shows the metric that sorts it. Raises QaEvalError for a model or metric that
    is in no run, naming near matches.
    """
    rows = [
        (board, row)
        for board in sorted(boards, key=lambda b: (b.created_at, b.name))
        for row in board.rows_named(model)
    ]
    specs = list(dict.fromkeys(row.model.spec for _, row in rows))
    known = sorted({row.model.spec for board in boards for row in board.rows})
    check_meaning(model, specs, known, argument="history", place="these runs")
    found = []
    before: tuple[tuple[str, ...], float | None] = ((), None)
    for board, row in rows:
        track, name = _metric(board, row, metric)
        estimate = row.metric(track, name)
        value = None if estimate is None else estimate.value
        scored = (board.data.item_hashes_sha256, board.rules, board.scorer_version, track, name)
        earlier = before[1] if before[0] == scored else None
        found.append(
            Point(
                run=board.name,
                created_at=board.created_at,
                version=board.harness.version,
                commit=board.harness.commit,
                data=board.data.item_hashes_sha256,
                signature=row.signature,
                status=row.status,
                metric=f"{track}.{name}",
                value=value,
                low=None if estimate is None else estimate.low,
                high=None if estimate is None else estimate.high,
                change=None if value is None or earlier is None else value - earlier,
            )
        )
        before = (scored, value)
    if metric is not None and all(point.value is None for point in found):
        known = sorted({m for _, row in rows for metrics in row.metrics.values() for m in metrics})
        raise not_in_run(metric, known, argument="sort", place="these runs")
    return found


def draw_history(points: Sequence[Point], width: int) -> list[Text]:
    """The runs as a table for the terminal."""
    lines = draw_grid(_head(points), [_cells(point) for point in points], width, left=4)
    return [*lines, Text(), Text(_REMARK, "dim")]


def render_history(points: Sequence[Point], form: str) -> str:
    """The runs as `markdown`, `csv` or `json`."""
    cells = [_cells(point) for point in points]
    records = [asdict(point) for point in points]
    return render_records(records, form, head=_head(points), cells=cells, left=4, remark=_REMARK)


def _head(points: Sequence[Point]) -> tuple[str, ...]:
    names = dict.fromkeys(label(point.metric.partition(".")[2]) for point in points)
    return ("run", "created", "version", "data", " / ".join(names), "95 % interval", "Δ")


def _cells(point: Point) -> tuple[str, ...]:
    return (
        point.run,
        point.created_at,
        point.version + (f" ({point.commit[:7]})" if point.commit else ""),
        point.data[:8],
        percent(point.value) if point.value is not None else point.status,
        interval_text(point.low, point.high),
        "" if point.change is None else signed(point.change),
    )


def _metric(board: Leaderboard, row: Row, metric: str | None) -> tuple[str, str]:
    """The track and the metric. If both tracks have the metric, the reading track is taken."""
    track, _, name = (board.sort if metric is None else metric).rpartition(".")
    if track:
        return track, name
    return next((t for t in ("reading", "pooled") if row.metric(t, name) is not None), "reading"), name
