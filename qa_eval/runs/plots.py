"""Charts of a stored run: one metric of every model, over all items or by slices."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from qa_eval.data.article_labels import slice_label
from qa_eval.errors import QaEvalError
from qa_eval.metrics.listings import column_label, entry
from qa_eval.runs.unknown_names import not_in_run
from qa_eval.text.phrases import choices
from qa_eval.text.short_names import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from qa_eval.records import Estimate
    from qa_eval.runs.schema import Leaderboard, Row

By = Literal["model", "category", "relation", "article", "kind"]
"""Meaning of a line in a chart: a model or a slice. `kind` has settled, contested and silent items."""
KINDS = ("settled", "contested", "silent")
BLUE, INK, SOFT = "#0072b2", "#1c1e21", "#8a9099"
_COLOURS = (BLUE, "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", INK)
"""Colours from the palette of Okabe and Ito, which colour-blind people can distinguish."""
_MARKERS = "osD^vPX"
"""Markers that distinguish models without colour."""
LONGEST_NAME = 34
CHART_STYLE: Mapping[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "text.parse_math": False,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
}
"""Settings of matplotlib for every chart."""


def draw_plot(board: Leaderboard, metric: str | None, by: By, models: Sequence[str]) -> Figure:
    """The chart that `Run.plot` documents."""
    if by not in get_args(By):
        raise QaEvalError(f"by={by!r}: unknown; {choices(str(by), get_args(By))}")
    rows = _rows(board, models)
    track, _, name = (metric or board.sort).rpartition(".")
    track, lines = _lines(board, rows, track, name, by)
    label = column_label(track, name) + ("" if entry(name).higher_is_better else " (lower is better)")
    return _figure(lines, [row.model.spec for row in rows], f"{label}, percent", by)


def _rows(board: Leaderboard, models: Sequence[str]) -> list[Row]:
    """The rows of the named models. If none is named, all rows but the references."""
    return [board.row(model) for model in models] or [row for row in board.rows if not row.is_reference]


_Lines = list[tuple[str, list["Estimate | None"]]]
"""Label of a line, and the value of each model on it."""


def _lines(board: Leaderboard, rows: Sequence[Row], track: str, metric: str, by: By) -> tuple[str, _Lines]:
    """The track and the lines of the chart. Raises QaEvalError if the metric has no values."""
    for candidate in [track] if track else ["reading", "pooled"]:
        if by == "model":
            found = [(row.model.spec, [row.metric(candidate, metric)]) for row in rows]
        else:
            names = [
                name for name in _slices(rows, by) if name.startswith("pooled:") == (candidate == "pooled")
            ]
            found = [
                (
                    _short(slice_label(name, board.data.article_labels), by),
                    [row.slices.get(name, {}).get(metric) for row in rows],
                )
                for name in names
            ]
        found = [(name, values) for name, values in found if any(value is not None for value in values)]
        if found:
            return candidate, found
    known = sorted({m for row in rows for metrics in row.metrics.values() for m in metrics})
    if metric in known:
        raise QaEvalError(f"{metric}: this run has no values by {by}")
    raise not_in_run(metric, known)


def _slices(rows: Sequence[Row], by: By) -> Iterator[str]:
    names = sorted({name for row in rows for name in row.slices})
    if by == "kind":
        yield from (name for name in KINDS if name in names)
    else:
        yield from (name for name in names if f"{by}:" in name)


def _short(name: str, by: By) -> str:
    return name.rpartition(f"{by}:")[2] if by != "kind" else name


def _figure(lines: _Lines, models: Sequence[str], label: str, by: By) -> Figure:
    import matplotlib

    one = by == "model" or len(models) == 1
    settings: Any = dict(CHART_STYLE)  # matplotlib's stubs name every setting
    with matplotlib.rc_context(settings):
        from matplotlib.figure import Figure

        class Plot(Figure):
            """A figure that a notebook shows without any setup."""

            def _repr_svg_(self) -> str:
                out = io.StringIO()
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks
                    self.savefig(out, format="svg")
                return out.getvalue()

        height = 0.9 + len(lines) * (0.3 if one else 0.16 + 0.12 * len(models)) + (0 if one else 0.3)
        figure = Plot(figsize=(7.2, height), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, lines, 1 if one else len(models))
        axes.set_yticks(range(len(lines)), short_names((name for name, _ in lines), LONGEST_NAME))
        axes.set_ylim(len(lines) - 0.4, -0.6)
        axes.tick_params(length=0)
        axes.grid(axis="x", color=SOFT, alpha=0.25)
        axes.set_xlabel(f"{label}, with 95 % interval")
        if by != "model":
            names = short_names(models, LONGEST_NAME)
            marks = [
                axes.plot([], [], _MARKERS[n % len(_MARKERS)], color=_COLOURS[n % len(_COLOURS)], label=name)[
                    0
                ]
                for n, name in enumerate(names)
            ]
            figure.legend(handles=marks, loc="outside upper left", ncols=min(3, len(names)), frameon=False)
        return figure


def _draw(axes: Axes, lines: _Lines, several: int) -> None:
    least = 0.0
    for place, (_, values) in enumerate(lines):
        for n, estimate in enumerate(values):
            if estimate is None:
                continue
            at = place + (0.6 * (n + 0.5) / several - 0.3 if several > 1 else 0)
            colour = _COLOURS[n % len(_COLOURS)]
            if estimate.low is not None and estimate.high is not None:
                axes.plot([100 * estimate.low, 100 * estimate.high], [at, at], color=colour, linewidth=1.6)
                least = min(least, estimate.low)
            axes.plot(100 * estimate.value, at, _MARKERS[n % len(_MARKERS)], color=colour, markersize=5)
            least = min(least, estimate.value)
    if least == 0:
        axes.set_xlim(-2, 102)
