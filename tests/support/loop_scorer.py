"""A second scorer, written from the definitions alone, in plain loops: no arrays, no shared code but `match`.

It exists to disagree with `qa_eval.metrics` if either is wrong. Slow and obvious on purpose: every metric is
computed from the answers anew, with nothing kept between metrics.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, permutations

from qa_eval.matching.spelling import occurs
from qa_eval.matching.typed import match
from qa_eval.records import Answer, AnswerType, Candidate, Claim, Corpus, ItemId, Prediction, Question


def plain_normalize(text: str) -> list[str]:
    kept = ""
    for character in text.lower():
        if character not in string.punctuation:
            kept += character
    words = []
    word = ""
    pieces: list[str] = []
    for character in kept:  # \b(a|an|the)\b: runs of word characters, everything else kept as it stands
        if character.isalnum() or character == "_":
            word += character
        else:
            pieces.append(" " if word in ("a", "an", "the") else word)
            pieces.append(character)
            word = ""
    pieces.append(" " if word in ("a", "an", "the") else word)
    words = "".join(pieces).split()
    return words


def plain_em(prediction: str, gold: str) -> float:
    return 1.0 if plain_normalize(prediction) == plain_normalize(gold) else 0.0


def plain_f1(prediction: str, gold: str) -> float:
    left, right = plain_normalize(prediction), plain_normalize(gold)
    if not left or not right:
        return 1.0 if left == right else 0.0
    rest = list(right)
    shared = 0
    for token in left:
        if token in rest:
            rest.remove(token)
            shared += 1
    if shared == 0:
        return 0.0
    precision, recall = shared / len(left), shared / len(right)
    return 2 * precision * recall / (precision + recall)


def best(score: Callable[[str, str], float], prediction: str, golds: Sequence[str]) -> float:
    usable = [g for g in golds if plain_normalize(g)] or [""]
    return max(score(prediction, g) for g in usable)


# ------------------------------------------------------------------------------------------------ claims


def shared_characters(candidate: Candidate | None, article: str, start: int, end: int) -> int:
    if candidate is None or candidate.start is None or candidate.end is None or candidate.article != article:
        return 0
    return max(0, min(candidate.end, end) - max(candidate.start, start))


def half_in_evidence_of_one(question: Question, candidate: Candidate | None) -> str | None:
    """The level-1 text rule: the only claim with whose evidence the span shares half of its characters."""
    if (
        question.answer_type != "text"
        or candidate is None
        or candidate.start is None
        or candidate.end is None
    ):
        return None
    hit = []
    for claim in question.claims:
        inside = 0
        for position in range(candidate.start, candidate.end):
            inside += any(
                e.article == candidate.article and e.start <= position < e.end for e in claim.evidence
            )
        if 2 * inside >= candidate.end - candidate.start:
            hit.append(claim.id)
    if len(hit) != 1 or candidate.end <= candidate.start or not plain_normalize(candidate.text):
        return None
    for claim in question.claims:
        for e in claim.evidence:
            shared = shared_characters(candidate, e.article, e.start, e.end)
            if claim.id == hit[0] and 2 * shared >= e.end - e.start:
                return claim.id
    return None


def says_more(full: str, bare: str, kind: AnswerType) -> bool:
    """Whether a wording says what a shorter one does: it matches it, or adds the kind of the same place."""
    if len(full) <= len(bare):
        return False
    if match(full, bare, kind, strict=False).ok:
        return True
    kinds = ("city", "town", "village", "province", "governorate", "of")
    words = [w for w in plain_normalize(full) if w not in kinds]
    return kind == "place" and words == plain_normalize(bare)


def level_of(question: Question, claim: Claim, text: str, *, strict: bool) -> int:
    """The best level of an answer over a claim's wordings that no fuller wording vetoes."""
    kind = question.answer_type
    best_level = 0
    for wording in claim.wordings:
        level = match(text, wording, kind, strict=strict).level
        if level < 3:
            for other in claim.wordings:
                vetoes = match(text, other, kind, strict=False).rule == "veto"
                if vetoes and says_more(other, wording, kind):
                    level = 0
        best_level = max(best_level, level)
    return best_level


def contradicts_its_evidence(
    question: Question, claim: Claim, text: str, candidate: Candidate | None
) -> bool:
    for e in claim.evidence:
        touches = shared_characters(candidate, e.article, e.start, e.end) > 0
        if touches and match(text, e.text, question.answer_type, strict=False).rule == "veto":
            return True
    return False


