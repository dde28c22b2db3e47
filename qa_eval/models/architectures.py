"""What is to be known of an architecture beyond what its configuration says.

transformers has a question-answering head for each of these types; the tables here name those that cannot be
read with, and those that must be read with in a way of their own. `tests/test_architectures.py` tries every
type and proves the tables: no entry too many, none missing.
"""

from __future__ import annotations

from collections.abc import Mapping
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
