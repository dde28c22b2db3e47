"""Servers with `/v1/chat/completions`: vLLM, llama.cpp, Ollama, LM Studio, and hosted ones.

Before anything is asked, one short request shows whether the server answers, whether it accepts the key and
the model, and what it calls the model. A failing request is tried again with growing pauses. Requests go to
the base URL only: redirects are not followed, and proxies of the environment are used only if the spec says
so. The key is sent with each request. It is part of no record, message or log.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qa_eval.errors import ModelError
from qa_eval.models.generation.generator import (
    Generation,
    Message,
    Prompt,
    PromptFailedError,
    PromptRefusedError,
    Sampling,
)
from qa_eval.models.generation.server_responses import (
    PromptUnansweredError,
    context_of,
    error_words,
    excerpt,
    generation_of,
    refusal,
    reported_by,
    retry_after,
)
from qa_eval.text.phrases import printable

if TYPE_CHECKING:
    import httpx2

_TRIES = 6
"""Number of times that a request is sent before its prompt fails."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 20.0
"""Pauses before a request is sent again, in seconds. Each is twice the one before, less a random part."""
_LONGEST_WAIT = 300.0
"""Longest `Retry-After` that is waited for, in seconds."""
_RESTART_SECONDS = 30.0
"""Time for which a server that cannot be reached any more is waited for, in seconds."""
_FAILURES_IN_A_ROW = 20
"""Number of prompts that may fail one after another before the server is doubted."""
_CONNECT_SECONDS = 10.0
_MOST_BYTES = 32_000_000
"""Greatest size of a response."""
_SHORTEST_SECRET = 8
"""Length from which a key is searched for in the server's texts. A shorter one is no secret, and may be a
word."""
_PROBE = Prompt((Message("user", "Reply with the word OK."),))
_KEPT = "the answers so far are kept, and the same command goes on from there"


class _TryAgainError(Exception):
    """A request failed in a way that may pass."""

    def __init__(self, reason: str, *, wait: float | None = None, refused: bool = False) -> None:
        self.wait = wait
        """Time to wait that the server gives, in seconds."""
        self.refused = refused
        """Whether no connection could be made."""
        super().__init__(reason)


class _RefusedFieldError(Exception):
    """The server does not know a field of the request."""


@dataclass(slots=True, eq=False)
class _Fields:
    """The optional fields that the server takes. The first request finds out."""

    logprobs: bool = True
    seed: bool = True
    limit: str = "max_tokens"

    def drop(self, words: str) -> bool:
        """Drops the field that a refusal names. Returns False if it names none that can be dropped."""
        if "max_completion_tokens" in words and self.limit == "max_tokens":
            self.limit = "max_completion_tokens"
        elif self.logprobs and ("logprobs" in words or "seed" not in words):
            self.logprobs = False
        elif self.seed:
            self.seed = False
        else:
            return False
        return True


