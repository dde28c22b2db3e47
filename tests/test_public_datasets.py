"""Public data sets: what the formats mean, what is wrong with a file and where, what is tolerated."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_eval.errors import InputError, SpecError
from qa_eval.public import instances, open_dataset
from tests.public_files import SEA, SKY, TWO_ARTICLES, flat, qa, squad, write, write_lines


def problems(spec: str) -> list[str]:
    """What a data set is refused for: field and message of every finding."""
    with pytest.raises(InputError) as caught:
        open_dataset(spec).check()
    return [f"{f.field}: {f.message}" if f.field else f.message for f in caught.value.findings]


@pytest.mark.parametrize("name", ["dev.json", "dev.json.gz"])
def test_squad_is_read_as_a_stream_of_examples(tmp_path: Path, name: str) -> None:
    dataset = open_dataset(f"squad:{write(tmp_path / name, TWO_ARTICLES)}")
    examples = list(dataset)
    assert [e.id for e in examples] == ["q1", "q2", "q3", "q4"]
    assert [e.golds for e in examples] == [("The sky", "sky"), ("400", "Some 400"), (), ("12 miles",)]
    assert [e.starts for e in examples] == [(0, 4), (48, 43), (), (11,)]
    assert examples[0].context == SKY
    assert examples[3].context == SEA
    assert dataset.name == "dev"
    assert dataset.rules == "squad-v2.0"
    census = dataset.check()
    assert (census.questions, census.contexts, census.unanswerable) == (4, 2, 1)
    assert list(dataset) == examples


def test_an_item_is_named_by_question_and_context(tmp_path: Path) -> None:
    rows = [flat("a@b~c%", "What?", "", [])]
    path = write_lines(tmp_path / "rows.jsonl", [rows[0] | {"context": "abc"}])
    # sha256("abc") = ba7816bf 8f01…
    assert [i.item for i in instances(open_dataset(f"jsonl:{path}"))] == ["a%40b%7Ec%25@cba7816bf8f01"]


def test_every_error_is_told_with_its_path_inside_the_file(tmp_path: Path) -> None:
    document = squad(
        [(SKY, [qa("q1", "What?", [("The sky", 0)]), qa("q1", "Who?", [("sky", 4)])])],
        [(" ", [qa("q2", "What?")])],
    )
    document["data"][0]["paragraphs"][0]["qas"].append(
        {"id": 7, "answers": [{"text": "x", "answer_start": "1"}]}
    )
    document["data"].append({"title": "no paragraphs"})
    found = problems(f"squad:{write(tmp_path / 'dev.json', document)}")
    assert found == [
        'data[0].paragraphs[0].qas[1].id: "q1" is an earlier question\'s id too; each has its own',
        "data[0].paragraphs[0].qas[2].id: must be text, found the number 7",
        "data[0].paragraphs[0].qas[2].question: is missing (the question)",
        'data[0].paragraphs[0].qas[2].answers[0].answer_start: must be a whole number, found the text "1"',
        "data[1].paragraphs[0].context: is empty; it should be the text",
        "data[2].paragraphs: is missing (the texts with their questions)",
    ]


def test_a_spec_that_is_none_is_answered_with_those_there_are() -> None:
    with pytest.raises(SpecError, match=r'did you mean "squad"\?: write squad:FILE'):
        open_dataset("sqaud:dev.json")
