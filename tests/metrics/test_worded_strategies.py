"""The table of strategies of docs/reference/free-text.md, made again, and what it must show."""

from __future__ import annotations

import pytest

from qa_eval.records import Corpus
from tests.support.places import ROOT
from tests.support.worded_strategies import LONG, STRATEGIES, lines

PAGE = ROOT / "docs" / "reference" / "free-text.md"


@pytest.fixture(scope="module")
def documented() -> list[str]:
    text = PAGE.read_text("utf-8")
    return text.partition("<!-- strategies -->\n")[2].partition("<!-- /strategies -->")[0].splitlines()


def test_the_documented_table_is_what_the_strategies_earn(documented: list[str], curated: Corpus) -> None:
    short = [line for line in documented if not line.startswith(tuple(f"| {name} |" for name in LONG))]
    assert len(short) == len(documented) - len(LONG)
    assert short == list(lines(curated, without=LONG))


def test_no_strategy_comes_near_the_honest_answer(documented: list[str]) -> None:
    head, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in documented)
    table = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    assert list(table) == list(STRATEGIES)
    assert len(table) >= 11
    honest = table["every claim of the item, or a refusal (the best)"]
    # To give every claim of the sources is the right answer to a contested fact, and to no other item.
    every = table["every claim of all sources, always"]
    assert (every["complete and clean"], every["abstention"]) == ("100.0", "0.0")
    for name, row in table.items():
        if row is honest:
            continue
        assert float(row["balanced asserts"]) <= 80, name
        if row is not every:
            assert float(row["complete and clean"]) < 10, name
    for name in ("every number of the text", "the whole text", "“it is either X or not”"):
        assert float(table[name]["balanced asserts"]) < 5, name
    assert all(value == "100.0" for column, value in honest.items() if column != "F1")
