"""How a text says in words that it gives no answer, and that sources differ."""

from __future__ import annotations

import re

from qa_eval.matching.spelling import fold

_SOURCE = (
    r"(?:articles?|texts?|passages?|contexts?|reports?|documents?|sources?|excerpts?|story|stories|snippets?|"
    r"paragraphs?|statements?|materials?|information|author|nothing|none(?: of (?:the|them)[\w ]{0,30})?|"
    r"no(?: \w+)? (?:article|text|passage|source|document|report)s?)"
)
_TELL = (
    r"(?:say|state|mention|specif\w+|give|provide|tell|indicate|contain|report|include|name|describe|discuss|"
    r"address|disclose|reveal|explain|clarify|identify|answer|cover|offer|make|go into|touch|speak|list|note|"
    r"quantify|show|refer|settle|supply|detail|spell|elaborate|record|put|said|stated|given|mentioned|specified|"
    r"provided|reported|indicated|described|discussed|named|disclosed|known|found|available|answered|told|"
    r"addressed|explained|identified|recorded|revealed|covered|listed|determined|established|stand|appear)"
)
_NOT = r"(?:not|n't|never|no longer|nowhere|fails? to|neglects? to|omits? to|do(?:es)? not|did not)"
_CANNOT = (
    r"(?:cannot|can not|can't|could not|couldn't|unable to|(?:not|\w+n't) able to|impossible to"
    r"|not possible to|no way to|(?:fail|failed) to)"
)
_LEARN = (
    r"(?:say|answer|tell|determine|find|infer|know|establish|conclude|derive|state|give|provide|see|identify|"
    r"be (?:determined|answered|established|inferred|stated|found|known|given|told|said|derived|identified|"
    r"concluded|deduced)|locate|deduce|name|work out|make out|confirm)"
)
_GIVEN = (
    r"(?:given|mentioned|stated|provided|specified|named|reported|identified|found|listed|indicated|offered|recorded|"
    r"supplied|cited|disclosed|described|included)"
)
_PATTERNS = {
    "a source does not tell": re.compile(
        rf"\b{_SOURCE}\b[^.;!?]{{0,60}}?\b(?:do|does|did|is|are|has|have|was|were)?\s?{_NOT}\b"
        rf"(?: \w+){{0,3}}? {_TELL}(?:e?s)?\b"
        rf"|\b{_SOURCE} (?:\w+ )?(?:omits?|lacks?|leaves? (?:\w+ ){{0,2}}out|skips?|ignores?|passes over)\b"
        r"|\b(?:it|they|which|he|she) (?:do(?:es)?|did)(?: not|n't) (?:\w+ )?(?:say|state|mention"
        r"|specify|address|indicate|disclose|tell|answer)\b"
        r"|\b(?:nobody|no one|no-one|none of them) (?:\w+ )?(?:says?|said|knows?"
        r"|knew|tells?|told|states?|stated|explains?|explained)\b"
        r"|\bit (?:do(?:es)?|did)(?: not|n't) (?:\w+ )?(?:give|provide|name|report|include"
        r"|identify|explain|contain)\b"
        rf"|\bnot (?:something|a (?:detail|point|question|matter)|what|one|anything) (?:that "
        rf"|which )?(?:\w+ )?{_SOURCE} \w+"
        rf"|\b(?:absent|missing|left out|omitted|not found) (?:from|in|of) (?:\w+ )?{_SOURCE}\b"
        r"|\bneeds? (?:another|a different|more|further|additional|other) (?:sources?|information"
        r"|context|details?)\b"
    ),
    "it is not told": re.compile(
        r"\b(?:is|are|was|were|been|be)(?: \w+)? ?(?:not|n't|never|nowhere)(?: \w+){0,2}? "
        r"(?:said|stated|given|mentioned|specified|provided|reported|indicated|described|discussed|named|disclosed|"
        r"known|answered|told|addressed|explained|identified|recorded|revealed|covered|listed|available|"
        r"in (?:the|this|that) (?:text|article|passage|context))\b"
    ),
    "nothing is told": re.compile(
        rf"\b(?:no|nothing|without|lacks?|lacking|absence of|any)\b(?: \w+){{0,3}}? "
        rf"(?:information|mention|details?|answer|figures?|numbers?|data|indication|statement|reference|evidence|"
        rf"date|name|word|account|hint|clue|trace|amount|reason|explanation)\b"
        rf"(?:[^.;!?]{{0,60}}?\b(?:given|provided|found|available|{_SOURCE}|stated|mentioned|about|on"
        rf"|of|for|to|as to|"
        rf"whatsoever|there|here|in)\b|$|[.!])"
    ),
    "nothing on it": re.compile(
        rf"\bno (?:\w+ ){{1,4}}(?:is|are|was|were|has been|have been|can be|could be)(?: \w+)? {_GIVEN}\b"
        rf"|^\W*(?:none|nothing|nobody|no one)(?: (?:that|which|whom))? (?:{_SOURCE}|(?:the|this) \w+) \w+"
        r"|^\W*(?:none|nothing|nobody|no one)(?: (?:is|are|was|were))? (?:mentioned|given"
        r"|stated|named|specified|listed)"
        r"|\b(?:says?|said|tells?|states?|contains?|contain|finds?|found|gives?|mentions?|reports?|has|have|is|there's|"
        r"see|saw|provides?|writes?|reveals?|offers?)\b (?:us )?(?:nothing|no word|none)\b"
        r"|^\W*nothing (?:is )?(?:in|about|on|said|stated|mentioned)"
        r"|, nothing (?:on|about|of)\b"
        rf"|\b(?:{_SOURCE}|it|they) (?:\w+ )?(?:quotes?|cites?|credits?|names?|gives?|gave|offers?"
        r"|contains?|includes?|lists?|mentions?|reports?|records?|identifies|identify|provides?|makes?) "
        r"(?:us )?(?:no(?! (?:more|less|fewer))|nobody|no-one|nothing|none)\b"
        r"|\b(?:do|does|did)(?:n't| not) (?:come up|appear|feature|figure|occur|get (?:\w+ed|a mention))\b"
        r"|\bnothing (?:\w+ )?(?:can|could) be (?:said|concluded|inferred|told|learned)\b"
        r"|\b(?:is|are|was|were)(?:n't| not)(?: \w+)? among the\b"
        rf"|\b{_SOURCE} (?:only|merely|just) (?:says?|tells?|mentions?|speaks|reports?|states?|notes?)\b"
        rf"|\b{_SOURCE} \w+ [^.;]{{0,80}}?(?:,| but) not (?:where|when|how|who|whom|which|why|what"
        r"|the (?:day|date|month|year|time|number|figure|toll|name|place|reason|age|amount))\b"
        rf"|\b(?:beyond|outside)(?: the scope of)? (?:what )?(?:\w+ ){{0,2}}?{_SOURCE}\b"
    ),
    "I cannot tell": re.compile(
        rf"\b{_CANNOT}(?: \w+){{0,2}}? {_LEARN}\b|\bi (?:do not|don't|did not|didn't) "
        rf"(?:know|see|find|have)\b|\bi (?:found|see|find) (?:nothing|no)\b"
        r"|\b(?:has|have) no way of (?:knowing|telling)|\bi'm (?:not sure|afraid)|\bi am not sure"
    ),
    "silence": re.compile(
        rf"\b(?:is|are|remains?|stays?|keeps?)(?: \w+)? silent\b|\bleaves? (?:it|this|that|the"
        rf"|open)\b[^.;]{{0,60}}?\bopen\b"
        rf"|\bleft open\b|\bopen question\b|\bno (?:article|text|passage|source|document|report|one"
        rf"|statement)s?\b"
        rf"[^.;]{{0,50}}?\b(?:says?|states?|mentions?|gives?|tells?|classif\w+|specif\w+|names?|reports?|contains?|"
        rf"provides?|describes?|answers?|addresses|puts?|indicates?|discusses)\b"
        rf"|\b(?:none|neither|not one) of (?:the|these|them)\b[^.;]{{0,40}}?\b{_TELL}(?:e?s)?\b"
        rf"|\bneither (?:article|text|passage|source|document)\b"
    ),
    "unknown": re.compile(
        r"(?:^|[.!?:]\s+|\b(?:is|are|was|were|remains?|answer(?: is)?:?)\s+)(?:therefore |simply |thus )?"
        r"(?:unknown|undisclosed|unspecified|unstated|not known|unanswerable|undetermined|not (?:specified|"
        r"stated|given|mentioned|provided|answerable|available|found|applicable|enough information|"
        r"sufficient information)|n/a|insufficient information)\b"
        r"|(?:^|[.!?:]\s+)(?:unclear|not clear|no answer|none (?:given|stated|mentioned))\b"
        r"|\b(?:is|are|it's|remains?|was) (?:unclear|not clear|uncertain|far from clear|anyone's guess)"
    ),
    "not answerable": re.compile(
        r"\b(?:question )?(?:cannot|can't|can not|could not) (?:\w+ )?be (?:answered|determined"
        r"|established|inferred|"
        r"stated|found|given|known|told|derived|identified|said|deduced|worked out|made out|learned|learnt"
        r"|gathered|seen)\b"
        r"|\bnot enough (?:information|detail|context|data)\b|\binsufficient (?:information|detail"
        r"|context|data)\b"
        r"|\bdoes(?: not|n't) (?:have|contain|give|provide) (?:\w+ )?(?:enough|sufficient)\b"
        r"|\b(?:am|must) declin\w+\b|\bno answer (?:can|could|is|was)\b"
    ),
}
"""Rule -> its pattern, over a folded sentence."""


