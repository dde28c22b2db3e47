"""The values of a question's page, which has every answer once, and of the list of questions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qa_eval.metrics.reasons import RULES
from qa_eval.records import Span
from qa_eval.report.content import Fact, Item, ReportContent, ReportModel, ShownAnswer
from qa_eval.report.marked_text import Marked, Passage, names, passages

# ------------------------------------------------------------------------------------------ the list


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """A row of the list of questions."""

    fact: Fact
    right: int
    answers: int
    wrong_by: int
    """Bit set of models: bit n is 1 if model n has a wrong answer to some item of the question."""


def question_rows(evidence: ReportContent) -> list[QuestionRow]:
    """The rows of all questions that have a page."""
    rows = []
    for fact in evidence.facts:
        answers = [said for item in fact.items for said in item.answers]
        wrong_by = 0
        for said in answers:
            wrong_by |= (not said.right) << said.model
        right = sum(said.right for said in answers)
        rows.append(QuestionRow(fact=fact, right=right, answers=len(answers), wrong_by=wrong_by))
    return rows


# ------------------------------------------------------------------------------------------ the page


@dataclass(frozen=True, slots=True, kw_only=True)
class SameAnswer:
    """An answer to an item with its verdict, and all models that gave it."""

    said: ShownAnswer
    """Answer of the first model."""
    models: tuple[ReportModel, ...]
    """Models in the order of the leaderboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SameReason:
    """Answers to one item that are right, or wrong, for the same reason."""

    said: ShownAnswer
    """First of the answers, which gives the verdict, its sentence and its rule."""
    answers: tuple[SameAnswer, ...]
    """Answers, the most frequent first."""

    @property
    def models(self) -> int:
        return sum(len(same.models) for same in self.answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """The values of an item's section."""

    item: Item
    golds: tuple[str, ...]
    """Distinct golds."""
    reasons: tuple[SameReason, ...]
    """Reasons with their answers. Right ones come first, then the most frequent."""
    wrong: SameAnswer | None
    """Most frequent wrong answer."""
    texts: tuple[MarkedText, ...]
    scores: tuple[tuple[ReportModel, ShownAnswer], ...]
    """Answers with scores or candidates, in the order of the leaderboard."""
    otherwise: tuple[tuple[ReportModel, ShownAnswer], ...]
    """Answers of models that were also asked without any passage or in other orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedText:
    """A text with its golds and answers marked."""

    article: str
    passages: Sequence[Passage]
    answers: int
    """Number of marked answers of models."""


def item_views(fact: Fact, models: Mapping[int, ReportModel]) -> list[ItemView]:
    """The values of all items of a question, in the order of the run."""
    return [_item_view(fact, item, models) for item in fact.items]


def _item_view(fact: Fact, item: Item, models: Mapping[int, ReportModel]) -> ItemView:
    said = sorted(item.answers, key=lambda said: said.model)
    answers = sorted(_same_answers(said, models), key=lambda same: (-len(same.models), not same.said.text))
    reasons: dict[tuple[object, ...], list[SameAnswer]] = {}
    for same in answers:
        one = same.said
        key = (one.right, one.why, one.error, one.match.rule, one.match.level, one.match.detail)
        reasons.setdefault(key, []).append(same)
    grouped = [SameReason(said=some[0].said, answers=tuple(some)) for some in reasons.values()]
    return ItemView(
        item=item,
        golds=tuple(dict.fromkeys(item.golds)),
        reasons=tuple(sorted(grouped, key=lambda reason: (not reason.said.right, -reason.models))),
        wrong=next((same for same in answers if not same.said.right), None),
        texts=tuple(marked_texts(fact, item, models)),
        scores=tuple((models[s.model], s) for s in said if s.n_best or s.null_score is not None),
        otherwise=tuple(
            (models[s.model], s) for s in said if s.closed_book is not None or s.reordered is not None
        ),
    )


def _same_answers(answers: Sequence[ShownAnswer], models: Mapping[int, ReportModel]) -> Iterator[SameAnswer]:
    found: dict[tuple[object, ...], list[ShownAnswer]] = {}
    for said in answers:
        key = (said.text, said.right, said.why, said.source, said.error, said.truncated)
        found.setdefault(key, []).append(said)
    for same in found.values():
        yield SameAnswer(said=same[0], models=tuple(models[said.model] for said in same))


def marked_texts(fact: Fact, item: Item, models: Mapping[int, ReportModel]) -> list[MarkedText]:
    """The texts of an item: the article of a reading item, or the articles with marks of a pooled item.

    Only the first wording of a question has the whole text; other wordings have the lines with marks.
    """
    found = []
    pooled = item.id.track == "pooled"
    for article, text in item.texts.items():
        marked = list(_gold_places(fact, item, article))
        said: dict[Span, list[str]] = {}
        for answer in item.answers:
            at = answer.span
            here = answer.source == article or (answer.source is None and not pooled)
            if at is None and answer.aligned is not None and answer.aligned.article == article:
                place = Span(answer.aligned.start, answer.aligned.end)
                said.setdefault(place, []).append(models[answer.model].name)
            elif at is not None and here and at.text(text) == answer.text:
                said.setdefault(at, []).append(models[answer.model].name)
        marked += [Marked(span, False, names(who)) for span, who in said.items()]
        cut = passages(text, marked)
        if pooled or item.id.paraphrase:
            cut = [passage for passage in cut if passage.marked]
        if cut:
            found.append(MarkedText(article=article, passages=cut, answers=sum(map(len, said.values()))))
    return found


def _gold_places(fact: Fact, item: Item, article: str) -> Iterator[Marked]:
    if fact.question is not None:
        for claim in fact.question.own_claims(article):
            for e in claim.evidence_in(article):
                yield Marked(e.span, True, f"right, claim {claim.id}")
        return
    for gold, start in zip(item.golds, item.starts, strict=False):
        if start is not None:
            yield Marked(Span(start, start + len(gold)), True, "right")


def rules_of(fact: Fact) -> list[tuple[str, str]]:
    """The rules that decided verdicts on this question, with their meanings, in the order of `RULES`."""
    used = {said.match.rule for item in fact.items for said in item.answers}
    return [(rule, meaning) for rule, meaning in RULES.items() if rule in used]
