"""Facts about architectures that are not in a checkpoint's configuration.

transformers has a question-answering head for each of these types. The tables list the types that cannot read
plain text, and those that read in a way of their own. `tests/models/test_architectures.py` tries every type
and proves that no entry is wrong and none is missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_LAYOUT = "it reads documents by their layout and needs a bounding box for every token"

UNSUPPORTED: dict[str, str] = {
    "canine": "it reads characters by their code points: it has no vocabulary, so no tokenizer with offsets",
    "layoutlmv2": f"{_LAYOUT} and an image of the page",
    "layoutlmv3": f"{_LAYOUT} and an image of the page",
    "lilt": _LAYOUT,
    "lxmert": "it answers questions about images: it needs visual features, and chooses from a list",
    "markuplm": "it reads web pages and needs the XPath of every token",
    "mra": "without a CUDA kernel, which transformers lacks, its attention silently sees nothing",
    "roc_bert": "it needs the shape and the sound of every character, which no fast tokenizer gives",
}
"""Reason why a type cannot be used, by type. Messages put it after "… is of type X: "."""

UNPADDED = frozenset(
    {
        "big_bird",
        "bigbird_pegasus",
        "convbert",
        "fnet",
        "funnel",
        "mobilebert",
        "nystromformer",
        "reformer",
        "yoso",
    }
)
"""Types whose logits depend on the padding after a text although it is masked. Convolutions, pooling, Fourier
transforms, blocks of attention and embeddings of three tokens in one see the padding. A batch of such a model
holds only windows of the same length, so that an answer depends only on its own text."""


ONE_AT_A_TIME = frozenset({"big_bird", "bigbird_pegasus", "reformer"})
"""Types whose forward pass changes the model (which attention it uses) or the random state (which hashes it
draws). Two threads must not read with such a model at the same time."""

FLOAT32_ONLY = frozenset({"deberta", "fnet", "reformer", "xlnet"})
"""Types whose forward pass makes numbers of 32 bits, which it then cannot multiply with shorter weights."""

SEGMENTED = frozenset({"funnel", "xlnet"})
"""Types that only compare the token types of two positions. They need no table of types, so any number is a
type."""


_MOST_LAYERS = 1000
"""Greatest number of layers that is credible, unless the files have more tensors."""
_MOST_LABELS = 10_000
"""Greatest number of labels that is credible."""
_MOST = 100_000_000
"""Greatest size of any other kind that is credible."""
_LAYERS = re.compile(
    r".*layers?|inner_group_num|num_hidden_groups|num_(?:local_)?experts|block_sizes|num_blocks"
)
_DEPTHS = (
    "num_hidden_layers",
    "num_layers",
    "n_layer",
    "n_layers",
    "encoder_layers",
    "num_encoder_layers",
    "decoder_layers",
    "num_decoder_layers",
    "num_hidden_groups",
    "inner_group_num",
    "block_sizes",
    "attn_layers",
)
"""Fields that hold a number of layers, or a list with an entry for each layer or block of layers."""
_LABELS = frozenset({"num_labels", "_num_labels", "num_classes"})
_SIZES = re.compile(r".*(?:size|position|dim|head|embd|inner|ctx|d_model|d_ff|ffn|bucket|block).*")


def wrong_config(config: Mapping[str, Any], tensors: int) -> str | None:
    """A phrase that names a value in the configuration that no model can have; None if there is none.

    A model is built, layer by layer, before its weights are read. To build a number of layers that cannot be
    in files of `tensors` tensors would take hours.
    """
    kind, code, made_for = (config.get(key) for key in ("model_type", "auto_map", "architectures"))
    if kind is not None and not isinstance(kind, str):
        return f"model_type is {_shown(kind)}, not the name of an architecture"
    if code is not None and not isinstance(code, Mapping):
        return f"auto_map is {_shown(code)}, not a mapping of classes to code"
    if made_for is not None and not (
        isinstance(made_for, list) and all(isinstance(n, str) for n in made_for)
    ):
        return f"architectures is {_shown(made_for)}, not a list of names"
    for key in layer_fields(config):
        value = config[key]
        if isinstance(value, bool) or value == [] or (isinstance(value, int | float) and value < 1):
            return f"{key} is {_shown(value)}; a model has at least 1 layer"
    for key, value in _numbers(config):
        most = None
        if _LAYERS.fullmatch(key):
            most = max(_MOST_LAYERS, tensors)
        elif key in _LABELS:
            most = _MOST_LABELS
        elif _SIZES.fullmatch(key):
            most = _MOST
        if most is not None and abs(value) > most:
            return f"{key} is {_shown(value)}, which no model has"
    return None


def layer_fields(config: Mapping[str, Any]) -> list[str]:
    """The fields of a configuration that give its number of layers.

    >>> layer_fields({"n_layer": 6, "n_head": 12})
    ['n_layer']
    """
    return [name for name in _DEPTHS if config.get(name) is not None]


def _numbers(config: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """(name, number) for every number in a configuration, also in nested configurations and in lists."""
    waiting: list[tuple[str, Any]] = list(config.items())
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(key, each) for each in value]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield key, value


def _shown(value: object) -> str:
    """A value as JSON, cut to 60 characters."""
    try:
        text = json.dumps(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:60]}…"


def wrong_setting(config: Mapping[str, Any]) -> str | None:
    """A phrase that says which setting of a supported type prevents reading, and what to do; else None."""
    kind = config.get("model_type")
    if kind == "xmod" and not config.get("default_language"):
        known = ", ".join(config.get("languages") or ())
        return f"it has weights for each language; set default_language (one of {known}) in config.json"
    if kind == "yoso" and not config.get("use_expectation", True):
        return "its hashing needs a CUDA kernel that transformers lacks; set use_expectation in config.json"
    if kind == "nystromformer" and config.get("num_landmarks", 64) != config.get("segment_means_seq_len", 64):
        return (
            "with fewer landmarks than positions, transformers cannot mask anything, so shorter windows "
            "cannot be read"
        )
    if (
        kind == "reformer"
        and "lsh" in (config.get("attn_layers") or ())
        and (config.get("hash_seed") is None or config.get("num_buckets") is None)
    ):
        return (
            "its attention draws random hashes, so answers cannot be repeated; set hash_seed and num_buckets "
            "in config.json"
        )
    return None
