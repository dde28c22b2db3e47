"""Verification: an honest run verifies, and whatever is changed in it is named with both values."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from qa_eval import evaluate
from qa_eval.errors import InputError
from qa_eval.evaluation.plans import identity_of, run_id_of
from qa_eval.evaluation.verification import differences, verify
from qa_eval.files.hashes import canonical_json
from qa_eval.metrics.item_scores import SCORER_VERSION, WORDLESS_VERSION
from qa_eval.models.protocol import Model
from qa_eval.records import Instance, Prediction
from qa_eval.runs.checksums import changed_fields, checksums
from qa_eval.runs.options import RunOptions
from qa_eval.runs.schema import Leaderboard
from qa_eval.runs.store import file_sha256
from tests.support.fake_models import FakeModel, four_facts
from tests.support.worked_example import of_spans

pytestmark = pytest.mark.slow

CORPUS = four_facts()


@pytest.fixture
def folder(tmp_path: Path, stored: Path) -> Path:
    """A copy of one run, to be tampered with."""
    import shutil

    return Path(shutil.copytree(stored, tmp_path / "run"))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    models: list[str | Model] = [FakeModel(), FakeModel("b"), "baseline:abstain"]
    options = RunOptions(paraphrases=True, cache=False, resamples=199)
    run = evaluate(models, corpus=CORPUS, out=out, name="run", options=options)
    assert run.path is not None
    return run.path


def change_board(folder: Path, change: Callable[[dict[str, Any]], object], *, sealed: bool = True) -> None:
    """Changes the leaderboard; `sealed` also makes its checksums anew, as whoever wants to deceive would."""
    file = folder / "leaderboard.json"
    value = json.loads(file.read_text(encoding="utf-8"))
    change(value)
    for part in (*value["rows"], value) if sealed else ():
        part["checksums"] = checksums(part)
    file.write_text(canonical_json(value), encoding="utf-8")


def change_lines(
    folder: Path, change: Callable[[list[dict[str, Any]]], object], *, honest_hash: bool
) -> None:
    """Changes the fake model's rows; `honest_hash` also puts the new hash into the leaderboard."""
    file = folder / "predictions" / "test-fake.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    change(lines)
    file.write_text("".join(canonical_json(line) + "\n" for line in lines), encoding="utf-8")

    def rehash(board: dict[str, Any]) -> None:
        for row in board["rows"]:
            if row["model"]["spec"] == "test:fake":
                row["predictions"] |= {"sha256": file_sha256(file), "rows": len(lines)}

    if honest_hash:
        change_board(folder, rehash)


def row_index(folder: Path, spec: str) -> int:
    board = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))
    return next(i for i, row in enumerate(board["rows"]) if row["model"]["spec"] == spec)


def test_an_honest_run_verifies_by_folder_and_by_file(folder: Path) -> None:
    assert verify(folder, CORPUS) == []
    assert verify(folder / "leaderboard.json", CORPUS) == []


@dataclass
class Confident(FakeModel):
    """Gives a confidence of its own next to the candidates, and sometimes decides the text itself."""

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        for number, said in enumerate(super().predict(instances)):
            first = said.n_best[0].text if said.n_best else ""
            text = (None, "", first, "another text")[number % 4]
            yield replace(said, text=text, confidence=(0.125, 0.5, None, 0.75, 1.0)[number % 5])


def test_a_confidence_that_a_model_gives_next_to_candidates_verifies(tmp_path: Path, stored: Path) -> None:
    options = RunOptions(paraphrases=True, cache=False, resamples=199)
    run = evaluate(Confident("sure"), corpus=CORPUS, out=tmp_path, name="run", options=options)
    assert run.path is not None
    assert verify(run.path, corpus=CORPUS) == []
    given = [row for row in run.stream(run.leaderboard.rows[0]) if row.confidence_given]
    assert {row.final for row in given} == {True, False}
    before = (stored / "predictions" / "test-fake.jsonl").read_text("utf-8")
    assert "confidence_given" not in before, "it is written only where it is true"


