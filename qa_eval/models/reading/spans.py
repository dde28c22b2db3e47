"""The best spans of a text by start and end logits. The search is exact and vectorised, and needs no torch.

A span's score is its start logit plus its end logit, over tokens i ≤ j < i + max_answer_tokens of one window.
Two spans are equal if they cover the same characters, whatever their tokens. If several token spans, of one
window or of overlapping windows, cover the same characters, the span has the highest of their scores. A span
that covers only white space is no candidate.

The order is the same everywhere: a higher score comes first; of equal scores, the span that starts earlier in
the text; of those, the shorter one. Scores are summed in float64, where the sum of two float32 logits of
similar size is exact. Equal scores therefore mean equal sums of logits, not an accident of rounding.

Scores are raw sums of logits, because only these can be compared across windows and texts. A softmax of each
window cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from qa_eval.records import Instance, NBest

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spans:
    """Distinct character spans, the best first, as three arrays of the same length."""

    scores: Floats
    """Scores of the spans."""
    starts: Ints
    """Offsets of the spans' first characters."""
    ends: Ints
    """Offsets just past the spans' last characters."""

    def __len__(self) -> int:
        return len(self.scores)


NO_SPANS = Spans(np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64))


def best_spans(
    start_logits: Sequence[NDArray[np.floating]],
    end_logits: Sequence[NDArray[np.floating]],
    text_starts: Sequence[Ints],
    text_ends: Sequence[Ints],
    *,
    max_answer_tokens: int,
    n_best: int,
) -> list[Spans]:
    """The best `n_best` distinct spans of each window; fewer only if the window has no more.

    The four arguments have an array for each window, with one entry for each of its context tokens, in order.
    The logits must be finite. `text_starts` holds the first character of an answer that starts with the
    token, and `text_ends` the end of an answer that ends with it, without white space. The result is exact:
    it does not look at the best starts and ends only, which would lose spans.
    """
    sizes = np.array([len(logits) for logits in start_logits])
    longest = int(sizes.max(initial=0))
    if not longest:
        return [NO_SPANS] * len(sizes)
    width = min(max_answer_tokens, longest)
    start = np.full((len(sizes), longest), -np.inf)
    end = np.full((len(sizes), longest + width - 1), -np.inf)
    for row, size in enumerate(sizes.tolist()):
        start[row, :size], end[row, :size] = start_logits[row], end_logits[row]
    windows = _Windows(
        start, end, np.concatenate(text_starts), np.concatenate(text_ends), np.cumsum(sizes) - sizes, width
    )
    # Several token spans may cover one character span, and some cover only white space, so the spans from the
    # best `n_best` starts may be fewer. The loop looks at more until there are enough; the first look almost
    # always suffices.
    found = [NO_SPANS] * len(sizes)
    rows, look = np.arange(len(sizes)), n_best
    while rows.size:
        best, whole = windows.best(rows, look, n_best)
        for row, spans in zip(rows.tolist(), best, strict=True):
            found[row] = spans
        short = np.array([len(spans) < n_best for spans in best])
        rows, look = rows[short & ~whole], 4 * look
    return found


@dataclass(frozen=True, slots=True)
class _Windows:
    """Several windows, padded to the longest with logits of minus infinity."""

    start: Floats
    end: Floats
    """End logits, with `width - 1` more of minus infinity."""
    text_starts: Ints
    text_ends: Ints
    first: Ints
    """Index of each window's first token in `text_starts` and `text_ends`."""
    width: int
    """Greatest number of tokens of a span."""

    def best(self, rows: Ints, look: int, n: int) -> tuple[list[Spans], NDArray[np.bool_]]:
        """The best n distinct spans of each of these windows, of the token spans that score at least as much
        as the best one of the `look`-th best start; and whether these are all that the window has.
        """
        tokens = self.start.shape[1]
        start, end = self.start[rows], self.end[rows]
        top = start + _greatest(end, self.width)
        bar = np.full(len(rows), -np.inf)
        if look < tokens:
            bar = np.partition(top, tokens - look)[:, tokens - look]
        floor = np.maximum(bar, -_GREATEST)  # of what is not padding
        # All starts that reach the bar are kept, so that the rule for ties chooses, not the partition.
        row, token = np.nonzero(top >= floor[:, None])
        scores = start[row, token, None] + sliding_window_view(end, self.width, axis=1)[row, token]
        chosen, further = np.nonzero(scores >= floor[row, None])
        row, token, scores = row[chosen], token[chosen], scores[chosen, further]
        place = self.first[rows][row] + token
        starts, ends = self.text_starts[place], self.text_ends[place + further]
        full = ends > starts
        found = Spans(scores[full], starts[full], ends[full])
        return _distinct(row[full], found, rows=len(rows), n=n), bar == -np.inf


_GREATEST = np.finfo(np.float64).max


def _greatest(values: Floats, width: int) -> Floats:
    """The greatest of each `width` neighbouring values of each row."""
    done = 1
    while 2 * done <= width:
        values, done = np.maximum(values[:, :-done], values[:, done:]), 2 * done
    rest = width - done
    return np.maximum(values[:, : values.shape[1] - rest], values[:, rest:])


def merge_spans(parts: Sequence[Spans], n_best: int) -> Spans:
    """The best `n_best` distinct spans over all windows of a text.

    The result is exact if each part holds the best `n_best` spans of its window: a span among the best of the
    text is among the best of the window in which it has that score.
    """
    if len(parts) == 1:
        return Spans(parts[0].scores[:n_best], parts[0].starts[:n_best], parts[0].ends[:n_best])
    if not parts:
        return NO_SPANS
    scores = np.concatenate([part.scores for part in parts])
    starts = np.concatenate([part.starts for part in parts])
    ends = np.concatenate([part.ends for part in parts])
    return _distinct(np.zeros(len(scores), np.int64), Spans(scores, starts, ends), rows=1, n=n_best)[0]


def _distinct(row: Ints, spans: Spans, *, rows: int, n: int) -> list[Spans]:
    """At most n distinct spans of each row, in the order that the module describes, each with its highest
    score. `row` has the number of each span's row.
    """
    scores, starts, ends = spans.scores, spans.starts, spans.ends
    reach = int(ends.max(initial=0)) + 1
    place = (row * reach + starts) * reach + ends
    order = np.argsort(place, kind="stable")  # fast, because nearly all are in order
    if np.any(place[order[1:]] == place[order[:-1]]):
        # The first of equal spans, which has the highest score, stays.
        order = np.lexsort((-scores, place))
        order = order[np.append(True, place[order[1:]] != place[order[:-1]])]
    order = order[np.lexsort((-scores[order], row[order]))]  # equal scores stay in the order of their places
    row, scores, starts, ends = row[order], scores[order], starts[order], ends[order]
    edges = np.searchsorted(row, np.arange(rows + 1)).tolist()
    parts = [slice(low, min(high, low + n)) for low, high in pairwise(edges)]
    return [Spans(scores[part], starts[part], ends[part]) for part in parts]


def span_candidates(
    instance: Instance, scores: Sequence[float], starts: Sequence[int], ends: Sequence[int]
) -> NBest:
    """The candidates for spans of an instance's text, in the order given."""
    context, size = instance.context, len(scores)
    return NBest(
        texts=tuple([context[start:end] for start, end in zip(starts, ends, strict=True)]),
        articles=(instance.article or None,) * size,
        starts=tuple(starts),
        ends=tuple(ends),
        scores=tuple(scores),
        probabilities=(None,) * size,
    )
