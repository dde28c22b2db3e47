"""Answers that are stored packed, and leaderboards without their answers."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.evaluation.verification import verify
from qa_eval.runs.store import Run, load_run
from tests.support.command_line import call, done
from tests.support.small_corpus import write_corpus

MODELS = ("baseline:first-of-type", "baseline:abstain")


def evaluated(folder: Path, name: str, **options: object) -> Run:
    if not (folder / "set").exists():
        write_corpus(folder / "set")
    chosen = qa.RunOptions(resamples=99).updated(options)
    return qa.evaluate(
        MODELS,
        questions=folder / "set/questions",
        articles=folder / "set/seeds",
        out=folder / "runs",
        name=name,
        options=chosen,
    )


def files(run: Run) -> dict[str, bytes]:
    assert run.path is not None
    return {path.name: path.read_bytes() for path in sorted((run.path / "predictions").iterdir())}


@pytest.fixture
def packed(tmp_path: Path) -> Run:
    return evaluated(tmp_path, "packed", compress=True)


def test_packed_answers_are_those_of_the_plain_file(packed: Run, tmp_path: Path) -> None:
    plain = evaluated(tmp_path, "plain")
    assert list(files(packed)) == ["baseline-abstain.jsonl.gz", "baseline-first-of-type.jsonl.gz"]
    unpacked = {name.removesuffix(".gz"): gzip.decompress(data) for name, data in files(packed).items()}
    assert unpacked == files(plain)
    assert packed.leaderboard.run_id == plain.leaderboard.run_id
    for model in MODELS:
        rows = [run.leaderboard.row(model).predictions for run in (packed, plain)]
        assert rows[0] is not None
        assert rows[1] is not None
        assert rows[0].sha256 == rows[1].sha256


def test_equal_answers_are_packed_to_equal_bytes(packed: Run, tmp_path: Path) -> None:
    assert files(evaluated(tmp_path, "again", compress=True)) == files(packed)


def test_every_command_reads_packed_answers(packed: Run, tmp_path: Path) -> None:
    path = packed.path
    assert path is not None
    assert verify(path) == []
    assert "militant-losses@Title of beta" in done("show", path, "militant-losses@beta").stdout
    assert done("compare", path, path, "--model", MODELS[0], "--against", MODELS[1])
    assert done("export", path, "--format", "csv").stdout.count("\n") == 2 * 8 + 1
    assert done("report", path, "--out", tmp_path / "report")
    assert done("leaderboard", path)
    replayed = f"predictions:{path / 'predictions/baseline-first-of-type.jsonl.gz'}"
    again = qa.evaluate(
        replayed,
        questions=tmp_path / "set/questions",
        articles=tmp_path / "set/seeds",
        options=qa.RunOptions(resamples=99),
    )
    assert again[replayed].em == packed[MODELS[0]].em


def test_answers_may_be_packed_or_unpacked_afterwards(packed: Run, tmp_path: Path) -> None:
    assert packed.path is not None
    for path in (packed.path / "predictions").iterdir():
        path.with_name(path.name.removesuffix(".gz")).write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert verify(packed.path) == []


def test_a_run_stored_the_other_way_replaces_the_files(tmp_path: Path) -> None:
    evaluated(tmp_path, "run")
    again = evaluated(tmp_path, "run", compress=True, overwrite=True)
    assert all(name.endswith(".gz") for name in files(again))


def test_damaged_answers_are_told(packed: Run) -> None:
    assert packed.path is not None
    file = packed.path / "predictions/baseline-first-of-type.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-30])
    refused = call("show", packed.path, "--failures")
    assert refused.exit_code == 2
    assert "ends too early: the gzip file is cut off" in refused.stderr


# ------------------------------------------------------------------------------------------ alone


@pytest.fixture
def alone(packed: Run, tmp_path: Path) -> Path:
    assert packed.path is not None
    shutil.rmtree(packed.path / "predictions")
    assert load_run(packed.path).is_alone
    return packed.path


def test_a_leaderboard_alone_is_verified_as_far_as_it_goes(alone: Path) -> None:
    assert verify(alone) == []
    printed = " ".join(done("verify", alone).stdout.split())
    assert (
        "the answers are not stored with this leaderboard, so the models' numbers cannot be checked"
        in printed
    )
    board = alone / "leaderboard.json"
    board.write_text(board.read_text().replace('"facts": 2', '"facts": 3', 1))
    assert verify(alone)


def test_a_leaderboard_alone_is_shown(alone: Path, tmp_path: Path) -> None:
    assert "first-of-type" in done("leaderboard", alone).stdout
    reported = done("report", alone, "--out", tmp_path / "report")
    assert "the answers are not stored with packed: only its numbers are shown" in reported.stderr
    assert done("export", alone, "--format", "model-index", "-m", MODELS[0])


@pytest.mark.parametrize(
    "words",
    [
        ("show", "militant-losses"),
        ("show", "--failures"),
        ("compare", "--model", MODELS[0], "--against", MODELS[1]),
        ("export", "--format", "csv"),
        ("export", "--format", "every-eval-ever", "-m", MODELS[0]),
        ("export", "--format", "lm-eval", "-m", MODELS[0]),
        ("export", "--format", "squad-predictions", "-m", MODELS[0]),
    ],
)
def test_what_needs_the_answers_names_the_state(alone: Path, words: tuple[str, ...]) -> None:
    command, *rest = words
    refused = call(command, alone, *rest)
    assert refused.exit_code == 2
    assert "the answers are not stored with this leaderboard" in " ".join(refused.stderr.split())