def leniently(question: Question, claim: Claim, text: str, candidate: Candidate | None) -> bool:
    if level_of(question, claim, text, strict=False) >= 1:
        return True
    if contradicts_its_evidence(question, claim, text, candidate):
        return False
    return half_in_evidence_of_one(question, candidate) == claim.id


def strictly(question: Question, claim: Claim, text: str) -> bool:
    return level_of(question, claim, text, strict=True) >= 2


def claim_made(question: Question, text: str, candidate: Candidate | None) -> str | None:
    if not plain_normalize(text):
        return None
    overlapped, around = [], []
    for claim in question.claims:
        shared = [shared_characters(candidate, e.article, e.start, e.end) for e in claim.evidence]
        if max(shared, default=0) > 0:
            if leniently(question, claim, text, candidate):
                overlapped.append(claim.id)
            assert candidate is not None
            if max(shared) == (candidate.end or 0) - (candidate.start or 0):
                around.append(claim.id)
    if len(overlapped) == 1:
        return overlapped[0]
    strict = [claim.id for claim in question.claims if strictly(question, claim, text)]
    if [c for c in strict if c in overlapped]:
        strict = [c for c in strict if c in overlapped]
    elif around:  # inside the evidence of a claim, the words of another one are no claim
        strict = [c for c in strict if c in around]
    return strict[0] if len(strict) == 1 else None


# ------------------------------------------------------------------------------------------------ places


def without_frame(text: str) -> str:
    """The few frames that the tests use."""
    for frame in ("Answer: ", "It was ", "The answer is "):
        if text.startswith(frame):
            return text[len(frame) :].strip()
    return text


def located(
    corpus: Corpus, question: Question, text: str, candidate: Candidate | None, article: str | None
) -> Candidate | None:
    """The answer at its offsets if the article has it there; else where its words are, if in one verdict."""
    if candidate is not None and candidate.text == text:
        named = candidate.article if candidate.article is not None else article
        known = {a.id: a.text for a in corpus.articles}
        if article not in (None, named):
            known = {}
        start, end = candidate.start, candidate.end
        given = named in known and start is not None and end is not None and 0 <= start < end
        if given and known[str(named)][start:end] == text:
            return replace(candidate, article=named)
        article = article if article is not None else (named if named in known else None)
    found: list[Candidate] = []
    for wanted in (text, text.strip(" .,;:!?\"'“”‘’"), without_frame(text)):
        if found:
            break
        for a in corpus.articles:
            if a.id in question.answering and article in (None, a.id):
                for span in occurs(wanted, a.text):
                    found.append(Candidate(text=text, article=a.id, start=span.start, end=span.end))
    touching = [
        c
        for c in found
        if any(shared_characters(c, e.article, e.start, e.end) for k in question.claims for e in k.evidence)
    ]
    if not touching:
        return None
    verdicts = set()
    for place in [*touching, None] if len(touching) < len(found) else touching:
        right = [c.id for c in question.claims if leniently(question, c, text, place)]
        verdicts.add((claim_made(question, text, place), *right))
    return touching[0] if len(verdicts) == 1 else None


def only_place(corpus: Corpus, text: str) -> Candidate | None:
    """Where the articles have the words of a text, if they have them once."""
    found = []
    for a in corpus.articles:
        spans = [*occurs(text, a.text)] or [*occurs(text.strip(" .,;:!?\"'“”‘’"), a.text)]
        found += [Candidate(text=text, article=a.id, start=s.start, end=s.end) for s in spans]
    return found[0] if len(found) == 1 else None


def separable(question: Question, one: Claim, other: Claim) -> bool:
    pairs = [(one, b) for b in other.wordings] + [(other, a) for a in one.wordings]
    return all(level_of(question, claim, wording, strict=False) < 1 for claim, wording in pairs)


def other_separable(question: Question, article: str) -> list[Claim]:
    own = question.own_claims(article)
    return [c for c in question.claims if c not in own and all(separable(question, c, o) for o in own)]


# ------------------------------------------------------------------------------------------------ metrics


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def failed(answer: Answer) -> bool:
    return answer.error is not None or answer.missing


def abstains(answer: Answer) -> bool:
    return not plain_normalize(answer.text) and not failed(answer)


