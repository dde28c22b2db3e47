"""Which spans of a text a pair of start and end logits prefers: exact, vectorised, torch-free.

A span's score is its start logit plus its end logit, over tokens i ≤ j < i + max_answer_tokens of one
window. Spans are told apart by the characters they cover, not by tokens: where several token spans (of one
window or of overlapping ones) cover the same characters, the span has the greatest of their scores. Spans
that cover no character but white space do not exist.

Order, everywhere: higher score first; of equal scores, the one that starts earlier in the text; of those, the
shorter. Scores are summed in float64, in which the sum of two float32 logits of like size is exact, so equal
scores are equal logits and not an accident of rounding.

Scores are raw logit sums: only these compare across windows and texts (a softmax per window does not).
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
    """Distinct character spans, best first: three arrays of one length."""

    scores: Floats
    starts: Ints
    ends: Ints

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
    """The best `n_best` distinct spans of one window; fewer only where there are no more.

    All four arrays have one entry per context token of the window, in order: its logits, and the first
    character and the end that an answer would have that starts or ends with it (white space trimmed). Logits
    must be finite. The result is exact: no pruning by the best starts and ends, which loses spans.
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
    # Several token spans may cover one character span, so the best n_best of them may hold fewer distinct
    # ones: look at more until there are enough. Almost always the first look suffices.
    look = 2 * n_best
    while True:
        if look < flat.size:
            bar = np.partition(flat, flat.size - look)[flat.size - look]
            # All entries equal to the bar come along: the tie rule chooses between them, not the partition.
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

    Exact if each part holds its window's best `n_best`: a span among the best of the text is among the best
    of the window that gives it its score.
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
    """Sorted by the order above, each span once with its greatest score, at most n."""
    order = np.lexsort((ends, starts, -scores))
    scores, starts, ends = scores[order], starts[order], ends[order]
    if len(order) > 1:
        # Of equal spans the first in order, which has the greatest score, stays.
        key = starts * (int(ends.max()) + 1) + ends
        _, first = np.unique(key, return_index=True)
        keep = np.sort(first)[:n]
        scores, starts, ends = scores[keep], starts[keep], ends[keep]
    return Spans(scores, starts, ends)


def span_candidates(instance: Instance, spans: Iterable[tuple[float, int, int]]) -> tuple[Candidate, ...]:
    """The answers that spans of an instance's text are, in the order given; a span is (score, start, end)."""
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
