"""Runs every check of a question set and reports all findings at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from qa_eval.data.checks.article_checks import check_against_articles, silent_occurrences
from qa_eval.data.checks.claim_checks import check_claims
from qa_eval.data.checks.exemptions import EXEMPTIONS, Exemptions, Subject, read_exemptions
from qa_eval.data.checks.limits import affordable
from qa_eval.data.checks.question_checks import check_question
from qa_eval.data.checks.set_checks import check_ids_unique, near_duplicates
from qa_eval.data.corpus_files import ArticleFolder, Authored, QuestionFiles, read_articles, read_questions
from qa_eval.data.locations import curated_paths
from qa_eval.files.findings import LIMIT, Findings
from qa_eval.files.json_columns import with_columns
from qa_eval.files.paths import real_path
from qa_eval.records import Article, Finding
from qa_eval.text.phrases import show_path


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """The findings of the checks, and how much was read."""

    findings: tuple[Finding, ...]
    """Findings by file in the order read, then by line. Those about articles come first. Empty if all is
    well."""
    facts: int
    """Number of questions of sound shape."""
    files: tuple[str, ...]
    """Paths of the question files that were read."""
    articles: int
    """Number of articles that were read."""
    questions_path: str = ""
    """Paths of the questions, as shown to people."""
    articles_path: str = ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "warning")


def check_questions(
    questions: Sequence[Path] | None = None, articles: Path | None = None, exemptions: Path | None = None
) -> CheckReport:
    """Runs every check over question files and their article folder.

    The checks never raise an error because of the contents of the files.

    Args:
        questions: Question files, or folders of them. None takes the curated set.
        articles: Folder of the articles. None takes the curated set.
        exemptions: File of exemptions. None takes `exemptions.toml` in each folder named and next to each
            file named.

    Raises:
        QaEvalError: The installation holds no curated set, and the arguments do not replace it.
    """
    if questions is None or articles is None:
        curated = curated_paths()
        questions = [curated.questions] if questions is None else questions
        articles = curated.articles if articles is None else articles
    folder = read_articles(articles)
    files = affordable(read_questions(questions), folder)
    exempt = read_exemptions(exemption_files(questions) if exemptions is None else [exemptions])
    # Every exemptible finding is made, even if it is exempt, because only then is it known which exemptions
    # are stale.
    exemptible = _exemptible(files, folder, exempt, whole=any(p.is_dir() for p in questions))
    return replace(
        report(files, folder, chain(content_errors(files, folder), exemptible)),
        questions_path=show_paths(questions),
        articles_path=show_path(articles),
    )


def exemption_files(questions: Sequence[Path]) -> list[Path]:
    """The exemption files in the folders named and next to the files named, each once."""
    beside = [(p if p.is_dir() else p.parent) / EXEMPTIONS for p in questions]
    return list({real_path(p): p for p in beside if p.is_file()}.values())


def content_errors(files: QuestionFiles, folder: ArticleFolder) -> Iterator[Finding]:
    """Yields every finding that no exemption silences, over all questions of sound shape."""
    articles = {a.id: a for a in folder.articles}
    for authored in files.authored:
        yield from check_question(authored)
        yield from check_claims(authored)
        yield from check_against_articles(authored, folder, articles)
    yield from check_ids_unique(files.authored)
    if files.files and files.complete and not files.authored:
        message = "holds no facts; write one fact a line"
        yield Finding(
            severity="error", path=files.files[0], line=None, field="", message=message, check="file"
        )


def _exemptible(
    files: QuestionFiles, folder: ArticleFolder, exempt: Exemptions, *, whole: bool
) -> Iterator[Finding]:
    """Yields the exemptible findings that are not exempt, and a finding for each stale exemption."""
    readable = {a.id: a for a in folder.articles}
    yield from silent_findings(files.authored, readable, exempt)
    yield from duplicate_findings(files.authored, exempt)
    yield from exempt.findings
    yield from exempt.stale(
        facts={a.question.id for a in files.authored},
        articles=readable.keys(),
        complete=whole and files.complete and folder.complete and len(readable) == len(folder.ids),
    )


def silent_findings(
    authored: Sequence[Authored], articles: Mapping[str, Article], exempt: Exemptions
) -> Iterator[Finding]:
    """Yields a finding for each silent article with the words of an answer, unless it is exempt."""
    for article, finding in silent_occurrences(authored, articles):
        if not exempt.covers(("silent-occurrence", finding.fact, article)):
            yield finding


def duplicate_findings(authored: Sequence[Authored], exempt: Exemptions) -> Iterator[Finding]:
    """Yields a finding for facts that ask nearly or exactly the same.

    Nearly equal questions can be exempt, equal ones cannot.
    """
    for other, finding in near_duplicates(authored):
        pair: list[Subject] = [
            ("near-duplicate", finding.fact, other),
            ("near-duplicate", other, finding.fact),
        ]
        if finding.severity == "error" or not [subject for subject in pair if exempt.covers(subject)]:
            yield finding


def report(files: QuestionFiles, folder: ArticleFolder, contents: Iterable[Finding]) -> CheckReport:
    """The report on what reading found and on what the checks of the contents find.

    The findings are sorted. At most as many are listed as `Findings` lists.
    """
    told = Findings()
    told.take(chain(folder.findings, files.findings, contents))
    findings = with_columns(told.listed(), {**folder.lines, **files.lines})
    order = {path: number for number, path in enumerate(files.files)}
    articles = {f.path for f in folder.findings}

    def place(finding: Finding) -> tuple[int, int, int, int]:
        group = 0 if finding.path in articles else 1 if finding.path in order else 2
        if finding.check == LIMIT and finding.line is None:  # It counts the findings that are not listed.
            group = 3
        return group, order.get(finding.path, 0), finding.line or 0, finding.column or 0

    return CheckReport(
        findings=tuple(sorted(findings, key=place)),
        facts=len(files.authored),
        files=files.files,
        articles=len(folder.articles),
    )


def show_paths(paths: Sequence[Path]) -> str:
    """The paths for people, on one line."""
    return ", ".join(show_path(p) for p in paths)
