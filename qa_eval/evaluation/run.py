"""Runs models over a corpus or a public data set: plan, ask, score, store, rank.

| step | what does it |
|---|---|
| plan | `plans.settle`: the models, the task, the signatures, before anything is written |
| ask | `answers.ask`: an engine asks a model what the cache does not have |
| score | `Part.judge`: what a part's answers are worth |
| store | `writers`: rows, leaderboard and folder, while the run is under way |
| rank | `ranking.rank_rows`: the rows in their order |

Everything that can be wrong with the call is found before anything is written. Answers are kept as they come,
so that a run that ends early, however it ends, goes on where it stopped. One item's failure is that item's
error, one model's failure is that row's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Literal, Protocol

from qa_eval.data.content_hashes import with_hashes
from qa_eval.data.corpus import load_corpus
from qa_eval.data.dataset import PublicDataset
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.cache import PredictionCache
from qa_eval.evaluation.engines.engine import Engine, ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.evaluation.model_answers import Answers, PartAnswers, ask
from qa_eval.evaluation.plans import Plan, settle, settle_all, spec_of
from qa_eval.evaluation.transaction import Transaction
from qa_eval.evaluation.writers import ModelWriter, RunWriter
from qa_eval.files.paths import user_path
from qa_eval.models.declarations import undeclared_sentence
from qa_eval.models.protocol import Model
from qa_eval.records import Corpus, Track
from qa_eval.runs.options import RunOptions, Threshold, run_options
from qa_eval.runs.ranking import judged_entry, rank_rows, reference_row
from qa_eval.runs.run_folder import check_name, slugs
from qa_eval.runs.store import Run
from qa_eval.text.phrases import escaped, unlike
from qa_eval.text.progress import progress_shown

_log = logging.getLogger(__name__)


class Progress(Protocol):
    """What is told while a run is under way. Items are what the model is asked: one question, one article."""

    def start(self, models: int) -> None:
        """Before the first model."""

    def model(self, name: str, items: int) -> None:
        """Before a model is asked `items` instances."""

    def advance(self, n: int = 1, from_cache: bool = False) -> None:
        """`n` more are answered, or were found answered already."""

    def finish(self) -> None:
        """After the last model, or when the run ends early."""


class Interrupted(KeyboardInterrupt):
    """A run was interrupted; `runs` is what was kept of it, one for each task, with status `partial`."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self.run = runs[0]
        kept = ", ".join(str(run.path) for run in runs if run.path)
        super().__init__(f"interrupted; what is done is kept in {kept}" if kept else "interrupted")


def evaluate(
    models: str | PathLike[str] | Model | Iterable[str | PathLike[str] | Model],
    *,
    corpus: Corpus | None = None,
    questions: Iterable[Path | str] | Path | str | None = None,
    articles: Path | str | None = None,
    dataset: str | PathLike[str] | PublicDataset | None = None,
    out: Path | str | None = None,
    name: str | None = None,
    track: Track | Literal["both"] | None = None,
    limit: int | None = None,
    seed: int | None = None,
    resamples: int | None = None,
    threshold: Threshold | None = None,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    progress: Progress | Literal[False] | None = None,
    engine: Engine | None = None,
    command: str | None = None,
) -> Run:
    """Answers every item with every model, scores and ranks them, and writes a run folder if told where.

    * `models`: a spec, an object that follows `Model`, or several of them;
    * what is asked: the curated set, or a `corpus`; or `questions` and `articles`, files and folders that
      `load_corpus` reads; or `dataset`, a public data set of any size, as a spec or opened, whose answers are
      stored as they come;
    * `out` and `name`: the run folder is OUT/NAME. Without a name an unfinished run of the same models, data
      and options in OUT is resumed, or a folder is made that is named for the time. Without `out` nothing
      is written but the cache, and the run is kept in memory;
    * `track`: `reading` asks of each article, `pooled` of all at once, `both` does both;
    * `limit`: only the first facts of the corpus, or the first questions of the data set;
    * `seed`: seed of every random choice; `resamples`: resamples of each interval and test;
    * `threshold`: abstain when null score - best score exceeds it; `"cross-fit"` fits it for each fact on the
      other facts, by balanced F1; on a public data set for each context on the others, by F1;
    * `options`: the other options of `qa-eval run`; an argument of its own wins over the same option there;
    * `progress`: what is told how far the run is. By default a bar where stderr is a terminal, or in a
      notebook; False for none;
    * `engine`: where models answer, by default the engine that the options name;
    * `command`: the command line that the run is stored with.

    Returns the run. Its status is `error` if a model failed; that model's row then says why. Raises
    SpecError, ModelError, InputError or QaEvalError for a call that is wrong and RunFolderError for a folder
    that cannot be used, before anything is written; `Interrupted` when interrupted, after keeping what is
    done.

    >>> from qa_eval import evaluate
    >>> run = evaluate("baseline:abstain", limit=3)
    >>> run.leaderboard.row("baseline:abstain").counts.abstained == run.leaderboard.data.items.reading
    True
    """
    for argument, value, kinds, wanted in (
        ("corpus", corpus, Corpus, "a Corpus, as load_corpus gives it"),
        (
            "dataset",
            dataset,
            (str, PathLike, PublicDataset),
            "a spec such as 'squad:dev.json', or a data set",
        ),
        ("command", command, str, "a text"),
    ):
        if value is not None and not isinstance(value, kinds):
            raise QaEvalError(unlike(argument, value, wanted))
    if not isinstance(options, RunOptions):
        raise QaEvalError(unlike("options", options, "RunOptions(…), such as RunOptions(limit=20)"))
    if engine is not None and _missing(engine, Engine):
        wanted = "an Engine; options.engine names one: options=RunOptions(engine='ray')"
        raise QaEvalError(unlike("engine", engine, wanted))
    if progress is not None and progress is not False and _missing(progress, Progress):
        raise QaEvalError(unlike("progress", progress, "an object that follows Progress, or False for none"))
    told = {
        "out": out,
        "name": name,
        "track": track,
        "limit": limit,
        "seed": seed,
        "resamples": resamples,
        "threshold": threshold,
    }
    options = options.updated({option: value for option, value in told.items() if value is not None})
    if questions is not None or articles is not None:
        if corpus is not None or dataset is not None:
            raise QaEvalError("questions, articles: not with a corpus or a dataset, which stands for them")
        corpus = load_corpus(questions, articles)
    plan = settle(
        models,
        corpus=with_hashes(corpus) if corpus is not None else None,
        dataset=dataset,
        options=options,
    )
    runs = run_plans(
        [(plan, options.out, options.name)],
        options=options,
        progress=progress_shown() if progress is None else progress or None,
        command=None if command is None else escaped(command),
        engine=engine,
    )
    return runs[0]


