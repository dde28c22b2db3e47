"""The records of a run folder: `leaderboard.json` and the rows of `predictions/*.jsonl`.

Another version of the program may have written the files. Unknown fields are therefore kept, and absent
fields have defaults where that loses nothing. A newer `schema_version` is refused. Every metric is a fraction
in [0, 1], or a skill, which is at most 1. An absent value is `None` or left out, never NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    FiniteFloat,
    GetCoreSchemaHandler,
    TypeAdapter,
)
from pydantic_core import CoreSchema

from qa_eval.metrics.rules.squad import UNSCORED
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.models.protocol import spec_or_none
from qa_eval.records import (
    Candidate,
    Decoding,
    Difference,
    DuplicateIds,
    Estimate,
    ModelInfo,
    Status,
    Stored,
    abridged,
)
from qa_eval.runs.field_descriptions import described
from qa_eval.runs.options import StoredOptions
from qa_eval.runs.unknown_names import check_meaning

SCHEMA_VERSION = 1
"""Version of both files. It rises only when an older program would misread them."""

NOTHING_SCORED = "nothing is scored: the data set does not give its answers"
"""Note on the numbers of such a run."""


class _Record(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        defer_build=True,
    )

    def __repr__(self) -> str:
        named = [(name, value) for name, value in self.__repr_args__() if name is not None]
        return abridged(type(self).__name__, named)

    __str__ = __repr__


class DecodingRow(_Record):
    """The window settings of a model, and how its answers were decided. Parts that it lacks are None."""

    # Not a `Decoding` next to a threshold: a baseline has none of its parts, older runs may lack some, and
    # `leaderboard.json` has the threshold among them.
    max_length: int | None = None
    doc_stride: int | None = None
    max_answer_tokens: int | None = None
    n_best: int | None = None
    threshold: float | None = None
    """Threshold on null score - best score. None if it was fitted per item. The predictions rows then hold
    it."""
    threshold_source: Literal["fixed", "cross-fit", "none"] = "none"
    """Kind of threshold. `none`: there was no answer that a threshold could decide."""

    @property
    def windows(self) -> Decoding | None:
        """The model's `Decoding`; None where a part is absent."""
        parts = {f.name: getattr(self, f.name) for f in fields(Decoding)}
        return None if None in parts.values() else Decoding(**parts)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CountsRow(Stored):
    """Numbers of items by outcome, on the reading track, or on the pooled track if that ran alone."""

    items: int = 0
    answered: int = 0
    abstained: int = 0
    missing: int = 0
    """Number of items without a prediction. They score 0."""
    errors: int = 0
    truncated: int = 0
    leakable: int = 0
    """Number of items whose article has a wording of another source's claim, so that a copied answer could
    leak."""
    unasked: int = 0
    """Number of items left when the run was interrupted. `items` does not include them."""
    cached: int = 0
    """Number of reading instances that the cache answered. It may differ between equal runs."""
    pooled_missing: int = 0
    """Number of pooled items without a prediction, if the other numbers are of the reading track."""
    pooled_errors: int = 0
    """Number of pooled items that failed, if the other numbers are of the reading track."""
    paraphrase_errors: int = 0
    """Number of items in other wordings that failed, on both tracks. `errors` does not count them."""
    failed_prompts: int = 0
    """Number of a language model's further prompts that failed: without any passage, or in another order."""
    _sparse: ClassVar[frozenset[str]] = frozenset(
        {"pooled_missing", "pooled_errors", "paraphrase_errors", "failed_prompts"}
    )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PerformanceRow(Stored):
    """Speed over the instances that were asked and not taken from the cache, in all parts of a run that was
    interrupted.
    """

    seconds: float = 0.0
    items_per_second: float | None = None
    windows: int = 0
    tokens: int = 0
    tokens_per_second: float | None = None
    peak_rss_bytes: int | None = None
    tokens_out: int | None = None
    """Number of tokens that a language model wrote; they are among `tokens`. None for other models."""
    unfinished: int | None = None
    """Number of a language model's answers that end because they have the greatest number of tokens."""
    latency: dict[str, float] | None = None
    """Percentiles (`p50`, `p90`, `p99`) of the time of one answer in seconds, with the pauses after failed
    requests. None for models that compute answers together."""
    cost: float | None = None
    """Cost of the tokens, in the currency of the prices given. None without prices."""
    _sparse: ClassVar[frozenset[str]] = frozenset({"tokens_out", "unfinished", "latency", "cost"})

    @property
    def tokens_in(self) -> int | None:
        """Number of tokens that a language model read. None for other models."""
        return None if self.tokens_out is None else self.tokens - self.tokens_out


