"""One answer against the golds of its question, from plain texts."""

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
"""One gold, or all of them; none where no answer is right."""


def exact_match(prediction: str, golds: Golds, *, rules: str = "squad-v2.0") -> float:
    """1.0 if the prediction equals a gold after the normalization of the rules, else 0.0.

    * `prediction`: the answer; `""` for no answer;
    * `golds`: one gold or several, of which the best counts. No gold means that no answer is right;
    * `rules`: a name of `qa-eval score --rules`.

    Raises QaEvalError for what is no text, for unknown rules, and for no golds under rules that know no
    unanswerable questions.

    >>> import qa_eval as qa
    >>> qa.exact_match("the Syrian army", ["Syrian army"]), qa.exact_match("four hundred", "400")
    (1.0, 0.0)
    """
    return _scores(prediction, golds, rules)[0]


def f1(prediction: str, golds: Golds, *, rules: str = "squad-v2.0") -> float:
    """Token-overlap F1 with the best gold, a fraction in [0, 1]. Arguments and errors as in `exact_match`.

    If both sides normalize to nothing the value is 1.0 by `squad-v2.0` and 0.0 by all other rules; if one
    does, it is 0.0.

    >>> import qa_eval as qa
    >>> qa.f1("over 400 militants", ["400"]), qa.f1("", [])
    (0.5, 1.0)
    """
    return _scores(prediction, golds, rules)[1]


def match(prediction: str, golds: Golds, *, answer_type: AnswerType = "text", strict: bool = False) -> Match:
    """Whether the prediction says the same as a gold, by the rules for values of that type, and which rule
    decided.

    * `prediction`, `golds`: as in `exact_match`; the golds are wordings of one claim;
    * `answer_type`: what the question asks for, such as `number`, `date`, `person`, `place` or `text`;
    * `strict`: bounds must agree ("over 400" is not "400").

    Raises QaEvalError for what is no text and for an unknown type.

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
