"""A block of code that ctrl-C cannot split."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Transaction:
    """A context manager that holds back an interruption (SIGINT) until its block has ended.

    The block therefore runs completely or, if it was not entered, not at all. Nothing has to be undone.
    Transactions may be nested; the outermost one raises. An exception of the block passes through, and a held
    interruption is then dropped. Outside the main thread, and if SIGINT is ignored, no interruption can
    arrive and the context manager does nothing.

    >>> with Transaction():
    ...     kept = ["an answer", "its score"]
    """

    def __init__(self) -> None:
        self._before: Any = None
        """Handler to call when the block has ended; None if interruptions are not held back."""
        self._held: tuple[int, FrameType | None] | None = None
        """Arguments of the interruption that is held back; None if there is none."""

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
