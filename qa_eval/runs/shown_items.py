"""`qa-eval show`: single items of a run, for readers.

An item shows its question, the passage with gold and answer, each answer, and why it is right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from qa_eval.data.article_labels import item_id, item_label
from qa_eval.data.content_hashes import gold_sha256
from qa_eval.files.hashes import sha256_text
from qa_eval.metrics.listings import answer_scores, entry, label
from qa_eval.metrics.reasons import deciding_rule, rule_behind, why
from qa_eval.records import Candidate, Claim, Corpus, Example, ItemId, Question, Span
from qa_eval.runs.reading_lines import draw_reading, is_read
from qa_eval.runs.rows import closed_book_answer
from qa_eval.runs.unknown_names import not_in_run
from qa_eval.text.figures import percent
from qa_eval.text.passages import Mark, draw_passages, wrap_text
from qa_eval.text.terminal import clean

if TYPE_CHECKING:
    from qa_eval.runs.schema import PredictionRow, Row
    from qa_eval.runs.store import Run

CANDIDATES = 5
"""Number of n-best candidates shown for each answer."""

_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Shown:
    """An item with the answers of the chosen models."""

    item: ItemId
    answers: tuple[tuple[Row, PredictionRow], ...]


# ------------------------------------------------------------------------------------------ choosing


def choose_items(run: Run, rows: Sequence[Row], wanted: Sequence[str]) -> list[Shown]:
    """The wanted items, in the given order. The id of a fact selects all of its items.

    An item may name its article by the short name. Raises QaEvalError for an item that is not in the run,
    naming near matches.
    """
    wanted = [item_id(text, run.leaderboard.data.article_labels) for text in wanted]
    known: dict[str, None] = {}
    facts: dict[str, list[str]] = {}

    def is_wanted(answer: PredictionRow) -> bool:
        if answer.item not in known:
            known[answer.item] = None
            facts.setdefault(answer.fact, []).append(answer.item)
        return answer.item in wanted or answer.fact in wanted

    answers = _by_item(run, rows, is_wanted)
    chosen: dict[str, None] = {}
    for text in wanted:
        found = [text] if text in known else facts.get(text)
        if found is None:
            raise not_in_run(text, [*known, *facts], listed=5)
        chosen.update(dict.fromkeys(found))
    return [Shown(ItemId.parse(item), tuple(answers[item])) for item in chosen]


def choose_failures(run: Run, rows: Sequence[Row]) -> list[Shown]:
    """Every item with a wrong answer, in the order asked, with its wrong answers only."""
    wrong = _by_item(run, rows, lambda answer: not answer.right)
    return [Shown(ItemId.parse(item), tuple(pairs)) for item, pairs in wrong.items()]


def _by_item(
    run: Run, rows: Sequence[Row], keep: Callable[[PredictionRow], bool]
) -> dict[str, list[tuple[Row, PredictionRow]]]:
    """The wanted answers by item, in the order asked. The others are read one at a time and not kept."""
    answers: dict[str, list[tuple[Row, PredictionRow]]] = {}
    place: dict[str, int] = {}
    for row in rows:
        # Every model was asked the same items in the same order, so places of different files compare.
        for number, answer in enumerate(run.stream(row)):
            if keep(answer):
                answers.setdefault(answer.item, []).append((row, answer))
                place.setdefault(answer.item, number)
    return {item: answers[item] for item in sorted(answers, key=place.__getitem__)}


# ------------------------------------------------------------------------------------------ drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Settings for drawing items."""

    width: int
    labels: Mapping[str, str]
    """Short names of articles, by id."""
    rules: bool = False
    """Whether the rule behind each verdict is shown."""

    def name(self, article: str) -> str:
        """The short name of an article."""
        return clean(self.labels.get(article, article))

    def wrapped(self, text: Text, indent: str = "", hanging: str = "") -> list[Text]:
        return wrap_text(text, self.width, indent, hanging)


def draw_item(shown: Shown, corpus: Corpus, drawing: Drawing) -> Iterator[Text]:
    """The lines of an item: its question, its golds, then each model's answer with the passage it is from."""
    question = {q.id: q for q in corpus.questions}.get(shown.item.fact)
    yield from _title(shown.item, drawing)
    if question is None or shown.item.paraphrase > len(question.paraphrases):
        yield Text(
            "this question is not in the question set given: only what the run stored is shown", "yellow"
        )
    else:
        yield from _about(question, shown.item, drawing)
        if any(_changed(question, shown.item, corpus, answer) for _, answer in shown.answers):
            note = "question, article or golds have changed since the run: the verdict is on what they were"
            yield from drawing.wrapped(Text(note, "yellow"))
    for row, answer in shown.answers:
        yield Text()
        yield Text(clean(row.model.spec), "bold cyan")
        yield from _verdict(answer, question, drawing)
        if question is not None and is_read(answer):
            for line in draw_reading(answer, question, corpus):
                yield from drawing.wrapped(line, _INDENT, _INDENT * 2)
        yield from _passage(shown.item, answer, question, corpus, drawing)
        yield from _candidates(answer, drawing)
    yield Text()


