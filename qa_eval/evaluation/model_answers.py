"""Asking: the answers of one model in one task, from the cache and from an engine.

    Task.parts ──▶ groups(): what the cache lacks ──engine──▶ take() ──▶ parts that can be scored

Parts are returned in order, each as soon as it and all parts before it are answered. Memory therefore holds
only the parts that are under way.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qa_eval.evaluation.cache import PredictionCache
from qa_eval.evaluation.engines.engine import Engine, Group, GroupAnswers
from qa_eval.evaluation.environment import peak_rss_bytes
from qa_eval.evaluation.expenses import Expense, ExpenseLog
from qa_eval.evaluation.plans import Contestant
from qa_eval.evaluation.tasks.task import Part, Task
from qa_eval.evaluation.transaction import Transaction
from qa_eval.records import Instance, Prediction
from qa_eval.runs.schema import PerformanceRow


@dataclass(slots=True)
class PartAnswers:
    """A model's answers to a part so far."""

    part: Part
    """Part of the task."""
    instances: Mapping[str, Instance]
    """Instances of the part by item id."""
    keys: Mapping[str, str]
    """Cache keys by item id; empty if answers are not cached."""
    predictions: dict[str, Prediction] = field(default_factory=dict)
    """Predictions so far by item id."""
    whole: bool = False
    """Whether every instance was asked and the results are here."""


@dataclass(slots=True, kw_only=True)
class Answers:
    """One model's answers in one task. `groups` gives the questions; `take` keeps the engine's answers."""

    contestant: Contestant
    """Model that answers."""
    task: Task
    """Task that the model answers."""
    number: int = 0
    """Number of the task among the tasks that the model answers together."""
    cache: PredictionCache | None = None
    """Cache of answers; None if there is none."""
    on_cached: Callable[[int], None] = lambda n: None
    """Function that is called with the number of answers that were found in the cache."""
    succeeded: bool = False
    """Whether any item has an answer that is not an error."""
    answered: int = 0
    """Number of instances that have a prediction."""
    cached: int = 0
    """Number of predictions that came from the cache."""
    log: ExpenseLog | None = None
    """Log of what the answers take; None if they are not stored."""
    spent: Expense = field(default_factory=Expense)
    """What the answers took so far, in all parts of a run that was interrupted."""
    _drawn: bool = False
    """Whether every part was drawn."""
    _parts: dict[int, PartAnswers] = field(default_factory=dict)
    """Parts under way, in order, by number."""
    _out: int = 0
    """Number of groups that the engine has."""
    _since: float = 0.0
    """Time up to which the engine's work is in `spent`."""

    def __post_init__(self) -> None:
        if self.log is not None:
            self.spent = self.log.total()

    @property
    def finished(self) -> bool:
        """Whether every part was answered and returned."""
        return self._drawn and not self._parts

    def groups(self) -> Iterator[Group]:
        """The instances to ask, one group for each part: those that the cache lacks. A group may be empty."""
        for number, part in enumerate(self.task.parts(self.contestant.model)):
            with Transaction():
                group, found = self._opened(number, part)
            if found:
                self.on_cached(found)
            yield group
        self._drawn = True

    def take(self, given: GroupAnswers) -> list[PartAnswers]:
        """Keeps predictions, here and in the cache. Returns the next parts, in order, that are complete."""
        answers = self._parts[given.group.part]
        if given.predictions:
            self._keep(answers, given.predictions)
        if given.last:
            answers.whole = True
            if given.group.instances:
                self._stop_clock(out=self._out - 1)
        ready = []
        for number, each in list(self._parts.items()):
            if not each.whole:
                break
            ready.append(self._parts.pop(number))
        return ready

    def take_rest(self) -> list[PartAnswers]:
        """Ends the asking. Returns the parts that are under way, with their answers so far."""
        self._stop_clock(out=0)
        rest, self._parts = list(self._parts.values()), {}
        return rest

    def performance(self, prices: tuple[float, float] | None = None) -> PerformanceRow:
        """The time and memory of answering so far, without answers that other runs left in the cache.

        `prices` are those of a million tokens read and written. They give the cost of a language model.
        """
        spent, cost = self.spent, None
        if prices is not None and spent.tokens_out is not None:
            cost = round(token_cost((spent.tokens - spent.tokens_out, spent.tokens_out), prices), 6)
        timed = spent.seconds > 0 and spent.asked > 0
        return PerformanceRow(
            seconds=round(spent.seconds, 3),
            items_per_second=round(spent.asked / spent.seconds, 3) if timed else None,
            windows=spent.windows,
            tokens=spent.tokens,
            tokens_per_second=round(spent.tokens / spent.seconds, 3) if timed else None,
            peak_rss_bytes=peak_rss_bytes(),
            tokens_out=spent.tokens_out,
            unfinished=spent.unfinished or None,
            latency=_percentiles(spent.latencies),
            cost=cost,
        )

    def _opened(self, number: int, part: Part) -> tuple[Group, int]:
        """The group of a part, and the number of its answers that came from the cache."""
        instances = {instance.item: instance for instance in part.instances}
        keys = self.contestant.keys(part.instances) if self.cache is not None else {}
        answers = PartAnswers(part, instances, keys)
        if self.cache is not None and keys:
            answers.predictions |= self.cache.get([(key, instances[item]) for item, key in keys.items()])
        found = len(answers.predictions)
        self.cached += found
        self.answered += found
        self.succeeded |= found > 0
        left = [i for item, i in instances.items() if item not in answers.predictions]
        if left:
            self._since = self._since if self._out else time.perf_counter()
            self._out += 1
        self._parts[number] = answers
        return Group(left, task=self.number, part=number), found

    def _keep(self, answers: PartAnswers, predictions: Sequence[Prediction]) -> None:
        answers.predictions.update((p.item, p) for p in predictions)
        self.answered += len(predictions)
        self.succeeded |= any(p.error is None for p in predictions)
        self._spend(predictions)  # first: what is asked again after a kill is paid for again
        if self.cache is not None and answers.keys:
            keys, spec = answers.keys, self.contestant.model.info.spec
            kept = [(keys[p.item], p, answers.instances[p.item]) for p in predictions if p.item in keys]
            self.cache.put(spec, kept)

    def _stop_clock(self, *, out: int) -> None:
        if self._out and not out:
            self._spend(())
        self._out = out

    def _spend(self, predictions: Sequence[Prediction]) -> None:
        """Counts predictions, and the time since the last ones."""
        now = time.perf_counter()
        expense = Expense.of(predictions, now - self._since)
        self._since = now
        self.spent.add(expense)
        if self.log is not None:
            self.log.add(expense)


