"""Checkpoints that are damaged, incomplete, hostile or named wrongly: each is refused in one line."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from qa_eval.errors import ModelError, QaEvalError, SpecError
from qa_eval.models.checkpoint.checkpoints import local_checkpoint
from qa_eval.models.checkpoint.tensor_files import read_header
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding
from tests.support import tiny_models

NARROW = Decoding(max_length=96, doc_stride=24)
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 45000000\n"


@pytest.fixture(scope="module")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.build("bert", tmp_path_factory.mktemp("shards") / "bert", shard="40KB")


@pytest.fixture
def shards(sharded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(sharded, tmp_path / "ck")


def refusal(spec: str | Path) -> str:
    """The one line with which a spec is refused."""
    with pytest.raises(ModelError) as caught:
        resolve(str(spec), NARROW)
    message = str(caught.value)
    assert "\n" not in message
    return message


# ------------------------------------------------------------------------------------------ damaged files


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_pointer_of_git_lfs_is_named_with_the_command_that_fetches_the_file(
    bert_copy: Path, file: str
) -> None:
    (bert_copy / file).write_text(POINTER)
    message = refusal(f"hf:{bert_copy}")
    assert f"{file} is a git-lfs pointer" in message
    assert "`git lfs pull`" in message


@pytest.mark.parametrize("file", ["spiece.model", "vocab.txt"])
def test_a_pointer_in_place_of_another_vocabulary_is_named(bert_copy: Path, file: str) -> None:
    (bert_copy / "tokenizer.json").unlink()
    (bert_copy / file).write_text(POINTER)
    assert f"{file} is a git-lfs pointer" in refusal(bert_copy)


def test_pointers_among_shards_and_for_their_index_are_named(shards: Path) -> None:
    first, second, *_ = sorted(path.name for path in shards.glob("model-*.safetensors"))
    for name in (first, second):
        (shards / name).write_text(POINTER)
    assert f"{first}, {second} are git-lfs pointers" in refusal(shards)
    (shards / "model.safetensors.index.json").write_text(POINTER)
    assert "model.safetensors.index.json is a git-lfs pointer" in refusal(shards)


def test_a_pickle_that_is_a_pointer_is_called_one(bert_copy: Path) -> None:
    (bert_copy / "model.safetensors").unlink()
    (bert_copy / "pytorch_model.bin").write_text(POINTER)
    assert "pytorch_model.bin is a git-lfs pointer" in refusal(bert_copy)


def _header(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is cut short: it has 0 bytes", id="empty"),
        pytest.param(b"\x00\x01", "is cut short: it has 2 bytes", id="two bytes"),
        pytest.param(struct.pack("<Q", 500) + b"{}", "10 of the 508 bytes", id="cut in the header"),
        pytest.param(_header(b"{nothing"), "not a readable safetensors file", id="no JSON"),
        pytest.param(_header(b"[]"), "not a readable safetensors file", id="a list"),
        pytest.param(_header(b"[" * 100_000), "not a readable safetensors file", id="deep nesting"),
        pytest.param(b"PK\x03\x04" + b"\0\0\0\x7f" * 9, "it is a PyTorch file", id="PyTorch's zip"),
        pytest.param(b"<!DOCTYPE html><html></html>", "it is a web page", id="a web page"),
        pytest.param(
            _header(b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}') + b"\0" * 4,
            "not a readable safetensors file",
            id="a shape that does not fit its bytes",
        ),
        pytest.param(
            _header(b'{"w":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}') + b"\0" * 4,
            "not a readable safetensors file",
            id="a type that does not exist",
        ),
        pytest.param(
            _header(b'{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}') + b"\0" * 4,
            "not a readable safetensors file",
            id="a negative shape",
        ),
    ],
)
def test_a_file_that_is_no_safetensors_file_is_refused_from_its_header(
    bert_copy: Path, content: bytes, reason: str
) -> None:
    (bert_copy / "model.safetensors").write_bytes(content)
    assert reason in refusal(bert_copy)


def test_weights_that_were_cut_short_are_refused_with_both_sizes(bert_copy: Path) -> None:
    path = bert_copy / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert f"it has {len(whole) - 100:,} of the {len(whole):,} bytes" in refusal(bert_copy)
    path.write_bytes(whole)
    assert len(read_header(path).tensors) == len(local_checkpoint(bert_copy).tensors)


def test_a_shard_that_was_cut_short_is_refused_by_name(shards: Path) -> None:
    last = sorted(shards.glob("model-*.safetensors"))[-1]
    last.write_bytes(last.read_bytes()[:-1])
    assert f"{last.name} is cut short" in refusal(shards)


# ------------------------------------------------------------------------------------------ config.json


def _edited(**fields: object) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | fields), "utf-8")

    return edit


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        pytest.param(lambda p: p.write_bytes(b"[" * 100_000), "nested too deeply", id="deep list"),
        pytest.param(lambda p: p.write_bytes(b'{"a":' * 100_000), "nested too deeply", id="deep mapping"),
        pytest.param(lambda p: p.write_bytes(b"[]"), "does not hold a JSON object", id="a list"),
        pytest.param(lambda p: p.write_bytes(b'{"a": "\xe9"}'), "cannot be read", id="Latin-1"),
        pytest.param(
            lambda p: p.write_bytes(b'{"a": ' + b"9" * 5000 + b"}"), "thousands of digits", id="long number"
        ),
        pytest.param(lambda p: p.write_bytes(b"{}"), "has no model_type", id="empty"),
        pytest.param(_edited(model_type=["bert"]), 'model_type is ["bert"], not the name', id="type: a list"),
        pytest.param(_edited(model_type={}), "model_type is {}, not the name", id="type: a mapping"),
        pytest.param(_edited(auto_map="x"), 'auto_map is "x", not a mapping', id="auto_map: a text"),
        pytest.param(
            _edited(architectures=7), "architectures is 7, not a list", id="architectures: a number"
        ),
        pytest.param(_edited(num_hidden_layers=10**9), "num_hidden_layers is 1000000000", id="many layers"),
        pytest.param(_edited(hidden_size=10**30), "hidden_size is 1000000000", id="a huge size"),
        pytest.param(_edited(num_labels=10**9), "num_labels is 1000000000", id="many labels"),
        pytest.param(_edited(vocab_size=1e400), "vocab_size is Infinity", id="infinity"),
        pytest.param(_edited(hidden_size=-32), "config.json", id="a negative size"),
        pytest.param(_edited(hidden_size="32"), "config.json", id="a text for a number"),
        pytest.param(_edited(num_hidden_layers=None), "config.json", id="null for a number"),
    ],
)
def test_a_configuration_that_no_model_has_is_refused_in_one_line(
    bert_copy: Path, spoil: Callable[[Path], object], reason: str
) -> None:
    spoil(bert_copy / "config.json")
    assert reason in refusal(bert_copy)


# ------------------------------------------------------------------------------------------ shards


def _point(shards: Path, to: str) -> None:
    """Makes the index name another file for one shard."""
    path = shards / "model.safetensors.index.json"
    index = json.loads(path.read_text("utf-8"))
    first = min(index["weight_map"].values())
    index["weight_map"] = {k: to if v == first else v for k, v in index["weight_map"].items()}
    path.write_text(json.dumps(index), "utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "{outside}",
        "../other.safetensors",
        "sub/../../other.safetensors",
        "..\\other.safetensors",
        "C:\\other.safetensors",
        "\\\\host\\share\\other.safetensors",
        "link.safetensors",
        "linked/other.safetensors",
        "circle.safetensors",
        "nul\0byte",
        "n" * 5000,
    ],
)
def test_an_index_cannot_name_files_outside_its_folder(shards: Path, name: str) -> None:
    outside = shards.parent / "other.safetensors"
    shutil.copy(min(shards.glob("model-*.safetensors")), outside)
    (shards / "link.safetensors").symlink_to(outside)
    (shards / "linked").symlink_to(shards.parent)
    (shards / "circle.safetensors").symlink_to(shards / "circle.safetensors")
    _point(shards, name.format(outside=outside))
    message = refusal(shards)
    assert "model.safetensors.index.json names" in message
    assert "not in the checkpoint's folder" in message or "is not there" in message
    assert len(message) < 6000


def test_a_link_inside_the_folder_and_a_linked_folder_are_followed(shards: Path, tmp_path: Path) -> None:
    first = min(shards.glob("model-*.safetensors"))
    moved = shards / "kept"
    moved.mkdir()
    first.rename(moved / first.name)
    first.symlink_to(moved / first.name)
    (tmp_path / "elsewhere").symlink_to(shards)
    assert resolve(str(tmp_path / "elsewhere"), NARROW).info.parameters


def test_the_links_of_the_hubs_cache_are_followed(shards: Path, tmp_path: Path) -> None:
    """There each file of a snapshot is a link to a blob of the same repository, outside the folder."""
    repository = tmp_path / "hub" / "models--org--name"
    snapshot, blobs = repository / "snapshots" / "0123abc", repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, file in enumerate(sorted(shards.iterdir())):
        shutil.copy(file, blobs / f"blob{number}")
        (snapshot / file.name).symlink_to(Path("..", "..", "blobs", f"blob{number}"))
    assert resolve(str(snapshot), NARROW).info.parameters == resolve(str(shards), NARROW).info.parameters


@pytest.mark.parametrize(
    "index", ['{"weight_map": {}}', '{"weight_map": {"w": 5}}', '{"weight_map": []}', "{}"]
)
def test_an_index_without_files_is_refused(shards: Path, index: str) -> None:
    (shards / "model.safetensors.index.json").write_text(index)
    assert "has no weight_map from names to files" in refusal(shards)


# ------------------------------------------------------------------------------------------ names and paths


def test_a_file_of_a_checkpoint_is_answered_with_its_folder(
    bert_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bert_copy.parent)
    for file in ("model.safetensors", "config.json", "tokenizer.json"):
        for name in (
            f"bert/{file}",
            f"./bert/{file}",
            f"hf:bert/{file}",
            f"onnx:bert/{file}",
            str(bert_copy / file),
        ):
            expected = str(bert_copy) if name.startswith("/") else "./bert"
            assert refusal(name).endswith(f"name the checkpoint's folder: -m {expected}")
    monkeypatch.chdir(bert_copy)
    assert refusal("./config.json").endswith("name the checkpoint's folder: -m .")
    with pytest.raises(SpecError, match=r"name the checkpoint's folder: -m \.$"):
        resolve("model.safetensors", NARROW)


def test_a_file_that_may_hold_predictions_is_answered_with_their_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text("{}\n")
    assert f"write -m predictions:{path}" in refusal(path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"write -m predictions:answers\.jsonl"):
        resolve("answers.jsonl", NARROW)


def test_a_predictions_file_of_nobody_is_refused() -> None:
    with pytest.raises(QaEvalError, match="there is no user 'no-such-user-here'"):
        resolve("predictions:~no-such-user-here/answers.json", NARROW)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("./" + "n" * 5000, "cannot be looked up: File name too long"),
        ("org/" + "n" * 5000, "cannot be looked up: File name too long"),
        ("./" + "n/" * 5000, "cannot be looked up: File name too long"),
        ("~no-such-user-here/ck", "there is no such user"),
        ("./a\0b", "cannot be a path"),
        ("org/a\0b", "cannot be a path"),
    ],
)
@pytest.mark.parametrize("kind", ["", "hf:", "onnx:"])
def test_a_name_that_can_be_no_path_is_refused_in_one_short_line(name: str, reason: str, kind: str) -> None:
    message = refusal(kind + name)
    assert reason in message
    assert len(message) < 400
