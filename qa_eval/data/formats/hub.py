"""Data sets of the hub, or of a folder in its layout. Only this module imports the `datasets` library."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import datasets
from datasets.exceptions import DatasetsError

from qa_eval.data.dataset_options import (
    ID_NAMES,
    ROLES,
    Intake,
    Read,
    Where,
    missing,
    no_such_column,
    usual_column,
)
from qa_eval.data.examples import CONTEXT, ID, QUESTION, Examples
from qa_eval.data.golds import ANSWERS, FLAGS, FlagError, no_answer_flag
from qa_eval.errors import InputError, SpecError
from qa_eval.files.paths import user_path
from qa_eval.records import Finding
from qa_eval.text.phrases import show_path, suggestion

CONVERTED = "refs/convert/parquet"
"""Revision at which the hub keeps data sets of any format as Parquet."""
_DEFAULT_SPLIT = "validation"
_ROWS = 1000
"""Number of rows that are taken out of the table at once."""
_TROUBLE = (DatasetsError, OSError, RuntimeError, ValueError, LookupError)
"""Errors that the library raises for names, networks and files. Arrow's errors are among them."""


@dataclass(frozen=True, slots=True)
class HubName:
    """The name that follows `hub:`."""

    path: str
    """Name `ORG/NAME`, or path of a folder."""
    config: str | None = None
    revision: str | None = None

    @property
    def title(self) -> str:
        """The name for people: without its organization, and with the configuration."""
        return "/".join([Path(self.path).name, *([self.config] if self.config else [])])

    @classmethod
    def parse(cls, text: str) -> HubName:
        """Reads `ORG/NAME[/CONFIG][@REVISION]`, `NAME[@REVISION]`, `FOLDER` or `FOLDER/CONFIG`.

        Two parts are always `ORG/NAME`, unless a folder of that name exists. A third part is a configuration.
        After a folder, a configuration is recognized only if the path begins with `.`, `/` or `~`. Raises
        SpecError for more than three parts, and for a folder that does not exist.

        >>> HubName.parse("org/name/de@refs/convert/parquet")
        HubName(path='org/name', config='de', revision='refs/convert/parquet')
        """
        folder = str(user_path(text)) if text.startswith("~") else text
        if Path(folder).is_dir():
            return cls(folder)
        if not Path(folder).is_file() and text.startswith((".", "/", "~")):
            parent, slash, config = folder.rpartition("/")
            if slash and Path(parent).is_dir() and config:
                return cls(parent, config)
            raise SpecError(f"hub:{text}: there is no such folder")
        if Path(folder).is_file():
            at = show_path(Path(folder).parent)
            raise SpecError(
                f"hub:{text}: is a file; name its folder, hub:{at}, or write squad:{text} for JSON"
            )
        name, _, revision = text.partition("@")
        parts = name.split("/")
        if len(parts) > 3 or not all(parts):
            raise SpecError(f"hub:{text}: is no name on the hub; write hub:ORG/NAME or hub:ORG/NAME/CONFIG")
        return cls("/".join(parts[:2]), parts[2] if len(parts) == 3 else None, revision or None)


