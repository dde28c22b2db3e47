"""`qa-eval questions probe`: what a model answers in each article, before a question is written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from qa_eval.cli.commanding import Command, note, option
from qa_eval.records import ANSWER_TYPES, AnswerType


@click.command("probe", cls=Command, short_help="What a model answers in each article, as a draft.")
@click.argument("question")
@option(
    "-m", "--model", "spec", default="embedded", show_default=True, section="Models", help="Who is asked."
)
@option(
    "--articles",
    type=click.Path(path_type=Path),
    metavar="DIR",
    section="Data",
    help="The folder of the articles.  [default: the curated ones]",
)
@option(
    "--type",
    "kind",
    type=click.Choice(ANSWER_TYPES),
    section="Question",
    help="What answers it.  [default: what its words ask for, else text]",
)
@option("--category", default="drafts", show_default=True, section="Question", help="Of the draft line.")
@option("--json", "as_json", is_flag=True, section="Output", help="Everything as JSON.")
def probe_command(
    *, question: str, spec: str, articles: Path | None, kind: AnswerType | None, category: str, as_json: bool
) -> None:
    """Asks a model QUESTION in each article and groups its answers into draft claims.

    The table shows where sources may disagree; the line below it is a draft that a person completes.
    """
    from rich.console import Console
    from rich.table import Table

    from qa_eval.metrics.asked import asked_type
    from qa_eval.models import resolve
    from qa_eval.questions.files import data_paths, read_set
    from qa_eval.questions.fixing import canonical_line
    from qa_eval.questions.probing import probe_question
    from qa_eval.render import clean, safe_json, terminal_width

    if not question.strip():
        raise click.UsageError("the question is empty")
    kind = kind or asked_type(question) or "text"
    _, folder = read_set([], data_paths(None, articles)[1])
    probe = probe_question(question, kind, category, folder.articles, resolve(spec))
    line = canonical_line(probe.draft) if probe.draft is not None else None
    rows = [
        {
            "article": r.article,
            "answer": r.answer.text,
            "claim": probe.draft.claims[r.group].id if probe.draft and r.group is not None else None,
            "start": r.answer.candidate.start if r.answer.candidate is not None else None,
            "confidence": r.answer.confidence,
            "error": r.answer.error,
        }
        for r in probe.replies
    ]
    if as_json:
        whole = {
            "schema_version": 1,
            "question": question,
            "answer_type": kind,
            "model": spec,
            "articles": rows,
            "draft": json.loads(line) if line is not None else None,
        }
        click.echo(safe_json(json.dumps(whole, ensure_ascii=False, indent=2, sort_keys=True)))
        return
    table = Table("article", "claim", "answer", "confidence", box=None, pad_edge=False)
    for row in rows:
        sure = row["confidence"]
        table.add_row(
            clean(str(row["article"])),
            clean(str(row["claim"] or "-")),
            clean(str(row["error"] or row["answer"] or "(no answer)")),
            f"{sure:.2f}" if isinstance(sure, float) else "-",
        )
    Console(file=sys.stdout, width=terminal_width(sys.stdout), markup=False, highlight=False).print(table)
    if line is None:
        note(f"{spec} answers in no article; there is nothing to draft")
        return
    click.echo(f"\n{line}")
    note("a draft: read the articles, then complete it with `qa-eval questions new` or by hand")
    if probe.draft is not None and probe.draft.contested:
        note(f"{len(probe.claims)} claims: if the sources do disagree, write a relation; else join them")
