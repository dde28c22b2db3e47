"""`qa-eval run`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from qa_eval.cli.command import Command, Decorated, note, option
from qa_eval.cli.failures import INTERRUPTED
from qa_eval.cli.option_groups import (
    data_options,
    datasets_options,
    given_options,
    quantize_option,
    run_flags,
    server_options,
)

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset
    from qa_eval.records import Corpus
    from qa_eval.runs.options import RunOptions
    from qa_eval.runs.store import Run
    from qa_eval.text.progress import TerminalProgress

DEFAULT_MODELS = (
    "embedded",
    "baseline:sliding-window",
    "baseline:first-of-type",
    "baseline:random-span",
    "baseline:abstain",
)
"""Models of a run without `-m`. The reference rows are added to them."""


WORDS_REFUSED = {"allow_extra_args": True}
"""Settings of commands that take no words without a flag. `RunCall.of` names the flag for such a word."""

EXAMPLES = (
    ("qa-eval run", "the embedded model, the baselines and the references, without a download"),
    (
        "qa-eval run -m hf:deepset/tinyroberta-squad2 -m embedded --name first",
        "two models, into results/first",
    ),
    ("qa-eval run -m predictions:answers.jsonl --track reading", "answers that another program gave"),
    (
        "qa-eval run --dataset squad:dev-v2.0.json -m embedded --sample 500",
        "500 questions of a public data set",
    ),
    ("qa-eval run --limit 5 --json | jq .rows[0].metrics", "five facts, with the leaderboard as JSON"),
)


def call_flags(command: Decorated) -> Decorated:
    """Adds all flags of `run` except those of its printing."""
    for decorate in reversed((
        option(
            "-m", "--model", "models", multiple=True, metavar="SPEC", section="Models",
            help="Model to ask; may be repeated (see `qa-eval models`).  "
            "[default: embedded and all baselines]",
        ),
        run_flags("references", "trust_remote_code", "convert_weights"),
        quantize_option,
        server_options,
        run_flags("closed_book", "orders"),
        data_options,
        datasets_options,
        run_flags("columns", "duplicate_ids", "rules"),
        run_flags("track", "paraphrases", "categories", "limit", "sample", "seed"),
        run_flags("max_length", "doc_stride", "max_answer_tokens", "n_best", "threshold"),
        run_flags("device", "dtype", "batch_tokens", "deterministic"),
        run_flags("concurrency", "timeout", "price_in", "price_out"),
        run_flags("engine", "address", "workers", "cpus_per_worker", "gpus_per_worker"),
        run_flags("cache", "resamples"),
        run_flags("out", "name", "overwrite", "compress"),
    )):  # fmt: skip
        command = decorate(command)
    return command


@click.command(
    "run",
    cls=Command,
    examples=EXAMPLES,
    short_help="Ask models, score them, and show the leaderboard.",
    context_settings=WORDS_REFUSED,
)
@call_flags
@option(
    "--json", "as_json", is_flag=True, section="Output", help="Print leaderboard.json instead of the table."
)
@click.pass_context
def run_command(ctx: click.Context, /, *, as_json: bool, **_: object) -> None:
    """Asks every model every item, scores the answers, writes a run folder and shows the leaderboard.

    The questions are the curated ones about five articles, your own with --questions and --articles, or those
    of public data sets with --dataset. After an interruption, the same command resumes the run. Exit code 1:
    a model failed during the run; the others finish.
    """
    call = RunCall.of(ctx, begin=_say_what_is_loaded)
    from qa_eval.cli.printing import print_leaderboard
    from qa_eval.text.progress import TerminalProgress

    runs = _evaluated(call, TerminalProgress())
    for run in runs:
        print_leaderboard(run.leaderboard, "json" if as_json else "table", after_run=True)
    for run in runs:
        _say_what_came_of_it(run, named=len(runs) > 1)
    if any(row.status == "error" for run in runs for row in run.leaderboard.rows):
        ctx.exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCall:
    """The models, data and options that the flags of `run` choose."""

    models: Sequence[str]
    corpus: Corpus | None
    """Corpus of the run; None for a run on public data sets."""
    datasets: tuple[Dataset, ...]
    options: RunOptions

    @classmethod
    def of(cls, ctx: click.Context, *, begin: Callable[[Sequence[str]], None] | None = None) -> RunCall:
        """Reads the flags, opens and checks the data, and reports on stderr what it holds.

        `begin` is called with the models that were named, after the flags are checked and before anything is
        loaded. Raises UsageError for flags that do not go together, and the errors of loading.
        """
        given = ctx.params
        if ctx.args:
            raise click.UsageError(_flag_for(ctx.args[0], f"qa-eval {ctx.info_name}"))
        options = given_options(ctx)
        if options.engine != "ray":
            _refuse(ctx, _CLUSTER, "only with --engine ray.")
        if given["datasets"]:
            from qa_eval.data.dataset import FACT_KINDS

            facts = all(spec.partition(":")[0] in FACT_KINDS for spec in given["datasets"])
            _refuse(ctx, _OF_ARTICLES if facts else (*_OF_ARTICLES, *_FACTS), _INSTEAD[facts])
        else:
            _refuse(ctx, ("columns", "duplicate_ids", "rules"), "only with --dataset.")
            _refuse(ctx, ("split",), "only with --dataset hub:NAME or qacc:FILE.")
        models, quantize = given["models"], given["quantize"]
        base_url, prompts = given["base_url"], given["prompts"]
        if begin is not None:
            begin(models or DEFAULT_MODELS)
        corpus: Corpus | None = None
        datasets: tuple[Dataset, ...] = ()
        if given["datasets"]:
            datasets = _opened(given["datasets"], options)
        else:
            corpus = _loaded(given["questions"], given["articles"])
        from qa_eval.models.registry import with_quantized, with_server

        if base_url is not None or prompts:
            models = with_server(models, base_url, prompts)
        return cls(
            models=with_quantized(models, quantize) if quantize else models or DEFAULT_MODELS,
            corpus=corpus,
            datasets=datasets,
            options=options,
        )


def _flag_for(word: str, command: str) -> str:
    """The message for a word without a flag, with the command to write instead."""
    quoted = shlex.quote(word)
    ending = Path(word.lower().removesuffix(".gz")).suffix
    if word.partition(":")[0] in (
        "squad",
        "mrqa",
        "jsonl",
        "hub",
        "claims",
        "ramdocs",
        "qacc",
        "wikicontradict",
    ):
        return f"{word}: name a data set with --dataset: {command} -m MODEL --dataset {quoted}"
    if ending in (".json", ".jsonl", ".ndjson", ".csv", ".tsv") and ":" not in word:
        spec = shlex.quote(f"predictions:{word}")
        return (
            f"{word}: name a file of predictions with -m: {command} -m {spec}; name a data set with --dataset"
        )
    return f"{word}: name a model with -m: {command} -m {quoted}"


_OF_ARTICLES = ("questions", "articles")
_FACTS = ("track", "paraphrases", "categories")
"""Parameters that only facts with claims have."""
_INSTEAD = {
    True: "not with --dataset, which takes their place.",
    False: "not with --dataset, where each question has its own context.",
}
"""Why parameters cannot be combined with --dataset, by whether all data sets are sets of facts."""
_CLUSTER = ("address", "workers", "cpus_per_worker", "gpus_per_worker")


def _refuse(ctx: click.Context, names: Sequence[str], why: str) -> None:
    """Raises UsageError naming every flag of these parameters that was given."""
    default = (ParameterSource.DEFAULT, None)
    flags = {param.name: param.opts[0] for param in ctx.command.params}
    if given := [flags[name] for name in names if ctx.get_parameter_source(name) not in default]:
        raise click.UsageError(f"{', '.join(given)}: {why}")


def _opened(specs: Sequence[str], options: RunOptions) -> tuple[Dataset, ...]:
    """Opens and checks the data sets, and reports on stderr what they hold."""
    from qa_eval.cli.printing import announce_dataset
    from qa_eval.evaluation.plans import opened_dataset

    datasets = tuple(opened_dataset(spec, options) for spec in specs)
    for dataset in datasets:
        announce_dataset(dataset)
    return datasets


def _loaded(questions: tuple[Path, ...], articles: Path | None) -> Corpus:
    """Loads the corpus, and names its files on stderr."""
    from qa_eval.cli.printing import announce_corpus
    from qa_eval.data.corpus import load_corpus

    corpus = load_corpus(questions or None, articles)
    announce_corpus(corpus)
    return corpus


def _evaluated(call: RunCall, progress: TerminalProgress) -> list[Run]:
    """The runs. After an interruption, names what was kept and exits with the code of an interruption."""
    from qa_eval.evaluation.run import Interrupted, chosen_engine, evaluate, evaluate_all

    command = _as_text(shlex.join(["qa-eval", *sys.argv[1:]]))
    engine = chosen_engine(call.options, progress.worker)
    try:
        with redirect_stdout(sys.stderr):  # keeps stdout for results: Ray and models may print too
            if len(call.datasets) > 1:
                return evaluate_all(
                    call.models,
                    call.datasets,
                    options=call.options,
                    progress=progress,
                    engine=engine,
                    command=command,
                )
            run = evaluate(
                call.models,
                corpus=call.corpus,
                dataset=call.datasets[0] if call.datasets else None,
                options=call.options,
                progress=progress,
                engine=engine,
                command=command,
            )
            return [run]
    except Interrupted as stopped:
        kept = ", ".join(str(run.path) for run in stopped.runs)
        note(f"Interrupted. The answers so far are in {kept}; the same command resumes the run.")
        click.get_current_context().exit(INTERRUPTED)


_NAMED = 2
"""Number of models that are named while models are loaded."""


def _say_what_is_loaded(models: Sequence[str]) -> None:
    more = f" and {len(models) - _NAMED} more" if len(models) > _NAMED else ""
    note(f"loading {', '.join(models[:_NAMED])}{more} …")


def _say_what_came_of_it(run: Run, *, named: bool) -> None:
    """Prints on stderr what failed, which model leads, where the run is, and what to do next."""
    from qa_eval.runs.leaderboard.captions import leading_sentence
    from qa_eval.runs.leaderboard.views import leaderboard_view

    asked = [row.model.spec for row in run.leaderboard.rows if row.predictions is not None]
    for row in run.leaderboard.rows:
        if row.status == "error":
            note(f"failed: {row.model.spec}: {row.error}")
        elif row.counts.errors or row.counts.pooled_errors:
            for answer in run.stream(row):
                if answer.error is not None:
                    note(f"{row.model.spec}: the first item that failed is {answer.item}: {answer.error}")
                    break
    path = shlex.quote(str(run.path))
    if asked and run.leaderboard.scored:
        sentence = leading_sentence(leaderboard_view(run.leaderboard))
        note(f"{run.leaderboard.name}: {sentence}" if named else sentence)
    note(f"results: {run.path}")
    if asked and not run.leaderboard.scored:
        note(f"next: qa-eval export {path} --format squad-predictions -m {shlex.quote(asked[0])}")
    elif asked:
        note(f"next: qa-eval report {path} --out report --open")


def _as_text(command: str) -> str:
    """The command as text for JSON. Bytes of a path that are not UTF-8 become hexadecimal escapes."""
    return command.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
