"""Runs of public data sets: the numbers, streaming, resuming, verifying, showing."""

from __future__ import annotations

import hashlib
import json
import random
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from qa_eval import evaluate
from qa_eval.errors import InputError, QaEvalError
from qa_eval.evaluation.model_answers import Answers
from qa_eval.evaluation.run import Interrupted
from qa_eval.evaluation.scorecard import score
from qa_eval.evaluation.verification import verify
from qa_eval.files.hashes import canonical_json
from qa_eval.metrics.score_table import add_scores
from qa_eval.metrics.thresholds import fold_of
from qa_eval.models.protocol import Model
from qa_eval.records import Instance
from qa_eval.runs.options import RunOptions
from qa_eval.runs.predictions_writer import PredictionsWriter
from qa_eval.runs.schema import PredictionRow
from qa_eval.runs.store import Run
from tests.support.command_line import call
from tests.support.fake_models import FakeModel
from tests.support.places import BASELINE
from tests.support.plain_rules import plain_means, plain_score, plain_v2
from tests.support.public_files import SKY, TWO_ARTICLES, flat, open_public, write, write_lines

pytestmark = pytest.mark.usefixtures("own_cache", "few_resamples")


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    """Four questions on two contexts."""
    return f"squad:{write(tmp_path / 'tiny.json', TWO_ARTICLES)}"


def made_up(folder: Path, *, unanswerable: bool = True, questions: int = 60) -> str:
    """Questions on 15 contexts whose words a `FakeModel` sometimes finds."""
    rng = random.Random(7)
    words = ["the", "sea", "sky", "moon", "blue", "400", "people", "saw", "of", "over", "in", "May", "12"]
    rows = []
    for number in range(questions):
        context = " ".join(random.Random(number % 15).choices(words, k=12)) + f" {number % 15}."
        first = rng.randrange(10)
        gold = " ".join(context.split()[first : first + rng.randint(1, 2)])
        golds = [] if unanswerable and rng.random() < 0.4 else [(gold, context.index(gold)), (words[3], 0)]
        asked = rng.choice(["What", "How many", "When", "Who"])
        rows.append(flat(f"q{number}", f"{asked} {number}?", context, golds))
    return f"jsonl:{write_lines(folder / 'made-up.jsonl', rows)}"


def replay(folder: Path, answers: Mapping[str, str]) -> str:
    return f"predictions:{write(folder / 'answers.json', dict(answers))}"


def values(run: Run, spec: str) -> dict[str, float]:
    return {id: e.value for id, e in run.leaderboard.row(spec).metrics["reading"].items()}


def files(run: Run) -> dict[str, bytes]:
    assert run.path is not None
    return {p.name: p.read_bytes() for p in sorted((run.path / "predictions").iterdir())}


# ------------------------------------------------------------------------------------------ the numbers


def test_the_worked_example(tiny: str, tmp_path: Path) -> None:
    spec = replay(tmp_path, {"q1": "sky", "q2": "400 people", "q3": ""})
    run = evaluate([spec], dataset=tiny, out=tmp_path / "results", name="r")
    found = values(run, spec)
    # q1 is right, q2 has one token too many (F1 2/3), q3 has no answer and gets none, q4 was not answered.
    assert found["em"] == pytest.approx(2 / 4)
    assert found["f1"] == pytest.approx((1 + 2 / 3 + 1) / 4)
    assert found["has_answer_em"] == pytest.approx(1 / 3)
    assert found["has_answer_f1"] == pytest.approx((1 + 2 / 3) / 3)
    assert found["no_answer_recall"] == 1.0
    assert found["no_answer_precision"] == 1.0
    assert found["balanced_f1"] == pytest.approx(((1 + 2 / 3) / 3 + 1) / 2)
    # Only q2 tells what it asks for: a number, and 400 people are 400.
    assert found["match"] == 1.0
    row = run.leaderboard.row(spec)
    assert row.metrics["reading"]["match"].n == 1
    assert row.metrics["reading"]["f1"].clusters == 2
    assert "pooled" not in row.metrics
    absent = {"em_any", "f1_any", "leak", "lenient", "contrast_consistency", "no_answer_leak", "brier"}
    assert absent.isdisjoint(found)
    assert (row.counts.items, row.counts.answered, row.counts.abstained, row.counts.missing) == (4, 2, 1, 1)
    assert set(row.slices) == {"settled", "silent"}
    assert row.slices["settled"]["f1"].value == pytest.approx((1 + 2 / 3) / 3)


