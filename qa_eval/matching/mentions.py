"""Where an answer in words mentions the claims of a fact, and values of the same kind that belong to none."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from qa_eval.matching.dates import read_date
from qa_eval.matching.nouns import conflict
from qa_eval.matching.numerals import cardinal
from qa_eval.matching.quantities import read_quantities
from qa_eval.matching.running_text import FUNCTION_WORDS, RunningText, Sentence, Word, skeleton, stem
from qa_eval.matching.spelling import is_negator, vocabulary
from qa_eval.matching.typed import match
from qa_eval.matching.units import LOWER
from qa_eval.records import AnswerType, Match, Question

NUMERIC = frozenset({"number", "duration", "percent", "age", "money"})
MOST_VALUES = 60
"""Distinct values of an answer that are judged; further ones are other values without being read."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a text mentions a claim, or a value that belongs to none."""

    claim: str
    """Id of the claim; empty for another value."""
    sentence: int
    first: int
    """Number of its first word in the text."""
    end: int
    """Number of the word after its last."""
    words: frozenset[int]
    """The numbers of the words that tell this claim."""
    rule: str
    detail: str = ""


# ------------------------------------------------------------------------------------------ the wordings


@dataclass(frozen=True, slots=True)
class _Wording:
    claim: str
    text: str
    core: frozenset[str]
    """What a text has to say for this wording, as keys."""
    told: frozenset[str]
    """The part of the core that no other claim of the fact has."""
    denied: bool
    """Whether the wording denies its content: "no civilian deaths"."""
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in answers to one question, worked out once."""

    answer_type: AnswerType
    question: frozenset[str]
    """Keys of the question's words."""
    wordings: tuple[_Wording, ...]
    texts: tuple[tuple[str, tuple[str, ...]], ...]
    """Claim id and its wordings."""
    kinds: frozenset[str] = frozenset()
    """Kinds of quantity that the wordings have."""
    keys: dict[str, list[int]] = field(default_factory=dict)
    """Rarest key of a core -> numbers of the wordings."""
    vocabulary: frozenset[str] = frozenset()
    """Keys of all wordings."""


_TAIL = re.compile(r",? and other [^,;]*$", re.IGNORECASE)
_AGED = re.compile(r"[\d,]+-year-old ", re.IGNORECASE)


_BRACKETED = re.compile(r"\s*\([^()]*\)")
_EITHER = re.compile(r"(?<![\w/])([^\W\d_]+)/([^\W\d_]+)(?![\w/])")


def _variants(wordings: tuple[str, ...], answer_type: AnswerType) -> tuple[str, ...]:
    """The wordings, and shorter ones that say the same: without brackets, with one word of "prison/jail", and the
    one value of a sentence that the typed match cannot read.
    """
    found = dict.fromkeys(wordings)
    for wording in wordings:
        if bare := _BRACKETED.sub("", wording).strip():
            found.setdefault(bare)
        found |= dict.fromkeys(_ACRONYM.findall(wording))
        if initials := _initials(wording):
            found.setdefault(initials)
        for side in (r"\1", r"\2"):
            found.setdefault(_EITHER.sub(side, wording))
        if answer_type == "date" and isinstance(read_date(wording), str):
            running = RunningText(wording)
            dates = [text for _, _, _, text in _date_phrases(running)]
            readable = [text for text in dates if not isinstance(read_date(text), str)]
            if len(readable) == 1:
                found.setdefault(readable[0])
    return tuple(found)


_ACRONYM = re.compile(r"\(([A-Z]{3,8})\)")


def _initials(wording: str) -> str:
    """The initials of a name of three words or more, or none: "SANA" for "Syrian Arab News Agency"."""
    words = [w for w in wording.split() if w.casefold() not in FUNCTION_WORDS]
    if 3 <= len(words) <= 8 and all(w[0].isupper() and w.isalpha() for w in words):
        return "".join(w[0] for w in words)
    return ""


def _keys(text: str) -> tuple[list[Word], bool]:
    words = RunningText(_TAIL.sub("", _AGED.sub("", text))).words
    denied = any(_denies(words, i) for i in range(len(words)))
    return words, denied


def _denies(words: Sequence[Word], i: int) -> bool:
    return is_negator(words[i].text) and not (
        i + 1 < len(words) and words[i + 1].text in ("only", "less", "fewer")
    )


