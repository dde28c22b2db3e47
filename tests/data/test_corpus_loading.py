"""From bytes to a corpus: every way a file can be wrong has its line and its sentence, and "
"none hides another."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.content_hashes import question_record
from qa_eval.data.corpus import load_corpus
from qa_eval.data.corpus_schema import articles_schema, questions_schema
from qa_eval.data.locations import curated_paths
from qa_eval.errors import InputError, QaEvalError
from qa_eval.files.authored_lines import MAX_LINE_BYTES
from qa_eval.records import Article, Evidence
from tests.support.places import ROOT
from tests.support.small_corpus import (
    ARTICLES,
    FALL,
    LOSSES,
    fact,
    settled,
    small_corpus,
    unplaced,
    write_corpus,
    write_lines,
)


def findings(questions: Path, seeds: Path) -> list[str]:
    """Every finding as a line, paths from the folder of the set, warnings marked."""
    root = questions.parent if questions.suffix == "" else questions.parent.parent
    report = check_questions([questions], seeds)
    return [
        ("(warning) " if f.severity == "warning" else "")
        + str(unplaced(f)).replace(f"{root.as_posix()}/", "")
        for f in report.findings
    ]


def findings_of_bytes(tmp_path: Path, data: bytes) -> list[str]:
    questions, seeds = write_corpus(tmp_path)
    (questions / "facts.jsonl").write_bytes(data)
    return findings(questions, seeds)


GOOD = json.dumps(FALL).encode()
GOOD_2 = json.dumps(LOSSES).encode()


def test_a_sound_set_loads_with_everything_it_says(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path)
    assert [q.id for q in corpus.questions] == ["militant-losses", "fall-of-town"]
    assert [a.id for a in corpus.articles] == ["alpha", "beta", "gamma"]
    losses = corpus.question("militant-losses")
    assert losses.contested
    assert losses.relation == "precision"
    assert losses.claims[1].aliases == ("four hundred",)
    assert losses.claims[1].evidence == (Evidence(article="beta", text="400", start=26),)
    assert losses.own_golds("alpha") == ("Over 400",)
    assert corpus.article("alpha") == Article(
        id="alpha",
        text=ARTICLES["alpha"],
        sha256=hashlib.sha256(ARTICLES["alpha"].encode()).hexdigest(),
        title="Title of alpha",
    )
    assert corpus.questions_path == (tmp_path / "questions").as_posix()
    assert corpus.articles_path == (tmp_path / "seeds").as_posix()


def test_every_optional_key_is_read(tmp_path: Path) -> None:
    span = {
        "article": "alpha",
        "text": "May 2015",
        "speaker": "a monitor",
        "as_of": "2015-05-31",
        "hedged": True,
    }
    claims = [{"id": "may-2015", "group": None, "evidence": [span]}]
    corpus = small_corpus(
        tmp_path, [fact(FALL, claims=claims, silent=["gamma"], partial=["beta"], note=None)]
    )
    question = corpus.questions[0]
    evidence = question.claims[0].evidence[0]
    assert (evidence.speaker, evidence.as_of, evidence.hedged) == ("a monitor", "2015-05-31", True)
    assert (question.silent, question.partial, question.note) == (("gamma",), ("beta",), "")


def test_hashes_do_not_depend_on_files_order_or_formatting(tmp_path: Path) -> None:
    together = small_corpus(tmp_path / "one", [LOSSES, FALL])
    apart = small_corpus(tmp_path / "two", {"b.jsonl": [LOSSES], "a.jsonl": [dict(reversed(FALL.items()))]})
    assert [q.id for q in apart.questions] == ["fall-of-town", "militant-losses"]
    assert together.questions_sha256 == apart.questions_sha256
    assert together.articles_sha256 == apart.articles_sha256


def test_files_may_be_named_one_by_one_and_twice(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, {"a.jsonl": [LOSSES], "b.jsonl": [FALL]})
    assert len(load_corpus(questions / "a.jsonl", seeds).questions) == 1
    assert len(load_corpus([questions / "b.jsonl", questions], seeds).questions) == 2
    assert len(load_corpus(str(questions), str(seeds)).questions) == 2


def test_article_text_is_the_bytes_decoded_with_no_line_end_changed(tmp_path: Path) -> None:
    text = "One\ufeff\r\ntwo\rthree\u2028four 😀 five.\n"
    corpus = small_corpus(tmp_path, [settled("fifth", "Which comes last?", a="five")], {"a": text})
    assert corpus.article("a").text == text
    assert corpus.questions[0].claims[0].evidence[0].start == text.index("five")


# ------------------------------------------------------------------------------------------ bytes and JSON

BAD_BYTES = {
    "empty file": (b"", ["questions/facts.jsonl: is empty; one JSON object a line is expected"]),
    "only spaces": (b" \n\n", ["questions/facts.jsonl: is empty; one JSON object a line is expected"]),
    "only a byte-order mark": (
        b"\xef\xbb\xbf",
        ["questions/facts.jsonl: is empty; one JSON object a line is expected"],
    ),
    "UTF-16": ('{"id"'.encode("utf-16"), ["questions/facts.jsonl: is UTF-16; save it as UTF-8"]),
    "byte-order mark": (
        b"\xef\xbb\xbf" + GOOD + b"\n",
        ["questions/facts.jsonl:1: starts with a byte-order mark; save as UTF-8 without BOM"],
    ),
    "byte-order mark inside, of a file appended": (
        GOOD + b"\n\xef\xbb\xbf" + GOOD_2 + b"\n",
        ["questions/facts.jsonl:2: starts with a byte-order mark; save as UTF-8 without BOM"],
    ),
    "CRLF": (
        GOOD + b"\r\n" + GOOD_2 + b"\r\n",
        ["questions/facts.jsonl:1: CRLF line ends (2 lines of 2); save the file with LF"],
    ),
    "no final line end": (
        GOOD,
        ["(warning) questions/facts.jsonl:1: the last line has no line end; add one"],
    ),
    "blank line": (
        GOOD + b"\n  \n" + GOOD_2 + b"\n",
        ["(warning) questions/facts.jsonl:2: blank line; delete it"],
    ),
    "not UTF-8": (
        GOOD + b'\n{"id": "\xff"}\n',
        ["questions/facts.jsonl:2:9: not UTF-8 at byte 9 of the line (0xff); save as UTF-8"],
    ),
    "cut JSON": (
        GOOD + b'\n{"id": "x"\n' + GOOD_2 + b"\n",
        ["questions/facts.jsonl:2:11: not valid JSON: Expecting ',' delimiter"],
    ),
    "two objects in a line": (
        b'{"id": "x"} {"id": "y"}\n',
        ["questions/facts.jsonl:1:13: not valid JSON: Extra data"],
    ),
    "record separator": (
        b"\x1e" + GOOD + b"\n",
        ["questions/facts.jsonl:1: begins with a record separator (U+001E); delete it"],
    ),
    "two byte-order marks": (
        b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD + b"\n",
        [
            "questions/facts.jsonl:1: starts with a byte-order mark; save as UTF-8 without BOM",
            "questions/facts.jsonl:1: begins with a second byte-order mark; delete it",
        ],
    ),
    "one document over lines": (
        json.dumps([FALL, LOSSES], indent=2).encode(),
        [
            "questions/facts.jsonl:1: is one JSON document over several lines; "
            "write each object on a line of its own"
        ],
    ),
    "a cut document over lines": (
        b'[\n{"id": "x"},\n',
        [
            "questions/facts.jsonl:1:2: not valid JSON: Expecting value",
            "questions/facts.jsonl:2:12: not valid JSON: Extra data",
        ],
    ),
    "a list": (b"[1, 2]\n", ["questions/facts.jsonl:1: must be a JSON object, found a list"]),
    "null": (b"null\n", ["questions/facts.jsonl:1: must be a JSON object, found null"]),
    "a text": (b'"id"\n', ['questions/facts.jsonl:1: must be a JSON object, found the text "id"']),
    "a number": (b"12\n", ["questions/facts.jsonl:1: must be a JSON object, found the number 12"]),
    "duplicate key": (
        GOOD[:-1] + b', "id": "fall-of-town"}\n',
        ["questions/facts.jsonl:1: id: the key is there twice; keep one"],
    ),
    "duplicate key inside": (
        GOOD.replace(b'"start": 81', b'"start": 81, "start": 81') + b"\n",
        ["questions/facts.jsonl:1: claims[0].evidence[0].start: the key is there twice; keep one"],
    ),
    "NaN": (
        GOOD.replace(b'"start": 81', b'"start": NaN') + b"\n",
        [
            "questions/facts.jsonl:1: claims[0].evidence[0].start: NaN is not a number JSON has; "
            "write a finite number"
        ],
    ),
    "a float that overflows": (
        b'{"id": [1e999, -Infinity]}\n',
        [
            "questions/facts.jsonl:1: id[0]: the number 1e999 is too great to be read",
            "questions/facts.jsonl:1: id[1]: -Infinity is not a number JSON has; write a finite number",
        ],
    ),
    "an integer of too many digits": (
        b'{"id": ' + b"9" * 5000 + b"}\n",
        [f"questions/facts.jsonl:1: id: the number {'9' * 39}… of 5,000 characters is too great to be read"],
    ),
    "a lone surrogate": (
        GOOD.replace(b'"May 2015"', b'"May \\ud83d"') + b"\n",
        [
            r'questions/facts.jsonl:1: claims[0].evidence[0].text: "May \ud83d" holds half of a surrogate '
            "pair; write the whole character"
        ],
    ),
    "nested too deeply": (
        b'{"id": ' + b"[" * 20 + b"]" * 20 + b"}\n",
        [f"questions/facts.jsonl:1: id{'[0]' * 15}: nested too deeply; at most 16 levels are read"],
    ),
    "nested beyond the stack": (
        b'{"id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}\n",
        ["questions/facts.jsonl:1: nested too deeply; at most 16 levels are read"],
    ),
    "a line too long": (
        GOOD + b'\n{"id": "' + b"x" * MAX_LINE_BYTES + b'"}\n',
        ["questions/facts.jsonl:2: the line has 1,000,010 bytes; at most 1,000,000 are read"],
    ),
    "several things wrong in several lines": (
        b'{"id": "x"\nnull\n\n\xff\n' + GOOD,
        [
            "questions/facts.jsonl:1:11: not valid JSON: Expecting ',' delimiter",
            "questions/facts.jsonl:2: must be a JSON object, found null",
            "(warning) questions/facts.jsonl:3: blank line; delete it",
            "questions/facts.jsonl:4:1: not UTF-8 at byte 1 of the line (0xff); save as UTF-8",
            "(warning) questions/facts.jsonl:5: the last line has no line end; add one",
        ],
    ),
}


@pytest.mark.parametrize(("data", "expected"), BAD_BYTES.values(), ids=BAD_BYTES)
def test_what_is_wrong_with_the_bytes_is_said_with_its_line(
    tmp_path: Path, data: bytes, expected: list[str]
) -> None:
    assert findings_of_bytes(tmp_path, data) == expected


def test_a_surrogate_pair_is_one_character(tmp_path: Path) -> None:
    data = GOOD.replace(b'"contested"', b'"note": "\\ud83d\\ude00", "contested"') + b"\n"
    assert findings_of_bytes(tmp_path, data) == []


# ------------------------------------------------------------------------------------------ shape

KEYS = (
    '"id", "question", "paraphrases", "category", "answer_type", "contested", "relation", "claims", '
    '"silent", "partial", "resolution", "scope", "note"'
)
BAD_SHAPES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown key with a near match": (
        fact(FALL, paraphrase=["x"]),
        ['paraphrase: unknown key "paraphrase"; did you mean "paraphrases"?'],
    ),
    "unknown key with none": (fact(FALL, xyzzy=1), [f'xyzzy: unknown key "xyzzy"; there are: {KEYS}']),
    "unknown key inside": (
        fact(FALL, claims=[{"id": "may-2015", "evidnce": [], "evidence": FALL["claims"][0]["evidence"]}]),
        ['claims[0].evidnce: unknown key "evidnce"; did you mean "evidence"?'],
    ),
    "missing key": (fact(FALL, question=...), ["question: is missing (the question)"]),
    "empty object": (
        {},
        [
            "id: is missing (kebab-case name of the fact, unique in the set)",
            "question: is missing (the question)",
            "category: is missing (kebab-case category)",
            "answer_type: is missing (the kind of value that answers the question)",
            "contested: is missing (true exactly if there are two or more claims)",
            "claims: is missing (one entry for each answer that some source gives)",
        ],
    ),
    "missing keys inside": (
        fact(FALL, claims=[{"evidence": [{"text": "May 2015"}]}]),
        [
            "claims[0].id: is missing (short name of the claim, unique in the fact)",
            "claims[0].evidence[0].article: is missing (id of the article)",
            "claims[0].evidence[0].start: is missing (offset of the first character in the article's text)",
        ],
    ),
    "number for text": (fact(FALL, id=7), ["id: must be text, found the number 7"]),
    "null for text": (fact(FALL, question=None), ["question: must be text, found null"]),
    "text for a list": (fact(FALL, silent="beta"), ['silent: must be a list, found the text "beta"']),
    "number in a list": (fact(FALL, silent=[3, "beta"]), ["silent[0]: must be text, found the number 3"]),
    "text for an object": (fact(FALL, claims=["x"]), ['claims[0]: must be an object, found the text "x"']),
    "text for true": (
        fact(FALL, contested="false"),
        ['contested: must be true or false, found the text "false"'],
    ),
    "number for true": (fact(FALL, contested=0), ["contested: must be true or false, found the number 0"]),
    "fraction for an offset": (
        fact(FALL, claims=[{"id": "c", "evidence": [{"article": "alpha", "text": "May", "start": 81.0}]}]),
        ["claims[0].evidence[0].start: must be a whole number, found the number 81.0"],
    ),
    "true for an offset": (
        fact(FALL, claims=[{"id": "c", "evidence": [{"article": "alpha", "text": "May", "start": True}]}]),
        ["claims[0].evidence[0].start: must be a whole number, found true"],
    ),
    "unknown answer type": (
        fact(FALL, answer_type="dat"),
        ['answer_type: unknown value "dat"; did you mean "date"?'],
    ),
    "unknown relation": (
        fact(LOSSES, relation="none"),
        [
            'relation: unknown value "none"; there are: "contradiction", "update", "precision", "scope", '
            '"wording"'
        ],
    ),
    "list for a relation": (
        fact(LOSSES, relation=["update"]),
        ['relation: must be one of "contradiction", "update", "precision", "scope", "wording"; found a list'],
    ),
}


@pytest.mark.parametrize(("row", "expected"), BAD_SHAPES.values(), ids=BAD_SHAPES)
def test_a_wrong_shape_is_said_with_its_field(
    tmp_path: Path, row: dict[str, Any], expected: list[str]
) -> None:
    questions, seeds = write_corpus(tmp_path, [row], complete=False)
    assert findings(questions, seeds) == [f"questions/facts.jsonl:1: {e}" for e in expected]


def test_an_unknown_key_does_not_hide_what_else_is_wrong_in_its_line(tmp_path: Path) -> None:
    claims = [{"id": "c", "evidence": [{"article": "alpha", "text": "May 2015", "start": 80, "at": 3}]}]
    questions, seeds = write_corpus(tmp_path, [fact(FALL, claims=claims)])
    known = '"article", "text", "start", "speaker", "as_of", "hedged"'
    assert findings(questions, seeds) == [
        'questions/facts.jsonl:1: claims[0].evidence[0].start: the article has " May 201" there, not '
        '"May 2015"; found at 81; did you mean start 81?',
        f'questions/facts.jsonl:1: claims[0].evidence[0].at: unknown key "at"; there are: {known}',
    ]


def test_the_fact_of_a_misshapen_line_is_named_where_it_has_an_id(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, [fact(FALL, claims=3)], complete=False)
    assert [f.fact for f in check_questions([questions], seeds).findings] == ["fall-of-town"]


# ------------------------------------------------------------------------------------------ folders and files


def test_a_question_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    _, seeds = write_corpus(tmp_path)
    report = check_questions([tmp_path / "nowhere"], seeds)
    path = (tmp_path / "nowhere").as_posix()
    assert [str(unplaced(f)) for f in report.findings] == [
        f"{path}: does not exist; name a question file or a folder of them"
    ]


def test_a_question_path_that_is_no_file_is_named(tmp_path: Path) -> None:
    _, seeds = write_corpus(tmp_path)
    (finding,) = check_questions([Path("/dev/null")], seeds).findings
    assert str(finding) == "/dev/null: cannot be read: it is a device, not a file"


def test_a_folder_without_question_files_is_named(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, {".hidden.jsonl": [FALL]})
    assert [str(f) for f in check_questions([questions], seeds).findings] == [
        f"{questions.as_posix()}: holds no *.jsonl files"
    ]


def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, seeds = write_corpus(tmp_path)
    opened = Path.open

    def refuse(path: Path, mode: str, buffering: int) -> Any:
        if path.suffix == ".jsonl" and path.parent == questions:
            raise PermissionError(13, "Permission denied")
        return opened(path, mode, buffering)

    monkeypatch.setattr(Path, "open", refuse)
    assert findings(questions, seeds) == ["questions/facts.jsonl: cannot be read: Permission denied"]


def test_a_path_is_shown_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, seeds = write_corpus(tmp_path, [fact(FALL, id=3)], complete=False)
    monkeypatch.chdir(tmp_path)
    assert [f.path for f in check_questions([questions], seeds).findings] == ["questions/facts.jsonl"]


def test_a_file_name_cannot_break_a_finding_over_lines(tmp_path: Path) -> None:
    questions, seeds = write_corpus(
        tmp_path, {"a\n::error::b\x1b[31m.jsonl": [fact(FALL, id=3)]}, complete=False
    )
    (line,) = findings(questions, seeds)
    assert line == r"questions/a\n::error::b\x1b[31m.jsonl:1: id: must be text, found the number 3"


def manifest_findings(tmp_path: Path, *rows: dict[str, Any]) -> list[str]:
    questions, seeds = write_corpus(tmp_path)
    lines = [json.loads(line) for line in (seeds / "articles.jsonl").read_text().splitlines()]
    write_lines(seeds / "articles.jsonl", [*lines[: 3 - len(rows)], *rows])
    return [f for f in findings(questions, seeds) if f.startswith("seeds/")]


BETA = hashlib.sha256(ARTICLES["beta"].encode()).hexdigest()
GAMMA = hashlib.sha256(ARTICLES["gamma"].encode()).hexdigest()
BAD_MANIFESTS: dict[str, tuple[list[dict[str, Any]], list[str]]] = {
    "changed bytes": (
        [{"id": "gamma", "sha256": "0" * 64}],
        [
            f'seeds/articles.jsonl:3: sha256: changed article bytes: "gamma.txt" has {GAMMA}, '
            f"the manifest has "
            f"{'0' * 64}; restore the file, or check every offset into it and write its new hash"
        ],
    ),
    "not a hash": (
        [{"id": "gamma", "sha256": GAMMA.upper()}],
        [
            f'seeds/articles.jsonl:3: sha256: "{GAMMA.upper()[:59]}…" is not 64 lower-case hex digits; '
            f"the file's is {GAMMA}"
        ],
    ),
    "no such file": (
        [{"id": "gama", "sha256": GAMMA}],
        [
            "seeds/gamma.txt: is not described in articles.jsonl; add its line, or move the file elsewhere",
            'seeds/articles.jsonl:3: id: there is no "gama.txt" next to the manifest; did you mean "gamma"?',
        ],
    ),
    "the same twice": (
        [{"id": "beta", "sha256": GAMMA}],
        [
            "seeds/gamma.txt: is not described in articles.jsonl; add its line, or move the file elsewhere",
            'seeds/articles.jsonl:3: id: "beta" is already described in line 2; delete one of the two',
        ],
    ),
    "a path": (
        [{"id": "../seeds/gamma", "sha256": GAMMA}],
        [
            "seeds/gamma.txt: is not described in articles.jsonl; add its line, or move the file elsewhere",
            'seeds/articles.jsonl:3: id: "../seeds/gamma" is not a name of a file in this '
            "folder; ids hold no path",
        ],
    ),
    "a reserved character": (
        [{"id": "gam@ma", "sha256": GAMMA}],
        [
            "seeds/gamma.txt: is not described in articles.jsonl; add its line, or move the file elsewhere",
            'seeds/articles.jsonl:3: id: "gam@ma" holds "@", which has a meaning in item ids; '
            "rename file and id",
        ],
    ),
    "an id that is none": (
        [{"id": "gamma\n", "sha256": GAMMA}],
        [
            "seeds/gamma.txt: is not described in articles.jsonl; add its line, or move the file elsewhere",
            r'seeds/articles.jsonl:3: id: "gamma\n" is not an id; write the file' + "'s name without .txt",
        ],
    ),
    "a label with a space before it": (
        [{"id": "gamma", "sha256": GAMMA, "label": " Times"}],
        [
            'seeds/articles.jsonl:3: label: " Times" is not a name; write printable text without spaces '
            "around it"
        ],
    ),
    "a label twice": (
        [
            {"id": "beta", "sha256": BETA, "label": "Times"},
            {"id": "gamma", "sha256": GAMMA, "label": "Times"},
        ],
        ['seeds/articles.jsonl:3: label: "Times" is already the label of line 2; write another'],
    ),
    "unknown and missing keys": (
        [{"id": "gamma", "sha": GAMMA}],
        [
            "seeds/articles.jsonl:3: sha256: is missing (SHA-256 of the file's bytes, in lower-case hex)",
            'seeds/articles.jsonl:3: sha: unknown key "sha"; did you mean "sha256"?',
        ],
    ),
}


@pytest.mark.parametrize(("rows", "expected"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS)
def test_what_is_wrong_with_the_manifest_is_said(
    tmp_path: Path, rows: list[dict[str, Any]], expected: list[str]
) -> None:
    assert manifest_findings(tmp_path, *rows) == expected


def test_a_missing_article_folder_is_one_finding_not_one_a_question(tmp_path: Path) -> None:
    questions, _ = write_corpus(tmp_path)
    assert findings(questions, tmp_path / "nowhere") == [
        "nowhere: does not exist; name a folder with articles.jsonl and its articles"
    ]
    assert findings(questions, questions / "facts.jsonl") == [
        "questions/facts.jsonl: is not a folder; name a folder with articles.jsonl and its articles"
    ]


def test_a_missing_manifest_is_one_finding(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    (seeds / "articles.jsonl").unlink()
    assert findings(questions, seeds) == [
        'seeds/articles.jsonl: is missing; give each article a line {"id": …, "sha256": …} (3 *.txt here)'
    ]


def test_an_empty_article_and_one_that_is_not_text_are_named(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    (seeds / "beta.txt").write_bytes(b"\n")
    (seeds / "gamma.txt").write_bytes(b"caf\xe9")
    changed = hashlib.sha256(b"caf\xe9").hexdigest()
    assert findings(questions, seeds) == [
        'seeds/articles.jsonl:2: id: "beta.txt" is empty',
        'seeds/articles.jsonl:3: id: "gamma.txt" is not UTF-8 at byte 3 (0xe9)',
        f'seeds/articles.jsonl:3: sha256: changed article bytes: "gamma.txt" has {changed}, the '
        f"manifest has "
        f"{GAMMA}; restore the file, or check every offset into it and write its new hash",
    ]


def test_an_article_with_a_byte_order_mark_is_refused_whatever_its_hash(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    data = b"\xef\xbb\xbf" + ARTICLES["gamma"].encode()
    (seeds / "gamma.txt").write_bytes(data)
    rows = [json.loads(line) for line in (seeds / "articles.jsonl").read_text().splitlines()]
    write_lines(seeds / "articles.jsonl", [*rows[:2], rows[2] | {"sha256": hashlib.sha256(data).hexdigest()}])
    assert findings(questions, seeds) == [
        'seeds/articles.jsonl:3: id: "gamma.txt" starts with a byte-order mark; save as UTF-8 without BOM'
    ]


def test_line_breaks_that_git_converted_are_named_with_the_way_out(tmp_path: Path) -> None:
    text = "Gamma.\n\nThe second paragraph.\n"
    questions, seeds = write_corpus(tmp_path)
    (seeds / "gamma.txt").write_bytes(text.replace("\n", "\r\n").encode())
    rows = [json.loads(line) for line in (seeds / "articles.jsonl").read_text().splitlines()]
    digest = hashlib.sha256(text.encode()).hexdigest()
    write_lines(seeds / "articles.jsonl", [*rows[:2], rows[2] | {"sha256": digest}])
    assert (
        'seeds/articles.jsonl:3: sha256: changed article bytes: "gamma.txt" has Windows line breaks (CRLF), '
        "which git writes if core.autocrlf is set; put `*.txt -text` into .gitattributes and check the file "
        "out again"
    ) in findings(questions, seeds)


def test_a_link_out_of_the_article_folder_is_refused(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    (seeds / "gamma.txt").rename(tmp_path / "outside.txt")
    (seeds / "gamma.txt").symlink_to(tmp_path / "outside.txt")
    assert findings(questions, seeds) == [
        'seeds/articles.jsonl:3: id: "gamma.txt" links to a file outside the folder; copy the file here'
    ]


# ------------------------------------------------------------------------------------------ load_corpus


def test_load_corpus_raises_every_error_of_every_file_and_no_warning(tmp_path: Path) -> None:
    bad: dict[str, list[dict[str, Any]]] = {
        "a.jsonl": [fact(FALL, id="Fall")],
        "b.jsonl": [fact(contested=False)],
        "c.jsonl": [{}],
    }
    questions, seeds = write_corpus(tmp_path, bad, complete=False)
    with (questions / "a.jsonl").open("a") as file:
        file.write("\n")
    (seeds / "gamma.txt").write_text("other")
    with pytest.raises(InputError) as caught:
        load_corpus(questions, seeds)
    places = [(Path(f.path).name, f.line, f.field) for f in caught.value.findings]
    assert places[:3] == [
        ("articles.jsonl", 3, "sha256"),
        ("a.jsonl", 1, "id"),
        ("b.jsonl", 1, "contested"),
    ]
    assert {p[0] for p in places[3:]} == {"c.jsonl"}
    assert all(f.severity == "error" for f in caught.value.findings)
    assert str(caught.value).count("\n") == len(places) - 1
    assert caught.value.exit_code == 2


def test_a_set_with_warnings_only_loads(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, [fact(FALL, paraphrases=["When had this town been lost?"])])
    assert [f.check for f in check_questions([questions], seeds).findings] == ["paraphrase"]
    assert load_corpus(questions, seeds).questions


def test_the_curated_set_of_a_checkout_is_read_whatever_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(tmp_path)
    monkeypatch.chdir(tmp_path)
    root = ROOT
    assert curated_paths() == (root / "questions", root / "seeds")
    assert len(load_corpus().articles) == 5


def test_an_installation_reads_the_copies_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "qa_eval"
    write_corpus(package / "_curated")
    write_corpus(tmp_path / "site-packages")  # somebody else's folders beside the package
    assert curated_paths(package) == (package / "_curated" / "questions", package / "_curated" / "seeds")


def test_an_installation_without_questions_says_so(tmp_path: Path) -> None:
    with pytest.raises(QaEvalError, match="this installation holds no curated questions"):
        curated_paths(tmp_path / "qa_eval")


def test_own_questions_can_be_asked_of_the_curated_articles(tmp_path: Path) -> None:
    first, *others = load_corpus().articles
    opening = first.text.split()[0]
    row = settled("opening", "Which word does it begin with?", **{first.id: opening})
    texts = {first.id: first.text, **{a.id: a.text for a in others}}
    questions, _ = write_corpus(tmp_path, [row], texts)
    assert check_questions([questions]).errors == ()
    assert load_corpus(questions).articles == (first, *others)


def test_loading_the_curated_set_is_quick() -> None:
    load_corpus()
    started = time.process_time()
    load_corpus()
    assert time.process_time() - started < 1.0  # 0.1 s; of this process alone


def test_importing_the_corpus_imports_no_heavy_library() -> None:
    code = (
        "import sys, qa_eval.data, qa_eval.authoring; "
        "print(sorted({'torch', 'transformers', 'datasets', 'pandas', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# ------------------------------------------------------------------------------------------ schemas


def test_the_published_schemas_accept_what_the_loader_accepts(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path)
    questions, articles = (jsonschema.Draft202012Validator(s()) for s in (questions_schema, articles_schema))
    for question in [*corpus.questions, *load_corpus().questions]:
        questions.validate(question_record(question))
    manifest = (curated_paths().articles / "articles.jsonl").read_text(encoding="utf-8")
    for line in manifest.splitlines():
        articles.validate(json.loads(line))


# To JSON Schema 81.0 is an integer.
REFUSED = {name: row for name, (row, _) in BAD_SHAPES.items() if name != "fraction for an offset"}


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED)
def test_the_published_schema_refuses_what_the_loader_refuses(row: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(row, questions_schema())


def test_the_published_schemas_are_schemas_of_this_dialect() -> None:
    for schema in (questions_schema(), articles_schema()):
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["additionalProperties"] is False


# ------------------------------------------------------------------------------------------ anything at all

ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def only_findings(questions: Path, seeds: Path) -> None:
    """Checks that reading gives findings of one printable line each, or a corpus, and raises nothing else."""
    report = check_questions([questions], seeds)
    for finding in report.findings:
        assert re.fullmatch(r"[^\n\r]+", str(finding))
        str(finding).encode()
    if report.errors:
        with pytest.raises(InputError):
            load_corpus(questions, seeds)
    else:
        load_corpus(questions, seeds)


@ONE_FOLDER
@given(st.binary(max_size=200))
def test_arbitrary_bytes_give_findings_never_another_error(tmp_path: Path, data: bytes) -> None:
    questions, seeds = write_corpus(tmp_path)
    (questions / "facts.jsonl").write_bytes(data)
    only_findings(questions, seeds)
    (seeds / "articles.jsonl").write_bytes(data)
    only_findings(questions, seeds)
    (questions / "exemptions.toml").write_bytes(data)
    only_findings(questions, seeds)


@ONE_FOLDER
@given(st.data())
def test_arbitrary_values_in_a_sound_line_give_findings_never_another_error(
    tmp_path: Path, data: st.DataObject
) -> None:
    row = fact()
    holder: Any = row
    if data.draw(st.booleans()):
        holder = row["claims"][0]
        if data.draw(st.booleans()):
            holder = holder["evidence"][0]
    key = data.draw(st.sampled_from(sorted(holder)) | st.text(max_size=5))
    holder[key] = data.draw(JSON_VALUES | st.text() | st.lists(st.text()))
    questions, seeds = write_corpus(tmp_path)
    (questions / "facts.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    only_findings(questions, seeds)
