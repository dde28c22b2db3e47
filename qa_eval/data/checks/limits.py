"""Limits on how much of a set is checked: contributions come from strangers, and the checks must end.

These are the limits of the checks. `files.authored_lines` has the limits of one file and one line,
`corpus_schema` those of one value, and `corpus_files` those of all files together. Each limit is far above
what people write. Exceeding one is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from qa_eval.data.checks.question_checks import stands_in_capitals, wordings
from qa_eval.data.corpus_files import ArticleFolder, QuestionFiles
from qa_eval.files.findings import LIMIT
from qa_eval.records import Question

MAX_WORK = 50_000_000
"""Greatest amount of `work` for all facts together. It takes a few minutes at worst."""


def work(question: Question, lengths: Mapping[str, int]) -> int:
    """The amount of work to check a question, in characters read. `lengths` are the lengths of the articles
    by id.

    Every wording of a claim is compared with every other. It is also searched for in each question and in
    each silent article, for which there is an index. Every paraphrase is compared with every other.
    """
    texts = [text for _, text in wordings(question)]
    said = [wording for claim in question.claims for wording in claim.wordings]
    judged = len(said) * (6 * sum(map(len, said)) + sum(map(len, texts)))
    places = (*question.silent, *(e.article for claim in question.claims for e in claim.evidence))
    searched = sum(1 + lengths.get(id, 0) // 10_000 for id in places)
    looked_at = sum(10 if stands_in_capitals(wording) else 1 for wording in said)
    return judged + looked_at * searched + len(texts) ** 2


def affordable(files: QuestionFiles, folder: ArticleFolder) -> QuestionFiles:
    """The questions that can be checked within `MAX_WORK`, with a finding at the first that cannot."""
    lengths = {article.id: len(article.text) for article in folder.articles}
    left = MAX_WORK
    for number, authored in enumerate(files.authored):
        left -= work(authored.question, lengths)
        if left < 0:
            message = (
                f"with this fact the checks of the set take more than {MAX_WORK:,} steps, so this fact and "
                "those after it are not checked; give fewer or shorter wordings, or split the set"
            )
            refusal = authored.finding(LIMIT, "", message)
            return replace(
                files,
                authored=files.authored[:number],
                findings=(*files.findings, refusal),
                complete=False,
            )
    return files
