"""The choice and order of a leaderboard's rows and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa_eval.errors import QaEvalError
from qa_eval.metrics.listings import entry, in_order, listed, of_all_articles, of_words
from qa_eval.runs.data_kinds import data_kind
from qa_eval.runs.leaderboard.merged_runs import Merged, run_of
from qa_eval.runs.ranking import UNRANKED
from qa_eval.runs.unknown_names import not_in_run

if TYPE_CHECKING:
    from qa_eval.metrics.parts import Listing
    from qa_eval.records import Estimate, Track
    from qa_eval.runs.schema import Leaderboard, Row

_MOST_SLICED = 7
_MOST_BRIEF = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The user's choice of what to show."""

    track: Track | None = None
    """Track to show. None for the headline columns of both tracks."""
    slice: str | None = None
    sort: str | None = None
    """Id of the metric that sorts the rows. None for the one that ranked the run, or else the first
    column."""


@dataclass(frozen=True, slots=True)
class ViewLine:
    """A leaderboard row and its run."""

    run: str
    row: Row
    unranked: bool
    """Whether this is a finished row outside the ranking: a reference, or a baseline such as abstaining."""

    @property
    def group(self) -> int:
        """Number of the row's group in the order: ranked, interrupted, failed, unranked."""
        return 3 if self.unranked else ("ok", "partial", "error").index(self.row.status)

    def metrics(self, track: str, slice_: str | None) -> Mapping[str, Estimate]:
        return self.row.metrics.get(track, {}) if slice_ is None else self.row.slices.get(slice_, {})


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The chosen rows and columns in order, for any format."""

    board: Leaderboard
    merged: Merged | None
    """Merged runs. None for a leaderboard of one run."""
    selection: Selection
    columns: tuple[tuple[str, str], ...]
    """Columns shown, as (track, metric id)."""
    sort: tuple[str, str]
    lines: tuple[ViewLine, ...]

    @property
    def ranked(self) -> bool:
        """Whether there are ranks that hold for the view: it has all items and is sorted by the ranking
        metric.
        """
        whole = self.selection.slice is None and ".".join(self.sort) == self.board.sort
        return whole and (self.merged is None or self.merged.ranked)

    @property
    def counted(self) -> bool:
        """Whether the stored counts belong to the view. They count the reading track, if that was run."""
        return self.selection.slice is None and (
            self.selection.track != "pooled" or self.board.data.items.reading == 0
        )

    def estimate(self, line: ViewLine, column: tuple[str, str]) -> Estimate | None:
        """The value of a column in a line; None if it has none.

        A reference answers with one span. What an answer says about several sources is no bound to show.
        """
        if line.row.is_reference and column in of_all_articles(self.board.sort):
            return None
        track, metric = column
        return line.metrics(track, self.selection.slice).get(metric)

    @property
    def brief_columns(self) -> tuple[tuple[str, str], ...]:
        """The columns to show first: the one that sorts, what answers in words say about all articles at once
        if that is asked for, the listing `brief`, then others of the view.
        """
        track: Track = "pooled" if self.sort[0] == "pooled" else "reading"
        listing = data_kind(self.board.data).listing
        wanted = [c for c in listed("brief", track) if listing is None or c in self.columns]
        worded = [c for c in of_all_articles(self.board.sort) if c in self.columns]
        present = [c for c in wanted if any(self.estimate(line, c) is not None for line in self.lines)]
        return tuple(dict.fromkeys([self.sort, *worded, *present, *self.columns]))[:_MOST_BRIEF]

    @property
    def first_columns(self) -> tuple[tuple[str, str], ...]:
        """The brief columns, and the columns on what passages do to answers. Only language models have the
        latter. A note under the table names those that do not fit.
        """
        effects = [column for column in self.columns if entry(column[1]).family == "passages"]
        return tuple(dict.fromkeys([*self.brief_columns, *effects]))

    @property
    def every_column(self) -> tuple[tuple[str, str], ...]:
        """Every metric that some row has on the chosen items, in the order of the catalog."""
        chosen = self.selection
        tracks: list[str] = [chosen.track] if chosen.track is not None else ["reading", "pooled"]
        if chosen.slice is not None:
            tracks = [self.columns[0][0]] if self.columns else tracks[:1]
        return tuple(
            (track, metric)
            for track in tracks
            for metric in in_order({m for line in self.lines for m in line.metrics(track, chosen.slice)})
        )


def leaderboard_view(shown: Leaderboard | Merged, selection: Selection = Selection()) -> View:
    """Chooses and sorts the rows of one leaderboard, or of several merged ones.

    Raises QaEvalError for an unknown track, slice or metric, naming near matches.
    """
    board, merged = (shown.board, shown) if isinstance(shown, Merged) else (shown, None)
    ranked = any(row.rank is not None for row in board.rows)
    lines = [ViewLine(run_of(row) or board.name, row, _is_unranked(row, ranked=ranked)) for row in board.rows]
    columns = _columns(lines, selection, data_kind(board.data).listing)
    if of_words(board.sort):
        columns = _words_first(columns, board.sort, selection)
    sort = _sort_key(lines, columns, board, selection)
    if selection.sort is not None and sort not in columns:
        columns = (sort, *columns)
    lower_first = not entry(sort[1]).higher_is_better

    def place(line: ViewLine) -> tuple[int, bool, float, str, str]:
        estimate = line.metrics(sort[0], selection.slice).get(sort[1])
        value = estimate.value if estimate is not None else 0.0
        return line.group, estimate is None, value if lower_first else -value, line.row.model.spec, line.run

    return View(
        board=board,
        merged=merged,
        selection=selection,
        columns=columns,
        sort=sort,
        lines=tuple(sorted(lines, key=place)),
    )


def _words_first(
    columns: tuple[tuple[str, str], ...], sort: str, selection: Selection
) -> tuple[tuple[str, str], ...]:
    """The columns of a board that a metric of answers in words sorts: that metric is there, and such come
    first.
    """
    track, _, metric = sort.partition(".")
    if selection.slice is None and selection.track in (None, track) and (track, metric) not in columns:
        columns = ((track, metric), *columns)
    return tuple(sorted(columns, key=lambda column: not of_words(".".join(column))))


def _is_unranked(row: Row, *, ranked: bool) -> bool:
    """Whether the row is finished but unranked. `ranked` says whether any row of the board has a rank."""
    outside = row.rank is None if ranked else row.is_reference or row.model.spec in UNRANKED
    return row.status == "ok" and outside


def _columns(
    lines: Sequence[ViewLine], selection: Selection, listing: Listing | None
) -> tuple[tuple[str, str], ...]:
    present = {
        (track, metric) for line in lines for track, metrics in line.row.metrics.items() for metric in metrics
    }
    tracks = {track for track, _ in present}
    if selection.track is not None and selection.track not in tracks and present:
        raise not_in_run(selection.track, sorted(tracks), argument="track")
    if selection.slice is not None:
        return _slice_columns(lines, selection, tracks)
    if listing is not None:
        wanted = listed(listing, "reading")
    elif selection.track == "reading":
        wanted = listed("reading track", "reading")
    elif selection.track == "pooled" or (tracks and "reading" not in tracks):
        wanted = listed("pooled track", "pooled")
    else:
        wanted = listed("headline")
    return tuple(column for column in wanted if column in present) or tuple(wanted)


def _slice_columns(
    lines: Sequence[ViewLine], selection: Selection, tracks: set[str]
) -> tuple[tuple[str, str], ...]:
    known = {name for line in lines for name in line.row.slices}
    name = selection.slice
    assert name is not None
    if name not in known:
        raise not_in_run(name, sorted(known), argument="slice")
    track = "reading" if "reading" in tracks and not name.startswith("pooled:") else "pooled"
    if selection.track not in (None, track):
        raise QaEvalError.naming(
            lambda called: f"{called('slice')} {name}: this slice belongs to the {track} track"
        )
    present = {metric for line in lines for metric in line.row.slices.get(name, {})}
    return tuple((track, metric) for _, metric in listed("slices") if metric in present)[:_MOST_SLICED]


def _sort_key(
    lines: Sequence[ViewLine], columns: Sequence[tuple[str, str]], first: Leaderboard, selection: Selection
) -> tuple[str, str]:
    if selection.sort is None:
        track, _, metric = first.sort.partition(".")
        return (track, metric) if (track, metric) in columns or not columns else columns[0]
    track, _, metric = selection.sort.rpartition(".")
    tracks = [track] if track else list(dict.fromkeys([*(t for t, _ in columns), "reading", "pooled"]))
    for candidate in tracks:
        if any(metric in line.metrics(candidate, selection.slice) for line in lines):
            return candidate, metric
    known = {m for line in lines for t in tracks for m in line.metrics(t, selection.slice)}
    raise not_in_run(selection.sort, sorted(known), argument="sort")
