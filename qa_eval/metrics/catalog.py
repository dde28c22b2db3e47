"""Every metric that a summary reports: its meaning, and its computation from the items' scores.

To add a metric, add one entry to `_ENTRIES`. All values are fractions in [0, 1], except skills. A skill is at
most 1, and negative if a trivial strategy does better. A metric is a ratio of sums over units (or a weighted
sum of such ratios), so that facts can be resampled. Metrics that rank items have a `ranking` instead.
"""

from __future__ import annotations

from qa_eval.metrics import calibration
from qa_eval.metrics.parts import (
    ALL_ITEMS,
    ANSWERABLE,
    SILENT,
    ItemValue,
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
    is_correct,
    mean,
    missed_silence,
    right_abstention,
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

_IN_WORDS = "A span is read as a text too."
_ASSERTS = (
    "An answer asserts a claim that it gives as its answer, in any words; a claim that it denies, replaces "
    "or only asks about is not asserted. docs/reference/free-text.md has the rules."
)

_CLOSED_BOOK = "Of language models that were asked with `--closed-book`."

_BOTH_KINDS = "answerable items and silent items, each kind a half"
_IN_WORDINGS = "facts in articles, asked in two wordings or more"

_ENTRIES: tuple[Metric, ...] = (
    Metric(
        id="balanced_f1",
        label="balanced F1",
        family="answers",
        tracks=_READING,
        meaning="Half the F1 on answerable items plus half the share of silent items left unanswered.",
        detail="Absent where one of the two kinds has no items. Its n is both kinds together.",
        formula="(HasAns F1 + NoAns recall) / 2",
        over=_BOTH_KINDS,
        gloss="mean of F1 where the article answers and recall of no answer (always abstaining: 50)",
        listed={
            "ranking": 1,
            "headline": 1,
            "reading track": 1,
            "public": 5,
            "slices": 1,
            "card": 1,
        },
        shares=(
            Share(numerator=ItemValue("has_answer_f1"), weight=0.5),
            Share(numerator=ItemValue("no_answer_recall"), weight=0.5),
        ),
    ),
    Metric(
        id="balanced_skill",
        family="answers",
        tracks=_READING,
        meaning="Balanced F1 on a scale where always abstaining has 0 and a perfect model has 1.",
        detail="2 x balanced F1 - 1, so -1 at worst. Absent where balanced F1 is.",
        formula="HasAns F1 + NoAns recall − 1",
        over=_BOTH_KINDS,
        least=-1.0,
        shares=(
            Share(numerator=ItemValue("has_answer_f1")),
            Share(numerator=missed_silence, weight=-1.0),
        ),
    ),
    Metric(
        id="f1",
        label="F1",
        family="answers",
        tracks=_READING,
        meaning="Token overlap with this article's own wordings, by the rules of the run, over all items.",
        detail=("On a silent item, no answer scores 1. A failed or missing answer scores 0 on every metric."),
        over=ALL_ITEMS,
        listed={
            "brief": 2,
            "ranking": 2,
            "basic": 1,
            "headline": 3,
            "reading track": 3,
            "public": 1,
            "slices": 3,
            "answer": 2,
            "model page": 2,
            "worst categories": 2,
            "card": 2,
        },
        twin="f1_any",
        known_as="f1",
        official=("f1",),
        shares=mean("f1"),
    ),
    Metric(
        id="em",
        label="EM",
        title="Exact match",
        family="answers",
        tracks=_READING,
        meaning=(
            "Exact match with one of this article's own wordings, by the rules of the run, over all items."
        ),
        detail="On a silent item, no answer scores 1.",
        over=ALL_ITEMS,
        listed={
            "brief": 1,
            "headline": 2,
            "reading track": 2,
            "public": 2,
            "slices": 2,
            "answer": 1,
            "model page": 1,
            "card": 3,
        },
        twin="em_any",
        known_as="exact_match",
        official=("exact_match", "exact"),
        whole=True,
        shares=mean("em"),
    ),
    Metric(
        id="f1_any",
        label="F1-any",
        title="F1, any source",
        family="answers",
        tracks=_BOTH,
        meaning="Token overlap with any source's wording: contested answers allowed.",
        detail="Golds are the evidence of every claim, never aliases. On silent items the same as F1.",
        over=ALL_ITEMS,
        listed={
            "brief": 3,
            "ranking": 3,
            "basic": 2,
            "headline": 5,
            "reading track": 5,
            "pooled track": 1,
            "slices": 5,
            "model page": 4,
            "card": 4,
        },
        shares=mean("f1_any"),
    ),
    Metric(
        id="em_any",
        label="EM-any",
        title="Exact match, any source",
        family="answers",
        tracks=_BOTH,
        meaning="Exact match with any source's wording: contested answers allowed.",
        detail="Golds are the evidence of every claim, never aliases. On silent items the same as EM.",
        over=ALL_ITEMS,
        listed={
            "headline": 4,
            "reading track": 4,
            "pooled track": 2,
            "slices": 4,
            "model page": 3,
            "card": 5,
        },
        whole=True,
        shares=mean("em_any"),
    ),
    Metric(
        id="match",
        family="answers",
        tracks=_READING,
        meaning=(
            "Share of items whose answer means what this article states, in any wording; on silent items, no "
            "answer is right."
        ),
        detail=(
            "Answerable items: lenient typed match with any wording (evidence of any article, alias) of a "
            "claim "
            "the article states. For answers of type text also a span of which at least half the "
            "characters lie "
            "in evidence of exactly one claim, if that is an own claim. On public data sets: with any gold, "
            "over the questions whose words tell the type of their answer."
        ),
        over="all items; on public data sets the questions whose words tell the type of their answer",
        listed={
            "brief": 4,
            "reading track": 6,
            "public": 6,
            "slices": 6,
            "model page": 5,
            "worst categories": 1,
            "card": 6,
        },
        whole=True,
        shares=mean("match"),
    ),
    Metric(
        id="match_hedged",
        title="Match, hedged statements",
        family="answers",
        tracks=_READING,
        meaning="Match over the items whose article hedges its answer (apparently, reportedly).",
        detail="Answerable items all of whose own evidence is marked as hedged.",
        over="answerable items whose own evidence is all hedged",
        whole=True,
        shares=mean("match_hedged"),
    ),
    Metric(
        id="has_answer_f1",
        label="HasAns F1",
        title="F1, answerable items",
        family="answers",
        tracks=_READING,
        meaning="F1 over answerable items only.",
        over=ANSWERABLE,
        listed={"public": 3, "card": 8},
        official=("HasAns_f1",),
        shares=mean("has_answer_f1"),
    ),
    Metric(
        id="has_answer_em",
        label="HasAns EM",
        title="Exact match, answerable items",
        family="answers",
        tracks=_READING,
        meaning="Exact match over answerable items only.",
        over=ANSWERABLE,
        listed={"card": 9},
        official=("HasAns_exact",),
        whole=True,
        shares=mean("has_answer_em"),
    ),
    Metric(
        id="lenient",
        title="Lenient match",
        family="claims",
        tracks=_READING,
        meaning="Share of answerable items answered with this article's claim or another's.",
        detail="match, or a claim this article does not state; so match + leak where leak is defined.",
        over=ANSWERABLE,
        whole=True,
        shares=mean("lenient"),
    ),
    Metric(
        id="leak",
        family="claims",
        tracks=_READING,
        meaning="Share of contested items answered with a claim that only other articles make.",
        detail=(
            f"Not match, and the answer makes a claim this article does not state; {_LEAK_ITEMS}. "
            "Absent for a row that only copies spans of the article in question."
        ),
        over="answerable items of contested facts with a separable other claim",
        remark="in {leakable} of its {n} items the article has a wording of another source's claim",
        listed={"reading track": 7, "slices": 8, "model page": 7, "card": 7},
        whole=True,
        higher_is_better=False,
        shares=mean("leak"),
        needs=in_own_words,
        otherwise=_COPIES,
    ),
    Metric(
        id="leak_leakable",
        label="leak (leakable)",
        title="Leak, leakable items",
        family="claims",
        tracks=_READING,
        meaning="Leak over the items whose article happens to contain a wording of the other claim.",
        detail=(
            "As leak; a wording (evidence or alias) of a separable other claim occurs in the article's text."
        ),
        over="items of leak whose article has a wording of such a claim",
        whole=True,
        higher_is_better=False,
        shares=mean("leak_leakable"),
        minimum=20,
        needs=in_own_words,
    ),
    Metric(
        id="faithful_ratio",
        family="claims",
        tracks=_READING,
        meaning=(
            "Of the contested items answered with some claim, the share answered with this article's own."
        ),
        detail=f"Sum of match / sum of match + leak, {_LEAK_ITEMS}; absent where both sums are 0.",
        formula="Σ match / Σ (match + leak)",
        over="items of leak that were answered with some claim",
        shares=(Share(numerator=faithful, denominator=faithful_or_leak),),
        needs=in_own_words,
        otherwise=_COPIES,
    ),
    Metric(
        id="contrast_consistency",
        family="claims",
        tracks=_READING,
        meaning="Share of contested facts answered right (match) in every article that answers.",
        detail="Over the articles asked. Each fact counts once; left out of slices by article.",
        formula="mean of the least match over the articles that answer",
        over="contested facts",
        listed={"headline": 7, "reading track": 8, "card": 11},
        whole=True,
        shares=(Share(numerator=contrast_of),),
        counted="fact",
    ),
    Metric(
        id="no_answer_recall",
        label="NoAns recall",
        title="Recall of no answer",
        family="no answer",
        tracks=_READING,
        meaning="Share of silent items left unanswered.",
        detail=_ABSTAINING,
        over=SILENT,
        listed={"public": 4, "slices": 7, "model page": 6, "card": 10},
        official=("NoAns_exact", "NoAns_f1"),
        whole=True,
        shares=mean("no_answer_recall"),
    ),
    Metric(
        id="no_answer_precision",
        label="NoAns precision",
        title="Precision of no answer",
        family="no answer",
        tracks=_READING,
        meaning="Share of the items left unanswered that are silent.",
        detail=f"Absent where nothing was left unanswered. {_NO_SILENT} {_ABSTAINING}",
        formula="silent items left unanswered / items left unanswered",
        over="items left unanswered",
        shares=(Share(numerator=right_abstention, denominator=abstention),),
        needs=silent,
    ),
    Metric(
        id="no_answer_f1",
        label="NoAns F1",
        title="F1 of no answer",
        family="no answer",
        tracks=_READING,
        meaning="Harmonic mean of NoAns precision and NoAns recall.",
        detail=(
            "2 x right abstentions / (abstentions + silent items): 0 if nothing was left unanswered. "
            f"{_NO_SILENT}"
        ),
        formula="2 × silent items left unanswered / (items left unanswered + silent items)",
        over="items left unanswered, and silent items",
        shares=(Share(numerator=lambda unit: 2 * right_abstention(unit), denominator=abstention_or_silence),),
        needs=silent,
    ),
    Metric(
        id="no_answer_leak",
        label="NoAns leak",
        title="Leak on silent items",
        family="no answer",
        tracks=_READING,
        meaning="Share of silent items answered with a claim of some article.",
        over=SILENT,
        whole=True,
        higher_is_better=False,
        shares=mean("no_answer_leak"),
    ),
    Metric(
        id="no_answer_auroc",
        label="NoAns AUROC",
        title="AUROC of no answer",
        family="no answer",
        tracks=_READING,
        meaning=(
            "Chance that a silent item has a higher no-answer score than an answerable one; ties count half."
        ),
        detail=(
            "By null score - best score, else the logit of a given no-answer probability; over items with "
            "one."
        ),
        formula="share of the pairs of a silent and an answerable item that are in order",
        over="items with a no-answer score; n counts them",
        ranking=Ranking(
            score=lambda s: s.no_answer_margin,
            positive=lambda s: not s.answerable,
            statistic=calibration.auroc,
            rows=calibration.auroc_rows,
            fixed=calibration.auroc_is_fixed,
        ),
    ),
    Metric(
        id="match_any",
        label="match-any",
        title="Match, any source",
        family="all articles",
        tracks=_POOLED,
        meaning="Share of facts whose answer matches some source's claim, in any wording.",
        detail="As match, with the claims of every article.",
        over=ALL_ITEMS,
        listed={"pooled track": 3, "slices": 9, "model page": 8},
        whole=True,
        shares=mean("match_any"),
    ),
    Metric(
        id="coverage_at_3",
        label="coverage@3",
        title="Coverage at 3",
        family="all articles",
        tracks=_POOLED,
        meaning=(
            "Of the differing claims of a contested fact, the share named by the first three distinct "
            "answers."
        ),
        detail=f"Distinct groups of claims named / min(3, number of groups). {_N_BEST}",
        formula="mean of distinct groups of claims named / min(3, groups of the fact)",
        over="contested facts",
        listed={
            "headline": 6,
            "pooled track": 4,
            "slices": 10,
            "model page": 9,
            "contested page": 1,
            "card": 12,
        },
        shares=mean("coverage_at_3"),
        needs=has_n_best,
    ),
    Metric(
        id="claim_recall_at_3",
        label="claim recall@3",
        title="Claim recall at 3",
        family="all articles",
        tracks=_POOLED,
        meaning="Of all claims of a contested fact, the share named by the first three distinct answers.",
        detail=f"By claims, not groups, and divided by all of them: 3 / K at most. {_N_BEST}",
        formula="mean of distinct claims named / claims of the fact",
        over="contested facts",
        listed={"pooled track": 5, "slices": 11, "contested page": 2},
        shares=mean("claim_recall_at_3"),
        needs=has_n_best,
    ),
    Metric(
        id="set_f1",
        label="set F1",
        family="all articles",
        tracks=_POOLED,
        meaning=(
            "F1 between the set of probable answers and the set of claims, paired one to one by exact match."
        ),
        detail=(
            "The set: distinct candidates whose own probability (softmax over the merged n-best) is at "
            "least .1; "
            f"a claim's golds are its evidence texts, never aliases. Over all facts. {_N_BEST}"
        ),
        formula="mean of 2 × pairs / (answers + claims), pairs by the best one-to-one assignment",
        over="facts whose answer has an n-best or names nothing",
        listed={"pooled track": 6, "slices": 12, "contested page": 3},
        shares=mean("set_f1"),
        needs=has_n_best,
    ),
    Metric(
        id="support",
        family="all articles",
        tracks=_POOLED,
        meaning="Share of the answering articles that state the top answer's claim.",
        detail=(
            f"{_TOP_CLAIM} A contested fact's best claim may have less than all, so the oracle is below 1."
        ),
        formula="mean of articles that state the claim / articles that answer",
        over="contested facts",
        listed={"pooled track": 7, "slices": 13, "contested page": 4},
        shares=mean("support"),
    ),
    Metric(
        id="majority",
        family="all articles",
        tracks=_POOLED,
        meaning="Share of contested facts whose top answer is the claim most articles state.",
        detail=(
            "Over contested facts with exactly one best-supported claim; an answer that makes no claim has 0."
        ),
        over="contested facts with one best-supported claim",
        listed={"contested page": 5},
        whole=True,
        shares=mean("majority"),
    ),
    Metric(
        id="misinformation",
        family="all articles",
        tracks=_POOLED,
        meaning="Share of contested facts whose top answer is a claim marked as misinformation.",
        detail="Over contested facts with such a claim; an answer that makes no claim has 0.",
        over="contested facts with a claim marked as misinformation",
        listed={"pooled track": 10, "headline": 8},
        higher_is_better=False,
        remark="{chance} if one of the claims of each fact were picked at random",
        whole=True,
        shares=mean("misinformation"),
    ),
    Metric(
        id="misinformation_chance",
        family="all articles",
        tracks=_POOLED,
        meaning="Misinformation, if one of each fact's claims were picked at random.",
        detail="The same for all models that were asked the same facts.",
        over="contested facts with a claim marked as misinformation",
        listed={"pooled track": 11},
        higher_is_better=False,
        shares=mean("misinformation_chance"),
    ),
    Metric(
        id="preferred",
        family="all articles",
        tracks=_POOLED,
        meaning="Share of contested facts whose top answer is the claim that the authors of the set prefer.",
        detail="Over contested facts with a resolution; an answer that makes no claim has 0.",
        over="contested facts with a resolution",
        listed={"pooled track": 12, "headline": 9},
        remark="{chance} if one of the claims of each fact were picked at random",
        whole=True,
        shares=mean("preferred"),
    ),
    Metric(
        id="preferred_chance",
        family="all articles",
        tracks=_POOLED,
        meaning="Preferred, if one of each fact's claims were picked at random.",
        detail="The same for all models that were asked the same facts.",
        over="contested facts with a resolution",
        listed={"pooled track": 13},
        shares=mean("preferred_chance"),
    ),
    Metric(
        id="newest",
        family="all articles",
        tracks=_POOLED,
        meaning="Share of facts with a newer count or state whose top answer is the newest claim.",
        detail=(
            "Over contested facts of the relation `update` whose claims all have a date (`as_of`), one of "
            "them the latest. An answer that makes no claim has 0."
        ),
        over="contested facts with a newest claim",
        listed={"pooled track": 8, "slices": 14},
        whole=True,
        shares=mean("newest"),
    ),
    Metric(
        id="attribution",
        family="all articles",
        tracks=_POOLED,
        meaning="Share of answers taken from a passage that states the claim they make.",
        detail=(
            "Over facts whose top answer makes a claim and has offsets: it overlaps evidence of that claim. "
            "An answer in words has those of its words, if the articles have them in one place."
        ),
        over="facts whose top answer makes a claim and has offsets",
        listed={"pooled track": 9, "slices": 15, "contested page": 6},
        whole=True,
        shares=mean("attribution"),
    ),
    Metric(
        id="balanced_asserts",
        family="words",
        tracks=_READING,
        meaning="Half the share of answerable items that assert the article's claim, plus half abstention.",
        detail=(
            f"Absent where one of the two kinds has no items. {_IN_WORDS} It orders tables with a model that "
            "answers in texts."
        ),
        formula="(asserts own + abstention) / 2",
        over=_BOTH_KINDS,
        gloss="mean of asserts own where the article answers and abstention where it is silent",
        listed={"ranking": 0.5, "headline": 9.4, "reading track": 6.4, "slices": 6.4},
        shares=(
            Share(numerator=ItemValue("asserts_own"), weight=0.5),
            Share(numerator=ItemValue("abstention"), weight=0.5),
        ),
    ),
    Metric(
        id="asserts_own",
        family="words",
        tracks=_READING,
        meaning="Share of answerable items whose answer asserts the article's own claims, and nothing else.",
        detail=(
            "1 if it asserts at least one claim, each is the article's own, and there is no other value. It "
            "orders tables with a model that answers in texts if no article is silent. "
            f"{_ASSERTS} {_IN_WORDS}"
        ),
        over=ANSWERABLE,
        listed={"ranking": 0.55, "reading track": 6.5, "slices": 6.5},
        whole=True,
        shares=mean("asserts_own"),
    ),
    Metric(
        id="abstention",
        family="words",
        tracks=_READING,
        meaning="Share of silent items whose answer is empty, or says in words that there is none.",
        detail=f"{_IN_WORDS} An answer that refuses one part and answers another is an answer.",
        over=SILENT,
        listed={"reading track": 6.6, "slices": 6.6},
        whole=True,
        shares=mean("abstention"),
    ),
    Metric(
        id="refusal_in_words",
        family="words",
        tracks=_READING,
        meaning="Share of silent items whose answer says in words that there is no answer.",
        detail=f"The part of abstention that is no empty text. {_IN_WORDS}",
        over=SILENT,
        whole=True,
        shares=mean("refusal_in_words"),
    ),
    Metric(
        id="complete_and_clean",
        family="words",
        tracks=_POOLED,
        meaning="Share of contested facts whose answer asserts every claim of the sources and nothing false.",
        detail=f"All claims, and no false as an answer that abstains would have it. {_IN_WORDS}",
        over="contested facts",
        listed={"ranking": 0.6, "headline": 9.5, "pooled track": 3.1},
        whole=True,
        shares=mean("complete_and_clean"),
    ),
    Metric(
        id="claim_recall",
        family="words",
        tracks=_POOLED,
        meaning="Of the groups of claims of a contested fact, the share that the answer asserts.",
        detail=f"An answer that abstains has 0. {_ASSERTS} {_IN_WORDS}",
        formula="mean of groups of claims asserted / groups of claims of the fact",
        over="contested facts",
        listed={"pooled track": 3.2, "contested page": 7},
        shares=mean("claim_recall"),
    ),
    Metric(
        id="all_claims",
        family="words",
        tracks=_POOLED,
        meaning="Share of contested facts whose answer asserts a claim of every group.",
        detail=f"1 where claim recall is 1. {_IN_WORDS}",
        over="contested facts",
        listed={"pooled track": 3.3},
        whole=True,
        shares=mean("all_claims"),
    ),
    Metric(
        id="no_false",
        family="words",
        tracks=_POOLED,
        meaning="Of the answered contested facts, the share whose answer gives no value without a source.",
        detail=(
            "1 if there is no other value, and no asserted claim is marked as misinformation. An answer that "
            f"abstains does not count. {_IN_WORDS}"
        ),
        over="contested facts whose answer does not abstain",
        listed={"pooled track": 3.4, "contested page": 8},
        n_matters=True,
        whole=True,
        shares=mean("no_false"),
    ),
    Metric(
        id="acknowledged",
        family="words",
        tracks=_POOLED,
        meaning="Share of contested facts whose answer says or shows that sources differ.",
        detail=f"It says so, or gives differing claims to different sources. {_IN_WORDS}",
        over="contested facts",
        listed={"headline": 9.6, "pooled track": 3.5, "contested page": 9},
        whole=True,
        shares=mean("acknowledged"),
    ),
    Metric(
        id="attribution_accuracy",
        family="words",
        tracks=_BOTH,
        meaning="Of the claims that answers give to a source, the share that the source states.",
        detail=(
            "Over attributions to an article that was shown or to a speaker whom the evidence names. Absent "
            f"where fewer than eight answers have one. {_IN_WORDS}"
        ),
        formula="attributions whose source states the claim / attributions",
        over="attributions to a source that can be recognized",
        minimum=8,
        n_matters=True,
        shares=(Share(numerator=ItemValue("attributions_right"), denominator=ItemValue("attributions")),),
    ),
    Metric(
        id="remembered",
        title="Remembered without any passage",
        family="passages",
        tracks=_BOTH,
        meaning="Share of facts on which the answer without any passage asserts a claim of some source.",
        detail=f"{_ASSERTS} {_CLOSED_BOOK}",
        over="facts that were asked without any passage",
        whole=True,
        listed={"headline": 9.9, "reading track": 8.6, "pooled track": 9.6},
        higher_is_better=False,
        shares=(Share(numerator=ItemValue("remembered")),),
        counted="fact",
    ),
    Metric(
        id="memorisation_ratio",
        family="passages",
        tracks=_READING,
        meaning=(
            "Of the items whose article contradicts the closed-book answer, the share on which the model "
            "stays with it."
        ),
        detail=(
            "An article contradicts the closed-book answer if it answers, and the closed-book answer asserts "
            "none of its claims. The model stays with a closed-book answer if it asserts one of its claims, "
            f"or the same value if that is no claim. {_CLOSED_BOOK} After Longpre et al. (2021)."
        ),
        formula="items that stay with memory / items whose article contradicts it",
        over="answerable items whose article contradicts the closed-book answer",
        listed={"headline": 9.7, "reading track": 8.5, "model page": 8.5},
        n_matters=True,
        whole=True,
        higher_is_better=False,
        shares=mean("memorised"),
    ),
    Metric(
        id="order_sensitivity",
        family="passages",
        tracks=_POOLED,
        meaning="Share of other orders of the passages in which the answer is another one.",
        detail=(
            "Answers are the same if both abstain or both assert the same claims; without claims, if they "
            "are equal by the rules of exact match, citations such as [2] or “the second article” left out. "
            "Of language models that were asked with `--orders`; the orders that have no answer do not count."
        ),
        formula="mean over items of orders with another answer / orders",
        over="pooled items that were asked in several orders",
        listed={"headline": 9.8, "pooled track": 9.5},
        higher_is_better=False,
        shares=mean("order_changed"),
    ),
    Metric(
        id="brier",
        label="Brier",
        title="Brier score",
        family="calibration",
        tracks=_READING,
        meaning="Mean squared difference between the confidence and 1 (right by match) or 0 (wrong).",
        detail=(
            "The confidence is the probability of the given answer, or of no answer if the model abstains. "
            f"{_RIGHT}"
        ),
        formula="mean of (confidence − right)²",
        over="items with a confidence",
        higher_is_better=False,
        shares=(Share(numerator=squared_error),),
    ),
    Metric(
        id="brier_skill",
        label="Brier skill",
        family="calibration",
        tracks=_READING,
        meaning="Brier on a scale where always giving the share right as confidence has 0, and perfection 1.",
        detail=(
            "1 - Brier / (r (1 - r)) with r the share of these items that is right (match); below 0 where "
            "the constant r would do better. Absent where all or none are right. Items as for Brier. "
            f"{_RIGHT}"
        ),
        formula="1 − Brier / (r (1 − r)), r the share right",
        over="items with a confidence",
        least=None,
        ranking=Ranking(
            score=lambda s: s.confidence,
            positive=is_correct,
            statistic=calibration.brier_skill,
            rows=calibration.brier_skill_rows,
        ),
    ),
    Metric(
        id="auroc",
        label="AUROC",
        title="AUROC of the confidence",
        family="calibration",
        tracks=_READING,
        meaning="Chance that a right answer (match) is more confident than a wrong one; ties count half.",
        detail=f"{_ANSWERED} {_RIGHT}",
        formula="share of the pairs of a right and a wrong answer that are in order",
        over="answered items with a confidence",
        listed={"public": 7},
        n_matters=True,
        ranking=Ranking(
            score=answer_confidence,
            positive=is_correct,
            statistic=calibration.auroc,
            rows=calibration.auroc_rows,
            fixed=calibration.auroc_is_fixed,
        ),
    ),
    Metric(
        id="aurc",
        label="AURC",
        title="AURC of the confidence",
        family="calibration",
        tracks=_READING,
        meaning="Mean share wrong among the k most confident answers, over all k.",
        detail=f"Expected over random order within ties. {_ANSWERED} {_RIGHT}",
        formula="mean over k of wrong among the k most confident / k",
        over="answered items with a confidence",
        higher_is_better=False,
        n_matters=True,
        ranking=Ranking(
            score=answer_confidence,
            positive=is_correct,
            statistic=calibration.aurc,
            rows=calibration.aurc_rows,
            fixed=calibration.aurc_is_fixed,
        ),
    ),
    Metric(
        id="coverage_at_80",
        label="coverage@80%",
        title="Coverage at 80 % accuracy",
        family="calibration",
        tracks=_READING,
        meaning="Largest share of items that a confidence threshold can answer with 80 % right (match).",
        detail=(
            "Out of all items; those without an answer or a confidence are not covered. Items of equal "
            "confidence are accepted together; 0 where no threshold reaches 80 %. Absent where nothing was "
            f"answered with a confidence. {_RIGHT}"
        ),
        formula="most items above a confidence with 80 % right / all items",
        over=ALL_ITEMS,
        needs=answered_with_confidence,
        ranking=Ranking(
            score=confidence_or_uncovered,
            positive=lambda s: s.correct and s.answered,
            statistic=calibration.coverage_at_accuracy,
            rows=calibration.coverage_rows,
            fixed=calibration.coverage_is_fixed,
        ),
    ),
    Metric(
        id="paraphrase_agreement",
        family="wordings",
        tracks=_READING,
        meaning="Share of pairs of wordings of one question, in one article, that get the same answer.",
        detail=(
            f"Same: both abstain, or one answer matches the other leniently in either direction. {_WORDINGS}"
        ),
        formula="mean of pairs that agree / pairs",
        over=_IN_WORDINGS,
        shares=(Share(numerator=agreement_share),),
        counted="wordings",
    ),
    Metric(
        id="paraphrase_worst_f1",
        label="paraphrase worst F1",
        family="wordings",
        tracks=_READING,
        meaning="F1 of the worst wording.",
        detail=_WORDINGS,
        formula="mean of the least F1 over the wordings",
        over=_IN_WORDINGS,
        shares=(Share(numerator=worst("f1")),),
        counted="wordings",
    ),
    Metric(
        id="paraphrase_worst_em",
        label="paraphrase worst EM",
        family="wordings",
        tracks=_READING,
        meaning="Exact match of the worst wording.",
        detail=_WORDINGS,
        formula="mean of the least EM over the wordings",
        over=_IN_WORDINGS,
        whole=True,
        shares=(Share(numerator=worst("em")),),
        counted="wordings",
    ),
    Metric(
        id="paraphrase_all_right",
        family="wordings",
        tracks=_READING,
        meaning="Share answered right (match) in every wording.",
        detail=_WORDINGS,
        formula="mean of the least match over the wordings",
        over=_IN_WORDINGS,
        whole=True,
        shares=(Share(numerator=worst("match")),),
        counted="wordings",
    ),
    Metric(
        id="paraphrase_mean_f1",
        label="paraphrase mean F1",
        family="wordings",
        tracks=_READING,
        meaning="Mean F1 over all wordings.",
        detail=_WORDINGS,
        formula="mean of the mean F1 over the wordings",
        over=_IN_WORDINGS,
        shares=(Share(numerator=average("f1")),),
        counted="wordings",
    ),
)

METRICS: dict[str, Metric] = {m.id: m for m in _ENTRIES}
"""By id, in the order in which they are shown."""
