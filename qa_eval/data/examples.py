"""Turns the parts of a file into examples, and reports everything that is wrong with them.

A reader yields, in the order of the file, an `Example` for every question that can be used and a `Finding`
for every problem. An error makes the whole data set unusable. Warnings are tolerated and counted. A part is a
paragraph with its questions, or a row: one question with its context. The oddities below are known to occur
in published sets. They affect no score, or affect it in one way only:

* `answer-start`: an `answer_start` is missing or does not point at its text. The gold is the text alone, and
  the answer has no place.
* `blank-question`: a question has no words.
* `impossible`: a row is flagged as having no answer but lists some. Some sets keep plausible answers there.
  The question is unanswerable.
* `blank-gold`: all answers of a question are blank. The question is unanswerable.
* `blank-among-golds`: one answer is blank and others are not. It is a gold; the rules decide whether it is
  kept.
* `duplicate-id`: a question has the id of an earlier one and is left out. This is a warning only if
  `Intake.duplicate_ids` is "first".
* `no-answers`: the answers of a question are not given. It is asked and not scored. `dataset` refuses a data
  set that gives the answers of other questions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_eval.data.dataset_options import (
    ID_NAMES,
    ROLES,
    Intake,
    Read,
    Where,
    id_of,
    missing,
    no_such_column,
    usual_column,
)
from qa_eval.data.golds import ANSWERS, FlagError, Gold, detected_places, golds_in, no_answer_flag, start_of
from qa_eval.errors import InputError
from qa_eval.files.strict_json import describe
from qa_eval.records import Example, Finding
from qa_eval.text.phrases import quote

NO_ANSWERS = "no-answers"
"""Check of questions whose answers are not given."""
ID = "the question's id"
QUESTION = "the question"
QUESTIONS = "the questions"
CONTEXT = "the text that is asked"


def context_id(context: str) -> str:
    """The id of a text: `c` and the first 12 hex digits of its SHA-256.

    >>> context_id("")
    'ce3b0c44298fc'
    """
    return "c" + hashlib.sha256(context.encode("utf-8", "surrogatepass")).hexdigest()[:12]


_ROLES = {role: role for role in ROLES}
_LEFT_OUT = ""
"""Mark in place of the id of a question that is left out."""
_Problems = Generator[Finding, None, "_Text | None"]
_Labels = Generator[Finding, None, "Sequence[Gold] | None"]


@dataclass(slots=True)
class Examples:
    """Makes examples from the parts of one data set, during one reading of it."""

    intake: Intake
    answerable: bool = False
    """Flag: every question must have an answer, as in MRQA."""
    ids: set[str] = field(default_factory=set)
    """Ids of the questions read so far."""
    unseen: set[str] = field(default_factory=set)
    """Roles whose named column has been in no row so far."""
    known: Sequence[str] = ()
    """Columns of the first row."""

    def of_entry(self, part: object, where: Where) -> Read:
        """Yields the examples of an article, a paragraph or a row, whichever the part is."""
        if not isinstance(part, dict):
            yield where.finding("shape", f"must be an object, found {describe(part)}")
        elif isinstance(paragraphs := part.get("paragraphs"), list) and "question" not in part:
            for number, one in enumerate(paragraphs):
                yield from self.of_paragraph(one, where.inside("paragraphs", number))
        elif "qas" in part:
            yield from self.of_paragraph(part, where)
        else:
            yield from self.of_row(part, where)

    def of_paragraph(self, part: object, where: Where) -> Read:
        """Yields the examples of a context with its `qas`. Raises InputError if `--columns` names columns."""
        if not isinstance(part, dict):
            yield where.finding("shape", f"must be an object, found {describe(part)}")
            return
        if self.intake.columns:
            message = "--columns names the columns of rows; here each context has a list of questions"
            raise InputError([where.finding("columns", message)])
        text = yield from self._text(part, "context", where, ())
        questions = part.get("qas")
        if not isinstance(questions, list):
            message = f"must be a list, found {describe(questions)}"
            if "qas" not in part:
                message = f"is missing ({QUESTIONS})"
            yield where.inside("qas").finding("shape", message)
            return
        for number, one in enumerate(questions):
            place = where.inside("qas", number)
            if isinstance(one, dict):
                yield from self._question(one, place, text, _names(one, {}), row=False)
            else:
                yield place.finding("shape", f"must be an object, found {describe(one)}")

    def of_row(self, part: Mapping[str, Any], where: Where) -> Read:
        """Yields the example of a row. Raises InputError if a named column is not in the first row."""
        columns = self.intake.columns
        if not self.known:
            self.known = tuple(part)
            self.unseen = set(columns)
            for role in ("id", "question", "context"):
                if role in columns and columns[role] not in part:
                    message = no_such_column(role, columns[role], part)
                    raise InputError([where.finding("columns", message)])
        if self.unseen:
            self.unseen -= {role for role in self.unseen if columns[role] in part}
        names = _names(part, columns)
        text = yield from self._text(part, names["context"], where, part)
        yield from self._question(part, where, text, names, row=True)

    def close(self, where: Where) -> Iterator[Finding]:
        """Yields, after the last part, a finding for each named column that no row has."""
        for role in sorted(self.unseen):
            message = no_such_column(role, self.intake.columns[role], self.known)
            yield where.finding("columns", message)

    # ----------------------------------------------------------------------------- inside

    def _text(self, part: Mapping[str, Any], name: str, where: Where, known: Iterable[str]) -> _Problems:
        context = part.get(name)
        place = where.inside(name)
        if not isinstance(context, str):
            message = f"must be text, found {describe(context)}"
            if name not in part:
                message = missing("context", CONTEXT, known)
            yield place.finding("shape", message)
            return None
        if not context.strip():
            yield place.finding("empty-context", "is empty; it should be the text")
        return _Text(context, context_id(context))

    def _question(
        self,
        part: Mapping[str, Any],
        where: Where,
        text: _Text | None,
        names: Mapping[str, str],
        *,
        row: bool,
    ) -> Read:
        """Yields the problems of a question and then its example. `row` says that the context is in the same
        object.
        """
        known = part if row else ()
        id = yield from self._id(part, where, names["id"], known)
        if id == _LEFT_OUT:
            return
        question = part.get(names["question"])
        if not isinstance(question, str):
            message = f"must be text, found {describe(question)}"
            if names["question"] not in part:
                message = missing("question", QUESTION, known)
            yield where.inside(names["question"]).finding("shape", message)
        labels = yield from self._labels(part, where, names, id or "", row=row)
        if id is None or text is None or not isinstance(question, str) or labels is None:
            return
        if not question.strip():
            message = "is blank; it is asked as it is"
            yield where.inside(names["question"]).finding(
                "blank-question", message, severity="warning", fact=id
            )
        starts = []
        for gold in labels:
            start, problem = text.place(gold)
            starts.append(start)
            if problem:
                yield gold.where.finding("answer-start", problem, severity="warning", fact=id)
        yield Example(
            id=id,
            question=question,
            context=text.context,
            context_id=text.id,
            golds=tuple(gold.text for gold in labels),
            starts=tuple(starts),
        )

    def _id(
        self, part: Mapping[str, Any], where: Where, name: str, known: Iterable[str]
    ) -> Generator[Finding, None, str | None]:
        """The id; empty if the question is left out. If the id is wrong: None, after yielding the problem."""
        place = where.inside(name)
        id = id_of(part.get(name))
        if id is None:
            message = f"must be text or a whole number, found {describe(part.get(name))}"
            yield place.finding("shape", message if name in part else missing("id", ID, known))
        elif id == _LEFT_OUT:
            yield place.finding("id", "is empty; every question has an id of its own")
        elif id not in self.ids:
            self.ids.add(id)
            return id
        elif self.intake.duplicate_ids == "first":
            message = f"{quote(id)} is an earlier question's id too; this one is left out"
            yield place.finding("duplicate-id", message, severity="warning", fact=id)
            return _LEFT_OUT
        else:
            message = f"{quote(id)} is an earlier question's id too; each has its own"
            yield place.finding("duplicate-id", message, fact=id)
        return None

    def _labels(
        self, part: Mapping[str, Any], where: Where, names: Mapping[str, str], id: str, *, row: bool
    ) -> _Labels:
        """The golds; empty if no answer is right. If that is unclear: None, after yielding the problem."""
        name = names["answers"]
        place = where.inside(name)
        given = part.get(name)
        golds: list[Gold] = []
        if given is not None:
            found = yield from golds_in(given, place)
            if found is None:
                return None
            golds = found
        real = [gold for gold in golds if gold.text.strip()]
        impossible, flag = None, ""
        if real or given is None:
            try:
                impossible, flag = no_answer_flag(part, self.intake.columns.get("is_impossible"))
            except FlagError as error:
                yield where.inside(error.flag).finding("impossible", str(error), fact=id)
                return None
        if given is None and not impossible:
            usual = usual_column("answers", part) if row and "answers" not in self.intake.columns else None
            if usual and part[usual]:
                yield place.finding("shape", missing("answers", ANSWERS, part), fact=id)
                return None
            message = f"is {'null' if name in part else 'missing'} ({ANSWERS})"
            yield place.finding(NO_ANSWERS, message, severity="warning", fact=id)
            return []
        if impossible and real:
            shown = ", ".join(quote(gold.text) for gold in real[:3]) + (", …" if len(real) > 3 else "")
            if not row:
                # The official script takes these as golds, whatever the flag says.
                message = f"says that there is no answer, but {name} holds {shown}; one of the two is wrong"
                yield where.inside(flag).finding("impossible", message, fact=id)
                return None
            message = f"says that there is no answer, so {shown} in {name} is left out"
            yield where.inside(flag).finding("impossible", message, severity="warning", fact=id)
            golds = []
        elif golds and not real:
            message = "is blank, so no answer is right"
            yield place.finding("blank-gold", message, severity="warning", fact=id)
            golds = []
        elif len(real) < len(golds):
            message = "holds a blank answer next to others"
            yield place.finding("blank-among-golds", message, severity="warning", fact=id)
        if self.answerable and not golds:
            message = "is empty, but a question of MRQA has an answer; name files of other sets as jsonl:FILE"
            yield place.finding("no-answer", message, fact=id)
            return None
        return _with_places(golds, part.get("detected_answers"))


def _names(part: Mapping[str, Any], columns: Mapping[str, str]) -> dict[str, str]:
    """The key that holds each role in this part."""
    id = next((name for name in ID_NAMES if name in part), "id")
    return {**_ROLES, "id": id, **columns}


def _with_places(golds: Sequence[Gold], detected: object) -> Sequence[Gold]:
    """The golds with the places at which MRQA detected them.

    MRQA may have detected an answer in other words. Such a gold has no place, and nothing is wrong with it.
    """
    if detected is None:
        return golds
    places = detected_places(detected)
    return [
        gold if gold.placed else Gold(gold.text, places.get(gold.text), gold.where, placed=False)
        for gold in golds
    ]


@dataclass(frozen=True, slots=True)
class _Text:
    """A context about which several questions are asked."""

    context: str
    id: str

    def place(self, gold: Gold) -> tuple[int | None, str]:
        """The gold's place, or None if it is wrong or missing; and a message about what is wrong."""
        if not gold.text.strip():
            return None, ""
        start = start_of(gold.start)
        if start is not None and start >= 0 and self.context.startswith(gold.text, start):
            return start, ""
        if gold.start is None:
            return None, f"is missing: {quote(gold.text)} has no place" if gold.placed else ""
        if start is None:
            return None, f"must be a whole number, found {describe(gold.start)}"
        found = self.context.find(gold.text)
        there = f"it is at {found}" if found >= 0 else "it is nowhere in the context"
        return None, f"{quote(gold.text)} is not at {start}; {there}"
