"""From a line of a `claims:` file to a fact with its passages: what it says, what is wrong, what is left out.

Nothing here reads a file. An adapter of another format makes such a line of each of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from qa_eval.data.checks.question_checks import find_wording, kebab_case, reserved_character
from qa_eval.data.claims_schema import ClaimsLine, PassageLine, StatedClaimLine, Unlisted
from qa_eval.data.content_hashes import articles_sha256, questions_sha256
from qa_eval.data.dataset_options import Where
from qa_eval.files.hashes import sha256_text
from qa_eval.matching.answer_types import asked_type
from qa_eval.matching.normal_form import normalize
from qa_eval.records import AnswerType, Article, Claim, Corpus, Evidence, Finding, Question
from qa_eval.text.phrases import count, join_field, quote, suggestion

NO_PLACE = -1
"""Offset of evidence that a passage states in words that no answer has."""
MOST_PLACES = 20
"""Greatest number of places of one answer in one passage."""

Message = tuple[str, str]
"""(field, what is wrong there, and what would be right)."""


@dataclass(frozen=True)
class PassageFact:
    """A fact with its own passages, and what was left out of it."""

    question: Question
    """Question with its claims. The evidence names passages by their ids in the fact."""
    passages: tuple[Article, ...]
    """Passages of the fact. Each text occurs once."""
    remarks: tuple[Remark, ...] = ()
    place: Where | None = field(default=None, compare=False)
    """Record of a file that the fact was read from; None if it was not read from a file."""

    @cached_property
    def corpus(self) -> Corpus:
        """The fact alone, over its passages."""
        return Corpus(
            questions=(self.question,),
            articles=self.passages,
            questions_sha256=questions_sha256([self.question]),
            articles_sha256=articles_sha256(self.passages),
        )

    @property
    def asked(self) -> bool:
        """Whether a model that copies spans can be asked. It cannot if the answer is yes or no."""
        return self.question.answer_type != "yes-no"

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """The names under which a preference for each passage is counted: its source, and its position."""
        return {
            passage.id: (*((passage.publisher,) if passage.publisher else ()), f"position {number}")
            for number, passage in enumerate(self.passages, 1)
        }

    def marks(self, passage: str) -> tuple[str, ...]:
        """The slices that an item has in addition to those of every item. `*` is the pooled item."""
        stating = self.question.claims if passage == "*" else self.question.own_claims(passage)
        evidence = [e for claim in stating for e in claim.evidence if passage in ("*", e.article)]
        placed = any(e.start >= 0 for e in evidence)
        return ("abstractive",) if evidence and not placed else ()


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a fact that a reader of the numbers should know. It is not an error."""

    check: str
    """A key of `REMARKS`."""
    field: str
    message: str

    def finding(self, place: Where, fact: str) -> Finding:
        """The remark as a warning about the fact at this place."""
        return place.finding(self.check, self.message, field=self.field, severity="warning", fact=fact)


REMARKS: Mapping[str, tuple[str, str]] = {
    "unused-fact": ("fact that is not used", "facts that are not used"),
    "dropped-claim": (
        "claim that no passage states; it is left out",
        "claims that no passage states; they are left out",
    ),
    "no-span": (
        "statement of a claim without a place in its passage; the claim's answers are its golds",
        "statements of a claim without a place in their passage; the claim's answers are their golds",
    ),
    "same-text": (
        "passage whose text an earlier one of its fact has; it is read once",
        "passages whose text an earlier one of their fact has; each text is read once",
    ),
    "one-text": (
        "fact whose passages are all one text; it is left out of leak and contrast consistency",
        "facts whose passages are all one text; they are left out of leak and contrast consistency",
    ),
    "same-wording": (
        "claim with a wording that another claim of its fact has; an answer with it makes both",
        "claims with a wording that another claim of their fact has; an answer with it makes both",
    ),
    "yes-no": (
        "question that is answered by yes or no; models that copy spans are not asked it",
        "questions that are answered by yes or no; models that copy spans are not asked them",
    ),
    "unlisted": (
        "fact with passages that are listed nowhere",
        "facts with passages that are listed nowhere",
    ),
    "no-resolution": (
        "preferred claim that was left out; the fact has none",
        "preferred claims that were left out; their facts have none",
    ),
    "repeated-id": (
        "fact whose id an earlier one has; it got an id of its own",
        "facts whose ids earlier ones have; each got an id of its own",
    ),
    "silent-occurrence": (
        "silent passage that has an answer's words",
        "silent passages that have an answer's words",
    ),
    "wording-elsewhere": (
        "passage that has the words of a claim it does not state",
        "passages that have the words of a claim they do not state",
    ),
}
"""Names of one remark and of several remarks of each kind."""


