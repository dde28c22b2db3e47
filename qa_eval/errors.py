"""Every error this package raises on purpose.

    QaEvalError                     exit 2: the call or its input is wrong
    ├── InputError                  files people wrote; carries every finding, not the first
    ├── SpecError                   a model spec that names nothing; carries near matches
    ├── ModelError                  a model that cannot be used, with the reason
    │   └── ModelFailedError        a model that failed while running (qa_eval.evaluation.engines)
    ├── UnknownNameError            a name that is looked up and not there; also a KeyError
    ├── RunFolderError              a run folder that is complete, of another identity, or not writable
    └── CheckFailedError            exit 1: a check or verification found differences

Messages are for the person at the terminal: what was found, where, and what would be right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from qa_eval.records import Finding


class QaEvalError(Exception):
    """Base of all errors raised on purpose; the command line prints it without a traceback."""

    exit_code = 2
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
    """Input files are wrong. `findings` holds every problem; the message lists them, one a line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(f) for f in self.findings))


class SpecError(QaEvalError):
    """A model or dataset spec cannot be understood."""


class ModelError(QaEvalError):
    """A model cannot be loaded or used."""


class RunFolderError(QaEvalError):
    """A run folder cannot be written to, or holds something else."""


class UnknownNameError(QaEvalError, KeyError):
    """A model, metric or item is looked up by a name that is not there; the message has near matches."""

    def __str__(self) -> str:
        return Exception.__str__(self)  # a KeyError would print the `repr` of the message


class CheckFailedError(QaEvalError):
    """A check, comparison or verification failed; everything ran."""

    exit_code = 1


def first_line(error: BaseException) -> str:
    """The first line of any error's message, such as a library's; its type where it has none."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
