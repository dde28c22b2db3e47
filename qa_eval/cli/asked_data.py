"""What a stored run asked, found again for a command: its corpus, or its public data set."""

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
    """The corpus to read a run with; says so where it is not the one of the run.

    None where none is named and that of the run is not at hand: not recorded, not there, or changed since.
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
        broken = "its questions have changed since this run: " if isinstance(error, InputError) else ""
        note(f"warning: {broken}{first}; {_STORED_ONLY}")
        return None
    if is_asked_by(run, corpus):
        return corpus
    if named or not moves:
        note(f"warning: {read_from(corpus)} are not what this run asked (see --questions, --articles)")
        return corpus
    note(f"warning: {read_from(corpus)} have changed since this run; {_STORED_ONLY}")
    return None


def read_from(corpus: Corpus) -> str:
    """What a corpus was read from, for a sentence."""
    return f"{corpus.questions_path} and {corpus.articles_path}"


_STORED_ONLY = "only what the run itself holds is shown"


def is_public(run: Run, questions: tuple[Path, ...], articles: Path | None, dataset: str | None) -> bool:
    """Whether it is a run of a data set that a spec names. Raises UsageError for flags of other runs."""
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
        raise click.UsageError(f"{flags}: this run is of a public data set; name it with --dataset.")
    if dataset is not None and not public:
        raise click.UsageError("--dataset: this run is of questions about articles, not of a data set.")
    return public


def dataset_of(run: Run, spec: str | None, split: str | None) -> Dataset | None:
    """The data set to read a run with: the one given, else the one it names; says so if that is not there."""
    from qa_eval.evaluation.verification import recorded_dataset, reopened

    if spec is not None:
        return reopened(run, spec, split)
    found = recorded_dataset(run)
    if found is None:
        note(f"warning: {run.leaderboard.data.dataset} is not there (see --dataset)")
    return found
