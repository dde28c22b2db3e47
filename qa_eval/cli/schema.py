"""`qa-eval schema`."""

from __future__ import annotations

from typing import Any

import click

from qa_eval.cli.command import Command

SCHEMAS = ("questions", "articles", "claims", "leaderboard", "predictions")


@click.command("schema", cls=Command, short_help="Print the JSON Schema of a file format.")
@click.argument("name", type=click.Choice(SCHEMAS), metavar="NAME")
def schema_command(*, name: str) -> None:
    """Prints the JSON Schema of leaderboard.json, or of one line of another format.

    NAME is questions, articles, claims, leaderboard or predictions.
    """
    from qa_eval.files.hashes import canonical_json

    click.echo(canonical_json(published_schema(name), indent=2))


def published_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one of `SCHEMAS`. Raises KeyError for any other name."""
    from qa_eval.data.claims_schema import claims_schema
    from qa_eval.data.corpus_schema import articles_schema, questions_schema
    from qa_eval.runs.schema import leaderboard_schema, prediction_schema

    schemas = {
        "questions": questions_schema,
        "articles": articles_schema,
        "claims": claims_schema,
        "leaderboard": leaderboard_schema,
        "predictions": prediction_schema,
    }
    return schemas[name]()
