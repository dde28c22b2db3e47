"""The file formats of public data sets.

squad             JSON documents of questions on texts
json_lines        one JSON object a line
hub               data sets of the hub, or of a folder in its layout
claims            facts with their own passages, one a line; steps that the next three share
ramdocs           RAMDocs, as published
qacc              QACC, as published
wikicontradict    WikiContradict, as published

A module reads one format as a stream. It yields examples and findings. To add a format, write a reader and
add one entry to `qa_eval.data.dataset`.

squad             JSON documents: SQuAD's own format, and lists of its parts or of rows
json_lines        a row or a paragraph on each line, MRQA's header included
hub               data sets of the hub, or of a folder in its layout
"""
