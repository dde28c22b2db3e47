"""Files with one JSON object on each line, and the choice between them and JSON documents.

A line is a row, a paragraph with its questions, or the header at the top of a file of MRQA.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO

from qa_eval.data.dataset_files import holds_lines, objects_of_lines, opened
from qa_eval.data.dataset_options import Intake, Read, Where
from qa_eval.data.examples import Examples
from qa_eval.data.formats.squad import read_document
from qa_eval.records import Finding
from qa_eval.text.phrases import show_path


def read_squad(path: Path, intake: Intake) -> Read:
    """Yields the examples of a file that is probably a JSON document. Raises InputError like `opened`."""
    return _read(path, 'a JSON object with "version" and "data"', Examples(intake), likely=False)


def read_flat(path: Path, intake: Intake) -> Read:
    """Yields the examples of a file that probably has a row on each line. Raises InputError like `opened`."""
    return _read(path, "one question a line", Examples(intake), likely=True)


def read_mrqa(path: Path, intake: Intake) -> Read:
    """Yields the examples of a file of MRQA 2019. Raises InputError as `opened` does."""
    return _read(path, "one context a line", Examples(intake, answerable=True), likely=True)


def _read(path: Path, what: str, examples: Examples, *, likely: bool) -> Read:
    where = Where(path=show_path(path))
    with opened(path, what) as (file, head):
        if holds_lines(head, likely=likely):
            yield from _read_lines(file, where, examples)
        else:
            yield from read_document(file, where, examples)
    yield from examples.close(where)


def _read_lines(file: IO[bytes], where: Where, examples: Examples) -> Read:
    for part in objects_of_lines(file, where):
        if isinstance(part, Finding):
            yield part
            continue
        place, row = part
        if place.line != 1 or not isinstance(row.get("header"), dict):
            yield from examples.of_entry(row, place)
