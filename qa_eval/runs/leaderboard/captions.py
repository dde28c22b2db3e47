"""The sentences of a leaderboard: the leading sentence, the caption and the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from qa_eval.data.article_labels import slice_label
from qa_eval.metrics.listings import column_label, entry, in_order, label, listed, remark
from qa_eval.metrics.parts import ALL_ITEMS, SILENT
from qa_eval.models.declarations import undeclared_sentence
from qa_eval.models.protocol import spec_labels
from qa_eval.runs.data_kinds import data_kind
from qa_eval.runs.leaderboard.views import View, ViewLine
from qa_eval.runs.ranking import competes
from qa_eval.runs.schema import NOTHING_SCORED
from qa_eval.stats.small_samples import FEWEST_CLUSTERS
from qa_eval.text.figures import interval_text, no_interval, percent, smallest_difference
from qa_eval.text.phrases import count, enumerate_words

if TYPE_CHECKING:
    from qa_eval.records import Estimate
    from qa_eval.runs.schema import Row

_NAMED = 3
"""Most models that a note names."""


def leading_sentence(view: View) -> str:
    """Names the best model and says whether that is certain.

    It is certain if the test of the ranks separates the first model from the second (family-wise p ≤ 0.05). A
    view of a slice has no test, and neither has one that another metric sorts. The sentence then names only
    the first model.
    """
    if not view.board.scored:
        return f"{NOTHING_SCORED[0].upper()}{NOTHING_SCORED[1:]}."
    metric = column_label(*view.sort)
    labels = view.board.data.article_labels
    where = f" on {slice_label(view.selection.slice, labels)}" if view.selection.slice else ""
    found = [
        (name_in(view, line), estimate)
        for line in view.lines
        if competes(line.row) and (estimate := view.estimate(line, view.sort)) is not None
    ]
    if not found:
        return "No model has a score to rank." if view.lines else "No model was run."
    name, best = found[0]
    value = f"{metric} {percent(best.value)}{where}"
    if len(found) == 1:
        return f"{name}: {value}; no other model has a score to rank."
    ranked = [line for line in view.lines if view.ranked and line.row.rank is not None]
    if len(ranked) < 2:
        few = f"; {best.clusters} {view.board.data.cluster}s are too few to say which model is best"
        few = few if best.clusters < FEWEST_CLUSTERS else "; no test was made here of whether that is certain"
        return f"{name} is first: {value}{few}."
    together = [name_in(view, line) for line in ranked if line.row.rank == 1]
    if len(together) > 1:
        return f"{_some(together)} share the lead: these items cannot tell which of them is best."
    lead = ranked[1].row.versus_first
    if lead is None:
        return f"{name} is first: {value}."
    interval = interval_text(-lead.high, -lead.low) if lead.low is not None and lead.high is not None else ""
    by = f"{percent(-lead.value)} points of {metric}"
    return f"{name} leads by {by}; the lead is certain{f' (95 % interval {interval})' if interval else ''}."


def _some(names: Sequence[str]) -> str:
    """All names, or the first three and the number of the others."""
    rest = len(names) - _NAMED
    return enumerate_words([*names[:_NAMED], f"{rest} more"] if rest > 0 else names)


def name_in(view: View, line: ViewLine) -> str:
    """The model's label, with the run if another row of the view has the same spec."""
    twin = sum(other.row.model.spec == line.row.model.spec for other in view.lines) > 1
    return (f"{line.run} · " if twin else "") + label_in(view, line)


def label_in(view: View, line: ViewLine) -> str:
    """The model's label among those of the view."""
    return _labels(tuple(other.row.model.spec for other in view.lines))[line.row.model.spec]


_labels = lru_cache(maxsize=8)(spec_labels)


_ABSTAINING = "(what always abstaining earns in EM and F1)"

_SPEAK_OF = {
    "fact": "95 % intervals: clustered by fact; they speak of other {facts}",
    "context": "95 % intervals: clustered by context; they speak of other contexts with their questions",
}


def caption(view: View) -> Iterator[str]:
    """Sentences on the data, the scoring and the population that the numbers speak of."""
    first = view.board
    yield _items_sentence(view) if view.selection.slice is None else _slice_sentence(view)
    track, metric = view.sort
    by = column_label(track, metric)
    meaning = f" = {gloss}" if (gloss := entry(metric).gloss) else ""
    if not first.scored:
        yield NOTHING_SCORED
        return
    yield f"percent, sorted by {by}{meaning}; rules {first.rules}, scorer {first.scorer_version}"
    if view.merged is not None:
        together = ", ranked together" if view.merged.ranked else ""
        yield f"{count(len(view.merged.boards), 'run')}; one row of each signature{together}"
    if not view.ranked and any(line.row.rank is not None for line in view.lines):
        ranked_by = label(first.sort.partition(".")[2])
        yield f"ranks and differences are of {ranked_by} over all items and are left out here"
    yield from _intervals(view)
    if view.ranked:
        yield from _detectable(view, by)


