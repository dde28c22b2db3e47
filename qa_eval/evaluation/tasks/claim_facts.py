"""The task of facts with their own passages. A question is asked of the passages of its fact only.

Each fact is a corpus of one question, so it is asked, pooled and scored in the same way as the curated set.
Facts are asked and judged some at a time. Memory and time grow with the number of facts, and not with the
number of pairs of a fact and a passage of another fact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.items import item_ids, strangers
from qa_eval.data.passage_facts import PassageFact
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.tasks.curated import CuratedPart, instances_for, refuse_options
from qa_eval.metrics.decisions import make_pooled_answers
from qa_eval.metrics.listings import sort_keys
from qa_eval.metrics.reference_answers import REFERENCES, ReferenceName, reference_answers
from qa_eval.metrics.score_table import Cluster, ScoreTable, add_scores
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.thresholds import ThresholdCase, fit_thresholds, threshold_case
from qa_eval.models.protocol import Model
from qa_eval.records import Instance, ItemId, Prediction, Track
from qa_eval.runs.options import RunOptions, StoredOptions, Threshold
from qa_eval.runs.ranking import RULES
from qa_eval.runs.rows import (
    ByArticle,
    item_hashes,
    item_hashes_sha256,
    judge,
    judge_answers,
    rebuild,
)
from qa_eval.runs.schema import DataRow, ItemsRow, PredictionRow, SourcesRow, WholeRow
from qa_eval.runs.sources import dataset_sources

PART = 512
"""Approximate number of items that are in memory at once."""

_Score = TypeVar("_Score", bound=ItemScore)


class JudgedFacts(list[PredictionRow]):
    """Rows of whole facts, with the facts. Source preferences need the facts."""

    def __init__(self, rows: Iterable[PredictionRow], facts: Sequence[PassageFact]) -> None:
        super().__init__(rows)
        self.facts = tuple(facts)


@dataclass(frozen=True)
class ClaimsTask:
    """The items of a data set of facts that the options choose.

    Raises InputError if the data set has errors, and QaEvalError if nothing is left to ask.
    """

    dataset: ClaimSet
    options: StoredOptions
    rules: str = RULES
    cluster: Cluster = "fact"
    fits_afterwards: bool = True

    @staticmethod
    def fitted(options: RunOptions) -> RunOptions:
        """The options, if facts with their own passages have them. Raises QaEvalError, which names others."""
        refuse_options(
            {"columns": bool(options.columns), "duplicate_ids": options.duplicate_ids != "error"},
            "cannot be used with a data set of facts with their own passages",
        )
        return options

    @property
    def sorts(self) -> Sequence[str]:
        """What ranks models on facts and articles."""
        return sort_keys("ranking")

    @cached_property
    def _chosen(self) -> Iterable[PassageFact]:
        options = self.options
        return self.dataset.chosen(
            categories=options.categories, limit=options.limit, sample=options.sample, seed=options.seed
        )

    def _items(self, fact: PassageFact) -> tuple[ItemId, ...]:
        return tuple(item_ids(fact.corpus, tracks=self.options.tracks, paraphrases=self.options.paraphrases))

    @cached_property
    def data(self) -> DataRow:
        """Description of the data, as a run stores it."""
        census = self.dataset.check()
        hashes = []
        facts = contested = 0
        counts: dict[Track, int] = {"reading": 0, "pooled": 0}
        for fact in self._chosen:
            items = self._items(fact)
            facts += 1
            contested += fact.question.contested
            for item in items:
                counts[item.track] += 1
            hashes += [(str(item), found) for item, found in item_hashes(fact.corpus, items).items()]
        if not hashes:
            raise QaEvalError("these options leave nothing to ask")
        return DataRow(
            kind="claims",
            dataset=self.dataset.spec,
            split=self.dataset.split,
            questions_sha256=census.questions_sha256,
            articles_sha256=census.contexts_sha256,
            facts=facts,
            contested=contested,
            items=_items_row(counts),
            whole=WholeRow(facts=census.asked, items=self._whole_items(census.asked, facts, counts)),
            item_hashes_sha256=item_hashes_sha256(hashes),
            notes=tuple(self.dataset.notes()),
        )

    def _whole_items(self, asked: int, facts: int, counts: Mapping[Track, int]) -> ItemsRow:
        if asked == facts and not self.options.paraphrases:
            return _items_row(counts)
        whole: dict[Track, int] = {"reading": 0, "pooled": 0}
        for fact in self.dataset:
            if fact.asked:
                for item in item_ids(fact.corpus, tracks=self.options.tracks):
                    whole[item.track] += 1
        return _items_row(whole)

    def sources(self, folder: Path) -> SourcesRow | None:
        """Location of the data set, as a run in `folder` records it."""
        return dataset_sources(self.dataset, folder)

    def size(self, model: Model) -> int:
        """Number of instances that the model is asked."""
        return sum(
            len(instances_for(model, fact.corpus, self._items(fact), self.options)) for fact in self._chosen
        )

    def parts(self, model: Model) -> Iterator[ClaimsPart]:
        """The facts, some at a time."""
        for facts in self._batches():
            yield ClaimsPart(
                tuple(
                    FactPart(
                        fact,
                        CuratedPart(
                            fact.corpus, items, instances_for(model, fact.corpus, items, self.options)
                        ),
                    )
                    for fact, items in facts
                )
            )

    def rejudged(
        self, rows: Callable[[], Iterator[PredictionRow]], threshold: Threshold
    ) -> Iterator[tuple[list[PredictionRow], JudgedFacts]]:
        """Stored rows, and the rows as they are scored now.

        `cross-fit` fits each fact's threshold by balanced F1 on the others.

        Raises ValueError for a wrong item id, and for rows that are not in the order of the facts.
        """
        fitted: Mapping[str, float] = {}
        if isinstance(threshold, str):
            cases = list(self._cases(rows()))
            fitted = fit_thresholds(cases, (case.cluster for case in cases))
        makes_pooled = "pooled" not in self.options.tracks or make_pooled_answers(_pooled_parts(rows()))
        for fact, stored in self._with_facts(rows()):
            id = fact.question.id
            at = fitted.get(id, 0.0) if isinstance(threshold, str) else threshold
            items = [ItemId.parse(row.item) for row in stored]
            judged = judge(fact.corpus, items, *rebuild(stored), at, makes_pooled=makes_pooled)
            yield stored, JudgedFacts(marked(fact, judged), [fact])

    def _cases(self, rows: Iterator[PredictionRow]) -> Iterator[ThresholdCase]:
        for fact, stored in self._with_facts(rows):
            predictions, _ = rebuild(stored)
            for row in stored:
                if row.track == "reading" and not row.paraphrase:
                    golds = fact.question.own_golds(row.article)
                    yield threshold_case(row.fact, golds, predictions.get(row.item))

    def _with_facts(self, rows: Iterator[PredictionRow]) -> Iterator[tuple[PassageFact, list[PredictionRow]]]:
        """The rows of each fact, with the fact."""
        facts = iter(self._chosen)
        for id, group in groupby(rows, key=lambda row: row.fact):
            fact = next((fact for fact in facts if fact.question.id == id), None)
            if fact is None:
                raise ValueError(f"{id}: is no fact of the data set, or is not in its order")
            yield fact, list(group)

    def tabulate(self, tables: dict[Track, ScoreTable], rows: Iterable[ItemScore]) -> None:
        """Adds judged rows of whole facts to the tables of their tracks."""
        if isinstance(rows, JudgedFacts):
            tabulate_facts(tables, rows)
        else:
            _tabulate(tables, rows, ())

    def references(self) -> Iterator[tuple[ReferenceName, dict[Track, ScoreTable]]]:
        """Scores of the references."""
        tables: dict[ReferenceName, dict[Track, ScoreTable]] = {name: {} for name in REFERENCES}
        for facts in self._batches():
            for name in REFERENCES:
                scores: list[ItemScore] = []
                for fact, items in facts:
                    answers = reference_answers(fact.corpus, name, items)
                    scores += marked(fact, judge_answers(fact.corpus, items, answers))
                _tabulate(tables[name], scores, [fact for fact, _ in facts])
        yield from tables.items()

    def strangers(self, ids: Collection[str]) -> list[str]:
        """Those of the ids that belong to no item of the data set."""
        return strangers(ids, (fact.corpus for fact in self.dataset))

    def items_with_hashes(self) -> dict[str, str]:
        """Every item, without its hash. Hashes are compared when rows are judged again."""
        return {str(item): "" for fact in self._chosen for item in self._items(fact)}

    def _batches(self) -> Iterator[list[tuple[PassageFact, tuple[ItemId, ...]]]]:
        batch: list[tuple[PassageFact, tuple[ItemId, ...]]] = []
        size = 0
        for fact in self._chosen:
            items = self._items(fact)
            batch.append((fact, items))
            size += len(items)
            if size >= PART:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch


@dataclass(frozen=True, slots=True)
class FactPart:
    """One fact with its instances."""

    fact: PassageFact
    asked: CuratedPart


@dataclass(frozen=True, slots=True)
class ClaimsPart:
    """Some facts of a data set, which are asked together."""

    parts: tuple[FactPart, ...]

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Instances that the model gets."""
        return tuple(instance for part in self.parts for instance in part.asked.instances)

    def by_fact(self) -> dict[str, tuple[Instance, ...]]:
        """Instances that the model gets, by fact."""
        return {part.fact.question.id: part.asked.instances for part in self.parts}

    def only(self, facts: Collection[str]) -> ClaimsPart:
        """The part with no other facts."""
        return ClaimsPart(tuple(part for part in self.parts if part.fact.question.id in facts))

    def judge(
        self, predictions: Mapping[str, Prediction], threshold: Threshold, *, whole: bool = True
    ) -> JudgedFacts:
        """Scores each fact as if it were alone: pooled answers are decided by its own answers, and
        `cross-fit` is scored with the threshold 0. `ClaimsTask.rejudged` decides both by all facts.
        """
        at = 0.0 if isinstance(threshold, str) else threshold
        rows: list[PredictionRow] = []
        for part in self.parts:
            rows += marked(part.fact, part.asked.judge(predictions, at, whole=whole))
        return JudgedFacts(rows, [part.fact for part in self.parts])


def _pooled_parts(rows: Iterable[PredictionRow]) -> Iterator[ByArticle]:
    """The predictions that stored pooled rows were scored from."""
    for row in rows:
        if row.track == "pooled":
            _, pooled = rebuild([row])
            yield from pooled.values()


def _items_row(counts: Mapping[Track, int]) -> ItemsRow:
    return ItemsRow(reading=counts["reading"], pooled=counts["pooled"])


def marked(fact: PassageFact, scores: Iterable[_Score]) -> list[_Score]:
    """The scores of a fact's items, each with its slices."""
    return [replace(score, marks=fact.marks(score.article)) for score in scores]


def tabulate_facts(tables: dict[Track, ScoreTable], rows: JudgedFacts) -> None:
    """Adds judged rows, and the preferences of their facts, to the tables of their tracks."""
    _tabulate(tables, rows, rows.facts)


def _tabulate(
    tables: dict[Track, ScoreTable], scores: Iterable[ItemScore], facts: Sequence[PassageFact]
) -> None:
    add_scores(
        tables,
        scores,
        questions=[fact.question for fact in facts],
        sources={fact.question.id: fact.sources for fact in facts},
    )
