"""Chooses the primary metrics of a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from qa_eval.comparisons.measurements import Tables
from qa_eval.errors import QaEvalError
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.listings import of_words, sort_keys
from qa_eval.records import Track
from qa_eval.text.phrases import choices


def choose_metrics(
    tables: Sequence[Tables], wanted: Sequence[str], slice: str | None, sort: str
) -> list[tuple[Track, str]]:
    """The primary metrics, each defined for every side.

    By default it is the metric that sorts the runs, or else the first that is defined and could sort them.
    """
    common = [track for track in tables[0] if all(track in sides for sides in tables)]
    if slice is not None:
        known = tables[0][common[0]].slices()
        if slice not in known:
            raise _unknown("slice", slice, known)
        common = common[:1]
    if not wanted:
        others = [name for name in sort_keys("ranking") if of_words(sort) or not of_words(name)]
        for name in (sort, *others):
            track, _, metric = name.partition(".")
            for one in common:
                if one == track and metric in METRICS and _defined(tables, one, metric, slice):
                    return [(one, metric)]
    defined = [
        (track, metric) for track in common for metric in METRICS if _defined(tables, track, metric, slice)
    ]
    if not wanted:
        if not defined:
            raise QaEvalError("no metric is defined for both on these items")
        return defined[:1]
    names = {f"{track}.{metric}": (track, metric) for track, metric in defined}
    chosen = []
    for name in dict.fromkeys(wanted):
        found = names.get(name) or next((pair for pair in defined if pair[1] == name), None)
        if found is None:
            raise _unsuitable(name, list(dict.fromkeys(metric for _, metric in defined)))
        chosen.append(found)
    return chosen


def _defined(tables: Sequence[Tables], track: Track, metric: str, slice: str | None) -> bool:
    return all(sides[track].terms(metric, slice or "") is not None for sides in tables)


def _unsuitable(name: str, known: Sequence[str]) -> QaEvalError:
    metric = METRICS.get(name.rpartition(".")[2])
    if metric is None:
        return _unknown("metrics", name, known)
    if metric.ranking is not None:
        why = "it ranks items, so that there is no paired test of it; choose another"
    else:
        why = f"not defined for both on these items; there are: {', '.join(known)}"
    return QaEvalError.naming(lambda called: f"{called('metrics')} {name}: {why}")


def _unknown(argument: str, name: str, known: Sequence[str]) -> QaEvalError:
    return QaEvalError.naming(
        lambda called: f"{called(argument)} {name}: unknown here; {choices(name, known)}"
    )
