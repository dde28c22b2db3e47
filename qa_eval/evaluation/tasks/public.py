"""The task of asking the questions of a public data set, each of its context, part by part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from qa_eval.data.content_hashes import item_sha256
from qa_eval.data.dataset import PublicDataset, instance_of
from qa_eval.evaluation.tasks.curated import refuse_options
from qa_eval.files.hashes import sha256_json, sha256_text
from qa_eval.matching.answer_types import asked_type
from qa_eval.metrics.decisions import decide
from qa_eval.metrics.example_scores import oracle_answer, score_example, unscored_example
from qa_eval.metrics.listings import sort_keys
from qa_eval.metrics.reference_answers import ReferenceName
from qa_eval.metrics.rules.squad import UNSCORED, Rules, rules_named
from qa_eval.metrics.score_table import Cluster, ScoreTable, add_scores
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.thresholds import fit_thresholds, threshold_case
from qa_eval.models.protocol import Model
from qa_eval.records import Answer, Example, Instance, ItemId, Prediction, Track
from qa_eval.runs.options import RunOptions, StoredOptions, Threshold
from qa_eval.runs.rows import ItemHashes, gave_confidence, items_sha256, prediction_row, rebuild
from qa_eval.runs.schema import DataRow, ItemsRow, PredictionRow, SourcesRow, WholeRow
from qa_eval.runs.sources import dataset_sources

PART = 512
"""Number of questions in a part, which is in memory with all its predictions."""
Thresholds = float | Mapping[str, float]
"""Threshold for all questions, or thresholds by context."""

_T = TypeVar("_T")


class AskedExample(msgspec.Struct, frozen=True):
    """A question without its context. This is all that scoring needs."""

    item: ItemId
    """Id of the item."""
    question: str
    """Question, as asked."""
    golds: tuple[str, ...]
    """Gold answers; empty if the right answer is no answer."""
    hashes: ItemHashes
    """Hashes of the question, its context and its golds."""

    @staticmethod
    def of(example: Example) -> AskedExample:
        """The question of an example of the data set."""
        return _asked(example.item, example.question, example.golds, _context_sha256(example.context))

    @staticmethod
    def stored(row: PredictionRow) -> AskedExample:
        """The question of a row of a predictions file. Raises ValueError if its id is not an item id."""
        return _asked(ItemId.parse(row.item), row.question, row.golds, row.context_sha256)

    @property
    def sha256(self) -> str:
        """SHA-256 over the question, its context and its golds."""
        h = self.hashes
        return item_sha256(h.question_sha256, h.context_sha256, h.gold_sha256)

    def score(self, answer: Answer, rules: Rules | None) -> ItemScore:
        """The scores of an answer. Without rules, the scores are not known."""
        asked = asked_type(self.question)
        if rules is None:
            return unscored_example(self.item, asked, answer)
        return score_example(self.item, self.golds, asked, answer, rules)


_context_sha256 = lru_cache(maxsize=64)(sha256_text)
"""Hash of a context. Questions on one context follow each other."""


# Cached because verification asks for each row's question when it reads the row, and when it scores it.
@lru_cache(maxsize=2 * PART)
def _asked(item: ItemId, question: str, golds: tuple[str, ...], context_sha256: str) -> AskedExample:
    hashes = ItemHashes(
        question_sha256=sha256_text(question),
        context_sha256=context_sha256,
        gold_sha256=sha256_json(list(golds)),
    )
    return AskedExample(item, question, golds, hashes)


def scoring_rules(name: str) -> Rules | None:
    """The rules of that name; None if nothing is scored. Raises QaEvalError for unknown rules."""
    return None if name == UNSCORED else rules_named(name)


def _number(threshold: Threshold) -> float:
    """The threshold as a number; 0 if it has yet to be fitted."""
    return 0.0 if isinstance(threshold, str) else float(threshold)


class StoredTask:
    """The stored answers to a public data set. They can be scored without the data set itself."""

    cluster: Cluster = "context"
    """Unit of resampling."""
    fits_afterwards: bool = True
    """Whether `cross-fit` needs the answers of all parts."""

    def __init__(self, rules: str) -> None:
        """Takes the name of the rules. Raises QaEvalError for rules that this version does not have."""
        scoring_rules(rules)
        self.rules = rules
        """Name of the rules of EM and F1."""

    @property
    def sorts(self) -> Sequence[str]:
        """Metrics that can rank models and need only golds, as `TRACK.METRIC`."""
        return sort_keys("basic")

    def rejudged(
        self, rows: Callable[[], Iterator[PredictionRow]], threshold: Threshold
    ) -> Iterator[tuple[list[PredictionRow], list[PredictionRow]]]:
        """Stored rows, and the rows as they are scored now. `cross-fit` is fitted by F1, for each context on
        the others.

        Raises ValueError for a text that is not an item id.
        """
        rules = scoring_rules(self.rules)
        thresholds: Thresholds = _number(threshold)
        if rules is not None and isinstance(threshold, str):
            thresholds = self._fitted(rows(), rules)
        for some in _batches(rows(), PART):
            predictions, _ = rebuild(some)
            asked = [(AskedExample.stored(row), predictions.get(row.item)) for row in some]
            yield some, judge_asked(asked, rules, thresholds)

    def tabulate(self, tables: dict[Track, ScoreTable], rows: Iterable[ItemScore]) -> None:
        """Adds scored rows to the tables of their tracks."""
        add_scores(tables, rows, self.cluster)

    def _fitted(self, rows: Iterator[PredictionRow], rules: Rules) -> dict[str, float]:
        cases = []
        for some in _batches(rows, PART):
            predictions, _ = rebuild(some)
            cases += [
                threshold_case(row.article, row.golds, predictions.get(row.item), rules) for row in some
            ]
        return fit_thresholds(cases, (case.cluster for case in cases), "f1")


class PublicTask(StoredTask):
    """The questions of a data set that the options choose. Reading a faulty data set raises InputError."""

    def __init__(self, dataset: PublicDataset, options: StoredOptions) -> None:
        super().__init__(dataset.rules)
        self.dataset = dataset
        """Data set that is asked."""
        self.examples = dataset.chosen(limit=options.limit, sample=options.sample, seed=options.seed)
        """Questions that the options choose."""
        self._items: dict[str, str] = {}
        """Every item id with its hash; empty if nobody asked for them, because they take memory."""

    @staticmethod
    def fitted(options: RunOptions) -> RunOptions:
        """The options on the reading track. Raises QaEvalError, which names options that need articles."""
        refuse_options(
            {
                "closed_book": options.closed_book,
                "orders": options.orders > 0,
                "track": options.track == "pooled",
                "paraphrases": options.paraphrases,
                "categories": bool(options.categories),
            },
            "works only with questions about articles; in a public data set, each question has its own "
            "context",
        )
        return replace(options, track="reading")

    @cached_property
    def data(self) -> DataRow:
        """Description of the questions, for the leaderboard."""
        census = self.dataset.check()
        items = self._items or self._with_hashes()
        return DataRow(
            kind="public",
            dataset=self.dataset.spec,
            split=self.dataset.split,
            columns=dict(self.dataset.intake.columns),
            duplicate_ids=self.dataset.intake.duplicate_ids,
            cluster=self.cluster,
            questions_sha256=census.questions_sha256,
            articles_sha256=census.contexts_sha256,
            facts=len(items),
            contexts=len({item.rpartition("@")[2] for item in items}),
            items=ItemsRow(reading=len(items)),
            whole=WholeRow(facts=census.questions, items=ItemsRow(reading=census.questions)),
            item_hashes_sha256=items_sha256(items.items()),
            notes=tuple(self.dataset.notes()),
        )

    def sources(self, folder: Path) -> SourcesRow | None:
        """The location of the data set, as a run in `folder` records it."""
        return dataset_sources(self.dataset, folder)

    def size(self, model: Model) -> int:
        """The number of instances for the model."""
        del model
        return self.data.items.reading

    def parts(self, model: Model) -> Iterator[PublicPart]:
        """The questions, in parts of `PART`."""
        del model
        for some in _batches(self.examples, PART):
            yield PublicPart(tuple(some), scoring_rules(self.rules))

    def references(self) -> Iterator[tuple[ReferenceName, dict[Track, ScoreTable]]]:
        """The scored oracle, because the other references need claims. Empty if the golds are not known."""
        tables: dict[Track, ScoreTable] = {}
        rules = scoring_rules(self.rules)
        if rules is None:
            return
        for some in _batches(self.examples, PART):
            scores = [
                score_example(e.item, e.golds, asked_type(e.question), oracle_answer(e, rules), rules)
                for e in some
            ]
            add_scores(tables, scores, self.cluster)
        yield "oracle", tables

    def strangers(self, ids: Collection[str]) -> list[str]:
        """Those of the ids that belong to no question of the data set."""
        left = dict.fromkeys(ids)
        for example in self.dataset:
            left.pop(example.id, None)
            left.pop(str(example.item), None)
        return list(left)

    def items_with_hashes(self) -> dict[str, str]:
        """Every item id with the hash of its question, context and golds. Kept for `data`."""
        self._items = self._items or self._with_hashes()
        return self._items

    def _with_hashes(self) -> dict[str, str]:
        return {str(asked.item): asked.sha256 for asked in map(AskedExample.of, self.examples)}


@dataclass(frozen=True, slots=True)
class PublicPart:
    """Some questions of a data set."""

    examples: tuple[Example, ...]
    """Questions of the part."""
    rules: Rules | None
    """Rules of EM and F1; None if nothing is scored."""

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Instances that the model sees."""
        return tuple(map(instance_of, self.examples))

    def by_fact(self) -> dict[str, tuple[Instance, ...]]:
        """The instance of each question."""
        return {example.item.fact: (instance_of(example),) for example in self.examples}

    def only(self, facts: Collection[str]) -> PublicPart:
        """The part with only these questions."""
        return PublicPart(tuple(e for e in self.examples if e.item.fact in facts), self.rules)

    def judge(
        self, predictions: Mapping[str, Prediction], threshold: Threshold, *, whole: bool = True
    ) -> list[PredictionRow]:
        """The scored rows of the questions. For `cross-fit` the threshold is 0 until it is fitted."""
        asked = [(asked, predictions.get(str(asked.item))) for asked in map(AskedExample.of, self.examples)]
        chosen = asked if whole else [(asked, said) for asked, said in asked if said is not None]
        return judge_asked(chosen, self.rules, _number(threshold))


def judge_asked(
    asked: Iterable[tuple[AskedExample, Prediction | None]], rules: Rules | None, thresholds: Thresholds
) -> list[PredictionRow]:
    """The scored rows of questions. A question without a prediction is missing and scores 0."""
    rows = []
    for question, said in asked:
        item = question.item
        if said is None:
            answer = Answer(item=str(item), text="", missing=True)
        else:
            at = thresholds if isinstance(thresholds, float) else thresholds[item.article]
            answer = decide(said, threshold=at)
        score = question.score(answer, rules)
        rows.append(
            prediction_row(
                question.question,
                answer,
                score,
                question.hashes,
                final=said is not None and said.text is not None,
                no_answer_given=said is not None and said.no_answer_probability is not None,
                confidence_given=gave_confidence(said),
            )
        )
    return rows


def _batches(values: Iterable[_T], size: int) -> Iterator[list[_T]]:
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch
