"""What an answer in words was read as: its pieces, each with its mark, and its lines in the terminal.

The report shows the same pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rich.text import Text

from qa_eval.matching.answer_reading import AnswerPart, AnswerReading, read_answer
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.worded_scores import source_names
from qa_eval.records import Corpus, Question
from qa_eval.text.terminal import clean

MOST_READ_TEXT = 2_000
"""Characters of an answer that are shown with marks."""
_MOST_WORDS = 60
_STYLES = {
    "asserts": "bold green",
    "rejects": "strike red",
    "other value": "bold red",
    "no answer": "bold yellow",
    "sources differ": "bold magenta",
}


def is_read(answer: ItemScore) -> bool:
    """Whether the answer was read as an answer in words. A span needs no marks."""
    return answer.verdict is not None


def reading_of(answer: ItemScore, question: Question, corpus: Corpus) -> AnswerReading:
    """The reading behind those scores: of the article that was asked, or of all."""
    shown = [a for a in corpus.in_scope(question) if answer.article in ("*", a.id)]
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


@dataclass(frozen=True, slots=True)
class ReadPiece:
    """Characters of an answer that were read as one thing, or as nothing."""

    text: str
    kind: str = ""
    """One of the kinds of `marked_parts`; empty for characters that were not read as anything."""
    claim: str = ""


def read_pieces(text: str, reading: AnswerReading) -> list[ReadPiece]:
    """The text cut where its marks begin and end. Together the pieces are the whole text.

    Where marks overlap, the shorter one is shown. A mark of the whole text that belongs to no claim is not.
    """
    marks = [
        (part.end - part.start, number, kind, part)
        for number, (kind, part) in enumerate(marked_parts(reading))
        if kind != "other value" or part.end - part.start < len(text.rstrip())
    ]
    cuts = {0, len(text)}
    cuts.update(min(end, len(text)) for _, _, _, part in marks for end in (part.start, part.end))
    pieces = []
    for start, end in pairwise(sorted(cuts)):
        over = [mark for mark in marks if mark[3].start <= start and end <= mark[3].end]
        _, _, kind, part = min(over, default=(0, 0, "", None))
        pieces.append(ReadPiece(text[start:end], kind, part.claim if part is not None else ""))
    return pieces


def verdict_text(reading: AnswerReading, *, pooled: bool) -> str:
    """The verdict in words.

    It counts the claims of all sources. So a partial answer to a reading item may be right, and a complete
    one wrong.
    """
    counted = reading.verdict in ("partial", "complete") and not pooled
    return f"{reading.verdict}{', among the claims of all sources' if counted else ''}"


def shortened(part: AnswerPart, text: str) -> str:
    """The words of a part, for a list of the parts."""
    said = text[part.start : part.end]
    return said if len(said) <= _MOST_WORDS else f"{said[: _MOST_WORDS - 3]}…"


def draw_reading(answer: ItemScore, question: Question, corpus: Corpus) -> Iterator[Text]:
    """The answer with its marks, the verdict, and a line for each mark: what it is, its words, its rule."""
    text = answer.prediction[:MOST_READ_TEXT]
    reading = reading_of(answer, question, corpus)
    yield Text.assemble(("reads as ", "dim"), verdict_text(reading, pooled=answer.track == "pooled"))
    drawn = Text()
    for piece in read_pieces(text, reading):
        lines = [clean(line) for line in piece.text.split("\n")]
        drawn.append("\n".join(lines), _STYLES.get(piece.kind, ""))
    for line in drawn.split("\n"):
        if line.plain.strip():
            yield Text.assemble("  ", line)
    for kind, part in marked_parts(reading):
        claim = f" {clean(part.claim)}" if part.claim else ""
        said = clean(shortened(part, text))
        yield Text.assemble("  ", (f"{kind}{claim}", _STYLES[kind]), f": {said} ", (f"({part.rule})", "dim"))
    for one in reading.attributions:
        yield Text(f"  {clean(one.claim)} is given to: {clean(one.source)}", "dim")
