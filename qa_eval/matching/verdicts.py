"""The verdict of a typed rule on two texts, which `match` receives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict of one rule on two texts."""

    level: int
    """Level, as in `qa_eval.records.Match`."""
    rule: str
    """Name of the rule that applied; `veto` if the texts conflict, `none` if no rule applies."""
    detail: str
    """Text for people: what was compared, or why nothing could be."""
