"""What a model card declares, and that no card can do worse than not being read."""

from __future__ import annotations

from pathlib import Path

import pytest

from qa_eval.models.checkpoint.cards import Card, read_card


def card(folder: Path, content: bytes) -> Card:
    path = folder / "README.md"
    path.write_bytes(content)
    return read_card(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", Card(), id="empty file"),
        pytest.param(b"# A model\n\nSome text.\n", Card(), id="no front matter"),
        pytest.param(b"---\n---\n# A model\n", Card(), id="empty front matter"),
        pytest.param(b"---\nlicense: mit\n", Card(), id="a rule, and no end of front matter"),
        pytest.param(b"---\nlicense: mit\n---\n", Card(license="mit"), id="a license"),
        pytest.param(b"---\nlicense: [mit, apache-2.0]\n---\n", Card(), id="a list is no license"),
        pytest.param(b"---\ndatasets: squad_v2\n---\n", Card(unanswerable=True), id="SQuAD 2.0"),
        pytest.param(b"---\ndatasets:\n- rajpurkar/squad_v2\n---\n", Card(unanswerable=True), id="listed"),
        pytest.param(b"---\ndatasets: [squad, adversarial_qa]\n---\n", Card(), id="other data sets"),
        pytest.param(b"---\ndatasets: {a: squad_v2}\n---\n", Card(), id="data sets in another shape"),
        pytest.param(
            b"---\nmodel-index:\n- name: m\n  results:\n  - dataset: {name: squad_v2, type: squad_v2}\n---\n",
            Card(),
            id="evaluated on SQuAD 2.0, trained on nobody knows what",
        ),
        pytest.param(
            b"---\ndatasets: squad\nmodel-index:\n- results:\n  - dataset: {type: squad_v2}\n---\n",
            Card(),
            id="trained on SQuAD 1.1, evaluated on SQuAD 2.0",
        ),
        pytest.param(b"---\nqa_eval: {unanswerable: true}\n---\n", Card(unanswerable=True), id="own: yes"),
        pytest.param(
            b"---\nqa_eval:\n  unanswerable: no\ndatasets: squad_v2\n---\n",
            Card(unanswerable=False),
            id="own: no",
        ),
        pytest.param(b"---\nqa_eval:\n  unanswerable:\n---\n", Card(), id="own, without a value"),
        pytest.param(
            b"\xef\xbb\xbf---\r\nlicense: mit\r\ndatasets:\r\n- squad_v2\r\n---\r\n",
            Card(license="mit", unanswerable=True),
            id="a byte-order mark and the line ends of Windows",
        ),
        pytest.param(b"---\nlicense: mit\n---\nun caf\xe9\n", Card(license="mit"), id="Latin-1 after it"),
        pytest.param(
            b"---\na: !!python/object/apply:os.system [x]\ndatasets: squad_v2\n---\n",
            Card(unanswerable=True),
            id="an object is never made",
        ),
        pytest.param(
            b"---\nn: " + b"9" * 6000 + b"\ndate: 2024-13-45\ndatasets: squad_v2\n---\n",
            Card(unanswerable=True),
            id="values that nothing depends on may be anything",
        ),
    ],
)
def test_a_card_declares_what_its_front_matter_says(tmp_path: Path, content: bytes, expected: Card) -> None:
    assert card(tmp_path, content) == expected


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        pytest.param(b"---\nlicense: [mit\ndatasets: squad\n---\n", 3, "not YAML", id="a bracket left open"),
        pytest.param(
            b"---\nThis: is: prose\n---\n", 2, "mapping values are not allowed", id="prose with colons"
        ),
        pytest.param(
            b"---\nProse between two rules.\n---\n", 2, "must be a mapping of names to values", id="prose"
        ),
        pytest.param(b"\n\n---\n- a\n- b\n---\n", 4, "must be a mapping of names to values", id="a list"),
        pytest.param(b"---\nlicense: mit\nname: caf\xe9\n---\n", 3, "byte 0xe9 is not UTF-8", id="Latin-1"),
        pytest.param(b"---\na: 1\nb: \x07\n---\n", 3, "U+0007 is not allowed", id="a control character"),
        pytest.param(b"---\na: *b\n---\n", 2, "undefined alias", id="an alias of nothing"),
        pytest.param(b"---\n" + b"[" * 50_000 + b"\n---\n", 2, "nested too deeply", id="deep nesting"),
        pytest.param(b"---\nk: v\n" + b"# x\n" * 300_000 + b"---\n", 1, "has no end", id="over a megabyte"),
        pytest.param(
            b"---\nqa_eval:\n  unanswerable: maybe\n---\n",
            3,
            "must be true or false, not 'maybe'",
            id="own: maybe",
        ),
        pytest.param(
            b"---\nqa_eval: {unanswerable: [true]}\n---\n", 2, "not a list or mapping", id="own: a list"
        ),
        pytest.param(
            b"---\nqa_eval: true\n---\n", 2, "as qa_eval: {unanswerable: true}", id="own: no mapping"
        ),
        pytest.param(
            b"---\ndatasets: squad\ndatasets: squad_v2\n---\n", 3, "given twice", id="data sets twice"
        ),
        pytest.param(
            b"---\nqa_eval: {unanswerable: true,\n  unanswerable: false}\n---\n",
            3,
            "given twice",
            id="own, twice",
        ),
    ],
)
def test_a_card_that_cannot_be_read_says_where_and_why(
    tmp_path: Path, content: bytes, line: int, reason: str
) -> None:
    found = card(tmp_path, content)
    assert found == Card(problem=found.problem)
    assert found.problem is not None
    assert found.problem.startswith(f"README.md:{line}: ")
    assert reason in found.problem
    assert "\n" not in found.problem


def test_what_is_no_file_is_no_card(tmp_path: Path) -> None:
    (tmp_path / "README.md").mkdir()
    assert read_card(tmp_path / "README.md") == Card()
    assert read_card(tmp_path / "nowhere" / "README.md") == Card()
