"""Random draws for intervals and tests: cluster counts and sign flips, made in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_CHUNK = 1 << 20
"""Number of entries of a matrix of draws that are in memory at a time (8 MB as float64)."""
_CACHED = 1 << 15
"""Number of draws that are counted together: few enough for the processor's cache."""
_KEEP = 1 << 24
"""Largest number of entries of a matrix of counts that is kept for the next estimate (16 MB)."""
_SMALL = 1 << 21
"""Largest number of entries of a matrix of which 64 are kept (2 MB each). A model's slices have dozens of
different numbers of clusters, and those of the next model have the same ones."""
EXACT_CLUSTERS = 14
"""Largest number of clusters for which all sign flips are enumerated. With more clusters they are sampled."""


def cluster_counts(clusters: int, resamples: int, seed: int) -> Iterator[NDArray[np.integer[Any]]]:
    """Yields how often each cluster occurs in each bootstrap resample: blocks of rows, `resamples` rows in
    all.

    The draw depends on the three arguments alone, so estimates over the same number of clusters share it. The
    resamples of two models that answered the same facts are therefore paired.
    """
    step = max(1, _CHUNK // clusters)
    starts = range(0, resamples, step)
    if clusters * resamples <= _KEEP:
        packed = _small_counts if clusters * resamples <= _SMALL else _large_counts
        kept = packed(clusters, resamples, seed)
        for start in starts:
            yield kept[start : start + step]
    else:
        rng = np.random.default_rng(seed)
        for start in starts:
            yield _drawn_counts(rng, clusters, min(step, resamples - start))


def _packed_counts(clusters: int, resamples: int, seed: int) -> NDArray[np.integer[Any]]:
    return _drawn_counts(np.random.default_rng(seed), clusters, resamples)


_small_counts = lru_cache(maxsize=64)(_packed_counts)
_large_counts = lru_cache(maxsize=8)(_packed_counts)


def _drawn_counts(rng: np.random.Generator, clusters: int, resamples: int) -> NDArray[np.integer[Any]]:
    """The counts of the next resamples, packed. A cluster is hardly ever drawn more than 255 times."""
    few = max(1, min(resamples, _CACHED // clusters))
    # One histogram for several resamples: cluster c of resample r is bin r * clusters + c.
    bins = np.repeat(np.arange(few) * clusters, clusters)
    packed = np.empty((resamples, clusters), np.uint8)
    for start in range(0, resamples, few):
        rows = min(few, resamples - start)
        picks = rng.integers(0, clusters, size=rows * clusters)
        picks += bins[: picks.size]
        counts = np.bincount(picks, minlength=picks.size).reshape(rows, clusters)
        if counts.max() > np.iinfo(packed.dtype).max:
            packed = packed.astype(np.min_scalar_type(counts.max()))
        packed[start : start + rows] = counts
    return packed


def sign_flips(clusters: int, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yields blocks of rows of +1 and -1, with one column for each cluster.

    Up to `EXACT_CLUSTERS` clusters, the rows are all patterns whose last sign is +1. The other patterns
    mirror them and have the same absolute sums. With more clusters the rows are `resamples` random patterns.
    """
    if flips_are_exact(clusters):
        patterns = np.arange(1 << max(clusters - 1, 0))
        yield _signs((patterns[:, None] >> np.arange(clusters)) & 1)
        return
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // clusters)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        bits = np.unpackbits(np.frombuffer(rng.bytes(rows * ((clusters + 7) // 8)), dtype=np.uint8))
        yield _signs(bits.reshape(rows, -1)[:, :clusters])


def flips_are_exact(clusters: int) -> bool:
    """Whether `sign_flips` enumerates all patterns for this number of clusters."""
    return clusters <= EXACT_CLUSTERS


def _signs(bits: NDArray[np.integer[Any]]) -> FloatArray:
    signs: FloatArray = 1.0 - 2.0 * bits.astype(np.float64)
    return signs
