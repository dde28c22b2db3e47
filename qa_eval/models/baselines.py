"""Baselines: heuristics that need no trained model and see only the question and the text.

* `abstain` never answers.
* `random-span` answers with a span drawn uniformly from all spans of at most 30 words.
* `sliding-window` answers with a phrase near which many of the question's words occur (Richardson, Burges and
  Renshaw, 2013, in the form of the SQuAD paper, Rajpurkar et al., 2016).
* `first-of-type` infers from the question's words the type of its answer, and answers with the first
expression
  of that type in the text.

Scores only rank the candidates. No baseline knows how sure it is, so none has a null score.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qa_eval.errors import SpecError
from qa_eval.files.hashes import sha256_json
from qa_eval.matching.answer_types import asked_type
from qa_eval.models.expressions import find_expressions
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.spans import span_candidates
from qa_eval.records import Decoding, Instance, ModelInfo, Prediction, Runtime

N_BEST = 20
"""Greatest number of candidates in a prediction."""
MAX_RANDOM_WORDS = 30
"""Greatest number of words in a candidate of `random-span`."""
MAX_WINDOW_WORDS = 10
"""Greatest number of words in a candidate of `sliding-window`. About 97 % of the answers in SQuAD are no
longer.
"""

_WORD = re.compile(r"\w+(?:[-'’.,]\w+)*")
_SENTENCE_END = re.compile(r"[.!?]|\n\s*\n|\n")
_FUNCTION_WORDS = frozenset(
    _WORD.findall(
        "a an the and or but nor so yet if then than that which who whom whose what when where why how as at "
        "by for from in into of off on onto out over since to toward towards under until up upon via with "
        "within without about after against among around before behind below beneath beside between beyond "
        "despite down during inside near outside through throughout is are was were be been being am has "
        "have had having do does did will would can could shall should may might must it its they them their "
        "he him his she her hers we us our you your i me my this these those there here not no also"
    )
)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A heuristic as a `Model`. Decoding options have no effect on it, because it has no windows."""

    info: ModelInfo
    """Identity of the baseline."""
    answer: Callable[[Instance], Prediction]
    """Function that answers an instance."""
    decoding: Decoding | None = None
    """Decoding options; None, because the baseline has no windows."""

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """One prediction for each instance, in order."""
        return map(self.answer, instances)


