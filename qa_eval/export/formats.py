"""`qa-eval export`: results in the formats of others, and the question set for others to use.

A format is a function from a `ExportSource` (one model's results), or from a run and some of its rows, to an
`Export`, which is printed or written by `write_export`. To add one: a function, and an entry in `FORMATS`.
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
    """How a run is exported: either of one model's results, or of the answers of several."""

    of_model: Callable[[ExportSource], Export] | None = None
    of_rows: Callable[[Run, Sequence[Row]], Export] | None = None
    published: bool = False
    """Whether it tells numbers to others: then they must be of all items."""
    texts: bool = False
    """Whether it holds the questions and the texts they were asked of."""


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
"""By name, as `--format` takes it."""


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

    * `form`: a key of `FORMATS`; `models`: specs or names of the models, all that have answers by default
      where the format holds several;
    * `texts`: what was asked, for formats that hold it;
    * `dataset_id`: what the data are called on the hub; `organization`, `relationship`: who publishes.

    Raises QaEvalError for models that the run does not have, more than one of them where the format holds
    one, an interrupted model whose numbers would be published, and texts that are not those of the run.
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
    """The export with a note on every model that was not asked the whole set."""
    parts = {row.model.spec: part_asked(run.leaderboard, row) for row in rows}
    notes = [f"{spec}: the answers are of a part of the set: {part}" for spec, part in parts.items() if part]
    return replace(export, notes=(*export.notes, *notes))
