"""The kind `openai:`, from a spec to a model on a server."""

from __future__ import annotations

import os
from dataclasses import replace
from urllib.parse import urlsplit

from qa_eval.errors import SpecError
from qa_eval.files.hashes import sha256_json
from qa_eval.models.generation.chat_server import ChatServer
from qa_eval.models.generation.written_answers import Writing, WrittenAnswers, number_option
from qa_eval.models.protocol import ModelSpec
from qa_eval.records import Decoding, ModelInfo, Runtime
from qa_eval.text.phrases import brief

SERVER_OPTIONS = ("base_url", "key_env", "context", "proxy")
"""Options of a spec that only servers have."""
_KEY_VARIABLE = "OPENAI_API_KEY"


def resolve_server(spec: ModelSpec, decoding: Decoding, runtime: Runtime) -> WrittenAnswers:
    """The model on a server that a spec names. Nothing is sent before its identity is asked for.

    Raises SpecError for an invalid option, and for a key that cannot be sent.
    """
    del decoding
    address = _base_url(spec)
    # One server is one model, however its address was typed.
    spec = replace(spec, options=tuple(sorted({**dict(spec.options), "base_url": address}.items())))
    writing = Writing.of(spec, others=SERVER_OPTIONS)
    variable = spec.option("key_env") or _KEY_VARIABLE
    proxy = spec.option("proxy")
    if proxy not in (None, "environment"):
        raise SpecError(f"{spec}: proxy: {brief(proxy)} is not environment, the only value")
    context = int(number_option(spec, "context", 0, least=1, whole=True)) if spec.option("context") else None
    server = ChatServer(
        base_url=address,
        model=spec.name,
        key=_key(variable, wanted=spec.option("key_env") is not None),
        key_variable=variable,
        concurrency=runtime.concurrency,
        timeout=runtime.timeout,
        context_tokens=context,
        proxied=proxy is not None,
    )

    def identify() -> ModelInfo:
        found = server.identify(writing.sampling)
        reported = " ".join(str(part) for part in (found["model"], found["system_fingerprint"]) if part)
        return ModelInfo(
            spec=str(spec),
            kind=spec.kind,
            name=spec.name,
            fingerprint=sha256_json({"base_url": server.base_url, "name": spec.name, **found}),
            backend="server",
            reported=reported or None,
        )

    return WrittenAnswers(generator=server, writing=writing, identify=identify)


def _base_url(spec: ModelSpec) -> str:
    text = spec.option("base_url")
    if text is None:
        raise SpecError(
            f"{spec}: needs the address of a server: --base-url http://127.0.0.1:8080/v1, or "
            f"{spec}?base_url=http://127.0.0.1:8080/v1 (of OpenAI: https://api.openai.com/v1)"
        )
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if not whole:
        raise SpecError(f"{spec}: base_url: {brief(text)} is not an address such as http://127.0.0.1:8080/v1")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise SpecError(
            f"openai:{spec.name}: base_url: has a user, a password or a query; a key belongs in the "
            f"environment variable {_KEY_VARIABLE}, or in the one that ?key_env= names"
        )
    return text.rstrip("/")


def _key(variable: str, *, wanted: bool) -> str | None:
    key = os.environ.get(variable, "").strip()
    if not key:
        if wanted:
            raise SpecError(f"key_env: the environment variable {variable} is not set")
        return None
    if not key.isascii() or not key.isprintable():
        raise SpecError(f"{variable}: the key has a character that cannot be sent")
    return key
