"""Comparisons: whether the difference between two models is real, how large it is, and on which items.

comparison          compares a new side with a base
sides               which models are compared, and whether they may be
primary_metrics     which metrics are the primary ones
measurements        every metric on every slice
changed_items       the items that were fixed, broken or changed
differences         the records of a comparison
all_pairs           every model against every other
sentences           the verdict and the notes in words
comparison_table    a comparison on the terminal
comparison_formats  as Markdown and JSON
brief_comparison    at a Python prompt and in a notebook
regression_gate     `--fail-on-regression`
"""
