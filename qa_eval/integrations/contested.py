"""Answers on which sources may disagree, as a metric of `evaluate`."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import evaluate

from qa_eval.integrations import metric_shape, reports

_CITATION = """\
@software{qa_eval,
    title = {qa_eval: reading-comprehension question answering, evaluated, also where the sources disagree},
}
"""

_DESCRIPTION = """\
Scores answers to questions that several sources answer, perhaps differently. A fact is a question with all
the claims that some source makes about it. An item is a fact asked of one article, or of all articles at
once. The answer may be a span or a text in words. It is compared with what its own article states (em, f1,
match) and with what any source states
(em_any, f1_any). If it makes a claim that only other sources make, it is a leak. `match` is typed: it
compares numbers, dates and names as such. All scores are fractions in [0, 1]. A reference without a
prediction scores 0 and stays in the denominator.
"""

_INPUTS = """
Args:
    predictions: a list of dicts
        `id`: the reference's id;
        `prediction_text`: the answer, or an n-best list, best first; "" or None for no answer. A row without
        it has no prediction and scores 0;
        `prediction_start`: offset of the answer in the context (optional);
        `no_answer_probability`: probability that there is no answer, from 0 to 1 (optional).
    references: a list of dicts, one for each item
        `id`: id of the item, unique;
        `fact`: id of the question; all references of a fact have the same claims;
        `article`: the source that was asked; leave it out, or set None or "*", if all were asked at once;
        `answer_type`: the type by whose rules `match` compares: number, duration, percent, age, money, date,
        person, place, organization or text (the default);
        `question`: the question (optional). It helps to read answers in words;
        `context`: the article's text (optional). Only with it `prediction_start` is used and `leak_leakable`
        is reported;
        `claims`: a list of dicts, one for each answer that some source gives
            `id`: id of the claim;
            `evidence`: the wordings of the sources, a list of {"article", "text"} with an optional `start`;
            `aliases`: further wordings that no article uses (optional);
            `group`: a name that near-claims share (optional);
            `status`: `true`, `misinformation` or `outdated` (optional);
            `polarity`: `yes` or `no`, of a question that is answered so (optional).
        An article without evidence of any claim is silent: the right answer there is no answer.
    intervals: whether to add the bounds of each score's 95 % interval as KEY_low and KEY_high. Intervals
        resample facts. Scores over fewer than 8 facts have none. Default: False.

Returns:
    Every metric that is defined on the items, among them
    em, f1: the SQuAD 2.0 scores against the article's own wordings;
    em_any, f1_any: the same against the wordings of any source;
    match: share of items answered with a claim of the article itself, in any wording; if the article is
        silent, with no answer;
    leak: share of contested items answered with a claim that only other articles make;
    lenient: share of items with an answer for which match or leak holds;
    contrast_consistency: share of contested facts answered right in every article that answers;
    balanced_f1: mean of has_answer_f1 and no_answer_recall;
    pooled_em_any, pooled_f1_any, pooled_match_any, pooled_support, pooled_majority: scores of the items asked
        of all articles at once;
    balanced_asserts: mean of asserts_own, the share of items with an answer whose text asserts the claim of
        the article and nothing else, and abstention, the share of the others that are left unanswered,
        also in words;
    pooled_complete_and_clean: share of contested facts whose text asserts every claim and nothing false;
    pooled_claim_recall, pooled_all_claims, pooled_no_false, pooled_acknowledged: its parts;
    total, missing: number of items, and number of items without a prediction.

Raises:
    ValueError: A row has the wrong shape, an id occurs twice, or the references of a fact have different
        claims.

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
            "question",
            "status",
            "polarity",
        }
    )

    def _info(self) -> evaluate.MetricInfo:
        text, offset = datasets.Value("string"), datasets.Value("int32")
        claim = {
            "id": text,
            "group": text,
            "status": text,
            "polarity": text,
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
                        "question": text,
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
