"""The lock of a run folder: a file next to the folder that names the process that writes there.

`results/.NAME.lock` holds the number of the process, its host and its start time. If the process has ended on
this host, its lock is taken over, even if a new process has its number. The lock of a process on another host
or in another container cannot be checked from here, so a person has to remove it.
"""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from qa_eval.errors import RunFolderError
from qa_eval.files.paths import real_path

if TYPE_CHECKING:
    from filelock import SoftFileLock

_PATIENCE = 0.5
"""Time to keep trying, in seconds. A lock that was left behind is taken over at the second attempt."""
_CONTAINER = "?pidns-"
"""Separator that `filelock` writes between the host and the number of a container's process namespace."""
_INITIAL_NAMESPACE = 0xEFFFFFFC
"""Number of the host's own process namespace, which Linux fixes."""


class Holder(NamedTuple):
    """The process that a lock file names."""

    process: int
    """Number of the process."""
    host: str
    """Name of the host."""
    elsewhere: bool
    """Whether the process is on another host or in another container, so that it cannot be looked up here."""


def lock_folder(folder: Path) -> SoftFileLock:
    """Locks a folder, which need not exist, until `release` is called on the result or this process ends.

    Raises RunFolderError, which names the process that holds the lock, or says why the lock cannot be
    written.
    """
    from filelock import SoftFileLock, Timeout

    place = lock_path(folder)
    if place.exists() and not place.is_file():
        raise RunFolderError(f"{folder}: its lock file cannot be written: {place} is not a file; remove it")
    lock = SoftFileLock(place, timeout=_PATIENCE, thread_local=False)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise RunFolderError(_refusal(folder, place)) from None
    except OSError as error:
        reason = os.strerror(errno.ENOTDIR) if isinstance(error, FileExistsError) else error.strerror
        problem = f"{folder}: cannot be written to: {reason or error}"
        raise RunFolderError.naming(
            lambda called: f"{problem}; choose another folder with {called('out')}"
        ) from None
    return lock


def lock_path(folder: Path) -> Path:
    """The path of a folder's lock file: next to the folder itself, not next to a link to it."""
    folder = real_path(folder)
    return folder.with_name(f".{folder.name}.lock")


def read_holder(place: Path) -> Holder | None:
    """The process that a lock file names; None if it names none or does not exist."""
    try:
        lines = place.read_text("utf-8").splitlines()
        process, host = int(lines[0]), lines[1]
    except (OSError, ValueError, IndexError):
        return None
    name, _, namespace = host.partition(_CONTAINER)
    return Holder(process, name, elsewhere=(name, namespace) != (socket.gethostname(), _namespace()))


def _namespace() -> str:
    """The process namespace of this process as lock files write it; empty outside containers."""
    try:
        number = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # not Linux
        return ""
    return "" if number == _INITIAL_NAMESPACE else f"{number:x}"


def _refusal(folder: Path, place: Path) -> str:
    holder = read_holder(place)
    if holder is None:
        return f"{folder}: is in use by an unknown process; if no run writes there, remove {place}"
    refusal = f"{folder}: another run is under way there, process {holder.process} on {holder.host}"
    if holder.elsewhere:
        return (
            f"{refusal}, which cannot be checked from here. If it has ended, remove {place}; "
            "otherwise wait for it, or choose another folder with --name"
        )
    return f"{refusal}; wait for it, or choose another folder with --name"
