"""A worked example of every metric: a small set of items, the answers of one model, and their contributions.

The numbers come from the code that computes the metrics, so that an example cannot be out of date.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

from qa_eval.metrics.decisions import decide, pool
from qa_eval.metrics.item_scores import score_item
from qa_eval.metrics.listings import entry
from qa_eval.metrics.parts import Metric, Share
from qa_eval.metrics.passage_effects import memory_scores, order_scores
from qa_eval.metrics.scored_item import ItemScore
from qa_eval.metrics.summary import summarize
from qa_eval.records import Article, Candidate, Claim, Corpus, Evidence, ItemId, Prediction, Question, Track
from qa_eval.text.figures import percent

_TEXTS = {
    "Times": "Apparently over 400 fighters died near the old city.",
    "Herald": "The army counted 400 dead fighters. At dawn it retook the airport.",
    "Wire": "According to the monitor, 417 fighters were killed.",
    "Post": "Of the fighters, 417 fell, and not four hundred. Some 180 soldiers fell, too.",
    "Gazette": "The museum of the old city will open again in spring.",
}


def _evidence(article: str, text: str, as_of: str | None = None, *, hedged: bool = False) -> Evidence:
    start = _TEXTS[article].index(text)
    return Evidence(article=article, text=text, start=start, as_of=as_of, hedged=hedged)


_QUESTIONS = (
    Question(
        id="losses",
        question="How many fighters died?",
        paraphrases=("What was the death toll among the fighters?",),
        category="losses",
        answer_type="number",
        relation="update",
        claims=(
            Claim(id="over-400", evidence=(_evidence("Times", "over 400", "2016-03-27", hedged=True),)),
            Claim(id="400", evidence=(_evidence("Herald", "400", "2016-03-28"),), aliases=("four hundred",)),
            Claim(
                id="417",
                evidence=(_evidence("Wire", "417", "2016-03-29"), _evidence("Post", "417", "2016-03-29")),
            ),
        ),
        silent=("Gazette",),
    ),
    Question(
        id="airport",
        question="What did the army retake at dawn?",
        category="events",
        answer_type="text",
        claims=(Claim(id="airport", evidence=(_evidence("Herald", "the airport"),)),),
        silent=("Times", "Wire", "Post", "Gazette"),
    ),
)
_MARKED_METRICS = frozenset({"misinformation", "misinformation_chance", "preferred", "preferred_chance"})
"""Metrics that need claims with a status or a question with a resolution, which the other examples lack."""
_MARKED_QUESTIONS = (
    replace(
        _QUESTIONS[0],
        resolution="400",
        claims=tuple(
            replace(claim, status="misinformation" if claim.id == "417" else "true")
            for claim in _QUESTIONS[0].claims
        ),
    ),
    *_QUESTIONS[1:],
)
_ANSWERS: tuple[tuple[str, int, str, str, float, float], ...] = (
    # fact, paraphrase, article, the model's best answer, its score, the score of no answer
    ("losses", 0, "Times", "400", 4.0, 2.0),
    ("losses", 0, "Herald", "400", 7.0, 1.0),
    ("losses", 0, "Wire", "417", 9.0, 1.0),
    ("losses", 0, "Post", "around 400", 5.0, 3.0),
    ("losses", 0, "Gazette", "spring", 1.0, 4.0),
    ("losses", 1, "Times", "over 400", 6.0, 1.0),
    ("losses", 1, "Herald", "400 dead fighters", 6.0, 1.0),
    ("losses", 1, "Wire", "417", 8.0, 1.0),
    ("losses", 1, "Post", "417", 5.0, 3.0),
    ("losses", 1, "Gazette", "spring", 1.0, 5.0),
    ("airport", 0, "Times", "the old city", 5.0, 2.5),
    ("airport", 0, "Herald", "airport", 8.0, 1.0),
    ("airport", 0, "Wire", "fighters", 1.0, 5.0),
    ("airport", 0, "Post", "soldiers", 1.0, 2.0),
    ("airport", 0, "Gazette", "The museum", 1.0, 6.0),
)

_IN_WORDS = (
    ("losses", "Times", "Apparently more than 400 fighters were killed."),
    ("losses", "Herald", "The army counted 400 dead fighters, or perhaps 500."),
    ("losses", "Wire", "According to the Wire, 417 fighters were killed."),
    ("losses", "Post", "It was 417 and not four hundred."),
    ("losses", "Gazette", "The text does not say how many fighters died."),
    ("losses", "*", "The sources differ: over 400 [1], 400 [2] or 417 [3]."),
    ("airport", "Times", "The army retook the airport."),
    ("airport", "Herald", "At dawn it retook the airport."),
    ("airport", "Wire", ""),
    ("airport", "Post", "The passage says nothing of dawn."),
    ("airport", "Gazette", "It retook the museum."),
    ("airport", "*", "The airport."),
)
"""(fact, article, the answer in words)."""
_CLOSED_BOOK = {"losses": "Some 400 fighters.", "airport": "The citadel."}
"""Fact -> the answer in words without any passage."""
_STAYED = {("losses", "Wire"): "Some 400 fighters were killed."}
"""(fact, article) -> the answer in words that is compared with `_CLOSED_BOOK`, if it is another one."""
_REORDERED = {
    "losses": ("It was 417 [1].", "Over 400 [5], 400 [2] or 417 [1], as sources differ."),
    "airport": ("The airport.", "At dawn, it was the airport."),
}
"""Fact -> the answers in words with the articles in two other orders."""
_OTHER_ORDERS = (
    ("Wire", "Herald", "Post", "Gazette", "Times"),
    ("Post", "Herald", "Gazette", "Wire", "Times"),
)
_WORDED_FAMILIES = frozenset({"words", "passages"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleLine:
    """One unit of a metric: an item, a fact, or the wordings of a question in one article."""

    name: str
    golds: str
    """Right answers, or "no answer" if there are none."""
    said: str
    counts: tuple[str, ...]
    """Contribution of the line to each part of the metric. A dash if it does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedExample:
    """The computation of a metric on the example's items."""

    head: tuple[str, ...]
    """Headings of `ExampleLine.counts`."""
    lines: tuple[ExampleLine, ...]
    sums: str
    """Equation that computes the value from the lines."""
    value: float | None
    """Value of the metric. None if it is not defined on the example."""


