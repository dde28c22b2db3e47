"""Every metric that a summary reports: what it means, and how it follows from the items' scores.

To add a metric, add one entry to `_ENTRIES`. All values are fractions in [0, 1], but for skills: these are at
most 1, and negative where a trivial strategy does better. A metric is a ratio of sums over units (or a
weighted sum of such ratios), so that facts can be resampled; metrics that rank items say so.
"""

from __future__ import annotations

from qa_eval.metrics import calibration
from qa_eval.metrics.parts import (
    Metric,
    Ranking,
    Share,
    abstention,
    abstention_or_silence,
    agreement_share,
    answer_confidence,
    answered_with_confidence,
    average,
    confidence_or_uncovered,
    contrast_of,
    faithful,
    faithful_or_leak,
    has_n_best,
    in_own_words,
    mean,
    missed_silence,
    right_abstention,
    score_of,
    silent,
    squared_error,
    worst,
)
from qa_eval.records import Track

_READING: tuple[Track, ...] = ("reading",)
_POOLED: tuple[Track, ...] = ("pooled",)
_BOTH: tuple[Track, ...] = ("reading", "pooled")

_ABSTAINING = "An answer of nothing but punctuation and articles is no answer; a failed one never is."
_NO_SILENT = "Absent where no item is silent: there is nothing to detect."
_LEAK_ITEMS = (
    "over answerable items of contested facts with a separable other claim (not stated by this article and "
    "separable from every claim it states)"
)
_COPIES = (
    "no answer is in words of its own: a span of the article that was asked makes another source's claim "
    "only by chance"
)
_N_BEST = (
    "Candidates are taken best first, without those that overlap a kept one or make its claim. An answer "
    "that names nothing has 0, a bare text without n-best does not count; absent where no answer has an "
    "n-best."
)
_TOP_CLAIM = "Over contested facts; an answer that makes no claim has 0."
_RIGHT = "On public data sets, most of whose questions have no type, right is exact match."
_ANSWERED = (
    "Over answered items. Models that answer other items are compared over other items, so n belongs to the "
    "value. Absent where nothing was answered with a confidence."
)
_WORDINGS = "Over facts in articles that were asked in two wordings or more, the canonical one included."

