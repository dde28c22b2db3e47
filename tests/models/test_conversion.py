"""`--convert-weights`: pickled weights answer as their safetensors copy does, and no pickle runs code."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from qa_eval.errors import ModelError
from qa_eval.models.checkpoint.conversion import safetensors_copy
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, ModelInfo, Runtime
from tests.support.command_line import call

NARROW = Decoding(max_length=96, doc_stride=24)
CONVERT = Runtime(convert_weights=True)
ASKED = [Instance(item="a@x", question="Who was killed?", context="The man was killed in May.", article="x")]


@pytest.fixture(autouse=True)
def cache(own_cache: Path) -> Path:
    return own_cache / "weights"


@pytest.fixture
def pickled(tiny_bert: Path, tmp_path: Path) -> Path:
    """A checkpoint with pytorch_model.bin alone."""
    folder = shutil.copytree(tiny_bert, tmp_path / "pickled")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


def refusal(folder: Path, runtime: Runtime = CONVERT) -> str:
    with pytest.raises(ModelError) as caught:
        resolve(f"hf:{folder}", NARROW, runtime)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def answers(folder: Path, runtime: Runtime) -> Any:
    return list(resolve(f"hf:{folder}", NARROW, runtime).predict(ASKED))


# ------------------------------------------------------------------------------------------ the flag


def test_without_the_flag_the_message_names_both_ways_out(pickled: Path, cache: Path) -> None:
    message = refusal(pickled, Runtime())
    assert "has only pytorch_model.bin; such files can run code when they are opened" in message
    assert "hf:ORG/NAME@refs/pr/N" in message
    assert "--convert-weights" in message
    assert not cache.exists()


@pytest.mark.parametrize("file", ["weights.pt", "last.ckpt", "tf_model.h5"])
def test_files_that_cannot_be_converted_are_not_offered_to_be(pickled: Path, file: str) -> None:
    (pickled / "pytorch_model.bin").rename(pickled / file)
    for runtime in (Runtime(), CONVERT):
        assert f"has only {file}" in refusal(pickled, runtime)
        assert "--convert-weights" not in refusal(pickled, runtime)


# ------------------------------------------------------------------------------------------ converted


def test_converted_weights_give_the_same_answers(pickled: Path, tiny_bert: Path, cache: Path) -> None:
    assert answers(pickled, CONVERT) == answers(tiny_bert, Runtime())
    (copy,) = cache.iterdir()
    assert copy.name == f"{_sha256(pickled / 'pytorch_model.bin')}.safetensors"
    before = copy.stat().st_mtime_ns
    assert answers(pickled, CONVERT) == answers(tiny_bert, Runtime())
    assert copy.stat().st_mtime_ns == before
    info: ModelInfo = resolve(f"hf:{pickled}", NARROW, CONVERT).info
    assert info.weights_sha256 == _sha256(copy)
    assert info.parameters == resolve(f"hf:{tiny_bert}", NARROW).info.parameters


def test_a_damaged_copy_is_made_again(pickled: Path, cache: Path) -> None:
    resolve(f"hf:{pickled}", NARROW, CONVERT)
    (copy,) = cache.iterdir()
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-10])
    resolve(f"hf:{pickled}", NARROW, CONVERT)
    assert copy.read_bytes() == whole


def test_safetensors_are_read_where_both_are_there(pickled: Path, tiny_bert: Path) -> None:
    (pickled / "pytorch_model.bin").write_bytes(b"anything")
    shutil.copy(tiny_bert / "model.safetensors", pickled)
    assert answers(pickled, CONVERT) == answers(tiny_bert, Runtime())


def test_tensors_that_share_memory_are_converted(tiny_model: Callable[[str], Path], tmp_path: Path) -> None:
    """BART has one table of words under three names, as torch saves it."""
    folder = shutil.copytree(tiny_model("bart"), tmp_path / "bart")
    weights = load_file(folder / "model.safetensors")
    shared = weights["model.shared.weight"]
    for part in ("encoder", "decoder"):
        weights[f"model.{part}.embed_tokens.weight"] = shared
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert answers(folder, CONVERT) == answers(tiny_model("bart"), Runtime())
    parameters = [resolve(f"hf:{f}", NARROW, CONVERT).info.parameters for f in (folder, tiny_model("bart"))]
    assert parameters[0] == parameters[1]


def test_views_and_other_layouts_keep_their_values(tmp_path: Path) -> None:
    table = torch.arange(12.0).reshape(3, 4)
    saved = {
        "whole": table,
        "part": table[1:],
        "turned": table.T,
        "none": torch.zeros(0),
        "one": torch.tensor(3),
    }
    torch.save(saved, tmp_path / "w.bin")
    found = load_file(safetensors_copy(tmp_path / "w.bin", "0" * 64, "ck"))
    assert found.keys() == saved.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in saved.items())


def _sharded(folder: Path) -> list[Path]:
    """Splits pytorch_model.bin in two, with an index."""
    weights = torch.load(folder / "pytorch_model.bin", weights_only=True)
    (folder / "pytorch_model.bin").unlink()
    names = sorted(weights)
    files = {name: f"pytorch_model-0000{1 + (n > 9)}-of-00002.bin" for n, name in enumerate(names)}
    for file in set(files.values()):
        torch.save({name: weights[name] for name in names if files[name] == file}, folder / file)
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": files}))
    return [folder / file for file in sorted(set(files.values()))]


def test_pickled_shards_are_converted_each(pickled: Path, tiny_bert: Path, cache: Path) -> None:
    shards = _sharded(pickled)
    assert "--convert-weights" in refusal(pickled, Runtime())
    assert answers(pickled, CONVERT) == answers(tiny_bert, Runtime())
    assert sorted(p.stem for p in cache.iterdir()) == sorted(map(_sha256, shards))
    shards[0].unlink()
    assert "which does not exist" in refusal(pickled)


def test_an_index_of_pickles_cannot_name_files_outside_its_folder(pickled: Path) -> None:
    shards = _sharded(pickled)
    index = pickled / "pytorch_model.bin.index.json"
    shutil.move(shards[0], pickled.parent / shards[0].name)
    index.write_text(index.read_text().replace(f'"{shards[0].name}', f'"../{shards[0].name}'))
    assert "not in the checkpoint's folder" in refusal(pickled)


# ------------------------------------------------------------------------------------------ hostile pickles


class _Runs:
    """What pickle would call to make it."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.mark}'",)


