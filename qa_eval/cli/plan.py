"""`qa-eval plan`."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import FiniteRange
from qa_eval.cli.command import Command, note, option
from qa_eval.cli.run import WORDS_REFUSED, RunCall, call_flags

if TYPE_CHECKING:
    from qa_eval.runs.options import RunOptions

EXAMPLES = (
    ("qa-eval plan", "the cost of `qa-eval run`"),
    (
        "qa-eval plan -m embedded --dataset squad:dev-v2.0.json --engine ray --workers 64",
        "the cost on a cluster",
    ),
    (
        "qa-eval plan -m embedded --dataset squad:dev-v2.0.json --sample 2000 --engine ray --workers 64 "
        "--for-models 1000 --for-items 1000000",
        "the cost of a thousand such models on a million such questions",
    ),
)


@click.command(
    "plan",
    cls=Command,
    examples=EXAMPLES,
    short_help="Estimate the time, memory and disk space of a run.",
    context_settings=WORDS_REFUSED,
)
@call_flags
@option("--json", "as_json", is_flag=True, section="Output", help="Print JSON instead of the table.")
@option(
    "--probe-seconds", type=FiniteRange(min=0, min_open=True), default=5.0, show_default=True,
    metavar="S", section="Plan", help="Seconds for which each model answers, to measure its speed.",
)  # fmt: skip
@option(
    "--exact-up-to", type=click.IntRange(min=2), default=10_000, show_default=True, metavar="N",
    section="Plan",
    help="Items up to which all windows and tokens are counted. For a larger data set, a sample of N items "
    "gives an estimate.",
)  # fmt: skip
@option(
    "--for-models", type=click.IntRange(min=1), metavar="N", section="Plan",
    help="Also estimate the cost of N models like these.  [default: the number of models given]",
)  # fmt: skip
@option(
    "--for-items", type=click.IntRange(min=1), metavar="N", section="Plan",
    help="Also estimate the cost of N items like these for each model.  [default: the number of items given]",
)  # fmt: skip
@click.pass_context
def plan_command(
    ctx: click.Context,
    /,
    *,
    probe_seconds: float,
    exact_up_to: int,
    for_models: int | None,
    for_items: int | None,
    as_json: bool,
    **_: object,
) -> None:
    """Counts what `run` would ask with the same flags, and estimates its time, memory and disk space.

    The command writes no run. It counts the items and how many of them the prediction cache has. It also
    counts windows and tokens, up to a size. To measure its speed, each model answers for a few seconds on
    this machine in a process of its own, as a worker would. The command accepts the output flags of `run`
    and ignores them. Exit code 1: a model cannot answer; the others are planned.
    """
    from qa_eval.evaluation.environment import peak_rss_bytes
    from qa_eval.evaluation.forecast import Forecast, draw_forecast, render_forecast_json
    from qa_eval.evaluation.forecast_probe import probe_models
    from qa_eval.evaluation.plans import resolve_models, settle, settle_all, unused_prices_sentence
    from qa_eval.text.terminal import terminal_width, write_lines

    since = time.perf_counter()
    call = RunCall.of(ctx)
    options = _with_workers(call.options)
    seconds = time.perf_counter() - since
    # Finding the models is not part of the measured time.
    models = resolve_models(call.models, options.decoding, options.runtime)
    since = time.perf_counter()
    if call.datasets:
        plans = settle_all(models, call.datasets, options)
    else:
        plans = [settle(models, corpus=call.corpus, options=options)]
    if (sentence := unused_prices_sentence(models, options)) is not None:
        note(sentence)
    seconds += time.perf_counter() - since
    forecasts = probe_models(
        plans,
        options,
        note,
        seconds=probe_seconds,
        counted=exact_up_to,
        asks_cached=for_models is not None or for_items is not None,
    )
    found = Forecast(
        models=tuple(forecasts),
        workers=options.workers,
        preparing_seconds=seconds,
        driver_rss_bytes=peak_rss_bytes(),
        for_models=for_models,
        for_items=for_items,
        prices=options.prices,
    )
    if as_json:
        click.echo(render_forecast_json(found), nl=False)
    else:
        write_lines(sys.stdout, draw_forecast(found, terminal_width(sys.stdout)))
    if len(found.planned) < len(found.models):
        ctx.exit(1)


def _with_workers(options: RunOptions) -> RunOptions:
    """The options with the number of Ray workers that a run on this machine would have."""
    if options.engine != "ray" or options.workers is not None:
        return options
    if options.address is not None or options.gpus_per_worker:
        raise click.UsageError(
            "plan does not look at the cluster: give the number of workers with --workers."
        )
    return options.updated({"workers": max(1, int((os.cpu_count() or 1) / options.cpus_per_worker))})
