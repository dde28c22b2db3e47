"""The differences between two versions of a question set: facts field by field, articles by hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qa_eval.data.content_hashes import question_record
from qa_eval.records import Article, Corpus, Question

ChangeKind = Literal["added", "edited", "removed"]

_LISTS = ("paraphrases", "silent", "partial")
_SCALARS = ("question", "category", "answer_type", "contested", "relation", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of an edited fact. For a list, only the removed and the added parts."""

    field: str
    before: str
    """Old value; empty if there was none."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """A fact that was added, edited or removed."""

    kind: ChangeKind
    id: str
    """Current id; for a removed fact, the id that it had."""
    question: str
    fields: tuple[FieldChange, ...] = ()
    """Fields that differ, if the fact was edited."""
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleChanges:
    """Ids of the articles that were added, changed or removed."""

    added: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.edited or self.removed)


def fact_changes(base: Sequence[Question], new: Sequence[Question]) -> tuple[FactChange, ...]:
    """The facts that were added or edited, in their current order, then those that were removed.

    The place of a fact (file, line, order) does not matter. A fact that differs only in its id was renamed,
    which is an edit.
    """
    before = {question.id: question for question in base}
    present = {question.id for question in new}
    gone = {_nameless(q): q for q in base if q.id not in present}
    changes = []
    for question in new:
        old = before.get(question.id)
        renamed = gone.pop(_nameless(question), None) if old is None else None
        if renamed is not None:
            field = FieldChange(field="id", before=renamed.id, after=question.id)
            changes.append(
                FactChange(
                    kind="edited",
                    id=question.id,
                    question=question.question,
                    fields=(field,),
                    renamed_from=renamed.id,
                )
            )
        elif old is None:
            changes.append(FactChange(kind="added", id=question.id, question=question.question))
        elif fields := tuple(_fields(old, question)):
            changes.append(
                FactChange(kind="edited", id=question.id, question=question.question, fields=fields)
            )
    changes += [FactChange(kind="removed", id=q.id, question=q.question) for q in gone.values()]
    return tuple(changes)


def article_changes(base: Corpus, new: Corpus) -> ArticleChanges:
    """The articles whose text was added, changed or removed."""
    before, after = ({article.id: article for article in corpus.articles} for corpus in (base, new))

    def edited(id: str, article: Article) -> bool:
        return id in before and before[id].sha256 != article.sha256

    return ArticleChanges(
        added=tuple(id for id in after if id not in before),
        edited=tuple(id for id, article in after.items() if edited(id, article)),
        removed=tuple(id for id in before if id not in after),
    )


def _nameless(question: Question) -> str:
    record = question_record(question)
    return repr({key: value for key, value in record.items() if key != "id"})


def _fields(old: Question, new: Question) -> Iterator[FieldChange]:
    """Yields every field that differs, or one change that says that only the order of parts differs."""
    one, other = question_record(old), question_record(new)
    if one == other:
        return
    found = False
    for change in (*_scalars(one, other, _SCALARS), *_lists(one, other, _LISTS), *_claims(one, other)):
        found = True
        yield change
    if not found:
        yield FieldChange(field="order", before="", after="the same parts in another order")


def _scalars(
    one: dict[str, Any], other: dict[str, Any], names: Sequence[str], prefix: str = ""
) -> Iterator[FieldChange]:
    for name in names:
        before, after = one.get(name), other.get(name)
        if before != after:
            yield FieldChange(field=prefix + name, before=_said(before), after=_said(after))


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _lists(
    one: dict[str, Any], other: dict[str, Any], names: Sequence[str], prefix: str = ""
) -> Iterator[FieldChange]:
    for name in names:
        yield from _list_change(prefix + name, one.get(name, []), other.get(name, []))


def _list_change(field: str, before: Sequence[str], after: Sequence[str]) -> Iterator[FieldChange]:
    went = [text for text in before if text not in after]
    came = [text for text in after if text not in before]
    if went or came:
        yield FieldChange(field=field, before=" | ".join(went), after=" | ".join(came))


def _claims(one: dict[str, Any], other: dict[str, Any]) -> Iterator[FieldChange]:
    before, after = ({claim["id"]: claim for claim in record["claims"]} for record in (one, other))
    for id in dict.fromkeys([*before, *after]):
        field = f"claims[{id}]"
        old, new = before.get(id), after.get(id)
        if old is None or new is None:
            yield FieldChange(field=field, before=_wordings(old), after=_wordings(new))
            continue
        yield from _scalars(old, new, ("group",), f"{field}.")
        yield from _lists(old, new, ("aliases",), f"{field}.")
        spans = [[_span(span) for span in claim["evidence"]] for claim in (old, new)]
        yield from _list_change(f"{field}.evidence", *spans)


def _wordings(claim: dict[str, Any] | None) -> str:
    return " | ".join(dict.fromkeys(span["text"] for span in claim["evidence"])) if claim else ""


def _span(span: dict[str, Any]) -> str:
    """A passage with all its attributes."""
    notes = [span["article"], f"at {span['start']}"]
    notes += [f"{name}: {span[name]}" for name in ("speaker", "as_of") if name in span]
    notes += ["hedged"] if span.get("hedged") else []
    return f"{span['text']} ({', '.join(notes)})"
