"""The shape of what a file of a public data set holds, as far as it is used here.

Strict in types, because a number for a text is a mistake, and lenient in keys: such files carry many more
than these. Where an answer stands is not scored, so it may be missing or wrong (see
`qa_eval.public.examples`). Questions are validated one by one, so that one does not hide another's mistakes.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ID = "the question's id"
QUESTION = "the question"
CONTEXT = "the text that is asked"


class _Given(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class SquadAnswer(_Given):
    """One answer of a question."""

    text: str = Field(description="the answer")
    answer_start: int | None = None


class SquadQuestion(_Given):
    """One entry of `qas`."""

    id: str = Field(description=ID)
    question: str = Field(description=QUESTION)
    answers: list[SquadAnswer] = Field(description="the answers; [] where there is none")
    is_impossible: bool = False


class SquadParagraph(_Given):
    """One entry of `paragraphs`."""

    context: str = Field(description=CONTEXT)
    qas: list[dict[str, Any]] = Field(description="the questions")


SQUAD_PARTS: dict[str, type[BaseModel]] = {"answers": SquadAnswer}


class FlatAnswers(_Given):
    """The answers of one row, as columns."""

    text: list[str] = Field(description="the answers; [] where there is none")
    answer_start: list[int | None] | None = None


class FlatRow(_Given):
    """One question a row, as the data sets library lays SQuAD out."""

    id: str = Field(description=ID)
    question: str = Field(description=QUESTION)
    context: str = Field(description=CONTEXT)
    answers: FlatAnswers = Field(description='{"text": […], "answer_start": […]}')


FLAT_PARTS: dict[str, type[BaseModel]] = {"answers": FlatAnswers}


class DetectedAnswer(_Given):
    """An answer of MRQA with the places at which it was found."""

    text: str = Field(description="the answer as it stands in the context")
    char_spans: list[list[int]] = Field(description="its places: [[first, last], …], both included")


class MrqaQuestion(_Given):
    """One entry of `qas` in a line of an MRQA file."""

    qid: str = Field(description=ID)
    question: str = Field(description=QUESTION)
    answers: list[str] = Field(description="the answers, at least one")
    detected_answers: list[DetectedAnswer] = []


class MrqaLine(_Given):
    """A context with its questions: every line of an MRQA file but the first."""

    context: str = Field(description=CONTEXT)
    qas: list[dict[str, Any]] = Field(description="the questions")


MRQA_PARTS: dict[str, type[BaseModel]] = {"detected_answers": DetectedAnswer}
