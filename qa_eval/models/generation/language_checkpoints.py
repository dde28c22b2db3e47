"""Language models on this machine: checkpoints of transformers that write texts.

A checkpoint is examined without loading its weights: architecture, head, tokenizer, chat template, limits and
settings of generation. The result is a generator that loads the weights when it is first asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import transformers
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.models.auto import modeling_auto

from qa_eval.errors import ModelError, first_line
from qa_eval.files.hashes import sha256_json
from qa_eval.models.checkpoint.architectures import wrong_config
from qa_eval.models.checkpoint.built_tokenizers import built_tokenizer, text_tokenizer
from qa_eval.models.checkpoint.checkpoints import Checkpoint, find_checkpoint
from qa_eval.models.checkpoint.configuration_files import read_configuration
from qa_eval.models.checkpoint.tokenizer_files import Settings
from qa_eval.models.checkpoint.weights import (
    HeadPurpose,
    check_vocabulary,
    embedding_rows,
    empty_model,
    load_model,
    parameters,
)
from qa_eval.models.generation import generation_settings as settings_of_generation
from qa_eval.models.generation.generation_settings import GenerationSettings, generation_settings
from qa_eval.models.generation.prompt_texts import PromptTexts, Template, TextTokens, with_fixed_date
from qa_eval.models.generation.token_batches import BatchedGenerator, Limits
from qa_eval.models.generation.torch_writer import TorchWriter
from qa_eval.models.generation.written_answers import Writing, WrittenAnswers, number_option
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.torch_settings import (
    DTYPE_OPTION,
    backend_name,
    chosen_device,
    chosen_dtype,
    quiet,
    with_own_dtype,
)
from qa_eval.records import Decoding, ModelInfo, Runtime

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_VERSION = "1"
"""Version of the code that decides texts, which is part of fingerprints."""
_CONTEXT = "context"
"""Option of a spec that gives the greatest number of tokens of a prompt."""
_OPTIONS = (_CONTEXT, DTYPE_OPTION)
_CPU_BATCH, _DEVICE_BATCH = 8192, 32_768
"""Numbers of tokens, of prompts and answers, in a batch on a CPU and on another device."""
_TWO_SIDED = ("xlnet",)
"""Types that transformers lists as generators although every position sees all others when they read."""
_OTHER_HEADS = (
    "ForQuestionAnswering",
    "ForSequenceClassification",
    "ForTokenClassification",
    "ForMultipleChoice",
    "ForMaskedLM",
)
"""Endings of the names of architectures with a head that writes no text."""
_LENGTHS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "max_sequence_length")
_PROMPT_LENGTHS = ("max_encoder_position_embeddings", "max_position_embeddings", "n_positions")
_ANSWER_LENGTHS = ("max_decoder_position_embeddings", "max_position_embeddings")
_NO_LIMIT = 100_000_000
"""Length from which a limit counts as none. Tokenizers without a limit report 1e30."""
_POSITION_TABLES = ("wpe", "embed_positions", "position_embeddings", "position_embedding")
"""Names of tables with a row for each position."""


@dataclass(frozen=True, slots=True)
class _Family:
    """One of the two ways to write."""

    purpose: HeadPurpose
    remote: str
    """Name of the class in `auto_map`."""
    types: Mapping[str, Any]
    """Types that transformers knows, with the names of their classes."""


_FAMILIES = {
    "causal": _Family(
        HeadPurpose(transformers.AutoModelForCausalLM, "has no head that writes texts"),
        "AutoModelForCausalLM",
        modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    ),
    "seq2seq": _Family(
        HeadPurpose(transformers.AutoModelForSeq2SeqLM, "has no head that writes texts"),
        "AutoModelForSeq2SeqLM",
        modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a language model is made of, from whatever files."""

    name: str
    """Name of the checkpoint in messages."""
    given: Mapping[str, Any]
    """Content of config.json; empty for files that have another form of it."""
    generation: Mapping[str, Any]
    """Content of generation_config.json; empty if there is none."""
    config: PreTrainedConfig
    """Configuration, as transformers reads it."""
    skeleton: PreTrainedModel
    """Model without memory for its weights."""
    load: Callable[[torch.dtype], PreTrainedModel]
    """Function that loads the model."""
    built: Any
    """Tokenizer that transformers builds, or a text with the reason why it cannot build one."""
    tokens: TextTokens
    """Tokenizer that is used."""
    longest: int | None
    """Length of the longest text that the tokenizer's files allow; None if they give none."""
    template: Template | None
    """Chat template; None if there is none."""
    note: str | None
    """Note about the tokenizer."""
    revision: str | None
    """Commit of a hub checkpoint."""
    weights_sha256: str
    """SHA-256 of the weights."""
    files_sha256: str
    """SHA-256 of the other files that decide texts."""
    license: str | None
    """License that the model card names."""


