"""A comparison on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from rich.text import Text

from qa_eval.comparisons.changed_items import telling_changes
from qa_eval.comparisons.differences import AllPairs, Comparison, Gate, ItemChange, Pair
from qa_eval.comparisons.sentences import (
    KINDS,
    METRIC_HEAD,
    MODEL_HEAD,
    NAMED_APART,
    alike,
    all_pairs_notes,
    all_pairs_title,
    apart_lines,
    articles_sentence,
    changes_sentence,
    detectable_sentence,
    footnotes,
    gold_text,
    headline_metrics,
    items_sentence,
    metric_cells,
    metric_name,
    model_cells,
    model_name,
    other_metrics,
    pair_title,
    range_sentence,
    rank_text,
    said_text,
    same_beside,
    several_title,
    shown_slices,
    single_pair,
    standing_names,
    unmoved_sentence,
    verdict_sentence,
)
from qa_eval.data.article_labels import item_label, slice_label
from qa_eval.text.figures import percent
from qa_eval.text.grid import draw_grid
from qa_eval.text.passages import wrap_text
from qa_eval.text.terminal import clean

STYLES = {"better": "bold green", "worse": "bold red", "undecided": "bold yellow", "same": "bold"}
_MORE = "--all shows every metric, every slice and more items"
_ANSWER_INDENT, _ANSWER_HANG = " " * 4, " " * 6


def draw_comparison(
    comparison: Comparison | AllPairs,
    width: int,
    *,
    every: bool = False,
    items: int | None = None,
    gate: Gate | None = None,
    labels: Mapping[str, str] | None = None,
) -> list[Text]:
    """The lines of a comparison on the terminal.

    With `every`, all metrics, all slices and the items of each kind of change are shown. Otherwise the
    verdict, the headline metrics and the most telling items are. `items` is the number of items shown, for
    each kind of change with `every`. By default it is 10 with `every`, and 5 without. `labels` are the short
    names of articles, by id.
    """
    if isinstance(comparison, AllPairs):
        return list(_all_pairs(comparison, width))
    pair = single_pair(comparison)
    labels = labels or {}
    if pair is None:
        lines = [*_models(comparison, width), *_notes(footnotes(comparison, pair), width)]
    elif every:
        lines = list(_whole(comparison, pair, width, 10 if items is None else items, labels))
        lines += _notes(footnotes(comparison, pair), width)
    else:
        lines = list(_brief(pair, width, 5 if items is None else items, labels))
        lines += _notes((*_about(comparison, pair), *footnotes(comparison, pair, tests=False)), width)
        lines += _notes([] if pair.verdict == "same" else [_MORE], width)
    if gate is not None:
        lines += [Text(), *_gate(gate, width)]
    return lines


def _notes(sentences: Iterable[str], width: int) -> Iterator[Text]:
    for sentence in sentences:
        yield from _paragraph(sentence, width, "dim")


def _paragraph(sentence: str, width: int, style: str = "", indent: str = "") -> list[Text]:
    return wrap_text(Text(clean(sentence), style), width, indent, "  ")


# ------------------------------------------------------------------------------------------ one pair


def _about(comparison: Comparison, pair: Pair) -> Iterator[str]:
    """The differences apart from the answers, and the compared items."""
    yield from (f"{field}: {base} → {new}" for field, (base, new) in pair.differing.items())
    yield items_sentence(pair)
    yield from apart_lines(pair, NAMED_APART)
    yield from same_beside(comparison, pair)


def _verdicts(pair: Pair, width: int, *, detectable: bool) -> Iterator[Text]:
    """A sentence for each primary metric. The smallest difference that could be shown follows on request, or
    if no difference was shown.
    """
    for d in pair.primary[:1] if pair.verdict == "same" else pair.primary:
        verdict = "same" if pair.verdict == "same" else d.verdict
        head, colon, rest = verdict_sentence(pair, d).partition(":")
        yield from wrap_text(Text.assemble((head, STYLES[verdict]), colon + rest), width, "", "  ")
        if detectable or verdict == "undecided":
            yield from _paragraph(detectable_sentence(d), width)
    yield Text()


def _brief(pair: Pair, width: int, most: int, labels: Mapping[str, str]) -> Iterator[Text]:
    """The verdict, the headline metrics, and the most telling items."""
    yield Text(clean(pair_title(pair)), "bold")
    yield from _verdicts(pair, width, detectable=False)
    if pair.verdict == "same":
        return
    q = METRIC_HEAD.index("q") + 1
    rows = [("metric", *METRIC_HEAD), *((metric_name(d), *metric_cells(d)) for d in headline_metrics(pair))]
    head, *cells = [(*row[:q], *row[q + 1 :]) for row in rows]
    yield from (*draw_grid(head, cells, width), Text())
    if not (shown := telling_changes(pair.changes, most)):
        return
    title = Text.assemble(("what tells most", "bold"), (f"  of {changes_sentence(pair)}", "dim"))
    yield from wrap_text(title, width, "", "  ")
    for change in shown:
        yield from _telling_item(change, width, labels)
    yield Text()


def _telling_item(change: ItemChange, width: int, labels: Mapping[str, str]) -> Iterator[Text]:
    """The kind of change, the question, the right answers, and both given answers."""
    style = "green" if change.kind == "fixed" else "red"
    question = Text.assemble((f"{change.kind:<8}", style), clean(change.question))
    yield from wrap_text(question, width, "", " " * 8)
    yield from wrap_text(Text(clean(item_label(change.item, labels)), "dim"), width, " " * 8)
    yield from wrap_text(Text.assemble(("gold  ", "dim"), clean(gold_text(change))), width, " " * 8, " " * 6)
    for side, said in (("base", change.base), ("new", change.new)):
        text, _ = said_text(said)
        line = Text.assemble((f"{side:<6}", "dim"), (clean(text), "green" if said.right else "red"))
        line.append("  right" if said.right else f"  wrong: {clean(said.why)}", "dim")
        yield from wrap_text(line, width, " " * 8, " " * 6)


def _whole(
    comparison: Comparison, pair: Pair, width: int, most: int, labels: Mapping[str, str]
) -> Iterator[Text]:
    yield Text(clean(pair_title(pair)), "bold")
    for line in _about(comparison, pair):
        yield from _paragraph(line, width, "dim", "  ")
    yield Text()
    yield from _verdicts(pair, width, detectable=True)
    yield from _metrics(pair, width)
    if slices := shown_slices(pair):
        rows = [(slice_label(d.slice, labels), metric_name(d), *metric_cells(d)) for d in slices]
        yield from (*draw_grid(("slice", "metric", *METRIC_HEAD), rows, width, left=2), Text())
    if pair.leave_one_article_out is not None and pair.verdict != "same":
        yield from (*_paragraph(articles_sentence(pair), width), Text())
    yield from _items(pair, width, most, labels)


def _metrics(pair: Pair, width: int) -> Iterator[Text]:
    others, unmoved = other_metrics(pair)
    rows = [(f"{metric_name(d)} *", *metric_cells(d)) for d in pair.primary]
    rows += [(metric_name(d), *metric_cells(d)) for d in others]
    yield from draw_grid(("metric", *METRIC_HEAD), rows, width)
    yield Text("* primary; all others are exploratory", "dim")
    if unmoved:
        yield from _paragraph(unmoved_sentence(unmoved), width, "dim")
    yield Text()


def _items(pair: Pair, width: int, most: int, labels: Mapping[str, str]) -> Iterator[Text]:
    for kind, group in groupby(pair.changes, key=lambda change: change.kind):
        changes = list(group)
        yield Text(f"{KINDS[kind]} ({len(changes)})", "bold")
        for change in changes[:most]:
            yield from _item(change, width, labels)
        if len(changes) > most:
            yield Text(f"  and {len(changes) - most} more: --items {len(changes)}", "dim")
        yield Text()


def _item(change: ItemChange, width: int, labels: Mapping[str, str]) -> Iterator[Text]:
    """The item's name and question, its golds, and both answers."""
    title = Text.assemble((clean(item_label(change.item, labels)), "cyan"), f"  {clean(change.question)}")
    yield from wrap_text(title, width, "  ", "  ")
    gold = Text.assemble(("gold  ", "dim"), (clean(gold_text(change)), "green"))
    yield from wrap_text(gold, width, _ANSWER_INDENT, _ANSWER_HANG)
    for name, said in (("base", change.base), ("new", change.new)):
        text, why = said_text(said)
        answer = (clean(text), "green" if said.right else "red")
        line = Text.assemble((f"{name:<6}", "dim"), answer, (f"  {clean(why)}", "dim"))
        yield from wrap_text(line, width, _ANSWER_INDENT, _ANSWER_HANG)


