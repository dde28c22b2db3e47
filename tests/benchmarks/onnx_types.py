"""Which architectures also run as `onnx:`: a tiny checkpoint of each is exported and held against torch.

    python -m tests.benchmarks.onnx_types          # all, some ten minutes; or name some

Not a benchmark of speed, and too long for a test; `tests/models/test_onnx.py` tries a few of them each time.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch

from qa_eval.errors import ModelError
from qa_eval.models.checkpoint.architectures import UNSUPPORTED
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance
from tests.support import tiny_architectures
from tests.support.tiny_models import SEEDS

TEXT = (SEEDS / "004_4ffee903a1305e3d.txt").read_text("utf-8")
LONG = Instance(item="0", question="How many soldiers were killed?", context=TEXT[:1500])
ASKED = [LONG, *(replace(LONG, item=str(n), context=TEXT[:n]) for n in (1, 30, 75, 700))]
WIDE = Decoding(max_length=128, doc_stride=16, max_answer_tokens=8, n_best=20)


def main() -> None:
    torch.set_num_threads(1)
    kinds = sys.argv[1:] or [kind for kind in tiny_architectures.TYPES if kind not in UNSUPPORTED]
    works: list[str] = []
    fails: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QA_EVAL_CACHE"] = f"{folder}/cache"
        for kind in kinds:
            reason = tried(tiny_architectures.build(kind, Path(folder) / kind))
            (fails if reason else works).append(kind)
            print(f"{kind}: {reason or 'as with torch'}", flush=True)
    print(f"\n{len(works)} of {len(kinds)} run as onnx:; not {' '.join(fails) or 'none'}")


def tried(folder: Path) -> str | None:
    """Why it does not run; None where scores are those of torch."""
    wanted = {p.item: p for p in resolve(f"hf:{folder}", WIDE).predict(ASKED)}
    try:
        found = {p.item: p for p in resolve(f"onnx:{folder}", WIDE).predict(ASKED)}
    except ModelError as error:
        return str(error)
    for item, prediction in found.items():
        if prediction.error is not None:
            return prediction.error
        pairs = zip(prediction.n_best, wanted[item].n_best, strict=True)
        if any(abs(a.score - b.score) > 1e-4 for a, b in pairs):
            return "other scores"
    return None


if __name__ == "__main__":
    main()
