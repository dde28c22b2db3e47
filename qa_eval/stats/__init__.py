"""Uncertainty of scores: intervals, tests, ranks and power.

    intervals         intervals by resampling clusters (a cluster is a fact, or a text of a public data set)
    significance      tests of differences, corrections for many of them, ranks
    contrasts         a difference with its interval, and the smallest difference that could be shown
    small_samples     what a few clusters, or clusters that all agree, can tell
    draws             the random draws behind all of these
    krippendorff      agreement of annotators

Only numpy is used. Equal inputs with equal seeds give equal outputs. No value is NaN, no interval has zero
width, and no extreme input (all right, all wrong, one cluster) is an error.
"""
