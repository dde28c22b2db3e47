"""Adds articles to a collection: the texts, and a line of the manifest for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from qa_eval.authoring.new_collection.collection import read_articles_to_copy
from qa_eval.data.corpus_files import ARTICLE_SUFFIX, MANIFEST, read_articles
from qa_eval.data.corpus_schema import ArticleLine
from qa_eval.data.validation import validate_shape
from qa_eval.errors import InputError, QaEvalError
from qa_eval.files.atomic_files import write_atomically
from qa_eval.files.hashes import sha256_text
from qa_eval.files.paths import read_input
from qa_eval.text.phrases import quote, show_path


def add_articles(paths: Sequence[Path], folder: Path, about: dict[str, str]) -> list[str]:
    """Copies texts into an article folder, adds their manifest lines, and returns their ids.

    An id is the file's name without its suffix. `about` has values for fields of the manifest, and needs a
    single file. If the folder has no manifest, a new one is written. Raises InputError for a folder or a text
    with errors, and QaEvalError for an id that exists. Then nothing is written.
    """
    if about and len(paths) > 1:
        raise QaEvalError(f"--{next(iter(about))}: describes one article, but {len(paths)} are given")
    manifest = folder / MANIFEST
    known = read_articles(folder) if manifest.exists() else None
    if known is not None and any(
        f.severity == "error" and not _is_undescribed(f.message) for f in known.findings
    ):
        raise InputError(known.findings)
    texts = read_articles_to_copy(paths)
    lines = []
    for id, data in texts.items():
        target = folder / f"{id}{ARTICLE_SUFFIX}"
        if known is not None and id in known.ids:
            raise QaEvalError(f"{show_path(manifest)}: already describes an article {quote(id)}")
        if target.exists() and read_input(target) != data:
            raise QaEvalError(f"{show_path(target)}: already exists with another text")
        line = {"id": id, **about, "sha256": sha256_text(data.decode("utf-8"))}
        _, messages = validate_shape(ArticleLine, line)
        if messages:
            raise QaEvalError("; ".join(f"--{name}: {message}" for name, message in messages))
        lines.append(json.dumps(line, ensure_ascii=False))
    folder.mkdir(parents=True, exist_ok=True)
    old = read_input(manifest) if manifest.exists() else b""
    if old and not old.endswith(b"\n"):
        old += b"\n"
    for id, data in texts.items():
        write_atomically(folder / f"{id}{ARTICLE_SUFFIX}", data)
    write_atomically(manifest, old + "".join(f"{line}\n" for line in lines).encode("utf-8"))
    return list(texts)


def _is_undescribed(message: str) -> bool:
    return message.startswith("is not described in")
