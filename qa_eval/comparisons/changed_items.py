"""The items with a different answer: fixed, broken, or changed with the same verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from qa_eval.comparisons.differences import ItemChange, SideAnswer
from qa_eval.metrics.listings import answer_metrics, answer_scores
from qa_eval.metrics.reasons import deciding_rule, why
from qa_eval.runs.schema import PredictionRow


def changed_items(pairs: Iterable[tuple[PredictionRow, PredictionRow]]) -> list[ItemChange]:
    """The items whose answers differ in text or verdict: the fixed ones, then the broken ones, then the
    rest.
    """
    metrics = answer_metrics()
    found = [change for base, new in pairs if (change := _change(base, new, metrics)) is not None]
    order = ("fixed", "broken", "changed")
    return sorted(found, key=lambda change: order.index(change.kind))


def _change(base: PredictionRow, new: PredictionRow, metrics: Sequence[tuple[str, str]]) -> ItemChange | None:
    kind: Literal["fixed", "broken", "changed"] = "changed"
    if base.right != new.right:
        kind = "fixed" if new.right else "broken"
    elif base.prediction == new.prediction:
        return None
    return ItemChange(
        item=base.item,
        kind=kind,
        question=base.question,
        golds=tuple(base.golds),
        base=_answer(base, metrics),
        new=_answer(new, metrics),
    )


def _answer(row: PredictionRow, metrics: Sequence[tuple[str, str]]) -> SideAnswer:
    scores = answer_scores(row.scores, metrics)
    rule = deciding_rule(row)
    return SideAnswer(
        prediction=row.prediction,
        right=row.right,
        rule=rule.rule,
        level=rule.level,
        detail=rule.detail,
        why=why(row),
        em=scores.get("em"),
        f1=scores.get("f1"),
    )


def telling_changes(changes: Sequence[ItemChange], most: int = 5) -> list[ItemChange]:
    """The fixed and broken items that show best what changed, the more frequent kind first.

    The two kinds share the `most` places in proportion, with at least one place each. Within a kind, items
    that both sides answered come first, then those whose F1 changed most. Every fact gets one item before any
    gets two.
    """
    kinds = [[c for c in changes if c.kind == kind] for kind in ("fixed", "broken")]
    fewer, more = sorted(kinds, key=len)
    if len(changes) and fewer:
        few = min(len(fewer), max(1, round(most * len(fewer) / (len(fewer) + len(more)))))
    else:
        few = 0
    return [*_most_telling(more, most - few), *_most_telling(fewer, few)]


def _most_telling(changes: Sequence[ItemChange], most: int) -> list[ItemChange]:
    def order(change: ItemChange) -> tuple[bool, float]:
        one, other = change.base, change.new
        both = bool(one.prediction) and bool(other.prediction)
        return not both, -abs((other.f1 or 0.0) - (one.f1 or 0.0))

    found = sorted(changes, key=order)
    seen: dict[str, int] = {}
    times = []
    for change in found:
        fact = change.item.partition("@")[0].partition("~")[0]
        times.append(seen.get(fact, 0))
        seen[fact] = times[-1] + 1
    return [change for _, change in sorted(zip(times, found, strict=True), key=lambda pair: pair[0])][:most]
