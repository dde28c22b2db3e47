"""What is to be known of an architecture beyond what its configuration says.

transformers has a question-answering head for each of these types. The tables here name the types that cannot
read, and those that read in a way of their own. `tests/models/test_architectures.py` tries every type and
proves the tables: no entry too many, none missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_LAYOUT = "it reads documents by their layout: it wants a bounding box for every token"

UNSUPPORTED: dict[str, str] = {
    "canine": "it reads characters by their code points: it has no vocabulary, so no tokenizer with offsets",
    "layoutlmv2": f"{_LAYOUT} and an image of the page",
    "layoutlmv3": f"{_LAYOUT} and an image of the page",
    "lilt": _LAYOUT,
    "lxmert": "it answers questions about images: it wants their visual features, and chooses from a list",
    "markuplm": "it reads web pages: it wants the XPath of every token",
    "mra": "its attention is a CUDA kernel apart from transformers; without, it silently attends to nothing",
    "roc_bert": "it wants the shape and the pronunciation of every character, which no fast tokenizer gives",
}
"""Type -> why it cannot be used, to follow "… is of type X: "."""

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
"""Types whose logits move with the padding behind a text, for all that it is masked: convolutions, pooling,
Fourier transforms, blocks of attention and embeddings of three tokens in one see it. Their windows are put
together only with windows of the same length, so that an answer depends on nothing but its own text.
"""


ONE_AT_A_TIME = frozenset({"big_bird", "bigbird_pegasus", "reformer"})
"""Types whose forward pass changes the model or the random state on its way (which attention is used, which
hashes are drawn), so that two windows must not be read at once by two threads.
"""

SEGMENTED = frozenset({"funnel", "xlnet"})
"""Types that compare the token types of two positions and need no table of them: any number is a type."""


_MOST_LAYERS = 1000
_MOST_LABELS = 10_000
_MOST = 100_000_000
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
"""Fields that give a number of layers, or have an entry for each layer or block of them."""
_LABELS = frozenset({"num_labels", "_num_labels", "num_classes"})
_SIZES = re.compile(r".*(?:size|position|dim|head|embd|inner|ctx|d_model|d_ff|ffn|bucket|block).*")


def wrong_config(config: Mapping[str, Any], tensors: int) -> str | None:
    """What in a configuration can belong to no model, as a sentence; else None.

    A model is made before its weights are read, layer by layer, so a number of layers that no file of so many
    `tensors` can have would be made for hours.
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
    """The fields of a configuration that give a number of its own layers.

    >>> layer_fields({"n_layer": 6, "n_head": 12})
    ['n_layer']
    """
    return [name for name in _DEPTHS if config.get(name) is not None]


def _numbers(config: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every number of a configuration with its name, those of nested ones and of lists too."""
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
    """A value as JSON, cut."""
    try:
        text = json.dumps(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:60]}…"


def wrong_setting(config: Mapping[str, Any]) -> str | None:
    """What in a configuration of a supported type cannot be read with, and what would help; else None."""
    kind = config.get("model_type")
    if kind == "xmod" and not config.get("default_language"):
        known = ", ".join(config.get("languages") or ())
        return f"it has one set of weights per language, and config.json no default_language (one of {known})"
    if kind == "yoso" and not config.get("use_expectation", True):
        return "its hashing is a CUDA kernel apart from transformers; set use_expectation in config.json"
    if kind == "nystromformer" and config.get("num_landmarks", 64) != config.get("segment_means_seq_len", 64):
        return (
            "with fewer landmarks than positions, transformers can mask nothing, so no shorter window can be "
            "read"
        )
    if (
        kind == "reformer"
        and "lsh" in (config.get("attn_layers") or ())
        and (config.get("hash_seed") is None or config.get("num_buckets") is None)
    ):
        return (
            "its attention hashes at random, so that no answer comes twice; set hash_seed and num_buckets in "
            "config.json"
        )
    return None