def draw_example(shown: Shown, example: Example | None, drawing: Drawing) -> Iterator[Text]:
    """The lines of a question of a public data set, with its context if it is available.

    Without an example, they show what the run holds. This also works for items whose corpus is not available.
    """
    answers = [answer for _, answer in shown.answers]
    yield from _title(shown.item, drawing)
    yield from drawing.wrapped(Text(clean(answers[0].question), "bold"))
    if example is not None and any(_example_changed(example, answer) for answer in answers):
        note = "question, context or golds have changed since the run: the verdict is on what they were"
        yield from drawing.wrapped(Text(note, "yellow"))
    golds = dict.fromkeys(answers[0].golds)
    none = "not given" if answers[0].unscored else "no answer"
    said = " / ".join(f"“{clean(gold)}”" for gold in golds) or none
    yield from drawing.wrapped(Text.assemble("gold   ", (said, "green")), hanging=" " * 7)
    for row, answer in shown.answers:
        yield Text()
        yield Text(clean(row.model.spec), "bold cyan")
        yield from _verdict(answer, None, drawing)
        if example is not None:
            places = zip(example.golds, example.starts, strict=False)
            spans = {Span(start, start + len(gold)) for gold, start in places if start is not None}
            yield from _marked(example.context_id, example.context, spans, answer, drawing)
        yield from _candidates(answer, drawing)
    yield Text()


def _title(item: ItemId, drawing: Drawing) -> Iterator[Text]:
    yield Text("─" * min(drawing.width, 100), "dim")
    yield Text(clean(item_label(str(item), drawing.labels)), "bold")


def _example_changed(example: Example, answer: PredictionRow) -> bool:
    present = (example.question, sha256_text(example.context), example.golds)
    return present != (answer.question, answer.context_sha256, answer.golds)


def _changed(question: Question, item: ItemId, corpus: Corpus, answer: PredictionRow) -> bool:
    texts = {a.id: sha256_text(a.text) for a in corpus.articles}
    return (
        answer.gold_sha256 != gold_sha256(question)
        or answer.question_sha256 != sha256_text(question.wording(item.paraphrase))
        or (item.track == "reading" and answer.context_sha256 != texts.get(item.article))
    )


def _about(question: Question, item: ItemId, drawing: Drawing) -> Iterator[Text]:
    yield from drawing.wrapped(Text(clean(question.wording(item.paraphrase)), "bold"))
    kind = "settled"
    if question.contested:
        kind = f"contested ({question.relation})" if question.relation is not None else "contested"
    about = [clean(question.category)] if question.category else []
    yield Text(" · ".join([*about, question.answer_type, kind]), "dim")
    own = question.claims if item.track == "pooled" else question.own_claims(item.article)
    others = [claim for claim in question.claims if claim not in own]
    if not own:
        yield Text.assemble("gold   ", ("no answer: the article is silent", "green"))
    for claim in own:
        yield from _claim("gold   ", claim, item, "green", drawing)
    for claim in others:
        yield from _claim("others ", claim, item, "dim", drawing)


def _claim(title: str, claim: Claim, item: ItemId, style: str, drawing: Drawing) -> Iterator[Text]:
    golds = [e.text for e in claim.evidence if item.track == "pooled" or e.article == item.article]
    wordings = golds or [e.text for e in claim.evidence]
    text = " / ".join(f"“{clean(w)}”" for w in dict.fromkeys(wordings))
    elsewhere = len(golds) != len(wordings) or item.track == "pooled"
    sources = ", ".join(map(drawing.name, sorted(claim.articles))) if elsewhere else ""
    about = f"  claim {clean(claim.id)}" + (f": {sources}" if sources else "")
    line = Text.assemble(title, (text, style), (about, "dim"))
    yield from drawing.wrapped(line, hanging=" " * len(title))


def _verdict(answer: PredictionRow, question: Question | None, drawing: Drawing) -> Iterator[Text]:
    said = (
        Text("no answer", "italic")
        if not answer.prediction
        else Text(f"“{clean(answer.prediction)}”", "bold")
    )
    line = Text.assemble(said, "  ")
    if not answer.unscored:
        line.append_text(Text("right", "bold green") if answer.right else Text("wrong", "bold red"))
        line.append(f"  {clean(why(answer, _sources(answer, question, drawing)))}")
    yield from drawing.wrapped(line, _INDENT, _INDENT)
    if drawing.rules and not answer.unscored:
        yield from drawing.wrapped(Text(clean(rule_behind(deciding_rule(answer))), "dim"), _INDENT, _INDENT)
    scores = [
        f"{label(id)} {f'{value:.0f}' if entry(id).whole else percent(value)}"
        for id, value in answer_scores(answer.scores).items()
    ]
    if answer.verdict is not None:
        scores.append(f"asserts {' and '.join(map(clean, answer.claims)) or 'no claim'}")
    elif answer.matched_claim is not None:
        leak = (
            "another article's " if answer.scores.get("leak") or answer.scores.get("no_answer_leak") else ""
        )
        scores.append(f"makes {leak}claim {clean(answer.matched_claim)}")
    elif answer.prediction and question is not None:
        scores.append("makes no claim")
    if about := scores + _decision(answer):
        yield from drawing.wrapped(Text(" · ".join(about), "dim"), _INDENT, _INDENT)
    for line in _asked_otherwise(answer):
        yield from drawing.wrapped(line, _INDENT, _INDENT)


