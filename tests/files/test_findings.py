"""Findings as they are gathered: what is listed, what is counted, when looking for more ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qa_eval.errors import InputError
from qa_eval.files.findings import Findings
from qa_eval.records import Finding, Severity


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_eval.files.findings.MAX_FINDINGS", 3)


def finding(number: int, severity: Severity = "error") -> Finding:
    return Finding(severity=severity, path="a", line=number, field="f", message=f"m{number}")


@pytest.mark.parametrize(
    ("errors", "warnings", "last"),
    [
        (0, 0, []),
        (3, 3, ["a:3: f: m3"]),
        (4, 0, ["a: and 1 more error like these"]),
        (9, 0, ["a: and 6 more errors like these"]),
        (1, 5, ["a: and 2 more warnings like these"]),
    ],
)
def test_the_first_of_each_severity_are_listed_and_the_others_counted(
    errors: int, warnings: int, last: list[str]
) -> None:
    gathered = Findings(finding(n + 1) for n in range(errors))
    for n in range(warnings):
        gathered.add(finding(n + 1, "warning"))
    listed = gathered.listed()
    assert [str(one) for one in listed][-1:] == last
    assert gathered.errors == errors
    assert gathered.full == (errors >= 3)
    assert len([one for one in listed if one.check != "limit"]) == min(errors, 3) + min(warnings, 3)


def test_looking_for_more_ends_with_the_last_error_that_is_listed() -> None:
    looked: list[int] = []

    def looking() -> Iterator[Finding]:
        for n in range(1, 10):
            looked.append(n)
            yield finding(n)

    gathered = Findings()
    gathered.take(looking())
    assert looked == [1, 2, 3]
    assert str(gathered.listed()[-1]) == "a: the check stopped after 3 errors; correct these first"


def test_what_others_gathered_counts_too() -> None:
    gathered = Findings([finding(1)])
    gathered.add_all(Findings(finding(n) for n in range(2, 8)))
    assert gathered.errors == 7
    assert [one.line for one in gathered.listed()] == [1, 2, 3, None]
    assert str(gathered.listed()[-1]) == "a: and 4 more errors like these"


def test_only_errors_are_raised() -> None:
    Findings([finding(1, "warning")]).close()
    with pytest.raises(InputError) as caught:
        Findings([finding(1, "warning"), finding(2)]).close()
    assert [one.message for one in caught.value.findings] == ["m1", "m2"]
