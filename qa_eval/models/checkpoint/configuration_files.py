"""The JSON files of a checkpoint: its configuration, its tokenizer's settings, the index of its weights.

Python's own `json` wrote them, with NaN and Infinity (`"time_step_limit": [0.0, Infinity]`), so Python's own
`json` reads them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qa_eval.errors import ModelError, first_line
from qa_eval.models.checkpoint.tensor_files import is_pointer

_MOST_BYTES = 100_000_000
"""Greatest size of a file."""


def read_configuration(path: Path, name: str) -> dict[str, Any]:
    """The JSON object in a file of the checkpoint `name`.

    Raises `ModelError` for a file that cannot be read, is not JSON, is larger than any configuration, or
    holds anything but an object.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is larger than any configuration")
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{name}: {path.name} cannot be read: {reason(path, error)}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{name}: {path.name} does not hold a JSON object")
    return value


def reason(path: Path, error: BaseException) -> str:
    """The reason why a file cannot be read: the reader's message, or a plainer one."""
    if is_pointer(path):
        return "it is a git-lfs pointer, not the file; fetch the file with `git lfs pull`"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if "set_int_max_str_digits" in str(error):
        return "one of its numbers has thousands of digits"
    return (error.strerror if isinstance(error, OSError) else None) or first_line(error)
