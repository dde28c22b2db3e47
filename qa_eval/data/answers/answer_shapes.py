"""The shapes in which tools write answers, each read into one record.

An answer is a value under its question's id, or a row that holds both. The value is one of these: a text,
null or an empty text for no answer, an object with the text in it, or an n-best list of texts or objects,
best first.

| written by                   | shape                                                                  |
|------------------------------|------------------------------------------------------------------------|
| the official scripts         | `{id: text}`                                                           |
| `evaluate`                   | rows with `id` and `prediction_text`                                   |
| `qa-eval run`                | rows with `item` and `prediction`                                      |
| run_squad, run_qa (n-best)   | `{id: [{"text", "start_logit", "end_logit", "probability"}]}`          |
| the pipeline of transformers | `{id: {"answer", "score", "start", "end"}}`, or lists of these         |
| simpletransformers           | rows with `id` and `answer`, a text or an n-best list of texts         |
| AllenNLP                     | rows with `id` or `qid`, and `best_span_str`                           |
| FARM, haystack               | `{"predictions": [{"question_id", "answers": [{"answer", "score"}]}]}` |
| lm-evaluation-harness        | rows with `doc`, which has the id, and `filtered_resps`                |
| Inspect                      | logs, which `qa_eval.data.answers.inspect_logs` turns into rows        |

Everything here is a pure function on decoded JSON. Whatever is ambiguous raises `FieldError`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from qa_eval.records import ItemId

ID_FIELDS = (
    "id", "item", "qid", "question_id", "example_id", "query_id", "qas_id", "guid", "uuid", "uid"
)  # fmt: skip
"""Names of the field that holds the question's id."""
PREDICTED_FIELDS = (
    "prediction", "prediction_text", "predicted", "predicted_text", "predicted_answer", "predictionstring",
    "prediction_string", "best_span_str",
)  # fmt: skip
"""Names of the field that holds the answer. Golds have no such field."""
ANSWER_FIELDS = ("answer", "answer_text", "text")
"""Names of the field that holds the answer if none of `PREDICTED_FIELDS` is there."""
LIST_FIELDS = ("n_best", "nbest", "answers")
"""Names of the field that holds an n-best list if the answer itself is not given."""
ROW_FIELDS = frozenset(
    {
        *ID_FIELDS, *PREDICTED_FIELDS, *LIST_FIELDS, "answer", "answer_text", "predictions", "doc", "doc_id",
        "resps", "filtered_resps", "task", "best_span", "no_answer_probability", "null_score",
    }
)  # fmt: skip
"""Fields of a row. None of them is the id of a question."""
FILE_FIELDS = frozenset(
    {
        "version",
        "data",
        "paragraphs",
        "qas",
        "header",
        "schema_version",
        "created_at",
        "run_id",
        "results",
        "title",
        "checksums",
        "exact",
        "exact_match",
    }
)
"""Fields at the top of files of other kinds: data sets, runs, results of other tools."""

_TOLERANCE = 1e-4
"""Relative amount by which a score may exceed the one before it, because tools add and round in float32."""


class FieldError(Exception):
    """An entry of the wrong shape. It holds the field and a message with what was found and what would be
    right.
    """

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class Listed(NamedTuple):
    """One entry of an n-best list."""

    text: str
    """Text of the answer; empty for no answer."""
    score: float | None
    """Score, comparable within its list. None if the list has no scores."""
    probability: float | None


