"""Run folders: what is read, what is refused and how, and that files appear whole or not at all."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.errors import InputError, RunFolderError
from qa_eval.files import atomic_files
from qa_eval.files.hashes import canonical_json
from qa_eval.records import Candidate, Difference, Estimate, Match, ModelInfo, NBest
from qa_eval.runs import prediction_lines, predictions_writer, run_folder, store
from qa_eval.runs.checksums import changed_fields
from qa_eval.runs.prediction_lines import parse_prediction, render_prediction, without_candidates
from qa_eval.runs.run_folder import open_run_folder, slugs
from qa_eval.runs.schema import (
    PREDICTION_ADAPTER,
    DataRow,
    ItemsRow,
    Leaderboard,
    PredictionRow,
    PredictionsFileRow,
    Row,
    WholeRow,
    leaderboard_schema,
    prediction_schema,
)
from qa_eval.runs.store import load_run
from tests.support.places import BASELINE

NOW = datetime(2030, 5, 17, 12, 30, tzinfo=UTC)
IDENTITY = {"questions": "q", "articles": "a", "models": ["m"]}


def leaderboard(**changes: Any) -> Leaderboard:
    fields: dict[str, Any] = {
        "run_id": "0123456789abcdef",
        "name": "first",
        "created_at": "2030-05-17T12:30:00Z",
        "status": "complete",
        "data": DataRow(questions_sha256="q", articles_sha256="a"),
        "rules": "squad-v2.0",
        "scorer_version": "1",
        "rows": [Row(model=ModelInfo(spec="m", kind="k", name="m"), signature="m")],
    }
    return Leaderboard(**(fields | changes))


def prediction(**changes: Any) -> PredictionRow:
    fields: dict[str, Any] = {
        "item": "dead@a",
        "fact": "dead",
        "article": "a",
        "track": "reading",
        "question_sha256": "q",
        "context_sha256": "c",
        "gold_sha256": "g",
        "prediction": "180 – “ganz”",
        "match": Match(ok=True, level=5, rule="raw"),
    }
    return PredictionRow(**(fields | changes))


def write(folder: Path, board: Leaderboard | None = None) -> Path:
    run_folder.RunFolder(path=folder, target=folder, created_at=None).write_leaderboard(
        board or leaderboard()
    )
    return folder


def opened(
    out: Path, name: str | None = "first", run_id: str = "0123456789abcdef", **options: Any
) -> run_folder.RunFolder:
    return open_run_folder(out, name, IDENTITY, run_id, overwrite=options.get("overwrite", False), now=NOW)


def predictions_file(folder: Path | None, rows: Sequence[PredictionRow]) -> PredictionsFileRow:
    writer = predictions_writer.PredictionsWriter(folder, "m")
    writer.add(rows)
    return writer.finish()


# ------------------------------------------------------------------------------------------ reading


def unsealed(board: Leaderboard) -> Leaderboard:
    """Without the checksums that writing adds."""
    rows = [row.model_copy(update={"checksums": {}}) for row in board.rows]
    return board.model_copy(update={"rows": rows, "checksums": {}})


@pytest.mark.parametrize("where", ["", "leaderboard.json"])
def test_a_run_is_read_by_its_folder_or_its_file(tmp_path: Path, where: str) -> None:
    run = load_run(write(tmp_path) / where)
    assert run.path == tmp_path
    assert unsealed(run.leaderboard) == leaderboard()
    assert changed_fields(run.document()) == []


def test_what_is_written_is_canonical_and_reads_back_equal(tmp_path: Path) -> None:
    folder = run_folder.RunFolder(path=tmp_path, target=tmp_path, created_at=None)
    rows = [prediction(), prediction(item="dead@b", article="b", missing=True, prediction="")]
    described = predictions_file(tmp_path, rows)
    board = leaderboard(rows=[leaderboard().rows[0].model_copy(update={"predictions": described})])
    folder.write_leaderboard(board)
    text = (tmp_path / "leaderboard.json").read_text(encoding="utf-8")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert text.endswith("}\n")
    assert "“ganz”" in (tmp_path / "predictions/m.jsonl").read_text(encoding="utf-8")
    run = load_run(tmp_path)
    assert run.predictions("m") == rows
    assert described.rows == 2
    assert described.sha256 == store.file_sha256(tmp_path / described.path)
    assert described == predictions_file(None, rows)


def test_absent_fields_have_defaults(tmp_path: Path) -> None:
    value = leaderboard().model_dump(mode="json")
    del value["options"]
    (tmp_path / "leaderboard.json").write_text(json.dumps(value), encoding="utf-8")
    assert load_run(tmp_path).leaderboard.options.track == "both"


UNKNOWN: dict[str, Any] = {
    "mood": ["good", {"so": 1.5}],
    "extra": {},
    "_extra": None,
    "__class__": "x",
    "answered": 1,
}
"""Fields that no version knows, some of them named like what a Python object has."""
RECORDS_BY_NAME = {"metrics", "slices"}
VALUES_BY_NAME = {
    "absent", "article_labels", "checksums", "columns", "packages", "scores",
    "source_preference", "speaker_preference",
}  # fmt: skip


def newer(value: Any) -> Any:
    """What a newer program may have written: every record has unknown fields."""
    if isinstance(value, list):
        return [newer(part) for part in value]
    if not isinstance(value, dict):
        return value
    parts = {}
    for name, part in value.items():
        if name in RECORDS_BY_NAME:
            parts[name] = {key: {id: newer(r) for id, r in inner.items()} for key, inner in part.items()}
        else:
            parts[name] = part if name in VALUES_BY_NAME else newer(part)
    return parts | UNKNOWN


def test_a_leaderboard_of_a_newer_program_comes_back_byte_for_byte(tmp_path: Path) -> None:
    estimate = Estimate(value=0.5, low=0.4, high=0.6, method="bca", n=9, clusters=9)
    row = Row(
        model=ModelInfo(spec="m", kind="k", name="m"),
        metrics={"reading": {"f1": estimate}},
        slices={"silent": {"f1": estimate}},
        predictions=PredictionsFileRow(path="predictions/m.jsonl", sha256="0", rows=0),
        versus_first=Difference(value=-0.1, p=0.5, clusters=9, method="sign-flip"),
    )
    whole = DataRow(
        questions_sha256="q", articles_sha256="a", whole=WholeRow(facts=1, items=ItemsRow(reading=2))
    )
    document = newer(leaderboard(rows=[row], data=whole).model_dump(mode="json"))
    text = canonical_json(document, indent=1) + "\n"
    assert text.count('"mood"') == 17
    (tmp_path / "leaderboard.json").write_text(text, encoding="utf-8")
    board = load_run(tmp_path).leaderboard
    assert board.rows[0].versus_first is not None
    assert board.rows[0].versus_first.extra["mood"] == ["good", {"so": 1.5}]
    assert board.rows[0].model == row.model
    assert canonical_json(board.model_dump(mode="json"), indent=1) + "\n" == text


def test_an_answer_of_a_newer_program_comes_back_byte_for_byte(tmp_path: Path) -> None:
    said = prediction(
        n_best=(Candidate(text="180", score=1.0), Candidate(text="194", score=0.5)),
        golds=("180",),
        span=(3, 6),
        scores={"em": 1.0},
    )
    line = canonical_json(newer(json.loads(render_prediction(said)))) + "\n"
    assert line.count('"mood"') == 4
    (tmp_path / "m.jsonl").write_text(line, encoding="utf-8")
    (row,) = store.stream_predictions(tmp_path / "m.jsonl")
    assert row == said
    assert row.n_best[1].extra["answered"] == 1
    assert (row.answered, row.extra["answered"]) == (True, 1)
    assert render_prediction(row) == line.encode("utf-8")


NUMBERS = [f.name for f in fields(PredictionRow) if f.type in ("float | None", "Fraction | None")]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", [*NUMBERS, "scores", "n_best", "NBest"])
def test_no_number_is_written_that_json_does_not_have(name: str, number: float) -> None:
    best = Candidate(text="180", score=number)
    others = {"scores": {"em": number}, "n_best": (best,), "NBest": NBest.of((best,))}
    with pytest.raises(ValueError, match="not JSON compliant"):
        render_prediction(prediction(**{"n_best" if name == "NBest" else name: others.get(name, number)}))


@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=5, max_size=5), text=st.text()
)
def test_a_line_is_canonical_json_however_its_candidates_are_held(numbers: list[float], text: str) -> None:
    text = text.encode("utf-8", "replace").decode("utf-8")
    score, other, share, margin, tiny = numbers
    best = Candidate(text=text, article="a", start=4, end=7, score=score, probability=share)
    said = prediction(
        n_best=(best, Candidate(text="", score=other)),
        score=tiny,
        null_score=-margin,
        threshold=margin / 3,
        scores={"f1": tiny / 1e5, "em": 1 / 3},
        question=text,
    )
    line = render_prediction(said)
    assert line.decode("utf-8") == canonical_json(json.loads(line)) + "\n"
    assert json.loads(line)["scores"] == {"f1": tiny / 1e5, "em": 1 / 3}
    assert line == render_prediction(replace(said, n_best=NBest.of(said.n_best)))


def broken(**changes: Any) -> str:
    return json.dumps(leaderboard().model_dump(mode="json") | changes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param('{"a": 1,\n "b" 2}', ":2:6: not valid JSON: Expecting ':' delimiter", id="bad JSON"),
        pytest.param("[]", ": must be a JSON object, found a list", id="no object"),
        pytest.param('{"a": NaN}', ": a: NaN is not a number JSON has; write a finite number", id="NaN"),
        pytest.param(
            broken(schema_version=2),
            ": schema_version: 2 is newer than this program reads (1): update qa-eval",
            id="a newer program's",
        ),
        pytest.param(
            broken(status="done"),
            ": status: input should be 'complete', 'partial' or 'error'",
            id="a wrong value",
        ),
        pytest.param(
            broken(rows=[{"model": {"spec": "m", "kind": "k"}}]),
            ": rows[0].model.name: field required",
            id="a missing field",
        ),
        pytest.param(
            broken(
                rows=[
                    {
                        "model": {"spec": "m", "kind": "k", "name": "n"},
                        "metrics": {"reading": {"f1": {"value": 50}}},
                    }
                ]
            ),
            ": rows[0].metrics.reading.f1.value: input should be less than or equal to 1",
            id="percent instead of a fraction",
        ),
    ],
)
def test_a_broken_leaderboard_is_refused_by_file_and_field(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "leaderboard.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_run(tmp_path)
    assert str(caught.value) == f"{file}{message}"


@pytest.mark.parametrize("version", [0, -1, "1", None, 1.5])
def test_a_version_that_never_was_is_refused_by_name(tmp_path: Path, version: object) -> None:
    (tmp_path / "leaderboard.json").write_text(broken(schema_version=version), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_run(tmp_path)
    message = f"schema_version: {version!r} is not a version that this program reads (1)"
    assert str(caught.value).endswith(message)


def test_an_older_leaderboard_is_read_through_the_table_of_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # There is no older version yet: as if this program wrote version 3, and 1 had called the rules otherwise.
    def second(value: dict[str, Any]) -> dict[str, Any]:
        return value | {"rules": value["scoring"]}

    def third(value: dict[str, Any]) -> dict[str, Any]:
        return value | {"name": f"{value['name']}, of old"}

    monkeypatch.setattr(store, "SCHEMA_VERSION", 3)
    monkeypatch.setattr(store, "UPGRADES", {1: second, 2: third})
    document = json.loads(broken(scoring="squad-v1.1"))
    del document["rules"]
    (tmp_path / "leaderboard.json").write_text(json.dumps(document), encoding="utf-8")
    board = load_run(tmp_path).leaderboard
    assert (board.rules, board.schema_version) == ("squad-v1.1", 3)
    assert board.name.endswith(", of old")
    (tmp_path / "leaderboard.json").write_text(json.dumps(document | {"schema_version": 4}), encoding="utf-8")
    with pytest.raises(InputError, match=r"schema_version: 4 is newer than this program reads \(3\)"):
        load_run(tmp_path)


def test_slices_can_be_left_out_when_a_run_is_read(tmp_path: Path) -> None:
    sliced = Row(
        model=ModelInfo(spec="m", kind="k", name="m"), slices={"silent": {"f1": Estimate(value=0.5)}}
    )
    write(tmp_path, leaderboard(rows=[sliced]))
    assert load_run(tmp_path).leaderboard.rows[0].slices
    lean = load_run(tmp_path, slices=False).leaderboard
    assert lean.rows[0].slices == {}
    assert lean.rows[0].model.spec == "m"


@pytest.mark.parametrize("path", ["../other.jsonl", "/etc/hostname", "predictions/../../other.jsonl"])
def test_answers_outside_the_run_folder_are_not_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "other.jsonl").write_text("", encoding="utf-8")
    row = Row(
        model=ModelInfo(spec="m", kind="k", name="m"),
        predictions=PredictionsFileRow(path=path, sha256="", rows=0),
    )
    run = load_run(write(tmp_path / "run", leaderboard(rows=[row])))
    for read in (run.predictions, run.scored):
        with pytest.raises(InputError) as caught:
            list(read("m"))
        assert f"predictions.path: {path} is outside the run folder" in str(caught.value)


def test_a_link_that_leads_out_of_the_run_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "other.jsonl").write_text("", encoding="utf-8")
    row = Row(
        model=ModelInfo(spec="m", kind="k", name="m"),
        predictions=PredictionsFileRow(path="m.jsonl", sha256="", rows=0),
    )
    run = load_run(write(tmp_path / "run", leaderboard(rows=[row])))
    (tmp_path / "run" / "m.jsonl").symlink_to(tmp_path / "other.jsonl")
    with pytest.raises(InputError, match="outside the run folder"):
        run.predictions("m")


def test_answers_without_their_candidates_are_the_same_answers(tmp_path: Path) -> None:
    file = tmp_path / "run" / "m.jsonl"
    file.parent.mkdir()
    said = prediction(n_best=(Candidate(text="180", score=1.0),))
    file.write_bytes(render_prediction(said))
    row = Row(
        model=ModelInfo(spec="m", kind="k", name="m"),
        predictions=PredictionsFileRow(path="m.jsonl", sha256="", rows=1),
    )
    run = load_run(write(tmp_path / "run", leaderboard(rows=[row])))
    (whole,), (lean,) = run.predictions("m"), list(run.scored("m"))
    assert whole.n_best
    assert lean == replace(whole, n_best=())
    assert list(run.items("m")) == [whole]


def test_a_folder_without_a_run_and_a_path_without_anything_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_run(tmp_path)
    assert str(caught.value) == f"{tmp_path}: no leaderboard.json in this folder"
    with pytest.raises(InputError) as caught:
        load_run(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path / 'none'}: no such run folder or file"


def test_bytes_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.json").write_bytes(b'{"name": "\xff"}')
    with pytest.raises(InputError, match="not UTF-8 at byte 11 of the line"):
        load_run(tmp_path)


def test_a_broken_predictions_row_is_refused_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_bytes(render_prediction(prediction()) + b'{"item": 1}\n')
    with pytest.raises(InputError) as caught:
        list(store.stream_predictions(file))
    assert str(caught.value).splitlines()[0] == f"{file}:2: item: input should be a valid string"


def test_a_row_without_predictions_has_none_and_a_lost_file_is_named(tmp_path: Path) -> None:
    run = load_run(write(tmp_path))
    assert run.predictions("m") == []
    lost = run.leaderboard.rows[0].model_copy(
        update={"predictions": PredictionsFileRow(path="predictions/m.jsonl", sha256="", rows=1)}
    )
    with pytest.raises(InputError, match=r"m\.jsonl: cannot be read: No such file or directory"):
        run.predictions(lost)
    with pytest.raises(KeyError):
        run.predictions("unknown")


def test_the_schemas_are_of_the_current_version() -> None:
    assert leaderboard_schema()["properties"]["schema_version"]["default"] == 1
    assert "n_best" in prediction_schema()["properties"]


# ------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        pytest.param(["embedded"], ["embedded"], id="plain"),
        pytest.param(["predictions:/home/x/a b.jsonl"], ["predictions-home-x-a-b.jsonl"], id="a path"),
        pytest.param(["../../etc"], ["etc"], id="no way up"),
        pytest.param(["…"], ["model"], id="nothing left"),
        pytest.param(["aux"], ["aux-321f6814"], id="a device of Windows"),
    ],
)
def test_slugs_are_safe_file_names(specs: list[str], expected: list[str]) -> None:
    assert slugs(specs) == expected


@pytest.mark.parametrize(
    "specs",
    [["hf:a/b", "hf:a-b"], ["hf:A/b", "hf:a/b"], ["x" * 200, "x" * 201], ["a", "b", "a "]],
    ids=["punctuation", "case", "length", "space"],
)
def test_slugs_are_distinct_whatever_the_order(specs: list[str]) -> None:
    found = slugs(specs)
    assert len({s.casefold() for s in found}) == len(specs)
    assert slugs(specs[::-1]) == found[::-1]
    assert all(len(s) < 100 for s in found)


# ------------------------------------------------------------------------------------------ opening


def test_a_new_folder_is_named_by_time_and_identity(tmp_path: Path) -> None:
    folder = opened(tmp_path, None)
    assert folder.path == tmp_path / "20300517T123000Z-01234567"
    assert folder.path.is_dir()


def test_a_partial_run_of_the_same_identity_is_resumed_with_and_without_its_name(tmp_path: Path) -> None:
    write(tmp_path / "20290101T000000Z-01234567", leaderboard(status="partial", created_at="then"))
    for name in (None, "20290101T000000Z-01234567"):
        folder = opened(tmp_path, name)
        assert folder.path.name == "20290101T000000Z-01234567"
        assert folder.created_at == "then"
        folder.release()


def test_a_complete_run_is_not_resumed_and_a_second_one_gets_its_own_folder(tmp_path: Path) -> None:
    write(tmp_path / "20300517T123000Z-01234567")
    assert opened(tmp_path, None).path.name == "20300517T123000Z-01234567-2"


@pytest.mark.parametrize(
    ("board", "message"),
    [
        pytest.param(
            {},
            "this run is already complete; overwrite replaces it, name chooses another folder",
            id="complete",
        ),
        pytest.param(
            {"run_id": "other", "data": DataRow(questions_sha256="x", articles_sha256="a")},
            "holds another run (other questions); overwrite replaces it, name chooses another folder",
            id="of other questions",
        ),
        pytest.param(
            {"run_id": "other", "rows": [], "status": "partial"},
            "holds another run (other models or options); overwrite replaces it, name chooses another folder",
            id="of other models, unfinished",
        ),
        pytest.param(
            {"run_id": "other"},
            "holds another run (other options); overwrite replaces it, name chooses another folder",
            id="of other options",
        ),
    ],
)
def test_a_folder_that_holds_another_run_is_refused_and_left_alone(
    tmp_path: Path, board: dict[str, Any], message: str
) -> None:
    folder = write(tmp_path / "first", leaderboard(**board))
    before = (folder / "leaderboard.json").read_bytes()
    with pytest.raises(RunFolderError) as caught:
        opened(tmp_path)
    assert str(caught.value) == f"{folder}: {message}"
    replacing = opened(tmp_path, overwrite=True)
    assert re.fullmatch(r"\.first\.new-[0-9a-f]{8}", replacing.path.name)
    assert (folder / "leaderboard.json").read_bytes() == before


def test_an_overwritten_run_stays_until_the_new_one_is_there(tmp_path: Path) -> None:
    write(tmp_path / "first", leaderboard(name="old"))
    folder = opened(tmp_path, overwrite=True)
    folder.write_leaderboard(leaderboard(name="new", status="partial"))
    folder.release()
    assert load_run(tmp_path / "first").leaderboard.name == "old"
    resumed = opened(tmp_path, overwrite=True)
    assert resumed.created_at is not None, "resumed by the same call"
    assert resumed.path == folder.path
    resumed.write_leaderboard(leaderboard(name="new"))
    assert resumed.finish(complete=True) == tmp_path / "first"
    resumed.release()
    assert load_run(tmp_path / "first").leaderboard.name == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["first"]


def test_what_other_interrupted_runs_left_is_cleared_when_a_run_is_overwritten(tmp_path: Path) -> None:
    write(tmp_path / "first", leaderboard(name="old"))
    write(tmp_path / ".first.new-00000001", leaderboard(status="partial", run_id="another"))
    others = [".first.b.new-00000001", ".first.new-00000001.new-00000002", ".firsts.new-00000001"]
    for name in others:  # of runs of other names
        write(tmp_path / name, leaderboard(status="partial", run_id="another"))
    folder = opened(tmp_path, overwrite=True)
    folder.write_leaderboard(leaderboard(name="new"))
    folder.finish(complete=True)
    folder.release()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, "first"])


def test_a_run_that_was_deleted_while_it_was_overwritten_is_no_obstacle(tmp_path: Path) -> None:
    write(tmp_path / "first", leaderboard(name="old"))
    folder = opened(tmp_path, overwrite=True)
    folder.write_leaderboard(leaderboard(name="new"))
    (tmp_path / "first" / "leaderboard.json").unlink()
    (tmp_path / "first").rmdir()
    folder.finish(complete=True)
    assert load_run(tmp_path / "first").leaderboard.name == "new"


@pytest.mark.parametrize("aside", [".first.old", ".first.old-0a1b2c3d"])
def test_a_kill_between_the_two_moves_of_overwriting_loses_nothing(tmp_path: Path, aside: str) -> None:
    write(tmp_path / "first", leaderboard(name="old"))
    (tmp_path / "first").rename(tmp_path / aside)
    with pytest.raises(RunFolderError, match="already complete"):
        opened(tmp_path)
    assert load_run(tmp_path / "first").leaderboard.name == "old"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_has_one_run_under_way(tmp_path: Path, overwrite: bool) -> None:
    write(tmp_path / "first", leaderboard(status="partial"))
    under_way = opened(tmp_path)
    with pytest.raises(
        RunFolderError, match=rf"first: another run is under way there, process {os.getpid()} on"
    ):
        opened(tmp_path, overwrite=overwrite)
    under_way.release()
    opened(tmp_path, overwrite=overwrite).release()


def test_the_same_run_under_way_without_a_name_is_not_resumed(tmp_path: Path) -> None:
    under_way = opened(tmp_path, None)
    under_way.write_leaderboard(leaderboard(status="partial"))
    with pytest.raises(RunFolderError, match="another run is under way there"):
        opened(tmp_path, None)
    under_way.release()


def test_a_refused_run_leaves_nothing(tmp_path: Path) -> None:
    write(tmp_path / "first")
    with pytest.raises(RunFolderError, match="already complete"):
        opened(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["first"]


def test_a_failed_run_is_asked_again(tmp_path: Path) -> None:
    write(tmp_path / "first", leaderboard(status="error"))
    assert opened(tmp_path).created_at is not None


def test_a_folder_with_strange_files_is_refused_even_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "thesis.doc").write_text("precious", encoding="utf-8")
    for overwrite in (False, True):
        with pytest.raises(RunFolderError) as caught:
            opened(tmp_path, overwrite=overwrite)
        assert str(caught.value) == (
            f"{tmp_path / 'first'}: holds files that are not a run; name chooses another folder"
        )
    assert (tmp_path / "first" / "thesis.doc").exists()


def test_what_a_killed_run_leaves_before_its_first_file_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / ".leaderboard.json.1-ab.tmp").touch()
    (tmp_path / "first" / ".answers.sqlite-wal").touch()
    assert opened(tmp_path).path == tmp_path / "first"


def test_a_broken_run_is_refused_by_name_and_can_be_overwritten(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "leaderboard.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunFolderError, match=r"first: holds a broken run; overwrite replaces it"):
        opened(tmp_path)
    assert opened(tmp_path, overwrite=True).target == tmp_path / "first"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "C:", "what?", "a\nb"])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunFolderError) as caught:
        opened(tmp_path, name)
    assert str(caught.value) == f"name {name!r}: not a folder name"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(RunFolderError) as caught:
        opened(tmp_path / "results")
    where = tmp_path / "results" / "first"
    assert str(caught.value) == (
        f"{where}: cannot be written to: Not a directory; choose another folder with out"
    )
    with pytest.raises(RunFolderError, match="is a file, not a run folder"):
        opened(tmp_path, "results")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(
        RunFolderError, match="cannot be written to: Permission denied; choose another folder"
    ):
        opened(tmp_path)


# ------------------------------------------------------------------------------------------ writing


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "leaderboard.json"
    atomic_files.write_atomically(file, "old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunFolderError) as caught:
        atomic_files.write_atomically(file, "new")
    assert str(caught.value) == f"{file}: cannot be written: No space left on device"
    assert file.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["leaderboard.json"]


def test_a_folder_that_cannot_be_replaced_leaves_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "first", leaderboard(name="old"))
    write(tmp_path / "second", leaderboard(name="new"))
    real = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name == "second":
            raise OSError(18, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(
        RunFolderError, match="cannot be replaced: Invalid cross-device link; the new run is in"
    ):
        atomic_files.replace_folder(tmp_path / "second", tmp_path / "first")
    assert load_run(tmp_path / "first").leaderboard.name == "old"
    assert load_run(tmp_path / "second").leaderboard.name == "new"


WHOLE = (BASELINE / "leaderboard.json").read_bytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "is empty; it should hold a JSON object", id="empty"),
        pytest.param(b" \n", "is empty; it should hold a JSON object", id="blank"),
        pytest.param(
            b"\xef\xbb\xbf" + WHOLE, "starts with a byte-order mark; save as UTF-8 without BOM", id="marked"
        ),
        pytest.param(WHOLE.decode().encode("utf-16"), "is UTF-16; save it as UTF-8", id="UTF-16"),
        pytest.param(
            b'{"zz": 1e999, ' + WHOLE[1:], "zz: the number 1e999 is too great to be read", id="too great"
        ),
        pytest.param(
            b'{"zz": [-' + b"9" * 400 + b".0], " + WHOLE[1:],
            f"zz[0]: the number -{'9' * 38}… of 403 characters is too great to be read",
            id="too long",
        ),
        pytest.param(
            b'{"zz": "\\ud83d", ' + WHOLE[1:],
            'zz: "\\ud83d" holds half of a surrogate pair; write the whole character',
            id="half a character",
        ),
        pytest.param(
            b'{"\\ud83d": 1, ' + WHOLE[1:],
            "\\ud83d: the key holds half of a surrogate pair; write the whole character",
            id="half a character in a key",
        ),
    ],
)
def test_a_leaderboard_is_strict_json(data: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "leaderboard.json"
    file.write_bytes(data)
    with pytest.raises(InputError) as caught:
        load_run(tmp_path)
    assert str(caught.value) == f"{file}: {message}"


def test_numbers_in_a_text_are_no_numbers(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.json").write_bytes(b'{"zz": ["one, 1e999", 1e-999, 1e100], ' + WHOLE[1:])
    assert load_run(tmp_path).leaderboard.run_id


def test_a_field_of_a_stored_file_is_named_as_in_other_files(tmp_path: Path) -> None:
    document = json.loads(WHOLE)
    document["rows"][0]["metrics"]["reading"]["em"]["value"] = 7
    (tmp_path / "leaderboard.json").write_text(json.dumps(document), "utf-8")
    with pytest.raises(InputError, match=r"json: rows\[0\]\.metrics\.reading\.em\.value: input"):
        load_run(tmp_path)


def test_candidates_in_the_form_in_which_they_were_written_need_no_pydantic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[object] = []
    adapter = PREDICTION_ADAPTER

    class Watched:
        def validate_python(self, value: dict[str, object]) -> PredictionRow:
            given.append(value["n_best"])
            return adapter.validate_python(value)

    best = Candidate(text="180", article="a", start=4, end=7, score=3.5, probability=0.25)
    rows = [prediction(), prediction(n_best=(best, replace(best, start=None, end=None)), marks=("m",))]
    monkeypatch.setattr(prediction_lines, "PREDICTION_ADAPTER", Watched())
    for row in rows:
        assert parse_prediction(json.loads(render_prediction(row))) == row
    assert given == [(), ()]
    foreign = json.loads(render_prediction(rows[1]))
    foreign["n_best"][0]["of_tomorrow"] = 1
    assert parse_prediction(foreign).n_best[0].text == "180"
    assert given[2] == foreign["n_best"]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        pytest.param(
            b'{"a":1,"n_best":[],"no_answer_given":true}', b'{"a":1,"no_answer_given":true}', id="none"
        ),
        pytest.param(
            rb'{"a":"x,\"n_best\":[","n_best":[{"text":"],\"no_answer_given\":"}],"no_answer_given":false}',
            rb'{"a":"x,\"n_best\":[","no_answer_given":false}',
            id="the same words in texts",
        ),
        pytest.param(
            b'{"n_best":[], "no_answer_given":true}', b'{"n_best":[], "no_answer_given":true}', id="spaces"
        ),
        pytest.param(b'{"a":1,"n_best":[{', b'{"a":1,"n_best":[{', id="cut off"),
        pytest.param(
            b'{"a":1,"n_best":[{"text":"]"}],"span":[3,6],"no_answer_given":true}',
            b'{"a":1,"n_best":[{"text":"]"}],"span":[3,6],"no_answer_given":true}',
            id="in another order",
        ),
    ],
)
def test_a_line_without_its_candidates(line: bytes, kept: bytes) -> None:
    assert without_candidates(line) == kept
