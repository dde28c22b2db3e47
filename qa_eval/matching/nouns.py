"""What a number counts: the noun, what happened to those counted, and whose side they are on.

The vocabulary is closed. Nouns of one group count as one noun. Nouns of two groups of one axis exclude each
other. A word may be in several groups and then names any of them: vehicles are cars or trucks, officers are
police or troops. A word in no group ("people", "monuments", an unknown word) excludes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from qa_eval.matching.spelling import vocabulary

_COUNTED_AXES = ("who", "thing", "fate")
Groups = frozenset[tuple[str, str]]
"""Pairs of an axis (`who`, `sex`, `age`, `fate`, `thing`, `side`, `against`, `origin`) and a group on it."""


def _groups(axis: str, rows: dict[str, str]) -> dict[str, Groups]:
    """The groups of every word on one axis. `rows` maps each group to its words."""
    found: dict[str, set[tuple[str, str]]] = {}
    for group, words in rows.items():
        for word in words.split():
            found.setdefault(word, set()).add((axis, group))
    return {word: frozenset(groups) for word, groups in found.items()}


def _joined(*tables: dict[str, Groups]) -> dict[str, Groups]:
    """The groups of every word on all axes."""
    return {
        word: frozenset().union(*(table.get(word, ()) for table in tables))
        for word in frozenset().union(*tables)
    }


_WORKERS = "workers worker employees employee staffers labourers laborers"
_WHO = _groups(
    "who",
    {
        "fighters": (
            "fighters fighter militants militant jihadists jihadist jihadis jihadi insurgents "
            "insurgent rebels rebel terrorists terrorist extremists extremist gunmen gunman "
            "guerrillas guerrilla militiamen militiaman combatants combatant "
            "attackers recruits islamists islamist bombers bomber kidnappers kidnapper captors hijackers "
            "suspects suspect"
        ),
        "troops": (
            "troops troop soldiers soldier servicemen serviceman conscripts conscript "
            "infantrymen paratroopers loyalists loyalist marines "
            "officers officer guards guard guardsmen"
        ),
        "civilians": (
            "civilians civilian locals residents resident inhabitants inhabitant villagers "
            "villager refugees refugee women woman children child families family townspeople "
            "citizens citizen noncombatants bystanders bystander evacuees evacuee displaced "
            "schoolchildren girls girl boys boy migrants migrant "
            "passengers passenger witnesses witness eyewitnesses"
        ),
        "visitors": (
            "visitors visitor tourists tourist holidaymakers sightseers sightseer guests "
            "travellers travelers pilgrims pilgrim"
        ),
        "journalists": "journalists journalist reporters reporter correspondents cameramen photographers",
        "police": (
            "police policemen policeman policewomen officers officer constables guards guard guardsmen"
        ),
        "medics": "medics medic doctors doctor nurses nurse paramedics",
        "patients": "patients patient outpatients",
        "players": "players player footballers footballer goalkeepers goalkeeper",
        "experts": ("experts expert archaeologists archaeologist archeologists scientists scholars curators"),
        "diplomats": "diplomats diplomat ambassadors ministers minister politicians lawmakers mps",
        "captives": "prisoners prisoner hostages hostage detainees detainee captives captive inmates inmate",
        "workers": _WORKERS,
        "rescuers": f"{_WORKERS} rescuers rescuer firefighters firefighter",
        "miners": f"{_WORKERS} miners miner",
        "farmers": f"{_WORKERS} farmers farmer",
        "drivers": f"{_WORKERS} drivers driver",
        "engineers": f"{_WORKERS} engineers engineer",
        "crew": f"{_WORKERS} crew sailors sailor seamen",
        "pilots": f"{_WORKERS} pilots pilot",
        "pupils": "students student pupils pupil schoolchildren children child girls girl boys boy",
        "teachers": "teachers teacher professors professor lecturers",
        "activists": "activists activist campaigners",
        "protesters": (
            "protesters protester protestors demonstrators demonstrator marchers activists activist"
        ),
        "suspects": "suspects suspect defendants defendant",
        "witnesses": "witnesses witness eyewitnesses bystanders bystander",
        "candidates": "candidates candidate contenders politicians",
        "voters": "voters voter electors",
        "lawyers": "lawyers lawyer attorneys attorney",
        "judges": "judges judge jurors",
        "clergy": "priests priest monks monk nuns imams bishops",
        "spectators": "spectators spectator fans fan",
        "shareholders": "shareholders shareholder investors investor",
        "customers": "customers customer clients",
    },
)
_SEX = _groups(
    "sex", {"women": "women woman girls girl females female", "men": "men man boys boy males male"}
)
_AGE = _groups(
    "age",
    {
        "children": (
            "children child girls girl boys boy schoolchildren pupils pupil infants infant babies baby "
            "toddlers minors teenagers"
        ),
        "adults": "adults adult women woman men man",
    },
)
_FATE = _groups(
    "fate",
    {
        "dead": (
            "dead killed deaths death fatalities fatality died slain perished corpses bodies "
            "executed beheaded"
        ),
        "wounded": "wounded injured hurt injuries injury maimed",
        "missing": "missing disappeared",
        "captured": (
            "arrested detained imprisoned kidnapped abducted arrests arrest detentions abductions kidnappings"
        ),
        "freed": "released freed rescued",
        "alive": "survivors survivor survived alive rescued",
    },
)
_THINGS = _groups(
    "thing",
    {
        "countries": "countries country nations nation states",
        "planes": "aircraft planes plane jets jet airplanes aeroplanes warplanes warplane",
        "helicopters": "aircraft helicopters helicopter choppers",
        "drones": "drones drone",
        "tanks": "tanks tank",
        "cars": "vehicles vehicle cars car",
        "trucks": "vehicles vehicle trucks truck lorries",
        "buses": "vehicles vehicle buses bus",
        "trains": "trains train",
        "bicycles": "bicycles bicycle bikes bike",
        "ships": "ships ship boats boat vessels vessel",
        "missiles": "missiles missile rockets rocket",
        "shells": "shells shell mortars",
        "mines": "mines mine landmines landmine",
        "bombs": "bombs bomb explosives devices",
        "explosions": "explosions explosion blasts blast detonations bombings bombing",
        "airstrikes": "airstrikes airstrike strikes raids raid sorties",
        "attacks": "attacks attack assaults assault",
        "battles": "battles clashes",
        "weapons": "weapons weapon guns rifles",
        "temples": "temples temple",
        "statues": "statues statue sculptures sculpture busts bust figurines",
        "tombs": "tombs tomb graves grave tombstones",
        "arches": "arches arch",
        "columns": "columns column pillars",
        "towers": "towers tower",
        "castles": "castles castle citadels",
        "museums": "museums museum",
        "churches": "churches church",
        "mosques": "mosques mosque",
        "monasteries": "monasteries monastery",
        "shrines": "shrines shrine",
        "artifacts": "artifacts artifact artefacts artefact relics relic antiquities",
        "coins": "coins coin",
        "paintings": "paintings painting",
        "mosaics": "mosaics mosaic",
        "inscriptions": "inscriptions",
        "houses": "houses house homes home",
        "apartments": "apartments apartment flats flat",
        "hotels": "hotels hotel",
        "palaces": "palaces palace",
        "prisons": "prisons prison jails",
        "factories": "factories factory plants",
        "restaurants": "restaurants restaurant cafes",
        "stadiums": "stadiums stadium",
        "theaters": "theaters theater theatres theatre cinemas",
        "stations": "stations station",
        "islands": "islands island",
        "floods": "floods flood",
        "storms": "storms storm hurricanes hurricane",
        "earthquakes": "earthquakes earthquake tremors",
        "fires": "fires fire blazes",
        "cases": "cases case infections",
        "jobs": "jobs job",
        "films": "films film movies movie",
        "songs": "songs song",
        "albums": "albums album",
        "hospitals": "hospitals hospital clinics",
        "schools": "schools school",
        "bridges": "bridges bridge",
        "tunnels": "tunnels tunnel",
        "roads": "roads road",
        "buildings": "buildings building",
        "cities": "cities city towns town",
        "villages": "villages village",
        "provinces": "provinces province governorates governorate",
        "districts": "districts district",
        "airports": "airports airport",
        "bases": "bases base",
        "checkpoints": "checkpoints checkpoint",
        "camps": "camps camp",
        "quarries": "quarries quarry",
        "banks": "banks bank",
        "shares": "shares share stocks stock",
        "loans": "loans loan mortgages mortgage",
        "shops": "shops shop stores",
        "companies": "companies company firms firm",
        "agencies": "agencies agency",
        "organizations": "organizations organization organisations organisation groups group",
        "universities": "universities university",
        "ministries": "ministries ministry",
        "votes": "votes vote",
        "goals": "goals goal",
        "assists": "assists assist",
        "matches": "matches match games game fixtures fixture",
        "medals": "medals medal",
        "titles": "titles title trophies trophy championships championship",
        "points": "points point",
        "seats": "seats seat",
        "books": "books book volumes",
        "letters": "letters letter",
        "photographs": "photographs photos photo pictures images",
        "videos": "videos video",
        "horses": "horses horse",
        "camels": "camels camel",
        "sheep": "sheep",
        "cows": "cows cattle",
        "dogs": "dogs dog",
        "trees": "trees tree",
        "doorsteps": "doorsteps doorstep",
        "flags": "flags flag",
        "barrels": "barrels barrel",
        "bullets": "bullets bullet",
        "pipelines": "pipelines pipeline",
        "wells": "wells well",
        "oilfields": "oilfields",
        "embassies": "embassies embassy",
        "documents": "documents document",
    },
)
_NOUNS = _joined(_WHO, _SEX, _AGE, _FATE, _THINGS)
_SIDES = _joined(
    _groups(
        "side",
        {
            "government": "government regime assad loyalists loyalist",
            "Islamic State": "isis isil daesh",
            "Hezbollah": "hezbollah hizbollah hizbullah",
            "Kurds": "kurdish kurds ypg peshmerga",
            "opposition": "opposition",
            "al-Qaeda": "qaeda qaida nusra",
            "Taliban": "taliban",
            "Hamas": "hamas",
            "coalition": "coalition",
        },
    ),
    _groups(
        "origin",
        {
            "syrian": "syrian syria",
            "russian": "russian russia",
            "iranian": "iranian iran",
            "iraqi": "iraqi iraq",
            "lebanese": "lebanese lebanon",
            "turkish": "turkish turkey",
            "israeli": "israeli israel",
            "american": "american america u.s us",
            "british": "british britain uk",
            "french": "french france",
            "german": "german germany",
            "jordanian": "jordanian",
            "saudi": "saudi",
            "egyptian": "egyptian",
            "afghan": "afghan afghanistan",
            "chinese": "chinese china",
            "ukrainian": "ukrainian ukraine",
            "palestinian": "palestinian",
            "italian": "italian",
            "spanish": "spanish",
            "polish": "polish",
            "indian": "indian",
            "pakistani": "pakistani",
        },
    ),
)
ORIGINS = frozenset(
    word for word, groups in _SIDES.items() if word[-1] in "nhies" for axis, _ in groups if axis == "origin"
)
"""Words for the origin of persons or things."""
_PEOPLE = vocabulary(
    "casualties casualty victims victim people persons person men man others human humans members member "
    "individuals lives forces"
)
_MODIFIED = vocabulary(
    "deaths death casualties casualty fatalities fatality injuries victims victim lives toll"
)
"""Nouns after which the noun before them is still the one that is counted: "civilian deaths"."""
_STOPS = vocabulary(
    "by in at on against during when that which who whose since after before near across around under "
    "while because was were is are be been has have had used will would could can may by within "
    "throughout as than said beat lost fled left fought visited visit fighting attacking guarding defending "
    "battling into"
) | {",", ".", ";", ":", "(", ")", "?", "!", '"'}
_AFTER_NOUN = vocabulary("of with from for to loyal allied belonging")
"""Words after a noun that lead to its side or origin, and not to another noun that is counted."""
_NO_UNIT = vocabulary("and or but a an the per each every worth total altogether overall only alone so far")
"""Words after a bare number that are neither its unit nor a noun."""
_LEADING = vocabulary(": ( was were is are at to reached totalled totaled")
"""Words between a noun and its number."""
_RATES = vocabulary("a an per every")
"""Words directly after a number that lead to the unit of a rate, and not to what the number counts."""
_PLURALS = vocabulary(
    "troops police women children people aircraft gunmen militiamen policemen men servicemen crew"
)


class Counted(NamedTuple):
    """What a number counts, as a text gives it."""

    groups: Groups = frozenset()
    noun: str = ""
    """Noun that is counted, known or general; empty if there is none."""


NOTHING = Counted()


def behind(words: Sequence[str], end: int) -> str:
    """The word directly after a number that ends before index `end`, if it is a noun or an unknown unit;
    otherwise "".
    """
    while end < len(words) and (words[end] in ORIGINS or words[end] in ("more", "further", "additional")):
        end += 1
    word = words[end] if end < len(words) else ""
    return word if word.isalpha() and word not in _STOPS | _AFTER_NOUN | _NO_UNIT else ""


def is_counted(word: str) -> bool:
    """Whether the word is a known plural of something that is counted, even if it is a general one."""
    return word in _NOUNS.keys() | _PEOPLE and (word.endswith("s") or word in _PLURALS)


def counted(words: Sequence[str], start: int, end: int) -> Counted:
    """What the number at words `start` to `end` counts. The words are folded.

    The noun is the first one after the number within its phrase, with those joined to it by "and". If there
    is none, the nouns before the number are taken if they lead to it ("civilian deaths: seven"). Words about
    what happened to those counted apply wherever they are.
    """
    end += words[end : end + 1] == ["("]  # as in "400 (civilians)"
    stop = next((i for i in range(end, len(words)) if words[i] in _STOPS), len(words))
    if end < len(words) and words[end] in _RATES:
        stop = end  # as in "two a game"
    found, where = _phrase(words, end, stop), (end, stop)
    if (not found.noun or found.noun in _FATE) and start and words[start - 1] in _LEADING:
        before = _phrase(words, 0, start)
        if before.groups:
            found, where = before, (0, start)
    fates = {pair for word in words for pair in _FATE.get(word, ())}
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
            groups |= _NOUNS.get(word, frozenset())  # "Men" excludes boys and nobody else.
            noun, joined = noun or word, False
        elif word in _NOUNS and joined and not _modifies(word, after):
            groups |= _NOUNS[word]
            noun, joined = noun or word, word in _FATE
    return Counted(frozenset(groups), noun)


def _modifies(word: str, after: str) -> bool:
    """Whether the word only modifies the noun after it.

    It does if it is a singular before another noun than "deaths" and the like ("tourist sites"). So does
    "police" in "police stations".
    """
    plural = word.endswith("s") or (word in _PLURALS and after not in _THINGS)
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
    """The sides and origins of those counted within the phrase, and the sides that they are against
    ("anti-government").
    """
    sides: set[tuple[str, str]] = set()
    for i in range(start, stop):
        said = _SIDES.get(words[i], frozenset())
        if words[i] == "islamic" and i + 1 < len(words) and words[i + 1] == "state":
            said = frozenset({("side", "Islamic State")})
        against = i and words[i - 1] == "anti"
        sides |= {("against" if against and axis == "side" else axis, group) for axis, group in said}
    return sides


def _sided(groups: set[tuple[str, str]], words: Sequence[str]) -> set[tuple[str, str]]:
    """The groups, completed by what a side implies.

    Fighters for the government are also its troops. "Forces" are troops or fighters, as their side has them.
    """
    sides = {side for axis, side in groups if axis == "side"}
    armed = {group for axis, group in groups if axis == "who"}
    if sides & {"government", "coalition"} and ("fighters" in armed or (not armed and "forces" in words)):
        return groups | {("who", "troops")}
    if sides - {"government", "coalition"} and ("troops" in armed or (not armed and "forces" in words)):
        return groups | {("who", "fighters")}
    return groups


def conflict(one: Counted, other: Counted) -> str:
    """Why two texts count different things; empty if they may count the same.

    Two groups of one axis exclude each other. Nouns that share no axis do so too: soldiers are not
    explosions, and the dead are not the militants.
    """
    for axis in (*_COUNTED_AXES, "sex", "age", "side", "origin"):
        mine, theirs = _on(axis, one), _on(axis, other)
        if mine and theirs and not mine & theirs:
            verb = "is" if axis in ("side", "origin") else "are"
            return f"{min(mine)} {verb} not {min(theirs)}"
    for mine, theirs in (
        (_on("side", one), _on("against", other)),
        (_on("against", one), _on("side", other)),
    ):
        if mine & theirs:
            return f"{min(mine & theirs)} is not against itself"
    counted_one, counted_other = (
        {pair for pair in side.groups if pair[0] in _COUNTED_AXES} for side in (one, other)
    )
    axes = [{axis for axis, _ in groups} for groups in (counted_one, counted_other)]
    if all(axes) and not axes[0] & axes[1]:
        return f"{min(counted_one)[1]} are not {min(counted_other)[1]}"
    return ""


def _on(axis: str, counted: Counted) -> set[str]:
    return {group for name, group in counted.groups if name == axis}
