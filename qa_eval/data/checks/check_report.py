"""Every check of a question set, all findings at once."""

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
    """What the checks found."""

    findings: tuple[Finding, ...]
    """By file in the order read, then by line, articles first; empty if all is well."""
    facts: int
    """Questions of sound shape."""
    files: tuple[str, ...]
    """The question files read."""
    articles: int
    """Articles read."""
    questions_path: str = ""
    """Where the questions were looked for, as shown to people."""
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
    """Runs every check over question files (or folders of them) and their article folder.

    None takes the curated set. Without `exemptions`, the `exemptions.toml` of each folder is read, and that
    beside each file. Never raises on what the files hold; raises QaEvalError only where an installation holds
    no curated set and none is named.
    """
    if questions is None or articles is None:
        curated = curated_paths()
        questions = [curated.questions] if questions is None else questions
        articles = curated.articles if articles is None else articles
    folder = read_articles(articles)
    files = affordable(read_questions(questions), folder)
    exempt = read_exemptions(exemption_files(questions) if exemptions is None else [exemptions])
    # Exempted findings are judged in every case: whether an exemption is stale depends on them.
    exemptible = _exemptible(files, folder, exempt, whole=any(p.is_dir() for p in questions))
    return replace(
        report(files, folder, chain(content_errors(files, folder), exemptible)),
        questions_path=show_paths(questions),
        articles_path=show_path(articles),
    )


def exemption_files(questions: Sequence[Path]) -> list[Path]:
    """The exemption files that lie in the folders named, or beside the files named; each once."""
    beside = [(p if p.is_dir() else p.parent) / EXEMPTIONS for p in questions]
    return list({real_path(p): p for p in beside if p.is_file()}.values())


def content_errors(files: QuestionFiles, folder: ArticleFolder) -> Iterator[Finding]:
    """Everything that no exemption silences, of all questions of sound shape."""
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
    """The findings an exemption can silence, and the exemptions that silence none."""
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
    """Silent articles with the words of an answer, but for those that are exempt."""
    for article, finding in silent_occurrences(authored, articles):
        if not exempt.covers(("silent-occurrence", finding.fact, article)):
            yield finding


def duplicate_findings(authored: Sequence[Authored], exempt: Exemptions) -> Iterator[Finding]:
    """Facts that ask (nearly) the same, but for those that are exempt; the very same is never exempt."""
    for other, finding in near_duplicates(authored):
        pair: list[Subject] = [
            ("near-duplicate", finding.fact, other),
            ("near-duplicate", other, finding.fact),
        ]
        if finding.severity == "error" or not [subject for subject in pair if exempt.covers(subject)]:
            yield finding


def report(files: QuestionFiles, folder: ArticleFolder, contents: Iterable[Finding]) -> CheckReport:
    """What reading found and, as far as findings are told, what the checks of the contents find; in order."""
    told = Findings()
    told.take(chain(folder.findings, files.findings, contents))
    findings = with_columns(told.listed(), {**folder.lines, **files.lines})
    order = {path: number for number, path in enumerate(files.files)}
    articles = {f.path for f in folder.findings}

    def place(finding: Finding) -> tuple[int, int, int, int]:
        group = 0 if finding.path in articles else 1 if finding.path in order else 2
        if finding.check == LIMIT and finding.line is None:  # how many are not told
            group = 3
        return group, order.get(finding.path, 0), finding.line or 0, finding.column or 0

    return CheckReport(
        findings=tuple(sorted(findings, key=place)),
        facts=len(files.authored),
        files=files.files,
        articles=len(folder.articles),
    )


def show_paths(paths: Sequence[Path]) -> str:
    """Paths for people, in one line."""
    return ", ".join(show_path(p) for p in paths)
