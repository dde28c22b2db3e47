"""Every answer as a row of a table: CSV, or Parquet with the n-best."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qa_eval.export.outputs import Export, Output
from qa_eval.export.source import part_asked
from qa_eval.files.hashes import canonical_json
from qa_eval.metrics.listings import in_order
from qa_eval.runs.schema import PredictionRow, Row
from qa_eval.runs.store import Run

if TYPE_CHECKING:
    import pyarrow as pa

_COLUMNS: dict[str, str] = {
    "run": "string",
    "model": "string",
    "item": "string",
    "fact": "string",
    "article": "string",
    "track": "string",
    "prediction": "string",
    "golds": "texts",
    "matched_claim": "string",
    "verdict": "string",
    "asserted": "texts",
    "match_ok": "bool",
    "match_level": "int32",
    "match_rule": "string",
    "match_detail": "string",
    "span_start": "int32",
    "span_end": "int32",
    "source_article": "string",
    "score": "float64",
    "null_score": "float64",
    "no_answer_probability": "float64",
    "threshold": "float64",
    "confidence": "float64",
    "windows": "int32",
    "tokens": "int32",
    "truncated": "bool",
    "missing": "bool",
    "error": "string",
    "question_sha256": "string",
    "context_sha256": "string",
    "gold_sha256": "string",
    "part": "string",
}
"""Columns with their types. The values of the metrics follow, each under the metric's id."""


def answers_csv(run: Run, rows: Sequence[Row]) -> Export:
    """One line for each answer of each model, in the order asked.

    Undefined values are empty. `golds` is JSON. The n-best list is left out. `part` is the part of the set
    that was asked, and empty for the whole set.

    Numbers are not rounded, and scores are fractions. Texts are not escaped: import the file as text if you
    open it in a spreadsheet.
    """
    answers = list(_answers(run, rows))
    metrics = _metrics(answers)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, *metrics])
    for row, answer in answers:
        record = _record(run, row, answer) | {metric: answer.scores.get(metric) for metric in metrics}
        writer.writerow([_cell(value) for value in record.values()])
    return Export(outputs=(Output(name="answers.csv", data=out.getvalue()),))


def answers_parquet(run: Run, rows: Sequence[Row]) -> Export:
    """The same rows and columns as `answers_csv`, with the n-best of each answer as a list."""
    import pyarrow as pa

    answers = list(_answers(run, rows))
    metrics = _metrics(answers)
    candidate = {
        "text": pa.string(),
        "article": pa.string(),
        "start": pa.int32(),
        "end": pa.int32(),
        "score": pa.float64(),
        "probability": pa.float64(),
    }
    types = {
        "string": pa.string(),
        "texts": pa.list_(pa.string()),
        "bool": pa.bool_(),
        "int32": pa.int32(),
        "float64": pa.float64(),
    }
    schema = pa.schema(
        [(name, types[kind]) for name, kind in _COLUMNS.items()]
        + [(metric, pa.float64()) for metric in metrics]
        + [("n_best", pa.list_(pa.struct(list(candidate.items()))))]
    )
    records = [
        _record(run, row, answer)
        | {metric: answer.scores.get(metric) for metric in metrics}
        | {"n_best": [{name: getattr(c, name) for name in candidate} for c in answer.n_best]}
        for row, answer in answers
    ]
    data = parquet_bytes(pa.Table.from_pylist(records, schema=schema))
    return Export(outputs=(Output(name="answers.parquet", data=data),))


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _answers(run: Run, rows: Sequence[Row]) -> Iterator[tuple[Row, PredictionRow]]:
    for row in rows:
        for answer in run.predictions(row):
            yield row, answer


def _metrics(answers: Sequence[tuple[Row, PredictionRow]]) -> list[str]:
    """The scores that some answer has. Some are the base of a metric, and have an id of their own."""
    return in_order({metric for _, answer in answers for metric in answer.scores})


def _record(run: Run, row: Row, answer: PredictionRow) -> dict[str, Any]:
    start, end = answer.span or (None, None)
    made = {
        "run": run.leaderboard.name,
        "model": row.model.spec,
        "part": part_asked(run.leaderboard, row) or None,
        "match_ok": answer.match.ok,
        "match_level": answer.match.level,
        "match_rule": answer.match.rule,
        "match_detail": answer.match.detail,
        "span_start": start,
        "span_end": end,
    }
    return {name: made[name] if name in made else getattr(answer, name) for name in _COLUMNS}


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return canonical_json(value) if isinstance(value, tuple) else value
