"""Names of persons in an answer.

The rules are closed. A name is what is left without titles, descriptions and particles. Surnames must agree,
and given names must not conflict. A person who is only described ("Assad's wife", "the son of Khaled
al-Asaad") has no name here. Another spelling is never guessed: it must be written as an alias. "Surname,
Given" is read, and so are the agencies of a photo credit ("Joseph Eid/AFP"). A name among more than 15 other
words is a story and not an answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa_eval.matching.quantities import MOST_OTHER_WORDS
from qa_eval.matching.spelling import fold, is_negator, vocabulary
from qa_eval.matching.verdicts import Verdict

LONGEST = 300
"""Greatest length of a name, in characters. Longer texts are no names."""
_MOST_NAME_WORDS = 6

_TITLES = vocabulary("""mr mrs ms miss dr doctor prof professor president premier prime minister king queen
prince princess sir lord lady
    dame general gen colonel col major maj captain capt lieutenant lt sergeant sgt commander brigadier admiral
    director sheikh sheik shaykh imam ayatollah sultan emir caliph pope saint rev reverend father bishop
    archbishop cardinal senator sen representative congressman congresswoman governor mayor secretary
    ambassador envoy chief chairman chairwoman chair head leader spokesman spokeswoman spokesperson former ex
    late deputy acting vice director-general judge justice archaeologist archeologist historian journalist
    reporter author analyst correspondent curator scholar dictator chancellor foreign defense defence interior
    member activist photographer contributor writer editor expert antiquities photo photograph image picture
    credit""")
_PARTICLES_ALWAYS = frozenset({"al", "el", "bin", "ibn", "bint"})
_PARTICLES_INSIDE = vocabulary(
    "van von de der den di da del della du dos la le ben as ad ar an az ash ul ud ez"
)
_PARTICLES = _PARTICLES_ALWAYS | _PARTICLES_INSIDE
_JOINED = frozenset({"abdul", "abdel", "abdal", "abdol"})
"""Particles that are part of the name after them, written together with it or not."""
_AGENCIES = vocabulary("""afp ap epa upi reuters getty images anadolu sana tass ria sputnik xinhua corbis dpa
ansa efe shutterstock rex barcroft alamy magnum afptv aptn bbc cnn rtr pa agency agencies news press pictures
photo photos media pool handout via france associated""")
"""Words in the names of news and photo agencies."""
_SUFFIXES = {"jr": "junior", "junior": "junior", "sr": "senior", "senior": "senior"}
_SAYING = vocabulary("said says say added adds told who whom which that was is were has had and while")
_PREPOSITIONS = vocabulary("of for in at from with on under against about over near between like and")
"""Words after which a name only describes somebody. "By" and "to" are not among them ("according to Khaled
Nasser")."""
_BELONGING = frozenset({"of", "from", "at"})
"""Words between a full name and the place or group of the person."""
_ORIGINS = vocabulary(
    "syrian russian iraqi iranian lebanese turkish french british american german israeli jordanian"
)

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*\.?|\d+|/(?!\s*\d)|[-‐‑,;:()&]")
_POSSESSIVE = re.compile(r"['’]s$|(?<=s)['’]$")


@dataclass(frozen=True, slots=True)
class Person:
    """A person's name, folded."""

    given: tuple[str, ...]
    surname: str
    suffix: str = ""
    """Suffix: `junior`, `senior`, or empty."""
    negated: bool = False
    inverted: int = 0
    """Number of words before the comma of "Surname, Given"; 0 for a name in its usual order. Such a text
    names two persons unless the other side has that given name and all words of that surname."""

    @property
    def specifics(self) -> frozenset[str]:
        """Those of given names and suffix that the text states."""
        return frozenset(["given"] * bool(self.given) + ["suffix"] * bool(self.suffix))


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    """Text, folded, without possessive and full stop."""
    upper: bool
    owner: bool = False
    """Flag: the word is a possessive."""
    joined: bool = False
    """Flag: a hyphen joins the word to the one before."""


def _words(text: str) -> list[_Word]:
    """The words, numbers and separating punctuation of a text."""
    words: list[_Word] = []
    end, hyphen = -1, False
    for found in _TOKEN.finditer(text):
        raw = found.group()
        if raw in "-‐‑":
            hyphen = found.start() == end
        else:
            bare = _POSSESSIVE.sub("", raw.rstrip("."))
            joined = hyphen and found.start() == end
            words.append(
                _Word(fold(bare).replace("'", ""), not raw[0].islower(), bare != raw.rstrip("."), joined)
            )
            hyphen = False
        end = found.end()
    return words


def _segments(words: Sequence[_Word]) -> list[list[_Word]]:
    segments: list[list[_Word]] = [[]]
    for word in words:
        if word.text in (",", ";", ":", "(", ")", "&", "/"):
            segments.append([])
        else:
            segments[-1].append(word)
    return [segment for segment in segments if segment]


def _strip_description(segment: list[_Word]) -> list[_Word]:
    """What follows the last possessive and the last title.

    "Syria's President Bashar al-Assad" becomes "Bashar al-Assad".
    """
    start = 0
    for index, word in enumerate(segment):
        if (word.owner and index < len(segment) - 1) or word.text in _TITLES:
            start = index + 1
    return segment[start:]


def _is_particle(word: _Word, first: bool) -> bool:
    """Whether the word is a particle: "al" anywhere, "van" and such inside a name or without a capital."""
    return word.text in _PARTICLES_ALWAYS or (word.text in _PARTICLES_INSIDE and not (first and word.upper))


def _without_home(segment: list[_Word]) -> list[_Word]:
    """A full name without the place or group of the person: "Bashar al-Assad" for "Bashar al-Assad of Syria".

    The segment is returned unchanged if a second name follows, and for "the son of Khaled al-Asaad".
    """
    at = next((index for index, word in enumerate(segment) if word.text in _BELONGING and not word.upper), 0)
    names = sum(word.upper and word.text not in _PARTICLES_ALWAYS for word in segment[:at])
    if names < 2 or any(word.text in ("and", "or") for word in segment[at:]):
        return segment
    return segment[:at]


def _name_run(segment: list[_Word], cased: bool) -> list[_Word]:
    """The words of the name that a segment gives; empty if there is none or it only describes somebody."""
    rest = _without_home(_strip_description(segment))
    names = [
        index
        for index, word in enumerate(rest)
        if (word.upper or not cased)
        and word.text.isalpha()
        and not (
            word.text in _SUFFIXES
            or word.text in _PARTICLES_ALWAYS
            or (word.text in _ORIGINS and len(rest) > 1)
        )
    ]
    if not names:
        return []
    first, last = names[0], names[-1]
    while first and _is_particle(rest[first - 1], first == 1):
        first -= 1
    if first and rest[first - 1].text in _PREPOSITIONS:
        return []  # as in "the son of Khaled al-Asaad", "director of antiquities in Syria"
    run, after = rest[first : last + 1], rest[last + 1 :]
    after = [word for word in after if word.text not in _PARTICLES_ALWAYS]  # as in "Assad, Bashar al-"
    suffixes = [word for word in after if word.text in _SUFFIXES]
    if any(not (word.upper or word.text in _PARTICLES or word.text in _SUFFIXES) for word in run if cased):
        return []  # There are two names, or the name is part of a story.
    if any(word.text in _PREPOSITIONS or word.text in _SAYING for word in run):
        return []
    if after[len(suffixes) :] and after[len(suffixes)].text not in _SAYING:
        return []  # as in "the Assad regime"
    return run + suffixes


def _person(run: Sequence[_Word], negated: bool, *, inverted: int = 0) -> Person:
    suffix = next((_SUFFIXES[word.text] for word in run if word.text in _SUFFIXES), "")
    run = [word for word in run if word.text not in _SUFFIXES]
    parts: list[str] = []
    joins = False
    for index, word in enumerate(run):
        if index < len(run) - 1 and _is_particle(word, index == 0):
            continue
        if joins:
            parts[-1] += word.text
        elif parts and word.joined and index == len(run) - 1 and not _is_particle(run[index - 1], index == 1):
            parts[-1] += word.text  # A double-barrelled surname is one surname.
        else:
            parts.append(word.text)
        joins = word.text in _JOINED
    return Person(tuple(parts[:-1]), parts[-1], suffix, negated, inverted)


def _without_agencies(text: str) -> str:
    """The text of a photo credit up to the slash, if agencies follow: "Joseph Eid/AFP/Getty Images"."""
    name, slash, rest = text.partition("/")
    words = re.findall(r"[^\W\d_]+", rest)
    known = all(word.casefold() in _AGENCIES or _acronym(word, name) for word in words)
    return name if slash and words and known else text


def _acronym(word: str, name: str) -> bool:
    """Whether this is a short word in capitals after a name that is not in capitals itself."""
    return word.isupper() and 2 <= len(word) <= 5 and not name.isupper()


def _gives_nothing_else(segment: Sequence[_Word], run: Sequence[_Word]) -> bool:
    """Whether a segment is only the name, apart from particles after it: "Bashar al-"."""
    rest = segment[len(run) :]
    return list(segment[: len(run)]) == list(run) and all(word.text in _PARTICLES_ALWAYS for word in rest)


def _is_agency(run: Sequence[_Word]) -> bool:
    return all(word.text in _AGENCIES for word in run)


@lru_cache(maxsize=4096)
def _read(text: str) -> Person | str:
    words = _words(_without_agencies(text))
    cased = any(word.upper and word.text.isalpha() for word in words)
    negated = any(is_negator(word.text) for word in words)
    others = sum(word.text.isalpha() for word in words)
    words = [word for word in words if not is_negator(word.text) and word.text not in ("the", "a", "an", "")]
    runs: list[list[_Word]] = []
    bare: list[bool] = []
    for segment in _segments(words):
        if runs and all(word.text in _SUFFIXES for word in segment):
            runs[-1] += segment
            continue
        described = any(word.text in _TITLES for word in segment) or not (segment[0].upper or not cased)
        if not (runs and described):
            run = _name_run(segment, cased)
            if run and not (runs and _is_agency(run)):
                runs.append(run)
                bare.append(_gives_nothing_else(segment, run))
    if len(runs) > 1 and _is_agency(runs[0]):
        runs, bare = runs[1:], bare[1:]
    if not runs:
        return "no name, or only a description"
    if max(len(run) for run in runs) > _MOST_NAME_WORDS:
        return "more than one name"
    if others - sum(map(len, runs)) > MOST_OTHER_WORDS:
        return "too many words around the name"
    if len(runs) == 1:
        return _person(runs[0], negated)
    surname = _person(runs[0], negated)
    if len(runs) == 2 and "," in text and all(bare):
        return _person([*runs[1], *runs[0]], negated, inverted=1 + len(surname.given))
    return "more than one name"


def read_person(text: str) -> Person | str:
    """The one person that a text names, or the reason why it names none. Defined for any string.

    >>> read_person("Syrian President Bashar al-Assad")
    Person(given=('bashar',), surname='assad', suffix='', negated=False, inverted=0)
    """
    return _read(text) if len(text) <= LONGEST else "too long for a name"


def _agree(one: str, other: str) -> bool:
    """Whether two given names are equal, or one is the initial of the other."""
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])


