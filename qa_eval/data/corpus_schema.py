"""The shape of what people write: one line of a question file, and one line of the article manifest.

Validation is strict: no unknown keys, no conversions (322.0 is not an offset, "true" is not a flag). Only
types are validated here. `qa_eval.data.checks` validates what a well-shaped value says, so that a bad id does
not hide a wrong offset. The patterns in `json_schema_extra` are for editors that read the published JSON
Schema.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from qa_eval.records import AnswerType, Article, Claim, ClaimStatus, Evidence, Polarity, Question, Relation

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
KEBAB_CASE = "^[a-z0-9]+(-[a-z0-9]+)*$"
ISO_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
SHA256 = "^[0-9a-f]{64}$"
ARTICLE_ID = r"^[^@~*/\\\s][^@~*/\\]*$"
CLAIM_ID = r"^[^@~*\s]+$"
NOT_EMPTY = r"\S"
MAX_PARAPHRASES = MAX_CLAIMS = MAX_ALIASES = 50
"""Greatest number of paraphrases of a question. Each is compared with each."""
MAX_EVIDENCE = 2_000
"""Greatest number of passages of one claim."""
MAX_ARTICLES = 10_000
"""Greatest number of articles of a set, and so of a list of them."""

Name = Annotated[str, Field(max_length=200)]
Label = Annotated[str, Field(max_length=40)]
Asked = Annotated[str, Field(max_length=1_000)]
Wording = Annotated[str, Field(max_length=500)]
Remark = Annotated[str, Field(max_length=5_000)]
"""Types of texts that people write. Their limits are several times as long as any text of the curated set,
because comparing texts takes time."""


class StrictLine(BaseModel):
    """An object without unknown keys, whose values are of their types without conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class EvidenceLine(StrictLine):
    """One passage of an article that states the claim."""

    article: Name = Field(description="id of the article", json_schema_extra={"pattern": ARTICLE_ID})
    text: Wording = Field(
        description="exactly the article's text at `start`", json_schema_extra={"minLength": 1}
    )
    start: int = Field(
        description="offset of the first character in the article's text", json_schema_extra={"minimum": 0}
    )
    speaker: Wording | None = Field(None, description="person or body that the article quotes")
    as_of: Name | None = Field(
        None, description="ISO date that the statement is about", json_schema_extra={"format": "date"}
    )
    hedged: bool = Field(False, description='true for "apparently", "some of" and the like')

    def to_record(self) -> Evidence:
        """The evidence as a record."""
        return Evidence(
            article=self.article,
            text=self.text,
            start=self.start,
            speaker=self.speaker,
            as_of=self.as_of,
            hedged=self.hedged,
        )


class ClaimLine(StrictLine):
    """One answer that some source gives, with every wording that is accepted for it."""

    id: Name = Field(
        description="short name of the claim, unique in the fact", json_schema_extra={"pattern": CLAIM_ID}
    )
    group: Name | None = Field(None, description="name that near-claims share; the id by default")
    aliases: list[Wording] = Field(
        [], description="accepted wordings that no article uses", max_length=MAX_ALIASES
    )
    status: ClaimStatus | None = Field(None, description="whether the claim is true, if that is known")
    polarity: Polarity | None = Field(None, description="yes or no, of a question that is answered so")
    evidence: list[EvidenceLine] = Field(
        description="the passages that state the claim",
        max_length=MAX_EVIDENCE,
        json_schema_extra={"minItems": 1},
    )

    def to_record(self) -> Claim:
        """The claim as a record."""
        return Claim(
            id=self.id,
            evidence=tuple(e.to_record() for e in self.evidence),
            aliases=tuple(self.aliases),
            group=self.group or "",
            status=self.status,
            polarity=self.polarity,
        )


