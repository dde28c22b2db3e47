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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa_eval.records import Candidate, Instance

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
    start_logits: NDArray[np.floating],
    end_logits: NDArray[np.floating],
    text_starts: Ints,
    text_ends: Ints,
    *,
    max_answer_tokens: int,
    n_best: int,
) -> Spans:
    """The best `n_best` distinct spans of one window; fewer only if the window has no more.

    The four arrays have one entry for each context token of the window, in order. `start_logits` and
    `end_logits` must be finite. `text_starts` holds the first character of an answer that starts with the
    token, and `text_ends` the end of an answer that ends with it, without white space. The result is exact:
    it does not look at the best starts and ends only, which would lose spans.
    """
    tokens = len(start_logits)
    if not tokens:
        return NO_SPANS
    width = min(max_answer_tokens, tokens)
    # Row i holds the spans that start at token i, column d those that end at token i + d.
    last = np.minimum(np.arange(tokens)[:, None] + np.arange(width), tokens - 1)
    scores = start_logits.astype(np.float64)[:, None] + end_logits.astype(np.float64)[last]
    ends = text_ends[last]
    scores[ends <= text_starts[:, None]] = -np.inf
    if width > 1:
        beyond = np.arange(tokens)[:, None] + np.arange(width) >= tokens
        scores[beyond] = -np.inf
    flat = scores.ravel()
    # Several token spans may cover one character span, so the best `n_best` token spans may hold fewer
    # distinct spans. The loop looks at more until there are enough; the first look almost always suffices.
    look = 2 * n_best
    while True:
        if look < flat.size:
            bar = np.partition(flat, flat.size - look)[flat.size - look]
            # All entries equal to the bar are kept, so that the rule for ties chooses, not the partition.
            chosen = np.flatnonzero(flat >= bar) if bar > -np.inf else np.flatnonzero(flat > -np.inf)
        else:
            bar = -np.inf
            chosen = np.flatnonzero(flat > -np.inf)
        found = _distinct(flat[chosen], text_starts[chosen // width], ends.ravel()[chosen], n_best)
        if len(found) == n_best or bar == -np.inf:
            return found
        look *= 4


def merge_spans(parts: Sequence[Spans], n_best: int) -> Spans:
    """The best `n_best` distinct spans over all windows of a text.

    The result is exact if each part holds the best `n_best` spans of its window: a span among the best of the
    text is among the best of the window in which it has that score.
    """
    if len(parts) == 1:
        return Spans(parts[0].scores[:n_best], parts[0].starts[:n_best], parts[0].ends[:n_best])
    if not parts:
        return NO_SPANS
    return _distinct(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.starts for part in parts]),
        np.concatenate([part.ends for part in parts]),
        n_best,
    )


def _distinct(scores: Floats, starts: Ints, ends: Ints, n: int) -> Spans:
    """At most n distinct spans, in the order that the module describes, each with its highest score."""
    order = np.lexsort((ends, starts, -scores))
    scores, starts, ends = scores[order], starts[order], ends[order]
    if len(order) > 1:
        # The first of equal spans, which has the highest score, stays.
        key = starts * (int(ends.max()) + 1) + ends
        _, first = np.unique(key, return_index=True)
        keep = np.sort(first)[:n]
        scores, starts, ends = scores[keep], starts[keep], ends[keep]
    return Spans(scores, starts, ends)


def span_candidates(instance: Instance, spans: Iterable[tuple[float, int, int]]) -> tuple[Candidate, ...]:
    """The candidates for spans of an instance's text, in the order given. A span is (score, start, end)."""
    return tuple(
        Candidate(
            text=instance.context[start:end],
            article=instance.article or None,
            start=start,
            end=end,
            score=score,
        )
        for score, start, end in spans
    )