class HubTable:
    """One split of a data set, as rows with SQuAD's columns."""

    def __init__(self, spec: str, name: HubName, split: str | None, intake: Intake) -> None:
        """Finds the split. Rows are loaded only when they are read. Raises SpecError with what to do."""
        self.spec = spec
        self.intake = intake
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
        """The columns that are used. Raises InputError if their features cannot be questions."""
        try:
            table = datasets.load_dataset(
                self.name.path, self.name.config, split=self.split, revision=self.name.revision
            )
        except _TROUBLE as error:
            raise InputError([Where(path=self.spec).finding("file", self._advice(error))]) from error
        wrong = list(_feature_problems(table.features, self.intake.columns, Where(path=self.spec)))
        if wrong:
            raise InputError(wrong)
        used = {*ROLES, *ID_NAMES, *FLAGS, "detected_answers", *self.intake.columns.values()}
        return table.select_columns([name for name in table.column_names if name in used])

    @cached_property
    def labelled(self) -> bool:
        """Whether any question has an answer or is marked as having none.

        If the answers of a split are kept secret, they are empty in all rows.
        """
        answers = self.intake.columns.get("answers", "answers")
        asked = {answers, self.intake.columns.get("is_impossible"), *FLAGS}
        names = [name for name in self.table.column_names if name in asked]
        return any(_is_labelled(row, answers, self.intake) for row in self._rows(names))

    def read(self) -> Read:
        """Yields the examples row by row. The library keeps the table in a file, not in memory."""
        examples = Examples(self.intake)
        answers = self.intake.columns.get("answers", "answers")
        secret = {} if self.labelled else {answers: None}
        for number, row in enumerate(self._rows(self.table.column_names)):
            yield from examples.of_row(row | secret, Where(path=self.spec, parts=(self.split, number)))

    def _rows(self, names: list[str]) -> Iterator[dict[str, Any]]:
        for batch in self.table.select_columns(names).iter(_ROWS) if names else ():
            for values in zip(*(batch[name] for name in names), strict=True):
                yield dict(zip(names, values, strict=True))

    def _advice(self, error: Exception) -> str:
        """The library's error as a message, with what to do."""
        name, said = self.name, str(error).partition("\n")[0].strip()
        if "scripts are no longer supported" in said:
            converted = f"hub:{name.path}{f'/{name.config}' if name.config else ''}@{CONVERTED}"
            advice = f"the hub often has a converted copy: {converted}"
            if Path(name.path).is_dir():
                advice = "replace the script by Parquet files of its rows"
            return f"{self.spec}: is made by a script, which the library no longer runs; {advice}"
        if "Config name is missing" in said or "BuilderConfig" in said:
            known = datasets.get_dataset_config_names(name.path, revision=name.revision)
            told = "has several configurations" if name.config is None else f"has no {name.config!r}"
            return f"{self.spec}: {told}; write hub:{name.path}/CONFIG with one of: {', '.join(known)}"
        if isinstance(error, ConnectionError):
            return f"{self.spec}: {said}; without a network, name a folder: hub:FOLDER"
        return f"{self.spec}: {said or type(error).__name__}"


def _is_labelled(row: Mapping[str, Any], answers: str, intake: Intake) -> bool:
    """Whether a row has an answer or is marked as having none, even if the answer or mark is malformed."""
    given = row.get(answers)
    if given.get("text") if isinstance(given, dict) else given:
        return True
    try:
        return no_answer_flag(row, intake.columns.get("is_impossible"))[0] is True
    except FlagError:
        return True


def _feature_problems(features: Any, columns: Mapping[str, str], where: Where) -> Iterator[Finding]:  # noqa: ANN401
    """Yields a finding for each column of wrong type."""
    lost = {role: column for role, column in columns.items() if column not in features}
    for role, column in lost.items():
        yield where.finding("columns", no_such_column(role, column, features))
    id = next((name for name in ID_NAMES if name in features), "id")
    descriptions = {"id": ID, "question": QUESTION, "context": CONTEXT}
    for role, description in descriptions.items():
        column = columns.get(role, id if role == "id" else role)
        kinds = ("string", "int") if role == "id" else ("string",)
        if role in lost:
            continue
        if column not in features:
            yield where.inside(column).finding("features", missing(role, description, features))
        elif not any(_is(features[column], kind) for kind in kinds):
            wanted = "text or whole numbers" if role == "id" else "text"
            yield where.inside(column).finding("features", f"must be {wanted}, found {features[column]}")
    answers = columns.get("answers", "answers")
    if answers not in features and answers == "answers" and usual_column(answers, features):
        yield where.inside(answers).finding("features", missing(answers, ANSWERS, features))
    if answers in features and not _has_texts(features[answers]):
        message = "must be {text: [text], answer_start: [number]}, a list of such objects, or texts"
        yield where.inside(answers).finding("features", f"{message}; found {features[answers]}")


def _has_texts(feature: Any) -> bool:  # noqa: ANN401
    """Whether answers can be read from a column of this type. A column that holds only nulls has none."""
    if isinstance(feature, datasets.List | datasets.LargeList):
        feature = feature.feature
    if isinstance(feature, dict):
        feature = feature.get("text")
        if isinstance(feature, datasets.List | datasets.LargeList):
            feature = feature.feature
    return _is(feature, "string") or _is(feature, "null")


def _is(feature: Any, kind: str) -> bool:  # noqa: ANN401
    return isinstance(feature, datasets.Value) and kind in feature.dtype
