"""Item ids, which `parse` reads as `str` writes them, and spans."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from qa_eval.errors import UnknownNameError
from qa_eval.records import Candidate, Corpus, Evidence, ItemId, ModelInfo, Span


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
        ("dead~0@a", "N counts from 1"),
        ("dead~02@a", "N counts from 1"),
        ("dead~٢@a", "N counts from 1"),
    ],
)
def test_anything_else_is_refused_with_the_text(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="not an item id") as caught:
        ItemId.parse(text)
    assert repr(text) in str(caught.value)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        pytest.param(Span(17, 25, "a"), Span(22, 25, "a"), 3, id="inside"),
        pytest.param(Span(17, 25, "a"), Span(0, 18, "a"), 1, id="one character"),
        pytest.param(Span(17, 25, "a"), Span(25, 30, "a"), 0, id="next to each other"),
        pytest.param(Span(17, 25, "a"), Span(17, 25, "b"), 0, id="another article"),
        pytest.param(Span(17, 25), Span(17, 25, "a"), 0, id="no article"),
        pytest.param(Span(17, 25), Span(20, 90), 5, id="of a text at hand"),
        pytest.param(Span(18, 18, "a"), Span(17, 25, "a"), 0, id="empty"),
    ],
)
def test_spans_share_characters_of_one_article(one: Span, other: Span, shared: int) -> None:
    assert one.shared(other) == other.shared(one) == shared
    assert one.overlaps(other) is other.overlaps(one) is (shared > 0)


def test_a_span_holds_those_within_it_and_has_a_text() -> None:
    span = Span(4, 7, "a")
    assert span in span
    assert Span(5, 7, "a") in span
    assert Span(5, 8, "a") not in span
    assert Span(5, 7, "b") not in span
    assert (len(span), span.text("the sky is blue")) == (3, "sky")
    assert Span(-3, 2).text("the sky is blue") == ""


@pytest.mark.parametrize(
    ("article", "start", "end", "span"),
    [
        ("a", 4, 7, Span(4, 7, "a")),
        (None, 4, 7, None),
        ("a", None, 7, None),
        ("a", 4, None, None),
        ("a", 7, 7, None),
    ],
)
def test_a_candidate_has_a_span_where_it_names_one(
    article: str | None, start: int | None, end: int | None, span: Span | None
) -> None:
    assert Candidate(text="sky", article=article, start=start, end=end).span == span


def test_evidence_has_the_span_of_its_text() -> None:
    assert Evidence(article="a", text="sky", start=4).span == Span(4, 7, "a")


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies_keep_the_fields_of_a_newer_program(copied: Callable[[ModelInfo], ModelInfo]) -> None:
    read = {"spec": "m", "kind": "test", "name": "m", "mood": ["good"]}
    record = TypeAdapter(ModelInfo).validate_python(read)
    again = copied(record)
    assert (again, again.extra) == (record, {"mood": ["good"]})
    assert TypeAdapter(ModelInfo).dump_python(again)["mood"] == ["good"]
    assert replace(record, name="n").extra == {}, "of another record nobody knows them"
    plain = copied(ModelInfo(spec="m", kind="test", name="m"))
    assert (plain, plain.extra) == (record, {})


def test_an_unknown_article_or_question_is_a_named_error(curated: Corpus) -> None:
    with pytest.raises(UnknownNameError, match=r'there is no article "nowhere"; there are \d+: "'):
        curated.article("nowhere")
    with pytest.raises(UnknownNameError, match=r'there is no question "never"; there are \d+: "'):
        curated.question("never")
    with pytest.raises(KeyError):
        curated.question("never")
