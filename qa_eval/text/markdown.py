"""Pieces of Markdown for GitHub, which shows text from data literally."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa_eval.text.terminal import clean

COMMENT_CHARACTERS = 60_000
"""Largest number of characters in a comment. GitHub refuses more than 65,536."""

_MARKUP = re.compile(r"[\\`*_\[\]<>|&$~]")
_CALLS = re.compile(r"(?<![0-9A-Za-z_])([@#])(?=[0-9A-Za-z])|(?<=:)(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
"""Places that GitHub turns into links: a name after @, the number of an issue, an address."""
_ACTIVE = re.compile(r"[^\w\s.,;()%/“”‘’«»…–—-]|_|\n", re.ASCII)


def markdown_row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def markdown_text(text: str) -> str:
    r"""Markdown that shows a sentence literally, also in a cell of a table.

    It notifies nobody and makes no link, because a hidden comment separates the characters of a name or an
    address.

    >>> markdown_text("a|b*")
    'a\\|b\\*'
    >>> markdown_text("@all")
    '@<!-- -->all'
    """
    escaped = _MARKUP.sub(r"\\\g<0>", clean(text))
    return _CALLS.sub(r"\1<!-- -->", escaped)


def markdown_code(text: str) -> str:
    r"""Markdown that shows text from the data literally and as code, so that readers see that it is data.

    >>> markdown_code("@all <b> `x` | $y$")
    '<code>&#64;all &#60;b&#62; &#96;x&#96; &#124; &#36;y&#36;</code>'
    """
    escaped = _ACTIVE.sub(
        lambda found: f"&#{ord(found[0])};" if found[0].isascii() else found[0], clean(text)
    )
    return f"<code>{escaped}</code>"
