"""Terms for the tests of statistics: by hand, and drawn with clusters whose items hang together."""

from __future__ import annotations

import numpy as np

from qa_eval.stats.intervals import Term


def term(numerator: object, denominator: object, weight: float = 1.0) -> Term:
    return Term(
        weight=weight,
        numerator=np.asarray(numerator, dtype=np.float64),
        denominator=np.asarray(denominator, dtype=np.float64),
    )


def clustered(rng: np.random.Generator, clusters: int, rate: float, agree: float = 0.4) -> Term:
    """Items that are right with a chance their cluster shares (beta-binomial, `agree` its correlation)."""
    spread = (1 - agree) / agree
    items = rng.integers(1, 6, clusters)
    chances = rng.beta(rate * spread, (1 - rate) * spread, clusters)
    return term(rng.binomial(items, chances), items)
