"""`questions check --dataset`: checks a file of facts with their own passages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict

from qa_eval.authoring.check import annotation, finding_line
from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import open_facts
from qa_eval.data.passage_facts import REMARKS, remark_count
from qa_eval.files.findings import Findings
from qa_eval.files.hashes import canonical_json
from qa_eval.records import Finding
from qa_eval.text.phrases import count, enumerate_words, printable


def run_claims_check(
    spec: str, split: str | None = None, format: str = "text"
) -> tuple[Iterator[str], Callable[[], bool]]:
    """The lines to print, and a function that says whether there was an error. Call it after the last line.

    Every remark is listed with its place, and so are the first errors. Raises QaEvalError for a data set
    without claims, which `run` checks.
    """
    otherwise = "; `qa-eval run --dataset` checks it before it asks"
    check = _Check(open_facts(spec, split=split, otherwise=otherwise))
    lines = {"text": check.text, "json": check.json, "github": check.github}[format]
    return lines(), lambda: bool(check.errors.errors)


class _Check:
    """A running check."""

    def __init__(self, dataset: ClaimSet) -> None:
        self.dataset = dataset
        self.errors = Findings()
        self.remarks: Counter[str] = Counter()

    def findings(self) -> Iterator[Finding]:
        """All remarks, and then the first errors. Further errors are only counted."""
        for finding in self.dataset.findings():
            if finding.severity == "error":
                self.errors.add(finding)
            else:
                self.remarks[finding.check] += 1
                yield finding
        yield from self.errors.listed()

    def text(self) -> Iterator[str]:
        """A line for each finding, and then the number of findings of each kind."""
        for finding in self.findings():
            yield printable(finding_line(finding))
        for check, number in self._counted():
            yield remark_count(check, number)
        yield self._verdict()

    def github(self) -> Iterator[str]:
        """Workflow commands for the errors; remarks are plain lines."""
        for finding in self.findings():
            yield annotation(finding) if finding.severity == "error" else f"- {finding_line(finding)}"
        yield self._verdict()

    def json(self) -> Iterator[str]:
        """One document with every finding."""
        found = list(self.findings())
        yield canonical_json(
            {
                "schema_version": 1,
                "ok": not self.errors.errors,
                "dataset": self.dataset.spec,
                "errors": self.errors.errors,
                "remarks": dict(self._counted()),
                "findings": [asdict(finding) for finding in found],
            },
            indent=2,
        )

    def _counted(self) -> Iterator[tuple[str, int]]:
        return ((check, self.remarks[check]) for check in REMARKS if self.remarks[check])

    def _verdict(self) -> str:
        total = sum(self.remarks.values())
        found = [
            count(number, noun)
            for number, noun in ((self.errors.errors, "error"), (total, "remark"))
            if number
        ]
        return f"{self.dataset.spec}: {enumerate_words(found) or 'no problems'}"
