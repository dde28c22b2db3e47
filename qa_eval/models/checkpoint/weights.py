"""The weights of a checkpoint, in the model that transformers makes from its configuration.

Examining a checkpoint checks whether its weights fit the model. transformers' own rules of loading decide,
which know old names of tensors and tied weights. They get tensors of the shapes in the files' headers, which
take no memory. Loading then uses the tensors of exactly the files that were examined and hashed, whatever
other files the folder or its configuration names.
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

# The factory of transformers has no type.
_AutoModel: Any = transformers.AutoModel

_BEAM_HEADS = ("FlaubertForQuestionAnswering", "XLMForQuestionAnswering", "XLNetForQuestionAnswering")
_WRAPPERS = ("_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_orig_mod", "_forward_module", "module")
"""Parts that wrappers of a model or of its layers add to the names of tensors."""
_LABELS = 2
"""Number of outputs of the head for each token: the start and the end of the answer."""


@dataclass(frozen=True, slots=True)
class HeadPurpose:
    """What the head of a model is for."""

    factory: Any
    """Class of transformers that makes models with such a head."""
    untrained: str
    """Phrase for a checkpoint that lacks the head, to follow its name."""
    spans: bool = False
    """Whether the head's outputs are the start and the end of an answer."""


READING = HeadPurpose(
    transformers.AutoModelForQuestionAnswering,
    "is not trained for extractive question answering",
    spans=True,
)
"""Purpose of the head of a model that marks answers in a text."""


def empty_model(
    checkpoint: Checkpoint, config: PreTrainedConfig, runtime: Runtime, purpose: HeadPurpose = READING
) -> PreTrainedModel:
    """The model of a configuration, without memory for weights, after a check that the weights fit it.

    Without the check, a checkpoint that lacks the head's weights would load with random ones. Raises
    `ModelError`

    * if no model can be made from the configuration,
    * if weights are missing, or have other names or shapes,
    * if the weights have more layers than the model,
    * if the outputs of the head are not a start and an end.
    """
    model = _on_meta(purpose.factory, checkpoint, config, runtime)
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
        raise ModelError(
            f"{checkpoint.name} {_lack(checkpoint, model, missing, tensors, head=head, purpose=purpose)}"
        )
    if beyond := _beyond(model, fit.unexpected):
        raise ModelError(f"{checkpoint.name}: {_more_layers(checkpoint.config, config, beyond)}")
    if purpose.spans and (wrong := _wrong_labels(model, tensors, head)):
        raise ModelError(f"{checkpoint.name}: {wrong}")
    if fit.mismatched:
        raise ModelError(f"{checkpoint.name}: {_mismatch(fit.mismatched)}")
    return model


def load_model(
    checkpoint: Checkpoint, empty: PreTrainedModel, config: PreTrainedConfig, dtype: torch.dtype
) -> PreTrainedModel:
    """The model that `empty_model` examined, with its weights. Raises `ModelError` if they do not load."""
    try:
        with ExitStack() as stack:
            weights: dict[str, Any] = {}
            for path in checkpoint.weight_files:
                file: Any = stack.enter_context(safe_open(path, framework="pt"))
                names: list[str] = file.keys()
                weights |= {name: file.get_slice(name) for name in names}
            model, report = _fitted(empty, config, weights, dtype)
    except Exception as error:  # transformers may raise anything
        raise ModelError(f"{checkpoint.name} cannot be loaded: {first_line(error)}") from error
    if missing := frozenset(report["missing_keys"]):
        raise ModelError(f"{checkpoint.name} {_lack(checkpoint, empty, missing, weights)}")
    return model


def parameters(model: PreTrainedModel) -> int:
    """The number of parameters of a model. A shared parameter counts once."""
    return sum(parameter.numel() for parameter in model.parameters())


def embedding_rows(model: PreTrainedModel) -> int | None:
    """The number of rows in a model's table of token vectors; None if it has no such table."""
    with contextlib.suppress(Exception):  # models without a table raise different errors
        table: Any = model.get_input_embeddings()
        return len(table.weight)
    return None


def check_vocabulary(checkpoint: Checkpoint, tokenizer: Tokenizer, rows: int | None) -> None:
    """Raises `ModelError` if the tokenizer has an id beyond the `rows` rows of the model's embedding."""
    if rows is None:
        return
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    if max(vocabulary.values(), default=0) < rows:
        return
    # transformers adds the default tokens of a class; they are not a mistake of the checkpoint.
    own = checkpoint.own_tokens
    beyond = sorted(
        (number, token)
        for token, number in vocabulary.items()
        if number >= rows and token in (own or vocabulary)
    )
    if beyond:
        # transformers closes gaps between the ids of added tokens, but people know the ids in the file.
        size = 1 + max([beyond[-1][0], *(own or {}).values()])
        shown = ", ".join(repr(token) for _, token in beyond[:3]) + (" …" if len(beyond) > 3 else "")
        raise ModelError(
            f"{checkpoint.name}: its tokenizer has {size} tokens but its embedding only {rows} rows, none of "
            f"them for {shown}. Use the tokenizer that it was trained with, or remove these tokens"
        )


# ------------------------------------------------------------------------------------------ fitting


@dataclass(frozen=True, slots=True)
class _Fit:
    """How the tensors of a checkpoint fit the model of its configuration."""

    missing: frozenset[str]
    """Names of tensors that the model needs and the files lack."""
    unexpected: frozenset[str]
    """Names, as transformers writes them, of tensors that the model has no place for."""
    mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    """Tensors with the wrong shape, as (name, shape in the files, shape by the configuration)."""


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
    except Exception as error:  # a wrong configuration may raise anything
        raise ModelError(
            f"{checkpoint.name}: no model can be made from config.json: {first_line(error)}"
        ) from error
    return model


