"""Whether a checkpoint was trained with unanswerable questions: who declares it, and what to write where
nobody does.

Weights cannot tell, because every head has a logit for the first token. A checkpoint that declares nothing
never abstains, so whoever reads its numbers has to know.
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


class Declared(Protocol):
    """What is known of a model: `ModelInfo`, or the model record of a stored row."""

    @property
    def spec(self) -> str: ...
    @property
    def no_null_head(self) -> bool: ...
    @property
    def declaration(self) -> Declaration | None: ...


def declaring_spec(spec: ModelSpec) -> str:
    """The spec with the option that declares unanswerable questions, quoted for a shell.

    >>> declaring_spec(ModelSpec.parse("./ck"))
    "'./ck?unanswerable=true'"
    >>> declaring_spec(ModelSpec.parse("onnx:org/name@v1?quantize=int8"))
    "'onnx:org/name@v1?quantize=int8&unanswerable=true'"
    """
    options = [pair for pair in spec.options if pair[0] != _OPTION[0]]
    return shlex.quote(_short(replace(spec, options=tuple(sorted((*options, _OPTION))))))


def undeclared_sentence(models: Iterable[Declared]) -> str | None:
    """What people must know of the models among these that declare nothing; None where all do.

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
    """Whether the model can abstain, and who says so; None for a model of which that is not asked."""
    source = {"card": "its model card", "option": "the option of its spec"}
    if model.declaration == "undeclared":
        return "not declared, so it never abstains"
    if model.declaration is not None:
        kind = "without" if model.no_null_head else "with"
        return f"trained {kind} unanswerable questions, as {source[model.declaration]} declares"
    return "it has no score for no answer, so it never abstains" if model.no_null_head else None


def _short(spec: ModelSpec) -> str:
    """The spec as people write it: a path or ORG/NAME needs no `hf:`."""
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
