"""Checkpoints through the public path: the same answers as plain transformers calls, and clear refusals."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
import transformers
from huggingface_hub import errors as hub_errors

from qa_eval.errors import ModelError, SpecError
from qa_eval.evaluation.engines.engine import Group
from qa_eval.evaluation.engines.local import LocalEngine
from qa_eval.models.protocol import Model
from qa_eval.models.reading.reader import OutOfMemoryError, SpanReader
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime
from tests.support import tiny_models
from tests.support.slow_reader import knows_types

ARTICLES = {p.stem: p.read_text("utf-8") for p in sorted(tiny_models.SEEDS.glob("*.txt"))}
QUESTIONS = (
    "How many Islamic State fighters were killed?",
    "Who was beheaded?",
    "When did Syrian forces take the city back, and who said so first?",
)
NARROW = Decoding(max_length=96, doc_stride=24, max_answer_tokens=12, n_best=20)
INSTANCES = [
    Instance(item=f"q{n}@{name}", question=question, context=text, article=name)
    for n, question in enumerate(QUESTIONS)
    for name, text in ARTICLES.items()
]
SHORT = [replace(i, context=i.context[:700]) for i in INSTANCES[:7]]
"""A window or two each, for what needs many runs."""
KINDS = list(tiny_models.KINDS)


@pytest.fixture(scope="module")
def checkpoints(tiny_model: Callable[[str], Path]) -> dict[str, Path]:
    """A tiny checkpoint of each kind."""
    return {kind: tiny_model(kind) for kind in KINDS}


def answers(model: Model, instances: Sequence[Instance] = INSTANCES) -> dict[str, Prediction]:
    found = list(model.predict(instances))
    assert sorted(p.item for p in found) == sorted(i.item for i in instances)
    return {p.item: p for p in found}


def plain_transformers(folder: Path, instance: Instance, decoding: Decoding) -> tuple[Any, list[float]]:
    """Span scores by characters, and null scores by window, from library calls and loops alone."""
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    auto: Any = transformers.AutoModelForQuestionAnswering
    model = auto.from_pretrained(folder).eval()
    windows = tokenizer(
        instance.question,
        instance.context,
        truncation="only_second",
        max_length=decoding.max_length,
        stride=decoding.doc_stride,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    names = ["input_ids", "attention_mask"]
    if knows_types(model.config):
        names.append("token_type_ids")
    spans: dict[tuple[int, int], float] = {}
    nulls = []
    for number, ids in enumerate(windows["input_ids"]):
        inputs = {name: torch.tensor([windows[name][number]]) for name in names}
        with torch.no_grad():
            output = model(**inputs)
        start_logits, end_logits = output.start_logits[0].tolist(), output.end_logits[0].tolist()
        if tokenizer.cls_token_id in ids:
            null = ids.index(tokenizer.cls_token_id)
            nulls.append(start_logits[null] + end_logits[null])
        context = [k for k, part in enumerate(windows.sequence_ids(number)) if part == 1]
        for i in context:
            for j in range(i, min(i + decoding.max_answer_tokens, context[-1] + 1)):
                low, high = windows["offset_mapping"][number][i][0], windows["offset_mapping"][number][j][1]
                text = instance.context[low:high]
                if text.strip():
                    low += len(text) - len(text.lstrip())
                    high -= len(text) - len(text.rstrip())
                    score = start_logits[i] + end_logits[j]
                    spans[low, high] = max(score, spans.get((low, high), -math.inf))
    return spans, nulls


@pytest.mark.parametrize("kind", KINDS)
def test_answers_and_scores_equal_those_of_plain_library_calls(
    checkpoints: dict[str, Path], kind: str
) -> None:
    for instance in (INSTANCES[1], INSTANCES[-1]):
        ours = answers(resolve(f"hf:{checkpoints[kind]}", NARROW), [instance])[instance.item]
        spans, nulls = plain_transformers(checkpoints[kind], instance, NARROW)
        best = sorted(spans.values(), reverse=True)[: NARROW.n_best]
        assert ours.error is None
        assert ours.windows > 5
        assert [c.score for c in ours.n_best] == pytest.approx(best, abs=1e-4)
        for candidate in ours.n_best:
            assert candidate.start is not None
            assert candidate.end is not None
            assert candidate.text == instance.context[candidate.start : candidate.end]
            assert candidate.score == pytest.approx(spans[candidate.start, candidate.end], abs=1e-4)
            assert candidate.article == instance.article
        if kind == "gpt2":
            assert ours.null_score is None
        else:
            assert ours.null_score == pytest.approx(min(nulls), abs=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_batch_size_and_order_move_scores_less_than_a_ten_thousandth(
    checkpoints: dict[str, Path], kind: str
) -> None:
    spec = f"hf:{checkpoints[kind]}"
    one = answers(resolve(spec, NARROW, Runtime(batch_tokens=1)), SHORT)
    many = answers(resolve(spec, NARROW, Runtime(batch_tokens=4096)), SHORT[::-1])
    for item, prediction in one.items():
        other = many[item]
        assert other.null_score == pytest.approx(prediction.null_score, abs=1e-4)
        assert [c.score for c in other.n_best] == pytest.approx(
            [c.score for c in prediction.n_best], abs=1e-4
        )
        assert (other.windows, other.tokens) == (prediction.windows, prediction.tokens)


def test_deterministic_runs_are_equal_to_the_last_bit_in_any_order_and_company(
    checkpoints: dict[str, Path],
) -> None:
    spec, runtime = f"hf:{checkpoints['bert']}", Runtime(deterministic=True)
    threads = torch.get_num_threads()
    together = answers(resolve(spec, NARROW, runtime), SHORT)
    backwards = answers(resolve(spec, NARROW, replace(runtime, batch_tokens=7)), SHORT[::-1])
    alone = {i.item: answers(resolve(spec, NARROW, runtime), [i])[i.item] for i in SHORT[:3]}
    assert together == backwards
    assert alone.items() <= together.items()
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_prediction_holds_distinct_spans_of_the_article_best_first(checkpoints: dict[str, Path]) -> None:
    for prediction in answers(resolve(f"hf:{checkpoints['roberta']}", NARROW), SHORT).values():
        spans = [(c.start, c.end) for c in prediction.n_best]
        scores = [c.score for c in prediction.n_best]
        assert len(set(spans)) == len(spans) == NARROW.n_best
        assert scores == sorted(scores, reverse=True)
        assert all(type(score) is float and math.isfinite(score) for score in scores)
        assert all(c.text.strip() == c.text != "" for c in prediction.n_best)
        assert not prediction.truncated


@pytest.mark.parametrize(
    ("kind", "positions"),
    [("bert", 96), ("roberta", 96), ("distilbert", 96), ("gpt2", 96), ("bart", 96), ("xlnet", 384)],
)
def test_windows_are_no_longer_than_the_models_positions(
    checkpoints: dict[str, Path], kind: str, positions: int
) -> None:
    # RoBERTa's table has two rows more, which are never used; XLNet has no table; the tokenizers say 1e30.
    model = resolve(f"hf:{checkpoints[kind]}", Decoding(doc_stride=32))
    assert model.decoding == Decoding(max_length=positions, doc_stride=32)


def test_a_stride_beyond_the_models_positions_is_refused(checkpoints: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="at most 96 tokens at once, which is not more than the overlap"):
        resolve(f"hf:{checkpoints['bert']}")


# ------------------------------------------------------------------------------------------ odd instances


@pytest.mark.parametrize("context", ["", "   ", "\n\t"], ids=["empty", "spaces", "newlines"])
def test_a_text_without_words_has_a_null_score_and_no_answer(
    checkpoints: dict[str, Path], context: str
) -> None:
    for kind in ("bert", "roberta"):
        model = resolve(f"hf:{checkpoints[kind]}", NARROW)
        (prediction,) = model.predict([Instance(item="a@b", question=QUESTIONS[0], context=context)])
        assert prediction.error is None
        assert prediction.n_best == ()
        assert prediction.null_score is not None


@pytest.mark.parametrize(
    ("question", "context", "message"),
    [
        pytest.param("why " * 200, "Because.", "leaves no room for the text", id="question too long"),
        pytest.param("why " * 15, "word " * 300, "doc_stride", id="no room to advance"),
        pytest.param("why \ud800", "Because.", "the tokenizer cannot read it", id="question not unicode"),
        pytest.param("why", "Because \ud800", "the text: the tokenizer", id="text not unicode"),
    ],
)
def test_an_item_that_cannot_be_read_is_an_error_of_its_own(
    checkpoints: dict[str, Path], question: str, context: str, message: str
) -> None:
    model = resolve(f"hf:{checkpoints['bert']}", replace(NARROW, doc_stride=60))
    bad = Instance(item="bad@x", question=question, context=context)
    found = answers(model, [INSTANCES[0], bad, INSTANCES[1]])
    assert message in str(found["bad@x"].error)
    assert [p.error for item, p in found.items() if item != "bad@x"] == [None, None]
    if "question" in str(found["bad@x"].error):
        assert question[:20].encode("unicode_escape").decode() in str(found["bad@x"].error).replace("'", "")


def test_logits_that_are_no_numbers_are_an_error_of_the_item(bert_copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(bert_copy / "model.safetensors")
    weights["qa_outputs.bias"][:] = float("nan")
    save_file(weights, bert_copy / "model.safetensors", metadata={"format": "pt"})
    for prediction in answers(resolve(f"hf:{bert_copy}", NARROW), INSTANCES[:2]).values():
        assert "not finite" in str(prediction.error)
        assert prediction.n_best == ()


def test_no_instances_load_no_weights(bert_copy: Path) -> None:
    model = resolve(f"hf:{bert_copy}", NARROW)
    (bert_copy / "model.safetensors").unlink()
    assert list(model.predict([])) == []
    with pytest.raises(ModelError, match="cannot be loaded"):
        list(model.predict(INSTANCES[:1]))


def test_a_model_that_has_answered_lets_its_weights_go_and_can_be_asked_again(bert_copy: Path) -> None:
    model: Any = resolve(f"hf:{bert_copy}", NARROW)
    taken: list[list[Prediction]] = []
    for _ in range(2):
        asking = LocalEngine().answer(model, [Group(INSTANCES[:2])])
        taken.append([prediction for given in asking for prediction in given.predictions])
        assert model.reader._forward is None
    assert taken[0] == taken[1]
    assert [p.error for p in taken[0]] == [None, None]


# ------------------------------------------------------------------------------------ trouble on the way

Logits = tuple[np.ndarray[Any, np.dtype[np.float32]], np.ndarray[Any, np.dtype[np.float32]]]


class _Fragile:
    """A forward pass that notes the batches it is given, and fails where it is told to."""

    def __init__(self, fails: Callable[[Any], Exception | None]) -> None:
        self.fails = fails
        self.batches: list[int] = []

    def __call__(self, ids: Any, mask: Any, types: Any) -> Logits:
        self.batches.append(len(ids))
        if error := self.fails(ids):
            raise error
        return ids.astype(np.float32), (ids + mask).astype(np.float32)


@pytest.fixture
def reader(checkpoints: dict[str, Path]) -> Callable[[_Fragile, int], SpanReader]:
    def make(forward: _Fragile, batch_tokens: int) -> SpanReader:
        model: Any = resolve(f"hf:{checkpoints['bert']}", NARROW)
        return SpanReader(
            model.reader._windower, NARROW, lambda: forward, null=True, batch_tokens=batch_tokens
        )

    return make


def test_out_of_memory_halves_the_batch_and_goes_on(reader: Any) -> None:
    forward = _Fragile(lambda ids: OutOfMemoryError("full") if len(ids) > 3 else None)
    found = list(reader(forward, 96 * 16).read(INSTANCES))
    calm = list(reader(_Fragile(lambda ids: None), 96 * 16).read(INSTANCES))
    assert sorted(found, key=lambda p: p.item) == sorted(calm, key=lambda p: p.item)
    # Learnt once: the budget stays small afterwards.
    assert forward.batches[-5:] == [b for b in forward.batches[-5:] if b <= 3]
    assert forward.batches.count(16) <= 2


def test_one_window_that_fails_costs_its_own_item_only(reader: Any) -> None:
    poison = "Who 🏛 was beheaded?"
    bad = Instance(item="bad@x", question=poison, context="Some text.")
    marker = reader(_Fragile(lambda ids: None), 1)._windower.tokenize([poison])[0].ids.tolist()

    def fails(ids: Any) -> Exception | None:
        hit = any(row[1 : 1 + len(marker)].tolist() == marker for row in ids)
        return IndexError("index out of range") if hit else None

    found = {p.item: p for p in reader(_Fragile(fails), 4096).read([*INSTANCES[:4], bad])}
    assert "IndexError: index out of range" in str(found.pop("bad@x").error)
    assert [p.error for p in found.values()] == [None] * 4


def test_answers_come_before_the_last_window_is_read(reader: Any) -> None:
    forward = _Fragile(lambda ids: None)
    stream = reader(forward, 96 * 2).read(INSTANCES * 4)
    next(stream)
    early = len(forward.batches)
    list(stream)
    assert early < len(forward.batches) / 2


def test_a_text_asked_many_questions_is_tokenized_once(reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = reader(_Fragile(lambda ids: None), 4096)
    seen: list[str] = []
    tokenize = made._windower.tokenize

    def noted(texts: list[str], **how: Any) -> Any:
        seen.extend(texts)
        return tokenize(texts, **how)

    monkeypatch.setattr(made._windower, "tokenize", noted)
    list(made.read(INSTANCES))
    assert len(seen) == len(set(seen)) == len(ARTICLES) + len(QUESTIONS)


# ------------------------------------------------------------------------------------------ who it is


@pytest.mark.parametrize(
    ("card", "option", "has_null"),
    [
        pytest.param(None, "", False, id="no card: not declared"),
        pytest.param("# Just text\n", "", False, id="no front matter: not declared"),
        pytest.param("---\nqa_eval:\n  unanswerable: true\n---\n", "", True, id="declared in the card"),
        pytest.param(
            "---\nqa_eval:\n  unanswerable: false\ndatasets: squad_v2\n---\n", "", False, id="denied"
        ),
        pytest.param("---\ndatasets:\n- squad_v2\n---\n", "", True, id="trained on SQuAD 2.0"),
        pytest.param(
            "---\ndatasets: rajpurkar/squad_v2\n---\n", "", True, id="the same with its organization"
        ),
        pytest.param("---\ndatasets:\n- squad\n---\n", "", False, id="trained on SQuAD 1.1"),
        pytest.param(
            "---\nmodel-index:\n- name: m\n  results:\n  - dataset:\n      name: squad_v2\n---\n",
            "",
            False,
            id="evaluated on SQuAD 2.0",
        ),
        pytest.param(None, "?unanswerable=true", True, id="said in the spec"),
        pytest.param("---\ndatasets: squad_v2\n---\n", "?unanswerable=false", False, id="the spec overrules"),
    ],
)
def test_unanswerable_questions_are_declared_never_inferred(
    bert_copy: Path, card: str | None, option: str, has_null: bool
) -> None:
    (bert_copy / "README.md").unlink()
    if card is not None:
        (bert_copy / "README.md").write_text(card, "utf-8")
    model = resolve(f"hf:{bert_copy}{option}", NARROW)
    (prediction,) = answers(model, INSTANCES[:1]).values()
    assert model.info.no_null_head is not has_null
    assert (prediction.null_score is not None) is has_null


def test_the_info_is_known_before_weights_are_loaded(checkpoints: dict[str, Path]) -> None:
    folder = checkpoints["bert"]
    info = resolve(f"hf:{folder}", NARROW).info
    auto: Any = transformers.AutoModelForQuestionAnswering
    assert info.parameters == sum(p.numel() for p in auto.from_pretrained(folder).parameters())
    assert info.license == "mit"
    assert info.backend == "torch-float32"
    assert (info.kind, info.name, info.spec) == ("hf", str(folder), f"hf:{folder}")
    assert resolve(info.spec, NARROW).info == info


def test_the_fingerprint_moves_with_whatever_can_move_an_answer(bert_copy: Path) -> None:
    def fingerprint(option: str = "") -> str | None:
        return resolve(f"hf:{bert_copy}{option}", NARROW).info.fingerprint

    seen = [fingerprint(), fingerprint("?unanswerable=false")]
    config = json.loads((bert_copy / "config.json").read_text("utf-8"))
    (bert_copy / "config.json").write_text(json.dumps(config | {"layer_norm_eps": 1e-5}), "utf-8")
    seen.append(fingerprint())
    data = bytearray((bert_copy / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (bert_copy / "model.safetensors").write_bytes(bytes(data))
    seen.append(fingerprint())
    tokenizer = (bert_copy / "tokenizer.json").read_text("utf-8")
    (bert_copy / "tokenizer.json").write_text(tokenizer + " ", "utf-8")
    seen.append(fingerprint())
    assert len(set(seen)) == len(seen)
    (bert_copy / "README.md").write_text(
        (bert_copy / "README.md").read_text("utf-8") + "More words.\n", "utf-8"
    )
    assert fingerprint() == seen[-1]


def test_sharded_weights_are_weights(tmp_path: Path, checkpoints: dict[str, Path]) -> None:
    folder = tiny_models.build("bert", tmp_path / "shards", shard="40KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 1
    whole = resolve(f"hf:{checkpoints['bert']}", NARROW)
    shards = resolve(f"hf:{folder}", NARROW)
    assert shards.info.parameters == whole.info.parameters
    assert answers(shards, INSTANCES[:2]) == answers(whole, INSTANCES[:2])
    next(iter(folder.glob("model-*.safetensors"))).unlink()
    with pytest.raises(ModelError, match="which does not exist"):
        resolve(f"hf:{folder}", NARROW)


def test_the_embedded_model_is_loaded_like_any_other_and_answers() -> None:
    model = resolve("embedded", Decoding(), Runtime(batch_tokens=384))
    text = "The army took the city on 27 March 2016. About 180 soldiers died in the battle."
    instances = [
        Instance(item="a@x", question="How many soldiers died?", context=text, article="x"),
        Instance(item="b@x", question="When was the city taken?", context=text, article="x"),
    ]
    found = answers(model, instances)
    assert "180" in found["a@x"].n_best[0].text
    assert "27 March 2016" in found["b@x"].n_best[0].text
    assert model.info.parameters == 22_566_146
    assert not model.info.no_null_head
    assert found["a@x"].null_score is not None
    assert found["a@x"].n_best[0].score > found["a@x"].null_score


# ------------------------------------------------------------------------------------------ refusals


def _spoil(folder: Path, how: str) -> None:
    config = folder / "config.json"
    if how == "no config":
        config.unlink()
    elif how == "adapter":
        config.rename(folder / "adapter_config.json")
    elif how == "config no json":
        config.write_text("{", "utf-8")
    elif how == "unknown type":
        config.write_text('{"model_type": "nonesuch"}', "utf-8")
    elif how == "no head in library":
        config.write_text('{"model_type": "clip"}', "utf-8")
    elif how == "remote code":
        record = {"model_type": "own", "auto_map": {"AutoModelForQuestionAnswering": "own.Model"}}
        config.write_text(json.dumps(record), "utf-8")
    elif how == "only pickle":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    elif how == "no weights":
        (folder / "model.safetensors").unlink()
    elif how == "broken weights":
        (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0not a header")
    elif how == "no tokenizer":
        (folder / "tokenizer.json").unlink()
    elif how == "broken tokenizer":
        (folder / "tokenizer.json").write_text('{"version": "1.0"}', "utf-8")
    elif how == "broken card":
        (folder / "README.md").write_text("---\na: [\n---\n", "utf-8")


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no config", "has no config.json"),
        ("adapter", "this is an adapter"),
        ("config no json", "config.json cannot be read"),
        ("unknown type", "does not know model type 'nonesuch'"),
        ("no head in library", "'clip', which has no question-answering head"),
        ("remote code", "--trust-remote-code"),
        ("only pickle", "has only pytorch_model.bin; such files can run code"),
        ("no weights", "has no weights"),
        ("broken weights", "is cut short: it has 20 of the 24 bytes"),
        ("no tokenizer", "has no tokenizer: it needs one of tokenizer.json"),
        ("broken tokenizer", "tokenizer.json cannot be read"),
        ("broken card", "README.md:3: the front matter is not YAML"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_with_the_reason(
    bert_copy: Path, how: str, message: str
) -> None:
    _spoil(bert_copy, how)
    with pytest.raises(ModelError, match=message):
        resolve(f"hf:{bert_copy}", NARROW)


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_a_checkpoint_without_a_head_is_refused_naming_what_it_lacks(tmp_path: Path, kind: str) -> None:
    folder = tiny_models.build(kind, tmp_path / kind, head=False)
    with pytest.raises(ModelError, match=r"lack qa_outputs.bias, qa_outputs.weight \(its architecture"):
        resolve(f"hf:{folder}", NARROW)


def test_a_tokenizer_without_offsets_is_refused(bert_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        is_fast = False

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *a, **k: Slow())
    (bert_copy / "tokenizer.json").rename(bert_copy / "vocab.txt")
    with pytest.raises(ModelError, match=r"\(Slow\) gives no offsets"):
        resolve(f"hf:{bert_copy}", NARROW)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("./no/such/folder", "there is no such folder"),
        ("hf:gpt2", "gpt2: there is no such folder; a checkpoint on the hub is named ORG/NAME"),
        ("hf:/nowhere/at/all", "there is no such folder"),
        ("hf:~/nowhere-at-all", "there is no such folder"),
    ],
)
def test_a_path_that_is_not_there_is_not_looked_for_on_the_hub(
    spec: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub, "snapshot_download", _never)
    with pytest.raises(ModelError, match=message):
        resolve(spec, NARROW)


def _never(*_: object, **__: object) -> str:
    raise AssertionError("the hub was asked")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("unanswerabel=true", "has no option 'unanswerabel'; did you mean unanswerable?"),
        ("unanswerable=maybe", "true or false"),
        ("dtype=bf16", "no dtype is called 'bf16'; the dtypes are auto, float32, float16, bfloat16"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    checkpoints: dict[str, Path], option: str, message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        resolve(f"hf:{checkpoints['bert']}?{option}", NARROW)


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        (Runtime(device="gpu9"), "no device is called 'gpu9'"),
        (Runtime(dtype="float12"), "no dtype is called 'float12'; the dtypes are auto, float32"),
        (Runtime(deterministic=True, device="cuda"), "deterministic runs need the CPU"),
        (Runtime(deterministic=True, device="mps"), "deterministic runs need the CPU"),
    ],
)
def test_devices_and_dtypes_that_do_not_exist_are_refused(
    checkpoints: dict[str, Path], runtime: Runtime, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        resolve(f"hf:{checkpoints['bert']}", NARROW, runtime)


@pytest.mark.parametrize(
    ("device", "where", "message"),
    [
        ("cuda", "torch.cuda.is_available", "torch finds no CUDA device here"),
        ("mps", "torch.backends.mps.is_available", "torch finds no Metal device here"),
    ],
)
def test_a_device_that_is_not_here_is_refused(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch, device: str, where: str, message: str
) -> None:
    monkeypatch.setattr(where, lambda: False)
    with pytest.raises(ModelError, match=message):
        resolve(f"hf:{checkpoints['bert']}", NARROW, Runtime(device=device))


def test_every_device_can_be_asked_for_on_the_command_line() -> None:
    from qa_eval.cli.run import run_command

    (option,) = (p for p in run_command.params if p.name == "device")
    assert list(getattr(option.type, "choices", ())) == ["auto", "cpu", "cuda", "mps"]


# ------------------------------------------------------------------------------------------ the hub


def test_a_hub_name_is_fetched_without_pickles_and_read_like_a_folder(
    checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def download(name: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        asked.update(name=name, revision=revision, patterns=allow_patterns)
        return str(checkpoints["bert"])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    info = resolve("org/name@v2", NARROW).info
    assert (asked["name"], asked["revision"]) == ("org/name", "v2")
    assert not [
        p for p in asked["patterns"] if p.endswith((".bin", ".pt", ".py", "*")) or p == "*.safetensors"
    ]
    assert (info.spec, info.revision) == ("hf:org/name@v2", checkpoints["bert"].name)


def _http(kind: type[Exception]) -> Exception:
    """An error of the hub's client without the response it wants."""
    error = kind.__new__(kind)
    error.args = ("404 Client Error",)
    return error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (_http(hub_errors.RepositoryNotFoundError), "there is no org/name on the hub"),
        (_http(hub_errors.RevisionNotFoundError), "org/name has no revision 'v2'"),
        (_http(hub_errors.GatedRepoError), "is gated"),
        (
            hub_errors.LocalEntryNotFoundError("offline"),
            "nor in the local cache, and the hub cannot be reached",
        ),
        (OSError("no route"), "the hub cannot be reached .OSError: no route"),
    ],
    ids=["no repository", "no revision", "gated", "offline", "no network"],
)
def test_what_goes_wrong_at_the_hub_is_said_plainly(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(ModelError, match=message):
        resolve("org/name@v2", NARROW)
