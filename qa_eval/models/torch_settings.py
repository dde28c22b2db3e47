"""Devices, number formats and settings of torch, as a run's options choose them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from qa_eval.errors import ModelError, SpecError
from qa_eval.models.protocol import ModelSpec
from qa_eval.records import Runtime

_DTYPES = {
    "auto": torch.float32,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
}
_CPU_BATCH, _LEAST_BATCH, _MOST_BATCH = 512, 4096, 65_536
"""Numbers of tokens in a batch: on a CPU, and the least and the most on another device. On a CPU a long
window is a batch of its own, because larger batches do not fit into the caches. The most bounds how many
answers are lost if a run is stopped."""
_WIDE, _HEADS = 1024, 16
"""Size of a hidden state and number of heads of a model whose configuration does not name them."""
_DETERMINISTIC_THREADS = 2
"""Number of threads of a deterministic run. It is fixed because the last bits of sums depend on it."""


DTYPE_OPTION = "dtype"
"""Option of a spec that names the number format of one model."""


def with_own_dtype(spec: ModelSpec, runtime: Runtime) -> Runtime:
    """The choices of computing for one model: its spec's number format comes before the run's.

    Raises `SpecError` for a format that does not exist.
    """
    own = spec.option(DTYPE_OPTION)
    if own is None:
        return runtime
    if own not in _DTYPES:
        raise SpecError(f"{spec}: {_no_dtype(own)}")
    return replace(runtime, dtype=own)


def chosen_device(runtime: Runtime) -> torch.device:
    """The device that computes. Raises `ModelError` for an unknown one, and for one that is not here."""
    name = runtime.device
    if runtime.deterministic:
        if name not in {"auto", "cpu"}:
            raise ModelError(f"deterministic runs need the CPU, not {name}")
        name = "cpu"
    if name == "auto":
        found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
        name = next(kind for kind, here in found.items() if here)
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelError(f"no device is called {name!r}; the devices are auto, cpu, cuda and mps") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelError("device cuda: torch finds no CUDA device here")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError("device mps: torch finds no Metal device here")
    return device


def chosen_dtype(runtime: Runtime) -> torch.dtype:
    """The number format. `auto` is float32 on every device, so that answers do not depend on the device.

    Raises `ModelError` for an unknown one.
    """
    try:
        return _DTYPES[runtime.dtype]
    except KeyError:
        raise ModelError(_no_dtype(runtime.dtype)) from None


def _no_dtype(name: str) -> str:
    return f"no dtype is called {name!r}; the dtypes are {', '.join(_DTYPES)}"


def backend_name(device: torch.device, dtype: torch.dtype) -> str:
    """How a row names what computed its answers, such as `torch-float32` and `torch-float16-cuda`."""
    where = "" if device.type == "cpu" else f"-{device.type}"
    return f"torch-{str(dtype).removeprefix('torch.')}{where}"


def batch_tokens(
    device: torch.device, dtype: torch.dtype, config: object, *, parameters: int, length: int
) -> int:
    """The number of tokens in a batch: as many as fit into half of a CUDA device's free memory.

    `config` is the model's configuration, `parameters` the number of its weights, which take their part of
    the memory, and `length` the number of tokens in a full window. A CPU gets few tokens, so that a batch
    fits into its caches. Other devices, whose free memory is unknown, get as many as fit anywhere.
    """
    if device.type == "cpu":
        return _CPU_BATCH
    if device.type != "cuda":
        return _LEAST_BATCH
    free, _ = torch.cuda.mem_get_info(device)
    room = (free - parameters * dtype.itemsize) / 2
    hidden = getattr(config, "hidden_size", None) or _WIDE
    inner = getattr(config, "intermediate_size", None) or 4 * hidden
    heads = getattr(config, "num_attention_heads", None) or _HEADS
    # A layer holds its input, queries, keys, values, output and the widened output, and perhaps the weights
    # of attention twice.
    token = dtype.itemsize * (6 * hidden + 2 * inner + 2 * heads * length)
    return int(min(max(room / token, _LEAST_BATCH), _MOST_BATCH))


@contextlib.contextmanager
def fixed_sums() -> Iterator[None]:
    """Uses deterministic kernels and a fixed number of threads in the block, and restores both after it."""
    threads, before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(_DETERMINISTIC_THREADS)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.set_num_threads(threads)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keeps transformers' logs and progress bars off the terminal. This package checks what they report."""
    import transformers

    log: Any = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.CRITICAL)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
