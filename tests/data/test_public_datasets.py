"""Public data sets: what the formats mean, what is wrong with a file and where, what is tolerated."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from qa_eval.data.dataset import instance_of
from qa_eval.errors import InputError, QaEvalError, SpecError
from qa_eval.records import Instance
from tests.support.public_files import (
    SEA,
    SKY,
    TWO_ARTICLES,
    flat,
    mrqa,
    open_public,
    qa,
    squad,
    write,
    write_lines,
)


def problems(spec: str) -> list[str]:
    """What a data set is refused for: line, field and message of every finding."""
    with pytest.raises(InputError) as caught:
        open_public(spec).check()
    found = []
    for f in caught.value.findings:
        where = f"{f.line}: " if f.line is not None else ""
        found.append(where + (f"{f.field}: {f.message}" if f.field else f.message))
    return found


# ------------------------------------------------------------------------------------------ what is read


@pytest.mark.parametrize("name", ["dev.json", "dev.json.gz"])
def test_squad_is_read_as_a_stream_of_examples(tmp_path: Path, name: str) -> None:
    dataset = open_public(f"squad:{write(tmp_path / name, TWO_ARTICLES)}")
    examples = list(dataset)
    assert [e.id for e in examples] == ["q1", "q2", "q3", "q4"]
    assert [e.golds for e in examples] == [("The sky", "sky"), ("400", "Some 400"), (), ("12 miles",)]
    assert [e.starts for e in examples] == [(0, 4), (48, 43), (), (11,)]
    assert [e.context for e in examples] == [SKY, SKY, SKY, SEA]
    assert dataset.name == "dev"
    assert dataset.rules == "squad-v2.0"
    census = dataset.check()
    assert (census.questions, census.contexts, census.unanswerable) == (4, 2, 1)
    assert list(dataset) == examples


def test_a_packed_file_is_unpacked_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_bytes(gzip.compress(json.dumps(TWO_ARTICLES).encode()))
    assert open_public(f"squad:{path}").check().questions == 4


def test_keys_may_come_in_any_order_and_others_are_passed_over(tmp_path: Path) -> None:
    paragraph = {"qas": [qa("q1", "What?", [("sky", 4)], extra={"a": [1, None]})], "context": SKY, "n": 1.5}
    document = {"data": [{"paragraphs": [paragraph], "title": "t", "split": "x"}], "version": "1.0"}
    dataset = open_public(f"squad:{write(tmp_path / 'shifts.json', document)}")
    assert [(e.id, e.golds) for e in dataset] == [("q1", ("sky",))]
    assert dataset.rules == "squad-v1.1"


def test_flat_rows_are_read(tmp_path: Path) -> None:
    rows = [
        flat("q1", "What was blue?", SKY, [("The sky", 0), ("sky", 4)], title="t"),
        "",
        flat("q2", "Who?", SEA),
    ]
    dataset = open_public(f" jsonl:{write_lines(tmp_path / 'rows.jsonl.gz', rows)} ")
    assert [(e.id, e.golds, e.starts) for e in dataset] == [
        ("q1", ("The sky", "sky"), (0, 4)),
        ("q2", (), ()),
    ]
    assert (dataset.name, dataset.rules) == ("rows", "squad-v2.0")


def test_golds_of_mrqa_are_its_answers_placed_where_they_were_detected(tmp_path: Path) -> None:
    questions = [("q1", "How far?", ["12 miles", "twelve miles"], {"12 miles": [[11, 18]]})]
    dataset = open_public(f"mrqa:{write_lines(tmp_path / 'dev.jsonl.gz', mrqa((SEA, questions)))}")
    (example,) = dataset
    assert example.golds == ("12 miles", "twelve miles")
    assert example.starts == (11, None)
    assert dataset.rules == "mrqa"
    assert dataset.check().tolerated == ()


def test_an_item_is_named_by_its_question_and_its_context(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [flat("a@b~c%*", "What?", "abc")])
    context = "c" + hashlib.sha256(b"abc").hexdigest()[:12]
    assert list(map(instance_of, open_public(f"jsonl:{path}"))) == [
        Instance(
            item=f"a%40b%7Ec%25%2A@{context}",
            question="What?",
            context="abc",
            article=context,
            question_id="a@b~c%*",
        )
    ]


def test_hashes_do_not_depend_on_order_or_format(tmp_path: Path) -> None:
    rows = [flat("q4", "How far is the sea?", SEA, [("12 miles", 11)])]
    rows += [flat("q1", "What was blue?", SKY, [("The sky", 0), ("sky", 4)])]
    document = squad([(SKY, [qa("q1", "What was blue?", [("The sky", 0), ("sky", 4)])])])
    document["data"] += squad([(SEA, [qa("q4", "How far is the sea?", [("12 miles", 11)])])])["data"]
    one = open_public(f"jsonl:{write_lines(tmp_path / 'rows.jsonl', rows)}").check()
    other = open_public(f"squad:{write(tmp_path / 'dev.json', document)}").check()
    assert one == other
    rows[0]["answers"]["text"] = ["12"]
    changed = open_public(f"jsonl:{write_lines(tmp_path / 'rows.jsonl', rows)}").check()
    assert changed.questions_sha256 != one.questions_sha256
    assert changed.contexts_sha256 == one.contexts_sha256


# ------------------------------------------------------------------------------------------ choosing


@pytest.fixture
def hundred(tmp_path: Path) -> str:
    rows = [flat(f"q{n}", "What?", f"Text {n}.", [("Text", 0)]) for n in range(100)]
    return f"jsonl:{write_lines(tmp_path / 'rows.jsonl', rows)}"


def test_limit_takes_the_first_and_sample_draws_by_the_ids_alone(hundred: str, tmp_path: Path) -> None:
    dataset = open_public(hundred)
    assert [e.id for e in dataset.chosen(limit=3)] == ["q0", "q1", "q2"]
    few = dataset.chosen(sample=10, seed=1)
    drawn = [e.id for e in few]
    assert len(drawn) == 10
    assert drawn == [e.id for e in few]
    assert drawn == sorted(drawn, key=lambda id: int(id[1:]))
    assert set(drawn) < {e.id for e in dataset.chosen(sample=30, seed=1)}
    assert set(drawn) != {e.id for e in dataset.chosen(sample=10, seed=2)}
    assert [e.id for e in dataset.chosen(sample=10, seed=1, limit=2)] == drawn[:2]
    # sha256 of "seed:id" decides, least first
    least = sorted((hashlib.sha256(f"1:q{n}".encode()).hexdigest(), n) for n in range(100))[:10]
    assert {f"q{n}" for _, n in least} == set(drawn)


@pytest.mark.parametrize("chosen", [{"limit": 0}, {"sample": -1}])
def test_a_choice_of_nothing_is_refused(hundred: str, chosen: dict[str, int]) -> None:
    with pytest.raises(QaEvalError, match=r"there is nothing to ask with .* give 1 or more"):
        open_public(hundred).chosen(**chosen)


def test_a_limit_does_not_read_the_rest(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [flat("q1", "What?", SKY), "{"])
    assert [e.id for e in open_public(f"jsonl:{path}").chosen(limit=1)] == ["q1"]


# ------------------------------------------------------------------------------------------ what is wrong


def test_every_error_is_told_with_its_path_inside_the_file(tmp_path: Path) -> None:
    document = squad(
        [(SKY, [qa("q1", "What?", [("The sky", 0)]), qa("q1", "Who?", [("sky", 4)])])],
        [(" ", [qa("q2", "What?")])],
        [(SEA, [qa("q3", "Where?", [("sea", 4)], is_impossible=True), qa("", "Who?"), "q4"])],
    )
    wrong = {"id": 7.5, "answers": [{"text": "x", "answer_start": "1"}]}
    document["data"][0]["paragraphs"][0]["qas"].append(wrong)
    document["data"] += [{"title": "no paragraphs"}, [], {"paragraphs": [{"context": SKY, "qas": None}, 1]}]
    assert problems(f"squad:{write(tmp_path / 'dev.json', document)}") == [
        'data[0].paragraphs[0].qas[1].id: "q1" is an earlier question\'s id too; each has its own',
        "data[0].paragraphs[0].qas[2].id: must be text or a whole number, found the number 7.5",
        "data[0].paragraphs[0].qas[2].question: is missing (the question)",
        "data[1].paragraphs[0].context: is empty; it should be the text",
        'data[2].paragraphs[0].qas[0].is_impossible: says that there is no answer, but answers holds "sea"; '
        "one of the two is wrong",
        "data[2].paragraphs[0].qas[1].id: is empty; every question has an id of its own",
        'data[2].paragraphs[0].qas[2]: must be an object, found the text "q4"',
        "data[3].paragraphs: is missing (the texts with their questions)",
        'data[4]: must be an object with "paragraphs", found a list',
        "data[5].paragraphs[0].qas: must be a list, found null",
        "data[5].paragraphs[1]: must be an object, found the number 1",
    ]


DATA = '"data": [{"paragraphs": [{"context": "Sky.", "qas": [{"id": "q", "question": "?", "answers": []}]}]}]'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"version": "v2.0"}', "data: is missing (the articles)", id="no data"),
        pytest.param(
            "[1]", '[0]: must be an object with "paragraphs", found the number 1', id="a list of numbers"
        ),
        pytest.param("1", 'must be an object with "data", or a list of rows; found the number 1', id="1"),
        pytest.param('{"data": 1}', "data: must be a list, found the number 1", id="data that is no list"),
        pytest.param('{"data": []}', "holds no question", id="no question"),
        pytest.param(
            "{" + DATA + ", " + DATA + "}", "1: data: the key is there twice; keep one", id="data twice"
        ),
        pytest.param(
            '{"data": [{"paragraphs": [{"context": "a", "context": "b", "qas": []}]}]}',
            "1: data[0].paragraphs[0].context: the key is there twice; keep one",
            id="a key twice",
        ),
        pytest.param(
            "{" + DATA.replace('"answers": []', '"answers": [], "score": NaN') + "}",
            "1: data[0].paragraphs[0].qas[0].score: NaN is not a number JSON has; write a finite number",
            id="NaN",
        ),
        pytest.param(
            "{" + DATA[:-1] + ', {"paragraphs": x',
            "1: not valid JSON: Expecting value (after data[0].paragraphs[0])",
            id="broken after a part",
        ),
        pytest.param(
            "{" + DATA,
            "1: not valid JSON: Expecting ',' delimiter (after data[0].paragraphs[0])",
            id="cut off",
        ),
        pytest.param(
            "{" + DATA + "} {}",
            "1: not valid JSON: Extra data; a file of several objects has one on each line",
            id="two documents",
        ),
        pytest.param(
            '{"data": [{"paragraphs": [{"x": ' + "[" * 99 + "]" * 99 + ', "context": "a", "qas": []}]}]}',
            "1: data[0].paragraphs[0].x" + "[0]" * 15 + ": nested too deeply; at most 16 levels are read",
            id="too deep",
        ),
    ],
)
def test_a_file_that_is_not_of_squad_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    (found, *rest) = problems(f"squad:{write(tmp_path / 'dev.json', text)}")
    assert found.startswith(expected)
    assert not rest or "twice" in expected


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        pytest.param("dev.json", b"", "is empty; it should hold a JSON object", id="empty"),
        pytest.param("dev.json.gz", gzip.compress(b""), "is empty; it should hold", id="empty gzip"),
        pytest.param("dev.json.gz", b'{"data": []}', "is called .gz, but is not a gzip file", id="no gzip"),
        pytest.param(
            "dev.json.gz", gzip.compress(json.dumps(TWO_ARTICLES).encode())[:-30], "ends too early", id="cut"
        ),
        pytest.param("dev.json.gz", b"\x1f\x8b\x08\x00 damaged beyond", "", id="damaged gzip"),
        pytest.param("dev.json", b"\xef\xbb\xbf{}", "starts with a byte-order mark", id="BOM"),
        pytest.param("dev.json", '{"data": []}'.encode("utf-16"), "is UTF-16", id="UTF-16"),
        pytest.param("dev.json", b"PK\x03\x04....", "is a zip archive", id="zip"),
        pytest.param("dev.json", b"PAR1....", "is a Parquet file", id="Parquet"),
        pytest.param("dev.json", b'{"data": "\xff"}', "1: not UTF-8 (0xff); save as UTF-8", id="bytes"),
    ],
)
def test_bytes_that_are_no_such_file_are_refused(
    tmp_path: Path, name: str, data: bytes, expected: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    (found,) = problems(f"squad:{path}")
    assert found.startswith(expected)


@pytest.mark.parametrize(("kind", "path"), [("squad", "no.json"), ("mrqa", "no.jsonl.gz"), ("jsonl", "no")])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, kind: str, path: str) -> None:
    assert problems(f"{kind}:{tmp_path / path}") == ["there is no such file"]
    with pytest.raises(InputError):
        list(open_public(f"{kind}:{tmp_path / path}"))


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert problems(f"squad:{tmp_path}") == ["cannot be read: it is a folder; name the file in it"]


def test_every_wrong_row_is_told_with_its_line(tmp_path: Path) -> None:
    good = flat("q1", "What?", SKY, [("sky", 4)])
    rows: list[Any] = [
        good,
        "{",
        "[]",
        '{"id": "a", "id": "b"}',
        good | {"id": "q2", "question": 1},
        good,
        good | {"id": "q3", "answers": 4},
        good | {"id": "q4", "answers": {"answer_start": []}},
        good | {"id": "q5", "answers": [{"text": "sky"}, {"answer_start": 4}, None]},
        '{"id": NaN}',
        good | {"id": "q6", "question": "\ud800?"},
    ]
    assert problems(f"jsonl:{write_lines(tmp_path / 'rows.jsonl', rows)}") == [
        "2: not valid JSON: Expecting property name enclosed in double quotes",
        "3: must be a JSON object, found a list",
        "4: id: the key is there twice; keep one",
        "5: question: must be text, found the number 1",
        '6: id: "q1" is an earlier question\'s id too; each has its own',
        "7: answers: must be a text, a list of texts or an object, found the number 4",
        "8: answers.text: is missing (the answers; [] if there is none)",
        "9: answers[1].text: is missing (the answers; [] if there is none)",
        '9: answers[2]: must be an object with "text", or text; found null',
        "10: id: NaN is not a number JSON has; write a finite number",
        '11: question: "\\ud800?" holds half of a surrogate pair; write the whole character',
    ]


@pytest.mark.parametrize("answers", [[], [""], [" "]])
def test_a_question_of_mrqa_has_an_answer(tmp_path: Path, answers: list[str]) -> None:
    lines = mrqa((SEA, [("q1", "How far?", answers, {})]))
    assert problems(f"mrqa:{write_lines(tmp_path / 'a.jsonl', lines)}") == [
        "2: qas[0].answers: is empty, but a question of MRQA has an answer; "
        "name files of other sets as jsonl:FILE"
    ]


def test_a_stream_ends_at_the_first_error_and_tells_them_all(tmp_path: Path) -> None:
    rows = [flat("q1", "What?", SKY), {"id": "q2"}, flat("q3", "What?", SKY), flat("q3", "What?", SKY)]
    stream = iter(open_public(f"jsonl:{write_lines(tmp_path / 'rows.jsonl', rows)}"))
    assert next(stream).id == "q1"
    with pytest.raises(InputError) as caught:
        next(stream)
    assert [(f.line, f.field) for f in caught.value.findings] == [
        (2, "context"),
        (2, "question"),
        (4, "id"),
        (2, "answers"),
    ]


def test_of_very_many_errors_the_first_thousand_are_listed(tmp_path: Path) -> None:
    found = problems(f"jsonl:{write_lines(tmp_path / 'rows.jsonl', ['{'] * 1500)}")
    assert len(found) == 1001
    assert found[-1] == "and 500 more errors like these"


# ------------------------------------------------------------------------------------------ what is tolerated


def test_an_answer_that_does_not_stand_where_it_is_said_to_is_counted_and_has_no_place(
    tmp_path: Path,
) -> None:
    answers = [("sky", 5), ("sky", 4), ("moon", -1), ("blue", 9999)]
    document = squad([(SKY, [qa("q1", "What?", answers), qa("q2", " ", [("sky", 4)])])])
    document["data"][0]["paragraphs"][0]["qas"][1]["answers"].append({"text": "Palmyra"})
    path = write(tmp_path / "dev.json", document)
    dataset = open_public(f"squad:{path}")
    assert [e.starts for e in dataset] == [(None, 4, None, None), (4, None)]
    assert [e.golds for e in dataset] == [("sky", "sky", "moon", "blue"), ("sky", "Palmyra")]
    assert list(dataset.check().warnings(dataset.rules)) == [
        "4 answer_starts that do not point at their text; only the text counts; the first: "
        f'{path}: data[0].paragraphs[0].qas[0].answers[0].answer_start: "sky" is not at 5; '
        "it is at 4",
        "1 question without words; the first: "
        f"{path}: data[0].paragraphs[0].qas[1].question: is blank; it is asked as it is",
    ]


# ------------------------------------------------------------------------------------------ specs


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            "sqaud:dev.json",
            'did you mean "squad"?: write squad:FILE.json[.gz], mrqa:FILE.jsonl.gz, jsonl:FILE',
        ),
        ("dev.json", 'no data set is called "dev.json": write squad:FILE'),
        ("squad:", 'the data set spec "squad:" has a kind but no name'),
        ("", 'no data set is called ""'),
    ],
)
def test_a_spec_that_is_none_is_answered_with_those_there_are(spec: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        open_public(spec)
    assert message in str(caught.value)


def test_a_file_has_no_splits() -> None:
    with pytest.raises(SpecError, match=r"--split dev: squad:dev\.json is a file, which has no splits"):
        open_public("squad:dev.json", split="dev")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            '{"version": "v2.0",\n"version": "v2.0", "data": []}',
            "2: version: the key is there twice; keep one",
            id="a key twice",
        ),
        pytest.param(
            '{"\\ud83d": 1, "data": []}',
            r'1:10: the key "\ud83d" holds half of a surrogate pair; write the whole character',
            id="half a character in a key",
        ),
    ],
)
def test_what_is_wrong_with_a_key_has_its_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "d.json"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        open_public(f"squad:{file}").check()
    assert str(caught.value).splitlines()[0] == f"{file}:{message}"


def test_readings_and_the_questions_of_items_are_those_of_the_data_set(tmp_path: Path) -> None:
    dataset = open_public(f"squad:{write(tmp_path / 'dev.json', TWO_ARTICLES)}")
    examples = list(dataset)
    assert list(dataset.readings(limit=2)) == [[(instance_of(e), e.golds)] for e in examples[:2]]
    last = examples[-1]
    assert list(dataset.asked([str(last.item), "nowhere@c0"])) == [
        (str(last.item), last.question, last.context)
    ]
    assert dataset.authored() == []
