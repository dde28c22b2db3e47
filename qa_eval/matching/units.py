"""Tables of words: units, currencies, bounds and rough quantities. The tables are closed."""

from __future__ import annotations

from fractions import Fraction

from qa_eval.matching.spelling import vocabulary

Unit = tuple[str, Fraction]
"""A unit: the kind of value, within which units convert, and the factor to the base unit."""


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
"""Units of time. Days and weeks convert into each other, and so do months and years. The two scales do not,
because a month has no fixed number of days."""
TIME_GLUED: dict[str, Unit] = {
    "h": TIME["hour"],
    "d": TIME["day"],
    "w": TIME["week"],
    "mo": TIME["month"],
    "mos": TIME["month"],
    "y": TIME["year"],
    "yo": TIME["year"],
}
"""Short forms that are units of time only if they are attached to a numeral: "48h"."""
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
_RATED_ALIKE = {
    "oz": "ounce",
    "head": "person",
    "capita": "person",
    "match": "game",
    "g": "gram",
    "kilo": "kilogram",
    "kg": "kilogram",
    "litre": "liter",
    "kilometre": "kilometer",
    "km": "kilometer",
    "ha": "hectare",
}
RATED = _RATED_ALIKE | {
    word: word
    for word in vocabulary("""barrel share ounce person household employee unit piece ticket night dose game
    gram kilogram ton tonne liter gallon kilometer mile acre hectare""")
}
"""Things other than times that a rate may refer to: "per share", "$3 a barrel"."""

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
        "grams",
        {"gram grams g": 1, "kilogram kilograms kilo kilos kg": 1000, "tonne tonnes": 1_000_000}
        | {"milligram milligrams mg": Fraction(1, 1000)}
        | {"microgram micrograms mcg μg ug": Fraction(1, 1_000_000)},
    ),
    **_table("pounds weight", {"lb lbs": 1, "ounce ounces oz": Fraction(1, 16)}),
    **_table("tons", {"ton tons": 1}),
    **_table("hectares", {"hectare hectares ha": 1}),
    **_table("acres", {"acre acres": 1}),
    **_table(
        "litres",
        {
            "liter liters litre litres": 1,
            "centiliter centiliters centilitre centilitres cl": Fraction(1, 100),
            "milliliter milliliters millilitre millilitres ml": Fraction(1, 1000),
        },
    ),
    **_table("gallons", {"gallon gallons": 1, "pint pints": Fraction(1, 8)}),
    **_table("watts", {"watt watts": 1, "kilowatt kilowatts kw": 1000, "megawatt megawatts mw": 1_000_000}),
    **_table("knots", {"knot knots": 1}),
    **_table("degrees", {"degree degrees °": 1}),
}
_LENGTHS = ("metres", "feet")
SPEEDS: dict[str, Unit] = {
    **_table("metres per hour", {"kph kmh kmph": 1000}),
    **_table("feet per hour", {"mph": 5280}),
}
PER_HOUR: dict[str, dict[str, int]] = {
    kind: {"hour": 1, "h": 1, "hr": 1, "minute": 60, "min": 60, "second": 3600, "sec": 3600, "s": 3600}
    for kind in _LENGTHS
}
"""Number of times that the time after "per" fits into an hour, for the kinds of value that have a speed."""
MEASURE_KINDS = frozenset(kind for kind, _ in (*MEASURES.values(), *SPEEDS.values()))

METRIC: dict[str, tuple[str, Fraction]] = {
    "feet": ("metres", Fraction("0.3048")),
    "feet per hour": ("metres per hour", Fraction("0.3048")),
    "pounds weight": ("grams", Fraction("453.59237")),
    "acres": ("hectares", Fraction("0.40468564224")),
}
"""Kind of measure -> the metric kind for it, and the number of its units in one of the former."""

PERCENT = frozenset({"%", "percent", "pct"})
PER_MILLE = frozenset({"‰", "permille"})
BASIS_POINTS = frozenset({("basis", "point"), ("basis", "points")})

Coin = tuple[str, Fraction]
"""A currency, and the factor to its main unit."""


def _coins(rows: str) -> dict[str, Coin]:
    """Words for money, from rows of the form `currency: words`. A row `currency/100` has words for the
    hundredth part.
    """
    coins: dict[str, Coin] = {}
    for row in rows.split("|"):
        name, words = row.split(":")
        currency, _, part = name.strip().partition("/")
        coins |= {word: (currency, Fraction(1, int(part or 1))) for word in words.split()}
    return coins


