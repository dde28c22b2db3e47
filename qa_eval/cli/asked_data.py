"""The questions and texts that belong to a stored run: its corpus, or its public data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.command import note
from qa_eval.errors import InputError, QaEvalError

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset
    from qa_eval.records import Corpus
    from qa_eval.runs.store import Run


def corpus_of(run: Run, questions: tuple[Path, ...], articles: Path | None) -> Corpus | None:
    """The corpus to show a run with, or None.

    It is the corpus that the user names, else the one that the run used. None if the user names none and the
    run's own is not recorded, no longer there, or has changed. Warns on stderr about a corpus that is not the
    run's own.
    """
    from qa_eval.runs.data_kinds import data_kind
    from qa_eval.runs.sources import find_corpus, is_asked_by

    moves = data_kind(run.leaderboard.data).moves
    named = bool(questions) or articles is not None
    try:
        corpus = find_corpus(run, questions, articles)
    except QaEvalError as error:
        if named or not moves:
            raise
        first = str(error).splitlines()[0]
        broken = "the questions have changed since this run: " if isinstance(error, InputError) else ""
        note(f"warning: {broken}{first}; {_STORED_ONLY}")
        return None
    if is_asked_by(run, corpus):
        return corpus
    if named or not moves:
        note(f"warning: this run used other data than {read_from(corpus)} (see --questions, --articles)")
        return corpus
    note(f"warning: {read_from(corpus)} have changed since this run; {_STORED_ONLY}")
    return None


def read_from(corpus: Corpus) -> str:
    """The paths that a corpus was read from, as words for a sentence."""
    return f"{corpus.questions_path} and {corpus.articles_path}"


_STORED_ONLY = "showing only what the run itself holds"


def is_public(run: Run, questions: tuple[Path, ...], articles: Path | None, dataset: str | None) -> bool:
    """Whether a spec names the data of the run. Raises UsageError for flags of the other kind of run."""
    from qa_eval.runs.data_kinds import data_kind

    public = data_kind(run.leaderboard.data).is_spec
    if public and (questions or articles is not None):
        flags = (
            "--questions and --articles"
            if questions and articles
            else "--questions"
            if questions
            else "--articles"
        )
        raise click.UsageError(f"{flags}: this run is on a public data set; name it with --dataset.")
    if dataset is not None and not public:
        raise click.UsageError(
            "--dataset: this run is on questions about articles; name them with --questions and --articles."
        )
    return public


def dataset_of(run: Run, spec: str | None, split: str | None) -> Dataset | None:
    """The data set to show a run with: the one that the user names, else the one that the run records.

    None, with a warning on stderr, if the recorded one is not there.
    """
    from qa_eval.evaluation.verification import recorded_dataset, reopened

    if spec is not None:
        return reopened(run, spec, split)
    found = recorded_dataset(run)
    if found is None:
        note(f"warning: {run.leaderboard.data.dataset} was not found (see --dataset)")
    return found
