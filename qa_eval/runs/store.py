"""Reads stored runs: `results/NAME/leaderboard.json` and `predictions/SLUG.jsonl`, or `SLUG.jsonl.gz`."""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import ValidationError

from qa_eval.errors import InputError, QaEvalError
from qa_eval.files.compression import UNREADABLE, unpacked, unreadable
from qa_eval.files.paths import open_input, read_input, real_path, user_path
from qa_eval.files.strict_json import NotJsonError, stored_object
from qa_eval.records import Finding
from qa_eval.runs.prediction_lines import parse_prediction, without_candidates
from qa_eval.runs.schema import (
    LEADERBOARD_ADAPTER,
    SCHEMA_VERSION,
    Leaderboard,
    PredictionRow,
    PredictionsFileRow,
    Row,
)
from qa_eval.runs.whole_rows import whole_row
from qa_eval.runs.written_rows import written_row, written_scores
from qa_eval.text.phrases import count, join_field, shorten

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from qa_eval.metrics.scored_item import ItemScore
    from qa_eval.runs.model_results import ItemTable, ModelResult
    from qa_eval.runs.plots import By

LEADERBOARD = "leaderboard.json"
PREDICTIONS = "predictions"
PACKED = ".gz"
"""Ending of a predictions file that is packed."""
_MOST_NAMED = 5
"""Most run folders that a message lists."""
_DEEPEST = 5
"""Number of folder levels that are searched for runs."""

_log = logging.getLogger(__name__)

_RecordT = TypeVar("_RecordT")


