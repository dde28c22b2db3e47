"""Checksums of the fields of a leaderboard. They find changes that nothing else would show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qa_eval.files.hashes import sha256_json


def checksums(part: Mapping[str, Any]) -> dict[str, str]:
    """The first 16 hex digits of the hash of each field of a leaderboard, or of one of its rows.

    They find accidental changes of fields that cannot be computed again: times, environment, performance.
    The rows of a leaderboard have checksums of their own.
    """
    return {
        name: sha256_json(value)[:16] for name, value in part.items() if name not in ("rows", "checksums")
    }


def changed_fields(document: Mapping[str, Any]) -> list[str]:
    """The fields of a leaderboard document, as paths, that changed after it was written.

    Fields without a checksum are not checked (see `unsealed_fields`).
    """
    found = []
    for prefix, part in _parts(document):
        now = checksums(part)
        written: Mapping[str, str] = part.get("checksums", {})
        found += [prefix + name for name, value in written.items() if now.get(name) != value]
    return found


def unsealed_fields(document: Mapping[str, Any]) -> list[str]:
    """The fields of a leaderboard document, as paths, that have no checksum.

    If no field of a part has one, the result holds only the part's field `checksums`.
    """
    found = []
    for prefix, part in _parts(document):
        written: Mapping[str, str] = part.get("checksums", {})
        missing = [name for name in checksums(part) if name not in written]
        found += [prefix + name for name in missing] if written else [f"{prefix}checksums"]
    return found


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The parts of a leaderboard that have checksums of their own, each with its path."""
    yield "", document
    for number, row in enumerate(document.get("rows", ())):
        yield f"rows[{number}].", row
