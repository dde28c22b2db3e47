"""A real server of language models, `transformers serve`, with a tiny random model."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.errors import ModelError
from qa_eval.models.registry import resolve
from qa_eval.runs.options import RunOptions
from tests.support.chat_server import unused_port
from tests.support.fake_models import four_facts
from tests.support.tiny_language_models import CHAT, build

pytest.importorskip("fastapi", reason="transformers serve needs the extra test")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The base URL of the server, and the name of its model."""
    folder = build("llama", tmp_path_factory.mktemp("served") / "tiny", chat=CHAT)
    port = unused_port()
    serve = "from transformers.cli.transformers import main; main()"
    command = [
        sys.executable, "-c", serve, "serve", str(folder), "--port", str(port), "--host", "127.0.0.1",
        "--device", "cpu", "--default-seed", "0",
    ]  # fmt: skip
    log = folder.parent / "log"
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            for _ in range(600):
                if process.poll() is not None or _listens(port):
                    break
                time.sleep(0.2)
            assert process.poll() is None, log.read_text()
            yield f"http://127.0.0.1:{port}/v1", str(folder)
        finally:
            process.terminate()


def _listens(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=1).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def spec_of(served: tuple[str, str], **options: object) -> str:
    base_url, model = served
    return f"openai:{model}?base_url={base_url}" + "".join(f"&{k}={v}" for k, v in options.items())


def test_a_real_server_answers_every_item(served: tuple[str, str], own_cache: Path, tmp_path: Path) -> None:
    spec = spec_of(served, max_tokens=8)
    options = RunOptions(resamples=99, concurrency=2, closed_book=True)
    run = qa.evaluate(spec, corpus=four_facts(), out=tmp_path, name="r", progress=False, options=options)
    (row,) = [row for row in run.leaderboard.rows if row.model.kind == "openai"]
    assert row.status == "ok"
    assert (row.counts.errors, row.counts.missing) == (0, 0)
    assert row.performance.tokens > row.performance.tokens_out > 0  # type: ignore[operator]
    again = qa.evaluate(spec, corpus=four_facts(), progress=False, options=options)
    assert [a.prediction for a in again[row.model.spec].items()] == [
        a.prediction for a in run[row.model.spec].items()
    ]


def test_a_real_server_has_no_other_model(served: tuple[str, str]) -> None:
    with pytest.raises(ModelError, match="no-such-model at http://127"):
        _ = resolve(spec_of((served[0], "no-such-model"))).info
