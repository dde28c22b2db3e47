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
from qa_eval.cli.option_groups import data_options, dataset_options
from qa_eval.errors import QaEvalError

if TYPE_CHECKING:
    from qa_eval.data.dataset import PublicDataset
    from qa_eval.records import Corpus
    from qa_eval.runs.store import Run


@click.command("report", cls=Command, short_help="Write stored runs as a site to look at.", examples=(
    ("qa-eval report results/baseline --out report --open", "and look at it in a browser"),
    ("qa-eval report results/baseline --out report --watch", "built anew while the run goes on"),
    ("qa-eval report results/old results/new --out report", "with differences and history"),
))  # fmt: skip
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@option(
    "--out",
    type=PATH,
    required=True,
    metavar="DIR",
    section="Output",
    help="The folder of the site: new, empty, or an earlier report, which is replaced.",
)
@option(
    "--charts",
    type=PATH,
    metavar="DIR",
    section="Output",
    help="Also write every chart there as SVG, PDF and PNG.",
)
@option("--open", "opened", is_flag=True, section="Output", help="Show the site in a browser.")
@option(
    "--watch",
    is_flag=True,
    section="Output",
    help="Build the site anew whenever a run has changed, until ctrl-C; its pages reload by themselves.",
)
@option(
    "--common-items",
    is_flag=True,
    section="Selection",
    help="Take runs of other data too, and compute every number on the items that all of them asked.",
)
@data_options
@dataset_options
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
    """Writes a static site of one or more runs, and prints the page to open.

    PATH is a run folder or its leaderboard.json; without one: the newest under results/. Several runs must
    have asked the same, or be shown on what they have in common (--common-items). The site needs no network
    and no server.
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
            note("no browser was found; open the page above")
    if watch:
        _keep_up(folders, build)


def pause() -> None:
    """The time between two looks at the files of a run."""
    time.sleep(1.0)


def _keep_up(runs: Sequence[Path], build: Callable[..., Path]) -> None:
    """Builds the site whenever a run has changed, until ctrl-C; then once more, without reloading."""
    seen = _written(runs)
    note("watching; ctrl-C ends it")
    try:
        while True:
            pause()
            if (now := _written(runs)) == seen:
                continue
            seen = now
            try:
                build(reloading=True)
            except QaEvalError as error:  # a file that is being replaced, or a run that has no rows yet
                note(f"not built: {str(error).splitlines()[0]}")
            else:
                note("built anew")
    except KeyboardInterrupt:
        build()
        note("no longer watched")


def _written(runs: Sequence[Path]) -> list[int]:
    """When the leaderboards of the runs were written; 0 for one that is not there now."""
    from qa_eval.runs.store import LEADERBOARD

    files = [path / LEADERBOARD if path.is_dir() else path for path in runs]
    return [file.stat().st_mtime_ns if file.exists() else 0 for file in files]


def _data_of(
    runs: list[Run],
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> Corpus | PublicDataset | None:
    """The texts that were read: those of the newest run. Items that all runs asked are of the same texts."""
    newest = max(runs, key=lambda run: run.leaderboard.created_at)
    if is_public(newest, questions, articles, dataset):
        return dataset_of(newest, dataset, split)
    return corpus_of(newest, questions, articles)
