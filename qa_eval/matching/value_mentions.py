"""Where an answer in words gives quantities and dates, and which claims they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from qa_eval.matching.date_phrases import date_phrases
from qa_eval.matching.dates import read_date
from qa_eval.matching.nouns import conflict
from qa_eval.matching.numerals import cardinal
from qa_eval.matching.quantities import Quantity, read_quantities
from qa_eval.matching.running_text import FUNCTION_WORDS, RunningText, Sentence, Word, stem
from qa_eval.matching.sought_claims import Mention, Sought
from qa_eval.matching.spelling import is_negator, vocabulary
from qa_eval.matching.typed import match
from qa_eval.matching.units import LOWER, MEASURE_KINDS, METRIC
from qa_eval.records import Match
from qa_eval.text.lazy_patterns import lazy_pattern

MOST_VALUES = 60
"""Distinct values of an answer that are judged; further ones are other values without being read."""
_CLOSE = lazy_pattern(r"\bclose to\b", re.IGNORECASE)
_GROUPS = {
    "pair": "two",
    "duo": "two",
    "trio": "three",
    "quartet": "four",
    "quintet": "five",
    "sextet": "six",
}
"""Words for a group of so many."""
_GROUP = lazy_pattern(rf"\b(?:an? )?({'|'.join(_GROUPS)}) of\b", re.IGNORECASE)
_WHOLE = lazy_pattern(
    r" (?:full|whole|entire|solid|straight|good) (?=(?:days|weeks|months|years|decades|hours)\b)",
    re.IGNORECASE,
)
_BARE_FEW = lazy_pattern(r"^few\b", re.IGNORECASE)

_BEFORE = 5

_BEHIND = 6

_STOPS = frozenset('.,;:!?()[]"“”*—')

_JOINING = vocabulary(
    "and or but while whereas according in on at which who that from as were was is are had have with"
)

_BOUND_WORDS = vocabulary("""over more less fewer than nearly almost around about roughly approximately at
least most up to some just under not no between exactly well only c ca circa estimated perhaps close in
excess of upwards above below aged age older younger $ £ € us roughly fully as many tens dozens scores
hundreds thousands several few couple a an the us$ minus - ~""")

_TAIL_BOUNDS = vocabulary("more less fewer so above over under")

_NEGATED_BOUND = vocabulary("less more fewer over under")


def quantity_mentions(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    """The quantities of a text that are claims by the strict typed match, or values of no claim."""
    words, others = text.words, 0
    judged: dict[str, tuple[str, str, str]] = {}
    i = 0
    while i < len(words):
        end = _amount_end(text, i)
        timed = wanted.answer_type in ("duration", "age")
        if end is None or (not timed and words[i].text in ("a", "an") and words[i + 1].text in _ONE_UNITS):
            i += 1
            continue
        sentence = text.sentence_at(i)
        bounds = text.sentences[sentence]
        low, high = _window(text, i, end, bounds)
        phrase = _plain_amount(text.text[words[low].start : words[high - 1].end])
        after = _range_end(text, i, end)
        verdict = judged.get(phrase)
        if verdict is None:
            if len(judged) >= MOST_VALUES * 50:
                verdict = ("", "other", "")
            else:
                verdict = judged[phrase] = _judge(
                    phrase, wanted, alone=len(words) <= end - low + 4, short=len(words) <= _SHORT
                )
        claim, rule, detail = verdict
        ignored = _cites(text, i, end) or (rule == "other" and _beside(text, i, end, bounds, wanted))
        if claim == "*":
            for id in detail.split("\0"):
                yield Mention(
                    id, sentence, i, max(end, after), frozenset(range(low, max(end, after))), "number", phrase
                )
        elif claim and not _cites(text, i, end):
            yield Mention(
                claim, sentence, i, max(end, after), frozenset(range(low, max(end, after))), rule, detail
            )
        elif rule == "other" and not ignored and others < MOST_VALUES:
            others += 1
            yield Mention(
                "", sentence, i, max(end, after), frozenset(range(low, max(end, after))), "number", detail
            )
        i = max(end, after)


def _plain_amount(phrase: str) -> str:
    """The phrase in words that the typed match reads: "three" for "a trio of"."""
    counted = _WHOLE.sub(" ", _GROUP.sub(lambda found: _GROUPS[found[1].lower()], phrase))
    return _BARE_FEW.sub("a few", _CLOSE.sub("nearly", counted))


_VAGUE = vocabulary("tens dozens scores hundreds thousands millions several few dozen many")


def _amount_end(text: RunningText, i: int) -> int | None:
    """The number of the word after the amount that begins at word i; None if none begins."""
    token = text.tokens[i]
    if token.text in ("a", "an") and _word_at(text, i + 1) in _ONE_UNITS:
        half = [_word_at(text, j) for j in (i + 2, i + 3, i + 4)] == ["and", "a", "half"]
        return i + 5 if half else i + 1
    if token.text.endswith("long") and token.text.removesuffix("long") in _ONE_UNITS:
        return i + 1
    found = cardinal(text.tokens, i) if token.text not in ("a", "an") or _after_article(text, i) else None
    if found is not None:
        if token.text == "one" and not _counts_one(text, i):
            return None
        return found[1]
    if token.text in _GROUPS and _word_at(text, i + 1) == "of":
        return i + 2
    if token.text in _VAGUE and token.kind == "word":
        j = i + 1
        while j < len(text.tokens) and text.tokens[j].text in ("of", *_VAGUE):
            j += 1
        return j
    before = text.words[i - 1] if i else None
    if token.text in _UNIT_ALONE and (before is None or before.kind != "number"):
        return i + 1
    return None


_UNIT_ALONE = vocabulary("weeks days months")

_ONE_UNITS = vocabulary("year week month day century decade fortnight")


def _word_at(text: RunningText, i: int) -> str:
    return text.tokens[i].text if i < len(text.tokens) else ""


def _after_article(text: RunningText, i: int) -> bool:
    follows = text.tokens[i + 1].text if i + 1 < len(text.tokens) else ""
    return follows in ("hundred", "thousand", "million", "dozen", "half", "quarter", "billion")


_ONE_COUNTS = vocabulary(
    "inch year week month day hour mile kilometer km percent hundred thousand million and"
)


def _counts_one(text: RunningText, i: int) -> bool:
    """Whether "one" is a number: "one inch", "one or two"."""
    after = _word_at(text, i + 1)
    other = i + 2 if after == "or" else i - 2 if i > 1 and _word_at(text, i - 1) == "or" else len(text.tokens)
    joined = cardinal(text.tokens, other) is not None
    return after in _ONE_COUNTS or len(text.words) <= 3 or joined


def _range_end(text: RunningText, i: int, end: int) -> int:
    """The word after a range that begins with the amount: "57-58", "180 to 194"."""
    words = text.words
    if end + 1 < len(words) and "\n" in text.text[words[end - 1].end : words[end].start]:
        return end
    if end + 1 < len(words) and (
        words[end].text in ("-", "to")
        or (words[end].text == "%" and end + 2 < len(words) and words[end + 1].text in ("-", "to"))
        or (words[end].text == "and" and i > 0 and words[i - 1].text == "between")
    ):
        start = end + 2 if words[end].text == "%" else end + 1
        found = _amount_end(text, start) if start < len(words) else None
        if found is not None:
            return found
    return end


def _window(text: RunningText, i: int, end: int, sentence: Sentence) -> tuple[int, int]:
    words = text.words
    low = i
    while low > max(sentence.first, i - _BEFORE) and words[low - 1].text in _BOUND_WORDS:
        low -= 1
    while low < i and (
        (is_negator(words[low].text) and words[low + 1].text not in _NEGATED_BOUND)
        or (
            words[low].text in ("to", "of", "as", "in", "the", "only", "at")
            and words[low + 1].text not in ("least", "most", "excess")
            and not (words[low].text == "as" and words[low + 1].text == "many")
        )
        or words[low].text == "than"
    ):
        low += 1
    high = _range_end(text, i, end)
    limit = min(sentence.end, high + _BEHIND)
    if high + 1 < limit and words[high].text in ("or", "and") and words[high + 1].text in _TAIL_BOUNDS:
        return low, high + 2
    while high < limit:
        word = words[high]
        half = word.text == "and" and words[high + 1 : high + 3] and words[high + 1].text in ("a", "half")
        if half and high + 2 < limit and words[high + 2].text == "half":
            high += 3
            continue
        if (
            word.text in _STOPS
            or word.text in _JOINING
            or (word.kind == "number" and word.key.startswith("#"))
        ):
            break
        high += 1
    return low, high


_SHORT = 12
"""Words of a text in which a number without a unit may be a duration."""


def _judge(phrase: str, wanted: Sought, *, alone: bool, short: bool) -> tuple[str, str, str]:
    """(claim, rule, detail) of a phrase with one quantity; the rule is `other` for a value of no claim."""
    fits: list[tuple[int, str, str, str]] = []
    for id, wordings in wanted.texts:
        for wording in wordings:
            verdict = match(phrase, wording, wanted.answer_type, strict=True)
            unsaid = verdict.ok and verdict.detail.endswith("(unit unsaid)") and _is_bare(phrase, wanted)
            same = _same_bound(phrase, wording, verdict) or _converted(phrase, wording, verdict)
            vague = verdict.ok and verdict.detail.endswith("(no number added)")
            if verdict.makes_claim or unsaid or same or vague:
                fits.append((verdict.level, id, verdict.rule, verdict.detail))
    if not fits:
        fits = list(_without_asked_nouns(phrase, wanted))
    if fits:
        best = max(fit[0] for fit in fits)
        ids = list(dict.fromkeys(fit[1] for fit in fits if fit[0] == best))
        first = next(fit for fit in fits if fit[0] == best)
        return (ids[0], first[2], first[3]) if len(ids) == 1 else ("*", "number", "\0".join(ids))
    return _other(phrase, wanted, alone=alone, short=short)


def _without_asked_nouns(phrase: str, wanted: Sought) -> Iterator[tuple[int, str, str, str]]:
    """(level, claim, rule, detail) of the claims that a count is if neither says what the question asks for:
    "138 years" and "138", "400" and "400 shillings".
    """
    said = _number_alone(phrase, wanted)
    for id, wordings in wanted.texts:
        for wording in wordings:
            meant = _number_alone(wording, wanted)
            if said and meant and (said, meant) != (phrase, wording):
                verdict = match(said, meant, "number", strict=True)
                if verdict.makes_claim:
                    yield verdict.level, id, verdict.rule, verdict.detail


def _number_alone(phrase: str, wanted: Sought) -> str:
    """The phrase without the words of the question; empty if more than one number is left of it."""
    words = [word for word in RunningText(phrase).words if word.key not in wanted.question]
    left = " ".join(phrase[word.start : word.end] for word in words)
    return left if words and all(word.kind == "number" for word in words) else ""


def _is_bare(phrase: str, wanted: Sought) -> bool:
    """True for a number without a unit, or with one that the question asks for: "100" of "100 kilometers"."""
    read = read_quantities(phrase).found
    if not read or read[0].kind == "count" or read[0].kind.split(":")[0] == wanted.answer_type:
        return True
    return any(word.key in wanted.question for word in RunningText(phrase).words if word.kind == "word")


def _same_bound(phrase: str, wording: str, verdict: Match) -> bool:
    """True if nothing differs but "at least" from "over": people do not tell these apart."""
    if not verdict.detail.endswith("(another bound)"):
        return False
    one, other = read_quantities(phrase).found, read_quantities(wording).found
    return bool(one and other) and one[0].bound in LOWER and other[0].bound in LOWER


def _converted(phrase: str, wording: str, verdict: Match) -> bool:
    """Whether the two are one measure in different units, rounded: "62 miles" for "100 kilometers"."""
    if verdict.ok:
        return False
    one, other = read_quantities(phrase).found, read_quantities(wording).found
    if not len(one) == len(other) == 1:
        return False
    said, meant = one[0], other[0]
    plain = all(q.low == q.high and q.low and q.said[0] and q.kind in MEASURE_KINDS for q in (said, meant))
    if not plain or said.bound != meant.bound:
        return False
    (kind, amount), (other_kind, other_amount) = _metric(said), _metric(meant)
    ratio = (amount / said.said[0]) / (other_amount / meant.said[0])
    if kind != other_kind or ratio == 1:
        return False
    # Either is the other, rounded to a whole number of its own unit.
    return (
        round(other_amount * said.said[0] / amount) == said.said[0]
        or round(amount * meant.said[0] / other_amount) == meant.said[0]
    )


def _metric(quantity: Quantity) -> tuple[str, Fraction]:
    """The kind and value of a measure, converted where there is one metric unit for it."""
    kind, factor = METRIC.get(quantity.kind, (quantity.kind, Fraction(1)))
    return kind, quantity.low * factor


def _other(phrase: str, wanted: Sought, *, alone: bool, short: bool) -> tuple[str, str, str]:
    read = read_quantities(phrase)
    if not read.found:
        return "", "", ""
    quantity = read.found[0]
    kind = "count" if quantity.kind == "part" else quantity.kind
    expected = {"count" if k == "part" else k for k in wanted.kinds} or {"count"}
    if alone and kind == "count":
        return "", "other", quantity.text
    if kind == "count" and not read.behind and "count" not in expected and not quantity.vague:
        if wanted.answer_type == "duration" and not short:
            return "", "", "a number without a unit"
        year = quantity.text.isdecimal() and len(quantity.text) == 4
        return ("", "", "a year") if year else ("", "other", quantity.text)
    aged = wanted.answer_type == "age" and quantity.aged
    timed = kind in ("days", "months") and bool(expected & {"days", "months"})
    if kind not in expected and not aged and not timed:
        return "", "", "another unit"
    bare = quantity.text.isdecimal() and 1000 <= int(quantity.text[:5]) <= 2100 and len(quantity.text) == 4
    if bare and not read.behind:
        return "", "", "a year"
    for _, wordings in wanted.texts:
        for wording in wordings:
            why = conflict(read.counted, read_quantities(wording).counted)
            if why:
                return "", "", why
    if kind == "count" and read.behind:
        key = stem(read.behind)
        if key not in wanted.question | wanted.vocabulary and read.behind not in _ANY_NOUN:
            return "", "", f"{read.behind} were not asked for"
    return "", "other", quantity.text


_ANY_NOUN = vocabulary(
    "people persons individuals members states countries ones percent total altogether men visitors in"
)


def _cites(text: RunningText, i: int, end: int) -> bool:
    """True for "[2]", "article 2", "2." at the beginning of a line, and "Server 2022"."""
    words = text.words
    before = words[i - 1] if i else None
    after = words[end] if end < len(words) else None
    if before is not None and before.text in ("[", "#") and after is not None and after.text in ("]", ","):
        return True
    if before is not None and before.text in _NUMBERED:
        return True
    if (
        after is not None
        and after.text in (".", ")")
        and (before is None or "\n" in text.text[before.end : words[i].start])
    ):
        return end + 1 < len(words) and end == i + 1 and len(words[i].text) <= 2
    return (
        after is not None
        and after.text in ("of",)
        and end + 2 < len(words)
        and words[end + 1].text in ("the", "these")
        and (words[end + 2].key in _SOURCES)
    ) or (after is not None and after.key in _SOURCES)


_NUMBERED = vocabulary(
    "article articles source sources text texts passage passages document documents report context reference"
)

_SOURCES = frozenset(stem(word) for word in _NUMBERED)


def _beside(text: RunningText, i: int, end: int, sentence: Sentence, wanted: Sought) -> bool:
    """True for a number that dates, ranks or locates something else."""
    words = text.words
    before = words[i - 1].text if i > sentence.first else ""
    word = words[i]
    dating = before in _BEFORE_YEARS or before.endswith("'s")
    if word.text.isdecimal() and len(word.text) == 4 and dating:
        return True
    if word.key in wanted.question:
        return True
    follows = words[end].text if end < len(words) else ""
    near = {word.text for word in words[max(sentence.first, i - 3) : i]}
    if near & {"aged", "gap", "difference", "margin"} and wanted.answer_type == "number":
        return True
    if "or" not in near and _of_another(text, i, end, sentence, wanted):
        return True
    return follows in ("th", "st", "nd", "rd", "/") or before == "/"


_BEFORE_YEARS = vocabulary("in since of by until from server office")
_CLAUSE_ENDS = frozenset(",;:()—|")

_CLAUSE_OPENERS = vocabulary("while whereas against compared but and versus vs than")

_TELLING = frozenset(
    stem(word)
    for word in vocabulary(
        """say says said report reports reported put puts give gives gave state states stated claim claims
        claimed article
        articles source sources text passage one another total figure number count counted estimate
        estimated according"""
    )
)


_DATING = frozenset(
    stem(word)
    for word in vocabulary("again once more later week day month year morning evening next following same")
)
"""Words that say when in other words."""


def _of_another(text: RunningText, first: int, end: int, sentence: Sentence, wanted: Sought) -> bool:
    """True for a value whose clause is about something else: "while the government side lost 194 people".

    Such a clause has two content words or more that are not of the question, and few that are.
    """
    words = text.words
    low = first
    while low > max(sentence.first, first - 30) and words[low - 1].text not in _CLAUSE_ENDS | _CLAUSE_OPENERS:
        low -= 1
    high = end
    while high < min(sentence.end, end + 30) and words[high].text not in _CLAUSE_ENDS | _CLAUSE_OPENERS:
        high += 1
    keys = {w.key for w in (*words[low:first], *words[end:high]) if w.content and w.kind == "word"} - _TELLING
    keys -= _DATING if wanted.answer_type == "date" else frozenset()
    asked = keys & wanted.question
    sided = "side" in keys and "side" not in wanted.question
    return sided or (len(keys - asked - wanted.vocabulary) >= 2 and len(asked) < 0.3 * len(wanted.question))


def date_mentions(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    """The dates of a text that are claims by the typed match, or other values."""
    others = 0
    judged: dict[str, tuple[str, str, str]] = {}
    for number, i, end, phrase in date_phrases(text):
        verdict = judged.get(phrase) or (
            _judge_date(phrase, wanted) if len(judged) < MOST_VALUES * 50 else ("", "other", phrase)
        )
        judged[phrase] = verdict
        claim, rule, detail = verdict
        if claim:
            for id in claim.split("\0"):
                yield Mention(id, number, i, end, frozenset(range(i, end)), rule, detail)
        elif (
            rule == "other"
            and others < MOST_VALUES
            and not _in_question(text.words[i:end], wanted)
            and not _of_another(text, i, end, text.sentences[number], wanted)
        ):
            others += 1
            yield Mention("", number, i, end, frozenset(range(i, end)), "date", detail)


def _judge_date(phrase: str, wanted: Sought) -> tuple[str, str, str]:
    fits: dict[str, tuple[int, str, str]] = {}
    for id, wordings in wanted.texts:
        for wording in wordings:
            strict = match(phrase, wording, "date", strict=True)
            if strict.makes_claim:
                fits[id] = max(fits.get(id, (0, "", "")), (strict.level, strict.rule, strict.detail))
            elif (lenient := match(phrase, wording, "date", strict=False)).makes_claim:
                fits.setdefault(id, (1, lenient.rule, lenient.detail))
    if fits:
        best = max(fits.values())[0]
        ids = [id for id, fit in fits.items() if fit[0] == best]
        return "\0".join(ids), *fits[ids[0]][1:]
    date = read_date(phrase)
    return ("", "", "") if isinstance(date, str) else ("", "other", phrase)


def _in_question(words: Sequence[Word], wanted: Sought) -> bool:
    return all(w.key in wanted.question or w.text in FUNCTION_WORDS or w.kind == "symbol" for w in words)
