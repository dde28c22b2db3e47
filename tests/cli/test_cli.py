"""The command line: help, mistakes and their messages, configuration files, and real calls."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest
from click.testing import Result

from qa_eval.cli import cli
from qa_eval.errors import InputError, QaEvalError
from qa_eval.evaluation.run import Interrupted
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.parts import FAMILIES
from qa_eval.records import Finding
from qa_eval.runs.leaderboard.captions import leading_sentence
from qa_eval.runs.leaderboard.views import leaderboard_view
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import load_run
from tests.support.command_line import call

pytestmark = pytest.mark.usefixtures("own_place")

CONTRACT = [
    *("model", "questions", "articles", "track", "paraphrases", "limit", "out", "name", "device", "dtype"),
    *("batch-tokens", "max-length", "doc-stride", "max-answer-tokens", "n-best", "threshold", "no-cache"),
    *(
        "overwrite",
        "deterministic",
        "trust-remote-code",
        "convert-weights",
        "category",
        "sample",
        "seed",
        "json",
    ),
    *("no-reference", "config", "dataset", "split"),
]
"""The flags of `run`."""
CHEAP = ("-m", "baseline:abstain", "-m", "baseline:first-of-type", "--limit", "3", "--no-reference")


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real run."""
    place = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QA_EVAL_CACHE", str(place / "cache"))
        done = call("run", *CHEAP, "--out", str(place), "--name", "small")
    assert done.exit_code == 0, done.output
    return place / "small"


# ------------------------------------------------------------------------------------------ help


def test_these_commands_exist() -> None:
    assert [" ".join(path) for path in commands()] == [
        "run",
        "plan",
        "score",
        "leaderboard",
        "compare",
        "report",
        "show",
        "verify",
        "export",
        "bench",
        "reproduce",
        "models",
        "metrics",
        "metrics list",
        "metrics show",
        "metrics validate",
        "questions",
        "questions check",
        "questions stats",
        "questions new",
        "questions probe",
        "questions impact",
        "questions agree",
        "init",
        "articles",
        "articles add",
        "schema",
        "cache",
        "cache info",
        "cache clear",
    ]


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("path", [(), *commands()], ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], flag: str) -> None:
    done = call(*path, flag)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: {' '.join(('qa-eval', *path))} ")
    assert len(done.stdout.splitlines()[2].strip()) > 20


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_option_is_explained(path: tuple[str, ...]) -> None:
    command: click.Command = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, param.name
            assert param.help.endswith((".", "]")), param.help


def test_the_options_of_run_are_those_of_the_contract_in_sections() -> None:
    text = call("run", "-h").stdout
    for flag in CONTRACT:
        assert f" --{flag} " in text, flag
    assert re.findall(r"^(\w+):$", text, re.MULTILINE) == [
        "Models", "Data", "Decoding", "Computing", "Output", "Other", "Examples",
    ]  # fmt: skip


def test_the_version_is_told() -> None:
    assert call("--version").stdout == "qa-eval, version 0.2.0\n"


