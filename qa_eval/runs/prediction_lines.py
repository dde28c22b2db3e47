"""One line of a predictions file: a row as canonical JSON, and the way back.

A run writes and reads a row for each item. pydantic checks a row, converts what can be converted, and says
what is wrong. Candidates are most of a row. In the form in which they were written, they become columns
without pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

from qa_eval.files.hashes import canonical_json
from qa_eval.records import Candidate, NBest, field_names
from qa_eval.runs.schema import PREDICTION_ADAPTER, PredictionRow

_BEFORE = tuple(sorted(name for name in field_names(PredictionRow) if name < "n_best"))
_AFTER = tuple(sorted(name for name in field_names(PredictionRow) if name > "n_best"))
_before, _after = attrgetter(*_BEFORE), attrgetter(*_AFTER)
"""The fields of a row on either side of its candidates, in the order of canonical JSON."""


def render_prediction(row: PredictionRow) -> str:
    """The row as a line of a predictions file: one canonical JSON object."""
    before = dict(zip(_BEFORE, _before(row), strict=True))
    after = dict(zip(_AFTER, _after(row), strict=True))
    before["match"] = {**row.match.parts(), **row.match.extra}
    for name in row.left_out():
        del (before if name in before else after)[name]
    for name, value in row.extra.items():
        (before if name < "n_best" else after)[name] = value
    first, last = canonical_json(before), canonical_json(after)
    return f'{first[:-1]},"n_best":{_candidates_json(row.n_best)},{last[1:]}\n'


def _candidates_json(candidates: Sequence[Candidate]) -> str:
    """The candidates as canonical JSON. Columns are written without making candidates of them."""
    if not (candidates and isinstance(candidates, NBest)):
        return canonical_json([{**candidate.parts(), **candidate.extra} for candidate in candidates])
    numbers = (candidates.ends, candidates.probabilities, candidates.scores, candidates.starts)
    written = [canonical_json(column)[1:-1].split(",") for column in numbers]
    articles = {article: canonical_json(article) for article in {*candidates.articles}}
    named = [articles[article] for article in candidates.articles]
    listed = [
        f'{{"article":{article},"end":{end},"probability":{probability},'
        f'"score":{score},"start":{start},"text":{text}}}'
        for article, end, probability, score, start, text in zip(
            named, *written, map(encode_basestring, candidates.texts), strict=True
        )
    ]
    return f"[{','.join(listed)}]"


def without_candidates(line: bytes) -> bytes:
    """The line without its candidates, which are most of it. A line in another form than ours stays whole.

    No text in JSON can hold the searched bytes, because a quote in a text has a backslash before it.

    >>> without_candidates(b'{"item":"a","n_best":[{"text":"b"}],"no_answer_given":false}')
    b'{"item":"a","no_answer_given":false}'
    """
    before, found, rest = line.partition(b',"n_best":[')
    _, end, after = rest.partition(b'],"no_answer_given":')
    return before + b',"no_answer_given":' + after if found and end else line


def parse_prediction(value: dict[str, Any]) -> PredictionRow:
    """The row of a line's JSON object. Raises pydantic's ValidationError if it is none."""
    candidates = NBest.listed(value.get("n_best", []))
    if candidates is None:
        return PREDICTION_ADAPTER.validate_python(value)
    row = PREDICTION_ADAPTER.validate_python({**value, "n_best": ()})
    object.__setattr__(row, "n_best", candidates)  # columns, which pydantic would make objects of
    return row
