"""What a model is to the rest of the package, and how it is named.

A `Model` answers instances. A `ModelSpec` is the name from which a model is made; only names travel between
processes. This module imports no machine-learning library.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable
from urllib.parse import quote, unquote

from qa_eval.errors import SpecError
from qa_eval.records import Decoding, Instance, ModelInfo, Prediction, Runtime
from qa_eval.text.phrases import choices

_KIND = re.compile(r"([a-z][a-z0-9_-]+):(.*)", re.DOTALL)  # two letters at least: C:\models is a path
_OPTIONS = re.compile(r"(.*)\?([a-z][a-z0-9_-]*=[^&?]*(?:&[a-z][a-z0-9_-]*=[^&?]*)*)", re.DOTALL)

ALONE = ("embedded",)
"""Kinds with a single model, whose spec is the kind alone."""
REVISED = ("hf", "onnx", "causal", "seq2seq")
"""Kinds whose names may end in `@REVISION`. In names of other kinds, an `@` is part of the name."""
_OF_THE_SERVER = ("base_url", "key_env", "proxy")
"""Options that say where a server is and how it is reached, and nothing of the model."""


@runtime_checkable
class Model(Protocol):
    """Anything that answers questions from a text.

    A class needs no base class: it follows the protocol if it has these three attributes.

    Example:
        This is the smallest model:

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
        """Identity of the model. It is known before the weights are loaded."""

    @property
    def decoding(self) -> Decoding | None:
        """Options of windowing and decoding in effect; None for a model without windows.

        Windows are shorter than requested if the model has fewer positions.
        """

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        """Answers instances. The weights are loaded at the first call, not before.

        Args:
            instances: The instances to answer. They hold no gold answers.

        Returns:
            One prediction for each instance, in any order; `item` says to which instance it belongs. An
                instance without a prediction counts as missing. If one question cannot be answered, its
                prediction has an `error`.

        Raises:
            ModelError: The model cannot work at all.
        """


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model's name: `KIND:NAME[@REVISION][?key=value&…]`. `ModelSpec.parse` and `str` are inverses.

    Example:
        >>> ModelSpec.parse("hf:org/name@v1?unanswerable=true")
        ModelSpec(kind='hf', name='org/name', revision='v1', options=(('unanswerable', 'true'),))
        >>> str(ModelSpec.parse("org/name"))
        'hf:org/name'
    """

    kind: str
    """Kind of the model, such as `hf`."""
    name: str
    """Name of the model within its kind, such as `org/name` or a path."""
    revision: str | None = None
    """Revision of a checkpoint on the hub; None for the newest."""
    options: tuple[tuple[str, str], ...] = ()
    """Options as (key, value), sorted by key; each key occurs once."""

    @classmethod
    def parse(cls, text: str) -> ModelSpec:
        """Reads a spec. It does not check whether the kind exists; the registry does.

        `ORG/NAME`, `./FOLDER`, `~/FOLDER` and absolute paths without a kind mean `hf:`. In a name, `%` and
        `?` may be percent-encoded, and so may `@` if the kind has revisions. `str` prints them encoded.

        Args:
            text: The spec; white space around it is ignored.

        Returns:
            The parsed spec.

        Raises:
            SpecError: The spec is empty, is a single word that is no kind, or has malformed options.
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
        """The value of an option.

        Args:
            key: Name of the option.

        Returns:
            The value, or None if the spec does not have the option.
        """
        return dict(self.options).get(key)

    def refuse_options_besides(self, known: Sequence[str]) -> None:
        """Raises SpecError if the spec has an option that is not among the known ones.

        Args:
            known: Names of the options that the kind has.
        """
        for key, _ in self.options:
            if key not in known:
                raise SpecError(f"{self}: {self.kind} has no option {key!r}; {choices(key, known)}")


def spec_labels(specs: Iterable[str]) -> dict[str, str]:
    """The specs, each with a label for people: without its server's address, if that leaves it different.

    >>> spec_labels(["openai:m?base_url=http://127.0.0.1:80/v1&seed=1", "embedded"])
    {'openai:m?base_url=http://127.0.0.1:80/v1&seed=1': 'openai:m?seed=1', 'embedded': 'embedded'}
    """
    labels = {spec: _without_server(spec) for spec in specs}
    alike = Counter(labels.values())
    return {spec: label if alike[label] == 1 else spec for spec, label in labels.items()}


def spec_or_none(text: str) -> ModelSpec | None:
    """The spec that a text is; None if it is none, because a model of the Python API may have any name."""
    try:
        return ModelSpec.parse(text)
    except (SpecError, AttributeError):
        return None


def _without_server(text: str) -> str:
    spec = spec_or_none(text)
    if spec is None:
        return text
    options = tuple((key, value) for key, value in spec.options if key not in _OF_THE_SERVER)
    return text if options == spec.options else str(replace(spec, options=options))


Factory = Callable[[ModelSpec, Decoding, Runtime], Model]
"""Function that makes a model from its spec, the decoding options and the runtime options. It is cheap and
loads no weights. It raises `SpecError` or `ModelError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of model. A plug-in's entry point (group `qa_eval.models`) names an object of this class.

    Example:
        >>> def make(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> Model:
        ...     raise SpecError(f"{spec}: there is no such model")
        >>> Kind(name="echo", summary="the first word", example="echo:loud", factory=make).name
        'echo'
    """

    name: str
    """Name of the kind: the part of a spec before the colon. For a plug-in, the name of the entry point."""
    summary: str
    """Description of the kind in one line, for `qa-eval models`."""
    example: str
    """Example of a spec."""
    factory: Factory
    """Function that makes a model of the kind from a spec, the decoding options and the runtime options."""
    names: tuple[str, ...] = ()
    """Names of all models of the kind; empty if they cannot be listed. Error messages suggest near
    matches."""


def _encode(text: str, unsafe: str) -> str:
    return "".join(quote(c, safe="") if c in unsafe or c.isspace() else c for c in text)


def _parse_options(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split("&")]
    keys = [key for key, _, _ in pairs]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise SpecError(f"the option {repeated[0]!r} is given twice in ?{text}; keep one")
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
    # A bare word is neither a path nor a hub name. The registry, which knows all kinds, adds near matches.
    raise UnknownWordError(text)


class UnknownWordError(SpecError):
    """A spec is a single word that names no model: neither a kind with a name nor a path."""

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(
            f"no model is called {word!r}: write KIND:NAME, ORG/NAME, or ./{word} for a local folder"
        )
