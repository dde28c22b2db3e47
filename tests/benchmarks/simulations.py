"""How often the statistics find what is there, and what is not: on made-up models, at full size.

    python -m tests.benchmarks.simulations [TRIALS]

Each line has the share of simulated comparisons, its Monte-Carlo error, and what it should be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from tests.support.simulated_models import (
    Facts,
    Items,
    TwoParts,
    Unequal,
    any_of_six,
    at_detectable,
    clustered_p,
    covered,
    error,
    first_is_shown,
    item_p,
    models_at_detectable,
    parts_covered,
    share,
    true_difference,
)

TRIALS = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdecimal() else 4_000
RESAMPLES = 999


def report(what: str, found: Callable[[np.random.Generator], bool], expected: str) -> None:
    """One line."""
    value = share(TRIALS, found)
    print(f"{what:<66}{100 * value:5.1f} % ± {100 * error(value, TRIALS):.1f}   {expected}", flush=True)


def main() -> None:
    """Prints the shares."""
    print(f"{TRIALS:,} simulated comparisons a line, {RESAMPLES} resamples, level 5 %\n")
    for number in (12, 60, 135):
        world = Facts(number=number)
        report(f"{number} facts, equal models, sign-flip of facts", clustered_p(world, RESAMPLES), "5 %")
        report(f"{number} facts, equal models, McNemar of items", item_p(world), "5 %, if it were right")
        report(f"{number} facts, 95 % interval holds the truth", covered(world, 0.0, RESAMPLES), "95 %")
    report("135 facts of one item, equal models, McNemar", item_p(Items(number=135)), "at most 5 %")
    for number in (12, 60):
        report(f"{number} facts, six equal models, any pair, maxT", any_of_six(number, RESAMPLES), "5 %")
    for number, difference in ((60, 0.16), (100, 0.13), (150, 0.11)):
        found = clustered_p(Items(number=number, difference=difference), RESAMPLES)
        report(f"{number} independent items, {100 * difference:.0f} points apart", found, "80 %")
    for number in (36, 135):
        for difference in (0.0, 0.2):
            # The share of right answers is cut at 0 and 1 alike, so the truth is measured, not set.
            uneven = Unequal(number=number, difference=difference)
            name = f"{number} facts of very unequal size, {100 * difference:.0f} points apart, interval"
            report(name, covered(uneven, true_difference(uneven), RESAMPLES), "at least 92 %")
    for number, answerable, silent in ((10, 0.1, 0.95), (36, 0.1, 0.95), (36, 0.02, 0.98), (135, 0.02, 0.98)):
        for together in (0.0, 0.3):
            parts = TwoParts(facts=number, answerable=answerable, silent=silent, together=together)
            name = f"{number} facts, balanced F1 at rates {answerable} and {silent}, correlation {together}"
            report(name, parts_covered(parts, RESAMPLES), "at least 92 %")
    for number in (10, 20, 36, 135):
        for models in (2, 5, 10):
            printed = models_at_detectable(number, models, RESAMPLES)
            name = f"{number} facts, {models} models"
            if printed is None:
                print(f"{name:<66}no difference is printed", flush=True)
                continue
            among, smallest = printed
            name = f"{name}, {100 * smallest:.1f} points apart (as printed)"
            report(name, first_is_shown(among, RESAMPLES), "75 to 85 %")
    for number in (60, 135):
        pair, smallest = at_detectable(number)
        name = f"{number} facts, {100 * smallest:.1f} points apart (the smallest shown)"
        report(name, clustered_p(pair, RESAMPLES), "80 %")


if __name__ == "__main__":
    main()
