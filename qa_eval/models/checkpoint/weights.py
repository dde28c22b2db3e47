"""The weights of a checkpoint in the model that transformers makes of its configuration.

Whether they fit is found out when the checkpoint is examined, by the library's own rules of loading, which
know old names of tensors and weights that are tied: it is given tensors of the shapes that the files'
headers state, which take no memory. Loading then gives it the tensors of exactly the files that were
examined and hashed, whatever other files the folder or its configuration names.
"""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import transformers
from safetensors import safe_open
from transformers import PreTrainedConfig, PreTrainedModel

from qa_eval.errors import ModelError, first_line
from qa_eval.models.checkpoint.architectures import layer_fields
from qa_eval.models.checkpoint.checkpoints import Checkpoint
from qa_eval.models.checkpoint.tensor_files import Tensor
from qa_eval.records import Runtime

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# The library's factories have no types of their own.
_AutoModel: Any = transformers.AutoModel
_AutoModelForQA: Any = transformers.AutoModelForQuestionAnswering

_BEAM_HEADS = ("FlaubertForQuestionAnswering", "XLMForQuestionAnswering", "XLNetForQuestionAnswering")
_WRAPPERS = ("_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_orig_mod", "_forward_module", "module")
"""What wrappers of a model or of its layers put into the names of tensors."""
_LABELS = 2
"""Outputs of the head for each token: the start and the end of the answer."""


def empty_model(checkpoint: Checkpoint, config: PreTrainedConfig, runtime: Runtime) -> PreTrainedModel:
    """The model of a configuration, without memory for weights, after checking that the checkpoint's fit it.

    A checkpoint without the head's weights would load all the same, with random ones. Raises `ModelError`
    where no model can be made of the configuration, where weights are missing, have other names or other
    shapes, where there are more layers of them, and where the head has other outputs than a start and an end.
    """
    model = _on_meta(_AutoModelForQA, checkpoint, config, runtime)
    try:
        bare = _on_meta(_AutoModel, checkpoint, config, runtime)
    except ModelError:  # a type without a bare model
        head = frozenset[str]()
    else:
        prefix = f"{model.base_model_prefix}."
        names = {key.removeprefix(prefix) for key in bare.state_dict()}
        head = frozenset(key for key in model.state_dict() if key.removeprefix(prefix) not in names)
    tensors = checkpoint.tensors
    own = model.state_dict().keys()
    fit = _fit(model, config, tensors) or _Fit(head - set(tensors), frozenset(tensors) - own)
    if missing := fit.missing:
        raise ModelError(f"{checkpoint.name} {_lack(checkpoint, model, missing, head, tensors)}")
    if beyond := _beyond(model, fit.unexpected):
        raise ModelError(f"{checkpoint.name}: {_more_layers(checkpoint.config, config, beyond)}")
    if wrong := _wrong_labels(model, tensors, head):
        raise ModelError(f"{checkpoint.name}: {wrong}")
    if fit.mismatched:
        raise ModelError(f"{checkpoint.name}: {_mismatch(fit.mismatched)}")
    return model


def load_model(
    checkpoint: Checkpoint, empty: PreTrainedModel, config: PreTrainedConfig, dtype: torch.dtype
) -> PreTrainedModel:
    """The model with its weights, all of them, as `empty_model` examined it. Raises `ModelError`."""
    try:
        with ExitStack() as stack:
            weights: dict[str, Any] = {}
            for path in checkpoint.weight_files:
                file: Any = stack.enter_context(safe_open(path, framework="pt"))
                names: list[str] = file.keys()
                weights |= {name: file.get_slice(name) for name in names}
            model, report = _fitted(empty, config, weights, dtype)
    except Exception as error:  # whatever the library meets
        raise ModelError(f"{checkpoint.name} cannot be loaded: {first_line(error)}") from error
    if missing := frozenset(report["missing_keys"]):
        raise ModelError(f"{checkpoint.name} {_lack(checkpoint, empty, missing, (), weights)}")
    return model


