"""The HTML of all pages: each page is a template filled with plain values.

Control characters and direction overrides are removed from values, and the templates escape them. Nothing in
the data can therefore change the text next to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qa_eval import __version__
from qa_eval.comparisons import sentences
from qa_eval.comparisons.changed_items import telling_changes
from qa_eval.comparisons.differences import Comparison
from qa_eval.data.article_labels import item_label, slice_label
from qa_eval.metrics.catalog import METRICS
from qa_eval.metrics.listings import entry, in_order, listed, marked_label
from qa_eval.models.declarations import abstention
from qa_eval.records import Estimate, ItemId
from qa_eval.report.charts import Chart, is_cached
from qa_eval.report.content import Fact, ReportContent, ReportModel, ShownAnswer, anchor
from qa_eval.report.contested_page import SIDES, claim_marks, contested_view
from qa_eval.report.leaderboard_page import is_apart, is_first, standings, table_data, table_views
from qa_eval.report.marked_text import Segment
from qa_eval.report.matrix_page import matrix_view
from qa_eval.report.model_page import (
    answers_by_model,
    chosen_slices,
    length_rows,
    metric_groups,
    model_view,
)
from qa_eval.report.question_page import ItemView, item_views, question_rows, rules_of
from qa_eval.report.read_answers import read_text
from qa_eval.runs.data_kinds import data_kind
from qa_eval.runs.leaderboard.captions import leading_sentence, remark_on, written_sentence
from qa_eval.runs.leaderboard.views import leaderboard_view
from qa_eval.runs.schema import Row
from qa_eval.text.figures import interval_text, percent, signed
from qa_eval.text.glossary import CHAPTERS, GLOSSARY, term_anchor
from qa_eval.text.phrases import count, shorten
from qa_eval.text.terminal import clean

if TYPE_CHECKING:
    from jinja2 import Environment

_PAGES = Path(__file__).parent / "pages"
LONGEST_ANSWER = 300
"""Largest number of characters shown of an answer."""
_LONGEST_VALUE = 20_000
_LINE_ENDS = {0x0A: "⏎", 0x0D: None}
"""Replacements of line breaks inside an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownComparisons:
    """Comparisons with titles, and notes that say why others are missing."""

    found: tuple[tuple[str, Comparison], ...]
    notes: tuple[str, ...]


def render_pages(
    evidence: ReportContent,
    charts: Sequence[Chart],
    histories: Sequence[Chart],
    comparisons: ShownComparisons,
) -> dict[str, str]:
    """Map from path to HTML, for every page."""
    by_name = {chart.name: chart for chart in charts}
    contested = contested_view(evidence)
    compared = bool(comparisons.found or histories)
    matrix = matrix_view(evidence)
    absent = {
        name
        for name, there in (
            ("contested.html", contested is not None),
            ("compare.html", compared),
            ("matrix.html", matrix is not None),
        )
        if not there
    }
    site = _Site(evidence, absent)
    views = table_views(evidence)
    pages = {
        "index.html": site.page(
            "index.html",
            "",
            title="Leaderboard",
            verdict=leading_sentence(leaderboard_view(evidence.merged or evidence.board)),
            standings=standings(evidence),
            asked=count(evidence.board.data.facts, data_kind(evidence.board.data).unit),
            view=views[0],
            competing=[m for n in views[0].order if not is_apart(evidence, m := site.models[n])],
            apart=[m for n in views[0].order if is_apart(evidence, m := site.models[n])],
            running=_running([m.row for m in evidence.models]),
            data=json_block(table_data(views)),
            speed=by_name.get("speed"),
            cached=[m for m in evidence.models if is_cached(m)],
        ),
        "glossary.html": site.page("glossary.html", "", title="Words and metrics"),
        "questions.html": site.page(
            "questions.html", "", title="Questions", rows=question_rows(evidence), models=_answering(evidence)
        ),
    }
    if contested is not None:
        preference = by_name.get("source-preference")
        pages["contested.html"] = site.page(
            "contested.html",
            "",
            title="Contested",
            contested=contested,
            preference=preference,
            sides=SIDES,
        )
    if matrix is not None:
        pages["matrix.html"] = site.page(
            "matrix.html", "", title="Matrix", matrix=matrix, data=json_block(matrix.data)
        )
    if compared:
        firsts = [m for m in evidence.models if is_first(m.row)]
        pages["compare.html"] = site.page(
            "compare.html",
            "",
            title="Compare",
            comparisons=comparisons,
            histories=histories,
            first=firsts[0] if firsts else None,
            apart=[m for m in evidence.models if m.row.versus_first is not None],
            ranking=evidence.board.sort.partition(".")[2],
        )
    answers = answers_by_model(evidence)
    lengths = evidence.lengths if evidence.scored else {}
    for model in evidence.models:
        pages[f"models/{model.slug}.html"] = site.page(
            "model.html",
            "../",
            title=model.name,
            model=model,
            chart=by_name.get(f"confidence-{model.slug}"),
            slices=chosen_slices(model),
            groups=metric_groups(model),
            view=model_view(model, answers[model.number] if evidence.scored else ()),
            place=matrix.models.index(model) if matrix is not None and model in matrix.models else None,
            lengths=length_rows(lengths, answers[model.number]),
            raw=model.row.model_dump(mode="json"),
            run=model.run.leaderboard,
        )
    for before, fact, after in _neighbours(evidence.facts):
        pages[f"questions/{fact.slug}.html"] = site.page(
            "question.html",
            "../",
            title=fact.words or fact.id,
            fact=fact,
            before=before,
            after=after,
            views=item_views(fact, site.models),
            rules=rules_of(fact),
        )
    return pages


