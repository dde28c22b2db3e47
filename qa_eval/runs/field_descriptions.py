"""Descriptions in a JSON Schema, taken from the docstrings below the fields of the records.

pydantic can do the same while it defines a class, but then every command pays for reading the source files.
Only `qa-eval schema` needs the descriptions, so they are added when a schema is made.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any


def described(schema: dict[str, Any], record: type) -> dict[str, Any]:
    """A JSON Schema with the docstring of each field as its description.

    Args:
        schema: Schema of `record`, as pydantic makes it. The records in it are in `$defs` by class name.
        record: Class that the schema describes.

    Returns:
        The schema itself, with descriptions. Fields that have one keep it.
    """
    parts = {record.__name__: schema, **schema.get("$defs", {})}
    classes = {record.__name__: record} | {
        name: found for name in schema.get("$defs", {}) if (found := _class_named(name)) is not None
    }
    for name, known in classes.items():
        documented = _field_docstrings(known)
        for field, part in parts[name].get("properties", {}).items():
            if field in documented:
                part.setdefault("description", documented[field])
    return schema


def _class_named(name: str) -> type | None:
    """The class of the package with this name. No two public classes have the same name."""
    for module_name, module in list(sys.modules.items()):
        found = getattr(module, name, None) if module_name.startswith("qa_eval.") else None
        if isinstance(found, type) and found.__module__ == module_name:
            return found
    return None


def _field_docstrings(record: type) -> dict[str, str]:
    """The docstring of each field, inherited fields included."""
    found: dict[str, str] = {}
    for kind in reversed(record.__mro__):
        if kind.__module__.startswith("qa_eval."):
            found.update(_documented(inspect.getsource(sys.modules[kind.__module__]), kind.__name__))
    return found


def _documented(source: str, name: str) -> Iterator[tuple[str, str]]:
    """The fields of a class of a module that have a docstring, with it."""
    body = next(
        (n.body for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == name), []
    )
    for field, after in pairwise(body):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        match after:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield field.target.id, inspect.cleandoc(text)
