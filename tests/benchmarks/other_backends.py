"""The embedded model in 8 bits by OpenVINO, beside onnxruntime: tokens a second, and how far scores move.

    pip install openvino nncf onnx onnxruntime           # in an environment of its own
    python tests/benchmarks/other_backends.py FP32.onnx INT8.onnx

The files are those that `qa-eval run -m onnx:embedded -m 'onnx:embedded?quantize=int8'` leaves in the cache's
folder `onnx`. The windows are random tokens, as long as those of SQuAD, one at a time on each of two threads.
The time is the best of three rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

WINDOWS, SHORTEST, LONGEST = 120, 120, 240
THREADS, ROUNDS, CALIBRATION = 2, 3, 60

Tokens = NDArray[np.int64]
Logits = list[NDArray[np.float32]]


def windows() -> list[Tokens]:
    """Random tokens, one window in each array."""
    rng = np.random.default_rng(0)
    return [rng.integers(1000, 20_000, size=(1, n)) for n in rng.integers(SHORTEST, LONGEST, size=WINDOWS)]


def inputs(tokens: Tokens, names: set[str]) -> dict[str, Tokens]:
    """What a model of these input names takes."""
    values = {
        "input_ids": tokens,
        "attention_mask": np.ones_like(tokens),
        "token_type_ids": np.zeros_like(tokens),
    }
    return {name: value.astype(np.int64) for name, value in values.items() if name in names}


def by_onnxruntime(path: str) -> Callable[[list[Tokens]], Logits]:
    """A function that computes the start logits of all windows by onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = [
        onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for _ in range(THREADS)
    ]
    names = {value.name for value in sessions[0].get_inputs()}

    def compute(asked: list[Tokens]) -> Logits:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(
                pool.map(
                    lambda n: sessions[n % THREADS].run(None, inputs(asked[n], names))[0], range(len(asked))
                )
            )

    return compute


def by_openvino(model: Any, settings: Mapping[str, str]) -> Callable[[list[Tokens]], Logits]:
    """The same by OpenVINO, with further settings of its processor plug-in."""
    import openvino

    throughput = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32"}
    streams = {"NUM_STREAMS": str(THREADS), "INFERENCE_NUM_THREADS": str(THREADS)}
    compiled = openvino.Core().compile_model(model, "CPU", {**throughput, **streams, **settings})
    names = {value.any_name for value in compiled.inputs}

    def compute(asked: list[Tokens]) -> Logits:
        found: dict[int, NDArray[np.float32]] = {}
        queue = openvino.AsyncInferQueue(compiled, THREADS)
        queue.set_callback(lambda request, n: found.update({n: request.output_tensors[0].data.copy()}))
        for n, tokens in enumerate(asked):
            queue.start_async(inputs(tokens, names), n)
        queue.wait_all()
        return [found[n] for n in range(len(asked))]

    return compute


def main(plain: str, quantized: str) -> None:
    """Prints a table."""
    import nncf
    import openvino

    asked = windows()
    read = openvino.Core().read_model
    names = {value.any_name for value in read(plain).inputs}
    calibration = nncf.Dataset(asked[:CALIBRATION], lambda tokens: inputs(tokens, names))
    post_training = nncf.quantize(
        read(plain), calibration, model_type=nncf.ModelType.TRANSFORMER, subset_size=CALIBRATION
    )
    ways = {
        "onnxruntime, fp32": by_onnxruntime(plain),
        "onnxruntime, int8 (`?quantize=int8`)": by_onnxruntime(quantized),
        "OpenVINO, fp32": by_openvino(read(plain), {}),
        "OpenVINO, the file of onnxruntime's int8": by_openvino(read(quantized), {}),
        "OpenVINO, int8 weights, activations by groups": by_openvino(
            nncf.compress_weights(read(plain)), {"DYNAMIC_QUANTIZATION_GROUP_SIZE": "64"}
        ),
        "OpenVINO, int8 after calibration": by_openvino(post_training, {}),
    }
    reference = ways["onnxruntime, fp32"](asked)
    print("| | tokens/s | largest change of a logit |\n| --- | ---: | ---: |")
    for name, compute in ways.items():
        seconds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            found = compute(asked)
            seconds.append(time.perf_counter() - began)
        speed = sum(tokens.size for tokens in asked) / min(seconds)
        moved = max(float(np.abs(a - b).max()) for a, b in zip(reference, found, strict=True))
        print(f"| {name} | {speed:,.0f} | {moved:.2f} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
