"""Answers in words that people have labelled, read from a file.

A line is one of two shapes.

* An answer of its own: `question`, `answer_type` (may be left out), `claims` (each with `id` and `wordings`),
  `answer`, and what people say of it: `asserted` (ids of claims); `verdict`, `abstains` and
  `acknowledges_disagreement` may be left out. `fact` names the question, and `part` a part of the file. A
  line whose `note` begins with "doubtful" is left out.
* A line of WikiContradict: `question`, `gt_answer_1`, `gt_answer_2`, and answers with their labels. `answer1`
  and `answer2` are to one of two passages, `answer3` and `answer4` to both. Answers without a passage are
  left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qa_eval.errors import InputError
from qa_eval.files.findings import Findings
from qa_eval.files.json_streams import json_lines
from qa_eval.files.paths import open_input
from qa_eval.files.strict_json import NotJsonError, describe
from qa_eval.matching.answer_types import asked_type
from qa_eval.matching.dates import read_date
from qa_eval.matching.quantities import read_quantities
from qa_eval.records import ANSWER_TYPES, AnswerType, Claim, Finding, Question
from qa_eval.text.phrases import choices

_FEW = 4
"""Words of a claim that is a quantity rather than a sentence with one."""
LABELS = ("Correct", "Partially correct", "Incorrect")
"""What people say of an answer in WikiContradict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswer:
    """An answer and what people say of it."""

    question: Question
    answer: str
    passage: str | None = None
    """Id of the claim that the one passage states that the answer is to; None for an answer to all
    sources.
    """
    label: str | None = None
    """One of `LABELS`; None where the labels are claims."""
    asserted: frozenset[str] | None = None
    """Ids of the claims that people read in it; None where the label is one of `LABELS`."""
    verdict: str | None = None
    abstains: bool | None = None
    acknowledges: bool | None = None
    part: str = ""
    """The part of the file that it belongs to; empty where the file names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledAnswers:
    """What a file holds."""

    path: str
    answers: tuple[LabelledAnswer, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many were left out, by the reason."""


def read_labelled_answers(path: Path) -> LabelledAnswers:
    """Reads a file of labelled answers. Raises InputError with everything that is wrong in it."""
    findings = Findings()
    answers: list[LabelledAnswer] = []
    counts: dict[str, int] = {}
    with open_input(path) as file:
        for number, found in json_lines(file):
            if isinstance(found, NotJsonError):
                findings.add(_finding(path, number, "", str(found)))
                continue
            try:
                answers += _line(found.value, counts)
            except _WrongError as error:
                findings.add(_finding(path, number, error.field, error.message))
    if findings.errors:
        raise InputError(findings.listed())
    if not answers:
        raise InputError([_finding(path, 1, "", "holds no labelled answer")])
    return LabelledAnswers(path=str(path), answers=tuple(answers), counts=counts)


class _WrongError(ValueError):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def _finding(path: Path, line: int, field: str, message: str) -> Finding:
    return Finding(severity="error", path=str(path), line=line, field=field, message=message)


def _line(row: object, counts: dict[str, int]) -> Iterator[LabelledAnswer]:
    if not isinstance(row, dict):
        raise _WrongError(
            "", f"{describe(row)} is no object; a line is an object with question, claims and answer"
        )
    if "gt_answer_1" in row:
        yield from _wiki_contradict(row, counts)
    elif str(row.get("note", "")).startswith("doubtful") or "doubtful:" in str(row.get("note", "")):
        counts["doubtful"] = counts.get("doubtful", 0) + 1
    else:
        yield _own(row)


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise _WrongError(key, f"{'is missing' if key not in row else describe(value) + ' is no text'}")
    return value


def _wiki_contradict(row: Mapping[str, Any], counts: dict[str, int]) -> Iterator[LabelledAnswer]:
    asked = _text(row, "question")
    claims = tuple(Claim(id=id, evidence=(), aliases=(_text(row, f"gt_answer_{id}"),)) for id in ("1", "2"))
    question = _question(asked, asked, _type_of(asked, claims), claims)
    for number in range(5):
        key = f"answer{number}"
        if key not in row:
            continue
        if number == 0:
            counts["without a passage"] = counts.get("without a passage", 0) + 1
            continue
        label = _text(row, f"label{number}")
        if label not in LABELS:
            raise _WrongError(f"label{number}", f"{label!r} is no label; {choices(label, LABELS)}")
        passage = str(number) if number < 3 else None
        yield LabelledAnswer(question=question, answer=_text(row, key), passage=passage, label=label)


def _type_of(asked: str, claims: tuple[Claim, ...]) -> AnswerType:
    """The type that the question's words tell, else the one as which every claim can be read."""
    if (told := asked_type(asked)) is not None:
        return told
    wordings = [wording for claim in claims for wording in claim.wordings]
    if all(not isinstance(read_date(wording), str) for wording in wordings):
        return "date"
    read = [read_quantities(wording) for wording in wordings]
    if all(r.found and not r.unread and len(w.split()) <= _FEW for r, w in zip(read, wordings, strict=True)):
        kinds = {quantity.kind for r in read for quantity in r.found}
        return "duration" if kinds <= {"days", "months"} else "percent" if kinds == {"percent"} else "number"
    return "text"


def _own(row: Mapping[str, Any]) -> LabelledAnswer:
    asked = _text(row, "question")
    type_ = row.get("answer_type") or asked_type(asked) or "text"
    if type_ not in ANSWER_TYPES:
        raise _WrongError(
            "answer_type", f"{type_!r} is no type of answer; {choices(str(type_), ANSWER_TYPES)}"
        )
    listed = row.get("claims")
    if not isinstance(listed, list) or not listed:
        raise _WrongError("claims", "has to be a list of claims, each with id and wordings")
    claims = []
    for n, claim in enumerate(listed):
        wordings = claim.get("wordings") if isinstance(claim, dict) else None
        if not isinstance(wordings, list) or not all(isinstance(w, str) for w in wordings) or not wordings:
            raise _WrongError(f"claims[{n}].wordings", "has to be a list of texts")
        claims.append(
            Claim(
                id=_text(claim, "id"), evidence=(), aliases=tuple(wordings), group=str(claim.get("group", ""))
            )
        )
    known = {claim.id for claim in claims}
    asserted = row.get("asserted")
    if not isinstance(asserted, list):
        raise _WrongError("asserted", "has to be a list of ids of claims")
    for id in asserted:
        if id not in known:
            raise _WrongError("asserted", f"{id!r} is no claim; {choices(str(id), sorted(known))}")
    fact = row.get("fact")
    return LabelledAnswer(
        question=_question(fact if isinstance(fact, str) else asked, asked, type_, tuple(claims)),
        answer=_text(row, "answer"),
        asserted=frozenset(asserted),
        verdict=row.get("verdict") if isinstance(row.get("verdict"), str) else None,
        abstains=_flag(row, "abstains"),
        acknowledges=_flag(row, "acknowledges_disagreement"),
        part=str(row.get("part", "")),
    )


def _flag(row: Mapping[str, Any], key: str) -> bool | None:
    value = row.get(key)
    if value is not None and not isinstance(value, bool):
        raise _WrongError(key, f"{describe(value)} is neither true nor false")
    return value


def _question(id: str, asked: str, answer_type: AnswerType, claims: tuple[Claim, ...]) -> Question:
    return Question(id=id, question=asked, category="", answer_type=answer_type, claims=claims)
