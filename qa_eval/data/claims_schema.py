"""Shape of the lines of a `claims:` file: facts with their own passages, and the header."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from qa_eval.data.corpus_schema import (
    ARTICLE_ID,
    CLAIM_ID,
    MAX_ALIASES,
    MAX_CLAIMS,
    MAX_EVIDENCE,
    MAX_PARAPHRASES,
    NOT_EMPTY,
    SCHEMA_DIALECT,
    Asked,
    Name,
    Remark,
    StrictLine,
    Wording,
)
from qa_eval.records import AnswerType, ClaimStatus, Polarity, Relation

VERSION = 1
"""Version of the format."""
MAX_PASSAGES = 2_000
"""Greatest number of passages of one fact."""

Unlisted = Literal["silent", "partial"]
"""How a passage is read that is in no claim, in `silent` or in `partial`."""


class PassageLine(StrictLine):
    """One text that a fact is asked of."""

    id: Name = Field(
        description="id of the passage, unique in the fact", json_schema_extra={"pattern": ARTICLE_ID}
    )
    text: str = Field(description="the passage", json_schema_extra={"pattern": NOT_EMPTY})
    source: Asked | None = Field(None, description="domain or publisher")
    date: Name | None = Field(None, description="when it was published")
    label: Name | None = Field(None, description="short name for people")
    title: Asked | None = Field(None, description="headline")
    byline: Asked | None = Field(None, description="who wrote it")
    notes: Remark | None = Field(None, description="remarks for people")


class SpanLine(StrictLine):
    """One place that states a claim."""

    passage: Name = Field(description="id of the passage")
    text: str = Field(description="exactly the passage's text at `start`", json_schema_extra={"minLength": 1})
    start: int = Field(
        description="offset of the first character in the passage", json_schema_extra={"minimum": 0}
    )
    speaker: Wording | None = Field(None, description="who says it, according to the passage")
    as_of: Name | None = Field(None, description="ISO date that the statement is about")
    hedged: bool = Field(False, description='true for "apparently", "some of" and the like')


class StatedClaimLine(StrictLine):
    """One answer that some passages give."""

    id: Name = Field(
        description="short name of the claim, unique in the fact", json_schema_extra={"pattern": CLAIM_ID}
    )
    answers: list[Asked] = Field(
        description="accepted wordings", max_length=MAX_ALIASES, json_schema_extra={"minItems": 1}
    )
    passages: list[Name] = Field(
        [], description="ids of the passages that state the claim", max_length=MAX_PASSAGES
    )
    spans: list[SpanLine] = Field(
        [],
        description="where they state it; in a passage without spans, the loader looks for the answers",
        max_length=MAX_EVIDENCE,
    )
    aliases: list[Asked] = Field(
        [], description="accepted wordings that EM and F1 do not use as golds", max_length=MAX_ALIASES
    )
    group: Name | None = Field(
        None, description="name of a group of near-claims that coverage counts as one; by default the id"
    )
    status: ClaimStatus | None = Field(None, description="whether the claim is true, if that is known")
    polarity: Polarity | None = Field(None, description="yes or no, if that answers the question")


class ClaimsLine(StrictLine):
    """One fact: a question, the passages it is asked of, and what each of them answers."""

    id: Name = Field(
        description="name of the fact, unique in the file", json_schema_extra={"pattern": CLAIM_ID}
    )
    question: Asked = Field(description="the question", json_schema_extra={"pattern": NOT_EMPTY})
    paraphrases: list[Asked] = Field(
        [], description="the same question in other words", max_length=MAX_PARAPHRASES
    )
    category: Name = Field("", description="category, which makes a slice")
    answer_type: AnswerType | None = Field(
        None, description="kind of value that answers the question; by default, its words decide"
    )
    passages: list[PassageLine] = Field(
        description="the texts that the fact is asked of",
        max_length=MAX_PASSAGES,
        json_schema_extra={"minItems": 1},
    )
    claims: list[StatedClaimLine] = Field(
        description="one entry for each answer that some passage gives",
        max_length=MAX_CLAIMS,
        json_schema_extra={"minItems": 1},
    )
    silent: list[Name] = Field([], description="passages that do not answer", max_length=MAX_PASSAGES)
    partial: list[Name] = Field(
        [], description="passages that neither answer nor are silent", max_length=MAX_PASSAGES
    )
    unlisted: Unlisted | None = Field(
        None, description="how a passage is read that is listed nowhere; by default as the header says"
    )
    relation: Relation | None = Field(None, description="why the claims differ")
    resolution: Name | None = Field(None, description="id of the claim that the authors of the set prefer")
    note: Remark | None = Field(None, description="remarks for people")


class ClaimsHeader(StrictLine):
    """The first line of a file, if it describes all facts."""

    format: Literal["claims"] = Field(description="always `claims`")
    version: int = Field(VERSION, description="version of the format")
    unlisted: Unlisted = Field("silent", description="how a passage is read that is listed nowhere")
    name: Asked | None = Field(None, description="name of the set")
    license: Asked | None = Field(None, description="licence of the texts")
    url: Asked | None = Field(None, description="where the set is from")


CLAIMS_PARTS: dict[str, type[BaseModel]] = {
    "claims": StatedClaimLine,
    "spans": SpanLine,
    "passages": PassageLine,
}
"""Name of a list -> model of its objects."""


def claims_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one line of a `claims:` file."""
    schema = ClaimsLine.model_json_schema()
    header = ClaimsHeader.model_json_schema()
    header.pop("$defs", None)
    definitions = schema.pop("$defs", {}) | {"ClaimsLine": schema, "ClaimsHeader": header}
    return {
        "$schema": SCHEMA_DIALECT,
        "title": "One line of a claims: file: one fact with its passages; the first may be a header",
        "type": "object",
        "anyOf": [{"$ref": "#/$defs/ClaimsLine"}, {"$ref": "#/$defs/ClaimsHeader"}],
        "$defs": definitions,
    }
