"""Numbers in digits and words: a tokenizer, and a grammar that reads them as exact fractions.

The grammar is closed: what it does not know is no number. Every function takes linear time and is defined for
any text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

_DIGITS = 30
"""Greatest number of digits of a number. A longer numeral is a code."""


class Token(NamedTuple):
    """A piece of folded text."""

    kind: str
    """Kind: `number`, `fraction`, `ordinal`, `opaque` (dates, times, versions, codes), `word` or `symbol`."""
    text: str
    start: int
    end: int


_TOKEN = re.compile(
    r"""
    (?P<opaque>\d+(?:/\d+){2,} | \d+(?:\.\d+){2,} | \d+(?:-\d+){2,} | \d+(?::\d+)+ | (?<=[^\W\d_])\d+)
    | (?P<ordinal>\d{1,9}(?:st|nd|rd|th)(?![^\W_]))
    | (?P<fraction>\d{1,9}/\d{1,9}(?!\d))
    | (?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!,?\d) | \d+(?:\.\d+)? | \.\d+)
    | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)
    | (?P<symbol>[^\s])
    """,
    re.VERBOSE,
)

_SMALL_WORDS = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *(
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ),
]
_ONES = {word: value for value, word in enumerate(_SMALL_WORDS)} | {"nil": 0}
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50} | {
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_SCALES = {"dozen": 12, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SUFFIXES = {"k": 10**3, "mn": 10**6, "mln": 10**6, "bn": 10**9, "tn": 10**12}
_ORDINAL_WORDS = [
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"),
    *(
        "eleventh",
        "twelfth",
        "thirteenth",
        "fourteenth",
        "fifteenth",
        "sixteenth",
        "seventeenth",
        "eighteenth",
    ),
    *("nineteenth", "twentieth"),
]
_ORDINALS = {word: value for value, word in enumerate(_ORDINAL_WORDS, start=1)} | {
    "thirtieth": 30,
    "fortieth": 40,
    "fiftieth": 50,
    "sixtieth": 60,
    "seventieth": 70,
    "eightieth": 80,
    "ninetieth": 90,
    "hundredth": 100,
    "thousandth": 1000,
}
_PARTS = (
    {"half": 2, "halves": 2, "quarter": 4, "quarters": 4}
    | {word: value for word, value in _ORDINALS.items() if value > 2}
    | {f"{word}s": value for word, value in _ORDINALS.items() if value > 2}
)
ARTICLES = frozenset({"a", "an"})

_ZERO = Fraction(0)

Parsed = tuple[Fraction, int]
"""A value, and the index of the token after it."""


def tokenize(folded: str) -> list[Token]:
    """The tokens of a folded text. Hyphens inside compounds are left out; hyphens between two numerals are
    kept.
    """
    raw = [
        Token(str(found.lastgroup), found.group(), found.start(), found.end())
        for found in _TOKEN.finditer(folded)
    ]
    tokens: list[Token] = []
    for index, token in enumerate(raw):
        if token.text == "-" and 0 < index < len(raw) - 1:
            before, after = raw[index - 1], raw[index + 1]
            glued = before.end == token.start or token.end == after.start
            if glued and "word" in (before.kind, after.kind):
                continue
        if token.kind != "number":
            tokens.append(token)
            continue
        signed = _signed(token, raw, index)
        if signed is not token:
            tokens.pop()
        tokens.append(signed._replace(kind="opaque") if len(signed.text) > _DIGITS else signed)
    return tokens


def _signed(token: Token, raw: Sequence[Token], index: int) -> Token:
    """The numeral with the minus directly before it, unless the minus is attached to something before it."""
    minus = raw[index - 1] if index else None
    if minus is None or minus.text != "-" or minus.end != token.start:
        return token
    if index > 1 and raw[index - 2].end == minus.start:
        return token
    return token._replace(text=f"-{token.text}", start=minus.start)


def _word(tokens: Sequence[Token], i: int) -> str:
    """The text of token i; "" past the end."""
    return tokens[i].text if i < len(tokens) else ""


def numeral(token: Token) -> Fraction:
    """The value of a `number` or `fraction` token. A fraction over zero has the value zero."""
    if token.kind == "fraction":
        above, below = token.text.split("/")
        return Fraction(int(above), int(below)) if int(below) else Fraction(0)
    return Fraction(token.text.replace(",", ""))


def _below_hundred(tokens: Sequence[Token], i: int) -> Parsed | None:
    word = _word(tokens, i)
    if word in _TENS:
        one = _ONES.get(_word(tokens, i + 1), 0)
        return (Fraction(_TENS[word] + one), i + 2) if 0 < one < 10 else (Fraction(_TENS[word]), i + 1)
    return (Fraction(_ONES[word]), i + 1) if word in _ONES else None


def _group(tokens: Sequence[Token], i: int) -> Parsed | None:
    """The number that may come before a scale word: a numeral, or words up to "ninety-nine hundred and
    ninety-nine".
    """
    word = _word(tokens, i)
    if i < len(tokens) and tokens[i].kind == "number":
        value, j = numeral(tokens[i]), i + 1
    elif word == "hundred" or word in _SCALES:
        value, j = Fraction(1), i
    else:
        small = _below_hundred(tokens, i)
        if small is None:
            return None
        value, j = small
    if _word(tokens, j) != "hundred":
        return value, j
    value, j = value * 100, j + 1
    tail = _below_hundred(tokens, j + 1 if _word(tokens, j) == "and" else j)
    if tail is None or _word(tokens, tail[1]) == "hundred":
        return value, j
    return value + tail[0], tail[1]


def _scale(tokens: Sequence[Token], i: int) -> tuple[int, int]:
    """The factor of the scale word at i or of a suffix attached to a numeral, and the index after it."""
    word = _word(tokens, i)
    if word in _SCALES:
        return _SCALES[word], i + 1
    if word in _SUFFIXES and tokens[i - 1].kind == "number" and tokens[i - 1].end == tokens[i].start:
        return _SUFFIXES[word], i + 1
    return 1, i


def _whole(tokens: Sequence[Token], i: int) -> Parsed | None:
    """A number made of groups with decreasing scales: "two thousand and sixteen", "1.5 million", "150k"."""
    total, limit, j = _ZERO, None, i
    while True:
        joined = limit is not None and _word(tokens, j) == "and"
        group = _group(tokens, j + joined)
        if group is None or (joined and tokens[j + 1].kind == "number"):
            break
        scale, after = _scale(tokens, group[1])
        if limit is not None and group[0] * scale >= limit:
            break
        total, limit, j = total + group[0] * scale, scale, after
        if scale == 1:
            break
    return (total, j) if limit is not None else None


def _fraction_tail(tokens: Sequence[Token], i: int) -> Parsed | None:
    """The fraction after a whole number: "and a half", "and three quarters"."""
    if _word(tokens, i) != "and":
        return None
    if _word(tokens, i + 1) in ARTICLES and _word(tokens, i + 2) in _PARTS:
        return Fraction(1, _PARTS[_word(tokens, i + 2)]), i + 3
    above = _below_hundred(tokens, i + 1)
    if above is not None and _word(tokens, above[1]) in _PARTS:
        return above[0] / _PARTS[_word(tokens, above[1])], above[1] + 1
    return None


def _decimal_words(tokens: Sequence[Token], i: int) -> Parsed | None:
    """The decimals in words after a whole number: "point five", "point two five"."""
    digits, j = "", i + 1
    while _word(tokens, i) == "point" and _ONES.get(_word(tokens, j), 10) < 10:
        digits, j = digits + str(_ONES[_word(tokens, j)]), j + 1
    return (Fraction(f"0.{digits}"), j) if digits and len(digits) < _DIGITS else None


def cardinal(tokens: Sequence[Token], i: int) -> tuple[Fraction, int, bool] | None:
    """The number that begins at token i, the index after it, and whether it is a fraction of one ("two
    thirds").

    None if no number begins there. An article counts as one only before hundred, a scale or a fraction ("a
    hundred", "a third of").
    """
    if _word(tokens, i) == "half":
        return _half(tokens, i)
    if i < len(tokens) and tokens[i].kind == "fraction":
        scale, j = _scale(tokens, i + 1)
        return numeral(tokens[i]) * scale, j, scale == 1
    if _word(tokens, i) in ARTICLES:
        return _after_article(tokens, i + 1)
    whole = _whole(tokens, i)
    if whole is None:
        return (Fraction(1, 4), i + 1, True) if _word(tokens, i) == "quarter" else None
    value, j = whole
    if _word(tokens, j) in _PARTS and (value > 1 or not _word(tokens, j).endswith("s")) and 0 < value < 100:
        return value / _PARTS[_word(tokens, j)], j + 1, True
    if j < len(tokens) and tokens[j].kind == "fraction" and tokens[j - 1].kind == "number":
        return value + numeral(tokens[j]), j + 1, False
    if scaled := _scaled_tail(tokens, j):
        return value + scaled[0], scaled[1], False
    tail = _fraction_tail(tokens, j) or _decimal_words(tokens, j)
    if tail is None:
        return value, j, False
    scale, after = _scale(tokens, tail[1])
    return (value + tail[0]) * scale, after, False


def _scaled_tail(tokens: Sequence[Token], j: int) -> Parsed | None:
    """The fraction of the scale word before index j: "and a half" in "a million and a half"."""
    scale = _SCALES.get(tokens[j - 1].text)
    tail = _fraction_tail(tokens, j) if scale else None
    return (tail[0] * scale, tail[1]) if tail is not None and scale else None


def _half(tokens: Sequence[Token], i: int) -> tuple[Fraction, int, bool]:
    j = i + 2 if _word(tokens, i + 1) in ARTICLES else i + 1
    if _word(tokens, j) in _SCALES:
        return Fraction(_SCALES[_word(tokens, j)], 2), j + 1, False
    return Fraction(1, 2), j, j == i + 1


def _after_article(tokens: Sequence[Token], i: int) -> tuple[Fraction, int, bool] | None:
    word = _word(tokens, i)
    if word == "hundred" or word in _SCALES:
        whole = _whole(tokens, i)
        assert whole is not None
        part = _scaled_tail(tokens, whole[1]) or (Fraction(0), whole[1])
        return whole[0] + part[0], part[1], False
    if word in ("half", "quarter") or (word in _PARTS and _word(tokens, i + 1) in ("", "of")):
        scale, j = _scale(tokens, i + 2 if _word(tokens, i + 1) in ARTICLES else i + 1)
        return Fraction(scale, _PARTS[word]), j if scale > 1 else i + 1, scale == 1
    return None


def ordinal(tokens: Sequence[Token], i: int) -> tuple[int, int] | None:
    """The rank that begins at token i ("21st", "twenty-first", "third") and the index after it; None if there
    is none.
    """
    if i < len(tokens) and tokens[i].kind == "ordinal":
        return int(tokens[i].text[:-2]), i + 1
    word, after = _word(tokens, i), _word(tokens, i + 1)
    if word in _TENS and _ORDINALS.get(after, 10) < 10:
        return _TENS[word] + _ORDINALS[after], i + 2
    return (_ORDINALS[word], i + 1) if word in _ORDINALS else None
