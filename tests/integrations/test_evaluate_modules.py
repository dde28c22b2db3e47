"""The metrics of `evaluate`: loaded by path and by import, combined, offline, and inside a `Trainer`."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import evaluate
import numpy as np
import pytest
import torch
import transformers

import qa_eval as qa
from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import open_dataset
from qa_eval.integrations import CONTESTED, SQUAD_V1, SQUAD_V2
from qa_eval.integrations.contested import Contested
from qa_eval.integrations.squad_v1 import SquadV1
from qa_eval.integrations.squad_v2 import SquadV2
from tests.integrations.test_reports import asked, said, wanted
from tests.support.passage_sets import write_facts
from tests.support.places import ROOT
from tests.support.tiny_models import build
from tests.support.worked_example import LOSSES, SAID

PATHS = {"squad_v1": SQUAD_V1, "squad_v2": SQUAD_V2, "contested": CONTESTED}
CLASSES = {"squad_v1": SquadV1, "squad_v2": SquadV2, "contested": Contested}

PREDICTIONS = [said(f"losses@{article}", text) for article, text in SAID.items()]
REFERENCES = [asked(LOSSES, a) | wanted(f"losses@{a}", *LOSSES.own_golds(a)) for a in SAID]
"""The worked example, for all three metrics at once; E is silent, so it has no gold."""
SCORES = {
    # EM 1 of 5; F1 (0.4 + 0 + 0 + 1 + 0) / 5: see `test_reports`.
    "squad_v2": {
        "exact": 20.0,
        "f1": 28.0,
        "total": 5,
        "HasAns_exact": 25.0,
        "HasAns_f1": 35.0,
        "NoAns_f1": 0.0,
    },
    "contested": {"em": 0.2, "f1": 0.28, "match": 0.6, "leak": 0.25, "lenient": 1.0, "total": 5},
}


@pytest.fixture(scope="module", autouse=True)
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Caches of the tests' own, and no network."""

    def refuse(*_: object) -> None:
        raise OSError("no network in this test")

    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("evaluate")
        for name in ("HF_MODULES_CACHE", "HF_METRICS_CACHE", "HF_EVALUATE_CACHE"):
            patch.setattr(evaluate.config, name, str(folder / name.lower()))
        patch.setattr(socket.socket, "connect", refuse)
        yield


@pytest.fixture(scope="module")
def loaded(offline: None) -> dict[str, Any]:
    return {name: evaluate.load(path) for name, path in PATHS.items()}


def close(found: dict[str, Any], expected: dict[str, Any]) -> bool:
    return {key: found[key] for key in expected} == pytest.approx(expected)


@pytest.mark.parametrize("name", ["squad_v2", "contested"])
def test_by_path_and_by_import_the_same_scores_come_out(name: str, loaded: dict[str, Any]) -> None:
    by_path = loaded[name].compute(predictions=PREDICTIONS, references=REFERENCES)
    assert close(by_path, SCORES[name])
    assert CLASSES[name]().compute(predictions=PREDICTIONS, references=REFERENCES) == by_path


def test_facts_with_their_own_passages_are_scored_as_in_a_run(loaded: dict[str, Any], tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "facts.jsonl")
    model = "baseline:first-of-type"
    run = qa.evaluate(model, dataset=spec, options=qa.RunOptions(resamples=99))
    dataset = open_dataset(spec)
    assert isinstance(dataset, ClaimSet)
    references = []
    for fact in dataset.chosen():
        claims = [
            {
                "id": claim.id,
                "evidence": [{"article": e.article, "text": e.text} for e in claim.evidence],
                "aliases": list(claim.aliases),
            }
            for claim in fact.question.claims
        ]
        asked = {"fact": fact.question.id, "answer_type": fact.question.answer_type, "claims": claims}
        for article in [*(passage.id for passage in fact.passages), "*"]:
            references.append({"id": f"{fact.question.id}@{article}", "article": article, **asked})
    rows = run.predictions(model)
    answers = [{"id": row.item, "prediction_text": row.prediction} for row in rows]
    found = loaded["contested"].compute(predictions=answers, references=references)
    metrics = run.leaderboard.row(model).metrics
    for id in ("em", "f1", "em_any", "match", "balanced_f1", "no_answer_recall"):
        assert found[id] == pytest.approx(metrics["reading"][id].value), id
    for id in ("em_any", "support"):
        assert found[f"pooled_{id}"] == pytest.approx(metrics["pooled"][id].value), id


def test_squad_1_has_its_official_keys(loaded: dict[str, Any]) -> None:
    # Without E, which has no gold.
    found = loaded["squad_v1"].compute(predictions=PREDICTIONS[:4], references=REFERENCES[:4])
    assert found == {"exact_match": 25.0, "f1": 35.0}