# ------------------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(["runn"], "No such command 'runn'; did you mean run?", id="command"),
        pytest.param(
            ["metrics", "Order Sensitivity"],
            "order sensitivity is a metric: `qa-eval metrics show order_sensitivity` explains it",
            id="a metric",
        ),
        pytest.param(["metrics", "shw"], "No such command 'shw'; did you mean show?", id="no metric"),
        pytest.param(["questions", "chekc"], "No such command 'chekc'; did you mean check?", id="subcommand"),
        pytest.param(
            ["xyzzy"],
            "No such command 'xyzzy'; there are: run, plan, score, leaderboard, compare",
            id="far command",
        ),
        pytest.param(["run", "--modle", "x"], "'--model'", id="option"),
        pytest.param(
            ["run", "--limit", "0"], "Invalid value for '--limit': 0 is not in the range", id="range"
        ),
        pytest.param(["run", "--track", "both "], "Invalid value for '--track': 'both '", id="choice"),
        pytest.param(
            ["run", "--threshold", "nan"],
            "Invalid value for '--threshold': 'nan' is neither a number nor 'cross-fit'.",
            id="threshold",
        ),
        pytest.param(["run", "-m", "embeded", "--limit", "1"], "did you mean embedded", id="model"),
        pytest.param(["run", "-m", "baseline:abstian"], "did you mean abstain?", id="baseline"),
        pytest.param(["run", "-m", "baseline:abstain", "--category", "death"], "death-toll", id="category"),
        pytest.param(["run", "--questions", "nowhere"], "nowhere", id="questions"),
        pytest.param(["show", "nowhere", "x"], "Error: nowhere: no such run folder or file", id="show"),
        pytest.param(
            ["leaderboard"], "Error: results: no run folder here; name one, or make one", id="no run"
        ),
        pytest.param(
            ["leaderboard", "nowhere"], "Error: nowhere: no such run folder or file", id="leaderboard"
        ),
        pytest.param(["verify", "nowhere"], "nowhere: no such run folder or file", id="verify"),
        pytest.param(["run", "embedded"], "name a model with -m: qa-eval run -m embedded", id="bare model"),
        pytest.param(["plan", "embedded"], "name a model with -m: qa-eval plan -m embedded", id="to plan"),
        pytest.param(
            ["run", "p.json"], "with -m: qa-eval run -m predictions:p.json; name a data set", id="bare file"
        ),
        pytest.param(
            ["run", "squad:dev.json"],
            "name a data set with --dataset: qa-eval run -m MODEL --dataset squad:dev.json",
            id="bare data set",
        ),
        pytest.param(["models", "p.jsonl.gz"], "write predictions:p.jsonl.gz", id="predictions as a model"),
        pytest.param(["schema", "question"], "'question' is not one of 'questions'", id="schema"),
        pytest.param(["models", "baseline:"], "baseline", id="models"),
    ],
)
def test_a_wrong_call_is_told_on_stderr_with_exit_code_2(
    args: list[str], message: str, tmp_path: Path
) -> None:
    done = call(*args)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Error" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "p.json",
            '{"q": "x"}',
            "p.json: is no run; if it holds predictions, `qa-eval score p.json --dataset SP",
        ),
        (
            "p.jsonl",
            '{"id": "q", "prediction": "x"}',
            "and `qa-eval run -m predictions:p.jsonl` makes a run of",
        ),
        ("p.csv", "id,answer\nq,x\n", "`qa-eval score p.csv --dataset SPEC` scores them"),
        (
            "dev.json",
            '{"data": [{"paragraphs": []}]}',
            "dev.json: is a data set, not a run; `qa-eval run -m MODEL",
        ),
    ],
)
@pytest.mark.parametrize(
    "command",
    [["show", "FILE", "q"], ["verify", "FILE"], ["compare", "FILE", "FILE"], ["leaderboard", "FILE"],
     ["report", "FILE", "--out", "out"], ["export", "FILE", "--format", "csv"]],
    ids=lambda command: command[0],
)  # fmt: skip
def test_a_file_that_is_no_run_is_answered_with_what_it_is_for(
    command: list[str], name: str, text: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    done = call(*(name if word == "FILE" else word for word in command))
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_answers_inside_a_run_are_answered_with_the_runs_folder(stored: Path) -> None:
    file = next((stored / "predictions").glob("*.jsonl"))
    done = call("verify", str(file))
    assert done.exit_code == 2
    assert f"holds the answers of one model of a run; name the run's folder: {stored}" in done.stderr


def test_a_predictions_file_given_as_a_path_is_no_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"q": "x"}', "utf-8")
    done = call("run", "-m", "./p.json")
    assert done.exit_code == 2
    assert "if it holds predictions, write -m predictions:./p.json" in done.stderr


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Result:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    monkeypatch.setattr("qa_eval.runs.store.load_run", fail)
    return call("leaderboard", "x")


