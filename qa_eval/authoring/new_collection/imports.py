"""Annotations that people already have, as a new collection: `init NAME --from KIND:FILE`.

| kind | what is read |
|---|---|
| `claims` (and `ramdocs`, `qacc`, `wikicontradict`) | facts with their own passages, which become articles |
| `squad` | contexts become articles; equal questions are one fact, asked of the contexts they have |
| `label-studio` | an export as JSON: tasks with a text, and the spans of each annotator |
| `doccano` | an export as JSON Lines: texts with their spans, and whose they are if it is said |

What an import cannot know, such as why sources differ, is left open, and `questions check` lists it.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from qa_eval.authoring.canonical_lines import arrange, canonical_line
from qa_eval.authoring.drafts import claim_id, question_id
from qa_eval.data.checks.question_checks import kebab_case
from qa_eval.data.corpus_files import article_id_problem
from qa_eval.data.dataset import PublicDataset, open_dataset, open_facts
from qa_eval.data.dataset_files import json_objects
from qa_eval.data.dataset_options import Where
from qa_eval.data.passage_facts import PassageFact
from qa_eval.errors import InputError, SpecError
from qa_eval.files.findings import Findings
from qa_eval.files.hashes import sha256_text
from qa_eval.files.paths import read_input, user_path
from qa_eval.files.strict_json import BYTE_ORDER_MARK, NotJsonError, decode_utf8, describe, parse_json
from qa_eval.matching.answer_types import asked_type
from qa_eval.matching.typed import same_claim
from qa_eval.records import Article, Claim, Evidence, Finding, Question
from qa_eval.text.phrases import count, free_name, quote, show_path, suggestion

CATEGORY = "imported"
"""Category of facts that come without one."""
_FACT_KINDS = ("claims", "ramdocs", "qacc", "wikicontradict")
IMPORTS = (*_FACT_KINDS, "squad", "label-studio", "doccano")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file of annotations holds, as parts of a collection."""

    articles: tuple[Article, ...]
    questions: Mapping[str, tuple[Question, ...]]
    """Annotator -> facts; `""` where annotators are not told apart."""
    notes: tuple[str, ...] = ()
    """What was left out, a sentence each."""

    def question_files(self) -> dict[str, str]:
        """File name -> its lines: of one annotator `questions/imported.jsonl`; of several a file for each
        below `annotations/`, for `questions agree`, and the first one's as the questions.
        """
        texts = {article.id: article.text for article in self.articles}
        lines = {
            name: "".join(f"{canonical_line(arrange(q, texts))}\n" for q in facts)
            for name, facts in self.questions.items()
        }
        files = {"questions/imported.jsonl": next(iter(lines.values()))}
        if len(lines) > 1:
            files |= {f"annotations/{name}.jsonl": text for name, text in lines.items()}
        return files


def read_import(spec: str) -> Imported:
    """What the file of a spec `KIND:FILE` holds.

    Raises SpecError for a spec that is none, InputError with everything that is wrong in the file.
    """
    kind, colon, name = spec.strip().partition(":")
    if not colon or not name or kind not in IMPORTS:
        near = suggestion(kind, IMPORTS)
        raise SpecError(f"--from {quote(spec)} is no import{near}: write KIND:FILE, such as squad:dev.json")
    if kind in _FACT_KINDS:
        return _unmarked(_of_facts(spec.strip()))
    if kind == "squad":
        return _unmarked(_of_squad(spec.strip()))
    reader = _label_studio if kind == "label-studio" else _doccano
    return _unmarked(_of_spans(reader(user_path(name)), show_path(user_path(name))))


def _unmarked(imported: Imported) -> Imported:
    """The annotations with no byte-order mark at the beginning of an article, which a file may not have."""
    marks = {a.id: len(a.text) - len(a.text.lstrip(BYTE_ORDER_MARK)) for a in imported.articles}
    found = sum(length > 0 for length in marks.values())
    if not found:
        return imported

    def article(one: Article) -> Article:
        text = one.text[marks[one.id] :]
        return replace(one, text=text, sha256=sha256_text(text))

    def evidence(one: Evidence) -> Evidence:
        text = one.text.lstrip(BYTE_ORDER_MARK) if one.start < marks[one.article] else one.text
        return replace(one, text=text, start=max(0, one.start - marks[one.article]))

    def question(one: Question) -> Question:
        claims = (replace(c, evidence=tuple(evidence(e) for e in c.evidence)) for c in one.claims)
        return replace(one, claims=tuple(claims))

    note = f"{count(found, 'text')} with a byte-order mark at the beginning: the mark is left out"
    return replace(
        imported,
        articles=tuple(article(one) for one in imported.articles),
        questions={name: tuple(question(one) for one in some) for name, some in imported.questions.items()},
        notes=(*imported.notes, note),
    )


