"""What Every Eval Ever 0.3.0 wants of a record and of a line, as far as an export of ours can touch it.

Written by hand from the facts of the project's two JSON Schemas (which fields there are, which are required,
of which type, which values are allowed); the package that ships them wants Python 3.12. In one way this is
stricter: fields that they allow and we never write are not allowed here.
"""

from __future__ import annotations

from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
WHOLE: dict[str, Any] = {"type": "integer"}
TEXTS: dict[str, Any] = {"type": "array", "items": TEXT}
DETAILS: dict[str, Any] = {"type": "object", "additionalProperties": TEXT}
VERSION = {"const": "0.3.0"}
UUID4 = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-4[0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}-[0-9A-Fa-f]{12}"


def record(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with just these fields."""
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


SOURCE_DATA = {
    "oneOf": [
        record({"dataset_name": TEXT, "source_type": {"const": "other"}}, additional_details=DETAILS),
        record(
            {"dataset_name": TEXT, "source_type": {"const": "hf_dataset"}},
            hf_repo=TEXT,
            hf_split=TEXT,
            samples_number=WHOLE,
            additional_details=DETAILS,
        ),
    ]
}
METRIC = record(
    # A continuous score must have bounds.
    {
        "lower_is_better": {"type": "boolean"},
        "score_type": {"const": "continuous"},
        "min_score": NUMBER,
        "max_score": NUMBER,
    },
    evaluation_description=TEXT,
    metric_id=TEXT,
    metric_name=TEXT,
    metric_unit=TEXT,
    metric_parameters={
        "type": "object",
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    },
)
UNCERTAINTY = record(
    {},
    confidence_interval=record(
        {"lower": NUMBER, "upper": NUMBER},
        confidence_level={"type": "number", "minimum": 0, "maximum": 1},
        method=TEXT,
    ),
    num_samples=WHOLE,
    num_bootstrap_samples=WHOLE,
)
RESULT = record(
    {
        "evaluation_name": TEXT,
        "source_data": SOURCE_DATA,
        "metric_config": METRIC,
        "score_details": record({"score": NUMBER}, details=DETAILS, uncertainty=UNCERTAINTY),
    },
    evaluation_result_id=TEXT,
    evaluation_timestamp=TEXT,
    generation_config=record(
        {}, generation_args=record({}, execution_command=TEXT), additional_details=DETAILS
    ),
)
MODEL = record(
    {
        "name": TEXT,
        "id": TEXT,
        "additional_details": {
            "type": "object",
            "required": ["deployment_type", "model_availability"],
            "properties": {
                "deployment_type": one_of("self_deployed", "externally_managed", "unknown"),
                "model_availability": one_of("open_weights", "closed_weights", "unknown"),
            },
            "additionalProperties": TEXT,
        },
    },
    developer=TEXT,
    inference_engine=record({}, name=TEXT, version=TEXT),
)
AGGREGATE = record(
    {
        "schema_version": VERSION,
        "evaluation_id": TEXT,
        "retrieved_timestamp": {"type": "string", "pattern": "^[0-9]+$"},  # Unix time
        "source_metadata": record(
            {
                "source_type": one_of("documentation", "evaluation_run"),
                "source_organization_name": TEXT,
                "evaluator_relationship": one_of("first_party", "third_party", "collaborative", "other"),
            },
            source_name=TEXT,
            additional_details=DETAILS,
        ),
        "model_info": MODEL,
        "eval_library": record({"name": TEXT, "version": TEXT}, additional_details=DETAILS),
        "evaluation_results": {"type": "array", "items": RESULT},
    },
    evaluation_timestamp=TEXT,
    detailed_evaluation_results=record(
        {
            "format": {"const": "jsonl"},
            "file_path": {"type": "string", "pattern": f"^data/[^/]+/[^/]+/[^/]+/{UUID4}_samples\\.jsonl$"},
        },
        hash_algorithm=one_of("sha256", "md5"),
        checksum=TEXT,
        total_rows=WHOLE,
    ),
)
"""The record of a model's scores."""

SAMPLE = record(
    {
        "schema_version": VERSION,
        "evaluation_id": TEXT,
        "model_id": TEXT,
        "evaluation_name": TEXT,
        "sample_id": TEXT,
        "interaction_type": {"const": "single_turn"},
        "input": record({"raw": TEXT, "reference": TEXTS}),
        "output": record({"raw": TEXTS}),  # required of a single turn
        "answer_attribution": {
            "type": "array",
            "items": record(
                {
                    "turn_idx": {"type": "integer", "minimum": 0},
                    "source": TEXT,
                    "extracted_value": TEXT,
                    "extraction_method": TEXT,
                    "is_terminal": {"type": "boolean"},
                }
            ),
        },
        "evaluation": record({"score": NUMBER, "is_correct": {"type": "boolean"}}),
    },
    evaluation_result_id=TEXT,
    sample_hash={"type": ["string", "null"]},
    error={"type": ["string", "null"]},
    metadata=DETAILS,
)
"""A line of the samples."""
