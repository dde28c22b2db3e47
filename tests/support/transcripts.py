"""Transcripts of a terminal in the documents: their commands are run, and their output is compared.

In a block of `console`, a line that begins with `$ ` is a command, and lines that begin with `>` continue it.
All other lines are its output. In it, `...` stands for anything, and runs of white space are alike. A last
line `[exit code N]` is the exit code of the command. Without it, the exit code must be 0.
"""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
from dataclasses import dataclass

from tests.support.command_line import call

COMPARED = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_BLOCK = re.compile(r"(?<=```console\n)(.*?)(?=```)", re.DOTALL)
_EXIT = re.compile(r"\[exit code (\d+)\]\n\Z")
_FIRST_LINES = 16


@dataclass(slots=True)
class Step:
    """One command of a transcript."""

    shown: str
    """The command as the document shows it, with `$` and `>`."""
    output: str = ""

    @property
    def command(self) -> str:
        """The command as the shell reads it."""
        return "\n".join(line[2:] for line in self.shown.splitlines())

    @property
    def expected(self) -> tuple[str, int]:
        """The output, and the exit code."""
        found = _EXIT.search(self.output)
        return (self.output[: found.start()], int(found[1])) if found else (self.output, 0)


def steps_of(block: str) -> list[Step]:
    """The commands of one block, each with its output."""
    steps: list[Step] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append(Step(line + "\n"))
        elif line.startswith(">"):
            steps[-1].shown += line + "\n"
        else:
            steps[-1].output += line + "\n"
    return steps


def transcript(text: str) -> list[Step]:
    """All commands of a document, in order."""
    return [step for block in _BLOCK.findall(text) for step in steps_of(block)]


def run(step: Step) -> str:
    """What a terminal shows of the command. Fails where it does not end with the step's exit code."""
    words = shlex.split(step.command.replace("\\\n", " "))
    code = step.expected[1]
    if words[0] == "qa-eval":
        result = call(*words[1:], columns=100)
        assert result.exit_code == code, result.output
        return result.output
    assert words[0] in ("git", "cat", "cp"), step.command
    done = subprocess.run(["bash", "-c", step.command], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def check(step: Step, found: str) -> None:
    """Compares the output with the document's."""
    expected = step.expected[0]
    assert doctest.OutputChecker().check_output(expected, found, COMPARED), f"{step.command}\n{found}"


def written_again(text: str) -> str:
    """The document with the output that its commands print now, of long outputs the first lines."""

    def block(found: re.Match[str]) -> str:
        parts = []
        for step in steps_of(found[0]):
            lines = [line.rstrip() for line in run(step).rstrip().splitlines()]
            lines = [*lines[:_FIRST_LINES], "..."] if len(lines) > _FIRST_LINES else lines
            code = step.expected[1]
            parts += [step.shown, *(f"{line}\n" for line in lines), f"[exit code {code}]\n" if code else ""]
        return "".join(parts)

    return _BLOCK.sub(block, text)
