"""What a comparison says, for people: sentences, headings, the cells of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa_eval.comparisons.differences import (
    AllPairs,
    Comparison,
    ItemChange,
    MetricDifference,
    Pair,
    SideAnswer,
    SideInfo,
    Standing,
)
from qa_eval.metrics.listings import beside, column_label, listed
from qa_eval.models.protocol import spec_labels
from qa_eval.stats.small_samples import FEWEST_CLUSTERS
from qa_eval.text.figures import no_interval, percent, signed, smallest_difference
from qa_eval.text.phrases import count, enumerate_words

VERDICTS = {
    "better": "better",
    "worse": "worse",
    "undecided": "cannot tell at this size",
    "same": "the same",
}
KINDS = {"fixed": "fixed", "broken": "broken", "changed": "answered otherwise, the verdict is the same"}

MODEL_HEAD = ("base", "new", "Δ", "95 % interval", "p (Holm)", "verdict", "better/same/worse")
NAMED_APART = 8
"""Items that are not compared, named of each kind."""
METRIC_HEAD = ("base", "new", "Δ", "95 % interval", "p", "q", "better/same/worse")


def side_name(side: SideInfo, other: SideInfo) -> str:
    """What tells a side from the other: run and model, or one of them where the other is shared."""
    label = _label(side, other)
    if side.run == other.run and side.path == other.path:
        return label
    return (side.run or "this run") if side.model == other.model else _in_its_run(side, label)


def _label(side: SideInfo, *others: SideInfo) -> str:
    """The model's label, which differs from those of the other sides if their models differ."""
    return spec_labels([side.model, *(other.model for other in others)])[side.model]


def _in_its_run(side: SideInfo, label: str) -> str:
    """The model's label after its run, if that has a name."""
    return f"{side.run} · {label}" if side.run else label


def pair_title(pair: Pair) -> str:
    """Who is compared with whom."""
    both = f"{side_name(pair.base, pair.new)} → {side_name(pair.new, pair.base)}"
    label = _label(pair.new)
    if both == f"{label} → {label}" and pair.base.model == pair.new.model:
        return f"{label} in two runs"
    return f"{label}: {both}" if pair.base.model == pair.new.model else both


def several_title(comparison: Comparison) -> str:
    """Two runs; or one model, and the run whose models are held against it."""
    first = comparison.pairs[0]
    against_one = len({(pair.base.path, pair.base.model) for pair in comparison.pairs}) == 1
    base = _in_its_run(first.base, _label(first.base)) if against_one else first.base.run or "this run"
    return f"{base} → {first.new.run or 'this run'}"


def metric_name(d: MetricDifference) -> str:
    """The metric's label, with its track if that is the pooled one."""
    return column_label(d.track, d.metric)


def p_text(p: float | None) -> str:
    """A p value with three decimals.

    >>> p_text(0.0421), p_text(0.0001), p_text(None)
    ('0.042', '<0.001', '–')
    """
    if p is None:
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def interval(d: MetricDifference) -> str:
    """The interval in points; a dash where there are too few clusters for one."""
    return "–" if d.low is None or d.high is None else f"{signed(d.low)} … {signed(d.high)}"


def metric_cells(d: MetricDifference) -> tuple[str, ...]:
    """Under `METRIC_HEAD`: p is the plain one, q the corrected one."""
    counted = f"{d.wins}/{d.ties}/{d.losses}" if d.test != "none" else "–"
    return (
        percent(d.base),
        percent(d.new),
        signed(d.difference),
        interval(d),
        p_text(d.p),
        "" if d.correction == "none" else p_text(d.p_adjusted),
        counted,
    )


def model_name(pair: Pair) -> str:
    """The new side among several."""
    same = pair.new.model == pair.base.model
    return _label(pair.new) if same else side_name(pair.new, pair.base)


def model_cells(pair: Pair, d: MetricDifference) -> tuple[str, ...]:
    """Under `MODEL_HEAD`: a primary metric of one of several models."""
    return (
        percent(d.base),
        percent(d.new),
        signed(d.difference),
        interval(d),
        p_text(d.p_adjusted),
        VERDICTS["same" if pair.verdict == "same" else d.verdict],
        f"{d.wins}/{d.ties}/{d.losses}",
    )


def verdict_sentence(pair: Pair, d: MetricDifference) -> str:
    """Better, worse, or cannot tell; with both values, the difference, its interval and p."""
    verdict = "same" if pair.verdict == "same" else d.verdict
    if verdict == "same":
        return f"The same: all {sum(pair.items.values()):,} answers are equal."
    holm = " by Holm's correction" if d.correction == "holm" else ""
    less = "" if d.higher_is_better else "; less is better"
    where = f" on {d.slice}" if d.slice else ""
    p = f"p = {p_text(d.p_adjusted)}".replace("= <", "< ")
    return (
        f"{VERDICTS[verdict].capitalize()}: {metric_name(d)}{where} {percent(d.base)} → {percent(d.new)}, "
        f"{signed(d.difference)} points ({_interval_text(d)}; {p}{holm}{less})."
    )


