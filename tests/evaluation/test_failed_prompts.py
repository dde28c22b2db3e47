"""Prompts that fail besides those of reading items: pooled ones, without any passage, and in other orders."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.evaluation.verification import verify
from qa_eval.records import ItemId
from qa_eval.runs.options import RunOptions
from tests.support.chat_server import RunningServer, chat_server
from tests.support.command_line import done
from tests.support.small_corpus import small_corpus

ORDERS = 2


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with chat_server() as found:
        yield found


@pytest.fixture
def failed(server: RunningServer, own_place: Path) -> tuple[qa.Run, qa.Corpus, str]:
    """A run in which every prompt after those of the reading items failed."""
    corpus = small_corpus(own_place)
    reading = len(qa.evaluate("baseline:abstain", corpus=corpus, progress=False).items("baseline:abstain"))
    pooled = len(corpus.questions)
    server.behave("no choices", after=reading - pooled)
    options = RunOptions(closed_book=True, orders=ORDERS, resamples=99, references=False, concurrency=1)
    spec = server.spec()
    run = qa.evaluate(spec, corpus=corpus, out="runs", name="one", options=options, progress=False)
    return run, corpus, spec


def test_they_are_counted_and_told_apart(failed: tuple[qa.Run, qa.Corpus, str]) -> None:
    run, corpus, spec = failed
    facts = len(corpus.questions)
    counts = run.leaderboard.row(spec).counts
    assert (counts.errors, counts.missing) == (0, 0), "or the test would see another thing"
    assert counts.pooled_errors == facts
    assert counts.failed_prompts == facts * (1 + ORDERS), (
        "one without passages for each fact, not for each item"
    )
    assert verify("runs/one", corpus) == []


def test_every_output_tells_them(failed: tuple[qa.Run, qa.Corpus, str]) -> None:
    _, corpus, _ = failed
    facts = len(corpus.questions)
    said = (
        f"openai:tiny: {facts} pooled items failed; "
        f"{facts * (1 + ORDERS)} prompts without passages or in another order failed"
    )
    table = " ".join(done("leaderboard", "runs/one", columns=100).output.split())
    assert said in table
    markdown = done("leaderboard", "runs/one", "--format", "markdown").output
    assert f"{facts} pooled items failed; " in markdown
    alone = " ".join(done("leaderboard", "runs/one", "--track", "pooled", columns=100).output.split())
    assert f"openai:tiny: {facts} pooled items failed; " in alone
    lines = list(csv.DictReader(io.StringIO(done("leaderboard", "runs/one", "--format", "csv").output)))
    assert (lines[0]["pooled_errors"], lines[0]["failed_prompts"]) == (str(facts), str(facts * (1 + ORDERS)))
    asked = ("--questions", "questions", "--articles", "seeds")
    shown = done("show", "runs/one", f"{corpus.questions[0].id}@*", *asked, columns=200).output
    assert "without any passage: failed" in shown
    assert "with the passages in other orders: failed · failed" in shown
    done("report", "runs/one", "--out", "report")
    page = Path(f"report/questions/{corpus.questions[0].id}.html").read_text("utf-8")
    assert "<td><em>failed</em></td><td><em>failed</em> · <em>failed</em></td>" in page
    assert f"{facts} pooled items failed; " in Path("report/index.html").read_text("utf-8")
    (model,) = Path("report/models").glob("openai*.html")
    assert f"{facts} pooled errors" in model.read_text("utf-8")


def test_a_run_says_why_the_first_item_failed(server: RunningServer, own_place: Path) -> None:
    corpus = small_corpus(own_place)
    server.behave("no choices", after=1)
    asked = (
        "--questions",
        "questions",
        "--articles",
        "seeds",
        "--out",
        "runs",
        "--track",
        "pooled",
        "--concurrency",
        "1",
    )
    told = " ".join(done("run", "-m", server.spec(), *asked, "--no-reference", columns=200).stderr.split())
    assert f"the first item that failed is {corpus.questions[1].id}@*: " in told


def test_a_run_without_failures_stores_nothing_of_them(server: RunningServer, own_place: Path) -> None:
    options = RunOptions(closed_book=True, orders=ORDERS, resamples=99, references=False)
    corpus = small_corpus(own_place)
    qa.evaluate(server.spec(), corpus=corpus, out="runs", name="one", options=options, progress=False)
    stored = "".join(file.read_text("utf-8") for file in Path("runs/one").rglob("*.json*"))
    assert "failed_prompts" not in stored
    assert "pooled_errors" not in stored


def test_the_stored_errors_are_those_of_the_prompts(failed: tuple[qa.Run, qa.Corpus, str]) -> None:
    run, _, spec = failed
    for row in run.predictions(run.leaderboard.row(spec)):
        fact = ItemId.parse(row.item).fact
        others = {f"{fact}@*order{n}" for n in range(1, ORDERS + 1)} if row.track == "pooled" else set()
        assert (row.failed_prompts or {}).keys() == {f"{fact}@*none", *others}
        assert all("no answer" in error or "choice" in error for error in (row.failed_prompts or {}).values())


def test_failures_of_other_wordings_are_told(server: RunningServer, own_place: Path) -> None:
    corpus = small_corpus(own_place)
    options = RunOptions(paraphrases=True, closed_book=True, resamples=99, references=False, concurrency=1)
    spec, canonical = (
        server.spec(),
        RunOptions(closed_book=True, resamples=99, references=False, concurrency=1),
    )
    qa.evaluate(spec, corpus=corpus, options=canonical, progress=False)  # these answers are cached
    server.behave("no choices")
    run = qa.evaluate(spec, corpus=corpus, out="runs", name="one", options=options, progress=False)
    counts = run.leaderboard.row(spec).counts
    others = [row for row in run.predictions(run.leaderboard.row(spec)) if ItemId.parse(row.item).paraphrase]
    assert (counts.errors, counts.pooled_errors) == (0, 0)
    assert counts.paraphrase_errors == len(others) > 0
    assert counts.failed_prompts == sum(len(question.paraphrases) for question in corpus.questions)
    assert f"openai:tiny: {len(others)} items in other wordings failed; " in " ".join(
        done("leaderboard", "runs/one", columns=100).output.split()
    )
    assert verify("runs/one", corpus) == []
