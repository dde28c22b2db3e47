"""Several runs as one leaderboard: a row for each signature, ranked together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import takewhile

from qa_eval.errors import QaEvalError
from qa_eval.metrics.listings import entry, in_order, label, of_words
from qa_eval.metrics.score_table import ScoreTable, tables_of
from qa_eval.records import Track
from qa_eval.runs.common_items import Side, common_scores
from qa_eval.runs.ranking import UNRANKED, Entry, judged_entry, model_signature, rank_rows
from qa_eval.runs.schema import DataRow, ItemsRow, Leaderboard, Row
from qa_eval.runs.store import Run
from qa_eval.text.phrases import count, enumerate_words

MOST_RANKED = 100
"""Most models that are ranked together. More would take minutes."""
_READERS = 2
"""Number of predictions files that are read at a time. More would only wait for Python's lock."""
_SAME = 1e-6
"""Difference between values of one signature above which a note is written."""
_ADVICE = "\n--common-items compares them on the items that all of them asked"


class MixtureError(QaEvalError):
    """The runs differ in data, rules or scorer, so they cannot share a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Several runs as one leaderboard."""

    board: Leaderboard
    """Leaderboard with the kept rows, each with a field `run`. All else comes from the newest run."""
    boards: tuple[Leaderboard, ...]
    """Merged runs, oldest first."""
    ranked: bool
    """Whether the rows are ranked together. If not, they have no ranks."""
    notes: tuple[str, ...]


def merge_runs(runs: Sequence[Run], *, common_items: bool = False) -> Merged:
    """Merges runs: each signature keeps one finished row, and maxT ranks all models together.

    The row is the newest one. An older one is kept if it has all metrics of a model that was asked otherwise
    (`--closed-book`, `--orders`) that the newer ones have, and more. Notes name such rows, and what is lost.

    Ranks need the stored answers of every model, and at most `MOST_RANKED` models. Otherwise the rows are
    sorted by value, and a note gives the reason. With `common_items`, runs with different data are merged
    too: every number is computed again on the items that all models were asked, and rows without stored
    answers are left out.

    Raises MixtureError, naming the fields, if rules, scorers or (without `common_items`) data differ;
    QaEvalError if the runs share no item; InputError if a predictions file is not the one that the run wrote.
    """
    if not runs:
        raise QaEvalError("no run to show")
    runs = sorted(runs, key=lambda run: run.leaderboard.created_at)
    _refuse_mixture([run.leaderboard for run in runs], common_items=common_items)
    newest = runs[-1].leaderboard
    state = _State(data=newest.data, notes=[] if common_items else list(_contradictions(runs)))
    found = _one_of_each(runs, state, by_data=not common_items)
    sorts = _sorts([run.leaderboard for run in runs])
    entries = _on_common_items(found, state) if common_items else _with_tables(found, state, sorts)
    sort, smallest = newest.sort, None
    if state.ranked:
        ranking = rank_rows(entries, sorts=sorts)
        rows, sort, smallest = ranking.rows, ranking.sort, ranking.minimum_detectable_difference
    else:
        unranked = {"rank": None, "rank_interval": None, "versus_first": None}
        rows = [entry.row.model_copy(update=unranked) for entry in entries]
    update = {
        "rows": rows,
        "sort": sort,
        "minimum_detectable_difference": smallest,
        "data": state.data,
    }
    return Merged(
        board=newest.model_copy(update=update),
        boards=tuple(run.leaderboard for run in runs),
        ranked=state.ranked,
        notes=tuple(state.notes),
    )


def run_of(row: Row) -> str:
    """Name of the run that a merged row comes from. Empty for a row that was not merged."""
    return str((row.model_extra or {}).get("run", ""))


def run_names(runs: Sequence[Run]) -> list[str]:
    """Names of the runs in merged rows. Runs of equal name in different folders get their time added."""
    names = [run.leaderboard.name for run in runs]
    return [
        f"{name} {run.leaderboard.created_at}" if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    ]


# ------------------------------------------------------------------------------------------ inside


@dataclass(slots=True)
class _State:
    """Intermediate results of merging."""

    data: DataRow
    notes: list[str]
    ranked: bool = True