def _intervals(view: View) -> Iterator[str]:
    """Sentence on the population of the intervals, and on the values without one."""
    unit = view.board.data.cluster
    found = [
        (label(column[1]), e)
        for column in view.columns
        for line in view.lines
        if (e := view.estimate(line, column)) is not None and e.clusters
    ]
    without = [(name, e) for name, e in found if e.low is None and e.clusters < FEWEST_CLUSTERS]
    bounded = any(e.low is not None for _, e in found)
    if not found or bounded:
        yield _SPEAK_OF[unit].format(facts=data_kind(view.board.data).others)
    if without:
        names = list(dict.fromkeys(name for name, _ in without)) if bounded else []
        yield no_interval(max(e.clusters for _, e in without), unit, names)


def _detectable(view: View, by: str) -> Iterator[str]:
    """Sentence on the smallest difference between the first two models that could have been shown."""
    ranked = [line.row for line in view.lines if line.row.rank is not None]
    compared = [line.row for line in view.lines if line.row.versus_first is not None]
    clusters = max((row.versus_first.clusters for row in compared if row.versus_first), default=0)
    if compared and clusters < FEWEST_CLUSTERS:
        yield f"too few {view.board.data.cluster}s to rank models: {clusters}, {FEWEST_CLUSTERS} are needed"
    elif len(ranked) > 1:
        smallest = smallest_difference(
            view.board.minimum_detectable_difference,
            clusters,
            by,
            f"between the first two of {len(ranked)} ranked models",
        )
        yield smallest[0].lower() + smallest[1:]


def _items_sentence(view: View) -> str:
    data = view.board.data
    if not data_kind(data).has_claims:
        text = f"{data.dataset}{f' [{data.split}]' if data.split else ''}: "
        text += f"{count(data.facts, 'question')} on {count(data.contexts or 0, 'context')}"
        if share := silent_share(view):
            text += f", {percent(share)} % of them without an answer {_ABSTAINING}"
        return text
    name = f"{data.dataset}{f' [{data.split}]' if data.split else ''}: " if data_kind(data).is_spec else ""
    text = f"{name}{count(data.facts, 'fact')}, {data.contested:,} contested"
    if data.items.reading:
        text += f"; {count(data.items.reading, 'reading item')}"
        if (share := silent_share(view)) is not None:
            text += f", {percent(share)} % of them silent {_ABSTAINING}"
    if data.items.pooled:
        text += f"; {count(data.items.pooled, 'pooled item')}"
    return text


def silent_share(view: View) -> float | None:
    """Share of silent items among the canonical reading items. None if no model was asked all of them."""

    def metrics_of(line: ViewLine) -> Mapping[str, Estimate]:
        return line.row.metrics.get("reading", {}) if line.row.status == "ok" else {}

    every, silent = _counted(view, metrics_of)
    return silent / every if every else None


def _slice_sentence(view: View) -> str:
    """Sentence on the items of the slice.

    The slices contested and settled hold the items that have an answer. The silent items of the same facts
    are in the slice silent; the sentence counts them too.
    """
    data, name = view.board.data, str(view.selection.slice)
    track = view.columns[0][0] if view.columns else "reading"
    noun = data_kind(data).item_noun(track)

    def of(slice_: str) -> tuple[int, int]:
        return _counted(view, lambda line: line.row.slices.get(slice_, {}))

    number, silent = of(name)
    if (whole := data_kind(data).items_in_all(data, track)) is not None:
        return f"{name}: {number:,} of {count(whole, noun)}"
    if name == "silent":
        whole = data.items.reading
        return f"silent: {number:,} of {count(whole, noun)}, each of an article that does not answer"
    if not number:
        return f"{name}: no {noun}s"
    if name not in ("contested", "settled"):
        return f"{name}: {count(number, noun)}, {percent(silent / number)} % of them silent {_ABSTAINING}"
    # Every contested fact has a relation, whose slice holds all of its items.
    relations = {s for line in view.lines for s in line.row.slices if s.startswith("relation:")}
    items, without = (sum(column) for column in zip((0, 0), *map(of, sorted(relations)), strict=True))
    facts = data.contested
    if name == "settled":
        items, without = data.items.reading - items, of("silent")[0] - without
        facts = data.facts - facts
    if items - without != number:  # Rows may be cut or come from another version of the program.
        return f"{name}: {count(number, noun)} with an answer"
    return (
        f"{name}: {count(facts, 'fact')} with {count(items, noun)}; {percent(without / items)} % of these "
        f"are silent, and are in that slice; the numbers here are of the other {number:,}"
    )


