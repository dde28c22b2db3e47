"""`qa-eval questions impact`: the past as git has it, changes field by field, answers, numbers, formats."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from qa_eval.authoring.impact.impact_formats import draw_impact, render_impact_json, render_impact_markdown
from qa_eval.authoring.impact.impact_measures import Impact, find_changes, measure_impact
from qa_eval.authoring.impact.past_sets import Past, read_past
from qa_eval.authoring.impact.set_changes import FieldChange, fact_changes
from qa_eval.data.corpus import load_corpus
from qa_eval.errors import InputError, QaEvalError
from qa_eval.evaluation.run import evaluate
from qa_eval.records import Question
from qa_eval.runs.options import RunOptions
from qa_eval.text.markdown import COMMENT_CHARACTERS
from tests.support.command_line import call
from tests.support.small_corpus import ARTICLES, FALL, LOSSES, fact, settled, small_corpus, write_corpus

pytestmark = pytest.mark.usefixtures("own_place", "plain_git")

CHEAP = ["baseline:first-of-type", "baseline:sliding-window", "baseline:abstain"]
BRIDE = settled("the-bride", "What is the city called?", beta="bride")
QUIET = [
    settled(f"gamma-{word.lower()}", f"What is word {number} of the third text?", gamma=word)
    for number, word in enumerate(("Farmers", "rain", "nobody", "here", "speaks", "hope"))
]
"""So many facts more that a difference has an interval."""


def git(*args: str, at: Path = Path()) -> str:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *args]
    return subprocess.run(command, cwd=at, check=True, capture_output=True, text=True).stdout.strip()


def repository(folder: Path, questions: Sequence[Mapping[str, Any]] | None = None) -> tuple[Path, Path]:
    """A repository with one commit on `main` that holds the set."""
    paths = write_corpus(folder, questions)
    git("init", "-q", "-b", "main", at=folder)
    commit(folder)
    return paths


def commit(folder: Path, message: str = "change") -> str:
    git("add", "-A", at=folder)
    git("commit", "-q", "-m", message, at=folder)
    return git("rev-parse", "HEAD", at=folder)


# ------------------------------------------------------------------------------------------ the past


def test_the_past_is_what_the_commit_holds_whatever_the_working_tree_says(tmp_path: Path) -> None:
    questions, seeds = repository(tmp_path)
    then = load_corpus(questions, seeds)
    write_corpus(tmp_path, [BRIDE])
    past = read_past("main", [questions], seeds)
    assert past.corpus is not None
    assert past.corpus.questions_sha256 == then.questions_sha256
    assert past.corpus.articles == then.articles
    assert past.corpus.questions_path == "main:questions"
    assert past.commit == git("rev-parse", "main")
    assert git("status", "--porcelain") == "M questions/facts.jsonl"


def test_what_others_changed_on_the_base_branch_since_then_does_not_count(tmp_path: Path) -> None:
    questions, seeds = repository(tmp_path)
    fork = git("rev-parse", "HEAD")
    git("checkout", "-q", "-b", "mine")
    git("checkout", "-q", "main")
    write_corpus(tmp_path, [LOSSES, FALL, BRIDE])
    commit(tmp_path)
    git("checkout", "-q", "mine")
    past = read_past("main", [questions], seeds)
    assert past.commit == fork
    assert not find_changes(past, load_corpus(questions, seeds)).changed


def test_files_may_be_named_one_by_one_and_a_repository_may_be_the_set_itself(tmp_path: Path) -> None:
    questions, seeds = repository(tmp_path, {"a.jsonl": [LOSSES], "b.jsonl": [FALL]})  # type: ignore[arg-type]
    for name in ("a.jsonl", "b.jsonl"):
        (questions / name).rename(tmp_path / name)
    for path in seeds.iterdir():
        path.rename(tmp_path / path.name)
    commit(tmp_path)
    past = read_past("HEAD", [tmp_path / "b.jsonl"], tmp_path)
    assert past.corpus is not None
    assert [q.id for q in past.corpus.questions] == ["fall-of-town"]


def test_a_set_that_was_not_there_yet_has_no_past(tmp_path: Path) -> None:
    git("init", "-q", "-b", "main")
    Path("README").write_text("x")
    commit(tmp_path)
    questions, seeds = write_corpus(tmp_path)
    past = read_past("main", [questions], seeds)
    assert past.corpus is None
    found = find_changes(past, load_corpus(questions, seeds))
    assert [c.kind for c in found.changes] == ["added", "added"]


def test_a_set_that_was_wrong_is_told_by_ref_path_and_line(tmp_path: Path) -> None:
    questions, seeds = repository(tmp_path)
    Path("questions/facts.jsonl").write_text("{\n")
    commit(tmp_path)
    with pytest.raises(InputError) as caught:
        read_past("HEAD", [questions], seeds)
    assert str(caught.value).startswith("HEAD:questions/facts.jsonl:1:2: not valid JSON")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        pytest.param("nope", '"nope" is no branch, tag or commit of .', id="unknown"),
        pytest.param("--help", '"--help" is not a ref', id="flag"),
        pytest.param("", '"" is not a ref', id="empty"),
        pytest.param("main:questions", "is no branch, tag or commit", id="a folder"),
        pytest.param("\x1b[31m", r"\\x1b", id="control"),
    ],
)
def test_a_ref_that_is_none_is_refused(tmp_path: Path, ref: str, said: str) -> None:
    questions, seeds = repository(tmp_path)
    with pytest.raises(QaEvalError, match=said) as caught:
        read_past(ref, [questions], seeds)
    assert "\x1b" not in str(caught.value)


def test_outside_a_repository_the_folder_is_named(tmp_path: Path) -> None:
    questions, seeds = write_corpus(tmp_path)
    with pytest.raises(QaEvalError, match="questions is not in a git repository"):
        read_past("main", [questions], seeds)


def test_articles_of_another_repository_are_refused(tmp_path: Path) -> None:
    questions, _ = repository(tmp_path / "one")
    _, seeds = repository(tmp_path / "two")
    with pytest.raises(QaEvalError, match="two/seeds is not in the repository one"):
        read_past("main", [questions], seeds)


def test_a_shallow_clone_is_told_how_to_become_whole(tmp_path: Path) -> None:
    repository(tmp_path / "whole")
    first = git("rev-parse", "HEAD", at=tmp_path / "whole")
    write_corpus(tmp_path / "whole", [BRIDE])
    commit(tmp_path / "whole")
    git("clone", "-q", "--depth", "1", f"file://{tmp_path}/whole", "shallow")
    with pytest.raises(QaEvalError, match=r"this clone is shallow .* fetch-depth: 0"):
        read_past(first, [tmp_path / "shallow/questions"], tmp_path / "shallow/seeds")


def test_histories_without_a_common_commit_are_refused(tmp_path: Path) -> None:
    questions, seeds = repository(tmp_path)
    git("checkout", "-q", "--orphan", "other")
    commit(tmp_path, "another beginning")
    with pytest.raises(QaEvalError, match="shares no history"):
        read_past("main", [questions], seeds)


def test_a_link_in_the_past_is_not_followed(tmp_path: Path) -> None:
    questions, seeds = repository(tmp_path)
    (questions / "more.jsonl").symlink_to("/etc/passwd")
    commit(tmp_path)
    (questions / "more.jsonl").unlink()
    with pytest.raises(QaEvalError, match=r'questions: "more\.jsonl" was not a regular file'):
        read_past("main", [questions], seeds)


def test_without_git_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions, seeds = repository(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(QaEvalError, match="git is not installed"):
        read_past("main", [questions], seeds)


# ------------------------------------------------------------------------------------------ changes


def questions(folder: Path, *facts: Mapping[str, Any]) -> tuple[Question, ...]:
    return small_corpus(folder, list(facts)).questions


def edits(folder: Path, base: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    changes = fact_changes(questions(folder / "a", base), questions(folder / "b", new))
    assert [c.kind for c in changes] == ["edited"]
    return [(f.field, f.before, f.after) for f in changes[0].fields]


def test_facts_are_added_edited_and_removed_by_content_wherever_they_stand(tmp_path: Path) -> None:
    base = questions(tmp_path / "a", LOSSES, FALL)
    new = questions(tmp_path / "b", BRIDE, fact(LOSSES, note="Other."))
    assert [(c.kind, c.id) for c in fact_changes(base, new)] == [
        ("added", "the-bride"),
        ("edited", "militant-losses"),
        ("removed", "fall-of-town"),
    ]
    assert fact_changes(base, base[::-1]) == ()


SPANS = "claims[may-2015].evidence"
FIELDS = [
    pytest.param({"question": "When?"}, [("question", FALL["question"], "When?")], id="words"),
    pytest.param(
        {"paraphrases": ["When was it?"]},
        [("paraphrases", FALL["paraphrases"][0], "When was it?")],
        id="list",
    ),
    pytest.param(
        {"silent": ["gamma"], "partial": ["beta"]},
        [("silent", "beta", ""), ("partial", "", "beta")],
        id="articles",
    ),
    pytest.param(
        {"claims": [{"id": "may-2015", "aliases": ["5/2015"], "evidence": FALL["claims"][0]["evidence"]}]},
        [("claims[may-2015].aliases", "", "5/2015")],
        id="aliases",
    ),
    pytest.param(
        {
            "claims": [
                {"id": "may-2015", "evidence": [{"article": "alpha", "text": "in May 2015", "start": 78}]}
            ]
        },
        [(SPANS, "May 2015 (alpha, at 81)", "in May 2015 (alpha, at 78)")],
        id="span",
    ),
    pytest.param(
        {"claims": [{"id": "may-2015", "evidence": [{**FALL["claims"][0]["evidence"][0], "hedged": True}]}]},
        [(SPANS, "May 2015 (alpha, at 81)", "May 2015 (alpha, at 81, hedged)")],
        id="hedged",
    ),
    pytest.param(
        {"claims": [{"id": "may", "evidence": FALL["claims"][0]["evidence"]}]},
        [("claims[may-2015]", "May 2015", ""), ("claims[may]", "", "May 2015")],
        id="claim",
    ),
    pytest.param({"id": "lost"}, [("id", "fall-of-town", "lost")], id="renamed"),
    pytest.param(
        {"silent": ["gamma", "beta"]}, [("order", "", "the same parts in another order")], id="order"
    ),
]


@pytest.mark.parametrize(("changed", "fields"), FIELDS)
def test_each_edit_is_told_by_its_field(
    tmp_path: Path, changed: dict[str, Any], fields: list[tuple[str, str, str]]
) -> None:
    assert edits(tmp_path, FALL, fact(FALL, **changed)) == fields


# ------------------------------------------------------------------------------------------ what it does


def measured(
    folder: Path, base: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]], **more: Any
) -> Impact:
    sets = [
        small_corpus(folder / n, list(rows), more.get("articles")) for n, rows in (("a", base), ("b", new))
    ]
    runs = [evaluate(more.get("models", CHEAP), corpus=c, options=RunOptions(references=False)) for c in sets]
    changes = find_changes(Past(ref="main", commit="c" * 40, corpus=sets[0]), sets[1])
    return measure_impact(changes, sets[1], runs[0], runs[1])


def test_a_new_fact_shows_every_answer_and_whether_it_tells_models_apart(tmp_path: Path) -> None:
    found = measured(tmp_path, [FALL], [FALL, LOSSES])
    (one,) = found.facts
    assert (one.id, one.relation) == ("militant-losses", "precision")
    assert [(entry.article, entry.golds) for entry in one.articles] == [
        ("alpha", ("Over 400",)),
        ("beta", ("400",)),
        ("gamma", ()),
    ]
    said = {(e.article, a.model): (a.text, a.verdict) for e in one.articles for a in e.answers}
    assert said["beta", "baseline:first-of-type"] == ("400", "right")
    assert said["beta", "baseline:abstain"] == ("", "wrong")
    assert said["gamma", "baseline:abstain"] == ("", "right")
    assert one.heuristics == ("baseline:first-of-type",)
    assert one.spread == "split"


def given(folder: Path, name: str, **answers: str) -> str:
    path = folder / f"{name}.json"
    path.write_text(
        json.dumps({item.replace("_at_", "@").replace("_", "-"): text for item, text in answers.items()})
    )
    return f"predictions:{path}"


SPREADS = [
    pytest.param(("Over 400", "400"), ("over 400", "400 militants"), "all right", id="all right"),
    pytest.param(("7", "8"), ("", "9"), "all wrong", id="all wrong"),
    pytest.param(("Over 400", "9"), ("over 400", ""), "alike", id="alike"),
    pytest.param(("Over 400", "9"), ("", "400"), "split", id="split"),
]


@pytest.mark.parametrize(("one", "other", "spread"), SPREADS)
def test_the_spread_is_over_the_articles_that_answer(
    tmp_path: Path, one: tuple[str, str], other: tuple[str, str], spread: str
) -> None:
    models = [
        given(
            tmp_path,
            name,
            militant_losses_at_alpha=said[0],
            militant_losses_at_beta=said[1],
            militant_losses_at_gamma="",
        )
        for name, said in (("one", one), ("other", other))
    ]
    corpus = small_corpus(tmp_path / "s", [LOSSES])
    run = evaluate(models, corpus=corpus, track="reading", options=RunOptions(references=False))
    changes = find_changes(Past(ref="main", commit="c" * 40, corpus=None), corpus)
    found = measure_impact(changes, corpus, None, run)
    assert found.facts[0].spread == spread
    assert found.movements == ()


def test_another_sources_claim_is_a_leak(tmp_path: Path) -> None:
    rows = [fact(LOSSES, claims=[
        {"id": "417", "evidence": [{"article": "alpha", "text": "417", "start": 0}]},
        {"id": "400", "evidence": [{"article": "beta", "text": "400", "start": 0}]},
    ])]  # fmt: skip
    corpus = small_corpus(
        tmp_path / "s", rows, {"alpha": "417 fell.\n", "beta": "400 fell.\n", "gamma": "Rain.\n"}
    )
    model = given(tmp_path, "m", militant_losses_at_alpha="400", militant_losses_at_beta="400")
    run = evaluate([model], corpus=corpus, track="reading", options=RunOptions(references=False))
    changes = find_changes(Past(ref="main", commit="c" * 40, corpus=None), corpus)
    (one,) = measure_impact(changes, corpus, None, run).facts
    assert [a.verdict for e in one.articles for a in e.answers] == ["leak", "right", "failed"]
    assert one.articles[0].answers[0].claim == "400"
    assert one.spread is None


def test_numbers_move_by_what_both_versions_say_and_keep_still_where_nothing_was_touched(
    tmp_path: Path,
) -> None:
    found = measured(tmp_path, [LOSSES, FALL, *QUIET], [LOSSES, FALL, *QUIET, BRIDE])
    moved = {(m.model, m.metric): m for m in found.movements if m.track == "reading"}
    em = moved["baseline:abstain", "em"]
    # Silent readings: 1 of 3, and 2 of 3 seven times before, and 2 of 3 more.
    assert em.before is not None
    assert em.after is not None
    assert em.difference is not None
    assert em.before.value == pytest.approx(15 / 24)
    assert em.after.value == pytest.approx(17 / 27)
    assert em.difference.value == pytest.approx(17 / 27 - 15 / 24)
    assert em.difference.low is not None
    assert em.difference.high is not None
    assert em.difference.low <= em.difference.value <= em.difference.high
    # One fact of nine that is like eight of the others cannot move much.
    assert -0.05 < em.difference.low < em.difference.high < 0.05
    contrast = moved["baseline:abstain", "contrast_consistency"]  # of contested facts alone
    assert contrast.difference is not None
    assert (contrast.difference.value, contrast.difference.low) == (0.0, None)


def test_on_few_facts_a_difference_has_no_interval_and_is_shown(tmp_path: Path) -> None:
    found = measured(tmp_path, [LOSSES, FALL], [LOSSES, FALL, BRIDE])
    em = next(m for m in found.movements if (m.model, m.metric) == ("baseline:abstain", "em"))
    assert em.difference is not None
    # Silent readings: 1 of 3 and 2 of 3 before, and 2 of 3 more.
    assert em.difference.value == pytest.approx(5 / 9 - 3 / 6)
    assert (em.difference.low, em.difference.high, em.difference.method) == (None, None, "too-few")
    lines = [line.plain for line in draw_impact(found, 120)]
    assert ["EM", "50.0", "→", "55.6", "+5.6"] in [line.split() for line in lines]


def test_a_renamed_fact_moves_nothing(tmp_path: Path) -> None:
    found = measured(tmp_path, [LOSSES, FALL], [LOSSES, fact(FALL, id="lost")])
    assert found.changes[0].fields == (FieldChange(field="id", before="fall-of-town", after="lost"),)
    assert all(m.difference.value == 0.0 for m in found.movements if m.difference is not None)


# ------------------------------------------------------------------------------------------ formats


HOSTILE = "</details>@all \x1b[31m|`<script>` $x$ [l](http://e.org)"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Impact:
    """A real impact of one new fact, in which all that comes from people was made hostile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QA_EVAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        real = measured(tmp_path_factory.mktemp("hostile"), [LOSSES, *QUIET], [LOSSES, *QUIET, BRIDE])
    (one,) = real.facts
    articles = tuple(
        replace(
            entry,
            golds=(HOSTILE,) if entry.golds else (),
            answers=tuple(replace(answer, text=HOSTILE) for answer in entry.answers),
        )
        for entry in one.articles
    )
    field = FieldChange(field=f"claims[{HOSTILE}]", before=HOSTILE, after=HOSTILE)
    change = replace(real.changes[0], id=HOSTILE, question=HOSTILE, fields=(field,))
    return replace(real, ref=HOSTILE, changes=(change,), facts=(replace(one, id=HOSTILE, articles=articles),))


