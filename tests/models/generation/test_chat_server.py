"""Models on a server, asked over HTTP on loopback: every failure that servers have, and what users see."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa_eval.errors import ModelError, SpecError
from qa_eval.models.generation.chat_server import ChatServer
from qa_eval.models.generation.generator import Generation, Message, Prompt, Sampling
from qa_eval.models.generation.server_models import resolve_server
from qa_eval.models.generation.written_answers import WrittenAnswers
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.registry import resolve
from qa_eval.records import Decoding, Instance, Prediction, Runtime
from tests.support.chat_server import KEY, RunningServer, chat_server, unused_port


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningServer]:
    """A server of the test's own, because requests of another test may still be under way."""
    monkeypatch.setattr("qa_eval.models.generation.chat_server._FIRST_PAUSE", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with chat_server() as running:
        yield running


def model_of(spec: str, **runtime: float) -> WrittenAnswers:
    found = resolve_server(ModelSpec.parse(spec), Decoding(), Runtime(**runtime))  # type: ignore[arg-type]
    return found


def instances(number: int) -> list[Instance]:
    return [
        Instance(item=f"q{n}@a", question="How many?", context=f"There were {n} men.", article="a")
        for n in range(number)
    ]


def answers(model: WrittenAnswers, number: int = 3) -> list[Prediction]:
    try:
        found = sorted(model.predict(instances(number)), key=lambda p: p.item)
    finally:
        model.unload()
    return found


def test_a_question_is_sent_as_the_prompt_says_and_answered(server: RunningServer) -> None:
    model = model_of(server.spec())
    found = answers(model)
    assert [p.text for p in found] == ["0", "1", "2"]
    assert all(p.confidence == pytest.approx(2.718281828**-0.3) for p in found)
    assert all(p.tokens_out == 2 and p.tokens > 2 and p.seconds is not None for p in found)
    told = server.told()
    assert sorted(told["asked"]) == [
        f"Passage:\nThere were {n} men.\n\nQuestion: How many?" for n in range(3)
    ]
    assert told["bodies"][0].keys() == {
        "model", "messages", "max_tokens", "temperature", "stream", "seed", "logprobs",
    }  # fmt: skip
    assert told["probes"] == 1


def test_the_identity_is_what_the_server_reports(server: RunningServer) -> None:
    info = model_of(server.spec()).info
    assert (info.kind, info.name, info.reported) == ("openai", "tiny", "tiny-1 fp-1")
    assert info.prompts is not None
    assert sorted(info.prompts) == ["all", "none", "one"]
    assert info.sampling == "256 tokens at most, temperature 0, seed 0"
    assert model_of(server.spec()).info == info
    server.set(fingerprint="fp-2")
    assert model_of(server.spec()).info.fingerprint != info.fingerprint
    server.set(fingerprint="fp-1", listing=[{"id": "tiny", "meta": {"n_params": 5, "n_ctx": 512}}])
    model = model_of(server.spec())
    assert model.info.fingerprint != info.fingerprint
    assert model.generator.context_tokens == 512


@pytest.mark.parametrize(
    ("option", "value"),
    [("max_tokens", "7"), ("temperature", "0.5"), ("seed", "3"), ("stop", "\\n")],
)
def test_choices_of_generation_are_sent_and_part_of_the_identity(
    server: RunningServer, option: str, value: str
) -> None:
    model = model_of(server.spec(**{option: value}))
    assert model.info.fingerprint != model_of(server.spec()).info.fingerprint
    answers(model, 1)
    sent = server.told()["bodies"][0][option]
    assert sent == (["\n"] if option == "stop" else float(value))


REFUSALS = [
    ("always 401", "the server wants a key; set OPENAI_API_KEY"),
    ("always 404", "no such model, or no /chat/completions at this address (404: The model does not exist)"),
    ("always 500", "the server answered 500: it broke"),
    ("always broke", "the account has no credit left"),
    ("always redirect", "the server redirects to http://elsewhere.invalid"),
    ("always 400", "the server refuses requests: 400: I do not like it"),
    ("always busy for an hour", "the server answered 429: slow down"),
    ("always not json", "the response is not JSON: <html>hello</html>"),
]


@pytest.mark.parametrize(("what", "said"), REFUSALS, ids=[what for what, _ in REFUSALS])
def test_a_server_that_cannot_be_used_is_told_before_anything_is_asked(
    server: RunningServer, what: str, said: str
) -> None:
    server.behave(what)
    with pytest.raises(ModelError) as error:
        _ = model_of(server.spec()).info
    assert said in str(error.value)
    assert f"tiny at {server.base_url}: " in str(error.value)
    assert server.told()["asked"] == []


def test_a_refused_connection_is_told_at_once() -> None:
    model = model_of(f"openai:m?base_url=http://127.0.0.1:{unused_port()}/v1")
    with pytest.raises(ModelError, match=r"no connection to the server .*; is it running"):
        _ = model.info
    assert isinstance(model.generator, ChatServer)
    assert model.generator.requests == 1


def test_https_at_a_server_without_it_is_told(server: RunningServer) -> None:
    with pytest.raises(ModelError, match=r"no connection .*SSL.*; does it have HTTPS, and a certificate"):
        _ = model_of(f"openai:m?base_url=https://127.0.0.1:{server.port}/v1").info


PASSING = ["busy", "busy 1 s", "500", "half", "not json", "list"]


@pytest.mark.parametrize("what", PASSING)
def test_a_failure_that_passes_costs_no_answer(server: RunningServer, what: str) -> None:
    server.behave(what, times=2)
    since = time.monotonic()
    found = answers(model_of(server.spec(), concurrency=1))
    assert [p.text for p in found] == ["0", "1", "2"]
    assert len(server.told()["asked"]) == 5
    if what == "busy 1 s":
        assert time.monotonic() - since >= 1.0


LASTING = [
    ("500", "the server answered 500: it broke (tried 6 times)"),
    ("busy", "the server answered 429: slow down (tried 6 times)"),
    ("half", "the connection broke off (RemoteProtocolError"),
    ("not json", "the response is not JSON: <html>hello</html> (tried 6 times)"),
    ("list", "the response is not a JSON object: [1] (tried 6 times)"),
    ("no choices", "the response has no choices"),
    ("no text", "the response has no text"),
    ("filter", "the server withheld the answer (content filter)"),
    (
        "long",
        "the prompt, of 315 characters, is too long for the model; the server answered "
        "400: maximum context length is 16 tokens, you sent 900",
    ),
    ("400", "the server refuses the prompt, of 315 characters: 400: I do not like it"),
]


@pytest.mark.parametrize(("what", "said"), LASTING, ids=[what for what, _ in LASTING])
def test_a_failure_that_lasts_is_the_error_of_its_item(server: RunningServer, what: str, said: str) -> None:
    tries = 6 if "tried" in said or what == "half" else 1
    server.behave(what, times=tries)
    first, *rest = answers(model_of(server.spec(), concurrency=1))
    assert first.error is not None
    assert said in first.error
    assert [p.text for p in rest] == ["1", "2"]
    assert len(server.told()["asked"]) == tries + 2


def test_a_response_that_does_not_come_is_given_up(server: RunningServer) -> None:
    server.behave("hang", times=1)
    found = answers(model_of(server.spec(), concurrency=1, timeout=0.5))
    assert [p.text for p in found] == ["0", "1", "2"]
    server.behave("hang", times=6)
    first, *_ = answers(model_of(server.spec(), concurrency=1, timeout=0.2), 2)
    assert first.error == "no whole response within 0.2 s (tried 6 times)"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("500", "the server answered 500: it broke (tried 6 times)"),
        ("not json", "the response is not JSON: <html>hello</html> (tried 6 times)"),
        ("always no choices", "the response has no choices"),
        ("always 400", "the server refuses the prompt, of 31"),
    ],
)
def test_a_server_that_fails_on_everything_is_given_up(server: RunningServer, what: str, said: str) -> None:
    model = model_of(server.spec())
    _ = model.info
    server.behave(what, after=5)
    with pytest.raises(ModelError) as error:
        answers(model, 100)
    assert f"the last 20 questions failed: {said}" in str(error.value)
    assert "; the answers so far are kept, and the same command goes on" in str(error.value)


