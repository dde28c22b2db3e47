"""No traceback reaches a user: what every command does with paths, files and streams that cannot be used."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from qa_eval.cli.failures import explain
from qa_eval.errors import CheckFailedError, QaEvalError
from qa_eval.files.hashes import canonical_json
from qa_eval.runs.store import file_sha256
from tests.support.command_line import call
from tests.support.places import ROOT
from tests.support.public_files import TWO_ARTICLES, write

pytestmark = pytest.mark.slow
SCRIPT = [sys.executable, "-m", "qa_eval"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small run, a data set with predictions, and things that are no files."""
    place = tmp_path_factory.mktemp("failures")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QA_EVAL_CACHE", str(place / "cache"))
        words = ["run", "-m", "baseline:first-of-type", "--limit", "2", "--no-reference", "--name", "run"]
        done = call(*words, "--out", str(place))
    assert done.exit_code == 0, done.output
    write(place / "d.json", TWO_ARTICLES)
    write(place / "p.json", {"q1": "sky"})
    (place / "folder").mkdir()
    (place / "file").write_text("x", "utf-8")
    (place / "empty").touch()
    (place / "binary").write_bytes(bytes(range(256)))
    (place / "deep").write_text("[" * 100_000 + "]" * 100_000, "utf-8")
    (place / "huge").write_text(f'{{"schema_version": {"9" * 5000}}}', "utf-8")
    (place / "loop").symlink_to("loop")
    (place / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "pipe.jsonl"):
        os.mkfifo(place / name)
    for name in ("run-pipe", "questions-pipe", "articles-pipe", "checkpoint-pipe"):
        (place / name).mkdir()
    os.mkfifo(place / "run-pipe" / "leaderboard.json")
    os.mkfifo(place / "questions-pipe" / "a.jsonl")
    os.mkfifo(place / "articles-pipe" / "articles.jsonl")
    os.mkfifo(place / "checkpoint-pipe" / "config.json")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(place)  # its path may be too long for a socket
        listening.bind("socket")
        os.chdir(here)
    return place


