"""The normalization of the MLQA evaluation, one form for each of its seven languages.

It differs from SQuAD's normalization in three ways. It deletes every character that Unicode counts as
punctuation, such as typographic quotes and dashes, and not only the 32 characters of ASCII. It removes the
articles of the language; Hindi and Chinese have none. In Chinese it makes each ideograph a token, so that
answers without spaces can share tokens.

Source: Lewis et al., MLQA (2020), and its evaluation script. Like the script, this module looks up
punctuation in Python's Unicode database.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from qa_eval.text.lazy_patterns import lazy_pattern

_ARTICLES: dict[str, re.Pattern[str] | None] = {
    "en": lazy_pattern(r"\b(?:a|an|the)\b"),
    "es": lazy_pattern(r"\b(?:un|una|unos|unas|el|la|los|las)\b"),
    "de": lazy_pattern(r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b"),
    # The script removes these letters anywhere in a word, although its authors meant only the article.
    "ar": lazy_pattern("ال"),
    "hi": None,
    "vi": lazy_pattern(r"\b(?:của|là|cái|chiếc|những)\b"),
    "zh": None,
}
MLQA_LANGUAGES = tuple(_ARTICLES)

IDEOGRAPH = lazy_pattern("[\u4e00-\u9fa5]")
"""Characters that the script counts as Chinese. Later extensions of Unicode are not among them."""


class _DeletePunctuation(dict[int, int | None]):
    """A table for `str.translate`. It adds each character at its first use: all of Unicode takes 0.1 s."""

    def __missing__(self, code: int) -> int | None:
        char = chr(code)
        deleted = char in string.punctuation or unicodedata.category(char).startswith("P")
        self[code] = None if deleted else code
        return self[code]


_DELETE_PUNCTUATION = _DeletePunctuation()


def mlqa_normalizer(language: str) -> Callable[[str], str]:
    """The function that brings an answer into the form in which MLQA compares answers of that language.

    The steps, in this order: letters become lower case, punctuation is deleted, each article becomes a space,
    Chinese ideographs get spaces around them, and each run of white space becomes one space.

    Args:
        language: One of `MLQA_LANGUAGES`.

    Raises:
        KeyError: MLQA has no such language.

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
