"""Logs of Inspect as files of answers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from qa_eval.data.answers.answer_files import AnswerFile
from qa_eval.errors import InputError
from qa_eval.models.registry import resolve
from qa_eval.records import Instance


def sample(id: object, text: object, **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    output = {"model": "m", "choices": [{"message": message, "stop_reason": "stop"}], "completion": text}
    return {"id": id, "epoch": 1, "input": "?", "target": "x", "output": output, "scores": {}, **more}


SAMPLES = [
    sample("dead@a", "About 180 soldiers died."),
    sample(7, ""),
    sample("late@a", "x", error={"message": "it broke", "traceback": "…"}),
]
LOG = {"version": 2, "status": "success", "eval": {"task": "qa", "model": "m"}, "samples": SAMPLES}


def answers(path: Path) -> dict[str, tuple[str | None, str | None]]:
    file = AnswerFile(path)
    found = {
        row.id: (row.answer.text if row.answer is not None else None, row.error) for _, row in file.answers()
    }
    file.close()
    return found


def archive(path: Path, samples: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("header.json", json.dumps({"version": 2, "eval": {}}))
        for name, text in samples.items():
            made.writestr(f"samples/{name}.json", text)
    return path


EXPECTED = {"dead@a": ("About 180 soldiers died.", None), "7": ("", None), "late@a": (None, "it broke")}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_log_in_json_is_read(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(LOG, indent=indent))
    assert answers(path) == EXPECTED


def test_an_archive_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path / "log.eval", {f"{n}_epoch_1": json.dumps(s) for n, s in enumerate(SAMPLES)})
    assert answers(path) == EXPECTED


def test_content_in_parts_is_joined(tmp_path: Path) -> None:
    parted = sample("q", [{"type": "reasoning", "reasoning": "…"}, {"type": "text", "text": "Sunday"}])
    del parted["output"]["completion"]
    path = tmp_path / "log.json"
    path.write_text(json.dumps({**LOG, "samples": [parted]}))
    assert answers(path) == {"q": ("Sunday", None)}


def test_the_answers_of_a_log_are_those_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(json.dumps(LOG))
    model = resolve(f"predictions:{path}")
    (found,) = model.predict([Instance(item="dead@a", question="How many?", context="180.", article="a")])
    assert found.text == "About 180 soldiers died."


WRONG = [
    pytest.param("log.json", json.dumps({**LOG, "samples": None}), "samples: is missing", id="no samples"),
    pytest.param("log.json", json.dumps({**LOG, "samples": [{"id": "q"}]}), "prediction: ", id="no output"),
    pytest.param("log.json", json.dumps({**LOG, "samples": [3]}), "each row should be", id="no sample"),
    pytest.param("log.eval", "PK broken", "is no readable archive", id="no archive"),
]


@pytest.mark.parametrize(("name", "text", "said"), WRONG)
def test_a_broken_log_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as error:
        answers(tmp_path / name)
    assert said in str(error.value)


def test_a_broken_sample_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "log.eval", {"1_epoch_1": "{", "2_epoch_1": json.dumps(SAMPLES[0])})
    with pytest.raises(InputError, match=r"samples/1_epoch_1\.json"):
        answers(path)
