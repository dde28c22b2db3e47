"""Run folders: `results/NAME/leaderboard.json` and `predictions/SLUG.jsonl`.

Every file appears whole or not at all: it is written beside its place, flushed to the disk and moved there. A
killed run therefore leaves a folder whose `leaderboard.json` says `partial`, and which the same run resumes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import shlex
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from qa_eval.errors import InputError, QaEvalError, RunFolderError
from qa_eval.files.hashes import canonical_json, sha256_files, sha256_text
from qa_eval.files.locks import lock_folder
from qa_eval.files.paths import open_input, read_input, real_path, user_path
from qa_eval.records import Finding
from qa_eval.runs.checksums import checksums
from qa_eval.runs.schema import SCHEMA_VERSION, Leaderboard, PredictionRow, PredictionsFileRow, Row, ScoredRow
from qa_eval.text.phrases import count, quote, shorten, suggestion

if TYPE_CHECKING:
    import pandas as pd
    from filelock import SoftFileLock

    from qa_eval.runs.model_results import ItemTable, ModelResult

LEADERBOARD = "leaderboard.json"
PREDICTIONS = "predictions"
_LONGEST_NAME = 200
"""Bytes of a run folder's name: file systems take 255, and its staging folder has a longer one."""
_MOST_NAMED = 5
"""Run folders that a message lists."""
_DEEPEST = 5
"""Levels of folders in which runs are looked for."""
PRIVATE_CACHE = ".answers.sqlite"
"""Answers of a run without the global cache, kept inside its folder until it is complete."""

_log = logging.getLogger(__name__)

_RecordT = TypeVar("_RecordT", bound=BaseModel)
_ScoredT = TypeVar("_ScoredT", bound=ScoredRow)


# ------------------------------------------------------------------------------------------ reading


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Run:
    """One evaluation: its leaderboard and the answers behind it.

    `path` is the run folder, or None for a run that was kept in memory only. `run[SPEC]` is one model's
    result. A run prints as its leaderboard, and a notebook shows it as a table.

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
    leaderboard: Leaderboard
    kept: Mapping[str, tuple[PredictionRow, ...]] = field(default_factory=dict)
    """Predictions rows held in memory, by the `predictions.path` of their leaderboard row."""

    def __getitem__(self, model: str) -> ModelResult:
        """The result of a model, named by its spec or its name. Raises KeyError naming near matches."""
        from qa_eval.runs.model_results import ModelResult

        rows = self.leaderboard.rows
        for row in rows:
            if model == row.model.spec:
                return ModelResult(self, row)
        for row in rows:
            if model == row.model.name:
                return ModelResult(self, row)
        known = suggestion(str(model), [row.model.spec for row in rows])
        raise KeyError(f"there is no model {quote(str(model))} in this run{known}")

    def __iter__(self) -> Iterator[str]:
        """The specs of the models, in the order of the leaderboard."""
        return (row.model.spec for row in self.leaderboard.rows)

    def items(self, model: str) -> ItemTable:
        """What a model answered to each item; `.to_pandas()` has a row for each.

        Raises KeyError for an unknown model, QaEvalError for one without stored answers (such as references),
        and InputError where the file is missing, broken, or not the one that the run wrote.
        """
        return self[model].items()

    def to_pandas(self) -> pd.DataFrame:
        """One row for each model, slice and metric: model, track, slice, metric, value, low, high, n, method,
        clusters.

        The slice of all items is called `all`. Values are fractions in [0, 1]; without an interval `low` and
        `high` are missing. Raises QaEvalError where pandas is not installed.
        """
        from qa_eval.runs.data_frames import data_frame
        from qa_eval.runs.model_results import RECORD_COLUMNS, ModelResult

        results = [ModelResult(self, row) for row in self.leaderboard.rows]
        return data_frame(RECORD_COLUMNS, (record for result in results for record in result.records()))

    def __repr__(self) -> str:
        return repr(self.leaderboard)

    def _repr_html_(self) -> str:
        return self.leaderboard._repr_html_()

    def predictions(self, row: Row | str) -> list[PredictionRow]:
        """The answers of a leaderboard row, given as such or by its model spec, in the order they were asked.

        Empty for rows that have no predictions file: references and failed models. Raises KeyError for an
        unknown spec, InputError where the file is missing, broken, or not the one that the run wrote.
        """
        return list(self.stream(row))

    def stream(self, row: Row | str, *, checked: bool = True) -> Iterator[PredictionRow]:
        """`predictions`, one at a time: a file of any size is never in memory whole.

        The number of rows and the hash are compared after the last row, so nothing may be shown before.
        Without `checked` they are not compared.
        """
        return self._rows(row, PredictionRow, checked=checked)

    def scored(self, row: Row | str) -> Iterator[ScoredRow]:
        """`stream` without the candidates of each answer, three times as fast."""
        return self._rows(row, ScoredRow, checked=True)

    def _rows(self, row: Row | str, record: type[_ScoredT], *, checked: bool) -> Iterator[_ScoredT]:
        row = self.leaderboard.row(row) if isinstance(row, str) else row
        if row.predictions is None:
            return iter(())
        if self.path is None or row.predictions.path in self.kept:
            return (kept for kept in self.kept[row.predictions.path] if isinstance(kept, record))
        return _stream(self.file(row.predictions), record, row.predictions if checked else None)

    def has_file(self, row: Row) -> bool:
        """Whether the answers of a leaderboard row are there, whatever the file holds."""
        return row.predictions is not None and (self.path is None or self.file(row.predictions).exists())

    def document(self) -> dict[str, Any]:
        """The leaderboard as its file has it, nothing added or left out. Raises InputError as `load_run`."""
        if self.path is None:
            return self.leaderboard.model_dump(mode="json")
        file = self.path / LEADERBOARD
        return _object(_read(file), file, None)

    def file(self, predictions: PredictionsFileRow) -> Path:
        """Where a predictions file of this run lies. Raises InputError if that is outside its folder."""
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
        return path


def load_run(path: Path | str, *, slices: bool = True) -> Run:
    """Reads a run folder, or the `leaderboard.json` in one; if told, without `slices`, which are most of it.

    Raises InputError naming the file, and the field where there is one: nothing there, not JSON, not a
    leaderboard, or written by a newer program. Predictions are read only when they are asked for.

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
    run = Run(path=file.parent, leaderboard=_validated(Leaderboard, value, file, None))
    if unrecorded := [row for row in run.leaderboard.rows if row.predictions and not row.predictions.sha256]:
        specs = ", ".join(row.model.spec for row in unrecorded)
        _log.warning("%s: no SHA-256 is recorded for the answers of %s: they are read unchecked", file, specs)
    return run


