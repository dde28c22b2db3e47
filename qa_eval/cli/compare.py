"""`qa-eval compare`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from qa_eval.cli.argument_types import PATH, FiniteRange
from qa_eval.cli.command import Command, option
from qa_eval.errors import CheckFailedError

if TYPE_CHECKING:
    from qa_eval.comparisons.differences import AllPairs, Comparison, Gate

EXAMPLES = (
    (
        "qa-eval compare results/main results/branch",
        "is the branch better, worse, or are there too few items to tell",
    ),
    ("qa-eval compare results/main results/branch --all", "with every metric, every slice, and more items"),
    ("qa-eval compare results/two", "the two models of one run; the one that is ranked first is the new one"),
    (
        "qa-eval compare results/baseline --against baseline:first-of-type",
        "every other model compared with one",
    ),
    (
        "qa-eval compare results/main results/branch --fail-on-regression --format markdown",
        "as a check in a pull request: exit code 1 if the branch is significantly worse",
    ),
)


@click.command(
    "compare",
    cls=Command,
    examples=EXAMPLES,
    short_help="Check whether a difference between two runs is real.",
)
@click.argument("paths", nargs=-1, required=True, type=PATH, metavar="BASE [NEW]")
@option(
    "--model", metavar="SPEC", section="Selection",
    help="Model of NEW.  [default: each model that both runs have, compared with itself]",
)  # fmt: skip
@option(
    "--against", metavar="SPEC", section="Selection",
    help="Model of BASE. Without --model, every other model is compared with it.  [default: as in NEW]",
)  # fmt: skip
@option(
    "--all-pairs", is_flag=True, section="Selection",
    help="Compare all pairs of models, over all runs that are given and up to 50 models.",
)  # fmt: skip
@option(
    "--metric", "metrics", multiple=True, metavar="METRIC", section="Selection",
    help="Primary metric; may be repeated.  [default: the metric that ranks the run]",
)  # fmt: skip
@option(
    "--slice",
    "slice_",
    metavar="S",
    section="Selection",
    help="Compare only these items: settled, contested, silent, relation:R, category:C or article:A.  "
    "[default: all]",
)
@option(
    "--allow-different", multiple=True, type=click.Choice(["decoding", "threshold", "track"]),
    section="Selection", help="Compare although the runs differ in this option; may be repeated.",
)  # fmt: skip
@option(
    "--fail-on-regression", is_flag=True, section="Check",
    help="Exit with code 1 if a primary metric is significantly worse, or if NEW lacks items of BASE.",
)  # fmt: skip
@option(
    "--tolerance", type=FiniteRange(0, 1, max_open=True), metavar="X", section="Check",
    help="With --fail-on-regression: fail if a primary metric dropped by more than X, a fraction from 0 to "
    "1, significant or not.  [default: fail if it is significantly worse]",
)  # fmt: skip
@option(
    "--allow-missing", is_flag=True, section="Check",
    help="With --fail-on-regression: do not fail because NEW lacks items of BASE.",
)  # fmt: skip
@option(
    "--all", "every", is_flag=True, section="Output",
    help="Add all other metrics, the slices, and items of each kind of change to the table.",
)  # fmt: skip
@option(
    "--items", type=click.IntRange(min=0), metavar="N", section="Output",
    help="Number of items shown; with --all and in Markdown, N fixed, N broken and N otherwise changed. JSON "
    "has all items.  [default: 5; 10 with --all and in Markdown]",
)  # fmt: skip
@option(
    "--format", "form", type=click.Choice(["table", "markdown", "json"]), default="table", show_default=True,
    section="Output",
    help="Markdown suits a comment on a pull request. JSON holds everything, with scores as fractions.",
)  # fmt: skip
def compare_command(
    *,
    paths: tuple[Path, ...],
    model: str | None,
    against: str | None,
    all_pairs: bool,
    metrics: tuple[str, ...],
    slice_: str | None,
    allow_different: tuple[str, ...],
    fail_on_regression: bool,
    tolerance: float | None,
    allow_missing: bool,
    every: bool,
    items: int | None,
    form: Literal["table", "markdown", "json"],
) -> None:
    """Compares models item by item, and says whether the new one is better, worse, or too close to tell.

    BASE and NEW are run folders or their leaderboard.json. Without NEW, the command compares two models of
    BASE; if BASE has only two, you need not name them. Items are paired by the text that was asked, not by
    their names. Edited items are listed and not compared.
    """
    if every and form != "table":
        raise click.UsageError("--all is for the table; the other formats have everything.")
    if tolerance is not None and not fail_on_regression:
        raise click.UsageError("--tolerance needs --fail-on-regression.")
    if allow_missing and not fail_on_regression:
        raise click.UsageError("--allow-missing needs --fail-on-regression.")
    if not all_pairs and len(paths) > 2:
        raise click.UsageError("Give two runs, BASE and NEW; only --all-pairs takes more.")
    if all_pairs and (model or against or fail_on_regression or len(metrics) > 1):
        raise click.UsageError(
            "--all-pairs takes one --metric, and none of --model, --against and --fail-on-regression."
        )
    from qa_eval.runs.schema import NOTHING_SCORED
    from qa_eval.runs.store import load_run

    runs = [load_run(path, slices=False) for path in paths]
    if not fail_on_regression and not any(run.leaderboard.scored for run in runs):
        nothing = json.dumps({"pairs": [], "notes": [NOTHING_SCORED]}, indent=1)
        click.echo(nothing if form == "json" else NOTHING_SCORED)
        return
    if all_pairs:
        from qa_eval.comparisons.all_pairs import compare_all

        metric = metrics[0] if metrics else None
        ranking = compare_all(runs, metric=metric, slice=slice_, allow_different=allow_different)
        _print(ranking, None, form, every=every, items=items, labels={})
        return
    from qa_eval.comparisons.comparison import compare

    found = compare(
        *runs,
        model=model,
        against=against,
        metrics=metrics,
        slice=slice_,
        allow_different=allow_different,
        everything=every or form != "table",
    )
    gate = None
    if fail_on_regression:
        from qa_eval.comparisons.regression_gate import regression_gate

        gate = regression_gate(found, tolerance, allow_missing=allow_missing)
    labels = {id: name for run in runs for id, name in run.leaderboard.data.article_labels.items()}
    _print(found, gate, form, every=every, items=items, labels=labels)
    if gate is not None and gate.failed:
        raise CheckFailedError("\n".join(gate.reasons))


def _print(
    found: Comparison | AllPairs,
    gate: Gate | None,
    form: str,
    *,
    every: bool,
    items: int | None,
    labels: Mapping[str, str],
) -> None:
    if form == "json":
        from qa_eval.comparisons.comparison_formats import render_comparison_json

        click.echo(render_comparison_json(found, gate), nl=False)
    elif form == "markdown":
        from qa_eval.comparisons.comparison_formats import render_comparison_markdown

        most = 10 if items is None else items
        click.echo(render_comparison_markdown(found, items=most, gate=gate), nl=False)
    else:
        from qa_eval.comparisons.comparison_table import draw_comparison
        from qa_eval.text.terminal import terminal_width, write_lines

        width = min(terminal_width(sys.stdout), 120)
        lines = draw_comparison(found, width, every=every, items=items, gate=gate, labels=labels)
        write_lines(sys.stdout, lines)
