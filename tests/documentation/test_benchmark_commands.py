"""Every command that the documentation gives for a figure runs, here at its smallest size."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.public_files import qa, squad, write

BENCHMARKS = ROOT / "tests" / "benchmarks"
SMALLEST: dict[str, tuple[str, ...]] = {
    "concurrency": ("--facts", "1"),
    "engines": ("--model", "baseline:abstain", "10"),
    "gpu": (
        "--device",
        "cpu",
        "--items",
        "2",
        "--cpu-items",
        "1",
        "--peer-items",
        "0",
        "--dtypes",
        "float32",
    ),
    "hostile": ("1 MB of one key",),
    "int8": ("--limit", "1", "--ways", "now"),
    "linear": ("60",),
    "memory": ("10",),
    "onnx_types": ("bert",),
    "overhead": ("{set}", "20", "--only"),
    "peers": ("--limit", "1", "--rounds", "1", "--batch-sizes", "1", "--environment", "{stand_in}"),
    "plan": ("10",),
    "products": ("1",),
    "report": ("--models", "1", "--questions", "4"),
    "resampling": ("20",),
    "results": ("2",),
    "scoring": ("50",),
    "simulations": ("2",),
    "starts": ("1",),
}
"""The arguments of each benchmark that take the least time."""
NOT_RUN = {
    "language_models": "needs a language model and a server of llama.cpp, which are no part of the project",
    "transformers4": "compares with the real transformers 4.57, which comes from the network",
    "other_backends": "needs OpenVINO and nncf, which are no part of the project",
    "answer_reading": "has no smaller size; tests/matching/test_answer_reading.py reads such texts",
}
_COMMAND = re.compile(r"python (?:-m tests\.benchmarks\.|tests/benchmarks/)(\w+)")
_PIPELINE = """
def pipeline(task, **settings):
    assert task == "question-answering"
    return lambda pairs, **options: [{"answer": pair["context"].split()[0]} for pair in pairs]
"""


def documented() -> set[str]:
    """The benchmarks that the documentation names."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return {name for page in pages for name in _COMMAND.findall(page.read_text("utf-8"))}


def test_every_documented_benchmark_is_run_here() -> None:
    assert documented() - NOT_RUN.keys() <= SMALLEST.keys()
    assert all((BENCHMARKS / f"{name}.py").is_file() for name in [*SMALLEST, *NOT_RUN])


def test_no_benchmark_hides_a_module_of_the_standard_library() -> None:
    # A script's own folder comes first on its path, so `statistics.py` would be everybody's `statistics`.
    assert not {path.stem for path in BENCHMARKS.glob("*.py")} & set(sys.stdlib_module_names)


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """An environment whose `transformers` has a pipeline that answers with the first word of the context."""
    folder = tmp_path / "environment"
    (folder / "bin").mkdir(parents=True)
    (folder / "library").mkdir()
    (folder / "library" / "transformers.py").write_text(_PIPELINE, "utf-8")
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/library" exec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    (folder / "ready").touch()
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALLEST)
def test_the_benchmark_runs_at_its_smallest_size(name: str, tmp_path: Path, stand_in: Path) -> None:
    if name == "report" and shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    questions = [qa(f"q{n}", "Who came?", [("Ada", 0)]) for n in range(20)]
    data = write(tmp_path / "set.json", squad([("Ada came on Monday.", questions)]))
    arguments = [argument.format(stand_in=stand_in, set=data) for argument in SMALLEST[name]]
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{name}", *arguments],
        cwd=ROOT,
        env=os.environ | {"QA_EVAL_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d", done.stdout), done.stdout
