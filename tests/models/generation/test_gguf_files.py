"""GGUF files: the same model writes the same texts from a GGUF file as from safetensors."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from qa_eval.errors import ModelError
from qa_eval.models.generation.generator import Generation, Message, Prompt, Sampling
from qa_eval.models.generation.language_checkpoints import examine_language_model
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.registry import resolve
from qa_eval.records import Runtime
from tests.support import tiny_language_models
from tests.support.tiny_language_models import CHAT

PROMPT = Prompt((Message("user", "Who ruled the city?"),))
SHORT = Sampling(max_tokens=10)
_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def _interleaved(weights: Any, heads: int) -> Any:
    """Rows of a projection in the order of llama.cpp, which rotates pairs of neighbours."""
    rows, columns = weights.shape
    pairs = weights.reshape(heads, 2, rows // heads // 2, columns)
    return np.ascontiguousarray(pairs.swapaxes(1, 2).reshape(rows, columns))


def to_gguf(folder: Path, path: Path) -> Path:
    """Writes a tiny Llama checkpoint as a GGUF file with whole numbers."""
    gguf: Any = pytest.importorskip("gguf")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    tokenizer = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    vocabulary = tokenizer["model"]["vocab"]
    writer.add_token_list(sorted(vocabulary, key=vocabulary.__getitem__))
    writer.add_token_types([3 if n < 4 else 1 for n in range(len(vocabulary))])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_chat_template(CHAT)
    for name, weights in load_file(folder / "model.safetensors").items():
        if name.startswith("model.layers."):
            _, _, number, rest = name.split(".", 3)
            part = rest.removesuffix(".weight")
            renamed = f"blk.{number}.{_NAMES[part]}.weight"
        else:
            renamed = {
                "model.embed_tokens.weight": "token_embd.weight",
                "model.norm.weight": "output_norm.weight",
                "lm_head.weight": "output.weight",
            }[name]
        heads = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
        rotated = next((config[key] for part, key in heads.items() if f".{part}." in renamed), None)
        numbers = weights if rotated is None else _interleaved(weights, rotated)
        writer.add_tensor(renamed, numbers.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_gguf_file_writes_as_the_checkpoint_does(tmp_path: Path) -> None:
    folder = tiny_language_models.build("llama", tmp_path / "llama", chat=CHAT)
    path = to_gguf(folder, tmp_path / "tiny.gguf")
    one, from_file = examine_language_model(ModelSpec("causal", str(path)), Runtime())
    other, from_folder = examine_language_model(ModelSpec("causal", str(folder)), Runtime())
    assert (one.parameters, from_file.context_tokens) == (other.parameters, from_folder.context_tokens)
    assert from_file.rendered(PROMPT) == from_folder.rendered(PROMPT)
    ids = from_folder.encoded(PROMPT)
    [here], [there] = (made.writer().write([ids], SHORT) for made in (from_file, from_folder))
    assert here.ids == there.ids
    assert here.logprobs == pytest.approx(there.logprobs, abs=1e-4)
    assert from_file.decoded(here.ids) == from_folder.decoded(there.ids)
    [(_, found)] = from_file.generate([PROMPT], SHORT)
    assert isinstance(found, Generation)


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    pytest.importorskip("accelerate")
    (tmp_path / "text.gguf").write_text("not a model")
    (tmp_path / "cut.gguf").write_bytes(b"GGUF\x03\x00\x00\x00")
    for name, message in (
        ("nothing.gguf", "there is no such file"),
        ("text.gguf", "cannot be read: it does not begin with GGUF but with b'not '"),
        ("cut.gguf", "its configuration cannot be read"),
    ):
        with pytest.raises(ModelError, match=message):
            resolve(f"causal:{tmp_path / name}")


def test_an_encoder_decoder_is_not_read_from_a_gguf_file() -> None:
    with pytest.raises(
        ModelError, match=r"GGUF files are read as causal models only; write causal:x/y/z\.gguf"
    ):
        resolve("seq2seq:x/y/z.gguf")


def test_a_missing_library_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "gguf" else found(name, *more)
    )
    with pytest.raises(
        ModelError, match=r"needs gguf; install the extra: pip install 'qa-eval\[generative\]'"
    ):
        resolve("causal:./x.gguf")


def test_a_folder_with_only_a_gguf_file_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelError, match=r"has no config.json.* name the file: causal:.*tiny\.gguf"):
        resolve(f"causal:{tmp_path}")
    with pytest.raises(ModelError, match=r"is a GGUF file; write -m causal:"):
        resolve(f"hf:{tmp_path / 'tiny.gguf'}")
