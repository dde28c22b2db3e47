"""The process around a command: its streams, environment and signals.

A stream that cannot be written to does not stop a command. The rest of the output is dropped, the command
finishes its work and decides its exit code, and the failure is reported at the end. A reader that stops
reading (`| head`) is no failure.
"""

from __future__ import annotations

import _thread
import codecs
import errno
import gc
import io
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

FAILED = 2
"""Exit code of a command that did its work but could not print its output."""
ESCAPE = "qa_eval.escape"
_STARTED = 500_000
"""Python begins to search for unused objects when there are this many. A command that loads torch has
330,000."""


def run() -> None:
    """Runs the command line of this process; raises SystemExit with its exit code."""
    for name in ("COLUMNS", "LINES"):
        # Some libraries that draw on terminals fail on a number of too many digits, or allocate that width.
        if not re.fullmatch(r"0*[1-9][0-9]{0,3}", os.environ.get(name, "")):
            os.environ.pop(name, None)
    # pydantic would look for plug-ins of its own in every installed package. This program uses none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    codecs.register_error(ESCAPE, json_escapes)
    out, err = Outlet.of(sys.stdout, 1), Outlet.of(sys.stderr, 2)
    sys.stdout, sys.stderr = out.text, err.text
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process
    sys.unraisablehook = _pass_on
    _search_later()

    from qa_eval.cli import cli

    try:
        cli(prog_name="qa-eval")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(
            signal.SIGINT, signal.SIG_DFL
        )  # the work is done: from here on ctrl-C ends the process at once
    if (failure := out.failure()) is not None:
        sys.stderr.write(f"Error: standard output: {failure.strerror}; the output is incomplete\n")
        code = code or FAILED
    if (
        failure := err.failure()
    ) is not None and failure.errno != errno.EBADF:  # EBADF: the caller closed stderr
        code = code or FAILED
    gc.freeze()  # otherwise Python examines every object several times while it ends; no file is open by now
    raise SystemExit(code)


def _search_later() -> None:
    """Puts off Python's search for unused objects that refer to each other until `_STARTED` objects exist.

    The modules and classes that a command loads are used to its end, so searching among them only takes time.
    """
    usual = gc.get_threshold()

    def search_as_usual(*_: object) -> None:
        gc.callbacks.remove(search_as_usual)
        gc.set_threshold(*usual)

    gc.callbacks.append(search_as_usual)
    gc.set_threshold(_STARTED)


def json_escapes(error: UnicodeError) -> tuple[str, int]:
    r"""The escapes to print for characters that a stream cannot encode, in the form that JSON has.

    >>> json_escapes(UnicodeEncodeError("ascii", "é", 0, 1, ""))
    ('\\u00e9', 1)
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


def _pass_on(trouble: sys.UnraisableHookArgs) -> None:
    """Raises ctrl-C again in the main thread if it hit a callback, where Python would drop it."""
    if isinstance(trouble.exc_value, KeyboardInterrupt):
        _thread.interrupt_main()
    else:
        sys.__unraisablehook__(trouble)


class Outlet(io.FileIO):
    """The descriptor of a standard stream. After a write that fails, it drops the rest of the output."""

    text: TextIO
    error: OSError | None = None

    @classmethod
    def of(cls, stream: TextIO | None, descriptor: int) -> Outlet:
        """The outlet of a standard stream. `stream` is None if it was closed before the program started."""
        if stream is None:
            # Otherwise the next file that is opened would get this descriptor, and the output with it.
            null = os.open(os.devnull, os.O_RDONLY)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
        outlet = cls(descriptor, "w", closefd=False)
        if stream is not None and stream.isatty():
            outlet.text = stream
        else:
            encoding = "utf-8" if stream is None else stream.encoding
            outlet.text = io.TextIOWrapper(
                io.BufferedWriter(outlet), encoding, line_buffering=descriptor == 2
            )
        if isinstance(outlet.text, io.TextIOWrapper):
            outlet.text.reconfigure(errors=ESCAPE)
        return outlet

    def write(self, data: Buffer, /) -> int:
        """Writes data, or drops it and keeps the error."""
        if self.error is None:
            try:
                return super().write(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes

    def failure(self) -> OSError | None:
        """The error that lost output; None if all output arrived or the reader stopped reading."""
        try:
            self.text.flush()
        except OSError as error:
            self.error = error
        return None if self.error is None or self.error.errno == errno.EPIPE else self.error
