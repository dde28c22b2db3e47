"""The shapes in which tools write answers: read without doubt, or refused with the reason."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from qa_eval.errors import InputError
from qa_eval.evaluation.given_answers import read_answers
from qa_eval.metrics.rules.squad import SQUAD_V1, SQUAD_V2

Answers = dict[str, str]

BRIDGE = {"bridge": "Ada Holm", "tower": ""}
"""What most files below answer."""


def read(tmp_path: Path, name: str, value: Any, *, unanswerable: bool = True) -> Answers:
    path = tmp_path / name
    text = value if isinstance(value, str) else json.dumps(value)
    data = text.encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return read_answers(path, SQUAD_V2 if unanswerable else SQUAD_V1).texts


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def farm(id: str, answers: list[dict[str, Any]], field: str = "question_id") -> dict[str, Any]:
    prediction = {"question": "Who?", field: id, "ground_truth": None, "answers": answers, "no_ans_gap": 1.5}
    return {"task": "qa", "predictions": [prediction]}


def sample(id: Any, *responses: Any, **more: Any) -> dict[str, Any]:
    doc = {"id": id, "context": "By Ada Holm.", "question": "Who?", "answers": {"text": ["x"]}}
    return {"doc_id": 0, "doc": doc, "target": "x", "filtered_resps": list(responses), "exact": 0.0, **more}


SPAN = {"start": 3, "end": 11, "score": 0.9}
READ = [
    pytest.param("a.json", {"bridge": "Ada Holm", "tower": None}, id="null"),
    pytest.param("a.json", {"bridge": ["Ada Holm", "Holm"], "tower": [""]}, id="lists of texts"),
    pytest.param("a.json", {"bridge": ["Ada Holm"], "tower": []}, id="an empty list"),
    pytest.param("a.json", {"bridge": ["Ada Holm"], "tower": [None, "x"]}, id="null in a list"),
    pytest.param(
        "a.json",
        {"bridge": {"answer": "Ada Holm", **SPAN}, "tower": {"answer": "", **SPAN}},
        id="the pipeline",
    ),
    pytest.param(
        "a.json",
        {
            "bridge": [{"answer": "Ada Holm", "score": 0.7}, {"answer": "", "score": 0.1}],
            "tower": [{"answer": "", "score": 0.5}, {"answer": "x", "score": 0.4}],
        },
        id="the pipeline with top_k",
    ),
    pytest.param("a.json", {"bridge": {"answer": "Ada Holm"}, "tower": None}, id="mixed values"),
    pytest.param(
        "a.json",
        [{"id": "bridge", "answer": ["Ada Holm", ""]}, {"id": "tower", "answer": ["", "x"]}],
        id="simpletransformers",
    ),
    pytest.param(
        "a.json",
        [{"id": "bridge", "answer": "Ada Holm"}, {"id": "tower", "answer": ""}],
        id="older simpletransformers",
    ),
    pytest.param(
        "a.jsonl",
        lines(
            {"qid": "bridge", "best_span": [3, 4], "best_span_str": "Ada Holm"},
            {"id": "tower", "best_span": [-1, -1], "best_span_str": ""},
        ),
        id="AllenNLP",
    ),
    pytest.param(
        "a.json",
        [
            farm("bridge", [{"answer": "Ada Holm", "score": 9.0, "probability": None}]),
            farm("tower", [{"answer": None, "score": 2.0}, {"answer": "x", "score": 1.0}], "id"),
        ],
        id="FARM",
    ),
    pytest.param(
        "a.json",
        [
            farm(
                "bridge", [{"answer": "Ada Holm", "score": 9.0, "probability": -1, "offset_answer_start": 3}]
            ),
            farm(
                "tower",
                [
                    {"answer": "no_answer", "score": 1, "offset_answer_start": 0, "offset_answer_end": 0},
                    {"answer": "x", "score": 2, "offset_answer_start": 0, "offset_answer_end": 1},
                ],
            ),
        ],
        id="FARM's word for no answer",
    ),
    pytest.param(
        "a.json",
        {
            "task": "qa",
            "predictions": [
                {"question_id": "bridge", "answers": [{"answer": "Ada Holm", "score": 1.0}]},
                {"question_id": "tower", "answers": []},
            ],
        },
        id="FARM, one document",
    ),
    pytest.param(
        "a.json",
        {
            "bridge": {
                "query": "Who?",
                "answers": [{"answer": "Ada Holm", "score": 0.9, "type": "extractive"}],
            },
            "tower": {"query": "Who?", "answers": []},
        },
        id="haystack by id",
    ),
    pytest.param("a.jsonl", lines(sample("bridge", "Ada Holm"), sample("tower", "")), id="lm-eval"),
    pytest.param(
        "a.jsonl",
        lines(
            sample("bridge", "Ada Holm", ["-4.5", "False"], resps=[["Ada Holm"], [["-4.5", "False"]]]),
            sample("tower", [""], [-0.25, True]),
        ),
        id="lm-eval with likelihoods",
    ),
    pytest.param(
        "a.jsonl",
        lines(
            {"doc": {"id": "bridge"}, "resps": [["Ada Holm"]]},
            {"doc": {"id": "tower"}, "resps": [[""]]},
        ),
        id="lm-eval without filters",
    ),
    pytest.param("a.csv", "id,PredictionString\nbridge,Ada Holm\ntower,\n", id="CSV"),
    pytest.param("a.csv", "Id,Predicted\r\nbridge,Ada Holm\r\n\r\ntower,\r\n", id="CSV with CRLF"),
    pytest.param("a.csv", "bridge,Ada Holm\ntower,\n", id="CSV without names"),
    pytest.param("a.csv", ",id,prediction\n0,bridge,Ada Holm\n1,tower,\n", id="CSV with an index"),
    pytest.param("a.csv", 'question_id,text\nbridge,"Ada Holm"\ntower,""\n', id="quoted CSV"),
    pytest.param("a.CSV", "id,answer\nbridge,Ada Holm\ntower,\n", id="CSV in capitals"),
    pytest.param("a.tsv", "bridge\tAda Holm\ntower\t\n", id="TSV"),
    pytest.param("a.csv.gz", "id,answer\nbridge,Ada Holm\ntower,\n", id="packed CSV"),
    pytest.param("a.json.gz", BRIDGE, id="packed object"),
    pytest.param(
        "a.jsonl.gz",
        lines({"example_id": "bridge", "text": "Ada Holm"}, {"question_id": "tower", "answer": None}),
        id="packed rows",
    ),
    pytest.param(
        "a.jsonl",
        json.dumps([{"id": i, "prediction": t} for i, t in BRIDGE.items()], indent=1),
        id="a list called jsonl",
    ),
    pytest.param(
        "a.json",
        [{"id": "bridge", "prediction": "Ada Holm", "answer": "gold"}, {"id": "tower", "prediction": None}],
        id="the gold next to the prediction",
    ),
    pytest.param(
        "a.json",
        [{"id": "bridge", "n_best": ["Ada Holm", ""]}, {"id": "tower", "nbest": [{"text": ""}]}],
        id="rows with lists alone",
    ),
    pytest.param(
        "a.json",
        [{"ID": "bridge", "PredictionString": "Ada Holm"}, {"Id": "tower", "PredictionString": ""}],
        id="names in other letters",
    ),
]


@pytest.mark.parametrize(("name", "value"), READ)
def test_what_tools_write_is_read(tmp_path: Path, name: str, value: Any) -> None:
    assert read(tmp_path, name, value) == BRIDGE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"q": ["", "x"]}, "x"),
        ({"q": [{"answer": ""}, {"answer": "x"}]}, "x"),
        ([{"id": "q", "answer": ["", "x"]}], "x"),
        ({"q": None}, ""),
    ],
)
def test_where_every_question_has_an_answer_a_list_gives_its_first_text(
    tmp_path: Path, value: Any, text: str
) -> None:
    assert read(tmp_path, "a.json", value, unanswerable=False) == {"q": text}


@pytest.mark.parametrize(
    ("name", "value", "ids"),
    [
        pytest.param("a.json", [{"id": 262, "prediction": "x"}], ["262"], id="rows"),
        pytest.param("a.json", [{"id": -57, "prediction": "x"}], ["-57"], id="negative"),
        pytest.param(
            "a.jsonl",
            '{"id": 7211011040021040393, "prediction": "x"}\n{"id": 7211011040021040394, "prediction": "x"}',
            ["7211011040021040393", "7211011040021040394"],
            id="more digits than a float has",
        ),
        pytest.param("a.jsonl", lines(sample(4, "x")), ["4"], id="lm-eval"),
        pytest.param("a.json", [farm(7, [{"answer": "x"}])], ["7"], id="FARM"),  # type: ignore[arg-type]
        pytest.param("a.csv", "007,x\n7,y\n", ["007", "7"], id="CSV"),
        pytest.param("a.json", [{"id": 4, "qid": "4", "prediction": "x"}], ["4"], id="the same twice"),
    ],
)
def test_ids_are_read_as_their_text(tmp_path: Path, name: str, value: Any, ids: list[str]) -> None:
    assert list(read(tmp_path, name, value)) == ids


def test_cells_of_a_table_are_texts(tmp_path: Path) -> None:
    table = 'id,prediction,no_answer_probability\na,"Holm, Ada",0.1\nb,1874,\nc,"two\nlines",0.25\nd,NaN,1\n'
    path = tmp_path / "a.csv"
    path.write_text(table, "utf-8")
    given = read_answers(path, SQUAD_V2)
    assert given.texts == {"a": "Holm, Ada", "b": "1874", "c": "two\nlines", "d": "NaN"}
    assert given.no_answer == {"a": 0.1, "c": 0.25, "d": 1.0}


def test_a_likelihood_of_no_answer_becomes_a_probability(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text(lines(sample("a", "x", ["-0.6931471805599453", "False"]), sample("b", "y")), "utf-8")
    assert read_answers(path, SQUAD_V2).no_answer == {"a": pytest.approx(0.5)}


def test_rows_marked_as_missing_are_no_answers(tmp_path: Path) -> None:
    value = lines(
        {"item": "a@*", "prediction": "", "missing": True},
        sample("b", "", missing=True),
        sample("c", "x", missing=False),
    )
    assert read(tmp_path, "a.jsonl", value) == {"c": "x"}
    assert read(tmp_path, "a.csv", "item,prediction,missing,error\na@x,,true,\nb@x,y,false,\n") == {
        "b@x": "y"
    }


def test_items_of_our_own_samples_are_their_questions(tmp_path: Path) -> None:
    of_a_set, of_an_article = sample("q%401@c0123456789ab", "x"), sample("losses@morning", "y")
    of_a_set["doc"]["article"], of_an_article["doc"]["article"] = "c0123456789ab", "morning"
    assert read(tmp_path, "a.jsonl", lines(of_a_set, of_an_article)) == {"q@1": "x", "losses@morning": "y"}


REFUSED = [
    pytest.param("a.json", {"q": [["x"]]}, '1: q[0]: is ["x"]; it should be a text or an obj', id="nested"),
    pytest.param("a.json", {"q": ["x", {"text": "y"}]}, '1: q: is ["x", {', id="texts and objects"),
    pytest.param("a.json", {"q": 1874}, "1: q: the answer is 1874; it should be a text or", id="number"),
    pytest.param("a.json", {"q": ["x", 4]}, "1: q[1]: is 4; it should be a text", id="number in a list"),
    pytest.param("a.json", {"q": {"answer": {"text": "x"}}}, "1: q.answer: is {", id="object in an object"),
    pytest.param("a.json", {"q": {"score": 0.5}}, "1: q: the answer is {", id="object without a text"),
    pytest.param(
        "a.json",
        {"q": {"text": ["x"], "answer_start": [3]}},
        "1: q: has answer_start, which only the golds",
        id="golds",
    ),
    pytest.param(
        "a.json",
        [{"id": "q", "answers": ["x", "y"]}],
        '1: answers: is ["x", "y"]; only one answer can be scored',
        id="several answers",
    ),
    pytest.param(
        "a.json",
        {"q": [{"text": "x", "score": 0.1}, {"text": "y", "score": 0.9}]},
        "1: q[1]: has a greater score than the one before it",
        id="not best first",
    ),
    pytest.param(
        "a.json",
        {"q": [{"text": "x", "probability": 2}]},
        "1: q[0].probability: is 2.0; it",
        id="probability",
    ),
    pytest.param(
        "a.json",
        '{"q": [{"text": "x", "score": NaN}]}',
        "1:31: q[0].score: NaN is not a number JSON has",
        id="NaN in a list",
    ),
    pytest.param(
        "a.json",
        '{"q": {"answer": "x", "score": 1' + "0" * 400 + "}}",
        "1: q.score: is 1000",
        id="huge score",
    ),
    pytest.param("a.json", {"q": {"answer": "x", "start": -5, "end": 2}}, "1: q.start: is -5", id="offset"),
    pytest.param(
        "a.json",
        {"q": {"answer": "x", "start": 5, "end": 2}},
        "1: q: has start 5 and end 2",
        id="span backwards",
    ),
    pytest.param("a.json", [{"id": 2.0, "prediction": "x"}], "1: id: is 2.0; an id is a text", id="float id"),
    pytest.param(
        "a.json", [{"id": True, "prediction": "x"}], "1: id: is true; it should", id="flag as an id"
    ),
    pytest.param("a.json", [{"id": "", "prediction": "x"}], '1: id: is ""; it should', id="empty id"),
    pytest.param(
        "a.json",
        [{"id": 0, "qid": "q", "prediction": "x"}],
        '1: id: the row has id "0" and qid "q"; keep the question',
        id="two ids",
    ),
    pytest.param(
        "a.json",
        [{"id": "q", "prediction": "x", "prediction_text": "y"}],
        '1: prediction_text: is "y", but prediction is "x"; keep the one',
        id="two answers",
    ),
    pytest.param(
        "a.json", [{"id": "q", "text": "The passage.", "answer": "x"}], "1: text: is", id="passage and answer"
    ),
    pytest.param(
        "a.jsonl",
        '{"query": "Who?", "answers": [{"answer": "x"}]}\n',
        "1: id: is missing or null; it should be the question's id (the row has query, answers)",
        id="haystack without ids",
    ),
    pytest.param(
        "a.json", {"0": {"id": "q", "prediction": "x"}}, '1: 0.id: is "q" under the key', id="index"
    ),
    pytest.param("a.json", {"id": ["q"], "answer": ["x"]}, '1: id: is ["q"]; it should be', id="columns"),
    pytest.param("a.json", {"score": {"0": 1}, "id": {"0": "q"}}, "1: id: is {", id="columns, score"),
    pytest.param(
        "a.json", '{"x": "y",\n"prediction": "z"}', "2: prediction: is the name of a field", id="key"
    ),
    pytest.param(
        "a.json", {"predictions": {"q": "x"}}, "1: predictions: holds the answers by id", id="wrapped"
    ),
    pytest.param(
        "a.json", {"answer": {"q": "x"}, "sp": {}}, "1: answer: holds the answers by id", id="HotpotQA"
    ),
    pytest.param("a.json", {"answers": {"q": "x"}}, "1: answers: holds the answers by id", id="wrapped too"),
    pytest.param("a.json", [["q", "x"]], '1: is ["q", "x"]; each row should be a JSON object', id="pairs"),
    pytest.param("a.json", ["x"], '1: is "x"; each row should be a JSON object, such as', id="answers alone"),
    pytest.param(
        "a.json",
        [[{"id": "q", "answer": ["x"]}]],
        "1: is [{",
        id="both lists of simpletransformers",
    ),
    pytest.param(
        "a.json",
        {"version": "v2.0", "data": [{"title": "T", "paragraphs": []}]},
        "1: is a data set, not predictions; give it to --dataset",
        id="SQuAD",
    ),
    pytest.param(
        "a.json",
        {"data": [{"title": "T", "paragraphs": []}], "version": "v2.0"},
        "1: is a data set, not predictions",
        id="SQuAD, in another order",
    ),
    pytest.param(
        "a.jsonl",
        lines(
            {
                "id": "q",
                "question": "Who?",
                "context": "By x.",
                "answers": {"text": ["x"], "answer_start": [3]},
            }
        ),
        "1: is a data set, not predictions",
        id="rows of a data set",
    ),
    pytest.param("a.jsonl", lines({"header": {"dataset": "d"}}), "1: is a data set, not", id="MRQA"),
    pytest.param(
        "a.json",
        {"checksums": {}, "rows": [], "schema_version": 1},
        "1: is the leaderboard of a run; name",
        id="run",
    ),
    pytest.param(
        "a.json", {"results": {}, "configs": {}}, "1: holds results, not answers; name", id="results"
    ),
    pytest.param("a.json", {"exact": 50.0, "f1": 60.0}, "1: holds scores, not answers; name", id="scores"),
    pytest.param(
        "a.jsonl",
        lines(sample("q", ["-1.5", "False"], ["-2.5", "False"])),
        "1: filtered_resps[0]: is",
        id="choices",
    ),
    pytest.param("a.jsonl", lines(sample("q", ["x", "y"])), "1: filtered_resps[0]: is [", id="repeats"),
    pytest.param(
        "a.jsonl", lines(sample("q", "x", ["nan", "False"])), "1: filtered_resps[1]: is [", id="likelihood"
    ),
    pytest.param(
        "a.jsonl", lines({"doc_id": 0, "resps": [["x"]]}), "1: doc: is missing or null; it", id="no doc"
    ),
    pytest.param(
        "a.jsonl", lines(sample(None, "x")), "1: doc.id: is missing or null", id="lm-eval without ids"
    ),
    pytest.param(
        "a.csv", "id;answer\nq;x\n", "1: has 1 column without names; it should have two", id="semicolons"
    ),
    pytest.param("a.csv", "q,Holm, Ada\n", "1: has 3 columns without names", id="comma in an answer"),
    pytest.param(
        "a.csv", "id,answer\nq,Holm, Ada\n", "2: has 3 cells where 2 should be; put an answer", id="cells"
    ),
    pytest.param("a.csv", "id,answer\nq\n", "2: has 1 cell where 2 should be", id="no comma"),
    pytest.param("a.csv", 'id,answer\nq,"x\n', "2: is not a table (unexpected end of data)", id="open quote"),
    pytest.param(
        "a.csv", "question,answer\nWho?,x\n", '1: names the columns "question", "answer"; none', id="no id"
    ),
    pytest.param(
        "a.csv",
        "id,question\nq,Who?\n",
        '1: names the columns "id", "question"; none of them is',
        id="none",
    ),
    pytest.param(
        "a.csv", "id,answer,answer\nq,x,y\n", "1: names a column twice: id, answer, answer", id="twice"
    ),
    pytest.param(
        "a.csv",
        "id,answer,no_answer_probability\nq,x,nan\n",
        "2: no_answer_probability: is NaN; it should be a number",
        id="NaN in a table",
    ),
    pytest.param(
        "a.csv", "\ufeffid,answer\nq,x\n", ": starts with a byte-order mark; save as UTF-8", id="BOM"
    ),
    pytest.param(
        "a.csv", '{"q": "x"}', ": is JSON, but called .csv; rename it to .json", id="JSON called CSV"
    ),
    pytest.param(
        "a.json", "id,answer\nq,x\n", "1: is neither a JSON object from ids to answers", id="CSV called JSON"
    ),
    pytest.param(
        "a.xlsx", "PK\x03\x04", ": is a zip archive or an Excel workbook; unpack it, or", id="Excel"
    ),
    pytest.param("a.parquet", "PAR1", ": is a Parquet file; write it as CSV", id="Parquet"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_what_leaves_a_doubt_is_refused_with_the_reason(
    tmp_path: Path, name: str, value: Any, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, name, value)
    assert (
        str(caught.value.findings[0])
        .removeprefix(str(tmp_path / name))
        .removeprefix(":")
        .startswith(message.removeprefix(":"))
    )


def test_a_pickle_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(InputError, match="is a Python pickle, and reading one can run code"):
        read_answers(path, SQUAD_V2)


def test_a_packed_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps(BRIDGE).encode())[:-12])
    with pytest.raises(InputError, match="ends too early: the gzip file is cut off; fetch it again"):
        read_answers(path, SQUAD_V2)


def test_a_folder_is_refused_with_the_file_to_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is a folder; name the file of predictions in it"):
        read_answers(tmp_path, SQUAD_V2)
    (tmp_path / "predictions").mkdir()
    (tmp_path / "leaderboard.json").write_text("{}", "utf-8")
    (tmp_path / "predictions" / "m.jsonl").write_text("{}", "utf-8")
    with pytest.raises(
        InputError, match=r"it is a run folder; name a file of its answers, such as .*m\.jsonl"
    ):
        read_answers(tmp_path, SQUAD_V2)


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        (
            [sample("q", "x", filter="strict"), sample("q", "y", filter="flexible")],
            "a row for each filter, keep",
        ),
        (
            [{"id": "q", "model": m, "prediction": m} for m in "xy"],
            "the file holds several models; keep the rows",
        ),
    ],
)
def test_an_id_with_two_answers_says_why_it_may_be(tmp_path: Path, rows: list[Any], hint: str) -> None:
    with pytest.raises(InputError, match=rf"'q' is there twice, with the answers \"x\" and \"y\"; .*{hint}"):
        read(tmp_path, "a.jsonl", lines(*rows))
