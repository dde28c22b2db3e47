"""Tokenizers are those of tokenizer.json, under the settings beside it, whatever transformers builds."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from qa_eval.errors import ModelError
from qa_eval.models.checkpoint import piece_models
from qa_eval.models.checkpoint.checkpoints import EMBEDDED
from qa_eval.models.checkpoint.tokenizer_files import (
    PROBES,
    Settings,
    differences,
    read_tokenizer,
    space_signs,
)
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction
from tests.support import tiny_models
from tests.support.command_line import call

DECODING = Decoding(max_length=96, doc_stride=24, max_answer_tokens=12, n_best=5)
TEXT = "The city of Palmyra was taken back in March 2016, officials said. " * 6
INSTANCES = [
    Instance(item="a", question="When was the city taken back?", context=TEXT),
    Instance(item="b", question="Who said so?", context="Nobody knows."),
]

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "The", "cafe", "café", "中", "国", "中国", "12", "x")


def words(**normalizer: Any) -> Tokenizer:
    """WordPiece of a few words, as BERT's; the normalizer's options are given, and off by default."""
    tokenizer = Tokenizer(models.WordPiece({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    options = {"lowercase": False, "strip_accents": False, "handle_chinese_chars": False}
    tokenizer.normalizer = normalizers.BertNormalizer(**options | normalizer)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def spaced(*, prefix: bool = False) -> Tokenizer:
    """Byte-level BPE without merges but for "Ġt"; of two texts, the second follows a separator."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: n for n, piece in enumerate(["<s>", "</s>", *letters, "Ġt"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("Ġ", "t")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 1), ("<s>", 0))
    return tokenizer


def pieces(folder: Path, tokenizer: Tokenizer, **settings: Any) -> Tokenizer:
    """The tokenizer as it is read from a folder with these settings."""
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    found = Settings.of(folder, "it")
    read = read_tokenizer(folder, "it", found, found.tokenizer_class({}))
    assert read is not None
    return read


def tokens(tokenizer: Tokenizer, text: str) -> list[str]:
    found: list[str] = tokenizer.encode(text, add_special_tokens=False).tokens
    return found


# ------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    ("made", "settings", "text", "expected"),
    [
        pytest.param({}, {}, "The the", ["The", "the"], id="nothing said: the file's case"),
        pytest.param({"lowercase": True}, {}, "The the", ["the", "the"], id="nothing said: the file lowers"),
        pytest.param({}, {"do_lower_case": True}, "The the", ["the", "the"], id="lowered by the settings"),
        pytest.param(
            {"lowercase": True},
            {"do_lower_case": False},
            "The the",
            ["The", "the"],
            id="kept by the settings",
        ),
        pytest.param({}, {"do_lower_case": None}, "The", ["The"], id="null says nothing of the case"),
        pytest.param({}, {"strip_accents": True}, "café", ["cafe"], id="accents stripped"),
        pytest.param({"strip_accents": True}, {"strip_accents": False}, "café", ["café"], id="accents kept"),
        pytest.param(
            {},
            {"do_lower_case": True, "strip_accents": None},
            "café",
            ["cafe"],
            id="null strips accents where case is lowered",
        ),
        pytest.param({}, {}, "中国", ["中国"], id="Chinese in one"),
        pytest.param({}, {"tokenize_chinese_chars": True}, "中国", ["中", "国"], id="Chinese by character"),
        pytest.param(
            {},
            {"do_lower_case": True, "tokenizer_class": "PreTrainedTokenizerFast"},
            "The",
            ["The"],
            id="a class that knows no case leaves the file's",
        ),
        pytest.param(
            {},
            {"do_lower_case": True, "tokenizer_class": "RobertaTokenizer"},
            "The",
            ["The"],
            id="so does RoBERTa's",
        ),
        pytest.param(
            {},
            {"tokenize_chinese_chars": True, "tokenizer_class": "MPNetTokenizerFast"},
            "中国",
            ["中国"],
            id="MPNet's does not heed Chinese",
        ),
    ],
)
def test_case_accents_and_chinese_are_those_of_the_settings_for_berts_family(
    tmp_path: Path, made: dict[str, Any], settings: dict[str, Any], text: str, expected: list[str]
) -> None:
    read = pieces(tmp_path, words(**made), **{"tokenizer_class": "BertTokenizer"} | settings)
    assert tokens(read, text) == expected


