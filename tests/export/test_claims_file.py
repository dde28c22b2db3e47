"""Contested sets written as `claims:` files, and read back: the same items."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.dataset import open_dataset
from qa_eval.data.items import item_ids
from qa_eval.export.claims_file import corpus_facts, export_claims
from qa_eval.records import Corpus
from qa_eval.runs.rows import item_hashes
from tests.support.command_line import call, done
from tests.support.passage_sets import FACTS, write_facts


def opened(spec: str) -> ClaimSet:
    found = open_dataset(spec)
    assert isinstance(found, ClaimSet)
    return found


def hashes(corpus: Corpus) -> dict[str, object]:
    items = item_ids(corpus, tracks=["reading", "pooled"], paraphrases=True)
    return {str(item): found for item, found in item_hashes(corpus, items).items()}


def test_the_curated_set_survives_the_way_there_and_back(curated: Corpus, tmp_path: Path) -> None:
    file = tmp_path / "palmyra.claims.jsonl"
    done("export", "--format", "claims", "--out", file)
    facts = list(opened(f"claims:{file}"))
    back: dict[str, object] = {}
    for fact in facts:
        back |= hashes(fact.corpus)
    assert back == hashes(curated)
    notes = {question.id: question.note for question in curated.questions}
    assert {fact.question.id: fact.question.note for fact in facts} == notes
    assert [p.publisher for p in facts[0].passages] == [a.publisher for a in curated.articles]
    again = export_claims(facts, "again").outputs[0].data
    assert again == file.read_text("utf-8")


def test_facts_with_everything_survive_it_too(tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "mine.jsonl", FACTS)
    out = tmp_path / "out.jsonl.gz"
    done("export", "--format", "claims", "--dataset", spec, "--out", out)
    before, after = list(opened(spec)), list(opened(f"claims:{out}"))
    assert [fact.question for fact in after] == [fact.question for fact in before]
    assert [fact.passages for fact in after] == [fact.passages for fact in before]
    first = gzip.decompress(out.read_bytes()).splitlines()[0]
    assert json.loads(first)["claims"][1] == {
        "id": "10000",
        "answers": ["10,000"],
        "passages": ["d2"],
        "spans": [{"passage": "d2", "text": "10,000", "start": 19}],
        "status": "misinformation",
    }


def test_packed_bytes_are_the_same_each_time(curated: Corpus) -> None:
    one, other = (export_claims(corpus_facts(curated), "x", packed=True).outputs[0].data for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--format", "claims", "-m", "embedded"), "-m: cannot be used with --format claims."),
        (("--format", "claims", "--paraphrases"), "--paraphrases: cannot be used with --format claims."),
        (("--format", "claims", "--dataset", "squad:x.json"), "squad:x.json: holds no claims"),
        (("--format", "claims", "--dataset", "claims:x", "--articles", "x"), "not with --dataset."),
        (("results/x", "--format", "claims"), "exports the questions, not a run; leave RUN out."),
    ],
)
def test_calls_that_make_no_sense_are_refused(words: tuple[str, ...], expected: str) -> None:
    refused = call("export", *words)
    assert refused.exit_code == 2
    assert expected in " ".join(refused.stderr.split())
