"""From the parts of a file to examples, with everything that is wrong with them.

A reader yields, in the order of the file, an `Example` for every question that can be used and a `Finding`
for everything that is wrong: errors, for which the data set is refused, and warnings, which are tolerated
and counted. Tolerated is what other people's sets are known to hold and what no score depends on:

* `answer-start`: an `answer_start` that is missing, or that does not point at its text. Only the text is a
  gold; the answer then has no place.
* `blank-question`: a question without words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qa_eval.corpus.phrasing import count, quote
from qa_eval.corpus.shape import Parts, Shape, field_path, validate_shape
from qa_eval.public.origin import Version
from qa_eval.public.schema import (
    FLAT_PARTS,
    MRQA_PARTS,
    SQUAD_PARTS,
    FlatRow,
    MrqaLine,
    MrqaQuestion,
    SquadParagraph,
    SquadQuestion,
)
from qa_eval.records import Example, Finding, Severity

Read = Iterator[Example | Finding | Version]
"""What a reader yields."""
Answers = Sequence[tuple[str, int | None]]
"""Each answer with the place it is said to stand at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place in a data set: the path of a part of it, inside a file. Cheap: it is spelled when asked for."""

    path: str
    line: int | None = None
    parts: tuple[str | int, ...] = ()

    def inside(self, *parts: str | int) -> Where:
        """The place of a part of this part."""
        return Where(path=self.path, line=self.line, parts=(*self.parts, *parts))

    @property
    def field(self) -> str:
        """The path as people read it, such as `data[3].paragraphs[1].qas[0].id`."""
        return field_path(self.parts)

    def finding(self, check: str, message: str, *, severity: Severity = "error", fact: str = "") -> Finding:
        """What is wrong at this place."""
        return Finding(
            severity=severity,
            path=self.path,
            line=self.line,
            field=self.field,
            message=message,
            check=check,
            fact=fact,
        )


def context_id(context: str) -> str:
    """`c` and the first 12 hex digits of the text's SHA-256.

    >>> context_id("")
    'ce3b0c44298fc'
    """
    return "c" + hashlib.sha256(context.encode("utf-8", "surrogatepass")).hexdigest()[:12]


Ids = set[str]
"""Those that came before, in one reading of a data set."""


def from_squad(part: Mapping[str, Any], where: Where, ids: Ids) -> Read:
    """The examples of one entry of `paragraphs`."""
    paragraph = yield from shaped(SquadParagraph, part, where, SQUAD_PARTS)
    if paragraph is None:
        return
    text = _Text(paragraph.context, where, ids)
    yield from text.problems()
    for number, one in enumerate(paragraph.qas):
        place = where.inside("qas", number)
        qa = yield from shaped(SquadQuestion, one, place, SQUAD_PARTS)
        if qa is None:
            continue
        if qa.is_impossible and qa.answers:
            message = f"is true, but there are {count(len(qa.answers), 'answer')}; one of the two is wrong"
            yield place.inside("is_impossible").finding("impossible", message, fact=qa.id)
        answers = [(a.text, a.answer_start) for a in qa.answers]
        yield from text.example(place, qa.id, qa.question, answers, "answers[{}].answer_start")


def from_flat(part: Mapping[str, Any], where: Where, ids: Ids) -> Read:
    """The example of one row."""
    row = yield from shaped(FlatRow, part, where, FLAT_PARTS)
    if row is None:
        return
    text = _Text(row.context, where, ids)
    yield from text.problems()
    texts, starts = row.answers.text, row.answers.answer_start
    if starts is not None and len(starts) != len(texts):
        message = f"has {count(len(starts), 'place')} for {count(len(texts), 'text')}; give each text its own"
        yield where.inside("answers", "answer_start").finding("answer-start", message, fact=row.id)
        return
    answers = list(zip(texts, starts or [None] * len(texts), strict=True))
    yield from text.example(where, row.id, row.question, answers, "answers.answer_start[{}]")


def from_mrqa(part: Mapping[str, Any], where: Where, ids: Ids) -> Read:
    """The examples of one context; golds are `answers`, placed by the `detected_answers` of equal text."""
    line = yield from shaped(MrqaLine, part, where, MRQA_PARTS)
    if line is None:
        return
    text = _Text(line.context, where, ids)
    yield from text.problems()
    for number, one in enumerate(line.qas):
        place = where.inside("qas", number)
        qa = yield from shaped(MrqaQuestion, one, place, MRQA_PARTS)
        if qa is None:
            continue
        if not qa.answers:
            message = "is empty; a question of MRQA has at least one answer"
            yield place.inside("answers").finding("no-answer", message, fact=qa.qid)
        # An answer that was detected in other words has no place of its own: nothing is wrong with it.
        places = {d.text: d.char_spans[0][0] for d in qa.detected_answers if d.char_spans and d.char_spans[0]}
        answers = [(gold, places.get(gold)) for gold in qa.answers]
        yield from text.example(
            place, qa.qid, qa.question, answers, "detected_answers", id_field="qid", placed=False
        )


def shaped(
    model: type[Shape], part: Mapping[str, Any], where: Where, parts: Parts
) -> Generator[Finding, None, Shape | None]:
    """The part, validated; None, after yielding what is wrong, where a key or a type is."""
    found, messages = validate_shape(model, dict(part), parts)
    for field, message in messages:
        yield where.inside(field).finding("shape", message)
    return found


@dataclass(slots=True)
class _Text:
    """A context of which several questions are asked."""

    context: str
    where: Where
    ids: Ids
    id: str = ""

    def __post_init__(self) -> None:
        self.id = context_id(self.context)

    def problems(self) -> Iterator[Finding]:
        if not self.context.strip():
            yield self.where.inside("context").finding("empty-context", "is empty; it should be the text")
        if not _is_whole(self.context):
            yield _half_character(self.context, self.where.inside("context"))

    def example(
        self,
        where: Where,
        id: str,
        question: str,
        answers: Answers,
        start_field: str,
        *,
        id_field: str = "id",
        placed: bool = True,
    ) -> Read:
        """The example, after what is wrong with it.

        `start_field`: where the place of answer number {} is told. `placed`: every answer should have one.
        """
        if not id:
            yield where.inside(id_field).finding("id", "is empty; every question has an id of its own")
            return
        if id in self.ids:
            message = f"{quote(id)} is an earlier question's id too; each has its own"
            yield where.inside(id_field).finding("duplicate-id", message, fact=id)
            return
        self.ids.add(id)
        texts = {id_field: id, "question": question, "answers": "".join(text for text, _ in answers)}
        if broken := [field for field, text in texts.items() if not _is_whole(text)]:
            yield from (_half_character(texts[field], where.inside(field)) for field in broken)
            return
        if not question.strip():
            message = "is blank; it is asked as it stands"
            yield where.inside("question").finding("blank-question", message, severity="warning", fact=id)
        starts = []
        for number, (text, start) in enumerate(answers):
            right = start is not None and start >= 0 and self.context.startswith(text, start)
            starts.append(start if right else None)
            if not right and (placed or start is not None):
                message = self._misplaced(text, start)
                place = where.inside(start_field.format(number))
                yield place.finding("answer-start", message, severity="warning", fact=id)
        yield Example(
            id=id,
            question=question,
            context=self.context,
            context_id=self.id,
            golds=tuple(text for text, _ in answers),
            starts=tuple(starts),
        )

    def _misplaced(self, text: str, start: int | None) -> str:
        if start is None:
            return f"is missing: {quote(text)} has no place"
        found = self.context.find(text)
        there = f"it stands at {found}" if found >= 0 else "it is nowhere in the context"
        return f"{quote(text)} does not stand at {start}; {there}"


_HALF = re.compile("[\ud800-\udfff]")


def _is_whole(text: str) -> bool:
    """Whether the text can be written. JSON can spell half a character, as half of a surrogate pair."""
    return text.isascii() or _HALF.search(text) is None


def _half_character(text: str, where: Where) -> Finding:
    message = f"{quote(text)} holds half of a surrogate pair; write the whole character"
    return where.finding("encoding", message)