def _asked_otherwise(answer: PredictionRow) -> Iterator[Text]:
    """The answers of a language model without any passage, and in other orders; None is one that failed."""
    for title, answers in (
        ("without any passage: ", closed_book_answer(answer)),
        ("with the passages in other orders: ", answer.reordered),
    ):
        if answers is not None:
            said = ("failed" if a is None else f"“{clean(a)}”" if a else "no answer" for a in answers)
            yield Text.assemble((title, "dim"), " · ".join(said))


def _sources(answer: PredictionRow, question: Question | None, drawing: Drawing) -> list[str]:
    """The short names of the articles that make the answer's claims."""
    claims = question.claims if question is not None else ()
    found = sorted({a for claim in claims if claim.id in answer.claims for a in claim.articles})
    return [drawing.name(article) for article in found]


def _decision(answer: PredictionRow) -> list[str]:
    parts = []
    if answer.null_score is not None and answer.score is not None:
        margin = answer.null_score - answer.score
        scores = f"null {answer.null_score:.2f} less best {answer.score:.2f} is {margin:.2f}"
        parts.append(scores.replace("-", "−"))
        if answer.threshold is not None:
            verb = "above" if margin > answer.threshold else "not above"
            parts[-1] += f", {verb} threshold {answer.threshold:g}"
    if answer.no_answer_probability is not None:
        parts.append(f"no-answer probability {answer.no_answer_probability:.3f}")
    if answer.truncated:
        parts.append("some of the article was not seen")
    return parts


def _passage(
    item: ItemId, answer: PredictionRow, question: Question | None, corpus: Corpus, drawing: Drawing
) -> Iterator[Text]:
    source = answer.source_article if item.track == "pooled" else item.article
    if source is None and answer.aligned is not None:
        source = answer.aligned[0]
    article = {a.id: a for a in corpus.articles}.get(source or "")
    if article is None:
        return
    claims = question.own_claims(article.id) if question is not None else ()
    golds = {e.span for c in claims for e in c.evidence_in(article.id)}
    yield from _marked(article.id, article.text, golds, answer, drawing)


def _marked(
    name: str, text: str, golds: Collection[Span], answer: PredictionRow, drawing: Drawing
) -> Iterator[Text]:
    """The passages of a text that contain golds or the answer. Nothing if there are none."""
    marks = [Mark(span=span, opening="«", closing="»", style="green") for span in sorted(golds)]
    said = None if answer.span is None else Span(*answer.span)
    if said is None and answer.aligned is not None and answer.aligned[0] == name:
        said = Span(*answer.aligned[1:])
        marks.append(Mark(span=said, opening="⟦", closing="⟧", style="bold reverse"))
    elif said is not None and said.text(text) == answer.prediction:
        marks.append(Mark(span=said, opening="⟦", closing="⟧", style="bold reverse"))
    if not marks:
        return
    lines = draw_passages(text, marks, drawing.width, _INDENT * 2)
    shown = "".join(line.plain for line in lines)
    keys = [key for key in ("«gold»", "⟦answer⟧", "⟪gold and answer⟫") if key[0] in shown]
    yield Text(f"{_INDENT}{drawing.name(name)}   {'  '.join(keys)}", "dim")
    yield from lines


def _candidates(answer: PredictionRow, drawing: Drawing) -> Iterator[Text]:
    if not answer.n_best:
        return
    for number, candidate in enumerate(answer.n_best[:CANDIDATES], 1):
        yield from drawing.wrapped(_candidate(number, candidate, answer, drawing), _INDENT, " " * 19)
    if len(answer.n_best) > CANDIDATES:
        yield Text(f"{_INDENT}   and {len(answer.n_best) - CANDIDATES} more", "dim")


def _candidate(number: int, candidate: Candidate, answer: PredictionRow, drawing: Drawing) -> Text:
    chance = "     –" if candidate.probability is None else f"{100 * candidate.probability:5.1f}%"
    line = Text.assemble((f"{number:>2} {chance} {candidate.score:7.2f}  ", "dim"), clean(candidate.text))
    if answer.track == "pooled" and candidate.article is not None:
        line.append(f"  {drawing.name(candidate.article)}", "dim")
    return line
