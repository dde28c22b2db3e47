"""What a run will do, settled before its first write: models, task, signatures, identity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qa_eval.data.corpus import load_corpus
from qa_eval.data.dataset import PublicDataset, open_dataset
from qa_eval.errors import QaEvalError, SpecError
from qa_eval.evaluation.cache import answer_key
from qa_eval.evaluation.tasks.curated import CuratedTask
from qa_eval.evaluation.tasks.public import PublicTask
from qa_eval.evaluation.tasks.task import Task
from qa_eval.files.hashes import sha256_json
from qa_eval.metrics.item_scores import SCORER_VERSION
from qa_eval.metrics.rules.squad import UNSCORED
from qa_eval.models.protocol import Model
from qa_eval.models.registry import resolve
from qa_eval.records import Corpus, Decoding, Instance, Runtime, Track
from qa_eval.runs.ranking import RESAMPLES, RULES, model_signature
from qa_eval.runs.rows import Threshold
from qa_eval.runs.run_folder import slugs
from qa_eval.runs.schema import DataRow, OptionsRow

_UNCACHED = frozenset({"baseline", "predictions"})
"""Kinds whose answers cost less than looking them up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A model that will be asked, with what names its row."""

    model: Model
    signature: str
    slug: str
    deterministic: bool

    @property
    def cached(self) -> bool:
        """Whether its answers are kept."""
        return self.model.info.kind not in _UNCACHED and self.model.info.fingerprint is not None

    def keys(self, instances: Sequence[Instance]) -> dict[str, str]:
        """Item id -> cache key; empty for a model whose answers are not kept."""
        if not self.cached:
            return {}
        info, decoding = self.model.info, self.model.decoding
        keys = ((i.item, answer_key(info, decoding, i, deterministic=self.deterministic)) for i in instances)
        return {item: key for item, key in keys if key is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is settled before the first write."""

    task: Task
    contestants: tuple[Contestant, ...]
    options: OptionsRow
    identity: dict[str, Any]

    @property
    def run_id(self) -> str:
        return run_id_of(self.identity)