def resolve_language_model(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> WrittenAnswers:
    """The model that a spec names. Its weights are not loaded.

    Raises `SpecError` for an invalid option, and `ModelError` as `examine_language_model` does.
    """
    del decoding
    writing = Writing.of(spec, others=_OPTIONS)
    asked = number_option(spec, _CONTEXT, 0, least=1, whole=True) if spec.option(_CONTEXT) else None
    info, generator = examine_language_model(spec, runtime, context=None if asked is None else int(asked))
    return WrittenAnswers(
        generator=generator, writing=writing, identify=lambda: info, hands_over_at_once=False
    )


def examine_language_model(
    spec: ModelSpec, runtime: Runtime, *, context: int | None = None
) -> tuple[ModelInfo, BatchedGenerator]:
    """Returns the identity of the model that a spec names, and its generator.

    Args:
        spec: The model's spec; its kind is `causal` or `seq2seq`.
        runtime: Device, number format and batches.
        context: Greatest number of tokens of a prompt (and its answer, unless an encoder reads the prompt);
            None for what the checkpoint says.

    Raises:
        ModelError: The checkpoint cannot write, lacks files, or does not fit its weights; the device is not
            here; or `context` is greater than the model's table of positions.
    """
    runtime = with_own_dtype(spec, runtime)
    device, dtype = chosen_device(runtime), chosen_dtype(runtime)
    if spec.name.lower().endswith(".gguf"):
        from qa_eval.models.generation.gguf_files import gguf_parts

        parts = gguf_parts(spec)
    else:
        parts = _checkpoint_parts(spec, runtime)
    reads = bool(parts.config.is_encoder_decoder)
    settings = _settings(parts, decodes=reads)
    limits = _limits(parts, reads=reads)
    if context is not None:
        limits = _changed(limits, context, parts)
    generator = BatchedGenerator(
        PromptTexts(parts.name, parts.tokens, parts.template, continues=not reads),
        limits,
        lambda: TorchWriter(lambda: parts.load(dtype), settings, parts.tokens, runtime, device),
        batch_tokens=runtime.batch_tokens or (_CPU_BATCH if device.type == "cpu" else _DEVICE_BATCH),
    )
    return ModelInfo(
        spec=str(spec),
        kind=spec.kind,
        name=spec.name,
        revision=parts.revision,
        weights_sha256=parts.weights_sha256,
        fingerprint=sha256_json([spec.kind, parts.weights_sha256, parts.files_sha256, context, _VERSION]),
        parameters=parameters(parts.skeleton),
        license=parts.license,
        backend=backend_name(device, dtype),
        tokenizer_note="; ".join(filter(None, [parts.note, settings.note])) or None,
    ), generator


def _checkpoint_parts(spec: ModelSpec, runtime: Runtime) -> Parts:
    """The parts of a checkpoint with safetensors weights. Raises `ModelError`."""
    checkpoint = find_checkpoint(
        spec.name, spec.revision, code=runtime.trust_remote_code, convert=runtime.convert_weights
    )
    family = _FAMILIES[spec.kind]
    with quiet():
        config = _config(spec, checkpoint, family, runtime)
        skeleton = empty_model(checkpoint, config, runtime, family.purpose)
        built = built_tokenizer(checkpoint, runtime)
        tokens, note, longest = _tokens(checkpoint, config, runtime, built, embedding_rows(skeleton))
        template = _template(checkpoint, built)
    path = checkpoint.folder / settings_of_generation.FILE
    return Parts(
        name=checkpoint.name,
        given=checkpoint.config,
        generation=read_configuration(path, checkpoint.name) if path.is_file() else {},
        config=config,
        skeleton=skeleton,
        load=lambda dtype: load_model(checkpoint, skeleton, config, dtype),
        built=built,
        tokens=tokens,
        longest=longest,
        template=template,
        note=note,
        revision=checkpoint.revision,
        weights_sha256=checkpoint.weights_sha256,
        files_sha256=checkpoint.files_sha256(code=runtime.trust_remote_code, writes=True),
        license=checkpoint.card.license,
    )


# ------------------------------------------------------------------------------------ the configuration


def _config(spec: ModelSpec, checkpoint: Checkpoint, family: _Family, runtime: Runtime) -> PreTrainedConfig:
    """The configuration. Raises `ModelError` if a model of its architecture cannot write in this way."""
    name = checkpoint.name
    if wrong := wrong_config(checkpoint.config, len(checkpoint.tensors)):
        raise ModelError(f"{name}: config.json: {wrong}")
    kind = checkpoint.config.get("model_type")
    remote = family.remote in (checkpoint.config.get("auto_map") or {})
    if remote and not runtime.trust_remote_code and kind not in family.types:
        raise ModelError(
            f"{name} brings its own code; read it, then allow it to run with --trust-remote-code"
        )
    if kind is None and not remote:
        raise ModelError(f"{name}: config.json has no model_type, so its architecture is unknown")
    if kind not in transformers.CONFIG_MAPPING and not remote:
        raise ModelError(f"{name}: transformers {transformers.__version__} does not know model type {kind!r}")
    try:
        config: PreTrainedConfig = transformers.AutoConfig.from_pretrained(
            checkpoint.folder, trust_remote_code=runtime.trust_remote_code, local_files_only=True
        )
    except Exception as error:  # a wrong configuration may raise anything
        raise ModelError(f"{name}: config.json cannot be used: {first_line(error)}") from error
    if wrong := wrong_kind(spec, config, checkpoint.config.get("architectures") or (), remote=remote):
        raise ModelError(f"{name} {wrong}")
    return config


def wrong_kind(
    spec: ModelSpec, config: PreTrainedConfig, made_for: Sequence[str], *, remote: bool = False
) -> str | None:
    """A phrase that says why a configuration is not of the spec's kind of model, and what to write instead.

    None if it is of this kind. `made_for` are the names of the architectures in config.json.
    """
    kind, family = config.model_type, _FAMILIES[spec.kind]
    reads = bool(config.is_encoder_decoder)
    if reads and spec.kind == "causal":
        if kind in _FAMILIES["seq2seq"].types:
            return (
                f"is of type {kind!r}, which reads with an encoder and writes with a decoder; write "
                f"{_respelled(spec, 'seq2seq')}"
            )
        return f"is of type {kind!r}, an encoder with a decoder; causal models have only a decoder"
    if not reads and spec.kind == "seq2seq" and kind in _FAMILIES["causal"].types:
        decodes = not _is_two_sided(config)
        if decodes:
            return f"is of type {kind!r}, which has no encoder; write {_respelled(spec, 'causal')}"
    if (not remote and kind not in family.types) or (not reads and _is_two_sided(config)):
        return (
            f"is of type {kind!r}, which reads texts in both directions and cannot write them; if it marks "
            f"answers in a text, write {_respelled(spec, 'hf')}"
        )
    if made_for and all(str(each).endswith(_OTHER_HEADS) for each in made_for):
        return (
            f"is a checkpoint of {', '.join(map(str, made_for))}, which does not write texts; if it marks "
            f"answers in a text, write {_respelled(spec, 'hf')}"
        )
    return None


def _is_two_sided(config: PreTrainedConfig) -> bool:
    """Whether a position sees the ones after it, although transformers has a class that writes."""
    kind = config.model_type
    if kind in _TWO_SIDED:
        return True
    if getattr(config, "is_decoder", False) or getattr(config, "causal", False):
        return False
    return (
        kind in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
        or kind not in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    ) and not config.is_encoder_decoder


def _respelled(spec: ModelSpec, kind: str) -> str:
    """The spec with another kind and without options."""
    return str(ModelSpec(kind, spec.name, spec.revision))


def _settings(parts: Parts, *, decodes: bool) -> GenerationSettings:
    """The settings of generation. Raises `ModelError` if no file names a decoder's first token."""
    decoder = parts.config.get_text_config(decoder=True).to_dict()
    settings = generation_settings(
        parts.generation,
        {**decoder, **parts.given},
        rows=embedding_rows(parts.skeleton) or _NO_LIMIT,
        end=getattr(parts.built, "eos_token_id", None),
        pad=getattr(parts.built, "pad_token_id", None),
        decodes=decodes,
    )
    if decodes and settings.start is None:
        raise ModelError(
            f"{parts.name}: neither {settings_of_generation.FILE} nor config.json has "
            "decoder_start_token_id, the token with which its decoder begins"
        )
    return settings


# ------------------------------------------------------------------------------------------ the tokenizer


@dataclass(frozen=True, slots=True)
class OwnTokens:
    """A tokenizer of the library `tokenizers`."""

    tokenizer: Tokenizer

    def encode(self, text: str, *, special: bool) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=special).ids
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=True)


