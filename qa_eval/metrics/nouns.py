"""What a number counts: the noun behind it, how the counted fared, and on whose side they are.

A closed vocabulary. Nouns of one group are one noun, those of two groups of one axis exclude each other, and a
word in no group ("people", "monuments", an unknown word) excludes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qa_eval.metrics.wording import vocabulary

Groups = frozenset[tuple[str, str]]
"""Pairs of an axis (`who`, `fate`, `thing`, `side`, `origin`) and a group on it."""


def _groups(axis: str, rows: str) -> dict[str, tuple[str, str]]:
    """Words by group, from rows `group: words`; a row without a name is named by its first word."""
    groups: dict[str, tuple[str, str]] = {}
    for row in rows.split("|"):
        name, colon, words = row.rpartition(":")
        members = words.split()
        groups |= {word: (axis, name.strip() if colon else members[0]) for word in members}
    return groups


_WHO = _groups(
    "who",
    "fighters: fighters fighter militants militant jihadists jihadist jihadis jihadi insurgents insurgent rebels "
    "rebel terrorists terrorist extremists extremist gunmen gunman guerrillas guerrilla guerillas militiamen "
    "militiaman combatants combatant attackers recruits islamists islamist bombers bomber"
    "|troops: troops troop soldiers soldier servicemen serviceman conscripts conscript infantrymen paratroopers "
    "loyalists loyalist marines"
    "|civilians: civilians civilian locals residents resident inhabitants inhabitant villagers villager refugees refugee "
    "women woman children child families family townspeople citizens citizen noncombatants bystanders bystander "
    "evacuees evacuee displaced schoolchildren"
    "|visitors: visitors visitor tourists tourist holidaymakers sightseers sightseer guests travellers travelers "
    "pilgrims pilgrim"
    "|journalists: journalists journalist reporters reporter correspondents cameramen photographers"
    "|police: police policemen policeman officers constables"
    "|medics: medics medic doctors doctor nurses nurse paramedics"
    "|experts: experts expert archaeologists archaeologist archeologists scientists scholars curators"
    "|diplomats: diplomats diplomat ambassadors ministers minister politicians lawmakers mps"
    "|captives: prisoners prisoner hostages hostage detainees detainee captives inmates"
    "|workers: workers worker employees employee staffers labourers laborers"
    "|pupils: students student pupils pupil teachers teacher",
)
_FATE = _groups(
    "fate",
    "dead: dead killed deaths death fatalities fatality died slain perished corpses bodies executed beheaded"
    "|wounded: wounded injured hurt injuries injury maimed"
    "|missing: missing disappeared"
    "|captured: arrested detained imprisoned kidnapped abducted"
    "|freed: released freed",
)
_THINGS = _groups(
    "thing",
    "countries country nations nation states"
    "|aircraft planes plane jets jet airplanes aeroplanes warplanes warplane|helicopters helicopter choppers"
    "|drones drone|tanks tank|vehicles vehicle cars car trucks truck lorries|buses bus|ships ship boats vessels"
    "|missiles missile rockets rocket|shells shell mortars|mines mine landmines landmine"
    "|bombs bomb explosives devices|explosions explosion blasts blast detonations bombings bombing"
    "|airstrikes airstrike strikes raids raid sorties|attacks attack assaults assault|battles clashes"
    "|weapons weapon guns rifles|temples temple|statues statue sculptures sculpture busts bust figurines"
    "|tombs tomb graves grave tombstones|arches arch|columns column pillars|towers tower|castles castle citadels"
    "|museums museum|churches church|mosques mosque|monasteries monastery|shrines shrine"
    "|artifacts artifact artefacts artefact relics relic antiquities|coins coin|paintings painting"
    "|mosaics mosaic|inscriptions|houses house homes home|hospitals hospital clinics|schools school"
    "|bridges bridge|tunnels tunnel|roads road|buildings building|cities city towns town|villages village"
    "|provinces province governorates governorate|districts district|airports airport|bases base"
    "|checkpoints checkpoint|camps camp|quarries quarry|banks bank|shops shop stores|companies company firms firm"
    "|agencies agency|organizations organization organisations organisation groups group|universities university|ministries ministry|votes vote|goals goal|points point|seats seat"
    "|books book|letters letter|photographs photos photo pictures images|videos video|books volumes"
    "|horses horse|camels camel|sheep|cows cattle|dogs dog|trees tree|doorsteps doorstep|flags flag"
    "|barrels barrel|bullets bullet|pipelines pipeline|wells well|oilfields|embassies embassy|documents document",
)
_NOUNS = _WHO | _FATE | _THINGS
_SIDES = {
    **_groups(
        "side",
        "government: government regime assad loyalists loyalist pro-government"
        "|Islamic State: isis isil daesh|Hezbollah: hezbollah hizbollah hizbullah|Kurds: kurdish kurds ypg peshmerga"
        "|opposition: opposition anti-government|al-Qaeda: qaeda qaida nusra|Taliban: taliban|Hamas: hamas"
        "|coalition: coalition",
    ),
    **_groups(
        "origin",
        "syrian syria|russian russia|iranian iran|iraqi iraq|lebanese lebanon|turkish turkey|israeli israel"
        "|american america u.s us|british britain uk|french france|german germany|jordanian|saudi|egyptian"
        "|afghan afghanistan|chinese china|ukrainian ukraine|palestinian|italian|spanish|polish|indian|pakistani",
    ),
}
ORIGINS = frozenset(word for word, (axis, _) in _SIDES.items() if axis == "origin" and word[-1] in "nhies")
"""Words for where somebody or something is from."""
_PEOPLE = vocabulary(
    "casualties casualty victims victim people persons person men man others human humans members member individuals lives forces"
)
_MODIFIED = vocabulary(
    "deaths death casualties casualty fatalities fatality injuries victims victim lives toll"
)
"""Nouns that leave the noun before them what is counted: "civilian deaths"."""
_STOPS = vocabulary(
    "by in at on against during when that which who whose since after before near across around under while "
    "because was were is are be been has have had used will would could can may by within throughout as than "
    "said lost fled left fought visited visit fighting attacking guarding defending battling into"
) | {",", ".", ";", ":", "(", ")", "?", "!", '"'}
_AFTER_NOUN = vocabulary("of with from for to loyal allied belonging")
"""Words after a noun that lead to whose it is, and to no further noun that is counted."""
_NO_UNIT = vocabulary(
    "and or but a an the per each every worth total altogether overall only alone so far or"
)
"""Words behind a bare number that are neither its unit nor a noun."""
_PLURALS = vocabulary(
    "troops police women children people aircraft gunmen militiamen policemen men servicemen"
)


class Counted(NamedTuple):
    """What a text says of the thing counted."""

    groups: Groups = frozenset()
    noun: str = ""
    """A noun that is counted, known or general; empty if none is."""


NOTHING = Counted()


def behind(words: Sequence[str], end: int) -> str:
    """The word right behind a number that ends before index `end`: a noun, or a unit that nobody knows here."""
    while end < len(words) and (words[end] in ORIGINS or words[end] in ("more", "further", "additional")):
        end += 1
    word = words[end] if end < len(words) else ""
    return word if word.isalpha() and word not in _STOPS | _AFTER_NOUN | _NO_UNIT else ""


def counted(words: Sequence[str], start: int, end: int) -> Counted:
    """What the number at words `start` to `end` counts; the words are folded.

    The noun is the first one after the number within its phrase, with those joined to it by "and"; if there is
    none there, those before the number ("civilian deaths: seven"). How they fared counts anywhere.
    """
    stop = next((i for i in range(end, len(words)) if words[i] in _STOPS), len(words))
    found, where = _phrase(words, end, stop), (end, stop)
    if not found.noun or (all(axis == "fate" for axis, _ in found.groups) and found.noun in _FATE):
        before = _phrase(words, 0, start)
        if before.groups:
            found, where = before, (0, start)
    fates = {_FATE[word] for word in words if word in _FATE}
    groups = {pair for pair in found.groups if pair[0] != "fate"} | fates | _sides(words, *where)
    return Counted(frozenset(_sided(groups, words)), found.noun)


def _phrase(words: Sequence[str], start: int, stop: int) -> Counted:
    groups: set[tuple[str, str]] = set()
    noun, joined = "", True
    for i in range(start, stop):
        word, after = words[i], words[i + 1] if i + 1 < stop else ""
        if word in ("and", "or"):
            joined = True
        elif word in _AFTER_NOUN and noun:
            break
        elif word in _PEOPLE:
            noun, joined = noun or word, False
        elif word in _NOUNS and joined and not _modifies(word, after):
            groups.add(_NOUNS[word])
            noun, joined = noun or word, word in _FATE
    return Counted(frozenset(groups), noun)


def _modifies(word: str, after: str) -> bool:
    """True for "tourist" of "tourist sites": a singular before another noun than "deaths" and the like."""
    plural = word.endswith("s") or word in _PLURALS
    return (
        not plural
        and word not in _FATE
        and after.isalpha()
        and after
        not in _MODIFIED
        | _FATE.keys()
        | {
            "and",
            "or",
            "of",
        }
    )


def _sides(words: Sequence[str], start: int, stop: int) -> set[tuple[str, str]]:
    """Whose they are, and where from, within the phrase; enemies ("anti-government") are another side."""
    sides = set()
    for i in range(start, stop):
        word, before = words[i], words[i - 1] if i else ""
        if word == "islamic" and i + 1 < len(words) and words[i + 1] == "state":
            sides.add(("side", "Islamic State"))
        elif before == "anti" and word in ("government", "regime"):
            sides.add(("side", "opposition"))
        elif before != "anti" and word in _SIDES:
            sides.add(_SIDES[word])
    return sides


def _sided(groups: set[tuple[str, str]], words: Sequence[str]) -> set[tuple[str, str]]:
    """Whoever fights for the government is one of its troops too, and "forces" are what their side has."""
    sides = {side for axis, side in groups if axis == "side"}
    armed = {group for axis, group in groups if axis == "who"}
    if sides & {"government", "coalition"} and ("fighters" in armed or (not armed and "forces" in words)):
        return groups | {("who", "troops")}
    if sides - {"government", "coalition"} and ("troops" in armed or (not armed and "forces" in words)):
        return groups | {("who", "fighters")}
    return groups


def conflict(one: Counted, other: Counted) -> str:
    """Why two texts count different things; empty if they may count the same.

    Two groups of one axis exclude each other, and so do nouns that share no axis: soldiers are not explosions,
    and the dead are not the militants.
    """
    for axis in ("who", "thing", "fate", "side", "origin"):
        mine, theirs = _on(axis, one), _on(axis, other)
        if mine and theirs and not mine & theirs:
            return (
                f"{min(mine)} are not {min(theirs)}"
                if axis not in ("side", "origin")
                else f"{min(mine)} is not {min(theirs)}"
            )
    mine, theirs = (
        {pair for pair in side.groups if pair[0] in ("who", "thing", "fate")} for side in (one, other)
    )
    if mine and theirs and not {axis for axis, _ in mine} & {axis for axis, _ in theirs}:
        return f"{min(mine)[1]} are not {min(theirs)[1]}"
    return ""


def _on(axis: str, counted: Counted) -> set[str]:
    return {group for name, group in counted.groups if name == axis}
