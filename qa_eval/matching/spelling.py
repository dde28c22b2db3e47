"""Folding of spelling, signs that change a number, negation, and occurrences of one text in another.

Every function takes time linear in the length of its arguments and is defined for any strings.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa_eval.records import Span

_QUOTES = dict.fromkeys("‘’‚‛ʹʼʻʽˈ`´′＇", "'") | dict.fromkeys("“”„‟«»″〃＂", '"')
_DASHES = dict.fromkeys("‐‑‒–−⁃﹣－", "-") | dict.fromkeys("—―﹘", " - ")
# The long dash separates clauses, the short ones join words.
_SPECIAL = _QUOTES | _DASHES | {"⁄": "/", "٪": "%", "٫": ".", "٬": ","}


def vocabulary(words: str) -> frozenset[str]:
    """The words of a string, as a set."""
    return frozenset(words.split())


def _is_mark(char: str) -> bool:
    """Whether the character is an accent or vowel point that spelling may omit.

    The vowel signs of Indic scripts are not such marks.
    """
    order = unicodedata.combining(char)
    return order >= 200 or 10 <= order <= 35


def _fold_char(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    category = unicodedata.category(char)
    if category == "Cf":  # soft hyphens, zero-width joiners, byte order marks
        return ""
    if category in ("Cc", "Zl", "Zp"):
        return " "
    if category == "Nd":
        return str(unicodedata.decimal(char))
    flat = unicodedata.normalize("NFKD", char)
    if category == "No" and flat != char:
        # Small digits get spaces around them, because "1½" is not 11/2 and "10²" is not 102.
        flat = f" {flat.replace('⁄', '/')} " if "⁄" in flat else f" ^{flat}"
    flat = unicodedata.normalize("NFKD", flat.casefold())
    return "".join(c for c in flat if not _is_mark(c))


class _FoldTable(dict[int, str]):
    """A translation table that computes each character when it first occurs.

    It works character by character, so that a megabyte of combining marks costs no quadratic reordering.
    """

    def __missing__(self, key: int) -> str:
        value = self[key] = _fold_char(chr(key))
        return value


class _SpaceTable(dict[int, str]):
    """A translation table that turns punctuation, symbols and white space into spaces.

    Letters, digits, their marks, and emoji are kept.
    """

    def __missing__(self, key: int) -> str:
        char = chr(key)
        category = unicodedata.category(char)
        value = self[key] = " " if category[0] in "PZC" or category in ("Sc", "Sk", "Sm") else char
        return value


_FOLD = _FoldTable()
_SPACE = _SpaceTable()

_JOINED_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f'’](?=\d{3}(?!\d))")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_DECIMAL = re.compile(r"(?<!\d)(\d++(?:\.\d++)+)")
_POSSESSIVE = re.compile(r"(?<=[^\W\d_])'s(?!\w)|(?<=s)'(?!\w)")
_ARTICLES = frozenset({"a", "an", "the"})


def fold(text: str) -> str:
    r"""The text in one spelling: compatibility forms, quotes, dashes, case, accents and digits are folded.

    Punctuation stays. Thousands separated by a thin space or an apostrophe are joined.

    >>> fold("‘Café’ — 10\u202f000 “ﬁghters”")
    '\'cafe\'  -  10000 "fighters"'
    """
    return (_fold_short if len(text) <= _SHORT else _fold)(text)


def _fold(text: str) -> str:
    return _JOINED_THOUSANDS.sub("", text).translate(_FOLD)


def folded_same_length(text: str) -> str:
    """The text in lower case with plain quotes, character for character."""
    plain = text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')
    lower = plain.lower()
    return (
        lower if len(lower) == len(plain) else "".join(c.lower() if len(c.lower()) == 1 else c for c in plain)
    )


_SHORT = 600
"""Greatest length of a text, in characters, whose results are cached."""
_fold_short = lru_cache(maxsize=16_384)(_fold)


def text_key(text: str) -> str:
    """The form that level 3 of `match` compares; empty if nothing is left.

    The text is folded. Possessive 's, thousands commas, punctuation and articles are removed. Decimals are
    kept.

    >>> text_key("The Army’s 1,000-strong “unit”"), text_key("3.5 m")
    ('army 1000 strong unit', '3.5 m')
    """
    return (_key_short if len(text) <= _SHORT else _key)(text)


def _key(text: str) -> str:
    folded = _POSSESSIVE.sub("", fold(text))
    folded = _THOUSANDS.sub(lambda found: found.group().replace(",", ""), folded)
    parts = _DECIMAL.split(folded)
    parts[::2] = [part.translate(_SPACE) for part in parts[::2]]
    return " ".join(word for word in "".join(parts).split() if word not in _ARTICLES)


_key_short = lru_cache(maxsize=16_384)(_key)


_MARKS = re.compile(r"\d+(?:[.,:/\-]\d+)*|(?<![\w.,])[-.](?=\d)|[<>=≤≥$€£¥%+^]")


def marks(text: str) -> tuple[str, ...]:
    """The numerals of a text and the signs that change their value, in order.

    Without punctuation two texts may look equal and still give different numbers. They do so exactly if these
    differ.

    >>> marks("3.5 %"), marks("35 %"), marks("1,000"), marks("~180")
    (('3.5', '%'), ('35', '%'), ('1000',), ('180',))
    """
    return tuple(_MARKS.findall(_THOUSANDS.sub(lambda found: found.group().replace(",", ""), fold(text))))


# ------------------------------------------------------------------------------------------ negation

NEGATORS = vocabulary(
    "not no never neither nor none nobody nothing nowhere without cannot hardly barely denied denies deny"
)
"""Words that turn a statement into its opposite. Words that end in n't and "far from" do so too."""
_FUNCTION_WORDS = vocabulary("""a an the of to in on at by for from with and or but as is are was were be been
being has have had do does
    did it its it's this that these those there any all so yet still very quite really entirely fully also he
    she they we i you his her their our who which what when where how will would can could may might must
    shall should now than then if about into""")
