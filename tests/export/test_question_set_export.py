"""The question set for others: loaded by `datasets`, scored by its own rows, and SQuAD's format."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import datasets
import pytest
from huggingface_hub import DatasetCard

from qa_eval.data.items import item_ids
from qa_eval.integrations.reports import contested_report
from qa_eval.records import Corpus
from tests.support.command_line import done
from tests.support.public_files import open_public
from tests.support.small_corpus import write_corpus


def export(out: Path, *arguments: object) -> None:
    done("export", "--format", "dataset", "--out", out, *arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("set") / "palmyra"
    export(out)
    return out


@pytest.fixture(scope="module")
def table(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What `datasets` makes of the folder, without a network and without the library's own cache."""

    def refuse(*_: object) -> None:
        raise OSError("no network in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        cache = str(tmp_path_factory.mktemp("cache"))
        return datasets.load_dataset(str(folder), split="test", cache_dir=cache)


def test_the_folder_loads_with_an_item_for_every_question_and_article(table: Any, curated: Corpus) -> None:
    assert table["id"][:] == [str(item) for item in item_ids(curated, tracks=["reading"])]
    for row in table:
        question, article = curated.question(row["fact"]), curated.article(row["article"])
        assert row["context"] == article.text
        assert row["question"] == question.question
        assert row["contested"] == question.contested
        assert tuple(dict.fromkeys(row["answers"]["text"])) == question.own_golds(article.id)
        for text, start in zip(row["answers"]["text"], row["answers"]["answer_start"], strict=True):
            assert article.text[start : start + len(text)] == text
        assert [c["id"] for c in row["claims"]] == [c.id for c in question.claims]


def test_the_card_declares_the_features_that_the_table_has(folder: Path, table: Any, tmp_path: Path) -> None:
    builder = datasets.load_dataset_builder(str(folder), cache_dir=str(tmp_path))
    assert builder.info.features == table.features
    assert builder.info.splits["test"].num_examples == table.num_rows
    assert table.features["answers"] == {
        "text": datasets.List(datasets.Value("string")),
        "answer_start": datasets.List(datasets.Value("int32")),
    }


def test_the_card_tells_the_questions_licence_from_the_articles(folder: Path) -> None:
    card = DatasetCard.load(folder / "README.md")
    assert (card.data.license, card.data.license_name) == ("other", "mit-questions-publishers-articles")
    assert "under the MIT licence. **The articles are not:**" in card.text
    assert "remain their publishers'" in card.text
    assert "Each of 149 questions is asked of 5 articles" in card.text
    # 706 items of which 61.6 % are silent, as below the leaderboard of the README.
    assert "706 items; 435 of them have no answer" in card.text


def test_the_rows_are_references_of_the_contested_metric(table: Any, curated: Corpus) -> None:
    # Every article's own first answer, as the oracle of the leaderboard gives it: right everywhere.
    rows = table.to_list()
    first = [
        {
            "id": row["id"],
            "prediction_text": row["answers"]["text"][0] if row["answers"]["text"] else "",
            "prediction_start": row["answers"]["answer_start"][0] if row["answers"]["text"] else None,
            "no_answer_probability": None,
        }
        for row in rows
    ]
    found = contested_report(first, rows)
    for metric in ("em", "f1", "match", "balanced_f1", "contrast_consistency", "lenient"):
        assert found[metric] == 1.0, metric
    assert "leak" not in found
    assert found["no_answer_leak"] == 0.0


def test_squads_format_holds_the_same_items(folder: Path, table: Any) -> None:
    squad = json.loads((folder / "squad-v2.0.json").read_text("utf-8"))
    assert squad["version"] == "v2.0"
    found = {}
    for article in squad["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                assert qa["is_impossible"] == (qa["answers"] == [])
                for answer in qa["answers"]:
                    start = answer["answer_start"]
                    assert paragraph["context"][start : start + len(answer["text"])] == answer["text"]
                found[qa["id"]] = (qa["question"], [a["text"] for a in qa["answers"]])
    assert found == {row["id"]: (row["question"], row["answers"]["text"]) for row in table}


def test_our_own_reader_of_squads_format_finds_nothing_wrong(folder: Path) -> None:
    dataset = open_public(f"squad:{folder / 'squad-v2.0.json'}")
    census = dataset.check()
    assert (census.questions, census.contexts, census.unanswerable) == (706, 5, 435)
    assert not census.tolerated
    assert dataset.rules == "squad-v2.0"


def test_own_questions_are_exported_with_their_wordings_and_no_licence_of_ours(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    export(tmp_path / "out", "--questions", questions, "--articles", seeds, "--paraphrases")
    squad = json.loads((tmp_path / "out" / "squad-v2.0.json").read_text("utf-8"))
    alpha = squad["data"][0]
    assert alpha["title"] == "Title of alpha"
    assert [(qa["id"], [a["text"] for a in qa["answers"]]) for qa in alpha["paragraphs"][0]["qas"]] == [
        ("militant-losses@alpha", ["Over 400"]),
        ("militant-losses~1@alpha", ["Over 400"]),
        ("fall-of-town@alpha", ["May 2015"]),
        ("fall-of-town~1@alpha", ["May 2015"]),
    ]
    card = DatasetCard.load(tmp_path / "out" / "README.md")
    assert card.data.license == "unknown"
    assert "MIT" not in card.content


def test_equal_sets_are_exported_to_equal_bytes(folder: Path, tmp_path: Path) -> None:
    export(tmp_path / "again")
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    assert [str(n) for n in names] == ["README.md", "data/test-00000-of-00001.parquet", "squad-v2.0.json"]
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name
