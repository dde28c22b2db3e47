"""Runs models over a corpus or a public data set: asks, judges, ranks, writes the run folder.

Everything that can be wrong with the call is found before anything is written. Answers are kept as they come,
so that a run that ends early, however it ends, goes on where it stopped. One item's failure is that item's
error, one model's failure is that row's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from qa_eval.data.dataset import PublicDataset
from qa_eval.evaluation.cache import PredictionCache, cache_path
from qa_eval.evaluation.engines.engine import Engine, Group, ModelFailedError
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.evaluation.environment import describe_environment, describe_harness
from qa_eval.evaluation.model_run import Sitting
from qa_eval.evaluation.plans import Plan, settle, settle_all, spec_of
from qa_eval.files.paths import user_path
from qa_eval.metrics.item_scores import SCORER_VERSION
from qa_eval.models.declarations import undeclared_sentence
from qa_eval.models.protocol import Model
from qa_eval.records import Corpus, Decoding, Prediction, Runtime, Status, Track
from qa_eval.runs.predictions_writer import PredictionsWriter
from qa_eval.runs.ranking import (
    RESAMPLES,
    Entry,
    decoding_row,
    judged_entry,
    rank_rows,
    reference_row,
)
from qa_eval.runs.rows import Threshold
from qa_eval.runs.run_folder import RunFolder, check_name, open_run_folder, slugs
from qa_eval.runs.schema import CountsRow, Leaderboard, PredictionRow, Row
from qa_eval.runs.store import Run

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
    models: Sequence[str | Model],
    *,
    corpus: Corpus | None = None,
    dataset: str | PublicDataset | None = None,
    split: str | None = None,
    rules: str | None = None,
    out: Path | str | None = Path("results"),
    name: str | None = None,
    track: Track | Literal["both"] = "both",
    paraphrases: bool = False,
    decoding: Decoding = Decoding(),  # noqa: B008 - frozen
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    threshold: Threshold = 0.0,
    references: bool = True,
    cache: bool = True,
    overwrite: bool = False,
    categories: Sequence[str] = (),
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    command: str | None = None,
    engine: Engine | None = None,
) -> Run:
    """Answers every item with every model, scores and ranks them, and writes a run folder.

    * `models`: specs, or objects that follow `Model`;
    * `corpus`: the curated set by default; or `dataset`: a public data set, as a spec (with its `split`) or
      opened, of which answers are stored as they come, so that it may have any size;
    * `rules`: those by which a public data set is scored, a key of `RULES`; by default its own;
    * `out` and `name`: where the run folder goes (see `open_run_folder`); `out=None` keeps the run in
      memory;
    * `track`, `paraphrases`, `categories`, `limit`, `sample`, `seed`: what is asked (see `corpus.item_ids`);
      of a public data set only `limit`, `sample` and `seed`, which count questions;
    * `threshold`: abstain when null score - best score exceeds it; `"cross-fit"` fits it for each fact on the
      other facts, by balanced F1; on a public data set for each context on the others, by F1;
    * `references`: adds the rows that are built from the golds;
    * `cache`: use the global cache; without it, answers are kept in the run folder until it is complete;
    * `engine`: where predicting happens, this process by default.

    Returns the run; its status is `error` if a model failed, whose row then says why. Raises SpecError,
    ModelError, InputError or QaEvalError for a call that is wrong and RunFolderError for a folder that cannot
    be used, before anything is written; `Interrupted` when interrupted, after keeping what is done.

    >>> from qa_eval import evaluate
    >>> run = evaluate(["baseline:abstain"], out=None, limit=3, references=False)
    >>> run.leaderboard.row("baseline:abstain").counts.abstained == run.leaderboard.data.items.reading
    True
    """
    plan = settle(
        models,
        corpus=corpus,
        dataset=dataset,
        split=split,
        rules=rules,
        track=track,
        paraphrases=paraphrases,
        decoding=decoding,
        runtime=runtime,
        threshold=threshold,
        references=references,
        categories=categories,
        limit=limit,
        sample=sample,
        seed=seed,
        resamples=RESAMPLES,
    )
    runs = run_plans(
        [(plan, out, name)],
        device=runtime.device,
        cache=cache,
        overwrite=overwrite,
        progress=progress,
        command=command,
        engine=engine,
    )
    return runs[0]


def evaluate_all(
    models: Sequence[str | Model],
    datasets: Sequence[PublicDataset],
    *,
    out: Path | str | None = Path("results"),
    name: str | None = None,
    decoding: Decoding = Decoding(),  # noqa: B008 - frozen
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    cache: bool = True,
    overwrite: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
    engine: Engine | None = None,
    **choices: Any,  # noqa: ANN401
) -> list[Run]:
    """`evaluate` of several data sets at once: a model is loaded once, and answers all of them.

    Each data set has a run folder of its own: `out`/`name`/DATASET, or in `out` if there is no name.
    `choices` are the other arguments of `evaluate`. Raises SpecError for a data set that is given twice.
    """
    plans = settle_all(models, datasets, decoding=decoding, runtime=runtime, resamples=RESAMPLES, **choices)
    names = [dataset.name for dataset in datasets]
    folders = slugs(names if len(set(names)) == len(names) else list(map(spec_of, datasets)))
    where: Path | str | None = out
    called: Sequence[str | None] = [None] * len(folders)
    if name is not None and out is not None:
        check_name(name)
        where, called = user_path(out) / name, folders
    return run_plans(
        [(plan, where, folder) for plan, folder in zip(plans, called, strict=True)],
        device=runtime.device,
        cache=cache,
        overwrite=overwrite,
        progress=progress,
        command=command,
        engine=engine,
    )


def run_plans(
    plans: Sequence[tuple[Plan, Path | str | None, str | None]],
    *,
    device: str = "auto",
    cache: bool = True,
    overwrite: bool = False,
    progress: Progress | None = None,
    command: str | None = None,
    engine: Engine | None = None,
) -> list[Run]:
    """Carries out plans of the same models over several tasks, each with its `out` and `name`.

    A model answers everything that all plans ask of it before the next one is loaded. The rest is as in
    `evaluate`, with a run for each plan.
    """
    engine, now = engine or LocalEngine(), datetime.now(UTC)
    if (sentence := undeclared_sentence([c.model.info for c in plans[0][0].contestants])) is not None:
        _log.warning("%s", sentence)
    with engine, ExitStack() as held:
        engine.check([contestant.model for contestant in plans[0][0].contestants])
        evaluations = []
        for plan, out, name in plans:
            folder = None
            if out is not None:
                folder = open_run_folder(
                    user_path(out), name, plan.identity, plan.run_id, overwrite=overwrite, now=now
                )
                held.callback(folder.release)
            evaluations.append(_evaluation(plan, folder, name, now=now, device=device, command=command))
        return _Matrix(evaluations, engine, progress or _Silence()).go(use_cache=cache)


def _evaluation(
    plan: Plan, folder: RunFolder | None, name: str | None, *, now: datetime, device: str, command: str | None
) -> _Evaluation:
    created = folder.created_at if folder is not None else None
    leaderboard = Leaderboard(
        run_id=plan.run_id,
        name=folder.target.name if folder is not None else name or "",
        created_at=created or _stamp(now),
        harness=describe_harness(command),
        environment=describe_environment(device),
        data=plan.task.data,
        sources=plan.task.sources(folder.target) if folder is not None else None,
        options=plan.options,
        rules=plan.task.rules,
        scorer_version=SCORER_VERSION,
    )
    return _Evaluation(plan=plan, folder=folder, device=device, leaderboard=leaderboard)


# ------------------------------------------------------------------------------------------ the run


@dataclass(slots=True)
class _Matrix:
    """Models by tasks, under way: model by model, each over all tasks."""

    evaluations: Sequence[_Evaluation]
    engine: Engine
    progress: Progress

    def go(self, *, use_cache: bool) -> list[Run]:
        models = [contestant.model for contestant in self.evaluations[0].plan.contestants]
        order = sorted(range(len(models)), key=lambda n: self._size(models[n]))
        for evaluation in self.evaluations:
            evaluation.write()
        self.progress.start(len(models))
        try:
            with ExitStack() as stack:
                for evaluation in self.evaluations:
                    evaluation.cache = stack.enter_context(evaluation.answers(use_cache=use_cache))
                for number in order:
                    self._ask(number, models[number])
            return [evaluation.complete() for evaluation in self.evaluations]
        except KeyboardInterrupt:
            raise Interrupted([evaluation.interrupted() for evaluation in self.evaluations]) from None
        finally:
            self.progress.finish()
            for evaluation in self.evaluations:
                evaluation.drop()

    def _ask(self, number: int, model: Model) -> None:
        """One model's rows: asked and judged part by part, its predictions written."""
        sizes = [evaluation.plan.task.size(model) for evaluation in self.evaluations]
        self.progress.model(model.info.spec, sum(sizes))
        sittings = [evaluation.begin(number, self.progress) for evaluation in self.evaluations]
        order = sorted(range(len(sittings)), key=lambda n: -sizes[n] if self.engine.longest_first else 0)
        desk = _Desk([sittings[n] for n in order])
        failure = None
        try:
            self.engine.answer(model, desk.groups(), desk)
        except ModelFailedError as error:
            _log.warning("%s failed: %s", model.info.spec, error)
            failure = str(error)
        for evaluation in self.evaluations:
            evaluation.end(failure)

    def _size(self, model: Model) -> int:
        """What a model is sorted by: the largest has the most work, where that matters."""
        return -(model.info.parameters or 0) if self.engine.longest_first else 0


