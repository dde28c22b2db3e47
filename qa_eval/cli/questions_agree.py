"""`qa-eval questions agree`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, option

EXAMPLES = (
    ("qa-eval questions agree anna.jsonl ben.jsonl", "two people's answers to the same questions"),
    ("qa-eval questions agree anna.jsonl ben.jsonl --json | jq .alpha.value", "one number from the JSON"),
)


@click.command(
    "agree", cls=Command, examples=EXAMPLES, short_help="Measure how far two people's answers agree."
)
@click.argument("a", type=PATH, metavar="A.jsonl")
@click.argument("b", type=PATH, metavar="B.jsonl")
@option(
    "--articles",
    type=PATH,
    metavar="DIR",
    section="Data",
    help="Folder of the articles.  [default: the curated articles]",
)
@option("--json", "as_json", is_flag=True, section="Output", help="Print everything as JSON.")
def agree_command(*, a: Path, b: Path, articles: Path | None, as_json: bool) -> None:
    """Compares two people's answers to the same questions over the same articles.

    A and B are files or folders of questions, and each must be valid alone. Facts are matched by id, else by
    the words of their question. For each article, the command compares the claim, or the silence, that each
    person found. `partial` counts as missing. Claims are matched by their answers, not by their ids.
    """
    from qa_eval.authoring.agreement.agreement_formats import draw_agreement, render_agreement_json
    from qa_eval.authoring.agreement.annotations import compare_annotations
    from qa_eval.data.corpus import load_corpus
    from qa_eval.text.terminal import terminal_width, write_lines

    sets = [load_corpus([path], articles) for path in (a, b)]
    found = compare_annotations(*sets)
    if as_json:
        click.echo(render_agreement_json(found), nl=False)
        return
    names = (sets[0].questions_path, sets[1].questions_path)
    write_lines(sys.stdout, draw_agreement(found, names, min(terminal_width(sys.stdout), 120)))
