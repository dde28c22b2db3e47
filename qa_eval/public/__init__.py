"""Public extractive question-answering sets: their file formats, read as streams, and checked whole.

A reader (`squad`, `lines`, `hub`) knows one format and yields examples and findings; `dataset` makes of it
what the rest of the package sees. To add a format: a reader, and one entry in `dataset`.
"""

from qa_eval.public.dataset import Census, PublicDataset, instance_of, open_dataset
from qa_eval.public.intake import DuplicateIds, parse_columns

__all__ = ["Census", "DuplicateIds", "PublicDataset", "instance_of", "open_dataset", "parse_columns"]
