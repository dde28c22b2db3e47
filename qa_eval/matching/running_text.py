"""Running text as words with their places: sentences, clauses, and stems under which words are compared."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from qa_eval.matching.numerals import Token, cardinal, tokenize
from qa_eval.matching.spelling import fold, is_negator, vocabulary

FUNCTION_WORDS = vocabulary("""a an the of to in on at by for from with and or but as is are was were be
been being has have had having do does did it its it's this that these those there any all so yet still very
quite really entirely fully also he she they we i you his him her their our my your who whom whose which
what when where why how will would can could may might must shall should now than then if about into over
through during while such own both either just only even other others another some one's them themselves
itself us me not no never nor neither deeply highly s t""")
"""Words that carry no content of an answer."""
_ABBREVIATIONS = vocabulary(
    "dr mr mrs ms prof st gen col lt sgt c ca approx vs no nos fig etc e.g i.e u.s jr sr"
)
_ENDINGS = (
    "ational", "nesses", "ically", "ations", "ation", "isms", "ness", "ment", "ical", "ism", "ist", "istic",
    "ing",
    "ians", "ian", "ese", "ies", "ied", "ans", "ers", "ion", "ous", "ed", "es", "ly", "an", "er", "ic", "al",
    "ia", "is", "s", "y", "e", "i", "a",
)  # fmt: skip
_BY_LENGTH = tuple(sorted(_ENDINGS, key=len, reverse=True))
_SHORTEST_STEM = 4
_LONGEST_WORD = 60
_VERBS = """flee fled fleeing flees|take took taken taking|fall fell fallen|leave left leaving|bring
brought|lose lost losing loss losses|hold held|find found|build built|buy bought|teach taught|
write wrote written writing|begin began begun beginning|give gave given giving|win won winning|
die died dying dies death deaths|fight fought|shoot shot|send sent|keep kept|rise rose
risen|see saw seen|go went gone|drive drove driven driving|break broke broken|choose chose
chosen|come came|make made making|run ran running|sell sold|think thought|meet met
meeting|become became|grow grew grown|sink sank sunk|swim swam|steal stole stolen|hide
hid hidden|strike struck|lead led|blow blew blown|throw threw thrown|draw drew drawn|
speak spoke spoken|free freed freeing|wed wedding|marry married marries marriage|man men|
woman women|child children|most mostly|plane planes|hang hung|serious seriously|series|know knew known|
tell told|
pay paid|feed fed|catch caught|get got gotten|hear heard|lay laid|sit sat|stand stood|spend spent|
bear bore borne born|wear wore worn|fly flew flown|forbid forbade forbidden|seek sought|
north northern|south southern|east eastern|west western|center centre centres|theater theatre|
turkey turkish turks|britain british|spain spanish|france french|
greece greek|denmark danish|sweden swedish|poland polish|ireland irish|scotland scottish|england english|
netherlands dutch|switzerland swiss|norway norwegian|germany german germans|finland finnish|wales welsh|
meter metre metres|kilometer kilometre kilometres|defense defence|offense offence"""
"""Words whose forms no ending tells."""
_COMPASS = {"ne": "northeast", "nw": "northwest", "se": "southeast", "sw": "southwest"}
"""Points of the compass in capitals, as words."""
_COUNTRIES = {"us": "america", "usa": "america", "uk": "britain"}
"""Countries in capitals, and the words that stand for them."""
_DOTTED = {"U.S": "america", "U.K": "britain"}
"""The same with points."""
_UNITED = {"states": "america", "kingdom": "britain"}
"""The same behind "United"."""
_SPELLINGS = re.compile(r"(?<=\w{3})(?:our(?=(?:s|ed|ing|able|ite|er|hood)?$)|is(?=(?:e|ed|es|ing|ation)$))")
"""Places where British and American spelling differ: "favour", "recognise"."""
_IRREGULAR = {form: row.split()[0] for row in _VERBS.split("|") for form in row.split()}


def stem(word: str) -> str:
    """A folded word without its ending, so that "Russian" is "Russia" and "shocked" is "shock".

    >>> stem("russian") == stem("russia"), stem("statues") == stem("statue"), stem("mines")
    (True, True, 'mine')
    """
    if len(word) > _LONGEST_WORD:
        return word
    if word.endswith("'s"):
        word = word[:-2]
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        singular = word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
        word = _IRREGULAR.get(singular, singular)
    word = _SPELLINGS.sub(lambda found: found[0].replace("our", "or").replace("is", "iz"), word)
    for again in ("ness", "ment", "ly"):
        if word.endswith(again) and len(word) - len(again) > _SHORTEST_STEM:
            word = word[: -len(again)]
            break
    for ending in _BY_LENGTH:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word[: -len(ending)]
            break
    return word[:-1] + "i" if word.endswith("y") else word.removesuffix("iv")


def skeleton(name: str) -> str:
    """The first letter of a name and its further consonants, doubled ones once: one form for "Khaled" and
    "Khalid", "Riad" and "Riyadh".

    >>> skeleton("khaled"), skeleton("assad") == skeleton("asaad"), skeleton("assad") == skeleton("and")
    ('kld', True, False)
    """
    kept = name[:1]
    for char in name[1:]:
        if char.isalpha() and char not in "aeiouyhw" and char != kept[-1]:
            kept += char
    return kept


@dataclass(frozen=True, slots=True)
class Word:
    """A word, number or sign of a text."""

    text: str
    """Folded."""
    key: str
    """What it is compared by: a stem, `#400` for a number, or the sign itself."""
    start: int
    """Offset of its first character in the text."""
    end: int
    kind: str
    """`word`, `number` or `symbol`."""
    upper: bool
    """Whether it begins with a capital."""
    acronym: bool = False
    """Whether it is written in capitals: "US" is no pronoun."""

    @property
    def content(self) -> bool:
        if self.kind == "symbol" or is_negator(self.text):
            return False
        return self.acronym or self.text not in FUNCTION_WORDS


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words `first` up to `end` of a text."""

    first: int
    end: int
    asks: bool
    """True for a question."""


