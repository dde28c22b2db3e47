"""Checksums of the fields of a leaderboard: they find what was changed where nothing else would show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from qa_eval.files.hashes import sha256_json


def checksums(part: Mapping[str, Any]) -> dict[str, str]:
    """Of each field of a leaderboard, or of one of its rows, the first 16 hex digits of its hash.

    They find what was changed by accident where nothing else tells it again: times, environment, performance.
    The rows of a leaderboard have their own.
    """
    return {
        name: sha256_json(value)[:16] for name, value in part.items() if name not in ("rows", "checksums")
    }


def changed_fields(document: Mapping[str, Any]) -> list[str]:
    """The fields of a leaderboard document, as paths, that are not what they were when it was written.

    Fields without a checksum are taken as they are (see `unsealed_fields`).
    """
    found = []
    for prefix, part in _parts(document):
        now = checksums(part)
        written: Mapping[str, str] = part.get("checksums", {})
        found += [prefix + name for name, value in written.items() if now.get(name) != value]
    return found


def unsealed_fields(document: Mapping[str, Any]) -> list[str]:
    """The fields of a leaderboard document, as paths, that have no checksum.

    Where no field of a part has one, this is its field `checksums` alone.
    """
    found = []
    for prefix, part in _parts(document):
        written: Mapping[str, str] = part.get("checksums", {})
        missing = [name for name in checksums(part) if name not in written]
        found += [prefix + name for name in missing] if written else [f"{prefix}checksums"]
    return found


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The parts of a leaderboard that have checksums of their own, each with the path to it."""
    yield "", document
    for number, row in enumerate(document.get("rows", ())):
        yield f"rows[{number}].", row
