"""Windows: the same as the tokenizers' own, and right where those would panic."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from typing import Any

import pytest
import transformers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from qa_eval.models.reading.windows import Template, Tokens, Windower, WindowError, _trims
from tests.support import tiny_models
from tests.support.places import ROOT

ARTICLE = (tiny_models.SEEDS / "004_4ffee903a1305e3d.txt").read_text("utf-8")
QUESTION = "How many soldiers were killed?"
KINDS = list(tiny_models.KINDS)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A tokenizer of each kind, loaded as the package loads it."""
    found = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        tiny_models.save_tokenizer(kind, folder)
        found[kind] = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    return found


def backend(tokenizer: Any) -> Tokenizer:
    """A copy, as the library's own calls switch truncation on and off."""
    return Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())


def words() -> Tokenizer:
    """A tokenizer of whitespace words without specials, for arithmetic: n words are n tokens."""
    tokenizer = Tokenizer(models.WordLevel({"w": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def tokens(windower: Windower, text: str) -> Tokens:
    (found,) = windower.tokenize([text])
    assert isinstance(found, Tokens)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("length", "stride"), [(64, 16), (96, 40), (384, 128), (40, 0)])
def test_windows_equal_those_of_the_tokenizer_itself(
    tokenizers: dict[str, Any], kind: str, length: int, stride: int
) -> None:
    tokenizer = tokenizers[kind]
    windower = Windower(backend(tokenizer), max_length=length, doc_stride=stride)
    found = windower.windows(tokens(windower, QUESTION), tokens(windower, ARTICLE))
    theirs = tokenizer(
        QUESTION,
        ARTICLE,
        truncation="only_second",
        max_length=length,
        stride=stride,
        return_overflowing_tokens=True,
        return_token_type_ids=True,
    )
    assert [w.ids.tolist() for w in found] == theirs["input_ids"]
    assert [w.types.tolist() for w in found] == theirs["token_type_ids"]
    for number, window in enumerate(found):
        places = [k for k, part in enumerate(theirs.sequence_ids(number)) if part == 1]
        assert (window.offset, window.size) == (places[0], len(places))


@given(
    context=st.integers(0, 60),
    question=st.integers(1, 12),
    length=st.integers(8, 40),
    stride=st.integers(0, 12),
)
def test_every_token_is_in_a_window_and_neighbours_share_the_stride(
    context: int, question: int, length: int, stride: int
) -> None:
    windower = Windower(words(), max_length=length, doc_stride=stride)
    room = length - question
    pair = tokens(windower, "w " * question), tokens(windower, "w " * context)
    if room < 1 or (context > room and room <= stride):
        with pytest.raises(WindowError, match="the question has"):
            windower.windows(*pair)
        return
    found = windower.windows(*pair)
    seen = [k for w in found for k in range(w.first, w.first + w.size)]
    assert set(seen) == set(range(context))
    assert all(len(w) <= length for w in found)
    for left, right in itertools.pairwise(found):
        assert left.first + left.size - right.first == stride
        assert left.size == room
    # No window lies inside another: none is computed for nothing.
    assert len({w.first + w.size for w in found}) == len(found)


@pytest.mark.parametrize(
    ("question", "context", "length", "stride", "message"),
    [
        pytest.param(20, 5, 20, 4, "20 tokens and leaves no room", id="question as long as the window"),
        pytest.param(50, 5, 20, 4, "50 tokens and leaves no room", id="question longer than the window"),
        pytest.param(50, 0, 20, 4, "leaves no room", id="even where the text is empty"),
        pytest.param(16, 9, 20, 4, "room for 4 tokens of text", id="stride equal to the room"),
        pytest.param(16, 9, 20, 10, "greater than the overlap of windows", id="stride beyond the room"),
    ],
)
def test_a_question_that_leaves_too_little_room_is_an_error_not_a_panic(
    question: int, context: int, length: int, stride: int, message: str
) -> None:
    windower = Windower(words(), max_length=length, doc_stride=stride)
    with pytest.raises(WindowError, match=message):
        windower.windows(tokens(windower, "w " * question), tokens(windower, "w " * context))


def test_a_stride_beyond_the_room_does_not_matter_to_a_text_that_fits() -> None:
    windower = Windower(words(), max_length=20, doc_stride=10)
    (window,) = windower.windows(tokens(windower, "w " * 16), tokens(windower, "w " * 4))
    assert (window.first, window.size) == (0, 4)


def test_an_empty_text_is_one_window_without_context() -> None:
    windower = Windower(words(), max_length=20, doc_stride=4)
    (window,) = windower.windows(tokens(windower, "w w"), tokens(windower, ""))
    assert (window.size, len(window)) == (0, 2)


@pytest.mark.parametrize(
    ("kind", "null_at"),
    [("bert", 0), ("roberta", 0), ("xlnet", -1), ("gpt2", None)],
)
def test_the_null_token_is_found_where_the_template_puts_it(
    tokenizers: dict[str, Any], kind: str, null_at: int | None
) -> None:
    tokenizer = tokenizers[kind]
    windower = Windower(backend(tokenizer), max_length=64, doc_stride=16, null_id=tokenizer.cls_token_id)
    for window in windower.windows(tokens(windower, QUESTION), tokens(windower, ARTICLE)):
        expected = None if null_at is None else null_at % len(window)
        assert window.null_at == expected
        assert expected is None or window.ids[expected] == tokenizer.cls_token_id


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("  The  city\n\nof Palmyra ", id="spaces and newlines"),
        pytest.param("“naïve” café – x", id="typographic quotes"),
        pytest.param("cafe\u0301 cre\u0300me", id="combining marks"),
        pytest.param("a 🏛️👩‍👩‍👧 ruin", id="emoji of several code points"),
        pytest.param("سقطت مدينة تدمُر", id="Arabic"),
        pytest.param("x\u200b\u00a0y\ufeff z", id="odd spaces"),
    ],
)
def test_answers_are_trimmed_whole_pieces_of_the_text(
    tokenizers: dict[str, Any], kind: str, text: str
) -> None:
    windower = Windower(backend(tokenizers[kind]), max_length=64, doc_stride=16)
    found = tokens(windower, text)
    for i in range(len(found)):
        for j in range(i, len(found)):
            answer = text[found.text_starts[i] : found.text_ends[j]]
            assert answer == answer.strip()
            behind = text[found.text_ends[j] : found.text_ends[j] + 1]
            assert not answer or behind not in {"\u0301", "\u0300", "\ufe0f", "\u064f"}


