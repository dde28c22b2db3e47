"""Every architecture with a question-answering head: it answers as a slow reader does, or is refused."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForQuestionAnswering

from qa_eval.errors import ModelError
from qa_eval.models.checkpoint.architectures import FLOAT32_ONLY, UNPADDED, UNSUPPORTED, wrong_setting
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime
from tests.support import tiny_architectures
from tests.support.slow_reader import SlowReader
from tests.support.tiny_architectures import POSITIONS, TYPES
from tests.support.tiny_models import SEEDS

TEXT = (SEEDS / "004_4ffee903a1305e3d.txt").read_text("utf-8")
QUESTION = "How many soldiers were killed?"
LONG = Instance(item="long@x", question=QUESTION, context=TEXT[:1500], article="x")
OTHERS = [
    Instance(
        item="other@x", question="When did they take the city back?", context=TEXT[900:1700], article="x"
    ),
    # Each shorter than a window and of another length: in a batch they are mostly padding.
    *(Instance(item=f"short{n}@x", question="Who?", context=TEXT[:n], article="x") for n in (4, 30, 75, 120)),
]
EMPTY = Instance(item="empty@x", question=QUESTION, context="", article="x")
TOO_LONG = Instance(item="too-long@x", question=QUESTION * 40, context=TEXT[:80], article="x")
WIDE = Decoding(max_length=128, doc_stride=16, max_answer_tokens=8, n_best=20)
"""Wider than the positions of those models that have a table of them."""
FOREIGN_INPUTS = {"bbox", "image", "pixel_values", "visual_feats", "xpath_tags_seq", "input_shape_ids"}
"""Of a forward pass: what no tokenizer makes of plain text."""
SUPPORTED = [kind for kind in TYPES if kind not in UNSUPPORTED]

Build = Callable[[str], Path]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The folder of a tiny checkpoint of a type, made when it is first asked for."""
    root = tmp_path_factory.mktemp("architectures")
    bars: Any = transformers.utils.logging
    bars.disable_progress_bar()
    return cache(lambda kind: tiny_architectures.build(kind, root / kind))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices this small are shared out among threads at a loss."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def answers(folder: Path, instances: list[Instance], runtime: Runtime) -> dict[str, Prediction]:
    return {p.item: p for p in resolve(f"hf:{folder}", WIDE, runtime).predict(instances)}


@pytest.mark.parametrize("kind", SUPPORTED)
def test_a_type_answers_a_long_article_as_the_slow_reader_does(build: Build, kind: str) -> None:
    folder = build(kind)
    model = resolve(str(folder), WIDE)
    decoding = model.decoding
    assert decoding is not None
    reader = SlowReader(folder)
    assert reader.tokenizer.model_max_length > 1e29  # it knows no limit: the model's own counts
    if "max_position_embeddings" in json.loads((folder / "config.json").read_text("utf-8")):
        # The RoBERTa family counts positions from behind the padding's id, which is at most 5 here.
        assert POSITIONS - 6 <= decoding.max_length <= POSITIONS
    found = {p.item: p for p in model.predict([TOO_LONG, LONG, *OTHERS, EMPTY])}

    for instance in (LONG, OTHERS[-1]):
        ours, theirs = found[instance.item], reader.read(instance, decoding)
        assert ours.error is None
        assert ours.windows == theirs.windows
        assert [c.score for c in ours.n_best] == pytest.approx(theirs.best(20), abs=1e-4)
        for c in ours.n_best:
            assert c.start is not None
            assert c.end is not None
            assert c.text == c.text.strip() == instance.context[c.start : c.end] != ""
            assert c.score == pytest.approx(theirs.spans[c.start, c.end], abs=1e-4)
        assert len({(c.start, c.end) for c in ours.n_best}) == len(ours.n_best) == 20
        if ours.null_score is not None:
            assert ours.null_score == pytest.approx(theirs.null_score, abs=1e-4)
    assert found[LONG.item].windows > 3
    scores = [c.score for c in found[LONG.item].n_best]
    assert scores[0] - scores[-1] > 0.01  # or nothing would be compared

    assert (found[EMPTY.item].error, found[EMPTY.item].n_best) == (None, ())
    assert "leaves no room for the text" in str(found[TOO_LONG.item].error)
    assert QUESTION in str(found[TOO_LONG.item].error)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_batches_and_order_do_not_move_a_types_answers(build: Build, kind: str) -> None:
    folder = build(kind)
    alone = answers(folder, [LONG, *OTHERS, EMPTY], Runtime(batch_tokens=1))
    together = answers(folder, [EMPTY, *OTHERS[::-1], LONG], Runtime(batch_tokens=4096))
    for item, one in alone.items():
        other = together[item]
        assert [c.score for c in other.n_best] == pytest.approx([c.score for c in one.n_best], abs=1e-4)
        assert other.null_score == pytest.approx(one.null_score, abs=1e-4)
        if one.n_best and one.n_best[0].score - one.n_best[1].score > 1e-4:
            assert (one.n_best[0].start, one.n_best[0].end) == (other.n_best[0].start, other.n_best[0].end)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_layers_that_a_type_would_leave_out_are_refused(build: Build, tmp_path: Path, kind: str) -> None:
    for path in build(kind).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    later = {
        re.sub(r"[.](\d+)[.]", lambda found: f".{int(found[1]) + 7}.", name, count=1): tensor.clone()
        for name, tensor in weights.items()
    }
    save_file(weights | later, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"the weights have \d+ layers .*\w is (1|2|a list of 2) in config"):
        resolve(str(tmp_path), WIDE)


