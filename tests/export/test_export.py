"""Runs in the formats of others: read back by the others' own parsers, and their numbers computed again."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import yaml
from huggingface_hub import ModelCard, parse_eval_result_entries
from pyarrow import parquet

import qa_eval
from qa_eval.cli import cli
from qa_eval.errors import QaEvalError
from qa_eval.export.formats import FORMATS, export_run
from qa_eval.export.outputs import Export, Output, write_export
from qa_eval.export.question_set import export_questions
from qa_eval.export.source import model_id, name_data
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.listings import listed
from qa_eval.records import Corpus, ItemId, ModelInfo
from qa_eval.runs.options import RunOptions
from qa_eval.runs.schema import DataRow, PredictionsFileRow, Row
from qa_eval.runs.store import Run, load_run
from tests.support import example_run
from tests.support.command_line import call
from tests.support.every_eval_ever_schema import AGGREGATE, SAMPLE
from tests.support.fake_models import four_facts
from tests.support.places import BASELINE
from tests.support.plain_rules import plain_v2
from tests.support.small_corpus import small_corpus, write_corpus

FIRST = "baseline:first-of-type"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run over the small corpus with a model that answers three of its six items."""
    folder = tmp_path_factory.mktemp("small")
    answers = folder / "answers.json"
    said = {
        "militant-losses@alpha": "400",
        "militant-losses@gamma": "",
        "fall-of-town@alpha": "=1+1\n\u202eMay",
    }
    answers.write_text(json.dumps(said), "utf-8")
    models = [f"predictions:{answers}", FIRST]
    return qa_eval.evaluate(models, corpus=small_corpus(folder), out=folder / "results", name="small")


def small_questions(small: Run) -> Any:
    assert small.path is not None
    folder = small.path.parent.parent
    return qa_eval.load_corpus([folder / "questions"], folder / "seeds")


def card_data(text: str) -> Any:
    return ModelCard(text).data


def text_of(export: Export, number: int = 0) -> str:
    data = export.outputs[number].data
    assert isinstance(data, str)
    return data


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------------------------ the hub


def test_a_model_card_holds_the_published_numbers_in_percent(committed: Run) -> None:
    card = card_data(text_of(export_run(committed, "model-index", models=["embedded"])))
    stored = committed.leaderboard.row("embedded").metrics
    assert card.model_name == "embedded"
    found = {r.metric_type: r for r in card.eval_results}
    # Its answers are all copied from the article, so it has no leak.
    published = {
        (track, metric) for track, metric in listed("card", "reading", "pooled") if metric in stored[track]
    }
    assert ("reading", "leak") in {
        (track, metric) for track, metric in listed("card", "reading", "pooled")
    } - published
    assert len(found) == len(card.eval_results) == len(published)
    f1 = found["f1"]
    assert f1.task_type == "question-answering"
    assert (f1.dataset_name, f1.dataset_type) == ("qa_eval curated questions", "qa_eval-curated")
    assert f1.metric_value == round(100 * stored["reading"]["f1"].value, 4)
    assert found["exact_match"].metric_value == pytest.approx(59.0652, abs=1e-3)
    pooled = found["pooled_coverage_at_3"]
    estimate = stored["pooled"]["coverage_at_3"]
    assert estimate.low is not None
    assert pooled.metric_args["interval"]["low"] == round(100 * estimate.low, 4)
    assert pooled.metric_args["interval"]["facts"] == pooled.metric_args["n"] == 43
    assert pooled.metric_args["rules"] == "squad-v2.0"


def test_entries_of_eval_results_are_read_by_the_hubs_parser(committed: Run) -> None:
    export = export_run(committed, "eval-results", models=["embedded"], dataset_id="me/palmyra")
    assert export.outputs[0].name == "me-palmyra.yaml"
    entries = {e.task_id: e for e in parse_eval_result_entries(yaml.safe_load(text_of(export)))}
    balanced = entries["balanced_f1"]
    assert balanced.dataset_id == "me/palmyra"
    assert balanced.value == round(
        100 * committed.leaderboard.row("embedded").metrics["reading"]["balanced_f1"].value, 4
    )
    assert balanced.date == committed.leaderboard.finished_at
    assert balanced.notes is not None
    # The interval as the README's leaderboard has it.
    assert "95% interval 56.3 to 65.6 (bca, 149 facts); n 706; rules squad-v2.0" in balanced.notes
    assert "pooled_coverage_at_3" in entries


