"""A run from the call to the folder: what is asked, what is kept, what is refused, what a failure costs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from qa_eval import evaluate
from qa_eval.errors import QaEvalError, RunFolderError, SpecError
from qa_eval.evaluation.cache import cache_info, cache_path
from qa_eval.evaluation.run import Interrupted
from qa_eval.evaluation.verification import verify
from qa_eval.records import Corpus, Decoding, Instance, ModelInfo, Prediction
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run, load_run
from tests.support.fake_models import READINGS, FakeModel, four_facts, hashed_prediction
from tests.support.small_corpus import wells

pytestmark = pytest.mark.usefixtures("own_cache", "few_resamples")


CORPUS = four_facts()


def run(tmp_path: Path, *models: Any, corpus: Corpus = CORPUS, **options: Any) -> Run:
    others = {name: options.pop(name) for name in ("progress", "command", "engine") if name in options}
    usual = RunOptions(out=tmp_path / "results", name="first")
    return evaluate(models, corpus=corpus, options=usual.updated(options), **others)


def prediction_files(folder: Path | None) -> dict[str, bytes]:
    assert folder is not None
    return {p.name: p.read_bytes() for p in sorted((folder / "predictions").iterdir())}


# ------------------------------------------------------------------------------------------ what is asked


def test_one_answer_to_each_question_and_article_serves_both_tracks(tmp_path: Path) -> None:
    model = FakeModel()
    found = run(tmp_path, model)
    assert len(model.asked) == len(set(model.asked)) == READINGS
    assert found.leaderboard.data.items.model_dump() == {"reading": 11, "pooled": 4}
    rows = found.predictions("test:fake")
    assert [r.item for r in rows][-4:] == ["dead@*", "began@*", "absent@*", "closed@*"]
    assert "absent@c" in model.asked, "a partial article is read for the pooled track"
    assert "absent@c" not in [r.item for r in rows], "and not scored"


@pytest.mark.parametrize(
    ("options", "asked", "rows"),
    [
        ({"track": "reading"}, 11, 11),
        ({"track": "pooled"}, 12, 4),
        ({"paraphrases": True}, 24, 30),
        ({"categories": ["town"]}, 3, 4),
        ({"limit": 1}, 3, 4),
        ({"sample": 2}, 6, None),
    ],
    ids=str,
)
def test_the_options_choose_what_is_asked(
    tmp_path: Path, options: dict[str, Any], asked: int, rows: int | None
) -> None:
    model = FakeModel()
    found = run(tmp_path, model, **options)
    assert len(model.asked) == asked
    if rows is not None:
        assert len(found.predictions("test:fake")) == rows
    assert verify(tmp_path / "results" / "first", CORPUS) == []


def test_a_pooled_run_is_ranked_by_pooled_f1(tmp_path: Path) -> None:
    board = run(tmp_path, FakeModel(), FakeModel("b"), track="pooled", corpus=wells()).leaderboard
    assert board.sort == "pooled.f1_any"
    assert board.rows[0].rank == 1
    assert board.rows[1].versus_first is not None


def test_on_fewer_than_eight_facts_nothing_is_ranked(tmp_path: Path) -> None:
    board = run(tmp_path, FakeModel(), FakeModel("b")).leaderboard
    one, other = board.rows[:2]
    assert (one.rank, other.rank, board.minimum_detectable_difference) == (None, None, None)
    assert other.versus_first is not None
    assert (other.versus_first.low, other.versus_first.method) == (None, "too-few")


def test_a_row_says_why_it_has_no_leak(tmp_path: Path) -> None:
    spans, texts = FakeModel(), tmp_path / "texts.json"
    answers = {f"dead@{article}": "194" for article in "abc"} | {"began@a": ""}
    texts.write_text(json.dumps(answers), encoding="utf-8")
    board = run(tmp_path, spans, "baseline:abstain", f"predictions:{texts}").leaderboard
    for spec in ("test:fake", "baseline:abstain", "reference:oracle"):
        row = board.row(spec)
        # Of those that name no claim of a contested fact there is no ratio whatever they copied.
        assert set(row.absent) == ({"leak", "faithful_ratio"} if row.is_reference else {"leak"}), spec
        assert row.absent["leak"].startswith("no answer is in words of its own")
        assert row.metric("reading", "leak") is None
    own = board.row(f"predictions:{texts}")
    assert own.absent == {}
    # Of "dead", which a and b answer with another claim each, a is answered with that of b.
    leak = own.metric("reading", "leak")
    assert leak is not None
    assert (leak.value, leak.n, own.counts.leakable) == (0.5, 2, 0)
    # Its texts have no order among the articles.
    assert "pooled" not in own.metrics or own.metrics["pooled"] == {}
    assert verify(tmp_path / "results" / "first", CORPUS) == []


def test_a_second_equal_run_asks_nothing_and_writes_equal_bytes(tmp_path: Path) -> None:
    first = run(tmp_path, FakeModel())
    model = FakeModel()
    second = run(tmp_path, model, name="second")
    assert model.asked == []
    assert second.leaderboard.row("test:fake").counts.cached == READINGS
    assert prediction_files(first.path) == prediction_files(second.path)
    assert first.leaderboard.run_id == second.leaderboard.run_id


def test_editing_one_question_asks_only_that_one(tmp_path: Path) -> None:
    run(tmp_path, FakeModel())
    model = FakeModel()
    run(tmp_path, model, corpus=four_facts(dead="How many were killed?"), name="second")
    assert model.asked == ["dead@a", "dead@b", "dead@c"]


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({"deterministic": True}, READINGS),
        ({"threshold": 2.0}, 0),
        ({"track": "reading"}, 0),
        ({"references": False}, 0),
    ],
    ids=str,
)
def test_only_what_can_move_an_answer_has_it_asked_again(
    tmp_path: Path, change: dict[str, Any], again: int
) -> None:
    run(tmp_path, FakeModel())
    model = FakeModel()
    run(tmp_path, model, name="second", **change)
    assert len(model.asked) == again


def test_a_model_without_fingerprint_is_asked_every_time(tmp_path: Path) -> None:
    for name in ("first", "second"):
        model = FakeModel(fingerprint=None)
        run(tmp_path, model, name=name)
        assert len(model.asked) == READINGS
    assert cache_info().entries == 0


def test_without_the_cache_nothing_is_left_beside_the_results(tmp_path: Path) -> None:
    found = run(tmp_path, FakeModel(), cache=False)
    assert not cache_path().exists()
    assert found.path is not None
    assert sorted(p.name for p in found.path.iterdir()) == ["leaderboard.json", "predictions"]


def test_where_the_cache_cannot_be_made_the_run_folder_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("QA_EVAL_CACHE", str(tmp_path / "file"))
    with pytest.raises(Interrupted):
        run(tmp_path, FakeModel(fails=stop_at("closed@a")))
    assert "the cache cannot be opened" in caplog.text
    model = FakeModel()
    run(tmp_path, model)
    assert model.asked == ["closed@a", "closed@b", "closed@c", "absent@c"]


def test_the_order_of_the_models_moves_nothing(tmp_path: Path) -> None:
    one = run(tmp_path, FakeModel(), FakeModel("b"), "baseline:sliding-window", cache=False)
    other = run(tmp_path, "baseline:sliding-window", FakeModel("b"), FakeModel(), cache=False, name="second")
    assert prediction_files(one.path) == prediction_files(other.path)
    assert one.leaderboard.run_id == other.leaderboard.run_id
    timeless = {"performance", "checksums"}
    assert [r.model_dump(exclude=timeless) for r in one.leaderboard.rows] == [
        r.model_dump(exclude=timeless) for r in other.leaderboard.rows
    ]


def test_predictions_rows_hold_no_times_and_are_canonical(tmp_path: Path) -> None:
    files = prediction_files(run(tmp_path, FakeModel()).path)
    line = files["test-fake.jsonl"].decode("utf-8").splitlines()[0]
    value = json.loads(line)
    assert line == json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert {"item", "gold_sha256", "n_best", "match", "scores", "threshold"} <= set(value)
    assert not [key for key in value if "time" in key or "second" in key]


# ------------------------------------------------------------------------------------------ rows and ranks


def test_rows_are_sorted_and_ranked_and_references_stand_last(tmp_path: Path) -> None:
    board = run(
        tmp_path, "baseline:abstain", "baseline:random-span", FakeModel(), FakeModel("b"), corpus=wells()
    ).leaderboard
    specs = [r.model.spec for r in board.rows]
    assert specs[-3:] == ["reference:oracle", "reference:majority-claim", "reference:other-source"]
    models = board.rows[:-3]
    values = [r.metrics["reading"]["f1"].value for r in models]
    assert values == sorted(values, reverse=True)
    unranked = {r.model.spec for r in board.rows if r.rank is None}
    assert unranked == {"baseline:abstain", "baseline:random-span", *specs[-3:]}
    first = next(r for r in models if r.rank is not None)
    assert first.versus_first is None
    assert all(r.versus_first is not None for r in models if r is not first)
    oracle = board.row("reference:oracle").metrics["reading"]
    assert {name: oracle[name].value for name in ("em", "f1", "match")} == dict.fromkeys(
        ("em", "f1", "match"), 1.0
    )
    assert board.status == "complete"


def test_without_references_there_are_none(tmp_path: Path) -> None:
    board = run(tmp_path, FakeModel(), references=False).leaderboard
    assert [r.model.spec for r in board.rows] == ["test:fake"]


def test_references_alone_are_a_run(tmp_path: Path) -> None:
    board = run(tmp_path).leaderboard
    assert len(board.rows) == 3
    assert board.minimum_detectable_difference is None


def test_a_run_in_memory_writes_nothing_and_has_everything(tmp_path: Path) -> None:
    found = run(tmp_path, FakeModel(), out=None)
    assert found.path is None
    assert not (tmp_path / "results").exists()
    assert len(found.predictions("test:fake")) == 15
    assert found.predictions("reference:oracle") == []


def test_what_is_written_is_what_is_returned(tmp_path: Path) -> None:
    found = run(tmp_path, FakeModel(), "baseline:first-of-type", command="qa-eval run")
    assert found.path == tmp_path / "results" / "first"
    loaded = load_run(found.path)
    assert loaded.leaderboard == found.leaderboard
    assert loaded.leaderboard.harness.command == "qa-eval run"
    assert loaded.predictions("test:fake") == found.predictions("test:fake")


def test_a_fixed_threshold_moves_answers_and_is_recorded(tmp_path: Path) -> None:
    row = run(tmp_path, FakeModel(), threshold=-100.0).leaderboard.row("test:fake")
    assert (row.decoding.threshold, row.decoding.threshold_source) == (-100.0, "fixed")
    assert row.counts.abstained == row.counts.items == 11
    assert "|threshold:-100.0|" in row.signature


def test_a_cross_fitted_threshold_stands_in_the_rows(tmp_path: Path) -> None:
    found = run(tmp_path, FakeModel(), threshold="cross-fit")
    row = found.leaderboard.row("test:fake")
    assert (row.decoding.threshold, row.decoding.threshold_source) == (None, "cross-fit")
    by_fact: dict[str, set[float | None]] = {}
    for line in found.predictions("test:fake"):
        if line.track == "reading":
            by_fact.setdefault(line.fact, set()).add(line.threshold)
    assert all(len(values) == 1 and None not in values for values in by_fact.values())
    assert verify(tmp_path / "results" / "first", CORPUS) == []


def test_a_model_that_no_threshold_can_move_has_none(tmp_path: Path) -> None:
    row = run(tmp_path, "baseline:abstain").leaderboard.row("baseline:abstain")
    assert (row.decoding.threshold, row.decoding.threshold_source) == (None, "none")
    assert row.decoding.max_length is None


@dataclass
class Pooled:
    """Answers pooled items itself, and one reading item; leaves the rest out."""

    info: ModelInfo = field(default_factory=lambda: ModelInfo(spec="test:pooled", kind="test", name="pooled"))
    decoding: Decoding | None = None
    answers_pooled: bool = True
    seen: list[Instance] = field(default_factory=list)

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        self.seen += instances
        for instance in instances:
            if instance.item in ("dead@*", "dead@a"):
                yield Prediction(item=instance.item, text="180")


def test_a_model_may_answer_pooled_items_directly_and_what_it_leaves_out_is_missing(tmp_path: Path) -> None:
    model = Pooled()
    found = run(tmp_path, model)
    asked = {i.item: i for i in model.seen}
    pooled = asked["dead@*"]
    assert (pooled.question, pooled.context, pooled.article) == ("How many soldiers died?", "", "*")
    assert pooled.mode == "all"
    assert [p.id for p in pooled.passages] == [article.id for article in CORPUS.articles]
    rows = {r.item: r for r in found.predictions("test:pooled")}
    assert (rows["dead@*"].prediction, rows["dead@*"].matched_claim) == ("180", "180")
    assert rows["began@*"].missing
    counts = found.leaderboard.row("test:pooled").counts
    assert (counts.items, counts.answered, counts.missing) == (11, 1, 10)
    assert verify(tmp_path / "results" / "first", CORPUS) == []


# ------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("models", "options", "error", "message"),
    [
        pytest.param(["baseline:abstian"], {}, SpecError, "did you mean", id="unknown model"),
        pytest.param(
            ["baseline:none", "embeded", "baseline:abstain"],
            {},
            SpecError,
            "sliding-window, first-of-type\nno model is called 'embeded': write KIND:NAME, ORG/NAME, or"
            " ./embeded for a local folder; did you mean embedded?",
            id="all unknown models at once",
        ),
        pytest.param(
            ["baseline:abstain", "baseline:abstain"],
            {},
            SpecError,
            "baseline:abstain is given twice; name it once",
            id="one model twice",
        ),
        pytest.param(
            [FakeModel("x", fingerprint="f"), FakeModel("y", fingerprint="f")],
            {},
            SpecError,
            "test:x and test:y are the same model; name it once",
            id="one model by two names",
        ),
        pytest.param(
            [FakeModel("x", fingerprint="f"), FakeModel("x", fingerprint="g")],
            {},
            SpecError,
            "two different models have the spec test:x; give each its own spec",
            id="two models by one name",
        ),
        pytest.param(
            [],
            {"references": False},
            SpecError,
            "models: is empty; without reference rows there is nothing to run",
            id="none",
        ),
        pytest.param(
            ["baseline:abstain"],
            {"threshold": "best"},
            QaEvalError,
            "threshold: 'best' is neither a number nor cross-fit",
            id="a threshold that is a word",
        ),
        pytest.param(
            ["baseline:abstain"],
            {"threshold": float("nan")},
            QaEvalError,
            "threshold: nan is not a finite number",
            id="a threshold that is no number",
        ),
        pytest.param(
            ["baseline:abstain"], {"categories": ["sport"]}, QaEvalError, "category", id="a category"
        ),
        pytest.param(["baseline:abstain"], {"name": "a/b"}, RunFolderError, "name 'a/b'", id="a bad name"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_written(
    tmp_path: Path, models: list[Any], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        run(tmp_path, *models, **options)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_cannot_be_written_is_refused_before_a_model_is_asked(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    model = FakeModel()
    with pytest.raises(RunFolderError, match="cannot be written to: Not a directory; choose another folder"):
        run(tmp_path, model)
    assert model.asked == []


def test_a_complete_folder_is_refused_and_overwrite_replaces_it(tmp_path: Path) -> None:
    run(tmp_path, FakeModel())
    with pytest.raises(RunFolderError, match="this run is already complete; overwrite replaces it"):
        run(tmp_path, FakeModel())
    with pytest.raises(RunFolderError, match=r"holds another run \(other models\)"):
        run(tmp_path, FakeModel("b"))
    found = run(tmp_path, FakeModel("b"), overwrite=True)
    assert found.path == tmp_path / "results" / "first"
    assert list(prediction_files(found.path)) == ["test-b.jsonl"]


def test_a_run_that_overwrites_and_fails_to_start_loses_nothing(tmp_path: Path) -> None:
    run(tmp_path, FakeModel())
    before = prediction_files(tmp_path / "results" / "first")
    with pytest.raises(Interrupted) as caught:
        run(tmp_path, FakeModel("b", fails=stop_at("dead@a")), overwrite=True)
    assert prediction_files(tmp_path / "results" / "first") == before
    kept = caught.value.run.path
    assert kept is not None
    assert kept.parent == tmp_path / "results"
    assert kept.name.startswith(".first.new-")
    assert sorted(p.name for p in kept.parent.iterdir()) == sorted([kept.name, "first"]), "no lock is left"


# ------------------------------------------------------------------------------------------ failures


def stop_at(item: str, error: BaseException | None = None) -> Callable[[Instance], BaseException | None]:
    wanted = error or KeyboardInterrupt()
    return lambda instance: wanted if instance.item == item else None


def test_one_failing_item_is_an_error_of_that_item(tmp_path: Path) -> None:
    found = run(tmp_path, FakeModel(fails=stop_at("dead@b", ValueError("odd"))))
    row = found.leaderboard.row("test:fake")
    assert (row.status, row.counts.errors, row.counts.items) == ("ok", 1, 11)
    assert found.leaderboard.status == "complete"
    line = next(r for r in found.predictions(row) if r.item == "dead@b")
    assert (line.error, line.prediction, line.match.rule) == ("ValueError: odd", "", "error")
    assert not any(line.scores.values())
    assert verify(tmp_path / "results" / "first", CORPUS) == []


def test_a_failed_item_is_asked_again_by_the_next_run(tmp_path: Path) -> None:
    run(tmp_path, FakeModel(fails=stop_at("dead@b", ValueError("odd"))))
    model = FakeModel()
    run(tmp_path, model, name="second")
    assert model.asked == ["dead@b"]


def test_a_failing_model_has_an_error_in_its_row_and_the_others_go_on(tmp_path: Path) -> None:
    bad = FakeModel("bad", fails=lambda instance: RuntimeError("weights are damaged"))
    found = run(tmp_path, bad, FakeModel(), corpus=wells())
    row = found.leaderboard.row("test:bad")
    assert (row.status, row.error) == ("error", "RuntimeError: weights are damaged")
    assert (row.rank, row.metrics, row.predictions) == (None, {}, None)
    assert found.leaderboard.status == "error"
    assert found.leaderboard.row("test:fake").rank == 1
    assert [r.model.spec for r in found.leaderboard.rows][:2] == ["test:fake", "test:bad"]
    assert verify(tmp_path / "results" / "first", wells()) == []


def test_a_failed_run_is_taken_up_again_in_its_folder(tmp_path: Path) -> None:
    run(tmp_path, FakeModel("bad", fails=lambda i: RuntimeError("")), FakeModel(), cache=False)
    good, other = FakeModel("bad"), FakeModel()
    found = run(tmp_path, good, other, cache=False)
    assert found.leaderboard.status == "complete"
    assert (len(good.asked), other.asked) == (READINGS, [])


@pytest.mark.parametrize("cache", [True, False], ids=["global cache", "no cache"])
def test_an_interrupted_run_keeps_what_is_done_and_is_resumed_without_asking_again(
    tmp_path: Path, cache: bool
) -> None:
    whole = run(tmp_path, FakeModel("b"), FakeModel(), out=tmp_path / "whole", cache=False)
    options: dict[str, Any] = {"name": None, "cache": cache}
    with pytest.raises(Interrupted) as caught:
        run(tmp_path, FakeModel("b"), FakeModel(fails=stop_at("absent@b")), **options)
    kept = caught.value.run
    assert kept.path is not None
    assert str(caught.value) == f"interrupted; what is done is kept in {kept.path}"
    board = load_run(kept.path).leaderboard
    assert (board.status, board.finished_at) == ("partial", None)
    assert board.row("test:b").status == "ok"
    row = board.row("test:fake")
    assert (row.status, row.rank) == ("partial", None)
    assert (row.counts.items, row.counts.unasked) == (7, 6), "seven read, two facts pooled, six left"
    assert verify(kept.path, CORPUS) == []
    second, resumed = FakeModel("b"), FakeModel()
    found = run(tmp_path, second, resumed, **options)
    assert found.path == kept.path
    assert second.asked == []
    assert resumed.asked == ["absent@b", "closed@a", "closed@b", "closed@c", "absent@c"]
    assert found.leaderboard.status == "complete"
    assert found.leaderboard.created_at == board.created_at
    assert prediction_files(found.path) == prediction_files(whole.path)


def test_an_interruption_in_memory_hands_over_what_is_done(tmp_path: Path) -> None:
    with pytest.raises(Interrupted) as caught:
        run(tmp_path, FakeModel(fails=stop_at("began@c")), out=None, cache=False)
    assert len(caught.value.run.predictions("test:fake")) == 6
    assert str(caught.value) == "interrupted"


def test_a_model_whose_answers_break_the_protocol_fails_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    @dataclass
    class Twice(FakeModel):
        def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
            for instance in instances:
                yield hashed_prediction(instance)
                yield replace(hashed_prediction(instance), windows=2)

    board = run(tmp_path, Twice("twice"), FakeModel()).leaderboard
    assert board.row("test:twice").error == "item 'dead@a' was answered twice"
    assert board.row("test:fake").status == "ok"
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        "test:twice failed: item 'dead@a' was answered twice"
    ]


# ------------------------------------------------------------------------------------------ progress


@dataclass
class Watching:
    """Writes down what it is told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)

    def start(self, models: int) -> None:
        self.told.append(("start", models))

    def model(self, name: str, items: int) -> None:
        self.told.append(("model", name, items))

    def advance(self, n: int = 1, from_cache: bool = False) -> None:
        self.told.append(("advance", n, from_cache))

    def finish(self) -> None:
        self.told.append(("finish",))


