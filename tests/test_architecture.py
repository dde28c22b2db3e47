"""The rules that keep the package easy to find one's way in: rooms, module names, class names."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGE = ROOT / "qa_eval"
NAMED_FOR_WHAT_THEY_SERVE = ("cli", "data/formats", "export")
"""Folders whose files are named as their command or their format."""


def modules() -> list[Path]:
    """Every module of the package, relative to it."""
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def test_the_top_level_has_at_most_sixteen_rooms_and_four_modules() -> None:
    rooms = {path.parts[0] for path in modules() if len(path.parts) > 1}
    alone = {path.name for path in modules() if len(path.parts) == 1}
    assert len(rooms) <= 16, sorted(rooms)
    assert alone == {"__init__.py", "__main__.py", "errors.py", "records.py"}


def test_no_two_modules_have_one_name() -> None:
    named = defaultdict(list)
    for path in modules():
        if path.stem != "__init__" and path.parent.as_posix() not in NAMED_FOR_WHAT_THEY_SERVE:
            named[path.stem].append(path.as_posix())
    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


def test_no_two_public_classes_have_one_name() -> None:
    named = defaultdict(list)
    for path in modules():
        for node in ast.parse((PACKAGE / path).read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named[node.name].append(path.as_posix())
    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


def test_no_folder_of_the_package_is_named_like_a_folder_of_data() -> None:
    folders = {path.name for path in PACKAGE.rglob("*") if path.is_dir()}
    assert not folders & {"questions", "seeds", "results", "tests", "docs"}


def packages() -> list[Path]:
    """Every room and every folder of modules in one, relative to the package."""
    return sorted(path.parent for path in modules() if path.name == "__init__.py" and len(path.parts) > 1)


def described(package: Path) -> set[str]:
    """The names with an entry in the docstring of a folder: `name   what is in it`; folders have a slash."""
    text = ast.get_docstring(ast.parse((PACKAGE / package / "__init__.py").read_text("utf-8"))) or ""
    entries = re.findall(r"^ *((?:[a-z0-9_]+/?, )*[a-z0-9_]+/?) {2,}\S", text, re.MULTILINE)
    return {name for entry in entries for name in entry.split(", ")}


def to_describe(package: Path) -> set[str]:
    """The modules and folders of modules in a folder."""
    files = {path.stem for path in modules() if path.parent == package and path.stem != "__init__"}
    return files | {f"{folder.name}/" for folder in packages() if folder.parent == package}


def exists(package: Path, name: str) -> bool:
    return (PACKAGE / package / (name if name.endswith("/") else f"{name}.py")).exists()


@pytest.mark.parametrize("package", packages(), ids=str)
def test_the_docstring_of_a_folder_maps_its_modules_and_names_no_others(package: Path) -> None:
    named = described(package)
    assert to_describe(package) - named == set(), "these are not described"
    assert {name for name in named if not exists(package, name)} == set(), "these do not exist"


def test_the_kind_of_the_data_is_asked_in_at_most_five_places() -> None:
    """What differs between kinds of data is in their records, and nobody compares the names of kinds."""
    by_name, asked = [], []
    for path in modules():
        for number, line in enumerate((PACKAGE / path).read_text("utf-8").splitlines(), 1):
            if re.search(r"kind (==|!=|in) .*(public|curated|files)\b", line):
                by_name.append(f"{path}:{number}")
            if ".has_claims" in line and path.stem != "data_kinds":
                asked.append(f"{path}:{number}")
    assert by_name == []
    assert len(asked) <= 5, asked


def test_nearly_equal_names_are_looked_for_in_one_place() -> None:
    found = [
        path.as_posix() for path in modules() if "get_close_matches" in (PACKAGE / path).read_text("utf-8")
    ]
    assert found == ["text/phrases.py"]


def test_kinds_of_data_are_compared_in_few_places() -> None:
    compared = re.compile(r'kind\s*[=!]=\s*"(?:curated|files|claims|public)"')
    found = [path.name for path in PACKAGE.rglob("*.py") for _ in compared.finditer(path.read_text("utf-8"))]
    assert len(found) <= 5, found
