"""Stored answers: every shape that is read, and every one that is refused, with file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa_eval import evaluate
from qa_eval.errors import InputError
from qa_eval.models.registry import resolve
from qa_eval.models.replay import Replay
from qa_eval.records import Candidate, Instance, Prediction
from qa_eval.runs.options import RunOptions

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return write


def replayed(path: Path, *items: str) -> dict[str, Prediction]:
    model = resolve(f"predictions:{path}")
    instances = [Instance(item=item, question="Who?", context="Some text.") for item in items]
    return {p.item: p for p in model.predict(instances)}


ROW = {
    "item": "f@a",
    "fact": "f",
    "prediction": "the city",
    "null_score": -1.5,
    "no_answer_probability": 0.25,
    "n_best": [
        {"text": "the city", "article": "a", "start": 3, "end": 11, "score": 2.0, "probability": 0.7},
        {"text": "city", "article": "a", "start": 7, "end": 11, "score": 1.0, "probability": 0.3},
    ],
    "windows": 3,
    "truncated": True,
    "error": None,
    "scores": {"em": 1.0},
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '{"f@a": "the city", "g@a": ""}'),
        ("a.json", '{\n  "f@a": "the city",\r\n  "g@a": ""\n}\n'),
        ("a.jsonl", '{"id": "f@a", "prediction": "the city"}\n{"id": "g@a", "prediction": ""}\n'),
        ("a.jsonl", '{"item": "f@a", "prediction": "the city"}\r\n\r\n{"id": "g@a", "prediction": ""}'),
        ("a.txt", '{"id": "f@a", "prediction": "the city"}\n{"id": "g@a", "prediction": ""}\n'),
        ("a.json", '[{"id": "f@a", "prediction": "the city"},\n {"id": "g@a", "prediction": ""}]\n'),
    ],
    ids=["object", "object over lines", "lines", "lines with CRLF", "lines by another name", "list"],
)
def test_answers_are_read_and_are_final(write: Write, name: str, text: str) -> None:
    found = replayed(write(name, text), "f@a", "g@a", "not-there@a")
    assert found == {
        "f@a": Prediction(item="f@a", text="the city"),
        "g@a": Prediction(item="g@a", text=""),
    }


def test_a_single_row_is_a_row_whatever_the_files_name(write: Write) -> None:
    path = write("a.json", '{"id": "f@a", "prediction": "the city"}')
    assert replayed(path, "f@a")["f@a"].text == "the city"


def test_the_rows_that_a_run_writes_come_back_whole(write: Write) -> None:
    failed = ROW | {"item": "g@a", "prediction": "", "n_best": [], "error": "no room"}
    path = write("run.jsonl", json.dumps(ROW) + "\n" + json.dumps(failed) + "\n")
    found = replayed(path, "f@a", "g@a")
    assert found["f@a"] == Prediction(
        item="f@a",
        n_best=(
            Candidate(text="the city", article="a", start=3, end=11, score=2.0, probability=0.7),
            Candidate(text="city", article="a", start=7, end=11, score=1.0, probability=0.3),
        ),
        null_score=-1.5,
        text="the city",
        no_answer_probability=0.25,
        windows=3,
        truncated=True,
    )
    assert (found["g@a"].error, found["g@a"].text) == ("no room", None)


@pytest.mark.parametrize(
    ("n_best", "scores"),
    [
        ([{"text": "a"}, {"text": "b"}], [0.0, -1.0]),
        ([{"text": "a", "probability": 1.0}, {"text": "b", "probability": 0.0}], [0.0, -1.0]),
        ([{"text": "a", "score": 3}, {"text": "b", "score": 3}], [3.0, 3.0]),
        (None, []),
    ],
    ids=["order only", "probabilities", "equal scores", "null"],
)
def test_candidates_are_ranked_by_what_the_file_says_of_them(
    write: Write, n_best: object, scores: list[float]
) -> None:
    path = write("a.jsonl", json.dumps({"id": "f@a", "prediction": "a", "n_best": n_best}))
    assert [c.score for c in replayed(path, "f@a")["f@a"].n_best] == scores


@pytest.mark.parametrize(
    ("item", "pooled"), [("f@a", False), ("f@*", True), ("f~2@*", True), ("free form", False)]
)
def test_a_file_that_answers_pooled_items_says_so(write: Write, item: str, pooled: bool) -> None:
    model = resolve(f"predictions:{write('a.json', json.dumps({item: 'x'}))}")
    assert isinstance(model, Replay)
    assert model.answers_pooled is pooled


def test_the_fingerprint_is_of_the_files_bytes(write: Write) -> None:
    def fingerprint(name: str, text: str) -> Any:
        return resolve(f"predictions:{write(name, text)}").info.fingerprint

    assert fingerprint("a.json", '{"f@a": "x"}') == fingerprint("b.json", '{"f@a": "x"}')
    assert fingerprint("a.json", '{"f@a": "x"}') != fingerprint("a.json", '{"f@a": "y"}')


GOOD = '{"id": "f@a", "prediction": "x"}\n'


@pytest.mark.parametrize(
    ("name", "text", "messages"),
    [
        pytest.param("a.jsonl", "", ["a.jsonl: is empty"], id="empty"),
        pytest.param("a.jsonl", " \n", ["a.jsonl: is empty"], id="blank"),
        pytest.param("a.jsonl", "\ufeff" + GOOD, ["a.jsonl: starts with a byte-order mark"], id="BOM"),
        pytest.param("a.jsonl", GOOD + "\udcff", ["a.jsonl:2:1: not UTF-8 at byte 1"], id="not UTF-8"),
        pytest.param(
            "a.jsonl",
            GOOD + "{nope}\n",
            ["a.jsonl:2:2: not valid JSON: Expecting property name"],
            id="bad JSON",
        ),
        pytest.param("a.jsonl", GOOD + "[1]\n", ["a.jsonl:2: is [1]; each row should be"], id="no object"),
        pytest.param("a.jsonl", GOOD + GOOD, ["a.jsonl:2: id: 'f@a' is also in line 1"], id="twice"),
        pytest.param(
            "a.json",
            '{"f@a": "x",\n"f@a": "y"}',
            ["a.json:2: id: 'f@a' is also in line 1"],
            id="key twice",
        ),
        pytest.param(
            "a.json", '{"f@a": 3}', ["a.json:1: f@a: the answer is 3; it should be a text"], id="number"
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "id": "b", "prediction": ""}',
            ["a.jsonl:1:19: id: the key is there twice; keep one"],
            id="row key twice",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "null_score": NaN}',
            ["a.jsonl:1:45: null_score: NaN is not a number JSON has"],
            id="NaN",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "null_score": 1e999}',
            ["null_score: the number 1e999 is too great"],
            id="infinite",
        ),
        pytest.param("a.jsonl", '{"prediction": ""}', ["a.jsonl:1: id: is missing or null"], id="no id"),
        pytest.param("a.jsonl", '{"id": "a"}', ["a.jsonl:1: prediction: is missing or null"], id="no answer"),
        pytest.param(
            "a.jsonl", '{"id": "a", "prediction": 3}', ["1: prediction: the answer is 3"], id="row's number"
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "null_score": 1' + "0" * 400 + "}",
            ["1: null_score: is 10000000000"],
            id="null score of 401 digits",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "null_score": 1' + "0" * 5000 + "}",
            [f"null_score: the number 1{'0' * 38}… of 5,001 characters is too great to be read"],
            id="null score of 5,001 digits",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "probability": -0.5}]}',
            ["1: n_best[0].probability: is -0.5; it should be from 0 to 1"],
            id="negative probability",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "probability": 2}]}',
            ["1: n_best[0].probability: is 2.0; it should be from 0 to 1"],
            id="probability of 2",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "probability": NaN}]}',
            ["1:71: n_best[0].probability: NaN is not a number JSON has"],
            id="probability NaN",
        ),
        pytest.param(
            "a.json",
            '{"a": [{"text": "x", "probability": -0.5}]}',
            ["1: a[0].probability: is -0.5; it should be from 0 to 1"],
            id="negative probability by id",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "no_answer_probability": 1.5}',
            ["1: no_answer_probability: is 1.5; it should be from 0 to 1"],
            id="no probability",
        ),
        pytest.param(
            "a.jsonl", '{"id": "a", "prediction": "", "error": 1}', ["1: error: is 1"], id="error no text"
        ),
        pytest.param(
            "a.jsonl", '{"id": "a", "prediction": "", "n_best": {}}', [], id="empty object passes for no list"
        ),
        pytest.param(
            "a.jsonl", '{"id": "a", "prediction": "", "n_best": 3}', ["1: n_best: is 3"], id="no list"
        ),
        pytest.param(
            "a.jsonl", '{"id": "a", "prediction": "", "n_best": [{}]}', ["1: n_best[0]: is {}"], id="no text"
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "start": 3}]}',
            ["1: n_best[0]: has start 3 and end None"],
            id="half an offset",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "start": -1, "end": 2}]}',
            ["1: n_best[0].start: is -1"],
            id="negative offset",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "article": 5}]}',
            ["1: n_best[0].article: is 5"],
            id="article no text",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "score": "high"}]}',
            ['1: n_best[0].score: is "high"; it should be a number'],
            id="score no number",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "a", "prediction": "", "n_best": [{"text": "x", "score": 1}, {"text": "y", "score": 2}]}',
            ["1: n_best[1]: has a higher score than the one before it"],
            id="not best first",
        ),
        pytest.param(
            "a.jsonl",
            "{nope}\n" + GOOD + '{"id": 3.5}\n' + GOOD,
            ["a.jsonl:1:2: not valid JSON", "a.jsonl:3: id: is 3.5", "a.jsonl:4: id: 'f@a'"],
            id="all findings at once",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(
    write: Write, name: str, text: str, messages: list[str]
) -> None:
    path = write(name, text)
    if not messages:
        assert replayed(path, "a")["a"].n_best == ()
        return
    with pytest.raises(InputError) as caught:
        resolve(f"predictions:{path}")
    assert len(caught.value.findings) == len(messages)
    for message in messages:
        assert message in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.jsonl: there is no such file"):
        resolve(f"predictions:{tmp_path / 'none.jsonl'}")
    with pytest.raises(InputError, match="cannot be read"):
        resolve(f"predictions:{tmp_path}")


# ------------------------------------------------------------------------------------------ other tools


@pytest.mark.parametrize(
    ("listed", "text", "candidates"),
    [
        pytest.param(["x", "y"], "x", [("x", 0.0), ("y", -1.0)], id="texts"),
        pytest.param(["", "y"], "", [("y", 0.0)], id="no answer first"),
        pytest.param([], "", [], id="nothing"),
        pytest.param(
            [{"answer": "x", "score": 0.7}, {"answer": "", "score": 0.2}, {"answer": "y", "score": 0.1}],
            "x",
            [("x", 0.7), ("y", 0.1)],
            id="pipeline",
        ),
        pytest.param(
            [
                {"text": "x", "start_logit": 1.0, "end_logit": 2.0, "probability": 0.1},
                {"text": "", "start_logit": 3.0, "end_logit": 2.0, "probability": 0.9},
            ],
            "",
            [("x", 3.0)],
            id="run_squad",
        ),
    ],
)
def test_an_n_best_list_is_decided_and_kept(
    write: Write, listed: list[Any], text: str, candidates: list[tuple[str, float]]
) -> None:
    found = replayed(write("a.json", json.dumps({"f@a": listed})), "f@a")["f@a"]
    assert found.text == text
    assert [(c.text, c.score) for c in found.n_best] == candidates


def test_an_answer_that_is_null_is_no_answer_and_a_whole_number_is_an_id(write: Write) -> None:
    rows = '{"id": 7211011040021040393, "prediction": null}\n{"id": "g", "prediction": "", "missing": true}\n'
    model = resolve(f"predictions:{write('a.jsonl', rows)}")
    asked = [
        Instance(item=f"{id}@c0", question="Who?", context="Some text.", question_id=id)
        for id in ("7211011040021040393", "g")
    ]
    assert list(model.predict(asked)) == [Prediction(item="7211011040021040393@c0", text="")]


def test_offsets_beyond_the_text_fail_the_row_and_leave_the_others(write: Write, tmp_path: Path) -> None:
    item = "recaptured-city@000_825eccd27ffa9810"
    candidate = {"text": "x", "start": 5, "end": 10**20}
    path = write("a.jsonl", "\n" + json.dumps({"id": item, "prediction": "x", "n_best": [candidate]}))
    specs = [f"predictions:{path}", "baseline:abstain"]
    board = evaluate(
        specs, out=tmp_path / "out", limit=1, track="reading", options=RunOptions(references=False)
    ).leaderboard
    failed = board.row(specs[0])
    assert (failed.status, failed.metrics) == ("error", {})
    assert failed.error is not None
    assert "is not the text at 5:1" in failed.error
    assert board.row("baseline:abstain").status == "ok"


BEST: dict[str, Any] = {
    "text": "Some",
    "article": "a",
    "start": 0,
    "end": 4,
    "score": 2.0,
    "probability": 0.75,
}
NEXT: dict[str, Any] = {
    "text": "text",
    "article": "a",
    "start": 5,
    "end": 9,
    "score": 1.0,
    "probability": None,
}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as a run writes them"),
        pytest.param({"rank": 1}, id="with another field"),
        pytest.param({"score": 2}, id="a whole score"),
        pytest.param({"start": None, "end": None}, id="without a place"),
        pytest.param({"probability": 1}, id="a whole probability"),
    ],
)
def test_candidates_are_the_same_whatever_the_form_in_which_they_are_written(
    write: Write, changes: dict[str, Any]
) -> None:
    row = {"item": "f@a", "prediction": "Some", "n_best": [BEST | changes, NEXT]}
    found = replayed(write("a.jsonl", json.dumps(row) + "\n"), "f@a")["f@a"].n_best
    known = {name: value for name, value in (BEST | changes).items() if name != "rank"}
    assert tuple(found) == (Candidate(**known), Candidate(**NEXT))
    assert all(type(candidate.score) is float for candidate in found)


@pytest.mark.parametrize(
    ("best", "following", "message"),
    [
        pytest.param(BEST | {"score": 0.5}, NEXT, "has a higher score", id="out of order"),
        pytest.param(BEST | {"start": 4, "end": 0}, NEXT, "in order", id="end before start"),
        pytest.param(BEST | {"end": None}, NEXT, "give both", id="one offset"),
        pytest.param(BEST | {"start": -1}, NEXT, "a character offset", id="a negative offset"),
        pytest.param(BEST | {"probability": 1.5}, NEXT, "from 0 to 1", id="no fraction"),
        pytest.param(BEST, NEXT | {"text": 5}, "an object with a text", id="no text"),
    ],
)
def test_faulty_candidates_in_the_form_of_a_run_are_refused(
    write: Write, best: dict[str, Any], following: dict[str, Any], message: str
) -> None:
    row = {"item": "f@a", "prediction": "Some", "n_best": [best, following]}
    path = write("a.jsonl", json.dumps(row) + "\n")
    with pytest.raises(InputError, match=message):
        resolve(f"predictions:{path}")
