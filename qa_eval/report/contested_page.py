"""The contested page, as plain values: where the sources disagree, and whose claim each model makes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from qa_eval.records import Claim, Question
from qa_eval.report.content import Fact, Outcome, ReportContent, ReportModel, ShownAnswer
from qa_eval.report.leaderboard_page import is_apart
from qa_eval.text.phrases import count
from qa_eval.text.terminal import clean

Sided = Literal["most", "fewer", "several", "none", "silent", "failed"]
"""Whom a pooled answer sides with. `most`: a claim that no other has more sources than; `fewer`: another
claim; `several`: it names more than one; `none`: it matches no claim; `silent`: no answer; `failed`: no
prediction."""
SIDES: Mapping[Sided, str] = {
    "most": "the claim of most sources",
    "fewer": "a claim of fewer sources",
    "several": "several claims at once",
    "none": "none of the claims",
    "silent": "no answer",
    "failed": "failed",
}
_HUES = 6
"""Colours that tell groups of claims apart."""
_MOST_BELIEFS = 5
_FEWEST_FACTS = 8
"""Contested facts on which a source must speak for a model to be said to follow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimShare:
    """One claim of a contested fact, with who makes it."""

    claim: Claim
    words: str
    """Its shortest wording."""
    sources: tuple[str, ...]
    """Articles that state it."""
    hue: int
    """Number of its colour; near-claims, which are of one group, share it."""
    models: tuple[ReportModel, ...]
    """Those whose pooled answer makes it, without the baselines outside the ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Models whose pooled answer makes none of the claims alone."""

    side: Sided
    answer: str
    """Empty for no answer."""
    models: tuple[ReportModel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputedFact:
    """A fact on which the sources disagree."""

    fact: Fact
    bits: float
    """Entropy of the sources over the groups of claims."""
    shares: tuple[ClaimShare, ...]
    """The best supported group first."""
    asides: tuple[Aside, ...]
    silent: int
    """Articles that do not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The source whose claims a model makes most often, above chance."""

    article: str
    wins: int
    n: int
    chance: float
    """Wins that an even draw among the claims of each fact would give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """Whom a model sides with, over all contested facts."""

    model: ReportModel
    sides: Mapping[Sided, int]
    follows: Followed | None
    """None where no source speaks on enough of the facts, or none is followed above chance."""

    @property
    def facts(self) -> int:
        return sum(self.sides.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestedView:
    """All contested facts, the most disputed first."""

    lead: str
    """On how many facts the sources disagree, and on how many of them the first model gives a claim."""
    whom: str
    """Which claims those are, and what the bars count."""
    facts: tuple[DisputedFact, ...]
    relations: Mapping[str, int]
    """Relation -> its facts."""
    beliefs: tuple[Belief, ...]
    """Of the models that read all articles at once; those that compete first."""
    shown: int
    """How many of them are shown without asking for more."""
    sides: tuple[Sided, ...]
    """Those that occur."""
    reading: tuple[tuple[ReportModel, Mapping[Outcome, int]], ...]
    """Of each model, over the articles that answer, one at a time: where its answers fell."""
    outcomes: tuple[Outcome, ...]
    """Those that occur; `leak` wherever it can."""


def contested_view(evidence: ReportContent) -> ContestedView | None:
    """None where no contested fact is known."""
    found = [(f, f.question) for f in evidence.facts if f.question is not None and f.question.contested]
    if not found:
        return None
    models = sorted(
        (m for m in evidence.models if m.row.predictions is not None), key=lambda m: is_apart(evidence, m)
    )
    by_number = {m.number: m for m in models}
    marked = {m.number for m in models if not is_apart(evidence, m)} or by_number.keys()
    order = {m.number: place for place, m in enumerate(models)}
    sides: dict[int, Counter[Sided]] = {}
    tallies: dict[int, Counter[Outcome]] = {}
    facts = []
    for fact, question in found:
        pooled = []
        for item in (i for i in fact.items if not i.id.paraphrase):
            if item.id.track == "pooled":
                pooled = [said for said in item.answers if said.model in by_number]
            elif item.id.article in question.answering:
                for said in item.answers:
                    tallies.setdefault(said.model, Counter())[said.outcome] += 1
        pooled.sort(key=lambda said: order[said.model])
        shown = [said for said in pooled if said.model in marked]
        shares = _shares(question, shown, by_number)
        most = max(len(share.sources) for share in shares)
        majority = {share.claim.id for share in shares if len(share.sources) == most}
        for said in pooled:
            sides.setdefault(said.model, Counter())[_side(said, majority)] += 1
        facts.append(
            DisputedFact(
                fact=fact,
                bits=disagreement(question),
                shares=shares,
                asides=tuple(_asides(shown, by_number)),
                silent=len(question.silent),
            )
        )
    facts.sort(key=lambda d: (-d.bits, -len(d.shares)))
    relations = Counter(d.fact.relation or "not given" for d in facts)
    beliefs = tuple(
        Belief(model=m, sides=sides[m.number], follows=_followed(m)) for m in models if m.number in sides
    )
    return ContestedView(
        lead=_lead(len(facts), evidence.asked, beliefs[0] if beliefs else None),
        whom=_whom(beliefs[0] if beliefs else None, evidence.article_names),
        facts=tuple(facts),
        relations=dict(relations.most_common()),
        beliefs=beliefs,
        shown=min(_MOST_BELIEFS, max(1, sum(b.model.number in marked for b in beliefs))),
        sides=tuple(side for side in SIDES if any(b.sides.get(side) for b in beliefs)),
        reading=tuple((m, tallies[m.number]) for m in models if m.number in tallies),
        outcomes=_outcomes(models, tallies.values()),
    )


def _lead(contested: int, facts: int, first: Belief | None) -> str:
    """On how many facts the sources disagree, and on how many of them the first model gives a claim."""
    lead = f"The sources disagree on {contested} of {count(facts, 'fact')}"
    if first is None:
        return f"{lead}."
    agreed = first.sides.get("most", 0) + first.sides.get("fewer", 0)
    return f"{lead}; on {agreed} of these {clean(first.model.name)} gives one of their claims."


def _whom(first: Belief | None, names: Mapping[str, str]) -> str:
    """Which claims those are, and what the bars count."""
    if first is None:
        return ""
    most, fewer = (first.sides.get(side, 0) for side in ("most", "fewer"))
    found = f"On {most} of the {most + fewer} no other claim has more sources."
    if first.follows is not None:
        article = clean(names.get(first.follows.article, first.follows.article))
        found += (
            f" It agrees most with {article}: on {first.follows.wins} of {count(first.follows.n, 'fact')}, "
            f"where chance gives {first.follows.chance:.1f}."
        )
    return f"{found} The bars count the answers of each model from all articles at once."


def disagreement(question: Question) -> float:
    """Entropy of the sources over the groups of claims, in bits: how evenly they are spread.

    A source that states claims of several groups counts in each of them.
    """
    sources: dict[str, set[str]] = {}
    for claim in question.claims:
        sources.setdefault(claim.coverage_group, set()).update(claim.articles)
    sizes = [len(articles) for articles in sources.values()]
    shares = [size / sum(sizes) for size in sizes]
    return max(0.0, -sum(share * math.log2(share) for share in shares))


def _shares(
    question: Question, pooled: Sequence[ShownAnswer], models: Mapping[int, ReportModel]
) -> tuple[ClaimShare, ...]:
    groups = {claim.coverage_group: 0 for claim in question.claims}
    for claim in question.claims:
        groups[claim.coverage_group] += len(claim.articles)
    hues = {group: n % _HUES for n, group in enumerate(sorted(groups, key=lambda group: -groups[group]))}
    claims = sorted(question.claims, key=lambda c: (hues[c.coverage_group], -len(c.articles)))
    return tuple(
        ClaimShare(
            claim=claim,
            words=min((e.text for e in claim.evidence), key=len),
            sources=tuple(dict.fromkeys(e.article for e in claim.evidence)),
            hue=hues[claim.coverage_group],
            models=tuple(models[s.model] for s in pooled if s.outcome == "own" and s.claim == claim.id),
        )
        for claim in claims
    )


def _side(said: ShownAnswer, majority: set[str]) -> Sided:
    if said.outcome == "own":
        return "several" if said.claim is None else "most" if said.claim in majority else "fewer"
    return {"none": "silent", "failed": "failed"}.get(said.outcome, "none")  # type: ignore[return-value]


def _asides(pooled: Sequence[ShownAnswer], models: Mapping[int, ReportModel]) -> Iterable[Aside]:
    """The same answers of several models are one."""
    found: dict[tuple[Sided, str], list[ReportModel]] = {}
    for said in pooled:
        side = _side(said, set())
        if side not in ("most", "fewer"):
            found.setdefault((side, said.text if side in ("several", "none") else ""), []).append(
                models[said.model]
            )
    order = list(SIDES)
    for (side, text), who in sorted(found.items(), key=lambda pair: order.index(pair[0][0])):
        yield Aside(side=side, answer=text, models=tuple(who))


def _followed(model: ReportModel) -> Followed | None:
    """The source with the most wins above chance, of those that speak on enough facts."""
    found = [(a, p) for a, p in model.row.source_preference.items() if p["n"] >= _FEWEST_FACTS]
    if not found:
        return None
    article, best = max(found, key=lambda pair: pair[1]["rate"] - pair[1]["chance"])
    if best["rate"] <= best["chance"]:
        return None
    return Followed(
        article=article, wins=round(best["wins"]), n=round(best["n"]), chance=best["chance"] * best["n"]
    )


def _outcomes(models: Iterable[ReportModel], tallies: Iterable[Counter[Outcome]]) -> tuple[Outcome, ...]:
    """What to count: a leak where it occurs, or where some model answers in words of its own."""
    counted = Counter[Outcome]()
    for tally in tallies:
        counted.update(tally)
    can_leak = any("leak" in m.row.metrics.get("reading", {}) for m in models)
    every: tuple[Outcome, ...] = ("own", "leak", "other", "none", "failed")
    return tuple(o for o in every if counted[o] or (o == "leak" and can_leak))
