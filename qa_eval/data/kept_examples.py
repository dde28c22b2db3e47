"""The examples of a data set in memory, packed, so that a data set is read once and gone through often."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from operator import attrgetter

from qa_eval.records import Example, field_names

_PACK = 512
"""Number of examples that are packed together. They share their contexts."""
_MOST_BYTES = 1 << 26
"""Greatest size of all packs. The training set of SQuAD 2.0 has three quarters of it."""

_parts = attrgetter(*field_names(Example))


class KeptExamples:
    """The examples of one data set in their order, or nothing if they are too many to be kept.

    >>> kept = KeptExamples()
    >>> kept.add(Example(id="q", question="Who?", context="Ada.", context_id="c0", golds=("Ada",)))
    >>> [example.golds for example in kept]
    [('Ada',)]
    """

    def __init__(self) -> None:
        self.whole = True
        """Whether all examples that were added are kept."""
        self._packs: list[bytes] = []
        self._open: list[Example] = []
        self._size = 0

    def add(self, example: Example) -> None:
        """Keeps one more example."""
        if not self.whole:
            return
        self._open.append(example)
        if len(self._open) == _PACK:
            self._packs.append(pickle.dumps([_parts(one) for one in self._open], pickle.HIGHEST_PROTOCOL))
            self._open = []
            self._size += len(self._packs[-1])
            if self._size > _MOST_BYTES:
                self.whole, self._packs = False, []

    def __iter__(self) -> Iterator[Example]:
        """The examples. To be used only if they are whole."""
        names = field_names(Example)
        for pack in self._packs:
            for parts in pickle.loads(pack):  # noqa: S301 - packed above
                yield Example(**dict(zip(names, parts, strict=True)))
        yield from self._open
