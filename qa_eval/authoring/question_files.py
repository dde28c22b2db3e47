"""Writes question files. Lines are checked before they are written, and files are replaced as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from qa_eval.authoring.canonical_lines import canonical_line, fix_lines
from qa_eval.data.checks.check_report import content_errors, duplicate_findings, silent_findings
from qa_eval.data.checks.exemptions import Exemptions
from qa_eval.data.checks.limits import affordable
from qa_eval.data.corpus_files import (
    QUESTIONS_SUFFIX,
    ArticleFolder,
    Authored,
    QuestionFiles,
    find_question_files,
    read_articles,
    read_questions,
)
from qa_eval.data.corpus_schema import KEBAB_CASE, QuestionLine
from qa_eval.data.locations import curated_paths
from qa_eval.data.validation import validate_shape
from qa_eval.errors import InputError, QaEvalError
from qa_eval.files.atomic_files import write_atomically
from qa_eval.files.findings import LIMIT, Findings
from qa_eval.files.json_columns import with_columns
from qa_eval.files.paths import read_input
from qa_eval.records import Finding, Question
from qa_eval.text.phrases import quote, show_path


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFix:
    """The lines of one file that were put into canonical form."""

    path: str
    lines: tuple[int, ...]


def fix_questions(questions: Sequence[Path] | None = None, articles: Path | None = None) -> list[FileFix]:
    """Puts question files into canonical form, as `fix_lines` does. Returns the files that changed.

    Links are left alone, because their targets belong to somebody else. A set that is too large to be checked
    is also left alone. Raises QaEvalError for the copies in an installed package, and RunFolderError if a
    file cannot be written.
    """
    paths, folder_path = data_paths(questions, articles, writing=True)
    folder = read_articles(folder_path)
    found = affordable(read_questions(paths), folder).findings
    if any(f.check == LIMIT for f in found) or Findings(found).full:
        return []
    refused = {f.path for f in found if f.check == "file"}
    texts = {a.id: a.text for a in folder.articles}
    fixes = []
    for path in find_question_files(paths)[0]:
        if path.is_symlink() or not path.is_file() or show_path(path) in refused:
            continue
        data = read_input(path)
        fixed, lines = fix_lines(data, texts)
        if fixed != data:
            write_atomically(path, fixed)
            fixes.append(FileFix(path=show_path(path), lines=lines))
    return fixes


def data_paths(
    questions: Sequence[Path] | None, articles: Path | None, *, writing: bool = False
) -> tuple[list[Path], Path]:
    """The paths given, or those of the curated set.

    With `writing`, the curated set is only taken if it is the one of a checkout. Otherwise raises
    QaEvalError.
    """
    if questions and articles is not None:
        return list(questions), articles
    curated = curated_paths()
    if writing and not questions and (curated.installed or curated.questions.is_symlink()):
        what = "is the installed copy" if curated.installed else "is a link"
        raise QaEvalError(
            f"{show_path(curated.questions)} {what}, and nothing is written there; name the questions "
            "(in a checkout: --questions questions --articles seeds)"
        )
    return list(questions or [curated.questions]), articles or curated.articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A question to be added, with its line, its place, and the findings of the checks."""

    question: Question
    line: str
    path: Path
    number: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.severity == "error")


def target_file(paths: Sequence[Path], category: str) -> Path:
    """The file for a question of this category: the file that was named, or the one named like the category.

    Raises QaEvalError for a folder that does not exist, for a category that cannot be a file name, and for a
    file that is a link or does not have the name of a question file.
    """
    place = paths[0]
    if place.suffix != QUESTIONS_SUFFIX:
        if not place.is_dir():
            raise QaEvalError(
                f"{show_path(place)}: is not a folder; name a folder, or a file *{QUESTIONS_SUFFIX}"
            )
        if not re.fullmatch(KEBAB_CASE, category):
            raise QaEvalError(f"--category {quote(category)} is not kebab-case; write letters, digits and -")
        place = place / f"{category}{QUESTIONS_SUFFIX}"
    if place.is_symlink() or (place.exists() and not place.is_file()):
        raise QaEvalError(f"{show_path(place)}: is a link or not a file; nothing was written")
    return place


def judge_addition(
    question: Question, files: QuestionFiles, folder: ArticleFolder, path: Path, exempt: Exemptions
) -> Addition:
    """The findings of every check about a question to be added. Nothing is written."""
    shown = show_path(path)
    old = read_input(path) if path.exists() else b""
    number = old.count(b"\n") + (0 if not old or old.endswith(b"\n") else 1) + 1
    line = canonical_line(question)
    written, messages = validate_shape(QuestionLine, json.loads(line))
    findings = [
        Finding(severity="error", path=shown, line=number, field=f, message=m, check="shape")
        for f, m in messages
    ]
    findings += [f for f in files.findings if f.path == shown and f.severity == "error"]
    findings += list(folder.findings)
    if written is not None:
        new = Authored(question=written.to_record(), contested=written.contested, path=shown, line=number)
        whole = replace(files, authored=(*files.authored, new))
        found = chain(
            content_errors(whole, folder),
            silent_findings([new], {a.id: a for a in folder.articles}, exempt),
            duplicate_findings(whole.authored, exempt),
        )
        findings += [f for f in found if (f.path, f.line) == (shown, number)]
    findings = with_columns(findings, {**files.lines, (shown, number): line})
    return Addition(question=question, line=line, path=path, number=number, findings=tuple(findings))


def add_question(addition: Addition) -> None:
    """Appends the line to its file, which is replaced as a whole.

    Raises InputError with every error of the checks. Then nothing was written.
    """
    if addition.errors:
        raise InputError(addition.errors)
    old = read_input(addition.path) if addition.path.exists() else b""
    if old and not old.endswith(b"\n"):
        old += b"\n"
    write_atomically(addition.path, old + addition.line.encode("utf-8") + b"\n")


def read_set(paths: Sequence[Path], articles: Path) -> tuple[QuestionFiles, ArticleFolder]:
    """Reads the questions and articles as they are. Raises InputError if any article cannot be read."""
    folder = read_articles(articles)
    if folder.findings:
        raise InputError(with_columns(folder.findings, folder.lines))
    return read_questions([p for p in paths if p.exists()]), folder
