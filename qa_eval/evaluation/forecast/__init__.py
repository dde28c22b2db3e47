"""Forecasts of `qa-eval plan`: time, memory and disk of a run, from counting and a short probe.

arithmetic        from counts and speeds to time, memory and disk
speed_probe       a process that loads one model and measures it
forecasts         counts, probes and puts the two together
forecast_formats  a forecast on the terminal and as JSON
"""