@pytest.mark.parametrize(
    ("prefix", "settings", "expected"),
    [
        (False, {}, ["t", "x"]),
        (True, {}, ["Ġt", "x"]),
        (False, {"add_prefix_space": True}, ["Ġt", "x"]),
        (True, {"add_prefix_space": False}, ["t", "x"]),
        (True, {"add_prefix_space": None}, ["Ġt", "x"]),
    ],
)
@pytest.mark.parametrize("named", ["RobertaTokenizer", "PreTrainedTokenizerFast", "DebertaTokenizer"])
def test_the_space_before_a_text_is_that_of_the_settings(
    tmp_path: Path, prefix: bool, settings: dict[str, Any], expected: list[str], named: str
) -> None:
    read = pieces(tmp_path, spaced(prefix=prefix), **settings, tokenizer_class=named)
    assert tokens(read, "tx") == expected


@pytest.mark.parametrize(("named", "expected"), [("BloomTokenizer", "Ġt"), ("Qwen2Tokenizer", "t")])
def test_a_nested_byte_level_part_takes_the_space_for_bloom_only(
    tmp_path: Path, named: str, expected: str
) -> None:
    tokenizer = spaced()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(), byte_level])
    read = pieces(tmp_path, tokenizer, add_prefix_space=True, tokenizer_class=named)
    assert tokens(read, "t") == [expected]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"tokenizer_class": "LlamaTokenizer"}, ["<s>", "t", "</s>", "</s>", "x", "</s>"]),
        ({"tokenizer_class": "LlamaTokenizer", "add_bos_token": True}, ["<s>", "t", "<s>", "x"]),
        (
            {"tokenizer_class": "LlamaTokenizer", "add_eos_token": True},
            ["<s>", "t", "</s>", "<s>", "x", "</s>"],
        ),
        ({"tokenizer_class": "GPTNeoXTokenizer", "add_eos_token": True}, ["t", "</s>", "x", "</s>"]),
        ({"tokenizer_class": "GPTNeoXTokenizer", "add_bos_token": False}, ["t", "x"]),
        (
            {"tokenizer_class": "RobertaTokenizer", "add_bos_token": False},
            ["<s>", "t", "</s>", "</s>", "x", "</s>"],
        ),
    ],
)
def test_the_ends_of_a_text_are_set_for_the_classes_that_set_them(
    tmp_path: Path, settings: dict[str, Any], expected: list[str]
) -> None:
    read = pieces(tmp_path, spaced(), **settings, bos_token="<s>", eos_token="</s>")
    assert read.encode("t", "x").tokens == expected


def test_added_tokens_are_those_of_the_file_and_of_the_settings(tmp_path: Path) -> None:
    added = {"13": {"content": "[Q]", "special": True}, "3": {"content": "[SEP]", "special": True}}
    read = pieces(
        tmp_path, words(), added_tokens_decoder=added, cls_token="[CLS]", additional_special_tokens=["[R]"]
    )
    assert tokens(read, "x[Q]x[SEP]x[CLS]x[R]") == ["x", "[Q]", "x", "[SEP]", "x", "[CLS]", "x", "[R]"]
    assert (read.token_to_id("[Q]"), read.token_to_id("[R]")) == (13, 14)


def test_added_tokens_in_the_older_form_are_read(tmp_path: Path) -> None:
    (tmp_path / "added_tokens.json").write_text(json.dumps({"[R]": 14, "[Q]": 13}), "utf-8")
    (tmp_path / "special_tokens_map.json").write_text(json.dumps({"cls_token": "[SEP]"}), "utf-8")
    read = pieces(tmp_path, words(), cls_token="[CLS]")
    assert tokens(read, "x[Q]x[R]") == ["x", "[Q]", "x", "[R]"]
    assert (read.token_to_id("[Q]"), read.token_to_id("[R]")) == (13, 14)
    assert Settings.of(tmp_path, "it").token("cls_token") == "[SEP]"  # the map overrules in the older form