_REPORTING = vocabulary("""hear hears heard hearing report reports reported reporting reportedly say says said
know knows known aware""")
"""Words about who knows something. In a denial they say nothing about what is denied."""
_LIGHT = vocabulary("""a an the is are was were be been being has have had having it it's there they""")
"""Words that a statement may have or lack."""
_LIGHT_IF_DENIED = _LIGHT | vocabulary("do does did of about any yet still also")
_NEGATION_TOKENS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[.,;:!?()\"]")
_NO_ONE = re.compile(r"\bno[ -]one\b(?!-)", re.IGNORECASE)
_LISTED = re.compile(r"[,;&]|\band\b", re.IGNORECASE)
_SCOPE = 2
"""Number of content words that a negator reaches: "not yet entirely clear of mines" negates clear and mines.
"""
_TURNING = vocabulary("but while whereas although though")
"""Words at which a denial ends: "no water but electricity"."""
_DENYING_NOTHING = frozenset({"fewer", "less", "doubt", "only"})
"""Words after which "no" and "not" deny nothing: "no fewer than 400"."""


_DENIALS = re.compile(
    r"\b(?:(?:any\w+|all|nothing) but|(?<!none )(?<!no )other than|rather than|instead of|except(?: for)?"
    r"|apart from|far from|excluding)\b(?! for)",
    re.IGNORECASE,
)


def denials_spelled_out(text: str) -> str:
    """The text with "not" in place of phrases that deny what follows ("anything but Sunday", "instead of
    Palmyra").

    "No one" holds no number and becomes "nobody".

    >>> denials_spelled_out("far from 400"), denials_spelled_out("none other than Assad")
    ('not 400', 'none other than Assad')
    """
    return (_spelled_short if len(text) <= _SHORT else _spelled_out)(text)


def _spelled_out(text: str) -> str:
    return _NO_ONE.sub("nobody", _DENIALS.sub("not", text))


_spelled_short = lru_cache(maxsize=1024)(_spelled_out)


def is_negator(word: str) -> bool:
    """Whether the folded word negates what follows."""
    return word in NEGATORS or word.endswith("n't")


