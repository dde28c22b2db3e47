"""The entries of the catalog are complete, agree with each other, and are the only lists of metrics."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.listings import listed
from qa_eval.metrics.official_scores import official_scores, score_answers
from qa_eval.metrics.parts import Listing, Metric
from qa_eval.metrics.rules.squad import rules_named
from tests.support.places import ROOT

PACKAGE = ROOT / "qa_eval"
EXEMPT = {
    "__init__.py": "exports functions of these names",
    "authoring/agreement/annotations.py": "scores the answers of people against each other",
    "evaluation/published_results.py": "holds results that others published, by metric",
    "matching/typed.py": "has functions of these names",
}
"""The modules outside `metrics/` that may list metrics, and why."""


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_an_entry_is_complete(metric: Metric) -> None:
    assert metric.meaning.endswith(".")
    assert metric.over
    assert not metric.over.endswith(".")
    assert metric.tracks
    assert metric.listed.keys() <= set(get_args(Listing))
    assert bool(metric.otherwise) <= bool(metric.needs)
    if metric.twin:
        twin = METRICS[metric.twin]
        assert "pooled" in twin.tracks
        assert (twin.over, twin.whole, twin.higher_is_better) == (
            metric.over,
            metric.whole,
            metric.higher_is_better,
        )


@pytest.mark.parametrize("name", ["label", "title"])
def test_no_two_metrics_have_one_name(name: str) -> None:
    names = [getattr(metric, name) for metric in METRICS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("listing", get_args(Listing))
def test_every_listing_has_metrics_and_no_two_at_one_place(listing: Listing) -> None:
    places = [metric.listed[listing] for metric in METRICS.values() if listing in metric.listed]
    assert places
    assert len(set(places)) == len(places)
    assert len(listed(listing)) == len(places)


def test_the_headline_begins_in_its_order() -> None:
    assert listed("headline")[:11] == [
        ("reading", "balanced_f1"),
        ("reading", "em"),
        ("reading", "f1"),
        ("reading", "em_any"),
        ("reading", "f1_any"),
        ("pooled", "coverage_at_3"),
        ("reading", "contrast_consistency"),
        ("pooled", "misinformation"),
        ("pooled", "preferred"),
        ("reading", "balanced_asserts"),
        ("pooled", "complete_and_clean"),
    ]


def test_the_keys_of_the_official_scripts_are_those_of_some_metric() -> None:
    golds = [("q1", ["400"], "c"), ("q2", [], "c")]
    keys: set[str] = set()
    for name, asked in (("squad-v1.1", golds[:1]), ("squad-v2.0", golds)):
        rules = rules_named(name)
        keys |= official_scores(score_answers(asked, {"q1": "400"}, rules), rules).keys()
    assert keys == {key for metric in METRICS.values() for key in metric.official}


def _lists(path: Path) -> Iterator[tuple[int, set[str]]]:
    """The metric ids in each collection that a module writes out; of a dict, those among its keys."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            parts = node.keys if isinstance(node, ast.Dict) else node.elts
            texts = {text for part in parts if part is not None for text in _texts(part)}
            yield node.lineno, texts & METRICS.keys()


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts of a constant, or of a tuple of constants such as (track, id)."""
    for part in node.elts if isinstance(node, ast.Tuple) else [node]:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def test_no_other_module_lists_metrics() -> None:
    found = {
        f"{name}:{line}: {', '.join(sorted(ids))}"
        for path in PACKAGE.rglob("*.py")
        for name in [path.relative_to(PACKAGE).as_posix()]
        if not name.startswith("metrics/") and name not in EXEMPT
        for line, ids in _lists(path)
        if len(ids) > 1
    }
    assert found == set()


def test_no_page_of_the_report_lists_metrics() -> None:
    found = {
        (page.name, id)
        for page in (PACKAGE / "report" / "pages").glob("*.html")
        for id in re.findall(r"[\"'](\w+)[\"']", page.read_text("utf-8"))
        if id in METRICS
    }
    # Where an answer fell is an outcome, one of which has the name of a metric. The page of a question shows
    # the F1 of a partly right answer.
    assert {(page, id) for page, id in found if id != "leak"} <= {("question.html", "f1")}