def _same_person(one: Person, other: Person) -> bool:
    """Whether both have a given name, and surname and given names agree."""
    given = list(zip(one.given, other.given, strict=False))
    return bool(given) and one.surname == other.surname and all(_agree(*pair) for pair in given)


def compare_persons(prediction: str, gold: str) -> Verdict:
    """Compares two texts as names of persons: level 2 if they agree, 1 by surname alone, 0 otherwise.

    Given names are compared from the first on, as far as both sides have them. An initial agrees with a name.
    """
    one, other = read_person(prediction), read_person(gold)
    if isinstance(one, str) or isinstance(other, str):
        side, why = ("answer", one) if isinstance(one, str) else ("wording", other)
        return Verdict(level=0, rule="none", detail=f"{side}: {why}")
    for side, person, against in (("answer", one, other), ("wording", other, one)):
        short = person.inverted > 1 and len(person.given) > len(against.given)
        if person.inverted and (short or not _same_person(person, against)):
            return Verdict(level=0, rule="none", detail=f"{side}: more than one name")
    return _compare(one, other)


def _compare(one: Person, other: Person) -> Verdict:
    """The verdict on two persons, regardless of the order of their names."""
    if one.negated != other.negated:
        return Verdict(level=0, rule="veto", detail="negated on one side only")
    if one.surname != other.surname:
        for alone, full in ((one, other), (other, one)):
            if not alone.given and alone.surname in full.given:
                return Verdict(level=0, rule="none", detail=f"{alone.surname}: a given name alone")
        return Verdict(level=0, rule="veto", detail=f"surname {one.surname} != {other.surname}")
    for mine, theirs in zip(one.given, other.given, strict=False):
        if not _agree(mine, theirs):
            return Verdict(level=0, rule="veto", detail=f"given name {mine} != {theirs}")
    if one.suffix and other.suffix and one.suffix != other.suffix:
        return Verdict(level=0, rule="veto", detail=f"{one.suffix} != {other.suffix}")
    if bool(one.given) != bool(other.given):
        return Verdict(level=1, rule="surname-only", detail=one.surname)
    if one.suffix != other.suffix:
        return Verdict(level=1, rule="value-only", detail=f"{one.suffix or other.suffix} on one side only")
    return Verdict(level=2, rule="name", detail=" ".join([*one.given, one.surname]))
