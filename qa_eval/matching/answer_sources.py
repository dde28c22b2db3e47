"""Which source an answer in words names for which claim."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qa_eval.matching.date_phrases import is_date_word
from qa_eval.matching.running_text import RunningText, stem
from qa_eval.matching.sought_claims import Mention
from qa_eval.matching.source_differences import SOURCE, tells_of_sources
from qa_eval.matching.spelling import folded_same_length, is_negator
from qa_eval.text.lazy_patterns import lazy_pattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A claim and the source that the text names for it."""

    claim: str
    source: str
    """As the text names it."""
    start: int
    end: int
    passage: int | None = None
    """Number of the passage that was shown, from 0; None where the name tells none."""


_NUMBER_WORDS = {
    w: i
    for i, w in enumerate(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
    )
}
_CITED = lazy_pattern(r"\[\d{1,3}(?:, ?\d{1,3})*\]")
_NOUN = SOURCE
_ORDINAL = "|".join(_NUMBER_WORDS)
_SAYS = (
    r"(?:says?|said|reports?|reported|states?|stated|puts?|gives?|gave|writes?|wrote|calls?|called|dates?"
    r"|dated|mentions?|mentioned|"
    r"speaks?|spoke|claims?|claimed|tells?|told|cites?|cited|adds?|added|notes?|noted|names?|named|lists?"
    r"|listed|counts?|counted|"
    r"describes?|described|quotes?|quoted|specif(?:y|ies|ied)|estimates?|estimated|announced|announces"
    r"|boasted|found|showed|shows|"
    r"limits?|limited|restricts?|terms|termed|has|had (?:expected|claimed|said)|insists?|insisted|maintains?"
    r"|confirms?|confirmed|declared"
    r"|believes?|according)"
)
_POSITION = lazy_pattern(
    rf"\b(?:the )?(?P<nth>{_ORDINAL}|last) (?:{_NOUN}|one)\b|\bthe (?:{_ORDINAL})(?= {_SAYS}\b)"
    rf"|\b(?:article|text|passage|source"
    rf"|document|reference)s? (?P<n>\d{{1,2}})(?:(?:,| and) (?P<m>\d{{1,2}}))*\b(?![,.]?\d)"
)
_SOME = lazy_pattern(
    rf"\b(?:one|another|other|some|two|three|four|a second|a third|a different|most|several|many"
    rf"|the other)(?: of the)? "
    rf"(?:other |later |earlier |news |different )?{_NOUN}\b|\b(?:early|earlier|later|initial|first"
    rf"|other|some) (?:reports?|accounts?|"
    rf"sources?)\b|\belsewhere\b|\banother\b(?= (?:says|said|puts|states|gives|adds|mentions|reports"
    rf"|has|speaks))"
    rf"|\bone\b(?= (?:says|said|puts|states|gives|adds|mentions|reports|has|speaks))"
    rf"|\bothers?\b(?= (?:says?|said|puts?|states?|gives?|"
    rf"adds?|mentions?|reports?|have|has|speaks?))"
)
_NAME = r"(?:[A-Z][\w'’.-]*|[A-Z]{2,})(?: (?:(?:of|for|al|the|and) )?(?:[A-Z][\w'’-]*))*"
_ROLE = (
    r"(?:[Tt]he |[Ii]ts |[Hh]is |[Tt]heir )?(?:(?!(?:to|what|with|of|that|and|said|while|but|than|"
    r"by|for|from|in|the|as|this|the|contrasts|which) )[\w'’-]+ ){0,3}?(?:(?:director|head|chief|"
    r"commander|monitor|militants|experts?|officials?|army|television|spokes\w+|agency|observers?|"
    r"president|minister|militias?|soldiers?|eyewitness\w*|witness\w*|media|newspaper|"
    r"authorities)(?: [A-Z][\w'’-]+){0,3})"
)
_ACCORDING = lazy_pattern(
    rf"\b[Aa]ccording to (?P<who>(?:the |its |his |their )?(?:{_NAME}|{_ROLE}"
    rf"|[\w'’-]+(?: [\w'’-]+){{0,3}}?))(?=[,.;:)\]]| (?:and|as|said|who|the|it|he|she|they|there|in|on)\b|$)"
)
_BY_VERB = lazy_pattern(
    rf"(?P<who>(?:[Tt]he )?(?:{_NAME}|{_ROLE}))(?:, (?:who|which|\w+ing)[^,;.]{{0,80}},)?,? "
    rf"(?:also |only |merely |simply |just |even |therefore |itself |themselves |has |have |had )*{_SAYS}\b"
)
_VERB_BY = lazy_pattern(
    rf"\b(?:said|says|added|reported|told|claimed|announced)(?: by)? (?P<who>{_NAME})(?=[,.;\"”]|$)"
)
_FOR = lazy_pattern(
    rf"\b[Ff]or (?P<who>{_NAME})(?= (?:they|it|he|she|the))|\b(?:named|reported|given|stated"
    rf"|mentioned|claimed|described) by (?P<by>(?:the )?(?:{_NAME}|{_ROLE}))(?: in the (?:{_ORDINAL}))?"
)
_IN_BRACKETS = lazy_pattern(
    rf"\((?P<who>(?:the )?{_NAME})\)|\((?:according to |as (?:reported|stated) by |per "
    rf"|source: )(?P<by>[^()]{{2,60}})\)"
)
_SPEAKS = lazy_pattern(rf"\s*(?:also |only )?{_SAYS}\b")
_OPENS = lazy_pattern(
    r"(?:^|[.;:,]|\b(?:and|but|while|whereas))\s*(?:according to|in|per|by)?\s*$", re.IGNORECASE
)
"""What stands before a number in brackets that begins a clause: ", and according to [2] it is"."""
_OPENED = lazy_pattern(r",? [\w\"“‘']")
_BEHIND = lazy_pattern(r".*(?:according to|said|reported by|named by|, says) $", re.IGNORECASE | re.DOTALL)
_TABLE_ROW = lazy_pattern(rf"\|\s*(?P<who>{_NAME})\s*\|")
_IF_RIGHT = lazy_pattern(rf"\bif (?P<who>{_NAME}) is (?:right|correct|to be believed)")
_IN_TEXT = lazy_pattern(
    rf"\b(?:[Ii]n|[Bb]y) (?P<who>{_NAME}) (?:article|report|text|story|piece|account|version|words)\b"
    rf"|\bin (?P<by>The {_NAME})(?=[,.;:)]|$| (?:it|the|he|she|they|a|an)\b)"
)
_SHARES_VERB = lazy_pattern(
    rf"[,;] (?:and |but |while )?(?P<who>(?:[Tt]he )?{_NAME})"
    r"(?= (?:the|a|an|only|just|over|about|of|[\"“\d]))"
)
"""A second source that shares the verb of the first: "Bloom calls it a loss, The Post a victory"."""
_PRONOUN = lazy_pattern(
    r"\b(?:He|She)\b(?= (?:put|puts|said|says|gave|gives|claimed|claims|told|counted|spoke|added|reported))"
)
_OUTLET = lazy_pattern(
    r"(?P<who>(?:[Tt]he )?(?:[A-Z][\w'’-]+ ){1,3}(?:Times|Post|News|Herald|Observer|Journal|Agency"
    r"|Press|Gazette|Guardian|"
    r"Telegraph|Tribune|Observatory|Magazine|Network|Television|TV|Chronicle|Mail|Review))\b"
)
_LETTERED = lazy_pattern(r"\b(?P<who>(?i:article|text|passage|source|document) [A-E])\b")
_OWN_WORDS = lazy_pattern(
    rf"\b(?P<who>{_NAME})['’]s? (?:own )?(?:\w+ )?(?:wording|words|version|account|report|figure|count|tally"
    r"|estimate|article|text|piece|claim|statement|boast|rendering|translation|description|reading)\b"
)
_TITLED = lazy_pattern(r"\b(?P<who>[Tt]he (?:article|piece|report|story|text) [\"“][^\"”]{3,80}[\"”])")
_PATTERNS = (
    _LETTERED,
    _OWN_WORDS,
    _TITLED,
    _TABLE_ROW,
    _IF_RIGHT,
    _IN_TEXT,
    _ACCORDING,
    _IN_BRACKETS,
    _FOR,
    _BY_VERB,
    _VERB_BY,
    _OUTLET,
)
_NO_SOURCE = lazy_pattern(
    r"^(?:the|this|that) (?:article|text|passage|context|source|document|report|story)$"
    r"|^all (?:the )?sources$|^(?:\w+ )*(?:answer|note|location|date)$"
    r"|^(?:it|they|there|his|her|i|this|these|those|we|its|their)$",
    re.IGNORECASE,
)


