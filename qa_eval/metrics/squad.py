"""Exact match and F1 as the official scripts of SQuAD, MRQA and MLQA compute them, bit for bit.

The two versions of SQuAD's script normalize alike and differ only in what they do with empty answers. A
result names the rules it was computed under, because the same answers score differently under the other ones:

| case                          | `squad-v1.1` | `squad-v2.0`                            |
|-------------------------------|--------------|-----------------------------------------|
| both sides normalize to empty | EM 1, F1 0   | EM 1, F1 1                              |
| one side does                 | EM 0, F1 0   | EM 0, F1 0                              |
| no golds                      | an error     | golds are `[""]`                        |
| golds that normalize to empty | kept         | dropped; `[""]` if none is left         |

`mrqa` is `squad-v1.1` under another name. `mlqa-en` and so on treat empty answers like `squad-v1.1` and
normalize as `qa_eval.metrics.mlqa` says.

Source: Rajpurkar et al., SQuAD (2016); Rajpurkar, Jia and Liang, SQuAD 2.0 (2018); Fisch et al., MRQA 2019;
Lewis et al., MLQA (2020).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qa_eval.metrics.mlqa import MLQA_LANGUAGES, mlqa_normalizer

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


def exact_match(prediction: str, gold: str) -> float:
    """1.0 if the two are equal after `normalize`, else 0.0; so 1.0 where both normalize to nothing.

    >>> exact_match("the 400", "400."), exact_match("3.5", "35"), exact_match("four hundred", "400")
    (1.0, 1.0, 0.0)
    """
    return float(normalize(prediction) == normalize(gold))


def f1(prediction: str, gold: str, *, both_empty: float = 1.0) -> float:
    """Token-overlap F1 of two answers, a fraction in [0, 1].

    Tokens are counted with multiplicity after `normalize`. If either side normalizes to nothing the value is
    `both_empty` where both do (1.0 under the v2.0 rules, 0.0 under those of v1.1) and 0.0 otherwise. Defined
    for any two strings; never raises.

    >>> f1("the Golden Gate Bridge", "Golden Gate")
    0.8
    """
    return _overlap(normalize(prediction).split(), normalize(gold).split(), both_empty)


def _overlap(predicted: Sequence[str], wanted: Sequence[str], both_empty: float) -> float:
    if not predicted or not wanted:
        return 0.0 if predicted or wanted else both_empty
    if set(predicted).isdisjoint(wanted):
        return 0.0
    shared = sum((Counter(predicted) & Counter(wanted)).values())
    # Precision and recall first, not 2 * shared / total: the last bit must be that of the official scripts.
    precision, recall = shared / len(predicted), shared / len(wanted)
    return (2 * precision * recall) / (precision + recall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One version of the official rules: how a prediction is scored against the golds of its question."""

    name: str
    """As it stands in results: a key of `RULES`."""
    normalize: Callable[[str], str]
    """The form in which answers are compared; its words are the tokens of F1."""
    both_empty_f1: float
    """F1 where the prediction and the gold both normalize to nothing."""
    unanswerable: bool
    """Whether no gold means that no answer is right; golds that normalize to nothing are then dropped."""

    def golds(self, golds: Sequence[str]) -> tuple[str, ...]:
        """The golds that are compared with. Raises ValueError where the rules need a gold and there is none.

        >>> SQUAD_V2.golds(["The", "400"]), SQUAD_V2.golds([])
        (('400',), ('',))
        """
        if not self.unanswerable:
            if not golds:
                raise ValueError(f"{self.name} has no unanswerable questions: at least one gold is needed")
            return tuple(golds)
        return tuple(gold for gold in golds if self.normalize(gold)) or ("",)

    def score(self, prediction: str, golds: Sequence[str]) -> tuple[float, float]:
        """Exact match and F1, each the best over the golds, independently of the other.

        Raises ValueError if there are no golds and the rules know no unanswerable questions.

        >>> SQUAD_V2.score("", []), SQUAD_V1.score("the", ["a"])
        ((1.0, 1.0), (1.0, 0.0))
        >>> RULES["mlqa-es"].score("la casa", ["«Casa»"])
        (1.0, 1.0)
        """
        predicted = self.normalize(prediction)
        kept = dict.fromkeys(map(self.normalize, self.golds(golds)))
        exact = predicted in kept
        if exact and predicted:
            return 1.0, 1.0
        tokens = predicted.split()
        return float(exact), max(_overlap(tokens, gold.split(), self.both_empty_f1) for gold in kept)


def _without_unanswerable(name: str, normalizer: Callable[[str], str]) -> Rules:
    return Rules(name=name, normalize=normalizer, both_empty_f1=0.0, unanswerable=False)


SQUAD_V1 = _without_unanswerable("squad-v1.1", normalize)
"""SQuAD 1.1, and the sets scored like it, such as XQuAD."""
SQUAD_V2 = Rules(name="squad-v2.0", normalize=normalize, both_empty_f1=1.0, unanswerable=True)
"""SQuAD 2.0; the rules of the curated set."""
MRQA = _without_unanswerable("mrqa", normalize)
"""The MRQA 2019 shared task."""
UNSCORED = "none"
"""In place of the name of rules, where a data set does not give its answers: nothing of it is scored."""
RULES: dict[str, Rules] = {
    rules.name: rules
    for rules in (
        SQUAD_V1,
        SQUAD_V2,
        MRQA,
        *(_without_unanswerable(f"mlqa-{lang}", mlqa_normalizer(lang)) for lang in MLQA_LANGUAGES),
    )
}
"""The rules by name."""
