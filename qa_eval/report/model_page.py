"""The values of a model's page: the kinds of its mistakes, and where it makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from qa_eval.metrics.listings import entry, in_order, listed
from qa_eval.metrics.parts import Family
from qa_eval.records import Estimate
from qa_eval.report.content import Fact, Item, ReportContent, ReportModel, ShownAnswer
from qa_eval.report.leaderboard_page import slice_order
from qa_eval.report.matrix_page import MISTAKES, AnswerKind, kind_of

Given = tuple[Fact, Item, ShownAnswer]
"""An answer with its fact and its item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A field of the square: whether the text answers, by whether the model answered."""

    answerable: bool
    answered: bool
    n: int
    of: int
    """Number of items in the row of the square."""
    kinds: tuple[tuple[AnswerKind, int], ...]
    """Kinds that occur with their numbers of items, right answers first."""

    @property
    def right(self) -> int:
        return sum(n for cell, n in self.kinds if cell.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelView:
    """The values at the top of a model's page."""

    square: tuple[Tally, ...]
    """Fields of the square, row by row. The first row has texts that answer, the second silent texts. In each
    row, the first field counts answers of the model. Rows without items are left out."""
    failed: int
    """Number of items without a prediction, which are in no field."""
    counted: str
    """Track that the square counts."""
    verdict: str
    """Sentence on the commonest mistake; empty if there is no mistake."""
    metric: str
    """Metric by which the categories are ordered."""
    categories: tuple[tuple[str, Estimate], ...]
    """Categories with their values, worst first."""
    surest: tuple[Given, ...]
    """Wrong answers, most confident first. Wrong abstentions come after all answers."""
    wrong: int
    """Number of wrong answers to the questions that have a page."""


_MOST_FAILURES = 25
_WORST = 8


def answers_by_model(evidence: ReportContent) -> Mapping[int, Sequence[Given]]:
    """The answers of each model to the questions that have a page."""
    found: dict[int, list[Given]] = {model.number: [] for model in evidence.models}
    for fact in evidence.facts:
        for item in fact.items:
            for said in item.answers:
                found[said.model].append((fact, item, said))
    return found


def model_view(model: ReportModel, answers: Sequence[Given]) -> ModelView:
    """The mistakes of a model. `answers` is empty if the data set has no answers to score with."""
    present = {metric for values in model.row.slices.values() for metric in values}
    wanted = [metric for _, metric in listed("worst categories")]
    metric = next((metric for metric in wanted if metric in present), wanted[-1])
    categories = [
        (name.partition(":")[2], values[metric])
        for name, values in model.row.slices.items()
        if name.startswith("category:") and metric in values
    ]
    tracks = {item.id.track for _, item, _ in answers}
    counted = "reading" if "reading" in tracks else "pooled"
    cells = [
        kind_of(item, said)
        for _, item, said in answers
        if item.id.track == counted and not item.id.paraphrase
    ]
    wrong = [given for given in answers if not given[2].right]
    square = tuple(_square(cells))
    return ModelView(
        square=square,
        failed=sum(cell.answered is None for cell in cells),
        counted=counted,
        verdict=_verdict(cells),
        metric=metric,
        categories=tuple(sorted(categories, key=lambda pair: pair[1].value))[:_WORST],
        surest=tuple(sorted(wrong, key=_sureness)[:_MOST_FAILURES]),
        wrong=len(wrong),
    )


def _sureness(given: Given) -> tuple[bool, float]:
    said = given[2]
    return not said.text, -(said.confidence or 0.0)


def _square(cells: Sequence[AnswerKind]) -> list[Tally]:
    found = []
    for answerable in (True, False):
        row = [cell for cell in cells if cell.answerable == answerable and cell.answered is not None]
        for answered in (True, False) if row else ():
            here = [cell for cell in row if cell.answered == answered]
            kinds = [(cell, here.count(cell)) for cell in AnswerKind if cell in here]
            found.append(
                Tally(answerable=answerable, answered=answered, n=len(here), of=len(row), kinds=tuple(kinds))
            )
    return found


def _verdict(cells: Sequence[AnswerKind]) -> str:
    """The sentence on the commonest mistake, with its share of all mistakes."""
    wrong = [cell for cell in cells if not cell.right]
    if not wrong:
        return ""
    first = max(MISTAKES, key=wrong.count)
    return f"Its commonest mistake: {MISTAKES[first]} ({wrong.count(first):,} of {len(wrong):,} mistakes)."


# ------------------------------------------------------------------------------------------ the rest


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricGroup:
    """Metrics of one track and one family."""

    track: str
    title: str
    metrics: tuple[tuple[str, Estimate], ...]


_TITLES: dict[Family, str] = {
    "answers": "How good its answers are",
    "no answer": "Whether it knows when there is no answer",
    "claims": "Whose claims it makes where sources disagree",
    "all articles": "How it answers from all articles at once",
    "words": "What its answers in words say",
    "passages": "What passages do to its answers",
    "calibration": "How far its confidence can be trusted",
    "wordings": "Whether the wording of the question matters",
}
"""Map from family of metrics to its heading."""


def metric_groups(model: ReportModel) -> list[MetricGroup]:
    """All metrics of a model, by track and family and in the order of the catalog."""
    found = []
    order = list(_TITLES)
    for track, metrics in model.row.metrics.items():
        ids = sorted(in_order(metrics), key=lambda id: order.index(entry(id).family))
        for family, some in groupby(ids, key=lambda id: entry(id).family):
            found.append(
                MetricGroup(
                    track=track, title=_TITLES[family], metrics=tuple((id, metrics[id]) for id in some)
                )
            )
    return found


def chosen_slices(model: ReportModel) -> tuple[tuple[str, ...], list[tuple[str, Mapping[str, Estimate]]]]:
    """The metrics to show as columns, and the slices of a model with their values."""
    present = {metric for values in model.row.slices.values() for metric in values}
    columns = tuple(metric for _, metric in listed("model page") if metric in present)
    return columns, sorted(model.row.slices.items(), key=lambda pair: slice_order(pair[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthRow:
    """The right answers on texts of similar length."""

    name: str
    longest: int
    right: int
    n: int


_MOST_ARTICLES = 12


def length_rows(lengths: Mapping[str, int], answers: Sequence[Given]) -> list[LengthRow]:
    """Rows of the reading track for each article, longest first, or for each quarter of many contexts."""
    counted: dict[str, list[bool]] = {}
    for _, item, said in answers:
        if item.id.article in lengths:
            counted.setdefault(item.id.article, []).append(said.right)
    by_length = sorted(counted, key=lambda article: -lengths[article])
    if len(by_length) <= _MOST_ARTICLES:
        groups: list[tuple[str, Sequence[str]]] = [(article, [article]) for article in by_length]
    else:
        edges = [len(by_length) * n // 4 for n in range(5)]
        titles = ("longest fourth", "second fourth", "third fourth", "shortest fourth")
        groups = [(t, by_length[edges[n] : edges[n + 1]]) for n, t in enumerate(titles)]
    return [
        LengthRow(
            name=name,
            longest=max(lengths[a] for a in articles),
            right=sum(sum(counted[a]) for a in articles),
            n=sum(len(counted[a]) for a in articles),
        )
        for name, articles in groups
    ]
