"""Dates in an answer, as far as the text gives them: year, month, day, weekday, and the words that place
them.

Nothing is resolved that the words leave open. "Last May" is a May with the word "last", not the May of a
certain year. "03/04/2016" is refused. "Late", "early", a season, "this", "last" and the time of day are
fields like the others, so a wording with one of them is finer than the same wording without it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from qa_eval.matching.numerals import ordinal, tokenize
from qa_eval.matching.quantities import LONGEST, MOST_OTHER_WORDS, read_quantities
from qa_eval.matching.spelling import fold, is_negator, vocabulary
from qa_eval.matching.verdicts import Verdict


def _named(rows: str, first: int) -> dict[str, int]:
    return {name: value for value, row in enumerate(rows.split("|"), start=first) for name in row.split()}


_MONTHS = _named(
    "january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sep sept|"
    "october oct|november nov|december dec",
    1,
)
_WEEKDAYS = _named(
    "monday mon|tuesday tue tues|wednesday wed|thursday thu thur thurs|friday fri|saturday sat|sunday sun", 1
)
_PARTS = {"early": "early", "mid": "mid", "late": "late"}
_PARTS_OF = {"beginning": "early", "start": "early", "middle": "mid", "end": "late"}
_SEASONS = {"spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn", "winter": "winter"}
_RELATIVES = {"last": "last", "past": "last", "previous": "last", "this": "this", "current": "this"} | {
    "next": "next",
    "coming": "next",
    "following": "following",
    "same": "same",
}
_PERIODS = vocabulary("week weekend month year decade century")
_DAYS_NAMED = vocabulary("today yesterday tomorrow tonight")
_HOURS = vocabulary("morning afternoon evening night dawn noon midnight")
_FIELD_WORDS: dict[str, Mapping[str, int | str]] = {
    "weekday": _WEEKDAYS,
    "part": _PARTS,
    "season": _SEASONS,
    "hours": {word: word for word in _HOURS},
    "named": {word: word for word in _DAYS_NAMED},
    "relative": _RELATIVES,
}
_BOUNDS: dict[tuple[str, ...], str] = {
    tuple(phrase.split()): bound
    for bound, phrases in {
        "before": "before|prior to|earlier than|ahead of|preceding|pre",
        "until": "until|till|up to|through|not after",
        "by": "by|no later than|not later than|at the latest by",
        "after": "after|later than|subsequent to|beyond|post",
        "since": "since|from|no earlier than|not earlier than|not before|starting|starting in|beginning in",
    }.items()
    for phrase in phrases.split("|")
}
"""Phrases that place the date that follows them. After a date they place something else, as in "Sunday, after
weeks of fighting"."""
_LONGEST_BOUND = max(len(phrase) for phrase in _BOUNDS)
_BOUND_STARTS = frozenset(phrase[0] for phrase in _BOUNDS)
_EXCLUSIVE = frozenset({"before", "after", "under"})
"""Bounds that exclude the date itself."""
_ERAS = {"bc": -1, "bce": -1, "ad": 1, "ce": 1}
_EARLIER = frozenset({"before", "until", "by", "over", "at least"})
_LATER = frozenset({"after", "since", "under", "up to", "nearly"})
"""Bounds towards later dates. The last three are bounds of "ago": less than a week ago is after that day."""

_AGO_WORDS = 8
"""Greatest number of words of an answer that "ago" places as a whole."""

_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_MONTH = re.compile(r"([12]\d{3})[-/.](\d{1,2})")
_MONTH_YEAR = re.compile(r"(\d{1,2})[-/.]([12]\d{3})")
_SLASHED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_TIME = re.compile(r"(\d{1,2})[:.](\d\d)")
_DECADE = re.compile(r"(?<!\d)(\d{3}0)'?s(?!\w)")


