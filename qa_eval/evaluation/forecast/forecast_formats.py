"""A forecast on the terminal, with the arithmetic behind it, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from rich.text import Text

from qa_eval.evaluation.forecast.arithmetic import (
    Forecast,
    ModelForecast,
    Pace,
    Scaled,
    Setting,
    Total,
    Work,
    answering_seconds,
    dataset_seconds,
    driver_seconds,
    model_seconds,
    speed,
)
from qa_eval.files.hashes import canonical_json
from qa_eval.text.figures import duration_text, size_text
from qa_eval.text.grid import draw_grid
from qa_eval.text.passages import wrap_text
from qa_eval.text.terminal import clean, safe_json

SCHEMA_VERSION = 1

_HEAD = ("model", "data set", "items", "cached", "tokens left", "speed", "time", "windows", "tokens")
"""Where there is no room, columns are left out from the right."""
_NAME = 24
"""Columns of a data set's name."""


def render_forecast_json(forecast: Forecast) -> str:
    """Every number, counted, measured and worked out; seconds and bytes."""
    found = {
        "schema_version": SCHEMA_VERSION,
        **asdict(forecast.setting),
        "preparing_seconds": forecast.preparing_seconds,
        "start_seconds": forecast.start_seconds,
        "models": [_model_json(model, forecast.setting) for model in forecast.models],
        "seconds": forecast.seconds,
        "worker_rss_bytes": forecast.worker_rss_bytes,
        "driver_rss_bytes": forecast.driver_rss_bytes,
        "rss_bytes": forecast.rss_bytes,
        "predictions_bytes": forecast.predictions_bytes,
        "cache_bytes": forecast.cache_bytes,
        "scaled": asdict(forecast.scaled) if forecast.scaled else None,
    }
    return safe_json(canonical_json(found, indent=1)) + "\n"


def _model_json(model: ModelForecast, setting: Setting) -> dict[str, Any]:
    if model.error is not None:
        return {"spec": model.spec, "status": "error", "error": model.error}
    return {
        "spec": model.spec,
        "status": "ok",
        "start_seconds": model.start_seconds,
        "load_seconds": model.load_seconds,
        "peak_rss_bytes": model.peak_rss_bytes,
        "seconds": model_seconds(model, setting),
        "datasets": [
            asdict(work)
            | {
                "exact": work.exact,
                "probe": asdict(pace),
                "unit": speed(work, pace)[1],
                "per_second": speed(work, pace)[2] or None,
                "answering_seconds": answering_seconds(work, pace, setting.workers),
                "driver_seconds": driver_seconds(work, pace),
                "seconds": dataset_seconds(work, pace, setting),
                "predictions_bytes": round(work.rows * pace.row_bytes),
                "cache_bytes": round(work.left * pace.answer_bytes),
            }
            for work, pace in zip(model.works, model.paces, strict=True)
        ],
    }


def draw_forecast(forecast: Forecast, width: int) -> list[Text]:
    """What is left to do, how long it would take and why, and what it needs."""
    rows = [row for model in forecast.models for row in _rows(model, forecast.setting)]
    lines = draw_grid(_HEAD, rows, width, left=2)
    for sentence in _sentences(forecast):
        indent = sentence[: len(sentence) - len(sentence.lstrip())]
        lines += wrap_text(Text(clean(sentence.strip())), width, indent, "  ")
    return lines


def _rows(model: ModelForecast, setting: Setting) -> Iterator[list[str]]:
    if model.error is not None:
        yield [model.spec, "failed", *[""] * (len(_HEAD) - 2)]
    for work, pace in zip(model.works, model.paces, strict=True):
        _, unit, per_second = speed(work, pace)
        yield [
            model.spec,
            _named(work.dataset),
            f"{work.items:,}",
            f"{work.cached:,}",
            _total(work.tokens_left),
            f"{per_second:,.0f} {unit}/s" if per_second else "–",
            duration_text(dataset_seconds(work, pace, setting)),
            _total(work.windows),
            _total(work.tokens),
        ]


def _named(spec: str) -> str:
    """The end of a long name: the file, not the folders before it."""
    return spec if len(spec) <= _NAME else "…" + spec[1 - _NAME :]


def _total(total: Total | None) -> str:
    if total is None:
        return "–"
    return f"{total.value:,}" + (f" ±{total.margin:,}" if total.margin else "")


