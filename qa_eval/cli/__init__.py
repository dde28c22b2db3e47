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

Importing this package loads little: a command imports what it needs when it runs.
"""

from __future__ import annotations

import click

from qa_eval import __version__
from qa_eval.cli.articles import articles_group
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
from qa_eval.cli.reproduce import reproduce_command
from qa_eval.cli.run import run_command
from qa_eval.cli.schema import schema_command
from qa_eval.cli.score import score_command
from qa_eval.cli.show import show_command
from qa_eval.cli.verify import verify_command

__all__ = ["cli"]


@click.group(
    cls=CommandGroup,
    epilog="Start with `qa-eval run`, which needs no download. `qa-eval COMMAND -h` shows a command's help.",
)
@click.version_option(__version__, "-V", "--version", prog_name="qa-eval")
def cli() -> None:
    """Evaluates extractive question answering, also where the sources disagree."""


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
    reproduce_command,
    models_command,
    metrics_group,
    questions_group,
    init_command,
    articles_group,
    schema_command,
    cache_group,
):
    cli.add_command(_command)
for _command in (new_command, probe_command, impact_command, agree_command):
    questions_group.add_command(_command)
metrics_group.add_command(validate_command)