def test_special_tokens_in_a_text_are_plain_text_where_the_settings_say_so(tmp_path: Path) -> None:
    plain = {"cls_token": "[CLS]", "split_special_tokens": True}
    assert tokens(pieces(tmp_path, words(), cls_token="[CLS]"), "[CLS]") == ["[CLS]"]
    assert tokens(pieces(tmp_path, words(), **plain), "[CLS]") == ["[UNK]"] * 3


@pytest.mark.parametrize(
    ("value", "longest"), [(512, 512), (1e30, None), (None, None), ("512", None), (True, None), (-1, None)]
)
def test_the_longest_input_is_a_number_that_means_something(
    tmp_path: Path, value: object, longest: int | None
) -> None:
    assert Settings({"model_max_length": value}).max_length == longest


# ----------------------------------------------------------------------------------------- what is refused


def _broken(name: str, content: bytes) -> Any:
    return pytest.param(name, content, id=f"{name}: {content[:20]!r}")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        _broken("tokenizer.json", b""),
        _broken("tokenizer.json", b"{}"),
        _broken("tokenizer.json", b"[1"),
        _broken("tokenizer.json", b"\xff\xfe\x00"),
        _broken("tokenizer.json", b"[" * 100_000),
        _broken("tokenizer.json", b'{"model": {"type": "WordPiece", "vocab": 1}}'),
        _broken("tokenizer_config.json", b"{"),
        _broken("tokenizer_config.json", b"[]"),
        _broken("tokenizer_config.json", b"\xff"),
        _broken("tokenizer_config.json", b"[" * 100_000),
        _broken("tokenizer_config.json", b'{"added_tokens_decoder": {"x": 1}}'),
        _broken("tokenizer_config.json", b'{"added_tokens_decoder": [1]}'),
        _broken("special_tokens_map.json", b"{"),
        _broken("added_tokens.json", b'{"[Q]": "many"}'),
    ],
)
def test_a_broken_file_is_refused_by_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    folder = tiny_models.build("bert", tmp_path / "bert")
    if name == "added_tokens.json":
        (folder / "tokenizer_config.json").unlink()
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError) as caught:
        resolve(str(folder), DECODING)
    assert name.replace("added_tokens.json", "tokenizer_config.json") in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_pointer_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    folder = tiny_models.build("bert", tmp_path / "bert")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    (folder / "tokenizer.json").write_text(pointer, "utf-8")
    with pytest.raises(ModelError, match=r"tokenizer.json is a git-lfs pointer.*git lfs pull"):
        resolve(str(folder), DECODING)


# ------------------------------------------------------------------------------------------- what is compared


def _with(change: Callable[[Tokenizer], None]) -> Tokenizer:
    tokenizer = words()
    change(tokenizer)
    return tokenizer


def _lower(tokenizer: Tokenizer) -> None:
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)


def _split_less(tokenizer: Tokenizer) -> None:
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()


def _two_separators(tokenizer: Tokenizer) -> None:
    tokenizer.post_processor = processors.RobertaProcessing(("[SEP]", 3), ("[CLS]", 2))


def _other_types(tokenizer: Tokenizer) -> None:
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )


def _other_words(tokenizer: Tokenizer) -> None:
    tokenizer.model = models.WordPiece({word: n for n, word in enumerate(WORDS[::-1])}, unk_token="[UNK]")


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (_lower, "normalizer"),
        (_split_less, "pre-tokenizer"),
        (_two_separators, "template"),
        (_other_types, "template"),
        (_other_words, "vocabulary"),
    ],
)
def test_a_difference_is_named_by_the_part_that_differs(
    change: Callable[[Tokenizer], None], part: str
) -> None:
    found = differences(words(), _with(change))
    assert found is not None
    assert part in found


def test_equal_tokenizers_do_not_differ() -> None:
    padded = words()
    padded.enable_padding(length=50)
    padded.enable_truncation(4)
    assert differences(words(), padded) is None


