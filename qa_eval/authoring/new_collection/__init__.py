"""New collections, about any event.

collection        writes the files of `template/`, or takes articles of one's own
imports           annotations that people already have: facts, SQuAD, Label Studio, doccano
"""
