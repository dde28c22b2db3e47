"""What a wheel and a source distribution hold: everything that is needed, and nothing else.

    python -m tests.support.distribution FOLDER

lists both archives of the folder, names what is missing and what does not belong there, and then ends with 1.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

NEEDED_IN_WHEEL = (
    "qa_eval/__init__.py",
    "qa_eval/py.typed",
    "qa_eval/_curated/questions/people.jsonl",
    "qa_eval/_curated/seeds/articles.jsonl",
    "qa_eval/models/embedded/model.safetensors",
    "qa_eval/models/embedded/tokenizer.json",
    "qa_eval/report/pages/index.html",
    "qa_eval/report/static/report.css",
    "qa_eval/authoring/new_collection/template/questions.yml",
)
NEEDED_IN_SOURCE = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "constraints.txt")
STRANGE = ("__pycache__", ".pyc", ".git/", "results/", ".venv", ".hypothesis")


def problems(names: Sequence[str], needed: Sequence[str]) -> list[str]:
    """What is missing in an archive, and what does not belong there."""
    missing = [f"missing: {name}" for name in needed if name not in names]
    return missing + [f"does not belong here: {name}" for name in names if any(s in name for s in STRANGE)]


def main(folder: Path) -> int:
    """Prints the contents; returns the exit code."""
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = sorted(archive.namelist())
    with tarfile.open(source) as archive:
        in_source = sorted(name.partition("/")[2] for name in archive.getnames())
    found = problems(in_wheel, NEEDED_IN_WHEEL) + problems(in_source, NEEDED_IN_SOURCE)
    for title, names in ((wheel.name, in_wheel), (source.name, in_source)):
        sys.stdout.write(f"{title}: {len(names)} entries\n" + "".join(f"  {name}\n" for name in names))
    sys.stderr.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