def test_progress_is_told_of_every_answer(tmp_path: Path) -> None:
    run(tmp_path, FakeModel(), limit=1)
    watching = Watching()
    run(tmp_path, FakeModel(), name="second", progress=watching)
    assert watching.told == [
        ("start", 1),
        ("model", "test:fake", READINGS),
        ("advance", 3, True),
        ("advance", READINGS - 3, False),
        ("finish",),
    ]


def test_progress_is_finished_also_when_interrupted(tmp_path: Path) -> None:
    watching = Watching()
    with pytest.raises(Interrupted):
        run(tmp_path, FakeModel(fails=stop_at("dead@a")), progress=watching)
    assert watching.told[-1] == ("finish",)


# ------------------------------------------------------------------------------------------ for real


def test_every_baseline_runs_and_verifies(tmp_path: Path) -> None:
    names = ("abstain", "random-span", "sliding-window", "first-of-type")
    found = run(tmp_path, *(f"baseline:{name}" for name in names), paraphrases=True)
    assert [r.status for r in found.leaderboard.rows] == ["ok"] * 7
    assert verify(tmp_path / "results" / "first", CORPUS) == []


def test_a_replayed_run_scores_like_the_run_itself(tmp_path: Path) -> None:
    found = run(tmp_path, FakeModel())
    file = tmp_path / "results" / "first" / "predictions" / "test-fake.jsonl"
    again = run(tmp_path, f"predictions:{file}", name="second")
    before = found.leaderboard.row("test:fake").metrics["reading"]
    after = again.leaderboard.row(f"predictions:{file}").metrics["reading"]
    for metric in ("balanced_f1", "em", "f1", "match", "no_answer_auroc"):
        assert after[metric] == before[metric]


def test_the_embedded_model_is_deterministic_across_resuming_and_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"deterministic": True, "device": "cpu"}
    whole = run(tmp_path, "embedded", "baseline:abstain", cache=False, **options)
    run(tmp_path, "embedded", name="some", limit=2, **options)
    resumed = run(tmp_path, "baseline:abstain", "embedded", name="second", **options)
    assert resumed.leaderboard.row("embedded").counts.cached == 6
    assert prediction_files(whole.path) == prediction_files(resumed.path)
    assert verify(tmp_path / "results" / "second", CORPUS) == []
