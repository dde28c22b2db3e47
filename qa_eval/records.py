"""The plain values that pass between the rooms: frozen dataclasses without I/O that compute lookups only.

A model sees an `Instance`, which holds no gold answer, and returns a `Prediction`. A threshold turns the
prediction into an `Answer`. Rates and metrics are fractions in [0, 1]. A value that is undefined is `None`,
never NaN.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar, cast, get_args, overload

from qa_eval.errors import UnknownNameError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

AnswerType = Literal[
    "number",
    "duration",
    "percent",
    "age",
    "money",
    "date",
    "person",
    "place",
    "organization",
    "text",
    "yes-no",
]
"""Kind of value that answers a question. It chooses the typed rules of `qa_eval.matching.typed`."""
ANSWER_TYPES: tuple[AnswerType, ...] = get_args(AnswerType)
NUMERIC_TYPES: tuple[AnswerType, ...] = ("number", "duration", "percent", "age", "money")
"""Types of answers that are a number, with or without a unit."""

Relation = Literal["contradiction", "update", "precision", "scope", "wording"]
"""Reason why the sources of a contested fact differ.

| relation        | meaning                                                                          |
|-----------------|----------------------------------------------------------------------------------|
| `contradiction` | The claims cannot both be true.                                                  |
| `update`        | One source gives a later count or state.                                         |
| `precision`     | One source is more precise, or gives a bound.                                    |
| `scope`         | The sources speak of different things, such as one battle and a whole offensive. |
| `wording`       | The sources report different words for one statement.                            |
"""
RELATIONS: tuple[Relation, ...] = get_args(Relation)

ClaimStatus = Literal["true", "misinformation", "outdated"]
"""Whether a claim is true, as far as the authors of a set know."""
Polarity = Literal["yes", "no"]
"""Which of the two a claim says, of a question that is answered by yes or no."""

Track = Literal["reading", "pooled"]
"""Way to ask a question: of one article (`reading`), or of all articles at once (`pooled`)."""
TRACKS: tuple[Track, ...] = get_args(Track)

ReadingVerdict = Literal["complete", "partial", "mixed", "wrong", "abstains"]
"""Verdict on an answer in words, compared with all claims of its fact: it asserts every claim, or some of
them, or also a value that belongs to no claim, or no claim at all, or it says that there is no answer."""

Mode = Literal["one", "all", "none"]
"""Passages that a question is asked with: one, all passages of its fact, or none (closed book)."""

Declaration = Literal["card", "option", "undeclared"]
"""Place that declares whether a model was trained with unanswerable questions: its model card (`card`), an
option of its spec (`option`), or none (`undeclared`)."""

Severity = Literal["error", "warning"]
DuplicateIds = Literal["error", "first"]
"""Treatment of a question id that occurs twice: the data set is refused (`error`), or only the first question
with the id is kept (`first`)."""
Status = Literal["complete", "partial", "error"]


class Bounds:
    """Least and greatest value of a number. pydantic checks them when it reads the number."""

    def __init__(self, **bounds: float) -> None:
        """Takes `ge` (the least value) and `le` (the greatest value); either may be left out."""
        self._bounds = bounds

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = {**handler(source), **self._bounds}
        return cast("CoreSchema", schema)


Fraction = Annotated[float, Bounds(ge=0.0, le=1.0)]
"""Number in [0, 1]."""
Score = Annotated[float, Bounds(le=1.0)]
"""Value of a metric: a fraction, or a skill. A skill is below 0 if a trivial strategy does better."""


# ------------------------------------------------------------------------------------------ how they print

_LONGEST_REPR = 1_000
"""Greatest length of a record's `repr`, roughly, in characters."""