def test_every_finding_of_wrong_input_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [
        Finding(severity="error", path="q.jsonl", line=n, field="id", message="given \x1b[31m twice")
        for n in (3, 5)
    ]
    done = raising(monkeypatch, InputError(findings))
    assert done.exit_code == 2
    assert done.stderr == (
        "q.jsonl:3: id: given \\x1b[31m twice\n"
        "q.jsonl:5: id: given \\x1b[31m twice\n"
        "Error: the input has 2 errors; nothing was done.\n"
    )


def test_an_error_raised_on_purpose_has_its_message_and_code_only(monkeypatch: pytest.MonkeyPatch) -> None:
    done = raising(monkeypatch, QaEvalError("one\ntwo"))
    assert (done.exit_code, done.stderr, done.stdout) == (2, "Error: one\ntwo\n", "")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param(
            "qa_eval.evaluation.plans.resolve_models", "run -m embedded --limit 1", id="run, a model"
        ),
        pytest.param("qa_eval.data.dataset.open_dataset", "run --dataset squad:d.json", id="run, a data set"),
        pytest.param("qa_eval.evaluation.scorecard.score", "score p --dataset squad:d.json", id="score"),
        pytest.param("qa_eval.runs.store.load_run", "verify x", id="verify"),
        pytest.param("qa_eval.runs.store.load_run", "compare x y", id="compare"),
        pytest.param("qa_eval.runs.store.load_run", "report x --out site", id="report"),
        pytest.param("qa_eval.runs.store.load_run", "leaderboard x", id="leaderboard"),
    ],
)
def test_ctrl_c_is_one_line_and_exit_code_130(
    monkeypatch: pytest.MonkeyPatch, place: str, words: str
) -> None:
    def interrupt(*_: Any, **__: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(place, interrupt)
    done = call(*words.split())
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr.endswith("\ninterrupted\n")
    assert "Traceback" not in done.stderr


def test_a_mistake_of_ours_is_named_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    done = raising(monkeypatch, ZeroDivisionError())
    assert done.exit_code == 1
    assert re.fullmatch(
        r"Error: this is a defect of qa-eval: ZeroDivisionError "
        r"\(qa_eval/cli/leaderboard\.py:\d+, in \S+\)\n"
        r"Please report it with the command and this line\. QA_EVAL_TRACEBACK=1 shows the traceback\.\n",
        done.stderr,
    )


def test_an_interrupted_run_says_what_is_kept(monkeypatch: pytest.MonkeyPatch, stored: Path) -> None:
    def interrupt(*_: Any, **__: Any) -> NoReturn:
        raise Interrupted([load_run(stored)])

    monkeypatch.setattr("qa_eval.evaluation.run.evaluate", interrupt)
    done = call("run", *CHEAP)
    assert done.exit_code == 130
    assert (
        f"Interrupted. The answers so far are in {stored}; the same command resumes the run." in done.stderr
    )


# ------------------------------------------------------------------------------------------ configuration


def config(text: str, *args: str) -> Result:
    Path("c.toml").write_text(text, encoding="utf-8")
    return call(*args, "--config", "c.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("modle = 'x'", "modle: 'qa-eval run' has no such flag; did you mean model?", id="near"),
        pytest.param(
            "max_lenght = 3",
            "max_lenght: 'qa-eval run' has no such flag; did you mean max-length?",
            id="snake",
        ),
        pytest.param("zzzzzz = 3", "zzzzzz: 'qa-eval run' has no such flag; there are: address, ", id="far"),
        pytest.param("n-best = 3\nn_best = 4", "n_best: given twice", id="twice"),
        pytest.param("n-best = 'many'", "n-best: 'many' is not a valid integer range.", id="type"),
        pytest.param("limit = 2.7", "limit: takes a whole number, not 2.7", id="a fraction"),
        pytest.param("seed = 3.0", "seed: takes a whole number, not 3.0", id="a fraction without a part"),
        pytest.param("cpus-per-worker = inf", "cpus-per-worker: inf is not a finite number.", id="no end"),
        pytest.param("limit = 0", "limit: 0 is not in the range x>=1.", id="range"),
        pytest.param("track = 'all'", "track: 'all' is not one of 'reading', 'pooled', 'both'.", id="choice"),
        pytest.param(
            "threshold = nan", "threshold: nan is neither a number nor 'cross-fit'.", id="threshold"
        ),
        pytest.param("json = 'yes'", "json: takes true or false, not 'yes'", id="flag"),
        pytest.param("limit = true", "limit: takes a value, not true or false", id="boolean"),
        pytest.param("limit = [1]", "limit: takes one value, not a list", id="list"),
        pytest.param(
            "[run]\nlimit = 1", "run: is a table; put the flags at the top level of the file", id="table"
        ),
        pytest.param("limit = ", "not valid TOML: Invalid value", id="syntax"),
    ],
)
def test_a_wrong_configuration_is_told_with_its_file_and_key(text: str, message: str) -> None:
    done = config(text, "run")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: c.toml: {message}")
    assert len(done.stderr.splitlines()) == 1


