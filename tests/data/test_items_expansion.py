"""From a corpus to what is asked: item ids for both tracks, and instances without any gold."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from qa_eval.authoring.statistics import ArticleStats, question_stats
from qa_eval.data.items import instances, item_ids
from qa_eval.errors import QaEvalError
from qa_eval.records import Corpus, Instance, ItemId
from tests.support.small_corpus import ARTICLES, FALL, LOSSES, fact, small_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return small_corpus(tmp_path, [LOSSES, fact(FALL, silent=["gamma"], partial=["beta"])])


EXPANSIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "reading leaves partial articles out": (
        {"tracks": ["reading"]},
        [
            "militant-losses@alpha",
            "militant-losses@beta",
            "militant-losses@gamma",
            "fall-of-town@alpha",
            "fall-of-town@gamma",
        ],
    ),
    "pooled has one item a fact": ({"tracks": ["pooled"]}, ["militant-losses@*", "fall-of-town@*"]),
    "both tracks, reading first": (
        {"tracks": ["pooled", "reading"], "categories": ["dates"]},
        ["fall-of-town@alpha", "fall-of-town@gamma", "fall-of-town@*"],
    ),
    "paraphrases follow their question": (
        {"tracks": ["reading", "pooled"], "paraphrases": True, "limit": 1},
        [
            "militant-losses@alpha",
            "militant-losses@beta",
            "militant-losses@gamma",
            "militant-losses~1@alpha",
            "militant-losses~1@beta",
            "militant-losses~1@gamma",
            "militant-losses@*",
            "militant-losses~1@*",
        ],
    ),
    "no track has no items": ({"tracks": []}, []),
    "a limit beyond the end takes all": (
        {"tracks": ["pooled"], "limit": 9},
        ["militant-losses@*", "fall-of-town@*"],
    ),
    "a sample beyond the end takes all, in order": (
        {"tracks": ["pooled"], "sample": 9},
        ["militant-losses@*", "fall-of-town@*"],
    ),
}


@pytest.mark.parametrize(("options", "expected"), EXPANSIONS.values(), ids=EXPANSIONS)
def test_a_corpus_expands_to_these_items(
    corpus: Corpus, options: dict[str, Any], expected: list[str]
) -> None:
    assert [str(i) for i in item_ids(corpus, **options)] == expected


WRONG = {
    "unknown category": (
        {"categories": ["date"]},
        'category: no question has the category "date"; did you mean "dates"?',
    ),
    "limit of nothing": ({"limit": 0}, "limit: there is nothing to ask with 0 facts; give 1 or more"),
    "negative sample": ({"sample": -1}, "sample: there is nothing to ask with -1 facts; give 1 or more"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_a_choice_that_cannot_be_made_is_refused(
    corpus: Corpus, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(QaEvalError) as caught:
        item_ids(corpus, tracks=["reading"], **options)
    assert str(caught.value) == message


def test_a_sample_is_seeded_nested_and_keeps_whole_facts(curated: Corpus) -> None:
    def facts(sample: int, seed: int) -> list[str]:
        items = item_ids(curated, tracks=["reading", "pooled"], sample=sample, seed=seed)
        return list(dict.fromkeys(i.fact for i in items))

    assert facts(10, 1) == facts(10, 1)
    assert facts(10, 1) != facts(10, 2)
    assert set(facts(10, 1)) < set(facts(20, 1))
    assert len(facts(20, 1)) == 20
    order = [q.id for q in curated.questions]
    assert sorted(facts(20, 1), key=order.index) == facts(20, 1)
    chosen = set(facts(10, 1))
    whole = [i for i in item_ids(curated, tracks=["reading"]) if i.fact in chosen]
    assert item_ids(curated, tracks=["reading"], sample=10, seed=1) == whole


def test_a_pooled_item_asks_every_article_partial_ones_included(corpus: Corpus) -> None:
    found = instances(corpus, [ItemId.parse("fall-of-town~1@*")])
    assert found == [
        Instance(
            item=f"fall-of-town~1@{id}",
            question="On what date did it change hands?",
            context=text,
            article=id,
        )
        for id, text in ARTICLES.items()
    ]


def test_both_tracks_share_one_instance_a_question_and_article(corpus: Corpus) -> None:
    items = item_ids(corpus, tracks=["reading", "pooled"], paraphrases=True)
    asked = [i.item for i in instances(corpus, items)]
    assert len(asked) == len(set(asked)) == 2 * 2 * 3
    # The two that only the pooled track needs (beta is partial to the fall) come last.
    assert asked[-2:] == ["fall-of-town@beta", "fall-of-town~1@beta"]


def test_an_instance_holds_no_gold() -> None:
    names = {f.name for f in dataclasses.fields(Instance)}
    assert names == {"item", "question", "context", "article", "question_id", "mode", "passages"}


def test_an_item_of_another_corpus_is_a_key_error(corpus: Corpus) -> None:
    for text in ("nothing@alpha", "fall-of-town@delta"):
        with pytest.raises(KeyError):
            instances(corpus, [ItemId.parse(text)])


def test_statistics_count_everything_once(corpus: Corpus) -> None:
    stats = question_stats(corpus)
    assert (stats.facts, stats.contested, stats.claims, stats.evidence, stats.aliases) == (2, 1, 3, 3, 1)
    assert (stats.paraphrases, stats.facts_without_paraphrases) == (2, 0)
    assert stats.relations == {"contradiction": 0, "update": 0, "precision": 1, "scope": 0, "wording": 0}
    assert stats.categories == {"dates": 1, "death-toll": 1}
    assert stats.answer_types == {"number": 1, "date": 1}
    assert stats.articles == {
        "alpha": ArticleStats(answerable=2, silent=0, partial=0),
        "beta": ArticleStats(answerable=1, silent=0, partial=1),
        "gamma": ArticleStats(answerable=0, silent=2, partial=0),
    }
    assert stats.items == {"reading": 5, "pooled": 2}
    assert stats.items_with_paraphrases == {"reading": 10, "pooled": 4}
    assert (stats.silent_items, stats.silent_share) == (2, 0.4)
