"""The words that say what a number counts: units, currencies, bounds, rough quantities. Closed tables, no
logic.
"""

from __future__ import annotations

from fractions import Fraction

from qa_eval.metrics.wording import vocabulary

Unit = tuple[str, Fraction]
"""The kind of value, within which units convert, and the factor to its base unit."""


def _table(kind: str, rows: dict[str, int | Fraction]) -> dict[str, Unit]:
    return {word: (kind, Fraction(factor)) for words, factor in rows.items() for word in words.split()}


TIME: dict[str, Unit] = {
    **_table(
        "days",
        {
            "second seconds sec secs": Fraction(1, 86400),
            "minute minutes min mins": Fraction(1, 1440),
            "hour hours hr hrs": Fraction(1, 24),
            "day days": 1,
            "week weeks wk wks": 7,
            "fortnight fortnights": 14,
        },
    ),
    **_table(
        "months",
        {
            "month months": 1,
            "year years yr yrs": 12,
            "decade decades": 120,
            "century centuries": 1200,
            "millennium millennia millenniums": 12000,
        },
    ),
}
"""Days and weeks convert, months and years convert; the two scales do not: a month has no fixed number of
days.
"""
TIME_SINGULAR = vocabulary("second minute hour day week fortnight month year decade century millennium")
TIME_PLURAL = vocabulary(
    "seconds minutes hours days weeks fortnights months years decades centuries millennia"
)
RATES = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
    "annually": "year",
    "annual": "year",
}

MEASURES: dict[str, Unit] = {
    **_table(
        "metres",
        {
            "meter meters metre metres m": 1,
            "kilometer kilometers kilometre kilometres km kms": 1000,
            "centimeter centimeters centimetre centimetres cm": Fraction(1, 100),
            "millimeter millimeters millimetre millimetres mm": Fraction(1, 1000),
        },
    ),
    **_table(
        "feet", {"foot feet ft": 1, "inch inches": Fraction(1, 12), "yard yards": 3, "mile miles": 5280}
    ),
    **_table(
        "grams", {"gram grams g": 1, "kilogram kilograms kilo kilos kg": 1000, "tonne tonnes": 1_000_000}
    ),
    **_table("pounds weight", {"lb lbs": 1, "ounce ounces oz": Fraction(1, 16)}),
    **_table("tons", {"ton tons": 1}),
    **_table("hectares", {"hectare hectares ha": 1}),
    **_table("acres", {"acre acres": 1}),
    **_table("litres", {"liter liters litre litres": 1}),
    **_table("degrees", {"degree degrees °": 1}),
}
MEASURE_KINDS = frozenset(kind for kind, _ in MEASURES.values())

PERCENT = frozenset({"%", "percent", "pct"})
CURRENCY_SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen"}
CURRENCY_CODES = {"usd": "dollar", "eur": "euro", "gbp": "pound", "jpy": "yen"}
CURRENCY_WORDS: dict[str, tuple[str, Fraction]] = {
    "dollar": ("dollar", Fraction(1)),
    "dollars": ("dollar", Fraction(1)),
    "usd": ("dollar", Fraction(1)),
    "cent": ("dollar", Fraction(1, 100)),
    "cents": ("dollar", Fraction(1, 100)),
    "euro": ("euro", Fraction(1)),
    "euros": ("euro", Fraction(1)),
    "eur": ("euro", Fraction(1)),
    "€": ("euro", Fraction(1)),
    "pound": ("pound", Fraction(1)),
    "pounds": ("pound", Fraction(1)),
    "gbp": ("pound", Fraction(1)),
    "pence": ("pound", Fraction(1, 100)),
    "yen": ("yen", Fraction(1)),
    "jpy": ("yen", Fraction(1)),
    "ruble": ("ruble", Fraction(1)),
    "rubles": ("ruble", Fraction(1)),
    "roubles": ("ruble", Fraction(1)),
    "lira": ("lira", Fraction(1)),
    "dinar": ("dinar", Fraction(1)),
    "dinars": ("dinar", Fraction(1)),
}
CURRENCY_ORIGINS = {
    "us": {"dollar": ""},
    "u.s": {"dollar": ""},
    "american": {"dollar": ""},
    "british": {"pound": ""},
    "sterling": {"pound": ""},
    "canadian": {},
    "australian": {},
    "syrian": {},
    "lebanese": {},
    "egyptian": {},
    "turkish": {},
    "iraqi": {},
    "jordanian": {},
    "russian": {},
}
"""Whose money it is: an unmarked dollar is American, an unmarked pound British; any other origin is its
own money.
"""

BOUNDS: dict[tuple[str, ...], str] = {
    tuple(phrase.split()): bound
    for bound, phrases in {
        "over": "over|more than|above|exceeding|in excess of|upwards of|greater than|beyond|>|north of",
        "at least": "at least|no fewer than|no less than|not fewer than|not less than|a minimum of|minimum of"
        "|no under|≥|> =|a minimum|minimum",
        "under": "under|less than|fewer than|below|<|south of",
        "up to": "up to|at most|no more than|not more than|not over|a maximum of|maximum of|as many as"
        "|as much as|≤|< =|maximum",
        "nearly": "nearly|almost|not quite|approaching|just short of",
        "between": "between",
    }.items()
    for phrase in phrases.split("|")
}
"""What may stand before a number and make it another value."""
BOUNDS_AFTER: dict[tuple[str, ...], str] = {
    tuple(phrase.split()): bound
    for bound, phrases in {
        "at least": "or more|and more|or over|or above|and above|and over|and counting|at least|at a minimum",
        "up to": "or less|or fewer|or under|at most|at the most",
    }.items()
    for phrase in phrases.split("|")
}
UPPER = frozenset({"under", "up to", "nearly"})
LOWER = frozenset({"over", "at least"})

APPROXIMATORS = vocabulary("""about around some roughly approximately approx circa ca c ~ ≈ estimated an
perhaps possibly probably just well
    already even only reportedly exactly precisely another""")
"""Words between a bound and its number that never make it another value."""

VAGUE_SCALES = vocabulary("tens dozens scores hundreds thousands millions billions trillions")
VAGUE_WORDS = vocabulary("several few many numerous couple handful countless recent multiple various plenty")

COUNTED: dict[str, str] = {
    word: group
    for group, words in {
        "combatants": """fighter fighters militant militants soldier soldiers troops troop jihadist jihadists
        insurgent insurgents rebel rebels terrorist terrorists extremist extremists gunmen""",
        "civilians": "civilian civilians resident residents inhabitants refugee refugees villagers",
        "visitors": "tourist tourists visitor visitors",
    }.items()
    for word in words.split()
}
"""Count nouns that exclude each other: 400 civilians are not 400 fighters. Any other count noun is
ignored.
"""
