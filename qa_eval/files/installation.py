"""What pip installs to get this very program: for messages that name an extra, and for what `init` writes.

A checkout is installed from its remote at its commit, a package from where it was installed: from a
repository at a commit, or by its name and version from an index.
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
_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w-]+(?:\.[\w-]+)+):(?P<path>[^/\\].*)")
"""`git@host.example:org/repo.git`, as git writes a remote that is reached by ssh."""
_URL = re.compile(r"(?:https?|ssh|git)://(?:[^/@]+@)?(?P<host>[^/:@]+)(?P<port>:\d+)?/(?P<path>.+)")


def checkout_root(package: Path | None = None) -> Path | None:
    """The checkout that the package is imported from; None for an installed package."""
    root = (package or Path(qa_eval.__file__).parent).resolve().parent
    # A pyproject next to the package tells a checkout from a site-packages folder.
    return root if (root / "pyproject.toml").is_file() else None


def requirement(extra: str = "", package: Path | None = None) -> str | None:
    """What pip installs anywhere to get this program, with an extra of it; None where that is not known.

    That is so for a checkout without a remote on another machine, and for a package that was installed from a
    local file. `package` is the folder of the package, for tests.
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
    if source is None:  # by its name, from an index
        return f"{name}=={version}"
    origin = _origin_of_package(source)
    return None if origin is None else f"{name} @ {origin}"


def install_command(extra: str, package: Path | None = None) -> str:
    """The command that adds an extra to this installation, for a shell."""
    root = checkout_root(package)
    if root is not None:
        return f"pip install -e {shlex.quote(f'{root}[{extra}]')}"
    wanted = requirement(extra, package) or f"{NAME}[{extra}] @ {(_direct_url() or {}).get('url', 'FILE')}"
    return f"pip install {shlex.quote(wanted)}"


def public_url(remote: str) -> str | None:
    """The https address of a repository, from the URL of a remote, without user and password.

    None for a remote on this machine.

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
    """Whether the commit of the checkout is on a branch of a remote, as far as is known here."""
    root = checkout_root(package)
    return root is None or bool(ask_git(root, "branch", "--remotes", "--contains", "HEAD"))


def ask_git(root: Path, *arguments: str) -> str | None:
    """What git prints of the checkout at `root`; None where it fails or is not there."""
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
        return None  # it lies in somebody else's repository
    remotes = (ask_git(root, "remote") or "").splitlines()
    remote = "origin" if "origin" in remotes else next(iter(remotes), None)
    address = public_url(ask_git(root, "config", "--get", f"remote.{remote}.url") or "")
    commit = ask_git(root, "rev-parse", "HEAD")
    if address is None or commit is None:
        return None
    below = (ask_git(root, "rev-parse", "--show-prefix") or "").rstrip("/")
    return f"git+{address}@{commit}" + (f"#subdirectory={below}" if below else "")


def _direct_url() -> dict[str, Any] | None:
    """Where pip installed the package from (`direct_url.json`, PEP 610); None if by its name."""
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
