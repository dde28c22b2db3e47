"""The tokenizer of a checkpoint: of its own tokenizer.json, or as transformers builds it."""

from __future__ import annotations

from typing import Any

import transformers
from transformers import PreTrainedConfig
from transformers.convert_slow_tokenizer import SLOW_TO_FAST_CONVERTERS
from transformers.models.auto import tokenization_auto

from qa_eval.errors import ModelError, first_line
from qa_eval.models.checkpoint.checkpoints import Checkpoint
from qa_eval.models.checkpoint.piece_models import convert, piece_model
from qa_eval.models.checkpoint.tokenizer_files import (
    CODED,
    FILE,
    SPECIAL_TOKENS,
    Settings,
    TextTokenizer,
    differences,
    read_tokenizer,
    set_typed_template,
)
from qa_eval.records import Runtime

_LIBRARY = f"transformers {transformers.__version__}"


def text_tokenizer(
    checkpoint: Checkpoint,
    config: PreTrainedConfig,
    runtime: Runtime,
    built: Any = None,  # noqa: ANN401
    *,
    types: bool,
) -> TextTokenizer:
    """The tokenizer of tokenizer.json, or the one that transformers builds if there is no such file.

    A checkpoint's own code, if it may run, makes the tokenizer itself. `built` is what `built_tokenizer`
    gives, if it was called before. Raises `ModelError` if no tokenizer
    with offsets can be made.
    """
    name, folder = checkpoint.name, checkpoint.folder
    settings = Settings.of(folder, name)
    named = settings.tokenizer_class(checkpoint.config) or _class_of_type(config.model_type)
    brings_code = runtime.trust_remote_code and bool(settings.get("auto_map"))
    source, own = FILE, None if brings_code else read_tokenizer(folder, name, settings, named)
    built = built_tokenizer(checkpoint, runtime) if built is None else built
    if not isinstance(built, str):
        settings.fill(_default_tokens(built))
    if own is None and not brings_code and (pieces := piece_model(folder)):
        source = pieces.name
        own = convert(pieces, name, settings, named, SLOW_TO_FAST_CONVERTERS)
    fast = None if isinstance(built, str) or not getattr(built, "is_fast", False) else built.backend_tokenizer
    if own is None:
        if isinstance(built, str):
            coded = f" (its class {CODED[named]})" if named in CODED else ""
            raise ModelError(f"{name}: no tokenizer can be loaded{coded}: {built}")
        if fast is None:
            raise ModelError(
                f"{name}: its tokenizer ({type(built).__name__}) gives no offsets, so answers cannot be "
                "located in the text; a tokenizer.json is needed"
            )
        note = None
        if named == "Deberta" and not brings_code:
            set_typed_template(fast, settings["cls_token"], settings["sep_token"])
            note = f"read with DeBERTa's template; {_LIBRARY} gives it RoBERTa's"
    elif isinstance(built, str):
        note = f"{_LIBRARY} cannot build it ({built}); read from {source}"
    elif fast is None:
        note = f"{_LIBRARY} builds one without offsets ({type(built).__name__}); read from {source}"
    else:
        differs = differences(own, fast, types=types)
        note = f"read from {source}; {_LIBRARY} builds {differs}" if differs else None
    tokenizer: Any = own if own is not None else fast

    def number(role: str) -> int | None:
        token = settings.token(role)
        return None if token is None else tokenizer.token_to_id(token)

    longest = getattr(built, "model_max_length", None)
    return TextTokenizer(
        tokenizer, number("cls_token"), number("pad_token"), settings.max_length or longest, note
    )


def built_tokenizer(checkpoint: Checkpoint, runtime: Runtime) -> Any:  # noqa: ANN401
    """The tokenizer that transformers builds, or a text with the reason why it cannot build one."""
    try:
        return transformers.AutoTokenizer.from_pretrained(
            checkpoint.folder, trust_remote_code=runtime.trust_remote_code, local_files_only=True
        )
    except Exception as error:
        return first_line(error).rstrip(": ")
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # a panic in Rust code; its class cannot be imported
            return first_line(error)
        raise


def _default_tokens(built: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401
    """The special tokens of a tokenizer by role, in the form of tokenizer_config.json."""
    flags = {str(token): token for token in getattr(built, "added_tokens_decoder", {}).values()}
    found = {}
    for role in SPECIAL_TOKENS:
        if (token := getattr(built, role, None)) is not None:
            added = flags.get(str(token))
            strips = {side: getattr(added, side, False) for side in ("lstrip", "rstrip")}
            found[role] = {"content": str(token), **strips}
    return found


def _class_of_type(kind: str) -> str:
    """The tokenizer class that transformers names for a type, such as `Bert`; empty if it names none."""
    return (tokenization_auto.TOKENIZER_MAPPING_NAMES.get(kind) or "").removesuffix("Tokenizer")
