"""`qa-eval leaderboard`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, note, option
from qa_eval.errors import InputError, QaEvalError

if TYPE_CHECKING:
    from qa_eval.cli.printing import Format
    from qa_eval.records import Track
    from qa_eval.runs.store import Run


EXAMPLES = (
    ("qa-eval leaderboard results/baseline", "which model leads, and how certain that is"),
    ("qa-eval leaderboard results/baseline --all", "every metric with its interval"),
    (
        "qa-eval leaderboard results/baseline --slice contested --sort match",
        "the facts on which sources disagree",
    ),
    ("qa-eval leaderboard results/old results/new", "two runs of the same items, in one table"),
)


@click.command(
    "leaderboard",
    cls=Command,
    examples=EXAMPLES,
    short_help="Show stored runs as a table, Markdown, CSV or JSON.",
)
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@option(
    "--track",
    type=click.Choice(["reading", "pooled"]),
    section="Selection",
    help="Show only this track.  [default: the headline columns of both]",
)
@option(
    "--slice",
    "slice_",
    metavar="S",
    section="Selection",
    help="Show only these items: settled, contested, silent, relation:R, category:C or article:A.  "
    "[default: all]",
)
@option(
    "--sort",
    metavar="METRIC",
    section="Selection",
    help="Order the rows by this metric.  [default: the metric that ranks the run]",
)
@option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    show_default=True,
    section="Output",
    help="CSV and JSON hold every metric, with scores as fractions.",
)
@option(
    "--all",
    "every",
    is_flag=True,
    section="Output",
    help="Show every metric with its interval, and the counts, in the table.",
)
@option(
    "--common-items",
    is_flag=True,
    section="Selection",
    help="Merge runs on different data too: compute every number on the items that all runs have.",
)
@option(
    "--history",
    metavar="SPEC",
    section="Selection",
    help="Show the scores of one model in all the runs, oldest first.",
)
def leaderboard_command(
    *,
    paths: tuple[Path, ...],
    track: Track | None,
    slice_: str | None,
    sort: str | None,
    form: Format,
    every: bool,
    common_items: bool,
    history: str | None,
) -> None:
    """Shows the leaderboard of stored runs.

    PATH is a run folder, its leaderboard.json, or a folder of runs. Without PATH, the command shows the
    newest run under results/. Several runs on the same items become one table and are ranked together. If
    a signature appears more than once, its newest row is taken, or an older one if that has everything of
    the newer one and more of --closed-book and --orders. If the runs of a folder do not fit in one table,
    the command lists them.
    """
    from qa_eval.cli.printing import print_history, print_leaderboard, print_run_list
    from qa_eval.runs.leaderboard.merged_runs import MixtureError, merge_runs
    from qa_eval.runs.leaderboard.run_list import list_runs
    from qa_eval.runs.leaderboard.views import Selection

    if every and form != "table":
        raise click.UsageError("--all is for the table; the other formats have columns of their own.")
    if history is not None and (track or slice_ or common_items or every):
        raise click.UsageError("--history can be combined with --sort and --format only.")
    if not paths:
        paths = (Path("results") if history is not None else newest_run(Path("results")),)
    # Slices are most of a file. Reading a thousand files takes mostly the time of reading slices.
    runs = _load_runs(paths, slices=slice_ is not None or form == "json")
    if history is not None:
        print_history([run.leaderboard for run in runs], history, sort, form)
        return
    selection = Selection(track=track, slice=slice_, sort=sort)
    if len(runs) == 1 and not common_items:
        print_leaderboard(runs[0].leaderboard, form, selection, every=every)
        return
    may_be_listed = selection == Selection() and not common_items and any(map(_holds_runs, paths))
    try:
        shown = merge_runs(runs, common_items=common_items)
    except (MixtureError, InputError) as error:
        if not may_be_listed:
            raise
        why = "they are on different items" if isinstance(error, MixtureError) else str(error)
        note(
            f"{len(runs)} runs do not fit in one table: {why}; name the runs to merge, or see --common-items"
        )
        print_run_list(list_runs(runs), form)
        return
    print_leaderboard(shown, form, selection, every=every)


def _holds_runs(path: Path) -> bool:
    """Whether a path is a folder that may hold runs and is not a run itself."""
    from qa_eval.runs.store import LEADERBOARD

    return path.is_dir() and not (path / LEADERBOARD).exists()


def _load_runs(paths: Sequence[Path], *, slices: bool) -> list[Run]:
    """The runs that the paths name, and all runs in folders of runs.

    A broken run in a folder is left out, with a warning on stderr.
    """
    from qa_eval.runs.store import load_run, run_folders

    runs: dict[Path, Run] = {}
    chosen = [(run, path) for path in paths for run in (run_folders(path) if _holds_runs(path) else [path])]
    for run, path in chosen:
        try:
            runs.setdefault(run, load_run(run, slices=slices or len(chosen) == 1))
        except InputError as error:
            if run == path:
                raise
            note(f"warning: run left out: {str(error).splitlines()[0]}")
    for path in paths:
        if not any(run.is_relative_to(path) for run in runs):
            broken = "no run here can be read" if any(p == path for _, p in chosen) else "no run here"
            raise QaEvalError(f"{path}: {broken}; name a run folder, or make one with `qa-eval run`")
    return list(runs.values())


def newest_run(folder: Path) -> Path:
    """The run folder whose leaderboard is the newest; a note on stderr names it."""
    from qa_eval.runs.store import LEADERBOARD, run_folders

    written = sorted(((path / LEADERBOARD).stat().st_mtime, path) for path in run_folders(folder))
    if not written:
        raise QaEvalError(f"{folder}: no run folder here; name one, or make one with `qa-eval run`")
    path = written[-1][1]
    note(f"run: {path} (the newest of {len(written)})" if len(written) > 1 else f"run: {path}")
    return path
