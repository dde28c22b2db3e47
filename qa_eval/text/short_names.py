"""Names that are shortened to a width, so that different names stay different."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from rich.cells import cell_len, set_cell_size

from qa_eval.text.terminal import clean


def shortened(text: str, width: int) -> str:
    """The text, or its beginning with an ellipsis if it is wider than `width`."""
    return text if cell_len(text) <= width else set_cell_size(text, max(width - 1, 0)).rstrip() + "…"


def short_names(names: Iterable[str], width: int) -> list[str]:
    """The names as text for the terminal, shortened to that width. Different names stay different."""
    return shortened_apart([clean(name) for name in names], width)


def shortened_apart(texts: Sequence[str], width: int) -> list[str]:
    """The texts, each `shortened`. Different texts stay different.

    Those that would look alike lose their middle instead, or, if they differ there, another part. If the
    width has no room for the differences, they are numbered.

    >>> shortened_apart(["model?context=512", "model?context=1024", "another model"], 12)
    ['model…xt=512', 'model…t=1024', 'another mod…']
    >>> shortened_apart(["openai:chat-mini?seed=1", "openai:chat-large?seed=1"], 12)
    ['ope…mini?se…', 'ope…large?s…']
    """
    short = {text: shortened(text, width) for text in dict.fromkeys(texts)}
    for text, others in _alike(short):
        if others:
            short[text] = _without_middle(text, width)
    for text, others in _alike(short):
        if others:
            short[text] = _from_difference(text, others, width)
    for number, (text, others) in enumerate(_alike(short), 1):
        if others:
            short[text] = f"{shortened(text, width - len(str(number)))}{number}"
    return [short[text] for text in texts]


def _alike(short: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Each text, with the other texts that look like it."""
    groups: dict[str, list[str]] = {}
    for text, shown in short.items():
        groups.setdefault(shown, []).append(text)
    return [(text, [other for other in groups[shown] if other != text]) for text, shown in short.items()]


def _from_difference(text: str, others: Sequence[str], width: int) -> str:
    """The first characters, and the part of the text that begins where it differs from the others."""
    columns = zip(text, *others, strict=False)
    differs = sum(1 for _ in takewhile(lambda characters: len(set(characters)) == 1, columns))
    head = set_cell_size(text[:differs], min(width // 4, differs))
    rest = text[differs:]
    return shortened(f"{head}…{rest}", width) if head != text[:differs] else shortened(text, width)


def _without_middle(text: str, width: int) -> str:
    head = set_cell_size(text, max(width - 1, 0) // 2).rstrip()
    tail = ""
    for character in reversed(text):
        if cell_len(head + character + tail) >= width:
            break
        tail = character + tail
    return f"{head}…{tail}"
