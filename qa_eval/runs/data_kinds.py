"""What differs between runs by the kind of data that they asked: one record for each kind.

A reader of a stored run takes what it needs from the record, and compares no names of kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from qa_eval.metrics.parts import Listing
from qa_eval.records import ItemId
from qa_eval.runs.schema import DataRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKind:
    """A kind of data."""

    name: str
    """As `data.kind` has it in a leaderboard."""
    has_claims: bool
    """Whether facts with claims are asked of articles; else questions of their contexts, as in SQuAD."""
    is_spec: bool = False
    """Whether the data are named by the spec of a data set; else they are questions and articles."""
    moves: bool = False
    """Whether the texts are somebody's own files, whose place the run records."""
    unit: str
    """What `data.facts` counts."""
    others: str = "questions about these articles"
    """What the intervals speak of."""
    listing: Listing | None = None
    """The listing of metrics that is the table of the leaderboard; None for one to each track."""
    title: str | None = None
    """What the data are called by others; None where they have a name of their own."""
    slug: str | None = None
    """The same for file names."""
    split: str | None = None
    """The split of a data set that they would be on the hub."""

    def items_noun(self, track: str) -> str:
        """What the items of a track are called."""
        return f"{track} items" if self.has_claims else self.unit

    def items_in_all(self, data: DataRow, track: str) -> int | None:
        """The number of items that a slice is said to be of; None on the reading track of articles.

        There, the silent items of the same facts are in a slice of their own.
        """
        if not self.has_claims:
            return data.facts
        return data.items.pooled if track == "pooled" else None

    def id_of(self, item: str) -> str:
        """What the data call an item: by the id of its question, where that has one context.

        >>> data_kind(DataRow(kind="public", questions_sha256="", articles_sha256="")).id_of("q%401@c012")
        'q@1'
        """
        return item if self.has_claims else plain_id(item)


_KINDS: Mapping[str, DataKind] = {
    kind.name: kind
    for kind in (
        DataKind(
            name="curated",
            has_claims=True,
            unit="facts",
            title="qa_eval curated questions",
            slug="qa_eval-curated",
            split="test",
        ),
        DataKind(
            name="files",
            has_claims=True,
            moves=True,
            unit="facts",
            title="questions over articles",
            slug="qa_eval-questions",
        ),
        DataKind(
            name="claims",
            has_claims=True,
            is_spec=True,
            unit="facts",
            others="facts with passages of their own",
        ),
        DataKind(name="public", has_claims=False, is_spec=True, unit="questions", listing="public"),
    )
}


def data_kind(data: DataRow) -> DataKind:
    """The kind of the data of a run; that of files for one that only newer programs know."""
    return _KINDS.get(data.kind, _KINDS["files"])


def plain_id(item: str) -> str:
    """The id of a public question as its data set has it, from an item id.

    >>> plain_id("q%401@c0123456789ab")
    'q@1'
    """
    return unquote(ItemId.parse(item).fact)
