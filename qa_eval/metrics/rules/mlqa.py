"""The normalization of the MLQA evaluation, one form for each of its seven languages.

It differs from SQuAD's in three ways. Every character that Unicode calls punctuation is deleted, not only
the 32 of ASCII, so typographic quotes and dashes go too. The articles are those of the language; Hindi and
Chinese have none. In Chinese each ideograph is a token of its own, so that answers without spaces can share
tokens.

Source: Lewis et al., MLQA (2020), and its evaluation script. Which characters are punctuation is asked of the
interpreter's Unicode database, as the script does.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_ARTICLES: dict[str, re.Pattern[str] | None] = {
    "en": re.compile(r"\b(?:a|an|the)\b"),
    "es": re.compile(r"\b(?:un|una|unos|unas|el|la|los|las)\b"),
    "de": re.compile(r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    # Not at the beginning of words only: the script's pattern, meant to be narrower, takes it anywhere.
    "ar": re.compile("ال"),
    "hi": None,
    "vi": re.compile(r"\b(?:của|là|cái|chiếc|những)\b"),
    "zh": None,
}
MLQA_LANGUAGES = tuple(_ARTICLES)

IDEOGRAPH = re.compile("[\u4e00-\u9fa5]")
"""What the script takes for a Chinese character; later extensions of Unicode are not among them."""


class _DeletePunctuation(dict[int, int | None]):
    """A table for `str.translate`, filled as characters are met: to ask for all of Unicode takes 0.1 s."""

    def __missing__(self, code: int) -> int | None:
        char = chr(code)
        deleted = char in string.punctuation or unicodedata.category(char).startswith("P")
        self[code] = None if deleted else code
        return self[code]


_DELETE_PUNCTUATION = _DeletePunctuation()


def mlqa_normalizer(language: str) -> Callable[[str], str]:
    """The function that brings an answer into the form in which MLQA compares answers of that language.

    Lower case; then punctuation is deleted; then articles become a space; then, in Chinese, ideographs are
    set apart; then runs of white space become one space. Raises KeyError for a language that MLQA has not.

    >>> mlqa_normalizer("de")("Die „Stadt“"), mlqa_normalizer("zh")("北京 2008年")
    ('stadt', '北 京 2008 年')
    """
    articles = _ARTICLES[language]

    @lru_cache(maxsize=65_536)
    def normalize(text: str) -> str:
        bare = text.lower().translate(_DELETE_PUNCTUATION)
        if articles is not None:
            bare = articles.sub(" ", bare)
        if language == "zh":
            bare = IDEOGRAPH.sub(r" \g<0> ", bare)
        return " ".join(bare.split())

    return normalize
