"""Exact match and F1 by the rules of SQuAD 2.0, as a metric of `evaluate`."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import evaluate

from qa_eval.integrations import metric_shape, reports
from qa_eval.metrics.rules import squad

_CITATION = """\
@inproceedings{rajpurkar-etal-2018-know,
    title = {Know What You Don't Know: Unanswerable Questions for {SQuAD}},
    author = {Rajpurkar, Pranav and Jia, Robin and Liang, Percy},
    booktitle = {Proceedings of ACL},
    year = {2018},
}
"""

_DESCRIPTION = """\
Exact match and token F1 of extractive answers by the rules of the official SQuAD 2.0 script, in percent. Some
questions may have no answer. A reference without a prediction scores 0 and stays in the denominator. The best
threshold is one that can be set: answers of equal probability are given or refused together.
"""

_INPUTS = """
Args:
    predictions: a list of dicts
        `id`: the question's id, a text or a whole number;
        `prediction_text`: the answer, or an n-best list, best first; "" or None for no answer. A row without
        it has no prediction and scores 0;
        `no_answer_probability`: from 0 to 1 (optional). Without it, no threshold refuses the answer.
    references: a list of dicts
        `id`: the question's id, unique;
        `answers`: {"text": [...], "answer_start": [...]}, with empty lists if no answer is right;
        `answer_start` is not used.
    no_answer_threshold: answers with a greater no-answer probability are refused. Default: 1.0.
    intervals: whether to add the bounds of each score's 95 % interval as KEY_low and KEY_high. Scores over
        fewer than 8 examples have none. Default: False.

Returns:
    exact, f1, total: scores over all questions in percent, and their number;
    HasAns_exact, HasAns_f1, HasAns_total: the same over the questions with a gold, if there are any;
    NoAns_exact, NoAns_f1, NoAns_total: the same over the questions without a gold, if there are any;
    best_exact, best_exact_thresh, best_f1, best_f1_thresh: the best scores that a threshold gives on these
        answers, and the thresholds, if there are no-answer probabilities.

Raises:
    ValueError: A row has the wrong shape, or an id occurs twice.

Examples:

    >>> metric = SquadV2()
    >>> predictions = [
    ...     {"id": "bridge", "prediction_text": "the Golden Gate Bridge"},
    ...     {"id": "nobody", "prediction_text": ""},
    ... ]
    >>> references = [
    ...     {"id": "bridge", "answers": {"text": ["Golden Gate"], "answer_start": [4]}},
    ...     {"id": "nobody", "answers": {"text": [], "answer_start": []}},
    ... ]
    >>> metric.compute(predictions=predictions, references=references) == {
    ...     "exact": 50.0, "f1": 90.0, "total": 2,
    ...     "HasAns_exact": 0.0, "HasAns_f1": 80.0, "HasAns_total": 1,
    ...     "NoAns_exact": 100.0, "NoAns_f1": 100.0, "NoAns_total": 1,
    ... }
    True
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class SquadV2(metric_shape.ShapedMetric):
    """Exact match and F1 by the rules of SQuAD 2.0."""

    optional = frozenset({"prediction_text", "no_answer_probability", "answer_start"})

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=_DESCRIPTION,
            citation=_CITATION,
            inputs_description=_INPUTS,
            features=datasets.Features(
                {
                    "predictions": {
                        "id": datasets.Value("string"),
                        "prediction_text": datasets.Value("string"),
                        "no_answer_probability": datasets.Value("float64"),
                    },
                    "references": metric_shape.squad_answers(),
                }
            ),
            reference_urls=["https://rajpurkar.github.io/SQuAD-explorer/"],
        )

    def _compute(
        self,
        predictions: Sequence[Mapping[str, Any]],
        references: Sequence[Mapping[str, Any]],
        no_answer_threshold: float = 1.0,
        intervals: bool = False,
    ) -> reports.Report:
        return reports.squad_report(
            predictions, references, squad.SQUAD_V2, threshold=no_answer_threshold, intervals=intervals
        )