def parameters(model: PreTrainedModel) -> int:
    """The number of values that a model is trained to have; one that several places share counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def embedding_rows(model: PreTrainedModel) -> int | None:
    """Number of tokens that a model has vectors for; None where it has no table of them."""
    with contextlib.suppress(Exception):  # models without a table say so in ways of their own
        table: Any = model.get_input_embeddings()
        return len(table.weight)
    return None


def check_vocabulary(checkpoint: Checkpoint, tokenizer: Tokenizer, rows: int | None) -> None:
    """Raises `ModelError` if the tokenizer has an id beyond the model's embedding, which has `rows` rows."""
    if rows is None:
        return
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    if max(vocabulary.values(), default=0) < rows:
        return
    # The library adds tokens that a class has by default; those are no mistake of the checkpoint's.
    own = checkpoint.own_tokens
    beyond = sorted(
        (number, token)
        for token, number in vocabulary.items()
        if number >= rows and token in (own or vocabulary)
    )
    if beyond:
        # The library closes gaps between the ids of added tokens; people know the numbers in the file.
        size = 1 + max([beyond[-1][0], *(own or {}).values()])
        shown = ", ".join(repr(token) for _, token in beyond[:3]) + (" …" if len(beyond) > 3 else "")
        raise ModelError(
            f"{checkpoint.name}: its tokenizer has {size} tokens and its embedding {rows} rows, with none "
            f"for {shown}. Take the tokenizer that it was trained with, or remove these tokens"
        )


# ------------------------------------------------------------------------------------------ fitting


@dataclass(frozen=True, slots=True)
class _Fit:
    """How the tensors of a checkpoint fit the model of its configuration."""

    missing: frozenset[str]
    unexpected: frozenset[str]
    """What the model has no place for, by the names that the library gives it."""
    mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    """(name, shape in the files, shape by the configuration)."""


def _on_meta(
    factory: Any,  # noqa: ANN401
    checkpoint: Checkpoint,
    config: PreTrainedConfig,
    runtime: Runtime,
) -> PreTrainedModel:
    try:
        with torch.device("meta"):
            model: PreTrainedModel = factory.from_config(
                copy.deepcopy(config), trust_remote_code=runtime.trust_remote_code
            )
    except Exception as error:  # whatever a wrong configuration leads to
        raise ModelError(
            f"{checkpoint.name}: no model can be made from config.json: {first_line(error)}"
        ) from error
    return model


def _fit(model: PreTrainedModel, config: PreTrainedConfig, tensors: Mapping[str, Tensor]) -> _Fit | None:
    """What the library would report of loading; None where that cannot be tried without weights."""
    numbers, counts = torch.empty(1), torch.empty(1, dtype=torch.int64)
    empty = {
        name: (numbers if "F" in tensor.dtype else counts).expand(tensor.shape)  # one value, repeated
        for name, tensor in tensors.items()
    }
    try:
        with torch.random.fork_rng(devices=[]):
            _, report = _fitted(model, config, empty, torch.float32)
    except Exception:  # loading itself says what is wrong
        return None
    return _Fit(
        frozenset(report["missing_keys"]),
        frozenset(report["unexpected_keys"]),
        tuple(sorted((key, tuple(found), tuple(wanted)) for key, found, wanted in report["mismatched_keys"])),
    )