def test_a_configuration_that_is_not_there_or_not_text_is_told() -> None:
    assert (
        call("run", "--config", "no.toml").stderr
        == "Error: no.toml: cannot be read: No such file or directory\n"
    )
    Path("b.toml").write_bytes(b"limit = 1 # \xff")
    assert call("run", "--config", "b.toml").stderr == "Error: b.toml: not UTF-8: byte 12\n"


def test_flags_come_from_the_configuration_and_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    seen: list[RunOptions] = []

    def note(models: Any, *, options: RunOptions, **_: object) -> NoReturn:
        asked.extend(models)
        seen.append(options)
        raise QaEvalError("enough")

    monkeypatch.setattr("qa_eval.evaluation.run.evaluate", note)
    text = (
        "model = ['baseline:abstain', 'embedded']\ncategory = 'death-toll'\nlimit = 4\nno_reference = true\n"
        "threshold = 1.5\nmax-length = 256\nname = 'from-file'\nout = 'here'\ndeterministic = true\n"
        "no-cache = true\n"
    )
    done = config(text, "run", "--name", "from-line", "--seed", "7")
    assert done.exit_code == 2, done.output
    assert asked == ["baseline:abstain", "embedded"]
    assert seen == [
        RunOptions(
            categories=("death-toll",),
            limit=4,
            references=False,
            threshold=1.5,
            max_length=256,
            name="from-line",
            out=Path("here"),
            deterministic=True,
            cache=False,
            seed=7,
        )
    ]


def test_other_commands_take_a_configuration_too(stored: Path) -> None:
    done = config("format = 'csv'\nsort = 'em'", "leaderboard", str(stored))
    assert done.stdout.startswith("run,rank,")


# ------------------------------------------------------------------------------------------ real calls


def test_a_run_prints_the_table_on_stdout_and_all_else_on_stderr() -> None:
    done = call("run", *CHEAP, "--name", "first")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("first\n")
    assert "baseline:first-of-type" in done.stdout
    assert "\x1b" not in done.output
    lines = done.stderr.splitlines()
    assert lines[0] == "loading baseline:abstain, baseline:first-of-type …"
    assert re.fullmatch(r"questions: .*questions \(\d+ facts, \d+ contested\)", lines[1])
    assert re.fullmatch(r"articles:  .*seeds \(5\)", lines[2])
    assert lines[3] == "1/2 baseline:abstain: 15 to answer"
    assert lines[-3:] == [
        leading_sentence(leaderboard_view(load_run(Path("results/first")).leaderboard)),
        "results: results/first",
        "next: qa-eval report results/first --out report --open",
    ]


def test_a_call_that_is_wrong_says_nothing_of_loading() -> None:
    assert "loading" not in call("run", "--split", "test").stderr


def test_of_many_models_two_are_named_while_they_are_loaded() -> None:
    models = [word for n in range(3) for word in ("-m", f"predictions:no{n}.jsonl")]
    assert call("run", *models).stderr.startswith(
        "loading predictions:no0.jsonl, predictions:no1.jsonl and 1 more …\n"
    )