def test_eval_results_want_the_name_of_a_data_set(committed: Run) -> None:
    with pytest.raises(QaEvalError, match="--dataset-id ORG/NAME"):
        export_run(committed, "eval-results", models=["embedded"])
    with pytest.raises(QaEvalError, match="--dataset-id palmyra: is not a name on the hub"):
        export_run(committed, "eval-results", models=["embedded"], dataset_id="palmyra")


def public_row(**changes: Any) -> Run:
    data = DataRow(kind="public", cluster="context", questions_sha256="a", articles_sha256="b", **changes)
    return Run(path=None, leaderboard=example_run.leaderboard(data=data))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        pytest.param(
            {"dataset": "hub:org/set/de@refs/convert/parquet", "split": "validation"},
            ("org/set", "de", "validation", "refs/convert/parquet", "set", "org-set"),
            id="hub",
        ),
        pytest.param({"dataset": "hub:org/set"}, ("org/set", None, None, None, "set", "org-set"), id="bare"),
        pytest.param(
            {"dataset": "squad:/data/dev v2.json.gz"},
            (None, None, None, None, "dev v2", "dev-v2"),
            id="file",
        ),
        pytest.param(
            {"dataset": "hub:../folder", "split": "test"},
            (None, None, "test", None, "folder", "folder"),
            id="folder",
        ),
        pytest.param({}, (None, None, None, None, "data set", "data-set"), id="not said"),
    ],
)
def test_public_data_are_named_by_their_spec(data: dict[str, Any], name: tuple[str | None, ...]) -> None:
    found = name_data(public_row(**data), None)
    assert (found.hub_id, found.config, found.split, found.revision, found.name, found.slug) == name


@pytest.mark.parametrize(
    ("model", "id"),
    [
        pytest.param(("hf:org/name@v1", "hf", "org/name"), "org/name", id="hub"),
        pytest.param(("onnx:org/name", "onnx", "org/name"), "org/name", id="onnx"),
        pytest.param(("embedded", "embedded", "embedded"), "qa_eval/embedded", id="embedded"),
        pytest.param(("hf:/home/me/model", "hf", "/home/me/model"), "local/hf-home-me-model", id="folder"),
        pytest.param(("hf:../../etc", "hf", "../../etc"), "local/hf-..-..-etc", id="dots"),
        pytest.param(("hf:./org/name", "hf", "./org/name"), "local/hf-.-org-name", id="relative folder"),
        pytest.param(("predictions:a.json", "predictions", "a.json"), "local/predictions-a.json", id="file"),
    ],
)
def test_a_model_has_a_name_as_on_the_hub(model: tuple[str, str, str], id: str) -> None:
    spec, kind, name = model
    assert model_id(Row(model=ModelInfo(spec=spec, kind=kind, name=name))) == id


# ------------------------------------------------------------------------------------------ Every Eval Ever


def test_a_record_of_every_eval_ever_is_valid_and_complete(committed: Run, curated: Corpus) -> None:
    export = export_run(
        committed,
        "every-eval-ever",
        models=["embedded"],
        texts=curated,
        organization="We",
        relationship="first_party",
    )
    record = json.loads(text_of(export))
    jsonschema.validate(record, AGGREGATE)
    stored = committed.leaderboard.row("embedded").metrics
    found = {r["evaluation_result_id"]: r for r in record["evaluation_results"]}
    assert set(found) == {f"{track}.{metric}" for track, metrics in stored.items() for metric in metrics}
    for track, metrics in stored.items():
        for metric, estimate in metrics.items():
            details = found[f"{track}.{metric}"]["score_details"]
            assert details["score"] == estimate.value
            if estimate.low is None:
                assert estimate.clusters < 8
                assert "uncertainty" not in details
                continue
            interval = details["uncertainty"]["confidence_interval"]
            assert (interval["lower"], interval["upper"]) == (estimate.low, estimate.high)
    assert found["reading.no_answer_leak"]["metric_config"]["lower_is_better"]
    assert not found["reading.f1"]["metric_config"]["lower_is_better"]
    assert record["source_metadata"]["source_organization_name"] == "We"


