"""Calls of `evaluate` that are wrong: what is said, before anything is asked or written."""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import qa_eval as qa
from qa_eval.runs.run_folder import RunFolder
from qa_eval.runs.schema import Leaderboard
from tests.support.fake_models import FakeModel, four_facts

pytestmark = pytest.mark.usefixtures("own_cache")

OPTIONS = qa.RunOptions(references=False, resamples=49, track="reading")
WANTED = "it should be a spec such as 'embedded' or an object with info, decoding and predict"


class Bare:
    """Has no part of a model but the asking."""

    def predict(self, instances: Sequence[qa.Instance]) -> Iterator[qa.Prediction]:
        raise AssertionError("it was asked")

    def __repr__(self) -> str:
        return "Bare()"


class Told(Bare):
    """A model that is told what it is."""

    def __init__(self, info: Any, decoding: Any = None) -> None:
        self.info, self.decoding = info, decoding


def info(**values: Any) -> Any:
    return qa.ModelInfo(**{"spec": "test:x", "kind": "test", "name": "x", **values})


@pytest.mark.parametrize(
    ("models", "message"),
    [
        pytest.param(None, f"models: is None; {WANTED}", id="None"),
        pytest.param(5, f"models: 5 is an int; {WANTED}", id="a number"),
        pytest.param(b"embedded", f"models: b'embedded' is a bytes; {WANTED}", id="bytes"),
        pytest.param({"embedded": 1}, f"models: {{'embedded': 1}} is a dict; {WANTED}", id="a dict"),
        pytest.param(["embedded", None], f"models[1]: is None; {WANTED}", id="None among them"),
        pytest.param(Told, "models: Told is a class; give an object of it, such as Told()", id="a class"),
        pytest.param([FakeModel], "models[0]: FakeModel is a class; give an object", id="a class in a list"),
        pytest.param(
            [Bare()], "models[0]: Bare() has no info and no decoding, which a model has", id="no info"
        ),
        pytest.param(
            Told({}), "models: Told.info: {} is a dict; it should be a ModelInfo", id="another info"
        ),
        pytest.param(Told(None), "models: Told.info: is None; it should be a ModelInfo", id="None for info"),
        pytest.param(
            Told(info(), 5),
            "models: Told.decoding: 5 is an int; it should be a Decoding, or None",
            id="another decoding",
        ),
        pytest.param(
            Told(info(spec="half \ud83d")),
            'models: Told.info.spec: "half \\ud83d" holds half of a surrogate pair',
            id="half a character",
        ),
        pytest.param(
            Told(info(name=5)), "models: Told.info.name: 5: input should be a valid string", id="another name"
        ),
        pytest.param(
            Told(info(declaration="guessed")),
            "models: Told.info.declaration: 'guessed': ",
            id="no declaration",
        ),
        pytest.param([], "models: is empty; without reference rows there is nothing to run", id="none"),
        pytest.param("", "the model spec is empty; try `embedded`", id="an empty spec"),
        pytest.param([""], "the model spec is empty; try `embedded`", id="an empty spec in a list"),
    ],
)
def test_what_is_no_model_is_refused_before_anything_is_written(
    models: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(qa.SpecError) as caught:
        qa.evaluate(models, corpus=four_facts(), options=OPTIONS, out=tmp_path / "out")
    assert str(caught.value).startswith(message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "models",
    [
        pytest.param(lambda: "baseline:abstain", id="a text"),
        pytest.param(lambda: Path("baseline:abstain"), id="a path"),
        pytest.param(lambda: {"baseline:abstain"}, id="a set"),
        pytest.param(lambda: (spec for spec in ["baseline:abstain"]), id="a generator"),
        pytest.param({"baseline:abstain": 1}.keys, id="keys of a dict"),
    ],
)
def test_models_may_be_given_in_any_iterable(models: Callable[[], Any]) -> None:
    run = qa.evaluate(models(), corpus=four_facts(), options=OPTIONS)
    assert list(run) == ["baseline:abstain"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"corpus": "x"}, "corpus: 'x' is a str; it should be a Corpus, as load_corpus gives it"),
        ({"dataset": 5}, "dataset: 5 is an int; it should be a spec such as 'squad:dev.json', or a data set"),
        ({"dataset": ["squad:x"]}, "dataset: ['squad:x'] is a list; it should be a spec"),
        ({"questions": 5}, "questions: 5 is an int; it should be a path, or a list of paths"),
        ({"questions": [5]}, "questions: 5 is an int; it should be a path, as a text or a Path"),
        (
            {"questions": []},
            "questions: is empty; name a file of questions or a folder of them, or give None",
        ),
        ({"articles": 5}, "articles: 5 is an int; it should be a path, as a text or a Path"),
        ({"options": {}}, "options: {} is a dict; it should be RunOptions(…), such as RunOptions(limit=20)"),
        ({"options": None}, "options: is None; it should be RunOptions(…)"),
        (
            {"progress": True},
            "progress: True is a bool; it should be an object that follows Progress, or False",
        ),
        ({"engine": "ray"}, "engine: 'ray' is a str; it should be an Engine; options.engine names one"),
        ({"command": 5}, "command: 5 is an int; it should be a text"),
        ({"out": 5}, "out: 5 is an int; it should be a path, as a text or a Path"),
        ({"out": b"o"}, "out: b'o' is a bytes; it should be a path"),
        ({"out": "\ud83d"}, 'out: "\\ud83d" holds half of a surrogate pair, which no path does'),
        ({"threshold": [1]}, "threshold: [1] is neither a number nor cross-fit"),
        ({"threshold": 10**400}, f"threshold: 1{'0' * 58}… is not a finite number"),
        ({"seed": "x"}, "seed: 'x' is not a whole number"),
        ({"resamples": -1}, "resamples: -1 is less than 1"),
        ({"track": 5}, "track: 5 is none of reading, pooled, both"),
    ],
    ids=str,
)
def test_an_argument_of_another_type_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(qa.QaEvalError) as caught:
        qa.evaluate("baseline:abstain", **arguments)
    assert str(caught.value).startswith(message)


