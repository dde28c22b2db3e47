"""The kinds of model, built in or plugged in, and the way from a spec to a model.

Built-in kinds are in a dict. Their factories import what they need when they are called. Plug-ins are entry
points of the group `qa_eval.models`, and each names a `Kind`. A plug-in is imported only when a spec names
it, so a broken plug-in does no harm to other models.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from qa_eval.errors import ModelError, QaEvalError, SpecError
from qa_eval.models.baselines import BASELINES, resolve_baseline
from qa_eval.models.protocol import Kind, Model, ModelSpec, UnknownWordError
from qa_eval.records import LEAST_DECODING, Decoding, Runtime
from qa_eval.text.phrases import did_you_mean, near_names

if TYPE_CHECKING:
    from qa_eval.models.checkpoint.checkpoints import Checkpoint
    from qa_eval.models.reading.reader import SpanModel

ENTRY_POINT_GROUP = "qa_eval.models"
"""Group of the entry points that name plug-in kinds."""

_ANSWER_FILES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
"""File name endings of files of answers."""


def _embedded(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    from qa_eval.models.checkpoint.checkpoints import embedded_checkpoint
    from qa_eval.models.checkpoint.remembered import remembered

    return remembered(spec, embedded_checkpoint(), decoding, runtime, _examined_as_embedded)


def _huggingface(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    from qa_eval.models.checkpoint.remembered import remembered

    return remembered(spec, _found(spec, runtime), decoding, runtime, _examined_by_torch)


def _onnx(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    from qa_eval.models.checkpoint.checkpoints import embedded_checkpoint
    from qa_eval.models.checkpoint.remembered import remembered

    embedded = spec.name == "embedded" and spec.revision is None
    checkpoint = embedded_checkpoint() if embedded else _found(spec, runtime)
    return remembered(spec, checkpoint, decoding, runtime, _examined_for_onnx)


def _found(spec: ModelSpec, runtime: Runtime) -> Checkpoint:
    from qa_eval.models.checkpoint.checkpoints import find_checkpoint

    return find_checkpoint(
        spec.name, spec.revision, code=runtime.trust_remote_code, convert=runtime.convert_weights
    )


def _examined_as_embedded(
    spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime
) -> SpanModel:
    from qa_eval.models.bert import examine

    return examine(spec, checkpoint, decoding, runtime)


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


def _server(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    from qa_eval.models.generation.server_models import resolve_server

    return resolve_server(spec, decoding, runtime)


def _language_model(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    from qa_eval.models.generation.language_checkpoints import resolve_language_model

    return resolve_language_model(spec, decoding, runtime)


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
        Kind(
            name="openai",
            summary="a language model on a server with /v1/chat/completions, which --base-url names",
            example="openai:MODEL",
            factory=_server,
        ),
        Kind(
            name="causal",
            summary="a language model on this machine, from the hub, a folder or a GGUF file",
            example="causal:ORG/NAME[@REV]",
            factory=_language_model,
        ),
        Kind(
            name="seq2seq",
            summary="the same with an encoder and a decoder, such as T5 and BART",
            example="seq2seq:ORG/NAME[@REV]",
            factory=_language_model,
        ),
    )
}
"""Built-in kinds of model by name."""


def kinds() -> dict[str, Kind]:
    """All kinds by name, the built-in ones first. Imports every plug-in.

    Raises `ModelError`, which names the plug-in, if one cannot be imported, is no `Kind`, or has a name that
    is already in use.
    """
    return BUILT_IN | {name: _load(points) for name, points in _plug_ins().items()}


def parse_spec(text: str) -> ModelSpec:
    """The spec, as `ModelSpec.parse` reads it.

    Raises `SpecError` as `ModelSpec.parse` does, with near matches, and also for a kind that does not exist.
    """
    try:
        spec = ModelSpec.parse(text)
    except UnknownWordError as error:
        if (hint := _of_a_file(error.word)) is not None:
            raise SpecError(hint) from None
        if error.word.lower().removesuffix(".gz").endswith(_ANSWER_FILES):
            raise SpecError(
                f"no model is called {error.word!r}; to replay the answers in a file, write "
                f"predictions:{error.word}"
            ) from None
        names = [*BUILT_IN, *_plug_ins()]
        known = ["embedded", *(f"baseline:{name}" for name in BASELINES), *(f"{n}:" for n in names)]
        raise SpecError(f"{error}{_did_you_mean(error.word, known)}") from None
    if spec.kind not in BUILT_IN and spec.kind not in (names := [*BUILT_IN, *_plug_ins()]):
        raise SpecError(
            f"no kind of model is called {spec.kind!r} (in {text!r}); the kinds are {', '.join(names)}"
            f"{_did_you_mean(spec.kind, names)}"
        )
    return spec


def _of_a_file(word: str) -> str | None:
    """A message that says what to write instead of a file's name; None if there is no such file."""
    with contextlib.suppress(OSError, ValueError):
        if Path(word).is_file():
            from qa_eval.models.checkpoint.checkpoints import file_hint

            return file_hint(Path(word), word)
    return None


