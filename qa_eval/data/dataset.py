"""Public data sets: opened by a spec, streamed as often as needed, and checked as a whole."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from qa_eval.data.claim_sets import ClaimSet, FactRead
from qa_eval.data.content_hashes import unordered_sha256
from qa_eval.data.dataset_files import likely_spec
from qa_eval.data.dataset_options import Intake, Read, Where, checked_columns
from qa_eval.data.examples import NO_ANSWERS
from qa_eval.data.formats.claims import read_claims
from qa_eval.data.formats.json_lines import read_flat, read_mrqa, read_squad
from qa_eval.data.formats.qacc import read_qacc
from qa_eval.data.formats.ramdocs import read_ramdocs
from qa_eval.data.formats.wikicontradict import read_wikicontradict
from qa_eval.data.items import drawn_ids
from qa_eval.data.kept_examples import KeptExamples
from qa_eval.data.published_sets import Marks, Origin, Version, origin_of, scored_by_others, spacing_notes
from qa_eval.errors import InputError, QaEvalError, SpecError
from qa_eval.files.findings import Findings
from qa_eval.files.hashes import sha256_json
from qa_eval.files.paths import user_path
from qa_eval.metrics.rules.squad import RULES, UNSCORED, Rules, rules_named
from qa_eval.records import DuplicateIds, Example, Finding, Instance, Question
from qa_eval.text.phrases import count, quote, suggestion

_TOLERATED = {
    "answer-start": (
        "answer_start that does not point at its text; only the text counts",
        "answer_starts that do not point at their text; only the text counts",
    ),
    "blank-question": ("question without words", "questions without words"),
    "impossible": (
        "question that is flagged as having no answer but lists some; it has none",
        "questions that are flagged as having no answer but list some; they have none",
    ),
    "blank-gold": (
        "question whose answers are blank texts; it has no answer",
        "questions whose answers are blank texts; they have no answer",
    ),
    "blank-among-golds": (
        "question with a blank answer next to others",
        "questions with a blank answer next to others",
    ),
    "duplicate-id": (
        "question with the id of an earlier one; the first of them is kept",
        "questions with the id of an earlier one; the first of them is kept",
    ),
}
"""Phrases for one and for several findings of a kind that is tolerated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """The contents of a data set that was read as a whole and has no errors."""

    questions: int
    contexts: int
    unanswerable: int
    questions_sha256: str
    """SHA-256 over the ids, questions, golds and context ids, in any order."""
    contexts_sha256: str
    """SHA-256 over the contexts, in any order."""
    marks: Marks = field(compare=False)
    """Marks by which the published set is recognized."""
    labelled: bool = True
    """Flag: the answers are given, so that predictions can be scored."""
    tolerated: tuple[tuple[str, int, Finding], ...] = ()
    """Kinds of oddities that are tolerated: (check, number of findings, first finding)."""
    examples: KeptExamples = field(default_factory=KeptExamples, compare=False, repr=False)
    """The examples, if they are few enough to be kept."""

    def warnings(self, rules: str) -> Iterator[str]:
        """Yields one line for each kind of oddity: how often it occurs, and its first place.

        For blank golds the line also says what `rules` do with them, because rules differ.
        """
        for check, number, first in self.tolerated:
            one, many = _TOLERATED[check]
            what = one if number == 1 else many
            if check == "blank-among-golds" and rules in RULES:
                what += f"; {_blank_gold(RULES[rules])}"
            yield f"{number:,} {what}; the first: {first}"


def _blank_gold(rules: Rules) -> str:
    """A sentence about what the rules do with a blank gold among others."""
    if rules.unanswerable:
        return f"{rules.name} drops the blank answer, so that an empty prediction is wrong"
    exact, f1 = rules.score("", [""])
    return (
        f"{rules.name} keeps the blank answer, so that an empty prediction has EM {exact:.0f} and "
        f"F1 {f1:.0f}; --rules squad-v2.0 drops it"
    )


