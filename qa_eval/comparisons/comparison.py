"""`compare`: pairs the items of two models, measures their difference, and tests it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from qa_eval.comparisons.changed_items import changed_items
from qa_eval.comparisons.differences import ArticleDifference, Comparison, MetricDifference, Pair, Verdict
from qa_eval.comparisons.measurements import by_article, corrected, measure
from qa_eval.comparisons.primary_metrics import choose_metrics
from qa_eval.comparisons.sides import (
    NO_ANSWER,
    allowed_fields,
    choose_sides,
    differing_fields,
    estimand_of,
    refuse_unscored,
    side_info,
)
from qa_eval.errors import QaEvalError
from qa_eval.metrics.listings import beside
from qa_eval.metrics.score_table import cluster_of, slices_of, tables_of
from qa_eval.records import Track
from qa_eval.runs.common_items import Pairing, Side, filed, pair_items
from qa_eval.runs.model_results import ModelResult
from qa_eval.runs.options import RESAMPLES, checked_option, listed_texts, optional_text
from qa_eval.runs.schema import PredictionRow
from qa_eval.runs.store import Run, load_run
from qa_eval.stats.significance import holm
from qa_eval.text.phrases import unlike


def compare(
    base: Run | ModelResult | Path | str,
    new: Run | ModelResult | Path | str | None = None,
    *,
    model: str | None = None,
    against: str | None = None,
    metrics: Iterable[str] | str = (),
    slice: str | None = None,
    allow_different: Iterable[str] | str = (),
    resamples: int = RESAMPLES,
    seed: int = 0,
    everything: bool = True,
) -> Comparison:
    """Compares models of two runs, or of one run, item by item.

    Items are paired by their content. Equal calls give equal results. If several models are compared, only
    the primary metrics are, unless all models but one give the same answers in both runs.

    Args:
        base: A run, a run folder, a `leaderboard.json`, or one model of a run (`run[SPEC]`).
        new: The same, for the side whose change is measured. None compares two models of `base`.
        model: Spec or name of the model of the new run.
        against: Spec or name of the model of the base run. Without `model`, every model is compared with it.
            Without both, each model that both runs have is compared with itself.
        metrics: Primary metrics, as `METRIC` or `TRACK.METRIC`. By default the metric that sorts the runs.
            Several primary metrics or models are corrected by Holm's method. All other metrics and slices
            are exploratory and corrected by Benjamini and Hochberg.
        slice: Name of a slice. Only its items are compared.
        allow_different: What may differ between the runs: `decoding`, `threshold`, `track`.
        resamples: Number of resamples of each test and interval.
        seed: Seed of the resampling.
        everything: Whether all other metrics, the slices and the articles are compared too. If not, a pair
            has as exploratory only the metrics that a short table shows, without correction. This takes a
            fraction of the time.

    Raises:
        InputError: A file cannot be read.
        QaEvalError: An argument has another type, the runs may not be compared, a model, metric or slice is
            not there, the two have no item in common, or nothing is scored.

    Example:
        >>> import qa_eval as qa
        >>> run = qa.evaluate(["baseline:abstain", "baseline:first-of-type"], limit=8)
        >>> found = qa.compare(run["baseline:abstain"], run["baseline:first-of-type"], resamples=99)
        >>> found.pairs[0].verdict in ("better", "worse", "undecided", "same")
        True
    """
    metrics = listed_texts("metrics", metrics)
    allowed = allowed_fields(allow_different)
    for argument, value in (("model", model), ("against", against), ("slice", slice)):
        optional_text(argument, value)
    resamples, seed = checked_option("resamples", resamples), checked_option("seed", seed)
    base_run, against = _run_of(base, against, "base", "against")
    new_run, model = _run_of(new, model, "new", "model") if new is not None else (None, model)
    if isinstance(base, ModelResult) and new_run is base_run:
        new_run = None
    refuse_unscored(run for run in (base_run, new_run) if run is not None)
    sides, notes = choose_sides(base_run, new_run, model, against)
    tests = len(sides) * max(1, len(metrics))
    wanted = _Wanted(metrics, slice, allowed, resamples, seed, tests, everything)
    pairs = _together([_pair(*pair, wanted, details=len(sides) == 1) for pair in sides])
    moved = [n for n, pair in enumerate(pairs) if pair.verdict != "same"]
    if len(pairs) > 1 and len(moved) == 1:
        pairs[moved[0]] = _pair(*sides[moved[0]], wanted, details=True)
    if len(pairs) > 1:
        apart = [(pair.new.model, pair.differing[NO_ANSWER]) for pair in pairs if NO_ANSWER in pair.differing]
        notes += [f"{model}: {NO_ANSWER}: {of_base} → {of_new}" for model, (of_base, of_new) in apart]
    for side in {s.name: s for pair in sides for s in pair}.values():
        if side.row.status == "partial":
            notes.append(f"{side.name} was interrupted: only what it answered is compared")
    return Comparison(
        pairs=tuple(pairs),
        estimand=estimand_of(sides[0][0].run),
        notes=tuple(notes),
        resamples=resamples,
        seed=seed,
    )


# ------------------------------------------------------------------------------------------ one pair


def _run_of(side: object, spec: str | None, name: str, argument: str) -> tuple[Run, str | None]:
    """The run and the model of a side. Raises QaEvalError if two different models are named."""
    if isinstance(side, ModelResult):
        if spec is not None and side.row not in side.run.leaderboard.rows_named(spec):
            raise QaEvalError(f"{argument}: {spec} is another model than {name}, which is {side.spec}")
        return side.run, side.spec
    if isinstance(side, Run):
        return side, spec
    if not isinstance(side, str | PathLike):
        wanted = "a run, a model of one such as run['embedded'], or the path of a run folder"
        raise QaEvalError(unlike(name, side, wanted))
    return load_run(Path(side)), spec


@dataclass(frozen=True, slots=True)
class _Wanted:
    metrics: tuple[str, ...]
    slice: str | None
    allowed: tuple[str, ...]
    resamples: int
    seed: int
    tests: int
    """Number of primary tests, for which p is corrected."""
    everything: bool


def _pair(base: Side, new: Side, wanted: _Wanted, *, details: bool) -> Pair:
    """The comparison of one pair. Without details, it has the primary metrics only."""
    differing = differing_fields(base, new, wanted.allowed)
    pairing = pair_items(base.answers(), new.answers())
    shared = {answer.track for answer, _ in pairing.pairs}
    if not shared:
        raise QaEvalError(f"{base.name} and {new.name}: no item in common{_edited_hint(pairing)}")
    base_scores = [answer for answer, _ in pairing.pairs]
    new_scores = [filed(answer, like) for like, answer in pairing.pairs]
    cluster = base.run.leaderboard.data.cluster
    tables = [tables_of(scores, cluster) for scores in (base_scores, new_scores)]
    chosen = choose_metrics(tables, wanted.metrics, wanted.slice, base.run.leaderboard.sort)
    only: Collection[tuple[Track, str]] | None = chosen
    if details:
        only = None if wanted.everything else {*chosen, *beside(*chosen[0])}
    measured = measure(
        tables[0],
        tables[1],
        only=only,
        only_slice=wanted.slice,
        resamples=wanted.resamples,
        seed=wanted.seed,
        tests=wanted.tests,
    )
    primary = [_primary(measured, track, metric, wanted.slice or "") for track, metric in chosen]
    articles: list[ArticleDifference] = []
    without = None
    if details and wanted.everything and wanted.slice is None:
        articles, without = by_article(base_scores, new_scores, *chosen[0], cluster)
    exploratory = [d for d in measured if d not in primary]
    pairs = [
        rows
        for rows, score in zip(pairing.pairs, base_scores, strict=True)
        if wanted.slice is None or wanted.slice in slices_of(score, cluster)
    ]
    if wanted.slice is not None:
        pairs = [rows for rows in pairs if rows[0].track == chosen[0][0]]
    return Pair(
        base=side_info(base),
        new=side_info(new),
        differing=differing,
        items={track: n for track in sorted(shared) if (n := sum(row.track == track for row, _ in pairs))},
        facts=len({row.fact for row, _ in pairs}),
        cluster=cluster,
        clusters=len({cluster_of(row.fact, row.article, cluster) for row, _ in pairs}),
        edited=pairing.edited,
        added=pairing.added,
        removed=pairing.removed,
        verdict=_verdict(pairs, primary[0]),
        primary=tuple(primary),
        exploratory=tuple(corrected(exploratory) if wanted.everything else exploratory),
        articles=tuple(articles),
        leave_one_article_out=without,
        changes=tuple(changed_items(pairs)) if details else (),
    )


def _verdict(pairs: Sequence[tuple[PredictionRow, PredictionRow]], primary: MetricDifference) -> Verdict:
    if all(base.prediction == new.prediction for base, new in pairs) and primary.wins == primary.losses == 0:
        return "same"
    return primary.verdict


def _together(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with their primary p corrected by Holm's method, if there are several.

    Pairs without any difference are not tested. This is valid because it is known before any sign is flipped.
    """
    tested = [d.p for pair in pairs if pair.verdict != "same" for d in pair.primary if d.p is not None]
    if len(tested) < 2:
        return list(pairs)
    adjusted = iter(holm(tested).tolist())
    found = []
    for pair in pairs:
        if pair.verdict == "same":
            found.append(pair)
            continue
        primary = tuple(replace(d, p_adjusted=next(adjusted), correction="holm") for d in pair.primary)
        found.append(replace(pair, primary=primary, verdict=primary[0].verdict))
    return found


def _primary(measured: Iterable[MetricDifference], track: Track, metric: str, name: str) -> MetricDifference:
    return next(d for d in measured if (d.track, d.metric, d.slice) == (track, metric, name))


def _edited_hint(pairing: Pairing) -> str:
    parts = sorted({part for edited in pairing.edited for part in edited.parts})
    return f"; {len(pairing.edited)} items have another {' or '.join(parts)}" if parts else ""