@dataclass(frozen=True, slots=True)
class Date:
    """One point or stretch of time, as a text gives it."""

    fields: Mapping[str, int | str]
    """Values by field: year (BC negative), decade, month, day, weekday (1 = Monday), part, season, relative,
    period, named, ago, time (minutes), hours."""
    bound: str = ""
    """Bound: `before`, `until`, `by`, `after`, `since`, or none. "Ten months ago" has the bound of the
    amount."""
    negated: bool = False


@dataclass(slots=True)
class _Reader:
    """Reads one text into fields. `refused` is the reason why the text cannot be one date."""

    words: list[str]
    fields: dict[str, int | str] = field(default_factory=dict)
    bound: str = ""
    negated: bool = False
    refused: str = ""
    others: int = 0

    def word(self, i: int) -> str:
        return self.words[i] if 0 <= i < len(self.words) else ""

    def put(self, name: str, value: int | str) -> None:
        if self.fields.setdefault(name, value) != value:
            self.refused = f"two values for {name}"

    def run(self) -> None:
        used: set[int] = set()
        for i, word in enumerate(self.words):
            if word in _MONTHS:
                used |= self.month(i)
        for i, word in enumerate(self.words):
            if i in used:
                continue
            if width := self.placing(i):
                used |= set(range(i, i + width))
            elif not self.plain(i, word) and not self.numeral(i, word):
                self.others += word.isalpha()

    def placing(self, i: int) -> int:
        """The number of words of the bound at i; 0 if there is none or if a date comes before it."""
        if self.words[i] not in _BOUND_STARTS:
            return 0
        for width in range(_LONGEST_BOUND, 0, -1):
            bound = _BOUNDS.get(tuple(self.words[i : i + width]))
            if bound is not None:
                if not any(self.dated(word) for word in self.words[:i]):
                    self.bound = self.bound or bound
                return width
        return 0

    def dated(self, word: str) -> bool:
        """Whether the word gives a day, a month or a year."""
        return (
            word in _MONTHS
            or word in _WEEKDAYS
            or word in _DAYS_NAMED
            or (word[0].isdecimal() and len(word) >= 4)
        )

    def month(self, i: int) -> set[int]:
        """Reads a month with the day next to it. Returns the indices that it has read."""
        self.put("month", _MONTHS[self.words[i]])
        used = {i}
        before = i - 2 if self.word(i - 1) == "of" else i - 1
        day, width = self.day_before(before)
        if day is None:
            after = i + 2 if self.word(i + 1) in ("the", ",", ".") else i + 1
            day, width = self.day_at(after)
            if day is not None:
                used |= set(range(after, after + width))
        else:
            used |= set(range(before - width + 1, before + 1))
        if day is not None:
            self.put("day", day)
        return used

    def day_before(self, i: int) -> tuple[int | None, int]:
        """The day whose last word is at i, and its number of words."""
        for width in (2, 1):
            day, length = self.day_at(i - width + 1)
            if day is not None and length == width:
                return day, width
        return None, 0

    def day_at(self, i: int) -> tuple[int | None, int]:
        """The day that begins at i ("27", "27th", "twenty-seventh"), and its number of words."""
        word = self.word(i)
        if word.isdecimal() and len(word) <= 2 and self.word(i - 1) != "'":
            day, length = int(word), 1
        else:
            rank = ordinal(tokenize(" ".join(self.words[i : i + 2])), 0) if i >= 0 else None
            if rank is None:
                return None, 0
            day, length = rank
        return (day, length) if 1 <= day <= 31 else (None, 0)

    def plain(self, i: int, word: str) -> bool:
        """Reads a word that is a field of its own or that says how the date is meant. Returns whether it was
        one.
        """
        for name, table in _FIELD_WORDS.items():
            if word in table and not (name == "season" and self.word(i + 1) == "of"):
                self.put(name, table[word])
                return True
        if word in _PARTS_OF and self.word(i + 1) == "of":
            after = self.word(i + 3) if self.word(i + 2) == "the" else self.word(i + 2)
            if after in _MONTHS or after.isdecimal():
                self.put("part", _PARTS_OF[word])
        elif word in _PERIODS and "relative" in self.fields:
            self.put("period", word)
        elif is_negator(word):
            self.negated = True
        else:
            return False
        return True

    def numeral(self, i: int, word: str) -> bool:
        """Reads a year, a date in digits, a decade or a time. A numeral that is none of these refuses the
        text.
        """
        era = _ERAS.get(self.word(i + 1)) or _ERAS.get(self.word(i - 1))
        if not word[0].isdecimal():
            return word in _ERAS
        if word.isdecimal() and len(word) <= 4 and int(word) > 0 and (era or 1000 <= int(word) <= 2999):
            self.put("year", int(word) * (era or 1))
        elif word.endswith(("st", "nd", "rd", "th")) and len(word) <= 4 and 1 <= int(word[:-2]) <= 31:
            self.put("day", int(word[:-2]))
        elif found := _DECADE.fullmatch(word):
            self.put("decade", int(found[1]))
        elif found := _ISO.fullmatch(word):
            self.digits(int(found[1]), int(found[2]), int(found[3]))
        elif found := _YEAR_MONTH.fullmatch(word):
            self.digits(int(found[1]), int(found[2]))
        elif found := _MONTH_YEAR.fullmatch(word):
            self.digits(int(found[2]), int(found[1]))
        elif found := _SLASHED.fullmatch(word):
            one, two, year = int(found[1]), int(found[3]), int(found[4])
            if one <= 12 and two <= 12 and one != two:
                self.refused = f"{word} may be day and month or month and day"
            else:
                self.digits(year, min(one, two) if max(one, two) > 12 else one, max(one, two))
        elif not self.time(i, word):
            self.refused = f"a number that is no part of a date: {word[:20]}"
        return True

    def digits(self, year: int, month: int, day: int | None = None) -> None:
        if not 1 <= month <= 12 or not (day is None or 1 <= day <= 31):
            self.refused = f"no such {'month' if day is None else 'day'}: " + "-".join(
                str(part) for part in (year, month, day) if part is not None
            )
        self.put("year", year)
        self.put("month", month)
        if day is not None:
            self.put("day", day)

    def time(self, i: int, word: str) -> bool:
        """Reads a time of day: "10:48", "10.48am", "10 pm"."""
        half = re.sub(r"\W", "", "".join(self.words[i + 1 : i + 4]))[:2]
        found = _TIME.fullmatch(word)
        hour, minute = (int(found[1]), int(found[2])) if found else (int(word) if len(word) <= 2 else 99, 0)
        if half not in ("am", "pm") and not (found and ":" in word):
            return False
        if hour > 23 or minute > 59:
            return False
        if half in ("am", "pm"):
            hour = hour % 12 + (12 if half == "pm" else 0)
        self.put("time", hour * 60 + minute)
        return True


