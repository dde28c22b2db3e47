"""`qa-eval schema`."""

from __future__ import annotations

import click

from qa_eval.cli.command import Command

SCHEMAS = ("questions", "articles", "claims", "leaderboard", "predictions")


@click.command("schema", cls=Command, short_help="The JSON Schema of a file format.")
@click.argument("name", type=click.Choice(SCHEMAS), metavar="NAME")
def schema_command(*, name: str) -> None:
    """Prints the JSON Schema of leaderboard.json, or of one line of the other formats.

    NAME is questions, articles, claims, leaderboard or predictions.
    """
    from qa_eval.files.hashes import canonical_json

    if name == "claims":
        from qa_eval.data.claims_schema import claims_schema

        schema = claims_schema()
    elif name in ("questions", "articles"):
        from qa_eval.data.corpus_schema import articles_schema, questions_schema

        schema = questions_schema() if name == "questions" else articles_schema()
    else:
        from qa_eval.runs.schema import leaderboard_schema, prediction_schema

        schema = leaderboard_schema() if name == "leaderboard" else prediction_schema()
    click.echo(canonical_json(schema, indent=2))
