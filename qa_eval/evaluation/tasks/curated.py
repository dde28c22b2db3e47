"""The task of asking facts of articles, one by one and of all at once.

It has a single part, because answers are pooled over articles.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from qa_eval.data.article_labels import article_labels
from qa_eval.data.items import direct_instances, instances, item_ids, strangers
from qa_eval.data.locations import curated_paths
from qa_eval.errors import QaEvalError
from qa_eval.files.paths import real_path
from qa_eval.metrics.listings import sort_keys
from qa_eval.metrics.reference_answers import REFERENCES, ReferenceName, reference_answers
from qa_eval.metrics.score_table import Cluster, ScoreTable, add_scores, tables_of
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.models.protocol import Model
from qa_eval.records import Corpus, Instance, ItemId, Prediction, Track
from qa_eval.runs.options import RunOptions, StoredOptions, Threshold
from qa_eval.runs.ranking import RULES
from qa_eval.runs.rows import (
    ByArticle,
    gather,
    item_hashes,
    item_hashes_sha256,
    judge,
    judge_answers,
    rebuild,
)
from qa_eval.runs.schema import DataRow, ItemsRow, PredictionRow, SourcesRow, WholeRow
from qa_eval.runs.sources import corpus_sources


def refuse_options(given: Mapping[str, bool], why: str) -> None:
    """Raises QaEvalError, which names the options that are given."""
    if named := [name for name, is_given in given.items() if is_given]:
        raise QaEvalError(f"{', '.join(named)}: {why}")


@dataclass(frozen=True)
class CuratedTask:
    """The items of a corpus that the options choose. `items` raises QaEvalError if there are none."""

    corpus: Corpus
    """Questions and articles."""
    options: StoredOptions
    """Options of the run."""
    rules: str = RULES
    """Name of the rules of EM and F1."""
    cluster: Cluster = "fact"
    """Unit of resampling."""
    fits_afterwards: bool = False
    """Whether rows are scored again at the end; False, because there is a single part."""

    @staticmethod
    def fitted(options: RunOptions) -> RunOptions:
        """The options, if questions about articles have them. Raises QaEvalError, which names others."""
        if options.split is not None:
            raise QaEvalError(f"split: {options.split}: only a public data set has splits")
        if options.rules is not None:
            raise QaEvalError(
                f"rules: {options.rules}: works only with a public data set; questions about articles are "
                f"scored by {RULES}"
            )
        refuse_options(
            {"columns": bool(options.columns), "duplicate_ids": options.duplicate_ids != "error"},
            "works only with a public data set",
        )
        return options

    @property
    def sorts(self) -> Sequence[str]:
        """Metrics that can rank models on facts and articles, as `TRACK.METRIC`."""
        return sort_keys("ranking")

    @cached_property
    def items(self) -> tuple[ItemId, ...]:
        """Ids of the items, in the order in which they are asked and stored."""
        options = self.options
        items = item_ids(
            self.corpus,
            tracks=self.options.tracks,
            paraphrases=options.paraphrases,
            categories=options.categories or None,
            limit=options.limit,
            sample=options.sample,
            seed=options.seed,
        )
        if not items:
            raise QaEvalError("these options leave nothing to ask; choose more categories or facts")
        return tuple(items)

    def _whole(self) -> WholeRow:
        items = item_ids(self.corpus, tracks=self.options.tracks)
        tracks = [item.track for item in items]
        return WholeRow(
            facts=len(self.corpus.questions),
            items=ItemsRow(reading=tracks.count("reading"), pooled=tracks.count("pooled")),
        )

    @cached_property
    def data(self) -> DataRow:
        """Description of the questions, for the leaderboard."""
        facts = {item.fact for item in self.items}
        tracks = [item.track for item in self.items]
        return DataRow(
            kind="curated" if _is_curated(self.corpus) else "files",
            questions_sha256=self.corpus.questions_sha256,
            articles_sha256=self.corpus.articles_sha256,
            facts=len(facts),
            contested=sum(q.contested for q in self.corpus.questions if q.id in facts),
            items=ItemsRow(reading=tracks.count("reading"), pooled=tracks.count("pooled")),
            whole=self._whole(),
            item_hashes_sha256=item_hashes_sha256(item_hashes(self.corpus, self.items).items()),
            article_labels=article_labels(self.corpus.articles),
        )

    def sources(self, folder: Path) -> SourcesRow | None:
        """The location of the corpus, as a run in `folder` records it."""
        return corpus_sources(self.corpus, folder)

    def size(self, model: Model) -> int:
        """The number of instances for the model."""
        return len(self._instances(model))

    def parts(self, model: Model) -> Iterator[CuratedPart]:
        """The single part, with all items."""
        yield CuratedPart(self.corpus, self.items, self._instances(model))

    def rejudged(
        self, rows: Callable[[], Iterator[PredictionRow]], threshold: Threshold
    ) -> Iterator[tuple[list[PredictionRow], list[PredictionRow]]]:
        """Stored rows, and the rows as they are scored now. Raises ValueError for a text that is not an item
        id.
        """
        stored = list(rows())
        items = [ItemId.parse(row.item) for row in stored]
        yield stored, judge(self.corpus, items, *rebuild(stored), threshold)

    def tabulate(self, tables: dict[Track, ScoreTable], rows: Iterable[ItemScore]) -> None:
        """Adds scored rows of complete facts to the tables of their tracks."""
        add_scores(tables, rows, self.cluster, questions=self.corpus.questions)

    def references(self) -> Iterator[tuple[ReferenceName, dict[Track, ScoreTable]]]:
        """The scored references, in their fixed order."""
        for name in REFERENCES:
            answers = reference_answers(self.corpus, name, self.items)
            scores = judge_answers(self.corpus, self.items, answers)
            yield name, tables_of(scores, questions=self.corpus.questions)

    def strangers(self, ids: Collection[str]) -> list[str]:
        """Those of the ids that belong to no item of the corpus."""
        return strangers(ids, [self.corpus])

    def items_with_hashes(self) -> dict[str, str]:
        """Every item with an empty hash, because scoring a row again compares its hashes."""
        return dict.fromkeys(map(str, self.items), "")

    def _instances(self, model: Model) -> tuple[Instance, ...]:
        return instances_for(model, self.corpus, self.items, self.options)


def instances_for(
    model: Model, corpus: Corpus, items: Sequence[ItemId], options: StoredOptions
) -> tuple[Instance, ...]:
    """What a model is asked to answer these items.

    A model that answers directly is asked pooled items with all passages, and not the readings for them. A
    model with `answers_pooled` is asked both, and its answer to the pooled item counts if there is one.
    """
    if getattr(model, "answers_directly", False):
        return tuple(direct_instances(corpus, items, closed_book=options.closed_book, orders=options.orders))
    asked = instances(corpus, items)
    if getattr(model, "answers_pooled", False):
        asked += direct_instances(corpus, [item for item in items if item.track == "pooled"])
    return tuple(asked)


@dataclass(frozen=True, slots=True)
class CuratedPart:
    """Items of a corpus."""

    corpus: Corpus
    """Questions and articles."""
    items: tuple[ItemId, ...]
    """Ids of the items."""
    instances: tuple[Instance, ...]
    """Instances that the model sees."""

    def by_fact(self) -> dict[str, list[Instance]]:
        """The instances of each fact: its wordings and articles."""
        found: dict[str, list[Instance]] = {}
        for instance in self.instances:
            found.setdefault(ItemId.parse(instance.item).fact, []).append(instance)
        return found

    def only(self, facts: Collection[str]) -> CuratedPart:
        """The part with only these facts."""
        items = tuple(item for item in self.items if item.fact in facts)
        instances = (i for i in self.instances if ItemId.parse(i.item).fact in facts)
        return CuratedPart(self.corpus, items, tuple(instances))

    def judge(
        self,
        predictions: Mapping[str, Prediction],
        threshold: Threshold,
        *,
        whole: bool = True,
        makes_pooled: bool | None = None,
    ) -> list[PredictionRow]:
        """The scored rows of the items. If not everything was asked, a pooled item needs all its articles.

        `makes_pooled` is that of `qa_eval.runs.rows.judge`.
        """
        pooled = gather(self.corpus, self.items, predictions)
        items: Sequence[ItemId] = self.items
        if not whole:
            direct = {instance.item for instance in self.instances}
            items = [item for item in items if self._asked(item, predictions, pooled, direct)]
        return judge(self.corpus, items, predictions, pooled, threshold, makes_pooled=makes_pooled)

    def _asked(
        self,
        item: ItemId,
        predictions: Mapping[str, Prediction],
        pooled: Mapping[str, ByArticle],
        direct: Collection[str],
    ) -> bool:
        if str(item) in predictions:
            return True
        if str(item) in direct:
            return False  # the model is asked the item itself, and has not answered it
        said = pooled.get(str(item), {})
        if "*" in said or item.track == "reading":
            return "*" in said
        return len(said) == len(self.corpus.in_scope(self.corpus.question(item.fact)))


def _is_curated(corpus: Corpus) -> bool:
    try:
        curated = curated_paths()
    except QaEvalError:  # this installation lacks the curated set
        return False
    paths = (corpus.questions_path, corpus.articles_path)
    return all(
        bool(path) and real_path(Path(path)) == real_path(own)
        for path, own in zip(paths, curated, strict=True)
    )
