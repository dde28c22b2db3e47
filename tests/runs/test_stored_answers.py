"""Files of answers that are not those that the run wrote: no command shows, compares or exports them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from qa_eval import evaluate
from qa_eval.errors import InputError
from qa_eval.evaluation.verification import verify
from qa_eval.runs.options import RunOptions
from qa_eval.runs.schema import PredictionsFileRow
from qa_eval.runs.store import LEADERBOARD, Run, load_run
from tests.support.command_line import call
from tests.support.fake_models import four_facts

CHANGED, OTHER = "baseline-sliding-window.jsonl", "baseline-first-of-type.jsonl"
MODELS = ["baseline:sliding-window", "baseline:first-of-type"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, `one` and `two`, as they were written."""
    out = tmp_path_factory.mktemp("written")
    for name in ("one", "two"):
        evaluate(
            MODELS, corpus=four_facts(), out=out, name=name, options=RunOptions(references=False, cache=False)
        )
    return out


@pytest.fixture
def runs(written: Path, own_place: Path) -> Path:
    """A copy of the two runs in the current folder."""
    return shutil.copytree(written, own_place / "o")


def lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


CHANGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut to three lines": (lambda d: b"".join(lines(d)[:3]), "has 3 rows, but leaderboard.json records 15"),
    "without its last line": (
        lambda d: b"".join(lines(d)[:-1]),
        "has 14 rows, but leaderboard.json records 15",
    ),
    "with a line twice": (lambda d: d + lines(d)[0], "has 16 rows, but leaderboard.json records 15"),
    "empty": (lambda d: b"", "has 0 rows, but leaderboard.json records 15"),
    "cut in a line": (lambda d: d[:-40], ":15:4034: not valid JSON"),
    "in another order": (lambda d: b"".join(lines(d)[::-1]), "is not what the run wrote: its SHA-256 is "),
    "without its last line break": (lambda d: d[:-1], "is not what the run wrote"),
    "with the line breaks of Windows": (lambda d: d.replace(b"\n", b"\r\n"), "is not what the run wrote"),
    "with an answer edited": (
        lambda d: re.sub(rb'"prediction":"[^"]*"', b'"prediction":"7"', d, count=1),
        "is not what the run wrote",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_of_answers_that_was_changed_is_refused_by_name(runs: Path, change: str) -> None:
    file = runs / "one/predictions" / CHANGED
    changed, message = CHANGES[change]
    before = file.read_bytes()
    file.write_bytes(changed(before))
    assert file.read_bytes() != before
    run = load_run(runs / "one")
    for read in (run.predictions, run.stream, run.scored):
        with pytest.raises(InputError) as caught:
            list(read(MODELS[0]))
        assert str(caught.value).startswith(f"{file}")
        assert message in str(caught.value)
    assert len(run.predictions(MODELS[1])) == 15, "the other file is as it was"
    assert verify(runs / "one", four_facts()), "and verify says what differs"


COMMANDS = {
    "show the failures": "show o/one --failures -m baseline:sliding-window",
    "show an item": "show o/one dead@a",
    "compare two models": "compare o/one --against baseline:first-of-type",
    "compare as a check": "compare o/two o/one --fail-on-regression --format json",
    "compare all pairs": "compare o/one o/two --all-pairs",
    "export a table": "export o/one --format csv --out answers.csv",
    "export to Parquet": "export o/one --format parquet --out answers.parquet",
    "export predictions": "export o/one --format squad-predictions -m baseline:sliding-window",
    "report": "report o/one --out site --charts charts",
    "merge": "leaderboard o/one o/two",
    "merge on common items": "leaderboard o/one o/two --common-items --format json",
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("change", ["another model's", "cut"])
def test_a_command_prints_and_writes_nothing_of_forged_answers(runs: Path, command: str, change: str) -> None:
    for name in (
        ("one", "two") if command.startswith("merge") else ("one",)
    ):  # of equal rows only the newest is read
        file = runs / name / "predictions" / CHANGED
        forged = file.with_name(OTHER).read_bytes()
        file.write_bytes(forged if change != "cut" else b"".join(lines(file.read_bytes())[:3]))
    before = sorted(runs.parent.rglob("*"))
    done = call(*COMMANDS[command].split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"predictions/{CHANGED}: " in done.stderr
    assert "leaderboard.json records" in done.stderr
    assert sorted(runs.parent.rglob("*")) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_reads_the_run_as_it_was_written(runs: Path, command: str) -> None:
    done = call(*COMMANDS[command].split())
    assert done.exit_code == 0, done.stderr


def test_runs_without_their_answers_are_merged_without_ranks(runs: Path) -> None:
    for name in ("one", "two"):
        (runs / name / "predictions" / CHANGED).unlink()
    done = call("leaderboard", "o/one", "o/two")
    assert done.exit_code == 0, done.stderr
    assert "no ranks: they are made from the answers" in done.stdout
    assert call("leaderboard", "o/one", "o/two", "--common-items").exit_code == 2


def test_answers_whose_hash_was_not_recorded_are_read_with_a_warning(
    runs: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = runs / "one" / LEADERBOARD
    document = json.loads(file.read_text("utf-8"))
    for row in document["rows"]:
        del row["predictions"]["sha256"]
    file.write_text(json.dumps(document), "utf-8")
    run = load_run(runs / "one")
    assert len(run.predictions(MODELS[0])) == 15
    (record,) = caplog.records
    assert "no SHA-256 is recorded for the answers of" in record.getMessage()
    assert "they are read unchecked" in record.getMessage()
    assert "predictions.sha256: stored ''" in "\n".join(verify(runs / "one", four_facts()))


# ------------------------------------------------------------------------------------ items that are missing


@pytest.fixture
def fewer(runs: Path) -> Path:
    """A run of the same models that was asked fewer facts."""
    evaluate(
        MODELS,
        corpus=four_facts(),
        out=runs,
        name="few",
        limit=2,
        options=RunOptions(references=False, cache=False),
    )
    return runs


@pytest.mark.parametrize(
    ("args", "code"),
    [
        pytest.param("o/one o/few", 0, id="no check"),
        pytest.param("o/one o/few --fail-on-regression", 1, id="items of the base are missing"),
        pytest.param("o/one o/few --fail-on-regression --tolerance 0.99", 1, id="whatever the tolerance"),
        pytest.param("o/one o/few --fail-on-regression --allow-missing", 0, id="allowed"),
        pytest.param("o/few o/one --fail-on-regression", 0, id="items were added"),
        pytest.param("o/one o/few --allow-missing", 2, id="no check to allow it in"),
    ],
)
def test_a_check_fails_where_items_of_the_base_are_missing(fewer: Path, args: str, code: int) -> None:
    done = call("compare", *args.split())
    assert done.exit_code == code, done.output
    if code == 1:
        assert "of the base not in the new run, such as " in done.stderr
        assert "(--allow-missing compares the others)" in done.stderr


def test_a_track_that_may_differ_is_not_missing(runs: Path) -> None:
    corpus = four_facts()
    evaluate(
        MODELS,
        corpus=corpus,
        out=runs,
        name="read",
        track="reading",
        options=RunOptions(references=False, cache=False),
    )
    args = ["compare", "o/one", "o/read", "--allow-different", "track", "--fail-on-regression"]
    done = call(*args)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("named", ["a\0b", "\ud800"])
def test_a_name_that_no_file_has_is_refused_by_its_field(tmp_path: Path, named: str) -> None:
    recorded = PredictionsFileRow(path=named, sha256="", rows=1)
    board = evaluate(["baseline:abstain"], limit=1, options=RunOptions(references=False)).leaderboard
    with pytest.raises(InputError, match=r"predictions\.path: .*names no file"):
        Run(path=tmp_path, leaderboard=board).file(recorded)
