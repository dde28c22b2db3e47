"""The rules of KorQuAD 1.0, CMRC 2018 and DRCD: worked examples, and agreement with a plain writing."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qa_eval.metrics.official_scores import official_report, official_scores, score_answers
from qa_eval.metrics.rules.cmrc import cmrc_form, cmrc_units, common_run
from qa_eval.metrics.rules.korquad import korquad_form
from qa_eval.metrics.rules.squad import RULES
from qa_eval.metrics.rules.treebank import treebank_words
from tests.support.plain_rules import (
    cmrc_text,
    cmrc_tokens,
    korquad_text,
    longest_common_run,
    plain_means,
    plain_score,
    sentence_words,
)

OTHERS = ["korquad-v1", "cmrc2018", "drcd"]


def f1(shared: int, said: int, wanted: int) -> float:
    return 2 * (shared / said) * (shared / wanted) / (shared / said + shared / wanted)


@pytest.mark.parametrize(
    ("rules", "prediction", "golds", "expected"),
    [
        pytest.param(
            "korquad-v1", "1962년에", ["1962년"], (0, f1(5, 6, 5)), id="a particle costs a character"
        ),
        pytest.param("korquad-v1", "《바람의 기록》", ["바람의 기록"], (1, 1), id="brackets of titles"),
        pytest.param("korquad-v1", "바람의기록", ["바람의 기록"], (0, 1), id="spaces count in EM alone"),
        pytest.param("korquad-v1", "록기", ["기록"], (0, 1), id="a bag of characters"),
        pytest.param("korquad-v1", "the A", ["A"], (0, f1(1, 4, 1)), id="English articles stay"),
        pytest.param("korquad-v1", "“가”", ["가"], (0, f1(1, 3, 1)), id="other quotation marks stay"),
        pytest.param("korquad-v1", "a(b)c", ["a b c"], (1, 1), id="brackets become spaces"),
        pytest.param("korquad-v1", "a-b", ["ab"], (1, 1), id="other punctuation goes"),
        pytest.param("korquad-v1", "!", ["?"], (1, 0), id="nothing is left of either"),
        pytest.param(
            "cmrc2018", "由工匠林远山设计", ["林远山", "工匠林远山"], (0, f1(5, 8, 5)), id="best gold"
        ),
        pytest.param("cmrc2018", "“望归桥”。", ["望归桥"], (1, 1), id="Chinese punctuation goes"),
        pytest.param("cmrc2018", "‘桥’", ["桥"], (0, 2 / 3), id="but not the opening single quotation mark"),
        pytest.param(
            "cmrc2018", "桥……", ["桥"], (0, 2 / 3), id="and not the ellipsis, one word of two signs"
        ),
        pytest.param("cmrc2018", "1931", ["1931年"], (0, 2 / 3), id="a number is one unit"),
        pytest.param("cmrc2018", "北京大学东门", ["大学北京"], (0, f1(2, 6, 4)), id="a run, not a bag"),
        pytest.param("cmrc2018", "北x京", ["北京"], (0, f1(1, 3, 2)), id="a run is not broken"),
        pytest.param("cmrc2018", "Apple-Store", ["applestore"], (1, 1), id="case and hyphens"),
        pytest.param("cmrc2018", "apple  store", ["apple store"], (0, 1), id="spaces count in EM alone"),
        pytest.param("cmrc2018", " 桥\u3000", ["桥"], (1, 1), id="but not around the text"),
        pytest.param("cmrc2018", "100%", ["100"], (0, 2 / 3), id="a percent sign is a unit"),
        pytest.param("cmrc2018", "\u9fa6", ["\u9fa6\u9fa6"], (0, 0), id="of the first block only"),
        pytest.param("cmrc2018", "", ["。"], (1, 0), id="nothing is left of either"),
        pytest.param("cmrc2018", "- -", ["- -"], (1, 0), id="no more than a space is left"),
        pytest.param("cmrc2018", "", ["桥"], (0, 0), id="nothing against something"),
        pytest.param("drcd", "五個唯獨", ["五個"], (0, 2 / 3), id="DRCD"),
    ],
)
def test_worked_examples(
    rules: str, prediction: str, golds: list[str], expected: tuple[float, float]
) -> None:
    assert RULES[rules].score(prediction, golds) == pytest.approx(expected, abs=1e-15)
    assert plain_score(prediction, golds, rules) == pytest.approx(expected, abs=1e-15)


# What NLTK 3.9.1 returns for these sentences.
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tim's kitchen", "tim 's kitchen"),
        ("(dr. virginia apgar)", "( dr. virginia apgar )"),
        ("j. frank scrase", "j. frank scrase"),
        ("u.s. soccer.", "u.s. soccer ."),
        ("s.k.", "s.k ."),
        ('"sacred trust" "just in case"', "`` sacred trust '' `` just in case ''"),
        ("$18,800", "$ 18,800"),
        ("1990,1991", "1990,1991"),
        ("a,b", "a , b"),
        ("740707,", "740707 ,"),
        ("25.2%", "25.2 %"),
        ("{t|gtk#}gtk#", "{ t|gtk # } gtk #"),
        ("me&city", "me & city"),
        ("ho(o)p(r)r'", "ho ( o ) p ( r ) r '"),
        ("don't can't they'll", "do n't ca n't they 'll"),
        ("cannot gonna wanna wanna", "can not gon na wan na wan na"),
        ("'tis 'twas", "'t is 't was"),
        ("o'n 'q", "o'n ' q"),
        ("wait.... what?!", "wait .... what ? !"),
        ("the end.)", "the end . )"),
        ("«x» „y‘", "« x » „ y ‘"),
        ("a——b", "a——b"),
        ("\t \n", ""),
    ],
)
def test_words_that_are_not_chinese_are_those_of_the_treebank(text: str, words: str) -> None:
    assert " ".join(treebank_words(text)) == words
    assert " ".join(sentence_words(text)) == words


PIECES = [
    *(
        "北京",
        "大学",
        "학교",
        "바람의",
        "the",
        "apple",
        "1962",
        "년",
        "年",
        "3.5",
        "1,000",
        "東",
        "\u9fa6",
        "日本の",
    ),
    *(
        "'s",
        "n't",
        "'ll",
        "cannot",
        "gonna",
        "wanna",
        "'tis",
        "d'ye",
        "dr.",
        "u.s.",
        "..",
        "...",
        "''",
        "ſ",
        "ı",
    ),
    *" \t\n\u3000,.;:!?'\"()[]{}<>《》〈〉「」『』“”‘’«»„…–—-_*^/\\~`+=，。：？！；·、（）－～@#$%&|²½٣éİ",
]
mixed = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))


@given(st.sampled_from(OTHERS), mixed, st.lists(mixed, min_size=1, max_size=4))
@example("cmrc2018", "- -", [" ", "--"])
@example("cmrc2018", "İ", ["i\u0307"])
@example("korquad-v1", "İ(", ["i\u0307"])
@example("cmrc2018", "a. \n", ["a ."])
def test_a_plain_writing_of_the_rules_agrees(rules: str, prediction: str, golds: list[str]) -> None:
    assert korquad_form(prediction) == korquad_text(prediction)
    assert cmrc_form(prediction) == cmrc_text(prediction)
    assert list(cmrc_units(cmrc_form(prediction))) == cmrc_tokens(prediction)
    assert RULES[rules].score(prediction, golds) == plain_score(prediction, golds, rules)


@given(st.text("ab", max_size=12), st.text("ab", max_size=12))
def test_the_longest_common_run_is_found(one: str, other: str) -> None:
    assert common_run(one, other) == longest_common_run(one, other)


def test_a_long_answer_takes_no_long_time() -> None:
    # Each of these would take minutes where the time grows with the square of the length.
    assert treebank_words("x. " + " " * 50_000 + "y") == ["x.", "y"]
    assert cmrc_units(cmrc_form("桥" * 50_000 + "'" * 50_000))[:2] == ("桥", "桥")
    em, overlap = RULES["cmrc2018"].score("北京大学" * 10_000, ["大学北"])
    assert (em, overlap) == (0.0, f1(3, 40_000, 3))


@pytest.mark.parametrize("rules", OTHERS)
def test_empty_answers_and_missing_golds_are_those_of_version_1(rules: str) -> None:
    assert RULES[rules].score("", ["!" if rules == "korquad-v1" else "！"]) == (1.0, 0.0)
    with pytest.raises(ValueError, match=f"{rules} .* at least one gold"):
        RULES[rules].score("x", [])


@pytest.mark.parametrize("rules", ["cmrc2018", "drcd"])
def test_cmrc_is_reported_under_the_keys_of_its_script(rules: str) -> None:
    questions = [("DEV_1_QUERY_0", ["林远山"]), ("DEV_1_QUERY_1", ["望归桥"]), ("DEV_1_QUERY_2", ["木桥"])]
    predictions = {"DEV_1_QUERY_0": "林远山", "DEV_1_QUERY_2": "桥"}
    earned = score_answers([(id, golds, 0) for id, golds in questions], predictions, RULES[rules])
    scores = official_scores(earned, RULES[rules], resamples=1)
    report = official_report(scores, [], RULES[rules], missing=len(earned.missing))
    assert report == pytest.approx(plain_means(questions, predictions, rules), abs=1e-9)
    assert list(report) == ["AVERAGE", "F1", "EM", "TOTAL", "SKIP", "exact_match", "f1"]
    assert (report["TOTAL"], report["SKIP"]) == (3, 1)
    assert report["EM"] == pytest.approx(100 / 3)
