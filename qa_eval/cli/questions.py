"""`qa-eval questions`: the group, and its commands `check` and `stats`."""

from __future__ import annotations

from pathlib import Path

import click

from qa_eval.cli.command import CommandGroup, note, option
from qa_eval.cli.option_groups import data_options, dataset_options
from qa_eval.cli.questions_agree import agree_command
from qa_eval.cli.questions_impact import impact_command
from qa_eval.cli.questions_new import new_command
from qa_eval.cli.questions_probe import probe_command
from qa_eval.text.phrases import count


@click.group("questions", cls=CommandGroup, short_help="Check, count, write and compare questions.")
def questions_group() -> None:
    """Checks, counts, writes and compares questions."""


@questions_group.command("check", short_help="Run every check on a question set.")
@data_options
@option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "json"]),
    default="text",
    show_default=True,
    section="Output",
    help="Text for people, annotations for a GitHub workflow, or JSON for programs.",
)
@option(
    "--fix",
    is_flag=True,
    section="Output",
    help="First rewrite the files in canonical form: order keys, sort evidence, and correct the offset of "
    "each text that occurs only once.",
)
@dataset_options
@click.pass_context
def check_command(
    ctx: click.Context,
    *,
    questions: tuple[Path, ...],
    articles: Path | None,
    form: str,
    fix: bool,
    dataset: str | None,
    split: str | None,
) -> None:
    """Runs every check on questions and articles, and prints each finding with its file and line.

    With --dataset, the command checks a file of facts with their own passages, and reports what is left out
    and why.

    Exit code 1: there is an error. Warnings alone do not fail.
    """
    if dataset is not None:
        from qa_eval.authoring.claims_check import run_claims_check

        if questions or articles is not None or fix:
            raise click.UsageError("--questions, --articles and --fix: not with --dataset.")
        lines, failed = run_claims_check(dataset, split, form)
        for line in lines:
            click.echo(line)
        ctx.exit(1 if failed() else 0)
    from qa_eval.authoring.check import run_check
    from qa_eval.authoring.question_files import fix_questions

    for done in fix_questions(questions or None, articles) if fix else ():
        note(f"{done.path}: canonical form written, {count(len(done.lines), 'line')} changed")
    text, code = run_check(questions or None, articles, form)
    click.echo(text)
    ctx.exit(code)


@questions_group.command("stats", short_help="Count facts, contested facts, relations and items.")
@data_options
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    section="Output",
    help="Text for people, or JSON for programs.",
)
def stats_command(*, questions: tuple[Path, ...], articles: Path | None, form: str) -> None:
    """Counts the facts, contested facts, relations and items of a question set."""
    from qa_eval.authoring.check import run_stats

    click.echo(run_stats(questions or None, articles, form))


for _command in (new_command, probe_command, impact_command, agree_command):
    questions_group.add_command(_command)