def abridged(name: str, values: Iterable[tuple[str, object]]) -> str:
    """`NAME(field=value, …)`, as a dataclass prints itself. Long values are cut if the whole is too long.

    >>> abridged("Claim", [("id", "x"), ("aliases", ("a",))])
    "Claim(id='x', aliases=('a',))"
    >>> abridged("Claim", [("id", "x"), ("aliases", ("a",) * 999)])
    "Claim(id='x', aliases=<999 values>)"
    """
    shown = [(field, value, _brief(value, _LONGEST_REPR)) for field, value in values]
    if sum(len(field) + len(text) + 3 for field, _, text in shown) > _LONGEST_REPR:
        room = max(20, _LONGEST_REPR // len(shown) - 20)
        shown = [
            (field, value, text if len(text) <= room else _brief(value, room)) for field, value, text in shown
        ]
    return f"{name}({', '.join(f'{field}={text}' for field, _, text in shown)})"


def _brief(value: object, room: int) -> str:
    """The `repr` of a value if it has at most `room` characters, else its beginning or its number of values.

    The function never renders more of a large value than it shows.
    """
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        size = 0
        for part in islice(value.values() if isinstance(value, Mapping) else value, room):
            size += len(_brief(part, room))
            if size > room:
                return f"<{len(value)} {'value' if len(value) == 1 else 'values'}>"
    text = repr(value[:room] if isinstance(value, str) else value)
    if len(text) > room or (isinstance(value, str) and len(value) > room):
        return f"{text[: room - 2]}…{text[-1]}"
    return text


class Abridged:
    """A dataclass whose `repr` is short even if it holds a lot."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = fields(self)  # type: ignore[arg-type]
        return abridged(type(self).__name__, [(f.name, getattr(self, f.name)) for f in shown if f.repr])


@cache
def field_names(kind: Any) -> tuple[str, ...]:  # noqa: ANN401 - a class
    """The names of the fields of a dataclass, in their order."""
    return tuple(f.name for f in fields(kind))


class Stored(Abridged):
    """A frozen dataclass that run folders hold. pydantic validates it when it is read, and writes it.

    The constructor needs no pydantic and validates nothing. Fields that a newer version of the program wrote
    are kept in `extra` and written back. They are not part of the value: `==`, `repr` and
    `dataclasses.replace` leave them out. Copies and pickles keep them.
    """

    __slots__ = ("_extra",)
    _sparse: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not written if they have their default."""
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "allow",
        "allow_inf_nan": False,
        "defer_build": True,
    }

    @property
    def extra(self) -> Mapping[str, Any]:
        """Fields that this version of the program does not know, by name, as they were read."""
        found: Mapping[str, Any] = getattr(self, "_extra", {})
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """What `copy` and `pickle` make the record of."""
        return _restored, (type(self), tuple(self.parts().values()), dict(self.extra))

    def parts(self) -> dict[str, Any]:
        """The fields that this version of the program knows, by name. Nested records stay records."""
        return {name: getattr(self, name) for name in field_names(type(self))}  # type: ignore[arg-type]

    def left_out(self) -> list[str]:
        """The fields that are not written because they have their default."""
        sparse = _sparse_fields(type(self))  # type: ignore[arg-type]
        return [name for name, default in sparse if getattr(self, name) == default]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Sets unknown fields aside when the record is read, and adds them when it is written."""
        from pydantic_core import core_schema

        known = {f.name for f in fields(source)}

        def read(value: object, validate: Callable[[object], Stored]) -> Stored:
            if not isinstance(value, dict) or value.keys() <= known:
                return validate(value)
            record = validate({name: part for name, part in value.items() if name in known})
            unknown = {name: part for name, part in value.items() if name not in known}
            object.__setattr__(record, "_extra", unknown)
            return record

        def write(record: Stored, dump: Callable[[Stored], dict[str, Any]]) -> dict[str, Any]:
            written = dump(record)
            for name in record.left_out():
                written.pop(name, None)
            return {**written, **record.extra}

        # pydantic reuses what `ref` names wherever the class occurs again, so `ref` has to name the whole.
        plain = dict(handler.resolve_ref_schema(handler(source)))
        return core_schema.no_info_wrap_validator_function(
            read,
            plain,
            ref=plain.pop("ref"),
            serialization=core_schema.wrap_serializer_function_ser_schema(write, schema=plain),
        )


@cache
def _sparse_fields(kind: type[Any]) -> tuple[tuple[str, object], ...]:
    """The fields that are not written if they have their default, with their defaults."""
    return tuple((f.name, f.default) for f in fields(kind) if f.name in kind._sparse)


def _restored(kind: type[Stored], values: tuple[object, ...], extra: dict[str, Any]) -> Stored:
    """The record of these values, in the order of its fields."""
    record = object.__new__(kind)
    for f, value in zip(fields(kind), values, strict=True):  # type: ignore[arg-type]
        object.__setattr__(record, f.name, value)
    if extra:
        object.__setattr__(record, "_extra", extra)
    return record


# ------------------------------------------------------------------------------------------ the data


@dataclass(frozen=True, slots=True, order=True, repr=False)
class Span(Abridged):
    """A stretch of an article: its characters from `start` up to, but not including, `end`.

    >>> over, number = Span(17, 25, "a"), Span(22, 25, "a")
    >>> over.overlaps(number), number in over, len(over), Span(17, 25, "b").overlaps(number)
    (True, True, 8, False)
    """

    start: int
    """Offset of the first character, in characters of the article's decoded text."""
    end: int
    """Offset just past the last character."""
    article: str | None = None
    """Id of the article; None if the span is of a text without an id."""

    def __len__(self) -> int:
        return max(0, self.end - self.start)

    def __contains__(self, other: Span) -> bool:
        """Whether the other span is within this one or equal to it."""
        return self.article == other.article and self.start <= other.start and other.end <= self.end

    def shared(self, other: Span) -> int:
        """The number of characters that both spans have.

        Args:
            other: Another span.

        Returns:
            The number of shared characters; 0 for spans of two articles.
        """
        if self.article != other.article:
            return 0
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def overlaps(self, other: Span) -> bool:
        """Whether the spans share at least one character of the same article.

        Args:
            other: Another span.

        Returns:
            True if they share a character.
        """
        return self.shared(other) > 0

    def text(self, whole: str) -> str:
        """The characters of the span.

        Args:
            whole: Text of the article.

        Returns:
            The part of the text within the span; empty if the span begins before the text.
        """
        return whole[self.start : self.end] if self.start >= 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evidence(Abridged):
    """One passage of an article that states a claim."""

    article: str
    """Id of the article."""
    text: str
    """Text of the passage, exactly as in the article; an answer in words of its own if there is no place."""
    start: int
    """Offset of the passage's first character in the article's decoded text; -1 if the article states the
    claim in words that no answer has."""
    speaker: str | None = None
    """Person or organization to whom the article attributes the statement; None if it names nobody."""
    as_of: str | None = None
    """Date of which the statement speaks, in ISO form; None if not given."""
    hedged: bool = False
    """Whether the passage is hedged, as by "apparently" or "some of"."""

    @property
    def end(self) -> int:
        """Offset just past the passage's last character."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """Span of the passage, as authored; it is not compared with the article."""
        return Span(self.start, self.end, self.article)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Claim(Abridged):
    """One answer that some sources give, with every wording that is accepted for it."""

    id: str
    """Id of the claim, unique within its question."""
    evidence: tuple[Evidence, ...]
    """Passages that state the claim; at least one, each verbatim in its article."""
    aliases: tuple[str, ...] = ()
    """Further accepted wordings, which no article uses."""
    group: str = ""
    """Name of the group of near-claims that coverage counts as one; empty if the claim is a group alone."""
    status: ClaimStatus | None = None
    """Whether the claim is true; None if nobody says so."""
    polarity: Polarity | None = None
    """Yes or no, if that answers the question."""

    @property
    def coverage_group(self) -> str:
        """Name of the claim's group for coverage: `group`, or the claim's own id if that is empty."""
        return self.group or self.id

    @property
    def articles(self) -> frozenset[str]:
        """Ids of the articles that state the claim."""
        return frozenset(e.article for e in self.evidence)

    @property
    def wordings(self) -> tuple[str, ...]:
        """Distinct accepted wordings: the evidence texts, then the aliases, in the order authored."""
        return tuple(dict.fromkeys([e.text for e in self.evidence] + list(self.aliases)))

    def evidence_in(self, article: str) -> tuple[Evidence, ...]:
        """The passages of one article that state the claim.

        Args:
            article: Id of the article.

        Returns:
            The passages; empty if the article does not state the claim.
        """
        return tuple(e for e in self.evidence if e.article == article)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Question(Abridged):
    """One fact: a question, its paraphrases, and the answers of each article."""

    id: str
    """Id of the fact, unique within the question set."""
    question: str
    """Question in its canonical wording."""
    category: str
    """Category of the fact, in kebab-case."""
    answer_type: AnswerType
    """Kind of value that answers the question."""
    claims: tuple[Claim, ...]
    """Claims that some article makes; two or more if the sources disagree."""
    paraphrases: tuple[str, ...] = ()
    """Other wordings of the question."""
    relation: Relation | None = None
    """Reason why the sources of a contested fact differ; None for a settled fact."""
    silent: tuple[str, ...] = ()
    """Ids of the articles that do not answer. There, the right answer is no answer."""
    partial: tuple[str, ...] = ()
    """Ids of the articles that neither answer nor are silent. They are not scored."""
    resolution: str | None = None
    """Id of the claim that the authors of the set prefer; None if they prefer none."""
    scope: tuple[str, ...] | str | None = None
    """Ids of the articles that the question is asked of, or their topic; None for all articles."""
    note: str = ""
    """Explanation for people, such as why the sources differ."""

    @property
    def contested(self) -> bool:
        """Whether the sources disagree, that is, whether there are two or more claims."""
        return len(self.claims) >= 2

    def own_claims(self, article: str) -> tuple[Claim, ...]:
        """The claims that an article states.

        Args:
            article: Id of the article.

        Returns:
            The claims, in the order authored; empty if the article states none.
        """
        return tuple(c for c in self.claims if article in c.articles)

    def own_golds(self, article: str) -> tuple[str, ...]:
        """The gold answers for a question that is asked of one article.

        Args:
            article: Id of the article.

        Returns:
            The distinct evidence texts of the article, without aliases; empty if the article states no claim.
        """
        return tuple(dict.fromkeys(e.text for c in self.claims for e in c.evidence_in(article)))

    @property
    def any_golds(self) -> tuple[str, ...]:
        """Distinct evidence texts of every claim, without aliases."""
        return tuple(dict.fromkeys(e.text for c in self.claims for e in c.evidence))

    @property
    def answering(self) -> frozenset[str]:
        """Ids of the articles that state at least one claim."""
        return frozenset(a for c in self.claims for a in c.articles)

    def wording(self, paraphrase: int = 0) -> str:
        """One wording of the question.

        Args:
            paraphrase: Number of the paraphrase, from 1; 0 for the canonical wording.

        Returns:
            The wording.

        Raises:
            IndexError: There is no paraphrase of that number.
        """
        return self.question if paraphrase == 0 else self.paraphrases[paraphrase - 1]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Article(Abridged):
    """One source: its text and what is known about it."""

    id: str
    """Id of the article, which evidence, `silent` and `partial` refer to."""
    text: str
    """Text of the article, decoded; offsets count its characters."""
    sha256: str = ""
    """SHA-256 of the file's bytes. Empty for a text in memory; `evaluate` fills it in."""
    label: str | None = None
    """Short name for people, such as the publisher's name."""
    topic: str | None = None
    """Name of a group of articles. The scope of a question may name it."""
    title: str | None = None
    """Title of the article."""
    publisher: str | None = None
    """Name of the publisher."""
    byline: str | None = None
    """Name of the author, as printed."""
    published: str | None = None
    """Date of publication."""
    notes: str | None = None
    """Remarks of the people who collected the article."""


