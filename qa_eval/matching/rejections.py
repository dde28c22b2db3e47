"""Which mentions of an answer are its answer: what it denies, replaces or only tells as background.

And the parts of a list that belong to no claim: "Russia and the United States".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from qa_eval.matching.running_text import FUNCTION_WORDS, RunningText, Word, breaks_clause
from qa_eval.matching.sought_claims import Mention, Sought
from qa_eval.matching.spelling import folded_same_length, is_negator, vocabulary
from qa_eval.records import NUMERIC_TYPES
from qa_eval.text.lazy_patterns import lazy_pattern

_DENYING = lazy_pattern(
    r"(?:\bnot|\bnever|\bnor|\bn't|n't|\brather than|\binstead of|\bneither|\bless|\banything but"
    r"|\bas opposed to"
    r"|\bunlike|\bwithout|\bexcluding|\bexcept(?: for)?|\bno longer|\bfar from|\bcontrary to"
    r"|\bby no means|\bin no way|\bas against|\bcompared (?:to|with)|\bit is false that)\s+"
    r"(?:(?:necessarily|officially|really|actually|exactly|simply|just|yet|a|an|the|any|in|on|at|by|from"
    r"|to|of|for|as|was|"
    r"is|were|been|be|have|had|his|their|matter|deeply|highly|very|so|some|most|many|all|only|about"
    r"|around|what|those|with|under|using|c\.?|circa|approximately|roughly|until)\s+)*[\"'“‘(]*$"
)
"""What stands right before a value that is denied."""
_NOT_DENYING = lazy_pattern(r"not (?:only|just|merely)|less than\s*$|no less than|not necessarily wrong")
_WRONG_BEHIND = lazy_pattern(
    r"^[\"'”’)\]]*[^.;]{0,40}?\b(?:(?:is|was|are|were|seems?|appears?|must be)(?: to be)?(?: \w+)? (?:a "
    r"|an )?(?:wrong|incorrect|mistaken|false|"
    r"slip|mistake|error|erroneous|inaccurate|outdated|superseded|misprint|typo|not (?:correct|right"
    r"|true|supported|accurate)|"
    r"unlikely|untrue|implausible|refuted|disproved)|(?:isn't|wasn't) (?:correct|right|true)"
    r"|can be (?:ruled out|dismissed|discarded)"
    r"|(?:is|was|look|looks|seems?|strikes me as|clearly|obviously|evidently) (?:\w+ ){0,3}?(?:mix-up"
    r"|tampering|slip"
    r"|confusion|too \w+|dubious|doubtful|suspect|suspicious|unreliable|odd|a guess)|sits oddly)\b"
)
_EITHER = lazy_pattern(r"\b(?:either|whether)\b")
_OR_NOT = lazy_pattern(r"^[^.;]{0,60}?\bor not\b(?! [\w])")
_OLDER = lazy_pattern(
    r"\b(?:up from|down from|used to be|revised (?:up |down |upwards? |downwards? )?from|instead of the"
    r"|corrected from|rather than the"
    r"|(?:earlier|early|initial|initially|previous|previously|preliminary|original|originally|older"
    r"|former|at first|first(?= (?:reported|counted|announced|said|thought|believed|put)))"
    r"(?: (?:reports?|figures?|counts?|estimates?|tall(?:y|ies)|toll|numbers?|claims?|accounts?|statements?|"
    r"information|assessment))?(?: (?:of|had|said|put|gave|spoke|was|were|that|it|at|by|from|been"
    r"|were of|mentioned|stated|"
    r"reported|there|as|being|believed|thought|announced|counted|claimed|around|about|over|nearly|the"
    r"|a|an|some|of|most|to be|with))*)[\s,:]*$"
)
_NEWER = lazy_pattern(
    r"\b(?:later|down to|up to|now|finally|eventually|since|updated?|latest|revised|final|subsequently"
    r"|correct(?:ed|ion)?|but|then|rose|risen|"
    r"raised|rather|instead|became|in fact|actually|however|turned out|more recent)\b"
)
_FINAL = lazy_pattern(
    r"(?:^|[\s\"*(])(?:(?:final |short |best |correct |right |my |the |most likely |so the "
    r"|likeliest )*answer(?: is| would be|:|\*\*:?)"
    r"(?: therefore| that| thus| hence)?|i (?:would|'d|will|therefore|thus)[\w ]{0,20}? answer|(?:so"
    r"|therefore|thus|hence),? (?:i (?:would )?"
    r"(?:answer|say|conclude|go with|pick|choose))|i(?:'d| would|'ll| will) (?:rather |still "
    r"|therefore )?(?:go with|pick|choose|settle on|opt for)"
    r"|the (?:correct|right|better|best|true|likelier) (?:\w+ )?(?:is|was|word is|reading is))[\s:*\-–—\"]*"
)
_END_OF_ANSWER = lazy_pattern(r"[.!\n]\s|\b(?:because|since)\b")
_CONCEDED = lazy_pattern(r"\b(?:despite|in spite of|notwithstanding)\b[^.;:()]*$")
"""Words after which a sentence names what does not change its answer."""
_LIST_AND = vocabulary("and or , & plus with /")
_VERBISH = vocabulary("""is was were are be been has had have said says did do does would will could can
told added went came made took fought helped led which who that where when while because according so since
after before but claimed found gave reported stated wrote left fled died backed used flew ran began
continued""")


def rejections(
    text: RunningText, found: Sequence[Mention], wanted: Sought
) -> tuple[list[Mention], list[Mention]]:
    """The mentions that the text gives as its answer, and those that it denies or replaces, with the rule."""
    folded = folded_same_length(text.text)
    kept: list[Mention] = []
    denied: list[Mention] = []
    for mention in found:
        sentence = text.sentences[mention.sentence]
        if sentence.asks:
            continue
        rule = _denied(text, folded, mention)
        (denied.append(replace(mention, rule=rule)) if rule else kept.append(mention))
    kept, dropped = _final(text, folded, kept)
    denied += dropped
    kept, dropped = _background(text, folded, kept)
    denied += dropped
    kept, dropped = _replaced(text, folded, kept)
    denied += dropped
    kept, dropped = _equated(text, kept)
    denied += dropped
    kept, dropped = _concluded(text, kept)
    denied += dropped
    kept, dropped = _details(text, kept, wanted)
    denied += [m for m in dropped if m.claim]
    return kept, denied


def _bounds(text: RunningText, mention: Mention) -> tuple[int, int, int, int]:
    """Offsets: start of the sentence, start and end of the mention, end of the sentence; at most 300
    around.
    """
    sentence = text.sentences[mention.sentence]
    start, end = text.words[mention.first].start, text.words[mention.end - 1].end
    low, high = text.characters(sentence)
    return max(low, start - 300), start, end, min(high, end + 300)


def _denied(text: RunningText, folded: str, mention: Mention) -> str:
    low, start, end, high = _bounds(text, mention)
    if mention.words:
        start = min(start, text.words[min(mention.words)].start) if mention.rule != "words" else start
    before, after = folded[low:start], folded[end:high]
    if not _says_no(text, mention):
        if _DENYING.search(before) and not _NOT_DENYING.search(before[-30:]):
            return "denied"
        modified = _modifier_start(text, mention)
        if (
            modified < start
            and _DENYING.search(folded[low:modified])
            and not _NOT_DENYING.search(folded[low:modified][-30:])
        ):
            return "denied"
    if _EITHER.search(before) and _OR_NOT.search(after):
        return "says nothing: it is so or not"
    if _WRONG_BEHIND.search(after):
        return "called wrong"
    return ""


def _modifier_start(text: RunningText, mention: Mention) -> int:
    """Where the words begin that lead to the mention without a break: "not a major victory"."""
    i = min(mention.words) if mention.words else mention.first
    first = text.sentences[mention.sentence].first
    i = min(i, mention.first)
    while i > first and mention.first - i < 3:
        word = text.words[i - 1]
        if (
            word.kind == "symbol"
            or is_negator(word.text)
            or word.text in _VERBISH
            or word.text in FUNCTION_WORDS
        ):
            break
        i -= 1
    return text.words[i].start


def _says_no(text: RunningText, mention: Mention) -> bool:
    """Whether the claim itself is a denial, so that a negator belongs to it."""
    low = folded_same_length(mention.detail)
    return mention.rule == "words" and any(is_negator(word) for word in re.findall(r"[\w']+", low))


def _final(text: RunningText, folded: str, found: Sequence[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Only what follows an explicit answer counts, if a claim or value does."""
    marks = [m.end() for m in _FINAL.finditer(folded)]
    if not marks:
        return list(found), []
    mark = marks[-1]
    line = _END_OF_ANSWER.search(folded, mark + 2)
    stop = line.start() if line else len(folded)
    at = [m for m in found if mark <= text.words[m.first].start < stop + 1]
    if not any(m.claim for m in at):
        return list(found), []
    held = [m for m in found if m not in at]
    return at, [replace(m, rule="not the final answer") for m in held]


