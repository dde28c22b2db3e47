"""The progress of a run: bars on a terminal, plain lines on another stderr, or one bar in a notebook."""

from __future__ import annotations

import sys
import time
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any, TextIO

from qa_eval.text.terminal import clean

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class TerminalProgress:
    """Progress on stderr, by the progress protocol of `qa_eval.evaluation.run`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._models = 0
        self._begun = 0
        self._name = ""
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._cached = 0
        self._items = 0
        self._asked = 0
        self._started = 0.0
        self._first: tuple[float, int] | None = None
        self._ranks: TaskID | None = None
        self._workers: dict[str, TaskID] = {}
        self._by_worker: Counter[str] = Counter()

    def start(self, models: int) -> None:
        """Starts the progress. Called before the first model."""
        self._models = models
        if self._stream.isatty():
            self._bar = _bar(self._stream)
            self._bar.start()

    def model(self, name: str, items: int) -> None:
        """Starts a model, which has `items` instances to answer. Some of the answers may be in the cache.

        An item may have several: a language model is also asked without passages, and in other orders.
        """
        self._tell_cached()
        self._begun += 1
        self._name, self._items, self._cached, self._asked = clean(name), items, 0, 0
        self._started, self._first = time.monotonic(), None
        if self._bar is not None:
            self._task = self._bar.add_task(self._name, total=items, step=self._step, rate="")
        else:
            self._tell(f"{items:,} to answer")

    def advance(self, n: int = 1, from_cache: bool = False) -> None:
        """Counts `n` more instances as answered. `from_cache`: the answers came from the cache."""
        if from_cache:
            self._cached += n
        else:
            self._asked += n
            self._first = self._first or (time.monotonic(), self._asked)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=n, rate=self._rate())
            if self._begun == self._models and self._cached + self._asked >= self._items:
                self._ranks = self._bar.add_task("intervals and ranks", total=None, step="", rate="")

    def _rate(self) -> str:
        """The instances per second and the number of cached ones.

        Time runs from the first answer, or from the start of the model until there is a second batch.
        """
        parts = []
        if self._first is not None:
            since, before = self._first if self._asked > self._first[1] else (self._started, 0)
            seconds = max(time.monotonic() - since, 1e-3)
            parts.append(f"{(self._asked - before) / seconds:,.1f}/s")
        if self._cached:
            parts.append(f"{self._cached:,} from cache")
        return ", ".join(parts)

    @property
    def _step(self) -> str:
        return f"{self._begun}/{self._models}"

    def _tell(self, what: str) -> None:
        """Writes a line about the model."""
        self._stream.write(f"{self._step} {self._name}: {what}\n")
        self._stream.flush()

    def _tell_cached(self) -> None:
        """Writes, without a terminal, how many answers of the model came from the cache, if any did."""
        if self._bar is None and self._cached:
            self._tell(f"{self._cached:,} of {self._items:,} from cache")

    def worker(self, name: str, n: int) -> None:
        """Counts `n` more instances that a worker of a cluster answered."""
        self._by_worker[name] += n
        if self._bar is not None:
            if name not in self._workers:
                self._workers[name] = self._bar.add_task(f"  {clean(name)}", total=None, step="", rate="")
            self._bar.advance(self._workers[name], n)

    def finish(self) -> None:
        """Ends the progress. Called after the last model, and after an interruption."""
        if self._bar is not None:
            if self._ranks is not None:
                self._bar.remove_task(self._ranks)
            self._bar.stop()
        else:
            self._tell_cached()
            for name, n in self._by_worker.items():
                self._stream.write(f"worker {clean(name)}: {n:,} answered\n")


def _bar(stream: TextIO) -> Progress:
    """The bars on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column

    console = Console(file=stream, highlight=False)
    return Progress(
        TextColumn("{task.fields[step]}", style="dim", markup=False),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
        BarColumn(bar_width=24 if console.width >= _WIDE else 10),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", style="dim", markup=False),
        TimeRemainingColumn(elapsed_when_finished=True),
        console=console,
    )


class NotebookProgress:
    """Progress in a notebook, by the same protocol: a line of HTML with a bar."""

    def __init__(self) -> None:
        self._models = 0
        self._begun = 0
        self._name = ""
        self._items = 0
        self._done = 0
        self._cached = 0
        self._drawn = 0.0
        self._handle: Any = None

    def start(self, models: int) -> None:
        """Starts the progress. Called before the first model."""
        self._models = models
        self._draw()

    def model(self, name: str, items: int) -> None:
        """Starts a model, which has `items` instances to answer."""
        self._begun += 1
        self._name, self._items, self._done, self._cached = name, items, 0, 0
        self._draw()

    def advance(self, n: int = 1, from_cache: bool = False) -> None:
        """Counts `n` more instances as answered. `from_cache`: the answers came from the cache."""
        self._done += n
        self._cached += n if from_cache else 0
        if time.monotonic() - self._drawn > _REDRAWN or self._done >= self._items:
            self._draw()

    def finish(self) -> None:
        """Ends the progress. Called after the last model, and after an interruption."""
        self._draw()

    def _draw(self) -> None:
        from IPython.display import HTML, display

        self._drawn = time.monotonic()
        shown = HTML(self.line())
        if self._handle is None:
            self._handle = display(shown, display_id=True)
        else:
            self._handle.update(shown)

    def line(self) -> str:
        """The HTML of the line in its current state."""
        bar = f'<progress value="{self._done}" max="{max(self._items, 1)}"></progress>'
        name = f"{self._begun}/{self._models} {escape(clean(self._name))}"
        cached = f", {self._cached:,} from cache" if self._cached else ""
        return f"{bar} {name}: {self._done:,}/{self._items:,} answered{cached}"


_REDRAWN = 0.1
"""Smallest number of seconds between two drawings."""
_WIDE = 100
"""Width of a terminal, in columns, from which bars are long."""


def progress_shown() -> TerminalProgress | NotebookProgress | None:
    """The progress for a notebook or for a terminal on stderr; None elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        return NotebookProgress()
    return TerminalProgress() if sys.stderr is not None and sys.stderr.isatty() else None