def is_in_scope(question: Question, article: str, topic: str | None) -> bool:
    """Whether a question is asked of the article of that id and topic."""
    if question.scope is None:
        return True
    return topic == question.scope if isinstance(question.scope, str) else article in question.scope


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Corpus(Abridged):
    """A question set with its articles. `load_corpus` validates it; the constructor validates nothing.

    >>> fell = Evidence(article="a", text="Palmyra", start=0)
    >>> question = Question(
    ...     id="fell",
    ...     question="What fell?",
    ...     category="events",
    ...     answer_type="place",
    ...     claims=(Claim(id="palmyra", evidence=(fell,)),),
    ...     silent=("b",),
    ... )
    >>> articles = Article(id="a", text="Palmyra fell."), Article(id="b", text="It rained.")
    >>> Corpus(questions=(question,), articles=articles).question("fell").own_golds("a")
    ('Palmyra',)
    """

    questions: tuple[Question, ...]
    """Questions in file order: files by name, lines as they follow in each file."""
    articles: tuple[Article, ...]
    """Articles in the order of the manifest."""
    questions_sha256: str = ""
    """SHA-256 of the canonical JSON of all questions, sorted by id. Empty for a corpus in memory; `evaluate`
    fills it in."""
    articles_sha256: str = ""
    """SHA-256 of the sorted (id, sha256) pairs of all articles. Empty for a corpus in memory; `evaluate`
    fills it in."""
    questions_path: str = ""
    """Path of the questions, as it is shown and stored with a run."""
    articles_path: str = ""
    """Path of the articles, as it is shown and stored with a run."""
    questions_from: tuple[Path, ...] = ()
    """Absolute paths of the files and folders that the questions were read from; empty for a corpus in
    memory."""
    articles_from: Path | None = None
    """Absolute path of the folder that the articles were read from; None for a corpus in memory."""

    def article(self, id: str) -> Article:
        """The article with this id.

        Args:
            id: Id of the article.

        Returns:
            The article.

        Raises:
            UnknownNameError: No article has this id. It is a KeyError too.
        """
        return _with_id("article", self.articles, id)

    def in_scope(self, question: Question) -> tuple[Article, ...]:
        """The articles that a question is asked of, in their order. Without a scope, these are all articles.

        Example:
            >>> from dataclasses import replace
            >>> articles = Article(id="a", text="Rain.", topic="rain"), Article(id="b", text="Snow.")
            >>> corpus = Corpus(questions=(), articles=articles)
            >>> asked = Question(id="q", question="What fell?", category="c", answer_type="text", claims=())
            >>> " ".join(article.id for article in corpus.in_scope(replace(asked, scope="rain")))
            'a'
        """
        return tuple(a for a in self.articles if is_in_scope(question, a.id, a.topic))

    def question(self, id: str) -> Question:
        """The question with this id.

        Args:
            id: Id of the question.

        Returns:
            The question.

        Raises:
            UnknownNameError: No question has this id. It is a KeyError too.
        """
        return _with_id("question", self.questions, id)