def _counted(view: View, metrics_of: Callable[[ViewLine], Mapping[str, Estimate]]) -> tuple[int, int]:
    """The number of items under a metric of all items, and the number of silent ones, in the first row with
    it.
    """
    for line in view.lines:
        metrics = metrics_of(line)
        if every := _over(ALL_ITEMS, metrics):
            return every, _over(SILENT, metrics)
    return 0, 0


def _over(kind: str, metrics: Mapping[str, Estimate]) -> int:
    """The number of items of a kind, from a metric over all of them. 0 if the row has no such metric."""
    return next((metrics[id].n for id in in_order(metrics) if entry(id).over == kind), 0)


def notes(view: View) -> Iterator[str]:
    """Remarks that a reader of the numbers needs, the most important first."""
    yield from view.merged.notes if view.merged is not None else ()
    yield from view.board.data.notes
    for board in view.merged.boards if view.merged is not None else (view.board,):
        if board.status == "partial":
            yield f"{board.name}: interrupted; the same call goes on with it"
    for line in view.lines:
        if line.row.status == "partial":
            stored = line.row.predictions
            done = stored.rows if stored is not None else line.row.counts.items
            left = line.row.counts.unasked
            yield f"{line.row.model.spec}: interrupted; " + (
                f"its numbers are of {done:,} of {count(done + left, 'item')}"
                if left
                else "every item is answered, but further prompts may not be"
            )
    shown = {metric for _, metric in view.columns}
    if view.selection.track == "reading":
        shown |= {metric for _, metric in listed("reading track")}
    for metric in sorted(shown):
        rows = [line.row for line in view.lines if metric in line.row.absent]
        if rows:
            yield f"{label(metric)} is left out for {_named(rows)}: {rows[0].absent[metric]}"
    for track, metric in view.columns if view.counted else ():
        found = [line.row for line in view.lines if view.estimate(line, (track, metric)) is not None]
        if found and (aside := remark_on(found[0], track, metric)):
            yield aside
    yield from _of_language_models(view)
    models = {line.row.model.spec: line.row.model for line in view.lines if line.row.model.no_null_head}
    if any(model.declaration != "undeclared" for model in models.values()):
        yield "† has no score for no answer, so it never abstains"
    if (sentence := undeclared_sentence(models.values())) is not None:
        yield f"† {sentence}"


def _of_language_models(view: View) -> Iterator[str]:
    for line in view.lines:
        if view.counted and (sentence := written_sentence(line.row)):
            yield f"{line.row.model.spec}: {sentence}"
    if any(line.row.model.backend == "server" for line in view.lines):
        yield "a server may answer otherwise when it is asked again; the cache replays its answers"


def written_sentence(row: Row) -> str:
    """The tokens, times and cost of a language model's answers. Empty for other models.

    Answers that other runs left in the cache do not count. Those of all parts of an interrupted run do.
    """
    p = row.performance
    if p.tokens_in is None:
        return ""
    parts = [f"{count(p.tokens_in, 'token')} read, {p.tokens_out:,} written"]
    if p.unfinished:
        ended = "answer ends" if p.unfinished == 1 else "answers end"
        parts.append(f"{p.unfinished:,} {ended} at the greatest number of tokens")
    if p.latency is not None:
        times = ", ".join(f"{seconds:,.2f} s ({name})" for name, seconds in p.latency.items())
        parts.append(f"time of an answer {times}")
    if p.cost is not None:
        parts.append(f"cost {p.cost:,.4g}")
    return "; ".join(parts)


def remark_on(row: Row, track: str, metric: str) -> str:
    """Note under a table with the row's value of the metric. Empty for most metrics."""
    estimate = row.metric(track, metric)
    if estimate is None:
        return ""
    chance = row.metric(track, f"{metric}_chance")
    told = row.counts.parts() | ({"chance": percent(chance.value)} if chance is not None else {})
    return remark(metric, told, estimate.n)


def _named(rows: Sequence[Row]) -> str:
    names = [row.model.spec for row in rows]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
