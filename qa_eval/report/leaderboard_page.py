"""The values of the leaderboard page: the picture of the ranking metric, and the table for every slice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

from qa_eval.metrics.listings import entry, marked_label
from qa_eval.records import Estimate
from qa_eval.report.content import ReportContent, ReportModel
from qa_eval.runs.leaderboard.board_formats import trouble
from qa_eval.runs.leaderboard.captions import caption, notes
from qa_eval.runs.leaderboard.views import Selection, View, leaderboard_view
from qa_eval.runs.ranking import competes
from qa_eval.runs.schema import Row
from qa_eval.text.figures import interval_text, percent
from qa_eval.text.glossary import YARDSTICKS
from qa_eval.text.terminal import clean

# ------------------------------------------------------------------------------------------ the table


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewColumn:
    """A column of the leaderboard, which shows one metric."""

    track: str
    metric: str
    label: str
    tip: str
    higher_is_better: bool
    n_matters: bool
    brief: bool
    """Whether the column is among the few that are shown at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """The table on all items, on one track or on one slice."""

    key: str
    name: str
    group: str
    whole: bool
    """Whether the ranks and differences hold for this table."""
    columns: tuple[ViewColumn, ...]
    order: tuple[int, ...]
    """Numbers of the models, from first to last."""
    cells: Mapping[int, tuple[Estimate | None, ...]]
    notes: tuple[str, ...]
    """Sentences on the items, the scoring, and anything else that a reader has to know."""


def table_views(evidence: ReportContent) -> list[TableView]:
    """All tables: the default one first, then the tracks, then every slice."""
    names = evidence.article_names
    shown = evidence.merged or evidence.board
    places = {id(m.row): m.number for m in evidence.models}
    tracks = {track for m in evidence.models for track, values in m.row.metrics.items() if values}
    wanted = [("", "All items", "Tracks", Selection())]
    if not evidence.public and len(tracks) > 1:
        wanted += [
            ("reading", "Reading: one article at a time", "Tracks", Selection(track="reading")),
            ("pooled", "Pooled: all articles at once", "Tracks", Selection(track="pooled")),
        ]
    slices = dict.fromkeys(s for m in evidence.models for s in m.row.slices)
    wanted += [(s, *_slice_name(s, names), Selection(slice=s)) for s in sorted(slices, key=slice_order)]
    views = []
    for key, name, group, selection in wanted:
        view = leaderboard_view(shown, selection)
        columns = _columns(view)
        about = [*trouble(view), *caption(view), *notes(view), *(evidence.notes if not key else ())]
        views.append(
            TableView(
                key=key,
                name=name,
                group=group,
                whole=key == "",
                columns=columns,
                order=tuple(places[id(line.row)] for line in view.lines),
                cells={
                    places[id(line.row)]: tuple(view.estimate(line, (c.track, c.metric)) for c in columns)
                    for line in view.lines
                },
                notes=tuple(_sentence(text) for text in about),
            )
        )
    return views


def _sentence(text: str) -> str:
    """The text with a capital letter, unless it begins with a spec.

    >>> _sentence("percent, sorted by F1"), _sentence("ramdocs:dev.jsonl: 59 facts")
    ('Percent, sorted by F1', 'ramdocs:dev.jsonl: 59 facts')
    """
    first = text.partition(" ")[0].rstrip(":")
    return text if ":" in first else text[:1].upper() + text[1:]


_GROUPS = {"relation": "Relation", "category": "Category", "article": "Article"}


def slice_order(name: str) -> tuple[int, str]:
    """The sort key of a slice, which keeps slices of a group together."""
    kind = name.partition(":")[0]
    return [*_GROUPS].index(kind) + 1 if kind in _GROUPS else 0, name


def _slice_name(name: str, names: Mapping[str, str]) -> tuple[str, str]:
    if name.startswith("pooled:"):
        return name.removeprefix("pooled:relation:"), "Relation, pooled"
    kind, _, value = name.partition(":")
    if kind == "article":
        return names.get(value, value), "Article"
    return (value, _GROUPS[kind]) if kind in _GROUPS else (name, "Kind")


def _columns(view: View) -> tuple[ViewColumn, ...]:
    """The few columns that are shown at first, then all others of the table."""
    brief = view.first_columns
    return tuple(_column(*c, brief=c in brief) for c in dict.fromkeys([*brief, *view.columns]))


