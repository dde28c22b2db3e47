"""F1 of one answer as other projects define it, written from their published code for comparison.

    HELM          stanford-crfm/helm, evaluate_reference_metrics.py: f1_score, normalize_text
    lighteval     huggingface/lighteval, metrics_sample.py: F1_score; normalizations.py: helm_normalizer
    inspect_ai    UKGovernmentBEIS/inspect_ai, scorer/_classification.py: f1
    DROP          allenai/allennlp-models, rc/tools/drop.py: get_metrics, evaluate_json
    torchmetrics  Lightning-AI/torchmetrics, functional/text/squad.py
    evaluate      huggingface/evaluate, metrics/squad and metrics/squad_v2: SQuAD's own scripts, wrapped

Each takes an answer and the golds. ValueError where the project would stop with an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.support.plain_rules import ASCII_PUNCTUATION, overlap_f1, squad_tokens


def torchmetrics(answer: str, golds: Sequence[str]) -> float:
    """SQuAD 1.1's loop around SQuAD 2.0's F1 of one pair: golds that normalize to nothing are kept."""
    return max(overlap_f1(squad_tokens(answer), squad_tokens(gold), 1.0) for gold in golds)


def helm(answer: str, golds: Sequence[str]) -> float:
    """Sets of tokens; 0 where one is empty."""
    return max(_f_measure(set(squad_tokens(answer)), set(squad_tokens(gold))) for gold in golds)


def lighteval(answer: str, golds: Sequence[str]) -> float:
    """As HELM, but hyphens split, and a token that is a number without its punctuation becomes a float."""

    def tokens(text: str) -> set[str]:
        return _tokens(text, lambda t: _as_float(_bare(t.lower())))

    return max(_f_measure(tokens(answer), tokens(gold)) for gold in golds)


def inspect_ai(answer: str, golds: Sequence[str]) -> float:
    """Sets of tokens; hyphens split, numbers keep their punctuation; rounded to two decimals."""
    best = 0.0
    for gold in golds or [""]:  # a sample without a target has an empty one
        if not gold:
            raise ValueError("the first character of each target is looked at")
        if gold[0].strip():
            said, wanted = (_tokens(t, lambda p: _number_or_bare(p.casefold())) for t in (answer, gold))
            best = max(best, _set_f1(said, wanted))
    return round(best, 2)


def drop(answer: str, golds: Sequence[str]) -> float:
    """As inspect_ai, without folding case further than `lower`; 0 where the numbers differ; rounded."""
    if not golds:
        raise ValueError("the script reads no answer without a type")
    best = 0.0
    for gold in golds:
        said, wanted = (_tokens(t, lambda p: _number_or_bare(p.lower())) for t in (answer, gold))
        numbers = {t for t in wanted if _is_number(t)}
        veto = bool(numbers) and numbers.isdisjoint(said)
        if gold.strip() and not veto:
            best = max(best, round(_set_f1(said, wanted), 2))
    return best


# ------------------------------------------------------------------------------------------ inside


def _tokens(text: str, normalize: Callable[[str], str]) -> set[str]:
    pieces = [piece for part in text.split(" ") for piece in part.split("-")]
    return {token for piece in pieces for token in _without_articles(normalize(piece))}


def _without_articles(text: str) -> list[str]:
    """The words of a text without the English articles; punctuation stays."""
    words, word = [], ""
    for c in [*text, " "]:
        if c.isalnum() or c == "_":
            word += c
        else:
            words += ["" if word in ("a", "an", "the") else word, c]
            word = ""
    return "".join(words).split()


def _f_measure(wanted: set[str], said: set[str]) -> float:
    shared = len(wanted & said)
    if not (wanted and said and shared):
        return 0.0
    return 1.0 / (0.5 / (shared / len(said)) + 0.5 / (shared / len(wanted)))


def _set_f1(said: set[str], wanted: set[str]) -> float:
    shared = len(said & wanted)
    precision = shared / len(said) if said else 1.0
    recall = shared / len(wanted) if wanted else 1.0
    return 2 * precision * recall / (precision + recall) if precision or recall else 0.0


def _bare(text: str) -> str:
    return "".join(c for c in text if c not in ASCII_PUNCTUATION)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_float(text: str) -> str:
    return str(float(text)) if _is_number(text) else text


def _number_or_bare(text: str) -> str:
    return _as_float(text if _is_number(text) else _bare(text))
