"""The published JSON Schemas against what reads the files: neither takes what the other refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from qa_eval.data.corpus_schema import ArticleLine, QuestionLine
from qa_eval.evaluation.run import evaluate
from qa_eval.runs.options import RunOptions
from qa_eval.runs.prediction_lines import render_prediction
from qa_eval.runs.schema import LEADERBOARD_ADAPTER, PREDICTION_ADAPTER
from qa_eval.runs.store import Run, load_run
from qa_eval.text.glossary import GLOSSARY
from tests.support.command_line import call
from tests.support.places import BASELINE, ROOT
from tests.support.small_corpus import FALL, LOSSES, fact, small_corpus

MODELS: dict[str, TypeAdapter[Any]] = {
    "questions": TypeAdapter(QuestionLine),
    "articles": TypeAdapter(ArticleLine),
    "leaderboard": LEADERBOARD_ADAPTER,
    "predictions": PREDICTION_ADAPTER,
}


def published(name: str) -> Draft202012Validator:
    done = call("schema", name)
    assert done.exit_code == 0
    schema = json.loads(done.stdout)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    corpus = small_corpus(tmp_path_factory.mktemp("set"))
    return evaluate(
        ["baseline:first-of-type", "baseline:abstain"], corpus=corpus, options=RunOptions(cache=False)
    )


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def examples(name: str, run: Run) -> list[Any]:
    """Valid documents: all that the project ships, and small ones that use every field."""
    if name == "questions":
        whole = fact(FALL, partial=["beta"], silent=["gamma"], note=None)
        whole["claims"][0]["evidence"][0] |= {"speaker": "A", "as_of": "2016-03-27", "hedged": True}
        return [LOSSES, whole, *(row for path in (ROOT / "questions").glob("*.jsonl") for row in lines(path))]
    if name == "articles":
        return lines(ROOT / "seeds/articles.jsonl")
    committed = load_run(BASELINE)
    if name == "leaderboard":
        return [r.leaderboard.model_dump(mode="json") for r in (run, committed)]
    rows = [row for one in run.leaderboard.rows for row in run.stream(one)]
    return [json.loads(render_prediction(row)) for row in rows]


@pytest.mark.parametrize("name", MODELS)
def test_every_valid_example_is_taken_by_both(name: str, run: Run) -> None:
    schema, model = published(name), MODELS[name]
    found = examples(name, run)
    assert len(found) >= 2
    for value in found:
        assert [e.message for e in schema.iter_errors(value)] == []
        model.validate_python(value)


def test_fields_are_described_and_ranks_in_the_words_of_the_site_and_the_report() -> None:
    schema = published("leaderboard").schema
    assert isinstance(schema, dict)
    row = schema["$defs"]["Row"]["properties"]
    for field in ("rank", "rank_interval", "slices", "absent", "speaker_preference", "versus_first"):
        assert row[field]["description"], field
    rank = "rank is one more than the number of models shown to be better, and never falls down the table"
    page = (ROOT / "docs" / "concepts" / "numbers.md").read_text("utf-8")
    for text in (row["rank"]["description"], page, GLOSSARY["rank"]):
        words = " ".join(text.split())
        assert rank in words.lower()
        assert "Models that share a rank form a group" in words


def test_what_a_run_writes_is_what_the_schemas_describe(tmp_path: Path) -> None:
    corpus = small_corpus(tmp_path / "set")
    stored = evaluate(
        ["baseline:first-of-type"], corpus=corpus, out=tmp_path, name="r", options=RunOptions(cache=False)
    )
    assert stored.path is not None
    board = json.loads((stored.path / "leaderboard.json").read_text("utf-8"))
    assert [e.message for e in published("leaderboard").iter_errors(board)] == []
    for path in (stored.path / "predictions").glob("*.jsonl"):
        for row in lines(path):
            assert [e.message for e in published("predictions").iter_errors(row)] == []


def shortened(board: dict[str, Any]) -> dict[str, Any]:
    """A leaderboard of one row with one of everything: enough to break every kind of part once."""
    row = board["rows"][0]
    short = {
        "metrics": {"reading": {"em": row["metrics"]["reading"]["em"]}},
        "slices": {"silent": {"em": row["slices"]["silent"]["em"]}},
        "source_preference": {},
    }
    environment = {**board["environment"], "packages": {"numpy": "2"}}
    return {**board, "rows": [{**row, **short}], "environment": environment}


OTHERS: tuple[Any, ...] = ("text", 5, 1.5, True, None, [], {}, [1], {"text": 1}, -1)
"""One of each kind, to put in the place of another."""


def broken(value: Any) -> Iterator[Any]:
    """The value with one part replaced by something else, missing, or with an unknown key."""

    def places(part: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        keys: Iterator[Any] = iter(())
        if isinstance(part, dict):
            keys = iter(part)
        elif isinstance(part, list):
            keys = iter(range(min(len(part), 2)))
        for key in keys:
            yield (*path, key)
            yield from places(part[key], (*path, key))

    def changed(path: tuple[Any, ...], other: Any) -> Any:
        whole = copy.deepcopy(value)
        holder = whole
        for key in path[:-1]:
            holder = holder[key]
        if other is ...:
            del holder[path[-1]]
        else:
            holder[path[-1]] = other
        return whole

    for path in places(value, ()):
        for other in (*OTHERS, ...):
            yield changed(path, other)
    if isinstance(value, dict):
        yield {**value, "unknown": 1}


def takes(model: TypeAdapter[Any], value: Any) -> bool:
    try:
        model.validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("name", MODELS)
def test_what_is_refused_when_read_is_refused_by_the_schema(name: str, run: Run) -> None:
    schema, model = published(name), MODELS[name]
    value = examples(name, run)[:2][-1] if name == "questions" else examples(name, run)[0]
    if name == "leaderboard":
        value = shortened(value)
    refused = 0
    for wrong in broken(value):
        if not takes(model, wrong):
            refused += 1
            assert not schema.is_valid(wrong), wrong
    assert refused > 20


@pytest.mark.parametrize("name", ["questions", "articles"])
def test_files_that_people_write_have_no_unknown_keys(name: str, run: Run) -> None:
    value = {**examples(name, run)[0], "unknown": 1}
    assert not published(name).is_valid(value)
    assert not takes(MODELS[name], value)


@pytest.mark.parametrize("name", ["leaderboard", "predictions"])
def test_files_that_a_newer_program_wrote_may_have_more_keys(name: str, run: Run) -> None:
    value = {**examples(name, run)[0], "unknown": 1}
    assert published(name).is_valid(value)
    assert takes(MODELS[name], value)
