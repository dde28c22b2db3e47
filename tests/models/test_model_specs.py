"""Specs: read and printed as inverses, and what is said of those that name nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_eval.errors import SpecError
from qa_eval.models.protocol import ModelSpec
from qa_eval.models.registry import kinds, parse_spec, resolve
from qa_eval.records import Decoding


@pytest.mark.parametrize(
    ("text", "spec", "printed"),
    [
        ("embedded", ModelSpec("embedded", "embedded"), "embedded"),
        (" embedded ", ModelSpec("embedded", "embedded"), "embedded"),
        ("hf:org/name", ModelSpec("hf", "org/name"), "hf:org/name"),
        ("org/name", ModelSpec("hf", "org/name"), "hf:org/name"),
        ("org/name@main", ModelSpec("hf", "org/name", "main"), "hf:org/name@main"),
        ("hf:org/name@refs/pr/1", ModelSpec("hf", "org/name", "refs/pr/1"), "hf:org/name@refs/pr/1"),
        ("./folder", ModelSpec("hf", "./folder"), "hf:./folder"),
        ("/a/b/c", ModelSpec("hf", "/a/b/c"), "hf:/a/b/c"),
        ("~/models/x", ModelSpec("hf", "~/models/x"), "hf:~/models/x"),
        (r"C:\models\x", ModelSpec("hf", r"C:\models\x"), r"hf:C:\models\x"),
        ("hf:./a%40b", ModelSpec("hf", "./a@b"), "hf:./a%40b"),
        ("predictions:out/a@b.jsonl", ModelSpec("predictions", "out/a@b.jsonl"), "predictions:out/a@b.jsonl"),
        (
            "hf:org/name@v1?unanswerable=true",
            ModelSpec("hf", "org/name", "v1", (("unanswerable", "true"),)),
            "hf:org/name@v1?unanswerable=true",
        ),
        ("plug:x?b=2&a=1", ModelSpec("plug", "x", None, (("a", "1"), ("b", "2"))), "plug:x?a=1&b=2"),
        ("plug:what?", ModelSpec("plug", "what?"), "plug:what%3F"),
        ("baseline:abstain", ModelSpec("baseline", "abstain"), "baseline:abstain"),
    ],
)
def test_a_spec_is_read_and_printed(text: str, spec: ModelSpec, printed: str) -> None:
    assert ModelSpec.parse(text) == spec
    assert str(spec) == printed
    assert ModelSpec.parse(printed) == spec


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)
keys = st.from_regex(r"\A[a-z][a-z0-9_-]{0,5}\Z")


@given(
    st.sampled_from(["hf", "predictions", "baseline", "plug-in"]),
    names,
    st.none() | names,
    st.dictionaries(keys, st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=3),
)
def test_reading_what_was_printed_gives_the_same_spec(
    kind: str, name: str, revision: str | None, options: dict[str, str]
) -> None:
    spec = ModelSpec(kind, name, revision if kind == "hf" else None, tuple(sorted(options.items())))
    assert ModelSpec.parse(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the model spec is empty"),
        ("embedde", "no model is called 'embedde'.*did you mean embedded"),
        ("abstain", "did you mean baseline:abstain"),
        ("sliding-windows", "did you mean baseline:sliding-window"),
        ("zzz", r"no model is called 'zzz': write KIND:NAME, ORG/NAME, or ./zzz for a local folder$"),
        ("baselin:abstain", "no kind of model is called 'baselin'.*did you mean baseline"),
        ("prediction:x.json", "did you mean predictions"),
        ("baseline:random", r"no baseline is called 'random'; the names are abstain, random-span"),
        ("baseline:slidingwindow", "did you mean sliding-window"),
        ("embedded:other", "no embedded is called 'other'"),
        ("hf:", "has a kind but no name"),
        ("hf:@v1", "has a kind but no name"),
        ("hf:a/b?x=1&x=2", "the option 'x' is given twice"),
        ("predictions:x.json?a=1", "a predictions file has no options"),
        ("embedded?nonesuch=1", "embedded has no option 'nonesuch'; there are: unanswerable, dtype"),
    ],
)
def test_a_spec_that_names_nothing_is_refused_with_what_is_near(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        resolve(text)


@pytest.mark.parametrize(
    ("decoding", "message"),
    [
        (Decoding(max_length=4), "max_length is 4; it must be at least 8"),
        (Decoding(doc_stride=-1), "doc_stride is -1"),
        (Decoding(max_answer_tokens=0), "max_answer_tokens is 0"),
        (Decoding(n_best=0), "n_best is 0"),
        (Decoding(max_length=128, doc_stride=128), r"doc_stride \(128\) is the overlap"),
    ],
)
def test_decoding_that_cannot_work_is_refused(decoding: Decoding, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        resolve("baseline:abstain", decoding)


def test_every_kind_has_an_example_that_reads_as_that_kind() -> None:
    for name, kind in kinds().items():
        assert kind.name == name
        assert kind.summary
        assert parse_spec(kind.example).kind == name


def test_specs_baselines_and_replay_import_no_machine_learning() -> None:
    code = (
        "import sys, qa_eval.models.registry as m; m.resolve('baseline:sliding-window'); m.kinds()\n"
        "import qa_eval.models.replay, qa_eval.models.checkpoint.checkpoints\n"
        "print(sorted({'torch', 'transformers', 'tokenizers', 'huggingface_hub'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
