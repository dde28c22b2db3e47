"""One line of a predictions file: a row as canonical JSON, and the way back.

A run writes and reads a row for each item. pydantic checks a row, converts what can be converted, and says
what is wrong. Candidates are most of a row. In the form in which they were written, they become columns
without pydantic.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from qa_eval.files.hashes import canonical_json
from qa_eval.records import Candidate, NBest
from qa_eval.runs.schema import PREDICTION_ADAPTER, PredictionRow


def render_prediction(row: PredictionRow) -> str:
    """The row as a line of a predictions file: one canonical JSON object."""
    value = {**row.parts(), "match": {**row.match.parts(), **row.match.extra}, **row.extra}
    del value["n_best"]
    for name in row.left_out():
        del value[name]
    before = canonical_json({key: part for key, part in value.items() if key < "n_best"})
    after = canonical_json({key: part for key, part in value.items() if key > "n_best"})
    return f'{before[:-1]},"n_best":{_candidates_json(row.n_best)},{after[1:]}\n'


def _candidates_json(candidates: Sequence[Candidate]) -> str:
    """The candidates as canonical JSON. Columns are written without making candidates of them."""
    if not isinstance(candidates, NBest):
        return canonical_json([{**candidate.parts(), **candidate.extra} for candidate in candidates])
    numbers = (candidates.ends, candidates.probabilities, candidates.scores, candidates.starts)
    written = [["null" if number is None else repr(number) for number in column] for column in numbers]
    articles = {article: canonical_json(article) for article in {*candidates.articles}}
    listed = [
        f'{{"article":{articles[article]},"end":{end},"probability":{probability},'
        f'"score":{score},"start":{start},"text":{encode_basestring(text)}}}'
        for article, end, probability, score, start, text in zip(
            candidates.articles, *written, candidates.texts, strict=True
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
