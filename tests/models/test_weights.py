"""Weights that do not fit: found when a checkpoint is examined, from headers alone, with what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from qa_eval.errors import ModelError
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance
from tests.support import tiny_models

NARROW = Decoding(max_length=96, doc_stride=24)
ASKED = [Instance(item="a@x", question="Who was killed?", context="The man was killed in May.", article="x")]

Weights = dict[str, torch.Tensor]


def rewrite(folder: Path, change: Callable[[Weights], Weights]) -> None:
    path = folder / "model.safetensors"
    save_file({k: v.clone() for k, v in change(load_file(path)).items()}, path, {"format": "pt"})


def refusal(folder: Path, kind: str = "hf") -> str:
    """The one line with which a checkpoint is refused before a weight is read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qa_eval.models.huggingface.load_model", None)
        with pytest.raises(ModelError) as caught:
            resolve(f"{kind}:{folder}", NARROW)
    message = str(caught.value)
    assert "\n" not in message
    return message


# ------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "model.", "_forward_module.", "module._orig_mod.", "net.reader."]
)
@pytest.mark.parametrize("kind", ["hf", "onnx"])
def test_a_wrappers_prefix_is_named_with_how_to_write_the_file_without(
    bert_copy: Path, prefix: str, kind: str
) -> None:
    rewrite(bert_copy, lambda w: {prefix + name: tensor for name, tensor in w.items()})
    message = refusal(bert_copy, kind)
    assert f"begin with {prefix!r}" in message
    assert f"name.removeprefix({prefix!r})" in message
    assert "not trained" not in message


def test_what_the_message_says_makes_the_checkpoint_usable(bert_copy: Path) -> None:
    rewrite(bert_copy, lambda w: {"module." + name: tensor for name, tensor in w.items()})
    call = refusal(bert_copy).partition("safetensors.torch: ")[2]
    names = {"load_file": load_file, "save_file": save_file, "FILE": bert_copy / "model.safetensors"}
    eval(call, names)
    assert resolve(str(bert_copy), NARROW).info.parameters


@pytest.mark.parametrize("wrapper", ["_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_orig_mod"])
def test_a_wrapper_around_layers_is_named(bert_copy: Path, wrapper: str) -> None:
    rewrite(bert_copy, lambda w: {k.replace("layer.1.", f"layer.1.{wrapper}."): v for k, v in w.items()})
    message = refusal(bert_copy)
    assert f"with '{wrapper}.' in them" in message
    assert "not trained" not in message


@pytest.mark.parametrize(
    ("left_out", "count"),
    [
        pytest.param("bert.encoder.layer.1.", 16, id="a layer"),
        pytest.param("bert.encoder.layer.0.output.dense.weight", 1, id="one tensor"),
        pytest.param("bert.embeddings.", 5, id="the embeddings"),
    ],
)
@pytest.mark.parametrize("kind", ["hf", "onnx"])
def test_weights_without_tensors_of_the_body_are_incomplete(
    bert_copy: Path, left_out: str, count: int, kind: str
) -> None:
    rewrite(bert_copy, lambda w: {k: v for k, v in w.items() if not k.startswith(left_out)})
    message = refusal(bert_copy, kind)
    assert f"is incomplete: its weights lack {count} of the 39 tensors of BertForQuestionAnswering" in message
    assert f"such as {left_out}" in message
    assert "not trained" not in message


def test_weights_of_another_architecture_are_no_untrained_model(bert_copy: Path, tmp_path: Path) -> None:
    other = tiny_models.build("distilbert", tmp_path / "other")
    shutil.copy(other / "model.safetensors", bert_copy / "model.safetensors")
    message = refusal(bert_copy)
    assert "is incomplete" in message
    assert "is of another model" in message


def test_weights_without_the_head_alone_are_not_trained(bert_copy: Path) -> None:
    rewrite(bert_copy, lambda w: {k: v for k, v in w.items() if not k.startswith("qa_outputs")})
    assert "is not trained for extractive question answering: its weights lack qa_outputs.bias" in refusal(
        bert_copy
    )


def test_names_that_the_library_knows_how_to_read_are_read(bert_copy: Path, tiny_bert: Path) -> None:
    """Names without the body's prefix, tensors that nothing needs, and a buffer of old versions."""
    rewrite(
        bert_copy,
        lambda w: (
            {k.removeprefix("bert."): v for k, v in w.items()}
            | {"pooler.dense.bias": torch.zeros(32), "embeddings.position_ids": torch.arange(96)[None]}
        ),
    )
    plain, other = (list(resolve(str(path), NARROW).predict(ASKED)) for path in (tiny_bert, bert_copy))
    assert plain == other