class Given(NamedTuple):
    """An answer as it was given: a text, or an n-best list from which one is chosen."""

    text: str | None = None
    """Text of the answer; empty for no answer. None if the answer is chosen from the list."""
    listed: tuple[Listed, ...] = ()
    """Entries of the n-best list, best first."""
    by_score: bool = False
    """Flag: an empty text in the list wins by its score, as in the lists of run_squad. Otherwise its place
    decides."""
    is_null: bool = False
    """Flag: "no answer" was written as null."""
    several: tuple[str, ...] = ()
    """All answers of a system that gives several; empty for one that gives one."""

    def decided(self, *, unanswerable: bool) -> str:
        """The answer. For a list, it is the first text that is not empty.

        If `unanswerable`, it is empty where the empty text ranks above that text.

        >>> Given(listed=(Listed("", None, None), Listed("1874", None, None))).decided(unanswerable=False)
        '1874'
        """
        if self.text is not None:
            return self.text
        best = next((place for place, entry in enumerate(self.listed) if entry.text), None)
        if best is None:
            return ""
        null = next((place for place, entry in enumerate(self.listed) if not entry.text), None)
        if null is None or not unanswerable:
            return self.listed[best].text
        best_score, null_score = self.listed[best].score, self.listed[null].score
        if not self.by_score or best_score is None or null_score is None:
            return "" if null < best else self.listed[best].text
        return "" if null_score > best_score else self.listed[best].text


class GivenRow(NamedTuple):
    """The answer to one question, as a file gives it."""

    id: str
    """Id of the question, or of the item if `is_item`."""
    fields: Mapping[str, Any]
    """Row as it is in the file; empty for an answer under its id."""
    is_item: bool = False
    answer: Given | None = None
    """Answer. None if the row has an error or no answer."""
    no_answer_probability: float | None = None
    error: str | None = None
    hint: str = ""
    """Explanation of why the same id may occur again with another answer, and what to do about it."""


def keyed_answer(key: object, value: object) -> GivenRow:
    """The answer under an id. Raises FieldError if its shape is wrong."""
    id = id_text(key, "id")
    if id.casefold() in ROW_FIELDS or (id in FILE_FIELDS and isinstance(value, dict | list)):
        raise FieldError(
            id,
            "is the name of a field where a question's id should be; write {id: answer}, or rows: a "
            'list of {"id": …, "prediction": …} (from a data frame: to_json(orient="records"))',
        )
    if isinstance(value, dict) and (field := _field(value, ID_FIELDS)) is not None:
        inner = id_text(value[field], f"{id}.{field}")
        if inner != id:
            raise FieldError(
                f"{id}.{field}",
                f"is {shown(inner)} under the key {shown(id)}; which is the question's id? Write rows with "
                'id and prediction (from a data frame: to_json(orient="records"))',
            )
    probability = fraction_in(value, "no_answer_probability", id) if isinstance(value, dict) else None
    return GivenRow(id=id, answer=given_answer(value, id), no_answer_probability=probability, fields={})


def row_answers(row: Mapping[str, Any], *, several: bool = False) -> Iterator[GivenRow]:
    """Yields the answers of a row: one, or several in FARM's form, or none if the row marks its prediction as
    missing. If `several`, a list of texts as `answers` holds answers that are all given.

    Raises FieldError if the shape is wrong.
    """
    if not row.keys().isdisjoint(_OF_OTHER_FILES):
        _refuse_other_files(row)
    inside = row.get("predictions")
    for field in ("predictions", "answers", "answer", "prediction"):  # HotpotQA's files have `answer`.
        if (
            field in row
            and isinstance(row.get(field), dict)
            and not (_fields(row, ID_FIELDS) or "doc" in row)
        ):
            raise FieldError(field, "holds the answers by id; write that object alone: {id: answer}")
    if not isinstance(inside, list):
        if (found := _row_answer(row, several=several)) is not None:
            yield found
        return
    for number, part in enumerate(inside):
        where = f"predictions[{number}]"
        if not isinstance(part, dict):
            raise FieldError(where, f"is {shown(part)}; it should be an object with an id and answers")
        try:
            found = _row_answer(part)
        except FieldError as error:
            raise FieldError(f"{where}.{error.field}", str(error)) from None
        if found is not None:
            yield found


