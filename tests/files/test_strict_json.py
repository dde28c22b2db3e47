"""One JSON value: what is wrong inside it, and where a text is no JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.files.strict_json import NotJsonError, parse_json, stored_object

TOO_DEEP = "nested too deeply; at most 16 levels are read"
HALF = "holds half of a surrogate pair; write the whole character"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        pytest.param('{"a": [1, {"b": "c:{["}], "d": 1e300}', [], id="nothing"),
        pytest.param('{"a": 1, "b": 2, "a": 3}', [("a", "the key is there twice; keep one")], id="key twice"),
        pytest.param(
            '[{"a": {"b": 1, "b": 1}}]', [("[0].a.b", "the key is there twice; keep one")], id="inside"
        ),
        pytest.param(
            '{"a": [NaN, -Infinity]}',
            [
                ("a[0]", "NaN is not a number JSON has; write a finite number"),
                ("a[1]", "-Infinity is not a number JSON has; write a finite number"),
            ],
            id="constants",
        ),
        pytest.param('{"a": -1e999}', [("a", "the number -1e999 is too great to be read")], id="a float"),
        pytest.param(
            f'{{"a": {"7" * 5000}}}',
            [("a", f"the number {'7' * 39}… of 5,000 characters is too great to be read")],
            id="an integer",
        ),
        pytest.param(r'{"a": "x\ud83d"}', [("a", rf'"x\ud83d" {HALF}')], id="half a character"),
        pytest.param(r'{"\ude00": 1}', [(r"\ude00", f"the key {HALF}")], id="in a key"),
        pytest.param(r'"\ud83d\ude00 \u00e9 \\ud83d"', [], id="a pair"),
        pytest.param("[" * 16 + "]" * 16, [], id="16 levels"),
        pytest.param("[" * 17 + "]" * 17, [("[0]" * 16, TOO_DEEP)], id="17 levels"),
        pytest.param('["' + "[" * 99 + '"]', [], id="brackets in a text"),
        pytest.param(
            '{"a": NaN, "b": {"c": 1, "c": 1}}',
            [
                ("a", "NaN is not a number JSON has; write a finite number"),
                ("b.c", "the key is there twice; keep one"),
            ],
            id="several",
        ),
    ],
)
def test_everything_wrong_in_a_value_is_listed(text: str, problems: list[tuple[str, str]]) -> None:
    assert [(problem.field, problem.message) for problem in parse_json(text).problems] == problems


def test_a_value_of_another_tool_may_hold_half_characters_and_be_deep() -> None:
    text = '["\\ud83d", ' + "[" * 30 + "]" * 30 + "]"
    assert len(parse_json(text).problems) == 2
    assert parse_json(text, foreign=True) == (json.loads(text), (), True)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("", "not valid JSON: Expecting value", 1, 1),
        ("{nope}", "not valid JSON: Expecting property name enclosed in double quotes", 1, 2),
        ('{"a": 1} {}', "not valid JSON: Extra data", 1, 10),
        ('{"a":\n NaN,\n "b" 2}', "not valid JSON: Expecting ':' delimiter", 3, 6),
        ("[" * 100_000, TOO_DEEP, 1, None),
        ("[NaN, " + "[" * 100_000, TOO_DEEP, 1, None),
    ],
)
def test_a_text_that_is_no_json_says_where_it_breaks(
    text: str, message: str, line: int, column: int | None
) -> None:
    with pytest.raises(NotJsonError) as caught:
        parse_json(text)
    assert (str(caught.value), caught.value.line, caught.value.column) == (message, line, column)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_right_is_read_as_the_standard_library_reads_it(
    value: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert parse_json(text, foreign=True) == (json.loads(text), (), True)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[1]", "must be a JSON object, found a list"),
        (b'{"a": [NaN]}', "a[0]: NaN is not a number JSON has; write a finite number"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 8 of the line (0xff); save as UTF-8"),
        (b'{"a": 1', "not valid JSON: Expecting ',' delimiter"),
    ],
)
def test_a_stored_object_that_is_broken_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(NotJsonError) as caught:
        stored_object(data)
    assert str(caught.value) == message


def test_a_stored_object_may_hold_what_its_checksums_tell_of() -> None:
    assert stored_object(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(
    "number",
    ["1e999", "-1E+0309", "1.8e308", "9" * 5000, "9" * 300 + "e20", "-" + "7" * 210 + ".5e99"],
    ids=lambda number: number if len(number) < 12 else f"{len(number)} characters",
)
@pytest.mark.parametrize(
    "form", ['{"a":%s}', '{"a": [1, %s ], "b": "x"}', '{"long": "' + "z" * 333 + '", "a": %s\n}']
)
def test_a_stored_number_that_is_too_great_is_refused(form: str, number: str) -> None:
    with pytest.raises(NotJsonError, match="is too great to be read"):
        stored_object((form % number).encode())


@given(st.dictionaries(st.text(), VALUES))
def test_stored_values_are_what_the_standard_library_reads(value: dict[str, object]) -> None:
    data = json.dumps(value).encode()
    assert stored_object(data) == json.loads(data)
