"""Reads quantities in a few words of text: the number, its bound, its unit and what it counts.

Decisions where language leaves a choice:

* An amount that is rough by its words ("dozens", "several days") is kept as those words.
* "A week" is one week, but "a year" after a number is its rate.
* Ordinals count only if there is no other number.
* "No" and "none" are zero if there is no other number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

from qa_eval.matching import units
from qa_eval.matching.nouns import NOTHING, Counted, behind, counted, is_counted
from qa_eval.matching.numerals import ARTICLES, Token, cardinal, ordinal, tokenize
from qa_eval.matching.spelling import fold, is_negator, vocabulary

LONGEST = 600
"""Greatest length of a phrase, in characters. Longer texts are not read as quantities."""
MOST_OTHER_WORDS = 15
"""Greatest number of words around a quantity. With more, the text is a story with a number in it and not an
answer."""
_NEGATION_REACH = 3
_RATE_WORDS = frozenset({"per", "each", "every"})
_LONG = frozenset({"long", "old", "olds"})
_BETWEEN_UNIT = vocabulary("full whole straight consecutive more further additional calendar entire complete")
_EXACT_SCALES = frozenset({"dozen", "hundred", "thousand", "million", "billion", "trillion"})
_IS = re.compile(r"(?<![\w.])IS(?![\w.])")
"""Pattern of the group "IS", which folding would take for the verb."""
_PHRASES = max(len(phrase) for phrase in units.BOUNDS)
_KEEPS_BOUND = units.APPROXIMATORS | ARTICLES | {"of", "-"} | units.CURRENCY_SIGNS.keys()
"""Words that may occur between a bound and its number."""
_BOUND_STARTS = frozenset(phrase[0] for phrase in [*units.BOUNDS, *units.BOUNDS_AFTER])


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """One amount, or a range of amounts."""

    low: Fraction
    """Low end, in the base unit of its kind."""
    high: Fraction
    """High end; equal to `low` unless the quantity is a range."""
    kind: str
    """Kind: `count`, `part`, `ordinal`, `percent`, `percentage points`, `days`, `months`, `money: …`, or a
    measure."""
    said: tuple[Fraction, Fraction]
    """Low and high as written, before any conversion of units."""
    text: str
    """Folded text of the quantity, for people."""
    bound: str = ""
    """Bound: `over`, `at least`, `under`, `up to`, `nearly`, or empty."""
    vague: str = ""
    """Rough words, if the amount is rough ("tens of thousands"). Low and high are then 0."""
    negated: bool = False
    aged: bool = False
    """Flag: the text says "aged 81" or "81 years old"."""

    @property
    def identity(self) -> tuple[object, ...]:
        """The parts in which two quantities must be equal to have the same value."""
        return self.low, self.high, self.kind, self.vague


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantities:
    """The quantities read from one text."""

    found: tuple[Quantity, ...] = ()
    """Distinct values in the order of the text."""
    rate: str = ""
    """Rate: `year` for "a year" and "annually", `share` for "per share"; empty if there is none."""
    counted: Counted = NOTHING
    """Noun and groups that the number counts."""
    behind: str = ""
    """Word after the number and its unit; empty for a function word or the end of the text."""
    unread: str = ""
    """Reason why the text cannot be taken as one quantity although it has numbers; empty if it can."""

    @property
    def specifics(self) -> frozenset[str]:
        """Those of unit, rate and counted noun that the text gives."""
        stated = {axis for axis, _ in self.counted.groups}
        if self.counted.noun or self.behind.endswith("s"):
            stated.add("noun")
        if any(quantity.kind != "count" for quantity in self.found):
            stated.add("unit")
        if self.rate:
            stated.add("rate")
        return frozenset(stated)


@dataclass(slots=True)
class _Amount:
    """A number with its unit, while it is being read."""

    value: Fraction
    kind: str
    factor: Fraction
    end: int
    scaled: bool = False
    aged: bool = False


@dataclass(slots=True)
class _Reader:
    """Walks the tokens once. Words before a number are remembered until the number or another word comes."""

    text: str
    """Folded text."""
    tokens: Sequence[Token]
    found: list[Quantity] = field(default_factory=list)
    ordinals: list[Quantity] = field(default_factory=list)
    rate: str = ""
    words: int = 0
    opaque: bool = False
    bound: str = ""
    since: int = -1
    negation: int = 0
    aged: bool = False
    place: tuple[int, int] = (0, 0)
    """Indices of the tokens of the quantity that was read last: start and end."""
    plus: frozenset[int] = frozenset()
    """Offsets at which numbers end that had a plus sign after them."""

    def __post_init__(self) -> None:
        """Removes the plus between a number and its unit: "3+ weeks", "$5+ million", "30-plus km"."""
        signs = [i for i in range(1, len(self.tokens)) if self._is_plus(i)]
        if signs:
            self.plus = frozenset(self.tokens[i - 1].end for i in signs)
            self.tokens = [token for i, token in enumerate(self.tokens) if i not in signs]

    def _is_plus(self, i: int) -> bool:
        if self.word(i) not in ("+", "plus") or not (self.word(i + 1).isalpha() or self.word(i + 1) == "%"):
            return False
        added = self.number_at(i + 1) and self.word(i + 1) not in _EXACT_SCALES
        return cardinal(self.tokens, i - 1) is not None and not added

    def word(self, i: int) -> str:
        return self.tokens[i].text if i < len(self.tokens) else ""

    def phrase(self, i: int, table: dict[tuple[str, ...], str]) -> tuple[str, int] | None:
        """The bound of the longest phrase of the table that begins at i, and the index after it."""
        if self.word(i) not in _BOUND_STARTS:
            return None
        for length in range(_PHRASES, 0, -1):
            words = tuple(token.text for token in self.tokens[i : i + length])
            if len(words) == length and words in table:
                return table[words], i + length
        return None

    def run(self) -> None:
        i = 0
        while i < len(self.tokens):
            i = self.step(i)

    def step(self, i: int) -> int:
        """Reads what begins at token i. Returns the index after it."""
        after = self.bounds(i) or self.rates(i) or self.rank(i) or self.quantity(i) or self.rough(i)
        if after is None:
            self.other(i)
            return i + 1
        return after

    def other(self, i: int) -> None:
        token = self.tokens[i]
        self.negation = 0 if token.text in ",.;:!?()" else max(0, self.negation - 1)
        if is_negator(token.text) or token.text in ("minus", "negative"):
            self.negation = _NEGATION_REACH
        elif token.kind == "opaque":
            self.opaque = True
        elif token.text in ("aged", "age"):
            self.aged = True
        if token.kind == "word":
            self.words += 1
        if token.text not in _KEEPS_BOUND:
            self.bound, self.since = "", -1
            self.aged = token.text in ("aged", "age")

    def bounds(self, i: int) -> int | None:
        """Reads a bound before or after a number. Returns the index after it."""
        later = self.phrase(i, units.BOUNDS_AFTER)
        if later is not None and self.found and not self.number_at(later[1]):
            self.amend(later[0])
            return later[1]
        if self.word(i) in ("+", "plus") and self.found and not self.number_at(i + 1):
            self.amend("at least")
            return i + 1
        before = self.phrase(i, units.BOUNDS)
        if before is None:
            return None
        self.bound, self.since = before[0], i
        return before[1]

    def amend(self, bound: str) -> None:
        last = self.found[-1]
        self.found[-1] = replace(last, bound=last.bound or bound, text=f"{last.text}, {bound}")

    def number_at(self, i: int) -> bool:
        """Whether an amount follows, possibly after words that do not change it."""
        while self.word(i) in units.APPROXIMATORS or self.word(i) in units.CURRENCY_SIGNS:
            i += 1
        return cardinal(self.tokens, i) is not None

    def rates(self, i: int) -> int | None:
        """Reads a rate. Returns the index after it.

        A rate in time is "per year", "every year", "annually", or "a year" after a number that is no
        duration. A rate per thing is "per share" or "a barrel" directly after the number.
        """
        word, after = self.word(i), self.word(i + 1)
        if word in units.RATES and (not after or self.found):
            self.rate = units.RATES[word]
            return i + 1
        counted = any(quantity.kind not in ("days", "months") for quantity in self.found)
        if after in units.TIME_SINGULAR and (word in _RATE_WORDS or (word in ARTICLES and counted)):
            self.rate = after
            return i + 2
        if (
            after in units.RATED
            and self.found
            and (word == "per" or (word in ARTICLES and i == self.place[1]))
        ):
            self.rate = units.RATED[after]
            return i + 2
        if (word, after) == ("per", "square") and self.word(i + 2) in units.RATED and self.found:
            self.rate = f"square {units.RATED[self.word(i + 2)]}"
            return i + 3
        return None

    def amount(self, i: int) -> _Amount | None:
        """A number and the unit next to it."""
        money, j = self.currency(i)
        number = cardinal(self.tokens, j)
        if number is None:
            return None if money else self.single(i)
        value, j, part = number
        again = cardinal(self.tokens, j + 1) if self.word(j) == "(" else None
        if again is not None and again[0] == value and self.word(again[1]) == ")":
            j = again[1] + 1  # "ten (10) months"
        scaled = value >= 1000 and self.tokens[j - 1].kind == "word"
        if self.word(j) == "m" and (money or self.coin(j + 1) or self.millions(j)):
            value, j, scaled = value * 10**6, j + 1, True
        if money:
            return _Amount(value, f"money: {money}", Fraction(1), j, scaled)
        return self.unit(_Amount(value, "part" if part else "count", Fraction(1), j, scaled))

    def millions(self, j: int) -> bool:
        """Whether "m" means million, as in "3m visitors" and "3m+ visitors": attached to a number, before
        what is counted.
        """
        after = self.word(j + 2) if self.word(j + 1) == "+" else self.word(j + 1)
        return self.tokens[j - 1].end == self.tokens[j].start and is_counted(after)

    def currency(self, i: int) -> tuple[str, int]:
        """The currency named before a number ("$", "US$", "EUR"), or "", and the index of the number."""
        origin = ""
        if self.word(i) in ("us", "c", "a") and self.word(i + 1) == "$":
            origin = {"us": "", "c": "canadian ", "a": "australian "}[self.word(i)]
            i += 1
        word = self.word(i)
        if word in units.CURRENCY_SIGNS:
            return origin + units.CURRENCY_SIGNS[word], i + 1
        if word in units.CURRENCY_CODES and i + 1 < len(self.tokens):
            return units.CURRENCY_CODES[word], i + 1
        return "", i

    def single(self, i: int) -> _Amount | None:
        """One unit without a number: "a week", "weeklong", "month-old"."""
        word, after = self.word(i), self.word(i + 1)
        if word.endswith("long") and word.removesuffix("long") in units.TIME_SINGULAR:
            return _Amount(Fraction(1), *units.TIME[word.removesuffix("long")], i + 1)
        if word in units.TIME_SINGULAR and word != "second" and after in _LONG:
            return self.unit(_Amount(Fraction(1), "count", Fraction(1), i))
        j = i + 1
        while self.word(j) in _BETWEEN_UNIT:
            j += 1
        unit = self.word(j)
        if word in ARTICLES and unit in units.TIME_SINGULAR and (unit != "second" or not self.word(j + 1)):
            return self.unit(_Amount(Fraction(1), "count", Fraction(1), j))
        return None

    def unit(self, amount: _Amount) -> _Amount:
        """The amount with the unit that follows it, if there is one. The unit may be in brackets: "81
        (years)".
        """
        j = amount.end
        word, after = self.word(j), self.word(j + 1)
        if word == "(" and after != "(":
            inner = self.unit(replace(amount, end=j + 1))
            closed = inner.kind != amount.kind and self.word(inner.end) == ")"
            return replace(inner, end=inner.end + 1) if closed else amount
        if amount.kind == "part" and word == "of" and after in ARTICLES:
            return self.part_of(amount)
        if (word in units.PERCENT and after not in ("point", "points")) or (word, after) == ("per", "cent"):
            amount.kind, amount.end = "percent", j + (2 if word == "per" else 1)
        elif (word in ("percentage", "percent") and after in ("point", "points")) or word in ("pp", "ppt"):
            amount.kind, amount.end = "percentage points", j + (1 if word in ("pp", "ppt") else 2)
        elif word in units.PER_MILLE or (word, after) in (("per", "mille"), ("per", "mil")):
            amount.kind, amount.end = "per mille", j + (2 if word == "per" else 1)
        elif (word, after) in units.BASIS_POINTS or word == "bps":
            amount.kind, amount.end = "basis points", j + (1 if word == "bps" else 2)
        elif coin := self.coin(j):
            amount.kind, amount.factor, amount.end = coin
        elif not self.measure(amount):
            self.time_unit(amount)
        return amount

    def measure(self, amount: _Amount) -> bool:
        """Sets the measure that follows the amount (length, area, speed, weight). Returns whether there is
        one.
        """
        j = amount.end
        word, after = self.word(j), self.word(j + 1)
        if word in ("square", "sq") and after in units.MEASURES:
            kind, factor = units.MEASURES[after]
            amount.kind, amount.factor, amount.end = f"square {kind}", factor * factor, j + 2
        elif word == "nautical" and after in units.MEASURES:
            amount.kind, amount.end = "nautical miles", j + 2
        elif word == "metric" and after in ("ton", "tons"):
            (amount.kind, amount.factor), amount.end = units.MEASURES["tonne"], j + 2
        elif word in units.MEASURES:
            (amount.kind, amount.factor), amount.end = units.MEASURES[word], j + 1
            self.speed(amount)
        elif word in units.SPEEDS:
            (amount.kind, amount.factor), amount.end = units.SPEEDS[word], j + 1
        else:
            return False
        return True

    def part_of(self, part: _Amount) -> _Amount:
        """A fraction of one unit or of a large number: "a quarter of a century", "a third of a million"."""
        scale = cardinal(self.tokens, part.end + 1)
        if scale is not None and self.word(scale[1] - 1) in _EXACT_SCALES:
            return self.unit(_Amount(part.value * scale[0], "count", Fraction(1), scale[1], scaled=True))
        whole = self.unit(replace(part, kind="count", end=part.end + 2))
        return part if whole.kind == "count" else whole

    def speed(self, length: _Amount) -> None:
        """Turns a length into a speed if a short time follows it: "km per hour", "km/h", "miles an hour"."""
        word, after = self.word(length.end), self.word(length.end + 1)
        per = units.PER_HOUR.get(length.kind, {}).get(after)
        if per is not None and (word == "/" or word in _RATE_WORDS or word in ARTICLES):
            length.kind, length.factor = f"{length.kind} per hour", length.factor * per
            length.end += 2

    def coin(self, j: int) -> tuple[str, Fraction, int] | None:
        """The currency named at token j ("dollars", "Swiss francs"), its factor, and the index after it."""
        while self.word(j) in _BETWEEN_UNIT:
            j += 1
        word, after = self.word(j), self.word(j + 1)
        if word in ("south", "new", "hong", "sri") and after in units.CURRENCY_ORIGINS:
            return self.coin(j + 1)
        if word in units.CURRENCY_ORIGINS and after in units.CURRENCY_WORDS:
            name, factor = units.CURRENCY_WORDS[after]
            origin = "" if units.CURRENCY_ORIGINS[word] == name else f"{word} "
            return f"money: {origin}{name}", factor, j + 2
        if word in units.CURRENCY_WORDS and not (word == "won" and after):
            name, factor = units.CURRENCY_WORDS[word]
            return f"money: {name}", factor, j + 1
        return None

    def time_unit(self, amount: _Amount) -> None:
        j = amount.end
        glued = self.word(j) in units.TIME_GLUED and self.tokens[j - 1].kind == "number"
        if glued and self.tokens[j - 1].end == self.tokens[j].start:
            (amount.kind, amount.factor), amount.end = units.TIME_GLUED[self.word(j)], j + 1
            return
        while self.word(j) in _BETWEEN_UNIT:
            j += 1
        word = self.word(j)
        name = word.removesuffix("long") if word.removesuffix("long") in units.TIME_SINGULAR else word
        if name not in units.TIME:
            return
        amount.kind, amount.factor = units.TIME[name]
        j += 1
        if self.word(j) == "and" and self.word(j + 1) in ARTICLES and self.word(j + 2) in ("half", "quarter"):
            amount.value += Fraction(1, 2 if self.word(j + 2) == "half" else 4)
            j += 3
        if self.word(j) in _LONG or (self.word(j), self.word(j + 1)) == ("of", "age"):
            amount.aged = self.word(j) != "long"
            j += 2 if self.word(j) == "of" else 1
        amount.end = j

    def quantity(self, i: int) -> int | None:
        """Reads an amount, a sum of amounts ("two years and three months") or a range."""
        first = self.amount(i)
        if first is None:
            return None
        share = self.share(first)
        if share is not None:
            self.keep(i, share.end, share.value, share.value, "part", said=(share.value, share.value))
            return share.end
        j = first.end
        low, high, kind, end = first.value * first.factor, None, first.kind, j
        said = (first.value, first.value)
        second, joined = self.following(j)
        if second is not None and joined == "sum":
            if second.kind == kind and kind in ("days", "months") and second.factor < first.factor:
                low, end = low + second.value * second.factor, second.end
                first.aged = first.aged or second.aged
        elif second is not None and _range_of(first, second):
            if second.scaled and not first.scaled and first.value < 1000:
                first.value *= _magnitude(second.value)
            unit = second if first.kind == "count" else first
            low, high = first.value * unit.factor, second.value * second.factor
            said, kind, end = (first.value, second.value), unit.kind, second.end
            first.aged = first.aged or second.aged
        self.keep(i, end, low, low if high is None else high, kind, said=said, aged=first.aged)
        return end

    def share(self, first: _Amount) -> _Amount | None:
        """Reads a share of a whole: "one in four", "9 out of every 10". It does not read "two in 2014" or
        "three in 4 days".
        """
        j = first.end
        out = (self.word(j), self.word(j + 1)) == ("out", "of")
        every = self.word(j) == "of" and self.word(j + 1) in ("every", "each")
        if first.kind != "count" or not (out or every or self.word(j) == "in"):
            return None
        j += 2 if out else 1
        whole = self.amount(j + 1 if self.word(j) in ("every", "each") else j)
        if whole is None or whole.kind != "count" or not 0 < first.value < whole.value:
            return None
        if not out and 1000 <= whole.value <= 2999:
            return None
        return replace(whole, value=first.value / whole.value)

    def following(self, j: int) -> tuple[_Amount | None, str]:
        """The amount joined to the one that ends at j, and how it is joined: `range` or `sum`."""
        word = self.word(j)
        if word in ("-", "to", "or") or (word == "and" and self.bound == "between"):
            k = j + 1
            while self.word(k) in units.APPROXIMATORS:
                k += 1
            return self.amount(k), "range"
        k = j + 1 if word in ("and", ",") else j
        return (self.amount(k), "sum") if self.word(k) not in ARTICLES else (None, "")

    def keep(
        self,
        i: int,
        end: int,
        low: Fraction,
        high: Fraction,
        kind: str,
        *,
        said: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0)),
        vague: str = "",
        aged: bool = False,
    ) -> None:
        """Adds a quantity, with the bound, negation and age that were read before it."""
        start = self.since if self.since >= 0 else i
        bound = "" if self.bound == "between" else self.bound
        if not bound and any(token.end in self.plus for token in self.tokens[i:end]):
            bound = "at least"
        if kind != "ordinal" or not self.found:
            self.place = i, end
        quantity = Quantity(
            low=low,
            high=high,
            kind=kind,
            said=said,
            text=self.text[self.tokens[start].start : self.tokens[end - 1].end],
            bound=bound,
            vague=vague,
            negated=self.negation > 0,
            aged=aged or self.aged,
        )
        known = self.ordinals if kind == "ordinal" else self.found
        if quantity.identity not in [other.identity for other in known]:
            known.append(quantity)
        self.bound, self.since, self.aged = "", -1, False

    def rough(self, i: int) -> int | None:
        """Reads a rough amount: "dozens", "tens of thousands", "several days", "a matter of days",
        "weeks-long".
        """
        j = i
        words: list[str] = []
        if self.word(j) in ARTICLES and self.word(j + 1) in units.VAGUE_WORDS:
            j += 1
        while self.word(j) in units.VAGUE_WORDS or (words and self.word(j) == "of"):
            words.append(self.word(j))
            j += 1
        while self.word(j) in units.VAGUE_SCALES or (words and self.word(j) in _EXACT_SCALES):
            words.append(self.word(j))
            j += 2 if self.word(j + 1) == "of" else 1
        words = [word for word in words if word != "of"]
        unit = self.word(j).removesuffix("long")
        if unit in units.TIME_PLURAL:
            kind = units.TIME[unit][0]
            words.append(unit)
            j += 2 if self.word(j + 1) in _LONG else 1
            self.keep(i, j, Fraction(0), Fraction(0), kind, vague=" ".join(words))
            return j
        if not words or words == ["recent"]:
            return None
        self.keep(i, j, Fraction(0), Fraction(0), "count", vague=" ".join(words))
        return j

    def rank(self, i: int) -> int | None:
        rank = ordinal(self.tokens, i)
        if rank is None:
            return None
        value = Fraction(rank[0])
        self.keep(i, rank[1], value, value, "ordinal", said=(value, value))
        return rank[1]


def _range_of(first: _Amount, second: _Amount) -> bool:
    """Whether two amounts can be the ends of one range. The unit is given with both, after both, or as "$"
    before both.
    """
    return first.kind in ("count", second.kind) or (
        second.kind == "count" and first.kind.startswith("money: ")
    )


def _magnitude(value: Fraction) -> int:
    """The largest named scale that is not above the value. In "5 to 6 million" the five takes this scale."""
    return max((scale for scale in (10**3, 10**6, 10**9, 10**12) if scale <= value), default=1)


def clip(text: str) -> str:
    """At most 60 characters of a text, for a detail that people read."""
    return text if len(text) <= 60 else f"{text[:57]}..."


@lru_cache(maxsize=16384)
def _read(text: str) -> Quantities:
    folded = fold(_IS.sub("ISIS", text) if not text.isupper() else text)
    reader = _Reader(folded, tokenize(folded))
    reader.run()
    found = reader.found or reader.ordinals
    if not found and reader.word(0) in ("no", "none", "nobody"):
        reader.keep(0, 1, Fraction(0), Fraction(0), "count")
        found = [replace(reader.found[0], negated=False)]
    unread = ""
    if len(found) > 1:
        unread = f"more than one number: {clip(', '.join(quantity.text for quantity in found))}"
    elif reader.opaque:
        unread = "holds a date, a time or a code"
    elif found and reader.words > MOST_OTHER_WORDS:
        unread = "too many words around the number"
    if unread or not found:
        return Quantities(found=tuple(found), rate=reader.rate, unread=unread)
    tokens = [token.text for token in reader.tokens]
    return Quantities(
        found=tuple(found),
        rate=reader.rate,
        counted=counted(tokens, *reader.place),
        behind=behind(tokens, reader.place[1]),
    )


def read_quantities(text: str) -> Quantities:
    """The distinct quantities of a text. Defined for any string; none are found in a text longer than
    `LONGEST`.

    >>> [quantity.text for quantity in read_quantities("Over 400 fighters and around 180 troops").found]
    ['over 400', '180']
    """
    if len(text) > LONGEST:
        return Quantities(unread="too long to be read as a number")
    return _read(text)


def same_figure(full: str, bare: str) -> bool:
    """Whether a bare number is the figure of a full quantity: 12 of "12 percentage points", 25 of "25 km"."""
    one, other = read_quantities(full), read_quantities(bare)
    if one.unread or other.unread or not (len(one.found) == len(other.found) == 1):
        return False
    amount, number = one.found[0], other.found[0]
    same = amount.said == number.said and amount.vague == number.vague
    return same and number.kind == "count" and amount.kind not in ("ordinal", "part")


_ONE = frozenset({Fraction(1)})


def numbers_in(text: str) -> frozenset[Fraction]:
    """The plain values in a text, whatever they count. 1 is left out, because "one" is as often a pronoun."""
    quantities = read_quantities(text).found
    return frozenset(value for quantity in quantities if not quantity.vague for value in quantity.said) - _ONE
