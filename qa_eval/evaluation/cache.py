"""A cache of answers by content, so that no question is asked twice.

The key of an answer is made from everything that decides it: the model's fingerprint, the decoding options,
the way of computing (backend, dtype, determinism), the question's words and the text. After an edit of one
question, only that question is asked again. Several runs may use one cache at the same time (SQLite with a
write-ahead log). A run without the global cache has the same store in a file in its run folder, so it can be
resumed.

The cache trusts nothing that it reads. A value counts as absent if it has a wrong checksum or shape, or spans
that are not in the text. A file that is no valid database is set aside, and a new one is begun. A cache that
cannot be written costs speed but never the run: each problem is logged as one warning.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from qa_eval.errors import RunFolderError
from qa_eval.files.hashes import canonical_json, sha256_json, sha256_text
from qa_eval.files.paths import cache_folder, irregular
from qa_eval.records import Candidate, Decoding, Instance, ModelInfo, Prediction

_FORMAT = 1
"""Version of the layout, which is part of every key and of the file's name."""
_FILE = f"answers-{_FORMAT}.sqlite"
"""Name of the global cache's file."""
_WAIT_SECONDS = 30.0
"""Time that a writer waits for another process's write, in seconds."""
_LOOKUP = 500
"""Number of keys in a query. Old builds of SQLite allow 999 parameters."""

_WRITTEN = ("raw", "confidence", "tokens_out", "unfinished")
"""Fields of a prediction that only language models have."""

_TROUBLE = (sqlite3.Error, OSError, UnicodeError, OverflowError)
"""Errors that a file may cause. UnicodeError is one, because SQLite's messages quote the file's bytes."""
_SURROUNDINGS = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_AUTH,
}
"""Codes of SQLite's errors that are caused by the disk, permissions or other processes, not by the file."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def cache_path() -> Path:
    """The path of the global cache's file."""
    return cache_folder() / _FILE


def answer_key(
    info: ModelInfo, decoding: Decoding | None, instance: Instance, *, deterministic: bool
) -> str | None:
    """The key of a model's answer to an instance; None for a model whose answers must not be cached.

    The key depends on the words of the question and of the passages, on their order, and on the names of
    their sources if several are shown. It does not depend on the ids of the item and the article.
    """
    if info.fingerprint is None:
        return None
    parts = {
        "format": _FORMAT,
        "model": info.fingerprint,
        "decoding": asdict(decoding) if decoding is not None else None,
        "backend": info.backend,
        "deterministic": deterministic,
        "question": sha256_text(instance.question),
        "context": sha256_text(instance.context),
    }
    if instance.mode != "one":
        parts["mode"] = instance.mode
        parts["passages"] = [[passage.source, sha256_text(passage.text)] for passage in instance.passages]
    return sha256_json(parts)


# ------------------------------------------------------------------------------------------ values


def render_answer(prediction: Prediction, instance: Instance) -> str:
    """The text of a prediction in the cache. It holds neither the item's id nor the article's."""
    value = asdict(replace(prediction, n_best=()))  # n_best is written below; a copy of it would take long
    del value["item"], value["error"], value["error_of_item"], value["seconds"]
    for name in _WRITTEN:
        if value[name] is None or value[name] is False:
            del value[name]
    value["n_best"] = [
        [
            c.text,
            c.start,
            c.end,
            c.score,
            c.probability,
            None if c.article == instance.article else [c.article],
        ]
        for c in prediction.n_best
    ]
    return canonical_json(value)


def parse_answer(text: str, instance: Instance) -> Prediction:
    """The prediction that `render_answer` wrote, for an instance with the same words.

    Raises ValueError, TypeError or KeyError for anything that is not exactly such a text: other fields, a
    number that is not finite, or a span that is not in the context.
    """
    value = json.loads(text)
    n_best = tuple(_candidate(entry, instance) for entry in value.pop("n_best"))
    prediction = Prediction(item=instance.item, n_best=n_best, **value)
    if render_answer(prediction, instance) != text:
        raise ValueError("not in the form it was written in")
    if type(prediction.windows) is not int or type(prediction.tokens) is not int:
        raise TypeError("windows and tokens are whole numbers")
    if not (prediction.text is None or isinstance(prediction.text, str)):
        raise TypeError("text is a string or null")
    if not (prediction.raw is None or isinstance(prediction.raw, str)):
        raise TypeError("raw is a string or null")
    if not (prediction.tokens_out is None or type(prediction.tokens_out) is int):
        raise TypeError("tokens_out is a whole number or null")
    for number in (prediction.null_score, prediction.no_answer_probability, prediction.confidence):
        if number is not None and not math.isfinite(number):
            raise ValueError("a score that is not finite")
    return prediction