def _skeletons(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(keys)


def sought(question: Question) -> Sought:
    """What `mentions` looks for."""
    return _sought(
        question.question,
        question.answer_type,
        tuple((claim.id, claim.wordings) for claim in question.claims),
    )


@lru_cache(maxsize=512)
def _sought(asked: str, answer_type: AnswerType, claims: tuple[tuple[str, tuple[str, ...]], ...]) -> Sought:
    person = answer_type == "person"

    def key(word: Word) -> str:
        return skeleton(word.text.removesuffix("'s")) if person and word.kind == "word" else word.key

    question = frozenset(key(word) for word in RunningText(asked).words if word.content)
    cores: list[tuple[str, str, frozenset[str], bool, frozenset[str]]] = []
    claims = tuple((id, _variants(wordings, answer_type)) for id, wordings in claims)
    for id, wordings in claims:
        for text in wordings:
            words, denied = _keys(text)
            content = [w for w in words if w.content or (w.kind == "number" and w.key.startswith("#"))]
            every = frozenset(key(w) for w in content)
            core = every - question or every
            if core:
                numbers = frozenset(w.key for w in content if w.kind == "number")
                cores.append((id, text, core, denied, numbers))
    made: list[_Wording] = []
    for id, text, core, denied, numbers in cores:
        others = (
            frozenset().union(*(c for other, _, c, _, _ in cores if other != id)) if cores else frozenset()
        )
        made.append(_Wording(id, text, core, core - others or core, denied, numbers))
    kinds: set[str] = set()
    if answer_type in NUMERIC:
        kinds = {q.kind for _, wordings in claims for text in wordings for q in read_quantities(text).found}
    count: dict[str, int] = defaultdict(int)
    for wording in made:
        for k in wording.core:
            count[k] += 1
    keys: dict[str, list[int]] = defaultdict(list)
    for number, wording in enumerate(made):
        keys[min(wording.core, key=lambda k: (count[k], k))].append(number)
    known = frozenset().union(*(w.core for w in made)) if made else frozenset()
    return Sought(answer_type, question, tuple(made), claims, frozenset(kinds), dict(keys), known)


# ------------------------------------------------------------------------------------------ finding


def mentions(text: RunningText, wanted: Sought) -> list[Mention]:
    """Every mention of a claim, and every other value of the asked kind, in the order of the text.

    Values are read by the typed match. Words are found in any order within one sentence. A mention whose words
    all belong to a longer mention of another claim is left out.
    """
    found: list[Mention] = []
    if wanted.answer_type in NUMERIC:
        found += _quantities(text, wanted)
    elif wanted.answer_type == "date":
        found += _dates(text, wanted)
    told = {m.claim for m in found if m.claim}
    for mention in _worded(text, wanted):
        typed = wanted.answer_type in NUMERIC or wanted.answer_type == "date"
        if typed and (mention.claim in told or not _unreadable(mention.detail, wanted.answer_type)):
            continue
        found.append(mention)
    return sorted(_longest(_ends_of(found)), key=lambda m: (m.first, m.end))


_KEPT = 20
"""Mentions of one claim that are kept from the beginning of the text, and as many from its end."""


def _ends_of(found: Sequence[Mention]) -> list[Mention]:
    """The mentions without those in the middle of very many of one claim: a text that repeats itself says no more."""
    by_claim: dict[str, list[Mention]] = defaultdict(list)
    for mention in sorted(found, key=lambda m: (m.first, m.end)):
        by_claim[mention.claim].append(mention)
    return [
        mention
        for each in by_claim.values()
        for mention in (each if len(each) <= 2 * _KEPT else [*each[:_KEPT], *each[-_KEPT:]])
    ]


def _unreadable(wording: str, answer_type: AnswerType) -> bool:
    """True for a wording that the typed match cannot read, and that words alone can tell."""
    if answer_type == "date":
        date = read_date(wording)
        return isinstance(date, str) or set(date.fields) == {"day"}
    read = read_quantities(wording)
    return not read.found or bool(read.unread)


def _longest(found: Sequence[Mention]) -> Iterator[Mention]:
    by_sentence: dict[int, list[Mention]] = defaultdict(list)
    for mention in found:
        by_sentence[mention.sentence].append(mention)
    for group in by_sentence.values():
        for mention in group:
            if not any(mention.words < other.words for other in group):
                yield mention


def _worded(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    """Mentions by the content words of a wording, within one sentence."""
    person = wanted.answer_type == "person"
    for number, sentence in enumerate(text.sentences):
        places: dict[str, list[int]] = defaultdict(list)
        previous = -1
        for i in range(sentence.first, sentence.end):
            word = text.words[i]
            if word.kind == "symbol":
                continue
            key = skeleton(word.text.removesuffix("'s")) if person and word.kind == "word" else word.key
            places[key].append(i)
            if word.kind == "word" and word.text.startswith("un") and len(word.text) > 4:
                places[stem(word.text[2:])].append(i)
            if previous >= 0 and word.kind == "word" and previous == i - 1:
                before = text.words[previous]
                if before.kind == "word":
                    places[stem(before.text + word.text)].append(previous)
            previous = i
        joined = _joins(text, sentence, wanted)
        seen: set[tuple[str, frozenset[int]]] = set()
        for key in [*places, *joined]:
            for index in wanted.keys.get(key, ()):
                for mention in _says(
                    text, wanted.wordings[index], places, joined, number, sentence, wanted.answer_type
                ):
                    if (mention.claim, mention.words) not in seen:
                        seen.add((mention.claim, mention.words))
                        yield mention


def _joins(text: RunningText, sentence: Sentence, wanted: Sought) -> dict[str, int]:
    """Keys that a wording writes as two words and the sentence as one: "air" and "strike" of "airstrikes"."""
    found: dict[str, int] = {}
    for i in range(sentence.first, sentence.end):
        word = text.words[i]
        if word.kind != "word" or not 7 <= len(word.text) <= _LONGEST_JOINED or word.key in wanted.vocabulary:
            continue
        for cut in range(3, len(word.text) - 2):
            head, tail = word.text[:cut], stem(word.text[cut:])
            if head in wanted.vocabulary and tail in wanted.vocabulary:
                found[head] = found[tail] = i
    return found


_LONGEST_JOINED = 40
"""Letters of a word that may be two."""


def _says(
    text: RunningText,
    wording: _Wording,
    places: dict[str, list[int]],
    joined: dict[str, int],
    number: int,
    sentence: Sentence,
    wanted_type: AnswerType,
) -> Iterator[Mention]:
    present = [key for key in wording.core if key in places or key in joined]
    missing = len(wording.core) - len(present)
    if (
        missing
        and wanted_type == "text"
        and _stands_in(text, sentence)
        and _told_by_content(wording, present)
    ):
        missing = 0
    allowed = 0.0 if len(wording.core) < 5 else 0.25 if len(wording.core) < 8 else 0.4
    if missing > len(wording.core) * allowed or (missing and not wording.told & set(present)):
        return
    if missing and wording.numbers - set(present):
        return
    told = [key for key in present if key in wording.told] or present
    rarest = min(told, key=lambda key: (len(_at(places, joined, key)), key))
    for anchor in _at(places, joined, rarest)[:_MOST_PLACES]:
        nearest = {key: _nearest(_at(places, joined, key), anchor) for key in present}
        words = frozenset(nearest.values())
        if wording.denied and not _denied_nearby(text, words, sentence):
            continue
        keyed = [nearest[key] for key in told]
        yield Mention(wording.claim, number, min(keyed), max(keyed) + 1, words, "words", wording.text)


_PRONOUNS = frozenset({"they", "it", "he", "she", "them", "these"})


def _stands_in(text: RunningText, sentence: Sentence) -> bool:
    """Whether a pronoun near the beginning of a short sentence may stand for words that a wording has."""
    if sentence.end - sentence.first > _SHORT_SENTENCE:
        return False
    return any(
        text.words[i].text in _PRONOUNS for i in range(sentence.first, min(sentence.first + 3, sentence.end))
    )


def _told_by_content(wording: _Wording, present: Sequence[str]) -> bool:
    """Whether what is said of a wording tells it from the other claims, and is a good part of it."""
    told = wording.told & set(present)
    return bool(told) and not wording.numbers - set(present) and 3 * len(present) >= len(wording.core)


_SHORT_SENTENCE = 14
_MOST_PLACES = 4
"""Places of one wording in one sentence that are looked at."""


def _nearest(places: Sequence[int], anchor: int) -> int:
    at = bisect_left(places, anchor)
    return min(places[max(0, at - 1) : at + 1], key=lambda i: abs(i - anchor))


def _at(places: dict[str, list[int]], joined: dict[str, int], key: str) -> list[int]:
    return places.get(key) or [joined[key]]


def _denied_nearby(text: RunningText, words: frozenset[int], sentence: Sentence) -> bool:
    low = max(sentence.first, min(words) - 6)
    return any(
        is_negator(text.words[i].text) or (text.words[i].text.startswith("un") and i in words)
        for i in range(low, max(words) + 1)
    )


# ------------------------------------------------------------------------------------------ quantities

_CLOSE = re.compile(r"\bclose to\b", re.IGNORECASE)
_BEFORE = 5
_BEHIND = 6
_STOPS = frozenset('.,;:!?()[]"“”*—')
_JOINING = vocabulary(
    "and or but while whereas according in on at which who that from as were was is are had have with"
)
_BOUND_WORDS = vocabulary("""over more less fewer than nearly almost around about roughly approximately at least most up
to some just under not no between exactly well only c ca circa estimated perhaps close in excess of upwards above below
aged age older younger $ £ € us roughly fully as many tens dozens scores hundreds thousands several few couple a an the
us$ minus - ~""")
_TAIL_BOUNDS = vocabulary("more less fewer so above over under")
_NEGATED_BOUND = vocabulary("less more fewer over under")


def _quantities(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    words, others, judged = text.words, 0, {}
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
        phrase = _CLOSE.sub("nearly", text.text[words[low].start : words[high - 1].end])
        after = _range_end(text, i, end)
        verdict = judged.get(phrase)
        if verdict is None:
            if len(judged) >= MOST_VALUES * 50:
                verdict = ("", "other", "")
            else:
                verdict = judged[phrase] = _judge(phrase, wanted, alone=len(words) <= end - low + 4)
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
    follows = text.tokens[i + 1].text if i + 1 < len(text.tokens) else ""
    return follows in _ONE_COUNTS or len(text.words) <= 3


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
        is_negator(words[low].text)
        and not (words[low + 1].text in _NEGATED_BOUND)
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


def _judge(phrase: str, wanted: Sought, *, alone: bool) -> tuple[str, str, str]:
    """(claim, rule, detail) of a phrase with one quantity; the rule is `other` for a value of no claim."""
    fits: list[tuple[int, str, str, str]] = []
    for id, wordings in wanted.texts:
        for wording in wordings:
            verdict = match(phrase, wording, wanted.answer_type, strict=True)
            unsaid = verdict.ok and verdict.detail.endswith("(unit unsaid)")
            if verdict.makes_claim or unsaid or _same_bound(phrase, wording, verdict):
                fits.append((verdict.level, id, verdict.rule, verdict.detail))
    if fits:
        best = max(fit[0] for fit in fits)
        ids = list(dict.fromkeys(fit[1] for fit in fits if fit[0] == best))
        first = next(fit for fit in fits if fit[0] == best)
        return (ids[0], first[2], first[3]) if len(ids) == 1 else ("*", "number", "\0".join(ids))
    return _other(phrase, wanted, alone=alone)


def _same_bound(phrase: str, wording: str, verdict: Match) -> bool:
    """True if nothing differs but "at least" from "over": people do not tell these apart."""
    if not verdict.detail.endswith("(another bound)"):
        return False
    one, other = read_quantities(phrase).found, read_quantities(wording).found
    return bool(one and other) and one[0].bound in LOWER and other[0].bound in LOWER


def _other(phrase: str, wanted: Sought, *, alone: bool) -> tuple[str, str, str]:
    read = read_quantities(phrase)
    if not read.found:
        return "", "", ""
    quantity = read.found[0]
    kind = "count" if quantity.kind == "part" else quantity.kind
    expected = {"count" if k == "part" else k for k in wanted.kinds} or {"count"}
    if alone and kind == "count":
        return "", "other", quantity.text
    if kind == "count" and not read.behind and "count" not in expected and not quantity.vague:
        year = quantity.text.isdecimal() and len(quantity.text) == 4
        return ("", "", "a year") if year else ("", "other", quantity.text)
    if kind not in expected and not (wanted.answer_type == "age" and quantity.aged):
        if not (kind in ("days", "months") and expected & {"days", "months"}):
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
        or (after is not None and after.key in _SOURCES)
    )


_NUMBERED = vocabulary(
    "article articles source sources text texts passage passages document documents report context reference"
)
_SOURCES = frozenset(stem(word) for word in _NUMBERED)


def _beside(text: RunningText, i: int, end: int, sentence: Sentence, wanted: Sought) -> bool:
    """True for a number that dates, ranks or locates something else."""
    words = text.words
    before = words[i - 1].text if i > sentence.first else ""
    word = words[i]
    if (
        word.text.isdecimal()
        and len(word.text) == 4
        and before in ("in", "since", "of", "by", "until", "from", "server", "office")
    ):
        return True
    if word.key in wanted.question:
        return True
    follows = words[end].text if end < len(words) else ""
    if _of_another(text, i, end, sentence, wanted):
        return True
    return follows in ("th", "st", "nd", "rd", "/") or before == "/"


_CLAUSE_ENDS = frozenset(",;:()—|")
_CLAUSE_OPENERS = vocabulary("while whereas against compared but and versus vs than")
_TELLING = frozenset(
    stem(word)
    for word in vocabulary(
        """say says said report reports reported put puts give gives gave state states stated claim claims claimed article
        articles source sources text passage one another total figure number count counted estimate estimated according"""
    )
)


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
    asked = keys & wanted.question
    sided = "side" in keys and "side" not in wanted.question
    return sided or (len(keys - asked - wanted.vocabulary) >= 2 and len(asked) < 0.3 * len(wanted.question))


# ------------------------------------------------------------------------------------------ dates

_MONTHS = vocabulary("""january february march april may june july august september october november december jan feb mar
apr jun jul aug sep sept oct nov dec""")
_DAYS = vocabulary("monday tuesday wednesday thursday friday saturday sunday today yesterday")
_PARTS = vocabulary("""early mid late spring summer autumn winter morning evening afternoon night noon last this next
decade century bc bce ad ce week month year weekend beginning end start middle ago""")
_AGO_UNITS = vocabulary("days weeks months years decades hours")
_DATE_GLUE = vocabulary("of the , in month year day")
_DATE_BOUNDS = vocabulary("before after since until by around circa c late early mid last this")


def _date_phrases(text: RunningText) -> Iterator[tuple[int, int, int, str]]:
    """(sentence, first word, word after the last, its text with what bounds it) of each date."""
    words = text.words
    for number, sentence in enumerate(text.sentences):
        i = sentence.first
        while i < sentence.end:
            if not _dated(words, i):
                i += 1
                continue
            end = i + 1
            while end < sentence.end:
                following = end if _dated(words, end) else _after_glue(words, end, sentence.end)
                if following is None or _again(words, i, following):
                    break
                end = following + 1
            low = i
            while low > sentence.first and words[low - 1].text in _DATE_BOUNDS | {"the"} and i - low < 3:
                low -= 1
            while low < i and words[low].text == "the":
                low += 1
            yield number, i, end, text.text[words[low].start : words[end - 1].end]
            i = end


def _after_glue(words: Sequence[Word], i: int, end: int) -> int | None:
    """The next word of a date behind "of", a comma, "in the month of"; None if no date goes on there."""
    j = i
    while j < min(end, i + 6) and words[j].text in _DATE_GLUE:
        j += 1
    goes_on = i < j < end and _dated(words, j) and words[i].text != "in"
    return j if goes_on else None


def _dates(text: RunningText, wanted: Sought) -> Iterator[Mention]:
    others = 0
    judged: dict[str, tuple[str, str, str]] = {}
    for number, i, end, phrase in _date_phrases(text):
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


def _again(words: Sequence[Word], first: int, i: int) -> bool:
    """True if another date begins: a second month, weekday or year."""
    for group in (_MONTHS, _DAYS):
        if words[i].text in group and any(w.text in group for w in words[first:i]):
            return True
    year = words[i].text.isdecimal() and len(words[i].text) == 4
    return year and any(w.text.isdecimal() and len(w.text) == 4 for w in words[first:i])


def _dated(words: Sequence[Word], i: int) -> bool:
    word = words[i]
    if word.text in _MONTHS:
        return word.text != "may" or word.upper
    if word.text in _AGO_UNITS:
        return i + 1 < len(words) and words[i + 1].text == "ago"
    if word.text in _DAYS or word.text in _PARTS - {
        "last",
        "this",
        "next",
        "end",
        "start",
        "beginning",
        "middle",
    }:
        return True
    if word.kind != "number":
        near = words[i + 1].text if i + 1 < len(words) else ""
        return word.text in ("last", "this", "next") and (near in _MONTHS or near in _DAYS or near in _PARTS)
    if word.text.isdecimal() and len(word.text) == 4:
        return True
    near = {words[j].text for j in (i - 2, i - 1, i + 1, i + 2, i + 3) if 0 <= j < len(words)}
    if near & _MONTHS or near & {"bc", "bce", "ad", "century", "ago"}:
        return True
    return (
        not word.text.isdecimal()
        and word.text[:1].isdecimal()
        and not word.text.endswith(("st", "nd", "rd", "th"))
    )


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


def contents(text: str) -> frozenset[str]:
    """The keys of the content words of a text: what "all content words" compares.

    >>> contents("The dead fighters") == contents("dead fighters")
    True
    """
    return frozenset(word.key for word in RunningText(text).words if word.content)
