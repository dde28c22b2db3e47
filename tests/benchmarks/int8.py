"""What each way to quantize to 8 bits costs in answers and gains in speed.

    python -m tests.benchmarks.int8              # 10 facts of the curated set
    python -m tests.benchmarks.int8 --limit 2 --ways now

Each way makes a graph of the embedded model and answers the same items on the reading track. The table has
the speed as a multiple of torch's, the number of answers that differ from torch's, and the change of F1.
Without VNNI in the processor, sums of products of unsigned with signed bytes saturate.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qa_eval.evaluation.run import evaluate
from qa_eval.models import onnx
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Runtime
from qa_eval.runs.options import RunOptions

LIMIT = 10


def ways() -> Mapping[str, dict[str, Any]]:
    """Arguments of `quantize_dynamic`, by the name of the way. `skip` chooses among the products' names."""
    from onnxruntime.quantization import QuantType

    signed, unsigned = QuantType.QInt8, QuantType.QUInt8
    first: Callable[[Sequence[str]], list[str]] = lambda names: list(names[:6])  # noqa: E731
    last: Callable[[Sequence[str]], list[str]] = lambda names: list(names[-7:])  # noqa: E731
    return {
        "now": {},
        "signed, per channel": {"weight_type": signed, "per_channel": True},
        "signed, per tensor": {"weight_type": signed, "per_channel": False},
        "signed, per channel, 7 bits": {"weight_type": signed, "per_channel": True, "reduce_range": True},
        "unsigned, per channel": {"weight_type": unsigned, "per_channel": True},
        "unsigned, per tensor": {"weight_type": unsigned, "per_channel": False},
        "signed, symmetric activations": {
            "weight_type": signed,
            "per_channel": True,
            "extra_options": {"ActivationSymmetric": True},
        },
        "7 bits, first layer in fp32": {
            "weight_type": signed,
            "per_channel": True,
            "reduce_range": True,
            "skip": first,
        },
        "7 bits, last layer in fp32": {
            "weight_type": signed,
            "per_channel": True,
            "reduce_range": True,
            "skip": last,
        },
    }


@contextlib.contextmanager
def quantized_by(way: Mapping[str, Any]) -> Iterator[None]:
    """Makes `onnx:` quantize in this way, in a cache of its own."""
    import onnxruntime.quantization as library
    from onnx import load

    before = library.quantize_dynamic

    def quantize(source: Path, to: Path, **given: Any) -> None:
        chosen = {**given, **way}
        skip = chosen.pop("skip", None)
        if skip is not None:
            nodes = load(str(source), load_external_data=False).graph.node
            chosen["nodes_to_exclude"] = skip([node.name for node in nodes if node.op_type == "MatMul"])
        before(source, to, **chosen)

    library.quantize_dynamic = quantize
    try:
        yield
    finally:
        library.quantize_dynamic = before


def answered(spec: str, limit: int) -> tuple[dict[str, str], float, float]:
    """Answers by item, F1, and seconds of the answers with the weights loaded."""
    model: Any = resolve(spec, Decoding(), Runtime())
    model.reader.forward()
    options = RunOptions(track="reading", limit=limit, cache=False, references=False, resamples=100)
    since = time.perf_counter()
    run = evaluate(model, options=options, progress=False)
    seconds = time.perf_counter() - since
    answers = {row.item: row.prediction for row in run.items(model.info.spec)}
    return answers, run[model.info.spec].f1, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--limit", type=int, default=LIMIT, help="facts of the curated set")
    parser.add_argument("--ways", nargs="*", help="names of ways; default: all")
    chosen = parser.parse_args()
    logging.getLogger("qa_eval").setLevel(logging.ERROR)
    torch_answers, torch_f1, torch_seconds = answered("embedded", chosen.limit)
    print(f"| {len(torch_answers)} items | x torch | answers changed | change of F1 |")
    print("| --- | ---: | ---: | ---: |")
    print("| embedded (torch, fp32) | 1.00 | | |", flush=True)
    kept = vars(onnx)["cache_folder"]
    with tempfile.TemporaryDirectory() as folder:
        try:
            vars(onnx)["cache_folder"] = lambda: Path(folder)
            answers, f1, seconds = answered("onnx:embedded", chosen.limit)
            _print_row("onnx:embedded (fp32)", answers, f1, seconds, torch_answers, torch_f1, torch_seconds)
            for name, way in ways().items():
                if chosen.ways and name not in chosen.ways:
                    continue
                for made in Path(folder).rglob("*.int8.onnx"):
                    made.unlink()
                with quantized_by(way):
                    answers, f1, seconds = answered("onnx:embedded?quantize=int8", chosen.limit)
                _print_row(name, answers, f1, seconds, torch_answers, torch_f1, torch_seconds)
        finally:
            vars(onnx)["cache_folder"] = kept


def _print_row(
    name: str,
    answers: Mapping[str, str],
    f1: float,
    seconds: float,
    torch_answers: Mapping[str, str],
    torch_f1: float,
    torch_seconds: float,
) -> None:
    changed = sum(answers[item] != text for item, text in torch_answers.items())
    gain = 100 * (f1 - torch_f1)
    print(f"| {name} | {torch_seconds / seconds:.2f} | {changed} | {gain:+.2f} |", flush=True)


if __name__ == "__main__":
    main()
