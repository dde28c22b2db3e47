"""Plug-in kinds through the entry-point group: one that is installed, and ones that are broken."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qa_eval.errors import ModelError, SpecError
from qa_eval.models.registry import kinds, resolve
from qa_eval.records import Instance
from tests.support.plug_ins import write_plug_in

ECHO = '''
from qa_eval.models.protocol import Kind
from qa_eval.records import ModelInfo, Prediction


class Echo:
    """Answers with the text's first word."""

    decoding = None

    def __init__(self, spec):
        self.info = ModelInfo(spec=str(spec), kind=spec.kind, name=spec.name)

    def predict(self, instances):
        for instance in instances:
            yield Prediction(item=instance.item, text=instance.context.split()[0])


ECHO = Kind(
    name="echo",
    summary="the first word",
    example="echo:loud",
    factory=lambda spec, decoding, runtime: Echo(spec),
)
'''

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution the way pip leaves one: a module and its metadata in a folder on the path."""
    modules: list[str] = []

    def install(module: str, source: str, points: str, distribution: str = "") -> None:
        modules.append(module)
        write_plug_in(tmp_path, module, source, points, distribution)

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    for module in modules:
        sys.modules.pop(module, None)


def test_an_installed_kind_is_listed_resolved_and_asked(install: Install) -> None:
    install("echo_kind", ECHO, "echo = echo_kind:ECHO")
    assert kinds()["echo"].summary == "the first word"
    model = resolve("echo:loud?x=1")
    assert model.info.spec == "echo:loud?x=1"
    (prediction,) = model.predict([Instance(item="a@b", question="Which?", context="Palmyra fell.")])
    assert prediction.text == "Palmyra"
    with pytest.raises(SpecError, match=r"no kind of model is called 'ecco'.*did you mean echo"):
        resolve("ecco:loud")


@pytest.mark.parametrize(
    ("source", "points", "message"),
    [
        pytest.param(
            "import nonesuch",
            "bad = bad_kind:KIND",
            "'bad' .bad_kind:KIND, from bad_kind 1.0. cannot be imported: "
            "ModuleNotFoundError: No module named 'nonesuch'",
            id="import error",
        ),
        pytest.param("1 / 0", "bad = bad_kind:KIND", "cannot be imported: ZeroDivisionError", id="any error"),
        pytest.param("", "bad = bad_kind:KIND", "cannot be imported: AttributeError", id="no such object"),
        pytest.param("KIND = 3", "bad = bad_kind:KIND", "is a int; it must be a", id="no kind"),
        pytest.param(ECHO, "bad = bad_kind:ECHO", "calls itself 'echo'", id="another name"),
    ],
)
def test_a_broken_plug_in_is_an_error_that_names_it(
    install: Install, source: str, points: str, message: str
) -> None:
    install("bad_kind", source, points)
    with pytest.raises(ModelError, match=message):
        resolve("bad:x")
    with pytest.raises(ModelError, match=message):
        kinds()


def test_a_broken_plug_in_does_not_stand_in_the_way_of_other_models(install: Install) -> None:
    install("bad_kind", "1 / 0", "bad = bad_kind:KIND")
    assert resolve("baseline:abstain").info.name == "abstain"


def test_a_plug_in_cannot_take_the_name_of_a_built_in_kind(install: Install) -> None:
    install("echo_kind", ECHO, "baseline = echo_kind:ECHO")
    assert resolve("baseline:abstain").info.name == "abstain"
    with pytest.raises(ModelError, match="has the name of a built-in kind"):
        kinds()


def test_two_plug_ins_of_one_name_are_refused(install: Install) -> None:
    install("echo_kind", ECHO, "echo = echo_kind:ECHO")
    install("other_kind", ECHO, "echo = other_kind:ECHO")
    with pytest.raises(ModelError, match=r"two plug-ins are called 'echo': .*other_kind:ECHO"):
        resolve("echo:x")
