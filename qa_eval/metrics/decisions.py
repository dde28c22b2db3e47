"""Turns predictions into answers: thresholds, probabilities, and one answer from many articles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from qa_eval.matching.normal_form import normalize
from qa_eval.records import Answer, Candidate, ItemId, NBest, Prediction, Question


def abstains(text: str) -> bool:
    """Whether an answer is empty, or has only punctuation and articles.

    By the SQuAD rules, such a text equals the empty gold. On silent items, EM, F1, `match` and
    `no_answer_recall` are therefore the same number.

    >>> abstains(""), abstains(" -- "), abstains("400")
    (True, True, False)
    """
    return not normalize(text)


def is_failed(answer: Answer) -> bool:
    """Whether there is no answer because the model failed on the item or left it out."""
    return answer.error is not None or answer.missing


def decide(prediction: Prediction, *, threshold: float = 0.0) -> Answer:
    """The answer to one instance, under a no-answer threshold.

    If the model decided the text itself, that text is the answer under every threshold. Otherwise the best
    span is the answer, unless null score - best score exceeds the threshold (at equality it answers). Without
    a null score a model always answers. Without spans it always abstains. Probabilities are one softmax over
    the n-best and the null score. If all candidates have a probability and there is no null score, they keep
    theirs. Never raises.

    >>> spans = (Candidate(text="400", score=2.0),)
    >>> decide(Prediction(item="q@a", n_best=spans, null_score=1.0)).text
    '400'
    >>> decide(Prediction(item="q@a", n_best=spans, null_score=1.0), threshold=-1.5).text
    ''
    """
    candidates, null_probability = NBest.of(prediction.n_best), None
    if prediction.null_score is not None or None in candidates.probabilities:
        candidates, null_probability = _with_probabilities(candidates, prediction.null_score)
    best = candidates.scores[0] if candidates.scores else None
    no_answer = prediction.no_answer_probability
    margin = None
    if best is not None and prediction.null_score is not None:
        margin = prediction.null_score - best
        no_answer = sigmoid(margin) if no_answer is None else no_answer
    chosen = None
    if prediction.text is not None:
        text = prediction.text
        if text in candidates.texts:
            chosen = candidates[candidates.texts.index(text)]
    else:
        if best is not None and not (margin is not None and margin > threshold):
            chosen = candidates[0]
        text = "" if chosen is None else chosen.text
    if prediction.error is not None:
        text, chosen, null_probability, no_answer = "", None, None, None
    return Answer(
        item=prediction.item,
        text=text,
        candidate=chosen,
        score=best,
        null_score=prediction.null_score,
        no_answer_probability=no_answer,
        threshold=threshold if prediction.text is None and margin is not None else None,
        n_best=candidates,
        confidence=_confidence(text, chosen, null_probability, no_answer)
        if prediction.confidence is None or prediction.error is not None
        else prediction.confidence,
        windows=prediction.windows,
        tokens=prediction.tokens,
        truncated=prediction.truncated,
        raw=prediction.raw,
        error=prediction.error,
    )


def pool(item: ItemId, question: Question, predictions: Mapping[str, Prediction]) -> Answer:
    """One answer from all articles: their n-best are merged by score, best first. It never abstains.

    `predictions` are those for one question, by article id. A prediction for all articles at once has the key
    `*`. Scores of different articles are comparable because they are logit sums. Ties are broken by article
    id, then offset, then text. The probabilities are one softmax over the merged n-best only.

    If no prediction has an n-best, the texts are compared by their no-answer probability (one half if
    unknown, ties by article id). The answer then has no n-best, and n-best metrics are undefined. If only
    some predictions have an n-best, bare texts cannot be ranked and are left out. Failed articles are left
    out. If all failed, the answer is an error. Without predictions, it is missing.

    >>> a = Prediction(item="q@a", n_best=(Candidate(text="180", score=3.0),), null_score=9.0)
    >>> b = Prediction(item="q@b", n_best=(Candidate(text="194", score=5.0),))
    >>> from qa_eval.records import Question
    >>> q = Question(id="q", question="How many?", category="c", answer_type="number", claims=())
    >>> pool(ItemId(fact="q", article="*"), q, {"a": a, "b": b}).text
    '194'
    """
    asked = {article: p for article, p in sorted(predictions.items()) if p.error is None}
    merged = [_in_article(c, article) for article, p in asked.items() for c in p.n_best]
    candidates, _ = _with_probabilities(NBest.of(sorted(merged, key=_pool_order)), None)
    top = candidates[0] if candidates else _best_text(asked)
    failed = [p.error for p in predictions.values() if p.error is not None]
    return Answer(
        item=str(item),
        text=top.text if top is not None else "",
        candidate=top,
        score=candidates[0].score if candidates else None,
        n_best=candidates,
        confidence=top.probability if top is not None else None,
        windows=sum(p.windows for p in predictions.values()),
        tokens=sum(p.tokens for p in predictions.values()),
        truncated=any(p.truncated for p in predictions.values()),
        raw=asked["*"].raw if "*" in asked else None,
        error=failed[0] if failed and not asked else None,
        missing=not predictions,
    )


def has_order(predictions: Mapping[str, Prediction]) -> bool:
    """Whether these answers to one question, by article, make one pooled answer.

    They do if one is for all articles at once (`*`), or if some have an n-best with comparable scores.
    """
    given = [(article, p) for article, p in predictions.items() if p.error is None]
    return any(p.n_best or (article == "*" and p.text is not None) for article, p in given)


def has_no_order(predictions: Mapping[str, Prediction]) -> bool:
    """Whether these answers to one question, by article, are bare texts that cannot be ordered.

    False also if no article got an answer.
    """
    answers = (p.text for p in predictions.values() if p.error is None and p.text is not None)
    return not has_order(predictions) and any(not abstains(text) for text in answers)


def make_pooled_answers(pooled: Iterable[Mapping[str, Prediction]]) -> bool:
    """Whether a model's answers, by pooled item and article, make pooled answers.

    They do unless some are bare texts that cannot be ordered, and no pooled item has an order (see
    `has_order`). This is a property of the model, so `pooled` holds all pooled items that it was asked.
    """
    some_without = False
    for predictions in pooled:
        if has_order(predictions):
            return True
        some_without |= has_no_order(predictions)
    return not some_without


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), without overflow.

    >>> sigmoid(0.0), sigmoid(-1e9), sigmoid(1e9)
    (0.5, 0.0, 1.0)
    """
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)
    return e / (1.0 + e)


