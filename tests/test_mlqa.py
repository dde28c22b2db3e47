"""The MLQA rules: worked examples, and a second, plain implementation written from their description."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qa_eval.metrics.mlqa import MLQA_LANGUAGES, mlqa_normalizer
from qa_eval.metrics.squad import RULES

ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "vi": "của là cái chiếc những",
}


def plain_tokens(text: str, language: str) -> list[str]:
    """The tokens, found character by character."""
    kept = [
        c
        for c in text.lower()
        if c not in ASCII_PUNCTUATION and unicodedata.category(c) not in {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"}
    ]  # fmt: skip
    if language == "ar":
        kept = list(" ".join("".join(kept).split("ال")))
    pieces: list[str] = []
    word = ""
    for c in [*kept, " "]:
        if c.isalnum():
            word += c
            continue
        pieces += [" " if word in ARTICLES.get(language, "").split() else word, c]
        word = ""
    tokens: list[str] = []
    for rough in "".join(pieces).split():
        run = ""
        for c in rough:
            if language == "zh" and 0x4E00 <= ord(c) <= 0x9FA5:
                tokens += [run, c]
                run = ""
            else:
                run += c
        tokens.append(run)
    return [t for t in tokens if t]


def plain_score(prediction: str, golds: list[str], language: str) -> tuple[float, float]:
    exact, best = 0.0, 0.0
    for gold in golds:
        said, wanted = plain_tokens(prediction, language), plain_tokens(gold, language)
        exact = max(exact, float(" ".join(said) == " ".join(wanted)))
        rest, shared = list(wanted), 0
        for token in said:
            if token in rest:
                rest.remove(token)
                shared += 1
        if shared:
            p, r = shared / len(said), shared / len(wanted)
            best = max(best, 2 * p * r / (p + r))
    return exact, best


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
    assert " ".join(plain_tokens(text, language)) == expected


def test_chinese_answers_share_characters() -> None:
    # 2 of 4 characters: precision 1/2, recall 1.
    assert RULES["mlqa-zh"].score("北京大学", ["北京"]) == (0.0, pytest.approx(2 / 3))
    assert RULES["squad-v1.1"].score("北京大学", ["北京"]) == (0.0, 0.0)


def test_a_language_that_mlqa_has_not_is_refused() -> None:
    assert set(MLQA_LANGUAGES) == {"en", "es", "de", "ar", "hi", "vi", "zh"}
    with pytest.raises(KeyError):
        mlqa_normalizer("fr")


mixed = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.sampled_from(
            [*"the der la ال اللا của 北京 大 学 x y X1 400 3.5 einen राम".split(), *" \t\u3000“”–’、。、؟।¿«»'\".,-_$+€²\u0301\u9fa6Aİß"]
        ),
        max_size=12,
    ).map("".join),
)  # fmt: skip


@settings(deadline=None)
@given(st.sampled_from(MLQA_LANGUAGES), mixed, st.lists(mixed, min_size=1, max_size=4))
@example("ar", "ا", ["االل"])
@example("de", "", ["der"])
@example("en", "the_a", ["thea"])
def test_a_plain_reimplementation_agrees(language: str, prediction: str, golds: list[str]) -> None:
    assert mlqa_normalizer(language)(prediction) == " ".join(plain_tokens(prediction, language))
    assert RULES[f"mlqa-{language}"].score(prediction, golds) == plain_score(prediction, golds, language)
