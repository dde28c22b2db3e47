"""`qa-eval compare`: whether a difference between two models is real, how large, and where."""

from __future__ import annotations

from qa_eval.compare.all_pairs import MOST_MODELS, compare_all
from qa_eval.compare.choosing import MAY_DIFFER
from qa_eval.compare.comparing import compare_runs
from qa_eval.compare.drawing import draw_comparison
from qa_eval.compare.formats import render_comparison_json, render_comparison_markdown
from qa_eval.compare.gating import regression_gate
from qa_eval.compare.result import AllPairs, Comparison, Gate, MetricDifference, Pair

__all__ = [
    "MAY_DIFFER",
    "MOST_MODELS",
    "AllPairs",
    "Comparison",
    "Gate",
    "MetricDifference",
    "Pair",
    "compare_all",
    "compare_runs",
    "draw_comparison",
    "regression_gate",
    "render_comparison_json",
    "render_comparison_markdown",
]