@dataclass(slots=True)
class PublicDataset:
    """A data set of questions on texts. It is cheap to make, because nothing is read until it is needed.

    Each iteration streams the examples from the beginning. At the first error the stream of examples ends,
    the rest is read for further errors, and InputError is raised with every finding. Call `check` first if
    nothing may begin before the data set is known to be sound. `check` also keeps the examples, if they are
    not too many, so that they are not read again.

    >>> import json, tempfile
    >>> row = {"id": "q1", "question": "Who?", "context": "Ada wrote it."}
    >>> row["answers"] = {"text": ["Ada"], "answer_start": [0]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "tiny.jsonl"
    ...     _ = file.write_text(json.dumps(row))
    ...     dataset = open_dataset(f"jsonl:{file}")
    ...     [e.golds for e in dataset], dataset.rules, dataset.name
    ([('Ada',)], 'squad-v1.1', 'tiny')
    """

    spec: str
    """Spec as it was given, without white space around it."""
    name: str
    """Name for people: the file's name without its suffixes, or the name on the hub."""
    split: str | None
    """Split that is read. None for files, which are one split."""
    intake: Intake
    """Options of reading."""
    fixed_rules: str | None = field(repr=False)
    """Name of the rules of the format, if it has its own."""
    read: Callable[[], Read] = field(repr=False)
    """Function that reads the data set from the beginning."""
    asked_rules: str | None = None
    """Name of the rules that were asked for. None for the data set's own."""
    hub_name: str = field(default="", repr=False)
    """Name on the hub; empty for files and folders."""
    _census: Census | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.asked_rules is not None:
            rules_named(self.asked_rules)

    def __iter__(self) -> Iterator[Example]:
        """Yields the examples in the order of the data set. Raises InputError if something is wrong."""
        if self._census is not None and self._census.examples.whole:
            return iter(self._census.examples)
        return _sound(self.read())

    @property
    def rules(self) -> str:
        """The name of the rules by which the data set is scored.

        It is `none` if the answers are not given. Otherwise it is the first of these that exists: the rules
        asked for, the rules of the format, the rules of the published set that this is, and `squad-v2.0` if
        there are unanswerable questions, else `squad-v1.1`. The data set is read once to find out.

        Raises InputError if something is wrong in the data set. Raises QaEvalError if the rules asked for
        have no unanswerable questions and the data set has some.
        """
        census = self.check()
        if not census.labelled:
            return UNSCORED
        if self.asked_rules is None:
            if self.fixed_rules is not None:
                return self.fixed_rules
            return self._origin.rules(unanswerable=census.unanswerable > 0)
        if census.unanswerable and not RULES[self.asked_rules].unanswerable:
            what = f"{census.unanswerable:,} of {count(census.questions, 'question')} have no gold"
            raise QaEvalError(
                f"{self.spec}: {what}, such as {census.marks.goldless!r}; "
                f"{self.asked_rules} has no unanswerable questions, squad-v2.0 has"
            )
        return self.asked_rules

    def notes(self) -> Iterator[str]:
        """Yields what a reader of the numbers should know about the rules, one sentence each. Raises as
        `rules` does.
        """
        rules, census = self.rules, self.check()
        if not census.labelled:
            return
        if self.fixed_rules is None:
            asked, unanswerable = self.asked_rules is not None, census.unanswerable > 0
            yield from self._origin.notes(rules, asked_for=asked, unanswerable=unanswerable)
        elif rules != self.fixed_rules:
            yield scored_by_others(rules, self.fixed_rules)
        yield from spacing_notes(census.marks, rules)

    def held(self) -> str:
        """The contents in words. Raises InputError."""
        census = self.check()
        held = f"{count(census.questions, 'question')} on {count(census.contexts, 'context')}"
        if not census.labelled:
            return f"{held}; it has no answers, so nothing is scored"
        return f"{held}, {census.unanswerable:,} unanswerable; rules {self.rules}"

    def announcements(self) -> Iterator[str]:
        """Lines about what looks wrong, and about the rules, for someone who opens the data set. Raises as
        `rules` does.
        """
        census = self.check()
        for warning in census.warnings(self.rules):
            yield f"warning: {warning}"
        if census.unanswerable == census.questions:
            advice = "if the answers are secret, leave out `answers`, and nothing is scored"
            yield f"warning: no question has an answer, so abstaining is always right; {advice}"
        for sentence in self.notes():
            yield f"note: {sentence}"

    def authored(self, kept: Collection[str] | None = None) -> list[Question]:
        """The questions with claims: none, because the data set has no claims."""
        return []

    def readings(self, *, limit: int | None = None) -> Iterator[list[tuple[Instance, tuple[str, ...]]]]:
        """The instances with their golds, question by question; only the first `limit` questions."""
        for example in self.chosen(limit=limit):
            yield [(instance_of(example), example.golds)]

    def asked(self, items: Iterable[str]) -> Iterator[tuple[str, str, str]]:
        """Item, question and context of those of the items that the data set has."""
        wanted = set(items)
        for example in self:
            if (item := str(example.item)) in wanted:
                yield item, example.question, example.context

    def with_rules(self, rules: str | None) -> PublicDataset:
        """The same data set with other rules; with None, its own rules.

        Raises QaEvalError if there are no rules of that name.
        """
        return replace(self, asked_rules=rules)

    @property
    def _origin(self) -> Origin:
        return origin_of(self.check().marks, hub_name=self.hub_name)

    def check(self) -> Census:
        """Reads the whole data set once and returns its census. Raises InputError with every error."""
        if self._census is None:
            self._census = _census(self.read(), self.spec)
        return self._census

    def chosen(
        self, *, limit: int | None = None, sample: int | None = None, seed: int = 0
    ) -> Iterable[Example]:
        """A choice of examples: the first `limit` of a seeded random choice of `sample` questions; without
        them, all.

        A larger sample contains a smaller one of the same seed. The draw depends on the ids alone. The result
        can be iterated several times. Raises QaEvalError for a number below 1.
        """
        for name, number in (("limit", limit), ("sample", sample)):
            if number is not None and number < 1:
                raise QaEvalError(f"{name}: there is nothing to ask with {number} questions; give 1 or more")
        return _Choice(self, limit, sample, seed)


