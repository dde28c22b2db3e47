"""Plug-ins, installed the way pip leaves them."""

from __future__ import annotations

import importlib
from pathlib import Path


def write_plug_in(folder: Path, module: str, source: str, points: str, distribution: str = "") -> None:
    """Writes a module and the metadata of its distribution into a folder that is on the path.

    `points` are lines of its entry points in the group `qa_eval.models`. The distribution is called like the
    module unless it has a name of its own.
    """
    distribution = distribution or module
    (folder / f"{module}.py").write_text(source, "utf-8")
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[qa_eval.models]\n{points}\n", "utf-8")
    importlib.invalidate_caches()
