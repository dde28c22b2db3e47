"""What bounds the forward pass on a CPU: the share that products with weights take, and how fast they are.

    python -m tests.benchmarks.products [ROUNDS]

One thread, one window of 384 tokens: the matrix products of the embedded model alone, then the model by torch
and by ONNX Runtime, taking turns. No arrangement of the rest makes float32 faster than the first line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from qa_eval.models.checkpoint.checkpoints import embedded_checkpoint
from qa_eval.models.registry import resolve
from qa_eval.records import Runtime

TOKENS, ROUNDS = 384, 15


def main() -> None:
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    torch.set_num_threads(1)
    matrices = [
        tensor.shape
        for name, tensor in embedded_checkpoint().tensors.items()
        if len(tensor.shape) == 2 and ".encoder." in name
    ]
    weights = [torch.randn(*shape) for shape in matrices]
    inputs = {shape[1]: torch.randn(TOKENS, shape[1]) for shape in matrices}
    operations = sum(2 * TOKENS * rows * columns for rows, columns in matrices)

    def products() -> None:
        with torch.inference_mode():
            for weight in weights:
                torch.nn.functional.linear(inputs[weight.shape[1]], weight)

    readers: dict[str, Callable[[], object]] = {"the products alone": products}
    for spec in ("embedded", "onnx:embedded", "onnx:embedded?quantize=int8"):
        readers[spec] = forward_of(spec)
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, run in readers.items():
            since = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - since)
    base = seconds["the products alone"]
    print(f"products with weights: {operations / median(base) / 1e9:.0f} GFLOPS on one thread")
    print("| one window of 384 tokens, one thread | ms | products' share |")
    print("| --- | ---: | ---: |")
    for name, times in seconds.items():
        share = median(b / t for b, t in zip(base, times, strict=True))
        print(f"| {name} | {1000 * median(times):.0f} | {share:.0%} |")


def forward_of(spec: str) -> Callable[[], object]:
    model: Any = resolve(spec, runtime=Runtime(device="cpu"))
    forward = model.reader.forward()
    ids = np.random.default_rng(0).integers(1000, 3000, (1, TOKENS))
    arrays = ids, np.ones_like(ids), np.zeros_like(ids)
    forward(*arrays)
    return lambda: forward(*arrays)


if __name__ == "__main__":
    main()