class QuestionLine(StrictLine):
    """One fact: a question, its paraphrases, and what each article answers."""

    id: Name = Field(
        description="kebab-case name of the fact, unique in the set",
        json_schema_extra={"pattern": KEBAB_CASE},
    )
    question: Asked = Field(description="the question", json_schema_extra={"pattern": NOT_EMPTY})
    paraphrases: list[Asked] = Field(
        [], description="the same question in other words", max_length=MAX_PARAPHRASES
    )
    category: Name = Field(description="kebab-case category", json_schema_extra={"pattern": KEBAB_CASE})
    answer_type: AnswerType = Field(description="the kind of value that answers the question")
    contested: bool = Field(description="true exactly if there are two or more claims")
    relation: Relation | None = Field(
        None, description="why the claims differ; required if the fact is contested, else not allowed"
    )
    claims: list[ClaimLine] = Field(
        description="one entry for each answer that some source gives",
        max_length=MAX_CLAIMS,
        json_schema_extra={"minItems": 1},
    )
    silent: list[Name] = Field(
        [], description="ids of the articles that do not answer", max_length=MAX_ARTICLES
    )
    partial: list[Name] = Field(
        [],
        description="ids of the articles that neither answer nor are silent; they are not scored",
        max_length=MAX_ARTICLES,
    )
    resolution: Name | None = Field(None, description="id of the claim that the authors of the set prefer")
    scope: Annotated[list[Name], Field(max_length=MAX_ARTICLES)] | Name | None = Field(
        None,
        description="ids of the articles that the question is asked of, or their topic; by default all",
    )
    note: Remark | None = Field(
        None, description="remarks for people: why the sources differ, what was decided"
    )

    def to_record(self) -> Question:
        """The fact as a record. Its `contested` is computed from the claims."""
        return Question(
            id=self.id,
            question=self.question,
            paraphrases=tuple(self.paraphrases),
            category=self.category,
            answer_type=self.answer_type,
            relation=self.relation,
            claims=tuple(c.to_record() for c in self.claims),
            silent=tuple(self.silent),
            partial=tuple(self.partial),
            resolution=self.resolution,
            scope=tuple(self.scope) if isinstance(self.scope, list) else self.scope,
            note=self.note or "",
        )


class ArticleLine(StrictLine):
    """One line of `articles.jsonl`: what the document says about itself. A field may be null."""

    id: Name = Field(
        description="the article's id: its file name without .txt", json_schema_extra={"pattern": ARTICLE_ID}
    )
    label: Label | None = Field(
        None,
        description="short name of the article for people, unique in the set; by default the publisher, the "
        "title or the id",
        json_schema_extra={"pattern": NOT_EMPTY},
    )
    topic: Name | None = Field(
        None,
        description="group of articles, which the scope of a question may name",
        json_schema_extra={"pattern": NOT_EMPTY},
    )
    title: Asked | None = Field(None, description="headline")
    publisher: Asked | None = Field(None, description="who published it")
    byline: Asked | None = Field(None, description="who wrote it")
    published: Asked | None = Field(None, description="when it was published")
    sha256: Name = Field(
        description="SHA-256 of the file's bytes, in lower-case hex", json_schema_extra={"pattern": SHA256}
    )
    notes: Remark | None = Field(None, description="for people")

    def to_record(self, text: str) -> Article:
        """The article with its text."""
        return Article(
            id=self.id,
            text=text,
            sha256=self.sha256,
            label=self.label,
            topic=self.topic,
            title=self.title,
            publisher=self.publisher,
            byline=self.byline,
            published=self.published,
            notes=self.notes,
        )


PART_MODELS: dict[str, type[BaseModel]] = {"claims": ClaimLine, "evidence": EvidenceLine}
"""Models of the objects in a list, by the name of the list."""


def questions_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one line of a question file."""
    return _published(QuestionLine, "One line of a question file: one fact")


def articles_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of one line of `articles.jsonl`."""
    return _published(ArticleLine, "One line of articles.jsonl: one article")


def _published(model: type[BaseModel], title: str) -> dict[str, Any]:
    return {"$schema": SCHEMA_DIALECT, **model.model_json_schema(), "title": title}
