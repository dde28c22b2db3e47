"""What is looked for in answers to a question: its claims, in the words that tell them apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from qa_eval.matching.date_phrases import date_phrases
from qa_eval.matching.dates import read_date
from qa_eval.matching.quantities import read_quantities
from qa_eval.matching.running_text import FUNCTION_WORDS, RunningText, Word, skeleton
from qa_eval.matching.spelling import is_negator
from qa_eval.matching.thesaurus import SYNONYMS
from qa_eval.matching.units import MEASURE_KINDS
from qa_eval.records import NUMERIC_TYPES, AnswerType, Question
from qa_eval.text.lazy_patterns import lazy_pattern


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a text mentions a claim, or a value that belongs to none."""

    claim: str
    """Id of the claim; empty for another value."""
    sentence: int
    first: int
    """Number of its first word in the text."""
    end: int
    """Number of the word after its last."""
    words: frozenset[int]
    """The numbers of the words that tell this claim."""
    rule: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SoughtWording:
    """One wording of a claim."""

    claim: str
    text: str
    core: frozenset[str]
    """What a text has to say for this wording, as keys."""
    told: frozenset[str]
    """The part of the core that no other claim of the fact has."""
    denied: bool
    """Whether the wording denies its content: "no civilian deaths"."""
    numbers: frozenset[str]
    names: frozenset[str]
    """Keys of its words with a capital."""
    members: tuple[frozenset[str], ...]
    """The core by the members of a list: "government troops" and "allied soldiers"."""
    quantifier: str = ""
    """The key of "some", "many" and the like at its beginning."""
    whole: frozenset[str] = frozenset()
    """Keys of all its content words, also of those that the question has."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in answers to one question, worked out once."""

    answer_type: AnswerType
    question: frozenset[str]
    """Keys of the question's words."""
    end: frozenset[str]
    """Keys of the last two content words of the question that are no numbers."""
    asks_where: bool
    """Whether the question asks for a place by "where"."""
    wordings: tuple[SoughtWording, ...]
    texts: tuple[tuple[str, tuple[str, ...]], ...]
    """Claim id and its wordings."""
    kinds: frozenset[str] = frozenset()
    """Kinds of quantity that the wordings have."""
    keys: dict[str, list[int]] = field(default_factory=dict)
    """Key -> numbers of the wordings to look for where a sentence has it: all keys of free text."""
    vocabulary: frozenset[str] = frozenset()
    """Keys of all wordings."""
    related: dict[str, str] = field(default_factory=dict)
    """Key of a word that no wording has -> the key in the wordings for which it stands."""
    beginnings: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """First letters -> the keys of words of the wordings that begin so."""
    measured: Sought | None = None
    """What is looked for as quantities in answers of free text: the wordings that are an amount with its
    unit."""


_BEGINNING = 6
"""Letters that two forms of one word share at least."""


def stands_for(key: str, wanted: Sought) -> str | None:
    """The key of a wording's word for which a word of an answer stands: another form of it, or a synonym."""
    if key in wanted.vocabulary:
        return None
    for other in wanted.beginnings.get(key[:_BEGINNING], ()):
        if _shared(key, other) >= _SHARED * max(len(key), len(other)):
            return other
    return wanted.related.get(key)


def _shared(one: str, other: str) -> int:
    """The number of letters with which both words begin."""
    shortest = min(len(one), len(other))
    return next((n for n in range(shortest) if one[n] != other[n]), shortest)


_SHARED = 0.85
"""Share of the letters of the longer stem that two forms of one word have in common."""


_TAIL = lazy_pattern(r",? and other [^,;]*$", re.IGNORECASE)

_AGED = lazy_pattern(r"[\d,]+-year-old ", re.IGNORECASE)

_BRACKETED = lazy_pattern(r"\s*\([^()]*\)")

_EITHER = lazy_pattern(r"(?<![\w/])([^\W\d_]+)/([^\W\d_]+)(?![\w/])")