# ------------------------------------------------------------------------------------------ facts


def _of_facts(spec: str) -> Imported:
    dataset = open_facts(spec)
    census = dataset.check()
    facts = list(dataset)
    shared = _shared(facts)
    articles: dict[str, Article] = {}
    by_text: dict[str, str] = {}
    questions: list[Question] = []
    taken: set[str] = set()
    unplaced = 0
    for fact in facts:
        ids = {}
        for passage in fact.passages:
            if shared:
                own = passage.id
            elif passage.sha256 in by_text:
                own = by_text[passage.sha256]
            else:
                own = _article_id(f"{fact.question.id}_{passage.id}", articles)
            by_text.setdefault(passage.sha256, own)
            articles.setdefault(own, replace(passage, id=own, label=passage.label if shared else None))
            ids[passage.id] = own
        question, without = _authored(fact, ids, taken, scoped=True)
        unplaced += without
        if question is not None:
            questions.append(question)
    everything = tuple(articles)
    whole = [replace(q, scope=None) if set(q.scope or ()) == set(everything) else q for q in questions]
    notes = [f"{spec}: {warning}" for warning in census.warnings()]
    if unplaced:
        notes.append(
            f"{count(unplaced, 'statement')} of a claim without a place in its article: the article is "
            "partial there, as evidence of a collection is verbatim"
        )
    if len(questions) < len(facts):
        notes.append(f"{count(len(facts) - len(questions), 'fact')} without any place: left out")
    return Imported(articles=tuple(articles.values()), questions={"": tuple(whole)}, notes=tuple(notes))


def _shared(facts: Sequence[PassageFact]) -> bool:
    """Whether the passage ids can be the ids of the articles: an id means one text in all facts, and can be
    the name of a file.
    """
    texts: dict[str, str] = {}
    passages = (passage for fact in facts for passage in fact.passages)
    return all(
        texts.setdefault(p.id, p.sha256) == p.sha256 and article_id_problem(p.id) is None for p in passages
    )


def _article_id(id: str, taken: Container[str]) -> str:
    """An article id made of the ids of a fact and a passage, which no other article has.

    It is the name of a file, so it is cut after 200 bytes.
    """
    plain = "".join("-" if c in "/\\@~*" or c.isspace() else c for c in id).lstrip(".")
    return free_name(plain.encode("utf-8")[:200].decode("utf-8", "ignore") or "article", taken)


def _authored(
    fact: PassageFact, ids: Mapping[str, str], taken: set[str], *, scoped: bool
) -> tuple[Question | None, int]:
    """A fact as a question of a collection, and how many statements had no place."""
    question = fact.question
    claims = []
    unplaced: set[str] = set()
    for claim in question.claims:
        placed = tuple(replace(e, article=ids[e.article]) for e in claim.evidence if e.start >= 0)
        unplaced |= {ids[e.article] for e in claim.evidence if e.start < 0}
        if placed:
            claims.append(
                replace(claim, evidence=tuple({(e.article, e.start, e.text): e for e in placed}.values()))
            )
    if not claims:
        return None, len(unplaced)
    answering = {e.article for claim in claims for e in claim.evidence}
    kept = {claim.id for claim in claims}
    partial = {*(ids[p] for p in question.partial), *unplaced} - answering
    id = free_name(kebab_case(question.id) or "fact", taken)
    taken.add(id)
    scope = tuple(dict.fromkeys(ids[p.id] for p in fact.passages))
    made = replace(
        question,
        id=id,
        category=kebab_case(question.category) or CATEGORY,
        claims=tuple(claims),
        relation=question.relation if len(claims) > 1 else None,
        silent=tuple(a for a in scope if a not in answering and a not in partial),
        partial=tuple(a for a in scope if a in partial),
        resolution=question.resolution if question.resolution in kept else None,
        scope=scope if scoped else None,
    )
    return made, len(unplaced)


# ------------------------------------------------------------------------------------------ spans