@dataclass(slots=True)
class _Choice:
    dataset: PublicDataset
    limit: int | None
    sample: int | None
    seed: int
    drawn: frozenset[str] | None = None

    def __iter__(self) -> Iterator[Example]:
        if self.sample is not None and self.drawn is None:
            self.drawn = drawn_ids((e.id for e in self.dataset), self.sample, self.seed)
        chosen = (e for e in self.dataset if self.drawn is None or e.id in self.drawn)
        return islice(chosen, self.limit)


def instance_of(example: Example) -> Instance:
    """The example as a model sees it, without golds."""
    return Instance(
        item=str(example.item),
        question=example.question,
        context=example.context,
        article=example.context_id,
        question_id=example.id,
    )


# ------------------------------------------------------------------------------------------ opening

_FILES: dict[str, tuple[Callable[[Path, Intake], Read], str | None, str]] = {
    "squad": (read_squad, None, "squad:FILE.json[.gz]"),
    "mrqa": (read_mrqa, "mrqa", "mrqa:FILE.jsonl.gz"),
    "jsonl": (read_flat, None, "jsonl:FILE"),
}
"""Formats of files: kind of spec -> (reader, rules if they are always the same, how the spec is written)."""
_FACTS: dict[str, tuple[Callable[[Path, str | None], FactRead], str]] = {
    "claims": (read_claims, "claims:FILE.jsonl[.gz]"),
    "ramdocs": (read_ramdocs, "ramdocs:FILE"),
    "qacc": (read_qacc, "qacc:FILE"),
    "wikicontradict": (read_wikicontradict, "wikicontradict:FILE"),
}
"""Formats of facts with their own passages: kind of spec -> (reader, how the spec is written)."""
_WITH_SPLITS = frozenset({"qacc"})
"""Kinds of file whose questions name their split."""
FACT_KINDS = tuple(_FACTS)
KINDS = (*_FILES, *FACT_KINDS, "hub")

