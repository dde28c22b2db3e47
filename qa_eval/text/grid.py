"""Small tables with aligned columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from qa_eval.text.short_names import shortened, shortened_apart
from qa_eval.text.terminal import clean

_GAP = 2
_NARROWEST = 16
"""Smallest width of the names, in characters, before other columns are left out."""


def draw_grid(
    head: Sequence[str], rows: Sequence[Sequence[str]], width: int, *, left: int = 1, names: int = 0
) -> list[Text]:
    """The lines of a table with headings. The first `left` columns are aligned left, all others right.

    If the table is wider than `width`, the column with the number `names` is shortened, and then columns are
    left out from the right. Different names stay different.
    """
    cells = [[clean(cell) for cell in row] for row in (head, *rows)]
    widths = [max(cell_len(cell) for cell in column) for column in zip(*cells, strict=True)]

    def others() -> int:
        return sum(w + _GAP for place, w in enumerate(widths) if place != names)

    while len(widths) > names + 1 and _NARROWEST + others() > width:
        widths.pop()
    widths[names] = min(widths[names], max(_NARROWEST, width - others()))
    for row, name in zip(cells, shortened_apart([row[names] for row in cells], widths[names]), strict=True):
        row[names] = name
    lines = []
    for row in cells:
        padded = [_padded(cell, w, n < left) for n, (cell, w) in enumerate(zip(row, widths, strict=False))]
        lines.append(Text((" " * _GAP).join(padded).rstrip()))
    lines[0].stylize("bold")
    return lines


def _padded(cell: str, width: int, left: bool) -> str:
    cell = shortened(cell, width)
    return set_cell_size(cell, width) if left else " " * (width - cell_len(cell)) + cell
