"""What pip installs to get this program: a checkout's remote at its commit, or how it was installed."""

from __future__ import annotations

import json
import shlex
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from qa_eval.files.installation import (
    NAME,
    checkout_root,
    install_command,
    is_pushed,
    public_url,
    requirement,
)
from tests.support.places import ROOT


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package of a checkout with one commit and no remote."""
    root = tmp_path / "check out"
    (root / "qa_eval").mkdir(parents=True)
    (root / "pyproject.toml").write_text("[project]\n", "utf-8")
    git(tmp_path, "init", "-q", str(root))
    git(root, "add", ".")
    git(root, "commit", "-qm", "A package")
    return root / "qa_eval"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://host.example/org/repo.git", "https://host.example/org/repo.git"),
        ("http://host.example:8080/org/repo", "https://host.example:8080/org/repo"),
        ("https://user:secret@host.example/org/repo.git", "https://host.example/org/repo.git"),
        ("https://secret@host.example/org/repo.git", "https://host.example/org/repo.git"),
        ("git@host.example:org/repo.git", "https://host.example/org/repo.git"),
        ("host.example:org/repo.git", "https://host.example/org/repo.git"),
        ("ssh://git@host.example:2222/org/repo.git", "https://host.example/org/repo.git"),
        ("git://host.example/org/repo.git", "https://host.example/org/repo.git"),
        ("/srv/git/repo.git", None),
        ("../repo", None),
        ("C:\\git\\repo", None),
        ("file:///srv/git/repo.git", None),
        ("", None),
    ],
)
def test_the_public_address_of_a_remote_holds_no_user_and_no_password(
    remote: str, address: str | None
) -> None:
    assert public_url(remote) == address


def test_a_checkout_is_installed_from_its_remote_at_its_commit(package: Path) -> None:
    root = package.parent
    assert checkout_root(package) == root
    assert requirement(package=package) is None
    git(root, "remote", "add", "mirror", "git@host.example:org/mirror.git")
    commit = git(root, "rev-parse", "HEAD")
    assert requirement(package=package) == f"qa-eval @ git+https://host.example/org/mirror.git@{commit}"
    git(root, "remote", "add", "origin", "https://user:secret@host.example/org/repo.git")
    assert requirement("ray", package) == f"qa-eval[ray] @ git+https://host.example/org/repo.git@{commit}"
    assert install_command("ray", package) == f"pip install -e '{root}[ray]'"


def test_a_commit_that_is_on_no_remote_branch_is_known(package: Path, tmp_path: Path) -> None:
    root = package.parent
    assert not is_pushed(package)
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(root, "push", "-q", "origin", "HEAD:main")
    assert is_pushed(package)
    git(root, "commit", "-qm", "Another", "--allow-empty")
    assert not is_pushed(package)


def test_a_package_in_a_part_of_a_repository_names_the_part(package: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    git(tmp_path, "init", "-q", str(whole))
    inside = whole / "tools" / "qa"
    inside.mkdir(parents=True)
    (inside / "pyproject.toml").write_text("[project]\n", "utf-8")
    git(whole, "remote", "add", "origin", "https://host.example/org/whole.git")
    git(whole, "commit", "-qm", "Nothing", "--allow-empty")
    assert requirement(package=inside / "qa_eval") is None, "the files are not of that repository"
    git(whole, "add", ".")
    git(whole, "commit", "-qm", "A package")
    commit = git(whole, "rev-parse", "HEAD")
    repository = f"git+https://host.example/org/whole.git@{commit}"
    assert requirement(package=inside / "qa_eval") == f"qa-eval @ {repository}#subdirectory=tools/qa"


GIT = {"url": "https://host.example/org/repo.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}


@pytest.mark.parametrize(
    ("source", "wanted", "command"),
    [
        pytest.param(None, "qa-eval[ray]==1.2.3", "'qa-eval[ray]==1.2.3'", id="an index"),
        pytest.param(
            GIT,
            "qa-eval[ray] @ git+https://host.example/org/repo.git@abc",
            "'qa-eval[ray] @ git+https://host.example/org/repo.git@abc'",
            id="a repository",
        ),
        pytest.param(
            GIT | {"subdirectory": "qa"},
            "qa-eval[ray] @ git+https://host.example/org/repo.git@abc#subdirectory=qa",
            "'qa-eval[ray] @ git+https://host.example/org/repo.git@abc#subdirectory=qa'",
            id="a part of a repository",
        ),
        pytest.param(
            {"url": "https://host.example/qa_eval.whl", "archive_info": {}},
            "qa-eval[ray] @ https://host.example/qa_eval.whl",
            "'qa-eval[ray] @ https://host.example/qa_eval.whl'",
            id="a file on the web",
        ),
        pytest.param(
            {"url": "file:///tmp/qa_eval.whl", "archive_info": {}},
            None,
            "'qa-eval[ray] @ file:///tmp/qa_eval.whl'",
            id="a file here",
        ),
    ],
)
def test_a_package_is_installed_as_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: dict[str, Any] | None,
    wanted: str | None,
    command: str,
) -> None:
    class Installed:
        def read_text(self, name: str) -> str | None:
            return json.dumps(source) if name == "direct_url.json" and source is not None else None

    monkeypatch.setattr(metadata, "distribution", {NAME: Installed()}.__getitem__)
    monkeypatch.setattr(metadata, "version", {NAME: "1.2.3"}.__getitem__)
    assert requirement("ray", tmp_path / "site-packages" / "qa_eval") == wanted
    assert install_command("ray", tmp_path / "site-packages" / "qa_eval") == f"pip install {command}"


def test_this_checkout_is_found() -> None:
    root = checkout_root()
    assert root == ROOT
    assert install_command("onnx") == f"pip install -e {shlex.quote(f'{root}[onnx]')}"
