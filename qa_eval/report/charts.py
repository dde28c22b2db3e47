"""Charts by matplotlib, each with a table of its numbers.

The charts use one blue, from the palette of Okabe and Ito, and grey. Nobody has to tell colours apart. An
SVG for the site follows the reader's light or dark theme. Equal numbers give equal bytes.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from qa_eval.metrics import calibration
from qa_eval.metrics.listings import label
from qa_eval.report.content import ReportContent, ReportModel
from qa_eval.runs.leaderboard.history import Point
from qa_eval.runs.plots import BLUE, CHART_STYLE, LONGEST_NAME
from qa_eval.runs.plots import INK as _INK
from qa_eval.runs.plots import SOFT as _SOFT
from qa_eval.runs.schema import Row
from qa_eval.text.figures import percent, signed
from qa_eval.text.short_names import short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_THEME = (
    "<style>:root{--ink:#1c1e21;--soft:#8a9099;--blue:#0072b2}"
    "@media (prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#878d96;--blue:#56b4e9}}</style>"
)
_LONGEST_TITLE = 21
"""Greatest width of the name of a model over its own chart, in characters."""
_LONGEST_RUN = 18
"""Greatest width of the name of a run under a chart, in characters."""
_WIDTH = 5.0
"""Width in inches. It is small enough for a phone to show a whole chart with readable words."""
Format = Literal["svg", "pdf", "png"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A chart: how to draw it, and the table of its numbers."""

    name: str
    """Stem of the file name."""
    title: str
    alt: str
    """Description for readers who cannot see the chart."""
    draw: Callable[[], Figure]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    on_pages: bool = True
    """Whether the pages show the chart. If not, only `--charts` writes it."""


def render_chart(chart: Chart, form: Format, *, themed: bool = False) -> bytes:
    """The content of a chart's file. `themed` gives an SVG that follows the reader's light or dark theme."""
    import matplotlib

    # The stubs of matplotlib list every setting, but it also takes plain strings.
    settings: Any = {
        "svg.hashsalt": "qa-eval",
        "svg.fonttype": "none" if themed else "path",
        **CHART_STYLE,
    }
    metadata: dict[str, dict[str, Any]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}
    out = io.BytesIO()
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name may have letters that the font lacks
        figure = chart.draw()
        figure.savefig(out, format=form, metadata=metadata[form], transparent=form == "svg", dpi=200)
    if form != "svg" or not themed:
        return out.getvalue()
    text = out.getvalue().decode("utf-8")
    for colour, variable in ((_INK, "ink"), (_SOFT, "soft"), (BLUE, "blue")):
        text = text.replace(colour, f"var(--{variable})")
    return text.replace("<defs>", _THEME + "<defs>", 1).encode("utf-8")