@dataclass(slots=True, kw_only=True, eq=False)
class ChatServer:
    """A model on a server, as a `TextGenerator`."""

    base_url: str
    """Address of the API, without a slash at the end, such as `http://127.0.0.1:8080/v1`."""
    model: str
    """Name of the model, as it is sent."""
    key: str | None = field(default=None, repr=False)
    """Key that is sent; None to send none."""
    key_variable: str = "OPENAI_API_KEY"
    """Name of the environment variable of the key, for messages."""
    concurrency: int = 8
    """Greatest number of requests at once."""
    timeout: float = 120.0
    """Time after which a request is given up, in seconds."""
    context_tokens: int | None = None
    """Greatest number of tokens of a prompt and its answer; None if neither spec nor server tells."""
    proxied: bool = False
    """Whether the proxies of the environment are used."""
    requests: int = 0
    """Number of requests so far."""
    _fields: _Fields = field(default_factory=_Fields)
    _reported: tuple[str, str | None] | None = None
    """Model and system fingerprint that the first response reports."""
    _pause_until: float = 0.0
    """Time before which no request is sent, because the server asked for a pause."""

    # -------------------------------------------------------------------------------- who the server is

    def identify(self, sampling: Sampling) -> Mapping[str, Any]:
        """What the server says about its model. Nothing but a short request has been asked so far.

        Raises ModelError, which says what to do, if the server cannot be used. It names the model and the
        server, which the messages of `generate` do not, because whoever asks names the model.
        """
        try:
            with self._opened() as client:
                return self._identified(client, sampling)
        except ModelError as error:
            raise ModelError(f"{self.model} at {self.base_url}: {error}") from None

    def _identified(self, client: httpx2.Client, sampling: Sampling) -> Mapping[str, Any]:
        listing = self._listing(client)
        while True:
            try:
                value = self._probed(client, sampling)
                break
            except _RefusedFieldError as error:
                if not self._fields.drop(str(error)):
                    raise ModelError(f"the server refuses requests: {error}") from None
            except (PromptFailedError, _TryAgainError) as error:
                raise ModelError(str(error)) from None
        self._reported = reported_by(value)
        if self.context_tokens is None:
            self.context_tokens = context_of(listing)
        model, fingerprint = self._reported
        return {
            "model": model,
            "system_fingerprint": fingerprint,
            "listing": {key: listing[key] for key in ("root", "owned_by", "meta") if listing.get(key)},
            "fields": [self._fields.logprobs, self._fields.seed, self._fields.limit],
        }

    def _listing(self, client: httpx2.Client) -> dict[str, Any]:
        """The entry of the model in the server's list of models; empty if there is none."""
        try:
            status, _, body = self._sent(client, "GET", "/models", None)
            found = json.loads(body) if status == 200 else {}
            listed = found.get("data") if isinstance(found, dict) else None
            entries = [one for one in listed or () if isinstance(one, dict)]
        except _TryAgainError as error:
            if error.refused:  # told at once: a server that was never there does not come back
                raise ModelError(str(error)) from None
            return {}
        except (PromptFailedError, ValueError, TypeError):
            return {}
        named = [one for one in entries if one.get("id") == self.model]
        return (named or (entries if len(entries) == 1 else [{}]))[0]

    # -------------------------------------------------------------------------------- texts

    def count_tokens(self, prompt: Prompt) -> int | None:
        """None: only the server has the tokenizer."""
        del prompt
        return None

    def generate(
        self, prompts: Sequence[Prompt], sampling: Sampling
    ) -> Iterator[tuple[int, Generation | Exception]]:
        """The texts as `TextGenerator.generate`. At most `concurrency` requests are under way."""
        if not prompts:
            return
        if self._reported is None:
            with self._opened() as client:
                self._identified(client, sampling)
        done: queue.SimpleQueue[tuple[int, Generation | Exception]] = queue.SimpleQueue()
        stop = threading.Event()
        workers = self._workers(prompts, sampling, done, stop)
        try:
            for worker in workers:
                worker.start()
            failed, ended = 0, None
            for _ in prompts:
                number, found = done.get()
                if not isinstance(found, PromptRefusedError):  # which says nothing of the server
                    failed = failed + 1 if isinstance(found, PromptFailedError) else 0
                if isinstance(found, ModelError):
                    ended = found
                elif failed >= _FAILURES_IN_A_ROW:
                    if isinstance(found, PromptUnansweredError) or not self._still_works(sampling):
                        ended = ModelError(f"the last {failed} questions failed: {found}; {_KEPT}")
                    failed = 0
                if ended is not None:
                    yield from _finished(done)
                    raise ended
                yield number, found
            for worker in workers:
                worker.join()
        finally:
            stop.set()  # requests under way are abandoned: their threads end with them

    def _still_works(self, sampling: Sampling) -> bool:
        """Whether the server answers the short request, so that refusals are due to the questions."""
        try:
            with self._opened() as client:
                generation_of(self._probed(client, sampling), _PROBE, 0.0)
        except (ModelError, PromptFailedError, _TryAgainError, _RefusedFieldError):
            return False
        return True

    def _probed(self, client: httpx2.Client, sampling: Sampling) -> dict[str, Any]:
        """The response to the short request. Raises as `_tried` does."""
        short = Sampling(max_tokens=1, temperature=sampling.temperature, seed=sampling.seed)
        return self._tried(lambda: self._completion(client, _PROBE, short), threading.Event())

    def _workers(
        self,
        prompts: Sequence[Prompt],
        sampling: Sampling,
        done: queue.SimpleQueue[tuple[int, Generation | Exception]],
        stop: threading.Event,
    ) -> list[threading.Thread]:
        """Threads that answer the prompts in order, each one prompt at a time, until `stop` is set."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(len(prompts)):
            waiting.put(number)
        number_of_workers = min(self.concurrency, len(prompts))
        working, lock = number_of_workers, threading.Lock()
        client = self._opened()

        def work() -> None:
            nonlocal working
            while not stop.is_set():
                try:
                    number = waiting.get_nowait()
                except queue.Empty:
                    break
                try:
                    done.put((number, self._answer(client, prompts[number], sampling, stop)))
                except Exception as error:
                    done.put((number, error))
                    if isinstance(error, ModelError):
                        stop.set()  # now, and not when the reader of the answers comes to this one
            with lock:
                working -= 1
                if not working:  # the last one closes the connections, also if the asking was ended
                    client.close()

        return [
            threading.Thread(target=work, name=f"request {n}", daemon=True) for n in range(number_of_workers)
        ]

    def close(self) -> None:
        """Does nothing: connections are closed as soon as all prompts are answered."""

    def _answer(
        self, client: httpx2.Client, prompt: Prompt, sampling: Sampling, stop: threading.Event
    ) -> Generation:
        since = time.perf_counter()
        try:
            value = self._tried(lambda: self._completion(client, prompt, sampling), stop)
        except _TryAgainError as error:
            if error.refused:
                waited = f"it was waited for {_RESTART_SECONDS:g} s"
                raise ModelError(f"{error} {waited}; {_KEPT}") from None
            raise PromptUnansweredError(f"{error} (tried {_TRIES} times)") from None
        except _RefusedFieldError as error:
            raise refusal(str(error), prompt) from None
        self._compare(value)
        return generation_of(value, prompt, time.perf_counter() - since)

    def _compare(self, value: Mapping[str, Any]) -> None:
        """Raises ModelError if another model answers than at the beginning."""
        reported = reported_by(value)
        if self._reported is not None and reported != self._reported:
            was, now = (" ".join(filter(None, one)) for one in (self._reported, reported))
            raise ModelError(
                f"the server now reports {now}, and reported {was} at the beginning; a row is of one model. "
                "The same command asks the new model"
            )

    # -------------------------------------------------------------------------------- requests

    def _tried(self, send: Any, stop: threading.Event) -> dict[str, Any]:  # noqa: ANN401
        """The result of a request, which is sent again while its failure may pass.

        It is sent `_TRIES` times in all. Without a connection, it is sent again for `_RESTART_SECONDS`.
        """
        pause, left, gone_since = _FIRST_PAUSE, _TRIES, None
        while True:
            while (wait := self._pause_until - time.monotonic()) > 0:
                stop.wait(wait)
                if stop.is_set():
                    break
            if stop.is_set():
                raise _TryAgainError("the asking was ended")
            try:
                found: dict[str, Any] = send()
                return found
            except _TryAgainError as error:
                longest = _LONGEST_PAUSE
                if error.refused:
                    gone_since = gone_since or time.monotonic()
                    longest = gone_since + _RESTART_SECONDS - time.monotonic()
                else:
                    left, gone_since = left - 1, None
                if not left or longest <= 0 or stop.is_set():
                    raise
                if error.wait is not None:
                    if error.wait > _LONGEST_WAIT:
                        raise
                    # Every thread waits, because the server asks for fewer requests.
                    self._pause_until = max(self._pause_until, time.monotonic() + error.wait)
                else:
                    stop.wait(min(pause * random.uniform(0.5, 1.0), longest))  # noqa: S311 - not for secrets
                    pause = min(2 * pause, _LONGEST_PAUSE)

    def _completion(self, client: httpx2.Client, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        """The response to a prompt, sent once."""
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in prompt.messages],
            self._fields.limit: sampling.max_tokens,
            "temperature": sampling.temperature,
            "stream": False,
        }
        if self._fields.seed:
            body["seed"] = sampling.seed
        if self._fields.logprobs:
            body["logprobs"] = True
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        status, headers, data = self._sent(client, "POST", "/chat/completions", body)
        self._raise_for(status, headers, data)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            raise _TryAgainError(f"the response is not JSON: {excerpt(data)}") from None
        if not isinstance(value, dict):
            raise _TryAgainError(f"the response is not a JSON object: {excerpt(data)}")
        return value

    def _raise_for(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        if status == 200:
            return
        words = error_words(data)
        said = f"{status}{f': {words}' if words else ''}"
        if 300 <= status < 400:
            target = urlsplit(headers.get("location", ""))
            where = f"{target.scheme}://{target.netloc}" if target.netloc else "another address"
            raise ModelError(
                f"the server redirects to {printable(where)}, and the key is sent to the base URL only; give "
                "the final address with --base-url"
            )
        if status in (401, 403):
            what = (
                f"the server refuses the key in {self.key_variable}"
                if self.key
                else f"the server wants a key; set {self.key_variable}, or name a variable with ?key_env="
            )
            raise ModelError(f"{what} ({said})")
        if status == 404:
            raise ModelError(
                "the server has no such model, or no /chat/completions at this address "
                f"({said}); {self.base_url}/models lists the models of most servers"
            )
        if "insufficient_quota" in data.decode("utf-8", "replace"):
            raise ModelError(f"the account has no credit left ({said})")
        if status in (408, 409, 425, 429) or status >= 500:
            raise _TryAgainError(f"the server answered {said}", wait=retry_after(headers))
        if status in (400, 413, 422):
            raise _RefusedFieldError(said)
        raise PromptFailedError(f"the server answered {said}")

    def _sent(
        self, client: httpx2.Client, method: str, path: str, body: object
    ) -> tuple[int, Mapping[str, str], bytes]:
        """The status, headers and bytes of a response. The key in them is replaced.

        Raises _TryAgainError if there is no whole response.
        """
        import httpx2

        end = time.monotonic() + self.timeout
        self.requests += 1
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        found = bytearray()
        try:
            with client.stream(method, self.base_url + path, content=content) as response:
                for some in response.iter_bytes():
                    found += some
                    if time.monotonic() > end:
                        raise _TryAgainError(f"no whole response within {self.timeout:g} s")
                    if len(found) > _MOST_BYTES:
                        raise PromptFailedError(f"the response has more than {_MOST_BYTES:,} bytes")
                return response.status_code, response.headers, self._without_key(bytes(found))
        except httpx2.TimeoutException:
            raise _TryAgainError(f"no whole response within {self.timeout:g} s") from None
        except httpx2.ConnectError as error:
            reason = self._without_key(str(error).encode()).decode()
            encrypted = self.base_url.startswith("https:") and "ssl" in reason.casefold()
            what = "does it have HTTPS, and a certificate that is valid?" if encrypted else "is it running?"
            raise _TryAgainError(
                f"no connection to the server ({printable(reason)}); {what}", refused=True
            ) from None
        except httpx2.HTTPError as error:
            reason = self._without_key(f"{type(error).__name__}: {error}".encode()).decode()
            raise _TryAgainError(f"the connection broke off ({printable(reason)})") from None

    def _without_key(self, data: bytes) -> bytes:
        if self.key is None or len(self.key) < _SHORTEST_SECRET:
            return data
        return data.replace(self.key.encode(), b"[key]")

    def _opened(self) -> httpx2.Client:
        import httpx2

        headers = {"Content-Type": "application/json", "User-Agent": "qa-eval"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        return httpx2.Client(
            headers=headers,
            timeout=httpx2.Timeout(self.timeout, connect=min(_CONNECT_SECONDS, self.timeout)),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=self.concurrency),
            follow_redirects=False,
            trust_env=False,
            proxy=_proxy(self.base_url) if self.proxied else None,
        )


def _finished(
    done: queue.SimpleQueue[tuple[int, Generation | Exception]],
) -> Iterator[tuple[int, Generation | Exception]]:
    """The texts that are there already."""
    while not done.empty():
        number, found = done.get()
        if isinstance(found, Generation):
            yield number, found


def _proxy(base_url: str) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(base_url)
    if parts.hostname and proxy_bypass(parts.hostname):
        return None
    found = getproxies()
    return found.get(parts.scheme) or found.get("all")
