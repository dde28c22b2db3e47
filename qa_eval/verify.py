"""Computes a stored run again from its stored answers, and names every number that comes out otherwise.

Nothing is asked of a model. Predictions are rebuilt from the rows, decided by the stored threshold, scored
against the present questions, summarized and ranked; references are rebuilt from the golds. What may differ
between equal runs (times, names, environment, performance, what came from the cache) is not compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from qa_eval.corpus import load_corpus
from qa_eval.errors import InputError
from qa_eval.judging import judge, rebuild
from qa_eval.planning import chosen_items, describe_data, identity_of, run_id_of
from qa_eval.ranking import (
    RULES,
    Entry,
    decoding_row,
    judged_entry,
    model_signature,
    rank_rows,
    reference_entries,
)
from qa_eval.records import Corpus, Decoding, ItemId
from qa_eval.results_schema import CountsRow, Leaderboard, Row
from qa_eval.scoring import SCORER_VERSION
from qa_eval.store import LEADERBOARD, Run, file_sha256, load_run

_TOLERANCE = 1e-9
"""Two computed numbers that are closer are equal: another machine may sum in another order."""
_UNCOMPARED = frozenset({"performance", "cached", "unasked"})


def verify(path: Path | str, corpus: Corpus | None = None) -> list[str]:
    """Every difference between a stored run and what comes out now, one line each; empty if it verifies.

    `corpus` is what the run was made of; the curated set by default. If that is other data, this is the only
    difference reported; if answers are lost, the leaderboard's rows are not compared. A line is
    `FILE: PATH: stored X, recomputed Y`. Raises InputError if the leaderboard cannot be read.
    """
    run = load_run(path)
    corpus = load_corpus() if corpus is None else corpus
    return list(_verified(run, corpus))


def _verified(run: Run, corpus: Corpus) -> Iterator[str]:
    board = run.leaderboard
    other = list(_other_data(board, corpus))
    yield from other
    if other:
        return
    versions = {"rules": (board.rules, RULES), "scorer_version": (board.scorer_version, SCORER_VERSION)}
    for name, (stored, present) in versions.items():
        yield from differences(stored, present, f"{LEADERBOARD}: {name}")
    items = chosen_items(corpus, board.options)
    data = describe_data(corpus, items).model_copy(update={"kind": board.data.kind})
    yield from differences(board.data, data, f"{LEADERBOARD}: data")
    entries = []
    references = {
        entry.row.model.spec: entry
        for entry in reference_entries(
            corpus, items, data=data.item_hashes_sha256, resamples=board.options.resamples
        )
    }
    for index, row in enumerate(board.rows):
        if row.is_reference:
            known = references.get(row.model.spec)
            if known is None:
                yield f"{LEADERBOARD}: rows[{index}].model.spec: {row.model.spec} is no reference"
            else:
                entries.append(known)
            continue
        entry, found = _recomputed(run, row, corpus, items)
        yield from found
        entries.append(entry)
    if all(entry.scores or entry.row.status == "error" for entry in entries):
        yield from _compared(board, entries)


def _other_data(board: Leaderboard, corpus: Corpus) -> Iterator[str]:
    advice = "" if board.data.kind == "curated" else " (the run is of other files: name them)"
    for name in ("questions_sha256", "articles_sha256"):
        stored, present = getattr(board.data, name), getattr(corpus, name)
        if stored != present:
            yield f"{LEADERBOARD}: data.{name}: stored {stored}, these have {present}{advice}"


def _recomputed(run: Run, row: Row, corpus: Corpus, items: Sequence[ItemId]) -> tuple[Entry, list[str]]:
    """A model's row made again from its stored answers, and what is wrong with those."""
    if row.predictions is None:
        wrong = (
            [] if row.status == "error" else [f"{LEADERBOARD}: {row.model.spec}: no predictions are named"]
        )
        return Entry(row=row), wrong
    name = row.predictions.path
    try:
        stored = run.predictions(row)
        sha256 = file_sha256(run.file(row.predictions)) if run.path is not None else row.predictions.sha256
        asked = [ItemId.parse(line.item) for line in stored]
    except (InputError, ValueError) as error:
        return Entry(row=row), [f"{name}: {line}" for line in str(error).splitlines()]
    found = list(_items_differ(name, row, asked, items))
    if found:
        return Entry(row=row), found
    board = run.leaderboard
    judged = judge(corpus, asked, *rebuild(stored), board.options.threshold)
    for number, (before, now) in enumerate(zip(stored, judged.rows, strict=True), 1):
        found += differences(before, now, f"{name}:{number}: {before.item}")
    decoding = _decoding(row)
    fresh = Row(
        status=row.status,
        model=row.model,
        signature=model_signature(
            row.model,
            decoding,
            board.options.threshold,
            deterministic=board.options.deterministic,
            data=board.data.item_hashes_sha256,
        ),
        decoding=decoding_row(decoding, board.options.threshold, judged.rows),
        counts=CountsRow(cached=row.counts.cached, unasked=len(items) - len(asked)),
        predictions=row.predictions.model_copy(update={"sha256": sha256, "rows": len(stored)}),
    )
    status: Literal["ok", "partial"] = "partial" if row.status == "partial" else "ok"
    return judged_entry(fresh, judged, resamples=board.options.resamples, status=status), found


def _items_differ(name: str, row: Row, asked: Sequence[ItemId], items: Sequence[ItemId]) -> Iterator[str]:
    """Items that are stored twice, that were not to be asked, or (of a finished model) that are not there."""
    seen: set[ItemId] = set()
    for number, item in enumerate(asked, 1):
        if item in seen:
            yield f"{name}:{number}: {item}: stored twice"
        elif item not in set(items):
            yield f"{name}:{number}: {item}: is no item of this run"
        seen.add(item)
    if row.status == "ok":
        yield from (f"{name}: {item}: not stored" for item in items if item not in seen)


def _decoding(row: Row) -> Decoding | None:
    d = row.decoding
    if None in (d.max_length, d.doc_stride, d.max_answer_tokens, d.n_best):
        return None
    return Decoding(**{field: getattr(d, field) for field in Decoding.__dataclass_fields__})


def _compared(board: Leaderboard, entries: Sequence[Entry]) -> Iterator[str]:
    """The rows with their ranks, the leaderboard's own numbers, and the order."""
    index = {row.model.spec: i for i, row in enumerate(board.rows)}
    finished = board.status != "partial"
    ranked = rank_rows(entries, resamples=board.options.resamples)
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
        run_id = run_id_of(identity_of(board.data, board.options, signatures))
        yield from differences(board.run_id, run_id, f"{LEADERBOARD}: run_id")
        expected = "error" if any(row.status == "error" for row in board.rows) else "complete"
        yield from differences(board.status, expected, f"{LEADERBOARD}: status")


# ------------------------------------------------------------------------------------------ comparing


def differences(stored: object, computed: object, path: str) -> Iterator[str]:
    """Where values differ, by path. Numbers within 1e-9 are equal; fields unknown to the schema do not count.

    >>> list(differences({"f1": 0.5, "n": 3}, {"f1": 0.6, "n": 3}, "rows[0]"))
    ['rows[0].f1: stored 0.5, recomputed 0.6']
    """
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


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    return list(value) if isinstance(value, tuple) else value


def _equal(stored: object, computed: object) -> bool:
    if isinstance(stored, bool) or isinstance(computed, bool):
        return stored is computed
    if isinstance(stored, int | float) and isinstance(computed, int | float):
        return math.isclose(stored, computed, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    return stored == computed


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{len(value)} values"
    if isinstance(value, BaseModel):
        return "a record"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