def test_there_are_forty_probes_and_no_two_are_equal() -> None:
    assert len(set(PROBES)) == len(PROBES) == 40


@pytest.mark.parametrize(
    ("tokenizer", "signs"),
    [
        (words(), ""),
        (spaced(), "Ġ"),
        (tiny_models.sentence_piece()[0], "▁"),
    ],
    ids=["WordPiece", "byte-level", "SentencePiece"],
)
def test_the_sign_for_a_space_is_known(tokenizer: Tokenizer, signs: str) -> None:
    assert space_signs(tokenizer) == signs


# ---------------------------------------------------------------------------------- through the public path


def answers(folder: Path) -> list[Prediction]:
    return sorted(resolve(str(folder), DECODING).predict(INSTANCES), key=lambda p: p.item)


def edit(path: Path, **fields: Any) -> None:
    """Sets fields of a JSON file; None removes one."""
    found = json.loads(path.read_text("utf-8")) | fields
    path.write_text(json.dumps({k: v for k, v in found.items() if v is not None}), "utf-8")


@pytest.mark.parametrize(
    "named",
    ["PreTrainedTokenizerFast", "BertTokenizerFast", "ElectraTokenizer", "RobertaTokenizer", "Unheard", None],
)
@pytest.mark.parametrize("inputs", [None, ["input_ids", "attention_mask"]])
def test_a_model_is_read_alike_whatever_class_its_tokenizer_was_saved_as(
    bert_copy: Path, named: str | None, inputs: list[str] | None
) -> None:
    before = answers(bert_copy)
    edit(bert_copy / "tokenizer_config.json", tokenizer_class=named, model_input_names=inputs)
    assert answers(bert_copy) == before


def test_a_file_of_words_under_a_byte_level_class_is_read_as_words_and_the_row_says_so(
    bert_copy: Path,
) -> None:
    assert resolve(str(bert_copy), DECODING).info.tokenizer_note is None
    edit(bert_copy / "tokenizer_config.json", tokenizer_class="RobertaTokenizer")
    info = resolve(str(bert_copy), DECODING).info
    assert info.tokenizer_note is not None
    assert "read from tokenizer.json; transformers" in info.tokenizer_note
    assert "pre-tokenizer" in info.tokenizer_note


def test_the_command_models_shows_how_a_tokenizer_differs(tmp_path: Path) -> None:
    for file in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).symlink_to(EMBEDDED / file)
    assert "tokenizer " not in call("models", str(tmp_path)).stdout
    settings = json.loads((EMBEDDED / "tokenizer_config.json").read_text("utf-8"))
    (tmp_path / "tokenizer_config.json").unlink()
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps(settings | {"tokenizer_class": "RobertaTokenizer"})
    )
    shown = call("models", str(tmp_path)).stdout
    assert "tokenizer      read from tokenizer.json; transformers" in shown


def test_a_tokenizer_that_the_library_cannot_build_is_read_from_its_file(
    bert_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import transformers

    before = answers(bert_copy)

    def refuse(*_: object, **__: object) -> None:
        raise ValueError("no such class")

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", refuse)
    other = shutil.copytree(bert_copy, bert_copy.with_name("other"))
    assert answers(other) == before
    note = resolve(str(other), DECODING).info.tokenizer_note
    assert note is not None
    assert "cannot build it (no such class); read from tokenizer.json" in note


def _template(folder: Path, pair: str) -> None:
    path = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair=pair, special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(path))


@pytest.mark.parametrize(
    "pair",
    ["[CLS] $A [SEP] $B:2 [SEP]:1", "[CLS]:2 $A [SEP] $B:1 [SEP]:1", "[CLS] $A:0 [SEP] $B:1 [SEP]:5"],
    ids=["of the text", "of the first special token", "of the last"],
)
def test_a_token_type_that_the_model_does_not_know_is_refused(bert_copy: Path, pair: str) -> None:
    _template(bert_copy, pair)
    with pytest.raises(ModelError, match=r"token type [25], .* only 0 to 1 .type_vocab_size 2"):
        resolve(str(bert_copy), DECODING)