def reading_metrics(corpus: Corpus, answers: Mapping[str, Answer]) -> dict[str, float | None]:
    """Every reading-track metric of canonical questions, over all items of `answers`."""
    em, f1, em_any, f1_any, matches = [], [], [], [], []
    has_em, has_f1, recall, silent_leaks, hedged = [], [], [], [], []
    own_words = False
    lenient, leaks, leakable = [], [], []
    fm_sum = leak_sum = 0.0
    abstained_right = abstained = silent_items = 0
    contrast: dict[str, bool] = {}
    for key, answer in answers.items():
        item = ItemId.parse(key)
        if item.track != "reading" or item.paraphrase:
            continue
        question = corpus.question(item.fact)
        own = question.own_claims(item.article)
        golds = question.own_golds(item.article)
        any_golds = question.any_golds if own else golds
        bad = failed(answer)
        em.append(0.0 if bad else best(plain_em, answer.text, golds))
        f1.append(0.0 if bad else best(plain_f1, answer.text, golds))
        em_any.append(0.0 if bad else best(plain_em, answer.text, any_golds))
        f1_any.append(0.0 if bad else best(plain_f1, answer.text, any_golds))
        place = None if bad else located(corpus, question, answer.text, answer.candidate, item.article)
        made = None if bad else claim_made(question, answer.text, place)
        abstained += abstains(answer)
        if not bad and not abstains(answer) and not copied(corpus, answer, item.article):
            own_words = True
        if not own:
            silent_items += 1
            abstained_right += abstains(answer)
            recall.append(1.0 if abstains(answer) else 0.0)
            matches.append(1.0 if abstains(answer) else 0.0)
            silent_leaks.append(0.0 if made is None else 1.0)
            continue
        has_em.append(em[-1])
        has_f1.append(f1[-1])
        fm = 0.0
        if not bad and not abstains(answer):
            fm = 1.0 if any(leniently(question, c, answer.text, place) for c in own) else 0.0
        foreign = made is not None and made not in [c.id for c in own]
        leak = 1.0 if fm == 0.0 and foreign else 0.0
        matches.append(fm)
        lenient.append(1.0 if fm or leak else 0.0)
        here = [e.hedged for c in own for e in c.evidence if e.article == item.article]
        if False not in here:
            hedged.append(fm)
        if question.contested:
            contrast[question.id] = contrast.get(question.id, True) and fm == 1.0
            others = other_separable(question, item.article)
            if others:
                fm_sum += fm  # the ratio is over the items on which there is something to leak
                leak_sum += leak
                leaks.append(leak)
                text = corpus.article(item.article).text
                if any(occurs(w, text) for c in others for w in c.wordings):
                    leakable.append(leak)
    answered_all = {
        question.id
        for question in corpus.questions
        if all(f"{question.id}@{a}" in answers for a in question.answering)
    }
    r = mean(recall)
    h = mean(has_f1)
    return {
        "em": mean(em),
        "f1": mean(f1),
        "em_any": mean(em_any),
        "f1_any": mean(f1_any),
        "match": mean(matches),
        "has_answer_em": mean(has_em),
        "has_answer_f1": h,
        "no_answer_recall": r,
        "no_answer_precision": abstained_right / abstained if abstained and silent_items else None,
        "no_answer_f1": 2 * abstained_right / (abstained + silent_items) if silent_items else None,
        "balanced_f1": None if r is None or h is None else (h + r) / 2,
        "balanced_skill": None if r is None or h is None else h + r - 1,
        "match_hedged": mean(hedged),
        "lenient": mean(lenient),
        "leak": mean(leaks) if own_words else None,
        "leak_leakable": mean(leakable) if own_words and len(leakable) >= 20 else None,
        "no_answer_leak": mean(silent_leaks),
        "faithful_ratio": fm_sum / (fm_sum + leak_sum) if own_words and fm_sum + leak_sum else None,
        "contrast_consistency": mean([float(v) for k, v in contrast.items() if k in answered_all]),
    }


def copied(corpus: Corpus, answer: Answer, article: str) -> bool:
    """Whether the answer is a span of the article, by its own offsets."""
    candidate = answer.candidate
    if candidate is None or candidate.start is None or candidate.end is None:
        return False
    if candidate.text != answer.text or candidate.article not in (None, article):
        return False
    if not 0 <= candidate.start < candidate.end:
        return False
    return corpus.article(article).text[candidate.start : candidate.end] == answer.text


