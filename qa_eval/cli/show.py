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
from qa_eval.cli.option_groups import run_data_options
from qa_eval.text.phrases import count

if TYPE_CHECKING:
    from qa_eval.data.claim_sets import ClaimSet
    from qa_eval.data.dataset import PublicDataset
    from qa_eval.data.passage_facts import PassageFact
    from qa_eval.records import Example


@click.command("show", cls=Command, short_help="Show single items, or the failures, of a run.", examples=(
    ("qa-eval show results/baseline recaptured-city", "every item of one fact, with every model's answer"),
    ("qa-eval show results/baseline 'is-fighters-killed@The Atlas Times' --rules", "and the rules used"),
    ("qa-eval show results/baseline --failures -m embedded | less -R", "the embedded model's mistakes"),
))  # fmt: skip
@click.argument("run", type=PATH)
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@option(
    "--failures",
    is_flag=True,
    section="Selection",
    help="Show every item with a wrong answer, in place of ITEM.",
)
@option(
    "-m",
    "--model",
    "models",
    multiple=True,
    metavar="SPEC",
    section="Selection",
    help="Show only the answers of this model; may be repeated.  [default: all models]",
)
@option("--rules", is_flag=True, section="Output", help="Also show the rule behind each verdict.")
@run_data_options
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
    """Shows items with their answers, and why each answer is right or wrong.

    Each item has its question, its passage with «gold» and ⟦answer⟧, the verdict with its reason, and the
    next best answers. ITEM is FACT@ARTICLE, FACT~N@ARTICLE for paraphrase N, FACT@* for the pooled track, or
    FACT for all items of a fact. ARTICLE is an article's id or its short name. In a run on a public data set,
    ITEM is a question's id.
    """
    from qa_eval.data.article_labels import article_labels
    from qa_eval.data.claim_sets import ClaimSet
    from qa_eval.runs.schema import NOTHING_SCORED
    from qa_eval.runs.shown_items import Drawing, choose_failures, choose_items, draw_example, draw_item
    from qa_eval.runs.store import choose_rows, load_run
    from qa_eval.text.terminal import terminal_width, write_lines

    if bool(items) == failures:
        raise click.UsageError(
            "Give the items to show, or --failures."
            if not items
            else "Give the items to show or --failures, not both."
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
        opened = dataset_of(stored, dataset, split)
        if isinstance(opened, ClaimSet):
            facts = _facts_of(opened, {item.item.fact for item in shown})
            for item in shown:
                fact = facts.get(item.item.fact)
                lines = (
                    draw_example(item, None, drawing)
                    if fact is None
                    else draw_item(item, fact.corpus, drawing)
                )
                write_lines(sys.stdout, lines)
        else:
            examples = _examples_of(opened, {str(item.item) for item in shown})
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
        wrong = sum(len(s.answers) for s in shown)
        note(f"{wrong:,} of {count(asked, 'answer')} {'is' if asked == 1 else 'are'} wrong")


def _facts_of(dataset: ClaimSet, facts: set[str]) -> dict[str, PassageFact]:
    return {fact.question.id: fact for fact in dataset if fact.question.id in facts}


def _examples_of(dataset: PublicDataset | None, items: set[str]) -> dict[str, Example]:
    return {} if dataset is None else {item: e for e in dataset if (item := str(e.item)) in items}
