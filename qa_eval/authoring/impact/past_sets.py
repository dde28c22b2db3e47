"""The question set at a commit, read from git's object store without touching the working tree."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from qa_eval.data.corpus import load_corpus
from qa_eval.errors import InputError, QaEvalError
from qa_eval.records import Corpus, Finding
from qa_eval.text.phrases import printable, quote, show_path

MAX_BYTES = 200_000_000
"""Greatest size of all files of the set at the commit. A larger set is a mistake."""
_REGULAR = ("100644", "100755")
_SUFFIXES = (".jsonl", ".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A question set at an earlier commit."""

    ref: str
    """Ref as it was given."""
    commit: str
    """Commit that was read: the last one that the ref and the current commit share."""
    corpus: Corpus | None
    """Corpus at the commit. None if the set did not exist yet."""


def read_past(ref: str, questions: Sequence[Path], articles: Path) -> Past:
    """Reads the set of these paths at the merge base of `ref` and the current commit.

    What changed on the other branch after the merge base does not count. The working tree is neither read nor
    written, and no hook or filter of the repository runs.

    Raises QaEvalError outside a repository, for an unknown ref, in a shallow clone without the commit, and
    for paths outside the repository. Raises InputError if the set was not valid at that commit.
    """
    if not ref.strip() or ref.startswith("-"):
        raise QaEvalError(f"{quote(ref)} is not a ref; name a branch, a tag or a commit")
    paths = [*questions, articles]
    top = _top(paths[0])
    inside = [_inside(path, top) for path in paths]
    commit = _merge_base(ref, top)
    with TemporaryDirectory(prefix="qa-eval-") as folder:
        places = [Path(folder, str(number)) for number in range(len(paths))]
        there = [_copy(commit, path, place, top) for path, place in zip(inside, places, strict=True)]
        if not there[-1] or not any(there[:-1]):
            return Past(ref=ref, commit=commit, corpus=None)
        names = {
            show_path(place): f"{printable(ref)}:{path}" for path, place in zip(inside, places, strict=True)
        }
        corpus = _load([p for p, found in zip(places, there, strict=True) if found], names)
    return Past(ref=ref, commit=commit, corpus=corpus)


def _load(places: Sequence[Path], names: dict[str, str]) -> Corpus:
    """The corpus of the copies. Its paths, and those in error messages, are those of the originals."""
    try:
        corpus = load_corpus(places[:-1], places[-1])
    except InputError as error:
        raise InputError([_renamed(finding, names) for finding in error.findings]) from None
    return replace(
        corpus,
        questions_path=", ".join(names[show_path(place)] for place in places[:-1]),
        articles_path=names[show_path(places[-1])],
    )


def _renamed(finding: Finding, names: dict[str, str]) -> Finding:
    for place, name in names.items():
        if finding.path == place or finding.path.startswith(f"{place}/"):
            return replace(finding, path=name + finding.path.removeprefix(place))
    return finding


# ------------------------------------------------------------------------------------------ git


