"""The plan of a run, made before anything is written: models, task, signatures, identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from os import PathLike
from typing import TYPE_CHECKING, Any

from qa_eval.data.corpus import load_corpus
from qa_eval.errors import QaEvalError, SpecError
from qa_eval.evaluation.cache import answer_key
from qa_eval.evaluation.tasks.curated import CuratedTask
from qa_eval.evaluation.tasks.task import Task, dataset_task, task_kind
from qa_eval.files.hashes import sha256_json
from qa_eval.metrics.item_scores import SCORER_VERSION
from qa_eval.metrics.rules.squad import UNSCORED
from qa_eval.models.given_models import checked_model, listed_models
from qa_eval.models.protocol import Model
from qa_eval.models.registry import resolve
from qa_eval.records import Corpus, Decoding, Instance, Runtime
from qa_eval.runs.options import RunOptions, StoredOptions
from qa_eval.runs.ranking import RULES, model_signature
from qa_eval.runs.run_folder import slugs
from qa_eval.runs.schema import DataRow
from qa_eval.text.phrases import enumerate_words, unlike

if TYPE_CHECKING:
    from qa_eval.data.dataset import Dataset

_NEWER = frozenset({"closed_book", "orders"})
"""Options that are part of the identity of a run only if they are not the default, because runs of older
versions do not have them."""
_UNCACHED = frozenset({"baseline", "predictions"})
"""Kinds whose answers are not cached, because computing them takes less time than looking them up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A model that will be asked, with the names of its row and its file."""

    model: Model
    """Model that answers."""
    signature: str
    """Signature of the model's row."""
    slug: str
    """Name of the model's predictions file."""
    deterministic: bool
    """Whether the run is deterministic."""

    @property
    def cached(self) -> bool:
        """Whether the model's answers are cached."""
        return self.model.info.kind not in _UNCACHED and self.model.info.fingerprint is not None

    def keys(self, instances: Sequence[Instance]) -> dict[str, str]:
        """The cache keys of instances by item id; empty for a model whose answers are not cached."""
        if not self.cached:
            return {}
        info, decoding = self.model.info, self.model.decoding
        keys = ((i.item, answer_key(info, decoding, i, deterministic=self.deterministic)) for i in instances)
        return {item: key for item, key in keys if key is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is decided before the first write."""

    task: Task
    """Task that every model answers."""
    contestants: tuple[Contestant, ...]
    """Models that will be asked."""
    options: StoredOptions
    """Options that are stored with the run."""
    identity: dict[str, Any]
    """Everything that decides the numbers of the run."""

    @property
    def run_id(self) -> str:
        """Id of the run, a hash of its identity."""
        return run_id_of(self.identity)


def settle(
    models: str | PathLike[str] | Model | Iterable[str | PathLike[str] | Model],
    *,
    corpus: Corpus | None = None,
    dataset: str | PathLike[str] | Dataset | None = None,
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> Plan:
    """The plan of a call of `evaluate`. Arguments and errors are those of `evaluate`."""
    several = listed_models(models)
    opened = None if dataset is None else opened_dataset(dataset, options)
    if opened is not None and corpus is not None:
        raise QaEvalError("corpus: cannot be given together with a data set")
    options = task_kind(opened).fitted(options)
    if not several and not options.references:
        raise SpecError("models: is empty; without reference rows there is nothing to run")
    resolved = resolve_models(several, options.decoding, options.runtime)
    _refuse_options_of_writers(resolved, options)
    stored = options.stored
    task: Task
    if opened is not None:
        task = dataset_task(opened, stored)
    else:
        task = CuratedTask(load_corpus() if corpus is None else corpus, stored)
    return make_plan(resolved, task, options=stored)


def settle_all(
    models: Sequence[str | Model],
    datasets: Sequence[Dataset],
    options: RunOptions = RunOptions(),  # noqa: B008 - frozen
) -> list[Plan]:
    """A plan for each of several data sets, with the same models.

    Raises SpecError for a data set that is given twice. Raises as `settle` does.
    """
    specs = list(map(spec_of, datasets))
    if repeated := sorted({spec for spec in specs if specs.count(spec) > 1}):
        raise SpecError(f"{', '.join(repeated)} is given twice; name it once")
    resolved = resolve_models(models, options.decoding, options.runtime)
    return [settle(resolved, dataset=dataset, options=options) for dataset in datasets]


def opened_dataset(dataset: str | PathLike[str] | Dataset, options: RunOptions) -> Dataset:
    """The data set, opened with the options for reading and scoring. Nothing is read yet.

    A data set that is open already keeps its split and its columns. Raises QaEvalError for anything else, and
    as `open_dataset` and `parse_columns` do.
    """
    from qa_eval.data.dataset import open_dataset
    from qa_eval.data.dataset_options import parse_columns

    refuse_other_dataset(dataset)
    if isinstance(dataset, str | PathLike):
        return open_dataset(
            str(dataset),
            split=options.split,
            columns=parse_columns(options.columns),
            duplicate_ids=options.duplicate_ids,
            rules=options.rules,
        )
    return dataset if options.rules is None else dataset.with_rules(options.rules)


def refuse_other_dataset(dataset: object) -> None:
    """Raises QaEvalError for an object that is neither a spec nor an opened data set."""
    from qa_eval.data.dataset import Dataset

    if not isinstance(dataset, str | PathLike | Dataset):
        raise QaEvalError(unlike("dataset", dataset, "a spec such as 'squad:dev.json', or a data set"))


def spec_of(dataset: Dataset) -> str:
    """A text that distinguishes a data set from others: its spec, and its split if it has one."""
    return f"{dataset.spec} {dataset.split or ''}".strip()


def _refuse_options_of_writers(models: Sequence[Model], options: RunOptions) -> None:
    """Raises QaEvalError for ways of asking that none of the models has, or that change no item."""
    given = {"closed_book": options.closed_book, "orders": options.orders > 0}
    named = [name for name, is_given in given.items() if is_given]
    if named and not _has_writer(models):
        raise QaEvalError.naming(
            lambda called: (
                f"{enumerate_words([called(name) for name in named])}: only language models are asked so, "
                "and there is none"
            )
        )
    if options.orders and options.track == "reading":
        raise QaEvalError.naming(
            lambda called: (
                f"{called('orders')}: only pooled items have several passages, and {called('track')} reading "
                "leaves them out"
            )
        )


def unused_prices_sentence(models: Sequence[Model], options: RunOptions) -> str | None:
    """A sentence about prices that no model has a use for; None if there are none.

    It is no error, because one list of options may serve runs of all kinds of models.
    """
    given = {"price_in": options.price_in, "price_out": options.price_out}
    named = [name for name, price in given.items() if price is not None]
    if not named or _has_writer(models):
        return None
    return f"{', '.join(named)}: only language models have a cost, and there is none, so no cost is shown"


def _has_writer(models: Sequence[Model]) -> bool:
    return any(getattr(model, "answers_directly", False) for model in models)


def make_plan(models: Sequence[Model], task: Task, *, options: StoredOptions) -> Plan:
    """The plan for resolved models and a task. Nothing is written, and no weights are loaded.

    Raises SpecError for two models that are the same. Raises InputError or QaEvalError for mistakes in the
    data, and InputError for spans of a predictions file that are beyond the text.
    """
    if task.rules == UNSCORED and isinstance(options.threshold, str):
        raise QaEvalError(f"threshold: {options.threshold}: needs gold answers, which this data set lacks")
    signatures = [
        model_signature(
            model.info,
            model.decoding,
            options.threshold,
            deterministic=options.deterministic,
            data=task.data.item_hashes_sha256,
            rules=task.rules,
        )
        for model in models
    ]
    _refuse_twins(models, signatures)
    names = slugs([model.info.spec for model in models])
    return Plan(
        task=task,
        contestants=tuple(
            Contestant(model=model, signature=signature, slug=slug, deterministic=options.deterministic)
            for model, signature, slug in zip(models, signatures, names, strict=True)
        ),
        options=options,
        identity=identity_of(task.data, options, signatures, task.rules),
    )


def resolve_models(specs: Sequence[str | Model], decoding: Decoding, runtime: Runtime) -> list[Model]:
    """The models that the specs name. A model that is an object is returned as it is.

    Every spec is tried, so that one SpecError lists all mistakes. A single mistake keeps its own error.
    """
    models: list[Model] = []
    wrong: list[QaEvalError] = []
    for spec in specs:
        try:
            model = resolve(spec, decoding, runtime) if isinstance(spec, str) else spec
            models.append(checked_model(model))
        except QaEvalError as error:
            wrong.append(error)
    if len(wrong) > 1:
        raise SpecError("\n".join(str(error) for error in wrong))
    if wrong:
        raise wrong[0]
    return models


def _refuse_twins(models: Sequence[Model], signatures: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for model, signature in zip(models, signatures, strict=True):
        spec = model.info.spec
        if signature in first:
            same = (
                f"{first[signature]} is given twice"
                if first[signature] == spec
                else (f"{first[signature]} and {spec} are the same model")
            )
            raise SpecError(f"{same}; name it once")
        if spec in first.values():
            raise SpecError(f"two different models have the spec {spec}; give each its own spec")
        first[signature] = spec


def identity_of(
    data: DataRow,
    options: StoredOptions,
    signatures: Sequence[str],
    rules: str = RULES,
    scorer: str = SCORER_VERSION,
) -> dict[str, Any]:
    """Everything that decides the numbers of a run. The order of the models is not part of it."""
    chosen = {
        field.name: value
        for field in fields(StoredOptions)
        if (value := getattr(options, field.name)) != field.default or field.name not in _NEWER
    }
    identity = {
        "questions": data.questions_sha256,
        "articles": data.articles_sha256,
        "items": data.item_hashes_sha256,
        "models": sorted(signatures),
        "options": chosen,
        "rules": rules,
        "scorer": scorer,
    }
    if data.columns:
        identity["columns"] = data.columns
    if data.duplicate_ids != "error":
        identity["duplicate_ids"] = data.duplicate_ids
    return identity


def run_id_of(identity: Mapping[str, Any]) -> str:
    """The run id of an identity. It is equal for runs that must give equal numbers."""
    return sha256_json(dict(identity))[:32]
