"""The form in which the evaluation of KorQuAD 1.0 compares answers.

It differs from SQuAD's in two ways. Quotation marks and brackets that Korean texts put around titles become
spaces, and English articles stay. F1 is then computed over characters, because Korean particles follow their
noun without a space.

Source: Lim, Kim and Lee, KorQuAD 1.0 (2019), and its evaluation script.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import lru_cache

_SPACED = str.maketrans(dict.fromkeys("'\"《》<>〈〉()‘’", " "))
_DELETE_PUNCTUATION = str.maketrans("", "", string.punctuation)


@lru_cache(maxsize=65_536)
def korquad_form(text: str) -> str:
    """The form that exact match compares.

    The steps, in this order: quotation marks and brackets become spaces, letters become lower case, ASCII
    punctuation is deleted, and each run of white space becomes one space. The result may be empty.

    >>> korquad_form("《바람의 기록》, A.I.")
    '바람의 기록 ai'
    """
    return " ".join(text.translate(_SPACED).lower().translate(_DELETE_PUNCTUATION).split())


def korquad_characters(form: str) -> Sequence[str]:
    """The units that F1 counts: every character of the form except spaces.

    >>> korquad_characters("바람의 기록")
    '바람의기록'
    """
    return form.replace(" ", "")
