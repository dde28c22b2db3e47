"""The official rules a second time, in plain loops and from their description: what the tests compare with.

Nothing is shared with the package. Where an official script stops with an error, so does this.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

Question = tuple[str, Sequence[str]]
"""An id and the golds."""

ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
ARTICLES = {
    "en": "a an the",
    "es": "un una unos unas el la los las",
    "de": "ein eine einen einem eines einer der die das den dem des",
    "vi": "của là cái chiếc những",
}


def squad_tokens(text: str) -> list[str]:
    """The tokens, found character by character."""
    return _words([c for c in text.lower() if c not in ASCII_PUNCTUATION], ARTICLES["en"].split())


def mlqa_tokens(text: str, language: str) -> list[str]:
    """The tokens, found character by character."""
    punctuation = {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"}
    kept = [
        c for c in text.lower() if c not in ASCII_PUNCTUATION and unicodedata.category(c) not in punctuation
    ]
    if language == "ar":
        kept = list(" ".join("".join(kept).split("ال")))
    tokens: list[str] = []
    for rough in _words(kept, ARTICLES.get(language, "").split()):
        run = ""
        for c in rough:
            if language == "zh" and 0x4E00 <= ord(c) <= 0x9FA5:
                tokens += [run, c]
                run = ""
            else:
                run += c
        tokens.append(run)
    return [t for t in tokens if t]


def _words(kept: Sequence[str], articles: Sequence[str]) -> list[str]:
    # A word character is what `\\w` means for str patterns; the underscore is gone with the punctuation.
    pieces: list[str] = []
    word = ""
    for c in [*kept, " "]:
        if c.isalnum():
            word += c
            continue
        pieces += [" " if word in articles else word, c]
        word = ""
    return "".join(pieces).split()


def tokens_of(text: str, rules: str) -> list[str]:
    """The tokens under the rules of that name."""
    return mlqa_tokens(text, rules[-2:]) if rules.startswith("mlqa-") else squad_tokens(text)


def overlap_f1(said: Sequence[str], wanted: Sequence[str], both_empty: float) -> float:
    """F1 of two bags of tokens."""
    if not said and not wanted:
        return both_empty
    rest, shared = list(wanted), 0
    for token in said:
        if token in rest:
            rest.remove(token)
            shared += 1
    if shared == 0:
        return 0.0
    p = 1.0 * shared / len(said)
    r = 1.0 * shared / len(wanted)
    return (2 * p * r) / (p + r)


def plain_score(prediction: str, golds: Sequence[str], rules: str) -> tuple[float, float]:
    """Exact match and F1 of one answer; ValueError without golds, where the script has nothing to take."""
    if rules == "squad-v2.0":
        golds = [gold for gold in golds if tokens_of(gold, rules)] or [""]
    said = tokens_of(prediction, rules)
    exact = [float(said == tokens_of(gold, rules)) for gold in golds]
    both_empty = 1.0 if rules == "squad-v2.0" else 0.0
    return max(exact), max(overlap_f1(said, tokens_of(gold, rules), both_empty) for gold in golds)


def plain_means(
    questions: Sequence[Question], predictions: Mapping[str, str], rules: str
) -> dict[str, float]:
    """What the scripts of SQuAD 1.1, MRQA and MLQA print; a question without a prediction counts as 0."""
    exact = f1 = 0.0
    for id, golds in questions:
        if id in predictions:
            scored = plain_score(predictions[id], golds, rules)
            exact, f1 = exact + scored[0], f1 + scored[1]
    return {"exact_match": 100.0 * exact / len(questions), "f1": 100.0 * f1 / len(questions)}


def plain_v2(
    questions: Sequence[Question],
    predictions: Mapping[str, str],
    no_answer: Mapping[str, float] | None = None,
    threshold: float = 1.0,
) -> dict[str, float]:
    """What the script of SQuAD 2.0 prints; KeyError where a question has no prediction, as there."""
    answerable = {id: bool(golds) for id, golds in questions}
    raw = {id: plain_score(predictions[id], g, "squad-v2.0") for id, g in questions if id in predictions}
    probabilities = no_answer if no_answer is not None else dict.fromkeys(predictions, 0.0)
    printed: dict[str, float] = {}
    for prefix, member in (("", None), ("HasAns_", True), ("NoAns_", False)):
        ids = list(raw) if member is None else [i for i, has in answerable.items() if has is member]
        if not ids and member is not None:
            continue
        for column, name in enumerate(("exact", "f1")):
            total = 0.0
            for id in ids:
                refused = probabilities[id] > threshold
                total += float(not answerable[id]) if refused else raw[id][column]
            printed[f"{prefix}{name}"] = 100.0 * total / len(ids)
        printed[f"{prefix}total"] = len(ids)
    if no_answer is not None:
        for column, name in enumerate(("exact", "f1")):
            best, place = _official_search(
                answerable, predictions, {i: s[column] for i, s in raw.items()}, no_answer
            )
            printed |= {f"best_{name}": best, f"best_{name}_thresh": place}
    return printed


def _official_search(
    answerable: Mapping[str, bool],
    predictions: Mapping[str, str],
    raw: Mapping[str, float],
    no_answer: Mapping[str, float],
) -> tuple[float, float]:
    """The search as the script does it, ties and all."""
    score: float = sum(not has for has in answerable.values())
    best, place = score, 0.0
    for id in sorted(no_answer, key=lambda i: no_answer[i]):
        if id in raw:
            if answerable[id]:
                score += raw[id]
            elif predictions[id]:
                score -= 1
            if score > best:
                best, place = score, no_answer[id]
    return 100.0 * best / len(raw), place


def best_reachable(
    questions: Sequence[Question],
    predictions: Mapping[str, str],
    no_answer: Mapping[str, float],
    column: int,
) -> float:
    """The best percentage that any threshold reaches, by trying one in every gap; missing answers score 0.

    Where there is no answer any text is wrong, as in the script's search.
    """
    reached = []
    for threshold in [min(no_answer.values(), default=0.0) - 1.0, *no_answer.values()]:
        total = 0.0
        for id, golds in questions:
            if id in predictions:
                if no_answer.get(id, -1e300) > threshold:
                    total += float(not golds)
                elif golds:
                    total += plain_score(predictions[id], golds, "squad-v2.0")[column]
                else:
                    total += float(predictions[id] == "")
        reached.append(100.0 * total / len(questions))
    return max(reached)
