"""The records of a comparison. `--format json` prints them unchanged.

All values are fractions in [0, 1]. A difference is new minus base, whichever direction is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qa_eval.metrics.score_table import Cluster
from qa_eval.records import Abridged, Track
from qa_eval.runs.common_items import Edited

COMPARISON_VERSION = 1
"""Version of the JSON form."""

Verdict = Literal["better", "worse", "undecided", "same"]
"""Verdict on the new side. `undecided`: these items cannot decide. `same`: all answers are equal."""
Correction = Literal["none", "holm", "benjamini-hochberg", "max-t"]
Test = Literal["sign-flip", "mcnemar", "none"]
"""`none`: metrics that rank items have only an interval and no test. A test would swap answers between two
models, and so mix two scales of scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideInfo:
    """One side of a comparison: a model in a run."""

    run: str
    path: str | None
    created_at: str
    model: str
    signature: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDifference:
    """One metric on one slice: the values of both sides, and their difference with its interval and test."""

    track: Track
    slice: str
    """Name of the slice. Empty for all items."""
    metric: str
    higher_is_better: bool
    base: float
    new: float
    difference: float
    low: float | None
    """Lower end of the 95 % interval, from the same sign flips as p. None on too few clusters."""
    high: float | None
    """Upper end of the 95 % interval. None on too few clusters."""
    method: str
    p: float | None
    """Two-sided p, not corrected. None where there is no test."""
    p_adjusted: float | None
    correction: Correction
    test: Test
    wins: int
    """Number of units on which new is better. A unit is an item, or a fact or a set of wordings where the
    metric counts those."""
    ties: int
    losses: int
    n: int
    """Number of units in the denominator."""
    clusters: int
    minimum_detectable_difference: float | None
    """Smallest true difference that the test, with corrected p, would show 4 times in 5. None if there is
    none."""

    @property
    def name(self) -> str:
        """`TRACK.METRIC`."""
        return f"{self.track}.{self.metric}"

    @property
    def gain(self) -> float:
        """The difference with the sign that is positive where new is better."""
        return self.difference if self.higher_is_better else -self.difference

    @property
    def verdict(self) -> Verdict:
        """The verdict on this metric. It is better or worse only if the corrected p is at most .05."""
        if self.p_adjusted is None or self.p_adjusted > 0.05 or self.difference == 0:
            return "undecided"
        return "better" if self.gain > 0 else "worse"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDifference:
    """The primary metric on the items of one article."""

    article: str
    base: float
    new: float
    difference: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SideAnswer(Abridged):
    """The answer of one side, why it is right or wrong, and the rule that decided."""

    prediction: str
    right: bool
    rule: str
    level: int
    detail: str
    why: str
    """Reason why the answer is right or wrong, as a sentence."""
    em: float | None
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemChange(Abridged):
    """An item that the two sides answered differently."""

    item: str
    kind: Literal["fixed", "broken", "changed"]
    """Kind of change. `changed`: another answer with the same verdict. EM and F1 may still differ."""
    question: str
    golds: tuple[str, ...]
    """Right answers. Empty where no answer is right."""
    base: SideAnswer
    new: SideAnswer


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pair(Abridged):
    """The comparison of one model with another."""

    base: SideInfo
    new: SideInfo
    differing: dict[str, tuple[str, str]]
    """Field -> values of base and new, for everything else that differs. These are the allowed differences,
    the backends, and whether the models can abstain (`no answer`)."""
    items: dict[str, int]
    """Track -> number of items compared."""
    facts: int
    cluster: Cluster
    clusters: int
    """Unit that is resampled and flipped as a whole: the fact or, on a public data set, the context."""
    edited: tuple[Edited, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    verdict: Verdict
    """Verdict by the first primary metric."""
    primary: tuple[MetricDifference, ...]
    exploratory: tuple[MetricDifference, ...]
    """Differences of all other metrics, and of all metrics on every slice."""
    articles: tuple[ArticleDifference, ...]
    leave_one_article_out: tuple[float, float] | None
    """Least and greatest difference of the first primary metric when one article is left out."""
    changes: tuple[ItemChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The decision of `--fail-on-regression`."""

    failed: bool
    rule: Literal["significant", "tolerance"]
    tolerance: float | None
    reasons: tuple[str, ...]
    """Reasons for the decision: one sentence for each model and primary metric."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison:
    """The result of `compare`: one or more pairs of models.

    It prints as the verdict with a short table. A notebook shows the same as HTML.
    """

    pairs: tuple[Pair, ...]
    """Compared pairs of models."""
    estimand: str
    """Population that the intervals and tests speak of, in words."""
    notes: tuple[str, ...]
    """Remarks that a reader of the numbers needs, one sentence each."""
    resamples: int
    """Number of resamples of each test and interval."""
    seed: int
    """Seed of the resampling."""
    schema_version: int = COMPARISON_VERSION
    """Version of the JSON form."""

    def __repr__(self) -> str:
        from qa_eval.comparisons.brief_comparison import comparison_text

        return comparison_text(self)

    def _repr_html_(self) -> str:
        from qa_eval.comparisons.brief_comparison import comparison_html

        return comparison_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The place of one model among all compared models."""

    side: SideInfo
    value: float
    rank: int
    rank_interval: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseDifference:
    """The difference of two models. The first is the better one or, if equal, the earlier one."""

    first: int
    """Index of the first model in `AllPairs.standings`."""
    second: int
    difference: float
    low: float | None
    """Lower end of the interval that belongs to the corrected test. None on too few clusters."""
    high: float | None
    p_adjusted: float
    minimum_detectable_difference: float | None
    """Smallest true difference that the corrected test would show 4 times in 5. None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AllPairs(Abridged):
    """The result of `compare_all`: every model against every other, corrected together by maxT."""

    metric: str
    """Compared metric, as `TRACK.METRIC`."""
    slice: str
    items: int
    facts: int
    cluster: Cluster
    clusters: int
    standings: tuple[Standing, ...]
    """Places of the models, the best first."""
    differences: tuple[PairwiseDifference, ...]
    estimand: str
    notes: tuple[str, ...]
    resamples: int
    seed: int
    schema_version: int = COMPARISON_VERSION
