"""A collector of findings about some input. It keeps the first findings and counts the others.

A reader reports everything that is wrong with a file at once. A file of another kind, though, is wrong
everywhere, and the first findings show why. So at most `MAX_FINDINGS` of a severity are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from qa_eval.errors import InputError
from qa_eval.records import Finding, Severity
from qa_eval.text.phrases import count

MAX_FINDINGS = 1_000
"""Greatest number of findings of one severity that are listed. A greater number usually has one cause."""
LIMIT = "limit"
"""Check of the finding that says how many others are not listed."""


class Findings:
    """Findings in the order in which they were found.

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
        """Whether no further error would be listed, so that a reader can stop."""
        return self.errors >= MAX_FINDINGS

    def add(self, finding: Finding) -> None:
        """Counts a finding, and keeps it if it will be listed."""
        self._number[finding.severity] += 1
        if self._number[finding.severity] <= MAX_FINDINGS:
            self._kept.append(finding)
            self._last[finding.severity] = finding

    def add_all(self, others: Findings) -> None:
        """Adds the findings of another collector, as `add` does, and its counts."""
        for finding in others._kept:
            self.add(finding)
        self._number += others._number - Counter(finding.severity for finding in others._kept)

    def take(self, findings: Iterable[Finding]) -> None:
        """Adds findings one by one, and stops once the collector is full."""
        for finding in findings:
            self.add(finding)
            if self.full:
                self._stopped = True
                return

    def listed(self) -> list[Finding]:
        """The findings that are kept, then one for each severity that says how many more there are."""
        notes = []
        for severity, last in self._last.items():
            more = self._number[severity] - MAX_FINDINGS
            if severity == "error" and self._stopped:
                message = f"the check stopped after {self.errors:,} errors; correct these first"
                notes.append((last, message))
            elif more > 0:
                notes.append((last, f"and {count(more, f'more {severity}')} like these"))
        return self._kept + [
            replace(last, line=None, column=None, field="", message=message, check=LIMIT, fact="")
            for last, message in notes
        ]

    def close(self) -> None:
        """Raises InputError with all listed findings if one of them is an error."""
        if self.errors:
            raise InputError(self.listed())
