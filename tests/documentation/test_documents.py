"""The documents say what the program does: commands, public names, numbers and file names are compared."""

from __future__ import annotations

import ast
import os
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

import qa_eval
from qa_eval.cli import cli
from tests.support.command_line import call
from tests.support.places import BASELINE, ROOT
from tests.support.transcripts import check, run, transcript

DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
CLUSTER = (DOCS / "guides" / "cluster.md").read_text("utf-8")
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def commands(group: click.Group, prefix: str = "qa-eval") -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix} {name}")
        else:
            found.append((f"{prefix} {name}", command))
    return found


@pytest.mark.parametrize(("line", "command"), commands(cli), ids=lambda v: v if isinstance(v, str) else "")
def test_every_command_has_help_and_is_in_the_readme(line: str, command: click.Command) -> None:
    assert f"`{line.split()[1]}`" in README
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{line} {parameter.name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_in_the_documents_exist_with_their_flags(page: Path) -> None:
    known = dict(commands(cli))
    text = page.read_text("utf-8").replace("\\\n>", "")
    for line in re.findall(r"^(?:\$ )?(qa-eval [a-z][^#\n|]*)", text, re.MULTILINE):
        name = next((k for k in known if f"{line} ".startswith(f"{k} ")), None)
        assert name, line
        flags = {o for p in known[name].params for o in p.opts}
        for flag in re.findall(r"(?<=\s)--?[a-z][a-z-]*", line):
            assert flag in flags, line


def test_the_readme_is_short() -> None:
    assert len(README.encode()) <= 8_000


def test_the_commands_of_the_readme_print_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    steps = transcript(README)
    assert [step.command.split()[1] for step in steps] == ["leaderboard", "compare", "show"]
    for step in steps:
        assert len(step.expected[0].splitlines()) >= 5
        check(step, run(step))


def test_public_names_are_pinned() -> None:
    functions = {"exact_match", "f1", "match", "score", "evaluate", "compare", "load_run", "load_corpus"}
    functions |= {"load_model", "read_answer"}
    data = {"Corpus", "Question", "Claim", "Evidence", "Article", "Instance"}
    models = {"Prediction", "Candidate", "ModelInfo", "Model", "ModelSpec", "Kind", "Decoding"}
    models |= {"Runtime", "RunOptions", "Span"}
    results = {
        "Run",
        "Comparison",
        "Scorecard",
        "Estimate",
        "Match",
        "Progress",
        "Interrupted",
        "AnswerReading",
    }
    errors = {"QaEvalError", "InputError", "SpecError", "ModelError", "RunFolderError", "CheckFailedError"}
    errors |= {"UnknownNameError"}
    assert set(qa_eval.__all__) == functions | data | models | results | errors | {"__version__"}
    for name in qa_eval.__all__:
        assert getattr(qa_eval, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        qa_eval.nonsense  # noqa: B018
    assert set(qa_eval.__all__) <= set(dir(qa_eval))


def test_no_public_name_is_a_room() -> None:
    # Importing a room sets an attribute of its name, which would hide the function.
    rooms = {path.name for path in (ROOT / "qa_eval").iterdir()}
    assert not rooms & set(qa_eval.__all__)


@pytest.mark.parametrize(("old", "present"), [("compare_runs", "compare"), ("score_predictions", "score")])
def test_old_names_are_the_present_functions_with_a_warning(old: str, present: str) -> None:
    with pytest.warns(
        DeprecationWarning, match=f"qa_eval.{old} is now called qa_eval.{present}; version 0.3"
    ):
        assert getattr(qa_eval, old).__wrapped__ is getattr(qa_eval, present)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_names_take_their_old_arguments(tmp_path: Path) -> None:
    file = tmp_path / "d.jsonl"
    file.write_text('{"id": "q", "question": "x?", "context": "a b", "answers": ["a"]}\n')
    answers, golds = {"q": "a"}, f"jsonl:{file}"
    old: Any = qa_eval
    card = old.score_predictions(predictions=answers, dataset=golds, resamples=49)
    assert card == qa_eval.score(answers, golds, resamples=49)
    assert card == old.score_predictions(answers, golds, resamples=49)
    found = old.compare_runs(
        BASELINE, model="embedded", against="baseline:abstain", slice_name="contested", resamples=49
    )
    assert {d.slice for d in found.pairs[0].primary} == {"contested"}


def evaluated(source: str) -> list[Any]:
    """The values of a document's expressions; where a comment has a value, it must be that one."""
    names: dict[str, Any] = {}
    shown = []
    for statement in ast.parse(source).body:
        lines = "\n".join(source.splitlines()[statement.lineno - 1 : statement.end_lineno])
        comment = lines.partition("  # ")[2]
        if not isinstance(statement, ast.Expr):
            exec(compile(lines, "document", "exec"), names)
            continue
        value = eval(compile(ast.Expression(statement.value), "document", "eval"), names)
        if re.match(r"\d|Match\(", comment):
            assert repr(value).startswith(comment.partition("…")[0].strip(" ")), lines
        shown.append(value)
    return shown


def test_the_python_of_the_readme_gives_what_its_comments_say() -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    *_, squad, f1, comparison = evaluated(source)
    assert squad == 1.0
    assert 0 <= f1 <= 1
    assert comparison.pairs[0].new.model == "embedded"


def test_the_python_of_the_guide_gives_what_its_comments_say(capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / "guides" / "python.md").read_text("utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    found, run, metrics, items, f1 = evaluated(source)[3:8]
    assert found[:2] == (1.0, None), "two questions are too few for an interval"
    assert list(found[2]["metric"])[:2] == ["exact", "f1"]
    assert len(repr(run).splitlines()) <= 20
    assert "<table>" in run._repr_html_()
    assert {"model", "slice", "metric", "value", "low", "high", "n"} <= set(metrics.columns)
    assert {"question", "article", "prediction", "golds", "scores", "why"} <= set(items.columns)
    assert f1 == run["embedded"].estimate("f1").value
    assert 0 <= f1 <= 1
    printed = capsys.readouterr().out
    assert re.search(r"^(Better|Worse|Cannot tell at this size|The same): ", printed, re.MULTILINE)
    assert "metric" in printed


@pytest.mark.parametrize(
    "path", re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|toml|jsonl))`", CONTRIBUTING + README)
)
def test_files_named_in_the_documents_exist(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "link",
    re.findall(r"\]\((?!http)([^)]+)\)", README + CONTRIBUTING)
    + re.findall(r'(?:src|srcset)="([^"]+)"', README),
)
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_manifest_for_kubernetes_has_what_the_operator_asks_for() -> None:
    (text,) = re.findall(r"^```yaml\n(apiVersion: ray.*?)^```", CLUSTER, re.MULTILINE | re.DOTALL)
    manifest = yaml.safe_load(text)
    # The fields of KubeRay's v1 API: everything here exists there, and what it requires is here.
    assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", "RayCluster")
    assert re.fullmatch("[a-z0-9-]+", manifest["metadata"]["name"])
    spec = manifest["spec"]
    assert set(spec) == {"rayVersion", "headGroupSpec", "workerGroupSpecs"}
    head, (workers,) = spec["headGroupSpec"], spec["workerGroupSpecs"]
    assert set(head) == {"rayStartParams", "template"}
    assert set(workers) == {*head, "groupName", "replicas", "minReplicas", "maxReplicas"}
    assert 0 <= workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]
    for group in (head, workers):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        (container,) = group["template"]["spec"]["containers"]
        assert set(container) == {"name", "image", "resources"}
        assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert f"ray=={spec['rayVersion']}" in (ROOT / "constraints.txt").read_text("utf-8")
    assert f"rayproject/ray:{spec['rayVersion']}-py311" in CLUSTER
    # The head answers nothing, and a worker of the command fits a pod.
    assert head["rayStartParams"]["num-cpus"] == "0"
    assert f"--cpus-per-worker {container['resources']['limits']['cpu']}" in CLUSTER


def test_the_job_for_slurm_is_a_shell_script(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```bash\n(#!/bin/bash\n#SBATCH.*?)^```", CLUSTER, re.MULTILINE | re.DOTALL)
    script = tmp_path / "job.sh"
    script.write_text(text)
    subprocess.run(["bash", "-n", script], check=True)
    # It runs here with commands that only tell what they are given.
    for name in ("srun", "qa-eval", "sleep"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_NNODES": "4"}
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=True)
    head = socket.gethostname()
    told = done.stdout.splitlines()
    address = f"--address={head}:6379 --num-cpus=16 --block"
    assert f"srun --nodes=3 --ntasks=3 --exclude={head} ray start {address}" in told
    assert sum(line.startswith("srun --nodes=1 --ntasks=1 ") for line in told) == 1


def test_the_agreement_of_the_annotations_is_what_the_command_prints() -> None:
    page = (ROOT / "docs" / "trust" / "agreement.md").read_text("utf-8")
    second = str(ROOT / "docs" / "trust" / "agreement" / "second-annotation.jsonl")
    done = call("questions", "agree", str(ROOT / "questions"), second)
    assert done.exit_code == 0, done.output
    measures = ("EM ", "F1 ", "match ", "same claim ")
    printed = [line for line in done.stdout.splitlines() if line.startswith(measures)]
    assert len(printed) == 4
    for line in printed:
        name, whole, answered = re.split(r"\s{2,}", line.strip())
        assert f"| {name} | {whole} | {answered} |" in page
    alphas = re.findall(r"(0\.\d+) \((0\.\d+) to (1?\d?\.\d+)\)", done.stdout)
    assert len(alphas) == 2
    for value, low, high in alphas:
        assert f"{value} ({low} to {high})" in page
