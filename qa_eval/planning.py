"""What a run will do, settled before its first write: models, items, signatures, identity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa_eval.cache import answer_key
from qa_eval.corpus import curated_paths, instances, item_ids, load_corpus
from qa_eval.errors import QaEvalError, SpecError
from qa_eval.judging import Threshold, item_hashes, item_hashes_sha256
from qa_eval.models import Model, resolve
from qa_eval.provenance import sha256_json
from qa_eval.ranking import RULES, model_signature
from qa_eval.records import Corpus, Decoding, Instance, ItemId, Runtime, Track
from qa_eval.results_schema import DataRow, ItemsRow, OptionsRow
from qa_eval.scoring import SCORER_VERSION
from qa_eval.store import slugs

_UNCACHED = frozenset({"baseline", "predictions"})
"""Kinds whose answers cost less than looking them up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A model that will be asked, with what names its row."""

    model: Model
    signature: str
    slug: str
    instances: tuple[Instance, ...]
    keys: dict[str, str]
    """Item id -> cache key; empty for a model whose answers are not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is settled before the first write."""

    corpus: Corpus
    items: tuple[ItemId, ...]
    contestants: tuple[Contestant, ...]
    options: OptionsRow
    data: DataRow
    identity: dict[str, Any]

    @property
    def run_id(self) -> str:
        return run_id_of(self.identity)


def make_plan(
    specs: Sequence[str | Model],
    *,
    corpus: Corpus | None,
    options: OptionsRow,
    decoding: Decoding,
    runtime: Runtime,
) -> Plan:
    """Resolves every model and settles what is asked; nothing is written and no weights are loaded.

    Raises SpecError, ModelError, InputError or QaEvalError for whatever is wrong with the call.
    """
    if not specs and not options.references:
        raise SpecError("no model and no reference rows: there is nothing to run")
    models = _resolved(specs, decoding, runtime)
    corpus = load_corpus() if corpus is None else corpus
    items = chosen_items(corpus, options)
    if not items:
        raise QaEvalError("these options leave nothing to ask")
    data = describe_data(corpus, items)
    signatures = [
        model_signature(
            model.info,
            model.decoding,
            options.threshold,
            deterministic=options.deterministic,
            data=data.item_hashes_sha256,
        )
        for model in models
    ]
    _refuse_twins(models, signatures)
    names = slugs([model.info.spec for model in models])
    return Plan(
        corpus=corpus,
        items=tuple(items),
        contestants=tuple(
            _contestant(model, signature, slug, corpus, items, deterministic=options.deterministic)
            for model, signature, slug in zip(models, signatures, names, strict=True)
        ),
        options=options,
        data=data,
        identity=identity_of(data, options, signatures),
    )


def _resolved(specs: Sequence[str | Model], decoding: Decoding, runtime: Runtime) -> list[Model]:
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


def _contestant(
    model: Model, signature: str, slug: str, corpus: Corpus, items: Sequence[ItemId], *, deterministic: bool
) -> Contestant:
    asked = instances(corpus, items)
    if getattr(model, "answers_pooled", False):
        questions = {q.id: q for q in corpus.questions}
        asked += [
            Instance(item=str(i), question=questions[i.fact].wording(i.paraphrase), context="", article="*")
            for i in items
            if i.track == "pooled"
        ]
    keys = {}
    if model.info.kind not in _UNCACHED:
        for instance in asked:
            key = answer_key(model.info, model.decoding, instance, deterministic=deterministic)
            if key is not None:
                keys[instance.item] = key
    return Contestant(model=model, signature=signature, slug=slug, instances=tuple(asked), keys=keys)


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


def identity_of(data: DataRow, options: OptionsRow, signatures: Sequence[str]) -> dict[str, Any]:
    """What decides every number of a run; the order of the models does not."""
    chosen = {name: getattr(options, name) for name in OptionsRow.model_fields}
    return {
        "questions": data.questions_sha256,
        "articles": data.articles_sha256,
        "items": data.item_hashes_sha256,
        "models": sorted(signatures),
        "options": chosen,
        "rules": RULES,
        "scorer": SCORER_VERSION,
    }


def run_id_of(identity: Mapping[str, Any]) -> str:
    """The run id of an identity: equal for runs that must give equal numbers."""
    return sha256_json(dict(identity))[:32]


def chosen_items(corpus: Corpus, options: OptionsRow) -> list[ItemId]:
    """The items that the options ask for. Raises QaEvalError as `corpus.item_ids` does."""
    tracks: tuple[Track, ...] = ("reading", "pooled") if options.track == "both" else (options.track,)
    return item_ids(
        corpus,
        tracks=tracks,
        paraphrases=options.paraphrases,
        categories=options.categories or None,
        limit=options.limit,
        sample=options.sample,
        seed=options.seed,
    )


def describe_data(corpus: Corpus, items: Sequence[ItemId]) -> DataRow:
    """What is asked, as the leaderboard says it."""
    facts = {item.fact for item in items}
    tracks = [item.track for item in items]
    return DataRow(
        kind="curated" if _is_curated(corpus) else "files",
        questions_sha256=corpus.questions_sha256,
        articles_sha256=corpus.articles_sha256,
        facts=len(facts),
        contested=sum(q.contested for q in corpus.questions if q.id in facts),
        items=ItemsRow(reading=tracks.count("reading"), pooled=tracks.count("pooled")),
        item_hashes_sha256=item_hashes_sha256(item_hashes(corpus, items)),
    )


def _is_curated(corpus: Corpus) -> bool:
    try:
        curated = curated_paths()
    except QaEvalError:  # an installation without them
        return False
    paths = (corpus.questions_path, corpus.articles_path)
    return all(
        bool(path) and Path(path).resolve() == own.resolve() for path, own in zip(paths, curated, strict=True)
    )