CURRENCY_SIGNS = {"$": "dollar", "€": "euro", "£": "pound", "¥": "yen"} | {
    "₹": "rupee",
    "₽": "ruble",
    "₺": "lira",
    "₩": "won",
    "₪": "shekel",
    "₴": "hryvnia",
    "₦": "naira",
    "₫": "dong",
    "฿": "baht",
}
CURRENCY_CODES = {
    code: currency
    for currency, codes in {
        "dollar": "usd",
        "canadian dollar": "cad",
        "australian dollar": "aud",
        "euro": "eur",
        "pound": "gbp",
        "syrian pound": "syp",
        "lebanese pound": "lbp",
        "egyptian pound": "egp",
        "yen": "jpy",
        "franc": "chf",
        "rupee": "inr",
        "yuan": "cny rmb",
        "ruble": "rub",
        "won": "krw",
        "brazilian real": "brl",
        "krona": "sek",
        "krone": "nok",
        "danish krone": "dkk",
        "peso": "mxn",
        "shekel": "ils nis",
        "zloty": "pln",
        "iraqi dinar": "iqd",
        "jordanian dinar": "jod",
    }.items()
    for code in codes.split()
}
CURRENCY_WORDS: dict[str, Coin] = {
    code: (name, Fraction(1)) for code, name in CURRENCY_CODES.items()
} | _coins(
    "dollar: dollar dollars buck bucks|dollar/100: cent cents|euro: euro euros €"
    "|pound: pound pounds quid|pound/100: pence penny|yen: yen|ruble: ruble rubles rouble roubles"
    "|lira: lira liras|dinar: dinar dinars|rupee: rupee rupees|franc: franc francs|krona: krona kronor"
    "|krone: krone kroner|peso: peso pesos|yuan: yuan renminbi|won: won|shekel: shekel shekels"
    "|rial: rial rials|riyal: riyal riyals|dirham: dirham dirhams|zloty: zloty zlotys|forint: forint forints"
    "|rand: rand|baht: baht|naira: naira|rupiah: rupiah|ringgit: ringgit|hryvnia: hryvnia hryvnias"
    "|koruna: koruna korunas|taka: taka|shilling: shilling shillings|afghani: afghani afghanis"
    "|brazilian real: reais|bitcoin: bitcoin bitcoins|crown: crown crowns"
)
"""Words for currencies after a number. `won` is a currency only there."""
CURRENCY_ORIGINS: dict[str, str] = {
    origin: home
    for home, origins in {
        "dollar": "us u.s american",
        "pound": "british sterling uk",
        "yen": "japanese",
        "ruble": "russian",
        "lira": "turkish",
        "rupee": "indian",
        "franc": "swiss",
        "krona": "swedish",
        "krone": "norwegian",
        "peso": "mexican",
        "yuan": "chinese",
        "won": "korean",
        "shekel": "israeli",
        "zloty": "polish",
        "rand": "african",
        "baht": "thai",
        "naira": "nigerian",
        "hryvnia": "ukrainian",
        "rial": "iranian",
        "riyal": "saudi",
        "dirham": "emirati",
        "": """canadian australian zealand kong singapore taiwanese syrian lebanese egyptian iraqi jordanian
        libyan tunisian algerian kuwaiti bahraini serbian danish icelandic czech pakistani lankan
        nepalese argentine argentinian chilean colombian cuban philippine dominican uruguayan moroccan
        omani qatari yemeni congolese rwandan kenyan ugandan tanzanian somali french belgian cfa
        sudanese irish cypriot""",
    }.items()
    for origin in origins.split()
}
"""Origins of currencies. Some currencies have one home for which they need no origin: a dollar without origin
is American, a pound without origin British. Any other origin makes another currency."""

BOUNDS: dict[tuple[str, ...], str] = {
    tuple(phrase.split()): bound
    for bound, phrases in {
        "over": "over|older than|longer than|higher than|larger than|bigger than|more than"
        "|above|exceeding|in excess of|upwards of|greater than|beyond|>|north of",
        "at least": "at least|no fewer than|no less than|not fewer than|not less than|not under"
        "|not below|a minimum of|minimum of|no under|≥|> =|a minimum|minimum",
        "under": "under|younger than|shorter than|lower than|smaller than|less than|fewer than"
        "|below|<|south of",
        "up to": "up to|at most|no more than|not more than|not over|not above"
        "|not exceeding|a maximum of|maximum of|as many as|as much as|≤|< =|maximum",
        "nearly": "just shy of|shy of|short of|nearly|almost|not quite|approaching|just short of",
        "between": "between",
    }.items()
    for phrase in phrases.split("|")
}
"""Phrases before a number that make it another value."""
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
VAGUE_UNCOUNTED = frozenset({"several", "few"})
"""Rough words that add no number to a bare plural: "several days" are "days"."""
VAGUE_WORDS = vocabulary("several few many numerous couple handful countless recent multiple various plenty")