def settle(
    models: Sequence[str | Model],
    *,
    corpus: Corpus | None = None,
    dataset: str | PublicDataset | None = None,
    split: str | None = None,
    rules: str | None = None,
    track: Track | Literal["both"] = "both",
    paraphrases: bool = False,
    decoding: Decoding = Decoding(),  # noqa: B008 - frozen
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    threshold: Threshold = 0.0,
    references: bool = True,
    categories: Sequence[str] = (),
    limit: int | None = None,
    sample: int | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Plan:
    """The plan of a call of `evaluate`, which says what its arguments mean and what is raised."""
    if dataset is not None:
        _refuse_curated_options(corpus, track, paraphrases=paraphrases, categories=categories)
    elif split is not None:
        raise QaEvalError(f"split: {split}: only a public data set has splits")
    elif rules is not None:
        raise QaEvalError(f"rules: {rules}: only for a public data set; facts asked of articles have {RULES}")
    options = OptionsRow(
        track=track if dataset is None else "reading",
        paraphrases=paraphrases,
        categories=tuple(sorted(set(categories))),
        limit=limit,
        sample=sample,
        seed=seed,
        threshold=check_threshold(threshold),
        references=references,
        resamples=resamples,
        deterministic=runtime.deterministic,
    )
    if not models and not references:
        raise SpecError("no model and no reference rows: there is nothing to run")
    resolved = resolve_models([models] if isinstance(models, str) else models, decoding, runtime)
    task: Task
    if dataset is not None:
        opened = open_dataset(dataset, split=split) if isinstance(dataset, str) else dataset
        task = PublicTask(opened if rules is None else opened.with_rules(rules), options)
    else:
        task = CuratedTask(load_corpus() if corpus is None else corpus, options)
    return make_plan(resolved, task, options=options)


def settle_all(
    models: Sequence[str | Model],
    datasets: Sequence[PublicDataset],
    *,
    decoding: Decoding = Decoding(),  # noqa: B008 - frozen
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
    **choices: Any,  # noqa: ANN401
) -> list[Plan]:
    """A plan for each of several data sets, of the same models; `choices` are other arguments of `settle`.

    Raises SpecError for a data set that is given twice, and as `settle` does.
    """
    specs = list(map(spec_of, datasets))
    if repeated := sorted({spec for spec in specs if specs.count(spec) > 1}):
        raise SpecError(f"{', '.join(repeated)} is given twice: name it once")
    resolved = resolve_models(models, decoding, runtime)
    return [
        settle(resolved, dataset=dataset, decoding=decoding, runtime=runtime, **choices)
        for dataset in datasets
    ]


def spec_of(dataset: PublicDataset) -> str:
    """What tells a data set from others: its spec, and its split where it has one."""
    return f"{dataset.spec} {dataset.split or ''}".strip()


def _refuse_curated_options(
    corpus: Corpus | None, track: str, *, paraphrases: bool, categories: Sequence[str]
) -> None:
    """Raises QaEvalError naming every option that a public data set has no place for."""
    given = {
        "corpus": corpus is not None,
        "track": track == "pooled",
        "paraphrases": paraphrases,
        "categories": bool(categories),
    }
    if named := [name for name, is_given in given.items() if is_given]:
        raise QaEvalError(
            f"{', '.join(named)}: only for facts asked of articles; a public data set has questions, each "
            "with its own context"
        )


def make_plan(models: Sequence[Model], task: Task, *, options: OptionsRow) -> Plan:
    """Settles what is asked of whom; nothing is written and no weights are loaded.

    Raises SpecError for two models that are the same, InputError or QaEvalError for what is wrong with the
    data, and InputError for spans of a predictions file that are beyond the text.
    """
    if task.rules == UNSCORED and isinstance(options.threshold, str):
        raise QaEvalError(f"threshold: {options.threshold}: is fitted on answers, which are not given here")
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
    """Every spec is tried, so that all that are wrong are told at once; one alone keeps its own error."""
    models: list[Model] = []
    wrong: list[QaEvalError] = []
    for spec in specs:
        try:
            models.append(resolve(spec, decoding, runtime) if isinstance(spec, str) else spec)
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
            raise SpecError(f"{same}: name it once")
        if spec in first.values():
            raise SpecError(f"two different models call themselves {spec}: give each its own spec")
        first[signature] = spec


def check_threshold(threshold: Threshold) -> Threshold:
    """The threshold itself. Raises QaEvalError unless it is a finite number or `cross-fit`."""
    if isinstance(threshold, str) and threshold != "cross-fit":
        raise QaEvalError(f"threshold: {threshold!r} is neither a number nor cross-fit")
    if not isinstance(threshold, str) and not math.isfinite(threshold):
        raise QaEvalError(f"threshold: {threshold} is not a finite number")
    return threshold


def identity_of(
    data: DataRow, options: OptionsRow, signatures: Sequence[str], rules: str = RULES
) -> dict[str, Any]:
    """What decides every number of a run; the order of the models does not."""
    chosen = {name: getattr(options, name) for name in OptionsRow.model_fields}
    identity = {
        "questions": data.questions_sha256,
        "articles": data.articles_sha256,
        "items": data.item_hashes_sha256,
        "models": sorted(signatures),
        "options": chosen,
        "rules": rules,
        "scorer": SCORER_VERSION,
    }
    if data.columns:
        identity["columns"] = data.columns
    if data.duplicate_ids != "error":
        identity["duplicate_ids"] = data.duplicate_ids
    return identity


def run_id_of(identity: Mapping[str, Any]) -> str:
    """The run id of an identity: equal for runs that must give equal numbers."""
    return sha256_json(dict(identity))[:32]
