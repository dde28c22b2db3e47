"""`import qa_eval` alone is enough for a plug-in, a notebook and a typed script; its values print short."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import qa_eval as qa
from tests.support.fake_models import FakeModel, four_facts
from tests.support.places import BASELINE, ROOT

LONG = "“x”\n\x1b[31m" * 2_000
LONGEST_REPR = 2_000

# ------------------------------------------------------------------------------------------ printing


def corpus_in_memory() -> qa.Corpus:
    """A corpus made by hand, of long texts."""
    evidence = tuple(qa.Evidence(article=f"a{n}", text="417", start=0, speaker=LONG) for n in range(99))
    claims = tuple(qa.Claim(id=f"c{n}", evidence=evidence, aliases=(LONG,) * 9) for n in range(9))
    questions = tuple(
        qa.Question(
            id=f"q{n}",
            question=LONG,
            category="x",
            answer_type="number",
            claims=claims,
            paraphrases=(LONG,) * 9,
        )
        for n in range(99)
    )
    articles = tuple(qa.Article(id=f"a{n}", text=f"417 {LONG}", notes=LONG) for n in range(99))
    return qa.Corpus(questions=questions, articles=articles)


def large_values() -> dict[str, Any]:
    """Every public type that has values, as large as it may get."""
    corpus = corpus_in_memory()
    candidate = qa.Candidate(text=LONG, article=LONG, score=1.5)
    run = qa.load_run(BASELINE)
    golds = {str(n): [LONG] for n in range(999)}
    return {
        "Corpus": corpus,
        "Question": corpus.questions[0],
        "Claim": corpus.questions[0].claims[0],
        "Evidence": corpus.questions[0].claims[0].evidence[0],
        "Article": corpus.articles[0],
        "Instance": qa.Instance(item=LONG, question=LONG, context=LONG),
        "Candidate": candidate,
        "Prediction": qa.Prediction(item="q@a", n_best=(candidate,) * 20, error=LONG),
        "Match": qa.Match(ok=False, rule=LONG, level=0, detail=LONG),
        "Estimate": qa.Estimate(value=0.5, low=None, high=None, method="bca", n=1, clusters=1),
        "ModelInfo": qa.ModelInfo(spec=LONG, kind=LONG, name=LONG, license=LONG, tokenizer_note=LONG),
        "ModelSpec": qa.ModelSpec.parse("embedded"),
        "Kind": qa.Kind(
            name="k", summary="s", example="k:x", factory=lambda spec, decoding, runtime: FakeModel()
        ),
        "AnswerReading": qa.read_answer(f"{LONG} " * 9, corpus.questions[0]),
        "Decoding": qa.Decoding(),
        "Runtime": qa.Runtime(),
        "Span": qa.Span(1, 2, LONG),
        "RunOptions": qa.RunOptions(categories=(LONG,) * 99, name=LONG, split=LONG, columns=(LONG,)),
        "Run": run,
        "Comparison": qa.compare(run, against="embedded", resamples=99),
        "Scorecard": qa.score(golds | {LONG: LONG}, golds, resamples=9),
    }


def test_no_public_value_prints_more_than_two_thousand_characters() -> None:
    values = large_values()
    types = {name for name in qa.__all__ if isinstance(getattr(qa, name), type)}
    errors = {name for name in types if issubclass(getattr(qa, name), BaseException)}
    assert set(values) == types - errors - {"Model", "Progress"}, "protocols have no values"
    for name, value in values.items():
        for text in (repr(value), str(value)):
            assert len(text) <= LONGEST_REPR, name


def test_no_record_of_a_run_prints_more_than_two_thousand_characters() -> None:
    board = qa.load_run(BASELINE).leaderboard

    def inside(value: object) -> None:
        if isinstance(value, BaseModel):
            assert max(len(repr(value)), len(str(value))) <= LONGEST_REPR, type(value)
            for name in type(value).model_fields:
                inside(getattr(value, name))
        elif isinstance(value, list | tuple | dict):
            for part in value.values() if isinstance(value, dict) else value:
                inside(part)

    inside(board)
    for row in qa.load_run(BASELINE).predictions("embedded"):
        assert len(repr(row)) <= LONGEST_REPR


def test_a_short_record_prints_as_dataclasses_do() -> None:
    found = qa.Candidate(text="417", article="a", start=1, end=4)
    assert repr(found) == ("Candidate(text='417', article='a', start=1, end=4, score=0.0, probability=None)")
    assert is_dataclass(found)
    assert [field.name for field in fields(found)][:2] == ["text", "article"]


# ------------------------------------------------------------------------------------------ enough alone

PLUG_IN = '''
"""A plug-in and a notebook that import qa_eval alone."""

from collections.abc import Iterator, Sequence

import qa_eval as qa


class Echo:
    """Answers with the first word of the text."""

    decoding: qa.Decoding | None = None

    def __init__(self, spec: qa.ModelSpec) -> None:
        if spec.option("loud") not in (None, "yes"):
            raise qa.SpecError("echo: loud is yes or absent")
        self.info = qa.ModelInfo(spec=str(spec), kind=spec.kind, name=spec.name, fingerprint=str(spec))

    def predict(self, instances: Sequence[qa.Instance]) -> Iterator[qa.Prediction]:
        for instance in instances:
            word = instance.context.split()[0]
            best = qa.Candidate(text=word, article=instance.article, start=0, end=len(word), score=1.0)
            yield qa.Prediction(item=instance.item, n_best=(best,))


def make(spec: qa.ModelSpec, decoding: qa.Decoding, runtime: qa.Runtime) -> qa.Model:
    return Echo(spec)


ECHO = qa.Kind(name="echo", summary="the first word", example="echo:x", factory=make)


class Counted:
    """Progress that counts."""

    def __init__(self) -> None:
        self.items = 0

    def start(self, models: int) -> None: ...
    def model(self, name: str, items: int) -> None: ...
    def advance(self, n: int = 1, from_cache: bool = False) -> None:
        self.items += n

    def finish(self) -> None: ...


def notebook() -> tuple[qa.Run, qa.Comparison, qa.Scorecard, int]:
    evidence = qa.Evidence(article="a", text="Palmyra", start=0)
    question = qa.Question(
        id="where",
        question="What fell?",
        category="place",
        answer_type="place",
        claims=(qa.Claim(id="palmyra", evidence=(evidence,)),),
        silent=("b",),
    )
    assert evidence.span == qa.Span(0, 7, "a")
    articles = (qa.Article(id="a", text="Palmyra fell."), qa.Article(id="b", text="It rained."))
    corpus: qa.Corpus = qa.Corpus(questions=(question,), articles=articles)
    progress: qa.Progress = Counted()
    abstain: qa.Model = qa.load_model("baseline:abstain")
    models: list[str | qa.Model] = ["echo:x", Echo(qa.ModelSpec.parse("echo:y")), abstain]
    run: qa.Run = qa.evaluate(models, corpus=corpus, progress=progress, options=qa.RunOptions(cache=False))
    run.to_pandas(), run.items("echo:x").to_pandas()
    f1: float = run["echo:x"].f1
    low: float | None = run["echo:x"].estimate("f1").low
    base, new = run["baseline:abstain"], run["echo:x"]
    compared: qa.Comparison = qa.compare(base, new, metrics=["f1"], resamples=99, seed=1)
    golds = {"q1": ["400", "over 400"], "q2": []}
    scores: qa.Scorecard = qa.score({"q1": "400", "q2": ""}, golds, rules="squad-v2.0")
    estimate: qa.Estimate = scores["f1"]
    value: float = scores.f1 + estimate.value + f1 + (low or 0) + qa.f1("a", ["a"]) + qa.exact_match("a", "a")
    found: qa.Match = qa.match("four hundred", ["400"], answer_type="number")
    reading: qa.AnswerReading = qa.read_answer("It was Palmyra.", question)
    assert found.ok and value > 0 and reading.claims == ("palmyra",)
    assert isinstance(progress, Counted)
    return run, compared, scores, progress.items


def stored(folder: str) -> qa.Run:
    try:
        return qa.load_run(folder)
    except (qa.InputError, qa.RunFolderError, qa.UnknownNameError, qa.CheckFailedError) as error:
        raise SystemExit(str(error)) from error
    except (qa.ModelError, qa.QaEvalError) as error:
        raise SystemExit(str(error)) from error
    except qa.Interrupted as stopped:
        return stopped.run


def loaded() -> qa.Corpus:
    return qa.load_corpus()


notebook()
'''


@pytest.fixture
def plug_in(tmp_path: Path) -> Path:
    """The plug-in, installed as pip would: a module and its metadata in a folder."""
    (tmp_path / "echo_kind.py").write_text(PLUG_IN.removesuffix("notebook()\n"), "utf-8")
    (tmp_path / "script.py").write_text(PLUG_IN, "utf-8")
    info = tmp_path / "echo_kind-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: echo_kind\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text("[qa_eval.models]\necho = echo_kind:ECHO\n", "utf-8")
    return tmp_path


def test_a_plug_in_and_a_notebook_need_qa_eval_alone(plug_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(plug_in))
    import echo_kind  # type: ignore[import-not-found]

    try:
        run, compared, scores, asked = echo_kind.notebook()
    finally:
        sys.modules.pop("echo_kind")
    assert run.leaderboard.data.questions_sha256 == four_hash(run), "hashes are made of what is in memory"
    assert run.items("echo:x").to_pandas()["prediction"].tolist()[:2] == ["Palmyra", "It"]
    assert (run["echo:x"].f1, run["baseline:abstain"].f1) == (0.5, 0.5)
    assert compared.pairs[0].new.model == "echo:x"
    assert scores.f1 == 1.0
    assert asked == 3 * 2


def four_hash(run: qa.Run) -> str:
    """A hash is there, and is not that of another corpus."""
    found = run.leaderboard.data.questions_sha256
    assert len(found) == 64
    assert found != four_facts().questions_sha256
    return found


def test_a_script_on_the_public_names_passes_mypy_strict(plug_in: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, str(plug_in / "script.py")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    names = {name for name in qa.__all__ if name != "__version__"}
    assert {name for name in names if f"qa.{name}" not in PLUG_IN} == set(), "the script uses every name"
    assert (ROOT / "qa_eval" / "py.typed").exists()


def test_a_run_writes_nothing_unless_it_is_told_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = qa.evaluate("baseline:abstain", corpus=four_facts(), options=qa.RunOptions(cache=False))
    assert run.path is None
    assert list(tmp_path.iterdir()) == []
    options = qa.RunOptions(cache=False)
    assert qa.evaluate("baseline:abstain", corpus=four_facts(), out="kept", name="x", options=options).path
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