def test_each_answer_has_a_line_that_refers_to_the_record(committed: Run, curated: Corpus) -> None:
    export = export_run(committed, "every-eval-ever", models=["embedded"], texts=curated)
    record, samples = json.loads(text_of(export)), text_of(export, 1)
    detail = record["detailed_evaluation_results"]
    assert [output.name for output in export.outputs][1] == detail["file_path"]
    assert export.outputs[0].name == detail["file_path"].replace("_samples.jsonl", ".json")
    assert detail["checksum"] == hashlib.sha256(samples.encode()).hexdigest()
    lines = [json.loads(line) for line in samples.splitlines()]
    assert detail["total_rows"] == len(lines) == 706 + 149
    validator = jsonschema.Draft7Validator(SAMPLE)
    by_result: dict[str, list[float]] = {}
    for line in lines:
        validator.validate(line)
        assert (line["evaluation_id"], line["model_id"]) == (
            record["evaluation_id"],
            record["model_info"]["id"],
        )
        by_result.setdefault(line["evaluation_result_id"], []).append(line["evaluation"]["score"])
    scores = {r["evaluation_result_id"]: r["score_details"]["score"] for r in record["evaluation_results"]}
    for id, values in by_result.items():
        assert sum(values) / len(values) == pytest.approx(scores[id]), "the lines' mean is the record's score"
    first = lines[0]
    article = curated.article(ItemId.parse(first["sample_id"]).article)
    assert first["input"]["raw"] == f"{article.text}\n\n{curated.question('recaptured-city').question}"


def test_equal_runs_are_exported_to_equal_bytes(small: Run) -> None:
    assert small.path is not None
    data = small_questions(small)
    for form in ("lm-eval", "every-eval-ever"):
        again = export_run(load_run(small.path), form, models=[FIRST], texts=data)
        assert export_run(small, form, models=[FIRST], texts=data) == again
    other = next(r.model.spec for r in small.leaderboard.rows if r.model.kind == "predictions")
    other_model = export_run(small, "every-eval-ever", models=[other], texts=data)
    assert other_model.outputs[0].name != again.outputs[0].name


# ------------------------------------------------------------------------------------------ lm-eval


def test_samples_of_articles_are_scored_on_the_exported_questions(
    committed: Run, curated: Corpus, tmp_path: Path
) -> None:
    export = export_run(committed, "lm-eval", models=["embedded"], texts=curated)
    samples = next(
        output for output in export.outputs if "samples" in output.name and "reading" in output.name
    )
    assert isinstance(samples.data, str)
    (tmp_path / "samples.jsonl").write_text(samples.data, "utf-8")
    made = call("export", "--format", "dataset", "--out", tmp_path / "set")
    assert made.exit_code == 0, made.output
    dataset = f"squad:{tmp_path / 'set' / 'squad-v2.0.json'}"
    card = qa_eval.score(tmp_path / "samples.jsonl", dataset, resamples=1)
    f1 = committed.leaderboard.row("embedded").metrics["reading"]["f1"]
    assert card.scores["f1"].value == pytest.approx(f1.value, abs=1e-12)
    assert (card.missing, card.extra) == ((), ())