def _pieces(vocabulary: Sequence[str], pre_tokenizer: Any) -> Tokenizer:
    """Unigram pieces, all as likely, with the pre-tokenizer that writes spaces."""
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), *((p, -1.0) for p in vocabulary)], unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizer
    return tokenizer


_METASPACE = pre_tokenizers.Metaspace()
_SPLIT = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), _METASPACE])
_LETTERS = ["▁", "m", "e", "a", "▁ea", "▁▁"]


@pytest.mark.parametrize(
    ("tokenizer", "text", "expected"),
    [
        pytest.param(
            _pieces(_LETTERS, _SPLIT),
            "ea me",
            {"ea": ("ea", "ea"), "▁": ("me", "ea"), "m": ("me", "ea m"), "e": ("e", "ea me")},
            id="the sign before a word, with the offsets of its first letter",
        ),
        pytest.param(
            _pieces(_LETTERS, _METASPACE),
            "ea me",
            {"ea": ("ea", "ea"), "▁": ("me", "ea"), "m": ("me", "ea m"), "e": ("e", "ea me")},
            id="the sign with the offsets of the space",
        ),
        pytest.param(
            _pieces(_LETTERS, _METASPACE),
            "me",
            {"▁": ("me", ""), "m": ("me", "m"), "e": ("e", "me")},
            id="the sign at the start of a text",
        ),
        pytest.param(
            _pieces(_LETTERS, pre_tokenizers.Metaspace(split=False)),
            "a  me",
            {"▁": ("a", ""), "a": ("a", "a"), "▁▁": ("me", "a"), "m": ("me", "a  m"), "e": ("e", "a  me")},
            id="several signs in one token",
        ),
    ],
)
def test_a_token_that_is_only_the_sign_for_a_space_has_no_characters(
    tokenizer: Tokenizer, text: str, expected: dict[str, tuple[str, str]]
) -> None:
    """Token -> the word with which an answer from there on begins, and the text up to where one ends."""
    windower = Windower(tokenizer, max_length=64, doc_stride=16)
    found = tokens(windower, text)
    spelled = [str(tokenizer.id_to_token(int(n))) for n in found.ids]
    seen = {}
    for place, token in enumerate(spelled):
        word = text[found.text_starts[place] :].split(" ", maxsplit=1)[0]
        name = token if token.strip("▁") == "" else token.strip("▁")
        seen[name] = (word, text[: found.text_ends[place]])
    assert seen == expected


