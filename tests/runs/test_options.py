"""The options of a run: what each takes, and that flags, files, arguments and stored options are one."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from qa_eval import evaluate, load_run
from qa_eval.cli import cli
from qa_eval.cli.option_groups import RunFlag, given_options
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.evaluation.run import chosen_engine
from qa_eval.evaluation.verification import verify
from qa_eval.files.hashes import canonical_json
from qa_eval.metrics.rules.squad import RULES
from qa_eval.records import Decoding, Runtime
from qa_eval.runs.options import RunOptions, StoredOptions, run_options
from qa_eval.runs.schema import Leaderboard
from tests.support.fake_models import FakeModel, four_facts
from tests.support.places import BASELINE, ROOT

NEAR_SQUAD = "did you mean squad-v2.0 or squad-v1.1 or korquad-v1?"

pytestmark = pytest.mark.usefixtures("own_cache")


def told(command: str, *args: str) -> RunOptions:
    """What the flags of a command line say."""
    asked = cli.commands[command]
    return given_options(asked.make_context(command, list(args), resilient_parsing=False))


# ------------------------------------------------------------------------------------------ what they take


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"track": "all"}, "track: 'all' is none of reading, pooled, both"),
        ({"limit": 0}, "limit: 0 is less than 1"),
        ({"limit": "3"}, "limit: '3' is not a whole number"),
        ({"limit": True}, "limit: True is not a whole number"),
        ({"seed": None}, "seed: None is not a whole number"),
        ({"sample": 2.5}, "sample: 2.5 is not a whole number"),
        ({"threshold": "fitted"}, "threshold: 'fitted' is neither a number nor cross-fit"),
        ({"threshold": float("nan")}, "threshold: nan is not a finite number"),
        ({"references": "yes"}, "references: 'yes' is not True or False"),
        ({"duplicate_ids": "last"}, "duplicate_ids: 'last' is none of error, first"),
        ({"engine": "spark"}, "engine: 'spark' is none of local, ray"),
        ({"cpus_per_worker": 0}, "cpus_per_worker: 0 is not more than 0"),
        ({"gpus_per_worker": -1}, "gpus_per_worker: -1 is less than 0"),
        ({"gpus_per_worker": float("nan")}, "gpus_per_worker: nan is not a finite number"),
        ({"cpus_per_worker": float("inf")}, "cpus_per_worker: inf is not a finite number"),
        ({"cpus_per_worker": 10**400}, f"cpus_per_worker: 1{'0' * 58}… is not a finite number"),
        ({"name": 7}, "name: 7 is not text"),
        ({"device": "tpu"}, "device: 'tpu' is none of auto, cpu, cuda, mps; did you mean cpu?"),
        ({"dtype": "int8"}, "dtype: 'int8' is none of auto, float32, bfloat16, float16"),
        ({"dtype": 16}, "dtype: 16 is none of auto, float32, bfloat16, float16"),
        ({"rules": "squad-v2"}, f"rules: 'squad-v2' is none of {', '.join(RULES)}; {NEAR_SQUAD}"),
        ({"rules": []}, f"rules: [] is none of {', '.join(RULES)}"),
        ({"columns": [5]}, "columns[0]: 5 is an int; it should be a text"),
        (
            {"columns": {"a": "b"}},
            "columns: {'a': 'b'} is a dict; it should be a text or a list of texts",
        ),
        ({"categories": 5}, "categories: 5 is an int; it should be a text or a list of texts"),
        ({"categories": None}, "categories: is None; it should be a text or a list of texts"),
        ({"categories": ["town", None]}, "categories[1]: is None; it should be a text"),
        ({"threshold": True}, "threshold: True is neither a number nor cross-fit"),
        ({"threshold": [1]}, "threshold: [1] is neither a number nor cross-fit"),
        ({"threshold": None}, "threshold: None is neither a number nor cross-fit"),
        ({"threshold": 10**400}, f"threshold: 1{'0' * 58}… is not a finite number"),
        ({"max_length": -5}, "max_length: -5 is less than 8"),
        ({"doc_stride": -1}, "doc_stride: -1 is less than 0"),
        ({"max_answer_tokens": 0}, "max_answer_tokens: 0 is less than 1"),
        ({"n_best": 0}, "n_best: 0 is less than 1"),
        ({"seed": -1}, "seed: -1 is less than 0"),
        ({"resamples": 0}, "resamples: 0 is less than 1"),
        ({"resamples": 1_000_001}, "resamples: 1000001 is more than 1,000,000"),
        ({"out": 5}, "out: 5 is an int; it should be a path, as a text or a Path"),
        ({"out": b"o"}, "out: b'o' is a bytes; it should be a path, as a text or a Path"),
        ({"out": "a\0b"}, "a\0b: a path cannot hold a null character"),
        ({"out": "\ud83d"}, 'out: "\\ud83d" holds half of a surrogate pair, which no path does'),
        ({"limt": 3}, "there is no option 'limt'; did you mean limit or split?"),
    ],
    ids=str,
)
def test_a_value_that_an_option_does_not_take_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QaEvalError) as caught:
        RunOptions(**options)
    assert str(caught.value) == message
    with pytest.raises(QaEvalError):
        RunOptions().updated(options)


def test_options_have_names() -> None:
    with pytest.raises(QaEvalError, match=r"^RunOptions: 20 has no name; write it as limit=20$"):
        RunOptions(20)  # type: ignore[arg-type, call-arg, misc, unused-ignore]


def test_options_can_be_copied_and_pickled() -> None:
    options = RunOptions(limit=3, out=Path("here"))
    assert copy.deepcopy(options) == copy.copy(options) == pickle.loads(pickle.dumps(options)) == options


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("limit", np.int64(8), 8),
        ("seed", np.uint8(1), 1),
        ("resamples", np.int32(99), 99),
        ("n_best", np.int64(5), 5),
        ("batch_tokens", np.int64(512), 512),
        ("threshold", np.float32(0.5), 0.5),
        ("threshold", 1, 1.0),
        ("cpus_per_worker", np.float64(0.5), 0.5),
        ("device", np.str_("cpu"), "cpu"),
        ("categories", np.array(["town"]), ("town",)),
    ],
)
def test_numbers_of_numpy_become_plain(name: str, value: Any, plain: object) -> None:
    kept = getattr(RunOptions(**{name: value}), name)
    assert (kept, type(kept)) == (plain, type(plain))
    json.dumps(kept)


def test_a_run_with_numbers_of_numpy_is_stored(tmp_path: Path) -> None:
    run = evaluate(
        FakeModel(),
        corpus=four_facts(),
        out=tmp_path,
        limit=np.int64(2),  # type: ignore[arg-type]
        seed=np.int64(0),  # type: ignore[arg-type]
        resamples=np.int64(49),  # type: ignore[arg-type]
        threshold=np.float32(0.5),  # type: ignore[arg-type]
    )
    assert run.path is not None
    assert load_run(run.path).leaderboard.options == StoredOptions(limit=2, resamples=49, threshold=0.5)


def test_values_are_kept_in_one_form() -> None:
    options = RunOptions().updated({"categories": ["town", "army", "town"], "out": "results"})
    assert (options.categories, options.out) == (("army", "town"), Path("results"))
    assert RunOptions().updated({"categories": "town"}).categories == ("town",)


@pytest.mark.parametrize(
    "options",
    [RunOptions(), RunOptions(limit=20, threshold="cross-fit"), RunOptions(cache=False, name="x")],
    ids=repr,
)
def test_options_print_as_what_makes_them(options: RunOptions) -> None:
    assert eval(repr(options)) == options


def test_windows_and_devices_have_the_defaults_of_models() -> None:
    assert RunOptions().decoding == Decoding()
    assert RunOptions().runtime == Runtime()
    chosen = RunOptions(max_length=96, device="cpu", deterministic=True, seed=3)
    assert chosen.decoding == Decoding(max_length=96)
    assert chosen.runtime == Runtime(device="cpu", deterministic=True, seed=3)


# ------------------------------------------------------------------------------------------ flags


def test_every_option_is_a_flag_of_run_and_of_plan() -> None:
    for command in ("run", "plan"):
        flags = [p.field for p in cli.commands[command].params if isinstance(p, RunFlag)]
        assert sorted(flags) == sorted(run_options())


def test_without_flags_a_command_has_the_defaults_and_run_writes_results() -> None:
    assert told("run") == RunOptions(out=Path("results"))
    assert told("models") == RunOptions()
    assert told("bench", "-m", "embedded") == RunOptions()


@pytest.mark.parametrize(
    ("args", "options"),
    [
        (["--track", "pooled"], {"track": "pooled"}),
        (["--category", "town", "--category", "army"], {"categories": ("army", "town")}),
        (["--no-reference", "--no-cache"], {"references": False, "cache": False}),
        (["--threshold", "cross-fit"], {"threshold": "cross-fit"}),
        (["--threshold", "-1.5"], {"threshold": -1.5}),
        (["--resamples", "99"], {"resamples": 99}),
        (["--columns", "question=query"], {"columns": ("question=query",)}),
        (["--engine", "ray", "--cpus-per-worker", "0.5"], {"engine": "ray", "cpus_per_worker": 0.5}),
        (["--out", "here", "--name", "n", "--overwrite"], {"out": "here", "name": "n", "overwrite": True}),
    ],
    ids=str,
)
def test_a_flag_is_the_option(args: list[str], options: dict[str, Any]) -> None:
    assert told("run", *args) == RunOptions(out=Path("results")).updated(options)


def test_the_flags_of_one_option_are_the_same_in_every_command() -> None:
    seen: dict[str, dict[str, Any]] = {}

    def look(command: click.Command) -> None:
        for part in getattr(command, "commands", {}).values():
            look(part)
        for param in command.params:
            if isinstance(param, RunFlag):
                assert seen.setdefault(param.field, param.to_info_dict()) == param.to_info_dict()

    look(cli)
    assert len(seen) == len(run_options())


# ------------------------------------------------------------------------------------------ arguments


def test_an_argument_of_evaluate_wins_over_its_options(tmp_path: Path) -> None:
    options = RunOptions(limit=2, seed=1, track="pooled", resamples=99, threshold=2.0, out=tmp_path / "a")
    board = evaluate(FakeModel(), corpus=four_facts(), options=options).leaderboard
    stored = StoredOptions(limit=2, seed=1, track="pooled", resamples=99, threshold=2.0)
    assert board.options == stored
    run = evaluate(
        FakeModel(),
        corpus=four_facts(),
        options=options,
        limit=1,
        seed=5,
        track="reading",
        resamples=49,
        threshold=0.5,
        out=tmp_path / "b",
        name="mine",
    )
    assert run.leaderboard.options == StoredOptions(
        limit=1, seed=5, track="reading", resamples=49, threshold=0.5
    )
    assert run.path == tmp_path / "b" / "mine"


def test_questions_and_articles_are_read_from_files() -> None:
    files = {"questions": ROOT / "questions" / "people.jsonl", "articles": str(ROOT / "seeds")}
    run = evaluate("baseline:abstain", **files, limit=2, resamples=99)  # type: ignore[arg-type]
    assert run.leaderboard.data.facts == 2
    with pytest.raises(
        QaEvalError, match="questions, articles: cannot be given together with corpus or dataset"
    ):
        evaluate("baseline:abstain", corpus=four_facts(), **files)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [{"rules": "mrqa"}, {"split": "dev"}, {"columns": ("id=key",)}, {"duplicate_ids": "first"}],
    ids=str,
)
def test_options_of_a_data_set_are_refused_without_one(options: dict[str, Any]) -> None:
    (name,) = options
    with pytest.raises(QaEvalError, match=rf"^{name}: .*only (with )?a public data set"):
        evaluate("baseline:abstain", corpus=four_facts(), options=RunOptions(**options))


def test_options_of_a_cluster_are_refused_without_one() -> None:
    with pytest.raises(QaEvalError, match=r"^workers, gpus_per_worker: works only with engine='ray'$"):
        chosen_engine(RunOptions(workers=3, gpus_per_worker=1))
    assert isinstance(chosen_engine(RunOptions()), LocalEngine)


# ------------------------------------------------------------------------------------------ stored


def test_the_stored_options_are_the_first_fields_of_all() -> None:
    names = [field.name for field in fields(StoredOptions)]
    assert list(run_options())[: len(names)] == names
    options = RunOptions(limit=3, device="cpu", categories=("town",))
    assert options.stored == StoredOptions(limit=3, categories=("town",))


def test_unknown_stored_options_are_kept_and_found_by_verify(tmp_path: Path) -> None:
    run = evaluate("baseline:abstain", corpus=four_facts(), out=tmp_path, name="r", resamples=99)
    assert run.path is not None
    document = json.loads((run.path / "leaderboard.json").read_text("utf-8"))
    document["options"]["mood"] = ["good"]
    board = Leaderboard.model_validate(document)
    assert json.loads(canonical_json(board.model_dump(mode="json"))) == document
    (run.path / "leaderboard.json").write_text(json.dumps(document), "utf-8")
    found = verify(run.path, four_facts())
    assert "leaderboard.json: options.mood: is no field that this version knows" in found


def test_the_committed_run_says_its_options() -> None:
    document = json.loads((BASELINE / "leaderboard.json").read_text("utf-8"))
    assert Leaderboard.model_validate(document).options == RunOptions(**document["options"]).stored


def test_resamples_of_the_command_line_are_stored(tmp_path: Path) -> None:
    call = ["run", "-m", "baseline:abstain", "--limit", "1", "--resamples", "49", "--out", str(tmp_path)]
    done = CliRunner().invoke(cli, [*call, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["options"]["resamples"] == 49
