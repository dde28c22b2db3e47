"""The values of the contested page: where the sources disagree, and whose claim each model makes."""

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

Sided = Literal["most", "fewer", "apart", "several", "none", "silent", "failed"]
"""Side that a pooled answer takes.

* `most`: The answer makes one claim, and no other claim has more sources.
* `fewer`: The answer makes one claim, and another claim has more sources.
* `apart`: The answer makes several claims, and says or shows that sources differ.
* `several`: The answer makes several claims, and does not say that sources differ.
* `none`: The answer makes no claim.
* `silent`: There is no answer.
* `failed`: There is no prediction.
"""
SIDES: Mapping[Sided, str] = {
    "most": "the claim of most sources",
    "fewer": "a claim of fewer sources",
    "apart": "several claims, told apart",
    "several": "several claims at once",
    "none": "none of the claims",
    "silent": "no answer",
    "failed": "failed",
}
_ONE_CLAIM: tuple[Sided, ...] = ("most", "fewer")
_SEVERAL_CLAIMS: tuple[Sided, ...] = ("apart", "several")
_HUES = 6
"""Number of colours for groups of claims."""
_MOST_BELIEFS = 5
_FEWEST_FACTS = 8
"""Smallest number of contested facts that a source must answer before a model can count as following it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimShare:
    """A claim of a contested fact, with the sources and models that make it."""

    claim: Claim
    words: str
    """Shortest wording of the claim."""
    marks: tuple[str, ...]
    """Terms for what the authors of the data set say about the claim, such as `misinformation`."""
    sources: tuple[str, ...]
    """Articles that state the claim."""
    hue: int
    """Number of the colour. Claims of one group, which say nearly the same, share a colour."""
    models: tuple[ReportModel, ...]
    """Models whose pooled answer makes the claim, without baselines outside the ranking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Models whose pooled answer makes no claim, or several claims at once."""

    side: Sided
    answer: str
    """Text of the answer; empty for no answer, and if the claims that it makes are shown with these models.
    """
    models: tuple[ReportModel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputedFact:
    """A fact on which the sources disagree."""

    fact: Fact
    bits: float
    """Entropy of the sources over the groups of claims."""
    shares: tuple[ClaimShare, ...]
    """Shares of the claims, those of the best supported group first."""
    asides: tuple[Aside, ...]
    silent: int
    """Number of articles that do not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The source whose claims a model makes most often, compared with chance."""

    article: str
    wins: int
    n: int
    chance: float
    """Expected number of wins if each claim of a fact were drawn with equal probability."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """The sides that a model takes, over all contested facts."""

    model: ReportModel
    sides: Mapping[Sided, int]
    follows: Followed | None
    """Source that the model follows; None if no source answers enough facts or beats chance."""

    @property
    def facts(self) -> int:
        return sum(self.sides.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestedView:
    """The values of the page, with the most disputed facts first."""

    lead: str
    """Sentence with the number of contested facts, and of those on which the first model makes a claim or
    several.
    """
    whom: str
    """Sentences that say which claims the first model makes, and what the bars count."""
    facts: tuple[DisputedFact, ...]
    relations: Mapping[str, int]
    """Map from relation to its number of facts."""
    beliefs: tuple[Belief, ...]
    """Sides of the models that read all articles at once. Competing models come first."""
    shown: int
    """Number of `beliefs` that are shown at first."""
    sides: tuple[Sided, ...]
    """Sides that occur."""
    reading: tuple[tuple[ReportModel, Mapping[Outcome, int]], ...]
    """Kinds of answers of each model, over single articles that answer."""
    outcomes: tuple[Outcome, ...]
    """Kinds that occur, and `leak` whenever it can occur."""


def contested_view(evidence: ReportContent) -> ContestedView | None:
    """The values of the page; None if no contested fact is known."""
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
    """The sentence with the number of contested facts, and of those on which the first model makes one."""
    lead = f"The sources disagree on {contested} of {count(facts, 'fact')}"
    if first is None:
        return f"{lead}."
    agreed = sum(first.sides.get(side, 0) for side in _ONE_CLAIM)
    several = sum(first.sides.get(side, 0) for side in _SEVERAL_CLAIMS)
    if not several:
        return f"{lead}; on {agreed} of these, {clean(first.model.name)} makes one of their claims."
    return (
        f"{lead}; {clean(first.model.name)} makes one of their claims on {agreed} of these, and several on "
        f"{several}. On {first.sides.get('apart', 0)} of those {several}, it says or shows that they differ."
    )


def _whom(first: Belief | None, names: Mapping[str, str]) -> str:
    """The sentences that say which claims the first model makes, and what the bars count."""
    if first is None:
        return ""
    most, fewer = (first.sides.get(side, 0) for side in _ONE_CLAIM)
    found = ""
    if most + fewer:
        several = any(first.sides.get(side) for side in _SEVERAL_CLAIMS)
        facts = (
            f"the {count(most + fewer, 'fact')} with one claim" if several else f"these {most + fewer} facts"
        )
        found = f"On {most} of {facts}, no other claim has more sources."
    if first.follows is not None:
        article = clean(names.get(first.follows.article, first.follows.article))
        found += (
            f" It agrees most with {article}: on {first.follows.wins} of {count(first.follows.n, 'fact')} "
            f"({first.follows.chance:.1f} by chance)."
        )
    return f"{found} The bars count answers from all articles at once.".lstrip()


def disagreement(question: Question) -> float:
    """Entropy of the sources over the groups of claims, in bits. It shows how evenly the sources are spread.

    A source that states claims of several groups counts in each of these groups.
    """
    sources: dict[str, set[str]] = {}
    for claim in question.claims:
        sources.setdefault(claim.coverage_group, set()).update(claim.articles)
    sizes = [len(articles) for articles in sources.values()]
    shares = [size / sum(sizes) for size in sizes]
    return max(0.0, -sum(share * math.log2(share) for share in shares))


def claim_marks(question: Question, claim: Claim) -> tuple[str, ...]:
    """The glossary's terms for what the authors of the data set say about a claim.

    True claims have no term, because most claims are true.
    """
    marked = (claim.status,) if claim.status in ("misinformation", "outdated") else ()
    return (*marked, "preferred") if question.resolution == claim.id else marked


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
            marks=claim_marks(question, claim),
            sources=tuple(dict.fromkeys(e.article for e in claim.evidence)),
            hue=hues[claim.coverage_group],
            models=tuple(models[s.model] for s in pooled if s.outcome == "own" and claim.id in s.claims),
        )
        for claim in claims
    )


def _side(said: ShownAnswer, majority: set[str]) -> Sided:
    if said.outcome == "own":
        if len(said.claims) != 1:
            return "apart" if said.acknowledges else "several"
        return "most" if said.claims[0] in majority else "fewer"
    return {"none": "silent", "failed": "failed"}.get(said.outcome, "none")  # type: ignore[return-value]


def _asides(pooled: Sequence[ShownAnswer], models: Mapping[int, ReportModel]) -> Iterable[Aside]:
    """The answers that make no claim or several claims, with equal answers of several models joined."""
    found: dict[tuple[Sided, str], list[ReportModel]] = {}
    for said in pooled:
        side = _side(said, set())
        if side not in _ONE_CLAIM:
            alone = side in (*_SEVERAL_CLAIMS, "none") and not said.claims
            found.setdefault((side, said.text if alone else ""), []).append(models[said.model])
    order = list(SIDES)
    for (side, text), who in sorted(found.items(), key=lambda pair: order.index(pair[0][0])):
        yield Aside(side=side, answer=text, models=tuple(who))


def _followed(model: ReportModel) -> Followed | None:
    """The source with the most wins above chance, among those that answer enough facts, or None."""
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
    """The kinds to count. `leak` is one if it occurs, or if some model can make another source's claim."""
    counted = Counter[Outcome]()
    for tally in tallies:
        counted.update(tally)
    can_leak = any("leak" in m.row.metrics.get("reading", {}) for m in models)
    every: tuple[Outcome, ...] = ("own", "leak", "other", "none", "failed")
    return tuple(o for o in every if counted[o] or (o == "leak" and can_leak))
