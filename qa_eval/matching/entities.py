"""Names of places and organizations in an answer.

A name is taken without its article, without a generic head in lower case ("the ancient city of Palmyra",
"Palmyra city", "the Islamic State group"), and without the preposition before it ("in Raqqa"). A head with a
capital belongs to the name: Mexico City is not Mexico. A place near, outside or in a part of a place is
another place, and so is the place's province. The names of a list may come in any order and may share their
last words ("Russian and Syrian forces"). Other spellings and acronyms must be written as aliases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa_eval.matching.nouns import ORIGINS
from qa_eval.matching.quantities import MOST_OTHER_WORDS
from qa_eval.matching.spelling import fold, is_negator, readings, text_key, vocabulary
from qa_eval.matching.verdicts import Verdict

LONGEST = 300
"""Greatest length of a name, in characters. Longer texts are no names."""

_ARTICLES = frozenset({"the", "a", "an"})
_GOVERNING = {
    "in": "",
    "at": "",
    "on": "",
    "within": "",
    "to": "to",
    "into": "to",
    "toward": "to",
    "towards": "to",
} | {
    "from": "from",
}
_HEADS = {
    "place": vocabulary("city town village site country region area"),
    "organization": vocabulary("group organization organisation movement militia agency"),
}
_TAILS = {
    "place": vocabulary("city town village"),
    "organization": vocabulary("group organization organisation movement militia news agency"),
}
_ADJECTIVES = vocabulary("""ancient historic historical old strategic strategically important vital key famed
famous modern nearby
    neighboring neighbouring so-called self-proclaimed self-styled extremist militant jihadist""")
_MODIFIER = re.compile(r"[\w'’.]+-(?:based|run|backed|owned|held|controlled)|[\d,]+-year-old", re.IGNORECASE)
_LEGAL = vocabulary("inc ltd llc plc corp co gmbh corporation limited fc afc cf")
"""Legal forms of companies and clubs. A name may omit them."""
_BRACKETS = re.compile(r"\([^()]*\)")
_WORDS = re.compile(r"[^\s,;&/]+(?:,\d{3}[^\s,;&/]*)*|[,;&/]")
_AS_WELL = re.compile(r",? as well as ")
_LISTING = frozenset({"and", "&", ";", "/"})
_MOST_LARGER = 2
"""Greatest number of larger places after a place's name ("Palmyra, Homs, Syria"). With more, the text is a
list of places."""
_CITY = "city"
_KINDS = {"city": _CITY, "town": _CITY, "village": _CITY} | {
    "province": "province",
    "provinces": "province",
    "governorate": "province",
    "district": "district",
    "county": "county",
    "prefecture": "prefecture",
    "department": "department",
    "oblast": "oblast",
    "canton": "canton",
    "municipality": "municipality",
}
"""Kinds of places, by the word that gives the kind. A name without such a word may name a city, but never a
province."""
_FEATURES_OF = vocabulary("state island lake")
_FEATURES_BEFORE = vocabulary("river lake")
"""Words that belong to the name, before it or after it: "the island of Crete", "the River Nile"."""
_MEMBERS = vocabulary("""militants fighters jihadists jihadis insurgents gunmen terrorists extremists
guerrillas militiamen soldiers rebels""")
_MEMBERS_OF_ARMED = vocabulary("members forces troops")
_MEMBERS_OF = re.compile(
    rf"({'|'.join(sorted(_MEMBERS | _MEMBERS_OF_ARMED))}) (?:of|from|with|belonging to) (.+)"
)
_ARMED = frozenset(
    {
        "isis",
        "is",
        "isil",
        "islamic state",
        "daesh",
        "hezbollah",
        "hamas",
        "taliban",
        "al qaeda",
        "nusra front",
    }
)
"""Groups whose members of any kind stand for the group. For another organization only its fighters do."""
_GENERIC = vocabulary("group organization organisation movement militia")
_ATTACHED = vocabulary("of for by in at on from with that which who whose where based backed run led owned")
"""Words that follow the head of a description, as in "the news agency of Syria"."""


@dataclass(frozen=True, slots=True)
class Entity:
    """The place or organization that a text names."""

    names: frozenset[str]
    """Names: one, or all of a list."""
    within: str = ""
    """Larger place that is added ("Palmyra, Syria"); empty if there is none."""
    direction: str = ""
    """Direction: `to`, `from`, or empty."""
    negated: bool = False
    kind: str = ""
    """Kind of place: `city`, `province`, `district`, …; empty if the text gives none."""
    readings: frozenset[frozenset[str]] = frozenset()
    """Readings of the list in which the shared last words are added to the other names; empty for one name.
    """
    listed: frozenset[str] = frozenset()
    """Names if every comma is taken to join a list, and none to come before a larger place or a description.
    """

    @property
    def specifics(self) -> frozenset[str]:
        """Those of the larger place, the direction and the kind that the text states."""
        stated = {"within": self.within, "direction": self.direction, "kind": self.kind}
        return frozenset(name for name, value in stated.items() if value)


def _bare(words: Sequence[str], index: int) -> str:
    """The word at an index, folded and without quotes; "" past the end."""
    return fold(words[index]).strip("\"'.!?:") if index < len(words) else ""


def _leads(words: Sequence[str], index: int, kind: str) -> bool:
    """Whether the word at an index only leads to the name after it."""
    word, bare = words[index], _bare(words, index)
    if bare in _ARTICLES or bare in _GOVERNING or bare in ("both", "including") or _MODIFIER.fullmatch(word):
        return True
    if kind == "place" and bare in ORIGINS and _bare(words, index + 1) in _HEADS[kind] | _KINDS.keys():
        return True
    small = word[0].islower()
    if bare in _HEADS[kind]:
        return small
    if kind == "place" and bare in _KINDS and _bare(words, index + 1) == "of":
        return small or _KINDS[bare] != _CITY
    # "Ancient city of" may begin a sentence; "Old Trafford" is a name.
    return bare in _ADJECTIVES and (small or words[index + 1][0].islower())


def _strip(words: Sequence[str], kind: str) -> tuple[str, str, str]:
    """The key of the name alone, the direction, and the kind of place."""
    direction, said, start = "", "", 0
    while start < len(words) - 1 and _leads(words, start, kind):
        bare = _bare(words, start)
        direction = _GOVERNING.get(bare, "") or direction
        said = _KINDS.get(bare, said) if kind == "place" else ""
        headed = (bare in _HEADS[kind] or bare in _KINDS) and _bare(words, start + 1) == "of"
        start += 2 if headed and start + 2 < len(words) else 1
    end = len(words)
    while end > start + 1 and _trails(words[end - 1], _bare(words, end - 1), words[start], kind):
        end -= 1
        said = said or (_KINDS.get(_bare(words, end), "") if kind == "place" else "")
    name = words[start:end] if kind == "organization" else _feature_last(words[start:end])
    return text_key(" ".join(name)), direction, said


def _feature_last(words: Sequence[str]) -> Sequence[str]:
    """The words of a place with its feature after its name: "Nile River" for "River Nile"."""
    first, second = _bare(words, 0), _bare(words, 1)
    if len(words) > 2 and first in _FEATURES_OF and second == "of":
        return [*words[2:], first]
    if len(words) > 1 and first in _FEATURES_BEFORE and words[1][0].isupper():
        return [*words[1:], first]
    return words


def _trails(word: str, bare: str, first: str, kind: str) -> bool:
    """Whether the last word does not belong to the name.

    It is a generic head in lower case after a name in capitals, the head of a province in any case, or a
    legal form.
    """
    if kind == "organization" and bare in _LEGAL:
        return True
    if kind == "place" and _KINDS.get(bare, _CITY) != _CITY:
        return True
    return bare in _TAILS[kind] and word.islower() and not first[0].islower()


def _describes(group: Sequence[str], kind: str, lists: bool) -> bool:
    """Whether the words after a comma describe the name before it: "a monitoring group", "where it rained".

    In a list they do not: "the Syrian army" is one of the names.
    """
    if kind == "place":
        return all(word.islower() for word in group)
    if _bare(group, 0) in ("a", "an", "which", "who", "that", "where", "whose", "based", "said", "according"):
        return True
    if lists:
        return False
    head = next((i for i, word in enumerate(group) if word in _ATTACHED), len(group))
    return head > 0 and group[head - 1].islower() and group[head - 1] not in _ARTICLES


def _parts(words: Sequence[str], kind: str, lists: bool) -> list[tuple[list[str], bool]]:
    """The names between commas and "and", each with whether it follows a comma. "In" separates places too."""
    parts: list[tuple[list[str], bool]] = []
    group: list[str] = []
    comma = False
    for word in [*words, ","]:
        if word == "," or (lists and word in _LISTING) or (kind == "place" and word == "in" and group):
            if group:
                parts.append((group, comma))
                group, comma = [], False
            comma = word == "," and bool(parts)
        else:
            group.append(word)
    return parts


@lru_cache(maxsize=4096)
def _read(text: str, kind: str) -> Entity | str:
    text = _AS_WELL.sub(" and ", text)
    words = _WORDS.findall(_BRACKETS.sub(" ", text)) or _WORDS.findall(text)
    negated = any(is_negator(fold(word)) for word in words)
    words = [word for word in words if not is_negator(fold(word))]
    lists = any(word in _LISTING for word in words)
    parts = _parts(words, kind, lists)
    named = [not (comma and not text.islower() and _describes(group, kind, lists)) for group, comma in parts]
    read = [(*_strip(group, kind), name) for (group, _), name in zip(parts, named, strict=True)]
    read = [found for found in read if found[0]]
    everything = frozenset(key for key, *_ in read)
    read = [found for found in read if found[3]]
    if not read:
        return "no name"
    keys = [key for key, *_ in read]
    _, direction, said, _ = read[0]
    lists = len(keys) > 1 and (lists or kind == "organization" or len(keys) > 1 + _MOST_LARGER)
    names = keys if lists else keys[:1]
    said_words = sum(word not in _LISTING and word != "," for word in words)
    if said_words - sum(len(key.split()) for key in names) > MOST_OTHER_WORDS:
        return "too many words around the name"
    if lists:
        return Entity(frozenset(keys), "", direction, negated, "", readings(keys), everything)
    return Entity(frozenset(names), ", ".join(keys[1:]), direction, negated, said, listed=everything)


def read_entity(text: str, kind: str) -> Entity | str:
    """The place or organization that a text names, or the reason why it names none.

    `kind` is "place" or "organization". The reasons are that nothing is left, that too many words are around
    the name, and that the text is too long.

    >>> found = read_entity("the ancient city of Palmyra in Syria", "place")
    >>> found.names, found.within, found.kind
    (frozenset({'palmyra'}), 'syria', 'city')
    """
    return _read(text, kind) if len(text) <= LONGEST else "too long for a name"


def namesakes(one: str, other: str) -> bool:
    """Whether two texts name places of the same name, whatever kinds of place they give."""
    places = read_entity(one, "place"), read_entity(other, "place")
    found = [place.names for place in places if not isinstance(place, str)]
    return len(found) == 2 and found[0] == found[1]


def compare_entities(prediction: str, gold: str, kind: str) -> Verdict:
    """Compares two texts as names of a place or an organization.

    The level is 2 if they are equal, 1 if only the answer lacks the larger place or if one names the members
    of the group, and 0 otherwise.
    """
    one, other = read_entity(prediction, kind), read_entity(gold, kind)
    if isinstance(one, str) or isinstance(other, str):
        side, why = ("answer", one) if isinstance(one, str) else ("wording", other)
        return Verdict(level=0, rule="none", detail=f"{side}: {why}")
    same = one.names == other.names or bool(one.readings & other.readings)
    if not same and not (len(other.names) > 1 and one.listed == other.names):
        return _differing(one, other, kind)
    if one.negated != other.negated:
        return Verdict(level=0, rule="veto", detail="negated on one side only")
    if {one.direction, other.direction} == {"from", "to"}:
        return Verdict(level=0, rule="veto", detail="from != to")
    if one.kind and other.kind and one.kind != other.kind:
        return Verdict(level=0, rule="veto", detail=f"{one.kind} != {other.kind}")
    if one.kind != other.kind and {one.kind, other.kind} - {"", _CITY}:
        detail = f"{one.kind or 'a name alone'} != {other.kind or 'a name alone'}"
        return Verdict(level=0, rule="none", detail=detail)
    if one.within and other.within and one.within != other.within:
        return Verdict(level=0, rule="veto", detail=f"in {one.within} != in {other.within}")
    if other.within and not one.within:
        return Verdict(level=1, rule="value-only", detail=f"without {other.within}")
    return Verdict(level=2, rule="name", detail=_clip(_joined(other.names)))


def _differing(one: Entity, other: Entity, kind: str) -> Verdict:
    """The verdict on different names: level 1 if only members of a group make the difference and none is
    denied.
    """
    names, others = _joined(one.names), _joined(other.names)
    if kind == "organization" and not (one.negated or other.negated):
        described = len(one.listed) > 1 and _differ_by_members(one.listed, other.listed)
        if described or _differ_by_members(one.names, other.names):
            return Verdict(level=1, rule="value-only", detail=_clip(f"{names} ~ {others} (its members)"))
    return Verdict(level=0, rule="none", detail=_clip(f"{names} != {others}"))


def _joined(names: frozenset[str]) -> str:
    return " + ".join(sorted(names))


def _differ_by_members(names: frozenset[str], others: frozenset[str]) -> bool:
    """Whether every name of one side is also on the other, or its group or the group's members are."""
    mine, theirs = ({_group_of(name): name for name in side} for side in (names - others, others - names))
    return mine.keys() == theirs.keys() and all(group in (mine[group], theirs[group]) for group in mine)


def _group_of(name: str) -> str:
    """The group whose members a name gives; the name itself if it gives no members.

    It is "islamic state" for "islamic state fighters" and for "fighters of islamic state".
    """
    found = _MEMBERS_OF.fullmatch(name)
    if found is None:
        base, _, noun = name.rpartition(" ")
    else:
        noun, base = found[1], found[2]
    *first, last = base.split() or [""]
    if first and last in _GENERIC:
        base = " ".join(first)
    members = noun in _MEMBERS or (noun in _MEMBERS_OF_ARMED and base in _ARMED)
    return base if base and members else name


def _clip(detail: str) -> str:
    return detail if len(detail) <= 120 else f"{detail[:117]}..."
