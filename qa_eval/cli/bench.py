"""`qa-eval bench`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from qa_eval.cli.command import Command, note, option
from qa_eval.cli.option_groups import (
    data_options,
    dataset_options,
    given_options,
    quantize_option,
    run_flags,
)
from qa_eval.metrics.rules.squad import RULES, SQUAD_V2, Rules
from qa_eval.text.phrases import count

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset
    from qa_eval.evaluation.speed import AnswerAgreement, Runs, Speed
    from qa_eval.models.protocol import Model
    from qa_eval.records import Corpus, Instance
    from qa_eval.runs.options import RunOptions

EXAMPLES = (
    ("qa-eval bench -m embedded --limit 10", "ten facts: a minute or two"),
    (
        "qa-eval bench -m embedded -m onnx:embedded --quantize int8",
        "two models side by side, and how many answers differ",
    ),
    ("qa-eval bench -m embedded --dataset squad:dev-v2.0.json --limit 1000", "on a public data set"),
)


@click.command("bench", cls=Command, examples=EXAMPLES, short_help="Measure how fast models read.")
@option(
    "-m", "--model", "models", multiple=True, required=True, metavar="SPEC", section="Models",
    help="Model to measure; may be repeated. The answers of all models are compared with the first one's.",
)  # fmt: skip
@run_flags("trust_remote_code", "convert_weights")
@quantize_option
@data_options
@dataset_options
@run_flags("columns", "duplicate_ids", "rules", "limit")
@run_flags("max_length", "doc_stride")
@option(
    "--rounds", type=click.IntRange(min=1), default=3, show_default=True, metavar="N", section="Computing",
    help="Number of times that everything is measured. The output shows medians.",
)  # fmt: skip
@run_flags("device", "batch_tokens")
@option("--json", "as_json", is_flag=True, section="Output", help="Print JSON instead of text.")
@click.pass_context
def bench_command(
    ctx: click.Context,
    /,
    *,
    models: tuple[str, ...],
    quantize: str | None,
    questions: tuple[Path, ...],
    articles: Path | None,
    dataset: str | None,
    rounds: int,
    as_json: bool,
    **_: object,
) -> None:
    """Measures how fast models answer, and how much of the time the forward pass takes.

    The floor is the time of the bare forward pass over the same tokens in the best batch shape. The
    command measures it in turns with complete runs and with reading alone. The first line for each model
    shows what a further item costs in a run, as a multiple of its floor. Scoring and writing are included.
    With several models, the command also counts the answers that differ from the first model's, and prints
    the difference in F1.
    """
    from qa_eval.evaluation.speed import bench
    from qa_eval.models.registry import with_quantized

    options = given_options(ctx)
    if dataset is None:
        if options.rules is not None:
            raise click.UsageError("--rules: only with --dataset.")
        work, by = _curated(questions, articles, options), SQUAD_V2
    elif questions or articles:
        raise click.UsageError("--dataset replaces --questions and --articles; give one or the other.")
    else:
        from qa_eval.evaluation.plans import opened_dataset

        work, by = _public(opened_dataset(dataset, options), options)
    speeds, agreements = bench(
        with_quantized(models, quantize) if quantize else models,
        work.asked,
        work.golds,
        decoding=options.decoding,
        runtime=options.runtime,
        rounds=rounds,
        rules=by,
        runs=work.runs,
        note=note,
    )
    if as_json:
        # The first model's numbers are also at the top level, where output for a single model has them.
        rows = {"models": [s.as_json() for s in speeds], "agreement": [a.as_json() for a in agreements]}
        found = speeds[0].as_json() | rows
        click.echo(json.dumps(found, indent=2, sort_keys=True))
        return
    for line in bench_lines(speeds, agreements):
        click.echo(line)


@dataclass(frozen=True, slots=True)
class Workload:
    """What the models are measured on."""

    asked: list[Instance]
    """Instances to answer."""
    golds: dict[str, tuple[str, ...]]
    """Golds by item id."""
    runs: Runs
    """Runs of all questions, and of the first tenth."""


def _curated(questions: tuple[Path, ...], articles: Path | None, options: RunOptions) -> Workload:
    from qa_eval.cli.printing import announce_corpus
    from qa_eval.data.corpus import load_corpus
    from qa_eval.data.items import instances, item_ids

    corpus = load_corpus(questions or None, articles)
    announce_corpus(corpus)
    items = item_ids(corpus, tracks=["reading"], limit=options.limit)
    by_fact = {q.id: q for q in corpus.questions}
    few = _tenth(len({item.fact for item in items}))
    first = instances(corpus, item_ids(corpus, tracks=["reading"], limit=few))
    golds = {str(i): by_fact[i.fact].own_golds(i.article) for i in items}
    return Workload(instances(corpus, items), golds, _runs(options, few, first, corpus=corpus))


def _public(opened: Dataset, options: RunOptions) -> tuple[Workload, Rules]:
    from qa_eval.cli.printing import announce_dataset

    announce_dataset(opened)
    pieces = list(opened.readings(limit=options.limit))
    few = _tenth(len(pieces))
    found = [pair for piece in pieces for pair in piece]
    first = [instance for piece in pieces[:few] for instance, _ in piece]
    work = Workload(
        [instance for instance, _ in found],
        {instance.item: golds for instance, golds in found},
        _runs(options, few, first, dataset=opened),
    )
    return work, RULES.get(opened.rules, SQUAD_V2)


def _tenth(questions: int) -> int:
    """The number of questions of the smaller run."""
    return max(1, questions // 10)


def _runs(
    options: RunOptions,
    few: int,
    first: Sequence[Instance],
    *,
    corpus: Corpus | None = None,
    dataset: Dataset | None = None,
) -> Runs:
    from qa_eval.evaluation.run import evaluate
    from qa_eval.evaluation.speed import Runs

    options = replace(options, track="reading", cache=False, references=False)

    def run(model: Model, limit: int | None) -> None:
        with TemporaryDirectory() as folder:
            evaluate(
                model,
                corpus=corpus,
                dataset=dataset,
                out=folder,
                limit=limit,
                options=options,
                progress=False,
            )

    return Runs(
        large=lambda model: run(model, options.limit), small=lambda model: run(model, few), first=first
    )


def bench_lines(speeds: Sequence[Speed], agreements: Sequence[AnswerAgreement]) -> list[str]:
    """The lines of text that show the measurements."""
    from qa_eval.text.terminal import clean

    lines = []
    for s in speeds:
        shape = "windows alone" if s.floor_batch_tokens == 1 else f"batches of {s.floor_batch_tokens} tokens"
        shape += ", one a thread" if s.floor_workers else ""
        peak = "unknown on this system" if s.peak_rss_bytes is None else f"{s.peak_rss_bytes / 1e6:,.0f} MB"
        rest = max(0.0, 1 - sum(s.shares.values()))
        lines += [
            f"{clean(s.spec)} ({clean(s.backend)})",
            *(
                [f"  {s.marginal_ratio:.2f} x the bare forward pass for each further item of a run"]
                if s.marginal_ratio
                else []
            ),
            f"  {count(s.items, 'item')}, {count(s.windows, 'window')}, {count(s.tokens, 'token')} in "
            f"{s.seconds:.2f} s",
            f"  speed          {s.items / s.seconds:.1f} items/s, {s.windows / s.seconds:.1f} windows/s, "
            f"{s.tokens / s.seconds:,.0f} tokens/s",
            "  share of time  "
            + ", ".join(f"{part} {share:.1%}" for part, share in [*s.shares.items(), ("rest", rest)]),
            f"  floor          {s.floor_seconds:.2f} s ({shape})",
            f"  reading alone  {s.ratio_to_floor:.3f} x the floor",
            f"  peak memory    {peak}",
        ]
    for s in speeds[1:]:
        lines.append(
            f"{clean(s.spec)} is {speeds[0].seconds / s.seconds:.2f} x as fast as {clean(speeds[0].spec)}"
        )
    for a in agreements:
        lines.append(
            f"{clean(a.spec)} against {clean(a.base)}: {a.moved:,} of {count(a.items, 'answer')} changed, "
            f"F1 {100 * a.f1_difference:+.2f} points, scores within {a.largest_score_difference:.2g}"
        )
    return lines
