"""The record of one item: the question, the answer and the scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from qa_eval.metrics.decisions import abstains, logit
from qa_eval.records import (
    Answer,
    AnswerType,
    Fraction,
    ItemId,
    ItemText,
    Match,
    ReadingVerdict,
    Relation,
    Stored,
    Track,
)

UNSCORED_RULE = "unscored"
"""Rule of the verdict on an answer if the data set does not publish its answers."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemScore(Stored):
    """One item, its answer and the scores.

    Metrics, comparisons and merged leaderboards need nothing else. A line of a predictions file holds it and
    the rest of the prediction.
    """

    item: ItemText
    fact: str
    article: str
    """Id of the article, or `*` on the pooled track."""
    track: Track
    category: str = ""
    """Category of the fact. Empty on public data sets."""
    answer_type: AnswerType = "text"
    """Type of the answer. On public data sets, the type that the question asks for, or `text` if unknown."""
    contested: bool = False
    """Whether the sources disagree on the fact."""
    relation: Relation | None = None
    prediction: str
    """Answer. Empty when abstaining."""
    span: tuple[int, int] | None = None
    """Characters of the source article, half-open. On the reading track of a set with claims, only where
    the article has the prediction there."""
    score: float | None = None
    """Score of the best candidate, chosen or not."""
    null_score: float | None = None
    no_answer_probability: Fraction | None = None
    confidence: Fraction | None = None
    """Probability of the answer (of the null answer when abstaining)."""
    truncated: bool = False
    golds: tuple[str, ...] = ()
    """Right answers: on the reading track those of the article, on the pooled one those of any."""
    matched_claim: str | None = None
    """Id of the claim that the prediction makes. None for no claim or an ambiguous one."""
    match: Match
    """The rule of the typed match that credited the answer or, if none did, the most telling refusal."""
    verdict: ReadingVerdict | None = None
    """Verdict of the reader of answers in words. None for a span, for no answer, and on data without claims.
    """
    asserted: tuple[str, ...] | None = None
    """Ids of the claims that an answer in words asserts. None where `verdict` is."""
    scores: dict[str, float] = field(default_factory=dict)
    """Values of the item by metric id. A metric that is not defined for the item is absent."""
    marks: tuple[str, ...] | None = None
    """Further slices of an item whose fact has its own passages; None if facts share articles."""
    missing: bool = False
    """Whether the model gave no prediction. The item then scores 0."""
    error: str | None = None
    failed_prompts: dict[str, str] | None = None
    """Error of each further prompt of the item that failed, by the prompt's id: without any passage, or in
    another order. None if none failed."""

    @property
    def paraphrase(self) -> int:
        """The number of the paraphrase that was asked; 0 for the canonical question.

        Raises ValueError for an item id that is none.
        """
        return _paraphrase_of(self.item)

    @property
    def failed(self) -> bool:
        """Whether there is no answer because the model failed on the item or left it out."""
        return self.missing or self.error is not None

    @property
    def answered(self) -> bool:
        """Whether there is an answer that is not empty."""
        return not (self.missing or self.error is not None or abstains(self.prediction))

    @property
    def unscored(self) -> bool:
        """Whether the answer cannot be scored because the data set does not publish its answers."""
        return self.match.rule == UNSCORED_RULE

    @property
    def answerable(self) -> bool:
        """Whether some answer is right, as far as is known. False if only abstaining is right."""
        return bool(self.golds) or self.unscored

    @property
    def right(self) -> bool:
        """Whether the answer was given, or withheld, as it should be.

        What an answer in words asserts decides: on the reading track by `asserts_own` and `abstention`, on
        the pooled one if it asserts a claim and nothing else. The typed match decides for all others.
        """
        if self.failed or self.verdict is None:
            return self.match.ok and not self.failed
        if self.track == "pooled":
            return self.verdict in ("complete", "partial")
        return bool(self.scores.get("asserts_own", self.scores.get("abstention")))

    @property
    def claims(self) -> tuple[str, ...]:
        """Ids of the claims that the answer makes: those that an answer in words asserts, or that of the
        typed match.
        """
        if self.asserted is not None:
            return self.asserted
        return () if self.matched_claim is None else (self.matched_claim,)

    @property
    def correct(self) -> bool:
        """The outcome that `confidence` predicts: the match.

        On data without claims it is EM, because most questions there have no type.
        """
        scores = self.scores
        has_claims = "em" not in scores or "em_any" in scores
        return self.match.ok if has_claims else scores["em"] == 1.0

    @property
    def scored_confidence(self) -> float | None:
        """The confidence, if it can be compared with `correct`. None for failed and unscored items."""
        return None if self.missing or self.error is not None or self.unscored else self.confidence

    @property
    def copied(self) -> bool:
        """Whether the answer is a span of the one article that was asked."""
        return self.track == "reading" and self.span is not None

    @property
    def no_answer_margin(self) -> float | None:
        """The score of no answer: null score - best score, or else the logit of the no-answer probability.

        None if the model gives neither, if there is no answer, or if nothing is scored. The score ranks the
        items of one model only.
        """
        if self.failed or self.unscored:
            return None
        if self.null_score is not None and self.score is not None:
            return self.null_score - self.score
        return logit(self.no_answer_probability) if self.no_answer_probability is not None else None


# Cached because each model has a score for each item, and each score is asked for its number several times.
@lru_cache(maxsize=65_536)
def _paraphrase_of(item: str) -> int:
    return ItemId.parse(item).paraphrase


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
    """The span that the answer gives. None if it gives none."""
    chosen = answer.candidate
    if chosen is None or chosen.start is None or chosen.end is None:
        return None
    return chosen.start, chosen.end