def test_the_layout_of_lm_eval_holds_results_and_samples(committed: Run, curated: Corpus) -> None:
    export = export_run(committed, "lm-eval", models=["embedded"], texts=curated)
    names = [output.name for output in export.outputs]
    assert committed.leaderboard.finished_at is not None
    stamp = committed.leaderboard.finished_at.replace(":", "-").removesuffix("Z") + ".000000"
    assert names == [
        f"qa_eval-embedded/results_{stamp}.json",
        f"qa_eval-embedded/samples_qa_eval-curated-reading_{stamp}.jsonl",
        f"qa_eval-embedded/samples_qa_eval-curated-pooled_{stamp}.jsonl",
    ]
    results = json.loads(text_of(export))
    reading = results["results"]["qa_eval-curated-reading"]
    stored = committed.leaderboard.row("embedded").metrics["reading"]
    assert {k for k in reading if not k.endswith("_stderr,none")} == {"alias", *(f"{m},none" for m in stored)}
    assert reading["em,none"] == stored["em"].value
    assert reading["em_stderr,none"] == "N/A"
    intervals = results["configs"]["qa_eval-curated-reading"]["metadata"]["intervals"]
    assert (intervals["em"]["low"], intervals["em"]["high"]) == (stored["em"].low, stored["em"].high)
    assert results["n-samples"]["qa_eval-curated-reading"] == {"original": 706, "effective": 706}
    assert results["higher_is_better"]["qa_eval-curated-reading"]["no_answer_leak"] is False
    for number, task in enumerate(("qa_eval-curated-reading", "qa_eval-curated-pooled"), 1):
        samples = [json.loads(line) for line in text_of(export, number).splitlines()]
        assert [s["doc_id"] for s in samples] == list(range(len(samples)))
        for metric in {"em", "f1", "em_any", "f1_any", "match", "match_any"} & set(samples[0]["metrics"]):
            mean = sum(s[metric] for s in samples) / len(samples)
            assert mean == pytest.approx(results["results"][task][f"{metric},none"])
        prompt = samples[0]["arguments"]["gen_args_0"]["arg_0"]
        assert samples[0]["prompt_hash"] == hashlib.sha256(prompt.encode()).hexdigest()
        assert samples[0]["filtered_resps"] == samples[0]["resps"][0]


def test_samples_have_the_text_that_a_model_wrote_and_the_answer_that_was_scored(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path)
    run = qa_eval.evaluate([FIRST], corpus=corpus, options=RunOptions(resamples=99))
    raw, *_ = rows = run.predictions(FIRST)
    written = [replace(raw, prediction="", raw="I do not know."), *rows[1:]]
    (name,) = run.kept
    changed = replace(run, kept={name: tuple(written)})
    samples = text_of(export_run(changed, "lm-eval", texts=corpus), 1).splitlines()
    first = next(s for line in samples if (s := json.loads(line))["doc"]["id"] == raw.item)
    assert (first["resps"], first["filtered_resps"]) == ([["I do not know."]], [""])
    lines = text_of(export_run(changed, "every-eval-ever", texts=corpus), 1).splitlines()
    outputs = [(s["output"]["raw"], s["answer_attribution"][0]) for s in map(json.loads, lines)]
    assert outputs[0][0] == ["I do not know."]
    assert (outputs[0][1]["extracted_value"], outputs[0][1]["extraction_method"]) == ("", "qa_eval")
    assert {a["extraction_method"] for texts, a in outputs[1:]} == {"none"}


def test_samples_are_of_the_answers_that_the_metrics_are_of(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path)
    run = qa_eval.evaluate([FIRST], corpus=corpus, track="reading", options=RunOptions(paraphrases=True))
    assert len(run.predictions(FIRST)) == 12, "each question in two wordings"
    layout = export_run(run, "lm-eval", texts=corpus)
    results, samples = json.loads(text_of(layout)), text_of(layout, 1).splitlines()
    task = next(iter(results["results"]))
    assert results["n-samples"][task]["effective"] == len(samples) == 6
    mean = sum(json.loads(line)["f1"] for line in samples) / 6
    assert mean == pytest.approx(results["results"][task]["f1,none"])
    assert len(text_of(export_run(run, "every-eval-ever", texts=corpus), 1).splitlines()) == 6
    assert len(json.loads(text_of(export_run(run, "squad-predictions")))) == 12


@pytest.mark.parametrize("form", ["lm-eval", "every-eval-ever"])
def test_formats_that_hold_texts_want_them(form: str, small: Run) -> None:
    with pytest.raises(QaEvalError, match="give them as `texts`"):
        export_run(small, form, models=[FIRST])


