"""The reports of the metrics of `evaluate`, from rows in the shape that their users have.

`predictions` and `references` are lists of dicts, already of the right shape (see `metric_shape`). A
reference without a prediction scores 0 and stays in the denominator. An id that occurs twice is refused.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast, get_args

from qa_eval.metrics.decisions import decide, pool
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.official_scores import best_thresholds, official_report, official_scores, score_answers
from qa_eval.metrics.rules.squad import Rules
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.summary import summarize
from qa_eval.records import (
    ANSWER_TYPES,
    Answer,
    AnswerType,
    Article,
    Candidate,
    Claim,
    ClaimStatus,
    Corpus,
    Estimate,
    Evidence,
    ItemId,
    Polarity,
    Prediction,
    Question,
)
from qa_eval.text.phrases import count

Row = Mapping[str, Any]
Report = dict[str, float | int]

RESAMPLES = 9999
POOLED = "*"
"""Article of a question that was asked of all articles at once."""


def squad_report(
    predictions: Sequence[Row],
    references: Sequence[Row],
    rules: Rules,
    *,
    threshold: float = 1.0,
    intervals: bool = False,
) -> Report:
    """The official script's numbers under its keys, in percent.

    With `intervals`, the bounds of the 95 % interval follow as `KEY_low` and `KEY_high` for each score over 8
    examples or more. Raises ValueError for ids that occur twice, if there are no references, and for
    references without golds if the rules need golds.
    """
    texts = _by_id(predictions, "predictions")
    _by_id(references, "references")
    said = {id: row["prediction_text"] for id, row in texts.items() if row["prediction_text"] is not None}
    no_answer = {
        id: row["no_answer_probability"]
        for id, row in texts.items()
        if row.get("no_answer_probability") is not None
    }
    earned = score_answers(
        ((row["id"], row["answers"]["text"], row["id"]) for row in references), said, rules, no_answer
    )
    _warn(earned.missing, earned.extra)
    # Without intervals only the values are needed, and one resample is the least that is possible.
    resamples = RESAMPLES if intervals else 1
    scores = official_scores(earned, rules, threshold=threshold, resamples=resamples)
    best = best_thresholds(earned, resamples=resamples) if no_answer else []
    report = official_report(scores, best, rules, missing=len(earned.missing))
    if intervals:
        report |= _bounds(dict(scores) | {f"best_{b.metric}": b.score for b in best}, 100.0)
    return report


def contested_report(
    predictions: Sequence[Row], references: Sequence[Row], *, intervals: bool = False
) -> Report:
    """Every metric of the reading and the pooled track that is defined on these items, as fractions.

    Keys of the pooled track begin with `pooled_`. `total` is the number of items and `missing` the number of
    items without a prediction. With `intervals`, `KEY_low` and `KEY_high` are the bounds of each score over 8
    facts or more, clustered by fact.

    Raises ValueError, which names the reference, for ids that occur twice, a fact asked twice of one article,
    claims of one fact that differ between its references, impossible claims (none, two with one id, no
    evidence, an empty text), an unknown answer type, and evidence that is not at its offset.
    """
    said = _by_id(predictions, "predictions")
    asked = _by_id(references, "references")
    if not asked:
        raise ValueError("references: the list is empty; give at least one")
    items = _items(asked)
    questions = _questions(asked)
    corpora = _corpora(questions, asked)
    scores: list[ItemScore] = []
    missing = []
    for id, item in items.items():
        row = said.get(id)
        answer = _answer(item, questions[item.fact], row)
        if answer.missing:
            missing.append(id)
        scores.append(score_item(questions[item.fact], item, answer, corpora[item.fact]))
    _warn(missing, [id for id in said if id not in asked])
    summary = summarize(scores, intervals=intervals, resamples=RESAMPLES, slices=False)
    estimates = {
        f"pooled_{name}" if track == "pooled" else name: estimate
        for track, metrics in summary.metrics.items()
        for name, estimate in metrics.items()
    }
    report: Report = {key: estimate.value for key, estimate in estimates.items()}
    report |= {"total": len(items), "missing": len(missing)}
    return report | _bounds(estimates, 1.0) if intervals else report


# ------------------------------------------------------------------------------------------ rows


def _by_id(rows: Sequence[Row], what: str) -> dict[str, Row]:
    found = {row["id"]: row for row in rows}
    if len(found) != len(rows):
        id, times = Counter(row["id"] for row in rows).most_common(1)[0]
        raise ValueError(f"{what}: the id {id!r} occurs {times} times; give each id once")
    return found


def _bounds(estimates: Mapping[str, Estimate], scale: float) -> Report:
    found: Report = {}
    for key, estimate in estimates.items():
        if estimate.low is not None and estimate.high is not None:
            found |= {f"{key}_low": scale * estimate.low, f"{key}_high": scale * estimate.high}
    return found


def _warn(missing: Sequence[str], extra: Sequence[str]) -> None:
    for ids, noun, what in (
        (missing, "reference", "no prediction, so a score of 0, for"),
        (extra, "prediction", "no reference for"),
    ):
        if ids:
            warnings.warn(f"{what} {count(len(ids), noun)}, such as {ids[0]!r}", stacklevel=4)


# ------------------------------------------------------------------------------------------ contested


def _items(references: Mapping[str, Row]) -> dict[str, ItemId]:
    items: dict[str, ItemId] = {}
    seen: dict[ItemId, str] = {}
    for id, row in references.items():
        item = ItemId(fact=row["fact"], article=POOLED if row["article"] is None else row["article"])
        if item in seen:
            where = "all articles" if item.article == POOLED else f"article {item.article!r}"
            raise ValueError(
                f"references {seen[item]!r} and {id!r}: both ask the fact {item.fact!r} of {where}; give "
                "another wording of the question a fact of its own"
            )
        seen[item] = id
        items[id] = item
    return items


def _questions(references: Mapping[str, Row]) -> dict[str, Question]:
    found: dict[str, tuple[str, Question]] = {}
    for id, row in references.items():
        question = _question(id, row)
        first, known = found.setdefault(question.id, (id, question))
        if question != known:
            raise ValueError(
                f"references {first!r} and {id!r}: the fact {question.id!r} has different claims or answer "
                "types, or other words, in each; give all claims of a fact in each of its references"
            )
    return {fact: question for fact, (_, question) in found.items()}


def _question(id: str, row: Row) -> Question:
    answer_type = row["answer_type"] or "text"
    if answer_type not in ANSWER_TYPES:
        raise ValueError(
            f"reference {id!r}: answer_type {answer_type!r} is none of {', '.join(ANSWER_TYPES)}"
        )
    claims = tuple(_claim(id, claim) for claim in row["claims"])
    if not claims:
        raise ValueError(f"reference {id!r}: has no claims; give every answer that some article states")
    twice = [name for name, times in Counter(c.id for c in claims).items() if times > 1]
    if twice:
        raise ValueError(f"reference {id!r}: the claim {twice[0]!r} occurs twice; join their evidence")
    return Question(
        id=row["fact"],
        question=row.get("question") or "",
        category="",
        answer_type=cast(AnswerType, answer_type),
        claims=claims,
    )


def _claim(id: str, claim: Row) -> Claim:
    evidence = tuple(
        Evidence(article=e["article"], text=e["text"], start=-1 if e["start"] is None else e["start"])
        for e in claim["evidence"]
    )
    if not evidence:
        raise ValueError(
            f"reference {id!r}: the claim {claim['id']!r} has no evidence; give the article and its wording"
        )
    if not all(e.text.strip() for e in evidence):
        raise ValueError(f"reference {id!r}: evidence of the claim {claim['id']!r} is an empty text")
    for field, known in (("status", get_args(ClaimStatus)), ("polarity", get_args(Polarity))):
        if claim.get(field) is not None and claim[field] not in known:
            raise ValueError(
                f"reference {id!r}: {field} {claim[field]!r} of the claim {claim['id']!r} is none of "
                f"{', '.join(known)}"
            )
    return Claim(
        id=claim["id"],
        evidence=evidence,
        aliases=tuple(claim["aliases"] or ()),
        group=claim["group"] or "",
        status=claim.get("status"),
        polarity=claim.get("polarity"),
    )


def _corpora(questions: Mapping[str, Question], references: Mapping[str, Row]) -> dict[str, Corpus]:
    """A corpus for each fact: the articles that its claims and references name, with their texts if these are
    given.

    Each fact has its own small corpus, because many facts may have thousands of articles in all.
    """
    texts: dict[str, str] = {}
    spoken: dict[str, set[str]] = {
        fact: {e.article for claim in question.claims for e in claim.evidence}
        for fact, question in questions.items()
    }
    for id, row in references.items():
        article, text = row["article"], row["context"] or ""
        if article is None or article == POOLED:
            continue
        spoken[row["fact"]].add(article)
        if text and texts.setdefault(article, text) != text:
            raise ValueError(
                f"reference {id!r}: the context of article {article!r} differs from that of other references"
            )
    for question in questions.values():
        _check_places(question, texts)
    return {
        fact: Corpus(
            questions=(questions[fact],),
            articles=tuple(Article(id=a, text=texts.get(a, ""), sha256="") for a in sorted(articles)),
            questions_sha256="",  # Scoring does not need the hashes.
            articles_sha256="",
        )
        for fact, articles in spoken.items()
    }


def _check_places(question: Question, texts: Mapping[str, str]) -> None:
    for e in (e for claim in question.claims for e in claim.evidence):
        if e.start >= 0 and e.article in texts and not texts[e.article].startswith(e.text, e.start):
            raise ValueError(
                f"fact {question.id!r}: {e.text!r} is not at {e.start} in the context of {e.article!r}"
            )


def _answer(item: ItemId, question: Question, row: Row | None) -> Answer:
    if row is None or row["prediction_text"] is None:
        return Answer(item=str(item), text="", missing=True)
    said = Prediction(
        item=str(item), text=row["prediction_text"], no_answer_probability=row["no_answer_probability"]
    )
    if item.track == "pooled":
        return pool(item, question, {POOLED: said})
    answer = decide(said)
    start = row["prediction_start"]
    if start is None:
        return answer
    # A candidate that only gives the place has no score, so it must not give the answer a confidence.
    place = Candidate(text=answer.text, article=item.article, start=start, end=start + len(answer.text))
    return replace(answer, candidate=place)
