"""What answers are worth: pure functions from predictions and golds to scores and their summary.

    Prediction --decide, pool--> Answer --score_item--> ItemScore --summarize--> Summary

Nothing here reads a file, keeps state or sees a model.
"""

from qa_eval.scoring.claims import claim_of, match_claim, separable
from qa_eval.scoring.deciding import abstains, decide, has_no_order, has_order, no_answer_margin, pool
from qa_eval.scoring.examples import NO_VERDICT, oracle_answer, score_example, unscored_example
from qa_eval.scoring.items import score_item
from qa_eval.scoring.metric_parts import Metric
from qa_eval.scoring.metric_table import METRICS
from qa_eval.scoring.pooling import distinct_candidates
from qa_eval.scoring.references import REFERENCES, ReferenceName, reference_answers
from qa_eval.scoring.score_table import Cluster, ScoreTable, add_scores, cluster_of, slices_of, tables_of
from qa_eval.scoring.summary import headline_contributions, metric_terms, summarize, summarize_tables
from qa_eval.scoring.thresholds import cross_fit_thresholds, fit_thresholds, threshold_case

__all__ = [
    "METRICS",
    "NO_VERDICT",
    "REFERENCES",
    "SCORER_VERSION",
    "Cluster",
    "Metric",
    "ReferenceName",
    "ScoreTable",
    "abstains",
    "add_scores",
    "claim_of",
    "cluster_of",
    "cross_fit_thresholds",
    "decide",
    "distinct_candidates",
    "fit_thresholds",
    "has_no_order",
    "has_order",
    "headline_contributions",
    "match_claim",
    "metric_terms",
    "no_answer_margin",
    "oracle_answer",
    "pool",
    "reference_answers",
    "score_example",
    "score_item",
    "separable",
    "slices_of",
    "summarize",
    "summarize_tables",
    "tables_of",
    "threshold_case",
    "unscored_example",
]
