"""`qa-eval reproduce`, with stand-ins for the checkpoint and the data set: nothing here comes from a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_eval.evaluation import published_results
from qa_eval.evaluation.published_results import PUBLISHED, PublishedResult, Reproduced
from qa_eval.models.registry import parse_spec
from tests.support.command_line import call
from tests.support.public_files import SKY, qa, squad, write

# Three answerable questions, of which one is answered rightly, one half rightly and one wrongly, and one
# unanswerable question that is left unanswered: EM 2/4, F1 (1 + 2/3 + 0 + 1) / 4.
EM, F1 = 50.0, 200 / 3


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    golds = {"right": "sky", "half": "May 2015", "wrong": "sky", "none": None}
    asked = [qa(id, "What was it?", [(gold, SKY.find(gold))] if gold else []) for id, gold in golds.items()]
    write(tmp_path / "dev.json", squad([(SKY, asked)]))
    write(tmp_path / "answers.json", {"right": "sky", "half": "2015", "wrong": "sea", "none": ""})
    return tmp_path


def reproduce(monkeypatch: pytest.MonkeyPatch, note: str = "", **values: float) -> tuple[int, str]:
    result = PublishedResult(model="org/stand-in", values=values, note=note)
    monkeypatch.setattr(published_results, "PUBLISHED", (result,))
    done = call("reproduce", "stand-in", "-m", "predictions:answers.json", "--dataset", "squad:dev.json")
    return done.exit_code, done.output


def test_a_result_that_agrees_is_exit_code_0(stand_ins: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = reproduce(monkeypatch, note="A remark.", em=EM, f1=66.67)
    assert code == 0, output
    assert "note: A remark." in output
    assert "org/stand-in: every published value agrees within 0.1 points." in output
    assert (stand_ins / "results" / "reproduce-stand-in" / "leaderboard.json").is_file()


def test_a_result_that_does_not_agree_is_named_and_exit_code_1(
    stand_ins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = reproduce(monkeypatch, em=EM, f1=66.4, brier=10.0)
    assert code == 1
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert "EM 50.00 50.00 0.0 yes" in lines
    assert "F1 66.40 66.67 +0.3 no" in lines
    assert "org/stand-in: not within 0.1 points of the published value: F1, Brier." in output


@pytest.mark.parametrize(
    ("published", "here", "agrees"),
    [(0.7993, 0.7993, True), (0.7993, 0.8003, True), (0.7993, 0.7983, True), (0.7993, 0.8004, False)],
)
def test_a_tenth_of_a_point_is_allowed(published: float, here: float, agrees: bool) -> None:
    assert Reproduced("em", published, here).agrees is agrees


def test_without_a_name_the_results_are_listed() -> None:
    done = call("reproduce")
    assert done.exit_code == 0
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "roberta-base-squad2 deepset/roberta-base-squad2 79.93 82.95" in lines
    assert len(lines) == 1 + len(PUBLISHED)


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    done = call("reproduce", "roberta-base-squad")
    assert done.exit_code == 2
    assert "no published result is called roberta-base-squad; did you mean roberta-base-squad2" in done.output


def test_every_published_result_names_a_model_and_a_data_set_that_can_be_asked_for() -> None:
    for result in PUBLISHED:
        assert str(parse_spec(f"hf:{result.model}")) == f"hf:{result.model}"
        assert result.dataset == "hub:rajpurkar/squad_v2"
        assert all(0 < value < 100 for value in result.values.values())
    assert len({result.name for result in PUBLISHED}) == len(PUBLISHED)