Dataset = PublicDataset | ClaimSet
"""Anything that a spec names: questions on contexts, or facts with their own passages."""


def open_dataset(
    spec: str,
    *,
    split: str | None = None,
    columns: Mapping[str, str] | None = None,
    duplicate_ids: DuplicateIds = "error",
    rules: str | None = None,
) -> Dataset:
    """The data set of a spec. Nothing is read yet.

    * `squad:FILE.json[.gz]`: SQuAD's own format, v1.1 or v2.0; also lists of its articles or paragraphs, and
      rows under `data`
    * `jsonl:FILE[.gz]`: rows with `id`, `question`, `context` and `answers`, one on each line or in a JSON
      list
    * `mrqa:FILE.jsonl[.gz]`: the format of MRQA 2019, with its header or without
    * `hub:ORG/NAME[/CONFIG][@REVISION]`, or `hub:FOLDER[/CONFIG]`: rows read by the `datasets` library
    * `claims:FILE.jsonl[.gz]`: facts with their own passages and claims, one on each line (see
      `claims_schema`)
    * `ramdocs:FILE`, `qacc:FILE`, `wikicontradict:FILE`: such facts, in the format in which these sets are
      published

    Args:
        spec: Kind and name of the data set, as above.
        split: Split of a hub data set. By default `validation`, or the only split there is.
            Or one of the three splits of QACC; by default all of them.
        columns: Roles (`id`, `question`, `context`, `answers`, `is_impossible`) mapped to the columns of the
            rows, for roles whose columns have other names.
        duplicate_ids: What to do with several questions of one id: "error", or "first" to keep the first.
        rules: A key of `RULES`. By default the data set's own.

    Raises:
        SpecError: The spec is wrong, a file is given with a split, a role is unknown, or the hub does not
            have what the spec names.
        QaEvalError: The rules are unknown.
    """
    spec = spec.strip()
    kind, colon, name = spec.partition(":")
    if not colon or kind not in KINDS:
        raise SpecError(_no_spec(spec))
    if not name:
        raise SpecError(f"the data set spec {quote(spec)} has a kind but no name")
    intake = Intake(columns=checked_columns(columns or {}), duplicate_ids=duplicate_ids)
    if kind == "hub":
        from qa_eval.data.formats.hub import HubName, HubTable

        table = HubTable(spec, HubName.parse(name), split, intake)
        hub_name = "" if Path(table.name.path).is_dir() else name
        return PublicDataset(spec, table.name.title, table.split, intake, None, table.read, rules, hub_name)
    if split is not None and kind not in _WITH_SPLITS:
        raise SpecError(f"--split {split}: {spec} is a file, which has no splits; it is read whole")
    if kind in _FACTS:
        if columns:
            raise SpecError(f"--columns: {spec} holds facts, whose fields have fixed names")
        facts, file = _FACTS[kind][0], user_path(name)
        return ClaimSet(spec, _stem(file), split, lambda: facts(file, split)).with_rules(rules)
    reader, fixed_rules, _ = _FILES[kind]
    path = user_path(name)
    return PublicDataset(spec, _stem(path), None, intake, fixed_rules, lambda: reader(path, intake), rules)


def open_facts(spec: str, *, split: str | None = None, otherwise: str = "") -> ClaimSet:
    """The data set of facts of a spec.

    Raises QaEvalError for a data set without claims; `otherwise` ends the message. Raises as `open_dataset`.
    """
    dataset = open_dataset(spec, split=split)
    if not isinstance(dataset, ClaimSet):
        raise QaEvalError(f"{spec}: holds no claims{otherwise}")
    return dataset