def without_places(text: str) -> str:
    """The text without what names a passage by its place: "[2]", "passage 2", "the second article".

    Such words say another thing where the passages have another order.

    >>> without_places("It was cold [1, 3]. The second article says: warm [2].")
    'It was cold .  says: warm .'
    """
    folded = folded_same_length(text)
    found = [match.span() for pattern in (_CITED, _POSITION) for match in pattern.finditer(folded)]
    kept, at = [], 0
    for start, end in sorted(found):
        kept.append(text[at:start])
        at = max(at, end)
    return "".join((*kept, text[at:]))


def attributed(
    text: RunningText, claims: Sequence[Mention], denied: Sequence[Mention], shown: Sequence[str]
) -> list[Attribution]:
    """The sources that the text names for claims that it mentions, in its order.

    Numbers in brackets belong to what stands before them; any other source to the claims of its clause.
    """
    mentioned = sorted((m for m in (*claims, *denied) if m.claim), key=lambda m: m.first)
    if not mentioned:
        return []
    found: dict[tuple[str, str], Attribution] = {}
    for number in sorted({m.sentence for m in mentioned}):
        sentence = text.sentences[number]
        low, high = text.characters(sentence)
        own = [m for m in mentioned if m.sentence == number]
        told = _told(text, own)
        named = [
            (source, start, end)
            for source, start, end in _sources(text.text, low, min(high, low + _LONGEST))
            if not told & set(range(start, end))
        ]
        for n, (source, start, end) in enumerate(named):
            before = max((e for _, s, e in named[:n] if e <= start), default=low)
            after = next((s for _, s, _ in named[n + 1 :] if s >= end), high)
            for mention in _bound(text, own, source=source, place=(start, end), before=before, after=after):
                key = mention.claim, source.casefold()
                found.setdefault(
                    key,
                    Attribution(
                        claim=mention.claim,
                        source=source,
                        start=start,
                        end=end,
                        passage=_passage(source, shown),
                    ),
                )
    return sorted(found.values(), key=lambda a: a.start)


