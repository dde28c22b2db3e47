"""The normal form in which SQuAD's rules, and the typed match after them, compare two answers.

Source: the official evaluation scripts of SQuAD 1.1 and 2.0.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


# Cached because scoring compares every candidate with every gold, so the same strings return many times.
@lru_cache(maxsize=65_536)
def normalize(text: str) -> str:
    """The form in which the rules compare answers.

    Lower case; then the 32 ASCII punctuation characters are deleted, not replaced ("81-year" becomes
    "81year" and "3.5" becomes "35"; typographic quotes and dashes stay); then the words a, an and the become
    a space; then runs of white space become one space. The order matters: "A." is an article and vanishes,
    "a-ok" holds none.

    Defined for any string; the result may be empty.

    >>> normalize("The  Free Syrian Army's (F.S.A.) base")
    'free syrian armys fsa base'
    """
    bare = text.lower().translate(_DELETE_PUNCTUATION)
    return " ".join(_ARTICLE.sub(" ", bare).split())