def resolve_baseline(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Baseline:
    """The baseline that the spec names. Only `random-span` uses the runtime's seed.

    Raises `SpecError` for a spec with options.
    """
    if spec.options:
        raise SpecError(f"{spec}: a baseline has no options")
    version, make = BASELINES[spec.name]
    seed = runtime.seed if spec.name == "random-span" else 0
    info = ModelInfo(
        spec=str(spec),
        kind=spec.kind,
        name=spec.name,
        fingerprint=sha256_json({"baseline": spec.name, "version": version, "seed": seed}),
        parameters=0,
    )
    return Baseline(info, make(seed))


# ------------------------------------------------------------------------------------------------ abstain


def _abstain(_seed: int) -> Callable[[Instance], Prediction]:
    return lambda instance: Prediction(item=instance.item, text="")


# -------------------------------------------------------------------------------------------- random span


def _random_span(seed: int) -> Callable[[Instance], Prediction]:
    """An answer is seeded by the seed, the question and the text, so it does not depend on other answers."""

    def answer(instance: Instance) -> Prediction:
        words = _words(instance.context).places
        key = "\0".join([str(seed), instance.question, instance.context])
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
        rng = random.Random(digest)  # noqa: S311 - not for secrets
        width = min(MAX_RANDOM_WORDS, len(words))
        total = len(words) * width - width * (width - 1) // 2
        picks = rng.sample(range(total), min(N_BEST, total))
        # Scores are drawn as well, because with equal scores a rule for ties would choose between articles.
        scores = sorted((rng.random() for _ in picks), reverse=True)
        spans = [_nth_span(words, n, width) for n in picks]
        return _prediction(instance, [(s, *span) for s, span in zip(scores, spans, strict=True)])

    return answer


def _nth_span(words: Sequence[tuple[int, int]], n: int, width: int) -> tuple[int, int]:
    """Span number n of all spans of at most `width` words: first the spans of one word, then of two, …

    >>> [_nth_span([(0, 1), (2, 3), (4, 5)], n, 2) for n in range(5)]
    [(0, 1), (2, 3), (4, 5), (0, 3), (2, 5)]
    """
    for length in range(1, width + 1):
        count = len(words) - length + 1
        if n < count:
            return words[n][0], words[n + length - 1][1]
        n -= count
    raise IndexError(n)


# ----------------------------------------------------------------------------------------- sliding window


def _sliding_window(_seed: int) -> Callable[[Instance], Prediction]:
    """Answers with the phrases near which most of the question's words occur.

    Candidates are runs of 1 to 10 words of one sentence that look like phrases. At either edge of a candidate
    there is a sentence boundary, punctuation, a function word or a word of the question. There is no
    punctuation inside, and neither the first nor the last word is a function word. (The SQuAD paper took
    constituents from a parser.)

    Each candidate has two values. `overlap` is the number of words, and of pairs of neighbouring words, of
    its sentence that are outside the candidate and in the question. `near` is the greatest information of
    question words in any window of the sentence that holds the candidate and has |question| + |candidate|
    words; the candidate's own words do not count. A word's information is log(1 + 1 / its count in the text).
    As in the paper, a greater overlap ranks first and `near` decides between equals: score = overlap + near /
    (1 + near).
    """
    return lambda instance: _prediction(instance, _crowded(instance.question, instance.context))


def _crowded(question: str, context: str) -> list[tuple[float, int, int]]:
    words = _words(context)
    asked = [w.casefold() for w in _WORD.findall(question)]
    if not words.places or not asked:
        return []
    pairs = set(itertools.pairwise(asked))
    wanted = set(asked)
    n, reach = len(words.folded), len(wanted)
    mine = np.array([w in wanted for w in words.folded])
    twos = np.array(
        [
            (words.folded[k], words.folded[k + 1]) in pairs and words.sentences[k] == words.sentences[k + 1]
            for k in range(n - 1)
        ]
        + [False]
    )
    # Gaps of zeros separate the sentences, so that no window reaches from one into the next.
    gap = reach + MAX_WINDOW_WORDS
    at = np.arange(n) + gap * (1 + words.sentences)
    size = int(at[-1]) + 1 + gap
    hits, double, info = (_summed(at, size, v) for v in (mine, twos, np.where(mine, words.information, 0.0)))
    whole = np.bincount(words.sentences, mine) + np.bincount(words.sentences, twos)

    found: list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]] = []
    edge_before = words.edge_before | np.append(True, mine[:-1])
    edge_after = words.edge_after | np.append(mine[1:], True)
    for length in range(1, min(MAX_WINDOW_WORDS, n) + 1):
        first = np.arange(n - length + 1)
        last = first + length - 1
        phrase = (words.breaks[first] == words.breaks[last]) & edge_before[first] & edge_after[last]
        phrase &= ~words.function[first] & ~words.function[last]
        first, last = first[phrase], last[phrase]
        a, b = at[first], at[last] + 1
        inside = (hits[b] - hits[a]) + (double[b] - double[a - 1])
        windows = info[reach + length :] - info[: -(reach + length)]
        nearest = np.lib.stride_tricks.sliding_window_view(windows, reach + 1).max(axis=1)
        near = nearest[a - reach] - (info[b] - info[a])
        near = np.maximum(near, 0.0)  # rounding
        found.append((whole[words.sentences[first]] - inside + near / (1 + near), first, last))
    scores, firsts, lasts = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((lasts, firsts, -scores))[:N_BEST]
    return [(float(scores[k]), words.places[firsts[k]][0], words.places[lasts[k]][1]) for k in order]