def _column(track: str, metric: str, *, brief: bool) -> ViewColumn:
    known = entry(metric)
    return ViewColumn(
        track=track,
        metric=metric,
        label=marked_label(metric),
        tip=f"{known.meaning} {known.detail}".strip(),
        higher_is_better=known.higher_is_better,
        n_matters=known.n_matters,
        brief=brief,
    )


def table_data(views: Sequence[TableView]) -> dict[str, Any]:
    """The data with which the script shows other slices: values by table, model and column."""
    return {
        "views": [
            {
                "key": view.key,
                "name": clean(view.name),
                "group": view.group,
                "columns": [
                    {
                        "label": c.label,
                        "tip": c.tip,
                        "low": not c.higher_is_better,
                        "n": c.n_matters,
                        "rest": not c.brief,
                    }
                    for c in view.columns
                ],
                "values": {
                    str(n): [None if e is None else [e.value, e.low, e.high, e.n] for e in cells]
                    for n, cells in view.cells.items()
                },
                "whole": view.whole,
                "notes": [clean(sentence) for sentence in view.notes],
            }
            for view in views
        ],
    }


def is_apart(evidence: ReportContent, model: ReportModel) -> bool:
    """Whether the row is a reference, or a finished baseline that is never ranked."""
    row = model.row
    ranked = any(other.row.rank is not None for other in evidence.models)
    return row.status == "ok" and (row.rank is None if ranked else not competes(row))


def is_first(row: Row) -> bool:
    """Whether the row is the first that competes, with which all others are compared."""
    return competes(row) and row.versus_first is None and bool(row.metrics)


# ------------------------------------------------------------------------------------------ the picture

