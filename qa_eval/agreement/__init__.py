"""The verb `questions agree`: how far two people who answered the same questions agree."""

from qa_eval.agreement.comparing import Agreement, Disagreement, compare_annotations
from qa_eval.agreement.formats import draw_agreement, render_agreement_json

__all__ = [
    "Agreement",
    "Disagreement",
    "compare_annotations",
    "draw_agreement",
    "render_agreement_json",
]