@pytest.mark.parametrize("what", ["no choices", "no text", "400"])
def test_questions_that_are_refused_end_no_run_while_the_server_works(
    server: RunningServer, what: str
) -> None:
    server.behave(what)
    found = answers(model_of(server.spec(), concurrency=1), 50)
    assert sum(p.error is not None and not p.error_of_item for p in found) == 50
    assert server.told()["probes"] == 1 + 2, "after 20 and 40 of them the server is asked whether it works"
    assert len(server.told()["asked"]) == 50


@pytest.mark.parametrize("what", ["long", "filter"])
def test_questions_that_fail_for_a_reason_of_their_own_say_nothing_of_the_server(
    server: RunningServer, what: str
) -> None:
    server.behave(what)
    found = answers(model_of(server.spec(), concurrency=1), 50)
    assert all(p.error is not None and p.error_of_item for p in found)
    assert server.told()["probes"] == 1


def test_a_key_that_is_withdrawn_ends_the_asking(server: RunningServer) -> None:
    server.behave("401", after=1)
    model = model_of(server.spec(), concurrency=1)
    predictions = model.predict(instances(5))
    assert next(predictions).text == "0"
    with pytest.raises(ModelError, match="the server wants a key"):
        next(predictions)


def test_a_row_is_of_one_model(server: RunningServer) -> None:
    server.behave("another model", after=1)
    with pytest.raises(
        ModelError, match="now reports huge-9 fp-1, and reported tiny-1 fp-1 at the beginning"
    ):
        answers(model_of(server.spec(), concurrency=1))


