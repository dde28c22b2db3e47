"""The documents say what the program does: commands, public names, numbers and file names are compared."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import qa_eval
from qa_eval.cli import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def commands(group: click.Group, prefix: str = "qa-eval") -> list[tuple[str, click.Command]]:
    found = []
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            found += commands(command, f"{prefix} {name}")
        else:
            found.append((f"{prefix} {name}", command))
    return found


@pytest.mark.parametrize(("line", "command"), commands(cli), ids=lambda v: v if isinstance(v, str) else "")
def test_every_command_has_help_and_stands_in_the_readme(line: str, command: click.Command) -> None:
    assert line in README
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{line} {parameter.name}"


def test_commands_in_the_readme_exist_with_their_flags() -> None:
    known = dict(commands(cli))
    lines = re.findall(r"^(qa-eval [^#\n]*)", README, re.MULTILINE)
    assert len(lines) >= 15
    for line in lines:
        name = next((k for k in known if f"{line} ".startswith(f"{k} ")), None)
        assert name, line
        flags = {o for p in known[name].params for o in p.opts}
        for flag in re.findall(r"(?<=\s)--?[a-z][a-z-]*", line):
            assert flag in flags, line


def test_the_leaderboard_in_the_readme_is_the_committed_run() -> None:
    block = README.partition("output -->\n")[2].partition("<!-- /leaderboard -->")[0]
    result = CliRunner().invoke(cli, ["leaderboard", str(ROOT / "results/baseline"), "--format", "markdown"])
    assert result.exit_code == 0, result.output
    assert block.strip() == result.stdout.strip()


def test_public_names_are_pinned() -> None:
    assert sorted(qa_eval.__all__) == [
        "Model",
        "__version__",
        "compare_runs",
        "evaluate",
        "load_corpus",
        "load_run",
        "score_predictions",
    ]
    for name in qa_eval.__all__:
        assert getattr(qa_eval, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        qa_eval.nonsense  # noqa: B018
    assert set(qa_eval.__all__) <= set(dir(qa_eval))


@pytest.mark.parametrize(
    "path", re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|toml|jsonl))`", CONTRIBUTING + README)
)
def test_files_named_in_the_documents_exist(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README + CONTRIBUTING))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