def test_the_leaderboard_says_what_was_asked(tiny: str) -> None:
    board = evaluate(["baseline:abstain"], dataset=tiny).leaderboard
    data, census = board.data, open_public(tiny).check()
    assert (data.kind, data.dataset, data.split, data.cluster) == ("public", tiny, None, "context")
    assert (data.facts, data.contexts, data.contested) == (4, 2, 0)
    assert (data.items.reading, data.items.pooled) == (4, 0)
    assert (data.questions_sha256, data.articles_sha256) == (census.questions_sha256, census.contexts_sha256)
    assert (board.rules, board.sort, board.options.track) == ("squad-v2.0", "reading.f1", "reading")
    assert board.row("baseline:abstain").signature.startswith("rules:squad-v2.0|")


def test_the_oracle_is_the_only_reference_and_has_everything(tiny: str, tmp_path: Path) -> None:
    for dataset in (tiny, made_up(tmp_path), made_up(tmp_path, unanswerable=False)):
        run = evaluate(["baseline:abstain"], dataset=dataset)
        assert [r.model.spec for r in run.leaderboard.rows if r.is_reference] == ["reference:oracle"]
        found = values(run, "reference:oracle")
        assert {found[id] for id in ("em", "f1", "match")} == {1.0}
    without = evaluate(["baseline:abstain"], dataset=tiny, options=RunOptions(references=False))
    assert len(without.leaderboard.rows) == 1


def test_a_run_and_its_scored_predictions_have_the_same_values_and_intervals(tmp_path: Path) -> None:
    dataset = made_up(tmp_path)
    run = evaluate([FakeModel()], dataset=dataset)
    said = {row.fact: row.prediction for row in run.predictions("test:fake")}
    scores = score(said, dataset, resamples=99).scores
    found = run.leaderboard.row("test:fake").metrics["reading"]
    for ours, theirs in (
        *(("em", "exact"), ("f1", "f1"), ("has_answer_em", "HasAns_exact"), ("has_answer_f1", "HasAns_f1")),
        ("no_answer_recall", "NoAns_f1"),
    ):
        expected = (scores[theirs].value, scores[theirs].low, scores[theirs].high)
        assert (found[ours].value, found[ours].low, found[ours].high) == pytest.approx(expected), ours


def test_em_and_f1_are_those_of_a_plain_reading_of_the_rules(tmp_path: Path) -> None:
    dataset = made_up(tmp_path)
    run = evaluate([FakeModel()], dataset=dataset)
    said = {row.fact: row.prediction for row in run.predictions("test:fake")}
    plain = plain_v2([(e.id, e.golds) for e in open_public(dataset)], said)
    found = values(run, "test:fake")
    assert 0 < sum(not text for text in said.values()) < 60
    for ours, theirs in (
        *(("em", "exact"), ("f1", "f1"), ("has_answer_em", "HasAns_exact"), ("has_answer_f1", "HasAns_f1")),
        ("no_answer_recall", "NoAns_f1"),
    ):
        assert found[ours] == pytest.approx(plain[theirs] / 100, abs=1e-12), ours


def test_rules_without_unanswerable_questions_have_no_such_metrics(tmp_path: Path) -> None:
    dataset = made_up(tmp_path, unanswerable=False)
    run = evaluate([FakeModel()], dataset=dataset)
    said = {row.fact: row.prediction for row in run.predictions("test:fake")}
    plain = plain_means([(e.id, e.golds) for e in open_public(dataset)], said, "squad-v1.1")
    found = values(run, "test:fake")
    assert run.leaderboard.rules == "squad-v1.1"
    assert found["em"] == pytest.approx(plain["exact_match"] / 100, abs=1e-12)
    assert found["f1"] == pytest.approx(plain["f1"] / 100, abs=1e-12)
    assert set(found) == {"em", "f1", "match", "brier", "brier_skill", "auroc", "aurc", "coverage_at_80"}


