"""Checkpoints run by ONNX Runtime: `onnx:` before whatever `hf:` can read, or `onnx:embedded`.

A checkpoint is exported by torch the first time it is used; the graph is kept in the cache folder, by the
content of the checkpoint. Windows, decoding and null scores are those of `hf:`, only the forward pass is
another. `?quantize=int8` makes weights and activations of matrix products 8-bit: another model, in a row of
its own. This is the only module that imports onnxruntime.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa_eval.errors import ModelError, SpecError, first_line
from qa_eval.files.hashes import sha256_json
from qa_eval.files.installation import install_command
from qa_eval.files.paths import cache_folder
from qa_eval.models.checkpoint.checkpoints import Checkpoint
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.reading.reader import Floats, SpanModel
from qa_eval.records import Decoding, Instance, Runtime

EXPORT_VERSION = 2
"""Part of a graph's name in the cache; changes whenever exporting or quantizing does."""
_NEEDED = ("onnxruntime", "onnx", "onnxscript")
_SLOWER = ["SkipLayerNormFusion"]
"""Fusions that cost time on a CPU: sum and normalization apart take a fifth of what they take as one."""
_PROBE = "The council met on 14 May 2015. Its speaker said that the bridge, 400 metres long, stays open. "
"""What a graph and its model both read before the graph is believed, often enough to fill a window."""
_CLOSE = 1e-3
"""How far their logits may be apart, absolutely or relatively."""
_PRECISIONS = {None: "fp32", "int8": "int8"}


def examine(spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime) -> SpanModel:
    """The checkpoint, examined as `hf:` does, with ONNX Runtime for its forward pass.

    Raises `ModelError` where the extra is not installed and for everything that `hf:` refuses, `SpecError`
    for a precision that there is not.
    """
    from qa_eval.models import huggingface

    quantize = spec.option("quantize")
    if quantize not in _PRECISIONS:
        raise SpecError(f"{spec}: quantize is int8, not {quantize!r}")
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise ModelError(
            f"{spec} needs {', '.join(missing)}, which is not installed: {install_command('onnx')}"
        )
    if runtime.device not in {"auto", "cpu"} or runtime.dtype not in {"auto", "float32"}:
        raise ModelError(
            f"{spec} runs on the CPU from float32 weights, not on {runtime.device} in {runtime.dtype}"
        )
    options = tuple((key, value) for key, value in spec.options if key != "quantize")
    bare = replace(spec, options=options)
    base = huggingface.examine(bare, checkpoint, decoding, replace(runtime, device="cpu"))
    assert base.decoding is not None
    precision = _PRECISIONS[quantize]
    info = replace(base.info, spec=str(spec), kind=spec.kind, name=spec.name, backend=f"onnx-{precision}")
    path = _graph_path(str(base.info.fingerprint))
    reader = base.reader.with_forward(
        lambda: _forward(base, path, quantize=quantize == "int8"),
        workers=None if runtime.deterministic else _workers(),
        # The scale of 8-bit activations is that of the whole batch, so company would move every answer.
        alone=runtime.deterministic or quantize == "int8",
        pad=False,  # the graph has no mask
    )
    return SpanModel(info, base.decoding, reader)


def _graph_path(fingerprint: str) -> Path:
    made_by = {"version": EXPORT_VERSION} | {name: version(name) for name in ("torch", *_NEEDED)}
    return cache_folder() / "onnx" / f"{sha256_json([fingerprint, made_by])[:32]}.onnx"


def _workers() -> Callable[[], contextlib.AbstractContextManager[Executor]] | None:
    """A thread for each core: one window's products on one core each is faster than sharing them."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1:
        return None

    @contextlib.contextmanager
    def pool() -> Iterator[Executor]:
        threads = ThreadPoolExecutor(cores, "qa-eval")
        try:
            yield threads
        finally:
            threads.shutdown(cancel_futures=True)

    return pool


class _OnnxForward:
    """A session as a `Forward`; many threads may call it."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401
        self._session = session
        self._names = [i.name for i in session.get_inputs()]

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        del mask  # all ones: no window is padded
        given = {"input_ids": ids, "token_type_ids": types}
        start, end = self._session.run(None, {name: given[name] for name in self._names})
        if start.shape != ids.shape:
            raise RuntimeError(f"the graph gives logits of shape {start.shape} for input {ids.shape}")
        return start, end


def _forward(base: SpanModel, path: Path, *, quantize: bool) -> _OnnxForward:
    """The graph of a checkpoint, in float32 or made smaller, from the cache or made now."""

    def whole() -> Any:  # noqa: ANN401
        return _loaded(lambda to: _export(base, to), path)

    def smaller(to: Path) -> None:
        whole()
        _quantize(path, to)

    return _OnnxForward(_loaded(smaller, path.with_suffix(".int8.onnx")) if quantize else whole())


def _loaded(make: Callable[[Path], None], path: Path) -> Any:  # noqa: ANN401
    """A session of a kept graph, made first if it is not there; one that cannot be loaded is made anew."""
    if path.is_file():
        with contextlib.suppress(Exception):  # whatever a damaged file leads to
            return _session(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            make(made)
            session = _session(made)
            made.replace(path)
            return session
    except ModelError:
        raise
    except Exception as error:  # the exporter and the runtime fail in as many ways as there are models
        raise ModelError(
            f"no ONNX graph can be made or run: {type(error).__name__}: {_plain(first_line(error))}"
        ) from error


def _plain(line: str) -> str:
    """Without the colours that torch gives its messages."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def _options() -> Any:  # noqa: ANN401
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # what it has to say of a failure, it raises
    return options


def _session(path: Path) -> Any:  # noqa: ANN401
    import onnxruntime

    return onnxruntime.InferenceSession(
        str(path), _options(), providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
    )


def _export(base: SpanModel, path: Path) -> None:
    """Writes the graph, and holds it against the model.

    What depends on more than the values of its input (on the length, above all) may have become a constant,
    and would give other numbers without a word.
    """
    from qa_eval.models.huggingface import TorchForward

    forward = base.reader.forward()
    assert isinstance(forward, TorchForward)
    length = base.reader.window_length
    texts = (_PROBE * (1 + length // 8), _PROBE, "Yes")
    asked = [Instance(item=str(n), question="Who?", context=text) for n, text in enumerate(texts)]
    windows = base.reader.windows(asked)
    # A full window and shorter ones: sparse attention is full in these.
    probes = [base.reader.arrays([window]) for window in (windows[0], *windows[-3:])]
    wanted = [forward(*probe) for probe in probes]
    forward.export(path)
    base.reader.unload()
    graph = _OnnxForward(_session(path))
    for probe, logits in zip(probes, wanted, strict=True):
        if not np.allclose(graph(*probe), logits, rtol=_CLOSE, atol=_CLOSE):
            raise ModelError(
                "no ONNX graph can be made of it: the one that torch makes gives other logits than the model"
                f" for a window of {probe[0].shape[1]} tokens; name it as hf:"
            )


def _quantize(path: Path, to: Path) -> None:
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Constants are folded first: only products with a constant can be quantized.
    folded = to.with_suffix(".folded.onnx")
    options = _options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    log = logging.getLogger()
    before = log.level
    log.setLevel(logging.ERROR)  # it advises, on the root logger, to do what was just done
    try:
        quantize_dynamic(
            folded, to, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8, per_channel=True
        )
    finally:
        log.setLevel(before)
