"""Agreement on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from rich.text import Text

from qa_eval.authoring.agreement.annotations import Agreement, Disagreement
from qa_eval.files.hashes import canonical_json
from qa_eval.metrics.listings import label
from qa_eval.records import Estimate
from qa_eval.stats.small_samples import FEWEST_CLUSTERS
from qa_eval.text.figures import interval_text, no_interval, percent
from qa_eval.text.grid import draw_grid
from qa_eval.text.passages import wrap_text
from qa_eval.text.phrases import count
from qa_eval.text.terminal import clean, safe_json

SCHEMA_VERSION = 1

_LABELS = {"claim": "same claim"}
"""Labels of the measures that are not metrics."""
_LISTED = 12
"""Greatest number of ids in one sentence."""


def render_agreement_json(agreement: Agreement) -> str:
    """The whole agreement as JSON. Agreement is given as fractions."""
    return safe_json(canonical_json({"schema_version": SCHEMA_VERSION, **asdict(agreement)}, indent=1)) + "\n"


def draw_agreement(agreement: Agreement, names: tuple[str, str], width: int) -> list[Text]:
    """The lines for the terminal: the numbers, then every difference. `names` are those of the two sets."""
    lines = [Text(f"A: {clean(names[0])}"), Text(f"B: {clean(names[1])}"), Text()]
    for sentence in _sentences(agreement):
        lines += wrap_text(Text(clean(sentence)), width, "", "  ")
    lines += [Text(), *_numbers(agreement, width), Text()]
    lines += _alphas(agreement, width)
    if not agreement.differences:
        return [*lines, Text(), Text("no differences")]
    lines += [Text(), Text(f"differences ({len(agreement.differences)})", "bold")]
    for difference in agreement.differences:
        lines += _difference(difference, width)
    return lines


def _sentences(agreement: Agreement) -> Iterator[str]:
    yield (
        f"{count(agreement.facts, 'fact')} in both, {count(agreement.readings, 'reading')} (a fact in an "
        f"article) compared, {agreement.missing} left out as partial"
    )
    for name, only in (("A", agreement.only_a), ("B", agreement.only_b)):
        if only:
            more = f" and {len(only) - _LISTED} more" if len(only) > _LISTED else ""
            yield f"only in {name}: {', '.join(only[:_LISTED])}{more}"


def _numbers(agreement: Agreement, width: int) -> list[Text]:
    both = agreement.answered
    n = next(iter(both.values())).n if both else 0
    rows = [
        (_LABELS.get(id) or label(id), _estimate(agreement.all[id]), _estimate(both[id]) if both else "–")
        for id in agreement.all
    ]
    return draw_grid(("agreement, percent", f"all {agreement.readings}", f"both answer ({n})"), rows, width)


def _estimate(estimate: Estimate) -> str:
    interval = interval_text(estimate.low, estimate.high)
    return percent(estimate.value) + (f" ({interval})" if interval else "")


def _alphas(agreement: Agreement, width: int) -> Iterator[Text]:
    said: Mapping[str, Estimate | None] = {
        "Krippendorff's alpha on claims": agreement.alpha,
        "with chance counted inside each fact": agreement.alpha_within,
    }
    for name, alpha in said.items():
        value = "not defined: all values are alike"
        if alpha is not None:
            value = f"{alpha.value:.3f}"
            if alpha.low is not None and alpha.high is not None:
                value += f" ({alpha.low:.3f} to {alpha.high:.3f})"
        yield from wrap_text(Text(f"{name}: {value}"), width, "", "  ")
    facts = max((e.clusters for e in agreement.all.values()), default=0)
    few = no_interval(facts, "fact") if facts < FEWEST_CLUSTERS else "95 % intervals, clustered by fact"
    yield from wrap_text(Text(few, "dim"), width, "", "  ")


def _difference(difference: Disagreement, width: int) -> Sequence[Text]:
    place = f"{difference.fact} @ {difference.article}" if difference.article else difference.fact
    head = Text(f"  {clean(place)}: {clean(difference.kind)}")
    said = [
        line
        for name, text in (("A", difference.a), ("B", difference.b))
        for line in wrap_text(Text(clean(f"{name}: {text}")), width, "    ", "       ")
    ]
    return [head, *said]