_MARGIN = 2.0
"""Margin of the axis on either side, in percent of the width."""
_STEP = 0.05
_WIDEST_ZOOM = 0.25
"""Range of values up to which the axis shows only the part with the models."""
_NEAR = 0.15
"""Largest distance from the models at which such an axis still includes a yardstick."""
_MOST_LINES = 20
_LETTER, _GAP = 6.6, 10
"""Width of a letter of a label, and smallest gap between labels, in pixels."""
_WIDTHS = {"wide": 430, "narrow": 330}
"""Smallest width of the picture, in pixels, by kind of window."""
Side = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingLine:
    """A model with its value. Places are in percent of the picture's width."""

    model: ReportModel
    at: str
    low: str
    """Place of the lower bound; empty if there is no interval."""
    high: str
    value: str
    range: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankGroup:
    """Models that share a rank."""

    rank: int | None
    lines: tuple[StandingLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Yardstick:
    """A value to compare the models with, which has a label above the picture."""

    name: str
    term: str
    """Term in the glossary; empty if the glossary has no entry for the row."""
    at: str
    side: Side
    """End of the label that is at `at`."""
    label: str
    level: int
    """Number of labels below this one."""
    inside: bool
    """Whether the value is on the axis, so that a line is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """The ranking metric of all models, drawn on one axis."""

    metric: str
    track: str
    groups: tuple[RankGroup, ...]
    more: tuple[RankGroup, ...]
    """Groups that are drawn on demand."""
    without: tuple[ReportModel, ...]
    """Models without a value."""
    yardsticks: Mapping[str, tuple[Yardstick, ...]]
    """Yardsticks for a `wide` and a `narrow` window."""
    levels: Mapping[str, int]
    """Number of labels above each other, for a `wide` and a `narrow` window."""
    ticks: tuple[tuple[str, str, Side], ...]
    """Marks of the axis: the place, the number, and the side of the number that is at the place."""
    part: str
    """Part of the axis that is shown; empty if all of it is shown."""

    @property
    def hidden(self) -> int:
        """Number of models that are drawn on demand."""
        return sum(len(group.lines) for group in self.more)


def standings(evidence: ReportContent) -> Standings | None:
    """The picture; None if no model has a value of the ranking metric."""
    track, _, metric = evidence.board.sort.partition(".")
    found = [(m, e) for m in evidence.models if (e := m.row.metric(track, metric)) is not None]
    others = [(m, e) for m, e in found if is_apart(evidence, m)]
    competing = [(m, e) for m, e in found if not is_apart(evidence, m)]
    if not competing:
        return None
    low, high = _axis([e for _, e in competing], [e for _, e in others])

    def at(value: float) -> float:
        return _MARGIN + (100 - 2 * _MARGIN) * (min(high, max(low, value)) - low) / (high - low)

    def line(model: ReportModel, e: Estimate) -> StandingLine:
        known = e.low is not None and e.high is not None
        return StandingLine(
            model=model,
            at=_place(at(e.value)),
            low=_place(at(e.low)) if known and e.low is not None else "",
            high=_place(at(e.high)) if known and e.high is not None else "",
            value=percent(e.value),
            range=interval_text(e.low, e.high),
        )

    lines = [line(m, e) for m, e in competing]
    yardsticks = {width: tuple(_labelled(others, at, low, high, pixels)) for width, pixels in _WIDTHS.items()}
    return Standings(
        metric=metric,
        track=track,
        groups=tuple(_by_rank(lines[:_MOST_LINES])),
        more=tuple(_by_rank(lines[_MOST_LINES:])),
        without=tuple(
            m for m in evidence.models if m.row.metric(track, metric) is None and not m.row.is_reference
        ),
        yardsticks=yardsticks,
        levels={width: 1 + max((y.level for y in some), default=-1) for width, some in yardsticks.items()},
        ticks=tuple(_ticks(low, high, at)),
        part="" if (low, high) == (0.0, 1.0) else f"{_whole(low)} to {_whole(high)}",
    )


def _axis(models: Iterable[Estimate], others: Iterable[Estimate]) -> tuple[float, float]:
    """The ends of the axis: 0 (or a skill below 0) and 1, or only the part that has the models."""
    bounds = [b for e in models for b in (e.value, e.low, e.high) if b is not None]
    least, most = min(bounds), max(bounds)
    if least >= 0 and len(bounds) > 3 and most - least <= _WIDEST_ZOOM:
        near = [e.value for e in others if least - _NEAR <= e.value <= most + _NEAR]
        least, most = min([least, *near]), max([most, *near])
        low = max(0.0, math.floor(least / _STEP - 0.2) * _STEP)
        return low, min(1.0, math.ceil(most / _STEP + 0.2) * _STEP)
    return min(0.0, math.floor(min(least, *(e.value for e in others), 0.0) / 0.1) * 0.1), 1.0


def _by_rank(lines: Sequence[StandingLine]) -> Iterator[RankGroup]:
    for rank, group in groupby(lines, key=lambda line: line.model.row.rank):
        yield RankGroup(rank=rank, lines=tuple(group))


def _ticks(low: float, high: float, at: Callable[[float], float]) -> Iterator[tuple[str, str, Side]]:
    step = next(s for s in (0.05, 0.1, 0.25, 0.5) if (high - low) / s <= 5.5)
    for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        place = at(n * step)
        yield _place(place), _whole(n * step), _side(place)


def _labelled(
    rows: Sequence[tuple[ReportModel, Estimate]],
    at: Callable[[float], float],
    low: float,
    high: float,
    width: int,
) -> Iterator[Yardstick]:
    """The labels at their values. Labels that would cover each other are put above each other."""
    taken: list[list[tuple[float, float]]] = []
    for model, e in sorted(rows, key=lambda pair: pair[1].value):
        term = YARDSTICKS.get(model.row.model.spec, "")
        name = term or clean(model.name)
        outside = "‹ " if e.value < low else ""
        label = f"{outside}{name} {percent(e.value)}{' ›' if e.value > high else ''}"
        place = at(e.value)
        side = _side(place)
        size = _LETTER * len(label) + _GAP
        end = place * width / 100 + {"start": size, "middle": size / 2, "end": 0.0}[side]
        box = (end - size, end)
        level = next(
            (n for n, boxes in enumerate(taken) if all(box[1] <= a or b <= box[0] for a, b in boxes)),
            len(taken),
        )
        if level == len(taken):
            taken.append([])
        taken[level].append(box)
        yield Yardstick(
            name=name,
            term=term,
            at=_place(place),
            side=side,
            label=label,
            level=level,
            inside=low <= e.value <= high,
        )


def _side(place: float) -> Side:
    return "start" if place < 20 else "end" if place > 80 else "middle"


def _whole(value: float) -> str:
    return f"{100 * value:.0f}".replace("-", "−")


def _place(value: float) -> str:
    return f"{value:.2f}%"