@dataclass(slots=True)
class _Asked:
    """What one annotator says of one question: of which texts it was asked, and where they answer."""

    texts: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Text id -> (offset, words) of each span; none where the text is silent."""


@dataclass(frozen=True, slots=True)
class _Annotated:
    """One question, asked of one text by one annotator."""

    annotator: str
    text_id: str
    text: str
    question: str
    spans: tuple[tuple[int, int], ...] = ()
    """Half-open places of the answers; none where the text is silent."""


def _of_squad(spec: str) -> Imported:
    dataset = cast("PublicDataset", open_dataset(spec))
    found = []
    unplaced = 0
    dataset.check()
    for example in dataset:
        spans = tuple(
            (start, start + len(gold))
            for gold, start in zip(example.golds, example.starts, strict=False)
            if start is not None and gold
        )
        if example.golds and not spans:
            unplaced += 1
            continue
        found.append(_Annotated("", example.context_id, example.context, example.question, spans))
    made = _of_spans(found, spec)
    if not unplaced:
        return made
    note = f"{count(unplaced, 'question')} whose answers have no place in their context: left out"
    return replace(made, notes=(*made.notes, note))


def _of_spans(parts: Iterable[_Annotated | Finding], what: str) -> Imported:
    findings = Findings()
    texts: dict[str, str] = {}
    asked: dict[str, dict[str, _Asked]] = {}
    for part in parts:
        if isinstance(part, Finding):
            findings.add(part)
            continue
        texts[part.text_id] = part.text
        known = asked.setdefault(part.annotator, {}).setdefault(part.question, _Asked())
        places = known.texts.setdefault(part.text_id, [])
        places += [(start, part.text[start:end]) for start, end in part.spans]
    findings.close()
    if not asked:
        raise InputError([Where(path=what).finding("empty", "holds no annotated text")])
    articles = tuple(Article(id=id, text=text, sha256=sha256_text(text)) for id, text in texts.items())
    ids: dict[str, str] = {}
    silent = 0
    facts: dict[str, tuple[Question, ...]] = {}
    for name in sorted(asked):
        made = []
        for words, known in asked[name].items():
            if not any(known.texts.values()):
                silent += 1
                continue
            id = ids.setdefault(words, question_id(words, ids.values()))
            made.append(_question(id, words, known, tuple(texts)))
        facts[_annotator(name, facts)] = tuple(made)
    notes = [f"{count(silent, 'question')} that no text answers: left out"] if silent else []
    return Imported(articles=articles, questions=facts, notes=tuple(notes))


def _annotator(name: str, taken: Container[str]) -> str:
    """The annotator as the name of a file."""
    return free_name(kebab_case(name) or ("" if not name else "annotator"), taken)


def _question(id: str, words: str, known: _Asked, everything: Sequence[str]) -> Question:
    """A question of a collection: spans of one value are one claim."""
    kind = asked_type(words) or "text"
    groups: list[list[Evidence]] = []
    for text_id, places in known.texts.items():
        for start, said in sorted(set(places)):
            evidence = Evidence(article=text_id, text=said, start=start)
            home = next((g for g in groups if any(same_claim(said, other.text, kind) for other in g)), None)
            if home is None:
                groups.append([evidence])
            else:
                home.append(evidence)
    claims: list[Claim] = []
    for group in groups:
        claims.append(Claim(id=claim_id(group[0].text, [c.id for c in claims]), evidence=tuple(group)))
    scope = tuple(known.texts)
    answering = {e.article for claim in claims for e in claim.evidence}
    return Question(
        id=id,
        question=words,
        category=CATEGORY,
        answer_type=kind,
        claims=tuple(claims),
        silent=tuple(text for text in scope if text not in answering),
        scope=None if set(scope) == set(everything) else scope,
    )


def _checked(
    asked: _Annotated, spans: Iterable[tuple[object, object, Where]]
) -> Iterator[_Annotated | Finding]:
    """The annotation with its spans, or what is wrong with them; white space at their ends is left out."""
    text = asked.text
    found = []
    for start, end, at in spans:
        numbers = [n for n in (start, end) if isinstance(n, int) and not isinstance(n, bool)]
        if len(numbers) != 2 or not 0 <= numbers[0] < numbers[1] <= len(text):
            places = f"found {start!r} and {end!r}"
            message = f"must be two offsets of the text, of {len(text):,} characters; {places}"
            yield at.finding("shape", message)
            continue
        first, last = numbers
        while first < last and text[first].isspace():
            first += 1
        while last > first and text[last - 1].isspace():
            last -= 1
        if first < last:
            found.append((first, last))
    yield replace(asked, spans=tuple(found))


def _label_studio(path: Path) -> Iterator[_Annotated | Finding]:
    """The annotations of an export of Label Studio as JSON; without `question` in a task, its labels ask."""
    where = Where(path=show_path(path))
    try:
        parsed = parse_json(decode_utf8(read_input(path)), foreign=True)
    except OSError as error:
        raise InputError([where.finding("file", f"cannot be read: {error.strerror or error}")]) from None
    except NotJsonError as error:
        raise InputError([where.finding("json", str(error), column=error.column)]) from None
    tasks = parsed.value
    if not isinstance(tasks, list):
        yield where.finding("shape", f"must be a list of tasks (an export as JSON), found {describe(tasks)}")
        return
    labels = _labels_of(tasks)
    for number, task in enumerate(tasks):
        place = Where(path=where.path, parts=(number,))
        data = task.get("data") if isinstance(task, dict) else None
        text = data.get("text") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(text, str) or not text.strip():
            yield place.inside("data", "text").finding("shape", "must be text: what was annotated")
            continue
        asked = [data["question"]] if isinstance(data.get("question"), str) else labels
        text_id = f"task-{task.get('id', number + 1)}"
        for index, annotation in enumerate(task.get("annotations") or []):
            if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
                continue
            at = place.inside("annotations", index)
            by = annotation.get("completed_by", "")
            name = str(by.get("email") or by.get("id") or "") if isinstance(by, dict) else str(by)
            for question in asked:
                spans = [
                    (value.get("start"), value.get("end"), at.inside("result", n, "value"))
                    for n, result in enumerate(annotation.get("result") or [])
                    if isinstance(result, dict)
                    and isinstance(value := result.get("value"), dict)
                    and "start" in value
                    and ("question" in data or question in (value.get("labels") or ()))
                ]
                yield from _checked(_Annotated(name, text_id, text, question), spans)


def _labels_of(tasks: Sequence[Any]) -> list[str]:
    """Every label that some annotator used, in the order of their first use."""
    found: dict[str, None] = {}
    for task in tasks:
        for annotation in (task.get("annotations") or []) if isinstance(task, dict) else ():
            for result in (annotation.get("result") or []) if isinstance(annotation, dict) else ():
                value = result.get("value") if isinstance(result, dict) else None
                for label in (value.get("labels") or []) if isinstance(value, dict) else ():
                    if isinstance(label, str):
                        found.setdefault(label)
    return list(found)


def _doccano(path: Path) -> Iterator[_Annotated | Finding]:
    """The annotations of an export of doccano as JSON Lines; without `question` in a row, its labels ask."""
    rows: list[tuple[Where, dict[str, Any], list[tuple[str, str, Any, Any, Where]]]] = []
    labels: dict[str, None] = {}
    for part in json_objects(path, "a text with its labels on each line"):
        if isinstance(part, Finding):
            yield part
            continue
        place, row = part
        if not isinstance(row.get("text"), str) or not row["text"].strip():
            yield place.inside("text").finding("shape", "must be text: what was annotated")
            continue
        spans = list(_doccano_spans(place, row))
        labels |= dict.fromkeys(label for _, label, *_ in spans)
        rows.append((place, row, spans))
    for place, row, spans in rows:
        text_id = f"text-{row.get('id', place.line)}"
        names = dict.fromkeys(name for name, *_ in spans) or {
            str(row.get("annotator") or row.get("user") or ""): None
        }
        asked = [row["question"]] if isinstance(row.get("question"), str) else list(labels)
        for name in names:
            for question in asked:
                own = [
                    (start, end, at)
                    for by, label, start, end, at in spans
                    if by == name and ("question" in row or label == question)
                ]
                yield from _checked(_Annotated(name, text_id, row["text"], question), own)


def _doccano_spans(place: Where, row: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any, Where]]:
    """(annotator, label, start, end, place) of each span, in any of the shapes that doccano has written."""
    own = str(row.get("annotator") or row.get("user") or "")
    for name in ("label", "labels", "entities", "annotations"):
        values = row.get(name)
        for index, value in enumerate(values if isinstance(values, list) else ()):
            at = place.inside(name, index)
            if isinstance(value, list) and len(value) == 3:
                yield own, str(value[2]), value[0], value[1], at
            elif isinstance(value, dict):
                by = str(value.get("user") or own)
                yield by, str(value.get("label")), value.get("start_offset"), value.get("end_offset"), at


def manifest_line(article: Article) -> str:
    """The line that describes an article in `articles.jsonl`, without its line end."""
    whole = {
        "id": article.id,
        "label": article.label,
        "topic": article.topic,
        "title": article.title,
        "publisher": article.publisher,
        "byline": article.byline,
        "published": article.published,
        "notes": article.notes,
        "sha256": sha256_text(article.text),
    }
    return json.dumps({key: value for key, value in whole.items() if value is not None}, ensure_ascii=False)
