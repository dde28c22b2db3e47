"""The impact of a change: on the terminal, as Markdown for a pull request or a job summary, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from rich.text import Text

from qa_eval.authoring.impact.impact_measures import ArticleAnswers, FactImpact, GivenAnswer, Impact, Movement
from qa_eval.authoring.impact.set_changes import FactChange
from qa_eval.files.hashes import canonical_json
from qa_eval.metrics.listings import label, listed
from qa_eval.runs.ranking import UNRANKED
from qa_eval.stats.small_samples import FEWEST_CLUSTERS
from qa_eval.text.figures import percent, signed
from qa_eval.text.grid import draw_grid
from qa_eval.text.markdown import COMMENT_CHARACTERS, markdown_code, markdown_row
from qa_eval.text.passages import wrap_text
from qa_eval.text.phrases import shorten
from qa_eval.text.short_names import shortened
from qa_eval.text.terminal import clean, safe_json

SCHEMA_VERSION = 1
_LONGEST = 200
"""Greatest number of characters of one text from the data."""
_NAMED = 20
"""Greatest number of articles named in one sentence."""
_STYLES = {"right": "green", "leak": "yellow", "wrong": "red", "failed": "red"}
_SPREADS = {
    "all right": "every model answers it",
    "all wrong": "no model answers it",
    "alike": "does not tell models apart: right in the same articles",
    "split": "tells models apart",
}


def render_impact_json(impact: Impact) -> str:
    """The whole impact as JSON. Numbers are fractions."""
    value = asdict(impact) | {"schema_version": SCHEMA_VERSION}
    return safe_json(canonical_json(value, indent=1)) + "\n"


# ------------------------------------------------------------------------------------------ sentences


def _summary(impact: Impact, data: Callable[[str], str] = str) -> Iterator[str]:
    """Yields sentences about what changed. `data` escapes text from the data for its place in a sentence."""
    kinds = [change.kind for change in impact.changes]
    told = ", ".join(f"{kinds.count(kind)} {kind}" for kind in ("added", "edited", "removed"))
    since = f"since {data(_cut(impact.ref))} ({impact.commit[:12]})"
    yield f"facts: {told} {since}; {impact.facts_before} before, {impact.facts_after} now"
    for kind, ids in asdict(impact.articles).items():
        if ids:
            named = [data(id) for id in ids[:_NAMED]]
            yield f"articles {kind}: {', '.join(named)}" + (
                f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
            )
    for model, why in impact.failed.items():
        yield f"failed: {data(model)}: {data(_cut(why))}"


def _cut(text: str) -> str:
    return shorten(text, _LONGEST)


def _kind_of(fact: FactImpact) -> str:
    contested = f"contested: {fact.relation}" if fact.relation else "settled"
    return f"{fact.category}, {fact.answer_type}, {contested}"


def _judgement(fact: FactImpact) -> str:
    spread = "asked of one model only" if fact.spread is None else f"{fact.spread}: {_SPREADS[fact.spread]}"
    answered = f"; a heuristic answers it already: {', '.join(fact.heuristics)}" if fact.heuristics else ""
    return spread + answered


def _readers(impact: Impact) -> list[str]:
    """The models whose answers are shown: the competing ones, or all if none competes."""
    return [model for model in impact.models if model not in UNRANKED] or list(impact.models)


def _said(answer: GivenAnswer) -> str:
    return _cut(answer.text) or "no answer"


def _golds(entry: ArticleAnswers) -> str:
    return _cut(" | ".join(entry.golds)) or "silent"


def _moved(movement: Movement) -> tuple[str, str]:
    """`before → after`, and the difference with its interval."""
    sides = ["–" if e is None else percent(e.value) for e in (movement.before, movement.after)]
    d = movement.difference
    if d is None:
        return " → ".join(sides), ""
    if d.method == "none":
        return sides[1], "as before"
    if d.low is None or d.high is None:
        return " → ".join(sides), signed(d.value)
    return " → ".join(sides), f"{signed(d.value)} ({signed(d.low)}…{signed(d.high)})"


def _shown(impact: Impact) -> list[tuple[str, str]]:
    """The headline columns for which some model has a number."""
    there = {(m.track, m.metric) for m in impact.movements}
    return [(track, metric) for track, metric in listed("headline") if (track, metric) in there]


_NOTE = (
    f"percent; after minus before, on {FEWEST_CLUSTERS} facts or more with a 95 % interval over the facts of "
    "both versions; the typed match decides what is right"
)
_NOTHING = "nothing was added, edited or removed"
_NEW_SET = "the set was not there before: no number moves"


# ------------------------------------------------------------------------------------------ terminal


def draw_impact(impact: Impact, width: int) -> list[Text]:
    """The lines for the terminal: what changed, the answers to new and edited facts, and the numbers."""
    lines: list[Text] = []
    for sentence in _summary(impact):
        lines += _wrapped(sentence, width, hanging="  ")
    if not impact.changed:
        return [*lines, Text(_NOTHING)]
    facts = {fact.id: fact for fact in impact.facts}
    for change in impact.changes:
        lines += [Text(), *_drawn_change(change, facts.get(change.id), _readers(impact), width)]
    lines.append(Text())
    if not impact.movements:
        return [*lines, *([] if impact.facts_before else [Text(_NEW_SET)])]
    columns = _shown(impact)
    head = ("model", "number", "before → after", "difference")
    rows = [
        (model if n == 0 else "", label(metric), *_moved(movement))
        for model in impact.models
        for n, (metric, movement) in enumerate(_of_model(impact, model, columns))
    ]
    lines += draw_grid(head, rows, width, left=2)
    return [*lines, *_wrapped(_NOTE, width, style="dim")]


def _of_model(impact: Impact, model: str, columns: Sequence[tuple[str, str]]) -> list[tuple[str, Movement]]:
    found = {(m.track, m.metric): m for m in impact.movements if m.model == model}
    return [(column[1], found[column]) for column in columns if column in found]


def _drawn_change(
    change: FactChange, fact: FactImpact | None, models: Sequence[str], width: int
) -> Iterator[Text]:
    yield Text.assemble((f"{change.kind} ", "bold"), clean(change.id))
    yield from _wrapped(_cut(change.question), width, "  ")
    for field in change.fields:
        yield from _wrapped(f"{field.field}: {_field(field.before, field.after)}", width, "  ", "  ")
    if fact is None:
        return
    yield from _wrapped(f"{_kind_of(fact)}; {_judgement(fact)}", width, "  ", "  ", style="dim")
    longest = max(map(len, models), default=0)
    for entry in fact.articles:
        yield from _wrapped(f"{entry.article}: {_golds(entry)}", width, "    ", "  ")
        for answer in (a for a in entry.answers if a.model in models):
            name = clean(answer.model).ljust(longest)
            room = max(width - longest - 18, 20)
            said = shortened(clean(_said(answer)), room)
            yield Text.assemble(
                "      ", (answer.verdict.ljust(7), _STYLES[answer.verdict]), f"{name}  {said}"
            )


def _field(before: str, after: str) -> str:
    parts = [f"− {_cut(before)}" if before else "", f"+ {_cut(after)}" if after else ""]
    return "  ".join(part for part in parts if part)


def _wrapped(text: str, width: int, indent: str = "", hanging: str = "", style: str = "") -> list[Text]:
    return wrap_text(Text(clean(text), style), width, indent, hanging)


# ------------------------------------------------------------------------------------------ Markdown


def render_impact_markdown(impact: Impact) -> str:
    """The impact as Markdown: the numbers in view, and every fact folded under its verdict.

    The text is never longer than a comment may be. Facts for which there is no room are counted.
    """
    lines = ["### Questions: what this change does", ""]
    lines += [f"{sentence}  " for sentence in _summary(impact, markdown_code)]
    if not impact.changed:
        return "\n".join([*lines, _NOTHING, ""])
    numbers = _numbers(impact)
    facts = {fact.id: fact for fact in impact.facts}
    room = COMMENT_CHARACTERS - sum(map(len, [*lines, *numbers])) - 500
    left = 0
    for change in impact.changes:
        folded = "\n".join(_folded(change, facts.get(change.id), _readers(impact)))
        if len(folded) > room:
            left += 1
            continue
        room -= len(folded) + 2
        lines += ["", folded]
    if left:
        lines += ["", f"… and {left} more; `qa-eval questions impact` shows them."]
    return "\n".join([*lines, "", *numbers, ""])


def _numbers(impact: Impact) -> list[str]:
    if not impact.movements:
        return [] if impact.facts_before else [f"<sub>{_NEW_SET}</sub>"]
    columns = _shown(impact)
    lines = [
        markdown_row(["model", *(label(metric) for _, metric in columns)]),
        markdown_row(["---", *("---:" for _ in columns)]),
    ]
    for model in impact.models:
        found = dict(_of_model(impact, model, columns))
        cells = ["<br>".join(_moved(found[metric])) if metric in found else "" for _, metric in columns]
        lines.append(markdown_row([markdown_code(model), *cells]))
    return [*lines, "", f"<sub>{_NOTE}</sub>"]


def _folded(change: FactChange, fact: FactImpact | None, models: Sequence[str]) -> Iterator[str]:
    told = f": {_judgement(fact)}" if fact is not None else ""
    yield f"<details><summary>{change.kind} {markdown_code(change.id)}{told}</summary>"
    yield ""
    yield f"{markdown_code(_cut(change.question))}  "
    if fact is not None:
        yield f"{_kind_of(fact)}  "
    for field in change.fields:
        sides = [
            f"{sign} {markdown_code(_cut(text))}"
            for sign, text in (("−", field.before), ("+", field.after))
            if text
        ]
        yield f"{markdown_code(field.field)} {' '.join(sides)}  "
    if fact is not None and models:
        yield ""
        yield markdown_row(["article", "answers", *map(markdown_code, models)])
        yield markdown_row(["---"] * (len(models) + 2))
        for entry in fact.articles:
            given = {answer.model: answer for answer in entry.answers}
            cells = [
                f"{given[m].verdict} {markdown_code(_said(given[m]))}" if m in given else "" for m in models
            ]
            golds = markdown_code(_golds(entry)) if entry.golds else "silent"
            yield markdown_row([markdown_code(entry.article), golds, *cells])
    yield ""
    yield "</details>"
