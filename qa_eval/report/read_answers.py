"""What an answer in words was read as, for the pages: its pieces with marks, and the rule of each mark."""

from __future__ import annotations

from dataclasses import dataclass

from qa_eval.matching.answer_reading import read_answer
from qa_eval.report.content import Fact, Item, ShownAnswer
from qa_eval.runs.reading_lines import (
    MOST_READ_TEXT,
    ReadPiece,
    marked_parts,
    read_pieces,
    shortened,
    verdict_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """What some words of an answer were read as, and by which rule."""

    kind: str
    claim: str
    words: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadText:
    """An answer in words with its marks."""

    verdict: str
    """Verdict of the reading, in words."""
    pieces: tuple[ReadPiece, ...]
    lines: tuple[ReadLine, ...]
    sources: tuple[tuple[str, str], ...]
    """Pairs of a claim and the source that the text names for it."""
    left_out: int
    """Number of characters that are not shown."""


def read_text(fact: Fact, item: Item, said: ShownAnswer) -> ReadText | None:
    """The marks of an answer. None for a span, and for a fact whose claims are not available."""
    if not said.in_words or fact.question is None:
        return None
    shown = [name for article, name in fact.sources.items() if item.id.article in ("*", article)]
    reading = read_answer(said.text, fact.question, shown)
    text = said.text[:MOST_READ_TEXT]
    return ReadText(
        verdict=verdict_text(reading, pooled=item.id.track == "pooled"),
        pieces=tuple(read_pieces(text, reading)),
        lines=tuple(
            ReadLine(kind=kind, claim=part.claim, words=shortened(part, text), rule=part.rule)
            for kind, part in marked_parts(reading)
        ),
        sources=tuple(dict.fromkeys((one.claim, one.source) for one in reading.attributions)),
        left_out=len(said.text) - len(text),
    )
