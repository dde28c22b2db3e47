"""What a model is to the rest of the package, and how one is named.

A `Model` answers instances; a `ModelSpec` is the name from which one is made, and is what travels between
processes. Nothing here imports a machine-learning library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable
from urllib.parse import quote, unquote

from qa_eval.errors import SpecError
from qa_eval.records import Decoding, Instance, ModelInfo, Prediction, Runtime

_KIND = re.compile(r"([a-z][a-z0-9_-]+):(.*)", re.DOTALL)  # two letters at least: C:\models is a path
_OPTIONS = re.compile(r"(.*)\?([a-z][a-z0-9_-]*=[^&?]*(?:&[a-z][a-z0-9_-]*=[^&?]*)*)", re.DOTALL)

ALONE = ("embedded",)
"""Kinds whose whole spec is the kind: there is one model of them."""
REVISED = ("hf", "onnx")
"""Kinds whose names may end in `@REVISION`. Elsewhere an `@` belongs to the name."""


@runtime_checkable
class Model(Protocol):
    """Anything that answers questions from a text.

    The smallest one there is:

    >>> class Parrot:
    ...     info = ModelInfo(spec="parrot:x", kind="parrot", name="x")
    ...     decoding = None
    ...
    ...     def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
    ...         for instance in instances:
    ...             yield Prediction(item=instance.item, text=instance.question)
    >>> isinstance(Parrot(), Model)
    True
    """

    @property
    def info(self) -> ModelInfo:
        """Who answers. Known without loading weights."""

    @property
    def decoding(self) -> Decoding | None:
        """The windowing and decoding in effect, which may be tighter than what was asked for where the model
        has fewer positions; None for models that have no windows.
        """

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """One prediction per instance, in any order, matched by `item`; an instance left out counts as
        missing. Weights are loaded at the first call, not before. A question that cannot be answered is a
        `Prediction` with `error`; only a model that cannot work at all raises (`ModelError`).
        """


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model's name: `KIND:NAME[@REVISION][?key=value&…]`. `ModelSpec.parse` and `str` are inverses.

    >>> ModelSpec.parse("hf:org/name@v1?unanswerable=true")
    ModelSpec(kind='hf', name='org/name', revision='v1', options=(('unanswerable', 'true'),))
    >>> str(ModelSpec.parse("org/name"))
    'hf:org/name'
    """

    kind: str
    name: str
    revision: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    """Sorted by key, each key once."""

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Reads a spec. Whether the kind exists, and what it is called otherwise, is the registry's business.

        `ORG/NAME`, `./FOLDER`, `~/FOLDER` and absolute paths without a kind mean `hf:`. In a name, `%`, `?`
        (and `@` in kinds with revisions) may be written percent-encoded, and are when printed.

        Raises `SpecError` for an empty spec, a single word that is no kind, malformed options.
        """
        text = text.strip()
        options: tuple[tuple[str, str], ...] = ()
        if found := _OPTIONS.fullmatch(text):
            text = found[1]
            options = _parse_options(found[2])
        kind, name = _split_kind(text)
        revision = None
        if kind in REVISED:
            name, _, revision_text = name.partition("@")
            revision = unquote(revision_text) or None
        name = unquote(name)
        if not name:
            raise SpecError(f"the model spec {text!r} has a kind but no name: write {kind}:NAME")
        return cls(kind, name, revision, options)

    def __str__(self) -> str:
        if self.kind in ALONE and self.name == self.kind:
            head = self.kind
        else:
            # Only what `parse` would take for something else is encoded, so that paths stay readable.
            unsafe = "%?@" if self.kind in REVISED else "%?"
            head = f"{self.kind}:{_encode(self.name, unsafe)}"
        if self.revision is not None:
            head += "@" + _encode(self.revision, "%?@")
        if not self.options:
            return head
        return head + "?" + "&".join(f"{key}={_encode(value, '%?&')}" for key, value in self.options)

    def option(self, key: str) -> str | None:
        """The value of an option, None where it is not given."""
        return dict(self.options).get(key)


Factory = Callable[[ModelSpec, Decoding, Runtime], Model]
"""Makes a model: cheap, no weights loaded. Raises `SpecError` or `ModelError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of model. A plug-in's entry point (group `qa_eval.models`) names an object of this class.

    `factory` is given the spec, the decoding and the runtime that are asked for:

    >>> def make(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
    ...     raise SpecError(f"{spec}: there is no such model")
    >>> Kind(name="echo", summary="the first word", example="echo:loud", factory=make).name
    'echo'
    """

    name: str
    """What stands before the colon of a spec; for a plug-in, the name of the entry point."""
    summary: str
    """One line for `qa-eval models`."""
    example: str
    """A spec that works or could."""
    factory: Factory
    names: tuple[str, ...] = ()
    """The names that exist, where they can be listed; used to suggest near matches."""


def _encode(text: str, unsafe: str) -> str:
    return "".join(quote(c, safe="") if c in unsafe or c.isspace() else c for c in text)


def _parse_options(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split("&")]
    keys = [key for key, _, _ in pairs]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise SpecError(f"the option {repeated[0]!r} is given twice in ?{text}")
    return tuple(sorted((key, unquote(value)) for key, _, value in pairs))


def _split_kind(text: str) -> tuple[str, str]:
    if not text:
        raise SpecError("the model spec is empty; try `embedded`")
    if text in ALONE:
        return text, text
    if found := _KIND.fullmatch(text):
        return found[1], found[2]
    if "/" in text or "\\" in text or text in {".", ".."} or text.startswith("~"):
        return "hf", text
    # A bare word is no path and no hub name; the registry adds near matches, which it alone knows.
    raise UnknownWordError(text)


class UnknownWordError(SpecError):
    """A single word that is no model: neither a kind with a name nor a path."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(
            f"no model is called {word!r}: write KIND:NAME, ORG/NAME, or ./{word} for a local folder"
        )