def given_answer(value: object, where: str) -> Given:
    """The answer that a value gives: a text, null, an object with the text, or an n-best list of texts or
    objects.

    Raises FieldError, whose field begins with `where`.

    >>> given_answer({"answer": "1874", "score": 0.9}, "q1").text
    '1874'
    """
    if value is None:
        return Given(text="", is_null=True)
    if isinstance(value, str):
        return Given(text=value)
    if isinstance(value, list):
        return _given_list(value, where)
    if not isinstance(value, dict):
        right = "it should be a text or an n-best list (null or an empty text for no answer)"
        number = isinstance(value, int | float) and not isinstance(value, bool)
        hint = f'; write a number as the text "{shown(value)}"' if number else ""
        raise FieldError(where, f"the answer is {shown(value)}; {right}{hint}")
    if (field := _answer_field(value, where)) is None:
        raise FieldError(
            where,
            f"the answer is {shown(value)}; it should be a text or an n-best list, or have the text as "
            "prediction, answer or text",
        )
    if isinstance(value[field], dict):
        raise FieldError(f"{where}.{field}", f"is {shown(value[field])}; it should be a text")
    if isinstance(value[field], list):
        return given_answer(value[field], f"{where}.{field}")
    text = _entry(value, where).text
    return Given(text=text, is_null=value[field] is None)


def id_text(value: object, field: str) -> str:
    """The id as text. A whole number becomes its digits. Raises FieldError for anything else.

    >>> id_text(7211011040021040393, "id")
    '7211011040021040393'
    """
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # The number has more digits than the interpreter prints.
            raise FieldError(field, f"is {shown(value)}; it should be the question's id") from None
    if isinstance(value, float):
        raise FieldError(
            field,
            f"is {shown(value)}; an id is a text or a whole number (a fraction may have lost digits)",
        )
    raise FieldError(
        field, f"is {shown(value)}; it should be the question's id, or an item id (FACT@ARTICLE)"
    )


# ------------------------------------------------------------------------------------------ rows


def _row_answer(row: Mapping[str, Any], *, several: bool = False) -> GivenRow | None:
    """The row's answer, or its error. None if the row marks its prediction as missing."""
    if "resps" in row or "filtered_resps" in row:
        return _sample(row)
    id, is_item = _row_id(row)
    error = _error(row)
    if error is None and row.get("missing") is True:
        return None
    return GivenRow(
        id=id,
        is_item=is_item,
        answer=_answer_of(row, several=several) if error is None else None,
        no_answer_probability=fraction_in(row, "no_answer_probability"),
        error=error,
        hint="the file holds several models; keep the rows of one" if "model" in row else "",
        fields=row,
    )


def _row_id(row: Mapping[str, Any], where: str = "") -> tuple[str, bool]:
    fields = _fields(row, ID_FIELDS)
    if not fields:
        raise FieldError(f"{where}id", f"is missing or null; it should be the question's id ({_has(row)})")
    ids = {field: id_text(row[field], f"{where}{field}") for field in fields}
    if len(set(ids.values())) > 1:
        both = " and ".join(f"{field} {shown(id)}" for field, id in ids.items())
        raise FieldError(f"{where}{fields[0]}", f"the row has {both}; keep the question's id only")
    if "item" not in ids:
        return ids[fields[0]], False
    try:
        ItemId.parse(ids["item"])
    except ValueError as error:
        raise FieldError(f"{where}item", str(error)) from None
    return ids["item"], True


def _error(row: Mapping[str, Any]) -> str | None:
    error = row.get("error")
    if error is not None and not isinstance(error, str):
        raise FieldError("error", f"is {shown(error)}; it should be a text or null")
    return error


def _answer_of(row: Mapping[str, Any], *, several: bool = False) -> Given:
    field = _answer_field(row, "")
    if field is None:
        raise FieldError(
            "prediction",
            f"is missing or null; it should be a text (empty for no answer) or an n-best list ({_has(row)})",
        )
    if field == "answers" and row[field] and all(isinstance(part, str) for part in row[field]):
        if several:
            given = [text for text in row[field] if text.strip()]
            return Given(text=given[0] if given else "", several=tuple(given))
        raise FieldError(
            field,
            f"is {shown(row[field])}; only one answer can be scored: write the best one as prediction, or an "
            "n-best list, best first, as n_best",
        )
    return given_answer(row[field], field)


