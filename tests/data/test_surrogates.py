"""Half of a surrogate pair in a JSON document: refused with its line, wherever readings end."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from qa_eval.errors import InputError
from qa_eval.files.json_streams import JsonDocument
from tests.support.public_files import open_public


def is_whole(text: str) -> bool:
    """By the standard library's parser, which keeps halves."""
    return re.search("[\ud800-\udfff]", json.loads(text)) is None


TEXTS = [
    r"A \ud83d\u0041BC smile",
    r"A \ud83d",
    r"A \ud83d smile of some length",
    r"\ude00 and more",
    r"\ud83d\ud83d\ude00",
    r"\ud83d\ude00\ude00",
    r"\ud83d\\ude00",
    r"\\ud83d\ude00",
    r"\\\ud83d",
    r"\ud83d\n\ude00",
    r"\uD83D\u00e9",
    r"\\ud83d",
    r"\\\\ud83d\u0041",
    r"\ud83d\ude00",
    r"\uD83D\uDE00\uD83D\uDE00 twice",
    r"\\\ud83d\ude00\\",
    r"\ud7ff\ue000\u0041\"",
    r"\\\\\\\\\\\\\\\\\\\\\\\\\\\ud83d\ude00",
    r"\\\\\\\\\\\\\\\\\\\\\\\\\\\\ud83d",
    r"\\\\\\\\\\\\\\\\\\\\\\\\\\\ud83d",
    "plain",
]


class Divided(io.BytesIO):
    """A file that ends its first readings at these places."""

    def __init__(self, data: bytes, *ends: int) -> None:
        super().__init__(data)
        self.ends = [*ends]

    def read(self, size: int | None = -1, /) -> bytes:
        while self.ends and self.ends[0] <= self.tell():
            self.ends.pop(0)
        return super().read(self.ends[0] - self.tell() if self.ends else size)


def place_of_half(file: io.BytesIO) -> tuple[int | None, int | None] | None:
    document = JsonDocument(file)
    parsed = document.value()
    document.close()
    assert parsed.usable == (not parsed.problems)
    for problem in parsed.problems:
        assert problem.message.endswith("holds half of a surrogate pair; write the whole character")
        return problem.line, problem.column
    assert parsed.value == json.loads(file.getvalue())
    return None


@pytest.mark.parametrize("text", TEXTS)
def test_halves_are_found_at_every_division_of_a_file(text: str) -> None:
    value = f'"{text}"'
    data = f"\n\n {value}\n\n".encode()
    wanted = None if is_whole(value) else (3, 2)
    assert place_of_half(Divided(data)) == wanted
    assert place_of_half(Divided(data, *range(len(data)))) == wanted
    for first in range(len(data)):
        for second in range(first, len(data)):
            assert place_of_half(Divided(data, first, second)) == wanted, (first, second)


DOCUMENT = r"""{"version": "VERSION",
"data": [{"title": "TITLE", "paragraphs": [{"context": "A smile and Orla. CONTEXT",
"qas": [{"id": "q1ID",
"question": "Who?QUESTION",
"answers": [{"text": "Orla", "answer_start": 12}, {"text": "GOLD", "answer_start": 18}]}]}]}]}
"""
FIELDS = {
    "VERSION": "version",
    "TITLE": "data[0].title",
    "CONTEXT": "data[0].paragraphs[0].context",
    "ID": "data[0].paragraphs[0].qas[0].id",
    "QUESTION": "data[0].paragraphs[0].qas[0].question",
    "GOLD": "data[0].paragraphs[0].qas[0].answers[1].text",
}
LINES = {"VERSION": 1, "TITLE": 2, "CONTEXT": 2, "ID": 3, "QUESTION": 4, "GOLD": 5}


def document(folder: Path, **texts: str) -> str:
    text = DOCUMENT
    for name in LINES:
        text = text.replace(name, texts.get(name, "x"))
    path = folder / "set.json"
    path.write_text(text, "utf-8")
    return f"squad:{path}"


@pytest.mark.parametrize("part", LINES)
@pytest.mark.parametrize(
    ("text", "half"),
    [
        (r"\ud83d\u0041BC", r"\ud83d"),
        (r"\ud83d", r"\ud83d"),
        (r"\uDE00 end", r"\uDE00"),
    ],
)
def test_a_half_in_any_text_of_a_document_is_refused_with_its_line(
    tmp_path: Path, part: str, text: str, half: str
) -> None:
    with pytest.raises(InputError) as caught:
        open_public(document(tmp_path, **{part: text})).check()
    (finding,) = caught.value.findings
    assert finding.line == LINES[part]
    assert finding.field == FIELDS[part]
    assert half.lower() in finding.message
    assert finding.message.endswith('" holds half of a surrogate pair; write the whole character')


@pytest.mark.parametrize(
    ("text", "read"), [(r"\ud83d\ude00", "\U0001f600"), (r"\\ud83d", r"\ud83d"), (r"\u0041", "A")]
)
def test_pairs_and_escaped_backslashes_are_read_as_they_are(tmp_path: Path, text: str, read: str) -> None:
    (example,) = open_public(document(tmp_path, **dict.fromkeys(LINES, text)))
    assert example.context == f"A smile and Orla. {read}"
    assert (example.id, example.question) == (f"q1{read}", f"Who?{read}")
    assert (example.golds, example.starts) == (("Orla", read), (12, 18))
