"""Writes `predictions/SLUG.jsonl` in parts, or `predictions/SLUG.jsonl.gz`, compressed by gzip."""

from __future__ import annotations

import hashlib
import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from qa_eval.errors import RunFolderError
from qa_eval.files.atomic_files import beside, flush_folder, telling_failure
from qa_eval.files.compression import pack
from qa_eval.runs.prediction_lines import render_prediction
from qa_eval.runs.schema import PredictionRow, PredictionsFileRow
from qa_eval.runs.store import PACKED, PREDICTIONS, stream_predictions, twin_of


class PredictionsWriter:
    """A predictions file that is written in parts. It gets its name when it is complete.

    Without a folder, the rows are kept in memory. With `packed`, the file is compressed when it is
    complete. Raises RunFolderError if the file cannot be written.
    """

    def __init__(self, folder: Path | None, slug: str, *, packed: bool = False) -> None:
        self.folder, self.slug, self.packed = folder, slug, packed
        self.name = f"{PREDICTIONS}/{slug}.jsonl{PACKED if packed else ''}"
        self.kept: list[PredictionRow] = []
        """Rows in memory, if there is no folder."""
        self._path = folder / self.name if folder is not None else None
        self._temporary: Path | None = None
        self._file: BinaryIO | None = None
        self.rows = 0
        """Number of rows added."""
        self._digest = hashlib.sha256()
        if self._path is not None:
            self._temporary = beside(self._path)
            with telling_failure(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._temporary.open("xb")
            # An interruption may hit the lines that would discard the file.
            weakref.finalize(self, _abandon, self._file, self._temporary)

    def add(self, rows: Sequence[PredictionRow]) -> None:
        """Adds rows. Callers that may be interrupted call it in a transaction, which keeps the file
        consistent.
        """
        data = b"".join(map(render_prediction, rows))
        if self._file is None:
            self.kept += rows
        elif self._path is not None:
            with self._writing(self._path):
                self._file.write(data)
        self._digest.update(data)
        self.rows += len(rows)

    def again(self) -> PredictionsWriter:
        """A new, empty writer for the same file."""
        return PredictionsWriter(self.folder, self.slug, packed=self.packed)

    def stream(self) -> Iterator[PredictionRow]:
        """Yields the rows added so far."""
        if self._file is None or self._temporary is None or self._path is None:
            yield from self.kept
            return
        with self._writing(self._path):
            self._file.flush()
        yield from stream_predictions(self._temporary)

    def finish(self) -> PredictionsFileRow:
        """Gives the file its name. Returns its record for the leaderboard."""
        if self._file is not None and self._path is not None and self._temporary is not None:
            with self._writing(self._path):
                self._file.flush()
                if self.packed:
                    self._pack(self._temporary)
                os.fsync(self._file.fileno())
                self._file.close()
                self._temporary.replace(self._path)
                twin_of(self._path).unlink(missing_ok=True)  # of a run that was begun the other way
            flush_folder(self._path.parent)
        return PredictionsFileRow(path=self.name, sha256=self._digest.hexdigest(), rows=self.rows)

    def _pack(self, temporary: Path) -> None:
        """Puts the packed rows in the place of the plain ones."""
        packed = beside(temporary)
        with temporary.open("rb") as source, packed.open("xb") as target:
            pack(source, target)
            target.flush()
            os.fsync(target.fileno())
        packed.replace(temporary)

    def discard(self) -> None:
        """Deletes everything written."""
        if self._file is not None and self._temporary is not None:
            with suppress(OSError):  # Its buffer may hold the bytes that cannot be written.
                self._file.close()
            self._temporary.unlink(missing_ok=True)

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        """Deletes everything written if an error stops the writing."""
        try:
            with telling_failure(path):
                yield
        except RunFolderError:
            self.discard()
            raise


def _abandon(file: BinaryIO, temporary: Path) -> None:
    """Closes and deletes the temporary file of a writer that is gone."""
    file.close()
    temporary.unlink(missing_ok=True)
