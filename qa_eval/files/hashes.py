"""Canonical JSON, and the SHA-256 of values, texts and files.

Values are hashed and written only as `canonical_json`, so equal values give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import json.encoder
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from qa_eval.files.paths import open_input


def canonical_json(value: object, *, indent: int | None = None) -> str:
    """A value as JSON with sorted keys and with its characters unescaped.

    Raises ValueError for NaN and infinity.

    >>> canonical_json({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    if indent is None:
        return "".join(_compact(value, 0))
    return json.dumps(
        value, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=indent, separators=(",", ": ")
    )


def _unknown(value: object) -> NoReturn:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


_compact: Callable[[object, int], Iterable[str]] = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
    None, _unknown, json.encoder.encode_basestring, None, ":", ",", True, False, False
)
"""Encoder of `json`, made once. `json.dumps` makes one for each value, which takes longer than the value."""


def sha256_text(text: str) -> str:
    """Hex SHA-256 of a text's UTF-8 bytes. Lone surrogates are hashed as they are and are no error."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_json(value: object) -> str:
    """Hex SHA-256 of a value's canonical JSON."""
    return sha256_text(canonical_json(value))


def sha256_files(paths: Iterable[Path]) -> str:
    """Hex SHA-256 of the bytes of all files together, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with open_input(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def combine_sha256(parts: Mapping[str, str]) -> str:
    """One hex SHA-256 of several named hashes; their order does not matter."""
    return sha256_json(dict(parts))
