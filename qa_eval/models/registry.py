"""From a spec to a model: the kinds there are, built in and plugged in.

Built-in kinds stand in an explicit dict of typed factories, which import what they need when they are
called. Plug-ins are entry points of the group `qa_eval.models`, each naming a `Kind`; they are imported
only when one is asked for, so a broken plug-in never stands in the way of a model it has nothing to do with.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from qa_eval.errors import ModelError, QaEvalError, SpecError
from qa_eval.models.baselines import BASELINES, resolve_baseline
from qa_eval.models.checkpoint.checkpoints import Checkpoint, embedded_checkpoint, file_hint, find_checkpoint
from qa_eval.models.checkpoint.remembered import remembered
from qa_eval.models.protocol import Kind, Model, ModelSpec, UnknownWordError
from qa_eval.models.reading.reader import SpanModel
from qa_eval.records import LEAST_DECODING, Decoding, Runtime
from qa_eval.text.phrases import did_you_mean, near_names

ENTRY_POINT_GROUP = "qa_eval.models"

_ANSWER_FILES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
"""Endings of the names of files of answers."""


def _embedded(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    return remembered(spec, embedded_checkpoint(), decoding, runtime, _examined_by_torch)


def _huggingface(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    return remembered(spec, _found(spec, runtime), decoding, runtime, _examined_by_torch)


def _onnx(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    embedded = spec.name == "embedded" and spec.revision is None
    checkpoint = embedded_checkpoint() if embedded else _found(spec, runtime)
    return remembered(spec, checkpoint, decoding, runtime, _examined_for_onnx)


def _found(spec: ModelSpec, runtime: Runtime) -> Checkpoint:
    return find_checkpoint(
        spec.name, spec.revision, code=runtime.trust_remote_code, convert=runtime.convert_weights
    )


def _examined_by_torch(
    spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime
) -> SpanModel:
    from qa_eval.models.huggingface import examine

    return examine(spec, checkpoint, decoding, runtime)


def _examined_for_onnx(
    spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime
) -> SpanModel:
    from qa_eval.models.onnx import examine

    return examine(spec, checkpoint, decoding, runtime)


def _predictions(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    from qa_eval.models.replay import resolve_replay

    return resolve_replay(spec, decoding, runtime)


BUILT_IN: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            name="embedded",
            summary="the small model that ships with the package",
            example="embedded",
            factory=_embedded,
            names=("embedded",),
        ),
        Kind(
            name="hf",
            summary="any extractive question-answering checkpoint, from the hub or a folder",
            example="hf:ORG/NAME[@REV]",
            factory=_huggingface,
        ),
        Kind(
            name="onnx",
            summary="the same (or `embedded`), run by ONNX Runtime; `?quantize=int8` for 8-bit products",
            example="onnx:ORG/NAME[@REV]",
            factory=_onnx,
        ),
        Kind(
            name="baseline",
            summary="what can be had without a model: " + ", ".join(BASELINES),
            example="baseline:sliding-window",
            factory=resolve_baseline,
            names=tuple(BASELINES),
        ),
        Kind(
            name="predictions",
            summary="answers stored in a file, replayed",
            example="predictions:FILE.jsonl",
            factory=_predictions,
        ),
    )
}


def kinds() -> dict[str, Kind]:
    """Every kind by name, built-in ones first.

    Imports all plug-ins. Raises `ModelError` naming a plug-in that fails to import, that is no `Kind`, or
    that takes a name already taken.
    """
    return BUILT_IN | {name: _load(points) for name, points in _plug_ins().items()}


def parse_spec(text: str) -> ModelSpec:
    """`ModelSpec.parse` with near matches. Raises `SpecError` also for a kind that does not exist."""
    try:
        spec = ModelSpec.parse(text)
    except UnknownWordError as error:
        if (hint := _of_a_file(error.word)) is not None:
            raise SpecError(hint) from None
        if error.word.lower().removesuffix(".gz").endswith(_ANSWER_FILES):
            raise SpecError(
                f"no model is called {error.word!r}; answers in a file are replayed as "
                f"predictions:{error.word}"
            ) from None
        names = [*BUILT_IN, *_plug_ins()]
        known = ["embedded", *(f"baseline:{name}" for name in BASELINES), *(f"{n}:" for n in names)]
        raise SpecError(f"{error}{_did_you_mean(error.word, known)}") from None
    if spec.kind not in BUILT_IN and spec.kind not in (names := [*BUILT_IN, *_plug_ins()]):
        raise SpecError(
            f"no kind of model is called {spec.kind!r} (in {text!r}); there are {', '.join(names)}"
            f"{_did_you_mean(spec.kind, names)}"
        )
    return spec


def _of_a_file(word: str) -> str | None:
    """What to write in place of a file's name; None where there is no such file."""
    with contextlib.suppress(OSError, ValueError):
        if Path(word).is_file():
            return file_hint(Path(word), word)
    return None


