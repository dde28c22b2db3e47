"""Scoring a set of answers against a set of claims, each with several wordings."""

from __future__ import annotations

from collections.abc import Sequence

from qa_eval.matching.normal_form import normalize
from qa_eval.metrics.rules.squad import SQUAD_V2


def set_f1(predicted: Sequence[str], gold_sets: Sequence[Sequence[str]]) -> float:
    """F1 of a set of answers against a set of claims, a fraction in [0, 1].

    A prediction hits a claim if it equals one of its wordings under the `squad-v2.0` rules. Predictions and
    claims are paired one to one with as many hits as possible. Precision is hits over predictions, and recall
    is hits over claims. Predictions are not de-duplicated here, so naming one claim twice costs precision.
    The value is 1.0 if both sides are empty, and 0.0 if one side is. Never raises.

    Source: Min et al., AmbigQA (2020), with the best pairing in place of a greedy one, so that the order of
    the answers cannot matter.

    >>> set_f1(["over 400", "417", "many"], [["417", "four hundred seventeen"], ["over 400"]])
    0.8
    """
    if not predicted or not gold_sets:
        return float(not predicted and not gold_sets)
    wordings = [{normalize(gold) for gold in SQUAD_V2.golds(golds)} for golds in gold_sets]
    reachable = [
        [index for index, accepted in enumerate(wordings) if normalize(text) in accepted]
        for text in predicted
    ]
    hits = _largest_pairing(reachable)
    return 2 * hits / (len(predicted) + len(gold_sets))


def _largest_pairing(reachable: Sequence[Sequence[int]]) -> int:
    """The most pairs in which no left and no right side occurs twice (Kuhn's augmenting paths)."""
    holder: dict[int, int] = {}

    def seat(left: int, refused: set[int]) -> bool:
        for right in reachable[left]:
            if right in refused:
                continue
            refused.add(right)
            if right not in holder or seat(holder[right], refused):
                holder[right] = left
                return True
        return False

    return sum(seat(left, set()) for left in range(len(reachable)))
