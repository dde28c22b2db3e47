"""The page "What differs between F1 and F1": every value in it is computed here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qa_eval.metrics.official_scores import best_thresholds, official_scores, score_answers
from qa_eval.metrics.rules.mlqa import MLQA_LANGUAGES
from qa_eval.metrics.rules.squad import RULES
from tests.support import other_scorers
from tests.support.places import ROOT
from tests.support.plain_rules import plain_means, plain_score, plain_v2

PAGE = ROOT / "docs" / "reference" / "rules.md"

Scorer = Callable[[str, Sequence[str]], float]

CASES: list[tuple[str, list[str], str, str]] = [
    ("New York, New York", ["New York"], "en", "repeated words: a bag or a set"),
    ("81-year-old", ["81 year old"], "en", "a hyphen joins or splits"),
    ("1914–1918", ["1914-1918"], "en", "so does a dash, but another one"),
    ("“Hamlet”", ["Hamlet"], "en", "typographic quotes"),
    ("3.5", ["35"], "en", "the decimal point goes"),
    ("3.50", ["3.5"], "en", "a number is a text or a value"),
    ("(3.14)", ["3.14"], "en", "a bracket hides a number"),
    ("400 fighters", ["417 fighters"], "en", "another number"),
    ("Straße", ["Strasse"], "en", "lower case or case folding"),
    ("Palmyra city", ["Palmyra"], "en", "rounded per question"),
    ("A", ["A"], "en", "nothing is left of either"),
    ("", [], "en", "no answer, rightly"),
    ("die Stadt", ["Stadt"], "de", "articles of other languages"),
    ("北京大学", ["北京"], "zh", "no spaces between words"),
    ("北京的大学", ["北京大学"], "zh", "a bag, or the longest common run"),
    ("1962년에", ["1962년"], "ko", "a particle follows without a space"),
    ("《Hamlet》", ["Hamlet"], "ko", "brackets around a title"),
]
"""Answer, golds, language (for MLQA, which has no Korean), and what the case shows."""


def columns(language: str) -> dict[str, Scorer | None]:
    def official(rules: str) -> Scorer:
        return lambda answer, golds: plain_score(answer, golds, rules)[1]

    return {
        "SQuAD 1.1": official("squad-v1.1"),
        "SQuAD 2.0": official("squad-v2.0"),
        "MLQA": official(f"mlqa-{language}") if language in MLQA_LANGUAGES else None,
        "KorQuAD": official("korquad-v1"),
        "CMRC": official("cmrc2018"),
        "torchmetrics": other_scorers.torchmetrics,
        "HELM": other_scorers.helm,
        "lighteval": other_scorers.lighteval,
        "inspect_ai": other_scorers.inspect_ai,
        "DROP": other_scorers.drop,
    }


def value(scorer: Scorer | None, answer: str, golds: Sequence[str]) -> str:
    if scorer is None:
        return "–"
    try:
        return f"{100 * scorer(answer, golds):.1f}"
    except ValueError:
        return "error"


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def answers_table() -> list[str]:
    names = list(columns("en"))
    lines = [row("gold", "answer", *names, "why"), row("---", "---", *["---:"] * len(names), "---")]
    for answer, golds, language, why in CASES:
        shown = [f"`{text}`" if text else "" for text in ("".join(golds), answer)]
        values = [value(scorer, answer, golds) for scorer in columns(language).values()]
        assert len(set(values)) > 1, f"all agree on {answer!r}"
        lines.append(row(shown[0] or "*none*", shown[1] or "*empty*", *values, why))
    return lines


# ------------------------------------------------------------------------------------------ whole sets

ONE_OF_THREE = [("q1", ["x"]), ("q2", ["x"]), ("q3", ["x"])]
TIED = [("q1", ["x"]), ("q2", ["x"]), ("q3", []), ("q4", [])]


def ours(questions: Sequence[tuple[str, Sequence[str]]], predictions: dict[str, str], rules: str) -> float:
    asked = [(id, golds, id) for id, golds in questions]
    return official_scores(score_answers(asked, predictions, RULES[rules]), RULES[rules])["f1"].value * 100


def our_best(
    questions: Sequence[tuple[str, Sequence[str]]], predictions: dict[str, str], no_answer: dict[str, float]
) -> float:
    asked = [(id, golds, id) for id, golds in questions]
    earned = score_answers(asked, predictions, RULES["squad-v2.0"], no_answer)
    return best_thresholds(earned)[1].score.value * 100


def sets_table() -> list[str]:
    lines = [row("case", "elsewhere", "F1 there", "F1 here"), row("---", "---", "---:", "---:")]
    answered = {"q1": "x"}
    missing = "1 of 3 questions answered, rightly; no prediction for the others"
    here = ours(ONE_OF_THREE, answered, "squad-v1.1")
    there = plain_means(ONE_OF_THREE, answered, "squad-v1.1")["f1"]
    lines.append(row(missing, "SQuAD 1.1, MLQA, MRQA, DROP", f"{there:.1f}", f"{here:.1f}"))
    kept = [q for q in ONE_OF_THREE if q[0] in answered]
    there = plain_means(kept, answered, "mrqa")["f1"]
    others = "MRQA with `--skip-no-answer`; `evaluate`, which wants as many references as predictions"
    lines.append(row("", others, f"{there:.1f}", f"{here:.1f}"))
    try:
        stopped = f"{plain_v2(ONE_OF_THREE, answered)['f1']:.1f}"
    except KeyError:
        stopped = "error"
    lines.append(row("", "SQuAD 2.0", stopped, f"{ours(ONE_OF_THREE, answered, 'squad-v2.0'):.1f}"))
    answers, equal = (
        dict.fromkeys(("q1", "q2", "q3", "q4"), "x"),
        dict.fromkeys(("q1", "q2", "q3", "q4"), 0.5),
    )
    lines.append(
        row(
            "best F1 over thresholds: 4 answers of one no-answer probability, 2 of them right",
            "SQuAD 2.0, `evaluate`",
            f"{plain_v2(TIED, answers, equal)['best_f1']:.1f}",
            f"{our_best(TIED, answers, equal):.1f}",
        )
    )
    return lines


def test_the_page_is_what_these_functions_compute() -> None:
    text = PAGE.read_text("utf-8")
    for marker, table in (("answers", answers_table()), ("sets", sets_table())):
        block = text.partition(f"<!-- differences: {marker} -->")[2].partition("<!-- /differences -->")[0]
        assert block.strip().splitlines() == table


def test_our_rules_are_the_official_columns_of_the_page() -> None:
    for answer, golds, language, _ in CASES:
        for rules in ("squad-v1.1", "squad-v2.0", f"mlqa-{language}", "korquad-v1", "cmrc2018"):
            if rules in RULES and (golds or rules == "squad-v2.0"):
                assert RULES[rules].score(answer, golds) == plain_score(answer, golds, rules)
