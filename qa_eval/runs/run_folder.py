"""Writes a run folder: its place, its lock and its content.

A killed run leaves a folder with status `partial` in its `leaderboard.json`. The same run resumes it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_eval.errors import InputError, RunFolderError
from qa_eval.files.atomic_files import hidden_folders, hidden_name, replace_folder, write_atomically
from qa_eval.files.hashes import canonical_json, sha256_text
from qa_eval.files.locks import lock_folder
from qa_eval.runs.checksums import checksums
from qa_eval.runs.schema import Leaderboard
from qa_eval.runs.store import LEADERBOARD, load_run
from qa_eval.text.phrases import enumerate_words

if TYPE_CHECKING:
    from filelock import SoftFileLock

_LONGEST_NAME = 200
"""Bytes of a run folder's name: file systems take 255, and its staging folder has a longer one."""
PRIVATE_CACHE = ".answers.sqlite"
"""Answers of a run without the global cache, kept inside its folder until it is complete."""
_EXPENSES = ".expenses.jsonl"
"""What the answers of a run took so far, kept inside its folder until it is complete."""


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
    """A run folder that is being written. The files are in `path` now and in `target` at the end."""

    path: Path
    target: Path
    """Final folder. It differs from `path` while a run overwrites another one."""
    created_at: str | None
    """Leaderboard of the partial run that is resumed. None for a new run."""
    lock: SoftFileLock | None = None
    """Lock of `target`, held during the run."""

    def release(self) -> None:
        """Lets other runs write to the folder."""
        if self.lock is not None:
            self.lock.release()

    @property
    def private_cache(self) -> Path:
        return self.path / PRIVATE_CACHE

    @property
    def expenses(self) -> Path:
        return self.path / _EXPENSES

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
        """Moves the run to its final folder and deletes the files that only resuming needs.

        Returns the final folder. The private cache of an incomplete run is kept, so that a failed model can
        be asked again without the others, and so are its expenses.
        """
        if complete:
            for file in (*self.path.glob(f"{PRIVATE_CACHE}*"), self.expenses):
                file.unlink(missing_ok=True)
        for file in self.path.rglob(".*.tmp"):
            file.unlink(missing_ok=True)
        if self.path != self.target:
            replace_folder(self.path, self.target)
        return self.target


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
    """Creates a folder if necessary. Raises RunFolderError if no file can be written into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunFolderError.naming(
            lambda called: (
                f"{path}: cannot be written to: {reason}; choose another folder with {called('out')}"
            )
        ) from None


def check_name(name: str) -> None:
    """Raises RunFolderError if the text is not a valid folder name."""
    if name in ("", ".", "..") or re.search(r'[/\\:*?"<>|\x00-\x1f\ud800-\udfff]', name):
        raise RunFolderError.naming(lambda called: f"{called('name')} {name!r}: not a folder name")
    if (size := len(name.encode("utf-8"))) > _LONGEST_NAME:
        raise RunFolderError.naming(
            lambda called: f"{called('name')} is too long: it has {size} bytes, and may have {_LONGEST_NAME}"
        )


def _claim(path: Path, identity: Mapping[str, Any], run_id: str, *, overwrite: bool) -> RunFolder:
    if not path.exists() and (aside := hidden_folders(path, "old")):
        aside[0].rename(path)  # a run that overwrote this one was killed between the two moves
    existing = _existing(path, overwrite=overwrite)
    if existing is None:
        return RunFolder(path=path, target=path, created_at=None)
    if existing.run_id == run_id and existing.status != "complete":
        return RunFolder(path=path, target=path, created_at=existing.created_at)
    if not overwrite:
        what = f"holds another run ({_difference(existing, identity)})"
        if existing.run_id == run_id:
            what = "this run is already complete"
        raise RunFolderError.naming(
            lambda called: (
                f"{path}: {what}; {called('overwrite')} replaces it, {called('name')} chooses another folder"
            )
        )
    for staging in hidden_folders(path, "new"):  # of runs that were interrupted, as the lock is ours
        started = _existing(staging, overwrite=True)
        if started is not None and started.run_id == run_id:
            return RunFolder(path=staging, target=path, created_at=started.created_at)
        shutil.rmtree(staging, ignore_errors=True)
    return RunFolder(path=hidden_name(path, "new"), target=path, created_at=None)


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
    """The run in that folder. None if the folder is empty or has only what a run writes before its first
    file.
    """
    if not path.exists():
        return None
    if not path.is_dir():
        raise RunFolderError.naming(
            lambda called: f"{path}: is a file, not a run folder; {called('name')} chooses another one"
        )
    if (path / LEADERBOARD).exists():
        try:
            return load_run(path).leaderboard
        except InputError as error:
            if overwrite:
                return Leaderboard.model_construct(run_id="", status="partial")
            broken = f"{error}\n{path}: holds a broken run"
            raise RunFolderError.naming(
                lambda called: f"{broken}; {called('overwrite')} replaces it"
            ) from None
    if any(not _own(child.name) for child in path.iterdir()):
        raise RunFolderError.naming(
            lambda called: f"{path}: holds files that are not a run; {called('name')} chooses another folder"
        )
    return None


def _own(name: str) -> bool:
    return name.startswith((PRIVATE_CACHE, _EXPENSES)) or (name.startswith(".") and name.endswith(".tmp"))


def _difference(existing: Leaderboard, identity: Mapping[str, Any]) -> str:
    """Sentence on how the existing run differs."""
    data, options = existing.data, identity.get("options", {})
    theirs = {
        "questions": data.questions_sha256,
        "articles": data.articles_sha256,
        "rules": existing.rules,
    }
    unequal = [key for key, value in theirs.items() if key in identity and identity[key] != value]
    signatures = [row.signature for row in existing.rows if not row.is_reference]
    for name, parts in (("models", ("model", "backend")), ("decoding", ("decoding",))):
        there, here = (_parts(some, parts) for some in (signatures, identity.get("models", ())))
        # An interrupted run may not have reached all of its models.
        if not there <= here or (existing.status != "partial" and there != here):
            unequal.append(name)
    unequal += [name for name, value in options.items() if getattr(existing.options, name, None) != value]
    # A run stores nothing about models that it had not reached when it ended.
    unknown = "models or options" if existing.status == "partial" else "options"
    return f"other {enumerate_words(unequal) or unknown}"


def _parts(signatures: Iterable[str], names: Sequence[str]) -> set[tuple[str, ...]]:
    """The parts of each signature. A signature without parts is one part."""
    split = [(text, dict(part.partition(":")[::2] for part in text.split("|"))) for text in signatures]
    return {
        tuple(parts.get(name, "" if "model" in parts else text) for name in names) for text, parts in split
    }