def _refuse_mixture(boards: Sequence[Leaderboard], *, common_items: bool) -> None:
    def identity(board: Leaderboard) -> dict[str, str]:
        data = {
            "data.questions_sha256": board.data.questions_sha256,
            "data.articles_sha256": board.data.articles_sha256,
            "data.item_hashes_sha256": board.data.item_hashes_sha256,
        }
        scoring = {
            "data.cluster": board.data.cluster,
            "rules": board.rules,
            "scorer_version": board.scorer_version,
        }
        return scoring if common_items else data | scoring

    first = boards[0]
    problems: dict[str, str] = {}
    for other in boards[1:]:
        theirs = identity(other)
        for key, mine in identity(first).items():
            if mine != theirs[key]:
                line = f"  {key}: {mine[:12]} in {first.name}, {theirs[key][:12]} in {other.name}"
                problems.setdefault(key, line)
    if problems:
        # Common items help only where nothing but the data differs.
        other_scoring = {"data.cluster", "rules", "scorer_version"} & problems.keys()
        raise MixtureError(
            "these runs cannot share a table, because they differ in\n"
            + "\n".join(problems.values())
            + ("" if other_scoring else _ADVICE)
        )


def _one_of_each(runs: Sequence[Run], state: _State, *, by_data: bool) -> list[Side]:
    """The kept row of each signature, a finished one if there is one. Runs must come oldest first."""
    sides: dict[tuple[str, str], list[Side]] = {}
    for run, name in zip(runs, run_names(runs), strict=True):
        for row in run.leaderboard.rows:
            side = Side(run=run, row=row.model_copy(update={"run": name}))
            key = (_signature(side, by_data=by_data), row.model.spec if row.is_reference else "")
            sides.setdefault(key, []).append(side)
    return [_kept(each, state) for each in sides.values()]


def _kept(sides: Sequence[Side], state: _State) -> Side:
    """The row that is kept of those of one signature, oldest first. Notes tell what the others have."""
    finished = [side for side in sides if side.row.status == "ok"]
    if not finished:
        return sides[-1]
    had = [_asked_otherwise(side.row) for side in finished]
    # What a model is asked otherwise is no part of its signature, because all other numbers are the same.
    place = max(n for n, mine in enumerate(had) if not any(mine < other for other in had))
    kept, newest = finished[place], finished[-1]
    spec, name = kept.row.model.spec, run_of(kept.row)
    if kept is not newest:
        newer = f"the newer one of {run_of(newest.row)} lacks {_labels(had[place] - had[-1])}"
        state.notes.append(f"{spec}: the row of {name} is shown, because {newer}")
    for side, theirs in zip(finished, had, strict=True):
        if lost := theirs - had[place]:
            state.notes.append(
                f"{spec}: the row of {name} is shown, and the one of {run_of(side.row)}, which has "
                f"{_labels(lost)}, is not; a run with both --closed-book and --orders has everything in one "
                "row"
            )
    return kept


def _asked_otherwise(row: Row) -> set[str]:
    """The metrics that the row has because the model was also asked otherwise."""
    return {id for metrics in row.metrics.values() for id in metrics if entry(id).family == "passages"}


def _labels(metrics: Collection[str]) -> str:
    return enumerate_words([label(id) for id in in_order(metrics)])


def _signature(side: Side, *, by_data: bool) -> str:
    """The row's signature. Without `by_data`, the data are left out of it."""
    row, board = side.row, side.run.leaderboard
    if by_data or row.is_reference:
        return row.signature or f"{board.run_id} {row.model.spec}"
    return model_signature(
        row.model,
        row.decoding.windows,
        board.options.threshold,
        deterministic=board.options.deterministic,
        data="",
        rules=board.rules,
    )


