"""The shapes in which tools write data sets: what each means, what is tolerated, and what is refused."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from qa_eval.data.dataset import PublicDataset
from qa_eval.data.dataset_options import parse_columns
from qa_eval.errors import InputError, QaEvalError, SpecError
from qa_eval.evaluation.scorecard import score
from tests.support.public_files import flat, mrqa, open_public, qa, squad, write, write_lines

MILL = "Ada Roe built the mill in 1843."
ADA = [("Ada Roe", 0)]


def row(id: object, answers: object, **more: Any) -> dict[str, Any]:
    return {"id": id, "question": "Who built it?", "context": MILL, "answers": answers, **more}


def of_rows(folder: Path, *rows: object, **choices: Any) -> PublicDataset:
    return open_public(f"jsonl:{write_lines(folder / 'rows.jsonl', rows)}", **choices)


def of_questions(folder: Path, *questions: object, **more: Any) -> PublicDataset:
    return open_public(f"squad:{write(folder / 'set.json', squad([(MILL, questions)], **more))}")


def golds(dataset: PublicDataset) -> dict[str, tuple[str, ...]]:
    return {example.id: example.golds for example in dataset}


def notes(dataset: PublicDataset) -> list[tuple[str, int, str]]:
    """Check, number, and the place of the first, of all that is tolerated."""
    census = dataset.check()
    return [(check, number, f"{f.line or ''}{f.field}") for check, number, f in census.tolerated]


def problems(dataset: PublicDataset) -> list[str]:
    with pytest.raises(InputError) as caught:
        dataset.check()
    return [f"{f.line or ''}{f.field}: {f.message}" for f in caught.value.findings]


# ------------------------------------------------------------------------------------------ no answer

GIVEN = {"text": ["1843"], "answer_start": [26]}


@pytest.mark.parametrize(
    ("flags", "answerable"),
    [
        ({"is_impossible": True}, False),
        ({"is_impossible": False}, True),
        ({"is_impossible": None}, True),
        ({"is_impossible": 1}, False),
        ({"is_impossible": 0}, True),
        ({"is_impossible": 1.0}, False),
        ({"is_impossible": "true"}, False),
        ({"is_impossible": " False "}, True),
        ({"has_answer": False}, False),
        ({"has_answer": True, "is_impossible": False}, True),
        ({"is_impossible": True, "answerable": False}, False),
        ({"is_answerable": "0"}, False),
        ({"unanswerable": True}, False),
        ({"plausible_answers": [{"text": "1843"}]}, True),
        ({}, True),
    ],
)
def test_a_flag_of_a_row_decides_whether_it_has_an_answer(
    tmp_path: Path, flags: dict[str, Any], answerable: bool
) -> None:
    dataset = of_rows(tmp_path, row("q1", GIVEN, **flags), flat("q2", "Who?", MILL, ADA))
    assert golds(dataset) == {"q1": ("1843",) if answerable else (), "q2": ("Ada Roe",)}
    assert dataset.rules == ("squad-v1.1" if answerable else "squad-v2.0")
    assert notes(dataset) == ([] if answerable else [("impossible", 1, f"1{next(iter(flags))}")])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"is_impossible": "maybe"}, '1is_impossible: must be true or false, found the text "maybe"'),
        ({"is_impossible": 2}, "1is_impossible: must be true or false, found the number 2"),
        ({"has_answer": []}, "1has_answer: must be true or false, found a list"),
        (
            {"is_impossible": True, "has_answer": True},
            "1is_impossible: is true, but has_answer is true; one of the two is wrong",
        ),
    ],
)
def test_a_flag_that_is_not_clear_is_refused_where_something_depends_on_it(
    tmp_path: Path, flags: dict[str, Any], expected: str
) -> None:
    assert problems(of_rows(tmp_path, row("q1", GIVEN, **flags))) == [expected]
    assert golds(of_rows(tmp_path, row("q1", [], **flags))) == {"q1": ()}


def test_plausible_answers_in_place_of_answers_earn_nothing(tmp_path: Path) -> None:
    spec = of_rows(tmp_path, row("q1", GIVEN, is_impossible=True), flat("q2", "Who?", MILL, ADA)).spec
    right = score({"q1": "", "q2": "Ada Roe"}, spec).official()
    assert (right["exact"], right["NoAns_exact"], right["NoAns_total"]) == (100.0, 100.0, 1)
    tempted = score({"q1": "1843", "q2": "Ada Roe"}, spec).official()
    assert (tempted["exact"], tempted["f1"], tempted["NoAns_f1"]) == (50.0, 50.0, 0.0)


def test_a_question_of_squad_cannot_have_answers_and_a_flag_against_them(tmp_path: Path) -> None:
    # The official script takes such answers as golds, so leaving them out would be another score.
    assert problems(of_questions(tmp_path, qa("q1", "When?", [("1843", 26)], is_impossible=True))) == [
        'data[0].paragraphs[0].qas[0].is_impossible: says that there is no answer, but answers holds "1843"; '
        "one of the two is wrong"
    ]


BLANKS: list[object] = [
    {"text": [""], "answer_start": [-1]},
    {"text": [""], "answer_start": [0]},
    {"text": [""], "answer_start": [None]},
    {"text": [" \n"], "answer_start": [3]},
    {"text": ["", ""], "answer_start": [0, 0]},
    [{"text": "", "answer_start": -1}],
    [{"text": ""}],
    [""],
    "",
]


@pytest.mark.parametrize("flags", [{}, {"is_impossible": True}, {"is_impossible": False}])
@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_gold_says_that_there_is_no_answer(
    tmp_path: Path, blank: object, flags: dict[str, Any]
) -> None:
    dataset = of_rows(tmp_path, row("q1", blank, **flags), flat("q2", "Who?", MILL, ADA))
    assert golds(dataset) == {"q1": (), "q2": ("Ada Roe",)}
    assert notes(dataset) == [("blank-gold", 1, "1answers")]
    question = {"id": "q1", "question": "When?", "answers": blank, **flags}
    document = of_questions(tmp_path, question, qa("q2", "Who?", ADA))
    assert golds(document) == {"q1": (), "q2": ("Ada Roe",)}
    assert document.check().unanswerable == 1
    (warning,) = document.check().warnings(document.rules)
    assert warning == (
        "1 question whose answers are blank texts; it has no answer; the first: "
        f"{tmp_path / 'set.json'}: data[0].paragraphs[0].qas[0].answers: is blank, so no answer is right"
    )


def test_a_blank_gold_next_to_others_stays_a_gold_which_squad_2_drops(tmp_path: Path) -> None:
    dataset = of_rows(tmp_path, row("q1", ["", "Ada Roe"]), row("q2", []))
    assert golds(dataset) == {"q1": ("", "Ada Roe"), "q2": ()}
    assert notes(dataset) == [("blank-among-golds", 1, "1answers")]
    silent = score({"q1": "", "q2": ""}, dataset).official()
    assert (silent["HasAns_exact"], silent["HasAns_total"], silent["NoAns_exact"]) == (0.0, 1, 100.0)
    answered = score({"q1": "Ada Roe", "q2": ""}, dataset).official()
    assert answered["HasAns_exact"] == 100.0
    # The script of SQuAD 1.1 drops no gold.
    only = of_rows(tmp_path, row("q1", ["", "Ada Roe"]))
    assert score({"q1": ""}, only).official() == {"exact_match": 100.0, "f1": 0.0}


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        pytest.param(
            None,
            "squad-v1.1 keeps the blank answer, so that an empty prediction has EM 1 and F1 0; "
            "--rules squad-v2.0 drops it",
            id="its own",
        ),
        (
            "mrqa",
            "mrqa keeps the blank answer, so that an empty prediction has EM 1 and F1 0; "
            "--rules squad-v2.0 drops it",
        ),
        ("squad-v2.0", "squad-v2.0 drops the blank answer, so that an empty prediction is wrong"),
    ],
)
def test_the_warning_says_what_the_rules_in_force_do_with_a_blank_gold(
    tmp_path: Path, rules: str | None, what: str
) -> None:
    dataset = of_rows(tmp_path, row("q1", ["", "Ada Roe"]), rules=rules)
    warning = (
        f"1 question with a blank answer next to others; {what}; the first: {tmp_path / 'rows.jsonl'}:1: "
        "answers: holds a blank answer next to others"
    )
    assert list(dataset.check().warnings(dataset.rules)) == [warning]
    card = score({"q1": ""}, dataset)
    assert warning in card.notes
    official = card.official()
    assert official.get("exact_match", official.get("exact")) == (0.0 if rules == "squad-v2.0" else 100.0)


def test_a_gold_that_only_normalizes_to_nothing_is_an_answer(tmp_path: Path) -> None:
    dataset = of_rows(tmp_path, row("q1", ["The"]), row("q2", ["..."]))
    assert golds(dataset) == {"q1": ("The",), "q2": ("...",)}


# ------------------------------------------------------------------------------------------ ids


@pytest.mark.parametrize("id", [262, -57, 0, 7211011040021040393, 2**64 + 1, 10**40])
def test_a_whole_number_is_an_id_by_its_digits(tmp_path: Path, id: int) -> None:
    assert [e.id for e in of_rows(tmp_path, row(id, []))] == [str(id)]
    assert [e.id for e in of_questions(tmp_path, qa("x", "Who?") | {"id": id})] == [str(id)]
    lines = mrqa((MILL, [("x", "Who?", ["Ada Roe"], {})]))
    lines[1]["qas"][0]["qid"] = id
    assert [e.id for e in open_public(f"mrqa:{write_lines(tmp_path / 'm.jsonl', lines)}")] == [str(id)]


def test_long_ids_that_are_one_as_floats_are_two(tmp_path: Path) -> None:
    first = 7211011040021040393
    assert float(first) == float(first + 1)
    dataset = of_questions(tmp_path, *(qa("x", "Who?") | {"id": id} for id in (first, first + 1)))
    assert dataset.check().questions == 2


@pytest.mark.parametrize(
    ("id", "found"),
    [(1.0, "the number 1.0"), (True, "true"), (None, "null"), ([1], "a list"), ({}, "an object")],
)
def test_anything_else_is_no_id(tmp_path: Path, id: object, found: str) -> None:
    expected = f"id: must be text or a whole number, found {found}"
    assert problems(of_rows(tmp_path, row(id, []))) == [f"1{expected}"]
    question = qa("x", "Who?") | {"id": id}
    assert problems(of_questions(tmp_path, question)) == [f"data[0].paragraphs[0].qas[0].{expected}"]


def test_a_number_and_its_text_are_one_id(tmp_path: Path) -> None:
    message = 'id: "1" is an earlier question\'s id too; each has its own'
    assert problems(of_rows(tmp_path, row(1, []), row("1", []))) == [f"2{message}"]


@pytest.mark.parametrize("kind", ["squad", "jsonl"])
def test_a_number_of_too_many_digits_is_refused(tmp_path: Path, kind: str) -> None:
    text = f'{{"id": {"9" * 5000}, "question": "?", "context": "c", "answers": []}}'
    (problem,) = problems(open_public(f"{kind}:{write(tmp_path / 'a', text)}"))
    assert re.search(r"id: the number 9{39}… of 5,000 characters is too great to be read", problem)


@pytest.mark.parametrize("name", ["qid", "guid"])
def test_other_names_of_ids_are_known(tmp_path: Path, name: str) -> None:
    question = {name: "k1", **{k: v for k, v in qa("x", "Who?", ADA).items() if k != "id"}}
    assert golds(of_questions(tmp_path, question)) == {"k1": ("Ada Roe",)}
    assert golds(of_rows(tmp_path, question | {"context": MILL})) == {"k1": ("Ada Roe",)}


# ------------------------------------------------------------------------------------------ no matter


def test_fields_that_nothing_depends_on_may_be_anything(tmp_path: Path) -> None:
    answer = {
        "text": "Ada Roe",
        "answer_start": 0,
        "answer_id": 3,
        "document_id": [],
        "category": None,
    }
    question = qa("q1", "Who?") | {"answers": [answer], "is_impossible": None, "question_type": {"a": 1e300}}
    document = {
        "data": [
            {
                "title": 7,
                "paragraphs": [{"document_id": 1.5, "context": MILL, "qas": [question]}],
                "source": [None],
            }
        ]
    }
    dataset = open_public(f"squad:{write(tmp_path / 'a.json', document)}")
    assert golds(dataset) == {"q1": ("Ada Roe",)}
    assert notes(dataset) == []


@pytest.mark.parametrize(
    ("starts", "place", "odd"),
    [
        ([0], 0, 0),
        ([0.0], 0, 0),
        (["0"], 0, 0),
        (["first"], None, 1),
        ([True], None, 1),
        ([[0]], None, 1),
        ([10**30], None, 1),
        ([0, 5], None, 1),
        (0, None, 1),
        (None, None, 1),
    ],
)
def test_a_place_that_cannot_be_read_is_counted(
    tmp_path: Path, starts: object, place: int | None, odd: int
) -> None:
    dataset = of_rows(tmp_path, row("q1", {"text": ["Ada Roe"], "answer_start": starts}))
    assert [(e.golds, e.starts) for e in dataset] == [(("Ada Roe",), (place,))]
    assert [number for _, number, _ in notes(dataset)] == [odd] * odd


# ------------------------------------------------------------------------------------------ shapes

PARAGRAPH = {"context": MILL, "qas": [qa("q1", "Who?", ADA), qa("q2", "Why?", is_impossible=True)]}
ARTICLE = {"title": "Mills", "paragraphs": [PARAGRAPH]}
ROWS = [flat("q1", "Who?", MILL, ADA), flat("q2", "Why?", MILL)]
LISTED = [r | {"answers": [{"text": t, "answer_start": 0} for t in r["answers"]["text"]]} for r in ROWS]
DOCUMENTS: dict[str, object] = {
    "SQuAD": {"version": "v2.0", "data": [ARTICLE]},
    "rows under data": {"version": "v2.0", "data": ROWS},
    "rows with lists of answers under data": {"data": LISTED},
    "paragraphs under data": {"data": [PARAGRAPH]},
    "an article under data": {"data": ARTICLE},
    "a list of rows": ROWS,
    "a list of paragraphs": [PARAGRAPH],
    "a list of articles": [ARTICLE],
    "an article": ARTICLE,
    "a paragraph": PARAGRAPH,
    "keys in another order": {"data": [{"paragraphs": [dict(reversed(PARAGRAPH.items()))], "id": "a"}]},
}


@pytest.mark.parametrize("kind", ["squad", "jsonl"])
@pytest.mark.parametrize("indent", [None, 0, 1])
@pytest.mark.parametrize("shape", DOCUMENTS)
def test_a_document_is_read_in_every_shape(tmp_path: Path, kind: str, indent: int | None, shape: str) -> None:
    text = json.dumps(DOCUMENTS[shape], indent=indent)
    for name in ("set.json", "set.json.gz"):
        dataset = open_public(f"{kind}:{write(tmp_path / name, text)}")
        assert [(e.id, e.golds, e.starts) for e in dataset] == [("q1", ("Ada Roe",), (0,)), ("q2", (), ())]
        assert dataset.rules == "squad-v2.0"


LINES: dict[str, list[Any]] = {
    "rows": ROWS,
    "rows with lists of answers": LISTED,
    "paragraphs": [{"context": MILL, "qas": [question]} for question in PARAGRAPH["qas"]],
    "articles": [ARTICLE],
}


@pytest.mark.parametrize("kind", ["squad", "jsonl"])
@pytest.mark.parametrize("shape", LINES)
def test_lines_are_read_in_every_shape(tmp_path: Path, kind: str, shape: str) -> None:
    lines = [{"version": "2.0"}, *LINES[shape]][1:]
    dataset = open_public(f"{kind}:{write_lines(tmp_path / 'set.jsonl.gz', lines)}")
    assert [(e.id, e.golds, e.starts) for e in dataset] == [("q1", ("Ada Roe",), (0,)), ("q2", (), ())]


@pytest.mark.parametrize(
    ("answers", "starts"),
    [
        ({"text": ["Ada Roe", "Ada"], "answer_start": [0, 0]}, (0, 0)),
        ([{"text": "Ada Roe", "answer_start": 0}, {"text": "Ada", "answer_start": 0}], (0, 0)),
        (["Ada Roe", "Ada"], (None, None)),
        ([{"text": "Ada Roe", "answer_start": 0}, "Ada"], (0, None)),
    ],
)
def test_answers_are_read_in_every_shape(tmp_path: Path, answers: object, starts: tuple[Any, ...]) -> None:
    dataset = of_rows(tmp_path, row("q1", answers))
    assert [(e.golds, e.starts) for e in dataset] == [(("Ada Roe", "Ada"), starts)]
    assert notes(dataset) == []


@pytest.mark.parametrize("answers", ["Ada Roe", {"text": "Ada Roe", "answer_start": 0}])
def test_one_answer_may_be_without_a_list(tmp_path: Path, answers: object) -> None:
    assert golds(of_rows(tmp_path, row("q1", answers))) == {"q1": ("Ada Roe",)}


def test_a_list_that_was_written_as_text_is_no_answer(tmp_path: Path) -> None:
    expected = "1answers: is a list or an object written as text; write it as JSON"
    for text in ("['Ada Roe']", " {'text': ['Ada Roe']}"):
        assert problems(of_rows(tmp_path, row("q1", text))) == [expected]
    assert golds(of_rows(tmp_path, row("q1", ["[1]"]))) == {"q1": ("[1]",)}


MRQA_ROW = {
    "subset": "NewsQA",
    "qid": "q1",
    "question": "Who?",
    "context": MILL,
    "answers": ["Ada Roe"],
    "detected_answers": {"text": ["Ada Roe"], "char_spans": [{"start": [0], "end": [6]}]},
}
MRQA_LINES = mrqa((MILL, [("q1", "Who?", ["Ada Roe"], {"Ada Roe": [[0, 6]]})]))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\n".join(map(json.dumps, MRQA_LINES)), id="with a header"),
        pytest.param(json.dumps(MRQA_LINES[1]), id="without"),
        pytest.param(json.dumps(MRQA_LINES[1:]), id="a list"),
        pytest.param(json.dumps(MRQA_ROW), id="columns of the hub"),
        pytest.param(json.dumps([MRQA_ROW]), id="a list of those"),
    ],
)
def test_mrqa_is_read_in_every_shape(tmp_path: Path, text: str) -> None:
    dataset = open_public(f"mrqa:{write(tmp_path / 'm.jsonl.gz', text)}")
    assert [(e.id, e.golds, e.starts) for e in dataset] == [("q1", ("Ada Roe",), (0,))]
    assert dataset.rules == "mrqa"


def test_a_document_of_many_rows_is_not_held(tmp_path: Path) -> None:
    # The first example is there before the rest of the file was parsed: what follows is broken.
    text = json.dumps({"data": [row(n, ["Ada Roe"]) for n in range(2000)]})[:-2] + ", x"
    stream = iter(open_public(f"squad:{write(tmp_path / 'a.json', text)}"))
    assert [next(stream).id for _ in range(3)] == ["0", "1", "2"]


# ------------------------------------------------------------------------------------------ other kinds


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.xml", b"\n<?xml version='1.0'?><set/>", "is XML or HTML; write its questions as JSON"),
        ("a.csv", b"id,question,context\n1,Who?,Ada\n", "is a table of delimited values; name a folder"),
        ("a.tsv", b'"id"\t"question"\r\n1\tWho?\n', "is a table of delimited values; name a folder"),
        ("a.parquet", b"PAR1....", "is a Parquet file; name its folder: hub:"),
        ("a.arrow", b"ARROW1..", "is an Arrow file; name its folder: hub:"),
        ("a.zst", b"\x28\xb5\x2f\xfd..", "is compressed with zstd"),
        ("a.json", b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        ("a.txt", b"Hello, world\n", "1: not valid JSON: Expecting value"),
    ],
)
def test_a_file_of_another_kind_is_answered_with_what_to_do(
    tmp_path: Path, name: str, data: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(data)
    (found,) = problems(open_public(f"squad:{tmp_path / name}"))
    assert found.removeprefix(": ").startswith(expected)


@pytest.mark.parametrize("kind", ["squad", "jsonl"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            [{"id": "1", "question": "Who?", "answers": ["a"], "ctxs": [{"text": "x"}]}],
            '"ctxs" holds several texts: write a row for each, with its "context"',
        ),
        (
            [{"id": "1", "question": "Who?", "answers": ["a"], "paragraphs": [{"paragraph_text": "x"}]}],
            '"paragraphs" holds several texts: write a row for each, with its "context"',
        ),
        (
            [{"id": "1", "question": "Who?", "answers": ["a"], "context": [["t", ["x"]]]}],
            "context: must be text, found a list",
        ),
        (
            [{"id": "1", "question": "Who?", "context": MILL, "answer": "Ada Roe"}],
            'if it is "answer", write --columns answers=answer',
        ),
        (
            [{"id": "1", "query": "Who?", "context": MILL, "answers": ["a"]}],
            'if it is "query", write --columns question=query',
        ),
    ],
)
def test_rows_of_another_kind_are_answered_with_what_to_do(
    tmp_path: Path, kind: str, value: list[object], expected: str
) -> None:
    (found,) = problems(open_public(f"{kind}:{write(tmp_path / 'a.json', value)}"))
    assert expected in found


def test_a_file_of_answers_is_no_data_set(tmp_path: Path) -> None:
    path = write(tmp_path / "p.json", {"q1": "Ada Roe", "q2": ""})
    (found,) = problems(open_public(f"squad:{path}"))
    assert "holds a text under each key, as a file of answers does" in found


@pytest.mark.parametrize(
    ("name", "content", "right"),
    [
        ("dev.json", json.dumps(DOCUMENTS["SQuAD"]), "squad:{}"),
        ("dev.json", json.dumps(DOCUMENTS["SQuAD"], indent=1), "squad:{}"),
        ("dev.json.gz", gzip.compress(json.dumps(DOCUMENTS["SQuAD"]).encode()), "squad:{}"),
        ("dev", json.dumps(DOCUMENTS["SQuAD"], indent=1), "squad:{}"),
        ("dev.json", json.dumps(ROWS), "jsonl:{}"),
        ("dev.jsonl", "\n".join(map(json.dumps, ROWS)), "jsonl:{}"),
        ("dev.json", "\n".join(map(json.dumps, ROWS)), "jsonl:{}"),
        ("dev.jsonl", "\n".join(map(json.dumps, MRQA_LINES)), "mrqa:{}"),
        ("dev.jsonl", json.dumps(MRQA_LINES[1]), "mrqa:{}"),
        ("set.parquet", b"PAR1....", "is a Parquet file; name its folder: hub:"),
        ("set.csv", b"id,question\n", "is a table of delimited values; name a folder"),
    ],
)
def test_a_bare_path_is_answered_with_its_spec(
    tmp_path: Path, name: str, content: str | bytes, right: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SpecError) as caught:
        open_public(str(path))
    assert right.format(path) in str(caught.value)


def test_a_bare_folder_and_a_bare_name_are_answered_with_the_hub(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=f"it is a folder: write hub:{tmp_path}"):
        open_public(str(tmp_path))
    with pytest.raises(SpecError, match="if it is on the hub, write hub:org/name"):
        open_public("org/name")


@pytest.mark.parametrize("spec", ["~nobody-of-that-name/a.json", "a\0b", "x" * 9000])
def test_a_text_that_can_be_no_path_is_no_data_set(spec: str) -> None:
    with pytest.raises(SpecError, match="no data set is called"):
        open_public(spec)


# ------------------------------------------------------------------------------------------ columns

NAMES = {"id": "uid", "question": "query", "context": "passage", "answers": "gold"}
NAMED = [
    {"uid": 7, "query": "Who?", "passage": MILL, "gold": ["Ada Roe"], "id": "other", "none": 0},
    {"uid": 8, "query": "Why?", "passage": MILL, "gold": ["1843"], "none": 1},
]


def test_columns_of_other_names_are_named(tmp_path: Path) -> None:
    columns = NAMES | {"is_impossible": "none"}
    dataset = of_rows(tmp_path, *NAMED, columns=columns)
    assert golds(dataset) == {"7": ("Ada Roe",), "8": ()}
    under_data = open_public(f"squad:{write(tmp_path / 'a.json', {'data': NAMED})}", columns=columns)
    assert golds(under_data) == {"7": ("Ada Roe",), "8": ()}
    assert notes(dataset) == [("impossible", 1, "2none")]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            NAMES | {"question": "qurey"},
            '--columns question=qurey: there is no column "qurey"; did you mean "query"? '
            'there are: "uid", "query", "passage", "gold", "id", "none"',
        ),
        (
            NAMES | {"answers": "labels"},
            '--columns answers=labels: there is no column "labels"; '
            'there are: "uid", "query", "passage", "gold", "id", "none"',
        ),
    ],
)
def test_a_column_that_is_not_there_is_answered_with_those_that_are(
    tmp_path: Path, columns: dict[str, str], expected: str
) -> None:
    (found,) = problems(of_rows(tmp_path, *NAMED, columns=columns))
    assert expected in found


def test_columns_are_of_rows_only(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", DOCUMENTS["SQuAD"])
    (found,) = problems(open_public(f"squad:{path}", columns={"question": "q"}))
    assert "--columns names the columns of rows; here each context has a list of questions" in found


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["questoin=q"], '--columns questoin=q: "questoin" is no role of a column; did you mean "question"?'),
        (["question"], "--columns question: write ROLE=COLUMN"),
        (["question="], "--columns question=: write ROLE=COLUMN"),
        (["question=a,"], "--columns : write ROLE=COLUMN"),
        (["question=a", "question=b"], "--columns question=b: question is given twice"),
    ],
)
def test_columns_that_are_written_wrong_are_refused(texts: list[str], expected: str) -> None:
    with pytest.raises(SpecError) as caught:
        open_public("jsonl:a", columns=parse_columns(texts))
    assert expected in str(caught.value)


# ------------------------------------------------------------------------------------------ ids twice


def test_the_first_of_several_questions_of_one_id_is_kept_if_asked_for(tmp_path: Path) -> None:
    rows = [row("q1", ["Ada Roe"]), row("q1", []), row("q2", []), {"id": "q1"}]
    dataset = of_rows(tmp_path, *rows[:3], duplicate_ids="first")
    assert golds(dataset) == {"q1": ("Ada Roe",), "q2": ()}
    assert notes(dataset) == [("duplicate-id", 1, "2id")]
    with pytest.raises(QaEvalError, match='"q1" is an earlier question'):
        of_rows(tmp_path, *rows[:3]).check()


# ------------------------------------------------------------------------------------------ no answers given


@pytest.mark.parametrize("given", [{}, {"answers": None}, {"answers": None, "is_impossible": False}])
def test_a_data_set_may_give_no_answers(tmp_path: Path, given: dict[str, Any]) -> None:
    questions = [{"id": id, "question": "Who?", **given} for id in ("q1", "q2")]
    for dataset in (
        of_questions(tmp_path, *questions),
        of_rows(tmp_path, *(question | {"context": MILL} for question in questions)),
        open_public(f"mrqa:{write(tmp_path / 'm', [{'context': MILL, 'qas': questions}])}"),
    ):
        census = dataset.check()
        assert (census.questions, census.unanswerable, census.labelled) == (2, 0, False)
        assert census.tolerated == ()
        assert dataset.rules == "none"
        with pytest.raises(QaEvalError, match="has no gold answers, so predictions cannot be scored"):
            score({"q1": "x"}, dataset)


def test_the_answers_are_given_of_all_questions_or_of_none(tmp_path: Path) -> None:
    without = {"id": "q1", "question": "Who?"}
    dataset = of_questions(tmp_path, without, qa("q2", "Why?"), without | {"id": "q3", "answers": None})
    expected = [
        "data[0].paragraphs[0].qas[0].answers: is missing (the answers; [] if there is none)",
        "data[0].paragraphs[0].qas[2].answers: is null (the answers; [] if there is none)",
    ]
    assert problems(dataset) == expected
    with pytest.raises(InputError):
        list(dataset)


def test_objects_over_several_lines_are_no_lines(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(one, indent=1) for one in ROWS)
    (found,) = problems(open_public(f"jsonl:{write(tmp_path / 'a.jsonl', text)}"))
    assert "a file of several objects has one on each line" in found


def test_a_question_that_is_impossible_needs_no_answers(tmp_path: Path) -> None:
    impossible = {"id": "q1", "question": "Who?", "is_impossible": True}
    assert golds(of_questions(tmp_path, impossible, qa("q2", "Who?", ADA))) == {"q1": (), "q2": ("Ada Roe",)}
    assert of_questions(tmp_path, impossible).rules == "squad-v2.0"