def test_of_several_wrong_arguments_the_first_of_the_signature_is_named() -> None:
    wrong: dict[str, Any] = dict.fromkeys(inspect.signature(qa.evaluate).parameters, 5)
    wrong |= {"limit": "x", "seed": "x", "resamples": "x", "threshold": [1]}
    while wrong:
        first = next(iter(wrong))
        with pytest.raises(qa.QaEvalError) as caught:
            qa.evaluate(**({"models": "baseline:abstain"} | wrong))
        assert first in str(caught.value).partition(":")[0].split(", ")
        del wrong[first]


def test_a_data_set_may_be_named_by_a_path(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": "q", "question": "x?", "context": "a b", "answers": ["a"]}\n')
    run = qa.evaluate("baseline:abstain", dataset=Path(f"jsonl:{file}"), resamples=49)
    assert run.leaderboard.data.items.reading == 1


def test_a_reason_with_half_a_character_does_not_stop_a_run(tmp_path: Path) -> None:
    errors = {"dead@a": RuntimeError("half \ud83d")}
    model = FakeModel(fails=lambda instance: errors.get(instance.item))
    run = qa.evaluate(model, corpus=four_facts(), options=OPTIONS, out=tmp_path, command="half \ud83d")
    assert run.path is not None
    (failed,) = [row.error for row in qa.load_run(run.path).predictions("test:fake") if row.error]
    assert failed == "RuntimeError: half \\ud83d"


def test_predictions_that_break_the_protocol_make_the_row_an_error(tmp_path: Path) -> None:
    class Broken(Told):
        def predict(self, instances: Sequence[qa.Instance]) -> Iterator[qa.Prediction]:
            return (qa.Prediction(item=i.item, n_best=("a",)) for i in instances)  # type: ignore[arg-type]

    row = qa.evaluate(Broken(info()), corpus=four_facts(), options=OPTIONS, out=tmp_path).leaderboard.rows[0]
    assert (row.status, row.counts.missing) == ("error", 0)
    assert row.error == "ValueError: candidate 1: 'a' is a str; it should be a Candidate"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"limit": 1}, "other limit"),
        ({"threshold": 0.5}, "other threshold"),
        ({"track": "pooled"}, "other track"),
        ({"seed": 3, "resamples": 99}, "other seed and resamples"),
        ({"models": FakeModel(decoding=qa.Decoding(n_best=3))}, "other decoding"),
        ({"models": "baseline:abstain"}, "other models and decoding"),
        ({"corpus": four_facts(dead="How many died?")}, "other questions"),
    ],
    ids=["limit", "threshold", "track", "seed", "decoding", "model", "questions"],
)
@pytest.mark.parametrize("interrupted", [True, False])
def test_another_run_in_the_folder_says_what_differs(
    changed: dict[str, Any], message: str, interrupted: bool, tmp_path: Path
) -> None:
    def stop(instance: qa.Instance) -> BaseException | None:
        return KeyboardInterrupt() if interrupted and instance.item == "began@b" else None

    asked: dict[str, Any] = {
        "corpus": four_facts(),
        "out": tmp_path,
        "name": "r",
        "limit": 2,
        "resamples": 49,
    }
    try:
        qa.evaluate(FakeModel(fails=stop), **asked)
    except qa.Interrupted:
        assert interrupted
    with pytest.raises(qa.RunFolderError) as caught:
        qa.evaluate(**{"models": FakeModel(), **asked, **changed})
    assert f"holds another run ({message}); overwrite replaces it, name chooses another" in str(caught.value)


class Stopping:
    """Progress during whose start somebody presses ctrl-C; or while the first leaderboard is written."""

    def __init__(self, at: str) -> None:
        self.at, self.told = at, [""]

    def start(self, models: int) -> None:
        self.told.append("start")
        if self.at == "start":
            raise KeyboardInterrupt

    def model(self, name: str, items: int) -> None: ...
    def advance(self, n: int = 1, from_cache: bool = False) -> None: ...
    def finish(self) -> None:
        self.told.append("finish")


@pytest.mark.parametrize("at", ["start", "write"])
def test_ctrl_c_before_the_first_model_keeps_a_run_that_can_be_resumed(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    progress = Stopping(at)
    write = RunFolder.write_leaderboard

    def stopped(folder: RunFolder, board: Leaderboard) -> Leaderboard:
        if at == "write" and board.status == "partial" and not (folder.path / "leaderboard.json").exists():
            os.kill(os.getpid(), signal.SIGINT)
        return write(folder, board)

    monkeypatch.setattr(RunFolder, "write_leaderboard", stopped)
    asked: Any = {"corpus": four_facts(), "out": tmp_path, "name": "r", "options": OPTIONS}
    with pytest.raises(qa.Interrupted) as caught:
        qa.evaluate(FakeModel(), **asked, progress=progress)
    assert caught.value.run.leaderboard.status == "partial"
    assert qa.load_run(tmp_path / "r").leaderboard.status == "partial"
    assert progress.told == (["", "start", "finish"] if at == "start" else [""])
    assert qa.evaluate(FakeModel(), **asked).leaderboard.status == "complete"
