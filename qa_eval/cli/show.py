"""`qa-eval show`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.asked_data import corpus_of, dataset_of, is_public
from qa_eval.cli.command import Command, note, option
from qa_eval.cli.option_groups import data_options, dataset_options

if TYPE_CHECKING:
    from qa_eval.records import Example
    from qa_eval.runs.store import Run


@click.command("show", cls=Command, short_help="Read single items, or the failures, of a run.", examples=(
    ("qa-eval show results/baseline recaptured-city", "every item of one fact, with every model's answer"),
    ("qa-eval show results/baseline 'is-fighters-killed@The Atlas Times' --rules", "and the rule behind"),
    ("qa-eval show results/baseline --failures -m embedded | less -R", "what the embedded model got wrong"),
))  # fmt: skip
@click.argument("run", type=PATH)
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@option("--failures", is_flag=True, section="Selection", help="Every item that was answered wrong.")
@option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="SPEC",
    section="Selection",
    help="Only this model's answers; may be repeated.",
)
@option("--rules", is_flag=True, section="Output", help="Also the rule behind each verdict.")
@data_options
@dataset_options
def show_command(
    *,
    run: Path,
    items: tuple[str, ...],
    failures: bool,
    models: tuple[str, ...],
    rules: bool,
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    split: str | None,
) -> None:
    """Shows items as they are scored: the question, the passage with «gold» and ⟦answer⟧, why the answer is
    right or wrong, and the next best answers.

    ITEM is FACT@ARTICLE, FACT~N@ARTICLE for paraphrase N, FACT@* for the pooled track, or a FACT for all of
    its items; of a public data set, a question's id. ARTICLE is an article's id or its short name.
    """
    from qa_eval.data.article_labels import article_labels
    from qa_eval.runs.schema import NOTHING_SCORED
    from qa_eval.runs.show import Drawing, choose_failures, choose_items, draw_example, draw_item
    from qa_eval.runs.store import choose_rows, load_run
    from qa_eval.text.terminal import terminal_width, write_lines

    if bool(items) == failures:
        raise click.UsageError(
            "Give the items to show, or --failures." if not items else "Items or --failures, not both."
        )
    stored = load_run(run)
    rows = choose_rows(stored, models)
    if failures and not stored.leaderboard.scored:
        note(f"{run}: {NOTHING_SCORED}; name the items to show")
        return
    shown = choose_failures(stored, rows) if failures else choose_items(stored, rows, items)
    labels = stored.leaderboard.data.article_labels
    drawing = Drawing(width=min(terminal_width(sys.stdout), 120), labels=labels, rules=rules)
    if is_public(stored, questions, articles, dataset):
        examples = _examples_of(stored, {str(item.item) for item in shown}, dataset, split)
        for item in shown:
            write_lines(sys.stdout, draw_example(item, examples.get(str(item.item)), drawing))
    else:
        corpus = corpus_of(stored, questions, articles)
        if corpus is not None:
            drawing = replace(drawing, labels={**labels, **article_labels(corpus.articles)})
        for item in shown:
            lines = draw_example(item, None, drawing) if corpus is None else draw_item(item, corpus, drawing)
            write_lines(sys.stdout, lines)
    if failures:
        asked = sum(row.predictions.rows for row in rows if row.predictions is not None)
        note(f"{sum(len(s.answers) for s in shown)} of {asked} answers are wrong")


def _examples_of(run: Run, items: set[str], spec: str | None, split: str | None) -> dict[str, Example]:
    dataset = dataset_of(run, spec, split)
    return {} if dataset is None else {item: e for e in dataset if (item := str(e.item)) in items}
