"""Small corpora that several tests share: the design's worked example, and one with quotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from hypothesis import strategies as st

from qa_eval.data.content_hashes import articles_sha256, questions_sha256
from qa_eval.files.hashes import sha256_text
from qa_eval.matching.claims import foreign_claims
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.decisions import decide, pool
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.worded_scores import ATTRIBUTION_SCORES
from qa_eval.records import (
    Answer,
    Article,
    Candidate,
    Claim,
    Corpus,
    Evidence,
    ItemId,
    Prediction,
    Question,
)

TEXTS = {
    "A": "A spokesman said over 400 IS fighters had died around the old city.",
    "B": "The army counted 400 dead on the other side by Sunday evening.",
    "C": "According to the monitor, 417 militants were killed.",
    "D": "Of some 5,000 men, 417 did not come back.",
    "E": "The airport was retaken. The army went on towards the east.",
}


def corpus_of(questions: Sequence[Question], texts: Mapping[str, str]) -> Corpus:
    articles = tuple(Article(id=id, text=text, sha256=sha256_text(text)) for id, text in texts.items())
    return Corpus(
        questions=tuple(questions),
        articles=articles,
        questions_sha256=questions_sha256(questions),
        articles_sha256=articles_sha256(articles),
    )


def evidence(article: str, text: str, texts: Mapping[str, str] = TEXTS) -> Evidence:
    return Evidence(article=article, text=text, start=texts[article].index(text))


def span(article: str, text: str, score: float = 0.0, texts: Mapping[str, str] = TEXTS) -> Candidate:
    start = texts[article].index(text)
    return Candidate(text=text, article=article, start=start, end=start + len(text), score=score)


LOSSES = Question(
    id="losses",
    question="How many of the fighters died?",
    paraphrases=("What was the death toll among the fighters?",),
    category="death-toll",
    answer_type="number",
    relation="precision",
    claims=(
        Claim(id="over-400", evidence=(evidence("A", "over 400"),)),
        Claim(id="400", evidence=(evidence("B", "400"),), aliases=("four hundred",)),
        Claim(id="417", evidence=(evidence("C", "417"), evidence("D", "417"))),
    ),
    silent=("E",),
)
WORKED = corpus_of([LOSSES], TEXTS)
"""The worked example of the design: three claims, four articles that answer and one that does not."""

SAID = {"A": "400 IS fighters", "B": "four hundred", "C": "400", "D": "417", "E": "over 400"}

QUOTED = {
    "P": "He vowed to fight on until the last man had left, and then fell silent.",
    "Q": "The general said the battle was over and nobody would return to the desert.",
    "R": "The old town lies beside an oasis. Its airport is closed.",
}
VOW = Question(
    id="vow",
    question="What did the general say?",
    category="words",
    answer_type="text",
    relation="wording",
    claims=(
        Claim(id="fight", evidence=(evidence("P", "fight on until the last man had left", QUOTED),)),
        Claim(id="over", evidence=(evidence("Q", "the battle was over", QUOTED),)),
    ),
    silent=("R",),
)
AIRPORT = Question(
    id="airport",
    question="What is closed?",
    category="places",
    answer_type="text",
    claims=(Claim(id="closed", evidence=(evidence("R", "airport", QUOTED),)),),
    silent=("P",),
    partial=("Q",),
)
QUOTATIONS = corpus_of([VOW, AIRPORT], QUOTED)


RANKED = (
    ("C", "417", 9.0),
    ("C", "417 militants", 8.0),
    ("A", "over 400", 7.0),
    ("B", "400", 6.0),
    ("D", "5,000", 5.0),
)
"""The worked example's n-best: claims 417, 417 again, over-400, 400, none."""


def predictions(
    ranked: tuple[tuple[str, str, float], ...] = RANKED, *, spans: bool = True
) -> dict[str, Prediction]:
    found: dict[str, tuple[Candidate, ...]] = {}
    for article, text, score in ranked:
        candidate = span(article, text, score) if spans else Candidate(text=text, score=score)
        found[article] = (*found.get(article, ()), candidate)
    return {a: Prediction(item=f"losses@{a}", n_best=c) for a, c in found.items()}


def said(item: str, text: str) -> Answer:
    """A bare text as the answer to an item."""
    return decide(Prediction(item=item, text=text))


def reading(question: Question, corpus: Corpus, answers: Mapping[str, str]) -> list[ItemScore]:
    """The scores of bare texts, by article."""
    scores = []
    for article, text in answers.items():
        item = ItemId(fact=question.id, article=article)
        scores.append(score_item(question, item, said(str(item), text), corpus))
    return scores


