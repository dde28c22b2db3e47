"""Questions, claims and exemptions: each check with its exact sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qa_eval.authoring.check import finding_line
from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.checks.question_checks import words_apart
from qa_eval.data.corpus import load_corpus
from tests.support.small_corpus import ARTICLES, FALL, LOSSES, fact, settled, unplaced, write_corpus


def findings(tmp_path: Path, *rows: dict[str, Any], articles: dict[str, str] | None = None) -> list[str]:
    """Each finding as `line: field: message`, warnings marked."""
    questions, seeds = write_corpus(tmp_path, list(rows), articles)
    return [
        finding_line(unplaced(f)).removeprefix(f"{questions.as_posix()}/facts.jsonl:")
        for f in check_questions([questions], seeds).findings
    ]


def claims(*evidence: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"id": "it", **more, "evidence": list(evidence)}]


def span(article: str, text: str, start: int, **more: Any) -> dict[str, Any]:
    return {"article": article, "text": text, "start": start, **more}


MAY = span("alpha", "May 2015", 81)
OVER = {"id": "over-400", "evidence": [span("alpha", "Over 400", 0)]}
EXACT = {"id": "400", "evidence": [span("beta", "400", 26)]}

CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a sound contested fact": (LOSSES, []),
    "a sound settled fact": (FALL, []),
    # names
    "id with capitals": (
        fact(FALL, id="Fall_of Town"),
        ['id: "Fall_of Town" is not kebab-case; write "fall-of-town"'],
    ),
    "id with a line end": (fact(FALL, id="fall\n"), [r'id: "fall\n" is not kebab-case; write "fall"']),
    "id without a letter": (fact(FALL, id="?"), ['id: "?" is not kebab-case']),
    "empty id": (fact(FALL, id=""), ['id: "" is not kebab-case']),
    "id with @": (
        fact(FALL, id="a@b"),
        ['id: "a@b" holds "@", which separates fact and article in item ids; leave it out'],
    ),
    "id with ~": (
        fact(FALL, id="a~1"),
        ['id: "a~1" holds "~", which numbers paraphrases in item ids; leave it out'],
    ),
    "id with *": (
        fact(FALL, id="a*"),
        ['id: "a*" holds "*", which stands for all articles in item ids; leave it out'],
    ),
    "category with capitals": (
        fact(FALL, category="Dates"),
        ['category: "Dates" is not kebab-case; write "dates"'],
    ),
    "claim id with @": (
        fact(FALL, claims=[{"id": "x@y", "evidence": [MAY]}]),
        ['claims[0].id: "x@y" holds "@", which separates fact and article in item ids; leave it out'],
    ),
    "claim id with a space": (
        fact(FALL, claims=[{"id": "may 2015", "evidence": [MAY]}]),
        ['claims[0].id: "may 2015" holds a space; write "may-2015"'],
    ),
    # texts
    "question of spaces": (
        fact(FALL, question="  "),
        ['question: "  " is blank; write it, or leave it out'],
    ),
    "empty alias": (
        fact(FALL, claims=claims(MAY, aliases=[""])),
        [
            'claims[0].aliases[0]: "" is blank; write it, or leave it out',
            'claims[0].aliases[0]: "" is empty without punctuation and a, an, the; take more words',
        ],
    ),
    "control character": (
        fact(FALL, question="When\x1b[31m was it?"),
        [r'question: "When\x1b[31m was it?" holds a control character, U+001B; leave it out'],
    ),
    "line end in a paraphrase": (
        fact(FALL, paraphrases=["On what date\ndid it fall?"]),
        [r'paraphrases[0]: "On what date\ndid it fall?" holds a control character, U+000A; leave it out'],
    ),
    "text-direction override in a note": (
        fact(FALL, note="a\u202eb"),
        [r'note: "a\u202eb" holds a text-direction character, U+202E; leave it out'],
    ),
    "space at the end of an alias": (
        fact(FALL, claims=claims(MAY, aliases=["in May 2015 "])),
        ['claims[0].aliases[0]: "in May 2015 " starts or ends with a space; remove it'],
    ),
    "line separator in a speaker": (
        fact(FALL, claims=claims({**MAY, "speaker": "a\u2028b"})),
        [r'claims[0].evidence[0].speaker: "a\u2028b" holds a control character, U+2028; leave it out'],
    ),
    # contested and relation
    "contested with one claim": (
        fact(FALL, contested=True),
        [
            "contested: is true, but there is 1 claim; write false, or add the claim of the "
            "source that disagrees"
        ],
    ),
    "settled with two claims": (
        fact(contested=False),
        ["contested: is false, but there are 2 claims; write true, or join the claims"],
    ),
    "contested without relation": (
        fact(relation=None),
        [
            "relation: is missing; say why the 2 claims differ, one of contradiction, update, "
            "precision, scope, "
            "wording"
        ],
    ),
    "settled with relation": (
        fact(FALL, relation="update"),
        ['relation: is "update", but nothing is contested; leave it out'],
    ),
    # paraphrases
    "paraphrase with the same words": (
        fact(FALL, paraphrases=["when had town been lost"]),
        ["paraphrases[0]: has the same words as question; ask it in other words, or leave it out"],
    ),
    "two paraphrases with the same words": (
        fact(FALL, paraphrases=["On what date did it fall?", "On what date did it fall?"]),
        ["paraphrases[1]: has the same words as paraphrases[0]; ask it in other words, or leave it out"],
    ),
    "paraphrase that changes a word": (
        fact(FALL, paraphrases=["When had the city been lost?"]),
        ["paraphrases[0]: warning: differs from question in a single word; ask it in other words"],
    ),
    # leaks
    "answer in the question": (
        fact(FALL, question="Was it lost in May 2015?"),
        ['question: gives its answer away: "May 2015" of claims[0] is in it; ask without it'],
    ),
    "answer in a paraphrase, by alias and in other case": (
        fact(paraphrases=["Did FOUR HUNDRED die?"]),
        ['paraphrases[0]: gives its answer away: "four hundred" of claims[1] is in it; ask without it'],
    ),
    # claims
    "no claims": (
        fact(FALL, claims=[], silent=["alpha", "beta", "gamma"]),
        ["claims: is empty; a fact has at least one claim: an answer that some article gives"],
    ),
    "claim without evidence": (
        fact(claims=[OVER, EXACT, {"id": "417", "aliases": ["417"], "evidence": []}]),
        ['claims[2].evidence: claim "417" has none; give the passage that states it, or drop the claim'],
    ),
    "claim id twice": (
        fact(claims=[OVER, {**EXACT, "id": "over-400"}]),
        ['claims[1].id: "over-400" is also the id of claims[0]; join the claims or rename one'],
    ),
    "a wording of two claims": (
        fact(claims=[OVER, {**EXACT, "aliases": ["Over 400"]}]),
        [
            'claims[0].evidence[0].text: "Over 400" also makes claims[1] "400": it matches "Over 400" by the '
            "rule raw; join the claims or reword one"
        ],
    ),
    "a wording equal to another claim's by type": (
        fact(claims=[OVER, {**EXACT, "aliases": ["more than four hundred"]}]),
        [
            'claims[0].evidence[0].text: "Over 400" also makes claims[1] "400": it matches '
            '"more than four hundred" by the rule number; join the claims or reword one'
        ],
    ),
    "evidence twice": (
        fact(FALL, claims=claims(MAY, MAY)),
        ['claims[0].evidence[1]: "May 2015" at 81 is already claims[0].evidence[0]; delete one'],
    ),
    "evidence of two claims": (
        fact(
            claims=[OVER, {"id": "400", "evidence": [span("beta", "400", 26), span("alpha", "Over 400", 0)]}]
        ),
        [
            'claims[0].evidence[0].text: "Over 400" also makes claims[1] "400": it matches "Over 400" by the '
            "rule raw; join the claims or reword one",
            'claims[1].evidence[1]: "Over 400" at 0 is already claims[0].evidence[0]; delete one',
        ],
    ),
    "alias that is evidence": (
        fact(FALL, claims=claims(MAY, aliases=["May 2015"])),
        ['claims[0].aliases[0]: "May 2015" is already claims[0].evidence[0].text; leave it out'],
    ),
    "group of one": (
        fact(claims=[{**OVER, "group": "about-400"}, EXACT]),
        [
            'claims[0].group: warning: "about-400" joins no other claim; leave it out, or give '
            "it to a near-claim too"
        ],
    ),
    "group with ~": (
        fact(claims=[{**OVER, "group": "a~1"}, {**EXACT, "group": "a~1"}]),
        [
            f'claims[{n}].group: "a~1" holds "~", which numbers paraphrases in item ids; leave it out'
            for n in (0, 1)
        ],
    ),
    "an alias that makes another claim": (
        fact(claims=[{**OVER, "aliases": ["exactly 400"]}, EXACT]),
        [
            'claims[0].aliases[0]: "exactly 400" also makes claims[1] "400": it matches "400" by the rule '
            "number; join the claims or reword one"
        ],
    ),
    "alias twice": (
        fact(FALL, claims=claims(MAY, aliases=["in May 2015", "in May 2015"])),
        ['claims[0].aliases[1]: "in May 2015" is already claims[0].aliases[0]; leave it out'],
    ),
    "empty evidence": (
        fact(FALL, claims=claims(MAY, span("alpha", "", 0))),
        ['claims[0].evidence[1].text: "" is empty without punctuation and a, an, the; take more words'],
    ),
    "group of two": (fact(claims=[{**OVER, "group": "about"}, {**EXACT, "group": "about"}]), []),
    "group named after the other claim": (fact(claims=[{**OVER, "group": "400"}, EXACT]), []),
    "date that is none": (
        fact(FALL, claims=claims({**MAY, "as_of": "2015-02-30"})),
        ['claims[0].evidence[0].as_of: "2015-02-30" is not a date; write YYYY-MM-DD'],
    ),
    "date in another form": (
        fact(FALL, claims=claims({**MAY, "as_of": "20150501"})),
        ['claims[0].evidence[0].as_of: "20150501" is not a date; write YYYY-MM-DD'],
    ),
    "evidence that normalizes to nothing": (
        fact(FALL, answer_type="text", claims=claims(MAY, span("alpha", ".", 56))),
        ['claims[0].evidence[1].text: "." is empty without punctuation and a, an, the; take more words'],
    ),
    "evidence with a space": (
        fact(FALL, claims=claims(span("alpha", " May 2015", 80))),
        ['claims[0].evidence[0].text: " May 2015" starts or ends with a space; remove it'],
    ),
    # articles
    "unknown article": (
        fact(FALL, silent=["beta", "gamma", "gamna"]),
        ['silent[2]: unknown article "gamna"; did you mean "gamma"?'],
    ),
    "unknown article without a near match": (
        fact(FALL, partial=["zzz"]),
        ['partial[0]: unknown article "zzz"; there are: "alpha", "beta", "gamma"'],
    ),
    "evidence in an unknown article": (
        fact(FALL, claims=claims(MAY, span("alfa", "May 2015", 81))),
        ['claims[0].evidence[1].article: unknown article "alfa"; did you mean "alpha"?'],
    ),
    "article in none": (
        fact(FALL, silent=["beta"]),
        [
            'silent: article "gamma" is in no evidence and neither in silent nor in partial; '
            "read it and name it "
            "in one of them"
        ],
    ),
    "article in two": (
        fact(FALL, silent=["alpha", "beta", "gamma"], partial=["gamma"]),
        [
            'silent[0]: article "alpha" is already in claims[0].evidence[0]; keep the right place',
            'partial[0]: article "gamma" is already in silent[2]; keep the right place',
        ],
    ),
    "article twice in silent": (
        fact(FALL, silent=["beta", "gamma", "beta"]),
        ['silent[2]: article "beta" is already in silent[0]; keep the right place'],
    ),
    # offsets
    "offset off by one": (
        fact(FALL, claims=claims(span("alpha", "May 2015", 80))),
        [
            'claims[0].evidence[0].start: the article has " May 201" there, not "May 2015"; found at 81; '
            "did you mean start 81?"
        ],
    ),
    "text that occurs several times": (
        fact(FALL, answer_type="text", paraphrases=[], claims=claims(span("alpha", "on", 0))),
        [
            'claims[0].evidence[0].start: the article has "Ov" there, not "on"; found at 35 and 47; '
            "did you mean start 35?"
        ],
    ),
    "offset past the end": (
        fact(FALL, claims=claims(span("alpha", "May 2015", 4000))),
        [
            "claims[0].evidence[0].start: 4000 is past the article's end (91 characters); found "
            "at 81; did you "
            "mean start 81?"
        ],
    ),
    "offset before the start": (
        fact(FALL, claims=claims(span("alpha", "May 2015", -10))),
        [
            "claims[0].evidence[0].start: -10 is before the article's start; found at 81; did "
            "you mean start 81?"
        ],
    ),
    "text in other quotation marks": (
        fact(FALL, answer_type="text", claims=claims(MAY, span("beta", 'The "bride"', 46)), silent=["gamma"]),
        [
            'claims[0].evidence[1].start: the article has "The “bride”" there, not "The \\"bride\\""; '
            'at 46 it has "The “bride”"; did you mean that?'
        ],
    ),
    "text that is nowhere": (
        fact(FALL, claims=claims(span("alpha", "June 2015", 81))),
        [
            r'claims[0].evidence[0].start: the article has "May 2015.' + '" there, not "June 2015"; '
            "it is nowhere in the article; copy the text exactly"
        ],
    ),
    "span that cuts a number": (
        fact(claims=[OVER, {"id": "40", "evidence": [span("beta", "40", 26)]}]),
        ['claims[1].evidence[0].text: warning: "40" cuts a word or number: the article has "400"'],
    ),
    "silent article that has the wording": (
        fact(FALL, claims=claims(MAY, aliases=["the war", "Farmers"])),
        [
            'silent[1]: warning: article "gamma" is listed as silent but has "the war" at 45, '
            '"Farmers" at 0; '
            "give it evidence, or exempt it in exemptions.toml with the reason"
        ],
    ),
}


@pytest.mark.parametrize(("row", "expected"), CASES.values(), ids=CASES)
def test_what_a_question_says_is_judged(tmp_path: Path, row: dict[str, Any], expected: list[str]) -> None:
    assert findings(tmp_path, row) == [f"1: {e}" for e in expected]


def test_a_thousands_separator_is_no_place_to_cut(tmp_path: Path) -> None:
    articles = {"a": "Some 1,500 of 2,000.5 people, 3 dogs."}
    row = {**settled("n", "How many?"), "answer_type": "number"}
    cases = {"500": "1,500", "2,000": "2,000.5", "3": None, "1,500": None, "2,000.5": None}
    for text, whole in cases.items():
        start = articles["a"].index(text)
        found = findings(tmp_path, {**row, "claims": claims(span("a", text, start))}, articles=articles)
        message = (
            f'1: claims[0].evidence[0].text: warning: "{text}" cuts a word or number: the '
            f'article has "{whole}"'
        )
        assert found == ([message] if whole else []), text


def test_a_short_name_in_capitals_is_not_its_lower_case_word(tmp_path: Path) -> None:
    articles = {"a": "The US and IS fight.", "b": "This is for us."}
    row = {
        "id": "who",
        "question": "Who is fighting?",
        "claims": claims(span("a", "US and IS", 4), aliases=["IS", "US"]),
    }
    assert findings(tmp_path, row, articles=articles) == []
    articles["b"] = "This is for the US."
    (found,) = findings(tmp_path, row, articles=articles)
    assert found.startswith('1: silent[0]: warning: article "b" is listed as silent but has "US" at 16;')


def test_a_duplicate_id_names_both_places_across_files(tmp_path: Path) -> None:
    questions, seeds = write_corpus(
        tmp_path, {"a.jsonl": [LOSSES], "b.jsonl": [FALL, fact(id="fall-of-town")]}
    )
    (finding, other) = check_questions([questions], seeds).findings
    place = f"{(questions / 'b.jsonl').as_posix()}:1"
    assert (finding.path, finding.line) == ((questions / "b.jsonl").as_posix(), 2)
    assert finding.message == f'"fall-of-town" is already the id of {place}; rename or delete one'
    assert other.check == "near-duplicate"


def test_a_question_asked_twice_is_an_error_and_nearly_twice_a_warning(tmp_path: Path) -> None:
    first = settled("first", "Which farmers hoped long ago for much heavy rain?", gamma="Farmers")
    again = settled("again", "which Farmers hoped long ago for much heavy rain", gamma="Farmers")
    nearly = settled("nearly", "Which farmers hoped long ago for much light rain?", gamma="rain")
    other = settled("other", "Which farmers hoped for rain?", gamma="hope")
    first["claims"][0]["evidence"][0]["text"] = again["claims"][0]["evidence"][0]["text"] = "nobody"
    nearly["claims"][0]["evidence"][0]["text"] = "speaks"
    questions, seeds = write_corpus(tmp_path, [first, again, nearly, other])
    place = f"{(questions / 'facts.jsonl').as_posix()}:1"
    advice = "join the facts, ask in other words, or exempt it in exemptions.toml with the reason"
    found = [(f.severity, f.line, f.field, f.message) for f in check_questions([questions], seeds).findings]
    assert found[:2] == [
        (
            "error",
            2,
            "question",
            f'has the same words as question of "first" ({place}); join the facts, or ask for something else',
        ),
        ("warning", 3, "question", f'shares 8 of 10 words with question of "first" ({place}); {advice}'),
    ]
    assert {f[1] for f in found[2:]} <= {4}


def test_near_duplicates_are_found_among_thousands_quickly(tmp_path: Path) -> None:
    rows = [
        settled(f"f-{n}", f"Where did caravan {n} of line {n * 7} rest?", gamma="rain") for n in range(1500)
    ]
    rows.append(settled("twin", "Where did caravan 77 of line 539 rest then?", gamma="rain"))
    questions, seeds = write_corpus(tmp_path, rows)
    found = [f for f in check_questions([questions], seeds).findings if f.check == "near-duplicate"]
    assert [(f.fact, '"f-77"' in f.message) for f in found] == [("twin", True)]


APART = {
    "same": ("who took it", "who took it", 0),
    "replaced": ("who took it", "who lost it", 1),
    "added": ("who took it", "who then took it", 1),
    "in another order": ("took it who", "who took it", 2),
    "nothing": ("", "who took", 2),
}


@pytest.mark.parametrize(("first", "second", "expected"), APART.values(), ids=APART)
def test_words_apart_counts_words(first: str, second: str, expected: int) -> None:
    assert words_apart(first.split(), second.split()) == expected
    assert words_apart(second.split(), first.split()) == expected


# ------------------------------------------------------------------------------------------ exemptions

OCCURS = fact(FALL, claims=claims(MAY, aliases=["the war"]))


def exempting(tmp_path: Path, text: str, *rows: dict[str, Any]) -> list[str]:
    questions, seeds = write_corpus(tmp_path, list(rows) or [OCCURS])
    (questions / "exemptions.toml").write_text(text, encoding="utf-8")
    found = [finding_line(unplaced(f)) for f in check_questions([questions], seeds).findings]
    return [f.removeprefix(f"{questions.as_posix()}/") for f in found]


def exemption(**changes: str | None) -> str:
    keys = {
        "check": "silent-occurrence",
        "fact": "fall-of-town",
        "article": "gamma",
        "reason": "Another war.",
        **changes,
    }
    body = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items() if value is not None)
    return f"[[exemption]]\n{body}"


def test_an_exempted_warning_is_silent(tmp_path: Path) -> None:
    assert exempting(tmp_path, exemption()) == []


def test_an_exemption_of_near_duplicates_works_in_either_order(tmp_path: Path) -> None:
    pair = [
        settled("light", "Which farmers hoped long ago for much light, warm drizzle?", gamma="rain"),
        settled("heavy", "Which farmers hoped long ago for much heavy, warm drizzle?", gamma="rain"),
    ]
    assert len(exempting(tmp_path, "", *pair)) == 1
    for one, other in (("light", "heavy"), ("heavy", "light")):
        text = exemption(check="near-duplicate", fact=one, other=other, article=None)
        assert exempting(tmp_path, text, *pair) == []


WARNING = (
    'facts.jsonl:1: silent[1]: warning: article "gamma" is listed as silent but has "the war" at 45; '
    "give it evidence, or exempt it in exemptions.toml with the reason"
)
BAD_EXEMPTIONS = {
    "stale, nothing found": (
        exemption() + exemption(article="beta"),
        [
            "exemptions.toml:6: article: stale: silent-occurrence finds nothing for "
            '"fall-of-town" and "beta"; '
            "delete the exemption"
        ],
    ),
    "stale, no such fact": (
        exemption() + "\n" + exemption(fact="fall-of-towns"),
        [
            'exemptions.toml:7: fact: stale: no fact has the id "fall-of-towns"; delete the exemption; '
            'did you mean "fall-of-town"?'
        ],
    ),
    "twice": (
        exemption() + exemption(),
        ["exemptions.toml:6: the same exemption is there twice; delete the exemption"],
    ),
    "a check that cannot be exempted": (
        exemption() + exemption(check="offset"),
        [
            'exemptions.toml:6: check: "offset" is not a check that can be exempted; there are: '
            '"silent-occurrence", '
            '"near-duplicate"'
        ],
    ),
    "near-duplicate without the other fact": (
        exemption() + exemption(check="near-duplicate", article=None),
        ["exemptions.toml:6: other: is missing"],
    ),
    "missing reason": (exemption(reason=None), [WARNING, "exemptions.toml:1: reason: is missing"]),
    "empty reason": (
        exemption(reason=" "),
        [WARNING, "exemptions.toml:1: reason: must be text that is not blank"],
    ),
    "missing check": (exemption(check=None), [WARNING, "exemptions.toml:1: check: is missing"]),
    "unknown key": (
        exemption(resaon="x"),
        [WARNING, 'exemptions.toml:1: resaon: unknown key "resaon"; did you mean "reason"?'],
    ),
    "not TOML": (
        exemption() + "[[exemption]\n",
        [
            WARNING,
            "exemptions.toml:6:12: not valid TOML: Expected ']]' at the end of an array declaration",
        ],
    ),
    "one table instead of many": (
        '[exemption]\ncheck = "x"\n',
        [WARNING, "exemptions.toml: exemption: must be [[exemption]] tables, two brackets each"],
    ),
    "nested beyond the stack": (
        exemption() + "x = " + "[" * 5000 + "]" * 5000 + "\n",
        [WARNING, "exemptions.toml: nested too deeply"],
    ),
    "cut short": (
        exemption() + "[[exemption]]\nfact = [",
        [WARNING, "exemptions.toml:7: not valid TOML: Invalid value"],
    ),
    "another table": (
        exemption() + "[exemptions]\n",
        ['exemptions.toml: unknown table "exemptions"; the file holds [[exemption]] tables'],
    ),
}


@pytest.mark.parametrize(("text", "expected"), BAD_EXEMPTIONS.values(), ids=BAD_EXEMPTIONS)
def test_what_is_wrong_with_exemptions_is_said(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert exempting(tmp_path, text) == expected


def test_exemptions_that_are_not_text_are_a_finding(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    (questions / "exemptions.toml").write_bytes(b"# caf\xe9\n")
    (finding,) = check_questions([questions], seeds).findings
    assert finding.message == "not UTF-8 at byte 6; save as UTF-8"


def test_an_exemption_is_not_stale_where_its_fact_was_not_looked_at(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, {"a.jsonl": [LOSSES], "b.jsonl": [OCCURS]})
    (questions / "exemptions.toml").write_text(exemption(), encoding="utf-8")
    assert check_questions([questions / "a.jsonl"], seeds).findings == ()
    (questions / "b.jsonl").write_text("{\n", encoding="utf-8")
    assert [f.check for f in check_questions([questions], seeds).findings] == ["json"]


def test_an_exemption_file_can_be_named(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, [OCCURS])
    (tmp_path / "mine.toml").write_text(exemption(), encoding="utf-8")
    assert check_questions([questions], seeds, tmp_path / "mine.toml").findings == ()
    (finding,) = check_questions([questions / "facts.jsonl"], seeds, tmp_path / "none.toml").errors
    assert finding.message == "cannot be read: No such file or directory"


def test_loading_needs_no_exemptions(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path, [OCCURS])
    (questions / "exemptions.toml").write_text(exemption(article="beta"), encoding="utf-8")
    assert load_corpus(questions, seeds).questions


def test_the_default_articles_are_what_the_tests_say_they_are() -> None:
    assert ARTICLES["alpha"][81:89] == "May 2015"
    assert ARTICLES["beta"][26:29] == "400"
