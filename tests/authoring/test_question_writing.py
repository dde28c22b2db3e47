"""New questions and the canonical form: what is found, what is written, and what never is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.authoring.canonical_lines import canonical_line, fix_lines
from qa_eval.authoring.drafts import find_hits
from qa_eval.authoring.probe import probe_question
from qa_eval.cli import cli
from qa_eval.data.checks.check_report import check_questions
from qa_eval.data.corpus import load_corpus
from qa_eval.records import Article, Candidate, Corpus, Instance, ModelInfo, Prediction, Question
from tests.support.command_line import call
from tests.support.places import ROOT
from tests.support.small_corpus import ARTICLES, FALL, LOSSES, fact, write_corpus

SHOWN = [Article(id=id, text=text, sha256="") for id, text in ARTICLES.items()]


def on_set(folder: Path, *args: str, given: str | None = None) -> Result:
    """`questions ARGS` on the set below the folder."""
    own = [] if "--questions" in args else ["--questions", folder / "questions"]
    return call("questions", *args, *own, "--articles", folder / "seeds", given=given)


RAIN = (
    *("new", "--question", "What do the farmers wait for?", "--type", "text"),
    *("--category", "weather", "--answer", "rain | showers"),
)


def line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row, ensure_ascii=False) + "\n").encode()


def test_a_question_is_added_with_offsets_silent_articles_and_flag_worked_out(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    done = on_set(tmp_path, *RAIN)
    assert done.exit_code == 0, done.output
    row = json.loads((tmp_path / "questions" / "weather.jsonl").read_text("utf-8"))
    assert row == {
        "id": "farmers-wait",
        "question": "What do the farmers wait for?",
        "category": "weather",
        "answer_type": "text",
        "contested": False,
        "claims": [
            {
                "id": "rain",
                "aliases": ["showers"],
                "evidence": [{"article": "gamma", "text": "rain", "start": ARTICLES["gamma"].index("rain")}],
            }
        ],
        "silent": ["alpha", "beta"],
    }
    assert not check_questions([tmp_path / "questions"], tmp_path / "seeds").errors


REFUSED = {
    "contested without a relation": (
        (*("--question", "How many fell?", "--type", "number", "--category", "dead"),
         *("--answer", "over 400", "--answer", "400")), "relation: is missing",
    ),
    "an answer no article gives": (
        ("--question", "Who won?", "--type", "person", "--category", "x", "--answer", "Napoleon"), "has none",
    ),
    "the same question again": (
        (*("--question", "When had the town been lost?", "--type", "date"),
         *("--category", "x", "--answer", "May 2015")), "has the same words",
    ),
    "a text-direction override": (
        ("--question", "Wait\u202e for?", "--type", "text", "--category", "x", "--answer", "rain"), "U+202E",
    ),
    "an id that is a path": ((*RAIN[1:], "--id", "../x"), 'id: "../x" is not kebab-case'),
}  # fmt: skip


@pytest.mark.parametrize(("args", "message"), REFUSED.values(), ids=REFUSED)
def test_a_line_that_a_check_refuses_is_not_written(
    tmp_path: Path, args: tuple[str, ...], message: str
) -> None:
    write_corpus(tmp_path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = on_set(tmp_path, "new", *args)
    assert done.exit_code == 1
    assert message in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        pytest.param(("--question", "Who?"), "missing --type, --category, --answer", id="missing"),
        pytest.param((*RAIN[1:], "--skip", "gamma:1"), "no answer was found there", id="skip"),
        pytest.param((*RAIN[1:], "--category", "../x"), "is not kebab-case", id="a category that is a path"),
        pytest.param((*RAIN[1:], "--questions", "none/such"), "is not a folder; name a", id="no such folder"),
    ],
)
def test_a_wrong_call_writes_nothing(tmp_path: Path, args: tuple[str, ...], message: str) -> None:
    write_corpus(tmp_path)
    done = on_set(tmp_path, "new", *args)
    assert (done.exit_code, message in done.stderr) == (2, True), done.output
    assert sorted(p.name for p in tmp_path.rglob("*.jsonl")) == ["articles.jsonl", "facts.jsonl"]


def test_prompts_show_each_place_and_ask_which_state_the_answer(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    given = "What do the farmers wait for?\ntext\nweather\nrain\n\n9\n1\n\n\n\n\ny\n"
    done = on_set(tmp_path, "new", "--ask", given=given)
    assert done.exit_code == 0, done.output
    assert "Farmers hope for [rain]" in done.stderr
    assert "give numbers from 1 to 1" in done.stderr
    questions = load_corpus(tmp_path / "questions", tmp_path / "seeds").questions
    assert [q.id for q in questions] == ["militant-losses", "fall-of-town", "farmers-wait"]
    assert (questions[2].note, questions[2].partial, questions[2].silent) == ("", (), ("alpha", "beta"))


def test_note_partial_articles_and_id_are_asked_for_too(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    asked = "What do the farmers wait for?\ntext\nweather\nrain\n\nall\n"
    done = on_set(tmp_path, "new", "--ask", given=f"{asked}Only one says so.\n3\n2\n\nrain-hope\ny\n")
    assert done.exit_code == 0, done.output
    assert "Id [farmers-wait]" in done.stderr
    assert "give numbers from 1 to 2" in done.stderr
    row = json.loads((tmp_path / "questions" / "weather.jsonl").read_text("utf-8"))
    assert (row["id"], row["note"], row["partial"], row["silent"]) == (
        "rain-hope",
        "Only one says so.",
        ["beta"],
        ["alpha"],
    )


def test_a_category_that_names_no_file_is_asked_for_again(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    given = "What do the farmers wait for?\ntext\nThe Weather\nthe-weather\nrain\n\nall\n\n\n\n\ny\n"
    done = on_set(tmp_path, "new", "--ask", given=given)
    assert done.exit_code == 0, done.output
    assert "use only small letters, digits and -: the-weather?" in done.stderr
    assert (tmp_path / "questions" / "the-weather.jsonl").is_file()


def test_a_warning_comes_with_the_exemption_that_would_answer_it(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    asked = ("new", "--question", "What had been lost?", "--type", "text", "--category", "dates")
    done = on_set(tmp_path, *asked, "--answer", "town | the war", "--skip", "gamma:45")
    assert done.exit_code == 0, done.output
    *_, heading, table = done.stderr.partition("[[exemption]]\n")
    path = tmp_path / "questions" / "exemptions.toml"
    path.write_text((heading + table).replace('""', '"Of another war."'), "utf-8")
    assert not check_questions([tmp_path / "questions"], tmp_path / "seeds").findings


def test_what_flags_say_is_not_asked(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    flags = ("--note", "A note.", "--partial", "beta", "--id", "rain-hope", "--paraphrase", "Why look up?")
    done = on_set(tmp_path, *RAIN, *flags, "--ask", given="all\ny\n")
    assert done.exit_code == 0, done.output
    row = json.loads((tmp_path / "questions" / "weather.jsonl").read_text("utf-8"))
    assert (row["id"], row["note"], row["partial"]) == ("rain-hope", "A note.", ["beta"])


def test_a_warning_that_is_exempt_is_not_told_again(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    war = (
        *("new", "--question", "Who stopped the fighting?", "--type", "text", "--category", "dates"),
        *("--answer", "fallen", "--answer", "State media | the war", "--relation", "wording"),
        *("--skip", "gamma:45"),
    )
    assert 'silent but has "the war"' in on_set(tmp_path, *war, "--dry-run").stderr
    (tmp_path / "questions" / "exemptions.toml").write_text(
        '[[exemption]]\ncheck = "silent-occurrence"\nfact = "stopped-fighting"\narticle = "gamma"\n'
        'reason = "The other war."\n'
    )
    done = on_set(tmp_path, *war)
    assert done.exit_code == 0, done.output
    assert "silent but has" not in done.stderr
    assert not check_questions([tmp_path / "questions"], tmp_path / "seeds").findings


@pytest.mark.parametrize(
    "args",
    [pytest.param(("questions", *RAIN), id="new"), pytest.param(("questions", "check", "--fix"), id="fix")],
)
def test_nothing_is_written_into_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    package = tmp_path / "site-packages" / "qa_eval"
    write_corpus(package / "_curated")
    path = package / "_curated" / "questions" / "facts.jsonl"
    path.write_bytes(b"".join(line(dict(reversed(row.items()))) for row in (LOSSES, FALL)))
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    monkeypatch.setattr("qa_eval.__file__", str(package / "__init__.py"))
    done = call(*args)
    assert done.exit_code == 2
    assert "is the installed copy, and nothing is written there; name the questions" in done.stderr
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    shown = call("questions", *RAIN, "--dry-run")
    assert (shown.exit_code, '"rain"' in shown.stdout) == (0, True)


def test_a_checkout_whose_questions_are_a_link_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(tmp_path)
    (tmp_path / "checkout" / "qa_eval").mkdir(parents=True)
    (tmp_path / "checkout" / "pyproject.toml").touch()
    for name in ("questions", "seeds"):
        (tmp_path / "checkout" / name).symlink_to(tmp_path / name)
    monkeypatch.setattr("qa_eval.__file__", str(tmp_path / "checkout" / "qa_eval" / "__init__.py"))
    done = call("questions", *RAIN)
    assert (done.exit_code, "questions is a link, and nothing is written there" in done.stderr) == (2, True)
    assert sorted(p.name for p in (tmp_path / "questions").iterdir()) == ["facts.jsonl"]


def test_ctrl_c_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path)

    def interrupt(*_: Any, **__: Any) -> bool:
        raise click.Abort

    monkeypatch.setattr("click.confirm", interrupt)
    done = on_set(
        tmp_path, "new", "--ask", given="What do the farmers wait for?\ntext\nweather\nrain\n\nall\n\n"
    )
    assert done.exit_code == 130
    assert sorted(p.name for p in (tmp_path / "questions").iterdir()) == ["facts.jsonl"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    other = tmp_path / "other.jsonl"
    other.write_bytes(line(dict(reversed(FALL.items()))))
    before = other.read_bytes()
    (tmp_path / "questions" / "weather.jsonl").symlink_to(other)
    assert on_set(tmp_path, *RAIN).exit_code == 2
    on_set(tmp_path, "check", "--fix")
    assert other.read_bytes() == before


def test_a_value_is_found_in_other_words_but_not_another_value() -> None:
    found = find_hits(["four hundred"], SHOWN, "number")
    assert [(h.article, h.text, h.rule) for h in found] == [
        ("alpha", "400", "number"),
        ("beta", "400", "number"),
    ]
    assert find_hits(["401"], SHOWN, "number") == []


# ------------------------------------------------------------------------------------------ --fix


def test_fix_sorts_keys_and_evidence_and_puts_unique_texts_right() -> None:
    wrong = fact(
        FALL, claims=[{"evidence": [{"start": 3, "text": "May 2015", "article": "alpha"}], "id": "m"}]
    )
    right = fact(
        FALL, claims=[{"id": "m", "evidence": [{"article": "alpha", "text": "May 2015", "start": 81}]}]
    )
    fixed, lines = fix_lines(b"\n" + line(dict(reversed(wrong.items()))).replace(b"\n", b"\r\n"), ARTICLES)
    assert (fixed, lines) == (line(right), (1, 2))


UNTOUCHED = {
    "not JSON": b"{\n",
    "a key twice": b'{"id": "a", "id": "b"}\n',
    "an unknown key": line(fact(FALL, more=1)),
    "a wrong flag": line(fact(FALL, contested=True)),
    "a text that is there twice": line(
        fact(FALL, claims=[{"id": "c", "evidence": [{"article": "alpha", "text": "a", "start": 999}]}])
    ),
}


@pytest.mark.parametrize("data", UNTOUCHED.values(), ids=UNTOUCHED)
def test_fix_leaves_to_people_what_is_theirs(data: bytes) -> None:
    assert fix_lines(data, ARTICLES) == (data, ())


def meaning(data: bytes) -> list[Any]:
    """What a file says, worked out without the package: offsets count only where they are right."""
    rows = [json.loads(row) for row in data.splitlines() if row.strip()]
    for row in rows:
        for claim in row["claims"]:
            for e in claim["evidence"]:
                at = e["start"]
                e["start"] = at if at >= 0 and ARTICLES[e["article"]][at:].startswith(e["text"]) else None
                if e["start"] is None and ARTICLES[e["article"]].count(e["text"]) == 1:
                    e["start"] = ARTICLES[e["article"]].index(e["text"])
            claim["evidence"].sort(key=lambda e: json.dumps(e, sort_keys=True))
    return rows


EVIDENCE = st.fixed_dictionaries(
    {
        "text": st.sampled_from(["May 2015", "400", "a", "nowhere"]),
        "start": st.integers(-3, 200),
        "article": st.sampled_from(["alpha", "beta"]),
    },
    optional={"hedged": st.just(True), "speaker": st.text(st.characters(codec="utf-8"), max_size=5)},
)
FACTS = st.builds(
    lambda spans, q, flag: fact(LOSSES, question=q, contested=flag, claims=[{"id": "c", "evidence": spans}]),
    st.lists(EVIDENCE, max_size=4),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    st.booleans(),
)


@given(st.lists(FACTS.flatmap(lambda f: st.permutations(list(f.items())).map(dict)), min_size=1, max_size=3))
def test_fix_never_touches_meaning_and_is_stable(rows: list[dict[str, Any]]) -> None:
    data = b"".join(map(line, rows))
    fixed, _ = fix_lines(data, ARTICLES)
    assert meaning(fixed) == meaning(data)
    assert fix_lines(fixed, ARTICLES) == (fixed, ())


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace")))
def test_fix_of_any_bytes_does_not_raise_and_is_stable(data: bytes) -> None:
    fixed, _ = fix_lines(data, ARTICLES)
    assert fix_lines(fixed, ARTICLES) == (fixed, ())


def test_the_curated_set_is_in_canonical_form(curated: Corpus) -> None:
    for question in curated.questions:
        assert json.loads(canonical_line(question))["id"] == question.id
    for path in (ROOT / "questions").glob("*.jsonl"):
        assert fix_lines(path.read_bytes(), {}) == (path.read_bytes(), ())


# ------------------------------------------------------------------------------------------ probe


class Fixed:
    """Answers each article with the first of these texts that it has."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.info = ModelInfo(spec="fixed", kind="fixed", name="fixed")

    def predict(self, instances: list[Instance]) -> Iterator[Prediction]:
        for one in instances:
            said = next((t for t in self.texts if t in one.context), "")
            at = one.context.index(said)
            spans = (Candidate(text=said, article=one.article, start=at, end=at + len(said), score=1.0),)
            yield Prediction(item=one.item, n_best=spans if said else (), null_score=0.0)