@pytest.fixture(autouse=True)
def _there(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(place)
    monkeypatch.setenv("QA_EVAL_CACHE", str(place / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("COLUMNS", "100")

    def hangs(*_: object) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


# ------------------------------------------------------------------------------------------ bad paths

PATHS = {
    "too long": "a" * 5000,
    "no such user": "~nosuchuser/x",
    "pipe": "pipe",
    "named pipe": "pipe.jsonl",
    "device": "zero",
    "socket": "socket",
    "link to itself": "loop",
    "below a file": "file/x",
    "not UTF-8": "caf\udce9",
    "empty name": "",
    "empty file": "empty",
    "bytes": "binary",
    "deep": "deep",
    "huge number": "huge",
    "folder": "folder",
    "run of a pipe": "run-pipe",
    "questions of a pipe": "questions-pipe",
    "articles of a pipe": "articles-pipe",
    "checkpoint of a pipe": "checkpoint-pipe",
}
READING = [
    "leaderboard @",
    "leaderboard run @",
    "leaderboard run --config @",
    "show @ --failures",
    "show run --failures --articles @",
    "verify @",
    "compare @ @",
    "compare run @",
    "report @ --out site",
    "export @ --format csv",
    "score @ --dataset squad:d.json",
    "score p.json --dataset squad:@",
    "score p.json --dataset mrqa:@",
    "score p.json --dataset jsonl:@",
    "score p.json --dataset squad:d.json --na-probs @",
    "run -m predictions:@ --limit 1 --out runs",
    "run -m ./@ --limit 1 --out runs",
    "run -m baseline:abstain --limit 1 --out runs --questions @",
    "run -m baseline:abstain --limit 1 --out runs --articles @",
    "run -m baseline:abstain --out runs --dataset squad:@",
    "models ./@",
    "models onnx:./@",
    "models predictions:@",
    "questions check --questions @",
    "questions check --articles @",
    "questions check --fix --questions @",
    "questions stats --questions @",
    "questions agree @ @",
    "questions probe Who? -m predictions:@",
    "init made --article @",
    "plan -m predictions:@ --limit 1",
]
"""Calls that read the path in the place of `@`, which never holds what they want."""


@pytest.mark.parametrize("line", READING)
def test_a_path_that_cannot_be_read_is_explained(line: str, place: Path) -> None:
    for name, path in PATHS.items():
        before = sorted(place.iterdir())
        done = call(*(word.replace("@", path) for word in line.split()))
        told = f"{line}, {name}: {done.exit_code} {done.output[-300:]}"
        if (line, name) in FINE:
            assert done.exit_code == 0, told
            shutil.rmtree("made", ignore_errors=True)
        else:
            assert done.exit_code in ((1, 2) if " check" in line or "verify" in line else (2,)), told
            assert "defect" not in done.output, told
            assert "Traceback" not in done.output, told
            assert done.output.strip(), told
        assert sorted(place.iterdir()) == before, told


FINE = {
    ("leaderboard run --config @", "empty file"),
    ("init made --article @", "deep"),
    ("init made --article @", "huge number"),
}
"""What is no mistake: an empty configuration, any text as an article."""

WRITING = [
    "run -m baseline:abstain --limit 1 --no-reference --out @ --name x",
    "run -m baseline:abstain --limit 1 --no-reference --out runs --name @",
    "report run --out @",
    "report run --out site --charts @",
    "export run --format csv --out @/x",
    "export run --format csv --out @",
    "export --format dataset --out @",
    "init @",
]


@pytest.mark.parametrize("line", WRITING)
@pytest.mark.parametrize(
    "name", ["too long", "no such user", "pipe", "device", "link to itself", "below a file"]
)
def test_a_path_that_cannot_be_written_is_explained(line: str, name: str, tmp_path: Path) -> None:
    done = call(*(word.replace("@", PATHS[name]) for word in line.split()))
    assert "defect" not in done.output
    assert "Traceback" not in done.output
    if "--name @" in line and name in ("pipe", "device", "link to itself"):
        return  # a name below runs/, of which nothing is there
    assert done.exit_code == 2, done.output
    assert "Error" in done.output
    hidden = [p for p in Path().rglob(".*") if p.name.endswith((".tmp", ".new", ".old"))]
    assert hidden == []


# ------------------------------------------------------------------------------------------ checkpoints


@pytest.mark.parametrize(
    "file", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"]
)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(os.mkfifo, "cannot be read: it is a pipe", id="pipe"),
        pytest.param(
            lambda path: path.symlink_to("/dev/zero"), "cannot be read: it is a device", id="device"
        ),
        pytest.param(Path.mkdir, "cannot be read: it is a folder", id="folder"),
    ],
)
def test_a_checkpoint_is_made_of_files(
    file: str, spoil: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "qa_eval" / "models" / "embedded", tmp_path / "ck")
    (tmp_path / "ck" / file).unlink(missing_ok=True)
    spoil(tmp_path / "ck" / file)
    done = call("models", f"{tmp_path}/ck")
    assert done.exit_code == 2
    assert f"{file} {message}" in done.output


@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, f'{{"vocab_size": {"9" * 5000}}}'])
def test_a_configuration_of_any_depth_and_size_is_refused(text: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "qa_eval" / "models" / "embedded", tmp_path / "ck")
    (tmp_path / "ck" / "config.json").write_text(text, "utf-8")
    done = call("models", f"{tmp_path}/ck")
    assert done.exit_code == 2
    assert "config.json cannot be read" in done.output


# ------------------------------------------------------------------------------------------ text and TOML