class PredictionsFileRow(_Record):
    """The predictions file of a row."""

    path: str
    """Path relative to the run folder."""
    sha256: str = ""
    """SHA-256 of the file's bytes, decompressed if they are compressed. Empty if it was not recorded."""
    rows: int


class Row(_Record):
    """One line of the leaderboard: a model, or a reference built from the golds."""

    rank: int | None = None
    """Rank of the model. A rank is one more than the number of models shown to be better, and never falls
    down the table. Models that share a rank form a group. None outside the ranking, and on fewer than 8 facts
    (or contexts)."""
    rank_interval: tuple[int, int] | None = None
    """Least and greatest possible rank, at 95 % for all rows together."""
    status: Literal["ok", "error", "partial"] = "ok"
    """State of the row. `error`: the model failed and has no metrics. `partial`: it was interrupted, and the
    metrics cover the items asked so far. Both are outside the ranking."""
    error: str | None = None
    model: ModelInfo
    signature: str = ""
    """Text of everything that can change a number. Equal signatures give equal numbers."""
    decoding: DecodingRow = DecodingRow.model_construct()
    metrics: dict[str, dict[str, Estimate]] = {}
    """Track -> metric id -> value. A metric that is undefined on these data is absent."""
    slices: dict[str, dict[str, Estimate]] = {}
    """`settled`, `contested`, `silent`, `relation:R`, `category:C`, `article:A` -> metric id -> value. With
    the reading track there is also `pooled:relation:R`, of the pooled one."""
    source_preference: dict[str, dict[str, float]] = {}
    """Article -> wins, n, rate and chance. n: contested facts that the article answers. wins: those of them
    for which the top answer of the pooled track is its claim. rate: wins / n. chance: the rate by chance."""
    speaker_preference: dict[str, dict[str, float]] = {}
    """Speaker named by the evidence -> wins, n, rate and chance, as for articles."""
    absent: dict[str, str] = {}
    """Metric id -> reason why it is absent from `metrics`, if that needs words."""
    counts: CountsRow = CountsRow()
    performance: PerformanceRow = PerformanceRow()
    predictions: PredictionsFileRow | None = None
    versus_first: Difference | None = None
    """Paired difference of the sort metric to the first ranked row; None for that row and for unranked ones
    without such a metric."""
    checksums: dict[str, str] = {}
    """Field -> checksum of the field when the row was written (`qa_eval.runs.checksums.checksums`)."""

    @property
    def is_reference(self) -> bool:
        """True for rows built from the golds."""
        return self.model.kind == "reference"

    def metric(self, track: str, metric: str) -> Estimate | None:
        """The metric, or None if it is undefined or was not run."""
        return self.metrics.get(track, {}).get(metric)


class HarnessRow(_Record):
    """The program, its version and the checkout that it was imported from."""

    name: str = "qa-eval"
    version: str = ""
    commit: str | None = None
    dirty: bool | None = None
    """Whether tracked files of the checkout differed from the commit."""
    command: str | None = None


class EnvironmentRow(_Record):
    """The machine and its software. They are never part of an identity."""

    python: str = ""
    platform: str = ""
    cpu: str = ""
    device: str = ""
    threads: int | None = None
    packages: dict[str, str] = {}


