"""`qa-eval cache`: the group, and its commands `info` and `clear`."""

from __future__ import annotations

import click

from qa_eval.cli.command import CommandGroup
from qa_eval.text.phrases import count


@click.group("cache", cls=CommandGroup, short_help="Show or clear the cache of answers.")
def cache_group() -> None:
    """Shows or clears the cache, which keeps the answers of models so that no run asks for them again.

    The environment variable `QA_EVAL_CACHE` sets the folder.
    """


@cache_group.command("info", short_help="Show where the cache is and what it holds.")
def cache_info_command() -> None:
    """Shows where the cache is, and how many answers of each model it holds."""
    from qa_eval.evaluation.cache import cache_info
    from qa_eval.text.figures import size_text
    from qa_eval.text.terminal import clean

    info = cache_info()
    click.echo(f"{clean(str(info.path))}: {count(info.entries, 'answer')}, {size_text(info.bytes)}")
    for model, (entries, size) in info.models.items():
        click.echo(f"{entries:>9}  {size_text(size):>9}  {clean(model)}")
    if info.made:
        made = f"{info.made:>9}  {size_text(info.made_bytes):>9}"
        click.echo(f"{made}  ONNX graphs, converted weights and notes on checkpoints")


@cache_group.command("clear", short_help="Delete everything in the cache.")
def cache_clear_command() -> None:
    """Deletes the answers, ONNX graphs, converted weights and notes on checkpoints in the cache.

    Stored runs stay as they are.
    """
    from qa_eval.evaluation.cache import clear_cache
    from qa_eval.text.figures import size_text
    from qa_eval.text.terminal import clean

    info = clear_cache()
    click.echo(f"{clean(str(info.path))}: deleted {count(info.entries, 'answer')}, {size_text(info.bytes)}")
