"""Scores of one answer to a question of a public data set, by the rules of the set and without claims."""

from __future__ import annotations

from collections.abc import Sequence

from qa_eval.matching import typed
from qa_eval.metrics.decisions import abstains, is_failed
from qa_eval.metrics.item_scores import failure_match
from qa_eval.metrics.listings import with_item_values
from qa_eval.metrics.rules.squad import Rules
from qa_eval.metrics.scored_item import UNSCORED_RULE, ItemScore, answered_item, span_of
from qa_eval.records import Answer, AnswerType, Candidate, Example, ItemId, Match

ABSTAINED = Match(ok=True, level=5, rule="null", detail="no answer, and none is right")
ANSWERED = Match(ok=False, level=0, rule="answered", detail="no answer is right")
SILENT = Match(ok=False, level=0, rule="abstained", detail="there is an answer")
_EM_DECIDES = "the question does not tell the type of its answer, so EM decides"
EQUAL = Match(ok=True, level=4, rule="squad-em", detail=_EM_DECIDES)
OTHER = Match(ok=False, level=0, rule="none", detail=_EM_DECIDES)


NO_VERDICT = Match(ok=False, level=0, rule=UNSCORED_RULE, detail="the data set does not give its answers")


def unscored_example(item: ItemId, answer_type: AnswerType | None, answer: Answer) -> ItemScore:
    """The record of an answer to a question without published answers. No metric is defined for it.

    It counts as answerable, so that the metrics of silent items are not defined either.
    """
    return ItemScore(
        **answered_item(item, answer),
        answer_type=answer_type or "text",
        match=failure_match(answer) if is_failed(answer) else NO_VERDICT,
        span=span_of(answer),
    )


def score_example(
    item: ItemId, golds: Sequence[str], answer_type: AnswerType | None, answer: Answer, rules: Rules
) -> ItemScore:
    """Every per-item value of the metrics that are defined without claims.

    `em` and `f1` follow `rules`. If the rules have unanswerable questions, `has_answer_em` and
    `has_answer_f1` are defined on items with golds, and `no_answer_recall` on those without. `match` is
    defined where the type of the answer is known. It is the best typed match with a gold; without golds, it
    is 1 for abstaining. Where the type is unknown, the shown verdict is that of EM. `correct`, which the
    calibration metrics use, is always EM. A failed or missing answer scores 0 on every metric and never
    counts as abstaining.
    """
    failed = is_failed(answer)
    silence = not failed and abstains(answer.text)
    em, f1 = (0.0, 0.0) if failed else rules.score(answer.text, golds)
    scores = {"em": em, "f1": f1}
    if rules.unanswerable and golds:
        scores["has_answer_em"], scores["has_answer_f1"] = em, f1
    elif rules.unanswerable:
        scores["no_answer_recall"] = float(silence)
    if failed:
        match = failure_match(answer)
    elif not golds:
        match = ABSTAINED if silence else ANSWERED
    elif silence:
        match = SILENT
    else:
        match = _match(answer.text, golds, answer_type, right=em == 1.0)
    if answer_type is not None:
        scores["match"] = float(match.ok)
    score = ItemScore(
        **answered_item(item, answer),
        answer_type=answer_type or "text",
        golds=tuple(golds),
        match=match,
        scores=scores,
        span=span_of(answer),
    )
    return with_item_values(score)


def oracle_answer(example: Example, rules: Rules) -> Answer:
    """The best possible answer: the gold with the highest score, with its span. No answer if none is
    right.
    """
    item = str(example.item)
    if not example.golds:
        return Answer(item=item, text="", no_answer_probability=1.0, confidence=1.0)
    # The first will not always do: a gold like "The" is dropped by some rules and has F1 0 by others.
    best, most = 0, (0.0, 0.0)
    for number, gold in enumerate(example.golds):
        if (scored := rules.score(gold, example.golds)) > most:
            best, most = number, scored
        if most == (1.0, 1.0):
            break
    text, start = example.golds[best], example.starts[best] if example.starts else None
    span = Candidate(
        text=text,
        article=example.context_id,
        start=start,
        end=None if start is None else start + len(text),
        score=1.0,
        probability=1.0,
    )
    return Answer(
        item=item,
        text=text,
        candidate=span,
        score=1.0,
        no_answer_probability=0.0,
        n_best=(span,),
        confidence=1.0,
    )


def _match(text: str, golds: Sequence[str], answer_type: AnswerType | None, *, right: bool) -> Match:
    if answer_type is None:
        return EQUAL if right else OTHER
    return typed.match_any(text, golds, answer_type, strict=False)