def logit(probability: float) -> float:
    """Inverse of `sigmoid`; 0 and 1 give the finite ends ±log(10^12), so that nothing is ever infinite.

    >>> logit(0.5), round(logit(1.0), 2)
    (0.0, 27.63)
    """
    p = min(max(probability, 1e-12), 1.0 - 1e-12)
    return math.log(p) - math.log1p(-p)


def _softmax(scores: Sequence[float]) -> list[float]:
    top = max(scores, default=0.0)
    powers = [math.exp(s - top) for s in scores]
    total = math.fsum(powers)
    return [p / total for p in powers]


def _with_probabilities(candidates: NBest, null_score: float | None) -> tuple[NBest, float | None]:
    """The candidates with the probabilities of one softmax, and that of no answer."""
    shares = _softmax(candidates.scores if null_score is None else (*candidates.scores, null_score))
    null_share = None if null_score is None else shares.pop()
    told = NBest(
        texts=candidates.texts,
        articles=candidates.articles,
        starts=candidates.starts,
        ends=candidates.ends,
        scores=candidates.scores,
        probabilities=tuple(shares),
    )
    return told, null_share


def _confidence(
    text: str, chosen: Candidate | None, null_probability: float | None, no_answer: float | None
) -> float | None:
    """Probability of the answer. For a bare text, it is the probability that there is an answer."""
    if not text:
        return null_probability if null_probability is not None else no_answer
    if chosen is not None:
        return chosen.probability
    return 1.0 - no_answer if no_answer is not None else None


def _in_article(candidate: Candidate, article: str) -> Candidate:
    return (
        candidate if candidate.article is not None or article == "*" else replace(candidate, article=article)
    )


def _pool_order(candidate: Candidate) -> tuple[float, str, int, str]:
    start = candidate.start if candidate.start is not None else -1
    return (-candidate.score, candidate.article or "", start, candidate.text)


def _best_text(predictions: Mapping[str, Prediction]) -> Candidate | None:
    """The answer without candidates that has the smallest no-answer probability."""

    def doubt(article: str) -> float:
        p = predictions[article].no_answer_probability
        return 0.5 if p is None else p

    given = {article: p.text for article, p in predictions.items() if p.text and not abstains(p.text)}
    if not given:
        return None
    article = min(given, key=lambda a: (doubt(a), a))
    chosen = predictions[article]
    confidence = chosen.confidence
    if confidence is None and chosen.no_answer_probability is not None:
        confidence = 1.0 - chosen.no_answer_probability
    return Candidate(text=given[article], article=None if article == "*" else article, probability=confidence)