@pytest.mark.parametrize(
    "words", ["score p.json --dataset @", "run -m @", "models @", "run --name @", "show run @"]
)
def test_text_that_is_no_unicode_is_refused_by_its_flag(words: str) -> None:
    done = call(*(word.replace("@", "predictions:caf\udce9") for word in words.split()))
    assert done.exit_code == 2
    assert "Error: Invalid value" in done.output
    assert "'predictions:caf\\udce9' is not UTF-8." in done.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            f"limit = {'[' * 100_000}{']' * 100_000}", "not valid TOML: nested too deeply", id="deep"
        ),
        pytest.param(f"limit = {'9' * 5000}", "not valid TOML: Exceeds the limit", id="digits"),
        pytest.param('out = "a\\u0000b"', "out: a\\x00b: a path cannot hold a null character", id="null"),
        pytest.param('out = "~nosuchuser/x"', "out: ~nosuchuser/x: there is no user 'nosuchuser'", id="user"),
        pytest.param("limit = 1979-05-27", "limit: takes text or a number, not 1979-05-27", id="date"),
        pytest.param('model = [["a"]]', "model: takes text or a number, not ['a']", id="list in a list"),
        pytest.param(
            "model = [{a = 1}]", "model: takes text or a number, not {'a': 1}", id="table in a list"
        ),
    ],
)
def test_a_wrong_value_of_a_configuration_names_its_key(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text, "utf-8")
    done = call("run", "-m", "baseline:abstain", "--config", str(tmp_path / "c.toml"))
    assert done.exit_code == 2
    assert f"{tmp_path}/c.toml: {message}" in done.output


@pytest.mark.parametrize(
    "version",
    [[], {}, None, 1.5, True, "1", -1, [[[[]]]]],
    ids=str,
)
@pytest.mark.parametrize("command", ["leaderboard", "verify"])
def test_a_schema_version_is_a_number_of_those_that_were(
    command: str, version: object, tmp_path: Path
) -> None:
    board = json.loads(Path("run/leaderboard.json").read_text("utf-8"))
    board["schema_version"] = version
    (tmp_path / "leaderboard.json").write_text(json.dumps(board), "utf-8")
    done = call(command, str(tmp_path))
    assert done.exit_code == 2
    assert "leaderboard.json: schema_version: " in done.output
    assert "this program reads (1)" in done.output


# ------------------------------------------------------------------------------------------ explanations


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("error", "lines", "code"),
    [
        pytest.param(QaEvalError("one\x1b\ntwo"), ["Error: one\\x1b", "two"], 2, id="on purpose"),
        pytest.param(CheckFailedError("no"), ["Error: no"], 1, id="check"),
        pytest.param(
            FileNotFoundError(errno.ENOENT, "No such file", "a/b"), ["Error: a/b: No such file"], 2, id="path"
        ),
        pytest.param(
            OSError(errno.EXDEV, "Cross-device", "a", None, "b"), ["Error: a -> b: Cross-device"], 2, id="two"
        ),
        pytest.param(
            OSError(errno.ENAMETOOLONG, "File name too long", "n" * 5000),
            [f"Error: {'n' * 100}…{'n' * 100}: File name too long"],
            2,
            id="long path",
        ),
        pytest.param(
            ConnectionError("refused\nmore"),
            ["Error: ConnectionError: refused (test_failures.py:LINE, in raised)"],
            2,
            id="no path",
        ),
        pytest.param(
            KeyError("x"),
            [
                "Error: this is a defect of qa-eval: KeyError: 'x' (test_failures.py:LINE, in raised)",
                "Please report it with the command and this line. QA_EVAL_TRACEBACK=1 shows the traceback.",
            ],
            1,
            id="defect",
        ),
        pytest.param(
            RecursionError(),
            [
                "Error: this is a defect of qa-eval: RecursionError (test_failures.py:LINE, in raised)",
                "Please report it with the command and this line. QA_EVAL_TRACEBACK=1 shows the traceback.",
            ],
            1,
            id="recursion",
        ),
        pytest.param(
            MemoryError(),
            ["Error: not enough memory: MemoryError (test_failures.py:LINE, in raised)"],
            1,
            id="memory",
        ),
        pytest.param(KeyboardInterrupt(), ["interrupted"], 130, id="ctrl-C"),
        pytest.param(KeyboardInterrupt("kept: a"), ["kept: a"], 130, id="ctrl-C with a message"),
        pytest.param(click.Abort(), ["interrupted"], 130, id="ctrl-C at a prompt"),
    ],
)
def test_an_exception_has_its_lines_and_its_exit_code(
    error: BaseException, lines: list[str], code: int
) -> None:
    found, exit_code = explain(raised(error))
    assert [re.sub(r"py:\d+", "py:LINE", line) for line in found] == lines
    assert exit_code == code


