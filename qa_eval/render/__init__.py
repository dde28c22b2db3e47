"""Tables and text for the terminal, shared by the verbs.

Results go to stdout, progress to stderr. Whatever comes from data (model names, answers, articles) is escaped
by `clean` before it reaches a terminal, and is never read as markup.
"""

from __future__ import annotations

from qa_eval.render.grid import draw_grid
from qa_eval.render.markdown import COMMENT_CHARACTERS, markdown_code, markdown_row, markdown_text
from qa_eval.render.passage import Mark, draw_passages, wrap_text
from qa_eval.render.progress import TerminalProgress
from qa_eval.render.table import Board, BoardRow, Cell, Column, draw_board, shortened
from qa_eval.render.terminal import clean, clean_lines, safe_json, terminal_width, write_lines
from qa_eval.render.wording import (
    duration_text,
    interval_text,
    label,
    no_interval,
    percent,
    signed,
    size_text,
    smallest_difference,
)

__all__ = [
    "COMMENT_CHARACTERS",
    "Board",
    "BoardRow",
    "Cell",
    "Column",
    "Mark",
    "TerminalProgress",
    "clean",
    "clean_lines",
    "draw_board",
    "draw_grid",
    "draw_passages",
    "duration_text",
    "interval_text",
    "label",
    "markdown_code",
    "markdown_row",
    "markdown_text",
    "no_interval",
    "percent",
    "safe_json",
    "shortened",
    "signed",
    "size_text",
    "smallest_difference",
    "terminal_width",
    "wrap_text",
    "write_lines",
]
