"""From answers in words to a question: where the articles say them, which are silent, how it is called.

Pure. Nothing is decided that a person must decide: which places state an answer is theirs to say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from qa_eval.corpus.question_checks import find_wording, kebab_case, words
from qa_eval.metrics.typed import match
from qa_eval.models.expressions import ExpressionType, find_expressions
from qa_eval.questions.fixing import arrange
from qa_eval.records import AnswerType, Article, Claim, Evidence, Question, Relation

_EXPRESSIONS: dict[AnswerType, ExpressionType] = {
    "number": "number", "duration": "duration", "percent": "percent", "age": "age", "money": "money",
    "date": "date",
}  # fmt: skip
"""Types whose values can be found in a text by their shape."""
_SAME_VALUE = 2
"""Level of `match` from which two texts make the same claim."""
ID_WORDS = 5
_SMALL = frozenset(
    words(
        "what who whom whose which when where why how many much did do does was were is are of in on at by to "
        "for from and or that it its his her their with had has have after before"
    )
)
        claims.append(Claim(id=name, evidence=evidence, aliases=aliases))
    answering = {e.article for c in claims for e in c.evidence}
    record = Question(
        id=id or question_id(question, taken),
        question=question,
        category=category,
        answer_type=answer_type,
        claims=tuple(claims),
        paraphrases=tuple(paraphrases),
        relation=relation,
        silent=tuple(a.id for a in articles if a.id not in answering and a.id not in partial),
        partial=tuple(partial),
        note=note,
    )
    texts: Mapping[str, str] = {a.id: a.text for a in articles}
    return arrange(record, texts)


def question_id(question: str, taken: Collection[str]) -> str:
    """A kebab-case id of the telling words of a question that no other question has.

    >>> question_id("How many militants died in the battle?", ["militants-died-battle"])
    'militants-died-battle-2'
    """
    telling = [w for w in words(question) if w not in _SMALL] or words(question)
    return _free(kebab_case(" ".join(telling[:ID_WORDS])) or "fact", taken)


def claim_id(wording: str, taken: Collection[str]) -> str:
    """A short id of an answer; letters of other scripts stay as they are.

    >>> claim_id("Over 400", []), claim_id("четыреста", [])
    ('over-400', 'четыреста')
    """
    plain = kebab_case(wording) if wording.isascii() else "-".join(wording.split())
    plain = "".join(c for c in plain if c not in "@~*")[:40].strip("-")
    return _free(plain or "claim", taken)


def _free(name: str, taken: Collection[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