def _no_run(folder: Path) -> str:
    """What is wrong with a folder that is no run."""
    inside = [str(path) for path in run_folders(folder)]
    if not inside:
        return f"no {LEADERBOARD} in this folder"
    more = f" and {len(inside) - _MOST_NAMED} more" if len(inside) > _MOST_NAMED else ""
    return f"is a folder of runs; name one of them: {', '.join(inside[:_MOST_NAMED])}{more}"


def run_folders(folder: Path) -> list[Path]:
    """The run folders in a folder and in its folders, in the order of their paths; links are not followed.

    Those whose name begins with a dot are left out: they hold what is not finished.
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
    """What a file is that is no leaderboard, and how it is used; empty if it may be a leaderboard."""
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
    """The rows that have answers: all, or those of the given specs or names.

    Raises QaEvalError for a model that is not in the run or has no stored answers, and for a run without any.
    """
    rows = [row for row in run.leaderboard.rows if row.predictions is not None]
    if not models and not rows:
        failed = [f"; {row.model.spec} failed: {row.error}" for row in run.leaderboard.rows if row.error]
        raise QaEvalError(f"{run.leaderboard.name}: this run holds no answers{''.join(failed)}")
    chosen = []
    for model in models:
        found = [row for row in run.leaderboard.rows if model in (row.model.spec, row.model.name)]
        if not found:
            known = suggestion(model, [row.model.spec for row in rows])
            raise QaEvalError(f"--model {model}: not in this run{known}")
        if found[0].predictions is None:
            raise QaEvalError(f"--model {model}: its answers are not stored in this run")
        chosen.append(found[0])
    return chosen or rows


def load_predictions(path: Path) -> list[PredictionRow]:
    """Reads a predictions file. Raises InputError naming file, line and field."""
    return list(stream_predictions(path))


def stream_predictions(path: Path) -> Iterator[PredictionRow]:
    """The rows of a predictions file, one at a time. Raises InputError naming file, line and field."""
    return _stream(path, PredictionRow)


def _stream(
    path: Path, record: type[_RecordT], recorded: PredictionsFileRow | None = None
) -> Iterator[_RecordT]:
    """The rows of a file. Raises InputError after the last one if they are not those that are recorded."""
    digest, rows = hashlib.sha256(), 0
    try:
        with open_input(path) as file:
            for number, line in enumerate(file, 1):
                digest.update(line)
                if line.strip():
                    rows += 1
                    value = _object(_decoded(line, path, number), path, number)
                    yield _validated(record, value, path, number)
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")
    if recorded is not None:
        _compare_with_record(path, recorded, digest.hexdigest(), rows)


def _compare_with_record(path: Path, recorded: PredictionsFileRow, sha256: str, rows: int) -> None:
    """Raises InputError if a file is not the one that the run wrote."""
    advice = "put the run's own file back, or run the models again"
    if rows != recorded.rows:
        _refuse(path, f"has {count(rows, 'row')}, and {LEADERBOARD} records {recorded.rows}: {advice}")
    if recorded.sha256 and sha256 != recorded.sha256:
        _refuse(
            path,
            f"is not what the run wrote: its SHA-256 is {sha256[:12]}…, and {LEADERBOARD} records "
            f"{recorded.sha256[:12]}…: {advice}",
        )


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes. Raises InputError if it cannot be read."""
    try:
        return sha256_files([path])
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")


