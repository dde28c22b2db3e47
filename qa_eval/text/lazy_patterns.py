"""Regular expressions that are compiled when they are first used.

The large ones take up to five milliseconds each to compile, and a command uses few of them. Modules with such
expressions write `lazy_pattern` where others write `re.compile`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, cast


class _LazyPattern:
    def __init__(self, source: str, flags: int) -> None:
        self.pattern = source
        self._flags = flags

    def __reduce__(self) -> tuple[Any, ...]:
        """What `copy` and `pickle` make the pattern of."""
        return lazy_pattern, (self.pattern, self._flags)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern, self._flags)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a compiled pattern has
        # Python asks for this only while the object lacks the attribute, so each is looked up once.
        found = getattr(self._compiled, name)
        setattr(self, name, found)
        return found


def lazy_pattern(source: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern that `re.compile` returns for the same arguments, compiled when it is first used.

    A mistake in the expression raises `re.error` then, too. Call the methods of the pattern: the functions of
    `re` do not take it as their first argument.

    >>> lazy_pattern(r"[ab]+").sub("-", "cabbage")
    'c-ge'
    """
    return cast("re.Pattern[str]", _LazyPattern(source, flags))
