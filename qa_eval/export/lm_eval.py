"""Results and samples in the layout of lm-evaluation-harness, for the tools that read it.

    MODEL/results_TIME.json
    MODEL/samples_TASK_TIME.jsonl

Each track is a task. The layout has no field for an interval, so the task's free `metadata` holds the
intervals. It has one for a standard error, which is "N/A" here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from qa_eval.export.outputs import Export, Output
from qa_eval.export.source import ExportSource
from qa_eval.files.hashes import canonical_json, sha256_text
from qa_eval.metrics.listings import entry
from qa_eval.records import Estimate
from qa_eval.runs.run_folder import slugs
from qa_eval.runs.schema import PredictionRow, Row
from qa_eval.text.terminal import safe_json

_FILTER = "none"
"""Name of the filter: none of that harness's filters has changed the answers."""


def lm_eval(source: ExportSource) -> Export:
    """The results, and a file of samples for each track."""
    slug = slugs([source.model_id])[0]
    time = source.finished
    stamp = f"{time:%Y-%m-%dT%H-%M-%S.%f}"
    tasks = {track: f"{source.data.slug}-{track}" for track in sorted(source.row.metrics, reverse=True)}
    answers = {track: [a for a in source.counted if a.track == track] for track in tasks}
    results = _results(source, tasks, {track: len(found) for track, found in answers.items()}, time)
    outputs = [
        Output(
            name=f"{slug}/results_{stamp}.json",
            data=safe_json(canonical_json(results, indent=2)) + "\n",
        )
    ]
    for track, task in tasks.items():
        lines = _samples(source, answers[track])
        outputs.append(Output(name=f"{slug}/samples_{task}_{stamp}.jsonl", data="".join(lines)))
    return Export(outputs=tuple(outputs), folder=True)


def _results(
    source: ExportSource, tasks: dict[str, str], sizes: dict[str, int], time: datetime
) -> dict[str, Any]:
    run, row = source.run.leaderboard, source.row
    values = {task: [v for v in source.metrics() if v[0] == track] for track, task in tasks.items()}
    return {
        "results": {task: {"alias": task, **_scores(found)} for task, found in values.items()},
        "group_subtasks": {task: [] for task in values},
        "configs": {task: _config(source, task, found) for task, found in values.items()},
        "versions": dict.fromkeys(values, run.scorer_version),
        "n-shot": dict.fromkeys(values, 0),
        "higher_is_better": {
            task: {metric: entry(metric).higher_is_better for _, metric, _ in found}
            for task, found in values.items()
        },
        "n-samples": {
            task: {"original": _original(source, track, sizes[track]), "effective": sizes[track]}
            for track, task in tasks.items()
        },
        "config": {
            "model": row.model.kind,
            "model_args": f"pretrained={source.model_id}",
            "model_num_parameters": row.model.parameters,
            "model_revision": row.model.revision or "",
            "model_sha": row.model.weights_sha256 or "",
            "device": run.environment.device,
            "limit": run.options.limit or run.options.sample,
            "bootstrap_iters": run.options.resamples,
            "random_seed": run.options.seed,
        },
        "git_hash": run.harness.commit,
        "date": time.timestamp(),
        "transformers_version": run.environment.packages.get("transformers"),
        "model_source": row.model.kind,
        "model_name": source.model_id,
        "model_name_sanitized": slugs([source.model_id])[0],
        "total_evaluation_time_seconds": str(row.performance.seconds),
        "qa_eval": {
            "version": run.harness.version,
            "run_id": run.run_id,
            "part": source.part or None,
            "signature": row.signature,
            "counts": _counts(row),
        },
    }


def _counts(row: Row) -> dict[str, int]:
    counts = row.counts
    return {name: n for name, n in counts.parts().items() if name not in counts.left_out()}


def _original(source: ExportSource, track: str, answered: int) -> int:
    """The number of items of a track in the whole set, or of answered items if the run does not record it."""
    whole = source.run.leaderboard.data.whole
    items: int = getattr(whole.items, track) if whole is not None else answered
    return items


def _scores(values: list[tuple[str, str, Estimate]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, metric, value in values:
        found |= {f"{metric},{_FILTER}": value.value, f"{metric}_stderr,{_FILTER}": "N/A"}
    return found


def _config(source: ExportSource, task: str, values: list[tuple[str, str, Estimate]]) -> dict[str, Any]:
    run, data = source.run.leaderboard, source.data
    return {
        "task": task,
        "dataset_path": data.hub_id or data.slug,
        "dataset_name": data.config,
        "test_split": data.split or "test",
        "output_type": "generate_until",
        "num_fewshot": 0,
        "metric_list": [
            {"metric": metric, "higher_is_better": entry(metric).higher_is_better} for _, metric, _ in values
        ],
        "metadata": {
            "version": run.scorer_version,
            "rules": run.rules,
            "decoding": source.row.decoding.model_dump(),
            "interval_level": 0.95,
            "intervals": {
                metric: {
                    "low": value.low,
                    "high": value.high,
                    "method": value.method,
                    "n": value.n,
                    f"{run.data.cluster}s": value.clusters,
                }
                for _, metric, value in values
                if value.low is not None
            },
        },
    }


def _samples(source: ExportSource, answers: list[PredictionRow]) -> Iterator[str]:
    for number, answer in enumerate(answers):
        asked = source.asked[answer.item]
        doc = {
            "id": answer.item,
            "question": asked.question,
            "article": answer.article,
            "answers": answer.golds,
        }
        target = str(list(answer.golds))
        sample = {
            "doc_id": number,
            "doc": doc,
            "target": answer.golds,
            "arguments": {"gen_args_0": {"arg_0": asked.prompt, "arg_1": {}}},
            "resps": [[answer.written]],
            "filtered_resps": [answer.prediction],
            "filter": _FILTER,
            "metrics": list(answer.scores),
            "doc_hash": sha256_text(json.dumps(doc, indent=2, ensure_ascii=False)),
            "prompt_hash": sha256_text(asked.prompt),
            "target_hash": sha256_text(target),
            "error": answer.error,
            "missing": answer.missing,
            **answer.scores,
        }
        yield safe_json(canonical_json(sample)) + "\n"