def _refuse(path: Path, message: str, line: int | None = None, where: str = "") -> NoReturn:
    raise InputError([Finding(severity="error", path=str(path), line=line, field=where, message=message)])


def _read(path: Path) -> str:
    try:
        return _decoded(read_input(path), path, None)
    except OSError as error:
        _refuse(path, f"cannot be read: {error.strerror}")


def _decoded(data: bytes, path: Path, line: int | None) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        _refuse(path, f"not UTF-8 at byte {error.start}", line)


def _object(text: str, path: Path, line: int | None) -> dict[str, Any]:
    try:
        value = from_json(text, allow_inf_nan=False)
    except ValueError:
        value = _parse_slowly(text, path, line)
    if not isinstance(value, dict):
        _refuse(path, "not a JSON object", line)
    return value


def _parse_slowly(text: str, path: Path, line: int | None) -> object:
    """The standard library's parser says best what is wrong, and reads lone surrogates."""

    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not a JSON number")

    try:
        return json.loads(text, parse_constant=no_constant)
    except json.JSONDecodeError as error:
        _refuse(path, f"not JSON: {error.msg} (column {error.colno})", line or error.lineno)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"not JSON: {error}", line)


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""Schema version -> what makes its leaderboard one of the next version. Version 1 is the first there is."""


def _upgraded(value: dict[str, Any], path: Path) -> dict[str, Any]:
    """A leaderboard of the present schema version; one of an unknown version is refused by name."""
    version = value.get("schema_version", SCHEMA_VERSION)
    if type(version) is int and version > SCHEMA_VERSION:
        message = f"{version} is newer than this program reads ({SCHEMA_VERSION}): update qa-eval"
        _refuse(path, message, where="schema_version")
    while type(version) is not int or version != SCHEMA_VERSION:
        if type(version) is not int or version not in UPGRADES:
            known = ", ".join(str(v) for v in (*sorted(UPGRADES), SCHEMA_VERSION))
            _refuse(
                path,
                f"{shorten(repr(version))} is no version that this program reads ({known})",
                where="schema_version",
            )
        value = UPGRADES[version](value)
        version += 1
    return value | {"schema_version": version}


def _validated(record: type[_RecordT], value: dict[str, Any], path: Path, line: int | None) -> _RecordT:
    try:
        return record.model_validate(value)
    except ValidationError as error:
        findings = [
            Finding(
                severity="error",
                path=str(path),
                line=line,
                field=".".join(str(part) for part in problem["loc"]),
                message=f"{problem['msg'][:1].lower()}{problem['msg'][1:]}",
            )
            for problem in error.errors()
        ]
        raise InputError(findings) from None


# ------------------------------------------------------------------------------------------ writing


def write_atomically(path: Path, text: str | bytes) -> str:
    """Writes a whole file: beside its place, flushed to the disk, then moved there. Returns its SHA-256.

    Whoever reads sees the old file or the new one. Raises RunFolderError if it cannot be written.
    """
    data = text.encode("utf-8") if isinstance(text, str) else text
    temporary = _beside(path)
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)
    return hashlib.sha256(data).hexdigest()


def _beside(path: Path) -> Path:
    """A new name for a file that will be moved to `path`; no longer than any name that `path` may have."""
    return path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.tmp")


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be written: {error.strerror}") from None


def _flush_folder(path: Path) -> None:
    """Makes a move itself survive a power cut; where folders cannot be flushed (Windows) nothing is lost."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def render_prediction(row: PredictionRow) -> str:
    """A line of a predictions file: one canonical JSON object."""
    return canonical_json(row.model_dump(mode="json")) + "\n"


