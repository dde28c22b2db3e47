"""Finds the data of a stored run again: its questions and articles, or the file of its data set.

A run records the paths relative to its folder. Every command then finds the data from any current folder,
also after the run folder and the data were moved together. The paths do not affect any number. They are used
only if the data have the hashes that the run records.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa_eval.data.corpus import load_corpus
from qa_eval.data.locations import curated_paths
from qa_eval.errors import QaEvalError
from qa_eval.files.paths import user_path
from qa_eval.records import Corpus
from qa_eval.runs.data_kinds import data_kind
from qa_eval.runs.schema import SourcesRow
from qa_eval.runs.store import Run
from qa_eval.text.phrases import show_path

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset


def corpus_sources(corpus: Corpus, folder: Path) -> SourcesRow | None:
    """The record of where a corpus is, for a run in `folder`.

    None for a corpus that was not read from files and folders, and for the curated one, which every
    installation has.
    """
    if not corpus.questions_from or corpus.articles_from is None:
        return None
    curated = _curated_paths()
    if (corpus.questions_from, corpus.articles_from) == ((curated[0],), curated[1]):
        return None
    questions = [_seen_from(folder, path) for path in corpus.questions_from]
    own_articles = corpus.articles_from != curated[1]
    articles = _seen_from(folder, corpus.articles_from) if own_articles else None
    if None in questions or (own_articles and articles is None):
        return None
    return SourcesRow(questions=tuple(path for path in questions if path is not None), articles=articles)


def dataset_sources(dataset: Dataset, folder: Path) -> SourcesRow | None:
    """The record of where the file or folder of a public data set is; None for a data set of the hub."""
    _, _, name = dataset.spec.partition(":")
    path = _seen_from(folder, user_path(name))
    return None if path is None else SourcesRow(dataset=path)


def find_corpus(run: Run, questions: Sequence[Path] = (), articles: Path | None = None) -> Corpus:
    """The corpus of a run: from the given questions and articles, or else from the recorded paths.

    A run of the curated set gets the installed one. The corpus may have changed since the run (see
    `is_asked_by`). Raises QaEvalError if the paths are not recorded or no longer exist, and InputError as
    `load_corpus` does.
    """
    board = run.leaderboard
    if not data_kind(board.data).moves or (questions and articles is not None):
        return load_corpus(questions or None, articles)
    if board.sources is None or run.path is None:
        if questions or articles is not None:
            return load_corpus(questions or None, articles)
        raise QaEvalError(f"{_name(run)}: it does not record where its questions and articles are: {_ADVICE}")
    recorded = [_from_folder(run.path, path) for path in board.sources.questions]
    recorded_articles = board.sources.articles and _from_folder(run.path, board.sources.articles)
    needed = [
        *(recorded if not questions else ()),
        *((recorded_articles,) if recorded_articles and articles is None else ()),
    ]
    if missing := [path for path in needed if not (path.is_file() or path.is_dir())]:
        raise QaEvalError(
            f"{_name(run)}: its questions and articles are no longer there "
            f"({', '.join(map(show_path, missing))}): {_ADVICE}"
        )
    return load_corpus(questions or recorded, articles or recorded_articles or None)


def is_asked_by(run: Run, corpus: Corpus) -> bool:
    """Whether a run asked exactly these questions of these articles."""
    data = run.leaderboard.data
    return (corpus.questions_sha256, corpus.articles_sha256) == (data.questions_sha256, data.articles_sha256)


def dataset_spec(run: Run) -> str:
    """The spec of a public run's data set: with the recorded path if that exists, or else as given."""
    board = run.leaderboard
    given = board.data.dataset or ""
    if board.sources is None or board.sources.dataset is None or run.path is None:
        return given
    path = _from_folder(run.path, board.sources.dataset)
    return f"{given.partition(':')[0]}:{path}" if path.is_file() or path.is_dir() else given


_ADVICE = "name them with --questions and --articles"


def _name(run: Run) -> str:
    return show_path(run.path) if run.path is not None else "this run"


def _seen_from(folder: Path, path: Path) -> str | None:
    """The path of a file or folder relative to another folder. None for anything else, such as a pipe."""
    if not (path.is_file() or path.is_dir()):
        return None
    real = os.path.realpath(path)
    try:
        relative = os.path.relpath(real, os.path.realpath(folder))
    except ValueError:  # on another drive
        relative = real
    try:
        relative.encode("utf-8")
    except UnicodeEncodeError:  # a name that JSON cannot hold
        return None
    return Path(relative).as_posix()


def _from_folder(folder: Path, path: str) -> Path:
    return Path(os.path.normpath(os.path.join(os.path.realpath(folder), path)))  # noqa: PTH118 - `..` goes


def _curated_paths() -> tuple[Path | None, Path | None]:
    try:
        curated = curated_paths()
    except QaEvalError:  # an installation without them
        return None, None
    return curated.questions, curated.articles