# ------------------------------------------------------------------------------------------ reading


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Run:
    """One evaluation: its leaderboard and the answers behind it.

    `run[SPEC]` is the result of one model. Iteration gives the specs of the models. A run prints as its
    leaderboard, and a notebook shows it as a table.

    Example:
        >>> import qa_eval as qa
        >>> options = qa.RunOptions(track="reading", references=False)
        >>> run = qa.evaluate("baseline:abstain", limit=3, options=options)
        >>> run
        3 questions, 15 reading items; percent
        rank  model             balanced F1  95 % interval    EM    F1  EM-any  F1-any
        –     baseline:abstain         50.0                 33.3  33.3    33.3    33.3
        >>> sorted(run.to_pandas()["slice"].unique())[:2], len(run.items("baseline:abstain"))
        (['all', 'article:000_825eccd27ffa9810'], 15)
    """

    path: Path | None
    """Run folder. None for a run that is only in memory."""
    leaderboard: Leaderboard
    """Content of `leaderboard.json`."""
    kept: Mapping[str, tuple[PredictionRow, ...]] = field(default_factory=dict)
    """Predictions rows in memory, by the `predictions.path` of their leaderboard row."""

    def __getitem__(self, model: str) -> ModelResult:
        """Returns the result of one model.

        Args:
            model: Spec or name of the model, or its spec without some of its options.

        Raises:
            UnknownNameError: The run has no such model, or several. The message names near matches. It is a
                KeyError.
        """
        from qa_eval.runs.model_results import ModelResult

        return ModelResult(self, self.leaderboard.row(model))

    def __iter__(self) -> Iterator[str]:
        """The specs of the models, in the order of the leaderboard."""
        return (row.model.spec for row in self.leaderboard.rows)

    def items(self, model: str) -> ItemTable:
        """Returns the answers of one model, in the order asked.

        Args:
            model: Spec or name of the model.

        Raises:
            UnknownNameError: The run has no such model.
            QaEvalError: The run stores no answers of the model, as for references and failed models.
            InputError: The predictions file is missing, broken, or not the one that the run wrote.
        """
        return self[model].items()

    def to_pandas(self) -> pd.DataFrame:
        """Returns the metrics as a data frame with one row for each model, slice and metric.

        The columns are model, track, slice, metric, value, low, high, n, method and clusters. The slice of
        all items is called `all`. Values are fractions in [0, 1]. A value without an interval has neither
        `low` nor `high`.

        Raises:
            QaEvalError: pandas is not installed.
        """
        from qa_eval.runs.data_frames import data_frame
        from qa_eval.runs.model_results import RECORD_COLUMNS, ModelResult

        results = [ModelResult(self, row) for row in self.leaderboard.rows]
        return data_frame(RECORD_COLUMNS, (record for result in results for record in result.records()))

    def plot(
        self, metric: str | None = None, *, by: By = "model", models: Sequence[str] | str = ()
    ) -> Figure:
        """Returns a chart of one metric with its intervals, as a figure of matplotlib.

        A notebook shows the figure. `figure.savefig("f1.svg")` saves it, also as PDF or PNG.

        Args:
            metric: Id of the metric, or `TRACK.METRIC`. By default the metric that sorts the run.
            by: `model` draws a line for each model. `category`, `relation`, `article` or `kind` (settled,
                contested and silent items) draws a line for each slice, with a mark for each model.
            models: Specs of the models to show. By default all but the references.

        Raises:
            QaEvalError: There is no such metric, model or grouping. The message names near matches.

        Example:
            >>> import qa_eval as qa
            >>> run = qa.evaluate("baseline:first-of-type", limit=8)
            >>> figure = run.plot("f1", by="category")
            >>> figure.axes[0].get_xlabel()
            'F1, percent, with 95 % interval'
        """
        from qa_eval.runs.plots import draw_plot

        return draw_plot(self.leaderboard, metric, by, [models] if isinstance(models, str) else models)

    def __repr__(self) -> str:
        return repr(self.leaderboard)

    def _repr_html_(self) -> str:
        return self.leaderboard._repr_html_()

    def predictions(self, row: Row | str) -> list[PredictionRow]:
        """Returns the stored answers of a model, in the order asked.

        The list is empty for references and failed models, which have no predictions file.

        Args:
            row: Row of the leaderboard, or spec of the model.

        Raises:
            UnknownNameError: The run has no model of that spec.
            InputError: The predictions file is missing, broken, or not the one that the run wrote.
        """
        return list(self.stream(row))

    def stream(self, row: Row | str, *, checked: bool = True) -> Iterator[PredictionRow]:
        """Yields what `predictions` returns, one row at a time, so that files of any size fit in memory.

        The number of rows and the hash are compared with the leaderboard after the last row. Callers show
        nothing before.

        Args:
            row: Row of the leaderboard, or spec of the model.
            checked: Whether the number of rows and the hash are compared.

        Raises:
            UnknownNameError: As for `predictions`.
            InputError: As for `predictions`.
        """
        return self._rows(row, checked=checked, candidates=True)

    def scored(self, row: Row | str, *, checked: bool = True) -> Iterator[PredictionRow]:
        """Yields the rows of `stream` without the candidates of each answer: `n_best` may be empty.

        Candidates are most of a row. Fields that this version of the program does not know may be missing
        too.

        Args:
            row: Row of the leaderboard, or spec of the model.
            checked: Whether the number of rows and the hash are compared.

        Raises:
            UnknownNameError: As for `predictions`.
            InputError: As for `predictions`.
        """
        return self._rows(row, checked=checked, candidates=False)

    def scores(self, row: Row) -> Sequence[ItemScore]:
        """Returns the scores of the rows of `scored`, all at once. This is the fastest way to read them.

        Args:
            row: Row of the leaderboard.

        Raises:
            InputError: As for `predictions`. In the file that the run wrote, what is wrong in other fields of
                a row is no error.
        """
        scores = None
        if row.predictions is not None and self.path is not None and row.predictions.path not in self.kept:
            scores = written_scores(self.file(row.predictions), row.predictions)
        return scores if scores is not None else list(self.scored(row))

    def _rows(self, row: Row | str, *, checked: bool, candidates: bool) -> Iterator[PredictionRow]:
        row = self.leaderboard.row(row) if isinstance(row, str) else row
        if row.predictions is None:
            return iter(())
        if self.path is None or row.predictions.path in self.kept:
            return iter(self.kept[row.predictions.path])
        if self.is_alone:
            _refuse(
                self.path / LEADERBOARD,
                f"the answers are not stored with this leaderboard ({row.predictions.path} is not there): "
                "put the run's own files back, or run the models again",
            )
        recorded = row.predictions if checked else None
        return _stream(self.file(row.predictions), recorded, candidates=candidates)

    @property
    def is_alone(self) -> bool:
        """Whether this is a leaderboard without the answers behind it: files are named, and none is there."""
        named = [row for row in self.leaderboard.rows if row.predictions is not None]
        return bool(named) and not any(self.has_file(row) for row in named)

    def has_file(self, row: Row) -> bool:
        """Whether the predictions file of a leaderboard row exists. Its content is not checked."""
        return row.predictions is not None and (self.path is None or self.file(row.predictions).exists())

    def document(self) -> dict[str, Any]:
        """The leaderboard exactly as its file holds it. Raises InputError as `load_run` does."""
        if self.path is None:
            return self.leaderboard.model_dump(mode="json")
        file = self.path / LEADERBOARD
        return _object(_read(file), file, None)

    def file(self, predictions: PredictionsFileRow) -> Path:
        """Path of a predictions file of this run, whether it is compressed or not.

        Raises InputError if it is outside the run folder.
        """
        folder = self.path if self.path is not None else Path()
        if (named := predictions.path) != named.encode("utf-8", "replace").decode("utf-8") or "\0" in named:
            _refuse(folder / LEADERBOARD, f"{named!r} names no file", where="predictions.path")
        path = folder / named
        if not real_path(path).is_relative_to(real_path(folder)):
            _refuse(
                folder / LEADERBOARD,
                f"{predictions.path} is outside the run folder",
                where="predictions.path",
            )
        return path if path.exists() or not twin_of(path).exists() else twin_of(path)


