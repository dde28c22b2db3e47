"""A question set for other tools: as SQuAD 2.0 JSON, and as a folder that the `datasets` library loads.

    README.md                      the card, with the features
    squad-v2.0.json                for every reader of SQuAD's format
    data/test-00000-of-00001.parquet    the same items, with the claims of every source

An item is a question asked of one article. Its id is the item id `FACT@ARTICLE`. Articles listed as `partial`
are left out, as they are in scoring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qa_eval.data.items import item_ids
from qa_eval.export.dataset_card import dataset_card
from qa_eval.export.outputs import Export, Output
from qa_eval.export.tables import parquet_bytes
from qa_eval.files.hashes import canonical_json
from qa_eval.records import Claim, Corpus, Evidence, ItemId, Question
from qa_eval.text.terminal import safe_json

if TYPE_CHECKING:
    import pyarrow as pa

_PARQUET = "data/test-00000-of-00001.parquet"


def export_questions(corpus: Corpus, *, curated: bool, paraphrases: bool = False) -> Export:
    """The reading items of a corpus. With `paraphrases`, also those of the other wordings of each question.

    `curated` says that the set is the one that comes with the program, whose licence is known.
    """
    items = item_ids(corpus, tracks=["reading"], paraphrases=paraphrases)
    table = _table(corpus, items)
    return Export(
        outputs=(
            Output(name="README.md", data=dataset_card(corpus, table, curated=curated)),
            Output(name="squad-v2.0.json", data=_squad(corpus, items)),
            Output(name=_PARQUET, data=parquet_bytes(table)),
        ),
        folder=True,
    )


def _answers(question: Question, article: str) -> list[Evidence]:
    """The distinct passages of the article that answer, in the author's order."""
    return list({(e.start, e.text): e for c in question.claims for e in c.evidence_in(article)}.values())


# ------------------------------------------------------------------------------------------ SQuAD


def _squad(corpus: Corpus, items: Sequence[ItemId]) -> str:
    questions = {q.id: q for q in corpus.questions}
    asked: dict[str, list[dict[str, Any]]] = {a.id: [] for a in corpus.articles}
    for item in items:
        question = questions[item.fact]
        answers = [{"text": e.text, "answer_start": e.start} for e in _answers(question, item.article)]
        asked[item.article].append(
            {
                "id": str(item),
                "question": question.wording(item.paraphrase),
                "answers": answers,
                "is_impossible": not answers,
            }
        )
    data = [
        {"title": a.title or a.id, "paragraphs": [{"context": a.text, "qas": asked[a.id]}]}
        for a in corpus.articles
    ]
    return safe_json(canonical_json({"version": "v2.0", "data": data}, indent=1)) + "\n"


# ------------------------------------------------------------------------------------------ Parquet


def _schema() -> pa.Schema:
    import pyarrow as pa

    text, offset, flag = pa.string(), pa.int32(), pa.bool_()
    evidence = pa.struct(
        [
            ("article", text),
            ("text", text),
            ("start", offset),
            ("speaker", text),
            ("as_of", text),
            ("hedged", flag),
        ]
    )
    claim = pa.struct(
        [
            ("id", text),
            ("group", text),
            ("aliases", pa.list_(text)),
            ("evidence", pa.list_(evidence)),
        ]
    )
    return pa.schema(
        [
            ("id", text),
            ("title", text),
            ("context", text),
            ("question", text),
            ("answers", pa.struct([("text", pa.list_(text)), ("answer_start", pa.list_(offset))])),
            ("fact", text),
            ("article", text),
            ("paraphrase", offset),
            ("category", text),
            ("answer_type", text),
            ("contested", flag),
            ("relation", text),
            ("claims", pa.list_(claim)),
        ]
    )


def _table(corpus: Corpus, items: Sequence[ItemId]) -> pa.Table:
    import pyarrow as pa

    questions = {q.id: q for q in corpus.questions}
    articles = {a.id: a for a in corpus.articles}
    rows = []
    for item in items:
        question, article = questions[item.fact], articles[item.article]
        answers = _answers(question, article.id)
        rows.append(
            {
                "id": str(item),
                "title": article.title or article.id,
                "context": article.text,
                "question": question.wording(item.paraphrase),
                "answers": {"text": [e.text for e in answers], "answer_start": [e.start for e in answers]},
                "fact": question.id,
                "article": article.id,
                "paraphrase": item.paraphrase,
                "category": question.category,
                "answer_type": question.answer_type,
                "contested": question.contested,
                "relation": question.relation,
                "claims": [_claim(c) for c in question.claims],
            }
        )
    return pa.Table.from_pylist(rows, schema=_schema())


def _claim(claim: Claim) -> dict[str, Any]:
    fields = ("article", "text", "start", "speaker", "as_of", "hedged")
    return {
        "id": claim.id,
        "group": claim.coverage_group,
        "aliases": list(claim.aliases),
        "evidence": [{name: getattr(e, name) for name in fields} for e in claim.evidence],
    }