def refusal(sentence: str) -> tuple[str, int, int] | None:
    """The rule by which a sentence refuses to answer, and the characters that do; None if it does not.

    >>> refusal("The passage does not say how many.")
    ('a source does not tell', 4, 24)
    >>> refusal("It was retaken on Sunday.")
    """
    folded = sentence if sentence.isascii() else sentence.replace("’", "'").replace("‘", "'")
    folded = folded.lower()
    for rule, pattern in _PATTERNS.items():
        found = pattern.search(folded)
        if found is not None:
            return rule, found.start(), found.end()
    return None


_DIFFER = re.compile(
    r"\b(?:differ(?:s|ed|ent(?: accounts?| figures?| dates?| numbers?| names?| versions?| values?))?"
    r"|differing"
    r"|disagree\w*|conflicting|in conflict|conflicts? (?:with|over|on|between the)|(?:reports?"
    r"|sources?|articles?|texts?|accounts?|passages?|figures?|numbers?|statements?|information"
    r"|they) conflicts?|contradict\w*|discrepan\w+|inconsistent|inconsistenc\w+|at odds|unanimous|"
    r"diverge\w*|var(?:y|ies)|divided|disputed?s?|mixed accounts|contrasts? with)\b"
    r"|\bdepend(?:s|ing)? on (?:the|which|whom|whose|who|what)\b"
    r"|\b(?:do(?:es)?n't|do(?:es)? not) (?:\w+ )?(?:coincide|match|tally|agree|add up)\b"
    r"|\bdifferently\b|\bboth can(?:not|'t) (?:\w+ )?be\b|\bcan(?:not|'t) both (?:\w+ )?be\b|\breconcil\w+\b"
    r"|\bwhich (?:\w+ ){0,3}?is (?:the )?(?:right|correct|true|accurate)\b"
    r"|\b(?:say|says|state|states|stress|stresses|report|reports|give|gives|tell|tells|name|names|mention|cite"
    r"|offer|call) different\b"
    r"|\b(?:while|whereas|but|although|though) (?:other|another|others|some)\b"
    r"|\b(?:some|one|certain) (?:sources?|articles?|reports?|texts?|passages?|accounts?)\b.*"
    r"\b(?:others?|another|(?:a|the) (?:second|third|other|different))\b"
    r"|\bother (?:sources?|articles?|reports?|texts?|passages?|accounts?)\b"
    r"|\b(?:contrary to|as opposed to|unlike) (?:what|the)\b|\bcompeting\b|\btwo (?:different |conflicting )?"
    r"(?:versions|accounts|figures|answers)\b|\bnot (?:all|the same)\b[^.;]{0,30}\b(?:sources?"
    r"|articles?|agree)\b",
    re.DOTALL,
)


