"""`compare_all`: every model against every other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from qa_eval.comparisons.differences import AllPairs, PairwiseDifference, Standing
from qa_eval.comparisons.primary_metrics import choose_metrics
from qa_eval.comparisons.sides import (
    all_sides,
    allowed_fields,
    differing_fields,
    estimand_of,
    refuse_unscored,
    side_info,
)
from qa_eval.errors import QaEvalError
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.score_table import Cluster, cluster_of, slices_of, tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.runs.common_items import common_scores
from qa_eval.runs.options import RESAMPLES, checked_option
from qa_eval.runs.store import Run, load_run
from qa_eval.stats.intervals import linear_contributions
from qa_eval.stats.significance import Comparisons, compare_all_pairs

MOST_MODELS = 50
"""Most models whose pairs are all compared."""


def compare_all(
    runs: Sequence[Run | Path | str],
    *,
    metric: str | None = None,
    slice: str | None = None,
    allow_different: Iterable[str] | str = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> AllPairs:
    """Compares every model of the runs with every other on their common items. At most 50 models are allowed.

    maxT with shared sign flips corrects all p together. Each rank has an interval. Raises as `compare` does.
    """
    allowed = allowed_fields(allow_different)
    resamples, seed = checked_option("resamples", resamples), checked_option("seed", seed)
    loaded = [run if isinstance(run, Run) else load_run(run) for run in runs]
    refuse_unscored(loaded)
    sides = all_sides(loaded, most=MOST_MODELS)
    for side in sides[1:]:
        differing_fields(sides[0], side, allowed)
    scores = common_scores(sides)
    if not scores[0]:
        raise QaEvalError("these models have no item in common")
    cluster = sides[0].run.leaderboard.data.cluster
    tables = [tables_of(side, cluster) for side in scores]
    wanted = (metric,) if metric is not None else ()
    ((track, name),) = choose_metrics(tables, wanted, slice, sides[0].run.leaderboard.sort)
    found = [table[track].terms(name, slice or "") for table in tables]
    missing = [side.name for side, terms in zip(sides, found, strict=True) if terms is None]
    if missing:
        raise QaEvalError(f"{track}.{name}: not defined for {', '.join(missing)} on these items")
    compared = compare_all_pairs(
        [terms[0] for terms in found if terms is not None], resamples=resamples, seed=seed
    )
    values = [float(linear_contributions(terms).sum()) for terms in compared.scores]
    direction = 1 if METRICS[name].higher_is_better else -1
    places = compared.ranks(direction)
    order = sorted(range(len(sides)), key=lambda i: (-direction * values[i], sides[i].name))
    items = [s for s in scores[0] if s.track == track and _inside(s, slice, cluster)]
    return AllPairs(
        metric=f"{track}.{name}",
        slice=slice or "",
        items=sum(item.paraphrase == 0 for item in items),
        facts=len({item.fact for item in items}),
        cluster=cluster,
        clusters=len({cluster_of(item.fact, item.article, cluster) for item in items}),
        standings=tuple(
            Standing(
                side=side_info(sides[i]),
                value=values[i],
                rank=places[i][0],
                rank_interval=places[i][1:],
            )
            for i in order
        ),
        differences=tuple(
            _difference(compared, order, a, b) for a in range(len(order)) for b in range(a + 1, len(order))
        ),
        estimand=estimand_of(sides[0].run),
        notes=(),
        resamples=resamples,
        seed=seed,
    )


def _inside(score: ItemScore, slice: str | None, cluster: Cluster) -> bool:
    return slice is None or slice in slices_of(score, cluster)


def _difference(compared: Comparisons, order: Sequence[int], a: int, b: int) -> PairwiseDifference:
    one, other = order[a], order[b]
    found = compared.difference(one, other)
    return PairwiseDifference(
        first=a,
        second=b,
        difference=found.value,
        low=found.low,
        high=found.high,
        p_adjusted=float(compared.p[one, other]),
        minimum_detectable_difference=compared.detectable(one, other),
    )
