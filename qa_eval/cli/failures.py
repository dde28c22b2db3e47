"""The message on stderr and the exit code of a failure: `explain` turns an exception into lines of text.

An error that this package raises on purpose shows its message. An error of the operating system shows the
path and the reason that the system gives. Any other exception is a defect of the program: the message has its
type, text and place, and the exit code is 1. `QA_EVAL_TRACEBACK=1` adds the traceback.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import click

import qa_eval
from qa_eval.errors import InputError, QaEvalError

INTERRUPTED = 130
"""Exit code that a shell gives to a program that ctrl-C ended."""
DEFECT = 1
SHOW_TRACEBACK = "QA_EVAL_TRACEBACK"
"""Name of the environment variable that turns tracebacks on."""


def explain(error: BaseException) -> tuple[list[str], int]:
    """The lines for stderr, and the exit code. An interruption has its own message, or one word."""
    if isinstance(error, click.Abort) and isinstance(error.__cause__, EOFError):
        error = error.__cause__  # A file ended too early. At a prompt, click drops the cause.
    from qa_eval.text.terminal import clean_lines

    # A library that ctrl-C stops during its import often raises an error of its own.
    interruptions = [str(cause) for cause in _causes(error) if isinstance(cause, KeyboardInterrupt)]
    if interruptions:
        return clean_lines(next(filter(None, interruptions), "interrupted")), INTERRUPTED
    traced = traceback.format_exception(error) if os.environ.get(SHOW_TRACEBACK) else []
    above = [line for part in traced for line in clean_lines(part.rstrip("\n"))]
    if isinstance(error, QaEvalError):
        said = error.on_command_line or str(error)
        return [*above, *_purposeful(error, clean_lines(said))], error.exit_code
    if isinstance(error, OSError) and error.strerror is not None and error.filename is not None:
        return [*above, clean_lines(f"Error: {os_error(error)}")[0]], QaEvalError.exit_code
    said = str(error).strip().partition("\n")[0]
    what = f"{type(error).__name__}{f': {said}' if said else ''} ({place(error)})"
    if isinstance(error, OSError):
        return [*above, *clean_lines(f"Error: {what}")], QaEvalError.exit_code
    if isinstance(error, MemoryError):
        return [*above, *clean_lines(f"Error: not enough memory: {what}")], DEFECT
    return [
        *above,
        *clean_lines(f"Error: this is a defect of qa-eval: {what}"),
        f"Please report it with the command and this line. {SHOW_TRACEBACK}=1 shows the traceback.",
    ], DEFECT


def _purposeful(error: QaEvalError, lines: list[str]) -> list[str]:
    if isinstance(error, InputError) and len(error.findings) > 1:
        return [*lines, f"Error: the input has {len(error.findings)} errors; nothing was done."]
    return [f"Error: {lines[0]}", *lines[1:]]


def os_error(error: OSError) -> str:
    """The paths and the reason of an operating system's error."""
    paths = [os.fsdecode(path) for path in (error.filename, error.filename2) if isinstance(path, str | bytes)]
    return f"{' -> '.join(map(_shortened, paths))}: {error.strerror}"


def _shortened(path: str, most: int = 200) -> str:
    return path if len(path) <= most else f"{path[: most // 2]}…{path[-most // 2 :]}"


def place(error: BaseException) -> str:
    """Place of an error: the innermost line of this package, else the innermost line.

    >>> place(ValueError())
    'no place known'
    """
    frames = traceback.extract_tb(error.__traceback__)
    package = Path(qa_eval.__file__).parent
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(package)]
    if not frames:
        return "no place known"
    frame = (ours or frames)[-1]
    path = Path(frame.filename)
    shown = path.relative_to(package.parent).as_posix() if ours else path.name
    return f"{shown}:{frame.lineno}, in {frame.name}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and its causes and contexts, nearest first."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        # click turns ctrl-C and the end of input at a prompt into Abort.
        yield KeyboardInterrupt() if isinstance(cause, click.Abort) else cause
        cause = cause.__cause__ or cause.__context__
