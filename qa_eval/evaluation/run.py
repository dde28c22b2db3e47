"""Runs models on a corpus or a public data set, in five steps.

| step  | function                                                                                |
|-------|-----------------------------------------------------------------------------------------|
| plan  | `plans.settle` decides models, task and signatures before anything is written.          |
| ask   | `answers.ask` lets an engine ask a model the questions whose answers the cache lacks.    |
| score | `Part.judge` scores the answers of a part.                                              |
| store | `writers` write rows, leaderboard and folder during the run.                            |
| rank  | `ranking.rank_rows` orders the rows.                                                    |

All mistakes in the call are found before anything is written. Answers are stored as they come, so a run that
ends early, for whatever reason, continues where it stopped. The failure of an item is an error of that item
only, and the failure of a model is an error of that row only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from qa_eval.data.content_hashes import with_hashes
from qa_eval.data.corpus import load_corpus
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.cache import PredictionCache
from qa_eval.evaluation.engines.engine import Engine, ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.evaluation.model_answers import Answers, PartAnswers, ask
from qa_eval.evaluation.plans import (
    Plan,
    refuse_other_dataset,
    settle,
    settle_all,
    spec_of,
    unused_prices_sentence,
)
from qa_eval.evaluation.transaction import Transaction
from qa_eval.evaluation.writers import ModelWriter, RunWriter
from qa_eval.files.paths import user_path
from qa_eval.models.declarations import undeclared_sentence
from qa_eval.models.given_models import listed_models
from qa_eval.models.protocol import Model
from qa_eval.records import Corpus, Track
from qa_eval.runs.options import RunOptions, Threshold, checked_option, run_options
from qa_eval.runs.ranking import judged_entry, rank_rows, reference_row
from qa_eval.runs.run_folder import check_name, slugs
from qa_eval.runs.store import Run
from qa_eval.text.phrases import escaped, unlike
from qa_eval.text.progress import progress_shown

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset

_log = logging.getLogger(__name__)


class Progress(Protocol):
    """An object that follows the progress of a run. `evaluate` calls its methods.

    The items that are counted are instances: one question and one article.
    """

    def start(self, models: int) -> None:
        """Called before the first model.

        Args:
            models: Number of models in the run.
        """

    def model(self, name: str, items: int) -> None:
        """Called before each model.

        Args:
            name: Spec of the model.
            items: Number of instances that the model has to answer.
        """

    def advance(self, n: int = 1, from_cache: bool = False) -> None:
        """Called when instances have answers.

        Args:
            n: Number of instances that were answered since the last call.
            from_cache: Whether the answers came from the cache.
        """

    def finish(self) -> None:
        """Called after the last model, or when the run ends early."""


class Interrupted(KeyboardInterrupt):
    """A run was interrupted. Its finished work is kept."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        """Runs so far, one for each task, with the status `partial` unless they were finished."""
        self.run = runs[0]
        """First of the runs."""
        kept = ", ".join(str(run.path) for run in runs if run.path)
        super().__init__(f"interrupted; what is done is kept in {kept}" if kept else "interrupted")


def evaluate(
    models: str | PathLike[str] | Model | Iterable[str | PathLike[str] | Model],
    *,
    corpus: Corpus | None = None,
    questions: Iterable[Path | str] | Path | str | None = None,
    articles: Path | str | None = None,
    dataset: str | PathLike[str] | Dataset | None = None,
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
    """Runs models on questions, scores and ranks their answers, and writes a run folder if `out` is given.

    The questions come from one of three sources: `corpus`, or `questions` and `articles`, or `dataset`.
    Without any of them, the curated set is asked.

    Args:
        models: A spec, an object that follows `Model`, or several of them.
        corpus: A question set with its articles.
        questions: Files and folders of questions, which `load_corpus` reads.
        articles: Folder of the articles, which `load_corpus` reads.
        dataset: A public data set of any size, as a spec or opened. Its answers are stored as they come.
        out: Folder in which the run folder is written. Without it, only the cache is written, and the run is
            kept in memory.
        name: Name of the run folder in `out`. Without it, an unfinished run in `out` of the same models,
            data and options is continued, or a folder is made that is named for the time.
        track: `reading` asks each question of each article, `pooled` of all articles at once, and `both` does
            both.
        limit: Number of facts of the corpus, or of questions of the data set, to ask: the first ones.
        seed: Seed of every random choice.
        resamples: Number of resamples of each interval and test.
        threshold: Threshold for abstaining: a model abstains if null score - best score is above it.
            `"cross-fit"` fits it for each fact on the other facts, by balanced F1. On a public data set, it
            is fitted for each context on the other contexts, by F1.
        options: The other options of `qa-eval run`. An argument of this function overrides the option of the
            same name.
        progress: An object that follows the progress. By default a bar is shown if stderr is a terminal, or
            in a notebook. False shows none.
        engine: The engine on which the models answer. By default the options choose it.
        command: The command line that is stored with the run.

    Returns:
        The run. If a model failed, the status of the run is `error`, and the model's row gives the reason.

    Raises:
        SpecError: A spec names no model or data set, or a model is given twice. Nothing was written.
        ModelError: A model cannot be used. Nothing was written.
        InputError: The data have mistakes. Nothing was written.
        RunFolderError: The run folder cannot be used. Nothing was written.
        QaEvalError: The arguments do not fit together. Nothing was written.
        Interrupted: The run was interrupted. The finished work is kept.

    Example:
        >>> from qa_eval import evaluate
        >>> run = evaluate("baseline:abstain", limit=3)
        >>> run.leaderboard.row("baseline:abstain").counts.abstained == run.leaderboard.data.items.reading
        True
    """
    # A call with several mistakes names the first one in the order of the arguments.
    several = listed_models(models)
    if corpus is not None and not isinstance(corpus, Corpus):
        raise QaEvalError(unlike("corpus", corpus, "a Corpus, as load_corpus gives it"))
    if questions is not None or articles is not None:
        if corpus is not None or dataset is not None:
            raise QaEvalError("questions, articles: cannot be given together with corpus or dataset")
        corpus = load_corpus(questions, articles)
    if dataset is not None:
        refuse_other_dataset(dataset)
    told = {
        "out": out,
        "name": name,
        "track": track,
        "limit": limit,
        "seed": seed,
        "resamples": resamples,
        "threshold": threshold,
    }
    told = {option: checked_option(option, value) for option, value in told.items() if value is not None}
    if not isinstance(options, RunOptions):
        raise QaEvalError(unlike("options", options, "RunOptions(…), such as RunOptions(limit=20)"))
    if progress is not None and progress is not False and _missing(progress, Progress):
        raise QaEvalError(unlike("progress", progress, "an object that follows Progress, or False for none"))
    if engine is not None and _missing(engine, Engine):
        wanted = "an Engine; options.engine names one: options=RunOptions(engine='ray')"
        raise QaEvalError(unlike("engine", engine, wanted))
    if command is not None and not isinstance(command, str):
        raise QaEvalError(unlike("command", command, "a text"))
    options = options.updated(told)
    plan = settle(
        several,
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
    datasets: Sequence[Dataset],
    *,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
    progress: Progress | None = None,
    command: str | None = None,
    engine: Engine | None = None,
) -> list[Run]:
    """The runs of `evaluate` on several data sets. Each model is loaded once and answers all of them.

    Each data set has a run folder of its own: OUT/NAME/DATASET, or a folder in OUT if the options give no
    name. Raises SpecError for a data set that is given twice. Raises as `evaluate` does.
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
    """The engine that the options choose. `on_answers` is called with a Ray worker and its number of answers.

    Raises QaEvalError for options of a cluster if the engine is not `ray`.
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
        raise QaEvalError(f"{', '.join(given)}: works only with engine='ray'")
    return LocalEngine()


def run_plans(
    plans: Sequence[tuple[Plan, Path | str | None, str | None]],
    *,
    options: RunOptions,
    progress: Progress | None = None,
    command: str | None = None,
    engine: Engine | None = None,
) -> list[Run]:
    """The runs of several plans with the same models. Each plan has a task, an `out` and a `name`.

    A model answers the questions of all plans before the next model is loaded. Everything else is as in
    `evaluate`.
    """
    engine, progress, now = engine or chosen_engine(options), progress or _Silence(), datetime.now(UTC)
    models = [contestant.model for contestant in plans[0][0].contestants]
    for sentence in (
        undeclared_sentence([model.info for model in models]),
        unused_prices_sentence(models, options),
    ):
        if sentence is not None:
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
                            packed=options.compress,
                            prices=options.prices,
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
    """The numbers of models or tasks in the order of asking: the largest first if the engine prefers it."""
    return sorted(range(len(sizes)), key=lambda n: -sizes[n] if engine.longest_first else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ModelRun:
    """One model in one task."""

    run: RunWriter
    """Run that gets the model's row."""
    answers: Answers
    """Answers of the model."""
    writer: ModelWriter
    """Writer of the model's rows."""

    def score(self, parts: Iterable[PartAnswers]) -> None:
        """Scores parts, and stores rows and scores. To be called in a transaction."""
        threshold = self.run.plan.options.threshold
        for answered in parts:
            self.writer.add(answered.part.judge(answered.predictions, threshold, whole=answered.whole))

    def end(self, failure: str | None) -> None:
        """Adds the model's row. A model that failed gets an error unless it had finished this task before."""
        if failure is not None and not (self.answers.finished and self.answers.succeeded):
            self.answers.take_rest()
            self.run.add_failed(self.answers, self.writer, failure)
        else:
            self.writer.fit()
            self.run.add(self.answers, self.writer, status="ok")

    def interrupt(self) -> None:
        """Scores the answers of unfinished parts, and adds a partial row if there is no row yet."""
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
    """Asks one model everything, scores and stores its answers, and adds its row to each run."""
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
                        log=runs[n].expenses(runs[n].plan.contestants[number]),
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
    """Keeps, scores and stores the answers as they come. Returns the reason of a model's failure, or None."""
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
    """Ranks the rows and finishes the run. Adds reference rows unless the run was interrupted."""
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
    """A `Progress` that does nothing."""

    def start(self, models: int) -> None: ...
    def model(self, name: str, items: int) -> None: ...
    def advance(self, n: int = 1, from_cache: bool = False) -> None: ...
    def finish(self) -> None: ...