def remark_count(check: str, number: int) -> str:
    """The number of remarks of one kind, in words.

    >>> remark_count("unused-fact", 1), remark_count("unused-fact", 1200)
    ('1 fact that is not used', '1,200 facts that are not used')
    """
    one, many = REMARKS[check]
    return f"{number:,} {one if number == 1 else many}"


@dataclass(slots=True)
class _Reading:
    """A line under way."""

    line: ClaimsLine
    unlisted: Unlisted
    passages: dict[str, Article] = field(default_factory=dict)
    """Passages by the id under which their text is read."""
    read_as: dict[str, str] = field(default_factory=dict)
    """Map from each passage id to the id under which its text is read."""
    unread: set[str] = field(default_factory=set)
    """Ids of passages with a problem of their own."""
    problems: list[Message] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def known(self, id: str, at: str) -> str | None:
        """The id under which a passage is read; None if it is not read.

        Adds a problem if the fact has no passage of that id.
        """
        if id in self.read_as:
            return self.read_as[id]
        if id in self.unread:
            return None
        message = f"there is no passage {quote(id)} in the fact{suggestion(id, self.read_as)}"
        self.problems.append((at, message))
        return None


def read_fact(
    line: ClaimsLine, unlisted: Unlisted = "silent"
) -> tuple[PassageFact | None, list[Message], list[Remark]]:
    """The fact of a line, its problems, and the remarks on it.

    `unlisted` says how passages are read that are listed nowhere, unless the line says so itself. There is no
    fact if there are problems. There is none either if no passage answers; a remark then says so.
    """
    reading = _Reading(line, line.unlisted or unlisted)
    _read_names(reading)
    for index, passage in enumerate(line.passages):
        _read_passage(reading, index, passage)
    if not line.passages:
        reading.problems.append(("passages", "is empty; a fact is asked of at least one passage"))
    claims = _read_claims(reading)
    silent, partial = _read_silence(reading, claims)
    if reading.problems:
        return None, reading.problems, reading.remarks
    if not claims:
        which = "its claim" if len(line.claims) == 1 else f"any of its {count(len(line.claims), 'claim')}"
        message = f"{quote(line.id)}: no passage states {which}"
        return None, [], [*reading.remarks, Remark("unused-fact", "claims", message)]
    resolution = line.resolution
    if resolution is not None and all(claim.id != resolution for claim in claims):
        message = f"claim {quote(resolution)} was left out"
        reading.remarks.append(Remark("no-resolution", "resolution", message))
        resolution = None
    if len(line.passages) > 1 and len(reading.passages) == 1:
        message = f"its {count(len(line.passages), 'passage')} are one text"
        reading.remarks.append(Remark("one-text", "passages", message))
    reading.remarks += _same_wordings(claims)
    kind = _answer_type(line) or asked_type(line.question) or "text"
    if kind == "yes-no":
        message = "is answered by yes or no"
        reading.remarks.append(Remark("yes-no", "answer_type", message))
    question = Question(
        id=line.id,
        question=line.question,
        category=line.category,
        answer_type=kind,
        claims=tuple(claims),
        paraphrases=tuple(line.paraphrases),
        relation=line.relation,
        silent=tuple(silent),
        partial=tuple(partial),
        resolution=resolution,
        note=line.note or "",
    )
    return (
        PassageFact(question, tuple(reading.passages.values()), tuple(reading.remarks)),
        [],
        reading.remarks,
    )


def _same_wordings(claims: Sequence[Claim]) -> Iterator[Remark]:
    """A remark for each claim with a wording that an earlier claim has, as exact match compares them."""
    first: dict[str, str] = {}
    for claim in claims:
        for wording in claim.wordings:
            earlier = first.setdefault(normalize(wording), claim.id)
            if earlier != claim.id:
                message = f"claims {quote(earlier)} and {quote(claim.id)} both have {quote(wording)}"
                yield Remark("same-wording", "claims", message)
                break


def _read_names(reading: _Reading) -> None:
    line = reading.line
    for at, name in [("id", line.id), ("category", line.category)]:
        problem = _wrong_character(name)
        if problem is None and at == "id" and (not name or re.search(r"\s", name)):
            problem = f"{quote(name)} holds a space or nothing; write {quote(kebab_case(name) or 'fact-1')}"
        if problem is not None:
            reading.problems.append((at, problem))
    if not line.question.strip():
        reading.problems.append(("question", "says nothing; write the question"))
    if line.relation is not None and len(line.claims) < 2:
        reading.problems.append(
            ("relation", f"is {quote(line.relation)}, but there is one claim; leave it out")
        )


