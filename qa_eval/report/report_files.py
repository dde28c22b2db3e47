"""The files of a report, made from runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_eval.comparisons.comparison import compare
from qa_eval.comparisons.differences import Comparison
from qa_eval.comparisons.sides import MAY_DIFFER
from qa_eval.data.dataset import Dataset
from qa_eval.errors import QaEvalError
from qa_eval.records import Corpus
from qa_eval.report.charts import Chart, all_charts, chart_files, history_chart, site_charts
from qa_eval.report.content import MOST_QUESTIONS, ReportContent, gather
from qa_eval.report.html import ShownComparisons, render_pages
from qa_eval.runs.leaderboard.history import Point, history_of
from qa_eval.runs.leaderboard.merged_runs import Merged, merge_runs
from qa_eval.runs.ranking import competes
from qa_eval.runs.run_folder import slugs
from qa_eval.runs.store import Run

_STATIC = Path(__file__).parent / "static"
_MOST_HISTORIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A report that is not yet written."""

    files: dict[str, str | bytes]
    """Map from path below the report's folder to content."""
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]
    """Sentences that a reader should know."""

    def charts_for_papers(self) -> dict[str, bytes]:
        """Map from file name to content, for each chart as SVG, PDF and PNG."""
        return chart_files(self.charts)


def build_report(
    runs: Sequence[Run],
    data: Corpus | Dataset | None,
    *,
    most_questions: int = MOST_QUESTIONS,
    common_items: bool = False,
) -> Built:
    """All files of a report on one run, or on several runs on the same items.

    `data` holds the texts that were read. Without them, the pages show only what the runs hold. With
    `common_items`, the runs may be on different items, and the report covers the items that all models have.
    Raises QaEvalError if the runs do not fit in one table, and InputError for files that cannot be read.
    """
    runs = sorted(runs, key=lambda run: run.leaderboard.created_at)
    several = len(runs) > 1 or common_items
    merged: Merged | None = merge_runs(runs, common_items=common_items) if several else None
    evidence = gather(runs, merged, data, most=most_questions, common=common_items)
    comparisons = _comparisons(evidence)
    charts = all_charts(evidence)
    histories = [history_chart(model, slug, points) for model, slug, points in _histories(evidence)]
    pages = render_pages(evidence, charts, histories, comparisons)
    files: dict[str, str | bytes] = dict(pages)
    files |= site_charts([*charts, *histories])
    files |= {f"static/{path.name}": path.read_bytes() for path in sorted(_STATIC.iterdir())}
    return Built(files=files, charts=(*charts, *histories), notes=evidence.notes)


def _comparisons(evidence: ReportContent) -> ShownComparisons:
    """The comparisons of the report, and notes that say why one is missing.

    Each model in the newest run is compared with itself in the oldest run, and the two best models of the
    newest run with each other. The leaderboard already has the difference of each model to the best.
    """
    found: list[tuple[str, Comparison]] = []
    notes = []
    runs = evidence.runs
    if len(runs) > 1:
        oldest, newest = runs[0].leaderboard.name, runs[-1].leaderboard.name
        try:
            compared = compare(runs[0], runs[-1], allow_different=MAY_DIFFER)
            found.append((f"{newest} against {oldest}", compared))
        except QaEvalError as error:
            notes.append(f"{newest} against {oldest}: {error}")
    rows = runs[-1].leaderboard.rows
    ranked = [r for r in rows if competes(r) and r.predictions is not None]
    if len(ranked) > 1:
        name = runs[-1].leaderboard.name
        first, second = ranked[0].model.spec, ranked[1].model.spec
        try:
            found.append((f"The two best of {name}", compare(runs[-1], model=first, against=second)))
        except QaEvalError as error:
            notes.append(f"{first} against {second}: {error}")
    return ShownComparisons(found=tuple(found), notes=tuple(notes))


def _histories(evidence: ReportContent) -> Iterator[tuple[str, str, list[Point]]]:
    if len(evidence.runs) < 2:
        return
    boards = [run.leaderboard for run in evidence.runs]
    counted: dict[str, int] = {}
    for board in boards:
        for row in board.rows:
            if not row.is_reference and row.predictions is not None:
                counted[row.model.spec] = counted.get(row.model.spec, 0) + 1
    several = [spec for spec, n in counted.items() if n > 1][:_MOST_HISTORIES]
    for spec, slug in zip(several, slugs(several), strict=True):
        yield spec, slug, history_of(boards, spec)
