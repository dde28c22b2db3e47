"""The cache of answers: keyed by content, shared safely, never trusted, never in the way."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random

import pytest

from qa_eval.errors import RunFolderError
from qa_eval.evaluation.cache import (
    PredictionCache,
    answer_key,
    cache_info,
    cache_path,
    clear_cache,
    parse_answer,
    render_answer,
)
from qa_eval.records import Candidate, Decoding, Instance, ModelInfo, Prediction
from tests.support.fake_models import TEXTS, hashed_prediction

INSTANCE = Instance(item="dead@a", question="How many soldiers died?", context=TEXTS["a"], article="a")
INFO = ModelInfo(spec="test:m", kind="test", name="m", fingerprint="f")
ANSWER = hashed_prediction(INSTANCE)


def key(**changes: object) -> str:
    info = replace(INFO, **changes.pop("info", {}))  # type: ignore[arg-type]
    decoding = changes.pop("decoding", Decoding())
    deterministic = bool(changes.pop("deterministic", False))
    instance = replace(INSTANCE, **changes)  # type: ignore[arg-type]
    found = answer_key(info, decoding, instance, deterministic=deterministic)  # type: ignore[arg-type]
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    "change",
    [
        {"question": "How many died?"},
        {"context": TEXTS["b"]},
        {"info": {"fingerprint": "g"}},
        {"info": {"backend": "torch-bfloat16"}},
        {"decoding": Decoding(max_length=256)},
        {"decoding": Decoding(doc_stride=64)},
        {"decoding": Decoding(max_answer_tokens=10)},
        {"decoding": Decoding(n_best=5)},
        {"decoding": None},
        {"deterministic": True},
    ],
    ids=str,
)
def test_whatever_can_move_an_answer_changes_its_key(change: dict[str, object]) -> None:
    assert key(**change) != key()


@pytest.mark.parametrize(
    "change",
    [{"item": "other~1@x"}, {"article": "renamed"}, {"info": {"spec": "test:alias", "license": "MIT"}}],
    ids=["item", "article id", "spec"],
)
def test_names_do_not_change_a_key(change: dict[str, object]) -> None:
    assert key(**change) == key()


def test_a_model_without_fingerprint_has_no_key() -> None:
    assert answer_key(replace(INFO, fingerprint=None), Decoding(), INSTANCE, deterministic=False) is None


# ------------------------------------------------------------------------------------------ values


@pytest.mark.parametrize(
    "prediction",
    [
        pytest.param(ANSWER, id="spans and a null score"),
        pytest.param(Prediction(item="dead@a", text=""), id="a final abstention"),
        pytest.param(
            Prediction(item="dead@a", text="„180“ 🙂", no_answer_probability=0.25), id="a final text"
        ),
        pytest.param(Prediction(item="dead@a", truncated=True, windows=3, tokens=1000), id="no candidates"),
        pytest.param(
            Prediction(item="dead@a", n_best=(Candidate(text="x", article="z", score=0.1, probability=0.5),)),
            id="a candidate of another article",
        ),
        pytest.param(
            Prediction(item="dead@a", n_best=(Candidate(text="x", score=1e-300),)),
            id="a candidate without article",
        ),
    ],
)
def test_an_answer_comes_back_exactly(prediction: Prediction) -> None:
    assert parse_answer(render_answer(prediction, INSTANCE), INSTANCE) == prediction


def test_an_answer_comes_back_for_the_item_and_article_that_ask() -> None:
    asking = replace(INSTANCE, item="other@z", article="z")
    found = parse_answer(render_answer(ANSWER, INSTANCE), asking)
    assert found.item == "other@z"
    assert {c.article for c in found.n_best} == {"z"}
    assert [c.text for c in found.n_best] == [c.text for c in ANSWER.n_best]


VALUE = render_answer(ANSWER, INSTANCE)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param("[]", id="no object"),
        pytest.param("{}", id="no fields"),
        pytest.param(VALUE[:-1], id="cut off"),
        pytest.param(VALUE.replace('"windows":1', '"windows":"1"'), id="a text for a number"),
        pytest.param(VALUE.replace('"windows":1', '"windows":1,"x":1'), id="an unknown field"),
        pytest.param(VALUE.replace('"text":null', '"text":7'), id="a number for a text"),
        pytest.param(VALUE.replace(f'"null_score":{ANSWER.null_score}', '"null_score":NaN'), id="NaN"),
        pytest.param(
            VALUE.replace(f'["{ANSWER.n_best[0].text}",', '["elsewhere",', 1), id="a span not in the text"
        ),
        pytest.param(VALUE.replace('"windows":1', '"windows": 1'), id="another form"),
    ],
)
def test_a_value_that_is_not_exactly_an_answer_is_refused(value: str) -> None:
    assert value != VALUE
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        parse_answer(value, INSTANCE)


# ------------------------------------------------------------------------------------------ the store


def test_what_is_put_is_there_for_the_next_process(tmp_path: Path) -> None:
    with PredictionCache(path=tmp_path / "c") as cache:
        assert cache.get([("k", INSTANCE)]) == {}
        cache.put("test:m", [("k", ANSWER, INSTANCE)])
        assert cache.get([("k", INSTANCE), ("other", INSTANCE)]) == {"dead@a": ANSWER}
    with PredictionCache(path=tmp_path / "c") as cache:
        assert cache.get([("k", INSTANCE)]) == {"dead@a": ANSWER}


def test_many_keys_are_found_at_once(tmp_path: Path) -> None:
    many = [(f"k{i}", replace(INSTANCE, item=f"f{i}@a")) for i in range(1500)]
    with PredictionCache(path=tmp_path / "c") as cache:
        cache.put("test:m", [(k, hashed_prediction(i), i) for k, i in many])
        assert len(cache.get(many)) == 1500


def test_failed_answers_are_not_kept(tmp_path: Path) -> None:
    with PredictionCache(path=tmp_path / "c") as cache:
        cache.put("test:m", [("k", Prediction(item="dead@a", error="out of memory"), INSTANCE)])
        assert cache.get([("k", INSTANCE)]) == {}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE answers SET value = replace(value, '\"windows\":1', '\"windows\":2')",
        "UPDATE answers SET value = 'x', checksum = 'y'",
        "UPDATE answers SET checksum = ''",
        "UPDATE answers SET value = x'ff00'",
        "UPDATE answers SET key = 'k2'",
    ],
    ids=["changed value", "no JSON", "no checksum", "bytes", "another key's value"],
)
def test_a_damaged_entry_counts_as_absent_and_is_replaced(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "c"
    with PredictionCache(path=path) as cache:
        cache.put("test:m", [("k", ANSWER, INSTANCE)])
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(damage)
    connection.close()
    name = "k2" if "k2" in damage else "k"
    with PredictionCache(path=path) as cache:
        assert cache.get([(name, INSTANCE)]) == {}
        assert f"{path}: 1 damaged answers are ignored and asked again" in caplog.text
        cache.put("test:m", [(name, ANSWER, INSTANCE)])
        assert cache.get([(name, INSTANCE)]) == {"dead@a": ANSWER}


def test_keys_are_known_without_their_answers(tmp_path: Path) -> None:
    with PredictionCache(path=tmp_path / "c") as cache:
        cache.put("m", [(f"{n:04}", ANSWER, INSTANCE) for n in range(0, 1200, 2)])
        found = cache.known(f"{n:04}" for n in range(1200))
        assert found == {f"{n:04}" for n in range(0, 1200, 2)}
        assert cache.known([]) == set()
        cache.close()
        with sqlite3.connect(tmp_path / "c") as other:
            other.execute("UPDATE answers SET value = '?' WHERE key = '0004'")
        assert cache.known(["0004", "0005"]) == {"0004"}
        assert cache.get([("0004", INSTANCE)]) == {}


def garbage(path: Path) -> None:
    path.write_bytes(b"this is not a database, it is a shopping list" * 100)


def scrambled(path: Path) -> None:
    with PredictionCache(path=path) as cache:
        cache.put("m", [(f"k{i}", hashed_prediction(INSTANCE), INSTANCE) for i in range(200)])
    data = bytearray(path.read_bytes())
    data[4096:12288] = b"\xa5" * 8192
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    scrambled(path)
    path.write_bytes(path.read_bytes()[:5000])


def foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE answers (question TEXT)")
    connection.close()


def with_another_byte(path: Path, text: bytes, at: int, value: int) -> None:
    """Writes a cache of one answer, then replaces the byte at `at` of a text that its file holds."""
    with PredictionCache(path=path) as cache:
        cache.put("m", [("k", ANSWER, INSTANCE)])
    data = bytearray(path.read_bytes())
    data[data.index(text) + at] = value
    path.write_bytes(data)


def schema_in_latin_1(path: Path) -> None:
    """SQLite's own message then quotes bytes that are no text."""
    with_another_byte(path, b"tableanswersanswers", 5, 0xC3)