def _fit(model: PreTrainedModel, config: PreTrainedConfig, tensors: Mapping[str, Tensor]) -> _Fit | None:
    """The report that loading would give; None if loading cannot be tried without weights."""
    numbers, counts = torch.empty(1), torch.empty(1, dtype=torch.int64)
    empty = {
        name: (numbers if "F" in tensor.dtype else counts).expand(tensor.shape)  # one value, repeated
        for name, tensor in tensors.items()
    }
    try:
        with torch.random.fork_rng(devices=[]):
            _, report = _fitted(model, config, empty, torch.float32)
    except Exception:  # loading the weights will report the reason
        return None
    return _Fit(
        frozenset(report["missing_keys"]),
        frozenset(report["unexpected_keys"]),
        tuple(sorted((key, tuple(found), tuple(wanted)) for key, found, wanted in report["mismatched_keys"])),
    )


def _fitted(
    model: PreTrainedModel, config: PreTrainedConfig, weights: Mapping[str, Any], dtype: torch.dtype
) -> tuple[PreTrainedModel, dict[str, Any]]:
    """A new model of the same class with these weights, and transformers' report. Its errors are raised."""
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


# ------------------------------------------------------------------------------------------ messages


def _lack(
    checkpoint: Checkpoint,
    model: PreTrainedModel,
    missing: Collection[str],
    names: Iterable[str],
    *,
    head: Collection[str] = (),
    purpose: HeadPurpose = READING,
) -> str:
    """A message about missing weights, to follow the checkpoint's name. `names` are those in the files."""
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
                f"has the head of {made_for}, which searches for an end after each of a few starts and "
                f"scores no other spans; only {made_for}Simple gives logits for every token"
            )
        return (
            f"{purpose.untrained}: its weights lack {', '.join(listed[:4])}{more} "
            f"(its architecture: {made_for})"
        )
    body = [name for name in listed if name not in head]
    return (
        f"is incomplete: its weights lack {len(listed)} of the {len(model.state_dict())} tensors of "
        f"{type(model).__name__}, such as {body[0]}; the file was not saved whole, or is of another model"
    )


def _prefix(missing: Collection[str], names: Iterable[str]) -> str | None:
    """The prefix that the file has before the names of all missing tensors; None if there is none."""
    have = set(names)
    wanted = min(missing, key=lambda name: (len(name), name))
    for name in sorted(have):
        prefix = name.removesuffix(wanted)
        if prefix != name and prefix.endswith(".") and all(prefix + other in have for other in missing):
            return prefix
    return None


def _inner_wrapper(missing: Collection[str], names: Iterable[str]) -> str | None:
    """The wrapper whose name, removed from the file's names, gives the missing names; else None."""
    names = list(names)
    for wrapper in _WRAPPERS:
        parts = [name.split(".") for name in names]
        without = {".".join(p for p in each if p != wrapper) for each in parts if wrapper in each}
        if set(missing) <= without:
            return wrapper
    return None


@dataclass(frozen=True, slots=True)
class _Beyond:
    """A tensor that belongs to a layer after the last layer of the model."""

    name: str
    """Name of the tensor."""
    stack: str
    """Beginning of the layers' names, such as `bert.encoder.layer`."""
    layers: int
    """Number of layers in the weights."""
    built: int
    """Number of layers in the model."""


def _beyond(model: PreTrainedModel, unexpected: Collection[str]) -> _Beyond | None:
    """The first tensor that belongs to a layer after the model's last one; None if there is none.

    The name of such a tensor is a name in the model except for its numbers. Tensors that nothing needs, such
    as those of a pooler or of another head, have no such name.
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
"""Part of a tensor's name that is the number of a layer."""


def _numbered(name: str) -> Iterator[tuple[str, int]]:
    """(text before it, number) for each number in a tensor's name."""
    for match in _NUMBER.finditer(name):
        yield name[: match.start()].removesuffix("."), int(match[0])


def _in_order(name: str) -> list[tuple[int, str]]:
    """A sort key that orders names by the numbers in them."""
    return [(int(part), "") if _NUMBER.fullmatch(part) else (-1, part) for part in name.split(".")]


def _more_layers(given: Mapping[str, Any], config: PreTrainedConfig, beyond: _Beyond) -> str:
    """A message that the weights have more layers than config.json asks for, with the field to correct."""
    held = f"the weights have {beyond.layers} layers {beyond.stack} (such as {beyond.name})"
    field = _layers_field(config, beyond)
    if field is None:
        asked = f"config.json asks for {beyond.built}"
    elif field in given:
        asked = f"{field} is {_shown_count(given[field])} in config.json"
    else:
        asked = f"config.json has no {field}, so the model has {beyond.built}"
    countable = field is not None and not isinstance(given.get(field), list)
    right = f"Set {field} to {beyond.layers}" if countable else "Correct config.json"
    advice = f"{right}, or take the config.json of these weights"
    return f"{held}, but {asked}; the others would not be used. {advice}"


def _layers_field(config: PreTrainedConfig, beyond: _Beyond) -> str | None:
    """The field of a configuration that gives the number of these layers; None if there is none."""
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
    """The text for a number of layers, or for a list with an entry for each layer."""
    return f"a list of {len(value)}" if isinstance(value, list) else str(value)


def _wrong_labels(model: PreTrainedModel, tensors: Mapping[str, Tensor], head: Collection[str]) -> str | None:
    """A message if the head's outputs are not a start and an end; else None, also for a checkpoint's code."""
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
