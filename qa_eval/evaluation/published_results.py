"""Results that others published for checkpoints on the hub, and how a run compares with them.

The values are percent, as the cards print them. A run agrees if every value differs by at most 0.1 points.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qa_eval.metrics.listings import label
from qa_eval.text.figures import percent, signed
from qa_eval.text.grid import draw_grid

if TYPE_CHECKING:
    from rich.text import Text

    from qa_eval.runs.schema import Row

TOLERANCE = 0.001
"""Greatest difference, as a fraction, of results that agree: a tenth of a point."""
SQUAD_V2_DEV = "hub:rajpurkar/squad_v2"
"""Development set of SQuAD 2.0: 11,873 questions, in the split `validation`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedResult:
    """What a model card says about one checkpoint on one data set."""

    model: str
    """Name on the hub: `ORG/NAME`."""
    values: Mapping[str, float]
    """Metric id -> percent, as published."""
    note: str = ""
    """What a reader must know before comparing; empty for most results."""
    dataset: str = field(default=SQUAD_V2_DEV)

    @property
    def name(self) -> str:
        """The name by which `qa-eval reproduce` knows it: the checkpoint's own, without its owner."""
        return self.model.rpartition("/")[2]


def _result(model: str, em: float, f1: float, note: str = "", **others: float) -> PublishedResult:
    return PublishedResult(model=model, values={"em": em, "f1": f1, **others}, note=note)


PUBLISHED: tuple[PublishedResult, ...] = (
    _result(
        "deepset/roberta-base-squad2",
        79.93,
        82.95,
        "The card's verified result covers 11,869 of the 11,873 questions. The whole set may give up to 0.1 "
        "less.",
    ),
    _result("deepset/tinyroberta-squad2", 78.86, 82.04),
    _result("deepset/minilm-uncased-squad2", 76.19, 79.55),
    _result("deepset/deberta-v3-base-squad2", 83.82, 87.41),
    _result("deepset/deberta-v3-large-squad2", 88.09, 91.16),
    _result(
        "ahotrod/deberta-v3-large-finetuned-squadv2",
        88.70,
        91.52,
        has_answer_em=83.70,
        has_answer_f1=89.35,
        no_answer_recall=93.68,
    ),
)


@dataclass(frozen=True, slots=True)
class Reproduced:
    """One metric of a published result next to the run's own value; both are fractions."""

    metric: str
    published: float
    here: float | None
    """None where the run does not have the metric."""

    @property
    def agrees(self) -> bool:
        """Whether the two differ by at most a tenth of a point, as printed with two decimals."""
        return self.here is not None and round(abs(self.here - self.published), 6) <= TOLERANCE


def reproduced(result: PublishedResult, row: Row) -> list[Reproduced]:
    """Every published metric next to the value of the row, in the order of the card."""
    metrics = row.metrics.get("reading", {})
    return [
        Reproduced(id, value / 100, metrics[id].value if id in metrics else None)
        for id, value in result.values.items()
    ]


def draw_published(results: tuple[PublishedResult, ...], width: int) -> list[Text]:
    """The table of what can be reproduced."""
    rows = [[r.name, r.model, f"{r.values['em']:.2f}", f"{r.values['f1']:.2f}"] for r in results]
    return draw_grid(("name", "model", "EM", "F1"), rows, width, left=2)


def draw_reproduced(found: list[Reproduced], width: int) -> list[Text]:
    """Published and own values in percent, and whether they agree."""
    rows = []
    for one in found:
        here, difference = (
            ("–", "–")
            if one.here is None
            else (
                f"{100 * one.here:.2f}",
                signed(one.here - one.published),
            )
        )
        agrees = "yes" if one.agrees else "no"
        rows.append([label(one.metric), f"{100 * one.published:.2f}", here, difference, agrees])
    return draw_grid(("metric", "published", "here", "difference", "within 0.1"), rows, width, left=1)


def verdict_on(result: PublishedResult, found: list[Reproduced]) -> str:
    """One sentence: whether the run gives the published values."""
    apart = [one for one in found if not one.agrees]
    if not apart:
        return f"{result.model}: every published value agrees within {percent(TOLERANCE)} points."
    names = ", ".join(label(one.metric) for one in apart)
    return f"{result.model}: not within {percent(TOLERANCE)} points of the published value: {names}."
