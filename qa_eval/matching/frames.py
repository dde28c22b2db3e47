"""The closed frames that may surround an answer: "Answer:", "It was", "According to the article, it was".

Models answer in sentences. Only these frames are removed. Any other words around a wording are part of the
answer.
"""

from __future__ import annotations

import re

_SOURCE = r"(?:the|this|that) (?:article|text|passage|report|story|context|author|document|source)"
_SAYS = (
    r"(?:says?|said|states?|stated|reports?|reported|mentions?|mentioned|notes?|noted|tells us|writes|wrote)"
)
_IS = r"(?:it|this|that|they|he|she|there) (?:is|was|were|are|has been|had been|would be)|(?:it|that)['’]s"
_BEFORE = re.compile(
    r"(?:(?:the |final |short |correct )*answers?"
    r"(?:\s*[:–—-]\s*| (?:is|was|would be)(?:\s*:\s*| (?:that )?)))?"
    rf"(?:(?:according to|in|based on|per|from) {_SOURCE}[,:]? )?"
    rf"(?:{_SOURCE} {_SAYS} (?:that )?)?(?:(?:{_IS}) )?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"(?:,? (?:according to|as stated in|as reported in|as) {_SOURCE}(?: {_SAYS})?|, {_SOURCE} {_SAYS})$",
    re.IGNORECASE,
)
_LONGEST = 2_000
"""Greatest length of a framed answer, in characters."""


def unframed(text: str) -> str | None:
    """The text without the frame around it; None if there is no frame or nothing inside it.

    >>> unframed("According to the article, it was a fatal blow."), unframed("a fatal blow")
    ('a fatal blow', None)
    """
    if len(text) > _LONGEST:
        return None
    whole = text.strip()
    head = _BEFORE.match(whole)
    inner = whole[head.end() :] if head is not None else whole
    bare = inner.rstrip(" .!")
    inner = _AFTER.sub("", bare) if _AFTER.search(bare) else inner
    if inner == whole:
        return None
    return inner.rstrip(" .!") or None
