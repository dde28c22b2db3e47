"""What an answer in words was read as, on the terminal: the text with its marks, and the rule of each."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from qa_eval.matching.answer_reading import AnswerPart, AnswerReading, read_answer
from qa_eval.metrics.listings import entry
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.worded_scores import source_names
from qa_eval.records import Corpus, Question
from qa_eval.text.terminal import clean

_MOST_TEXT = 2_000
"""Characters of an answer that are drawn."""
_STYLES = {
    "asserts": "bold green",
    "rejects": "strike red",
    "other value": "bold red",
    "no answer": "bold yellow",
    "sources differ": "bold magenta",
}


def is_read(answer: ItemScore) -> bool:
    """Whether the answer has scores of answers in words."""
    return any(entry(id).family == "words" for id in answer.scores)


def reading_of(answer: ItemScore, question: Question, corpus: Corpus) -> AnswerReading:
    """The reading behind those scores: of the article that was asked, or of all."""
    shown = [a for a in corpus.articles if answer.article in ("*", a.id)]
    return read_answer(answer.prediction, question, [source_names(article) for article in shown])


def marked_parts(reading: AnswerReading) -> Iterator[tuple[str, AnswerPart]]:
    """The parts of the text, each with its kind, in the order of display."""
    yield from (("asserts", part) for part in reading.asserted)
    yield from (("rejects", part) for part in reading.rejected)
    yield from (("other value", part) for part in reading.other_values)
    if reading.abstains is not None and reading.abstains.end:
        yield "no answer", reading.abstains
    if reading.acknowledges is not None:
        yield "sources differ", reading.acknowledges


def draw_reading(answer: ItemScore, question: Question, corpus: Corpus) -> Iterator[Text]:
    """The answer with its marks, the verdict, and a line for each mark: what it is, its words, its rule."""
    reading = reading_of(answer, question, corpus)
    text = answer.prediction[:_MOST_TEXT]
    drawn = Text(text)
    for kind, part in marked_parts(reading):
        if part.end - part.start < len(text) or kind != "other value":
            drawn.stylize(_STYLES[kind], part.start, min(part.end, len(text)))
    yield Text.assemble(("reads as ", "dim"), reading.verdict)
    for line in drawn.split("\n"):
        if line.plain.strip():
            yield Text.assemble("  ", line)
    for kind, part in marked_parts(reading):
        claim = f" {part.claim}" if part.claim else ""
        said = clean(text[part.start : part.end])
        said = said if len(said) <= 60 else f"{said[:57]}…"
        yield Text.assemble("  ", (f"{kind}{claim}", _STYLES[kind]), f": {said} ", (f"({part.rule})", "dim"))
    for one in reading.attributions:
        yield Text(f"  {one.claim} is given to: {clean(one.source)}", "dim")