def _fitted(
    model: PreTrainedModel, config: PreTrainedConfig, weights: Mapping[str, Any], dtype: torch.dtype
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """A new model of the same class with these weights, and the library's report; raises what it raises."""
    model_class: Any = type(model)
    fitted, report = model_class.from_pretrained(
        None,
        config=config,
        state_dict=dict(weights),
        dtype=dtype,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    return fitted, report


# ------------------------------------------------------------------------------------------ what is wrong


def _lack(
    checkpoint: Checkpoint,
    model: PreTrainedModel,
    missing: Collection[str],
    head: Collection[str],
    names: Iterable[str],
) -> str:
    """What weights are missing among those with these names, to follow the checkpoint's name."""
    if prefix := _prefix(missing, names):
        renamed = f"{{name.removeprefix({prefix!r}): tensor for name, tensor in load_file(FILE).items()}}"
        return (
            f"has names of tensors that begin with {prefix!r}, as a wrapper of the model leaves them. "
            "Save the unwrapped model again, or write the file without the prefix, with load_file and "
            f"save_file of safetensors.torch: save_file({renamed}, FILE, {{'format': 'pt'}})"
        )
    if wrapper := _inner_wrapper(missing, names):
        return (
            f"has names of tensors with {wrapper + '.'!r} in them, as a wrapper of the model's layers leaves "
            f"them. Save the unwrapped model again, or rename them: name.replace({wrapper + '.'!r}, '')"
        )
    listed = sorted(missing)
    if head and set(missing) <= set(head):
        more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
        made_for = ", ".join(map(str, checkpoint.config.get("architectures") or ())) or "not named"
        if made_for in _BEAM_HEADS:
            return (
                f"has the head of {made_for}, which searches for an end behind each of a few starts and "
                f"scores no other spans; only {made_for}Simple gives logits for every token"
            )
        return (
            "is not trained for extractive question answering: its weights lack "
            f"{', '.join(listed[:4])}{more} (its architecture: {made_for})"
        )
    body = [name for name in listed if name not in head]
    return (
        f"is incomplete: its weights lack {len(listed)} of the {len(model.state_dict())} tensors of "
        f"{type(model).__name__}, among them {body[0]}; the file was not saved whole, or is of another model"
    )


def _prefix(missing: Collection[str], names: Iterable[str]) -> str | None:
    """What all missing tensors have before their names in the file; None where they are not there."""
    have = set(names)
    wanted = min(missing, key=lambda name: (len(name), name))
    for name in sorted(have):
        prefix = name.removesuffix(wanted)
        if prefix != name and prefix.endswith(".") and all(prefix + other in have for other in missing):
            return prefix
    return None


def _inner_wrapper(missing: Collection[str], names: Iterable[str]) -> str | None:
    """The wrapper without which the file's names are those that are missing; None where there is none."""
    names = list(names)
    for wrapper in _WRAPPERS:
        parts = [name.split(".") for name in names]
        without = {".".join(p for p in each if p != wrapper) for each in parts if wrapper in each}
        if set(missing) <= without:
            return wrapper
    return None


@dataclass(frozen=True, slots=True)
class _Beyond:
    """A tensor of a layer behind the last layer of the model."""

    name: str
    stack: str
    """What the names of the layers begin with, such as `bert.encoder.layer`."""
    layers: int
    """The number of layers that the weights have."""
    built: int
    """The number of layers that the model has."""


def _beyond(model: PreTrainedModel, unexpected: Collection[str]) -> _Beyond | None:
    """The first tensor of a layer that the model has too few layers for; None where there is none.

    Such a tensor has a name of the model's own in all but the numbers. Tensors that nothing needs, such as
    those of a pooler or of another head, have none.
    """
    prefix = f"{model.base_model_prefix}."
    shapes: set[str] = set()
    layers: dict[str, int] = {}
    for name in model.state_dict():
        bare = name.removeprefix(prefix)
        shapes.add(_NUMBER.sub("#", bare))
        for stack, number in _numbered(bare):
            layers[stack] = max(layers.get(stack, 0), number + 1)
    first: tuple[str, str] | None = None
    found: dict[str, int] = {}
    for name in sorted(unexpected, key=_in_order):
        bare = name.removeprefix(prefix)
        if _NUMBER.sub("#", bare) not in shapes:
            continue
        for stack, number in _numbered(bare):
            if number >= layers.get(stack, number + 1):
                first = first or (name, stack)
                found[stack] = max(found.get(stack, 0), number + 1)
                break
    if first is None:
        return None
    name, stack = first
    return _Beyond(name, stack, found[stack], layers[stack])


_NUMBER = re.compile(r"(?<![^.])[0-9]+(?![^.])")
"""A part of a tensor's name that counts layers."""


def _numbered(name: str) -> Iterator[tuple[str, int]]:
    """What is before each number in a tensor's name, and the number."""
    for match in _NUMBER.finditer(name):
        yield name[: match.start()].removesuffix("."), int(match[0])


def _in_order(name: str) -> list[tuple[int, str]]:
    """Orders names with numbers in them by the numbers."""
    return [(int(part), "") if _NUMBER.fullmatch(part) else (-1, part) for part in name.split(".")]


def _more_layers(given: Mapping[str, Any], config: PreTrainedConfig, beyond: _Beyond) -> str:
    """That the weights have more layers than config.json asks for, and in which field."""
    held = f"the weights have {beyond.layers} layers {beyond.stack} (such as {beyond.name})"
    field = _layers_field(config, beyond)
    if field is None:
        asked = f"config.json asks for {beyond.built}"
    elif field in given:
        asked = f"{field} is {_shown_count(given[field])} in config.json"
    else:
        asked = f"config.json has no {field}, so that there are {beyond.built}"
    countable = field is not None and not isinstance(given.get(field), list)
    right = f"Set {field} to {beyond.layers}" if countable else "Correct config.json"
    advice = f"{right}, or take the config.json of these weights"
    return f"{held}, but {asked}; the others would not be used. {advice}"


def _layers_field(config: PreTrainedConfig, beyond: _Beyond) -> str | None:
    """The field of a configuration that gives the number of these layers; None where none has it."""
    values = config.to_dict()
    counts = {
        key: len(value) if isinstance(value, list) else value
        for key in layer_fields(values)
        for value in (values[key],)
    }
    fitting = [key for key, number in counts.items() if number == beyond.built]
    side = "decoder" if "decoder" in beyond.stack else "encoder"
    usual: str = config.attribute_map.get("num_hidden_layers", "num_hidden_layers")
    ranks = [[key for key in fitting if side in key], [key for key in fitting if key == usual], fitting]
    return next((keys[0] for keys in ranks if keys), None)


def _shown_count(value: object) -> str:
    """A number of layers, or a list with an entry for each."""
    return f"a list of {len(value)}" if isinstance(value, list) else str(value)


def _wrong_labels(model: PreTrainedModel, tensors: Mapping[str, Tensor], head: Collection[str]) -> str | None:
    """Why the head's outputs are no start and end; None where they are, and for a checkpoint's own code."""
    if not type(model).__module__.startswith("transformers.models."):
        return None
    for name, module in model.named_modules():
        weight = f"{name}.weight"
        if not isinstance(module, torch.nn.Linear) or weight not in head:
            continue
        if not (name.endswith("qa_outputs") or module.out_features == model.config.num_labels):
            continue
        labels = tensors[weight].shape[0] if weight in tensors else module.out_features
        if labels != _LABELS:
            return (
                f"its head ({name}) gives {labels} labels to each token; extractive question answering has "
                f"{_LABELS}, the start and the end of the answer"
            )
        if module.out_features != _LABELS:
            return (
                f"config.json asks for a head of {module.out_features} labels, and the weights have "
                f"{_LABELS}; set num_labels to {_LABELS} there, and remove id2label and label2id"
            )
    return None


def _mismatch(mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]) -> str:
    name, found, wanted = mismatched[0]
    more = f" ({len(mismatched) - 1} more differ)" if len(mismatched) > 1 else ""
    return (
        f"config.json does not fit the weights: {name} has the shape {list(found)} in the weights and "
        f"{list(wanted)} by config.json{more}"
    )
