"""The verb `questions`: check a set, count what it holds, put it in its canonical form, add to it."""

from qa_eval.questions.checking import (
    CHECK_FORMATS,
    STATS_FORMATS,
    annotation,
    finding_line,
    render_annotations,
    run_check,
    run_stats,
    verdict,
)
from qa_eval.questions.drafting import Draft, Hit, draft_question, find_hits
from qa_eval.questions.files import Addition, FileFix, add_question, fix_questions, judge_addition
from qa_eval.questions.fixing import canonical_line, fix_lines
from qa_eval.questions.probing import Probe, Reply, probe_question

__all__ = [
    "CHECK_FORMATS",
    "STATS_FORMATS",
    "Addition",
    "Draft",
    "FileFix",
    "Hit",
    "Probe",
    "Reply",
    "add_question",
    "annotation",
    "canonical_line",
    "draft_question",
    "find_hits",
    "finding_line",
    "fix_lines",
    "fix_questions",
    "judge_addition",
    "probe_question",
    "render_annotations",
    "run_check",
    "run_stats",
    "verdict",
]
