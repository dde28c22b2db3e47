"""The table of docs/trust/strategies.md, made again."""

from __future__ import annotations

import pytest

from qa_eval.records import Corpus
from qa_eval.runs.store import Run
from tests.support.places import ROOT
from tests.support.strategies import STRATEGIES, earned, table

PAGE = ROOT / "docs" / "trust" / "strategies.md"


def test_the_documented_table_is_what_the_strategies_earn() -> None:
    documented = (
        PAGE.read_text("utf-8").partition("<!-- strategies -->\n")[2].partition("<!-- /strategies -->")[0]
    )
    assert documented.splitlines() == table()


def test_abstaining_raises_em_and_f1_and_never_balanced_f1(committed: Run, curated: Corpus) -> None:
    found = {name: earned(committed, curated, strategy) for name, strategy in STRATEGIES.items()}
    answered, contested = found["as answered"], found["no answer to contested facts"]
    assert contested["em"] > answered["em"]
    assert contested["f1"] > answered["f1"]
    assert contested["balanced_f1"] < answered["balanced_f1"]
    assert found["no answer to anything"]["balanced_f1"] == 0.5
    assert found["no answer to anything"]["balanced_skill"] == pytest.approx(0)
    assert found["always an answer"]["balanced_f1"] <= 0.5
