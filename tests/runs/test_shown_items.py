"""`qa-eval show`: which items, and what is said of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from qa_eval.data.content_hashes import gold_sha256
from qa_eval.errors import QaEvalError
from qa_eval.files.hashes import sha256_text
from qa_eval.metrics.reasons import RULES, WORDS_RULE
from qa_eval.records import (
    Article,
    Candidate,
    Claim,
    Corpus,
    Evidence,
    ItemId,
    Match,
    Prediction,
    Question,
)
from qa_eval.runs.prediction_lines import render_prediction
from qa_eval.runs.rows import judge
from qa_eval.runs.schema import PredictionRow, PredictionsFileRow, Row
from qa_eval.runs.shown_items import Drawing, choose_failures, choose_items, draw_item
from qa_eval.runs.store import Run, choose_rows
from tests.support.example_run import leaderboard, row

TEXT = "The Observatory said around 180 soldiers died.\n\nThe army denied it. On Sunday 194 were buried."
OTHER = "A monitor later counted 194 dead."
QUESTION = Question(
    id="losses",
    question="How many soldiers died?",
    paraphrases=("What was the toll?",),
    category="death-toll",
    answer_type="number",
    relation="update",
    claims=(
        Claim(id="180", evidence=(Evidence(article="a", text="around 180", start=TEXT.index("around 180")),)),
        Claim(id="194", evidence=(Evidence(article="b", text="194", start=OTHER.index("194")),)),
    ),
    silent=("c",),
)
CORPUS = Corpus(
    questions=(QUESTION,),
    articles=tuple(
        Article(id=name, text=text, sha256="0" * 64)
        for name, text in (("a", TEXT), ("b", OTHER), ("c", "Nothing of it.\x1b[31m"))
    ),
    questions_sha256="a" * 64,
    articles_sha256="b" * 64,
)


def answer(item: str = "losses@a", text: str = "around 180", **changes: Any) -> PredictionRow:
    """A stored answer: right, at the place where the article states it."""
    article = item.partition("@")[2]
    source = {a.id: a.text for a in CORPUS.articles}.get(article, TEXT)
    start = source.find(text) if text else -1
    fields: dict[str, Any] = {
        "item": item,
        "fact": "losses",
        "article": article,
        "track": "pooled" if article == "*" else "reading",
        "question_sha256": sha256_text(QUESTION.wording(1 if "~1" in item else 0)),
        "context_sha256": sha256_text(source),
        "gold_sha256": gold_sha256(QUESTION),
        "prediction": text,
        "span": (start, start + len(text)) if start >= 0 else None,
        "source_article": "a" if article == "*" else article,
        "score": 8.1,
        "null_score": -3.25,
        "no_answer_probability": 0.00001,
        "threshold": 0.5,
        "n_best": (
            Candidate(text=text or "x", score=8.1, probability=0.91, article="a"),
            *(Candidate(text=f"other {n}", score=1.0, probability=0.01, article="a") for n in range(7)),
        ),
        "golds": ("around 180",),
        "matched_claim": "180",
        "match": Match(ok=True, level=5, rule="raw", detail="identical"),
        "scores": {"em": 1.0, "f1": 1.0},
    }
    return PredictionRow(**(fields | changes))


SILENT = Match(ok=True, level=5, rule="null", detail="no answer, and the article gives none")
WRONG = Match(ok=False, level=0, rule="veto", detail="194 != 180")


def model_row(spec: str) -> Row:
    path = f"predictions/{spec}.jsonl"
    return row(spec, (0.5,) * 7, predictions=PredictionsFileRow(path=path, sha256="0" * 64, rows=1))


def run_of(**answers: list[PredictionRow]) -> Run:
    rows = [model_row(spec) for spec in answers] + [row("reference:oracle", (1.0,) * 7)]
    kept = {f"predictions/{spec}.jsonl": tuple(said) for spec, said in answers.items()}
    return Run(path=None, leaderboard=leaderboard("x", rows=rows), kept=kept)


def drawn(
    said: PredictionRow,
    corpus: Corpus = CORPUS,
    *,
    width: int = 100,
    labels: dict[str, str] | None = None,
    rules: bool = False,
) -> str:
    run = run_of(m=[said])
    shown = choose_items(run, choose_rows(run, []), [said.item])
    drawing = Drawing(width=width, labels=labels or {}, rules=rules)
    return "\n".join(line.plain for line in draw_item(shown[0], corpus, drawing))


# ------------------------------------------------------------------------------------------ what is said


def test_an_item_shows_question_golds_passage_answer_and_reason() -> None:
    assert drawn(answer()).split("\n")[1:] == [
        "losses@a",
        "How many soldiers died?",
        "death-toll · number · contested (update)",
        "gold   “around 180”  claim 180",
        "others “194”  claim 194: b",
        "",
        "m",
        "  “around 180”  right  The answer is a right one, character by character.",
        "  EM 1 · F1 100.0 · makes claim 180 · null −3.25 less best 8.10 is −11.35, "
        "not above threshold 0.5 ·",
        "    no-answer probability 0.000",
        "  a   ⟪gold and answer⟫",
        "    The Observatory said ⟪around 180⟫ soldiers died. …",
        "   1  91.0%    8.10  around 180",
        "   2   1.0%    1.00  other 0",
        "   3   1.0%    1.00  other 1",
        "   4   1.0%    1.00  other 2",
        "   5   1.0%    1.00  other 3",
        "     and 3 more",
        "",
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            answer(text="194", match=WRONG, matched_claim="194", scores={"em": 0.0, "f1": 0.0, "leak": 1.0}),
            ["“194”  wrong  194 and 180 are different numbers. The answer is the claim of b.",
             "makes another article's claim 194",
             "«around 180»", "⟦194⟧"],
            id="a leak",
        ),
        pytest.param(
            answer(text="", match=WRONG, matched_claim=None),
            ["no answer  wrong", "«around 180»"],
            id="abstaining",
        ),
        pytest.param(
            answer("losses@c", "", matched_claim=None, match=SILENT),
            ["gold   no answer: the article is silent", "right  The article does not answer this"],
            id="a silent article",
        ),
        pytest.param(answer(item="losses~1@a"), ["What was the toll?"], id="a paraphrase"),
        pytest.param(
            answer(item="losses@*"),
            ["gold   “around 180”  claim 180: a", "gold   “194”  claim 194: b",
             "1  91.0%    8.10  around 180  a"],
            id="pooled",
        ),
        pytest.param(answer(matched_claim=None), ["makes no claim"], id="no claim"),
        pytest.param(answer(error="question too long"), ["wrong  The model failed: question"], id="failed"),
        pytest.param(answer(missing=True), ["wrong  The model gave no prediction"], id="missing"),
        pytest.param(answer(null_score=9.0), ["is 0.90, above threshold 0.5"], id="above the threshold"),
        pytest.param(answer(truncated=True), ["some of the article was not seen"], id="truncated"),
        pytest.param(
            answer(gold_sha256="0" * 64),
            ["question, article or golds have changed since the run"],
            id="changed",
        ),
        pytest.param(answer(text="\x1b[31m[b]x", n_best=(), span=None), ["“\\x1b[31m[b]x”"], id="hostile"),
    ],
)  # fmt: skip
def test_it_says(said: PredictionRow, expected: list[str]) -> None:
    text = drawn(said)
    for part in expected:
        assert part in text
    assert "\x1b" not in text


def test_a_question_that_is_not_given_leaves_what_was_stored() -> None:
    text = drawn(answer(), replace(CORPUS, questions=()))
    assert "this question is not in the question set given" in text
    assert "⟦around 180⟧" in text


def test_articles_are_called_by_their_short_names() -> None:
    leaked = answer(text="194", match=WRONG, matched_claim="194", scores={"leak": 1.0})
    text = drawn(leaked, labels={"a": "The Times", "b": "Reuters"})
    assert "losses@The Times" in text
    assert "others “194”  claim 194: Reuters" in text
    assert "The answer is the claim of Reuters." in text
    assert "  The Times   «gold»  ⟦answer⟧" in text


def test_the_rule_behind_a_verdict_is_shown_on_demand() -> None:
    assert "rule veto" not in drawn(answer(match=WRONG))
    assert "rule veto, level 0 (no match): The answer contradicts a gold" in drawn(
        answer(match=WRONG), rules=True, width=120
    )


def test_a_span_that_is_elsewhere_in_a_changed_article_is_not_marked() -> None:
    changed = replace(CORPUS, articles=(replace(CORPUS.articles[0], text="x" + TEXT), *CORPUS.articles[1:]))
    assert "⟦around" not in drawn(answer(), changed)


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = answer(n_best=(Candidate(text="word " * 40, score=1.0),))
    for line in drawn(long, width=width).split("\n"):
        assert cell_len(line) <= width


# ------------------------------------------------------------------------------------------ which


def test_failures_are_what_was_wrong_by_some_model_with_the_wrong_answers_only() -> None:
    run = run_of(
        m=[answer("losses@a"), answer("losses@b", match=WRONG), answer("losses@c", error="no")],
        n=[answer("losses@a", match=WRONG), answer("losses@b"), answer("losses@c")],
    )
    found = choose_failures(run, choose_rows(run, []))
    assert [(str(s.item), [r.model.spec for r, _ in s.answers]) for s in found] == [
        ("losses@a", ["n"]),
        ("losses@b", ["m"]),
        ("losses@c", ["m"]),
    ]


def test_a_fact_stands_for_all_of_its_items() -> None:
    run = run_of(m=[answer("losses@a"), answer("losses~1@a"), answer("losses@*")])
    found = choose_items(run, choose_rows(run, ["m"]), ["losses", "losses@a"])
    assert [str(s.item) for s in found] == ["losses@a", "losses~1@a", "losses@*"]


def test_an_item_is_found_by_the_short_name_of_its_article() -> None:
    run = run_of(m=[answer("losses@a"), answer("losses@b"), answer("losses~1@a")])
    data = run.leaderboard.data.model_copy(update={"article_labels": {"a": "The Times", "b": "Reuters"}})
    run = replace(run, leaderboard=run.leaderboard.model_copy(update={"data": data}))
    found = choose_items(run, choose_rows(run, []), ["losses@Reuters", "losses~1@The Times"])
    assert [str(s.item) for s in found] == ["losses@b", "losses~1@a"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param("losses@d", "losses@d: not in this run; did you mean losses@a", id="near"),
        pytest.param("zzzzzzzz", "zzzzzzzz: not in this run; there are: losses@a, losses", id="far"),
    ],
)
def test_an_unknown_item_is_refused_with_near_matches(wanted: str, message: str) -> None:
    run = run_of(m=[answer()])
    with pytest.raises(QaEvalError) as caught:
        choose_items(run, choose_rows(run, []), [wanted])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param("embeded", "model embeded: not in this run; did you mean embedded?", id="near"),
        pytest.param(
            "reference:oracle", "reference:oracle: its answers are not stored in this run", id="ref"
        ),
    ],
)
def test_a_model_without_answers_is_refused(model: str, message: str) -> None:
    with pytest.raises(QaEvalError) as caught:
        choose_rows(run_of(embedded=[answer()]), [model])
    assert str(caught.value) == message


def test_a_run_without_answers_is_refused() -> None:
    with pytest.raises(QaEvalError, match="this run holds no answers"):
        choose_rows(run_of(), [])


def test_stored_answers_are_read_from_the_run_folder(tmp_path: Path) -> None:
    run = run_of(m=[answer()])
    (tmp_path / "predictions").mkdir()
    line = render_prediction(answer())
    (tmp_path / "predictions" / "m.jsonl").write_bytes(line)
    row = run.leaderboard.row("m")
    assert row.predictions is not None
    described = row.predictions.model_copy(update={"sha256": hashlib.sha256(line).hexdigest()})
    board = run.leaderboard.model_copy(update={"rows": [row.model_copy(update={"predictions": described})]})
    read = Run(path=tmp_path, leaderboard=board)
    assert len(choose_items(read, choose_rows(read, []), ["losses@a"])) == 1


# ------------------------------------------------------------------------------------------ in words

IN_WORDS = [
    ("losses@*", "Sources differ: around 180 [1] or 194 [2].", "right", "asserts 180 and 194", "complete"),
    ("losses@*", "It was 194 [2].", "right", "asserts 194", "partial"),
    ("losses@*", "That is hard to tell [1][2].", "wrong", "asserts no claim", "wrong"),
    ("losses@a", "The report counts 194 [1] dead.", "wrong", "asserts 194", "partial"),
    ("losses@a", "The report counts around 180 [1] dead.", "right", "asserts 180", "partial"),
    ("losses@a", "Either around 180 [1] or 194.", "wrong", "asserts 180 and 194", "complete"),
    ("losses@c", "The text does not say.", "right", "asserts no claim", "abstains"),
]


@pytest.mark.parametrize(("item", "text", "verdict", "asserts", "reading"), IN_WORDS)
def test_the_first_line_of_an_answer_in_words_agrees_with_its_reading(
    item: str, text: str, verdict: str, asserts: str, reading: str
) -> None:
    id = ItemId.parse(item)
    (said,) = judge(CORPUS, [id], *_given(id, text), 0.0)
    assert said.final
    lines = drawn(said, width=200, rules=True).split("\n")
    first = next(line for line in lines if f"“{text}”" in line)
    assert f"”  {verdict}  " in first
    assert "more than one number" not in first, "a citation is no number of the answer"
    assert "makes no claim" not in "\n".join(lines)
    assert any(asserts in line.split(" · ") for line in lines)
    among = ", among the claims of all sources" if reading != "abstains" and id.track == "reading" else ""
    assert f"  reads as {reading}{among}" in lines
    assert any(f"rule asserts: {RULES[WORDS_RULE]} It reads as {reading}." in line for line in lines)


def _given(item: ItemId, text: str) -> tuple[dict[str, Prediction], dict[str, dict[str, Prediction]]]:
    said = Prediction(item=str(item), text=text)
    return ({}, {str(item): {"*": said}}) if item.track == "pooled" else ({str(item): said}, {})