def twin_of(path: Path) -> Path:
    """The packed file of a plain one, and the plain one of a packed one.

    >>> twin_of(Path("a.jsonl")).name, twin_of(Path("a.jsonl.gz")).name
    ('a.jsonl.gz', 'a.jsonl')
    """
    packed = path.name.endswith(PACKED)
    return path.with_name(path.name.removesuffix(PACKED) if packed else path.name + PACKED)


def load_run(path: Path | str, *, slices: bool = True) -> Run:
    """Reads a stored run. Its answers are read later, when they are needed.

    Args:
        path: Run folder, or the `leaderboard.json` in it.
        slices: Whether the metrics of slices are read. They are most of the file.

    Returns:
        The run.

    Raises:
        InputError: There is no such file, or it is not JSON, not a leaderboard, or written by a newer
            program. The message names the file and, where possible, the field.

    Example:
        >>> import tempfile
        >>> import qa_eval as qa
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = qa.evaluate("baseline:abstain", limit=3, out=folder).path
        ...     run = qa.load_run(path)
        >>> "baseline:abstain" in run
        True
    """
    path = user_path(path)
    file = path / LEADERBOARD if path.is_dir() else path
    if not file.exists():
        what = _no_run(path) if path.is_dir() else "no such run folder or file"
        _refuse(path, what)
    if file.name != LEADERBOARD and (kind := _other_kind(file)):
        _refuse(path, kind)
    value = _upgraded(_object(_read(file), file, None), file)
    if not slices and isinstance(rows := value.get("rows"), list):
        value["rows"] = [
            {k: v for k, v in row.items() if k != "slices"} if isinstance(row, dict) else row for row in rows
        ]
    board = _validated(LEADERBOARD_ADAPTER.validate_python, value, file, None)
    run = Run(path=file.parent, leaderboard=board)
    if unrecorded := [row for row in run.leaderboard.rows if row.predictions and not row.predictions.sha256]:
        specs = ", ".join(row.model.spec for row in unrecorded)
        _log.warning("%s: no SHA-256 is recorded for the answers of %s: they are read unchecked", file, specs)
    return run


