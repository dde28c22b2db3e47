"""A checkpoint that was examined before is not examined again until it is asked something."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from qa_eval import evaluate
from qa_eval.errors import ModelError
from qa_eval.models.checkpoint.remembered import RememberedModel
from qa_eval.models.reading.reader import SpanModel
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Runtime
from qa_eval.runs.options import RunOptions

NARROW = Decoding(max_length=96, doc_stride=24)
ASKED = [Instance(item="a@x", question="Who was killed?", context="The man was killed in May.", article="x")]


@pytest.fixture(autouse=True)
def cache(own_cache: Path) -> Path:
    return own_cache / "checkpoints"


def test_the_second_time_the_model_is_known_and_answers_alike(bert_copy: Path, cache: Path) -> None:
    first = resolve(f"hf:{bert_copy}", NARROW)
    second = resolve(f"hf:{bert_copy}", NARROW)
    assert isinstance(first, SpanModel)
    assert isinstance(second, RememberedModel)
    assert (second.info, second.decoding) == (first.info, first.decoding)
    assert list(second.predict(ASKED)) == list(first.predict(ASKED))
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json", "README.md"])
def test_a_changed_file_makes_it_a_checkpoint_never_seen(bert_copy: Path, file: str) -> None:
    resolve(f"hf:{bert_copy}", NARROW)
    path = bert_copy / file
    if file == "model.safetensors":
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(bytes(content))
    elif file == "README.md":
        path.write_text("---\nqa_eval:\n  unanswerable: true\n---\n")
    else:
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=1))
    assert isinstance(resolve(f"hf:{bert_copy}", NARROW), SpanModel)


@pytest.mark.parametrize(
    ("decoding", "runtime", "devices"),
    [
        pytest.param(replace(NARROW, doc_stride=20), Runtime(), None, id="decoding"),
        pytest.param(NARROW, Runtime(deterministic=True), None, id="runtime"),
        pytest.param(NARROW, Runtime(), "3", id="devices to be seen"),
    ],
)
def test_another_call_is_another_note(
    bert_copy: Path,
    decoding: Decoding,
    runtime: Runtime,
    devices: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve(f"hf:{bert_copy}", NARROW)
    if devices is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", devices)
    assert isinstance(resolve(f"hf:{bert_copy}", decoding, runtime), SpanModel)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text[:40], id="cut off"),
        pytest.param(lambda text: text.replace("torch-float32", "torch-float16"), id="changed"),
        pytest.param(lambda text: "[]", id="something else"),
    ],
)
def test_a_damaged_note_is_as_none(bert_copy: Path, cache: Path, damage: object) -> None:
    resolve(f"hf:{bert_copy}", NARROW)
    (note,) = cache.iterdir()
    text = note.read_text("utf-8")
    note.write_text(damage(text))  # type: ignore[operator]
    assert isinstance(resolve(f"hf:{bert_copy}", NARROW), SpanModel)
    assert note.read_text("utf-8") == text


def test_a_cache_that_cannot_be_written_is_no_hindrance(bert_copy: Path, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where a folder should be")
    assert isinstance(resolve(f"hf:{bert_copy}", NARROW), SpanModel)


def test_a_machine_that_is_not_what_it_was_is_told(bert_copy: Path) -> None:
    here = resolve(f"hf:{bert_copy}", NARROW)
    known = resolve(f"hf:{bert_copy}", NARROW)
    assert isinstance(here, SpanModel)
    assert isinstance(known, RememberedModel)
    elsewhere = SpanModel(replace(here.info, backend="torch-float32-cuda"), NARROW, here.reader)
    known._examine = lambda: elsewhere
    with pytest.raises(ModelError, match=r"torch-float32-cuda now, but had torch-float32"):
        list(known.predict(ASKED))


def test_a_run_whose_answers_are_all_there_imports_no_torch(bert_copy: Path) -> None:
    call = (
        f"from qa_eval import evaluate; from qa_eval.runs.options import RunOptions; "
        f"run = evaluate('hf:{bert_copy}', limit=1, "
        f"options=RunOptions(references=False, max_length=96, doc_stride=24)); "
        f"print(run.leaderboard.rows[0].counts.cached)"
    )
    evaluate([f"hf:{bert_copy}"], limit=1, options=RunOptions(references=False).updated(asdict(NARROW)))
    code = f"import sys\n{call}\nprint('torch' in sys.modules, 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["5", "False", "False"]
