"""What tests share: how many examples hypothesis tries, places of their own, and data that is read once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from qa_eval.data.corpus import load_corpus
from qa_eval.records import Corpus
from qa_eval.runs.options import RunOptions
from qa_eval.runs.store import Run, load_run
from tests.support.places import BASELINE, ROOT

settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile("thorough", max_examples=1000, deadline=None, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that no core waits at the end for the last of them."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


# ------------------------------------------------------------------------------------------ places


@pytest.fixture(scope="session", autouse=True)
def _session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One cache for all tests that ask for none of their own: the user's is neither read nor written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QA_EVAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder for this test alone, empty."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("QA_EVAL_CACHE", str(folder))
    return folder


@pytest.fixture
def own_place(own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder for this test alone, empty, with its cache in it and a terminal of 120 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path


@pytest.fixture
def own_checkout(own_place: Path, plain_git: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository like this one as the current folder, with what the program takes for the curated set."""
    here = own_place / "checkout"
    for name in ("questions", "seeds"):
        shutil.copytree(ROOT / name, here / name)
    shutil.copy(ROOT / "pyproject.toml", here)
    (here / "qa_eval").mkdir()
    monkeypatch.setattr("qa_eval.__file__", str(here / "qa_eval" / "__init__.py"))
    monkeypatch.chdir(here)
    for words in ("init -q -b main", "add .", "commit -q -m base"):
        subprocess.run(["git", *words.split()], check=True)
    return here


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs whose intervals are not what is tested, and would be most of the time that they take."""
    stored = vars(RunOptions)["stored"].fget
    few = property(lambda options: replace(stored(options), resamples=99))
    monkeypatch.setattr(RunOptions, "stored", few)


@pytest.fixture
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """A git that knows an author, and no repository but that of the current folder."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "A contributor")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)


# ------------------------------------------------------------------------------------------ data


@pytest.fixture(scope="session")
def curated() -> Corpus:
    """The curated set."""
    return load_corpus()


@pytest.fixture(scope="session")
def committed() -> Run:
    """The run that is committed."""
    return load_run(BASELINE)


# ------------------------------------------------------------------------------------------ models


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny checkpoint of a kind, made when it is first asked for; nobody may change it."""
    from tests.support.tiny_models import build

    root = tmp_path_factory.mktemp("tiny-models")
    return cache(lambda kind: build(kind, root / kind))


@pytest.fixture(scope="session")
def tiny_bert(tiny_model: Callable[[str], Path]) -> Path:
    """The tiny BERT, which nobody may change."""
    return tiny_model("bert")


@pytest.fixture
def tiny_spec(tiny_bert: Path) -> str:
    """The spec of the tiny BERT."""
    return f"hf:{tiny_bert}"


@pytest.fixture
def bert_copy(tiny_bert: Path, tmp_path: Path) -> Path:
    """A copy of the tiny BERT, to be spoilt."""
    return shutil.copytree(tiny_bert, tmp_path / "bert")
