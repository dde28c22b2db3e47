"""Storing: the files that a run writes as it goes, model by model."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

from qa_eval.data.article_labels import item_id
from qa_eval.evaluation.cache import PredictionCache, cache_path
from qa_eval.evaluation.environment import describe_environment, describe_harness
from qa_eval.evaluation.expenses import ExpenseLog
from qa_eval.evaluation.model_answers import Answers
from qa_eval.evaluation.plans import Contestant, Plan
from qa_eval.evaluation.tasks.task import Task
from qa_eval.evaluation.transaction import Transaction
from qa_eval.files.paths import user_path
from qa_eval.metrics.item_scores import SCORER_VERSION
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.models.replay import Replay
from qa_eval.records import Status, Track
from qa_eval.runs.options import Threshold
from qa_eval.runs.predictions_writer import PredictionsWriter
from qa_eval.runs.ranking import Entry, Ranked, decoding_row, judged_entry
from qa_eval.runs.rows import has_pooled_scores
from qa_eval.runs.run_folder import RunFolder, open_run_folder
from qa_eval.runs.schema import CountsRow, Leaderboard, PredictionRow, Row
from qa_eval.runs.store import Run
from qa_eval.text.phrases import count, quote

_log = logging.getLogger(__name__)


class ModelWriter:
    """One model's predictions file in one task, and the score tables of the same items.

    It is a context manager, which discards an unfinished file at its end. Raises RunFolderError if the file
    cannot be written.
    """

    def __init__(
        self, folder: Path | None, slug: str, task: Task, threshold: Threshold, *, packed: bool = False
    ) -> None:
        """Begins a file in the run folder, compressed if `packed`. Without a folder, the rows are kept in
        memory.
        """
        self.file = PredictionsWriter(folder, slug, packed=packed)
        """Writer of the predictions file."""
        self.tables: dict[Track, ScoreTable] = {}
        """Scores of the items by track."""
        self.decided = False
        """Whether a threshold decided any answer."""
        self._task, self._threshold = task, threshold
        self._pooled: set[bool] = set()
        """Whether pooled items have scores: both if some have and others have not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.discard()

    def add(self, rows: Sequence[PredictionRow]) -> None:
        """Adds rows to the file and their scores to the tables. To be called in a transaction."""
        self.file.add(rows)
        self._task.tabulate(self.tables, rows)
        self.decided |= any(row.threshold is not None for row in rows)
        self._pooled |= {has_pooled_scores(row) for row in rows if row.track == "pooled"}

    def fit(self) -> None:
        """Scores all rows again after the last one, if that needs all answers: to fit the threshold, or to
        decide whether the model makes pooled answers, where its facts alone do not agree on it.
        """
        if self._task.fits_afterwards and (self._threshold == "cross-fit" or len(self._pooled) > 1):
            with Transaction():
                before, self.file = self.file, self.file.again()
                self.tables, self.decided, self._pooled = {}, False, set()
                try:
                    for _, rows in self._task.rejudged(before.stream, self._threshold):
                        self.add(rows)
                finally:
                    before.discard()


