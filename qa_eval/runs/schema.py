"""What a run folder holds, as records: `leaderboard.json` and the rows of `predictions/*.jsonl`.

Lenient and versioned, because the program wrote these files itself, perhaps an older or newer one: unknown
fields are kept, absent ones have defaults where that loses nothing, and a newer `schema_version` is refused
by name instead of being misread. Every metric is a fraction in [0, 1], or a skill, which is at most 1. Absent
is `None` or left out, never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat, TypeAdapter

from qa_eval.errors import UnknownNameError
from qa_eval.metrics.rules.squad import UNSCORED
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import (
    Candidate,
    Decoding,
    Difference,
    DuplicateIds,
    Estimate,
    ModelInfo,
    Status,
    abridged,
)
from qa_eval.runs.options import StoredOptions
from qa_eval.text.phrases import quote, suggestion

SCHEMA_VERSION = 1
"""Of both files. It rises only when an older program would misread them."""

NOTHING_SCORED = "nothing is scored: the data set does not give its answers"
"""What is said of the numbers of such a run."""


class _Record(BaseModel):
    model_config = ConfigDict(
        extra="allow",
        frozen=True,
        allow_inf_nan=False,
        protected_namespaces=(),
        use_attribute_docstrings=True,
    )

    def __repr__(self) -> str:
        named = [(name, value) for name, value in self.__repr_args__() if name is not None]
        return abridged(type(self).__name__, named)

    __str__ = __repr__


class DecodingRow(_Record):
    """A `Decoding` any part of which the model may lack (None), and how answers were decided."""

    max_length: int | None = None
    doc_stride: int | None = None
    max_answer_tokens: int | None = None
    n_best: int | None = None
    threshold: float | None = None
    """None where it was fitted per item; the predictions rows then hold it."""
    threshold_source: Literal["fixed", "cross-fit", "none"] = "none"
    """`none`: there was nothing a threshold could decide."""

    @property
    def windows(self) -> Decoding | None:
        """The model's `Decoding`; None where a part is absent."""
        parts = {f.name: getattr(self, f.name) for f in fields(Decoding)}
        return None if None in parts.values() else Decoding(**parts)


class CountsRow(_Record):
    """How many items ended in which way: of the reading track, or of the pooled one if that ran alone."""

    items: int = 0
    answered: int = 0
    abstained: int = 0
    missing: int = 0
    """The model gave no prediction at all; they score 0."""
    errors: int = 0
    truncated: int = 0
    leakable: int = 0
    """Items whose article has a wording of another source's claim, so that a copied answer could leak."""
    unasked: int = 0
    """Left when the run was interrupted; not in `items`."""
    cached: int = 0
    """Reading-level instances that were already answered; may differ between equal runs."""


class PerformanceRow(_Record):
    """How fast, over the instances that were asked and not taken from the cache."""

    seconds: FiniteFloat = 0.0
    items_per_second: FiniteFloat | None = None
    windows: int = 0
    tokens: int = 0
    tokens_per_second: FiniteFloat | None = None
    peak_rss_bytes: int | None = None


class PredictionsFileRow(_Record):
    """Where the answers lie."""

    path: str
    """Relative to the run folder."""
    sha256: str = ""
    """SHA-256 of the file's bytes; empty where it was not recorded."""
    rows: int


class Row(_Record):
    """One line of the leaderboard: a model, or a reference built from the golds."""

    rank: int | None = None
    """A model's rank is one more than the number of models shown to be better, and never falls down the
    table. Models that share a rank form a group. None outside the ranking, and on fewer than 8 facts (or
    contexts)."""
    rank_interval: tuple[int, int] | None = None
    """The least and the greatest rank that are possible, at 95 % for all rows together."""
    status: Literal["ok", "error", "partial"] = "ok"
    """`error`: the model failed and has no metrics; `partial`: it was interrupted, and the metrics are of the
    items asked so far. Both are outside the ranking."""
    error: str | None = None
    model: ModelInfo
    signature: str = ""
    """Everything that can move a number, rendered; equal signatures give equal numbers."""
    decoding: DecodingRow = DecodingRow()
    metrics: dict[str, dict[str, Estimate]] = {}
    """Track -> metric id -> value. A metric that is undefined on these data is absent."""
    slices: dict[str, dict[str, Estimate]] = {}
    """`settled`, `contested`, `silent`, `relation:R`, `category:C`, `article:A` -> metric id -> value. With
    the reading track there is also `pooled:relation:R`, of the pooled one."""
    source_preference: dict[str, dict[str, float]] = {}
    """Article -> wins, n, rate and chance: on how many of the n contested facts that it answers the top
    answer of the pooled track is its claim, and what the rate would be by chance."""
    speaker_preference: dict[str, dict[str, float]] = {}
    """The same by the speaker that evidence names."""
    absent: dict[str, str] = {}
    """Metric id -> why it is absent from `metrics`, where that needs words."""
    counts: CountsRow = CountsRow()
    performance: PerformanceRow = PerformanceRow()
    predictions: PredictionsFileRow | None = None
    versus_first: Difference | None = None
    """Paired difference of the sort metric to the first ranked row; None for that row and for unranked ones
    without such a metric."""
    checksums: dict[str, str] = {}
    """Field -> what `qa_eval.runs.checksums.checksums` made of it when the row was written."""

    @property
    def is_reference(self) -> bool:
        """True for rows built from the golds."""
        return self.model.kind == "reference"

    def metric(self, track: str, metric: str) -> Estimate | None:
        """The metric, or None where it is undefined or was not run."""
        return self.metrics.get(track, {}).get(metric)