@dataclass(frozen=True, slots=True)
class _Polarity:
    """The words that a text affirms and those that it denies."""

    negated: frozenset[str]
    """Content words that a negator reaches."""
    plain: frozenset[str]
    """Content words that no negator reaches."""
    negators: int
    words: tuple[str, ...]
    """All words except the negators, in order."""
    may_negate: bool
    """Whether a word begins with "un", and may so negate a word of the other text."""


def _read_polarity(text: str, others: frozenset[str] = frozenset()) -> _Polarity:
    """The polarity of a text. "Unclear" counts as not clear if `others` (words of the other text) has
    "clear".
    """
    words: list[str] = []
    for word in _NEGATION_TOKENS.findall(_NO_ONE.sub("nobody", fold(text))):
        words += ["not", word[2:]] if word.startswith("un") and word[2:] in others else [word]
    negated: set[str] = set()
    plain: set[str] = set()
    clause: set[str] = set()
    kept: list[str] = []
    reach, count, unknown = 0, 0, False
    for index, word in enumerate([*words, "."]):
        after = words[index + 1] if index + 1 < len(words) else ""
        denies = is_negator(word) and after not in _DENYING_NOTHING
        if denies or (word == "far" and after == "from"):
            reach, count = _SCOPE, count + 1
            unknown = after in _REPORTING
        elif not word[0].isalnum() or word in _TURNING:
            if reach == _SCOPE and unknown:  # "civilian deaths not reported"
                negated, plain = negated | clause, plain - clause
            reach, clause = 0, set()
        else:
            kept.append(word)
            if word not in _FUNCTION_WORDS and word not in _REPORTING:
                (negated if reach else plain).add(word)
                clause.add(word)
                reach = max(0, reach - 1)
    may_negate = any(word.startswith("un") for word in kept)
    return _Polarity(frozenset(negated), frozenset(plain), count, tuple(kept), may_negate)


_remembered_polarity = lru_cache(maxsize=8192)(_read_polarity)


def _polarity(text: str) -> _Polarity:
    return (_remembered_polarity if len(text) <= _SHORT else _read_polarity)(text)


def _polarities(one: str, other: str) -> tuple[_Polarity, _Polarity]:
    mine, theirs = _polarity(one), _polarity(other)
    if mine.may_negate or theirs.may_negate:
        return _read_polarity(one, frozenset(theirs.words)), _read_polarity(other, frozenset(mine.words))
    return mine, theirs


def contradiction(one: str, other: str) -> str | None:
    """Why one text denies what the other says; None if it does not.

    Two texts contradict each other if a content word is negated in one and occurs only without negation in
    the other, or if they are equal apart from an odd number of negations. "Un-" before a word of the other
    text is a negation.

    >>> contradiction("it's not clear how many", "it is clear")
    'clear is negated on one side only'
    >>> contradiction("it's not clear how many", "unclear") is None
    True
    """
    mine, theirs = _polarities(one, other)
    turned = (mine.negated & (theirs.plain - theirs.negated)) | (theirs.negated & (mine.plain - mine.negated))
    if turned:
        return f"{min(turned)} is negated on one side only"
    if (mine.negators - theirs.negators) % 2 and mine.negated | mine.plain == theirs.negated | theirs.plain:
        return "negated on one side only"
    return None


def same_statement(one: str, other: str) -> str:
    """The words by which two texts say the same; empty if they do not, or not evidently.

    If both deny something, they must have the same words in any order and deny the same ones. Who heard or
    reported it does not count. If neither denies anything, they must have the same words in order apart from
    articles, "is" and "has", or the same parts of a list in any order, with its shared last words repeated or
    not.

    >>> same_statement("no deaths reported", "had not heard of any deaths")
    'no deaths'
    """
    mine, theirs = _polarities(one, other)
    if mine.negators and theirs.negators:
        dropped = _LIGHT_IF_DENIED | _REPORTING
        bags = [
            frozenset(word for word in side.words if word not in dropped)
            or frozenset(word for word in side.words if word not in _LIGHT_IF_DENIED)
            for side in (mine, theirs)
        ]
        agree = (mine.negators - theirs.negators) % 2 == 0 and mine.negated == theirs.negated
        return f"no {' '.join(sorted(bags[0]))}" if agree and bags[0] and bags[0] == bags[1] else ""
    if mine.negators or theirs.negators:
        return ""
    keys = [tuple(word for word in text_key(text).split() if word not in _LIGHT) for text in (one, other)]
    if keys[0] and keys[0] == keys[1]:
        return " ".join(keys[0])
    if not (_LISTED.search(one) and _LISTED.search(other)):
        return ""
    lists = [[key for part in _LISTED.split(fold(text)) if (key := text_key(part))] for text in (one, other)]
    if min(map(len, lists)) < 2 or not readings(lists[0]) & readings(lists[1]):
        return ""
    return " + ".join(sorted(set(lists[0])))


