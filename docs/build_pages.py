"""Writes the pages of the site to a folder, with the marks `<!-- generated: NAME -->` filled in.

    python docs/build_pages.py FOLDER

The commands come from the command line's own parser, and the fields of files from the schemas that
`qa-eval schema` prints. The architectures come from the table by which checkpoints are accepted or refused.
So no page can contradict the program.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from qa_eval.cli import cli
from qa_eval.cli.schema import published_schema
from qa_eval.models.checkpoint.architectures import UNSUPPORTED
from qa_eval.text.markdown import markdown_row

_MARK = re.compile(r"<!-- generated: ([a-z]+)(?: ([a-z-]+))? -->")


def build_pages(target: Path) -> None:
    """Copies everything next to this file to the target folder, which is replaced, and fills in the marks.

    Raises KeyError for a mark that names nothing.
    """
    source = Path(__file__).parent
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for page in sorted(target.rglob("*.md")):
        text = page.read_text("utf-8")
        filled = _MARK.sub(lambda mark: "\n".join(_PARTS[mark[1]](mark[2] or "")), text)
        page.write_text(filled, "utf-8")


def _prose(text: str) -> str:
    """A docstring or help text on one line: what is in backticks stays code, the rest is no markup."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part.replace("|", "\\|") if part.startswith("`") else re.sub(r"[\\*_\[\]<>|]", r"\\\g<0>", part)
        for part in parts
    )


# ------------------------------------------------------------------------------------------ commands


def _commands(_: str) -> Iterator[str]:
    for path, command in commands(cli):
        yield f"## {path} {{ #{path.replace(' ', '-')} }}\n"
        yield from _command(path, command)


def commands(group: click.Group, prefix: str = "qa-eval") -> Iterator[tuple[str, click.Command]]:
    """Every command with its words, in the order of the help."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}", command


def _command(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path, **command.context_settings)
    for paragraph in (command.help or "").split("\n\n"):
        yield f"{_prose(paragraph)}\n"
    yield f"```text\n{path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    sections: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        if (record := parameter.get_help_record(context)) is not None:
            sections.setdefault(getattr(parameter, "section", "Other"), []).append(record)
    for title, records in sections.items():
        yield markdown_row([title, ""])
        yield markdown_row(["---", "---"])
        for flags, text in records:
            yield markdown_row([_prose(f"`{flags}`"), _prose(text)])
        yield ""
    if examples := getattr(command, "examples", ()):
        width = max(len(line) for line, _ in examples)
        lines = [
            f"{line:{width}}  # {meaning}" if width < 80 else f"# {meaning}\n{line}"
            for line, meaning in examples
        ]
        yield "```bash\n" + "\n".join(lines) + "\n```\n"


# ------------------------------------------------------------------------------------------ schemas


def _schema(name: str) -> Iterator[str]:
    schema = published_schema(name)
    yield from _fields(schema)
    for part, definition in schema.get("$defs", {}).items():
        if "properties" in definition:
            yield f"### {part}\n\n{_prose(definition.get('description', ''))}\n"
            yield from _fields(definition)


def _fields(definition: Mapping[str, Any]) -> Iterator[str]:
    required = set(definition.get("required", ()))
    yield markdown_row(["field", "type", "meaning"])
    yield markdown_row(["---", "---", "---"])
    for name, field in definition.get("properties", {}).items():
        text = ("required. " if name in required else "") + field.get("description", "")
        yield markdown_row([f"`{name}`", _type(field), _prose(text)])
    yield ""


def _type(field: Mapping[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"])
    if "enum" in field or "const" in field:
        return " or ".join(f"`{value}`" for value in field.get("enum", [field.get("const")]))
    kind = field.get("type", "any value")
    if kind == "array":
        return f"list of {_type(field.get('items', {}))}"
    inner = field.get("additionalProperties")
    if kind == "object" and isinstance(inner, Mapping):
        return f"name → {_type(inner)}"
    return str(kind)


# ------------------------------------------------------------------------------------------ models


def _architectures(_: str) -> Iterator[str]:
    from transformers.models.auto.modeling_auto import MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES

    supported = sorted(set(MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES) - set(UNSUPPORTED))
    yield f"{len(supported)} types are read:\n"
    yield " ".join(f"`{name}`" for name in supported) + "\n"
    yield f"{len(UNSUPPORTED)} types are refused:\n"
    yield markdown_row(["type", "why"])
    yield markdown_row(["---", "---"])
    for name, reason in sorted(UNSUPPORTED.items()):
        yield markdown_row([f"`{name}`", _prose(reason)])


# ------------------------------------------------------------------------------------------ options


def _options(_: str) -> Iterator[str]:
    from qa_eval.runs.options import run_options

    yield markdown_row(["option", "default", "meaning"])
    yield markdown_row(["---", "---", "---"])
    for name, option in run_options().items():
        values = option.choices or option.flag.choices
        meaning = option.flag.help.partition("  [")[0] + (f" One of {', '.join(values)}." if values else "")
        yield markdown_row([f"`{name}`", f"`{option.default!r}`", _prose(meaning)])
    yield ""


def _glossary(_: str) -> Iterator[str]:
    from qa_eval.text.glossary import CHAPTERS

    for title, terms in CHAPTERS.items():
        yield f"## {title}\n"
        for term, meaning in terms.items():
            yield f"**{term}**\n:   {_prose(meaning)}\n"


_PARTS = {
    "options": _options,
    "glossary": _glossary,
    "commands": _commands,
    "schema": _schema,
    "architectures": _architectures,
}


if __name__ == "__main__":
    build_pages(Path(sys.argv[1]))
