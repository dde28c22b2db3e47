"""`qa-eval articles`: the group, and its command `add`."""

from __future__ import annotations

from pathlib import Path

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import CommandGroup, note, option


@click.group("articles", cls=CommandGroup, short_help="Add articles to a collection.")
def articles_group() -> None:
    """Adds articles to a collection."""


@articles_group.command("add", short_help="Copy texts in, each with its hash.")
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@option(
    "--articles", type=PATH, metavar="DIR", required=True, section="Data", help="The folder of the articles."
)
@option("--label", metavar="TEXT", section="Article", help="A short name for people.")
@option("--topic", metavar="TEXT", section="Article", help="A group of articles, for scopes of questions.")
@option("--title", metavar="TEXT", section="Article", help="The headline.")
@option("--publisher", metavar="TEXT", section="Article", help="Who published it.")
@option("--byline", metavar="TEXT", section="Article", help="Who wrote it.")
@option("--published", metavar="TEXT", section="Article", help="When it was published.")
@option("--notes", metavar="TEXT", section="Article", help="For people.")
def add_command(*, files: tuple[Path, ...], articles: Path, **about: str | None) -> None:
    """Copies UTF-8 texts into a collection and describes each in its manifest, with its hash.

    The name of a file without .txt is the article's id. Every question without a scope is asked of it too:
    `qa-eval questions check` then lists the questions that do not say yet what it answers.
    """
    from qa_eval.authoring.article_files import add_articles
    from qa_eval.text.terminal import clean

    for id in add_articles(files, articles, {name: text for name, text in about.items() if text is not None}):
        click.echo(clean(f"{articles / id}.txt"))
    note("next: qa-eval questions check lists the questions that do not say what it answers")
