"""Small HTML tables for notebooks. Text from data is cleaned and escaped, as in the report."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qa_eval.text.terminal import clean

NotebookCell = str | tuple[str, str]
"""A text, or a text with a second, smaller text under it."""
_PADDING = "padding: 0.2em 0.6em; vertical-align: top"
_LEFT = f"text-align: left; {_PADDING}"
_RIGHT = f"text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; {_PADDING}"
_SMALL = "font-size: smaller; opacity: 0.75"


def notebook_table(
    title: str,
    head: Sequence[str],
    rows: Sequence[Sequence[NotebookCell]],
    *,
    left: int = 1,
    lead: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> str:
    """The HTML of a table with a title. The first `left` columns are aligned left, all others right.

    `lead` holds sentences above the table, `notes` sentences under it. All arguments are plain text.

    >>> "<script>" in notebook_table("<script>", ["a"], [["<b>"]])
    False
    """
    lines = [f"<strong>{_safe(title)}</strong>" if title else ""]
    lines += [f"<div>{_safe(sentence)}</div>" for sentence in lead]
    lines += ["<table>", "<thead>", _row("th", head, left), "</thead>"]
    lines += ["<tbody>", *(_row("td", row, left) for row in rows), "</tbody>", "</table>"]
    lines += [f'<div style="{_SMALL}">{_safe(note)}</div>' for note in notes]
    return "<div>\n" + "\n".join(line for line in lines if line) + "\n</div>"


def _row(tag: str, cells: Sequence[NotebookCell], left: int) -> str:
    styles = [_LEFT if n < left else _RIGHT for n in range(len(cells))]
    styled = [
        f'<{tag} style="{style}">{_cell(text)}</{tag}>' for style, text in zip(styles, cells, strict=True)
    ]
    return f"<tr>{''.join(styled)}</tr>"


def _cell(cell: NotebookCell) -> str:
    if isinstance(cell, str):
        return _safe(cell)
    return f'{_safe(cell[0])}<div style="{_SMALL}">{_safe(cell[1])}</div>'


def _safe(text: str) -> str:
    return escape(clean(text))