# ------------------------------------------------------------------------------------------ SQuAD


def test_the_official_rules_give_the_runs_scores_on_the_exported_questions(
    committed: Run, curated: Corpus
) -> None:
    predictions = json.loads(text_of(export_run(committed, "squad-predictions", models=["embedded"])))
    chances = json.loads(text_of(export_run(committed, "squad-na-probs", models=["embedded"])))
    squad = json.loads(text_of(export_questions(curated, curated=True), 1))
    questions = [
        (qa["id"], [answer["text"] for answer in qa["answers"]])
        for article in squad["data"]
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    ]
    assert set(predictions) == {id for id, _ in questions} == set(chances)
    official = plain_v2(questions, predictions)
    stored = committed.leaderboard.row("embedded").metrics["reading"]
    assert official["exact"] == pytest.approx(100 * stored["em"].value, abs=1e-9)
    assert official["f1"] == pytest.approx(100 * stored["f1"].value, abs=1e-9)
    assert official["HasAns_f1"] == pytest.approx(100 * stored["has_answer_f1"].value, abs=1e-9)
    assert official["NoAns_exact"] == pytest.approx(100 * stored["no_answer_recall"].value, abs=1e-9)
    # Abstaining where null score - best score > 0 is abstaining where the probability is above one half.
    assert all((chances[id] > 0.5) == (text == "") for id, text in predictions.items())


def test_items_without_an_answer_are_left_out_and_told_of(small: Run) -> None:
    spec = (
        small.leaderboard.rows[1].model.spec
        if "predictions" in small.leaderboard.rows[1].model.spec
        else None
    )
    spec = spec or next(r.model.spec for r in small.leaderboard.rows if r.model.kind == "predictions")
    export = export_run(small, "squad-predictions", models=[spec])
    assert json.loads(text_of(export)) == {
        "militant-losses@alpha": "400",
        "militant-losses@gamma": "",
        "fall-of-town@alpha": "=1+1\n\u202eMay",
    }
    assert export.notes == (
        "3 items without an answer left out: the scripts count them as missing",
        "2 answers to all articles at once left out",
    )
    with pytest.raises(QaEvalError, match="3 of 3 answers have no no-answer probability"):
        export_run(small, "squad-na-probs", models=[spec])


# ------------------------------------------------------------------------------------------ tables


def test_csv_has_a_line_for_every_answer_of_every_model(small: Run) -> None:
    table = list(csv.DictReader(io.StringIO(text_of(export_run(small, "csv")), newline="")))
    rows = [row for row in small.leaderboard.rows if row.predictions is not None]
    answers = [(row.model.spec, answer) for row in rows for answer in small.predictions(row)]
    assert [(line["model"], line["item"]) for line in table] == [(spec, a.item) for spec, a in answers]
    for line, (_, answer) in zip(table, answers, strict=True):
        assert line["prediction"] == answer.prediction
        assert json.loads(line["golds"]) == list(answer.golds)
        assert line["missing"] == ("true" if answer.missing else "false")
        assert {m: float(line[m]) for m in METRICS if line.get(m)} == answer.scores


def test_tables_have_what_an_answer_in_words_asserts(tmp_path: Path) -> None:
    said = {"dead@*": "Sources differ: 180 [1] or 194 [2].", "dead@a": "The text does not say."}
    (tmp_path / "said.json").write_text(json.dumps(said), "utf-8")
    run = qa_eval.evaluate(f"predictions:{tmp_path / 'said.json'}", corpus=four_facts())
    table = csv.DictReader(io.StringIO(text_of(export_run(run, "csv")), newline=""))
    found = {line["item"]: (line["verdict"], line["asserted"]) for line in table}
    assert found["dead@*"] == ("complete", '["180","194"]')
    assert found["dead@a"] == ("abstains", "[]")
    assert found["dead@b"] == ("", ""), "no answer is not read"
    answers = run.items(run.leaderboard.rows[0].model.spec).to_pandas().set_index("item")
    assert answers.loc["dead@*", "right"]
    assert answers.loc["dead@*", "why"].startswith("The answer asserts every claim of the sources")


