"""The data: articles, questions about them, every check of both, and the items they expand to."""

from qa_eval.corpus.checks import CheckReport, check_questions
from qa_eval.corpus.items import instances, item_ids
from qa_eval.corpus.loading import load_corpus
from qa_eval.corpus.locations import CuratedPaths, curated_paths
from qa_eval.corpus.schema import articles_schema, questions_schema
from qa_eval.corpus.statistics import QuestionStats, question_stats

__all__ = [
    "CheckReport",
    "CuratedPaths",
    "QuestionStats",
    "articles_schema",
    "check_questions",
    "curated_paths",
    "instances",
    "item_ids",
    "load_corpus",
    "question_stats",
    "questions_schema",
]