_ENTRIES: tuple[Metric, ...] = (
    Metric(
        id="balanced_f1",
        tracks=_READING,
        meaning="Half the F1 on answerable items plus half the share of silent items left unanswered.",
        detail="Absent where one of the two kinds has no items. Its n is both kinds together.",
        shares=(
            Share(numerator=score_of("has_answer_f1"), weight=0.5),
            Share(numerator=score_of("no_answer_recall"), weight=0.5),
        ),
    ),
    Metric(
        id="balanced_skill",
        tracks=_READING,
        meaning="Balanced F1 on a scale where always abstaining has 0 and a perfect model has 1.",
        detail="2 x balanced F1 - 1, so -1 at worst. Absent where balanced F1 is.",
        shares=(
            Share(numerator=score_of("has_answer_f1")),
            Share(numerator=missed_silence, weight=-1.0),
        ),
    ),
    Metric(
        id="f1",
        tracks=_READING,
        meaning="Token overlap with this article's own wordings, by the rules of the run, over all items.",
        detail=(
            "On a silent item no answer is worth 1. A failed or missing answer is worth 0 on every metric."
        ),
        shares=mean("f1"),
    ),
    Metric(
        id="em",
        tracks=_READING,
        meaning=(
            "Exact match with one of this article's own wordings, by the rules of the run, over all items."
        ),
        detail="On a silent item no answer is worth 1.",
        shares=mean("em"),
    ),
    Metric(
        id="f1_any",
        tracks=_BOTH,
        meaning="Token overlap with any source's wording: contested answers allowed.",
        detail="Golds are the evidence of every claim, never aliases. On silent items the same as F1.",
        shares=mean("f1_any"),
    ),
    Metric(
        id="em_any",
        tracks=_BOTH,
        meaning="Exact match with any source's wording: contested answers allowed.",
        detail="Golds are the evidence of every claim, never aliases. On silent items the same as EM.",
        shares=mean("em_any"),
    ),
    Metric(
        id="match",
        tracks=_READING,
        meaning=(
            "Share of items answered with a value this article states, in any wording; silent ones: "
            "unanswered."
        ),
        detail=(
            "Answerable items: lenient typed match with any wording (evidence of any article, alias) of a "
            "claim "
            "the article states. For answers of type text also a span of which at least half the "
            "characters lie "
            "in evidence of exactly one claim, if that is an own claim. On public data sets: with any gold, "
            "over the questions whose words tell the type of their answer."
        ),
        shares=mean("match"),
    ),
    Metric(
        id="match_hedged",
        tracks=_READING,
        meaning="Match over the items whose article hedges its answer (apparently, reportedly).",
        detail="Answerable items all of whose own evidence is marked as hedged.",
        shares=mean("match_hedged"),
    ),
    Metric(
        id="has_answer_f1",
        tracks=_READING,
        meaning="F1 over answerable items only.",
        shares=mean("has_answer_f1"),
    ),
    Metric(
        id="has_answer_em",
        tracks=_READING,
        meaning="Exact match over answerable items only.",
        shares=mean("has_answer_em"),
    ),
    Metric(
        id="lenient",
        tracks=_READING,
        meaning="Share of answerable items answered with this article's claim or another's.",
        detail="match, or a claim this article does not state; so match + leak where leak is defined.",
        shares=mean("lenient"),
    ),
    Metric(
        id="leak",
        tracks=_READING,
        meaning="Share of contested items answered with a claim that only other articles make.",
        detail=(
            f"Not match, and the answer makes a claim this article does not state; {_LEAK_ITEMS}. "
            "Absent for a row that only copies spans of the article it is asked of."
        ),
        higher_is_better=False,
        shares=mean("leak"),
        needs=in_own_words,
        otherwise=_COPIES,
    ),
    Metric(
        id="leak_leakable",
        tracks=_READING,
        meaning="Leak over the items whose article happens to contain a wording of the other claim.",
        detail=(
            "As leak; a wording (evidence or alias) of a separable other claim occurs in the article's text."
        ),
        higher_is_better=False,
        shares=mean("leak_leakable"),
        minimum=20,
        needs=in_own_words,
    ),
    Metric(
        id="faithful_ratio",
        tracks=_READING,
        meaning=(
            "Of the contested items answered with some claim, the share answered with this article's own."
        ),
        detail=f"Sum of match / sum of match + leak, {_LEAK_ITEMS}; absent where both sums are 0.",
        shares=(Share(numerator=faithful, denominator=faithful_or_leak),),
        needs=in_own_words,
        otherwise=_COPIES,
    ),
    Metric(
        id="contrast_consistency",
        tracks=_READING,
        meaning="Share of contested facts answered right (match) in every article that answers.",
        detail="Over the articles asked. Each fact counts once; left out of slices by article.",
        shares=(Share(numerator=contrast_of),),
        unit="fact",
    ),
    Metric(
        id="no_answer_recall",
        tracks=_READING,
        meaning="Share of silent items left unanswered.",
        detail=_ABSTAINING,
        shares=mean("no_answer_recall"),
    ),
    Metric(
        id="no_answer_precision",
        tracks=_READING,
        meaning="Share of the items left unanswered that are silent.",
        detail=f"Absent where nothing was left unanswered. {_NO_SILENT} {_ABSTAINING}",
        shares=(Share(numerator=right_abstention, denominator=abstention),),
        needs=silent,
    ),
    Metric(
        id="no_answer_f1",
        tracks=_READING,
        meaning="F1 of leaving silent items, and only those, unanswered.",
        detail=(
            "2 x right abstentions / (abstentions + silent items): 0 if nothing was left unanswered. "
            f"{_NO_SILENT}"
        ),
        shares=(Share(numerator=lambda unit: 2 * right_abstention(unit), denominator=abstention_or_silence),),
        needs=silent,
    ),
    Metric(
        id="no_answer_leak",
        tracks=_READING,
        meaning="Share of silent items answered with a claim of some article.",
        higher_is_better=False,
        shares=mean("no_answer_leak"),
    ),
    Metric(
        id="no_answer_auroc",
        tracks=_READING,
        meaning=(
            "Chance that a silent item has more no-answer belief than an answerable one; ties count half."
        ),
        detail=(
            "By null score - best score, else the logit of a given no-answer probability; over items with "
            "one."
        ),
        ranking=Ranking(
            score=lambda s: s.no_answer_margin,
            positive=lambda s: not s.answerable,
            statistic=calibration.auroc,
            rows=calibration.auroc_rows,
        ),
    ),
    Metric(
        id="match_any",
        tracks=_POOLED,
        meaning="Share of facts whose answer matches some source's claim, in any wording.",
        detail="As match, with the claims of every article.",
        shares=mean("match_any"),
    ),
    Metric(
        id="coverage_at_3",
        tracks=_POOLED,
        meaning=(
            "Of the differing claims of a contested fact, the share named by the first three distinct "
            "answers."
        ),
        detail=f"Distinct groups of claims named / min(3, number of groups). {_N_BEST}",
        shares=mean("coverage_at_3"),
        needs=has_n_best,
    ),
    Metric(
        id="claim_recall_at_3",
        tracks=_POOLED,
        meaning="Of all claims of a contested fact, the share named by the first three distinct answers.",
        detail=f"By claims, not groups, and divided by all of them: 3 / K at most. {_N_BEST}",
        shares=mean("claim_recall_at_3"),
        needs=has_n_best,
    ),
    Metric(
        id="set_f1",
        tracks=_POOLED,
        meaning=(
            "F1 between the set of probable answers and the set of claims, paired one to one by exact match."
        ),
        detail=(
            "The set: distinct candidates whose own probability (softmax over the merged n-best) is at "
            "least .1; "
            f"a claim's golds are its evidence texts, never aliases. Over all facts. {_N_BEST}"
        ),
        shares=mean("set_f1"),
        needs=has_n_best,
    ),
    Metric(
        id="support",
        tracks=_POOLED,
        meaning="Share of the answering articles that state the top answer's claim.",
        detail=(
            f"{_TOP_CLAIM} A contested fact's best claim may have less than all, so the oracle is below 1."
        ),
        shares=mean("support"),
    ),
    Metric(
        id="majority",
        tracks=_POOLED,
        meaning="Share of contested facts whose top answer is the claim most articles state.",
        detail=(
            "Over contested facts with exactly one best-supported claim; an answer that makes no claim has 0."
        ),
        shares=mean("majority"),
    ),
    Metric(
        id="newest",
        tracks=_POOLED,
        meaning="Share of facts with a later count or state on which the top answer is the newest claim.",
        detail=(
            "Over contested facts of the relation `update` whose claims all have a date (`as_of`), one of "
            "them the latest. An answer that makes no claim has 0."
        ),
        shares=mean("newest"),
    ),
    Metric(
        id="attribution",
        tracks=_POOLED,
        meaning="Share of answers that stand in a passage which states the claim they make.",
        detail=(
            "Over facts whose top answer makes a claim and has offsets: it overlaps evidence of that claim."
        ),
        shares=mean("attribution"),
    ),
    Metric(
        id="brier",
        tracks=_READING,
        meaning="Mean squared distance of the confidence from being right (match).",
        detail=(
            "Over items with a confidence: the probability of what was answered, of no answer if abstaining. "
            f"{_RIGHT}"
        ),
        higher_is_better=False,
        shares=(Share(numerator=squared_error),),
    ),
    Metric(
        id="brier_skill",
        tracks=_READING,
        meaning="How much nearer the confidence is to being right than the share right is; 0: not at all.",
        detail=(
            "1 - Brier / (r (1 - r)) with r the share of these items that is right (match); below 0 where "
            "the constant r would do better. Absent where all or none are right. Items as for Brier. "
            f"{_RIGHT}"
        ),
        ranking=Ranking(
            score=lambda s: s.confidence,
            positive=lambda s: s.correct,
            statistic=calibration.brier_skill,
            rows=calibration.brier_skill_rows,
        ),
    ),
    Metric(
        id="auroc",
        tracks=_READING,
        meaning="Chance that a right answer (match) is more confident than a wrong one; ties count half.",
        detail=f"{_ANSWERED} {_RIGHT}",
        n_matters=True,
        ranking=Ranking(
            score=answer_confidence,
            positive=lambda s: s.correct,
            statistic=calibration.auroc,
            rows=calibration.auroc_rows,
        ),
    ),
    Metric(
        id="aurc",
        tracks=_READING,
        meaning="Mean share wrong among the k most confident answers, over all k.",
        detail=f"Expected over random order within ties. {_ANSWERED} {_RIGHT}",
        higher_is_better=False,
        n_matters=True,
        ranking=Ranking(
            score=answer_confidence,
            positive=lambda s: s.correct,
            statistic=calibration.aurc,
            rows=calibration.aurc_rows,
        ),
    ),
    Metric(
        id="coverage_at_80",
        tracks=_READING,
        meaning="Largest share of items that a confidence threshold can answer with 80 % right (match).",
        detail=(
            "Out of all items; those without an answer or a confidence are not covered. Items of equal "
            "confidence are accepted together; 0 where no threshold reaches 80 %. Absent where nothing was "
            f"answered with a confidence. {_RIGHT}"
        ),
        needs=answered_with_confidence,
        ranking=Ranking(
            score=confidence_or_uncovered,
            positive=lambda s: s.correct and s.answered,
            statistic=calibration.coverage_at_accuracy,
            rows=calibration.coverage_rows,
        ),
    ),
    Metric(
        id="paraphrase_agreement",
        tracks=_READING,
        meaning="Share of pairs of wordings of one question, in one article, that get the same answer.",
        detail=(
            f"Same: both abstain, or one answer matches the other leniently in either direction. {_WORDINGS}"
        ),
        shares=(Share(numerator=agreement_share),),
        unit="wordings",
    ),
    Metric(
        id="paraphrase_worst_f1",
        tracks=_READING,
        meaning="F1 of the worst wording.",
        detail=_WORDINGS,
        shares=(Share(numerator=worst("f1")),),
        unit="wordings",
    ),
    Metric(
        id="paraphrase_worst_em",
        tracks=_READING,
        meaning="Exact match of the worst wording.",
        detail=_WORDINGS,
        shares=(Share(numerator=worst("em")),),
        unit="wordings",
    ),
    Metric(
        id="paraphrase_all_right",
        tracks=_READING,
        meaning="Share answered right (match) in every wording.",
        detail=_WORDINGS,
        shares=(Share(numerator=worst("match")),),
        unit="wordings",
    ),
    Metric(
        id="paraphrase_mean_f1",
        tracks=_READING,
        meaning="Mean F1 over all wordings.",
        detail=_WORDINGS,
        shares=(Share(numerator=average("f1")),),
        unit="wordings",
    ),
)

METRICS: dict[str, Metric] = {m.id: m for m in _ENTRIES}
"""By id, in the order in which they are shown."""
