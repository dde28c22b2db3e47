"""Model cards: the declarations in the front matter of a checkpoint's README.md.

Anybody may write a card, so it may be broken in any way. The reader looks only at the few fields that this
program uses, and builds no other values. A card that cannot be read has a `problem` and is no error, because
the model can be used without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 1_000_000
"""Greatest size of a front matter. The longest cards, those of large benchmarks, have half of it."""
_FRONT_MATTER = re.compile(
    rb"(?:\xef\xbb\xbf)?(\s*---[ \t]*\r?\n)(.*?)^---[ \t]*\r?(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_RULE = re.compile(rb"(?:\xef\xbb\xbf)?\s*---[ \t]*\r?\n")
_BOOL = "tag:yaml.org,2002:bool"
_NULL = "tag:yaml.org,2002:null"
_TRUE = frozenset({"true", "yes", "on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The declarations of a model card."""

    license: str | None = None
    """License of the model; None if the card names none."""
    unanswerable: bool | None = None
    """Whether the model was trained with unanswerable questions; None if the card does not declare it.

    `qa_eval: {unanswerable: true|false}` declares it directly. SQuAD 2.0 (`squad_v2`) in the list `datasets`,
    the training data, declares that it was. A result in the model index declares nothing, because a model can
    be evaluated on any data.
    """
    problem: str | None = None
    """Reason why the card cannot be read, as `README.md:LINE: REASON`. The other fields are then empty."""


def read_card(path: Path) -> Card:
    """The card in a README.md; an empty card if there is no file or no front matter. It never raises."""
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
    """A front matter is wrong; `line` is the number of the line in it, from 0."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _card(front_matter: bytes) -> Card:
    root = _composed(front_matter)
    if root is None:
        return Card()
    if not isinstance(root, yaml.MappingNode):
        raise _CardError(root.start_mark.line, "the front matter must be a mapping of names to values")
    fields = _fields(root)
    own = fields.get("qa_eval")
    unanswerable = _own_declaration(own) if own is not None else None
    if unanswerable is None and any(map(_is_squad_v2, _texts(fields.get("datasets")))):
        unanswerable = True
    license = fields.get("license")
    named = _texts(license) if isinstance(license, yaml.ScalarNode) else iter(())
    return Card(license=next(named, None), unanswerable=unanswerable)


def _composed(front_matter: bytes) -> Any:  # noqa: ANN401
    """The YAML as nodes; None if it is empty. Raises `_CardError` if it is no YAML."""
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
        raise _CardError(mark.line if mark else 0, f"the front matter is not YAML: {what}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position)
        raise _CardError(line, f"character U+{error.character:04X} is not allowed in YAML") from error
    except RecursionError as error:
        raise _CardError(0, "the front matter is nested too deeply") from error
    except Exception as error:  # the parser may raise anything for a broken text
        raise _CardError(0, f"the front matter is not YAML: {error}") from error


def _fields(node: yaml.MappingNode) -> dict[str, Any]:
    """The values by name. Raises `_CardError` if a name that this program uses is given twice."""
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in found and key.value in {"qa_eval", "unanswerable", "datasets"}:
            raise _CardError(key.start_mark.line, f"{key.value} is given twice; keep one")
        found[key.value] = value
    return found


def _own_declaration(node: Any) -> bool | None:  # noqa: ANN401
    """The value of `qa_eval.unanswerable`; None if it is empty. Raises `_CardError` if it is no boolean."""
    if node.tag == _NULL:
        return None
    if not isinstance(node, yaml.MappingNode):
        raise _CardError(node.start_mark.line, "qa_eval must be a mapping, as qa_eval: {unanswerable: true}")
    value = _fields(node).get("unanswerable")
    if value is None or value.tag == _NULL:
        return None
    if value.tag != _BOOL:
        shown = repr(value.value) if isinstance(value, yaml.ScalarNode) else "a list or mapping"
        message = f"qa_eval.unanswerable must be true or false, not {shown[:80]}"
        raise _CardError(value.start_mark.line, message)
    return value.value.lower() in _TRUE


def _texts(node: Any) -> Iterator[str]:  # noqa: ANN401
    """The texts in a value that is one text or a list of texts. Other values are ignored."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for each in nodes:
        if isinstance(each, yaml.ScalarNode) and each.tag != _NULL and each.value.strip():
            yield each.value.strip()


def _is_squad_v2(name: str) -> bool:
    """Whether a name is that of SQuAD 2.0, with or without an organization before it.

    >>> _is_squad_v2("rajpurkar/squad_v2"), _is_squad_v2("squad")
    (True, False)
    """
    return name.rpartition("/")[2].strip().lower().replace("-", "_") == "squad_v2"
