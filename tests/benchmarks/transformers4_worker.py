"""The process of transformers 4.57 that `transformers4.py` talks to: it builds checkpoints and reads texts.

It runs in an environment of its own, in which nothing of this project is installed. Each line that comes in
is an object, {"do": "kinds"}, {"do": "build", …} or {"do": "read", …}, and is answered by one.
"""

from __future__ import annotations

import copy
import inspect
import json
import math
import sys
import unicodedata
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto, tokenization_auto

BARE = {"▁", "Ġ"}
"""Tokens that are the sign for a space and nothing else."""


def main() -> None:
    log: Any = transformers.logging
    log.set_verbosity_error()
    torch.set_num_threads(1)
    does: dict[str, Any] = {"kinds": kinds, "build": build, "read": read}
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(guarded(does[asked.pop("do")], **asked)), flush=True)


def guarded(do: Any, **given: Any) -> dict[str, Any]:
    """What it gives, or the error as text: one that fails must not take the others with it."""
    try:
        found: dict[str, Any] = do(**given)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {(str(error).strip() or '-').splitlines()[0]}"}
    return found


def kinds() -> dict[str, Any]:
    """The types that have a question-answering head in this version."""
    return {"kinds": list(modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES)}


def build(kind: str, folder: str, special: dict[str, str], sizes: dict[str, Any], own: dict[str, Any]) -> Any:
    """Makes a random checkpoint for the vocabulary in the folder, tokenizer.json or a SentencePiece model.

    The tokenizer is loaded by the class of the type, and saved as that class saves it.
    """
    names = tokenization_auto.TOKENIZER_MAPPING_NAMES.get(kind) or (None, None)
    cls: Any = getattr(transformers, names[1] or "PreTrainedTokenizerFast")
    pieces = next(Path(folder).glob("*.model"), None)
    try:
        tokenizer = (
            cls.from_pretrained(folder)
            if pieces
            else cls(tokenizer_file=f"{folder}/tokenizer.json", **special)
        )
    except Exception:  # a class that wants a library of its own
        cls = transformers.PreTrainedTokenizerFast
        tokenizer = cls(tokenizer_file=f"{folder}/tokenizer.json", **special)
    tokenizer.save_pretrained(folder)
    if kind == "splinter":  # what its class saves it cannot load again
        path = Path(folder, "tokenizer_config.json")
        saved = json.loads(path.read_text("utf-8"))
        saved.pop("additional_special_tokens", None)
        path.write_text(json.dumps(saved), "utf-8")
    config_class: Any = transformers.CONFIG_MAPPING[kind]
    fields = inspect.signature(config_class.__init__).parameters
    wanted = dict(sizes, vocab_size=len(tokenizer))
    for key in ("pad_token_id", "bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id"):
        wanted[key] = getattr(tokenizer, key, None)
    config = config_class(**{k: v for k, v in wanted.items() if k in fields} | own)
    torch.manual_seed(7)
    auto: Any = transformers.AutoModelForQuestionAnswering
    model = auto.from_config(config)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "qa_outputs" in name and value.dim() > 1:
                value.mul_(6)  # far from ties
    model.save_pretrained(folder)
    return {"class": cls.__name__}


def read(
    folder: str, question: str, texts: list[str], max_length: int, stride: int, max_answer: int
) -> dict[str, Any]:
    """Tokens, types, the best span and the null score of each text, and what the pipeline answers."""
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
    torch.manual_seed(7)
    model: Any = transformers.AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    takes = inspect.signature(type(model).forward).parameters
    # The attention of some models changes with the first short window that they read.
    changes = any(hasattr(part, "set_attention_type") for part in model.modules())

    def read_one(text: str) -> dict[str, Any]:
        windows = tokenizer(
            question,
            text,
            truncation="only_second",
            max_length=max_length,
            stride=stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        given = [name for name in tokenizer.model_input_names if name in takes]
        spans: dict[tuple[int, int], float] = {}
        nulls = []
        for number, ids in enumerate(windows["input_ids"]):
            inputs = {name: torch.tensor([windows[name][number]]) for name in given}
            with torch.no_grad():
                output = (copy.deepcopy(model) if changes else model)(**inputs)
            starts, ends = output.start_logits[0].tolist(), output.end_logits[0].tolist()
            if tokenizer.cls_token_id in ids:
                null = ids.index(tokenizer.cls_token_id)
                nulls.append(starts[null] + ends[null])
            tokens = tokenizer.convert_ids_to_tokens(ids)
            places = [k for k, part in enumerate(windows.sequence_ids(number)) if part == 1]
            offsets = windows["offset_mapping"][number]
            search(text, tokens, offsets, places, starts, ends, max_answer, spans)
        best = max(spans, key=lambda s: (spans[s], -s[0], s[0] - s[1]), default=None)
        types = windows["token_type_ids"] if "token_type_ids" in given else None
        return {
            "ids": windows["input_ids"],
            "types": types,
            "best": best and [*best, spans[best]],
            "null": min(nulls, default=None),
        }

    return {
        "texts": [guarded(read_one, text=text) for text in texts],
        "class": type(tokenizer).__name__,
        "pipeline": pipe(model, tokenizer, question, texts, max_length, stride, max_answer),
    }


def search(
    text: str,
    tokens: list[str],
    offsets: list[tuple[int, int]],
    places: list[int],
    starts: list[float],
    ends: list[float],
    max_answer: int,
    spans: dict[tuple[int, int], float],
) -> None:
    """Adds each span of a window with its greatest score, by loops.

    A token that is the bare sign for a space has no characters. No span begins or ends between a letter and
    its combining marks.
    """
    for n, i in enumerate(places):
        for j in places[n : n + max_answer]:
            low, high = offsets[i][0], offsets[j][0 if tokens[j] in BARE else 1]
            while 0 < low < len(text) and is_mark(text[low]) and not text[low - 1].isspace():
                low -= 1
            while 0 < high < len(text) and is_mark(text[high]) and not text[:high][-1].isspace():
                high += 1
            while low < high and (text[low].isspace() or is_mark(text[low])):
                low += 1
            while high > low and text[high - 1].isspace():
                high -= 1
            if low < high:
                spans[low, high] = max(starts[i] + ends[j], spans.get((low, high), -math.inf))


def is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def pipe(
    model: Any, tokenizer: Any, question: str, texts: list[str], max_length: int, stride: int, max_answer: int
) -> list[str | None]:
    """The pipeline's answers, empty for "no answer"; None where it fails."""
    make: Any = transformers.pipeline
    answer = make("question-answering", model=model, tokenizer=tokenizer, device="cpu")
    found: list[str | None] = []
    for text in texts:
        try:
            best = answer(
                question=question,
                context=text,
                max_seq_len=max_length,
                doc_stride=stride,
                max_answer_len=max_answer,
                handle_impossible_answer=True,
                align_to_words=False,
            )
        except Exception:
            found.append(None)
            continue
        found.append(best["answer"].strip() if best["start"] < best["end"] else "")
    return found


if __name__ == "__main__":
    main()