def second_source(
    text: RunningText, values: Sequence[Mention], asked: frozenset[str]
) -> tuple[int, int] | None:
    """The characters that name a second source in a clause of its own ("A says …; B says …"); None if none
    do.

    It is a second number of an article or a second name. Words of a value or of the question, whose keys are
    `asked`, are not taken for a source.
    """
    told = _told(text, values)
    cited: list[set[int]] = []
    names: list[set[str]] = []
    for sentence in text.sentences[:200]:
        low, high = text.characters(sentence)
        before = high
        for source, start, end in _sources(text.text, low, min(high, low + _LONGEST)):
            number = _number(source)
            beside, before = before <= start and not text.text[before:start].strip(" ,[]and"), end
            words = set(re.findall(r"\w+", source.casefold())) - {"the"}
            if told & set(range(start, end)) or {stem(word) for word in words} <= asked:
                continue
            if number is not None and cited and beside:
                cited[-1].add(number)
            elif number is not None:
                cited.append({number})
            elif not _UNNAMED.match(source) and _BEGINS.search(text.text[max(low, start - 30) : start]):
                names += [] if any(words & other for other in names) else [words]
            if len(names) > 1 or (len(cited) > 1 and cited[0] != cited[-1]):
                return start, end
    return None


def beside_a_source(
    text: RunningText, values: Sequence[Mention], denied: Sequence[Mention], asked: frozenset[str]
) -> tuple[int, int] | None:
    """The characters of a source that the text names for one of two different values; None if it names none.

    Two values that only "and", "or" or a comma connects do not count. If one of them is denied, its own
    sentence must name the source. Words of the question, whose keys are `asked`, are not taken for a source.
    """
    own: set[int] = set()
    for one, other in pairwise(sorted([*values, *denied], key=lambda m: m.first)):
        if one.claim != other.claim and not _joined(text, one, other):
            own |= {m.sentence for m in (one, other) if m in denied} or {one.sentence, other.sentence}
    told = _told(text, [*values, *denied])
    rows = {n for n, sentence in enumerate(text.sentences[:200]) if text.words[sentence.first].text == "|"}
    for number in sorted(own | rows if own & rows else own):
        sentence = text.sentences[number]
        low, high = text.characters(sentence)
        high = min(high, low + _LONGEST)
        named = [
            (start, end)
            for source, start, end in _sources(text.text, low, high)
            if not _UNNAMED.match(source)
        ]
        for start, end in [*named, *tells_of_sources(folded_same_length(text.text[low:high]), low)]:
            keys = {word.key for word in RunningText(text.text[start:end]).words if word.content}
            if not told & set(range(start, end)) and (not keys or not keys <= asked):
                return start, end
    handed: dict[str, tuple[int, int]] = {}
    for found in _HANDED.finditer(text.text[:_LONGEST]) if own else ():
        name = found["who"] or found["label"]
        if not told & set(range(*found.span())) and not _NO_SOURCE.match(name) and not is_date_word(name):
            handed.setdefault(name, found.span())
    return list(handed.values())[1] if len(handed) > 1 else None


