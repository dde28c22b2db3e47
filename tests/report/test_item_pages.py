"""The pages of models, questions, items and comparisons: what they count, and why answers are wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import qa_eval
from qa_eval.data.dataset import open_dataset
from qa_eval.metrics.reasons import why
from qa_eval.records import Claim, Corpus, Evidence, Question, Span
from qa_eval.report.content import ReportContent, gather
from qa_eval.report.marked_text import Marked, passages
from qa_eval.report.matrix_page import MISTAKES, NAMES, AnswerKind, matrix_view
from qa_eval.report.model_page import answers_by_model, metric_groups, model_view
from qa_eval.report.question_page import item_views
from qa_eval.report.read_answers import read_text
from qa_eval.report.report_files import Built, build_report
from qa_eval.runs.options import RunOptions
from qa_eval.runs.reading_lines import read_pieces
from qa_eval.runs.store import Run
from tests.report.test_report import Page
from tests.support.fake_models import TEXTS, four_facts

SAID = {
    "dead@a": "180",
    "dead@b": "180",
    "dead@c": "194",
    "began@a": "",
    "began@b": "Tuesday",
    "began@c": "",
    "absent@a": "",
    "absent@b": "Rami Karim",
    "closed@b": "A bridge",
    "closed@c": "A bridge",
}
"""What the first model answers on the reading track; it has no prediction for closed@a."""
CELLS = {
    "dead@a": AnswerKind.RIGHT,
    "dead@b": AnswerKind.LEAK,
    "dead@c": AnswerKind.INVENTED,
    "began@a": AnswerKind.MISSED,
    "began@b": AnswerKind.WRONG,
    "began@c": AnswerKind.RIGHT_SILENCE,
    "absent@a": AnswerKind.RIGHT_SILENCE,
    "absent@b": AnswerKind.RIGHT,
    "closed@a": AnswerKind.FAILED_SILENT,
    "closed@b": AnswerKind.INVENTED,
    "closed@c": AnswerKind.RIGHT,
}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return four_facts()


@pytest.fixture(scope="module")
def run(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("answers")
    others = {"dead@b": "194", "dead@c": "", "closed@a": "A bridge"}
    for name, said in (("one", SAID), ("two", SAID | others)):
        (folder / f"{name}.json").write_text(json.dumps(said), "utf-8")
    specs = [f"predictions:{folder / name}.json" for name in ("one", "two")]
    return qa_eval.evaluate(
        specs, corpus=corpus, track="reading", name="said", options=RunOptions(references=False)
    )


@pytest.fixture(scope="module")
def evidence(run: Run, corpus: Corpus) -> ReportContent:
    return gather([run], None, corpus)


@pytest.fixture(scope="module")
def built(run: Run, corpus: Corpus) -> Built:
    return build_report([run], corpus)


def number_of(evidence: ReportContent, name: str) -> int:
    return next(m.number for m in evidence.models if m.name.endswith(f"{name}.json"))


# ------------------------------------------------------------------------------------------ a model


def test_the_square_counts_what_texts_and_the_model_did(evidence: ReportContent) -> None:
    number = number_of(evidence, "one")
    view = model_view(evidence.models[number], answers_by_model(evidence)[number])
    counted = [(t.answerable, t.answered, t.n, t.of, t.right) for t in view.square]
    assert counted == [
        (True, True, 5, 6, 3),
        (True, False, 1, 6, 0),
        (False, True, 2, 4, 0),
        (False, False, 2, 4, 2),
    ]
    assert dict(view.square[0].kinds) == {AnswerKind.RIGHT: 3, AnswerKind.WRONG: 1, AnswerKind.LEAK: 1}
    assert view.failed == 1
    assert view.wrong == 6
    assert view.verdict == "Its commonest mistake: it answers where the text is silent (2 of 6 mistakes)."


def test_the_square_and_its_links_are_on_the_models_page(evidence: ReportContent, built: Built) -> None:
    number = number_of(evidence, "one")
    text = str(built.files[f"models/{evidence.models[number].slug}.html"])
    assert "it answers where the article is silent (2 of 6 mistakes)" in text
    assert "1 item has no prediction" in text
    assert f'<a href="../matrix.html#model={number}&amp;cell=rwl">5</a>' in text
    assert f'<a href="../matrix.html#model={number}&amp;cell=i">2</a>' in text
    assert f'<a href="../matrix.html#model={number}&amp;cell=l">1 another source’s claim</a>' in text
    words = " ".join("".join(Page(text).text).split())
    assert "“Tuesday”" not in words
    assert "Tuesday Tuesday and Monday are different weekdays." in words


def test_every_metric_of_a_model_is_in_one_group(evidence: ReportContent) -> None:
    for model in evidence.models:
        shown = Counter((g.track, id) for g in metric_groups(model) for id, _ in g.metrics)
        assert shown == Counter((track, id) for track, found in model.row.metrics.items() for id in found)


# ------------------------------------------------------------------------------------------ the matrix


def test_a_letter_stands_for_each_answer(evidence: ReportContent) -> None:
    view = matrix_view(evidence)
    assert view is not None
    one = number_of(evidence, "one")
    found = {anchor: AnswerKind(letters[one]) for _, _, anchor, letters in view.data["items"]}
    assert found == CELLS
    assert view.items == len(CELLS)
    assert set(NAMES) == set(AnswerKind)
    assert set(MISTAKES) == {cell for cell in AnswerKind if not cell.right}


def test_shares_by_category_are_those_of_the_letters(evidence: ReportContent) -> None:
    view = matrix_view(evidence)
    assert view is not None
    one = number_of(evidence, "one")
    counted = {row.name: (row.items, round(row.items * row.shares[one], 9)) for row in view.categories}
    assert counted == {"battle": (8, 4), "town": (3, 1), "All items": (11, 5)}
    assert [row.name for row in view.categories] == ["town", "battle", "All items"]


def test_the_page_of_the_matrix_has_a_plain_table_and_the_data(built: Built) -> None:
    page = Page(str(built.files["matrix.html"]))
    data = json.loads(page.data)
    assert [fact[0] for fact in data["facts"]] == ["dead", "began", "absent", "closed"]
    assert {place: name for place, name in data["places"].items() if place in TEXTS}
    assert len(page.find("th", scope="row")) == 2
    assert {a["id"] for a in page.find("div", id="matrix") if "hidden" in a} == {"matrix"}


def test_without_scores_there_is_no_matrix(tmp_path: Path) -> None:
    rows = [{"id": f"q{n}", "question": f"Number {n}?", "context": f"It is {n}."} for n in range(3)]
    (tmp_path / "open.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    run = qa_eval.evaluate(["baseline:first-of-type"], dataset=f"jsonl:{tmp_path / 'open.jsonl'}")
    built = build_report([run], None)
    assert "matrix.html" not in built.files
    assert "matrix.html" not in str(built.files["index.html"])


# ------------------------------------------------------------------------------------------ a question


def test_each_answer_stands_once_under_its_reason(evidence: ReportContent, run: Run) -> None:
    models = {m.number: m for m in evidence.models}
    told = {
        (p.item, row.model.spec): (p.prediction, why(p, ()))
        for row in run.leaderboard.rows
        for p in run.predictions(row)
    }
    for fact in evidence.facts:
        for view in item_views(fact, models):
            given = [(same.said, model) for r in view.reasons for same in r.answers for model in same.models]
            assert len(given) == len(view.item.answers) == len({model.number for _, model in given})
            for said, model in given:
                text, sentence = told[str(view.item.id), model.row.model.spec]
                assert said.text == text
                assert (
                    said.why.partition(" The answer is the claim of")[0]
                    == sentence.partition(" The answer is another")[0]
                )
            verdicts = [reason.said.right for reason in view.reasons]
            assert verdicts == sorted(verdicts, reverse=True)


def test_a_question_begins_with_what_each_article_says_and_why_answers_are_wrong(built: Built) -> None:
    text = str(built.files["questions/dead.html"])
    overview = text[text.index('class="overview') : text.index("</table>")]
    words = " ".join(re.sub("<[^>]+>", " ", overview).split())
    assert "180 2 of 2 ✓ none" in words
    assert (
        "194 1 of 2 ✗ 180 180 and 194 are different numbers. The answer is the claim of a. 1 model" in words
    )
    assert "no answer 1 of 2 ✗ 194 The article does not answer this, but the model did." in words


def test_the_rule_is_told_on_demand_alone(built: Built) -> None:
    text = str(built.files["questions/dead.html"])
    folded = re.findall(r"<details><summary>rule</summary>(.*?)</details>", text)
    assert any("<code>veto</code> level 0: 180 != 194" in rule for rule in folded)
    outside = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert "veto" not in outside


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        pytest.param("one\ntwo", [], [(False, "one\ntwo", 2)], id="nothing marked"),
        pytest.param("1\n\n2\n\n3", [(3, 4)], [(False, "1", 1), (True, "2", 1), (False, "3", 1)], id="one"),
        pytest.param("one\ntwo\n3", [(2, 6)], [(True, "one\ntwo", 2), (False, "3", 1)], id="over a line end"),
        pytest.param("one\n\n\ntwo", [(0, 3), (6, 9)], [(True, "one\n\n\ntwo", 2)], id="neighbours"),
        pytest.param("one\n \n", [(0, 1)], [(True, "one", 1)], id="blank lines"),
        pytest.param("", [], [], id="no text"),
    ],
)  # fmt: skip
def test_lines_with_marks_and_without_are_apart(
    text: str, spans: list[tuple[int, int]], expected: list[tuple[bool, str, int]]
) -> None:
    found = passages(text, [Marked(Span(*span), True, "why") for span in spans])
    assert [(p.marked, "".join(s.text for s in p.parts), p.lines) for p in found] == expected
    for passage in found:
        assert all(text[s.start : s.start + len(s.text)] == s.text for s in passage.parts)


def test_passages_without_marks_are_folded(tmp_path: Path) -> None:
    text = "First line.\nIt is 3.\nLast line."
    rows = [{"id": "q", "question": "How many?", "context": text, "answers": ["3"]}]
    (tmp_path / "one.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    dataset = f"jsonl:{tmp_path / 'one.jsonl'}"
    run = qa_eval.evaluate(["baseline:first-of-type"], dataset=dataset)
    page = str(build_report([run], open_dataset(dataset)).files["questions/q.html"])
    folds = re.findall(r'<details class="fold"><summary>(.*?)</summary><p[^>]*>(.*?)</p></details>', page)
    assert folds == [
        ("1 paragraph without marks", "First line."),
        ("1 paragraph without marks", "Last line."),
    ]
    (open_one,) = re.findall(r'\n<p class="text" dir="auto">(.*?)</p>', page)
    assert re.sub("<[^>]+>", "", open_one) == "It is 3."


# ------------------------------------------------------------------------------------------ comparisons


def test_a_comparison_begins_with_its_verdict_and_the_items_that_tell_most(run: Run, built: Built) -> None:
    text = str(built.files["compare.html"])
    words = " ".join(re.sub("<[^>]+>", " ", text[text.index("<h1") :]).split())
    verdict = words.index("Cannot tell at this size: balanced asserts 45.0 → 63.3")
    telling = words.index("The most informative items")
    assert verdict < telling < words.index("All metrics, with p and q")
    assert "2 fixed 0 broken 1 otherwise changed of 11 items" in words[verdict:telling]
    assert "fixed How many soldiers died? b 194 ✗ 180" in words[telling:]
    assert "180 and 194 are different numbers." in words[telling:]


# ------------------------------------------------------------------------------------------ in words

WORDED = {
    "dead@a": "One report says 180 died,\nnot 194; the sources differ. <b onload=x>\x1b[31m",
    "dead@c": "The text does not say how many died.",
    "dead@b": "180, " + "and so on, " * 400,
}


def test_the_pages_mark_what_an_answer_in_words_was_read_as(corpus: Corpus, tmp_path: Path) -> None:
    file = tmp_path / "words.json"
    file.write_text(json.dumps(WORDED), "utf-8")
    found = qa_eval.evaluate(
        f"predictions:{file}", corpus=corpus, name="words", options=RunOptions(references=False)
    )
    files = build_report([found], corpus).files
    page = next(str(text) for name, text in files.items() if name.startswith("questions/dead"))
    assert "&lt;b onload=x&gt;\\x1b[31m" in page
    assert "<b onload" not in page
    assert '<mark class="no-answer" title="no answer">' in page
    for kind in ("asserts", "rejects", "sources-differ"):
        assert f'<mark class="{kind}"' in page, kind
    assert "reads as abstains" in page
    assert f"({len(WORDED['dead@b']):,} characters)" in page


def test_a_span_has_no_marks(built: Built, evidence: ReportContent) -> None:
    fact = evidence.facts[0]
    item = fact.items[0]
    said = item.answers[0]
    assert read_text(fact, item, replace(said, in_words=False)) is None
    assert read_text(fact, item, replace(said, in_words=True)) is not None


PIECES = [
    ("Over 90.", [("Over 90", "asserts"), (".", "")]),
    ("Not 94 but over 90", [("Not ", ""), ("94", "rejects"), (" but ", ""), ("over 90", "asserts")]),
    ("It rained.", [("It rained.", "")]),
]


@pytest.mark.parametrize(("text", "expected"), PIECES)
def test_pieces_are_the_whole_text(text: str, expected: list[tuple[str, str]]) -> None:
    question = Question(
        id="losses",
        question="How many drowned?",
        category="c",
        answer_type="number",
        claims=tuple(
            Claim(id=id, evidence=(Evidence(article="a", text=words, start=0),))
            for id, words in (("over-90", "over 90"), ("94", "94"))
        ),
    )
    pieces = read_pieces(text, qa_eval.read_answer(text, question))
    assert [(piece.text, piece.kind) for piece in pieces] == expected
