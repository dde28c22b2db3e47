"""Tiny corpora for tests: what a test does not care about is filled in so that the set is valid.

questions, seeds = write_corpus(tmp_path)                                 # two facts over three articles
questions, seeds = write_corpus(tmp_path, [fact(id="x", note="odd")])     # one, with something changed
questions, seeds = write_corpus(tmp_path, [{...}], {"a": "Text of article a."})
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qa_eval.data.content_hashes import articles_sha256, questions_sha256
from qa_eval.data.corpus import load_corpus
from qa_eval.files.hashes import sha256_text
from qa_eval.records import Article, Claim, Corpus, Evidence, Finding, Question

ARTICLES = {
    "alpha": "Over 400 militants were killed, a monitor said on Sunday.\nThe town had fallen in May 2015.\n",
    "beta": "State media reported that 400 militants died. The “bride” is free again.\n",
    "gamma": "Farmers hope for rain; nobody here speaks of the war.\n",
}
"""What the default facts are about: `alpha` and `beta` disagree, `gamma` is silent."""

LOSSES: dict[str, Any] = {
    "id": "militant-losses",
    "question": "How many militants died in the battle?",
    "paraphrases": ["What was the death toll among the militants?"],
    "category": "death-toll",
    "answer_type": "number",
    "contested": True,
    "relation": "precision",
    "claims": [
        {"id": "over-400", "evidence": [{"article": "alpha", "text": "Over 400", "start": 0}]},
        {
            "id": "400",
            "aliases": ["four hundred"],
            "evidence": [{"article": "beta", "text": "400", "start": 26}],
        },
    ],
    "silent": ["gamma"],
    "note": "One gives a bound, the other a number.",
}
"""A contested fact."""

FALL: dict[str, Any] = {
    "id": "fall-of-town",
    "question": "When had the town been lost?",
    "paraphrases": ["On what date did it change hands?"],
    "category": "dates",
    "answer_type": "date",
    "contested": False,
    "claims": [{"id": "may-2015", "evidence": [{"article": "alpha", "text": "May 2015", "start": 81}]}],
    "silent": ["beta", "gamma"],
}
"""A settled fact, asked of two silent articles."""


def fact(base: Mapping[str, Any] = LOSSES, **changes: Any) -> dict[str, Any]:
    """A copy of a fact with some keys replaced; a key given as `...` is left out."""
    whole = {**copy.deepcopy(dict(base)), **changes}
    return {key: value for key, value in whole.items() if value is not ...}


def settled(id: str, question: str, **evidence: str) -> dict[str, Any]:
    """An uncontested text fact from `article="wording"` pairs; the articles not named are silent."""
    rows = [{"article": article, "text": text} for article, text in evidence.items()]
    return {"id": id, "question": question, "claims": [{"id": "it", "evidence": rows}]}


def completed(question: Mapping[str, Any], articles: Mapping[str, str]) -> dict[str, Any]:
    """The fact with what it lacks filled in, so that it is valid: offsets, flags, silent articles."""
    whole = copy.deepcopy(dict(question))
    claims = whole.get("claims", [])
    spans = [span for claim in claims for span in claim.get("evidence", [])]
    for span in spans:
        if "start" not in span and span.get("text") in articles.get(span.get("article"), ""):
            span["start"] = articles[span["article"]].index(span["text"])
    named = {span.get("article") for span in spans} | set(whole.get("partial", []))
    whole.setdefault("category", "facts")
    whole.setdefault("answer_type", "text")
    whole.setdefault("contested", len(claims) >= 2)
    if len(claims) >= 2:
        whole.setdefault("relation", "contradiction")
    whole.setdefault("silent", [id for id in articles if id not in named])
    return whole


def write_corpus(
    folder: Path,
    questions: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    articles: Mapping[str, str] | None = None,
    *,
    complete: bool = True,
) -> tuple[Path, Path]:
    """Writes a set below the folder and gives (questions folder, article folder), for `load_corpus(q, a)`.

    `questions` is one list of facts (written to `facts.jsonl`) or a list for each file name; each is
    `completed` unless `complete` is False. `articles` maps ids to texts. None takes the defaults.
    """
    texts = ARTICLES if articles is None else articles
    chosen = [LOSSES, FALL] if questions is None else questions
    files = chosen if isinstance(chosen, Mapping) else {"facts.jsonl": chosen}
    questions_folder, seeds = folder / "questions", folder / "seeds"
    questions_folder.mkdir(parents=True, exist_ok=True)
    for name, facts in files.items():
        rows = [completed(f, texts) if complete else dict(f) for f in facts]
        write_lines(questions_folder / name, rows)
    write_articles(seeds, texts)
    return questions_folder, seeds


def write_articles(seeds: Path, texts: Mapping[str, str]) -> None:
    """Writes an article folder with its manifest."""
    seeds.mkdir(parents=True, exist_ok=True)
    rows = []
    for id, text in texts.items():
        data = text.encode()
        (seeds / f"{id}.txt").write_bytes(data)
        rows.append({"id": id, "title": f"Title of {id}", "sha256": hashlib.sha256(data).hexdigest()})
    write_lines(seeds / "articles.jsonl", rows)


def write_lines(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes one JSON object a line."""
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def small_corpus(
    folder: Path,
    questions: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
    articles: Mapping[str, str] | None = None,
) -> Corpus:
    """`write_corpus`, loaded."""
    return load_corpus(*write_corpus(folder, questions, articles))


def unplaced(finding: Finding) -> Finding:
    """The finding without the column of its field, which `test_columns` is about."""
    return replace(finding, column=None) if finding.field else finding


def wells(n: int = 8) -> Corpus:
    """As many facts, each stated by the one article."""
    text = " ".join(f"Town {i} has {i + 20} wells." for i in range(n))
    questions = tuple(
        Question(
            id=f"town-{i}",
            question=f"How many wells has town {i}?",
            category="wells",
            answer_type="number",
            claims=(
                Claim(
                    id=str(i + 20),
                    evidence=(
                        Evidence(article="a", text=str(i + 20), start=text.index(f"has {i + 20}") + 4),
                    ),
                ),
            ),
            silent=(),
        )
        for i in range(n)
    )
    articles = (Article(id="a", text=text, sha256=sha256_text(text)),)
    return Corpus(
        questions=questions,
        articles=articles,
        questions_sha256=questions_sha256(questions),
        articles_sha256=articles_sha256(articles),
    )