_LISTED_IDS = 12

_Named = TypeVar("_Named", Article, Question)


def _with_id(noun: str, known: tuple[_Named, ...], id: str) -> _Named:
    found = next((one for one in known if one.id == id), None)
    if found is None:
        named = ", ".join(f'"{one.id}"' for one in known[:_LISTED_IDS])
        more = ", …" if len(known) > _LISTED_IDS else ""
        raise UnknownNameError(f'there is no {noun} "{id}"; there are {len(known)}: {named}{more}')
    return found


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Example(Abridged):
    """One question of a public data set, with its text and its golds."""

    id: str
    """Id of the question, unique within the data set."""
    question: str
    """Question, as in the data set."""
    context: str
    """Text of which the question is asked."""
    context_id: str
    """Id of the context: `c` and the first 12 hex digits of the SHA-256 of its text. Questions on equal texts
    have the same one, and form one cluster."""
    golds: tuple[str, ...]
    """Answers as in the data set, in its order, with repetitions; empty if the right answer is no answer."""
    starts: tuple[int | None, ...] = ()
    """Offset of each gold in the context; None if the data set does not give it, or gives a wrong one."""

    @property
    def item(self) -> ItemId:
        """Id of the item, `QID@CONTEXTID`. Any `% @ ~ *` in the question's id are percent-encoded.

        >>> str(Example(id="q@1", question="?", context="A b.", context_id="c0", golds=()).item)
        'q%401@c0'
        """
        return _item_of(self.id, self.context_id)


