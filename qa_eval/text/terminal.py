"""Output to a terminal: escaping of text, the width, and styled lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.text import Text

FALLBACK_WIDTH = 100
"""Width in columns if the width of the output is unknown."""

_UNSAFE = "\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff"
# DEL and the C1 control characters, direction overrides, line separators and lone surrogates. They can move
# the cursor, change the colour or order of the text next to them, or cannot be encoded.
_CONTROL = re.compile(f"[\x00-\x1f{_UNSAFE}]")
_JSON_UNSAFE = re.compile(
    f"[{_UNSAFE}]"
)  # JSON escapes the other control characters, and its own newlines stay

_ASCII = str.maketrans(
    {
        "–": "-",
        "−": "-",
        "…": "~",
        "·": ",",
        "Δ": "D",
        "─": "-",
        "┄": "-",
        "«": "<",
        "»": ">",
        "⟦": "[",
        "⟧": "]",
        "⟪": "{",
        "⟫": "}",
        "†": "+",
        "\u00a0": " ",
    }
)


def clean(text: str) -> str:
    r"""The text with every character that could control a terminal written as a visible escape.

    >>> clean("a\x1b[31mb")
    'a\\x1b[31mb'
    >>> clean("two\nlines")
    'two\\nlines'
    """
    return _CONTROL.sub(_escape, text)


def clean_lines(text: str) -> list[str]:
    """The lines of a message, each cleaned. There is at least one line."""
    return [clean(line) for line in text.split("\n")]


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def safe_json(text: str) -> str:
    r"""The JSON, of the same value, with characters that could control a terminal written as `\uXXXX`.

    >>> safe_json('"\x9b31m"')
    '"\\u009b31m"'
    """
    return _JSON_UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def terminal_width(stream: TextIO) -> int:
    """The width, in columns, of the terminal that shows the stream.

    It is `COLUMNS`, else the width of the stream, else that of stderr or stdin (for output to a pager), else
    100.
    """
    if (columns := os.environ.get("COLUMNS", "")).isdecimal() and int(columns) > 0:
        return int(columns)
    for candidate in (stream.fileno, lambda: 2, lambda: 0):
        try:
            if (width := os.get_terminal_size(candidate()).columns) > 0:
                return width
        except (OSError, ValueError):
            continue
    return FALLBACK_WIDTH


def write_lines(stream: TextIO, lines: Iterable[Text | str]) -> None:
    """Writes the lines without wrapping them.

    They are styled on a terminal, and plain elsewhere. NO_COLOR turns colours off. On a stream that cannot
    encode typographic characters, similar ASCII characters replace them.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in lines:
        text = Text(line) if isinstance(line, str) else line
        console.print(_encodable(text, getattr(stream, "encoding", None) or "utf-8"), soft_wrap=True)


def _encodable(text: Text, encoding: str) -> Text:
    try:
        text.plain.encode(encoding, "surrogatepass")
    except (UnicodeEncodeError, LookupError):
        text = text.copy()
        text.plain = text.plain.translate(_ASCII)
    return text
