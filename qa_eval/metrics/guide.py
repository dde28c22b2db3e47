"""The guide to the metrics, `docs/reference/metrics.md`, made from their entries and their worked examples.

`python -m qa_eval.metrics.guide` prints it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import get_args

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import FAMILIES, Family, Listing, Metric
from qa_eval.metrics.worked_examples import example_questions, example_texts, work_out
from qa_eval.text.markdown import markdown_row

_HEAD = """# The metrics

Each metric is one entry in `qa_eval/metrics/catalog.py`. The leaderboard, the report, the comparison and the
exports read the entry, and so does this page: `make docs` writes it, and a test compares it with the entries.

An *item* is a question asked of one article (reading track) or of all articles at once (pooled track). An
item is *answerable* if its article states a claim on the fact, and *silent* otherwise. A fact is *contested*
if its sources make two or more claims. *Right* means that the answer matches. Every value is a fraction in
JSON, in Python and in CSV, and is printed as percent; differences are printed in points. A metric is absent
where its denominator is empty."""

_LISTINGS: dict[Listing, str] = {
    "ranking": "the order of the rows",
    "basic": "the order of the rows on public data sets",
    "headline": "the leaderboard",
    "reading track": "the leaderboard of the reading track",
    "pooled track": "the leaderboard of the pooled track",
    "public": "the leaderboard of a public data set",
    "slices": "the leaderboard of a slice",
    "card": "model cards",
}
"""Names of the listings, for readers."""

_EXAMPLE = """## The example

Every metric below has a worked example. All of them use the same five articles, the same two questions, and
the answers of one model. In the tables, `losses@Times` is the question `losses` asked of the article Times,
and `losses@*` is the same question asked of all articles at once. A dash means that a line does not count."""


def metrics_guide() -> str:
    """The page as Markdown: an overview, the example, then every metric by family in the order of the
    catalog.
    """
    families = {family: [m for m in METRICS.values() if m.family == family] for family in get_args(Family)}
    parts = [_HEAD, "\n".join(_overview(families)), _EXAMPLE, "\n".join(_example())]
    for family, title in FAMILIES.items():
        parts += [f"## {title}", *("\n".join(_section(metric)) for metric in families[family])]
    return "\n\n".join(parts) + "\n"


def _overview(families: dict[Family, list[Metric]]) -> Iterator[str]:
    head = ["metric", "id", "tracks", "range", "better"]
    yield markdown_row(head)
    yield markdown_row(["---"] * len(head))
    for family in FAMILIES:
        for m in families[family]:
            yield markdown_row([m.label, f"`{m.id}`", " and ".join(m.tracks), _range(m), _better(m)])


def _section(m: Metric) -> Iterator[str]:
    yield f"### {m.title}"
    yield ""
    yield m.meaning
    yield ""
    known = f"; `{m.known_as}` in other tools" if m.known_as not in ("", m.id) else ""
    yield f"* id: `{m.id}`{known}; in tables: {m.label}"
    yield from (f"* {field}: {text}" for field, text in facts_of(m, code="`"))
    yield ""
    yield from _worked(m)


def _example() -> Iterator[str]:
    for kind, texts in (
        ("article", example_texts()),
        ("question", example_questions("paraphrase_agreement")),
    ):
        yield markdown_row([kind, "text"])
        yield markdown_row(["---", "---"])
        yield from (markdown_row([name, _cell(text)]) for name, text in texts.items())
        yield ""
    yield "The question `losses` has a second wording, after the bar. Only the paraphrase metrics count it."


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _worked(m: Metric) -> Iterator[str]:
    example = work_out(m.id)
    head = ["example", "right answer", "model's answer", *example.head]
    yield markdown_row(head)
    yield markdown_row(["---"] * len(head))
    for line in example.lines:
        cells = (line.golds, line.said, *line.counts)
        yield markdown_row([f"`{line.name}`", *map(_cell, cells)])
    yield ""
    yield f"{example.sums}."


def facts_of(m: Metric, code: str = "") -> Iterator[tuple[str, str]]:
    """The facts about a metric except its names and its meaning, each as (field, text).

    `code` is put before and after everything that is code.
    """
    of_item = "mean of the items' values" + (", each 0 or 1" if m.whole else "")
    yield "formula", m.formula or of_item
    yield "denominator", m.over
    yield "unit", f"{_UNITS[m.unit]}; range: {_range(m)}; {_better(m)} is better"
    yield "tracks", f"{' and '.join(m.tracks)}; {'no values by slice' if m.ranking else 'also by slice'}"
    if edges := " ".join(_edges(m)):
        yield "edge cases", edges
    if m.official:
        yield "official scripts", ", ".join(f"{code}{key}{code}" for key in m.official)
    if shown := [name for listing, name in _LISTINGS.items() if listing in m.listed]:
        yield "shown in", ", ".join(shown)


_UNITS = {"percent": "percent", "skill": "percent, negative where a trivial strategy does better"}


def _range(m: Metric) -> str:
    return f"{'−∞' if m.least is None else f'{m.least:g}'} to 1".replace("-", "−")


def _better(m: Metric) -> str:
    return "higher" if m.higher_is_better else "lower"


def _edges(m: Metric) -> Iterator[str]:
    if m.detail:
        yield m.detail
    if m.minimum > 1:
        yield f"Absent where there are fewer than {m.minimum}."
    if m.otherwise:
        yield f"Left out where {m.otherwise}."
    if m.n_matters:
        yield "Tables print n next to it."


if __name__ == "__main__":
    sys.stdout.write(metrics_guide())
