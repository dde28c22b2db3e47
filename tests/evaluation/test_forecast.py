"""`qa-eval plan`: the arithmetic by hand, the counts against what a run then reports, and what fails."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa_eval.cli.plan import plan_command
from qa_eval.cli.run import run_command
from qa_eval.evaluation.cache import cache_info
from qa_eval.evaluation.forecast import (
    Forecast,
    ModelForecast,
    Pace,
    Total,
    Work,
    draw_forecast,
    estimated,
)
from qa_eval.evaluation.plans import settle
from qa_eval.runs.options import RunOptions
from tests.support.chat_server import chat_server
from tests.support.command_line import call
from tests.support.fake_models import FakeModel, four_facts
from tests.support.plug_ins import write_plug_in
from tests.support.public_files import TWO_ARTICLES, flat, write, write_lines
from tests.support.tiny_language_models import CHAT, build

pytestmark = pytest.mark.usefixtures("own_place", "few_resamples")

SHORT = ("--max-length", "64", "--doc-stride", "16", "--no-reference", "--probe-seconds", "0.2")
LOCAL, RAY = None, 5
"""Number of workers of Ray; None for the local engine."""


def planned(*args: str, code: int = 0) -> dict[str, Any]:
    done = call("plan", *args, "--json")
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["schema_version"] == 1
    return found


def ran(*args: str) -> list[dict[str, Any]]:
    """The first row of each leaderboard."""
    flags = [flag for flag in args if flag not in ("--probe-seconds", "0.2")]
    done = call("run", *flags, "--json")
    assert done.exit_code == 0, done.output
    reader = json.JSONDecoder()
    rows, text = [], done.stdout
    while text.strip():
        board, end = reader.raw_decode(text.lstrip())
        text = text.lstrip()[end:]
        rows.append(board["rows"][0])
    return rows


# ------------------------------------------------------------------------------------------ arithmetic

PACE = Pace(items=4, tokens=200, seconds=2.0, row_seconds=0.1, row_bytes=300, answer_bytes=50)
"""100 tokens and 2 items a second."""
WORK = Work(
    dataset="d",
    items=20,
    cached=10,
    rows=20,
    pieces=20,
    counted=20,
    windows=Total(40),
    tokens=Total(2_000),
    windows_left=Total(20),
    tokens_left=Total(1_000),
    reading_seconds=0.5,
    probe=PACE,
)
MODEL = ModelForecast(spec="m", works=(WORK,), start_seconds=4.0, load_seconds=3.0, peak_rss_bytes=1_000)
ITEMS = replace(WORK, windows=None, tokens=None, windows_left=None, tokens_left=None)
DONE = replace(WORK, cached=20, windows_left=Total(0), tokens_left=Total(0))


@pytest.mark.parametrize(
    ("work", "workers", "seconds"),
    [
        # 1,000 tokens at 100 a second, then 0.5 s of reading and 20 rows at 0.1 s
        pytest.param(WORK, LOCAL, 10 + 0.5 + 2, id="local: one after the other"),
        pytest.param(WORK, 1, 10, id="one worker: side by side"),
        pytest.param(WORK, RAY, 2.5, id="five workers are faster than what scores"),
        # 10 items at 2 a second
        pytest.param(ITEMS, LOCAL, 5 + 0.5 + 2, id="a model without windows"),
        pytest.param(DONE, LOCAL, 0.5 + 2, id="all cached"),
    ],
)
def test_time_of_one_data_set(work: Work, workers: int | None, seconds: float) -> None:
    assert work.cost(workers).seconds == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("work", "speed"),
    [
        pytest.param(WORK, (Total(1_000), "tokens", 100.0), id="tokens"),
        pytest.param(ITEMS, (Total(10), "items", 2.0), id="no windows"),
        pytest.param(
            replace(WORK, probe=replace(PACE, tokens=0)), (Total(10), "items", 2.0), id="no tokens counted"
        ),
        pytest.param(replace(DONE, probe=Pace()), (Total(0), "items", 0.0), id="nothing asked"),
    ],
)
def test_items_are_the_unit_where_the_model_counts_no_tokens(
    work: Work, speed: tuple[Total, str, float]
) -> None:
    assert work.speed == speed


@pytest.mark.parametrize(
    ("workers", "model", "whole"),
    [
        # two models, one with nothing left; 1 s to prepare, 4 s to start, once
        pytest.param(LOCAL, 3 + 12.5, 1 + 4 + 15.5 + 2.5, id="local"),
        pytest.param(RAY, 3 + 2.5, 1 + 4 + 5.5 + 2.5, id="ray"),
    ],
)
def test_time_of_a_model_and_of_the_run(workers: int | None, model: float, whole: float) -> None:
    idle = replace(MODEL, works=(DONE,))
    broken = ModelForecast(spec="b", error="no")
    found = Forecast(workers=workers, models=(MODEL, idle, broken), preparing_seconds=1)
    assert MODEL.cost(workers).seconds == pytest.approx(model)
    assert idle.cost(workers).seconds == pytest.approx(2.5)
    assert found.cost.seconds == pytest.approx(whole)


def test_memory_and_disk() -> None:
    larger = replace(MODEL, peak_rss_bytes=3_000)
    local = Forecast(workers=LOCAL, models=(MODEL, larger), driver_rss_bytes=70)
    assert local.memory == (3_000, 3_000)
    assert replace(local, workers=RAY).memory == (3_000, 5 * 3_000 + 70)
    assert replace(local, models=(replace(MODEL, peak_rss_bytes=None),)).memory is None
    assert local.cost.predictions_bytes == 2 * 20 * 300
    assert local.cost.cache_bytes == 2 * 10 * 50


def test_scaling_is_the_same_arithmetic_with_more_models_and_items_and_nothing_cached() -> None:
    one = Forecast(workers=RAY, models=(MODEL,), preparing_seconds=1, for_models=1_000, for_items=200)
    assert one.scaled is not None
    models, items, cost = one.scaled
    assert (models, items) == (1_000, 200)
    # ten times the items: 20,000 tokens of each model, 200 s of one worker, 5 s of reading, 20 s of scoring
    assert cost.tokens == pytest.approx(1_000 * 20_000)
    assert cost.answering_seconds == pytest.approx(1_000 * 200)
    assert cost.driver_seconds == pytest.approx(1_000 * 25)
    assert cost.seconds == pytest.approx(10 + 4 + 1_000 * (3 + 200 / 5))
    assert cost.predictions_bytes == pytest.approx(1_000 * 200 * 300)
    assert cost.cache_bytes == pytest.approx(1_000 * 200 * 50)
    assert Forecast(workers=RAY, models=(MODEL,)).scaled is None
    assert replace(one, models=(replace(MODEL, error="no"),)).scaled is None


def test_models_and_data_sets_scale_in_equal_shares() -> None:
    slow = replace(MODEL, works=(replace(WORK, probe=replace(PACE, seconds=4.0)),))
    found = Forecast(workers=LOCAL, models=(MODEL, slow), for_models=4).scaled
    assert found is not None
    # two at 100 and two at 50 tokens a second, 2,000 tokens each
    assert found[2].answering_seconds == pytest.approx(2 * 20 + 2 * 40)
    both = replace(MODEL, works=(WORK, replace(WORK, items=60)))
    found = Forecast(workers=LOCAL, models=(both,), for_items=800).scaled
    assert found is not None
    assert found[2].tokens == pytest.approx(10 * 2_000 + 10 * 2_000)


@pytest.mark.parametrize(
    ("values", "sizes", "size", "pieces", "total"),
    [
        pytest.param([4, 8], [1, 1], 2, 2, Total(12), id="all counted"),
        # mean 6; variance 8; sqrt((1 - 2/10) 8 / 2) = 1.789; x 1.96 x 10 = 35.06, rounded up
        pytest.param([4, 8], [1, 1], 10, 10, Total(60, 36), id="two of ten"),
        # 3 for each item, without exception
        pytest.param([3, 9], [1, 3], 40, 10, Total(120), id="proportional to size"),
        pytest.param([0, 0], [0, 0], 3, 10, Total(0), id="nothing of the kind was drawn"),
    ],
)
def test_totals_estimated_from_a_sample(
    values: list[int], sizes: list[int], size: int, pieces: int, total: Total
) -> None:
    assert estimated(values, sizes, size=size, pieces=pieces) == total


def test_the_interval_holds_the_truth_19_times_of_20() -> None:
    rng = random.Random(0)
    population = [round(rng.lognormvariate(5, 0.6)) for _ in range(2_000)]
    held = 0
    for _ in range(1_000):
        drawn = rng.sample(population, 200)
        found = estimated(drawn, [1] * 200, size=2_000, pieces=2_000)
        held += abs(found.value - sum(population)) <= found.margin
    assert 920 <= held <= 975


def test_the_arithmetic_is_printed_with_its_numbers() -> None:
    broken = ModelForecast(spec="b\x1b[31m", error="no weights")
    sampled = replace(WORK, pieces=200, tokens_left=Total(1_000, 150))
    models = (replace(MODEL, works=(sampled,)), broken)
    found = Forecast(
        workers=RAY, models=models, preparing_seconds=1, for_models=10, driver_rss_bytes=2_000_000
    )
    text = "\n".join(line.plain for line in draw_forecast(found, 200))
    for line in (
        "m          d            20      10   1,000 ±150  100 tokens/s  2.5 s       40   2,000",
        "b\\x1b[31m cannot be asked: no weights",
        "d: windows and tokens are estimated from 20 of 200 questions, drawn at random",
        "time, 5 workers on Ray:",
        "  m: 3.0 s load + max(1,000 tokens / (100 tokens/s x 5), 0.5 s reading + 20 rows x "
        "100.00 ms scoring) = 5.5 s (± 0.3 s)",
        "  all: 1.0 s to read and check the data + 4.0 s to start + 5.5 s = 10.5 s",
        "memory: 5 x 1.0 kB, of the largest model's process, + 2.0 MB, of the process that plans = 2.0 MB",
        "disk: 6.0 kB of predictions, 500 B of cache",
        "10 models like these, each on 20 items like these, none cached:",
    ):
        assert line in text, text


# ------------------------------------------------------------------------------------------ parts


def test_a_part_is_divided_by_facts_and_judged_alone() -> None:
    model = FakeModel()
    (part,) = settle([model], corpus=four_facts(), options=RunOptions(references=False)).task.parts(model)
    by_fact = part.by_fact()
    assert {fact: len(asked) for fact, asked in by_fact.items()} == dict.fromkeys(
        ["dead", "began", "absent", "closed"], 3
    )
    alone = part.only({"absent"})
    assert list(alone.instances) == by_fact["absent"]
    # of three articles one is partial, and not scored; the pooled item counts all
    rows = alone.judge({p.item: p for p in model.predict(alone.instances)}, 0.0)
    assert sorted(row.item for row in rows) == ["absent@*", "absent@a", "absent@b"]


def test_a_part_of_a_data_set_is_divided_by_questions(tmp_path: Path) -> None:
    model = FakeModel()
    data = f"squad:{write(tmp_path / 'tiny.json', TWO_ARTICLES)}"
    (part,) = settle([model], dataset=data).task.parts(model)
    assert list(part.by_fact()) == ["q1", "q2", "q3", "q4"]
    alone = part.only({"q4"})
    assert [i.question for i in alone.instances] == ["How far is the sea?"]
    assert [row.fact for row in alone.judge({}, 0.0)] == ["q4"]


# ------------------------------------------------------------------------------------------ counts


def test_the_counts_are_what_a_run_reports_after_a_part_of_it_and_after_all(tiny_spec: str) -> None:
    flags = ("-m", tiny_spec, *SHORT)
    (half,) = ran(*flags, "--limit", "1")
    kept = cache_info().entries
    plan = planned(*flags, "--limit", "2")
    (work,) = plan["models"][0]["datasets"]
    assert cache_info().entries == kept == work["cached"]
    (row,) = ran(*flags, "--limit", "2")
    done, left = half["performance"], row["performance"]
    assert work["items"] == 10
    assert work["cached"] == row["counts"]["cached"] == 5
    assert work["rows"] == row["predictions"]["rows"]
    assert work["windows_left"] == {"value": left["windows"], "margin": 0}
    assert work["tokens_left"] == {"value": left["tokens"], "margin": 0}
    assert work["windows"]["value"] == done["windows"] + left["windows"]
    assert work["tokens"]["value"] == done["tokens"] + left["tokens"]
    assert plan["rss_bytes"] > 50e6

    # Nothing is left; only what is scaled has to be asked.
    plan = planned(*flags, "--limit", "2", "--for-items", "1000")
    (again,) = plan["models"][0]["datasets"]
    assert again["cached"] == again["items"] == 10
    assert again["tokens"] == work["tokens"]
    assert again["tokens_left"]["value"] == again["answering_seconds"] == 0
    assert plan["cache_bytes"] == plan["start_seconds"] == 0
    assert plan["predictions_bytes"] > 0
    assert plan["scaled"]["tokens"] == 100 * work["tokens"]["value"]
    assert plan["scaled"]["answering_seconds"] > 0


def test_several_data_sets_are_counted_each_and_a_large_one_by_a_sample(
    tiny_spec: str, tmp_path: Path
) -> None:
    rng = random.Random(3)
    rows = [
        flat(f"q{n}", f"Who is number {n}?", " ".join(["Palmyra"] * rng.randint(5, 120))) for n in range(120)
    ]
    flags = ["-m", tiny_spec, "-m", "baseline:abstain", *SHORT]
    flags += ["--dataset", f"jsonl:{write_lines(tmp_path / 'many.jsonl', rows)}"]
    flags += ["--dataset", f"squad:{write(tmp_path / 'tiny.json', TWO_ARTICLES)}"]
    plan = planned(*flags, "--exact-up-to", "60", "--engine", "ray", "--workers", "3")
    model, baseline = plan["models"]
    many, tiny = model["datasets"]
    assert (plan["engine"], plan["workers"]) == ("ray", 3)
    assert [(d["items"], d["exact"], d["counted"]) for d in (many, tiny)] == [(120, False, 60), (4, True, 4)]
    assert [d["tokens"] for d in baseline["datasets"]] == [None, None]
    assert {d["unit"] for d in baseline["datasets"]} == {"items"}
    run_many, run_tiny = (row["performance"] for row in ran(*flags))
    for what in ("windows", "tokens"):
        assert tiny[what] == {"value": run_tiny[what], "margin": 0}
        assert 0 < abs(many[what]["value"] - run_many[what]) <= many[what]["margin"]
    assert many["answering_seconds"] == pytest.approx(
        many["tokens_left"]["value"] / (3 * many["probe"]["tokens"] / many["probe"]["seconds"])
    )


# ------------------------------------------------------------------------------------------ language models

SHORT_PROMPT = """
mode = "one"
[[messages]]
role = "user"
content = "{passage} {question}"
"""


def test_the_requests_tokens_and_cost_of_a_server_are_foreseen() -> None:
    with chat_server() as server:
        server.set(delay=0.05)
        flags = ["-m", server.spec(), "--no-reference", "--limit", "3", "--closed-book", "--orders", "2"]
        priced = [*flags, "--price-in", "2", "--price-out", "10", "--probe-seconds", "0.2"]
        plan = planned(*priced, "--concurrency", "2")
        probed = len(server.told()["asked"])
        assert 2 <= probed < 20, "a short probe"
        (work,) = plan["models"][0]["datasets"]
        server.forget()
        (row,) = ran(*flags)
        asked, performance = len(server.told()["asked"]), row["performance"]
        assert work["prompts"] == work["items"] == asked == 3 * (5 + 3 + 1)
        shown = call("plan", *priced, "--no-cache").output
    assert (work["tokens"], work["unit"], work["probe"]["items"]) == (None, "items", probed)
    assert work["tokens_out"] == performance["tokens_out"] == 2 * asked
    assert work["tokens_in"] == round(work["probe"]["tokens"] * asked / probed)
    assert work["cost"] == pytest.approx((work["tokens_in"] * 2 + work["tokens_out"] * 10) / 1e6)
    assert work["answering_seconds"] == pytest.approx(asked * work["probe"]["seconds"] / probed)
    assert f": {asked} prompts; about " in shown
    assert re.search(r"tokens to read, about 54 to write; cost about 0\.\d+", " ".join(shown.split()))


def test_the_prompts_of_a_local_language_model_are_counted(tmp_path: Path) -> None:
    folder = build("llama", tmp_path / "tiny", chat=CHAT)
    Path("short.toml").write_text(SHORT_PROMPT)
    rows = [flat(f"q{n}", "When was it?", " ".join(["It was in 1900."] * (1 + n))) for n in range(6)]
    data = f"jsonl:{write_lines(tmp_path / 'few.jsonl', rows)}"
    flags = ["-m", f"causal:{folder}?max_tokens=4", "--prompt", "short.toml", "--dataset", data]
    flags += ["--no-reference", "--probe-seconds", "0.2"]
    (work,) = planned(*flags)["models"][0]["datasets"]
    (row,) = ran(*flags)
    performance = row["performance"]
    read = performance["tokens"] - performance["tokens_out"]
    assert work["tokens_left"] == {"value": read, "margin": 0}
    assert (work["prompts"], work["tokens_in"], work["cost"]) == (6, read, None)
    assert (work["unit"], row["counts"]["errors"]) == ("tokens", 0)


def test_what_is_written_is_foreseen(tmp_path: Path) -> None:
    rows = [flat(f"q{n:03}", f"When was number {n:03}?", f"It was in 19{n:03}.") for n in range(200)]
    flags = ["-m", "baseline:first-of-type", "--dataset", f"jsonl:{write_lines(tmp_path / 'd.jsonl', rows)}"]
    plan = planned(*flags)
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "cache").exists()
    assert call("run", *flags, "--name", "r", "--no-reference").exit_code == 0
    (file,) = (tmp_path / "results/r/predictions").iterdir()
    assert plan["predictions_bytes"] == pytest.approx(file.stat().st_size, rel=0.02)
    assert plan["cache_bytes"] == 0


# ------------------------------------------------------------------------------------------ flags, failures


def test_every_flag_of_run_is_one_of_plan() -> None:
    assert {p.name for p in run_command.params} < {p.name for p in plan_command.params}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(["-m", "embeded"], "did you mean embedded", id="model"),
        pytest.param(["--workers", "3"], "--workers: only with --engine ray.", id="workers here"),
        pytest.param(
            ["--engine", "ray", "--address", "auto"],
            "give the number of workers with --workers",
            id="a cluster's size",
        ),
        pytest.param(["--dataset", "squad:nowhere.json"], "nowhere.json", id="data set"),
        pytest.param(["--probe-seconds", "0"], "'--probe-seconds'", id="no time"),
    ],
)
def test_a_wrong_call_is_refused_as_by_run(args: list[str], message: str, tmp_path: Path) -> None:
    done = call("plan", *args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


PLUG_IN = """
import os
from qa_eval.models.protocol import Kind
from qa_eval.records import ModelInfo
from tests.support.fake_models import hashed_prediction


