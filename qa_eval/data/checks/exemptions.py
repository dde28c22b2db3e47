"""`exemptions.toml`: warnings that an author has reviewed and accepted, with the reason.

Each is a table `[[exemption]]` with the keys `check` ("silent-occurrence" or "near-duplicate"), `fact`,
`article` (for near-duplicate: `other`, the other fact's id) and `reason`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qa_eval.data.corpus_files import OUTSIDE
from qa_eval.files.paths import open_input, real_path
from qa_eval.records import Finding, Severity
from qa_eval.text.phrases import quote, show_path, suggestion

EXEMPTIONS = "exemptions.toml"
MAX_EXEMPTIONS_BYTES = 1_000_000
SUBJECTS = {"silent-occurrence": "article", "near-duplicate": "other"}
"""Checks that can be exempted, each with the key that names its subject apart from the fact."""

Subject = tuple[str, str, str]
"""(check, fact, article or other fact): the warning that one exemption silences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """One exempted warning, with the place of the exemption."""

    subject: Subject
    path: str
    line: int | None

    def finding(self, field: str, message: str, severity: Severity = "error") -> Finding:
        """A finding about this exemption."""
        return Finding(
            severity=severity,
            path=self.path,
            line=self.line,
            field=field,
            message=message,
            check="exemption",
            fact=self.subject[1],
        )


@dataclass(slots=True)
class Exemptions:
    """All exemptions of a set, with those that were needed."""

    entries: Sequence[Exemption] = ()
    findings: Sequence[Finding] = ()
    used: set[Subject] = field(default_factory=set)
    subjects: frozenset[Subject] = field(init=False)

    def __post_init__(self) -> None:
        self.subjects = frozenset(entry.subject for entry in self.entries)

    def covers(self, subject: Subject) -> bool:
        """Whether the subject is exempt. If so, the exemption counts as needed."""
        known = subject in self.subjects
        if known:
            self.used.add(subject)
        return known

    def stale(
        self, *, facts: Collection[str], articles: Collection[str], complete: bool
    ) -> Iterator[Finding]:
        """Yields a finding for each exemption that silences nothing.

        `facts` and `articles` are the ids that were read. `complete` says that everything was read. Otherwise
        a fact or article that is missing may be in a part that could not be read or in a file that was not
        named, and its exemption is not reported.
        """
        for entry in self.entries:
            if entry.subject in self.used:
                continue
            check, fact, subject = entry.subject
            if complete and fact not in facts:
                near = suggestion(fact, facts, listed=0)
                yield entry.finding("fact", f"stale: no fact has the id {quote(fact)}; {FIX}{near}")
            elif complete or (
                fact in facts and subject in (articles if SUBJECTS[check] == "article" else facts)
            ):
                message = f"stale: {check} finds nothing for {quote(fact)} and {quote(subject)}; {FIX}"
                yield entry.finding(SUBJECTS[check], message)


def exemption_table(subject: Subject) -> str:
    """The exemption of a subject as the file holds it. The reason is empty, since only a person can give it.

    >>> print(exemption_table(("silent-occurrence", "deaths", "bbc")))
    [[exemption]]
    check = "silent-occurrence"
    fact = "deaths"
    article = "bbc"
    reason = ""
    """
    check, fact, other = (json.dumps(part, ensure_ascii=False) for part in subject)
    return "\n".join(
        [
            "[[exemption]]",
            f"check = {check}",
            f"fact = {fact}",
            f"{SUBJECTS[subject[0]]} = {other}",
            'reason = ""',
        ]
    )


FIX = "delete the exemption"