_ENCODED = str.maketrans({c: f"%{ord(c):02X}" for c in "%@~*"})


# Cached because the id is asked for at several places for each example.
@lru_cache(maxsize=1024)
def _item_of(id: str, context_id: str) -> ItemId:
    return ItemId(fact=id.translate(_ENCODED), article=context_id)


# ------------------------------------------------------------------------------------------ the items


_ITEM_ID = re.compile("([^@~]+)(?:~([1-9][0-9]{0,8}))?@([^@]+)")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ItemId:
    """Id of an item: `FACT@ARTICLE`, or `FACT~N@ARTICLE` for paraphrase N (from 1).

    On the pooled track the article is `*`. `ItemId.parse` and `str` are inverses.
    """

    fact: str
    """Id of the question."""
    article: str
    """Id of the article, or `*` for all articles at once."""
    paraphrase: int = 0
    """Number of the paraphrase, from 1; 0 for the canonical wording."""

    def __str__(self) -> str:
        return f"{self.fact}{f'~{self.paraphrase}' if self.paraphrase else ''}@{self.article}"

    @classmethod
    @lru_cache(maxsize=1024)  # parsed at several places for each row
    def parse(cls, text: str) -> ItemId:
        """The id that `str` writes as this text. Raises ValueError, which quotes the text, for any other."""
        found = _ITEM_ID.fullmatch(text)
        if found is None:
            raise ValueError(
                f"not an item id: {text!r} (FACT@ARTICLE, FACT~N@ARTICLE or FACT@*; N counts from 1)"
            )
        fact, paraphrase, article = found.groups()
        return cls(fact=fact, article=article, paraphrase=int(paraphrase or 0))

    @property
    def track(self) -> Track:
        """Track of the item."""
        return "pooled" if self.article == "*" else "reading"


def is_item_id(text: str) -> bool:
    """Whether `ItemId.parse` takes the text.

    >>> is_item_id("sky@a"), is_item_id("sky~2@*"), is_item_id("sky~0@a"), is_item_id("@")
    (True, True, False, False)
    """
    return _ITEM_ID.fullmatch(text) is not None


class _ParsedAsItemId:
    """Makes pydantic refuse a text that is not an item id."""

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import PydanticCustomError
        from pydantic_core.core_schema import no_info_after_validator_function

        def parsed(text: str) -> str:
            try:
                ItemId.parse(text)
            except ValueError as error:
                raise PydanticCustomError("item_id", "{why}", {"why": str(error)}) from None
            return text

        return no_info_after_validator_function(parsed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"pattern": f"^{_ITEM_ID.pattern}$"}


ItemText = Annotated[str, _ParsedAsItemId()]
"""Id of an item, as text."""


