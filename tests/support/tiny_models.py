"""Tiny checkpoints of real architectures, random weights, tokenizers made on the spot. No hub, no network.

`build("bert", folder)` saves one; the same kind always gets the same weights.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tests.support.places import ROOT

SEEDS = ROOT / "seeds"
WORDS = 200
POSITIONS = 96
"""How many tokens the tiny models can take."""

Pair = tuple[Tokenizer, dict[str, str]]


@cache
def frequent_words() -> dict[str, int]:
    """The commonest words of the articles with their counts, in an order that never changes."""
    counts = Counter(
        word for path in SEEDS.glob("*.txt") for word in re.findall(r"\w+", path.read_text("utf-8"))
    )
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:WORDS])


@cache
def characters() -> list[str]:
    """Every character of the articles, and some of other scripts."""
    texts = [path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))]
    return sorted(set("".join(texts) + "naïve café تدمر 🏛️ ñ"))


def word_piece() -> Pair:
    """Uncased, accents stripped, token types 0 and 1, as BERT's."""
    letters = sorted({c for c in "".join(characters()).lower() if not c.isspace()})
    words = [word.lower() for word in frequent_words()]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters), *words]
    vocabulary = {piece: n for n, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer, {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", "unk_token": "[UNK]"}


def byte_level(*, template: bool = True, trim: bool = True) -> Pair:
    """Bytes, spaces before words, two separators, no token types, as RoBERTa's; or bare, as GPT-2's."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    merges: dict[tuple[str, str], None] = {}
    for word in frequent_words():
        spaced = f"Ġ{word}"
        for at in range(1, len(spaced)) if word.isascii() else ():
            merges[spaced[:at], spaced[at]] = None
            pieces.append(spaced[: at + 1])
    vocabulary = {piece: n for n, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.BPE(vocabulary, list(merges)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if not template:
        tokenizer.post_processor = processors.ByteLevel(trim_offsets=trim)
        return tokenizer, {"bos_token": "<s>", "eos_token": "</s>"}
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=trim)
    return tokenizer, {
        "cls_token": "<s>",
        "sep_token": "</s>",
        "pad_token": "<pad>",
        "bos_token": "<s>",
        "eos_token": "</s>",
    }


def sentence_piece() -> Pair:
    """Words with their space before them, the separators behind, as XLNet's."""
    pieces = [(piece, 0.0) for piece in ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>")]
    pieces += [(c, -9.0) for c in ["▁", *characters()] if not c.isspace()]
    pieces += [(f"▁{word}", math.log(count) - 9) for word, count in frequent_words().items() if len(word) > 1]
    tokenizer = Tokenizer(models.Unigram(list(dict(pieces).items()), unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A:0 <sep>:0 <cls>:2",
        pair="$A:0 <sep>:0 $B:1 <sep>:1 <cls>:2",
        special_tokens=[("<cls>", 3), ("<sep>", 4)],
    )
    return tokenizer, {"cls_token": "<cls>", "sep_token": "<sep>", "pad_token": "<pad>", "unk_token": "<unk>"}


_SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_WIDE: dict[str, Any] = {"initializer_range": 0.3}  # logits far enough apart to be told apart


def _bert(size: int) -> Any:
    return transformers.BertConfig(
        vocab_size=size, intermediate_size=64, max_position_embeddings=POSITIONS, **_SMALL, **_WIDE
    )


def _roberta(size: int) -> Any:
    return transformers.RobertaConfig(
        vocab_size=size,
        intermediate_size=64,
        max_position_embeddings=POSITIONS + 2,
        type_vocab_size=1,
        pad_token_id=1,
        **_SMALL,
        **_WIDE,
    )


def _distilbert(size: int) -> Any:
    return transformers.DistilBertConfig(
        vocab_size=size,
        dim=32,
        hidden_dim=64,
        n_layers=2,
        n_heads=2,
        max_position_embeddings=POSITIONS,
        **_WIDE,
    )


def _gpt2(size: int) -> Any:
    return transformers.GPT2Config(
        vocab_size=size,
        n_embd=32,
        n_layer=2,
        n_head=2,
        n_positions=POSITIONS,
        bos_token_id=0,
        eos_token_id=2,
        **_WIDE,
    )


def _bart(size: int) -> Any:
    return transformers.BartConfig(
        vocab_size=size,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_position_embeddings=POSITIONS,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        init_std=0.3,
    )


def _xlnet(size: int) -> Any:
    return transformers.XLNetConfig(vocab_size=size, d_model=32, n_layer=2, n_head=2, d_inner=64, **_WIDE)


KINDS: dict[str, tuple[Callable[[int], Any], Callable[[], Pair]]] = {
    "bert": (_bert, word_piece),
    "roberta": (_roberta, lambda: byte_level(trim=False)),
    "distilbert": (_distilbert, word_piece),
    "gpt2": (_gpt2, lambda: byte_level(template=False)),
    "bart": (_bart, byte_level),
    "xlnet": (_xlnet, sentence_piece),
}
"""Architecture -> configuration, tokenizer."""


def save_tokenizer(kind: str, folder: Path) -> int:
    """Saves the tokenizer of a kind; returns its size."""
    tokenizer, special = KINDS[kind][1]()
    make_fast: Any = transformers.PreTrainedTokenizerFast
    fast = make_fast(tokenizer_object=tokenizer, **special)
    fast.save_pretrained(folder)
    return len(fast)


def build(
    kind: str,
    folder: Path,
    *,
    head: bool = True,
    card: str | None = "---\nqa_eval:\n  unanswerable: true\nlicense: mit\n---\n",
    shard: str = "1GB",
) -> Path:
    """Saves a checkpoint of that kind with random weights; without `head`, the bare model of the kind."""
    folder.mkdir(parents=True, exist_ok=True)
    config = KINDS[kind][0](save_tokenizer(kind, folder))
    make: Any = transformers.AutoModelForQuestionAnswering if head else transformers.AutoModel
    bars: Any = transformers.utils.logging
    bars.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = make.from_config(config)
        model.save_pretrained(folder, max_shard_size=shard)
    if card is not None:
        (folder / "README.md").write_text(card, "utf-8")
    return folder