def work_out(id: str, track: Track | None = None) -> WorkedExample:
    """The worked example of a metric, on its first track if none is given."""
    metric = entry(id)
    track = track or metric.tracks[0]
    worded = metric.family in _WORDED_FAMILIES
    marked = id in _MARKED_METRICS
    scores = [score for score in _scores(worded=worded, marked=marked) if score.track == track]
    value = _values(worded=worded, marked=marked)[track].get(id)
    if metric.ranking is not None:
        return _ranked(metric, scores, value)
    units = list(_units(metric, scores))
    head = (
        tuple(f"part {n}" for n in range(1, len(metric.shares) + 1))
        if len(metric.shares) > 1
        else ("counts",)
    )
    lines = []
    for unit in units:
        counts = tuple(_count(share, unit) for share in metric.shares)
        if any(count != "–" for count in counts):
            lines.append(_line(metric, unit, counts))
    return WorkedExample(head=head, lines=tuple(lines), sums=_sums(metric, units, value), value=value)


def example_texts() -> Mapping[str, str]:
    """The articles of the example, by name."""
    return dict(_TEXTS)


def example_questions(id: str) -> Mapping[str, str]:
    """The questions of the example in the wordings that a metric counts, by the names of their facts."""
    wordings = entry(id).counted == "wordings"
    return {
        question.id: " | ".join([question.question, *(question.paraphrases if wordings else ())])
        + _marks(question)
        for question in (_MARKED_QUESTIONS if id in _MARKED_METRICS else _QUESTIONS)
    }


