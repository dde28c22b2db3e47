"""The sources whose claims a model makes where sources disagree, by article and by speaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa_eval.records import Question

_Outcomes = dict[str, list[tuple[bool, float]]]
"""Source -> for each of its facts, whether it states the claim made, and the chance that it would."""


Sources = Mapping[str, Sequence[str]]
"""Passage -> the names it counts under, such as its domain and its position."""
FEWEST_FACTS = 8
"""Facts with a named source below which its preference is left out."""


class SourcePreferences:
    """Counts the sources that state the claim of the top answer, over contested facts with such a claim."""

    def __init__(self) -> None:
        self._articles: _Outcomes = {}
        self._speakers: _Outcomes = {}
        self._fewest = 1

    def add(self, question: Question, claim: str | None, sources: Sources | None = None) -> None:
        """Counts the claim of a top answer. An answer without a claim and a settled fact do not count.

        With `sources`, these are counted instead of the articles.
        """
        if claim is None or not question.contested:
            return
        articles = {a: {c.id for c in question.own_claims(a)} for a in question.answering}
        if sources is not None:
            self._fewest = FEWEST_FACTS
            named: dict[str, set[str]] = {}
            for article, claims in articles.items():
                for name in sources.get(article, ()):
                    named.setdefault(name, set()).update(claims)
            articles = named
        for found, stated in ((self._articles, articles), (self._speakers, _stated_by_speakers(question))):
            for source, claims in stated.items():
                outcome = claim in claims, len(claims) / len(question.claims)
                found.setdefault(source, []).append(outcome)

    def by_article(self) -> dict[str, dict[str, float]]:
        """Article -> wins, n, rate and chance.

        n: facts on which the article states a claim. wins: those of them on which it states the claim made.
        rate: wins / n. chance: the expected rate if each fact's claim were drawn evenly.
        For facts with their own passages, the sources are names, and a source with fewer than `FEWEST_FACTS`
        facts is left out.
        """
        return _rates(self._articles, self._fewest)

    def by_speaker(self) -> dict[str, dict[str, float]]:
        """Speaker -> wins, n, rate and chance, by the speakers that the evidence names."""
        return _rates(self._speakers, self._fewest)


def _stated_by_speakers(question: Question) -> Mapping[str, set[str]]:
    stated: dict[str, set[str]] = {}
    for claim in question.claims:
        for speaker in {e.speaker for e in claim.evidence if e.speaker}:
            stated.setdefault(speaker, set()).add(claim.id)
    return stated


def _rates(found: _Outcomes, fewest: int) -> dict[str, dict[str, float]]:
    return {
        source: {
            "wins": sum(won for won, _ in outcomes),
            "n": len(outcomes),
            "rate": sum(won for won, _ in outcomes) / len(outcomes),
            "chance": sum(chance for _, chance in outcomes) / len(outcomes),
        }
        for source, outcomes in sorted(found.items())
        if len(outcomes) >= fewest
    }