def _summed(at: NDArray[np.int64], size: int, values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Running sums of an array of zeros with `values` at `at`. Entry k is the sum of the entries before k."""
    spread = np.zeros(size + 1)
    spread[at + 1] = values
    return np.cumsum(spread)


# ------------------------------------------------------------------------------------------ first of type


def _first_of_type(_seed: int) -> Callable[[Instance], Prediction]:
    """Answers with the first expression of the asked type that is not in the question; else abstains."""

    def answer(instance: Instance) -> Prediction:
        kind = asked_type(instance.question, likely=True)
        spans = find_expressions(kind, instance.context) if kind else []
        asked = instance.question.casefold()
        new = [span for span in spans if span.text(instance.context).casefold() not in asked]
        if not new:
            return Prediction(item=instance.item, text="")
        found = [(float(-rank), span.start, span.end) for rank, span in enumerate(new[:N_BEST])]
        return _prediction(instance, found)

    return answer


BASELINES: dict[str, tuple[str, Callable[[int], Callable[[Instance], Prediction]]]] = {
    "abstain": ("1", _abstain),
    "random-span": ("1", _random_span),
    "sliding-window": ("1", _sliding_window),
    "first-of-type": ("1", _first_of_type),
}
"""Version and maker of each baseline, by name. The maker takes a seed. Any change of answers needs a new
version."""


# -------------------------------------------------------------------------------------------------- words


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """The words of a text, with the properties that `sliding-window` needs."""

    places: list[tuple[int, int]]
    """Start and end of each word, in characters of the text."""
    folded: list[str]
    """Words, case-folded."""
    sentences: NDArray[np.int64]
    """Number of each word's sentence, from 0."""
    breaks: NDArray[np.int64]
    """Number of gaps before each word that have punctuation or a sentence boundary in them."""
    information: NDArray[np.float64]
    """Information of each word: log(1 + 1 / its count in the text)."""
    function: NDArray[np.bool_]
    """Whether each word is a function word."""
    edge_before: NDArray[np.bool_]
    """Whether a phrase may begin at each word: after a sentence boundary, punctuation or a function word."""
    edge_after: NDArray[np.bool_]
    """Whether a phrase may end at each word: before a sentence boundary, punctuation or a function word."""


@lru_cache(maxsize=64)  # many questions in a row have the same text
def _words(context: str) -> _Words:
    places = [m.span() for m in _WORD.finditer(context)]
    folded = [context[a:b].casefold() for a, b in places]
    between = [context[a:b] for (_, a), (b, _) in itertools.pairwise(places)]
    ends = np.array([bool(_SENTENCE_END.search(gap)) for gap in between], dtype=np.int64)
    loose = np.array([bool(gap.strip()) for gap in between], dtype=bool) | (ends > 0)
    function = np.array([w in _FUNCTION_WORDS for w in folded], dtype=bool)
    counts: dict[str, int] = {}
    for word in folded:
        counts[word] = counts.get(word, 0) + 1
    return _Words(
        places=places,
        folded=folded,
        sentences=_numbered(ends, len(places)),
        breaks=_numbered(loose, len(places)),
        information=np.log1p(1 / np.array([counts[w] for w in folded], dtype=np.float64)),
        function=function,
        edge_before=np.append(True, loose | function[:-1])[: len(places)],
        edge_after=np.append(loose | function[1:], True)[: len(places)],
    )


def _numbered(gaps: NDArray[np.generic], words: int) -> NDArray[np.int64]:
    """For each word, the number of marked gaps before it."""
    return np.append(0, np.cumsum(gaps, dtype=np.int64))[:words]


def _prediction(instance: Instance, spans: Sequence[tuple[float, int, int]]) -> Prediction:
    scores, starts, ends = zip(*spans, strict=True) if spans else ((), (), ())
    return Prediction(item=instance.item, n_best=span_candidates(instance, scores, starts, ends))