def test_a_byte_level_sign_put_before_a_text_has_no_characters() -> None:
    vocabulary = {piece: n for n, piece in enumerate(["Ġ", *"abc"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, trim_offsets=False)
    found = tokens(Windower(tokenizer, max_length=64, doc_stride=16), "ab c")
    assert found.text_starts.tolist() == [0, 0, 1, 3, 3]
    assert found.text_ends.tolist() == [0, 1, 2, 2, 4]


def test_a_sign_is_a_character_like_others_where_tokens_do_not_write_spaces_with_it() -> None:
    tokenizer = Tokenizer(models.WordLevel({"▁": 0, "x": 1}, unk_token="x"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    found = tokens(Windower(tokenizer, max_length=64, doc_stride=16), "x ▁ x")
    assert found.text_ends.tolist() == [1, 3, 5]


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        # For each position: where an answer from there on begins, and where one up to there ends.
        pytest.param("ab", [0, 1, 2], [0, 1, 2], id="no marks"),
        pytest.param("e\u0301x", [0, 0, 2, 3], [0, 2, 2, 3], id="a mark goes with its letter"),
        pytest.param("e\u0323\u0301x", [0, 0, 0, 3, 4], [0, 3, 3, 3, 4], id="so do several"),
        pytest.param("\u0301x", [1, 1, 2], [0, 1, 2], id="a mark at the start of a text begins nothing"),
        pytest.param("a \u0301x", [0, 3, 3, 3, 4], [0, 1, 1, 3, 4], id="nor does one after a space"),
        pytest.param("a\u0301", [0, 0, 2], [0, 2, 2], id="a mark at the end"),
        pytest.param("\u0301", [1, 1], [0, 1], id="nothing but a mark"),
        pytest.param("\u0915\u093f \u0916", [0, 0, 3, 3, 4], [0, 2, 2, 2, 4], id="a vowel sign of Hindi"),
        pytest.param("\u0633\u064f\u0642", [0, 0, 2, 3], [0, 2, 2, 3], id="a vowel of Arabic"),
        pytest.param("\U0001f3db\ufe0f.", [0, 0, 2, 3], [0, 2, 2, 3], id="how an emoji is to be drawn"),
    ],
)
def test_an_answer_begins_and_ends_between_whole_characters(
    text: str, starts: list[int], ends: list[int]
) -> None:
    next_text, previous_end = _trims(text)
    assert (next_text.tolist(), previous_end.tolist()) == (starts, ends)


_ANY = st.text(st.sampled_from(["a", "\u00e9", " ", "\n", "\u0301", "\u0323", "\u093f", "\u0915"]))


@given(text=_ANY)
def test_no_answer_begins_or_ends_with_white_space_or_begins_with_a_mark(text: str) -> None:
    next_text, previous_end = _trims(text)
    for low in set(next_text.tolist()):
        for high in set(previous_end.tolist()):
            if answer := text[low:high]:
                assert answer == answer.strip()
                assert unicodedata.category(answer[0])[0] != "M"
                behind = text[high : high + 1]
                assert not behind or unicodedata.category(behind)[0] != "M"
    assert (next_text[:-1] <= next_text[1:]).all()
    assert (previous_end[:-1] <= previous_end[1:]).all()


def test_truncation_and_padding_of_the_tokenizer_file_are_switched_off(tokenizers: dict[str, Any]) -> None:
    tokenizer = backend(tokenizers["bert"])
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=50)
    windower = Windower(tokenizer, max_length=64, doc_stride=16)
    assert len(tokens(windower, ARTICLE)) > 100
    assert len(tokens(windower, "Palmyra")) < 10


def test_a_text_that_the_tokenizer_cannot_take_does_not_take_others_with_it() -> None:
    windower = Windower(words(), max_length=20, doc_stride=4)
    good, bad, also_good = windower.tokenize(["w w", "a lone surrogate \ud800", "w"])
    assert isinstance(bad, WindowError)
    assert isinstance(good, Tokens)
    assert isinstance(also_good, Tokens)
    assert (len(good), len(also_good)) == (2, 1)


def test_a_tokenizer_without_tokens_has_no_template() -> None:
    silent = words()
    silent.normalizer = normalizers.Replace(" ", "")
    silent.normalizer = normalizers.Sequence([normalizers.Replace(c, "") for c in "athe1. xy"])
    with pytest.raises(WindowError, match="no tokens for plain words"):
        Template.of(silent)


def test_the_package_folder_holds_the_model_it_names() -> None:
    folder = ROOT / "qa_eval" / "models" / "embedded"
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    template = Windower(tokenizer, max_length=384, doc_stride=128).template
    assert (template.before, template.between, template.after) == (((101, 0),), ((102, 0),), ((102, 1),))
