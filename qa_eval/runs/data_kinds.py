"""The differences between runs on different kinds of data, as one record for each kind.

Code that reads a stored run takes them from the record and does not compare names of kinds.
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
    """Name in `data.kind` of a leaderboard."""
    has_claims: bool
    """Whether facts with claims are asked of articles. Otherwise questions are asked of their contexts, as in
    SQuAD."""
    is_spec: bool = False
    """Whether the spec of a data set names the data. Otherwise they are questions and articles."""
    moves: bool = False
    """Whether the texts come from the user's files. The run then records their paths."""
    unit: str
    """Noun for one of those that `data.facts` counts."""
    others: str = "questions about these articles"
    """Population that the intervals are about."""
    listing: Listing | None = None
    """Listing of metrics that is the table of the leaderboard. None if each track has its own."""
    title: str | None = None
    """Name of the data in exports. None if the data set has a name of its own."""
    slug: str | None = None
    """Name of the data in file names. None if the data set has a name of its own."""
    split: str | None = None
    """Split that the data would be on the hub."""

    def item_noun(self, track: str) -> str:
        """Noun for an item of a track."""
        return f"{track} item" if self.has_claims else self.unit

    def items_in_all(self, data: DataRow, track: str) -> int | None:
        """The number of items that a slice is a part of. None on the reading track of articles.

        On that track, the silent items of the same facts are in a slice of their own.
        """
        if not self.has_claims:
            return data.facts
        return data.items.pooled if track == "pooled" else None

    def id_of(self, item: str) -> str:
        """The id of an item in the data: the id of its question, if the question has one context.

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
            unit="fact",
            title="qa_eval curated questions",
            slug="qa_eval-curated",
            split="test",
        ),
        DataKind(
            name="files",
            has_claims=True,
            moves=True,
            unit="fact",
            title="questions over articles",
            slug="qa_eval-questions",
        ),
        DataKind(
            name="claims",
            has_claims=True,
            is_spec=True,
            unit="fact",
            others="facts with their own passages",
        ),
        DataKind(name="public", has_claims=False, is_spec=True, unit="question", listing="public"),
    )
}


def data_kind(data: DataRow) -> DataKind:
    """The kind of the data of a run. A kind that only newer programs know is treated as files."""
    return _KINDS.get(data.kind, _KINDS["files"])


def plain_id(item: str) -> str:
    """The id of a public question in its data set, from an item id.

    >>> plain_id("q%401@c0123456789ab")
    'q@1'
    """
    return unquote(ItemId.parse(item).fact)