def _interval_text(d: MetricDifference) -> str:
    if d.low is None:
        return no_interval(d.clusters, "cluster")
    return f"95 % interval {interval(d)}"


def detectable_sentence(d: MetricDifference) -> str:
    """The smallest difference that these items could show, or that they could show none."""
    return f"{smallest_difference(d.minimum_detectable_difference, d.clusters, metric_name(d))}."


def items_sentence(pair: Pair) -> str:
    """What was compared, and what was not."""
    counted = " and ".join(f"{n:,} {track}" for track, n in sorted(pair.items.items(), reverse=True))
    apart = [
        f"{len(items):,} {what}"
        for what, items in (("edited", pair.edited), ("added", pair.added), ("removed", pair.removed))
        if items
    ]
    return (
        f"{counted} items of {_clusters(pair)}, paired by content; "
        f"{', '.join(apart) or 'none edited, added or removed'}"
    )


def apart_sentence(pair: Pair) -> str:
    """How many items of either run are not compared; empty if all are."""
    base, new = len(pair.removed), len(pair.added)
    apart = [
        *([f"{base} of the base alone"] if base else []),
        *([f"{new} of the new side alone"] if new else []),
        *([f"{len(pair.edited)} that were edited"] if pair.edited else []),
    ]
    return f"Items not compared: {enumerate_words(apart)}." if apart else ""


def _clusters(found: Pair | AllPairs) -> str:
    return count(found.clusters, found.cluster)


def apart_lines(pair: Pair, most: int) -> Iterator[str]:
    """The names of the items that were edited, added or removed: at most `most` of each kind."""
    kinds: Sequence[tuple[str, Sequence[str]]] = (
        ("edited", [f"{e.item} ({', '.join(e.parts)})" for e in pair.edited]),
        ("added", pair.added),
        ("removed", pair.removed),
    )
    for what, names in kinds:
        if names:
            more = f" and {len(names) - most} more" if len(names) > most else ""
            yield f"{what}, not compared: {', '.join(names[:most])}{more}"


def other_metrics(pair: Pair) -> tuple[list[MetricDifference], list[MetricDifference]]:
    """The other metrics on the same items: those that changed on some item, and those that did not."""
    here = [d for d in pair.exploratory if d.slice == pair.primary[0].slice]
    unmoved = [d for d in here if d.difference == 0 and not (d.wins or d.losses)]
    return [d for d in here if d not in unmoved], unmoved


def headline_metrics(pair: Pair) -> list[MetricDifference]:
    """The primary metrics, and then the metrics that `beside` names for the first of them, on its slice."""
    first = pair.primary[0]
    others = {(d.track, d.metric): d for d in pair.exploratory if d.slice == first.slice}
    return [*pair.primary, *(others[c] for c in beside(first.track, first.metric) if c in others)]


def changes_sentence(pair: Pair) -> str:
    """How many items were answered otherwise, of each kind."""
    counted = {kind: sum(change.kind == kind for change in pair.changes) for kind in KINDS}
    return f"{counted['fixed']} fixed, {counted['broken']} broken, {counted['changed']} otherwise changed"


def unmoved_sentence(unmoved: Sequence[MetricDifference]) -> str:
    """Their values in one sentence."""
    return "no difference in " + ", ".join(f"{metric_name(d)} ({percent(d.base)})" for d in unmoved)


def same_beside(comparison: Comparison, shown: Pair) -> list[str]:
    """The models that are not shown because all their answers are the same."""
    same = [model_name(pair) for pair in comparison.pairs if pair is not shown]
    return [f"every answer is the same: {', '.join(same)}"] if same else []


def range_sentence(comparison: Comparison) -> str:
    """The smallest differences that the items could show, from the least to the greatest of the models."""
    found = [d for pair in comparison.pairs if pair.verdict != "same" for d in pair.primary]
    smallest = [d.minimum_detectable_difference for d in found if d.minimum_detectable_difference is not None]
    if not smallest:
        return detectable_sentence(comparison.pairs[0].primary[0])
    return (
        f"The smallest difference that these items can show is about {_range(smallest)} points, by model "
        "(80 % power, corrected for the number of models)."
    )


def _range(values: Sequence[float]) -> str:
    """From the least to the greatest, in percent; one number where these are shown alike."""
    least, greatest = percent(min(values)), percent(max(values))
    return least if least == greatest else f"{least} to {greatest}"


