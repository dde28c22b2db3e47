"""The SQuAD rules: worked examples, and agreement with a second, plain implementation."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa_eval.matching.normal_form import normalize
from qa_eval.metrics.rules.squad import RULES, SQUAD_V1, SQUAD_V2, Rules
from qa_eval.metrics.single_answers import exact_match, f1
from tests.support.plain_rules import overlap_f1, squad_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", "", id="empty"),
        pytest.param(" \t\n\u00a0\u2003", "", id="white space of any kind"),
        pytest.param("...!?", "", id="punctuation only"),
        pytest.param("The", "", id="an article only"),
        pytest.param("a. an, THE!", "", id="articles with punctuation"),
        pytest.param("the theatre and another than", "theatre and another than", id="articles inside words"),
        pytest.param("a-ok", "aok", id="a hyphen goes before the articles do"),
        pytest.param("81-year-old", "81yearold", id="hyphens join"),
        pytest.param("3.5", "35", id="decimal points vanish"),
        pytest.param("U.S.", "us", id="initials join"),
        pytest.param("t.h.e end", "end", id="deleting dots can make an article"),
        pytest.param("_the_ base", "base", id="an underscore is punctuation"),
        pytest.param("“the” base", "“ ” base", id="typographic quotes stay and bound a word"),
        pytest.param("400–500", "400–500", id="an en dash stays"),
        pytest.param("the–a", "–", id="articles around a dash that stays"),
        pytest.param("İstanbul", "i̇stanbul", id="lower case can lengthen"),
        pytest.param("aİ", "ai̇", id="an article is not found before a letter of any script"),
        pytest.param("A\u0307 base", "\u0307 base", id="a combining mark is no word character"),
        pytest.param("STRASSE ẞ", "strasse ß", id="lower, not casefold"),
        pytest.param("ΟΔΟΣ", "οδος", id="final sigma"),
        pytest.param("a² the٣", "a² the٣", id="superscripts and other digits are word characters"),
        pytest.param("$1,000", "1000", id="money"),
        pytest.param("  two \n words ", "two words", id="squeezed"),
    ],
)
def test_normalize_follows_the_official_steps_in_their_order(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    ("prediction", "gold", "em", "overlap"),
    [
        pytest.param("Over 400!", "over 400", 1.0, 1.0, id="equal after normalizing"),
        pytest.param("the Golden Gate Bridge", "Golden Gate", 0.0, 0.8, id="partial"),
        pytest.param("400 IS fighters", "400", 0.0, 0.5, id="one of three"),
        pytest.param("Riad al-Asaad", "Khaled al-Asaad", 0.0, 0.5, id="the rules do not see other people"),
        pytest.param("81-year-old", "81 year old", 0.0, 0.0, id="the rules do not see hyphens"),
        pytest.param("no no no", "no no", 0.0, 0.8, id="with multiplicity"),
        pytest.param("no", "no no", 0.0, 2 / 3, id="multiplicity on the other side"),
        pytest.param("b a", "a b", 1.0, 1.0, id="an article is no token"),
        pytest.param("x y", "y x", 0.0, 1.0, id="order does not matter to F1"),
        pytest.param("", "x", 0.0, 0.0, id="empty prediction"),
        pytest.param("x", "the", 0.0, 0.0, id="empty gold"),
        pytest.param("", "the", 1.0, 1.0, id="both empty"),
    ],
)
def test_exact_match_and_f1_of_worked_examples(prediction: str, gold: str, em: float, overlap: float) -> None:
    assert exact_match(prediction, gold) == em
    assert f1(prediction, gold) == overlap


@pytest.mark.parametrize(
    ("rules", "prediction", "golds", "expected"),
    [
        pytest.param(SQUAD_V1, "", ["the"], (1.0, 0.0), id="v1.1 both empty"),
        pytest.param(SQUAD_V2, "", ["the"], (1.0, 1.0), id="v2.0 both empty"),
        pytest.param(SQUAD_V1, "x", ["the"], (0.0, 0.0), id="v1.1 empty gold"),
        pytest.param(SQUAD_V2, "x", ["the"], (0.0, 0.0), id="v2.0 empty gold"),
        pytest.param(SQUAD_V1, "", ["x"], (0.0, 0.0), id="v1.1 empty prediction"),
        pytest.param(SQUAD_V2, "", ["x"], (0.0, 0.0), id="v2.0 empty prediction"),
        pytest.param(SQUAD_V2, "", [], (1.0, 1.0), id="v2.0 unanswerable, abstains"),
        pytest.param(SQUAD_V2, "!", [], (1.0, 1.0), id="v2.0 unanswerable, says nothing that counts"),
        pytest.param(SQUAD_V2, "x", [], (0.0, 0.0), id="v2.0 unanswerable, answers"),
        pytest.param(SQUAD_V1, "", ["x", ""], (1.0, 0.0), id="v1.1 keeps an empty gold"),
        pytest.param(SQUAD_V2, "", ["x", ""], (0.0, 0.0), id="v2.0 drops an empty gold beside another"),
        pytest.param(SQUAD_V2, "", ["", "the", "?"], (1.0, 1.0), id="v2.0 all golds empty"),
        pytest.param(SQUAD_V2, "x y", ["x", "x y z w"], (0.0, 2 / 3), id="best gold"),
        pytest.param(SQUAD_V1, "x y", ["z", "y x", "x y"], (1.0, 1.0), id="EM and F1 maxima are independent"),
    ],
)
def test_the_two_versions_differ_only_in_empty_answers(
    rules: Rules, prediction: str, golds: list[str], expected: tuple[float, float]
) -> None:
    assert rules.score(prediction, golds) == pytest.approx(expected, abs=1e-15)


def test_v1_rules_refuse_a_question_without_golds() -> None:
    with pytest.raises(ValueError, match=r"squad-v1\.1 .* at least one gold"):
        SQUAD_V1.score("x", [])


def test_rules_are_found_by_the_name_that_stands_in_results() -> None:
    assert [rules.name for rules in RULES.values()] == list(RULES)
    others = [name for name in RULES if not name.startswith("mlqa-")]
    assert others == ["squad-v1.1", "squad-v2.0", "mrqa", "korquad-v1", "cmrc2018", "drcd"]


@pytest.mark.parametrize("name", ["mrqa", "mlqa-en", "mlqa-zh"])
def test_other_sets_treat_empty_answers_like_version_1(name: str) -> None:
    assert RULES[name].score("", ["!"]) == (1.0, 0.0)
    assert RULES[name].score("", ["x"]) == (0.0, 0.0)
    with pytest.raises(ValueError, match=f"{name} .* at least one gold"):
        RULES[name].score("x", [])


adversarial = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            [
                *("the", "The", "a", "an", "A", "x", "y", "theatre", "400", "3.5", "  ", "e\u0301"),
                *"İßẞﬁΣé漢²٣“”–’、'\".,-_$+^`|~ \u00a0\u200b\u0307\u2028\x1c\x85",
            ]
        ),
        max_size=12,
    ).map("".join),
)


@given(adversarial, adversarial)
@example("İ a", "i̇")
@example("the", "")
@example("a_an", "the–a")
def test_a_plain_reimplementation_agrees_to_the_last_bit(prediction: str, gold: str) -> None:
    said, wanted = squad_tokens(prediction), squad_tokens(gold)
    assert normalize(prediction) == " ".join(said)
    assert exact_match(prediction, gold) == float(said == wanted)
    for rules, both_empty in (("squad-v1.1", 0.0), ("squad-v2.0", 1.0)):
        assert f1(prediction, gold, rules=rules) == overlap_f1(said, wanted, both_empty)


@given(adversarial, adversarial)
def test_f1_is_symmetric_bounded_and_one_for_itself(one: str, other: str) -> None:
    assert f1(one, other) == f1(other, one)
    assert 0.0 <= f1(one, other) <= 1.0
    assert f1(one, one) == 1.0
    assert exact_match(one, other) <= f1(one, other)


@given(adversarial, st.lists(adversarial, max_size=4))
def test_scores_are_fractions_and_the_order_of_golds_does_not_matter(
    prediction: str, golds: list[str]
) -> None:
    em, overlap = SQUAD_V2.score(prediction, golds)
    assert em in (0.0, 1.0)
    assert 0.0 <= overlap <= 1.0
    assert em <= overlap
    assert SQUAD_V2.score(prediction, golds[::-1]) == (em, overlap)