class PredictionsWriter:
    """A predictions file being written, some rows at a time; it appears under its name when it is whole.

    Without a folder the rows are kept in memory. Raises RunFolderError if the file cannot be written.
    """

    def __init__(self, folder: Path | None, slug: str) -> None:
        self.folder, self.slug = folder, slug
        self.name = f"{PREDICTIONS}/{slug}.jsonl"
        self.kept: list[PredictionRow] = []
        """The rows, if there is no folder."""
        self._path = folder / self.name if folder is not None else None
        self._temporary: Path | None = None
        self._file: BinaryIO | None = None
        self.rows = 0
        """The number of rows that were added."""
        self._digest = hashlib.sha256()
        if self._path is not None:
            self._temporary = _beside(self._path)
            with _writing(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._temporary.open("xb")

    def add(self, rows: Sequence[PredictionRow]) -> None:
        """Adds rows. Whoever may be interrupted calls it in a transaction, which keeps it whole."""
        data = "".join(map(render_prediction, rows)).encode("utf-8")
        if self._file is None:
            self.kept += rows
        elif self._path is not None:
            with self._writing(self._path):
                self._file.write(data)
        self._digest.update(data)
        self.rows += len(rows)

    def again(self) -> PredictionsWriter:
        """A new one for the same file, which will hold what that one is given."""
        return PredictionsWriter(self.folder, self.slug)

    def stream(self) -> Iterator[PredictionRow]:
        """The rows that were added so far."""
        if self._file is None or self._temporary is None or self._path is None:
            yield from self.kept
            return
        with self._writing(self._path):
            self._file.flush()
        yield from stream_predictions(self._temporary)

    def finish(self) -> PredictionsFileRow:
        """Puts the file in its place, and says what the leaderboard says of it."""
        if self._file is not None and self._path is not None and self._temporary is not None:
            with self._writing(self._path):
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                self._temporary.replace(self._path)
            _flush_folder(self._path.parent)
        return PredictionsFileRow(path=self.name, sha256=self._digest.hexdigest(), rows=self.rows)

    def discard(self) -> None:
        """Forgets what was written."""
        if self._file is not None and self._temporary is not None:
            with suppress(OSError):  # what it still holds may be what cannot be written
                self._file.close()
            self._temporary.unlink(missing_ok=True)

    @contextmanager
    def _writing(self, path: Path) -> Iterator[None]:
        """Removes what was written if it cannot go on."""
        try:
            with _writing(path):
                yield
        except RunFolderError:
            self.discard()
            raise


def slugs(specs: Sequence[str]) -> list[str]:
    """A file name stem for each spec: readable, safe on every file system, distinct even where case is not.

    It depends on the spec alone unless two collide; each of those then ends in a hash of its spec.

    >>> slugs(["embedded", "hf:deepset/roberta-base-squad2@v1"])
    ['embedded', 'hf-deepset-roberta-base-squad2-v1']
    >>> slugs(["hf:a/b", "hf:a-b"])[0][:7]
    'hf-a-b-'
    """
    plain = [re.sub(r"[^A-Za-z0-9._]+", "-", spec).strip("-.")[:80].rstrip("-.") or "model" for spec in specs]
    taken = Counter(stem.casefold() for stem in plain)
    # A long spec was cut, and a device name of Windows (con, nul …) is no file name: the hash helps both.
    return [
        f"{stem}-{sha256_text(spec)[:8]}"
        if len(spec) > 80
        or taken[stem.casefold()] > 1
        or re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", stem)
        else stem
        for spec, stem in zip(specs, plain, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A run folder being written. `path` is where the files lie now, `target` where they will lie."""

    path: Path
    target: Path
    """Differs from `path` while a run that overwrites another one is under way."""
    created_at: str | None
    """Of the partial run that is resumed; None for a new one."""
    lock: SoftFileLock | None = None
    """The lock of `target`, held while the run is under way."""

    def release(self) -> None:
        """Lets other runs write to the folder."""
        if self.lock is not None:
            self.lock.release()

    @property
    def private_cache(self) -> Path:
        return self.path / PRIVATE_CACHE

    def write_leaderboard(self, leaderboard: Leaderboard) -> Leaderboard:
        """Writes `leaderboard.json`. Returns what was written: the leaderboard with its checksums."""
        whole = leaderboard.model_dump(mode="json")
        rows = [
            row.model_copy(update={"checksums": checksums(part)})
            for row, part in zip(leaderboard.rows, whole["rows"], strict=True)
        ]
        written = leaderboard.model_copy(update={"rows": rows, "checksums": checksums(whole)})
        text = canonical_json(written.model_dump(mode="json"), indent=1)
        write_atomically(self.path / LEADERBOARD, text + "\n")
        return written

    def finish(self, *, complete: bool) -> Path:
        """Puts a run that overwrites another one in its place, and drops what only resuming needs.

        Returns where the run now lies. The private cache stays when the run is not complete, so that
        a failed model can be asked again without asking the others.
        """
        if complete:
            for file in self.path.glob(f"{PRIVATE_CACHE}*"):
                file.unlink(missing_ok=True)
        for file in self.path.rglob(".*.tmp"):
            file.unlink(missing_ok=True)
        if self.path != self.target:
            replace_folder(self.path, self.target)
        return self.target


def replace_folder(new: Path, old: Path) -> None:
    """Puts folder `new` in the place of `old`. Should that fail half-way, both are still there by name."""
    aside = _hidden(old, "old")
    try:
        with suppress(FileNotFoundError):
            old.rename(aside)
        new.rename(old)
    except OSError as error:
        if not old.exists() and aside.exists():
            aside.rename(old)
        raise RunFolderError(
            f"{old}: cannot be replaced: {error.strerror}; the new run is in {new}"
        ) from None
    for leftover in _hidden_folders(old, "old"):
        shutil.rmtree(leftover, ignore_errors=True)


def _hidden(path: Path, state: Literal["new", "old"]) -> Path:
    """A new name next to a folder: for what will replace it, or for what was replaced."""
    return path.with_name(f".{path.name}.{state}-{secrets.token_hex(4)}")


def _hidden_folders(path: Path, state: Literal["new", "old"]) -> list[Path]:
    """The folders that `_hidden` named for a folder, the newest first."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.{state}(-[0-9a-f]{{8}})?")
    found = [p for p in path.parent.glob(".*") if pattern.fullmatch(p.name) and p.is_dir()]
    return sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)


def open_run_folder(
    out: Path, name: str | None, identity: Mapping[str, Any], run_id: str, *, overwrite: bool, now: datetime
) -> RunFolder:
    """Finds the folder a run is to be written to; creates it if it is new.

    Without a name, a partial run of the same identity under `out` is resumed, else the name is the UTC time
    and a short hash. With a name: a new folder; a partial or failed run of the same identity is resumed; a
    complete one, or a run of other identity, is refused without `overwrite`; a folder that holds something
    else is always refused. A run that is overwritten stays in its place until the new one is there.

    The folder is locked until `release` is called. Raises RunFolderError with the reason and what to do;
    while another process holds the lock, with its number and host.
    """
    if name is not None:
        check_name(name)
    if name is None:
        path = _partial_run(out, run_id) or _fresh(out, f"{now:%Y%m%dT%H%M%SZ}-{run_id[:8]}")
    else:
        path = out / name
    lock = lock_folder(path)
    try:
        folder = replace(_claim(path, identity, run_id, overwrite=overwrite), lock=lock)
        _make_writable(folder.path)
    except BaseException:
        lock.release()
        raise
    return folder


def _make_writable(path: Path) -> None:
    """Creates a folder if need be. Raises RunFolderError where no file can be written into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        message = f"{path}: cannot be written to: {reason}; choose another folder with --out"
        raise RunFolderError(message) from None


def check_name(name: str) -> None:
    """Raises RunFolderError for what is no name of a folder."""
    if name in ("", ".", "..") or re.search(r'[/\\:*?"<>|\x00-\x1f\ud800-\udfff]', name):
        raise RunFolderError(f"--name {name!r}: not a folder name")
    if (size := len(name.encode("utf-8"))) > _LONGEST_NAME:
        raise RunFolderError(f"--name is too long: it has {size} bytes, and may have {_LONGEST_NAME}")


def _claim(path: Path, identity: Mapping[str, Any], run_id: str, *, overwrite: bool) -> RunFolder:
    if not path.exists() and (aside := _hidden_folders(path, "old")):
        aside[0].rename(path)  # a run that overwrote this one was killed between the two moves
    existing = _existing(path, overwrite=overwrite)
    if existing is None:
        return RunFolder(path=path, target=path, created_at=None)
    if existing.run_id == run_id and existing.status != "complete":
        return RunFolder(path=path, target=path, created_at=existing.created_at)
    if not overwrite:
        advice = "--overwrite replaces it, --name chooses another folder"
        if existing.run_id == run_id:
            raise RunFolderError(f"{path}: this run is already complete; {advice}")
        raise RunFolderError(f"{path}: holds another run ({_difference(existing, identity)}); {advice}")
    for staging in _hidden_folders(path, "new"):  # of runs that were interrupted, as the lock is ours
        started = _existing(staging, overwrite=True)
        if started is not None and started.run_id == run_id:
            return RunFolder(path=staging, target=path, created_at=started.created_at)
        shutil.rmtree(staging, ignore_errors=True)
    return RunFolder(path=_hidden(path, "new"), target=path, created_at=None)


def _partial_run(out: Path, run_id: str) -> Path | None:
    """The newest unfinished run of this identity."""
    for path in sorted(out.glob(f"*-{run_id[:8]}*"), reverse=True) if out.is_dir() else ():
        try:
            leaderboard = load_run(path).leaderboard
        except InputError:
            continue
        if leaderboard.run_id == run_id and leaderboard.status != "complete":
            return path
    return None


def _fresh(out: Path, name: str) -> Path:
    number, path = 1, out / name
    while path.exists():
        number += 1
        path = out / f"{name}-{number}"
    return path


def _existing(path: Path, *, overwrite: bool) -> Leaderboard | None:
    """The run in that folder; None if there is nothing, or only what a run leaves before its first file."""
    if not path.exists():
        return None
    if not path.is_dir():
        raise RunFolderError(f"{path}: is a file, not a run folder; --name chooses another one")
    if (path / LEADERBOARD).exists():
        try:
            return load_run(path).leaderboard
        except InputError as error:
            if overwrite:
                return Leaderboard.model_construct(run_id="", status="partial")
            raise RunFolderError(f"{error}\n{path}: holds a broken run; --overwrite replaces it") from None
    if any(not _own(child.name) for child in path.iterdir()):
        raise RunFolderError(f"{path}: holds files that are not a run; --name chooses another folder")
    return None


def _own(name: str) -> bool:
    return name.startswith(PRIVATE_CACHE) or (name.startswith(".") and name.endswith(".tmp"))


def _difference(existing: Leaderboard, identity: Mapping[str, Any]) -> str:
    """In what the run that is there differs, for people."""
    signatures = [r.signature for r in existing.rows if not r.is_reference]
    theirs = {
        "questions": existing.data.questions_sha256,
        "articles": existing.data.articles_sha256,
        "rules": existing.rules,
        "models": _apart_from_rules(signatures),
    }
    ours = dict(identity) | {"models": _apart_from_rules(identity.get("models", ()))}
    unequal = [key for key, value in theirs.items() if key in identity and ours[key] != value]
    return f"other {' and '.join(unequal)}" if unequal else "other options"


def _apart_from_rules(signatures: Iterable[str]) -> list[str]:
    """The signatures without their first part, which names the rules."""
    return sorted(signature.partition("|")[2] or signature for signature in signatures)