def _missing(value: object, protocol: type) -> bool:
    """Whether a value is a class, or lacks some part of a protocol."""
    parts = [name for name in vars(protocol) if not name.startswith("_")]
    return isinstance(value, type) or not all(hasattr(value, name) for name in parts)


def evaluate_all(
    models: Sequence[str | Model],
    datasets: Sequence[PublicDataset],
    *,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    progress: Progress | None = None,
    command: str | None = None,
    engine: Engine | None = None,
) -> list[Run]:
    """`evaluate` of several data sets at once: a model is loaded once, and answers all of them.

    Each data set has a run folder of its own: OUT/NAME/DATASET, or in OUT if the options give no name. Raises
    SpecError for a data set that is given twice.
    """
    plans = settle_all(models, datasets, options)
    names = [dataset.name for dataset in datasets]
    folders = slugs(names if len(set(names)) == len(names) else list(map(spec_of, datasets)))
    where = options.out
    called: Sequence[str | None] = [None] * len(folders)
    if options.name is not None and options.out is not None:
        check_name(options.name)
        where, called = user_path(options.out) / options.name, folders
    placed = [(plan, where, folder) for plan, folder in zip(plans, called, strict=True)]
    return run_plans(placed, options=options, progress=progress, command=command, engine=engine)


def chosen_engine(options: RunOptions, on_answers: Callable[[str, int], None] | None = None) -> Engine:
    """The engine that the options ask for; `on_answers` is told what Ray's workers do.

    Raises QaEvalError for options of a cluster without one.
    """
    if options.engine == "ray":
        from qa_eval.evaluation.engines.ray import RayEngine

        return RayEngine(
            address=options.address,
            workers=options.workers,
            cpus_per_worker=options.cpus_per_worker,
            gpus_per_worker=options.gpus_per_worker,
            decoding=options.decoding,
            runtime=options.runtime,
            on_answers=on_answers,
        )
    declared = run_options()
    of_a_cluster = ("address", "workers", "cpus_per_worker", "gpus_per_worker")
    if given := [name for name in of_a_cluster if getattr(options, name) != declared[name].default]:
        raise QaEvalError(f"{', '.join(given)}: only with engine='ray'")
    return LocalEngine()


def run_plans(
    plans: Sequence[tuple[Plan, Path | str | None, str | None]],
    *,
    options: RunOptions,
    progress: Progress | None = None,
    command: str | None = None,
    engine: Engine | None = None,
) -> list[Run]:
    """Carries out plans of the same models over several tasks, each with its `out` and `name`.

    A model answers everything that all plans ask of it before the next one is loaded. The rest is as in
    `evaluate`, with a run for each plan.
    """
    engine, progress, now = engine or chosen_engine(options), progress or _Silence(), datetime.now(UTC)
    models = [contestant.model for contestant in plans[0][0].contestants]
    if (sentence := undeclared_sentence([model.info for model in models])) is not None:
        _log.warning("%s", sentence)
    runs: list[RunWriter] = []
    with engine, ExitStack() as opened:
        engine.check(models)
        told = ExitStack()
        try:
            for plan, out, name in plans:
                with Transaction():  # so that a folder that is there belongs to a run that is kept
                    run = opened.enter_context(
                        RunWriter.opened(
                            plan,
                            out,
                            name,
                            overwrite=options.overwrite,
                            now=now,
                            device=options.device,
                            command=command,
                        )
                    )
                    runs.append(run)
                    run.write()
            told.callback(progress.finish)
            progress.start(len(models))
            with ExitStack() as stores:
                caches = [stores.enter_context(run.cache(use_cache=options.cache)) for run in runs]
                parameters = [model.info.parameters or 0 for model in models]
                for number in _order(parameters, engine):
                    _run_model(number, runs, caches, engine, progress)
            return [_rank(run) for run in runs]
        except KeyboardInterrupt:
            if not runs:
                raise
            raise Interrupted([run.run or _rank(run, interrupted=True) for run in runs]) from None
        finally:
            told.close()


