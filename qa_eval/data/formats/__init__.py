"""The file formats of public data sets.

    squad             JSON documents: SQuAD's own format, and lists of its parts or of rows
    json_lines        a row or a paragraph on each line, with MRQA's header or without
    hub               data sets of the hub, or of a folder in its layout
    claims            facts with their own passages, one on each line; steps that the next three share
    ramdocs           RAMDocs, as published
    qacc              QACC, as published
    wikicontradict    WikiContradict, as published

A module reads one format as a stream. It yields examples and findings. To add a format, write a reader and
add one entry to `qa_eval.data.dataset`.
"""
