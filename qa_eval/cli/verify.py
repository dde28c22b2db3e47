"""`qa-eval verify`."""

from __future__ import annotations

from pathlib import Path

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.asked_data import dataset_of, is_public, read_from
from qa_eval.cli.command import Command, note
from qa_eval.cli.option_groups import run_data_options
from qa_eval.errors import CheckFailedError


@click.command("verify", cls=Command, short_help="Score stored answers again, and compare every number.")
@click.argument("run", type=PATH)
@run_data_options
def verify_command(
    *,
    run: Path,
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> None:
    """Scores the stored answers of a run again, without the models, and compares every number.

    A run on a public data set holds its own golds. If the data set is still where it was, or is given with
    --dataset, the command also compares the questions and golds with it. Exit code 1: something differs.
    """
    from qa_eval.evaluation.verification import verify
    from qa_eval.runs.schema import NOTHING_SCORED
    from qa_eval.runs.sources import find_corpus, is_asked_by
    from qa_eval.runs.store import load_run

    stored = load_run(run)
    if is_public(stored, questions, articles, dataset):
        opened = dataset_of(stored, dataset, split)
        differences = verify(run, dataset=opened)
        checked = "" if opened is not None else "; the data set was not compared"
    else:
        corpus = find_corpus(stored, questions, articles)
        differences = verify(run, corpus)
        checked = ""
        if not is_asked_by(stored, corpus):
            note(f"warning: this run used other data than {read_from(corpus)} (see --questions, --articles)")
    if differences:
        from qa_eval.text.terminal import clean

        for difference in differences:
            click.echo(clean(difference))
        number = len(differences)
        raise CheckFailedError(f"{run}: {number} difference{'s' if number > 1 else ''}")
    if not stored.leaderboard.scored:
        checked += f"; {NOTHING_SCORED}"
    if stored.is_alone:
        click.echo(
            f"{run}: the data, the references and the checksums are the same; the answers are not stored "
            f"with this leaderboard, so the models' numbers cannot be checked{checked}"
        )
        return
    click.echo(f"{run}: every number is the same{checked}")
