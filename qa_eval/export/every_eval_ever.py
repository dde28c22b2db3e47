"""Results in the format of Every Eval Ever, 0.3.0: one record of a model's scores, and one line for each
answer.

    data/COLLECTION/DEVELOPER/MODEL/UUID.json
    data/COLLECTION/DEVELOPER/MODEL/UUID_samples.jsonl

Everything follows from the run, including the UUID and the time of the record. Equal runs give equal files.

Source: the project's JSON Schemas `eval.schema.json` and `instance_level_eval.schema.json`, version 0.3.0.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

from qa_eval.export.outputs import Export, Output
from qa_eval.export.source import ExportSource
from qa_eval.files.hashes import canonical_json, sha256_json
from qa_eval.metrics.listings import entry, listed
from qa_eval.metrics.parts import Metric
from qa_eval.records import Estimate
from qa_eval.runs.run_folder import slugs
from qa_eval.runs.schema import PredictionRow
from qa_eval.text.terminal import safe_json

SCHEMA_VERSION = "0.3.0"


def every_eval_ever(source: ExportSource) -> Export:
    """The record, and a line for each answer that refers to the record."""
    developer, _, model = source.model_id.partition("/")
    folder = f"data/{source.data.slug}/{slugs([developer])[0]}/{slugs([model])[0]}"
    id = _uuid(source)
    lines = [safe_json(canonical_json(line)) + "\n" for line in _samples(source)]
    samples = "".join(lines)
    record = _record(source)
    if lines:
        record["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": f"{folder}/{id}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(samples.encode("utf-8")).hexdigest(),
            "total_rows": len(lines),
        }
    outputs = [
        Output(name=f"{folder}/{id}.json", data=safe_json(canonical_json(record, indent=2)) + "\n"),
        Output(name=f"{folder}/{id}_samples.jsonl", data=samples),
    ]
    return Export(outputs=tuple(outputs[: 2 if lines else 1]), folder=True)


def _uuid(source: ExportSource) -> str:
    """A UUID of version 4 that depends on the run and the model alone."""
    identity = f"{source.run.leaderboard.run_id}/{source.row.signature}"
    return str(uuid.UUID(bytes=hashlib.sha256(identity.encode()).digest()[:16], version=4))


def _epoch(source: ExportSource) -> str:
    return str(int(source.finished.timestamp()))


def _evaluation_id(source: ExportSource) -> str:
    return f"{source.data.slug}/{source.model_id}/{_epoch(source)}"


def _record(source: ExportSource) -> dict[str, Any]:
    run = source.run.leaderboard
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": _evaluation_id(source),
        "evaluation_timestamp": source.finished_at,
        "retrieved_timestamp": _epoch(source),
        "source_metadata": {
            "source_name": f"qa_eval run {run.name}",
            "source_type": "evaluation_run",
            "source_organization_name": source.organization,
            "evaluator_relationship": source.relationship,
            "additional_details": {"run_id": run.run_id},
        },
        "eval_library": {
            "name": "qa_eval",
            "version": run.harness.version or "unknown",
            "additional_details": {
                "rules": run.rules,
                "scorer": run.scorer_version,
                **({"commit": run.harness.commit} if run.harness.commit else {}),
            },
        },
        "model_info": _model(source),
        "evaluation_results": [_result(source, *found) for found in source.metrics()],
    }


def _model(source: ExportSource) -> dict[str, Any]:
    model = source.row.model
    # The weights are open if the model is shipped with this program or named by the hub.
    is_open = model.kind == "embedded" or source.model_id == model.name
    details = {
        "deployment_type": "self_deployed",
        "model_availability": "open_weights" if is_open else "unknown",
        "spec": model.spec,
        "revision": model.revision,
        "weights_sha256": model.weights_sha256,
        "parameters": model.parameters,
        "signature": source.row.signature,
    }
    return {
        "name": model.name,
        "id": source.model_id,
        "developer": source.model_id.partition("/")[0],
        "inference_engine": {"name": model.backend},
        "additional_details": {name: str(value) for name, value in details.items() if value is not None},
    }


def _result(source: ExportSource, track: str, metric: str, value: Estimate) -> dict[str, Any]:
    run = source.run.leaderboard
    definition = entry(metric)
    return {
        "evaluation_result_id": _result_id(track, metric),
        "evaluation_name": f"{source.data.slug}-{track}",
        "source_data": _data(source),
        "evaluation_timestamp": source.finished_at,
        "metric_config": {
            "evaluation_description": definition.meaning or metric,
            "metric_id": definition.known_as or f"qa_eval.{metric}",
            "metric_name": definition.title,
            "metric_unit": "proportion",
            "metric_parameters": {"rules": run.rules, "scorer": run.scorer_version, "track": track},
            "lower_is_better": not definition.higher_is_better,
            "score_type": "continuous",
            "min_score": _least(definition, value),
            "max_score": 1.0,
        },
        "score_details": {"score": value.value, **_uncertainty(source, value)},
        "generation_config": {
            "generation_args": {"execution_command": run.harness.command} if run.harness.command else {},
            "additional_details": {
                name: str(value)
                for name, value in source.row.decoding.model_dump().items()
                if value is not None
            },
        },
    }


def _least(metric: Metric, value: Estimate) -> float:
    """The least value that the metric can have on this number of items."""
    # Over n items, r (1 - r) is at least (n - 1) / n², so that no skill is below -n - 1 / (n - 1).
    return metric.least if metric.least is not None else -1.0 - value.n


def _uncertainty(source: ExportSource, value: Estimate) -> dict[str, Any]:
    details = {"details": {f"{source.run.leaderboard.data.cluster}s": str(value.clusters)}}
    if value.low is None or value.high is None:
        return details
    uncertainty: dict[str, Any] = {
        "confidence_interval": {
            "lower": value.low,
            "upper": value.high,
            "confidence_level": 0.95,
            "method": f"{value.method}, clustered by {source.run.leaderboard.data.cluster}",
        },
        "num_samples": value.n,
    }
    if value.method != "wilson":
        uncertainty["num_bootstrap_samples"] = source.run.leaderboard.options.resamples
    return details | {"uncertainty": uncertainty}


def _data(source: ExportSource) -> dict[str, Any]:
    data, row = source.data, source.run.leaderboard.data
    details = {"questions_sha256": row.questions_sha256, "articles_sha256": row.articles_sha256}
    details |= {"part": source.part} if source.part else {}
    if data.hub_id is None:
        return {"dataset_name": source.data_title, "source_type": "other", "additional_details": details}
    optional = {"config": data.config, "revision": data.revision}
    return {
        "dataset_name": source.data_title,
        "source_type": "hf_dataset",
        "hf_repo": data.hub_id,
        **({"hf_split": data.split} if data.split else {}),
        "samples_number": row.items.reading,
        "additional_details": details | {name: text for name, text in optional.items() if text},
    }


def _result_id(track: str, metric: str) -> str:
    return f"{track}.{metric}"


def _samples(source: ExportSource) -> Iterator[dict[str, Any]]:
    # Each answer's line has the value of this metric: the first of those that need only golds.
    sampled = dict(reversed(listed("basic", "reading", "pooled")))
    for answer in source.counted:
        metric = sampled[answer.track]
        if metric in answer.scores:
            yield _sample(source, answer, metric, source.id_of(answer.item))


def _sample(source: ExportSource, answer: PredictionRow, metric: str, id: str) -> dict[str, Any]:
    raw = source.asked[answer.item].prompt
    details = {
        "item": answer.item,
        "matched_claim": answer.matched_claim,
        "match_rule": answer.match.rule,
        "match_detail": answer.match.detail,
        "verdict": answer.verdict,
        "asserted": canonical_json(answer.asserted) if answer.asserted is not None else None,
        "scores": canonical_json(dict(answer.scores)),
    }
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": _evaluation_id(source),
        "model_id": source.model_id,
        "evaluation_name": f"{source.data.slug}-{answer.track}",
        "evaluation_result_id": _result_id(answer.track, metric),
        "sample_id": id,
        "sample_hash": sha256_json({"raw": raw, "reference": answer.golds}),
        "interaction_type": "single_turn",
        "input": {"raw": raw, "reference": answer.golds},
        "output": {"raw": [answer.written]},
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": answer.prediction,
                "extraction_method": "none" if answer.written == answer.prediction else "qa_eval",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": answer.scores[metric], "is_correct": answer.right},
        "error": "no prediction" if answer.missing else answer.error,
        "metadata": {name: text for name, text in details.items() if text},
    }