def _variants(wordings: tuple[str, ...], answer_type: AnswerType) -> tuple[str, ...]:
    """The wordings, and shorter ones that say the same: without brackets, with one word of "prison/jail", the
    surname of a person, a place without the region behind it, an organization without "Company" and the like,
    and the one value of a sentence that the typed match cannot read.
    """
    found = dict.fromkeys(wordings)
    for wording in wordings:
        if bare := _BRACKETED.sub("", wording).strip():
            found.setdefault(bare)
        found |= dict.fromkeys(_ACRONYM.findall(wording))
        if initials := _initials(wording):
            found.setdefault(initials)
        if answer_type == "person" and (surname := _surname(wording)):
            found.setdefault(surname)
        if answer_type == "place" and (located := _LOCATED.fullmatch(wording)):
            found.setdefault(located[1])
        if answer_type == "organization" and (styled := _STYLED.fullmatch(wording)):
            found.setdefault(styled[1])
        for side in (r"\1", r"\2"):
            found.setdefault(_EITHER.sub(side, wording))
        if answer_type == "date" and isinstance(read_date(wording), str):
            running = RunningText(wording)
            dates = [text for _, _, _, text in date_phrases(running)]
            readable = [text for text in dates if not isinstance(read_date(text), str)]
            if len(readable) == 1:
                found.setdefault(readable[0])
    return tuple(found)


def _surname(wording: str) -> str:
    """The last word of a name of two words or more in capitals, or none: "Putin" for "Vladimir Putin", and
    "Assad" for "Bashar al-Assad".
    """
    words = re.sub(r"\b[ae]l-(?=[A-Z])", "", wording).split()
    named = len(words) > 1 and all(w[0].isupper() and w[-1].isalpha() for w in words)
    return words[-1] if named and len(words[-1]) > 2 else ""


_LOCATED = lazy_pattern(r"([A-Z][\w' -]+)(?:, [A-Z][\w' .-]+)+")
"""A place with its region and country: "Moliagul, Victoria, Australia"."""
_STYLED = lazy_pattern(
    r"(?!(?:The|New|First|North|South|East|West|General|National|World|United|Public|Great|Royal"
    r"|\w+(?:an|ish|ese|al))\b)([A-Z]\w{2,})"
    r"(?:,? (?:Electric|Electronics|Railways?|Motors?|Industries|Pictures|Records|Studios|Entertainment"
    r"|Group|Holdings?|Company|Co\.?|Corporation|Corp\.?|Inc\.?|Ltd\.?|Limited|plc|LLC|GmbH|AG))+"
)
"""A name with its form or trade behind it: "Odakyu Electric Railway"."""
_ACRONYM = lazy_pattern(r"\(([A-Z]{3,8})\)")


def _initials(wording: str) -> str:
    """The initials of a name of three words or more, or none: "SANA" for "Syrian Arab News Agency"."""
    words = [w for w in wording.split() if w.casefold() not in FUNCTION_WORDS]
    if 3 <= len(words) <= 8 and all(w[0].isupper() and w.isalpha() for w in words):
        return "".join(w[0] for w in words)
    return ""


def _keys(text: str) -> tuple[list[Word], bool]:
    words = RunningText(_TAIL.sub("", _AGED.sub("", text))).words
    denied = any(_denies(words, i) for i in range(len(words)))
    return words, denied


def _denies(words: Sequence[Word], i: int) -> bool:
    return is_negator(words[i].text) and not (
        i + 1 < len(words) and words[i + 1].text in ("only", "less", "fewer")
    )


def _members(
    words: Sequence[Word], content: Sequence[Word], key: Callable[[Word], str], core: frozenset[str]
) -> tuple[frozenset[str], ...]:
    """The keys of each member of a list that have to be said; one set where the wording is no list."""
    counted = {word.start for word in content}
    found: list[set[str]] = [set()]
    for word in words:
        if word.text in ("and", "or", ",", "&"):
            found.append(set())
        elif word.start in counted:
            found[-1].add(key(word))
    return tuple(part for one in found if (part := frozenset(one) & core))


def _wording(id: str, text: str, question: frozenset[str], key: Callable[[Word], str]) -> SoughtWording:
    """A wording of a claim, before it is compared with other claims."""
    words, denied = _keys(text)
    quantified = len(words) > 1 and words[0].text in _QUANTIFIERS
    content = [
        word
        for n, word in enumerate(words)
        if word.content or word.key.startswith("#") or (quantified and n == 0)
    ]
    every = frozenset(key(word) for word in content)
    core = every - question or every
    return SoughtWording(
        claim=id,
        text=text,
        core=core,
        told=core,
        denied=denied,
        numbers=frozenset(word.key for word in content if word.kind == "number"),
        names=frozenset(key(word) for word in content if word.upper),
        members=_members(words, content, key, core),
        quantifier=key(words[0]) if quantified and key(words[0]) in core else "",
        whole=every,
    )


