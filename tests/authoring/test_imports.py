"""Collections made of annotations that people have, and articles added to a collection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa_eval.authoring.agreement.annotations import compare_annotations
from qa_eval.authoring.new_collection.imports import read_import
from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.corpus import load_corpus
from qa_eval.errors import InputError, SpecError
from qa_eval.records import Corpus
from tests.support.command_line import call, done
from tests.support.passage_sets import FACTS, changed, town, write_facts
from tests.support.small_corpus import write_corpus

CONTEXTS = ("Ada built the mill in 1890.", "The mill was built in 1891, says Bob.", "It rained all day.")


def made(folder: Path, spec: str) -> tuple[Path, Path]:
    """The questions and articles of a collection that `init --from` makes."""
    target = folder / "collection"
    done("init", target, "--from", spec)
    return target / "questions", target / "articles"


def errors(questions: Path, articles: Path) -> list[str]:
    return [f"{f.fact}: {f.check}" for f in check_questions([questions], articles).errors]


def loaded(folder: Path, spec: str) -> Corpus:
    return load_corpus(*made(folder, spec))


# ------------------------------------------------------------------------------------------ facts


def test_facts_become_questions_with_a_scope(tmp_path: Path) -> None:
    facts = [changed(fact, relation="contradiction") if len(fact["claims"]) > 1 else fact for fact in FACTS]
    corpus = loaded(tmp_path, write_facts(tmp_path / "mine.jsonl", facts))
    bow = corpus.question("broken-bow")
    assert bow.scope == ("broken-bow_d1", "broken-bow_d2", "broken-bow_d3")
    assert (bow.resolution, bow.claims[1].status) == ("3559", "misinformation")
    assert corpus.article("broken-bow_d1").publisher == "census.gov"
    assert "why-closed" not in {q.id for q in corpus.questions}  # no place of it is known


def test_what_the_facts_do_not_say_is_left_open(tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "mine.jsonl", [town(0), town(3, second=False)])
    assert errors(*made(tmp_path, spec)) == ["town-0: relation"]


@pytest.mark.parametrize("id", ["../../escaped", "/tmp/escaped", "a\\b", "two words", "x" * 200])
def test_ids_of_passages_are_no_paths(tmp_path: Path, id: str) -> None:
    fact = town(3, second=False)
    fact["passages"][0]["id"] = id
    fact["claims"][0]["passages"] = [id]
    questions, articles = made(tmp_path, write_facts(tmp_path / "mine.jsonl", [fact]))
    assert errors(questions, articles) == []
    assert {path.parent for path in tmp_path.rglob("*.txt")} == {articles}
    assert not list(tmp_path.parent.glob("escaped*"))


def test_equal_names_of_different_texts_stay_two_articles(tmp_path: Path) -> None:
    facts = [
        changed(town(number, second=False), id=id) for number, id in enumerate(["a/b", "a-b", "ä" * 150])
    ]
    corpus = loaded(tmp_path, write_facts(tmp_path / "mine.jsonl", facts))
    assert [question.id for question in corpus.questions] == ["a-b", "a-b-2", "a" * 150]
    assert [len(question.scope or ()) for question in corpus.questions] == [2, 2, 2]
    assert len(corpus.articles) == 6
    assert {a.id for a in corpus.articles} >= {"a-b_a", "a-b_a-2", "ä" * 100}


def test_a_byte_order_mark_is_left_out_of_an_article(tmp_path: Path) -> None:
    fact = town(0)
    fact["passages"][0]["text"] = "\ufeff20 wells, or 20."
    spans = [{"passage": "a", "text": "\ufeff20", "start": 0}, {"passage": "a", "text": "20", "start": 14}]
    fact["claims"][0] |= {"answers": ["20"], "spans": spans}
    fact["relation"] = "contradiction"
    corpus = loaded(tmp_path, write_facts(tmp_path / "mine.jsonl", [fact]))
    evidence = corpus.questions[0].claims[0].evidence
    assert [(e.text, e.start) for e in evidence] == [("20", 0), ("20", 13)]


def test_the_curated_set_comes_back_with_shared_articles(tmp_path: Path, curated: Corpus) -> None:
    file = tmp_path / "palmyra.claims.jsonl"
    done("export", "--format", "claims", "--out", file)
    corpus = loaded(tmp_path, f"claims:{file}")
    assert corpus.questions_sha256 == curated.questions_sha256
    assert corpus.articles_sha256 == curated.articles_sha256


# ------------------------------------------------------------------------------------------ squad


def squad(folder: Path) -> str:
    def qa(id: str, question: str, text: str | None, context: str) -> dict[str, Any]:
        answers = [] if text is None else [{"text": text, "answer_start": context.index(text)}]
        return {"id": id, "question": question, "answers": answers, "is_impossible": text is None}

    when = "When was the mill built?"
    paragraphs = [
        {
            "context": CONTEXTS[0],
            "qas": [qa("1", when, "1890", CONTEXTS[0]), qa("2", "Who built it?", "Ada", CONTEXTS[0])],
        },
        {"context": CONTEXTS[1], "qas": [qa("3", when, "1891", CONTEXTS[1])]},
        {"context": CONTEXTS[2], "qas": [qa("4", when, None, CONTEXTS[2])]},
    ]
    path = folder / "dev.json"
    path.write_text(json.dumps({"version": "v2.0", "data": [{"title": "t", "paragraphs": paragraphs}]}))
    return f"squad:{path}"


def test_equal_questions_of_squad_are_one_fact(tmp_path: Path) -> None:
    found = read_import(squad(tmp_path))
    (facts,) = found.questions.values()
    when, who = facts
    assert [[e.text for e in claim.evidence] for claim in when.claims] == [["1890"], ["1891"]]
    assert len(when.silent) == 1
    assert when.scope is None
    assert who.scope == (found.articles[0].id,)
    assert errors(*made(tmp_path, squad(tmp_path))) == ["mill-built: relation"]


# ------------------------------------------------------------------------------------------ Label Studio


def label_studio(folder: Path, *, question: bool = True) -> str:
    def span(text: str, context: str, label: str = "Answer") -> dict[str, Any]:
        start = context.index(text)
        value = {"start": start, "end": start + len(text), "text": text, "labels": [label]}
        return {"type": "labels", "from_name": "label", "to_name": "text", "value": value}

    def annotation(by: object, *result: dict[str, Any]) -> dict[str, Any]:
        return {"completed_by": by, "result": list(result)}

    asked = {"question": "When was the mill built?"} if question else {}
    tasks = [
        {
            "id": 1,
            "data": {"text": CONTEXTS[0], **asked},
            "annotations": [
                annotation({"id": 7, "email": "ann@mill.example"}, span("1890", CONTEXTS[0])),
                annotation(2, span("in 1890", CONTEXTS[0])),
            ],
        },
        {
            "id": 2,
            "data": {"text": CONTEXTS[2], **asked},
            "annotations": [
                annotation({"id": 7, "email": "ann@mill.example"}),
                annotation(2),
                {"completed_by": 3, "was_cancelled": True, "result": []},
            ],
        },
    ]
    path = folder / "export.json"
    path.write_text(json.dumps(tasks))
    return f"label-studio:{path}"


def test_each_annotator_of_label_studio_gets_a_file_for_agree(tmp_path: Path) -> None:
    questions, articles = made(tmp_path, label_studio(tmp_path))
    files = sorted(path.name for path in (questions.parent / "annotations").iterdir())
    assert files == ["2.jsonl", "ann-mill-example.jsonl"]
    one, other = (load_corpus(questions.parent / "annotations" / name, articles) for name in reversed(files))
    assert [q.silent for q in one.questions] == [("task-2",)]
    found = compare_annotations(one, other, resamples=99)
    assert (found.facts, found.readings) == (1, 2)
    assert found.all["em"].value == 0.5


def test_labels_ask_where_there_is_no_question(tmp_path: Path) -> None:
    found = read_import(label_studio(tmp_path, question=False))
    assert {q.question for facts in found.questions.values() for q in facts} == {"Answer"}


# ------------------------------------------------------------------------------------------ doccano

DOCCANO: dict[str, list[dict[str, Any]]] = {
    "lists": [
        {"id": 1, "text": CONTEXTS[0], "label": [[22, 26, "year"]]},
        {"id": 2, "text": CONTEXTS[2], "label": []},
    ],
    "entities": [
        {"id": 1, "text": CONTEXTS[0], "entities": [{"start_offset": 22, "end_offset": 26, "label": "year"}]},
        {"id": 2, "text": CONTEXTS[2], "entities": []},
    ],
}


@pytest.mark.parametrize("rows", DOCCANO.values(), ids=DOCCANO.keys())
def test_labels_of_doccano_are_questions(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_import(f"doccano:{path}")
    ((question,),) = found.questions.values()
    assert question.question == "year"
    assert [e.text for e in question.claims[0].evidence] == ["1890"]
    assert question.silent == ("text-2",)


def test_users_of_doccano_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    spans = [{"label": 3, "start_offset": 22, "end_offset": 26, "user": user} for user in (1, 2)]
    path.write_text(json.dumps({"id": 1, "text": CONTEXTS[0], "annotations": spans}))
    assert sorted(read_import(f"doccano:{path}").questions) == ["1", "2"]


# ------------------------------------------------------------------------------------------ bad input

BAD: dict[str, tuple[str, str, str]] = {
    "a place outside": (
        "doccano",
        '{"text": "abc", "label": [[0, 9, "x"]]}',
        "label[0]: must be two offsets of the",
    ),
    "no text": ("doccano", '{"label": []}', "text: must be text: what was annotated"),
    "no list": ("label-studio", "{}", "must be a list of tasks (an export as JSON), found an object"),
    "a task without text": ("label-studio", '[{"data": {}}]', "[0].data.text: must be text"),
    "no JSON": ("label-studio", "[", "not valid JSON"),
    "nothing annotated": ("label-studio", "[]", "holds no annotated text"),
}


@pytest.mark.parametrize(("kind", "text", "expected"), BAD.values(), ids=BAD.keys())
def test_bad_files_are_told_and_nothing_is_written(
    tmp_path: Path, kind: str, text: str, expected: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_import(f"{kind}:{path}")
    assert expected in str(refused.value)
    assert call("init", tmp_path / "new", "--from", f"{kind}:{path}").exit_code == 2
    assert not (tmp_path / "new").exists()


def test_what_is_no_import_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match='did you mean "doccano"'):
        read_import("docano:x")
    assert call("init", tmp_path / "new", "--from", "squad:x", "--article", "y").exit_code == 2


# ------------------------------------------------------------------------------------------ articles add


def test_an_article_is_added_with_its_hash(tmp_path: Path) -> None:
    _, seeds = write_corpus(tmp_path / "set")
    text = tmp_path / "delta.txt"
    text.write_text("Nothing of note.\n")
    done("articles", "add", text, "--articles", seeds, "--label", "Delta", "--topic", "calm")
    line = json.loads((seeds / "articles.jsonl").read_text().splitlines()[-1])
    assert (line["id"], line["label"], line["topic"]) == ("delta", "Delta", "calm")
    found = check_questions([tmp_path / "set" / "questions"], seeds).errors
    assert {f.check for f in found} == {
        "coverage"
    }  # every question without a scope has to say something of it


def test_an_article_that_is_there_is_not_added(tmp_path: Path) -> None:
    _, seeds = write_corpus(tmp_path / "set")
    before = (seeds / "articles.jsonl").read_bytes()
    text = tmp_path / "alpha.txt"
    text.write_text("Another text.\n")
    refused = call("articles", "add", text, "--articles", seeds)
    assert refused.exit_code == 2
    assert 'already describes an article "alpha"' in refused.stderr
    assert (seeds / "articles.jsonl").read_bytes() == before


def test_a_new_folder_gets_a_manifest(tmp_path: Path) -> None:
    text = tmp_path / "alpha.txt"
    text.write_text("A text.\n")
    done("articles", "add", text, "--articles", tmp_path / "new")
    assert (tmp_path / "new" / "articles.jsonl").read_text().count("\n") == 1
