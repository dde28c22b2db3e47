"""The rules that keep the package easy to find one's way in: rooms, module names, class names."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
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


def names_of_places() -> dict[str, list[str]]:
    """Name -> the modules and the folders of modules that have it, apart from those that are exempt."""
    places = [path for path in modules() if path.stem != "__init__"] + packages()
    named = defaultdict(list)
    for path in places:
        if path.parent.as_posix() not in NAMED_FOR_WHAT_THEY_SERVE:
            named[path.stem].append(path.as_posix())
    return named


def test_no_two_modules_or_folders_have_one_name() -> None:
    assert {name: paths for name, paths in names_of_places().items() if len(paths) > 1} == {}


def public_classes(source: str) -> list[str]:
    """The public classes that a module defines, in functions and branches, too, and by `type`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type":
            first = node.args[0]
            if len(node.args) == 3 and isinstance(first, ast.Constant):
                found.append(str(first.value))
    return [name for name in found if not name.startswith("_")]


def test_no_two_public_classes_have_one_name() -> None:
    named = defaultdict(list)
    for path in modules():
        for name in public_classes((PACKAGE / path).read_text("utf-8")):
            named[name].append(path.as_posix())
    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


def test_every_way_to_define_a_class_is_seen() -> None:
    source = (
        'if x:\n    class A: ...\ndef f():\n    class B: ...\nC = type("C", (), {})\nclass _D: ...\ntype(x)\n'
    )
    assert sorted(public_classes(source)) == ["A", "B", "C"]


OF_THE_PACKAGE = {"__version__", "__file__"}
"""What a room may take from `qa_eval` itself: its public names are of rooms that may be higher."""


