"""`qa-eval export`: results in the formats of other tools, and the question set for other tools.

A format is a function from an `ExportSource` (one model's results), or from a run and some of its rows, to an
`Export`. `write_export` writes the export. To add a format, add a function and an entry in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from qa_eval.data.dataset import Dataset
from qa_eval.export.every_eval_ever import every_eval_ever
from qa_eval.export.hub import eval_results, model_index
from qa_eval.export.lm_eval import lm_eval
from qa_eval.export.outputs import Export, Output, write_export
from qa_eval.export.question_set import export_questions
from qa_eval.export.source import (
    ExportSource,
    choose_row,
    name_data,
    part_asked,
    refuse_unfinished,
)
from qa_eval.export.squad_predictions import squad_na_probs, squad_predictions
from qa_eval.export.tables import answers_csv, answers_parquet
from qa_eval.records import Corpus
from qa_eval.runs.schema import Row
from qa_eval.runs.store import Run, choose_rows

__all__ = [
    "FORMATS",
    "Export",
    "Format",
    "Output",
    "export_questions",
    "export_run",
    "write_export",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How a run is exported: the results of one model, or the answers of several."""

    of_model: Callable[[ExportSource], Export] | None = None
    of_rows: Callable[[Run, Sequence[Row]], Export] | None = None
    published: bool = False
    """Flag: others read the numbers as the model's results, so they must be over all items."""
    texts: bool = False
    """Flag: the format holds the questions and the texts."""


FORMATS: Mapping[str, Format] = {
    "model-index": Format(of_model=model_index, published=True),
    "eval-results": Format(of_model=eval_results, published=True),
    "every-eval-ever": Format(of_model=every_eval_ever, published=True, texts=True),
    "lm-eval": Format(of_model=lm_eval, published=True, texts=True),
    "squad-predictions": Format(of_model=squad_predictions),
    "squad-na-probs": Format(of_model=squad_na_probs),
    "parquet": Format(of_rows=answers_parquet),
    "csv": Format(of_rows=answers_csv),
}
"""Formats by name, as `--format` takes it."""


def export_run(
    run: Run,
    form: str,
    *,
    models: Sequence[str] = (),
    texts: Corpus | Dataset | None = None,
    dataset_id: str | None = None,
    organization: str = "unknown",
    relationship: str = "other",
) -> Export:
    """A stored run in another format.

    Args:
        run: The stored run.
        form: A key of `FORMATS`.
        models: Specs or names of the models. If the format holds several models, the default is all that have
            answers.
        texts: The questions and texts of the run, for formats that hold them.
        dataset_id: Name of the data on the hub.
        organization: Who publishes the results.
        relationship: Relationship of the publisher to the model, for formats that state it.

    Raises:
        QaEvalError: The run does not have the model, several models are given for a format that holds one,
            the model was interrupted and the format publishes its numbers, or the texts are not those of the
            run.
    """
    chosen = FORMATS[form]
    if chosen.of_rows is not None:
        rows = choose_rows(run, models)
        return _with_parts(chosen.of_rows(run, rows), run, rows)
    assert chosen.of_model is not None
    row = choose_row(run, models, form)
    if chosen.published:
        refuse_unfinished(row)
    source = ExportSource(
        run=run,
        row=row,
        data=name_data(run, dataset_id),
        texts=texts,
        organization=organization,
        relationship=relationship,
    )
    return _with_parts(chosen.of_model(source), run, [row])


def _with_parts(export: Export, run: Run, rows: Sequence[Row]) -> Export:
    """The export with a note for every model that answered only a part of the set."""
    parts = {row.model.spec: part_asked(run.leaderboard, row) for row in rows}
    notes = [f"{spec}: the answers cover a part of the set: {part}" for spec, part in parts.items() if part]
    return replace(export, notes=(*export.notes, *notes))