def is_pooled_id(text: str) -> bool:
    """Whether a text is the id of an item of the pooled track.

    >>> is_pooled_id("sky@*"), is_pooled_id("sky@a"), is_pooled_id("sky")
    (True, False, False)
    """
    return text.endswith("@*") and is_item_id(text)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShownPassage(Abridged):
    """One of several passages that a question is asked of at once."""

    id: str
    """Id of the article."""
    text: str
    """Text of the passage."""
    source: str
    """Name of the source, as a model and a reader of its answer call it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Instance(Abridged):
    """One question, asked of one text, of several passages at once, or of none.

    This is all that a model sees, and it holds no gold answer.
    """

    item: str
    """Id of the item. A prediction repeats it, so predictions may come in any order."""
    question: str
    """Question to answer."""
    context: str
    """Text to search for the answer; empty unless the mode is `one`."""
    article: str = ""
    """Id of the article that the context is; a candidate repeats it."""
    mode: Mode = "one"
    """Passages that the question is asked with."""
    passages: tuple[ShownPassage, ...] = ()
    """Passages in the order in which they are shown, if the mode is `all`."""
    question_id: str = ""
    """Id of the question in a public data set; empty elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Candidate(Stored):
    """One possible answer. An answer that is only a text has no article and no offsets."""

    text: str
    """Text of the answer."""
    article: str | None = None
    """Id of the article that holds the answer."""
    start: int | None = None
    """Offset of the answer's first character in the article."""
    end: int | None = None
    """Offset just past the answer's last character in the article."""
    score: float = 0.0
    """Score of the answer: the sum of its start and end logits, or any number that is higher for a better
    answer and comparable across articles."""
    probability: Fraction | None = None
    """Probability of the answer: its share in one softmax over the n-best answers and the null score. None
    until an answer is decided from the prediction."""

    @property
    def span(self) -> Span | None:
        """Span of the answer; None if the article or an offset is missing, or if the span would be empty."""
        if self.article is None or self.start is None or self.end is None or self.start >= self.end:
            return None
        return Span(self.start, self.end, self.article)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NBest(Sequence[Candidate]):
    """Candidates, the best first, as columns of equal lengths. It makes a `Candidate` when asked for one.

    It equals the tuple of its candidates, and takes the place of one: a run handles twenty candidates for
    each answer, and seldom looks at more than the first.

    >>> best = NBest.of([Candidate(text="400", score=2.0), Candidate(text="417", score=1.0)])
    >>> best[0].text, best.scores, best[1:] == (Candidate(text="417", score=1.0),)
    ('400', (2.0, 1.0), True)
    """

    texts: tuple[str, ...] = ()
    articles: tuple[str | None, ...] = ()
    starts: tuple[int | None, ...] = ()
    ends: tuple[int | None, ...] = ()
    scores: tuple[float, ...] = ()
    probabilities: tuple[float | None, ...] = ()

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> NBest:
        """The columns of candidates. Their `extra` fields are left out."""
        if isinstance(candidates, NBest):
            return candidates
        rows = [(c.text, c.article, c.start, c.end, c.score, c.probability) for c in candidates]
        return cls(*zip(*rows, strict=True)) if rows else NO_CANDIDATES

    @classmethod
    def listed(cls, objects: object) -> NBest | None:
        """The columns of candidates that are columns already, or a list of JSON objects, as this program
        writes them.

        None if anything in the list has another form: another type, a further field, a number that JSON
        would not hold, or only one of two offsets.
        """
        if isinstance(objects, NBest):
            return objects
        if type(objects) is not list or {*map(type, objects)} - {dict}:
            return None
        if not objects:
            return NO_CANDIDATES
        if any(one.keys() != _CANDIDATE_FIELDS for one in objects):
            return None
        found = cls(*zip(*map(_candidate_values, objects), strict=True))
        if (
            {*map(type, found.texts)} == {str}
            and {*map(type, found.scores)} == {float}
            and {*map(type, found.starts)} <= {int, _NONE}
            and [*map(type, found.starts)] == [*map(type, found.ends)]
            and {*map(type, found.articles)} <= {str, _NONE}
            and all(map(math.isfinite, found.scores))
            and all(map(is_fraction, found.probabilities))
        ):
            return found
        return None

    @property
    def columns(self) -> tuple[tuple[Any, ...], ...]:
        """The columns, in the order of the fields of `Candidate`."""
        return (self.texts, self.articles, self.starts, self.ends, self.scores, self.probabilities)

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> NBest: ...
    def __getitem__(self, index: int | slice) -> Candidate | NBest:
        if isinstance(index, slice):
            return NBest(*(column[index] for column in self.columns))
        text, article, start, end, score, probability = [column[index] for column in self.columns]
        return Candidate(
            text=text, article=article, start=start, end=end, score=score, probability=probability
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, NBest):
            return self.columns == other.columns
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


NO_CANDIDATES = NBest()
_NONE = type(None)
_CANDIDATE_FIELDS = {*field_names(Candidate)}
_candidate_values = itemgetter(*field_names(Candidate))