def test_a_file_that_ends_too_early_is_no_interruption() -> None:
    lines, code = explain(raised(click.Abort(), EOFError("cut off")))
    assert lines[0].startswith("Error: this is a defect of qa-eval: EOFError: cut off (")
    assert code == 1


def test_an_import_that_ctrl_c_broke_is_an_interruption() -> None:
    assert explain(raised(ImportError("half a module"), KeyboardInterrupt())) == (["interrupted"], 130)


def test_the_traceback_is_shown_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_EVAL_TRACEBACK", "1")
    lines, _ = explain(raised(QaEvalError("no")))
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "Error: no"


@pytest.mark.parametrize(
    "words",
    [
        "show changed --failures",
        "show changed @",
        "compare run changed",
        "leaderboard run changed",
        "report changed --out site",
        "export changed --format csv --out rows.csv",
        "verify changed",
    ],
)
@pytest.mark.parametrize("id", ["@", "losses", "losses~0@a"])
def test_a_stored_id_that_is_no_item_is_named_by_its_place(place: Path, words: str, id: str) -> None:
    changed = place / "changed"
    shutil.rmtree(changed, ignore_errors=True)
    shutil.copytree(place / "run", changed)
    board = json.loads((changed / "leaderboard.json").read_text("utf-8"))
    (row,) = board["rows"]
    file = changed / row["predictions"]["path"]
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    lines[1]["item"] = id
    file.write_text("".join(canonical_json(line) + "\n" for line in lines), "utf-8")
    row["predictions"]["sha256"] = file_sha256(file)
    (changed / "leaderboard.json").write_text(canonical_json(board), "utf-8")
    done = call(*words.split())
    assert done.exit_code == (1 if words.startswith("verify") else 2)
    assert f"{file.relative_to(place)}:2: item: not an item id: {id!r} (FACT@ARTICLE" in done.output
    assert "defect" not in done.output


