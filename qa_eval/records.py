"""The plain values that pass between the layers: frozen dataclasses, no I/O, no computation beyond lookups.

An `Instance` is what a model sees (no gold), a `Prediction` is what it says, an `Answer` is what was decided
from that under a threshold. Everything is a fraction in [0, 1] or
absent (`None`); nothing is ever NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast, get_args

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

AnswerType = Literal[
    "number", "duration", "percent", "age", "money", "date", "person", "place", "organization", "text"
]
"""What kind of value answers a question; chooses the typed rules of `qa_eval.matching.typed`."""
ANSWER_TYPES: tuple[AnswerType, ...] = get_args(AnswerType)

Relation = Literal["contradiction", "update", "precision", "scope", "wording"]
"""Why the sources of a contested fact differ: both cannot be true; a later count or state; one is finer or
bounded; battle or whole offensive; other words reported for one statement."""
RELATIONS: tuple[Relation, ...] = get_args(Relation)

Track = Literal["reading", "pooled"]
"""`reading`: a question asked of one article. `pooled`: a question asked of all articles at once."""
TRACKS: tuple[Track, ...] = get_args(Track)

Declaration = Literal["card", "option", "undeclared"]
"""Where it is declared whether a model was trained with unanswerable questions: in its model card, by the
option of its spec, or nowhere."""

Severity = Literal["error", "warning"]
DuplicateIds = Literal["error", "first"]
"""What happens to a question whose id an earlier one has: the data set is refused, or the first is kept."""
Status = Literal["complete", "partial", "error"]


class Bounds:
    """What pydantic checks of a number that it reads: the least and the greatest value."""

    def __init__(self, **bounds: float) -> None:
        """`ge` and `le`, each of which may be left out."""
        self._bounds = bounds

    def __get_pydantic_core_schema__(self, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        schema: Any = {**handler(source), **self._bounds}
        return cast("CoreSchema", schema)


Fraction = Annotated[float, Bounds(ge=0.0, le=1.0)]
"""A number in [0, 1]."""
Score = Annotated[float, Bounds(le=1.0)]
"""A metric's value: a fraction, or a skill, which is below 0 where a trivial strategy does better."""


# ------------------------------------------------------------------------------------------ how they print

_LONGEST_REPR = 1_000
"""Characters of a record's `repr`, about."""


