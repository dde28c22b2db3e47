"""The normal form in which SQuAD's rules compare two answers. The typed match uses it too.

Source: the official evaluation scripts of SQuAD 1.1 and 2.0.
"""

from __future__ import annotations

import re
import string
from functools import lru_cache

_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


# Cached because scoring compares every candidate with every gold, so the same strings occur many times.
@lru_cache(maxsize=65_536)
def normalize(text: str) -> str:
    """The form in which the rules compare answers. It is defined for any string and may be empty.

    The steps, in this order:

    * Letters become lower case.
    * The 32 ASCII punctuation characters are deleted and not replaced: "81-year" becomes "81year" and "3.5"
      becomes "35". Typographic quotes and dashes stay.
    * The words a, an and the become a space.
    * Runs of white space become one space.

    The order matters: "A." is an article and vanishes, but "a-ok" contains none.

    >>> normalize("The  Free Syrian Army's (F.S.A.) base")
    'free syrian armys fsa base'
    """
    bare = _PUNCTUATION.sub("", text.lower())
    return " ".join(_ARTICLE.sub(" ", bare).split())