# ------------------------------------------------------------------------------------------ streams


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command line of bash, in which `qa-eval` is this program; 1 and 2 are its stdout and stderr."""
    qa_eval = f'qa-eval() {{ "{sys.executable}" -m qa_eval "$@"; }}'
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail\n{qa_eval}\n{line}"],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


FULL = "Error: standard output: No space left on device; the output is incomplete\n"
CLOSED = "Error: standard output: Bad file descriptor; the output is incomplete\n"


@pytest.mark.parametrize(
    ("line", "code", "stderr"),
    [
        pytest.param("qa-eval leaderboard run >/dev/full", 2, FULL, id="full"),
        pytest.param("qa-eval leaderboard run --format json >/dev/full", 2, FULL, id="full, JSON"),
        pytest.param("qa-eval --help >/dev/full", 2, FULL, id="full, help"),
        pytest.param("qa-eval leaderboard run >&-", 2, CLOSED, id="closed"),
        pytest.param(
            "qa-eval leaderboard run 2>/dev/full", 0, "", id="stderr full, and nothing is written there"
        ),
        pytest.param("qa-eval leaderboard nowhere 2>/dev/full", 2, "", id="stderr full"),
        pytest.param("qa-eval export run --format lm-eval 2>/dev/full", 2, "", id="a note that stderr loses"),
        pytest.param("qa-eval export run --format lm-eval 2>&-", 0, "", id="stderr closed"),
        pytest.param("qa-eval leaderboard run >&- 2>&- <&-", 2, "", id="all closed"),
        pytest.param("qa-eval questions new <&-", 2, None, id="stdin closed"),
        pytest.param("qa-eval schema leaderboard | head -c 10", 0, "", id="head"),
        pytest.param("qa-eval export run --format csv 2>/dev/null | true", 0, "", id="nobody reads"),
        pytest.param("qa-eval show run --failures 2>/dev/null | head -n 1", 0, "", id="head of failures"),
        pytest.param(
            "qa-eval questions check --questions nowhere | true", 1, "", id="a verdict that nobody reads"
        ),
    ],
)
def test_a_stream_that_cannot_be_written_is_told_once(line: str, code: int, stderr: str | None) -> None:
    done = shell(line)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    if stderr is not None:
        assert done.stderr == stderr


@pytest.mark.parametrize("columns", ["²", "٣²", "0", "-1", "9" * 5000, "100000000", "x"])
def test_columns_that_are_no_number_of_columns_are_passed_over(columns: str) -> None:
    done = shell("qa-eval leaderboard run && qa-eval --help", COLUMNS=columns, LINES=columns)
    assert (done.returncode, done.stderr) == (0, "")
    assert "baseline:first-of-type" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 200


def test_json_stays_json_where_stdout_knows_ascii_only(tmp_path: Path) -> None:
    write(tmp_path / "p.json", {"q1": "caf\ud83d\ude00é"})
    line = f"qa-eval score {tmp_path}/p.json --dataset squad:d.json --json"
    for environment in ({"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}):
        done = shell(line, **environment)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["total"] == 4


# ------------------------------------------------------------------------------------------ ctrl-C


@pytest.mark.parametrize("delay", [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8])
def test_ctrl_c_while_the_program_is_loaded_shows_no_traceback(delay: float) -> None:
    def listen() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell has what it starts behind ignore it

    words = ["run", "-m", "baseline:abstain", "--limit", "1", "--out", "interrupted"]
    with subprocess.Popen(
        [*SCRIPT, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=listen,  # noqa: PLW1509
    ) as started:
        time.sleep(delay)
        started.send_signal(signal.SIGINT)
        _, err = started.communicate(timeout=60)
    # Python's own start is not ours.
    assert str(ROOT / "qa_eval") not in err
    assert started.returncode in (130, -signal.SIGINT, 0) or "Traceback" in err
    if started.returncode == 130:
        assert re.search("^interrupted", err, re.MULTILINE | re.IGNORECASE)


# ------------------------------------------------------------------------------------------ full disks


@pytest.mark.parametrize(
    "line",
    [
        "qa-eval run -m baseline:first-of-type --limit 60 --no-reference --no-cache --out runs --name full",
        "qa-eval export run --format csv --out out.csv",
        "qa-eval export --format dataset --out set",
        "qa-eval report run --out site",
        "qa-eval report run --out site --charts charts",
        "qa-eval init flood",
        "qa-eval questions check --fix --questions own --articles articles",
    ],
)
def test_nothing_is_left_of_a_file_that_cannot_be_written(line: str, place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "run", tmp_path / "run")
    shutil.copytree(ROOT / "questions", tmp_path / "own")
    shutil.copytree(ROOT / "seeds", tmp_path / "articles")
    for file in (tmp_path / "own").glob("*.jsonl"):
        file.write_text(file.read_text("utf-8").replace('", "', '",  "', 1), "utf-8")  # not canonical
    done = shell(f"cd '{tmp_path}'; ulimit -f 1; {line}")  # no file of more than 1 KiB
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    left = [p for p in tmp_path.rglob(".*") if p.name.endswith((".tmp", ".new", ".old"))]
    assert left == []