def statement_in_latin_1(path: Path) -> None:
    with_another_byte(path, b"CREATE TABLE answers", 13, 0xFF)


def a_view(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIEW answers AS SELECT 1 AS key, 2 AS model, 3 AS value, 4 AS checksum")
    connection.close()


def another_constraint(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE answers (key PRIMARY KEY, model, value, checksum CHECK (checksum = 0))")
    connection.close()


@pytest.mark.parametrize(
    "damage",
    [
        garbage,
        scrambled,
        cut_off,
        foreign,
        schema_in_latin_1,
        statement_in_latin_1,
        a_view,
        another_constraint,
    ],
)
def test_a_broken_file_is_set_aside_with_a_warning_and_a_new_one_begun(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "c"
    damage(path)
    with PredictionCache(path=path) as cache:
        cache.get([("k", INSTANCE)])
        cache.put("test:m", [("k", ANSWER, INSTANCE)])
        assert cache.get([("k", INSTANCE)]) == {"dead@a": ANSWER}
        assert cache.usable
    assert f"{path}: is not a valid cache; renamed to c.broken-" in caplog.text
    assert len(list(tmp_path.glob("c.broken-*"))) == 1
    assert cache_info(path).entries == 1


def test_whatever_byte_is_damaged_nothing_is_raised(tmp_path: Path) -> None:
    with PredictionCache(path=tmp_path / "c") as cache:
        cache.put("test:m", [("k", ANSWER, INSTANCE)])
    data, random = (tmp_path / "c").read_bytes(), Random(14)
    used = [place for place in range(len(data)) if data[place]]
    for number, place in enumerate(random.sample(used, 60)):
        path = tmp_path / f"c{number}"
        path.write_bytes(data[:place] + bytes([data[place] ^ random.randrange(1, 256)]) + data[place + 1 :])
        with PredictionCache(path=path) as cache:
            assert cache.get([("k", INSTANCE)]) in ({}, {"dead@a": ANSWER})
            cache.put("test:m", [("k", ANSWER, INSTANCE)])
        cache_info(path)


def test_an_answer_that_no_file_can_hold_is_not_kept(tmp_path: Path) -> None:
    half = Instance(item="x@a", question="\ud800?", context="\ud800 is half a character.", article="a")
    answer = Prediction(item="x@a", n_best=(Candidate(text="\ud800", article="a", start=0, end=1),))
    with PredictionCache(path=tmp_path / "c") as cache:
        cache.put("test:m", [("k1", answer, half), ("k2", ANSWER, INSTANCE)])
        assert cache.known(["k1", "k2"]) == {"k2"}
        assert cache.usable


def test_a_cache_that_is_a_pipe_is_not_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(tmp_path / "c")
    with PredictionCache(path=tmp_path / "c") as cache:
        assert not cache.usable
    assert "it is a pipe, not a file" in caplog.text


def test_a_cache_that_cannot_be_made_is_one_warning_and_nothing_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with PredictionCache(path=tmp_path / "file" / "c") as cache:
        cache.put("test:m", [("k", ANSWER, INSTANCE)])
        assert cache.get([("k", INSTANCE)]) == {}
        assert not cache.usable
    assert [r.levelno for r in caplog.records] == [logging.WARNING]
    assert "the cache cannot be opened" in caplog.text
    assert "going on without it" in caplog.text


def test_a_full_disk_ends_the_use_of_the_cache_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PredictionCache(path=tmp_path / "c") as cache:
        cache.put("test:m", [("k", ANSWER, INSTANCE)])
        assert cache._connection is not None
        pages = cache._connection.execute("PRAGMA page_count").fetchone()[0]
        cache._connection.execute(f"PRAGMA max_page_count={pages}")
        cache.put("test:m", [(f"k{i}", ANSWER, INSTANCE) for i in range(500)])
        assert not cache.usable
        assert cache.get([("k", INSTANCE)]) == {}
    assert "the cache cannot be written to (database or disk is full); going on without it" in caplog.text
    assert cache_info(tmp_path / "c").entries == 1


def _fill(path: Path, worker: int, rounds: int) -> None:
    with PredictionCache(path=path) as cache:
        for i in range(rounds):
            shared, own = f"shared{i}", f"own{worker}-{i}"
            cache.put(f"test:{worker}", [(shared, ANSWER, INSTANCE), (own, ANSWER, INSTANCE)])
            assert cache.get([(shared, INSTANCE)]) == {"dead@a": ANSWER}
        assert cache.usable


def test_two_processes_share_one_cache(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(tmp_path / "c", n, 50)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert cache_info(tmp_path / "c").entries == 150


def _open_at_once(path: Path, gate: Barrier) -> None:
    gate.wait(20)
    with PredictionCache(path=path) as cache:
        assert cache.usable


def test_a_new_cache_may_be_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    for n in range(3):
        gate = context.Barrier(3)
        workers = [context.Process(target=_open_at_once, args=(tmp_path / f"c{n}", gate)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert [worker.exitcode for worker in workers] == [0] * 3


# ------------------------------------------------------------------------------------------ upkeep


def test_the_environment_says_where_the_cache_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_EVAL_CACHE", str(tmp_path / "there"))
    assert cache_path() == tmp_path / "there" / "answers-1.sqlite"
    monkeypatch.delenv("QA_EVAL_CACHE")
    assert cache_path().parent.name == "qa-eval"


def test_info_and_clear_tell_what_there_is(tmp_path: Path) -> None:
    path = tmp_path / "c"
    assert cache_info(path).entries == 0
    assert not path.exists(), "asking makes no file"
    assert clear_cache(path).entries == 0
    with PredictionCache(path=path) as cache:
        cache.put("test:m", [("k1", ANSWER, INSTANCE), ("k2", ANSWER, INSTANCE)])
        cache.put("test:n", [("k3", ANSWER, INSTANCE)])
    info = cache_info(path)
    assert (info.path, info.entries) == (path, 3)
    assert info.models == {"test:m": (2, 2 * len(VALUE)), "test:n": (1, len(VALUE))}
    assert info.bytes >= path.stat().st_size
    assert clear_cache(path).entries == 3
    assert cache_info(path).entries == 0


def test_what_can_be_made_anew_is_counted_and_cleared(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    files = {"onnx/a.onnx": 7, "checkpoints/b.json": 5, "weights/c.safetensors": 4, "onnx/other.txt": 3}
    for name, size in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    info = cache_info(path)
    assert (info.entries, info.made, info.made_bytes) == (0, 3, 16)
    clear_cache(path)
    assert cache_info(path).made == 0
    assert (tmp_path / "onnx/other.txt").exists()


def test_clearing_drops_what_was_set_aside(tmp_path: Path) -> None:
    garbage(tmp_path / "c")
    assert cache_info(tmp_path / "c").entries == 0
    assert list(tmp_path.glob("c.broken-*"))
    clear_cache(tmp_path / "c")
    assert not list(tmp_path.glob("c.broken-*"))


def test_a_cache_that_cannot_be_cleared_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PredictionCache(path=tmp_path / "c") as cache:
        cache.put("test:m", [("k", ANSWER, INSTANCE)])
    blocker = sqlite3.connect(tmp_path / "c", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("qa_eval.evaluation.cache._WAIT_SECONDS", 0.05)
    with pytest.raises(RunFolderError, match="the cache cannot be cleared: database is locked"):
        clear_cache(tmp_path / "c")
    blocker.close()


def test_an_answer_of_spans_keeps_the_form_that_older_versions_wrote() -> None:
    instance = Instance(item="q@a", question="How many?", context="It was 400.", article="a")
    span = Candidate(text="400", article="a", start=7, end=10, score=1.5)
    answer = Prediction(item="q@a", n_best=(span,), null_score=0.5, windows=1, tokens=9)
    text = (
        '{"n_best":[["400",7,10,1.5,null,null]],"no_answer_probability":null,"null_score":0.5,'
        '"text":null,"tokens":9,"truncated":false,"windows":1}'
    )
    assert render_answer(answer, instance) == text
    assert parse_answer(text, instance) == answer
    written = Prediction(item="q@a", text="0", confidence=0.0, tokens_out=0, unfinished=True)
    assert parse_answer(render_answer(written, instance), instance) == written