def is_fraction(value: object) -> bool:
    """Whether a value is a fraction or None, as JSON holds it.

    >>> is_fraction(0.5), is_fraction(None), is_fraction(1.5), is_fraction(1)
    (True, True, False, False)
    """
    return value is None or (type(value) is float and 0.0 <= value <= 1.0)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prediction(Abridged):
    """Output of a model for one instance, before any threshold."""

    item: str
    """Id of the item, copied from the instance."""
    n_best: Sequence[Candidate] = ()
    """Best candidates, the best first: distinct spans, never the null answer. Empty if the model has none."""
    null_score: float | None = None
    """Score of "no answer": the sum of its logits, the minimum over the windows. None if the model does not
    compute one."""
    text: str | None = None
    """Final answer of a model that decides itself; "" if it abstains. No threshold is applied to it. None if
    a threshold has to decide."""
    no_answer_probability: float | None = None
    """Probability of "no answer" that the model gives itself. If it is None, it is computed as
    sigmoid(null_score - best score)."""
    windows: int = 0
    """Number of windows that the context was cut into."""
    tokens: int = 0
    """Number of tokens that went through the model, with special tokens and without padding."""
    truncated: bool = False
    """Whether the model could not see some part of the context."""
    raw: str | None = None
    """Text as a language model wrote it, if it differs from `text`."""
    confidence: float | None = None
    """Confidence in `text` that the model gives itself, in [0, 1]; None if it follows from the scores."""
    tokens_out: int | None = None
    """Number of tokens that a language model wrote; None if it is not known."""
    seconds: float | None = None
    """Time from the request to the whole answer, in seconds; None if answers were computed together."""
    unfinished: bool = False
    """Whether a language model's answer ends because it has the greatest number of tokens."""
    error: str | None = None
    """Reason why there is no prediction; None if there is one. An item with an error scores 0 and is
    counted."""
    error_of_item: bool = False
    """Whether the error is due to the item, such as a prompt that is too long. It then says nothing about the
    model, and any number of such errors ends no run."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer(Abridged):
    """Answer that was decided from a prediction."""

    item: str
    """Id of the item."""
    text: str
    """Text of the answer; "" for no answer."""
    candidate: Candidate | None = None
    """Candidate that was chosen; None if the model abstains or has no candidates."""
    score: float | None = None
    """Score of the best candidate, chosen or not."""
    null_score: float | None = None
    """Score of "no answer", copied from the prediction."""
    no_answer_probability: float | None = None
    """Probability of "no answer"."""
    threshold: float | None = None
    """Threshold that decided: the model abstains if null_score - best score is above it. None if no threshold
    could decide."""
    n_best: Sequence[Candidate] = ()
    """Best candidates with their probabilities, the best first."""
    confidence: float | None = None
    """Probability of the chosen answer, or of the null answer if the model abstains, in [0, 1]."""
    windows: int = 0
    """Number of windows that the context was cut into."""
    tokens: int = 0
    """Number of tokens that went through the model, with special tokens and without padding."""
    truncated: bool = False
    """Whether the model could not see some part of the context."""
    raw: str | None = None
    """Text as a language model wrote it, if it differs from `text`."""
    error: str | None = None
    """Reason why there is no prediction; None if there is one."""
    missing: bool = False
    """Whether the model returned no prediction at all for the item."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Match(Stored):
    """Verdict on an answer compared with a wording, and the rule that gave it."""

    ok: bool
    """Whether the answer matches the wording."""
    rule: str
    """Name of the rule that decided."""
    level: int
    """Level of the match: 5 identical, 4 equal by the SQuAD rules, 3 equal text, 2 equal typed value,
    1 value only, 0 no match."""
    detail: str = ""
    """Description for people of what was compared, such as `400 != 417`."""

    @property
    def makes_claim(self) -> bool:
        """Whether the answer makes the wording's claim by the strict rule: equal typed value or better."""
        return self.ok and self.level >= 2


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Estimate(Stored):
    """A metric's value with its 95 % interval."""

    value: Score
    """Value of the metric."""
    low: Score | None = None
    """Lower end of the 95 % interval, which never has zero width. None on fewer than 8 clusters."""
    high: Score | None = None
    """Upper end of the 95 % interval. None on fewer than 8 clusters."""
    method: str = ""
    """Method of the interval: `bca`, `percentile` or `wilson`; `too-few` if there is no interval."""
    n: int = 0
    """Number of items in the denominator."""
    clusters: int = 0
    """Number of clusters that the items come from: facts, or contexts of a public data set."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Difference(Stored):
    """Difference of a metric between two models on the same facts."""

    value: float
    """Value of the first model minus that of the second, in [-1, 1]."""
    low: float | None = None
    """Lower end of the 95 % interval, from the same test as p. None on fewer than 8 clusters."""
    high: float | None = None
    """Upper end of the 95 % interval. The interval excludes 0 only if p is at most 1 - confidence."""
    p: Fraction | None = None
    """Two-sided p-value. For ranked rows it is corrected for their number, as the ranks are. None if it was
    not stored."""
    method: str = ""
    """Method of the interval: `sign-flip`, or `wilson` if no fact differs; `too-few` if there is no
    interval."""
    clusters: int = 0
    """Number of clusters on which the models are compared: facts, or contexts of a public data set."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Summary(Abridged):
    """All metrics of one model on one data set."""

    metrics: Mapping[Track, Mapping[str, Estimate]]
    """Metrics by track and id. Metrics that are undefined on these data are absent."""
    slices: Mapping[str, Mapping[str, Estimate]]
    """Metrics by slice and id. The slices are `settled`, `contested`, `silent`, `relation:R`, `category:C`
    and `article:A`. They are computed on the reading track, or on the pooled track if the reading track was
    not run."""
    source_preference: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Preference for each article on the pooled track, as {wins, n, rate, chance}: how often the top answer
    to a contested question makes a claim of the article."""
    speaker_preference: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Preference for each speaker that the evidence names, on the pooled track, as {wins, n, rate,
    chance}."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Numbers of items by name: items, answered, abstained, missing, errors, truncated, leakable. They count
    reading items, or pooled items if the reading track was not run. `pooled_missing` and
    `pooled_errors` count the pooled items that are missing or failed beside reading items,
    `paraphrase_errors` the items in other wordings that failed, and `failed_prompts` the failed prompts
    without passages or in other orders."""


