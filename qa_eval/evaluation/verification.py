"""Verification: computes a stored run again from its stored answers, and names every number that differs.

No model is asked. Predictions are rebuilt from the rows, decided by the stored threshold, scored against the
present questions, summarized and ranked. References are rebuilt from the golds. Some fields may differ
between equal runs and cannot be computed again: times, names, environment, performance, and the number of
cached answers. Checksums show whether these were changed. A field without a checksum is a difference, and so
is a field that the schema does not know.

The rows of a public run hold their golds, so the run can be scored again without its data set. If the data
set is available, the golds are compared with it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel

from qa_eval.data.dataset import Dataset, open_dataset
from qa_eval.errors import InputError, QaEvalError
from qa_eval.evaluation.plans import identity_of, run_id_of
from qa_eval.evaluation.tasks.curated import CuratedTask
from qa_eval.evaluation.tasks.public import AskedExample, StoredTask
from qa_eval.evaluation.tasks.task import Judge, Rows, Task, dataset_task
from qa_eval.files.paths import read_input, user_path
from qa_eval.files.strict_json import decode_utf8, parse_json
from qa_eval.metrics.item_scores import SCORER_VERSION, WORDLESS_VERSION
from qa_eval.metrics.listings import entry as metric_entry
from qa_eval.metrics.score_table import ScoreTable
from qa_eval.metrics.worded_scores import ATTRIBUTION_SCORES
from qa_eval.records import Corpus, ItemId, NBest, Stored, Track
from qa_eval.runs.checksums import changed_fields, unsealed_fields
from qa_eval.runs.data_kinds import data_kind
from qa_eval.runs.options import Threshold
from qa_eval.runs.ranking import Entry, decoding_row, judged_entry, model_signature, rank_rows, reference_row
from qa_eval.runs.rows import item_hashes_sha256
from qa_eval.runs.schema import CountsRow, DataRow, Leaderboard, PredictionRow, Row
from qa_eval.runs.sources import dataset_spec, find_corpus
from qa_eval.runs.store import LEADERBOARD, Run, file_sha256, load_run
from qa_eval.text.phrases import count

_TOLERANCE = 1e-9
"""Greatest difference of two numbers that count as equal. Another machine may sum in another order."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
_UNCOMPARED = frozenset({"performance", "cached", "unasked", "checksums"})


def verify(path: Path | str, corpus: Corpus | None = None, dataset: Dataset | None = None) -> list[str]:
    """The differences between a stored run and its recomputation, one line each; empty if there are none.

    A line is `FILE: PATH: stored X, recomputed Y`. `corpus` is the run's corpus, by default the one that it
    records (see `find_corpus`). `dataset` is the data set of a public run, by default the one that it names
    (see `recorded_dataset`). If the data are not those of the run, this is the only difference that is
    reported. If answers are lost, the rows of the leaderboard are not compared. If no answers are stored
    (`Run.is_alone`), this is no difference: the data, the references and the checksums are compared.

    Raises InputError if the leaderboard or the data set cannot be read. Raises QaEvalError for a corpus with
    a public run, and for a data set with any other run.
    """
    run = load_run(path)
    board = run.leaderboard
    if data_kind(board.data).is_spec:
        if corpus is not None:
            raise QaEvalError(f"{path}: is a run on {board.data.dataset}, not on questions about articles")
        dataset = dataset or recorded_dataset(run)
        if dataset is None:
            if data_kind(board.data).has_claims:
                raise QaEvalError(
                    f"{path}: {board.data.dataset} does not exist. Its claims decide the scores; name "
                    "the data set with --dataset"
                )
            return _verified(run, StoredTask(board.rules), None)
        task: Task = dataset_task(dataset.with_rules(board.rules) if board.scored else dataset, board.options)
        return _verified(run, task, task)
    if dataset is not None:
        raise QaEvalError(f"{path}: is a run on questions about articles, not on a public data set")
    task = CuratedTask(find_corpus(run) if corpus is None else corpus, board.options)
    return _verified(run, task, task)


