"""Test sets without answers are asked, stored and exported; every command says that nothing is scored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from qa_eval import compare, evaluate, load_run
from qa_eval.data.dataset import open_dataset
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.verification import verify
from tests.support.command_line import call, done
from tests.support.public_files import SEA, SKY, qa, squad, write, write_lines

NOTHING = "nothing is scored: the data set does not give its answers"
MODELS = ("baseline:first-of-type", "baseline:abstain")
UNANSWERED = [{"id": "q1", "question": "When was the sky blue?"}, {"id": "2", "question": "How many saw it?"}]
SECRET = squad(
    [(SKY, UNANSWERED)],
    [(SEA, [{"id": 3, "question": "How far is the sea?", "answers": None}])],
)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    return write(tmp_path / "test.json", SECRET)


def run_of(path: Path, models: Sequence[str] = MODELS) -> Path:
    run = evaluate(list(models), dataset=f"squad:{path}", out=path.parent / "results", name="run")
    assert run.path is not None
    return run.path


def test_a_run_holds_answers_and_no_metric(secret: Path) -> None:
    board = load_run(run_of(secret)).leaderboard
    assert (board.rules, board.scored, board.status) == ("none", False, "complete")
    assert [row.model.spec for row in board.rows] == ["baseline:abstain", "baseline:first-of-type"]
    for row in board.rows:
        assert row.metrics == {"reading": {}}
        assert (row.rank, row.versus_first) == (None, None)
        assert not any(row.slices.values())
    counts = board.row("baseline:abstain").counts
    assert (counts.items, counts.answered, counts.abstained) == (3, 0, 3)
    assert board.row("baseline:first-of-type").counts.answered == 2


def test_rows_hold_no_verdict(secret: Path) -> None:
    run = load_run(run_of(secret))
    rows = list(run.stream(run.leaderboard.row("baseline:first-of-type")))
    assert [row.golds for row in rows] == [(), (), ()]
    assert {row.match.rule for row in rows} == {"unscored"}
    assert [row.scores for row in rows] == [{}, {}, {}]
    assert rows[0].prediction == "May 2015"


def test_the_answers_are_exported(secret: Path) -> None:
    run = run_of(secret)
    result = done("export", run, "--format", "squad-predictions", "-m", "baseline:first-of-type")
    assert json.loads(result.stdout) == {"q1": "May 2015", "2": "2015", "3": ""}
    for form in ("model-index", "every-eval-ever", "lm-eval", "csv"):
        assert NOTHING in done("export", run, "--format", form, "-m", "baseline:first-of-type").stderr


def test_run_says_that_nothing_is_scored_and_what_to_do_next(secret: Path) -> None:
    out = secret.parent / "out"
    result = done("run", "-m", MODELS[0], "--dataset", f"squad:{secret}", "--out", out, "--name", "x")
    assert "3 questions on 2 contexts; it has no answers, so nothing is scored" in result.stderr
    assert f"next: qa-eval export {out / 'x'} --format squad-predictions -m {MODELS[0]}" in result.stderr
    assert NOTHING in result.stdout


def test_every_command_says_that_nothing_is_scored(secret: Path) -> None:
    run = run_of(secret)
    for form in ("table", "markdown"):
        assert NOTHING in done("leaderboard", run, "--format", form).output
    assert NOTHING in done("leaderboard", run, run, "--common-items").output
    for form in ("csv", "json"):
        done("leaderboard", run, "--format", form)
    assert NOTHING in done("show", run, "--failures").output
    shown = done("show", run, "q1").output
    assert "gold   not given" in shown
    assert "wrong" not in shown
    assert NOTHING in done("verify", run).output
    assert verify(run) == []
    assert done("compare", run, run).output == f"{NOTHING}\n"
    assert done("compare", run, "--all-pairs").output == f"{NOTHING}\n"
    assert json.loads(done("compare", run, run, "--format", "json").output)["notes"] == [NOTHING]
    with pytest.raises(QaEvalError, match=NOTHING):
        compare(run, run)


def test_a_check_on_nothing_fails(secret: Path) -> None:
    run = run_of(secret)
    refused = call("compare", run, run, "--fail-on-regression")
    assert (refused.exit_code, NOTHING in refused.stderr) == (2, True)


def test_a_report_calls_no_answer_wrong(secret: Path) -> None:
    run = run_of(secret)
    done("report", run, "--out", secret.parent / "site")
    site = secret.parent / "site"
    assert f"N{NOTHING[1:]}." in (site / "index.html").read_text()
    question = (site / "questions" / "q1.html").read_text()
    assert "<em>The data set has no answers.</em>" in question
    assert '<td class="wrong">' not in question
    assert "Wrong answers" not in (site / "models" / "baseline-first-of-type.html").read_text()


def test_a_threshold_cannot_be_fitted(secret: Path) -> None:
    with pytest.raises(QaEvalError, match="cross-fit: needs gold answers"):
        evaluate(["baseline:abstain"], dataset=f"squad:{secret}", threshold="cross-fit")


def test_score_refuses_in_one_line(secret: Path) -> None:
    result = call("score", secret, "--dataset", f"squad:{secret}")
    (line,) = result.stderr.splitlines()
    assert result.exit_code == 2
    assert line.startswith(f"Error: squad:{secret}: has no gold answers, so predictions cannot be scored")


def test_a_data_set_of_no_answers_at_all_is_scored_with_a_warning(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", squad([(SKY, [qa("q1", "Who?"), qa("q2", "Why?")])]))
    result = done("run", "-m", MODELS[1], "--dataset", f"squad:{path}", "--out", tmp_path / "out")
    assert "2 unanswerable; rules squad-v2.0" in result.stderr
    assert "warning: no question has an answer, so abstaining is always right" in result.stderr


# ------------------------------------------------------------------------------------------ how it was read

NAMED = [
    {"uid": 1, "query": "How far is the sea?", "passage": SEA, "gold": ["12 miles"]},
    {"uid": 2, "query": "When was the sky blue?", "passage": SKY, "gold": ["May 2015"]},
    {"uid": 2, "query": "Who saw it?", "passage": SKY, "gold": ["people"]},
]
COLUMNS = "id=uid,question=query,context=passage,answers=gold"


def test_how_a_data_set_was_read_is_stored_and_read_so_again(tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", NAMED)
    out = tmp_path / "out"
    flags = ("--dataset", f"jsonl:{rows}", "--columns", COLUMNS, "--duplicate-ids", "first")
    done("run", "-m", MODELS[0], *flags, "--out", out, "--name", "x", "--no-reference")
    data = load_run(out / "x").leaderboard.data
    named = {"id": "uid", "question": "query", "context": "passage", "answers": "gold"}
    assert (data.columns, data.duplicate_ids, data.facts) == (named, "first", 2)
    assert verify(out / "x") == []
    assert "every number is the same" in done("verify", out / "x").output
    moved = rows.rename(tmp_path / "moved.jsonl")
    assert "every number" in done("verify", out / "x", "--dataset", f"jsonl:{moved}").output
    assert "How far is the sea?" in done("show", out / "x", "1", "--dataset", f"jsonl:{moved}").output
    done("export", out / "x", "--format", "lm-eval", "--dataset", f"jsonl:{moved}")


def test_how_a_data_set_was_read_is_part_of_the_identity_of_a_run(tmp_path: Path) -> None:
    plain = [{"id": "1", "question": "How far?", "context": SEA, "answers": ["12"], "other": "How far?"}]
    spec = f"jsonl:{write_lines(tmp_path / 'rows.jsonl', plain)}"
    opened = [
        open_dataset(spec),
        open_dataset(spec, columns={"question": "other"}),
        open_dataset(spec, duplicate_ids="first"),
    ]
    boards = [evaluate(["baseline:abstain"], dataset=d).leaderboard for d in opened]
    assert len({board.data.questions_sha256 for board in boards}) == 1
    assert len({board.run_id for board in boards}) == 3


def test_columns_may_be_in_a_configuration_file(tmp_path: Path) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", NAMED[:2])
    predictions = write(tmp_path / "p.json", {"1": "12 miles", "2": "2015"})
    for text in (f'columns = "{COLUMNS}"', f"columns = {json.dumps(COLUMNS.split(','))}"):
        config = write(tmp_path / "c.toml", f'dataset = "jsonl:{rows}"\n{text}\n')
        result = done("score", predictions, "--config", config, "--json")
        assert json.loads(result.stdout)["exact_match"] == 50.0


@pytest.mark.parametrize("command", ["plan", "bench"])
def test_other_commands_take_columns_too(tmp_path: Path, command: str) -> None:
    rows = write_lines(tmp_path / "rows.jsonl", NAMED[:2])
    flags = ("--dataset", f"jsonl:{rows}", "--columns", "question=qurey")
    model = "embedded" if command == "bench" else "baseline:abstain"
    result = call(command, "-m", model, *flags)
    assert result.exit_code == 2
    assert 'there is no column "qurey"; did you mean "query"?' in result.stderr


def test_how_to_read_is_said_of_data_sets_only() -> None:
    for flags in (("--columns", "id=uid"), ("--duplicate-ids", "first")):
        result = call("run", *flags)
        assert result.exit_code == 2
        assert f"{flags[0]}: only with --dataset." in result.stderr
