"""A checkpoint that declares nothing about unanswerable questions is named wherever its numbers are."""

from __future__ import annotations

import json
import logging
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from qa_eval import compare, evaluate, load_run
from qa_eval.errors import ModelError
from qa_eval.models.declarations import abstention, declaring_spec, undeclared_sentence
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.registry import resolve
from qa_eval.records import Declaration, Decoding, ModelInfo
from qa_eval.runs.leaderboard.board_formats import render_markdown
from qa_eval.runs.leaderboard.views import leaderboard_view
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run
from tests.support import tiny_models
from tests.support.command_line import call

NARROW = Decoding(max_length=96, doc_stride=24)
SENTENCE = (
    "{} does not say whether it was trained with unanswerable questions, so it never abstains; "
    "if it was, write '{}?unanswerable=true'"
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.build("bert", tmp_path_factory.mktemp("declarations") / "bert", card=None)


@pytest.fixture
def folder(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint without a card, as ./ck of the current folder."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(original, tmp_path / "ck")


# ------------------------------------------------------------------------------------------ the words


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("./ck", "'./ck?unanswerable=true'"),
        ("hf:./ck", "'./ck?unanswerable=true'"),
        ("ck/one", "'ck/one?unanswerable=true'"),
        ("~/ck", "'~/ck?unanswerable=true'"),
        ("/models/ck", "'/models/ck?unanswerable=true'"),
        ("hf:ck", "'hf:ck?unanswerable=true'"),
        ("org/name@v1", "'org/name@v1?unanswerable=true'"),
        ("hf:org/name@refs/pr/3", "'org/name@refs/pr/3?unanswerable=true'"),
        ("onnx:./ck", "'onnx:./ck?unanswerable=true'"),
        ("onnx:org/name@v1?quantize=int8", "'onnx:org/name@v1?quantize=int8&unanswerable=true'"),
        ("onnx:embedded", "'onnx:embedded?unanswerable=true'"),
        ("./my ck", "'./my%20ck?unanswerable=true'"),
        ("./ck?unanswerable=false", "'./ck?unanswerable=true'"),
    ],
)
def test_the_spelling_that_declares_is_right_for_each_form_of_spec(spec: str, expected: str) -> None:
    given = ModelSpec.parse(spec)
    assert declaring_spec(given) == expected
    again = ModelSpec.parse(expected.strip("'"))
    assert again.option("unanswerable") == "true"
    assert replace(again, options=()) == replace(given, options=())


def _info(spec: str, declaration: Declaration | None, *, null: bool = False) -> ModelInfo:
    return ModelInfo(spec=spec, kind="hf", name=spec, declaration=declaration, no_null_head=not null)


def test_several_undeclared_models_share_a_sentence() -> None:
    infos = [_info(f"hf:./{name}", "undeclared") for name in "abcde"]
    assert undeclared_sentence([]) is None
    assert (
        undeclared_sentence([_info("hf:./a", "card"), _info("hf:./b", "option"), _info("x:y", None)]) is None
    )
    assert (undeclared_sentence(infos[:2]) or "").startswith(
        "./a and ./b do not say whether they were trained"
    )
    assert (undeclared_sentence(infos) or "").startswith(
        "./a, ./b, ./c and 2 more do not say whether they were"
    )
    assert (undeclared_sentence(infos) or "").endswith("write for example './a?unanswerable=true'")


@pytest.mark.parametrize(
    ("declaration", "null", "expected"),
    [
        ("undeclared", False, "not declared, so it never abstains"),
        ("card", True, "trained with unanswerable questions, as its model card declares"),
        ("card", False, "trained without unanswerable questions, as its model card declares"),
        ("option", True, "trained with unanswerable questions, as the option of its spec declares"),
        ("option", False, "trained without unanswerable questions, as the option of its spec declares"),
        (None, False, "it has no score for no answer, so it never abstains"),
        (None, True, None),
    ],
)
def test_whether_a_model_can_abstain_and_who_says_so(
    declaration: Declaration | None, null: bool, expected: str | None
) -> None:
    assert abstention(_info("hf:./a", declaration, null=null)) == expected


# ------------------------------------------------------------------------------------------ a checkpoint


@pytest.mark.parametrize(
    ("card", "option", "declaration", "has_null"),
    [
        (None, "", "undeclared", False),
        ("---\ndatasets: squad\n---\n", "", "undeclared", False),
        ("---\nmodel-index:\n- results:\n  - dataset: {type: squad_v2}\n---\n", "", "undeclared", False),
        ("---\ndatasets: squad_v2\n---\n", "", "card", True),
        ("---\nqa_eval: {unanswerable: false}\n---\n", "", "card", False),
        ("---\ndatasets: squad_v2\n---\n", "?unanswerable=false", "option", False),
        (None, "?unanswerable=true", "option", True),
        ("---\nlicense: [mit\n---\n", "?unanswerable=true", "option", True),
        ("---\nlicense: [mit\n---\n", "?unanswerable=false", "option", False),
    ],
)
@pytest.mark.parametrize("kind", ["hf", "onnx"])
def test_a_model_records_where_it_is_declared(
    folder: Path, card: str | None, option: str, declaration: Declaration, has_null: bool, kind: str
) -> None:
    if card is not None:
        (folder / "README.md").write_text(card, "utf-8")
    for _ in range(2):  # examined, then remembered
        info = resolve(f"{kind}:./ck{option}", NARROW).info
        assert (info.declaration, info.no_null_head) == (declaration, not has_null)