def resolve(spec: str, decoding: Decoding | None = None, runtime: Runtime | None = None) -> Model:
    """The model that a spec names, checked as far as possible without loading its weights.

    Raises `SpecError`, with near matches, if the spec names no model; `ModelError` if the model cannot be
    used; and `InputError` if a predictions file has mistakes.

    >>> resolve("baseline:abstain").info.name
    'abstain'
    """
    parsed = parse_spec(spec)
    kind = BUILT_IN.get(parsed.kind) or _load(_plug_ins()[parsed.kind])
    if kind.names and parsed.name not in kind.names:
        raise SpecError(
            f"no {kind.name} is called {parsed.name!r}; the names are {', '.join(kind.names)}"
            f"{_did_you_mean(parsed.name, kind.names)}"
        )
    decoding, runtime = decoding or Decoding(), runtime or Runtime()
    check_decoding(decoding)
    return kind.factory(parsed, decoding, runtime)


def load_model(spec: str, decoding: Decoding | None = None, runtime: Runtime | None = None) -> Model:
    """Returns the model that a spec names. Its weights are loaded when it is first asked.

    Args:
        spec: `embedded`, `hf:ORG/NAME@REVISION`, `./FOLDER`, `onnx:…`, `baseline:NAME`, `predictions:FILE`,
            or the kind and name of a plug-in.
        decoding: Windows and limits of answers; None for the defaults of `Decoding`.
        runtime: Device, number type and batches; None for the defaults of `Runtime`.

    Raises:
        SpecError: The spec names no model.
        ModelError: The checkpoint lacks files, does not fit its weights, or has no question-answering head.
        InputError: A file of predictions is wrong.

    Example:
        >>> load_model("baseline:abstain").info.name
        'abstain'
    """
    return resolve(spec, decoding, runtime)


def with_quantized(specs: Sequence[str], precision: str) -> list[str]:
    """The specs, in which each `onnx:` spec is followed by its version in a lower precision (`int8`).

    Raises SpecError for a spec that cannot be read, and if no spec was added.

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
        raise SpecError(f"only onnx: models can be quantized to {precision}; name one in full precision")
    return list(dict.fromkeys(found))


WRITERS = ("openai", "causal", "seq2seq")
"""Kinds of language models, which have prompts."""


def with_server(specs: Sequence[str], base_url: str | None, prompts: Sequence[str | Path] = ()) -> list[str]:
    """The specs, in which each language model has these options unless it has its own.

    `base_url` is the server of `openai:` models. Each prompt is a file that takes the place of the package's
    prompt of its mode. Raises SpecError for a spec or a prompt file that cannot be read, for two prompts of
    one mode, and if no model takes an option.

    >>> with_server(["openai:m", "embedded"], "http://127.0.0.1:80/v1")
    ['openai:m?base_url=http://127.0.0.1:80/v1', 'embedded']
    """
    from qa_eval.models.generation.prompt_files import load_prompt
    from qa_eval.models.generation.written_answers import PROMPT_OPTIONS

    given: dict[str, str] = {}
    for path in prompts:
        option = PROMPT_OPTIONS[load_prompt(path).mode]
        if option in given:
            raise _of_one_mode(given[option], path)
        given[option] = str(path)
    if base_url is None and not given:
        return list(specs)
    found = []
    used: set[str] = set()
    for text in specs:
        spec = parse_spec(text)
        options = dict(given) if spec.kind in WRITERS else {}
        if spec.kind == "openai" and base_url is not None:
            options["base_url"] = base_url
        used |= options.keys()
        found.append(str(replace(spec, options=tuple(sorted((options | dict(spec.options)).items())))))
    if base_url is not None and "base_url" not in used:
        raise SpecError.naming(lambda called: f"{called('base_url')}: no model is of the kind openai:")
    if given and not given.keys() <= used:
        raise SpecError.naming(
            lambda called: (
                f"{called('prompt')}: no model takes a prompt; these kinds do: {', '.join(WRITERS)}"
            )
        )
    return found


def _of_one_mode(one: str, other: str | Path) -> SpecError:
    return SpecError.naming(
        lambda called: f"{called('prompt')}: {one} and {other} have the same mode; give one of them"
    )


def check_decoding(decoding: Decoding) -> None:
    """Raises `SpecError` for decoding options that no model can use."""
    for name, least in LEAST_DECODING.items():
        if (value := getattr(decoding, name)) < least:
            raise SpecError(f"{name} is {value}; it must be at least {least}")
    if decoding.doc_stride >= decoding.max_length:
        raise SpecError(
            f"doc_stride ({decoding.doc_stride}) is the overlap of windows; it must be less than their "
            f"length, max_length ({decoding.max_length})"
        )


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, or an empty text if no name is near. `abstain` is near `baseline:abstain`."""
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
        # A distribution is listed twice if its folder is on the path twice.
        if point.value not in [other.value for other in found.setdefault(point.name, [])]:
            found[point.name].append(point)
    return dict(sorted(found.items()))


def _load(points: list[EntryPoint]) -> Kind:
    point = points[0]
    name = f"the plug-in kind {point.name!r} ({point.value}" + (
        f", from {point.dist.name} {point.dist.version})" if point.dist else ")"
    )
    if point.name in BUILT_IN:
        raise ModelError(f"{name} has the name of a built-in kind; rename or uninstall it")
    if len(points) > 1:
        values = ", ".join(p.value for p in points)
        raise ModelError(f"two plug-ins are called {point.name!r}: {values}; uninstall one")
    try:
        kind = point.load()
    except QaEvalError:
        raise
    except Exception as error:  # other people's modules may raise anything while they are imported
        raise ModelError(f"{name} cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(kind, Kind):
        raise ModelError(f"{name} is a {type(kind).__name__}; it must be a qa_eval.models.protocol.Kind")
    if kind.name != point.name:
        raise ModelError(f"{name} calls itself {kind.name!r}; the two names must be equal")
    return kind
