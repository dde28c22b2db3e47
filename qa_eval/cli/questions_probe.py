"""`qa-eval questions probe`: asks a model a question in each article, before the question is written."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, note, option
from qa_eval.cli.option_groups import given_options, run_flags
from qa_eval.records import ANSWER_TYPES, AnswerType

if TYPE_CHECKING:
    from qa_eval.authoring.probe import Probe

_ASKED_FOR = 20
"""Smallest number of spans to ask of the model. Many of them belong to one claim."""


@click.command(
    "probe",
    cls=Command,
    examples=[
        ('qa-eval questions probe "How many soldiers died?"', "ask the embedded model in each article"),
        (
            'qa-eval questions probe "Who led them?" -m hf:ORG/NAME --n-best 5',
            "ask another model, and show more of its answers",
        ),
    ],
    short_help="Ask a model in each article, and draft a question.",
)
@run_flags("trust_remote_code", "convert_weights")
@run_flags("max_length", "doc_stride", "max_answer_tokens", "threshold")
@run_flags("device", "dtype", "batch_tokens", "deterministic")
@click.argument("question")
@option(
    "-m", "--model", "spec", default="embedded", show_default=True, metavar="SPEC", section="Models",
    help="Model to ask.",
)  # fmt: skip
@option(
    "--articles",
    type=PATH,
    metavar="DIR",
    section="Data",
    help="Folder of the articles.  [default: the curated articles]",
)
@option(
    "--type",
    "kind",
    type=click.Choice(ANSWER_TYPES),
    section="Question",
    help="Type of the answer.  [default: the type that the question asks for, else text]",
)
@option("--category", default="drafts", show_default=True, section="Question", help="Category of the draft.")
@option(
    "--n-best", type=click.IntRange(min=1), default=3, show_default=True, metavar="K", section="Output",
    help="Number of different claims shown for each article.",
)  # fmt: skip
@option(
    "--scope", multiple=True, metavar="NAME", section="Question",
    help="Ask only this article, or the articles of this topic; may be repeated.  [default: all articles]",
)  # fmt: skip
@option("--json", "as_json", is_flag=True, section="Output", help="Print everything as JSON.")
@click.pass_context
def probe_command(
    ctx: click.Context,
    /,
    *,
    question: str,
    spec: str,
    articles: Path | None,
    kind: AnswerType | None,
    category: str,
    n_best: int,
    scope: tuple[str, ...],
    as_json: bool,
    **_: object,
) -> None:
    """Asks a model QUESTION in each article, and groups its best answers into draft claims.

    Answers that match each other make one claim. The table shows where sources may disagree: for each
    article, it has the model's answer and the next best claims. The line below the table is a draft question
    that holds the answers, for a person to complete.
    """
    from qa_eval.authoring.canonical_lines import canonical_line
    from qa_eval.authoring.drafts import chosen_scope
    from qa_eval.authoring.probe import probe_question
    from qa_eval.authoring.question_files import data_paths, read_set
    from qa_eval.matching.answer_types import asked_type
    from qa_eval.models.declarations import undeclared_sentence
    from qa_eval.models.registry import resolve
    from qa_eval.text.terminal import safe_json

    if not question.strip():
        raise click.UsageError("the question is empty")
    options = given_options(ctx)
    if isinstance(options.threshold, str):
        raise click.UsageError(
            "--threshold cross-fit needs right answers, which only a run has; give a number."
        )
    kind = kind or asked_type(question) or "text"
    folder = read_set([], data_paths(None, articles)[1])[1]
    asked_of, inside = chosen_scope(scope, folder.articles)
    decoding = replace(options.decoding, n_best=max(_ASKED_FOR, n_best))
    model = resolve(spec, decoding, options.runtime)
    if (sentence := undeclared_sentence([model.info])) is not None:
        note(sentence)
    probe = probe_question(
        question, kind, category, inside, model, n_best=n_best, threshold=options.threshold, scope=asked_of
    )
    line = canonical_line(probe.draft) if probe.draft is not None else None
    if as_json:
        whole = {
            "schema_version": 1,
            "question": question,
            "answer_type": kind,
            "model": spec,
            "articles": _rows(probe),
            "draft": json.loads(line) if line is not None else None,
        }
        click.echo(safe_json(json.dumps(whole, ensure_ascii=False, indent=2, sort_keys=True)))
        return
    _print_table(probe)
    if line is None:
        note(f"{spec} answers in no article, so there is no draft")
        return
    click.echo(f"\n{line}")
    note("this is a draft: read the articles, then complete it by hand or with `qa-eval questions new`")
    if probe.draft is not None and probe.draft.contested:
        claims = ", ".join(claim.id for claim in probe.draft.claims)
        note(f"claims: {claims}; if the sources disagree, add a relation; if not, join the claims")


def _rows(probe: Probe) -> list[dict[str, Any]]:
    return [
        {
            "article": reply.article,
            "answer": reply.answer.text,
            "claim": reply.claim,
            "start": reply.answer.candidate.start if reply.answer.candidate is not None else None,
            "confidence": reply.answer.confidence,
            "error": reply.answer.error,
            "others": [
                {"text": o.text, "claim": o.claim, "start": o.start, "probability": o.probability}
                for o in reply.others
            ],
        }
        for reply in probe.replies
    ]


def _print_table(probe: Probe) -> None:
    """Prints a row for each article's answer and for each of its next best claims."""
    from rich.console import Console
    from rich.table import Table

    from qa_eval.text.phrases import shorten
    from qa_eval.text.terminal import clean, terminal_width

    table = Table("article", "claim", "answer", "confidence", box=None, pad_edge=False)

    def add(first: str, claim: str, said: str, probability: float | None, style: str = "") -> None:
        sure = f"{probability:.2f}" if probability is not None else "-"
        table.add_row(clean(first), clean(shorten(claim, 20)), clean(shorten(said)), sure, style=style)

    for reply in probe.replies:
        said = reply.answer.error or reply.answer.text or "(no answer)"
        add(reply.article, reply.claim or "-", said, reply.answer.confidence)
        for other in reply.others:
            add("  or", other.claim, other.text, other.probability, style="dim")
    Console(file=sys.stdout, width=terminal_width(sys.stdout), markup=False, highlight=False).print(table)
