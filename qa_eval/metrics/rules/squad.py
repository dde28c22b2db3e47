"""Exact match and F1 as the official scripts of public data sets compute them, bit for bit.

The two versions of SQuAD's script normalize alike and differ only in what they do with empty answers. A
result names the rules it was computed under, because the same answers score differently under the other ones:

| case                          | `squad-v1.1` | `squad-v2.0`                            |
|-------------------------------|--------------|-----------------------------------------|
| both sides normalize to empty | EM 1, F1 0   | EM 1, F1 1                              |
| one side does                 | EM 0, F1 0   | EM 0, F1 0                              |
| no golds                      | an error     | golds are `[""]`                        |
| golds that normalize to empty | kept         | dropped; `[""]` if none is left         |

The other rules treat empty answers like `squad-v1.1`:

| rules                 | exact match compares, and F1 counts                              |
|-----------------------|------------------------------------------------------------------|
| `mrqa`                | what `squad-v1.1` does                                           |
| `mlqa-en` and so on   | the form of the module `mlqa`, and its tokens                    |
| `korquad-v1`          | the form of the module `korquad`, and its characters             |
| `cmrc2018` and `drcd` | the form of the module `cmrc`, and the longest run of its units that both have |

Sources:

- SQuAD: Rajpurkar et al. (2016)
- SQuAD 2.0: Rajpurkar, Jia and Liang (2018)
- MRQA: Fisch et al. (2019)
- MLQA: Lewis et al. (2020)
- KorQuAD 1.0: Lim, Kim and Lee (2019)
- CMRC 2018: Cui et al. (2019)
- DRCD: Shao et al. (2018)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qa_eval.errors import QaEvalError
from qa_eval.matching.normal_form import normalize
from qa_eval.metrics.rules.cmrc import cmrc_form, cmrc_units, common_run
from qa_eval.metrics.rules.korquad import korquad_characters, korquad_form
from qa_eval.metrics.rules.mlqa import MLQA_LANGUAGES, mlqa_normalizer


def common_bag(one: Sequence[str], other: Sequence[str]) -> int:
    """The number of shared tokens in any order. Each counts as often as in the side that has it less often.

    >>> common_bag(["new", "york", "new", "york"], ["new", "york", "city"])
    2
    """
    distinct = set(one)
    shared = distinct.intersection(other)
    if not shared or len(distinct) == len(one):
        return len(shared)
    return sum((Counter(one) & Counter(other)).values())


Common = Callable[[Sequence[str], Sequence[str]], int]
"""The number of tokens that two answers share."""


def _overlap(predicted: Sequence[str], wanted: Sequence[str], both_empty: float, common: Common) -> float:
    if not predicted or not wanted:
        return 0.0 if predicted or wanted else both_empty
    shared = common(predicted, wanted)
    if not shared:
        return 0.0
    # Precision and recall first, not 2 * shared / total: the last bit must be that of the official scripts.
    precision, recall = shared / len(predicted), shared / len(wanted)
    return (2 * precision * recall) / (precision + recall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One version of the official rules: how a prediction is scored against the golds of its question."""

    name: str
    """Name in results, a key of `RULES`."""
    normalize: Callable[[str], str]
    """Function that returns the form that exact match compares."""
    tokens: Callable[[str], Sequence[str]] = str.split
    """Function that returns the tokens of F1, given the form that exact match compares."""
    common: Common = common_bag
    """Function that returns the number of tokens that F1 takes as shared."""
    both_empty_f1: float = 0.0
    """F1 where the prediction and the gold both have no tokens."""
    unanswerable: bool = False
    """Whether no gold means that no answer is right. Golds that normalize to nothing are then dropped."""
    keys: Literal["squad", "cmrc"] = "squad"
    """Official script whose keys a report has."""

    def golds(self, golds: Sequence[str]) -> tuple[str, ...]:
        """The golds to compare with. Raises ValueError if the rules need a gold and there is none.

        >>> SQUAD_V2.golds(["The", "400"]), SQUAD_V2.golds([])
        (('400',), ('',))
        """
        if not self.unanswerable:
            if not golds:
                raise ValueError(f"{self.name} has no unanswerable questions: at least one gold is needed")
            return tuple(golds)
        return tuple(filter(self.normalize, golds)) or ("",)

    def score(self, prediction: str, golds: Sequence[str]) -> tuple[float, float]:
        """Exact match and F1, each the best over the golds, independently of the other.

        Raises ValueError if there are no golds and the rules have no unanswerable questions.

        >>> SQUAD_V2.score("", []), SQUAD_V1.score("the", ["a"])
        ((1.0, 1.0), (1.0, 0.0))
        >>> SQUAD_V2.score("the Golden Gate Bridge", ["Golden Gate"]), SQUAD_V2.score("3.5", ["35"])
        ((0.0, 0.8), (1.0, 1.0))
        >>> RULES["mlqa-es"].score("la casa", ["«Casa»"])
        (1.0, 1.0)
        """
        predicted = self.normalize(prediction)
        kept = dict.fromkeys(map(self.normalize, self.golds(golds)))
        exact = predicted in kept
        tokens = self.tokens(predicted)
        if exact and tokens:
            return 1.0, 1.0
        overlaps = [_overlap(tokens, self.tokens(gold), self.both_empty_f1, self.common) for gold in kept]
        return float(exact), max(overlaps)


SQUAD_V1 = Rules(name="squad-v1.1", normalize=normalize)
"""SQuAD 1.1, and the sets scored like it, such as XQuAD."""
SQUAD_V2 = Rules(name="squad-v2.0", normalize=normalize, both_empty_f1=1.0, unanswerable=True)
"""SQuAD 2.0; the rules of the curated set."""
MRQA = Rules(name="mrqa", normalize=normalize)
"""The MRQA 2019 shared task."""
UNSCORED = "none"
"""Name in place of rules if a data set does not publish its answers. Nothing is then scored."""
KORQUAD_V1 = Rules(name="korquad-v1", normalize=korquad_form, tokens=korquad_characters)
"""KorQuAD 1.0: characters in place of words."""
CMRC_2018 = Rules(name="cmrc2018", normalize=cmrc_form, tokens=cmrc_units, common=common_run, keys="cmrc")
"""CMRC 2018: Chinese characters and other words, and the longest run of them that is in both answers."""
DRCD = replace(CMRC_2018, name="drcd")
"""DRCD, whose published results are those of CMRC's script."""
RULES: dict[str, Rules] = {
    rules.name: rules
    for rules in (
        SQUAD_V1,
        SQUAD_V2,
        MRQA,
        *(Rules(name=f"mlqa-{lang}", normalize=mlqa_normalizer(lang)) for lang in MLQA_LANGUAGES),
        KORQUAD_V1,
        CMRC_2018,
        DRCD,
    )
}
"""The rules by name."""


def rules_named(name: str) -> Rules:
    """The rules of that name. Raises QaEvalError if there are none.

    >>> rules_named("mlqa-de").score("die Stadt", ["Stadt"])
    (1.0, 1.0)
    """
    if not isinstance(name, str) or name not in RULES:
        raise QaEvalError(f"no rules called {name!r}; there are: {', '.join(RULES)}")
    return RULES[name]
