"""New collections, about any event.

collection        writes the files of `template/`, or the author's own articles
imports           reads existing annotations: facts, SQuAD, Label Studio, doccano
"""
