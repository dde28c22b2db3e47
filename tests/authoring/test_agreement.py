"""Agreement of two annotators: alpha as published, claims matched by what they say, readings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from qa_eval.authoring.agreement.agreement_formats import draw_agreement
from qa_eval.authoring.agreement.annotations import Agreement, compare_annotations, same_claims
from qa_eval.data.corpus import load_corpus
from qa_eval.errors import QaEvalError
from qa_eval.stats.krippendorff import krippendorff_alpha
from tests.support.command_line import call
from tests.support.small_corpus import (
    LOSSES,
    completed,
    fact,
    settled,
    write_articles,
    write_corpus,
    write_lines,
)

N = None

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): the data of sections A, B and C with the
# alphas given there. By hand, with o the coincidences and n their sums:
#   A  4 of 10 pairs differ, n = 20, n_0 = 14, n_1 = 6: 1 - 19 * 4 / (14 * 6) = 1 - 76/84 = 0.095
#   B  9 of 12 pairs agree, n = 24, n_c = 4 6 6 6 2: (23 * 18 - 104) / (24 * 23 - 104) = 310/448 = 0.692
#   C  n = 40, n_c = 9 13 10 5 3: sum n_c (n_c - 1) = 72 + 156 + 90 + 20 + 6 = 344;
#      sum of o_cc = 7 + 10 + 8 + 4 + 3 = 32: (39 * 32 - 344) / (40 * 39 - 344) = 904/1216 = 0.743
PUBLISHED = [
    pytest.param(["0100000010", "1110010000"], 1 - 76 / 84, 0.095, id="A: binary, two observers"),
    pytest.param(["aabbdcccedda", "babbbcccedd d".replace(" ", "")], 310 / 448, 0.692, id="B: nominal"),
    pytest.param(
        [
            (1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N),
            (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3),
            (N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N),
            (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N),
        ],
        904 / 1216,
        0.743,
        id="C: four observers, missing values",
    ),
]


@pytest.mark.parametrize(("observers", "by_hand", "published"), PUBLISHED)
def test_alpha_is_that_of_the_paper(observers: Sequence[Any], by_hand: float, published: float) -> None:
    alpha = krippendorff_alpha(list(zip(*observers, strict=True)))
    assert alpha == pytest.approx(by_hand, abs=1e-12)
    assert round(by_hand, 3) == published


@pytest.mark.parametrize(
    "units", [[], [("a", None)], [("a", "a"), ("a", "a")]], ids=["no units", "no pair", "all alike"]
)
def test_alpha_is_not_defined_where_nothing_could_differ(units: list[tuple[str | None, ...]]) -> None:
    assert krippendorff_alpha(units) is None


def test_systematic_disagreement_is_below_zero() -> None:
    # n = 4, one a and one b in each of two units: observed 4, expected (16 - 8) / 3.
    assert krippendorff_alpha([("a", "b"), ("b", "a")]) == pytest.approx(1 - 4 / (8 / 3))


# ------------------------------------------------------------------------------------------ two sets

ARTICLES = {
    "one": "Over 400 fighters fell. The bridge is blue.\n",
    "two": "Officials count 400 dead. The bridge is green.\n",
    "three": "Nobody counted. It rained all day.\n",
}


def claim(id: str, **evidence: str) -> dict[str, Any]:
    return {"id": id, "evidence": [{"article": a, "text": t} for a, t in evidence.items()]}


DEAD = {
    "id": "dead",
    "question": "How many fighters died?",
    "answer_type": "number",
    "claims": [claim("over-400", one="Over 400"), claim("400", two="400")],
}
BRIDGE = settled("bridge", "Which colour has the bridge?", one="blue")


def agreement(folder: Path, a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]) -> Agreement:
    sets = [write_corpus(folder / name, rows, ARTICLES) for name, rows in (("a", a), ("b", b))]
    return compare_annotations(load_corpus(*sets[0]), load_corpus(*sets[1]), resamples=99)


def told(found: Agreement) -> list[tuple[str, str, str, str, str]]:
    return [(d.fact, d.article, d.kind, d.a, d.b) for d in found.differences]


def test_equal_answers_agree_whatever_the_claims_are_called(tmp_path: Path) -> None:
    other = {**DEAD, "claims": [claim("b", two="400"), claim("a", one="Over 400")]}
    found = agreement(tmp_path, [DEAD], [other])
    assert told(found) == []
    assert {name: e.value for name, e in found.all.items()} == dict.fromkeys(
        ("em", "f1", "match", "claim"), 1
    )
    assert found.readings == 3
    assert found.alpha is not None
    assert found.alpha.value == 1.0


def test_each_reading_is_compared_by_words_and_by_claim(tmp_path: Path) -> None:
    other = {
        **DEAD,
        "claims": [claim("over-400", one="Over 400 fighters"), claim("rain", three="Nobody")],
    }
    found = agreement(tmp_path, [DEAD, BRIDGE], [other, BRIDGE])
    assert told(found) == [
        ("dead", "two", "silence", "400", "silent"),
        ("dead", "three", "silence", "silent", "Nobody"),
    ]
    # dead: "Over 400" and "Over 400 fighters" share 2 of 2 and 3 words: F1 0.8; bridge: three readings.
    assert found.all["em"].value == pytest.approx(3 / 6)
    assert found.all["f1"].value == pytest.approx((0.8 + 3) / 6)
    assert found.all["match"].value == pytest.approx(4 / 6)
    assert found.all["claim"].value == pytest.approx(4 / 6)
    assert found.answered["f1"].value == pytest.approx(1.8 / 2)
    assert found.answered["f1"].n == 2


def test_alpha_is_worked_out_over_all_readings_and_within_facts(tmp_path: Path) -> None:
    other = {**DEAD, "claims": [claim("400", two="400")]}
    found = agreement(tmp_path, [DEAD, BRIDGE], [other, BRIDGE])
    # Readings: (over-400, silent), (400, 400), (silent, silent) | (blue, blue), (silent, silent) twice.
    # Together n = 12: over-400 1, 400 2, blue 2, silent 7; observed 2; expected (144 - 1 - 4 - 4 - 49) / 11.
    assert found.alpha is not None
    assert found.alpha.value == pytest.approx(1 - 2 / (86 / 11))
    # Within: dead n = 6: 1, 2, 3 -> (36 - 14) / 5; bridge n = 6: 2, 4 -> (36 - 20) / 5.
    assert found.alpha_within is not None
    assert found.alpha_within.value == pytest.approx(1 - 2 / (22 / 5 + 16 / 5))
    for alpha in (found.alpha, found.alpha_within):
        # Two facts are too few for an interval.
        assert (alpha.low, alpha.high, alpha.method) == (None, None, "too-few")


def test_partial_articles_are_missing_values_and_listed(tmp_path: Path) -> None:
    found = agreement(tmp_path, [BRIDGE], [{**BRIDGE, "partial": ["two"]}])
    assert (found.readings, found.missing) == (2, 1)
    assert told(found) == [("bridge", "two", "partial", "silent", "partial")]


def test_facts_are_matched_by_id_else_by_their_words(tmp_path: Path) -> None:
    renamed = {**BRIDGE, "id": "colour", "question": "Which colour has the bridge ?"}
    found = agreement(tmp_path, [BRIDGE, DEAD], [settled("rain", "What fell?", three="rained"), renamed])
    assert (found.facts, found.only_a, found.only_b) == (1, ("dead",), ("rain",))
    assert told(found) == []


def test_fields_of_a_fact_that_differ_are_listed(tmp_path: Path) -> None:
    one = {**DEAD, "relation": "precision"}
    found = agreement(tmp_path, [one], [{**DEAD, "relation": "update", "answer_type": "text"}])
    assert told(found) == [
        ("dead", "", "answer_type", "number", "text"),
        ("dead", "", "relation", "precision", "update"),
    ]


def test_a_claim_has_one_partner_and_the_order_of_the_sets_does_not_matter(tmp_path: Path) -> None:
    joined = {**DEAD, "claims": [claim("many", one="Over 400", two="400")]}
    sets = [write_corpus(tmp_path / name, [row], ARTICLES) for name, row in (("a", DEAD), ("b", joined))]
    one, other = (load_corpus(*paths).questions[0] for paths in sets)
    assert same_claims(one, other) == {"many": "400"}
    assert same_claims(other, one) == {"400": "many"}


def test_sets_without_a_common_fact_or_over_other_articles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(QaEvalError, match="no fact is in both"):
        agreement(tmp_path, [DEAD], [BRIDGE])
    a = load_corpus(*write_corpus(tmp_path / "c", [BRIDGE], ARTICLES))
    b = load_corpus(*write_corpus(tmp_path / "d", [BRIDGE], {**ARTICLES, "four": "More rain."}))
    with pytest.raises(QaEvalError, match="not about the same articles"):
        compare_annotations(a, b)


# ------------------------------------------------------------------------------------------ the command


def command(*args: str) -> tuple[int, str, str]:
    done = call("questions", "agree", *args)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def two(own_place: Path) -> list[str]:
    write_articles(Path("seeds"), ARTICLES)
    write_lines(Path("a.jsonl"), [completed(DEAD, ARTICLES)])
    other = {**DEAD, "claims": [claim("400", two="400")]}
    write_lines(Path("b.jsonl"), [completed(other, ARTICLES)])
    return ["a.jsonl", "b.jsonl", "--articles", "seeds"]


def test_the_command_prints_numbers_and_differences(two: list[str]) -> None:
    code, out, err = command(*two)
    assert (code, err) == (0, "")
    assert "1 fact in both, 3 readings (a fact in an article) compared, 0 left out as partial" in out
    assert "same claim" in out
    assert "  dead @ one: silence\n    A: Over 400\n    B: silent\n" in out
    assert "dead: contested" in out


def test_json_holds_everything(two: list[str]) -> None:
    code, out, _ = command(*two, "--json")
    value = json.loads(out)
    assert code == 0
    assert value["schema_version"] == 1
    assert value["all"]["claim"]["value"] == pytest.approx(2 / 3)
    assert {d["kind"] for d in value["differences"]} == {"silence", "contested", "relation"}


def test_files_that_are_not_valid_are_named_with_everything_wrong(two: list[str]) -> None:
    write_lines(Path("b.jsonl"), [fact(LOSSES)])
    code, out, err = command(*two)
    assert (code, out) == (2, "")
    column = Path("b.jsonl").read_text("utf-8").index('"alpha"') + 1
    assert f"b.jsonl:1:{column}: claims[0].evidence[0].article" in err


def test_hostile_text_does_not_reach_the_terminal(tmp_path: Path) -> None:
    hostile = settled("bridge", "Which colour?", one="blue")
    texts = {"one": "It is blue\x1b[31m.\n", "two": "It is grey.\n"}
    other = settled("bridge", "Which colour?", one="blue\x1b[31m")
    sets = [write_corpus(tmp_path / n, [row], texts) for n, row in (("a", hostile), ("b", other))]
    found = compare_annotations(load_corpus(*sets[0]), load_corpus(*sets[1]), resamples=99)
    plain = "\n".join(line.plain for line in draw_agreement(found, ("a\x1b", "b"), 100))
    assert "\x1b" not in plain
