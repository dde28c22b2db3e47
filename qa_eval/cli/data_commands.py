"""Commands that ask no model: `questions`, `models`, `schema`, `cache`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qa_eval.cli.command import Command, CommandGroup, checkpoint_options, data_options, note, option

SCHEMAS = ("questions", "articles", "leaderboard", "predictions")


# ------------------------------------------------------------------------------------------ questions


@click.group("questions", cls=CommandGroup, short_help="Check a question set; count what it holds.")
def questions_group() -> None:
    """Checks a question set, or counts what it holds."""


@questions_group.command("check", short_help="Every check; exit code 1 on errors.")
@data_options
@option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "json"]),
    default="text",
    show_default=True,
    section="Output",
    help="For people, for annotations of a workflow, or for programs.",
)
@option(
    "--fix",
    is_flag=True,
    section="Output",
    help="First write the canonical form: order of keys, sorted evidence, offsets of unique texts.",
)
@click.pass_context
def check_command(
    ctx: click.Context, *, questions: tuple[Path, ...], articles: Path | None, form: str, fix: bool
) -> None:
    """Runs every check on questions and articles and tells all findings, each with file and line.

    Exit code 1 if there is an error; a warning alone does not fail.
    """
    from qa_eval.authoring.check import run_check
    from qa_eval.authoring.question_files import fix_questions

    for done in fix_questions(questions or None, articles) if fix else ():
        note(f"{done.path}: canonical form written, {len(done.lines)} lines changed")
    text, code = run_check(questions or None, articles, form)
    click.echo(text)
    ctx.exit(code)


@questions_group.command("stats", short_help="How many facts, contested ones, relations, items.")
@data_options
@option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    section="Output",
    help="For people or for programs.",
)
def stats_command(*, questions: tuple[Path, ...], articles: Path | None, form: str) -> None:
    """Counts what a question set holds."""
    from qa_eval.authoring.check import run_stats

    click.echo(run_stats(questions or None, articles, form))


# ------------------------------------------------------------------------------------------ models, schema


@click.command("models", cls=Command, short_help="The kinds of model, and what a spec resolves to.")
@click.argument("spec", required=False)
@checkpoint_options
def models_command(*, spec: str | None, trust_remote_code: bool, convert_weights: bool) -> None:
    """Lists the kinds of model; with SPEC, tells what that one resolves to, without loading weights."""
    from rich.text import Text

    from qa_eval.models.declarations import abstention, undeclared_sentence
    from qa_eval.models.registry import kinds, resolve
    from qa_eval.records import Decoding, Runtime
    from qa_eval.text.passages import wrap_text
    from qa_eval.text.terminal import clean, terminal_width, write_lines

    if spec is None:
        lines = []
        for kind in kinds().values():
            lines.append(Text(clean(kind.example), "bold"))
            lines += wrap_text(Text(clean(kind.summary)), terminal_width(sys.stdout), "    ")
        write_lines(sys.stdout, lines)
        return
    runtime = Runtime(trust_remote_code=trust_remote_code, convert_weights=convert_weights)
    model = resolve(spec, Decoding(), runtime)
    info = model.info
    fields = {
        "spec": info.spec,
        "kind": info.kind,
        "name": info.name,
        "revision": info.revision,
        "parameters": f"{info.parameters:,}" if info.parameters is not None else None,
        "weights sha256": info.weights_sha256,
        "fingerprint": info.fingerprint or "none: its answers are not cached",
        "no answer": undeclared_sentence([info]) or abstention(info),
        "tokenizer": info.tokenizer_note,
        "backend": info.backend,
        "license": info.license,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    write_lines(
        sys.stdout,
        [Text.assemble((f"{name:<15}", "dim"), clean(str(value))) for name, value in known.items()],
    )


@click.command("schema", cls=Command, short_help="The JSON Schema of a file format.")
@click.argument("name", type=click.Choice(SCHEMAS))
def schema_command(*, name: str) -> None:
    """Prints the JSON Schema of leaderboard.json, or of one line of the questions, articles, predictions."""
    from qa_eval.files.hashes import canonical_json

    if name in ("questions", "articles"):
        from qa_eval.data.corpus_schema import articles_schema, questions_schema

        schema = questions_schema() if name == "questions" else articles_schema()
    else:
        from qa_eval.runs.schema import leaderboard_schema, prediction_schema

        schema = leaderboard_schema() if name == "leaderboard" else prediction_schema()
    click.echo(canonical_json(schema, indent=2))


# ------------------------------------------------------------------------------------------ cache


@click.group("cache", cls=CommandGroup, short_help="Answers that are kept between runs.")
def cache_group() -> None:
    """Answers are kept by content, so that nothing is asked twice; `QA_EVAL_CACHE` moves the folder."""


@cache_group.command("info", short_help="Where the cache lies and what it holds.")
def cache_info_command() -> None:
    """Tells where the cache lies and how many answers of which models it holds."""
    from qa_eval.evaluation.cache import cache_info
    from qa_eval.text.figures import size_text
    from qa_eval.text.terminal import clean

    info = cache_info()
    click.echo(f"{clean(str(info.path))}: {_answers(info.entries)}, {size_text(info.bytes)}")
    for model, (entries, size) in info.models.items():
        click.echo(f"{entries:>9}  {size_text(size):>9}  {clean(model)}")
    if info.made:
        made = f"{info.made:>9}  {size_text(info.made_bytes):>9}"
        click.echo(f"{made}  ONNX graphs, converted weights and notes on checkpoints")


@cache_group.command("clear", short_help="Forget all that is kept.")
def cache_clear_command() -> None:
    """Forgets all kept answers, ONNX graphs, converted weights and notes on checkpoints.

    Runs on disk stay as they are.
    """
    from qa_eval.evaluation.cache import clear_cache
    from qa_eval.text.figures import size_text
    from qa_eval.text.terminal import clean

    info = clear_cache()
    click.echo(f"{clean(str(info.path))}: forgot {_answers(info.entries)}, {size_text(info.bytes)}")


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"
