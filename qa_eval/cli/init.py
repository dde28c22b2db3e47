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
    ("qa-eval init flood --from label-studio:export.json", "with annotations that you already have"),
)

MOST_LISTED = 50
"""Files that are listed."""


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
@option(
    "--from", "source_spec", metavar="KIND:FILE",
    help="Start from annotations: squad:FILE, label-studio:FILE or doccano:FILE, or from facts with their "
    "own passages: claims:FILE, ramdocs:FILE, qacc:FILE or wikicontradict:FILE.",
)  # fmt: skip
def init_command(
    *, folder: Path, articles: tuple[Path, ...], install_from: str | None, source_spec: str | None
) -> None:
    """Makes a collection of your own: articles with their hashes, questions, a workflow and a README.

    DIR must be new or empty. Every command then works on the collection with --questions and --articles.
    --from leaves open what the annotations do not say, such as why sources differ. `qa-eval questions check`
    lists it.
    """
    from qa_eval.authoring.new_collection.collection import make_collection, next_steps
    from qa_eval.files.installation import is_pushed, requirement
    from qa_eval.text.terminal import clean

    source = install_from or requirement()
    imported = None
    if source_spec is not None:
        from qa_eval.authoring.new_collection.imports import read_import

        if articles:
            raise click.UsageError("--article: cannot be used with --from, which has its own articles.")
        imported = read_import(source_spec)
        for sentence in imported.notes:
            note(sentence)
    written = make_collection(folder, articles, imported=imported, install_from=source)
    for path in written[:MOST_LISTED]:
        click.echo(clean(str(folder / path)))
    if len(written) > MOST_LISTED:
        click.echo(f"and {len(written) - MOST_LISTED:,} more")
    if source is None:
        note(
            "the workflow does not know where to install qa-eval from: set the variable QA_EVAL of the "
            "repository on GitHub, or run init with --install-from"
        )
    else:
        note(f"the workflow installs: {source}")
        if install_from is None and not is_pushed():
            note("warning: no remote branch has that commit yet; push it before the workflow runs")
    for step in next_steps(folder, example=not articles, questions=imported is not None):
        note(f"next: {step}")