_WORDS = re.compile(
    r"\d+(?:st|nd|rd|th)(?!\w)|\d{3}0'?s(?!\w)|\d+(?:[-/.:]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]"
)


@lru_cache(maxsize=4096)
def _read(text: str) -> Date | str:
    words = _WORDS.findall(fold(text))
    if "ago" in words and len(words) <= _AGO_WORDS:
        ago = read_quantities(text)
        if not ago.unread and len(ago.found) == 1 and ago.found[0].kind in ("days", "months"):
            span = ago.found[0]
            return Date({"ago": f"{span.kind} {span.low} {span.vague}".strip()}, span.bound, span.negated)
    reader = _Reader([word for word in words if word not in ("-", "(", ")")])
    reader.run()
    if reader.refused:
        return reader.refused
    if not reader.fields.keys() - {"relative", "part", "hours"}:
        return "no date"
    if reader.others > MOST_OTHER_WORDS:
        return "too many words around the date"
    return Date(reader.fields, reader.bound, reader.negated)


def read_date(text: str) -> Date | str:
    """The date that a text gives, or the reason why it gives none: no date, several dates, or an ambiguous
    one.

    Never raises an error.

    >>> read_date("late last May").fields, read_date("03/04/2016")
    ({'month': 5, 'part': 'late', 'relative': 'last'}, '03/04/2016 may be day and month or month and day')
    """
    return _read(text) if len(text) <= LONGEST else "too long to be read as a date"


