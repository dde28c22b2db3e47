"""What single pages show, as plain values: computed here, so that templates only lay out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qa_eval.metrics.listings import listed
from qa_eval.metrics.reasons import RULES
from qa_eval.records import Estimate, Span
from qa_eval.report.content import Fact, Item, ReportContent, ReportModel, ShownAnswer
from qa_eval.report.leaderboard_page import slice_order
from qa_eval.report.marked_text import Marked, Segment, excerpts, names, segments

# ------------------------------------------------------------------------------------------ questions


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """A question in the list."""

    fact: Fact
    right: int
    answers: int
    wrong_by: int
    """Bit n is set where model n has a wrong answer to some item of it."""


def question_rows(evidence: ReportContent) -> list[QuestionRow]:
    """Every question that has a page."""
    rows = []
    for fact in evidence.facts:
        answers = [said for item in fact.items for said in item.answers]
        wrong_by = 0
        for said in answers:
            wrong_by |= (not said.right) << said.model
        right = sum(said.right for said in answers)
        rows.append(QuestionRow(fact=fact, right=right, answers=len(answers), wrong_by=wrong_by))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedText:
    """A text that was read with its golds and answers marked."""

    article: str
    stretches: Sequence[Sequence[Segment]]
    """The whole text in one; of a pooled item the lines with marks."""
    answers: int
    """Marked answers of models."""


def marked_texts(fact: Fact, item: Item, models: Mapping[int, ReportModel]) -> list[MarkedText]:
    """The texts of an item: of a reading item its article, of a pooled one the articles with marks."""
    found = []
    pooled = item.id.track == "pooled"
    for article, text in item.texts.items():
        marked = list(_gold_places(fact, item, article))
        said: dict[Span, list[str]] = {}
        for answer in item.answers:
            at = answer.span
            here = answer.source == article or (answer.source is None and not pooled)
            if at is not None and here and at.text(text) == answer.text:
                said.setdefault(at, []).append(models[answer.model].name)
        marked += [Marked(span, False, f"answer of {names(who)}") for span, who in said.items()]
        stretches = excerpts(text, marked) if pooled else [segments(text, marked)]
        if stretches:
            answers = sum(map(len, said.values()))
            found.append(MarkedText(article=article, stretches=stretches, answers=answers))
    return found


def _gold_places(fact: Fact, item: Item, article: str) -> Iterator[Marked]:
    if fact.question is not None:
        for claim in fact.question.own_claims(article):
            for e in claim.evidence_in(article):
                yield Marked(e.span, True, f"gold, claim {claim.id}")
        return
    for gold, start in zip(item.golds, item.starts, strict=False):
        if start is not None:
            yield Marked(Span(start, start + len(gold)), True, "gold")


def answer_rows(item: Item, models: Mapping[int, ReportModel]) -> list[tuple[ReportModel, ShownAnswer]]:
    """Every model's answer, in the order of the leaderboard."""
    return [(models[said.model], said) for said in sorted(item.answers, key=lambda said: said.model)]


def rules_of(fact: Fact) -> list[tuple[str, str]]:
    """The rules that judged answers to this question, with what they say, in the order of `RULES`."""
    used = {said.rule for item in fact.items for said in item.answers}
    return [(rule, meaning) for rule, meaning in RULES.items() if rule in used]


# ------------------------------------------------------------------------------------------ one model


def chosen_slices(model: ReportModel) -> tuple[tuple[str, ...], list[tuple[str, Mapping[str, Estimate]]]]:
    """Metric columns, and the slices of a model with their values."""
    present = {metric for values in model.row.slices.values() for metric in values}
    columns = tuple(metric for _, metric in listed("model page") if metric in present)
    return columns, sorted(model.row.slices.items(), key=lambda pair: slice_order(pair[0]))


Given = tuple[Fact, Item, ShownAnswer]
"""An answer, and to what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """Where a model fails."""

    metric: str
    """What the categories are ordered by."""
    categories: tuple[tuple[str, Estimate], ...]
    """Worst first."""
    items: tuple[Given, ...]
    """Wrong answers, the most confident first."""
    wrong: int
    """Wrong answers in all, of the questions that have a page."""


_MOST_FAILURES = 25
_WORST = 8


def answers_by_model(evidence: ReportContent) -> Mapping[int, Sequence[Given]]:
    """The answers of each model to the questions that have a page."""
    found: dict[int, list[Given]] = {model.number: [] for model in evidence.models}
    for fact in evidence.facts:
        for item in fact.items:
            for said in item.answers:
                found[said.model].append((fact, item, said))
    return found


def where_it_fails(model: ReportModel, answers: Sequence[Given]) -> Failures:
    """Worst categories, and wrong answers that it was surest of."""
    present = {metric for values in model.row.slices.values() for metric in values}
    wanted = [metric for _, metric in listed("worst categories")]
    metric = next((metric for metric in wanted if metric in present), wanted[-1])
    found = [
        (name.partition(":")[2], values[metric])
        for name, values in model.row.slices.items()
        if name.startswith("category:") and metric in values
    ]
    wrong = [given for given in answers if not given[2].right]
    surest = sorted(wrong, key=lambda entry: -_confidence(entry[2]))
    return Failures(
        metric=metric,
        categories=tuple(sorted(found, key=lambda pair: pair[1].value))[:_WORST],
        items=tuple(surest[:_MOST_FAILURES]),
        wrong=len(wrong),
    )


def _confidence(said: ShownAnswer) -> float:
    if not said.text:
        return said.no_answer_probability or 0.0
    return said.n_best[0].probability or 0.0 if said.n_best else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthRow:
    """Right answers on texts of like length."""

    name: str
    longest: int
    right: int
    n: int


_MOST_ARTICLES = 12


def length_rows(lengths: Mapping[str, int], answers: Sequence[Given]) -> list[LengthRow]:
    """By article from the longest, or by fourths where there are many contexts; reading track."""
    counted: dict[str, list[bool]] = {}
    for _, item, said in answers:
        if item.id.article in lengths:
            counted.setdefault(item.id.article, []).append(said.right)
    by_length = sorted(counted, key=lambda article: -lengths[article])
    if len(by_length) <= _MOST_ARTICLES:
        groups: list[tuple[str, Sequence[str]]] = [(article, [article]) for article in by_length]
    else:
        edges = [len(by_length) * n // 4 for n in range(5)]
        titles = ("longest fourth", "second fourth", "third fourth", "shortest fourth")
        groups = [(t, by_length[edges[n] : edges[n + 1]]) for n, t in enumerate(titles)]
    return [
        LengthRow(
            name=name,
            longest=max(lengths[a] for a in articles),
            right=sum(sum(counted[a]) for a in articles),
            n=sum(len(counted[a]) for a in articles),
        )
        for name, articles in groups
    ]
