"""`onnx:` gives the answers of `hf:`, from a graph that is made once."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qa_eval.errors import ModelError, SpecError
from qa_eval.models.protocol import Model
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime
from tests.support import tiny_architectures, tiny_models

NARROW = Decoding(max_length=96, doc_stride=24, max_answer_tokens=12, n_best=20)
ARTICLES = {p.stem: p.read_text("utf-8") for p in sorted(tiny_models.SEEDS.glob("*.txt"))}
INSTANCES = [
    Instance(item=f"{question}@{name}", question=question, context=text, article=name)
    for question in ("Who was beheaded?", "How many fighters were killed?")
    for name, text in ARTICLES.items()
]
CLOSE = 1e-4


def answers(model: Model, instances: list[Instance]) -> dict[str, Prediction]:
    return {p.item: p for p in model.predict(instances)}


def assert_alike(model: Model, base: Model, instances: list[Instance]) -> None:
    found, wanted = answers(model, instances), answers(base, instances)
    assert found.keys() == wanted.keys() == {i.item for i in instances}
    for item, a in wanted.items():
        b = found[item]
        assert (a.error, b.error) == (None, None)
        assert (b.windows, b.tokens) == (a.windows, a.tokens)
        assert b.null_score == pytest.approx(a.null_score, abs=CLOSE)
        assert [c.score for c in b.n_best] == pytest.approx([c.score for c in a.n_best], abs=CLOSE)
        # Spans closer than the tolerance may change places; all others are in the same one.
        for n, (x, y) in enumerate(zip(a.n_best, b.n_best, strict=True)):
            near = [c for c in a.n_best if abs(c.score - x.score) <= 2 * CLOSE]
            at_the_end = abs(a.n_best[-1].score - x.score) <= 2 * CLOSE
            assert (y.start, y.end) in {(c.start, c.end) for c in near} or at_the_end, n


@pytest.mark.parametrize("kind", ["roberta", "deberta-v2", "modernbert", "bart", "llama"])
def test_a_type_answers_as_with_torch(kind: str, tmp_path: Path) -> None:
    folder = tiny_architectures.build(kind, tmp_path / kind)
    # Windows of many lengths: the graph was made from an example of one.
    instances = [
        replace(INSTANCES[0], item=f"{n}@x", context=INSTANCES[0].context[:n]) for n in (9, 200, 900)
    ]
    assert_alike(resolve(f"onnx:{folder}", NARROW), resolve(f"hf:{folder}", NARROW), instances)


def test_a_graph_that_gives_other_logits_than_the_model_is_refused(tmp_path: Path) -> None:
    """Attention that is sparse in long windows only becomes sparse, or full, in all of them."""
    folder = tiny_architectures.build("big_bird", tmp_path / "big_bird")
    with pytest.raises(ModelError, match="have different logits"):
        answers(resolve(f"onnx:{folder}", NARROW), INSTANCES[:1])


def test_a_tiny_bert_answers_as_with_torch(tiny_bert: Path) -> None:
    assert_alike(resolve(f"onnx:{tiny_bert}", NARROW), resolve(f"hf:{tiny_bert}", NARROW), INSTANCES)


@pytest.mark.slow
def test_the_embedded_model_answers_as_with_torch() -> None:
    assert_alike(resolve("onnx:embedded"), resolve("embedded"), INSTANCES[:2])


def test_the_backend_and_the_spec_tell_the_three_apart(tiny_bert: Path) -> None:
    infos = [
        resolve(s, NARROW).info
        for s in (f"hf:{tiny_bert}", f"onnx:{tiny_bert}", f"onnx:{tiny_bert}?quantize=int8")
    ]
    assert [i.backend for i in infos] == ["torch-float32", "onnx-fp32", "onnx-int8"]
    assert len({i.spec for i in infos}) == 3
    assert len({i.weights_sha256 for i in infos}) == 1
    assert resolve(infos[2].spec, NARROW).info == infos[2]


def test_int8_answers_do_not_depend_on_company(tiny_bert: Path) -> None:
    spec = f"onnx:{tiny_bert}?quantize=int8"
    one = answers(resolve(spec, NARROW), INSTANCES)
    other = answers(resolve(spec, NARROW), INSTANCES[::-1])
    alone = answers(resolve(spec, NARROW, Runtime(deterministic=True)), INSTANCES)
    assert one == other == alone


def test_the_graph_is_made_once_and_a_damaged_one_anew(
    tiny_bert: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qa_eval.models import onnx

    made: list[Path] = []
    export = onnx._export

    def counted(base: Any, to: Path) -> None:
        made.append(to)
        export(base, to)

    monkeypatch.setattr(onnx, "_export", counted)
    spec = f"onnx:{tiny_bert}"
    first = answers(resolve(spec, NARROW), INSTANCES[:2])
    assert answers(resolve(spec, NARROW), INSTANCES[:2]) == first
    assert len(made) == 1
    (graph,) = own_cache.glob("onnx/*")
    graph.write_bytes(graph.read_bytes()[:1000])
    assert answers(resolve(spec, NARROW), INSTANCES[:2]) == first
    assert len(made) == 2
    assert list(own_cache.glob("onnx/*")) == [graph]


def test_a_model_that_cannot_be_exported_is_a_model_error(
    tiny_bert: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qa_eval.models import onnx

    def fails(base: Any, to: Path) -> None:
        to.write_text("half a graph")
        raise RuntimeError("no such operator")

    monkeypatch.setattr(onnx, "_export", fails)
    with pytest.raises(ModelError, match="no ONNX graph can be made or run: RuntimeError: no such operator"):
        answers(resolve(f"onnx:{tiny_bert}", NARROW), INSTANCES[:1])
    assert list(own_cache.glob("onnx/*")) == []


@pytest.mark.parametrize(
    ("spec", "runtime", "error", "says"),
    [
        pytest.param(
            "?quantize=int4", Runtime(), SpecError, "quantize can only be int8, not 'int4'", id="precision"
        ),
        pytest.param("?size=small", Runtime(), SpecError, "onnx has no option 'size'", id="option"),
        pytest.param("", Runtime(device="cuda"), ModelError, "runs on the CPU", id="device"),
        pytest.param("", Runtime(dtype="bfloat16"), ModelError, "from float32 weights", id="dtype"),
        pytest.param("?dtype=bfloat16", Runtime(), ModelError, "from float32 weights", id="own-dtype"),
        pytest.param("-not-there", Runtime(), ModelError, "there is no such folder", id="folder"),
    ],
)
def test_what_cannot_be_is_refused(
    tiny_bert: Path, spec: str, runtime: Runtime, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        resolve(f"onnx:{tiny_bert}{spec}", NARROW, replace(runtime))


def test_without_the_extra_the_message_says_what_to_install(
    tiny_bert: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"onnxruntime, onnx, onnxscript.*pip install -e .+\[onnx\]"):
        resolve(f"onnx:{tiny_bert}", NARROW)
