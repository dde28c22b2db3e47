"""No-answer thresholds: one for each cluster, fitted on the other clusters only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qa_eval.files.hashes import sha256_text
from qa_eval.metrics.decisions import abstains
from qa_eval.metrics.rules.squad import SQUAD_V2, Rules
from qa_eval.records import Corpus, ItemId, Prediction

FOLDS = 5


Target = Literal["balanced_f1", "f1"]
"""Target of the fit."""


@dataclass(frozen=True, slots=True)
class ThresholdCase:
    """The contribution of one reading item to the target, when it is answered and when it is not."""

    cluster: str
    """Fact, or context of a public data set. Its items are left out together."""
    answerable: bool
    margin: float | None
    """Null score - best score. None if no threshold can change the answer."""
    answered: float
    """Score of answering: F1, or 0 on a silent item (1 if the answer itself is empty)."""


def cross_fit_thresholds(
    corpus: Corpus, predictions: Mapping[str, Prediction], items: Iterable[ItemId]
) -> dict[str, float]:
    """Map from fact id to the threshold for the fact's answers. It is the best one by balanced F1 on the
    canonical reading items of other facts.

    `predictions` are by item id. A missing or failed one scores 0 with every threshold.
    """
    wanted = list(items)
    questions = {q.id: q for q in corpus.questions}
    cases = []
    for item in wanted:
        if item.track == "reading" and item.paraphrase == 0:
            golds = questions[item.fact].own_golds(item.article)
            cases.append(threshold_case(item.fact, golds, predictions.get(str(item))))
    return fit_thresholds(cases, (i.fact for i in wanted))


def fit_thresholds(
    cases: Sequence[ThresholdCase], clusters: Iterable[str], target: Target = "balanced_f1"
) -> dict[str, float]:
    """The threshold of each cluster, by cross-fitting in five folds.

    The hashes of the clusters' names assign the folds, so the folds depend on nothing but the set of
    clusters. Each fold gets the threshold that is best on the other folds. The candidates lie halfway between
    neighbouring margins, and 1 beyond the first and the last. Among equally good candidates the one nearest
    to 0 wins; if two are equally near, the negative one. The threshold is 0 where the other folds lack
    answerable items, silent items or margins.
    """
    folds = fold_of(clusters)
    fitted = [_best_threshold([c for c in cases if folds[c.cluster] != f], target) for f in range(FOLDS)]
    return {cluster: fitted[fold] for cluster, fold in folds.items()}


def fold_of(clusters: Iterable[str]) -> dict[str, int]:
    """Which fold each cluster is in: dealt in turn, in the order of the hashes of the names.

    >>> sorted(fold_of("abcdefg").values())
    [0, 0, 1, 1, 2, 3, 4]
    """
    ordered = sorted(set(clusters), key=lambda c: (sha256_text(c), c))
    return {cluster: i % FOLDS for i, cluster in enumerate(ordered)}


def threshold_case(
    cluster: str, golds: Sequence[str], prediction: Prediction | None, rules: Rules = SQUAD_V2
) -> ThresholdCase:
    """The contribution of a prediction. A missing or failed one scores 0, and no threshold changes it."""
    if prediction is None or prediction.error is not None:
        return ThresholdCase(cluster, bool(golds), None, 0.0)
    best = prediction.n_best[0] if prediction.n_best else None
    own_text = prediction.text if prediction.text is not None else best.text if best is not None else ""
    worth = rules.score(own_text, golds)[1] if golds else float(abstains(own_text))
    margin = None
    if prediction.text is None and best is not None and prediction.null_score is not None:
        margin = prediction.null_score - best.score
    return ThresholdCase(cluster, bool(golds), margin, worth)


def _best_threshold(cases: Sequence[ThresholdCase], target: Target) -> float:
    sides = (sum(c.answerable for c in cases), sum(not c.answerable for c in cases))
    movable = sorted((c for c in cases if c.margin is not None), key=lambda c: c.margin or 0.0)
    if not movable or not all(sides):
        return 0.0
    margins: NDArray[np.float64] = np.array([c.margin for c in movable], dtype=np.float64)
    # A cut moved up past an item turns it from abstained to answered: it gains `answered`, and a silent item
    # loses the 1 that abstaining is worth. Sums closer than rounding are taken as equal.
    parts = (2 * sides[0], 2 * sides[1]) if target == "balanced_f1" else (len(cases), len(cases))
    gains = np.array([_gain(c, parts) for c in movable])
    totals = np.append(0.0, np.cumsum(gains))
    places = np.flatnonzero(np.append(True, np.append(margins[1:] != margins[:-1], True)))
    cuts = np.array([_cut(margins, int(place)) for place in places])
    values = totals[places]
    best = cuts[values >= values.max() - 1e-12]
    return float(min(best, key=lambda cut: (abs(cut), cut)))


def _gain(case: ThresholdCase, parts: tuple[int, int]) -> float:
    """The gain of the target when the item is answered, with `parts` answerable and silent items."""
    return case.answered / parts[0] if case.answerable else (case.answered - 1.0) / parts[1]


def _cut(margins: NDArray[np.float64], place: int) -> float:
    """A threshold that answers exactly the first `place` items in the order of their margins."""
    if place == 0:
        return float(margins[0] - 1.0)
    if place == len(margins):
        return float(margins[-1] + 1.0)
    low, high = float(margins[place - 1]), float(margins[place])
    middle = low + (high - low) / 2
    return middle if low <= middle < high else low
