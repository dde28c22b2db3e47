"""The matrix of models and items, as plain values: one letter for each answer, and shares by category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from qa_eval.report.content import Item, ReportContent, ReportModel, ShownAnswer
from qa_eval.text.phrases import shorten
from qa_eval.text.terminal import clean


class Cell(Enum):
    """What one answer to one item is. The value is the letter that stands for it in the page's data."""

    RIGHT = "r"
    """A right answer."""
    RIGHT_SILENCE = "s"
    """No answer, where there is none."""
    WRONG = "w"
    """A wrong answer, where there is a right one."""
    LEAK = "l"
    """Another source's claim, where the text has its own."""
    MISSED = "m"
    """No answer, where there is one."""
    INVENTED = "i"
    """An answer, where there is none."""
    FAILED = "f"
    """No prediction on an item that has an answer."""
    FAILED_SILENT = "g"
    """No prediction on an item that has none."""

    @property
    def right(self) -> bool:
        return self in (Cell.RIGHT, Cell.RIGHT_SILENCE)

    @property
    def answerable(self) -> bool:
        """Whether the text has an answer."""
        return self not in (Cell.RIGHT_SILENCE, Cell.INVENTED, Cell.FAILED_SILENT)

    @property
    def answered(self) -> bool | None:
        """Whether the model answered; None where it gave no prediction."""
        if self in (Cell.FAILED, Cell.FAILED_SILENT):
            return None
        return self in (Cell.RIGHT, Cell.WRONG, Cell.LEAK, Cell.INVENTED)


NAMES: Mapping[Cell, str] = {
    Cell.RIGHT: "right answer",
    Cell.RIGHT_SILENCE: "rightly no answer",
    Cell.WRONG: "wrong answer",
    Cell.LEAK: "another source’s claim",
    Cell.INVENTED: "answered, though the text is silent",
    Cell.MISSED: "no answer, though there is one",
    Cell.FAILED: "failed",
    Cell.FAILED_SILENT: "failed",
}
MISTAKES: Mapping[Cell, str] = {
    Cell.INVENTED: "it answers where the text is silent",
    Cell.MISSED: "it gives no answer where the text has one",
    Cell.WRONG: "it answers wrongly where the text has an answer",
    Cell.LEAK: "it makes another source’s claim",
    Cell.FAILED: "it fails",
    Cell.FAILED_SILENT: "it fails",
}
"""What a model does that makes such a mistake."""


def cell_of(item: Item, said: ShownAnswer) -> Cell:
    """What an answer to an item is."""
    answerable = bool(item.golds)
    if said.outcome == "failed":
        return Cell.FAILED if answerable else Cell.FAILED_SILENT
    if said.outcome == "none":
        return Cell.MISSED if answerable else Cell.RIGHT_SILENCE
    if not answerable:
        return Cell.INVENTED
    if said.right:
        return Cell.RIGHT
    return Cell.LEAK if said.outcome == "leak" else Cell.WRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """The share of right answers of each model in one category."""

    name: str
    items: int
    shares: tuple[float, ...]
    """In the order of the models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixView:
    """All items that have a page, by all models that answered."""

    models: tuple[ReportModel, ...]
    items: int
    categories: tuple[CategoryRow, ...]
    """Hardest first; all items last."""
    data: Mapping[str, Any]
    """What the script draws the matrix from."""


_LONGEST_QUESTION = 120


def matrix_view(evidence: ReportContent) -> MatrixView | None:
    """None where nothing is scored, or there is no item or model."""
    models = tuple(m for m in evidence.models if m.row.predictions is not None)
    if not evidence.scored or not evidence.facts or not models:
        return None
    places = {model.number: place for place, model in enumerate(models)}
    right: dict[str, list[list[bool]]] = {}
    facts, items = [], []
    for number, fact in enumerate(evidence.facts):
        words = clean(shorten(" ".join((fact.words or fact.id).split()), _LONGEST_QUESTION))
        kind = fact.relation or ("contested" if fact.contested else "settled" if fact.question else "")
        facts.append([fact.slug, words, clean(fact.category), kind])
        by_model = right.setdefault(fact.category, [[] for _ in models])
        for item in (item for item in fact.items if not item.id.paraphrase):
            letters = ["-"] * len(models)
            for said in item.answers:
                letters[places[said.model]] = cell_of(item, said).value
                by_model[places[said.model]].append(said.right)
            items.append([number, item.id.article, item.anchor, "".join(letters)])
    every = [[answer for rows in right.values() for answer in rows[n]] for n in range(len(models))]
    rows = sorted((_category(name, rows) for name, rows in right.items()), key=lambda row: sum(row.shares))
    named = [row for row in rows if row.name]
    return MatrixView(
        models=models,
        items=len(items),
        categories=(*named, _category("All items", every)),
        data={
            "models": [[clean(m.name), m.slug] for m in models],
            "facts": facts,
            "items": items,
            "places": {a: clean(label) for a, label in evidence.article_names.items()},
            "cells": {cell.value: name for cell, name in NAMES.items()},
        },
    )


def _category(name: str, rows: list[list[bool]]) -> CategoryRow:
    return CategoryRow(
        name=name,
        items=max(map(len, rows)),
        shares=tuple(sum(row) / len(row) if row else 0.0 for row in rows),
    )
