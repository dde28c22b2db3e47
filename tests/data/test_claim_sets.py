"""`claims:` files: what is read, what is left out and why, and every bad input with its place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa_eval.data.claim_sets import ClaimSet
from qa_eval.data.claims_schema import claims_schema
from qa_eval.data.dataset import open_dataset
from qa_eval.data.passage_facts import PassageFact
from qa_eval.errors import InputError, QaEvalError, SpecError
from tests.support.passage_sets import (
    ABSTRACTIVE,
    BROKEN_BOW,
    FACTS,
    ONE_TEXT,
    UNSTATED,
    YES_NO,
    changed,
    town,
    write_facts,
)


def opened(folder: Path, *facts: dict[str, Any]) -> ClaimSet:
    found = open_dataset(write_facts(folder / "facts.jsonl", facts))
    assert isinstance(found, ClaimSet)
    return found


def only(folder: Path, fact: dict[str, Any]) -> PassageFact:
    (found,) = opened(folder, fact)
    return found


# ------------------------------------------------------------------------------------------ reading


def test_spans_are_kept_and_answers_are_looked_up(tmp_path: Path) -> None:
    question = only(tmp_path, BROKEN_BOW).question
    assert question.own_golds("d1") == ("3,559 people",)
    assert question.own_golds("d2") == ("10,000",)
    assert [e.start for c in question.claims for e in c.evidence] == [25, 19]
    assert question.claims[0].aliases == ("3,559",)
    assert question.silent == ("d3",)
    assert question.resolution == "3559"
    assert [c.status for c in question.claims] == ["true", "misinformation"]


def test_several_occurrences_of_an_answer_are_all_kept(tmp_path: Path) -> None:
    fact = changed(town(0, second=False), passages=[{"id": "a", "text": "20 wells; yes, 20 wells."}])
    assert [e.start for e in only(tmp_path, fact).question.claims[0].evidence] == [0, 15]


def test_without_an_answers_words_the_answers_are_golds_without_a_place(tmp_path: Path) -> None:
    fact = only(tmp_path, ABSTRACTIVE)
    assert fact.question.own_golds("p") == ("a lack of grain",)
    assert [e.start for e in fact.question.claims[0].evidence] == [-1]
    assert fact.marks("p") == ("abstractive",)
    assert fact.question.answering == {"p"}


def test_a_text_that_comes_twice_is_read_once_and_states_both_claims(tmp_path: Path) -> None:
    fact = only(tmp_path, ONE_TEXT)
    assert [p.id for p in fact.passages] == ["p1"]
    assert [c.id for c in fact.question.own_claims("p1")] == ["ada", "bob"]


@pytest.mark.parametrize("unlisted", ["silent", "partial"])
@pytest.mark.parametrize("at", ["fact", "header"])
def test_what_is_listed_nowhere_is_silent_or_partial(tmp_path: Path, unlisted: str, at: str) -> None:
    header = [{"format": "claims", "version": 1, "unlisted": unlisted}] if at == "header" else []
    fact = changed(town(0), unlisted=unlisted) if at == "fact" else town(0)
    (found,) = opened(tmp_path, *header, fact)
    assert getattr(found.question, unlisted) == ("c",)
    assert found.question.silent + found.question.partial == ("c",)


def test_the_type_is_told_by_the_question_or_is_text(tmp_path: Path) -> None:
    types = [fact.question.answer_type for fact in opened(tmp_path, town(0), ABSTRACTIVE)]
    assert types == ["number", "text"]


def test_a_packed_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("facts.jsonl.gz", "facts.jsonl"):
        spec = write_facts(tmp_path / name)
        assert len(list(open_dataset(spec))) == len(FACTS) - 1


def test_what_is_left_out_is_counted_with_its_first_place(tmp_path: Path) -> None:
    census = opened(tmp_path, *FACTS).check()
    assert (census.facts, census.asked, census.contested) == (13, 12, 11)
    assert {check: number for check, number, _ in census.remarks} == {
        "unused-fact": 1,
        "dropped-claim": 1,
        "no-span": 3,
        "same-text": 1,
        "one-text": 1,
        "yes-no": 1,
        "unlisted": 10,
    }
    first = {check: finding for check, _, finding in census.remarks}
    assert str(first["unused-fact"]).endswith(
        'facts.jsonl:14: claims: "mill-age": no passage states its claim'
    )


def test_claims_with_one_wording_are_told(tmp_path: Path) -> None:
    fact = town(0)
    fact["claims"][1]["answers"] = [f"The {fact['claims'][0]['answers'][0]}."]
    findings = [f for f in opened(tmp_path, fact).findings() if f.check == "same-wording"]
    assert [f.message for f in findings] == ['claims "20" and "50" both have "The 20."']


def test_words_of_a_claim_in_other_passages_are_told(tmp_path: Path) -> None:
    fact = town(0)
    fact["passages"][1]["text"] += " Others say 20."
    fact["passages"][2]["text"] += " It has 50 trees."
    findings = [f for f in opened(tmp_path, town(1), fact).findings() if f.check != "unlisted"]
    assert {(f.line, f.field, f.fact) for f in findings} == {
        (2, "claims[0]", "town-0"),
        (2, "claims[1]", "town-0"),
    }
    found = [f.message for f in findings]
    assert found == [
        'passage "b" (states another claim) has "20" of claim "20" at 42',
        'passage "c" (silent) has "50" of claim "50" at 28',
    ]


def test_a_choice_is_of_what_is_asked(tmp_path: Path) -> None:
    found = opened(tmp_path, *FACTS)
    assert [f.question.id for f in found.chosen(limit=2)] == ["broken-bow", "town-0"]
    assert {f.question.category for f in found.chosen(categories=["wells"])} == {"wells"}
    some = [f.question.id for f in found.chosen(sample=3)]
    more = [f.question.id for f in found.chosen(sample=6)]
    assert set(some) < set(more)
    assert "mill-burnt" not in [f.question.id for f in found.chosen()]
    for wrong in ({"limit": 0}, {"categories": ["well"]}):
        with pytest.raises(QaEvalError):
            list(found.chosen(**wrong))


def test_the_schema_is_of_facts_and_headers() -> None:
    schema = claims_schema()
    assert schema["$defs"]["ClaimsLine"]["required"] == ["id", "question", "passages", "claims"]
    assert schema["$defs"]["ClaimsHeader"]["required"] == ["format"]


# ------------------------------------------------------------------------------------------ bad input


def with_claim(**changes: Any) -> dict[str, Any]:
    first, second = BROKEN_BOW["claims"]
    return changed(BROKEN_BOW, claims=[changed(first, **changes), second])


def with_passage(**changes: Any) -> dict[str, Any]:
    first, *others = BROKEN_BOW["passages"]
    return changed(BROKEN_BOW, passages=[changed(first, **changes), *others])


def span(**changes: Any) -> list[dict[str, Any]]:
    return [{"passage": "d1", "text": "3,559 people", "start": 25} | changes]


PASSAGES = BROKEN_BOW["passages"]
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a passage id twice": (
        changed(BROKEN_BOW, passages=[*PASSAGES, {"id": "d1", "text": "More."}]),
        'passages[3].id: "d1" is the id of an earlier passage of the fact; give each its own',
    ),
    "a passage without text": (
        changed(BROKEN_BOW, passages=[*PASSAGES, {"id": "d4", "text": " "}]),
        "passages[3].text: is empty; give the passage's text, or leave it out",
    ),
    "a passage id with a meaning": (
        changed(BROKEN_BOW, passages=[*PASSAGES, {"id": "d@4", "text": "More."}]),
        'passages[3].id: "d@4" holds "@", which separates fact and article in item ids; leave it out',
    ),
    "a passage that is not there": (
        with_claim(passages=["d1", "d9"]),
        'claims[0].passages[1]: there is no passage "d9" in the fact; there are: "d1", "d2", "d3"',
    ),
    "a claim without answers": (
        with_claim(answers=[]),
        'claims[0].answers: claim "3559" has none; give at least one accepted wording',
    ),
    "an answer of nothing": (
        with_claim(answers=["the"]),
        'claims[0].answers[0]: "the" is nothing once punctuation and a, an, the are dropped',
    ),
    "a span that is not the text": (
        with_claim(spans=span(start=3)),
        'claims[0].spans[0].start: passage "d1" has "the census t" there, not "3,559 people"; it is at 25',
    ),
    "a span that is nowhere": (
        with_claim(spans=span(text="3,560 people")),
        'claims[0].spans[0].start: passage "d1" has "3,559 people" there, not "3,560 people"; it is '
        "nowhere in the passage; copy it exactly",
    ),
    "a span of no passage": (
        with_claim(spans=span(passage="x")),
        'claims[0].spans[0].passage: there is no passage "x" in the fact; there are: "d1", "d2", "d3"',
    ),
    "an unknown passage in silent": (
        changed(BROKEN_BOW, silent=["d3", "d7"]),
        'silent[1]: there is no passage "d7" in the fact; there are: "d1", "d2", "d3"',
    ),
    "a silent passage that states a claim": (
        changed(BROKEN_BOW, silent=["d1"]),
        'silent[0]: passage "d1" states a claim; keep the right place',
    ),
    "a passage that is silent and partial": (
        changed(BROKEN_BOW, partial=["d3"]),
        'partial[0]: passage "d3" is already in silent; keep the right place',
    ),
    "two claims of one id": (
        changed(BROKEN_BOW, claims=[BROKEN_BOW["claims"][0]] * 2),
        'claims[1].id: "3559" is the id of an earlier claim; join the two, or rename one',
    ),
    "no claims": (
        changed(BROKEN_BOW, claims=[], resolution=...),
        "claims: is empty; a fact has at least one claim",
    ),
    "no passages": (
        changed(UNSTATED, passages=[]),
        "passages: is empty; a fact is asked of at least one passage",
    ),
    "a resolution that is no claim": (
        changed(BROKEN_BOW, resolution="9"),
        'resolution: there is no claim "9"',
    ),
    "a relation of one claim": (
        changed(ABSTRACTIVE, relation="update"),
        'relation: is "update", but there is one claim; leave it out',
    ),
    "yes or no without polarity": (
        changed(YES_NO, claims=[changed(claim, polarity=...) for claim in YES_NO["claims"]]),
        "claims[0].polarity: is missing: the question is answered by yes or no; write which the claim says",
    ),
    "a polarity of a question that asks for a number": (
        with_claim(polarity="yes"),
        'claims[0].polarity: is "yes", but the answer_type is "number"; leave it out, or write the '
        'answer_type "yes-no"',
    ),
    "a polarity of one claim": (
        changed(
            YES_NO, answer_type=..., claims=[YES_NO["claims"][0], changed(YES_NO["claims"][1], polarity=...)]
        ),
        "claims[1].polarity: is missing: the question is answered by yes or no; write which the claim says",
    ),
    "an id that cannot be printed": (
        changed(BROKEN_BOW, id="a\0b"),
        r'id: "a\x00b" holds the character U+0000, which cannot be printed; leave it out',
    ),
    "a passage id that turns the line around": (
        with_passage(id="d\u202e1"),
        r'passages[0].id: "d\u202e1" holds the character U+202E, which cannot be printed; leave it out',
    ),
    "an unknown key": (
        changed(BROKEN_BOW, pasages=[]),
        'pasages: unknown key "pasages"; did you mean "passages"?',
    ),
    "an unknown status": (
        with_claim(status="wrong"),
        'claims[0].status: unknown value "wrong"; there are: "true", "misinformation", "outdated"',
    ),
    "too many passages": (
        changed(UNSTATED, passages=[{"id": f"p{n}", "text": "x"} for n in range(100_000)]),
        "passages: has 100,000 entries; at most 2,000 are taken",
    ),
    "an id with a meaning": (
        changed(BROKEN_BOW, id="a~1"),
        'id: "a~1" holds "~", which numbers paraphrases in item ids; leave it out',
    ),
}


@pytest.mark.parametrize(("fact", "expected"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_told_with_its_place(tmp_path: Path, fact: dict[str, Any], expected: str) -> None:
    found = opened(tmp_path, town(5), fact)
    with pytest.raises(InputError) as refused:
        found.check()
    lines = [str(finding) for finding in refused.value.findings]
    assert f"{(tmp_path / 'facts.jsonl').as_posix()}:2: {expected}" in lines
    with pytest.raises(InputError):
        list(found)


def test_a_passage_with_a_problem_is_not_missing_too(tmp_path: Path) -> None:
    found = opened(tmp_path, with_passage(text=" "))
    with pytest.raises(InputError) as refused:
        found.check()
    assert [finding.field for finding in refused.value.findings] == ["passages[0].text"]


def test_claims_with_a_polarity_make_a_question_of_yes_or_no(tmp_path: Path) -> None:
    fact = only(tmp_path, changed(YES_NO, answer_type=...))
    assert fact.question.answer_type == "yes-no"
    assert not fact.asked


def truncated(path: Path) -> None:
    path.write_bytes(gzip.compress(json.dumps(BROKEN_BOW).encode() * 50)[:-20])


def versioned(path: Path) -> None:
    path.write_text(json.dumps({"format": "claims", "version": 2}) + "\n")


def header_below(path: Path) -> None:
    path.write_text(json.dumps(BROKEN_BOW) + "\n" + json.dumps({"format": "claims"}) + "\n")


def twice(path: Path) -> None:
    path.write_text((json.dumps(BROKEN_BOW) + "\n") * 2)


def empty_of_facts(path: Path) -> None:
    path.write_text(json.dumps(UNSTATED) + "\n")


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a truncated gzip": (truncated, "ends too early: the gzip file is cut off; fetch it again"),
    "another version": (versioned, ":1: version: 2 is not a version that this program reads (1)"),
    "a header further down": (
        header_below,
        ":2: format: a header is the first line of a file; delete it here",
    ),
    "an id twice": (twice, ':2: id: "broken-bow" is the id of an earlier fact; give each fact its own id'),
    "nothing that a passage answers": (empty_of_facts, "holds no fact that a passage answers"),
    "a header alone": (
        lambda path: path.write_text(json.dumps({"format": "claims"}) + "\n"),
        "holds no fact that a passage answers",
    ),
    "no JSON": (lambda path: path.write_text("{"), ":1:2: not valid JSON"),
    "a list": (lambda path: path.write_text("[1]\n"), ":1: must be a JSON object, found a list"),
}


@pytest.mark.parametrize(("write", "expected"), FILES.values(), ids=FILES.keys())
def test_bad_files_are_told(tmp_path: Path, write: Callable[[Path], object], expected: str) -> None:
    path = tmp_path / "facts.jsonl"
    write(path)
    found = open_dataset(f"claims:{path}")
    with pytest.raises(InputError) as refused:
        found.check()
    assert expected in str(refused.value)


def test_options_without_a_meaning_are_refused(tmp_path: Path) -> None:
    spec = write_facts(tmp_path / "facts.jsonl")
    with pytest.raises(SpecError, match="has no splits"):
        open_dataset(spec, split="dev")
    with pytest.raises(SpecError, match="fields have fixed names"):
        open_dataset(spec, columns={"question": "q"})
    with pytest.raises(QaEvalError, match=r"scored by squad-v2\.0"):
        open_dataset(spec, rules="squad-v1.1")


# ------------------------------------------------------------------------------------------ what is asked


def test_the_readings_are_all_passages_with_the_golds_of_each(tmp_path: Path) -> None:
    dataset = opened(tmp_path, BROKEN_BOW, YES_NO, town(0), town(1))
    broken_bow, *others = dataset.readings(limit=2)
    assert [(i.item, i.article, i.context, golds) for i, golds in broken_bow] == [
        ("broken-bow@d1", "d1", BROKEN_BOW["passages"][0]["text"], ("3,559 people",)),
        ("broken-bow@d2", "d2", BROKEN_BOW["passages"][1]["text"], ("10,000",)),
        ("broken-bow@d3", "d3", BROKEN_BOW["passages"][2]["text"], ()),
    ]
    assert [{i.item.partition("@")[0] for i, _ in piece} for piece in others] == [{town(0)["id"]}]


def test_the_question_and_text_of_items_are_those_that_the_data_set_has(tmp_path: Path) -> None:
    dataset = opened(tmp_path, BROKEN_BOW, town(0))
    texts = [passage["text"] for passage in BROKEN_BOW["passages"]]
    wanted = ["broken-bow@*", "broken-bow@d2", "broken-bow@d9", "broken-bow~1@d1", "nowhere@d1"]
    assert list(dataset.asked(wanted)) == [
        ("broken-bow@*", BROKEN_BOW["question"], "\n\n".join(texts)),
        ("broken-bow@d2", BROKEN_BOW["question"], texts[1]),
    ]


def test_the_questions_with_claims_are_all_or_those_that_are_kept(tmp_path: Path) -> None:
    dataset = opened(tmp_path, BROKEN_BOW, town(0))
    assert [question.id for question in dataset.authored()] == ["broken-bow", town(0)["id"]]
    assert [question.id for question in dataset.authored({"broken-bow"})] == ["broken-bow"]