def _sentences(forecast: Forecast) -> Iterator[str]:
    setting = forecast.setting
    local = setting.engine == "local"
    for model in forecast.models:
        if model.error is not None:
            yield f"{model.spec} cannot be asked: {model.error}"
    for work in (w for m in forecast.planned[:1] for w in m.works):
        if not work.exact:
            drawn = f"{work.counted:,} of {work.pieces:,} questions, drawn at random (± 95 % interval)"
            yield (
                f"{_named(work.dataset)}: windows and tokens are estimated from {drawn}; "
                "items and cached are counted"
            )
    yield ""
    yield f"time, {_workers(setting)}:"
    for model in forecast.planned:
        yield from _model_sentences(model, setting)
    parts = [f"{forecast.preparing_seconds:,.1f} s to read and check the data"]
    if forecast.start_seconds:
        parts.append(f"{forecast.start_seconds:,.1f} s to start")
    parts += [f"{model_seconds(model, setting):,.1f} s" for model in forecast.planned[:5]]
    if len(forecast.planned) > 5:
        rest = sum(model_seconds(model, setting) for model in forecast.planned[5:])
        parts.append(f"{rest:,.1f} s for {len(forecast.planned) - 5} more models")
    yield f"  all: {' + '.join(parts)} = {forecast.seconds:,.1f} s{_plainly(forecast.seconds)}"
    yield "  not in it: intervals and ranks at the end" + ("" if local else "; starting and ending Ray")
    yield _memory(forecast)
    yield _disk(forecast)
    if (scaled := forecast.scaled) is not None:
        yield ""
        yield f"{scaled.models:,} models like these, each on {scaled.items:,} items like these, none cached:"
        yield (
            f"  {scaled.tokens:,} tokens; {duration_text(scaled.answering_seconds)} of one worker; "
            f"{duration_text(scaled.driver_seconds)} of the process that judges and writes"
        )
        yield f"  {_workers(setting)}: {duration_text(scaled.seconds)}"
        yield f"  {_disk(scaled)}"


def _plainly(seconds: float) -> str:
    return f" = {duration_text(seconds)}" if seconds >= 120 else ""


def _workers(setting: Setting) -> str:
    if setting.engine == "local":
        return "in this process"
    return f"{setting.workers:,} {'worker' if setting.workers == 1 else 'workers'} on Ray"


def _model_sentences(model: ModelForecast, setting: Setting) -> Iterator[str]:
    pairs = list(zip(model.works, model.paces, strict=True))
    before = [f"{model.load_seconds:,.1f} s load"] if model.left else []
    if len(pairs) == 1:
        parts = [*before, _formula(*pairs[0], setting)]
    else:
        for work, pace in pairs:
            seconds = f"{dataset_seconds(work, pace, setting):,.1f} s"
            yield f"  {model.spec}, {_named(work.dataset)}: {_formula(work, pace, setting)} = {seconds}"
        parts = before + [f"{dataset_seconds(work, pace, setting):,.1f} s" for work, pace in pairs]
    margin = sum(_margin_seconds(work, pace, setting.workers) for work, pace in pairs)
    about = f" (± {margin:,.1f} s)" if margin else ""
    yield f"  {model.spec}: {' + '.join(parts)} = {model_seconds(model, setting):,.1f} s{about}"


def _margin_seconds(work: Work, pace: Pace, workers: int) -> float:
    """How far a sample of the tokens may be off, in seconds."""
    _, unit, per_second = speed(work, pace)
    if unit != "tokens" or work.tokens_left is None or not per_second:
        return 0.0
    return work.tokens_left.margin / (per_second * workers)


def _formula(work: Work, pace: Pace, setting: Setting) -> str:
    left, unit, per_second = speed(work, pace)
    judging = f"{work.rows:,} rows x {1000 * pace.row_seconds:,.2f} ms judging"
    driver = f"{work.reading_seconds:,.1f} s reading + {judging}"
    if not per_second:
        return driver
    answering = f"{left:,.0f} {unit} / ({per_second:,.0f} {unit}/s x {setting.workers:,})"
    return f"max({answering}, {driver})" if setting.engine == "ray" else f"{answering} + {driver}"


def _memory(forecast: Forecast) -> str:
    worker, whole = forecast.worker_rss_bytes, forecast.rss_bytes
    if worker is None or whole is None:
        return "memory: not known; no model is loaded"
    if forecast.setting.engine == "local":
        return f"memory: {size_text(whole)}, of the largest model's process"
    workers = f"{forecast.setting.workers:,} x {size_text(worker)}, of the largest model's process"
    driver = f"{size_text(forecast.driver_rss_bytes or 0)}, of the process that plans"
    return f"memory: {workers}, + {driver} = {size_text(whole)}"


def _disk(found: Forecast | Scaled) -> str:
    return (
        f"disk: {size_text(found.predictions_bytes)} of predictions, {size_text(found.cache_bytes)} of cache"
    )
