"""A comparison in few lines, for the Python prompt and the notebook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qa_eval.comparisons.differences import Comparison, Pair
from qa_eval.comparisons.sentences import (
    METRIC_HEAD,
    MODEL_HEAD,
    apart_sentence,
    detectable_sentence,
    footnotes,
    items_sentence,
    metric_cells,
    metric_name,
    model_cells,
    model_name,
    other_metrics,
    pair_title,
    range_sentence,
    several_title,
    single_pair,
    verdict_sentence,
)
from qa_eval.text.grid import draw_grid
from qa_eval.text.notebook_tables import notebook_table
from qa_eval.text.phrases import shorten
from qa_eval.text.short_names import short_names
from qa_eval.text.terminal import clean

_ROWS, _NOTEBOOK_ROWS = 9, 40
"""Most rows of the printed table, and of the table in a notebook."""
_WIDTH, _LONGEST = 100, 180
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class _Brief:
    title: str
    sentences: tuple[str, ...]
    """Result, as sentences."""
    apart: str
    """Sentence on the items that were not compared. Empty if all were."""
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    """Note on how to read the table."""


def comparison_text(comparison: Comparison) -> str:
    """The compared sides, the verdict, and a table of the first metrics or models, in at most 2,000
    characters.
    """
    brief = _brief(comparison)
    lines = [
        shorten(clean(line), _LONGEST) for line in (brief.title, *brief.sentences[:4], brief.apart) if line
    ]
    rows = brief.rows[:_ROWS]
    names = short_names((name for name, *_ in rows), _LONGEST_NAME)
    cells = [(name, *row[1:]) for name, row in zip(names, rows, strict=True)]
    lines += [line.plain for line in draw_grid(brief.head, cells, _WIDTH)]
    if (more := len(brief.rows) - _ROWS) > 0:
        lines.append(f"and {more} more")
    return "\n".join(lines)


def comparison_html(comparison: Comparison) -> str:
    """The comparison as HTML, with the meaning of the interval below it."""
    brief = _brief(comparison)
    rows = brief.rows[:_NOTEBOOK_ROWS]
    lead = [line for line in (*brief.sentences, brief.apart) if line]
    return notebook_table(brief.title, brief.head, rows, lead=lead, notes=brief.notes)


def _brief(comparison: Comparison) -> _Brief:
    pair = single_pair(comparison)
    if pair is not None:
        return _Brief(
            title=pair_title(pair),
            sentences=tuple(_verdicts(pair)),
            apart=apart_sentence(pair),
            head=("metric", *METRIC_HEAD),
            rows=tuple(_metrics(pair)),
            notes=(items_sentence(pair), *footnotes(comparison, pair)),
        )
    several = len(comparison.pairs[0].primary) > 1
    return _Brief(
        title=several_title(comparison),
        sentences=(range_sentence(comparison),),
        apart=apart_sentence(comparison.pairs[0]),
        head=("model", *MODEL_HEAD),
        rows=tuple(_models(comparison.pairs, several=several)),
        notes=tuple(footnotes(comparison, None)),
    )


def _verdicts(pair: Pair) -> Iterator[str]:
    for d in pair.primary[:1] if pair.verdict == "same" else pair.primary:
        yield verdict_sentence(pair, d)
        yield detectable_sentence(d)


def _metrics(pair: Pair) -> Iterator[tuple[str, ...]]:
    yield from ((f"{metric_name(d)} *", *metric_cells(d)) for d in pair.primary)
    yield from ((metric_name(d), *metric_cells(d)) for d in other_metrics(pair)[0])


def _models(pairs: Sequence[Pair], *, several: bool) -> Iterator[tuple[str, ...]]:
    for pair in pairs:
        for d in pair.primary:
            name = f"{model_name(pair)}: {metric_name(d)}" if several else model_name(pair)
            yield (name, *model_cells(pair, d))