def is_right(corpus: Corpus, item: ItemId, answer: Answer) -> bool:
    """Whether the answer to a reading item is right: the typed match, on silent items no answer."""
    question = corpus.question(item.fact)
    own = question.own_claims(item.article)
    if failed(answer) or abstains(answer):
        return abstains(answer) and not own
    place = located(corpus, question, answer.text, answer.candidate, item.article)
    return any(leniently(question, c, answer.text, place) for c in own)


def plain_margin(answer: Answer) -> float | None:
    """How strongly no answer is believed; None where the model says nothing of it."""
    if failed(answer):
        return None
    if answer.null_score is not None and answer.score is not None:
        return answer.null_score - answer.score
    p = answer.no_answer_probability
    if p is None:
        return None
    return math.inf * (p - 0.5) if p in (0.0, 1.0) else math.log(p / (1 - p))


def silence_metrics(corpus: Corpus, answers: Mapping[str, Answer]) -> dict[str, float | None]:
    """Whether the belief in no answer puts silent items before answerable ones."""
    believed = []
    for key, answer in answers.items():
        item = ItemId.parse(key)
        margin = plain_margin(answer)
        if item.track == "reading" and not item.paraphrase and margin is not None:
            believed.append((margin, not corpus.question(item.fact).own_claims(item.article)))
    return {"no_answer_auroc": plain_auroc(believed)}


def confidence_metrics(corpus: Corpus, answers: Mapping[str, Answer]) -> dict[str, float | None]:
    """Every metric of confidences; right is the typed match, on silent items: no answer."""
    stated: list[tuple[float, bool]] = []  # whatever has a confidence
    answered: list[tuple[float, bool]] = []  # only answers
    items = 0
    for key, answer in answers.items():
        item = ItemId.parse(key)
        if item.track != "reading" or item.paraphrase:
            continue
        items += 1
        if failed(answer) or answer.confidence is None:
            continue
        right = is_right(corpus, item, answer)
        if not abstains(answer):
            answered.append((answer.confidence, right))
        stated.append((answer.confidence, right))
    return {
        "brier": plain_brier(stated),
        "brier_skill": plain_brier_skill(stated),
        "auroc": plain_auroc(answered),
        "aurc": plain_aurc(answered),
        "coverage_at_80": plain_coverage(answered, items) if answered else None,
    }


def plain_brier(stated: Sequence[tuple[float, bool]]) -> float | None:
    return mean([(c - (1.0 if right else 0.0)) ** 2 for c, right in stated])


def plain_brier_skill(stated: Sequence[tuple[float, bool]]) -> float | None:
    right = sum(1 for _, ok in stated if ok)
    if right in (0, len(stated)):
        return None
    rate = right / len(stated)
    constant = plain_brier([(rate, ok) for _, ok in stated])
    mine = plain_brier(stated)
    assert constant is not None
    assert mine is not None
    return 1 - mine / constant


def plain_auroc(answered: Sequence[tuple[float, bool]]) -> float | None:
    wins = []
    for good, right in answered:
        for bad, wrong in answered:
            if right and not wrong:
                wins.append(1.0 if good > bad else 0.5 if good == bad else 0.0)
    return mean(wins)


def plain_aurc(answered: Sequence[tuple[float, bool]]) -> float | None:
    """Answers of equal confidence come in random order: each brings their share of errors."""
    risks = []
    taken, errors = 0, 0.0
    for level in sorted({c for c, _ in answered}, reverse=True):
        tied = [right for c, right in answered if c == level]
        share = sum(1 for right in tied if not right) / len(tied)
        for _ in tied:
            taken += 1
            errors += share
            risks.append(errors / taken)
    return mean(risks)


def plain_coverage(answered: Sequence[tuple[float, bool]], items: int) -> float:
    most = 0
    for level, _ in answered:
        accepted = [right for c, right in answered if c >= level]
        if 5 * sum(accepted) >= 4 * len(accepted):
            most = max(most, len(accepted))
    return most / items


def distinct(corpus: Corpus, question: Question, answer: Answer) -> list[tuple[Candidate, str | None]]:
    kept: list[tuple[Candidate, str | None]] = []
    for given in answer.n_best:
        candidate = located(corpus, question, given.text, given, None)
        if candidate is None:
            candidate = replace(given, start=None, end=None)
        else:
            candidate = replace(given, article=candidate.article, start=candidate.start, end=candidate.end)
        made = claim_made(question, candidate.text, candidate)
        double = False
        for other, other_claim in kept:
            if made is not None and made == other_claim:
                double = True
            if candidate.start is not None and other.start is not None and other.end is not None:
                assert other.article is not None
                double = double or shared_characters(candidate, other.article, other.start, other.end) > 0
        if not double:
            kept.append((candidate, made))
    return kept