def recorded_dataset(run: Run) -> Dataset | None:
    """The data set that a public run names; None if it no longer exists. A file is not read yet."""
    spec = dataset_spec(run)
    kind, _, name = spec.partition(":")
    try:
        if kind != "hub" and not user_path(name).is_file():
            return None
        return reopened(run)
    except QaEvalError:
        return None


def reopened(run: Run, spec: str | None = None, split: str | None = None) -> Dataset:
    """The data set of a run, opened with the run's columns. A spec overrides the recorded location.

    Raises SpecError as `open_dataset` does.
    """
    data = run.leaderboard.data
    if spec is None:
        spec, split = dataset_spec(run), data.split
    return open_dataset(spec, split=split, columns=data.columns, duplicate_ids=data.duplicate_ids)


def _verified(run: Run, judge: Judge, task: Task | None) -> list[str]:
    """The numbers that differ, then the fields that were otherwise added, changed or left out."""
    found = list(_differences(run, judge, task))
    found += _repeated_keys(run)
    found += unknown_fields(run.leaderboard, f"{LEADERBOARD}: ")
    document = run.document()
    sealing = dict.fromkeys(changed_fields(document), "changed since it was written")
    sealing |= dict.fromkeys(unsealed_fields(document), "has no checksum")
    for path, problem in sealing.items():
        line = f"{LEADERBOARD}: {path}"
        if not any(known.startswith((f"{line}.", f"{line}:", f"{line}[")) for known in found):
            found.append(f"{line}: {problem}")
    return found


def _repeated_keys(run: Run) -> Iterator[str]:
    """Findings about keys that occur twice in the leaderboard's file, which readers treat differently."""
    if run.path is None:
        return
    parsed = parse_json(decode_utf8(read_input(run.path / LEADERBOARD)), foreign=True)
    yield from (f"{LEADERBOARD}: {problem.field}: {problem.message}" for problem in parsed.problems)


def _differences(run: Run, judge: Judge, task: Task | None) -> Iterator[str]:
    """The numbers that differ. `task` is None if the data are not available."""
    board = run.leaderboard
    items: Mapping[str, str] | None = None
    references: dict[str, Entry] = {}
    if task is not None:
        items = task.items_with_hashes()
        other = list(_other_data(board, task.data))
        yield from other
        if other:
            return
        names: dict[str, object] = {
            name: getattr(board.data, name)
            for name in ("kind", "dataset", "split", "notes", "article_labels")
        }
        names |= {"whole": None} if board.data.whole is None else {}  # an older program did not record it
        yield from differences(board.data, task.data.model_copy(update=names), f"{LEADERBOARD}: data")
        references = {entry.row.model.spec: entry for entry in _references(task, board)}
    versions = {"rules": (board.rules, judge.rules), "scorer_version": (board.scorer_version, _scorer(board))}
    for name, (stored, present) in versions.items():
        yield from differences(stored, present, f"{LEADERBOARD}: {name}")
    yield from _rows_differ(board, None if task is None else set(references))
    entries = []
    for index, row in enumerate(board.rows):
        if row.is_reference:
            known = references.get(row.model.spec) if task is not None else Entry(row=row)
            if known is None:
                yield f"{LEADERBOARD}: rows[{index}].model.spec: {row.model.spec} is not a reference"
            else:
                entries.append(known)
                if run.is_alone:
                    yield from differences(
                        row.metrics, known.row.metrics, f"{LEADERBOARD}: rows[{index}].metrics"
                    )
            continue
        entry, found = _recomputed(run, row, judge, items)
        yield from found
        entries.append(entry)
    if all(entry.tables or entry.row.is_reference or entry.row.status == "error" for entry in entries):
        yield from _compared(board, entries, judge)


