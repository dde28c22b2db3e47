"""The lock of a run folder: a file next to the folder that names the process that writes there.

`results/.NAME.lock` holds the number of the process, its host and its start. The lock of a process that ended
on this host is taken over, also where another process has its number by now. The lock of another host, or of
another container, cannot be checked from here and is removed by hand.
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
"""Seconds to try for: a lock that was left over is taken over at the second attempt."""
_CONTAINER = "?pidns-"
"""What `filelock` writes between the host and the number of a container's process namespace."""
_INITIAL_NAMESPACE = 0xEFFFFFFC
"""The number of the host's own process namespace, fixed by Linux."""


class Holder(NamedTuple):
    """The process that a lock file names."""

    process: int
    host: str
    elsewhere: bool
    """True if it runs on another host or in another container, where it cannot be looked up."""


def lock_folder(folder: Path) -> SoftFileLock:
    """Locks a folder, which need not exist, until `release` is called or this process ends.

    Raises RunFolderError naming the process that holds the lock, or the reason why it cannot be written.
    """
    from filelock import SoftFileLock, Timeout

    place = lock_path(folder)
    if place.exists() and not place.is_file():
        raise RunFolderError(f"{folder}: {place} is where its lock file should be, and is no file; remove it")
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
    """Where the lock file of a folder is: next to the folder itself, not next to a link to it."""
    folder = real_path(folder)
    return folder.with_name(f".{folder.name}.lock")


def read_holder(place: Path) -> Holder | None:
    """The process that a lock file names; None where it names none or is gone."""
    try:
        lines = place.read_text("utf-8").splitlines()
        process, host = int(lines[0]), lines[1]
    except (OSError, ValueError, IndexError):
        return None
    name, _, namespace = host.partition(_CONTAINER)
    return Holder(process, name, elsewhere=(name, namespace) != (socket.gethostname(), _namespace()))


def _namespace() -> str:
    """The process namespace of this process as lock files have it: empty outside of containers."""
    try:
        number = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:  # no Linux
        return ""
    return "" if number == _INITIAL_NAMESPACE else f"{number:x}"


def _refusal(folder: Path, place: Path) -> str:
    holder = read_holder(place)
    if holder is None:
        return f"{folder}: is in use by an unknown process: if no run is under way there, remove {place}"
    refusal = f"{folder}: another run is under way there, process {holder.process} on {holder.host}"
    if holder.elsewhere:
        return (
            f"{refusal}, which cannot be checked from here: if it has ended, remove {place}; "
            "else wait for it, or choose another folder with --name"
        )
    return f"{refusal}: wait for it, or choose another folder with --name"
