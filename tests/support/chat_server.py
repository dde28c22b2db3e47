"""A server with /v1/chat/completions, as a process of its own, whose every response is chosen by the test.

    with chat_server() as server:
        server.base_url, server.told(), server.behave("busy", times=2)

It answers with the first number of the last message, or "unanswerable". Run as a script it is the server.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-0123456789abcdef"


@dataclass(slots=True)
class RunningServer:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def spec(self, model: str = "tiny", **options: str) -> str:
        more = "".join(f"&{name}={value}" for name, value in options.items())
        return f"openai:{model}?base_url={self.base_url}{more}"

    def behave(self, what: str, *, times: int = 10**9, after: int = 0) -> None:
        """The next `times` responses, after `after` usual ones, are of this sort. The probe is never."""
        self._control({"what": what, "times": times, "after": after})

    def set(self, **values: Any) -> None:
        """delay, gate, model, fingerprint, key, listing: how the server answers from now on.

        With a gate, no answer comes before so many requests have been under way at once, or 20 s passed.
        """
        self._control(values)

    def told(self) -> dict[str, Any]:
        """What the server was asked: `asked` (contents without the probe), `most` at once, `headers`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/control") as response:
            found: dict[str, Any] = json.load(response)
        return found

    def forget(self) -> None:
        self._control({"forget": True})

    def _control(self, values: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/control", json.dumps(values).encode(), method="POST"
        )
        urllib.request.urlopen(request).close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def chat_server(port: int = 0) -> Iterator[RunningServer]:
    """Starts a server on loopback and ends it."""
    command = [sys.executable, __file__, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        server = RunningServer(int(process.stdout.readline()), process)
        try:
            yield server
        finally:
            process.kill()


def unused_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number: int = found.getsockname()[1]
        return number


# ------------------------------------------------------------------------------------------ the process


class _State:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.delay = 0.0
        self.gate = 0
        self.model = "tiny-1"
        self.fingerprint: str | None = "fp-1"
        self.key: str | None = None
        self.listing: list[dict[str, Any]] | None = None
        self.logprobs = True
        self.elsewhere = "http://elsewhere.invalid"
        self.what, self.times, self.after = "", 0, 0
        self.forget()

    def forget(self) -> None:
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[dict[str, Any]] = []
        self.now = self.most = self.probes = 0

    def next(self) -> str:
        if self.times <= 0:
            return ""
        if self.after:
            self.after -= 1
            return ""
        self.times -= 1
        return self.what


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, between which the client would wait
    state = _State()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        s = self.state
        if self.path == "/control":
            names = ("asked", "most", "headers", "probes", "bodies")
            self._send(200, {name: getattr(s, name) for name in names})
        elif s.listing is None:
            self._send(404, {"error": {"message": "no list"}})
        else:
            self._send(200, {"data": s.listing})

    def do_POST(self) -> None:
        s = self.state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/control":
            if body.pop("forget", False):
                s.forget()
            for name, value in body.items():
                setattr(s, name, value)
            self._send(200, {})
            return
        content = body["messages"][-1]["content"]
        probe = content == "Reply with the word OK."
        with s.lock:
            s.headers.append(dict(self.headers))
            if probe:
                s.probes += 1
            else:
                s.asked.append(content)
                s.bodies.append(body)
            s.now += 1
            s.most = max(s.most, s.now)
            what = s.what if probe and s.what.startswith("always") else "" if probe else s.next()
        try:
            if not probe:
                time.sleep(s.delay)
                until = time.monotonic() + 20
                while s.most < s.gate and time.monotonic() < until:
                    time.sleep(0.01)
            self._answer(what, body, content)
        finally:
            with s.lock:
                s.now -= 1

    def _answer(self, what: str, body: dict[str, Any], content: str) -> None:
        s = self.state
        if s.key is not None and self.headers.get("Authorization") != f"Bearer {s.key}":
            sent = self.headers.get("Authorization", "none")
            self._send(401, {"error": {"message": f"Incorrect API key provided: {sent}"}})
            return
        name = what.removeprefix("always ")
        errors: dict[str, tuple[int, Any, dict[str, str]]] = {
            "busy": (429, {"error": {"message": "slow down"}}, {}),
            "busy 1 s": (429, {"error": {"message": "slow down"}}, {"Retry-After": "1"}),
            "busy for an hour": (429, {"error": {"message": "slow down"}}, {"Retry-After": "3600"}),
            "broke": (429, {"error": {"message": "no credit", "code": "insufficient_quota"}}, {}),
            "500": (500, {"error": {"message": "it broke"}}, {}),
            "404": (404, {"error": {"message": "The model does not exist"}}, {}),
            "401": (401, {"error": {"message": "bad key"}}, {}),
            "long": (400, {"error": {"message": "maximum context length is 16 tokens, you sent 900"}}, {}),
            "400": (400, {"error": {"message": "I do not like it"}}, {}),
            "redirect": (307, {}, {"Location": f"{s.elsewhere}/v1/chat/completions"}),
            "no logprobs": (422, {"detail": "extra field logprobs"}, {}),
        }
        if name == "no logprobs" and "logprobs" not in body:
            name = ""
        if name in errors:
            status, value, headers = errors[name]
            self._send(status, value, headers)
        elif name == "not json":
            self._send(200, b"<html>hello</html>")
        elif name == "list":
            self._send(200, [1])
        elif name == "half":
            self._send(200, b'{"choices": [{"mess', announced=500)
        elif name == "hang":
            until = time.monotonic() + 60
            while s.what == "hang" and time.monotonic() < until:
                time.sleep(0.05)
        elif name == "no choices":
            self._send(200, self._completion("", choices=[]))
        elif name == "filter":
            self._send(200, self._completion("", finish="content_filter"))
        elif name == "no text":
            self._send(200, self._completion(None))
        elif name == "declines":
            self._send(200, self._completion("unanswerable"))
        elif name == "echo":
            self._send(200, self._completion(f"The key is {self.headers.get('Authorization')}."))
        elif name == "cuts":
            self._send(200, self._completion("3", tokens_in=5))
        elif name == "ends early":
            self._send(200, self._completion("There were 3, and", finish="length"))
        elif name == "another model":
            self._send(200, self._completion("3") | {"model": "huge-9"})
        else:
            found = re.search(r"\d[\d,]*", re.sub(r"\[\d+\]", "", content.partition("Question:")[0]))
            size = sum(len(message["content"]) for message in body["messages"]) // 4
            self._send(200, self._completion(found[0] if found else "unanswerable", tokens_in=size))

    def _completion(
        self, text: str | None, *, finish: str = "stop", choices: Any = None, tokens_in: int = 400
    ) -> dict[str, Any]:
        s = self.state
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": finish,
        }
        if s.logprobs:
            tokens = [{"token": "3", "logprob": -0.5}, {"token": "4", "logprob": -0.1}]
            choice["logprobs"] = {"content": tokens}
        found = {
            "model": s.model,
            "choices": [choice] if choices is None else choices,
            "usage": {"prompt_tokens": tokens_in, "completion_tokens": 2},
        }
        return found if s.fingerprint is None else found | {"system_fingerprint": s.fingerprint}

    def _send(
        self, status: int, value: Any, headers: dict[str, str] | None = None, announced: int | None = None
    ) -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(announced or len(data)))
        self.end_headers()
        self.wfile.write(data)
        if announced is not None:
            self.close_connection = True


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
