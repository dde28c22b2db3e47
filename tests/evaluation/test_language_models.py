"""Runs of language models on a server of the test: cache, interruptions, the key, prompts, prices."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.data.article_labels import article_labels
from qa_eval.data.items import (
    direct_instance,
    direct_instances,
    item_ids,
    orders_of,
    shown_articles,
)
from qa_eval.evaluation.tasks.curated import CuratedPart
from qa_eval.evaluation.verification import verify
from qa_eval.runs.options import RunOptions
from tests.support.chat_server import KEY, RunningServer, chat_server
from tests.support.command_line import call, done
from tests.support.fake_models import four_facts
from tests.support.passage_sets import town

PROMPT = """
name = "short"
mode = "one"
no_answer = ["none"]
answer = "Answer: (.*)"

[[messages]]
role = "user"
content = "{passage} {question} {braces}"
"""


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with chat_server() as found:
        yield found


def evaluated(spec: str, **options: object) -> qa.Run:
    told = {"resamples": 99, **options}
    return qa.evaluate(spec, corpus=four_facts(), progress=False, options=RunOptions(**told))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------ what is asked


def test_pooled_items_are_asked_directly_with_all_passages(server: RunningServer, own_cache: Path) -> None:
    run = evaluated(server.spec(), track="pooled")
    asked = server.told()["asked"]
    assert len(asked) == 4, "no readings"
    assert asked[0].startswith("[1] a\nThe battle for the town left 180 soldiers dead.")
    assert "\n\n[3] c\nA bridge over" in asked[0]
    rows = run.leaderboard.row(server.spec()).metrics["pooled"]
    assert rows["claim_recall"].value == 0.5
    assert "coverage_at_3" not in rows


def test_orders_and_closed_book_are_asked_once_and_never_share_an_answer(
    server: RunningServer, own_cache: Path, tmp_path: Path
) -> None:
    run = evaluated(server.spec(), closed_book=True, orders=2, out=tmp_path, name="all")
    asked = server.told()["asked"]
    assert len(asked) == len(set(asked)), "three passages in three orders may be equal by chance, but are not"
    kinds = Counter(
        "Passage" if q.startswith("Passage") else "all" if q.startswith("[1]") else "none" for q in asked
    )
    assert kinds == {"Passage": 11, "all": 12, "none": 4}
    row = next(a for a in run[server.spec()].items() if a.item == "dead@*")
    assert row.closed_book == ""
    assert row.reordered is not None
    assert len(row.reordered) == 2
    assert verify(tmp_path / "all", four_facts()) == []
    evaluated(server.spec(), closed_book=True, orders=2)
    assert len(server.told()["asked"]) == len(asked)


@pytest.mark.parametrize(("passages", "others"), [(1, 0), (2, 1), (3, 5), (4, 20), (7, 20)])
def test_every_order_has_every_passage_once_and_is_another_one(passages: int, others: int) -> None:
    articles = tuple(qa.Article(id=name, text=f"Text {name}.") for name in "abcdefg"[:passages])
    corpus = qa.Corpus(articles=articles, questions=(replace(four_facts().questions[0], scope=None),))
    (question,) = corpus.questions
    assert orders_of(corpus, question, 20) == others
    orders = [tuple(a.id for a in shown_articles(corpus, question, n)) for n in range(others + 1)]
    assert orders[0] == tuple("abcdefg"[:passages])
    assert all(sorted(order) == sorted(orders[0]) for order in orders)
    assert len(set(orders)) == len(orders), "no order is asked twice"
    if passages < 4:
        with pytest.raises(IndexError, match="there is no order"):
            shown_articles(corpus, question, others + 1)


def test_an_order_that_does_not_exist_is_no_prompt() -> None:
    corpus = four_facts()
    fact = corpus.questions[0].id
    assert direct_instance(corpus, f"{fact}@*order5").passages
    with pytest.raises(qa.QaEvalError, match="3 passages have 5 other orders"):
        direct_instance(corpus, f"{fact}@*order6")
    for odd in ("*order01", "*order0", "*order\u0661"):
        with pytest.raises(qa.QaEvalError, match="is asked of no article"):
            direct_instance(corpus, f"{fact}@{odd}")


def test_a_model_that_depends_on_the_order_shows_it_on_two_passages(own_place: Path) -> None:
    """Each of two passages says another number, and the model gives the first that it sees."""
    facts = [town(number) for number in range(10)]
    for fact in facts:
        fact["passages"] = [passage for passage in fact["passages"] if passage["id"] != "c"]
        fact["silent"] = []
    path = own_place / "facts.jsonl"
    path.write_text("".join(f"{json.dumps(fact)}\n" for fact in facts), "utf-8")
    options = RunOptions(resamples=99, orders=3, track="pooled")
    with chat_server() as server:
        run = qa.evaluate(server.spec(), dataset=f"claims:{path}", options=options, progress=False)
        assert len(server.told()["asked"]) == 10 * 2, "two passages have one other order"
    assert run.leaderboard.rows[0].metrics["pooled"]["order_sensitivity"].value == 1


def test_a_pooled_item_that_was_not_asked_has_no_row() -> None:
    """Its readings are no answer to it, and it is not missing."""
    corpus = four_facts()
    items = tuple(item_ids(corpus, tracks=["reading", "pooled"]))
    part = CuratedPart(corpus, items, tuple(direct_instances(corpus, items)))
    readings = {str(i): qa.Prediction(item=str(i), text="180") for i in items if i.track == "reading"}
    first = next(str(i) for i in items if i.track == "pooled")
    answered = readings | {first: qa.Prediction(item=first, text="180")}
    assert [row.item for row in part.judge(answered, 0.0, whole=False) if row.track == "pooled"] == [first]
    whole = [row for row in part.judge(answered, 0.0) if row.track == "pooled"]
    assert len(whole) == 4


def test_prompts_that_are_too_long_end_no_run(
    server: RunningServer, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They say nothing of the server, however many there are in a row."""
    monkeypatch.setattr("qa_eval.models.generation.chat_server._FAILURES_IN_A_ROW", 3)
    reading = 15 - 4
    server.behave("long", after=reading)
    run = evaluated(server.spec(), closed_book=True, concurrency=1)
    row = run.leaderboard.row(server.spec())
    assert (row.status, row.counts.errors, row.counts.pooled_errors) == ("ok", 0, 4)
    server.behave("filter", after=reading)
    run = evaluated(server.spec(model="third"), closed_book=True, concurrency=1)
    row = run.leaderboard.row(server.spec(model="third"))
    assert (row.status, row.counts.pooled_errors) == ("ok", 4), (
        "a content filter says nothing of the server either"
    )
    again = evaluated(server.spec(model="third"), closed_book=True, concurrency=1)
    assert again.leaderboard.rows[0].status == "ok", "nor if only its prompts are asked again"
    server.behave("long")
    run = evaluated(server.spec(model="small"), concurrency=1)
    row = run.leaderboard.row(server.spec(model="small"))
    assert (row.status, row.counts.errors, row.counts.pooled_errors) == ("ok", 11, 4), "not even of all items"
    assert run.leaderboard.status == "complete"
    server.behave("always no choices", after=1)
    run = evaluated(server.spec(model="other"), concurrency=1)
    assert "the last 3 questions failed" in (run.leaderboard.rows[0].error or "")


