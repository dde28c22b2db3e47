"""`qa-eval questions new`: asks for a question and its answers, and adds them to the file of its category."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from qa_eval.cli.command import Command, note, option
from qa_eval.cli.option_groups import data_options
from qa_eval.records import ANSWER_TYPES, RELATIONS, AnswerType, Article, Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qa_eval.authoring.drafts import Draft, Hit
    from qa_eval.authoring.question_files import Addition


@click.command(
    "new",
    cls=Command,
    short_help="Add a question, with help in finding the passages.",
    examples=[("qa-eval questions new", "asks for everything that a question needs")],
)
@data_options
@option("--question", section="Question", help="Question to add.")
@option("--type", "kind", type=click.Choice(ANSWER_TYPES), section="Question", help="Type of the answer.")
@option("--category", section="Question", help="Category, which is also the name of the file.")
@option(
    "--answer",
    "answers",
    multiple=True,
    metavar="TEXT",
    section="Question",
    help='Answer that some article gives; may be repeated. Separate other wordings of it with " | ".',
)
@option(
    "--relation",
    type=click.Choice(RELATIONS),
    section="Question",
    help="Reason why the answers differ, if there are several.",
)
@option(
    "--paraphrase",
    "paraphrases",
    multiple=True,
    section="Question",
    help="Question in other words; may be repeated.",
)
@option(
    "--note",
    "remark",
    default="",
    section="Question",
    help="Note for people, such as why the sources differ.  [default: none]",
)
@option("--id", "name", section="Question", help="Id of the question.  [default: made from its words]")
@option(
    "--skip",
    multiple=True,
    metavar="ARTICLE:START",
    section="Passages",
    help="Place that has the words but does not state the answer; may be repeated.",
)
@option(
    "--partial",
    multiple=True,
    metavar="ARTICLE",
    section="Passages",
    help="Article that neither answers nor is silent; may be repeated.",
)
@option(
    "--scope",
    multiple=True,
    metavar="NAME",
    section="Passages",
    help="Article that the question is asked of, or a topic; may be repeated.  [default: all articles]",
)
@option(
    "--ask/--no-ask",
    default=None,
    section="Output",
    help="Ask for whatever is missing.  [default: ask if stdin is a terminal]",
)
@option(
    "--dry-run", is_flag=True, section="Output", help="Show the line and the findings, and write nothing."
)
@click.pass_context
def new_command(
    ctx: click.Context,
    *,
    questions: tuple[Path, ...],
    articles: Path | None,
    question: str | None,
    kind: AnswerType | None,
    category: str | None,
    answers: tuple[str, ...],
    relation: Relation | None,
    paraphrases: tuple[str, ...],
    remark: str,
    name: str | None,
    skip: tuple[str, ...],
    partial: tuple[str, ...],
    scope: tuple[str, ...],
    ask: bool | None,
    dry_run: bool,
) -> None:
    """Adds a question: finds its answers in every article, and fills in the rest of the line.

    The command writes only after every check has passed. Ctrl-C leaves the file as it was.
    """
    from qa_eval.authoring.check import finding_line
    from qa_eval.authoring.drafts import chosen_scope, draft_question, question_id
    from qa_eval.authoring.question_files import (
        add_question,
        data_paths,
        judge_addition,
        read_set,
        target_file,
    )
    from qa_eval.data.checks.check_report import exemption_files
    from qa_eval.data.checks.exemptions import read_exemptions
    from qa_eval.text.phrases import show_path
    from qa_eval.text.terminal import clean

    complete = bool(question and kind and category and answers)
    asking = sys.stdin.isatty() and not complete if ask is None else ask
    missing = [f for f, v in (("--question", question), ("--type", kind), ("--category", category)) if not v]
    missing += [] if answers else ["--answer"]
    if missing and not asking:
        raise click.UsageError(
            f"missing {', '.join(missing)} (stdin is not a terminal, so the command cannot ask)"
        )
    with _untouched():
        paths, folder_path = data_paths(questions, articles, writing=not dry_run)
        files, folder = read_set(paths, folder_path)
        asked_of, inside = chosen_scope(scope, folder.articles)
        question = question or _ask("Question")
        kind = kind or _ask_type(question)
        taken = {a.question.id for a in files.authored}
        category = category or _ask_category({a.question.category for a in files.authored})
        path = target_file(paths, category)
        drafts = _chosen(answers, inside, kind, skip, asking=asking)
        if asking:
            if len(drafts) > 1 and relation is None:
                relation = click.prompt("Why do the answers differ", type=click.Choice(RELATIONS), err=True)
            remark = remark or _ask_or_skip(
                "Note for people" + (": why the answers differ" if relation else "")
            )
            partial = partial or _ask_partial(inside, drafts)
            paraphrases = paraphrases or tuple(_ask_many("Question in other words"))
            name = name or _ask_or_skip("Id", default=question_id(question, taken))
        record = draft_question(
            question, kind, category, drafts, inside, taken=taken,
            id=name, paraphrases=paraphrases, relation=relation, partial=partial, scope=asked_of, note=remark,
        )  # fmt: skip
        addition = judge_addition(record, files, folder, path, read_exemptions(exemption_files(paths)))
        click.echo(clean(addition.line))
        for finding in addition.findings:
            note(finding_line(finding))
        if addition.errors:
            note(f"{show_path(path)}: nothing was written")
            ctx.exit(1)
        if dry_run:
            return
        if asking and not click.confirm(f"Write it to {clean(show_path(path))}?", default=True, err=True):
            note("nothing was written")
            return
    add_question(addition)
    place = f"{show_path(path)}:{addition.number}"
    note(f"{place}: added {record.id}; silent: {', '.join(record.silent) or 'none'}")
    _show_exemptions(addition)


def _show_exemptions(addition: Addition) -> None:
    """Prints the exemption to add for each silent article that has the words of an answer."""
    from qa_eval.data.checks.exemptions import EXEMPTIONS, exemption_table
    from qa_eval.text.phrases import show_path

    silent, place = addition.question.silent, show_path(addition.path.with_name(EXEMPTIONS))
    for finding in addition.findings:
        if finding.check == "silent-occurrence":
            article = silent[int(finding.field.removeprefix("silent[").removesuffix("]"))]
            note(f"if {article} uses the words for something else, add this, with the reason, to {place}:")
            for line in exemption_table((finding.check, addition.question.id, article)).splitlines():
                note(line)


@contextmanager
def _untouched() -> Iterator[None]:
    """Makes the message of an interruption say that nothing was written."""
    try:
        yield
    except (click.Abort, KeyboardInterrupt):
        raise KeyboardInterrupt("interrupted; nothing was written") from None


def _ask(what: str) -> str:
    return str(click.prompt(what, err=True)).strip()


def _ask_category(known: Collection[str]) -> str:
    import re

    from qa_eval.data.checks.question_checks import kebab_case
    from qa_eval.data.corpus_schema import KEBAB_CASE

    def checked(said: str) -> str:
        if not re.fullmatch(KEBAB_CASE, said.strip()):
            near = kebab_case(said)
            raise click.BadParameter("use only small letters, digits and -" + (f": {near}?" if near else ""))
        return said.strip()

    shown = f"Category ({', '.join(sorted(known)) or 'none yet'})"
    return str(click.prompt(shown, value_proc=checked, err=True))


def _ask_or_skip(what: str, *, default: str = "") -> str:
    shown = what if default else f"{what} (empty: none)"
    return str(click.prompt(shown, default=default, show_default=bool(default), err=True)).strip()


def _ask_many(what: str) -> list[str]:
    found: list[str] = []
    while text := str(
        click.prompt(f"{what} (empty: no more)", default="", show_default=False, err=True)
    ).strip():
        found.append(text)
    return found


def _ask_partial(articles: Sequence[Article], drafts: Sequence[Draft]) -> tuple[str, ...]:
    """Asks which articles without an answer are not silent either, and returns them."""
    from qa_eval.text.terminal import clean

    answering = {hit.article for draft in drafts for hit in draft.hits}
    others = [a.id for a in articles if a.id not in answering]
    if not others:
        return ()
    for number, id in enumerate(others, 1):
        click.echo(clean(f"{number}. {id}"), err=True)
    return tuple(
        others[n - 1]
        for n in _ask_numbers(
            "These articles are silent. Which of them are partial instead", len(others), "none"
        )
    )


def _ask_numbers(what: str, count: int, default: str) -> list[int]:
    """Asks for numbers from 1 to `count`, and returns them in order."""
    while True:
        said = click.prompt(f"{what} (all, none, or numbers: 1,3)", default=default, err=True).strip()
        if said in ("all", "none"):
            return list(range(1, count + 1)) if said == "all" else []
        numbers = said.replace(",", " ").split()
        if all(n.isascii() and n.isdecimal() and len(n) < 9 and 1 <= int(n) <= count for n in numbers):
            return sorted(set(map(int, numbers)))
        click.echo(f"give numbers from 1 to {count}", err=True)


def _ask_type(question: str) -> AnswerType:
    from qa_eval.matching.answer_types import asked_type

    default = asked_type(question) or "text"
    kind: AnswerType = click.prompt(
        "Type of the answer", type=click.Choice(get_args(AnswerType)), default=default, err=True
    )
    return kind


def _chosen(
    answers: Sequence[str],
    articles: Sequence[Article],
    kind: AnswerType,
    skip: Sequence[str],
    *,
    asking: bool,
) -> list[Draft]:
    """The answers with the places that state them.

    The places are those that the user picks, or all that the user does not skip.
    """
    from qa_eval.authoring.drafts import Draft, find_hits, inside_longer

    texts = list(answers) or _ask_many('Answer that some article gives; separate other wordings with " | "')
    if not texts:
        raise click.UsageError("a question needs at least one answer that some article gives")
    wordings = [tuple(w.strip() for w in text.split(" | ") if w.strip()) or (text,) for text in texts]
    found = [find_hits(w, articles, kind) for w in wordings]
    unknown = set(skip) - {h.name for hits in found for h in hits}
    if unknown:
        raise click.UsageError(f"--skip {', '.join(sorted(unknown))}: no answer was found there")
    drafts = []
    for index, (said, hits) in enumerate(zip(wordings, found, strict=True)):
        others = [h for n, more in enumerate(found) if n != index for h in more]
        kept = [h for h in hits if h.name not in skip and not inside_longer(h, others)]
        if not kept:
            note(f'no article has "{said[0]}"')
        elif asking:
            kept = _pick(said[0], kept, articles)
        drafts.append(Draft(wordings=said, hits=tuple(kept)))
    return drafts


def _pick(answer: str, hits: Sequence[Hit], articles: Sequence[Article]) -> list[Hit]:
    """Shows each place in its context, asks which of them state the answer, and returns those."""
    from qa_eval.text.passages import Mark, draw_passages
    from qa_eval.text.terminal import clean, terminal_width, write_lines

    texts = {a.id: a.text for a in articles}
    width = terminal_width(sys.stderr)
    for number, hit in enumerate(hits, 1):
        click.echo(clean(f"{number}. {hit.name} ({hit.rule})"), err=True)
        mark = Mark(span=hit.span, opening="[", closing="]", style="bold")
        write_lines(sys.stderr, draw_passages(texts[hit.article], [mark], width, "    "))
    picked = _ask_numbers(f'Which of them state "{clean(answer)}"', len(hits), "all")
    return [hits[n - 1] for n in picked]
