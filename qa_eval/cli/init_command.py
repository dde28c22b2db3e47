"""`qa-eval init`."""

from __future__ import annotations

from pathlib import Path

import click

from qa_eval.cli.arguments import PATH
from qa_eval.cli.commanding import Command, note, option

EXAMPLES = (
    ("qa-eval init flood", "two example articles with a question about them, to be replaced"),
    ("qa-eval init flood --article bbc.txt --article dpa.txt", "your own articles, without questions yet"),
)


@click.command("init", cls=Command, examples=EXAMPLES, short_help="A new collection about another event.")
@click.argument("folder", type=PATH, metavar="DIR")
@option(
    "--article", "articles", type=PATH, multiple=True, metavar="FILE",
    help="A text file to copy in, UTF-8, named for its id; may be repeated.  [default: two examples]",
)  # fmt: skip
def init_command(*, folder: Path, articles: tuple[Path, ...]) -> None:
    """Makes a collection of your own: articles with their hashes, questions, a workflow, a README.

    DIR must be new or empty. Every command then works on it with --questions and --articles.
    """
    from qa_eval.collection import make_collection, next_steps
    from qa_eval.render import clean

    for path in make_collection(folder, articles):
        click.echo(clean(str(folder / path)))
    for step in next_steps(folder, example=not articles):
        note(f"next: {step}")