def _no_run(folder: Path) -> str:
    """Message about a folder that is not a run."""
    inside = [str(path) for path in run_folders(folder)]
    if not inside:
        return f"no {LEADERBOARD} in this folder"
    more = f" and {len(inside) - _MOST_NAMED} more" if len(inside) > _MOST_NAMED else ""
    return f"is a folder of runs; name one of them: {', '.join(inside[:_MOST_NAMED])}{more}"


def run_folders(folder: Path) -> list[Path]:
    """The run folders below a folder, in the order of their paths. Links are not followed.

    Folders whose names begin with a dot hold unfinished runs and are left out.
    """
    found: list[Path] = []
    for path, folders, files in os.walk(folder):
        inside = Path(path)
        if LEADERBOARD in files:
            found.append(inside)
            folders.clear()
        too_deep = len(inside.relative_to(folder).parts) >= _DEEPEST
        folders[:] = [] if too_deep else sorted(name for name in folders if not name.startswith("."))
    return sorted(found)


def _other_kind(file: Path) -> str:
    """Kind and use of a file that is not a leaderboard. Empty if the file may be a leaderboard."""
    try:
        data = read_input(file)
    except OSError:
        return ""  # whoever reads it says why
    if b'"schema_version"' in data and b'"rows"' in data:
        return ""
    shown = shlex.quote(str(file))
    run = file.parent.parent
    if file.parent.name == PREDICTIONS and (run / LEADERBOARD).is_file():
        return f"holds the answers of one model of a run; name the run's folder: {shlex.quote(str(run))}"
    if b'"paragraphs"' in data or b'"qas"' in data:
        return f"is a data set, not a run; `qa-eval run -m MODEL --dataset squad:{shown}` makes a run of it"
    return (
        f"is no run; if it holds predictions, `qa-eval score {shown} --dataset SPEC` scores them, and "
        f"`qa-eval run -m {shlex.quote(f'predictions:{file}')}` makes a run of them"
    )


def choose_rows(run: Run, models: Sequence[str]) -> list[Row]:
    """The rows that have stored answers: all of them, or those of the given specs or names.

    Raises QaEvalError if a model is not in the run, if it has no stored answers, or if no model has any.
    """
    rows = [row for row in run.leaderboard.rows if row.predictions is not None]
    if not models and not rows:
        failed = [f"; {row.model.spec} failed: {row.error}" for row in run.leaderboard.rows if row.error]
        raise QaEvalError(f"{run.leaderboard.name}: this run holds no answers{''.join(failed)}")
    chosen = []
    for model in models:
        row = run.leaderboard.row(model, argument="model")
        if row.predictions is None:
            raise QaEvalError(f"{row.model.spec}: its answers are not stored in this run")
        chosen.append(row)
    return chosen or rows


def stream_predictions(path: Path) -> Iterator[PredictionRow]:
    """Yields the rows of a predictions file one at a time. Raises InputError naming file, line and field."""
    return _stream(path)


def _stream(
    path: Path, recorded: PredictionsFileRow | None = None, *, candidates: bool = True
) -> Iterator[PredictionRow]:
    """Yields the rows of a file. Raises InputError after the last row if they differ from the recorded
    ones.
    """
    digest, rows = hashlib.sha256(), 0
    # Whatever is wrong with candidates that are skipped, the file's hash shows it.
    skipped = not candidates and recorded is not None and bool(recorded.sha256)
    try:
        with open_input(path) as raw, unpacked(raw) as file:
            for number, line in enumerate(file, 1):
                if recorded is not None:
                    digest.update(line)
                if line.strip():
                    rows += 1
                    if candidates:
                        row = whole_row(line)
                    else:
                        row = written_row(without_candidates(line)) if skipped else None
                    yield row or _checked_row(line, path, number, candidates=candidates, skipped=skipped)
    except UNREADABLE as error:
        _refuse(path, unreadable(error))
    if recorded is not None:
        _compare_with_record(path, recorded, digest.hexdigest(), rows)


