"""Results as the model hub shows them: in a model card's `model-index`, and in `.eval_results/*.yaml`."""

from __future__ import annotations

from typing import Any

import yaml
from huggingface_hub import EvalResult, EvalResultEntry, ModelCardData, eval_result_entries_to_yaml

from qa_eval.errors import QaEvalError
from qa_eval.export.outputs import Export, Output
from qa_eval.export.source import ExportSource
from qa_eval.metrics.listings import entry
from qa_eval.records import Estimate
from qa_eval.text.terminal import clean_lines


def model_index(source: ExportSource) -> Export:
    """A model card that holds only the results. Copy its metadata into the card of the model.

    Values are in percent, as in the hub's question-answering cards. The format has no field for an interval,
    so a metric's free `args` hold it, with the numbers of items and clusters.
    """
    data = source.data
    results = [
        EvalResult(
            task_type="question-answering",
            task_name="Extractive question answering",
            dataset_type=data.hub_id or data.slug,
            dataset_name=source.data_title,
            dataset_args={"part": source.part} if source.part else None,
            dataset_config=data.config,
            dataset_split=data.split,
            dataset_revision=data.revision,
            metric_type=(entry(metric).known_as or metric) if track == "reading" else f"pooled_{metric}",
            metric_name=_title(track, metric),
            metric_value=_percent(value.value),
            metric_args=_arguments(source, value),
        )
        for track, metric, value in source.published()
    ]
    card = ModelCardData(model_name=source.row.model.name, eval_results=results)
    return Export(outputs=(Output(name="README.md", data=f"---\n{_safe(card.to_yaml())}\n---\n"),))


def eval_results(source: ExportSource) -> Export:
    """Entries of `.eval_results/*.yaml`, one for each metric. The metric is the id of the task. Values are in
    percent.

    Raises QaEvalError if the data have no name on the hub.
    """
    data = source.data
    if data.hub_id is None:
        raise QaEvalError(
            "eval-results needs the name of the data set on the hub, and this run's data set is not from the "
            "hub; give its name with --dataset-id ORG/NAME"
        )
    entries = [
        EvalResultEntry(
            dataset_id=data.hub_id,
            task_id=metric if track == "reading" else f"pooled_{metric}",
            value=_percent(value.value),
            dataset_revision=data.revision,
            date=source.finished_at,
            notes=source.notes_on(value),
        )
        for track, metric, value in source.published()
    ]
    text = _safe(yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False))
    return Export(outputs=(Output(name=f"{data.slug}.yaml", data=text),))


def _title(track: str, metric: str) -> str:
    title = entry(metric).title
    return f"{title} (all articles)" if track == "pooled" else title


def _safe(text: str) -> str:
    """The YAML without characters that could control a terminal. It is still valid YAML."""
    return "\n".join(clean_lines(text))


def _percent(value: float) -> float:
    return round(100 * value, 4)


def _arguments(source: ExportSource, value: Estimate) -> dict[str, Any]:
    board = source.run.leaderboard
    found: dict[str, Any] = {
        "unit": "percent",
        "rules": board.rules,
        "scorer": board.scorer_version,
        "n": value.n,
    }
    if value.low is not None and value.high is not None:
        found["interval"] = {
            "level": 95,
            "low": _percent(value.low),
            "high": _percent(value.high),
            "method": value.method,
            f"{board.data.cluster}s": value.clusters,
        }
    return found
