"""Where this program keeps what it can make anew."""

from __future__ import annotations

import os
from pathlib import Path

from qa_eval.paths import user_path


def cache_folder() -> Path:
    """Where the global cache is: `QA_EVAL_CACHE` if set, else the platform's cache folder for this user.

    Raises QaEvalError as `user_path` does.
    """
    override = os.environ.get("QA_EVAL_CACHE")
    if override:
        return user_path(override)
    from platformdirs import user_cache_path

    return user_cache_path("qa-eval", appauthor=False)
