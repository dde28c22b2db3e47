"""One model asked one task: what it has said so far, and what that is worth.

    Task.parts ──▶ groups(): what the cache does not have ──engine──▶ take(), close() ──▶ rows and scores

Parts are judged in their order, each as soon as all before it are closed, so that memory holds only those
that are under way.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from qa_eval.evaluation.cache import PredictionCache
from qa_eval.evaluation.engines.engine import Group
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.evaluation.plans import Contestant
from qa_eval.evaluation.tasks.task import Part, Task
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.records import Instance, Prediction, Track
from qa_eval.runs.predictions_writer import PredictionsWriter
from qa_eval.runs.rows import Threshold
from qa_eval.runs.schema import PerformanceRow, PredictionRow


class Counting(Protocol):
    """The part of progress that a sitting tells of."""

    def advance(self, n: int = 1, from_cache: bool = False) -> None:
        """`n` more are answered, or were found answered already."""


@dataclass(slots=True)
class _Open:
    """A part under way."""

    part: Part
    instances: Mapping[str, Instance]
    keys: Mapping[str, str] = field(default_factory=dict)
    predictions: dict[str, Prediction] = field(default_factory=dict)
    closed: bool = False


@dataclass(slots=True, kw_only=True)
class Sitting:
    """A model and a task. `groups`, `take` and `close` are for the engine."""

    contestant: Contestant
    task: Task
    threshold: Threshold
    writer: PredictionsWriter
    cache: PredictionCache | None
    progress: Counting
    tables: dict[Track, ScoreTable] = field(default_factory=dict)
    whole: bool = False
    """Whether every part was asked, or found in the cache."""
    succeeded: bool = False
    """Whether any item has an answer that is no error."""
    decided: bool = False
    """Whether a threshold had a say in any answer."""
    answered: int = 0
    cached: int = 0
    seconds: float = 0.0
    """While anything was out."""
    windows: int = 0
    tokens: int = 0
    _parts: dict[int, _Open] = field(default_factory=dict)
    """In their order; a part that is judged is dropped."""
    _out: int = 0
    """Parts that the engine has."""
    _since: float = 0.0
    _adding: bool = False
    """While what was judged is being added: rows and scores may not be of the same items then."""
    _added: tuple[int, int] = (-1, 0)
    """The part that is or was last added, and the rows there were before."""

    @property
    def over(self) -> bool:
        """Whether everything was asked, answered and judged."""
        return self.whole and not self._parts

    def performance(self) -> PerformanceRow:
        """What answering took so far, the cache apart."""
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

    # ----------------------------------------------------------------------------- asking

    def groups(self) -> Iterator[Group]:
        """What has to be asked, part by part; what the cache has is not."""
        for number, part in enumerate(self.task.parts(self.contestant.model)):
            opened = self._opened(part)
            self._parts[number] = opened
            rest = [i for item, i in opened.instances.items() if item not in opened.predictions]
            if rest:
                if not self._out:
                    self._since = time.perf_counter()
                self._out += 1
                yield Group(number, rest, known_good=self.succeeded)
            else:
                opened.closed = True
                self._judge_closed()
        self.whole = True

    def take(self, group: int, predictions: list[Prediction]) -> None:
        """Keeps answers, here and in the cache."""
        opened = self._parts[group]
        opened.predictions.update((p.item, p) for p in predictions)
        self.answered += len(predictions)
        self.succeeded |= any(p.error is None for p in predictions)
        self.windows += sum(p.windows for p in predictions)
        self.tokens += sum(p.tokens for p in predictions)
        if self.cache is not None and opened.keys:
            keys, spec = opened.keys, self.contestant.model.info.spec
            kept = [(keys[p.item], p, opened.instances[p.item]) for p in predictions if p.item in keys]
            self.cache.put(spec, kept)
        self.progress.advance(len(predictions), False)

    def close(self, group: int) -> None:
        """Judges the part, once all before it are judged, and those that waited for it."""
        self._out -= 1
        if not self._out:
            self.seconds += time.perf_counter() - self._since
        self._parts[group].closed = True
        self._judge_closed()

    def _opened(self, part: Part) -> _Open:
        instances = {instance.item: instance for instance in part.instances}
        opened = _Open(part, instances)
        if self.cache is not None:
            opened.keys = self.contestant.keys(part.instances)
        if self.cache is not None and opened.keys:
            wanted = [(key, instances[item]) for item, key in opened.keys.items()]
            opened.predictions.update(self.cache.get(wanted))
        if found := len(opened.predictions):
            self.cached += found
            self.answered += found
            self.succeeded = True
            self.progress.advance(found, True)
        return opened

    # ----------------------------------------------------------------------------- judging

    def finish(self) -> None:
        """After the last answer: what only all of them together decide."""
        if self.threshold == "cross-fit" and self.task.fits_afterwards:
            self._judge_again()

    def give_up(self) -> None:
        """Of a model that failed: nothing it said counts."""
        self._stop_clock()
        self.writer.discard()

    def interrupt(self) -> None:
        """Judges what there is: of parts that are under way, what was answered."""
        self._stop_clock()
        again = self._adding
        added, rows_before = self._added
        for number, opened in self._parts.items():
            if number != added or self.writer.rows == rows_before:
                whole = opened.closed
                self._add(number, opened.part.judge(opened.predictions, self.threshold, whole=whole))
        self._parts.clear()
        if again:
            self._judge_again()
        else:
            self.finish()

    def _judge_closed(self) -> None:
        for number, opened in list(self._parts.items()):
            if not opened.closed:
                return
            self._add(number, opened.part.judge(opened.predictions, self.threshold))
            del self._parts[number]

    def _add(self, number: int, rows: Sequence[PredictionRow]) -> None:
        """Adds what a part is worth."""
        self._added = number, self.writer.rows
        self._adding = True
        self.writer.add(rows)
        self._score(rows)
        self._adding = False

    def _score(self, rows: Sequence[PredictionRow]) -> None:
        self.task.tabulate(self.tables, rows)
        self.decided |= any(row.threshold is not None for row in rows)

    def _judge_again(self) -> None:
        """Makes rows and scores anew from the rows that are stored."""
        self._adding = True
        before, after = self.writer, self.writer.again()
        self.tables, self.decided = {}, False
        for rows in self.task.rejudged(before.stream, self.threshold):
            after.add(rows)
            self._score(rows)
        self.writer = after
        self._adding = False
        before.discard()

    def _stop_clock(self) -> None:
        if self._out:
            self.seconds += time.perf_counter() - self._since
            self._out = 0
