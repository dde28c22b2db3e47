"""Item ids: what `str` writes, `parse` reads, and nothing else."""

from __future__ import annotations

import pytest

from qa_eval.records import ItemId


@pytest.mark.parametrize(
    ("text", "item", "track"),
    [
        pytest.param("dead@a", ItemId(fact="dead", article="a"), "reading", id="reading"),
        pytest.param("dead@*", ItemId(fact="dead", article="*"), "pooled", id="pooled"),
        pytest.param("dead~2@a", ItemId(fact="dead", article="a", paraphrase=2), "reading", id="paraphrase"),
        pytest.param(
            "d~10@*", ItemId(fact="d", article="*", paraphrase=10), "pooled", id="pooled paraphrase"
        ),
    ],
)
def test_an_item_id_parses_and_prints_as_inverses(text: str, item: ItemId, track: str) -> None:
    assert ItemId.parse(text) == item
    assert str(item) == text
    assert item.track == track


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "FACT@ARTICLE"),
        ("dead", "FACT@ARTICLE"),
        ("@a", "FACT@ARTICLE"),
        ("dead@", "FACT@ARTICLE"),
        ("dead@a@b", "FACT@ARTICLE"),
        ("dead~@a", "FACT@ARTICLE"),
        ("dead~x@a", "FACT@ARTICLE"),
        ("dead~0@a", "paraphrases count from 1"),
        ("dead~02@a", "paraphrases count from 1"),
        ("dead~٢@a", "paraphrases count from 1"),
    ],
)
def test_anything_else_is_refused_with_the_text(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="not an item id") as caught:
        ItemId.parse(text)
    assert repr(text) in str(caught.value)
    assert why in str(caught.value)
