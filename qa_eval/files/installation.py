"""What pip has to install to get this version of the program.

Messages that name an extra use it, and so do the files that `init` writes. A checkout is installed from its
remote at its commit. An installed package is installed again from its source: a repository at a commit, or an
index by name and version.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import qa_eval

NAME = "qa-eval"
"""Name of the package on an index."""
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+):(?P<path>[^/\\].*)")
"""Address of a remote that git reaches by ssh, such as `git@host.example:org/repo.git`."""
_URL = re.compile(r"(?:https?|ssh|git)://(?:[^/@]+@)?(?P<host>[^/:@]+)(?P<port>:\d+)?/(?P<path>.+)")
"""Address of a remote as a URL."""


def checkout_root(package: Path | None = None) -> Path | None:
    """The root of the checkout that the package is imported from; None for an installed package."""
    root = (package or Path(qa_eval.__file__).parent).resolve().parent
    # A checkout has a pyproject.toml next to the package; a site-packages folder has none.
    return root if (root / "pyproject.toml").is_file() else None


def requirement(extra: str = "", package: Path | None = None) -> str | None:
    """The requirement with which pip installs this program on any machine; None if there is none.

    There is none for a checkout that has no remote on another machine, nor for a package that was installed
    from a local file. `extra` is the name of an extra to add. Tests set `package`, the folder of the package.
    """
    name = f"{NAME}[{extra}]" if extra else NAME
    root = checkout_root(package)
    if root is not None:
        origin = _origin_of_checkout(root)
        return None if origin is None else f"{name} @ {origin}"
    try:
        version, source = metadata.version(NAME), _direct_url()
    except metadata.PackageNotFoundError:
        return None
    if source is None:  # the package came from an index
        return f"{name}=={version}"
    origin = _origin_of_package(source)
    return None if origin is None else f"{name} @ {origin}"


def install_command(extra: str, package: Path | None = None) -> str:
    """The shell command that adds an extra to this installation."""
    root = checkout_root(package)
    if root is not None:
        return f"pip install -e {shlex.quote(f'{root}[{extra}]')}"
    wanted = requirement(extra, package) or f"{NAME}[{extra}] @ {(_direct_url() or {}).get('url', 'FILE')}"
    return f"pip install {shlex.quote(wanted)}"


def public_url(remote: str) -> str | None:
    """The https address of a remote's repository, without user and password; None if it is on this machine.

    >>> public_url("git@host.example:org/repo.git"), public_url("https://user:secret@host.example/org/repo")
    ('https://host.example/org/repo.git', 'https://host.example/org/repo')
    >>> public_url("/srv/git/repo"), public_url("file:///srv/git/repo")
    (None, None)
    """
    found = _URL.fullmatch(remote)
    if found is not None:
        port = found["port"] or "" if remote.startswith("http") else ""
        return f"https://{found['host']}{port}/{found['path']}"
    found = _SCP.fullmatch(remote) if "://" not in remote else None
    return None if found is None else f"https://{found['host']}/{found['path']}"


def is_pushed(package: Path | None = None) -> bool:
    """Whether the checkout's commit is on a branch of a remote, as of the last fetch or push.

    True for an installed package.
    """
    root = checkout_root(package)
    return root is None or bool(ask_git(root, "branch", "--remotes", "--contains", "HEAD"))


def ask_git(root: Path, *arguments: str) -> str | None:
    """The output of a git command in the checkout at `root`; None if it fails or git is not installed."""
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - git found on the path, fixed arguments
            [git, "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _origin_of_checkout(root: Path) -> str | None:
    if ask_git(root, "ls-files", "--error-unmatch", "pyproject.toml") is None:
        return None  # the checkout is an untracked folder inside another repository
    remotes = (ask_git(root, "remote") or "").splitlines()
    remote = "origin" if "origin" in remotes else next(iter(remotes), None)
    address = public_url(ask_git(root, "config", "--get", f"remote.{remote}.url") or "")
    commit = ask_git(root, "rev-parse", "HEAD")
    if address is None or commit is None:
        return None
    below = (ask_git(root, "rev-parse", "--show-prefix") or "").rstrip("/")
    return f"git+{address}@{commit}" + (f"#subdirectory={below}" if below else "")


def _direct_url() -> dict[str, Any] | None:
    """The source that pip recorded in `direct_url.json` (PEP 610); None if the package came from an index."""
    text = metadata.distribution(NAME).read_text("direct_url.json")
    value = json.loads(text) if text else None
    return value if isinstance(value, dict) else None


def _origin_of_package(source: dict[str, Any]) -> str | None:
    address = public_url(str(source.get("url", "")))
    if address is None:
        return None
    below = source.get("subdirectory")
    fragment = f"#subdirectory={below}" if below else ""
    if "vcs_info" in source:
        return f"{source['vcs_info']['vcs']}+{address}@{source['vcs_info']['commit_id']}{fragment}"
    return address + fragment
