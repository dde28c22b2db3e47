"""The machine, the libraries and the program of a run. They are recorded, but do not identify the run.

This module imports no heavy library. Versions come from the metadata of the installed packages, and torch is
asked for the device only if a model has loaded torch.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

import qa_eval
from qa_eval.files.installation import ask_git
from qa_eval.runs.schema import EnvironmentRow, HarnessRow

_PACKAGES = (
    "click", "datasets", "evaluate", "huggingface_hub", "jsonlines", "numpy", "onnxruntime", "pydantic",
    "ray", "rich", "safetensors", "tokenizers", "torch", "transformers",
)  # fmt: skip
"""Packages whose version can affect a number, or the reading of a result."""


def describe_environment(device: str = "auto") -> EnvironmentRow:
    """The machine and the libraries, as far as they are known without loading anything."""
    return EnvironmentRow(
        python=platform.python_version(),
        platform=platform.platform(),
        cpu=_cpu(),
        device=_device(device),
        threads=_threads(),
        packages=_packages(),
    )


def describe_harness(command: str | None = None) -> HarnessRow:
    """The version of the program. The commit and its state are given only if it runs from a git checkout."""
    commit, dirty = _checkout(Path(qa_eval.__file__).resolve().parent.parent)
    return HarnessRow(version=qa_eval.__version__, commit=commit, dirty=dirty, command=command)


def peak_rss_bytes() -> int | None:
    """The greatest memory of this process so far, in bytes; None if the platform does not report it.

    It never falls. If several models run in one process, the peak of each includes the models before it.
    """
    try:
        # getrusage would include the memory of the parent at the time when it started this process.
        found = re.search(
            r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text("ascii", "replace"), re.M
        )
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@cache
def _packages() -> dict[str, str]:
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _device(device: str) -> str:
    torch = sys.modules.get("torch")
    if torch is not None and device in ("auto", "cuda") and torch.cuda.is_available():
        return f"cuda ({torch.cuda.get_device_name()})"
    return "cpu" if device == "auto" else device


def _threads() -> int | None:
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _checkout(root: Path) -> tuple[str | None, bool | None]:
    """The commit of the checkout at `root`, and whether tracked files outside `results` differ from it."""
    if not (root / ".git").exists():
        return None, None
    state = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "--untracked-files=no")
    said = ask_git(root, *state, "--", ".", ":!results")
    if said is None:
        return None, None
    found = re.search(r"^# branch\.oid ([0-9a-f]+)$", said, re.MULTILINE)
    changed = any(not line.startswith("#") for line in said.splitlines())
    return None if found is None else found[1], changed
