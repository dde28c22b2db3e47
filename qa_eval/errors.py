"""Every error that this package raises on purpose.

    QaEvalError                     exit 2: the call or its input is wrong
    ├── InputError                  input files have mistakes; it holds all of them, not only the first
    ├── SpecError                   a model or data set spec names nothing; the message lists near matches
    ├── ModelError                  a model cannot be used; the message gives the reason
    │   └── ModelFailedError        a model failed while it ran (qa_eval.evaluation.engines)
    ├── UnknownNameError            no item of a collection has the name; also a KeyError
    ├── RunFolderError              a run folder is complete, holds another run, or cannot be written to
    └── CheckFailedError            exit 1: a check or a verification found differences

Messages are for the person at the terminal. They say what was found, where, and what would be right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from qa_eval.records import Finding


class QaEvalError(Exception):
    """Base class of all errors that are raised on purpose. The command line prints no traceback for them."""

    exit_code = 2
    """Exit code of the command line after this error."""
    on_command_line: str | None = None
    """The message with flags in place of arguments, where it names any."""

    @classmethod
    def naming(cls, sentence: Callable[[Callable[[str], str]], str]) -> Self:
        """The error of a sentence that names arguments, which the command line calls by their flags.

        >>> error = QaEvalError.naming(lambda called: f"{called('metrics')} fi: unknown here")
        >>> str(error), error.on_command_line
        ('metrics fi: unknown here', '--metric fi: unknown here')
        """
        error = cls(sentence(str))
        error.on_command_line = sentence(_flag)
        return error


_FLAGS = {"metrics": "metric"}
"""Argument -> its flag, where that is another name."""


def _flag(argument: str) -> str:
    return f"--{_FLAGS.get(argument, argument).replace('_', '-')}"


class InputError(QaEvalError):
    """Input files have mistakes. The message lists them, one on each line.

    Args:
        findings: Every mistake that was found.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        """Findings about the input: every mistake that was found."""
        super().__init__("\n".join(str(f) for f in self.findings))


class SpecError(QaEvalError):
    """A model spec or a data set spec cannot be understood."""


class ModelError(QaEvalError):
    """A model cannot be loaded or used."""


class RunFolderError(QaEvalError):
    """A run folder cannot be written to, or it holds something else."""


class UnknownNameError(QaEvalError, KeyError):
    """A model, metric or item is looked up by a name that is not there; the message has near matches."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError would print the `repr` of the message


class CheckFailedError(QaEvalError):
    """A check, a comparison or a verification found a problem, although everything ran."""

    exit_code = 1


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the name of its type if the message is empty."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