def test_models_are_ranked_by_f1(tmp_path: Path) -> None:
    dataset = made_up(tmp_path)
    best = replay(tmp_path, {e.id: e.golds[-1] if e.golds else "" for e in open_public(dataset)})
    run = evaluate(["baseline:abstain", FakeModel(), best], dataset=dataset)
    rows = {row.model.spec: row for row in run.leaderboard.rows}
    assert run.leaderboard.sort == "reading.f1"
    assert [rows[spec].rank for spec in (best, "test:fake", "baseline:abstain")] == [1, 2, None]
    versus = rows["test:fake"].versus_first
    assert versus is not None
    assert versus.clusters == 15
    assert versus.value == pytest.approx(values(run, "test:fake")["f1"] - 1.0)


def test_confidence_is_about_em(tmp_path: Path) -> None:
    run = evaluate([FakeModel()], dataset=made_up(tmp_path))
    rows = run.predictions("test:fake")
    errors = [(row.confidence - row.scores["em"]) ** 2 for row in rows if row.confidence is not None]
    assert len(errors) == 60
    assert values(run, "test:fake")["brier"] == pytest.approx(sum(errors) / 60)


# ------------------------------------------------------------------------------------------ cross-fitting


def best_by_f1(rows: Sequence[PredictionRow], golds: Mapping[str, Sequence[str]]) -> float:
    """The threshold with the greatest summed F1, by trying all; of equal ones the nearest to 0."""
    margins = sorted({row.null_score - row.n_best[0].score for row in rows if row.null_score is not None})
    cuts = [margins[0] - 1, *((a + b) / 2 for a, b in pairwise(margins)), margins[-1] + 1]

    def total(cut: float) -> float:
        said = [r.n_best[0].text if (r.null_score or 0) - r.n_best[0].score <= cut else "" for r in rows]
        return sum(
            plain_score(text, golds[row.fact], "squad-v2.0")[1] for text, row in zip(said, rows, strict=True)
        )

    top = max(map(total, cuts))
    return min((c for c in cuts if total(c) > top - 1e-9), key=lambda cut: (abs(cut), cut))


def test_a_cross_fitted_threshold_is_the_best_by_f1_of_the_other_contexts(tmp_path: Path) -> None:
    dataset = made_up(tmp_path)
    run = evaluate([FakeModel()], dataset=dataset, out=tmp_path / "out", name="r", threshold="cross-fit")
    rows = run.predictions("test:fake")
    golds = {e.id: e.golds for e in open_public(dataset)}
    folds = fold_of(row.article for row in rows)
    fitted = [best_by_f1([r for r in rows if folds[r.article] != fold], golds) for fold in range(5)]
    assert [row.threshold for row in rows] == pytest.approx([fitted[folds[r.article]] for r in rows])
    assert len(set(fitted)) > 1
    row = run.leaderboard.row("test:fake")
    assert (row.decoding.threshold_source, row.decoding.threshold) == ("cross-fit", None)
    assert values(run, "test:fake")["f1"] == pytest.approx(sum(r.scores["f1"] for r in rows) / len(rows))
    assert run.path is not None
    assert verify(run.path) == []
    in_memory = evaluate([FakeModel()], dataset=dataset, threshold="cross-fit")
    assert in_memory.predictions("test:fake") == rows


# ------------------------------------------------------------------------------------------ streaming


def test_parts_of_any_size_give_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = made_up(tmp_path)
    runs = []
    for part in (7, 512):
        monkeypatch.setattr("qa_eval.evaluation.tasks.public.PART", part)
        runs.append(
            evaluate(
                [FakeModel()],
                dataset=dataset,
                out=tmp_path / str(part),
                name="r",
                options=RunOptions(cache=False),
            )
        )
    assert files(runs[0]) == files(runs[1])
    one, other = (run.leaderboard.row("test:fake").metrics["reading"] for run in runs)
    assert one.keys() == other.keys()
    for id, estimate in one.items():
        assert asdict(estimate) == pytest.approx(asdict(other[id])), id


