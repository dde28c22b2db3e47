"""The embedded model without transformers is the embedded model of transformers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from qa_eval import RunOptions, evaluate
from qa_eval.models import bert, huggingface
from qa_eval.models.checkpoint.checkpoints import embedded_checkpoint
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.reader import SpanModel
from qa_eval.records import Decoding, Instance, Runtime

TEXTS = ("Palmyra fell.", "Rebels took the town of Al-Qaryatayn in 2016. " * 12, "Ja — ñandú, 東京 (1,400).")
ASKED = [Instance(item=f"{n}@a", question="Who took the town?", context=text) for n, text in enumerate(TEXTS)]


def both(
    spec: str = "embedded", decoding: Decoding | None = None, runtime: Runtime | None = None
) -> list[SpanModel]:
    arguments = (ModelSpec.parse(spec), embedded_checkpoint(), decoding or Decoding(), runtime or Runtime())
    return [module.examine(*arguments) for module in (bert, huggingface)]


@pytest.mark.parametrize("spec", ["embedded", "embedded?unanswerable=false"])
@pytest.mark.parametrize(
    "decoding", [Decoding(), Decoding(max_length=1000), Decoding(max_length=64, doc_stride=16)], ids=str
)
def test_its_identity_and_its_windows_are_the_same(spec: str, decoding: Decoding) -> None:
    own, theirs = both(spec, decoding)
    assert (own.info, own.decoding) == (theirs.info, theirs.decoding)
    windows, others = (model.reader.windows(ASKED) for model in (own, theirs))
    for one, other in zip(windows, others, strict=True):
        for array, same in zip(own.reader.arrays([one]), theirs.reader.arrays([other]), strict=True):
            assert np.array_equal(array, same)


@pytest.mark.parametrize(
    ("dtype", "deterministic"), [("float32", False), ("float32", True), ("bfloat16", False)]
)
def test_its_logits_are_equal_to_the_last_bit(dtype: str, deterministic: bool) -> None:
    own, theirs = (model.reader for model in both(runtime=Runtime(dtype=dtype, deterministic=deterministic)))
    windows = own.windows(ASKED)
    for batch in (windows[:1], windows[-1:], windows[-2:], windows):  # with and without padding
        arrays = own.arrays(batch)
        for logits, same in zip(own.forward()(*arrays), theirs.forward()(*arrays), strict=True):
            assert np.array_equal(logits, same)


@pytest.mark.parametrize("module", [bert, huggingface])
def test_the_dtype_of_a_spec_comes_before_that_of_the_run(module: ModuleType) -> None:
    def examined(spec: str, dtype: str) -> SpanModel:
        model = module.examine(ModelSpec.parse(spec), embedded_checkpoint(), Decoding(), Runtime(dtype=dtype))
        assert isinstance(model, SpanModel)
        return model

    own, of_run = examined("embedded?dtype=bfloat16", "float32"), examined("embedded", "bfloat16")
    assert own.info.backend == of_run.info.backend == "torch-bfloat16"
    assert examined("embedded?dtype=float32", "bfloat16").info.backend == "torch-float32"
    arrays = own.reader.arrays(own.reader.windows(ASKED)[:1])
    for logits, same in zip(own.reader.forward()(*arrays), of_run.reader.forward()(*arrays), strict=True):
        assert np.array_equal(logits, same)


def test_a_spec_with_another_dtype_has_a_row_and_answers_of_its_own(own_cache: Path) -> None:
    run = evaluate(["embedded", "embedded?dtype=bfloat16"], limit=1, options=RunOptions(track="reading"))
    rows = [row for row in run.leaderboard.rows if row.model.kind == "embedded"]
    assert [row.model.backend for row in rows] == ["torch-float32", "torch-bfloat16"]
    assert len({row.signature for row in rows}) == 2
    scores = [[line.n_best[0].score for line in run.predictions(row)] for row in rows]
    assert scores[0] != scores[1]


def test_its_predictions_are_the_same() -> None:
    own, theirs = both()
    assert sorted(own.predict(ASKED), key=str) == sorted(theirs.predict(ASKED), key=str)


def test_transformers_is_not_imported() -> None:
    code = (
        "import sys\n"
        "from qa_eval import load_model\n"
        "from qa_eval.records import Instance\n"
        "model = load_model('embedded')\n"
        "assert list(model.predict([Instance(item='a@b', question='Who?', context='It was Ann.')]))\n"
        "assert 'torch' in sys.modules and 'transformers' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
