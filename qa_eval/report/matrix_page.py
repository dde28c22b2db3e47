"""The values of the matrix page: one letter for each answer of each model, and shares by category."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from qa_eval.report.content import Item, ReportContent, ReportModel, ShownAnswer
from qa_eval.text.phrases import shorten
from qa_eval.text.terminal import clean


class AnswerKind(Enum):
    """The kind of an answer to an item. The value is its letter in the data of the page."""

    RIGHT = "r"
    """A right answer."""
    RIGHT_SILENCE = "s"
    """No answer where the text has none."""
    WRONG = "w"
    """A wrong answer where the text has an answer."""
    LEAK = "l"
    """Another source's claim where the text has a claim of its own."""
    MISSED = "m"
    """No answer where the text has one."""
    INVENTED = "i"
    """An answer where the text has none."""
    FAILED = "f"
    """No prediction for an item with an answer."""
    FAILED_SILENT = "g"
    """No prediction for an item without an answer."""

    @property
    def right(self) -> bool:
        return self in (AnswerKind.RIGHT, AnswerKind.RIGHT_SILENCE)

    @property
    def answerable(self) -> bool:
        """Whether the text has an answer."""
        return self not in (AnswerKind.RIGHT_SILENCE, AnswerKind.INVENTED, AnswerKind.FAILED_SILENT)

    @property
    def answered(self) -> bool | None:
        """Whether the model answered; None if it gave no prediction."""
        if self in (AnswerKind.FAILED, AnswerKind.FAILED_SILENT):
            return None
        return self in (AnswerKind.RIGHT, AnswerKind.WRONG, AnswerKind.LEAK, AnswerKind.INVENTED)


NAMES: Mapping[AnswerKind, str] = {
    AnswerKind.RIGHT: "right answer",
    AnswerKind.RIGHT_SILENCE: "no answer, which is right",
    AnswerKind.WRONG: "wrong answer",
    AnswerKind.LEAK: "another source’s claim",
    AnswerKind.INVENTED: "answered, although the text is silent",
    AnswerKind.MISSED: "no answer, although there is one",
    AnswerKind.FAILED: "failed",
    AnswerKind.FAILED_SILENT: "failed",
}
MISTAKES: Mapping[AnswerKind, str] = {
    AnswerKind.INVENTED: "it answers where the text is silent",
    AnswerKind.MISSED: "it gives no answer where the text has one",
    AnswerKind.WRONG: "it answers wrongly where the text has an answer",
    AnswerKind.LEAK: "it makes another source’s claim",
    AnswerKind.FAILED: "it fails",
    AnswerKind.FAILED_SILENT: "it fails",
}
"""Words for what a model does when it makes a mistake of each kind."""


def kind_of(item: Item, said: ShownAnswer) -> AnswerKind:
    """The kind of an answer to an item."""
    answerable = bool(item.golds)
    if said.outcome == "failed":
        return AnswerKind.FAILED if answerable else AnswerKind.FAILED_SILENT
    if said.outcome == "none":
        return AnswerKind.MISSED if answerable else AnswerKind.RIGHT_SILENCE
    if not answerable:
        return AnswerKind.INVENTED
    if said.right:
        return AnswerKind.RIGHT
    return AnswerKind.LEAK if said.outcome == "leak" else AnswerKind.WRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    """A category with the share of right answers of each model."""

    name: str
    items: int
    shares: tuple[float, ...]
    """Shares in the order of the models."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixView:
    """The matrix of all items that have a page and all models that answered."""

    models: tuple[ReportModel, ...]
    items: int
    categories: tuple[CategoryRow, ...]
    """Categories, hardest first, and a row for all items last."""
    data: Mapping[str, Any]
    """Data from which the script draws the matrix."""


_LONGEST_QUESTION = 120


def matrix_view(evidence: ReportContent) -> MatrixView | None:
    """The values of the page; None if nothing is scored or there is no item or model."""
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
                letters[places[said.model]] = kind_of(item, said).value
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
