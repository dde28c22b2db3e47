"""`qa-eval report`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.asked_data import corpus_of, dataset_of, is_public
from qa_eval.cli.command import Command, note, option
from qa_eval.cli.leaderboard import newest_run
from qa_eval.cli.option_groups import run_data_options
from qa_eval.errors import QaEvalError

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset
    from qa_eval.records import Corpus
    from qa_eval.runs.store import Run


@click.command("report", cls=Command, short_help="Write stored runs as a site for the browser.", examples=(
    ("qa-eval report results/baseline --out report --open", "write the site and open it"),
    ("qa-eval report results/baseline --out report --watch", "write it again whenever the run changes"),
    ("qa-eval report results/old results/new --out report", "two runs, with differences and history"),
))  # fmt: skip
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@option(
    "--out",
    type=PATH,
    required=True,
    metavar="DIR",
    section="Output",
    help="Folder of the site. It must be new, empty, or an earlier report, which is replaced.",
)
@option(
    "--charts",
    type=PATH,
    metavar="DIR",
    section="Output",
    help="Folder in which every chart is also written as SVG, PDF and PNG.  [default: none]",
)
@option("--open", "opened", is_flag=True, section="Output", help="Open the site in a browser.")
@option(
    "--watch",
    is_flag=True,
    section="Output",
    help="Build the site again whenever a run changes, until ctrl-C. Open pages reload by themselves.",
)
@option(
    "--common-items",
    is_flag=True,
    section="Selection",
    help="Merge runs on different data too: compute every number on the items that all runs have.",
)
@run_data_options
def report_command(
    *,
    paths: tuple[Path, ...],
    out: Path,
    charts: Path | None,
    opened: bool,
    watch: bool,
    common_items: bool,
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> None:
    """Writes a static site about one or more runs, and prints the address of its first page.

    PATH is a run folder or its leaderboard.json. Without PATH, the site shows the newest run under results/.
    Several runs must be on the same items; with --common-items, the site shows the items that all runs have.
    The site needs no network and no server.
    """
    folders = paths or (newest_run(Path("results")),)

    def build(*, reloading: bool = False) -> Path:
        runs = [load_run(path) for path in folders]
        data = _data_of(runs, questions, articles, dataset, split)
        built = build_report(runs, data, common_items=common_items)
        for sentence in built.notes:
            note(sentence)
        if charts is not None:
            write_charts(built.charts_for_papers(), charts)
            note(f"charts: {charts}")
        files = reloading_pages(built.files) if reloading else built.files
        return write_site(files, out, about={"runs": [run.leaderboard.name for run in runs]})

    from qa_eval.report.report_files import build_report
    from qa_eval.report.site import reloading_pages, write_charts, write_site
    from qa_eval.runs.store import load_run

    page = build(reloading=watch)
    click.echo(f"report: {page.as_uri()}")
    if opened:
        import webbrowser

        if not webbrowser.open(page.as_uri()):
            note("no browser was found; open the page yourself")
    if watch:
        _keep_up(folders, build)


def pause() -> None:
    """Waits until the next look at the files of a run."""
    time.sleep(1.0)


def _keep_up(runs: Sequence[Path], build: Callable[..., Path]) -> None:
    """Builds the site whenever a run has changed, until ctrl-C; then once more, without reloading pages."""
    seen = _written(runs)
    note("watching the runs; press ctrl-C to stop")
    try:
        while True:
            pause()
            if (now := _written(runs)) == seen:
                continue
            seen = now
            try:
                build(reloading=True)
            except QaEvalError as error:  # a file that is being replaced, or a run that has no rows yet
                note(f"the site was not built: {str(error).splitlines()[0]}")
            else:
                note("built the site again")
    except KeyboardInterrupt:
        build()
        note("stopped watching")


def _written(runs: Sequence[Path]) -> list[int]:
    """The times at which the leaderboards of the runs were written; 0 for a file that is missing."""
    from qa_eval.runs.store import LEADERBOARD

    files = [path / LEADERBOARD if path.is_dir() else path for path in runs]
    return [file.stat().st_mtime_ns if file.exists() else 0 for file in files]


def _data_of(
    runs: list[Run],
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> Corpus | Dataset | None:
    """The questions and texts of the newest run. Items that all runs have come from the same texts."""
    newest = max(runs, key=lambda run: run.leaderboard.created_at)
    if is_public(newest, questions, articles, dataset):
        return dataset_of(newest, dataset, split)
    return corpus_of(newest, questions, articles)
