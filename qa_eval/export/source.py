"""What is exported of a run: its rows, how other tools name its data, and the questions and texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from qa_eval.data.dataset import Dataset, open_dataset
from qa_eval.errors import QaEvalError
from qa_eval.files.hashes import sha256_text
from qa_eval.metrics.listings import in_order, listed
from qa_eval.records import Corpus, Estimate, ItemId
from qa_eval.runs.data_kinds import data_kind, plain_id
from qa_eval.runs.run_folder import slugs
from qa_eval.runs.schema import Leaderboard, PredictionRow, Row
from qa_eval.runs.store import Run, choose_rows
from qa_eval.text.phrases import count


class AskedItem(NamedTuple):
    """The question and the text of an item."""

    question: str
    context: str
    """Text in which the answer was sought. On the pooled track, the texts of all articles, one after the
    other."""

    @property
    def prompt(self) -> str:
        return f"{self.context}\n\n{self.question}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataName:
    """The name of the data, for other formats."""

    name: str
    """Name for people."""
    slug: str
    """Name in file names: letters, digits, `_`, `-` and `.`."""
    hub_id: str | None = None
    """Name `ORG/NAME`, if it is a data set of the hub."""
    config: str | None = None
    split: str | None = None
    revision: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExportSource:
    """One model's results, with everything that a format may need about them."""

    run: Run
    row: Row
    data: DataName
    texts: Corpus | Dataset | None = None
    """Questions and texts of the run, for formats that hold them."""
    organization: str = "unknown"
    """Organization that publishes the results."""
    relationship: str = "other"
    """Relationship of the publisher to the model: first_party, third_party, collaborative or other."""

    @property
    def part(self) -> str:
        """The part of the set that the results cover; empty if it is the whole set."""
        return part_asked(self.run.leaderboard, self.row)

    @property
    def data_title(self) -> str:
        """The name of the data, with the part that was asked unless it is the whole."""
        return f"{self.data.name} ({self.part})" if self.part else self.data.name

    @property
    def model_id(self) -> str:
        """`ORG/NAME` on the hub, or a name of that form."""
        return model_id(self.row)

    def id_of(self, item: str) -> str:
        """The data set's own id of an item. If a question has only one context, it is the question's id."""
        return data_kind(self.run.leaderboard.data).id_of(item)

    @property
    def finished_at(self) -> str:
        """When the run ended, as ISO 8601 in UTC."""
        board = self.run.leaderboard
        return board.finished_at or board.created_at

    @cached_property
    def finished(self) -> datetime:
        """When the run ended, as a time. Raises QaEvalError if the leaderboard holds no valid time."""
        try:
            time = datetime.fromisoformat(self.finished_at)
        except ValueError:
            raise QaEvalError(f"finished_at: {self.finished_at!r} is not an ISO 8601 time") from None
        return time if time.tzinfo is not None else time.replace(tzinfo=UTC)

    @cached_property
    def answers(self) -> list[PredictionRow]:
        """Every answer, in the order asked.

        Raises InputError if the answers cannot be read, and QaEvalError for an invalid item id.
        """
        answers = self.run.predictions(self.row)
        try:
            for answer in answers:
                ItemId.parse(answer.item)
        except ValueError as error:
            raise QaEvalError(f"{self.row.model.spec}: {error}") from None
        return answers

    @cached_property
    def counted(self) -> list[PredictionRow]:
        """The answers that count in the metrics: those to canonical questions."""
        return [a for a in self.answers if ItemId.parse(a.item).paraphrase == 0]

    @cached_property
    def asked(self) -> Mapping[str, AskedItem]:
        """The question and text of each item, by item id. Raises QaEvalError if `texts` are not those of the
        run.
        """
        if isinstance(self.texts, Corpus):
            return _asked_of_corpus(self.run, self.answers, self.texts)
        if self.texts is None:
            raise QaEvalError("this format holds the questions and texts of the run; give them as `texts`")
        return _asked_of_dataset(self.answers, self.texts)

    def metrics(self) -> list[tuple[str, str, Estimate]]:
        """(track, metric, value) of every metric, in the order of the table of metrics."""
        return [
            (track, metric, metrics[metric])
            for track, metrics in sorted(self.row.metrics.items(), reverse=True)
            for metric in in_order(metrics)
        ]

    def published(self) -> list[tuple[str, str, Estimate]]:
        """(track, metric, value) of the metrics that a model's page shows."""
        values = {(track, metric): value for track, metric, value in self.metrics()}
        return [(*key, values[key]) for key in listed("card", "reading", "pooled") if key in values]

    def notes_on(self, estimate: Estimate) -> str:
        """The interval, size and rules of a value, in percent, as one ASCII line."""
        board = self.run.leaderboard
        parts = [f"n {estimate.n}", f"rules {board.rules}", f"scorer {board.scorer_version}"]
        if estimate.low is not None and estimate.high is not None:
            interval = f"95% interval {100 * estimate.low:.1f} to {100 * estimate.high:.1f}"
            clusters = f"{estimate.method}, {estimate.clusters} {board.data.cluster}s"
            parts.insert(0, f"{interval} ({clusters})")
        if self.part:
            parts.insert(0, f"only {self.part}")
        return "percent; " + "; ".join(parts)


