"""Small sets of facts with their own passages, in the form of `claims:` files and as others publish theirs.

`FACTS` are some facts: contested and settled ones, silent and partial passages, a text that comes twice,
claims without a verbatim span, marks of misinformation, and a question that is answered by yes or no.
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BROKEN_BOW: dict[str, Any] = {
    "id": "broken-bow",
    "question": "What is the population of Broken Bow?",
    "answer_type": "number",
    "passages": [
        {
            "id": "d1",
            "text": "In the census there were 3,559 people.",
            "source": "census.gov",
            "date": "2010-04-01",
        },
        {"id": "d2", "text": "The town has about 10,000 people.", "source": "rumours.example"},
        {"id": "d3", "text": "Broken Bow lies in Nebraska.", "source": "maps.example"},
    ],
    "claims": [
        {
            "id": "3559",
            "answers": ["3,559", "3,559 people"],
            "passages": ["d1"],
            "spans": [{"passage": "d1", "text": "3,559 people", "start": 25}],
            "status": "true",
        },
        {"id": "10000", "answers": ["10,000"], "passages": ["d2"], "status": "misinformation"},
    ],
    "silent": ["d3"],
    "relation": "contradiction",
    "resolution": "3559",
}
"""A contested fact with everything."""


def town(number: int, *, second: bool = True) -> dict[str, Any]:
    """A fact about a town, contested if a second passage gives another number."""
    passages = [
        {"id": "a", "text": f"Town {number} has {number + 20} wells.", "source": "gazette.example"},
        {"id": "b", "text": f"We counted {number + 50} wells in town {number}.", "source": "courier.example"},
        {"id": "c", "text": f"It rained in town {number}.", "source": "weather.example"},
    ]
    claims = [{"id": str(number + 20), "answers": [str(number + 20)], "passages": ["a"], "status": "true"}]
    if second:
        wrong = {"id": str(number + 50), "answers": [str(number + 50)], "passages": ["b"]}
        claims.append(wrong | {"status": "misinformation"})
    return {
        "id": f"town-{number}",
        "question": f"How many wells has town {number}?",
        "category": "wells",
        "passages": passages if second else [passages[0], passages[2]],
        "claims": claims,
        "resolution": str(number + 20),
    }


ABSTRACTIVE: dict[str, Any] = {
    "id": "why-closed",
    "question": "Why was the mill closed?",
    "passages": [{"id": "p", "text": "No corn came any more, so the owner shut it."}],
    "claims": [{"id": "lack", "answers": ["a lack of grain"], "passages": ["p"]}],
}
"""A claim that its passage states in words of its own."""
ONE_TEXT: dict[str, Any] = {
    "id": "mill-owner",
    "question": "Who owned the mill?",
    "passages": [{"id": "p1", "text": "Ada or Bob owned it."}, {"id": "p2", "text": "Ada or Bob owned it."}],
    "claims": [
        {"id": "ada", "answers": ["Ada"], "passages": ["p1"]},
        {"id": "bob", "answers": ["Bob"], "passages": ["p2"]},
    ],
}
"""A fact whose two passages are one text."""
YES_NO: dict[str, Any] = {
    "id": "mill-burnt",
    "question": "Did the mill burn?",
    "answer_type": "yes-no",
    "passages": [{"id": "p1", "text": "Fire took the mill."}, {"id": "p2", "text": "The mill never burnt."}],
    "claims": [
        {"id": "yes", "answers": ["Yes"], "passages": ["p1"], "polarity": "yes"},
        {"id": "no", "answers": ["No"], "passages": ["p2"], "polarity": "no"},
    ],
}
"""A fact that models that copy spans are not asked."""
UNSTATED: dict[str, Any] = {
    "id": "mill-age",
    "question": "How old is the mill?",
    "passages": [{"id": "p", "text": "It is old."}],
    "claims": [{"id": "90", "answers": ["90 years"]}],
}
"""A fact that no passage answers."""
FACTS: list[dict[str, Any]] = [
    BROKEN_BOW,
    *(town(number, second=number != 3) for number in range(9)),
    ABSTRACTIVE,
    ONE_TEXT,
    YES_NO,
    UNSTATED,
]


def changed(fact: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy of a fact with some keys replaced; a key given as `...` is left out."""
    whole = {**copy.deepcopy(dict(fact)), **changes}
    return {key: value for key, value in whole.items() if value is not ...}


def write_facts(path: Path, facts: Sequence[Mapping[str, Any]] | None = None) -> str:
    """Writes a `claims:` file, packed if its name ends in .gz. Returns its spec."""
    text = "".join(json.dumps(fact) + "\n" for fact in (FACTS if facts is None else facts))
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return f"claims:{path}"