@pytest.mark.parametrize("form", ["zip", "old", "bare pickle", "beside tensors"])
@pytest.mark.parametrize("variable", [None, "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"])
def test_a_pickle_never_runs_code(
    pickled: Path,
    tmp_path: Path,
    form: str,
    variable: str | None,
    monkeypatch: pytest.MonkeyPatch,
    cache: Path,
) -> None:
    mark, path = tmp_path / "ran", pickled / "pytorch_model.bin"
    if variable is not None:
        monkeypatch.setenv(variable, "1")
    evil = _Runs(mark)
    if form == "bare pickle":
        path.write_bytes(pickle.dumps(evil))
    elif form == "beside tensors":
        torch.save({"w": torch.ones(2), "x": evil}, path)
    else:
        torch.save(evil, path, _use_new_zipfile_serialization=form == "zip")
    message = refusal(pickled)
    assert "opening it would run code" in message
    assert "nothing was run" in message
    assert "weights_only" not in message
    assert not mark.exists()
    assert not cache.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is damaged or not a file of PyTorch"),
        (b"nothing of the kind" * 9, "it is damaged"),
        ([torch.ones(1)], "it holds no named tensors, but a list"),
        ({}, "it holds no named tensors"),
        ({"state_dict": {"w": torch.ones(1)}, "epoch": 3}, "its entry 'state_dict' is a dict"),
        ({"w": torch.ones(1), "step": 3}, "its entry 'step' is a int"),
        ({1: torch.ones(1)}, "its entry '1' is a int with a value"),
        ({"w": np.ones(3)}, "opening it would run code"),
        (torch.nn.Linear(2, 2), "opening it would run code (torch.nn.modules.linear.Linear)"),
        ({"w": torch.ones(2).to_sparse()}, "cannot be converted"),
    ],
)
def test_what_holds_no_tensors_by_name_is_refused(
    pickled: Path, content: object, reason: str, cache: Path
) -> None:
    path = pickled / "pytorch_model.bin"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    message = refusal(pickled)
    assert "pytorch_model.bin cannot be converted: " in message
    assert reason in message
    assert not list(cache.glob("*.safetensors"))


def test_a_cut_file_is_refused(pickled: Path) -> None:
    path = pickled / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-200])
    assert "pytorch_model.bin cannot be converted" in refusal(pickled)


def test_converted_weights_are_examined_like_any_others(pickled: Path) -> None:
    path = pickled / "pytorch_model.bin"
    torch.save({f"module.{k}": v for k, v in torch.load(path, weights_only=True).items()}, path)
    assert "begin with 'module.'" in refusal(pickled)


# ------------------------------------------------------------------------------------------ hub and commands


def test_pickles_are_fetched_from_the_hub_only_with_the_flag_and_without_safetensors(
    pickled: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def download(folder: Path) -> None:
        def snapshot(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
            asked.append([p for p in allow_patterns if "bin" in p])
            return str(folder)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)

    download(pickled)
    with pytest.raises(ModelError, match="hf:org/name@refs/pr/N"):
        resolve("org/name", NARROW)
    assert asked == [[]]
    resolve("org/name", NARROW, CONVERT)
    assert asked[1:] == [[], ["pytorch_model*.bin", "pytorch_model.bin.index.json"]]
    download(tiny_bert)
    resolve("org/name", NARROW, CONVERT)
    assert asked[3:] == [[]]


def test_a_hub_checkpoint_without_weights_here_is_told_of_both_ways(
    pickled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pickled / "pytorch_model.bin").unlink()  # it was not fetched
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(pickled))
    with pytest.raises(ModelError) as caught:
        resolve("org/name", NARROW)
    assert "hf:org/name@refs/pr/N" in str(caught.value)
    assert "--convert-weights" in str(caught.value)


@pytest.mark.parametrize(
    "command",
    [
        ["models"],
        ["run", "--limit", "1", "--track", "reading", "--no-reference", "--out", "runs", "-m"],
        ["plan", "--limit", "1", "--track", "reading", "--no-reference", "-m"],
        ["bench", "--limit", "1", "--rounds", "1", "-m"],
        ["questions", "probe", "Who was killed?", "-m"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_that_names_models_has_the_flag(
    pickled: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pickled.parent)
    refused = call(*command, "./pickled")
    assert "--convert-weights" in refused.output + str(refused.exception)
    # The weights are then read, and what comes next is found wrong.
    again = call(*command, "./pickled", "--convert-weights")
    assert "reads at most 96 tokens at once" in again.output + str(again.exception)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