def test_a_server_that_refuses_every_question_leaves_a_run_that_goes_on(
    server: RunningServer, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.models.generation.chat_server._FAILURES_IN_A_ROW", 3)
    server.behave("400")
    run = evaluated(server.spec(), out=tmp_path, name="r", concurrency=1)
    assert run.leaderboard.status == "error"
    assert "I do not like it" in (run.leaderboard.rows[0].error or "")
    server.behave("400", after=11)
    options = {"out": tmp_path, "name": "r", "concurrency": 1}
    for _ in range(2):
        run = evaluated(server.spec(), **options)
        row = run.leaderboard.row(server.spec())
        assert (row.status, row.counts.pooled_errors) == ("ok", 4)
        server.behave("400")  # when only these are left, and are asked again
        options["overwrite"] = True
    assert len(server.told()["asked"]) == 15 + 15 + 4


def test_instances_of_all_modes_have_keys_of_their_own() -> None:
    from qa_eval.evaluation.cache import answer_key
    from qa_eval.records import ModelInfo

    corpus = four_facts()
    items = item_ids(corpus, tracks=["reading", "pooled"])
    info = ModelInfo(spec="m", kind="k", name="m", fingerprint="f")
    asked = direct_instances(corpus, items, closed_book=True, orders=0)
    keys = {answer_key(info, None, instance, deterministic=False) for instance in asked}
    assert len(keys) == len(asked) == 19


# ------------------------------------------------------------------------------------------ resuming


def test_a_killed_run_asks_nothing_again_that_was_answered(server: RunningServer, own_place: Path) -> None:
    """Killed three times by SIGKILL; what was under way may be asked twice. The row counts what all four
    parts took.
    """
    server.set(delay=0.03)
    flags = ["run", "-m", server.spec(), "--limit", "10", "--concurrency", "4", "--resamples", "99"]
    flags += ["--price-in", "1", "--price-out", "1"]
    command = [sys.executable, "-m", "qa_eval", *flags, "--name", "killed"]
    times = 3
    for wanted in (8, 20, 35):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while len(server.told()["asked"]) < wanted and process.poll() is None:
                time.sleep(0.02)
            process.kill()
    subprocess.run(command, check=True, capture_output=True)
    asked = Counter(server.told()["asked"])
    assert len(asked) == 58
    again = sum(asked.values()) - len(asked)
    assert again <= times * 4 + times, "at most what was under way, and what was answered but not yet written"
    done(*flags, "--name", "whole", "--no-cache")
    killed, whole = (qa.load_run(f"results/{name}") for name in ("killed", "whole"))
    one, other = (run.leaderboard.row(server.spec()).performance for run in (killed, whole))
    assert one.tokens_out is not None
    assert 0 <= one.tokens_out // 2 - 58 <= times, "an answer may have been counted, and not yet cached"
    assert one.tokens >= other.tokens > 58 * 2
    assert one.cost is not None
    assert one.cost == pytest.approx(one.tokens / 1e6, abs=1e-6)
    assert one.latency is not None
    assert one.latency["p50"] >= 0.03
    assert killed.path is not None
    assert [path.name for path in killed.path.glob(".*")] == [], "only an unfinished run keeps what it took"
    assert verify(killed.path) == []


def test_an_interrupted_run_goes_on(server: RunningServer, own_place: Path) -> None:
    server.set(delay=0.4)
    command = [
        sys.executable, "-m", "qa_eval", "run", "-m", server.spec(), "--limit", "5", "--name", "stopped",
        "--concurrency", "2", "--resamples", "99",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while len(server.told()["asked"]) < 10 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command resumes the run" in said
    stopped = qa.load_run("results/stopped").leaderboard
    (first,) = stopped.rows
    assert verify(Path("results/stopped")) == []
    subprocess.run(command, check=True, capture_output=True)
    asked = Counter(server.told()["asked"])
    assert sum(asked.values()) - len(asked) <= 2
    complete = qa.load_run("results/stopped").leaderboard
    row = complete.row(server.spec())
    assert stopped.sort == complete.sort == "reading.balanced_asserts"
    assert (first.status, row.status) == ("partial", "ok")
    assert first.performance.tokens_out is not None
    assert 0 < first.performance.tokens_out < 2 * len(asked)
    assert row.performance.tokens_out == 2 * len(asked), "those of both parts, and of no answer twice"
    assert row.performance.seconds > first.performance.seconds


def test_a_server_that_stops_leaves_a_run_that_goes_on(
    server: RunningServer, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.models.generation.chat_server._FIRST_PAUSE", 0.01)
    server.behave("401", after=5)
    run = evaluated(server.spec(), out=tmp_path, name="r", concurrency=1)
    row = run.leaderboard.row(server.spec())
    assert (row.status, run.leaderboard.status) == ("error", "error")
    assert (row.error or "").startswith("the server wants a key"), "the row names the model and its server"
    server.behave("", times=0)
    run = evaluated(server.spec(), out=tmp_path, name="r", concurrency=1)
    assert run.leaderboard.status == "complete"
    assert len(server.told()["asked"]) <= 15 + 2, "the refused request, and the one that was under way"


# ------------------------------------------------------------------------------------------ the key


def test_the_key_is_in_no_file_and_no_output(
    server: RunningServer, own_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.set(key=KEY)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.behave("echo", times=3)
    shown = [done("run", "-m", server.spec(), "--limit", 3, "--name", "r", "--resamples", 99).output]
    shown.append(done("report", "results/r", "--out", "report").output)
    shown.append(done("models", server.spec()).output)
    shown.append(done("plan", "-m", server.spec(), "--limit", 3, "--no-cache", "--probe-seconds", 0.1).output)
    shown.append(done("leaderboard", "results/r", "--format", "csv").output)
    server.set(key="sk-another-key-altogether")
    failed = call("run", "-m", server.spec(), "--limit", 3, "--no-cache")
    assert failed.exit_code == 2
    assert "the server refuses the key in OPENAI_API_KEY" in failed.output
    files = [path for path in own_place.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert all(KEY not in text for text in [*shown, failed.output])
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    environment = {**os.environ, "OPENAI_API_KEY": KEY}
    server.set(key=KEY, delay=0.1)
    command = [sys.executable, "-m", "qa_eval", "run", "-m", server.spec(), "--limit", "2", "--no-cache"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while server.told()["most"] < 1:
            time.sleep(0.02)
        assert KEY not in subprocess.check_output(["ps", "-eo", "args"], text=True)
        process.kill()


# ------------------------------------------------------------------------------------------ prompts, prices


def test_another_prompt_is_another_model_and_compare_names_it(server: RunningServer, own_place: Path) -> None:
    Path("short.toml").write_text(PROMPT)
    flags = ("--limit", 12, "--track", "reading", "--resamples", 99)
    done("run", "-m", "openai:tiny", "--base-url", server.base_url, "--name", "one", *flags)
    before = len(server.told()["asked"])
    done(
        "run",
        "-m",
        "openai:tiny",
        "--base-url",
        server.base_url,
        "--prompt",
        "short.toml",
        "--name",
        "two",
        *flags,
    )
    asked = server.told()["asked"]
    assert len(asked) == 2 * before
    assert asked[-1].endswith("{braces}")
    boards = [json.loads(Path(f"results/{name}/leaderboard.json").read_text()) for name in ("one", "two")]
    one, two = (board["rows"][0] for board in boards)
    assert one["signature"] != two["signature"]
    assert two["model"]["prompts"]["one"].startswith("short 1 (")
    said = done("compare", "results/one", "results/two").output
    assert "prompt.one: one-passage 1 (" in said
    assert "short 1 (" in said


def test_the_prompt_of_an_item_is_shown_as_it_would_be_sent(server: RunningServer, own_place: Path) -> None:
    item = "recaptured-city@000_825eccd27ffa9810"
    shown = done("models", server.spec(), "--show-prompt", item).output
    done("run", "-m", server.spec(), "--limit", 1, "--track", "reading", "--no-cache", "--resamples", 99)
    sent = server.told()["bodies"]
    texts = ["\n\n".join(f"[{m['role']}]\n{m['content']}" for m in body["messages"]) for body in sent]
    assert shown.rstrip("\n") in texts
    assert "[1] " in done("models", server.spec(), "--show-prompt", "recaptured-city@*").output
    label = article_labels(qa.load_corpus().articles)["000_825eccd27ffa9810"]
    assert done("models", server.spec(), "--show-prompt", f"recaptured-city@{label}").output == shown


@pytest.mark.parametrize("option", [{"closed_book": True}, {"orders": 2}])
def test_ways_of_asking_that_no_model_has_are_refused(option: dict[str, object]) -> None:
    (name,) = option
    said = "only language models are asked so, and there is none"
    with pytest.raises(qa.QaEvalError, match=f"^{name}: {said}") as raised:
        evaluated("baseline:abstain", **option)
    assert raised.value.on_command_line == f"--{name.replace('_', '-')}: {said}"


def test_orders_without_the_pooled_track_are_refused(server: RunningServer, own_cache: Path) -> None:
    with pytest.raises(qa.QaEvalError, match="orders: only pooled items have several passages"):
        evaluated(server.spec(), orders=2, track="reading")
    assert server.told()["asked"] == []


def test_a_server_is_one_model_however_its_address_ends(server: RunningServer, own_place: Path) -> None:
    with pytest.raises(qa.QaEvalError, match="is given twice"):
        qa.evaluate([server.spec(), f"{server.spec()}/"], corpus=four_facts(), progress=False)
    run = evaluated(f"{server.spec()}/")
    assert [row.model.spec for row in run.leaderboard.rows][:1] == [server.spec()]


def test_readers_take_the_spec_as_it_was_typed_at_run(server: RunningServer, own_place: Path) -> None:
    asked = ("--limit", 2, "--no-reference", "--resamples", 99)
    several = ("-m", "openai:tiny", "-m", "openai:tiny?temperature=0.5", "-m", "baseline:abstain")
    done("run", *several, "--base-url", server.base_url, *asked, "--name", "one")
    run = qa.load_run("results/one")
    cool, warm = (f"openai:tiny?base_url={server.base_url}", run["openai:tiny?temperature=0.5"].spec)
    assert "temperature=0.5" in warm
    assert run["openai:tiny?base_url=" + server.base_url].spec == cool
    assert done("show", "results/one", "-m", "openai:tiny?temperature=0.5", "recaptured-city@*").output
    pair = ("--model", "openai:tiny?temperature=0.5", "--against", "baseline:abstain")
    assert "temperature=0.5" in done("compare", "results/one", *pair, columns=200).output
    said = f"--model openai:tiny: may mean any of these; give one whole: {cool}, {warm}"
    for words in (
        ("show", "results/one", "recaptured-city@*", "-m", "openai:tiny"),
        ("compare", "results/one", "--model", "openai:tiny", "--against", "baseline:abstain"),
    ):
        result = call(*words)
        assert result.exit_code == 2
        assert said in result.output
    with pytest.raises(KeyError, match="may mean any of these"):
        run["openai:tiny"]
    assert run[f"openai:tiny?base_url={server.base_url}/&temperature=0.5"].spec == warm
    result = call("leaderboard", "results", "--history", "openai:tiny")
    assert result.exit_code == 2
    assert "--history openai:tiny: may mean any of these" in result.output
    assert done("leaderboard", "results", "--history", "openai:tiny?temperature=0.5").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("openai:m?base_url=http://h/v1", "--show-prompt", "x@*"), 'there is no fact "x"'),
        (("baseline:abstain", "--show-prompt", "recaptured-city@*"), "baseline:abstain is no language model"),
        (("--show-prompt", "recaptured-city@*"), "name the model"),
        (
            ("openai:m?base_url=http://h/v1", "--show-prompt", "x@y", "--dataset", "squad:x.json"),
            "squad:x.json: holds no claims; --show-prompt needs facts with their own passages",
        ),
        (("openai:m", "--prompt", "nowhere.toml"), "nowhere.toml"),
        (("baseline:abstain", "--base-url", "http://h/v1"), "--base-url: no model is of the kind openai:"),
    ],
)
def test_a_prompt_that_cannot_be_shown(own_place: Path, words: tuple[str, ...], said: str) -> None:
    result = call("models", *words)
    assert result.exit_code == 2
    assert said in result.output


def test_tokens_cost_and_latency_are_counted(server: RunningServer, own_cache: Path, tmp_path: Path) -> None:
    run = evaluated(server.spec(), price_in=2.0, price_out=10.0, out=tmp_path, name="priced")
    performance = run.leaderboard.row(server.spec()).performance
    assert performance.tokens_out == 2 * 15
    assert performance.cost == pytest.approx(((performance.tokens - 30) * 2.0 + 30 * 10.0) / 1e6, abs=1e-6)
    assert performance.latency is not None
    assert 0 < performance.latency["p50"] <= performance.latency["p90"] <= performance.latency["p99"]
    again = evaluated(server.spec(), price_in=2.0, price_out=10.0).leaderboard.row(server.spec()).performance
    assert (again.tokens, again.tokens_out, again.latency, again.cost) == (0, None, None, None)


UNUSED = "price_in, price_out: only language models have a cost, and there is none, so no cost is shown"


def test_prices_without_a_language_model_are_no_error_and_a_line_on_stderr_says_so(own_place: Path) -> None:
    """In processes, because pytest takes what is logged."""
    flags = ("--price-in", "1", "--price-out", "2", "-m", "baseline:abstain", "--limit", "2", "--no-cache")
    for command in (("run", "--resamples", "99"), ("plan", "--probe-seconds", "0.1")):
        words = [sys.executable, "-m", "qa_eval", *command, *flags]
        said = subprocess.run(words, check=True, capture_output=True, text=True)
        assert said.stderr.splitlines().count(UNUSED) == 1, said.stderr
        assert "price" not in said.stdout


def test_prices_in_a_mixed_run_are_used_and_nothing_is_said(
    server: RunningServer, own_cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = RunOptions(resamples=99, price_in=1.0, price_out=0.0)
    specs = ["baseline:abstain", server.spec()]
    run = qa.evaluate(specs, corpus=four_facts(), progress=False, options=told)
    assert [run.leaderboard.row(spec).performance.cost is None for spec in specs] == [True, False]
    assert caplog.messages == []
    qa.evaluate(specs[:1], corpus=four_facts(), progress=False, options=told)
    assert caplog.messages == [UNUSED]


@pytest.mark.parametrize(("given", "absent"), [("price_in", "price_out"), ("price_out", "price_in")])
def test_one_price_alone_is_refused(given: str, absent: str) -> None:
    with pytest.raises(qa.QaEvalError, match=f"{absent}: is missing beside the other price"):
        RunOptions(**{given: 1.0})  # type: ignore[arg-type]
    flag = f"--{given.replace('_', '-')}"
    result = call("run", "-m", "baseline:abstain", flag, "1")
    assert result.exit_code == 2
    assert f"--{absent.replace('_', '-')}: is missing" in result.output


def test_span_models_and_language_models_are_in_one_table(server: RunningServer, own_cache: Path) -> None:
    spans = "baseline:sliding-window"
    run = qa.evaluate([spans, server.spec()], corpus=four_facts(), resamples=99, progress=False)
    assert run.leaderboard.sort == "reading.balanced_asserts"
    rows = {row.model.spec: row for row in run.leaderboard.rows}
    assert all("balanced_asserts" in row.metrics["reading"] for row in rows.values())
    alone = qa.evaluate([spans], corpus=four_facts(), resamples=99, progress=False)
    assert alone.leaderboard.sort == "reading.balanced_f1"


def test_every_table_of_mixed_models_is_sorted_by_balanced_asserts(own_place: Path) -> None:
    """A wordy right answer has a low F1. It is before a span model that has a higher one."""
    right = {
        f"{q.id}@{a.id}": f"The passage tells us about this: {gold} is what it says here."
        for q in four_facts().questions
        for a in four_facts().articles
        if (gold := next((e.text for c in q.claims for e in c.evidence if e.article == a.id), None))
    }
    Path("words.json").write_text(json.dumps(right))
    specs = ["baseline:sliding-window", "predictions:words.json"]
    run = qa.evaluate(
        specs,
        corpus=four_facts(),
        progress=False,
        out=own_place,
        name="mixed",
        options=RunOptions(resamples=99),
    )
    board = run.leaderboard
    rows = {row.model.spec: row.metrics["reading"] for row in board.rows}
    words, spans = rows[specs[1]], rows[specs[0]]
    assert words["balanced_asserts"].value > spans["balanced_asserts"].value
    assert words["balanced_f1"].value < spans["balanced_f1"].value
    done("report", "mixed", "--out", "report")
    shown = {
        "terminal": done("leaderboard", "mixed").output,
        "csv": done("leaderboard", "mixed", "--format", "csv").output,
        "markdown": done("leaderboard", "mixed", "--format", "markdown").output,
        "report": Path("report/index.html").read_text(),
    }
    for form, text in shown.items():
        table = text[text.index('id="ranked"') :] if form == "report" else text
        assert table.index("words") < table.index("sliding-window"), form
    ranked = [row.model.spec for row in board.rows if row.model.spec in specs]
    assert ranked == specs[::-1]


def test_an_answer_is_aligned_to_the_words_of_a_passage(
    server: RunningServer, own_cache: Path, tmp_path: Path
) -> None:
    run = evaluated(server.spec(), out=tmp_path, name="r")
    rows = {answer.item: answer for answer in run[server.spec()].items()}
    assert rows["dead@a"].prediction == "180"
    assert rows["dead@a"].aligned == ("a", 29, 32)
    assert rows["dead@*"].aligned == ("a", 29, 32)
    assert rows["dead@*"].scores["attribution"] == 1.0
    assert rows["dead@c"].aligned is None, "it abstains"


def test_the_words_of_an_answer_are_marked_in_the_passage(server: RunningServer, own_place: Path) -> None:
    item = "recaptured-city@000_825eccd27ffa9810"
    done("run", "-m", server.spec(), "--limit", 1, "--name", "r", "--resamples", 99)
    assert "⟦400⟧" in done("show", "results/r", item).output
    done("report", "results/r", "--out", "report")
    page = next(Path("report/questions").glob("recaptured-city*.html")).read_text()
    assert ">400</mark>" in page
