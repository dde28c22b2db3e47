"""The command line, called inside the process of the test."""

from __future__ import annotations

from click.testing import CliRunner, Result

from qa_eval.cli import cli


def call(*words: object, given: str | None = None, columns: int | None = None) -> Result:
    """What `qa-eval WORDS...` does: its exit code and what it prints.

    `given` is its standard input. `columns` is the width of its terminal; None for that of the environment.
    """
    environment = {"COLUMNS": str(columns)} if columns else {}
    return CliRunner().invoke(cli, [*map(str, words)], input=given, env=environment, prog_name="qa-eval")


def done(*words: object, columns: int | None = None) -> Result:
    """`call`, of which the exit code must be 0."""
    result = call(*words, columns=columns)
    assert result.exit_code == 0, result.output
    return result