def ways_around(source: str) -> list[str]:
    """Where a module reaches other rooms so that import-linter cannot see it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "qa_eval"
        ):
            if node.attr not in OF_THE_PACKAGE:
                found.append(f"qa_eval.{node.attr}")
        elif isinstance(node, ast.ImportFrom) and node.module == "qa_eval":
            found += [f"from qa_eval import {n.name}" for n in node.names if n.name not in OF_THE_PACKAGE]
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and "qa_eval" in ast.unparse(node.args[0]):
                found.append(ast.unparse(node))
    return found


def test_no_room_reaches_another_past_the_layers() -> None:
    found = {
        path.as_posix(): ways
        for path in modules()
        if len(path.parts) > 1 and (ways := ways_around((PACKAGE / path).read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import qa_eval\nqa_eval.compare(1)",
        "from qa_eval import compare",
        'from importlib import import_module\nimport_module("qa_eval.report.html")',
        'import importlib\nimportlib.import_module(f"qa_eval.{room}")',
        '__import__("qa_eval.cli")',
    ],
)
def test_every_way_past_the_layers_is_seen(source: str) -> None:
    assert ways_around(source)


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


KINDS_OF_DATA = {"public", "curated", "files"}


def asks_for_a_kind(source: str) -> list[int]:
    """The lines in which something called kind is compared with the name of a kind of data."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Match):
            parts = [node.subject, *(case.pattern for case in node.cases)]  # type: ignore[list-item]
        else:
            continue
        inside = [one for part in parts for one in ast.walk(part)]
        names = {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in inside}
        values = {one.value for one in inside if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        if "kind" in names and values & KINDS_OF_DATA:
            lines.append(node.lineno)
    return lines


def test_the_kind_of_the_data_is_asked_in_at_most_five_places() -> None:
    """What differs between kinds of data is in their records, and nobody compares the names of kinds."""
    by_name, asked = [], []
    for path in modules():
        source = (PACKAGE / path).read_text("utf-8")
        by_name += [f"{path}:{line}" for line in asks_for_a_kind(source)]
        if path.stem != "data_kinds":
            lines = enumerate(source.splitlines(), 1)
            asked += [f"{path}:{number}" for number, line in lines if ".has_claims" in line]
    assert by_name == []
    assert len(asked) <= 5, asked


@pytest.mark.parametrize(
    "source",
    [
        'kind == "public"',
        '"public" == data.kind',
        'board.data.kind in ("public", "files")',
        'kind != "curated"',
        'match data.kind:\n    case "public": pass',
    ],
)
def test_every_way_to_ask_for_a_kind_is_seen(source: str) -> None:
    assert asks_for_a_kind(source) == [1]


KINDS_OF_DATA_SET = {"ClaimSet", "PublicDataset", "Census", "FactCensus"}


def asks_for_a_class(source: str) -> list[int]:
    """The lines that ask whether something is one of the kinds of data set."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            asked: list[ast.AST] = [node.args[1]]
        elif isinstance(node, ast.MatchClass):
            asked = [node.cls]
        elif isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        else:
            continue
        names = {getattr(one, "attr", getattr(one, "id", "")) for part in asked for one in ast.walk(part)}
        if names & KINDS_OF_DATA_SET:
            lines.append(node.lineno if hasattr(node, "lineno") else 0)
    return lines


def test_the_kind_of_a_data_set_is_asked_in_at_most_five_places() -> None:
    """What differs between kinds of data set is in their methods and in those of their tasks."""
    asked = [
        f"{path}:{line}"
        for path in modules()
        for line in asks_for_a_class((PACKAGE / path).read_text("utf-8"))
    ]
    assert len(asked) <= 5, asked


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(opened, ClaimSet)",
        "isinstance(opened, PublicDataset | Corpus)",
        "isinstance(census, (dataset.Census, int))",
        "type(opened) is ClaimSet",
        "match opened:\n    case ClaimSet(): pass",
    ],
)
def test_every_way_to_ask_for_the_kind_of_a_data_set_is_seen(source: str) -> None:
    assert len(asks_for_a_class(source)) == 1


def test_nearly_equal_names_are_looked_for_in_one_place() -> None:
    found = [
        path.as_posix() for path in modules() if "get_close_matches" in (PACKAGE / path).read_text("utf-8")
    ]
    assert found == ["text/phrases.py"]


def test_kinds_of_data_are_compared_in_few_places() -> None:
    compared = re.compile(r'kind\s*[=!]=\s*"(?:curated|files|claims|public)"')
    found = [path.name for path in PACKAGE.rglob("*.py") for _ in compared.finditer(path.read_text("utf-8"))]
    assert len(found) <= 5, found


def definitions(source: str) -> dict[str, str]:
    """The names that a module defines on its top level, with the code of functions.

    A function with a decorator is left out, because the decorator may keep it, as click keeps commands.
    """
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            code = [ast.unparse(node.args), *map(ast.unparse, body)]
            found[node.name] = "\n".join(code)
        elif isinstance(node, ast.ClassDef):
            found[node.name] = ""
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: "" for target in targets if isinstance(target, ast.Name)}
    return {name: code for name, code in found.items() if not name.startswith("__")}


def test_every_name_of_a_module_is_used() -> None:
    text = "\n".join(p.read_text("utf-8") for p in PACKAGE.rglob("*") if p.suffix in (".py", ".html"))
    times = Counter(re.findall(r"\w+", text))
    places = defaultdict(list)
    for path in modules():
        for name in definitions((PACKAGE / path).read_text("utf-8")):
            places[name].append(path.as_posix())
    assert {name: paths for name, paths in places.items() if times[name] == len(paths)} == {}


def test_no_two_functions_have_one_body() -> None:
    bodies = defaultdict(list)
    for path in modules():
        for name, code in definitions((PACKAGE / path).read_text("utf-8")).items():
            if code:
                bodies[code].append(f"{path}: {name}")
    assert [places for places in bodies.values() if len(places) > 1] == []


def test_definitions_of_every_form_are_seen() -> None:
    source = 'A = 1\nB: int = 2\nclass C: ...\ndef d(x):\n    """E."""\n    return x\n@f\ndef g(): ...\n'
    assert definitions(source) == {"A": "", "B": "", "C": "", "d": "x\nreturn x"}
