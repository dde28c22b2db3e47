"""Tokenizers of checkpoints that have only a SentencePiece model (`spiece.model`, `spm.model`, …).

transformers 4 made a fast tokenizer from such a model with a converter for its class. transformers 5 still
has the converters but does not use them: its tokenizers lack the normalizer of DeBERTa v2, MBart and BigBird
and the template of FNet and RemBERT. This module uses the converters, with a stand-in for the slow tokenizer
that they take. The caller passes the table of converters, so that this module does not import transformers.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa_eval.errors import ModelError
from qa_eval.models.checkpoint.configuration_files import reason
from qa_eval.models.checkpoint.tokenizer_files import FILE, Settings, apply_settings

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_NAMES = ("spiece.model", "spm.model", "sentencepiece.bpe.model", "sentencepiece.model", "tokenizer.model")
_OTHER_VOCABULARIES = (FILE, "vocab.txt", "vocab.json")
_LIBRARIES = {"sentencepiece": "sentencepiece", "google.protobuf": "protobuf"}
"""Library of each module that a converter needs, by module."""
_SAME = {"MT5": "T5"}
"""Class whose converter another class uses, by the other class."""
_UNIGRAM = 1
"""Number of the Unigram algorithm in a model. The converters can no longer convert the other algorithm,
BPE."""
_DEFAULTS: dict[str, dict[str, Any]] = {
    "Albert": {"do_lower_case": True},
    "FNet": {"keep_accents": True},
    "RemBert": {"keep_accents": True},
}
"""Default settings of a class's slow tokenizer that differ from `_COMMON`, by class."""
_COMMON: dict[str, Any] = {
    "do_lower_case": False,
    "keep_accents": False,
    "split_by_punct": False,
    "legacy": True,
    "extra_ids": 100,
    "unk_token": "<unk>",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "mask_token": "<mask>",
}


def piece_model(folder: Path) -> Path | None:
    """The SentencePiece model that is a folder's only vocabulary; None if there are others, or none."""
    if any((folder / name).is_file() for name in _OTHER_VOCABULARIES):
        return None
    return next((folder / name for name in _NAMES if (folder / name).is_file()), None)


def convert(
    path: Path,
    name: str,
    settings: Settings,
    tokenizer_class: str,
    converters: Mapping[str, Callable[[Any], Any]],
) -> Tokenizer | None:
    """The tokenizer of a SentencePiece model; None if there is no converter for its class and algorithm.

    `settings` must name the special tokens, also those that are defaults of the class. Raises `ModelError` if
    a library that this needs is not installed, or if the model cannot be read.
    """
    if missing := [library for module, library in _LIBRARIES.items() if not _is_installed(module)]:
        raise ModelError(
            f"{name} has {path.name} and no {FILE}; reading it needs {' and '.join(missing)}, which "
            f"{'is' if len(missing) == 1 else 'are'} not installed: pip install 'qa-eval[sentencepiece]'"
        )
    named = _SAME.get(tokenizer_class, tokenizer_class)
    if (converter := converters.get(f"{named}Tokenizer")) is None:
        return None
    slow = _SlowTokenizer(path, settings, named)
    try:
        slow.made = converter(slow)
        if slow.made.proto.trainer_spec.model_type != _UNIGRAM:
            return None
        tokenizer: Tokenizer = slow.made.converted()
    except Exception as error:  # protobuf, the converter or tokenizers may raise anything
        raise ModelError(
            f"{name}: {path.name} cannot be read as a SentencePiece model: {reason(path, error)}"
        ) from error
    apply_settings(tokenizer, path.parent, name, settings, tokenizer_class)
    return tokenizer


class _SlowTokenizer:
    """A stand-in for a slow tokenizer. Converters need its model's path, its settings and its token ids."""

    def __init__(self, path: Path, settings: Settings, tokenizer_class: str) -> None:
        self.vocab_file = str(path)
        self.made: Any = None
        self._settings = _COMMON | _DEFAULTS.get(tokenizer_class, {}) | _given(settings)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("__") or name.removeprefix("_") not in self._settings:
            raise AttributeError(name)
        return self._settings[name.removeprefix("_")]

    def convert_tokens_to_ids(self, token: str) -> int | None:
        return self._vocabulary.token_to_id(token)

    def convert_ids_to_tokens(self, number: int) -> str:
        piece: str = self.made.proto.pieces[number].piece
        return piece

    @cached_property
    def _vocabulary(self) -> Tokenizer:
        vocabulary: Tokenizer = self.made.tokenizer(self.made.proto)
        return vocabulary


def _given(settings: Settings) -> dict[str, Any]:
    """The settings that have a value. Special tokens are texts."""
    tokens = {key: settings.token(key) for key in settings if key.endswith("_token")}
    return {key: tokens.get(key, value) for key, value in settings.items() if value is not None}


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package of the module is missing
        return False
