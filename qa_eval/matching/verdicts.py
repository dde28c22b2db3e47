"""How a typed rule judged two texts: what passes from the rules to `match`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One rule's word on two texts."""

    level: int
    """As in `qa_eval.records.Match`."""
    rule: str
    """The rule that fired; `veto` if the texts conflict, `none` if no rule fires."""
    detail: str
    """For people: what was compared, or why nothing could be."""