_EQUAL = vocabulary(
    "which that is was are were equals equal equivalent to also about around approximately roughly i.e i e c"
)
_OPENING = frozenset({"(", "which", "equivalent", "equal", "i.e", "equals"})
_CONCLUDING = vocabulary("therefore thus hence so consequently overall conclusion summary")


def _equated(text: RunningText, found: Sequence[Mention]) -> tuple[list[Mention], list[Mention]]:
    """A claim that is given as another form of the one before it: "one inch (26.5 mm)", "A, which is B"."""
    dropped: list[Mention] = []
    for one, other in pairwise(sorted((m for m in found if m.claim), key=lambda m: m.first)):
        if one.claim == other.claim or one.sentence != other.sentence or other.first < one.end:
            continue
        between = [w for w in text.words[one.end : other.first] if w.text not in (",", ".")]
        units = next((n for n, w in enumerate(between) if w.text in _OPENING), 0)
        between = between[units if units <= 2 else 0 :]
        behind = {w.text for w in text.words[other.end : other.end + 2]}
        plain = all(w.text in _EQUAL for w in between[1:])
        bracketed = bool(between) and between[0].text == "(" and plain and ")" in behind
        said = bool(between) and between[0].text in _OPENING - {"("} and plain
        if bracketed or (said and len(between) > 1):
            dropped.append(replace(other, rule="another form of the claim before it"))
    gone = {(m.claim, m.first) for m in dropped}
    return [m for m in found if (m.claim, m.first) not in gone], dropped