@dataclass(frozen=True, slots=True)
class _BuiltTokens:
    """A tokenizer of transformers that is Python code."""

    tokenizer: Any

    def encode(self, text: str, *, special: bool) -> list[int]:
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=special)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(
            list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def _tokens(
    checkpoint: Checkpoint,
    config: PreTrainedConfig,
    runtime: Runtime,
    built: Any,  # noqa: ANN401
    rows: int | None,
) -> tuple[TextTokens, str | None, int | None]:
    """The tokenizer, a note about it, and the length of the longest text that its files allow.

    The tokenizer is that of tokenizer.json. One that is Python code is used where there is no such file.
    """
    slow = not isinstance(built, str) and not getattr(built, "is_fast", False)
    if slow and not (checkpoint.folder / "tokenizer.json").is_file():
        return _BuiltTokens(built), None, getattr(built, "model_max_length", None)
    found = text_tokenizer(checkpoint, config, runtime, built, types=False)
    check_vocabulary(checkpoint, found.backend_tokenizer, rows)
    found.backend_tokenizer.no_truncation()
    found.backend_tokenizer.no_padding()
    return OwnTokens(found.backend_tokenizer), found.note, found.model_max_length


def own_tokens(built: Any) -> TextTokens:  # noqa: ANN401
    """The tokenizer that transformers built, without limits of length."""
    if not getattr(built, "is_fast", False):
        return _BuiltTokens(built)
    built.backend_tokenizer.no_truncation()
    built.backend_tokenizer.no_padding()
    return OwnTokens(built.backend_tokenizer)


def _template(checkpoint: Checkpoint, built: Any) -> Template | None:  # noqa: ANN401
    """The chat template as a function; None for a checkpoint without one."""
    if not isinstance(built, str):
        return template_of(checkpoint.name, built)
    own = Settings.of(checkpoint.folder, checkpoint.name).get("chat_template")
    if own or (checkpoint.folder / "chat_template.jinja").is_file():
        raise ModelError(
            f"{checkpoint.name}: its chat template needs its tokenizer, which transformers cannot build: "
            f"{built}"
        )
    return None


def template_of(name: str, built: Any) -> Template | None:  # noqa: ANN401
    """The chat template of a tokenizer as a function; None if it has none.

    The prompt ends where the model's answer begins. Models that can think before they answer are asked not
    to, because an answer has few tokens. Raises `ModelError` if none of several templates is the default.
    """
    if not getattr(built, "chat_template", None):
        return None
    try:
        text = with_fixed_date(built.get_chat_template())
    except Exception as error:
        raise ModelError(f"{name}: its chat template cannot be used: {first_line(error)}") from error

    def fill(messages: list[dict[str, str]]) -> str:
        filled: str = built.apply_chat_template(
            messages, chat_template=text, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
        return filled

    return fill


# --------------------------------------------------------------------------------------------- the limits


def _limits(parts: Parts, *, reads: bool) -> Limits:
    """The limits that the configuration gives, or else the tokenizer."""
    text = parts.config.get_text_config(decoder=True)
    values = {**parts.config.to_dict(), **text.to_dict(), **parts.given}

    def least(names: Sequence[str]) -> int | None:
        found = [values.get(name) for name in names] + [getattr(text, name, None) for name in names]
        known = [n for n in found if isinstance(n, int) and not isinstance(n, bool) and 0 < n < _NO_LIMIT]
        return min(known) if known else None

    longest = parts.longest
    tokenizer = int(longest) if longest is not None and 0 < longest < _NO_LIMIT else None
    if not reads:
        return Limits(total=least(_LENGTHS) or tokenizer)
    return Limits(prompt=least(_PROMPT_LENGTHS) or tokenizer, answer=least(_ANSWER_LENGTHS))


def _changed(limits: Limits, context: int, parts: Parts) -> Limits:
    """The limits with another length of prompts. Raises `ModelError` beyond the table of positions."""
    known = limits.total if limits.prompt is None else limits.prompt
    modules = parts.skeleton.named_modules()
    has_table = any(name.rpartition(".")[2] in _POSITION_TABLES for name, _ in modules)
    if known is not None and context > known and has_table:
        raise ModelError(
            f"{parts.name}: context is {context:,}, but the model has {known:,} positions; give at most "
            f"{known:,}"
        )
    if parts.config.is_encoder_decoder:
        return Limits(prompt=context, answer=limits.answer)
    return Limits(total=context)