_MOST_LISTED = 8


def readings(keys: Sequence[str]) -> frozenset[frozenset[str]]:
    """The readings of a list: its parts as they are, and its parts with the last words of the last part added
    to the others.

    >>> frozenset({"old jets", "new jets"}) in readings(["old", "new jets"])
    True
    """
    words = keys[-1].split()
    found = {frozenset(keys)}
    if len(keys) <= _MOST_LISTED:
        for start in range(1, len(words)):
            head = " ".join(words[start:])
            found.add(frozenset(key if key.endswith(head) else f"{key} {head}" for key in keys))
    return frozenset(found)


# ------------------------------------------------------------------------------------------ occurrences

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao; Burmese; Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
)
"""Letters of scripts that are written without spaces, as ranges of a regular expression. A run of them is not
a word; each letter is a token."""
_LETTER = rf"(?:[^\W{UNSPACED}]|[\u0300-\u036f])"
_TOKEN = re.compile(rf"\d+(?:[.,]\d+)+{_LETTER}*|{_LETTER}+|[^\s\x00]")
_CACHED_TEXT = 100_000


def _fold_token(token: str) -> str:
    if token.isascii() and token.isalnum():  # most tokens: quick, with the same result
        return token.lower()
    return "".join(_SPECIAL.get(c, c).strip() or c for c in token.casefold())


def _index(text: str) -> tuple[str, list[int], list[int], list[int]]:
    """The folded tokens, joined and framed by NUL, and where each token begins there and begins and ends in
    the text.
    """
    tokens, starts, ends, places = [], [], [], []
    place = 0
    for found in _TOKEN.finditer(text):
        token = _fold_token(found.group())
        tokens.append(token)
        starts.append(found.start())
        ends.append(found.end())
        places.append(place)
        place += len(token) + 1
    return "\0" + "".join(token + "\0" for token in tokens), places, starts, ends


_cached_index = lru_cache(maxsize=64)(_index)
_last_index = lru_cache(maxsize=1)(_index)
"""The index of a long text, kept while many wordings are searched in it."""


def occurs(wording: str, text: str) -> list[Span]:
    """The spans at which a wording occurs in a text, in order and without overlaps.

    Only whole tokens count: "400" is not in "1,400", "400.5" or "400th". In a script without spaces, a letter
    is a token. Case, quotes, dashes and white space do not matter. A wording without tokens occurs nowhere.
    Takes time linear in the length of both.

    >>> occurs("al-assad", "Bashar al‑Assad and Assad"), occurs("400", "1,400 and 400.")
    ([Span(start=7, end=15, article=None)], [Span(start=10, end=13, article=None)])
    """
    return list(occurrences(wording, text))


def occurrences(wording: str, text: str) -> Iterator[Span]:
    """Yields the spans of `occurs` one by one, for callers that need only the first."""
    needle = _index(wording)[0]
    if needle == "\0":
        return
    haystack, places, starts, ends = (_cached_index if len(text) <= _CACHED_TEXT else _last_index)(text)
    at = haystack.find(needle)
    while at >= 0:
        first = bisect_right(places, at) - 1
        last = bisect_right(places, at + len(needle) - 2) - 1
        yield Span(starts[first], ends[last])
        at = haystack.find(needle, at + len(needle) - 1)