def test_other_rules_without_unanswerable_questions_are_an_option(loaded: dict[str, Any]) -> None:
    rows = [said("a", "1962년에"), said("b", "x")]
    golds = [wanted("a", "1962년"), wanted("b", "x")]
    found = loaded["squad_v1"].compute(predictions=rows, references=golds, rules="korquad-v1")
    # 5 of 6 characters, and all 5 of the gold: F1 10/11.
    assert found == pytest.approx({"exact_match": 50.0, "f1": (1000 / 11 + 100) / 2})
    found = loaded["squad_v1"].compute(predictions=rows[:1], references=golds[:1], rules="cmrc2018")
    assert found == {"AVERAGE": 0, "F1": 0, "EM": 0, "TOTAL": 1, "SKIP": 0, "exact_match": 0, "f1": 0}
    for rules in ("squad-v2.0", "korquad"):
        with pytest.raises(ValueError, match=f"rules: '{rules}' is none of squad-v1.1, mrqa"):
            loaded["squad_v1"].compute(predictions=rows, references=golds, rules=rules)


@pytest.mark.parametrize("name", PATHS)
def test_a_metric_says_what_it_is(name: str, loaded: dict[str, Any]) -> None:
    metric = loaded[name]
    assert metric.name == name
    for text in (metric.description, metric.citation, metric.inputs_description):
        assert len(text) > 80
    assert ">>> metric = " in metric.inputs_description or ">>> scores = " in metric.inputs_description
    assert set(metric.features) == {"predictions", "references"}
    assert metric.inputs_description in metric.compute.__doc__


def test_examples_may_be_added_one_by_one_and_in_batches(loaded: dict[str, Any]) -> None:
    metric = loaded["contested"]
    for prediction, reference in zip(PREDICTIONS[:2], REFERENCES[:2], strict=True):
        metric.add(prediction=prediction, reference=reference)
    metric.add_batch(predictions=PREDICTIONS[2:], references=REFERENCES[2:])
    assert close(metric.compute(), SCORES["contested"])


def test_metrics_that_read_other_keys_are_combined(loaded: dict[str, Any]) -> None:
    both = evaluate.combine([loaded["squad_v2"], loaded["contested"]])
    found = both.compute(predictions=PREDICTIONS, references=REFERENCES)
    expected = {
        "exact": 20.0,
        "squad_v2_f1": 28.0,
        "contested_f1": 0.28,
        "em": 0.2,
        "match": 0.6,
        "leak": 0.25,
    }
    assert close(found, expected)


def test_a_threshold_and_intervals_are_options(loaded: dict[str, Any]) -> None:
    # The worked example twice: 8 examples at least are needed for an interval of one kind.
    rows, references = [], []
    for fact in (LOSSES, replace(LOSSES, id="again")):
        rows += [said(f"{fact.id}@{a}", text, 0.9 if a == "E" else 0.1) for a, text in SAID.items()]
        references += [asked(fact, a) | wanted(f"{fact.id}@{a}", *fact.own_golds(a)) for a in SAID]
    found = loaded["squad_v2"].compute(
        predictions=rows, references=references, no_answer_threshold=0.5, intervals=True
    )
    assert close(found, {"NoAns_exact": 100.0, "exact": 40.0, "best_exact": 40.0, "best_exact_thresh": 0.1})
    assert found["exact_low"] < 40.0 < found["exact_high"]
    assert found["HasAns_exact_low"] < 25.0 < found["HasAns_exact_high"]
    assert "NoAns_exact_low" not in found


def test_on_fewer_than_eight_examples_there_are_no_bounds(loaded: dict[str, Any]) -> None:
    found = loaded["squad_v2"].compute(predictions=PREDICTIONS, references=REFERENCES, intervals=True)
    assert close(found, SCORES["squad_v2"])
    assert not [key for key in found if key.endswith(("_low", "_high"))]


SHAPES = {
    "bare": (
        {"id": "q", "prediction_text": "x"},
        {"id": "q", "answers": {"text": ["x"], "answer_start": [3]}},
    ),
    "further keys": (
        {"id": "q", "prediction_text": "x", "n": 1},
        {"id": "q", "answers": {"text": ["x"]}, "n": 1},
    ),
    "answers as SQuAD's file has them": (
        {"id": "q", "prediction_text": "x"},
        {"id": "q", "answers": [{"text": "y", "answer_start": 0}, {"text": "x", "answer_start": 3}]},
    ),
    "answers without places": (
        {"id": "q", "prediction_text": "x"},
        {"id": "q", "answers": [{"text": "y"}, {"text": "x"}]},
    ),
    "numpy": (
        {"id": "q", "prediction_text": np.str_("x"), "no_answer_probability": np.float32(0.5)},
        {"id": "q", "answers": {"text": np.array(["x"]), "answer_start": np.array([3])}},
    ),
}