def _figure(
    width: float, height: float, panels: int = 1, *, fitted: bool = True
) -> tuple[Figure, list[Axes]]:
    """A figure with its axes. `fitted` computes margins that fit the labels, which takes twice the time."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained" if fitted else None)
    axes = [figure.add_subplot(1, panels, n + 1) for n in range(panels)]
    return figure, axes


# ------------------------------------------------------------------------------------------ the charts


def all_charts(evidence: ReportContent) -> list[Chart]:
    """All charts that these runs give."""
    found = [forest(evidence), *source_preferences(evidence), *trade_off(evidence)]
    found += [chart for model in evidence.models if (chart := confidence_chart(model)) is not None]
    return [chart for chart in found if chart.rows]


def forest(evidence: ReportContent) -> Chart:
    """The chart of the metric that ranks the models, with intervals."""
    track, _, metric = evidence.board.sort.partition(".")
    rows = [(m, e) for m in evidence.models if (e := m.row.metric(track, metric)) is not None]
    rows.sort(key=lambda pair: (pair[0].row.rank is None, -pair[1].value))
    name = label(metric)

    def draw() -> Figure:
        figure, (axes,) = _figure(_WIDTH, 0.9 + 0.27 * len(rows))
        for place, (model, e) in enumerate(reversed(rows)):
            ranked = model.row.rank is not None
            colour = BLUE if ranked else _SOFT
            if e.low is not None and e.high is not None:
                axes.plot([100 * e.low, 100 * e.high], [place, place], color=colour, linewidth=1.6)
            axes.plot(100 * e.value, place, "o" if ranked else "D", color=colour, markersize=5)
        axes.set_yticks(range(len(rows)), short_names((m.name for m, _ in reversed(rows)), LONGEST_NAME))
        axes.set_xlim(-2, 102)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.grid(axis="x", color=_SOFT, alpha=0.25)
        axes.tick_params(length=0)
        axes.set_xlabel(f"{name}, percent, with 95 % interval")
        return figure

    return Chart(
        name="forest",
        title=f"{name} of every model",
        alt=f"Forest plot: {name} of {len(rows)} models with 95 % intervals.",
        draw=draw,
        head=("model", name, "low", "high", "items"),
        rows=tuple((m.name, percent(e.value), _or_dash(e.low), _or_dash(e.high), str(e.n)) for m, e in rows),
        note="Filled circles are ranked models, diamonds are references and baselines outside the ranking.",
        on_pages=False,
    )


def is_cached(model: ReportModel) -> bool:
    """Whether all answers of a model came from the cache, so that its speed is unknown."""
    row = model.row
    return bool(row.counts.cached) and not row.performance.items_per_second


def trade_off(evidence: ReportContent) -> list[Chart]:
    """The chart of quality against speed, for models with a measured speed."""
    track, _, metric = evidence.board.sort.partition(".")
    rows = [
        (m, e.value, speed)
        for m in evidence.models
        if (e := m.row.metric(track, metric)) is not None
        and (speed := m.row.performance.items_per_second)
        and m.row.model.parameters
    ]
    if len(rows) < 2:
        return []

    def draw() -> Figure:
        figure, (axes,) = _figure(_WIDTH, 3.2)
        points = [(speed, 100 * value) for _, value, speed in rows]
        axes.plot(*zip(*points, strict=True), "o", color=BLUE, markersize=5)
        axes.set_xscale("log")
        _number_log_axis(axes, [speed for speed, _ in points])
        axes.margins(0.2)
        axes.grid(color=_SOFT, alpha=0.25)
        axes.set_xlabel("items per second, log scale")
        axes.set_ylabel(f"{label(metric)}, percent")
        _label_points(figure, axes, points, short_names((model.name for model, _, _ in rows), LONGEST_NAME))
        return figure

    return [
        Chart(
            name="speed",
            title="Quality against speed",
            alt=f"Scatter plot of {label(metric)} against items per second for {len(rows)} models.",
            draw=draw,
            head=("model", label(metric), "items/s"),
            rows=tuple((m.name, percent(v), f"{s:.1f}") for m, v, s in rows),
            note="Speeds hold for the machine of each run.",
        )
    ]


def _number_log_axis(axes: Axes, values: Sequence[float]) -> None:
    """Puts plain numbers on a logarithmic x axis, where matplotlib would write powers as formulas."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    decades = np.log10(max(values) / min(values))
    if decades < 1:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    else:
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 3 else (1,), numticks=20))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def _label_points(
    figure: Figure, axes: Axes, points: Sequence[tuple[float, float]], names: Sequence[str]
) -> None:
    """Writes each name next to its point, inside the axes and clear of other names and points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()  # the layout decides the places of the points
    size = 4 * figure.dpi / 72
    taken = [
        Bbox.from_bounds(x - size, y - size, 2 * size, 2 * size) for x, y in axes.transData.transform(points)
    ]
    for point, name in sorted(zip(points, names, strict=True), key=lambda pair: -pair[0][1]):
        text = axes.annotate(name, point, (0, 0), textcoords="offset points")
        for offset, side in _PLACES:
            text.set_position(offset)
            text.set_horizontalalignment(side)
            box = text.get_window_extent(renderer)
            inside = axes.bbox.containsx(box.x0) and axes.bbox.containsx(box.x1)
            if inside and not any(box.overlaps(other) for other in taken):
                break
        taken.append(text.get_window_extent(renderer))


_SIDES: tuple[tuple[int, Literal["left", "right"]], ...] = ((6, "left"), (-6, "right"))
_PLACES = [
    ((x, y), side)
    for y in (3, -10, *(s * n for n in range(14, 100, 11) for s in (1, -1)))
    for x, side in _SIDES
]
"""Offsets from a point, in points, each with the side of the name that is there; nearest first."""


def source_preferences(evidence: ReportContent) -> list[Chart]:
    """The chart of the sources whose claims models prefer, compared with chance."""
    models = [m for m in evidence.models if m.row.source_preference and not m.row.is_reference]
    if not models:
        return []
    articles = sorted({a for m in models for a in m.row.source_preference})
    titles = [evidence.article_names.get(article, article) for article in articles]

    def draw() -> Figure:
        columns = min(2, len(models))
        lines = -(-len(models) // columns)
        from matplotlib.figure import Figure

        figure = Figure(figsize=(_WIDTH, 0.6 + lines * (0.6 + 0.24 * len(articles))), layout="constrained")
        first: Axes | None = None
        names = short_names((model.name for model in models), _LONGEST_TITLE)
        for n, (model, name) in enumerate(zip(models, names, strict=True)):
            axes = figure.add_subplot(lines, columns, n + 1, sharex=first, sharey=first)
            first = first or axes
            _draw_preference(axes, model.row, articles, titles)
            axes.set_title(name, fontsize=9, loc="left")
            axes.tick_params(length=0, labelleft=n % columns == 0)
        return figure

    return [
        Chart(
            name="source-preference",
            title="Source preference compared with chance",
            alt=f"For {len(models)} models: how often the top answer is a claim of each article, and chance.",
            draw=draw,
            head=("model", "article", "preferred", "chance", "difference", "contested facts"),
            rows=tuple(
                (
                    m.name,
                    title,
                    percent(p["rate"]),
                    percent(p["chance"]),
                    signed(p["rate"] - p["chance"]),
                    f"{p['n']:.0f}",
                )
                for m in models
                for article, title in zip(articles, titles, strict=True)
                if (p := m.row.source_preference.get(article)) is not None
            ),
            note=(
                "Circle: share of contested facts on which the top answer of the pooled track is a claim of "
                "that article. Line: what picking one of the claims by chance would give."
            ),
        )
    ]


def _draw_preference(axes: Axes, row: Row, articles: Sequence[str], titles: Sequence[str]) -> None:
    for place, article in enumerate(reversed(articles)):
        found = row.source_preference.get(article)
        if found is None:
            continue
        rate, chance = 100 * found["rate"], 100 * found["chance"]
        axes.plot([chance, rate], [place, place], color=_SOFT, linewidth=1)
        axes.plot(chance, place, "|", color=_INK, markersize=10)
        axes.plot(rate, place, "o", color=BLUE, markersize=5)
    axes.set_yticks(range(len(articles)), short_names(reversed(titles), LONGEST_NAME))
    axes.set_ylim(-0.6, len(articles) - 0.4)
    axes.set_xlim(-3, 103)
    axes.grid(axis="x", color=_SOFT, alpha=0.25)


def confidence_chart(model: ReportModel) -> Chart | None:
    """The chart of risk by coverage and accuracy by confidence; None if all confidences are equal."""
    said, right = model.confidence, model.correct
    if said.size < 2 or np.unique(said).size < 2:
        return None
    coverage, risk = risk_coverage(model)
    bins = reliability(model)

    def draw() -> Figure:
        figure, (left, other) = _figure(_WIDTH, 2.6, panels=2, fitted=False)  # there may be many of these
        figure.subplots_adjust(left=0.11, right=0.96, bottom=0.18, top=0.9, wspace=0.34)
        left.step(100 * coverage, 100 * risk, where="post", color=BLUE, linewidth=1.8)
        overall = 100 * (1 - float(right.mean()))
        left.axhline(overall, color=_SOFT, linewidth=1, linestyle="--")
        left.set_xlim(0, 100)
        left.set_ylim(0, max(100 * float(risk.max()), overall) * 1.1 + 1)
        left.set_title("Risk–coverage", loc="left")
        left.set_xlabel("answers kept, most confident first, %")
        left.set_ylabel("wrong answers among these, %")
        other.plot([0, 100], [0, 100], color=_SOFT, linewidth=1, linestyle="--")
        sizes = [8 + 130 * b.n / said.size for b in bins]
        other.scatter([100 * b.confidence for b in bins], [100 * b.accuracy for b in bins], sizes, BLUE)
        other.plot([100 * b.confidence for b in bins], [100 * b.accuracy for b in bins], color=BLUE)
        other.set_xlim(0, 100)
        other.set_ylim(0, 100)
        other.set_title("Reliability", loc="left")
        other.set_xlabel("mean confidence, %")
        other.set_ylabel("right, %")
        for axes in (left, other):
            axes.grid(color=_SOFT, alpha=0.25)
        return figure

    ece, expected = calibration.ece(said, right), calibration.expected_ece(said)
    steps = [int(np.searchsorted(coverage, at - 1e-9)) for at in np.linspace(0.1, 1.0, 10)]
    return Chart(
        name=f"confidence-{model.slug}",
        title="Does its confidence separate right from wrong answers?",
        alt=f"Risk-coverage curve and reliability diagram of {model.name}.",
        draw=draw,
        head=("items kept", "or bin of confidence", "mean confidence", "items", "right"),
        rows=tuple(
            (f"{percent(float(coverage[n]))} % kept", "", "", "", percent(1 - float(risk[n])))
            for n in dict.fromkeys(steps)
        )
        + tuple(("", b.range, percent(b.confidence), str(b.n), percent(b.accuracy)) for b in bins),
        note=(
            f"{said.size} items. Expected calibration error {percent(ece or 0.0)}; a perfectly calibrated "
            f"model with these confidences would have {percent(expected or 0.0)} on this number of items. "
            "Dashed lines: the risk of keeping all answers, and perfect calibration."
        ),
    )


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of items with similar confidence."""

    range: str
    confidence: float
    accuracy: float
    n: int


