"""One line of a predictions file: a row as canonical JSON, and the way back.

A run writes and reads a row for each item. A line in the form in which it was written becomes a row directly.
Any other line goes through pydantic, which converts what can be converted, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from qa_eval.files.hashes import canonical_json
from qa_eval.records import ANSWER_TYPES, RELATIONS, TRACKS, Candidate, Match, NBest, field_names, is_fraction
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


def parse_prediction(value: dict[str, Any]) -> PredictionRow:
    """The row of a line's JSON object. Raises pydantic's ValidationError if it is none."""
    if value.keys() | _LEFT_OUT == _NAMES and all(type(value[name]) in kinds for name, kinds in _KINDS):
        match, n_best = _match(value["match"]), NBest.listed(value.get("n_best", []))
        span, golds, scores, marks = value["span"], value["golds"], value["scores"], value.get("marks")
        if (
            match is not None
            and n_best is not None
            and value["track"] in TRACKS
            and value["answer_type"] in ANSWER_TYPES
            and (value["relation"] is None or value["relation"] in RELATIONS)
            and (span is None or [*map(type, span)] == [int, int])
            and {*map(type, golds)} <= {str}
            and (marks is None or (type(marks) is list and {*map(type, marks)} <= {str}))
            and {*map(type, scores.values())} <= {float}
            and all(is_fraction(value[name]) for name in ("no_answer_probability", "confidence"))
        ):
            plain = {
                "match": match,
                "n_best": n_best,
                "span": None if span is None else tuple(span),
                "golds": tuple(golds),
                "marks": None if marks is None else tuple(marks),
            }
            return PredictionRow(**{**value, **plain})
    return PREDICTION_ADAPTER.validate_python(value)


_NAMES = {*field_names(PredictionRow)} - (PredictionRow._sparse - {"marks"})
"""Fields of a row of a model that answers with spans. Rows of language models go through pydantic."""
_LEFT_OUT = {"marks", "n_best"}
"""Fields that may be left out."""
_TEXT, _FLAG, _COUNT = (str,), (bool,), (int,)
_KINDS: tuple[tuple[str, tuple[type, ...]], ...] = (
    *((name, _TEXT) for name in ("item", "fact", "article", "track", "category", "answer_type")),
    *((name, _TEXT) for name in ("prediction", "question")),
    *((name, _TEXT) for name in ("question_sha256", "context_sha256", "gold_sha256")),
    *((name, (str, type(None))) for name in ("relation", "matched_claim", "error", "source_article")),
    *((name, _FLAG) for name in ("contested", "truncated", "missing", "final", "no_answer_given")),
    *((name, (float, type(None))) for name in ("score", "null_score", "threshold")),
    *((name, (float, type(None))) for name in ("no_answer_probability", "confidence")),
    *((name, _COUNT) for name in ("windows", "tokens")),
    ("golds", (list,)),
    ("span", (list, type(None))),
    ("match", (dict,)),
    ("scores", (dict,)),
)
"""The types of JSON values that a field has in a line as it is written."""
_MATCH = (("ok", _FLAG), ("rule", _TEXT), ("level", _COUNT), ("detail", _TEXT))


def _match(value: dict[str, Any]) -> Match | None:
    """The verdict; None if it is not as it is written."""
    if len(value) != len(_MATCH) or any(type(value.get(name)) not in kinds for name, kinds in _MATCH):
        return None
    return Match(**value)
