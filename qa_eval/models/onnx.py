"""Checkpoints that ONNX Runtime computes: `onnx:` with any name that `hf:` can read, or `onnx:embedded`.

torch exports a checkpoint when it is first used. The graph is kept in the cache folder under a hash of the
checkpoint's content. Windows, decoding and null scores are those of `hf:`; only the forward pass differs.
With `?quantize=int8`, weights and activations of matrix products have 8 bits; this is a different model with
a row of its own. Only this module imports onnxruntime.
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
"""Version of exporting and quantizing, which is part of a graph's name in the cache."""
_NEEDED = ("onnxruntime", "onnx", "onnxscript")
"""Libraries that this kind of model needs."""
_SLOWER = ["SkipLayerNormFusion"]
"""Optimizations that are slower on a CPU: a sum and a normalization take a fifth of the time of the two
fused."""
_PROBE = "The council met on 14 May 2015. Its speaker said that the bridge, 400 metres long, stays open. "
"""Text that a graph and its model both read before the graph is used; it is repeated to fill a window."""
_CLOSE = 1e-3
"""Greatest absolute or relative difference between the logits of a graph and of its model."""
_PRECISIONS = {None: "fp32", "int8": "int8"}
"""Name of the precision, for the backend, by the value of the option `quantize`."""


def examine(spec: ModelSpec, checkpoint: Checkpoint, decoding: Decoding, runtime: Runtime) -> SpanModel:
    """The model of a checkpoint, examined as for `hf:`, with a forward pass in ONNX Runtime.

    Raises `ModelError` if the extra `onnx` is not installed, and for everything that `hf:` refuses. Raises
    `SpecError` for an unknown precision.
    """
    from qa_eval.models import huggingface
    from qa_eval.models.torch_settings import with_own_dtype

    runtime = with_own_dtype(spec, runtime)
    quantize = spec.option("quantize")
    if quantize not in _PRECISIONS:
        raise SpecError(f"{spec}: quantize can only be int8, not {quantize!r}")
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
        # A batch has one scale for its 8-bit activations, so other windows in it would change every answer.
        alone=runtime.deterministic or quantize == "int8",
        pad=False,  # the graph has no mask
    )
    return SpanModel(info, base.decoding, reader)


def _graph_path(fingerprint: str) -> Path:
    made_by = {"version": EXPORT_VERSION} | {name: version(name) for name in ("torch", *_NEEDED)}
    return cache_folder() / "onnx" / f"{sha256_json([fingerprint, made_by])[:32]}.onnx"


def _workers() -> Callable[[], contextlib.AbstractContextManager[Executor]] | None:
    """Threads, one for each core. A window on each core is faster than one window on all cores.

    None if there is a single core.
    """
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
    """A session of ONNX Runtime as a `Forward`. Many threads may call it."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401
        self._session = session
        self._names = [i.name for i in session.get_inputs()]

    def __call__(
        self, ids: NDArray[np.int64], mask: NDArray[np.int64], types: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        del mask  # it is all ones, because no window is padded
        given = {"input_ids": ids, "token_type_ids": types}
        start, end = self._session.run(None, {name: given[name] for name in self._names})
        if start.shape != ids.shape:
            raise RuntimeError(f"the graph gives logits of shape {start.shape} for input {ids.shape}")
        return start, end


def _forward(base: SpanModel, path: Path, *, quantize: bool) -> _OnnxForward:
    """The graph of a checkpoint in float32 or quantized, from the cache or made now."""

    def whole() -> Any:  # noqa: ANN401
        return _loaded(lambda to: _export(base, to), path)

    def smaller(to: Path) -> None:
        whole()
        _quantize(path, to)

    return _OnnxForward(_loaded(smaller, path.with_suffix(".int8.onnx")) if quantize else whole())


def _loaded(make: Callable[[Path], None], path: Path) -> Any:  # noqa: ANN401
    """A session of the graph in a file. `make` writes the file if it is missing or cannot be loaded."""
    if path.is_file():
        with contextlib.suppress(Exception):  # a damaged file may raise anything
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
    except Exception as error:  # the exporter and the runtime may raise anything
        raise ModelError(
            f"no ONNX graph can be made or run: {type(error).__name__}: {_plain(first_line(error))}"
        ) from error


def _plain(line: str) -> str:
    """The line without the colours of torch's messages."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def _options() -> Any:  # noqa: ANN401
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4  # the exception says the same
    return options


def _session(path: Path) -> Any:  # noqa: ANN401
    import onnxruntime

    return onnxruntime.InferenceSession(
        str(path), _options(), providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER
    )


def _export(base: SpanModel, path: Path) -> None:
    """Writes the graph, and compares its logits with the model's.

    A part that depends on more than the values of its input, such as on their number, may have become a
    constant in the graph, which would then give wrong logits silently.
    """
    from qa_eval.models.huggingface import TransformersForward

    forward = base.reader.forward()
    assert isinstance(forward, TransformersForward)
    length = base.reader.window_length
    texts = (_PROBE * (1 + length // 8), _PROBE, "Yes")
    asked = [Instance(item=str(n), question="Who?", context=text) for n, text in enumerate(texts)]
    windows = base.reader.windows(asked)
    # A full window and shorter ones, in which sparse attention is full.
    probes = [base.reader.arrays([window]) for window in (windows[0], *windows[-3:])]
    wanted = [forward(*probe) for probe in probes]
    forward.export(path)
    base.reader.unload()
    graph = _OnnxForward(_session(path))
    for probe, logits in zip(probes, wanted, strict=True):
        if not np.allclose(graph(*probe), logits, rtol=_CLOSE, atol=_CLOSE):
            raise ModelError(
                "no ONNX graph can be made: torch's graph and the model have different logits for a window "
                f"of {probe[0].shape[1]} tokens; use hf: instead"
            )


def _quantize(path: Path, to: Path) -> None:
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # Constants are folded first, because only products with a constant can be quantized.
    folded = to.with_suffix(".folded.onnx")
    options = _options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    log = logging.getLogger()
    before = log.level
    log.setLevel(logging.ERROR)  # the library would advise, on the root logger, to fold constants first
    try:
        quantize_dynamic(
            folded, to, op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8, per_channel=True
        )
    finally:
        log.setLevel(before)
