"""Recognizes published sets, and gives the rules by which each is scored.

Many sets have SQuAD's format and an evaluation script of their own. A file names its set by its `version`,
and a set of the hub by its name. The ids of CMRC 2018 are unlike those of any other set. DRCD is recognized
by its version together with its writing system. A known set is scored by its own rules, any other set by
SQuAD's. A note says which rules are used and why, unless the set is SQuAD itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from qa_eval.files.strict_json import describe
from qa_eval.metrics.rules.mlqa import MLQA_LANGUAGES
from qa_eval.metrics.rules.squad import RULES
from qa_eval.records import Example
from qa_eval.text.phrases import quote

CHOICE = "--rules chooses others"


@dataclass(frozen=True, slots=True)
class Version:
    """The `version` of a file, which may be any JSON value. A reader yields it at its place in the file."""

    value: Any

    @property
    def text(self) -> str:
        """The version as text; empty for anything but a text or a number."""
        known = isinstance(self.value, str | int | float) and not isinstance(self.value, bool)
        return str(self.value).strip() if known else ""

    def __str__(self) -> str:
        return quote(self.value) if isinstance(self.value, str) else describe(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedSet:
    """A set that has SQuAD's format."""

    title: str
    names: str
    """Pattern that is found in the set's versions and in its names on the hub."""
    rules: str | None = None
    """Rules of the set, a key of `RULES`. None if they are not among these."""
    script: str = "its script is not among the rules"
    """Phrase about how the set is scored, if its rules are not among `RULES`."""


SETS = (
    PublishedSet(
        title="KorQuAD 2",
        names=r"korquad[\W_]*v?2|squad_kor_v2",
        script="its script removes HTML and then counts characters, as korquad-v1 does",
    ),
    PublishedSet(title="KorQuAD 1.0", names=r"korquad|squad_kor_v1", rules="korquad-v1"),
    PublishedSet(title="CMRC 2018", names=r"cmrc(?!\W*20(?:17|19))", rules="cmrc2018"),
    PublishedSet(title="DRCD", names=r"drcd", rules="drcd"),
    *(
        PublishedSet(title="MLQA", names=rf"mlqa[\W_]{lang}(?![a-z])", rules=f"mlqa-{lang}")
        for lang in MLQA_LANGUAGES
    ),
    PublishedSet(
        title="MLQA", names=r"mlqa", script="its script has rules for each language, such as mlqa-de"
    ),
    PublishedSet(title="XQuAD", names=r"xquad", rules="squad-v1.1"),
    PublishedSet(title="TyDiQA-GoldP", names=r"tydi[\W_]*qa", rules="squad-v1.1"),
    PublishedSet(
        title="QuAC",
        names=r"(?<![a-z])quac(?![a-z])",
        script="its script leaves each reference out in turn and compares with people's F1",
    ),
    PublishedSet(
        title="CUAD",
        names=r"(?<![a-z])cuad|^aok_v",
        script="its script measures precision at a recall, over n-best lists",
    ),
    PublishedSet(title="FQuAD", names=r"fquad"),
    PublishedSet(title="JaQuAD", names=r"jaquad"),
    PublishedSet(title="KLUE-MRC", names=r"klue", script="its script measures ROUGE-W over characters"),
)
"""Known sets. The first whose pattern matches is taken."""
_BY_TITLE = {known.title: known for known in SETS}
_SQUAD = re.compile(r"v?(?:1\.1|2|2\.0)", re.IGNORECASE)
"""Pattern of the versions of SQuAD itself."""
_DRCD = re.compile(r"v?1\.3", re.IGNORECASE)
_IDS = {
    "CMRC 2018": re.compile(r"(?:DEV|TRAIN|TRIAL|TEST|CHALLENGE)_\d+_QUERY_\d+"),
    "QuAC": re.compile(r".+_q#\d+", re.DOTALL),
    "KLUE-MRC": re.compile(r"klue-mrc-.+", re.DOTALL),
    "numbers": re.compile(r"\d+-\d+-\d+"),
}
"""Patterns of the ids of some sets. Ids of the form `numbers` occur in KorQuAD 1.0 and DRCD, and maybe in
others."""
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3040-\u30ff"
_HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af"
_UNSPACED = f"{_HAN}{_KANA}\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff"
"""Letters of scripts, and those of scripts without spaces between words, as ranges of a pattern."""
_FEW = 0.1
"""Share of golds in such a script up to which they count as mere names and quotations."""


@cache
def _letters(ranges: str) -> re.Pattern[str]:
    return re.compile(f"[{ranges}]")


def _has(ranges: str, text: str) -> bool:
    """Whether a text has a letter of these ranges."""
    return _letters(ranges).search(text) is not None