def test_a_model_is_never_asked_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.public.PART", 10)
    dataset = made_up(tmp_path)
    first, second = FakeModel(), FakeModel()
    evaluate([first], dataset=dataset, limit=25)
    run = evaluate([second], dataset=dataset)
    assert (len(first.asked), len(second.asked)) == (25, 35)
    assert run.leaderboard.row("test:fake").counts.cached == 25


def test_of_what_is_kept_one_part_at_a_time_is_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.public.PART", 10)
    dataset = made_up(tmp_path)
    evaluate([FakeModel()], dataset=dataset)
    events: list[str] = []
    opened, added = Answers._opened, PredictionsWriter.add

    def open_part(self: Answers, *part: Any) -> Any:
        events.append("opened")
        return opened(self, *part)

    def add(self: PredictionsWriter, rows: Any) -> None:
        events.append("stored")
        added(self, rows)

    monkeypatch.setattr(Answers, "_opened", open_part)
    monkeypatch.setattr(PredictionsWriter, "add", add)
    model = FakeModel()
    evaluate([model], dataset=dataset)
    assert model.asked == []
    assert events == ["opened", "stored"] * 6


def test_deterministic_runs_give_equal_bytes_in_parts_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"dataset": made_up(tmp_path, questions=6), "name": "r"}
    options["options"] = RunOptions(cache=False, references=False, deterministic=True)
    runs = []
    for part in (2, 512):
        monkeypatch.setattr("qa_eval.evaluation.tasks.public.PART", part)
        runs.append(evaluate(["embedded"], out=tmp_path / str(part), **options))
    assert files(runs[0]) == files(runs[1])
    assert runs[0].leaderboard.run_id == runs[1].leaderboard.run_id


def test_an_item_that_fails_is_an_error_and_a_model_that_fails_a_row(tmp_path: Path) -> None:
    def third(instance: Instance) -> BaseException | None:
        return RuntimeError("no") if instance.question_id == "q3" else None

    models = [FakeModel("some", fails=third), FakeModel("none", fails=lambda instance: RuntimeError("never"))]
    run = evaluate(models, dataset=made_up(tmp_path), out=tmp_path / "out", name="r")
    some, none = (run.leaderboard.row(f"test:{name}") for name in ("some", "none"))
    assert (some.counts.errors, some.counts.items, some.status) == (1, 60, "ok")
    assert (none.status, none.error, none.predictions) == ("error", "RuntimeError: never", None)
    assert run.leaderboard.status == "error"
    assert list(files(run)) == ["test-some.jsonl"]
    assert verify(tmp_path / "out" / "r") == []


# ------------------------------------------------------------------------------------------ interruptions


def interrupting(at: str) -> Callable[[Instance], BaseException | None]:
    return lambda instance: KeyboardInterrupt() if instance.question_id == at else None


@pytest.mark.parametrize(
    ("at", "cache", "threshold"),
    [("q0", True, 0.0), ("q13", True, "cross-fit"), ("q13", False, 0.0), ("q59", False, "cross-fit")],
)
def test_an_interrupted_run_keeps_what_is_done_and_goes_on_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, cache: bool, threshold: Any
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.public.PART", 8)
    options: dict[str, Any] = {"dataset": made_up(tmp_path), "name": "r", "threshold": threshold}
    options["options"] = RunOptions(cache=cache)
    models: list[Model | str] = [FakeModel("first"), FakeModel("second", fails=interrupting(at))]
    with pytest.raises(Interrupted) as caught:
        evaluate(models, out=tmp_path / "out", **options)
    kept, done = caught.value.run, int(at[1:])
    row = kept.leaderboard.row("test:second")
    assert (row.status, row.counts.items, row.counts.unasked) == ("partial", done, 60 - done)
    assert len(kept.predictions("test:second")) == done
    assert verify(tmp_path / "out" / "r") == []
    again = [FakeModel("first"), FakeModel("second")]
    resumed = evaluate(again, out=tmp_path / "out", **options)
    assert [len(model.asked) for model in again] == [0, 60 - done]
    whole = evaluate([FakeModel("first"), FakeModel("second")], out=tmp_path / "whole", **options)
    assert files(resumed) == files(whole)
    assert verify(tmp_path / "out" / "r") == []