def test_a_server_that_does_not_know_a_field_is_asked_without_it(server: RunningServer) -> None:
    server.behave("always no logprobs")
    server.set(logprobs=False)
    model = model_of(server.spec())
    assert model.info.fingerprint is not None
    found = answers(model)
    assert [(p.text, p.confidence) for p in found] == [("0", None), ("1", None), ("2", None)]
    assert all("logprobs" not in body for body in server.told()["bodies"])


def test_a_prompt_that_the_server_cuts_is_counted(server: RunningServer) -> None:
    server.behave("cuts", times=1)
    assert [p.truncated for p in answers(model_of(server.spec(), concurrency=1))] == [True, False, False]


def test_a_server_that_dies_and_comes_back_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa_eval.models.generation.chat_server._FIRST_PAUSE", 0.3)
    port = unused_port()
    with chat_server(port) as first:
        model = model_of(first.spec(), concurrency=1)
        predictions = model.predict(instances(3))
        assert next(predictions).text == "0"
        first.kill()
    with chat_server(port):
        assert [p.text for p in predictions] == ["1", "2"]
    model.unload()


@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_server_that_does_not_come_back_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch, concurrency: int
) -> None:
    monkeypatch.setattr("qa_eval.models.generation.chat_server._RESTART_SECONDS", 1.5)
    with chat_server() as first:
        model = model_of(first.spec(), concurrency=concurrency)
        _ = model.info
        first.kill()
    since = time.monotonic()
    with pytest.raises(ModelError, match=r"is it running\? it was waited for 1\.5 s; the answers so far are"):
        answers(model, 20)
    assert 1.5 <= time.monotonic() - since < 3


@pytest.mark.parametrize("concurrency", [1, 16])
def test_as_many_requests_are_under_way_as_asked_for(server: RunningServer, concurrency: int) -> None:
    server.set(gate=concurrency)
    assert len(answers(model_of(server.spec(), concurrency=concurrency), 96)) == 96
    assert server.told()["most"] == concurrency


# ------------------------------------------------------------------------------------------ the key