def test_a_confidence_given_on_a_public_data_set_verifies(tmp_path: Path) -> None:
    rows = [
        {"id": f"q{n}", "question": "How many?", "context": f"There are {n}.", "answers": []}
        for n in range(9)
    ]
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    options = RunOptions(cache=False, resamples=199)
    run = evaluate(Confident(), dataset=f"jsonl:{file}", out=tmp_path, name="run", options=options)
    assert run.path is not None
    assert verify(run.path) == []
    assert any(row.confidence_given for row in run.stream(run.leaderboard.rows[0]))


def test_what_may_differ_between_equal_runs_is_not_compared(folder: Path) -> None:
    def rename(board: dict[str, Any]) -> None:
        board |= {"name": "other", "created_at": "2001-01-01T00:00:00Z", "environment": {}, "harness": {}}
        board["rows"][0]["performance"] = {}
        board["rows"][0]["counts"]["cached"] = 5

    change_board(folder, rename)
    assert verify(folder, CORPUS) == []


Leaf = tuple[str | int, ...]


def leaves(value: object, path: Leaf = ()) -> Iterator[Leaf]:
    """The paths of all numbers."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from leaves(inner, (*path, n))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path


def kinds_of(value: object) -> list[Leaf]:
    """One number of each kind: places in lists and names of slices do not count."""
    found: dict[tuple[str, ...], list[Leaf]] = {}
    for path in leaves(value):
        kind = tuple(str(step).partition(":")[0] for step in path if not isinstance(step, int))
        found.setdefault(kind, []).append(path)
    return [paths[len(paths) // 2] for paths in found.values()]


def moved(value: Any, path: Leaf) -> None:
    """Changes a digit of the number at the path."""
    for step in path[:-1]:
        value = value[step]
    number = value[path[-1]]
    value[path[-1]] = number + 1 if isinstance(number, int) else number * 0.9 if number else 0.1


def named(path: Leaf) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def test_a_changed_digit_anywhere_in_a_leaderboard_is_found_by_the_checksum_of_its_field(
    stored: Path,
) -> None:
    honest = (stored / "leaderboard.json").read_text(encoding="utf-8")
    document = json.loads(honest)
    assert changed_fields(document) == []
    kinds = kinds_of(document)
    assert len(kinds) > 200
    for path in kinds:
        changed = json.loads(honest)
        moved(changed, path)
        (found,) = changed_fields(changed)
        assert named(path).startswith(found), path


RECOMPUTED = ("metrics", "slices", "source_preference", "versus_first", "rank", "rank_interval", "decoding")


def test_a_changed_digit_is_named_to_the_field_even_if_the_checksums_are_made_to_fit(
    folder: Path, stored: Path
) -> None:
    honest = (stored / "leaderboard.json").read_text(encoding="utf-8")
    recomputed = [p for p in kinds_of(json.loads(honest)) if p[0] == "rows" and p[2] in RECOMPUTED]
    sample = random.Random(0).sample(recomputed, 12)
    for path in sample:
        (folder / "leaderboard.json").write_text(honest, encoding="utf-8")
        change_board(folder, partial(moved, path=path))
        try:
            found = verify(folder, CORPUS)
        except InputError as error:  # a number that is impossible: more than all, a confidence above 1
            found = [re.sub(r"\.(\d+)", r"[\1]", f"leaderboard.json: {f.field}") for f in error.findings]
        # How answers were decided is found by the signature, of which it is a part.
        signed = path[2] == "decoding" and path[3] != "threshold"
        place = f"{named(path[:2])}.signature" if signed else named(path)
        assert any(line.startswith(f"leaderboard.json: {place}") for line in found), (path, found)


@pytest.mark.parametrize(
    "part", ["performance", "environment", "created_at", "harness", "name", "counts"], ids=str
)
def test_what_cannot_be_computed_again_is_named_if_it_was_changed(folder: Path, part: str) -> None:
    def change(board: dict[str, Any]) -> None:
        where = board["rows"][1] if part in ("performance", "counts") else board
        known = {"performance": "windows", "environment": "threads", "harness": "version", "counts": "cached"}
        if part in known:
            where[part][known[part]] = "77" if part == "harness" else 77
        else:
            where[part] += "0"

    change_board(folder, change, sealed=False)
    prefix = "rows[1]." if part in ("performance", "counts") else ""
    assert verify(folder, CORPUS) == [f"leaderboard.json: {prefix}{part}: changed since it was written"]


def test_a_changed_digit_anywhere_in_the_answers_is_found(folder: Path) -> None:
    file = folder / "predictions" / "test-fake.jsonl"
    honest = file.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in honest.splitlines()]
    kinds = kinds_of(lines)
    assert {path[-1] for path in kinds} >= {"score", "threshold", "level", "f1", "tokens"}
    index = row_index(folder, "test:fake")
    for path in kinds:
        changed = json.loads(json.dumps(lines))
        moved(changed, path)
        file.write_text("".join(canonical_json(line) + "\n" for line in changed), encoding="utf-8")
        found = verify(folder, CORPUS)
        place = f"predictions/test-fake.jsonl:{int(path[0]) + 1}: "
        whole = f"leaderboard.json: rows[{index}].predictions.sha256: stored"
        assert any(place in line or line.startswith(whole) for line in found), path
        if path[-1] in ("level", "f1", "confidence", "probability"):  # what follows from the rest of the row
            assert any(place in line and named(path[1:]) in line for line in found), (path, found)


@pytest.mark.parametrize(
    ("spec", "path", "value"),
    [
        ("test:fake", "metrics.reading.f1.value", 0.99),
        ("test:fake", "metrics.reading.balanced_f1.low", 0.01),
        ("test:fake", "metrics.reading.em.clusters", 40),
        ("test:fake", "metrics.pooled.match_any.high", 0.123),
        ("test:fake", "metrics.reading.paraphrase_agreement.value", 0.123),
        ("test:fake", "slices.contested.f1.value", 0.77),
        ("test:fake", "counts.answered", 3),
        ("test:fake", "rank", 7),
        ("test:fake", "rank_interval", [1, 9]),
        ("test:fake", "signature", "rules:mine"),
        ("test:fake", "model.fingerprint", "another"),
        ("test:fake", "decoding.max_length", 999),
        ("test:fake", "decoding.threshold", 0.5),
        ("test:fake", "predictions.sha256", "0" * 64),
        ("test:fake", "predictions.rows", 1),
        ("baseline:abstain", "versus_first.p", 0.001),
        ("baseline:abstain", "rank", 1),
        ("reference:oracle", "metrics.reading.f1.value", 0.5),
        ("reference:other-source", "slices.silent.f1.value", 0.25),
        ("", "minimum_detectable_difference", 0.001),
        ("", "sort", "reading.lenient"),
        ("", "status", "error"),
        ("", "run_id", "0" * 32),
        ("", "rules", "squad-v1.1"),
        ("", "scorer_version", "0"),
        ("", "data.facts", 400),
        ("", "data.items.reading", 1),
        ("", "data.item_hashes_sha256", "0" * 64),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_any_number_that_is_changed_is_named_with_its_path(
    folder: Path, spec: str, path: str, value: object
) -> None:
    index = row_index(folder, spec) if spec else None

    def tamper(board: dict[str, Any]) -> None:
        at: Any = board if index is None else board["rows"][index]
        *parents, last = path.split(".")
        for parent in parents:
            at = at[parent]
        assert at[last] != value
        at[last] = value

    change_board(folder, tamper)
    where = f"leaderboard.json: {path}" if index is None else f"leaderboard.json: rows[{index}].{path}"
    found = verify(folder, CORPUS)
    consequence = {"model.fingerprint": "signature", "decoding.max_length": "signature"}
    where = where.replace(path, consequence.get(path, path))
    assert any(line.startswith(where) for line in found), found


def test_both_values_are_shown(folder: Path) -> None:
    index = row_index(folder, "test:fake")
    change_board(folder, lambda board: board["rows"][index]["counts"].update(answered=3))
    (line,) = verify(folder, CORPUS)
    assert line.startswith(f"leaderboard.json: rows[{index}].counts.answered: stored 3, recomputed ")


def test_rows_in_another_order_are_a_difference(folder: Path) -> None:
    change_board(folder, lambda board: board["rows"].reverse())
    assert any(
        line.startswith("leaderboard.json: order of rows[0]: stored 'ref") for line in verify(folder, CORPUS)
    )


def test_a_metric_that_was_added_or_taken_away_is_a_difference(folder: Path) -> None:
    index = row_index(folder, "test:fake")

    def tamper(board: dict[str, Any]) -> None:
        metrics = board["rows"][index]["metrics"]["reading"]
        metrics["invented"] = metrics.pop("em")

    change_board(folder, tamper)
    assert verify(folder, CORPUS) == [
        f"leaderboard.json: rows[{index}].metrics.reading.em: stored nothing, recomputed a record",
        f"leaderboard.json: rows[{index}].metrics.reading.invented: stored a record, recomputed nothing",
    ]


# ------------------------------------------------------------------------------------------ predictions


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prediction", "180"),
        ("question_sha256", "0"),
        ("context_sha256", "0"),
        ("gold_sha256", "0"),
        ("span", [0, 1]),
        ("score", 99.0),
        ("no_answer_probability", 0.123),
        ("threshold", 3.0),
        ("confidence", 0.123),
        ("golds", ["x"]),
        ("matched_claim", "x"),
        ("match", {"ok": True, "level": 5, "rule": "raw", "detail": ""}),
        ("scores", {"f1": 1.0}),
    ],
    ids=str,
)
def test_any_field_of_an_answer_that_is_changed_is_named(folder: Path, field: str, value: object) -> None:
    def tamper(lines: list[dict[str, Any]]) -> None:
        assert lines[1][field] != value
        lines[1][field] = value

    change_lines(folder, tamper, honest_hash=True)
    found = verify(folder, CORPUS)
    assert any(line.startswith(f"predictions/test-fake.jsonl:2: dead@b.{field}") for line in found), found


def test_a_changed_file_is_found_by_its_hash_alone(folder: Path) -> None:
    change_lines(folder, lambda lines: lines[0].update(tokens=1), honest_hash=False)
    index = row_index(folder, "test:fake")
    (line,) = verify(folder, CORPUS)
    assert line.startswith(f"leaderboard.json: rows[{index}].predictions.sha256: stored '")


def test_a_better_score_given_to_a_candidate_moves_what_follows_from_it(folder: Path) -> None:
    def tamper(lines: list[dict[str, Any]]) -> None:
        lines[0]["n_best"][0]["score"] = 1000.0

    change_lines(folder, tamper, honest_hash=True)
    found = "\n".join(verify(folder, CORPUS))
    assert "predictions/test-fake.jsonl:1: dead@a.score: stored" in found


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(
            lambda lines: lines.pop(3),
            "predictions/test-fake.jsonl: dead~1@a: not stored",
            id="a row taken away",
        ),
        pytest.param(
            lambda lines: lines.append(lines[0]),
            "predictions/test-fake.jsonl:31: dead@a: stored twice",
            id="twice",
        ),
        pytest.param(
            lambda lines: lines[0].update(item="dead@z"),
            "predictions/test-fake.jsonl:1: dead@z: is not an item of this run",
            id="a stranger",
        ),
        pytest.param(
            lambda lines: lines[0].update(item="dead"),
            "test-fake.jsonl:1: item: not an item id: 'dead' (FACT@ARTICLE, FACT~N@ARTICLE or FACT@*",
            id="no item",
        ),
        pytest.param(
            lambda lines: lines[0].pop("match"),
            "test-fake.jsonl:1: match: field required",
            id="a field taken away",
        ),
    ],
)
def test_rows_that_do_not_fit_the_run_are_named(
    folder: Path, change: Callable[[list[dict[str, Any]]], object], message: str
) -> None:
    change_lines(folder, change, honest_hash=True)
    assert any(message in line for line in verify(folder, CORPUS))


def test_a_lost_predictions_file_is_a_difference(folder: Path) -> None:
    (folder / "predictions" / "test-fake.jsonl").unlink()
    assert any(
        "test-fake.jsonl: cannot be read: No such file or directory" in line
        for line in verify(folder, CORPUS)
    )


# ------------------------------------------------------------------------------------------ other data


def test_other_questions_are_the_only_difference_reported(folder: Path) -> None:
    other = four_facts(dead="How many were killed?")
    assert verify(folder, other) == [
        f"leaderboard.json: data.questions_sha256: stored {CORPUS.questions_sha256}, these have "
        f"{other.questions_sha256} (the run is on other files; name them)"
    ]


def test_a_leaderboard_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        verify(tmp_path, CORPUS)


@pytest.mark.parametrize(
    ("stored", "computed", "expected"),
    [
        (0.1 + 0.2, 0.3, []),
        (1, 1.0, []),
        (True, 1, ["x: stored True, recomputed 1"]),
        (None, 0.0, ["x: stored None, recomputed 0.0"]),
        ([1, 2], [1], ["x: stored [1, 2], recomputed [1]"]),
        ((1, 2), [1, 2], []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["x.a.b: stored 1, recomputed 2"]),
    ],
    ids=str,
)
def test_values_are_compared_by_path(stored: object, computed: object, expected: list[str]) -> None:
    assert list(differences(stored, computed, "x")) == expected


def index_of(board: dict[str, Any], spec: str) -> int:
    return next(n for n, row in enumerate(board["rows"]) if row["model"]["spec"] == spec)


@pytest.mark.parametrize(
    ("change", "sealed", "expected"),
    [
        pytest.param(
            lambda b: b.pop("checksums"), False, "checksums: has no checksum", id="all checksums of the run"
        ),
        pytest.param(
            lambda b: b["rows"][0].pop("checksums"),
            False,
            "rows[0].checksums: has no checksum",
            id="of a row",
        ),
        pytest.param(
            lambda b: b["checksums"].clear(), False, "checksums: has no checksum", id="an empty record"
        ),
        pytest.param(
            lambda b: (b["checksums"].pop("created_at"), b.update(created_at="2001-01-01T00:00:00Z")),
            False,
            "created_at: has no checksum",
            id="one checksum, with what it seals",
        ),
        pytest.param(
            lambda b: b.update(mood="good"),
            True,
            "mood: is no field that this version knows",
            id="a new field",
        ),
        pytest.param(
            lambda b: b["rows"][0]["counts"].update(mood=1),
            True,
            "rows[0].counts.mood: is no field that this version knows",
            id="a new field inside",
        ),
        pytest.param(
            lambda b: b["rows"][0]["model"].update(mood=1),
            True,
            "rows[0].model.mood: is no field that this version knows",
            id="a new field of a model",
        ),
        pytest.param(
            lambda b: b["rows"][0]["slices"]["silent"]["f1"].update(mood=1),
            True,
            "rows[0].slices.silent.f1.mood: is no field that this version knows",
            id="a new field of an estimate",
        ),
        pytest.param(
            lambda b: b["rows"].pop(index_of(b, "reference:oracle")),
            True,
            "rows: reference:oracle is missing",
            id="a reference",
        ),
        pytest.param(
            lambda b: b.update(rows=[r for r in b["rows"] if r["model"]["kind"] != "reference"]),
            True,
            "rows: reference:other-source is missing",
            id="all references",
        ),
        pytest.param(
            lambda b: b["rows"].append(dict(b["rows"][-1])),
            True,
            "model.spec: reference:other-source has another row",
            id="a reference twice",
        ),
        pytest.param(
            lambda b: b["options"].update(references=False),
            True,
            "reference:oracle, though the run has no references",
            id="references that were not asked for",
        ),
    ],
)
def test_what_was_left_out_of_or_added_to_a_leaderboard_is_named(
    folder: Path, change: Callable[[dict[str, Any]], object], sealed: bool, expected: str
) -> None:
    change_board(folder, change, sealed=sealed)
    found = verify(folder, CORPUS)
    assert any(line.startswith("leaderboard.json: ") and line.endswith(expected) for line in found), found


@pytest.mark.parametrize("inside", [False, True])
def test_an_unknown_field_of_a_stored_answer_is_named(folder: Path, inside: bool) -> None:
    def add(rows: list[dict[str, Any]]) -> None:
        (rows[2]["match"] if inside else rows[2])["mood"] = "good"

    change_lines(folder, add, honest_hash=True)
    (found,) = verify(folder, CORPUS)
    place = "match.mood" if inside else "mood"
    assert re.fullmatch(
        rf"predictions/test-fake\.jsonl:3: \S+\.{place}: is no field that this version knows", found
    )


def test_a_run_without_references_and_a_partial_one_lack_none(tmp_path: Path) -> None:
    run = evaluate(
        [FakeModel()],
        corpus=CORPUS,
        out=tmp_path,
        name="a",
        options=RunOptions(references=False, cache=False),
    )
    assert run.path is not None
    assert verify(run.path, CORPUS) == []


def test_a_key_that_is_there_twice_is_a_difference(folder: Path) -> None:
    file = folder / "leaderboard.json"
    file.write_text(file.read_text("utf-8").replace("{", '{"name":"zz",', 1), "utf-8")
    assert any("name: the key is there twice" in line for line in verify(folder, CORPUS))


def older(folder: Path) -> None:
    """Makes a run what a program that did not read answers in words would have written."""

    def without_words(values: dict[str, Any]) -> dict[str, Any]:
        return of_spans(values)

    def older_lines(file: Path) -> None:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        for line in lines:
            line["scores"] = without_words(line["scores"])
        file.write_text("".join(canonical_json(line) + "\n" for line in lines), encoding="utf-8")

    def older_board(board: dict[str, Any]) -> None:
        board["scorer_version"] = WORDLESS_VERSION
        for row in board["rows"]:
            row["signature"] = row["signature"].replace(SCORER_VERSION, WORDLESS_VERSION)
            for part in ("metrics", "slices"):
                row[part] = {name: without_words(values) for name, values in row[part].items()}
            if row["predictions"]:
                row["predictions"]["sha256"] = file_sha256(folder / row["predictions"]["path"])
        known = Leaderboard.model_validate(board)
        signatures = [row.signature for row in known.rows if not row.is_reference]
        identity = identity_of(known.data, known.options, signatures, known.rules, WORDLESS_VERSION)
        board["run_id"] = run_id_of(identity)

    for file in (folder / "predictions").iterdir():
        older_lines(file)
    change_board(folder, older_board)


def test_a_run_from_before_answers_were_read_in_words_still_verifies(folder: Path) -> None:
    older(folder)
    assert verify(folder, CORPUS) == []
    index = row_index(folder, "test:fake")
    change_board(folder, lambda board: board["rows"][index]["metrics"]["reading"]["f1"].update(value=0.9))
    assert any(".metrics.reading.f1.value: stored 0.9" in line for line in verify(folder, CORPUS))


def test_a_run_of_an_unknown_version_is_a_difference(folder: Path) -> None:
    older(folder)
    change_board(folder, lambda board: board.update(scorer_version="1+match-1"))
    assert "leaderboard.json: scorer_version: stored '1+match-1'" in "\n".join(verify(folder, CORPUS))