# ------------------------------------------------------------------------------------------ the tables


def foreign(kind: str) -> set[str]:
    """What the model of a type wants to be given beside text, and whether it has no vocabulary."""
    config: Any = transformers.CONFIG_MAPPING[kind]
    model: Any = transformers.MODEL_FOR_QUESTION_ANSWERING_MAPPING[config]
    wanted = FOREIGN_INPUTS & set(inspect.signature(model.forward).parameters)
    fields = {field.name for field in dataclasses.fields(config)}
    return wanted | ({"no vocabulary"} if "vocab_size" not in fields else set())


def plain_logits(folder: Path, rows: list[list[int]], pad: int = 0) -> torch.Tensor:
    """Start logits of inputs of one length, with so much padding behind, by the library alone."""
    auto: Any = transformers.AutoModelForQuestionAnswering
    ids = torch.nn.functional.pad(torch.tensor(rows), (0, pad), value=1)
    mask = torch.ones_like(ids)
    mask[:, ids.shape[1] - pad :] = 0
    with torch.no_grad():
        logits: torch.Tensor = (
            auto.from_pretrained(folder).eval()(input_ids=ids, attention_mask=mask).start_logits
        )
    return logits[:, : len(rows[0])]


def sample_ids(folder: Path) -> list[int]:
    """A question and a short text, as the tokenizer of a checkpoint joins them."""
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    ids: list[int] = tokenizer(QUESTION, TEXT[:60])["input_ids"]
    return ids


@pytest.mark.parametrize("kind", TYPES)
def test_the_table_of_unsupported_types_is_exact(build: Build, kind: str) -> None:
    """A type is in it if and only if it wants what text does not have, or does not read the question."""
    unusable = bool(foreign(kind))
    if not unusable:
        folder = build(kind)
        ids = sample_ids(folder)
        other = [*ids[:2], ids[2] + 1, *ids[3:]]  # another word in the question
        with torch.random.fork_rng():
            first, second = plain_logits(folder, [ids, other])
        unusable = bool((first[-10:] - second[-10:]).abs().max() < 1e-6)
    assert unusable == (kind in UNSUPPORTED)