def test_text_from_the_data_is_inert_in_markdown(hostile: Impact) -> None:
    text = render_impact_markdown(hostile)
    outside = text.replace("<details>", "").replace("\n</details>\n", "")
    for active in ("</details>", "@all", "<script>", "$x$", "](", "http:", "\x1b"):
        assert active not in outside, active
    table = [line for line in text.splitlines() if line.startswith("| <code>beta")]
    assert [line.count("|") for line in table] == [5]


def test_text_from_the_data_cannot_steer_the_terminal(hostile: Impact) -> None:
    for width in (40, 120):
        text = "\n".join(line.plain for line in draw_impact(hostile, width))
        assert "\x1b" not in text
        assert "\\x1b[31m" in text
    assert "\x1b" not in render_impact_json(hostile)


def test_markdown_fits_a_comment_and_counts_what_it_leaves_out(hostile: Impact) -> None:
    change, one = hostile.changes[0], hostile.facts[0]
    many = replace(
        hostile,
        changes=tuple(replace(change, id=f"f{n}", question="x" * 5_000) for n in range(500)),
        facts=tuple(replace(one, id=f"f{n}") for n in range(500)),
    )
    text = render_impact_markdown(many)
    assert COMMENT_CHARACTERS - 5_000 < len(text) <= COMMENT_CHARACTERS
    shown = text.count("<details>")
    assert f"… and {500 - shown} more;" in text
    assert "| model |" in text