@dataclass(slots=True)
class Marks:
    """Marks by which the set of the questions is recognized, counted while they are read."""

    version: Version | None = None
    questions: int = 0
    ids: set[str] = field(default_factory=lambda: {*_IDS})
    """Names of the patterns of `_IDS` that all ids match."""
    first: str = ""
    """Id of the first question."""
    goldless: str = ""
    """Id of the first question without golds."""
    chinese: int = 0
    """Number of questions with Han characters and with neither kana nor Hangul."""
    korean: int = 0
    unspaced: int = 0
    """Number of questions with a gold in a script that has no spaces between words."""
    unspaced_chinese: int = 0
    """Number of questions with such a gold in Han characters and without kana."""

    def add(self, example: Example) -> None:
        """Counts a question."""
        self.first = self.first or example.id
        self.questions += 1
        if not example.golds:
            self.goldless = self.goldless or example.id
        self.ids -= {name for name in self.ids if not _IDS[name].fullmatch(example.id)}
        text = example.question
        if not text.isascii():
            hangul = _has(_HANGUL, text)
            self.korean += hangul
            self.chinese += not hangul and _has(_HAN, text) and not _has(_KANA, text)
        golds = " ".join(example.golds)
        if not golds.isascii() and _has(_UNSPACED, golds):
            self.unspaced += 1
            self.unspaced_chinese += _has(_HAN, golds) and not _has(_KANA, golds)

    def all_ids(self, name: str) -> bool:
        """Whether there are questions and all of their ids match the pattern of this name."""
        return self.questions > 0 and name in self.ids

    def mostly(self, number: int) -> bool:
        """Whether the number is more than half of the questions."""
        return 2 * number > self.questions


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The set that the questions come from, as far as it is known."""

    known: PublishedSet | None
    """Published set. None for SQuAD itself, and if nothing names a set."""
    why: str = ""
    """Phrase about what names the set, or that nothing does; empty for SQuAD itself."""
    hint: str = ""
    """Sentence about the set that the questions resemble, if that is not certain."""

    def rules(self, *, unanswerable: bool) -> str:
        """The set's own rules if it is known. Otherwise SQuAD's: 2.0 if there are unanswerable questions,
        else 1.1.
        """
        own = self.known.rules if self.known is not None else None
        if own is not None and (not unanswerable or RULES[own].unanswerable):
            return own
        return "squad-v2.0" if unanswerable else "squad-v1.1"

    def notes(self, rules: str, *, asked_for: bool, unanswerable: bool) -> Iterator[str]:
        """Yields a sentence about which rules are used and why, unless that is obvious."""
        default = self.rules(unanswerable=unanswerable)
        if asked_for and rules != default:
            yield scored_by_others(rules, default)
            return
        if self.known is None:
            if self.why:
                yield f"rules: {rules}, because {self.why}{self.hint}; {CHOICE}"
        elif self.known.rules is None:
            title, script = self.known.title, self.known.script
            yield f"rules: {rules}, which are not {title}'s own ({self.why}): {script}; {CHOICE}"
        elif self.known.rules != rules:
            own = f"{self.known.title}'s own ({self.why}), {self.known.rules}"
            yield f"rules: {rules}, not {own}, which has no unanswerable questions; {CHOICE}"
        else:
            yield f"rules: {rules}, {self.known.title}'s own ({self.why}); {CHOICE}"


def scored_by_others(rules: str, default: str) -> str:
    """A note that the rules are not the default."""
    return f"scored by {rules}, as requested; the default for this data set is {default}"


def origin_of(marks: Marks, *, hub_name: str = "") -> Origin:
    """The set that questions come from, recognized by their marks and by their name on the hub, if they have
    one.

    >>> origin_of(Marks(version=Version("KorQuAD_v1.0_dev"))).rules(unanswerable=False)
    'korquad-v1'
    >>> origin_of(Marks(version=Version(1.1))).rules(unanswerable=True)
    'squad-v2.0'
    """
    version = marks.version
    text = version.text if version is not None else ""
    for name, shown in ((text, f"its version is {version}"), (hub_name, f"its name is {quote(hub_name)}")):
        for known in SETS:
            if name and re.search(known.names, name, re.IGNORECASE):
                return Origin(known=known, why=shown)
    for title in ("CMRC 2018", "QuAC", "KLUE-MRC"):
        if marks.all_ids(title):
            return Origin(known=_BY_TITLE[title], why=f"its ids are like {quote(marks.first)}")
    if _DRCD.fullmatch(text) and marks.mostly(marks.chinese):
        return Origin(known=_BY_TITLE["DRCD"], why=f"its version is {version}, and it is Chinese")
    if _SQUAD.fullmatch(text):
        return Origin(known=None)
    said = "it has no version" if version is None or version.value is None else f"its version is {version}"
    return Origin(known=None, why=f"no set with rules of its own is named ({said})", hint=_hint(marks))


def _hint(marks: Marks) -> str:
    if marks.all_ids("numbers") and marks.mostly(marks.korean):
        return ". It may be KorQuAD 1.0, whose rules are korquad-v1"
    if marks.all_ids("numbers") and marks.mostly(marks.chinese):
        return ". It may be DRCD, whose rules are drcd"
    return ""


def spacing_notes(marks: Marks, rules: str) -> Iterator[str]:
    """Yields a note if the rules split at spaces but many golds are in a script without spaces."""
    if rules not in _DIVIDE_AT_SPACES or marks.unspaced <= _FEW * marks.questions:
        return
    what = f"{marks.unspaced:,} of {marks.questions:,} questions have golds in a script without spaces"
    why = f"{rules} takes a run of such letters for one token, and F1 gives no credit for a part of it"
    advice = "none of the rules splits it into words"
    if 2 * marks.unspaced_chinese > marks.unspaced:
        advice = "--rules mlqa-zh counts Chinese characters, cmrc2018 and drcd their longest common run"
    yield f"{what}; {why}; {advice}"


_DIVIDE_AT_SPACES: Sequence[str] = [
    name for name, rules in RULES.items() if rules.tokens is str.split and name != "mlqa-zh"
]
