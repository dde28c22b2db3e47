"""File formats of public data sets.

squad             JSON documents of questions on texts
json_lines        one JSON object a line
hub               data sets of the hub, or of a folder in its layout

A module reads one format as a stream. It yields examples and findings. To add a format, write a reader and
add one entry to `qa_eval.data.dataset`.
"""
