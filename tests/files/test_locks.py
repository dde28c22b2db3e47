"""The lock of a run folder: who holds it, whose lock is taken over, and what is printed where it is not."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qa_eval.errors import RunFolderError
from qa_eval.files.locks import lock_folder, lock_path
from tests.support.command_line import call

HOLD = """
import sys
from pathlib import Path
from qa_eval.files.locks import lock_folder

lock = lock_folder(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Another process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def refusal(folder: Path) -> str:
    with pytest.raises(RunFolderError) as caught:
        lock_folder(folder)
    return str(caught.value)


def record(folder: Path) -> list[str]:
    """What a lock of this process looks like: process, host and, where it is known, start."""
    lock = lock_folder(folder)
    lines = lock_path(folder).read_text("utf-8").splitlines()
    lock.release()
    return lines


def test_a_lock_is_a_file_next_to_the_folder_while_it_is_held(tmp_path: Path) -> None:
    lock = lock_folder(tmp_path / "new" / "first")
    assert [p.name for p in (tmp_path / "new").iterdir()] == [".first.lock"]
    lock.release()
    assert list((tmp_path / "new").iterdir()) == []


def test_a_second_process_is_refused_with_the_number_and_host_of_the_first(tmp_path: Path) -> None:
    process = holder(tmp_path / "first")
    assert refusal(tmp_path / "first") == (
        f"{tmp_path / 'first'}: another run is under way there, process {process.pid} on "
        f"{socket.gethostname()}; wait for it, or choose another folder with --name"
    )
    lock_folder(tmp_path / "second").release()
    process.communicate("")
    lock_folder(tmp_path / "first").release()


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path) -> None:
    process = holder(tmp_path / "first")
    process.kill()
    process.communicate()
    assert lock_path(tmp_path / "first").exists()
    lock_folder(tmp_path / "first").release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="starts of processes are known on Linux")
def test_the_lock_of_an_ended_process_is_taken_over_though_its_number_is_in_use_again(tmp_path: Path) -> None:
    process, host, start = record(tmp_path / "first")
    lock_path(tmp_path / "first").write_text(f"{process}\n{host}\n{int(start) - 1}\n", "utf-8")
    lock_folder(tmp_path / "first").release()
    lock_path(tmp_path / "first").write_text(f"{process}\n{host}\n{start}\n", "utf-8")
    assert f"process {os.getpid()} on {socket.gethostname()}; wait" in refusal(tmp_path / "first")


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        pytest.param("elsewhere.example", "elsewhere.example", id="another host"),
        pytest.param(f"{socket.gethostname()}?pidns-1", socket.gethostname(), id="another container"),
    ],
)
def test_a_lock_of_another_host_is_never_taken_over_and_says_how_it_is_removed(
    tmp_path: Path, host: str, shown: str
) -> None:
    place = lock_path(tmp_path / "first")
    place.write_text(f"999999\n{host}\n1\n", "utf-8")
    assert refusal(tmp_path / "first") == (
        f"{tmp_path / 'first'}: another run is under way there, process 999999 on {shown}, which cannot be "
        f"checked from here. If it has ended, remove {place}; otherwise wait for it, or choose another "
        "folder with --name"
    )
    place.unlink()
    lock_folder(tmp_path / "first").release()


def test_a_lock_that_names_nobody_is_not_taken_over(tmp_path: Path) -> None:
    place = lock_path(tmp_path / "first")
    place.touch()
    assert refusal(tmp_path / "first") == (
        f"{tmp_path / 'first'}: is in use by an unknown process; if no run writes there, remove {place}"
    )


def test_a_link_to_a_folder_has_the_lock_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "link").symlink_to("first")
    lock = lock_folder(tmp_path / "link")
    assert "another run is under way" in refusal(tmp_path / "first")
    lock.release()


def test_a_file_in_the_place_of_the_parent_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "first: cannot be written to: Not a directory; choose another" in refusal(tmp_path / "file/first")


ROW = '{"id": "q1", "question": "Who?", "context": "Ada wrote it.", "answers": {"text": ["Ada"]}}'


def test_run_is_refused_in_a_folder_of_a_run_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two"):
        Path(f"{name}.jsonl").write_text(ROW, "utf-8")
    words = ["run", "-m", "baseline:abstain", "--no-reference", "--name", "same", "--overwrite", "--out", "o"]
    single = [*words, "--dataset", "jsonl:one.jsonl"]
    for args, folder in ((single, "o/same"), ([*single, "--dataset", "jsonl:two.jsonl"], "o/same/two")):
        lock = lock_folder(Path(folder))
        refused = call(*args)
        assert refused.exit_code == 2
        assert re.search(
            rf"Error: {folder}: another run is under way there, process {os.getpid()} on", refused.stderr
        )
        lock.release()
        done = call(*args)
        assert done.exit_code == 0, done.stderr
        assert not list(Path("o").rglob(".*")), "no lock and nothing that was staged is left"


def test_what_is_no_lock_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".run.lock")
    with pytest.raises(RunFolderError, match=r"its lock file cannot be written: .*\.run\.lock is not a file"):
        lock_folder(tmp_path / "run")
