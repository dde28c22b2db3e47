"""What the answers of a model took: time, windows, tokens. A run that is interrupted keeps it in its folder.

Each line of the file is one expense. It is appended before the answers go to the cache, so that a run that is
killed at any moment, and continued, counts everything that was answered, and nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Self

import msgspec

from qa_eval.files.hashes import canonical_json
from qa_eval.records import Prediction

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Expense:
    """What some answers of a model took, without answers from the cache."""

    asked: int = 0
    """Number of answers."""
    seconds: float = 0.0
    """Time during which the engine had something to answer, in seconds."""
    windows: int = 0
    """Number of windows that the engine read."""
    tokens: int = 0
    """Number of tokens that the engine read and wrote."""
    tokens_out: int | None = None
    """Number of tokens that a language model wrote; None if it writes none."""
    unfinished: int = 0
    """Number of answers that end because they have the greatest number of tokens."""
    latencies: list[float] = field(default_factory=list)
    """Time of each answer in seconds, for models that compute each answer alone."""

    @classmethod
    def of(cls, predictions: Sequence[Prediction], seconds: float) -> Self:
        """What these predictions took, which came within that time."""
        written = [p.tokens_out for p in predictions if p.tokens_out is not None]
        return cls(
            asked=len(predictions),
            seconds=seconds,
            windows=sum(p.windows for p in predictions),
            tokens=sum(p.tokens for p in predictions),
            tokens_out=sum(written) if written else None,
            unfinished=sum(p.unfinished for p in predictions),
            latencies=[p.seconds for p in predictions if p.seconds is not None],
        )

    def add(self, other: Expense) -> None:
        """Adds another expense to this one.

        >>> one = Expense(tokens=5)
        >>> one.add(Expense(tokens=7, tokens_out=2))
        >>> one.tokens, one.tokens_out
        (12, 2)
        """
        for part in fields(self):
            mine, theirs = getattr(self, part.name), getattr(other, part.name)
            if mine is None:
                mine = theirs
            elif theirs is not None:
                mine += theirs  # a list grows in place, so that many additions stay cheap
            setattr(self, part.name, mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    signature: str
    expense: Expense


@dataclass(slots=True, kw_only=True)
class ExpenseLog:
    """The expenses of one model in a run folder, of all parts of the run."""

    path: Path
    """Path of the file, which the models of the run share."""
    signature: str
    """Signature of the model."""
    _writable: bool = True

    def total(self) -> Expense:
        """The sum so far. A line that was not written to its end does not count."""
        found = Expense()
        try:
            lines = self.path.read_bytes().splitlines()
        except OSError:
            return found
        for text in lines:
            try:
                line = msgspec.json.decode(text, type=_Line)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue
            if line.signature == self.signature:
                found.add(line.expense)
        return found

    def add(self, expense: Expense) -> None:
        """Appends an expense. A file that cannot be written is logged as one warning."""
        if not self._writable:
            return
        line = canonical_json(asdict(_Line(signature=self.signature, expense=expense)))
        try:
            with self.path.open("ab", buffering=0) as file:
                file.write(f"\n{line}".encode())  # the end of a line that a killed run began, too
        except OSError as error:
            _log.warning("%s: cannot be written to (%s); going on without it", self.path, error)
            self._writable = False
