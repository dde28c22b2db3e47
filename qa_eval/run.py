"""Runs models over a corpus: asks, judges, ranks, writes the run folder.

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
from qa_eval.engines import Engine, ModelFailedError
from qa_eval.engines.local import LocalEngine
from qa_eval.environment import describe_environment, describe_harness, peak_rss_bytes
from qa_eval.judging import Threshold, gather, judge
from qa_eval.models import Model
from qa_eval.planning import Contestant, Plan, check_threshold, make_plan
from qa_eval.ranking import (
    RESAMPLES,
    RULES,
    Entry,
    decoding_row,
    judged_entry,
    model_row,
    rank_rows,
    reference_entries,
)
from qa_eval.records import Corpus, Decoding, ItemId, Prediction, Runtime, Status, Track
from qa_eval.results_schema import CountsRow, Leaderboard, OptionsRow, PerformanceRow, PredictionRow, Row
from qa_eval.scoring import SCORER_VERSION
from qa_eval.store import Run, RunFolder, open_run_folder, predictions_file

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

    * `models`: specs, or objects that follow `Model`; `corpus`: the curated set by default;
    * `out` and `name`: where the run folder goes (see `store.open_run_folder`); `out=None` keeps the run in
      memory;
    * `track`, `paraphrases`, `categories`, `limit`, `sample`, `seed`: what is asked (see `corpus.item_ids`);
    * `threshold`: abstain when null score - best score exceeds it; `"cross-fit"` fits it for each fact on the
      other facts;
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
    options = OptionsRow(
        track=track,
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
    plan = make_plan(
        [models] if isinstance(models, str) else models,
        corpus=corpus,
        options=options,
        decoding=decoding,
        runtime=runtime,
    )
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
            data=plan.data,
            options=options,
            rules=RULES,
            scorer_version=SCORER_VERSION,
        ),
    )
    return run.go(use_cache=cache)


# ------------------------------------------------------------------------------------------ the run


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What one model has said so far."""

    predictions: dict[str, Prediction] = field(default_factory=dict)
    cached: int = 0
    seconds: float = 0.0
    windows: int = 0
    tokens: int = 0

    def performance(self) -> PerformanceRow:
        asked = len(self.predictions) - self.cached
        timed = self.seconds > 0 and asked > 0
        return PerformanceRow(
            seconds=round(self.seconds, 3),
            items_per_second=round(asked / self.seconds, 3) if timed else None,
            windows=self.windows,
            tokens=self.tokens,
            tokens_per_second=round(self.tokens / self.seconds, 3) if timed else None,
            peak_rss_bytes=peak_rss_bytes(),
        )


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
    current: tuple[Contestant, _Asked] | None = None
    """The model that is being asked or judged."""

    def go(self, *, use_cache: bool) -> Run:
        self._write()
        self.progress.start(len(self.plan.contestants))
        try:
            with self._answers(use_cache) as cache:
                for contestant in self.plan.contestants:
                    self.entries.append(self._evaluated(contestant, cache))
                    self.current = None
                    rows = [entry.row for entry in self.entries]
                    self.leaderboard = self.leaderboard.model_copy(update={"rows": rows})
                    self._write()
            if self.plan.options.references:
                data = self.plan.data.item_hashes_sha256
                self.entries += reference_entries(
                    self.plan.corpus, self.plan.items, data=data, resamples=self.plan.options.resamples
                )
            failed = any(entry.row.status == "error" for entry in self.entries)
            return self._finished("error" if failed else "complete")
        except KeyboardInterrupt:
            done = [entry.row.signature for entry in self.entries]
            if self.current is not None and self.current[0].signature not in done:
                self.entries.append(self._judged(*self.current, status="partial"))
            raise Interrupted(self._finished("partial")) from None
        finally:
            self.progress.finish()

    @contextmanager
    def _answers(self, use_cache: bool) -> Iterator[PredictionCache | None]:
        """The store of answers: the global cache, else one inside the run folder, else none."""
        paths = [cache_path()] if use_cache else []
        paths += [self.folder.private_cache] if self.folder is not None else []
        store = None
        if any(contestant.keys for contestant in self.plan.contestants):
            for path in paths:
                store = PredictionCache(path=path)
                if store.usable:
                    break
        try:
            yield store
        finally:
            if store is not None:
                store.close()

    def _evaluated(self, contestant: Contestant, cache: PredictionCache | None) -> Entry:
        """One model's row: asked, judged, its predictions written."""
        asked = _Asked()
        self.current = (contestant, asked)
        self.progress.model(contestant.model.info.spec, len(contestant.instances))
        try:
            self._ask(contestant, asked, cache)
        except ModelFailedError as error:
            _log.warning("%s failed: %s", contestant.model.info.spec, error)
            row = self._row(contestant, asked)
            return Entry(row=row.model_copy(update={"status": "error", "error": str(error)}))
        return self._judged(contestant, asked, status="ok")

    def _ask(self, contestant: Contestant, asked: _Asked, cache: PredictionCache | None) -> None:
        by_item = {instance.item: instance for instance in contestant.instances}
        keys = contestant.keys
        if cache is not None and keys:
            found = cache.get([(keys[item], by_item[item]) for item in keys])
            asked.predictions.update(found)
            asked.cached = len(found)
            if found:
                self.progress.advance(len(found), True)

        def take(predictions: list[Prediction]) -> None:
            asked.predictions.update((p.item, p) for p in predictions)
            asked.windows += sum(p.windows for p in predictions)
            asked.tokens += sum(p.tokens for p in predictions)
            if cache is not None and keys:
                spec = contestant.model.info.spec
                cache.put(spec, [(keys[p.item], p, by_item[p.item]) for p in predictions if p.item in keys])
            self.progress.advance(len(predictions), False)

        rest = [instance for item, instance in by_item.items() if item not in asked.predictions]
        started = time.perf_counter()
        try:
            if rest:
                self.engine.predict(contestant.model, rest, take, known_good=asked.cached > 0)
        finally:
            asked.seconds = time.perf_counter() - started

    def _row(self, contestant: Contestant, asked: _Asked) -> Row:
        return Row(
            model=model_row(contestant.model.info),
            signature=contestant.signature,
            decoding=decoding_row(contestant.model.decoding, self.plan.options.threshold, ()),
            counts=CountsRow(cached=asked.cached),
            performance=asked.performance(),
        )

    def _judged(self, contestant: Contestant, asked: _Asked, *, status: Literal["ok", "partial"]) -> Entry:
        plan = self.plan
        pooled = gather(plan.corpus, plan.items, asked.predictions)
        items: Sequence[ItemId] = plan.items
        if status == "partial":
            whole = len(plan.corpus.articles)
            items = [
                item
                for item in items
                if str(item) in asked.predictions
                or (item.track == "pooled" and ("*" in pooled[str(item)] or len(pooled[str(item)]) == whole))
            ]
        judged = judge(plan.corpus, items, asked.predictions, pooled, plan.options.threshold)
        if self.folder is not None:
            described = self.folder.write_predictions(contestant.slug, judged.rows)
        else:
            described = predictions_file(contestant.slug, judged.rows)
            self.kept[described.path] = judged.rows
        row = self._row(contestant, asked).model_copy(
            update={
                "decoding": decoding_row(contestant.model.decoding, plan.options.threshold, judged.rows),
                "predictions": described,
                "counts": CountsRow(cached=asked.cached, unasked=len(plan.items) - len(items)),
            }
        )
        return judged_entry(row, judged, resamples=plan.options.resamples, status=status)

    def _write(self) -> None:
        if self.folder is not None:
            self.folder.write_leaderboard(self.leaderboard)

    def _finished(self, status: Status) -> Run:
        """Ranks what there is, writes it, and puts the folder in its place."""
        ranked = rank_rows(self.entries, resamples=self.plan.options.resamples)
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