def _marks(question: Question) -> str:
    marks = [f"{c.id} is marked as misinformation" for c in question.claims if c.status == "misinformation"]
    if question.resolution is not None:
        marks.append(f"{question.resolution} is preferred")
    return f" ({'; '.join(marks)})" if marks else ""


# ------------------------------------------------------------------------------------------ the items


@cache
def _scores(*, worded: bool = False, marked: bool = False) -> tuple[ItemScore, ...]:
    """Every item of the example on both tracks, with its scores.

    `worded`: with answers in words. `marked`: with claims that have a status, and a preferred claim.
    """
    asked_questions = _MARKED_QUESTIONS if marked else _QUESTIONS
    corpus = Corpus(
        questions=asked_questions,
        articles=tuple(Article(id=id, text=text) for id, text in _TEXTS.items()),
        questions_sha256="",
        articles_sha256="",
    )
    questions = {question.id: question for question in asked_questions}
    if worded:
        return tuple(_worded(corpus, questions[fact], article, text) for fact, article, text in _IN_WORDS)
    found: list[ItemScore] = []
    asked: dict[str, dict[str, Prediction]] = {}
    for fact, paraphrase, article, text, score, null_score in _ANSWERS:
        item = ItemId(fact=fact, article=article, paraphrase=paraphrase)
        best = Candidate(text=text, article=article, score=score)
        if (start := _TEXTS[article].find(text)) >= 0:
            best = replace(best, start=start, end=start + len(text))
        prediction = Prediction(item=str(item), n_best=(best,), null_score=null_score)
        found.append(score_item(questions[fact], item, decide(prediction), corpus))
        if not paraphrase:
            asked.setdefault(fact, {})[article] = prediction
    for fact, predictions in asked.items():
        item = ItemId(fact=fact, article="*")
        found.append(score_item(questions[fact], item, pool(item, questions[fact], predictions), corpus))
    return tuple(found)


def _worded(corpus: Corpus, question: Question, article: str, text: str) -> ItemScore:
    item = ItemId(fact=question.id, article=article)
    answer = decide(Prediction(item=str(item), text=text))
    score = score_item(question, item, answer, corpus)
    articles = {a.id: a for a in corpus.articles}
    asked = articles.get(article)
    compared = decide(Prediction(item=str(item), text=_STAYED.get((question.id, article), text)))
    score.scores.update(memory_scores(question, item, compared, _CLOSED_BOOK[question.id], asked))
    if asked is None:
        orders = [[articles[id] for id in order] for order in _OTHER_ORDERS]
        reordered = list(zip(_REORDERED[question.id], orders, strict=True))
        score.scores.update(order_scores(question, answer, corpus.articles, reordered))
    return score


def _answers(fact: str) -> str:
    """The answers that the pooled answer to a fact is chosen from, best first."""
    given = sorted((-score, text) for of, n, _, text, score, _ in _ANSWERS if of == fact and not n)
    return ", ".join(text for _, text in given)


@cache
def _values(*, worded: bool = False, marked: bool = False) -> Mapping[Track, Mapping[str, float]]:
    questions = _MARKED_QUESTIONS if marked else _QUESTIONS
    scores = _scores(worded=worded, marked=marked)
    summary = summarize(scores, intervals=False, slices=False, questions=questions)
    return {track: {id: e.value for id, e in metrics.items()} for track, metrics in summary.metrics.items()}


def _units(metric: Metric, scores: Sequence[ItemScore]) -> Iterator[list[ItemScore]]:
    """The units of the metric: items, facts, or wordings."""
    if metric.counted == "wordings":
        ordered = sorted(scores, key=lambda s: (s.fact, s.article))
        units = [list(group) for _, group in groupby(ordered, key=lambda s: (s.fact, s.article))]
        yield from (unit for unit in units if len(unit) > 1)
        return
    canonical = [score for score in scores if not score.paraphrase]
    if metric.counted == "item":
        yield from ([score] for score in canonical)
        return
    yield from (list(group) for _, group in groupby(canonical, key=lambda s: s.fact))