def test_answers_in_each_article_become_draft_claims() -> None:
    model: Any = Fixed("Over 400", "400 militants")
    probe = probe_question("How many died?", "number", "dead", SHOWN, model)
    assert [(r.article, r.answer.text, r.claim) for r in probe.replies] == [
        ("alpha", "Over 400", "over-400"),
        ("beta", "400 militants", "400-militants"),
        ("gamma", "", None),
    ]
    assert isinstance(probe.draft, Question)
    assert (probe.draft.contested, probe.draft.silent) == (True, ("gamma",))


class Ranked:
    """Finds these texts in each article that has them, in this order, and answers with the first."""

    def __init__(self, *texts: str, null: float) -> None:
        self.texts, self.null = texts, null
        self.info = ModelInfo(spec="ranked", kind="ranked", name="ranked")

    def predict(self, instances: list[Instance]) -> Iterator[Prediction]:
        for one in instances:
            found = [(t, one.context.index(t)) for t in self.texts if t in one.context]
            spans = tuple(
                Candidate(text=t, article=one.article, start=at, end=at + len(t), score=-float(number))
                for number, (t, at) in enumerate(found)
            )
            yield Prediction(item=one.item, n_best=spans, null_score=self.null)


def test_what_comes_next_is_of_other_claims_at_other_places() -> None:
    model: Any = Ranked("Over 400", "400", "400 militants", "Sunday", "The town", "May 2015", null=-9.0)
    probe = probe_question("How many died?", "text", "dead", SHOWN[:2], model, n_best=3)
    alpha, beta = probe.replies
    assert (alpha.answer.text, [o.text for o in alpha.others]) == ("Over 400", ["Sunday", "The town"])
    assert (beta.answer.text, beta.others) == ("400", ())  # "400 militants" lies over it
    assert [o.start for o in alpha.others] == [ARTICLES["alpha"].index(o.text) for o in alpha.others]
    assert isinstance(probe.draft, Question)
    assert [c.id for c in probe.draft.claims] == ["over-400", "400"]


