"""Where this program keeps what it can make anew."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where the global cache lies: `QA_EVAL_CACHE` if set, else the platform's cache folder for this user."""
    override = os.environ.get("QA_EVAL_CACHE")
    if override:
        return Path(override).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("qa-eval", appauthor=False)
