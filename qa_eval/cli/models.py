"""`qa-eval models`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qa_eval.cli.command import Command, option
from qa_eval.cli.option_groups import (
    data_options,
    dataset_options,
    given_options,
    run_flags,
    server_options,
)

if TYPE_CHECKING:
    from qa_eval.models.protocol import Model
    from qa_eval.records import Corpus


@click.command("models", cls=Command, short_help="List the kinds of model, or describe one model.")
@click.argument("spec", required=False)
@run_flags("trust_remote_code", "convert_weights")
@server_options
@option(
    "--show-prompt", metavar="ITEM", section="Models",
    help="Print the messages that a language model would get for this item. ITEM is FACT@ARTICLE, FACT@* for "
    "all articles at once, FACT@*order2 for another order of them, or FACT@*none for none.",
)  # fmt: skip
@data_options
@dataset_options
@click.pass_context
def models_command(
    ctx: click.Context,
    /,
    *,
    spec: str | None,
    base_url: str | None,
    prompts: tuple[Path, ...],
    show_prompt: str | None,
    **_: object,
) -> None:
    """Lists the kinds of model. With SPEC, describes that model without loading its weights.

    The description of a model on a server needs the server, which is asked one short question.
    """
    from rich.text import Text

    from qa_eval.models.declarations import abstention, undeclared_sentence
    from qa_eval.models.registry import kinds, resolve, with_server
    from qa_eval.text.passages import wrap_text
    from qa_eval.text.terminal import clean, terminal_width, write_lines

    if spec is None:
        if show_prompt is not None:
            raise click.UsageError("--show-prompt: name the model, as in qa-eval models openai:NAME …")
        lines = []
        for kind in kinds().values():
            lines.append(Text(clean(kind.example), "bold"))
            lines += wrap_text(Text(clean(kind.summary)), terminal_width(sys.stdout), "    ")
        write_lines(sys.stdout, lines)
        return
    options = given_options(ctx)
    if base_url is not None or prompts:
        (spec,) = with_server([spec], base_url, prompts)
    model = resolve(spec, options.decoding, options.runtime)
    if show_prompt is not None:
        _print_prompt(ctx, spec, model, show_prompt)
        return
    info = model.info
    fields = {
        "spec": info.spec,
        "kind": info.kind,
        "name": info.name,
        "revision": info.revision,
        "parameters": f"{info.parameters:,}" if info.parameters is not None else None,
        "weights sha256": info.weights_sha256,
        "fingerprint": info.fingerprint or "none: its answers are not cached",
        "no answer": undeclared_sentence([info]) or abstention(info),
        "tokenizer": info.tokenizer_note,
        "prompts": ", ".join(info.prompts.values()) if info.prompts else None,
        "sampling": info.sampling,
        "reported": info.reported,
        "backend": info.backend,
        "license": info.license,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    write_lines(
        sys.stdout,
        [Text.assemble((f"{name:<15}", "dim"), clean(str(value))) for name, value in known.items()],
    )


def _print_prompt(ctx: click.Context, spec: str, model: Model, item: str) -> None:
    """Prints the messages for an item. Nothing is sent."""
    from qa_eval.data.article_labels import article_labels, item_id
    from qa_eval.data.items import direct_instance
    from qa_eval.models.generation.written_answers import WrittenAnswers
    from qa_eval.text.terminal import clean_lines

    if not isinstance(model, WrittenAnswers):
        raise click.UsageError(f"--show-prompt: {spec} is no language model, and has no prompts.")
    corpus = _corpus_of(ctx, item)
    labels = article_labels(corpus.articles) if ctx.params["dataset"] is None else {}
    prompt = model.prompt(direct_instance(corpus, item_id(item, labels)))
    texts = ("\n".join((f"[{m.role}]", *clean_lines(m.content))) for m in prompt.messages)
    click.echo("\n\n".join(texts))


def _corpus_of(ctx: click.Context, item: str) -> Corpus:
    """The corpus of the flags. Of a data set, it is the fact of the item."""
    from qa_eval.data.corpus import load_corpus
    from qa_eval.data.dataset import open_facts
    from qa_eval.errors import UnknownNameError
    from qa_eval.text.phrases import quote

    given = ctx.params
    if given["dataset"] is None:
        return load_corpus(given["questions"] or None, given["articles"])
    dataset = open_facts(
        given["dataset"],
        split=given["split"],
        otherwise="; --show-prompt needs facts with their own passages",
    )
    fact = item.partition("@")[0].partition("~")[0]
    for found in dataset:
        if found.question.id == fact:
            return found.corpus
    raise UnknownNameError(f"the data set has no fact {quote(fact)}")