def token_cost(tokens: tuple[int, int], prices: tuple[float, float]) -> float:
    """The cost of tokens that were read and written, at prices of a million of each.

    >>> token_cost((2_000_000, 500_000), (0.5, 2.0))
    2.0
    """
    return sum(number * price for number, price in zip(tokens, prices, strict=True)) / 1e6


def _percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """Percentiles of the times of answers. `p90` is the shortest time within which 90 percent of them came.

    >>> _percentiles([0.1 * n for n in range(1, 11)])
    {'p50': 0.5, 'p90': 0.9, 'p99': 1.0}
    """
    if not seconds:
        return None
    ordered = sorted(seconds)
    places = {f"p{percent}": math.ceil(percent / 100 * len(ordered)) - 1 for percent in (50, 90, 99)}
    return {name: round(ordered[place], 3) for name, place in places.items()}


def ask(engine: Engine, answers: Sequence[Answers]) -> Generator[GroupAnswers, None, None]:
    """Lets an engine ask one model everything in several tasks, one task after another.

    Yields the answers as they come. Raises ModelFailedError if the model cannot answer, after it has yielded
    all finished answers.
    """

    def groups() -> Iterator[Group]:
        for each in answers:
            for group in each.groups():
                yield replace(group, known_good=any(other.succeeded for other in answers))

    return engine.answer(answers[0].contestant.model, groups())