class _Desk:
    """Several sittings of one model behind one another, as one for the engine."""

    def __init__(self, sittings: Sequence[Sitting]) -> None:
        self._sittings = sittings
        self._out: dict[int, tuple[Sitting, int]] = {}

    def groups(self) -> Iterator[Group]:
        """Those of all, numbered anew."""
        number = 0
        for sitting in self._sittings:
            for group in sitting.groups():
                number += 1
                self._out[number] = sitting, group.number
                known_good = any(other.succeeded for other in self._sittings)
                yield replace(group, number=number, known_good=known_good)

    def take(self, group: int, predictions: list[Prediction]) -> None:
        sitting, number = self._out[group]
        sitting.take(number, predictions)

    def close(self, group: int) -> None:
        sitting, number = self._out.pop(group)
        sitting.close(number)


@dataclass(slots=True, kw_only=True)
class _Evaluation:
    """One task's run under way."""

    plan: Plan
    folder: RunFolder | None
    device: str
    leaderboard: Leaderboard
    entries: list[Entry] = field(default_factory=list)
    kept: dict[str, tuple[PredictionRow, ...]] = field(default_factory=dict)
    cache: PredictionCache | None = None
    sitting: Sitting | None = None
    """Of the model that is being asked or judged."""
    run: Run | None = None
    """Once it is complete."""

    @contextmanager
    def answers(self, *, use_cache: bool) -> Iterator[PredictionCache | None]:
        """The store of answers: the global cache, else one inside the run folder, else none."""
        paths = [cache_path()] if use_cache else []
        paths += [self.folder.private_cache] if self.folder is not None else []
        store = None
        if any(contestant.cached for contestant in self.plan.contestants):
            for path in paths:
                store = PredictionCache(path=path)
                if store.usable:
                    break
        try:
            yield store
        finally:
            if store is not None:
                store.close()

    def begin(self, number: int, progress: Progress) -> Sitting:
        """Turns to a model."""
        contestant = self.plan.contestants[number]
        self.sitting = Sitting(
            contestant=contestant,
            task=self.plan.task,
            threshold=self.plan.options.threshold,
            writer=PredictionsWriter(self.folder.path if self.folder is not None else None, contestant.slug),
            cache=self.cache,
            progress=progress,
        )
        return self.sitting

    def end(self, failure: str | None) -> None:
        """Adds the model's row; of one that failed, unless it had answered all of this task before."""
        assert self.sitting is not None
        sitting = self.sitting
        if failure is not None and not (sitting.over and sitting.succeeded):
            sitting.give_up()
            row = self._row(sitting).model_copy(update={"status": "error", "error": failure})
            self.entries.append(Entry(row=row))
        else:
            sitting.finish()
            self.entries.append(self._judged(sitting, status="ok"))
        self.sitting = None
        rows = [entry.row for entry in self.entries]
        self.leaderboard = self.leaderboard.model_copy(update={"rows": rows})
        self.write()

    def drop(self) -> None:
        """Removes what is written of a model whose row did not come about."""
        if self.sitting is not None:
            self.sitting.writer.discard()

    def complete(self) -> Run:
        """After the last model."""
        if self.plan.options.references:
            task = self.plan.task
            for name, tables in task.references():
                row = reference_row(name, data=task.data.item_hashes_sha256, rules=task.rules)
                self.entries.append(judged_entry(row, tables, resamples=self.plan.options.resamples))
        failed = any(entry.row.status == "error" for entry in self.entries)
        self.run = self._finished("error" if failed else "complete")
        return self.run

    def interrupted(self) -> Run:
        """What there is, with the row of a model that was interrupted, of what it had answered."""
        if self.run is not None:
            return self.run
        done = [entry.row.signature for entry in self.entries]
        if self.sitting is not None and self.sitting.contestant.signature not in done:
            self.sitting.interrupt()
            self.entries.append(self._judged(self.sitting, status="partial"))
        return self._finished("partial")

    def _row(self, sitting: Sitting) -> Row:
        model, threshold = sitting.contestant.model, self.plan.options.threshold
        return Row(
            model=model.info,
            signature=sitting.contestant.signature,
            decoding=decoding_row(model.decoding, threshold, decided=sitting.decided),
            counts=CountsRow(cached=sitting.cached),
            performance=sitting.performance(),
        )

    def _judged(self, sitting: Sitting, *, status: Literal["ok", "partial"]) -> Entry:
        described = sitting.writer.finish()
        if self.folder is None:
            self.kept[described.path] = tuple(sitting.writer.kept)
        asked = self.plan.task.data.items
        unasked = asked.reading + asked.pooled - described.rows
        row = self._row(sitting).model_copy(
            update={
                "predictions": described,
                "counts": CountsRow(cached=sitting.cached, unasked=unasked),
            }
        )
        entry = judged_entry(row, sitting.tables, resamples=self.plan.options.resamples, status=status)
        counts = entry.row.counts
        if counts.items and counts.missing == counts.items and row.model.kind == "predictions":
            _log.warning(
                "%s: no prediction is of a question that was asked: its ids are others", row.model.spec
            )
        return entry

    def write(self) -> None:
        """Writes the leaderboard as it is."""
        if self.folder is not None:
            self.leaderboard = self.folder.write_leaderboard(self.leaderboard)

    def _finished(self, status: Status) -> Run:
        """Ranks what there is, writes it, and puts the folder in its place."""
        ranked = rank_rows(self.entries, resamples=self.plan.options.resamples, sorts=self.plan.task.sorts)
        self.leaderboard = self.leaderboard.model_copy(
            update={
                "status": status,
                "finished_at": None if status == "partial" else _stamp(datetime.now(UTC)),
                "environment": describe_environment(self.device),
                "rows": ranked.rows,
                "sort": ranked.sort,
                "minimum_detectable_difference": ranked.minimum_detectable_difference,
            }
        )
        self.write()
        path = None
        if self.folder is not None:
            path = self.folder.path
            if status != "partial":
                path = self.folder.finish(complete=status == "complete")
        return Run(path=path, leaderboard=self.leaderboard, kept=self.kept)


class _Silence:
    """Progress that nobody watches."""

    def start(self, models: int) -> None: ...
    def model(self, name: str, items: int) -> None: ...
    def advance(self, n: int = 1, from_cache: bool = False) -> None: ...
    def finish(self) -> None: ...


def _stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
