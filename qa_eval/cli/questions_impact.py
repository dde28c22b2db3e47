"""`qa-eval questions impact`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.command import Command, note, option
from qa_eval.cli.option_groups import data_options
from qa_eval.cli.run import DEFAULT_MODELS

if TYPE_CHECKING:
    from qa_eval.authoring.impact.impact_measures import Impact

EXAMPLES = (
    ("qa-eval questions impact main", "the effect of this branch and the working tree"),
    (
        'qa-eval questions impact "$BASE_SHA" --format markdown >> "$GITHUB_STEP_SUMMARY"',
        "in a workflow, with the history fetched",
    ),
)


@click.command(
    "impact",
    cls=Command,
    examples=EXAMPLES,
    short_help="Show what a change of the questions does to the scores.",
)
@click.argument("ref", metavar="BASE_REF")
@option(
    "-m", "--model", "models", multiple=True, metavar="SPEC", section="Models",
    help="Model to ask; may be repeated.  [default: embedded and all baselines]",
)  # fmt: skip
@data_options
@option(
    "--format", "form", type=click.Choice(["table", "markdown", "json"]), default="table", show_default=True,
    section="Output",
    help="Markdown suits a comment on a pull request. JSON holds everything, with scores as fractions.",
)  # fmt: skip
@click.pass_context
def impact_command(
    ctx: click.Context,
    *,
    ref: str,
    models: tuple[str, ...],
    questions: tuple[Path, ...],
    articles: Path | None,
    form: str,
) -> None:
    """Shows which questions were added, edited or removed since BASE_REF, and how that changes the scores.

    For each new or edited fact, the command shows the models' answers in every article, whether the fact
    separates the models, and whether a heuristic already answers it. For each score, it shows the change with
    an interval. BASE_REF is a branch, tag or commit; the comparison is with the last commit in common with
    it. Exit code 1: a model failed.
    """
    from qa_eval.authoring.impact.impact_measures import find_changes, measure_impact
    from qa_eval.authoring.impact.past_sets import read_past
    from qa_eval.cli.printing import announce_corpus
    from qa_eval.data.corpus import load_corpus
    from qa_eval.data.locations import curated_paths
    from qa_eval.evaluation.run import evaluate
    from qa_eval.runs.options import RunOptions
    from qa_eval.text.progress import TerminalProgress

    if not questions or articles is None:
        curated = curated_paths()
        questions, articles = questions or (curated.questions,), articles or curated.articles
    past = read_past(ref, questions, articles)
    corpus = load_corpus(questions, articles)
    announce_corpus(corpus)
    note(f"compared with {ref} at {past.commit[:12]}")
    found = find_changes(past, corpus)
    if found.changed:
        runs = [
            evaluate(
                models or DEFAULT_MODELS,
                corpus=one,
                options=RunOptions(references=False),
                progress=TerminalProgress(),
            )
            for one in (past.corpus, corpus)
            if one is not None
        ]
        found = measure_impact(found, corpus, runs[0] if len(runs) > 1 else None, runs[-1])
    _print(found, form)
    if found.failed:
        ctx.exit(1)


def _print(found: Impact, form: str) -> None:
    from qa_eval.authoring.impact.impact_formats import (
        draw_impact,
        render_impact_json,
        render_impact_markdown,
    )
    from qa_eval.text.terminal import terminal_width, write_lines

    if form == "json":
        click.echo(render_impact_json(found), nl=False)
    elif form == "markdown":
        click.echo(render_impact_markdown(found), nl=False)
    else:
        write_lines(sys.stdout, draw_impact(found, min(terminal_width(sys.stdout), 120)))
