"""The verb `plan`: what a run would take in time, memory and disk, from counting and a short probe.

counting  items, windows, tokens; what the prediction cache has
probing   a process of its own with one model: loading, tokens a second, memory
arithmetic  the rest, as pure functions of those
"""

from qa_eval.forecast.arithmetic import Forecast, ModelForecast, Pace, Scaled, Setting, Total, Work
from qa_eval.forecast.forecasting import forecast
from qa_eval.forecast.formats import draw_forecast, render_forecast_json

__all__ = [
    "Forecast",
    "ModelForecast",
    "Pace",
    "Scaled",
    "Setting",
    "Total",
    "Work",
    "draw_forecast",
    "forecast",
    "render_forecast_json",
]