@pytest.mark.parametrize("when", ["before rows", "between rows and scores", "within scores"])
def test_rows_and_scores_agree_wherever_an_interruption_falls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.public.PART", 10)
    calls = iter(range(100))
    add_rows = PredictionsWriter.add

    def rows(writer: Any, added: Any) -> None:
        if when == "before rows" and next(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        add_rows(writer, added)

    def scores(tables: Any, added: Any, cluster: Any) -> None:
        if when != "before rows" and next(calls) == 2:
            add_scores(tables, at_first := added[:4] if when == "within scores" else (), cluster)
            signal.raise_signal(signal.SIGINT)
            added = added[len(at_first) :]
        add_scores(tables, added, cluster)

    monkeypatch.setattr(PredictionsWriter, "add", rows)
    monkeypatch.setattr("qa_eval.evaluation.tasks.public.add_scores", scores)
    with pytest.raises(Interrupted) as caught:
        evaluate(["baseline:first-of-type"], dataset=made_up(tmp_path), out=tmp_path / "out", name="r")
    row = caught.value.run.leaderboard.row("baseline:first-of-type")
    # The third part had been asked whole: it is judged, whether or not it was written.
    assert (row.status, row.counts.items, row.counts.unasked) == ("partial", 30, 30)
    assert verify(tmp_path / "out" / "r") == []
    assert not list((tmp_path / "out" / "r" / "predictions").glob(".*"))


# ------------------------------------------------------------------------------------------ verifying


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    run = evaluate([FakeModel()], dataset=made_up(tmp_path), out=tmp_path / "out", name="r")
    assert run.path is not None
    return run.path


def change_rows(folder: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Changes the stored rows, and puts their new hash into the leaderboard."""
    file = folder / "predictions" / "test-fake.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    change(rows)
    file.write_text("".join(canonical_json(row) + "\n" for row in rows), "utf-8")
    board = json.loads((folder / "leaderboard.json").read_text("utf-8"))
    for row in board["rows"]:
        if row["predictions"]:
            row["predictions"] |= {
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
                "rows": len(rows),
            }
    (folder / "leaderboard.json").write_text(canonical_json(board), "utf-8")


OTHER = r"test-fake.jsonl:4: q3@\w+: question, context or golds differ from the data set"
HASH = r"test-fake.jsonl: hash of the items: stored"


@pytest.mark.parametrize(
    ("change", "with_data", "without"),
    [
        pytest.param(lambda rows: rows[3].update(golds=["moon"]), OTHER, HASH, id="golds"),
        pytest.param(lambda rows: rows[3].update(question="When?"), OTHER, HASH, id="question"),
        pytest.param(lambda rows: rows[3].update(context_sha256="0" * 64), OTHER, HASH, id="context"),
        pytest.param(
            lambda rows: rows.append(rows[3]),
            r":61: q3@\w+: stored twice",
            r":61: q3@\w+: stored twice",
            id="twice",
        ),
        pytest.param(lambda rows: rows.pop(3), r"test-fake.jsonl: q3@\w+: not stored", HASH, id="lost"),
        pytest.param(
            lambda rows: rows[3].update(item="q99@c0"),
            r":4: q99@c0: is not an item of this run",
            HASH,
            id="stranger",
        ),
        pytest.param(
            lambda rows: rows[3].update(item="nonsense"),
            r"test-fake.jsonl:4: item: not an item id: 'nonsense'",
            r"test-fake.jsonl:4: item: not an item id: 'nonsense'",
            id="no item",
        ),
        pytest.param(
            lambda rows: rows[3]["scores"].update(f1=0.123),
            r":4: q3@\w+.scores.f1: stored 0.123",
            r":4: q3@\w+.scores.f1: stored 0.123",
            id="a score",
        ),
    ],
)
def test_whatever_is_changed_is_named(
    stored: Path, change: Callable[[list[dict[str, Any]]], object], with_data: str, without: str
) -> None:
    change_rows(stored, change)
    assert any(re.search(with_data, line) for line in verify(stored))
    (stored.parent.parent / "made-up.jsonl").unlink()
    assert any(re.search(without, line) for line in verify(stored))


def test_a_run_verifies_without_its_data_set_and_against_another_it_does_not(
    stored: Path, tmp_path: Path, tiny: str
) -> None:
    assert verify(stored) == []
    moved = (tmp_path / "made-up.jsonl").rename(tmp_path / "moved.jsonl")
    assert verify(stored) == []
    assert verify(stored, dataset=open_public(f"jsonl:{moved}")) == []
    other = verify(stored, dataset=open_public(tiny))
    assert [line.partition(": stored")[0] for line in other] == [
        "leaderboard.json: data.questions_sha256",
        "leaderboard.json: data.articles_sha256",
    ]


def test_a_data_set_that_has_changed_since_is_a_difference(stored: Path, tmp_path: Path) -> None:
    file = tmp_path / "made-up.jsonl"
    lines = file.read_text("utf-8").splitlines()
    file.write_text("\n".join(lines[:-1]), "utf-8")
    assert any("data.questions_sha256" in line for line in verify(stored))


# ------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    "options", [{"track": "pooled"}, {"paraphrases": True}, {"categories": ["town"]}], ids=str
)
def test_options_of_the_curated_set_are_refused(tiny: str, tmp_path: Path, options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(QaEvalError, match=f"{name}: works only with questions about articles"):
        evaluate(["baseline:abstain"], dataset=tiny, out=tmp_path / "out", options=RunOptions(**options))
    assert not (tmp_path / "out").exists()


def test_a_split_needs_a_data_set() -> None:
    with pytest.raises(QaEvalError, match="split: dev: only a public data set has splits"):
        evaluate(["baseline:abstain"], options=RunOptions(split="dev"))


def test_a_wrong_data_set_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [flat("q1", "What?", SKY), "{", "[]"])
    with pytest.raises(InputError) as caught:
        evaluate(["baseline:abstain"], dataset=f"jsonl:{path}", out=tmp_path / "out")
    assert [f.line for f in caught.value.findings] == [2, 3]
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------------------------------ the command line


ONE_OF_SEVERAL = re.compile(r"(?<![\w.,])1 (?:[a-z]+ )?(?!is\b|has\b)[a-z]+s\b")
"""The number 1 with a noun in the plural."""


@pytest.mark.parametrize("data", ["questions of a data set", "questions about articles"])
def test_the_number_one_has_a_noun_in_the_singular(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    one = write_lines(tmp_path / "one.jsonl", [flat("q1", "What is blue?", SKY)])
    source = [] if data == "questions about articles" else ["--dataset", f"jsonl:{one}"]
    asked = [*source, "-m", "embedded"]
    (tmp_path / "answers.json").write_text('{"q1": "sky"}', "utf-8")
    calls = [
        ["run", *asked, "--limit", "1", "--name", "one"],
        ["leaderboard", "results/one"],
        ["leaderboard", "results/one", "--all"],
        ["show", "results/one", "--failures"],
        ["plan", *asked, "--limit", "1"],
        ["cache", "info"],
    ]
    if source:
        calls += [
            ["score", "answers.json", *source],
            ["bench", *asked, "--limit", "1", "--rounds", "1"],
            ["verify", "results/one"],
        ]
    for words in calls:
        done = call(*words)
        assert done.exit_code == 0, done.stderr
        text = " ".join((done.stdout + done.stderr).split())
        assert ONE_OF_SEVERAL.findall(text) == [], (words, text)


def test_a_run_its_leaderboard_its_items_and_its_verification(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    done = call("run", "--dataset", tiny, "-m", "baseline:first-of-type", "--name", "tiny")
    assert done.exit_code == 0, done.stderr
    assert "(4 questions on 2 contexts, 1 unanswerable; rules squad-v2.0)" in done.stderr
    one_line = " ".join(done.stdout.split())  # a long path of the data set has the caption wrapped elsewhere
    for words in (
        "HasAns",
        "4 questions on 2 contexts",
        "too few contexts for an interval: 2, and 8 are needed",
    ):
        assert words in one_line
    for words in ("facts", "articles", "EM-any", "coverage"):
        assert words not in done.stdout
    name, lead, *table, more = call("leaderboard", "results/tiny").stdout.splitlines(keepends=True)
    assert lead == "baseline:first-of-type: F1 0.0; no other model has a score to rank.\n"
    assert more.startswith("--all shows every metric")
    assert "".join([name, *table]) == done.stdout
    assert call("verify", "results/tiny").stdout == "results/tiny: every number is the same\n"
    item = call("show", "results/tiny", "q2")
    assert item.exit_code == 0, item.stderr
    for words in ("How many people saw it?", "gold   “400” / “Some 400”", "⟦2015⟧", "wrong"):
        assert words in item.stdout
    assert "What was blue?" in call("show", "results/tiny", "--failures").stdout
    (tmp_path / "tiny.json").unlink()
    verified = call("verify", "results/tiny")
    assert verified.exit_code == 0
    assert "the data set was not compared" in verified.stdout
    assert "was not found (see --dataset)" in verified.stderr
    item = call("show", "results/tiny", "q2")
    assert "How many people saw it?" in item.stdout
    assert "⟦" not in item.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--track", "pooled", "--paraphrases"], "--track, --paraphrases: not with --dataset"),
        (["--category", "x", "--questions", "q"], "--questions, --category: not with --dataset"),
        (["--split", "dev"], "is a file, which has no splits"),
        (["--limit", "0"], "'--limit'"),
    ],
)
def test_a_call_with_options_of_other_data_is_refused(tiny: str, args: list[str], message: str) -> None:
    done = call("run", *args, "--dataset", tiny, "-m", "baseline:abstain")
    assert done.exit_code == 2
    assert message in done.stderr


def test_flags_of_the_other_kind_of_run_are_refused(stored: Path, tiny: str) -> None:
    done = call("verify", str(stored), "--questions", "q")
    assert (done.exit_code, "name it with --dataset" in done.stderr) == (2, True)
    baseline = str(BASELINE)
    done = call("show", baseline, "--failures", "--dataset", tiny)
    assert (done.exit_code, "--dataset: this run is on questions about articles" in done.stderr) == (2, True)
    done = call("run", "--split", "dev")
    assert (done.exit_code, "--split: only with --dataset" in done.stderr) == (2, True)


def test_what_is_tolerated_is_told(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "rows.jsonl", [flat("q1", "What?", SKY, [("sky", 5)])])
    done = call("run", "--dataset", f"jsonl:{path}", "-m", "baseline:abstain", "--out", str(tmp_path / "out"))
    assert done.exit_code == 0
    assert "warning: 1 answer_start that does not point at its text; only the text counts" in done.stderr


def test_runs_of_one_data_set_stand_in_one_table_and_of_two_do_not(
    tiny: str, tmp_path: Path, stored: Path
) -> None:
    for name, model in (("a", "baseline:abstain"), ("b", "baseline:first-of-type")):
        call("run", "--dataset", tiny, "-m", model, "--out", str(tmp_path), "--name", name)
    both = call("leaderboard", str(tmp_path / "a"), str(tmp_path / "b"))
    assert both.exit_code == 0, both.stderr
    assert "baseline:first-of-type" in both.stdout
    mixed = call("leaderboard", str(tmp_path / "a"), str(stored))
    assert mixed.exit_code == 2
    assert "data.questions_sha256" in mixed.stderr