def _read_passage(reading: _Reading, index: int, passage: PassageLine) -> None:
    at = join_field("passages", index)
    id = passage.id
    problem = _wrong_character(id)
    if problem is None and not id.strip():
        problem = "is empty; name the passage"
    if problem is None and id in reading.read_as:
        problem = f"{quote(id)} is the id of an earlier passage of the fact; give each its own"
    if problem is not None:
        reading.unread.add(id)
        reading.problems.append((join_field(at, "id"), problem))
        return
    if not passage.text.strip():
        reading.unread.add(id)
        reading.problems.append(
            (join_field(at, "text"), "is empty; give the passage's text, or leave it out")
        )
        return
    sha256 = sha256_text(passage.text)
    same = next((other.id for other in reading.passages.values() if other.sha256 == sha256), None)
    if same is not None:
        reading.read_as[id] = same
        message = f"{quote(id)} has the text of {quote(same)}, and is read as {quote(same)}"
        reading.remarks.append(Remark("same-text", at, message))
        return
    reading.read_as[id] = id
    reading.passages[id] = Article(
        id=id,
        text=passage.text,
        sha256=sha256,
        label=passage.label,
        title=passage.title,
        publisher=passage.source,
        byline=passage.byline,
        published=passage.date,
        notes=passage.notes,
    )


def _read_claims(reading: _Reading) -> list[Claim]:
    """The claims that some passage states."""
    line = reading.line
    if not line.claims:
        reading.problems.append(("claims", "is empty; a fact has at least one claim"))
    claims: list[Claim] = []
    seen: set[str] = set()
    for index, claim in enumerate(line.claims):
        at = join_field("claims", index)
        problem = _wrong_character(claim.id)
        if problem is None and (not claim.id or re.search(r"\s", claim.id)):
            near = "-".join(claim.id.split()) or "c1"
            problem = f"{quote(claim.id)} holds a space or nothing; write {quote(near)}"
        if problem is None and claim.id in seen:
            problem = f"{quote(claim.id)} is the id of an earlier claim; join the two, or rename one"
        if problem is not None:
            reading.problems.append((join_field(at, "id"), problem))
        seen.add(claim.id)
        made = _read_claim(reading, at, claim)
        if made is not None:
            claims.append(made)
    if line.resolution is not None and line.claims and line.resolution not in seen:
        near = suggestion(line.resolution, seen, listed=0)
        reading.problems.append(("resolution", f"there is no claim {quote(line.resolution)}{near}"))
    if not reading.problems:
        reading.problems += _polarity_problems(line)
    return claims


def _answer_type(line: ClaimsLine) -> AnswerType | None:
    """The type that the line gives. Claims with a polarity answer by yes or no."""
    if line.answer_type is None and any(claim.polarity is not None for claim in line.claims):
        return "yes-no"
    return line.answer_type


def _polarity_problems(line: ClaimsLine) -> Iterator[Message]:
    by_yes_or_no = _answer_type(line) == "yes-no"
    for index, claim in enumerate(line.claims):
        at = join_field(join_field("claims", index), "polarity")
        if by_yes_or_no and claim.polarity is None:
            yield at, "is missing: the question is answered by yes or no; write which the claim says"
        elif not by_yes_or_no and claim.polarity is not None:
            yield (
                at,
                f"is {quote(claim.polarity)}, but the answer_type is {quote(str(line.answer_type))}; "
                'leave it out, or write the answer_type "yes-no"',
            )


def _wrong_character(id: str) -> str | None:
    """Why a character of this id is not allowed in an id; None if all are allowed."""
    if (problem := reserved_character(id)) is not None:
        return problem
    strange = next((c for c in id if not c.isprintable() and not c.isspace()), None)
    if strange is None:
        return None
    return f"{quote(id)} holds the character U+{ord(strange):04X}, which cannot be printed; leave it out"


def _read_claim(reading: _Reading, at: str, claim: StatedClaimLine) -> Claim | None:
    if not claim.answers:
        message = f"claim {quote(claim.id)} has none; give at least one accepted wording"
        reading.problems.append((join_field(at, "answers"), message))
    for number, answer in enumerate(claim.answers):
        if not normalize(answer):
            message = f"{quote(answer)} is nothing once punctuation and a, an, the are dropped"
            reading.problems.append((f"{at}.answers[{number}]", message))
    evidence = list(_read_spans(reading, at, claim))
    stating = [
        id
        for number, passage in enumerate(claim.passages)
        if (id := reading.known(passage, f"{at}.passages[{number}]")) is not None
    ]
    placed = {e.article for e in evidence}
    for id in dict.fromkeys(stating):
        if id not in placed:
            evidence += _found(reading, at, claim, id)
    evidence = list({(e.article, e.start, e.text): e for e in evidence}.values())
    evidence.sort(key=lambda e: e.start < 0)  # what has no place comes last, as in a file written by export
    if not evidence:
        if not reading.problems:
            message = f"claim {quote(claim.id)} ({quote(claim.answers[0])}): no passage states it"
            reading.remarks.append(Remark("dropped-claim", at, message))
        return None
    texts = {e.text for e in evidence}
    aliases = (wording for wording in (*claim.answers, *claim.aliases) if wording not in texts)
    return Claim(
        id=claim.id,
        evidence=tuple(evidence),
        aliases=tuple(dict.fromkeys(aliases)),
        group=claim.group or "",
        status=claim.status,
        polarity=claim.polarity,
    )


