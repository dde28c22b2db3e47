"""Turns predictions into scored rows of a predictions file, and rows back into predictions.

`run` scores fresh predictions. `verify` scores predictions that it rebuilds from the stored rows. Both use
the same functions, so that every number is reproduced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from qa_eval.data.content_hashes import gold_sha256, item_sha256
from qa_eval.data.items import closed_book_item, reordered_item, shown_articles
from qa_eval.files.hashes import combine_sha256, sha256_json, sha256_text
from qa_eval.matching.places import aligned_place
from qa_eval.metrics.decisions import decide, has_no_order, make_pooled_answers, pool
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.parts import in_words
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.thresholds import cross_fit_thresholds
from qa_eval.records import Answer, Candidate, Corpus, ItemId, Prediction, Question
from qa_eval.runs.options import Threshold
from qa_eval.runs.schema import PredictionRow

ByArticle = Mapping[str, Prediction]
"""Predictions for one question, by article id. A prediction for all articles at once has the key `*`."""


class ItemHashes(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of an item: hashes of its question, its text and its golds."""

    question_sha256: str
    context_sha256: str
    gold_sha256: str


def item_hashes(corpus: Corpus, items: Iterable[ItemId]) -> dict[ItemId, ItemHashes]:
    """The hashes of each item. The context of a pooled item is all articles in scope. Raises KeyError for an
    unknown fact or article.
    """
    questions = {q.id: q for q in corpus.questions}
    contexts = {a.id: sha256_text(a.text) for a in corpus.articles}
    golds = {q.id: gold_sha256(q) for q in corpus.questions}
    everything = combine_sha256(contexts)

    def together(question: Question) -> str:
        if question.scope is None:
            return everything
        return combine_sha256({a.id: contexts[a.id] for a in corpus.in_scope(question)})

    return {
        item: ItemHashes(
            question_sha256=sha256_text(questions[item.fact].wording(item.paraphrase)),
            context_sha256=together(questions[item.fact])
            if item.track == "pooled"
            else contexts[item.article],
            gold_sha256=golds[item.fact],
        )
        for item in items
    }


def item_hashes_sha256(hashes: Iterable[tuple[ItemId | str, ItemHashes]]) -> str:
    """SHA-256 over all items: the sorted (item id, item hash) pairs."""
    return items_sha256(
        (str(item), item_sha256(h.question_sha256, h.context_sha256, h.gold_sha256)) for item, h in hashes
    )