def test_the_key_is_sent_and_shown_nowhere(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.set(key=KEY)
    monkeypatch.setenv("MY_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    model = model_of(server.spec(key_env="MY_KEY"), concurrency=1)
    server.behave("echo", times=1)
    found = answers(model)
    assert found[0].text == "The key is Bearer [key]."
    assert {h["Authorization"] for h in server.told()["headers"]} == {f"Bearer {KEY}"}
    shown = [repr(model), repr(model.generator), repr(found), repr(model.info), caplog.text]
    server.set(key="sk-another-key-altogether")
    with pytest.raises(ModelError, match="the server refuses the key in MY_KEY") as error:
        _ = model_of(server.spec(key_env="MY_KEY")).info
    assert all(KEY not in text for text in [*shown, str(error.value)])


def test_a_key_is_not_sent_elsewhere(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert [p.text for p in answers(model_of(server.spec()))] == ["0", "1", "2"]
    monkeypatch.setattr("qa_eval.models.generation.chat_server._FIRST_PAUSE", 0.01)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ModelError, match="no connection"):
        _ = model_of(server.spec(proxy="environment")).info


def test_nothing_is_sent_to_another_host(server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A redirect in the middle is not followed; neither the key nor the question goes there."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server() as other:
        server.set(elsewhere=f"http://localhost:{other.port}")
        server.behave("redirect", after=1)
        predictions = model_of(server.spec(), concurrency=1).predict(instances(3))
        assert next(predictions).text == "0"
        with pytest.raises(ModelError, match=f"the server redirects to http://localhost:{other.port}"):
            next(predictions)
        assert other.told()["headers"] == []


def test_an_answer_that_the_limit_of_tokens_ends_is_marked(server: RunningServer) -> None:
    server.behave("ends early", times=1)
    assert [p.unfinished for p in answers(model_of(server.spec(), concurrency=1))] == [True, False, False]


WRONG_SPECS = [
    ("openai:m", "needs the address of a server: --base-url http://127.0.0.1:8080/v1"),
    ("openai:m?base_url=127.0.0.1:80", "base_url: '127.0.0.1:80' is not an address such as"),
    ("openai:m?base_url=http://a:b@127.0.0.1/v1", "a user, a password or a query; a key belongs in"),
    ("openai:m?base_url=http://h/v1&temperatur=1", "has no option 'temperatur'; did you mean temperature?"),
    ("openai:m?base_url=http://h/v1&temperature=hot", "temperature: 'hot' is not a number of at least 0"),
    ("openai:m?base_url=http://h/v1&max_tokens=0", "max_tokens: '0' is not a whole number of at least 1"),
    ("openai:m?base_url=http://h/v1&stop=", "stop: is empty; give the text before which an answer ends"),
    ("openai:m?base_url=http://h/v1&proxy=http://p", "proxy: 'http://p' is not environment"),
    ("openai:m?base_url=http://h/v1&key_env=NOT_SET", "the environment variable NOT_SET is not set"),
]


@pytest.mark.parametrize(("spec", "said"), WRONG_SPECS)
def test_a_wrong_spec_names_the_option(spec: str, said: str) -> None:
    with pytest.raises(SpecError) as error:
        resolve(spec)
    assert said in str(error.value)
    assert "a:b" not in str(error.value)


def test_a_key_that_cannot_be_sent_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ü-secret")
    with pytest.raises(
        SpecError, match="OPENAI_API_KEY: the key has a character that cannot be sent"
    ) as error:
        resolve("openai:m?base_url=http://127.0.0.1:1/v1")
    assert "secret" not in str(error.value)


def test_a_generator_can_be_used_again_after_it_was_closed(server: RunningServer) -> None:
    model = model_of(server.spec())
    prompt = Prompt((Message("user", "Passage: 7 men. Question: How many?"),))
    for _ in range(2):
        ((number, found),) = model.generator.generate([prompt], Sampling())
        assert (number, isinstance(found, Generation)) == (0, True)
        model.unload()


def test_two_servers_under_one_name_share_no_answer(server: RunningServer, own_cache: Path) -> None:
    import qa_eval as qa
    from tests.support.fake_models import four_facts

    with chat_server() as other:
        other.set(model="tiny-1", fingerprint="fp-1")
        specs = [server.spec(), other.spec()]
        run = qa.evaluate(specs, corpus=four_facts(), progress=False)
        rows = [run.leaderboard.row(spec) for spec in specs]
        assert rows[0].signature != rows[1].signature
        assert len(server.told()["asked"]) == len(other.told()["asked"]) == 15
        run = qa.evaluate(specs, corpus=four_facts(), progress=False)
        assert len(server.told()["asked"]) == len(other.told()["asked"]) == 15
        other.set(fingerprint="fp-9")  # another model was loaded under the same name
        qa.evaluate(specs, corpus=four_facts(), progress=False)
        assert (len(server.told()["asked"]), len(other.told()["asked"])) == (15, 30)
