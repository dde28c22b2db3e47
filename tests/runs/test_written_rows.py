"""Scores read without pydantic: from which files, and that they are those of the rows."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.files import compression
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.records import field_names
from qa_eval.runs.schema import PredictionsFileRow
from qa_eval.runs.store import load_run
from qa_eval.runs.written_rows import written_scores

LINE = (
    b'{"article":"A","confidence":0.5,"fact":"f","golds":["400"],"item":"f@A","match":'
    b'{"detail":"","level":1,"ok":true,"rule":"exact"},"n_best":[{"text":"400"}],"prediction":"400",'
    b'"scores":{"em":1.0},"track":"reading","windows":"many"}\n'
)
"""A row. What is wrong in it is in fields that are no scores."""
OTHER = LINE.replace(b"f@A", b"f@B").replace(b'"A"', b'"B"')


def read(
    tmp_path: Path, data: bytes, text: bytes | None = None, *, rows: int | None = None
) -> list[ItemScore] | None:
    """The scores in a file of these bytes, if the run recorded this text and number of rows."""
    text = data if text is None else text
    file = tmp_path / "file"
    file.write_bytes(data)
    recorded = PredictionsFileRow(
        path="file", sha256=hashlib.sha256(text).hexdigest(), rows=text.count(b"\n") if rows is None else rows
    )
    return written_scores(file, recorded)


@pytest.mark.parametrize("read_bytes", [7, 1 << 16])
@pytest.mark.parametrize("unpacked_bytes", [5, 1 << 20])
@pytest.mark.parametrize("packed", [False, True])
def test_the_scores_of_a_file_are_read_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_bytes: int, unpacked_bytes: int, packed: bool
) -> None:
    monkeypatch.setattr(compression, "_READ", read_bytes)
    monkeypatch.setattr(compression, "_UNPACKED", unpacked_bytes)
    text = LINE + OTHER
    found = read(tmp_path, gzip.compress(text) if packed else text, text)
    assert found is not None
    assert [score.item for score in found] == ["f@A", "f@B"]
    assert found[0].scores == {"em": 1.0}
    assert found[0].match.rule == "exact"


@pytest.mark.parametrize("end", [b"", b"\n\n", b"\n \r\n"])
def test_empty_lines_and_a_last_line_without_an_end_are_read(tmp_path: Path, end: bytes) -> None:
    text = LINE.rstrip(b"\n") + end
    assert read(tmp_path, text, rows=1) is not None


PACKED = gzip.compress(LINE)


@pytest.mark.parametrize(
    ("data", "text", "rows"),
    [
        pytest.param(OTHER, LINE, 1, id="another text"),
        pytest.param(LINE, LINE, 2, id="another number of rows"),
        pytest.param(b"\n" + LINE[5:], b"\n" + LINE[5:], 1, id="no JSON"),
        pytest.param(LINE.replace(b"0.5", b"1.5"), LINE.replace(b"0.5", b"1.5"), 1, id="no fraction"),
        pytest.param(LINE.replace(b"1.0", b"[]"), LINE.replace(b"1.0", b"[]"), 1, id="no score"),
        pytest.param(PACKED[:-1], LINE, 1, id="cut off within the checksum"),
        pytest.param(PACKED[:-20], LINE, 1, id="cut off"),
        pytest.param(PACKED[:-8] + b"\1" * 8, LINE, 1, id="another checksum"),
        pytest.param(PACKED + PACKED, LINE, 1, id="two parts"),
        pytest.param(PACKED + b"more", LINE, 1, id="more after the end"),
    ],
)
def test_any_other_file_is_left_to_those_who_say_what_is_wrong(
    tmp_path: Path, data: bytes, text: bytes, rows: int
) -> None:
    assert read(tmp_path, data, text, rows=rows) is None


def test_a_file_without_a_recorded_hash_and_a_missing_one_are_left(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert written_scores(file, PredictionsFileRow(path="file", sha256="", rows=1)) is None
    file.write_bytes(LINE)
    assert written_scores(file, PredictionsFileRow(path="file", sha256="", rows=1)) is None


def test_scores_are_those_of_the_rows(committed: qa.Run) -> None:
    for row in committed.leaderboard.rows:
        rows = list(committed.scored(row))
        scores = committed.scores(row)
        assert [type(score) for score in scores] == [ItemScore] * len(rows)
        for name in field_names(ItemScore):
            assert [getattr(s, name) for s in scores] == [getattr(r, name) for r in rows], name


def test_scores_of_a_damaged_file_say_what_is_wrong(committed: qa.Run, tmp_path: Path) -> None:
    assert committed.path is not None
    row = next(row for row in committed.leaderboard.rows if row.predictions is not None)
    assert row.predictions is not None
    (tmp_path / "leaderboard.json").write_bytes((committed.path / "leaderboard.json").read_bytes())
    (tmp_path / "predictions").mkdir()
    run = load_run(tmp_path)
    with pytest.raises(qa.InputError, match="the answers are not stored with this leaderboard"):
        run.scores(row)
    text = gzip.decompress(committed.file(row.predictions).read_bytes())
    for damaged, message in (
        (text.replace(b'"missing":false', b'"missing":0.5', 1), ":1: missing: input should be a valid"),
        (text.replace(b'"prediction":"', b'"prediction":"x', 1), "is not what the run wrote"),
        (text[: text.rindex(b"\n", 0, -1) + 1], "rows, but leaderboard.json records"),
    ):
        run.file(row.predictions).write_bytes(damaged)
        with pytest.raises(qa.InputError, match=message):
            run.scores(row)
