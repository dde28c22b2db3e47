"""`qa-eval metrics validate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import PATH
from qa_eval.cli.command import Command, option

if TYPE_CHECKING:
    from rich.text import Text

    from qa_eval.authoring.agreement.labelled_answers import LabelledAnswers
    from qa_eval.authoring.agreement.scorer_agreement import TaskAgreement
    from qa_eval.records import Estimate

EXAMPLES = (
    ("qa-eval metrics validate labels.jsonl", "how far the scorers of answers agree with your labels"),
    ("qa-eval metrics validate labels.jsonl --mistakes", "every answer that was read in another way"),
)
_WIDEST = 120


@click.command(
    "validate", cls=Command, examples=EXAMPLES, short_help="Agreement of scorers with people's labels."
)
@click.argument("labels", type=PATH, metavar="LABELS.jsonl")
@option("--mistakes", is_flag=True, section="Output", help="Also list the answers that were read otherwise.")
@option("--json", "as_json", is_flag=True, section="Output", help="Everything, for programs.")
@option(
    "--resamples", type=click.IntRange(min=1), default=9999, show_default=True, metavar="N", section="Output",
    help="Draws of the bootstrap behind the intervals.",
)  # fmt: skip
def validate_command(*, labels: Path, mistakes: bool, as_json: bool, resamples: int) -> None:
    """Compares what scorers say of answers in words with what people say.

    LABELS is a file of JSON lines. A line is an answer with `question`, `claims` (each with `id` and
    `wordings`), `answer` and `asserted`, the ids of the claims that a person reads in it; it may have `fact`,
    `answer_type`, `verdict`, `abstains` and `acknowledges_disagreement`. Lines of WikiContradict's human
    labels
    are read as they are. Intervals are clustered by question.
    """
    from qa_eval.authoring.agreement.labelled_answers import read_labelled_answers
    from qa_eval.authoring.agreement.scorer_agreement import agreements
    from qa_eval.text.terminal import terminal_width, write_lines

    read = read_labelled_answers(labels)
    found = agreements(read.answers, resamples=resamples)
    if as_json:
        click.echo(_as_json(read, found), nl=False)
        return
    width = min(terminal_width(sys.stdout), _WIDEST)
    write_lines(sys.stdout, [*_tables(read, found, width), *(_mistakes(read, width) if mistakes else ())])


def _as_json(read: LabelledAnswers, found: Sequence[TaskAgreement]) -> str:
    from dataclasses import asdict

    from qa_eval.files.hashes import canonical_json
    from qa_eval.text.terminal import safe_json

    value = {
        "schema_version": 1,
        "labels": read.path,
        "answers": len(read.answers),
        "left_out": dict(read.counts),
        "agreements": [{**asdict(one), "f1": one.f1} for one in found],
    }
    return safe_json(canonical_json(value, indent=1)) + "\n"


def _tables(read: LabelledAnswers, found: Sequence[TaskAgreement], width: int) -> Iterator[Text]:
    from rich.text import Text

    from qa_eval.text.grid import draw_grid
    from qa_eval.text.phrases import count

    left = "".join(f", {n} left out ({why})" for why, n in read.counts.items())
    yield Text(f"{read.path}: {count(len(read.answers), 'labelled answer')}{left}")
    for task in dict.fromkeys(one.task for one in found):
        ours = [one for one in found if one.task == task]
        first = ours[0]
        yield Text()
        yield Text(f"{task}: {count(first.n, 'answer')}, {count(first.clusters, 'question')}", "bold")
        head = ["scorer", "agrees"]
        head += ["precision", "recall"] if first.positive else []
        head += ["kappa"] if any(one.kappa for one in ours) else []
        rows = []
        for one in ours:
            row = [one.scorer, _percent(one.accuracy)]
            row += [_percent(one.precision), _percent(one.recall)] if first.positive else []
            row += [_plain(one.kappa)] if "kappa" in head else []
            rows.append(row)
        yield from draw_grid(head, rows, width)
        if task != "asserted claims":
            yield from _confusion(first, width)
    yield Text()
    yield Text("percent, with 95 % intervals clustered by question; kappa is Cohen's", "dim")


def _confusion(one: TaskAgreement, width: int) -> Iterator[Text]:
    from rich.text import Text

    from qa_eval.text.grid import draw_grid

    labels = list(dict.fromkeys([*one.confusion, *(said for row in one.confusion.values() for said in row)]))
    yield Text(f"people (lines) and {one.scorer} (columns):", "dim")
    rows = [
        (human, *(str(one.confusion[human].get(said, 0)) for said in labels))
        for human in labels
        if human in one.confusion
    ]
    yield from draw_grid(("", *labels), rows, width)


def _percent(estimate: Estimate | None) -> str:
    from qa_eval.text.figures import interval_text, percent

    if estimate is None:
        return "–"
    interval = interval_text(estimate.low, estimate.high)
    return percent(estimate.value) + (f" ({interval})" if interval else "")


def _plain(estimate: Estimate | None) -> str:
    if estimate is None:
        return "–"
    interval = (
        f" ({estimate.low:.2f} to {estimate.high:.2f})"
        if estimate.low is not None and estimate.high is not None
        else ""
    )
    return f"{estimate.value:.2f}{interval}"


def _mistakes(read: LabelledAnswers, width: int) -> Iterator[Text]:
    from rich.text import Text

    from qa_eval.authoring.agreement.scorer_agreement import mistakes
    from qa_eval.text.passages import wrap_text
    from qa_eval.text.terminal import clean

    yield Text()
    yield Text("read otherwise", "bold")
    for answer, reading, task, labels in mistakes(read.answers):
        yield from wrap_text(
            Text(clean(f"{task}: {labels}: {answer.question.question}")), width, "  ", "    "
        )
        yield from wrap_text(Text(clean(" ".join(answer.answer.split()))), width, "      ", "      ")
        said = ", ".join(f"{p.claim} ({p.rule})" for p in (*reading.asserted, *reading.rejected))
        if said:
            yield from wrap_text(Text(clean(f"read: {said}"), "dim"), width, "      ", "      ")
