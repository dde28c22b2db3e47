"""The question-answering pipeline of transformers 4.57, as a process that `peers.py` talks to.

It runs in an environment of its own, in which nothing of this project is installed. One JSON object a line:
first {model, device, items}, with items as [question, context]; then {batch_size, align_to_words} for each
reading, answered by {seconds, answers}.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    import torch
    import transformers

    pipeline: Any = transformers.pipeline
    said = json.loads(sys.stdin.readline())
    items = json.loads(Path(said["items"]).read_text("utf-8"))
    device = torch.device(said["device"])
    answer = pipeline(
        "question-answering", model=said["model"], tokenizer=said["model"], device=device, dtype=torch.float32
    )
    pairs = [{"question": question, "context": context} for question, context in items]
    print(json.dumps({"ready": True, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        since = time.perf_counter()
        found = answer(
            pairs[: asked["items"]],
            batch_size=asked["batch_size"],
            max_seq_len=384,
            doc_stride=128,
            max_answer_len=30,
            top_k=1,
            align_to_words=asked["align_to_words"],
        )
        seconds = time.perf_counter() - since
        found = found if isinstance(found, list) else [found]
        answers = [f["answer"] for f in found]
        print(json.dumps({"seconds": seconds, "answers": answers}), flush=True)


if __name__ == "__main__":
    main()