def _read_spans(reading: _Reading, at: str, claim: StatedClaimLine) -> Iterator[Evidence]:
    for number, span in enumerate(claim.spans):
        place = f"{at}.spans[{number}]"
        id = reading.known(span.passage, f"{place}.passage")
        if id is None:
            continue
        text = reading.passages[id].text
        there = text[max(span.start, 0) : max(span.start, 0) + len(span.text)]
        if not normalize(span.text):
            message = f"{quote(span.text)} is nothing once punctuation and a, an, the are dropped"
            reading.problems.append((f"{place}.text", message))
        elif span.start < 0 or there != span.text:
            found = text.find(span.text)
            right = f"it is at {found}" if found >= 0 else "it is nowhere in the passage; copy it exactly"
            message = (
                f"passage {quote(span.passage)} has {quote(there)} there, not {quote(span.text)}; {right}"
            )
            reading.problems.append((f"{place}.start", message))
        else:
            yield Evidence(
                article=id,
                text=span.text,
                start=span.start,
                speaker=span.speaker,
                as_of=span.as_of,
                hedged=span.hedged,
            )


def _found(reading: _Reading, at: str, claim: StatedClaimLine, id: str) -> list[Evidence]:
    """Places of the claim's answers in a passage; if there are none, the answers without a place."""
    text = reading.passages[id].text
    places = {span for answer in claim.answers for span in find_wording(answer, text, MOST_PLACES)}
    if places:
        return [Evidence(article=id, text=span.text(text), start=span.start) for span in sorted(places)]
    if not reading.problems:
        message = f"passage {quote(id)} has no answer of claim {quote(claim.id)} ({quote(claim.answers[0])})"
        reading.remarks.append(Remark("no-span", f"{at}.passages", message))
    return [Evidence(article=id, text=answer, start=NO_PLACE) for answer in dict.fromkeys(claim.answers)]


def _read_silence(reading: _Reading, claims: Sequence[Claim]) -> tuple[list[str], list[str]]:
    """The silent and the partial passages. Those that are listed nowhere come last."""
    answering = {e.article for claim in claims for e in claim.evidence}
    listed: dict[str, str] = {}
    for name in ("silent", "partial"):
        for index, passage in enumerate(getattr(reading.line, name)):
            at = join_field(name, index)
            id = reading.known(passage, at)
            if id is None:
                continue
            if id in answering and id == passage:
                message = f"passage {quote(passage)} states a claim; keep the right place"
                reading.problems.append((at, message))
            elif passage in listed:
                message = f"passage {quote(passage)} is already in {listed[passage]}; keep the right place"
                reading.problems.append((at, message))
            listed[passage] = name
    known = {reading.read_as[passage]: name for passage, name in listed.items()}
    left = [id for id in reading.passages if id not in answering and id not in known]
    if left:
        named = quote(left[0]) + (f" and {len(left) - 1} more" if len(left) > 1 else "")
        message = f"{named}: taken as {reading.unlisted}"
        reading.remarks.append(Remark("unlisted", "passages", message))
    known |= dict.fromkeys(left, reading.unlisted)
    parts = {
        name: [id for id, where in known.items() if id not in answering and where == name]
        for name in ("silent", "partial")
    }
    return parts["silent"], parts["partial"]


def words_elsewhere(fact: PassageFact) -> Iterator[Remark]:
    """Remarks on passages, also silent ones, with the words of a claim that they do not state."""
    question = fact.question
    for passage in fact.passages:
        own = question.own_claims(passage.id)
        said = {wording.casefold() for claim in own for wording in claim.wordings}
        for index, claim in enumerate(question.claims):
            if claim in own or passage.id in question.partial:
                continue
            for wording in claim.wordings:
                # A wording inside one of the passage's own says nothing: "400" in "over 400".
                if any(wording.casefold() in other for other in said):
                    continue
                if found := find_wording(wording, passage.text, 1):
                    what = "silent" if not own else "states another claim"
                    message = (
                        f"passage {quote(passage.id)} ({what}) has {quote(wording)} of claim "
                        f"{quote(claim.id)} at {found[0].start}"
                    )
                    check = "wording-elsewhere" if own else "silent-occurrence"
                    yield Remark(check, join_field("claims", index), message)
                    break