def test_json_on_stdout_is_the_leaderboard_that_was_written() -> None:
    done = call("run", *CHEAP, "--name", "first", "--json")
    written = json.loads(Path("results/first/leaderboard.json").read_text(encoding="utf-8"))
    printed = json.loads(done.stdout)
    assert {r["model"]["spec"] for r in printed["rows"]} == {"baseline:abstain", "baseline:first-of-type"}
    assert {k: v for k, v in printed.items() if k != "rows"} == {
        k: v for k, v in written.items() if k != "rows"
    }


def test_a_complete_run_is_refused_without_overwrite(stored: Path) -> None:
    again = ("run", *CHEAP, "--out", str(stored.parent), "--name", "small")
    done = call(*again)
    assert done.exit_code == 2
    assert f"Error: {stored}: this run is already complete; --overwrite replaces it" in done.stderr


def test_a_model_that_fails_while_running_is_told_and_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, stored: Path
) -> None:
    run = load_run(stored)
    failed = run.leaderboard.rows[0].model_copy(
        update={"status": "error", "error": "out of memory", "rank": None}
    )
    board = run.leaderboard.model_copy(update={"rows": [failed, *run.leaderboard.rows[1:]]})
    kept = type(run)(path=stored, leaderboard=board)
    monkeypatch.setattr("qa_eval.evaluation.run.evaluate", lambda *_, **__: kept)
    done = call("run", *CHEAP)
    assert done.exit_code == 1
    assert f"failed: {failed.model.spec}: out of memory" in done.stderr
    assert "failed: out of memory" in done.stdout


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_a_stored_run_is_shown_in_every_format(stored: Path, form: str) -> None:
    for path in (stored, stored / "leaderboard.json"):
        done = call("leaderboard", str(path), "--format", form)
        assert done.exit_code == 0, done.output
        assert "baseline:abstain" in done.stdout
        assert done.stderr == ""


def test_all_metrics_are_shown_with_all(stored: Path) -> None:
    table, every = (call("leaderboard", str(stored), *more, columns=80).stdout for more in ((), ("--all",)))
    for shown in ("NoAns", "No answer", "All articles at once", "Ranks and counts", "abstained"):
        assert shown in every
        assert shown not in table
    refused = call("leaderboard", str(stored), "--all", "--format", "csv")
    assert (refused.exit_code, "--all is for the table" in refused.stderr) == (2, True)


def test_without_a_path_the_newest_run_is_shown_and_named(stored: Path) -> None:
    for n, name in enumerate(("old", "new")):
        shutil.copytree(stored, Path("results") / name)
        os.utime(Path("results") / name / "leaderboard.json", (n, n))
    assert call("leaderboard").stderr == "run: results/new (the newest of 2)\n"


def test_verify_finds_every_number_again_and_a_changed_one(stored: Path) -> None:
    assert call("verify", str(stored)).stdout == f"{stored}: every number is the same\n"
    shutil.copytree(stored, "copy")
    file = Path("copy/leaderboard.json")
    document = json.loads(file.read_text(encoding="utf-8"))
    document["rows"][0]["metrics"]["reading"]["em"]["value"] = 0.123
    file.write_text(json.dumps(document), encoding="utf-8")
    done = call("verify", "copy")
    assert done.exit_code == 1
    assert "metrics.reading.em.value: stored 0.123" in done.stdout
    assert re.search(r"^Error: copy: \d+ differences?$", done.stderr, re.MULTILINE)


def test_show_tells_items_and_failures(stored: Path) -> None:
    item = json.loads(
        (stored / "predictions/baseline-abstain.jsonl").read_text(encoding="utf-8").split("\n")[0]
    )["item"]
    done = call("show", str(stored), item, "-m", "baseline:abstain")
    assert done.exit_code == 0, done.output
    assert item.partition("@")[0] in done.stdout
    assert "no answer" in done.stdout
    failures = call("show", str(stored), "--failures")
    assert "wrong" in failures.stdout
    assert re.fullmatch(r"\d+ of 36 answers are wrong\n", failures.stderr)