def _other_data(board: Leaderboard, data: DataRow) -> Iterator[str]:
    advice = " (the run is on other files; name them)" if data_kind(board.data).moves else ""
    for name in ("questions_sha256", "articles_sha256"):
        stored, present = getattr(board.data, name), getattr(data, name)
        if stored != present:
            yield f"{LEADERBOARD}: data.{name}: stored {stored}, these have {present}{advice}"


def _references(task: Task, board: Leaderboard) -> Iterator[Entry]:
    for name, tables in task.references():
        row = reference_row(name, data=task.data.item_hashes_sha256, rules=task.rules, scorer=_scorer(board))
        yield _as_scored(board, judged_entry(row, tables, resamples=board.options.resamples))


def _scorer(board: Leaderboard) -> str:
    """The version that the run is computed again by: its own, if that is one that this program knows."""
    return WORDLESS_VERSION if board.scorer_version == WORDLESS_VERSION else SCORER_VERSION


def _as_scored(board: Leaderboard, entry: Entry) -> Entry:
    """The entry with the metrics that the version of the run has."""
    row = entry.row
    update = {
        name: {part: _of_version(board, metrics) for part, metrics in getattr(row, name).items()}
        for name in ("metrics", "slices")
    }
    return Entry(row=row.model_copy(update=update), tables=entry.tables)


_Value = TypeVar("_Value")


def _of_version(board: Leaderboard, metrics: Mapping[str, _Value]) -> Mapping[str, _Value]:
    """The metrics, without those of answers in words if the version of the run does not read them."""
    if _scorer(board) == SCORER_VERSION:
        return metrics
    return {id: value for id, value in metrics.items() if not _is_of_words(id)}


def _is_of_words(score: str) -> bool:
    return metric_entry(score).family == "words" or score in ATTRIBUTION_SCORES


def _rows_differ(board: Leaderboard, references: Collection[str] | None) -> Iterator[str]:
    """Findings about rows that occur twice, and about missing or superfluous references.

    `references` are the references of the data. They are None if the data are not available; then the oracle
    is the least that is expected.
    """
    specs = [row.model.spec for row in board.rows]
    for index, spec in enumerate(specs):
        if spec in specs[:index]:
            yield f"{LEADERBOARD}: rows[{index}].model.spec: {spec} has another row"
    if references is None:
        references = {"reference:oracle"} if any(row.metrics for row in board.rows) else set()
    if not board.options.references:
        yield from (
            f"{LEADERBOARD}: rows[{index}].model.spec: {row.model.spec}, though the run has no references"
            for index, row in enumerate(board.rows)
            if row.is_reference
        )
    elif board.status != "partial":
        yield from (f"{LEADERBOARD}: rows: {spec} is missing" for spec in sorted({*references} - {*specs}))


def _recomputed(run: Run, row: Row, judge: Judge, items: Mapping[str, str] | None) -> tuple[Entry, list[str]]:
    """A model's row, computed again from its stored answers, and findings about the answers."""
    if row.predictions is not None and run.is_alone:
        return Entry(row=row), []
    if row.predictions is None:
        wrong = (
            [] if row.status == "error" else [f"{LEADERBOARD}: {row.model.spec}: names no predictions file"]
        )
        return Entry(row=row), wrong
    name = row.predictions.path
    board = run.leaderboard
    tables: dict[Track, ScoreTable] = {}
    seen, decided, older = 0, False, _scorer(board) != SCORER_VERSION
    found: list[str] = []
    try:
        for stored, rows in _rejudged(
            judge, lambda: _own_items(name, row, run, items), board.options.threshold
        ):
            for before, judged in zip(stored, rows, strict=True):
                seen += 1
                now = replace(judged, scores=dict(_of_version(board, judged.scores))) if older else judged
                found += differences(before, now, f"{name}:{seen}: {before.item}")
                found += unknown_fields(before, f"{name}:{seen}: {before.item}.")
                decided |= now.threshold is not None
            judge.tabulate(tables, rows)
        sha256 = file_sha256(run.file(row.predictions)) if run.path is not None else row.predictions.sha256
    except _OtherItemsError as error:
        return Entry(row=row), error.findings
    except (InputError, ValueError) as error:
        return Entry(row=row), [f"{name}: {line}" for line in str(error).splitlines()]
    decoding = row.decoding.windows
    fresh = Row(
        status=row.status,
        model=row.model,
        signature=model_signature(
            row.model,
            decoding,
            board.options.threshold,
            deterministic=board.options.deterministic,
            data=board.data.item_hashes_sha256,
            rules=judge.rules,
            scorer=_scorer(board),
        ),
        decoding=decoding_row(decoding, board.options.threshold, decided=decided),
        counts=CountsRow(
            cached=row.counts.cached, unasked=board.data.items.reading + board.data.items.pooled - seen
        ),
        predictions=row.predictions.model_copy(update={"sha256": sha256, "rows": seen}),
    )
    status: Literal["ok", "partial"] = "partial" if row.status == "partial" else "ok"
    entry = judged_entry(fresh, tables, resamples=board.options.resamples, status=status)
    return _as_scored(board, entry), found