def resolve(spec: str, decoding: Decoding | None = None, runtime: Runtime | None = None) -> Model:
    """The model a spec names, checked as far as it can be without loading weights.

    Raises `SpecError` when the spec names nothing (with near matches), `ModelError` when what it names
    cannot be used, `InputError` when a predictions file is wrong.

    >>> resolve("baseline:abstain").info.name
    'abstain'
    """
    parsed = parse_spec(spec)
    kind = BUILT_IN.get(parsed.kind) or _load(_plug_ins()[parsed.kind])
    if kind.names and parsed.name not in kind.names:
        raise SpecError(
            f"no {kind.name} is called {parsed.name!r}; there are {', '.join(kind.names)}"
            f"{_did_you_mean(parsed.name, kind.names)}"
        )
    decoding, runtime = decoding or Decoding(), runtime or Runtime()
    check_decoding(decoding)
    return kind.factory(parsed, decoding, runtime)


def with_quantized(specs: Sequence[str], precision: str) -> list[str]:
    """The specs, each `onnx:` one followed by its version in a lower precision (`int8`).

    Raises SpecError for specs that cannot be read, and where no model is an `onnx:` one.

    >>> with_quantized(["onnx:embedded", "baseline:abstain"], "int8")
    ['onnx:embedded', 'onnx:embedded?quantize=int8', 'baseline:abstain']
    """
    found: list[str] = []
    for text in specs:
        spec = parse_spec(text)
        found.append(text)
        if spec.kind == "onnx" and spec.option("quantize") is None:
            options = tuple(sorted((*spec.options, ("quantize", precision))))
            found.append(str(replace(spec, options=options)))
    if len(found) == len(specs):
        raise SpecError(f"only onnx: models can be quantized to {precision}; there is none without it here")
    return list(dict.fromkeys(found))


def check_decoding(decoding: Decoding) -> None:
    """Raises `SpecError` where decoding options cannot work for any model."""
    for name, least in LEAST_DECODING.items():
        if (value := getattr(decoding, name)) < least:
            raise SpecError(f"{name} is {value}; it must be at least {least}")
    if decoding.doc_stride >= decoding.max_length:
        raise SpecError(
            f"doc_stride ({decoding.doc_stride}) is the overlap of windows and must be less than their "
            f"length, max_length ({decoding.max_length})"
        )


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or nothing where nothing is near. Also finds `abstain` in `baseline:abstain`."""
    targets: dict[str, str] = {}
    for name in known:
        targets.setdefault(name.rstrip(":"), name)
        targets.setdefault(name.rpartition(":")[2] or name, name)
    near = near_names(word.lower(), targets)
    found = list(dict.fromkeys(targets[name] for name in near))
    found = [name for name in found if not (name.endswith(":") and name.rstrip(":") in found)]
    return f"; {did_you_mean(found)}" if found else ""


def _plug_ins() -> dict[str, list[EntryPoint]]:
    found: dict[str, list[EntryPoint]] = {}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        # One distribution may be seen twice when its folder is on the path twice.
        if point.value not in [other.value for other in found.setdefault(point.name, [])]:
            found[point.name].append(point)
    return dict(sorted(found.items()))


def _load(points: list[EntryPoint]) -> Kind:
    point = points[0]
    name = f"the plug-in kind {point.name!r} ({point.value}" + (
        f", from {point.dist.name} {point.dist.version})" if point.dist else ")"
    )
    if point.name in BUILT_IN:
        raise ModelError(f"{name} takes the name of a built-in kind; uninstall or rename it")
    if len(points) > 1:
        values = ", ".join(p.value for p in points)
        raise ModelError(f"two plug-ins are called {point.name!r}: {values}; uninstall one")
    try:
        kind = point.load()
    except QaEvalError:
        raise
    except Exception as error:  # whatever a stranger's module does while it is imported
        raise ModelError(f"{name} fails to import: {type(error).__name__}: {error}") from error
    if not isinstance(kind, Kind):
        raise ModelError(f"{name} is a {type(kind).__name__}; it must be a qa_eval.models.protocol.Kind")
    if kind.name != point.name:
        raise ModelError(f"{name} calls itself {kind.name!r}; the two names must be equal")
    return kind
