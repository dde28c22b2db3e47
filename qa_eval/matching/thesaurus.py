"""Words that people use for each other in answers, by their stems.

A word of an answer stands for a word of a claim if they are in one row and no claim has the word itself. It
never stands for words of two claims: "chief" is neither "head" nor "leader" where these are two answers.
"""

from __future__ import annotations

from collections import defaultdict

from qa_eval.matching.running_text import stem

_ROWS = """airport airfield airstrip|control hold grip hand grasp command rule|complete full total entire
whole
|capture seize take conquer overrun occupy grab|recapture retake reclaim regain recover reconquer
|destroy demolish wreck ruin raze level flatten devastate obliterate smash|smash break shatter crush knock
|damage harm batter|open operational operation usable function|close shut|aid help assist assistance support
back backing
|big large huge vast great enormous immense massive giant|small little tiny|stretch expanse tract
|area zone region district territory surroundings|near vicinity around close surrounding
|begin start commence launch onset outset|end finish conclude cease|leave depart flee escape evacuate exit
abandon
|withdraw retreat|move transfer relocate transport ship bring|kill dead fatality slay|injure wound hurt
|soldier troop serviceman|militant insurgent jihadist rebel extremist gunman combatant|army military
|ally allied partner|government regime authority administration|resident inhabitant citizen population
townspeople
|civilian noncombatant|chief head leader boss|former onetime ex previous erstwhile|old ancient antique
|famous famed renowned celebrated known|significant important major crucial vital key|victory win success
triumph
|defeat setback blow|effective work efficient|show prove demonstrate evidence proof|strategy plan approach
policy
|win gain earn obtain secure achieve|favor goodwill grace sympathy|fight combat battle war struggle
|attack assault offensive raid|explosion blast detonation|hidden concealed secret|plane aircraft jet
warplane airplane
|picture image photo photograph footage|statue sculpture|relic artifact artefact treasure object|monument
building structure
|city town|stronghold bastion fortress bulwark redoubt|base headquarters seat|gateway door entrance
|reason cause motive|location position situation geography|road route highway street|border frontier boundary
|rubble debris wreckage|empty deserted|surprise astonish amaze|shock appall horrify stun|worry concern alarm
fear
|condemn denounce outcry|tourist visitor traveller|restore rebuild repair reconstruct renovate|protect guard
defend
|hide conceal|refuse decline reject|reveal disclose divulge|call phone telephone ring|praise hail|accuse blame
|talk negotiation|agreement deal accord pact|ceasefire truce|purchase buy acquire|make produce create
manufacture
|build construct erect|automobile car vehicle|ship vessel boat|house home dwelling residence|child kid|man guy
|doctor physician|job post occupation profession|study research survey investigation|increase rise grow climb
|decrease drop decline fall|fast quick rapid swift speedy|allow permit|forbid ban prohibit|try attempt seek
aim
|want wish desire|think believe consider regard|clear clean sweep|disease illness sickness|prison jail
|country nation|foreign overseas|rich wealthy|strong powerful|dangerous hazardous risky|genuine actual true
|prior before earlier|bulk most majority mostly|against anti opposed|idol idolatry idolatrous|terror
terrorism terrorist
|church chapel|clever intelligent|movie film|author writer|begin founded founding establish|earn receive get
|award prize honour|quarrel dispute row|illegal unlawful|lawyer attorney|shop store|street avenue|forest
wood"""


def _neighbours() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in _ROWS.replace("\n", " ").split("|"):
        stems = {stem(word) for word in row.split()}
        for one in stems:
            found[one] |= stems - {one}
    return {one: frozenset(others) for one, others in found.items()}


SYNONYMS = _neighbours()
"""Stem -> the stems that may stand for it."""
