"""`Run.plot`: a chart of one's own choice."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest
from matplotlib.figure import Figure

from qa_eval.errors import QaEvalError
from qa_eval.runs.store import Run

MODELS = ["embedded", "baseline:first-of-type"]


def ticks(figure: Figure) -> list[str]:
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def points(figure: Figure) -> list[float]:
    """The values, of lines that are a single mark."""
    lines = [line.get_xdata() for line in figure.axes[0].get_lines()]
    return [float(cast("Any", x)[0]) for x in lines if len(cast("Any", x)) == 1]


def test_by_default_there_is_a_line_for_each_model_with_what_the_run_is_sorted_by(committed: Run) -> None:
    figure = committed.plot()
    assert ticks(figure)[0] == "embedded"
    assert not any(name.startswith("reference:") for name in ticks(figure))
    estimate = committed.leaderboard.rows[0].metrics["reading"]["balanced_f1"]
    assert points(figure)[0] == pytest.approx(100 * estimate.value)
    assert figure.axes[0].get_xlabel() == "balanced F1, percent, with 95 % interval"


def test_by_category_every_category_has_a_mark_for_each_model(committed: Run) -> None:
    figure = committed.plot("f1", by="category", models=MODELS)
    row = committed.leaderboard.row("embedded")
    names = sorted(name.partition(":")[2] for name in row.slices if name.startswith("category:"))
    assert ticks(figure) == names
    assert len(points(figure)) == len(names) * len(MODELS)
    assert points(figure)[0] == pytest.approx(100 * row.slices[f"category:{names[0]}"]["f1"].value)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == MODELS
    shapes = [cast("Any", handle).get_marker() for handle in legend.legend_handles]
    assert len(set(shapes)) == len(MODELS), "told apart without colours"


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        pytest.param({"by": "kind"}, ["settled", "contested", "silent"], id="kind"),
        pytest.param(
            {"by": "relation"}, ["contradiction", "precision", "scope", "update", "wording"], id="relation"
        ),
        pytest.param(
            {"metric": "pooled.em_any", "by": "relation"},
            ["contradiction", "precision", "scope", "update", "wording"],
            id="pooled",
        ),
    ],
)
def test_slices_are_lines(asked: dict[str, Any], lines: list[str], committed: Run) -> None:
    metric = asked.pop("metric", "f1")
    assert ticks(committed.plot(metric, models="embedded", **asked)) == lines


def test_articles_have_their_short_names(committed: Run) -> None:
    labels = committed.leaderboard.data.article_labels
    assert labels
    assert set(ticks(committed.plot("f1", by="article"))) == set(labels.values())


def test_a_metric_of_which_less_is_better_says_so(committed: Run) -> None:
    assert (
        committed.plot("brier").axes[0].get_xlabel() == "Brier (lower is better), percent, with 95 % interval"
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        pytest.param({"metric": "em_ny"}, "em_ny: not in this run; did you mean em_any", id="metric"),
        pytest.param({"by": "categry"}, "by='categry': unknown; did you mean category?", id="by"),
        pytest.param({"models": "embeded"}, "embeded: not in this run; did you mean embedded?", id="model"),
        pytest.param(
            {"metric": "coverage_at_3", "by": "category"},
            "coverage_at_3: this run has no values by category",
            id="no slices",
        ),
    ],
)
def test_what_is_not_there_is_refused_by_name(asked: dict[str, Any], message: str, committed: Run) -> None:
    with pytest.raises(QaEvalError) as caught:
        committed.plot(**asked)
    assert str(caught.value).startswith(message)


def test_it_is_an_svg_in_a_notebook_without_formulas(committed: Run) -> None:
    figure = committed.plot("f1", by="kind")
    svg = cast("Any", figure)._repr_svg_()
    assert svg.startswith("<?xml")
    assert "mathdefault" not in svg
    kept = io.BytesIO()
    figure.savefig(kept, format="png")
    assert kept.getvalue().startswith(b"\x89PNG")