class HarnessRow(_Record):
    """What computed: the program, its version and the checkout it was imported from."""

    name: str = "qa-eval"
    version: str = ""
    commit: str | None = None
    dirty: bool | None = None
    """True if tracked files of the checkout differed from the commit."""
    command: str | None = None


class EnvironmentRow(_Record):
    """Where it ran. Never part of an identity."""

    python: str = ""
    platform: str = ""
    cpu: str = ""
    device: str = ""
    threads: int | None = None
    packages: dict[str, str] = {}


class ItemsRow(_Record):
    """How many items each track asked."""

    reading: int = 0
    pooled: int = 0


class WholeRow(_Record):
    """How much a set holds, of which a run may ask a part."""

    facts: int
    """Facts; on public data sets, questions."""
    items: ItemsRow
    """Items of the tracks that were run, other wordings apart."""


class DataRow(_Record):
    """What was asked."""

    kind: str = "curated"
    """`curated` for the set that comes with the program, `files` for any other of its kind, `public` for a
    data set without claims."""
    dataset: str | None = None
    """The spec of a public data set, as it was given."""
    split: str | None = None
    """The split of a public data set that was read; None for a file."""
    columns: dict[str, str] = {}
    """Role -> column, of a public data set whose columns were named."""
    duplicate_ids: DuplicateIds = "error"
    """`first`: of several questions of a public data set with one id, only the first was kept."""
    cluster: Literal["fact", "context"] = "fact"
    """What intervals and tests resample: facts, or the contexts of a public data set."""
    questions_sha256: str
    articles_sha256: str
    """Of the texts; on public data sets, of all contexts."""
    facts: int = 0
    """Facts that were asked; on public data sets, questions."""
    contexts: int | None = None
    """Contexts that were asked about; None where facts are asked of articles."""
    contested: int = 0
    """Those of them on which the sources disagree."""
    items: ItemsRow = ItemsRow()
    whole: WholeRow | None = None
    """What the set holds that was asked from; None in runs of older programs."""
    item_hashes_sha256: str = ""
    """Over the sorted (item id, item hash) pairs of everything asked."""
    article_labels: dict[str, str] = {}
    """Article id -> short name for people; empty in runs of older programs and on public data sets."""
    notes: tuple[str, ...] = ()
    """Sentences on a public data set and the rules it is scored by. Nothing is computed from them."""


class SourcesRow(_Record):
    """Where what was asked is, as paths from the run folder. Never part of an identity."""

    questions: tuple[str, ...] = ()
    """Files and folders of questions."""
    articles: str | None = None
    """Folder of the articles; None for the curated ones."""
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
    harness: HarnessRow = HarnessRow()
    environment: EnvironmentRow = EnvironmentRow()
    data: DataRow
    sources: SourcesRow | None = None
    """Where what was asked is; None for the curated set, a data set of the hub, and what was in memory."""
    options: StoredOptions = StoredOptions()
    rules: str
    """The name of the rules of EM and F1; `none` where the data set does not give its answers."""
    scorer_version: str
    sort: str = "reading.balanced_f1"
    """`TRACK.METRIC` that orders and ranks the rows."""
    minimum_detectable_difference: FiniteFloat | None = None
    """Smallest true difference of the sort metric between the first two ranked rows that the test of the
    ranks, corrected for their number, would show 4 times in 5. None with fewer than two ranked rows, and
    where no difference could be shown."""
    rows: list[Row] = []
    checksums: dict[str, str] = {}
    """The same of all other fields but the rows, which have their own."""

    @property
    def scored(self) -> bool:
        """Whether answers could be scored; False where the data set does not give its own."""
        return self.rules != UNSCORED

    def row(self, spec: str) -> Row:
        """The row of the model of that spec. Raises UnknownNameError, a KeyError, with near matches."""
        rows = {row.model.spec: row for row in self.rows}
        if not isinstance(spec, str) or spec not in rows:
            known = suggestion(str(spec), rows)
            raise UnknownNameError(f"there is no model {quote(str(spec))} in this run{known}")
        return rows[spec]

    def __repr__(self) -> str:
        from qa_eval.runs.leaderboard.brief_board import board_text

        return board_text(self)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from qa_eval.runs.leaderboard.brief_board import board_html

        return board_html(self)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PredictionRow(ItemScore):
    """One line of a predictions file: an item, what was answered, and what that is worth.

    It holds all that is needed to decide and score the answer again without the model. There are no times in
    it: equal answers give equal bytes.
    """

    question_sha256: str
    context_sha256: str
    gold_sha256: str
    question: str = ""
    """The words asked."""
    final: bool = False
    """True if the model decided the text itself; no threshold applies."""
    source_article: str | None = None
    no_answer_given: bool = False
    """True if the model gave that probability itself; otherwise it follows from the scores."""
    threshold: float | None = None
    n_best: tuple[Candidate, ...] = ()
    windows: int = 0
    tokens: int = 0


LEADERBOARD_ADAPTER = TypeAdapter(Leaderboard)
"""Validates and writes `leaderboard.json`."""
PREDICTION_ADAPTER = TypeAdapter(PredictionRow)
"""Validates and writes one line of `predictions/*.jsonl`."""


def leaderboard_schema() -> dict[str, Any]:
    """The JSON Schema of `leaderboard.json`, as `qa-eval schema leaderboard` prints it."""
    return LEADERBOARD_ADAPTER.json_schema()


def prediction_schema() -> dict[str, Any]:
    """The JSON Schema of one line of `predictions/*.jsonl`, as `qa-eval schema predictions` prints it."""
    schema = PREDICTION_ADAPTER.json_schema()
    # pydantic describes the fields of a dataclass itself, and not those that it inherits.
    schema["properties"] |= TypeAdapter(ItemScore).json_schema()["properties"]
    return schema