def abridged(name: str, values: Iterable[tuple[str, object]]) -> str:
    """`NAME(field=value, …)` as a dataclass prints itself; if that is too long, long values are cut.

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
    """The `repr` of a value if it is that short, else its beginning, or how much is in it.

    Of large values no more is rendered than is shown.
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
    """A dataclass whose `repr` is short, however much it holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = fields(self)  # type: ignore[arg-type]
        return abridged(type(self).__name__, [(f.name, getattr(self, f.name)) for f in shown if f.repr])


class Stored(Abridged):
    """A frozen dataclass that run folders hold: pydantic validates it when it is read, and writes it.

    To construct one needs no pydantic, and nothing is then validated. Fields that a newer program wrote are
    kept in `extra` and written back. They are not part of the value: `==`, `repr` and `dataclasses.replace`
    leave them out. Copies and pickles keep them.
    """

    __slots__ = ("_extra",)
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "allow",
        "allow_inf_nan": False,
        "use_attribute_docstrings": True,
    }

    @property
    def extra(self) -> Mapping[str, Any]:
        """The fields that this version does not know, as they were read."""
        found: Mapping[str, Any] = getattr(self, "_extra", {})
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """What `copy` and `pickle` make the record of."""
        return _restored, (type(self), tuple(self.parts().values()), dict(self.extra))

    def parts(self) -> dict[str, Any]:
        """The fields that this version knows, by name; records among them stay records."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Puts unknown fields aside when the record is read, and adds them when it is written."""
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
            return {**dump(record), **record.extra}

        # Where the class is met again, pydantic takes what `ref` names, which has to be the whole.
        plain = dict(handler.resolve_ref_schema(handler(source)))
        return core_schema.no_info_wrap_validator_function(
            read,
            plain,
            ref=plain.pop("ref"),
            serialization=core_schema.wrap_serializer_function_ser_schema(write, schema=plain),
        )


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
    """A stretch of an article, half-open: its characters from `start` up to `end`, which is not in it.

    >>> over, number = Span(17, 25, "a"), Span(22, 25, "a")
    >>> over.overlaps(number), number in over, len(over), Span(17, 25, "b").overlaps(number)
    (True, True, 8, False)
    """

    start: int
    """Offset of the first character in the article's decoded text."""
    end: int
    """Offset just past the last character."""
    article: str | None = None
    """Id of the article; None for a stretch of a text that is at hand."""

    def __len__(self) -> int:
        return max(0, self.end - self.start)

    def __contains__(self, other: Span) -> bool:
        """Whether the other lies within this one, which may be equal."""
        return self.article == other.article and self.start <= other.start and other.end <= self.end

    def shared(self, other: Span) -> int:
        """Number of characters that both have."""
        if self.article != other.article:
            return 0
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def overlaps(self, other: Span) -> bool:
        """Whether both have a character of one article."""
        return self.shared(other) > 0

    def text(self, whole: str) -> str:
        """What the whole text has there; empty for a span that begins before the text."""
        return whole[self.start : self.end] if self.start >= 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evidence(Abridged):
    """One passage that states a claim."""

    article: str
    text: str
    """Exactly the article's text at `start`."""
    start: int
    """Character offset in the article's decoded text."""
    speaker: str | None = None
    as_of: str | None = None
    """ISO date the statement speaks of."""
    hedged: bool = False
    """True for "apparently", "some of" and the like."""

    @property
    def end(self) -> int:
        """Offset just past the last character (half-open)."""
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        """Where it is said to be in its article."""
        return Span(self.start, self.end, self.article)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Claim(Abridged):
    """One answer that some sources give, in every wording accepted for it."""

    id: str
    evidence: tuple[Evidence, ...]
    """The passages that state it; at least one, each verbatim in its article."""
    aliases: tuple[str, ...] = ()
    """Further accepted wordings that no article uses."""
    group: str = ""
    """Joins near-claims for coverage; empty means the claim's own id."""

    @property
    def coverage_group(self) -> str:
        return self.group or self.id

    @property
    def articles(self) -> frozenset[str]:
        return frozenset(e.article for e in self.evidence)

    @property
    def wordings(self) -> tuple[str, ...]:
        """Evidence texts, then aliases; distinct, in the order authored."""
        return tuple(dict.fromkeys([e.text for e in self.evidence] + list(self.aliases)))

    def evidence_in(self, article: str) -> tuple[Evidence, ...]:
        return tuple(e for e in self.evidence if e.article == article)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Question(Abridged):
    """One fact: a question, its paraphrases, and what each article answers."""

    id: str
    question: str
    category: str
    answer_type: AnswerType
    claims: tuple[Claim, ...]
    paraphrases: tuple[str, ...] = ()
    relation: Relation | None = None
    silent: tuple[str, ...] = ()
    """Articles that do not answer: the right answer there is no answer."""
    partial: tuple[str, ...] = ()
    """Articles that neither answer nor are silent; left out of scoring."""
    note: str = ""

    @property
    def contested(self) -> bool:
        """Two or more claims: the sources disagree."""
        return len(self.claims) >= 2

    def own_claims(self, article: str) -> tuple[Claim, ...]:
        """The claims this article states; empty where it is silent."""
        return tuple(c for c in self.claims if article in c.articles)

    def own_golds(self, article: str) -> tuple[str, ...]:
        """Evidence texts of the article itself, distinct; empty where it is silent. Never aliases."""
        return tuple(dict.fromkeys(e.text for c in self.claims for e in c.evidence_in(article)))

    @property
    def any_golds(self) -> tuple[str, ...]:
        """Evidence texts of every claim, distinct. Never aliases."""
        return tuple(dict.fromkeys(e.text for c in self.claims for e in c.evidence))

    @property
    def answering(self) -> frozenset[str]:
        """The articles that state at least one claim."""
        return frozenset(a for c in self.claims for a in c.articles)

    def wording(self, paraphrase: int = 0) -> str:
        """The canonical question (0) or paraphrase N (from 1)."""
        return self.question if paraphrase == 0 else self.paraphrases[paraphrase - 1]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Article(Abridged):
    """One source: its text and what is known of it."""

    id: str
    text: str
    sha256: str = ""
    """SHA-256 of the bytes; empty for a text in memory, until it is evaluated."""
    label: str | None = None
    """Short name for people, such as the publisher's."""
    title: str | None = None
    publisher: str | None = None
    byline: str | None = None
    published: str | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Corpus(Abridged):
    """A question set with its articles. `load_corpus` validates it; one made in memory is taken as it is.

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
    """In file order (files by name, lines in order)."""
    articles: tuple[Article, ...]
    """In manifest order."""
    questions_sha256: str = ""
    """Over the canonical JSON of all questions, sorted by id; empty in memory, until it is evaluated."""
    articles_sha256: str = ""
    """Over the sorted (id, sha256) pairs of all articles; the same."""
    questions_path: str = ""
    articles_path: str = ""
    questions_from: tuple[Path, ...] = ()
    """Absolute paths of the files and folders that the questions were read from; empty in memory."""
    articles_from: Path | None = None
    """Absolute path of the folder that the articles were read from; None in memory."""

    def article(self, id: str) -> Article:
        """The article of that id. Raises KeyError."""
        return {a.id: a for a in self.articles}[id]

    def question(self, id: str) -> Question:
        """The question of that id. Raises KeyError."""
        return {q.id: q for q in self.questions}[id]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Example(Abridged):
    """One question of a public data set, with its text and its golds."""

    id: str
    """As in the data set, where it is unique."""
    question: str
    context: str
    context_id: str
    """`c` and the first 12 hex digits of the SHA-256 of the context: equal texts are one cluster."""
    golds: tuple[str, ...]
    """Answers as in the data set, in its order, repeated ones included; empty where no answer is right."""
    starts: tuple[int | None, ...] = ()
    """Where each gold stands in the context; None where the data set does not say, or is wrong."""

    @property
    def item(self) -> ItemId:
        """`QID@CONTEXTID`, in which `% @ ~ *` of the question's id are percent-encoded.

        >>> str(Example(id="q@1", question="?", context="A b.", context_id="c0", golds=()).item)
        'q%401@c0'
        """
        return ItemId(fact=self.id.translate(_ENCODED), article=self.context_id)


_ENCODED = str.maketrans({c: f"%{ord(c):02X}" for c in "%@~*"})


# ------------------------------------------------------------------------------------------ the items


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ItemId:
    """`FACT@ARTICLE`, `FACT~N@ARTICLE` for paraphrase N (from 1), `*` for the pooled track.

    `ItemId.parse` and `str` are inverses.
    """

    fact: str
    article: str
    """An article id, or `*`."""
    paraphrase: int = 0

    def __str__(self) -> str:
        return f"{self.fact}{f'~{self.paraphrase}' if self.paraphrase else ''}@{self.article}"

    @classmethod
    def parse(cls, text: str) -> ItemId:
        """Reads what `str` writes. Raises ValueError naming the text."""
        head, at, article = text.partition("@")
        fact, tilde, number = head.partition("~")
        if not (fact and at and article) or "@" in article or (tilde and not number.isdecimal()):
            raise ValueError(f"not an item id: {text!r} (FACT@ARTICLE, FACT~N@ARTICLE or FACT@*)")
        if tilde and (number.startswith("0") or not number.isascii()):
            raise ValueError(f"not an item id: {text!r} (paraphrases count from 1)")
        return cls(fact=fact, article=article, paraphrase=int(number) if tilde else 0)

    @property
    def track(self) -> Track:
        return "pooled" if self.article == "*" else "reading"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Instance(Abridged):
    """One question asked of one text: all that a model ever sees. There is no gold in it."""

    item: str
    """The item id; predictions are matched to it, in any order."""
    question: str
    context: str
    article: str = ""
    question_id: str = ""
    """The question's own id in a public data set; empty elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Candidate(Stored):
    """One possible answer. Offsets are characters of the article, half-open; None for text-only answers."""

    text: str
    article: str | None = None
    start: int | None = None
    end: int | None = None
    score: float = 0.0
    """Start logit + end logit (or any score of which higher is better, comparable across articles)."""
    probability: Fraction | None = None
    """Filled when an answer is decided: one softmax over the n-best and the null score."""

    @property
    def span(self) -> Span | None:
        """Where it is said to be; None without an article or offsets, or where these hold nothing."""
        if self.article is None or self.start is None or self.end is None or self.start >= self.end:
            return None
        return Span(self.start, self.end, self.article)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Prediction(Abridged):
    """What a model says of one instance, before any threshold."""

    item: str
    n_best: tuple[Candidate, ...] = ()
    """Best first; spans only, never the null answer; distinct spans. Empty: nothing to answer with."""
    null_score: float | None = None
    """Logit sum of "no answer", minimum over windows; None where the model has no such head."""
    text: str | None = None
    """A final answer the model decided itself ("" = abstains), not to be decided again by a threshold."""
    no_answer_probability: float | None = None
    """Given by the model itself; otherwise computed as sigmoid(null_score - best score)."""
    windows: int = 0
    tokens: int = 0
    """Tokens that went through the model, special ones included, padding not."""
    truncated: bool = False
    """True if some of the context could not be seen."""
    error: str | None = None
    """Why there is no prediction; it then scores 0 and is counted."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer(Abridged):
    """What was decided from a prediction: a text, or "" for no answer."""

    item: str
    text: str
    candidate: Candidate | None = None
    """The chosen span; None when abstaining or when there are no candidates."""
    score: float | None = None
    """The best candidate's score, chosen or not."""
    null_score: float | None = None
    no_answer_probability: float | None = None
    threshold: float | None = None
    """Abstain when null_score - best score > threshold; None where nothing could be decided by it."""
    n_best: tuple[Candidate, ...] = ()
    """With probabilities."""
    confidence: float | None = None
    """Probability of what was answered (of the null answer when abstaining), in [0, 1]."""
    windows: int = 0
    tokens: int = 0
    truncated: bool = False
    error: str | None = None
    missing: bool = False
    """True if the model gave no prediction for the item at all."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Match(Stored):
    """How an answer was judged against a wording, and by which rule."""

    ok: bool
    rule: str
    level: int
    """5 identical, 4 equal by the SQuAD rules, 3 equal text, 2 equal typed value, 1 value only, 0 no."""
    detail: str = ""
    """For people: what was compared, e.g. `400 != 417`."""

    @property
    def makes_claim(self) -> bool:
        """True if a strict judgement says that the wording's claim was made: equal typed value or better."""
        return self.ok and self.level >= 2


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Estimate(Stored):
    """A number with its 95 % interval."""

    value: Score
    low: Score | None = None
    """Lower end; the interval never has zero width. None on fewer than 8 facts (or contexts)."""
    high: Score | None = None
    """Upper end."""
    method: str = ""
    """`bca`, `percentile`, `wilson`; `too-few` where there is no interval."""
    n: int = 0
    """Items in the denominator."""
    clusters: int = 0
    """Facts they come from; on public sets, contexts."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Difference(Stored):
    """How much better one model is than another, on the same facts."""

    value: float
    """First minus second, in [-1, 1]."""
    low: float | None = None
    """Lower end of the 95 % interval, from the test of p; None on fewer than 8 facts (or contexts)."""
    high: float | None = None
    """Upper end. The interval leaves 0 out only where p is at most 1 - confidence."""
    p: Fraction | None = None
    """Two-sided; of ranked rows, corrected for their number, as the ranks are. None if it was not stored."""
    method: str = ""
    """`sign-flip`, `wilson` where no fact differs; `too-few` where there is no interval."""
    clusters: int = 0
    """Facts on which the models are compared; on public sets, contexts."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Summary(Abridged):
    """All metrics of one model on one data set."""

    metrics: Mapping[Track, Mapping[str, Estimate]]
    """Metrics that are undefined on these data are absent."""
    slices: Mapping[str, Mapping[str, Estimate]]
    """`settled`, `contested`, `silent`, `relation:R`, `category:C`, `article:A`; of the reading track if it
    was run, else of the pooled one."""
    source_preference: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Pooled track: article -> {wins, n, rate, chance}: how often a contested top answer is its claim."""
    speaker_preference: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The same by the speakers that the evidence names."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """items, answered, abstained, missing, errors, truncated; reading items, or pooled ones if alone."""


# ------------------------------------------------------------------------------------------ models and runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoding:
    """Every choice of windowing and decoding that can move an answer."""

    max_length: int = 384
    """Tokens of a window, question and special tokens included."""
    doc_stride: int = 128
    """Tokens that consecutive windows share."""
    max_answer_tokens: int = 30
    n_best: int = 20


LEAST_DECODING: Mapping[str, int] = {"max_length": 8, "doc_stride": 0, "max_answer_tokens": 1, "n_best": 1}
"""The smallest value of each choice of `Decoding`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """How to compute; may move a score within 1e-4, never an answer that is not close."""

    device: str = "auto"
    dtype: str = "auto"
    """`auto` is float32 on CPU."""
    batch_tokens: int | None = None
    """Tokens, padding included, that go through a model at once; None: what suits the device."""
    deterministic: bool = False
    """Every window alone and unpadded, fixed threads, CPU."""
    trust_remote_code: bool = False
    convert_weights: bool = False
    """Read pickled weights, as tensors alone, where a checkpoint has no others."""
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ModelInfo(Stored):
    """Who answered: enough to tell two models apart and to find the same one again."""

    spec: str
    """Canonical spec; parses back to itself."""
    kind: str
    """`reference` for rows that are built from the golds."""
    name: str
    revision: str | None = None
    weights_sha256: str | None = None
    """Over the weight files' bytes."""
    fingerprint: str | None = None
    """Over everything that decides its answers but the decoding options (weights, config, tokenizer, code
    version of a heuristic); None: answers of this model must not be cached."""
    parameters: int | None = None
    no_null_head: bool = False
    """True if it has no score for "no answer", or was not declared as trained with unanswerable questions; it
    then never abstains by a threshold."""
    declaration: Declaration | None = None
    """Where it is declared whether the model was trained with unanswerable questions: `card`, `option` (of
    the spec) or `undeclared`. None for models of which that is not asked, and in runs of older versions."""
    license: str | None = None
    backend: str = "python"
    """What computes, as part of the signature: `torch-float32`, `python`, …"""
    tokenizer_note: str | None = None
    """How its tokenizer.json, which was read, differs from what transformers builds; None: not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem in input that people write."""

    severity: Severity
    path: str
    line: int | None
    field: str
    message: str
    """What was found, and what would be right."""
    check: str = ""
    """Short kebab-case name of the check, as used in exemptions."""
    fact: str = ""
    """The question's id where known."""
    column: int | None = None
    """Where in the line it is, in characters from 1, where known."""

    @property
    def place(self) -> str:
        """`path:line:column`, as far as known; editors and terminals open such a place."""
        return ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        said = f"{self.field}: {self.message}" if self.field else self.message
        return f"{self.place}: {said}"
