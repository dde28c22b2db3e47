"""Commands on stored runs: `leaderboard`, `show`, `verify`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, data_options, dataset_options, note, option
from qa_eval.errors import CheckFailedError, InputError, QaEvalError

if TYPE_CHECKING:
    from qa_eval.cli.printing import Format
    from qa_eval.data.dataset import PublicDataset
    from qa_eval.records import Corpus, Example, Track
    from qa_eval.runs.store import Run


@click.command("leaderboard", cls=Command, short_help="Show stored runs as a table, Markdown, CSV or JSON.")
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@option(
    "--track",
    type=click.Choice(["reading", "pooled"]),
    section="Selection",
    help="Only this track.  [default: the headline columns]",
)
@option(
    "--slice",
    "slice_",
    metavar="S",
    section="Selection",
    help="Only these items: settled, contested, silent, relation:R, category:C or article:A.",
)
@option(
    "--sort",
    metavar="METRIC",
    section="Selection",
    help="Order by this metric.  [default: what the run was ranked by]",
)
@option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    show_default=True,
    section="Output",
    help="CSV and JSON hold fractions and every metric.",
)
@option(
    "--common-items",
    is_flag=True,
    section="Selection",
    help="Runs of other data too: computed anew on the items that all of them asked.",
)
@option("--history", metavar="SPEC", section="Selection", help="One model over the runs, oldest first.")
def leaderboard_command(
    *,
    paths: tuple[Path, ...],
    track: Track | None,
    slice_: str | None,
    sort: str | None,
    form: Format,
    common_items: bool,
    history: str | None,
) -> None:
    """Shows runs again. PATH is a run folder or its leaderboard.json, or a folder of runs; without one: the
    newest under results/.

    Several runs of the same items become one table: one row for each signature, the newest, ranked together.
    Runs of a folder that cannot stand in one table are listed.
    """
    from qa_eval.cli.printing import print_history, print_leaderboard, print_run_list
    from qa_eval.runs.leaderboard.merged_runs import MixtureError, merge_runs
    from qa_eval.runs.leaderboard.run_list import list_runs
    from qa_eval.runs.leaderboard.views import Selection

    if history is not None and (track or slice_ or common_items):
        raise click.UsageError("--history takes --sort and --format, and no other selection.")
    if not paths:
        paths = (Path("results") if history is not None else newest_run(Path("results")),)
    # Slices are most of a file, and reading them most of the time that a thousand files take.
    runs = _load_runs(paths, slices=slice_ is not None or form == "json")
    if history is not None:
        print_history([run.leaderboard for run in runs], history, sort, form)
        return
    selection = Selection(track=track, slice=slice_, sort=sort)
    if len(runs) == 1 and not common_items:
        print_leaderboard(runs[0].leaderboard, form, selection)
        return
    may_be_listed = selection == Selection() and not common_items and any(map(_holds_runs, paths))
    try:
        shown = merge_runs(runs, common_items=common_items)
    except (MixtureError, InputError) as error:
        if not may_be_listed:
            raise
        why = "they did not ask the same" if isinstance(error, MixtureError) else str(error)
        note(f"{len(runs)} runs, not in one table: {why}; name those to merge, or see --common-items")
        print_run_list(list_runs(runs), form)
        return
    print_leaderboard(shown, form, selection)


def _holds_runs(path: Path) -> bool:
    """Whether a path is a folder that may hold runs, and is none."""
    from qa_eval.runs.store import LEADERBOARD

    return path.is_dir() and not (path / LEADERBOARD).exists()


def _load_runs(paths: Sequence[Path], *, slices: bool) -> list[Run]:
    """The runs that the paths name; of a folder of runs all, but for broken ones, which are named."""
    from qa_eval.runs.store import load_run, run_folders

    runs: dict[Path, Run] = {}
    chosen = [(run, path) for path in paths for run in (run_folders(path) if _holds_runs(path) else [path])]
    for run, path in chosen:
        try:
            runs.setdefault(run, load_run(run, slices=slices or len(chosen) == 1))
        except InputError as error:
            if run == path:
                raise
            note(f"warning: left out: {str(error).splitlines()[0]}")
    for path in paths:
        if not any(run.is_relative_to(path) for run in runs):
            broken = (
                "none of the runs here can be read" if any(p == path for _, p in chosen) else "no run here"
            )
            raise QaEvalError(f"{path}: {broken}; name a run folder, or make one with `qa-eval run`")
    return list(runs.values())


def newest_run(folder: Path) -> Path:
    """The run folder whose leaderboard was written last, said aloud."""
    from qa_eval.runs.store import LEADERBOARD, run_folders

    written = sorted(((path / LEADERBOARD).stat().st_mtime, path) for path in run_folders(folder))
    if not written:
        raise QaEvalError(f"{folder}: no run folder here; name one, or make one with `qa-eval run`")
    path = written[-1][1]
    note(f"run: {path} (the newest of {len(written)})" if len(written) > 1 else f"run: {path}")
    return path


@click.command("show", cls=Command, short_help="Read single items, or the failures, of a run.", examples=(
    ("qa-eval show results/baseline recaptured-city", "every item of one fact, with every model's answer"),
    ("qa-eval show results/baseline --failures -m embedded | less -R", "what the embedded model got wrong"),
))  # fmt: skip
@click.argument("run", type=PATH)
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@option("--failures", is_flag=True, section="Selection", help="Every item that was answered wrong.")
@option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="SPEC",
    section="Selection",
    help="Only this model's answers; may be repeated.",
)
@data_options
@dataset_options
def show_command(
    *,
    run: Path,
    items: tuple[str, ...],
    failures: bool,
    models: tuple[str, ...],
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> None:
    """Shows items as they are scored: question, passage with «gold» and ⟦answer⟧, the best answers, and the
    rule that credited or refused the first one.

    ITEM is FACT@ARTICLE, FACT~N@ARTICLE for paraphrase N, FACT@* for the pooled track, or a FACT for all of
    its items; of a public data set, a question's id.
    """
    from qa_eval.runs.schema import NOTHING_SCORED
    from qa_eval.runs.show import choose_failures, choose_items, draw_example, draw_item
    from qa_eval.runs.store import choose_rows, load_run
    from qa_eval.text.terminal import terminal_width, write_lines

    if bool(items) == failures:
        raise click.UsageError(
            "Give the items to show, or --failures." if not items else "Items or --failures, not both."
        )
    stored = load_run(run)
    rows = choose_rows(stored, models)
    if failures and not stored.leaderboard.scored:
        note(f"{run}: {NOTHING_SCORED}; name the items to show")
        return
    shown = choose_failures(stored, rows) if failures else choose_items(stored, rows, items)
    width = min(terminal_width(sys.stdout), 120)
    if is_public(stored, questions, articles, dataset):
        examples = _examples_of(stored, {str(item.item) for item in shown}, dataset, split)
        for item in shown:
            write_lines(sys.stdout, draw_example(item, examples.get(str(item.item)), width))
    else:
        corpus = corpus_of(stored, questions, articles)
        for item in shown:
            lines = draw_example(item, None, width) if corpus is None else draw_item(item, corpus, width)
            write_lines(sys.stdout, lines)
    if failures:
        asked = sum(row.predictions.rows for row in rows if row.predictions is not None)
        note(f"{sum(len(s.answers) for s in shown)} of {asked} answers are wrong")


def corpus_of(run: Run, questions: tuple[Path, ...], articles: Path | None) -> Corpus | None:
    """The corpus to read a run with; says so where it is not the one of the run.

    None where none is named and that of the run is not at hand: not recorded, not there, or changed since.
    """
    from qa_eval.runs.sources import find_corpus, is_asked_by

    named = bool(questions) or articles is not None
    try:
        corpus = find_corpus(run, questions, articles)
    except QaEvalError as error:
        if named or run.leaderboard.data.kind != "files":
            raise
        first = str(error).splitlines()[0]
        broken = "its questions have changed since this run: " if isinstance(error, InputError) else ""
        note(f"warning: {broken}{first}; {_STORED_ONLY}")
        return None
    if is_asked_by(run, corpus):
        return corpus
    if named or run.leaderboard.data.kind != "files":
        note(f"warning: {_read(corpus)} are not what this run asked (see --questions, --articles)")
        return corpus
    note(f"warning: {_read(corpus)} have changed since this run; {_STORED_ONLY}")
    return None


def _read(corpus: Corpus) -> str:
    """What a corpus was read from, for a sentence."""
    return f"{corpus.questions_path} and {corpus.articles_path}"


_STORED_ONLY = "only what the run itself holds is shown"


def is_public(run: Run, questions: tuple[Path, ...], articles: Path | None, dataset: str | None) -> bool:
    """Whether it is a run of a public data set. Raises UsageError for flags of the other kind of run."""
    public = run.leaderboard.data.kind == "public"
    if public and (questions or articles is not None):
        flags = (
            "--questions and --articles"
            if questions and articles
            else "--questions"
            if questions
            else "--articles"
        )
        raise click.UsageError(f"{flags}: this run is of a public data set; name it with --dataset.")
    if dataset is not None and not public:
        raise click.UsageError("--dataset: this run is of questions about articles, not of a data set.")
    return public


def dataset_of(run: Run, spec: str | None, split: str | None) -> PublicDataset | None:
    """The data set to read a run with: the one given, else the one it names; says so if that is not there."""
    from qa_eval.evaluation.verification import recorded_dataset, reopened

    if spec is not None:
        return reopened(run, spec, split)
    found = recorded_dataset(run)
    if found is None:
        note(f"warning: {run.leaderboard.data.dataset} is not there (see --dataset)")
    return found


def _examples_of(run: Run, items: set[str], spec: str | None, split: str | None) -> dict[str, Example]:
    dataset = dataset_of(run, spec, split)
    return {} if dataset is None else {item: e for e in dataset if (item := str(e.item)) in items}


@click.command(
    "verify", cls=Command, short_help="Score stored answers again; every number must come out again."
)
@click.argument("run", type=PATH)
@data_options
@dataset_options
def verify_command(
    *,
    run: Path,
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> None:
    """Scores the stored answers of a run again, without the models. Exit code 1 if any number differs.

    A run of a public data set holds its golds. It is checked to be of that data set if this is where it was,
    or is given with --dataset.
    """
    from qa_eval.evaluation.verification import verify
    from qa_eval.runs.schema import NOTHING_SCORED
    from qa_eval.runs.sources import find_corpus, is_asked_by
    from qa_eval.runs.store import load_run

    stored = load_run(run)
    if is_public(stored, questions, articles, dataset):
        opened = dataset_of(stored, dataset, split)
        differences = verify(run, dataset=opened)
        checked = "" if opened is not None else "; what was asked was not compared"
    else:
        corpus = find_corpus(stored, questions, articles)
        differences = verify(run, corpus)
        checked = ""
        if not is_asked_by(stored, corpus):
            note(f"warning: {_read(corpus)} are not what this run asked (see --questions, --articles)")
    if differences:
        from qa_eval.text.terminal import clean

        for difference in differences:
            click.echo(clean(difference))
        number = len(differences)
        raise CheckFailedError(f"{run}: {number} difference{'s' if number > 1 else ''}")
    if not stored.leaderboard.scored:
        checked += f"; {NOTHING_SCORED}"
    click.echo(f"{run}: every number came out again{checked}")
