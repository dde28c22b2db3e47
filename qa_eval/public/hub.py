"""Data sets of the hub, or of a folder in its layout: the only module that imports the `datasets` library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import datasets
from datasets.exceptions import DatasetsError

from qa_eval.corpus.phrasing import suggestion
from qa_eval.errors import InputError, SpecError
from qa_eval.paths import user_path
from qa_eval.public.examples import Ids, Read, Where, from_flat
from qa_eval.records import Finding

CONVERTED = "refs/convert/parquet"
"""The revision at which the hub keeps data sets of any format as Parquet."""
_DEFAULT_SPLIT = "validation"
_COLUMNS = ["id", "question", "context", "answers"]
_ROWS = 1000
"""Rows that are taken out of the table at once."""
_TROUBLE = (DatasetsError, OSError, RuntimeError, ValueError, LookupError)
"""What the library raises for names, networks and files; Arrow's errors are among them."""


@dataclass(frozen=True, slots=True)
class HubName:
    """What stands behind `hub:`."""

    path: str
    """`ORG/NAME`, or a folder."""
    config: str | None = None
    revision: str | None = None

    @property
    def title(self) -> str:
        """For people: the name without its organization, and the configuration."""
        return "/".join([Path(self.path).name, *([self.config] if self.config else [])])

    @classmethod
    def parse(cls, text: str) -> HubName:
        """Reads `ORG/NAME[/CONFIG][@REVISION]`, `NAME[@REVISION]`, `FOLDER` or `FOLDER/CONFIG`.

        Two parts are always `ORG/NAME`, unless there is such a folder; a configuration is a third part. The
        configuration of a folder stands behind a path that begins with `.`, `/` or `~`. Raises SpecError for
        more than three parts, and for a folder that is not there.

        >>> HubName.parse("org/name/de@refs/convert/parquet")
        HubName(path='org/name', config='de', revision='refs/convert/parquet')
        """
        folder = str(user_path(text)) if text.startswith("~") else text
        if Path(folder).is_dir():
            return cls(folder)
        if text.startswith((".", "/", "~")):
            parent, slash, config = folder.rpartition("/")
            if slash and Path(parent).is_dir() and config:
                return cls(parent, config)
            raise SpecError(f"hub:{text}: there is no such folder")
        name, _, revision = text.partition("@")
        parts = name.split("/")
        if len(parts) > 3 or not all(parts):
            raise SpecError(f"hub:{text}: is no name on the hub; write hub:ORG/NAME or hub:ORG/NAME/CONFIG")
        return cls("/".join(parts[:2]), parts[2] if len(parts) == 3 else None, revision or None)


class HubTable:
    """One split of a data set, as rows of SQuAD's columns."""

    def __init__(self, spec: str, name: HubName, split: str | None) -> None:
        """Finds the split; the rows are loaded when they are read. Raises SpecError with what to do."""
        self.spec = spec
        self.name = name
        try:
            splits = datasets.get_dataset_split_names(name.path, name.config, revision=name.revision)
        except _TROUBLE as error:
            raise SpecError(self._advice(error)) from error
        if split is None and len(splits) == 1:
            split = splits[0]
        elif split is None and _DEFAULT_SPLIT in splits:
            split = _DEFAULT_SPLIT
        elif split is None:
            raise SpecError(f"{spec}: choose a split with --split: {', '.join(splits)}")
        elif split not in splits:
            raise SpecError(f"--split {split}: {spec} has no such split{suggestion(split, splits)}")
        self.split = split

    @cached_property
    def table(self) -> Any:  # noqa: ANN401
        """The columns that are used. Raises InputError for features that are not SQuAD's."""
        try:
            table = datasets.load_dataset(
                self.name.path, self.name.config, split=self.split, revision=self.name.revision
            )
        except _TROUBLE as error:
            raise InputError([Where(path=self.spec).finding("file", self._advice(error))]) from error
        wrong = list(_feature_problems(table.features, Where(path=self.spec)))
        if wrong:
            raise InputError(wrong)
        return table.select_columns(_COLUMNS)

    def read(self) -> Read:
        """The examples, row by row; the library keeps the table in a file, not in memory."""
        ids: Ids = set()
        number = 0
        for batch in self.table.iter(_ROWS):
            for id, question, context, answers in zip(*(batch[c] for c in _COLUMNS), strict=True):
                columns = answers
                if isinstance(answers, list):
                    columns = {key: [(a or {}).get(key) for a in answers] for key in ("text", "answer_start")}
                row = {"id": id, "question": question, "context": context, "answers": columns}
                yield from from_flat(row, Where(path=self.spec, parts=(self.split, number)), ids)
                number += 1

    def _advice(self, error: Exception) -> str:
        """What to do about the library's error."""
        name, said = self.name, str(error).partition("\n")[0].strip()
        if "scripts are no longer supported" in said:
            converted = f"hub:{name.path}{f'/{name.config}' if name.config else ''}@{CONVERTED}"
            advice = f"the hub often keeps it converted: {converted}"
            if Path(name.path).is_dir():
                advice = "keep its rows as Parquet files in place of the script"
            return f"{self.spec}: is made by a script, which is no longer run; {advice}"
        if "Config name is missing" in said or "BuilderConfig" in said:
            known = datasets.get_dataset_config_names(name.path, revision=name.revision)
            told = "has several configurations" if name.config is None else f"has no {name.config!r}"
            return f"{self.spec}: {told}; write hub:{name.path}/CONFIG with one of: {', '.join(known)}"
        if isinstance(error, ConnectionError):
            return f"{self.spec}: {said}; without a network, name a folder: hub:FOLDER"
        return f"{self.spec}: {said or type(error).__name__}"


def _feature_problems(features: Any, where: Where) -> Iterator[Finding]:  # noqa: ANN401
    """What is wrong with the columns; `answers` may be a list of structs or a struct of lists."""
    for column in ("id", "question", "context"):
        if column not in features:
            yield where.inside(column).finding("features", f"is missing{suggestion(column, features)}")
        elif not _is(features[column], "string"):
            yield where.inside(column).finding("features", f"must be text, found {features[column]}")
    if not _is(_entries(features.get("answers"), "text"), "string"):
        message = f"must be {{text: [text], answer_start: [number]}}, found {features.get('answers')}"
        yield where.inside("answers").finding("features", message)
        return
    starts = _entries(features["answers"], "answer_start")
    if starts is not None and not _is(starts, "int"):
        message = f"must be whole numbers, found {starts}"
        yield where.inside("answers", "answer_start").finding("features", message)


def _entries(answers: Any, key: str) -> Any:  # noqa: ANN401
    """The feature of the entries of `answers.KEY`, a struct of lists or a list of structs; None without."""
    lists = (datasets.List, datasets.LargeList)
    if isinstance(answers, lists) and isinstance(answers.feature, dict):
        return answers.feature.get(key)
    if isinstance(answers, dict) and isinstance(answers.get(key), lists):
        return answers[key].feature
    return None


def _is(feature: Any, kind: str) -> bool:  # noqa: ANN401
    return isinstance(feature, datasets.Value) and kind in feature.dtype
