"""`qa-eval export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, note, option
from qa_eval.cli.option_groups import data_options_of
from qa_eval.errors import QaEvalError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qa_eval.data.dataset import Dataset
    from qa_eval.data.passage_facts import PassageFact
    from qa_eval.export.outputs import Export
    from qa_eval.records import Corpus
    from qa_eval.runs.store import Run

QUESTION_SET = "dataset"
CLAIMS = "claims"
OF_QUESTIONS = (QUESTION_SET, CLAIMS)
"""Formats of questions, not of a run."""
FORMATS = (
    "model-index",
    "eval-results",
    "every-eval-ever",
    "lm-eval",
    "squad-predictions",
    "squad-na-probs",
    "parquet",
    "csv",
    QUESTION_SET,
    CLAIMS,
)
UNPRINTABLE = ("parquet", QUESTION_SET)
RELATIONSHIPS = ("first_party", "third_party", "collaborative", "other")

EXAMPLES = (
    ("qa-eval export results/first --format model-index -m embedded", "results for a model card"),
    ("qa-eval export results/first --format csv --out answers.csv", "every answer of every model"),
    ("qa-eval export --format dataset --out questions-for-others", "the curated questions"),
    ("qa-eval export --format claims --out palmyra.claims.jsonl", "the same, each with its passages"),
)


@click.command(
    "export",
    cls=Command,
    examples=EXAMPLES,
    short_help="Export results, or the questions, in a format of another tool.",
)
@click.argument("run", type=PATH, required=False)
@option(
    "--format", "form", type=click.Choice(FORMATS), required=True, section="Output",
    help="Format to write; see the list above.",
)  # fmt: skip
@option(
    "--out", type=PATH, metavar="PATH", section="Output",
    help="File or folder to write.  [default: print on stdout, if the format is text]",
)  # fmt: skip
@option("--overwrite", is_flag=True, section="Output", help="Replace files that exist.")
@option(
    "-m", "--model", "models", multiple=True, metavar="SPEC", section="Selection",
    help="Model to export; may be repeated for csv and parquet.  [default: all models if the format holds "
    "several, else the only one]",
)  # fmt: skip
@option(
    "--paraphrases", is_flag=True, section="Selection",
    help="With --format dataset: also write the paraphrases of each question.",
)  # fmt: skip
@data_options_of(
    "those of the run; without RUN, the curated ones", "those of the run; without RUN, the curated ones"
)
@option(
    "--dataset", metavar="SPEC", section="Data",
    help="Data set of the run, if it has moved; with --format claims, the facts to export.  [default: where "
    "it was during the run]",
)  # fmt: skip
@option(
    "--dataset-id", metavar="ORG/NAME", section="Publishing",
    help="Name of the data set on the hub.  [default: the name in the run's hub: spec]",
)  # fmt: skip
@option(
    "--organization", default="unknown", show_default=True, metavar="NAME", section="Publishing",
    help="Organization that publishes the results, for every-eval-ever.",
)  # fmt: skip
@option(
    "--relationship", type=click.Choice(RELATIONSHIPS), default="other", show_default=True,
    section="Publishing", help="Relationship of that organization to the model, for every-eval-ever.",
)  # fmt: skip
def export_command(
    *,
    run: Path | None,
    form: str,
    out: Path | None,
    overwrite: bool,
    models: tuple[str, ...],
    paraphrases: bool,
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    dataset_id: str | None,
    organization: str,
    relationship: str,
) -> None:
    """Writes a stored run in the format of another tool, or the questions as a data set.

    \b
    model-index        results for the metadata of a model card
    eval-results       .eval_results/*.yaml for a model's repository
    every-eval-ever    a record with intervals, and one line for each answer
    lm-eval            results and samples in the layout of lm-evaluation-harness
    squad-predictions  {id: text}, for the official scripts
    squad-na-probs     {id: probability}, for their --na-prob-file
    parquet, csv       every answer with its scores, for one or more models
    dataset            the questions as SQuAD 2.0 JSON and Parquet, with a card; takes no RUN
    claims             the questions, or those of --dataset, as facts with their own passages; takes no RUN

    RUN is a run folder or its leaderboard.json.
    """  # noqa: D301 - \b tells click not to wrap these lines
    from qa_eval.export.formats import export_run
    from qa_eval.export.outputs import write_export
    from qa_eval.export.question_set import export_questions

    if (run is None) != (form in OF_QUESTIONS):
        raise click.UsageError(
            f"--format {form} exports the questions, not a run; leave RUN out."
            if run is not None
            else f"Give the RUN to export, or --format {' or '.join(OF_QUESTIONS)}."
        )
    strangers: dict[str, object] = {"-m": models, "--dataset-id": dataset_id}
    strangers |= {"--paraphrases": paraphrases} if form == CLAIMS else {"--dataset": dataset}
    if dataset is not None and run is None and (questions or articles is not None):
        raise click.UsageError("--questions and --articles: not with --dataset.")
    unused: dict[str, object] = {"--paraphrases": paraphrases} if run is not None else strangers
    if given := [flag for flag, value in unused.items() if value]:
        raise click.UsageError(f"{', '.join(given)}: cannot be used with --format {form}.")
    if out is None and form in UNPRINTABLE:
        raise click.UsageError(f"--format {form} cannot be printed; name a file or folder with --out.")
    if form == CLAIMS:
        from qa_eval.export.claims_file import export_claims

        facts, name = _facts(questions, articles, dataset)
        export = export_claims(facts, name, packed=out is not None and out.suffix == ".gz")
    elif run is None:
        from qa_eval.data.corpus import load_corpus

        corpus = load_corpus(questions or None, articles)
        curated = not questions and articles is None
        export = export_questions(corpus, curated=curated, paraphrases=paraphrases)
    else:
        from qa_eval.runs.schema import NOTHING_SCORED
        from qa_eval.runs.store import load_run

        stored = load_run(run)
        export = export_run(
            stored,
            form,
            models=models,
            texts=_texts(stored, form, questions, articles, dataset),
            dataset_id=dataset_id,
            organization=organization,
            relationship=relationship,
        )
        if not stored.leaderboard.scored:
            note(NOTHING_SCORED)
    for sentence in export.notes:
        note(sentence)
    if out is None:
        _print(export, form)
        return
    for path in write_export(export, out, overwrite=overwrite):
        note(f"wrote {path}")


def _facts(
    questions: tuple[Path, ...], articles: Path | None, dataset: str | None
) -> tuple[Iterable[PassageFact], str]:
    """The facts to export, and what they are called."""
    from qa_eval.data.corpus import load_corpus
    from qa_eval.data.dataset import open_facts
    from qa_eval.export.claims_file import corpus_facts

    if dataset is None:
        return corpus_facts(load_corpus(questions or None, articles)), "questions"
    opened = open_facts(dataset, otherwise=", and cannot be written as facts with claims")
    opened.check()
    return opened, opened.name


def _texts(
    run: Run, form: str, questions: tuple[Path, ...], articles: Path | None, dataset: str | None
) -> Corpus | Dataset | None:
    """The questions and texts of the run; None if the format does not hold them."""
    from qa_eval.export.formats import FORMATS as RUN_FORMATS
    from qa_eval.runs.data_kinds import data_kind
    from qa_eval.runs.sources import find_corpus

    if not RUN_FORMATS[form].texts:
        return None
    if data_kind(run.leaderboard.data).is_spec:
        from qa_eval.evaluation.verification import reopened

        data = run.leaderboard.data
        if dataset is not None:
            return reopened(run, dataset, data.split if dataset.startswith(("hub:", "qacc:")) else None)
        if data.dataset is None:
            raise QaEvalError("this run does not record its data set; name it with --dataset")
        return reopened(run)
    return find_corpus(run, questions, articles)


def _print(export: Export, form: str) -> None:
    from qa_eval.text.terminal import clean_lines

    text = export.outputs[0].data
    assert isinstance(text, str)
    if form == "csv" and sys.stdout.isatty():
        text = "\n".join(clean_lines(text))
    click.echo(text, nl=False)
    for output in export.outputs[1:]:
        note(f"not printed: {output.name} (--out writes it)")