_HANDED = lazy_pattern(rf"\b(?:by|per|follow) (?:the )?(?P<who>{_NAME})|(?P<label>{_NAME}):(?= )")
"""A name behind "by" or before a colon. Two of them hand out two values."""
_LONGEST = 2000
"""Characters of a sentence in which sources are looked for."""


def _joined(text: RunningText, one: Mention, other: Mention) -> bool:
    """Whether nothing but "and", "or", signs and small words are between two values; not if one is denied."""
    between = text.words[max(one.words, default=one.first) + 1 : min(other.words, default=other.first)]
    return not any(
        word.content or is_negator(word.text) or word.text in ("another", "other", "is", "was", ";", ".", "[")
        for word in between
    )


def _told(text: RunningText, mentioned: Sequence[Mention]) -> set[int]:
    """The places of the characters of claims."""
    words = [text.words[i] for mention in mentioned for i in mention.words]
    return {place for word in words for place in range(word.start, word.end)}


_BEGINS = lazy_pattern(
    r"(?:^|[.;:]|\b(?:and|but|while|whereas))[\s\"“*-]*(?:(?:according to|in|per|by|for) )?(?:the )?$",
    re.IGNORECASE,
)


def _number(source: str) -> int | None:
    """The number of a source that is named by one: "[2]", "article 2", "the second article", "Passage B"."""
    folded = source.casefold()
    if (digits := re.search(r"\d+", folded)) is not None:
        return int(digits.group())
    if (letter := re.search(r" ([a-e])$", folded)) is not None:
        return ord(letter[1]) - ord("a") + 1
    return next((n + 1 for word, n in _NUMBER_WORDS.items() if re.search(rf"\b{word}\b", folded)), None)


