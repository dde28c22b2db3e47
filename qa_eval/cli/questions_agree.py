"""`qa-eval questions agree`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, option

EXAMPLES = (
    ("qa-eval questions agree anna.jsonl ben.jsonl", "two people's answers to the same questions"),
    ("qa-eval questions agree anna.jsonl ben.jsonl --json | jq .alpha.value", "for programs"),
)


@click.command("agree", cls=Command, examples=EXAMPLES, short_help="How far two people's answers agree.")
@click.argument("a", type=PATH, metavar="A.jsonl")
@click.argument("b", type=PATH, metavar="B.jsonl")
@option(
    "--articles",
    type=PATH,
    metavar="DIR",
    section="Data",
    help="The folder of the articles.  [default: the curated ones]",
)
@option("--json", "as_json", is_flag=True, section="Output", help="Everything, for programs.")
def agree_command(*, a: Path, b: Path, articles: Path | None, as_json: bool) -> None:
    """Compares two people's answers to the same questions over the same articles.

    A and B are question files (or folders of them) in the question format, each valid by itself. Facts are
    matched by id, else by the words of their question; what is compared is the claim, or the silence, that
    each found in each article. `partial` counts as missing. Claims need not bear the same ids: they are
    matched by what they say.
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
