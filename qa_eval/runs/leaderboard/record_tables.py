"""Rows of plain values as Markdown, CSV or JSON, for the history of a model and for a list of runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from qa_eval.files.hashes import canonical_json
from qa_eval.text.markdown import markdown_row, markdown_text
from qa_eval.text.terminal import clean, safe_json


def render_records(
    records: Sequence[Mapping[str, object]],
    form: str,
    *,
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    left: int,
    remark: str = "",
) -> str:
    """The records as `csv` or `json`, or the cells as `markdown`.

    The first `left` columns of a Markdown table are aligned to the left. There must be at least one record.
    """
    if form == "json":
        return safe_json(canonical_json([dict(record) for record in records], indent=1)) + "\n"
    if form == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {k: clean(v) if isinstance(v, str) else v for k, v in record.items()} for record in records
        )
        return out.getvalue()
    lines = [markdown_row(head), markdown_row(["---"] * left + ["---:"] * (len(head) - left))]
    lines += [markdown_row([markdown_text(cell) for cell in row]) for row in cells]
    return "\n".join(lines) + (f"\n\n{markdown_text(remark)}\n" if remark else "\n")
