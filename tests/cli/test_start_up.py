"""Starting up must be light: nothing heavy is imported before it is needed."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from qa_eval.cli.process import _STARTED, _search_later
from tests.support.places import BASELINE, ROOT

QUESTIONS = str(ROOT / "questions" / "people.jsonl")
HEAVY = ("torch", "transformers", "datasets", "pandas", "scipy", "evaluate", "onnxruntime")
AVOIDABLE = (*HEAVY, "numpy", "pydantic", "rich", "tokenizers", "huggingface_hub")


def loaded(call: str) -> set[str]:
    """Modules and packages that are loaded after the call, in a fresh interpreter."""
    code = f"import sys\n{call}\nprint('\\nLOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


def run_cli(*args: str | Path) -> str:
    words = [str(arg) for arg in args]
    return f"from qa_eval.cli import cli\ncli({words!r}, prog_name='qa-eval', standalone_mode=False)"


UNTIL_LOADING = """
import click
class Told(BaseException):
    pass
def tell(message=None, **_):
    if str(message).startswith("loading embedded"):
        raise Told
click.echo = tell
try:
{call}
except Told:
    pass
else:
    raise AssertionError("it was not said what is loaded")
"""
"""A call up to where it says what it is going to load."""


@pytest.mark.parametrize(
    ("call", "unwanted"),
    [
        pytest.param("import qa_eval", AVOIDABLE, id="import qa_eval"),
        pytest.param("import qa_eval.cli", AVOIDABLE, id="import qa_eval.cli"),
        pytest.param(run_cli("--help"), AVOIDABLE, id="--help"),
        pytest.param(run_cli("run", "--help"), AVOIDABLE, id="run --help"),
        pytest.param(
            UNTIL_LOADING.format(call=indent(run_cli("run", "-m", "embedded"), "    ")),
            HEAVY,
            id="run: loading",
        ),
        pytest.param(run_cli("plan", "--help"), AVOIDABLE, id="plan --help"),
        pytest.param("import qa_eval.evaluation.forecast_probe", HEAVY, id="import of the forecast"),
        pytest.param(run_cli("score", "--help"), AVOIDABLE, id="score --help"),
        pytest.param(run_cli("--version"), AVOIDABLE, id="--version"),
        pytest.param(
            "import qa_eval.runs.leaderboard.board_formats, qa_eval.evaluation.scorecard, "
            "qa_eval.runs.shown_items",
            HEAVY,
            id="verbs",
        ),
        pytest.param(
            "import qa_eval.evaluation.run, qa_eval.evaluation.verification, qa_eval.data.dataset",
            HEAVY,
            id="runs of public data sets",
        ),
        pytest.param(run_cli("questions", "stats"), HEAVY, id="questions stats"),
        pytest.param(run_cli("models"), HEAVY, id="models"),
        pytest.param(run_cli("metrics", "--help"), AVOIDABLE, id="metrics --help"),
        pytest.param(run_cli("metrics", "show", "f1"), HEAVY, id="metrics show"),
        pytest.param(run_cli("models", "baseline:abstain"), HEAVY, id="models baseline:abstain"),
        pytest.param(run_cli("schema", "leaderboard"), HEAVY, id="schema leaderboard"),
        pytest.param(run_cli("export", "--help"), AVOIDABLE, id="export --help"),
        pytest.param(
            run_cli("export", BASELINE, "--format", "lm-eval", "-m", "baseline:abstain"), HEAVY, id="export"
        ),
        pytest.param(run_cli("report", "--help"), (*AVOIDABLE, "matplotlib", "jinja2"), id="report --help"),
        pytest.param("import qa_eval.report.html", (*HEAVY, "matplotlib"), id="import of the report"),
        pytest.param(run_cli("questions", "impact", "--help"), AVOIDABLE, id="questions impact --help"),
        pytest.param(run_cli("questions", "agree", "--help"), AVOIDABLE, id="questions agree --help"),
        pytest.param(run_cli("questions", "agree", QUESTIONS, QUESTIONS), HEAVY, id="questions agree"),
        pytest.param(run_cli("init", "--help"), AVOIDABLE, id="init --help"),
        pytest.param(
            "import qa_eval.authoring.impact, qa_eval.authoring.new_collection",
            HEAVY,
            id="import qa_eval.authoring.impact",
        ),
        pytest.param(run_cli("compare", "--help"), AVOIDABLE, id="compare --help"),
        pytest.param(
            run_cli("compare", BASELINE, "--model", "embedded", "--against", "baseline:first-of-type"),
            HEAVY,
            id="compare",
        ),
        pytest.param(
            run_cli("leaderboard", BASELINE, BASELINE),
            (*HEAVY, "jsonlines", "yaml", "jinja2", "sqlite3"),
            id="leaderboards merged",
        ),
        pytest.param("import qa_eval.integrations", AVOIDABLE, id="import qa_eval.integrations"),
    ],
)
def test_nothing_heavy_is_imported_by(call: str, unwanted: tuple[str, ...]) -> None:
    assert loaded(call).isdisjoint(unwanted)


OTHER_ROOMS = {f"qa_eval.{name}" for name in ("authoring", "export", "integrations", "report")}
RUN_OF_A_BASELINE = ("run", "-m", "baseline:abstain", "--limit", "1", "--no-reference", "--no-cache")


def test_a_run_of_a_baseline_loads_no_public_data_sets_and_no_other_kinds_of_model(tmp_path: Path) -> None:
    unwanted = {
        "qa_eval.comparisons",
        "qa_eval.data.claim_sets",
        "qa_eval.data.claims_schema",
        "qa_eval.data.dataset",
        "qa_eval.data.examples",
        "qa_eval.data.formats",
        "qa_eval.data.passage_facts",
        "qa_eval.data.published_sets",
        "qa_eval.evaluation.engines.ray",
        "qa_eval.evaluation.tasks.claim_facts",
        "qa_eval.evaluation.tasks.public",
        "qa_eval.models.checkpoint",
        "qa_eval.models.generation",
        "qa_eval.metrics.passage_effects",
        "qa_eval.models.huggingface",
        "qa_eval.runs.plots",
    }
    found = loaded(run_cli(*RUN_OF_A_BASELINE, "--out", tmp_path))
    assert found.isdisjoint(OTHER_ROOMS | unwanted)
    assert "qa_eval.evaluation.tasks.curated" in found


def test_a_comparison_loads_no_questions_no_models_and_no_reader_of_answers() -> None:
    unwanted = {
        "qa_eval.data.corpus",
        "qa_eval.data.dataset",
        "qa_eval.evaluation",
        "qa_eval.matching.answer_reading",
        "qa_eval.matching.typed",
        "qa_eval.models.registry",
        "qa_eval.runs.leaderboard",
        "qa_eval.runs.run_folder",
        "qa_eval.text.wide_table",
        "filelock",
        "jsonlines",
        "sqlite3",
    }
    found = loaded(run_cli("compare", BASELINE, "--model", "embedded", "--against", "baseline:first-of-type"))
    assert found.isdisjoint(OTHER_ROOMS | unwanted)
    assert "qa_eval.comparisons.comparison" in found


def test_the_search_for_unused_objects_begins_late_and_then_goes_on_as_usual() -> None:
    usual, callbacks = gc.get_threshold(), list(gc.callbacks)
    _search_later()
    assert gc.get_threshold() == (_STARTED, *usual[1:])
    gc.collect()
    assert (gc.get_threshold(), gc.callbacks) == (usual, callbacks)


def test_python_does_not_search_for_unused_objects_while_it_ends() -> None:
    code = (
        "import gc, sys\nfrom qa_eval.__main__ import main\nsys.argv = ['qa-eval', '--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(len(gc.get_objects()), file=sys.__stderr__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stderr) < 100
