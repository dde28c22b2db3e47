"""The items that two runs share: the same question, the same text and the same golds.

Names and order do not count. If the question, article or golds of a fact were edited between two runs, its
items are different ones, and their answers are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qa_eval.data.content_hashes import item_sha256
from qa_eval.errors import QaEvalError
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.runs.schema import PredictionRow, Row
from qa_eval.runs.store import Run

EditedPart = Literal["question", "context", "golds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One model's answers in one run."""

    run: Run
    row: Row

    @property
    def name(self) -> str:
        """The run's name, if it has one, and the model's spec."""
        run, spec = self.run.leaderboard.name, self.row.model.spec
        return f"{run} · {spec}" if run else spec

    def answers(self) -> list[PredictionRow]:
        """The stored answers. Raises QaEvalError if there are none, and InputError as `Run.scored` does."""
        return list(stored_answers(self.run, self.row, self.name))


def stored_answers(run: Run, row: Row, name: str, *, candidates: bool = False) -> Iterator[PredictionRow]:
    """The answers of a row of a run, with their candidates if `candidates`. Errors name the row by `name`.

    Raises QaEvalError if no answers are stored, and InputError as `Run.scored` does.
    """
    if row.predictions is None:
        why = f": {row.error}" if row.error else ""
        raise QaEvalError(f"{name}: no answers are stored{why}")
    return run.stream(row) if candidates else run.scored(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An item that was edited between the two runs."""

    item: str
    parts: tuple[EditedPart, ...]
    """Parts that differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The matched items of two models, base and new."""

    pairs: tuple[tuple[PredictionRow, PredictionRow], ...]
    """Matched answers, in the order of the base."""
    edited: tuple[Edited, ...]
    added: tuple[str, ...]
    """Items that only the new model has."""
    removed: tuple[str, ...]
    """Items that only the base has."""


def pair_items(base: Sequence[PredictionRow], new: Sequence[PredictionRow]) -> Pairing:
    """Matches items of equal content. If several have the same content, those of equal name come first.

    Raises QaEvalError if a side has an item twice.
    """
    _refuse_twice(base)
    _refuse_twice(new)
    waiting: dict[str, dict[str, PredictionRow]] = {}
    for row in new:
        waiting.setdefault(_content(row), {})[row.item] = row
    partner: dict[str, PredictionRow] = {}
    for named in (True, False):
        for row in base:
            same = waiting.get(_content(row))
            if same and row.item not in partner and (row.item in same or not named):
                partner[row.item] = same.pop(row.item if row.item in same else next(iter(same)))
    left = {row.item: row for rows in waiting.values() for row in rows.values()}
    lost = [row for row in base if row.item not in partner]
    edited = [Edited(item=row.item, parts=_edits(row, left[row.item])) for row in lost if row.item in left]
    both = {e.item for e in edited}
    return Pairing(
        pairs=tuple((row, partner[row.item]) for row in base if row.item in partner),
        edited=tuple(edited),
        added=tuple(row.item for row in new if row.item in left and row.item not in both),
        removed=tuple(row.item for row in lost if row.item not in both),
    )


def common_answers(sides: Sequence[Side]) -> list[dict[str, PredictionRow]]:
    """The answers of each side to the items that all sides asked, with the names and the order of the first
    side.

    All sides have the same number of answers, which may be 0. Raises as `Side.answers` and `pair_items` do.
    """
    if not sides:
        return []
    first = sides[0].answers()
    partners = [{row.item: row for row in first}]
    for side in sides[1:]:
        partners.append({a.item: b for a, b in pair_items(first, side.answers()).pairs})
    shared = [row.item for row in first if all(row.item in found for found in partners)]
    return [{name: found[name] for name in shared} for found in partners]


def common_scores(sides: Sequence[Side]) -> list[tuple[ItemScore, ...]]:
    """The scores of each side on the items that all sides asked, with the names of the first side.

    There may be no such items. Raises as `common_answers` does.
    """
    answers = common_answers(sides)
    return [tuple(filed(row, answers[0][name]) for name, row in found.items()) for found in answers]


def filed(answer: PredictionRow, like: PredictionRow) -> PredictionRow:
    """The answer with the name and the category that its item has in another run."""
    if _names(answer) == _names(like):
        return answer
    return replace(answer, item=like.item, fact=like.fact, article=like.article, category=like.category)


def _names(row: PredictionRow) -> tuple[str, ...]:
    return row.item, row.fact, row.article, row.category


def _content(row: PredictionRow) -> str:
    content = item_sha256(row.question_sha256, row.context_sha256, row.gold_sha256)
    return f"{row.track}:{content}"


def _edits(base: PredictionRow, new: PredictionRow) -> tuple[EditedPart, ...]:
    hashes: dict[EditedPart, str] = {"question": "question", "context": "context", "golds": "gold"}
    return tuple(
        part
        for part, name in hashes.items()
        if getattr(base, f"{name}_sha256") != getattr(new, f"{name}_sha256")
    )


def _refuse_twice(rows: Sequence[PredictionRow]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.item in seen:
            raise QaEvalError(f"{row.item}: stored twice; `qa-eval verify` says more")
        seen.add(row.item)
