"""What is wrong with some input, gathered: the first findings are kept, and the others are counted.

Whoever reads a file tells everything that is wrong with it at once. A file of another kind is wrong
everywhere, though, and the first findings show why; so no more than `MAX_FINDINGS` of a severity are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from qa_eval.errors import InputError
from qa_eval.records import Finding, Severity
from qa_eval.text.phrases import count

MAX_FINDINGS = 1_000
"""Findings of one severity that are listed; more have one cause."""
LIMIT = "limit"
"""The check of a finding that says that others are not listed."""


class Findings:
    """Findings in the order in which they are found.

    >>> findings = Findings()
    >>> findings.add(Finding(severity="error", path="a.json", line=3, field="id", message="is missing"))
    >>> [str(finding) for finding in findings.listed()]
    ['a.json:3: id: is missing']
    """

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._kept: list[Finding] = []
        self._number: Counter[Severity] = Counter()
        self._last: dict[Severity, Finding] = {}
        self._stopped = False
        for finding in findings:
            self.add(finding)

    @property
    def errors(self) -> int:
        """Number of errors, listed or not."""
        return self._number["error"]

    @property
    def full(self) -> bool:
        """Whether no more errors are listed: looking for more is of no use."""
        return self.errors >= MAX_FINDINGS

    def add(self, finding: Finding) -> None:
        """Counts the finding, and keeps it if it will be listed."""
        self._number[finding.severity] += 1
        if self._number[finding.severity] <= MAX_FINDINGS:
            self._kept.append(finding)
            self._last[finding.severity] = finding

    def add_all(self, others: Findings) -> None:
        """Adds what others gathered, as `add` does."""
        for finding in others._kept:
            self.add(finding)
        self._number += others._number - Counter(finding.severity for finding in others._kept)

    def take(self, findings: Iterable[Finding]) -> None:
        """Adds findings as they come, until there are as many errors as are listed."""
        for finding in findings:
            self.add(finding)
            if self.full:
                self._stopped = True
                return

    def listed(self) -> list[Finding]:
        """What is told: the findings that are kept, and how many are not."""
        notes = []
        for severity, last in self._last.items():
            more = self._number[severity] - MAX_FINDINGS
            if severity == "error" and self._stopped:
                message = f"{self.errors:,} errors are told, and no more are looked for; mend these first"
                notes.append((last, message))
            elif more > 0:
                notes.append((last, f"and {count(more, f'more {severity}')} like these"))
        return self._kept + [
            replace(last, line=None, column=None, field="", message=message, check=LIMIT, fact="")
            for last, message in notes
        ]

    def close(self) -> None:
        """Raises InputError with all that is listed if there is an error."""
        if self.errors:
            raise InputError(self.listed())