def test_parquet_holds_the_same_and_the_n_best(committed: Run, tmp_path: Path) -> None:
    export = export_run(committed, "parquet", models=["embedded", "baseline:abstain"])
    (path,) = write_export(export, tmp_path / "answers.parquet")
    table = parquet.read_table(path).to_pylist()
    answers = committed.predictions("embedded")
    assert len(table) == len(answers) + len(committed.predictions("baseline:abstain"))
    for line, answer in zip(table, answers, strict=False):
        assert (line["item"], line["prediction"]) == (answer.item, answer.prediction)
        assert line["n_best"] == [asdict(c) for c in answer.n_best]
        assert {m: line[m] for m in answer.scores} == answer.scores
        assert (line["span_start"], line["span_end"]) == (answer.span or (None, None))
    reading = [line["em"] for line in table if line["model"] == "embedded" and line["track"] == "reading"]
    stored = committed.leaderboard.row("embedded").metrics["reading"]["em"]
    assert sum(reading) / len(reading) == pytest.approx(stored.value)


# ------------------------------------------------------------------------------------------ public data sets

PUBLIC = {
    "version": "v2.0",
    "data": [
        {
            "title": "Towns",
            "paragraphs": [
                {
                    "context": "The army took the town in March 2016. Some 400 men fell.",
                    "qas": [
                        {
                            "id": "a@1~x%",
                            "question": "When was it taken?",
                            "answers": [{"text": "March 2016", "answer_start": 26}],
                        },
                        {"id": "b", "question": "Who wrote of it?", "answers": [], "is_impossible": True},
                    ],
                },
                {
                    "context": "Rain fell on the oasis.",
                    "qas": [
                        {
                            "id": "c*",
                            "question": "What fell?",
                            "answers": [{"text": "Rain", "answer_start": 0}],
                        }
                    ],
                },
            ],
        }
    ],
}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("public")
    file = folder / "towns.json"
    file.write_text(json.dumps(PUBLIC), "utf-8")
    run: Run = qa_eval.evaluate([FIRST], dataset=f"squad:{file}", out=folder / "results", name="towns")
    return run


def test_answers_to_public_questions_have_the_plain_ids(public: Run) -> None:
    found = json.loads(text_of(export_run(public, "squad-predictions")))
    assert set(found) == {"a@1~x%", "b", "c*"}