def part_asked(board: Leaderboard, row: Row) -> str:
    """The part of its set that a model answered, for people; empty if it is the whole set.

    >>> from qa_eval.records import ModelInfo
    >>> from qa_eval.runs.options import StoredOptions
    >>> from qa_eval.runs.schema import DataRow, WholeRow
    >>> data = DataRow(kind="public", questions_sha256="", articles_sha256="", facts=50)
    >>> data = data.model_copy(update={"whole": WholeRow(facts=11873, items={"reading": 11873})})
    >>> board = Leaderboard(run_id="", name="", created_at="", data=data, rules="", scorer_version="",
    ...     options=StoredOptions(sample=50))
    >>> part_asked(board, Row(model=ModelInfo(spec="m", kind="k", name="m")))
    '50 of 11,873 questions, a sample with seed 0'
    """
    data, options = board.data, board.options
    noun = data_kind(data).unit
    ways = []
    if options.categories:
        ways.append(f"of the categories {', '.join(options.categories)}")
    if options.sample is not None:
        ways.append(f"a sample with seed {options.seed}")
    if options.limit is not None:
        ways.append(f"the first {options.limit:,}")
    parts = []
    if data.whole is not None and data.facts < data.whole.facts:
        parts.append(", ".join([f"{data.facts:,} of {count(data.whole.facts, noun)}", *ways]))
    elif data.whole is None and ways:
        parts.append(", ".join([count(data.facts, noun), *ways]))
    if row.counts.unasked:
        asked = data.items.reading + data.items.pooled
        answered = asked - row.counts.unasked
        parts.append(f"interrupted after {answered:,} of {count(asked, 'item')}")
    return "; ".join(parts)


# ------------------------------------------------------------------------------------------ choosing


def choose_row(run: Run, models: Sequence[str], form: str) -> Row:
    """The row for a format that holds a single model. Raises QaEvalError if several rows fit."""
    rows = choose_rows(run, models)
    if len(rows) > 1:
        specs = ", ".join(row.model.spec for row in rows)
        raise QaEvalError(f"{form} holds one model; choose it with -m: {specs}")
    return rows[0]


def refuse_unfinished(row: Row) -> None:
    """Raises QaEvalError if the row's numbers cover only some of the items."""
    if row.status != "ok":
        left = row.counts.unasked
        raise QaEvalError(
            f"{row.model.spec}: was interrupted before {left} items were asked; finish the run before you "
            "publish its numbers (the same call continues it)"
        )


