"""Every example of every help text is run, on small files of the names that the examples use."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from qa_eval.cli import cli
from tests.support.command_line import call
from tests.support.passage_sets import BROKEN_BOW
from tests.support.places import BASELINE, ROOT
from tests.support.public_files import SEA, SKY, mrqa, qa, squad, write, write_lines

RUNS = ("baseline", "first", "main", "branch", "old", "new")
TWO = "two"
"""A run of two models."""

NOT_RUN = {
    "qa-eval run": "a minute; `make run` is this command",
    "qa-eval run -m hf:deepset/tinyroberta-squad2 -m embedded --name first": "fetches a model",
    "qa-eval metrics validate labels.jsonl": "tests/authoring/test_scorer_agreement.py has labels",
    "qa-eval metrics validate labels.jsonl --mistakes": "tests/authoring/test_scorer_agreement.py has labels",
    "qa-eval metrics validate labels.jsonl --by fold": "tests/authoring/test_scorer_agreement.py has labels",
    "qa-eval reproduce tinyroberta-squad2": "fetches a model and a data set",
    "qa-eval reproduce tinyroberta-squad2 -m ./tinyroberta-squad2 --dataset squad:dev-v2.0.json": "wants the "
    "published checkpoint; tests/cli/test_reproduce.py has stand-ins",
    "qa-eval plan": "measures every model of `qa-eval run`; the other examples of the command are run",
    'qa-eval questions probe "Who led them?" -m hf:ORG/NAME --n-best 5': "stands for any model of the hub",
    "qa-eval questions new": "asks at a terminal; tests/authoring/test_question_writing.py answers",
    "qa-eval bench -m embedded --limit 10": "a minute or two, as its help says",
    "qa-eval bench -m embedded -m onnx:embedded --quantize int8": "takes many minutes",
    "qa-eval bench -m embedded --dataset squad:dev-v2.0.json --limit 1000": "takes many minutes",
}


def examples(group: click.Group = cli) -> Iterator[str]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from examples(command)
        else:
            yield from (line for line, _ in getattr(command, "examples", ()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the runs and files that the examples name."""
    place = tmp_path_factory.mktemp("examples")
    for name in RUNS:
        shutil.copytree(BASELINE, place / "results" / name)
    models = ("-m", "baseline:abstain", "-m", "baseline:first-of-type")
    made = call("run", *models, "--limit", "8", "--out", str(place / "results"), "--name", TWO)
    assert made.exit_code == 0, made.output
    asked = [qa(f"q{n}", "What was blue?", [("The sky", 0)] if n % 2 else []) for n in range(40)]
    write(place / "dev-v2.0.json", squad([(SKY, asked)]))
    write(place / "predictions.json", {f"q{n}": "sky" for n in range(40)})
    answered = [qa(f"q{n}", "What was blue?", [("The sky", 0)]) for n in range(40)]
    write(place / "test-context-de-question-de.json", squad([(SKY, answered)]))
    (place / "submission.csv").write_text(
        "id,prediction\n" + "".join(f"q{n},sky\n" for n in range(40)), "utf-8"
    )
    write(place / "null_odds.json", {f"q{n}": -1.0 + n for n in range(40)})
    best = [{"text": "sky", "probability": 0.75}, {"text": "", "probability": 0.25}]
    write(place / "nbest_predictions.json", {f"q{n}": best for n in range(40)})
    far = ("h1", "How far is the sea?", ["12 miles"], {"12 miles": [[11, 18]]})
    write_lines(place / "HotpotQA.jsonl.gz", mrqa((SEA, [far])))
    write_lines(place / "rows.jsonl", [{"id": "h1", "prediction": "12 miles"}])
    item = "recaptured-city@000_825eccd27ffa9810"
    of_fact = {"id": "broken-bow@d1", "prediction": "3,559 people"}
    write_lines(place / "answers.jsonl", [{"id": item, "prediction": "Palmyra"}, of_fact])
    write_lines(place / "facts.jsonl", [BROKEN_BOW])
    for name in ("anna.jsonl", "ben.jsonl"):
        shutil.copy(ROOT / "questions" / "people.jsonl", place / name)
    for name in ("bbc.txt", "dpa.txt"):
        (place / name).write_text(f"{name}: the ferry left at noon.\n", "utf-8")
    span = {"start": 0, "end": 7, "text": SKY[:7], "labels": ["Answer"]}
    result = {"type": "labels", "from_name": "label", "to_name": "text", "value": span}
    annotated = [{"completed_by": 1, "result": [result]}]
    task = {"id": 1, "data": {"text": SKY, "question": "What was blue?"}, "annotations": annotated}
    (place / "export.json").write_text(json.dumps([task]), "utf-8")
    return place


@pytest.fixture
def example_checkout(place: Path, own_checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the runs and files that the examples name."""
    shutil.copytree(place, own_checkout, dirs_exist_ok=True)
    monkeypatch.setenv("QA_EVAL_CACHE", str(place / "cache"))
    monkeypatch.setenv("BASE_SHA", "main")
    monkeypatch.setattr("webbrowser.open", lambda _: True)
    monkeypatch.setattr("qa_eval.cli.report.pause", _interrupt)
    return own_checkout


def _interrupt() -> None:
    """Ctrl-C while a run is watched."""
    raise KeyboardInterrupt


def test_the_examples_that_are_not_run_are_examples() -> None:
    assert set(NOT_RUN) <= set(examples())


def texts(group: click.Group = cli, prefix: str = "qa-eval") -> Iterator[tuple[str, str]]:
    """(command, its help as it is printed), of every command and group."""
    with click.Context(group, info_name=prefix, **group.context_settings) as context:
        yield prefix, group.get_help(context)
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from texts(command, f"{prefix} {name}")
        else:
            with click.Context(command, info_name=f"{prefix} {name}", **command.context_settings) as context:
                yield f"{prefix} {name}", command.get_help(context)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in texts()])
def test_every_command_line_in_a_help_text_is_an_example_or_names_a_command(text: str) -> None:
    known = {command for command, _ in texts()}
    _, _, listed = text.partition("Examples:")
    lines = [line.strip() for line in listed.splitlines() if line.strip().startswith("qa-eval ")]
    assert set(lines) <= set(examples())
    for mentioned in re.findall(r"`(qa-eval [^`]*)`", text):
        assert any(mentioned == command or mentioned.startswith(f"{command} ") for command in known), (
            mentioned
        )


@pytest.mark.slow
@pytest.mark.parametrize("line", [line for line in examples() if line not in NOT_RUN], ids=str)
def test_the_example_works(line: str, example_checkout: Path) -> None:
    ours, _, others = line.partition(" | ")
    words = [os.path.expandvars(word) for word in shlex.split(ours.partition(" >> ")[0])]
    assert words[0] == "qa-eval"
    done = call(*words[1:])
    assert done.exit_code == 0, done.output
    if others.startswith("jq "):
        value = json.loads(done.stdout)
        for step in others.removeprefix("jq .").replace("[0]", ".0").split("."):
            value = value[int(step) if step.isdecimal() else step]
