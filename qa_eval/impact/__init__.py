"""The verb `questions impact`: what a change of the questions is, and what it does to every number."""

from qa_eval.impact.formats import draw_impact, render_impact_json, render_impact_markdown
from qa_eval.impact.history import Past, read_past
from qa_eval.impact.measuring import Impact, find_changes, measure_impact

__all__ = [
    "Impact",
    "Past",
    "draw_impact",
    "find_changes",
    "measure_impact",
    "read_past",
    "render_impact_json",
    "render_impact_markdown",
]
