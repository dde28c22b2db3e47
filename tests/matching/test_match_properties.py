"""Properties of the typed match that hold for any strings."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.matching.normal_form import normalize
from qa_eval.matching.spelling import fold, marks, occurs, text_key
from qa_eval.matching.typed import match, match_any
from qa_eval.metrics.single_answers import exact_match
from qa_eval.records import ANSWER_TYPES, AnswerType

KINDS = st.sampled_from(ANSWER_TYPES)
NUMERIC: tuple[AnswerType, ...] = ("number", "duration", "percent", "age", "money")
WORDS = """0 1 3 7 12 400 417 1,000 3.5 1/2 -5 03/04/2016 2016 27th 10:48 ½ $ € % £ + - , . ( ) > ~ over
under at least more than nearly up to about not no n't two three twenty hundred thousand
million dozen dozens several few half a an the and or to of between point day days week weeks
month year years old long aged ago percent per cent dollars million kilometers km fighters
civilians May March Sunday late last next before since spring 1980s BC am Assad al- Khaled Riad
president 's Jr. and city Palmyra Syria in from Mr. V. first third quarters fifth every
annually"""
PIECES = WORDS.split()
PHRASES = st.lists(st.sampled_from(PIECES), max_size=8).flatmap(
    lambda words: st.sampled_from([" ", "", "-"]).map(lambda joint: joint.join(words))
)
TEXTS = st.one_of(st.text(max_size=40), PHRASES)

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    *(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine")),
]
SMALL = [*ONES, *TEENS]
TENS = ["", "", *(f"{stem}ty" for stem in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"))]


def spell(n: int, conjunction: str = " and ") -> str:
    """n in English words; n below ten thousand."""
    if n < 20:
        return SMALL[n]
    if n < 100:
        return TENS[n // 10] + (f"-{SMALL[n % 10]}" if n % 10 else "")
    if n < 1000:
        return f"{SMALL[n // 100]} hundred" + (f"{conjunction}{spell(n % 100)}" if n % 100 else "")
    rest = n % 1000
    joint = conjunction if rest < 100 else " "
    return f"{spell(n // 1000)} thousand" + (f"{joint}{spell(rest, conjunction)}" if rest else "")


@given(TEXTS, TEXTS, KINDS)
def test_any_two_strings_are_judged_and_strictly_implies_leniently(
    one: str, other: str, kind: AnswerType
) -> None:
    lenient, strict = (match(one, other, kind, strict=flag) for flag in (False, True))
    assert strict.level <= lenient.level
    for result in (lenient, strict):
        assert result.ok == (result.level >= 1)
        assert 0 <= result.level <= 5
        assert result.detail
        assert len(result.detail) < 200
        assert (result.level == 0) == (result.rule in ("veto", "none"))


@given(TEXTS, st.lists(PHRASES, max_size=4), KINDS)
def test_of_several_wordings_the_best_counts_unless_another_vetoes(
    text: str, wordings: list[str], kind: AnswerType
) -> None:
    for strict in (False, True):
        found = match_any(text, wordings, kind, strict=strict)
        single = [match(text, wording, kind, strict=strict) for wording in wordings]
        best = max((one.level for one in single), default=0)
        assert found.level <= best
        assert found.level == best or (best < 3 and any(one.rule == "veto" for one in single)), found
        assert found.ok == (found.level >= 1)
    assert (
        match_any(text, wordings, kind, strict=True).level
        <= match_any(text, wordings, kind, strict=False).level
    )


@given(TEXTS, KINDS, st.booleans())
def test_a_text_is_identical_to_itself(text: str, kind: AnswerType, strict: bool) -> None:
    assert match(text, text, kind, strict=strict).level == 5


@given(TEXTS, KINDS, st.booleans())
def test_one_blank_side_never_matches(text: str, kind: AnswerType, strict: bool) -> None:
    for blank in ("", " ", "\n"):
        assert match(text, blank, kind, strict=strict).ok == (not text.strip())
        assert match(blank, text, kind, strict=strict).ok == (not text.strip())


@given(
    PHRASES,
    PHRASES,
    st.sampled_from([kind for kind in ANSWER_TYPES if kind not in ("date", "place", "organization")]),
    st.booleans(),
)
def test_order_matters_only_where_one_side_can_be_finer_or_excludes_the_other(
    one: str, other: str, kind: AnswerType, strict: bool
) -> None:
    there, back = match(one, other, kind, strict=strict), match(other, one, kind, strict=strict)
    if not any("the bound excludes the value" in found.detail for found in (there, back)):
        assert there.level == back.level


@given(PHRASES, KINDS)
def test_equal_under_the_squad_rules_matches_or_hides_another_number(text: str, kind: AnswerType) -> None:
    other = f"the {text.upper()}."
    result = match(text, other, kind, strict=True)
    assert exact_match(text, other) == 1.0
    if normalize(text) and marks(text) == marks(other) and kind not in NUMERIC:
        assert result.level >= 4


@given(st.integers(0, 9999))
def test_digits_and_number_words_are_one_number(n: int) -> None:
    for words in (spell(n), spell(n, " "), spell(n).replace("-", " "), spell(n).upper()):
        for digits in (str(n), f"{n:,}", f"{n}.0", f"around {n} fighters"):
            assert match(digits, words, "number", strict=True).level >= 2, (digits, words)
            assert match(words, digits, "number", strict=True).level >= 2, (digits, words)


def test_every_number_below_ten_thousand_equals_its_words() -> None:
    wrong = [n for n in range(10_000) if match(str(n), spell(n), "number", strict=True).level != 2]
    assert wrong == []


@given(st.integers(0, 9999), st.integers(0, 9999), st.sampled_from(NUMERIC), st.booleans())
def test_other_numbers_never_match_however_written(n: int, m: int, kind: AnswerType, strict: bool) -> None:
    if n != m:
        for one in (str(n), spell(n), f"over {n}", f"{n} fighters", f"{n:,}"):
            for other in (str(m), spell(m), f"nearly {m:,}"):
                assert not match(one, other, kind, strict=strict).ok


@given(st.integers(1, 500))
def test_units_of_one_scale_convert_and_the_scales_do_not(n: int) -> None:
    assert match(f"{n} weeks", f"{7 * n} days", "duration", strict=True).level == 2
    assert match(f"{n}-year", f"{12 * n} months", "duration", strict=True).level == 2
    assert not match(f"{n} months", f"{30 * n} days", "duration", strict=False).ok
    assert not match(f"{n}", f"{n} weeks", "duration", strict=False).ok


@given(st.text(max_size=60))
def test_folding_is_settled_after_one_pass(text: str) -> None:
    assert text_key(text_key(text)) == text_key(text)
    assert fold(text).casefold() == fold(text)


@pytest.mark.parametrize("sample", ["a", "400", "al-Assad", "“x” — y", "3.5 %"])
@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_wording_set_apart_by_blanks_is_found_where_it_stands(sample: str, before: str, after: str) -> None:
    text = f"{before} {sample} {after}"
    spans = occurs(sample, text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= two.start for one, two in pairwise(spans))
    if not (before.strip() or after.strip()):
        assert [span.text(text) for span in spans] == [sample]