@dataclass(slots=True, kw_only=True)
class RunWriter:
    """The run of one plan while it goes on."""

    plan: Plan
    """Plan of the run."""
    folder: RunFolder | None
    """Folder of the run; None if it is kept in memory."""
    device: str
    """Device that the options name."""
    leaderboard: Leaderboard
    """Leaderboard with the rows so far."""
    entries: list[Entry] = field(default_factory=list)
    """Rows so far, with their score tables."""
    kept: dict[str, tuple[PredictionRow, ...]] = field(default_factory=dict)
    """Predictions of each model, by file name, if there is no folder."""
    packed: bool = False
    """Whether predictions files are compressed by gzip."""
    prices: tuple[float, float] | None = None
    """Prices of a million tokens that language models read and write."""
    run: Run | None = None
    """Finished run; None while the run goes on."""

    @classmethod
    @contextmanager
    def opened(
        cls,
        plan: Plan,
        out: Path | str | None,
        name: str | None,
        *,
        overwrite: bool,
        now: datetime,
        device: str,
        command: str | None,
        packed: bool = False,
        prices: tuple[float, float] | None = None,
    ) -> Iterator[Self]:
        """A context manager that opens a run and holds the lock of its folder.

        Raises RunFolderError if the folder cannot be used.
        """
        folder = None
        if out is not None:
            folder = open_run_folder(
                user_path(out), name, plan.identity, plan.run_id, overwrite=overwrite, now=now
            )
        try:
            leaderboard = Leaderboard(
                run_id=plan.run_id,
                name=folder.target.name if folder is not None else name or "",
                created_at=folder.created_at if folder is not None and folder.created_at else _stamp(now),
                harness=describe_harness(command),
                environment=describe_environment(device),
                data=plan.task.data,
                sources=plan.task.sources(folder.target) if folder is not None else None,
                options=plan.options,
                rules=plan.task.rules,
                scorer_version=SCORER_VERSION,
            )
            yield cls(
                plan=plan, folder=folder, device=device, leaderboard=leaderboard, packed=packed, prices=prices
            )
        finally:
            if folder is not None:
                folder.release()

    @contextmanager
    def cache(self, *, use_cache: bool) -> Iterator[PredictionCache | None]:
        """A context manager with the cache of answers: the global one, or one in the run folder, or None."""
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

    def expenses(self, contestant: Contestant) -> ExpenseLog | None:
        """The log of what the answers of a model take; None without a folder."""
        if self.folder is None:
            return None
        return ExpenseLog(path=self.folder.expenses, signature=contestant.signature)

    def model(self, contestant: Contestant) -> ModelWriter:
        """The writer of a model's answers."""
        folder = self.folder.path if self.folder is not None else None
        threshold = self.plan.options.threshold
        return ModelWriter(folder, contestant.slug, self.plan.task, threshold, packed=self.packed)

    def has(self, contestant: Contestant) -> bool:
        """Whether the run has a row of the model."""
        return any(entry.row.signature == contestant.signature for entry in self.entries)

    def add(self, answers: Answers, writer: ModelWriter, *, status: Literal["ok", "partial"]) -> None:
        """Adds the row of a model, made from its answers, and writes the leaderboard."""
        asked = self.plan.task.data.items
        unasked = asked.reading + asked.pooled - writer.file.rows
        row = self._row(answers, decided=writer.decided)
        row = row.model_copy(update={"counts": CountsRow(cached=answers.cached, unasked=unasked)})
        entry = judged_entry(row, writer.tables, resamples=self.plan.options.resamples, status=status)
        if status == "ok":
            self._warn_of_strangers(answers)
        with Transaction():
            file = writer.file.finish()
            if self.folder is None:
                self.kept[file.path] = tuple(writer.file.kept)
            self._add(Entry(row=entry.row.model_copy(update={"predictions": file}), tables=entry.tables))

    def add_failed(self, answers: Answers, writer: ModelWriter, error: str) -> None:
        """Adds the row of a model that failed. None of its answers count."""
        row = self._row(answers, decided=writer.decided)
        with Transaction():
            self._add(Entry(row=row.model_copy(update={"status": "error", "error": error})))

    def finish(self, ranked: Ranked, status: Status) -> Run:
        """Writes the ranked rows, and moves the folder to its place unless the run is partial."""
        with Transaction():
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
            self.run = Run(path=path, leaderboard=self.leaderboard, kept=self.kept)
        return self.run

    def write(self) -> None:
        """Writes the leaderboard in its present state."""
        if self.folder is not None:
            self.leaderboard = self.folder.write_leaderboard(self.leaderboard)

    def _warn_of_strangers(self, answers: Answers) -> None:
        """Warns if a predictions file has answers to items that are not in the data, or only to such that the
        options leave out.
        """
        model = answers.contestant.model
        if not isinstance(model, Replay) or len(model.predictions) == answers.answered:
            return
        strangers = self.plan.task.strangers(model.predictions)
        if strangers:
            belong = f"{count(len(strangers), 'prediction')} belong{'s' * (len(strangers) == 1)}"
            example = next((i.item for p in self.plan.task.parts(model) for i in p.instances), "")
            like = f"; ids look like {quote(example)}" if example else ""
            meant = item_id(strangers[0], self.plan.task.data.article_labels)
            if meant != strangers[0] and not self.plan.task.strangers([meant]):
                like = f"; files have the article's id: {quote(meant)}"
            _log.warning(
                "%s: %s to no item of the data, such as %s%s",
                model.info.spec,
                belong,
                quote(strangers[0]),
                like,
            )
        elif not answers.answered:
            _log.warning(
                "%s: no prediction belongs to an item that was asked; the options leave them out",
                model.info.spec,
            )

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        rows = [entry.row for entry in self.entries]
        self.leaderboard = self.leaderboard.model_copy(update={"rows": rows})
        self.write()

    def _row(self, answers: Answers, *, decided: bool) -> Row:
        model, threshold = answers.contestant.model, self.plan.options.threshold
        return Row(
            model=model.info,
            signature=answers.contestant.signature,
            decoding=decoding_row(model.decoding, threshold, decided=decided),
            counts=CountsRow(cached=answers.cached),
            performance=answers.performance(self.prices),
        )


def _stamp(moment: datetime) -> str:
    """A moment in ISO 8601, in UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