def test_show_takes_and_shows_the_short_names_of_articles(stored: Path) -> None:
    label = load_run(stored).leaderboard.data.article_labels["000_825eccd27ffa9810"]
    done = call("show", str(stored), f"recaptured-city@{label}", "--rules")
    assert done.exit_code == 0, done.output
    assert f"recaptured-city@{label}" in done.stdout
    assert "000_825eccd27ffa9810" not in done.stdout
    assert "rule abstained, level 0 (no match)" in done.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param([], "Error: Give the items to show, or --failures.", id="nothing"),
        pytest.param(
            ["x@y", "--failures"], "Error: Give the items to show or --failures, not both.", id="both"
        ),
        pytest.param(["nofact@noarticle"], "not in this run", id="unknown item"),
        pytest.param(
            ["x", "-m", "baseline:abstein"],
            "Error: --model baseline:abstein: not in this run; did you mean baseline:abstain",
            id="unknown model",
        ),
    ],
)
def test_show_refuses(stored: Path, args: list[str], message: str) -> None:
    done = call("show", str(stored), *args)
    assert done.exit_code == 2
    assert message in done.stderr


def test_metrics_are_listed_by_what_they_are_about() -> None:
    listed = call("metrics", "list").stdout
    for metric in METRICS.values():
        assert metric.label in listed
    assert [line for line in listed.splitlines() if line in FAMILIES.values()] == list(FAMILIES.values())


@pytest.mark.parametrize("name", ["no_answer_recall", "NoAns recall", "noans RECALL"])
def test_a_metric_is_explained_by_id_or_name(name: str) -> None:
    done = call("metrics", "show", name, columns=80)
    assert done.exit_code == 0, done.output
    for shown in ("no_answer_recall", "formula", "A worked example", "NoAns recall = 4 / 5 = 80.0 %"):
        assert shown in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_an_unknown_metric_is_answered_with_near_ones() -> None:
    done = call("metrics", "show", "NoAns recalls")
    assert done.exit_code == 2
    assert "Error: NoAns recalls: there is no such metric; did you mean" in done.stderr


def test_models_lists_kinds_and_tells_what_a_spec_is() -> None:
    listed = call("models").stdout
    for kind in ("embedded", "hf:", "baseline:", "predictions:"):
        assert kind in listed
    one = call("models", "baseline:abstain").stdout.split("\n")
    assert one[0].split() == ["spec", "baseline:abstain"]
    assert one[1].split() == ["kind", "baseline"]


@pytest.mark.parametrize("name", ["questions", "articles", "leaderboard", "predictions"])
def test_schema_prints_a_json_schema(name: str) -> None:
    assert json.loads(call("schema", name).stdout)["type"] == "object"


def test_questions_check_and_stats_pass_text_and_exit_code_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "qa_eval.authoring.check.run_check", lambda paths, articles, form: (f"{paths} {form}", 1)
    )
    done = call("questions", "check", "--questions", "q", "--format", "github")
    assert (done.stdout, done.exit_code) == (f"{(Path('q'),)} github\n", 1)
    stats = call("questions", "stats", "--format", "json")
    assert json.loads(stats.stdout)["facts"] > 0


def test_the_cache_is_told_and_cleared(tmp_path: Path) -> None:
    place = tmp_path / "cache" / "answers-1.sqlite"
    assert call("cache", "info").stdout == f"{place}: 0 answers, 0 B\n"
    assert call("run", "-m", "baseline:first-of-type", "--limit", "1", "--no-reference").exit_code == 0
    told = call("cache", "info")
    assert told.exit_code == 0
    cleared = call("cache", "clear").stdout
    assert cleared.startswith(f"{place}: deleted ")
    assert call("cache", "info").stdout.startswith(f"{place}: 0 answers, ")


# ------------------------------------------------------------------------------------------ as a process