def reading_items(corpus: Corpus) -> list[ItemId]:
    return [
        ItemId(fact=q.id, article=a.id)
        for q in corpus.questions
        for a in corpus.articles
        if a.id not in q.partial
    ]


def pooled_items(corpus: Corpus) -> list[ItemId]:
    return [ItemId(fact=q.id, article="*") for q in corpus.questions]


def score_pooled(question: Question, corpus: Corpus, predictions: Mapping[str, Prediction]) -> ItemScore:
    item = ItemId(fact=question.id, article="*")
    return score_item(question, item, pool(item, question, predictions), corpus)


def filed_under(score: ItemScore, item: ItemId) -> ItemScore:
    """The score of another item, said of this one."""
    return replace(score, item=str(item), fact=item.fact, article=item.article, track=item.track)


_Value = TypeVar("_Value")


def of_spans(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """The values by metric without those of answers in words, and of what passages do to such answers."""
    return {
        id: value
        for id, value in values.items()
        if id not in ATTRIBUTION_SCORES and METRICS[id].family not in ("words", "passages")
    }


def check_invariants(question: Question, score: ItemScore) -> None:
    scores = of_spans(score.scores)
    assert all(
        v == 0 or v == 1 or id in ("claim_recall", *ATTRIBUTION_SCORES)
        for id, v in score.scores.items()
        if id not in scores
    )
    assert set(scores) <= set(METRICS)
    assert all(0.0 <= v <= 1.0 for v in scores.values())
    assert all(scores[k] <= scores[f"{k}_any"] for k in ("em", "f1") if k in scores)
    assert all(scores[e] <= scores[f] for e, f in (("em", "f1"), ("em_any", "f1_any")) if e in scores)
    if score.track == "pooled":
        assert scores["match_any"] == float(score.match.ok)
        return
    assert scores["match"] == float(score.match.ok) == float(score.correct)
    if score.answerable:
        leak = scores.get("leak", 0.0)
        assert scores["match"] * leak == 0
        assert scores["lenient"] == scores["match"] + leak or "leak" not in scores
        assert scores["lenient"] >= scores["match"]
        assert ("leak" in scores) == bool(foreign_claims(question, score.article))
        assert scores.get("leak_leakable", leak) == leak
    elif not score.failed:
        assert scores["em"] == scores["f1"] == scores["match"] == scores["no_answer_recall"]
        assert scores["no_answer_leak"] <= 1 - scores["match"]


# What a hostile or broken system might say: right and wrong golds, pieces of articles, spans anywhere, junk.


def texts_about(corpus: Corpus) -> st.SearchStrategy[str]:
    wordings = [w for q in corpus.questions for c in q.claims for w in c.wordings]
    return st.one_of(
        st.sampled_from(wordings),
        st.sampled_from([*SAID.values(), "", " ", "the", "…", "0", "4 hundred", "401", "almost 417"]),
        st.sampled_from([a.text for a in corpus.articles]),
        st.tuples(st.sampled_from(wordings), st.sampled_from(wordings)).map(" or ".join),
        st.text(max_size=20),
        st.integers(-10, 10_000).map(str),
    )


@st.composite
def candidates_about(draw: st.DrawFn, corpus: Corpus) -> Candidate:
    article = draw(st.sampled_from(corpus.articles))
    start = draw(st.integers(-1, len(article.text) + 2))
    end = start + draw(st.integers(-1, 30))
    honest = draw(st.integers(0, 3)) > 0
    text = article.text[max(start, 0) : max(end, 0)] if honest else draw(texts_about(corpus))
    return Candidate(
        text=text,
        article=draw(st.sampled_from([article.id, None, "nowhere"])),
        start=draw(st.sampled_from([start, start, None])),
        end=end,
        score=draw(st.floats(-50, 50)),
    )


@st.composite
def predictions_about(draw: st.DrawFn, corpus: Corpus, item: str) -> Prediction:
    return Prediction(
        item=item,
        n_best=tuple(draw(st.lists(candidates_about(corpus), max_size=5))),
        null_score=draw(st.none() | st.floats(-50, 50)),
        text=draw(st.none() | st.none() | texts_about(corpus)),
        no_answer_probability=draw(st.none() | st.floats(0, 1)),
        error=draw(st.sampled_from([None] * 9 + ["broken"])),
    )
