"""A data set of facts with their own passages: opened by its spec, read as a stream, checked whole."""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from qa_eval.data.content_hashes import question_record
from qa_eval.data.dataset_options import Intake
from qa_eval.data.passage_facts import REMARKS, PassageFact, words_elsewhere
from qa_eval.errors import QaEvalError
from qa_eval.files.findings import Findings
from qa_eval.files.hashes import sha256_json
from qa_eval.metrics.rules.squad import SQUAD_V2
from qa_eval.records import Finding
from qa_eval.text.phrases import count, quote, suggestion

_NOTED = frozenset({"unused-fact", "dropped-claim", "no-span", "one-text", "yes-no"})
"""Remarks that a run repeats beside its numbers."""

FactRead = Iterator["PassageFact | Finding"]
"""What a reader of facts yields: facts, and findings about what is wrong or was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCensus:
    """What a data set of facts holds, after it was read whole and nothing in it is wrong."""

    facts: int
    """Facts that are used, those answered by yes or no included."""
    asked: int
    """Facts that models are asked."""
    contested: int
    passages: int
    questions_sha256: str
    """Over all facts, whatever their order."""
    contexts_sha256: str
    """Over all passages, whatever their order."""
    remarks: tuple[tuple[str, int, Finding], ...] = ()
    """What a reader should know: check, how often, and the first of each."""

    def warnings(self) -> Iterator[str]:
        """A line for each kind of remark: how often, and the first place."""
        for check, number, first in self.remarks:
            one, many = REMARKS[check]
            yield f"{number:,} {one if number == 1 else many}; the first: {first}"


@dataclass(slots=True)
class ClaimSet:
    """A data set of facts. Cheap to make: nothing is read before it is asked for.

    Iterating streams the facts from the beginning, each time anew. If something is wrong, the stream ends
    there, the rest is read for what else is wrong, and InputError is raised with every finding.

    >>> import json, tempfile
    >>> from pathlib import Path
    >>> from qa_eval.data.dataset import open_dataset
    >>> row = {"id": "wells", "question": "How many wells?", "passages": [{"id": "a", "text": "Six wells."}]}
    >>> row["claims"] = [{"id": "six", "answers": ["six"], "passages": ["a"]}]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "tiny.jsonl"
    ...     _ = file.write_text(json.dumps(row))
    ...     [fact.question.own_golds("a") for fact in open_dataset(f"claims:{file}")]
    [('Six',)]
    """

    spec: str
    """As it was given, without white space around it."""
    name: str
    """For people: the file's name without its endings."""
    split: str | None
    """The split that is read; None for a file without splits, and for all of them."""
    read: Callable[[], FactRead] = field(repr=False)
    """Reads the data set from the beginning."""
    intake: Intake = field(default_factory=Intake)
    _census: FactCensus | None = field(default=None, repr=False)

    @property
    def rules(self) -> str:
        """The name of the rules of EM and F1."""
        return SQUAD_V2.name

    def __iter__(self) -> Iterator[PassageFact]:
        """The facts, in the order of the data set. Raises InputError."""
        findings = Findings()
        for part in self.read():
            if isinstance(part, PassageFact):
                if not findings.errors:
                    yield part
            elif part.severity == "error":
                findings.add(part)
        findings.close()

    def check(self) -> FactCensus:
        """Reads the whole data set, once, and tells what it holds. Raises InputError with every error."""
        if self._census is None:
            self._census = self._counted()
        return self._census

    def _counted(self) -> FactCensus:
        findings = Findings()
        odd: Counter[str] = Counter()
        first: dict[str, Finding] = {}
        questions: list[bytes] = []
        passages: set[bytes] = set()
        facts = asked = contested = number = 0
        for part in self.read():
            if isinstance(part, Finding):
                if part.severity == "error":
                    findings.add(part)
                else:
                    odd[part.check] += 1
                    first.setdefault(part.check, part)
                continue
            facts += 1
            asked += part.asked
            contested += part.question.contested
            number += len(part.passages)
            questions.append(bytes.fromhex(sha256_json(question_record(part.question))))
            passages.update(bytes.fromhex(passage.sha256) for passage in part.passages)
        if not facts and not findings.errors:
            message = "holds no fact that a passage answers"
            findings.add(
                Finding(severity="error", path=self.spec, line=None, field="", message=message, check="empty")
            )
        findings.close()
        return FactCensus(
            facts=facts,
            asked=asked,
            contested=contested,
            passages=number,
            questions_sha256=_together(questions),
            contexts_sha256=_together(passages),
            remarks=tuple((check, odd[check], first[check]) for check in REMARKS if odd[check]),
        )

    def findings(self) -> Iterator[Finding]:
        """Everything that is wrong with the data set or was left out of it, and where a passage has the words
        of a claim that it does not state.
        """
        for part in self.read():
            if isinstance(part, Finding):
                yield part
            else:
                yield from (
                    Finding(
                        severity="warning",
                        path=self.spec,
                        line=None,
                        field=remark.field,
                        message=remark.message,
                        check=remark.check,
                        fact=part.question.id,
                    )
                    for remark in words_elsewhere(part)
                )

    def notes(self) -> Iterator[str]:
        """What a reader of the numbers should know, a sentence each. Raises InputError."""
        for check, number, _ in self.check().remarks:
            if check in _NOTED:
                one, many = REMARKS[check]
                yield f"{number:,} {one if number == 1 else many}"

    def with_rules(self, rules: str | None) -> ClaimSet:
        """The data set, whose rules are fixed. Raises QaEvalError for others."""
        if rules is not None and rules != self.rules:
            raise QaEvalError(f"rules: {rules}: facts with claims are scored by {self.rules}")
        return self

    def chosen(
        self,
        *,
        categories: Collection[str] = (),
        limit: int | None = None,
        sample: int | None = None,
        seed: int = 0,
    ) -> Iterable[PassageFact]:
        """The facts that models are asked: of these categories, a seeded choice of `sample`, the first
        `limit`.

        A larger sample contains a smaller one, and what is drawn depends on the ids alone. Can be iterated
        again. Raises QaEvalError for a number below 1, and for a category that is not there.
        """
        for name, value in (("limit", limit), ("sample", sample)):
            if value is not None and value < 1:
                raise QaEvalError(f"{name}: {value} facts leave nothing to ask; give 1 or more")
        if categories:
            known = sorted({fact.question.category for fact in self})
            for category in categories:
                if category not in known:
                    raise QaEvalError(
                        f"category: no question has the category {quote(category)}"
                        f"{suggestion(category, known)}"
                    )
        return _ChosenFacts(self, tuple(categories), limit, sample, seed)


@dataclass(slots=True)
class _ChosenFacts:
    dataset: ClaimSet
    categories: tuple[str, ...]
    limit: int | None
    sample: int | None
    seed: int
    drawn: frozenset[str] | None = None

    def __iter__(self) -> Iterator[PassageFact]:
        if self.sample is not None and self.drawn is None:
            ids = (fact.question.id for fact in self._eligible())
            self.drawn = frozenset(heapq.nsmallest(self.sample, ids, self._rank))
        drawn = self.drawn
        return islice((f for f in self._eligible() if drawn is None or f.question.id in drawn), self.limit)

    def _eligible(self) -> Iterator[PassageFact]:
        for fact in self.dataset:
            if fact.asked and (not self.categories or fact.question.category in self.categories):
                yield fact

    def _rank(self, id: str) -> bytes:
        return hashlib.sha256(f"{self.seed}:{id}".encode()).digest()


def facts_held(census: FactCensus) -> str:
    """What a data set holds, for people."""
    return (
        f"{count(census.facts, 'fact')}, {census.contested:,} contested, over "
        f"{count(census.passages, 'passage')} of their own"
    )


def _together(digests: Iterable[bytes]) -> str:
    return hashlib.sha256(b"".join(sorted(digests))).hexdigest()
