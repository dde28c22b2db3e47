"""`wikicontradict:FILE`: WikiContradict (Hou et al. 2024), as published: two passages that disagree.

The passages are the self-contained ones that language models were given. Kinds of contradiction are the
categories. Questions whose two answers begin with yes and no are of the type `yes-no`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qa_eval.data.checks.question_checks import kebab_case
from qa_eval.data.claim_sets import FactRead
from qa_eval.data.dataset_options import Where
from qa_eval.data.formats.claims import facts_of_rows, short_id
from qa_eval.records import Finding

_FIELDS = (
    "question", "context1_self_contained", "context2_self_contained", "answer1", "answer2",
    "contradiction_type",
)  # fmt: skip
_POLARITY = re.compile(r"\s*(yes|no)\b", re.IGNORECASE)


def read_wikicontradict(path: Path, split: str | None = None) -> FactRead:
    """The facts of a file, and findings. Raises InputError as `opened` does."""
    del split
    return facts_of_rows(path, "one question a line, with two contexts and two answers", _problems, _line)


def _problems(place: Where, row: dict[str, Any]) -> Iterator[Finding]:
    for name in _FIELDS:
        if not isinstance(row.get(name), str) or not row[name].strip():
            yield place.inside(name).finding("shape", "must be text")


def _line(row: dict[str, Any], number: int) -> dict[str, Any]:
    """The line of a `claims:` file that a row makes."""
    taken: set[str] = set()
    claims = []
    for side in (1, 2):
        answer = row[f"answer{side}"].strip()
        said = _POLARITY.match(answer)
        polarity = said[1].lower() if said is not None else None
        claims.append(
            {
                "id": short_id(answer, taken),
                "answers": [answer.rstrip(". ") or answer],
                "passages": [f"p{side}"],
                "polarity": polarity,
            }
        )
    line = {
        "id": f"wikicontradict-{number}",
        "question": row["question"],
        "category": kebab_case(row["contradiction_type"]),
        "passages": [{"id": f"p{side}", "text": row[f"context{side}_self_contained"]} for side in (1, 2)],
        "claims": claims,
        "relation": "contradiction",
    }
    if {claim["polarity"] for claim in claims} == {"yes", "no"}:
        return line | {"answer_type": "yes-no"}
    return line | {"claims": [claim | {"polarity": None} for claim in claims]}
