"""What the curated question set promises, asserted of the real files."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from qa_eval.authoring.statistics import question_stats
from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.checks.question_checks import words, words_apart
from qa_eval.data.corpus_files import find_question_files
from qa_eval.data.locations import curated_paths
from qa_eval.matching.typed import match
from qa_eval.records import Corpus, Question


@pytest.fixture(scope="module")
def question_files() -> list[Path]:
    files, findings = find_question_files([curated_paths().questions])
    assert findings == []
    return files


def test_the_checks_find_neither_errors_nor_warnings() -> None:
    assert [str(f) for f in check_questions().findings] == []


def test_the_set_is_as_large_and_as_contested_as_promised(curated: Corpus) -> None:
    stats = question_stats(curated)
    assert len(curated.articles) == 5
    assert stats.facts >= 60
    assert stats.contested >= 20
    assert stats.relations["contradiction"] >= 8
    assert sum(stats.relations.values()) == stats.contested


def test_every_article_answers_much_and_is_silent_on_much(curated: Corpus) -> None:
    for article, asked in question_stats(curated).articles.items():
        assert asked.answerable >= 20, article
        assert asked.silent >= 20, article


def test_every_fact_has_two_paraphrases_that_differ_in_more_than_a_word(curated: Corpus) -> None:
    for question in curated.questions:
        asked = [words(question.wording(n)) for n in range(len(question.paraphrases) + 1)]
        assert len(asked) >= 3, question.id
        for first, second in combinations(asked, 2):
            assert words_apart(first, second) > 1, (question.id, first, second)


def test_every_span_is_what_the_article_says_there(curated: Corpus) -> None:
    for question in curated.questions:
        for claim in question.claims:
            for span in claim.evidence:
                assert curated.article(span.article).text[span.start : span.end] == span.text, question.id


def test_every_article_is_named_once_by_every_fact(curated: Corpus) -> None:
    every = sorted(a.id for a in curated.articles)
    for question in curated.questions:
        assert sorted([*question.answering, *question.silent, *question.partial]) == every, question.id


def test_every_wording_makes_its_own_claim_and_no_other(curated: Corpus) -> None:
    for question in curated.questions:
        for claim in question.claims:
            for wording in claim.wordings:
                assert claims_made(question, wording) == {claim.id}, (question.id, wording)


def claims_made(question: Question, wording: str) -> set[str]:
    """The claims of which some wording is matched strictly, at a level that tells claims apart."""
    return {
        claim.id
        for claim in question.claims
        for gold in claim.wordings
        if (found := match(wording, gold, question.answer_type, strict=True)).ok and found.level >= 2
    }


def test_the_scorer_takes_every_wording_for_its_claim(curated: Corpus) -> None:
    from qa_eval.matching.claims import claim_of

    for question in curated.questions:
        for claim in question.claims:
            for wording in claim.wordings:
                assert claim_of(question, wording) == claim.id, (question.id, wording)
            for span in claim.evidence:
                made = claim_of(question, span.text, span.span)
                assert made == claim.id, (question.id, span)


def test_every_contested_fact_says_why_its_sources_differ(curated: Corpus) -> None:
    for question in curated.questions:
        if question.contested:
            assert question.relation, question.id
            assert question.note.strip(), question.id


def test_a_file_holds_the_category_of_its_name(question_files: list[Path]) -> None:
    for file in question_files:
        for line in file.read_text(encoding="utf-8").splitlines():
            assert json.loads(line)["category"] == file.stem, (file.name, json.loads(line)["id"])


def test_no_question_mentions_an_article_or_its_makers(curated: Corpus) -> None:
    makers = {m.casefold() for a in curated.articles for m in (a.publisher, a.byline, a.title) if m}
    for question in curated.questions:
        for number in range(len(question.paraphrases) + 1):
            text = question.wording(number)
            mentioned = {"article", "articles", "author", "passage", "text"} & set(words(text))
            assert not mentioned, (question.id, text)
            assert not [m for m in makers if m in text.casefold()], (question.id, text)


def test_every_question_is_a_question(curated: Corpus) -> None:
    for question in curated.questions:
        for number in range(len(question.paraphrases) + 1):
            text = question.wording(number)
            assert text.endswith("?"), (question.id, text)
            assert text[0].isupper(), (question.id, text)
