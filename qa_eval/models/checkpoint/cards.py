"""Model cards: what the front matter of a checkpoint's README.md declares.

Strangers write cards, so one may be broken in any way. A card is read without building its values: only the
few fields that this program uses are looked at, and a card that cannot be read has a `problem`, not an
error, because a model can be used without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 1_000_000
"""Largest front matter that is read. The longest cards of large benchmarks have half of that."""
_FRONT_MATTER = re.compile(
    rb"(?:\xef\xbb\xbf)?(\s*---[ \t]*\r?\n)(.*?)^---[ \t]*\r?(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_RULE = re.compile(rb"(?:\xef\xbb\xbf)?\s*---[ \t]*\r?\n")
_BOOL = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_TRUE = frozenset({"true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a model card declares."""

    license: str | None = None
    unanswerable: bool | None = None
    """Whether unanswerable questions were part of the training; None where the card does not declare it.

    `qa_eval: {unanswerable: true|false}` declares it outright. SQuAD 2.0 (`squad_v2`) among the `datasets`,
    those of the training, declares that they were. A result in the model index declares nothing: a model can
    be evaluated on anything.
    """
    problem: str | None = None
    """Why the card cannot be read, as `README.md:LINE: REASON`; its other fields are then empty."""


def read_card(path: Path) -> Card:
    """The card in a README.md; an empty one where there is no file or no front matter. Raises nothing."""
    try:
        if not path.is_file():
            return Card()
        with path.open("rb") as file:
            start = file.read(_MOST_BYTES)
    except OSError as error:
        return Card(problem=f"{path.name}: it cannot be read: {error.strerror}")
    if (found := _FRONT_MATTER.match(start)) is None:
        if len(start) == _MOST_BYTES and _RULE.match(start):
            return Card(
                problem=f"{path.name}:1: the front matter has no end in its first {_MOST_BYTES:,} bytes"
            )
        return Card()
    try:
        return _card(found[2])
    except _CardError as error:
        line = found[1].count(b"\n") + 1 + error.line
        return Card(problem=f"{path.name}:{line}: {error}")


class _CardError(ValueError):
    """What is wrong in a front matter, and in which of its lines, from 0."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _card(front_matter: bytes) -> Card:
    root = _composed(front_matter)
    if root is None:
        return Card()
    if not isinstance(root, yaml.MappingNode):
        raise _CardError(root.start_mark.line, "the front matter is no list of names with values")
    fields = _fields(root)
    own = fields.get("qa_eval")
    unanswerable = _own_declaration(own) if own is not None else None
    if unanswerable is None and any(map(_is_squad_v2, _texts(fields.get("datasets")))):
        unanswerable = True
    license = fields.get("license")
    named = _texts(license) if isinstance(license, yaml.ScalarNode) else iter(())
    return Card(license=next(named, None), unanswerable=unanswerable)


def _composed(front_matter: bytes) -> Any:  # noqa: ANN401
    """The YAML as nodes; None where there is none. Raises `_CardError`."""
    try:
        text = front_matter.decode("utf-8")
    except UnicodeDecodeError as error:
        line = front_matter.count(b"\n", 0, error.start)
        raise _CardError(line, f"byte 0x{front_matter[error.start]:02x} is not UTF-8") from error
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = " ".join(part for part in (error.context, error.problem) if part)
        raise _CardError(mark.line if mark else 0, f"the front matter is no YAML: {what}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position)
        raise _CardError(line, f"character U+{error.character:04X} is not allowed in YAML") from error
    except RecursionError as error:
        raise _CardError(0, "the front matter is nested too deeply") from error
    except Exception as error:  # whatever else the parser meets in a stranger's text
        raise _CardError(0, f"the front matter is no YAML: {error}") from error


def _fields(node: yaml.MappingNode) -> dict[str, Any]:
    """The values by name. Raises `_CardError` for one of the names read here that is there twice."""
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in found and key.value in {"qa_eval", "unanswerable", "datasets"}:
            raise _CardError(key.start_mark.line, f"{key.value} is given twice")
        found[key.value] = value
    return found


def _own_declaration(node: Any) -> bool | None:  # noqa: ANN401
    """The value of `qa_eval.unanswerable`; None where it is empty. Raises `_CardError` for other values."""
    if node.tag == _NULL:
        return None
    if not isinstance(node, yaml.MappingNode):
        raise _CardError(node.start_mark.line, "qa_eval is no mapping; write qa_eval: {unanswerable: true}")
    value = _fields(node).get("unanswerable")
    if value is None or value.tag == _NULL:
        return None
    if value.tag != _BOOL:
        shown = repr(value.value) if isinstance(value, yaml.ScalarNode) else "a list or mapping"
        raise _CardError(value.start_mark.line, f"qa_eval.unanswerable is true or false, not {shown[:80]}")
    return value.value.lower() in _TRUE


def _texts(node: Any) -> Iterator[str]:  # noqa: ANN401
    """The texts in a value that is one text or a list of them; other shapes are passed over."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for each in nodes:
        if isinstance(each, yaml.ScalarNode) and each.tag != _NULL and each.value.strip():
            yield each.value.strip()


def _is_squad_v2(name: str) -> bool:
    """Whether a data set's name is SQuAD 2.0's, with or without an organization before it.

    >>> _is_squad_v2("rajpurkar/squad_v2"), _is_squad_v2("squad")
    (True, False)
    """
    return name.rpartition("/")[2].strip().lower().replace("-", "_") == "squad_v2"
