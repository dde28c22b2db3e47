"""File formats of public data sets.

A module reads one format as a stream. It yields examples and findings. To add a format, write a reader and
add one entry to `qa_eval.data.dataset`.
"""
