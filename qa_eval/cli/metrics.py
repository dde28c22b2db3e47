"""`qa-eval metrics`: the group, and its commands `list` and `show`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from qa_eval.cli.command import CommandGroup
from qa_eval.cli.metrics_validate import validate_command
from qa_eval.errors import QaEvalError

if TYPE_CHECKING:
    from rich.text import Text

    from qa_eval.metrics.parts import Metric

_WIDEST, _FIELD = 100, 18
"""Widths, in columns, of the longest line and of the name of a field."""


class _MetricsGroup(CommandGroup):
    def hint(self, name: str) -> str:
        """The name of a metric leads to the command that explains it."""
        metric = _named(name)
        if metric is None:
            return super().hint(name)
        return f"{metric.label} is a metric: `qa-eval metrics show {metric.id}` explains it"


@click.group("metrics", cls=_MetricsGroup, short_help="Explain the metrics, with worked examples.")
def metrics_group() -> None:
    """Lists the metrics, or explains one of them with a worked example."""


@metrics_group.command(
    "list",
    short_help="List every metric with its meaning.",
    examples=(("qa-eval metrics list", "the metrics by topic"),),
)
def list_command() -> None:
    """Lists the metrics by topic, each with its name, id and meaning."""
    from rich.text import Text

    from qa_eval.metrics.catalog import METRICS
    from qa_eval.metrics.parts import FAMILIES
    from qa_eval.text.passages import wrap_text
    from qa_eval.text.terminal import terminal_width, write_lines

    width = min(terminal_width(sys.stdout), _WIDEST)
    lines: list[Text] = []
    for family, title in FAMILIES.items():
        lines.append(Text(title, "bold"))
        for metric in METRICS.values():
            if metric.family == family:
                arrow = "" if metric.higher_is_better else " ↓"
                name = Text.assemble((f"{metric.label}{arrow}", "cyan"), (f"  {metric.id}", "dim"))
                lines += [Text.assemble("  ", name), *wrap_text(Text(metric.meaning), width, " " * 6)]
        lines.append(Text())
    write_lines(
        sys.stdout, [*lines, Text("↓: lower is better; qa-eval metrics show NAME explains one metric", "dim")]
    )


@metrics_group.command(
    "show",
    short_help="Explain one metric, with a worked example.",
    examples=(
        ("qa-eval metrics show f1", "F1: its meaning, its formula, and the value of each item in an example"),
        ("qa-eval metrics show 'balanced F1'", "the same by a name that tables show"),
    ),
)
@click.argument("name")
def show_metric_command(*, name: str) -> None:
    """Explains one metric: its meaning, formula and edge cases, with a worked example on ten items.

    NAME is the metric's id or its name in tables, in small or capital letters.
    """
    from qa_eval.text.terminal import terminal_width, write_lines

    metric = _chosen(name)
    write_lines(sys.stdout, _explained(metric, min(terminal_width(sys.stdout), _WIDEST)))


def _named(name: str) -> Metric | None:
    """The metric with this id or name in tables; None if there is none."""
    from qa_eval.metrics.catalog import METRICS

    for metric in METRICS.values():
        if name.casefold() in (metric.id, metric.label.casefold(), metric.title.casefold()):
            return metric
    return None


def _chosen(name: str) -> Metric:
    from qa_eval.metrics.catalog import METRICS
    from qa_eval.text.phrases import choices

    if (metric := _named(name)) is not None:
        return metric
    raise QaEvalError(
        f"{name}: there is no such metric; {choices(name.casefold().replace('-', '_'), METRICS)}"
    )


def _explained(metric: Metric, width: int) -> Iterator[Text]:
    from rich.text import Text

    from qa_eval.metrics.guide import facts_of
    from qa_eval.text.passages import wrap_text

    yield Text.assemble((metric.title, "bold"), (f"  {metric.id}", "dim"))
    yield from wrap_text(Text(metric.meaning), width)
    yield Text()
    for field, text in facts_of(metric):
        first, *rest = wrap_text(Text(text), width - _FIELD)
        yield Text.assemble((field.ljust(_FIELD), "dim"), first)
        yield from (Text.assemble(" " * _FIELD, line) for line in rest)
    yield Text()
    yield from _worked(metric, width)


def _worked(metric: Metric, width: int) -> Iterator[Text]:
    from rich.text import Text

    from qa_eval.metrics.worked_examples import example_questions, example_texts, work_out
    from qa_eval.text.grid import draw_grid
    from qa_eval.text.passages import wrap_text

    yield Text("A worked example", "bold")
    for shown in (example_texts(), example_questions(metric.id)):
        for name, text in shown.items():
            yield from wrap_text(Text.assemble((f"{name:<9}", "cyan"), text), width, "  ", " " * 9)
        yield Text()
    example = work_out(metric.id)
    rows = [(line.name, line.golds, line.said, *line.counts) for line in example.lines]
    for line in draw_grid(("item", "right answer", "model's answer", *example.head), rows, width - 2, left=3):
        yield Text.assemble("  ", line)
    yield Text()
    yield from wrap_text(Text(example.sums, "bold"), width, "  ")


metrics_group.add_command(validate_command)
