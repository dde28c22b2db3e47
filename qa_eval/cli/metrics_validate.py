"""`qa-eval metrics validate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
    ("qa-eval metrics validate labels.jsonl --by fold", "the reader on each fifth of the questions"),
)
_WIDEST = 120


@click.command(
    "validate", cls=Command, examples=EXAMPLES, short_help="Agreement of scorers with people's labels."
)
@click.argument("labels", type=PATH, metavar="LABELS.jsonl")
@option("--mistakes", is_flag=True, section="Output", help="Also list the answers that were read otherwise.")
@option(
    "--by",
    type=click.Choice(["part", "fold"]),
    section="Output",
    help="The reader alone, on each part of the file (key `part`) or on each fifth of the questions.",
)
@option("--json", "as_json", is_flag=True, section="Output", help="Everything, for programs.")
@option(
    "--resamples", type=click.IntRange(min=1), default=9999, show_default=True, metavar="N", section="Output",
    help="Draws of the bootstrap behind the intervals.",
)  # fmt: skip
def validate_command(
    *, labels: Path, mistakes: bool, by: Literal["part", "fold"] | None, as_json: bool, resamples: int
) -> None:
    """Compares what scorers say of answers in words with what people say.

    LABELS is a file of JSON lines. A line is an answer with `question`, `claims` (each with `id` and
    `wordings`), `answer` and `asserted`, the ids of the claims that a person reads in it; it may have `fact`,
    `answer_type`, `verdict`, `abstains` and `acknowledges_disagreement`. Lines of WikiContradict's human
    labels
    are read as they are. Intervals are clustered by question.
    """
    from qa_eval.authoring.agreement.labelled_answers import read_labelled_answers
    from qa_eval.authoring.agreement.scorer_agreement import agreements, groups
    from qa_eval.text.terminal import terminal_width, write_lines

    read = read_labelled_answers(labels)
    if by is not None:
        grouped = {
            name: agreements(answers, resamples=resamples, reader_only=True)
            for name, answers in groups(read.answers, by).items()
        }
    found = [] if by is not None else agreements(read.answers, resamples=resamples)
    if as_json:
        click.echo(_as_json(read, found, grouped if by is not None else None), nl=False)
        return
    width = min(terminal_width(sys.stdout), _WIDEST)
    tables = _tables(read, found, width) if by is None else _by_group(read, by, grouped, width)
    write_lines(sys.stdout, [*tables, *(_mistakes(read, width) if mistakes else ())])


def _as_json(
    read: LabelledAnswers,
    found: Sequence[TaskAgreement],
    grouped: Mapping[str, Sequence[TaskAgreement]] | None,
) -> str:
    from dataclasses import asdict

    from qa_eval.files.hashes import canonical_json
    from qa_eval.text.terminal import safe_json

    value: dict[str, Any] = {
        "schema_version": 1,
        "labels": read.path,
        "answers": len(read.answers),
        "left_out": dict(read.counts),
    }
    if grouped is None:
        value["agreements"] = [{**asdict(one), "f1": one.f1} for one in found]
    else:
        value["groups"] = {
            name: [{**asdict(one), "f1": one.f1} for one in ones] for name, ones in grouped.items()
        }
    return safe_json(canonical_json(value, indent=1)) + "\n"


def _by_group(
    read: LabelledAnswers, by: str, grouped: Mapping[str, Sequence[TaskAgreement]], width: int
) -> Iterator[Text]:
    from rich.text import Text

    from qa_eval.text.grid import draw_grid
    from qa_eval.text.phrases import count

    yield Text(f"{read.path}: {count(len(read.answers), 'labelled answer')}")
    tasks = list(dict.fromkeys(one.task for ones in grouped.values() for one in ones))
    for task in tasks:
        named = [(name, one) for name, ones in grouped.items() for one in ones if one.task == task]
        positive, kappas = any(one.positive for _, one in named), any(one.kappa for _, one in named)
        head = [by, "answers", "questions", "agrees"]
        head += ["precision", "recall"] if positive else []
        head += ["kappa"] if kappas else []
        rows = []
        for name, one in named:
            row = [name, str(one.n), str(one.clusters), _percent(one.accuracy)]
            row += [_percent(one.precision), _percent(one.recall)] if positive else []
            row += [_plain(one.kappa)] if kappas else []
            rows.append(row)
        yield Text()
        yield Text(f"{task}: {named[0][1].scorer}", "bold")
        yield from draw_grid(head, rows, width)
    yield Text()
    yield Text("percent, with 95 % intervals clustered by question; kappa is Cohen's", "dim")


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
