"""Canonical JSON, and the SHA-256 of values, texts and files.

`canonical_json` is the one form in which values are hashed and written, so equal values give equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from qa_eval.files.paths import open_input


def canonical_json(value: object, *, indent: int | None = None) -> str:
    """JSON with sorted keys, UTF-8 left readable, no NaN or infinity (ValueError).

    >>> canonical_json({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return _encoder(indent).encode(value)


@cache
def _encoder(indent: int | None) -> json.JSONEncoder:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.JSONEncoder(
        sort_keys=True, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )


def sha256_text(text: str) -> str:
    """Hex SHA-256 of the UTF-8 bytes. Lone surrogates are hashed as they stand, never an error."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_json(value: object) -> str:
    """Hex SHA-256 of a value's canonical JSON."""
    return sha256_text(canonical_json(value))


def sha256_files(paths: Iterable[Path]) -> str:
    """Hex SHA-256 over the bytes of the files, in the order given."""
    digest = hashlib.sha256()
    for path in paths:
        with open_input(path) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def combine_sha256(parts: Mapping[str, str]) -> str:
    """One hash over named hashes."""
    return sha256_json(dict(parts))
