"""Scores of one answer against the golds of its question, from plain texts."""

from __future__ import annotations

from collections.abc import Iterable

from qa_eval.errors import QaEvalError
from qa_eval.matching.typed import match_any
from qa_eval.metrics.decisions import abstains
from qa_eval.metrics.example_scores import ABSTAINED, ANSWERED, SILENT
from qa_eval.metrics.rules.squad import rules_named
from qa_eval.records import ANSWER_TYPES, AnswerType, Match
from qa_eval.text.phrases import quote, suggestion

Golds = str | Iterable[str]
"""One gold or several. An empty list means that no answer is right."""


def exact_match(prediction: str, golds: Golds, *, rules: str = "squad-v2.0") -> float:
    """Returns 1.0 if the prediction equals a gold after normalization, else 0.0.

    Args:
        prediction: The answer. An empty text is no answer.
        golds: One gold, or several. The best one counts. An empty list means that no answer is right.
        rules: Name of the rules, as in `qa-eval score --rules`.

    Raises:
        QaEvalError: A prediction or gold is not a text, the rules are unknown, or `golds` is empty and the
            rules have no unanswerable questions.

    Example:
        >>> import qa_eval as qa
        >>> qa.exact_match("the Syrian army", ["Syrian army"]), qa.exact_match("four hundred", "400")
        (1.0, 0.0)
    """
    return _scores(prediction, golds, rules)[0]


def f1(prediction: str, golds: Golds, *, rules: str = "squad-v2.0") -> float:
    """Returns the F1 of the words that the prediction shares with the best gold, between 0 and 1.

    If both sides have no words after normalization, the value is 1.0 by `squad-v2.0` and 0.0 by all other
    rules. If one side has none, the value is 0.0.

    Args:
        prediction: The answer. An empty text is no answer.
        golds: One gold, or several. The best one counts. An empty list means that no answer is right.
        rules: Name of the rules, as in `qa-eval score --rules`. Some rules count characters, not words.

    Raises:
        QaEvalError: As for `exact_match`.

    Example:
        >>> import qa_eval as qa
        >>> qa.f1("over 400 militants", ["400"]), qa.f1("", [])
        (0.5, 1.0)
    """
    return _scores(prediction, golds, rules)[1]


def match(prediction: str, golds: Golds, *, answer_type: AnswerType = "text", strict: bool = False) -> Match:
    """Returns whether the prediction means the same as a gold, and the rule that decided.

    Args:
        prediction: The answer. An empty text is no answer.
        golds: Wordings of one claim: one text, or several. An empty list means that no answer is right.
        answer_type: What the question asks for: `number`, `duration`, `percent`, `age`, `money`, `date`,
            `person`, `place`, `organization` or `text`.
        strict: Whether bounds must agree: then "over 400" is not "400".

    Raises:
        QaEvalError: A prediction or gold is not a text, or the type is unknown.

    Example:
        >>> import qa_eval as qa
        >>> qa.match("four hundred", ["400"], answer_type="number")
        Match(ok=True, rule='number', level=2, detail='four hundred = 400')
        >>> qa.match("417", "over 400", answer_type="number", strict=True).ok
        False
    """
    if not isinstance(answer_type, str) or answer_type not in ANSWER_TYPES:
        near = suggestion(str(answer_type), ANSWER_TYPES)
        raise QaEvalError(f"answer_type: there is no type {quote(str(answer_type))}{near}")
    text, wordings = _text(prediction), _texts(golds)
    if not wordings:
        return ABSTAINED if abstains(text) else ANSWERED
    return SILENT if abstains(text) else match_any(text, wordings, answer_type, strict=strict)


def _scores(prediction: str, golds: Golds, rules: str) -> tuple[float, float]:
    try:
        return rules_named(rules).score(_text(prediction), _texts(golds))
    except ValueError as error:
        raise QaEvalError(f"golds: {error}") from error


def _text(prediction: object) -> str:
    if not isinstance(prediction, str):
        raise QaEvalError(f'prediction: {prediction!r} is not a text; "" is no answer')
    return prediction


def _texts(golds: object) -> tuple[str, ...]:
    found = (golds,) if isinstance(golds, str) else tuple(golds) if isinstance(golds, Iterable) else None
    if found is None:
        raise QaEvalError(f"golds: {golds!r} is neither a text nor a list of texts")
    for number, gold in enumerate(found):
        if not isinstance(gold, str):
            raise QaEvalError(f"golds[{number}]: {gold!r} is not a text")
    return found