def _concluded(text: RunningText, found: Sequence[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Where the text begins with one claim and concludes with it alone ("Therefore, …"), no other is
    asserted.
    """
    claims = [m for m in found if m.claim]
    if len({m.claim for m in claims}) < 2:
        return list(found), []
    last = claims[-1].sentence
    head = text.words[text.sentences[last].first].text
    concluding = {m.claim for m in claims if m.sentence == last}
    if (
        head not in _CONCLUDING
        or len(concluding) != 1
        or claims[0].claim not in concluding
        or last == claims[0].sentence
    ):
        return list(found), []
    held = [m for m in found if m.claim and m.claim not in concluding]
    return [m for m in found if m not in held], [replace(m, rule="not the conclusion") for m in held]


def _background(
    text: RunningText, folded: str, found: Sequence[Mention]
) -> tuple[list[Mention], list[Mention]]:
    """A claim in a clause that begins with "although" or "contrary to", where another follows in the
    sentence, or behind "despite", where another comes before.
    """
    kept, dropped = [], []
    for mention in found:
        low, start, end, high = _bounds(text, mention)
        head = folded[low:start].lstrip(" \"'*-")
        leads = re.match(r"(?:although|though|even though|contrary to|despite|in spite of|unlike)\b", head)
        comma = re.search(r"[,:;]", folded[end:high])
        other = comma is not None and any(
            m.claim
            and m.claim != mention.claim
            and m.sentence == mention.sentence
            and text.words[m.first].start > end
            for m in found
        )
        conceded = _CONCEDED.search(head) is not None and any(
            m.claim
            and m.claim != mention.claim
            and m.sentence == mention.sentence
            and text.words[m.first].start < start
            for m in found
        )
        if (leads and other and "," not in head) or conceded:
            dropped.append(replace(mention, rule="set aside"))
        else:
            kept.append(mention)
    return kept, dropped


def _replaced(
    text: RunningText, folded: str, found: Sequence[Mention]
) -> tuple[list[Mention], list[Mention]]:
    """An older count, where another is put in its place."""
    kept, dropped = [], []
    for mention in found:
        low, start, _, _ = _bounds(text, mention)
        before = folded[low:start]
        others = [m for m in found if m.claim != mention.claim and m.claim]
        older = _OLDER.search(before[-80:])
        superseded = older is not None and any(
            _NEWER.search(folded[text.words[max(0, m.first - 12)].start : text.words[m.first].start])
            or older.group().startswith(("up from", "down from", "revised", "corrected"))
            for m in others
        )
        if superseded:
            dropped.append(replace(mention, rule="superseded"))
        else:
            kept.append(mention)
    return kept, dropped


def _details(
    text: RunningText, found: Sequence[Mention], wanted: Sought
) -> tuple[list[Mention], list[Mention]]:
    """Leaves out further values of a sentence that only detail the claim before them: in brackets, behind a
    colon, or behind "which".
    """
    if wanted.answer_type not in NUMERIC_TYPES and wanted.answer_type != "date":
        return list(found), []
    kept: list[Mention] = []
    dropped: list[Mention] = []
    for mention in found:
        if mention.claim:
            kept.append(mention)
            continue
        sentence = text.sentences[mention.sentence]
        claims = [m for m in found if m.claim and m.sentence == mention.sentence and m.end <= mention.first]
        between = text.words[claims[-1].end : mention.first] if claims else []
        broken = any(w.text in ("(", ":", "which", "divided", "including") for w in between)
        inside = _in_brackets(text, mention, sentence.first)
        (dropped if claims and (broken or inside) else kept).append(mention)
    return kept, dropped


def _in_brackets(text: RunningText, mention: Mention, first: int) -> bool:
    depth = 0
    for word in text.words[max(first, mention.first - 40) : mention.first]:
        depth += (word.text == "(") - (word.text == ")")
    return depth > 0


# ------------------------------------------------------------------------------------------ other parts


_DETERMINERS = frozenset(["the", "a", "an", "its", "his", "her", "their", "who", "which", "where"])


def other_parts(
    text: RunningText, found: Sequence[Mention], denied: Sequence[Mention], wanted: Sought
) -> list[Mention]:
    """Parts of a list beside a claim that belong to none: names and words joined to it by "and" or a
    comma.
    """
    if wanted.answer_type in NUMERIC_TYPES or wanted.answer_type == "date":
        return []
    claimed = {i for m in (*found, *denied) for i in m.words}
    parts: list[Mention] = []
    for mention in found:
        if mention.claim:
            name = text.words[min(mention.words, default=mention.first)]
            named = wanted.answer_type in ("person", "place", "organization") or name.upper
            before = _before(text, mention, claimed, wanted) if named else None
            beside = [before] if before is not None else []
            for first, end in [*beside, *_neighbours(text, mention, claimed, wanted)]:
                if not any(p.first < end and first < p.end for p in parts):
                    parts.append(
                        Mention("", mention.sentence, first, end, frozenset(range(first, end)), "list")
                    )
    return parts


def _behind_claim(text: RunningText, mention: Mention, claimed: set[int], wanted: Sought) -> int:
    """The number of the word behind a claim and what belongs to it, at which a list may go on."""
    words, end = text.words, text.sentences[mention.sentence].end
    i = max(max(mention.words, default=mention.first) + 1, mention.end)
    while i < end and words[i].content and i not in claimed and i - mention.end < 3 and not _verb(words[i]):
        i += 1
    while wanted.asks_where and i < end and words[i].text in ("of", "the"):
        i += 1
        while i < end and words[i].content and words[i - 1].text in ("of", "the"):
            i += 1
    return i + 2 if [word.text for word in words[i : i + 3]] == ["as", "well", "as"] else i


def _neighbours(
    text: RunningText, mention: Mention, claimed: set[int], wanted: Sought
) -> list[tuple[int, int]]:
    words, sentence = text.words, text.sentences[mention.sentence]
    named = wanted.answer_type in ("person", "place", "organization") or wanted.asks_where
    found: list[tuple[int, int]] = []
    i = _behind_claim(text, mention, claimed, wanted)
    steps = 0
    explains = i + 1 < sentence.end and words[i].text == "," and words[i + 1].text in _DETERMINERS
    # "Putin, the president of Russia" explains; "Norway, the Netherlands and Denmark" lists.
    if explains and all(words[j].text not in ("and", "or") for j in range(i + 2, min(i + 12, sentence.end))):
        return found
    while i < sentence.end and (words[i].text in _LIST_AND or words[i - 1].text == "well") and steps < 6:
        steps += 1
        start = i + 1
        if _compares(words, start) or _locates(words, i):
            break
        while start < sentence.end and words[start].text in _LIST_AND | {
            "the",
            "a",
            "an",
            "of",
            "by",
            "from",
            "also",
            "as",
            "well",
            "both",
            *(("in", "at", "near") if wanted.asks_where else ()),
        }:
            start += 1
        end = start
        while (
            end < sentence.end
            and (words[end].content or words[end].text in ("of", "'s", "al", "the", "-", "for"))
            and words[end].text not in _VERBISH
            and end - start < 6
        ):
            end += 1
        while end > start and not words[end - 1].content:
            end -= 1
        if end == start or any(j in claimed for j in range(start, end)):
            i = end
            while i < sentence.end and i in claimed:
                i += 1
            if i == end and end == start:
                break
            continue
        if _is_answer_part(
            words, start, end, sentence.end, wanted, named=named, wholly=_short(text, mention)
        ):
            found.append((start, end))
        i = end
    return found


def _before(text: RunningText, mention: Mention, claimed: set[int], wanted: Sought) -> tuple[int, int] | None:
    """A name that "and" or "or" joins to the one behind it: "Reuters and the AP"; None if there is none."""
    words, first = text.words, text.sentences[mention.sentence].first
    i = min(mention.words, default=mention.first) - 1
    while i > first and words[i].text in _AROUND_NAMES:
        i -= 1
    if i <= first or words[i].text not in ("and", "or", "&"):
        return None
    end = i
    while end > first and words[end - 1].text in _AROUND_NAMES:
        end -= 1
    start = end
    while start > first and words[start - 1].upper and words[start - 1].content and start - 1 not in claimed:
        start -= 1
    part = words[start:end]
    known = wanted.question | wanted.vocabulary
    return (start, end) if part and not all(word.key in known for word in part) else None


_AROUND_NAMES = vocabulary('the a an * " “ ”')


def _compares(words: Sequence[Word], i: int) -> bool:
    """Whether the words at i begin a clause like "as the army says", which is no part of a list."""
    following = [word.text for word in words[i : i + 2]]
    return following[:1] == ["as"] and following != ["as", "well"]


def _locates(words: Sequence[Word], i: int) -> bool:
    """Whether a comma at i is followed by where something lies: "Oslo, in Norway"."""
    return words[i].text == "," and [word.text for word in words[i + 1 : i + 2]] in (["in"], ["at"], ["near"])


def _short(text: RunningText, mention: Mention) -> bool:
    return len(text.words) <= 25


def _verb(word: Word) -> bool:
    return word.text in _VERBISH


def _is_answer_part(
    words: Sequence[Word], start: int, end: int, limit: int, wanted: Sought, *, named: bool, wholly: bool
) -> bool:
    """Whether words joined to a claim are another answer rather than more of the sentence."""
    part = [w for w in words[start:end] if w.content]
    if not part or all(w.key in wanted.question or w.key in wanted.vocabulary for w in part):
        return False
    if part[-1].text in ("others", "buildings") or part[0].text in ("others",):
        return False
    follows = words[end].text if end < limit else "."
    if named:
        return any(w.upper for w in part) and (words[start - 1].text != ",")
    ends = follows in (".", ",", "!", ";", "were", "are", "was", "is") or end >= limit
    ends = ends or (len(part) == 1 and follows in ("in", "for", "of"))
    if any(w.text.endswith("ing") or w.text in _VERBISH for w in part[:1]):
        return False
    return wholly and ends and len(part) <= 4 and words[start - 1].text != ","


__all__ = ["breaks_clause", "other_parts", "rejections"]