def test_a_model_with_one_type_is_given_none(tmp_path: Path) -> None:
    folder = tiny_models.build("roberta", tmp_path / "roberta")
    before = answers(folder)
    path = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B:1 </s>:1",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    tokenizer.save(str(path))
    assert answers(folder) == before


# -------------------------------------------------------------------------------- SentencePiece models alone


def train(path: Path, lines: Sequence[str], **options: Any) -> None:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=60,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **options,
    )
    path.write_bytes(model.getvalue())


@pytest.fixture
def albert(tmp_path: Path) -> Path:
    """A tiny ALBERT with nothing but `spiece.model` for its vocabulary."""
    import torch
    import transformers

    folder = tmp_path / "albert"
    folder.mkdir()
    controls = ["[CLS]", "[SEP]", "[MASK]"]
    train(
        folder / "spiece.model",
        [TEXT.lower(), "12 1/2 cafe"],
        pad_id=0,
        unk_id=1,
        bos_id=-1,
        eos_id=-1,
        control_symbols=controls,
    )
    config = transformers.AlbertConfig(
        vocab_size=200,
        embedding_size=16,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=96,
        initializer_range=0.3,
    )
    make: Any = transformers.AutoModelForQuestionAnswering
    with torch.random.fork_rng():
        torch.manual_seed(7)
        make.from_config(config).save_pretrained(folder)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "AlbertTokenizer"}', "utf-8")
    (folder / "README.md").write_text("---\nqa_eval:\n  unanswerable: true\n---\n", "utf-8")
    return folder


def test_a_sentencepiece_model_alone_is_read_with_its_normalizer_and_template(albert: Path) -> None:
    model: Any = resolve(str(albert), DECODING)
    texts = ["The city", "the city", "ＴＨＥ ｃｉｔｙ", "the\u00a0city"]
    windows = model.reader.windows([Instance(item=t, question="the", context=t) for t in texts])
    assert len({tuple(w.ids.tolist()) for w in windows}) == 1  # lowered, full-width and odd spaces made plain
    types = windows[0].types.tolist()
    assert types == sorted(types)
    assert set(types) == {0, 1}
    assert windows[0].null_at == 0
    (found, _) = model.predict(INSTANCES)
    assert found.error is None
    assert found.null_score is not None


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"sentencepiece"}, "sentencepiece, which is not installed"),
        ({"sentencepiece", "google.protobuf"}, "sentencepiece and protobuf, which are not installed"),
    ],
)
def test_without_its_library_the_message_names_the_extra(
    albert: Path, monkeypatch: pytest.MonkeyPatch, missing: set[str], words: str
) -> None:
    monkeypatch.setattr(piece_models, "_is_installed", lambda module: module not in missing)
    with pytest.raises(ModelError) as caught:
        resolve(str(albert), DECODING)
    assert words in str(caught.value)
    assert "spiece.model" in str(caught.value)
    assert "pip install 'qa-eval[sentencepiece]'" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_model_that_is_none_is_refused_by_its_name(albert: Path, content: bytes) -> None:
    (albert / "spiece.model").write_bytes(content)
    with pytest.raises(ModelError, match=r"spiece.model cannot be read as a SentencePiece model"):
        resolve(str(albert), DECODING)


def test_a_pointer_in_place_of_the_model_is_named(albert: Path) -> None:
    (albert / "spiece.model").write_text("version https://git-lfs.github.com/spec/v1\n", "utf-8")
    with pytest.raises(ModelError, match=r"spiece.model .*git lfs pull"):
        resolve(str(albert), DECODING)


def test_a_tokenizer_json_beside_the_model_is_what_is_read(albert: Path) -> None:
    shutil.copy(tiny_models.build("bert", albert.parent / "bert") / "tokenizer.json", albert)
    edit(albert / "tokenizer_config.json", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]")
    own = Tokenizer.from_file(str(albert / "tokenizer.json"))
    # It has more tokens than the embedding has rows, which only shows if it is read.
    with pytest.raises(ModelError, match=f"its tokenizer has {own.get_vocab_size()} tokens"):
        resolve(str(albert), DECODING)
