"""What is read from the responses of a server with `/v1/chat/completions`."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping
from typing import Any

from qa_eval.models.generation.generator import (
    Generation,
    Prompt,
    PromptFailedError,
    PromptRefusedError,
)
from qa_eval.text.phrases import printable, shorten

_TOO_LONG = re.compile(
    r"context|too (?:long|large|many tokens)|maximum.{0,40}token|token.{0,40}(?:limit|exceed)", re.I
)
"""Words of a server about a prompt that does not fit."""
_CHARACTERS_PER_TOKEN = 12
"""Number of characters of prompt for each token read above which the server cannot have read all of it."""


class PromptUnansweredError(PromptFailedError):
    """The server gave no whole response to a prompt in all tries. It may answer the same prompt later."""


def generation_of(value: Mapping[str, Any], prompt: Prompt, seconds: float) -> Generation:
    """The text in a response. Raises PromptFailedError if there is none."""
    listed = value.get("choices")
    choice = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else None
    if choice is None:
        raise PromptFailedError("the response has no choices")
    finish = choice.get("finish_reason") or "stop"
    message = choice.get("message")
    text = message.get("content") if isinstance(message, dict) else None
    if finish == "content_filter" or (isinstance(message, dict) and message.get("refusal") and not text):
        raise PromptRefusedError("the server withheld the answer (content filter)")
    if text is None and finish == "length":
        text = ""
    if not isinstance(text, str):
        raise PromptFailedError("the response has no text")
    used = value.get("usage")
    usage = used if isinstance(used, dict) else {}
    tokens_in = count_of(usage.get("prompt_tokens"))
    characters = sum(len(message.content) for message in prompt.messages)
    return Generation(
        text=text,
        tokens_in=tokens_in,
        tokens_out=count_of(usage.get("completion_tokens")),
        mean_logprob=mean_logprob(choice.get("logprobs")),
        finish=str(finish),
        truncated=bool(tokens_in) and characters > _CHARACTERS_PER_TOKEN * (tokens_in or 0),
        seconds=seconds,
    )


def reported_by(value: Mapping[str, Any]) -> tuple[str, str | None]:
    """The model and the system fingerprint that a response reports."""
    fingerprint = value.get("system_fingerprint")
    return str(value.get("model") or ""), fingerprint if isinstance(fingerprint, str) else None


def context_of(listing: Mapping[str, Any]) -> int | None:
    """The context window, as vLLM, llama.cpp and others list it."""
    meta = listing.get("meta")
    for place in (listing, meta if isinstance(meta, dict) else {}):
        for key in ("max_model_len", "context_length", "context_window", "n_ctx"):
            if (found := count_of(place.get(key))) is not None:
                return found
    return None


def count_of(value: object) -> int | None:
    """The value, if it is a number of something."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def mean_logprob(logprobs: object) -> float | None:
    """The mean of the log-probabilities of all tokens; None if the server does not give them."""
    listed = logprobs.get("content") if isinstance(logprobs, dict) else None
    found = [one.get("logprob") for one in listed or () if isinstance(one, dict)]
    numbers = [float(one) for one in found if isinstance(one, int | float) and not isinstance(one, bool)]
    if not numbers or len(numbers) != len(found) or not all(map(math.isfinite, numbers)):
        return None
    return min(0.0, math.fsum(numbers) / len(numbers))


def error_words(data: bytes) -> str:
    """The server's words about an error, short and on one line."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return excerpt(data)
    for key in ("error", "detail", "message"):
        if isinstance(value, dict) and key in value:
            value = value[key]
    return shorten(printable(value if isinstance(value, str) else json.dumps(value)), 300)


def excerpt(data: bytes) -> str:
    """The beginning of a response that is not JSON."""
    return shorten(printable(" ".join(data.decode("utf-8", "replace").split())), 200)


def refusal(said: str, prompt: Prompt) -> PromptFailedError:
    """The error of a prompt that the server refuses, with its length."""
    characters = sum(len(message.content) for message in prompt.messages)
    if _TOO_LONG.search(said) or said.startswith("413"):
        return PromptRefusedError(
            f"the prompt, of {characters:,} characters, is too long for the model; the server answered {said}"
        )
    return PromptFailedError(f"the server refuses the prompt, of {characters:,} characters: {said}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The time to wait in seconds; None if the server gives none."""
    text = headers.get("retry-after", "")
    try:
        found = float(text)
    except ValueError:
        from email.utils import parsedate_to_datetime

        try:
            found = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return max(0.0, found) if math.isfinite(found) else None