def _no_spec(spec: str) -> str:
    """The error for a text that is not a spec. If it is a path, the message says how to write its spec."""
    try:
        likely = likely_spec(user_path(spec)) if spec else None
    except InputError as error:
        return f"{quote(spec)} is a path without a kind, and the file {error.findings[0].message}"
    except (QaEvalError, OSError, ValueError):  # The text cannot be a path.
        likely = None
    if likely:
        name, why = likely
        return f"{quote(spec)} is a path without a kind; {why}: write {name}"
    kind, colon, _ = spec.partition(":")
    forms = ", ".join(
        [
            *(form for _, _, form in _FILES.values()),
            *(form for _, form in _FACTS.values()),
            "hub:ORG/NAME[/CONFIG]",
        ]
    )
    near = suggestion(kind, KINDS, listed=0) if colon else ""
    if re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", spec):
        return f"no data set is called {quote(spec)}; if it is on the hub, write hub:{spec}"
    return f"no data set is called {quote(spec)}{near}: write {forms}"


def _stem(path: Path) -> str:
    """The file's name without `.gz` and then without one more suffix.

    >>> _stem(Path("a/dev-v2.0.json.gz")), _stem(Path("dev-v2.0"))
    ('dev-v2.0', 'dev-v2.0')
    """
    name = path.name.removesuffix(".gz")
    for ending in (".json", ".jsonl"):
        name = name.removesuffix(ending)
    return name


# ------------------------------------------------------------------------------------------ reading whole


def _sound(read: Read) -> Iterator[Example]:
    """Yields the examples before the first error, then raises InputError with every error. Warnings are
    ignored.
    """
    errors = _Errors()
    for part in read:
        if isinstance(part, Finding):
            errors.add(part)
        elif isinstance(part, Example):
            errors.examples += 1
            if not errors.findings.errors:
                yield part
    errors.close()


def _census(read: Read, spec: str) -> Census:
    errors = _Errors()
    questions: list[bytes] = []
    contexts: dict[str, bytes] = {}
    unanswerable = 0
    marks = Marks()
    odd: Counter[str] = Counter()
    first: dict[str, Finding] = {}
    kept = KeptExamples()
    for part in read:
        if isinstance(part, Finding):
            errors.add(part)
            if part.severity == "warning" and part.check != NO_ANSWERS:
                odd[part.check] += 1
                first.setdefault(part.check, part)
            continue
        if isinstance(part, Version):
            marks.version = part
            continue
        errors.examples += 1
        if not errors.findings.errors:
            marks.add(part)
            kept.add(part)
            record = [part.id, part.question, part.context_id, list(part.golds)]
            questions.append(bytes.fromhex(sha256_json(record)))
            if part.context_id not in contexts:
                contexts[part.context_id] = hashlib.sha256(part.context.encode()).digest()
            unanswerable += not part.golds
    if not questions and not errors.findings.errors:
        errors.add(Where(path=spec).finding("empty", "holds no question"))
    errors.close()
    return Census(
        questions=len(questions),
        contexts=len(contexts),
        unanswerable=0 if errors.unlabelled else unanswerable,
        questions_sha256=unordered_sha256(questions),
        contexts_sha256=unordered_sha256(contexts.values()),
        labelled=not errors.unlabelled,
        marks=marks,
        tolerated=tuple((check, odd[check], first[check]) for check in sorted(odd)),
        examples=kept,
    )


class _Errors:
    """Collects errors. Warnings are ignored, with one exception.

    If only some questions have no answers given, this is an error for each of them. If no question has, it is
    none.
    """

    def __init__(self) -> None:
        self.findings = Findings()
        self.examples = 0
        self.unlabelled = 0
        self.places = Findings()
        """Findings about questions whose answers are not given."""

    def add(self, finding: Finding) -> None:
        if finding.severity == "error":
            self.findings.add(finding)
        elif finding.check == NO_ANSWERS:
            self.unlabelled += 1
            self.places.add(replace(finding, severity="error"))

    def close(self) -> None:
        """Raises InputError if there was an error."""
        if self.unlabelled < self.examples:
            self.findings.add_all(self.places)
        self.findings.close()
