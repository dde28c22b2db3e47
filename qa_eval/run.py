"""Runs models over a corpus or a public data set: asks, judges, ranks, writes the run folder.

Everything that can be wrong with the call is found before anything is written. Answers are kept as they come,
so that a run that ends early, however it ends, goes on where it stopped. One item's failure is that item's
error, one model's failure is that row's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from qa_eval.cache import PredictionCache, cache_path
from qa_eval.corpus import load_corpus
from qa_eval.engines import Engine, ModelFailedError
from qa_eval.engines.local import LocalEngine
from qa_eval.environment import describe_environment, describe_harness, peak_rss_bytes
from qa_eval.errors import QaEvalError, SpecError
from qa_eval.judging import Judged, Threshold
from qa_eval.models import Model
from qa_eval.planning import Contestant, Plan, check_threshold, make_plan, resolve_models
from qa_eval.public import PublicDataset, open_dataset
from qa_eval.ranking import (
    RESAMPLES,
    Entry,
    decoding_row,
    judged_entry,
    model_row,
    rank_rows,
    reference_row,
)
from qa_eval.records import Corpus, Decoding, Prediction, Runtime, Status, Track
from qa_eval.results_schema import CountsRow, Leaderboard, OptionsRow, PerformanceRow, PredictionRow, Row
from qa_eval.scoring import SCORER_VERSION, ScoreTable, add_scores
from qa_eval.store import PredictionsWriter, Run, RunFolder, open_run_folder
from qa_eval.tasks import CuratedTask, Part, PublicTask, Task

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
    """A run was interrupted; `run` is what was kept of it, with status `partial`."""

    def __init__(self, run: Run) -> None:
        self.run = run
        super().__init__(f"interrupted; what is done is kept in {run.path}" if run.path else "interrupted")


def evaluate(
    models: Sequence[str | Model],
    *,
    corpus: Corpus | None = None,
    dataset: str | PublicDataset | None = None,
    split: str | None = None,
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
    * `out` and `name`: where the run folder goes (see `store.open_run_folder`); `out=None` keeps the run in
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
    if dataset is not None:
        _refuse_curated_options(corpus, track, paraphrases=paraphrases, categories=categories)
    elif split is not None:
        raise QaEvalError(f"split: {split}: only a public data set has splits")
    options = OptionsRow(
        track=track if dataset is None else "reading",
        paraphrases=paraphrases,
        categories=tuple(sorted(set(categories))),
        limit=limit,
        sample=sample,
        seed=seed,
        threshold=check_threshold(threshold),
        references=references,
        resamples=RESAMPLES,
        deterministic=runtime.deterministic,
    )
    if not models and not references:
        raise SpecError("no model and no reference rows: there is nothing to run")
    resolved = resolve_models([models] if isinstance(models, str) else models, decoding, runtime)
    task: Task
    if dataset is not None:
        opened = open_dataset(dataset, split=split) if isinstance(dataset, str) else dataset
        task = PublicTask(opened, options)
    else:
        task = CuratedTask(load_corpus() if corpus is None else corpus, options)
    plan = make_plan(resolved, task, options=options)
    now = datetime.now(UTC)
    folder = None
    if out is not None:
        folder = open_run_folder(Path(out), name, plan.identity, plan.run_id, overwrite=overwrite, now=now)
    created = folder.created_at if folder is not None else None
    run = _Evaluation(
        plan=plan,
        folder=folder,
        engine=engine or LocalEngine(),
        progress=progress or _Silence(),
        device=runtime.device,
        leaderboard=Leaderboard(
            run_id=plan.run_id,
            name=folder.target.name if folder is not None else name or "",
            created_at=created or _stamp(now),
            harness=describe_harness(command),
            environment=describe_environment(runtime.device),
            data=task.data,
            options=options,
            rules=task.rules,
            scorer_version=SCORER_VERSION,
        ),
    )
    return run.go(use_cache=cache)


def _refuse_curated_options(
    corpus: Corpus | None, track: str, *, paraphrases: bool, categories: Sequence[str]
) -> None:
    """Raises QaEvalError naming every option that a public data set has no place for."""
    given = {
        "corpus": corpus is not None,
        "track": track == "pooled",
        "paraphrases": paraphrases,
        "categories": bool(categories),
    }
    if named := [name for name, is_given in given.items() if is_given]:
        raise QaEvalError(
            f"{', '.join(named)}: only for facts asked of articles; a public data set has questions, each "
            "with its own context"
        )


# ------------------------------------------------------------------------------------------ the run


@dataclass(slots=True, kw_only=True)
class _Sitting:
    """One model being asked: what it has said so far, and what that is worth."""

    contestant: Contestant
    writer: PredictionsWriter
    tables: dict[Track, ScoreTable] = field(default_factory=dict)
    part: Part | None = None
    """What is being asked or judged."""
    predictions: dict[str, Prediction] = field(default_factory=dict)
    """Of the present part."""
    rows_before: int = 0
    """That were stored before the present part."""
    taking: bool = False
    """While what was judged is being added: rows and scores may not be of the same items then."""
    decided: bool = False
    """Whether a threshold had a say in any answer."""
    answered: int = 0
    cached: int = 0
    seconds: float = 0.0
    windows: int = 0
    tokens: int = 0

    def performance(self) -> PerformanceRow:
        asked = self.answered - self.cached
        timed = self.seconds > 0 and asked > 0
        return PerformanceRow(
            seconds=round(self.seconds, 3),
            items_per_second=round(asked / self.seconds, 3) if timed else None,
            windows=self.windows,
            tokens=self.tokens,
            tokens_per_second=round(self.tokens / self.seconds, 3) if timed else None,
            peak_rss_bytes=peak_rss_bytes(),
        )

    def begin(self, part: Part) -> None:
        """Turns to the next part."""
        self.part, self.predictions, self.rows_before = part, {}, self.writer.rows

    def take(self, judged: Judged, task: Task) -> None:
        """Adds what the present part is worth."""
        self.taking = True
        self.writer.add(judged.rows)
        add_scores(self.tables, judged.scores, task.cluster)
        self.decided |= any(row.threshold is not None for row in judged.rows)
        self.taking = False

    def judge_again(self, task: Task, threshold: Threshold) -> None:
        """Makes rows and scores anew from the rows that are stored."""
        before, self.writer = self.writer, self.writer.again()
        self.tables, self.decided = {}, False
        for judged in task.rejudged(before.stream, threshold):
            self.take(judged, task)
        before.discard()


@dataclass(slots=True, kw_only=True)
class _Evaluation:
    """A run under way."""

    plan: Plan
    folder: RunFolder | None
    engine: Engine
    progress: Progress
    device: str
    leaderboard: Leaderboard
    entries: list[Entry] = field(default_factory=list)
    kept: dict[str, tuple[PredictionRow, ...]] = field(default_factory=dict)
    sitting: _Sitting | None = None
    """Of the model that is being asked or judged."""

    def go(self, *, use_cache: bool) -> Run:
        self._write()
        self.progress.start(len(self.plan.contestants))
        try:
            with self._answers(use_cache) as cache:
                for contestant in self.plan.contestants:
                    self.entries.append(self._evaluated(contestant, cache))
                    self.sitting = None
                    rows = [entry.row for entry in self.entries]
                    self.leaderboard = self.leaderboard.model_copy(update={"rows": rows})
                    self._write()
            if self.plan.options.references:
                self.entries += self._references()
            failed = any(entry.row.status == "error" for entry in self.entries)
            return self._finished("error" if failed else "complete")
        except KeyboardInterrupt:
            done = [entry.row.signature for entry in self.entries]
            if self.sitting is not None and self.sitting.contestant.signature not in done:
                self.entries.append(self._interrupted(self.sitting))
            raise Interrupted(self._finished("partial")) from None
        finally:
            self.progress.finish()

    @contextmanager
    def _answers(self, use_cache: bool) -> Iterator[PredictionCache | None]:
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

    def _references(self) -> Iterator[Entry]:
        task = self.plan.task
        for name, tables in task.references():
            row = reference_row(name, data=task.data.item_hashes_sha256, rules=task.rules)
            yield judged_entry(row, tables, resamples=self.plan.options.resamples)

    def _evaluated(self, contestant: Contestant, cache: PredictionCache | None) -> Entry:
        """One model's row: asked and judged part by part, its predictions written."""
        task, threshold = self.plan.task, self.plan.options.threshold
        writer = PredictionsWriter(self.folder.path if self.folder is not None else None, contestant.slug)
        self.sitting = sitting = _Sitting(contestant=contestant, writer=writer)
        self.progress.model(contestant.model.info.spec, task.size(contestant.model))
        try:
            for part in task.parts(contestant.model):
                sitting.begin(part)
                self._ask(sitting, part, cache)
                sitting.take(part.judge(sitting.predictions, threshold), task)
        except ModelFailedError as error:
            _log.warning("%s failed: %s", contestant.model.info.spec, error)
            sitting.writer.discard()
            return Entry(row=self._row(sitting).model_copy(update={"status": "error", "error": str(error)}))
        if threshold == "cross-fit" and task.fits_afterwards:
            sitting.judge_again(task, threshold)
        return self._judged(sitting, status="ok")

    def _ask(self, sitting: _Sitting, part: Part, cache: PredictionCache | None) -> None:
        contestant, predictions = sitting.contestant, sitting.predictions
        by_item = {instance.item: instance for instance in part.instances}
        keys = contestant.keys(part.instances) if cache is not None else {}
        if cache is not None and keys:
            found = cache.get([(keys[item], by_item[item]) for item in keys])
            predictions.update(found)
            sitting.cached += len(found)
            sitting.answered += len(found)
            if found:
                self.progress.advance(len(found), True)

        def take(some: list[Prediction]) -> None:
            predictions.update((p.item, p) for p in some)
            sitting.answered += len(some)
            sitting.windows += sum(p.windows for p in some)
            sitting.tokens += sum(p.tokens for p in some)
            if cache is not None and keys:
                spec = contestant.model.info.spec
                cache.put(spec, [(keys[p.item], p, by_item[p.item]) for p in some if p.item in keys])
            self.progress.advance(len(some), False)

        rest = [instance for item, instance in by_item.items() if item not in predictions]
        started = time.perf_counter()
        try:
            if rest:
                self.engine.predict(contestant.model, rest, take, known_good=sitting.answered > 0)
        finally:
            sitting.seconds += time.perf_counter() - started

    def _row(self, sitting: _Sitting) -> Row:
        model, threshold = sitting.contestant.model, self.plan.options.threshold
        return Row(
            model=model_row(model.info),
            signature=sitting.contestant.signature,
            decoding=decoding_row(model.decoding, threshold, decided=sitting.decided),
            counts=CountsRow(cached=sitting.cached),
            performance=sitting.performance(),
        )

    def _judged(self, sitting: _Sitting, *, status: Literal["ok", "partial"]) -> Entry:
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
        return judged_entry(row, sitting.tables, resamples=self.plan.options.resamples, status=status)

    def _interrupted(self, sitting: _Sitting) -> Entry:
        """The row of a model that was interrupted, of what it had answered."""
        task, threshold = self.plan.task, self.plan.options.threshold
        again = sitting.taking or (threshold == "cross-fit" and task.fits_afterwards)
        if sitting.part is not None and sitting.writer.rows == sitting.rows_before:
            sitting.take(sitting.part.judge(sitting.predictions, threshold, whole=False), task)
        if again:
            sitting.judge_again(task, threshold)
        return self._judged(sitting, status="partial")

    def _write(self) -> None:
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
        self._write()
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