def _neighbours(facts: Sequence[Fact]) -> Iterable[tuple[Fact | None, Fact, Fact | None]]:
    """Each fact with the previous and the next fact."""
    return zip([None, *facts], facts, [*facts[1:], None], strict=False)


def _answering(evidence: ReportContent) -> list[ReportModel]:
    return [m for m in evidence.models if m.row.predictions is not None]


class _Site:
    """Values and functions that all pages of a report share."""

    def __init__(self, evidence: ReportContent, absent: Set[str]) -> None:
        self.evidence = evidence
        self.names = evidence.article_names
        nav = [("index.html", "Leaderboard"), ("contested.html", "Contested")]
        nav += [("questions.html", "Questions"), ("matrix.html", "Matrix"), ("compare.html", "Compare")]
        nav += [("glossary.html", "Glossary")]
        self.nav = [(href, text) for href, text in nav if href not in absent]
        tables = [
            table for m in evidence.models for table in (*m.row.metrics.values(), *m.row.slices.values())
        ]
        self.metrics = in_order({*METRICS, *(id for table in tables for id in table)})
        self.facts = {fact.id: fact for fact in evidence.facts}
        self.models = {m.number: m for m in evidence.models}
        self._links: dict[int, str] = {}

    def page(self, template: str, root: str, **values: Any) -> str:  # noqa: ANN401
        return (
            _environment()
            .get_template(template)
            .render(
                site=self,
                root=root,
                here=template,
                evidence=self.evidence,
                board=self.evidence.board,
                version=__version__,
                **values,
            )
        )

    # Functions for the templates.

    def article(self, id: str | None) -> str:
        """The short name of an article, or its id if it has none."""
        return self.names.get(id or "", id or "")

    def slice(self, name: str) -> str:
        """The name of a slice, with the short name of its article."""
        return slice_label(name, self.names)

    def item(self, id: ItemId) -> str:
        """The id of an item, with the short name of its article."""
        return item_label(str(id), self.names)

    def item_link(self, item: str) -> str | None:
        """The address of an item from the top of the site; None if it has no page."""
        fact = self.facts.get(item.partition("@")[0].partition("~")[0])
        return None if fact is None else f"questions/{quote(fact.slug)}.html#{anchor(item)}"

    def model_link(self, model: ReportModel) -> str:
        """The link from a question's page to a model, kept because a report may have very many of them."""
        link = self._links.get(model.number)
        if link is None:
            template = _environment().get_template("macros.html")
            link = self._links[model.number] = template.module.model_link(model)  # type: ignore[attr-defined]
        return link

    def headline(self, model: ReportModel) -> Estimate | None:
        """The model's value of the metric that ranks."""
        track, _, metric = self.evidence.board.sort.partition(".")
        return model.row.metric(track, metric)


