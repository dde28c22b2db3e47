"""How a text says in words that it gives no answer.

Each word of a sentence gets a letter for its kind: a denial, a word of lacking, a word of telling, a source,
and so on. A refusal is a pattern of these letters. So no phrase has to be known, only its words, in any form.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from qa_eval.matching.running_text import CLAUSE_BREAKS, Word
from qa_eval.matching.spelling import vocabulary
from qa_eval.text.lazy_patterns import lazy_pattern


def _forms(verbs: str) -> Iterator[str]:
    """The forms of regular verbs: "specify", "specifies", "specified", "specifying"."""
    for verb in verbs.split():
        stem = verb[:-1] if verb.endswith("e") else verb
        if verb.endswith("y") and verb[-2] not in "aeo":
            yield from (verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing")
        elif verb.endswith(("s", "sh", "ch")):
            yield from (verb, f"{verb}es", f"{verb}ed", f"{verb}ing")
        else:
            double = stem + stem[-1]
            yield from (verb, f"{verb}s", f"{stem}ed", f"{stem}ing", f"{double}ed", f"{double}ing")


_SAYING = frozenset(_forms("say report state claim announce declare note remark assert tell")) | vocabulary(
    "said told add adds added write writes wrote written"
)
"""Verbs of saying. A denial behind them is what somebody said: "SANA reported no losses"."""
_TELLING = frozenset(
    _forms(
        """mention specify provide indicate contain include describe discuss address disclose reveal divulge
        explain clarify identify answer quantify refer settle supply detail elaborate record name cite quote
        credit attribute hint imply suggest allude express convey document narrate relate characterise
        characterize outline estimate list furnish yield recount depict define expand determine infer
        establish conclude derive deduce gather ascertain extract verify confirm decide discern understand
        assess resolve measure locate warrant figure pronounce"""
    )
) | vocabulary(
    """give gives gave given giving speak speaks spoke know knows knew known knowing show shows shown teach
    teaches spell spelled spelt put puts answerable knowable available public mentionable quantifiable
    listed"""
)
"""Words of telling and of knowing."""
_SHOWING = frozenset(
    _forms(
        """offer publish deal treat concern feature appear occur comment count cover touch present help assist
        respond reply learn print release extend glean grasp pull share raise support permit allow"""
    )
) | vocabulary("""find finds found finding see seen read ask asks asked write wrote written""")
"""Words that mean telling where a source, the writer, or what is asked is there too."""
_WITH = {
    "up": frozenset(_forms("bring crop turn pop")) | vocabulary("come comes coming came brought"),
    "into": vocabulary("go goes going went"),
    "out": frozenset(_forms("make work point find")) | vocabulary("made"),
    "down": frozenset(_forms("pin track")),
    "round": vocabulary("get gets got getting"),
}
"""Verbs that tell with a word behind: "brings it up", "work out"."""
_LACKING_WITH = {
    "over": frozenset(_forms("pass gloss skate")),
    "on": frozenset(_forms("pass")),
    "short": frozenset(_forms("stop fall")),
    "off": vocabulary("break breaks broke cut cuts"),
    "before": vocabulary("end ends stop stops"),
    "with": vocabulary("ends stops"),
    "at": vocabulary("stops"),
    "empty": vocabulary("come came comes"),
    "away": frozenset(_forms("stay steer")),
}
"""Verbs that lack with a word behind: "passes over", "stops short"."""
_KNOWLEDGE = vocabulary(
    """information info mention mentions indication indications statement evidence clue clues hint hints
    idea inkling insight light bearing data basis answer answers word account explanation confirmation
    specifics description detail details reference references conclusion way"""
)
_FIGURES = vocabulary("figure figures number numbers date name toll count total reason amount")
"""What a text may have none of, beside what is asked."""
_SOURCES = vocabulary(
    """article articles text texts passage passages context document documents source sources excerpt excerpts
    extract extracts snippet snippets paragraph paragraphs material materials page pages caption transcript
    input website fragment fragments clipping clippings"""
)
_SOURCES_NAMED = vocabulary(
    "report reports statement statements account accounts piece pieces story stories author writer "
    "reporter lines"
)
"""Sources behind a word such as "the" or "this"; else also other things."""
_GIVEN = vocabulary("given provided supplied shown attached shared pasted quoted cited")
"""Behind a source, these say how it came. Behind "what I was", they mean a source."""
_NAMING = vocabulary(
    "different another other further the this that these those any no each neither either provided "
    "supplied given your whole"
)
_THAT = vocabulary("that this the first second other each which")
"""Before "one", these mean a source or a thing, not the writer."""
_LACKING = frozenset(
    _forms(
        """omit lack skip ignore neglect withhold overlook escape elude spare avoid duck dodge evade sidestep
        bypass"""
    )
) | vocabulary("missing absent absence withheld devoid")
_UNABLE = frozenset(_forms("fail decline refrain hesitate abstain need require")) | vocabulary(
    "unable impossible insufficient inadequate inconclusive refuse reluctant vain"
)
_SILENT = vocabulary("silent silence silently mute mum quiet blank dark vague lipped gap")
_OPEN = vocabulary("open out aside unresolved guessing empty")
"""Words of lacking behind "leave" and "remain"."""
_LEAVING = vocabulary("leave leaves leaving keep keeps")
_SELF = vocabulary("itself himself herself themselves")
_NO = vocabulary("no")
_NONE = vocabulary("nothing none nobody nowhere neither")
_NOT = vocabulary("not never cannot nor hardly scarcely")
_NO_DENIAL = {
    "not": vocabulary("only just merely simply least until necessarily"),
    "no": vocabulary("means less more fewer longer doubt matter other sooner better later"),
    "nothing": vocabulary("but less more short"),
    "nobody": vocabulary("but else"),
    "none": vocabulary("other but"),
}
"""Denials that deny nothing before these words."""
_UNTOLD = frozenset(
    f"un{word}"
    for word in (*_TELLING, *_SHOWING, *_SAYING, "clear", "certain", "sure", "determined", "knowable")
) | vocabulary("nonspecified indeterminate undetermined unanswerable unavailable unanswered")
_ASIDE = vocabulary("however unfortunately sadly alas regrettably though therefore thus unluckily admittedly")
_BREAKS = CLAUSE_BREAKS | vocabulary("so if . ! ?") | {'"'}
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("m", _NO),
    ("z", _NONE),
    ("n", _NOT),
    ("u", _UNTOLD),
    ("W", frozenset({"without"})),
    ("l", _LACKING),
    ("j", _UNABLE),
    ("L", _SILENT),
    ("s", _SOURCES),
    ("O", frozenset({"all"})),
    ("c", vocabulary("a an the")),
    ("P", vocabulary("in from to by at for with as")),
    ("F", vocabulary("of on about")),
    (
        "g",
        vocabulary(
            "mystery riddle imagination invented invention fabrication guess guesses guessing guesswork "
            "speculation speculating speculative conjecture"
        ),
    ),
    ("r", vocabulary("sorry unfortunately regrettably apologies afraid alas sadly")),
    ("d", _KNOWLEDGE),
    ("f", _FIGURES),
    ("v", _SAYING),
    ("t", _TELLING),
    ("T", _SHOWING),
    ("i", vocabulary("i we me us one you readers reader")),
    ("p", vocabulary("it this that's")),
    ("w", vocabulary("who whom whose when where how why which whether")),
    ("h", vocabulary("that what")),
    ("o", vocabulary("only merely solely alone just")),
    ("k", vocabulary("sure certain positive vouch guarantee swear")),
    ("e", vocabulary("there here there's")),
    ("D", vocabulary("elsewhere another different other additional further")),
    ("a", vocabulary("have has had having")),
    (
        "b",
        vocabulary(
            "is are was were be been being remains remain remained stays stay goes left leaves leave kept "
            "keeps it's"
        ),
    ),
    ("y", vocabulary("beyond outside scope confined restricted limited restricts limits confines")),
    ("|", _BREAKS),
)
_LETTERS = {word: letter for letter, words in reversed(_KINDS) for word in words}
_PATTERNS = {
    "it is not told": (
        r"[nmzW][^|w]{0,10}[tv]"  # "does not say"
        r"|[lj][^|w]{0,4}[tvd]"  # "unable to tell", "lacks information"
        r"|(?:[df]|cw)[^|]{0,4}b[^|]?[lL]"  # "details are missing"
        r"|(?:^|[^w])b[^|]{0,2}L(?=\||$)|L[^|]{0,2}b"
    ),
    "there is no word of it": (
        r"[mnW][^|w]{0,4}d|[stv].{0,60}W[^|w]{0,4}f"  # "no information", "names it without a number"
        r"|eb?m[^|]{0,3}[fq]|eb?z|^m[dfq]\|?$"  # "there is no date", "no date"
        r"|[nz]P?e|[zm][^|]{0,2}e(?=\||$)"  # "nothing here", "not in there"
        r"|(?:^|\|)[^|]?n[^|]{0,3}f(?=\||$)"  # "but not their number"
        r"|m.{0,80}r|r.{0,20}m"  # "no, sorry"
    ),
    "nothing is told": (
        r"[stva][^|wh]{0,2}z"  # "says nothing"
        r"|[sp][^|vh]{0,4}t[^|h]?[mz]"
        r"|[sp][^|vh]{0,4}a[^|h]?m[^|]{0,3}[dfq]"  # "it gives no", "it has no number"
        r"|s.{0,60}zF|s.{0,60}\|[^|]?nF|s.{0,60}Fm"  # "the text …, nothing on"
    ),
    "the source lacks it": (
        r"s[^|tv]{0,10}[nmzlj]|[nmzlj][^|]{0,16}s"  # "the text lacks", "missing from the text"
        r"|s.{0,40}L|L.{0,20}s|p[^|]{0,2}[lL]"
        r"|[lL][^|]?e"  # "the text is silent", "it omits", "passed over here"
        r"|y[^|]{0,8}s|s[^|]{0,3}y|y[hw]"  # "beyond the text", "beyond what"
    ),
    "untold": r"(?:(?:^(?:xx)?|\|)[^|c]?|b[^|c]{0,3})u(?=$|[|wPFhespibt])|u$|u[^|]{0,3}s",
    "I cannot tell": (
        r"i[^|k]{0,5}[nmlj](?![^|]{0,3}k)"  # "I cannot", but not "I am not sure"
        r"|^[^|]*i[^|]{0,4}n[^|]{0,3}k[^|]{0,6}\|?$"  # unless nothing else is said
        r"|r.{0,80}s|i[^|]{0,6}n[^|]{0,2}g"  # "sorry, the text …", "I would not guess"
        r"|[lj][^|]{0,2}i|[ij][^|]{0,6}D[^|]?[sd]|[ij][^|]{0,8}D(?=\||$)"  # "you need another source"
    ),
    "it says something else": (
        r"s[^|]{0,2}o[^|]?[tvd]|s[^|]{0,3}[tv]o|s[^|]{0,16}o(?=\||$)"  # "the text only says", "about X alone"
        r"|O[^|]{0,3}[sp][^|]{0,2}[avt]"  # "all the text has"
        r"|[nz]w|s.{0,40}\|+[^|]?[nm][^|]{0,2}[qf]"  # "not when"
    ),
    "a guess": r"b[^|]{0,4}g",
}
_RULES = {rule: lazy_pattern(pattern) for rule, pattern in _PATTERNS.items()}
"""Rule -> its pattern, over the letters of a sentence."""


def _letters(words: Sequence[Word], asked: frozenset[str]) -> str:
    """One letter for each word, by its kind."""
    found: list[str] = []
    texts = [word.text for word in words]
    for i, word in enumerate(words):
        letter = _denial(texts, i, found) or _phrase(texts, i) or _given(texts, i, found)
        if not letter and not word.acronym:
            letter = _LETTERS.get(word.text, "q" if word.key in asked else "x")
        found.append(letter or "x")
    for i, text in enumerate(texts):
        if text in _ASIDE:
            for j in (i - 1, i, i + 1):
                if 0 <= j < len(found) and texts[j] in (",", text):
                    found[j] = "x"
        if text == "according":
            found[i : i + 5] = ["x" if letter == "s" else letter for letter in found[i : i + 5]]
    letters = "".join(found)
    return letters.replace("T", "t" if _ABOUT_TELLING.search(letters) else "x")


_ABOUT_TELLING = lazy_pattern(r"[sipdfwqreh]")
"""A source, the writer, what may be known, or what is asked."""


def _denial(texts: Sequence[str], i: int, found: Sequence[str]) -> str:
    """The letter of a word that may deny; empty where it is none."""
    text, after = texts[i], texts[i + 1 : i + 3]
    if text.endswith("n't") or (text == "yet" and after[:1] == ["to"]):
        return "n"
    if text == "a" and texts[max(0, i - 2) : i] == ["n", "/"]:
        return "u"
    if after and after[0] in _NO_DENIAL.get(text, ()):
        return "x"
    told_not_to = text == "not" and after[:1] == ["to"] and after[1:2] != ["be"] and "i" not in found[-5:]
    return "x" if told_not_to else ""


def _phrase(texts: Sequence[str], i: int) -> str:
    """The letter of a word that lacks or tells together with another; empty where it is none."""
    text, before, after = texts[i], texts[max(0, i - 6) : i], texts[i + 1 : i + 4]
    left = {"left", "remain", "remains"} & set(before[-3:]) and after[:1] != ["for"]
    if text in _OPEN and (left or _LEAVING & set(before)):
        return "L"
    if (text in _SELF and _LEAVING & set(before[-4:])) or (text == "guess" and before[-1:] == ["your"]):
        return "L"
    if any(text in verbs and particle in after for particle, verbs in _LACKING_WITH.items()):
        return "L"
    return "t" if any(text in verbs and particle in after for particle, verbs in _WITH.items()) else ""


def _given(texts: Sequence[str], i: int, found: Sequence[str]) -> str:
    """The letter of a word that means a source, or the writer, by what stands before it; empty where it is
    none.
    """
    text = texts[i]
    if text in _KNOWLEDGE and texts[max(0, i - 1) : i] == ["no"]:
        return "d"
    if text in _SOURCES_NAMED and _NAMING & set(texts[max(0, i - 2) : i]):
        return "s"
    if text in _GIVEN and "s" in found[-1:]:
        return "x"
    if text in _GIVEN and "i" in found[-4:]:
        return "s"
    if text == "pass" and "i" in found[-6:] and (i + 1 == len(texts) or texts[i + 1] in _BREAKS):
        return "j"
    if text == "one" and (
        {*_SOURCES, *_SOURCES_NAMED, "of"} & set(texts[i + 1 : i + 2])
        or _THAT & set(texts[max(0, i - 1) : i])
    ):
        return "x"
    return "i" if text.startswith(("i'", "we'", "you'")) else ""


def refusal(
    words: Sequence[Word], asked: frozenset[str] = frozenset(), *, rules: Collection[str] = _RULES
) -> tuple[str, int, int] | None:
    """The rule by which a sentence refuses to answer, and its words that do; None if it does not.

    `asked`: keys of the words of the question. `rules`: those that are tried.

    >>> from qa_eval.matching.running_text import RunningText
    >>> refusal(RunningText("The passage does not say how many.").words)
    ('it is not told', 3, 5)
    >>> refusal(RunningText("It was retaken on Sunday.").words)
    """
    letters = _letters(words, asked)
    for rule, pattern in _RULES.items():
        found = pattern.search(letters) if rule in rules else None
        if found is not None:
            return rule, found.start(), found.end()
    return None