def process(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "qa_eval", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_python_m_qa_eval_is_the_same_program() -> None:
    done = process("schema", "nope")
    assert done.returncode == 2
    assert done.stderr.startswith("Usage: qa-eval schema [OPTIONS]")


def test_a_reader_that_leaves_early_is_no_traceback() -> None:
    script = f"{shlex.quote(sys.executable)} -m qa_eval schema leaderboard | head -c 10"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ('{\n  "$defs', "")


def test_a_terminal_that_knows_only_ascii_gets_ascii(stored: Path) -> None:
    done = process("leaderboard", str(stored), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


def test_a_predictions_file_of_other_questions_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"zz": "a"}', "utf-8")
    out = ["--out", str(tmp_path / "o"), "--name", "x", "--no-reference", "--limit", "1"]
    result = call("run", "-m", f"predictions:{file}", *out)
    assert result.exit_code == 0, result.output
    assert (
        '1 prediction belongs to no item of the data, such as "zz"; ids look like "recaptured-city@'
        in caplog.text
    )


def test_answers_to_no_item_of_the_data_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    item, partial = "recaptured-city@000_825eccd27ffa9810", "airport-precondition@002_d6ff8c42212d772c"
    file = tmp_path / "answers.json"
    out = ["--out", str(tmp_path / "o"), "--name", "x", "--no-reference", "--resamples", "99", "--overwrite"]

    def warned(answers: dict[str, str], *more: str) -> str:
        file.write_text(json.dumps(answers), "utf-8")
        caplog.clear()
        assert call("run", "-m", f"predictions:{file}", *out, *more).exit_code == 0
        (said,) = [m for m in caplog.messages if "prediction" in m and "no item" in m] or [""]
        return said.partition("answers.json: ")[2]

    wrong = {item: "Palmyra", "recaptured-citi@000_825eccd27ffa9810": "Palmyra", f"{item}x": "y"}
    for more in ((), ("--limit", "3"), ("--category", "people"), ("--track", "reading")):
        assert warned(wrong, *more).startswith(
            '2 predictions belong to no item of the data, such as "recaptured-citi@000_825eccd27ffa9810"; ids'
        )
    # Partial passages, paraphrases and items that the options leave out are items all the same.
    right = {item: "a", partial: "b", "recaptured-city@*": "x", item.replace("@", "~1@"): "Palmyra"}
    for more in ((), ("--limit", "3"), ("--track", "reading"), ("--track", "pooled")):
        assert warned(right, *more) == ""
    assert warned({item.replace("@", "~9@"): "Palmyra"}).startswith("1 prediction belongs to no item")
    named = item.partition("@")[0] + "@Recapture Palmyra"
    said = warned({named: "Palmyra"})
    assert said.startswith(f'1 prediction belongs to no item of the data, such as "{named}"; files have')
    id = said.rpartition("files have the article's id: ")[2].strip('"')
    assert warned({id: "Palmyra"}) == "", "the id that the message names"


def test_answers_only_to_items_that_were_left_out_are_not_called_wrong(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "answers.json"
    file.write_text('{"recaptured-city@*": "Palmyra"}', "utf-8")
    out = ["--out", str(tmp_path / "o"), "--name", "x", "--no-reference", "--resamples", "99"]
    assert call("run", "-m", f"predictions:{file}", *out, "--track", "reading").exit_code == 0
    assert caplog.messages == [
        f"predictions:{file}: no prediction belongs to an item that was asked; the options leave them out"
    ]


def test_answers_to_no_question_of_a_data_set_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids may have any characters."""
    ids = ["Q1", "50%", "a@b", "c~1", "*"]
    answers = [{"text": "7", "answer_start": 0}]
    questions = [{"id": id, "question": "How many?", "answers": answers} for id in ids]
    data = {"data": [{"title": "t", "paragraphs": [{"context": "7 men.", "qas": questions}]}]}
    (tmp_path / "set.json").write_text(json.dumps(data), "utf-8")
    (tmp_path / "answers.json").write_text(json.dumps(dict.fromkeys([*ids, "Q2"], "7")), "utf-8")
    words = ["-m", f"predictions:{tmp_path / 'answers.json'}", "--dataset", f"squad:{tmp_path / 'set.json'}"]
    assert call("run", *words, "--out", str(tmp_path / "o"), "--name", "x").exit_code == 0
    (said,) = [message for message in caplog.messages if "belong" in message]
    assert 'answers.json: 1 prediction belongs to no item of the data, such as "Q2"' in said
