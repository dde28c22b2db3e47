"""Uncertainty of scores: intervals, tests, ranks. What is resampled or flipped is the cluster (the fact).

Numpy only; everything is seeded, and equal inputs with equal seeds give equal outputs. Nothing here is
ever NaN, no interval has zero width, and no input that is merely extreme (all right, all wrong, one
cluster) is an error.
"""

from qa_eval.stats.agreement import Coincidences, coincidences, krippendorff_alpha
from qa_eval.stats.contrasts import Contrast, contrast
from qa_eval.stats.intervals import (
    Term,
    linear_contributions,
    ratio_estimate,
    ratio_estimates,
    rowwise_estimate,
    weighted_estimate,
)
from qa_eval.stats.significance import (
    Comparisons,
    Difference,
    benjamini_hochberg,
    compare_all_pairs,
    holm,
    max_t,
    mcnemar,
    paired_difference,
    paired_differences,
    rank_intervals,
    sign_flip,
)
from qa_eval.stats.small_samples import FEWEST_CLUSTERS, wilson

__all__ = [
    "FEWEST_CLUSTERS",
    "Coincidences",
    "Comparisons",
    "Contrast",
    "Difference",
    "Term",
    "benjamini_hochberg",
    "coincidences",
    "compare_all_pairs",
    "contrast",
    "holm",
    "krippendorff_alpha",
    "linear_contributions",
    "max_t",
    "mcnemar",
    "paired_difference",
    "paired_differences",
    "rank_intervals",
    "ratio_estimate",
    "ratio_estimates",
    "rowwise_estimate",
    "sign_flip",
    "weighted_estimate",
    "wilson",
]