# ------------------------------------------------------------------------------------------ layers


def configure(folder: Path, **fields: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields), "utf-8")


@pytest.mark.parametrize("kind", ["hf", "onnx"])
@pytest.mark.parametrize("prefix", ["bert.", ""], ids=["whole names", "names without the body's prefix"])
def test_weights_of_more_layers_than_the_configuration_are_refused(
    bert_copy: Path, kind: str, prefix: str
) -> None:
    rewrite(bert_copy, lambda w: {k.replace("bert.", prefix): v for k, v in w.items()})
    configure(bert_copy, num_hidden_layers=1)
    assert refusal(bert_copy, kind).endswith(
        f": the weights have 2 layers encoder.layer (such as {prefix}encoder.layer.1.attention.output."
        "LayerNorm.bias), but num_hidden_layers is 1 in config.json; the others would not be used. Set "
        "num_hidden_layers to 2, or take the config.json of these weights"
    )


def test_shards_of_more_layers_than_the_configuration_are_refused(tmp_path: Path) -> None:
    folder = tiny_models.build("bert", tmp_path / "shards", shard="40KB")
    configure(folder, num_hidden_layers=1)
    assert "the weights have 2 layers encoder.layer" in refusal(folder)


def test_one_tensor_of_a_later_layer_is_enough(bert_copy: Path) -> None:
    name = "bert.encoder.layer.11.output.dense.bias"
    rewrite(bert_copy, lambda w: w | {name: torch.zeros(32)})
    assert f"the weights have 12 layers encoder.layer (such as {name})" in refusal(bert_copy)


def test_names_are_compared_after_the_library_renamed_them(bert_copy: Path) -> None:
    name = "bert.encoder.layer.2.output.LayerNorm.gamma"
    rewrite(bert_copy, lambda w: w | {name: torch.zeros(32)})
    assert "layer.2.output.LayerNorm.weight" in refusal(bert_copy)


def test_a_field_that_is_missing_is_named(bert_copy: Path) -> None:
    name = "bert.encoder.layer.15.output.dense.bias"
    rewrite(
        bert_copy,
        lambda w: (
            {k.replace("layer.1.", f"layer.{n}."): v for k, v in w.items() for n in range(1, 12)}
            | {name: torch.zeros(32)}
        ),
    )
    path = bert_copy / "config.json"
    fields = json.loads(path.read_text("utf-8"))
    del fields["num_hidden_layers"]
    path.write_text(json.dumps(fields), "utf-8")
    assert "but config.json has no num_hidden_layers, so the model has 12" in refusal(bert_copy)


def test_tensors_that_the_model_has_no_use_for_are_no_layers_and_no_parameters(
    bert_copy: Path, tiny_bert: Path
) -> None:
    extras = {
        "bert.pooler.dense.weight": torch.zeros(32, 32),
        "cls.predictions.transform.dense.weight": torch.zeros(32, 32),
        "cls.heads.7.weight": torch.zeros(2, 32),
        "lm_head.weight": torch.zeros(7, 32),
        "bert.embeddings.position_ids": torch.arange(96)[None],
        "bert.encoder.layer.0.adapter.weight": torch.zeros(3, 32),
        "classifier.bias": torch.zeros(3),
    }
    rewrite(bert_copy, lambda w: w | extras)
    plain, other = (resolve(str(path), NARROW) for path in (tiny_bert, bert_copy))
    assert list(plain.predict(ASKED)) == list(other.predict(ASKED))
    assert plain.info.parameters == other.info.parameters


@pytest.mark.parametrize("value", [0, -1, False, 0.5])
@pytest.mark.parametrize(
    "field",
    ["num_hidden_layers", "num_layers", "n_layer", "n_layers", "encoder_layers", "decoder_layers"],
)
def test_a_number_of_layers_below_1_is_refused_with_its_field(
    bert_copy: Path, field: str, value: float
) -> None:
    configure(bert_copy, **{field: value})
    shown = json.dumps(value)
    assert f"config.json: {field} is {shown}; a model has at least 1 layer" in refusal(bert_copy)


# ------------------------------------------------------------------------------------------ shapes


