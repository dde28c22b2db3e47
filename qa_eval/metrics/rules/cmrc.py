"""The evaluation of CMRC 2018, which is also that of DRCD: Chinese characters, and the longest common run.

| case                                   | exact match | F1                                                  |
|----------------------------------------|-------------|-----------------------------------------------------|
| nothing is left of either              | 1           | 0                                                   |
| the same units, but spaces differ      | 0           | 1                                                   |
| the same units in another order        | 0           | by the longest run that is in both, not by the bag  |

A unit is a Chinese character, or a word of anything else as `qa_eval.metrics.rules.treebank` divides it.
The units that F1 takes as shared are those of the longest run that is in both answers.

Source: Cui et al., CMRC 2018 (2019), and its evaluation script, version 6. DRCD (Shao et al., 2018) has none
of its own; published results are those of the same script.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from qa_eval.metrics.rules.mlqa import IDEOGRAPH
from qa_eval.metrics.rules.treebank import treebank_words
from qa_eval.text.lazy_patterns import lazy_pattern

# The script also lists "……". It has no effect, because the script compares single characters with the list.
_DELETE_SIGNS = str.maketrans("", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
_PARTS = lazy_pattern(f"({IDEOGRAPH.pattern})")


@lru_cache(maxsize=65_536)
def cmrc_form(text: str) -> str:
    """The form that exact match compares.

    Lower case; then white space around the text goes; then signs are deleted, among them `- : _ * / + =` and
    Chinese punctuation, but not `, . ( ) " ' %`. Spaces inside the text stay. Defined for any string; the
    result may be empty, or white space alone.

    >>> cmrc_form("“望归桥”。"), cmrc_form("NBA-2K (2008)")
    ('望归桥', 'nba2k (2008)')
    """
    return text.lower().strip().translate(_DELETE_SIGNS)


@lru_cache(maxsize=65_536)
def cmrc_units(form: str) -> tuple[str, ...]:
    """The units of F1: every Chinese character of the form, and the words between them.

    >>> cmrc_units("建于1931年的apple store")
    ('建', '于', '1931', '年', '的', 'apple', 'store')
    """
    return tuple(
        unit
        for part in _PARTS.split(form)
        for unit in ((part,) if IDEOGRAPH.fullmatch(part) else treebank_words(part))
    )


def common_run(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest run of units that is in both.

    >>> common_run("abcde", "xcdy"), common_run("ab", "")
    (2, 0)
    """
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size
