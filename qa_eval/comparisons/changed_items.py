"""The items that were answered otherwise: fixed, broken, or changed under the same verdict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from qa_eval.comparisons.differences import ItemChange, SideAnswer
from qa_eval.metrics.listings import answer_scores
from qa_eval.runs.schema import PredictionRow


def changed_items(pairs: Iterable[tuple[PredictionRow, PredictionRow]]) -> list[ItemChange]:
    """Every pair of answers that differ in text or verdict: what was fixed, what broke, then the rest."""
    found = [change for base, new in pairs if (change := _change(base, new)) is not None]
    order = ("fixed", "broken", "changed")
    return sorted(found, key=lambda change: order.index(change.kind))


def _change(base: PredictionRow, new: PredictionRow) -> ItemChange | None:
    base_answer, new_answer = _answer(base), _answer(new)
    kind: Literal["fixed", "broken", "changed"] = "changed"
    if base_answer.right != new_answer.right:
        kind = "fixed" if new_answer.right else "broken"
    elif base_answer.prediction == new_answer.prediction:
        return None
    return ItemChange(
        item=base.item,
        kind=kind,
        question=base.question,
        golds=tuple(base.golds),
        base=base_answer,
        new=new_answer,
    )


def _answer(row: PredictionRow) -> SideAnswer:
    scores = answer_scores(row.scores)
    return SideAnswer(
        prediction=row.prediction,
        right=row.right,
        rule=row.match.rule,
        level=row.match.level,
        detail=row.match.detail,
        em=scores.get("em"),
        f1=scores.get("f1"),
    )
