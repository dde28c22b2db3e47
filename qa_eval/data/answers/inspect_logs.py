"""Logs of Inspect (`inspect_ai`), whose samples are read as rows of answers.

A log is a JSON document with `eval` and `samples`, or a zip archive called `.eval` with a JSON document for
each sample. The answer is the completion of a sample, as the model wrote it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

ENDING = ".eval"
"""Ending of the names of logs that are archives."""


def is_log(value: object) -> bool:
    """Whether a JSON document is a log.

    >>> is_log({"version": 2, "eval": {"task": "qa"}, "samples": []}), is_log({"samples": []})
    (True, False)
    """
    return isinstance(value, dict) and isinstance(value.get("eval"), dict) and "samples" in value


def sample_row(sample: object) -> object:
    """The row of answers for a sample: its id, and its text or its error. Anything else is returned as it is.

    >>> sample_row({"id": "q1", "epoch": 1, "output": {"completion": "Sunday", "choices": []}})
    {'id': 'q1', 'prediction': 'Sunday'}
    """
    if not isinstance(sample, dict):
        return sample
    row: dict[str, Any] = {"id": sample.get("id")}
    error = sample.get("error")
    if error is not None:
        said = error.get("message") if isinstance(error, dict) else error
        return row | {"error": said if isinstance(said, str) else str(error)}
    output = sample.get("output")
    text = _text(output if isinstance(output, dict) else {})
    return row if text is None else row | {"prediction": text}


def _text(output: Mapping[str, Any]) -> object:
    """The completion, or else the text of the first choice. Other values are returned for the error."""
    if output.get("completion") is not None:
        return output["completion"]
    choices = output.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and "text" in part)
    return content


def archived_samples(file: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the bytes of each sample in an archive, in the order of the names.

    Raises zipfile.BadZipFile if the file is no archive.
    """
    with zipfile.ZipFile(file) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith("samples/") and name.endswith(".json"):
                yield name, archive.read(name)