_ANOTHER = re.compile(
    r"\b(?:another|an?(?: \w+)? (?:different|second|third|later|earlier|separate)|the other|different|later"
    r"|earlier|elsewhere)(?: \w+)? (?:reports?|articles?|sources?|texts?|passages?|accounts?|pieces?|counts?"
    r"|tall(?:y|ies)|estimates?|versions?|stor(?:y|ies)|outlets?|papers?|newspapers?|documents?|statements?)\b"
    r"|\belsewhere\b|\b(?:in|by|from|to) one\b.{1,200}\b(?:in|by|from|to) (?:another|the other)\b"
    r"|\bone\b.{1,200}\banother (?:says?|has|gives?|puts?|reports?|claims?|calls?|speaks?"
    r"|mentions?|just|only)\b",
    re.DOTALL,
)


def another_source(folded: str) -> tuple[int, int] | None:
    """The characters of a folded sentence that name a second source or count; None if none do."""
    found = _ANOTHER.search(folded)
    return (found.start(), found.end()) if found is not None else None


def disagreement(folded: str) -> tuple[int, int] | None:
    """The characters of a folded sentence that say that sources differ; None if none do."""
    found = _DIFFER.search(folded)
    return (found.start(), found.end()) if found is not None else None


_CONTRADICT = re.compile(
    r"\b(?:contradict(?:s|ory|ion|ions|ing)?|conflicting|in conflict|inconsistent|inconsistenc\w+"
    r"|discrepanc\w+|at odds"
    r"|disagree\w*|differing (?:information|accounts|statements))\b"
)


def contradiction_named(folded: str) -> tuple[int, int] | None:
    """The characters that say outright that statements contradict each other; None if none do."""
    found = _CONTRADICT.search(folded)
    return (found.start(), found.end()) if found is not None else None


def folded_same_length(text: str) -> str:
    """The text in lower case with plain quotes, character for character."""
    plain = text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    lower = plain.lower()
    return (
        lower if len(lower) == len(plain) else "".join(c.lower() if len(c.lower()) == 1 else c for c in plain)
    )


__all__ = ["disagreement", "fold", "folded_same_length", "refusal"]