def test_json_holds_fractions_and_everything(hostile: Impact) -> None:
    value = json.loads(render_impact_json(hostile))
    assert value["schema_version"] == 1
    assert value["changes"][0]["kind"] == "added"
    assert value["facts"][0]["articles"][1]["answers"][0]["model"] in CHEAP
    movement = next(m for m in value["movements"] if (m["model"], m["metric"]) == ("baseline:abstain", "em"))
    assert 0 <= movement["before"]["value"] <= 1
    assert movement["difference"]["low"] <= movement["difference"]["value"] <= movement["difference"]["high"]


# ------------------------------------------------------------------------------------------ the command


def impact(*args: str) -> Result:
    return call("questions", "impact", *args, "--questions", "questions", "--articles", "seeds")


def test_the_command_tells_a_branch_and_the_working_tree(tmp_path: Path) -> None:
    repository(tmp_path, [FALL])
    write_corpus(tmp_path, [FALL, LOSSES])
    models = [part for spec in CHEAP for part in ("-m", spec)]
    done = impact("main", *models)
    assert done.exit_code == 0, done.output
    assert "facts: 1 added, 0 edited, 0 removed since main (" in done.stdout
    assert "added militant-losses" in done.stdout
    assert "a heuristic answers it already: baseline:first-of-type" in " ".join(done.stdout.split())
    assert "baseline:abstain         balanced F1" in done.stdout
    assert "compared with main at" in done.stderr
    markdown = impact("main", *models, "--format", "markdown")
    assert markdown.stdout.startswith("### Questions: what this change does\n")
    assert json.loads(impact("main", *models, "--format", "json").stdout)["facts_after"] == 2


def test_without_a_change_no_model_is_asked(tmp_path: Path) -> None:
    repository(tmp_path)
    for form in ("table", "markdown"):
        done = impact("HEAD", "-m", "hf:no/such-model", "--format", form)
        assert done.exit_code == 0, done.output
        assert "nothing was added, edited or removed" in done.stdout


def test_an_edited_article_is_a_change_too(tmp_path: Path) -> None:
    repository(tmp_path)
    write_corpus(tmp_path, None, {**ARTICLES, "gamma": "Farmers hope for more rain.\n"})
    done = impact("main", "-m", "baseline:abstain")
    assert "articles edited: gamma" in done.stdout


def test_mistakes_exit_with_two_and_no_traceback(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    done = impact("main")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: questions is not in a git repository")
    shutil.rmtree("questions")
    assert impact("main").stderr.startswith("Error: questions does not exist")
