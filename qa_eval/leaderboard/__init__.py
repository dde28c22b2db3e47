"""`qa-eval leaderboard`: stored runs as a table, Markdown, CSV or JSON.

One run is shown with its ranks and differences. Several runs are merged: one row for each signature, ranked
together. Runs whose data or scoring differ are refused, naming the fields, unless they are restricted to the
items that all asked. The history of one model goes over all runs. Runs of a folder that cannot be merged are
listed.

Percent appears only in the table and in Markdown; CSV and JSON hold fractions.
"""

from __future__ import annotations

from qa_eval.leaderboard.choosing import Selection, View, leaderboard_view
from qa_eval.leaderboard.formats import board_of, render_csv, render_json, render_markdown
from qa_eval.leaderboard.history import Point, draw_history, history_of, render_history
from qa_eval.leaderboard.listing import ListedRun, draw_run_list, list_runs, render_run_list
from qa_eval.leaderboard.merging import MOST_RANKED, Merged, MixtureError, merge_runs, run_names, run_of
from qa_eval.leaderboard.wording import leakable_sentence

__all__ = [
    "MOST_RANKED",
    "ListedRun",
    "Merged",
    "MixtureError",
    "Point",
    "Selection",
    "View",
    "board_of",
    "draw_history",
    "draw_run_list",
    "history_of",
    "leaderboard_view",
    "leakable_sentence",
    "list_runs",
    "merge_runs",
    "render_csv",
    "render_history",
    "render_json",
    "render_markdown",
    "render_run_list",
    "run_names",
    "run_of",
]
