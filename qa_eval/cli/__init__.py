"""The command line: `qa-eval`, also `python -m qa_eval`.

Each command has a file of its own, which has the name of the command:

run, plan, score, bench, reproduce           ask models, and score their answers
leaderboard, show, verify, compare, report   read stored runs
export, schema                               write the formats of other tools, and describe our own
models, metrics, cache, init                 list kinds of model, metrics and the cache; start a collection
metrics_validate                             a command of the group `metrics`: agreement with labels of people
articles                                     the group `articles`, with the command `add`
questions                                    the group `questions`, with `check` and `stats`
questions_new, questions_probe               commands of that group that add questions
questions_impact, questions_agree            commands of that group that compare question sets

`qa_eval.runs.options` declares the flags of a run (`--limit`, `--threshold`, …), each next to the option that
it sets. Each command declares its other flags itself. The commands share these modules:

command           help, near matches and exit codes of every command
option_groups     flags that several commands have; `qa_eval.runs.options` declares those of a run
configuration     the flag `--config`
argument_types    checks of paths, finite numbers and text on the command line
asked_data        the questions and texts that belong to a stored run
printing          output that several commands have
failures          the message and the exit code of a failure
process           the streams and signals of the process

Importing this package loads no command. A command's module is imported when the command is asked for, and a
command imports what it needs when it runs.
"""

from __future__ import annotations

import click

from qa_eval import __version__
from qa_eval.cli.command import CommandGroup, ImportedCommands

__all__ = ["cli"]


_COMMANDS = {
    "run": "run:run_command",
    "plan": "plan:plan_command",
    "score": "score:score_command",
    "leaderboard": "leaderboard:leaderboard_command",
    "compare": "compare:compare_command",
    "report": "report:report_command",
    "show": "show:show_command",
    "verify": "verify:verify_command",
    "export": "export:export_command",
    "bench": "bench:bench_command",
    "reproduce": "reproduce:reproduce_command",
    "models": "models:models_command",
    "metrics": "metrics:metrics_group",
    "questions": "questions:questions_group",
    "init": "init:init_command",
    "articles": "articles:articles_group",
    "schema": "schema:schema_command",
    "cache": "cache:cache_group",
}
"""Commands in the order of the help: the module of each in this package, and its name there."""


@click.group(
    cls=CommandGroup,
    commands=ImportedCommands(__name__, _COMMANDS),
    epilog="Start with `qa-eval run`, which needs no download. `qa-eval COMMAND -h` shows a command's help.",
)
@click.version_option(__version__, "-V", "--version", prog_name="qa-eval")
def cli() -> None:
    """Evaluates reading-comprehension question answering, also where the sources disagree."""
