"""Reads question files and article folders into records, each with its file and line.

No function here raises an error because of what people wrote. Every reader returns what it could read, and a
finding for everything that it could not.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_eval.data.corpus_schema import MAX_ARTICLES, ArticleLine, QuestionLine
from qa_eval.data.validation import validate_shape
from qa_eval.files.authored_lines import JsonLine, read_json_lines
from qa_eval.files.findings import Findings
from qa_eval.files.paths import irregular, open_input, real_path
from qa_eval.records import Article, Finding, Question, Severity
from qa_eval.text.phrases import printable, quote, shorten, show_path, suggestion

MANIFEST = "articles.jsonl"
ARTICLE_SUFFIX = ".txt"
QUESTIONS_SUFFIX = ".jsonl"
MAX_QUESTION_FILES = 1_000
MAX_QUESTIONS_BYTES = 50_000_000
"""Greatest size of all question files of a set together."""
MAX_ARTICLE_BYTES = 1_000_000
"""Greatest size of an article. A long newspaper article has 50,000 bytes."""
MAX_ARTICLES_BYTES = 50_000_000
"""Greatest size of all articles of a set together."""
OUTSIDE = "links to a file outside the folder; copy the file here"
FEWER = "no more are read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """A question as its author's file has it, with file, line and the flag as written."""

    question: Question
    contested: bool
    """Flag as written. `question.contested` is computed from the claims."""
    path: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"

    def finding(self, check: str, field: str, message: str, *, severity: Severity = "error") -> Finding:
        """A finding about this question."""
        return Finding(
            severity=severity,
            path=self.path,
            line=self.line,
            field=field,
            message=message,
            check=check,
            fact=printable(self.question.id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionFiles:
    """The contents of question files."""

    authored: tuple[Authored, ...]
    """Questions of sound shape, in file order."""
    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    complete: bool
    """Flag: every line could be read. If not, a question that seems to be missing may be in a line that could
    not be."""
    lines: Mapping[tuple[str, int], str]
    """Lines that hold an object, by path and line number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFolder:
    """The contents of an article folder."""

    articles: tuple[Article, ...]
    """Articles that could be read, in manifest order. An article with a wrong hash is here *and* has a
    finding."""
    findings: tuple[Finding, ...]
    ids: Collection[str]
    """Ids in the manifest, in its order, also of articles that could not be read."""
    complete: bool
    """Flag: the whole manifest could be read. If not, an id that seems to be missing may be in an unread
    line."""
    lines: Mapping[tuple[str, int], str]
    """Lines of the manifest that hold an object, by path and line number."""


def find_question_files(paths: Sequence[Path]) -> tuple[list[Path], list[Finding]]:
    """The question files that the paths name, each once, and a finding for each file or path that is left
    out.

    A path is a file, or a folder whose `*.jsonl` files are taken in the order of their names. There are at
    most as many files as a set may have.
    """
    files: dict[Path, Path] = {}
    findings: list[Finding] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.glob(f"*{QUESTIONS_SUFFIX}") if not p.name.startswith("."))
            if not inside:
                findings.append(_file_finding(path, f"holds no *{QUESTIONS_SUFFIX} files"))
            for file in inside:
                if not real_path(file).is_relative_to(real_path(path)):
                    findings.append(_file_finding(file, OUTSIDE))
                else:
                    files.setdefault(real_path(file), file)
        elif path.is_file():
            files.setdefault(real_path(path), path)
        elif path.exists():
            findings.append(_file_finding(path, f"cannot be read: {irregular(path)}"))
        else:
            findings.append(_file_finding(path, "does not exist; name a question file or a folder of them"))
    chosen, refusals = _as_many_as_are_read(list(files.values()))
    return chosen, findings + refusals


def read_questions(paths: Sequence[Path]) -> QuestionFiles:
    """Reads every question of the files and folders."""
    files, problems = find_question_files(paths)
    findings = list(problems)
    shapes = Findings()
    authored: list[Authored] = []
    texts: dict[tuple[str, int], str] = {}
    complete = not findings
    for file in files:
        shown = show_path(file)
        lines, problems = read_json_lines(file)
        findings += problems
        complete = complete and not any(f.severity == "error" for f in problems)
        for line in lines:
            if shapes.full:  # The report of the findings says that there are more.
                complete = False
                break
            texts[shown, line.number] = line.text
            question, messages = validate_shape(QuestionLine, line.value)
            wrong = _shape_findings(shown, line, messages)
            shapes.take(wrong)
            findings += wrong
            if question is None:
                complete = False
                continue
            one = Authored(
                question=question.to_record(), contested=question.contested, path=shown, line=line.number
            )
            authored.append(one)
    return QuestionFiles(
        authored=tuple(authored),
        findings=tuple(findings),
        files=tuple(show_path(f) for f in files),
        complete=complete,
        lines=texts,
    )


def _as_many_as_are_read(files: Sequence[Path]) -> tuple[list[Path], list[Finding]]:
    """The files within the limits of a set, and a finding for the first file beyond them."""
    size = 0
    for number, file in enumerate(files):
        size += file.stat().st_size if file.is_file() else 0
        if number >= MAX_QUESTION_FILES:
            message = f"is one of more than {MAX_QUESTION_FILES:,} files; it and those after it are not read"
        elif size > MAX_QUESTIONS_BYTES and number:
            message = (
                f"brings the set to more than {MAX_QUESTIONS_BYTES:,} bytes; it and the files after it are "
                "not read"
            )
        else:
            continue
        return list(files[:number]), [_file_finding(file, message)]
    return list(files), []


def read_articles(folder: Path) -> ArticleFolder:
    """Reads the manifest of an article folder and every article that it describes."""
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        missing = _file_finding(folder, f"{what}; name a folder with {MANIFEST} and its articles")
        return _no_articles(missing)
    manifest = folder / MANIFEST
    stems = sorted(p.name.removesuffix(ARTICLE_SUFFIX) for p in folder.glob(f"*{ARTICLE_SUFFIX}"))
    if not manifest.is_file():
        message = f'is missing; give each article a line {{"id": …, "sha256": …}} ({len(stems)} *.txt here)'
        return _no_articles(_file_finding(manifest, message))
    if not real_path(manifest).is_relative_to(real_path(folder)):
        return _no_articles(_file_finding(manifest, OUTSIDE))
    lines, findings = read_json_lines(manifest)
    if len(lines) > MAX_ARTICLES:
        message = f"describes {len(lines):,} articles; at most {MAX_ARTICLES:,} are read"
        return _no_articles(_file_finding(manifest, message))
    complete = not any(f.severity == "error" for f in findings)
    articles: list[Article] = []
    placed: dict[str, int] = {}
    labelled: dict[str, int] = {}
    left = MAX_ARTICLES_BYTES
    for line in lines:
        described, messages = validate_shape(ArticleLine, line.value)
        findings += _shape_findings(show_path(manifest), line, messages)
        if described is None:
            complete = False
            continue
        article, problems = _read_article(folder, described, stems, placed.get(described.id))
        left -= len(article.text.encode()) if article is not None else 0
        if left < 0:
            article = None
            problems = [
                ("id", f"the articles up to here have more than {MAX_ARTICLES_BYTES:,} bytes; {FEWER}")
            ]
        problems += _label_problems(described.label, labelled)
        labelled.setdefault(described.label or "", line.number)
        findings += [_article_finding(manifest, line.number, *p) for p in problems]
        placed.setdefault(described.id, line.number)
        if left < 0:
            complete = False
            break
        if article is not None:
            articles.append(article)
    if complete:
        findings += _undescribed(folder, stems, placed)
    texts = {(show_path(manifest), line.number): line.text for line in lines}
    return ArticleFolder(
        articles=tuple(articles), findings=tuple(findings), ids=placed, complete=complete, lines=texts
    )


def _no_articles(finding: Finding) -> ArticleFolder:
    return ArticleFolder(articles=(), findings=(finding,), ids=(), complete=False, lines={})


def _read_article(
    folder: Path, described: ArticleLine, stems: Sequence[str], earlier: int | None
) -> tuple[Article | None, list[tuple[str, str]]]:
    """The article that a manifest line describes, and (field, message) for everything wrong with it."""
    refusal = article_id_problem(described.id)
    if refusal:
        return None, [("id", refusal)]
    if earlier is not None:
        message = f"{quote(described.id)} is already described in line {earlier}; delete one of the two"
        return None, [("id", message)]
    path = folder / f"{described.id}{ARTICLE_SUFFIX}"
    if not path.is_file():
        message = f"there is no {quote(path.name)} next to the manifest{suggestion(described.id, stems)}"
        return None, [("id", message)]
    if not real_path(path).is_relative_to(real_path(folder)):
        return None, [("id", f"{quote(path.name)} {OUTSIDE}")]
    try:
        with open_input(path) as file:
            data = file.read(MAX_ARTICLE_BYTES + 1)
    except OSError as error:
        return None, [("id", f"{quote(path.name)} cannot be read: {error.strerror or error}")]
    if len(data) > MAX_ARTICLE_BYTES:
        return None, [("id", f"{quote(path.name)} has more than {MAX_ARTICLE_BYTES:,} bytes; {FEWER}")]
    if not data.strip():
        return None, [("id", f"{quote(path.name)} is empty")]
    problems = _hash_problems(path, data, described.sha256)
    if data.startswith(codecs.BOM_UTF8):
        message = f"{quote(path.name)} starts with a byte-order mark; save as UTF-8 without BOM"
        return None, [*problems, ("id", message)]
    try:
        return described.to_record(data.decode("utf-8")), problems
    except UnicodeDecodeError as error:
        message = f"{quote(path.name)} is not UTF-8 at byte {error.start:,} (0x{data[error.start]:02x})"
        return None, [*problems, ("id", message)]


def _label_problems(label: str | None, labelled: Mapping[str, int]) -> list[tuple[str, str]]:
    if label is None:
        return []
    if not label.strip() or label != label.strip() or not label.isprintable():
        return [("label", f"{quote(label)} is not a name; write printable text without spaces around it")]
    if label in labelled:
        message = f"{quote(label)} is already the label of line {labelled[label]}; write another"
        return [("label", message)]
    return []


def _hash_problems(path: Path, data: bytes, expected: str) -> list[tuple[str, str]]:
    digest = hashlib.sha256(data).hexdigest()
    if digest == expected:
        return []
    if len(expected) != 64 or set(expected) - set("0123456789abcdef"):
        return [("sha256", f"{quote(expected)} is not 64 lower-case hex digits; the file's is {digest}")]
    if hashlib.sha256(data.replace(b"\r\n", b"\n")).hexdigest() == expected:
        message = (
            f"changed article bytes: {quote(path.name)} has Windows line breaks (CRLF), which git writes if "
            "core.autocrlf is set; put `*.txt -text` into .gitattributes and check the file out again"
        )
        return [("sha256", message)]
    message = (
        f"changed article bytes: {quote(path.name)} has {digest}, the manifest has {expected}; restore the "
        "file, or check every offset into it and write its new hash"
    )
    return [("sha256", message)]


def article_id_problem(id: str) -> str | None:
    """Why this cannot be the id of an article; None if it can. The id names a file next to the manifest."""
    if not id.strip() or id != id.strip() or not id.isprintable():
        return f"{quote(id)} is not an id; write the file's name without {ARTICLE_SUFFIX}"
    if any(c in "/\\" for c in id) or id.startswith("."):
        return f"{quote(id)} is not a name of a file in this folder; ids hold no path"
    forbidden = [c for c in "@~*" if c in id]
    if forbidden:
        return f'{quote(id)} holds "{forbidden[0]}", which has a meaning in item ids; rename file and id'
    return None


def _undescribed(folder: Path, stems: Iterable[str], described: Iterable[str]) -> list[Finding]:
    """Findings for the articles that no manifest line describes: they are forgotten, and no question is asked
    of them.
    """
    known = set(described)
    message = f"is not described in {MANIFEST}; add its line, or move the file elsewhere"
    return [
        _file_finding(folder / f"{stem}{ARTICLE_SUFFIX}", message)
        for stem in stems
        if stem not in known and not stem.startswith(".")
    ]


def _shape_findings(shown: str, line: JsonLine, messages: Iterable[tuple[str, str]]) -> list[Finding]:
    fact = line.value.get("id")
    known = printable(shorten(fact)) if isinstance(fact, str) else ""
    return [
        Finding(
            severity="error",
            path=shown,
            line=line.number,
            field=field,
            message=message,
            check="shape",
            fact=known,
        )
        for field, message in messages
    ]


def _article_finding(manifest: Path, line: int, field: str, message: str) -> Finding:
    return Finding(
        severity="error", path=show_path(manifest), line=line, field=field, message=message, check="article"
    )


def _file_finding(path: Path, message: str) -> Finding:
    return Finding(severity="error", path=show_path(path), line=None, field="", message=message, check="file")