def _compare_with_record(path: Path, recorded: PredictionsFileRow, sha256: str, rows: int) -> None:
    """Raises InputError if a file differs from the one that the run wrote."""
    advice = "put the run's own file back, or run the models again"
    if rows != recorded.rows:
        _refuse(path, f"has {count(rows, 'row')}, but {LEADERBOARD} records {recorded.rows}: {advice}")
    if recorded.sha256 and sha256 != recorded.sha256:
        _refuse(
            path,
            f"is not what the run wrote: its SHA-256 is {sha256[:12]}…, but {LEADERBOARD} records "
            f"{recorded.sha256[:12]}…: {advice}",
        )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's decompressed bytes, in hex. Raises InputError if the file cannot be read."""
    digest = hashlib.sha256()
    try:
        with open_input(path) as raw, unpacked(raw) as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except UNREADABLE as error:
        _refuse(path, unreadable(error))
    return digest.hexdigest()


def _refuse(path: Path, message: str, line: int | None = None, where: str = "") -> NoReturn:
    raise InputError([Finding(severity="error", path=str(path), line=line, field=where, message=message)])


def _read(path: Path) -> bytes:
    try:
        return read_input(path)
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")


def _checked_row(line: bytes, path: Path, number: int, *, candidates: bool, skipped: bool) -> PredictionRow:
    """The row of a line, as pydantic reads it. Raises InputError with everything that is wrong.

    With `skipped`, only what is wrong outside of the candidates is an error.
    """
    value = (_scored_object if skipped else _object)(line, path, number)
    if not candidates:
        value.pop("n_best", None)
    return _validated(parse_prediction, value, path, number)


def _scored_object(data: bytes, path: Path, line: int | None) -> dict[str, Any]:
    """The JSON object in a line without its candidates, or what `_object` says of the whole line."""
    try:
        return stored_object(without_candidates(data))
    except NotJsonError:
        return _object(data, path, line)


def _object(data: bytes, path: Path, line: int | None) -> dict[str, Any]:
    """The JSON object in a file, or in one line of it."""
    try:
        return stored_object(data)
    except NotJsonError as error:
        refusal = Finding(
            severity="error",
            path=str(path),
            line=line or (error.line if error.column is not None else None),
            field="",
            message=str(error),
            column=error.column,
        )
        raise InputError([refusal]) from None


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Schema version -> function that turns its leaderboard into one of the next version. Version 1 is the
first."""


def _upgraded(value: dict[str, Any], path: Path) -> dict[str, Any]:
    """The leaderboard in the present schema version. Raises InputError for an unknown version."""
    version = value.get("schema_version", SCHEMA_VERSION)
    if type(version) is int and version > SCHEMA_VERSION:
        message = f"{version} is newer than this program reads ({SCHEMA_VERSION}): update qa-eval"
        _refuse(path, message, where="schema_version")
    while type(version) is not int or version != SCHEMA_VERSION:
        if type(version) is not int or version not in UPGRADES:
            known = ", ".join(str(v) for v in (*sorted(UPGRADES), SCHEMA_VERSION))
            _refuse(
                path,
                f"{shorten(repr(version))} is not a version that this program reads ({known})",
                where="schema_version",
            )
        value = UPGRADES[version](value)
        version += 1
    return value | {"schema_version": version}


def _validated(
    read: Callable[[dict[str, Any]], _RecordT], value: dict[str, Any], path: Path, line: int | None
) -> _RecordT:
    """The record of a JSON object. Raises InputError with each finding of pydantic."""
    try:
        return read(value)
    except ValidationError as error:
        findings = [
            Finding(
                severity="error",
                path=str(path),
                line=line,
                field=reduce(join_field, problem["loc"], ""),
                message=f"{problem['msg'][:1].lower()}{problem['msg'][1:]}",
            )
            for problem in error.errors()
        ]
        raise InputError(findings) from None
