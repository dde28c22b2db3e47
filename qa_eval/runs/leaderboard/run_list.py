"""The list of runs in a folder, for runs that cannot share a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.text import Text

from qa_eval.metrics.listings import label
from qa_eval.runs.leaderboard.record_tables import render_records
from qa_eval.runs.ranking import competes
from qa_eval.runs.schema import Leaderboard
from qa_eval.runs.store import Run
from qa_eval.text.figures import percent
from qa_eval.text.grid import draw_grid
from qa_eval.text.phrases import show_path


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """One line of the list: a run."""

    path: str
    """Name of the run folder."""
    created_at: str
    status: str
    """State of the run: `complete`, `partial`, or `error` if a model failed."""
    data: str
    """Name of the data: spec and split of a public data set, `curated`, or `files` for other questions about
    articles."""
    items: int
    models: int
    """Number of models, without the references."""
    best: str | None
    """Spec of the first ranked model. None if no model is ranked."""
    metric: str
    """Metric that ranks the models, as `TRACK.METRIC`."""
    value: float | None
    """Value of the best model, as a fraction."""


def list_runs(runs: Iterable[Run]) -> list[ListedRun]:
    """One line for each run, the newest first."""
    listed = [_listed(run.path or Path(run.leaderboard.name), run.leaderboard) for run in runs]
    return sorted(listed, key=lambda run: (run.created_at, run.path), reverse=True)


def _listed(path: Path, board: Leaderboard) -> ListedRun:
    track, _, metric = board.sort.partition(".")
    best = next((row for row in board.rows if competes(row)), None)
    estimate = best.metric(track, metric) if best is not None else None
    return ListedRun(
        path=show_path(path),
        created_at=board.created_at,
        status=board.status,
        data=f"{board.data.dataset or board.data.kind} {board.data.split or ''}".rstrip(),
        items=board.data.items.reading + board.data.items.pooled,
        models=sum(not row.is_reference for row in board.rows),
        best=best.model.spec if best is not None else None,
        metric=board.sort,
        value=estimate.value if estimate is not None else None,
    )


_HEAD = ("run", "created", "status", "data", "best model", "by", "", "items", "models")
_LEFT = 6


def draw_run_list(runs: Sequence[ListedRun], width: int) -> list[Text]:
    """The runs as a table for the terminal."""
    return draw_grid(_HEAD, [_cells(run) for run in runs], width, left=_LEFT)


def render_run_list(runs: Sequence[ListedRun], form: str) -> str:
    """The runs as `markdown`, `csv` or `json`."""
    cells = [_cells(run) for run in runs]
    return render_records([asdict(run) for run in runs], form, head=_HEAD, cells=cells, left=_LEFT)


def _cells(run: ListedRun) -> tuple[str, ...]:
    value = "–" if run.value is None else percent(run.value)
    by = label(run.metric.partition(".")[2])
    return (
        run.path,
        run.created_at,
        run.status,
        run.data,
        run.best or "–",
        by if run.best is not None else "–",
        value,
        f"{run.items:,}",
        str(run.models),
    )