def items_sha256(items: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over all items, given as (item id, item hash)."""
    return sha256_json(sorted(items))


def gather(
    corpus: Corpus, items: Iterable[ItemId], predictions: Mapping[str, Prediction]
) -> dict[str, ByArticle]:
    """The predictions to pool for each pooled item: the model's own pooled one, or else those for the
    articles in scope.
    """
    questions = {q.id: q for q in corpus.questions}
    gathered: dict[str, ByArticle] = {}
    for item in items:
        if item.track != "pooled":
            continue
        if (direct := predictions.get(str(item))) is not None:
            gathered[str(item)] = {"*": direct}
            continue
        readings = {
            a.id: predictions.get(str(ItemId(fact=item.fact, article=a.id, paraphrase=item.paraphrase)))
            for a in corpus.in_scope(questions[item.fact])
        }
        gathered[str(item)] = {article: p for article, p in readings.items() if p is not None}
    return gathered


def judge(
    corpus: Corpus,
    items: Sequence[ItemId],
    predictions: Mapping[str, Prediction],
    pooled: Mapping[str, ByArticle],
    threshold: Threshold,
    *,
    makes_pooled: bool | None = None,
) -> list[PredictionRow]:
    """Decides and scores every item. An item without a prediction is missing and scores 0.

    `predictions` are keyed by reading item, `pooled` by pooled item (see `gather`). Bare texts from several
    articles make no pooled answer (see `has_no_order`). Such a pooled item is missing if some other pooled
    item of the model has an answer. If none has, no pooled item has scores.

    `makes_pooled` says which of both it is (see `make_pooled_answers`). By default these items decide it, so
    they must then be all items of the model.
    """
    questions = {q.id: q for q in corpus.questions}
    reading = [item for item in items if item.track == "reading"]
    fitted = cross_fit_thresholds(corpus, predictions, reading) if threshold == "cross-fit" else {}
    hashes = item_hashes(corpus, items)
    rows = []
    if makes_pooled is None:
        makes_pooled = make_pooled_answers(pooled.values())
    for item in items:
        question = questions[item.fact]
        said = predictions.get(str(item))
        if item.track == "pooled":
            parts = pooled.get(str(item), {})
            answer = pool(item, question, {} if makes_pooled and has_no_order(parts) else parts)
            whole = parts.get("*")
            final = not answer.n_best and (
                bool(answer.text) or (whole is not None and whole.text is not None)
            )
        elif said is None:
            answer, final = Answer(item=str(item), text="", missing=True), False
        else:
            at = fitted.get(item.fact, 0.0) if threshold == "cross-fit" else float(threshold)
            answer, final = decide(said, threshold=at), said.text is not None
        score = score_item(question, item, answer, corpus)
        if item.track == "pooled" and not makes_pooled:
            score = replace(score, scores={})
        closed_book, reordered, failures = _asked_otherwise(item, predictions)
        effects = _effects(corpus, question, item, answer, closed_book=closed_book, reordered=reordered)
        if effects or failures:
            score = replace(score, scores=score.scores | effects, failed_prompts=failures or None)
        given = said is not None and said.no_answer_probability is not None and item.track == "reading"
        words = question.wording(item.paraphrase)
        row = prediction_row(
            words,
            answer,
            score,
            hashes[item],
            final=final,
            no_answer_given=given,
            confidence_given=gave_confidence(said) and item.track == "reading",
        )
        aligned = _aligned(corpus, question, item, row) if final else None
        rows.append(replace(row, aligned=aligned, closed_book=closed_book, reordered=reordered))
    return rows


def has_pooled_scores(row: PredictionRow) -> bool:
    """Whether a pooled row has the scores that every pooled answer has, a missing one too."""
    return "em_any" in row.scores


def _asked_otherwise(
    item: ItemId, predictions: Mapping[str, Prediction]
) -> tuple[str | None, tuple[str | None, ...] | None, dict[str, str]]:
    """The answer without any passage, the answers of a pooled item in other orders of its passages, and the
    errors of those prompts that failed.
    """
    orders: list[Prediction] = []
    while item.track == "pooled" and (other := predictions.get(str(reordered_item(item, len(orders) + 1)))):
        orders.append(other)
    closed_book = predictions.get(str(closed_book_item(item)))
    asked = orders if closed_book is None else [closed_book, *orders]
    return (
        None if closed_book is None else _text_of(closed_book),
        tuple(map(_text_of, orders)) or None,
        {p.item: p.error for p in asked if p.error},
    )


def closed_book_answer(row: PredictionRow) -> tuple[str | None] | None:
    """The answer without any passage, which is None if that prompt failed; None if it was not asked."""
    failed = str(closed_book_item(ItemId.parse(row.item))) in (row.failed_prompts or ())
    return (row.closed_book,) if failed or row.closed_book is not None else None


def _aligned(
    corpus: Corpus, question: Question, item: ItemId, row: PredictionRow
) -> tuple[str, int, int] | None:
    """The place of the words of an answer that is only a text."""
    if not in_words(row):
        return None
    shown = corpus.in_scope(question) if item.track == "pooled" else [corpus.article(item.article)]
    place = aligned_place(row.prediction, shown)
    return None if place is None else (place.article or "", place.start, place.end)


def _text_of(prediction: Prediction) -> str | None:
    return None if prediction.error is not None else prediction.text


def _effects(
    corpus: Corpus,
    question: Question,
    item: ItemId,
    answer: Answer,
    *,
    closed_book: str | None,
    reordered: Sequence[str | None] | None,
) -> dict[str, float]:
    """The scores of what passages do to the answer. Empty for a model that was not asked otherwise."""
    if closed_book is None and reordered is None:
        return {}
    from qa_eval.metrics.passage_effects import memory_scores, order_scores

    scores: dict[str, float] = {}
    if closed_book is not None:
        article = corpus.article(item.article) if item.track == "reading" else None
        scores |= memory_scores(question, item, answer, closed_book, article)
    if reordered is not None:
        others = [
            (text, shown_articles(corpus, question, order))
            for order, text in enumerate(reordered, 1)
            if text is not None
        ]
        scores |= order_scores(question, answer, shown_articles(corpus, question), others)
    return scores


def judge_answers(corpus: Corpus, items: Sequence[ItemId], answers: Mapping[str, Answer]) -> list[ItemScore]:
    """Scores answers that are already decided: those of the reference rows."""
    questions: dict[str, Question] = {q.id: q for q in corpus.questions}
    return [
        score_item(
            questions[item.fact],
            item,
            answers.get(str(item)) or Answer(item=str(item), text="", missing=True),
            corpus,
        )
        for item in items
    ]


def gave_confidence(said: Prediction | None) -> bool:
    """Whether a model gave a confidence that its row would not show to be given.

    A bare text has no confidence but a given one.
    """
    return said is not None and said.confidence is not None and (said.text is None or bool(said.n_best))


def prediction_row(
    words: str,
    answer: Answer,
    score: ItemScore,
    hashes: ItemHashes,
    *,
    final: bool,
    no_answer_given: bool,
    confidence_given: bool,
) -> PredictionRow:
    """The row that stores an answer with its scores.

    `final`: the model decided the text itself. `no_answer_given`: the model gave the no-answer probability.
    `confidence_given`: see `gave_confidence`.
    """
    return PredictionRow(
        **score.parts(),
        question_sha256=hashes.question_sha256,
        context_sha256=hashes.context_sha256,
        gold_sha256=hashes.gold_sha256,
        question=words,
        final=final,
        source_article=answer.candidate.article if answer.candidate is not None else None,
        no_answer_given=no_answer_given,
        confidence_given=confidence_given,
        threshold=answer.threshold,
        n_best=answer.n_best,
        windows=answer.windows,
        tokens=answer.tokens,
        raw=answer.raw,
    )


# ------------------------------------------------------------------------------------------ and back


def rebuild(rows: Iterable[PredictionRow]) -> tuple[dict[str, Prediction], dict[str, ByArticle]]:
    """The predictions that stored rows were scored from, as (reading, pooled), in the form that `judge`
    takes.
    """
    reading: dict[str, Prediction] = {}
    pooled: dict[str, ByArticle] = {}
    for row in rows:
        item = ItemId.parse(row.item)
        failures = row.failed_prompts or {}
        closed_book = str(closed_book_item(item))
        others: dict[str, str | None] = {}
        if row.closed_book is not None or closed_book in failures:
            others[closed_book] = row.closed_book
        others |= {str(reordered_item(item, n)): text for n, text in enumerate(row.reordered or (), 1)}
        for other, text in others.items():
            error = failures.get(other, "") if text is None else None
            reading[other] = Prediction(item=other, text=text, error=error)
        if row.missing:
            continue
        if row.track == "pooled":
            pooled[row.item] = _pooled_predictions(row)
        else:
            reading[row.item] = Prediction(
                item=row.item,
                n_best=row.n_best,
                null_score=row.null_score,
                text=row.prediction if row.final else None,
                no_answer_probability=row.no_answer_probability if row.no_answer_given else None,
                windows=row.windows,
                tokens=row.tokens,
                truncated=row.truncated,
                raw=row.raw,
                confidence=row.confidence if row.confidence_given or (row.final and not row.n_best) else None,
                error=row.error,
            )
    return reading, pooled


def _pooled_predictions(row: PredictionRow) -> dict[str, Prediction]:
    """Merged candidates, split by article again. Sums over the articles are kept with the first article."""
    by_article: dict[str, list[Candidate]] = {}
    for c in row.n_best:
        by_article.setdefault(c.article or "*", []).append(c)
    if not by_article:
        # Silence in every article, or failure, is not an answer given to all of them at once.
        by_article[row.source_article or ("*" if row.final else "")] = []
    first = next(iter(by_article))
    parts = {}
    for article, candidates in by_article.items():
        bare = row.final and article == first
        parts[article] = Prediction(
            item=row.item,
            n_best=tuple(candidates),
            text=row.prediction if bare else None,
            confidence=row.confidence if bare else None,
            windows=row.windows if article == first else 0,
            tokens=row.tokens if article == first else 0,
            truncated=row.truncated and article == first,
            raw=row.raw if bare else None,
            error=row.error,
        )
    return parts
