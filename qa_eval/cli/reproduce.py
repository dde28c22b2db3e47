"""`qa-eval reproduce`."""

from __future__ import annotations

import sys

import click

from qa_eval.cli.command import Command, note, option
from qa_eval.cli.option_groups import given_options, run_flags
from qa_eval.errors import CheckFailedError, QaEvalError
from qa_eval.text.phrases import choices

EXAMPLES = (
    ("qa-eval reproduce", "list the published results"),
    ("qa-eval reproduce tinyroberta-squad2", "run one; it needs the hub, and hours on a CPU"),
    (
        "qa-eval reproduce tinyroberta-squad2 -m ./tinyroberta-squad2 --dataset squad:dev-v2.0.json",
        "use copies of the checkpoint and of the data",
    ),
)


@click.command(
    "reproduce", cls=Command, examples=EXAMPLES, short_help="Run a published result again and compare."
)
@click.argument("name", required=False)
@option(
    "-m", "--model", metavar="SPEC", section="Models",
    help="Copy of the checkpoint.  [default: the published checkpoint on the hub]",
)  # fmt: skip
@option(
    "--dataset", metavar="SPEC", section="Data",
    help="Copy of the data set.  [default: the development set of SQuAD 2.0 on the hub]",
)  # fmt: skip
@run_flags("device", "batch_tokens", "out")
@click.pass_context
def reproduce_command(
    ctx: click.Context, /, *, name: str | None, model: str | None, dataset: str | None, **_: object
) -> None:
    """Runs a checkpoint with published results, and says whether each value agrees within 0.1 points.

    Without NAME, the command lists the results that it can reproduce. Exit code 1: a value does not agree.
    """
    from qa_eval.evaluation.published_results import (
        PUBLISHED,
        draw_published,
        draw_reproduced,
        reproduced,
        verdict_on,
    )
    from qa_eval.text.terminal import terminal_width, write_lines

    width = terminal_width(sys.stdout)
    if name is None:
        write_lines(sys.stdout, draw_published(PUBLISHED, width))
        return
    known = {result.name: result for result in PUBLISHED} | {result.model: result for result in PUBLISHED}
    if name not in known:
        raise QaEvalError(f"no published result is called {name}; {choices(name, known)}")
    result = known[name]
    if result.note:
        note(f"note: {result.note}")
    from qa_eval.evaluation.run import evaluate

    spec = model or f"hf:{result.model}"
    run = evaluate(
        [spec], dataset=dataset or result.dataset, name=f"reproduce-{result.name}", options=given_options(ctx)
    )
    row = run.leaderboard.rows[0]
    if row.status != "ok":
        raise QaEvalError(f"{spec}: {row.error or 'the run was interrupted'}")
    found = reproduced(result, row)
    write_lines(sys.stdout, draw_reproduced(found, width))
    if not all(one.agrees for one in found):
        raise CheckFailedError(verdict_on(result, found))
    click.echo(verdict_on(result, found))
