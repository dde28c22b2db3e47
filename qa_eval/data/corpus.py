"""Reads a valid corpus from files, or raises an error with every finding."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from qa_eval.data.checks.check_report import content_errors, report, show_paths
from qa_eval.data.checks.limits import affordable
from qa_eval.data.checks.set_checks import near_duplicates
from qa_eval.data.content_hashes import articles_sha256, questions_sha256
from qa_eval.data.corpus_files import read_articles, read_questions
from qa_eval.data.locations import curated_paths
from qa_eval.errors import InputError, QaEvalError
from qa_eval.files.paths import user_path
from qa_eval.records import Corpus
from qa_eval.text.phrases import show_path, unlike


def load_corpus(
    questions: Iterable[Path | str] | Path | str | None = None, articles: Path | str | None = None
) -> Corpus:
    """Reads and validates a question set with its articles.

    Warnings, and exemptions of them, are ignored.

    Args:
        questions: Question files, or folders of `*.jsonl` files. None takes the curated set: the `questions/`
            of the checkout that the package is imported from, else the copy inside the package.
        articles: Folder with `articles.jsonl` and the articles. None takes the curated set: the `seeds/` of
            the checkout, else the copy inside the package.

    Returns:
        The questions, the articles, and the hashes of both.

    Raises:
        InputError: Some file is wrong. The error lists every error finding of `check_questions`, not only the
            first.
        QaEvalError: The installation holds no curated set, and the arguments do not replace it.

    Example:
        >>> corpus = load_corpus()
        >>> len(corpus.articles)
        5
    """
    if questions is None or articles is None:
        curated = curated_paths()
        questions = curated.questions if questions is None else questions
        articles = curated.articles if articles is None else articles
    named = [questions] if isinstance(questions, str | bytes | os.PathLike) else questions
    if not isinstance(named, Iterable):
        raise QaEvalError(unlike("questions", questions, "a path, or a list of paths"))
    paths, folder_path = [user_path(p, "questions") for p in named], user_path(articles, "articles")
    if not paths:
        raise QaEvalError("questions: is empty; name a file of questions or a folder of them, or give None")
    folder = read_articles(folder_path)
    files = affordable(read_questions(paths), folder)
    alike = (finding for _, finding in near_duplicates(files.authored))
    errors = report(files, folder, chain(content_errors(files, folder), alike)).errors
    if errors:
        raise InputError(errors)
    authored = tuple(a.question for a in files.authored)
    return Corpus(
        questions=authored,
        articles=folder.articles,
        questions_sha256=questions_sha256(authored),
        articles_sha256=articles_sha256(folder.articles),
        questions_path=show_paths(paths),
        articles_path=show_path(folder_path),
        questions_from=tuple(path.absolute() for path in paths),
        articles_from=folder_path.absolute(),
    )
