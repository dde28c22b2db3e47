"""Numbers of tokens in a batch, by device and free memory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from qa_eval.models.torch_settings import batch_tokens

SMALL = SimpleNamespace(hidden_size=384, intermediate_size=1536, num_attention_heads=12)
LARGE = SimpleNamespace(hidden_size=1024, intermediate_size=4096, num_attention_heads=16)
UNNAMED = SimpleNamespace()
GB = 10**9


def _chosen(device: str, config: object, dtype: torch.dtype = torch.float32, parameters: int = 10**6) -> int:
    return batch_tokens(torch.device(device), dtype, config, parameters=parameters, length=384)


@pytest.mark.parametrize(("device", "tokens"), [("cpu", 512), ("mps", 4096)])
def test_devices_of_unknown_memory_have_a_fixed_size(device: str, tokens: int) -> None:
    assert _chosen(device, LARGE) == tokens


@pytest.mark.parametrize(
    ("free", "config", "dtype", "least", "most"),
    [
        pytest.param(80 * GB, SMALL, torch.float32, 65_536, 65_536, id="plenty is cut"),
        pytest.param(0, SMALL, torch.float32, 4096, 4096, id="a full device gets the least"),
        pytest.param(2 * GB, SMALL, torch.float32, 15_000, 20_000, id="small model"),
        pytest.param(2 * GB, SMALL, torch.float16, 30_000, 40_000, id="half as wide, twice as many"),
        pytest.param(2 * GB, LARGE, torch.float32, 8_000, 12_000, id="large model"),
        pytest.param(2 * GB, UNNAMED, torch.float32, 8_000, 12_000, id="as for a large one"),
    ],
)
def test_free_memory_decides_on_a_cuda_device(
    free: int, config: object, dtype: torch.dtype, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, 100 * GB))
    assert least <= _chosen("cuda", config, dtype) <= most


def test_weights_need_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2 * GB, 100 * GB))
    assert _chosen("cuda", LARGE, parameters=300 * 10**6) < _chosen("cuda", LARGE, parameters=10**6)
