"""Adding articles to a collection: the text beside the manifest, and a line with its hash."""

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
    """Copies texts into an article folder, each with a manifest line; the ids, which are the files' names.

    `about`: what is known of the article, by the manifest's fields; only with a single one. A manifest is
    made where there is none. Raises InputError for a folder or a text that is not sound, QaEvalError for an
    id that is there; nothing is then written.
    """
    if about and len(paths) > 1:
        raise QaEvalError(f"--{next(iter(about))}: say it of one article; there are {len(paths)}")
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
            raise QaEvalError(f"{show_path(manifest)}: describes an article {quote(id)} already")
        if target.exists() and read_input(target) != data:
            raise QaEvalError(f"{show_path(target)}: is there already, with another text")
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