@pytest.mark.parametrize("name", ["squad_v1", "squad_v2"])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_every_usual_shape_are_read(name: str, shape: str, loaded: dict[str, Any]) -> None:
    prediction, reference = SHAPES[shape]
    assert loaded[name].compute(predictions=[prediction], references=[reference])["f1"] == 100.0


@pytest.mark.parametrize(
    ("name", "predictions", "references", "f1"),
    [
        pytest.param("squad_v1", [said(4, "x")], [wanted(4, "x")], 100.0, id="whole numbers"),
        pytest.param("squad_v2", [said(4, "x")], [wanted("4", "x")], 100.0, id="a number and its text"),
        pytest.param(
            "squad_v2", [said(np.int64(2**53 + 1), "x")], [wanted(2**53 + 1, "x")], 100.0, id="digits"
        ),
        pytest.param("squad_v2", [said("q", ["x", "y"])], [wanted("q", "x")], 100.0, id="list"),
        pytest.param("squad_v2", [said("q", ["", "x"])], [wanted("q")], 100.0, id="no answer first"),
        pytest.param("squad_v1", [said("q", ["", "x"])], [wanted("q", "x")], 100.0, id="always an answer"),
        pytest.param(
            "squad_v2", [said("q", {"answer": "x", "score": 1})], [wanted("q", "x")], 100.0, id="object"
        ),
        pytest.param(
            "squad_v2",
            [said("q", "x")],
            [{"id": "q", "answers": {"text": ["x"], "answer_start": [None]}}],
            100.0,
            id="no place",
        ),
        pytest.param(
            "squad_v2",
            [said("q", "x")],
            [{"id": "q", "answers": {"text": ["x"], "answer_start": [2**40]}}],
            100.0,
            id="far place",
        ),
    ],
)
def test_rows_mean_what_they_mean_in_a_predictions_file(
    name: str, predictions: Any, references: Any, f1: float, loaded: dict[str, Any]
) -> None:
    assert loaded[name].compute(predictions=predictions, references=references)["f1"] == f1


@pytest.mark.parametrize(("golds", "f1"), [((), 100.0), (("x",), 0.0)])
def test_none_is_no_answer_and_is_told(golds: tuple[str, ...], f1: float, loaded: dict[str, Any]) -> None:
    row = {"id": "q", "prediction_text": None}
    with pytest.warns(
        UserWarning, match=r"None for 1 answer, such as predictions\[0\]\.prediction_text: read as"
    ):
        found = loaded["squad_v2"].compute(predictions=[row], references=[wanted("q", *golds)])
    assert found["f1"] == f1


def test_a_row_without_a_text_is_no_prediction(loaded: dict[str, Any]) -> None:
    with pytest.warns(UserWarning, match="no prediction, so a score of 0, for 1 reference"):
        found = loaded["squad_v2"].compute(predictions=[{"id": "q"}], references=[wanted("q")])
    assert found["f1"] == 0.0


WRONG = [
    pytest.param(
        [said("q", ["x", 4])],
        [wanted("q", "x")],
        r"predictions\[0\]\.prediction_text\[1\]: is 4; it should be a text or an object",
        id="a number in a list",
    ),
    pytest.param(
        [said("q", "x \ud83d")],
        [wanted("q", "x")],
        r"predictions\[0\]\.prediction_text: holds half of a surrogate pair; write the whole character",
        id="half a surrogate pair",
    ),
    pytest.param(
        [said("q", math.nan)],
        [wanted("q")],
        r"predictions\[0\]\.prediction_text: should be a text, not nan",
        id="NaN",
    ),
    pytest.param(
        [said(True, "x")],
        [wanted("q")],
        r"predictions\[0\]\.id: should be a text, not True",
        id="a flag as an id",
    ),
    pytest.param(
        [said(4.0, "x")],
        [wanted("q")],
        r"predictions\[0\]\.id: should be a text, not 4\.0",
        id="a float as an id",
    ),
    pytest.param(
        [said("q", "x") | {"no_answer_probability": math.nan}],
        [wanted("q")],
        r"predictions\[0\]\.no_answer_probability: should be a number, not nan",
        id="NaN for a probability",
    ),
    pytest.param(
        [said("q", "x") | {"no_answer_probability": 10**400}],
        [wanted("q")],
        r"predictions\[0\]\.no_answer_probability: should be a number, not 1000",
        id="a number that no float holds",
    ),
    pytest.param(
        [said("q", "x")] * 2, [wanted("q", "x")] * 2, "predictions: the id 'q' occurs 2 times", id="twice"
    ),
    pytest.param([{"prediction_text": "x"}], [wanted("q")], r"predictions\[0\]\.id: is missing", id="no id"),
    pytest.param(
        [said("q", "x")], [{"id": "q"}], r"references\[0\]\.answers: is missing; the keys are: id", id="none"
    ),
    pytest.param(
        [said("q", "x")],
        [{"id": "q", "answers": {"text": "x"}}],
        r"references\[0\]\.answers\.text: should be a list, not 'x'",
        id="a text for a list",
    ),
    pytest.param(
        [said("p", "x"), {"id": "q", "prediction_text": 4}],
        [wanted("p"), wanted("q")],
        r"predictions\[1\]\.prediction_text: should be a text, not 4",
        id="a number for a text",
    ),
    pytest.param(
        [said("q", "x") | {"no_answer_probability": "high"}],
        [wanted("q")],
        r"predictions\[0\]\.no_answer_probability: should be a number, not 'high'",
        id="a text for a number",
    ),
    pytest.param(
        ["x"], [wanted("q")], r"predictions\[0\]: should be a dict with id, .*, not 'x'", id="a bare text"
    ),
    pytest.param(
        {"q": "x"}, [wanted("q")], "predictions: should be a list of dicts, not {'q'", id="a mapping"
    ),
    pytest.param([said("q", "x")], [], "Mismatch in the number of predictions", id="lengths"),
]


