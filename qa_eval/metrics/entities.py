"""Names of places and organizations in an answer.

Such a name is taken without its article, a generic head in lower case ("the ancient city of Palmyra",
"Palmyra city", "the Islamic State group") and how it is governed ("in Raqqa"). A head with a capital belongs
to the name: Mexico City is not Mexico. What lies near, outside or in a part of a place is another place.
Other spellings and acronyms are authored aliases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from qa_eval.metrics.verdict import Verdict
from qa_eval.metrics.wording import fold, is_negator, text_key, vocabulary

LONGEST = 300
"""Characters: longer texts are no names."""

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
_LEGAL = vocabulary("inc ltd llc plc corp co gmbh corporation limited")
_BRACKETS = re.compile(r"\([^()]*\)")
_WORDS = re.compile(r"[^\s,;&]+(?:,\d{3}[^\s,;&]*)*|[,;&]")
_LISTING = frozenset({"and", "&", ";"})


@dataclass(frozen=True, slots=True)
class Entity:
    """What a text names."""

    names: frozenset[str]
    """One name, or all of a list."""
    within: str = ""
    """The larger place added ("Palmyra, Syria"), or none."""
    direction: str = ""
    """`to`, `from` or none."""
    negated: bool = False


def _bare(words: list[str], index: int) -> str:
    """The word at an index, folded and without quotes; "" past the end."""
    return fold(words[index]).strip("\"'.!?:") if index < len(words) else ""


def _leads(words: list[str], index: int, kind: str) -> bool:
    """True if the word at an index only leads to the name after it."""
    word, bare = words[index], _bare(words, index)
    if bare in _ARTICLES or bare in _GOVERNING or _MODIFIER.fullmatch(word):
        return True
    small = word[0].islower()
    if bare in _HEADS[kind]:
        return small
    # "Ancient city of" may begin a sentence; "Old Trafford" is a name.
    return bare in _ADJECTIVES and (small or words[index + 1][0].islower())


def _strip(words: list[str], kind: str) -> tuple[str, str]:
    """The key of the name alone, and the direction in which it is governed."""
    direction, start = "", 0
    while start < len(words) - 1 and _leads(words, start, kind):
        direction = _GOVERNING.get(_bare(words, start), "") or direction
        headed = _bare(words, start) in _HEADS[kind] and _bare(words, start + 1) == "of"
        start += 2 if headed and start + 2 < len(words) else 1
    end = len(words)
    while end > start + 1 and _trails(words[end - 1], _bare(words, end - 1), words[start], kind):
        end -= 1
    return text_key(" ".join(words[start:end])), direction


def _trails(word: str, bare: str, first: str, kind: str) -> bool:
    """True if the last word is a generic head in lower case after a name in capitals, or a legal form."""
    if kind == "organization" and bare in _LEGAL:
        return True
    return bare in _TAILS[kind] and word.islower() and not first[0].islower()


@lru_cache(maxsize=4096)
def _read(text: str, kind: str) -> Entity | None:
    words = _WORDS.findall(_BRACKETS.sub(" ", text)) or _WORDS.findall(text)
    negated = any(is_negator(fold(word)) for word in words)
    words = [word for word in words if not is_negator(fold(word))]
    lists = any(word in _LISTING for word in words)
    groups: list[list[str]] = [[]]
    for index, word in enumerate(words):
        if (
            word == ","
            or (lists and word in _LISTING)
            or (kind == "place" and word == "in" and index > 0 and groups[-1])
        ):
            groups.append([])
        else:
            groups[-1].append(word)
    read = [_strip(group, kind) for group in groups if group]
    keys = [key for key, _ in read if key]
    if not keys:
        return None
    direction = read[0][1]
    if lists:
        return Entity(frozenset(keys), "", direction, negated)
    return Entity(frozenset(keys[:1]), ", ".join(keys[1:]), direction, negated)


def read_entity(text: str, kind: str) -> Entity | None:
    """The place or organization (`kind`) that a text names; None if nothing is left or it is too long for a
    name.

    >>> read_entity("the ancient city of Palmyra in Syria", "place")
    Entity(names=frozenset({'palmyra'}), within='syria', direction='', negated=False)
    """
    return _read(text, kind) if len(text) <= LONGEST else None


def compare_entities(prediction: str, gold: str, kind: str) -> Verdict:
    """Judges two texts as names of a place or an organization: level 2 equal, 1 without the larger place,
    0 otherwise.
    """
    one, other = read_entity(prediction, kind), read_entity(gold, kind)
    if one is None or other is None:
        return Verdict(level=0, rule="none", detail=f"{'answer' if one is None else 'wording'}: no name")
    if one.names != other.names:
        detail = f"{' + '.join(sorted(one.names))} != {' + '.join(sorted(other.names))}"
        return Verdict(level=0, rule="none", detail=detail if len(detail) <= 120 else f"{detail[:117]}...")
    if one.negated != other.negated:
        return Verdict(level=0, rule="veto", detail="negated on one side only")
    if {one.direction, other.direction} == {"from", "to"}:
        return Verdict(level=0, rule="veto", detail="from != to")
    if one.within and other.within and one.within != other.within:
        return Verdict(level=0, rule="veto", detail=f"in {one.within} != in {other.within}")
    if other.within and not one.within:
        return Verdict(level=1, rule="value-only", detail=f"without {other.within}")
    return Verdict(level=2, rule="name", detail=" + ".join(sorted(one.names)))
