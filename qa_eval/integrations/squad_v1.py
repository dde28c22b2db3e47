"""Exact match and F1 by the rules of SQuAD 1.1, as a metric of `evaluate`."""

from collections.abc import Mapping, Sequence
from typing import Any

import datasets
import evaluate

from qa_eval.integrations import metric_shape, reports
from qa_eval.metrics.rules import squad

_CITATION = """\
@inproceedings{rajpurkar-etal-2016-squad,
    title = {{SQuAD}: 100,000+ Questions for Machine Comprehension of Text},
    author = {Rajpurkar, Pranav and Zhang, Jian and Lopyrev, Konstantin and Liang, Percy},
    booktitle = {Proceedings of EMNLP},
    year = {2016},
}
"""

_DESCRIPTION = """\
Exact match and token F1 of extractive answers, by the rules of the official SQuAD 1.1 script, in percent. A
reference without a prediction scores 0 and stays in the denominator.
"""

_INPUTS = """
Args:
    predictions: a list of dicts
        `id`: the question's id, a text or a whole number;
        `prediction_text`: the answer, or an n-best list, best first; None is read as no answer. A row without
        it has no prediction and scores 0.
    references: a list of dicts
        `id`: the question's id, unique;
        `answers`: {"text": [...], "answer_start": [...]}, at least one text; `answer_start` is not used.
    intervals: whether to add the bounds of each score's 95 % interval as KEY_low and KEY_high. Scores over
        fewer than 8 examples have none. Default: False.
    rules: "squad-v1.1" (the default), or the rules of another set without unanswerable questions, such as
        "mlqa-de", "korquad-v1" (characters in place of tokens) or "cmrc2018" (the longest common run).

Returns:
    exact_match: percent of the questions answered with a gold, regardless of case, punctuation and articles;
    f1: mean F1 of the tokens shared with the best gold, in percent.

Raises:
    ValueError: A row has the wrong shape, an id occurs twice, or the rules are unknown or have unanswerable
        questions.

Examples:

    >>> metric = SquadV1()
    >>> predictions = [
    ...     {"id": "bridge", "prediction_text": "the Golden Gate Bridge"},
    ...     {"id": "year", "prediction_text": "1937"},
    ... ]
    >>> references = [
    ...     {"id": "bridge", "answers": {"text": ["Golden Gate"], "answer_start": [4]}},
    ...     {"id": "year", "answers": {"text": ["in 1937", "1937."], "answer_start": [30, 33]}},
    ... ]
    >>> metric.compute(predictions=predictions, references=references)
    {'exact_match': 50.0, 'f1': 90.0}
"""


@evaluate.utils.file_utils.add_start_docstrings(_DESCRIPTION, _INPUTS)
class SquadV1(metric_shape.ShapedMetric):
    """Exact match and F1 by the rules of SQuAD 1.1."""

    optional = frozenset({"prediction_text", "answer_start"})
    unanswerable = False

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
        intervals: bool = False,
        rules: str = "squad-v1.1",
    ) -> reports.Report:
        known = [name for name, found in squad.RULES.items() if not found.unanswerable]
        if rules not in known:
            raise ValueError(f"rules: {rules!r} is none of {', '.join(known)}")
        return reports.squad_report(predictions, references, squad.RULES[rules], intervals=intervals)