@pytest.mark.parametrize(("predictions", "references", "message"), WRONG)
def test_a_wrong_row_is_named_with_its_field(predictions: Any, references: Any, message: str) -> None:
    metric = SquadV2(keep_in_memory=True)  # a failed one on disk leaves a lock for which the next waits
    with pytest.raises(ValueError, match=message):
        metric.compute(predictions=predictions, references=references)
    again = metric.compute(predictions=[said("q", "x")], references=[wanted("q", "x")])
    assert again["f1"] == 100.0


def test_the_example_of_the_guide_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    guide = (ROOT / "docs" / "guides" / "export.md").read_text("utf-8")
    example = next(b for b in guide.split("```python\n") if b.startswith("import evaluate")).partition("```")[
        0
    ]
    exec(example, {})
    assert capsys.readouterr().out.strip() == example.rpartition("# ")[2].strip() == "0.0 1.0 1.0"


QUESTIONS = {
    "who": ("Who won?", "The army won Palmyra on Sunday.", ["The army"]),
    "when": ("When did it fall?", "Palmyra fell in May 2015.", ["May 2015"]),
    "why": ("Why did they leave?", "The city lies beside an oasis.", []),
}


def test_a_trainer_computes_them_after_each_step(tmp_path: Path, loaded: dict[str, Any]) -> None:
    folder = build("bert", tmp_path / "model")
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    model: Any = transformers.AutoModelForQuestionAnswering.from_pretrained(folder)
    asked_of = [list(column) for column in zip(*QUESTIONS.values(), strict=True)]
    encoded = tokenizer(*asked_of[:2], padding="max_length", max_length=64, return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")
    rows = [
        {**{key: encoded[key][n] for key in encoded}, "start_positions": n, "end_positions": n + 1}
        for n in range(len(QUESTIONS))
    ]
    references = [wanted(id, *golds) for id, (_, _, golds) in QUESTIONS.items()]

    def answers(starts: np.ndarray, ends: np.ndarray) -> list[dict[str, Any]]:
        found = []
        for n, (id, (_, context, _)) in enumerate(QUESTIONS.items()):
            start, end = int(starts[n].argmax()), int(ends[n].argmax())
            inside = encoded.sequence_ids(n)[start] == 1 == encoded.sequence_ids(n)[end]
            found.append(
                {"id": id, "prediction_text": context[offsets[n][start][0] : offsets[n][end][1]] * inside}
            )
        return found

    seen: list[list[dict[str, Any]]] = []

    def compute_metrics(given: transformers.EvalPrediction) -> dict[str, float]:
        seen.append(answers(*given.predictions))
        scores: dict[str, float] = loaded["squad_v2"].compute(predictions=seen[-1], references=references)
        return scores

    make: Any = transformers.TrainingArguments
    arguments = make(
        output_dir=str(tmp_path / "out"),
        max_steps=2,
        eval_strategy="steps",
        eval_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
    )
    with torch.random.fork_rng():
        trainer = transformers.Trainer(
            model=model,
            args=arguments,
            train_dataset=rows,
            eval_dataset=rows,
            compute_metrics=compute_metrics,
        )
        trainer.train()
    logged = [log for log in trainer.state.log_history if "eval_exact" in log]
    assert [log["step"] for log in logged] == [1, 2]
    for log, said_then in zip(logged, seen, strict=True):
        again = loaded["squad_v2"].compute(predictions=said_then, references=references)
        assert {f"eval_{key}": value for key, value in again.items()}.items() <= log.items()
        assert (log["eval_total"], log["eval_NoAns_total"]) == (3, 1)