def _gate(gate: Gate, width: int) -> Iterator[Text]:
    yield Text("regression", "bold red") if gate.failed else Text("no regression", "bold green")
    for reason in gate.reasons:
        yield from _paragraph(reason, width, indent="  ")


# ------------------------------------------------------------------------------------------ many models


def _models(comparison: Comparison, width: int) -> Iterator[Text]:
    yield Text(clean(several_title(comparison)), "bold")
    first = comparison.pairs[0]
    for line in (items_sentence(first), *apart_lines(first, NAMED_APART)):
        yield from _paragraph(line, width, "dim", "  ")
    yield Text()
    rows = [
        (model_name(pair), metric_name(d), *model_cells(pair, d))
        for pair in comparison.pairs
        for d in pair.primary
    ]
    yield from draw_grid(("model", "metric", *MODEL_HEAD), rows, width, left=2)
    yield Text()
    yield from _paragraph(range_sentence(comparison), width)
    yield Text("--model SPEC shows every metric and the items of one", "dim")


def _all_pairs(found: AllPairs, width: int) -> Iterator[Text]:
    """All models by rank, then those that cannot be distinguished."""
    names = standing_names(found)
    rows = [(rank_text(s), name, percent(s.value)) for s, name in zip(found.standings, names, strict=True)]
    yield from draw_grid(("rank", "model", all_pairs_title(found)), rows, width, left=2, names=1)
    yield Text()
    yield Text("cannot be told apart", "bold")
    groups = [(name, others) for name, others in zip(names, alike(found), strict=True) if others]
    for name, others in groups:
        yield from _paragraph(f"{name}: {', '.join(others)}", width, indent="  ")
    if not groups:
        yield Text("  none: every model can be told from every other")
    yield Text()
    for sentence in all_pairs_notes(found):
        yield from _paragraph(sentence, width, "dim")