def plain_set_f1(predicted: Sequence[str], gold_sets: Sequence[Sequence[str]]) -> float:
    """Best one-to-one assignment by trying all of them."""
    if not predicted:
        return 0.0
    short, long = len(predicted), len(gold_sets)
    hits = 0
    if short <= long:
        for order in permutations(range(long), short):
            hits = max(
                hits, sum(int(best(plain_em, predicted[i], gold_sets[j])) for i, j in enumerate(order))
            )
    else:
        for order in permutations(range(short), long):
            hits = max(
                hits, sum(int(best(plain_em, predicted[i], gold_sets[j])) for j, i in enumerate(order))
            )
    return 2 * hits / (len(predicted) + len(gold_sets))


def pooled_metrics(corpus: Corpus, answers: Mapping[str, Answer]) -> dict[str, float | None]:
    """Every pooled-track metric of canonical questions, over all items of `answers`."""
    values: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        values.setdefault(name, []).append(value)

    for key, answer in answers.items():
        item = ItemId.parse(key)
        if item.track != "pooled" or item.paraphrase:
            continue
        question = corpus.question(item.fact)
        bad = failed(answer)
        add("em_any", 0.0 if bad else best(plain_em, answer.text, question.any_golds))
        add("f1_any", 0.0 if bad else best(plain_f1, answer.text, question.any_golds))
        right = not bad and not abstains(answer)
        place = None if bad else located(corpus, question, answer.text, answer.candidate, None)
        right = right and any(leniently(question, c, answer.text, place) for c in question.claims)
        add("match_any", float(right))
        made = None if bad else claim_made(question, answer.text, place)
        supporters = {c.id: len(c.articles) for c in question.claims}
        if question.contested:
            add("support", supporters[made] / len(question.answering) if made else 0.0)
            if list(supporters.values()).count(max(supporters.values())) == 1:
                add("majority", 1.0 if made and supporters[made] == max(supporters.values()) else 0.0)
            add_marks(add, question, made)
            newest = newest_of(question)
            if newest is not None:
                add("newest", 1.0 if made == newest else 0.0)
        candidate = answer.candidate
        if not answer.n_best and not bad and (candidate is None or candidate.start is None):
            candidate = only_place(corpus, answer.text)
        if made and candidate is not None and candidate.start is not None:
            claim = next(c for c in question.claims if c.id == made)
            add(
                "attribution",
                float(
                    any(shared_characters(candidate, e.article, e.start, e.end) > 0 for e in claim.evidence)
                ),
            )
        if answer.n_best or bad or abstains(answer):  # who names nothing has 0, not nothing
            rest = [] if bad else distinct(corpus, question, answer)
            top = [made_by for _, made_by in rest[:3] if made_by]
            if question.contested:
                groups = {c.id: c.coverage_group for c in question.claims}
                number = len(set(groups.values()))
                add("coverage_at_3", len({groups[c] for c in top}) / min(3, number))
                add("claim_recall_at_3", len(set(top)) / len(question.claims))
            likely = [c.text for c, _ in rest if c.probability is not None and c.probability >= 0.1]
            add("set_f1", plain_set_f1(likely, [[e.text for e in c.evidence] for c in question.claims]))
    lists = [a for k, a in answers.items() if "*" in k and "~" not in k]
    if not any(a.n_best and not failed(a) and not abstains(a) for a in lists):
        for name in ("coverage_at_3", "claim_recall_at_3", "set_f1"):
            values.pop(name, None)
    return {name: mean(v) for name, v in values.items()}


def add_marks(add: Callable[[str, float], None], question: Question, made: str | None) -> None:
    """What a contested fact says of the claim that was made: whether it is false, and whether preferred."""
    false = [c.id for c in question.claims if c.status == "misinformation"]
    if false:
        add("misinformation", 1.0 if made in false else 0.0)
        add("misinformation_chance", len(false) / len(question.claims))
    if question.resolution:
        add("preferred", 1.0 if made == question.resolution else 0.0)
        add("preferred_chance", 1 / len(question.claims))


def newest_of(question: Question) -> str | None:
    """The only claim with the latest date, if all claims of an update have one."""
    if question.relation != "update":
        return None
    dated = []
    for claim in question.claims:
        days = [e.as_of for e in claim.evidence if e.as_of is not None]
        if not days:
            return None
        dated.append((max(days), claim.id))
    dated.sort()
    if len(dated) > 1 and dated[-1][0] == dated[-2][0]:
        return None
    return dated[-1][1]


