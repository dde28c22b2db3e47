"""The record of one item: what was asked, what was answered, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qa_eval.metrics.decisions import abstains, logit
from qa_eval.records import Answer, AnswerType, Fraction, ItemId, Match, Relation, Stored, Track

UNSCORED_RULE = "unscored"
"""The rule of the verdict on an answer where the data set does not give its own."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemScore(Stored):
    """One item, the answer to it, and what that is worth.

    All that metrics, comparisons and merged leaderboards need. A line of a predictions file holds it, and
    the rest of what the model said.
    """

    item: str
    fact: str
    article: str
    """An article id, or `*` on the pooled track."""
    track: Track
    category: str = ""
    """Empty on public data sets."""
    answer_type: AnswerType = "text"
    """On public data sets, what the question asks for if it tells, else `text`."""
    contested: bool = False
    """True if the sources disagree on the fact."""
    relation: Relation | None = None
    prediction: str
    """"" when abstaining."""
    span: tuple[int, int] | None = None
    """Characters of the source article, half-open. On the reading track of a set with claims, only where
    the article has the prediction there."""
    score: float | None = None
    """The best candidate's score, chosen or not."""
    null_score: float | None = None
    no_answer_probability: Fraction | None = None
    confidence: Fraction | None = None
    """Probability of what was answered (of the null answer when abstaining)."""
    truncated: bool = False
    golds: tuple[str, ...] = ()
    """Right answers: on the reading track those of the article, on the pooled one those of any."""
    matched_claim: str | None = None
    """The claim that the prediction makes; None for none or an ambiguous one."""
    match: Match
    """The rule that credited the answer or, if none did, the most telling refusal."""
    scores: dict[str, float] = field(default_factory=dict)
    """Per-item values of the metrics, by metric id; what is not defined for the item is absent."""
    marks: tuple[str, ...] | None = None
    """Further slices of an item whose fact has its own passages; None where facts share articles."""
    missing: bool = False
    """True if the model gave no prediction; it scores 0."""
    error: str | None = None

    @property
    def paraphrase(self) -> int:
        """The number of the paraphrase that was asked; 0 for the canonical question.

        Raises ValueError for an item id that is none.
        """
        return ItemId.parse(self.item).paraphrase

    @property
    def failed(self) -> bool:
        """Whether there is no answer because the model failed on the item, or passed it over."""
        return self.missing or self.error is not None

    @property
    def answered(self) -> bool:
        """Whether the answer says something."""
        return not self.failed and not abstains(self.prediction)

    @property
    def unscored(self) -> bool:
        """Whether nothing is known of the answer's worth: the data set does not give its answers."""
        return self.match.rule == UNSCORED_RULE

    @property
    def answerable(self) -> bool:
        """Whether some answer is right, as far as is known. False where silence is."""
        return bool(self.golds) or self.unscored

    @property
    def right(self) -> bool:
        """Whether the answer was given, or withheld, as it should be."""
        return self.match.ok and not self.failed

    @property
    def correct(self) -> bool:
        """What `confidence` is about: the match.

        On data without claims it is EM, because most questions there have no type.
        """
        has_claims = "em" not in self.scores or "em_any" in self.scores
        return self.match.ok if has_claims else self.scores["em"] == 1.0

    @property
    def scored_confidence(self) -> float | None:
        """The confidence where it can be held against `correct`: None for failed and unscored items."""
        return None if self.failed or self.unscored else self.confidence

    @property
    def copied(self) -> bool:
        """Whether the answer is a span of the one article that was asked."""
        return self.track == "reading" and self.span is not None

    @property
    def no_answer_margin(self) -> float | None:
        """How strongly no answer is believed: null score - best score; else the given probability's logit.

        None where the model says neither, and where there is no answer or nothing is scored. Ranks the items
        of one model only.
        """
        if self.failed or self.unscored:
            return None
        if self.null_score is not None and self.score is not None:
            return self.null_score - self.score
        return logit(self.no_answer_probability) if self.no_answer_probability is not None else None


def answered_item(item: ItemId, answer: Answer) -> dict[str, Any]:
    """The fields of an `ItemScore` that say what was asked and answered."""
    return {
        "item": str(item),
        "fact": item.fact,
        "article": item.article,
        "track": item.track,
        "prediction": answer.text,
        "score": answer.score,
        "null_score": answer.null_score,
        "no_answer_probability": answer.no_answer_probability,
        "confidence": answer.confidence,
        "truncated": answer.truncated,
        "missing": answer.missing,
        "error": answer.error,
    }


def span_of(answer: Answer) -> tuple[int, int] | None:
    """The characters that the answer says it is; None where it does not say."""
    chosen = answer.candidate
    if chosen is None or chosen.start is None or chosen.end is None:
        return None
    return chosen.start, chosen.end
