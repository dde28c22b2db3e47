"""The verb `questions`: check a set, count what it holds, mend it, add to it, probe a model."""

from qa_eval.questions.checking import (
    CHECK_FORMATS,
    STATS_FORMATS,
    annotation,
    finding_line,
    render_annotations,
    render_summary,
    run_check,
    run_stats,
    verdict,
)

__all__ = [
    "CHECK_FORMATS",
    "STATS_FORMATS",
    "annotation",
    "finding_line",
    "render_annotations",
    "render_summary",
    "run_check",
    "run_stats",
    "verdict",
]
