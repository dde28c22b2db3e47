"""Answers that were already computed, by content: what was answered is never asked again.

The key of an answer is everything that decides it: the model's fingerprint, the decoding options, what
computes (backend, dtype, determinism), the question's words and the text read. Editing one question therefore
asks only that one, and two runs may share one cache at once (SQLite, write-ahead log). The same store, in a
file inside the run folder, makes a run without the global cache resumable.

Nothing read is trusted: a value with a wrong checksum or shape, or whose spans are not in the text, counts as
absent; a file that is not a sound database is set aside and a new one begun. A cache that cannot be written
costs speed, never the run: every such problem is one logged warning.
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
"""Part of every key and of the file's name: another layout never meets this one."""
_FILE = f"answers-{_FORMAT}.sqlite"
_WAIT_SECONDS = 30.0
"""How long a writer waits for another process's write."""
_LOOKUP = 500
"""Keys a query; SQLite allows 999 parameters in old builds."""

_TROUBLE = (sqlite3.Error, OSError, UnicodeError, OverflowError)
"""What a file may lead to; SQLite's own messages quote the file, which need not be UTF-8."""
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
"""Codes of SQLite's errors that speak of the disk, of rights and of other processes, not of the file."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def cache_path() -> Path:
    """The global cache's file."""
    return cache_folder() / _FILE


def answer_key(
    info: ModelInfo, decoding: Decoding | None, instance: Instance, *, deterministic: bool
) -> str | None:
    """The key of a model's answer to an instance; None for a model whose answers must not be kept.

    The item's id and the article's are not part of it, only their words are.
    """
    if info.fingerprint is None:
        return None
    return sha256_json(
        {
            "format": _FORMAT,
            "model": info.fingerprint,
            "decoding": asdict(decoding) if decoding is not None else None,
            "backend": info.backend,
            "deterministic": deterministic,
            "question": sha256_text(instance.question),
            "context": sha256_text(instance.context),
        }
    )


# ------------------------------------------------------------------------------------------ values


def render_answer(prediction: Prediction, instance: Instance) -> str:
    """A prediction as the cache keeps it: without the item's id and the article's."""
    value = asdict(replace(prediction, n_best=()))  # which is written below: copying it would take longest
    del value["item"], value["error"]
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
    """What `render_answer` wrote, for an instance of the same words.

    Raises ValueError, TypeError or KeyError for anything that is not exactly such a value: other fields,
    a number that is not finite, a span that is not in the text.
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
    for number in (prediction.null_score, prediction.no_answer_probability):
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
    """An open cache file. Use it as a context manager, or call `close`.

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
        """False once the file could not be opened or written; nothing is kept from then on."""
        return self._writable

    def close(self) -> None:
        """Closes the file; what was put is in it."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def get(self, wanted: Sequence[tuple[str, Instance]]) -> dict[str, Prediction]:
        """The kept answers of these (key, instance) pairs, by item id. Never raises for the cache's sake."""
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
            _log.warning("%s: %d broken answers are ignored and asked again", self.path, broken)
        return answers

    def known(self, keys: Iterable[str]) -> set[str]:
        """Which of these keys there are. The answers are not read, so that a broken one counts as well.

        Never raises for the cache's sake.
        """
        wanted = sorted(set(keys))
        nothing: set[str] = set()
        return self._guard(
            lambda connection: {key for (key,) in _select(connection, wanted, "key")}, nothing, "read"
        )

    def put(self, model: str, answers: Iterable[tuple[str, Prediction, Instance]]) -> None:
        """Keeps these (key, prediction, instance) triples in one transaction. Failed answers are not kept.

        `model` is a name for `cache_info`. Never raises for the cache's sake.
        """
        rows = []
        for key, prediction, instance in answers:
            if prediction.error is None:
                value = render_answer(prediction, instance)
                with suppress(UnicodeEncodeError):  # half a character: no file holds it
                    rows.append((key, model, value, _checksum(key, value)))
        if rows and self._writable:
            self._guard(lambda connection: _insert(connection, rows), None, "written to")

    def _guard(self, action: Callable[[sqlite3.Connection], _T], otherwise: _T, verb: str) -> _T:
        """Runs an action. A broken file is set aside and it runs on a new one; other trouble ends all use."""
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
            return True  # another process did it first
        except OSError:
            return False
        # The log belongs to the broken file: replayed into a new one it would break that as well.
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        _log.warning("%s: not a sound cache; set aside as %s, a new one is begun", self.path, aside.name)
        return True


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and (problem := irregular(path)) is not None:
        raise OSError(errno.EINVAL, problem, os.fspath(path))
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    # What is no text has a wrong checksum as well: that value counts as absent, not the whole file as broken.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        _switch_to_wal(connection)
        # With this log NORMAL loses nothing when the process is killed, only the latest if the power fails.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS answers"
            " (key TEXT PRIMARY KEY, model TEXT NOT NULL, value TEXT NOT NULL, checksum TEXT NOT NULL)"
            " WITHOUT ROWID"
        )
        # A table of that name with other columns is not ours: found now, not in the middle of a run.
        connection.execute("SELECT key, model, value, checksum FROM answers LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Two processes that open a new file at once both want it alone for this; SQLite refuses the second at
    once, whatever its timeout, so waiting is done here.
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
    """Whether the file is to blame, so that a new one helps."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # Python's own: an operating system's error, or bytes of the file that are no text
        return not isinstance(error, OSError)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _SURROUNDINGS


def _select(connection: sqlite3.Connection, keys: Sequence[str], columns: str) -> Iterator[tuple[Any, ...]]:
    """These columns of the rows that there are of these keys."""
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
    """What the cache holds."""

    path: Path
    entries: int
    bytes: int
    """Of the file on disk, its log included."""
    models: Mapping[str, tuple[int, int]]
    """Model spec -> (entries, bytes of its values), largest first."""
    made: int = 0
    """The number of files beside it that can be made anew: ONNX graphs, converted weights, notes on
    checkpoints.
    """
    made_bytes: int = 0
    """The size of these files."""


def cache_info(path: Path | None = None) -> CacheInfo:
    """What the cache (the global one by default) holds; no entries where there is no file.

    A broken file is set aside, as it would be by a run.
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
    """Empties the cache (the global one by default), safely beside a run that uses it; returns what it held.

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