class Odd:
    decoding = None

    def __init__(self, spec):
        self.name = spec.name
        self.info = ModelInfo(spec=str(spec), kind=spec.kind, name=spec.name, fingerprint=spec.name)

    def predict(self, instances):
        for instance in instances:
            if self.name == "dies":
                os._exit(1)
            if self.name == "raises":
                raise RuntimeError("no weights")
            yield hashed_prediction(instance)


KIND = Kind(name="odd", summary="", example="odd:x", factory=lambda spec, decoding, runtime: Odd(spec))
"""


@pytest.fixture
def _plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plug_in(tmp_path, "odd_kind", PLUG_IN, "odd = odd_kind:KIND")
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("_plug_in")
def test_models_that_cannot_be_asked_are_named_and_the_others_planned() -> None:
    flags = [flag for name in ("dies", "raises", "works") for flag in ("-m", f"odd:{name}")]
    plan = planned(*flags, "--limit", "3", code=1)
    dies, raises, works = plan["models"]
    assert (dies["status"], dies["error"]) == ("error", "its process died")
    assert (raises["status"], raises["error"]) == ("error", "RuntimeError: no weights")
    assert works["status"] == "ok"
    (work,) = works["datasets"]
    # it says tokens of its answers, but nobody knows those of the others before they are asked
    assert (work["items"], work["tokens"], work["unit"]) == (15, None, "items")
    assert work["probe"]["items"] == 15
    assert work["cache_bytes"] > 0
