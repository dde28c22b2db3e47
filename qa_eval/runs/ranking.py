"""Makes the rows of a leaderboard from scores: metrics with intervals, signatures, references, ranks.

`run` uses these functions on fresh answers, and `verify` uses them on stored answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.listings import of_words, sort_keys
from qa_eval.metrics.reference_answers import ReferenceName
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.metrics.summary import summarize_tables
from qa_eval.records import Decoding, ModelInfo, Track
from qa_eval.runs.options import RESAMPLES, Threshold
from qa_eval.runs.schema import DecodingRow, Row
from qa_eval.stats.significance import Comparisons, compare_all_pairs, paired_tests
from qa_eval.stats.small_samples import FEWEST_CLUSTERS

RULES = "squad-v2.0"
"""The EM and F1 rules of the curated set."""
UNRANKED = frozenset({"baseline:abstain", "baseline:random-span"})
"""Baselines outside the ranking. They help to read the columns."""
_GROUPS = {"ok": 0, "partial": 1, "error": 2}


def _scorer_version() -> str:
    from qa_eval.metrics.item_scores import SCORER_VERSION  # ranking stored rows needs no scorer

    return SCORER_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Everything that can change a number. `str` renders it, and nothing parses it.

    >>> print(Signature(model="oracle", backend="gold", data="f00"))  # doctest: +ELLIPSIS
    rules:squad-v2.0|scorer:...|model:oracle|decoding:none|threshold:none|backend:gold|deterministic:no|data:f00
    """

    model: str
    """Fingerprint of the model, or its spec if it has none."""
    backend: str
    data: str
    """Hash of the questions, texts and golds."""
    decoding: Decoding | None = None
    threshold: Threshold | None = None
    deterministic: bool = False
    rules: str = RULES
    scorer: str = field(default_factory=_scorer_version)

    def __str__(self) -> str:
        d = self.decoding
        parts = {
            "rules": self.rules,
            "scorer": self.scorer,
            "model": self.model,
            "decoding": f"{d.max_length}/{d.doc_stride}/{d.max_answer_tokens}/{d.n_best}" if d else "none",
            "threshold": "none" if self.threshold is None else str(self.threshold),
            "backend": self.backend,
            "deterministic": "yes" if self.deterministic else "no",
            "data": self.data,
        }
        return "|".join(f"{key}:{value}" for key, value in parts.items())


def model_signature(
    info: ModelInfo,
    decoding: Decoding | None,
    threshold: Threshold,
    *,
    deterministic: bool,
    data: str,
    rules: str = RULES,
    scorer: str | None = None,
) -> str:
    """The signature of a model's row.

    `data` is the hash over all items. `scorer` is the version of the scorer, by default the present one.
    """
    threshold = threshold if isinstance(threshold, str) else float(threshold)
    return str(
        Signature(
            model=info.fingerprint[:16] if info.fingerprint is not None else info.spec,
            backend=info.backend,
            data=data[:16],
            decoding=decoding,
            threshold=threshold,
            deterministic=deterministic,
            rules=rules,
            scorer=scorer or _scorer_version(),
        )
    )


# ------------------------------------------------------------------------------------------ rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row with the scores that it is computed from. A failed model has no scores."""

    row: Row
    tables: Mapping[Track, ScoreTable] = field(default_factory=dict)


def decoding_row(decoding: Decoding | None, threshold: Threshold, *, decided: bool) -> DecodingRow:
    """The record of how answers were decided. `decided`: whether the threshold applied to any of them."""
    windows: dict[str, Any] = asdict(decoding) if decoding is not None else {}
    if not decided:
        return DecodingRow(**windows)
    source: Literal["fixed", "cross-fit"] = "cross-fit" if isinstance(threshold, str) else "fixed"
    value = None if isinstance(threshold, str) else float(threshold)
    return DecodingRow(**windows, threshold=value, threshold_source=source)


def judged_entry(
    row: Row, tables: Mapping[Track, ScoreTable], *, resamples: int, status: Literal["ok", "partial"] = "ok"
) -> Entry:
    """The row, filled with the scores of its answers."""
    summary = summarize_tables(tables, resamples=resamples)
    update = {
        "status": status,
        "metrics": summary.metrics,
        "slices": summary.slices,
        "source_preference": summary.source_preference,
        "speaker_preference": summary.speaker_preference,
        "absent": {
            metric.id: metric.otherwise
            for metric in METRICS.values()
            for track, table in tables.items()
            if metric.otherwise and track in metric.tracks and table.unmet(metric.id)
        },
        "counts": replace(row.counts, **summary.counts),
    }
    return Entry(row=row.model_copy(update=update), tables=tables)


def reference_row(name: ReferenceName, *, data: str, rules: str = RULES, scorer: str | None = None) -> Row:
    """The row of a reference, without its scores; `data` and `scorer` are as for `model_signature`."""
    model, scorer = f"reference:{name}", scorer or _scorer_version()
    return Row(
        model=ModelInfo(spec=model, kind="reference", name=name, backend="gold"),
        signature=str(Signature(model=model, backend="gold", data=data[:16], rules=rules, scorer=scorer)),
    )


