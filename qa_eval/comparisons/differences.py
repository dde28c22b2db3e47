"""What a comparison finds, as records; `--format json` prints them as they are.

All values are fractions in [0, 1] and differences are new less base, whichever direction is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qa_eval.metrics.score_table import Cluster
from qa_eval.records import Abridged
from qa_eval.runs.common_items import Edited

COMPARISON_VERSION = 1
"""Of the JSON form."""

Verdict = Literal["better", "worse", "undecided", "same"]
"""Of the new side. `undecided`: these items cannot tell; `same`: every answer is the same."""
Correction = Literal["none", "holm", "benjamini-hochberg", "max-t"]
Test = Literal["sign-flip", "mcnemar", "none"]
"""`none`: metrics that rank items, of which an interval is all there is: swapping the answers to some facts
between two models would mix two scales."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideInfo:
    """Who is compared."""

    run: str
    path: str | None
    created_at: str
    model: str
    signature: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDifference:
    """One metric on one slice: both values and what can be said of their difference."""

    track: str
    slice: str
    """Empty for all items."""
    metric: str
    higher_is_better: bool
    base: float
    new: float
    difference: float
    low: float | None
    """Lower end of the 95 % interval, from the same sign flips as p; None on too few clusters."""
    high: float | None
    """Upper end of the interval."""
    method: str
    p: float | None
    """Two-sided, not corrected; None where there is no test."""
    p_adjusted: float | None
    correction: Correction
    test: Test
    wins: int
    """Units (items; facts or sets of wordings where the metric counts those) on which new is better."""
    ties: int
    losses: int
    n: int
    """Units in the denominator."""
    clusters: int
    minimum_detectable_difference: float | None
    """Smallest true difference that would be shown 4 times in 5, p corrected; None where none could be."""

    @property
    def name(self) -> str:
        """`TRACK.METRIC`."""
        return f"{self.track}.{self.metric}"

    @property
    def gain(self) -> float:
        """The difference, positive where new is better."""
        return self.difference if self.higher_is_better else -self.difference

    @property
    def verdict(self) -> Verdict:
        """Better or worse only where the corrected p is at most .05."""
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
    """One answer, why it is right or wrong, and the rule that decided it."""

    prediction: str
    right: bool
    rule: str
    level: int
    detail: str
    why: str
    """Why it is right or wrong, as a sentence."""
    em: float | None
    f1: float | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemChange(Abridged):
    """An item that was answered otherwise."""

    item: str
    kind: Literal["fixed", "broken", "changed"]
    """`changed`: another answer, the same verdict; EM and F1 may still have moved."""
    question: str
    golds: tuple[str, ...]
    """Empty where no answer is right."""
    base: SideAnswer
    new: SideAnswer


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pair(Abridged):
    """One model against another."""

    base: SideInfo
    new: SideInfo
    differing: dict[str, tuple[str, str]]
    """What else differs between the two: field -> values of base and new. These are the differences that were
    allowed, other backends, and whether the models can abstain (`no answer`)."""
    items: dict[str, int]
    """Track -> items compared."""
    facts: int
    cluster: Cluster
    clusters: int
    """What is resampled and flipped as a whole: facts or, of a public data set, contexts."""
    edited: tuple[Edited, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    verdict: Verdict
    """Of the first primary metric."""
    primary: tuple[MetricDifference, ...]
    exploratory: tuple[MetricDifference, ...]
    """All other metrics, and all metrics on every slice."""
    articles: tuple[ArticleDifference, ...]
    leave_one_article_out: tuple[float, float] | None
    """Least and greatest difference of the first primary metric when one article is left out."""
    changes: tuple[ItemChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What `--fail-on-regression` decided."""

    failed: bool
    rule: Literal["significant", "tolerance"]
    tolerance: float | None
    reasons: tuple[str, ...]
    """Why it failed, or why not: a sentence for each model and primary metric."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison:
    """Models of one run against models of another, or of the same.

    It prints as the verdict with a short table, and a notebook shows that as HTML.
    """

    pairs: tuple[Pair, ...]
    estimand: str
    notes: tuple[str, ...]
    resamples: int
    seed: int
    schema_version: int = COMPARISON_VERSION

    def __repr__(self) -> str:
        from qa_eval.comparisons.brief_comparison import comparison_text

        return comparison_text(self)

    def _repr_html_(self) -> str:
        from qa_eval.comparisons.brief_comparison import comparison_html

        return comparison_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One model among all that were compared with each other."""

    side: SideInfo
    value: float
    rank: int
    rank_interval: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairwiseDifference:
    """Two of the models; the first is the better one or, of equals, the one that stands first."""

    first: int
    """Place in `standings`."""
    second: int
    difference: float
    low: float | None
    """Lower end of the interval that goes with the corrected test; None on too few clusters."""
    high: float | None
    p_adjusted: float
    minimum_detectable_difference: float | None
    """Smallest true difference that the corrected test would show 4 times in 5; None where none could be."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AllPairs(Abridged):
    """Every model against every other, corrected together by maxT."""

    metric: str
    """`TRACK.METRIC`."""
    slice: str
    items: int
    facts: int
    cluster: Cluster
    clusters: int
    standings: tuple[Standing, ...]
    """Best first."""
    differences: tuple[PairwiseDifference, ...]
    estimand: str
    notes: tuple[str, ...]
    resamples: int
    seed: int
    schema_version: int = COMPARISON_VERSION
