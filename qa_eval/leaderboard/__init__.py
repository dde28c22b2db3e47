"""`qa-eval leaderboard`: stored runs as a table, Markdown, CSV or JSON.

One run is shown with its ranks and differences. Several runs of the same items stand in one table in which
each row names its run; ranks and paired differences hold within one run only and are left out there. Runs
whose data or scoring differ are refused, naming the fields.

Percent appears only in the table and in Markdown; CSV and JSON hold fractions.
"""

from __future__ import annotations

from qa_eval.leaderboard.choosing import Selection, View, leaderboard_view
from qa_eval.leaderboard.formats import board_of, render_csv, render_json, render_markdown

__all__ = [
    "Selection",
    "View",
    "board_of",
    "leaderboard_view",
    "render_csv",
    "render_json",
    "render_markdown",
]