def _weekday(fields: Mapping[str, int | str]) -> int | None:
    """The weekday that the text gives, or else the one that follows from a full date."""
    said = fields.get("weekday")
    if said is not None:
        return int(said)
    try:
        return datetime.date(*(int(fields[name]) for name in ("year", "month", "day"))).isoweekday()
    except (KeyError, ValueError):
        return None


def compare_dates(prediction: str, gold: str, *, strict: bool) -> Verdict:
    """Compares two texts as dates: level 2 if they are equal or the answer is finer, 0 if it is coarser or
    conflicts.

    With `strict`, a finer answer is another claim (level 1), and the bounds (before, after, since) must
    agree. Without it, different bounds give level 1, unless they are opposed or the answer's bound excludes
    the wording's own date ("before 2011" for 2011).
    """
    one, other = read_date(prediction), read_date(gold)
    if isinstance(one, str) or isinstance(other, str):
        side, why = ("answer", one) if isinstance(one, str) else ("wording", other)
        return Verdict(level=0, rule="none", detail=f"{side}: {why}")
    mine, theirs = dict(one.fields), dict(other.fields)
    if one.negated != other.negated:
        return Verdict(level=0, rule="veto", detail="negated on one side only")
    conflict = _conflict(mine, theirs)
    if conflict:
        return Verdict(level=0, rule="veto", detail=conflict)
    if "weekday" in theirs and "weekday" not in mine and _weekday(mine) == theirs["weekday"]:
        mine["weekday"] = theirs["weekday"]
    if "decade" in theirs and "year" in mine:
        mine["decade"] = theirs["decade"]
    missing = sorted(theirs.keys() - mine.keys())
    if missing:
        return Verdict(level=0, rule="none", detail=f"coarser: no {', '.join(missing)}")
    return _placed(one, other, bool(mine.keys() - theirs.keys()), strict=strict)


def _conflict(mine: Mapping[str, int | str], theirs: Mapping[str, int | str]) -> str:
    for name in sorted(mine.keys() & theirs.keys()):
        if mine[name] != theirs[name]:
            return f"{name} {mine[name]} != {theirs[name]}"
    days = _weekday(mine), _weekday(theirs)
    if None not in days and days[0] != days[1]:
        return f"weekday {days[0]} != {days[1]}"
    for fields, others in ((mine, theirs), (theirs, mine)):
        if "year" in fields and "decade" in others and int(fields["year"]) // 10 * 10 != others["decade"]:
            return f"year {fields['year']} is not of the {others['decade']}s"
    return ""


def _placed(one: Date, other: Date, finer: bool, *, strict: bool) -> Verdict:
    """The verdict on two dates whose fields agree. Their bounds and their precision decide it."""
    if one.bound != other.bound:
        bounds = {one.bound, other.bound}
        opposed = bool(bounds & _EARLIER and bounds & _LATER)
        detail = f"{one.bound or 'at'} != {other.bound or 'at'}"
        if strict or opposed or (one.bound in _EXCLUSIVE and not other.bound):
            return Verdict(level=0, rule="veto", detail=detail)
        return Verdict(level=1, rule="value-only", detail=detail.replace("!=", "~"))
    if finer and strict:
        return Verdict(level=1, rule="value-only", detail="finer than the wording")
    return Verdict(level=2, rule="date", detail="finer than the wording" if finer else "same date")