def test_the_table_names_no_type_that_the_library_does_not_have() -> None:
    assert set(UNSUPPORTED) | UNPADDED <= set(TYPES)
    assert not set(UNSUPPORTED) & UNPADDED


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_an_unsupported_type_is_refused_with_its_reason(build: Build, tmp_path: Path, kind: str) -> None:
    for path in build("bert").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}), "utf-8")
    with pytest.raises(ModelError, match=re.escape(f"is of type {kind!r}: {UNSUPPORTED[kind]}")):
        resolve(str(tmp_path), WIDE)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_types_that_see_masked_padding_and_no_others_are_read_without(build: Build, kind: str) -> None:
    folder = build(kind)
    ids = sample_ids(folder)
    with torch.random.fork_rng():
        bare, padded = plain_logits(folder, [ids]), plain_logits(folder, [ids], pad=24)
    assert bool((bare - padded).abs().max() > 1e-4) == (kind in UNPADDED)


@pytest.mark.parametrize("kind", SUPPORTED)
def test_a_null_score_is_read_where_its_token_sees_the_text(build: Build, kind: str) -> None:
    folder = build(kind)
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    ids = sample_ids(folder)
    sees = False
    if tokenizer.cls_token_id in ids:
        place, at = ids.index(tokenizer.cls_token_id), len(ids) - 4
        other = [*ids[:at], ids[at] + 1, *ids[at + 1 :]]
        with torch.random.fork_rng():
            first, second = plain_logits(folder, [ids, other])
        sees = bool((first[place] - second[place]).abs() > 1e-6)
    assert resolve(str(folder), WIDE).info.no_null_head is not sees


@pytest.mark.parametrize("kind", SUPPORTED)
def test_a_deterministic_run_of_a_type_is_equal_to_the_last_bit(
    build: Build, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # How many threads it is does not matter here, and one is much the fastest.
    monkeypatch.setattr("qa_eval.models.torch_settings._DETERMINISTIC_THREADS", 1)
    folder, runtime = build(kind), Runtime(deterministic=True)
    found = answers(folder, OTHERS[3:], runtime)
    assert {p.error for p in found.values()} == {None}
    assert answers(folder, OTHERS[:2:-1], runtime) == found


# ---------------------------------------------------------------------------------- settings that matter


@pytest.mark.parametrize("kind", SUPPORTED)
def test_a_type_reads_in_16_bits_or_is_refused(build: Build, kind: str) -> None:
    asked, half = OTHERS[-1], Runtime(dtype="bfloat16")
    if kind in FLOAT32_ONLY:
        with pytest.raises(ModelError, match=f"type {kind!r}, which transformers computes in float32 only"):
            resolve(str(build(kind)), WIDE, half)
        # The refusal is right: the model itself fails.
        model = AutoModelForQuestionAnswering.from_pretrained(build(kind), dtype=torch.bfloat16)
        with pytest.raises(RuntimeError):
            model(input_ids=torch.tensor([[5, 6, 7, 8]]))
        return
    whole, short = (answers(build(kind), [asked], runtime)[asked.item] for runtime in (Runtime(), half))
    assert short.error is None
    scores = [{(c.start, c.end): c.score for c in given.n_best} for given in (whole, short)]
    differences = [abs(score - scores[1][span]) for span, score in scores[0].items() if span in scores[1]]
    assert 0 < max(differences) < 1


@pytest.mark.parametrize(("kind", "name"), [("flaubert", "Flaubert"), ("xlm", "XLM"), ("xlnet", "XLNet")])
def test_a_head_that_searches_by_beam_is_refused_by_name(
    build: Build, tmp_path: Path, kind: str, name: str
) -> None:
    for path in build(kind).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    made: Any = getattr(transformers, f"{name}ForQuestionAnswering")
    made(transformers.AutoConfig.from_pretrained(tmp_path)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=f"has the head of {name}ForQuestionAnswering, .* only {name}"):
        resolve(str(tmp_path), WIDE)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("xmod", {"default_language": None}, "set default_language .one of en_XX"),
        ("yoso", {"use_expectation": False}, "set use_expectation"),
        ("nystromformer", {"num_landmarks": 8}, "shorter windows cannot be read"),
        ("reformer", {"hash_seed": None}, "set hash_seed and num_buckets"),
        ("reformer", {"num_buckets": None}, "set hash_seed and num_buckets"),
    ],
)
def test_a_setting_that_cannot_be_read_with_is_refused(
    build: Build, tmp_path: Path, kind: str, settings: dict[str, Any], message: str
) -> None:
    for path in build(kind).iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert wrong_setting(config) is None
    (tmp_path / "config.json").write_text(json.dumps(config | settings), "utf-8")
    with pytest.raises(ModelError, match=f"is of type {kind!r}: .*{message}"):
        resolve(str(tmp_path), WIDE)


