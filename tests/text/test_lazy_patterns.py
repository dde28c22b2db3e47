"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator
from importlib import import_module

import pytest

from qa_eval.text.lazy_patterns import _LazyPattern, lazy_pattern
from tests.support.places import ROOT

MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "qa_eval").rglob("*.py"))
    if "import lazy_pattern" in path.read_text("utf-8")
]


def test_a_lazy_pattern_does_what_its_compiled_one_does() -> None:
    given = (r"(?P<n>\d)x", re.IGNORECASE)
    lazy, compiled = lazy_pattern(*given), re.compile(*given)
    assert (lazy.pattern, lazy.flags, lazy.groupindex) == (given[0], compiled.flags, compiled.groupindex)
    assert lazy.sub("-", "1X2xy") == compiled.sub("-", "1X2xy") == "--y"
    assert [found["n"] for found in lazy.finditer("1X2x")] == ["1", "2"]
    assert lazy.fullmatch("1x2x") is None


def test_a_pattern_is_compiled_at_its_first_use() -> None:
    wrong = lazy_pattern("(")
    assert wrong.pattern == "("
    with pytest.raises(re.error):
        wrong.search("")


def test_a_lazy_pattern_can_be_copied_and_pickled_before_and_after_its_first_use() -> None:
    lazy = lazy_pattern("[ab]+", re.IGNORECASE)
    for _ in range(2):
        for same in (copy.copy(lazy), copy.deepcopy(lazy), pickle.loads(pickle.dumps(lazy))):
            assert same.sub("-", "CABBAGE") == "C-GE"
        assert lazy.search("A") is not None


def patterns_in(value: object) -> Iterator[_LazyPattern]:
    if isinstance(value, _LazyPattern):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from patterns_in(part)
    elif isinstance(value, dict):
        yield from patterns_in(tuple(value.values()))


@pytest.mark.parametrize("name", MODULES)
def test_every_lazy_pattern_of_a_module_compiles(name: str) -> None:
    found = [pattern for value in vars(import_module(name)).values() for pattern in patterns_in(value)]
    assert found
    for pattern in found:
        re.compile(pattern.pattern, pattern._flags)
