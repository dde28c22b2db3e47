"""One answer against its golds, from plain texts: `qa_eval.exact_match`, `f1` and `match`."""

from __future__ import annotations

from typing import Any

import pytest

import qa_eval as qa


@pytest.mark.parametrize(
    ("prediction", "golds", "rules", "em", "f1"),
    [
        pytest.param("the Syrian army", ["Syrian army"], "squad-v2.0", 1.0, 1.0, id="an article is no word"),
        pytest.param("over 400 militants", ["400"], "squad-v2.0", 0.0, 0.5, id="one word of three"),
        pytest.param("over 400 militants", "400", "squad-v2.0", 0.0, 0.5, id="a gold that is no list"),
        pytest.param("x y", ["x", "x y z w"], "squad-v2.0", 0.0, 2 / 3, id="the best gold"),
        pytest.param("x y", iter(["x", "x y"]), "squad-v2.0", 1.0, 1.0, id="golds are read once"),
        pytest.param("", [], "squad-v2.0", 1.0, 1.0, id="rightly no answer"),
        pytest.param("x", (), "squad-v2.0", 0.0, 0.0, id="wrongly an answer"),
        pytest.param("", ["the"], "squad-v1.1", 1.0, 0.0, id="both empty by version 1.1"),
        pytest.param("la casa", "«Casa»", "mlqa-es", 1.0, 1.0, id="rules of another language"),
    ],
)
def test_exact_match_and_f1(prediction: str, golds: Any, rules: str, em: float, f1: float) -> None:
    golds = golds if isinstance(golds, str) else tuple(golds)
    assert qa.exact_match(prediction, golds, rules=rules) == em
    assert qa.f1(prediction, golds, rules=rules) == pytest.approx(f1)


@pytest.mark.parametrize(
    ("prediction", "golds", "options", "ok", "rule"),
    [
        pytest.param(
            "four hundred", ["400"], {"answer_type": "number"}, True, "number", id="a number in words"
        ),
        pytest.param(
            "400", "over 400", {"answer_type": "number"}, True, "value-only", id="a bound is passed over"
        ),
        pytest.param(
            "400",
            "over 400",
            {"answer_type": "number", "strict": True},
            False,
            None,
            id="but not when strict",
        ),
        pytest.param("417", ["400", "410"], {"answer_type": "number"}, False, "veto", id="another number"),
        pytest.param("Palmyra", ["Palmyra"], {}, True, "raw", id="text by default"),
        pytest.param("", [], {}, True, "null", id="rightly no answer"),
        pytest.param("x", [], {}, False, "answered", id="wrongly an answer"),
        pytest.param("", ["x"], {}, False, "abstained", id="wrongly no answer"),
    ],
)
def test_match(prediction: str, golds: Any, options: dict[str, Any], ok: bool, rule: str | None) -> None:
    found = qa.match(prediction, golds, **options)
    assert found.ok == ok
    assert rule is None or found.rule == rule


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: qa.f1(None, ["x"]), 'prediction: None is not a text; "" is no answer'),  # type: ignore[arg-type]
        (lambda: qa.f1("x", None), "golds: None is neither a text nor a list of texts"),  # type: ignore[arg-type]
        (lambda: qa.exact_match("x", ["x", 3]), r"golds\[1\]: 3 is not a text"),  # type: ignore[list-item]
        (lambda: qa.f1("x", "x", rules="squad"), "no rules called 'squad'; there are: squad-v1.1"),
        (lambda: qa.f1("x", [], rules="squad-v1.1"), "golds: squad-v1.1 has no unanswerable questions"),
        (
            lambda: qa.match("x", "x", answer_type="numbr"),  # type: ignore[arg-type]
            'answer_type: there is no type "numbr"; did you mean "number"?',
        ),
    ],
)
def test_what_is_no_answer_gold_or_rule_is_named(call: Any, message: str) -> None:
    with pytest.raises(qa.QaEvalError, match=message):
        call()
