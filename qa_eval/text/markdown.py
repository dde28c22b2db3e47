"""Pieces of Markdown as GitHub shows it; text from data is shown literally."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa_eval.text.terminal import clean

COMMENT_CHARACTERS = 60_000
"""As many fit a comment; GitHub refuses more than 65,536."""

_MARKUP = re.compile(r"[\\`*_\[\]<>|&$~]")
_CALLS = re.compile(r"(?<![0-9A-Za-z_])([@#])(?=[0-9A-Za-z])|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
"""What becomes a link by itself: a name after @, the number of an issue, an address."""
_ACTIVE = re.compile(r"[^\w\s.,;()%/“”‘’«»…–—-]|_|\n", re.ASCII)


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def markdown_text(text: str) -> str:
    r"""A sentence that holds text from the data, as Markdown shows it literally, in one cell.

    It calls nobody to the page and makes no link: a comment, which is not shown, stands in between.

    >>> markdown_text("a|b*")
    'a\\|b\\*'
    >>> markdown_text("@all")
    '@<!-- -->all'
    """
    escaped = _MARKUP.sub(r"\\\g<0>", clean(text))
    return _CALLS.sub(r"\1<!-- -->", escaped)


def markdown_code(text: str) -> str:
    r"""Text from the data alone, in the letters of code: the same, and marked as somebody else's words.

    >>> markdown_code("@all <b> `x` | $y$")
    '<code>&#64;all &#60;b&#62; &#96;x&#96; &#124; &#36;y&#36;</code>'
    """
    escaped = _ACTIVE.sub(
        lambda found: f"&#{ord(found[0])};" if found[0].isascii() else found[0], clean(text)
    )
    return f"<code>{escaped}</code>"