def _candidate(entry: Sequence[Any], instance: Instance) -> Candidate:
    text, start, end, score, probability, other = entry
    if not isinstance(text, str) or not math.isfinite(score):
        raise TypeError("a candidate is a text and a finite score")
    if start is not None and other is None and instance.context[start:end] != text:
        raise ValueError("a span that is not in the text")
    article = instance.article if other is None else other[0]
    return Candidate(text=text, article=article, start=start, end=end, score=score, probability=probability)


def _checksum(key: str, value: str) -> str:
    return hashlib.blake2b(f"{key} {value}".encode(), digest_size=16).hexdigest()


# ------------------------------------------------------------------------------------------ the store


@dataclass(slots=True, kw_only=True)
class PredictionCache:
    """An open cache file. Use it in a `with` statement, or call `close`.

    >>> import tempfile
    >>> from qa_eval.records import Candidate, Instance, Prediction
    >>> instance = Instance(item="sky@a", question="What is blue?", context="The sky is blue.", article="a")
    >>> answer = Prediction(item="sky@a", n_best=(Candidate(text="sky", article="a", start=4, end=7),))
    >>> with tempfile.TemporaryDirectory() as folder, PredictionCache(path=Path(folder) / "c") as cache:
    ...     cache.put("model", [("key", answer, instance)])
    ...     cache.get([("key", instance)]) == {"sky@a": answer}
    True
    """

    path: Path
    """Path of the file."""
    _connection: sqlite3.Connection | None = field(default=None, init=False)
    _writable: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self._guard(lambda connection: None, None, "opened")

    def __enter__(self) -> PredictionCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def usable(self) -> bool:
        """Whether the cache works. It becomes False when the file cannot be opened or written."""
        return self._writable

    def close(self) -> None:
        """Closes the file, which holds everything that was put."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def get(self, wanted: Sequence[tuple[str, Instance]]) -> dict[str, Prediction]:
        """The cached answers to (key, instance) pairs, by item id. Cache problems are logged, not raised."""
        keys = sorted({key for key, _ in wanted})
        nothing: dict[str, tuple[Any, Any]] = {}
        found = self._guard(
            lambda connection: {
                key: (value, checksum)
                for key, value, checksum in _select(connection, keys, "key, value, checksum")
            },
            nothing,
            "read",
        )
        answers = {}
        broken = 0
        for key, instance in wanted:
            if key not in found:
                continue
            value, checksum = found[key]
            try:
                if not isinstance(value, str) or checksum != _checksum(key, value):
                    raise ValueError("wrong checksum")
                answers[instance.item] = parse_answer(value, instance)
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
                broken += 1
        if broken:
            _log.warning("%s: %d damaged answers are ignored and asked again", self.path, broken)
        return answers

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that are in the cache. The answers are not read, so a damaged one counts too.

        Problems of the cache are logged, not raised.
        """
        wanted = sorted(set(keys))
        nothing: set[str] = set()
        return self._guard(
            lambda connection: {key for (key,) in _select(connection, wanted, "key")}, nothing, "read"
        )

    def put(self, model: str, answers: Iterable[tuple[str, Prediction, Instance]]) -> None:
        """Caches (key, prediction, instance) triples in one transaction. Errors are left out.

        `model` is the name under which `cache_info` counts them. Problems of the cache are logged, not
        raised.
        """
        rows = []
        for key, prediction, instance in answers:
            if prediction.error is None:
                value = render_answer(prediction, instance)
                with suppress(UnicodeEncodeError):  # half a surrogate pair cannot be written
                    rows.append((key, model, value, _checksum(key, value)))
        if rows and self._writable:
            self._guard(lambda connection: _insert(connection, rows), None, "written to")

    def _guard(self, action: Callable[[sqlite3.Connection], _T], otherwise: _T, verb: str) -> _T:
        """Runs an action. A broken file is set aside for a new one. Other problems end the cache's use."""
        if not self._writable:
            return otherwise
        for attempt in (1, 2):
            try:
                if self._connection is None:
                    self._connection = _open(self.path)
                return action(self._connection)
            except _TROUBLE as error:
                self.close()
                if attempt == 1 and _broken(error) and self._set_aside():
                    continue
                _log.warning("%s: the cache cannot be %s (%s); going on without it", self.path, verb, error)
                self._writable = False
                break
        return otherwise

    def _set_aside(self) -> bool:
        aside = self.path.with_name(f"{self.path.name}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
        try:
            self.path.rename(aside)
        except FileNotFoundError:
            return True  # another process has set it aside
        except OSError:
            return False
        # The write-ahead log belongs to the broken file, and would break a new one too.
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        _log.warning("%s: is not a valid cache; renamed to %s, and a new one is begun", self.path, aside.name)
        return True


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and (problem := irregular(path)) is not None:
        raise OSError(errno.EINVAL, problem, os.fspath(path))
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    # Bytes that are not UTF-8 have a wrong checksum, so only that value counts as absent, not the whole file.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        _switch_to_wal(connection)
        # With a write-ahead log, NORMAL loses nothing if the process is killed; a power cut loses the last
        # writes.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS answers"
            " (key TEXT PRIMARY KEY, model TEXT NOT NULL, value TEXT NOT NULL, checksum TEXT NOT NULL)"
            " WITHOUT ROWID"
        )
        # A table with this name and other columns is found now, not in the middle of a run.
        connection.execute("SELECT key, model, value, checksum FROM answers LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switches the file to a write-ahead log.

    This needs the file alone. If two processes open a new file at the same time, SQLite refuses the second
    one immediately, whatever its timeout, so this function waits.
    """
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(0.01)


def _broken(error: Exception) -> bool:
    """Whether the file causes the error, so that a new file helps."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # an error of Python: the operating system's, or bytes that are not UTF-8
        return not isinstance(error, OSError)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _SURROUNDINGS


def _select(connection: sqlite3.Connection, keys: Sequence[str], columns: str) -> Iterator[tuple[Any, ...]]:
    """These columns of the rows with these keys."""
    for start in range(0, len(keys), _LOOKUP):
        some = keys[start : start + _LOOKUP]
        marks = ",".join("?" * len(some))
        query = f"SELECT {columns} FROM answers WHERE key IN ({marks})"  # noqa: S608 - columns and marks only
        yield from connection.execute(query, some)


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[str, str, str, str]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


# ------------------------------------------------------------------------------------------ upkeep


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheInfo:
    """The content of the cache."""

    path: Path
    """Path of the file."""
    entries: int
    """Number of cached answers."""
    bytes: int
    """Size of the file on disk, with its write-ahead log."""
    models: Mapping[str, tuple[int, int]]
    """Number of entries and size of their values in bytes, by model spec, the largest first."""
    made: int = 0
    """Number of other files in the cache folder that can be made again: ONNX graphs, converted weights,
    results of examining checkpoints."""
    made_bytes: int = 0
    """Size in bytes of the other files that can be made again."""


def cache_info(path: Path | None = None) -> CacheInfo:
    """The content of a cache, by default the global one. Without a file there are no entries.

    A broken file is set aside, as in a run.
    """
    path = path or cache_path()
    made = _made(path)
    beside = {"made": len(made), "made_bytes": sum(_size(file) for file in made)}
    if not path.exists():
        return CacheInfo(path=path, entries=0, bytes=0, models={}, **beside)
    query = (
        "SELECT model, count(*), total(length(CAST(value AS BLOB))) FROM answers GROUP BY model"
        " ORDER BY 3 DESC, 1"
    )
    nothing: list[Any] = []
    with PredictionCache(path=path) as cache:
        rows = cache._guard(lambda connection: connection.execute(query).fetchall(), nothing, "read")
    models = {str(model): (int(entries), int(size)) for model, entries, size in rows}
    entries = sum(n for n, _ in models.values())
    return CacheInfo(path=path, entries=entries, bytes=_size(path), models=models, **beside)


def clear_cache(path: Path | None = None) -> CacheInfo:
    """Empties a cache, by default the global one, and returns its content before. A run may be using it.

    Raises RunFolderError if the file cannot be written.
    """
    path = path or cache_path()
    before = cache_info(path)
    if before.entries:
        try:
            with closing(_open(path)) as connection:
                connection.execute("DELETE FROM answers")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("VACUUM")
        except _TROUBLE as error:
            raise RunFolderError(f"{path}: the cache cannot be cleared: {error}") from None
    for file in [*path.parent.glob(f"{path.name}.broken-*"), *_made(path)]:
        file.unlink(missing_ok=True)
    return before


def _made(path: Path) -> list[Path]:
    patterns = ("onnx/*.onnx", "weights/*.safetensors", "checkpoints/*.json")
    return [file for pattern in patterns for file in path.parent.glob(pattern)]


def _size(path: Path) -> int:
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
