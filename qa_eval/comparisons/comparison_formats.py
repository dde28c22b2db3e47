"""A comparison as Markdown, for a pull request or a job's summary, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

from qa_eval.comparisons.differences import AllPairs, Comparison, Gate, ItemChange, MetricDifference, Pair
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
    detectable_sentence,
    footnotes,
    gold_text,
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
from qa_eval.files.hashes import canonical_json
from qa_eval.text.figures import percent
from qa_eval.text.markdown import COMMENT_CHARACTERS, markdown_row, markdown_text
from qa_eval.text.phrases import shorten
from qa_eval.text.terminal import safe_json

_LONGEST_TEXT = 300
"""Most characters of one answer, question or gold."""
_MOST_ALIKE = 5
"""Most models that are named as indistinguishable from one model."""
_MOST_REASONS = 20
_FOLD = 120
"""Upper bound on the characters that folding adds to a part."""


def render_comparison_json(comparison: Comparison | AllPairs, gate: Gate | None = None) -> str:
    """The records as JSON, with `gate` if a gate was requested."""
    whole = asdict(comparison) | ({} if gate is None else {"gate": asdict(gate)})
    return safe_json(canonical_json(whole, indent=1)) + "\n"


def render_comparison_markdown(
    comparison: Comparison | AllPairs, *, items: int = 10, gate: Gate | None = None
) -> str:
    """The comparison as Markdown: the verdict and primary metrics are visible, everything else is folded.

    It is never longer than a comment may be. At most `items` of each kind of change are shown, or fewer if
    there is no room.
    """
    if isinstance(comparison, AllPairs):
        return _all_pairs(comparison)
    pair = single_pair(comparison)
    parts = [] if gate is None else [_gate(gate)]
    parts += _models(comparison) if pair is None else _one(comparison, pair)
    notes = _lines([f"<sub>{_cut(note)}</sub>" for note in footnotes(comparison, pair)])
    text = ""
    for part in parts:
        if len(text) + len(part) + len(notes) < COMMENT_CHARACTERS:
            text += part + "\n\n"
    for kind, changes in groupby(pair.changes if pair is not None else (), key=lambda c: c.kind):
        room = COMMENT_CHARACTERS - len(text) - len(notes)
        text += _folded_changes(kind, list(changes), items, room)
    return text + notes + "\n"


# ------------------------------------------------------------------------------------------ one pair


def _one(comparison: Comparison, pair: Pair) -> Iterator[str]:
    yield f"### {markdown_text(pair_title(pair))}"
    for d in pair.primary[:1] if pair.verdict == "same" else pair.primary:
        head, colon, rest = verdict_sentence(pair, d).partition(":")
        yield _lines([f"**{head}**{colon}{markdown_text(rest)}", markdown_text(detectable_sentence(d))])
    about = [f"{field}: {base} → {new}" for field, (base, new) in pair.differing.items()]
    about += [items_sentence(pair), *apart_lines(pair, NAMED_APART), *same_beside(comparison, pair)]
    yield _lines([markdown_text(line) for line in about])
    if pair.verdict == "same":
        return
    yield _metric_table("metric", [(metric_name(d), d) for d in pair.primary])
    others, unmoved = other_metrics(pair)
    parts = [_metric_table("metric", [(metric_name(d), d) for d in others])]
    parts += [markdown_text(unmoved_sentence(unmoved))] if unmoved else []
    yield _fold("Other metrics, exploratory", parts)
    if slices := shown_slices(pair):
        parts = [_metric_table("slice", [(f"{d.slice}: {metric_name(d)}", d) for d in slices])]
        parts += [markdown_text(articles_sentence(pair))] if pair.leave_one_article_out is not None else []
        yield _fold("Slices, exploratory", parts)


def _metric_table(first: str, rows: Sequence[tuple[str, MetricDifference]]) -> str:
    lines = [markdown_row([first, *METRIC_HEAD]), markdown_row(["---", *["---:"] * len(METRIC_HEAD)])]
    lines += [markdown_row([markdown_text(cell) for cell in (name, *metric_cells(d))]) for name, d in rows]
    return "\n".join(lines)


def _lines(lines: Sequence[str]) -> str:
    """Lines of Markdown that keep their line breaks."""
    return "  \n".join(lines)


def _fold(title: str, parts: Sequence[str]) -> str:
    body = "\n\n".join(parts)
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _folded_changes(kind: str, changes: Sequence[ItemChange], most: int, room: int) -> str:
    """The changes as a folded list under their number, as many as fit."""
    title = f"{KINDS[kind].capitalize()} ({len(changes)})"
    left = room - len(title) - _FOLD
    if left < 0:
        return ""
    shown: list[str] = []
    for change in changes[:most]:
        text = _lines(list(_change_lines(change)))
        left -= len(text) + 1
        if left < 0:
            break
        shown.append(text)
    if len(shown) < len(changes):
        shown.append(f"* and {len(changes) - len(shown)} more: `--format json` has all")
    return _fold(title, ["\n".join(shown)]) + "\n\n"


def _change_lines(change: ItemChange) -> Iterator[str]:
    yield f"* **{_cut(change.item)}** {_cut(change.question)}"
    yield f"  gold {_cut(gold_text(change))}"
    for name, said in (("base", change.base), ("new", change.new)):
        text, why = said_text(said)
        yield f"  {name} {_cut(text)}: {_cut(why)}"


def _cut(text: str) -> str:
    """The text as Markdown, cut. A cut quotation keeps its closing mark."""
    cut = shorten(text, _LONGEST_TEXT)
    return markdown_text(cut + "”" if cut != text and cut.count("“") > cut.count("”") else cut)


def _first(texts: Sequence[str], most: int) -> list[str]:
    """The first ones, and the number of the others."""
    return [*texts[:most], *([f"and {len(texts) - most} more"] if len(texts) > most else [])]


def _fitting(head: Sequence[str], rows: Sequence[str], room: int) -> str:
    """A table of as many rows as fit, and the number of the others."""
    fit, used = 0, sum(len(line) + 1 for line in head) + _FOLD
    while fit < len(rows) and used + len(rows[fit]) + 1 <= room:
        used += len(rows[fit]) + 1
        fit += 1
    more = f"\n\nand {len(rows) - fit} more: `--format json` has all" if fit < len(rows) else ""
    return "\n".join([*head, *rows[:fit]]) + more


def _gate(gate: Gate) -> str:
    title = ":x: **Regression**" if gate.failed else ":white_check_mark: **No regression**"
    reasons = [_cut(reason) for reason in gate.reasons]
    return _lines([title, *_first(reasons, _MOST_REASONS)])


# ------------------------------------------------------------------------------------------ many models


def _models(comparison: Comparison) -> Iterator[str]:
    yield f"### {markdown_text(several_title(comparison))}"
    head = [
        markdown_row(["model", "metric", *MODEL_HEAD]),
        markdown_row(["---", "---", *["---:"] * len(MODEL_HEAD)]),
    ]
    rows = [
        markdown_row([_cut(cell) for cell in (model_name(pair), metric_name(d), *model_cells(pair, d))])
        for pair in comparison.pairs
        for d in pair.primary
    ]
    yield _fitting(head, rows, COMMENT_CHARACTERS * 2 // 3)
    first = comparison.pairs[0]
    about = (range_sentence(comparison), items_sentence(first), *apart_lines(first, NAMED_APART))
    yield _lines([markdown_text(line) for line in about])


def _all_pairs(found: AllPairs) -> str:
    """One table: rank, model, value, and the models below that cannot be distinguished from it."""
    head = [
        markdown_row(["rank", "model", all_pairs_title(found), "cannot be told from"]),
        markdown_row(["---:", "---", "---:", "---"]),
    ]
    rows = []
    for standing, name, others in zip(found.standings, standing_names(found), alike(found), strict=True):
        named = ", ".join(_first([_cut(other) for other in others], _MOST_ALIKE))
        rows.append(markdown_row([rank_text(standing), _cut(name), percent(standing.value), named]))
    notes = _lines([_cut(note) for note in all_pairs_notes(found)])
    return _fitting(head, rows, COMMENT_CHARACTERS - len(notes)) + f"\n\n{notes}\n"
