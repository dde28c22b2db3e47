"""A public data set: opened by its spec, read as a stream as often as wanted, checked whole."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from qa_eval.corpus.phrasing import count, quote, suggestion
from qa_eval.errors import InputError, QaEvalError, SpecError
from qa_eval.paths import user_path
from qa_eval.provenance import sha256_json
from qa_eval.public.examples import Read, Where
from qa_eval.public.lines import read_flat, read_mrqa
from qa_eval.public.squad import read_squad
from qa_eval.records import Example, Finding, Instance

_MOST_FINDINGS = 1000
"""A file of another kind is wrong everywhere: more are counted, not listed."""


_TOLERATED = {
    "answer-start": (
        "answer_start that does not point at its text; only the text counts",
        "answer_starts that do not point at their text; only the text counts",
    ),
    "blank-question": ("question without words", "questions without words"),
}
"""What one and several of a kind are called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What a data set holds, after it was read whole and nothing in it is wrong."""

    questions: int
    contexts: int
    unanswerable: int
    questions_sha256: str
    """Over ids, questions, golds and contexts' ids, whatever their order."""
    contexts_sha256: str
    """Over the contexts, whatever their order."""
    tolerated: tuple[tuple[str, int, Finding], ...] = ()
    """What is odd but harmless: check, how often, and the first of each."""

    def warnings(self) -> Iterator[str]:
        """A line for each kind of what is tolerated: how often, and the first place."""
        for check, number, first in self.tolerated:
            one, many = _TOLERATED[check]
            yield f"{number} {one if number == 1 else many}; the first: {first}"


@dataclass(slots=True)
class PublicDataset:
    """A data set of questions on texts. Cheap to make: nothing is read before it is asked for.

    Iterating streams the examples from the beginning, each time anew. If something is wrong, the stream ends
    there, the rest is read for what else is wrong, and InputError is raised with every finding; whoever must
    not begin before all is known calls `check` first.

    >>> import json, tempfile
    >>> row = {"id": "q1", "question": "Who?", "context": "Ada wrote it."}
    >>> row["answers"] = {"text": ["Ada"], "answer_start": [0]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "tiny.jsonl"
    ...     _ = file.write_text(json.dumps(row))
    ...     dataset = open_dataset(f"jsonl:{file}")
    ...     [e.golds for e in dataset], dataset.rules, dataset.name
    ([('Ada',)], 'squad-v1.1', 'tiny')
    """

    spec: str
    """As it was given, without white space around it."""
    name: str
    """For people: the file's name without its endings, or the name on the hub."""
    split: str | None
    """The split that is read; None for files, which are one split."""
    fixed_rules: str | None = field(repr=False)
    read: Callable[[], Read] = field(repr=False)
    """Reads the data set from the beginning."""
    _census: Census | None = field(default=None, repr=False)

    def __iter__(self) -> Iterator[Example]:
        """The examples, in the order of the data set. Raises InputError."""
        return _sound(self.read())

    @property
    def rules(self) -> str:
        """The name of its rules: `mrqa`, else `squad-v2.0` if it has unanswerable questions, else
        `squad-v1.1`. Reads the data set, once, where that has to be known. Raises InputError.
        """
        if self.fixed_rules is not None:
            return self.fixed_rules
        return "squad-v2.0" if self.check().unanswerable else "squad-v1.1"

    def check(self) -> Census:
        """Reads the whole data set, once, and tells what it holds. Raises InputError with every error."""
        if self._census is None:
            self._census = _census(self.read(), self.spec)
        return self._census

    def chosen(
        self, *, limit: int | None = None, sample: int | None = None, seed: int = 0
    ) -> Iterable[Example]:
        """The first `limit` questions, or all, of a seeded choice of `sample` questions, or of all.

        A larger sample contains a smaller one, and what is drawn depends on the ids alone. Can be iterated
        again. Raises QaEvalError for a number below 1.
        """
        for name, number in (("limit", limit), ("sample", sample)):
            if number is not None and number < 1:
                raise QaEvalError(f"{name}: {number} questions leave nothing to ask; give 1 or more")
        return _Choice(self, limit, sample, seed)


@dataclass(slots=True)
class _Choice:
    dataset: PublicDataset
    limit: int | None
    sample: int | None
    seed: int
    drawn: frozenset[str] | None = None

    def __iter__(self) -> Iterator[Example]:
        if self.sample is not None and self.drawn is None:
            self.drawn = frozenset(heapq.nsmallest(self.sample, (e.id for e in self.dataset), self._rank))
        chosen = (e for e in self.dataset if self.drawn is None or e.id in self.drawn)
        return islice(chosen, self.limit)

    def _rank(self, id: str) -> bytes:
        return hashlib.sha256(f"{self.seed}:{id}".encode()).digest()


def instance_of(example: Example) -> Instance:
    """What a model sees of an example: no gold is in it."""
    return Instance(
        item=str(example.item),
        question=example.question,
        context=example.context,
        article=example.context_id,
        question_id=example.id,
    )