def sought(question: Question) -> Sought:
    """What `mentions` looks for."""
    return _sought(
        question.question,
        question.answer_type,
        tuple((claim.id, claim.wordings) for claim in question.claims),
    )


@lru_cache(maxsize=512)
def _sought(asked: str, answer_type: AnswerType, claims: tuple[tuple[str, tuple[str, ...]], ...]) -> Sought:
    person = answer_type == "person"

    def key(word: Word) -> str:
        return skeleton(word.text.removesuffix("'s")) if person and word.kind == "word" else word.key

    question = frozenset(key(word) for word in RunningText(asked).words if word.content)
    claims = tuple((id, _variants(wordings, answer_type)) for id, wordings in claims)
    drafts = [_wording(id, text, question, key) for id, wordings in claims for text in wordings]
    made: list[SoughtWording] = []
    for draft in drafts:
        if draft.core:
            others = frozenset[str]().union(*(d.core for d in drafts if d.claim != draft.claim))
            made.append(replace(draft, told=draft.core - others or draft.core))
    kinds: set[str] = set()
    if answer_type in NUMERIC_TYPES:
        kinds = {q.kind for _, wordings in claims for text in wordings for q in read_quantities(text).found}
    count: dict[str, int] = defaultdict(int)
    for wording in made:
        for k in wording.core:
            count[k] += 1
    keys: dict[str, list[int]] = defaultdict(list)
    for number, wording in enumerate(made):
        rarest = min(wording.core, key=lambda k: (count[k], k))
        for k in wording.core if answer_type == "text" else (rarest,):
            keys[k].append(number)
    known = frozenset().union(*(w.core for w in made)) if made else frozenset()
    where = asked.lower().startswith("where ")
    related = {} if person else _related(made, known)
    beginnings = {} if person else _beginnings(known)
    last = [word.key for word in RunningText(asked).words if word.content and word.kind == "word"][-2:]
    wanted = Sought(
        answer_type,
        question,
        frozenset(last),
        where,
        tuple(made),
        claims,
        frozenset(kinds),
        dict(keys),
        known,
        related,
        beginnings,
    )
    return replace(wanted, measured=_measured(wanted)) if answer_type == "text" else wanted


def _beginnings(known: frozenset[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key in sorted(known):
        if len(key) >= _BEGINNING and key.isalpha():
            found[key[:_BEGINNING]].append(key)
    return {beginning: tuple(keys) for beginning, keys in found.items()}


def _related(wordings: Sequence[SoughtWording], known: frozenset[str]) -> dict[str, str]:
    """The synonyms of the words of the wordings. A word that stands for words of different claims is left
    out.
    """
    claims: dict[str, set[str]] = defaultdict(set)
    for wording in wordings:
        for key in wording.core:
            claims[key].add(wording.claim)
    found: dict[str, list[str]] = defaultdict(list)
    for key in sorted(claims):
        for synonym in SYNONYMS.get(key, ()):
            if synonym not in known:
                found[synonym].append(key)
    return {
        synonym: keys[0]
        for synonym, keys in found.items()
        if all(claims[key] == claims[keys[0]] for key in keys)
    }


_QUANTIFIERS = frozenset({"some", "all", "many", "most", "several", "few", "half", "mostly"})
"""Words that tell claims apart at their beginning: "some of the houses"."""
_AMOUNT_WORDS = 4
"""Content words of a wording that is an amount and what it is of: "100 kilometers of desert"."""


def _measured(wanted: Sought) -> Sought | None:
    amounts: list[tuple[str, tuple[str, ...]]] = []
    kinds: set[str] = set()
    for id, wordings in wanted.texts:
        for text in wordings:
            read = read_quantities(text)
            brief = sum(word.content for word in RunningText(text).words) <= _AMOUNT_WORDS
            if brief and len(read.found) == 1 and read.found[0].kind in MEASURE_KINDS:
                amounts.append((id, (text,)))
                kinds.add(read.found[0].kind)
    if not amounts:
        return None
    return replace(wanted, answer_type="number", texts=tuple(amounts), kinds=frozenset(kinds))
