"""`qa-eval questions check` and `stats`: findings and counts as text, JSON and annotations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa_eval.authoring.check import annotation, render_annotations, run_check, run_stats
from qa_eval.data.checks.check_report import CheckReport
from qa_eval.errors import InputError, QaEvalError
from qa_eval.records import Finding
from tests.support.small_corpus import FALL, LOSSES, fact, write_corpus

MAY = {"article": "alpha", "text": "May 2015", "start": 81}
OCCURS = fact(FALL, claims=[{"id": "it", "aliases": ["the war"], "evidence": [MAY]}])
"""A fact with a warning: a silent article holds an alias."""


def test_text_lists_every_finding_then_the_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path, [OCCURS, fact(LOSSES, contested=False)])
    monkeypatch.chdir(tmp_path)
    text, code = run_check([Path("questions")], Path("seeds"))
    assert code == 1
    first, second = Path("questions/facts.jsonl").read_text("utf-8").splitlines()
    silent, contested = first.index('"gamma"') + 1, second.index("false") + 1
    assert text.splitlines() == [
        f'questions/facts.jsonl:1:{silent}: silent[1]: warning: article "gamma" is listed as silent but '
        'has "the war" at '
        "45; give it evidence, or exempt it in exemptions.toml with the reason",
        f"questions/facts.jsonl:2:{contested}: contested: is false, but there are 2 claims; write true, or "
        "join the claims",
        "2 facts in 1 file (questions), 3 articles (seeds): 1 error and 1 warning",
    ]


def test_warnings_alone_exit_0_and_a_sound_set_says_so(tmp_path: Path) -> None:
    assert run_check([write_corpus(tmp_path / "a", [OCCURS])[0]], tmp_path / "a" / "seeds")[1] == 0
    questions, seeds = write_corpus(tmp_path / "b")
    text, code = run_check([questions], seeds)
    said = f"2 facts in 1 file ({questions.as_posix()}), 3 articles ({seeds.as_posix()}): no problems"
    assert (text, code) == (said, 0)


def test_json_holds_every_field_of_every_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path, [fact(LOSSES, contested=False)])
    monkeypatch.chdir(tmp_path)
    text, code = run_check([Path("questions")], Path("seeds"), "json")
    assert code == 1
    assert json.loads(text) == {
        "schema_version": 1,
        "ok": False,
        "facts": 1,
        "articles": 3,
        "files": ["questions/facts.jsonl"],
        "questions_path": "questions",
        "articles_path": "seeds",
        "errors": 1,
        "warnings": 0,
        "findings": [
            {
                "severity": "error",
                "path": "questions/facts.jsonl",
                "line": 1,
                "field": "contested",
                "message": "is false, but there are 2 claims; write true, or join the claims",
                "check": "contested",
                "fact": "militant-losses",
                "column": Path("questions/facts.jsonl").read_text("utf-8").index("false") + 1,
            }
        ],
    }


def finding(number: int, **changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "severity": "error",
        "path": "questions/a.jsonl",
        "line": number,
        "field": "note",
        "message": f"problem {number}",
        "check": "text",
        "fact": f"fact-{number}",
        **changes,
    }
    return Finding(**fields)


def report(*found: Finding) -> CheckReport:
    return CheckReport(findings=found, facts=40, files=("a.jsonl",), articles=5)


ANNOTATIONS = {
    "with its column": (
        finding(3, column=17, fact=""),
        "::error file=questions/a.jsonl,line=3,col=17,title=text::note: problem 3",
    ),
    "plain": (finding(3), "::error file=questions/a.jsonl,line=3,title=text%3A fact-3::note: problem 3"),
    "a whole file": (
        finding(0, line=None, field="", fact="", check="file", message="is empty"),
        "::error file=questions/a.jsonl,title=file::is empty",
    ),
    "a warning": (
        finding(1, severity="warning", check=""),
        "::warning file=questions/a.jsonl,line=1,title=fact-1::note: problem 1",
    ),
    "everything escaped": (
        finding(1, path="a,b:c%d.jsonl", message="100%: a,\r\nb::error::c", fact=""),
        "::error file=a%2Cb%3Ac%25d.jsonl,line=1,title=text::note: 100%25: a,%0D%0Ab::error::c",
    ),
}


@pytest.mark.parametrize(("one", "expected"), ANNOTATIONS.values(), ids=ANNOTATIONS)
def test_an_annotation_is_a_workflow_command(one: Finding, expected: str) -> None:
    assert annotation(one) == expected


def test_ten_annotations_are_shown_whole() -> None:
    lines = render_annotations(report(*map(finding, range(1, 11)))).splitlines()
    assert [line.startswith("::error file=") for line in lines] == [True] * 10 + [False]
    assert lines[-1] == "40 facts in 1 file, 5 articles: 10 errors"


def test_where_ten_are_not_enough_the_important_come_first_and_the_rest_is_counted() -> None:
    found = [finding(n) for n in range(1, 13)] + [finding(90, check="offset"), finding(91, check="json")]
    warnings = [finding(n, severity="warning") for n in range(1, 3)]
    lines = render_annotations(report(*found, *warnings)).splitlines()
    annotations = [line for line in lines if line.startswith("::")]
    shown = [a.split("line=")[1].split(",")[0] for a in annotations[:9]]
    assert shown == ["91", "90", "1", "2", "3", "4", "5", "6", "7"]
    assert (
        annotations[9]
        == "::error title=questions check::5 more errors are listed in the log of this step (14 in all)"
    )
    assert [a[:9] for a in annotations[10:]] == ["::warning"] * 2
    assert lines[12:] == [
        *[f"- questions/a.jsonl:{n}: note: problem {n}" for n in range(8, 13)],
        "40 facts in 1 file, 5 articles: 14 errors and 2 warnings",
    ]


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QaEvalError, match=r"^format: xml is none of text, github, json$"):
        run_check([tmp_path], tmp_path, "xml")
    with pytest.raises(QaEvalError, match=r"^format: csv is none of text, json$"):
        run_stats([tmp_path], tmp_path, "csv")


def test_stats_are_tables_of_everything_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path, [LOSSES, fact(FALL, silent=["gamma"], partial=["beta"])])
    monkeypatch.chdir(tmp_path)
    text = run_stats([Path("questions")], Path("seeds"))
    assert text == STATS.strip("\n")


STATS = """
questions: questions
articles:  seeds

