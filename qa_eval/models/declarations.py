"""Whether a checkpoint was trained with unanswerable questions: its declaration, or advice if it has none.

The weights do not show it, because every head has a logit for the first token. A checkpoint without a
declaration never abstains, and the readers of its scores have to know that.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from qa_eval.errors import SpecError
from qa_eval.models.protocol import ModelSpec
from qa_eval.records import Declaration

_OPTION = ("unanswerable", "true")
_NAMED = 3
"""Greatest number of models that a sentence names."""


class Declared(Protocol):
    """A record of a model: `ModelInfo`, or the model record of a stored row."""

    @property
    def spec(self) -> str:
        """Canonical spec of the model."""

    @property
    def no_null_head(self) -> bool:
        """Whether the model never abstains by a threshold."""

    @property
    def declaration(self) -> Declaration | None:
        """Place of the declaration; None for a kind of model that needs none."""


def declaring_spec(spec: ModelSpec) -> str:
    """The spec with `unanswerable=true` added, quoted for a shell.

    >>> declaring_spec(ModelSpec.parse("./ck"))
    "'./ck?unanswerable=true'"
    >>> declaring_spec(ModelSpec.parse("onnx:org/name@v1?quantize=int8"))
    "'onnx:org/name@v1?quantize=int8&unanswerable=true'"
    """
    options = [pair for pair in spec.options if pair[0] != _OPTION[0]]
    return shlex.quote(_short(replace(spec, options=tuple(sorted((*options, _OPTION))))))


def undeclared_sentence(models: Iterable[Declared]) -> str | None:
    """A sentence that warns about the models without a declaration; None if there are none.

    >>> from qa_eval.records import ModelInfo
    >>> info = ModelInfo(spec="hf:./ck", kind="hf", name="./ck", declaration="undeclared")
    >>> for clause in (undeclared_sentence([info]) or "").split("; "):
    ...     print(clause)
    ./ck does not say whether it was trained with unanswerable questions, so it never abstains
    if it was, write './ck?unanswerable=true'
    """
    specs = [ModelSpec.parse(model.spec) for model in models if model.declaration == "undeclared"]
    if not specs:
        return None
    if len(specs) == 1:
        return (
            f"{_short(specs[0])} does not say whether it was trained with unanswerable questions, so it "
            f"never abstains; if it was, write {declaring_spec(specs[0])}"
        )
    return (
        f"{_names(list(map(_short, specs)))} do not say whether they were trained with unanswerable "
        f"questions, so they never abstain; for one that was, write for example {declaring_spec(specs[0])}"
    )


def abstention(model: Declared) -> str | None:
    """A phrase that says whether the model can abstain, and who declares it; None if nothing needs saying."""
    source = {"card": "its model card", "option": "the option of its spec"}
    if model.declaration == "undeclared":
        return "not declared, so it never abstains"
    if model.declaration is not None:
        kind = "without" if model.no_null_head else "with"
        return f"trained {kind} unanswerable questions, as {source[model.declaration]} declares"
    return "it has no score for no answer, so it never abstains" if model.no_null_head else None


def _short(spec: ModelSpec) -> str:
    """The spec as people write it: without `hf:` before a path or ORG/NAME."""
    text = str(spec)
    short = text.removeprefix("hf:")
    try:
        return short if ModelSpec.parse(short) == spec else text
    except SpecError:  # a single word
        return text


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMED])
    if len(names) > _NAMED:
        return f"{shown} and {len(names) - _NAMED} more"
    return " and ".join((", ".join(names[:-1]), names[-1]))
