"""Uncertainty of scores: intervals, tests, ranks and power.

    intervals         intervals by resampling clusters (a cluster is a fact, or a text of a public data set)
    significance      tests of differences, corrections for many tests, ranks
    contrasts         a difference with its interval, and the smallest difference that could be detected
    small_samples     corrections for few clusters, and for clusters that all agree
    draws             the random draws behind all of these
    krippendorff      agreement of annotators

The room uses numpy alone. Equal inputs with equal seeds give equal outputs. No value is NaN and no interval
has zero width. Extreme inputs (all right, all wrong, one cluster) are not errors.
"""
