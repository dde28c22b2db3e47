"""How findings speak: quoting what was found, showing paths, suggesting what was probably meant.

Whatever a file holds is shown escaped: a finding is always one printable line, whatever bytes provoked it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

QUOTE_LENGTH = 60
_NEAR = 0.6
"""How alike two names are that may be meant for each other; 1 for equal ones."""
COMPARED_NAMES = 1_000
"""Names among which a near match is looked for, which takes time."""


def printable(text: str) -> str:
    r"""The text with every control, format, surrogate or exotic space character written as an escape.

    >>> printable("a\u202eb\nc\ud800")
    'a\\u202eb\\nc\\ud800'
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def escaped(text: str) -> str:
    r"""The text with halves of surrogate pairs written as escapes, which no file can hold as they are.

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
    """The text, or as much of it as fits, with an ellipsis.

    >>> shorten("four hundred", 6)
    'four …'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def show_path(path: Path) -> str:
    """The path as people see it: relative to the current folder where it lies inside, one printable line."""
    try:
        shown = path.relative_to(Path.cwd()) if path.is_absolute() else path
    except (ValueError, OSError):
        shown = path
    return printable(shown.as_posix())


def join_field(parent: str, part: str | int) -> str:
    """The path of a part of a field, as in `claims[1].evidence[0].start`; a very long key is cut.

    >>> join_field(join_field("claims", 1), "id")
    'claims[1].id'
    """
    if isinstance(part, int):
        return f"{parent}[{part}]"
    key = printable(shorten(part))
    return f"{parent}.{key}" if parent else key


def near_names(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that are nearly the name, the nearest first; none among very many names.

    >>> near_names("evidnce", ["evidence", "aliases"])
    ['evidence']
    """
    names = list(known)
    comparable = len(names) <= COMPARED_NAMES and len(name) <= 2 * QUOTE_LENGTH
    return difflib.get_close_matches(name, names, n=most, cutoff=_NEAR) if comparable else []


def did_you_mean(near: Iterable[str]) -> str:
    """The question after a name that is unknown and near others.

    >>> did_you_mean(["run", "runs"])
    'did you mean run or runs?'
    """
    return f"did you mean {' or '.join(near)}?"


def suggestion(name: str, known: Iterable[str], *, listed: int = 12) -> str:
    """The end of a sentence about an unknown name in a file: the near match, or the names where they are few.

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
    """What to say of an unknown name on the command line: up to three near matches, or the names there are.

    Of more than `listed` names, the first are given.

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
    """Words as a list in a sentence.

    >>> enumerate_words(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return ", ".join(words[:-1]) + f" {last} {words[-1]}"


def brief(value: object) -> str:
    """The `repr` of a value that somebody gave, on one printable line and cut."""
    try:
        return shorten(printable(repr(value)))
    except Exception:  # a stranger's value, or a number of more digits than the interpreter writes
        return f"<{type(value).__name__}>"


def unlike(name: str, value: object, wanted: str) -> str:
    """What is wrong with a value of another type than an argument takes.

    >>> unlike("corpus", 5, "a Corpus, as load_corpus gives it")
    'corpus: 5 is an int; it should be a Corpus, as load_corpus gives it'
    """
    if isinstance(value, type):
        return f"{name}: {value.__name__} is a class; it should be {wanted}"
    called = type(value).__name__
    article = "an" if called[:1].lower() in tuple("aeiou") else "a"
    what = "is None" if value is None else f"{brief(value)} is {article} {called}"
    return f"{name}: {what}; it should be {wanted}"


def count(number: int, noun: str) -> str:
    """A number with its noun, which takes an `s` where it must.

    >>> count(1, "fact"), count(2, "fact")
    ('1 fact', '2 facts')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
