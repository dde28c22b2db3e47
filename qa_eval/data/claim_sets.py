"""Data sets of facts with their own passages. They are read as a stream and checked as a whole."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from qa_eval.data.content_hashes import question_record, unordered_sha256
from qa_eval.data.dataset_options import Intake, Where
from qa_eval.data.items import drawn_ids, instances, item_ids
from qa_eval.data.passage_facts import REMARKS, PassageFact, remark_count, words_elsewhere
from qa_eval.errors import QaEvalError
from qa_eval.files.findings import Findings
from qa_eval.files.hashes import sha256_json
from qa_eval.metrics.rules.squad import SQUAD_V2
from qa_eval.records import Finding, Instance, ItemId, Question
from qa_eval.text.phrases import count, quote, suggestion

_NOTED = frozenset({"unused-fact", "dropped-claim", "no-span", "one-text", "yes-no"})
"""Checks whose remarks a run repeats next to its numbers."""

FactRead = Iterator["PassageFact | Finding"]
"""Output of a reader of facts: facts, and findings about errors and about what was left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactCensus:
    """What a data set of facts without errors holds."""

    facts: int
    """Facts that are used, including those that are answered by yes or no."""
    asked: int
    """Facts that models are asked."""
    contested: int
    passages: int
    questions_sha256: str
    """Hash of all facts, independent of their order."""
    contexts_sha256: str
    """Hash of all passages, independent of their order."""
    remarks: tuple[tuple[str, int, Finding], ...] = ()
    """For each check with remarks: its name, the number of remarks, and the first one."""
    labelled: bool = True
    """Whether predictions can be scored; True, because facts have claims."""

    def warnings(self) -> Iterator[str]:
        """A line for each kind of remark, with the number of remarks and the first place."""
        for check, number, first in self.remarks:
            yield f"{remark_count(check, number)}; the first: {first}"


@dataclass(slots=True)
class ClaimSet:
    """A data set of facts. Nothing is read until it is needed.

    Each iteration streams the facts from the beginning. At an error the stream stops, the rest is read for
    further errors, and InputError is raised with all findings.

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
    """Spec as the user gave it, without surrounding white space."""
    name: str
    """Name for people: the file's name without its suffixes."""
    split: str | None
    """Split that is read; None for all splits, or if the file has none."""
    read: Callable[[], FactRead] = field(repr=False)
    """Reads the data set from the beginning."""
    intake: Intake = field(default_factory=Intake)
    _census: FactCensus | None = field(default=None, repr=False)

    @property
    def rules(self) -> str:
        """Name of the rules of EM and F1."""
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
        """Reads the whole data set once, and returns what it holds. Raises InputError with every error."""
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
            findings.add(self._no_fact())
        findings.close()
        return FactCensus(
            facts=facts,
            asked=asked,
            contested=contested,
            passages=number,
            questions_sha256=unordered_sha256(questions),
            contexts_sha256=unordered_sha256(passages),
            remarks=tuple((check, odd[check], first[check]) for check in REMARKS if odd[check]),
        )

    def findings(self) -> Iterator[Finding]:
        """All findings: errors, what was left out, and passages with the words of a claim that they do not
        state.
        """
        used = False
        for part in self.read():
            if isinstance(part, Finding):
                used |= part.severity == "error"
                yield part
            else:
                used = True
                place = part.place or Where(path=self.spec)
                yield from (remark.finding(place, part.question.id) for remark in words_elsewhere(part))
        if not used:
            yield self._no_fact()

    def _no_fact(self) -> Finding:
        message = "holds no fact that a passage answers"
        return Where(path=self.spec).finding("empty", message)

    def held(self) -> str:
        """The contents in words. Raises InputError."""
        census = self.check()
        return (
            f"{count(census.facts, 'fact')}, {census.contested:,} contested, "
            f"over {count(census.passages, 'passage')} of their own"
        )

    def announcements(self) -> Iterator[str]:
        """Lines about what was left out, for someone who opens the data set. Raises InputError."""
        census = self.check()
        for warning in census.warnings():
            yield f"note: {warning}"
        if census.remarks:
            yield f"`qa-eval questions check --dataset {shlex.quote(self.spec)}` lists them all"

    def authored(self, kept: Collection[str] | None = None) -> list[Question]:
        """The questions with claims, or those of them with the ids in `kept`."""
        return [fact.question for fact in self if kept is None or fact.question.id in kept]

    def readings(self, *, limit: int | None = None) -> Iterator[list[tuple[Instance, tuple[str, ...]]]]:
        """The instances of the reading track with their golds, fact by fact; only the first `limit` facts."""
        for fact in self.chosen(limit=limit):
            items = item_ids(fact.corpus, tracks=["reading"])
            golds = (fact.question.own_golds(item.article) for item in items)
            yield list(zip(instances(fact.corpus, items), golds, strict=True))

    def asked(self, items: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Item, question and text of those of the items that the data set has.

        The text of a pooled item is all passages, one after the other. Raises ValueError for a text that is
        not an item id.
        """
        wanted: dict[str, list[ItemId]] = {}
        for item in map(ItemId.parse, items):
            wanted.setdefault(item.fact, []).append(item)
        for fact in self:
            texts = {passage.id: passage.text for passage in fact.passages}
            for item in wanted.get(fact.question.id, ()):
                text = "\n\n".join(texts.values()) if item.track == "pooled" else texts.get(item.article)
                if text is not None and item.paraphrase <= len(fact.question.paraphrases):
                    yield str(item), fact.question.wording(item.paraphrase), text

    def notes(self) -> Iterator[str]:
        """Notes that a reader of the numbers needs, a sentence each. Raises InputError."""
        for check, number, _ in self.check().remarks:
            if check in _NOTED:
                yield remark_count(check, number)

    def with_rules(self, rules: str | None) -> ClaimSet:
        """The data set itself, because its rules are fixed. Raises QaEvalError for other rules."""
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
        """The facts that models are asked, as an iterable that can be used several times.

        `categories` selects facts. `sample` is a seeded random choice of that many facts, which depends on
        their ids alone. A larger sample contains a smaller one of the same seed. `limit` keeps the first
        facts. Raises QaEvalError for a number below 1, and for an unknown category.
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
            self.drawn = drawn_ids(ids, self.sample, self.seed)
        drawn = self.drawn
        return islice((f for f in self._eligible() if drawn is None or f.question.id in drawn), self.limit)

    def _eligible(self) -> Iterator[PassageFact]:
        for fact in self.dataset:
            if fact.asked and (not self.categories or fact.question.category in self.categories):
                yield fact
