"""`qa-eval run`."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from qa_eval.cli.argument_types import UserPath
from qa_eval.cli.command import (
    Command,
    checkpoint_options,
    data_options,
    datasets_options,
    intake_options,
    note,
    option,
    quantize_option,
    rules_option,
)
from qa_eval.cli.failures import INTERRUPTED

if TYPE_CHECKING:
    from qa_eval.data.dataset_options import DuplicateIds
    from qa_eval.evaluation.engines.engine import Engine
    from qa_eval.records import Decoding, Runtime
    from qa_eval.runs.store import Run

DEFAULT_MODELS = (
    "embedded",
    "baseline:sliding-window",
    "baseline:first-of-type",
    "baseline:random-span",
    "baseline:abstain",
)
"""What is run without `-m`; the reference rows come on top."""


def threshold(text: str | float) -> float | str:
    """A finite number, or `cross-fit`. Raises click.BadParameter for anything else."""
    if text == "cross-fit":
        return "cross-fit"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise click.BadParameter(f"{text!r} is neither a number nor 'cross-fit'.")
    return number


WORDS_REFUSED = {"allow_extra_args": True}
"""Settings of commands that take models and data by flags only: `RunCall.of` says which flag a word wants."""

EXAMPLES = (
    ("qa-eval run", "the embedded model, the baselines and the references: no download"),
    (
        "qa-eval run -m hf:deepset/tinyroberta-squad2 -m embedded --name first",
        "two models, into results/first",
    ),
    ("qa-eval run -m predictions:answers.jsonl --track reading", "answers that are there already"),
    (
        "qa-eval run --dataset squad:dev-v2.0.json -m embedded --sample 500",
        "500 questions of a public data set",
    ),
    ("qa-eval run --limit 5 --json | jq .rows[0].metrics", "five facts; the leaderboard as JSON"),
)


@click.command(
    "run",
    cls=Command,
    examples=EXAMPLES,
    short_help="Answer, score, and show the leaderboard.",
    context_settings=WORDS_REFUSED,
)
@option(
    "-m", "--model", "models", multiple=True, metavar="SPEC", section="Models",
    help="A model to ask; may be repeated (see `qa-eval models`).  [default: embedded and all baselines]",
)  # fmt: skip
@option(
    "--no-reference",
    is_flag=True,
    section="Models",
    help="Leave out the reference rows built from the golds.",
)
@checkpoint_options
@quantize_option
@data_options
@datasets_options
@intake_options
@rules_option("Data")
@option(
    "--track", type=click.Choice(["reading", "pooled", "both"]), section="Data", default="both",
    show_default=True,
    help="Ask of each article, of all at once, or both.",
)  # fmt: skip
@option(
    "--paraphrases",
    is_flag=True,
    section="Data",
    help="Also ask every paraphrase, for the consistency metrics.",
)
@option(
    "--category",
    "categories",
    multiple=True,
    metavar="C",
    section="Data",
    help="Only this category; may be repeated.",
)
@option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    section="Data",
    help="Only the first N facts, or questions of a data set.",
)
@option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    section="Data",
    help="Only N facts or questions, chosen by --seed.",
)
@option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="S",
    section="Data",
    help="Of every random choice.",
)
@option(
    "--max-length",
    type=int,
    default=384,
    show_default=True,
    metavar="N",
    section="Decoding",
    help="Tokens of a window.",
)
@option(
    "--doc-stride",
    type=int,
    default=128,
    show_default=True,
    metavar="N",
    section="Decoding",
    help="Tokens by which windows overlap.",
)
@option(
    "--max-answer-tokens",
    type=int,
    default=30,
    show_default=True,
    metavar="N",
    section="Decoding",
    help="Of the longest answer.",
)
@option(
    "--n-best",
    type=int,
    default=20,
    show_default=True,
    metavar="N",
    section="Decoding",
    help="Answers kept for each item.",
)
@option(
    "--threshold", type=threshold, default=0.0, show_default=True, metavar="X|cross-fit", section="Decoding",
    help="Abstain when null score - best score exceeds it; `cross-fit` fits it for each fact (or context of "
    "a data set) on the others.",
)  # fmt: skip
@option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    section="Computing",
    help="Where to compute.",
)
@option(
    "--dtype",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default="auto",
    show_default=True,
    section="Computing",
    help="In what precision; auto is float32 on a CPU.",
)
@option(
    "--batch-tokens",
    type=click.IntRange(min=1),
    metavar="N",
    section="Computing",
    help="Tokens that go through a model at once.  [default: 512 on a CPU, 4096 elsewhere]",
)
@option(
    "--deterministic",
    is_flag=True,
    section="Computing",
    help="Every window alone, fixed threads, CPU: equal runs give equal bytes.",
)
@option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, section="Computing",
    help="Where models answer: in this process, or on a Ray cluster.",
)  # fmt: skip
@option(
    "--address", metavar="auto|HOST:PORT", section="Computing",
    help="Of a Ray cluster.  [default: one is started on this machine, and ended]",
)  # fmt: skip
@option(
    "--workers", type=click.IntRange(min=1), metavar="N", section="Computing",
    help="Processes of a Ray cluster that hold a model.  [default: as many as there is room for]",
)  # fmt: skip
@option(
    "--cpus-per-worker", type=click.FloatRange(min=0, min_open=True), default=1, show_default=True,
    metavar="C", section="Computing", help="Cores of each.",
)  # fmt: skip
@option(
    "--gpus-per-worker", type=click.FloatRange(min=0), default=0, show_default=True, metavar="G",
    section="Computing", help="GPUs of each.",
)  # fmt: skip
@option("--no-cache", is_flag=True, section="Computing", help="Neither use nor keep answers in the cache.")
@option(
    "--out",
    type=UserPath(file_okay=False),
    default=Path("results"),
    show_default=True,
    metavar="DIR",
    section="Output",
    help="Where run folders lie.",
)
@option(
    "--name",
    metavar="NAME",
    section="Output",
    help="Of the run folder.  [default: UTC time and a short hash]",
)
@option("--overwrite", is_flag=True, section="Output", help="Replace a run folder of that name.")
@option(
    "--json", "as_json", is_flag=True, section="Output", help="Print leaderboard.json instead of the table."
)
@click.pass_context
def run_command(
    ctx: click.Context, /, *, out: Path, name: str | None, overwrite: bool, as_json: bool, **_: object
) -> None:
    """Answers every item with every model, scores them, writes a run folder and shows the leaderboard.

    The questions are those of the package over its five articles, your own with --questions and --articles,
    or those of public data sets with --dataset. An interrupted run is resumed by the same call. Exit code 1:
    a model failed while running (the others finish).
    """
    from qa_eval.cli.printing import print_leaderboard
    from qa_eval.text.progress import TerminalProgress

    progress = TerminalProgress()
    call = RunCall.of(ctx, on_answers=progress.worker)
    runs = _evaluated(
        call.models,
        decoding=call.decoding,
        runtime=call.runtime,
        engine=call.engine,
        cache=call.cache,
        out=out,
        name=name,
        overwrite=overwrite,
        progress=progress,
        command=_as_text(shlex.join(["qa-eval", *sys.argv[1:]])),
        **call.data,
        **call.choices,
    )
    for run in runs:
        print_leaderboard(run.leaderboard, "json" if as_json else "table")
    for run in runs:
        _say_where(run)
    if any(row.status == "error" for run in runs for row in run.leaderboard.rows):
        ctx.exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCall:
    """What the flags of `run` ask for, output apart."""

    models: Sequence[str]
    data: dict[str, Any]
    """`corpus` and `track`, `dataset` or `datasets`;"""
    choices: dict[str, Any]
    """and what is asked of it: arguments of `evaluate`."""
    decoding: Decoding
    runtime: Runtime
    engine: Engine | None
    """None for the local one."""
    cache: bool

    @classmethod
    def of(cls, ctx: click.Context, *, on_answers: Callable[[str, int], None] | None = None) -> RunCall:
        """Reads the flags, opens and checks the data and says what it holds; `on_answers` is told what Ray's
        workers do. Raises UsageError, and as loading does.
        """
        from qa_eval.models.registry import with_quantized
        from qa_eval.records import Decoding, Runtime

        given = ctx.params
        if ctx.args:
            raise click.UsageError(_flag_for(ctx.args[0], f"qa-eval {ctx.info_name}"))
        if given["datasets"]:
            _refuse_curated_flags(ctx)
            data = _public_data(
                given["datasets"], given["split"], given["columns"], given["duplicate_ids"], given["rules"]
            )
        else:
            _refuse_dataset_flags(ctx)
            data = _curated_data(given["questions"], given["articles"], given["split"])
            data["track"] = given["track"]
        decoding = Decoding(**{name: given[name] for name in _DECODING})
        runtime = Runtime(**{name: given[name] for name in _RUNTIME})
        models, quantize = given["models"], given["quantize"]
        return cls(
            models=with_quantized(models, quantize) if quantize else models or DEFAULT_MODELS,
            data=data,
            choices={name: given[name] for name in _CHOICES} | {"references": not given["no_reference"]},
            decoding=decoding,
            runtime=runtime,
            engine=_engine(
                ctx,
                given["engine"],
                {name: given[name] for name in _CLUSTER},
                decoding=decoding,
                runtime=runtime,
                on_answers=on_answers,
            ),
            cache=not given["no_cache"],
        )


def _flag_for(word: str, command: str) -> str:
    """What to write in place of a word that no flag is before."""
    quoted = shlex.quote(word)
    ending = Path(word.lower().removesuffix(".gz")).suffix
    if word.partition(":")[0] in ("squad", "mrqa", "jsonl", "hub"):
        return f"{word}: a data set is named by --dataset: {command} -m MODEL --dataset {quoted}"
    if ending in (".json", ".jsonl", ".ndjson", ".csv", ".tsv") and ":" not in word:
        spec = shlex.quote(f"predictions:{word}")
        return (
            f"{word}: predictions in a file are named by -m: {command} -m {spec}; a data set is named by "
            "--dataset"
        )
    return f"{word}: a model is named by -m: {command} -m {quoted}"


_DECODING = ("max_length", "doc_stride", "max_answer_tokens", "n_best")
_RUNTIME = (
    "device",
    "dtype",
    "batch_tokens",
    "deterministic",
    "trust_remote_code",
    "convert_weights",
    "seed",
)
_CHOICES = ("paraphrases", "categories", "limit", "sample", "seed", "threshold")
_CLUSTER = ("address", "workers", "cpus_per_worker", "gpus_per_worker")


def _engine(
    ctx: click.Context,
    name: str,
    cluster: dict[str, Any],
    **others: Any,  # noqa: ANN401
) -> Engine | None:
    """The engine of that name; None for the local one. Raises UsageError for flags that have no use."""
    if name == "ray":
        from qa_eval.evaluation.engines.ray import RayEngine

        return RayEngine(**cluster, **others)
    default = (ParameterSource.DEFAULT, None)
    given = [flag for flag in cluster if ctx.get_parameter_source(flag) not in default]
    if given:
        flags = ", ".join(f"--{flag.replace('_', '-')}" for flag in given)
        raise click.UsageError(f"{flags}: only with --engine ray.")
    return None


_CURATED_FLAGS = {
    "questions": "--questions",
    "articles": "--articles",
    "track": "--track",
    "paraphrases": "--paraphrases",
    "categories": "--category",
}


def _refuse_curated_flags(ctx: click.Context) -> None:
    """Raises UsageError naming every flag that was given and has no place beside --dataset."""
    default = (ParameterSource.DEFAULT, None)
    given = [flag for name, flag in _CURATED_FLAGS.items() if ctx.get_parameter_source(name) not in default]
    if given:
        raise click.UsageError(
            f"{', '.join(given)}: not with --dataset, whose questions each have their own context."
        )


def _refuse_dataset_flags(ctx: click.Context) -> None:
    """Raises UsageError for flags that say how a public data set is read and scored."""
    default = (ParameterSource.DEFAULT, None)
    flags = {"columns": "--columns", "duplicate_ids": "--duplicate-ids", "rules": "--rules"}
    if given := [flag for name, flag in flags.items() if ctx.get_parameter_source(name) not in default]:
        raise click.UsageError(f"{', '.join(given)}: only with --dataset.")


def _public_data(
    specs: Sequence[str],
    split: str | None,
    columns: Sequence[str],
    duplicate_ids: DuplicateIds,
    rules: str | None,
) -> dict[str, Any]:
    """Opens and checks the data sets, and says what they hold."""
    from qa_eval.cli.printing import announce_dataset
    from qa_eval.data.dataset import open_dataset
    from qa_eval.data.dataset_options import parse_columns

    named = parse_columns(columns)
    datasets = [
        open_dataset(spec, split=split, columns=named, duplicate_ids=duplicate_ids, rules=rules)
        for spec in specs
    ]
    for dataset in datasets:
        announce_dataset(dataset)
    return {"dataset": datasets[0]} if len(datasets) == 1 else {"datasets": datasets}


def _curated_data(questions: tuple[Path, ...], articles: Path | None, split: str | None) -> dict[str, Any]:
    """Loads the corpus, and says which."""
    from qa_eval.cli.printing import announce_corpus
    from qa_eval.data.corpus import load_corpus

    if split is not None:
        raise click.UsageError("--split: only with --dataset hub:NAME.")
    corpus = load_corpus(questions or None, articles)
    announce_corpus(corpus)
    return {"corpus": corpus}


def _evaluated(models: Sequence[str], **options: Any) -> list[Run]:  # noqa: ANN401
    """`evaluate`; when interrupted, says what was kept and leaves with the exit code of an interruption."""
    from qa_eval.evaluation.run import Interrupted, evaluate, evaluate_all

    try:
        with redirect_stdout(sys.stderr):  # Ray prints its troubles, and a model may print: no results
            if "datasets" in options:
                return evaluate_all(models, **options)
            return [evaluate(models, **options)]
    except Interrupted as stopped:
        kept = ", ".join(str(run.path) for run in stopped.runs)
        note(f"Interrupted. What is done is kept in {kept}; the same call goes on from there.")
        click.get_current_context().exit(INTERRUPTED)


def _say_where(run: Run) -> None:
    asked = [row.model.spec for row in run.leaderboard.rows if row.predictions is not None]
    for row in run.leaderboard.rows:
        if row.status == "error":
            note(f"failed: {row.model.spec}: {row.error}")
    note(f"results: {run.path}")
    if asked and not run.leaderboard.scored:
        command = f"qa-eval export {shlex.quote(str(run.path))} --format squad-predictions"
        note(f"next: {command} -m {shlex.quote(asked[0])}")
    elif asked:
        note(f"next: qa-eval show {shlex.quote(str(run.path))} --failures -m {shlex.quote(asked[0])}")


def _as_text(command: str) -> str:
    """A command that JSON can hold: bytes of a path that are not UTF-8 are written in hexadecimal."""
    return command.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
