"""Exports of a part of a set say so, in every format that has a place for it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyarrow import parquet

from qa_eval import evaluate
from qa_eval.data.dataset import open_dataset
from qa_eval.evaluation.run import Interrupted
from qa_eval.evaluation.verification import verify
from qa_eval.export.formats import export_run
from qa_eval.export.outputs import Export
from qa_eval.runs.options import RunOptions
from qa_eval.runs.schema import ItemsRow, WholeRow
from qa_eval.runs.store import Run
from tests.support.fake_models import FakeModel, four_facts

MODEL = "baseline:first-of-type"


@pytest.fixture
def questions(tmp_path: Path) -> str:
    """A data set of twelve questions, one a context."""
    rows = [
        {
            "id": f"q{n}",
            "question": f"How many wells has town {n}?",
            "context": f"Town {n} has {n + 20} wells.",
            "answers": {"text": [str(n + 20)]},
        }
        for n in range(12)
    ]
    file = tmp_path / "wells.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return f"jsonl:{file}"


def text_of(export: Export, ending: str) -> str:
    (data,) = [output.data for output in export.outputs if output.name.endswith(ending)]
    assert isinstance(data, str)
    return data


def said_in(run: Run, form: str, texts: Any) -> tuple[object, Export]:
    """What the export itself says of the part; None where it says nothing."""
    export = export_run(run, form, models=[MODEL], texts=texts, dataset_id="org/wells")
    if form == "model-index":
        (result,) = yaml.safe_load(text_of(export, "README.md").split("---")[1])["model-index"][0]["results"][
            :1
        ]
        return result["dataset"].get("args", {}).get("part"), export
    if form == "eval-results":
        notes = yaml.safe_load(text_of(export, ".yaml"))[0]["notes"]
        return next(
            (n.removeprefix("only ") for n in notes.split("; ") if n.startswith("only ")), None
        ), export
    if form == "every-eval-ever":
        record = json.loads(text_of(export, ".json"))
        return record["evaluation_results"][0]["source_data"]["additional_details"].get("part"), export
    if form == "lm-eval":
        return json.loads(text_of(export, ".json"))["qa_eval"]["part"], export
    if form == "csv":
        parts = {row["part"] for row in csv.DictReader(io.StringIO(text_of(export, ".csv")))}
        return parts.pop() or None, export
    if form == "parquet":
        (output,) = export.outputs
        assert isinstance(output.data, bytes)
        return parquet.read_table(io.BytesIO(output.data))["part"][0].as_py(), export
    return None, export


FORMATS = ["model-index", "eval-results", "every-eval-ever", "lm-eval", "csv", "parquet", "squad-predictions"]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    ("choice", "part"),
    [
        pytest.param({"sample": 5}, "5 of 12 questions, a sample with seed 0", id="a sample"),
        pytest.param(
            {"sample": 5, "seed": 3}, "5 of 12 questions, a sample with seed 3", id="another sample"
        ),
        pytest.param({"limit": 5}, "5 of 12 questions, the first 5", id="the first"),
        pytest.param(
            {"limit": 2, "sample": 5}, "2 of 12 questions, a sample with seed 0, the first 2", id="both"
        ),
        pytest.param({}, None, id="all"),
        pytest.param({"sample": 12}, None, id="a sample that is all"),
        pytest.param({"limit": 500}, None, id="more than there are"),
    ],
)
def test_a_part_of_a_data_set_is_named(
    questions: str, form: str, choice: dict[str, int], part: str | None
) -> None:
    run = evaluate(
        [MODEL], dataset=questions, name="part", options=RunOptions(references=False).updated(choice)
    )
    said, export = said_in(run, form, open_dataset(questions))
    assert said == (None if form == "squad-predictions" else part)
    notes = [note for note in export.notes if "part of the set" in note]
    assert notes == ([] if part is None else [f"{MODEL}: the answers cover a part of the set: {part}"])


def test_the_counts_of_lm_eval_are_of_the_whole_and_of_what_was_asked(questions: str) -> None:
    run = evaluate([MODEL], dataset=questions, name="part", options=RunOptions(references=False, sample=5))
    export = export_run(run, "lm-eval", texts=open_dataset(questions))
    results = json.loads(text_of(export, ".json"))
    assert list(results["n-samples"].values()) == [{"original": 12, "effective": 5}]
    assert results["config"]["limit"] == 5


def test_facts_of_a_category_are_a_part_and_their_items_are_counted() -> None:
    corpus = four_facts()
    run = evaluate(
        [MODEL], corpus=corpus, name="town", options=RunOptions(categories=("town",), paraphrases=True)
    )
    said, _ = said_in(run, "lm-eval", corpus)
    assert said == "1 of 4 facts, of the categories town"
    assert run.leaderboard.data.whole == WholeRow(facts=4, items=ItemsRow(reading=11, pooled=4))
    whole = evaluate([MODEL], corpus=corpus, name="whole", options=RunOptions(paraphrases=True))
    assert said_in(whole, "lm-eval", corpus)[0] is None


def test_answers_of_an_interrupted_model_are_a_part(own_cache: Path) -> None:
    stop = FakeModel(fails=lambda instance: KeyboardInterrupt() if instance.item == "absent@b" else None)
    with pytest.raises(Interrupted) as caught:
        evaluate([stop], corpus=four_facts(), name="half", track="reading")
    export = export_run(caught.value.run, "csv")
    (note,) = export.notes
    assert note.startswith("test:fake: the answers cover a part of the set: interrupted after ")
    assert note.endswith(" of 11 items")


def test_a_run_that_does_not_record_the_whole_says_what_it_can(questions: str, tmp_path: Path) -> None:
    run = evaluate(
        [MODEL], dataset=questions, out=tmp_path, name="old", options=RunOptions(references=False, sample=5)
    )
    data = run.leaderboard.data.model_copy(update={"whole": None})
    old = Run(path=run.path, leaderboard=run.leaderboard.model_copy(update={"data": data}))
    assert said_in(old, "csv", None)[0] == "5 questions, a sample with seed 0"
    assert run.path is not None
    file = run.path / "leaderboard.json"
    document = json.loads(file.read_text("utf-8"))
    del document["data"]["whole"]
    file.write_text(json.dumps(document), "utf-8")
    assert verify(run.path) == ["leaderboard.json: data: changed since it was written"]