# ------------------------------------------------------------------------------------------ ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The rows of a leaderboard in order, with ranks."""

    rows: list[Row]
    sort: str
    minimum_detectable_difference: float | None


def rank_rows(
    entries: Iterable[Entry], *, resamples: int = RESAMPLES, sorts: Sequence[str] | None = None
) -> Ranked:
    """Sorts the rows by the sort metric and ranks those that compete.

    The sort metric is the first metric of `sorts` that every competing row has. If there is none, it is the
    first that some row has. If `sorts` is empty, the metrics of the listing `ranking` are tried. Metrics of
    answers in words sort only if some competing or interrupted model is a language model, or answers with
    texts, not with spans. Finished models come first, then interrupted ones, then failed ones, and then
    references in the given order.
    Finished models are ranked, except the unranked baselines. One test decides on all pairs of ranked models.
    The difference of each to the first comes from the same test, so that ranks and differences agree. Each
    unranked baseline is compared with the first model in a test of its own. On fewer than `FEWEST_CLUSTERS`
    clusters nothing is ranked.
    """
    entries = list(entries)
    sort = _sort(entries, sorts if sorts is not None else sort_keys("ranking"))
    track: Track = "pooled" if sort.startswith("pooled.") else "reading"
    metric = sort.partition(".")[2]
    ordered = sorted(entries, key=lambda entry: _place(entry, track, metric))
    terms = {
        id(entry): summed[0]
        for entry in ordered
        if _finished(entry) and track in entry.tables and (summed := entry.tables[track].terms(metric))
    }
    competing = [e for e in ordered if id(e) in terms and e.row.model.spec not in UNRANKED]
    compared = compare_all_pairs([terms[id(e)] for e in competing], resamples=resamples)
    ranked = compared.clusters >= FEWEST_CLUSTERS
    places = {id(entry): place for entry, place in zip(competing, compared.ranks(), strict=True) if ranked}
    numbers = {id(entry): number for number, entry in enumerate(competing)}
    first = competing[0] if competing else None
    others = [e for e in ordered if first is not None and id(e) in terms and id(e) not in numbers]
    pairs = [(terms[id(other)], terms[id(first)]) for other in others]
    tested = {
        id(other): test.difference
        for other, test in zip(others, paired_tests(pairs, resamples=resamples), strict=True)
    }
    rows = []
    for entry in ordered:
        update: dict[str, object] = {"rank": None, "rank_interval": None, "versus_first": None}
        if id(entry) in places:
            rank, low, high = places[id(entry)]
            update |= {"rank": rank, "rank_interval": (low, high)}
        if id(entry) in tested:
            update["versus_first"] = tested[id(entry)]
        elif id(entry) in numbers and entry is not first:
            update["versus_first"] = compared.difference(numbers[id(entry)], 0)
        rows.append(entry.row.model_copy(update=update))
    return Ranked(rows=rows, sort=sort, minimum_detectable_difference=_detectable(compared))


def competes(row: Row) -> bool:
    """Whether the row can have a rank: it is a finished model and not an unranked baseline."""
    return row.status == "ok" and not row.is_reference and row.model.spec not in UNRANKED


def _finished(entry: Entry) -> bool:
    return entry.row.status == "ok" and not entry.row.is_reference


def _sort(entries: Sequence[Entry], sorts: Sequence[str]) -> str:
    # An interrupted model will compete, so its run is sorted as it will be when it is complete.
    will_compete = [entry for entry in entries if entry.row.status == "partial" or competes(entry.row)]
    if not any(map(_answers_in_words, will_compete)):
        sorts = [sort for sort in sorts if not of_words(sort)] or sorts
    having = [{f"{t}.{m}" for t, ms in e.row.metrics.items() for m in ms} for e in entries if competes(e.row)]
    shared = set.intersection(*having) if having else set()
    defined = {f"{t}.{m}" for e in entries for t, ms in e.row.metrics.items() for m in ms}
    return next((sort for held in (shared, defined) for sort in sorts if sort in held), sorts[0])


def _answers_in_words(entry: Entry) -> bool:
    """Whether a model is a language model, or all its answers are texts without spans.

    A language model that always abstains, or fails on every item, has no answer that could tell.
    """
    if entry.row.model.sampling is not None:
        return True
    answered = sum(table.counts["answered"] for table in entry.tables.values())
    return 0 < answered == sum(table.counts["in_words"] for table in entry.tables.values())


def _value(entry: Entry, track: str, metric: str) -> float:
    estimate = entry.row.metric(track, metric)
    return estimate.value if estimate is not None else 0.0


def _place(entry: Entry, track: str, metric: str) -> tuple[int, float, str]:
    if entry.row.is_reference:
        return (len(_GROUPS), 0.0, "")  # the sort is stable: references keep their order
    return (_GROUPS[entry.row.status], -_value(entry, track, metric), entry.row.model.spec)


def _detectable(compared: Comparisons) -> float | None:
    """The smallest difference between the first two ranked rows that could be shown.

    None if there is one row, or if no difference could be shown.
    """
    return compared.detectable(0, 1) if len(compared.scores) > 1 else None
