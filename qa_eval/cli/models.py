"""`qa-eval models`."""

from __future__ import annotations

import sys

import click

from qa_eval.cli.command import Command
from qa_eval.cli.option_groups import given_options, run_flags


@click.command("models", cls=Command, short_help="List the kinds of model, or describe one model.")
@click.argument("spec", required=False)
@run_flags("trust_remote_code", "convert_weights")
@click.pass_context
def models_command(ctx: click.Context, /, *, spec: str | None, **_: object) -> None:
    """Lists the kinds of model. With SPEC, describes that model without loading its weights."""
    from rich.text import Text

    from qa_eval.models.declarations import abstention, undeclared_sentence
    from qa_eval.models.registry import kinds, resolve
    from qa_eval.text.passages import wrap_text
    from qa_eval.text.terminal import clean, terminal_width, write_lines

    if spec is None:
        lines = []
        for kind in kinds().values():
            lines.append(Text(clean(kind.example), "bold"))
            lines += wrap_text(Text(clean(kind.summary)), terminal_width(sys.stdout), "    ")
        write_lines(sys.stdout, lines)
        return
    options = given_options(ctx)
    model = resolve(spec, options.decoding, options.runtime)
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
        "backend": info.backend,
        "license": info.license,
    }
    known = {name: value for name, value in fields.items() if value is not None}
    write_lines(
        sys.stdout,
        [Text.assemble((f"{name:<15}", "dim"), clean(str(value))) for name, value in known.items()],
    )
