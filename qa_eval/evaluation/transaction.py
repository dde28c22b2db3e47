"""A block of code that ctrl-C cannot split."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Transaction:
    """A context: an interruption (SIGINT) that arrives within it is held back until its block has ended.

    What the block does is therefore done whole or, if it was not entered, not at all, and nobody needs to
    undo half of it. Transactions may be nested; then the outermost one raises. An exception of the block
    itself passes through, and an interruption held back with it is dropped. Outside of the main thread, and
    where SIGINT is ignored, no interruption can arrive, and nothing is done.

    >>> with Transaction():
    ...     kept = ["an answer", "its score"]
    """

    def __init__(self) -> None:
        self._before: Any = None
        """The handler that is called when the block has ended; None where nothing is held back."""
        self._held: tuple[int, FrameType | None] | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._before = handler
                signal.signal(signal.SIGINT, self._hold)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            if self._held is not None and error is None:
                self._before(*self._held)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._held = number, frame
