"""Checks of the claims of one question: they are complete, and the scoring rules can distinguish them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator

from qa_eval.data.checks.question_checks import reserved_character
from qa_eval.data.corpus_files import Authored
from qa_eval.data.corpus_schema import ISO_DATE
from qa_eval.matching.normal_form import normalize
from qa_eval.matching.typed import match
from qa_eval.records import AnswerType, Claim, Finding
from qa_eval.text.phrases import join_field, quote, suggestion


def check_claims(authored: Authored) -> Iterator[Finding]:
    """Yields every finding about a question's claims that needs no article."""
    if not authored.question.claims:
        message = "is empty; a fact has at least one claim: an answer that some article gives"
        yield authored.finding("claims", "claims", message)
    yield from _check_ids(authored)
    yield from _check_resolution(authored)
    yield from _check_groups(authored)
    for index, claim in enumerate(authored.question.claims):
        yield from _check_evidence(authored, join_field("claims", index), claim)
    yield from _check_shared_spans(authored)
    yield from _check_wordings_apart(authored)


def _check_ids(authored: Authored) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for index, claim in enumerate(authored.question.claims):
        field = join_field(join_field("claims", index), "id")
        problem = reserved_character(claim.id)
        if problem is None and re.search(r"\s", claim.id.strip()):
            problem = f"{quote(claim.id)} holds a space; write {quote('-'.join(claim.id.split()))}"
        if problem:
            yield authored.finding("id", field, problem)
        if claim.id in seen:
            message = f"{quote(claim.id)} is also the id of {seen[claim.id]}; join the claims or rename one"
            yield authored.finding("claim-duplicate", field, message)
        seen.setdefault(claim.id, join_field("claims", index))


def _check_resolution(authored: Authored) -> Iterator[Finding]:
    resolution = authored.question.resolution
    ids = [claim.id for claim in authored.question.claims]
    if resolution is not None and resolution not in ids:
        message = f"there is no claim {quote(resolution)}{suggestion(resolution, ids)}"
        yield authored.finding("resolution", "resolution", message)


def _check_groups(authored: Authored) -> Iterator[Finding]:
    claims = authored.question.claims
    for index, claim in enumerate(claims):
        if not claim.group.strip():
            continue
        others = [c for c in claims if c is not claim]
        field = f"claims[{index}].group"
        problem = reserved_character(claim.group)
        if problem:
            yield authored.finding("id", field, problem)
        elif not any(c.coverage_group == claim.group for c in others):
            message = (
                f"{quote(claim.group)} joins no other claim; leave it out, or give it to a near-claim too"
            )
            yield authored.finding("group", field, message, severity="warning")


def _check_evidence(authored: Authored, at: str, claim: Claim) -> Iterator[Finding]:
    if not claim.evidence:
        message = f"claim {quote(claim.id)} has none; give the passage that states it, or drop the claim"
        yield authored.finding("evidence", f"{at}.evidence", message)
    texts = [(f"{at}.evidence[{n}].text", e.text) for n, e in enumerate(claim.evidence)]
    aliases = [(f"{at}.aliases[{n}]", alias) for n, alias in enumerate(claim.aliases)]
    for field, text in texts + aliases:
        if not normalize(text):
            message = f"{quote(text)} is empty without punctuation and a, an, the; take more words"
            yield authored.finding("wording", field, message)
        elif text != text.strip() and field.endswith("text"):
            yield authored.finding("wording", field, f"{quote(text)} starts or ends with a space; remove it")
    yield from _check_aliases(authored, at, claim)
    for number, evidence in enumerate(claim.evidence):
        if evidence.as_of is not None and not _is_iso_date(evidence.as_of):
            message = f"{quote(evidence.as_of)} is not a date; write YYYY-MM-DD"
            yield authored.finding("as-of", f"{at}.evidence[{number}].as_of", message)


def _check_aliases(authored: Authored, at: str, claim: Claim) -> Iterator[Finding]:
    seen = {e.text: f"{at}.evidence[{n}].text" for n, e in reversed(list(enumerate(claim.evidence)))}
    for number, alias in enumerate(claim.aliases):
        field = f"{at}.aliases[{number}]"
        if alias in seen:
            message = f"{quote(alias)} is already {seen[alias]}; leave it out"
            yield authored.finding("wording", field, message)
        seen.setdefault(alias, field)


def _is_iso_date(text: str) -> bool:
    if not re.fullmatch(ISO_DATE, text):
        return False
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_shared_spans(authored: Authored) -> Iterator[Finding]:
    seen: dict[tuple[str, int, str], str] = {}
    for index, claim in enumerate(authored.question.claims):
        for number, evidence in enumerate(claim.evidence):
            field = f"claims[{index}].evidence[{number}]"
            span = (evidence.article, evidence.start, evidence.text)
            if span in seen:
                message = f"{quote(evidence.text)} at {evidence.start} is already {seen[span]}; delete one"
                yield authored.finding("evidence-duplicate", field, message)
            seen.setdefault(span, field)


def _check_wordings_apart(authored: Authored) -> Iterator[Finding]:
    """Yields a finding for two claims that share a wording: the scorer could not say which of them an answer
    makes.
    """
    kind = authored.question.answer_type
    claims = [(index, claim, claim.wordings) for index, claim in enumerate(authored.question.claims)]
    reported: set[frozenset[str]] = set()
    for index, claim, wordings in claims:
        for other_index, other, golds in claims:
            if index == other_index:
                continue
            for wording in wordings:
                clash = _clash(wording, golds, kind, reported)
                if clash is None:
                    continue
                reported.add(frozenset((wording, clash[0])))
                message = (
                    f"{quote(wording)} also makes claims[{other_index}] {quote(other.id)}: it matches "
                    f"{quote(clash[0])} by the rule {clash[1]}; join the claims or reword one"
                )
                yield authored.finding("wording-clash", _wording_field(index, claim, wording), message)


def _clash(
    wording: str, golds: Iterable[str], kind: AnswerType, reported: set[frozenset[str]]
) -> tuple[str, str] | None:
    """The first wording of another claim that this one matches strictly, and the rule of the match."""
    for gold in golds:
        if frozenset((wording, gold)) in reported:
            continue
        found = match(wording, gold, kind, strict=True)
        if found.makes_claim:
            return gold, found.rule
    return None


def _wording_field(index: int, claim: Claim, wording: str) -> str:
    for number, evidence in enumerate(claim.evidence):
        if evidence.text == wording:
            return f"claims[{index}].evidence[{number}].text"
    return f"claims[{index}].aliases[{claim.aliases.index(wording)}]"