def _contradictions(runs: Sequence[Run]) -> Iterable[str]:
    """Notes on rows of one signature whose values differ, although they should be equal."""
    first: dict[tuple[str, str], tuple[str, float]] = {}
    for run in runs:
        here = run.leaderboard.name
        track, _, metric = run.leaderboard.sort.partition(".")
        for row in run.leaderboard.rows:
            estimate = row.metric(track, metric)
            if row.status != "ok" or estimate is None or not row.signature:
                continue
            name, value = first.setdefault((row.signature, run.leaderboard.sort), (here, estimate.value))
            if abs(value - estimate.value) > _SAME:
                yield (
                    f"{row.model.spec}: {name} and {here} have one signature but other values "
                    f"({value:.4f}, {estimate.value:.4f}); `qa-eval verify` tells which is wrong"
                )


def _competes(side: Side) -> bool:
    row = side.row
    return row.status == "ok" and not row.is_reference and row.predictions is not None


def _sorts(boards: Sequence[Leaderboard]) -> tuple[str, ...]:
    """The metrics that sort the runs: those of answers in words first, then those of the newest run."""
    newest_first = dict.fromkeys(board.sort for board in reversed(boards))
    return tuple(sorted(newest_first, key=lambda sort: not of_words(sort)))


def _with_tables(found: Sequence[Side], state: _State, sorts: Sequence[str]) -> list[Entry]:
    """The stored rows, with the score tables that ranks are computed from."""
    competing = sum(_competes(side) and side.row.model.spec not in UNRANKED for side in found)
    if competing > MOST_RANKED:
        state.ranked = False
        state.notes.append(f"no ranks: {competing} models, but at most {MOST_RANKED} can be ranked together")
    competitors = [side for side in found if state.ranked and _competes(side)]
    readable = list(takewhile(lambda side: side.run.has_file(side.row), competitors))
    metrics = {sort.partition(".")[2] for sort in sorts}

    def tables(side: Side) -> dict[Track, ScoreTable]:
        return tables_of(side.run.scores(side.row), side.run.leaderboard.data.cluster, metrics)

    # While one file is decompressed and hashed, Python is free to read the rows of the other.
    with ThreadPoolExecutor(_READERS) as readers:
        made = dict(zip(map(id, readable), readers.map(tables, readable), strict=True))
    if len(readable) < len(competitors):
        state.ranked = False
        missing = competitors[len(readable)].name
        state.notes.append(f"no ranks: they are made from the answers, and those of {missing} are not there")
    return [Entry(row=side.row, tables=made.get(id(side), {})) for side in found]


def _on_common_items(found: Sequence[Side], state: _State) -> list[Entry]:
    """Every row, computed again on the items that all models with answers were asked."""
    sides = [side for side in found if _competes(side)]
    left_out = dict.fromkeys(side.row.model.spec for side in found if not _competes(side))
    if left_out:
        state.notes.append(
            f"left out, without finished answers to compute scores from: {', '.join(left_out)}"
        )
    if len(sides) > MOST_RANKED:
        raise QaEvalError(
            f"--common-items: {len(sides)} models, but at most {MOST_RANKED} can be computed again"
        )
    scores = common_scores(sides)
    if not scores or not scores[0]:
        raise QaEvalError("these runs have no item in common")
    canonical = [s for s in scores[0] if s.paraphrase == 0]
    counts = {track: sum(s.track == track for s in canonical) for track in ("reading", "pooled")}
    state.data = state.data.model_copy(
        update={
            "facts": len({s.fact for s in canonical}),
            "contested": len({s.fact for s in canonical if s.contested}),
            "items": ItemsRow(**counts),
        }
    )
    asked = [d.items.reading + d.items.pooled for d in (side.run.leaderboard.data for side in sides)]
    state.notes.append(
        f"on the {count(sum(counts.values()), 'item')} that all runs asked, "
        f"of {min(asked):,} to {max(asked):,}; every number is computed again on these"
    )
    if max(asked) > sum(counts.values()) and any(s.row.performance.tokens_out is not None for s in sides):
        state.notes.append("tokens, times and cost are those of the whole runs, not of these items")
    entries = []
    for side, own in zip(sides, scores, strict=True):
        board = side.run.leaderboard
        made = ("metrics", "slices", "source_preference", "speaker_preference", "absent")
        row = side.row.model_copy(update={name: {} for name in made})
        tables = tables_of(own, board.data.cluster)
        entries.append(judged_entry(row, tables, resamples=board.options.resamples))
    return entries
