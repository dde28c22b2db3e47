"""Which items of two runs are the same: those that asked the same words of the same text with the same golds.

Names and order do not count. A fact whose question, article or golds were edited between two runs is another
item in each, and answers to it are not compared.
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
        """The stored answers. Raises InputError as `Run.scored`, QaEvalError where there are none."""
        return list(stored_answers(self.run, self.row, self.name))


def stored_answers(run: Run, row: Row, name: str) -> Iterator[PredictionRow]:
    """The answers of a row of a run; `name` is what an error calls it.

    Raises QaEvalError where none are stored, and InputError as `Run.scored`.
    """
    if row.predictions is None:
        why = f": {row.error}" if row.error else ""
        raise QaEvalError(f"{name}: no answers are stored{why}")
    return run.scored(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An item that both runs asked, but not alike."""

    item: str
    parts: tuple[EditedPart, ...]
    """What differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The items of two models, base and new, matched."""

    pairs: tuple[tuple[PredictionRow, PredictionRow], ...]
    """In the order of the base."""
    edited: tuple[Edited, ...]
    added: tuple[str, ...]
    """Items of the new model alone."""
    removed: tuple[str, ...]
    """Items of the base alone."""


def pair_items(base: Sequence[PredictionRow], new: Sequence[PredictionRow]) -> Pairing:
    """Matches items of equal content; of several of one content, first those of one name.

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
    """Each side's answers to the items that all sides asked, under the names that the first gives them.

    In the order of the first; all equally many, perhaps none. Raises as `Side.answers` and `pair_items`.
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
    """Each side's scores of the items that all sides asked, named as the first names them; perhaps none.

    Raises as `common_answers`.
    """
    answers = common_answers(sides)
    return [tuple(filed(row, answers[0][name]) for name, row in found.items()) for found in answers]


def filed(answer: PredictionRow, like: PredictionRow) -> PredictionRow:
    """The answer to an item, under the name and in the category that the same item has in another run."""
    return replace(answer, item=like.item, fact=like.fact, article=like.article, category=like.category)


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