def test_a_model_without_a_token_for_no_answer_is_not_asked_to_declare(tmp_path: Path) -> None:
    tiny_models.build("gpt2", tmp_path / "gpt2", card=None)
    info = resolve(str(tmp_path / "gpt2"), NARROW).info
    assert (info.declaration, info.no_null_head) == (None, True)


@pytest.mark.parametrize("kind", ["", "hf:", "onnx:"])
def test_a_card_that_cannot_be_read_is_refused_with_its_line_and_the_option(folder: Path, kind: str) -> None:
    (folder / "README.md").write_text("---\nlicense: mit\nname: [a\n---\n", "utf-8")
    with pytest.raises(ModelError) as caught:
        resolve(f"{kind}./ck", NARROW)
    message = str(caught.value)
    assert message.startswith("./ck: README.md:4: the front matter is not YAML")
    assert f"write '{kind.removeprefix('hf:')}./ck?unanswerable=true', otherwise =false" in message
    assert "\n" not in message


# ------------------------------------------------------------------------------------------ where it is shown


def _run(spec: str, name: str) -> Run:
    return evaluate(
        [spec],
        out="runs",
        name=name,
        track="reading",
        limit=2,
        options=RunOptions(references=False).updated(asdict(NARROW)),
    )


def test_a_run_says_so_at_its_start_in_its_row_and_under_its_table(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "qa_eval"):
        run = _run("./ck", "one")
    sentence = SENTENCE.format("./ck", "./ck")
    assert [record.getMessage() for record in caplog.records] == [sentence]
    stored = json.loads(Path("runs/one/leaderboard.json").read_text("utf-8"))
    assert stored["rows"][0]["model"]["declaration"] == "undeclared"
    text = render_markdown(leaderboard_view(run.leaderboard))
    assert "hf:./ck †" in text
    assert f"† {sentence}" in text.replace("\\", "")
    assert "has no score for no answer" not in text


def test_nothing_is_said_of_a_model_that_declares_it(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "qa_eval"):
        _run("./ck?unanswerable=true", "one")
    assert not caplog.records


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("", SENTENCE.format("./ck", "./ck")),
        ("?unanswerable=true", "trained with unanswerable questions, as the option of its spec declares"),
        ("?unanswerable=false", "trained without unanswerable questions, as the option of its spec declares"),
    ],
)
def test_the_command_models_says_what_is_declared(
    folder: Path, option: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(RunOptions, "decoding", NARROW)  # the tiny model reads no default window
    done = call("models", f"./ck{option}")
    assert done.exit_code == 0, done.output
    assert f"no answer      {shown}" in done.output


def test_compare_names_what_differs_between_two_declarations(folder: Path) -> None:
    without = _run("./ck", "without")
    (folder / "README.md").write_text("---\ndatasets: squad_v2\n---\n", "utf-8")
    declared = _run("./ck", "with")
    (pair,) = compare(declared, without, resamples=99).pairs
    assert pair.differing == {
        "no answer": (
            "trained with unanswerable questions, as its model card declares",
            "not declared, so it never abstains",
        )
    }
    (same,) = compare(declared, declared, resamples=99).pairs
    assert same.differing == {}
    option = _run("./ck?unanswerable=true", "option")
    (alike,) = compare(declared, option, resamples=99).pairs
    assert alike.differing == {}


def test_a_run_of_an_older_version_is_read_and_compared(folder: Path) -> None:
    _run("./ck", "old")
    path = Path("runs/old/leaderboard.json")
    stored: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for row in stored["rows"]:
        del row["model"]["declaration"]
    path.write_text(json.dumps(stored), "utf-8")
    old = load_run(Path("runs/old"))
    assert old.leaderboard.rows[0].model.declaration is None
    assert "† has no score for no answer, so it never abstains" in render_markdown(
        leaderboard_view(old.leaderboard)
    )
    new = _run("./ck?unanswerable=true", "new")
    (pair,) = compare(old, new, resamples=99).pairs
    assert pair.differing["no answer"][0] == "it has no score for no answer, so it never abstains"


def test_a_model_row_takes_the_declaration_of_its_model() -> None:
    row = ModelInfo(spec="hf:./a", kind="hf", name="./a", no_null_head=True, declaration="undeclared")
    assert undeclared_sentence([row]) == SENTENCE.format("./a", "./a")
