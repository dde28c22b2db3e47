"""The words by which a text says that sources differ, and those that name a second source."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_eval.text.lazy_patterns import lazy_pattern

SOURCE = (
    r"(?:articles?|texts?|passages?|sources?|documents?|reports?|contexts?|references?|accounts?|papers?"
    r"|outlets?|stor(?:y|ies)|pieces?|excerpts?|newspapers?|agenc(?:y|ies)|summary|summaries|broadcasts?"
    r"|authors?|witness(?:es)?|observers?|experts?|dispatch(?:es)?|bulletins?|editions?|reporters?"
    r"|journalists?)"
)
"""What tells something."""
_TOLD_WORDS = (
    r"versions?|figures|numbers|counts|tolls|tallies|estimates|statements|views|opinions|answers"
    r"|wordings?|render\w+|translations?|descriptions?|readings?|dates|names|claims|information|data|details"
    r"|picture|label|term|adjective|they|\[\d+\]"
)
_TOLD = rf"(?:{_TOLD_WORDS})"
"""What sources tell."""
_MEDIUM = (
    r"(?:pages?|websites?|blogs?|bloggers?|writers?|write-ups?|daily|weekly|magazines?|journals?"
    r"|televisions?|tv|radio|infobox(?:es)?|profiles?|entr(?:y|ies)|biograph(?:y|ies)|snippets?|extracts?"
    r"|clips?|clippings?|tellings?|reviews?|credits?|analys[ie]s|columns?|essays?|captions?|headlines?"
    r"|headers?|footage|lists?|records?|histor(?:y|ies)|variants?|competitors?|peers?|colleagues?"
    r"|translators?|monitors?|officials?|specialists?|analysts?|correspondents?|eyewitness(?:es)?"
    r"|spokes\w+|engineers?|historians?|critics?)"
)
"""What tells something in certain texts only."""
_SPEAKER = (
    r"(?:group|military|army|militants|jihadists|militia|government|activists|authorities|opposition|rebels)"
)
_TELLS = (
    r"(?:themselves |itself |only |merely |had |has |have )?(?:claim|say|said|report|state|boast|announce"
    r"|put|count"
    r"|speak|spoke|estimate|insist|declare|brag)\w*"
)
_A_COUNT = (
    rf"(?:{_TOLD_WORDS}|figure|number|count|toll|tally|estimate|statement|view|opinion|answer|date|name|word)"
)
"""The same, also one of them."""
_STRONG = lazy_pattern(
    r"\b(?:disagree|contradict|discrepan|inconsist|incompatib|irreconcil|reconcil|mismatch|diverg"
    r"|dissent|discord"
    r"|unanim)\w*|\bdiffer(?:s|ed|ing)?\b|\bconflicting\b|\bin conflict\b|\bat (?:odds|variance)\b"
    r"|\b(?:contested|disputed|debated)\b(?! (?:the|an?|in|for|over|against)\b)"
    r"|\b(?:exclude|rule out|contradict) (?:each other|one another)\b"
    r"|\bopposite directions\b"
    r"|\b(?:both can(?:not|'t)|can(?:not|'t) both) (?:\w+ )?be\b"
    r"|\bwhich (?:\w+ ){0,3}?is (?:the )?(?:right|correct|true|accurate)\b"
    r"|\b(?:contrary to|as opposed to|unlike) (?:what|the)\b"
    r"|\b(?:while|whereas|but|although|though) (?:other|another|others|some)\b"
    rf"|\b(?:some|one|certain) {SOURCE}\b.*\b(?:others?|another|(?:a|the) (?:second|third|other|different))\b"
    rf"|\bother {SOURCE}\b|\b(?:in|of|under) dispute\b|\b(?:{SOURCE}|{_TOLD}) (?:clash|conflict"
    rf"|part (?:ways|company))\b|\bconflicts? (?:with|over|on) "
    r"|\bdepend(?:s|ing)? on (?:the|which|whom|whose|who|what)\b",
    re.DOTALL,
)
"""Words that show by themselves that sources differ."""
_DIFFERING = lazy_pattern(
    r"\b(?:different\w*|differences?|var(?:y|ies|ied|ying|iations?)|contrasts? with|splits?|divided|rivals?"
    r"|competing|shifts?|changes|depend\w*|opposing|opposite|contrary|alternative"
    r"|mixed (?:accounts|reports|messages|signals|picture)|in (?:two|three|several|various) (?:ways|words"
    r"|terms))\b"
)
_AGREEING = (
    r"(?:agree(?:ment)?|match|coincide|tally|add up|line up|concur|correspond|square|fit together|same"
    r"|identical|uniform"
    r"|consistent|compatible|consensus|in line|of one mind|at one|speak with one voice)"
)
_NOT_AGREEING = lazy_pattern(
    rf"(?:\bnot|n't|\bnever|\bhardly|\bscarcely|\bno|\bwithout|\bneither"
    rf"|\bcannot)\b(?: [\w']+){{0,5}}? {_AGREEING}\b"
    r"|\bno (?:single|one|uniform|common|clear) (?:answer|account|figure|number|version|date|name|picture)\b"
)
_TELLERS = lazy_pattern(rf"\b{SOURCE}\b|\b{_TOLD}(?!\w)|\[\d+\]")
_APART = lazy_pattern(
    rf"\b(?:sources|reports|articles|texts|passages|documents|accounts)\b[^.;]{{0,80}}\bor\b"
    rf"|\beach {SOURCE}\b|\btwo (?:\w+ )?(?:{SOURCE}|{_TOLD})(?!\w)|\b(?:by|in) contrast\b"
    rf"|\bon the (?:one|other) hand\b|\bfrom (\w+) to \1\b"
)
"""Tells values apart, where a text has several."""
_ANOTHER = lazy_pattern(
    rf"\b(?:another|an?(?: \w+)? (?:different|second|third|later|earlier|separate|newer|further)"
    rf"|the other|different"
    rf"|later|earlier|elsewhere|other)(?: \w+)? (?:{SOURCE}|{_A_COUNT})\b"
    rf"|\b(?:newest|latest|last|final|older|oldest|early|earliest|subsequent|previous) (?:ones?|{SOURCE})\b"
    rf"|\bsome\b.{{1,120}}\b(?:others?|the (?:newest|latest|last|rest))\b"
    rf"|\b{SOURCE}\b.{{1,200}}\bone (?:goes|has|had|even|only)\b"
    r"|\belsewhere\b|\banother one\b|\bone of them\b|\bcounterpart\b|\bthe former\b.{1,80}\bthe latter\b"
)


_PAIR = lazy_pattern(
    rf"\b(in|by|from|to|per) one\b.{{1,200}}\b\1 (?:another|the other|a (?:second|third))\b"
    rf"|\bin the one\b.{{1,200}}\bin the other\b"
    rf"|\b(?:one|two|three|four|some|most|several|many)(?: of)?(?: the| these)?(?: \w+)? {SOURCE}\b"
    r".{1,400}\b(?:an|the )others?\b"
    rf"|\b(?:another|a (?:different|second|third)) {SOURCE}\b"
    r"|\bone\b.{1,200}\banother (?:says?|has|gives?|puts?|reports?|claims?|calls?|speaks?|mentions?|just"
    r"|only)\b",
    re.DOTALL,
)
"""One source, and another."""


_NEAR = 80
"""Characters between a word for a difference and what differs, at most."""


def another_source(folded: str, *, set_apart: bool) -> tuple[int, int] | None:
    """The characters of a folded text that name a second source or count; None if none do.

    `set_apart`: only a pair of sources counts, "one article …, another …".
    """
    found = _PAIR.search(folded) or (None if set_apart else _ANOTHER.search(folded))
    if found is not None and set_apart and not any(char.isalnum() for char in folded[: found.start()]):
        found = None if found[0].startswith("a") else found
    return (found.start(), found.end()) if found is not None else None


def disagreement(folded: str, *, several: bool = False) -> tuple[int, int] | None:
    """The characters of a folded sentence that say that sources differ; None if none do.

    Weaker words for a difference count in a sentence with sources or with what they tell.
    `several`: whether the text has several values, so that words that only tell these apart count too.

    >>> disagreement("the two reports do not tally.") is not None, disagreement("the clubs merged.")
    (True, None)
    """
    found = _STRONG.search(folded)
    if found is None:
        unlike = _NOT_AGREEING.search(folded)
        weak = unlike or _DIFFERING.search(folded)
        if weak is not None and not (several and unlike is not None):
            near = folded[max(0, weak.start() - _NEAR) : weak.end() + _NEAR]
            weak = weak if _TELLERS.search(near) else None
        found = weak
    if found is None and several:
        found = _APART.search(folded)
    return (found.start(), found.end()) if found is not None else None


_TELLER = lazy_pattern(
    rf"\b(?:one|another|some|most|two|three|four|many|several|other|an?)(?: of)?(?: the| these| those| my)?"
    rf" (?:[\w-]+ )?(?:{SOURCE}|{_MEDIUM})(?!\w)"
    rf"|\b(?:the|this|that|his|her|its|their) (?:[\w'-]+ ){{1,3}}?{SOURCE}(?!\w)"
    rf"|\b(?:the|this) {SOURCE} (?:by|from|on|that|who|which|in)\b"
    rf"|\b(?:the|its|their|state) (?:[\w'-]+ ){{0,2}}?{_MEDIUM}(?!\w)"
    rf"|\b(?:[\w-]+'s|their|his) (?:own )?(?:\w+ )?(?:{SOURCE}|{_MEDIUM}|boasts?|bragging|reckoning"
    rf"|claims?)(?!\w)"
    rf"|\b(?:the|some) (?:\w+ )?{_SPEAKER} {_TELLS}\b"
    rf"|\|\s*(?:{SOURCE}|{_MEDIUM})\s*\|"
    r"|\b(?:according to|going by) (?!the (?:article|text|passage|document|source)\b)|\[\d"
)
"""A source that a text tells from others; "the article" by itself is none."""


def tells_of_sources(folded: str, low: int) -> Iterator[tuple[int, int]]:
    """The places of a folded text that name one of several sources, from an offset `low`."""
    for found in _TELLER.finditer(folded):
        yield low + found.start(), low + found.end()


_CONTRADICT = lazy_pattern(
    r"\b(?:contradict(?:s|ory|ion|ions|ing)?|conflicting|in conflict|inconsistent|inconsistenc\w+"
    r"|discrepanc\w+|at odds"
    r"|(?:exclude|rule out) (?:each other|one another)|opposite directions"
    r"|disagree\w*|differing (?:information|accounts|statements))\b"
)


def contradiction_named(folded: str) -> tuple[int, int] | None:
    """The characters that say outright that statements contradict each other; None if none do."""
    found = _CONTRADICT.search(folded)
    return (found.start(), found.end()) if found is not None else None
