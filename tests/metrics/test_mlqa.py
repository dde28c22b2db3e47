"""The MLQA rules: worked examples, and agreement with a second, plain implementation."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa_eval.metrics.rules.mlqa import MLQA_LANGUAGES, mlqa_normalizer
from qa_eval.metrics.rules.squad import RULES
from tests.support.plain_rules import mlqa_tokens, plain_score


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        pytest.param("en", "The “Free” Army’s base", "free armys base", id="typographic quotes go"),
        pytest.param("en", "400–500", "400500", id="so do dashes"),
        pytest.param("en", "$5 + 5€", "5 5€", id="ASCII symbols go, others stay"),
        pytest.param("en", "el a the theatre", "el theatre", id="only the articles of the language"),
        pytest.param("es", "¿La casa del los?", "casa del", id="Spanish"),
        pytest.param("es", "El Niño", "niño", id="Spanish, upper case"),
        pytest.param("de", "Die „eine“ Stadt, den Dienst", "stadt dienst", id="German"),
        pytest.param("ar", "البيت", "بيت", id="Arabic, at the start of a word"),
        pytest.param("ar", "سالم", "س م", id="Arabic, inside a word too"),
        pytest.param("ar", "ما هو؟", "ما هو", id="the Arabic question mark"),
        pytest.param("hi", "राम।", "राम", id="the danda; Hindi has no articles"),
        pytest.param("vi", "cái nhà của tôi", "nhà tôi", id="Vietnamese"),
        pytest.param("zh", "北京大学", "北 京 大 学", id="ideographs are tokens"),
        pytest.param("zh", "在2008年，IBM公司", "在 2008 年 ibm 公 司", id="other runs stay whole"),
        pytest.param("zh", "\u9fa5\u9fa6\u3400", "\u9fa5 \u9fa6\u3400", id="of the first block only"),
        pytest.param("zh", "《。》", "", id="nothing is left"),
    ],
)
def test_answers_are_normalized_as_their_language_asks(language: str, text: str, expected: str) -> None:
    assert mlqa_normalizer(language)(text) == expected
    assert " ".join(mlqa_tokens(text, language)) == expected


def test_chinese_answers_share_characters() -> None:
    # 2 of 4 characters: precision 1/2, recall 1.
    assert RULES["mlqa-zh"].score("北京大学", ["北京"]) == (0.0, 2 * 0.5 * 1.0 / (0.5 + 1.0))
    assert RULES["squad-v1.1"].score("北京大学", ["北京"]) == (0.0, 0.0)


def test_a_language_that_mlqa_has_not_is_refused() -> None:
    assert set(MLQA_LANGUAGES) == {"en", "es", "de", "ar", "hi", "vi", "zh"}
    with pytest.raises(KeyError):
        mlqa_normalizer("fr")


WORDS = [
    "the",
    "der",
    "la",
    "ال",
    "اللا",
    "của",
    "北京",
    "大",
    "x",
    "X1",
    "400",
    "3.5",
    "einen",
    "राम",
    "e\u0301",
]
MARKS = " \t\u3000“”–’、。、؟।¿«»'\".,-_$+€²\u0301\u9fa6Aİß"
mixed = st.one_of(
    st.text(max_size=30),
    st.lists(st.sampled_from([*WORDS, *MARKS]), max_size=12).map("".join),
)


@given(st.sampled_from(MLQA_LANGUAGES), mixed, st.lists(mixed, min_size=1, max_size=4))
@example("ar", "ا", ["االل"])
@example("de", "", ["der"])
@example("en", "the_a", ["thea"])
def test_a_plain_reimplementation_agrees(language: str, prediction: str, golds: list[str]) -> None:
    assert mlqa_normalizer(language)(prediction) == " ".join(mlqa_tokens(prediction, language))
    rules = f"mlqa-{language}"
    assert RULES[rules].score(prediction, golds) == plain_score(prediction, golds, rules)