def _rejudged(
    judge: Judge, rows: Rows, threshold: Threshold
) -> Iterator[tuple[Sequence[PredictionRow], Sequence[PredictionRow]]]:
    """As `judge.rejudged`. If judging fails, all rows are read first, so that `rows` may raise what is wrong
    with them.
    """
    try:
        yield from judge.rejudged(rows, threshold)
    except ValueError:
        deque(rows(), maxlen=0)
        raise


class _OtherItemsError(Exception):
    """The stored items are not those of the run. It holds a finding for each of them."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__()
        self.findings = findings


def _own_items(name: str, row: Row, run: Run, items: Mapping[str, str] | None) -> Iterator[PredictionRow]:
    """The stored rows of a model, up to the first one that is not of this run.

    After the last row, raises _OtherItemsError if items occur twice, were not asked, were changed, or are
    missing for a finished model. If the questions are not known, a single hash of all items is compared.
    """
    found: list[str] = []
    seen: set[str] = set()
    hashes = []
    for number, stored in enumerate(run.stream(row, checked=False), 1):
        ItemId.parse(stored.item)
        if stored.item in seen:
            found.append(f"{name}:{number}: {stored.item}: stored twice")
        elif items is not None and stored.item not in items:
            found.append(f"{name}:{number}: {stored.item}: is not an item of this run")
        elif items is not None and items[stored.item] not in ("", AskedExample.stored(stored).sha256):
            found.append(
                f"{name}:{number}: {stored.item}: question, context or golds differ from the data set"
            )
        seen.add(stored.item)
        if items is None:
            hashes.append((stored.item, AskedExample.stored(stored).hashes))
        if not found:
            yield stored
    if row.status == "ok" and items is not None:
        found += [f"{name}: {item}: not stored" for item in items if item not in seen]
    elif row.status == "ok":
        together = item_hashes_sha256(hashes)
        found += differences(run.leaderboard.data.item_hashes_sha256, together, f"{name}: hash of the items")
    if found:
        raise _OtherItemsError(found)


def _compared(board: Leaderboard, entries: Sequence[Entry], judge: Judge) -> Iterator[str]:
    """The differences in the rows with their ranks, in the leaderboard's own numbers, and in the order."""
    index = {row.model.spec: i for i, row in enumerate(board.rows)}
    finished = board.status != "partial"
    ranked = rank_rows(entries, resamples=board.options.resamples, sorts=judge.sorts)
    for now in ranked.rows:
        at = index[now.model.spec]
        yield from differences(board.rows[at], now, f"{LEADERBOARD}: rows[{at}]")
    order = [row.model.spec for row in ranked.rows]
    yield from differences([row.model.spec for row in board.rows], order, f"{LEADERBOARD}: order of rows")
    yield from differences(board.sort, ranked.sort, f"{LEADERBOARD}: sort")
    yield from differences(
        board.minimum_detectable_difference,
        ranked.minimum_detectable_difference,
        f"{LEADERBOARD}: minimum_detectable_difference",
    )
    if finished:
        signatures = [row.signature for row in ranked.rows if not row.is_reference]
        run_id = run_id_of(identity_of(board.data, board.options, signatures, judge.rules, _scorer(board)))
        yield from differences(board.run_id, run_id, f"{LEADERBOARD}: run_id")
        expected = "error" if any(row.status == "error" for row in board.rows) else "complete"
        yield from differences(board.status, expected, f"{LEADERBOARD}: status")