def risk_coverage(model: ReportModel) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The share of items kept and the share of wrong answers among these, highest confidence first.

    There is one point for each confidence that occurs. Items of equal confidence are kept together, so that a
    threshold exists for every point.
    """
    order = np.argsort(-model.confidence, kind="stable")
    falling, wrong = model.confidence[order], ~model.correct[order]
    ends = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    kept = ends + 1
    return kept / falling.size, np.cumsum(wrong)[ends] / kept


def reliability(model: ReportModel, bins: int = 10) -> list[Bin]:
    """Mean confidence and accuracy in bins of equal width, without empty bins."""
    place = np.minimum((model.confidence * bins).astype(int), bins - 1)
    return [
        Bin(
            range=f"{100 * b // bins}–{100 * (b + 1) // bins} %",
            confidence=float(model.confidence[place == b].mean()),
            accuracy=float(model.correct[place == b].mean()),
            n=int((place == b).sum()),
        )
        for b in range(bins)
        if (place == b).any()
    ]


def history_chart(model: str, slug: str, points: Sequence[Point]) -> Chart:
    """The chart of one model's scores in all runs."""
    known = [p for p in points if p.value is not None]
    days = run_dates([p.created_at for p in known])

    def draw() -> Figure:
        figure, (axes,) = _figure(_WIDTH, 2.4)
        values = [100 * (p.value or 0.0) for p in known]
        axes.plot(range(len(known)), values, "-o", color=BLUE, markersize=4)
        for place, p in enumerate(known):
            if p.low is not None and p.high is not None:
                axes.plot([place, place], [100 * p.low, 100 * p.high], color=BLUE, alpha=0.5)
        names = short_names((p.run for p in known), _LONGEST_RUN)
        axes.set_xticks(range(len(known)), [f"{name}\n{day}" for name, day in zip(names, days, strict=True)])
        axes.margins(x=0.15)
        axes.grid(axis="y", color=_SOFT, alpha=0.25)
        axes.set_ylabel("percent")
        return figure

    return Chart(
        name=f"history-{slug}",
        title=model,
        alt=f"{model} over {len(points)} runs.",
        draw=draw,
        head=("run", "created", "metric", "value", "low", "high", "change"),
        rows=tuple(
            (
                p.run,
                p.created_at,
                p.metric,
                percent(p.value) if p.value is not None else p.status,
                _or_dash(p.low),
                _or_dash(p.high),
                signed(p.change) if p.change is not None else "–",
            )
            for p in points
        ),
    )


