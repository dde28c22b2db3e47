"""The process around a command: its streams, its environment, the last look at what could not be printed.

A stream that cannot be written to never stops a command half-way: the rest of the output is dropped, the
command finishes its work and decides its exit code, and the failure is reported at the end. A reader that has
gone away (`| head`) is no failure.
"""

from __future__ import annotations

import _thread
import codecs
import errno
import io
import os
import re
import signal
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer

FAILED = 2
"""Exit code of a command that did its work and could not print it."""
ESCAPE = "qa_eval.escape"


def run() -> None:
    """Runs the command line of this process; raises SystemExit with its exit code."""
    for name in ("COLUMNS", "LINES"):
        # Of libraries that draw on terminals some read more digits than Python can, or than memory holds.
        if not re.fullmatch(r"0*[1-9][0-9]{0,3}", os.environ.get(name, "")):
            os.environ.pop(name, None)
    codecs.register_error(ESCAPE, escaped)
    out, err = Outlet.of(sys.stdout, 1), Outlet.of(sys.stderr, 2)
    sys.stdout, sys.stderr = out.text, err.text
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - for the rest of the process
    sys.unraisablehook = _pass_on

    from qa_eval.cli import cli

    try:
        cli(prog_name="qa-eval")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(
            signal.SIGINT, signal.SIG_DFL
        )  # all is done; from here on ctrl-C ends the process at once
    if (failure := out.failure()) is not None:
        sys.stderr.write(f"Error: standard output: {failure.strerror}; what was printed is not whole\n")
        code = code or FAILED
    if (
        failure := err.failure()
    ) is not None and failure.errno != errno.EBADF:  # closed by who wants no notes
        code = code or FAILED
    raise SystemExit(code)


def escaped(error: UnicodeError) -> tuple[str, int]:
    r"""What is printed for characters that a stream cannot encode: escapes that JSON and people read.

    >>> escaped(UnicodeEncodeError("ascii", "é", 0, 1, ""))
    ('\\u00e9', 1)
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (units[at : at + 2].hex() for at in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs), error.end


def _pass_on(trouble: sys.UnraisableHookArgs) -> None:
    """Ctrl-C inside a callback, where Python drops it, is raised again outside."""
    if isinstance(trouble.exc_value, KeyboardInterrupt):
        _thread.interrupt_main()
    else:
        sys.__unraisablehook__(trouble)


class Outlet(io.FileIO):
    """A standard stream's descriptor; after a write that fails, the rest is dropped."""

    text: TextIO
    error: OSError | None = None

    @classmethod
    def of(cls, stream: TextIO | None, descriptor: int) -> Outlet:
        """The outlet of a standard stream; None is one that was closed before the program began."""
        if stream is None:
            # Held by a file that refuses what is written, else the next file that is opened would get it.
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
        """Drops what cannot be written, and remembers why."""
        if self.error is None:
            try:
                return super().write(data)
            except OSError as error:
                self.error = error
        return memoryview(data).nbytes

    def failure(self) -> OSError | None:
        """Why something that was printed did not arrive; None if all did, or nobody reads on."""
        try:
            self.text.flush()
        except OSError as error:
            self.error = error
        return None if self.error is None or self.error.errno == errno.EPIPE else self.error