# ------------------------------------------------------------------------------------------ models and runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """Choices of windowing and decoding that can change an answer."""

    max_length: int = 384
    """Greatest number of tokens in a window, with the question and special tokens."""
    doc_stride: int = 128
    """Number of tokens that consecutive windows share."""
    max_answer_tokens: int = 30
    """Greatest number of tokens in an answer."""
    n_best: int = 20
    """Greatest number of candidates in a prediction."""


LEAST_DECODING: Mapping[str, int] = {"max_length": 8, "doc_stride": 0, "max_answer_tokens": 1, "n_best": 1}
"""The smallest value of each choice of `Decoding`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """Choices of how to compute. They move scores by at most 1e-4; only a near tie can change its answer."""

    device: str = "auto"
    """Device that computes: `auto`, `cpu`, `cuda` and so on."""
    dtype: str = "auto"
    """Number format of the weights; `auto` is float32 on a CPU."""
    batch_tokens: int | None = None
    """Number of tokens, with padding, that go through a model at once; None for a number that suits the
    device."""
    deterministic: bool = False
    """Whether every window goes through the model alone and unpadded, on the CPU with a fixed number of
    threads."""
    trust_remote_code: bool = False
    """Whether a checkpoint's own Python code may run."""
    convert_weights: bool = False
    """Whether to read pickled weights, tensors only, if a checkpoint has no other weights."""
    seed: int = 0
    """Seed of a model's random choices."""
    concurrency: int = 8
    """Greatest number of requests that a server gets at once."""
    timeout: float = 120.0
    """Time after which a request to a server is given up, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelInfo(Stored):
    """Identity of a model: enough to tell two models apart and to find the same model again."""

    spec: str
    """Canonical spec of the model. Parsing and printing it gives the same text."""
    kind: str
    """Kind of the model; `reference` for rows that are built from the golds."""
    name: str
    """Name of the model for people."""
    revision: str | None = None
    """Revision of the checkpoint."""
    weights_sha256: str | None = None
    """SHA-256 of the weight files' bytes."""
    fingerprint: str | None = None
    """Hash of everything that decides the answers except the decoding options: weights, configuration,
    tokenizer, or the code version of a heuristic. None if answers of the model must not be cached."""
    parameters: int | None = None
    """Number of parameters."""
    no_null_head: bool = False
    """Whether the model has no score for "no answer", or was not declared as trained with unanswerable
    questions. Such a model never abstains by a threshold."""
    declaration: Declaration | None = None
    """Place that declares whether the model was trained with unanswerable questions: `card`, `option` (of the
    spec) or `undeclared`. None for kinds of model that need no declaration, and in runs of older versions."""
    license: str | None = None
    """License of the model."""
    backend: str = "python"
    """Backend that computes, such as `torch-float32` or `python`. It is part of the signature."""
    tokenizer_note: str | None = None
    """Difference between the tokenizer.json that was read and the tokenizer that transformers builds; None if
    there is none."""
    prompts: Mapping[str, str] | None = None
    """Mode -> name, version and hash of the prompt; None for a model without prompts."""
    sampling: str | None = None
    """Choices of generation in words: length, temperature, seed, stop texts. None for a model that writes no
    texts."""
    reported: str | None = None
    """Model and version that a server reports; None for a model that no server computes."""
    _sparse: ClassVar[frozenset[str]] = frozenset({"prompts", "sampling", "reported"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem in input that people write."""

    severity: Severity
    """Severity of the problem: `error` or `warning`."""
    path: str
    """Path of the file, as it is shown."""
    line: int | None
    """Number of the line, from 1; None if the problem concerns the whole file."""
    field: str
    """Path of the field, such as `claims[1].id`; empty if the problem is in no field."""
    message: str
    """Message for people: what was found, and what would be right."""
    check: str = ""
    """Short name of the check in kebab-case, as exemptions use it."""
    fact: str = ""
    """Id of the question; empty if it is not known."""
    column: int | None = None
    """Number of the character in the line, from 1; None if it is not known."""

    @property
    def place(self) -> str:
        """Place of the problem, `path:line:column`, as far as it is known. Editors and terminals open it."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        said = f"{self.field}: {self.message}" if self.field else self.message
        return f"{self.place}: {said}"