def _answer_field(row: Mapping[str, Any], where: str) -> str | None:
    """The field that holds the answer. Raises FieldError for golds, and if two fields disagree."""
    dot = f"{where}." if where else ""
    fields = _fields(row, PREDICTED_FIELDS) or _fields(row, ANSWER_FIELDS)
    for field in fields[1:]:
        if row[field] != row[fields[0]]:
            raise FieldError(
                f"{dot}{field}",
                f"is {shown(row[field])}, but {fields[0]} is {shown(row[fields[0]])}; keep the one that "
                "holds the answer",
            )
    if not fields:
        fields = [field for field in _fields(row, LIST_FIELDS) if isinstance(row[field], list)]
    golds = row if where else row.get("answers")
    for part in golds if isinstance(golds, list) else [golds]:
        if isinstance(part, dict) and "answer_start" in part and not _fields(row, PREDICTED_FIELDS):
            raise FieldError(
                where or "answers",
                "has answer_start, which only the golds of a data set have; give predictions here, and the "
                "data set to --dataset",
            )
    return fields[0] if fields else None


def _fields(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Those of `names` that are fields of the row. If none is, names that differ only in case count."""
    if found := [name for name in names if name in row]:
        return found
    folded = {field.casefold(): field for field in row if isinstance(field, str)}
    return [folded[name] for name in names if name in folded]


def _field(row: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next(iter(_fields(row, names)), None)


def _has(row: Mapping[str, Any]) -> str:
    names = ", ".join(map(str, list(row)[:8])) or "nothing"
    return f"the row has {names}{', …' if len(row) > 8 else ''}"


_OF_OTHER_FILES = ("schema_version", "results", "data", "paragraphs", "qas", "header", "context", "f1")
"""Fields that hint at a file of another kind."""


def _refuse_other_files(row: Mapping[str, Any]) -> None:
    """Raises FieldError for a row of a file that holds no predictions, with a message about where the file
    belongs.
    """
    if "schema_version" in row and "rows" in row:
        raise FieldError(
            "", "is the leaderboard of a run; name one of the files in the folder predictions next to it"
        )
    if "results" in row and ("configs" in row or "versions" in row):
        raise FieldError("", "holds results, not answers; name the file samples_….jsonl next to it")
    if _is_data_set(row):
        raise FieldError(
            "", "is a data set, not predictions; give it to --dataset, and give {id: answer} or rows here"
        )
    if (
        "f1" in row
        and ("exact" in row or "exact_match" in row)
        and "doc" not in row
        and not _fields(row, ID_FIELDS)
    ):
        raise FieldError("", "holds scores, not answers; name the file of predictions that was scored")


def _is_data_set(row: Mapping[str, Any]) -> bool:
    data = row.get("data")
    if isinstance(data, dict) or (isinstance(data, list) and data and isinstance(data[0], dict)):
        return True
    if not row.keys().isdisjoint(("paragraphs", "qas", "header")):
        return True
    if "context" not in row or "question" not in row:
        return False
    answered = not row.keys().isdisjoint(("score", "n_best", "error", "resps", "filtered_resps"))
    return not answered and not _fields(row, PREDICTED_FIELDS)


# ------------------------------------------------------------------------------------------ n-best lists


def _given_list(listed: list[Any], where: str) -> Given:
    objects = [entry for entry in listed if isinstance(entry, dict)]
    if objects and len(objects) < len(listed):
        raise FieldError(where, f"is {shown(listed)}; give texts, or objects with a text, not both")
    entries = [_entry(entry, f"{where}[{number}]") for number, entry in enumerate(listed)]
    scores = _scores(objects) if objects else [None] * len(listed)
    found = tuple(
        Listed(entry.text, score, entry.probability) for entry, score in zip(entries, scores, strict=True)
    )
    _check_order(found, where)
    return Given(
        text=None if found else "",
        listed=found,
        by_score=bool(objects) and all("text" in entry for entry in objects),
    )


def _entry(entry: object, where: str) -> Listed:
    """One entry of a list, still without its score."""
    if entry is None:
        return Listed("", None, None)
    if isinstance(entry, str):
        return Listed(entry, None, None)
    if not isinstance(entry, dict):
        inside = "; a list inside a list has no order" if isinstance(entry, list) else ""
        raise FieldError(where, f"is {shown(entry)}; it should be a text or an object with a text{inside}")
    field = _answer_field(entry, where) or ("data" if "score" in entry and "data" in entry else None)
    text = "" if field is not None and entry[field] is None else entry.get(field or "text")
    if not isinstance(text, str):
        raise FieldError(where, f"is {shown(entry)}; it should be an object with a text")
    from_farm = "offset_answer_start" in entry
    if (
        from_farm
        and text == "no_answer"
        and not (entry["offset_answer_start"] or entry.get("offset_answer_end"))
    ):
        text = ""
    for name in _NUMBERS:
        number_in(entry, name, where)
    span_in(entry, where)
    # FARM has no probability: it writes -1 or null.
    return Listed(text, None, None if from_farm else fraction_in(entry, "probability", where))


_NUMBERS = ("start_logit", "end_logit", "start_log_prob", "end_log_prob", "score")
_SCALES = (
    ("start_logit", "end_logit"),
    ("start_log_prob", "end_log_prob"),
    ("score",),
    ("probability",),
)
"""Fields that rank the entries of a list. The score is the sum of the first group that all entries have."""


def _scores(entries: Sequence[Mapping[str, Any]]) -> list[float | None]:
    for names in _SCALES:
        if all(entry.get(name) is not None for entry in entries for name in names):
            return [sum(float(entry[name]) for name in names) for entry in entries]
    return [None] * len(entries)


def _check_order(listed: Sequence[Listed], where: str) -> None:
    """Raises FieldError unless the texts that are not empty are sorted from best to worst."""
    before = math.inf
    for number, entry in enumerate(listed):
        if not entry.text or entry.score is None:
            continue
        if entry.score > before + _TOLERANCE * max(1.0, abs(before)):
            raise FieldError(
                f"{where}[{number}]", "has a greater score than the one before it; the best goes first"
            )
        before = entry.score


# ------------------------------------------------------------------------------------------ lm-eval


def _sample(row: Mapping[str, Any]) -> GivenRow | None:
    """The answer in a row of lm-evaluation-harness's samples, which may write numbers as texts.

    If the task also asks for the log-likelihood of "unanswerable", its exponential is the no-answer
    probability.
    """
    doc = row.get("doc")
    if not isinstance(doc, dict):
        raise FieldError(
            "doc", f"is {shown(doc)}; it should be the question, with its id (doc_id is a count)"
        )
    id, is_item = _row_id(doc, "doc.")
    article = doc.get("article")  # `qa-eval export --format lm-eval` writes it.
    is_item = is_item or (isinstance(article, str) and id.endswith(f"@{article}"))
    error = _error(row)
    if error is None and row.get("missing") is True:
        return None
    which = "filtered_resps" if row.get("filtered_resps") is not None else "resps"
    text, probability = _responses(row[which], which) if error is None else ("", None)
    return GivenRow(
        id=id,
        is_item=is_item,
        answer=Given(text=text) if error is None else None,
        no_answer_probability=probability,
        error=error,
        hint="if the samples have a row for each filter, keep the rows of one" if "filter" in row else "",
        fields={},
    )


def _responses(responses: object, field: str) -> tuple[str, float | None]:
    """The generated text, and the probability of no answer if the task asks for it."""
    if not isinstance(responses, list) or not responses:
        raise FieldError(field, f"is {shown(responses)}; it should be a list with the generated text")
    parts = [part[0] if isinstance(part, list) and len(part) == 1 else part for part in responses]
    texts = {part for part in parts if isinstance(part, str)}
    if len(parts) == 1 and isinstance(parts[0], list) and all(isinstance(part, str) for part in parts[0]):
        raise FieldError(f"{field}[0]", f"is {shown(responses[0])}; which of these is the answer? Keep one")
    if not isinstance(parts[0], str):
        raise FieldError(
            f"{field}[0]",
            f"is {shown(responses[0])}; it should be one text (only tasks that generate text have answers)",
        )
    if len(texts) > 1:
        raise FieldError(field, f"is {shown(responses)}; which of these is the answer? Keep one")
    if len(parts) == 1:
        return parts[0], None
    return parts[0], _likelihood(parts[1], f"{field}[1]") if not isinstance(parts[1], str) else None


def _likelihood(pair: object, field: str) -> float:
    """The exponential of the first value of [log-likelihood, is greedy]."""
    value = pair[0] if isinstance(pair, list) and pair and isinstance(pair[0], str | int | float) else None
    try:
        likelihood = math.nan if value is None or isinstance(value, bool) else float(value)
    except (ValueError, OverflowError):
        likelihood = math.nan
    if not likelihood <= _TOLERANCE:  # This also refuses NaN.
        raise FieldError(field, f"is {shown(pair)}; it should begin with a log-likelihood, at most 0")
    return min(1.0, math.exp(likelihood))


# ------------------------------------------------------------------------------------------ fields


def number_in(row: Mapping[str, Any], field: str, where: str = "") -> float | None:
    """The number in the field; None if it is missing or null. Raises FieldError for anything else."""
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError(_inside(where, field), f"is {shown(value)}; it should be a number or null")
    try:
        number = float(value)
    except OverflowError:
        raise FieldError(_inside(where, field), f"is {shown(value)}, which is too great") from None
    if not math.isfinite(number):
        raise FieldError(_inside(where, field), f"is {shown(value)}; it should be a number or null")
    return number


def fraction_in(row: Mapping[str, Any], field: str, where: str = "") -> float | None:
    """`number_in`, restricted to 0 to 1. Raises FieldError for a number outside."""
    number = number_in(row, field, where)
    if number is not None and not 0 <= number <= 1:
        raise FieldError(_inside(where, field), f"is {number}; it should be from 0 to 1")
    return number


def span_in(entry: Mapping[str, Any], where: str) -> tuple[int, int] | None:
    """The character offsets `start` and `end` of an entry; None if it has neither. Raises FieldError if they
    are wrong.
    """
    start, end = (count_in(entry, field, where) for field in ("start", "end"))
    if start is None and end is None:
        return None
    if start is None or end is None or end < start:
        raise FieldError(where, f"has start {start} and end {end}; give both, in order, or neither")
    return start, end


def count_in(row: Mapping[str, Any], field: str, where: str = "") -> int | None:
    """The whole number, at least 0, in the field; None if it is missing or null. Raises FieldError for
    anything else.
    """
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        what = "a character offset" if field in ("start", "end") else "a whole number, from 0,"
        raise FieldError(_inside(where, field), f"is {shown(value)}; it should be {what} or null")
    return value


def _inside(where: str, field: str) -> str:
    return f"{where}.{field}".strip(".")


def plain(value: object) -> Any:  # noqa: ANN401
    """The value as JSON has it. Scalars, arrays, tuples and mappings of other libraries become plain values.

    Raises FieldError for a value that is nested too deeply or that contains itself.

    >>> plain(({"id": 3},))
    [{'id': 3}]
    """
    try:
        return _plain(value)
    except RecursionError:
        raise FieldError("", "is nested too deeply") from None


def _plain(value: object) -> Any:  # noqa: ANN401
    if hasattr(value, "tolist"):  # of NumPy and of what is built on it, without importing it
        listed = value.tolist()
        return listed if type(listed) is type(value) else _plain(listed)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def shown(value: object) -> str:
    """The value as a message shows it to people, at most one line long.

    >>> shown({"a": 1}), shown(None)
    ('{"a": 1}', 'missing or null')
    """
    if value is None:
        return "missing or null"
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (TypeError, RecursionError):
        text = f"a {type(value).__name__}"
    except ValueError:  # more digits than the interpreter prints
        text = "a number of thousands of digits"
    return text if len(text) <= 60 else text[:59] + "…"
