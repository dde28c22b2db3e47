"""`qa-eval score`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.argument_types import FINITE, PATH
from qa_eval.cli.command import Command, option
from qa_eval.cli.option_groups import given_options, run_flags

if TYPE_CHECKING:
    from rich.text import Text

    from qa_eval.evaluation.scorecard import Scorecard
    from qa_eval.records import Estimate

EXAMPLES = (
    (
        "qa-eval score predictions.json --dataset squad:dev-v2.0.json",
        "{id: text}, scored by the data set's own rules",
    ),
    (
        "qa-eval score predictions.json --dataset squad:test-context-de-question-de.json --rules mlqa-de",
        "scored by rules that the file does not name",
    ),
    (
        "qa-eval score answers.jsonl --dataset claims:facts.jsonl",
        "answers in words of any system, by FACT@PASSAGE and FACT@*, with the claims that they assert",
    ),
    (
        "qa-eval score submission.csv --dataset squad:dev-v2.0.json",
        "a table with the columns id and prediction",
    ),
    (
        "qa-eval score rows.jsonl --dataset mrqa:HotpotQA.jsonl.gz --json",
        "the keys of the official script, in percent",
    ),
    (
        "qa-eval score nbest_predictions.json --dataset squad:dev-v2.0.json --na-probs null_odds.json",
        "output of run_squad, with a search for the best no-answer threshold",
    ),
)

LISTED = 5
"""Number of ids of a kind that the text names."""


@click.command(
    "score", cls=Command, examples=EXAMPLES, short_help="Score a file of predictions by official rules."
)
@click.argument("predictions", type=PATH)
@option(
    "--dataset",
    required=True,
    metavar="SPEC",
    section="Data",
    help="Data set that the predictions answer: squad:FILE, mrqa:FILE, jsonl:FILE, claims:FILE or hub:NAME.",
)
@run_flags("split", "columns", "duplicate_ids")
@run_flags("rules", section="Scoring")
@option(
    "--na-probs",
    type=PATH,
    metavar="FILE",
    section="Scoring",
    help="JSON file with the no-answer probability, or log odds, of each id. With it, the command also "
    "searches for the best threshold.  [default: none]",
)
@option(
    "--na-threshold",
    type=FINITE,
    default=1.0,
    show_default=True,
    metavar="X",
    section="Scoring",
    help="No-answer probability above which an answer counts as no answer.",
)
@option(
    "--json",
    "as_json",
    is_flag=True,
    section="Output",
    help="Print JSON with the keys of the official script, and more under qa_eval.",
)
@click.pass_context
def score_command(
    ctx: click.Context,
    /,
    *,
    predictions: Path,
    dataset: str,
    na_probs: Path | None,
    na_threshold: float,
    as_json: bool,
    **_: object,
) -> None:
    """Scores the predictions of any system by the official rules of a data set.

    PREDICTIONS is a JSON object from question ids to answers or n-best lists, or rows with an id and an
    answer (JSON lines, a JSON list, .csv or .tsv). It may be compressed as .gz. The command also reads the
    output of run_squad, evaluate, the pipeline of transformers, simpletransformers, AllenNLP, FARM, haystack
    and lm-evaluation-harness. The numbers are those of the official script, each with an interval. Where that
    script is wrong, the output says what was done instead.
    """
    from qa_eval.evaluation.plans import opened_dataset
    from qa_eval.evaluation.scorecard import score
    from qa_eval.text.terminal import safe_json, terminal_width, write_lines

    opened = opened_dataset(dataset, given_options(ctx))
    card = score(predictions, opened, na_probs=na_probs, na_threshold=na_threshold)
    if as_json:
        click.echo(safe_json(json.dumps(card.as_json(), indent=2, ensure_ascii=False, allow_nan=False)))
        return
    write_lines(sys.stdout, score_lines(card, predictions, terminal_width(sys.stdout)))


def score_lines(card: Scorecard, predictions: Path, width: int) -> Iterator[Text]:
    """The lines of text that show a scorecard."""
    from rich.text import Text

    from qa_eval.stats.small_samples import FEWEST_CLUSTERS
    from qa_eval.text.figures import no_interval
    from qa_eval.text.passages import wrap_text
    from qa_eval.text.terminal import clean

    def wrapped(sentence: str, style: str) -> list[Text]:
        return wrap_text(Text(clean(sentence), style), width)

    counts = card.counts
    yield from wrapped(f"{predictions} on {card.dataset}, by {card.rules}", "bold")
    yield Text()
    yield from _table(card)
    yield Text()
    if card.tracks:
        yield from _track_table(card)
        yield Text()
    yield from wrapped(
        f"{counts['answered']:,} answered, {counts['abstained']:,} abstained, {counts['missing']:,} missing",
        "dim",
    )
    contexts, unit = counts["contexts"], "fact" if card.tracks else "context"
    intervals = f"95 % intervals clustered by {unit} ({contexts:,})"
    if contexts < FEWEST_CLUSTERS:
        intervals = no_interval(contexts, unit)
    yield from wrapped(f"percent; {intervals}", "dim")
    if card.best:
        sentence = "best threshold: an oracle, chosen on these answers; the interval takes it as fixed"
        yield from wrapped(sentence, "dim")
    for sentence in card.notes:
        yield from wrapped(sentence, "yellow")
    for name in ("missing", "extra", "duplicates", "failed"):
        ids: Sequence[str] = getattr(card, name)
        if ids:
            more = f" and {len(ids) - LISTED:,} more (--json has them all)" if len(ids) > LISTED else ""
            yield from wrapped(f"{name}: {', '.join(ids[:LISTED])}{more}", "")


def _table(card: Scorecard) -> Iterator[Text]:
    """A line for each part of the data set, with exact match, F1 and their intervals."""
    from rich.text import Text

    from qa_eval.text.figures import interval_text, percent

    rows = list(_rows(card))
    widest = max(len(label) for label, *_ in rows)
    intervals = [[interval_text(e.low, e.high) for e in (exact, f1)] for _, exact, f1, _ in rows]
    widths = [max(len(line[column]) for line in intervals) for column in (0, 1)]
    heads = [name.ljust(7 + width) for name, width in zip(("  EM", "  F1"), widths, strict=True)]
    yield Text(f"{'':<{widest}}  {heads[0]}  {heads[1]}  questions", "bold")
    for (label, exact, f1, note), shown in zip(rows, intervals, strict=True):
        line = Text(f"{label:<{widest}}")
        for estimate, interval, width in zip((exact, f1), shown, widths, strict=True):
            line.append(f"  {percent(estimate.value):>5}")
            line.append(f"  {interval:<{width}}", "dim")
        line.append(f"  {exact.n:>9,}")
        line.append(note, "dim")
        yield line


def _track_table(card: Scorecard) -> Iterator[Text]:
    """A line for each metric of facts with claims, track by track."""
    from rich.text import Text

    from qa_eval.metrics.listings import column_label
    from qa_eval.text.figures import interval_text, percent

    rows = [
        (column_label(track, metric), estimate)
        for track, metrics in card.tracks.items()
        for metric, estimate in metrics.items()
    ]
    widest = max(len(name) for name, _ in rows)
    for name, estimate in rows:
        line = Text(f"{name:<{widest}}  {percent(estimate.value):>5}")
        line.append(f"  {interval_text(estimate.low, estimate.high):<13}  {estimate.n:>7,}", "dim")
        yield line


def _rows(card: Scorecard) -> Iterator[tuple[str, Estimate, Estimate, str]]:
    for label, exact, f1 in (
        ("all", "exact_match", "f1"),
        ("all", "exact", "f1"),
        ("has answer", "HasAns_exact", "HasAns_f1"),
        ("no answer", "NoAns_exact", "NoAns_f1"),
    ):
        if exact in card.scores:
            yield label, card.scores[exact], card.scores[f1], ""
    if card.best:
        exact_best, f1_best = card.best
        cuts = f"  at {exact_best.threshold:.4g}"
        if f1_best.threshold != exact_best.threshold:
            cuts += f" (EM) and {f1_best.threshold:.4g} (F1)"
        yield "best threshold", exact_best.score, f1_best.score, cuts