# ------------------------------------------------------------------------------------------ opening

_FILES: dict[str, tuple[Callable[[Path], Read], str | None, str]] = {
    "squad": (read_squad, None, "squad:FILE.json[.gz]"),
    "mrqa": (read_mrqa, "mrqa", "mrqa:FILE.jsonl.gz"),
    "jsonl": (read_flat, None, "jsonl:FILE"),
}
"""Kind of spec -> (reader, its rules if they are always the same, how it is written)."""
KINDS = (*_FILES, "hub")


def open_dataset(spec: str, *, split: str | None = None) -> PublicDataset:
    """The data set that a spec names; nothing is read yet.

    * `squad:FILE.json[.gz]`: SQuAD's own format, v1.1 or v2.0;
    * `mrqa:FILE.jsonl[.gz]`: the format of MRQA 2019;
    * `jsonl:FILE[.gz]`: rows with `id`, `question`, `context`, `answers {text, answer_start}`;
    * `hub:ORG/NAME[/CONFIG][@REVISION]`, or `hub:FOLDER[/CONFIG]`: such rows by the `datasets` library.

    `split` chooses one of a hub data set; its `validation` by default, or the only one there is. Raises
    SpecError for a spec that is none, for a split of a file, and for what the hub does not have.
    """
    spec = spec.strip()
    kind, colon, name = spec.partition(":")
    if not colon or kind not in KINDS:
        forms = ", ".join([*(form for _, _, form in _FILES.values()), "hub:ORG/NAME[/CONFIG]"])
        near = suggestion(kind, KINDS, listed=0) if colon else ""
        raise SpecError(f"no data set is called {quote(spec)}{near}: write {forms}")
    if not name:
        raise SpecError(f"the data set spec {quote(spec)} has a kind but no name")
    if kind == "hub":
        from qa_eval.public.hub import HubName, HubTable

        table = HubTable(spec, HubName.parse(name), split)
        return PublicDataset(spec, table.name.title, table.split, None, table.read)
    if split is not None:
        raise SpecError(f"--split {split}: {spec} is a file, which has no splits; it is read whole")
    reader, rules, _ = _FILES[kind]
    path = user_path(name)
    return PublicDataset(spec, _stem(path), None, rules, lambda: reader(path))


def _stem(path: Path) -> str:
    """A file's name without `.gz` and then one more ending.

    >>> _stem(Path("a/dev-v2.0.json.gz")), _stem(Path("dev-v2.0"))
    ('dev-v2.0', 'dev-v2.0')
    """
    name = path.name.removesuffix(".gz")
    for ending in (".json", ".jsonl"):
        name = name.removesuffix(ending)
    return name


# ------------------------------------------------------------------------------------------ reading whole


def _sound(read: Read) -> Iterator[Example]:
    """The examples as long as nothing is wrong; then every error at once. Warnings are passed over."""
    errors = _Errors()
    for part in read:
        if isinstance(part, Finding):
            errors.add(part)
        elif not errors.number:
            yield part
    errors.close()


def _census(read: Read, spec: str) -> Census:
    errors = _Errors()
    questions: list[bytes] = []
    contexts: dict[str, bytes] = {}
    unanswerable = 0
    odd: Counter[str] = Counter()
    first: dict[str, Finding] = {}
    for part in read:
        if isinstance(part, Finding):
            errors.add(part)
            if part.severity == "warning":
                odd[part.check] += 1
                first.setdefault(part.check, part)
        elif not errors.number:
            record = [part.id, part.question, part.context_id, list(part.golds)]
            questions.append(bytes.fromhex(sha256_json(record)))
            if part.context_id not in contexts:
                contexts[part.context_id] = hashlib.sha256(part.context.encode()).digest()
            unanswerable += not part.golds
    if not questions and not errors.number:
        errors.add(Where(path=spec).finding("empty", "holds no question"))
    errors.close()
    return Census(
        questions=len(questions),
        contexts=len(contexts),
        unanswerable=unanswerable,
        questions_sha256=_together(questions),
        contexts_sha256=_together(contexts.values()),
        tolerated=tuple((check, odd[check], first[check]) for check in sorted(odd)),
    )


def _together(digests: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()


class _Errors:
    """Errors as they are found; warnings are none."""

    def __init__(self) -> None:
        self.number = 0
        self.kept: list[Finding] = []

    def add(self, finding: Finding) -> None:
        if finding.severity == "error":
            self.number += 1
            if len(self.kept) < _MOST_FINDINGS:
                self.kept.append(finding)

    def close(self) -> None:
        """Raises InputError if there was an error."""
        if not self.number:
            return
        if left := self.number - len(self.kept):
            more = f"and {count(left, 'more error')} like these"
            self.kept.append(Where(path=self.kept[-1].path).finding("more", more))
        raise InputError(self.kept)