def model_id(row: Row) -> str:
    """`ORG/NAME` of a model of the hub. For other models, a name made of the spec, below `qa_eval` or
    `local`.

    >>> from qa_eval.records import ModelInfo
    >>> model_id(Row(model=ModelInfo(spec="hf:deepset/tiny", kind="hf", name="deepset/tiny")))
    'deepset/tiny'
    >>> model_id(Row(model=ModelInfo(spec="baseline:abstain", kind="baseline", name="abstain")))
    'qa_eval/baseline-abstain'
    """
    model = row.model
    if model.kind in ("hf", "onnx") and re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", model.name):
        return model.name
    owner = "qa_eval" if model.kind in ("embedded", "baseline") else "local"
    return f"{owner}/{slugs([model.spec])[0]}"


def name_data(run: Run, dataset_id: str | None) -> DataName:
    """The name of the run's data for other formats. `dataset_id` is the name on the hub, if there is one."""
    data = run.leaderboard.data
    spec = data.dataset or ""
    hub = re.fullmatch(r"hub:([\w-][\w.-]*/[\w-][\w.-]*)(?:/([\w.-]+))?(?:@(.+))?", spec)
    kind = data_kind(data)
    if kind.title is not None and kind.slug is not None:
        name = DataName(name=kind.title, slug=kind.slug, split=kind.split)
    elif hub is not None and not Path(spec.removeprefix("hub:")).is_dir():
        id, config, revision = hub.groups()
        name = DataName(
            name=id.rpartition("/")[2],
            slug=_slug(id),
            hub_id=id,
            config=config,
            split=data.split,
            revision=revision,
        )
    else:
        # A folder in the hub's layout gets the folder's name, because opening it would load it.
        folder = Path(spec.removeprefix("hub:")).name
        title = (folder if spec.startswith("hub:") else open_dataset(spec).name) if spec else "data set"
        name = DataName(name=title, slug=_slug(title), split=data.split)
    if dataset_id is None:
        return name
    if not re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", dataset_id):
        raise QaEvalError(f"--dataset-id {dataset_id}: is not a name on the hub; write ORG/NAME")
    return DataName(name=name.name, slug=_slug(dataset_id), hub_id=dataset_id, split=name.split)


def _slug(text: str) -> str:
    return slugs([text])[0]


# ------------------------------------------------------------------------------------------ what was asked


def _asked_of_corpus(run: Run, answers: Sequence[PredictionRow], corpus: Corpus) -> dict[str, AskedItem]:
    """The question and text of each answer, from the question set of the run.

    Raises QaEvalError if this is another question set.
    """
    data = run.leaderboard.data
    same = (corpus.questions_sha256, corpus.articles_sha256) == (data.questions_sha256, data.articles_sha256)
    if not same:
        raise QaEvalError(
            f"{corpus.questions_path} and {corpus.articles_path} are not what this run asked; name its "
            "questions and articles with --questions and --articles"
        )
    questions = {q.id: q for q in corpus.questions}
    texts = {a.id: a.text for a in corpus.articles}
    found = {}
    for answer in answers:
        item = ItemId.parse(answer.item)
        question = questions.get(item.fact)
        if question is not None and item.track == "pooled":
            context: str | None = "\n\n".join(article.text for article in corpus.in_scope(question))
        else:
            context = texts.get(item.article)
        if question is None or context is None or item.paraphrase > len(question.paraphrases):
            raise QaEvalError(f"{answer.item}: is not an item of {corpus.questions_path}")
        found[answer.item] = AskedItem(question.wording(item.paraphrase), context)
    return found


def _asked_of_dataset(answers: Sequence[PredictionRow], dataset: Dataset) -> dict[str, AskedItem]:
    """The question and text of each answer, from the data set of the run.

    Raises QaEvalError if the data set lacks one of the questions or has other words for it. Raises InputError
    if something is wrong in the data set.
    """
    hashes = {answer.item: answer.question_sha256 for answer in answers}
    found = {
        item: AskedItem(question, text)
        for item, question, text in dataset.asked(hashes)
        if hashes[item] == sha256_text(question)
    }
    if lost := [item for item in hashes if item not in found]:
        raise QaEvalError(
            f"{dataset.spec}: is not what this run asked: {len(lost)} of its {len(hashes)} questions are "
            f"missing, such as {plain_id(lost[0])!r}; name the data set with --dataset"
        )
    return found
