"""The record of a metric, and the pieces that the entries of the catalog are written with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qa_eval.metrics.decisions import abstains
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import Track

Counted = Literal["item", "fact", "wordings"]
"""What is counted. `item`: one canonical item. `fact`: the canonical items of one fact. `wordings`: one fact
in one article, in every wording that was asked, if at least two were."""

Family = Literal[
    "answers", "no answer", "claims", "all articles", "words", "passages", "calibration", "wordings"
]
"""Subject of a metric."""

FAMILIES: dict[Family, str] = {
    "answers": "Answers",
    "claims": "Whose claim an answer makes",
    "no answer": "No answer",
    "all articles": "All articles at once",
    "words": "Answers in words",
    "passages": "What passages do to an answer",
    "calibration": "Confidence",
    "wordings": "Several wordings of one question",
}
"""Titles of the families, in the order in which people read them."""

Listing = Literal[
    "ranking",
    "basic",
    "headline",
    "reading track",
    "pooled track",
    "public",
    "slices",
    "brief",
    "answer",
    "model page",
    "worst categories",
    "contested page",
    "card",
]
"""The places that show some of the metrics, in an order of their own.

| listing | what it is |
|---|---|
| `ranking` | what orders the rows of a leaderboard and is compared first: the first that is defined |
| `basic` | what needs no more than golds: ranks public data sets, and speaks for an answer or a slice alone |
| `headline` | columns of a leaderboard over both tracks |
| `reading track` | columns of a leaderboard of that track |
| `pooled track` | columns of a leaderboard of that track |
| `public` | columns of a leaderboard of a data set without claims |
| `slices` | columns of a leaderboard of a slice: the first seven that are defined |
| `brief` | columns that a leaderboard shows before all others, after the one that sorts it |
| `answer` | what is shown of each answer; on the pooled track by the metric's `twin` |
| `model page` | columns of the slices on a model's page of the report |
| `worst categories` | what a model's worst categories are found by: the first that is defined |
| `contested page` | columns of the coverage of claims in the report |
| `card` | what is published with a model: model cards and `.eval_results` |
"""

ALL_ITEMS = "all items"
ANSWERABLE = "answerable items"
SILENT = "silent items"

Value = Callable[[Sequence[ItemScore]], float | None]
"""Function that returns the value of a unit, or None if the unit does not count. An `item` unit has length
1."""


Condition = Callable[[ItemScore], bool]
"""Function that tells whether an item meets a condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A ratio of sums over units: the sum of `numerator` divided by the sum of `denominator`."""

    numerator: Value
    denominator: Value | None = None
    """Denominator of a unit. None if every unit with a numerator counts 1. The ratio is then a mean."""
    weight: float = 1.0
    """Weight of this ratio in the metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """A metric of the order of the items: the score that ranks them, and the items that should come first."""

    score: Callable[[ItemScore], float | None]
    """Score that ranks an item. None if the item takes no part."""
    positive: Callable[[ItemScore], bool]
    """Whether an item should come first. It is defined for every item, even for one that takes no part."""
    statistic: Callable[[NDArray[np.float64], NDArray[np.bool_]], float | None]
    rows: Callable[
        [NDArray[np.float64], NDArray[np.bool_], NDArray[Any], NDArray[np.intp] | None], NDArray[np.float64]
    ]
    """Statistic under each row of weights, given which of a row's weights each item has (None: its own).
    Undefined rows are left out."""
    fixed: Callable[[NDArray[np.float64], NDArray[np.bool_]], bool] = lambda score, positive: False
    """Whether the statistic is the same under all weights for which it is defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric, with everything that any part of the program needs to know about it.

    A summary leaves the metric out if a denominator is 0 or `needs` is not met.
    """

    id: str
    label: str = ""
    """Name in tables. By default the id in plain words."""
    title: str = ""
    """Long name. By default the label with a capital."""
    family: Family
    tracks: tuple[Track, ...]
    meaning: str
    """Definition in one sentence."""
    formula: str = ""
    """Definition as a formula. Empty for the mean of the items' values."""
    detail: str = ""
    """Edge cases and denominators that the definition leaves open."""
    over: str
    """Denominator in words, such as `ALL_ITEMS`."""
    least: float | None = 0.0
    """Least possible value. None if there is none. The greatest is 1."""
    higher_is_better: bool = True
    listed: Mapping[Listing, float] = field(default_factory=dict)
    """Listings that show the metric, and its place in each. A place such as 2.5 is between two others."""
    twin: str = ""
    """Id of the metric that takes this one's place on the pooled track."""
    known_as: str = ""
    """Id of the metric in other tools. Empty if they have none like it."""
    official: tuple[str, ...] = ()
    """Keys of the official scripts for the same number."""
    gloss: str = ""
    """Equation that explains the value in the caption of a table that is sorted by it."""
    remark: str = ""
    """Note under tables with the metric: a format string over the row's counts and the value's `n`."""
    n_matters: bool = False
    """Whether models may have the metric over different items, so that tables print n next to the value."""
    whole: bool = False
    """Whether the value of each item is 0 or 1, so that a single answer is shown without percent."""
    of_item: Callable[[ItemScore], float | None] | None = None
    """Value of an item, computed from its other scores. None if the item has none."""
    shares: tuple[Share, ...] = ()
    ranking: Ranking | None = None
    """Statistic of the order of items. Such a metric has no shares and no values by slice."""
    counted: Counted = "item"
    minimum: int = 1
    """Least number of units in the denominator. With fewer, the metric is absent."""
    needs: Condition | None = None
    """Condition that at least one canonical item of the track (in the slice) must meet."""
    otherwise: str = ""
    """Reason for the row why the metric is absent if `needs` is not met. Empty if that needs no words."""

    def __post_init__(self) -> None:
        label = self.label or self.id.replace("_", " ")
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "title", self.title or label[:1].upper() + label[1:])

    @property
    def unit(self) -> Literal["percent", "skill"]:
        """Unit of the value, a fraction that is printed as percent: a share, or a skill that may be negative.

        Differences of either are printed in points.
        """
        return "percent" if self.least == 0 else "skill"


