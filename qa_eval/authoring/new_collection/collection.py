"""Makes a new collection of articles and questions, about any event, ready for every command."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import re
import secrets
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from qa_eval.authoring.new_collection.imports import Imported, manifest_line
from qa_eval.data.corpus_files import ARTICLE_SUFFIX, MANIFEST, article_id_problem
from qa_eval.errors import InputError, QaEvalError
from qa_eval.files.hashes import canonical_json
from qa_eval.files.paths import read_input
from qa_eval.records import Finding
from qa_eval.text.phrases import quote, show_path

ARTICLES = "articles"
QUESTIONS = "questions"
EXAMPLES = ("harbour-gazette", "northern-courier")
"""Articles of the template. Its example questions are about them."""


def make_collection(
    folder: Path,
    articles: Sequence[Path] = (),
    *,
    imported: Imported | None = None,
    install_from: str | None = None,
) -> tuple[Path, ...]:
    """Writes a new collection. Returns the files written, relative to `folder`.

    `articles` are UTF-8 text files. They are copied byte for byte and described in the manifest with their
    hashes, and no question is written. Without them the collection holds two example articles with a
    contested question about them, which passes every check.

    With `imported`, the collection holds the articles and questions of those annotations instead.

    `install_from` is what pip installs this program from, in the workflow and the README. Without it both use
    a variable QA_EVAL.

    The folder appears as a whole or not at all. Raises QaEvalError for a folder that exists and is not empty
    or that cannot be written, and for a requirement that pip does not install. Raises InputError with
    everything that is wrong with the articles.
    """
    if install_from is not None and (problem := _requirement_problem(install_from)) is not None:
        raise QaEvalError(f"--install-from {install_from!r}: {problem}")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise QaEvalError(f"{show_path(folder)} is not a folder; name a new or an empty one")
    if folder.is_dir() and any(folder.iterdir()):
        raise QaEvalError(f"{show_path(folder)} is not empty; name a new or an empty folder")
    if imported is not None:
        contents = _imported_contents(imported, install_from)
    else:
        contents = _contents(read_articles_to_copy(articles), install_from)
    there = folder.is_dir()
    target = folder.absolute()
    hidden = f".{secrets.token_hex(8)}.tmp"
    beside = target / hidden if there else target.with_name(hidden)
    try:
        for name, data in contents.items():
            path = beside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if there:  # It may be somebody's current folder, so it is filled and not replaced.
            for part in beside.iterdir():
                part.rename(target / part.name)
        else:
            beside.rename(target)
    except OSError as error:
        raise QaEvalError(f"{show_path(folder)}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return tuple(Path(name) for name in contents)


def _requirement_problem(requirement: str) -> str | None:
    """Why this cannot be written in a workflow as what pip installs; None if it can."""
    if not requirement.strip() or not requirement.isprintable():
        return "is not one printable line"
    if requirement.startswith("-"):
        return "is a flag of pip; write what pip installs, such as qa-eval @ git+https://HOST/ORG/REPO@COMMIT"
    if "${{" in requirement:
        return "holds a workflow expression; write what pip installs"
    if re.search(r"https?://[^/]*@", requirement):
        return "holds a user or password, which everybody could read in the workflow; leave it out"
    return None


def _with_requirement(template: bytes, requirement: str | None) -> bytes:
    """The template with the variable replaced by what pip installs."""
    if requirement is None:
        return template
    text = template.decode("utf-8")
    # A JSON string is also a YAML string.
    text = re.sub(r"\$\{\{ vars\.QA_EVAL \}\}.*", lambda _: json.dumps(requirement), text)
    text = re.sub(r'"\$QA_EVAL".*', lambda _: shlex.quote(requirement), text)
    return re.sub(r'"\$\{QA_EVAL:\?.*', '"$QA_EVAL"', text).encode("utf-8")


def _contents(given: Mapping[str, bytes], install_from: str | None) -> dict[str, bytes]:
    """Every file of the collection, by its path."""
    template = files(__package__).joinpath("template")
    texts = given or {id: template.joinpath(f"{id}{ARTICLE_SUFFIX}").read_bytes() for id in EXAMPLES}
    found = {f"{ARTICLES}/{id}{ARTICLE_SUFFIX}": data for id, data in texts.items()}
    found[f"{ARTICLES}/{MANIFEST}"] = "".join(map(_manifest_line, texts.items())).encode()
    if given:
        found[f"{QUESTIONS}/README.md"] = template.joinpath("no-questions.md").read_bytes()
    else:
        found[f"{QUESTIONS}/example.jsonl"] = template.joinpath("example.jsonl").read_bytes()
    found[".gitattributes"] = template.joinpath("gitattributes").read_bytes()
    for name, source in (("README.md", "README.md"), (".github/workflows/questions.yml", "questions.yml")):
        found[name] = _with_requirement(template.joinpath(source).read_bytes(), install_from)
    return found


def _imported_contents(imported: Imported, install_from: str | None) -> dict[str, bytes]:
    """Every file of a collection made of somebody's annotations, by its path."""
    found = _contents(
        {article.id: article.text.encode("utf-8") for article in imported.articles}, install_from
    )
    manifest = "".join(f"{manifest_line(article)}\n" for article in imported.articles)
    found[f"{ARTICLES}/{MANIFEST}"] = manifest.encode("utf-8")
    del found[f"{QUESTIONS}/README.md"]
    return found | {name: text.encode("utf-8") for name, text in imported.question_files().items()}


def _manifest_line(article: tuple[str, bytes]) -> str:
    id, data = article
    return canonical_json({"id": id, "sha256": hashlib.sha256(data).hexdigest()}) + "\n"


def read_articles_to_copy(paths: Iterable[Path]) -> dict[str, bytes]:
    """The articles by id, which is the file's name without its suffix. Raises InputError."""
    found: dict[str, bytes] = {}
    findings: list[Finding] = []
    for path in paths:
        id = path.name.removesuffix(ARTICLE_SUFFIX)
        problem = article_id_problem(id)
        if problem is None and id in found:
            problem = f"there is another article {quote(id)}; give each a name of its own"
        data = b""
        if problem is None:
            data, problem = _text_of(path)
        if problem is not None:
            findings.append(
                Finding(severity="error", path=show_path(path), line=None, field="", message=problem)
            )
        found[id] = data
    if findings:
        raise InputError(findings)
    return found


def _text_of(path: Path) -> tuple[bytes, str | None]:
    """The bytes of a text file, and a message about what is wrong with it."""
    try:
        data = read_input(path)
        data.decode("utf-8")
    except OSError as error:
        return b"", f"cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        return b"", f"is not UTF-8 at byte {error.start:,}; save it as UTF-8"
    if data.startswith(codecs.BOM_UTF8):
        return data, "starts with a byte-order mark; save it as UTF-8 without BOM"
    return data, None if data.strip() else "is empty"


def next_steps(folder: Path, *, example: bool, questions: bool = False) -> tuple[str, ...]:
    """The commands to run next, for a shell."""
    place = shlex.quote(os.fspath(folder))
    data = f"--questions {place}/{QUESTIONS} --articles {place}/{ARTICLES}"
    first = f"qa-eval questions check {data}"
    if questions:
        return (first,)
    return (first, f"qa-eval run {data}") if example else (f"qa-eval questions new {data}", first)
