"""Small public data sets for tests, in every format."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qa_eval.data.dataset import PublicDataset, open_dataset

SKY = "The sky over Palmyra was blue in May 2015. Some 400 people saw it."
SEA = "The sea is 12 miles away."

Answers = Sequence[tuple[str, int]]


def open_public(spec: str, **choices: Any) -> PublicDataset:
    """The data set of a spec, which must be one of questions with contexts, without claims."""
    dataset = open_dataset(spec, **choices)
    assert isinstance(dataset, PublicDataset)
    return dataset


def qa(id: str, question: str, answers: Answers = (), **more: Any) -> dict[str, Any]:
    return {
        "id": id,
        "question": question,
        "answers": [{"text": text, "answer_start": start} for text, start in answers],
        **more,
    }


def squad(*articles: Sequence[tuple[str, Sequence[object]]], **more: Any) -> dict[str, Any]:
    """A document in SQuAD's format: articles of (context, qas) paragraphs."""
    return {
        "version": "v2.0",
        "data": [
            {
                "title": f"Article {number}",
                "paragraphs": [{"context": context, "qas": list(qas)} for context, qas in paragraphs],
            }
            for number, paragraphs in enumerate(articles)
        ],
        **more,
    }


TWO_ARTICLES = squad(
    [
        (
            SKY,
            [
                qa("q1", "What was blue?", [("The sky", 0), ("sky", 4)]),
                qa("q2", "How many people saw it?", [("400", 48), ("Some 400", 43)]),
                qa("q3", "Who saw the moon?", is_impossible=True, plausible_answers=[]),
            ],
        )
    ],
    [(SEA, [qa("q4", "How far is the sea?", [("12 miles", 11)])])],
)
"""Four questions on two contexts, one of them without an answer."""


def flat(id: str, question: str, context: str, answers: Answers = (), **more: Any) -> dict[str, Any]:
    columns = {"text": [text for text, _ in answers], "answer_start": [start for _, start in answers]}
    return {"id": id, "question": question, "context": context, "answers": columns, **more}


def write(path: Path, value: object) -> Path:
    """Writes JSON, packed if the name says so."""
    data = (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    """Writes one JSON value a line, packed if the name says so; texts as they stand."""
    return write(path, "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))


def mrqa(
    *contexts: tuple[str, Sequence[tuple[str, str, Sequence[str], Mapping[str, Sequence[Sequence[int]]]]]],
) -> list[dict[str, Any]]:
    """The lines of a file of MRQA: contexts with (id, question, answers, places of detected answers)."""
    header: dict[str, Any] = {"header": {"dataset": "Made up", "split": "dev"}}
    return [header] + [
        {
            "id": "",
            "context": context,
            "context_tokens": [[word, 0] for word in context.split()],
            "qas": [
                {
                    "qid": id,
                    "question": question,
                    "answers": list(answers),
                    "detected_answers": [{"text": t, "char_spans": list(p)} for t, p in places.items()],
                }
                for id, question, answers, places in questions
            ],
        }
        for context, questions in contexts
    ]
