"""Facts with their own passages, through every command: asked, scored, stored, verified, shown, exported."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import qa_eval as qa
from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import open_dataset
from qa_eval.errors import QaEvalError
from qa_eval.evaluation.run import Interrupted
from qa_eval.evaluation.verification import verify
from qa_eval.records import Instance, Prediction
from qa_eval.report.report_files import build_report
from qa_eval.runs.store import Run, load_run
from tests.support.command_line import call, done
from tests.support.fake_models import FakeModel
from tests.support.passage_sets import BROKEN_BOW, FACTS, town, write_facts

OPTIONS = qa.RunOptions(resamples=99)
MODELS = ("baseline:first-of-type", "baseline:sliding-window")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_facts(tmp_path_factory.mktemp("facts") / "mine.jsonl.gz")


@pytest.fixture(scope="module")
def run(spec: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return qa.evaluate(
        MODELS, dataset=spec, out=tmp_path_factory.mktemp("runs"), name="mine", options=OPTIONS
    )


def folder(run: Run) -> Path:
    assert run.path is not None
    return run.path


# ------------------------------------------------------------------------------------------ running


def test_each_fact_is_asked_of_its_own_passages(run: Run) -> None:
    data = run.leaderboard.data
    assert (data.kind, data.facts, data.contested) == ("claims", 12, 10)
    assert (data.items.reading, data.items.pooled) == (31, 12)
    items = [row.item for row in run.predictions(MODELS[0])]
    assert items[:5] == ["broken-bow@d1", "broken-bow@d2", "broken-bow@d3", "broken-bow@*", "town-0@a"]
    assert not [item for item in items if item.startswith(("mill-burnt", "mill-age"))]
    assert data.notes[0] == "1 fact that is not used"


def test_a_pooled_answer_is_of_the_facts_own_passages(run: Run) -> None:
    pooled = [row for row in run.predictions(MODELS[0]) if row.track == "pooled"]
    for row in pooled:
        own = {passage["id"] for fact in FACTS if fact["id"] == row.fact for passage in fact["passages"]}
        assert {c.article for c in row.n_best} <= own


def test_the_pooled_hash_covers_the_facts_passages_alone(run: Run, tmp_path: Path) -> None:
    other = qa.evaluate(
        MODELS[0], dataset=write_facts(tmp_path / "f.jsonl", [BROKEN_BOW, town(1)]), options=OPTIONS
    )
    before, after = (
        {row.item: row.context_sha256 for row in some.predictions(MODELS[0])} for some in (run, other)
    )
    assert {item: before[item] for item in after} == after


def test_slices_are_of_abstractive_items_and_categories_not_of_passages(run: Run) -> None:
    slices = run.leaderboard.row(MODELS[0]).slices
    assert {"settled", "contested", "silent", "abstractive", "category:wells"} <= set(slices)
    assert not [name for name in slices if name.startswith("article:")]
    assert slices["abstractive"]["em"].n == 1


def test_marks_are_held_against_chance(run: Run) -> None:
    metrics = run.leaderboard.row("reference:oracle").metrics["pooled"]
    assert metrics["misinformation_chance"].value == pytest.approx(0.5)
    assert metrics["preferred"].value == 1.0
    other = run.leaderboard.row("reference:other-source").metrics["pooled"]
    assert other["preferred"].n == 9


def test_sources_are_preferred_by_name_and_by_position(run: Run) -> None:
    found = run.leaderboard.row(MODELS[0]).source_preference
    assert set(found) == {"gazette.example", "courier.example", "position 1", "position 2"}
    assert found["gazette.example"]["n"] >= 8
    assert found["gazette.example"]["chance"] == 0.5


def test_a_text_that_is_both_passages_has_no_leak_and_no_contrast(run: Run) -> None:
    owner = [row for row in run.predictions(MODELS[0]) if row.fact == "mill-owner"]
    assert all("leak" not in row.scores for row in owner)
    contrast = run.leaderboard.row(MODELS[0]).metrics["reading"]["contrast_consistency"]
    assert contrast.n == 9  # of ten contested facts


def test_where_nothing_is_silent_the_table_is_sorted_by_f1(tmp_path: Path) -> None:
    facts = [town(n) | {"unlisted": "partial"} for n in range(9)]
    found = qa.evaluate(MODELS, dataset=write_facts(tmp_path / "f.jsonl", facts), options=OPTIONS)
    assert found.leaderboard.sort == "reading.f1"
    metrics = found.leaderboard.row(MODELS[0]).metrics["reading"]
    assert not {name for name in metrics if name.startswith(("balanced", "no_answer"))}


def test_the_result_does_not_depend_on_how_the_facts_are_cut_into_parts(
    spec: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.claim_facts.PART", 1)
    small = qa.evaluate(MODELS[0], dataset=spec, options=OPTIONS)
    assert small.predictions(MODELS[0]) == run.predictions(MODELS[0])
    assert small[MODELS[0]].row.metrics == run[MODELS[0]].row.metrics


def test_options_choose_facts_tracks_and_wordings(tmp_path: Path) -> None:
    facts = [town(n) | {"paraphrases": ["Count the wells."]} for n in range(9)]
    spec = write_facts(tmp_path / "f.jsonl", facts)
    options = qa.RunOptions(track="reading", paraphrases=True, limit=2, categories=("wells",), resamples=99)
    found = qa.evaluate(MODELS[0], dataset=spec, options=options)
    assert found.leaderboard.data.items.reading == 12
    assert found.leaderboard.data.whole is not None
    assert found.leaderboard.data.whole.items.reading == 27
    with pytest.raises(QaEvalError, match="category: no question has"):
        qa.evaluate(MODELS[0], dataset=spec, options=qa.RunOptions(categories=("towns",)))
    with pytest.raises(QaEvalError, match="columns: cannot be used with a data set of facts"):
        qa.evaluate(MODELS[0], dataset=open_dataset(spec), options=qa.RunOptions(columns=("id=q",)))


def test_a_threshold_is_fitted_on_the_other_facts(spec: str, tmp_path: Path, tiny_spec: str) -> None:
    options = qa.RunOptions(resamples=99, threshold="cross-fit", cache=False, doc_stride=16, max_length=64)
    found = qa.evaluate(tiny_spec, dataset=spec, out=tmp_path, name="fit", options=options)
    thresholds = {row.threshold for row in found.predictions(tiny_spec) if row.track == "reading"}
    assert len(thresholds) > 1
    assert verify(folder(found)) == []


@pytest.mark.usefixtures("own_cache")
def test_answers_are_kept_in_the_cache(spec: str, tmp_path: Path, tiny_spec: str) -> None:
    options = qa.RunOptions(resamples=99, doc_stride=16, max_length=64)
    whole = qa.evaluate(tiny_spec, dataset=spec, out=tmp_path, name="whole", options=options)
    again = qa.evaluate(tiny_spec, dataset=spec, out=tmp_path, name="again", options=options)
    assert again.leaderboard.run_id == whole.leaderboard.run_id
    assert again.leaderboard.row(tiny_spec).counts.cached == 31


class Stops(FakeModel):
    """A model that is interrupted once, at its 20th answer."""

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        for instance in instances:
            if len(self.asked) == 19:
                self.asked.append("interrupted")
                raise KeyboardInterrupt
            yield from super().predict([instance])


@pytest.mark.usefixtures("own_cache")
def test_an_interrupted_run_goes_on_where_it_stopped(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa_eval.evaluation.tasks.claim_facts.PART", 1)
    model = Stops("slow")
    with pytest.raises(Interrupted):
        qa.evaluate(model, dataset=spec, out=tmp_path, name="run", options=OPTIONS)
    resumed = qa.evaluate(model, dataset=spec, out=tmp_path, name="run", options=OPTIONS)
    whole = qa.evaluate(FakeModel("slow"), dataset=spec, options=OPTIONS.updated({"cache": False}))
    assert resumed.leaderboard.status == "complete"
    assert [row.n_best for row in resumed.predictions("test:slow")] == [
        row.n_best for row in whole.predictions("test:slow")
    ]
    assert resumed["test:slow"].row.metrics == whole["test:slow"].row.metrics
    assert resumed["test:slow"].row.counts.cached > 0
    assert verify(folder(resumed)) == []


# ------------------------------------------------------------------------------------------ commands


def test_the_numbers_come_out_again(run: Run) -> None:
    assert verify(folder(run)) == []
    assert "every number is the same" in done("verify", folder(run)).stdout


def test_a_changed_answer_is_found(run: Run, spec: str, tmp_path: Path) -> None:
    copied = qa.evaluate(MODELS[0], dataset=spec, out=tmp_path, name="copied", options=OPTIONS)
    file = next((folder(copied) / "predictions").iterdir())
    file.write_text(file.read_text().replace('"match":{"detail":"identical"', '"match":{"detail":"equal"', 1))
    assert any("match" in line for line in verify(folder(copied)))


def test_items_that_are_stored_twice_are_named_even_if_the_order_of_facts_is_wrong(
    spec: str, tmp_path: Path
) -> None:
    copied = qa.evaluate(MODELS[0], dataset=spec, out=tmp_path, name="copied", options=OPTIONS)
    file = next((folder(copied) / "predictions").iterdir())
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[-1], *lines]))
    assert any("stored twice" in line for line in verify(folder(copied)))


def test_verify_needs_the_claims(tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "gone.jsonl")
    found = qa.evaluate(MODELS[0], dataset=spec, out=tmp_path / "runs", options=OPTIONS)
    moved = (tmp_path / "gone.jsonl").rename(tmp_path / "here.jsonl")
    refused = call("verify", folder(found))
    assert refused.exit_code == 2
    assert "does not exist. Its claims decide the scores; name the data set with --dataset" in refused.stderr
    assert done("verify", folder(found), "--dataset", f"claims:{moved}")


def test_verify_tells_other_data(run: Run, tmp_path: Path) -> None:
    other = write_facts(tmp_path / "other.jsonl", [town(1)])
    found = verify(folder(run), dataset=open_dataset(other))
    assert any("questions_sha256" in line for line in found)


def test_show_has_the_claims_and_the_passage(run: Run) -> None:
    shown = done("show", folder(run), "broken-bow", "-m", MODELS[0], columns=100).stdout
    assert "gold   “3,559 people”  claim 3559" in shown
    assert "others “10,000”  claim 10000: d2" in shown
    assert "«3,559 people»" in shown or "⟦3,559⟧" in shown


def test_leaderboard_compare_and_export_read_the_run(run: Run, tmp_path: Path) -> None:
    board = done("leaderboard", folder(run), columns=200).stdout
    assert "misinformation: 50.0 if one of the claims of each fact were picked at random" in board
    assert "they speak of other facts with their own passages" in board
    compared = done(
        "compare", folder(run), folder(run), "--model", MODELS[0], "--against", MODELS[1], columns=120
    ).stdout
    assert "31 reading and 12 pooled items of 12 facts" in compared
    rows = list(csv.DictReader(done("export", folder(run), "--format", "csv").stdout.splitlines()))
    assert len(rows) == 2 * 43
    name = json.loads(done("export", folder(run), "--format", "lm-eval", "-m", MODELS[0]).stdout)
    assert "mine" in json.dumps(name["results"])


def test_every_eval_ever_holds_the_texts(run: Run) -> None:
    whole = json.loads(done("export", folder(run), "--format", "every-eval-ever", "-m", MODELS[0]).stdout)
    assert whole["detailed_evaluation_results"]["total_rows"] == 43


def test_the_report_has_a_page_for_each_fact(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "report"
    printed = done("report", folder(run), "--out", out)
    assert "changed" not in printed.stderr
    page = (out / "questions" / "broken-bow.html").read_text("utf-8")
    assert "rumours.example" in page or "10,000" in page
    assert "In the census there were" in re.sub(r"<[^>]+>", "", page)
    assert len(list((out / "questions").glob("*.html"))) == 12


def test_the_contested_page_marks_claims_and_names_sources(run: Run, spec: str) -> None:
    files = build_report([run], open_dataset(spec)).files
    page = re.sub(r"<[^>]+>", " ", str(files["contested.html"]))
    block = " ".join(page[page.index("What is the population of Broken Bow?") :].split())
    assert re.search(r"3,559 people preferred d1 census\.gov", block)
    assert re.search(r"10,000 misinformation d2 rumours\.example", block)
    assert "mine.jsonl.gz: 12 facts" in str(files["index.html"])
    assert "Claims:" not in str(files["index.html"])
    question = re.sub(r"<[^>]+>", " ", str(files["questions/broken-bow.html"]))
    assert re.search(r"10000\s+misinformation", question)
    assert re.search(r"d1\s+census\.gov", question)


def test_a_leaderboard_alone_is_a_state_that_commands_name(run: Run, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "leaderboard.json").write_bytes((folder(run) / "leaderboard.json").read_bytes())
    assert "the models' numbers cannot be checked" in " ".join(done("verify", alone).stdout.split())
    done("leaderboard", alone)
    done("report", alone, "--out", tmp_path / "report")
    for words in (["show", alone, "broken-bow"], ["export", alone, "--format", "csv"]):
        assert "the answers are not stored" in call(*words).stderr


def test_packed_answers_of_facts_are_verified(spec: str, run: Run, tmp_path: Path) -> None:
    options = OPTIONS.updated({"compress": True})
    packed = qa.evaluate(MODELS, dataset=spec, out=tmp_path, name="packed", options=options)
    assert {path.suffix for path in (folder(packed) / "predictions").iterdir()} == {".gz"}
    assert packed.predictions(MODELS[0]) == run.predictions(MODELS[0])
    assert verify(folder(packed)) == []


def test_plan_counts_the_facts(spec: str) -> None:
    planned = json.loads(
        done("plan", "-m", MODELS[0], "--dataset", spec, "--probe-seconds", "0.1", "--json").stdout
    )
    assert '"items": 31' in json.dumps(planned)


def test_run_says_what_is_left_out(spec: str, tmp_path: Path) -> None:
    ran = done("run", "-m", MODELS[0], "--dataset", spec, "--track", "pooled", "--out", tmp_path)
    assert "13 facts, 11 contested, over 33 passages of their own" in ran.stderr
    assert "1 claim that no passage states; it is left out; the first:" in ran.stderr
    assert "questions check --dataset" in ran.stderr


def test_flags_of_the_curated_set_are_refused(spec: str, tmp_path: Path) -> None:
    refused = call("run", "--dataset", spec, "--articles", tmp_path)
    assert refused.exit_code == 2
    assert "--articles: not with --dataset, which takes their place." in refused.stderr


# ------------------------------------------------------------------------------------------ check


def test_the_check_lists_everything_with_its_place(spec: str) -> None:
    checked = done("questions", "check", "--dataset", spec).stdout.splitlines()
    place = Path(spec.removeprefix("claims:")).as_posix()
    assert f'{place}:14: claims[0]: warning: claim "90" ("90 years"): no passage states it' in checked
    assert checked[-1] == f"{spec}: 18 remarks"
    whole = json.loads(done("questions", "check", "--dataset", spec, "--format", "json").stdout)
    assert whole["ok"] is True
    assert whole["remarks"]["dropped-claim"] == 1


def test_the_check_fails_on_errors(tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "f.jsonl", [BROKEN_BOW | {"silent": ["d9"]}])
    checked = call("questions", "check", "--dataset", spec)
    assert checked.exit_code == 1
    assert 'f.jsonl:1: silent[0]: there is no passage "d9" in the fact' in checked.stdout
    assert call("questions", "check", "--dataset", spec, "--fix").exit_code == 2
    ran = call("run", "-m", MODELS[0], "--dataset", spec, "--out", tmp_path / "runs")
    assert ran.exit_code == 2
    assert not (tmp_path / "runs").exists()


# ------------------------------------------------------------------------------------------ score

ANSWERS = {
    "broken-bow@d1": "3,559 people",
    "broken-bow@d2": "10,000",
    "broken-bow@d3": "",
    "broken-bow@*": "10,000",
}


def test_score_takes_items_of_both_tracks(tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "f.jsonl", [BROKEN_BOW])
    card = qa.score(ANSWERS, spec, resamples=99)
    assert (card.em, card.f1) == (1.0, 1.0)
    assert card.extra == ()
    assert card.tracks["reading"]["balanced_f1"].value == 1.0
    pooled = card.tracks["pooled"]
    assert (pooled["misinformation"].value, pooled["preferred"].value) == (1.0, 0.0)
    assert card.as_json()["qa_eval"]["tracks"]["pooled"]["misinformation"]["value"] == 1.0


def test_score_prints_the_metrics_of_claims(tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "f.jsonl", [BROKEN_BOW])
    file = tmp_path / "answers.json"
    file.write_text(json.dumps({id: text for id, text in ANSWERS.items() if id != "broken-bow@*"}))
    printed = done("score", file, "--dataset", spec).stdout
    assert re.search(r"^contrast consistency +100\.0", printed, re.MULTILINE)
    assert "pooled" not in printed


def test_a_predictions_file_replays(spec: str, tmp_path: Path) -> None:
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(ANSWERS))
    found = qa.evaluate(f"predictions:{file}", dataset=spec, options=OPTIONS)
    rows = {row.item: row for row in found.predictions(f"predictions:{file}")}
    assert rows["broken-bow@*"].matched_claim == "10000"
    assert rows["broken-bow@d1"].match.ok
    assert rows["town-0@a"].missing


def test_an_opened_set_is_evaluated_too(spec: str) -> None:
    opened = open_dataset(spec)
    assert isinstance(opened, ClaimSet)
    found = qa.evaluate(MODELS[0], dataset=opened, options=OPTIONS)
    assert found.leaderboard.data.facts == 12


def test_a_stored_run_is_read_without_its_data(run: Run) -> None:
    loaded = load_run(folder(run))
    assert loaded.leaderboard.data.kind == "claims"
    assert len(loaded.items(MODELS[0])) == 43