# ------------------------------------------------------------------------------------------ comparing


def differences(stored: object, computed: object, path: str) -> Iterator[str]:
    """The differences of two values, by path. Numbers within 1e-9 are equal. Unknown fields are ignored.

    >>> list(differences({"f1": 0.5, "n": 3}, {"f1": 0.6, "n": 3}, "rows[0]"))
    ['rows[0].f1: stored 0.5, recomputed 0.6']
    """
    if type(stored) is type(computed) and stored == computed:
        return
    stored, computed = _plain(stored), _plain(computed)
    if isinstance(stored, Mapping) and isinstance(computed, Mapping):
        for key in sorted({*stored, *computed} - _UNCOMPARED):
            if key not in computed or key not in stored:
                there = [_shown(side[key]) if key in side else "nothing" for side in (stored, computed)]
                yield f"{path}.{key}: stored {there[0]}, recomputed {there[1]}"
            else:
                yield from differences(stored[key], computed[key], f"{path}.{key}")
    elif isinstance(stored, list) and isinstance(computed, list) and len(stored) == len(computed):
        for i, (before, now) in enumerate(zip(stored, computed, strict=True)):
            yield from differences(before, now, f"{path}[{i}]")
    elif not _equal(stored, computed):
        yield f"{path}: stored {_shown(stored)}, recomputed {_shown(computed)}"


def unknown_fields(value: object, path: str) -> Iterator[str]:
    """Findings about stored fields that the schema does not know, at any depth. `path` precedes the names.

    >>> from qa_eval.runs.schema import ItemsRow
    >>> row = ItemsRow.model_validate({"reading": 1, "mood": "good"})
    >>> list(unknown_fields([row], "rows"))
    ['rows[0].mood: is no field that this version knows']
    """
    if type(value) in _PLAIN or isinstance(value, NBest):
        return
    if isinstance(value, BaseModel | Stored):
        path = path if not path or path.endswith((".", " ")) else f"{path}."
        unknown = value.extra if isinstance(value, Stored) else value.model_extra
        yield from (f"{path}{name}: is no field that this version knows" for name in unknown or ())
        for name, part in _fields(value).items():
            if type(part) not in _PLAIN:
                yield from unknown_fields(part, f"{path}{name}")
    elif isinstance(value, Mapping):
        for key, part in value.items():
            if type(part) not in _PLAIN:
                yield from unknown_fields(part, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            if type(part) not in _PLAIN:
                yield from unknown_fields(part, f"{path}[{number}]")


def _plain(value: object) -> object:
    if isinstance(value, BaseModel | Stored):
        return _fields(value)
    return list(value) if isinstance(value, tuple | NBest) else value


def _fields(record: BaseModel | Stored) -> dict[str, object]:
    """The fields of a record that this version of the program knows, by name."""
    if isinstance(record, Stored):
        return record.parts()
    return {name: getattr(record, name) for name in type(record).model_fields}


def _equal(stored: object, computed: object) -> bool:
    if isinstance(stored, bool) or isinstance(computed, bool):
        return stored is computed
    if isinstance(stored, int | float) and isinstance(computed, int | float):
        return math.isclose(stored, computed, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return stored == computed


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return count(len(value), "value")
    if isinstance(value, BaseModel | Stored):
        return "a record"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
