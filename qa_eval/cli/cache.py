"""`qa-eval cache`: the group, and its commands `info` and `clear`."""

from __future__ import annotations

import click

from qa_eval.cli.command import CommandGroup


@click.group("cache", cls=CommandGroup, short_help="Answers that are kept between runs.")
def cache_group() -> None:
    """Answers are kept by content, so that nothing is asked twice; `QA_EVAL_CACHE` moves the folder."""


@cache_group.command("info", short_help="Where the cache lies and what it holds.")
def cache_info_command() -> None:
    """Tells where the cache lies and how many answers of which models it holds."""
    from qa_eval.evaluation.cache import cache_info
    from qa_eval.text.figures import size_text
    from qa_eval.text.terminal import clean

    info = cache_info()
    click.echo(f"{clean(str(info.path))}: {_answers(info.entries)}, {size_text(info.bytes)}")
    for model, (entries, size) in info.models.items():
        click.echo(f"{entries:>9}  {size_text(size):>9}  {clean(model)}")
    if info.made:
        made = f"{info.made:>9}  {size_text(info.made_bytes):>9}"
        click.echo(f"{made}  ONNX graphs, converted weights and notes on checkpoints")


@cache_group.command("clear", short_help="Forget all that is kept.")
def cache_clear_command() -> None:
    """Forgets all kept answers, ONNX graphs, converted weights and notes on checkpoints.

    Runs on disk stay as they are.
    """
    from qa_eval.evaluation.cache import clear_cache
    from qa_eval.text.figures import size_text
    from qa_eval.text.terminal import clean

    info = clear_cache()
    click.echo(f"{clean(str(info.path))}: forgot {_answers(info.entries)}, {size_text(info.bytes)}")


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"
