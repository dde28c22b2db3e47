"""The findings of the checks and the counts of a set, as text, JSON or workflow annotations.

The functions are pure except that they read the named files. Each returns the text to print, and the exit
code where there is one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal, get_args

from qa_eval.authoring.statistics import QuestionStats, question_stats
from qa_eval.data.article_labels import article_labels
from qa_eval.data.checks.check_report import CheckReport, check_questions
from qa_eval.data.corpus import load_corpus
from qa_eval.errors import QaEvalError
from qa_eval.files.hashes import canonical_json
from qa_eval.records import Corpus, Finding, Severity
from qa_eval.text.phrases import count, enumerate_words, printable

StatsFormat = Literal["text", "json"]
STATS_FORMATS: tuple[StatsFormat, ...] = get_args(StatsFormat)

SCHEMA_VERSION = 1
"""Version of both JSON outputs."""
ANNOTATIONS_SHOWN = 10
"""Number of annotations of one severity that the platform shows for a step. It drops the rest silently."""
SUMMARY_SHOWN = 100
"""Number of findings that a job summary lists. The log has all of them."""
IMPORTANCE = ("file", "json", "shape", "article", "id", "duplicate-id", "offset", "wording-clash")
"""Checks whose findings come first if not all findings can be shown. The other findings may follow from them.
"""


def run_check(
    paths: Sequence[Path] | None = None, articles: Path | None = None, format: str = "text"
) -> tuple[str, int]:
    """Checks question files. Returns the text to print and the exit code: 1 if there are errors, else 0.

    None takes the curated set. With the format `github`, a job summary is appended to the file that
    `GITHUB_STEP_SUMMARY` names, if it is set. Raises QaEvalError for an unknown format.
    """
    renderers = {"text": render_text, "github": render_annotations, "json": render_json}
    if format not in renderers:
        raise QaEvalError(f"format: {printable(format)} is none of {', '.join(renderers)}")
    report = check_questions(paths, articles)
    summary = os.environ.get("GITHUB_STEP_SUMMARY") if format == "github" else None
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(render_summary(report))
    return renderers[format](report), 1 if report.errors else 0


def run_stats(paths: Sequence[Path] | None = None, articles: Path | None = None, format: str = "text") -> str:
    """The counts of a question set, as the text to print. None takes the curated set.

    Raises InputError if the set is not valid, and QaEvalError for an unknown format.
    """
    if format not in STATS_FORMATS:
        raise QaEvalError(f"format: {printable(format)} is none of {', '.join(STATS_FORMATS)}")
    corpus = load_corpus(paths, articles)
    stats = question_stats(corpus)
    if format == "json":
        return canonical_json({"schema_version": SCHEMA_VERSION, **asdict(stats)}, indent=2)
    return render_stats(stats, corpus)


# --------------------------------------------------------------------------------------------- findings


def finding_line(finding: Finding) -> str:
    """A finding as one line: `file:line:column: field: message`. A warning has the word "warning" before the
    message.

    >>> finding_line(Finding(severity="warning", path="a.jsonl", line=2, field="id", message="odd"))
    'a.jsonl:2: id: warning: odd'
    """
    if finding.severity == "error":
        return str(finding)
    field = f"{finding.field}: " if finding.field else ""
    return f"{finding.place}: {field}warning: {finding.message}"


def verdict(report: CheckReport) -> str:
    """One sentence: what was checked, and the number of errors and warnings."""
    questions = f" ({report.questions_path})" if report.questions_path else ""
    articles = f" ({report.articles_path})" if report.articles_path else ""
    read = (
        f"{count(report.facts, 'fact')} in {count(len(report.files), 'file')}{questions}, "
        f"{count(report.articles, 'article')}{articles}"
    )
    found = [
        count(len(findings), noun)
        for findings, noun in ((report.errors, "error"), (report.warnings, "warning"))
        if findings
    ]
    return f"{read}: {enumerate_words(found) or 'no problems'}"


def render_text(report: CheckReport) -> str:
    """Every finding on its own line, in reading order, then the verdict."""
    return "\n".join([*map(finding_line, report.findings), verdict(report)])


def render_json(report: CheckReport) -> str:
    """The whole report as JSON with sorted keys."""
    value = {
        "schema_version": SCHEMA_VERSION,
        "ok": not report.errors,
        "facts": report.facts,
        "articles": report.articles,
        "files": report.files,
        "questions_path": report.questions_path,
        "articles_path": report.articles_path,
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        "findings": [asdict(f) for f in report.findings],
    }
    return canonical_json(value, indent=2)


def render_annotations(report: CheckReport) -> str:
    """Workflow commands that annotate the lines of a pull request, then the verdict.

    The platform shows ten errors and ten warnings of a step and silently drops the rest. If there are more,
    the nine most important are annotations, the tenth annotation counts the others, and the log lists them as
    plain lines.
    """
    lines: list[str] = []
    plain: list[str] = []
    for severity, findings in (("error", report.errors), ("warning", report.warnings)):
        ranked = sorted(findings, key=_importance)
        shown = ranked if len(ranked) <= ANNOTATIONS_SHOWN else ranked[: ANNOTATIONS_SHOWN - 1]
        rest = ranked[len(shown) :]
        lines += [annotation(f) for f in shown]
        if rest:
            message = (
                f"{len(rest)} more {severity}s are listed in the log of this step ({len(ranked)} in all)"
            )
            lines.append(f"::{severity} title=questions check::{_escape_message(message)}")
        # A dash comes first, because a line of the log that begins with `::` would be a command.
        plain += [f"- {finding_line(f)}" for f in rest]
    return "\n".join([*lines, *plain, verdict(report)])


def render_summary(report: CheckReport) -> str:
    """The verdict and the most important findings as Markdown for a workflow's job summary."""
    ranked = sorted(report.findings, key=lambda f: (f.severity, _importance(f)))
    lines = ["### questions check", "", _literal(verdict(report)), ""]
    lines += [f"* {_literal(finding_line(f))}" for f in ranked[:SUMMARY_SHOWN]]
    if len(ranked) > SUMMARY_SHOWN:
        lines.append(f"* and {len(ranked) - SUMMARY_SHOWN} more, in the log")
    return "\n".join(lines) + "\n"


