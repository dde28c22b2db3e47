"""A tiny checkpoint of every architecture for which transformers has a question-answering head.

`TYPES` is the library's own mapping, so that a type it gains is a type the tests try. Sizes are set wherever
a configuration has a field of that name; `OVERRIDES` holds what else a type wants.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, processors
from transformers.models.auto import modeling_auto, tokenization_auto

from tests.support.tiny_models import Pair, byte_level, sentence_piece, word_piece

TYPES: tuple[str, ...] = tuple(modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES)
POSITIONS = 96

SIZES: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "dim", "emb_dim", "embedding_size"), 16),
    **dict.fromkeys(("num_hidden_layers", "n_layers", "n_layer", "num_layers"), 2),
    **dict.fromkeys(("encoder_layers", "decoder_layers", "num_decoder_layers"), 1),
    **dict.fromkeys(("num_attention_heads", "n_heads", "n_head", "num_heads"), 2),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 2),
    **dict.fromkeys(("intermediate_size", "d_inner", "d_ff", "hidden_dim", "ffn_dim"), 32),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim", "ffn_hidden_size"), 32),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads"), 1),
    **dict.fromkeys(("head_dim", "d_kv", "d_head"), 8),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), POSITIONS),
    # Logits far enough apart to be told apart, and what leaks between windows large enough to be seen.
    **dict.fromkeys(("initializer_range", "init_std"), 0.3),
}
_EXPERTS = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
OVERRIDES: dict[str, dict[str, Any]] = {
    # Full attention in the few windows that are at most 28 tokens long, sparse in the others.
    "big_bird": {"block_size": 4, "num_random_blocks": 1},
    "bigbird_pegasus": {"block_size": 4, "num_random_blocks": 1},
    "diffllama": {"num_key_value_heads": 2},
    "exaone4": {"sliding_window": 32},
    "funnel": {"block_sizes": [1, 1], "num_decoder_layers": 1},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "window_size": 32},
    "gptj": {"rotary_dim": 4},
    "led": {
        "attention_window": 16,
        "max_encoder_position_embeddings": POSITIONS,
        "max_decoder_position_embeddings": POSITIONS,
    },
    "longformer": {"attention_window": 16},
    "luke": {"entity_vocab_size": 8, "entity_emb_size": 16},
    "minimax": {"num_local_experts": 2, "block_size": 32},
    "mixtral": {"num_local_experts": 2},
    # Its normalization does not scale, so that large weights add up to numbers without end.
    "mobilebert": {"initializer_range": 0.15, "intra_bottleneck_size": 16, "true_hidden_size": 16},
    "modernbert": {"local_attention": 32},
    "nystromformer": {"conv_kernel_size": 9},
    "qwen2_moe": {**_EXPERTS, "shared_expert_intermediate_size": 16},
    "qwen3_moe": _EXPERTS,
    "qwen3_next": {
        **_EXPERTS,
        "shared_expert_intermediate_size": 16,
        "layer_types": ["linear_attention", "full_attention"],
        "linear_key_head_dim": 8,
        "linear_value_head_dim": 8,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 2,
    },
    "reformer": {
        "attn_layers": ["local", "lsh"],
        "axial_pos_embds_dim": [8, 8],
        "axial_pos_shape": [8, 12],
        "attention_head_size": 8,
        "feed_forward_size": 32,
        "local_attn_chunk_length": 8,
        "lsh_attn_chunk_length": 8,
        "hash_seed": 3,
        "num_buckets": 4,
    },
    "rembert": {"input_embedding_size": 16, "output_embedding_size": 16},
    "t5": {"decoder_start_token_id": 5},
    "xmod": {"default_language": "en_XX"},
}
"""What a type wants beyond sizes. Where it has several ways to attend, the one that is harder to batch."""
_SPLINTER = "[QUESTION]"


def _splinter() -> Pair:
    """WordPiece with the token behind the question whose representation the head looks up."""
    tokenizer, special = word_piece()
    tokenizer.add_special_tokens([_SPLINTER])
    mark = tokenizer.token_to_id(_SPLINTER)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair=f"[CLS] $A {_SPLINTER} [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3), (_SPLINTER, mark)],
    )
    return tokenizer, special


def _sentence_piece(pair: str) -> Pair:
    """Unigram pieces with another template."""
    tokenizer, special = sentence_piece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<cls> $A <sep>",
        pair=pair,
        special_tokens=[("<cls>", 3), ("<sep>", 4), ("</s>", 2)],
    )
    return tokenizer, special


_WORD_PIECE = {
    "bert",
    "convbert",
    "distilbert",
    "electra",
    "ernie",
    "funnel",
    "lxmert",
    "layoutlmv2",
    "megatron-bert",
    "mobilebert",
    "mpnet",
    "roc_bert",
    "roformer",
    "squeezebert",
    "canine",
}
_SENTENCE_PIECE = {
    "albert",
    "big_bird",
    "camembert",
    "deberta-v2",
    "fnet",
    "rembert",
    "xlm",
    "xlm-roberta",
    "xlm-roberta-xl",
    "xmod",
    "yoso",
    "nystromformer",
    "flaubert",
    "jina_embeddings_v3",
    "reformer",
}
_ENDED = {"t5", "mt5", "umt5", "bigbird_pegasus"}
"""Encoder-decoders of which each text ends with </s>, and nothing stands before."""


@cache
def tokenizer_of(kind: str) -> Pair:
    """A tokenizer of the sort that the type's checkpoints have."""
    if kind == "splinter":
        return _splinter()
    if kind == "xlnet":
        return sentence_piece()
    if kind in _WORD_PIECE:
        return word_piece()
    if kind in _SENTENCE_PIECE:
        return _sentence_piece("<cls> $A <sep> $B:1 <sep>:1")
    if kind in _ENDED:
        return _sentence_piece("$A </s> $B </s>")
    if kind in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in _roberta_like():
        return byte_level(template=False)
    return byte_level()


@cache
def _roberta_like() -> frozenset[str]:
    masked = modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    named = (k for k, n in tokenization_auto.TOKENIZER_MAPPING_NAMES.items() if n == "RobertaTokenizer")
    return frozenset((*masked, *named, "led", "mvp", "mbart"))


def config_of(kind: str, tokenizer: Any) -> Any:
    """A tiny configuration of the type."""
    cls: Any = transformers.CONFIG_MAPPING[kind]
    fields = {field.name for field in dataclasses.fields(cls)}
    wanted = dict(SIZES)
    wanted["vocab_size"] = len(tokenizer)
    # Decoders without a padding token are to be read as they are.
    for key in ("pad_token_id", "bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id"):
        wanted[key] = getattr(tokenizer, key, None)
    given = {key: value for key, value in wanted.items() if key in fields}
    return cls(**given | OVERRIDES.get(kind, {}))


def build(kind: str, folder: Path) -> Path:
    """Saves a checkpoint of that type with random weights, and a card that declares "no answer" an answer."""
    folder.mkdir(parents=True, exist_ok=True)
    raw, special = tokenizer_of(kind)
    make_fast: Any = transformers.PreTrainedTokenizerFast
    # A copy, as loading and saving switch truncation and padding on and off.
    tokenizer = make_fast(tokenizer_object=Tokenizer.from_str(raw.to_str()), **special)
    tokenizer.save_pretrained(folder)
    make: Any = transformers.AutoModelForQuestionAnswering
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = make.from_config(config_of(kind, tokenizer))
        model.save_pretrained(folder)
    (folder / "README.md").write_text("---\nqa_eval:\n  unanswerable: true\n---\n", "utf-8")
    return folder
