"""Which published set a file is taken for, which rules follow, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa_eval import evaluate, score
from qa_eval.data.dataset import PublicDataset
from qa_eval.data.published_sets import Marks, Version, origin_of
from qa_eval.errors import InputError, QaEvalError
from qa_eval.evaluation.plans import settle
from qa_eval.evaluation.verification import verify
from qa_eval.metrics.rules.squad import RULES
from qa_eval.records import Example
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import load_run
from tests.support.command_line import call
from tests.support.plain_rules import plain_means
from tests.support.public_files import flat, mrqa, open_public, qa, squad, write, write_lines

KOREAN = "도서관은 1962년에 문을 열었다."
CHINESE = "木橋建於1931年，由工匠林遠山設計，後來改名為望歸橋。"
ENGLISH = "The bridge was built in 1931 by a joiner."
JAPANESE = "橋は1931年に大工が建てたものである。"
THAI = "สะพานสร้างในปีนั้นโดยช่างไม้"
SCRIPTS = {
    KOREAN: ("언제 열었는가?", "1962년"),
    CHINESE: ("誰設計木橋？", "林遠山"),
    ENGLISH: ("Who built it?", "a joiner"),
    JAPANESE: ("誰が建てた？", "大工"),
    THAI: ("ใครสร้าง", "ช่างไม้"),
}
NO_VERSION = object()


def made(
    tmp_path: Path, text: str, version: object = NO_VERSION, ids: str = "q{}", **more: Any
) -> PublicDataset:
    """Two questions on a text."""
    question, gold = SCRIPTS[text]
    asked = [qa(ids.format(n), question, [(gold, text.index(gold))], **more) for n in range(2)]
    document = squad([(text, asked)])
    del document["version"]
    if version is not NO_VERSION:
        document["version"] = version
    return open_public(f"squad:{write(tmp_path / 'dev.json', document)}")


NUMBERS, CMRC = "2128-2-{}", "DEV_21_QUERY_{}"


@pytest.mark.parametrize(
    ("text", "version", "ids", "rules"),
    [
        pytest.param(KOREAN, "KorQuAD_v1.0_dev", NUMBERS, "korquad-v1", id="KorQuAD"),
        pytest.param(KOREAN, "KorQuAD_v1.0_train", "q{}", "korquad-v1", id="KorQuAD, training"),
        pytest.param(KOREAN, "korquad 1", "q{}", "korquad-v1", id="KorQuAD, written otherwise"),
        pytest.param(KOREAN, "KorQuAD_2.0_dev", NUMBERS, "squad-v1.1", id="KorQuAD 2 has other rules"),
        pytest.param(KOREAN, "KorQuAD_v2.1_dev", NUMBERS, "squad-v1.1", id="KorQuAD 2.1"),
        pytest.param(KOREAN, NO_VERSION, NUMBERS, "squad-v1.1", id="such ids alone are not certain"),
        pytest.param(CHINESE, "v1.0", CMRC, "cmrc2018", id="ids of CMRC"),
        pytest.param(CHINESE, NO_VERSION, "TRIAL_8_QUERY_{}", "cmrc2018", id="ids of CMRC's trial set"),
        pytest.param(CHINESE, "v1.1", "TRAIN_8_QUERY_{}", "cmrc2018", id="ids and SQuAD's version"),
        pytest.param(CHINESE, "cmrc2018_dev", "q{}", "cmrc2018", id="version of CMRC"),
        pytest.param(CHINESE, "CMRC2019", "q{}", "squad-v1.1", id="CMRC 2019 is another task"),
        pytest.param(CHINESE, "v1.0", "DEV_21_QUESTION_{}", "squad-v1.1", id="nearly ids of CMRC"),
        pytest.param(CHINESE, "1.3", NUMBERS, "drcd", id="DRCD"),
        pytest.param(CHINESE, 1.3, "q{}", "drcd", id="DRCD, its version a number"),
        pytest.param(CHINESE, "DRCD v1", "q{}", "drcd", id="version with DRCD's name"),
        pytest.param(CHINESE, "1.1", NUMBERS, "squad-v1.1", id="XQuAD's version"),
        pytest.param(ENGLISH, "1.3", NUMBERS, "squad-v1.1", id="DRCD is Chinese"),
        pytest.param(JAPANESE, "1.3", NUMBERS, "squad-v1.1", id="and not Japanese"),
        pytest.param(ENGLISH, "mlqa.de.en", "q{}", "mlqa-de", id="MLQA with its language"),
        pytest.param(ENGLISH, "MLQA 1.0", "q{}", "squad-v1.1", id="MLQA without"),
        pytest.param(ENGLISH, "TyDiQA-GoldP-1.1-for-SQuAD-1.1", "q{}", "squad-v1.1", id="TyDiQA"),
        pytest.param(ENGLISH, "v1.1", "q{}", "squad-v1.1", id="SQuAD"),
        pytest.param(ENGLISH, None, "q{}", "squad-v1.1", id="null"),
        pytest.param(ENGLISH, True, "q{}", "squad-v1.1", id="true"),
        pytest.param(ENGLISH, ["KorQuAD_v1.0"], "q{}", "squad-v1.1", id="a list"),
        pytest.param(ENGLISH, {"n": [{"a": 1}]}, "q{}", "squad-v1.1", id="an object"),
        pytest.param(ENGLISH, 10**18, "q{}", "squad-v1.1", id="a huge number"),
        pytest.param(ENGLISH, "", "q{}", "squad-v1.1", id="an empty text"),
    ],
)
def test_rules_are_those_of_the_set_that_a_file_names(
    tmp_path: Path, text: str, version: object, ids: str, rules: str
) -> None:
    dataset = made(tmp_path, text, version, ids)
    assert dataset.rules == rules
    # Any version is accepted, and nothing else depends on it.
    (example, _) = dataset
    assert example.golds == (SCRIPTS[text][1],)


@pytest.mark.parametrize(
    ("text", "version", "ids", "notes"),
    [
        pytest.param(ENGLISH, "v1.1", "q{}", [], id="SQuAD says nothing"),
        pytest.param(ENGLISH, 2.0, "q{}", [], id="SQuAD 2.0, a number"),
        pytest.param(
            KOREAN,
            "KorQuAD_v1.0_dev",
            "q{}",
            [
                'rules: korquad-v1, KorQuAD 1.0\'s own (its version is "KorQuAD_v1.0_dev"); '
                "--rules chooses others"
            ],
            id="named",
        ),
        pytest.param(
            CHINESE,
            "v1.0",
            CMRC,
            ['rules: cmrc2018, CMRC 2018\'s own (its ids are like "DEV_21_QUERY_0"); --rules chooses others'],
            id="ids",
        ),
        pytest.param(
            CHINESE,
            1.3,
            "q{}",
            [
                "rules: drcd, DRCD's own (its version is the number 1.3, and it is Chinese); "
                "--rules chooses others"
            ],
            id="version and script",
        ),
        pytest.param(
            ENGLISH,
            "aok_v1.0",
            "q{}",
            [
                'rules: squad-v1.1, which are not CUAD\'s own (its version is "aok_v1.0"): its script '
                "measures precision at a recall, over n-best lists; --rules chooses others"
            ],
            id="a set whose rules are not here",
        ),
        pytest.param(
            ENGLISH,
            "BioASQ6b",
            "q{}",
            [
                "rules: squad-v1.1, because no set with rules of its own is named "
                '(its version is "BioASQ6b"); --rules chooses others'
            ],
            id="unknown",
        ),
        pytest.param(
            ENGLISH,
            NO_VERSION,
            "q{}",
            [
                "rules: squad-v1.1, because no set with rules of its own is named (it has no version); "
                "--rules chooses others"
            ],
            id="none",
        ),
        pytest.param(
            KOREAN,
            None,
            NUMBERS,
            [
                "rules: squad-v1.1, because no set with rules of its own is named (it has no version). "
                "It may be KorQuAD 1.0, whose rules are korquad-v1; --rules chooses others"
            ],
            id="maybe KorQuAD",
        ),
        pytest.param(
            CHINESE,
            "1.1",
            "q{}",
            [
                "2 of 2 questions have golds in a script without spaces; squad-v1.1 takes a run of such "
                "letters for one token, and F1 gives no credit for a part of it; --rules mlqa-zh "
                "counts Chinese characters, cmrc2018 and drcd their longest common run"
            ],
            id="Chinese",
        ),
        pytest.param(
            THAI,
            "1.1",
            "q{}",
            [
                "2 of 2 questions have golds in a script without spaces; squad-v1.1 takes a run of such "
                "letters for one token, and F1 gives no credit for a part of it; none of the "
                "rules splits it into words"
            ],
            id="Thai",
        ),
        pytest.param(KOREAN, "1.1", "q{}", [], id="Korean has spaces"),
    ],
)
def test_one_line_says_which_rules_were_taken_and_how_to_choose_others(
    tmp_path: Path, text: str, version: object, ids: str, notes: list[str]
) -> None:
    dataset = made(tmp_path, text, version, ids)
    assert list(dataset.notes()) == notes
    said = call(
        "run", "-m", "baseline:abstain", "--dataset", dataset.spec, "--out", str(tmp_path / "results")
    )
    assert said.exit_code == 0
    assert [line for line in said.stderr.splitlines() if line.startswith("note: ")] == [
        f"note: {sentence}" for sentence in notes
    ]
    (folder,) = (tmp_path / "results").iterdir()
    assert load_run(folder).leaderboard.data.notes == tuple(notes)
    assert score({"q0": ""}, dataset.spec).notes[: len(notes)] == tuple(notes)


def test_a_version_may_come_after_the_data_and_twice_is_an_error(tmp_path: Path) -> None:
    dataset = made(tmp_path, KOREAN)
    document = json.loads((tmp_path / "dev.json").read_text())
    write(tmp_path / "dev.json", document | {"version": "KorQuAD_v1.0_dev"})
    assert dataset.rules == "korquad-v1"
    text = (tmp_path / "dev.json").read_text()
    write(tmp_path / "dev.json", text[:-1] + ', "version": "1.1"}')
    changed = open_public(dataset.spec)
    with pytest.raises(InputError, match="version: the key is there twice"):
        changed.check()


def test_some_ids_of_another_kind_leave_a_set_unnamed(tmp_path: Path) -> None:
    asked = [qa(id, "木桥由谁设计？", [("木橋", 0)]) for id in ("DEV_1_QUERY_0", "own-1")]
    document = squad([(CHINESE, asked)], version="v1.0")
    assert open_public(f"squad:{write(tmp_path / 'dev.json', document)}").rules == "squad-v1.1"


def test_a_named_set_with_unanswerable_questions_is_scored_as_squad_2(tmp_path: Path) -> None:
    asked = [qa("a", "언제?", [("1962년", 5)]), qa("b", "누가?", is_impossible=True)]
    document = squad([(KOREAN, asked)], version="KorQuAD_v1.0_dev")
    dataset = open_public(f"squad:{write(tmp_path / 'dev.json', document)}")
    assert dataset.rules == "squad-v2.0"
    assert list(dataset.notes()) == [
        'rules: squad-v2.0, not KorQuAD 1.0\'s own (its version is "KorQuAD_v1.0_dev"), korquad-v1, which '
        "has no unanswerable questions; --rules chooses others"
    ]


def test_few_answers_in_another_script_are_no_reason_for_a_note(tmp_path: Path) -> None:
    rows = [flat(f"q{n}", "Who?", ENGLISH, [("a joiner", 32)]) for n in range(19)]
    rows.append(flat("q19", "What does the sign say?", "The sign says 橋.", [("橋", 14)]))
    (note,) = open_public(f"jsonl:{write_lines(tmp_path / 'rows.jsonl', rows)}").notes()
    assert note.startswith("rules: squad-v1.1, because")


def test_rows_without_a_version_are_known_by_their_ids(tmp_path: Path) -> None:
    rows = [flat(f"DEV_3_QUERY_{n}", "木橋？", CHINESE, [("木橋", 0)]) for n in range(3)]
    assert open_public(f"jsonl:{write_lines(tmp_path / 'rows.jsonl', rows)}").rules == "cmrc2018"


def test_the_rules_of_mrqa_are_those_of_its_format(tmp_path: Path) -> None:
    places = {"a joiner": [[32, 39]]}
    questions = [("DEV_1_QUERY_0", "Who?", ["a joiner"], places)]
    path = write_lines(tmp_path / "dev.jsonl", mrqa((ENGLISH, questions)))
    dataset = open_public(f"mrqa:{path}")
    assert (dataset.rules, list(dataset.notes())) == ("mrqa", [])
    assert list(dataset.with_rules("mlqa-en").notes()) == [
        "scored by mlqa-en, as requested; the default for this data set is mrqa"
    ]


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("KorQuAD/squad_kor_v1", "korquad-v1"),
        ("hfl/cmrc2018", "cmrc2018"),
        ("facebook/mlqa/mlqa.zh.de@refs/convert/parquet", "mlqa-zh"),
        ("facebook/mlqa/mlqa-translate-train.zh", "squad-v1.1"),
        ("google/xquad/xquad.zh", "squad-v1.1"),
        ("rajpurkar/squad", "squad-v1.1"),
        ("", "squad-v1.1"),
    ],
)
def test_a_set_of_the_hub_is_known_by_its_name(name: str, rules: str) -> None:
    assert origin_of(Marks(), hub_name=name).rules(unanswerable=False) == rules


def test_the_version_of_a_file_goes_before_its_ids() -> None:
    marks = Marks(version=Version("KorQuAD_v1.0_dev"))
    marks.add(Example(id="DEV_1_QUERY_0", question="", context="", context_id="", golds=("x",), starts=()))
    assert origin_of(marks).rules(unanswerable=False) == "korquad-v1"


# ------------------------------------------------------------------------------------------ choosing


@pytest.mark.parametrize("rules", ["cmrc2018", "mlqa-zh", "squad-v1.1", "squad-v2.0"])
def test_a_run_is_scored_by_the_rules_that_are_asked_for(tmp_path: Path, rules: str) -> None:
    dataset = made(tmp_path, CHINESE, "v1.0", CMRC)
    answers = write(tmp_path / "answers.json", {"DEV_21_QUERY_0": "工匠林遠山", "DEV_21_QUERY_1": "橋"})
    (tmp_path / "run.toml").write_text(f'dataset = ["{dataset.spec}"]\nrules = "{rules}"\n')
    flags = ["run", "-m", f"predictions:{answers}", "--config", str(tmp_path / "run.toml")]
    said = call(*flags, "--out", str(tmp_path), "--name", "run")
    assert said.exit_code == 0, said.output
    run = load_run(tmp_path / "run")
    board = run.leaderboard
    assert board.rules == rules
    assert all(row.signature.startswith(f"rules:{rules}|") for row in board.rows)
    row = board.row(f"predictions:{answers}")
    golds = [(e.id, e.golds) for e in dataset]
    expected = plain_means(golds, json.loads(answers.read_text()), rules)
    for ours, theirs in (("em", "exact_match"), ("f1", "f1")):
        found = row.metric("reading", ours)
        assert found is not None
        assert found.value == pytest.approx(expected[theirs] / 100, abs=1e-12)
    assert verify(tmp_path / "run") == []
    (tmp_path / "dev.json").unlink()
    assert verify(tmp_path / "run") == []


def test_runs_by_other_rules_are_other_runs(tmp_path: Path) -> None:
    spec = made(tmp_path, CHINESE, "v1.0", CMRC).spec
    runs = {
        rules: evaluate(
            ["baseline:abstain"], dataset=spec, out=tmp_path, name=name, options=RunOptions(rules=rules)
        )
        for name, rules in (("own", None), ("other", "mlqa-zh"))
    }
    assert {key: run.leaderboard.rules for key, run in runs.items()} == {
        None: "cmrc2018",
        "mlqa-zh": "mlqa-zh",
    }
    assert runs[None].leaderboard.run_id != runs["mlqa-zh"].leaderboard.run_id
    asked_for = evaluate(["baseline:abstain"], dataset=spec, options=RunOptions(rules="cmrc2018"))
    assert asked_for.leaderboard.run_id == runs[None].leaderboard.run_id
    for command in ("compare", "leaderboard"):
        said = call(command, str(tmp_path / "own"), str(tmp_path / "other"))
        assert said.exit_code == 2
        assert "rules: cmrc2018 in own" in said.stderr
    with pytest.raises(QaEvalError, match=r"own: holds another run \(other rules\)"):
        evaluate(
            ["baseline:abstain"], dataset=spec, out=tmp_path, name="own", options=RunOptions(rules="drcd")
        )


def test_a_run_that_says_other_rules_than_its_rows_does_not_verify(tmp_path: Path) -> None:
    spec = made(tmp_path, CHINESE, "v1.0", CMRC).spec
    evaluate(["baseline:abstain"], dataset=spec, out=tmp_path, name="run")
    path = tmp_path / "run" / "leaderboard.json"
    path.write_text(path.read_text().replace('"rules": "cmrc2018"', '"rules": "drcd"'))
    assert any("signature: stored 'rules:cmrc2018" in line for line in verify(tmp_path / "run"))


def test_a_run_by_rules_that_this_version_does_not_have_is_refused(tmp_path: Path) -> None:
    spec = made(tmp_path, CHINESE, "v1.0", CMRC).spec
    evaluate(["baseline:abstain"], dataset=spec, out=tmp_path, name="run")
    path = tmp_path / "run" / "leaderboard.json"
    path.write_text(path.read_text().replace('"rules": "cmrc2018"', '"rules": "cmrc2030"'))
    for _ in range(2):
        with pytest.raises(QaEvalError, match=r"no rules called 'cmrc2030'; there are: squad-v1\.1"):
            verify(tmp_path / "run")
        (tmp_path / "dev.json").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        pytest.param(
            ["run", "-m", "baseline:abstain", "--rules", "mrqa"], "--rules: only with --dataset", id="run"
        ),
        pytest.param(
            ["plan", "-m", "baseline:abstain", "--rules", "mrqa"], "--rules: only with --dataset", id="plan"
        ),
        pytest.param(
            ["bench", "-m", "embedded", "--rules", "mrqa"], "--rules: only with --dataset", id="bench"
        ),
        pytest.param(["run", "--rules", "korquad"], "'korquad-v1'", id="an unknown name"),
    ],
)
def test_rules_that_have_no_use_are_refused(args: list[str], words: str) -> None:
    said = call(*args)
    assert said.exit_code == 2
    assert words in said.stderr


def test_rules_that_do_not_fit_a_data_set_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    document = squad([(ENGLISH, [qa("a", "Who?", [("a joiner", 32)]), qa("b", "Why?", is_impossible=True)])])
    spec = f"squad:{write(tmp_path / 'dev.json', document)}"
    with pytest.raises(QaEvalError, match=r"1 of 2 questions have no gold, such as 'b'; korquad-v1 has no"):
        evaluate(
            ["baseline:abstain"],
            dataset=spec,
            out=tmp_path / "results",
            options=RunOptions(rules="korquad-v1"),
        )
    assert not (tmp_path / "results").exists()
    with pytest.raises(QaEvalError, match=r"no rules called 'korquad'; there are: squad-v1\.1"):
        open_public(spec, rules="korquad")
    with pytest.raises(QaEvalError, match=r"rules: mrqa: works only with a public data set"):
        settle(["baseline:abstain"], options=RunOptions(rules="mrqa"))


def test_every_rule_can_be_asked_for_by_its_name(tmp_path: Path) -> None:
    dataset = made(tmp_path, ENGLISH, "v1.1")
    for rules in RULES:
        card = score({"q0": "a joiner", "q1": "a"}, dataset, rules=rules)
        assert card.rules == rules