# ------------------------------------------------------------------------------------------ the sums


def _parts(share: Share, unit: Sequence[ItemScore]) -> tuple[float, float] | None:
    """Numerator and denominator of a unit; None where it does not count."""
    above = share.numerator(unit)
    below = 1.0 if share.denominator is None else share.denominator(unit)
    return None if above is None or below is None else (above, below)


def _count(share: Share, unit: Sequence[ItemScore]) -> str:
    parts = _parts(share, unit)
    if parts is None or (share.denominator is not None and parts == (0, 0)):
        return "–"
    above, below = map(_number, parts)
    return above if share.denominator is None else f"{above} of {below}"


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _sums(metric: Metric, units: Sequence[Sequence[ItemScore]], value: float | None) -> str:
    if value is None:
        few = f": fewer than {metric.minimum} items count" if metric.minimum > 1 else ""
        return f"{metric.label} is absent here{few}"
    terms = []
    for share in metric.shares:
        parts = [found for unit in units if (found := _parts(share, unit)) is not None]
        above, below = (_number(sum(column)) for column in zip(*parts, strict=True))
        weight = "" if share.weight == 1 else f"{_number(share.weight)} × ".replace("-", "−")
        terms.append(f"{weight}{above} / {below}")
    return f"{metric.label} = {' + '.join(terms).replace('+ −', '− ')} = {percent(value)} %"


def _ranked(metric: Metric, scores: Sequence[ItemScore], value: float | None) -> WorkedExample:
    """The example of a metric that ranks items, with the highest item first."""
    ranking = metric.ranking
    assert ranking is not None
    canonical = [score for score in scores if not score.paraphrase]
    ranked = [(found, score) for score in canonical if (found := ranking.score(score)) is not None]
    ranked.sort(key=lambda pair: -pair[0])
    shown = "no-answer score" if ranked and ranked[0][0] == ranked[0][1].no_answer_margin else "confidence"
    lines = [
        _line(metric, [score], (_number(found).replace("-", "−"), "yes" if ranking.positive(score) else "no"))
        for found, score in ranked
        if found != float("-inf")
    ]
    first = "silent" if shown == "no-answer score" else "right"
    sums = f"{metric.label} is absent here" if value is None else f"{metric.label} = {percent(value)} %"
    return WorkedExample(head=(shown, first), lines=tuple(lines), sums=sums, value=value)


def _effect_line(
    metric: Metric, unit: Sequence[ItemScore], golds: str, counts: tuple[str, ...]
) -> ExampleLine:
    """The line of a metric that compares several ways of asking."""
    first = unit[0]
    if metric.counted == "fact":
        return ExampleLine(name=first.fact, golds=golds, said=_CLOSED_BOOK[first.fact], counts=counts)
    if first.track == "pooled":
        said = " | ".join((first.prediction, *_REORDERED[first.fact]))
    else:
        with_article = _STAYED.get((first.fact, first.article), first.prediction)
        said = f"closed book: {_CLOSED_BOOK[first.fact]} | with the article: {with_article}"
    return ExampleLine(name=first.item, golds=golds, said=said, counts=counts)


def _line(metric: Metric, unit: Sequence[ItemScore], counts: tuple[str, ...]) -> ExampleLine:
    first = unit[0]
    golds = " / ".join(dict.fromkeys(gold for score in unit for gold in score.golds))
    if metric.family == "passages":
        return _effect_line(metric, unit, golds or "no answer", counts)
    if metric.counted == "fact":
        said = ", ".join(score.prediction or "no answer" for score in unit)
        return ExampleLine(name=first.fact, golds=golds or "no answer", said=said, counts=counts)
    said = " | ".join(score.prediction or "no answer" for score in unit)
    said = _answers(first.fact) if first.track == "pooled" and metric.family != "words" else said
    name = f"{first.fact}@{'*' if first.track == 'pooled' else first.article}"
    return ExampleLine(name=name, golds=golds or "no answer", said=said, counts=counts)