# ------------------------------------------------------------------------------------------ building blocks


@dataclass(frozen=True, slots=True)
class ItemValue:
    """A `Value`: the item's own value of that name. An item without one does not count."""

    key: str

    def __call__(self, unit: Sequence[ItemScore]) -> float | None:
        return unit[0].scores.get(self.key)


def mean(key: str) -> tuple[Share, ...]:
    """The mean of the items' own values of that name."""
    return (Share(numerator=ItemValue(key)),)


def abstained(score: ItemScore) -> bool:
    """Whether the model abstained on the item. A failed or missing answer is not an abstention."""
    return not score.failed and abstains(score.prediction)


def abstention(unit: Sequence[ItemScore]) -> float:
    """1 for an item left unanswered."""
    return float(abstained(unit[0]))


def right_abstention(unit: Sequence[ItemScore]) -> float:
    """1 for a silent item left unanswered."""
    return float(not unit[0].answerable and abstained(unit[0]))


def abstention_or_silence(unit: Sequence[ItemScore]) -> float:
    """The denominator of an F1: 1 for an abstention, plus 1 for a silent item."""
    return float(abstained(unit[0])) + float(not unit[0].answerable)


def silent(score: ItemScore) -> bool:
    """Whether the item is silent."""
    return not score.answerable


def in_own_words(score: ItemScore) -> bool:
    """Whether the answer is something other than a span of the article."""
    return not score.copied and score.answered


def in_words(score: ItemScore) -> bool:
    """Whether the answer is a text alone: neither a span, nor the best of an n-best."""
    return score.span is None and score.score is None and score.answered


def has_n_best(score: ItemScore) -> bool:
    """Whether the answer came with an n-best."""
    # Empty answers have n-best scores of 0 for every model. Only a given answer shows if there is an n-best.
    return score.answered and "set_f1" in score.scores


def faithful(unit: Sequence[ItemScore]) -> float | None:
    """`match`, on items where `leak` is defined."""
    return unit[0].scores["match"] if "leak" in unit[0].scores else None


def faithful_or_leak(unit: Sequence[ItemScore]) -> float | None:
    """`match` + `leak`, on items where `leak` is defined."""
    return unit[0].scores["match"] + unit[0].scores["leak"] if "leak" in unit[0].scores else None


def contrast_of(unit: Sequence[ItemScore]) -> float | None:
    """1 for a contested fact if every answerable item is matched, else 0.

    None if only one item is answerable.
    """
    if len(unit) == 1:
        return None
    answerable = [s.scores["match"] for s in unit if s.answerable and "match" in s.scores]
    return min(answerable) if unit[0].contested and answerable else None


def squared_error(unit: Sequence[ItemScore]) -> float | None:
    """Squared distance of the confidence from 1 (right) or 0 (wrong). None without a confidence."""
    confidence = unit[0].scored_confidence
    return None if confidence is None else (confidence - unit[0].correct) ** 2


def is_correct(score: ItemScore) -> bool:
    """Whether the item has the outcome that its confidence predicts."""
    return score.correct


def answer_confidence(score: ItemScore) -> float | None:
    """The confidence of an answer. None for an item that was not answered."""
    return score.scored_confidence if score.answered else None


def confidence_or_uncovered(score: ItemScore) -> float:
    """The confidence of an answer; -inf where either is missing, so that no threshold covers the item."""
    confidence = answer_confidence(score)
    return -math.inf if confidence is None else confidence


def answered_with_confidence(score: ItemScore) -> bool:
    """Whether the item was answered, with a confidence."""
    return answer_confidence(score) is not None


def missed_silence(unit: Sequence[ItemScore]) -> float | None:
    """1 for a silent item that was not left unanswered; None for an answerable one."""
    recall = unit[0].scores.get("no_answer_recall")
    return None if recall is None else 1 - recall


def agree(one: ItemScore, other: ItemScore) -> bool:
    """Whether two answers to two wordings of a question are the same answer.

    Both abstain, or one matches the other leniently, in either direction. A failed answer agrees with
    nothing.
    """
    if not (one.answered and other.answered):
        return abstained(one) and abstained(other)
    from qa_eval.matching import typed  # most metrics need no grammar of answers

    a, b = one.prediction, other.prediction
    return any(typed.match(x, y, one.answer_type, strict=False).ok for x, y in ((a, b), (b, a)))


def agreement_share(unit: Sequence[ItemScore]) -> float:
    """The share of pairs of wordings whose answers agree."""
    pairs = list(combinations(unit, 2))
    return sum(agree(a, b) for a, b in pairs) / len(pairs)


def worst(key: str) -> Value:
    """The least value of that name over a unit's wordings; None where one lacks it."""

    def value(unit: Sequence[ItemScore]) -> float | None:
        values = [s.scores[key] for s in unit if key in s.scores]
        return min(values) if len(values) == len(unit) else None

    return value


def average(key: str) -> Value:
    """The mean value of that name over a unit's wordings; None where one lacks it."""

    def value(unit: Sequence[ItemScore]) -> float | None:
        values = [s.scores[key] for s in unit if key in s.scores]
        return sum(values) / len(unit) if len(values) == len(unit) else None

    return value