def test_where_a_model_abstains_its_best_texts_are_shown_and_not_drafted() -> None:
    model: Any = Ranked("400", "four hundred", null=0.5)
    kept = probe_question("How many died?", "number", "dead", SHOWN, model, n_best=1)
    assert [(r.answer.text, [o.text for o in r.others]) for r in kept.replies] == [
        ("", ["400"]),
        ("", ["400"]),
        ("", []),
    ]
    assert kept.draft is None
    said = probe_question("How many died?", "number", "dead", SHOWN, model, n_best=1, threshold=0.5)
    assert [r.answer.text for r in said.replies] == ["400", "400", ""]


def test_probe_prints_a_table_and_a_line_or_json() -> None:
    args = ["questions", "probe", "How many militants died?", "-m", "baseline:first-of-type"]
    done = call(*args)
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout.splitlines()[-1])
    assert row["answer_type"] == "number"
    whole = json.loads(call(*args, "--json").stdout)
    assert (whole["draft"], len(whole["articles"])) == (row, 5)
    assert max(len(reply["others"]) for reply in whole["articles"]) == 2
    more = json.loads(call(*args, "--json", "--n-best", "5").stdout)
    assert max(len(reply["others"]) for reply in more["articles"]) == 4


def test_probe_takes_the_flags_of_run_but_no_fitted_threshold() -> None:
    known = {p.name: p for p in cli.commands["run"].params}
    probe = cli.commands["questions"].get_command(click.Context(cli), "probe")  # type: ignore[attr-defined]
    here = {p.name: p for p in probe.params}
    for name in ("max_length", "doc_stride", "max_answer_tokens", "threshold", "device", "dtype"):
        assert known[name].to_info_dict() == here[name].to_info_dict()
    wrong = call("questions", "probe", "Who?", "--threshold", "cross-fit")
    assert (wrong.exit_code, "only a run has" in wrong.stderr) == (2, True)


def test_the_job_summary_is_literal_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_corpus(tmp_path, [fact(FALL, id="<b>@me")])
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert on_set(tmp_path, "check", "--format", "github").exit_code == 1
    text = (tmp_path / "summary.md").read_text("utf-8")
    assert text.startswith("### questions check\n")
    assert "<b>" not in text
    assert "@me" not in text
    assert "&#60;b&#62;&#64;me" in text
