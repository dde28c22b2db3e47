"""Contributions that mean harm: a clear error each, in bounded time; nothing is read or written elsewhere.

How long the large ones take, and in what memory, tells `tests/benchmarks/hostile.py`.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.checks.limits import work
from qa_eval.data.checks.question_checks import words
from qa_eval.data.checks.set_checks import near_duplicates
from qa_eval.data.corpus import load_corpus
from qa_eval.data.corpus_files import Authored, read_questions
from qa_eval.errors import InputError
from qa_eval.files.authored_lines import read_json_lines
from qa_eval.records import Claim, Evidence, Question
from tests.support.command_line import call
from tests.support.small_corpus import ARTICLES, FALL, LOSSES, fact, settled, write_corpus, write_lines


def checked(folder: Path) -> list[str]:
    return [f.message for f in check_questions([folder / "questions"], folder / "seeds").errors]


@pytest.mark.parametrize(
    ("name", "value", "data", "message"),
    [
        pytest.param("MAX_FILE_BYTES", 100, b"x" * 101, "has more than 100 bytes", id="bytes"),
        pytest.param("MAX_LINES", 9, b"{}\n" * 10, "has more than 9 lines", id="lines"),
    ],
)
def test_a_file_of_too_much_is_refused_with_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int, data: bytes, message: str
) -> None:
    monkeypatch.setattr(f"qa_eval.files.authored_lines.{name}", value)
    (tmp_path / "facts.jsonl").write_bytes(data)
    lines, (finding,) = read_json_lines(tmp_path / "facts.jsonl")
    assert (lines, finding.message) == ([], f"{message}; no more are read")


def test_a_huge_list_of_paraphrases_is_refused_before_they_are_compared(tmp_path: Path) -> None:
    write_corpus(tmp_path, [fact(FALL, paraphrases=[f"When {n}?" for n in range(20_000)])])
    (message,) = checked(tmp_path)
    assert "has 20,000 entries; at most 50 are taken" in message


def test_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    (tmp_path / "secret").write_text("secret\n", encoding="utf-8")
    (tmp_path / "questions" / "x.jsonl").symlink_to(tmp_path / "secret")
    assert checked(tmp_path) == ["links to a file outside the folder; copy the file here"]


def test_a_line_that_is_too_long_is_told_with_its_number_even_past_the_end_of_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.files.authored_lines.MAX_LINE_BYTES", 100)
    monkeypatch.setattr("qa_eval.files.authored_lines.MAX_FILE_BYTES", 1000)
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 300 + b"\n" + b'{"b": 2}\n' + b"y" * 5000 + b"\n")
    lines, findings = read_json_lines(path)
    assert lines == []
    assert [(f.line, f.message) for f in findings] == [
        (2, "the line has 300 bytes; at most 100 are read"),
        (4, "the line has at least 682 bytes; at most 100 are read"),
        (None, "has more than 1,000 bytes; no more are read"),
    ]


def test_after_a_line_that_is_too_long_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.files.authored_lines.MAX_LINE_BYTES", 10)
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b'{"a": 1}\n' + b"x" * 25 + b"\n" + b'{"b": 12}\n' + b"x" * 11)
    lines, findings = read_json_lines(path)
    assert [(line.number, line.value) for line in lines] == [(1, {"a": 1}), (3, {"b": 12})]
    assert [f.line for f in findings] == [2, 4]


TOO_LONG = {
    "question": (
        fact(FALL, question="Why? " * 201),
        "question",
        "has 1,005 characters; at most 1,000 are taken",
    ),
    "wording": (
        fact(FALL, claims=[{"id": "c", "aliases": ["x" * 501], "evidence": FALL["claims"][0]["evidence"]}]),
        "claims[0].aliases[0]",
        "has 501 characters; at most 500 are taken",
    ),
    "note": (fact(FALL, note="x" * 5001), "note", "has 5,001 characters; at most 5,000 are taken"),
    "claims": (
        fact(FALL, claims=[{"id": f"c{n}", "evidence": []} for n in range(51)]),
        "claims",
        "has 51 entries; at most 50 are taken",
    ),
}


@pytest.mark.parametrize(("row", "field", "message"), TOO_LONG.values(), ids=TOO_LONG)
def test_what_is_too_long_is_refused_before_it_is_compared(
    tmp_path: Path, row: dict[str, Any], field: str, message: str
) -> None:
    write_corpus(tmp_path, [row], complete=False)
    found = check_questions([tmp_path / "questions"], tmp_path / "seeds").errors
    assert [(f.field, f.message) for f in found] == [(field, message)]


def test_of_one_line_and_of_one_set_only_so_many_problems_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(tmp_path, [fact(FALL, **{f"k{n}": 1 for n in range(60)})], complete=False)
    assert len(checked(tmp_path)) == 50
    monkeypatch.setattr("qa_eval.files.findings.MAX_FINDINGS", 5)
    report = check_questions([tmp_path / "questions"], tmp_path / "seeds")
    assert len(report.errors) == 6
    assert report.findings[-1].message == "the check stopped after 5 errors; correct these first"


def test_too_many_warnings_are_counted_and_do_not_keep_a_set_from_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.files.findings.MAX_FINDINGS", 2)
    questions, seeds = write_corpus(tmp_path)
    path = questions / "facts.jsonl"
    path.write_text(path.read_text("utf-8").replace("\n", "\n\n\n"), "utf-8")
    report = check_questions([questions], seeds)
    assert [f.severity for f in report.findings] == ["warning"] * 3
    assert report.findings[-1].message == "and 2 more warnings like these"
    assert len(load_corpus(questions, seeds).questions) == 2


def test_work_is_worked_out_from_wordings_texts_and_articles() -> None:
    question = Question(
        id="q", question="Who?", paraphrases=("What?",), category="c", answer_type="text", silent=("b", "c"),
        claims=(Claim(id="x", evidence=(Evidence(article="a", text="one", start=0),), aliases=("five5",)),),
    )  # fmt: skip
    # 2 wordings x (6 x 8 characters of wordings + 9 of questions), 2 x (1 + 1 + 3 articles), 2 x 2 questions
    assert work(question, {"a": 10, "c": 25_000}) == 2 * (48 + 9) + 2 * 5 + 4


def test_facts_beyond_what_can_be_checked_are_refused_and_not_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, seeds = write_corpus(tmp_path, [FALL, LOSSES, fact(FALL, id="Not-Checked")])
    first, second, _ = (a.question for a in read_questions([questions]).authored)
    lengths = {id: len(text) for id, text in ARTICLES.items()}
    monkeypatch.setattr("qa_eval.data.checks.limits.MAX_WORK", work(first, lengths) + work(second, lengths))
    report = check_questions([questions], seeds)
    (found,) = report.errors
    assert (found.line, found.check, report.facts) == (3, "limit", 2)
    assert "those after it are not checked" in found.message
    with pytest.raises(InputError, match="those after it are not checked"):
        load_corpus(questions, seeds)
    before = (questions / "facts.jsonl").read_bytes()
    call("questions", "check", "--fix", "--questions", str(questions), "--articles", str(seeds))
    assert (questions / "facts.jsonl").read_bytes() == before


def authored(*texts: str) -> list[Authored]:
    return [
        Authored(
            question=Question(id=f"q{n}", question=text, category="c", answer_type="text", claims=()),
            contested=False,
            path="p",
            line=n,
        )
        for n, text in enumerate(texts)
    ]


@given(st.lists(st.lists(st.sampled_from("bcdefgh"), min_size=1, max_size=9).map(" ".join), max_size=8))
def test_near_duplicates_are_those_that_comparing_all_pairs_finds(texts: list[str]) -> None:
    expected: set[tuple[str, str]] = set()
    first: dict[tuple[str, ...], str] = {}
    for one in authored(*texts):
        asked = tuple(words(one.question.question))
        if asked in first:
            expected.add((first[asked], one.question.id))
        first.setdefault(asked, one.question.id)
    for (one_words, one_id), (other_words, other_id) in combinations(first.items(), 2):
        a, b = set(one_words), set(other_words)
        if 10 * len(a & b) >= 8 * len(a | b):
            expected.add((one_id, other_id))
    assert {(other, f.fact) for other, f in near_duplicates(authored(*texts))} == expected


def test_a_set_of_too_many_alike_questions_is_an_error_where_the_comparing_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qa_eval.data.checks.set_checks.MAX_COMPARED", 3)
    found = [f for _, f in near_duplicates(authored("b c d", "c b d", "d c b", "c d b", "b d c"))]
    assert [(f.severity, f.fact) for f in found[:-1]] == [
        ("warning", "q1"),
        ("warning", "q2"),
        ("warning", "q2"),
    ]
    assert (found[-1].severity, found[-1].fact) == ("error", "q3")
    assert "after 3 comparisons, this question and those after it are not compared" in found[-1].message


def test_files_beyond_the_limits_of_a_set_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions, seeds = write_corpus(tmp_path, {"a.jsonl": [FALL], "b.jsonl": [LOSSES], "c.jsonl": [LOSSES]})
    monkeypatch.setattr("qa_eval.data.corpus_files.MAX_QUESTION_FILES", 2)
    (found,) = check_questions([questions], seeds).errors
    assert (Path(found.path).name, found.message) == (
        "c.jsonl",
        "is one of more than 2 files; it and those after it are not read",
    )
    size = (questions / "a.jsonl").stat().st_size
    monkeypatch.setattr("qa_eval.data.corpus_files.MAX_QUESTIONS_BYTES", size)
    (found,) = check_questions([questions], seeds).errors
    assert Path(found.path).name == "b.jsonl"
    assert found.message.startswith(f"brings the set to more than {size:,} bytes")


ARTICLE_LIMITS = {
    "one article": ("MAX_ARTICLE_BYTES", 80, 1, '"alpha.txt" has more than 80 bytes; no more are read'),
    "all articles": (
        "MAX_ARTICLES_BYTES",
        95,
        2,
        "the articles up to here have more than 95 bytes; no more are read",
    ),
}


@pytest.mark.parametrize(("name", "value", "line", "message"), ARTICLE_LIMITS.values(), ids=ARTICLE_LIMITS)
def test_articles_beyond_the_limits_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: int, line: int, message: str
) -> None:
    assert len(ARTICLES["alpha"].encode()) == 91
    questions, seeds = write_corpus(tmp_path)
    monkeypatch.setattr(f"qa_eval.data.corpus_files.{name}", value)
    found = check_questions([questions], seeds).errors[0]
    assert (Path(found.path).name, found.line, found.message) == ("articles.jsonl", line, message)


def test_too_many_articles_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path)
    monkeypatch.setattr("qa_eval.data.corpus_files.MAX_ARTICLES", 2)
    assert checked(tmp_path)[0] == "describes 3 articles; at most 2 are read"


def test_exemptions_of_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, _ = write_corpus(tmp_path)
    (questions / "exemptions.toml").write_text("# Nothing is exempt.\n")
    monkeypatch.setattr("qa_eval.data.checks.exemptions.MAX_EXEMPTIONS_BYTES", 10)
    assert checked(tmp_path) == ["has more than 10 bytes and is not read; make it shorter"]


@pytest.mark.parametrize("place", ["questions/exemptions.toml", "seeds/articles.jsonl", "seeds/gamma.txt"])
def test_a_link_out_of_its_folder_is_refused_whatever_it_stands_for(tmp_path: Path, place: str) -> None:
    write_corpus(tmp_path)
    path, outside = tmp_path / place, tmp_path / "outside"
    outside.write_bytes(path.read_bytes() if path.exists() else b"")
    path.unlink(missing_ok=True)
    path.symlink_to(outside)
    found = checked(tmp_path)
    assert found[0].endswith("links to a file outside the folder; copy the file here")


def test_a_pipe_in_place_of_exemptions_is_not_waited_for(tmp_path: Path) -> None:
    import os

    questions, _ = write_corpus(tmp_path)
    os.mkfifo(questions / "exemptions.toml")
    assert checked(tmp_path) == []


def test_a_huge_key_does_not_make_a_huge_message(tmp_path: Path) -> None:
    write_lines(write_corpus(tmp_path)[0] / "facts.jsonl", [{**FALL, "." * 100_000: 1, "id": "x" * 150}])
    (found,) = check_questions([tmp_path / "questions"], tmp_path / "seeds").errors
    assert len(json.dumps(str(found))) < 1000


def test_places_of_a_word_that_is_everywhere_are_counted_up_to_ten(tmp_path: Path) -> None:
    articles = {"one": "Rain fell.", "other": "rain " * 12, "third": "rain rain", "loud": "is " * 200 + "IS"}
    row = settled("what", "What fell from the sky?", one="Rain")
    row["claims"][0]["aliases"] = ["IS"]
    questions, seeds = write_corpus(tmp_path, [row], articles)
    said = [f.message for f in check_questions([questions], seeds).warnings]
    assert [
        '"Rain" at 0 and at least 10 more places' in said[0],
        '"Rain" at 0 and 1 more place;' in said[1],
    ] == [
        True,
        True,
    ]
    assert (
        len(said) == 2
    )  # where a word is everywhere in small letters, not all of it is searched for capitals
