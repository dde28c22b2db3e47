"""Parts of messages: quotes, paths, suggestions and lists.

Text from files is escaped, so that a message is always one printable line.
"""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

QUOTE_LENGTH = 60
_NEAR = 0.6
"""Similarity of two names from which one is suggested for the other; equal names have 1."""
COMPARED_NAMES = 1_000
"""Largest number of names that are searched for a near match, because the search takes time."""


def printable(text: str) -> str:
    r"""The text with every control, format, surrogate or exotic space character written as an escape.

    >>> printable("a\u202eb\nc\ud800")
    'a\\u202eb\\nc\\ud800'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def escaped(text: str) -> str:
    r"""The text with lone surrogates written as escapes, because no file can hold them.

    >>> escaped("naïve \ud83d")
    'naïve \\ud83d'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def quote(text: str, limit: int = QUOTE_LENGTH) -> str:
    r"""The text in double quotes on one printable line, cut after `limit` characters.

    >>> quote('He said "no"\n')
    '"He said \\"no\\"\\n"'
    """
    return '"' + printable(shorten(text, limit)).replace('"', '\\"') + '"'


def shorten(text: str, limit: int = QUOTE_LENGTH) -> str:
    """The text, or its beginning with an ellipsis if it is longer than `limit` characters.

    >>> shorten("four hundred", 6)
    'four …'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def show_path(path: Path) -> str:
    """The path on one printable line. It is relative to the current folder if it is inside."""
    try:
        shown = path.relative_to(Path.cwd()) if path.is_absolute() else path
    except (ValueError, OSError):
        shown = path
    return printable(shown.as_posix())


def join_field(parent: str, part: str | int) -> str:
    """The path of a part of a field, such as `claims[1].evidence[0].start`. A long key is cut.

    >>> join_field(join_field("claims", 1), "id")
    'claims[1].id'
    """
    if isinstance(part, int):
        return f"{parent}[{part}]"
    key = printable(shorten(part))
    return f"{parent}.{key}" if parent else key


def near_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that are similar to the name, nearest first; none if there are very many known names.

    >>> near_names("evidnce", ["evidence", "aliases"])
    ['evidence']
    """
    names = list(known)
    comparable = len(names) <= COMPARED_NAMES and len(name) <= 2 * QUOTE_LENGTH
    return difflib.get_close_matches(name, names, n=most, cutoff=_NEAR) if comparable else []


def did_you_mean(near: Iterable[str]) -> str:
    """The question that follows an unknown name which is near other names.

    >>> did_you_mean(["run", "runs"])
    'did you mean run or runs?'
    """
    return f"did you mean {' or '.join(near)}?"


def suggestion(name: str, known: Iterable[str], *, listed: int = 12) -> str:
    """The end of a sentence about an unknown name in a file: the nearest name, or all names if they are few.

    >>> suggestion("evidnce", ["evidence", "aliases"])
    '; did you mean "evidence"?'
    >>> suggestion("zzz", ["evidence", "aliases"])
    '; there are: "evidence", "aliases"'
    """
    names = list(known)
    if near := near_names(name, names, most=1):
        return f"; {did_you_mean(map(quote, near))}"
    if 0 < len(names) <= listed:
        return f"; there are: {', '.join(map(quote, names))}"
    return ""


def choices(name: str, known: Iterable[str], *, listed: int | None = None) -> str:
    """The end of a message about an unknown name: up to three near names, or else the known names.

    `listed` limits the number of known names; None lists all of them.

    >>> choices("contestd", ["contested", "settled"])
    'did you mean contested?'
    >>> choices("zzz", ["contested", "settled", "silent"], listed=2)
    'there are: contested, settled, …'
    """
    names = list(known)
    if near := near_names(name, names):
        return did_you_mean(near)
    some = names[:listed]
    return f"there are: {', '.join([*some, *['…'][: len(names) - len(some)]]) or 'none'}"


def enumerate_words(words: Sequence[str], last: str = "and") -> str:
    """The words as a list in a sentence.

    >>> enumerate_words(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + f" {last} {words[-1]}"


def brief(value: object) -> str:
    """The `repr` of a value that a caller gave, shortened and on one printable line."""
    try:
        return shorten(printable(repr(value)))
    except (
        Exception
    ):  # `repr` of a foreign class may raise anything; Python also refuses numbers with too many digits
        return f"<{type(value).__name__}>"


def unlike(name: str, value: object, wanted: str) -> str:
    """The message about an argument that has a value of the wrong type.

    >>> unlike("corpus", 5, "a Corpus, as load_corpus gives it")
    'corpus: 5 is an int; it should be a Corpus, as load_corpus gives it'
    """
    if isinstance(value, type):
        return f"{name}: {value.__name__} is a class; it should be {wanted}"
    called = type(value).__name__
    article = "an" if called[:1].lower() in tuple("aeiou") else "a"
    what = "is None" if value is None else f"{brief(value)} is {article} {called}"
    return f"{name}: {what}; it should be {wanted}"


def free_name(name: str, taken: Container[str]) -> str:
    """The name, with the first number from 2 that makes it differ from all taken names if it is one of them.

    >>> free_name("town", []), free_name("town", ["town", "town-2"])
    ('town', 'town-3')
    """
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def means_several(names: Sequence[str]) -> str:
    """The end of a message about a name that may mean several others.

    >>> means_several(["m?seed=1", "m?seed=2"])
    'may mean any of these; give one whole: m?seed=1, m?seed=2'
    """
    return f"may mean any of these; give one whole: {', '.join(names)}"


def count(number: int, noun: str) -> str:
    """The number with its noun in the singular or plural.

    >>> count(1, "fact"), count(1200, "fact")
    ('1 fact', '1,200 facts')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