class ItemsRow(_Record):
    """The number of items on each track."""

    reading: int = 0
    pooled: int = 0


class WholeRow(_Record):
    """The size of a whole set. A run may ask a part of it."""

    facts: int
    """Number of facts or, on public data sets, questions."""
    items: ItemsRow
    """Number of items on the tracks that were run, without paraphrases."""


class DataRow(_Record):
    """The data of a run."""

    kind: str = "curated"
    """Kind of the data: `curated` for the set that comes with the program, `files` for any other with claims,
    `claims` for a data set of facts with their own passages, `public` for a data set without claims."""
    dataset: str | None = None
    """Spec of the public data set, as given."""
    split: str | None = None
    """Split of the public data set. None for a file."""
    columns: dict[str, str] = {}
    """Role -> column, for a public data set whose columns were named."""
    duplicate_ids: DuplicateIds = "error"
    """Treatment of questions with one id in a public data set. `first`: only the first was kept."""
    cluster: Literal["fact", "context"] = "fact"
    """Unit that intervals and tests resample: the fact, or the context of a public data set."""
    questions_sha256: str
    articles_sha256: str
    """SHA-256 of the articles or, on public data sets, of all contexts."""
    facts: int = 0
    """Number of facts asked or, on public data sets, of questions."""
    contexts: int | None = None
    """Number of contexts asked about. None if facts are asked of articles."""
    contested: int = 0
    """Number of facts asked on which the sources disagree."""
    items: ItemsRow = ItemsRow.model_construct()
    whole: WholeRow | None = None
    """Size of the whole set. None in runs of older programs."""
    item_hashes_sha256: str = ""
    """SHA-256 over every item of the run, as sorted (item id, item hash) pairs."""
    article_labels: dict[str, str] = {}
    """Article id -> short name. Empty in runs of older programs and on public data sets."""
    notes: tuple[str, ...] = ()
    """Sentences on a public data set and the rules it is scored by. Nothing is computed from them."""


class SourcesRow(_Record):
    """Paths of the data, relative to the run folder. They are never part of an identity."""

    questions: tuple[str, ...] = ()
    """Paths of the files and folders of questions."""
    articles: str | None = None
    """Folder of the articles. None for the curated ones."""
    dataset: str | None = None
    """File or folder of a public data set."""


