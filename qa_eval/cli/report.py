"""`qa-eval report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.asked_data import corpus_of, dataset_of, is_public
from qa_eval.cli.command import Command, note, option
from qa_eval.cli.leaderboard import newest_run
from qa_eval.cli.option_groups import data_options, dataset_options

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset
    from qa_eval.records import Corpus
    from qa_eval.runs.store import Run


@click.command("report", cls=Command, short_help="Write stored runs as a site to look at.", examples=(
    ("qa-eval report results/baseline --out report", "then open report/index.html"),
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
    from qa_eval.report.report_files import build_report
    from qa_eval.report.site import write_charts, write_site
    from qa_eval.runs.store import load_run
    from qa_eval.text.terminal import clean

    runs = [load_run(path) for path in paths or (newest_run(Path("results")),)]
    data = _data_of(runs, questions, articles, dataset, split)
    built = build_report(runs, data, common_items=common_items)
    for sentence in built.notes:
        note(sentence)
    if charts is not None:
        write_charts(built.charts_for_papers(), charts)
        note(f"charts: {charts}")
    page = write_site(built.files, out, about={"runs": [run.leaderboard.name for run in runs]})
    click.echo(f"report: {clean(str(page))}")


def _data_of(
    runs: list[Run],
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> Corpus | Dataset | None:
    """The texts that were read: those of the newest run. Items that all runs asked are of the same texts."""
    newest = max(runs, key=lambda run: run.leaderboard.created_at)
    if is_public(newest, questions, articles, dataset):
        return dataset_of(newest, dataset, split)
    return corpus_of(newest, questions, articles)
