"""The scorer against a second one made of plain loops, on answers that try to tell them apart."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest

from qa_eval import load_corpus
from qa_eval.data.items import item_ids
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.decisions import decide, pool
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.summary import summarize
from qa_eval.records import (
    TRACKS,
    Answer,
    Candidate,
    Claim,
    Corpus,
    Estimate,
    ItemId,
    Prediction,
    Question,
    Summary,
    Track,
)
from qa_eval.runs.rows import gather, judge
from tests.support.loop_scorer import (
    abstains,
    answers_in_order,
    claim_made,
    confidence_metrics,
    failed,
    leniently,
    located,
    paraphrase_metrics,
    pooled_metrics,
    preferences,
    reading_metrics,
    silence_metrics,
)
from tests.support.worked_example import of_spans

READING: tuple[Track, ...] = ("reading",)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """The curated set, with a date for every claim of an update (that of its article in their order).

    Every other contested fact has marks on its claims.
    """
    curated = load_corpus()
    days = {article.id: f"2016-04-{n:02}" for n, article in enumerate(curated.articles, 1)}

    def dated(claim: Claim) -> Claim:
        return replace(claim, evidence=tuple(replace(e, as_of=days[e.article]) for e in claim.evidence))

    updates = [q for q in curated.questions if q.relation == "update"]
    assert len(updates) > 2
    claims = {q.id: tuple(map(dated, q.claims)) for q in updates}
    dated_ones = [replace(q, claims=claims.get(q.id, q.claims)) for q in curated.questions]
    return replace(curated, questions=tuple(marked(q, n) for n, q in enumerate(dated_ones)))


def marked(question: Question, number: int) -> Question:
    """The question with its last claim marked as misinformation and its first preferred, or as it is."""
    if number % 2 or not question.contested:
        return question
    *rest, last = question.claims
    wrong = replace(last, status="misinformation")
    return replace(question, claims=(*rest, wrong), resolution=question.claims[0].id)


def adversarial_candidate(
    rng: random.Random, corpus: Corpus, question: Question, article: str, score: float
) -> Candidate:
    """A span or a text that some rule might credit wrongly."""
    text = corpus.article(article).text
    kind = rng.randrange(12)
    evidence = [e for c in question.claims for e in c.evidence]
    here = [e for e in evidence if e.article == article]
    if kind == 0 and here:  # a gold in place
        e = rng.choice(here)
        return Candidate(text=e.text, article=article, start=e.start, end=e.end, score=score)
    if kind == 1 and here:  # a gold with ragged edges
        e = rng.choice(here)
        start = max(0, e.start - rng.randrange(12))
        end = min(len(text), e.end + rng.randrange(-3, 12))
        start, end = min(start, end - 1), max(start + 1, end)
        return Candidate(text=text[start:end], article=article, start=start, end=end, score=score)
    if kind == 2:  # another source's words, without offsets
        return Candidate(text=rng.choice(evidence).text, score=score)
    if kind == 3:  # wrong number, other bound, other unit
        words = [
            "400 civilians",
            "180 government troops",
            "fewer than 400",
            "400+",
            "over 400",
            "401",
            "four hundred and one",
            "three days",
            "three weeks",
            "2015",
            "May 2014",
            "81",
        ]
        return Candidate(text=rng.choice(words), score=score)
    if kind == 4:  # nothing, or nothing but punctuation and articles
        return Candidate(text=rng.choice(["the", "—", "...", "\u200f", "é́"]), score=score)
    if kind == 5 and here:  # the right words with the wrong offsets
        e = rng.choice(here)
        return Candidate(text=e.text, article=article, start=0, end=len(e.text), score=score)
    if kind == 6 and evidence:  # a wording in a frame
        return Candidate(text=f"It was {rng.choice(evidence).text}", article=article, score=score)
    if kind in (7, 8) and here:  # words of the article about a gold, without offsets
        e = rng.choice(here)
        start = max(0, e.start - rng.randrange(20))
        bare = text[start : max(start + 1, e.end + rng.randrange(-8, 20))]
        return Candidate(text=bare, article=article if kind == 7 else None, score=score)
    start = rng.randrange(len(text) - 1)
    end = min(len(text), start + rng.randrange(1, 60))
    return Candidate(text=text[start:end], article=article, start=start, end=end, score=score)


def adversarial_predictions(corpus: Corpus, seed: int) -> dict[str, Prediction]:
    rng = random.Random(seed)
    predictions = {}
    for item in item_ids(corpus, tracks=READING, paraphrases=True):
        question = corpus.question(item.fact)
        scores = sorted((rng.gauss(0, 3) for _ in range(rng.randrange(0, 6))), reverse=True)
        seen: dict[tuple[str, int | None], Candidate] = {}
        for s in scores:
            c = adversarial_candidate(rng, corpus, question, item.article, s)
            seen.setdefault((c.text, c.start), c)
        null = rng.gauss(0, 3) if rng.random() < 0.8 else None
        error = "Boom: it broke" if rng.random() < 0.03 else None
        final = rng.choice(["", "400", "a few"]) if rng.random() < 0.05 else None
        predictions[str(item)] = Prediction(
            item=str(item),
            n_best=() if error else tuple(seen.values()),
            null_score=null,
            text=None if error else final,
            error=error,
        )
    return predictions


def answers_of(corpus: Corpus, predictions: dict[str, Prediction], seed: int) -> dict[str, Answer]:
    rng = random.Random(seed)
    answers = {}
    for item in item_ids(corpus, tracks=TRACKS, paraphrases=True):
        key = str(item)
        if item.track == "reading":
            answers[key] = decide(predictions[key], threshold=rng.choice([-1.0, 0.0, 1.5]))
            if rng.random() < 0.02:
                answers[key] = Answer(item=key, text="", missing=True)
            continue
        asked = {
            a.id: predictions[str(replace(item, article=a.id))]
            for a in corpus.articles
            if str(replace(item, article=a.id)) in predictions
        }
        answers[key] = pool(item, corpus.question(item.fact), asked)
    return answers


@pytest.mark.parametrize("seed", range(6))
def test_both_scorers_agree_on_adversarial_answers(corpus: Corpus, seed: int) -> None:
    answers = answers_of(corpus, adversarial_predictions(corpus, seed), seed)
    # Offsets that do not hold the answer are dropped before anything is judged.
    scores = [
        score_item(corpus.question(ItemId.parse(k).fact), ItemId.parse(k), a, corpus)
        for k, a in answers.items()
    ]
    for s in scores:
        if s.track == "reading" and s.answerable:
            leak = s.scores["lenient"] - s.scores["match"]
            assert leak in (0.0, 1.0), s
            assert s.scores.get("leak", leak) == leak, s
    for s in scores:
        assert judged(corpus, ItemId.parse(s.item), answers[s.item]) == (s.matched_claim, s.match.ok), s
    summary = summarize(scores, intervals=False, questions=corpus.questions)
    plain = {k: placed(corpus, a) for k, a in answers.items()}
    reading = reading_metrics(corpus, plain) | paraphrase_metrics(corpus, plain)
    reading |= silence_metrics(corpus, plain) | confidence_metrics(corpus, plain)
    same_values(summary.metrics["reading"], reading)
    same_pooled(summary, corpus, plain)
    pooled = pooled_metrics(corpus, plain)
    assert reading.keys() | pooled.keys() == of_spans(METRICS).keys(), "every metric is computed in loops too"


def same_values(found: Mapping[str, Estimate], expected: Mapping[str, float | None]) -> None:
    for name, value in expected.items():
        if value is None:
            assert name not in found, name
        else:
            assert found[name].value == pytest.approx(value, abs=1e-9), name


def same_pooled(summary: Summary, corpus: Corpus, plain: Mapping[str, Answer]) -> None:
    """All that a summary has of the pooled track: its metrics, no others, slices and preferences."""
    expected = pooled_metrics(corpus, plain)
    assert {"majority", "newest", "support"} <= of_spans(summary.metrics["pooled"]).keys() == set(expected)
    same_values(summary.metrics["pooled"], expected)
    relations = {q.relation for q in corpus.questions if q.relation is not None}
    for relation in relations:
        part = {k: a for k, a in plain.items() if corpus.question(ItemId.parse(k).fact).relation == relation}
        expected = pooled_metrics(corpus, part)
        found = summary.slices[f"pooled:relation:{relation}"]
        assert of_spans(found).keys() == set(expected)
        same_values(found, expected)
    assert summary.source_preference == approximately(preferences(corpus, plain, speakers=False))
    assert summary.speaker_preference == approximately(preferences(corpus, plain, speakers=True))


def approximately(found: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
    return {name: pytest.approx(values, abs=1e-9) for name, values in found.items()}


COPIES, BARE, SILENT = "copies", "bare", "silent"


@pytest.mark.parametrize(
    ("kinds", "whole", "pooled"),
    [
        pytest.param((COPIES,), (), True, id="spans only: no leak"),
        pytest.param((BARE,), (), False, id="texts only"),
        pytest.param((BARE, SILENT), (), False, id="texts, and facts without any"),
        pytest.param((SILENT,), (), True, id="no answer at all"),
        pytest.param((BARE, COPIES), (), True, id="texts among spans are missing"),
        pytest.param((BARE,), (0, 5, 6), True, id="texts, and answers to all articles at once"),
        pytest.param((BARE, SILENT), (1,), True, id="one answer to all articles at once"),
    ],
)
def test_both_scorers_agree_on_which_answers_count(
    corpus: Corpus, kinds: tuple[str, ...], whole: tuple[int, ...], pooled: bool
) -> None:
    rng = random.Random(7)
    items = item_ids(corpus, tracks=TRACKS, paraphrases=False)
    numbers = {q.id: n for n, q in enumerate(corpus.questions)}
    predictions: dict[str, Prediction] = {}
    for item in items:
        key, question = str(item), corpus.question(item.fact)
        kind = kinds[numbers[item.fact] % len(kinds)]
        golds = [e for c in question.own_claims(item.article) for e in c.evidence_in(item.article)]
        e = rng.choice(golds) if golds else None
        if item.track == "pooled":
            if numbers[item.fact] in whole:
                predictions[key] = Prediction(item=key, text=rng.choice(question.any_golds))
        elif kind == SILENT:
            predictions[key] = Prediction(item=key, text="")
        elif kind == BARE:
            text = rng.choice(["", "", rng.choice(question.any_golds)])
            predictions[key] = Prediction(item=key, text=text, no_answer_probability=rng.random())
        else:
            text = corpus.article(item.article).text
            start = rng.randrange(len(text) - 9) if e is None else e.start
            end = start + 9 if e is None else e.end
            span = Candidate(text=text[start:end], article=item.article, start=start, end=end, score=1.0)
            predictions[key] = Prediction(item=key, n_best=(span,), null_score=rng.gauss(0, 2))
    asked = gather(corpus, items, predictions)
    rows = judge(corpus, items, predictions, asked, 0.0)
    summary = summarize(rows, intervals=False, questions=corpus.questions)
    answers = {
        str(i): pool(i, corpus.question(i.fact), asked[str(i)])
        if i.track == "pooled"
        else decide(predictions[str(i)])
        for i in items
    }
    plain = {k: placed(corpus, a) for k, a in answers.items()}
    reading = reading_metrics(corpus, plain) | silence_metrics(corpus, plain)
    reading |= confidence_metrics(corpus, plain)
    same_values(summary.metrics["reading"], reading)
    assert ("leak" in summary.metrics["reading"]) == (BARE in kinds)
    counted = answers_in_order({k: a for k, a in plain.items() if k in asked}, asked)
    assert bool(counted) == pooled == bool(summary.metrics["pooled"])
    if pooled:
        same_pooled(summary, corpus, counted)
    else:
        assert (summary.source_preference, summary.speaker_preference) == ({}, {})


def judged(corpus: Corpus, item: ItemId, answer: Answer) -> tuple[str | None, bool]:
    """The claim that an answer makes and whether it is right, by the loops."""
    question = corpus.question(item.fact)
    claims = question.own_claims(item.article) if item.track == "reading" else question.claims
    if failed(answer):
        return None, False
    if abstains(answer):
        return None, not claims
    place = located(
        corpus, question, answer.text, answer.candidate, item.article if item.track == "reading" else None
    )
    right = any(leniently(question, c, answer.text, place) for c in claims)
    return claim_made(question, answer.text, place), right


def placed(corpus: Corpus, answer: Answer) -> Answer:
    """The same answer with the offsets of every candidate dropped that the article does not confirm."""

    def checked(candidate: Candidate) -> Candidate:
        if candidate.start is None or candidate.article is None or candidate.end is None:
            return replace(candidate, start=None, end=None)
        text = corpus.article(candidate.article).text[candidate.start : candidate.end]
        return candidate if text == candidate.text else replace(candidate, start=None, end=None)

    chosen = answer.candidate
    if chosen is not None and chosen.text != answer.text:
        chosen = None
    return replace(
        answer,
        candidate=None if chosen is None else checked(chosen),
        n_best=tuple(checked(c) for c in answer.n_best),
    )
