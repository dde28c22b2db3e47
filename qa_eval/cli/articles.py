"""`qa-eval articles`: the group, and its command `add`."""

from __future__ import annotations

from pathlib import Path

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import CommandGroup, note, option


@click.group("articles", cls=CommandGroup, short_help="Add articles to a collection.")
def articles_group() -> None:
    """Adds articles to a collection."""


@articles_group.command("add", short_help="Copy texts into a collection.")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@option("--articles", type=PATH, metavar="DIR", required=True, section="Data", help="Folder of the articles.")
@option("--label", metavar="TEXT", section="Article", help="Short name that tables and reports show.")
@option(
    "--topic",
    metavar="TEXT",
    section="Article",
    help="Name of a group of articles. The scope of a question may name it.",
)
@option("--title", metavar="TEXT", section="Article", help="Headline.")
@option("--publisher", metavar="TEXT", section="Article", help="Who published it.")
@option("--byline", metavar="TEXT", section="Article", help="Who wrote it.")
@option("--published", metavar="TEXT", section="Article", help="When it was published.")
@option("--notes", metavar="TEXT", section="Article", help="Remarks for people.")
def add_command(*, files: tuple[Path, ...], articles: Path, **about: str | None) -> None:
    """Copies UTF-8 texts into a collection, and adds each to its manifest with its hash.

    The name of a file without .txt becomes the article's id. Every question without a scope is now asked of
    this article too. `qa-eval questions check` lists the questions that do not yet say what it answers.
    """
    from qa_eval.authoring.article_files import add_articles
    from qa_eval.text.terminal import clean

    for id in add_articles(files, articles, {name: text for name, text in about.items() if text is not None}):
        click.echo(clean(f"{articles / id}.txt"))
    note("next: qa-eval questions check lists the questions that do not yet say what the article answers")
