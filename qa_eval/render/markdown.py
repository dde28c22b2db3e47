"""Pieces of Markdown as GitHub shows it; text from data is shown literally."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa_eval.render.terminal import clean


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


_MENTION = re.compile(r"(?<![\w.])@(?=\w)")


def markdown_text(text: str) -> str:
    r"""The text as Markdown shows it literally, in one cell.

    >>> markdown_text("a|b*")
    'a\\|b\\*'
    """
    escaped = clean(text)
    for character in "\\`*_[]<>|&":
        escaped = escaped.replace(character, f"\\{character}")
    # A name after @ would call that person or team to the page; the comment is not shown.
    return _MENTION.sub("@<!-- -->", escaped)