def read_exemptions(paths: Sequence[Path]) -> Exemptions:
    """Reads the exemption files that exist. Problems in them are findings; none is raised."""
    import tomllib

    entries: list[Exemption] = []
    findings: list[Finding] = []
    for path in paths:
        shown = show_path(path)
        if not real_path(path).is_relative_to(real_path(path.parent)):
            findings.append(_finding(shown, None, "", OUTSIDE))
            continue
        try:
            with open_input(path) as file:
                data = file.read(MAX_EXEMPTIONS_BYTES + 1)
            if len(data) > MAX_EXEMPTIONS_BYTES:
                message = f"has more than {MAX_EXEMPTIONS_BYTES:,} bytes and is not read; make it shorter"
                findings.append(_finding(shown, None, "", message))
                continue
            text = data.decode("utf-8")
            rows = tomllib.loads(text)
        except OSError as error:
            findings.append(_finding(shown, None, "", f"cannot be read: {error.strerror or error}"))
        except UnicodeDecodeError as error:
            message = f"not UTF-8 at byte {error.start + 1}; save as UTF-8"
            findings.append(_finding(shown, None, "", message))
        except ValueError as error:  # The interpreter raises it too, for a number of too many digits.
            findings.append(_toml_finding(shown, text, error))
        except RecursionError:
            findings.append(_finding(shown, None, "", "nested too deeply"))
        else:
            _read_rows(rows, text, shown, entries, findings)
    return Exemptions(entries=entries, findings=findings)


def _toml_finding(shown: str, text: str, error: ValueError) -> Finding:
    placed = re.search(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error), re.DOTALL)
    if placed is None:
        return _finding(shown, None, "", f"not valid TOML: {error}")
    line = int(placed[2]) if placed[2] else text.rstrip("\n").count("\n") + 1
    found = _finding(shown, line, "", f"not valid TOML: {placed[1]}")
    return replace(found, column=int(placed[3])) if placed[3] else found


def _finding(shown: str, line: int | None, field: str, message: str) -> Finding:
    return Finding(severity="error", path=shown, line=line, field=field, message=message, check="exemption")


def _read_rows(
    rows: dict[str, Any], text: str, shown: str, entries: list[Exemption], findings: list[Finding]
) -> None:
    for key in rows:
        if key != "exemption":
            message = f"unknown table {quote(key)}; the file holds [[exemption]] tables"
            findings.append(_finding(shown, None, "", message))
    tables = rows.get("exemption", [])
    if not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        findings.append(_finding(shown, None, "exemption", "must be [[exemption]] tables, two brackets each"))
        return
    heads = [n for n, line in enumerate(text.split("\n"), 1) if re.match(r"\s*\[\[\s*exemption\s*\]\]", line)]
    seen = {entry.subject for entry in entries}
    for index, table in enumerate(tables):
        line = heads[index] if len(heads) == len(tables) else None
        problems = _table_problems(table)
        findings += [_finding(shown, line, key, message) for key, message in problems]
        if problems:
            continue
        subject = (table["check"], table["fact"], table[SUBJECTS[table["check"]]])
        entry = Exemption(subject=subject, path=shown, line=line)
        if subject in seen:
            findings.append(entry.finding("", f"the same exemption is there twice; {FIX}"))
        else:
            seen.add(subject)
            entries.append(entry)


def _table_problems(table: dict[str, Any]) -> list[tuple[str, str]]:
    """The (key, message) of everything wrong with one [[exemption]] table."""
    check = table.get("check")
    if isinstance(check, str) and check not in SUBJECTS:
        message = f"{quote(check)} is not a check that can be exempted{suggestion(check, SUBJECTS)}"
        return [("check", message)]
    subject = SUBJECTS[check] if isinstance(check, str) else "article"
    keys = ["check", "fact", subject, "reason"]
    problems = []
    for key in keys:
        value = table.get(key)
        if key not in table:
            problems.append((key, "is missing"))
        elif not isinstance(value, str) or not value.strip():
            problems.append((key, "must be text that is not blank"))
    for key in table:
        if key not in keys:
            problems.append((key, f"unknown key {quote(key)}{suggestion(key, keys)}"))
    return problems
