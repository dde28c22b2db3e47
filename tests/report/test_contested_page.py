"""The contested page: how far the sources disagree, and whose claims the models make."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

import qa_eval
from qa_eval.matching.normal_form import normalize
from qa_eval.records import Claim, Corpus, Evidence, Question
from qa_eval.report.content import gather
from qa_eval.report.contested_page import ContestedView, contested_view, disagreement
from qa_eval.report.report_files import build_report
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run
from tests.report.test_report import Page
from tests.support.fake_models import FakeModel, four_facts

FIRST = "baseline:first-of-type"


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    whole = four_facts()
    named = {"a": "The Morning Post", "b": "Evening News", "c": "A Blog"}
    return replace(whole, articles=tuple(replace(a, label=named[a.id]) for a in whole.articles))


@pytest.fixture(scope="module")
def run(corpus: Corpus) -> Run:
    models: list[Any] = [FakeModel(name="one"), FakeModel(name="two"), FIRST, "baseline:abstain"]
    return qa_eval.evaluate(models, corpus=corpus, name="plain")


def view_of(run: Run, corpus: Corpus) -> ContestedView:
    view = contested_view(gather([run], None, corpus))
    assert view is not None
    return view


def asked(**claims: tuple[str, str]) -> Question:
    """A question: claim -> (its group, the articles that state it)."""
    made = tuple(
        Claim(id=id, group=group, evidence=tuple(Evidence(article=a, text=id, start=0) for a in articles))
        for id, (group, articles) in claims.items()
    )
    return Question(id="q", question="?", category="c", answer_type="text", claims=made)


@pytest.mark.parametrize(
    ("claims", "bits"),
    [
        pytest.param({"x": ("", "ab"), "y": ("", "cd")}, 1.0, id="two halves"),
        pytest.param({"x": ("", "abc"), "y": ("", "d")}, 0.8112781244591328, id="three to one"),
        pytest.param(
            {"x": ("", "a"), "y": ("", "b"), "z": ("", "c"), "w": ("", "d")}, 2.0, id="four quarters"
        ),
        pytest.param({"x": ("g", "ab"), "y": ("g", "c")}, 0.0, id="near-claims are one group"),
        pytest.param({"x": ("", "ab"), "y": ("", "ab")}, 1.0, id="a source with both counts in both"),
    ],
)
def test_disagreement_is_the_entropy_of_sources_over_groups_of_claims(claims: Any, bits: float) -> None:
    assert disagreement(asked(**claims)) == pytest.approx(bits)


def test_the_most_disputed_fact_comes_first(corpus: Corpus) -> None:
    dead = corpus.question("dead")
    settled = replace(
        dead,
        id="mild",
        claims=tuple(replace(claim, group="same") for claim in dead.claims),
        relation="wording",
    )
    both = replace(corpus, questions=(settled, *corpus.questions), questions_sha256="")
    run = qa_eval.evaluate([FIRST], corpus=both, options=RunOptions(references=False))
    view = view_of(run, both)
    assert [(d.fact.id, d.bits) for d in view.facts] == [("dead", 1.0), ("mild", 0.0)]
    assert view.relations == {"update": 1, "wording": 1}
    assert [share.hue for share in view.facts[0].shares] == [0, 1]
    assert [share.hue for share in view.facts[1].shares] == [0, 0]


def test_pooled_answers_fall_on_the_claim_that_they_make(run: Run, corpus: Corpus) -> None:
    view = view_of(run, corpus)
    answers = {
        row.model.spec: next(p for p in run.predictions(row) if p.item == "dead@*")
        for row in run.leaderboard.rows
        if row.predictions is not None
    }
    (fact,) = view.facts
    for share in fact.shares:
        expected = {
            s for s, p in answers.items() if p.matched_claim == share.claim.id and s != "baseline:abstain"
        }
        assert {m.row.model.spec for m in share.models} == expected
    aside = {m.row.model.spec: a for a in fact.asides for m in a.models}
    assert set(aside) == {
        s for s, p in answers.items() if p.matched_claim is None and s != "baseline:abstain"
    }
    for spec, a in aside.items():
        assert (a.side == "silent") == (normalize(answers[spec].prediction) == "")
    sides = {b.model.row.model.spec: b.sides for b in view.beliefs}
    assert dict(sides["baseline:abstain"]) == {"silent": 1}
    assert all(b.facts == 1 for b in view.beliefs)


def test_answers_fall_where_the_run_says(run: Run, corpus: Corpus) -> None:
    view = view_of(run, corpus)
    for model, tally in view.reading:
        rows = [
            p
            for p in run.predictions(model.row)
            if p.contested and p.track == "reading" and p.golds and "~" not in p.item
        ]
        assert sum(tally.values()) == len(rows)
        assert tally["leak"] == sum(p.scores.get("leak", 0.0) for p in rows)
        assert tally["own"] == sum(p.match.ok for p in rows)
        assert tally["none"] == sum(normalize(p.prediction) == "" for p in rows)


def test_leak_is_counted_only_where_a_model_answers_in_its_own_words(
    run: Run, corpus: Corpus, tmp_path: Any
) -> None:
    assert "leak" not in view_of(run, corpus).outcomes
    answers = tmp_path / "said.json"
    answers.write_text('{"dead@a": "194", "dead@b": "many"}', "utf-8")
    free = qa_eval.evaluate([f"predictions:{answers}"], corpus=corpus, options=RunOptions(references=False))
    view = view_of(free, corpus)
    assert "leak" in view.outcomes
    assert dict(view.reading[0][1]) == {"leak": 1, "other": 1}


def test_the_page_names_sources_and_shows_each_claim_as_wide_as_its_sources(run: Run, corpus: Corpus) -> None:
    page = str(build_report([run], corpus).files["contested.html"])
    text = "".join(Page(page).text)
    assert "The sources disagree on 1 of 4 facts" in text
    shares = re.findall(
        r'<li class="share h(\d) w(\d+)"><b><bdi>([^<]+)</bdi></b> <span class="by">(.*?)</span></span>|',
        page,
    )
    assert [(h, w, words) for h, w, words, _ in shares if words] == [("0", "1", "180"), ("1", "1", "194")]
    assert '<span class="source" title="a">The Morning Post</span>' in page
    assert 'data-relation="update"' in page


def test_a_run_without_the_pooled_track_shows_the_sources_alone(corpus: Corpus) -> None:
    run = qa_eval.evaluate([FIRST], corpus=corpus, options=RunOptions(references=False, track="reading"))
    view = view_of(run, corpus)
    assert (view.beliefs, view.facts[0].asides, view.lead) == (
        (),
        (),
        "The sources disagree on 1 of 4 facts.",
    )
    page = str(build_report([run], corpus).files["contested.html"])
    assert "No model read all articles at once" in page


# ------------------------------------------------------------------------------------------ in words

IN_WORDS = {
    "both": "The sources differ: 180 [1] or 194 [2].",
    "joined": "180 and 194 soldiers.",
    "one": "It was 180 soldiers [1].",
    "mixed": "It was 180 soldiers [1]. Others counted 950.",
    "neither": "A hard question [1][2].",
    "refusal": "The passages do not say how many died.",
}


@pytest.fixture(scope="module")
def worded(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("words")
    for name, text in IN_WORDS.items():
        answers = {f"dead@{place}": text for place in "abc*"}
        (folder / f"{name}.json").write_text(json.dumps(answers), "utf-8")
    specs = [f"predictions:{folder / name}.json" for name in IN_WORDS]
    return qa_eval.evaluate(specs, corpus=corpus, name="worded", options=RunOptions(references=False))


def named(models: Any) -> set[str]:
    return {m.row.model.spec.rpartition("/")[2].removesuffix(".json") for m in models}


def test_what_an_answer_in_words_asserts_decides_its_place(worded: Run, corpus: Corpus) -> None:
    view = view_of(worded, corpus)
    (fact,) = view.facts
    assert {share.claim.id: named(share.models) for share in fact.shares} == {
        "180": {"both", "joined", "one", "mixed"},
        "194": {"both", "joined"},
    }
    assert {(a.side, a.answer): named(a.models) for a in fact.asides} == {
        ("apart", ""): {"both"},
        ("several", ""): {"joined"},
        ("none", IN_WORDS["neither"]): {"neither"},
        ("silent", ""): {"refusal"},
    }
    sides = {name: dict(b.sides) for b in view.beliefs for name in named([b.model])}
    assert sides == {
        "both": {"apart": 1},
        "joined": {"several": 1},
        "one": {"most": 1},
        "mixed": {"most": 1},
        "neither": {"none": 1},
        "refusal": {"silent": 1},
    }
    reading = {name: dict(tally) for model, tally in view.reading for name in named([model])}
    assert reading == {
        "both": {"leak": 2},
        "joined": {"leak": 2},
        "one": {"own": 1, "leak": 1},
        "mixed": {"own": 1, "leak": 1},
        "neither": {"other": 2},
        "refusal": {"none": 2},
    }


@pytest.mark.parametrize(("first", "lead"), [
    ("both", "makes one of their claims on 0 of these, and several on 1. On 1 of those 1, it says or shows "
             "that they differ."),
    ("joined", "and several on 1. On 0 of those 1, it says or shows that they differ."),
    ("one", "on 1 of these, "),
])  # fmt: skip
def test_the_lead_tells_several_claims_from_one(worded: Run, corpus: Corpus, first: str, lead: str) -> None:
    rows = [row for row in worded.leaderboard.rows if row.model.spec.endswith(f"/{first}.json")]
    alone = replace(worded, leaderboard=worded.leaderboard.model_copy(update={"rows": rows}))
    view = view_of(alone, corpus)
    assert lead in view.lead
    assert ("no other claim has more sources" in view.whom) == (first == "one")


def test_no_page_contradicts_the_reading_of_an_answer_in_words(worded: Run, corpus: Corpus) -> None:
    page = Page(str(build_report([worded], corpus).files["questions/dead.html"]))
    text = " ".join("".join(page.text).split())
    assert "more than one number" not in text, "a citation is no number of the answer"
    section = text[text.index("Answers to dead@*") :]
    right, wrong = section.split("✗ wrong", 1)
    for name in ("both", "joined", "one"):
        assert IN_WORDS[name] in right
    for name in ("mixed", "neither", "refusal"):
        assert IN_WORDS[name] in wrong
    assert "The answer asserts every claim of the sources: “180” and “194”. It says or shows" in right
    assert "The answer asserts no claim of any source." in wrong