set                        number
-------------------------  ------
facts                           2
contested                       1
paraphrases                     2
facts without paraphrases       0
claims                          3
evidence spans                  3
aliases                         1

contested: relation  facts
-------------------  -----
contradiction            0
update                   0
precision                1
scope                    0
wording                  0

category    facts
----------  -----
dates           1
death-toll      1

answer type  facts
-----------  -----
number           1
date             1

article                 answerable  silent  partial
----------------------  ----------  ------  -------
Title of alpha (alpha)           2       0        0
Title of beta (beta)             1       0        1
Title of gamma (gamma)           0       2        0

items: track  canonical  with paraphrases
------------  ---------  ----------------
reading               5                10
pooled                2                 4

silent items: 2 of 5 on the reading track; always abstaining has EM 40.0 %
"""


def test_stats_as_json_hold_the_same_numbers(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    value = json.loads(run_stats([questions], seeds, "json"))
    assert value["schema_version"] == 1
    assert (value["facts"], value["relations"]["precision"]) == (2, 1)
    assert value["articles"]["gamma"] == {"answerable": 0, "silent": 2, "partial": 0}


def test_stats_of_a_set_that_is_not_valid_is_an_input_error(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, [fact(contested=False)])
    with pytest.raises(InputError, match="contested: is false"):
        run_stats([questions], seeds)