class RunningText:
    """A text with its words and sentences. Linear in its length, defined for any string."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._shouted = len(text) > 5 and text.isupper()
        self.tokens, self._places = _tokens(text)
        self.words = [self._word(token) for token in self.tokens]
        self._numbers()
        self.sentences = list(self._sentences())

    def _place(self, folded: int) -> int:
        return folded if self._places is None else self._places[min(folded, len(self._places) - 1)]

    def _word(self, token: Token) -> Word:
        start = self._place(token.start)
        end = max(start + 1, self._place(token.end - 1) + 1)
        kind = "symbol" if token.kind == "symbol" else ("word" if token.kind == "word" else "number")
        key = stem(token.text) if kind == "word" else token.text
        upper = self.text[start : start + 1].isupper()
        acronym = 2 <= end - start <= 5 and self.text[start:end].isupper() and not self._shouted
        if acronym and token.text in FUNCTION_WORDS:
            key = self.text[start:end]  # "IS" is not the verb "is"
        if acronym and token.text in _COUNTRIES:
            key = stem(_COUNTRIES[token.text])
        if acronym and token.text in _COMPASS:
            point = _COMPASS[token.text]
            return Word(point, stem(point), start, end, kind, upper)
        return Word(token.text, key, start, end, kind, upper, acronym)

    def _numbers(self) -> None:
        """Gives every word of a number its value as key: "four hundred" and "400" are `#400`; "part" of
        "the greater part" the key of "most"; and "United States" that of "America".
        """
        for i, word in enumerate(self.words[1:], 1):
            if word.text in _UNITED and self.words[i - 1].text == "united":
                key = stem(_UNITED[word.text])
                self.words[i - 1 : i + 1] = [replace(one, key=key) for one in self.words[i - 1 : i + 1]]
            if word.upper and i > 1 and self.text[self.words[i - 2].start : word.end] in _DOTTED:
                country = _DOTTED[self.text[self.words[i - 2].start : word.end]]
                self.words[i - 2] = replace(self.words[i - 2], key=stem(country))
            if word.text == "part" and self.words[i - 1].text in ("greater", "larger"):
                self.words[i] = replace(word, key=stem("most"))
        i = 0
        while i < len(self.tokens):
            token = self.tokens[i]
            found = cardinal(self.tokens, i) if token.text not in ("a", "an", "one") else None
            if found is None and token.kind == "word" and token.text == "one":
                follows = self.tokens[i + 1].text if i + 1 < len(self.tokens) else ""
                found = (
                    cardinal(self.tokens, i)
                    if follows in ("hundred", "thousand", "million", "inch")
                    else None
                )
            if found is None or found[1] <= i:
                i += 1
                continue
            for j in range(i, found[1]):
                word = self.words[j]
                self.words[j] = Word(word.text, f"#{found[0]}", word.start, word.end, "number", word.upper)
            i = found[1]

    def _sentences(self) -> list[Sentence]:
        found: list[Sentence] = []
        first = 0
        for i, word in enumerate(self.words):
            after = self.words[i + 1] if i + 1 < len(self.words) else None
            gap = self.text[word.end : after.start] if after is not None else "\n"
            stop = "\n" in gap or "\r" in gap
            if word.text in ("!", "?", ";", "。", "！", "？"):
                stop = True
            elif word.text == "." and (after is None or gap or after.text in ('"', ")", "'")):
                before = self.words[i - 1] if i > first else None
                short = (
                    before is not None
                    and before.end == word.start
                    and (before.text in _ABBREVIATIONS or (len(before.text) == 1 and before.upper))
                )
                numbered = i == first + 1 and before is not None and before.kind == "number"
                stop = stop or not (short or numbered)
            if stop:
                if i + 1 > first:
                    found.append(Sentence(first, i + 1, word.text in ("?", "？")))
                first = i + 1
        if first < len(self.words):
            found.append(Sentence(first, len(self.words), asks=False))
        return found

    def characters(self, sentence: Sentence) -> tuple[int, int]:
        """The offsets of the first character of a sentence, and just past its last word."""
        return self.words[sentence.first].start, self.words[sentence.end - 1].end

    def sentence_at(self, word: int) -> int:
        """The number of the sentence that holds a word."""
        return bisect_right([s.first for s in self.sentences], word) - 1


def _tokens(text: str) -> tuple[list[Token], list[int] | None]:
    """The tokens of the folded text, and where its characters are in the text; None for the same places."""
    if text.isascii():
        return tokenize(text.lower()), None
    places: list[int] = []
    parts: list[str] = []
    for i, char in enumerate(text):
        folded = char.lower() if char.isascii() else fold(char)
        parts.append(folded)
        places += [i] * len(folded)
    places.append(len(text))
    return tokenize("".join(parts)), places


CLAUSE_BREAKS = vocabulary("but while whereas although though however yet because since , ; : ( ) —")
"""Words and signs at which another clause may begin."""


def breaks_clause(word: Word) -> bool:
    """True for a sign or a word at which another clause may begin."""
    return word.text in CLAUSE_BREAKS
