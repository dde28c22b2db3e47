"""The command line: `qa-eval`, also `python -m qa_eval`.

A command has a file of its own, named as the command:

run, plan, score, bench                      models and answers
leaderboard, show, verify, compare, report   stored runs
export, schema                               formats of other tools, and of these files
models, metrics, cache, init                 what is there, what is kept, a new collection
metrics_validate                             one more command of the group `metrics`
questions                                    the group `questions`, with `check` and `stats`
questions_new, questions_probe               the other commands of that group
questions_impact, questions_agree            and more of them

What commands share:

command           how every command behaves: help, near matches, exit codes
option_groups     the flags that several commands have; those of a run come from `qa_eval.runs.options`
configuration     `--config`
argument_types    paths and text as arguments
asked_data        the data that a stored run asked, found again
printing          what several commands print
failures          what a failure says, and its exit code
process           the process around a command: streams and signals

Importing this package is light: a command imports what it needs when it runs.
"""

from __future__ import annotations

import click

from qa_eval import __version__
from qa_eval.cli.bench import bench_command
from qa_eval.cli.cache import cache_group
from qa_eval.cli.command import CommandGroup
from qa_eval.cli.compare import compare_command
from qa_eval.cli.export import export_command
from qa_eval.cli.init import init_command
from qa_eval.cli.leaderboard import leaderboard_command
from qa_eval.cli.metrics import metrics_group
from qa_eval.cli.metrics_validate import validate_command
from qa_eval.cli.models import models_command
from qa_eval.cli.plan import plan_command
from qa_eval.cli.questions import questions_group
from qa_eval.cli.questions_agree import agree_command
from qa_eval.cli.questions_impact import impact_command
from qa_eval.cli.questions_new import new_command
from qa_eval.cli.questions_probe import probe_command
from qa_eval.cli.report import report_command
from qa_eval.cli.run import run_command
from qa_eval.cli.schema import schema_command
from qa_eval.cli.score import score_command
from qa_eval.cli.show import show_command
from qa_eval.cli.verify import verify_command

__all__ = ["cli"]


@click.group(
    cls=CommandGroup,
    epilog="Begin with `qa-eval run`: it needs no download. `qa-eval COMMAND -h` tells more of each command.",
)
@click.version_option(__version__, "-V", "--version", prog_name="qa-eval")
def cli() -> None:
    """Extractive question answering, evaluated: also where the sources disagree."""


for _command in (
    run_command,
    plan_command,
    score_command,
    leaderboard_command,
    compare_command,
    report_command,
    show_command,
    verify_command,
    export_command,
    bench_command,
    models_command,
    metrics_group,
    questions_group,
    init_command,
    schema_command,
    cache_group,
):
    cli.add_command(_command)
for _command in (new_command, probe_command, impact_command, agree_command):
    questions_group.add_command(_command)
metrics_group.add_command(validate_command)
