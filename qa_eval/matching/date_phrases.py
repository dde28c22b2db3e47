"""Where a running text gives dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qa_eval.matching.running_text import RunningText, Word
from qa_eval.matching.spelling import vocabulary

_MONTHS = vocabulary("""january february march april may june july august september october november
december jan feb mar apr jun jul aug sep sept oct nov dec""")

_DAYS = vocabulary("monday tuesday wednesday thursday friday saturday sunday today yesterday")

_PARTS = vocabulary("""early mid late spring summer autumn winter morning evening afternoon night noon last
this next decade century bc bce ad ce week month year weekend beginning end start middle ago""")

_AGO_UNITS = vocabulary("days weeks months years decades hours")

_DATE_GLUE = vocabulary("of the , in month year day")

_DATE_BOUNDS = vocabulary("before after since until by around circa c late early mid last this")


def is_date_word(name: str) -> bool:
    """Whether a name is that of a month or a day of the week."""
    return name.casefold() in _MONTHS | _DAYS


def date_phrases(text: RunningText) -> Iterator[tuple[int, int, int, str]]:
    """(sentence, first word, word after the last, its text with what bounds it) of each date."""
    words = text.words
    for number, sentence in enumerate(text.sentences):
        i = sentence.first
        while i < sentence.end:
            if not _dated(words, i):
                i += 1
                continue
            end = i + 1
            while end < sentence.end:
                following = end if _dated(words, end) else _after_glue(words, end, sentence.end)
                if following is None or _again(words, i, following):
                    break
                end = following + 1
            low = i
            while low > sentence.first and words[low - 1].text in _DATE_BOUNDS | {"the"} and i - low < 3:
                low -= 1
            while low < i and words[low].text == "the":
                low += 1
            yield number, i, end, text.text[words[low].start : words[end - 1].end]
            i = end


def _after_glue(words: Sequence[Word], i: int, end: int) -> int | None:
    """The next word of a date behind "of", a comma, "in the month of"; None if no date goes on there."""
    j = i
    while j < min(end, i + 6) and words[j].text in _DATE_GLUE:
        j += 1
    goes_on = i < j < end and _dated(words, j) and words[i].text != "in"
    return j if goes_on else None


def _again(words: Sequence[Word], first: int, i: int) -> bool:
    """True if another date begins: a second month, weekday or year."""
    for group in (_MONTHS, _DAYS):
        if words[i].text in group and any(w.text in group for w in words[first:i]):
            return True
    year = words[i].text.isdecimal() and len(words[i].text) == 4
    return year and any(w.text.isdecimal() and len(w.text) == 4 for w in words[first:i])


def _dated(words: Sequence[Word], i: int) -> bool:
    word = words[i]
    if word.text in _MONTHS:
        return word.text != "may" or word.upper
    if word.text in _AGO_UNITS:
        return i + 1 < len(words) and words[i + 1].text == "ago"
    if word.text in _DAYS or word.text in _PARTS - {
        "last",
        "this",
        "next",
        "end",
        "start",
        "beginning",
        "middle",
    }:
        return True
    if word.kind != "number":
        near = words[i + 1].text if i + 1 < len(words) else ""
        return word.text in ("last", "this", "next") and (near in _MONTHS or near in _DAYS or near in _PARTS)
    if word.text.isdecimal() and len(word.text) == 4:
        return True
    around = {words[j].text for j in (i - 2, i - 1, i + 1, i + 2, i + 3) if 0 <= j < len(words)}
    if around & _MONTHS or around & {"bc", "bce", "ad", "century", "ago"}:
        return True
    return (
        not word.text.isdecimal()
        and word.text[:1].isdecimal()
        and not word.text.endswith(("st", "nd", "rd", "th"))
    )