def _literal(text: str) -> str:
    """The text, escaped so that Markdown shows it literally: no markup, no HTML, no mention of a person."""
    return re.sub(r"[\\`*_\[\]<>|#@&!~]", lambda found: f"&#{ord(found[0])};", printable(text))


def _importance(finding: Finding) -> int:
    return IMPORTANCE.index(finding.check) if finding.check in IMPORTANCE else len(IMPORTANCE)


def annotation(finding: Finding) -> str:
    """One workflow command for a finding. `%` and line ends are escaped; in properties, also `:` and `,`."""
    level: Severity = finding.severity
    title = ": ".join(part for part in (finding.check, finding.fact) if part)
    properties = [f"file={_escape_property(finding.path)}"]
    if finding.line is not None:
        properties.append(f"line={finding.line}")
    if finding.column is not None:
        properties.append(f"col={finding.column}")
    if title:
        properties.append(f"title={_escape_property(printable(title))}")
    said = f"{finding.field}: {finding.message}" if finding.field else finding.message
    return f"::{level} {','.join(properties)}::{_escape_message(said)}"


def _escape_message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_message(text).replace(":", "%3A").replace(",", "%2C")


# --------------------------------------------------------------------------------------------- statistics


def render_stats(stats: QuestionStats, corpus: Corpus) -> str:
    """The counts as aligned plain tables, one for each kind of count."""
    whole = {
        "facts": stats.facts,
        "contested": stats.contested,
        "paraphrases": stats.paraphrases,
        "facts without paraphrases": stats.facts_without_paraphrases,
        "claims": stats.claims,
        "evidence spans": stats.evidence,
        "aliases": stats.aliases,
    }
    tracks = [
        [track, str(number), str(stats.items_with_paraphrases[track])]
        for track, number in stats.items.items()
    ]
    labels = article_labels(corpus.articles)
    articles = [
        [id if labels[id] == id else f"{labels[id]} ({id})", str(a.answerable), str(a.silent), str(a.partial)]
        for id, a in stats.articles.items()
    ]
    blocks = [
        f"questions: {corpus.questions_path}\narticles:  {corpus.articles_path}",
        _table(["set", "number"], _rows(whole)),
        _table(["contested: relation", "facts"], _rows(stats.relations)),
        _table(["category", "facts"], _rows(stats.categories)),
        _table(["answer type", "facts"], _rows(stats.answer_types)),
        _table(["article", "answerable", "silent", "partial"], articles),
        _table(["items: track", "canonical", "with paraphrases"], tracks),
        f"silent items: {stats.silent_items} of {stats.items['reading']} on the reading track; "
        f"always abstaining has EM {100 * stats.silent_share:.1f} %",
    ]
    return "\n\n".join(blocks)


def _rows(counts: Mapping[str, int]) -> list[list[str]]:
    return [[name, str(number)] for name, number in counts.items()]


def _table(head: list[str], rows: list[list[str]]) -> str:
    """Columns with two spaces between them, names on the left and numbers on the right, below a rule."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    rule = ["-" * width for width in widths]

    def line(row: list[str]) -> str:
        name = row[0].ljust(widths[0])
        numbers = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return "  ".join([name, *numbers]).rstrip()

    return "\n".join(line(row) for row in [head, rule, *rows])
