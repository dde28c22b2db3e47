"""`qa-eval score`: every shape of predictions file, the official keys, and what is said beside them."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa_eval import evaluate, score
from qa_eval.errors import InputError, QaEvalError
from qa_eval.evaluation.given_answers import read_answers
from qa_eval.metrics.rules.squad import SQUAD_V1, SQUAD_V2
from qa_eval.records import Example
from qa_eval.runs.options import RunOptions
from tests.support.command_line import call
from tests.support.plain_rules import plain_means, plain_v2

Write = Callable[[str, Any], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, value: Any) -> Path:
        path = tmp_path / name
        path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
        return path

    return write


def squad(questions: Mapping[str, list[str]]) -> dict[str, Any]:
    """A SQuAD file: two questions to a context, each context holding its golds."""
    paragraphs = []
    ids = list(questions)
    for start in range(0, len(ids), 2):
        pair = ids[start : start + 2]
        context = f"Passage {start}: " + ". ".join(gold for id in pair for gold in questions[id])
        qas = [
            {
                "id": id,
                "question": f"What of {id}?",
                "answers": [{"text": g, "answer_start": context.index(g)} for g in questions[id]],
                "is_impossible": not questions[id],
            }
            for id in pair
        ]
        paragraphs.append({"context": context, "qas": qas})
    return {"version": "v2.0", "data": [{"title": "T", "paragraphs": paragraphs}]}


QUESTIONS = {"q1": ["the old city", "old city"], "q2": ["417"], "q3": [], "q4": ["Palmyra"]}
ANSWERABLE = {"q1": ["the old city", "old city"], "q2": ["417"]}
ANSWERS = {"q1": "old city", "q2": "over 417", "q3": "", "q4": "x"}


# ------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.json", json.dumps(ANSWERS), id="object"),
        pytest.param("a.json", json.dumps(ANSWERS, indent=4), id="object over lines"),
        pytest.param(
            "a.jsonl",
            "".join(json.dumps({"id": i, "prediction": t}) + "\n" for i, t in ANSWERS.items()),
            id="rows",
        ),
        pytest.param(
            "a.json",
            json.dumps([{"id": i, "prediction_text": t} for i, t in ANSWERS.items()]),
            id="list as evaluate takes it",
        ),
        pytest.param(
            "nbest_predictions.json",
            json.dumps({i: [{"text": t, "probability": 1.0}] for i, t in ANSWERS.items()}),
            id="n-best",
        ),
    ],
)
def test_every_shape_of_file_gives_the_same_scores(write: Write, name: str, text: str) -> None:
    dataset = write("dev.json", squad(QUESTIONS))
    card = score(write(name, text), f"squad:{dataset}")
    assert card.rules == "squad-v2.0"
    assert card.official() == pytest.approx(plain_v2(list(QUESTIONS.items()), ANSWERS), abs=1e-9)
    assert list(card.official()) == [
        f"{prefix}{key}" for prefix in ("", "HasAns_", "NoAns_") for key in ("exact", "f1", "total")
    ]


def test_the_rows_that_a_run_writes_are_matched_by_the_questions_own_ids(write: Write) -> None:
    example = Example(id="50%@~*", question="What?", context="x", context_id=f"c{0:012}", golds=("x",))
    row = {"item": str(example.item), "fact": example.item.fact, "prediction": "x", "error": None}
    assert read_answers(write("a.jsonl", row), SQUAD_V2).texts == {example.id: "x"}
    with pytest.raises(InputError, match=r"a\.jsonl:1: item: not an item id: 'q1'"):
        read_answers(write("a.jsonl", row | {"item": "q1"}), SQUAD_V2)


def entry(text: str, **scores: float) -> dict[str, Any]:
    return {"text": text} | scores


@pytest.mark.parametrize(
    ("listed", "with_unanswerable", "without"),
    [
        pytest.param([entry("a"), entry("b")], "a", "a", id="the first"),
        pytest.param([entry(""), entry("b")], "", "b", id="empty first, no scores"),
        pytest.param([entry("a"), entry("")], "a", "a", id="empty last, no scores"),
        pytest.param(
            [entry("a", start_logit=1.0, end_logit=1.0), entry("", start_logit=1.0, end_logit=1.0)],
            "a",
            "a",
            id="a tie answers",
        ),
        pytest.param(
            [entry("", start_logit=1.0, end_logit=1.0), entry("a", start_logit=1.0, end_logit=1.0)],
            "a",
            "a",
            id="a tie answers in any order",
        ),
        pytest.param(
            [entry("empty", start_logit=0.0, end_logit=0.0), entry("", start_logit=2.0, end_logit=1.0)],
            "",
            "empty",
            id="run_squad's nonce answer stands first and loses",
        ),
        pytest.param(
            [
                entry("a", start_log_prob=-1.0, end_log_prob=-1.0),
                entry("b", start_log_prob=-2.0, end_log_prob=0.0),
            ],
            "a",
            "a",
            id="XLNet's, without an empty text",
        ),
        pytest.param([entry("a", score=1.0), entry("", score=2.0)], "", "a", id="scores"),
        pytest.param([entry("a", probability=0.4), entry("", probability=0.6)], "", "a", id="probabilities"),
        pytest.param([entry("")], "", "", id="nothing else"),
    ],
)
def test_the_answer_of_an_n_best_list_is_what_its_writer_answers(
    write: Write, listed: list[dict[str, Any]], with_unanswerable: str, without: str
) -> None:
    path = write("nbest.json", {"q1": listed})
    assert read_answers(path, SQUAD_V2).texts == {"q1": with_unanswerable}
    assert read_answers(path, SQUAD_V1).texts == {"q1": without}


@pytest.mark.parametrize(
    ("name", "text", "messages"),
    [
        pytest.param(
            "a.json",
            '{"q1": 3, "q2": true}',
            ["1: q1: the answer is 3; it should be a text or an", "1: q2: the answer is true"],
            id="types",
        ),
        pytest.param(
            "a.json",
            '{"q1": [3]}',
            ["1: q1[0]: is 3; it should be a text or an object with a text"],
            id="n-best",
        ),
        pytest.param(
            "a.json",
            '{"q1": [{"text": "a", "probability": "high"}]}',
            ['1: q1[0].probability: is "high"'],
            id="n-best score",
        ),
        pytest.param(
            "a.jsonl",
            '{"prediction": "x"}\n{"id": "q1"}',
            [
                "1: id: is missing or null",
                "2: prediction: is missing or null; it should be a text (empty for no answer)",
            ],
            id="rows",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "q1", "prediction": "x", "no_answer_probability": "no"}',
            ['1: no_answer_probability: is "no"'],
            id="probability",
        ),
        pytest.param(
            "a.json",
            '{"q1": "x",\n"q1": "y"}',
            ['2: id: \'q1\' is there twice, with the answers "x" and "y"'],
            id="twice, differently",
        ),
        pytest.param(
            "a.jsonl",
            '{"id": "q1", "prediction": "x", "no_answer_probability": 0.1}\n{"id": "q1", "prediction": "x"}',
            ["2: id: 'q1' is there twice, with different no-answer probabilities"],
            id="twice, other probability",
        ),
        pytest.param("a.json", '{"q1": "x"', ["1:11: not valid JSON"], id="cut"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_all_that_is_wrong(
    write: Write, name: str, text: str, messages: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        read_answers(write(name, text), SQUAD_V2)
    found = [str(f).partition(f"{name}:")[2] for f in caught.value.findings]
    assert len(found) == len(messages)
    assert all(f.startswith(m) for f, m in zip(found, messages, strict=True)), found


# ------------------------------------------------------------------------------------------ numbers


def made_up(seed: int) -> tuple[dict[str, list[str]], dict[str, str], dict[str, float]]:
    rng = random.Random(seed)
    words = ["the", "x", "y", "z", "old", "400", "3.5", "al-Asaad"]
    questions = {
        f"q{i}": [" ".join(rng.choices(words, k=rng.randint(1, 3))) for _ in range(rng.randint(0, 2))]
        for i in range(300)
    }
    answers = {id: rng.choice([*golds, "", "x", "the", "old x y"]) for id, golds in questions.items()}
    probabilities = {id: rng.random() for id in questions}
    return questions, answers, probabilities


def test_a_whole_file_scores_to_the_last_digit_as_by_the_official_script(write: Write) -> None:
    questions, answers, probabilities = made_up(1)
    dataset = write("dev.json", squad(questions))
    card = score(write("a.json", answers), f"squad:{dataset}", na_probs=write("na.json", probabilities))
    official = plain_v2(list(questions.items()), answers, probabilities)
    assert list(card.official()) == list(official)
    assert card.official() == pytest.approx(official, abs=1e-9)
    assert (card.notes, card.missing, card.extra) == ((), (), ())
    assert card.scores["exact"].clusters == 150


@pytest.mark.parametrize("rules", ["squad-v1.1", "mrqa", "mlqa-de", "korquad-v1", "cmrc2018"])
def test_rules_can_be_chosen(write: Write, rules: str) -> None:
    dataset = write("dev.json", squad(ANSWERABLE))
    answers = {"q1": "die old city", "q2": "„417“"}
    card = score(answers, f"squad:{dataset}", rules=rules)
    assert card.official() == pytest.approx(plain_means(list(ANSWERABLE.items()), answers, rules), abs=1e-9)
    own = ["AVERAGE", "F1", "EM", "TOTAL", "SKIP"] if rules == "cmrc2018" else []
    assert list(card.official()) == [*own, "exact_match", "f1"]
    default = "the default for this data set is squad-v1.1"
    other = () if rules == "squad-v1.1" else (f"scored by {rules}, as requested; {default}",)
    assert card.notes == other


def test_missing_extra_and_repeated_ids_are_counted_and_listed(write: Write) -> None:
    dataset = write("dev.json", squad(QUESTIONS))
    rows = [
        {"id": "q4", "prediction": "Palmyra"},
        {"id": "zz", "prediction": "x"},
        {"id": "q4", "prediction": "Palmyra"},
        {"id": "q2", "prediction": "", "error": "no room"},
    ]
    path = write("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    card = score(path, f"squad:{dataset}")
    assert card.official() == {
        "exact": 25.0, "f1": 25.0, "total": 4,
        "HasAns_exact": pytest.approx(100 / 3), "HasAns_f1": pytest.approx(100 / 3), "HasAns_total": 3,
        "NoAns_exact": 0.0, "NoAns_f1": 0.0, "NoAns_total": 1,
    }  # fmt: skip
    added = card.as_json()["qa_eval"]
    assert {k: added[k] for k in ("missing", "extra", "duplicates", "failed")} == {
        "missing": ("q1", "q2", "q3"),
        "extra": ("zz",),
        "duplicates": ("q4",),
        "failed": ("q2",),
    }
    assert added["counts"] == {
        "questions": 4, "contexts": 2, "answered": 1, "abstained": 0,
        "missing": 3, "extra": 1, "duplicates": 1, "failed": 1,
    }  # fmt: skip
    assert [note.partition(":")[0] for note in card.notes] == [
        "1 row with an error instead of an answer",
        "3 of 4 questions without a prediction",
        "1 prediction for no question of the data set",
        "1 id repeated with the same answer",
    ]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        pytest.param({"limit": 2}, "--limit 2", id="limit"),
        pytest.param({"sample": 1}, "--sample 1", id="sample"),
    ],
)
def test_a_note_says_that_a_run_did_not_ask_the_missing_questions(
    write: Write, tmp_path: Path, options: dict[str, Any], why: str, own_cache: Path
) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    run = evaluate(
        "baseline:abstain", dataset=dataset, out=tmp_path, name="run", options=RunOptions(**options)
    )
    assert run.path is not None
    (file,) = (run.path / "predictions").iterdir()
    card = score(file, dataset)
    assert len(card.missing) == 4 - next(iter(options.values()))
    assert card.notes[-1] == (
        f"the file belongs to a run that did not ask every question ({why}): "
        f"`qa-eval leaderboard {run.path}` shows the scores on those that it asked"
    )


def test_no_note_speaks_of_a_run_that_asked_everything_or_has_no_such_file(
    write: Write, tmp_path: Path, own_cache: Path
) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    longer = f"squad:{write('longer.json', squad({'q0': ['x'], 'qx': ['y']} | QUESTIONS))}"
    run = evaluate("baseline:abstain", dataset=dataset, out=tmp_path, name="run")
    limited = evaluate("baseline:abstain", dataset=dataset, out=tmp_path, name="limited", limit=1)
    assert run.path is not None
    assert limited.path is not None
    (file,) = (run.path / "predictions").iterdir()
    (other,) = (limited.path / "predictions").iterdir()
    stranger = other.with_name("stranger.jsonl")
    other.rename(stranger)
    assert score(file, dataset).notes == ()
    assert score(file, longer).missing == ("q0", "qx")
    assert not any("qa-eval" in note for note in score(file, longer).notes)
    assert not any("belongs to a run" in note for note in score(stranger, dataset).notes)
    short = write("short.json", dict(list(ANSWERS.items())[:2]))
    of_file = evaluate(f"predictions:{short}", dataset=dataset, out=tmp_path, name="whole", limit=100)
    assert of_file.path is not None
    (asked,) = (of_file.path / "predictions").iterdir()
    assert len(score(asked, dataset).missing) == 2
    assert not any("belongs to a run" in note for note in score(asked, dataset).notes), "all were asked"
    (limited.path / "leaderboard.json").write_text("no JSON", "utf-8")
    stranger.rename(other)
    assert not any("belongs to a run" in note for note in score(other, dataset).notes)


def test_a_note_names_the_command_that_scores_only_the_first_questions(write: Write) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    first = dict(list(ANSWERS.items())[:2])
    path = write("a.json", first)
    assert score(path, dataset).notes[-1] == (
        "only the first 2 questions of the data set have a prediction, as after `run --limit 2`: "
        "`run -m predictions:FILE --limit 2` with the same data set and options scores these alone"
    )
    assert not any("--limit" in note for note in score(first, dataset).notes), "there is no file"
    golds = {id: ["x"] for id in ANSWERS}
    assert not any("--limit" in note for note in score(path, golds).notes), "there is no data set to run"
    later = {id: text for id, text in ANSWERS.items() if id not in first}
    assert not any("--limit" in note for note in score(write("b.json", later), dataset).notes)


def test_probabilities_of_rows_and_of_a_file_count_alike(write: Write) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    probabilities = {"q1": 0.1, "q2": 0.2, "q3": 0.9, "q4": 0.3}
    rows = [{"id": i, "prediction": t, "no_answer_probability": probabilities[i]} for i, t in ANSWERS.items()]
    by_rows = score(write("a.jsonl", "\n".join(map(json.dumps, rows))), dataset)
    by_file = score(ANSWERS, dataset, na_probs=write("na.json", probabilities))
    by_mapping = score(ANSWERS, dataset, na_probs=probabilities)
    assert by_rows.official() == by_file.official() == by_mapping.official()
    assert "best_f1_thresh" in by_rows.official()


def test_what_a_threshold_does_is_said(write: Write) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    answers = dict.fromkeys(QUESTIONS, "x")
    card = score(answers, dataset, na_probs={"q1": 0.5, "q2": 2.5, "q3": 0.5}, na_threshold=2.0)
    assert card.notes == (
        "1 answer with a no-answer probability above 2: read as no answer",
        "1 answer without a no-answer probability: "
        "counted as answered at every threshold; the official script stops there",
    )
    tied = {"q1": "old city", "q2": "x", "q3": "x", "q4": "x"}
    card = score(tied, dataset, na_probs=dict.fromkeys(QUESTIONS, 0.0))
    # All refused: the one silent question. All given: q1. The search stops after q1, before it loses q3.
    assert card.official()["best_exact"] == 25.0
    assert card.notes == (
        "best_exact: the official search reports 50.0000 at 0, which splits a tie; no threshold can do that",
        "best_f1: the official search reports 50.0000 at 0, which splits a tie; no threshold can do that",
    )


def test_a_threshold_that_refuses_all_is_below_all_probabilities_and_the_difference_is_said(
    write: Write,
) -> None:
    dataset = f"squad:{write('dev.json', squad({'q1': []}))}"
    card = score({"q1": "x"}, dataset, na_probs={"q1": 0.0})
    assert (card.official()["best_f1"], card.official()["best_f1_thresh"]) == (100.0, -1.0)
    assert card.notes == (
        "best_exact: the official search reports 100.0000 at 0, a threshold that does not reach this score",
        "best_f1: the official search reports 100.0000 at 0, a threshold that does not reach this score",
    )


def test_probabilities_in_rows_do_not_matter_where_every_question_has_an_answer(write: Write) -> None:
    dataset = f"squad:{write('dev.json', squad({'q1': ['x']}))}"
    row = {"id": "q1", "prediction": "x", "no_answer_probability": 0.9}
    card = score(write("a.jsonl", row), dataset)
    assert card.official() == {"exact_match": 100.0, "f1": 100.0}
    assert card.notes == (
        "no-answer probabilities: ignored, because squad-v1.1 has no unanswerable questions",
    )


# ------------------------------------------------------------------------------------------ refusals


def test_what_does_not_fit_is_refused(write: Write) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    with pytest.raises(
        QaEvalError, match=r"rules: 'squad' is none of squad-v1\.1, squad-v2\.0.*; did you mean"
    ):
        score(ANSWERS, dataset, rules="squad")
    with pytest.raises(QaEvalError, match=r"1 of 4 questions have no gold, such as 'q3'; squad-v1\.1"):
        score(ANSWERS, dataset, rules="squad-v1.1")
    with pytest.raises(QaEvalError, match="mrqa has no unanswerable questions"):
        score(ANSWERS, f"squad:{write('v1.json', squad(ANSWERABLE))}", rules="mrqa", na_probs={})


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        pytest.param(
            '{"q1": "x",\n"q2": true}', ['1: q1: is "x"; it should be a number', "2: q2: is true"], id="types"
        ),
        pytest.param('{"q1": null}', ["1: q1: is missing or null; it should be a number"], id="null"),
        pytest.param('{"q1": NaN}', ["1:8: q1: NaN is not a number JSON has"], id="NaN"),
        pytest.param('[{"id": "q1"}]', ["1: is {"], id="rows"),
        pytest.param('{"q1": 0.1, "q1": 0.2}', ["1: q1: is there twice, as 0.1 and 0.2"], id="twice"),
    ],
)
def test_wrong_probabilities_are_refused(write: Write, text: str, messages: list[str]) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    with pytest.raises(InputError) as caught:
        score(ANSWERS, dataset, na_probs=write("na.json", text))
    found = [str(f).partition("na.json:")[2] for f in caught.value.findings]
    assert all(f.startswith(m) for f, m in zip(found, messages, strict=True)), found


# ------------------------------------------------------------------------------------------ in memory


IN_MEMORY = [
    pytest.param({"q1": "old city", "q2": "over 417", "q3": None, "q4": "x"}, id="None"),
    pytest.param({"q1": ["old city", "x"], "q2": ("over 417",), "q3": [], "q4": "x"}, id="lists"),
    pytest.param({"q1": {"answer": "old city"}, "q2": "over 417", "q3": "", "q4": "x"}, id="objects"),
    pytest.param([{"id": i, "prediction_text": t} for i, t in ANSWERS.items()], id="rows"),
    pytest.param(({"id": i, "answer": [t]} for i, t in ANSWERS.items()), id="an iterator of rows"),
    pytest.param({np.str_(i): np.str_(t) for i, t in ANSWERS.items()}, id="texts of NumPy"),
    pytest.param({i: np.array([t, "y"]) for i, t in ANSWERS.items()}, id="arrays of NumPy"),
]


@pytest.mark.parametrize("answers", IN_MEMORY)
def test_answers_in_memory_mean_what_they_mean_in_a_file(write: Write, answers: Any) -> None:
    card = score(answers, f"squad:{write('dev.json', squad(QUESTIONS))}", resamples=1)
    assert card.official() == pytest.approx(plain_v2(list(QUESTIONS.items()), ANSWERS), abs=1e-9)


def test_a_series_of_pandas_is_a_mapping(write: Write) -> None:
    pandas = pytest.importorskip("pandas")
    answers = pandas.Series(ANSWERS)
    card = score(answers, f"squad:{write('dev.json', squad(QUESTIONS))}", resamples=1)
    assert card.official() == pytest.approx(plain_v2(list(QUESTIONS.items()), ANSWERS), abs=1e-9)


def test_a_value_that_holds_itself_and_one_that_is_no_answers_are_refused(write: Write) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(InputError, match="predictions: is nested too deeply"):
        score({"q1": endless}, dataset)
    with pytest.raises(QaEvalError, match="predictions: is 5; give a file, answers by id, or rows"):
        score(5, dataset)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [int, np.int64])
def test_whole_numbers_in_memory_are_ids_by_their_digits(write: Write, number: type) -> None:
    id = number(7211011040021040393)
    dataset = f"squad:{write('dev.json', squad({str(id): ['417']}))}"
    for answers in ({id: "417"}, [{"id": id, "prediction": "417"}]):
        card = score(answers, dataset, rules="squad-v2.0", na_probs={id: number(0)}, resamples=1)
        assert (card.official()["exact"], card.extra) == (100.0, ())


@pytest.mark.parametrize(
    ("answers", "probabilities", "messages"),
    [
        pytest.param(
            {"q1": 1874, "q2": math.nan, "q3": True},
            None,
            [
                "predictions: q1: the answer is 1874; it should be a text or",
                "predictions: q2: the answer is NaN; it should be a text or",
                "predictions: q3: the answer is true; it should be a text or",
            ],
            id="no texts",
        ),
        pytest.param({"q1": {"x"}}, None, ["predictions: q1: the answer is "], id="a set"),
        pytest.param(
            {1.5: "x"}, None, ["predictions: id: is 1.5; an id is a text or a whole"], id="float id"
        ),
        pytest.param(
            {1: "x", "1": "y"}, None, ["predictions: id: '1' is there twice, with the answers"], id="twice"
        ),
        pytest.param(
            ["x"], None, ['predictions: [0]: is "x"; it should be a dict with id'], id="texts alone"
        ),
        pytest.param(
            [{"id": "q1"}],
            None,
            ["predictions: [0].prediction: is missing or null; it should"],
            id="no answer",
        ),
        pytest.param(
            [{"id": "q1", "prediction": "x", "no_answer_probability": np.float32("nan")}],
            None,
            ["predictions: [0].no_answer_probability: is NaN; it should be a number"],
            id="NaN in a row",
        ),
        pytest.param(
            ANSWERS,
            {"q1": None, "q2": math.nan, "q3": np.inf, "q4": 10**400},
            [
                "na_probs: q1: is missing or null; it should be a number",
                "na_probs: q2: is NaN; it should be a number",
                "na_probs: q3: is Infinity; it should be a number",
                "na_probs: q4: is 1000",
            ],
            id="probabilities",
        ),
    ],
)
def test_answers_in_memory_that_are_wrong_are_refused_with_all_that_is_wrong(
    write: Write, answers: Any, probabilities: Any, messages: list[str]
) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    with pytest.raises(InputError) as caught:
        score(answers, dataset, na_probs=probabilities)
    found = [str(f) for f in caught.value.findings]
    assert len(found) == len(messages)
    assert all(f.startswith(m) for f, m in zip(found, messages, strict=True)), found


def test_what_was_read_as_no_answer_and_what_fits_no_question_is_noted(write: Write) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    assert score(ANSWERS | {"q3": None}, dataset, resamples=1).notes == ("1 answer null: read as no answer",)
    notes = score({"Q1": "old city"}, dataset, resamples=1).notes
    assert notes[0] == 'no prediction belongs to a question of the data set: its ids differ from "Q1"'


def test_probabilities_are_read_from_tables_and_packed_files(write: Write, tmp_path: Path) -> None:
    dataset = f"squad:{write('dev.json', squad(QUESTIONS))}"
    probabilities = {"q1": 0.25, "q2": 0.5, "q3": 0.75, "q4": 1.0}
    table = "id,no_answer_probability\n" + "".join(f"{id},{p}\n" for id, p in probabilities.items())
    packed = tmp_path / "null_odds.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(probabilities).encode()))
    expected = plain_v2(list(QUESTIONS.items()), ANSWERS, probabilities)
    for file in (write("na.csv", table), packed):
        card = score(ANSWERS, dataset, na_probs=file, resamples=1)
        assert card.official() == pytest.approx(expected, abs=1e-9)


# ------------------------------------------------------------------------------------------ the command


def test_the_command_prints_a_table(write: Write) -> None:
    dataset = write("dev.json", squad(QUESTIONS))
    answers = {f"extra{i}": "x" for i in range(6)} | {"q1": "old city", "bad\x1b[31m": "x"}
    probabilities = write("na.json", dict.fromkeys([*answers, *QUESTIONS], 0.25))
    flags = ("--dataset", f"squad:{dataset}", "--na-probs", probabilities)
    result = call("score", write("a.json", answers), *flags, columns=100)
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["all", "25.0"] in [line[:2] for line in lines]
    assert next(line for line in lines if line[:2] == ["has", "answer"])[2] == "33.3"
    assert next(line for line in lines if line[:2] == ["best", "threshold"])[-2:] == ["at", "0.25"]
    assert "missing: q2, q3, q4" in result.stdout
    assert "extra: extra0, extra1, extra2, extra3, extra4 and 2 more (--json has them all)" in result.stdout
    assert "\x1b" not in result.stdout


def test_the_table_of_a_set_without_unanswerable_questions_is_one_line(write: Write) -> None:
    dataset = write("dev.json", squad(ANSWERABLE))
    result = call("score", write("a.json", {"q1": "city", "q2": "417"}), "--dataset", f"squad:{dataset}")
    assert result.exit_code == 0, result.output
    _, row, blank, counts, caption = result.stdout.splitlines()[-5:]
    # 1 of 2 exact; F1 of "city" against "old city": 2/3.
    assert row.split()[:2] == ["all", "50.0"]
    assert "83.3" in row
    assert (blank, counts) == ("", "2 answered, 0 abstained, 0 missing")
    assert caption == "percent; too few contexts for an interval: 1, and 8 are needed"


def test_the_command_prints_the_official_keys_as_json(write: Write) -> None:
    dataset = write("dev.json", squad(QUESTIONS))
    answers = write("a.json", ANSWERS | {"\x9b\u202e": "x"})
    result = call("score", answers, "--dataset", f"squad:{dataset}", "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    added = printed.pop("qa_eval")
    assert printed == pytest.approx(plain_v2(list(QUESTIONS.items()), ANSWERS), abs=1e-9)
    assert added["extra"] == ["\x9b\u202e"]
    assert "\x9b" not in result.stdout
    assert added["official"] == {"keys": list(printed), "unit": "percent"}
    exact = added["scores"]["exact"]
    assert exact["value"] == pytest.approx(printed["exact"] / 100)
    # Two contexts are too few for an interval.
    assert (exact["low"], exact["high"], exact["method"]) == (None, None, "too-few")
    assert (exact["n"], exact["clusters"]) == (4, 2)
    assert added["sha256"]["predictions"] == hashlib.sha256(answers.read_bytes()).hexdigest()
    assert set(added["sha256"]) == {"predictions", "questions", "contexts"}


@pytest.mark.parametrize(
    ("predictions", "dataset", "flags", "message"),
    [
        pytest.param('{"q1": 3}', None, [], "a.json:1: q1: the answer is 3", id="predictions"),
        pytest.param("{}", "squad:none.json", [], "none.json", id="no such data set"),
        pytest.param("{}", "nonsense", [], "nonsense", id="no spec"),
        pytest.param("{}", None, ["--rules", "squad"], "'squad-v1.1'", id="rules"),
        pytest.param(
            "{}", None, ["--na-probs", "none.json"], "none.json: there is no such file", id="na-probs"
        ),
    ],
)
def test_mistakes_are_told_without_a_traceback(
    write: Write, predictions: str, dataset: str | None, flags: list[str], message: str
) -> None:
    spec = dataset or f"squad:{write('dev.json', squad(QUESTIONS))}"
    result = call("score", write("a.json", predictions), "--dataset", spec, *flags)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output
