"""Span search against a decoder that loops over everything, and by hand-worked tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.models.reading.spans import NO_SPANS, Spans, best_spans, merge_spans

Scored = list[tuple[float, int, int]]


@dataclass(frozen=True)
class SlowWindow:
    """Logits and characters of one window's context tokens, as plain lists."""

    starts: list[float]
    ends: list[float]
    text_starts: list[int]
    text_ends: list[int]


def slow_best(windows: list[SlowWindow], max_answer_tokens: int, n: int) -> Scored:
    """Every span of every window, one at a time; the definition, not an algorithm."""
    best: dict[tuple[int, int], float] = {}
    for window in windows:
        for i in range(len(window.starts)):
            for j in range(i, min(i + max_answer_tokens, len(window.starts))):
                span = (window.text_starts[i], window.text_ends[j])
                score = window.starts[i] + window.ends[j]
                if span[1] > span[0] and (span not in best or score > best[span]):
                    best[span] = score
    ranked = sorted((-score, start, end) for (start, end), score in best.items())
    return [(-score, start, end) for score, start, end in ranked[:n]]


def as_list(spans: Spans) -> Scored:
    return list(zip(spans.scores.tolist(), spans.starts.tolist(), spans.ends.tolist(), strict=True))


def fast_windows(windows: list[SlowWindow], max_answer_tokens: int, n: int) -> list[Spans]:
    return best_spans(
        [np.array(window.starts, np.float32) for window in windows],
        [np.array(window.ends, np.float32) for window in windows],
        [np.array(window.text_starts, np.int64) for window in windows],
        [np.array(window.text_ends, np.int64) for window in windows],
        max_answer_tokens=max_answer_tokens,
        n_best=n,
    )


def fast_window(window: SlowWindow, max_answer_tokens: int, n: int) -> Spans:
    return fast_windows([window], max_answer_tokens, n)[0]


@st.composite
def windows(draw: st.DrawFn) -> list[SlowWindow]:
    """Overlapping windows of one text, in which some tokens are blank or share a character.

    Logits come from a small set, so that ties are everywhere.
    """
    count = draw(st.integers(1, 14))
    places: list[tuple[int, int]] = []
    at = 0
    for kind in draw(
        st.lists(st.sampled_from(["word", "word", "blank", "same"]), min_size=count, max_size=count)
    ):
        if kind == "same" and places:
            places.append(places[-1])
        elif kind == "blank":
            places.append((at + 1, at))  # begins where the next text does, ends where the last one did
        else:
            places.append((at + 1, at + 3))
            at += 4
    logit = st.one_of(st.sampled_from([-1.0, 0.0, 0.5, 1.0]), st.floats(-20, 20, width=16))
    found = []
    for _ in range(draw(st.integers(1, 3))):
        low = draw(st.integers(0, count - 1))
        high = draw(st.integers(low, count))
        size = high - low
        row = st.lists(logit, min_size=size, max_size=size)
        mine = places[low:high]
        found.append(SlowWindow(draw(row), draw(row), [a for a, _ in mine], [b for _, b in mine]))
    return found


@given(windows(), st.integers(1, 6), st.sampled_from([1, 2, 5, 20]))
def test_search_and_merge_equal_the_decoder_that_loops_over_all_spans(
    found: list[SlowWindow], max_answer_tokens: int, n: int
) -> None:
    parts = fast_windows(found, max_answer_tokens, n)
    assert [as_list(part) for part in parts] == [slow_best([w], max_answer_tokens, n) for w in found]
    assert as_list(merge_spans(parts, n)) == slow_best(found, max_answer_tokens, n)


@given(st.integers(0, 2**32 - 1))
def test_search_equals_the_loop_on_long_windows_too(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 120
    starts, ends = (rng.normal(size=size).astype(np.float32).tolist() for _ in range(2))
    window = SlowWindow(starts, ends, [3 * k for k in range(size)], [3 * k + 2 for k in range(size)])
    assert as_list(fast_window(window, 30, 20)) == slow_best([window], 30, 20)


WORD_AT = {"starts": [0, 4, 8], "ends": [3, 7, 11]}


@pytest.mark.parametrize(
    ("start_logits", "end_logits", "limit", "expected"),
    [
        pytest.param([3, 0, 0], [0, 0, 2], 3, (5.0, 0, 11), id="start and end logits are added"),
        pytest.param([3, 0, 0], [0, 0, 2], 2, (3.0, 0, 3), id="an answer is at most so many tokens long"),
        pytest.param([0, 0, 5], [5, 0, 0], 3, (5.0, 0, 3), id="no answer ends before it starts"),
        pytest.param(
            [0, 0, 0], [0, 0, 0], 3, (0.0, 0, 3), id="of equal scores the earlier, then the shorter"
        ),
        pytest.param(
            [1, 1, 0], [0, 1, 1], 3, (2.0, 0, 7), id="the earlier start goes before the shorter span"
        ),
        pytest.param([-9, -9, -9], [-9, -9, -8], 1, (-17.0, 8, 11), id="negative scores are scores"),
    ],
)
def test_the_best_span_is(
    start_logits: list[float], end_logits: list[float], limit: int, expected: tuple[float, int, int]
) -> None:
    window = SlowWindow(start_logits, end_logits, WORD_AT["starts"], WORD_AT["ends"])
    assert as_list(fast_window(window, limit, 1)) == [expected]


def test_no_tokens_have_no_spans() -> None:
    assert len(fast_window(SlowWindow([], [], [], []), 30, 20)) == 0
    assert merge_spans([], 20) is NO_SPANS
    assert best_spans([], [], [], [], max_answer_tokens=30, n_best=20) == []


def test_a_span_of_two_windows_is_there_once_with_its_greatest_score() -> None:
    low = SlowWindow([1, 0], [1, 0], [0, 4], [3, 7])
    high = SlowWindow([2, 0], [2, 0], [0, 4], [3, 7])
    merged = as_list(merge_spans([fast_window(low, 1, 20), fast_window(high, 1, 20)], 20))
    assert merged == [(4.0, 0, 3), (0.0, 4, 7)]


def test_the_n_best_is_not_short_while_other_spans_exist() -> None:
    # Nine in ten token spans cover the same characters: five tokens of one emoji, say, then single words.
    places = [(0, 1)] * 50 + [(2 * k, 2 * k + 1) for k in range(1, 26)]
    logits = [5.0] * 50 + [0.0] * 25
    window = SlowWindow(logits, logits, [a for a, _ in places], [b for _, b in places])
    found = as_list(fast_window(window, 1, 20))
    assert len(found) == 20 == len({span[1:] for span in found})


def test_blank_tokens_give_no_answer_of_white_space() -> None:
    blank = SlowWindow([9, 0], [9, 0], [4, 4], [0, 7])
    assert as_list(fast_window(blank, 1, 20)) == [(0.0, 4, 7)]


def test_logits_are_summed_in_double_precision() -> None:
    # In float32 2**24 + 1 is 2**24: the two spans would tie and the wrong one would win.
    window = SlowWindow([2.0**24, 2.0**24], [0, 1], [0, 4], [3, 7])
    assert as_list(fast_window(window, 1, 2))[0] == (2.0**24 + 1, 4, 7)
