"""Answers on which sources may disagree, as a metric of `evaluate`."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import evaluate

from qa_eval.integrations import metric_shape, reports

_CITATION = """\
@software{qa_eval,
    title = {qa_eval: extractive question answering, evaluated, also where the sources disagree},
}
"""

_DESCRIPTION = """\
Scores answers to questions that several sources answer, perhaps differently. A fact is a question with all
the claims that some source makes about it; an item is a fact asked of one article, or of all of them. An
answer is held against what its own article states (em, f1, match), against what any source states (em_any,
f1_any), and is told from another source's claim (leak). `match` is typed: it compares numbers, dates and
names as such. All scores are fractions in [0, 1]. A reference without a prediction scores 0 and stays in the
denominator.
"""

_INPUTS = """
Args:
    predictions: a list of dicts
        `id`: the reference's id;
        `prediction_text`: the answer, or an n-best list, best first; "" or None for no answer. A row without
        it is no prediction, which scores 0;
        `prediction_start`: where the answer stands in the context, if that is known;
        `no_answer_probability`: if that is known.
    references: a list of dicts, one for each item
        `id`: of the item, there once;
        `fact`: of the question; all references of a fact hold the same claims;
        `article`: the source that was asked; left out, None or "*" where all of them were asked at once;
        `answer_type`: number, duration, percent, age, money, date, person, place, organization or text (the
        default): by which rules `match` compares;
        `context`: the article's text, if it is at hand: then a `prediction_start` counts, and `leak_leakable`
        is reported;
        `claims`: one for each answer that some source gives, a list of dicts
            `id`: of the claim;
            `evidence`: who states it in which words, a list of {"article", "text"} and optionally `start`;
            `aliases`: further wordings that no article uses, optional;
            `group`: joins near-claims, optional.
        An article that no claim's evidence names is silent: the right answer there is no answer.
    intervals: whether each score comes with the bounds of its 95 % interval, KEY_low and KEY_high, if it
        is of 8 facts or more; facts are what is drawn.

Returns every metric that is defined on the items, among them
    em, f1: by the SQuAD 2.0 rules against the article's own wordings;
    em_any, f1_any: against any source's wordings;
    match: share answered with a claim of the article itself, in any wording; unanswered where it is silent;
    leak: of contested items, the share answered with a claim that only other articles make;
    lenient: match or leak, of the items that have an answer;
    contrast_consistency: share of contested facts answered right in every article that answers;
    balanced_f1: mean of has_answer_f1 and no_answer_recall;
    pooled_em_any, pooled_f1_any, pooled_match_any, pooled_support, pooled_majority: of items asked of all
        articles at once;
    total, missing: how many items there are, and how many of them have no prediction.

Raises ValueError for rows of the wrong shape, ids that are there twice, and claims that contradict each other
between the references of a fact.

Examples:

    >>> claims = [
    ...     {"id": "400", "evidence": [{"article": "morning", "text": "400"}], "aliases": ["four hundred"]},
    ...     {"id": "417", "evidence": [{"article": "evening", "text": "417 men"}]},
    ... ]
    >>> asked = {"fact": "losses", "answer_type": "number", "claims": claims}
    >>> references = [
    ...     {"id": "losses@morning", "article": "morning", **asked},
    ...     {"id": "losses@evening", "article": "evening", **asked},
    ...     {"id": "losses", **asked},
    ... ]
    >>> predictions = [
    ...     {"id": "losses@morning", "prediction_text": "four hundred"},
    ...     {"id": "losses@evening", "prediction_text": "400"},
    ...     {"id": "losses", "prediction_text": "417"},
    ... ]
    >>> scores = Contested().compute(predictions=predictions, references=references)
    >>> [scores[name] for name in ("em", "em_any", "match", "leak", "lenient")]
    [0.0, 0.5, 0.5, 0.5, 1.0]
    >>> scores["pooled_match_any"], scores["pooled_support"], scores["total"]
    (1.0, 0.5, 3)
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class Contested(metric_shape.ShapedMetric):
    """Scores of answers on which sources may disagree."""

    optional = frozenset(
        {
            "prediction_text",
            "prediction_start",
            "no_answer_probability",
            "article",
            "answer_type",
            "context",
            "start",
            "aliases",
            "group",
        }
    )

    def _info(self) -> evaluate.MetricInfo:
        text, offset = datasets.Value("string"), datasets.Value("int32")
        claim = {
            "id": text,
            "group": text,
            "aliases": datasets.List(text),
            "evidence": datasets.List({"article": text, "text": text, "start": offset}),
        }
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {
                    "predictions": {
                        "id": text,
                        "prediction_text": text,
                        "prediction_start": offset,
                        "no_answer_probability": datasets.Value("float64"),
                    },
                    "references": {
                        "id": text,
                        "fact": text,
                        "article": text,
                        "answer_type": text,
                        "context": text,
                        "claims": datasets.List(claim),
                    },
                }
            ),
        )

    def _compute(
        self,
        predictions: Sequence[Mapping[str, Any]],
        references: Sequence[Mapping[str, Any]],
        intervals: bool = False,
    ) -> reports.Report:
        return reports.contested_report(predictions, references, intervals=intervals)