def run_dates(times: Sequence[str]) -> list[str]:
    """The dates of runs from their ISO times, with hours and minutes if two runs are from the same day.

    >>> run_dates(["2026-11-28T10:00:00+00:00", "2026-11-29T08:30:00+00:00"])
    ['2026-11-28', '2026-11-29']
    >>> run_dates(["2026-11-28T10:00:00+00:00", "2026-11-28T11:15:00+00:00"])
    ['2026-11-28 10:00', '2026-11-28 11:15']
    """
    days = [time[:10] for time in times]
    return days if len(set(days)) == len(days) else [time[:16].replace("T", " ") for time in times]


def _or_dash(value: float | None) -> str:
    return "–" if value is None else percent(value)


def chart_files(charts: Sequence[Chart]) -> dict[str, bytes]:
    """The files of all charts as SVG, PDF and PNG, for papers."""
    forms: tuple[Format, ...] = ("svg", "pdf", "png")
    return {f"{chart.name}.{form}": render_chart(chart, form) for chart in charts for form in forms}


def site_charts(charts: Sequence[Chart]) -> dict[str, bytes]:
    """The files of the charts that the pages show."""
    shown = [chart for chart in charts if chart.on_pages]
    return {f"charts/{chart.name}.svg": render_chart(chart, "svg", themed=True) for chart in shown}
