"""The location of the curated set: in the checkout that the package is imported from, else inside the
package.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import qa_eval
from qa_eval.errors import QaEvalError
from qa_eval.files.installation import checkout_root

INSIDE = "_curated"
"""Folder of the package with the copies of the curated set."""


class CuratedPaths(NamedTuple):
    """The folders of the curated set."""

    questions: Path
    articles: Path

    @property
    def installed(self) -> bool:
        """Whether these are the copies inside an installed package, which are read and never written."""
        return self.questions.parent.name == INSIDE


def curated_paths(package: Path | None = None) -> CuratedPaths:
    """The folders of the curated questions and articles.

    These are `questions/` and `seeds/` of the checkout that the package is imported from (also by an editable
    installation), else the copies inside the package. The current folder is never used by accident. `package`
    is the folder of the package, for tests. Raises QaEvalError if the installation has neither.
    """
    package = (package or Path(qa_eval.__file__).parent).resolve()
    beside = CuratedPaths(package.parent / "questions", package.parent / "seeds")
    # The site-packages folder may hold a folder `questions` that is not ours.
    if checkout_root(package) is not None and all(p.is_dir() for p in beside):
        return beside
    inside = CuratedPaths(package / INSIDE / "questions", package / INSIDE / "seeds")
    if all(p.is_dir() for p in inside):
        return inside
    raise QaEvalError(
        f"this installation holds no curated questions: neither {beside.questions} nor {inside.questions} "
        "exists; name your own with --questions and --articles, or install the package again"
    )
