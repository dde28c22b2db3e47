"""Sentences on why an answer is right or wrong, and the rules behind them.

The typed match names a rule and the compared values ("veto", "417 != 400"). This module turns both into a
sentence: "417 and 400 are different numbers."
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from qa_eval.metrics.scored_item import UNSCORED_RULE, ItemScore
from qa_eval.records import NUMERIC_TYPES, Match
from qa_eval.text.phrases import enumerate_words, shorten

WORDS_RULE = "asserts"
"""Rule of the verdict on an answer in words."""
RULES: Mapping[str, str] = {
    "raw": "The answer is a gold, character by character.",
    "squad-em": "Equal to a gold by the rules of exact match: in SQuAD without case, punctuation, articles.",
    "text": "Equal to a gold once numerals, hyphens and accents are written alike.",
    "number": "The same number, unit and qualifier as a gold.",
    "date": "The same date or span of time as a gold.",
    "name": "The same name as a gold, differently written.",
    "words": "The same words as a gold, with the same denial, in an order that says the same.",
    "surname-only": "The same surname; one side has no given name.",
    "value-only": "The same value as a gold with another qualifier or wording.",
    "evidence": "The answer lies in a passage that states the article's claim.",
    "null": "Rightly left unanswered.",
    "abstained": "Left unanswered, though there is an answer.",
    "answered": "Answered, though no answer is right.",
    WORDS_RULE: "An answer in words: what it asserts decides, read by the rules for such answers.",
    UNSCORED_RULE: "Not scored: the data set does not give its answers.",
    "veto": "The answer contradicts a gold: another value, unit, noun, date or name, or a denial.",
    "none": "No rule finds the answer equal to a gold.",
    "missing": "The model gave no prediction.",
    "error": "The model failed on this item.",
}
"""Meaning of each rule, the most exact first."""

LEVELS = (
    "no match",
    "same value, another qualifier or wording",
    "equal typed value",
    "equal text",
    "equal by the rules of exact match",
    "identical",
)
"""Meaning of the levels of a match, from 0 to 5."""


def why(answer: ItemScore, sources: Sequence[str] = ()) -> str:
    """Why an answer is right or wrong, in one or two sentences that do not repeat the verdict.

    `sources` are the labels of the articles that make the answer's claims. The sentence names them if the
    answer is another source's claim. Never raises: details of an unknown version are quoted.
    The reason for an answer in words is what it asserts, unless it is a mere value (`_is_a_value`).

    >>> score = ItemScore(
    ...     item="dead@a", fact="dead", article="a", track="reading", prediction="417", matched_claim="417",
    ...     match=Match(ok=False, level=0, rule="veto", detail="417 != 400"), scores={"leak": 1.0},
    ...     answer_type="number",
    ... )
    >>> why(score)
    "417 and 400 are different numbers. The answer is another source's claim."
    >>> why(score, ["BBC", "CNN"])
    '417 and 400 are different numbers. The answer is the claim of BBC and CNN.'
    """
    if answer.error is not None:
        return f"The model failed: {answer.error.rstrip('.')}."
    if answer.missing:
        return "The model gave no prediction."
    if answer.verdict is not None and not _is_a_value(answer):
        return _on_words(answer, sources)
    match = answer.match
    reason = _sentence(match.rule, match.detail, answer)
    if reason is None:
        general = RULES.get(match.rule, f"The rule is “{match.rule}”.")
        reason = f"{general[:-1]} ({match.detail})." if match.detail else general
    return reason + _claim_of_another(answer, sources)


def deciding_rule(answer: ItemScore) -> Match:
    """The rule behind the verdict: that of the typed match, or `asserts` for an answer in words.

    The detail of `asserts` is the verdict of the reading. It has no level.

    >>> score = ItemScore(
    ...     item="dead@*", fact="dead", article="*", track="pooled", prediction="400 [1] or 417 [2]",
    ...     match=Match(ok=False, level=0, rule="veto"), verdict="complete", asserted=("400", "417"),
    ... )
    >>> deciding_rule(score).rule, deciding_rule(score).detail
    ('asserts', 'complete')
    """
    if answer.verdict is None or answer.failed or _is_a_value(answer):
        return answer.match
    return Match(ok=answer.right, level=0, rule=WORDS_RULE, detail=answer.verdict)


def rule_behind(match: Match) -> str:
    """The rule, its level, its meaning and the values that it compared.

    >>> rule_behind(Match(ok=False, level=0, rule="veto", detail="417 != 400")).partition(": ")[0]
    'rule veto, level 0 (no match)'
    """
    if match.rule == WORDS_RULE:
        return f"rule {match.rule}: {RULES[match.rule]} It reads as {match.detail}."
    level = f" ({LEVELS[match.level]})" if 0 <= match.level < len(LEVELS) else ""
    meaning = f": {RULES[match.rule]}" if match.rule in RULES else ""
    compared = f" Compared: {match.detail}" if match.detail else ""
    return f"rule {match.rule}, level {match.level}{level}{meaning}{compared}"


def _claim_of_another(answer: ItemScore, sources: Sequence[str]) -> str:
    if answer.matched_claim is None or not (answer.scores.get("leak") or answer.scores.get("no_answer_leak")):
        return ""
    return f" The answer is {_whose(sources)}."


def _whose(sources: Sequence[str]) -> str:
    return f"the claim of {enumerate_words(sources)}" if sources else "another source's claim"


# ------------------------------------------------------------------------------------------ answers in words


def _is_a_value(answer: ItemScore) -> bool:
    """Whether an answer in words is no more than a value, so that the typed match can say how it differs.

    The typed match has compared the whole text with the golds, and agrees with what the text asserts. On the
    pooled track, what an answer leaves out is of more interest.
    """
    alike = answer.right == answer.match.ok and answer.claims in ((), (answer.matched_claim,))
    return answer.track == "reading" and alike and answer.match.rule not in _UNCOMPARED


_UNCOMPARED = ("none", "null", "abstained", "answered")
"""Rules that compare no values."""


def _on_words(answer: ItemScore, sources: Sequence[str]) -> str:
    """What an answer in words asserts, and whether that is what it was asked for."""
    if answer.track == "pooled":
        return _on_pooled_words(answer) + _remarks(answer)
    silent = "abstention" in answer.scores
    if answer.verdict == "abstains":
        return (
            "The article does not answer this, and the answer says so."
            if silent
            else "The article answers this, and the answer says that there is no answer."
        )
    if answer.right:
        return "The answer asserts what the article states."
    made = _named_claims(answer)
    if silent:
        reason = "The article does not answer this, but the model did."
        several = f" The answer asserts {made}." if made else ""
        return reason + (f" The answer is {_whose(sources)}." if len(answer.claims) == 1 else several)
    if answer.verdict in ("wrong", "mixed"):
        return _with_other_values(made)
    if len(answer.claims) == 1:
        return f"The answer asserts {made}, {_whose(sources)}."
    return f"The answer asserts {made}. The article does not state all of these."


def _on_pooled_words(answer: ItemScore) -> str:
    made = _named_claims(answer)
    if answer.verdict == "abstains":
        return "A source answers this, and the answer says that there is no answer."
    if answer.verdict in ("wrong", "mixed"):
        return _with_other_values(made)
    if answer.verdict == "complete":
        every = "every claim" if len(answer.claims) > 1 else "the claim"
        return f"The answer asserts {every} of the sources: {made}."
    return f"The answer asserts {made}, and leaves out other claims."


def _with_other_values(made: str) -> str:
    """What an answer asserts that gives a value of no source."""
    if not made:
        return "The answer asserts no claim of any source."
    return f"The answer asserts {made}, and another value that no source claims."


def _remarks(answer: ItemScore) -> str:
    """Sentences on the further scores of an answer to a contested fact."""
    told = " It says or shows that sources differ." if answer.scores.get("acknowledged") else ""
    if answer.right and answer.scores.get("no_false") == 0:
        told += " It asserts a claim that the data set marks as misinformation."
    return told


def _named_claims(answer: ItemScore) -> str:
    """The claims that the answer asserts, by their ids. Empty if it asserts none."""
    return enumerate_words([f"“{shorten(id, _LONGEST_CLAIM)}”" for id in answer.claims])


_LONGEST_CLAIM = 60

# ------------------------------------------------------------------------------------------ the sentences

_Terms = tuple[str, ...]
_Sentence = str | Callable[[_Terms, ItemScore], str]
"""A template, in which {0} is the first group of the pattern as a term; or a function of the bare groups."""

_PLURALS = {
    "text": "numbers",
    "number": "numbers",
    "duration": "durations",
    "percent": "percentages",
    "age": "ages",
    "money": "amounts",
}
_NOUNS = {"person": "person", "place": "place", "organization": "organization"}
_SIDES = {"answer": "The answer", "wording": "The right answer"}
_WEEKDAYS = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("", "January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _sentence(rule: str, detail: str, answer: ItemScore) -> str | None:
    """The sentence of the first row of the table that fits."""
    for types, pattern, sentence in _rows_of(rule):
        if types and answer.answer_type not in types:
            continue
        if (found := pattern.fullmatch(detail)) is not None:
            if callable(sentence):
                return sentence(found.groups(), answer)
            return sentence.format(*(_term(group, answer) for group in found.groups()))
    return None


@lru_cache(maxsize=256)
def _rows_of(rule: str) -> list[tuple[tuple[str, ...], re.Pattern[str], _Sentence]]:
    """The rows of the table about a rule, without it."""
    return [
        (types, re.compile(pattern, re.DOTALL), sentence)
        for of, types, pattern, sentence in _TABLE
        if of == rule
    ]


def _term(text: str, answer: ItemScore) -> str:
    """Words in quotes, as the answer or a gold writes them. Figures have no quotes. Names become a list."""
    if not any(c.isalpha() for c in text):
        return text
    said = (answer.prediction, *answer.golds)
    return enumerate_words([f"“{_as_written(name, said) or name}”" for name in text.split(" + ")])


def _as_written(key: str, texts: Iterable[str]) -> str | None:
    """The words of a key as the first of some texts has them; None if none has."""
    words = re.compile(r"\b" + r"[\s-]+".join(map(re.escape, key.split())) + r"\b", re.IGNORECASE)
    found = (words.search(text) for text in texts)
    return next((" ".join(match[0].split()) for match in found if match is not None), None)


def _different(terms: _Terms, answer: ItemScore) -> str:
    one, other = (_term(term, answer) for term in terms)
    figures = [re.findall(r"\d[\d.,]*", term) for term in terms]
    spelled = [any(c.isalpha() for c in term) for term in terms]
    plural = _PLURALS[answer.answer_type]
    if figures[0] and figures[0] == figures[1]:
        plural = "amounts"
    elif plural != "numbers" and spelled[0] != spelled[1]:
        return f"{one} is not {other}."
    return f"{one} and {other} are different {plural}."


def _date_part(terms: _Terms, answer: ItemScore) -> str:
    part, *values = terms
    names = {"weekday": _WEEKDAYS, "month": _MONTHS}.get(part, ())
    one, other = (names[int(v)] if v.isdigit() and int(v) < len(names) else v for v in values)
    if part in ("weekday", "month", "day", "year", "decade"):
        return f"{one} and {other} are different {part}s."
    return f"The dates are not the same: “{one}” is not “{other}”."


def _date_bound(terms: _Terms, answer: ItemScore) -> str:
    one, other = terms
    if "at" not in terms:
        return f"“{one}” a date is not “{other}” it."
    return (
        f"Only {'the right answer' if one == 'at' else 'the answer'} says “{other if one == 'at' else one}”."
    )


def _date_bound_passed(terms: _Terms, answer: ItemScore) -> str:
    return f"The date is right. {_date_bound(terms, answer)}"


def _share(terms: _Terms, answer: ItemScore) -> str:
    share = "The whole answer" if terms[0] == "100" else f"{terms[0]} % of the answer"
    return f"{share} lies in a passage that answers the question."


def _other_name(terms: _Terms, answer: ItemScore) -> str:
    """The answer itself is quoted, because the detail has only its key, which may be cut."""
    said = " ".join(answer.prediction.split())
    wanted = _as_written(terms[1], answer.golds) if len(terms) == 2 else None
    if wanted is None and not answer.golds:
        return f"“{shorten(said)}” is not right."
    return f"“{shorten(said)}” is not “{shorten(wanted or answer.golds[0])}”."


def _same(terms: _Terms, answer: ItemScore) -> str:
    one, other = (_term(term, answer) for term in terms)
    if one.casefold() == other.casefold():
        return f"The answer gives the right {_PLURALS.get(answer.answer_type, 'values')[:-1]}, {other}."
    return f"{one} and {other} are the same {_PLURALS.get(answer.answer_type, 'values')[:-1]}."


def _side(tail: str) -> Callable[[_Terms, ItemScore], str]:
    """A sentence about the answer or about the right one. The first group tells which."""
    return lambda terms, _: f"{_SIDES[terms[0]]} {tail.format(terms[1])}."


_FIGURE = "The figure is the same, but"
_ANY = ()

_TABLE: tuple[tuple[str, tuple[str, ...], str, _Sentence], ...] = (
    # rule, types of answer, pattern of the detail, sentence
    ("raw", _ANY, ".*", "The answer is a right one, character by character."),
    (
        "null",
        _ANY,
        "no answer, and the article gives none",
        "The article does not answer this, and the model gave no answer.",
    ),
    ("null", _ANY, "no answer, and none is right", "The question has no answer, and the model gave none."),
    ("null", _ANY, ".*", "The answer and the right one are empty."),
    ("abstained", _ANY, "the article answers", "The article answers this, and the model gave no answer."),
    ("abstained", _ANY, "some article answers", "A source answers this, and the model gave no answer."),
    ("abstained", _ANY, ".*", "The question has an answer, and the model gave none."),
    ("answered", _ANY, "the article is silent", "The article does not answer this, but the model did."),
    ("answered", _ANY, ".*", "The question has no answer, and the model gave one."),
    (UNSCORED_RULE, _ANY, ".*", "The data set does not give its answers."),
    (
        "squad-em",
        _ANY,
        ".*EM decides",
        "The answer is a right one by exact match, the only rule for a question of this kind.",
    ),
    ("squad-em", _ANY, ".*", "The answer is a right one but for case, articles and punctuation."),
    ("text", _ANY, ".*", "The answer is a right one but for how it is spelled or punctuated."),
    ("number", _ANY, "(.+) = (.+)", _same),
    ("date", _ANY, "same date", "The answer gives the right date."),
    ("date", _ANY, "finer than the wording", "The answer gives the right date, more exactly."),
    (
        "name",
        ("person", "place", "organization"),
        ".*",
        lambda _, a: f"The answer names the right {_NOUNS[a.answer_type]}.",
    ),
    ("name", _ANY, ".*", "The answer gives the right name."),
    ("words", _ANY, ".*", "The answer has the words of a right one, but for small words and their order."),
    (
        "evidence",
        _ANY,
        r"(\d+)% of the span.*",
        _share,
    ),
    ("surname-only", _ANY, "(.+)", "The surname {0} is right, and a given name is on one side only."),
    ("value-only", _ANY, "finer than the wording", "The answer gives the right date, more exactly."),
    ("value-only", _ANY, "without (.+)", "The place is right, and the answer leaves out {0}."),
    ("value-only", _ANY, "(.+) on one side only", "The name is right, and only one side has {0}."),
    ("value-only", _ANY, r"(.+) ~ (.+) \(its members\)", "{0} and {1} are a group and its members."),
    (
        "value-only",
        _ANY,
        r"(.+) ~ (.+) \(no number added\)",
        "{0} and {1} say the same, because neither gives a number.",
    ),
    (
        "value-only",
        _ANY,
        r"(.+) ~ (.+) \(unit unsaid\)",
        "{0} and {1} are the same figure, and one leaves out the unit.",
    ),
    ("value-only", ("date",), "(.+) ~ (.+)", _date_bound_passed),
    (
        "value-only",
        _ANY,
        "(.+) ~ (.+)",
        "{0} and {1} have the same figure; only “over”, “about” and the like differ.",
    ),
    (
        "veto",
        _ANY,
        r"(?:.* \()?negated on one side only\)?",
        "Only one of the answer and the right one has a “not”.",
    ),
    (
        "veto",
        _ANY,
        "(.+) is negated on one side only",
        "Only one of the answer and the right one denies {0}.",
    ),
    ("veto", ("person",), "surname (.+) != (.+)", "{0} is not the surname {1}."),
    ("veto", ("person",), "given name (.+) != (.+)", "{0} is not the given name {1}."),
    ("veto", ("person",), "(.+) != (.+)", "{0} is not {1}."),
    (
        "veto",
        ("place", "organization"),
        "from != to",
        "One of the answer and the right one says “from”, the other “to”.",
    ),
    ("veto", ("place", "organization"), "in (.+) != in (.+)", "A place in {0} is not one in {1}."),
    (
        "veto",
        ("place", "organization"),
        "([a-z]+) != ([a-z]+)",
        lambda terms, _: "A {} is not a {}.".format(*terms),
    ),
    (
        "veto",
        ("date",),
        "(year) (.+) is not of the (.+)",
        lambda terms, _: f"{terms[1]} is not in the {terms[2]}.",
    ),
    ("veto", ("date",), "([a-z]+) (.+) != (.+)", _date_part),
    ("veto", ("date",), "(.+) != (.+)", _date_bound),
    ("veto", NUMERIC_TYPES, r"(.+) != (.+) \(another bound\)", "{0} and {1} are not the same limit."),
    ("veto", NUMERIC_TYPES, r"(.+) != (.+) \(the bound excludes the value\)", "{0} leaves out {1}."),
    ("veto", NUMERIC_TYPES, r".+ != .+ \((.+) on one side only\)", f"{_FIGURE} only one side counts {{0}}."),
    ("veto", NUMERIC_TYPES, r".+ != .+ \((.+) are not (.+)\)", f"{_FIGURE} {{0}} are not {{1}}."),
    ("veto", NUMERIC_TYPES, r".+ != .+ \((.+) is not (.+)\)", f"{_FIGURE} {{0}} is not {{1}}."),
    ("veto", (*NUMERIC_TYPES, "text"), "(.+) != (.+)", _different),
    ("none", _ANY, "", "There is no right answer to compare with."),
    ("none", _ANY, "other words", "The answer has other words than a right one."),
    ("none", _ANY, "no answer", "The answer is empty."),
    ("none", _ANY, "empty wording", "The right answer is empty."),
    (
        "none",
        _ANY,
        ".*EM decides",
        "The answer is no right one by exact match, the only rule for a question of this kind.",
    ),
    (
        "none",
        ("date",),
        "coarser: no (.+)",
        lambda terms, _: f"The answer leaves out the {enumerate_words(terms[0].split(', '))}.",
    ),
    ("none", ("person",), "(.+): a given name alone", "{0} is a given name, and does not say who is meant."),
    ("none", _ANY, "(answer|wording): more than one number: (.+)", _side("has more than one number: {}")),
    (
        "none",
        _ANY,
        "(answer|wording): (no (?!such).+|more than one .+|too many .+|a number .+)",
        _side("has {}"),
    ),
    ("none", _ANY, "(answer|wording): (holds .+)", _side("{}, not one number")),
    ("none", _ANY, "(answer|wording): no such [a-z]+: (.+)", _side("has a date that does not exist: {}")),
    ("none", _ANY, "(answer|wording): (too long .+)", _side("is {}")),
    ("none", _ANY, "(answer|wording): two values for (.+)", _side("has more than one {}")),
    ("none", _ANY, "(answer|wording): (.+)", _side("cannot be read: {}")),
    (
        "none",
        ("place",),
        "a name alone != (.+)",
        lambda terms, _: f"The answer does not say that it is a {terms[0]}.",
    ),
    (
        "none",
        ("place",),
        "(.+) != a name alone",
        lambda terms, _: f"Only the answer says that it is a {terms[0]}.",
    ),
    ("none", _ANY, "(.+) != (.+)", _other_name),
    ("none", ("place", "organization"), ".*", _other_name),
)