class Leaderboard(_Record):
    """`leaderboard.json`: one run."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    """Identity of the run: equal for runs that must give equal numbers."""
    name: str
    created_at: str
    finished_at: str | None = None
    status: Status = "partial"
    harness: HarnessRow = HarnessRow.model_construct()
    environment: EnvironmentRow = EnvironmentRow.model_construct()
    data: DataRow
    sources: SourcesRow | None = None
    """Paths of the data. None for the curated set, a data set of the hub, and data in memory."""
    options: StoredOptions = StoredOptions()
    rules: str
    """Name of the rules of EM and F1. `none` if the data set does not publish its answers."""
    scorer_version: str
    sort: str = "reading.balanced_f1"
    """Metric that sorts and ranks the rows, as `TRACK.METRIC`."""
    minimum_detectable_difference: FiniteFloat | None = None
    """Smallest true difference of the sort metric between the first two ranked rows that the test of the
    ranks, corrected for their number, would show 4 times in 5. None with fewer than two ranked rows, and
    where no difference could be shown."""
    rows: list[Row] = []
    checksums: dict[str, str] = {}
    """Field -> checksum (`qa_eval.runs.checksums.checksums`), for all fields but the rows, which have their
    own."""

    @property
    def scored(self) -> bool:
        """Whether answers could be scored. False if the data set does not publish its answers."""
        return self.rules != UNSCORED

    def rows_named(self, model: str) -> list[Row]:
        """The rows that a model's name can mean: the row of that spec or, if there is none, all rows whose
        name it is, or whose spec has the same kind and name and at least these options.
        """
        exact = [row for row in self.rows if row.model.spec == model]
        return exact or [row for row in self.rows if _is_meant(model, row.model)]

    def row(self, model: str, *, argument: str = "", place: str = "this run") -> Row:
        """The row of a model, by its spec or name.

        Raises UnknownNameError, a KeyError, for an unknown model, with near matches, and for a name that
        several models have. The message names the `argument` that has the model, if it is given, and calls
        the run `place`.
        """
        rows = self.rows_named(model)
        known = [row.model.spec for row in self.rows if not row.is_reference]
        check_meaning(str(model), [row.model.spec for row in rows], known, argument=argument, place=place)
        return rows[0]

    def __repr__(self) -> str:
        from qa_eval.runs.leaderboard.brief_board import board_text

        return board_text(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from qa_eval.runs.leaderboard.brief_board import board_html

        return board_html(self)


class _AsTuple:
    """Makes pydantic read and describe candidates as a tuple, whatever sequence holds them in memory."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(tuple[Candidate, ...])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PredictionRow(ItemScore):
    """One line of a predictions file: an item, its answer, and the scores.

    It holds all that is needed to decide and score the answer again without the model. There are no times in
    it: equal answers give equal bytes.
    """

    question_sha256: str
    context_sha256: str
    gold_sha256: str
    question: str = ""
    """Question, in the wording asked."""
    final: bool = False
    """Whether the model decided the text itself. No threshold then applies."""
    source_article: str | None = None
    no_answer_given: bool = False
    """Whether the model gave the no-answer probability itself. Otherwise it follows from the scores."""
    confidence_given: bool = False
    """Whether the model gave the confidence itself although there are scores, or a threshold decided."""
    threshold: float | None = None
    n_best: Annotated[Sequence[Candidate], _AsTuple()] = ()
    windows: int = 0
    tokens: int = 0
    raw: str | None = None
    """Text as a language model wrote it, if it differs from the prediction."""
    aligned: tuple[str, int, int] | None = None
    """Article and characters that have the words of an answer without a span. None if there are none."""
    closed_book: str | None = None
    """Answer of a language model to the question without any passage. None if it was not asked, or failed."""
    reordered: tuple[str | None, ...] | None = None
    """Answers to a pooled item with its passages in other orders (`qa_eval.data.items.shown_articles`), from
    order 1. None in place of an answer that failed."""
    _sparse: ClassVar[frozenset[str]] = frozenset(
        {
            *("marks", "raw", "aligned", "closed_book", "reordered", "failed_prompts", "verdict", "asserted"),
            "confidence_given",
        }
    )

    @property
    def written(self) -> str:
        """Text as the model gave it, before it was read as an answer."""
        return self.prediction if self.raw is None else self.raw


def _is_meant(name: str, model: ModelInfo) -> bool:
    if name == model.name:
        return True
    meant, spec = spec_or_none(name), spec_or_none(model.spec)
    if meant is None or spec is None:
        return False
    same = (meant.kind, meant.name, meant.revision) == (spec.kind, spec.name, spec.revision)
    return same and {(key, value.rstrip("/")) for key, value in meant.options} <= {
        (key, value.rstrip("/")) for key, value in spec.options
    }


LEADERBOARD_ADAPTER = TypeAdapter(Leaderboard)
"""Validates and writes `leaderboard.json`."""
PREDICTION_ADAPTER = TypeAdapter(PredictionRow)
"""Validates and writes one line of `predictions/*.jsonl`."""


def leaderboard_schema() -> dict[str, Any]:
    """The JSON Schema of `leaderboard.json`, as `qa-eval schema leaderboard` prints it."""
    return described(LEADERBOARD_ADAPTER.json_schema(), Leaderboard)


def prediction_schema() -> dict[str, Any]:
    """The JSON Schema of one line of `predictions/*.jsonl`, as `qa-eval schema predictions` prints it."""
    return described(PREDICTION_ADAPTER.json_schema(), PredictionRow)