# ------------------------------------------------------------------------------------------ values


def json_block(value: object) -> str:
    r"""JSON for a `<script>` element: only ASCII, and nothing that could end the element.

    >>> json_block({"a": "</script>"})
    '{"a":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def decision(said: ShownAnswer) -> str:
    """The model's belief in no answer, as `MARGIN` explains it; empty if the model gives none."""
    if said.null_score is not None and said.score is not None:
        return f"{said.null_score - said.score:.2f}".replace("-0.00", "0.00").replace("-", "−")
    return "" if said.no_answer_probability is None else f"{percent(said.no_answer_probability)} %"


MARGIN = (
    "Score of no answer minus score of the best answer. Above its threshold, the model gives no answer. "
    "A model without such scores shows its probability of no answer."
)


def _running(rows: Sequence[Row]) -> list[str]:
    """The columns of the leaderboard that tell of the models and how they ran; glossary terms."""
    names = ["answered", "items/s", "size"]
    if any(row.performance.tokens_out is not None for row in rows):
        names += ["tokens", "time of an answer"]
    return names + ["cost"] * any(row.performance.cost is not None for row in rows)


def _first_gold(view: ItemView) -> Segment | None:
    """The first piece of a gold that is marked in the texts of an item, or None."""
    parts = (part for text in view.texts for passage in text.passages for part in passage.parts)
    return next((part for part in parts if part.gold), None)


def reach(differences: Sequence[Any]) -> float:
    """The largest bound of some differences, to which all bars of a table are scaled."""
    bounds = [bound for d in differences for bound in (d.low, d.high, _value(d)) if bound is not None]
    return max(0.01, *map(abs, bounds)) if bounds else 0.01


def _value(difference: Any) -> float:  # noqa: ANN401
    """The value of a stored difference (`value`), or of a difference in a comparison (`difference`)."""
    found: float = difference.value if hasattr(difference, "value") else difference.difference
    return found


def place(value: float) -> str:
    """The place of a value on the bar of a table, whose axis goes from 0 to 1. A skill below 0 is drawn at 0.

    >>> place(0.5), place(-0.65)
    ('42.0', '2.0')
    """
    return f"{2 + 80 * min(1.0, max(0.0, value)):.1f}"


def clip(text: str, most: int = LONGEST_ANSWER) -> str:
    """The text, or its beginning with its length if it is longer than `most` characters.

    >>> clip("abcdef", 3)
    'abc… (6 characters)'
    """
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    def finalize(value: object) -> object:
        if isinstance(value, str) and not isinstance(value, Markup):
            plain = value.isascii() and value.isprintable() and len(value) <= _LONGEST_VALUE
            return value if plain else clean(clip(value, _LONGEST_VALUE).translate(_LINE_ENDS))
        return value

    def passage(text: str) -> Markup:
        """The text as HTML that keeps its line ends."""
        return Markup("\n").join(escape(clean(line)) for line in text.replace("\r\n", "\n").split("\n"))

    environment = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        abstention=abstention,
        written=written_sentence,
        percent=percent,
        signed=signed,
        label=marked_label,
        term=term_anchor,
        clip=clip,
        brief=shorten,
        passage=passage,
        decision=decision,
        reach=reach,
        first_gold=_first_gold,
        anchor=anchor,
        in_order=in_order,
        marks_of=claim_marks,
        metric=entry,
        kind=lambda fact: "contested" if fact.contested else "settled" if fact.question else "question",
        href=lambda slug: quote(str(slug)),
        place=place,
        interval=lambda e: interval_text(e.low, e.high),
        number=lambda value: f"{value:,}",
        short=lambda value, digits=1: f"{value:,.{digits}f}".replace("-", "−"),
        cost=lambda value: f"{value:,.4g}",
        safe_json=Markup,
    )
    environment.globals.update(
        sentences=sentences,
        count=count,
        margin=MARGIN,
        read_text=read_text,
        telling_changes=telling_changes,
        glossary=GLOSSARY,
        chapters=CHAPTERS,
        percent=percent,
        remark_on=remark_on,
        shown_of_answers=lambda: [id for _, id in listed("answer")],
        coverage_columns=lambda: [id for _, id in listed("contested page")],
    )
    return environment
