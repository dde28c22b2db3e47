"""Output that several commands have: the data that is used, leaderboards, histories and lists of runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import click

from qa_eval.cli.command import note
from qa_eval.text.phrases import count

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset
    from qa_eval.records import Corpus
    from qa_eval.runs.leaderboard.merged_runs import Merged
    from qa_eval.runs.leaderboard.run_list import ListedRun
    from qa_eval.runs.leaderboard.views import Selection
    from qa_eval.runs.schema import Leaderboard

Format = Literal["table", "markdown", "csv", "json"]
_MORE = "--all shows every metric with its interval, and the counts"


def announce_corpus(corpus: Corpus) -> None:
    """Names the files that are read on stderr, so that nobody scores the wrong questions unaware."""
    contested = sum(q.contested for q in corpus.questions)
    facts = count(len(corpus.questions), "fact")
    note(f"questions: {corpus.questions_path} ({facts}, {contested:,} contested)")
    note(f"articles:  {corpus.articles_path} ({len(corpus.articles)})")


def announce_dataset(dataset: Dataset) -> None:
    """Reads a whole data set, and reports on stderr what it holds and what looks wrong in it.

    Raises InputError with all its errors.
    """
    split = f" [{dataset.split}]" if dataset.split else ""
    note(f"data set: {dataset.spec}{split} ({dataset.held()})")
    for line in dataset.announcements():
        note(line)


def print_leaderboard(
    shown: Leaderboard | Merged,
    form: Format,
    selection: Selection | None = None,
    *,
    every: bool = False,
    after_run: bool = False,
) -> None:
    """Prints a leaderboard on stdout. Raises the errors of `leaderboard_view`.

    `every` shows all metrics in a table. `after_run` leaves out of a table the sentence that says which model
    leads, because `run` prints it last, and the hint at `--all`, because `run` has no such flag.
    """
    from qa_eval.runs.leaderboard.board_formats import (
        render_csv,
        render_json,
        render_markdown,
        terminal_board,
    )
    from qa_eval.runs.leaderboard.views import Selection, leaderboard_view
    from qa_eval.text.terminal import terminal_width, write_lines
    from qa_eval.text.wide_table import draw_board, draw_every_column

    view = leaderboard_view(shown, selection or Selection())
    if form == "table":
        board, width = terminal_board(view, every=every), terminal_width(sys.stdout)
        if after_run:
            board = replace(board, verdict="")
        elif not every:
            board = replace(board, caption=(*board.caption, _MORE))
        write_lines(sys.stdout, draw_every_column(board, width) if every else draw_board(board, width))
        return
    render = {"markdown": render_markdown, "csv": render_csv, "json": render_json}[form]
    click.echo(render(view), nl=False)


def print_history(boards: Sequence[Leaderboard], model: str, metric: str | None, form: Format) -> None:
    """Prints the scores of one model in several runs on stdout. Raises the errors of `history_of`."""
    from qa_eval.runs.leaderboard.history import draw_history, history_of, render_history
    from qa_eval.text.terminal import terminal_width, write_lines

    points = history_of(boards, model, metric)
    if form == "table":
        write_lines(sys.stdout, draw_history(points, terminal_width(sys.stdout)))
    else:
        click.echo(render_history(points, form), nl=False)


def print_run_list(runs: Sequence[ListedRun], form: Format) -> None:
    """Prints a list of runs on stdout, one line for each."""
    from qa_eval.runs.leaderboard.run_list import draw_run_list, render_run_list
    from qa_eval.text.terminal import terminal_width, write_lines

    if form == "table":
        write_lines(sys.stdout, draw_run_list(runs, terminal_width(sys.stdout)))
    else:
        click.echo(render_run_list(runs, form), nl=False)