_UNNAMED = lazy_pattern(
    r"(?:one|another|other|some|most|several|many|two|three|four|elsewhere|he|she|an?)\b", re.IGNORECASE
)


def _sources(text: str, low: int, high: int) -> list[tuple[str, int, int]]:
    """The sources that a sentence names, with their places."""
    found = list(_citations(folded_same_length(text[low:high]), low))
    for name, first in _named(text, low, high):
        bare = re.sub(r"['’]s?$", "", name)
        end = first + len(bare)
        bare = bare.removeprefix("As ").removeprefix("as ")
        start = end - len(bare)
        unnamed = not bare or _NO_SOURCE.match(bare.strip())
        if not unnamed and not any(s < end and start < e for _, s, e in found):
            found.append((bare.strip(), start, end))
    return sorted(found, key=lambda f: f[1])


def _named(text: str, low: int, high: int) -> Iterator[tuple[str, int]]:
    """What may name a source, with its first character; of two that overlap, the first counts."""
    folded = folded_same_length(text[low:high])
    for pattern in (_POSITION, _SOME):
        for match in pattern.finditer(folded):
            yield text[low + match.start() : low + match.end()], low + match.start()
    for match in _PRONOUN.finditer(text, low, high):
        yield match.group(), match.start()
    patterns = [*_PATTERNS, *([_SHARES_VERB] if _BY_VERB.search(text, low, high) else [])]
    for pattern in patterns:
        for match in pattern.finditer(text, low, high):
            for name in ("who", "by"):
                if name in match.re.groupindex and match.group(name):
                    yield match.group(name), match.start(name)


def _citations(folded: str, low: int) -> Iterator[tuple[str, int, int]]:
    """Numbers in brackets, each as a source of its own: "[1, 3]" names two."""
    for cited in _CITED.finditer(folded):
        for number in re.findall(r"\d+", cited.group()):
            yield f"[{number}]", low + cited.start(), low + cited.end()


def _bound(
    text: RunningText, own: Sequence[Mention], *, source: str, place: tuple[int, int], before: int, after: int
) -> list[Mention]:
    """The mentions to which a source belongs: those behind it up to the next source, else those before it."""
    start, end = place
    places = [(text.words[m.first].start, text.words[m.end - 1].end, m) for m in own]
    earlier = [(b, m) for a, b, m in places if b <= start]
    speaks = _SPEAKS.match(text.text, end) is not None
    opens = _OPENS.search(text.text[max(0, start - 30) : start]) is not None
    if source.startswith("[") and opens:
        opened = _OPENED.match(text.text, end) is not None
        if opened and (behind := [m for a, _, m in places if end <= a < after]):
            return behind
    follows = (
        (source.startswith("[") and not speaks)
        or text.text[start - 1 : start] == "("
        or (text.text[max(0, start - 4) : start] == " in " and not opens)
        or _BEHIND.match(text.text[max(0, start - 14) : start])
    )
    if follows and earlier:
        return [max(earlier, key=lambda p: p[0])[1]]
    behind = [m for a, _, m in places if end <= a < after]
    if behind:
        return behind
    return [m for b, m in earlier if b >= before]


def _passage(source: str, shown: Sequence[str]) -> int | None:
    folded = source.casefold()
    if (number := re.search(r"\d+", folded)) is not None:
        n = int(number.group()) - 1
        return n if 0 <= n < len(shown) else None
    for word, n in _NUMBER_WORDS.items():
        if re.search(rf"\b{word}\b", folded):
            return n if n < len(shown) else None
    if re.search(r"\blast\b", folded) and shown:
        return len(shown) - 1
    bare = folded.removeprefix("the ")
    for n, name in enumerate(shown):
        known = name.casefold().removeprefix("the ")
        if known and (
            _has_words(folded, known) or (len(bare) >= _FEWEST_LETTERS and _has_words(known, bare))
        ):
            return n
    return None


_FEWEST_LETTERS = 4
"""Letters of a part of a name by which a passage is told."""


def _has_words(text: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None