@pytest.mark.parametrize(
    "form", [f for f in FORMATS if f not in ("eval-results", "squad-na-probs", "parquet")]
)
def test_every_format_takes_a_run_over_a_public_data_set(form: str, public: Run, tmp_path: Path) -> None:
    result = call("export", public.path, "--format", form, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output


def test_records_of_public_runs_are_valid_and_clustered_by_context(public: Run) -> None:
    result = call("export", public.path, "--format", "every-eval-ever")
    record = json.loads(result.stdout)
    jsonschema.validate(record, AGGREGATE)
    assert "context" in json.dumps(record["evaluation_results"][0]["score_details"])
    card = card_data(call("export", public.path, "--format", "model-index").stdout)
    assert {r.metric_type for r in card.eval_results} >= {"f1", "exact_match"}
    assert {"leak", "f1_any", "pooled_f1_any"}.isdisjoint(r.metric_type for r in card.eval_results)


@pytest.mark.parametrize("form", ["squad-predictions", "lm-eval", "csv"])
def test_what_is_exported_of_a_public_data_set_is_scored_alike(
    form: str, public: Run, tmp_path: Path
) -> None:
    result = call("export", public.path, "--format", form, "-m", FIRST, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    files = (
        [tmp_path / "out"] if (tmp_path / "out").is_file() else list((tmp_path / "out").rglob("samples_*"))
    )
    if form == "csv":
        files = [files[0].rename(tmp_path / "out.csv")]
    assert public.leaderboard.data.dataset is not None
    card = qa_eval.score(files[0], public.leaderboard.data.dataset, resamples=1)
    f1 = public.leaderboard.row(FIRST).metrics["reading"]["f1"]
    assert card.scores["f1"].value == pytest.approx(f1.value, abs=1e-12)
    assert (card.missing, card.extra) == ((), ())


def test_a_public_data_set_that_changed_is_refused(public: Run, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    text = json.dumps(PUBLIC).replace("What fell?", "What fell there?")
    other.write_text(text, "utf-8")
    result = call("export", public.path, "--format", "lm-eval", "--dataset", f"squad:{other}")
    assert result.exit_code == 2
    assert "is not what this run asked: 1 of its 3 questions are missing, such as 'c*'" in result.stderr


# ------------------------------------------------------------------------------------------ writing


def test_a_file_is_replaced_only_when_told(small: Run, tmp_path: Path) -> None:
    out = tmp_path / "predictions.json"
    arguments = (small.path, "--format", "squad-predictions", "-m", FIRST, "--out", out)
    assert call("export", *arguments).exit_code == 0
    before = out.read_bytes()
    out.write_text("mine")
    result = call("export", *arguments)
    assert result.exit_code == 2
    assert "exists already; --overwrite replaces it" in result.stderr
    assert out.read_text() == "mine"
    assert call("export", *arguments, "--overwrite").exit_code == 0
    assert out.read_bytes() == before
    assert names_in(tmp_path) == ["predictions.json"], "nothing is left beside it"


def test_a_folder_that_exists_takes_the_file_under_its_own_name(small: Run, tmp_path: Path) -> None:
    result = call("export", small.path, "--format", "squad-predictions", "-m", FIRST, "--out", tmp_path)
    assert result.exit_code == 0
    assert names_in(tmp_path) == ["predictions.json"]


def test_nothing_is_written_through_a_link_that_leads_out(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "data").symlink_to(outside)
    result = call("export", "--format", "dataset", "--out", inside)
    assert result.exit_code == 2
    assert "a link leads out of" in result.stderr
    assert not list(outside.iterdir())
    assert names_in(inside) == ["data"]


def test_of_several_files_none_is_written_if_one_is_there(tmp_path: Path) -> None:
    export = Export(outputs=(Output(name="a", data="1"), Output(name="b/c", data=b"2")), folder=True)
    (tmp_path / "a").write_text("mine")
    with pytest.raises(QaEvalError, match="exists already"):
        write_export(export, tmp_path)
    assert names_in(tmp_path) == ["a"]
    assert [p.name for p in write_export(export, tmp_path, overwrite=True)] == ["c", "a"]
    with pytest.raises(QaEvalError, match="is a folder"):
        write_export(Export(outputs=(Output(name="b", data=""),), folder=True), tmp_path, overwrite=True)


# ------------------------------------------------------------------------------------------ the command


@pytest.mark.parametrize("form", ["model-index", "squad-predictions", "csv", "lm-eval", "every-eval-ever"])
def test_text_goes_to_stdout_where_no_file_is_named(form: str, small: Run) -> None:
    assert small.path is not None
    folder = small.path.parent.parent
    result = call(
        "export",
        *(small.path, "--format", form, "-m", FIRST),
        *("--questions", folder / "questions", "--articles", folder / "seeds"),
    )
    assert result.exit_code == 0
    export = export_run(small, form, models=[FIRST], texts=small_questions(small))
    assert result.stdout == text_of(export)
    assert result.stderr.count("(--out writes it)") == len(export.outputs) - 1


RUN_CALLS = {
    "two models": ("--format model-index", "holds one model; choose it with -m: embedded, "),
    "parquet to stdout": ("--format parquet", "name a file or folder with --out"),
    "run of questions": ("--format dataset --out x", "exports the questions, not a run"),
    "paraphrases of a run": ("--format csv --paraphrases", "--paraphrases: cannot be used with --format csv"),
    "misspelt": ("--format csv -m embeded", "--model embeded: not in this run; did you mean embedded"),
    "reference": ("--format csv -m reference:oracle", "its answers are not stored"),
}


def test_the_command_offers_every_format() -> None:
    offered = next(p for p in cli.commands["export"].params if p.name == "form")
    assert isinstance(offered.type, click.Choice)
    assert set(offered.type.choices) == {*FORMATS, "dataset", "claims"}
    help_text = call("export", "--help").stdout
    assert all(form in help_text for form in FORMATS)


CALLS = [
    pytest.param("", "Missing option '--format'", id="no format"),
    pytest.param("--format csv", "Give the RUN to export, or --format dataset", id="no run"),
    pytest.param("--format dataset", "cannot be printed; name a file or folder with --out", id="to stdout"),
    pytest.param(
        "--format dataset --out x -m embedded", "-m: cannot be used with --format dataset", id="model"
    ),
    pytest.param("nowhere --format csv", "nowhere: no such run folder", id="nowhere"),
    *(
        pytest.param(f"{shlex.quote(str(BASELINE))} {line}", message, id=id)
        for id, (line, message) in RUN_CALLS.items()
    ),
]


@pytest.mark.parametrize(("arguments", "message"), CALLS)
def test_a_wrong_call_is_told_and_writes_nothing(
    arguments: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("export", *shlex.split(arguments))
    assert result.exit_code == 2
    assert message in result.stderr
    assert not result.stdout
    assert not list(tmp_path.iterdir())


def test_other_questions_than_the_runs_are_refused(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    arguments = ("--format", "lm-eval", "-m", "embedded", "--questions", questions, "--articles", seeds)
    result = call("export", BASELINE, *arguments)
    assert result.exit_code == 2
    assert "are not what this run asked; name its questions and articles with --questions" in result.stderr


@pytest.mark.parametrize(
    ("what", "broken", "message"),
    [
        pytest.param("item", "recaptured-city", "embedded: not an item id: 'recaptured-city'", id="no id"),
        pytest.param("item", "nothing@nowhere", "nothing@nowhere: is not an item of ", id="stranger"),
        pytest.param("finished_at", "yesterday", "finished_at: 'yesterday' is not an ISO", id="time"),
    ],
)
def test_a_run_that_was_tampered_with_is_told(
    what: str, broken: str, message: str, committed: Run, curated: Corpus
) -> None:
    row = committed.leaderboard.row("embedded")
    answer = committed.predictions(row)[0]
    assert row.predictions is not None
    board = committed.leaderboard
    if what == "item":
        answer = replace(answer, item=broken)
    else:
        board = board.model_copy(update={what: broken})
    run = Run(path=None, leaderboard=board, kept={row.predictions.path: (answer,)})
    for form in ("lm-eval", "every-eval-ever"):
        with pytest.raises(QaEvalError, match=message):
            export_run(run, form, models=["embedded"], texts=curated)


def test_numbers_of_an_interrupted_model_are_not_published() -> None:
    row = example_run.row(
        "embedded",
        example_run.VALUES["embedded"],
        status="partial",
        predictions=PredictionsFileRow(path="p", sha256="", rows=0),
    )
    run = Run(path=None, leaderboard=example_run.leaderboard(rows=[row]), kept={"p": ()})
    published = [form for form, format in FORMATS.items() if format.published]
    assert len(published) == 4
    for form in published:
        with pytest.raises(QaEvalError, match="was interrupted"):
            export_run(run, form, dataset_id="a/b")
    assert text_of(export_run(run, "squad-predictions")) == "{}\n"


def test_what_could_steer_a_terminal_is_escaped_and_still_read(tmp_path: Path) -> None:
    row = example_run.row("embedded", example_run.VALUES["embedded"])
    evil = "e\u202evil\x9b31m"
    row = row.model_copy(
        update={
            "model": ModelInfo(spec=evil, kind="hf", name=evil),
            "predictions": PredictionsFileRow(path="p", sha256="", rows=0),
        }
    )
    run = Run(path=None, leaderboard=example_run.leaderboard(rows=[row]), kept={"p": ()})
    for form in ("model-index", "eval-results", "every-eval-ever", "lm-eval"):
        export = export_run(run, form, dataset_id="a/b")
        text = text_of(export)
        assert not set("\u202e\x9b\x1b") & set(text), form
        json.loads(text) if form.startswith(("every", "lm")) else list(yaml.safe_load_all(text))
        assert "/../" not in f"/{export.outputs[0].name}"
