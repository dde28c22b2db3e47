"""A tiny checkpoint of many architectures that write texts: random weights, tokenizers made on the spot."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, processors

from tests.support.tiny_architectures import OVERRIDES, SIZES
from tests.support.tiny_models import Pair, byte_level, sentence_piece

CAUSAL = (
    "llama",
    "gpt2",
    "gpt_neox",
    "gpt_neo",
    "gptj",
    "opt",
    "qwen2",
    "qwen3",
    "mistral",
    "mixtral",
    "phi",
    "falcon",
    "bloom",
    "gemma",
    "gemma2",
    "gemma3_text",
    "stablelm",
    "mpt",
    "mamba",
    "xglm",
    "rwkv",
)
"""Types of decoders."""
SEQ2SEQ = (
    "t5",
    "mt5",
    "umt5",
    "longt5",
    "switch_transformers",
    "bart",
    "mbart",
    "pegasus",
    "pegasus_x",
    "bigbird_pegasus",
    "led",
    "blenderbot",
    "blenderbot-small",
    "m2m_100",
    "marian",
    "plbart",
)
"""Types of encoders with decoders."""
POSITIONS = 160
"""Number of tokens that the tiny models take."""
CHAT = (
    "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{{ eos_token }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
"""A chat template as many models have it."""
_SIZES: dict[str, Any] = {
    **SIZES,
    **dict.fromkeys(
        ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "context_length"), POSITIONS
    ),
    "num_decoder_layers": 2,
    "decoder_layers": 2,
    "encoder_layers": 2,
    "sliding_window": 24,
    # T5 scales all its weights by this factor.
    "initializer_factor": 1.0,
}
_OVERRIDES: dict[str, dict[str, Any]] = {
    **OVERRIDES,
    "led": {
        "attention_window": 16,
        "max_encoder_position_embeddings": POSITIONS,
        "max_decoder_position_embeddings": POSITIONS,
    },
    "falcon": {"alibi": False, "new_decoder_architecture": False, "multi_query": True},
    "longt5": {"encoder_attention_type": "local", "local_radius": 8},
    "mamba": {"state_size": 4, "conv_kernel": 4},
    "gemma2": {"query_pre_attn_scalar": 8},
    "gemma3_text": {"query_pre_attn_scalar": 8},
    "pegasus_x": {"block_size": 16, "num_global_tokens": 4, "stagger_local_blocks": False},
    "rwkv": {"attention_hidden_size": 16},
    "switch_transformers": {"num_experts": 2, "expert_capacity": 512, "num_sparse_encoder_layers": 1},
    "t5": {},
    "xglm": {"attention_heads": 2, "ffn_dim": 32},
}
_STARTS_WITH_PAD = ("t5", "mt5", "umt5", "longt5", "switch_transformers", "pegasus", "pegasus_x", "marian")


def ended() -> Pair:
    """Words with their space before them and </s> after a text, as T5's."""
    tokenizer, _ = sentence_piece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)]
    )
    return tokenizer, {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


def decoder_tokens() -> Pair:
    """Bytes with <s> before a text, as Llama's."""
    tokenizer, special = byte_level(template=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 0)]
    )
    return tokenizer, special


def tokenizer_of(kind: str) -> Pair:
    """A tokenizer of the sort that the type's checkpoints have."""
    if kind not in SEQ2SEQ:
        return decoder_tokens()
    return byte_level() if kind in ("bart", "led", "plbart") else ended()


def config_of(kind: str, tokenizer: Any) -> Any:
    """A tiny configuration of the type."""
    cls: Any = transformers.CONFIG_MAPPING[kind]
    fields = {field.name for field in dataclasses.fields(cls)}
    ids = {key: getattr(tokenizer, key) for key in ("pad_token_id", "bos_token_id", "eos_token_id")}
    wanted = {**_SIZES, **ids, "vocab_size": len(tokenizer)}
    given = {key: value for key, value in wanted.items() if key in fields}
    if kind in SEQ2SEQ:
        start = "pad_token_id" if kind in _STARTS_WITH_PAD else "eos_token_id"
        given["decoder_start_token_id"] = ids[start]
        given.pop("forced_eos_token_id", None)
    return cls(**given | _OVERRIDES.get(kind, {}))


def build(
    kind: str, folder: Path, *, chat: str | None = None, generation: dict[str, Any] | None = None
) -> Path:
    """Saves a checkpoint of that type with random weights.

    `generation` are further settings for generation_config.json, and `chat` is a chat template.
    """
    folder.mkdir(parents=True, exist_ok=True)
    raw, special = tokenizer_of(kind)
    make_fast: Any = transformers.PreTrainedTokenizerFast
    tokenizer = make_fast(tokenizer_object=Tokenizer.from_str(raw.to_str()), **special)
    if chat is not None:
        tokenizer.chat_template = chat
    tokenizer.save_pretrained(folder)
    make: Any = transformers.AutoModelForSeq2SeqLM if kind in SEQ2SEQ else transformers.AutoModelForCausalLM
    bars: Any = transformers.utils.logging
    bars.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(11)
        model = make.from_config(config_of(kind, tokenizer))
        for parameter in model.parameters():
            if parameter.ndim > 1 and parameter.std() < 0.1:  # logits far enough apart to be told apart
                torch.nn.init.normal_(parameter, std=0.3)
        model.generation_config.update(**(generation or {}))
        model.save_pretrained(folder)
    return folder
