"""`qa-eval init`."""

from __future__ import annotations

from pathlib import Path

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, note, option

EXAMPLES = (
    ("qa-eval init flood", "with two example articles and a question about them, for you to replace"),
    (
        "qa-eval init flood --article bbc.txt --article dpa.txt",
        "with your own articles, and without questions",
    ),
)


@click.command("init", cls=Command, examples=EXAMPLES, short_help="Start a collection about another event.")
@click.argument("folder", type=PATH, metavar="DIR")
@option(
    "--article", "articles", type=PATH, multiple=True, metavar="FILE",
    help="Text file to copy as an article, in UTF-8; may be repeated. Its name becomes the article's id.  "
    "[default: two examples]",
)  # fmt: skip
@option(
    "--install-from", metavar="REQUIREMENT",
    help="Requirement with which pip installs qa-eval in the workflow: qa-eval @ "
    "git+https://HOST/ORG/REPO@COMMIT or qa-eval==VERSION.  [default: the source of this installation, or "
    "this checkout's remote and commit]",
)  # fmt: skip
def init_command(*, folder: Path, articles: tuple[Path, ...], install_from: str | None) -> None:
    """Makes a collection of your own: articles with their hashes, questions, a workflow and a README.

    DIR must be new or empty. Every command then works on the collection with --questions and --articles.
    """
    from qa_eval.authoring.new_collection.collection import make_collection, next_steps
    from qa_eval.files.installation import is_pushed, requirement
    from qa_eval.text.terminal import clean

    source = install_from or requirement()
    for path in make_collection(folder, articles, install_from=source):
        click.echo(clean(str(folder / path)))
    if source is None:
        note(
            "the workflow does not know where to install qa-eval from: set the variable QA_EVAL of the "
            "repository on GitHub, or run init with --install-from"
        )
    else:
        note(f"the workflow installs: {source}")
        if install_from is None and not is_pushed():
            note("warning: no remote branch has that commit yet; push it before the workflow runs")
    for step in next_steps(folder, example=not articles):
        note(f"next: {step}")