# -------------------------------------------------------------------------------------- odd texts, whole

TOKENIZERS = ["bert", "roberta", "gpt2", "xlnet", "t5", "deberta-v2"]
"""WordPiece, byte-level with and without a template, and pieces with three templates."""


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The cafe\u0301 was cre\u0300me. ", id="combining marks"),
        pytest.param("A 🏛️ and 👩‍👩‍👧, 🇸🇾! ", id="emoji of several code points"),
        pytest.param("سقطت مدينة تدمُر في ٢٧ مارس. ", id="Arabic"),
        pytest.param("a\u200b b\u00a0c\ufeff d\r\n\te ", id="odd spaces"),
        pytest.param("巴尔米拉 的战斗。 ", id="Chinese"),
    ],
)
def test_answers_in_any_script_are_the_articles_own_characters(build: Build, kind: str, text: str) -> None:
    article = text * 30
    decoding = Decoding(max_length=80, doc_stride=16, max_answer_tokens=6, n_best=50)
    instance = Instance(item="a@x", question="Who?", context=article, article="x")
    (found,) = resolve(str(build(kind)), decoding).predict([instance])
    assert found.error is None
    assert found.windows > 1
    assert len({(c.start, c.end) for c in found.n_best}) == len(found.n_best) == 50
    for c in found.n_best:
        assert c.start is not None
        assert c.end is not None
        assert c.text == c.text.strip() == article[c.start : c.end] != ""
        behind = article[c.end : c.end + 1]
        assert not behind or unicodedata.category(behind)[0] != "M"


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_an_answer_across_the_edge_of_a_window_is_found_whole(build: Build, kind: str) -> None:
    """Every span no longer than the overlap lies in some window, wherever the edges fall."""
    decoding = Decoding(max_length=48, doc_stride=8, max_answer_tokens=8, n_best=100_000)
    instance = Instance(item="a@x", question="Who?", context=TEXT[:400], article="x")
    folder = build(kind)
    (found,) = resolve(str(folder), decoding).predict([instance])
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    offsets = tokenizer(TEXT[:400], add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    wanted = set()
    for i in range(len(offsets)):
        for j in range(i, min(i + 8, len(offsets))):
            low, high = offsets[i][0], offsets[j][1]
            piece = TEXT[low:high]
            if piece.strip():
                wanted.add((low + len(piece) - len(piece.lstrip()), high - len(piece) + len(piece.rstrip())))
    assert found.windows > 3
    assert {(c.start, c.end) for c in found.n_best} == wanted


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("stride", [8, 200], ids=["stride as large as the room", "stride beyond the window"])
def test_a_stride_that_cannot_advance_is_an_error_of_the_item(build: Build, kind: str, stride: int) -> None:
    folder = build(kind)
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    room = 8
    length = len(tokenizer(QUESTION, "")["input_ids"]) + room
    if length <= stride:
        decoding = Decoding(max_length=stride + 1, doc_stride=stride)
        if kind not in ("xlnet", "t5"):  # those have no table of positions
            with pytest.raises(ModelError, match="not more than the overlap of windows"):
                resolve(str(folder), decoding)
            return
    else:
        decoding = Decoding(max_length=length, doc_stride=stride)
    found = {p.item: p for p in resolve(str(folder), decoding).predict([LONG, EMPTY])}
    assert found[EMPTY.item].error is None
    if stride < room:
        assert found[LONG.item].error is None
    else:
        assert "must be greater than the overlap" in str(found[LONG.item].error)