@pytest.mark.parametrize("labels", [1, 3, 4])
@pytest.mark.parametrize("in_config", [True, False], ids=["config.json says so", "config.json does not"])
def test_a_head_without_two_labels_is_refused(bert_copy: Path, labels: int, in_config: bool) -> None:
    rewrite(
        bert_copy,
        lambda w: w | {"qa_outputs.weight": torch.zeros(labels, 32), "qa_outputs.bias": torch.zeros(labels)},
    )
    if in_config:
        config = json.loads((bert_copy / "config.json").read_text("utf-8")) | {"num_labels": labels}
        (bert_copy / "config.json").write_text(json.dumps(config), "utf-8")
    assert f"its head (qa_outputs) gives {labels} labels to each token" in refusal(bert_copy)


def test_a_configuration_with_other_labels_than_the_weights_is_named_as_the_mistake(bert_copy: Path) -> None:
    config = json.loads((bert_copy / "config.json").read_text("utf-8"))
    config["id2label"] = {"0": "start", "1": "end", "2": "type"}
    (bert_copy / "config.json").write_text(json.dumps(config), "utf-8")
    message = refusal(bert_copy)
    assert "config.json asks for a head of 3 labels, and the weights have 2" in message
    assert "set num_labels to 2" in message


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        ("vocab_size", 50, "bert.embeddings.word_embeddings.weight"),
        ("intermediate_size", 128, "bert.encoder.layer.0.intermediate.dense.bias"),
        ("max_position_embeddings", 97, "bert.embeddings.position_embeddings.weight"),
    ],
)
def test_shapes_that_differ_from_the_configuration_are_named_with_both(
    bert_copy: Path, field: str, value: int, name: str
) -> None:
    config = json.loads((bert_copy / "config.json").read_text("utf-8"))
    have = config[field]
    (bert_copy / "config.json").write_text(json.dumps(config | {field: value}), "utf-8")
    message = refusal(bert_copy)
    assert f"{name} has the shape [{have}" in message
    assert f"[{value}" in message


# ------------------------------------------------------------------------------------------ vocabulary


def _with_tokens(folder: Path, *tokens: str, special: bool = False) -> None:
    path = folder / "tokenizer.json"
    table = json.loads(path.read_text("utf-8"))
    first = len(table["model"]["vocab"])
    for number, token in enumerate(tokens):
        table["added_tokens"].append(
            {"id": first + number, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": not special, "special": special}
        )  # fmt: skip
    path.write_text(json.dumps(table), "utf-8")


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("kind", ["hf", "onnx"])
def test_a_vocabulary_larger_than_the_embedding_is_refused_with_both_sizes(
    bert_copy: Path, special: bool, kind: str
) -> None:
    rows = json.loads((bert_copy / "config.json").read_text("utf-8"))["vocab_size"]
    _with_tokens(bert_copy, "<date>", "<place>", special=special)
    message = refusal(bert_copy, kind)
    assert f"its tokenizer has {rows + 2} tokens but its embedding only {rows} rows" in message
    assert "'<date>', '<place>'" in message


def test_an_embedding_with_rows_to_spare_is_no_mistake(bert_copy: Path) -> None:
    def larger(weights: Weights) -> Weights:
        name = "bert.embeddings.word_embeddings.weight"
        return weights | {name: torch.cat([weights[name], torch.zeros(2, 32)])}

    rewrite(bert_copy, larger)
    config = json.loads((bert_copy / "config.json").read_text("utf-8"))
    (bert_copy / "config.json").write_text(
        json.dumps(config | {"vocab_size": config["vocab_size"] + 2}), "utf-8"
    )
    _with_tokens(bert_copy, "<date>", "<place>")
    assert resolve(str(bert_copy), NARROW).info.parameters


# ------------------------------------------------------------------------------------------ loading


def test_only_the_files_that_were_examined_are_loaded(
    bert_copy: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    """Whatever other weights the configuration or the folder names."""
    zeros = {k: torch.zeros_like(v) for k, v in load_file(bert_copy / "model.safetensors").items()}
    save_file(zeros, tmp_path / "other.safetensors", {"format": "pt"})
    save_file(zeros, bert_copy / "adapter_model.safetensors", {"format": "pt"})
    config = json.loads((bert_copy / "config.json").read_text("utf-8"))
    config["transformers_weights"] = "../other.safetensors"
    (bert_copy / "config.json").write_text(json.dumps(config), "utf-8")
    plain, other = (list(resolve(str(path), NARROW).predict(ASKED)) for path in (tiny_bert, bert_copy))
    assert plain == other


def test_a_file_that_changes_between_examining_and_loading_is_an_error(bert_copy: Path) -> None:
    model = resolve(str(bert_copy), NARROW)
    rewrite(bert_copy, lambda w: {k: v for k, v in w.items() if "layer.1" not in k})
    with pytest.raises(ModelError, match=r"is incomplete.*layer\.1"):
        list(model.predict(ASKED))