def shown_slices(pair: Pair) -> list[MetricDifference]:
    """The primary metrics on each slice; one of the listing `basic` where a slice has none of them."""
    if pair.verdict == "same":
        return []
    wanted = {(d.track, d.metric) for d in pair.primary}
    basic = listed("basic", "reading", "pooled")
    rows = [d for d in pair.exploratory if d.slice and d.slice != pair.primary[0].slice]
    shown = []
    for name in dict.fromkeys(d.slice for d in rows):
        here = [d for d in rows if d.slice == name]
        instead = [d for d in here if (d.track, d.metric) in basic][:1]
        shown += [d for d in here if (d.track, d.metric) in wanted] or instead
    return shown


def articles_sentence(pair: Pair) -> str:
    """How far the difference hangs on one article."""
    assert pair.leave_one_article_out is not None
    low, high = pair.leave_one_article_out
    return (
        f"Without any one article the difference in {metric_name(pair.primary[0])} is between {signed(low)} "
        f"and {signed(high)} points; so few articles allow no interval over articles."
    )


def footnotes(comparison: Comparison, pair: Pair | None, *, tests: bool = True) -> Iterator[str]:
    """How to read the numbers; without `tests`, not how p and q of one pair were found."""
    yield comparison.estimand
    primary = [d for found in comparison.pairs if found.verdict != "same" for d in found.primary]
    if any(_leaves_out_zero(d) != (d.verdict != "undecided") for d in primary):
        yield (
            "where interval and p disagree the verdict follows p: "
            "intervals are not corrected for several models"
        )
    if pair is not None and tests:
        yield (
            "p: sign flips of whole clusters, on the pooled track exact McNemar of what is right or wrong; "
            "q: p by Benjamini and Hochberg over all that is exploratory here"
        )
    yield from comparison.notes


def _leaves_out_zero(d: MetricDifference) -> bool:
    return d.low is not None and d.high is not None and (d.low > 0 or d.high < 0)


def single_pair(comparison: Comparison) -> Pair | None:
    """The pair whose details are shown: the only one, or the only one in which some answer differs."""
    moved = [pair for pair in comparison.pairs if pair.verdict != "same"]
    if len(comparison.pairs) == 1:
        return comparison.pairs[0]
    return moved[0] if len(moved) == 1 else None


def said_text(said: SideAnswer) -> tuple[str, str]:
    """The answer; and whether it is right, why, and the rule behind that."""
    text = f"“{said.prediction}”" if said.prediction else "no answer"
    verdict = "right" if said.right else "wrong"
    f1 = "" if said.f1 is None else f", F1 {percent(said.f1)}"
    return text, f"{verdict}{f1}: {said.why} (rule {said.rule})"


def gold_text(change: ItemChange) -> str:
    """The golds, or that there is no answer."""
    return " / ".join(f"“{gold}”" for gold in change.golds) or "no answer"


# ------------------------------------------------------------------------------------------ all pairs


def standing_names(found: AllPairs) -> list[str]:
    """Each model, with its run if there are several."""
    several = len({(s.side.run, s.side.path) for s in found.standings}) > 1
    labels = spec_labels(s.side.model for s in found.standings)
    return [
        _in_its_run(s.side, labels[s.side.model]) if several else labels[s.side.model]
        for s in found.standings
    ]


def rank_text(standing: Standing) -> str:
    """The rank, with its interval where that is not the rank alone."""
    low, high = standing.rank_interval
    return str(standing.rank) if low == high else f"{standing.rank} ({low}–{high})"


def all_pairs_title(found: AllPairs) -> str:
    """The metric, and the slice if it is of one."""
    track, _, metric = found.metric.partition(".")
    return column_label(track, metric) + (f" on {found.slice}" if found.slice else "")


def alike(found: AllPairs) -> list[list[str]]:
    """For each model, the models below it whose difference from it is not significant."""
    names = standing_names(found)
    others: list[list[str]] = [[] for _ in names]
    for d in found.differences:
        if d.p_adjusted > 0.05:
            others[d.first].append(names[d.second])
    return others


def all_pairs_notes(found: AllPairs) -> Iterator[str]:
    """What was compared, and how to read it."""
    smallest = [d.minimum_detectable_difference for d in found.differences]
    shown = [d for d in smallest if d is not None]
    together = ", their p corrected together by maxT" if len(smallest) > 1 else ""
    yield (
        f"{count(found.items, 'item')} of {_clusters(found)} that all {len(found.standings)} models "
        f"answered; {count(len(smallest), 'pair')}{together}"
    )
    if found.clusters < FEWEST_CLUSTERS:
        yield f"too few {found.cluster}s to tell models apart: {FEWEST_CLUSTERS} are needed"
    elif shown:
        rest = len(smallest) - len(shown)
        yield (
            f"the smallest difference that two of them can show is about {_range(shown)} "
            f"points, by pair (80 % power, corrected for the number of models)"
            + (f"; {rest} pairs could show none" if rest else "")
        )
    else:
        yield "no difference between two of them could be shown with 80 % power"
    yield found.estimand
    yield from found.notes
