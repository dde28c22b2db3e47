"""`qa-eval bench`: that what it says adds up; how fast it is depends on the machine and is not asserted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

from qa_eval.data.items import instances, item_ids
from qa_eval.errors import ModelError
from qa_eval.evaluation.speed import _marginal_ratio, _Subject, bench
from qa_eval.records import Corpus, Decoding, Instance
from tests.support.command_line import call

DECODING = Decoding(max_length=96, doc_stride=24)
NARROW = ("--max-length", "96", "--doc-stride", "24")


def test_json_has_the_promised_keys_and_they_add_up(tiny_spec: str) -> None:
    done = call(
        "bench", "-m", tiny_spec, "-m", f"{tiny_spec}?unanswerable=false", "--limit", "1", "--json", *NARROW
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told.items() >= told["models"][0].items()
    for row in told["models"]:
        assert row["items_per_second"] == pytest.approx(row["items"] / row["seconds"])
        assert row["windows_per_second"] == pytest.approx(row["windows"] / row["seconds"])
        assert row["tokens_per_second"] == pytest.approx(row["tokens"] / row["seconds"])
        assert row["windows"] >= row["items"]
        assert set(row["shares"]) == {"tokenizing", "forward", "decoding"}
        assert 0 < sum(row["shares"].values()) <= 1.001
        assert row["ratio_to_floor"] > 0
        assert row["run"]["seconds"] > 0
        assert row["run"]["marginal_ratio"] is None  # one fact has no smaller part
        assert row["peak_rss_bytes"] is None or row["peak_rss_bytes"] > 1_000_000
    (agreement,) = told["agreement"]
    # The same weights that never abstain: scores are equal, and no answer is empty any more.
    assert agreement["items"] == told["models"][0]["items"]
    assert agreement["largest_score_difference"] == pytest.approx(0, abs=1e-4)


def test_the_table_says_the_same_for_people(tiny_spec: str) -> None:
    done = call("bench", "-m", tiny_spec, "--limit", "1", "--rounds", "1", *NARROW)
    assert done.exit_code == 0, done.output
    for words in ("items, ", "windows/s", "share of time", "floor", "peak memory"):
        assert words in done.stdout


@pytest.mark.parametrize(("facts", "few"), [(1, True), (9, True), (12, False)])
def test_a_note_says_that_few_items_say_little(
    tiny_spec: str, curated: Corpus, facts: int, few: bool
) -> None:
    asked = instances(curated, item_ids(curated, tracks=["reading"], limit=facts))
    notes: list[str] = []
    bench(
        [tiny_spec],
        asked,
        {i.item: () for i in asked},
        rounds=1,
        decoding=DECODING,
        note=notes.append,
    )
    said = f"only {len(asked)} items: times so short vary, and so do the ratios; measure 50 items or more"
    assert (said in notes) is few


def test_the_first_line_is_the_cost_of_a_further_item(tiny_spec: str) -> None:
    done = call("bench", "-m", tiny_spec, "--limit", "4", "--rounds", "1", *NARROW)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    name = next(number for number, line in enumerate(lines) if line.startswith(tiny_spec))
    assert re.fullmatch(
        r"  -?\d+\.\d\d x the bare forward pass for each further item of a run", lines[name + 1]
    )


def test_the_marginal_ratio_leaves_out_what_a_run_costs_once() -> None:
    subject = _Subject(cast("Any", None), windows=cast("Any", [1, 2]), first_windows=cast("Any", [1]))
    subject.large, subject.small = [102.0, 112.0, 12.0], [92.0, 100.0, 4.0]
    subject.floor, subject.first_floor = [5.0, 5.0, 5.0], [1.0, 1.0, 1.0]
    assert _marginal_ratio(subject) == 2.5  # of 2.5, 3 and 2
    subject.first_windows = subject.windows
    assert _marginal_ratio(subject) is None


def test_a_model_against_itself_moves_nothing(tiny_spec: str, curated: Corpus) -> None:
    asked = instances(curated, item_ids(curated, tracks=["reading"], limit=1))
    golds = dict.fromkeys((i.item for i in asked), ("400",))
    speeds, (agreement,) = bench([tiny_spec, tiny_spec], asked, golds, rounds=1, decoding=DECODING)
    assert [s.windows for s in speeds] == [speeds[0].windows] * 2
    assert (agreement.moved, agreement.f1_difference) == (0, 0.0)


def test_what_has_no_forward_pass_is_refused() -> None:
    with pytest.raises(ModelError, match="baseline:abstain has no forward pass"):
        bench(["baseline:abstain"], [Instance(item="a", question="Who?", context="He.")], {"a": ()})


def test_quantizing_measures_each_onnx_model_twice(tiny_spec: str, own_cache: Path) -> None:
    onnx = tiny_spec.replace("hf:", "onnx:")
    words = ["bench", "-m", onnx, "--quantize", "int8", "--limit", "1", "--rounds", "1", "--json", *NARROW]
    done = call(*words)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["backend"] for row in told["models"]] == ["onnx-fp32", "onnx-int8"]
    assert [row["spec"] for row in told["agreement"]] == [f"{onnx}?quantize=int8"]


def test_only_onnx_models_can_be_quantized(tiny_spec: str) -> None:
    done = call("bench", "-m", tiny_spec, "--quantize", "int8")
    assert done.exit_code == 2
    assert "only onnx: models can be quantized" in done.stderr + str(done.exception)


def test_articles_can_be_given(tiny_spec: str, tmp_path: Path) -> None:
    done = call("bench", "-m", tiny_spec, "--questions", str(tmp_path / "none"))
    assert done.exit_code == 2