def preferences(
    corpus: Corpus, answers: Mapping[str, Answer], *, speakers: bool
) -> dict[str, dict[str, float]]:
    """How often each article, or each speaker, states the claim of a contested top answer, and its chance."""
    outcomes: dict[str, list[tuple[float, float]]] = {}
    for key, answer in answers.items():
        item = ItemId.parse(key)
        if item.track != "pooled" or item.paraphrase or failed(answer):
            continue
        question = corpus.question(item.fact)
        place = located(corpus, question, answer.text, answer.candidate, None)
        made = claim_made(question, answer.text, place)
        if made is None or not question.contested:
            continue
        names = {e.speaker if speakers else e.article for c in question.claims for e in c.evidence}
        for name in names - {None, ""}:
            stated = [
                c.id
                for c in question.claims
                if any(name == (e.speaker if speakers else e.article) for e in c.evidence)
            ]
            outcome = (1.0 if made in stated else 0.0, len(stated) / len(question.claims))
            outcomes.setdefault(str(name), []).append(outcome)
    return {
        name: {
            "wins": sum(won for won, _ in found),
            "n": len(found),
            "rate": sum(won for won, _ in found) / len(found),
            "chance": sum(chance for _, chance in found) / len(found),
        }
        for name, found in outcomes.items()
    }


def answers_in_order(
    answers: Mapping[str, Answer], asked: Mapping[str, Mapping[str, Prediction]]
) -> dict[str, Answer]:
    """The pooled answers that count. `asked`: pooled item -> article (`*`: all at once) -> what was said.

    Bare texts of single articles have no order. They are missing if the model gave anything better to some
    item; if it did not, no pooled answer counts.
    """
    kinds = {}
    for key, parts in asked.items():
        usable = {a: p for a, p in parts.items() if p.error is None}
        texts = [p.text for p in usable.values() if p.text is not None and plain_normalize(p.text)]
        if any(p.n_best for p in usable.values()) or ("*" in usable and usable["*"].text is not None):
            kinds[key] = "ordered"
        else:
            kinds[key] = "bare" if texts else "nothing"
    if "bare" in kinds.values() and "ordered" not in kinds.values():
        return {}
    missing = {key for key, kind in kinds.items() if kind == "bare"}
    return {
        key: Answer(item=key, text="", missing=True) if key in missing else a for key, a in answers.items()
    }


def paraphrase_metrics(corpus: Corpus, answers: Mapping[str, Answer]) -> dict[str, float | None]:
    """Agreement, and worst and mean values, over the wordings of one question, asked of one article."""
    groups: dict[tuple[str, str], list[Answer]] = {}
    for key, answer in answers.items():
        item = ItemId.parse(key)
        if item.track == "reading":
            groups.setdefault((item.fact, item.article), []).append(answer)
    agreement, worst, worst_em, all_right, middle = [], [], [], [], []
    for (fact, article), group in groups.items():
        if len(group) < 2:
            continue
        question = corpus.question(fact)
        agreed = []
        for one, other in combinations(group, 2):
            if failed(one) or failed(other):
                agreed.append(0.0)
                continue
            if abstains(one) or abstains(other):
                agreed.append(1.0 if abstains(one) and abstains(other) else 0.0)
                continue
            t = question.answer_type
            there = match(one.text, other.text, t, strict=False).ok
            back = match(other.text, one.text, t, strict=False).ok
            agreed.append(1.0 if there or back else 0.0)
        agreement.append(sum(agreed) / len(agreed))
        golds = question.own_golds(article)
        f1s = [0.0 if failed(a) else best(plain_f1, a.text, golds) for a in group]
        worst.append(min(f1s))
        middle.append(sum(f1s) / len(f1s))
        worst_em.append(min(0.0 if failed(a) else best(plain_em, a.text, golds) for a in group))
        item = ItemId(fact=fact, article=article)
        all_right.append(1.0 if all(is_right(corpus, item, a) for a in group) else 0.0)
    return {
        "paraphrase_agreement": mean(agreement),
        "paraphrase_worst_f1": mean(worst),
        "paraphrase_worst_em": mean(worst_em),
        "paraphrase_all_right": mean(all_right),
        "paraphrase_mean_f1": mean(middle),
    }