def _order(sizes: Sequence[int], engine: Engine) -> list[int]:
    """The numbers of models or tasks in the order in which they are asked: largest first if it matters."""
    return sorted(range(len(sizes)), key=lambda n: -sizes[n] if engine.longest_first else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ModelRun:
    """One model in one task: what it answers, what is stored of it, and the run that gets its row."""

    run: RunWriter
    answers: Answers
    writer: ModelWriter

    def score(self, parts: Iterable[PartAnswers]) -> None:
        """Scores parts, and stores rows and scores. Belongs into a transaction."""
        threshold = self.run.plan.options.threshold
        for answered in parts:
            self.writer.add(answered.part.judge(answered.predictions, threshold, whole=answered.whole))

    def end(self, failure: str | None) -> None:
        """Adds the row; of a model that failed an error, unless it had answered all of this task before."""
        if failure is not None and not (self.answers.finished and self.answers.succeeded):
            self.answers.take_rest()
            self.run.add_failed(self.answers, self.writer, failure)
        else:
            self.writer.fit()
            self.run.add(self.answers, self.writer, status="ok")

    def interrupt(self) -> None:
        """Scores what was answered of parts under way, and adds a partial row if there is no row yet."""
        if not self.run.has(self.answers.contestant):
            with Transaction():
                self.score(self.answers.take_rest())
            self.writer.fit()
            self.run.add(self.answers, self.writer, status="partial")


def _run_model(
    number: int,
    runs: Sequence[RunWriter],
    caches: Sequence[PredictionCache | None],
    engine: Engine,
    progress: Progress,
) -> None:
    """Asks one model everything, scores and stores its answers part by part, and adds its row to each run."""
    model = runs[0].plan.contestants[number].model
    sizes = [run.plan.task.size(model) for run in runs]
    progress.model(model.info.spec, sum(sizes))
    with ExitStack() as files:
        with Transaction():
            model_runs = [
                _ModelRun(
                    run=runs[n],
                    answers=Answers(
                        contestant=runs[n].plan.contestants[number],
                        task=runs[n].plan.task,
                        number=task,
                        cache=caches[n],
                        on_cached=lambda found: progress.advance(found, True),
                    ),
                    writer=files.enter_context(runs[n].model(runs[n].plan.contestants[number])),
                )
                for task, n in enumerate(_order(sizes, engine))
            ]
        try:
            failure = _ask_and_score(model_runs, engine, progress)
            for model_run in model_runs:
                model_run.end(failure)
        except KeyboardInterrupt:
            for model_run in model_runs:
                model_run.interrupt()
            raise


def _ask_and_score(model_runs: Sequence[_ModelRun], engine: Engine, progress: Progress) -> str | None:
    """Keeps, scores and stores what the model answers as it comes. Returns why the model failed, or None."""
    try:
        with closing(ask(engine, [model_run.answers for model_run in model_runs])) as asking:
            for given in asking:
                model_run = model_runs[given.group.task]
                with Transaction():
                    model_run.score(model_run.answers.take(given))
                if given.predictions:
                    progress.advance(len(given.predictions), False)
    except ModelFailedError as error:
        _log.warning("%s failed: %s", model_runs[0].answers.contestant.model.info.spec, error)
        return str(error)
    return None


def _rank(run: RunWriter, *, interrupted: bool = False) -> Run:
    """Ranks the rows, the references among them unless the run was interrupted, and finishes the run."""
    options, task = run.plan.options, run.plan.task
    entries = list(run.entries)
    if options.references and not interrupted:
        for name, tables in task.references():
            row = reference_row(name, data=task.data.item_hashes_sha256, rules=task.rules)
            entries.append(judged_entry(row, tables, resamples=options.resamples))
    failed = any(entry.row.status == "error" for entry in entries)
    ranked = rank_rows(entries, resamples=options.resamples, sorts=task.sorts)
    return run.finish(ranked, "partial" if interrupted else "error" if failed else "complete")


class _Silence:
    """Progress that nobody watches."""

    def start(self, models: int) -> None: ...
    def model(self, name: str, items: int) -> None: ...
    def advance(self, n: int = 1, from_cache: bool = False) -> None: ...
    def finish(self) -> None: ...