def _git(*args: str, at: Path, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """One call of git: no shell, no prompt, no pager, messages in English."""
    environment = os.environ | {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "LC_ALL": "C",
    }
    try:
        return subprocess.run(  # noqa: S603 - a list of arguments, without a shell
            ["git", "-C", os.fspath(at), *args],  # noqa: S607 - git is looked up on the PATH
            input=given if given is not None else b"",
            capture_output=True,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        raise QaEvalError("git is not installed; this command reads a repository's history") from None


def _told(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return printable(lines[0].removeprefix("fatal: ")) if lines else f"git ended with {done.returncode}"


def _top(path: Path) -> Path:
    if not path.exists():
        raise QaEvalError(f"{show_path(path)} does not exist; name a question file or a folder of them")
    folder = path if path.is_dir() else path.parent
    done = _git("rev-parse", "--show-toplevel", at=folder)
    if done.returncode:
        raise QaEvalError(f"{show_path(folder)} is not in a git repository ({_told(done)})")
    return Path(os.fsdecode(done.stdout.removesuffix(b"\n"))).resolve()


def _inside(path: Path, top: Path) -> PurePosixPath:
    """The path relative to the top of the repository."""
    try:
        return PurePosixPath(path.resolve().relative_to(top).as_posix())
    except ValueError:
        raise QaEvalError(
            f"{show_path(path)} is not in the repository {show_path(top)}; questions and articles must be in "
            "the same repository"
        ) from None


def _merge_base(ref: str, top: Path) -> str:
    """The commit to compare with."""
    done = _git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", at=top)
    base = _git("merge-base", ref, "HEAD", at=top) if not done.returncode else done
    if not base.returncode:
        return base.stdout.decode("ascii").strip()
    if _git("rev-parse", "--is-shallow-repository", at=top).stdout.strip() == b"true":
        raise QaEvalError(
            f"{quote(ref)}: this clone is shallow and shares no history with it; fetch the whole history "
            "(git fetch --unshallow; in a workflow, fetch-depth: 0)"
        )
    if done.returncode:
        raise QaEvalError(f"{quote(ref)} is no branch, tag or commit of {printable(str(top))}")
    raise QaEvalError(f"{quote(ref)} shares no history with the current commit")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the listing of a tree."""

    mode: str
    kind: str
    sha: str
    size: int
    name: str


def _listed(at: Path, *args: str) -> list[_Entry]:
    done = _git("ls-tree", "-z", "-l", *args, at=at)
    if done.returncode:
        raise QaEvalError(_told(done))
    entries = []
    for line in done.stdout.split(b"\0")[:-1]:
        head, _, name = line.partition(b"\t")
        mode, kind, sha, size = head.decode("ascii").split()
        entries.append(_Entry(mode, kind, sha, 0 if size == "-" else int(size), os.fsdecode(name)))
    return entries


def _copy(commit: str, path: PurePosixPath, place: Path, top: Path) -> bool:
    """Writes the file, or the folder's question and article files, to `place`. Returns False if there is
    none.
    """
    if str(path) == ".":
        files = _listed(top, f"{commit}^{{tree}}")
    else:
        found = _listed(top, "--full-tree", commit, "--", str(path))
        if not found:
            return False
        if found[0].kind == "blob":
            _write(top, path, [(found[0], place)])
            return True
        files = _listed(top, found[0].sha)
    chosen = [
        (entry, place / entry.name)
        for entry in files
        if entry.kind != "tree" and entry.name.endswith(_SUFFIXES) and not entry.name.startswith(".")
    ]
    place.mkdir()
    _write(top, path, chosen)
    return any(entry.name.endswith(_SUFFIXES[0]) for entry, _ in chosen)


def _write(top: Path, path: PurePosixPath, files: Sequence[tuple[_Entry, Path]]) -> None:
    for entry, target in files:
        if entry.mode not in _REGULAR or entry.name.count("/") > str(path).count("/"):
            raise QaEvalError(f"{path}: {quote(target.name)} was not a regular file at that commit")
    if (size := sum(entry.size for entry, _ in files)) > MAX_BYTES:
        raise QaEvalError(f"{path}: had {size:,} bytes at that commit; at most {MAX_BYTES:,} are read")
    for (_, target), data in zip(files, _blobs(top, [entry.sha for entry, _ in files]), strict=True):
        target.write_bytes(data)


def _blobs(top: Path, hashes: Sequence[str]) -> Iterable[bytes]:
    """Yields the contents of the blobs, in order. There is one call of git."""
    if not hashes:
        return
    done = _git("cat-file", "--batch", at=top, given="".join(f"{sha}\n" for sha in hashes).encode())
    at = 0
    for sha in hashes:
        end = done.stdout.find(b"\n", at)
        head = done.stdout[at:end].split()  # (hash, kind, size), or (hash, "missing")
        if len(head) != 3:
            raise QaEvalError(f"git cannot read {sha}: {_told(done)}")
        at = end + 1 + int(head[2])
        yield done.stdout[end + 1 : at]
        at += 1
