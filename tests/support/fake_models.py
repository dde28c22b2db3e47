"""Four facts in three articles, and models whose every answer follows from the item's words."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qa_eval.data.content_hashes import articles_sha256, questions_sha256
from qa_eval.files.hashes import sha256_text
from qa_eval.records import (
    Article,
    Candidate,
    Claim,
    Corpus,
    Decoding,
    Evidence,
    Instance,
    ItemId,
    ModelInfo,
    Prediction,
    Question,
)

TEXTS = {
    "a": "The battle for the town left 180 soldiers dead. It began on Monday. The museum was empty.",
    "b": "At least 194 soldiers died. The battle began on Monday, said Rami Karim, who was not there.",
    "c": "A bridge over the river was closed for repairs, officials said. Rami Karim did not comment.",
}


def _question(
    id: str, text: str, answer_type: Any, claims: dict[str, dict[str, str]], **more: Any
) -> Question:
    """`claims`: claim id -> article -> wording."""
    built = tuple(
        Claim(
            id=claim,
            evidence=tuple(
                Evidence(article=article, text=wording, start=TEXTS[article].index(wording))
                for article, wording in wordings.items()
            ),
        )
        for claim, wordings in claims.items()
    )
    spoken_for = {a for wordings in claims.values() for a in wordings} | set(more.get("partial", ()))
    fields: dict[str, Any] = {"category": "battle", "paraphrases": (f"{text} (again)",)}
    return Question(
        id=id,
        question=text,
        answer_type=answer_type,
        claims=built,
        silent=tuple(a for a in TEXTS if a not in spoken_for),
        **(fields | more),
    )


def four_facts(*, dead: str = "How many soldiers died?") -> Corpus:
    """Four facts, one contested, one with a partial article; `dead` is the words of one question."""
    questions = (
        _question("dead", dead, "number", {"180": {"a": "180"}, "194": {"b": "194"}}, relation="update"),
        _question("began", "When did the battle begin?", "date", {"monday": {"a": "Monday", "b": "Monday"}}),
        _question("absent", "Who was absent?", "person", {"rami": {"b": "Rami Karim"}}, partial=("c",)),
        _question("closed", "What was closed?", "text", {"bridge": {"c": "A bridge"}}, category="town"),
    )
    articles = tuple(Article(id=id, text=text, sha256=sha256_text(text)) for id, text in TEXTS.items())
    return Corpus(
        questions=questions,
        articles=articles,
        questions_sha256=questions_sha256(questions),
        articles_sha256=articles_sha256(articles),
    )


READINGS = 12
"""Questions times articles: what one model is asked for both tracks."""


def hashed_prediction(instance: Instance, salt: str = "") -> Prediction:
    """An answer that looks like a model's and depends on the question's and the article's words alone."""
    digest = hashlib.sha256(f"{salt}|{instance.question}|{instance.context}".encode()).digest()
    words = instance.context.split()
    candidates = {}
    for i in range(6):
        word = words[digest[i] % len(words)]
        candidates[instance.context.index(word)] = (digest[i + 8] / 16, word)
    ordered = sorted(candidates.items(), key=lambda pair: (-pair[1][0], pair[0]))
    return Prediction(
        item=instance.item,
        n_best=tuple(
            Candidate(text=word, article=instance.article, start=start, end=start + len(word), score=score)
            for start, (score, word) in ordered
        ),
        null_score=digest[20] / 16,
        windows=1,
        tokens=len(words),
    )


@dataclass
class FakeModel:
    """Answers by `hashed_prediction`; counts what it is asked; fails or waits where told."""

    name: str = "fake"
    fingerprint: str | None = ""
    """Empty: made from the name."""
    delay: float = 0.0
    fails: Callable[[Instance], BaseException | None] = lambda instance: None
    decoding: Decoding | None = field(default_factory=Decoding)
    asked: list[str] = field(default_factory=list)

    @property
    def info(self) -> ModelInfo:
        fingerprint = sha256_text(self.name) if self.fingerprint == "" else self.fingerprint
        return ModelInfo(spec=f"test:{self.name}", kind="test", name=self.name, fingerprint=fingerprint)

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        for instance in instances:
            self.asked.append(instance.item)
            time.sleep(self.delay)
            if (error := self.fails(instance)) is not None:
                raise error
            yield hashed_prediction(instance, self.name)


@dataclass
class FakeWriter:
    """Answers in words, as a language model does: what it remembers, or what the first passage says.

    It stays with its memory of a `stubborn` fact, whatever a passage says.
    """

    corpus: Corpus
    memory: Mapping[str, str] = field(default_factory=dict)
    """Fact -> answer without any passage. There is none to other facts."""
    stubborn: Collection[str] = ()
    name: str = "writer"
    decoding: Decoding | None = None
    answers_directly: bool = True

    @property
    def info(self) -> ModelInfo:
        fingerprint = sha256_text(f"{self.name} {self.memory} {self.stubborn}")
        return ModelInfo(spec=f"test:{self.name}", kind="test", name=self.name, fingerprint=fingerprint)

    def predict(self, instances: Sequence[Instance]) -> Iterator[Prediction]:
        questions = {question.id: question for question in self.corpus.questions}
        for instance in instances:
            fact = ItemId.parse(instance.item).fact
            shown = [passage.id for passage in instance.passages] or [instance.article]
            said = [e.text for a in shown for c in questions[fact].own_claims(a) for e in c.evidence_in(a)]
            if instance.mode == "none" or (instance.mode == "one" and fact in self.stubborn):
                said = [self.memory.get(fact, "")]
            text = said[0] if said else ""
            yield Prediction(item=instance.item, text=text, tokens=12, tokens_out=2, seconds=0.25)
